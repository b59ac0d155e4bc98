"""Relation vectors: the mean difference of related concepts, and what it is compared with.
They are core because any relation of words has one.

v = mean over pairs of (u_answer - u_query), in float64. It depends on who is in relation and how
often, not on with whom: it is the difference of two means weighted by the numbers of relations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_one_of
from lmnotes.words.analogy.tasks import ALL, Task

KINDS = ("mean", "none", "leave_one_out", "global", "shuffled", "swapped")
WEIGHTINGS = ("relations", "concepts")


@dataclass(frozen=True, repr=False)
class RelationVectors(Shown):
    """The vector that each group uses, and each query.

    Args:
        groups: (P,) names. of_groups: (P, D). n_pairs: (P,) how many each was estimated on.
        of_queries: (Q, D), rows of the task's queries.
        n_fallback: queries that use the mean of all pairs because their group had none left; with
            "leave_one_out" of all but their own, or no vector where none is left of these either.
    """

    groups: Sequence[str]
    of_groups: np.ndarray
    n_pairs: np.ndarray
    of_queries: np.ndarray
    n_fallback: int


def mean_difference(
    queries: np.ndarray, answers: np.ndarray, pairs: np.ndarray, weighting: str = "relations"
) -> np.ndarray:
    """The relation vector (D,) of some pairs.

    Args:
        queries: (Q, D), answers: (C, D) vectors. pairs: (n, 2) rows of both.
        weighting: "concepts" counts each concept once, however many relations it has.

    >>> queries, answers = np.array([[0.0, 0], [2, 0]]), np.array([[0.0, 3], [4, 3]])
    >>> mean_difference(queries, answers, np.array([[0, 0], [1, 0], [1, 1]])).round(3).tolist()
    [0.0, 3.0]
    >>> mean_difference(queries, answers, np.array([[0, 0], [1, 0], [1, 1]]), "concepts").tolist()
    [1.0, 3.0]
    """
    expect_one_of("weighting", weighting, WEIGHTINGS)
    rows, columns = pairs[:, 0], pairs[:, 1]
    if weighting == "concepts":
        rows, columns = np.unique(rows), np.unique(columns)
    ends = ((answers, columns), (queries, rows))
    return np.subtract(*(np.asarray(array)[of].mean(axis=0, dtype=float) for array, of in ends))


def estimate(
    task: Task,
    vectors_of: Callable[[Sequence[str]], np.ndarray],
    kind: str = "mean",
    weighting: str = "relations",
    seed: int = 0,
) -> RelationVectors:
    """The relation vectors of a task's groups and queries.

    Args:
        vectors_of: gives (n, D) for n words.
        kind, weighting, seed: as in `prediction.answer`. "concepts" in the settings G and Y1 takes
            all concepts of the vocabulary that the task knows, with or without a relation.

    Raises InputError: an unknown kind, no pairs to estimate a vector on, or one group to swap.
    """
    _check(task, kind, weighting)
    rng = np.random.default_rng(seed)
    tables = _Tables(task, vectors_of, rng if kind == "shuffled" else None)
    whole = tables.whole(weighting)
    groups, of_groups, n_pairs = tables.by_group(weighting, whole)
    if kind == "global":
        of_groups = np.broadcast_to(whole, of_groups.shape)
    if kind == "swapped":
        order = rng.permutation(len(groups))
        turned = np.empty(len(groups), int)  # each group gets the vector of another
        turned[order] = np.roll(order, 1)
        of_groups = of_groups[turned]
    row_of = {name: row for row, name in enumerate(groups)}
    rows = np.array([row_of.get(name, -1) for name in task.queries.group], int)
    of_queries = np.concatenate([of_groups, whole[None]])[rows]  # -1 is the last: the fallback
    n_fallback = int((rows < 0).sum())
    if kind == "leave_one_out":
        of_queries, n_fallback = tables.without_own()
    if kind == "none":
        of_groups, of_queries = np.zeros_like(of_groups), np.zeros_like(of_queries)
    return RelationVectors(groups, of_groups, n_pairs, of_queries, n_fallback)


class _Tables:
    """The pairs of a task as rows of two matrices, of its queries' side and its candidates."""

    def __init__(self, task: Task, vectors_of, rng):
        self.task = task
        self.asked = pd.Index([*task.asked, *task.base["query"], *task.training["query"]]).unique()
        names = [*task.candidates, *task.base.answer, *task.training.answer]
        self.answering = pd.Index(names).unique()  # b of a : b :: c : ? may be no candidate
        self.queries, self.answers = vectors_of(self.asked), vectors_of(self.answering)
        self.order = np.arange(len(self.answering))
        if rng is not None:
            self.order = rng.permutation(len(self.order))

    def pairs(self, table) -> np.ndarray:
        """(n, 2) rows of both matrices."""
        rows = self.asked.get_indexer(table["query"])
        columns = self.order[self.answering.get_indexer(table.answer)]
        return np.column_stack([rows, columns])

    def whole(self, weighting: str) -> np.ndarray:
        """The vector of all pairs (D,)."""
        if weighting == "concepts" and self.task.setting in ("G", "Y1"):
            return self.answers.mean(axis=0) - self.queries.mean(axis=0)  # in G and Y1 no others
        return mean_difference(self.queries, self.answers, self.pairs(self.task.base), weighting)

    def by_group(self, weighting: str, whole: np.ndarray):
        """Names, vectors (P, D) and numbers of pairs (P,) of the groups."""
        training = self.task.training
        names = list(training.group.unique())
        if names == [ALL]:
            return names, whole[None], np.array([len(training)])
        pairs, rows = self.pairs(training), training.groupby("group").indices
        sides = (self.queries, self.answers)
        means = [mean_difference(*sides, pairs[rows[name]], weighting) for name in names]
        counts = np.array([len(rows[name]) for name in names])
        return names, np.reshape(means, (len(names), -1)), counts

    def summed(self, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """For each query the sum of differences (Q, D), and how many, of pairs alike in columns."""
        rows, answers = self.pairs(self.task.training).T
        code, keys = pd.factorize(pd.MultiIndex.from_frame(self.task.training[columns]))
        sums = np.zeros((len(keys) + 1, self.answers.shape[1]))
        np.add.at(sums, code, self.answers[answers] - self.queries[rows])
        asked = keys.get_indexer(pd.MultiIndex.from_frame(self.task.queries[columns]))
        return sums[asked], np.bincount(code, minlength=len(keys) + 1)[asked]  # -1: of none

    def without_own(self) -> tuple[np.ndarray, int]:
        """For each query the mean difference of its group's pairs that it is not in (Q, D)."""
        (sums, counts), (own_sums, own_counts) = map(self.summed, (["group"], ["group", "query"]))
        left = counts - own_counts
        means = (sums - own_sums) / np.maximum(left, 1)[:, None]
        for row in np.flatnonzero(left == 0):
            means[row] = self._whole_without(self.task.queries["query"].iloc[row])
        return means, int((left == 0).sum())

    def _whole_without(self, query: str) -> np.ndarray:
        """The mean difference of all pairs but the query's own; zero where none is left."""
        others = self.task.base[self.task.base["query"] != query]
        if not len(others):  # the mean of all would be made of its own answers
            return np.zeros(self.answers.shape[1])
        return mean_difference(self.queries, self.answers, self.pairs(others))


def _check(task: Task, kind: str, weighting: str) -> None:
    expect_one_of("vector", kind, KINDS)
    expect_one_of("weighting", weighting, WEIGHTINGS)
    if weighting == "concepts":
        if kind == "leave_one_out":
            raise InputError("leave_one_out with 'concepts': expected weighting 'relations'")
        if kind == "shuffled" and task.setting in ("G", "Y1"):
            raise InputError("shuffled with 'concepts' is the mean: expected 'relations', or P")
    if kind == "swapped" and task.training.group.nunique() < 2:
        raise InputError(f"swapped in {task.setting}: expected two or more pathways")
    if not len(task.base) and not len(task.training):
        raise InputError(f"{task.setting} of {task.year} has no known pair: take a later year")
