"""A judge of which axes are related: their top words' cosines in an independent space.

It stands in for the language model that the paper asks (Oyama et al., EMNLP 2024, Table 2). The
space must not be the one in which the axes were found, or the judge would judge itself.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_strings
from lmnotes.papers.higher_order_correlation.axes import Axes
from lmnotes.statistics import Fixed, interval, interval_holding
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
        null (mean share under relabelings), and decided, decided low, decided high, decided null:
        the share won of what is decided, and p, its one-sided one; `attrs["drawn"]` has the shares
        won of axes drawn again, the same draws for every matrix of this size, for differences.
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

    partners = order[asked][:, np.array(ranks) - 1]  # (n_axes, R)

    def shares(related: np.ndarray) -> np.ndarray:  # (R, n_axes, 2), won and lost
        top = related[asked[:, None], partners].T[:, :, None]
        bottom = related[asked[:, None], drawn]
        return np.stack([(top > bottom).mean(axis=2), (top < bottom).mean(axis=2)], axis=2)

    def decided(sides: np.ndarray) -> np.ndarray:  # (n, 2) won and lost -> (n,)
        total = sides.sum(axis=1)
        return np.divide(sides[:, 0], total, out=np.full(len(sides), np.nan), where=total > 0)

    nulls = [shares(relatedness[np.ix_(p, p)]).mean(axis=1) for p in relabelings]  # (R, 2) each
    rows, drawn_again = [], []
    for n, sides in enumerate(shares(relatedness)):
        null, again_sides = np.array([each[n] for each in nulls]), sides[again].mean(axis=1)
        won, lost = sides.mean(axis=0)
        drawn_again.append(again_sides[:, 0].tolist())
        undecided = max(0.0, round(1 - won - lost, 12))
        row = ranks[n], won, lost, undecided, *interval(drawn_again[-1]), null[:, 0].mean()
        among, null_among = decided(sides.mean(axis=0)[None])[0], decided(null)
        # a relabeling, or an axis, of which nothing is decided speaks for the null
        p = (1 + (~(null_among < among)).sum()) / (1 + n_permutations)
        rows.append((*row, p, null_among.mean(), among, *interval(decided(again_sides))))
    columns = ["rank", "top", "bottom", "undecided", "low", "high", "null", "p"]
    columns += ["decided null", "decided", "decided low", "decided high"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["drawn"] = Fixed(drawn_again)
    return table


def judge_axes(
    axes: Axes, judges: Mapping[str, np.ndarray], *, seed: int = 0
) -> dict[tuple[str, str], pd.DataFrame]:
    """The verdicts of several judges, their spaces (V, D) by name, by (judge, basis) (Table 2)."""
    return {
        (name, basis): judge(
            c, axis_relatedness(axes.top[basis], space), n_permutations=500, seed=seed
        )
        for name, space in judges.items()
        for basis, c in axes.c.items()
    }


def said_of(won: Mapping[tuple[str, str], pd.DataFrame]) -> dict[str, tuple]:
    """Claim on Table 2 -> what `judge_axes` says of it in per cent, and its interval or None."""
    mine = won["same text", "ICA"]

    def ahead(rank: int, basis: str | None = None, other_rank: int = 1) -> tuple:
        share, drawn = mine.top[rank - 1], np.array(mine.attrs["drawn"][rank - 1])
        if basis is not None:
            other = won["same text", basis]
            share = share - other.top[other_rank - 1]
            drawn = drawn - other.attrs["drawn"][other_rank - 1]
        return 100 * share, tuple(100 * end for end in interval_holding(share, drawn))

    elsewhere = won.get(("other text", "ICA"))
    return {
        "table2_top_1": ahead(1),
        "table2_top_5": ahead(5),
        "table2_fall": ahead(1, "ICA", 5),
        "table2_pca": ahead(1, "PCA"),
        "table2_random": ahead(1, "random rotation"),
        "table2_p": (mine.p[0], None),
        "table2_other_text": (np.nan if elsewhere is None else elsewhere.p[0], None),
    }
