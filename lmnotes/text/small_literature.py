"""The literature of a small invented biomedicine: abstracts with years, written one at a time."""

from collections.abc import Iterator

import numpy as np

from lmnotes.errors import InputError
from lmnotes.text import small_world

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
                raise InputError(
                    f"no {kind} is born by {year}: expected one; give more concepts or an earlier "
                    "debut"
                )
            self._drawn[kind, year] = rows, np.cumsum(table.weight.to_numpy()[rows])
        rows, weights = self._drawn[kind, year]
        return int(rows[np.searchsorted(weights, self.rng.random() * weights[-1], side="right")])


def _jargon(path: int, side: str, size: int) -> list[str]:
    """The words of a pathway for its genes, its drugs, or both."""
    return [f"p{path + 1:02d}{side}{i + 1}" for i in range(size)]
