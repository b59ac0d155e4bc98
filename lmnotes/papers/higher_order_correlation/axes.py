"""The axes of one embedding on three bases, called by their words, and how they go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lmnotes.papers.higher_order_correlation.correlations import energy
from lmnotes.words import ica
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica.components import Components


@dataclass(frozen=True, eq=False)
class Axes:
    """White axes of the same words on several bases; an axis is called by its top words.

    spaces: basis -> components. listed: (V,) bool, the words that may name an axis.
    """

    spaces: Mapping[str, Components]
    listed: np.ndarray

    @property
    def ica(self) -> Components:
        """The components by ICA."""
        return self.spaces["ICA"]

    @cached_property
    def top(self) -> dict[str, np.ndarray]:
        """Basis -> the rows (K, 5) of each axis's words of largest value in rows of length 1."""
        rows = ica.matching.top_rows
        return {name: rows(space.normalised, 5, self.listed) for name, space in self.spaces.items()}

    @cached_property
    def c(self) -> dict[str, np.ndarray]:
        """Basis -> the higher-order correlations (K, K)."""
        return {name: energy(space.values) for name, space in self.spaces.items()}

    def label(self, axis: int, n_words: int = 2, basis: str = "ICA") -> str:
        """The number of an axis, counted from 1, and its top words."""
        words = (self.ica.words[row] for row in self.top[basis][axis][:n_words])
        return f"{axis + 1}: {', '.join(words)}"

    @cached_property
    def labels(self) -> list[str]:
        """The labels (K,) of ICA's axes."""
        return [self.label(axis) for axis in range(self.ica.n_axes)]

    def blocks(self, n_axes: int) -> dict[str, pd.DataFrame]:
        """Basis -> the first axes (4 n_axes, n_axes) on the four top words of each (Figure 1)."""
        made = {}
        for name, space in self.spaces.items():
            rows = self.top[name][:n_axes, :4].ravel()
            words = pd.Index([self.ica.words[row] for row in rows], name="word")
            made[name] = pd.DataFrame(space.normalised[rows, :n_axes], words, range(1, n_axes + 1))
        return made


def named_axes(
    vectors: Embedding, *, min_count: int = 1, list_count: int = 1, seed: int = 0
) -> Axes:
    """The axes of an embedding by ICA, by PCA and at random.

    min_count: rarer words are left out. list_count: rarer words name no axis.
    """
    spaces = ica.compare.bases_of(vectors, min_count=min_count, seed=seed)
    counts = spaces["ICA"].counts
    every = np.ones(len(spaces["ICA"]), bool)
    return Axes(spaces, every if counts is None else counts >= list_count)
