"""How far a distance between models hangs on a few texts: tails, and errors over texts."""

import numpy as np
from scipy import stats

from lmnotes.errors import expect_between, expect_whole


def top_share(differences: np.ndarray, share: float = 0.01) -> np.ndarray | float:
    """The part of ||d||^2 that the largest `share` of the texts carries, (...,) of (..., N).

    Args:
        differences: (..., N) nats, such as q_i - q_j. At least one text is counted.

    >>> top_share(np.array([3.0, -1, 1, 1]), share=0.25)
    0.75
    """
    expect_between("share", share, 0, 1)
    squared = np.sort(np.asarray(differences, np.float64) ** 2, axis=-1)
    n = max(1, round(share * squared.shape[-1]))
    total = squared.sum(axis=-1)
    top = squared[..., -n:].sum(axis=-1)
    shares = np.divide(top, total, out=np.zeros_like(total), where=total != 0)
    return shares.item() if shares.ndim == 0 else shares


def kurtosis(differences: np.ndarray) -> np.ndarray | float:
    """E[(d - Ed)^4] / Var(d)^2 along the last axis: 3 for a normal law, large for heavy tails.

    >>> kurtosis(np.array([1.0, -1, 1, -1]))
    1.0
    """
    values = stats.kurtosis(np.asarray(differences, np.float64), axis=-1, fisher=False)
    return values.item() if np.ndim(values) == 0 else values


def relative_error(differences: np.ndarray) -> np.ndarray | float:
    """The relative standard error of the variance of d over N texts, sqrt((kurtosis - 1) / N).

    >>> relative_error(np.array([1.0, -1, 1, -1]))
    0.0
    """
    n = np.shape(differences)[-1]
    errors = np.sqrt(np.maximum(np.asarray(kurtosis(differences)) - 1, 0) / n)
    return errors.item() if errors.ndim == 0 else errors


def bootstrap(
    differences: np.ndarray, n_samples: int = 500, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Var(d) / 2 of texts drawn anew, their standard error and all draws: (P,) and (P, n_samples).

    Args:
        differences: (P, N) nats, a row per pair of models. Texts are drawn with replacement, the
            same ones for every pair, and the mean is taken out of every draw again.
    """
    expect_whole("n_samples", n_samples, 2)
    values = np.atleast_2d(np.asarray(differences, np.float64))  # (P, N)
    n = values.shape[1]
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_samples).T / n  # (N, n_samples)
    draws = (values**2 @ weights - (values @ weights) ** 2) / 2
    return draws.std(axis=1, ddof=1), draws


def pair_differences(log_likelihood: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """l_i - l_j, centred over the texts, for each row (i, j) of `pairs`, (P, N) nats."""
    values, pairs = np.asarray(log_likelihood, np.float64), np.asarray(pairs)
    differences = values[pairs[:, 0]] - values[pairs[:, 1]]
    return differences - differences.mean(axis=1, keepdims=True)
