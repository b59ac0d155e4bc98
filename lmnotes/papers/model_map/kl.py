"""Is the squared distance a KL divergence? Exact and sampled KL beside the variance formula.

Var(l_i - l_j) / 2 is KL to second order, where p_i, p_j and the texts' own distribution are close.
With several domains the variance has a part between domains that grows with the square of the
length of the texts, while KL grows with the length itself; hence the comparison by length.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmnotes.models.maps import coordinates as maps


def unigram_kl(p: np.ndarray, q: np.ndarray, n: int = 1) -> float:
    """KL(p || q) of texts of n symbols drawn one by one, in nats: n sum p log(p / q).

    >>> round(unigram_kl([0.5, 0.5], [0.25, 0.75], n=2), 4)
    0.2877
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    return float(n * _kl_rows(p[None], q[None])[0])


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
    counts = [
        np.bincount(
            np.frombuffer(
                "".join(t for t, g in zip(texts, groups, strict=True) if g == one).encode(),
                np.uint8,
            ),
            minlength=256,
        )
        for one in sorted(set(groups))
    ]
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
    here = np.asarray(start[0], np.float64)
    forward = np.asarray(step[0], np.float64)
    per_step = _kl_rows(forward, np.asarray(step[1], np.float64))  # (V,)
    parts = [_kl_rows(here[None], np.asarray(start[1], np.float64)[None])[0]]
    for _ in range(n - 1):
        parts.append(here @ per_step)
        here = here @ forward
    return np.cumsum(parts)


def sampled_kl(own: np.ndarray, other: np.ndarray, lengths: Sequence[int]) -> pd.DataFrame:
    """KL(p_i || p_j) in nats of texts of each length, with its standard error, from draws of p_i.

    Args:
        own, other: (N, T) log-probabilities of the same drawn symbols under p_i and p_j, nats.
        lengths: each at most T; the first so many symbols of every draw are used.
    """
    ratio = np.cumsum(np.asarray(own, np.float64) - np.asarray(other, np.float64), axis=1)
    lengths = _checked(lengths, ratio.shape[1])
    found = ratio[:, lengths - 1]  # (N, L)
    return pd.DataFrame(
        {
            "n_bytes": lengths,
            "kl": found.mean(axis=0),
            "error": found.std(axis=0, ddof=1) / np.sqrt(len(found)),
        }
    )


def variance_kl(
    first: np.ndarray, second: np.ndarray, lengths: Sequence[int], domains: Sequence
) -> pd.DataFrame:
    """Var(l_i - l_j) / 2 in nats over the beginnings of texts, all of it and that within domains.

    Args:
        first, second: (N, T) log-probabilities of the symbols of the same texts, nats.
        lengths: each at most T. domains: (N,).
    """
    ratio = np.cumsum(np.asarray(first, np.float64) - np.asarray(second, np.float64), axis=1)
    lengths = _checked(lengths, ratio.shape[1])
    total = ratio[:, lengths - 1].T  # (L, N)
    within = maps.centre_within(total, domains)
    return pd.DataFrame(
        {
            "n_bytes": lengths,
            "total": total.var(axis=1) / 2,
            "within": (within**2).mean(axis=1) / 2,
        }
    )


def conditional_kl(first: np.ndarray, second: np.ndarray) -> float:
    """The sum over a text's places of KL between two models' next-symbol laws, mean over texts.

    Args:
        first, second: (N, T, V) log-probabilities, nats. The contexts are those of the given texts,
            not of the first model's own.
    """
    first, second = np.asarray(first), np.asarray(second)
    return float((np.exp(first) * (first - second)).sum(axis=(1, 2), dtype=np.float64).mean())


def _kl_rows(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """KL of each row of p from that of q, (R,) nats; 0 log 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)


def _checked(lengths: Sequence[int], longest: int) -> np.ndarray:
    lengths = np.asarray(lengths, np.int64)
    if not len(lengths) or lengths.min() < 1 or lengths.max() > longest:
        raise ValueError(
            f"lengths {lengths.tolist()} were asked of texts of {longest} symbols; expected "
            f"1..{longest}: ask for shorter ones or give longer texts"
        )
    return lengths
