"""Dated biomedical text with its known drug-gene relations: invented, or the reader's own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy import concept_text
from lmnotes.papers.drug_gene_analogy import world as small_world
from lmnotes.papers.drug_gene_analogy.concept_text import DatedText
from lmnotes.papers.drug_gene_analogy.relation_tables import RelationTables, checked
from lmnotes.papers.drug_gene_analogy.world import Settings
from lmnotes.text import readers


@dataclass(frozen=True, eq=False)
class Literature:
    """Dated text, and the tables of what is known about its concepts.

    Args:
        path: of the abstracts, a `.jsonl` file with title, year and text in each line.
    """

    text: DatedText
    tables: RelationTables
    path: Path

    def naming(self, concept: str) -> np.ndarray:
        """The numbers of the abstracts that name a concept, in order of years."""
        corpus = self.text.corpus
        where = np.flatnonzero(corpus.tokens == corpus.index(concept))
        return np.unique(np.searchsorted(corpus.offsets, where, side="right") - 1)

    def abstracts(self, concepts: Sequence[str], n: int = 1) -> pd.DataFrame:
        """The last n abstracts that name each concept: year, text, concepts by their names."""
        corpus, names = self.text.corpus, self.tables.symbols
        rows = np.concatenate([self.naming(concept)[-n:] for concept in concepts])
        texts = [corpus.tokens[corpus.offsets[r] : corpus.offsets[r + 1]] for r in rows]
        written = [" ".join(names.get(w := corpus.words[i], w) for i in text) for text in texts]
        return pd.DataFrame({"year": self.text.years[rows], "abstract": written})


def small(seed: int = 0, settings: Settings | None = None) -> Literature:
    """The invented literature of a seed, written once to disk and opened from there afterwards.

    Its relations carry the year of publication, its concepts that of birth, before which no text
    names them. See `world.Settings` for what can be changed.
    """
    settings = settings or Settings()
    key = {"settings": asdict(settings), "seed": seed, "version": small_world.VERSION}
    key["names"] = 1  # of the concepts, as readers call them

    def write(folder: Path) -> None:
        world = small_world.world(settings, seed)
        for name, table in tables_of(world).items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        with open(folder / "abstracts.jsonl", "w", encoding="utf-8") as file:
            for record in abstracts(world):
                file.write(json.dumps(record) + "\n")

    folder = store.build("literature", key, write)
    return _opened(folder, f"small literature {seed}", key)


def read(text: str | Path, tables: RelationTables, years: object = None) -> Literature:
    """The reader's own dated text beside its tables; see `concept_text.read` for the formats.

    Years that the tables lack, of pairs and of concepts, are taken from the text itself.
    """
    dated = concept_text.read(text, years)
    return Literature(dated, first_years(dated, tables), Path(text))


def tables_of(world: small_world.World) -> dict[str, pd.DataFrame]:
    """The tables of an invented world: relations, concepts (with role), membership, pathways."""
    kinds = {"drug": world.drugs, "gene": world.genes}
    columns = ["concept", "kind", "year", "name", "role"]
    concepts = [table.assign(kind=kind)[columns] for kind, table in kinds.items()]
    members = [
        (f"p{path + 1:02d}", row.concept, kind)
        for kind, table in kinds.items()
        for row in table.itertuples()
        for path in row.pathways
    ]
    names = [(f"p{i + 1:02d}", name) for i, name in enumerate(world.pathways)]
    return {
        "relations": world.relations[["drug", "gene", "year"]],
        "concepts": pd.concat(concepts, ignore_index=True),
        "membership": pd.DataFrame(members, columns=["pathway", "concept", "kind"]),
        "pathways": pd.DataFrame(names, columns=["pathway", "name"]),
    }


def first_years(dated: DatedText, tables: RelationTables) -> RelationTables:
    """The tables with the years that they lack taken from a text: first mention of a concept, and
    first document that names both ends of a pair; what the text never names stays empty.

    >>> records = [{"year": 1990, "text": "gene_1"}, {"year": 1995, "text": "gene_1 drug_1"}]
    >>> pairs = pd.DataFrame({"drug": ["drug_1"], "gene": ["gene_1"]})
    >>> tables = first_years(concept_text.build("two", records), checked({"relations": pairs}))
    >>> tables.relations.year.tolist(), tables.concepts.year.tolist()
    ([1995], [1995, 1990])
    """
    corpus = dated.corpus
    known = {corpus.ids[name]: name for name in tables.concepts.concept if name in corpus.ids}
    where = np.flatnonzero(np.isin(corpus.tokens, list(known)))
    documents = pd.Series(np.searchsorted(corpus.offsets, where, side="right") - 1)
    of_token = documents.groupby(corpus.tokens[where]).unique()
    naming = {known[token]: documents for token, documents in of_token.items()}
    nowhere = np.zeros(0, int)

    def first_year(*names: str) -> int | None:
        both = reduce(np.intersect1d, [naming.get(name, nowhere) for name in names])
        return int(dated.years[both[0]]) if len(both) else None

    def filled(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        years = [first_year(*names) for names in table[list(columns)].itertuples(index=False)]
        return table.assign(year=table.year.fillna(pd.Series(years, table.index, dtype="Int64")))

    relations = filled(tables.relations, "drug", "gene")
    return replace(tables, relations=relations, concepts=filled(tables.concepts, "concept"))


def _opened(folder: Path, name: str, key: Mapping) -> Literature:
    """The literature of a folder with abstracts and tables."""
    path = folder / "abstracts.jsonl"
    if not path.is_file():
        raise InputError(f"{folder} holds no abstracts.jsonl: expected it; delete the folder")
    names = ("relations", "concepts", "membership", "pathways")
    frames = {table: pd.read_csv(folder / f"{table}.csv", keep_default_na=False) for table in names}
    tables = checked(frames)
    roles = frames["concepts"].set_index("concept").role
    tables.concepts["role"] = tables.concepts.concept.map(roles)
    text = concept_text.stored(
        name, {"literature": dict(key)}, lambda: (row for _, row in readers.json_lines(path))
    )
    return Literature(text, tables, path)


GENE_WORDS = str.split(
    "expression promoter exon allele transcript mutant knockout homolog sequence locus mrna "
    "variant polymorphism isoform encoded upregulated silenced domain splice cdna"
)
DRUG_WORDS = str.split(
    "dose oral treatment patients placebo mg efficacy trial clearance infusion plasma adverse "
    "tablet response daily tolerability pharmacokinetics administered bioavailability "
    "randomized"
)


def abstracts(world: small_world.World, seed: int | None = None) -> Iterator[dict]:
    """The abstracts about a world in order of years, one at a time: title, year, text.

    The title says what an abstract is about and is no part of the text. seed: the world's, if None.

    >>> first = next(abstracts(small_world.world(seed=0)))
    >>> first["year"], len(first["text"].split()) > 25
    (1971, True)
    """
    writer = _Writer(world, world.seed if seed is None else seed)
    s = world.settings
    years = np.arange(s.years[0], s.years[1] + 1)
    volume = (1 + s.growth) ** np.arange(len(years))
    sizes = writer.rng.multinomial(s.n_abstracts, volume / volume.sum())
    for year, n in zip(years, sizes, strict=True):
        for _ in range(n):
            yield writer.abstract(int(year))


class _Writer:
    """Writes abstracts, one after another, with one stream of random numbers."""

    def __init__(self, world: small_world.World, seed: int):
        s = self.settings = world.settings
        self.world, self.rng = world, np.random.default_rng([seed, small_world.VERSION, 2])
        self.genes, self.drugs = world.genes.to_dict("list"), world.drugs.to_dict("list")
        self.background = [f"word{i:03d}" for i in range(s.background_words)]
        frequency = np.arange(1, s.background_words + 1) ** -float(s.zipf)
        self.frequency = frequency / frequency.sum()
        self.hubs = np.flatnonzero(world.genes.role == "hub")
        self.targets: dict[str, list[tuple[int, str]]] = {}
        for row in world.relations.itertuples():
            self.targets.setdefault(row.drug, []).append((row.year, row.gene))
        self._drawn: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}

    def abstract(self, year: int) -> dict:
        """One abstract of a year: its title, year and shuffled text."""
        about_gene = self.rng.random() < self.settings.gene_share
        words, title = self._gene(year) if about_gene else self._drug(year)
        at = self.rng.choice(len(self.background), self.settings.n_background, p=self.frequency)
        words += [self.background[i] for i in at]
        return {"title": title, "year": year, "text": " ".join(self.rng.permutation(words))}

    def _gene(self, year: int) -> tuple[list[str], str]:
        s, row = self.settings, self._born("gene", year)
        words = [self.genes["concept"][row]] * s.repeats + self._some(GENE_WORDS, s.type_words)
        if self.genes["role"][row] == "hub":
            words += self._some(DRUG_WORDS, s.hub_type_words)
        words += self._about(self.genes, row, "gene")
        return words, self.genes["concept"][row]

    def _drug(self, year: int) -> tuple[list[str], str]:
        s, row = self.settings, self._born("drug", year)
        name = self.drugs["concept"][row]
        words = [name] * s.repeats + self._some(DRUG_WORDS, s.type_words)
        if len(self.hubs) and self.rng.random() < s.hub_mention:
            words.append(self.genes["concept"][self._born("hub", year)])
        words += self._about(self.drugs, row, "drug")
        known = [gene for since, gene in self.targets.get(name, ()) if since <= year]
        if known and self.rng.random() < s.target_mention:
            words.append(known[self.rng.integers(len(known))])
        return words, name

    def _about(self, table: dict, row: int, side: str) -> list[str]:
        """The words of a concept's mechanism and of one of its pathways."""
        s, words = self.settings, []
        if families := table["families"][row]:
            family = families[self.rng.integers(len(families))]
            words += self._some(self.world.mechanisms[family], s.n_mechanism_mentions)
        if paths := table["pathways"][row]:
            path = paths[self.rng.integers(len(paths))]
            own = "own" if s.merged_jargon else side
            words += self._some(_jargon(path, own, s.jargon_size), s.own_jargon)
            words += self._some(_jargon(path, "both", s.jargon_size), s.shared_jargon)
        return words

    def _some(self, words: list[str], n: int) -> list[str]:
        return [words[i] for i in self.rng.integers(len(words), size=n)]

    def _born(self, kind: str, year: int) -> int:
        """The row of a concept of this kind that is born by this year, by its weight."""
        if (kind, year) not in self._drawn:
            table = self.world.drugs if kind == "drug" else self.world.genes
            chosen = (table.year <= year).to_numpy()
            if kind == "hub":  # the first years may lie before every hub's birth: then any hub
                is_hub = (table.role == "hub").to_numpy()
                chosen = chosen & is_hub if (chosen & is_hub).any() else is_hub
            rows = np.flatnonzero(chosen)
            if not len(rows):
                given = f"no {kind} is born by {year}"
                raise InputError(f"{given}: expected one; give more concepts or an earlier debut")
            self._drawn[kind, year] = rows, np.cumsum(table.weight.to_numpy()[rows])
        rows, weights = self._drawn[kind, year]
        return int(rows[np.searchsorted(weights, self.rng.random() * weights[-1], side="right")])


def _jargon(path: int, side: str, size: int) -> list[str]:
    """The words of a pathway for its genes, its drugs, or both."""
    return [f"p{path + 1:02d}{side}{i + 1}" for i in range(size)]
