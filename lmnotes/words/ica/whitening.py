"""Centring, principal components and whitening in float64, with checks of what comes in."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lmnotes import errors
from lmnotes.errors import InputError, expect_finite, expect_shape, expect_weights, expect_whole
from lmnotes.words import norms

FLOAT64_NULL = 3e-7  # s.d. over the largest s.d.: a covariance in float64 knows no smaller ones


@dataclass(frozen=True, repr=False)
class Whitening(errors.Shown):
    """White coordinates (V, K) float64 in order of variance, and the map (vectors - mean) @ map.

    Args:
        variance: (K,) population variances of the principal components.
    """

    white: np.ndarray
    mean: np.ndarray
    map: np.ndarray
    variance: np.ndarray


def whiten(
    vectors: npt.ArrayLike,
    *,
    n_components: int | None = None,
    mean_weights: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Whitening:
    """The principal components of the rows of a matrix (V, D), each of population variance 1.

    Args:
        n_components: K, those with the largest variance; None for all.
        mean_weights: (V,) of the rows in the mean only, counts for example.
        weights: (V,) of the rows in mean and covariance alike.

    Directions without variance are dropped with a warning: dividing by their rounding errors would
    make noise as large as meaning.

    >>> import numpy as np
    >>> result = whiten(np.random.default_rng(0).normal(size=(50, 3)))
    >>> np.allclose(result.white.T @ result.white / 50, np.eye(3))
    True

    Raises InputError: fewer rows than columns, NaN or infinite numbers, or a constant column.
    """
    vectors = _checked(vectors)
    n_rows = len(vectors)
    weights = None if weights is None else expect_weights("weights", weights, n_rows)
    if mean_weights is not None:
        shares = expect_weights("counts", mean_weights, n_rows)
    else:
        shares = np.ones(n_rows) if weights is None else weights
    mean = norms.weighted_mean(vectors, shares)
    variance, directions = np.linalg.eigh(norms.weighted_covariance(vectors, weights, mean))
    variance, directions = variance[::-1], directions[:, ::-1]
    k = _rank(variance, vectors.dtype, n_components)
    white_map = directions[:, :k] / np.sqrt(variance[:k])
    white = np.empty((n_rows, k))
    for start in range(0, n_rows, norms.BLOCK):
        rows = slice(start, start + norms.BLOCK)
        white[rows] = (vectors[rows].astype(np.float64) - mean) @ white_map
    return Whitening(white, mean, white_map, variance[:k])


def _rank(variance: np.ndarray, dtype: np.dtype, n_components: int | None) -> int:
    """How many components to keep: those asked for, of those that are more than rounding."""
    dim = len(variance)
    if n_components is not None:
        expect_whole("n_components", n_components, 1, dim, "the columns; None for all")
    null = max(FLOAT64_NULL, 10 * np.finfo(dtype).eps)
    rank = int(np.sum(variance > null**2 * variance[0]))
    if rank < min(dim, n_components or dim):
        lost = f"the vectors vary in {rank} of {dim} directions only; the other {dim - rank}"
        warnings.warn(f"{lost} are dropped, which would be rounding errors blown up", stacklevel=4)
    return min(rank, n_components or dim)


def _checked(vectors: npt.ArrayLike) -> np.ndarray:
    vectors = np.asarray(vectors)
    if vectors.dtype.kind != "f":
        vectors = vectors.astype(np.float64)
    expect_shape("vectors", vectors, "(V, D)")
    if len(vectors) <= vectors.shape[1]:
        raise InputError(f"vectors {vectors.shape}: expected more rows than columns: transpose?")
    low, high = vectors.min(axis=0), vectors.max(axis=0)  # NaN and infinity show here too
    if not np.isfinite([low, high]).all():
        expect_finite("vectors", vectors)
    expect_varying(high - low)
    return vectors


def expect_varying(spread: np.ndarray) -> None:
    """Raise InputError where a column, of which this is the range or deviation, is constant."""
    constant = np.flatnonzero(spread == 0)
    if len(constant):
        raise InputError(f"{len(constant)} constant columns, first column {constant[0]}: drop them")
