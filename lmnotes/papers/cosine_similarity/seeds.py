"""What one seed of training and of ICA says of the claims (Yamagiwa et al., COLING 2025)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.papers.cosine_similarity import other_spaces
from lmnotes.papers.cosine_similarity.study import Bases, Study
from lmnotes.statistics import interval_holding, mean_interval
from lmnotes.words import null_laws, similarity
from lmnotes.words.ica import compare, intruder, other_axes
from lmnotes.words.ica.components import Components

UNTURNED = "PCA, not turned"  # as the released code has it
_TESTED = {  # claim -> benchmark and products kept
    **{f"fig9_{name}_{p}": (name, p) for name in ("wordsim353", "simlex999") for p in (1, 10)},
    "fig9_analogies": ("analogies", 10),
    **{f"fig17_{p}": ("cosine", p) for p in (1, 10)},
}
_MEDIANS = {  # claim -> basis and form, and what is taken off
    "fig7_ica_raw": (("ICA", "raw"), None),
    "fig7_ica_normalised": (("ICA", "normalised"), None),
    "fig7_pca_raw": ((UNTURNED, "raw"), None),
    "fig7_pca_normalised": ((UNTURNED, "normalised"), None),
    "fig7_norm_ica": (("ICA", "normalised"), ("ICA", "raw")),
    "fig7_norm_pca": ((UNTURNED, "normalised"), (UNTURNED, "raw")),
    "fig7_beats": (("ICA", "normalised"), (UNTURNED, "normalised")),
}


def gains(bases: Bases, listed: np.ndarray | None = None, *, seed: int = 0) -> dict[str, float]:
    """What ICA has more of than PCA: significant axes per word, the share of a cosine on its
    largest axis (median of 500 words and their nearest), and, as ratios, the largest value on an
    axis and of a word. Noise has some of it too, since ICA looks for it.
    """
    ica, pca = bases["ICA"].normalised, bases["PCA"].normalised
    level = null_laws.threshold(ica.shape[1])
    rows = np.arange(len(ica)) if listed is None else np.flatnonzero(listed)
    n = min(500, len(rows))
    sample = np.random.default_rng(seed).choice(rows, size=n, replace=False)
    alike = ica[sample] @ ica.T  # (500, V), the same in both
    alike[np.arange(n), sample] = -1
    near = alike.argmax(axis=1)
    shares = [np.median((unit[sample] * unit[near]).max(1) / alike.max(1)) for unit in (ica, pca)]
    return {
        "more_axes": (ica > level).sum(axis=1).mean() - (pca > level).sum(axis=1).mean(),
        "largest_share": shares[0] - shares[1],
        "fig8_words": ica.max(axis=0).mean() / pca.max(axis=0).mean(),
        "fig8_axes": ica.max(axis=1).mean() / pca.max(axis=1).mean(),
    }


def of_vectors(
    bases: Bases,
    raw: np.ndarray,
    blank: Mapping[str, float],
    tests: Mapping[str, pd.DataFrame],
    listed: np.ndarray,
    seed: int = 0,
) -> dict[str, tuple[float, tuple[float, float] | None]]:
    """Claim -> value, and its own interval or None, for `claims.record_seeds`.

    raw: (V, D) as they were trained. blank: `gains` of noise. tests: benchmark -> scores.
    """
    ica, more = bases["ICA"], gains(bases, listed, seed=seed)
    said = {name: (more[name] - blank[name], None) for name in more}
    lengths = np.linalg.norm(ica.values, axis=1)
    pulls = [similarity.length_pull(values, lengths) for values in (ica.values, ica.normalised)]
    said["fig10_pull"] = pulls[0] - abs(pulls[1]), None
    for id, (name, p) in _TESTED.items():
        asked = name in tests and p in set(tests[name].n_axes)
        said[id] = similarity.advantage(tests[name], p) if asked else (np.nan, None)
    ratios = intruder.medians({**bases, UNTURNED: other_axes.pca(raw)}, raw, seed=seed)
    place = {key: row for row, key in enumerate(zip(ratios.basis, ratios.form, strict=True))}
    for id, (first, second) in _MEDIANS.items():
        value, drawn = ratios.DistRatio[place[first]], np.array(ratios.attrs["drawn"][place[first]])
        if second is not None:
            value -= ratios.DistRatio[place[second]]
            drawn = drawn - ratios.attrs["drawn"][place[second]]
        said[id] = value, interval_holding(value, drawn)
    return said


def of_seed(
    study: Study,
    rows: Sequence[int],
    printed: pd.DataFrame | None,
    read_off: pd.DataFrame,
    table12: pd.DataFrame,
) -> dict[str, tuple[float, tuple[float, float] | None]]:
    """Every claim on one seed's study but the cosine itself, for `claims.record_seeds`.

    rows: of the story's pair. The rest: as in `of_pair` and `gaps_to_figures`.
    """
    space, tests, number = study.space, study.tests, study.seed
    unturned = other_axes.pca(space.raw)  # as the released code has it
    scores = [tests[name] for name in study.similarity_sets if name in tests]
    noise = compare.gaussian(len(space.words), space.n_axes, seed=number)
    blank = gains(noise, space.listed, seed=number)
    return (
        of_pair(space.bases, unturned, rows, printed)
        | gaps_to_figures(space.bases, unturned, read_off, table12, scores)
        | of_vectors(space.bases, space.raw, blank, tests, space.listed, seed=number)
        | of_stand_ins(study, blank)
    )


def of_stand_ins(
    study: Study, blank: Mapping[str, float]
) -> dict[str, tuple[float, tuple[float, float] | None]]:
    """The claims on other algorithms, on halves of the text and on pseudo-words.

    blank: `gains` of noise.
    """
    bases, others, halves = study.space.bases, study.others, study.halves
    r = other_spaces.agreement(bases, others, seed=study.draws)
    r = r.set_index(["comparison", "method"])["mean r, held out"].unstack()
    lead = r["ICA"] - r[["PCA", "random rotation"]].max(axis=1)
    _, values = other_spaces.on_matched_axes("ICA", bases, others, study.space.listed)
    diagonals = [other_spaces.diagonal(values[name]) for name in others]
    more = [gains(space, seed=study.seed) for space in others.values()]
    keeps = [other_spaces.partners(halves, basis)[1].astype(float) for basis in ("ICA", "PCA")]
    pseudo = study.pseudo_words.query("basis == 'ICA'")
    by_word = {
        "fig24_keeps": keeps[0] - keeps[1],
        "fig23_both": pseudo["on both own"].astype(float) - pseudo["on both another's"],
        "fig23_contexts": pseudo["occurrences told apart"],
    }
    said = {id: mean_interval(100 * each, 500) for id, each in by_word.items()}
    said |= {"fig5_ica": (lead.min(), None), "fig5_diagonal": (100 * min(diagonals), None)}
    for id, name in (("fig16_words", "fig8_words"), ("fig16_axes", "fig8_axes")):
        said[id] = min(gain[name] for gain in more) - blank[name], None
    return said


def of_pair(
    bases: Bases, unturned: Components, rows: Sequence[int], printed: pd.DataFrame | None
) -> dict[str, tuple[float, None]]:
    """The claims on a pair of words: its significant axes, and its largest values.

    rows: of the two words. printed: the paper's largest values where the pair is the paper's.
    """
    counts, largest = {}, {}
    for space in (bases["ICA"], unturned):
        one, other = space.normalised[list(rows)]
        for name, contents in {"first": one, "second": other, "product": one * other}.items():
            law = "product" if name == "product" else "normal"
            level = null_laws.threshold(len(contents), law)
            counts[space.method, name] = int((contents > level).sum())
            largest.setdefault(name, np.sort(contents)[::-1])
    n_ica, n_pca = (
        sum(n for (m, _), n in counts.items() if m == basis) for basis in ("ICA", "PCA")
    )
    theirs = () if printed is None else printed.itertuples()
    gaps = [abs(largest[row.vector][row.rank - 1] - row.value) for row in theirs]
    return {f"fig2_n_{name}": (counts["ICA", name], None) for name in largest} | {
        "fig2_axes": (n_ica - n_pca, None),
        "fig2_largest": (largest["product"][0], None),
        "fig2_values": (max(gaps, default=np.nan), None),
    }


def gaps_to_figures(
    bases: Bases,
    unturned: Components,
    read_off: pd.DataFrame,
    table12: pd.DataFrame,
    scores: Sequence[pd.DataFrame],
) -> dict[str, tuple[float, None]]:
    """The largest gaps to the values of Figure 8 and of Table 12; NaN where a rank is missing.

    scores: what was measured on the benchmarks of Table 12.
    """
    axes, curves = {"ICA": bases["ICA"].normalised, "PCA": unturned.normalised}, {}
    for over in ("words", "axes"):
        for basis, its_unit in axes.items():
            curves[over, basis] = similarity.average_sorted(its_unit, over)
    rows = list(read_off.itertuples())
    there = all(row.rank <= len(curves[row.over, row.basis]) for row in rows)
    gaps = [abs(curves[row.over, row.basis][row.rank - 1] - row.value) for row in rows if there]
    printed = table12.query("benchmark != 'analogies'")
    ours = printed.merge(pd.concat(scores)) if scores else printed[:0]
    gap = (ours.published - ours.spearman).abs().max() if len(ours) == len(printed) else np.nan
    return {"fig8_values": (max(gaps, default=np.nan), None), "fig9_values": (gap, None)}
