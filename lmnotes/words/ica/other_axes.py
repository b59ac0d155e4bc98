"""What ICA is compared with: PCA, random rotations, Varimax and Quartimax; and how non-Gaussian
the axes of each are.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lmnotes.words.ica.components import Components, order
from lmnotes.words.ica.solver import random_rotation
from lmnotes.words.ica.whitening import whiten

# Expectations under N(0, 1), as the released code has them.
LOGCOSH_OF_NORMAL = 0.374567207491438
GAUSS_OF_NORMAL = -0.707106781186548


def pca(
    vectors: np.ndarray,
    *,
    n_components: int | None = None,
    weights: np.ndarray | None = None,
    flip: bool = False,
    **labels,
) -> Components:
    """The whitened principal components of vectors (V, D), largest variance first.

    Args:
        flip: make every skewness positive, as for ICA; matching between spaces needs it.
        labels: `words` and `counts` of the rows.

    >>> found = pca(np.random.default_rng(0).normal(size=(50, 3)))
    >>> np.allclose(found.values.T @ found.values / 50, np.eye(3))
    True
    """
    found = whiten(vectors, n_components=n_components, weights=weights)
    signs = order(found.white)[0] if flip else np.ones(found.white.shape[1])
    return Components(
        found.white * signs,
        found.mean,
        found.map * signs,
        "PCA",
        settings={"variance": found.variance.tolist(), "flip": flip},
        **labels,
    )


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
    signs, by_skewness = order(values) if flip else (1.0, slice(None))
    unmixing = (start.unmixing @ rotation * signs)[:, by_skewness]
    values = (values * signs)[:, by_skewness]
    return Components(values, start.mean, unmixing, method, words=start.words, counts=start.counts)


def random(vectors: np.ndarray, *, seed: int = 0, **labels) -> Components:
    """White coordinates in a random rotation, the null of every claim about ICA's axes."""
    start = pca(vectors, **labels)
    return rotated(start, random_rotation(start.n_axes, seed), "random rotation")


def orthomax(
    vectors: np.ndarray,
    *,
    gamma: float = 1.0,
    whitened: bool = True,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int = 500,
    **labels,
) -> Components:
    """PCA scores rotated towards simple structure: Varimax (gamma 1) or Quartimax (gamma 0).

    Maximises sum_k { E y_k^4 - gamma (E y_k^2)^2 } over rotations by iterated singular value
    decompositions. On white scores gamma makes no difference, and the result is ICA with the cubic
    contrast; on unwhitened scores it is another method.

    Args:
        whitened: rotate white scores, else the scores with their variances.
        tolerance: for the relative growth of the criterion in one step.
    """
    found = whiten(vectors)
    scale = np.ones(len(found.variance)) if whitened else np.sqrt(found.variance)
    scores = found.white * scale
    rotation, last, change = random_rotation(len(scale), seed), 0.0, np.inf
    for n_iterations in range(1, max_iterations + 1):  # noqa: B007
        y = scores @ rotation
        moments = scores.T @ (y * (y * y - gamma * np.mean(y * y, axis=0))) / len(y)
        left, growth, right = np.linalg.svd(moments)
        rotation = left @ right
        last, change = growth.sum(), growth.sum() / last - 1 if last > 0 else np.inf
        if change < tolerance:
            break
    name = ("Varimax" if gamma == 1 else "Quartimax" if gamma == 0 else f"orthomax {gamma}") + (
        "" if whitened else ", not whitened"
    )
    start = Components(scores, found.mean, found.map * scale, name, **labels)
    return replace(
        rotated(start, rotation, name),
        n_iterations=n_iterations,
        limit=tolerance,
        converged=bool(change < tolerance),
        gradient_norm=float(abs(change)),
    )


def raw(vectors: np.ndarray, **labels) -> Components:
    """The columns of the vectors themselves, standardised, signed and ordered by skewness."""
    vectors = np.asarray(vectors, np.float64)
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    if not spread.all():
        raise ValueError(
            f"{np.sum(spread == 0)} constant columns, first column {np.argmin(spread)}: expected "
            "each to vary; drop them"
        )
    start = Components((vectors - mean) / spread, mean, np.diag(1 / spread), "raw", **labels)
    return rotated(start, np.eye(len(spread)), "raw columns")


def between(white: Components, turned: Components) -> np.ndarray:
    """The rotation (K, K) from one set of white axes to another of the same vectors.

    It comes from the maps, since values are white under their weights only.
    """
    return np.linalg.pinv(white.unmixing) @ turned.unmixing


def participation(rotation: np.ndarray) -> np.ndarray:
    """How many old axes each new axis mixes (K,): 1 / sum of fourth powers of its column.

    >>> participation(np.eye(2)).tolist(), participation(np.full((4, 1), 0.5)).tolist()
    ([1.0, 1.0], [4.0])
    """
    shares = (rotation / np.linalg.norm(rotation, axis=0)) ** 2
    return 1 / (shares**2).sum(axis=0)


def gaussianity(values: np.ndarray) -> pd.DataFrame:
    """How far each axis (V, K) is from a Gaussian, by the four measures of the paper's Figure 6.

    Returns:
        a row per axis: skewness (its absolute value), kurtosis (excess), and the squared distances
        of E log cosh u and of E -exp(-u^2/2) from their values under N(0, 1), u standardised.

    >>> gaussianity(np.array([[-1.0], [1.0]]))["kurtosis"].tolist()
    [-2.0]
    """
    rows = []
    for column in np.asarray(values, np.float64).T:
        u = (column - column.mean()) / column.std()
        size = np.abs(u)  # log cosh without overflow
        logcosh = np.mean(size + np.log1p(np.exp(-2 * size)) - np.log(2))
        gauss = np.mean(-np.exp(-u * u / 2))
        rows.append(
            {
                "skewness": abs(np.mean(u**3)),
                "kurtosis": np.mean(u**4) - 3,
                "logcosh": (logcosh - LOGCOSH_OF_NORMAL) ** 2,
                "gaussian": (gauss - GAUSS_OF_NORMAL) ** 2,
            }
        )
    return pd.DataFrame(rows)


def gaussianity_curves(spaces: Mapping[str, Components]) -> pd.DataFrame:
    """`gaussianity` of several sets of axes, one under the other, with columns method and axis."""
    parts = [
        gaussianity(space.values).rename_axis("axis").reset_index().assign(method=name)
        for name, space in spaces.items()
    ]
    return pd.concat(parts, ignore_index=True)
