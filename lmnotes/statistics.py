"""Lines, intervals and tests: what scores of words, of models and of seeds have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from lmnotes.errors import InputError, Shown, expect_between, expect_finite


@dataclass(frozen=True, repr=False)
class Fit(Shown):
    """A least-squares line y = intercept + slope x, with 95 % bootstrap intervals over words."""

    slope: float
    intercept: float
    r2: float
    slope_interval: tuple[float, float]
    r2_interval: tuple[float, float]
    n_words: int
    table: pd.DataFrame  # x, y and `used` of every word


def regress(
    y: npt.ArrayLike,
    x: npt.ArrayLike,
    where: npt.ArrayLike | None = None,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Fit:
    """The line of y on x over the words of `where`.

    Args:
        y, x: (V,) numbers of the words.
        where: (V,) bool; all words without.

    Raises:
        InputError: with fewer than 3 words or without any spread in x.

    >>> fit = regress(np.array([1.0, 3, 5, 7]), np.array([0.0, 1, 2, 3]))
    >>> round(fit.slope, 6), round(fit.intercept, 6), round(fit.r2, 6)
    (2.0, 1.0, 1.0)
    """
    y, x = np.asarray(y, float), np.asarray(x, float)
    used = np.ones(len(y), bool) if where is None else np.asarray(where)
    chosen_y, chosen_x = y[used], x[used]
    if len(chosen_x) < 3 or not np.ptp(chosen_x) > 0 or not np.isfinite(chosen_x + chosen_y).all():
        reach = f"{chosen_x.min(initial=np.nan):.3g} to {chosen_x.max(initial=np.nan):.3g}"
        given = f"a line through {len(chosen_x)} words, x from {reach}: expected 3 or more finite"
        raise InputError(f"{given} points with different x; choose more words in `where`")
    rng = np.random.default_rng(seed)
    samples = [rng.integers(len(chosen_x), size=len(chosen_x)) for _ in range(n_bootstrap)]
    lines = [_line(chosen_y[s], chosen_x[s]) for s in samples if np.ptp(chosen_x[s])]
    slopes, _, r2s = np.array(lines or [(np.nan,) * 3]).T
    table = pd.DataFrame({"x": x, "y": y, "used": used})
    intervals = interval(slopes), interval(r2s)
    return Fit(*_line(chosen_y, chosen_x), *intervals, int(used.sum()), table)


def _line(y: np.ndarray, x: np.ndarray) -> tuple[float, float, float]:
    """Slope, intercept and R^2 of the line through points (n,); R^2 is NaN where y is constant."""
    dx, dy = x - x.mean(), y - y.mean()
    xx, xy, yy = (float(products.sum()) for products in (dx * dx, dx * dy, dy * dy))
    slope = xy / xx
    return slope, float(y.mean() - slope * x.mean()), xy**2 / (xx * yy) if yy else np.nan


@overload
def interval(samples: npt.ArrayLike, axis: None = None) -> tuple[float, float]: ...
@overload
def interval(samples: npt.ArrayLike, axis: int) -> tuple[np.ndarray, np.ndarray]: ...
def interval(samples: npt.ArrayLike, axis: int | None = None) -> tuple[Any, Any]:
    """Both ends of the central interval that holds 95 % of the samples.

    axis: the one along which the samples lie; None, for all of them, gives two floats.

    >>> low, high = interval(np.arange(101.0))
    >>> round(low, 9), round(high, 9)
    (2.5, 97.5)
    """
    low, high = np.quantile(np.asarray(samples), [0.025, 0.975], axis=axis)
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


def partial_correlation(y: np.ndarray, x: np.ndarray, given: np.ndarray) -> float:
    """The correlation of what is left of y and x after a least-squares fit on `given`.

    given: (V,) or (V, n); the constant is added. NaN where nothing of y or of x is left.

    >>> z = np.arange(8.0)
    >>> noise = np.array([1.0, -1, -1, 1, 1, -1, -1, 1])
    >>> round(partial_correlation(z + noise, 2 * z - noise, z), 6)
    -1.0
    """
    design = np.column_stack([np.ones(len(y)), given])
    both = np.column_stack([y, x])
    rest = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    size, left = np.linalg.norm(both - both.mean(axis=0), axis=0), np.linalg.norm(rest, axis=0)
    if (left <= 1e-12 * size).any():  # what is left is rounding, which correlates with anything
        return np.nan
    return float(np.corrcoef(rest.T)[0, 1])


def mean_interval(
    values: npt.ArrayLike, n_samples: int = 2000
) -> tuple[float, tuple[float, float]]:
    """The mean of some values and its 95 % bootstrap interval.

    >>> mean_interval([1.0, 1.0])
    (1.0, (1.0, 1.0))
    """
    values = np.asarray(values, np.float64)
    expect_finite("values", values, "leave those out")
    rows = np.random.default_rng(0).integers(len(values), size=(n_samples, len(values)))
    mean = float(values.mean())
    return mean, interval_holding(mean, values[rows].mean(axis=1))


def interval_holding(value: float, draws: npt.ArrayLike) -> tuple[float, float]:
    """The central 95 % of draws, stretched to hold the value, which skewed draws may miss.

    Draws that are NaN are left out; of no draws, and about a value that is NaN, both ends are NaN.

    >>> interval_holding(7.0, [1.0, 1, 1])
    (1.0, 7.0)
    """
    draws = np.asarray(draws, np.float64)
    if np.isnan(value) or np.isnan(draws).all():
        return np.nan, np.nan
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return min(float(low), value), max(float(high), value)


def over_seeds(
    values: npt.ArrayLike, intervals: Sequence[tuple[float, float]] = ()
) -> tuple[float, tuple[float, float]]:
    """The mean over seeds, and an interval that holds what one of them alone would have said.

    Args:
        values: (S,) the same number from each of S seeds.
        intervals: (S, 2) of each seed, such as its bootstrap over words; none where it has none.

    Returns:
        the mean, and the hull of its 95 % interval by Student's t over the seeds, of the values and
        of the seeds' own intervals. One seed has no spread: its own interval, or its value alone.

    >>> mean, (low, high) = over_seeds([1.0, 2.0, 3.0], [(0.5, 1.5), (1.5, 2.5), (2.5, 6.0)])
    >>> mean, round(low, 2), high
    (2.0, -0.48, 6.0)
    """
    values = np.asarray(values, np.float64)
    mean, ends = float(values.mean()), [*values, *np.ravel(intervals)]
    if len(values) > 1:
        reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
        ends += [mean - reach, mean + reach]
    return mean, (float(min(ends)), float(max(ends)))


def table_over_seeds(tables: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """The first of S tables of equal rows, with `over_seeds` in some of its columns.

    Args:
        names: columns of means over seeds; NAME_low and NAME_high hold each seed's interval before,
            and that of all seeds after.

    >>> tables = [pd.DataFrame({"x": [x], "x_low": [x - 1], "x_high": [x + 1]}) for x in (1.0, 2.0)]
    >>> table_over_seeds(tables, ["x"]).round(2).to_dict("records")
    [{'x': 1.5, 'x_low': -4.85, 'x_high': 7.85}]
    """
    merged = tables[0].copy()
    for name in names:
        ends = [f"{name}_low", f"{name}_high"]
        rows = zip(*(table[[name, *ends]].to_numpy() for table in tables), strict=True)
        settled = [over_seeds([r[0] for r in row], [r[1:] for r in row]) for row in rows]
        merged[name] = [mean for mean, _ in settled]
        merged[ends] = [interval for _, interval in settled]
    return merged


def group_bootstrap(
    statistic: Callable[[np.ndarray], float], groups: npt.ArrayLike, n: int = 1000, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """A statistic of some rows, and its 95 % interval over groups of rows drawn anew.

    Args:
        statistic: takes an array of row numbers, some of them more than once.
        groups: (R,) what belongs together, such as the base of a model; `range(R)` for rows alone.
        n: draws of as many groups as there are; those of a single one are left out.

    Fewer than three groups tell no spread: both ends are NaN.

    >>> values = np.array([1.0, 3, 2, 4])
    >>> mean, (low, high) = group_bootstrap(lambda rows: values[rows].mean(), ["a", "b", "b", "c"])
    >>> mean, low, high
    (2.5, 1.75, 3.25)
    """
    groups = np.asarray(groups)
    names = list(dict.fromkeys(groups.tolist()))
    value = float(statistic(np.arange(len(groups))))
    if len(names) < 3:
        return value, (np.nan, np.nan)
    members = [np.flatnonzero(groups == name) for name in names]
    rng = np.random.default_rng(seed)
    draws: list[float] = []
    while len(draws) < n:
        drawn = rng.integers(len(members), size=len(members))
        if len(set(drawn.tolist())) > 1:
            draws.append(statistic(np.concatenate([members[k] for k in drawn])))
    return value, interval_holding(value, draws)


def pairs_error(influence: npt.ArrayLike, ends: npt.ArrayLike) -> float:
    """The standard error of a mean over pairs, some of which have a member in common.

    Args:
        influence: (N,) of each pair, its own value less the mean where that is all.
        ends: (N, 2) the two members of each pair, such as words, as numbers from 0.

    The robust variance for dyads (Fafchamps and Gubert 2007): the squared sums of each member's
    pairs, less the squares, which both ends have counted; never less than that of pairs apart.

    >>> apart = pairs_error(np.array([1.0, -1, 1, -1]), np.arange(8).reshape(4, 2))
    >>> apart, pairs_error(np.array([1.0, -1, 1, -1]), np.array([[0, 1], [2, 3], [0, 4], [2, 5]]))
    (0.5, 0.7071067811865476)
    """
    influence, ends = np.asarray(influence, np.float64), np.asarray(ends)
    squares = (influence**2).sum()
    of_members = np.bincount(ends.T.ravel(), np.tile(influence, 2))
    return float(np.sqrt(max((of_members**2).sum() - squares, squares)) / len(influence))


_MOST_EXACT = 16  # seeds whose 2^S patterns of signs are all looked at
_N_PATTERNS = (1 << 16) - 1  # of more seeds so many are drawn


@dataclass(frozen=True)
class PairedTest:
    """How two treatments differ over seeds, in the unit of what was compared.

    mean, sd: of the differences, first less second; low, high: 95 % interval of the mean by
    Student's t; n_below: seeds where the first is smaller; t, p_t: paired t test; p_flip: sign-flip
    test, two-sided, at least 2 / 2^S; n_seeds: S.
    """

    mean: float
    sd: float
    low: float
    high: float
    n_below: int
    t: float
    p_t: float
    p_flip: float
    n_seeds: int

    def __str__(self) -> str:
        return (
            f"{self.mean:+.3g} [{self.low:+.3g}, {self.high:+.3g}], smaller in {self.n_below} of "
            f"{self.n_seeds} seeds, p = {self.p_t:.2g} (t), {self.p_flip:.2g} (sign flips)"
        )


def paired_test(first: npt.ArrayLike, second: npt.ArrayLike) -> PairedTest:
    """The paired test of two treatments over S seeds.

    Args:
        first, second: (S,) or (S, targets) of the same seeds in the same order. Several targets are
            averaged first within a seed, whose base they share, so signs are flipped for all of
            them at once.

    Raises InputError with fewer than two seeds or with other seeds on the two sides.

    >>> test = paired_test([1.0, 2.0, 3.0], [2.0, 4.0, 4.0])
    >>> round(test.mean, 3), test.n_below, test.p_flip
    (-1.333, 3, 0.25)
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim not in (1, 2) or len(first) < 2:
        given = f"values of shapes {first.shape} and {second.shape} were given"
        wanted = "the same two or more seeds on both sides"
        raise InputError(f"{given}; expected {wanted}: run both on each seed")
    expect_finite("differences", first - second, "leave those seeds out")
    differences = (first - second).reshape(len(first), -1).mean(axis=1)
    mean, sd = differences.mean(), differences.std(ddof=1)
    if sd > 0:
        test = stats.ttest_1samp(differences, 0.0)
        t, p_t, (low, high) = test.statistic, test.pvalue, test.confidence_interval()
    else:
        low = high = mean
        t = np.copysign(np.inf, mean) if mean else 0.0
        p_t = 0.0 if mean else 1.0
    mean, sd, low, high, t, p_t = map(float, (mean, sd, low, high, t, p_t))
    n_below, p_flip, n = int((differences < 0).sum()), sign_flip(differences), len(differences)
    return PairedTest(mean, sd, low, high, n_below, t, p_t, p_flip, n)


