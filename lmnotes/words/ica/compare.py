"""Are the axes of two spaces the same? Matched on some pairs, judged on others, against nulls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, Shown, expect_whole
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import decomposition, matching, other_axes
from lmnotes.words.ica.components import Components
from lmnotes.words.ica.matching import Matching, Null

METHODS = ("ICA", "PCA", "random rotation")
RIVALS = METHODS[1:]  # ICA has to be ahead of the better of these: random axes may match as well


def bases(
    vectors: np.ndarray, *, ica: Components | None = None, seed: int = 0, **options: Any
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
    embedding: Embedding, *, min_count: int = 1, seed: int = 0, **options: Any
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
    return {n: replace(s, words=ica.words, counts=ica.counts) for n, s in spaces.items()}


def gaussian(n_words: int, n_axes: int, *, seed: int = 0, **options: Any) -> dict[str, Components]:
    """The three sets of axes of Gaussian noise (n_words, n_axes): what ICA finds in nothing.

    options: those of `decomposition.fit`.
    """
    noise = np.random.default_rng(seed).normal(size=(n_words, n_axes)).astype(np.float32)
    return bases_of(Embedding([str(row) for row in range(n_words)], noise), seed=seed, **options)


def unsettled(spaces: Mapping[str, Components]) -> str:
    """The end of a caption: which runs stopped short of their limit, "" where all converged.

    >>> values = np.array([[1.0], [-1.0]])
    >>> unsettled({"PCA": Components(values, np.zeros(1), np.eye(1), "PCA")})
    ''
    """
    short = {name: space for name, space in spaces.items() if not space.converged}
    return "".join(f" {name}: {space.summary()}" for name, space in short.items())


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
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

    def lead(self, rivals: Sequence[str] = RIVALS) -> tuple[float, tuple[float, float]]:
        """By how much the mean held-out r of ICA is above the best rival's, and its 95 % interval
        over axes."""
        best = max((self.held_out[rival] for rival in rivals), key=np.mean)
        mean = float(self.held_out["ICA"].mean() - best.mean())
        errors = [r.std() / np.sqrt(len(r)) for r in (self.held_out["ICA"], best)]
        reach = 1.96 * float(np.hypot(*errors))
        return mean, (mean - reach, mean + reach)

    def shared_lead(self, rivals: Sequence[str] = RIVALS) -> int:
        """How many axes ICA shares more than the best rival."""
        return self.n_shared("ICA") - max(map(self.n_shared, rivals))

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
    places, within, stand_ins = _stand_ins(groups[train], n_shuffles, seed)
    matchings, nulls, shuffled, held_out = {}, {}, {}, {}
    for basis, a in first.items():
        b = second[basis]
        real = matching.match(a[train], b[train], weights=of_train, method=method)
        matchings[basis], held_out[basis] = real, real.on(a[test], b[test], of_test)
        target, of_groups = _by_group(b[train], within, of_train)
        stand_in = a[train][places]  # (G, K), a row per group
        drawn = _shuffled(stand_in, target, of_groups, stand_ins)
        drawn = [matching.match_axes(correlation, method) for correlation in drawn]
        shuffled[basis], nulls[basis] = drawn[0], Null(np.array([null.r for null in drawn]))
    return Comparison(name, n_pairs, matchings, nulls, shuffled, held_out)


def bases_by_seed(
    vectors: Sequence[np.ndarray],
    *,
    untrained: Sequence[np.ndarray] | None = None,
    known: Sequence[Components] | None = None,
    seed: int = 0,
    **options: Any,
) -> list[dict[str, Components]]:
    """The sets of axes of each of S vectors (V, D), and "untrained", the ICA of vectors without any
    training, beside them.

    Args:
        vectors: of each seed of training; the same ones S times where only axes are drawn anew.
        untrained: S of a model that learned nothing, whose ICA gets twenty steps at most, as
            a round cloud has no axes to settle on; None takes the trained ones.
        known: the ICA of each, where it is known already.
        options: those of `decomposition.fit`.
    """
    made = []
    for n, x in enumerate(vectors):
        axes = bases(np.asarray(x), ica=known[n] if known else None, seed=seed + n, **options)
        axes["untrained"] = axes["ICA"]
        if untrained is not None:
            axes["untrained"] = decomposition.fit(
                untrained[n], seed=seed + n, tolerance=3e-3, max_iterations=20
            )
        made.append(axes)
    return made


def compare_by_seed(
    name: str,
    first: Sequence[Mapping[str, Components]],
    second: Sequence[Mapping[str, Components]],
    rows: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    n_shuffles: int = 99,
    seed: int = 0,
    **pairing: Any,
) -> list[Comparison]:
    """The comparison of two spaces by S seeds, each with axes and a half of the pairs of its own.

    Args:
        first, second: S bases of either space, as of `bases_by_seed`.
        rows: S times the rows (m,) of the first and of the second space that belong together.
        n_shuffles: shared out among the seeds, and taken together for the null of each.
        pairing: weights, groups and method of `compare_bases`.
    """
    runs, pairing = [], pairing | {"n_shuffles": -(-n_shuffles // len(first))}
    for n, (spaces, places) in enumerate(zip(zip(first, second, strict=True), rows, strict=True)):
        pairs = zip(spaces, places, strict=True)
        sides = ({m: space.values[of_side] for m, space in side.items()} for side, of_side in pairs)
        runs.append(compare_bases(name, *sides, seed=seed + n, **pairing))
    nulls = {m: Null(np.concatenate([run.nulls[m].r for run in runs])) for m in runs[0].nulls}
    return [replace(run, nulls=nulls) for run in runs]


def over_seeds(runs: Sequence[Comparison]) -> pd.DataFrame:
    """The summaries of several seeds as one: their means, and how many axes were shared at least
    and at most; p is the largest."""
    grouped = pd.concat([run.summary for run in runs]).groupby(["comparison", "method"], sort=False)
    table, shared = grouped.mean(), grouped["axes above the null"]
    table = table.assign(least=shared.min(), most=shared.max(), p=grouped.p.max())
    return table.reset_index()


def _stand_ins(groups: np.ndarray, n_shuffles: int, seed: int) -> tuple:
    """The first row of each of G groups, the group of every row, and shuffles of the groups."""
    _, places, within = np.unique(groups, return_index=True, return_inverse=True)
    random = np.random.default_rng(seed)
    return places, within, [random.permutation(len(places)) for _ in range(n_shuffles)]


def _by_group(target: np.ndarray, within: np.ndarray, weights) -> tuple[np.ndarray, np.ndarray]:
    """What correlations with a row per group need of the target (m, K): (G, K), and weights (G,).

    All rows of a group have one stand-in a_g, so that sum_i w_i a_g(i) b_i = sum_g a_g B_g, where
    B_g sums w_i b_i over the group: a product over G rows in place of m.
    """
    weights = np.ones(len(target)) if weights is None else np.asarray(weights, np.float64)
    of_groups = np.bincount(within, weights)
    target = matching.standardised(target, weights) * np.sqrt(weights)[:, None]
    summed = np.zeros((len(of_groups), target.shape[1]))
    np.add.at(summed, within, target)
    return summed / np.sqrt(of_groups)[:, None], of_groups


def _shuffled(values, target, weights, stand_ins) -> Iterator[np.ndarray]:
    """The correlations (K_1, K_2) of values (G, K_1), their rows shuffled, with a target (G, K_2).

    The target is turned back in place of the values, whose squares serve all shuffles. With shares
    w, sum_g sqrt(w_g) (a_g - mean) t_g over the length of sqrt(w) (a - mean), in moments of a.
    """
    values = values - values.mean(axis=0)  # small means, so that the squares lose no digits
    squares, share = values**2, weights / weights.sum()
    target = target * np.sqrt(share)[:, None]
    for order in stand_ins:
        back = np.argsort(order)
        mean = share[back] @ values
        length = np.sqrt(np.maximum(share[back] @ squares - mean**2, 0))
        product = values.T @ target[back] - np.outer(mean, target.sum(axis=0))
        yield product / np.where(length > 0, length, 1)[:, None]


def shuffled_rows(groups: np.ndarray, *, n_shuffles: int = 1, seed: int = 0) -> list[np.ndarray]:
    """Random pairings: for every pair, a row of the group that stands in for its own.

    Args:
        groups: (m,) of each pair's row. All pairs of a group get the same stand-in.

    >>> shuffled_rows(np.array([4, 4, 7]), seed=3)[0].tolist()
    [2, 2, 0]
    """
    places, within, stand_ins = _stand_ins(groups, n_shuffles, seed)
    return [places[group][within] for group in stand_ins]


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
