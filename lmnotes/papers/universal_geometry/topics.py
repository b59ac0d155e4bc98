"""What axes are about: names by words, and the axes of everyday words that Figure 1 shows."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from lmnotes.words.ica import matching
from lmnotes.words.ica.components import Components

# Written down before any axis was looked at.
EVERYDAY = tuple(
    str.split(
        "animal book car church city computer dog family film fire fish food football game garden "
        "house king law money music river road school sea ship song star train war water woman"
    )
)


def by_words(space: Components, *, k: int = 3, min_count: int = 1) -> list[str]:
    """The k top words of every axis (K,), with commas between, of components with words."""
    return [matching.label(space, axis, k, min_count) for axis in range(space.n_axes)]


def by_bags(
    space: Components, bags: Sequence[Sequence[str]], *, k: int = 3, at_least: int = 20
) -> list[str]:
    """The k words that speak most for every axis (K,) of rows that are bags of words.

    A word's vote is the sum of the rows that have it over the root of their number: on a white axis
    that of a random word is standard normal.

    Args:
        bags: the words of each row. at_least: words that fewer rows have are passed over.

    >>> axes = Components(np.array([[1.0], [1], [-1], [-1]]), np.zeros(1), np.eye(1), "none")
    >>> by_bags(axes, [["a", "b"], ["a"], ["b"], ["c"]], k=1, at_least=1)
    ['a']
    """
    few = max(1, min(at_least, len(bags) // 4))
    model = CountVectorizer(analyzer=partial(filter, None), binary=True, min_df=few)
    has = model.fit_transform(bags)  # (n, W)
    words = model.get_feature_names_out()
    votes = (has.T @ space.values) / np.sqrt(np.asarray(has.sum(axis=0)).reshape(-1, 1))  # (W, K)
    return [", ".join(words[np.argsort(-vote, kind="stable")[:k]]) for vote in votes.T]


@dataclass(frozen=True, eq=False)
class Topics:
    """Some axes, the words at their ends, and the words between two of them.

    Args:
        axes: (n,) in order. names: (n,) number, counted from 1, and word.
        values: (V, n) of all words, vectors at length 1.
        tops: the rows of three top words of each axis. between: of each pair of axes, as places in
            `axes`, the two words with the largest smaller value.
    """

    axes: list[int]
    names: list[str]
    values: np.ndarray
    tops: dict[int, list[int]]
    between: dict[tuple[int, int], list[int]]

    @property
    def rows(self) -> list[int]:
        """The rows of all these words, by the axis on which each is largest, and by the value."""
        rows = list(dict.fromkeys(itertools.chain(*self.tops.values(), *self.between.values())))
        values = self.values[rows]
        return [rows[n] for n in np.lexsort((-values.max(axis=1), values.argmax(axis=1)))]

    def best_pairs(self, n: int = 2) -> list[tuple[int, int]]:
        """Pairs of axes without one in common: those with the most between them come first."""
        meet = {pair: self.values[rows[0], list(pair)].min() for pair, rows in self.between.items()}
        chosen: list[tuple[int, int]] = []
        for pair in sorted(meet, key=lambda pair: -meet[pair]):
            if not any(set(pair) & set(other) for other in chosen):
                chosen.append(pair)
        return chosen[:n]


def choose(space: Components, everyday: Sequence[str], *, n: int = 5, min_count: int = 1) -> Topics:
    """The axes of n everyday words, each the one of the more skewed half on which its word is
    largest: the words that are most of one axis come first, an axis once; the most skewed axes
    where words are missing.

    Args:
        min_count: rarer words are not shown.
    """
    readable = space.normalised[:, : max(n, space.n_axes // 2)]
    own = {word: readable[space.ids[word]] for word in everyday if word in space.ids}
    names: dict[int, str] = {}
    for word in sorted(own, key=lambda word: -own[word].max()):
        names.setdefault(int(own[word].argmax()), word)
    for axis in range(space.n_axes):
        names.setdefault(axis, matching.label(space, axis, min_count=min_count))
    axes = sorted(list(names)[:n])
    values = space.normalised[:, axes]
    listed = np.ones(len(space), bool)
    if space.counts is not None:
        listed = np.asarray(space.counts) >= min_count
    tops = matching.top_rows(values, 3, listed)
    between = {}
    for i, j in itertools.combinations(range(n), 2):
        both = np.where(listed, values[:, [i, j]].min(axis=1), -np.inf)
        between[i, j] = np.argsort(-both, kind="stable")[:2].tolist()
    called = [f"{axis + 1}: {names[axis]}" for axis in axes]
    return Topics(axes, called, values, dict(enumerate(tops.tolist())), between)


def coordinates(spaces: Mapping[str, Components], pairs: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Word, count, and the values of the axes in some pairs, a column "BASIS AXIS" each."""
    space, axes = next(iter(spaces.values())), sorted({axis for pair in pairs for axis in pair})
    columns = {f"{n} {axis + 1}": x.values[:, axis] for n, x in spaces.items() for axis in axes}
    return pd.DataFrame({"word": space.words, "count": space.counts} | columns)
