"""Scores of models predicted from their coordinates by ridge regression, out of fold.

The paper's recipe: linear ridge with intercept, five outer folds that are grouped by family or
random, five seeds, an inner five-fold search of the penalty, predictions clipped to [0, 100], and
correlations over the pooled out-of-fold predictions. With M models and N texts, M << N, all is done
with the (M, M) inner products.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from lmnotes import errors
from lmnotes.errors import InputError, expect_finite, expect_shape, expect_weights, expect_whole
from lmnotes.models.maps.labels import expect_same_rows

# The published grid 10^1..10^9 stands beside ||q_i||^2 of about 1.5e7 nats^2 (10,000 texts, random
# pairs at 2.2 bits/byte); as multiples of the mean squared norm it is about this one.
TASK_PENALTIES = tuple(10.0**power for power in range(-6, 3))
MEAN_PENALTIES = tuple(10.0**power for power in range(-11, -2))  # published: 10^-4..10^4


@dataclass(frozen=True, repr=False)
class Prediction(errors.Shown):
    """Out-of-fold predictions of several targets with their correlations per seed."""

    predicted: np.ndarray  # (S, M, Q)
    r: np.ndarray  # (S, Q) Pearson, pooled over folds
    rho: np.ndarray  # (S, Q) Spearman
    penalties: np.ndarray  # (S, n_folds, Q) chosen, as multiples of the mean squared norm
    folds: np.ndarray  # (S, M) the fold of each model

    def table(self, targets: Sequence[str]) -> pd.DataFrame:
        """Mean and population standard deviation of r and rho over the seeds, a row per target."""
        columns = {"target": list(targets)}
        for name, values in (("r", self.r), ("rho", self.rho)):
            columns |= {name: values.mean(axis=0), f"{name} sd": values.std(axis=0)}
        return pd.DataFrame(columns)


def folds(n: int, n_folds: int, seed: int, groups: Sequence | None = None) -> np.ndarray:
    """The fold of each of n rows, (n,) in 0..n_folds-1, drawn by `seed`.

    Args:
        groups: (n,) names that must not be split between folds; the groups are shuffled and dealt
            out as the published program does, so folds may be of very uneven size.

    Raises `ValueError` where there are fewer rows or groups than folds.

    >>> fold = folds(4, 2, seed=0, groups=["a", "b", "a", "b"])
    >>> bool(fold[0] == fold[2] != fold[1])
    True
    """
    rng = np.random.default_rng(seed)
    names, member = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    what = "rows" if groups is None else "groups"
    expect_whole("n_folds", n_folds, 2, len(names), f"ask for fewer, or give more {what}")
    fold_of = np.empty(len(names), np.int64)
    for fold, chosen in enumerate(np.array_split(rng.permutation(len(names)), n_folds)):
        fold_of[chosen] = fold
    return fold_of[member]


def ridge(
    features: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    groups: Sequence | None = None,
    penalties: Sequence[float] = TASK_PENALTIES,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    n_folds: int = 5,
    limits: tuple[float, float] | None = (0.0, 100.0),
) -> Prediction:
    """Out-of-fold ridge predictions of the targets, for every seed of the folds.

    Args:
        features: (M, F), rows of Q, of the clipped L, or one column such as the mean.
        targets: (M, Q); where one is NaN, as the score of a model that was not asked, its row is
            left out for that column, and is NaN among the predictions.
        groups: (M,) families that outer folds keep together; None for random folds.
        penalties: as multiples of the mean squared norm of the centred training rows, searched by
            an inner five-fold cross-validation on random folds.
        limits: of the predictions; None for none.
    """
    inner, targets, penalties = _checked(features, targets, penalties)
    predicted, chosen, dealt = [], [], []
    for seed in seeds:
        fold = folds(len(inner), n_folds, seed, groups)
        # of few models: several threads take thirty times as long for 76 rows
        with threadpool_limits(1 if len(inner) < 500 else None, user_api="blas"):
            values, penalty = _of_known(inner, targets, fold, penalties, seed)
        predicted.append(values if limits is None else np.clip(values, *limits))
        chosen.append(penalty)
        dealt.append(fold)
    predicted = np.stack(predicted)
    r = np.stack([correlations(values, targets) for values in predicted])
    rho = np.stack([correlations(values, targets, ranks=True) for values in predicted])
    for column in np.flatnonzero(np.isnan(targets).any(axis=0)):
        known = ~np.isnan(targets[:, column])
        for s, values in enumerate(predicted[:, known, column, None]):
            r[s, column] = correlations(values, targets[known, column, None])[0]
            rho[s, column] = correlations(values, targets[known, column, None], ranks=True)[0]
    return Prediction(predicted, r, rho, np.stack(chosen), np.stack(dealt))


def penalty_path(
    features: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    groups: Sequence | None = None,
    penalties: Sequence[float] = TASK_PENALTIES,
    n_folds: int = 5,
    seed: int = 0,
    limits: tuple[float, float] | None = (0.0, 100.0),
) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's r for every penalty, (P, Q) each: of held-out rows, and of the rows fitted to.

    Arguments as of `ridge`; no penalty is chosen, all are shown. The second is the mean over folds.
    """
    inner, targets, penalties = _checked(features, targets, penalties)
    fold = folds(len(inner), n_folds, seed, groups)
    held, fitted = np.empty((len(penalties), *targets.shape)), []
    for number in range(n_folds):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        held[:, test] = _paths(inner, targets, train, test, penalties)
        own = _paths(inner, targets, train, train, penalties)
        fitted.append([correlations(values, targets[train]) for values in own])
    held = held if limits is None else np.clip(held, *limits)
    return np.stack([correlations(values, targets) for values in held]), np.mean(fitted, axis=0)


