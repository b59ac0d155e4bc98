"""Whether the top words of an axis belong together: the word that does not, and how far off it is.

After Chang et al. 2009 and Sun et al. 2016, as in Yamagiwa et al. (COLING 2025, Figure 7) and in
Oyama et al. (EMNLP 2024), who choose their consistent axes by it.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from lmnotes.errors import InputError, expect_finite, expect_shape
from lmnotes.statistics import Fixed, interval_holding
from lmnotes.words.ica.components import Components
from lmnotes.words.ica.matching import top_rows


def candidates(values: np.ndarray) -> np.ndarray:
    """Which words (V, K) may intrude on an axis: in its lower half, in the top tenth of another.

    >>> candidates(np.array([[9, 0.0], [8, 1], [0, 9], [1, 8]])).T.tolist()
    [[False, False, True, False], [True, False, False, False]]
    """
    n_words = len(values)
    rank = rankdata(-values, method="ordinal", axis=0)
    top = rank <= max(1, n_words // 10)
    # a word in the lower half of this axis is not in the top 10 % of this one
    return (rank > n_words - n_words // 2) & top.any(axis=1, keepdims=True)


def score(
    values: np.ndarray,
    vectors: npt.ArrayLike,
    *,
    k: int = 5,
    n_draws: int = 10,
    listed: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The DistRatio (K,) of each axis: distance to an intruder over distance among its top words.

    Args:
        values: (V, K) components, by which the words of an axis are ranked.
        vectors: (V, D) where Euclidean distances are measured: the vectors as they were trained,
            whatever `values` are.
        n_draws: intruders drawn for each axis, each with equal chance; the score is the mean.
        listed: as in `matching.top_rows`; anyone may intrude.

    nan for an axis on which nobody can intrude. 1 means that an outsider is as near as the axis's
    own words are to each other.
    """
    expect_shape("vectors", vectors, f"({len(values)}, D)", "give those of the same words")
    expect_finite("values", values)
    expect_finite("vectors", vectors)
    rng = np.random.default_rng(seed)
    vectors = np.asarray(vectors, dtype=np.float64)
    top, may_intrude = top_rows(values, k, listed), candidates(values)
    scores = np.full(values.shape[1], np.nan)
    for axis, members in enumerate(top):
        pool = np.flatnonzero(may_intrude[:, axis])
        if not len(pool):
            continue
        own = vectors[members]  # (k, D)
        within = np.linalg.norm(own[:, None] - own[None], axis=2).sum() / (k * (k - 1))
        drawn = vectors[rng.choice(pool, size=n_draws)]  # (n_draws, D)
        scores[axis] = np.linalg.norm(own[:, None] - drawn[None], axis=2).mean() / within
    return scores


def medians(
    bases: Mapping[str, Components], vectors: np.ndarray, *, n_bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """The median DistRatio over axes, of the values as they are ("raw") and in rows of length 1.

    Returns:
        basis, form, DistRatio, low, high (95 %, axes drawn again); `attrs["drawn"]` has the medians
        drawn, the same axes for all, for intervals of differences.
    """
    n_axes, rows, drawn = next(iter(bases.values())).n_axes, [], []
    again = np.random.default_rng(seed).integers(n_axes, size=(n_bootstrap, n_axes))
    for basis, space in bases.items():
        for form, values in (("raw", space.values), ("normalised", space.normalised)):
            ratio = score(values, vectors, seed=seed)
            median = float(np.nanmedian(ratio))
            drawn.append(np.nanmedian(ratio[again], axis=1).tolist())
            rows.append((basis, form, median, *interval_holding(median, drawn[-1])))
    table = pd.DataFrame(rows, columns=["basis", "form", "DistRatio", "low", "high"])
    table.attrs["drawn"] = Fixed(drawn)
    return table


def game(
    values: np.ndarray, axis: int, *, k: int = 5, listed: np.ndarray | None = None, seed: int = 0
) -> tuple[np.ndarray, int]:
    """The k top words of an axis and one intruder in random order (k + 1,), and its place there."""
    rng = np.random.default_rng([seed, axis])
    members = top_rows(values[:, [axis]], k, listed)[0]
    may_intrude = candidates(values)[:, axis]
    pool = np.flatnonzero(may_intrude if listed is None else may_intrude & listed)
    if not len(pool):
        raise InputError(f"nobody can intrude on axis {axis}: list more words")
    rows = np.append(members, rng.choice(pool))
    order = rng.permutation(k + 1)
    return rows[order], int(np.flatnonzero(order == k)[0])
