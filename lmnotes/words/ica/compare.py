"""Are the axes of two spaces the same? Matched on some pairs, judged on others, against nulls."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_whole
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import decomposition, matching, other_axes
from lmnotes.words.ica.components import Components
from lmnotes.words.ica.matching import Matching, Null

METHODS = ("ICA", "PCA", "random rotation")


def bases(
    vectors: np.ndarray, *, ica: Components | None = None, seed: int = 0, **options
) -> dict[str, Components]:
    """The same vectors (V, D) on three sets of white axes: ICA, PCA signed alike, and at random.

    Args:
        ica: theirs, where it is known already.
        options: those of `decomposition.fit`.
    """
    ica = ica or decomposition.fit(vectors, seed=seed, **options)
    others = other_axes.pca(vectors, flip=True), other_axes.random(vectors, seed=seed)
    return dict(zip(METHODS, (ica, *others), strict=True))


def bases_of(
    embedding: Embedding, *, min_count: int = 1, seed: int = 0, **options
) -> dict[str, Components]:
    """The words of an embedding on the three sets of white axes of `bases`, its ICA kept on disk.

    Args:
        min_count: rarer words are left out, where the embedding has counts.
        options: those of `decomposition.fit`.
    """
    min_count = 1 if embedding.counts is None else min_count
    ica = decomposition.fit_embedding(embedding, min_count=min_count, seed=seed, **options)
    frequent = slice(None) if min_count == 1 else np.asarray(embedding.counts) >= min_count
    spaces = bases(np.asarray(embedding.input[frequent]), ica=ica, seed=seed)
    labels = {"words": ica.words, "counts": ica.counts}
    return {name: replace(space, **labels) for name, space in spaces.items()}


def unsettled(spaces: Mapping[str, Components]) -> str:
    """The end of a caption: which runs stopped short of their limit, "" where all converged.

    >>> values = np.array([[1.0], [-1.0]])
    >>> unsettled({"PCA": Components(values, np.zeros(1), np.eye(1), "PCA")})
    ''
    """
    short = {name: space for name, space in spaces.items() if not space.converged}
    return "".join(f" {name}: {space.summary()}" for name, space in short.items())


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two spaces, axis by axis, under several methods.

    Args:
        name: what is compared. n_pairs: rows that both spaces have.
        matchings: method -> axes matched on half of the pairs.
        nulls: method -> the same with shuffled pairings.
        shuffled: method -> the first of these matchings as a whole.
        held_out: method -> (K,) correlations of the matched axes over the other half.
    """

    name: str
    n_pairs: int
    matchings: dict[str, Matching]
    nulls: dict[str, Null]
    shuffled: dict[str, Matching]
    held_out: dict[str, np.ndarray]

    def n_shared(self, method: str) -> int:
        """Axes whose held-out correlation is above any that shuffled pairings reached."""
        return int(np.sum(self.held_out[method] > self.nulls[method].top))

    @property
    def table(self) -> pd.DataFrame:
        """One row per method and rank: held-out r, r of the matching, level of the null."""
        parts = []
        for method, r in self.held_out.items():
            part = pd.DataFrame({"comparison": self.name, "method": method, "rank": range(len(r))})
            part["r"], part["matched_r"] = np.sort(r)[::-1], self.matchings[method].r
            parts.append(part.assign(shuffled=self.nulls[method].level))
        return pd.concat(parts, ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per method: mean r, shared axes, level and p-value of the shuffled pairing."""
        rows = []
        for method, r in self.held_out.items():
            row = {"comparison": self.name, "method": method, "pairs": self.n_pairs}
            row |= {"axes": len(r), "mean r, held out": r.mean(), "best r": r.max()}
            row["axes above the null"], null = self.n_shared(method), self.nulls[method]
            row |= {"null, mean r": null.r.mean(), "null, largest r": null.top}
            rows.append(row | {"p": null.p_value(self.matchings[method])})
        return pd.DataFrame(rows)


def compare_bases(
    name: str,
    first: Mapping[str, np.ndarray],
    second: Mapping[str, np.ndarray],
    *,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    n_shuffles: int = 20,
    seed: int = 0,
    method: Literal["greedy", "hungarian"] = "greedy",
) -> Comparison:
    """The axes of two spaces matched on a random half of their paired rows, judged on the other.

    Args:
        first, second: name of a basis -> (m, K) coordinates; row i of one is the partner of row i
            of the other.
        weights: (m,) of the pairs; None for equal ones.
        groups: (m,) what the pair's row of the first space stands for, where that row has several
            partners, as a word has tokens. All pairs of a group come into the same half, and are
            shuffled together: tokens of a word are not so many independent pairs.
        n_shuffles: random pairings behind each null, matched on the same half.
    """
    expect_whole("n_shuffles", n_shuffles, 1)
    n_pairs = len(next(iter(first.values())))
    _, groups = np.unique(np.arange(n_pairs) if groups is None else groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    is_train = np.isin(groups, order[: len(order) // 2])
    train, test = np.flatnonzero(is_train), np.flatnonzero(~is_train)
    of_train, of_test = (None, None) if weights is None else (weights[train], weights[test])
    partners = shuffled_rows(groups[train], n_shuffles=n_shuffles, seed=seed)
    matchings, nulls, shuffled, held_out = {}, {}, {}, {}
    for basis, a in first.items():
        b = second[basis]
        real, *drawn = (
            matching.match(a[rows], b[train], weights=of_train, method=method)
            for rows in (train, *(train[rows] for rows in partners))
        )
        matchings[basis], held_out[basis] = real, real.on(a[test], b[test], of_test)
        shuffled[basis], nulls[basis] = drawn[0], Null(np.array([null.r for null in drawn]))
    return Comparison(name, n_pairs, matchings, nulls, shuffled, held_out)


def shuffled_rows(groups: np.ndarray, *, n_shuffles: int = 1, seed: int = 0) -> list[np.ndarray]:
    """Random pairings: for every pair, a row of the group that stands in for its own.

    Args:
        groups: (m,) of each pair's row. All pairs of a group get the same stand-in.

    >>> shuffled_rows(np.array([4, 4, 7]), seed=3)[0].tolist()
    [2, 2, 0]
    """
    _, places, group = np.unique(groups, return_index=True, return_inverse=True)
    random = np.random.default_rng(seed)
    return [places[random.permutation(len(places))][group] for _ in range(n_shuffles)]


def word_pairs(first: list[str], second: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The rows (m,) of the words that two vocabularies share, in the order of the first.

    >>> word_pairs(["a", "b", "c"], ["c", "x", "a"])
    (array([0, 2]), array([2, 0]))
    """
    ids = {word: row for row, word in enumerate(second)}
    rows = [(row, ids[word]) for row, word in enumerate(first) if word in ids]
    if not rows:
        raise InputError(f"{len(first):,} and {len(second):,} words share none: use a dictionary")
    return tuple(np.array(rows).T)
