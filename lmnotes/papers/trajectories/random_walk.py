"""The control for spirals: a walk without a plan, seen through its principal components.

The principal components of any smooth path of many dimensions look like cosines of rising
frequency, and two of them drawn against each other like a spiral or an arc. For a walk of T points
with independent steps of one size in D -> infinity dimensions this is exact: the Gram matrix tends
to the double-centred min(s, t), whose inverse on the centred vectors is the Laplacian of a line of
T points, so the k-th component is cos(pi k (t + 1/2) / T) with variance 1 / (4 sin^2(pi k / 2T)).
"""

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_between
from lmnotes.models.maps.projection import pca


def random_walk(
    n_points: int, n_dimensions: int = 1000, seed: int = 0, lengths: np.ndarray | None = None
) -> np.ndarray:
    """A Brownian path, (n_points, n_dimensions), that starts at the origin.

    Args:
        lengths: (n_points - 1,) exact length of every step; otherwise each step is normal with a
            mean squared length of 1.

    >>> path = random_walk(3, 50, lengths=np.array([3.0, 4.0]))
    >>> np.linalg.norm(np.diff(path, axis=0), axis=1).round(6).tolist()
    [3.0, 4.0]
    """
    expect_between("n_points", n_points, 2)
    expect_between("n_dimensions", n_dimensions, 1)
    rng = np.random.default_rng(seed)
    increments = rng.normal(size=(n_points - 1, n_dimensions)) / np.sqrt(n_dimensions)
    if lengths is not None:
        sizes = np.linalg.norm(increments, axis=1)
        increments *= (np.asarray(lengths, np.float64) / sizes)[:, None]
    return np.concatenate([np.zeros((1, n_dimensions)), np.cumsum(increments, axis=0)])


def control(path: np.ndarray, n_dimensions: int = 1000, seed: int = 0) -> np.ndarray:
    """A Brownian path whose steps have the lengths of this path's, (T, n_dimensions).

    Args:
        path: (T, N), coordinates of one run, such as rows of `coordinates.double_centre`.
    """
    values = np.asarray(path, np.float64)
    lengths = np.linalg.norm(np.diff(values, axis=0), axis=1)
    return random_walk(len(values), n_dimensions, seed, lengths)


def cosines(n_points: int, k: int = 4) -> np.ndarray:
    """The first k principal components of the ideal walk, unit columns, (n_points, k).

    Column j is cos(pi (j + 1) (t + 1/2) / T): drawn against each other they are Lissajous curves.
    """
    k = min(k, n_points - 1)
    frequency, place = np.arange(1, k + 1), np.arange(n_points)[:, None] + 0.5
    return np.cos(np.pi * frequency * place / n_points) * np.sqrt(2 / n_points)


def walk_shares(n_points: int) -> np.ndarray:
    """The share of variance in each principal component of the ideal walk, (n_points - 1,).

    It tends to 6 / (pi k)^2: 61 %, 15 %, 7 %, ...

    >>> walk_shares(10_000)[:3].round(3).tolist()
    [0.608, 0.152, 0.068]
    """
    variances = 1 / np.sin(np.pi * np.arange(1, n_points) / (2 * n_points)) ** 2
    return variances / variances.sum()


def shape(path: np.ndarray, k: int = 4) -> pd.DataFrame:
    """How much a path looks like a walk without a plan: a row per principal component.

    Args:
        path: (T, N). Columns: component, share of variance, walk_share of the ideal walk of T
            points, cosine_r2, the squared correlation with the cosine of that number.

    A spiral that a run shares with `control(run)` says nothing about training; a share of the
    first component far from the walk's, or a low cosine_r2, does.
    """
    values = np.asarray(path, np.float64)
    k = min(k, len(values) - 1)
    components = pca(values, k)  # (T, k)
    total = ((values - values.mean(axis=0)) ** 2).sum()
    if not total > 0:
        given = f"all {len(values)} points of the path are the same"
        raise InputError(f"{given}; expected one that moves: take another run")
    norms = (components**2).sum(axis=0)
    inner = (components * cosines(len(values), k)).sum(axis=0) ** 2
    return pd.DataFrame(
        {
            "component": np.arange(1, k + 1),
            "share": norms / total,
            "walk_share": walk_shares(len(values))[:k],
            "cosine_r2": np.divide(inner, norms, out=np.full(k, np.nan), where=norms > 0),
        }
    )
