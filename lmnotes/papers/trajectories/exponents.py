"""How distance grows with time along a run: exponents and their errors over texts.

    log KL(t0, t)  = c_q log(t - t0) + const
    log D_w(t0, t) = c_w log(t - t0) + const          (sheet, section 2.7)

for a start t0 and the next 10 saved checkpoints t. Both distances are squared ones: c = 1 is
Brownian, c < 1 subdiffusive, c > 1 superdiffusive, c = 2 ballistic.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    level: float

    def mean(self, first: float = 0, last: float = np.inf) -> dict[str, float]:
        """The mean exponent and R^2 over the starts of a stretch, and the mean exponent's interval.

        The interval is over texts; that the starts are few and overlap is not in it.
        """
        inside = self.table["start"].between(first, last).to_numpy()
        if not inside.any():
            raise ValueError(
                f"no start lies in {first}..{last}; expected some of "
                f"{self.table['start'].min()}..{self.table['start'].max()}: widen the stretch"
            )
        low, high = _interval(self.draws[inside].mean(axis=0), self.level)
        chosen = self.table[inside]
        return {
            "exponent": float(chosen["exponent"].mean()),
            "low": float(low),
            "high": float(high),
            "r2": float(chosen["r2"].mean()),
            "n_starts": int(inside.sum()),
        }


def power_law(elapsed: np.ndarray, distance: np.ndarray) -> PowerLaw:
    """The power law through squared distances, from finite positive points only.

    Args:
        elapsed: (W,) steps since the start. distance: (W,) squared distances, any unit.

    Raises ValueError where fewer than two points at different times are left.

    >>> law = power_law([1, 2, 4], [3.0, 6.0, 12.0])
    >>> round(law.exponent, 6), round(law.r2, 6)
    (1.0, 1.0)
    """
    x, y = np.asarray(elapsed, np.float64), np.asarray(distance, np.float64)
    used = np.isfinite(y) & (y > 0) & np.isfinite(x) & (x > 0)
    if len(np.unique(x[used])) < 2:
        raise ValueError(
            f"{used.sum()} of {len(x)} distances are finite and positive; expected two or more at "
            "different times: leave out starts at the end of a run, and equal checkpoints"
        )
    slope, constant, r2 = _lines(np.log(x[used]), np.log(y[used])[None])
    return PowerLaw(float(slope[0]), float(constant[0]), float(r2[0]), int(used.sum()))


def exponents(
    steps: np.ndarray, distances: np.ndarray, first: float = FIRST, least: int = 2
) -> pd.DataFrame:
    """The exponent from every start: start, exponent, constant, r2, n_points, a row each.

    Args:
        steps: (T,). distances: (T, W) from each checkpoint to the next W, as
            `paths.windowed_kl` and `weight_distance.windowed` give them; NaN where there is none.
        first: the earliest start.
        least: points that a start needs to get a row; the paper's least is 2.

    >>> distances = np.array([[1.0, 2], [1, 2], [1, np.nan], [np.nan, np.nan]])
    >>> exponents([0, 5, 10, 15], distances, first=0)[["start", "exponent"]].round(6).values
    array([[0., 1.],
           [5., 1.]])
    """
    steps, distances = np.asarray(steps), np.asarray(distances, np.float64)
    rows = []
    for start in np.flatnonzero(steps >= first):
        elapsed = _elapsed(steps, start, distances.shape[1])
        here = distances[start, : len(elapsed)]
        if (np.isfinite(here) & (here > 0)).sum() >= max(least, 2):
            law = power_law(elapsed, here)
            rows.append((int(steps[start]), law.exponent, law.constant, law.r2, law.n_points))
    return pd.DataFrame(rows, columns=["start", "exponent", "constant", "r2", "n_points"])


def bootstrap_kl(
    differences: np.ndarray,
    blocks: np.ndarray | None = None,
    n_samples: int = 200,
    seed: int = 0,
) -> np.ndarray:
    """Var(d) / 2 in nats over texts that are drawn anew in blocks, (P, n_samples).

    Args:
        differences: (P, N) nats, a row per pair, such as `robustness.pair_differences` gives.
        blocks: (N,) labels, such as the document that each text is cut from; texts of a block come
            and go together. None draws single texts.

    The draws are the same for all pairs, and for all calls with the same seed and blocks.
    """
    values = np.atleast_2d(np.asarray(differences, np.float64))  # (P, N)
    return _Texts(values.shape[1], blocks, n_samples, seed).half_variance(values)


def bootstrap_exponents(
    run: paths.Run,
    window: int = paths.WINDOW,
    *,
    blocks: np.ndarray | None = None,
    n_samples: int = 200,
    seed: int = 0,
    first: float = FIRST,
    level: float = 0.95,
) -> Exponents:
    """c_q from every start of a run that has its whole window, with intervals over texts.

    Args:
        blocks: (N,) labels as in `bootstrap_kl`.
        first: the earliest start. level: of the percentile intervals.

    Targets that are excluded are left out of their windows, and excluded starts have no row: a line
    drawn through the others interpolates, as the paper does. The exponent is free of the unit.
    """
    table = exponents(run.steps, paths.windowed_kl(run, window), first)
    last = run.steps[-1 - window] if len(run) > window else -1
    table = table[table["start"] <= last].reset_index(drop=True)
    if table.empty:
        raise ValueError(
            f"run {run.name!r} of {len(run)} checkpoints has no start from step {first} on with "
            f"{window} later ones; expected one: keep more checkpoints, or lower `first`"
        )
    texts = _Texts(run.log_likelihood.shape[1], blocks, n_samples, seed)
    starts = np.searchsorted(run.steps, table["start"])
    draws = [_drawn_exponents(run, start, window, texts) for start in starts]
    draws = np.stack(draws)
    low, high = _interval(draws, level)
    return Exponents(table.assign(low=low, high=high), draws, level)


def compare(c_q: Exponents, c_w: pd.DataFrame) -> pd.DataFrame:
    """Both exponents of a run, a row per start: start, c_q, low, high, r2_q, c_w, r2_w, alpha,
    dimension_q, dimension_w.

    Args:
        c_q: of `bootstrap_exponents`. c_w: of `exponents`, from `weight_distance.windowed`. Starts
            that
            only one of them has are left out.
    """
    names = {"exponent": "c_q", "r2": "r2_q"}
    left = c_q.table.rename(columns=names)[["start", "c_q", "low", "high", "r2_q"]]
    right = c_w.rename(columns={"exponent": "c_w", "r2": "r2_w"})[["start", "c_w", "r2_w"]]
    both = left.merge(right, on="start")
    return both.assign(
        alpha=hoelder(both["c_q"], both["c_w"]),
        dimension_q=walk_dimension(both["c_q"]),
        dimension_w=walk_dimension(both["c_w"]),
    )


def hoelder(c_q: np.ndarray | float, c_w: np.ndarray | float) -> np.ndarray:
    """c_q / c_w, the Hoelder exponent of the map from weights to log-likelihoods along a run.

    1 would be Lipschitz. NaN where the weights do not move away, c_w <= 0.

    >>> hoelder([0.2, 0.3], [1.0, 0.0]).tolist()
    [0.2, nan]
    """
    c_q, c_w = np.broadcast_arrays(np.asarray(c_q, np.float64), np.asarray(c_w, np.float64))
    return np.divide(c_q, c_w, out=np.full(c_q.shape, np.nan), where=c_w > 0)


def walk_dimension(c: np.ndarray | float) -> np.ndarray:
    """2 / c, the dimension of a path whose squared distance grows with the power c of time.

    >>> walk_dimension([1.0, 0.2]).tolist()
    [2.0, 10.0]
    """
    return hoelder(2.0, c)


def _elapsed(steps: np.ndarray, start: int, window: int) -> np.ndarray:
    """Steps from a start to the next `window` checkpoints, as many as there are."""
    steps = np.asarray(steps, np.float64)
    return steps[start + 1 : start + 1 + window] - steps[start]


class _Texts:
    """Draws of N texts in blocks, the same for whatever is computed from them."""

    def __init__(self, n: int, blocks: np.ndarray | None, n_samples: int, seed: int):
        labels = np.arange(n) if blocks is None else np.asarray(blocks)
        names, self.block = np.unique(labels, return_inverse=True)
        if labels.shape != (n,) or len(names) < 2:
            raise ValueError(
                f"blocks of shape {labels.shape} with {len(names)} labels for {n} texts were "
                "given; expected a label per text, two or more different: give the texts' source"
            )
        self.n_blocks = len(names)
        even = np.full(self.n_blocks, 1 / self.n_blocks)
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(self.n_blocks, even, size=n_samples).T.astype(np.float64)
        sizes = np.bincount(self.block, minlength=self.n_blocks)
        self.shares = counts / (sizes @ counts)  # (blocks, n_samples)

    def half_variance(self, values: np.ndarray) -> np.ndarray:
        """Var / 2 of each row of (P, N) over every draw, (P, n_samples)."""
        values = values - values.mean(axis=1, keepdims=True)  # else digits are lost to the mean
        mean = self._sums(values) @ self.shares
        return np.maximum(self._sums(values**2) @ self.shares - mean**2, 0) / 2

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the texts of each block, (P, blocks)."""
        if self.n_blocks == values.shape[1] and (np.diff(self.block) == 1).all():
            return values
        return np.stack([np.bincount(self.block, row, self.n_blocks) for row in values])