def correlations(first: npt.ArrayLike, second: npt.ArrayLike, ranks: bool = False) -> np.ndarray:
    """Pearson's r (or, of ranks, Spearman's rho) of each column with its column, (Q,).

    A column without spread correlates with nothing and gives 0; one with NaN gives NaN.

    >>> correlations([[1.0], [2], [4]], [[1.0], [2], [3]], ranks=True).round(12).tolist()
    [1.0]
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if ranks:
        first, second = rankdata(first, axis=0), rankdata(second, axis=0)
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    size = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    return np.divide((first * second).sum(axis=0), size, out=np.zeros_like(size), where=size != 0)


def reliability(scores: np.ndarray) -> float:
    """The share of the models' differences in mean score that is not chance, at most 1.

    Args:
        scores: (M, N) of M models at N items.

    One less the mean square of what neither model nor item explains, over N, by the variance of
    the means. At 0 or below models differ no more than by the noise of their items.

    >>> reliability(np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 2.0]]))
    1.0
    """
    means = scores.mean(axis=1)
    rest = scores - means[:, None] - scores.mean(axis=0) + scores.mean()
    noise = (rest**2).sum() / (len(scores) - 1) / (scores.shape[1] - 1) / scores.shape[1]
    spread = means.var(ddof=1)
    return float(1 - noise / spread) if spread > 0 else 0.0


def leakage(
    mean_log_likelihood: Sequence[float] | np.ndarray, task_mean: npt.ArrayLike
) -> np.ndarray:
    """z(mean log-likelihood) - z(task mean) of each model, (M,), in standard deviations.

    High where a model finds the texts more likely than its ability explains. The paper compares
    the two standardised values; its exact statistic and threshold are not known.

    >>> leakage([1.0, 2, 3], [3.0, 2, 1]).round(3).tolist()
    [-2.449, 0.0, 2.449]
    """
    expect_shape("task_mean", np.asarray(task_mean), f"({len(mean_log_likelihood)},)")
    both = np.array([mean_log_likelihood, task_mean], np.float64)  # (2, M)
    expect_finite("values", both, "drop those models")
    spread = both.std(axis=1, keepdims=True)
    z = (both - both.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    return z[0] - z[1]


def _checked(features, targets, penalties) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inner products (M, M) of the rows, the targets (M, Q) and the penalties (P,)."""
    expect_same_rows(features, targets)
    features, targets = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    expect_shape("features", features, "(M, F)")
    then = "give the same models in the same order"
    expect_shape("targets", targets, f"({len(features)}, Q)", then)
    expect_finite("features", features, "drop those models")
    expect_finite("targets", np.nan_to_num(targets, nan=0.0, posinf=np.inf), "drop those models")
    penalties = np.asarray(penalties, np.float64)
    expect_weights("penalties", penalties, max(len(penalties), 1))
    features = features - features.mean(axis=0)  # nothing but digits: every fold centres again
    return features @ features.T, targets, penalties


