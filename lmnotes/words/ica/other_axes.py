"""What ICA is compared with: PCA, random axes, raw columns; and how Gaussian all of these are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from lmnotes.errors import expect_finite
from lmnotes.words.ica.components import Components, order
from lmnotes.words.ica.solver import random_rotation
from lmnotes.words.ica.whitening import expect_varying, whiten

# Expectations under N(0, 1), as the released code has them.
LOGCOSH_OF_NORMAL = 0.374567207491438
GAUSS_OF_NORMAL = -0.707106781186548


def pca(
    vectors: npt.ArrayLike, *, weights: np.ndarray | None = None, flip: bool = False, **labels: Any
) -> Components:
    """The whitened principal components of vectors (V, D), largest variance first.

    Args:
        flip: make every skewness positive, as for ICA; matching between spaces needs it.
        labels: `words` and `counts` of the rows.

    >>> axes = pca(np.random.default_rng(0).normal(size=(50, 3)))
    >>> np.allclose(axes.values.T @ axes.values / 50, np.eye(3))
    True
    """
    start = whiten(vectors, weights=weights)
    signs = order(start.white, weights)[0] if flip else np.ones(start.white.shape[1])
    settings = {"variance": start.variance.tolist(), "flip": flip}
    values, unmixing = start.white * signs, start.map * signs
    labels |= {"weights": weights, "settings": settings}
    return Components(values, start.mean, unmixing, "PCA", **labels)


def rotated(
    start: Components, rotation: np.ndarray, method: str, *, flip: bool = True
) -> Components:
    """Components turned by a rotation (K, K), by default signed and ordered by skewness.

    >>> axes = pca(np.random.default_rng(0).normal(size=(50, 2)))
    >>> quarter = rotated(axes, np.array([[0.0, 1], [-1, 0]]), "quarter turn", flip=False)
    >>> np.allclose(quarter.values[:, 1], axes.values[:, 0])
    True
    """
    values = start.values @ rotation
    signs, by_skewness = order(values, start.weights) if flip else (1.0, slice(None))
    unmixing = (start.unmixing @ rotation * signs)[:, by_skewness]
    values = (values * signs)[:, by_skewness]
    labels = {name: getattr(start, name) for name in ("words", "counts", "weights")}
    return Components(values, start.mean, unmixing, method, **labels)


def random(vectors: npt.ArrayLike, *, seed: int = 0, **labels: Any) -> Components:
    """White coordinates in a random rotation, the null of every claim about ICA's axes."""
    start = pca(vectors, **labels)
    return rotated(start, random_rotation(start.n_axes, seed), "random rotation")


def raw(vectors: npt.ArrayLike, **labels: Any) -> Components:
    """The columns of the vectors themselves, standardised, signed and ordered by skewness."""
    vectors = np.asarray(vectors, np.float64)
    expect_finite("vectors", vectors)
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    expect_varying(spread)
    start = Components((vectors - mean) / spread, mean, np.diag(1 / spread), "raw", **labels)
    return rotated(start, np.eye(len(spread)), "raw columns")


def between(white: Components, turned: Components) -> np.ndarray:
    """The rotation (K, K) from one set of white axes to another of the same vectors.

    It comes from the maps, since values are white under their weights only.
    """
    return np.linalg.pinv(white.unmixing) @ turned.unmixing


def gaussianity(values: npt.ArrayLike) -> pd.DataFrame:
    """How far each axis (V, K) is from a Gaussian, by the four measures of the paper's Figure 6.

    Returns:
        a row per axis: skewness (its absolute value), kurtosis (excess), and the squared distances
        of E log cosh u and of E -exp(-u^2/2) from their values under N(0, 1), u standardised.

    >>> gaussianity(np.array([[-1.0], [1.0]]))["kurtosis"].tolist()
    [-2.0]
    """
    u = stats.zscore(np.asarray(values, np.float64))
    logcosh = (np.logaddexp(u, -u) - np.log(2)).mean(axis=0)
    gaussian = -np.exp(-u * u / 2).mean(axis=0)
    columns = {"skewness": np.abs(stats.skew(u)), "kurtosis": stats.kurtosis(u)}
    columns["logcosh"] = (logcosh - LOGCOSH_OF_NORMAL) ** 2
    return pd.DataFrame(columns | {"gaussian": (gaussian - GAUSS_OF_NORMAL) ** 2})


def gaussianity_curves(spaces: Mapping[str, Components]) -> pd.DataFrame:
    """`gaussianity` of several sets of axes, one under the other, with columns method and axis."""
    tables = {name: gaussianity(space.values) for name, space in spaces.items()}
    return pd.concat(tables, names=["method", "axis"]).reset_index()


def beyond(curves: pd.DataFrame, rivals: Sequence[str], method: str = "ICA") -> pd.Series:
    """How many times as far from a Gaussian the axes of a method are as those of its best rival.

    Args:
        curves: of `gaussianity_curves`. rivals: methods, among them what ICA finds in Gaussian
            noise of the same size, where there is nothing to find.

    Returns:
        per measure, the median absolute value over axes, over the largest of the rivals' medians.
    """
    middle = curves.set_index("method").drop(columns="axis").abs().groupby("method").median()
    return middle.loc[method] / middle.loc[list(rivals)].max()
