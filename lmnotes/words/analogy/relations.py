"""Relation sets as tables: which drug acts on which gene, since when, in which pathways.
They are core because any table of known relations is read into them.

The sets R, D, G, D_p, G_p, L_y and U_y of Yamagiwa et al., "Predicting drug-gene relations via
analogy tasks with word embeddings", Scientific Reports 15:17240 (2025). Any relation of two kinds
of words fits: a country is then the "drug", its capital the "gene", a category the "pathway".
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_strings

KINDS = ("drug", "gene")
PREFIXES = {"chemical_": "drug", "gene_": "gene"}  # with the underscore: "general" is no gene


@dataclass(frozen=True, repr=False)
class RelationSet(Shown):
    """Pairs that are related, all concepts that can be asked or answered, and their pathways.

    Args:
        relations: columns drug, gene and perhaps year, the first in which a text names both.
        concepts: columns concept, kind ("drug" or "gene") and perhaps year of the first mention
            and name. All genes are candidates, also those without a relation.
        membership: columns pathway, concept, kind; None without pathways.
        dropped: what `within` left out so far.

    >>> pairs = pd.DataFrame({"country": ["france", "japan"], "capital": ["paris", "tokyo"]})
    >>> capitals = from_pairs(pairs, candidates=["rome"])
    >>> capitals.members("gene"), capitals.within(["france", "paris", "rome"]).dropped
    (['paris', 'tokyo', 'rome'], {'concepts': 2, 'relations': 1, 'membership': 0})
    """

    relations: pd.DataFrame
    concepts: pd.DataFrame
    membership: pd.DataFrame | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self):
        _check_table(self.relations, "relations", list(KINDS))
        _check_table(self.concepts, "concepts", ["concept", "kind"])
        if self.membership is not None:
            _check_table(self.membership, "membership", ["pathway", "concept", "kind"])
        for kind in KINDS:
            _check_known(self.relations[kind], "relations", kind, self.members(kind))
            if self.membership is not None:
                of_kind = self.membership.loc[self.membership.kind == kind, "concept"]
                _check_known(of_kind, "membership", kind, self.members(kind))

    def __len__(self) -> int:
        return len(self.relations)

    def members(self, kind: str) -> list[str]:
        """All concepts of a kind, in the order of the table."""
        return self.concepts.loc[self.concepts.kind == kind, "concept"].tolist()

    def within(self, words: Collection[str]) -> "RelationSet":
        """What is left when only `words`, an embedding's vocabulary, have vectors."""
        if not isinstance(words, set | frozenset | Mapping):
            words = set(expect_strings("words", words))
        concepts = self.concepts[_among(self.concepts.concept, words)]
        both = _among(self.relations.drug, words) & _among(self.relations.gene, words)
        relations, membership = self.relations[both], self.membership
        lost = {"concepts": len(self.concepts) - len(concepts), "relations": int((~both).sum())}
        lost["membership"] = 0
        if membership is not None:
            listed = _among(membership.concept, words)
            membership, lost["membership"] = membership[listed], int((~listed).sum())
        dropped = {name: self.dropped.get(name, 0) + n for name, n in lost.items()}
        return RelationSet(relations, concepts, membership, dropped)

    def reversed(self) -> "RelationSet":
        """The same with drugs and genes exchanged, for questions from gene to drug."""
        swap = {"drug": "gene", "gene": "drug"}
        concepts, membership = (
            table if table is None else table.assign(kind=table.kind.map(swap))
            for table in (self.concepts, self.membership)
        )
        relations = self.relations.rename(columns=swap)
        place = {name: row for row, name in enumerate(relations.drug.unique())}
        relations = relations.sort_values("drug", key=lambda x: x.map(place), kind="stable")
        return RelationSet(relations, concepts, membership, self.dropped)

    def split(self, year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The pairs known in a year, L_y, and those first named together later, U_y.

        Both concepts must have been mentioned by then. Pairs without a year are in neither part,
        and so are pairs of a concept without a year, unless no concept has one.
        """
        pairs = self.relations[_years(self.relations, "relations").notna()]
        if self._dated:
            mentioned = self._mentioned(year)
            for kind in KINDS:
                pairs = pairs[_among(pairs[kind], mentioned[kind])]
        known = _years(pairs, "relations") <= year
        return pairs[known], pairs[~known]

    def pathway_pairs(
        self, pairs: pd.DataFrame | None = None, *, mentioned_by: int | None = None
    ) -> pd.DataFrame:
        """The pairs whose both ends a pathway lists, R_p: columns pathway, drug, gene.

        Args:
            pairs: drug, gene; all relations without.
            mentioned_by: members count from their first mention only, up to this year.

        Returns:
            pathway by pathway in the order of the membership, pairs in their own order.
        """
        pairs = (self.relations if pairs is None else pairs)[list(KINDS)]
        inside = pairs.assign(_pair=range(len(pairs)))
        for kind in KINDS:  # on the drug, then on the gene and the pathway
            members = self.pathway_members(kind, mentioned_by=mentioned_by)
            inside = inside.merge(members.rename(columns={"concept": kind}))
        place = {name: i for i, name in enumerate(self._listed().pathway.unique())}
        inside = inside.assign(_place=inside.pathway.map(place)).sort_values(["_place", "_pair"])
        return inside[["pathway", *KINDS]].reset_index(drop=True)

    def pathway_members(self, kind: str, *, mentioned_by: int | None = None) -> pd.DataFrame:
        """The drugs or genes that each pathway lists: columns pathway, concept."""
        table = self._listed()
        table = table[table.kind == kind]
        if mentioned_by is not None and self._dated:
            table = table[_among(table.concept, self._mentioned(mentioned_by)[kind])]
        return table[["pathway", "concept"]]

    def _listed(self) -> pd.DataFrame:
        """The membership; InputError without one."""
        if self.membership is None:
            raise InputError("the relation set has no pathways: give membership, or take G")
        return self.membership

    @property
    def _dated(self) -> bool:
        return "year" in self.concepts and bool(self.concepts.year.notna().any())

    def _mentioned(self, year: int) -> dict[str, set[str]]:
        table = self.concepts[(_years(self.concepts, "concepts") <= year).fillna(False)]
        return {kind: set(table.loc[table.kind == kind, "concept"]) for kind in KINDS}


def from_pairs(
    table: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    group: str | None = None,
    candidates: Collection[str] = (),
) -> RelationSet:
    """The relation set of any table with two columns, such as countries and capitals.

    Args:
        columns: names of the column that is asked and of the one that answers; the first two
            other than `group` without.
        group: a column that names a category; categories become pathways, for setting P1.
        candidates: further words that can be answers, such as a whole vocabulary.
    """
    columns = list(columns or [name for name in table.columns if name != group][:2])
    if len(columns) != 2:
        raise InputError(f"columns {columns}: expected two, asked and answering: name both")
    pairs = table[columns].set_axis(list(KINDS), axis=1)
    answers = pd.Index([*pairs.gene, *expect_strings("candidates", candidates)]).unique()
    kinds = {"drug": pairs.drug.unique(), "gene": answers}
    concepts = [pd.DataFrame({"concept": kinds[kind], "kind": kind}) for kind in KINDS]
    membership = None
    if group is not None:
        parts = [pairs.assign(concept=pairs[kind], kind=kind) for kind in KINDS]
        members = pd.concat([part.assign(pathway=table[group]) for part in parts])
        membership = members[["pathway", "concept", "kind"]].drop_duplicates()
    relations = pairs.drop_duplicates().reset_index(drop=True)
    return RelationSet(relations, pd.concat(concepts, ignore_index=True), membership)


def concepts_of(words: Collection[str]) -> pd.DataFrame:
    """The concepts among the words of a vocabulary: columns concept, kind.

    >>> concepts_of(["gene_43", "general", "Chemical_MESH_D000241"]).kind.tolist()
    ['gene', 'drug']
    """
    pairs = itertools.product(expect_strings("words", words), PREFIXES.items())
    rows = [(word, kind) for word, (prefix, kind) in pairs if word.lower().startswith(prefix)]
    return pd.DataFrame(rows, columns=["concept", "kind"])


def _check_table(table, name: str, columns: list[str]) -> None:
    given = table.columns.tolist()
    if missing := [column for column in columns if column not in given]:
        raise InputError(f"{name} has columns {given}: expected also {missing}; rename or add them")
    if "year" in given:
        _years(table, name)
    if len(twice := np.flatnonzero(table.duplicated(columns))):
        first = f"row {twice[0]} ({table[columns].iloc[twice[0]].tolist()})"
        what = f"{name}: {len(twice):,} rows come twice, the first in {first}"
        raise InputError(f"{what}; expected each once; drop_duplicates first")


def _check_known(column, name: str, kind: str, members: list[str]) -> None:
    unknown = np.flatnonzero(~_among(column, set(members)))
    if len(unknown):
        rows = ", ".join(f"{row} ({column.iloc[row]!r})" for row in unknown[:3])
        what = f"{name}: {len(unknown):,} rows name a {kind} not among {len(members):,} concepts"
        raise InputError(f"{what}, rows {rows}; add it to the concepts, or leave these rows out")


def _among(column, words: Collection[str]) -> np.ndarray:
    # quicker than pandas on strings
    return np.fromiter((value in words for value in column.tolist()), bool, len(column))


def _years(table, name: str) -> pd.Series:
    if "year" not in table.columns:
        raise InputError(f"{name} without a year: expected `year` for settings with Y2; add it")
    numbers = pd.to_numeric(table.year, errors="coerce")
    wrong = np.flatnonzero(table.year.notna() & (numbers.isna() | (numbers % 1 != 0)))
    if len(wrong):
        first = f"first in row {wrong[0]} ({table.year.iloc[wrong[0]]!r})"
        what = f"{name}: {len(wrong):,} years are no whole numbers, {first}"
        raise InputError(f"{what}; expected a year or nothing; mend or empty them")
    return numbers.astype("Int64")
