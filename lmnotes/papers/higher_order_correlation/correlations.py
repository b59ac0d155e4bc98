"""Higher-order correlations of components: uncorrelated axes whose sizes still go together.

S (V, K) are white components, so that E[S_i S_j] is the identity; c_ij = E[S_i^2 S_j^2] is 1 where
axes i and j are independent, and large where the same words are large on both.
The paper: Oyama, Yamagiwa, Shimodaira, "Understanding Higher-Order Correlations Among Semantic
Components in Embeddings", EMNLP 2024.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_finite, expect_shape
from lmnotes.notebook import card
from lmnotes.statistics import mean_interval
from lmnotes.words.ica.components import Components


def energy(values: np.ndarray) -> np.ndarray:
    """The higher-order correlations C (K, K) = E[S_i^2 S_j^2]; its diagonal is the kurtosis.

    Args:
        values: (V, K) white components, not scaled to length 1.

    Raises InputError where the columns are not white: C of other columns says nothing.

    >>> energy(np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    squares = _squares(values)
    return squares.T @ squares / len(squares)


def standard_error(values: np.ndarray, *, n_bootstrap: int = 200, seed: int = 0) -> np.ndarray:
    """The standard error (K, K) of C: its spread over words drawn again with replacement.

    The axes stay as they are: the error is that of the expectation, not of ICA.
    """
    squares = _squares(values).astype(np.float32)  # the spread needs three digits, not sixteen
    n_words = len(squares)
    expected = squares.T @ squares / n_words
    rng = np.random.default_rng(seed)
    total, total_squared = np.zeros((2, *expected.shape))
    for _ in range(n_bootstrap):
        times = np.bincount(rng.integers(n_words, size=n_words), minlength=n_words)
        weighted = squares * times[:, None].astype(np.float32)
        moved = weighted.T @ squares / n_words - expected
        total += moved
        total_squared += moved**2
    return np.sqrt(np.maximum(total_squared / n_bootstrap - (total / n_bootstrap) ** 2, 0))


def background(values: np.ndarray) -> float:
    """E|S|^4 / (K (K + 2)): what every pair would show if only the words' lengths varied.

    It holds for a spherical distribution of directions, and is 1 for rows that are Gaussian.
    """
    squared_length = (np.asarray(values, np.float64) ** 2).sum(axis=1)
    k = values.shape[1]
    return float((squared_length**2).mean() / (k * (k + 2)))


def shuffled_null(values: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """C (K, K) with every column in an order of its own: the same axes, made independent."""
    rng = np.random.default_rng(seed)
    squares = np.column_stack([rng.permutation(column) for column in values.T]) ** 2.0
    return squares.T @ squares / len(squares)


def of_unit_rows(values: np.ndarray) -> np.ndarray:
    """C (K, K) of words of length 1, times K^2: the matrix without what varying lengths add."""
    squares = values**2 / (values**2).sum(axis=1, keepdims=True)
    return squares.T @ squares / len(squares) * values.shape[1] ** 2


def pairs(
    c: np.ndarray, error: np.ndarray | None = None, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every pair of axes, the strongest first: i, j, c, excess over the rows' level, and error.

    The level of a pair is the mean of the medians of its two rows, diagonal left out.
    """
    i, j = np.triu_indices(len(c), 1)
    masked = np.array(c, dtype=np.float64)
    np.fill_diagonal(masked, np.nan)
    level = np.nanmedian(masked, axis=1)
    table = pd.DataFrame({"i": i, "j": j, "c": c[i, j], "level": (level[i] + level[j]) / 2})
    table["excess"] = table.c - table.level
    if error is not None:
        table["standard error"] = error[i, j]
        table["z"] = table.excess / table["standard error"]
    if names is not None:
        table["first"], table["second"] = [names[a] for a in i], [names[a] for a in j]
    return table.sort_values("c", ascending=False, kind="stable").reset_index(drop=True)


def carried(
    values: np.ndarray, words: Sequence[str], table: pd.DataFrame, n_words: int = 10
) -> pd.DataFrame:
    """What each pair of a table with i and j rests on.

    A share near 1 of few words says that the entry is about these words, not about the axes; and
    squares do not tell whether a word is positive on both.

    Returns:
        carried by (six words, largest product first), share of n_words words, share of ++ (of words
        that are positive on both axes).
    """
    rows = []
    for i, j in table[["i", "j"]].to_numpy():
        product = values[:, i] ** 2 * values[:, j] ** 2
        best = np.argsort(-product, kind="stable")[:n_words]
        names = ", ".join(words[row] for row in best[:6])
        rows.append((names, product[best].sum() / product.sum(), both_positive(values, i, j)))
    names = ["carried by", f"share of {n_words} words", "share of ++"]
    return pd.DataFrame(rows, table.index, names)


def both_positive(values: np.ndarray, i: int, j: int) -> float:
    """The share of c_ij that comes from words which are positive on both axes."""
    product = values[:, i] ** 2 * values[:, j] ** 2
    return product[(values[:, [i, j]] > 0).all(axis=1)].sum() / product.sum()


def without(values: np.ndarray, i: int, j: int, n_removed: Sequence[int]) -> np.ndarray:
    """c_ij as its largest contributors are left out, for each number of them (N,)."""
    product = np.sort(values[:, i] ** 2 * values[:, j] ** 2)[::-1]
    left = product.sum() - np.concatenate([[0.0], np.cumsum(product)])
    counts = len(product) - np.arange(len(product) + 1)
    n_removed = np.asarray(n_removed)
    return left[n_removed] / counts[n_removed]


def largest_without(values: np.ndarray, n_removed: int = 100) -> np.ndarray:
    """The largest c_ij of all pairs (n_removed + 1,) as 0, 1, 2, ... words are left out, those that
    carry most of the pair that was the largest with all words; variances are made 1 again."""
    squares = _squares(values)
    total, sums, n_words = squares.T @ squares, squares.sum(axis=0), len(squares)
    off = np.triu(np.ones_like(total, bool), 1)
    i, j = np.unravel_index(np.argmax(np.where(off, total, 0)), total.shape)
    order = np.argsort(-squares[:, i] * squares[:, j], kind="stable")[:n_removed]
    largest = []
    for n, row in enumerate([*order, order[-1]]):
        largest.append(((n_words - n) * total / np.outer(sums, sums))[off].max())
        total, sums = total - np.outer(squares[row], squares[row]), sums - squares[row]
    return np.array(largest)


def named_pairs(space: Components, c: np.ndarray) -> pd.DataFrame:
    """The pairs that the paper shows, each axis found by its words: id, first and second words,
    published (text8), measured, and excess over the level; nan where both are one axis."""
    shown, by_axes = card.table("04", "pairs"), pairs(c).set_index(["i", "j"])

    def axis_of(its_words: str) -> int:
        rows = [space.ids[word] for word in its_words.split() if word in space.ids]
        return int(space.normalised[rows].mean(axis=0).argmax()) if len(rows) > 1 else -1

    rows = []
    for first, second in zip(shown["first"], shown.second, strict=True):
        i, j = sorted((axis_of(first), axis_of(second)))
        row = by_axes.loc[(i, j)] if -1 < i < j else {"c": np.nan, "excess": np.nan}
        rows.append((row["c"], row["excess"]))
    return shown.join(pd.DataFrame(rows, columns=["measured", "excess"]))


def said_of(
    spaces: Mapping[str, Components],
    c: Mapping[str, np.ndarray],
    *,
    n_bootstrap: int = 100,
    seed: int = 0,
) -> dict[str, tuple[float, tuple[float, float] | None]]:
    """Claim on C -> value and its own interval, or None; ICA against the best of the others."""
    high, strong, rivals = {}, {}, [name for name in spaces if name != "ICA"]
    for name, space in spaces.items():
        error = standard_error(space.values, n_bootstrap=n_bootstrap, seed=seed)
        strong[name] = pairs(c[name], error)
        high[name] = np.quantile(strong[name].c, 0.99)
    first, share = strong["ICA"].iloc[0], {n: (table.z > 4).mean() for n, table in strong.items()}
    reach = 1.96 * first["standard error"]
    surest = (strong["ICA"].c - 2 * strong["ICA"]["standard error"]).nlargest(5).index
    surest = strong["ICA"].loc[surest, ["i", "j"]].to_numpy()
    values = spaces["ICA"].values
    positive = [both_positive(values, i, j) for i, j in surest]
    read_off = card.table("04", "levels")
    gaps = np.quantile(strong["ICA"].c, read_off["quantile"]) - read_off.text8
    named = named_pairs(spaces["ICA"], c["ICA"])
    related = named.excess[named.id != "fig2_stars"].mean()
    return {
        "strongest_pair": (first.c, (first.c - reach, first.c + reach)),
        "beyond_rotation": (high["ICA"] - max(high[name] for name in rivals), None),
        "significant": (share["ICA"] - max(share[name] for name in rivals), None),
        "both_positive": mean_interval(positive),  # five pairs are few
        "fig3_levels": (np.abs(gaps).max(), None),
        "pairs_related": (related, None),
    } | {row.id: (row.measured, None) for row in named.itertuples()}


def _squares(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    expect_shape("components", values, "(V, K)")
    expect_finite("components", values)
    excess = np.abs(values.T @ values / len(values) - np.eye(values.shape[1])).max()
    if excess > 1e-3:
        off = f"E[S'S] differs from the identity by {excess:.2g}"
        raise InputError(f"the columns are not white: {off}; whiten first, do not scale the rows")
    return values**2
