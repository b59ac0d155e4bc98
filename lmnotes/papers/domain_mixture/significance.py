"""What seeds and texts say of a mixture: paired tests of two rules, and intervals of weights.

The unit is the seed of the base model: every rule starts from the same base and reads from the same
places as uniform does, so that differences are taken within seeds. Pure functions of arrays.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import stats


def weight_intervals(
    rule: Callable[[np.ndarray, np.ndarray], np.ndarray],
    values: np.ndarray,
    which: np.ndarray,
    names: Sequence[str],
    *,
    level: float = 0.95,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
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
    return pd.DataFrame(
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
    n_seeds = len(each)
    if n_seeds < 2:
        quantile = stats.t.ppf((1 + level) / 2, max(n_free_texts, 1))
        return quantile * np.sqrt(of_texts), np.full(each.shape[1], np.nan)
    of_seeds = each.var(axis=0, ddof=1) / n_seeds
    total = of_texts + of_seeds
    parts = of_seeds**2 / (n_seeds - 1) + of_texts**2 / max(n_free_texts, 1)
    free = np.divide(total**2, parts, out=np.full_like(total, np.inf), where=parts > 0)
    return stats.t.ppf((1 + level) / 2, free) * np.sqrt(total), of_seeds
