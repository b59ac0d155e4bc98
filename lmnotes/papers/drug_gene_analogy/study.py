"""What a study of drug-gene analogies needs: vectors, snapshots of them, and what is known.

Three ways to the same thing: invented literatures, published vectors with tables of relations, or
the reader's own dated text with such tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy import kegg, literature, snapshots, world
from lmnotes.papers.drug_gene_analogy.literature import Literature
from lmnotes.text import downloads
from lmnotes.words import embedding
from lmnotes.words.analogy import relations, tasks
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.embedding import Embedding


@dataclass(frozen=True, eq=False)
class Study:
    """One or more worlds, each with its relations and the vectors of all its text.

    Args:
        facts: world -> relations, concepts and pathways.
        final: world -> vectors of all years.
        snapshots: (world, year) -> vectors of the text up to that year; empty without dated text.
        literature: world -> dated text with tables; empty without text.
        symbols: concept -> how people call it.
    """

    facts: Mapping[str, RelationSet]
    final: Mapping[str, Embedding]
    snapshots: Mapping[tuple[str, int], Embedding] = field(default_factory=dict)
    literature: Mapping[str, Literature] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)

    @property
    def worlds(self) -> list[str]:
        """The names of the worlds."""
        return list(self.facts)

    @property
    def years(self) -> list[int]:
        """The years of the snapshots."""
        return sorted({year for _, year in self.snapshots})


def small_worlds(
    seeds: Sequence[int],
    years: Sequence[int],
    *,
    settings: world.Settings | None = None,
    warm_epochs: int | None = None,
    **training,
) -> Study:
    """The study of invented literatures, one for each seed.

    Args:
        years: of the snapshots; the last is that of the final vectors.
        settings: of the worlds. warm_epochs, training: of `snapshots.train`.
    """
    texts = {f"world {seed}": literature.small(seed, settings) for seed in seeds}
    until = {seed: texts[f"world {seed}"].text.until for seed in seeds}
    vectors = snapshots.train(until, years, warm_epochs=warm_epochs, **training)
    return Study(
        facts={name: text.tables.facts for name, text in texts.items()},
        final={f"world {seed}": vectors[seed, max(years)] for seed in seeds},
        snapshots={(f"world {seed}", year): vectors[seed, year] for seed, year in sorted(vectors)},
        literature=texts,
        symbols=next(iter(texts.values())).tables.symbols,
    )


def published(vectors: str | Path, tables: str | Path, vocabulary: str = "bcv") -> Study:
    """The study of published vectors: one world without snapshots.

    Args:
        vectors: a file that `embedding.load` reads, or the name of a download (bioconceptvec).
        tables: a folder as `kegg.folder` reads it. vocabulary: its column of words.

    Every gene and drug of the vectors is a candidate, whether or not a table names it.
    """
    if not str(tables):
        raise InputError(
            f"vectors {str(vectors)!r} without tables: expected a folder with relations.csv and "
            "pathways beside them; pass tables=, or leave vectors out for the small worlds"
        )
    known = kegg.folder(tables, vocabulary)
    path = downloads.local(vectors)
    words = _concept_words(path)
    facts = _with_vocabulary(known, words.words)
    if not len(facts.within(words.ids)):
        raise InputError(
            f"none of {len(facts):,} relations has vectors among the {len(words):,} words of "
            f"{path}: expected words such as {known.relations.drug[0]!r}; choose vocabulary= "
            f"({' or '.join(kegg.VOCABULARIES)}) as the words are spelt"
        )
    return Study({"real": facts}, {"real": words}, symbols=known.symbols)


def own_text(
    text: str | Path, tables: str | Path, years: Sequence[int], *, dates: str = "", **training
) -> Study:
    """The study of the reader's own dated text with concepts as words.

    Args:
        text: a file that `concept_text.read` reads. dates: of PubTator's documents.
        tables: as for `published`, of the vocabulary "homemade" (tokens in lower case).
        years, training: as for `small_worlds`.
    """
    own = literature.read(text, kegg.folder(tables, "homemade"), dates or None)
    vectors = snapshots.train({0: own.text.until}, years, **training)
    last = vectors[0, max(years)]
    return Study(
        {"real": _with_vocabulary(own.tables, last.words)},
        {"real": last},
        {("real", year): vectors[seed, year] for seed, year in sorted(vectors)},
        {"real": own},
        own.tables.symbols,
    )


def size(study: Study) -> pd.DataFrame:
    """How large each world is: documents, tokens, vocabulary, and the statistics of its relations.

    Relations are counted where both ends have a vector.
    """
    rows = {}
    for name, facts in study.facts.items():
        words = study.final[name]
        inside = facts.within(words.ids)
        text = study.literature[name].text.corpus if name in study.literature else None
        rows[name] = {
            "documents": text.n_documents if text else None,
            "tokens": text.n_tokens if text else None,
            "drugs in the vocabulary": len(inside.members("drug")),
            "genes in the vocabulary": len(inside.members("gene")),
        } | tasks.statistics(inside).to_dict()
    return pd.DataFrame(rows).rename_axis("statistic").reset_index()


def _concept_words(path: Path) -> Embedding:
    """The drugs and genes of a file of vectors, other words left out."""
    if path.is_dir():
        return Embedding.open(path)
    whole = embedding.load(path, "gensim" if path.suffix in (".kv", ".model") else None)
    chosen = relations.concepts_of(whole.words).concept.tolist()
    rows = [whole.ids[word] for word in chosen]
    return Embedding(chosen, whole.input[rows], settings=whole.settings)


def _with_vocabulary(known, words: Sequence[str]) -> RelationSet:
    """The relations of tables, with every concept of a vocabulary beside those of the tables."""
    everyone = pd.concat([known.concepts, relations.concepts_of(words)], ignore_index=True)
    everyone = everyone.drop_duplicates("concept", ignore_index=True)
    return relations.RelationSet(known.relations, everyone, known.membership)