def _drawn_exponents(run, start: int, window: int, texts: _Texts) -> np.ndarray:
    """The exponent from one start in every draw of the texts, (n_samples,)."""
    elapsed = _elapsed(run.steps, start, window)
    targets = np.arange(start + 1, start + 1 + len(elapsed))
    differences = run.log_likelihood[targets] - run.log_likelihood[start]  # (W, N)
    drawn = texts.half_variance(differences)  # (W, n_samples)
    used = ~run.excluded[targets] & (drawn > 0).all(axis=1)  # equal checkpoints have no logarithm
    if used.sum() < 2:
        return np.full(drawn.shape[1], np.nan)
    return _lines(np.log(elapsed[used]), np.log(drawn[used].T))[0]


def _lines(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, constant and R^2 of least-squares lines through (W,) and (S, W), each (S,)."""
    centred, mean = x - x.mean(), y.mean(axis=1)
    spread = y - mean[:, None]
    slope = spread @ centred / (centred @ centred)
    total = (spread**2).sum(axis=1)
    left = ((spread - slope[:, None] * centred) ** 2).sum(axis=1)
    r2 = 1 - np.divide(left, total, out=np.full(len(y), np.nan), where=total > 0)
    return slope, mean - slope * x.mean(), r2


def _interval(draws: np.ndarray, level: float) -> np.ndarray:
    """Percentiles along the last axis, low and high."""
    tail = (1 - level) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=-1)
