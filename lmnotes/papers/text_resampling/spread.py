"""How much a map moves from one draw of texts to the next: maps aligned, ellipses, one number.

A map is known up to rotation and reflection, so those are taken out first; size is kept, since a
map that shrinks has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmnotes.errors import expect_between
from lmnotes.models.maps import resample
from lmnotes.models.maps.layout import procrustes


@dataclass(frozen=True)
class AlignedMaps:
    """Where the models stand on average over R aligned maps, and how far they stray."""

    aligned: np.ndarray  # (R, M, 2) every map turned onto the reference
    mean: np.ndarray  # (M, 2)
    covariance: np.ndarray  # (M, 2, 2) over maps, divisor R - 1

    @property
    def mse(self) -> float:
        """The mean over maps and models of the squared distance to the model's mean place."""
        return float(self.mse_of_runs.mean())

    @property
    def mse_of_runs(self) -> np.ndarray:
        """The share of every map in it, (R,): its mean over models."""
        return ((self.aligned - self.mean) ** 2).sum(axis=2).mean(axis=1)


def align(maps: Sequence[np.ndarray], reference: np.ndarray) -> AlignedMaps:
    """The maps of several draws turned onto one reference, with mean places and covariances.

    Args:
        maps: R maps, (M, 2) each. reference: (M, 2), the map of all texts.

    >>> place = np.array([[0.0, 0], [1, 0], [0, 1]])
    >>> round(align([place, place + 3], place).mse, 9)
    0.0
    """
    expect_between("number of maps", len(maps), 2, then="draw more, to see them move")
    aligned = np.stack([procrustes(points, reference) for points in maps])  # (R, M, 2)
    mean = aligned.mean(axis=0)
    moved = aligned - mean
    covariance = np.einsum("rmi,rmj->mij", moved, moved) / (len(maps) - 1)
    return AlignedMaps(aligned, mean, covariance)


def ellipses(covariance: np.ndarray) -> np.ndarray:
    """Width, height (2 sqrt of the eigenvalues) and angle in degrees of 1-sd ellipses, (M, 3).

    >>> ellipses(np.array([[[4.0, 0.0], [0.0, 1.0]]]))
    array([[4., 2., 0.]])
    """
    values, vectors = np.linalg.eigh(covariance)  # increasing
    axis = vectors[:, :, 1]
    angle = np.degrees(np.arctan2(axis[:, 1], axis[:, 0])) % 180
    return np.column_stack([2 * np.sqrt(np.maximum(values[:, ::-1], 0.0)), angle])


def running_estimate(
    added: np.ndarray,
    pi: np.ndarray,
    n: int,
    *,
    seed: int = 42,
    generator: resample.Generator = "pcg64",
) -> np.ndarray:
    """The estimate of sum(added) after each of n draws, (n,): running means of added / pi.

    >>> running_estimate(np.array([1.0, 3.0]), np.array([0.25, 0.75]), 3)  # no error
    array([4., 4., 4.])
    """
    picked = resample.picks(pi, n, seed=seed, generator=generator)
    return np.cumsum(added[picked] / pi[picked]) / np.arange(1, n + 1)


def standard_error(added: np.ndarray, pi: np.ndarray, n: int | np.ndarray) -> np.ndarray:
    """The standard deviation of that estimate after n draws, from all texts; infinite where a text
    that adds something has no mass.

    >>> float(standard_error(np.array([1.0, 3.0]), np.array([0.5, 0.5]), 4))
    1.0
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(added > 0, added**2 / pi, 0.0).sum()
    return np.sqrt(np.maximum(squares - added.sum() ** 2, 0.0) / np.asarray(n))
