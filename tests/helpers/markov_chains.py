"""Exact divergence of Markov chains, for the tests of what samples it."""

import numpy as np
from scipy.special import rel_entr


def chain_kl(
    start: tuple[np.ndarray, np.ndarray], step: tuple[np.ndarray, np.ndarray], n: int
) -> np.ndarray:
    """KL(p || q) in nats of the first 1..n symbols of two Markov chains, exactly, (n,).

    Args:
        start: (V,) distribution of the first symbol under p and under q.
        step: (V, V) next given last symbol under p and under q, rows sum to 1; a bigram model.

    >>> fair, loaded = np.full((2, 2), 0.5), np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> chain_kl((fair[0], fair[0]), (fair, loaded), 3).round(4).tolist()
    [0.0, 0.0719, 0.1438]
    """
    symbol, parts = np.asarray(start[0], np.float64), [rel_entr(*start).sum()]
    per_step = rel_entr(*step).sum(axis=1)  # (V,)
    for _ in range(n - 1):
        parts.append(symbol @ per_step)
        symbol = symbol @ step[0]
    return np.cumsum(parts)
