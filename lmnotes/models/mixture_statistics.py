"""What seeds and texts say of a mixture: paired tests of two rules, and intervals of weights.

The unit is the seed of the base model: every rule starts from the same base and reads from the same
places as uniform does, so that differences are taken within seeds. Pure functions of arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

_MOST_EXACT = 16  # seeds whose 2^S patterns of signs are all looked at
_N_PATTERNS = 1 << 16  # of more seeds so many are drawn


@dataclass(frozen=True)
class PairedTest:
    """How two rules differ over seeds, in the unit of what was compared.

    mean, sd: of the differences, first less second; low, high: 95 % interval of the mean by
    Student's t; n_below: seeds where the first is smaller; t, p_t: paired t test; p_flip: sign-flip
    test, two-sided, at least 2 / 2^S; n_seeds: S.
    """

    mean: float
    sd: float
    low: float
    high: float
    n_below: int
    t: float
    p_t: float
    p_flip: float
    n_seeds: int

    def __str__(self) -> str:
        return (
            f"{self.mean:+.3g} [{self.low:+.3g}, {self.high:+.3g}], smaller in {self.n_below} of "
            f"{self.n_seeds} seeds, p = {self.p_t:.2g} (t), {self.p_flip:.2g} (sign flips)"
        )


def paired_test(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> PairedTest:
    """The paired test of two rules over S seeds.

    Args:
        first, second: (S,) or (S, targets) of the same seeds in the same order, for example KL to
            the target in bits per byte. Several targets are averaged first within a seed, whose
            base they share, so signs are flipped for all of them at once.
        seed: of the sign patterns, where there are more than 16 seeds.

    Raises ValueError with fewer than two seeds or with other seeds on the two sides.

    >>> found = paired_test([1.0, 2.0, 3.0], [2.0, 4.0, 4.0])
    >>> round(found.mean, 3), found.n_below, found.p_flip
    (-1.333, 3, 0.25)
    """
    from scipy import stats

    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim not in (1, 2) or len(first) < 2:
        raise ValueError(
            f"values of shapes {first.shape} and {second.shape} were given; expected the same two "
            "or more seeds on both sides: run both rules on each seed"
        )
    differences = (first - second).reshape(len(first), -1).mean(axis=1)
    n, mean, sd = len(differences), differences.mean(), differences.std(ddof=1)
    error = sd / np.sqrt(n)
    reach = stats.t.ppf(0.975, n - 1) * error
    t = mean / error if error > 0 else np.copysign(np.inf, mean) if mean else 0.0
    return PairedTest(
        mean=float(mean),
        sd=float(sd),
        low=float(mean - reach),
        high=float(mean + reach),
        n_below=int((differences < 0).sum()),
        t=float(t),
        p_t=float(2 * stats.t.sf(abs(t), n - 1)),
        p_flip=sign_flip(differences, seed=seed),
        n_seeds=n,
    )


def sign_flip(differences: np.ndarray, *, seed: int = 0) -> float:
    """The share of sign patterns whose mean difference is as far from 0 as the one seen.

    Args:
        differences: (S,). All 2^S patterns up to 16 seeds; 65,536 drawn ones, and the one seen, for
            more.

    It asks only that a difference is as likely to be negative as positive if the rules are equal.

    >>> sign_flip(np.ones(6))  # 2 / 2^6
    0.03125
    """
    differences = np.asarray(differences, np.float64)
    n = len(differences)
    if n <= _MOST_EXACT:
        patterns = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1  # (2^S, S)
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, (_N_PATTERNS, n))
        patterns[0] = 1
    sums = np.abs((2 * patterns - 1) @ differences)
    seen = abs(differences.sum())
    return float(np.mean(sums >= seen - 1e-12 * np.abs(differences).sum()))


def holm(p_values: np.ndarray) -> np.ndarray:
    """The p-values corrected for the number of rules by Holm's step-down method, (R,).

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values)
    grown = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty_like(grown)
    corrected[order] = np.minimum(grown, 1)
    return corrected


def weight_intervals(
    rule: Callable[[np.ndarray, np.ndarray], np.ndarray],
    values: np.ndarray,
    which: np.ndarray,
    names: Sequence[str],
    *,
    level: float = 0.95,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> "pandas.DataFrame":
    """The weights of a rule, mean over S seeds, with intervals over texts and seeds: a row for each
    domain, with the columns domain, weight, low, high, sd_texts, sd_seeds.

    Args:
        rule: of the positions of the texts to use, (n,), and the values of one seed at these,
            (n,) or (n, ...), to (K,) weights: `rule(positions, values)`.
        values: (S, N, ...) of each seed and text, for example differences in nats per byte.
        which: (N,) number of each text's domain, 0..K-1.
        level: of the intervals.
        n_bootstrap: times that the texts of each domain are drawn anew, the same for all seeds.

    sd_texts is the bootstrap's, sd_seeds that of the mean over seeds (NaN with one seed, and the
    interval is over texts only). Their squares add; what differs from seed to seed at random is in
    both, so intervals are a little wide. Degrees of freedom as Welch and Satterthwaite add them.
    """
    import pandas

    values, which = np.asarray(values, np.float64), np.asarray(which)
    if values.ndim < 2 or values.shape[1] != len(which):
        raise ValueError(
            f"values of shape {values.shape} were given for {len(which)} texts; expected (S, N), "
            "a row per seed: stack the differences of all seeds"
        )
    everything = np.arange(len(which))
    each = np.array([rule(everything, one) for one in values])  # (S, K)
    of_texts = _over_texts(rule, values, which, n_bootstrap, seed)
    reach, of_seeds = _reach(each, of_texts, len(which) - each.shape[1], level)
    weight = each.mean(axis=0)
    return pandas.DataFrame(
        {
            "domain": list(names),
            "weight": weight,
            "low": np.maximum(weight - reach, 0),
            "high": np.minimum(weight + reach, 1),
            "sd_texts": np.sqrt(of_texts),
            "sd_seeds": np.sqrt(of_seeds),
        }
    )


def _over_texts(rule, values, which, n_bootstrap, seed) -> np.ndarray:
    """The variance of the mean weights when texts are drawn anew, (K,)."""
    draw, means = np.random.default_rng(seed), []
    for _ in range(n_bootstrap):
        texts = _drawn_within(which, draw)
        means.append(np.mean([rule(texts, one[texts]) for one in values], axis=0))
    return np.var(means, axis=0, ddof=1)


def _drawn_within(which: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """(N,) positions of texts, drawn with replacement within each domain."""
    order = np.argsort(which, kind="stable")
    counts = np.bincount(which)
    sizes = np.repeat(counts, counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return order[starts + (draw.random(len(which)) * sizes).astype(np.int64)]


def _reach(
    each: np.ndarray, of_texts: np.ndarray, n_free_texts: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Half the length of each interval, and the variances of the means over seeds, both (K,)."""
    from scipy import stats

    n_seeds = len(each)
    if n_seeds < 2:
        quantile = stats.t.ppf((1 + level) / 2, max(n_free_texts, 1))
        return quantile * np.sqrt(of_texts), np.full(each.shape[1], np.nan)
    of_seeds = each.var(axis=0, ddof=1) / n_seeds
    total = of_texts + of_seeds
    parts = of_seeds**2 / (n_seeds - 1) + of_texts**2 / max(n_free_texts, 1)
    free = np.divide(total**2, parts, out=np.full_like(total, np.inf), where=parts > 0)
    return stats.t.ppf((1 + level) / 2, free) * np.sqrt(total), of_seeds
