"""How far distances hang on a few texts or models: tails, errors over texts, and over models."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from lmnotes import statistics
from lmnotes.errors import InputError, expect_between, expect_finite, expect_shape, expect_whole
from lmnotes.models.maps.labels import expect_same_rows, labelled
from lmnotes.models.maps.prediction import correlations


@labelled("rows")
def top_share(differences: npt.ArrayLike, share: float = 0.01) -> np.ndarray | float:
    """The part of ||d||^2 that the largest `share` of the texts carries, (...,) of (..., N).

    Args:
        differences: (..., N) nats, such as q_i - q_j. At least one text is counted.

    >>> float(top_share(np.array([3.0, -1, 1, 1]), share=0.25))
    0.75
    """
    expect_between("share", share, 0, 1)
    squared = np.sort(np.asarray(differences, np.float64) ** 2, axis=-1)
    n = max(1, round(share * squared.shape[-1]))
    total = squared.sum(axis=-1)
    top = squared[..., -n:].sum(axis=-1)
    return np.divide(top, total, out=np.zeros_like(total), where=total != 0)[()]


@labelled("rows")
def kurtosis(differences: npt.ArrayLike) -> np.ndarray | float:
    """E[(d - Ed)^4] / Var(d)^2 along the last axis: 3 for a normal law, large for heavy tails.

    >>> float(kurtosis(np.array([1.0, -1, 1, -1])))
    1.0
    """
    return stats.kurtosis(np.asarray(differences, np.float64), axis=-1, fisher=False)


@labelled("rows")
def relative_error(differences: np.ndarray) -> np.ndarray | float:
    """The relative standard error of the variance of d over N texts, sqrt((kurtosis - 1) / N).

    >>> float(relative_error(np.array([1.0, -1, 1, -1])))
    0.0
    """
    return np.sqrt(np.maximum(kurtosis(differences) - 1, 0) / np.shape(differences)[-1])


def bootstrap(
    differences: npt.ArrayLike,
    blocks: np.ndarray | None = None,
    n_samples: int = 500,
    seed: int = 0,
) -> np.ndarray:
    """Var(d) / 2 in nats over texts that are drawn anew, singly or in blocks, (P, n_samples).

    Args:
        differences: (P, N) nats, a row per pair of models, such as `pair_differences` gives.
        blocks: as in `drawn_shares`. The draws are the same for all pairs, and for all calls with
            the same seed and blocks; the mean is taken out of every draw again.
    """
    values = np.atleast_2d(np.asarray(differences, np.float64))  # (P, N)
    return half_variance(values, drawn_shares(values.shape[1], blocks, n_samples, seed))


def drawn_shares(n: int, blocks: npt.ArrayLike | None, n_samples: int, seed: int) -> np.ndarray:
    """The share of each of n texts in every draw of their blocks, (n, n_samples).

    blocks: (n,) labels, such as the document that each text is cut from; texts of a block come and
        go together. None draws single texts.
    """
    expect_whole("n_samples", n_samples, 2)
    labels = np.arange(n) if blocks is None else np.asarray(blocks)
    names, block, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if labels.shape != (n,) or len(names) < 2:
        given = f"blocks of shape {labels.shape} with {len(names)} labels for {n} texts were given"
        then = "give the texts' source"
        raise InputError(f"{given}; expected a label per text, two or more different: {then}")
    even, rng = np.full(len(names), 1 / len(names)), np.random.default_rng(seed)
    counts = rng.multinomial(len(names), even, size=n_samples).T.astype(np.float64)
    return (counts / (sizes @ counts))[block]


def half_variance(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Var / 2 of each row of (P, N) over every draw of `drawn_shares`, (P, n_samples)."""
    values = values - values.mean(axis=1, keepdims=True)  # else digits are lost to the mean
    return np.maximum(values**2 @ shares - (values @ shares) ** 2, 0) / 2


def pair_differences(log_likelihood: npt.ArrayLike, pairs: npt.ArrayLike) -> np.ndarray:
    """l_i - l_j, centred over the texts, for each row (i, j) of `pairs`, (P, N) nats."""
    values, pairs = np.asarray(log_likelihood, np.float64), np.asarray(pairs)
    differences = values[pairs[:, 0]] - values[pairs[:, 1]]
    return differences - differences.mean(axis=1, keepdims=True)


def over_models(
    statistic: Callable[[np.ndarray], float], pairs: npt.ArrayLike, n: int = 1000, seed: int = 0
) -> np.ndarray:
    """A statistic of pairs of models over models drawn anew with replacement, (n,) draws.

    Args:
        statistic: takes an array of rows of `pairs`, some of them more than once.
        pairs: (P, 2) names or numbers of the models of each; twice the same where a single one,
            such as a run, stands behind it. A pair comes as often as both its models are drawn
            together. Pairs share models, so that draws of pairs would spread too little.

    >>> draws = over_models(lambda rows: len(rows), np.array([["a", "b"]]), n=3)
    >>> bool((draws == 1).all())
    True
    """
    rng, draws = np.random.default_rng(seed), list[float]()
    models, place = np.unique(np.asarray(pairs).astype(str), return_inverse=True)
    place, even = place.reshape(-1, 2), np.full(len(models), 1 / len(models))
    while len(draws) < n:
        first, second = rng.multinomial(len(models), even)[place].T
        times = np.where(place[:, 0] == place[:, 1], first, first * second)
        if times.any():
            draws.append(statistic(np.repeat(np.arange(len(place)), times)))
    return np.array(draws)


def agreement(
    first: np.ndarray, second: np.ndarray, *, ranks: bool = False, n: int = 1000, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """The correlation of two (M, M) matrices over pairs of models; 95 % interval over models.

    Args:
        first, second: distances or divergences; what is not symmetric is made so.
        ranks: Spearman's instead of Pearson's.
        n: draws of M models with replacement. Pairs that are drawn twice count once, a model with
            itself never; pairs share models, so an interval over pairs would be too narrow.
    """
    expect_same_rows(first, second)
    a, b = (np.asarray(values, np.float64) for values in (first, second))
    for values in (a, b):
        expect_shape("the distances", values, "(M, M)", "take maps.kl of log-likelihoods")
        expect_finite("the distances", values)
    expect_shape("second", b, f"({len(a)}, {len(a)})", "select the same models in both")
    a, b = (a + a.T) / 2, (b + b.T) / 2
    rng = np.random.default_rng(seed)
    draws: list[float] = []
    while len(draws) < n and len(a) > 2:
        drawn = np.unique(rng.integers(len(a), size=len(a)))
        if len(drawn) > 2:
            block = np.ix_(drawn, drawn)
            draws.append(pair_correlation(a[block], b[block], ranks))
    value = pair_correlation(a, b, ranks)
    return value, statistics.interval_holding(value, draws or [value])


def pair_correlation(first: np.ndarray, second: np.ndarray, ranks: bool = False) -> float:
    """The correlation of the entries above the diagonals of two (M, M) matrices."""
    upper = np.triu_indices(len(first), 1)
    return float(correlations(first[upper][:, None], second[upper][:, None], ranks)[0])
