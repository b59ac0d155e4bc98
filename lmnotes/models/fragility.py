"""How far the distances of a map hang on a few texts, as tables over pairs of its models."""

from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import robustness

if TYPE_CHECKING:
    import pandas

    from lmnotes.models.loglik import LogLik
    from lmnotes.models.population import Population

SHARES = (0, 0.005, 0.01, 0.02, 0.05, 0.1)


def random_pairs(n_models: int, n_pairs: int, seed: int) -> np.ndarray:
    """Pairs of different models, (P, 2), P a little below n_pairs."""
    pairs = np.random.default_rng(seed).integers(0, n_models, size=(n_pairs, 2))
    return pairs[pairs[:, 0] != pairs[:, 1]]


def of_clip(raw: "LogLik", share: float, pairs: np.ndarray) -> dict[str, float]:
    """Medians over pairs when this share of the entries is clipped: kurtosis of the difference,
    share of its square in 1 % of the texts, relative error of its variance; and the threshold."""
    clipped = raw.clip(share) if share else raw
    d = robustness.pair_differences(clipped.values, pairs)
    return {
        "share": share,
        "threshold": getattr(clipped, "threshold", None) or raw.values.min(),
        "kurtosis": np.nanmedian(robustness.kurtosis(d)),
        "top_share": np.median(robustness.top_share(d)),
        "relative error": np.nanmedian(robustness.relative_error(d)),
    }


def by_clip(raw: "LogLik", n_pairs: int = 300, seed: int = 0) -> "pandas.DataFrame":
    """`of_clip` for every one of SHARES, a row each."""
    import pandas

    pairs = random_pairs(len(raw.values), n_pairs, seed)
    return pandas.DataFrame([of_clip(raw, share, pairs) for share in SHARES])


def of_pairs(here: "Population", n_pairs: int = 9, seed: int = 0) -> "pandas.DataFrame":
    """Pairs from the nearest to the farthest: their distance, and how well the texts determine it.

    A row per pair: both models, the distance in bits/byte with its bootstrap error over texts, the
    relative error by bootstrap and by kurtosis, the kurtosis, and the part of 1 % of the texts.
    """
    import pandas

    upper = np.column_stack(np.triu_indices(len(here), 1))
    order = np.argsort(maps.kl(maps.row_centre(here.L))[tuple(upper.T)])
    some = upper[order[np.linspace(0, len(order) - 1, min(n_pairs, len(order))).astype(int)]]
    d = robustness.pair_differences(here.L, some)
    error, _ = robustness.bootstrap(d, n_samples=300, seed=seed)
    half = d.var(axis=1) / 2
    return pandas.DataFrame(
        {
            "model": here.names[some[:, 0]],
            "other": here.names[some[:, 1]],
            "distance, bits/byte": half / here.nats_per_bit,
            "standard error (bootstrap)": error / here.nats_per_bit,
            "relative error (bootstrap)": error / half,
            "relative error (kurtosis)": robustness.relative_error(d),
            "kurtosis": robustness.kurtosis(d),
            "% of the distance in 1 % of texts": 100 * robustness.top_share(d),
        }
    )
