"""Whether the axes of other embeddings of the same words are the same (Figures 5, 24)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.papers.cosine_similarity.seeds import Bases
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