def _of_known(inner, targets, fold, penalties, seed) -> tuple[np.ndarray, np.ndarray]:
    """`_out_of_fold`, each column by the rows in which it is known; the others' are NaN."""
    known = ~np.isnan(targets)
    predicted = np.full_like(targets, np.nan)
    chosen = np.empty((fold.max() + 1, targets.shape[1]))
    for pattern in np.unique(known, axis=1).T:
        columns, rows = (known == pattern[:, None]).all(axis=0), np.flatnonzero(pattern)
        if len(left := np.setdiff1d(fold, fold[rows])):
            given = f"a target is known of {len(rows)} models, and of none in fold {left[0]}"
            raise InputError(f"{given}; expected some in each fold: leave that column out")
        part = (inner[np.ix_(rows, rows)], targets[np.ix_(rows, columns)], fold[rows])
        predicted[np.ix_(rows, columns)], chosen[:, columns] = _out_of_fold(*part, penalties, seed)
    return predicted, chosen


def _out_of_fold(
    inner: np.ndarray, targets: np.ndarray, fold: np.ndarray, penalties: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions (M, Q) by models that did not see the row, and penalties (n_folds, Q)."""
    predicted = np.empty_like(targets)
    chosen = []
    for number in range(fold.max() + 1):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        best = _best_penalty(inner, targets, train, penalties, seed)
        paths = _paths(inner, targets, train, test, penalties)  # (P, n_test, Q)
        predicted[test] = np.take_along_axis(paths, best[None, None, :], axis=0)[0]
        chosen.append(penalties[best])
    return predicted, np.stack(chosen)


def _best_penalty(
    inner: np.ndarray, targets: np.ndarray, train: np.ndarray, penalties: np.ndarray, seed: int
) -> np.ndarray:
    """The index of the penalty with the least squared error in five inner folds, (Q,)."""
    inner_fold = folds(len(train), min(5, len(train)), seed)
    errors = np.zeros((len(penalties), targets.shape[1]))
    for number in range(inner_fold.max() + 1):
        fit, held = train[inner_fold != number], train[inner_fold == number]
        errors += ((_paths(inner, targets, fit, held, penalties) - targets[held]) ** 2).sum(axis=1)
    return errors.argmin(axis=0)


def _paths(
    inner: np.ndarray, targets: np.ndarray, train: np.ndarray, test: np.ndarray, penalties
) -> np.ndarray:
    """Predictions at the test rows for every penalty, (P, n_test, Q), by one eigendecomposition."""
    gram = inner[np.ix_(train, train)]
    means = gram.mean(axis=0)
    gram = gram - means - means[:, None] + gram.mean()
    values, vectors = np.linalg.eigh(gram)
    cross = inner[np.ix_(test, train)]
    cross = cross - cross.mean(axis=1, keepdims=True) - means + means.mean()
    centre = targets[train].mean(axis=0)
    rotated = vectors.T @ (targets[train] - centre)  # (n, Q)
    seen = cross @ vectors  # (n_test, n)
    scale = max(np.trace(gram) / len(train), np.finfo(float).tiny)
    shrunk = rotated / (np.maximum(values, 0)[:, None] + scale * penalties[:, None, None])
    return centre + seen @ shrunk
