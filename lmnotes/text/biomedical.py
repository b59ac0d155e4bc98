"""Dated biomedical text with its known drug-gene relations: invented, or the reader's own."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text import concept_text, small_literature, small_world
from lmnotes.text.concept_text import DatedText
from lmnotes.text.relation_tables import RelationTables, checked
from lmnotes.text.small_world import Settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Literature:
    """Dated text, and the tables of what is known about its concepts.

    Args:
        path: of the abstracts, a `.jsonl` file with title, year and text in each line.
    """

    text: DatedText
    tables: RelationTables
    path: Path

    def __repr__(self) -> str:
        return f"<Literature: {self.text.corpus!r}; {self.tables.summary()}>"

    def abstracts(self, concept: str, until: int | None = None, n: int = 3) -> "pd.DataFrame":
        """The last n abstracts that name a concept: year, text."""
        import pandas as pd

        corpus = self.text.corpus
        where = np.flatnonzero(corpus.tokens == corpus.index(concept))
        rows = np.unique(np.searchsorted(corpus.offsets, where, side="right") - 1)
        if until is not None:
            rows = rows[self.text.years[rows] <= until]
        texts = [corpus.tokens[corpus.offsets[r] : corpus.offsets[r + 1]] for r in rows[-n:]]
        return pd.DataFrame(
            {
                "year": self.text.years[rows[-n:]],
                "text": [" ".join(corpus.words[i] for i in text) for text in texts],
            }
        )


def small(seed: int = 0, settings: Settings | None = None) -> Literature:
    """The invented literature of a seed, written once to disk and opened from there afterwards.

    Its relations carry the year of publication, its concepts that of birth, before which no text
    names them. See `small_world.Settings` for what can be changed.
    """
    settings = settings or Settings()
    key = {"settings": asdict(settings), "seed": seed, "version": small_world.VERSION}

    def write(folder: Path) -> None:
        world = small_world.world(settings, seed)
        for name, table in tables_of(world).items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        with open(folder / "abstracts.jsonl", "w", encoding="utf-8") as file:
            for record in small_literature.abstracts(world):
                file.write(json.dumps(record) + "\n")

    folder = store.build("literature", key, write)
    return _opened(folder, f"small literature {seed}", key)


def read(text: str | Path, tables: RelationTables, years: object = None) -> Literature:
    """The reader's own dated text beside its tables; see `concept_text.read` for the formats.

    Years that the tables lack, of pairs and of concepts, are taken from the text itself.
    """
    dated = concept_text.read(text, years)
    return Literature(dated, first_years(dated, tables), Path(text))


def tables_of(world: small_world.World) -> dict[str, "pd.DataFrame"]:
    """The tables of an invented world: relations, concepts (with role), membership, pathways."""
    import pandas as pd

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

    >>> import pandas as pd
    >>> records = [{"year": 1990, "text": "gene_1"}, {"year": 1995, "text": "gene_1 drug_1"}]
    >>> pairs = pd.DataFrame({"drug": ["drug_1"], "gene": ["gene_1"]})
    >>> found = first_years(concept_text.build("two", records), checked({"relations": pairs}))
    >>> found.relations.year.tolist(), found.concepts.year.tolist()
    ([1995], [1995, 1990])
    """
    import pandas as pd

    corpus = dated.corpus
    documents = np.repeat(np.arange(corpus.n_documents), np.diff(corpus.offsets))  # (T,)
    known = [name for name in tables.concepts.concept if name in corpus.ids]
    ids = np.array([corpus.ids[name] for name in known], int)
    chosen = np.isin(corpus.tokens, ids)
    order = np.argsort(corpus.tokens[chosen], kind="stable")
    own, where = corpus.tokens[chosen][order], documents[chosen][order]
    starts, ends = np.searchsorted(own, ids, "left"), np.searchsorted(own, ids, "right")
    of = {
        name: np.unique(where[start:end])
        for name, start, end in zip(known, starts, ends, strict=True)
    }
    nowhere = np.zeros(0, int)

    def first(*names: str) -> int | None:
        """The first year of a document that names all of these."""
        found = [of.get(name, nowhere) for name in names]
        both = found[0] if len(found) == 1 else np.intersect1d(*found, assume_unique=True)
        return int(dated.years[both[0]]) if len(both) else None

    pairs = [first(row.drug, row.gene) for row in tables.relations.itertuples()]
    single = [first(name) for name in tables.concepts.concept]
    filled = {
        name: table.assign(year=table.year.fillna(pd.Series(found, table.index, dtype="Int64")))
        for name, table, found in (
            ("relations", tables.relations, pairs),
            ("concepts", tables.concepts, single),
        )
    }
    return replace(tables, **filled)


def _opened(folder: Path, name: str, key: Mapping) -> Literature:
    """The literature of a folder with abstracts and tables."""
    import pandas as pd

    path = folder / "abstracts.jsonl"
    if not path.is_file():
        raise InputError(f"{folder} holds no abstracts.jsonl: expected it; delete the folder")
    names = ("relations", "concepts", "membership", "pathways")
    frames = {one: pd.read_csv(folder / f"{one}.csv", keep_default_na=False) for one in names}
    found = checked(frames)
    roles = frames["concepts"].set_index("concept").role
    found.concepts["role"] = found.concepts.concept.map(roles)
    text = concept_text.kept(name, {"literature": dict(key)}, lambda: _records(path))
    return Literature(text, found, path)


def _records(path: Path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
