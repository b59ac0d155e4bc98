"""How far distances from a draw of texts are off, in theory and over runs, and what that costs.

Two errors are in play. The *resampling* error is that of a draw against the N texts; the *sampling*
error is that of the N texts against all texts there could be, estimated by the bootstrap, which is
a uniform draw of size N. Only their sum in quadrature compares with fresh texts.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import expect_one_of
from lmnotes.models.maps import resample

FLOOR = 0.001  # nats^2 over all N texts; the paper's guard against pairs of equal models
MEASURES = ("absolute", "relative")


def relative_error(estimate: np.ndarray, target: np.ndarray, *, floor: float = FLOOR) -> float:
    """The root mean square over all M^2 pairs of (Gtilde - G) / max(G, floor); the diagonal is 0.

    floor: in the unit of `target`; 0.001 for nats^2 summed over texts, 0.001 / log(2)^2 for bits.

    >>> relative_error(np.array([[0.0, 3.0], [3.0, 0.0]]), np.array([[0.0, 2.0], [2.0, 0.0]]))
    0.3535533905932738
    """
    return float(np.sqrt(np.mean(((estimate - target) / np.maximum(target, floor)) ** 2)))


def weighted_fourth_powers(Q: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sum over pairs of weights[i, j] (Q[i, s] - Q[j, s])^4 for every text, (N,).

    Differences are taken one by one, in O(M^2 N): with weights that are large for near-equal
    models, power sums would lose all digits. `weights` is symmetric, (M, M).

    >>> weighted_fourth_powers(np.array([[0.0], [1.0], [3.0]]), np.ones((3, 3)))
    array([196.])
    """
    Q, off_diagonal = np.asarray(Q, dtype=np.float64), ~np.eye(len(weights), dtype=bool)
    if len(Q) > 1 and np.ptp(weights[off_diagonal]) == 0:
        return weights[0, 1] * resample.fourth_powers(Q)
    total = np.zeros(Q.shape[1])
    for i in range(len(Q) - 1):
        others = i + 1 + np.flatnonzero(weights[i, i + 1 :])
        squared = (Q[i] - Q[others]) ** 2
        total += 2 * weights[i, others] @ (squared * squared)
    return total


def pair_weights(
    target: np.ndarray, measure: str = "absolute", *, floor: float = FLOOR
) -> np.ndarray:
    """How much the squared error of each pair counts in the square of a measure, (M, M).

    >>> float(pair_weights(np.array([[0.0, 2.0], [2.0, 0.0]]), "relative")[0, 1])
    0.0625
    """
    expect_one_of("measure", measure, MEASURES)
    if measure == "absolute":
        return np.full(target.shape, 1 / np.linalg.norm(target) ** 2)
    return 1 / (len(target) * np.maximum(target, floor)) ** 2


def error_constants(
    Q: np.ndarray, probabilities: Mapping[str, np.ndarray], weights: np.ndarray
) -> dict[str, float]:
    """The constant C of every importance: the error of the unbiased estimator is C / sqrt(n).

    Args:
        Q: (M, N) centred log-likelihoods, nats.
        probabilities: name -> (N,).
        weights: (M, M) of `pair_weights`, or other symmetric ones: 0 leaves a pair out.

    The variance of (1/n) sum a_s / pi_s is (1/n)(sum a_s^2 / pi_s - (sum a_s)^2); here it is added
    up over pairs with their weights. Infinite where pi_s is 0 for a text that matters; smallest for
    pi in proportion to the root of `weighted_fourth_powers`: the paper's KL importance for the
    absolute measure.

    >>> Q = np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0]])
    >>> weights = pair_weights(resample.squared_distances(Q))
    >>> error_constants(Q, {"LS": resample.importance(Q, "LS")}, weights)
    {'LS': 0.0}
    """
    target = resample.squared_distances(Q)
    powers = weighted_fourth_powers(Q, weights)
    known = float((weights * target**2).sum())
    constants = {}
    for name, pi in probabilities.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.where(powers > 0, powers / pi, 0.0)
        constants[name] = float(np.sqrt(max(parts.sum() - known, 0.0)))
    return constants


def runs(
    L: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    sizes: Sequence[int],
    *,
    n_runs: int = 100,
    seed: int = 42,
    generator: resample.Generator = "published",
    floor: float = FLOOR,
) -> pd.DataFrame:
    """The errors of many draws, a row per method, n and run: method, n, run, d, absolute, relative.

    Args:
        L: (M, N) clipped log-likelihoods, nats.
        probabilities: method -> (N,).
        sizes: numbers of draws n.
        n_runs: run r has seed `seed + r`.
    """
    L = np.asarray(L, dtype=np.float64)
    centred = L - L.mean(axis=1, keepdims=True)  # what coordinates() gives does not change
    target = resample.squared_distances(centred)
    rows = []
    for method, pi in probabilities.items():
        for n in sizes:
            for run in range(n_runs):
                drawn = resample.draw(pi, n, seed=seed + run, generator=generator)
                points = resample.coordinates(centred[:, drawn.texts], drawn.weights)
                estimate = resample.squared_distances(points)
                # of Frobenius norms
                absolute = np.linalg.norm(estimate - target) / np.linalg.norm(target)
                relative = relative_error(estimate, target, floor=floor)
                rows.append((method, n, run, len(drawn), absolute, relative))
    return pd.DataFrame(rows, columns=["method", "n", "run", "d", *MEASURES])


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """The runs pulled together: mean d and root-mean-square errors per method and n."""
    squared = table.assign(**{name: table[name] ** 2 for name in MEASURES})
    mean = squared.groupby(["method", "n"], sort=False)[["d", *MEASURES]].mean().reset_index()
    return mean.assign(**{name: np.sqrt(mean[name]) for name in MEASURES})


