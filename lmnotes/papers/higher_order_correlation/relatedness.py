"""A judge of which axes are related: their top words' cosines in an independent space.

It stands in for the language model that the paper asks (Oyama et al., EMNLP 2024, Table 2). The
space must not be the one in which the axes were found, or the judge would judge itself.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_strings
from lmnotes.statistics import Fixed, interval
from lmnotes.words.embedding import Embedding


def rows_of(embedding: Embedding, words: Sequence[str]) -> np.ndarray:
    """The vectors (V, D) of `words` in another embedding, nan where it lacks one.

    Raises InputError where it has none of them.
    """
    rows = np.array([embedding.ids.get(word, -1) for word in expect_strings("words", words)])
    if (rows < 0).all():
        given = f"the judge's {len(embedding):,} words hold none of the {len(words):,} asked about"
        raise InputError(f"{given}: expected some; take a judge of the same language")
    vectors = np.full((len(words), embedding.dim), np.nan)
    vectors[rows >= 0] = embedding.input[rows[rows >= 0]]
    return vectors


def axis_relatedness(top_words: np.ndarray, space: np.ndarray) -> np.ndarray:
    """The mean cosine (K, K) between the top words of each two axes, in another space.

    Args:
        top_words: (K, k) rows of the words.
        space: (V, D) of the same rows; words with nan are left out. nan where none is left.

    A word that is a top word of both axes is left out of both: it would vouch for itself.
    """
    length = np.linalg.norm(space, axis=1, keepdims=True)
    unit = space / np.where(length > 0, length, np.nan)
    k_axes = len(top_words)
    flat = top_words.ravel()
    cosine = unit[flat] @ unit[flat].T
    cosine[flat[:, None] == flat[None, :]] = np.nan
    shared = cosine.reshape(k_axes, top_words.shape[1], k_axes, top_words.shape[1])
    known = ~np.isnan(shared)
    n_known = known.sum(axis=(1, 3))
    total = np.where(known, shared, 0).sum(axis=(1, 3))
    return np.divide(total, n_known, out=np.full(total.shape, np.nan), where=n_known > 0)


def judge(
    c: np.ndarray,
    relatedness: np.ndarray,
    *,
    n_axes: int = 100,
    ranks: Sequence[int] = (1, 2, 3, 4, 5),
    n_draws: int = 100,
    n_permutations: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How often the judge finds the k-th strongest partner of an axis nearer than a weak one.

    TOP is the axis with the k-th largest c_ij (j other than i), BOTTOM one drawn from the lowest
    30 % of row i; the judge prefers the pair with the larger relatedness.

    Args:
        c: (K, K) higher-order correlations. relatedness: (K, K), of `axis_relatedness`.
        n_axes: the first so many axes are asked about, partners come from all.
        n_draws: BOTTOM axes drawn for each question.
        n_permutations: relabelings of the axes in `relatedness` for the p-value.

    Returns:
        one row per k: rank, top (share won), bottom, undecided, low, high (95 %, axes drawn again),
        p (one-sided), null (mean share under relabelings); `attrs["drawn"]` has the shares won of
        axes drawn again, the same draws for every matrix of this size, for differences.
    """
    rng = np.random.default_rng(seed)
    k_axes = len(c)
    asked = np.arange(min(n_axes, k_axes))
    masked = np.array(c, dtype=np.float64)
    np.fill_diagonal(masked, -np.inf)
    order = np.argsort(-masked, axis=1, kind="stable")[:, :-1]  # without itself
    n_low = max(1, int(0.3 * (k_axes - 1)))
    drawn = order[asked][:, -n_low:][:, rng.integers(n_low, size=n_draws)]  # (n_axes, n_draws)
    relabelings = [rng.permutation(k_axes) for _ in range(n_permutations)]
    again = rng.integers(len(asked), size=(1000, len(asked)))

    def shares(related: np.ndarray, rank: int) -> np.ndarray:
        top = related[asked, order[asked, rank - 1]][:, None]
        bottom = related[asked[:, None], drawn]
        won, lost = (top > bottom).mean(axis=1), (top < bottom).mean(axis=1)
        undecided = (~(top > bottom) & ~(top < bottom)).mean(axis=1)  # equal, or nan
        return np.column_stack([won, lost, undecided])  # (n_axes, 3)

    rows, drawn_again = [], []
    for rank in ranks:
        won_lost_open = shares(relatedness, rank)
        won = won_lost_open[:, 0].mean()
        null = np.array([shares(relatedness[np.ix_(p, p)], rank)[:, 0].mean() for p in relabelings])
        drawn_again.append(won_lost_open[again, 0].mean(axis=1).tolist())
        low, high = interval(drawn_again[-1])
        p = (1 + (null >= won).sum()) / (1 + n_permutations)
        rows.append((rank, *won_lost_open.mean(axis=0), low, high, p, null.mean()))
    columns = ["rank", "top", "bottom", "undecided", "low", "high", "p", "null"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["drawn"] = Fixed(drawn_again)
    return table
