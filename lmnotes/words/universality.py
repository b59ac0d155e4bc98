"""Are the axes of two spaces the same? Matched on some pairs, judged on others, against nulls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lmnotes.words import axes, ica, rotations
from lmnotes.words.axes import Matching, Null
from lmnotes.words.components import Components

if TYPE_CHECKING:
    import pandas

METHODS = ("ICA", "PCA", "random rotation")


def bases(
    vectors: np.ndarray, *, found: Components | None = None, seed: int = 0, **options
) -> dict[str, Components]:
    """The same vectors (V, D) on three sets of white axes: ICA, PCA signed alike, and at random.

    Args:
        found: their ICA, where it is known already.
        options: those of `ica.fit`.
    """
    return {
        "ICA": found or ica.fit(vectors, seed=seed, **options),
        "PCA": rotations.pca(vectors, flip=True),
        "random rotation": rotations.random(vectors, seed=seed),
    }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two spaces, axis by axis, under several methods.

    Args:
        name: what is compared. n_pairs: rows that both spaces have.
        matchings: method -> axes matched on half of the pairs.
        nulls: method -> the same with shuffled pairings.
        held_out: method -> (K,) correlations of the matched axes over the other half.
    """

    name: str
    n_pairs: int
    matchings: dict[str, Matching]
    nulls: dict[str, Null]
    held_out: dict[str, np.ndarray]

    def n_shared(self, method: str) -> int:
        """Axes whose held-out correlation is above any that shuffled pairings reached."""
        return int(np.sum(self.held_out[method] > self.nulls[method].top))

    @property
    def table(self) -> "pandas.DataFrame":
        """One row per method and rank: held-out r, r of the matching, level of the null."""
        import pandas

        parts = []
        for method, r in self.held_out.items():
            order = np.argsort(-r, kind="stable")
            parts.append(
                pandas.DataFrame({
                    "comparison": self.name, "method": method, "rank": np.arange(len(r)),
                    "r": r[order], "matched_r": self.matchings[method].r,
                    "shuffled": self.nulls[method].level,
                })
            )  # fmt: skip
        return pandas.concat(parts, ignore_index=True)

    @property
    def summary(self) -> "pandas.DataFrame":
        """One row per method: mean r, shared axes, level and p-value of the shuffled pairing."""
        import pandas

        rows = [
            {
                "comparison": self.name, "method": method, "pairs": self.n_pairs, "axes": len(r),
                "mean r, held out": r.mean(), "best r": r.max(),
                "axes above the null": self.n_shared(method),
                "null, mean r": self.nulls[method].r.mean(), "null, largest r":
                self.nulls[method].top, "p": self.nulls[method].p_value(self.matchings[method]),
            }
            for method, r in self.held_out.items()
        ]  # fmt: skip
        return pandas.DataFrame(rows)


def compare(
    name: str,
    first: Mapping[str, np.ndarray],
    second: Mapping[str, np.ndarray],
    *,
    n_shuffles: int = 20,
    seed: int = 0,
    method: Literal["greedy", "hungarian"] = "greedy",
) -> Comparison:
    """The axes of two spaces matched on a random half of their paired rows, judged on the other.

    Args:
        first, second: name of a basis -> (m, K) coordinates; row i of one is the partner of row i
            of the other.
        n_shuffles: random pairings behind each null, matched on the same half.
    """
    n_pairs = len(next(iter(first.values())))
    order = np.random.default_rng(seed).permutation(n_pairs)
    train, test = order[: n_pairs // 2], order[n_pairs // 2 :]
    matchings, nulls, held_out = {}, {}, {}
    for basis, a in first.items():
        b = second[basis]
        found = axes.match(a[train], b[train], method=method)
        matchings[basis], held_out[basis] = found, found.on(a[test], b[test])
        nulls[basis] = axes.shuffled(
            a[train], b[train], n_shuffles=n_shuffles, seed=seed, method=method
        )
    return Comparison(name, n_pairs, matchings, nulls, held_out)


def word_pairs(first: list[str], second: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The rows (m,) of the words that two vocabularies share, in the order of the first.

    >>> word_pairs(["a", "b", "c"], ["c", "x", "a"])
    (array([0, 2]), array([2, 0]))
    """
    ids = {word: row for row, word in enumerate(second)}
    rows = [(row, ids[word]) for row, word in enumerate(first) if word in ids]
    if not rows:
        raise ValueError(
            f"vocabularies of {len(first):,} and {len(second):,} words share none: expected some; "
            "pair their rows by a dictionary"
        )
    found = np.array(rows)
    return found[:, 0], found[:, 1]