def sign_flip(differences: npt.ArrayLike, *, seed: int = 0) -> float:
    """The share of sign patterns whose mean difference is as far from 0 as the one seen.

    Args:
        differences: (S,). All 2^S patterns up to 16 seeds; 65,535 drawn ones, and the one seen, for
            more.

    It asks only that a difference is as likely to be negative as positive if the two are equal.

    >>> sign_flip(np.ones(6))  # 2 / 2^6
    0.03125
    """
    differences = np.asarray(differences, np.float64)
    expect_finite("differences", differences, "leave those seeds out")
    n_patterns = np.inf if len(differences) <= _MOST_EXACT else _N_PATTERNS
    flipped = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=n_patterns, rng=seed
    )
    return float(flipped.pvalue)


class Fixed(tuple):
    """What a table keeps in `attrs` and its copies share: pandas copies lists number by number."""

    def __deepcopy__(self, memo: dict) -> "Fixed":
        return self


def holm(p_values: npt.ArrayLike) -> np.ndarray:
    """The p-values corrected for their number by Holm's step-down method, (R,).

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, np.float64)
    for end in (p_values.min(initial=0), p_values.max(initial=0)):
        expect_between("p", float(end), 0, 1, "give p-values")
    order = np.argsort(p_values)
    grown = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty_like(grown)
    corrected[order] = np.minimum(grown, 1)
    return corrected
