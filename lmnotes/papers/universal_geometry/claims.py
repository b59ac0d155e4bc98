"""What the seeds of notebook 02 have measured, as the claims of its card."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes import notebook, statistics
from lmnotes.papers.universal_geometry.translation import VERSIONS
from lmnotes.papers.universal_geometry.worlds import Pair
from lmnotes.words.ica import compare, intruder, other_axes
from lmnotes.words.ica.components import Components

PAIRS = [
    "english_python",
    "halves",
    "cbow",
    "ppmi",
    "contextual",
    "languages",
    "images",
    "image_words",
]
MEASURES = ("skewness", "kurtosis", "logcosh", "gaussian")
FIGURE_1 = (("ferrari", "cars"), ("ferrari", "italian"), ("kurosawa", "film"))
FIGURE_1 += (("kurosawa", "japanese"), ("sushi", "dishes"), ("sushi", "japanese"))


def settle(claim: str, values: Sequence[float], intervals: Sequence = (), note: str = "") -> None:
    """Record a claim over the seeds; without any it is not testable, and the note says why."""
    measured = statistics.over_seeds(values, intervals) if len(values) else (np.nan,)
    notebook.claims.record(claim, *measured, note=note, n_seeds=len(values))


def spikes(*spaces: Sequence[Components]) -> None:
    """How far the first axis reaches under ICA, PCA and ICA of noise, given by all seeds."""
    reach = [[x.values[:, 0].max() for x in by_seed] for by_seed in spaces]
    settle("fig5_reach", [own - max(others) for own, *others in zip(*reach, strict=True)])
    settle("fig5_axis0", reach[0])


def measures(curves: Sequence[pd.DataFrame]) -> None:
    """Distances from a Gaussian: the tables of `other_axes.gaussianity_curves` by all seeds."""
    for measure in MEASURES:
        beyond = [other_axes.beyond(x, ["PCA", "Gaussian noise"])[measure] for x in curves]
        settle(f"fig6_{measure}_over_pca", beyond)
    beyond = [other_axes.beyond(x, ["raw columns", "Gaussian noise"]).skewness for x in curves]
    settle("fig6_skewness_over_raw", beyond)
    for axis in (0, 10, 50, 100):
        own = [x[(x.method == "ICA") & (x.axis == axis)].skewness for x in curves]
        values = np.concatenate(own)
        settle(f"fig6_skewness_{axis}", values, note="" if len(values) else "fewer axes here")


def mixtures(by_seed: Sequence[Components]) -> None:
    """The values of Figure 1's words on the axes of other words."""
    for word, own in FIGURE_1:
        both = word in by_seed[0].ids and own in by_seed[0].ids
        spaces = by_seed if both else ()
        values = [x.normalised[x.ids[word], x.normalised[x.ids[own]].argmax()] for x in spaces]
        settle(f"fig1_{word}_{own}", values, note="" if both else "not in this text")


def dist_ratios(
    clouds: Sequence[np.ndarray],
    by_seed: Sequence[Components],
    varimax: Sequence[Components],
    min_count: int,
    seed: int,
) -> pd.DataFrame:
    """Record the DistRatios, and return their median and mean over axes as means over seeds.

    Args:
        clouds: (V, D) as trained, by each seed. by_seed, varimax: the axes of each.
        min_count: rarer words are no top words.
    """
    listed, ratios = np.asarray(by_seed[0].counts) >= min_count, []
    for n, vectors in enumerate(clouds):
        axes = compare.bases(vectors, ica=by_seed[n], seed=seed + n) | {"Varimax": varimax[n]}
        how = {"listed": listed, "seed": seed + n}
        scores = {b: intruder.score(x.normalised, vectors, **how) for b, x in axes.items()}
        ratios.append(scores)
    medians = pd.DataFrame([{b: np.nanmedian(r) for b, r in own.items()} for own in ratios])
    means = pd.DataFrame([{b: np.nanmean(r) for b, r in own.items()} for own in ratios])
    rivals = medians[list(compare.RIVALS)].max(axis=1)
    settle("dist_ratio", medians.ICA - rivals)
    settle("dist_ratio_varimax", medians.ICA - medians.Varimax)
    for basis in ("ICA", "Varimax", "PCA"):
        settle(f"dist_ratio_of_{basis.lower()}", medians[basis])
    table = pd.DataFrame({"median": medians.mean(), "mean": means.mean()})
    return table.rename_axis("basis").reset_index()


def pairs(told: Mapping[str, Pair]) -> None:
    """By how much ICA is ahead of its rivals and of an untrained model in the pairs of spaces."""
    for label in PAIRS:
        _pair(label, told[label].runs if label in told else [])


def _pair(label: str, runs: Sequence[compare.Comparison]) -> None:
    note = "one language model" * (label == "contextual") if runs else "no files given"
    for what, rivals in (("mean", compare.RIVALS), ("untrained", ["untrained"])):
        leads = [run.lead(rivals) for run in runs]
        settle(f"{label}_{what}", [x for x, _ in leads], [ends for _, ends in leads], note)
    settle(f"{label}_shared", [run.shared_lead() for run in runs], note=note)
    for basis in ("ICA", "PCA") if label in ("contextual", "languages", "images") else ():
        first_100 = [run.matchings[basis].r[:100].mean() for run in runs]
        settle(f"{label}_{basis.lower()}_100", first_100, note=note)


def alignment(answers: Sequence[pd.DataFrame]) -> None:
    """Shares of words that one way of translating finds more than another: ranks by all seeds, as
    of `translation.alignment`."""
    trained, mapped = VERSIONS
    first = [100.0 * (x == 0) for x in answers]  # (test words, methods) of each seed

    def differ(claim: str, minuend, *others, note: str = "") -> None:
        gaps = [x[minuend] - x[max(others, key=lambda other, x=x: x[other].mean())] for x in first]
        gaps = [] if note else gaps
        reach = [1.96 * gap.std() / np.sqrt(len(gap)) for gap in gaps]
        ends = [(gap.mean() - r, gap.mean() + r) for gap, r in zip(gaps, reach, strict=True)]
        share = np.mean([x[minuend].mean() for x in first])
        settle(claim, [gap.mean() for gap in gaps], ends, note or f"of {share:.1f}")

    permuted = {basis: f"{basis}, permuted" for basis in compare.METHODS}
    ica = (trained, permuted["ICA"])
    level = min(x[ica].mean() - 1.96 * x[ica].std() / np.sqrt(len(x)) for x in first)
    weak = f"ICA finds too little to lose: {level:.1f} at the lower end of its interval"
    differ("align_ica_pca", ica, *((trained, permuted[rival]) for rival in compare.RIVALS))
    differ("align_procrustes", (trained, "Procrustes"), ica)
    differ("align_least_squares", (trained, "least squares"), ica)
    differ("align_procrustes_map", (trained, "Procrustes"), (mapped, "Procrustes"))
    # or the loss of everything would be within the rule
    differ("align_ica_map", ica, (mapped, permuted["ICA"]), note="" if level > 1 else weak)
    near_0 = [x[trained, permuted["PCA"]].mean() for x in first] if level > 5 else []
    settle("align_pca", near_0, note="" if near_0 else weak)