def total_error(resampling: np.ndarray, sampling: float) -> np.ndarray:
    """The error against all possible texts: resampling and sampling error in quadrature.

    >>> float(total_error(3.0, 4.0))
    5.0
    """
    return np.sqrt(np.asarray(resampling) ** 2 + sampling**2)


def fresh_error(n: np.ndarray, n_texts: int, sampling: float) -> np.ndarray:
    """The error of n fresh texts, sampling * sqrt(N / n), `sampling` being that of N texts.

    At n = N / 2 it is sqrt(2) times `sampling`: as large as the total error of a uniform resample
    of size N. The paper compares all methods at this level.

    >>> float(fresh_error(5_000, 10_000, 1.0))
    1.4142135623730951
    """
    return sampling * np.sqrt(n_texts / np.asarray(n, dtype=np.float64))


def reach(level: float, error: np.ndarray, x: np.ndarray) -> float:
    """The x at which an error curve comes down to a level, on straight lines in both logarithms.

    NaN where the curve stays above. `x` increases.

    >>> round(reach(0.5, np.array([1.0, 0.5, 0.25]), np.array([100, 400, 1600])))
    400
    """
    error, x = np.asarray(error, dtype=np.float64), np.asarray(x, dtype=np.float64)
    below = np.flatnonzero(error <= level)
    if not len(below) or (below[0] == 0 and error[0] < level):
        return float("nan")
    if below[0] == 0:
        return float(x[0])
    ends = slice(below[0] - 1, below[0] + 1)
    log_error, log_x = np.log(error[ends]), np.log(x[ends])
    share = (np.log(level) - log_error[0]) / (log_error[1] - log_error[0])
    return float(np.exp(log_x[0] + share * (log_x[1] - log_x[0])))


def at_equal_error(table: pd.DataFrame, n_texts: int, measure: str) -> pd.DataFrame:
    """What every method needs for the total error of N/2 fresh texts: method, n, d, level.

    table: of `runs`, with uniform draws of n = N among them. NaN where the curve stays above.
    """
    summary = curves(table)
    sampling = _sampling(summary[summary.method == "uniform"], n_texts, measure)
    level = float(fresh_error(n_texts / 2, n_texts, sampling))
    rows = [("fresh", n_texts / 2, n_texts / 2, level)]
    for method, curve in summary.groupby("method", sort=False):
        total = total_error(curve[measure], sampling)
        n, d = (reach(level * (1 + 1e-12), total, curve[name].to_numpy()) for name in ("n", "d"))
        rows.append((method, n, d, level))
    return pd.DataFrame(rows, columns=["method", "n", "d", "level"])


def comparison(table: pd.DataFrame, n_texts: int, measure: str) -> pd.DataFrame:
    """What Figure 2 draws: method, n, d, resampling, total; fresh texts by theory and by bootstrap.

    table: of `runs`, with uniform draws of n = N among them. n fresh texts are n distinct ones.
    """
    summary = curves(table)
    uniform = summary[summary.method == "uniform"]
    sampling = _sampling(uniform, n_texts, measure)
    total = total_error(summary[measure], sampling)
    lines = [summary.assign(resampling=summary[measure], total=total)]
    theory = fresh_error(uniform.n, n_texts, sampling)
    for name, total in (("theory", theory), ("bootstrap", uniform[measure])):
        lines.append(uniform.assign(method=f"fresh, {name}", d=uniform.n, total=total))
    return pd.concat(lines, ignore_index=True)[["method", "n", "d", "resampling", "total"]]


def bootstrap(
    table: pd.DataFrame,
    statistic: Callable[[pd.DataFrame], pd.Series],
    *,
    n_samples: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """A statistic of the runs with its 95 % interval over runs: columns value, low, high.

    Runs are drawn with replacement, the same ones for all methods and sizes, since draws with one
    seed begin alike.
    """
    rng = np.random.default_rng(seed)
    by_run = dict(list(table.groupby("run")))
    chosen = [rng.choice(list(by_run), size=len(by_run)) for _ in range(n_samples)]
    samples = [statistic(pd.concat([by_run[run] for run in runs])) for runs in chosen]
    ends = pd.DataFrame(samples).quantile([0.025, 0.975])
    value = statistic(table)
    low, high = np.fmin(ends.loc[0.025], value), np.fmax(ends.loc[0.975], value)
    return pd.DataFrame({"value": value, "low": low, "high": high})


def _sampling(uniform: pd.DataFrame, n_texts: int, measure: str) -> float:
    """The error of uniform draws of N texts."""
    expect_one_of("size of uniform draws, for the sampling error,", n_texts, uniform.n.tolist())
    return float(uniform.set_index("n")[measure][n_texts])
