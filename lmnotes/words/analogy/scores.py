"""Scores of ranked answers: Top-k, mean reciprocal rank, their intervals and comparisons.
They are core because any ranked retrieval is scored so."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_one_of, expect_weights
from lmnotes.statistics import interval
from lmnotes.words.analogy.ranking import Ranking
from lmnotes.words.analogy.tasks import Task

MEASURES = (*(f"top{k}" for k in range(1, 11)), "mrr")


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """How one method answered the queries of one task.

    Args:
        queries: group, query, n_answers, and rank of the best answer (mean over repeats).
        ranks: (Q, R) of R repeats; infinite where no answer was given.
        settings: what was asked and how.
        task, ranking: where there is one list of candidates per query.
    """

    queries: pd.DataFrame
    ranks: np.ndarray
    settings: dict = field(default_factory=dict)
    task: Task | None = None
    ranking: Ranking | None = None

    def __len__(self) -> int:
        return len(self.queries)

    def values(self, measure: str) -> np.ndarray:
        """The measure of each query (Q,), a mean over repeats: Top-k hits or reciprocal ranks."""
        expect_one_of("measure", measure, MEASURES)
        if measure == "mrr":
            return (1 / self.ranks).mean(axis=1)
        return (self.ranks <= int(measure[3:])).mean(axis=1)

    def scores(self, average: Literal["micro", "macro"] = "micro") -> dict[str, float]:
        """n, top1 ... top10 and mrr: means over all queries, or (macro) over groups of means."""
        expect_one_of("average", average, ("micro", "macro"))
        group = self.queries.group.to_numpy() if average == "macro" else np.zeros(len(self))
        values = pd.DataFrame({name: self.values(name) for name in MEASURES})
        return {"n": len(self)} | values.groupby(group).mean().mean().to_dict()

    def interval(
        self, measure: str = "mrr", *, unit: str = "query", n_bootstrap: int = 1000, seed: int = 0
    ) -> tuple[float, float]:
        """The central 95 % bootstrap interval of the micro mean over drawn units.

        unit: "query", where a concept asked in several pathways is drawn as one; or "group".
        """
        return interval(_means(self, measure, unit, n_bootstrap, seed))

    def predictions(self, query: str, group: str | None = None) -> pd.DataFrame:
        """The first candidates of one query: place, candidate, cosine, is_answer."""
        if self.ranking is None or self.task is None:
            raise InputError("this method gave ranks only: ask a result of prediction.predict")
        asked = self.queries["query"] == query
        if group is not None:
            asked &= self.queries.group == group
        if not asked.any():
            raise KeyError(f"{query!r} in group {group!r} was not asked: choose a row of .queries")
        row = int(np.flatnonzero(asked)[0])
        right = self.task.answers[self.task.answers[:, 0] == row, 1]
        top = self.ranking.top[row][self.ranking.top[row] >= 0]
        table = pd.DataFrame({"place": np.arange(1, len(top) + 1)})
        table["candidate"] = [self.task.candidates[i] for i in top]
        table["cosine"] = self.ranking.cosine[row, : len(top)]
        return table.assign(is_answer=np.isin(top, right))


def result(
    task: Task, ranks: npt.ArrayLike, settings: Mapping, ranking: Ranking | None = None
) -> Result:
    """The result of ranks (Q,) or (Q, R) of a task's queries."""
    ranks = np.asarray(ranks, np.float64)
    ranks = ranks.reshape(len(task), -1 if ranks.size else 1)
    queries = task.queries.assign(n_answers=task.n_answers, rank=ranks.mean(axis=1))
    asked = {"setting": task.setting, "year": task.year, "direction": task.direction}
    return Result(queries, ranks, asked | dict(settings), task, ranking)


def difference(
    first: Result, second: Result, measure: str = "mrr"
) -> tuple[float, tuple[float, float]]:
    """The mean of the first less the second on the same queries, and its 95 % interval.

    Raises InputError: the two did not answer the same queries.
    """
    both = (first, second)
    keys = [answered.queries[["group", "query"]].to_numpy().tolist() for answered in both]
    if keys[0] != keys[1]:
        raise InputError(f"{len(first):,} and {len(second):,} queries that differ: ask the same")
    drawn = (_means(answered, measure) for answered in both)
    value = first.values(measure).mean() - second.values(measure).mean()
    return float(value), interval(np.subtract(*drawn))


def weighted_spearman(
    x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """The rank correlation with weights: the weighted Pearson correlation of weighted ranks.

    The rank of a value is the weight below it, plus (n + 1) / 2 times the mean weight of its n
    ties. Without weights each value of x counts as much as any other: 1 / (queries that have it).

    >>> round(weighted_spearman([1, 2, 3], [1, 4, 9], [1, 1, 1]), 9)
    1.0
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if weights is None:
        _, group, counts = np.unique(x, return_inverse=True, return_counts=True)
        weights = 1 / counts[group]
    weights = expect_weights("weights", weights, len(x))
    if not (x.shape == y.shape == weights.shape != (0,)) or not np.ptp(x) > 0 or not np.ptp(y) > 0:
        shapes = f"x {x.shape}, y {y.shape}, weights {weights.shape}"
        raise InputError(f"{shapes}: expected three equal lengths, more than one value of x and y")
    ranks = [_weighted_ranks(values, weights) for values in (x, y)]
    covariance = np.cov(ranks, aweights=weights, ddof=0)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _weighted_ranks(values, weights) -> np.ndarray:
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    totals = np.bincount(group, weights)
    below = np.cumsum(totals) - totals
    return (below + (counts + 1) / 2 * totals / counts)[group]


def _means(answered: Result, measure: str, unit="query", n_bootstrap=1000, seed=0) -> np.ndarray:
    """Means over drawn units (n_bootstrap,); the same draws for results with the same queries."""
    expect_one_of("unit", unit, ("query", "group"))
    if not len(answered):
        raise InputError("no queries: expected one or more to draw from; choose another year")
    names, place = np.unique(answered.queries[unit].to_numpy().astype(str), return_inverse=True)
    draws = _draws(len(names), n_bootstrap, seed)
    sums, counts = np.bincount(place, answered.values(measure)), np.bincount(place)
    return (draws @ sums) / (draws @ counts)


@functools.lru_cache(maxsize=8)
def _draws(n: int, n_bootstrap: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(np.float64)
