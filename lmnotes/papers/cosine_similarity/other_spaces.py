"""Whether the axes of other embeddings of the same words are the same (Figures 5, 24)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.papers.cosine_similarity.study import Bases
from lmnotes.words import null_laws, similarity
from lmnotes.words.ica import compare, matching


def agreement(bases: Bases, others: Mapping[str, Bases], seed: int = 0) -> pd.DataFrame:
    """How the axes of the others agree with the reference's, a row per space and basis."""
    parts = []
    for name, other in others.items():
        rows = compare.word_pairs(bases["ICA"].words, other["ICA"].words)  # here, there
        sides = [
            {basis: space.values[its_rows] for basis, space in side.items()}
            for side, its_rows in zip((bases, other), rows, strict=True)
        ]
        parts.append(compare.compare_bases(name, *sides, seed=seed).summary)
    return pd.concat(parts, ignore_index=True)


def on_matched_axes(
    basis: str, bases: Bases, others: Mapping[str, Bases], listed: np.ndarray
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Five top words of each reference axis, and their values on the matched axes of all spaces.

    listed: (V,) bool, words that may be named. The values are (5 K, K) each, of "axis" and others.
    """
    space, in_all, sides = bases[basis], listed.copy(), ({}, {})
    for name, other in others.items():
        ours, theirs = compare.word_pairs(space.words, other[basis].words)
        sides[0][name], sides[1][name] = space.values[ours], other[basis].values[theirs]
        in_all &= np.isin(np.arange(len(space.words)), ours)
    order = matching.match_many(*sides)
    best = matching.top_rows(space.normalised[:, order.axis], 5, in_all).ravel()
    named, values = [space.words[row] for row in best], {}
    for name, its in {"axis": space, **{n: other[basis] for n, other in others.items()}}.items():
        rows = [its.ids[word] for word in named]
        values[name] = its.normalised[np.ix_(rows, order[name])]
    return named, values


def diagonal(values: np.ndarray) -> float:
    """The share of axes on which their own five words, of (5 K, K), stand highest on average."""
    on_axes = values.reshape(len(values) // 5, 5, -1).mean(axis=1)
    return np.mean(on_axes.argmax(axis=1) == np.arange(len(on_axes)))


def partners(halves: Sequence[Bases], basis: str) -> tuple[np.ndarray, np.ndarray]:
    """The second half's axis of each of the first's, (K,), and of each word of both halves whether
    its largest axes are partners, (n,)."""
    a, b = (half[basis] for half in halves)
    rows_a, rows_b = compare.word_pairs(a.words, b.words)
    partner = matching.match(a.values[rows_a], b.values[rows_b]).partners()
    largest = [each.normalised[rows].argmax(axis=1) for each, rows in ((a, rows_a), (b, rows_b))]
    return partner, partner[largest[0]] == largest[1]


def in_halves(halves: Sequence[Bases], word: str, list_count: int) -> pd.DataFrame:
    """A word on its five largest axes in the first half, and on their partners in the second.

    Columns basis, half, rank, axis (from 1), meaning, value, for ICA and PCA.
    """
    rows = []
    for basis in ("ICA", "PCA"):
        space = halves[0][basis]
        largest = np.argsort(-space.normalised[space.ids[word]])[:5]
        sides = largest, partners(halves, basis)[0][largest]
        for number, (half, axes) in enumerate(zip(halves, sides, strict=True), start=1):
            side, values = half[basis], half[basis].normalised[half[basis].ids[word]]
            for rank, axis in enumerate(axes, start=1):
                name = matching.label(side, axis, 2, list_count)
                rows.append((basis, number, rank, axis + 1, name, values[axis]))
    return pd.DataFrame(rows, columns=["basis", "half", "rank", "axis", "meaning", "value"])


def pair_on_axes(spaces: Mapping[str, Bases], pair: Sequence[str], list_count: int) -> pd.DataFrame:
    """A pair on the five axes that are largest for its first word, in each space and basis.

    Columns basis, space, axis (from 1), meaning, the two words, product and its adjusted p.
    """
    parts = []
    for basis in ("ICA", "PCA"):
        for name, bases in spaces.items():
            side = bases[basis]
            both = side.normalised[[side.ids[word] for word in pair]]
            largest = np.argsort(-both[0])[:5]
            table = pd.DataFrame(both[:, largest].T, columns=list(pair))
            table["product"], table["axis"] = table.prod(axis=1), largest + 1
            p = null_laws.adjust(null_laws.product_p(both.prod(axis=0), side.n_axes))
            table["adjusted p of the product"] = p[largest]
            table["meaning"] = [matching.label(side, axis, 2, list_count) for axis in largest]
            parts.append(table.assign(basis=basis, space=name))
    return pd.concat(parts, ignore_index=True)


def lengths(spaces: Mapping[str, Bases]) -> pd.DataFrame:
    """How far a word's length decides where it stands, before and after scaling, and the axes per
    word, a row per space and basis (Figure 15)."""
    rows = []
    for name, bases in spaces.items():
        for basis, side in bases.items():
            pulls = [
                similarity.length_pull(values, np.linalg.norm(side.values, axis=1))
                for values in (side.values, side.normalised)
            ]
            n = (side.normalised > null_laws.threshold(side.n_axes)).sum(axis=1).mean()
            rows.append((name, basis, len(side), n, *pulls))
    columns = ["space", "basis", "words", "axes per word", "length pulls, before", "after"]
    return pd.DataFrame(rows, columns=columns)
