"""Cosine similarity as a sum over axes: products of components, and the axes that matter.

S (V, K) are white components: ICA's, PCA's or those of any other rotation. A row of length 1 has
one component per axis, and the cosine of two words is the sum of the products of theirs. All
rotations give the same cosine and differ in how they share it out.
The paper: Yamagiwa, Oyama, Shimodaira, "Revisiting Cosine Similarity via Normalized ICA-transformed
Embeddings", COLING 2025.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.linalg
from scipy.stats import rankdata

from lmnotes.errors import InputError, expect_finite, expect_one_of, expect_whole
from lmnotes.statistics import Fixed, pairs_error
from lmnotes.words import judgements, null_laws


def normalise(values: npt.ArrayLike) -> np.ndarray:
    """The rows of S (V, K) scaled to length 1, in float64.

    Raises InputError for a row without direction or a value that is not finite.

    >>> normalise(np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    values = np.asarray(values, dtype=np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    bad = np.flatnonzero(~((lengths[:, 0] > 0) & np.isfinite(lengths[:, 0])))
    if len(bad):
        where, length = f"row {bad[0]} of {len(values):,}", lengths[bad[0], 0]
        raise InputError(f"{where} has length {length:g}: drop it")
    return values / lengths


def axis_products(unit: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The similarity of words in the meaning of each axis; summed over axes it is their cosine.

    Args:
        unit: (V, K) rows of length 1.
        first, second: rows of the words, (N,) each, or a number each.

    Returns:
        (N, K), or (K,) for one pair.
    """
    return unit[first] * unit[second]


def significant_axes(
    values: npt.ArrayLike,
    *,
    kind: Literal["component", "product"] = "component",
    alternative: null_laws.Alternative = "greater",
) -> pd.DataFrame:
    """The axes of one word (`component`) or one pair (`product`), most significant first.

    Args:
        values: (K,) components of a row of length 1, or products of two.

    Returns:
        one row per axis: axis, value, p, adjusted (Bonferroni), significant (below 0.05).
    """
    expect_one_of("kind", kind, ("component", "product"))
    values = np.asarray(values, dtype=np.float64)
    p_value = null_laws.component_p if kind == "component" else null_laws.product_p
    p = p_value(values, len(values), alternative)
    table = pd.DataFrame({"axis": np.arange(len(values)), "value": values, "p": p})
    table["adjusted"] = null_laws.adjust(p)
    table["significant"] = table.adjusted < 0.05
    return table.sort_values(["p", "axis"], kind="stable").reset_index(drop=True)


def top_sums(products: np.ndarray, n_axes: npt.ArrayLike) -> np.ndarray:
    """The sum of the p largest signed products of each pair, for every p of `n_axes`.

    Args:
        products: (N, K) of the pairs; every pair keeps axes of its own.
        n_axes: the numbers p, each 1..K; p = K gives the cosine.

    Returns:
        (N, P).

    >>> top_sums(np.array([[0.1, -0.2, 0.4]]), [1, 2, 3]).round(9).tolist()
    [[0.4, 0.5, 0.3]]
    """
    expect_finite("products", products)
    n_axes = np.asarray(n_axes)
    for n in n_axes:
        expect_whole("n_axes", n, 1, products.shape[1], "leave larger ones out")
    ordered = np.sort(products, axis=1)
    largest = np.arange(ordered.shape[1])[:, None] >= ordered.shape[1] - n_axes  # (K, P)
    return ordered @ largest.astype(ordered.dtype)


def average_sorted(unit: np.ndarray, over: Literal["words", "axes"]) -> np.ndarray:
    """Mean of sorted components: each axis sorted over `words` (V,), each word over `axes` (K,).

    Largest first (Figure 8).
    """
    expect_one_of("over", over, ("words", "axes"))
    axis = 0 if over == "words" else 1
    return np.flip(np.sort(unit, axis=axis), axis=axis).mean(axis=1 - axis)


def length_pull(values: np.ndarray, lengths: np.ndarray) -> float:
    """How far length decides who stands at the ends of an axis (Figure 10): the mean over axes of
    the rank correlation of a word's length (V,) and its distance from the middle of the axis."""
    outside = np.abs(rankdata(values, axis=0) - (len(values) + 1) / 2)
    return float(np.mean([rank_correlation(lengths, column)[0] for column in outside.T]))


def ranks(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each word stands on an axis, and where the axis stands in the word, from 1 (Figure 10).

    Returns:
        rank of the word among all words (V,), and rank of the axis among the word's axes (V,).
    """
    expect_finite("values", values)
    of_word = rankdata(-values[:, axis], method="ordinal").astype(np.int64)
    return of_word, 1 + (values > values[:, [axis]]).sum(axis=1)


def query(unit: np.ndarray, weights: Mapping[int, float]) -> np.ndarray:
    """The cosine (V,) of every word with the ideal vector that has these weights on these axes.

    >>> query(normalise(np.eye(3)), {0: 1, 1: 1}).round(4).tolist()
    [0.7071, 0.7071, 0.0]
    """
    ideal = np.zeros(unit.shape[1])
    ideal[list(weights)] = list(weights.values())
    length = np.linalg.norm(ideal)
    if not 0 < length < np.inf:
        given = f"weights {dict(weights)} give no direction"
        raise InputError(f"{given}; expected finite numbers, one that is not 0: change one")
    return unit @ (ideal / length)


def ablate(unit: np.ndarray, word: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The similarity of every word with one that has lost an axis, and every word's value there.

    x (V,) and y (V,) of Figure 22: the cosine with the whole word is x + y * unit[word, axis],
    so that words of equal cosine lie on straight lines. What is left of the word keeps its length.
    """
    rest = unit[word].copy()
    rest[axis] = 0
    return unit @ rest, unit[:, axis].copy()


def geodesic(start: npt.ArrayLike, end: npt.ArrayLike) -> Callable[[float], np.ndarray]:
    """A function of t in 0..1 that turns the components `start` into `end` on the shortest way.

    Args:
        start, end: (V, K) white components of the same words, such as PCA's and ICA's.

    The rotation between them is R = start' end / V; the function gives start @ R^t. Where R is a
    reflection the last axis of `end` is flipped, which changes no cosine.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    rotation = start.T @ end / len(start)
    excess = np.abs(rotation.T @ rotation - np.eye(len(rotation))).max()
    if not excess < 1e-3:
        what = f"the components differ by more than a rotation (R'R - I up to {excess:.2g})"
        raise InputError(f"{what}: expected white components of the same words, unscaled")
    u, _, vt = np.linalg.svd(rotation)
    rotation = u @ vt
    if np.linalg.det(rotation) < 0:
        rotation[:, -1] *= -1
    angles, basis = scipy.linalg.schur(rotation, output="complex")
    turns = np.angle(np.diag(angles))

    return lambda t: start @ ((basis * np.exp(1j * t * turns)) @ basis.conj().T).real


def score(
    bases: Mapping[str, np.ndarray],
    words: Sequence[str],
    benchmark: str | Path,
    n_axes: Sequence[int],
) -> pd.DataFrame:
    """The rank correlation of top-p sums with people's judgements, for each basis and number p.

    Args:
        bases: name -> unit rows (V, K), all of the same words.
        benchmark: as in `judgements.read_pairs`. A pair with a word that is missing is left out.
        n_axes: the numbers p.

    Returns:
        the table of `agreement` with benchmark, n_covered, n_pairs.
    """
    pairs, rows = covered_pairs(words, benchmark)
    covered = rows[:, 0] >= 0
    table = agreement(bases, rows[covered], pairs.human.to_numpy()[covered], n_axes)
    name = str(benchmark) if str(benchmark) in judgements.INSTALLED else Path(benchmark).stem
    return table.assign(benchmark=name, n_covered=covered.sum(), n_pairs=len(pairs))


def agreement(
    bases: Mapping[str, np.ndarray], rows: np.ndarray, target: np.ndarray, n_axes: Sequence[int]
) -> pd.DataFrame:
    """The rank correlation of top-p sums with a number for each pair.

    Args:
        bases: name -> unit rows (V, K). rows: (N, 2) of the pairs' words. target: (N,).

    Returns:
        one row per basis and p: basis, n_axes, spearman, low, high (95 %; pairs that share a word
        are not drawn apart); `attrs` has what `advantage` needs for intervals of differences.
    """
    lines, influences = [], []
    for name, unit in bases.items():
        sums = top_sums(axis_products(unit, rows[:, 0], rows[:, 1]), n_axes)
        for p, column in zip(n_axes, sums.T, strict=True):
            value, influence = rank_correlation(column, target)
            reach = 1.96 * pairs_error(influence, rows)
            lines.append((name, p, value, max(value - reach, -1), min(value + reach, 1)))
            influences.append(influence.tolist())
    table = pd.DataFrame(lines, columns=["basis", "n_axes", "spearman", "low", "high"])
    table.attrs |= {"influence": Fixed(influences), "ends": Fixed(np.asarray(rows).tolist())}
    return table


def rank_correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Spearman's correlation, and the influence (N,) of each point on it, with mean 0."""
    x, y = ((each - each.mean()) / each.std() for each in map(rankdata, (x, y)))
    value = float(np.mean(x * y))
    return value, x * y - value * (x**2 + y**2) / 2


def advantage(
    table: pd.DataFrame, n_axes: int, first: str = "ICA", second: str = "PCA"
) -> tuple[float, tuple[float, float]]:
    """By how much the first basis beats the second at this number of axes, with a 95 % interval.

    table: of `score` or `agreement`, or of `four_words.score`.
    """
    asked = table.n_axes == n_axes
    rows = [np.flatnonzero(asked & (table.basis == basis))[0] for basis in (first, second)]
    scores = table["spearman" if "spearman" in table else "accuracy"]
    value = float(scores.iloc[rows[0]] - scores.iloc[rows[1]])
    influence = np.subtract(*(table.attrs["influence"][row] for row in rows))
    reach = 1.96 * pairs_error(influence, table.attrs["ends"])
    return value, (value - reach, value + reach)


def covered_pairs(words: Sequence[str], benchmark: str | Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The pairs of a benchmark and their rows (N, 2) among `words`, -1 where one is missing.

    Raises InputError where fewer than 3 pairs are covered.
    """
    pairs = judgements.read_pairs(benchmark)
    rows = judgements.pair_rows(pairs, {word: row for row, word in enumerate(words)})
    n_covered = int((rows[:, 0] >= 0).sum())
    if n_covered < 3:
        what = f"{n_covered} of {len(pairs)} pairs covered"
        raise InputError(f"{benchmark}: {what}: take a larger vocabulary")
    return pairs, rows
