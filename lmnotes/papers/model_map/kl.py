"""Is the squared distance a KL divergence? Exact and sampled KL beside the variance formula.

Var(l_i - l_j) / 2 is KL to second order, where p_i, p_j and the texts' own distribution are close.
With several domains the variance has a part between domains that grows with the square of the
length of the texts, while KL grows with the length itself; hence the comparison by length.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import rel_entr
from scipy.stats import sem

from lmnotes.errors import expect_between
from lmnotes.models.maps import coordinates as maps


def unigram_kl(p: np.ndarray, q: np.ndarray, n: int = 1) -> float:
    """KL(p || q) of texts of n symbols drawn one by one, in nats: n sum p log(p / q).

    >>> round(unigram_kl([0.5, 0.5], [0.25, 0.75], n=2), 4)
    0.2877
    """
    return float(n * rel_entr(p, q).sum())


def unigram_variance(
    p: np.ndarray, q: np.ndarray, n: int = 1, origin: np.ndarray | None = None
) -> float:
    """Var(log p(x) / q(x)) / 2 of texts of n symbols drawn one by one from `origin`, exactly.

    Args:
        origin: (V,) the distribution of the texts; p where it is None.

    >>> round(unigram_variance([0.5, 0.5], [0.25, 0.75], n=2), 4)
    0.3017
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    weights = p if origin is None else np.asarray(origin, np.float64)
    ratio = np.log(p / q)
    return float(n * (weights @ ratio**2 - (weights @ ratio) ** 2) / 2)


def unigrams(texts: Sequence[str], groups: Sequence) -> np.ndarray:
    """The share of every byte in the texts of each group, (G, 256), groups in sorted order; half a
    byte of each kind is added, so that none has probability zero."""
    joined = pd.Series(list(texts)).groupby(np.asarray(groups)).sum()
    counts = [np.bincount(np.frombuffer(t.encode(), np.uint8), minlength=256) for t in joined]
    smoothed = np.stack(counts) + 0.5
    return smoothed / smoothed.sum(axis=1, keepdims=True)


def approach(first: np.ndarray, second: np.ndarray, origin: np.ndarray, n: int) -> pd.DataFrame:
    """A model of independent symbols moved towards another: exact KL from where it was, and the
    variance estimate on texts of n symbols from halfway between and from `origin`; nats."""
    rows = []
    for share in np.geomspace(0.01, 1, 13):
        moved = (1 - share) * first + share * second
        exact = unigram_kl(first, moved, n)
        half = unigram_variance(first, moved, n, (first + moved) / 2)
        rows.append((share, exact, half, unigram_variance(first, moved, n, origin)))
    return pd.DataFrame(rows, columns=["share", "exact", "halfway", "foreign"])


def sampled_kl(ratio: np.ndarray, exact: np.ndarray, lengths: Sequence[int]) -> pd.DataFrame:
    """KL(p_i || p_j) in nats of texts of each length by draws of p_i: n_bytes, kl and its standard
    error from the exact KL of the next symbol at each place (Rao-Blackwell), monte_carlo and its
    error from the log-ratios.

    Args:
        ratio, exact: (S, T) of `models.sampling.compare_along`, nats.
        lengths: each at most T; the first so many symbols of every draw are used.
    """
    table = {"n_bytes": lengths}
    for name, error, values in (
        ("kl", "error", exact),
        ("monte_carlo", "monte_carlo_error", ratio),
    ):
        sums = beginnings(values, lengths)  # (L, S)
        table |= {name: sums.mean(axis=1), error: sem(sums, axis=1)}
    return pd.DataFrame(table)


def variance_kl(
    first: np.ndarray, second: np.ndarray, lengths: Sequence[int], domains: Sequence
) -> pd.DataFrame:
    """Var(l_i - l_j) / 2 in nats over the beginnings of texts, all of it and that within domains.

    Args:
        first, second: (N, T) log-probabilities of the symbols of the same texts, nats.
        lengths: each at most T. domains: (N,).
    """
    total = beginnings(np.subtract(first, second, dtype=np.float64), lengths)
    within = (maps.centre_within(total, domains) ** 2).mean(axis=1) / 2
    return pd.DataFrame({"n_bytes": lengths, "total": total.var(axis=1) / 2, "within": within})


def beginnings(values: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """The sums of (N, T) over the first so many symbols of every text, (L, N)."""
    sums = np.cumsum(values, axis=1, dtype=np.float64)
    for length in lengths:
        expect_between("length", length, 1, sums.shape[1], "ask for no more than the texts have")
    return sums[:, np.asarray(lengths) - 1].T
