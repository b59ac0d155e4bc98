"""How distance grows with time along a run: exponents and their errors over texts.

    log KL(t0, t)  = c_q log(t - t0) + const
    log D_w(t0, t) = c_w log(t - t0) + const          (sheet, section 2.7)

for a start t0 and the next 10 saved checkpoints t. Both distances are squared ones: c = 1 is
Brownian, c < 1 subdiffusive, c > 1 superdiffusive, c = 2 ballistic.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models.maps import robustness
from lmnotes.papers.trajectories import paths

FIRST = 1000  # steps; the earliest start in the paper


@dataclass(frozen=True)
class PowerLaw:
    """distance = exp(constant) * elapsed ** exponent, by least squares of the logarithms."""

    exponent: float
    constant: float
    r2: float  # NaN where the distances do not vary
    n_points: int


@dataclass(frozen=True, eq=False)
class Exponents:
    """Exponents of S starts with bootstrap draws over texts.

    table: a row per start with start, exponent, r2, n_points, low, high; draws: (S, n_samples),
    each column one draw of the texts, the same for all starts.
    """

    table: pd.DataFrame
    draws: np.ndarray


def power_law(elapsed: np.ndarray, distance: np.ndarray) -> PowerLaw:
    """The power law through squared distances, from finite positive points only.

    Args:
        elapsed: (W,) steps since the start. distance: (W,) squared distances, any unit.

    Raises InputError where fewer than two points at different times are left.

    >>> law = power_law([1, 2, 4], [3.0, 6.0, 12.0])
    >>> round(law.exponent, 6), round(law.r2, 6)
    (1.0, 1.0)
    """
    x, y = np.asarray(elapsed, np.float64), np.asarray(distance, np.float64)
    used = np.isfinite(y) & (y > 0) & np.isfinite(x) & (x > 0)
    if len(np.unique(x[used])) < 2:
        given = f"{used.sum()} of {len(x)} distances are finite and positive"
        then = "leave out starts at the end of a run, and equal checkpoints"
        raise InputError(f"{given}; expected two or more at different times: {then}")
    x, y = np.log(x[used]), np.log(y[used])
    slope, constant = np.polyfit(x, y, 1)
    total = ((y - y.mean()) ** 2).sum()
    r2 = 1 - ((y - slope * x - constant) ** 2).sum() / total if total > 0 else np.nan
    return PowerLaw(float(slope), float(constant), float(r2), len(x))


def exponents(steps: np.ndarray, distances: np.ndarray, first: float = FIRST) -> pd.DataFrame:
    """The exponent from every start: start, exponent, constant, r2, n_points, a row each.

    Args:
        steps: (T,). distances: (T, W) from each checkpoint to the next W, as
            `paths.windowed_kl` and `weight_distance.windowed` give them; NaN where there is none.
        first: the earliest start. Starts with fewer than two distances above 0 have no row.

    >>> distances = np.array([[1.0, 2], [1, 2], [1, np.nan], [np.nan, np.nan]])
    >>> exponents([0, 5, 10, 15], distances, first=0)[["start", "exponent"]].round(6).values
    array([[0., 1.],
           [5., 1.]])
    """
    steps, distances = np.asarray(steps), np.asarray(distances, np.float64)
    rows = []
    for start in np.flatnonzero(steps >= first):
        elapsed = _elapsed(steps, start, distances.shape[1])
        later = distances[start, : len(elapsed)]
        if (np.isfinite(later) & (later > 0)).sum() >= 2:
            law = power_law(elapsed, later)
            rows.append((int(steps[start]), law.exponent, law.constant, law.r2, law.n_points))
    return pd.DataFrame(rows, columns=["start", "exponent", "constant", "r2", "n_points"])


def bootstrap_exponents(
    run: paths.Run,
    window: int = paths.WINDOW,
    *,
    blocks: np.ndarray | None = None,
    n_samples: int = 200,
    seed: int = 0,
    first: float = FIRST,
) -> Exponents:
    """c_q from every start of a run that has its whole window, with 95 % intervals over texts.

    Args:
        blocks: (N,) labels as in `robustness.bootstrap`. first: the earliest start.

    Targets that are excluded are left out of their windows, and excluded starts have no row: a line
    drawn through the others interpolates, as the paper does. The exponent is free of the unit.
    """
    table = exponents(run.steps, paths.windowed_kl(run, window), first)
    last = run.steps[-1 - window] if len(run) > window else -1
    table = table[table["start"] <= last].reset_index(drop=True)
    if table.empty:
        raise InputError(
            f"run {run.name!r} of {len(run)} checkpoints has no start from step {first} on with "
            f"{window} later ones; expected one: keep more checkpoints, or lower `first`"
        )
    shares = robustness.drawn_shares(run.log_likelihood.shape[1], blocks, n_samples, seed)
    starts = np.searchsorted(run.steps, table["start"])
    draws = np.stack([_drawn_exponents(run, start, window, shares) for start in starts])
    low, high = statistics.interval(draws, axis=-1)
    return Exponents(table.assign(low=low, high=high), draws)


def with_weights(c_q: Exponents, c_w: pd.DataFrame) -> pd.DataFrame:
    """Both exponents of a run, a row per start: start, c_q, low, high, r2_q, c_w, r2_w, alpha.

    Args:
        c_q: of `bootstrap_exponents`. c_w: of `exponents`, from `weight_distance.windowed`. Starts
            that only one of them has are left out; alpha is NaN where c_w <= 0.
    """
    names = {"exponent": "c_q", "r2": "r2_q"}
    left = c_q.table.rename(columns=names)[["start", "c_q", "low", "high", "r2_q"]]
    right = c_w.rename(columns={"exponent": "c_w", "r2": "r2_w"})[["start", "c_w", "r2_w"]]
    both = left.merge(right, on="start")
    # the Hoelder exponent of the map from weights to log-likelihoods; 1 would be Lipschitz
    return both.assign(alpha=(both["c_q"] / both["c_w"]).where(both["c_w"] > 0))


def _elapsed(steps: np.ndarray, start: int, window: int) -> np.ndarray:
    """Steps from a start to the next `window` checkpoints, as many as there are."""
    steps = np.asarray(steps, np.float64)
    return steps[start + 1 : start + 1 + window] - steps[start]


def one_window(
    run: paths.Run, squared: np.ndarray, n_bytes: np.ndarray, start: int, length: int
) -> tuple:
    """From checkpoint number `start` of a run: its step, then (W,) elapsed steps, KL in bits/byte
    and squared weight distances of the next `length`, and their two power laws.

    Args:
        squared: (T, window) of `weight_distance.windowed`. n_bytes: of the texts.
    """
    later = np.arange(start + 1, min(start + 1 + length, len(run)))
    elapsed = (run.steps[later] - run.steps[start]).astype(float)
    pairs = [(start, row) for row in later]
    kl = paths.pair_kl(run.log_likelihood, pairs, "bits/byte", n_bytes)
    drifted = squared[start, : len(later)]
    laws = [power_law(elapsed, distance) for distance in (kl, drifted)]
    return run.steps[start], elapsed, kl, drifted, laws


def last_quarter(start: np.ndarray) -> np.ndarray:
    """Whether each start lies in the last quarter of them, (S,) bool; the last one always does."""
    return np.argsort(np.argsort(start)) >= min(0.75 * len(start), len(start) - 1)


def tail_c_q(c_q: Exponents) -> tuple[float, tuple[float, float]]:
    """The mean exponent over the last quarter of the starts, with its 95 % interval over texts."""
    chosen = last_quarter(c_q.table["start"])
    value = c_q.table["exponent"][chosen].mean()
    return value, statistics.interval_holding(value, c_q.draws[chosen].mean(axis=0))


def tail(c_q: Exponents, c_w: pd.DataFrame) -> dict[str, tuple[float, tuple[float, float]]]:
    """Means over the last quarter of the starts of a run, by c_q, c_w and alpha, each with its 95 %
    interval over texts; of c_w, which no text enters, the value twice.

    Args:
        c_q, c_w: as in `with_weights`.
    """
    both = with_weights(c_q, c_w)
    means = both[last_quarter(both["start"])].mean()
    w, (q, ends) = means["c_w"], tail_c_q(c_q)
    alpha = means["alpha"], tuple(end / w for end in ends)
    return {"c_q": (q, ends), "c_w": (w, (w, w)), "alpha": alpha}


def _drawn_exponents(run: paths.Run, start: int, window: int, shares: np.ndarray) -> np.ndarray:
    """The exponent from one start in every draw of the texts, (n_samples,)."""
    elapsed = _elapsed(run.steps, start, window)
    targets = np.arange(start + 1, start + 1 + len(elapsed))
    differences = run.log_likelihood[targets] - run.log_likelihood[start]  # (W, N)
    drawn = robustness.half_variance(differences, shares)  # (W, n_samples)
    used = ~run.excluded[targets] & (drawn > 0).all(axis=1)  # equal checkpoints have no logarithm
    if used.sum() < 2:
        return np.full(drawn.shape[1], np.nan)
    return np.polyfit(np.log(elapsed[used]), np.log(drawn[used]), 1)[0]
