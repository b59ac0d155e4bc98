"""Runs of training as paths on the map: how far a model moves from checkpoint to checkpoint.

Kishino, Takase, Oyama, Yamagiwa and Shimodaira, "Establishing a Scale for Kullback-Leibler
Divergence in Language Models Across Various Settings", Findings of ACL 2026 (arXiv 2505.15353):

    KL(a, b) = Var_s(l_a(x_s) - l_b(x_s)) / (2 Bbar ln 2)      bits per byte

with the population variance over N texts and Bbar their mean length in bytes. Exponents are in
`exponents`, weights in `weight_distance`, the ten settings in `kl_ruler`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lmnotes import statistics
from lmnotes.errors import InputError, expect_shape
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import robustness

WARM_UP = 2000  # steps of Pythia; what comes before is left out of the text scores
WINDOW = 10  # later checkpoints that each one is compared with


@dataclass(frozen=True, eq=False)
class Run:
    """Log-likelihoods of the same N texts at T checkpoints of one run of training.

    Raises InputError where steps do not increase or the shapes do not fit.
    """

    name: str
    steps: np.ndarray  # (T,) int64, increasing
    log_likelihood: np.ndarray  # (T, N) float64, nats
    excluded: np.ndarray = field(default=None)  # (T,) bool: checkpoints that are left out of pairs

    def __post_init__(self):
        steps = np.asarray(self.steps, np.int64)
        values = np.asarray(self.log_likelihood, np.float64)
        none = np.zeros(len(steps), bool)
        left_out = none if self.excluded is None else np.asarray(self.excluded, bool)
        fits = values.ndim == 2 and len(values) == len(steps) == len(left_out)
        if not fits or np.any(np.diff(steps) <= 0):
            raise InputError(
                f"run {self.name!r} has {len(steps)} steps, log-likelihoods of shape "
                f"{values.shape} and {len(left_out)} marks; expected one row per step, steps "
                "increasing: sort them, and give each checkpoint once"
            )
        arrays = {"steps": steps, "log_likelihood": values, "excluded": left_out}
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Runs that share one clip threshold and one set of texts."""

    runs: dict[str, Run]
    threshold: float  # nats; smaller log-likelihoods were raised to it
    kept: np.ndarray  # (N,) bool, the texts that stayed
    change: np.ndarray  # (N,) nats, each text's largest change


