"""Scores predicted from coordinates, log-likelihoods and their mean, lineages held out or not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import expect_between
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import prediction
from lmnotes.models.maps.prediction import Prediction
from lmnotes.papers.model_map.population import Population
from lmnotes.papers.model_map.task_scores import LEADERBOARD, Benchmark

COORDINATES, LIKELIHOODS, MEAN = "coordinates Q", "log-likelihoods L", "mean only"
ALONE = "mean log-likelihood"  # as it is, not fitted: Table 3
FOLDS = ("grouped", "random")
_TABLE_3 = ("ARC", "MMLU", "TruthfulQA", "task mean")  # the rows of Table 3 that are known


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions of Q targets for the models that have all scores, by features and folds.

    features: name -> (M, F); fitted: (features, folds) -> predictions; table: their correlations, a
    row per target, features and folds, "mean log-likelihood" as one more target; at last those of
    the scores with ALONE, as it is.
    """

    columns: list[str]
    Y: np.ndarray  # (M, Q) per cent
    mean: np.ndarray  # (M,) mean log-likelihood, nats
    names: np.ndarray
    lineage: np.ndarray
    features: dict[str, np.ndarray]
    fitted: dict[tuple[str, str], Prediction]
    table: pd.DataFrame

    @property
    def side_by_side(self) -> pd.DataFrame:
        """Pearson's r, a row per target and a column per features and folds, and Spearman's rho of
        Tables 2 and 3."""
        wide = self.table.pivot(index="target", columns=["features", "folds"], values="r")
        wide = wide.reindex([*self.columns, "mean log-likelihood"])
        wide = wide.set_axis([f"{a}, {b}" for a, b in wide.columns], axis=1)
        for name, rows in (
            (f"{COORDINATES}, {FOLDS[0]}", self.summary),
            (f"{ALONE}, not fitted", self.alone.set_index("target")),
        ):
            wide[f"{name}, rho"] = rows.rho
        return wide.round(3).reset_index()

    @property
    def summary(self) -> pd.DataFrame:
        """From the coordinates with lineages held out: r, rho and their deviations, by target."""
        return self.fitted[COORDINATES, FOLDS[0]].table(self.columns).set_index("target")

    @property
    def alone(self) -> pd.DataFrame:
        """The correlation of every score with the mean log-likelihood: target, r, rho."""
        rows = self.table[self.table.features == ALONE]
        return rows[["target", "r", "rho"]].reset_index(drop=True)

    @property
    def predicted(self) -> pd.DataFrame:
        """Each score beside its prediction, the mean over seeds, a row per model."""
        average = self.fitted[COORDINATES, FOLDS[0]].predicted.mean(axis=0)
        scores = pd.DataFrame(self.Y, columns=self.columns).assign(model=self.names)
        return scores.join(pd.DataFrame(average, columns=self.columns).add_suffix(" predicted"))

    def contrast(self, n_samples: int = 500, seed: int = 0) -> tuple[float, tuple[float, float]]:
        """How much better the coordinates predict the last target than the mean log-likelihood
        alone does, r less r, with its 95 % bootstrap interval over lineages."""
        fitted = self.fitted[COORDINATES, FOLDS[0]].predicted[:, :, -1].T  # (M, seeds)
        order = np.argsort(self.lineage, kind="stable")
        both = np.column_stack([fitted, self.mean])[order]
        truth = np.tile(self.Y[order, -1:], both.shape[1])

        def gain(rows: np.ndarray) -> float:
            r = prediction.correlations(both[rows], truth[rows])
            return float(r[:-1].mean() - r[-1])

        return statistics.group_bootstrap(gain, self.lineage[order], n=n_samples, seed=seed)

    @property
    def ahead(self) -> pd.Series:
        """By target, r from the coordinates, lineages held out, less r of the mean log-likelihood
        alone."""
        return self.summary.r - self.alone.set_index("target").r

    def claims(self, is_leaderboard: bool, seed: int = 0) -> dict[str, tuple]:
        """Tables 2 and 3, and how the two stand to each other, as claims."""
        absent = "needs the leaderboard's scores: give scores_file or the published matrix"
        said = {
            claim: (value, None, "" if np.isfinite(value) else absent)
            for claim, value in benchmark_claims(self).items()
        }
        tasks = "six benchmarks" if is_leaderboard else "other tasks than the paper's"
        return said | {"contrast": (*self.contrast(seed=seed), f"{tasks}; interval over lineages")}

    def path(self, features: str, folds: str, target: str) -> tuple[np.ndarray, np.ndarray]:
        """Pearson's r for every one of `prediction.TASK_PENALTIES`: held out, and fitted to."""
        groups = self.lineage if folds == FOLDS[0] else None
        y = self.Y[:, [self.columns.index(target)]]
        n_folds = _n_folds(self.lineage, groups)
        X, options = self.features[features], {"groups": groups, "n_folds": n_folds}
        held_out, fitted_to = prediction.penalty_path(X, y, **options)
        return held_out[:, 0], fitted_to[:, 0]


