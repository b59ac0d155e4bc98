"""One squared distance, estimated draw by draw, with the standard error that theory gives it."""

import numpy as np

from lmnotes.models.maps import resample


def parts(Q: np.ndarray, i: int, j: int) -> np.ndarray:
    """What each text adds to the squared distance of models i and j, (N,) nats^2.

    >>> parts(np.array([[1.0, 0.0], [-1.0, 0.5]]), 0, 1)
    array([4.  , 0.25])
    """
    return (np.asarray(Q[i], dtype=np.float64) - Q[j]) ** 2


def running(
    added: np.ndarray,
    pi: np.ndarray,
    n: int,
    *,
    seed: int = 42,
    generator: resample.Generator = "pcg64",
) -> np.ndarray:
    """The estimate of sum(added) after each of n draws, (n,): running means of added / pi.

    >>> running(np.array([1.0, 3.0]), np.array([0.25, 0.75]), 3)  # in proportion: no error at all
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
