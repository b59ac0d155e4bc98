"""Lines, partial correlations and intervals for scores of words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Fit:
    """A least-squares line y = intercept + slope x, with 95 % bootstrap intervals over words."""

    slope: float
    intercept: float
    r2: float
    slope_interval: tuple[float, float]
    r2_interval: tuple[float, float]
    n_words: int
    table: "pandas.DataFrame"  # x, y and `used` of every word


def regress(
    y: np.ndarray,
    x: np.ndarray,
    where: np.ndarray | None = None,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Fit:
    """The line of y on x over the words of `where`.

    Args:
        y, x: (V,). where: (V,) bool; all words without.

    Raises:
        ValueError: with fewer than 3 words or without any spread in x.

    >>> fit = regress(np.array([1.0, 3, 5, 7]), np.array([0.0, 1, 2, 3]))
    >>> round(fit.slope, 6), round(fit.intercept, 6), round(fit.r2, 6)
    (2.0, 1.0, 1.0)
    """
    import pandas

    y, x = np.asarray(y, float), np.asarray(x, float)
    used = np.ones(len(y), bool) if where is None else np.asarray(where)
    chosen_y, chosen_x = y[used], x[used]
    if len(chosen_x) < 3 or not np.ptp(chosen_x) > 0 or not np.isfinite(chosen_x + chosen_y).all():
        raise ValueError(
            f"a line through {len(chosen_x)} words, x from {chosen_x.min(initial=np.nan):.3g} to "
            f"{chosen_x.max(initial=np.nan):.3g}: expected 3 or more finite points with different "
            "x; choose more words in `where`"
        )
    slope, intercept, r2 = _lines(chosen_y[None], chosen_x[None])
    rng = np.random.default_rng(seed)
    samples = [rng.integers(len(chosen_x), size=len(chosen_x)) for _ in range(n_bootstrap)]
    lines = [_lines(chosen_y[None, s], chosen_x[None, s]) for s in samples if np.ptp(chosen_x[s])]
    slopes, _, r2s = np.array(lines)[..., 0].T if lines else np.full((3, 1), np.nan)
    return Fit(
        slope=float(slope[0]),
        intercept=float(intercept[0]),
        r2=float(r2[0]),
        slope_interval=interval(slopes),
        r2_interval=interval(r2s),
        n_words=int(used.sum()),
        table=pandas.DataFrame({"x": x, "y": y, "used": used}),
    )


def interval(
    samples: np.ndarray, level: float = 0.95, axis: int | None = None
) -> tuple[float | np.ndarray, float | np.ndarray]:
    """Both ends of the central interval that holds a share `level` of the samples.

    axis: the one along which the samples lie; None, for all of them, gives two floats.

    >>> low, high = interval(np.arange(101.0))
    >>> round(low, 9), round(high, 9)
    (2.5, 97.5)
    """
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=axis)
    return (float(low), float(high)) if axis is None else (low, high)


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    rows: np.ndarray,
    *,
    n_bootstrap: int = 500,
    seed: int = 0,
) -> tuple[float, tuple[float, float]]:
    """A statistic of some rows, and its central 95 % interval over resampled rows.

    statistic: takes an array of row numbers, some of them more than once.

    >>> values = np.arange(100.0)
    >>> mean, (low, high) = bootstrap(lambda rows: values[rows].mean(), np.arange(100))
    >>> mean, low < mean < high
    (49.5, True)
    """
    rng = np.random.default_rng(seed)
    samples = [statistic(rng.choice(rows, len(rows))) for _ in range(n_bootstrap)]
    return float(statistic(rows)), interval(np.array(samples))


def r_squared(y: np.ndarray, x: np.ndarray) -> float:
    """R^2 of the line of y on x, the squared correlation."""
    return float(np.corrcoef(y, x)[0, 1] ** 2)


def partial_correlation(
    y: np.ndarray, x: np.ndarray, given: np.ndarray, where: np.ndarray | None = None
) -> float:
    """The correlation of what is left of y and x after a least-squares fit on `given`.

    given: (V,) or (V, n); the constant is added.

    >>> z = np.arange(8.0)
    >>> noise = np.array([1.0, -1, -1, 1, 1, -1, -1, 1])
    >>> round(partial_correlation(z + noise, 2 * z - noise, z), 6)
    -1.0
    """
    used = slice(None) if where is None else np.asarray(where)
    given = np.asarray(given, float).reshape(len(y), -1)[used]
    design = np.column_stack([np.ones(len(given)), given])
    both = np.column_stack([np.asarray(y, float)[used], np.asarray(x, float)[used]])
    rest = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    return float(np.corrcoef(rest.T)[0, 1])


def _lines(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, intercept and R^2 of each row of points (n_lines, n)."""
    x_mean, y_mean = x.mean(axis=1), y.mean(axis=1)
    dx, dy = x - x_mean[:, None], y - y_mean[:, None]
    xx, xy, yy = (dx * dx).sum(axis=1), (dx * dy).sum(axis=1), (dy * dy).sum(axis=1)
    slope = xy / xx
    with np.errstate(invalid="ignore", divide="ignore"):
        return slope, y_mean - slope * x_mean, xy**2 / (xx * yy)
