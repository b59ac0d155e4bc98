"""How well a score separates two classes of words: areas under ROC curves, also at equal frequency.

Oyama, Yokoi, Shimodaira (EMNLP 2023), section 7.2.1 and Table 3.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_finite, expect_one_of
from lmnotes.papers.norm_information_gain.gains import Gains
from lmnotes.statistics import bootstrap, interval

IN_WORDS = {"kl": "gain", "delta_kl": "corrected gain", "delta_entropy": "corrected entropy"}
IN_WORDS |= {"norm": "squared norm", "delta_norm": "corrected squared norm"}
HEADS = {"against": "names against", "n_proper": "n_names", "n_against": "n_others"}
HEADS |= {f"gain{end}": f"lead over raw gain{end}" for end in ("", "_low", "_high")}
SMALL_IS_PROPER = ("entropy", "delta_entropy")  # of all other scores a large value says so


def auc(
    score: np.ndarray,
    positive: np.ndarray,
    counts: np.ndarray | None = None,
    bins_per_doubling: int = 2,
) -> float:
    """The chance that a positive has a larger score than a negative, ties counting one half.

    Args:
        score: (n,) finite.
        positive: (n,) bool.
        counts: (n,) n_w, at least 1: only pairs of about equal count are compared, so that
            frequency cannot help; without, all pairs are.
        bins_per_doubling: bins of log2 n_w are this fine.

    Raises:
        InputError: positives or negatives are missing.

    >>> auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]))
    0.875
    """
    positive, counts = np.asarray(positive, bool), np.ones(len(score)) if counts is None else counts
    return _Pairs(score, positive, _bins(counts, bins_per_doubling)).auc(positive, ~positive)


def auc_table(
    scores: Mapping[str, np.ndarray],
    classes: np.ndarray,
    counts: np.ndarray,
    against: Sequence[str] = ("verb", "adjective"),
    baseline: str = "kl",
    n_resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """How well each score tells proper nouns from other classes: Table 3, one row per cell.

    Args:
        scores: name -> (V,); those named in `SMALL_IS_PROPER` count the other way round.
        classes: (V,) labels of `word_classes`.
        counts: (V,) n_w.
        baseline: the score that `gain` is measured from.
        n_resamples: bootstrap samples of the words of both classes, the same for all scores.

    Returns:
        a table with columns against, score, n_proper, n_against, auc, matched_auc, and gain (auc
        less the larger of the baseline's and chance), the last three with the ends of a 95 %
        interval (_low, _high). Words for which some score is not finite are left out.

    Raises:
        InputError: a class has no words, or the baseline is not among the scores.
    """
    expect_one_of("baseline", baseline, scores)
    finite = np.isfinite(np.array(list(scores.values()))).all(axis=0)
    rows = []
    for other in against:
        chosen = np.flatnonzero(finite & ((classes == "proper") | (classes == other)))
        positive = classes[chosen] == "proper"
        _check_both(positive, f"classes 'proper' and {other!r}")
        bins = {"auc": np.zeros(len(chosen), int), "matched_auc": _bins(counts[chosen], 2)}
        estimates = {}
        for name, values in scores.items():
            sign = -1 if name in SMALL_IS_PROPER else 1
            for measure, groups in bins.items():
                pairs = _Pairs(sign * values[chosen], positive, groups)
                estimates[name, measure] = _resampled(pairs, positive, n_resamples, seed)
        for name in scores:
            gain = estimates[name, "auc"] - np.maximum(estimates[baseline, "auc"], 0.5)
            row = {"against": other, "score": name}
            row |= {"n_proper": int(positive.sum()), "n_against": int((~positive).sum())}
            row |= _with_interval("auc", estimates[name, "auc"])
            row |= _with_interval("matched_auc", estimates[name, "matched_auc"])
            rows.append(row | _with_interval("gain", gain))
    return pd.DataFrame(rows)


def scores(gains: Gains, norm: np.ndarray, delta_norm: np.ndarray) -> dict[str, np.ndarray]:
    """The seven scores of Table 3 of every word, each (V,); two of them of one training."""
    raw = {"count": np.log10(gains.counts), "entropy": gains.measures.entropy, "kl": gains.kl}
    corrected = {"delta_entropy": gains.delta_entropy, "delta_kl": gains.delta_kl}
    return raw | {"norm": norm} | corrected | {"delta_norm": delta_norm}


def median_gap(gains: Gains, classes: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
    """The median corrected gain of proper nouns less that of verbs, nats, with its interval."""
    is_proper = classes == "proper"

    def gap(rows: np.ndarray) -> float:
        proper = is_proper[rows]
        return np.median(gains.delta_kl[rows[proper]]) - np.median(gains.delta_kl[rows[~proper]])

    rows = [np.flatnonzero(gains.drawn & (classes == kind)) for kind in ("verb", "proper")]
    return bootstrap(gap, np.concatenate(rows), seed=seed)


def claims(table: pd.DataFrame) -> dict[str, tuple[float, tuple[float, float]]]:
    """What Table 3 claims, by claim: value and interval of every area, and of the gain by the
    correction of KL."""
    rows = table.to_dict("records")
    measured = {
        f"table3_{row['against']}_{row['score']}": (row["auc"], (row["auc_low"], row["auc_high"]))
        for row in rows
    }
    better = next(r for r in rows if (r["against"], r["score"]) == ("verb", "delta_kl"))
    ends = better["gain_low"], better["gain_high"]
    return measured | {"table3_gain": (better["gain"], ends)}


class _Pairs:
    """Positive-negative pairs within bins, sorted once so that any weights give their AUC fast."""

    def __init__(self, score: np.ndarray, positive: np.ndarray, bins: np.ndarray):
        score = np.asarray(score, dtype=np.float64)
        expect_finite("score", score, "leave those words out")
        _check_both(positive, "two classes")
        self.order = np.lexsort((score, bins))
        score, bins = score[self.order], bins[self.order]
        new_bin = np.diff(bins, prepend=bins[0] - 1) != 0
        new_tie = new_bin | (np.diff(score, prepend=score[0]) != 0)
        self.ties = np.flatnonzero(new_tie)  # first row of each group of equal bin and score
        self.bins = np.flatnonzero(new_bin[self.ties])  # first tie group of each bin
        self.bin_of_tie = np.cumsum(new_bin[self.ties]) - 1

    def auc(self, positive: np.ndarray, negative: np.ndarray) -> float:
        """The AUC when word i counts positive[i] times as a positive, negative[i] times as one."""
        above = np.add.reduceat(positive[self.order].astype(float), self.ties)
        below = np.add.reduceat(negative[self.order].astype(float), self.ties)
        smaller = np.cumsum(below) - below
        smaller -= smaller[self.bins][self.bin_of_tie]  # in the same bin
        n_pairs = np.add.reduceat(above, self.bins) @ np.add.reduceat(below, self.bins)
        return float(above @ (smaller + below / 2) / n_pairs) if n_pairs else np.nan


def _resampled(pairs: _Pairs, positive: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """The AUC (first) and those of resamples of either class; one seed gives the same resamples."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(positive), np.flatnonzero(~positive)]
    values = [pairs.auc(positive, ~positive)]
    for _ in range(n_resamples):
        drawn = [np.bincount(rng.choice(r, len(r)), minlength=len(positive)) for r in rows]
        values.append(pairs.auc(*drawn))
    return np.array(values)


def _with_interval(name: str, values: np.ndarray) -> dict[str, float]:
    low, high = interval(values[1:]) if len(values) > 1 else (np.nan, np.nan)
    return {name: float(values[0]), f"{name}_low": float(low), f"{name}_high": float(high)}


def _bins(counts: np.ndarray, bins_per_doubling: int) -> np.ndarray:
    return np.floor(np.log2(np.maximum(counts, 1)) * bins_per_doubling).astype(int)


def _check_both(positive: np.ndarray, what: str) -> None:
    n_positive = int(np.sum(positive))
    if not 0 < n_positive < len(positive):
        given = f"{what}: {n_positive:,} positives and {len(positive) - n_positive:,} negatives"
        then = "use a larger corpus or a lower min_count"
        raise InputError(f"{given}; expected some of each; {then}")