def compare_predictors(
    population: Population, benchmark: Benchmark, seeds: Sequence[int]
) -> Comparison:
    """Ridge predictions from Q, L and the mean, for grouped and for random folds.

    Raises `ValueError` where fewer than two models have every score.
    """
    kept = benchmark.kept
    what = f"models with a score for each of {benchmark.columns}"
    expect_between(what, len(kept), 2, then="give scores of more of them")
    L, mean, Y = population.L[kept], population.mean[kept], benchmark.values
    features = {COORDINATES: maps.double_centre(L), LIKELIHOODS: L, MEAN: mean[:, None]}
    lineage = population.models.lineage.astype(str).to_numpy()[kept]
    fitted, rows = {}, []
    for how, groups in zip(FOLDS, (lineage, None), strict=True):
        n_folds = _n_folds(lineage, groups)
        if n_folds < 2:
            continue
        for name, X in features.items():
            options = {"groups": groups, "seeds": seeds, "n_folds": n_folds}
            fitted[name, how] = prediction.ridge(X, Y, **options)
            tables = [fitted[name, how].table(benchmark.columns)]
            if name != MEAN:
                options |= {"penalties": prediction.MEAN_PENALTIES, "limits": None}
                sanity = prediction.ridge(X, mean[:, None], **options)
                tables.append(sanity.table(["mean log-likelihood"]))
            rows += [table.assign(features=name, folds=how) for table in tables]
    x = np.tile(mean[:, None], Y.shape[1])
    r, rho = (prediction.correlations(x, Y, ranks=ranks) for ranks in (False, True))
    alone = pd.DataFrame({"target": benchmark.columns, "r": r, "rho": rho})
    rows.append(alone.assign(features=ALONE, folds="not fitted"))
    table = pd.concat(rows, ignore_index=True)
    order = ["target", "features", "folds", "r", "r sd", "rho", "rho sd"]
    names = population.names[kept]
    return Comparison(benchmark.columns, Y, mean, names, lineage, features, fitted, table[order])


def benchmark_claims(comparison: Comparison) -> dict[str, float]:
    """What Tables 2 and 3 say, by claim; NaN where other tasks than theirs were predicted."""
    has = set(LEADERBOARD) <= set(comparison.columns)
    summary, alone = comparison.summary, comparison.alone.set_index("target")
    values = {}
    for name in (*LEADERBOARD, "task mean"):
        claim = name.lower().removeprefix("task ")
        for end in ("r", "rho"):
            values[f"table2_{claim}_{end}"] = summary[end][name] if has else np.nan
            if name in _TABLE_3:
                values[f"table3_{claim}_{end}"] = alone[end][name] if has else np.nan
    return values


def _n_folds(lineage: np.ndarray, groups: np.ndarray | None) -> int:
    """Five, or as many as there are lineages, or models."""
    return min(5, len(lineage) if groups is None else len(set(lineage)))
