"""The settings G, P1, P2, Y1, Y2 and their combinations: who is asked and what is right or known.
They are core because any relation set is asked in them.

A `Task` is what one setting asks of one embedding's vocabulary. The letters: G one relation vector
for all; P one for each pathway, asked about targets inside it (P1) or all targets (P2); Y1 the
vocabulary of texts up to a year; Y2 a vector from pairs known by then, asked about later ones.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_one_of
from lmnotes.words.analogy.relations import RelationSet

SETTINGS = ("G", "P1", "P2", "Y1", "Y2", "P1Y1", "P2Y1", "P1Y2", "P2Y2")
DIRECTIONS = ("drug2gene", "gene2drug")
ALL = "all"  # the group of settings without pathways


@dataclass(frozen=True, repr=False)
class Task(Shown):
    """The questions of a setting, with rows of `candidates` for answers.

    Args:
        candidates: (C,) all concepts that are ranked: every gene of the vocabulary.
        asked: all concepts of the other kind: every drug of the vocabulary.
        queries: columns group, query; one row per question. A drug asked in ten pathways has ten.
        answers: (A, 2) row of `queries` and row of `candidates`, sorted.
        known: (B, 2) the same for answers known already, which are removed from the ranking.
        training: columns group, query, answer; the pairs each group's vector is estimated on.
        base: columns query, answer; the pairs of one vector for all groups.
        pool: columns query, answer; the pairs whose answers the random baseline draws from.
    """

    candidates: list[str]
    asked: list[str]
    queries: pd.DataFrame
    answers: np.ndarray
    known: np.ndarray
    training: pd.DataFrame
    base: pd.DataFrame
    pool: pd.DataFrame
    setting: str
    year: int | None = None
    direction: str = "drug2gene"

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def n_answers(self) -> np.ndarray:
        """How many answers each query has (Q,)."""
        return np.bincount(self.answers[:, 0], minlength=len(self.queries))

    def subset(self, rows: np.ndarray) -> "Task":
        """The task of some rows of `queries` only."""
        place = np.full(len(self.queries), -1)
        place[rows] = np.arange(len(rows))
        pairs = {}
        for name in ("answers", "known"):
            asked, candidate = getattr(self, name).T
            moved = np.column_stack([place[asked], candidate])[place[asked] >= 0]
            pairs[name] = moved[np.argsort(moved[:, 0], kind="stable")]
        return replace(self, queries=self.queries.iloc[rows].reset_index(drop=True), **pairs)

    def describe(self) -> dict:
        """Counts and mean numbers of answers, as in the tables of statistics (4.1 and 4.2).

        n_groups with a vector; n_queries; n_answers distinct per group, summed over groups; n_pairs
        of a query and an answer; n_training pairs; the mean number of answers per query over all
        (micro) and as a mean over groups (macro), the latter of known answers too.
        """
        group = self.queries.group.to_numpy()
        n_known = np.bincount(self.known[:, 0], minlength=len(self.queries))
        distinct = {(group[row], answer) for row, answer in self.answers}
        counts = {"n_groups": self.training.group.nunique(), "n_queries": len(self.queries)}
        counts |= {"n_answers": len(distinct), "n_pairs": len(self.answers)}
        counts["n_training"] = len(self.training)
        counts["mean_answers"] = float(self.n_answers.mean()) if len(group) else np.nan
        counts["mean_answers_macro"] = macro(self.n_answers, group)
        return counts | {"mean_known_macro": macro(n_known, group)}


def build(
    relation_set: RelationSet,
    setting: str = "G",
    *,
    year: int | None = None,
    direction: str = "drug2gene",
) -> Task:
    """The task of a setting; the set is first restricted to a vocabulary by `within`.

    Args:
        setting: one of SETTINGS.
        year: y of the settings with Y. For Y1 it is a label only: give the vocabulary of that year.
        direction: "gene2drug" asks for drugs.

    >>> from lmnotes.words.analogy import relations
    >>> pairs = pd.DataFrame({"drug": ["a", "b"], "gene": ["x", "y"], "year": [1990, 2005]})
    >>> concepts = pd.DataFrame({"concept": list("abxy"), "kind": ["drug"] * 2 + ["gene"] * 2})
    >>> task = build(relations.RelationSet(pairs, concepts), "Y2", year=2000)
    >>> task.queries["query"].tolist(), task.answers.tolist(), task.training["query"].tolist()
    (['b'], [[0, 1]], ['a'])
    """
    expect_one_of("setting", setting, SETTINGS)
    expect_one_of("direction", direction, DIRECTIONS)
    if setting.endswith("Y2") and year is None:
        raise InputError(f"setting {setting!r} without a year: pass the last whose pairs are known")
    if year is not None and not isinstance(year, int | np.integer):
        raise InputError(f"year {year!r}: expected a whole number such as 1990; pass it as one")
    tables = relation_set if direction == "drug2gene" else relation_set.reversed()
    if "P" not in setting:
        parts = _whole(tables, setting, year)
    elif setting.endswith("Y2"):
        parts = _pathways_future(tables, setting, year)
    else:
        parts = _pathways(tables, setting)
    asked = {"setting": setting, "year": year, "direction": direction}
    return make(tables.members("gene"), tables.members("drug"), *parts, **asked)


def make(
    candidates: Iterable[str],
    asked: Iterable[str],
    queries: pd.DataFrame,
    answers: pd.DataFrame,
    known: pd.DataFrame,
    training: pd.DataFrame,
    base: pd.DataFrame,
    pool: pd.DataFrame,
    **about: Any,
) -> Task:
    """A task from tables with columns group, query, answer (queries: group, query).

    about: its setting, year and direction. Raises InputError where an answer is no candidate.
    """
    candidates, asked = list(candidates), list(asked)
    queries = queries[["group", "query"]].drop_duplicates().reset_index(drop=True)
    ids = {name: row for row, name in enumerate(candidates)}
    unknown = answers.answer[~answers.answer.isin(candidates)]
    if len(unknown):
        first = unknown.iloc[0]
        raise InputError(f"{len(unknown):,} answers such as {first!r} are no candidates: add them")
    known = known[known.answer.isin(candidates)]  # others need no removal
    right, wrong = (_rows(queries, table, ids) for table in (answers, known))
    training = training[["group", "query", "answer"]].reset_index(drop=True)
    base, pool = (table[["query", "answer"]].reset_index(drop=True) for table in (base, pool))
    return Task(candidates, asked, queries, right, wrong, training, base, pool, **about)


def macro(values: np.ndarray, group: npt.ArrayLike) -> float:
    """The mean over groups of the mean over their rows; NaN without any.

    >>> macro(np.array([1.0, 2, 6]), np.array(["p", "p", "q"]))
    3.75
    """
    return float(pd.Series(values).groupby(np.asarray(group)).mean().mean())


def _whole(tables, setting, year):
    """G and Y1: all pairs; Y2: those known give the vector and later ones are asked."""
    pairs = _named(tables.relations)
    if setting != "Y2":
        return pairs, pairs, pairs[:0], pairs, pairs, pairs
    known, later = (_named(part) for part in tables.split(year))
    return later, later, known, known, known, _concat(known, later)


def _pathways(tables, setting):
    """P1, P2 and the same of a year: pathways with two or more drugs and genes in relation."""
    pairs, inside = _named(tables.relations), _named(tables.pathway_pairs())
    inside = inside[inside.group.isin(_large(inside))]
    if setting.startswith("P1"):
        return _by_name(inside), inside, inside[:0], inside, pairs, pairs
    members = _named(tables.pathway_members("drug"))
    queries = members[members.group.isin(inside.group) & members["query"].isin(pairs["query"])]
    answers = queries.merge(pairs[["query", "answer"]], on="query")
    if setting == "P2Y1":
        several = answers.groupby("group").answer.nunique() >= 2
        queries = queries[queries.group.isin(several[several].index)]
    return queries, answers, pairs[:0], inside, pairs, pairs


def _pathways_future(tables, setting, year):
    """P1Y2 and P2Y2: a vector from known pairs inside the pathway, later pairs are asked."""
    known, later = tables.split(year)
    inside = [_named(tables.pathway_pairs(part, mentioned_by=year)) for part in (known, later)]
    large = _large(_concat(*inside)) & set(inside[0].group)  # one known pair, for a vector
    known_inside, later_inside = (part[part.group.isin(large)] for part in inside)
    known, later = _named(known), _named(later)
    pool = _concat(known, later)
    if setting == "P1Y2":
        return _by_name(later_inside), later_inside, known_inside, known_inside, known, pool
    members = _named(tables.pathway_members("drug", mentioned_by=year))
    queries = members[members.group.isin(large) & members["query"].isin(later["query"])]
    pairs = [queries.merge(part[["query", "answer"]], on="query") for part in (later, known)]
    return queries, *pairs, known_inside, known, pool


def _named(table):
    names = {"pathway": "group", "drug": "query", "concept": "query", "gene": "answer"}
    table = table.rename(columns=names)
    return table if "group" in table else table.assign(group=ALL)


def _concat(*tables):
    return pd.concat(tables, ignore_index=True)


def _by_name(pairs):
    """The queries of pairs, pathway by pathway and there by name, as the paper draws them."""
    place = {name: row for row, name in enumerate(pairs.group.unique())}
    pairs = pairs.assign(_place=pairs.group.map(place))
    return pairs.sort_values(["_place", "query"])[["group", "query"]]


def _large(pairs) -> set[str]:
    """The pathways whose pairs have two or more queries and two or more answers."""
    sizes = pairs.groupby("group")[["query", "answer"]].nunique()
    return set(sizes.index[(sizes >= 2).all(axis=1)])


def _rows(queries, table, ids) -> np.ndarray:
    """Pairs (A, 2) of a query's row and a candidate's, sorted; pairs not asked are left out."""
    numbered = queries.assign(_row=range(len(queries)))
    matches = table[["group", "query", "answer"]].merge(numbered, on=["group", "query"])
    pairs = np.column_stack([matches["_row"], matches.answer.map(ids)]).astype(np.int64)
    return np.unique(pairs.reshape(-1, 2), axis=0)


def statistics(relation_set: RelationSet) -> pd.Series:
    """Sizes of the sets and mean numbers of answers, as the paper tables them (sheet 4.1).

    D, G, R, P; sums over pathways with two or more drugs and genes; E_d, E_g over concepts of R;
    E_p E_d, E_p E_g: means over pathways of means over their queries, for P1 and P2.
    """
    pairs = relation_set.relations
    n_drugs, n_genes = pairs.drug.nunique(), pairs.gene.nunique()
    values = {"D": n_drugs, "G": n_genes, "R": len(pairs)}
    values |= {"E_d": len(pairs) / max(n_drugs, 1), "E_g": len(pairs) / max(n_genes, 1)}
    if relation_set.membership is not None:
        asked = itertools.product(("P1", "P2"), zip("dg", DIRECTIONS, strict=True))
        asked = {f"{side}_{p}": build(relation_set, p, direction=way) for p, (side, way) in asked}
        sizes = {name: task.describe() for name, task in asked.items()}
        values |= {"P": sizes["d_P1"]["n_groups"], "sum_Rp": sizes["d_P1"]["n_training"]}
        names = {"d_P1": "sum_Dp", "g_P1": "sum_Gp"}
        names |= {"d_P2": "sum_calDp_cap_D", "g_P2": "sum_calGp_cap_G"}
        values |= {name: sizes[key]["n_queries"] for key, name in names.items()}
        values |= {f"Ep_E{key}": size["mean_answers_macro"] for key, size in sizes.items()}
    return pd.Series(values, dtype=object)
