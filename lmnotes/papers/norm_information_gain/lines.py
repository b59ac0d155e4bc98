"""Gain against squared length: lines over several trainings, their claims, and what decides them.

Oyama, Yokoi and Shimodaira (EMNLP 2023), sections 3 to 5 and appendix G.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.papers.norm_information_gain.gains import Gains
from lmnotes.statistics import Fit
from lmnotes.words import embedding, norms
from lmnotes.words.embedding import Embedding

RARE = 100  # words of fewer occurrences are those whose norms drop in Figure 11


def fit(gains: Gains, y: np.ndarray, xs: Sequence[np.ndarray], seed: int) -> list[Fit]:
    """The lines of y (V,) on the x (V,) of each training, over the ringed words."""
    return [statistics.regress(y, x, gains.ringed, seed=seed) for x in xs]


def claims(fits: Sequence[Fit], **names: str) -> list[dict]:
    """What each fit measures, for `notebook.claims.record_seeds`; names: slope or r2 -> claim."""
    return [
        {
            claim: (getattr(fit, name), getattr(fit, f"{name}_interval"))
            for name, claim in names.items()
        }
        for fit in fits
    ]


def claims_of(
    statistic: Callable[..., float], rows: np.ndarray, trainings: Sequence, claim: str, seed: int
) -> list[dict]:
    """The same of statistic(rows, *arrays) with its bootstrap over words; arrays (V,) of each
    training, a tuple of them where there are several."""
    measured = []
    for arrays in trainings:
        arrays = arrays if isinstance(arrays, tuple) else (arrays,)
        value = statistics.bootstrap(lambda drawn, a=arrays: statistic(drawn, *a), rows, seed=seed)
        measured.append({claim: value})
    return measured


def drawn(fits: Mapping[str, Fit], gains: Gains) -> pd.DataFrame:
    """The points of a strip of panels with a common x: word, count, whether it carries the lines,
    x, and the y of each panel."""
    columns = {name: fit.table.y.to_numpy() for name, fit in fits.items()}
    x = next(iter(fits.values())).table.x.to_numpy()
    return gains.of_drawn(ringed=gains.ringed, x=x, **columns)


def lead(gains: Gains) -> Callable[[np.ndarray, np.ndarray], float]:
    """By how much the R^2 of KL on a squared norm exceeds that of its better rival."""
    rivals = gains.measures.entropy, gains.measures.self_information

    def statistic(rows: np.ndarray, norm: np.ndarray) -> float:
        best = max(statistics.r_squared(rival[rows], norm[rows]) for rival in rivals)
        return statistics.r_squared(gains.kl[rows], norm[rows]) - best

    return statistic


def of_file(gains: Gains, path: str) -> Fit:
    """The line of KL on the squared norms of vectors in a file, over the ringed words that it has;
    words that it lacks have a norm of NaN (Figure 12)."""
    vectors = embedding.load(path, words=gains.corpus.words)
    norm = np.full(gains.corpus.n_words, np.nan)
    norm[[gains.corpus.ids[word] for word in vectors.words]] = vectors.squared_norm()
    return statistics.regress(gains.kl, norm, gains.ringed & np.isfinite(norm))


def scale(gains: Gains, vectors: Mapping[str, Embedding], seed: int) -> pd.DataFrame:
    """Mean lengths and lines of vectors by different rules, a column per rule (section 7)."""
    p, columns = gains.corpus.unigram, {}
    for rule, trained in vectors.items():
        norm = norms.squared_norms(trained)
        context = np.einsum("vd,vd->v", trained.context, trained.context, dtype=float)
        pairs = {
            "KL on raw": (gains.kl, norm.raw),
            "2 KL on whitened": (2 * gains.kl, norm.whitened),
        }
        columns[rule] = {
            "objective": trained.history.loss.iloc[-1],
            "mean of squared input norms": p @ norm.raw,
            "mean of squared context norms": p @ context,
            "product of the two": (p @ norm.raw) * (p @ context),
        }
        for name, (y, x) in pairs.items():
            line = statistics.regress(y, x, gains.ringed, n_bootstrap=200, seed=seed)
            columns[rule] |= {f"slope, {name}": line.slope, f"R2, {name}": line.r2}
    return pd.DataFrame(columns).rename_axis("quantity").reset_index()


def by_epochs(gains: Gains, runs: Mapping[int, Embedding], seed: int) -> pd.DataFrame:
    """The line of Figure 1 after so many epochs, a row per run (Figure 11)."""
    rows, rare, log_count = [], gains.drawn & (gains.counts < RARE), np.log(gains.counts)
    for epochs, trained in runs.items():
        norm = trained.squared_norm()
        line = statistics.regress(gains.kl, norm, gains.ringed, n_bootstrap=200, seed=seed)
        row = {"epochs": epochs, "R2": line.r2}
        row |= dict(zip(("R2 low", "R2 high"), line.r2_interval, strict=True))
        drop = np.corrcoef(norm[rare], log_count[rare])[0, 1]
        row |= {"slope": line.slope, f"correlation of norm and log count, n < {RARE}": drop}
        rows.append(row | {"objective": trained.history.loss.iloc[-1]})
    return pd.DataFrame(rows)


def epoch_claims(
    gains: Gains, few: Sequence[np.ndarray], many: Sequence[np.ndarray], seed: int
) -> list[dict]:
    """What Figure 11 claims, of each seed: squared norms (V,) after few and after many epochs."""

    def gained(rows: np.ndarray, short: np.ndarray, long: np.ndarray) -> float:
        short, long = (statistics.r_squared(gains.kl[rows], norm[rows]) for norm in (short, long))
        return long - short

    def drop(rows: np.ndarray, short: np.ndarray) -> float:
        return np.corrcoef(short[rows], np.log(gains.counts[rows]))[0, 1]

    ringed, rare = np.flatnonzero(gains.ringed), np.flatnonzero(gains.drawn & (gains.counts < RARE))
    pairs = list(zip(few, many, strict=True))
    lines = claims_of(gained, ringed, pairs, "fig11_line", seed)
    drops = claims_of(drop, rare, few, "fig11_drop", seed)
    return [line | fall for line, fall in zip(lines, drops, strict=True)]
