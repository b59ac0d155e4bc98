"""Axes of two spaces side by side: which belong together, how surely, and the words they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from lmnotes import errors
from lmnotes.errors import InputError, expect_finite, expect_one_of, expect_shape, expect_weights
from lmnotes.words.ica.components import Components


@dataclass(frozen=True, eq=False, repr=False)
class Matching(errors.Shown):
    """Pairs of axes of two spaces, the most correlated first.

    Args:
        first, second: (K,) axes of the first and of the second space.
        r: (K,) their correlations, over the pairs that the matching was found on.
        correlation: (K_1, K_2) of all axes.
    """

    first: np.ndarray
    second: np.ndarray
    r: np.ndarray
    correlation: np.ndarray

    def __len__(self) -> int:
        return len(self.r)

    @property
    def permuted(self) -> np.ndarray:
        """The correlations (K, K) in matched order: the diagonal is `r`."""
        return self.correlation[np.ix_(self.first, self.second)]

    def on(
        self, first: np.ndarray, second: np.ndarray, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """The correlations (K,) of the same pairs of axes over other pairs of rows."""
        pairs = ((first, self.first), (second, self.second))
        return np.einsum("nk,nk->k", *(standardised(x[:, axes], weights) for x, axes in pairs))

    def partners(self, floor: float = -1.0) -> np.ndarray:
        """The second space's axis of each of the first's (K_1,), -1 unless `r` is above `floor`."""
        partner = np.full(len(self.correlation), -1)
        partner[self.first] = np.where(self.r > floor, self.second, -1)
        return partner


def standardised(values: npt.ArrayLike, weights: np.ndarray | None = None) -> np.ndarray:
    """Columns with mean 0 and length 1 under the weights: their products are correlations.

    With weights w every row is multiplied by sqrt(w) in the end. A constant column becomes zeros.
    """
    values = np.asarray(values, np.float64)
    expect_shape("values", values, "(n, K)", "give coordinates, a row each")
    expect_finite("values", values)
    weights = np.ones(len(values)) if weights is None else weights
    weights = expect_weights("weights", weights, len(values))
    mean = np.average(values, axis=0, weights=weights)
    moved = (values - mean) * np.sqrt(weights / weights.sum())[:, None]
    length = np.linalg.norm(moved, axis=0)
    return moved / np.where(length > 0, length, 1)


def correlate(
    first: npt.ArrayLike, second: npt.ArrayLike, weights: np.ndarray | None = None
) -> np.ndarray:
    """Pearson correlations (K_1, K_2) of the columns of two matrices over paired rows.

    Args:
        first, second: (n, K_1) and (n, K_2); row i of one belongs to row i of the other.
        weights: (n,) of the pairs; None for equal ones.

    >>> correlate(np.array([[0.0], [1], [2]]), np.array([[0.0], [2], [4]])).round(12).tolist()
    [[1.0]]
    """
    first, second = np.asarray(first), np.asarray(second)
    if len(first) != len(second) or len(first) < 3:
        given = f"{len(first):,} rows against {len(second):,}: expected as many, paired, at least 3"
        raise InputError(f"{given}: take dictionary words of both")
    return standardised(first, weights).T @ standardised(second, weights)


def match(
    first: np.ndarray,
    second: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    method: Literal["greedy", "hungarian"] = "greedy",
    signed: bool = True,
) -> Matching:
    """The axes of two spaces that belong together, min(K_1, K_2) pairs, each axis once.

    Args:
        first, second: (n, K_1) and (n, K_2), coordinates of n pairs.
        weights: (n,) of the pairs.
        method: "greedy" takes the largest signed correlation that is left, again and again, as the
            paper's code does; "hungarian" makes the sum of all correlations largest.
        signed: False matches on `|r|`, for runs that may have turned an axis round; `r` and
            `correlation` are without signs then.

    >>> values = np.random.default_rng(0).normal(size=(50, 3))
    >>> pairs = match(values, values[:, [2, 0, 1]])
    >>> dict(sorted(zip(pairs.first.tolist(), pairs.second.tolist())))
    {0: 1, 1: 2, 2: 0}
    """
    correlation = correlate(first, second, weights)
    return match_axes(correlation if signed else np.abs(correlation), method)


def match_axes(correlation: np.ndarray, method: str = "greedy") -> Matching:
    """The axes that belong together by the correlations (K_1, K_2) of all, as `match` says."""
    expect_one_of("method", method, ("greedy", "hungarian"))
    expect_finite("correlation", correlation)
    greedy = method == "greedy"
    rows, columns = _greedy(correlation) if greedy else linear_sum_assignment(-correlation)
    r = correlation[rows, columns]
    best = np.argsort(-r, kind="stable")
    return Matching(rows[best], columns[best], r[best], correlation)


def _greedy(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, pairs = correlation.copy(), []
    for _ in range(min(correlation.shape)):
        row, column = np.unravel_index(np.argmax(left), left.shape)
        pairs.append((row, column))
        left[row, :] = left[:, column] = -np.inf
    return tuple(np.array(pairs).T)


@dataclass(frozen=True, repr=False)
class Null(errors.Shown):
    """Matched correlations under shuffled pairings (n_shuffles, K), each sorted, largest first."""

    r: np.ndarray

    @property
    def level(self) -> np.ndarray:
        """Their mean (K,), by rank."""
        return self.r.mean(axis=0)

    @property
    def top(self) -> float:
        """The largest correlation of all shuffles: matched axes above it are no accident."""
        return float(self.r.max())

    def p_value(self, matching: Matching) -> float:
        """How often a shuffled pairing has as large a mean correlation, the real one counted in."""
        return float((1 + np.sum(self.r.mean(axis=1) >= matching.r.mean())) / (1 + len(self.r)))


def match_many(
    reference: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], **options: Any
) -> pd.DataFrame:
    """Several spaces against one: a row per reference axis, the largest sum of correlations first.

    Args:
        reference: name of a target -> (n, K) rows of the reference space paired with that target's.
        targets: name -> (n, K') rows of the target.
        options: those of `match`.

    Returns:
        columns axis, then for each target `NAME` (its matched axis) and `NAME r`, and `sum`. Axes
        without a partner in some target are left out.
    """
    columns = []
    for name, values in targets.items():
        m = match(reference[name], values, **options)
        axes = pd.Index(m.first, name="axis")
        columns.append(pd.DataFrame({name: m.second, f"{name} r": m.r}, axes))
    table = pd.concat(columns, axis=1, join="inner")
    table["sum"] = table[[f"{name} r" for name in targets]].sum(axis=1)
    return table.sort_values("sum", ascending=False, kind="stable").reset_index()


def stability(reference: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """How surely each axis comes back (K,): median |r| with its partner in other runs.

    Args:
        reference: (V, K) of one run. others: the same rows by other seeds.

    >>> values = np.random.default_rng(0).normal(size=(60, 2))
    >>> stability(values, [-values[:, ::-1]]).round(9).tolist()
    [1.0, 1.0]
    """
    matched = np.zeros((len(others), reference.shape[1]))
    for r, other in zip(matched, others, strict=True):
        matching = match(reference, other, signed=False)
        r[matching.first] = matching.r
    return np.median(matched, axis=0)


def top_rows(values: np.ndarray, k: int = 5, listed: np.ndarray | None = None) -> np.ndarray:
    """The rows (K, k) of the words with the largest value on each axis, largest first.

    Args:
        values: (V, K) components.
        listed: (V,) bool, the words that may be named; None for all.
    """
    rows = np.arange(len(values)) if listed is None else np.flatnonzero(listed)
    if len(rows) < k:
        raise InputError(f"{len(rows)} words may be named, {k} wanted: lower k or min_count")
    return rows[np.argsort(-values[rows], axis=0, kind="stable")[:k].T]


def top_words(
    space: Components, axes: Sequence[int] | None = None, *, k: int = 5, min_count: int = 1
) -> pd.DataFrame:
    """The words with the largest normalised value on each axis: columns axis, rank, word, value.

    Args:
        space: with `words`. axes: None for all.
        min_count: rarer words are passed over; needs `counts`.
    """
    if space.words is None:
        raise InputError("components without words: fit with decomposition.fit_embedding")
    allowed = np.ones(len(space), bool)
    if min_count > 1 and space.counts is not None:
        allowed = np.asarray(space.counts) >= min_count
    if not (n_allowed := int(allowed.sum())):
        raise InputError(f"min_count={min_count} leaves none of {len(space):,} words: lower it")
    axes, table = list(range(space.n_axes) if axes is None else axes), []
    for axis in axes:
        column = space.normalised[:, axis]
        rows = top_rows(column[:, None], min(k, n_allowed), allowed)[0]
        table += [(int(axis), rank, space.words[r], column[r]) for rank, r in enumerate(rows)]
    return pd.DataFrame(table, columns=["axis", "rank", "word", "value"])


def label(space: Components, axis: int, k: int = 1, min_count: int = 1) -> str:
    """The name of an axis: its top words, joined by commas."""
    return ", ".join(top_words(space, [axis], k=k, min_count=min_count).word)
