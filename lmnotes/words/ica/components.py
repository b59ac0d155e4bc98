"""White coordinates of word vectors: K axes of unit variance, whatever rotation chose them."""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes import store
from lmnotes.errors import Shown, expect_shape


@dataclass(frozen=True, eq=False, repr=False)
class Components(Shown):
    """The coordinates of V vectors on K uncorrelated axes, and the map that makes them.

    Args:
        values: (V, K) float64, `(vectors - mean) @ unmixing`; values' values / V = I, except for
            methods that do not whiten, and under `weights` where these were given.
        mean: (D,) what was subtracted.
        unmixing: (D, K), from centred vectors to coordinates.
        method: "ICA", "PCA", "random rotation", ...
        n_iterations: of the solver, over all rows.
        gradient_norm: where it ended, see `solver.gradient`.
        limit: what it was to reach, in the solver's own measure.
        converged: whether it did.
        settings: how it was made.
        words, counts: (V,) of the rows, where known.
        weights: (V,) of the rows, where they count differently.

    >>> pca = Components(np.array([[1.0], [-1.0]]), np.zeros(1), np.eye(1), "PCA")
    >>> pca.transform(np.array([[3.0]])).tolist(), pca.summary()
    ([[3.0]], 'PCA of 2 vectors on 1 axes.')
    """

    values: np.ndarray
    mean: np.ndarray
    unmixing: np.ndarray
    method: str
    n_iterations: int = 0
    gradient_norm: float = float("nan")
    limit: float = float("nan")
    converged: bool = True
    settings: dict = field(default_factory=dict)
    words: list[str] | None = None
    counts: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def _line(self) -> str:
        return self.summary()

    def _rows(self, places: list[int]) -> pd.DataFrame:
        labels = None if self.words is None else [self.words[row] for row in places]
        return pd.DataFrame(self.values[places], index=labels or places)

    @property
    def n_axes(self) -> int:
        """K, the number of axes."""
        return self.values.shape[1]

    def transform(self, vectors: npt.ArrayLike) -> np.ndarray:
        """The coordinates (n, K) float64 of other vectors (n, D) of the same space."""
        vectors, space = np.asarray(vectors, np.float64), f"(n, {len(self.mean)})"
        expect_shape("vectors", vectors, space, "give some of the space that the axes are of")
        return (vectors - self.mean) @ self.unmixing

    @functools.cached_property
    def skewness(self) -> np.ndarray:
        """The skewness of every axis (K,), under the weights."""
        return skewness(self.values, self.weights)

    @functools.cached_property
    def normalised(self) -> np.ndarray:
        """The coordinates with every row scaled to length 1 (V, K); a row of zeros stays."""
        length = np.linalg.norm(self.values, axis=1, keepdims=True)
        return self.values / np.where(length > 0, length, 1)

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words or [])}

    def summary(self) -> str:
        """One sentence for a caption: what it is, of what, and whether it converged."""
        what = f"{self.method} of {len(self):,} vectors on {self.n_axes} axes"
        if not self.n_iterations:
            return what + "."
        steps, gradient = f"{self.n_iterations} steps", f"gradient {self.gradient_norm:.1e}"
        if self.converged:
            return f"{what}, converged in {steps} to {gradient}."
        short = f"short of {self.limit:.0e}: weak axes are not settled"
        return f"{what}, stopped after {steps} at {gradient}, {short}."

    def save(self, folder: str | Path) -> Path:
        """Write the map, from which the values follow, to a folder, and return the folder."""
        folder = Path(folder)
        np.savez(folder / "map.npz", mean=self.mean, unmixing=self.unmixing)
        names = ("method", "n_iterations", "gradient_norm", "limit", "converged", "settings")
        labels = {name: getattr(self, name) for name in names}
        (folder / "components.json").write_text(json.dumps(labels, indent=1, default=str))
        return folder

    @classmethod
    def open(cls, folder: str | Path, vectors: npt.ArrayLike, **labels: Any) -> "Components":
        """The components of a folder written by `save`, their values made anew from the vectors."""
        with store.opening(folder) as folder:
            with np.load(folder / "map.npz") as saved:
                mean, unmixing = saved["mean"], saved["unmixing"]
            known = json.loads((folder / "components.json").read_text())
            values = (np.asarray(vectors, np.float64) - mean) @ unmixing
            return cls(values, mean, unmixing, **known, **labels)


def skewness(values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> np.ndarray:
    """The skewness of every column (K,), population moments about its mean; 0 for a constant one.

    weights: (V,) of the rows in all moments; None for equal ones.

    >>> skewness(np.array([[0.0, 1], [0, 1], [3, 1]])).round(4).tolist()
    [0.7071, 0.0]
    """
    columns = np.asarray(values).T  # one at a time: no second (V, K) in memory
    shares = np.ones(columns.shape[1]) if weights is None else np.asarray(weights, np.float64)
    if weights is not None:
        columns, shares = columns[:, shares > 0], shares[shares > 0]
    shares = shares / shares.sum()
    moved = ((column - shares @ column, np.ptp(column)) for column in columns)
    moments = ((shares @ (x * x * x), shares @ (x * x) if wide else np.inf) for x, wide in moved)
    return np.array([third / second**1.5 for third, second in moments])


def order(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Signs (K,) that make every column's skewness positive, and its order by that, largest first.

    >>> order(np.array([[0.0, 0], [0, 0], [1, -3], [0, -1]]))
    (array([ 1., -1.]), array([0, 1]))
    """
    skew = skewness(values, weights)
    return np.where(skew < 0, -1.0, 1.0), np.argsort(-np.abs(skew), kind="stable")