def pair_kl(
    log_likelihood: np.ndarray,
    pairs: np.ndarray,
    unit: maps.Unit = "nats",
    n_bytes: np.ndarray | float | None = None,
) -> np.ndarray:
    """KL of chosen pairs of rows, (P,): Var(l_i - l_j) / 2 in nats per text, or in bits per byte.

    Args:
        log_likelihood: (M, N) nats, centred or not: centring changes no distance.
        pairs: (P, 2) rows.
        n_bytes: (N,) bytes of these very texts, or their mean; needed for bits per byte.

    Eq. 2.1 of the sheet; `coordinates.kl` gives the same for all pairs at once.

    >>> pair_kl(np.array([[-3.0, -1.0], [-8.0, -2.0]]), np.array([[0, 1], [1, 1]])).tolist()
    [2.0, 0.0]
    """
    values, scale = np.asarray(log_likelihood, np.float64), 2 * maps.nats_per(unit, n_bytes)
    pieces = np.array_split(np.asarray(pairs, np.int64).reshape(-1, 2), len(pairs) // 256 + 1)
    squares = [robustness.pair_differences(values, piece) ** 2 for piece in pieces]
    return np.concatenate([piece.mean(axis=1) for piece in squares]) / scale


def consecutive_kl(
    run: Run, unit: maps.Unit = "nats", n_bytes: np.ndarray | float | None = None
) -> np.ndarray:
    """KL from each checkpoint to the next one, (T - 1,); NaN where one of the two is excluded.

    The paper draws each value at the earlier step.

    >>> run = Run("a", [0, 1, 2], [[0.0, 0.0], [1.0, -1.0], [1.0, -1.0]])
    >>> consecutive_kl(run).tolist()
    [0.5, 0.0]
    """
    return windowed_kl(run, 1, unit, n_bytes)[:-1, 0]


def windowed_kl(
    run: Run,
    window: int = WINDOW,
    unit: maps.Unit = "nats",
    n_bytes: np.ndarray | float | None = None,
) -> np.ndarray:
    """KL from each checkpoint to each of the next `window` saved ones, (T, window).

    Column j belongs to the checkpoint j + 1 places later. NaN past the end of the run and where a
    checkpoint is excluded.
    """
    if window < 1 or len(run) < 2:
        given = f"a window of {window} over {len(run)} checkpoints was given"
        raise InputError(f"{given}; expected at least 1 and 2: keep more checkpoints")
    starts = np.arange(len(run))
    kl = np.full((len(run), window), np.nan)
    for lag in range(1, min(window, len(run) - 1) + 1):
        pairs = np.column_stack([starts[:-lag], starts[lag:]])
        pairs = pairs[~run.excluded[pairs].any(axis=1)]
        kl[pairs[:, 0], lag - 1] = pair_kl(run.log_likelihood, pairs, unit, n_bytes)
    return kl


def text_change(runs: Sequence[Run], after: int = WARM_UP) -> np.ndarray:
    """The largest |change| of each text between consecutive checkpoints, over all runs, (N,) nats.

    Args:
        after: only pairs count whose steps are both at least this.

    >>> run = Run("a", [1, 2000, 3000], [[0.0, 0.0], [5.0, 1.0], [4.0, 3.0]])
    >>> text_change([run]).tolist()
    [1.0, 2.0]
    """
    changes = []
    for run in runs:
        late = (run.steps >= after) & ~run.excluded
        changes.append(np.abs(np.diff(run.log_likelihood, axis=0)[late[1:] & late[:-1]]))
    if not sum(map(len, changes)):
        given = f"no two consecutive checkpoints of {len(runs)} runs are at step {after} or later"
        then = "lower `after` to the end of the warm-up of these runs"
        raise InputError(f"{given}; expected some: {then}")
    return np.concatenate(changes).max(axis=0)


def steady(change: np.ndarray, share: float = 0.03) -> np.ndarray:
    """Which texts stay when the `share` with the largest change are removed, (N,) bool.

    This is a selection on the outcome, and lowers KL: report with and without.

    >>> steady(np.array([1.0, 9.0, 2.0, 3.0]), share=0.25).tolist()
    [True, False, True, True]
    """
    if not 0 <= share < 1:
        raise InputError(f"share {share} was given; expected 0..1: the paper's is 0.03")
    change = np.asarray(change, np.float64)
    kept = np.ones(len(change), bool)
    n_removed = round(share * len(change))
    kept[np.argsort(-change, kind="stable")[:n_removed]] = False
    return kept


def prepare(
    runs: Sequence[Run],
    *,
    clip: float = 0.02,
    remove: float = 0.03,
    after: int = WARM_UP,
    threshold: float | None = None,
) -> Prepared:
    """The runs clipped at one pooled quantile and without the texts that change most.

    Args:
        runs: of the same texts. Excluded checkpoints count neither for the quantile nor for the
            changes.
        clip: share of all entries that are raised to the threshold; 0 clips nothing.
        remove: share of texts removed; 0 keeps all.
        after: the step from which changes count.
        threshold: nats; one that is frozen for all settings, in place of the quantile. The paper
            takes one per group of runs, so its groups are not strictly comparable.

    Mean lengths have to be taken anew: `n_bytes[prepared.kept]`. Section 2.3 of the sheet.
    """
    n_texts = {run.log_likelihood.shape[1] for run in runs}
    if len(n_texts) != 1:
        given = f"{len(runs)} runs over {n_texts} texts were given"
        then = "score them on one text set"
        raise InputError(f"{given}; expected at least one run, all of the same texts: {then}")
    if threshold is None:
        pooled = np.concatenate([run.log_likelihood[~run.excluded] for run in runs])
        threshold = float(np.quantile(pooled, clip))
    clipped = [
        replace(run, log_likelihood=np.maximum(run.log_likelihood, threshold)) for run in runs
    ]
    change = text_change(clipped, after)
    kept = steady(change, remove)
    final = {run.name: replace(run, log_likelihood=run.log_likelihood[:, kept]) for run in clipped}
    return Prepared(final, threshold, kept, change)


def shift_cosine(original: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Cosine of the shifts of every two models, (M, M): q_changed - q_original, row-centred.

    Args:
        original, changed: (M, N) nats; row i is the same model before and after.

    How the paper centred is not verified (sheet, section 2.9). NaN for a model that did not move.

    >>> shift_cosine(np.zeros((2, 3)), np.array([[1.0, 0, -1], [2, 0, -2]])).round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    original = np.asarray(original, np.float64)
    expect_shape("changed", changed, str(original.shape), "score both with one ledger, row by row")
    shift = maps.row_centre(changed - original)
    norms = np.linalg.norm(shift, axis=1, keepdims=True)
    unit = np.divide(shift, norms, out=np.full_like(shift, np.nan), where=norms > 0)
    return unit @ unit.T


def kin_cosines(
    cosines: np.ndarray, types: Sequence[str], seed: int = 0
) -> dict[str, tuple[float, tuple[float, float]]]:
    """The smallest and the largest cosine of two models of one type, "low" and "high", each with
    its 95 % interval over models; NaN where no two are of one type.

    Args:
        cosines: (M, M) of `shift_cosine`. types: (M,).
    """
    pairs = np.argwhere(np.triu(np.equal.outer(types, types), 1))
    values = cosines[tuple(pairs.T)]
    ends = {"low": np.min, "high": np.max}
    if not len(pairs):
        return dict.fromkeys(ends, (np.nan, (np.nan, np.nan)))
    for end, choose in ends.items():
        drawn = robustness.over_models(lambda rows, c=choose: c(values[rows]), pairs, 200, seed)
        ends[end] = choose(values), statistics.interval_holding(choose(values), drawn)
    return ends


def parallel(
    runs: Sequence[Run], blocks: np.ndarray, n_samples: int = 200, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Mean cosine of the moves of every two runs over the last half of training, with the hull of
    its 95 % intervals over blocks of texts and over runs; pairs of runs share runs.

    Args:
        runs: two or more, of the same texts. blocks: (N,) labels as in `robustness.bootstrap`.
    """
    half = [np.searchsorted(run.steps, run.steps[-1] // 2) for run in runs]
    begin = np.stack([run.log_likelihood[row] for run, row in zip(runs, half, strict=True)])
    end = np.stack([run.log_likelihood[-1] for run in runs])
    upper = np.triu_indices(len(runs), 1)
    order = np.argsort(blocks, kind="stable")  # draws do not hang on the order of the texts

    def mean_cosine(rows: np.ndarray) -> float:
        texts = order[rows]
        return shift_cosine(begin[:, texts], end[:, texts])[upper].mean()

    value, over_texts = statistics.group_bootstrap(
        mean_cosine, np.asarray(blocks)[order], n_samples, seed
    )
    cosines, pairs = shift_cosine(begin, end)[upper], np.transpose(upper)
    over_runs = robustness.over_models(lambda rows: cosines[rows].mean(), pairs, n_samples, seed)
    ends = [*over_texts, *statistics.interval(over_runs)]
    return value, (min(ends), max(ends))
