"""Which texts a map needs, core as any ledger may ask: distances from a weighted draw of them.

M. Oyama, R. Kishino, H. Yamagiwa and H. Shimodaira, "Likelihood Variance as Text Importance for
Resampling Texts to Map Language Models", Findings of EMNLP 2025, arXiv 2505.15428.

The target is G[i, j] = ||q_i - q_j||^2 (nats^2, a sum over all N texts) of the double-centred
log-likelihoods Q. A draw of n texts with replacement and probabilities pi holds d <= n distinct
ones; they are what must be scored, and w_t = sqrt(c_t / (n pi_t)) makes up for the rest.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lmnotes import errors
from lmnotes.errors import InputError, expect_between, expect_one_of, expect_shape, expect_weights
from lmnotes.models.maps.labels import labelled

METHODS = ("uniform", "LS", "KL")
Method = Literal["uniform", "LS", "KL"]
Generator = Literal["pcg64", "published"]


@dataclass(frozen=True, repr=False)
class Draw(errors.Shown):
    """n texts drawn with replacement, kept as d distinct ones with their counts and weights."""

    texts: np.ndarray  # (d,) int64, increasing
    counts: np.ndarray  # (d,) int64, how often each was drawn; they add up to n
    weights: np.ndarray  # (d,) float64, w_t = sqrt(c_t / (n pi_t))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def n(self) -> int:
        """How many times was drawn."""
        return int(self.counts.sum())


@labelled("columns")
def fourth_powers(Q: npt.ArrayLike) -> np.ndarray:
    """The sum over pairs of models of (Q[i, s] - Q[j, s])^4 for every text s, (N,), nats^4.

    By power sums over models, 2 M S4 - 8 S1 S3 + 6 S2^2, in O(M N). Columns are centred first,
    which moves no difference and leaves no negative term.

    >>> fourth_powers(np.array([[0.0], [1.0], [3.0]]))  # twice 1 + 16 + 81
    array([196.])
    """
    Q = np.asarray(Q, dtype=np.float64)
    Q = Q - Q.mean(axis=0)
    squared = Q * Q
    s1, s2, s3, s4 = (power.sum(axis=0) for power in (Q, squared, squared * Q, squared**2))
    return np.maximum(2 * len(Q) * s4 - 8 * s1 * s3 + 6 * s2**2, 0.0)


@labelled("columns")
def importance(
    Q: npt.ArrayLike, method: Method = "LS", *, uniform_share: float = 0.0
) -> np.ndarray:
    """The probability pi of every text, (N,), adding up to 1.

    Args:
        Q: (M, N) double-centred log-likelihoods, clipped before centring: a single text far below
            the others would take all the mass.
        method: `uniform`; `LS`, in proportion to the variance over models; `KL`, to the root of
            the fourth-power sum, which gives the smallest total variance of all distances.
        uniform_share: 0..1, how much of the mass is spread evenly. Without it a text on which the
            known models agree is hardly ever drawn, whatever a new model may think of it.

    Raises `ValueError` for another method, and where all models agree on all texts.

    >>> importance(np.array([[1.0, 2.0], [-1.0, -2.0]]), "LS")
    array([0.2, 0.8])
    """
    Q = np.asarray(Q, dtype=np.float64)
    expect_one_of("method", method, METHODS)
    even = np.full(Q.shape[1], 1 / Q.shape[1])
    if method == "uniform":
        return even
    score = (Q**2).sum(axis=0) if method == "LS" else np.sqrt(fourth_powers(Q))
    return normalised(score, uniform_share=uniform_share)


def normalised(score: npt.ArrayLike, *, uniform_share: float = 0.0) -> np.ndarray:
    """Probabilities in proportion to scores, with a share of the mass spread evenly, (N,).

    >>> normalised(np.array([0.0, 4.0]), uniform_share=0.5)
    array([0.25, 0.75])
    """
    score = np.asarray(score, dtype=np.float64)
    expect_between("uniform_share", uniform_share, 0, 1)
    total = score.sum()
    if not (np.isfinite(total) and total > 0 and score.min() >= 0):
        given = f"scores add up to {total}, the smallest is {score.min()}"
        raise InputError(f"{given}; expected none negative, one positive: do all models agree?")
    return (1 - uniform_share) * score / total + uniform_share / len(score)


def picks(pi: np.ndarray, n: int, *, seed: int = 42, generator: Generator = "pcg64") -> np.ndarray:
    """The n texts of a draw in the order in which they came, (n,), some of them more than once."""
    expect_one_of("generator", generator, ("pcg64", "published"))
    random = np.random.RandomState if generator == "published" else np.random.default_rng
    return random(seed).choice(len(pi), size=n, replace=True, p=pi)


def draw(pi: npt.ArrayLike, n: int, *, seed: int = 42, generator: Generator = "pcg64") -> Draw:
    """n texts drawn with replacement with probabilities pi, as distinct ones with weights.

    Args:
        pi: (N,) probabilities.
        n: how many to draw; the number of distinct texts is smaller.
        seed: the paper's run r has seed 42 + r.
        generator: `published` draws what the authors' program drew, by NumPy's legacy generator;
            there two draws with the same seed and pi begin alike, whatever their n.

    >>> chosen = draw(np.array([0.5, 0.5, 0.0]), 4, seed=42, generator="published")
    >>> chosen.texts, chosen.counts
    (array([0, 1]), array([1, 3]))
    """
    pi = np.asarray(pi, dtype=np.float64)
    expect_between("n", n, low=1)
    texts, counts = np.unique(picks(pi, n, seed=seed, generator=generator), return_counts=True)
    return Draw(texts, counts, np.sqrt(counts / (n * pi[texts])))


def everything(n_texts: int) -> Draw:
    """Every text once, with weight 1: the draw that leaves nothing to chance.

    >>> everything(2).weights
    array([1., 1.])
    """
    return Draw(np.arange(n_texts), np.ones(n_texts, dtype=np.int64), np.ones(n_texts))


@labelled("rows", "columns")
def coordinates(L: npt.ArrayLike, weights: np.ndarray) -> np.ndarray:
    """The resampled coordinates Qtilde[i, t] = w_t (L[i, t] - m_i), (M, d), root of nats^2.

    Args:
        L: (M, d) clipped log-likelihoods of the distinct texts only, nats; new models need no
            others.
        weights: (d,) of the draw.

    The row mean m_i is estimated from the same texts, which makes squared distances too small by a
    share of about 1/n.

    >>> L = np.array([[-1.0, -3.0], [-2.0, -2.0]])
    >>> coordinates(L, everything(2).weights)
    array([[ 1., -1.],
           [ 0.,  0.]])
    """
    L = np.asarray(L, dtype=np.float64)
    expect_shape("L", L, f"(M, {len(weights)})", "select L[:, drawn.texts] first")
    squared = expect_weights("weights", weights, L.shape[-1]) ** 2
    return (L - (L @ squared / squared.sum())[:, None]) * weights


@labelled("rows", "rows")
def squared_distances(points: npt.ArrayLike) -> np.ndarray:
    """The squared Euclidean distances between rows, (M, M), by the Gram matrix, never negative.

    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[ 0., 25.],
           [25.,  0.]])
    """
    points = np.asarray(points, dtype=np.float64)
    points = points - points.mean(axis=0)  # smaller norms, fewer digits lost
    squares = np.einsum("ij,ij->i", points, points)
    squared = np.maximum(-2 * (points @ points.T) + squares[:, None] + squares, 0)
    np.fill_diagonal(squared, 0)
    return squared


@labelled("rows", "rows")
def distances(Q: npt.ArrayLike, drawn: Draw) -> np.ndarray:
    """The unbiased estimate of G from the columns of a known Q, (M, M), nats^2 over all N texts.

    Gtilde[i, j] = sum_t w_t^2 (Q[i, u_t] - Q[j, u_t])^2. New models have no Q: take
    `squared_distances(coordinates(L[:, drawn.texts], drawn.weights))`.

    >>> distances(np.array([[1.0, 0.0], [0.0, 0.0]]), everything(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return squared_distances(np.asarray(Q)[:, drawn.texts] * drawn.weights)


def expected_distinct(pi: npt.ArrayLike, n: int | np.ndarray) -> float | np.ndarray:
    """How many distinct texts n draws hold on average, sum_s 1 - (1 - pi_s)^n.

    >>> round(expected_distinct(np.full(10_000, 1e-4), 10_000))
    6321
    """
    n = np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore"):  # 0 draws hold nothing of a text that has all the mass
        never = np.maximum(np.log1p(-np.asarray(pi, dtype=np.float64)), -1e300)
    expected = -np.expm1(n[..., None] * never).sum(axis=-1)
    return expected if n.ndim else float(expected)


def draws_for(pi: np.ndarray, d: float) -> int:
    """How many draws hold d distinct texts on average: the smallest n with E[d] >= d.

    Raises `ValueError` for d not below the number of texts that have mass.

    >>> draws_for(np.full(10_000, 1e-4), 2_212)
    2500
    """
    possible = np.count_nonzero(expect_weights("pi", pi, len(pi)))
    if not 0 < d < possible:
        raise InputError(f"{d} distinct texts of the {possible} that can be drawn: ask for fewer")
    high = 1
    while expected_distinct(pi, high) < d:
        high *= 2
    return bisect_left(range(high + 1), d, high // 2, key=lambda n: float(expected_distinct(pi, n)))


def inequality(pi: np.ndarray) -> float:
    """How unequal importances are: N sum pi^2, one plus their squared coefficient of variation.

    1 for equal ones. For LS it is N sum S2^2 / (sum S2)^2; where it is near 1 there is nothing to
    gain.

    >>> inequality(np.array([0.5, 0.5])), inequality(np.array([1.0, 0.0]))
    (1.0, 2.0)
    """
    pi = expect_weights("pi", pi, len(pi))
    return float(len(pi) * (pi**2).sum() / pi.sum() ** 2)
