"""Scores predicted from coordinates, log-likelihoods and their mean, lineages held out or not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import prediction
from lmnotes.models.maps.prediction import Prediction
from lmnotes.papers.model_map.population import Population
from lmnotes.papers.model_map.task_scores import LEADERBOARD, Benchmark

COORDINATES, LIKELIHOODS, MEAN = "coordinates Q", "log-likelihoods L", "mean only"
FOLDS = ("grouped", "random")
_TABLE_3 = ("ARC", "MMLU", "TruthfulQA")  # the rows of Table 3 that are known


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions of Q targets for the models that have all scores, by features and folds.

    features: name -> (M, F); fitted: (features, folds) -> predictions; table: their correlations, a
    row per target, features and folds, "mean log-likelihood" as one more target.
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
        """Pearson's r, a row per target and a column per features and folds."""
        wide = self.table.pivot(index="target", columns=["features", "folds"], values="r")
        wide = wide.reindex([*self.columns, "mean log-likelihood"])
        return wide.set_axis([f"{a}, {b}" for a, b in wide.columns], axis=1).round(3).reset_index()

    @property
    def summary(self) -> pd.DataFrame:
        """From the coordinates with lineages held out: r, rho and their deviations, by target."""
        return self.fitted[COORDINATES, FOLDS[0]].table(self.columns).set_index("target")

    @property
    def alone(self) -> pd.DataFrame:
        """The correlation of every score with the mean log-likelihood: target, r, rho."""
        x = np.tile(self.mean[:, None], len(self.columns))
        r, rho = (prediction.correlations(x, self.Y, ranks=ranks) for ranks in (False, True))
        return pd.DataFrame({"target": self.columns, "r": r, "rho": rho})

    @property
    def predicted(self) -> pd.DataFrame:
        """Each score beside its prediction, the mean over seeds, a row per model."""
        found = pd.DataFrame(self.Y, columns=self.columns).assign(model=self.names)
        average = self.fitted[COORDINATES, FOLDS[0]].predicted.mean(axis=0)
        return found.assign(**{f"{c} predicted": average[:, i] for i, c in enumerate(self.columns)})

    def contrast(self, n_samples: int = 500, seed: int = 0) -> tuple[float, tuple[float, float]]:
        """How much better the coordinates predict the last target than the mean log-likelihood
        alone does, r less r, with its 95 % bootstrap interval over lineages."""
        fitted = self.fitted[COORDINATES, FOLDS[0]].predicted[:, :, -1].T  # (M, seeds)
        both = np.column_stack([fitted, self.mean])
        members = [np.flatnonzero(self.lineage == one) for one in np.unique(self.lineage)]
        rng = np.random.default_rng(seed)

        def gain(rows: np.ndarray) -> float:
            truth = np.tile(self.Y[rows, -1:], both.shape[1])
            r = prediction.correlations(both[rows], truth)
            return float(r[:-1].mean() - r[-1])

        drawn = [
            gain(
                np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
            )
            for _ in range(n_samples)
        ]
        value = gain(np.arange(len(self.Y)))
        low, high = np.quantile(drawn, [0.025, 0.975])
        return value, (float(min(low, value)), float(max(high, value)))

    def path(self, features: str, folds: str, target: str) -> tuple[np.ndarray, np.ndarray]:
        """Pearson's r for every one of `prediction.TASK_PENALTIES`: held out, and fitted to."""
        groups = self.lineage if folds == FOLDS[0] else None
        y = self.Y[:, [self.columns.index(target)]]
        n_folds = _n_folds(self.lineage, groups)
        found = prediction.penalty_path(self.features[features], y, groups=groups, n_folds=n_folds)
        return found[0][:, 0], found[1][:, 0]


def compare_predictors(here: Population, benchmark: Benchmark, seeds: Sequence[int]) -> Comparison:
    """Ridge predictions from Q, L and the mean, for grouped and for random folds.

    Raises `ValueError` where fewer than two models have every score.
    """
    kept = benchmark.kept
    if len(kept) < 2:
        raise ValueError(
            f"{len(kept)} of {len(here)} models have a score for each of {benchmark.columns}; "
            "expected at least two: give scores of more of them"
        )
    L, mean, Y = here.L[kept], here.mean[kept], benchmark.values
    features = {COORDINATES: maps.double_centre(L), LIKELIHOODS: L, MEAN: mean[:, None]}
    lineage = here.models.lineage.astype(str).to_numpy()[kept]
    fitted, rows = {}, []
    for how, groups in zip(FOLDS, (lineage, None), strict=True):
        n_folds = _n_folds(lineage, groups)
        if n_folds < 2:
            continue
        for name, X in features.items():
            options = {"groups": groups, "seeds": seeds, "n_folds": n_folds}
            found = fitted[name, how] = prediction.ridge(X, Y, **options)
            rows.append(found.table(benchmark.columns).assign(features=name, folds=how))
            if name != MEAN:
                options |= {"penalties": prediction.MEAN_PENALTIES, "limits": None}
                sanity = prediction.ridge(X, mean[:, None], **options)
                table = sanity.table(["mean log-likelihood"])
                rows.append(table.assign(features=name, folds=how))
    table = pd.concat(rows, ignore_index=True)
    order = ["target", "features", "folds", "r", "r sd", "rho", "rho sd"]
    names = here.names[kept]
    return Comparison(benchmark.columns, Y, mean, names, lineage, features, fitted, table[order])


def second_hand(found: Comparison) -> dict[str, float]:
    """What Tables 2 and 3 say of single benchmarks, by claim; NaN where others were predicted."""
    has = set(LEADERBOARD) <= set(found.columns)
    summary, alone = found.summary, found.alone.set_index("target")
    values = {}
    for name in LEADERBOARD:
        for end in ("r", "rho"):
            values[f"table2_{name.lower()}_{end}"] = summary[end][name] if has else np.nan
            if name in _TABLE_3:
                values[f"table3_{name.lower()}_{end}"] = alone[end][name] if has else np.nan
    return values


def _n_folds(lineage: np.ndarray, groups: np.ndarray | None) -> int:
    """Five, or as many as there are lineages, or models."""
    return min(5, len(lineage) if groups is None else len(set(lineage)))
