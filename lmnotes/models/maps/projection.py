"""Two-dimensional pictures of many-dimensional coordinates, and trees over them.

Settings of the model map's t-SNE: perplexity 30, PCA initialisation, "sqeuclidean", seed 42.
"""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist

from lmnotes.errors import InputError, expect_between, expect_finite, expect_shape
from lmnotes.models.maps.labels import labelled

_EQUAL = 1e-30  # spread, relative and absolute, of which float32 sees nothing
_FEW = 500  # models that one thread of t-SNE places sooner than several


def spectrum(coordinates: npt.ArrayLike) -> np.ndarray:
    """The share of the squared norm in the first k principal components, (min(M, N),), up to 1.

    The columns are centred first, which changes nothing for doubly centred coordinates.

    >>> spectrum(np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])).tolist()
    [0.9, 1.0]
    """
    values = _finite(coordinates)
    variances = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    total = variances.sum()
    if not total > 0:
        raise InputError(f"all {len(values)} rows are equal; expected models that differ: add some")
    return np.minimum(np.cumsum(variances) / total, 1.0)


def n_components(cumulative: npt.ArrayLike, share: float) -> int:
    """How many components reach this share of the squared norm.

    >>> n_components(np.array([0.6, 0.85, 0.95, 1.0]), 0.9)
    3
    """
    expect_between("share", share, 0, 1)
    return int(np.searchsorted(np.asarray(cumulative), share - 1e-12) + 1)


@labelled("rows", "PCA")
def pca(coordinates: npt.ArrayLike, k: int = 2) -> np.ndarray:
    """The first k principal components of the rows, (M, k), signs fixed by the largest entry."""
    values = _finite(coordinates)
    left, singular, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    return _fix_signs(left[:, :k] * singular[:k])


@labelled("rows", "MDS")
def classical_mds(squared_distances: npt.ArrayLike, k: int = 2) -> np.ndarray:
    """Coordinates whose squared distances are nearest to these, (M, k): classical scaling.

    Args:
        squared_distances: (M, M); a KL matrix is one already, up to a factor.

    From the exact `||q_i - q_j||^2` it is PCA; it also takes a matrix that has no coordinates,
    such as sampled KL, whose negative eigenvalues are dropped.
    """
    squared = _finite(squared_distances)
    expect_shape("squared_distances", squared, "(M, M)")
    squared = (squared + squared.T) / 2
    inner = -(squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()) / 2
    values, vectors = np.linalg.eigh(inner)
    first = np.argsort(-values, kind="stable")[:k]
    return _fix_signs(vectors[:, first] * np.sqrt(np.maximum(values[first], 0)))


@labelled("rows", "t-SNE")
def tsne(
    coordinates: npt.ArrayLike,
    seed: int = 42,
    *,
    perplexity: float = 30.0,
    metric: str = "sqeuclidean",
    n_iterations: int = 10_000,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """The t-SNE map of the rows, (M, 2), with the paper's settings.

    Args:
        metric: with "sqeuclidean" scikit-learn squares the neighbours' distances once more, so
            that affinities fall with the fourth power of the distance; "euclidean" gives another
            map. Both are deterministic for a seed.
        perplexity: lowered to (M - 1) / 3 where there are fewer models than it needs.
        start: (M, 2), a map to go on from, without early exaggeration; by default the PCA.

    Models that are all equal lie in one point, with a warning.
    """
    from sklearn.manifold import TSNE  # before the limit, which only what is loaded feels
    from threadpoolctl import threadpool_limits

    values = _finite(coordinates)
    if not np.ptp(values, axis=0).max(initial=0) > _EQUAL * (1 + np.abs(values).max(initial=0)):
        # scikit-learn would divide by a spread of 0, and the process die of it
        warnings.warn(f"all {len(values)} models are equal: they lie in one point", stacklevel=3)
        return np.zeros((len(values), 2))
    perplexity = min(perplexity, max(1.0, (len(values) - 1) / 3))
    options: dict[str, Any] = dict(perplexity=perplexity, max_iter=n_iterations, random_state=seed)
    options["init"] = "pca"
    if start is not None:
        options |= {"init": np.asarray(start, np.float32), "early_exaggeration": 1.0}
    fit = TSNE(2, metric=metric, **options)
    size = np.sqrt(np.mean(values**2)) or 1.0  # t-SNE does not feel it, float32 likes it near 1
    # of few models the threads would wait for each other at every step: ten times slower
    with threadpool_limits(1 if len(values) < _FEW else None, user_api="openmp"):
        return fit.fit_transform(values / size).astype(np.float64)


def tree(coordinates: npt.ArrayLike, method: str = "ward") -> np.ndarray:
    """The hierarchical clustering of the rows as scipy's linkage, (M - 1, 4), leaves reordered.

    Heights are in units of the root mean square of a text's difference, sqrt(2 KL) for two single
    models. Which linkage the paper uses, if any, is not known; Ward is ours.
    """
    distances = pdist(_finite(coordinates) / np.sqrt(np.shape(coordinates)[1]))
    return optimal_leaf_ordering(linkage(distances, method), distances)


def leaf_order(linkage: np.ndarray) -> np.ndarray:
    """The order of the rows along the leaves of a tree, (M,)."""
    return leaves_list(linkage)


def _finite(coordinates: npt.ArrayLike) -> np.ndarray:
    values = np.asarray(coordinates, np.float64)
    expect_finite("coordinates", values, "leave those models out")
    return values


def _fix_signs(coordinates: np.ndarray) -> np.ndarray:
    """Each column turned so that its entry of largest size is positive."""
    if not len(coordinates):
        return coordinates
    largest = np.abs(coordinates).argmax(axis=0)
    signs = np.sign(coordinates[largest, np.arange(coordinates.shape[1])])
    return coordinates * np.where(signs == 0, 1.0, signs)
