"""Predicting scores of models from the coordinates of few texts (section 4.3, appendix F)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.models.maps import prediction, resample
from lmnotes.papers.text_resampling.study import Study

TASKS, MEAN, EACH = "task mean", "mean log-likelihood", "each task"
_SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_NO_SCORES = "these models have no task scores"


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Predictions by (TASKS, MEAN or EACH, method, n), those by all texts under (.., "all", N); the
    values that they predict, a column per target; a table with columns target, method, n, d, r, sd
    (over splits into folds)."""

    study: Study
    targets: dict[str, pd.DataFrame]
    fits: dict[tuple, prediction.Prediction]
    table: pd.DataFrame

    @property
    def by_all(self) -> dict[str, float]:
        """Mean r from all texts, by target; single tasks come last."""
        return {
            target: self.fits[name, "all", self.study.n_texts].r[:, column].mean()
            for name, values in self.targets.items()
            for column, target in enumerate(values)
        }

    @property
    def means(self) -> pd.DataFrame:
        """The rows of the task mean and the mean log-likelihood, without single tasks."""
        return self.table[self.table.target.isin([TASKS, MEAN])].reset_index(drop=True)

    def near(self, tolerance: float = 0.1) -> tuple[int, int]:
        """How many single tasks N draws by LS predict with r this close to that from all texts, and
        how many there are."""
        if EACH not in self.targets:
            return 0, 0
        by_ls, by_all = (self.fits[EACH, how, self.study.n_texts].r for how in ("LS", "all"))
        apart = abs(by_ls.mean(axis=0) - by_all.mean(axis=0))
        return int((apart <= tolerance).sum()), len(apart)

    def claims(self, seed: int = 42) -> dict[str, tuple]:
        """What the paper shows in Figure 4: claim -> value, interval over lineages, note."""
        if TASKS not in self.targets:
            claims = ("fig4_end", "fig4_grows", "fig4_end_published")
            return {claim: (np.nan, None, _NO_SCORES) for claim in claims}
        truth = self.targets[TASKS].to_numpy()
        known = np.isfinite(truth[:, 0])
        truth, kin = truth[known], self.study.lineage[known]
        n_texts, methods = self.study.n_texts, self.study.pis

        def r(method: str, n: int, rows: object = slice(None)) -> float:
            """Mean over the splits of Pearson's r over some models."""
            predicted = self.fits[TASKS, method, n].predicted[:, rows, 0].T
            return prediction.correlations(predicted, truth[rows] + 0 * predicted).mean()

        def growth(rows: np.ndarray) -> float:
            return np.mean([r(name, n_texts, rows) - r(name, 10, rows) for name in methods])

        compared: dict[str, Callable] = {
            "fig4_end": lambda rows: r("LS", n_texts, rows) / r("all", n_texts, rows),
            "fig4_grows": growth,
        }
        note = f"one draw a size; interval over {len(set(kin))} lineages"
        recorded = {
            claim: (*statistics.group_bootstrap(value, kin, n=300, seed=seed), note)
            for claim, value in compared.items()
        }
        return recorded | self.study.published({"fig4_end_published": r("LS", n_texts)})


def predict(study: Study, tasks: pd.DataFrame | None, splits: Sequence[int]) -> Scores:
    """Ridge regressions from the coordinates of draws of growing size, whole lineages held out
    where there are five or more.

    Args:
        tasks: M rows, a column per task and one named TASKS, per cent, NaN where a model has none;
            None where no model has any.
        splits: seeds, a split into folds each.
    """
    targets = {} if tasks is None else {TASKS: tasks[[TASKS]]}
    targets[MEAN] = pd.DataFrame({MEAN: study.L.mean(axis=1)})
    if tasks is not None:
        targets[EACH] = tasks.drop(columns=TASKS)
    groups = study.lineage if len(set(study.lineage)) >= 5 else None

    def fit(features: np.ndarray, name: str) -> prediction.Prediction:
        is_tasks, values = name != MEAN, targets[name].to_numpy(float)
        known = np.isfinite(values).all(axis=1)
        return prediction.ridge(
            features[known] - features[known].mean(axis=0),
            values[known],
            groups=None if groups is None else groups[known],
            penalties=prediction.TASK_PENALTIES if is_tasks else prediction.MEAN_PENALTIES,
            seeds=splits,
            limits=(0, 100) if is_tasks else None,
        )

    n_texts, rows = study.n_texts, []
    fits = {(name, "all", n_texts): fit(study.Q, name) for name in targets}
    for n in [*(n for n in _SIZES if n < n_texts), n_texts]:
        for method, pi in study.pis.items():
            drawn = resample.draw(pi, n, seed=42, generator="published")
            features = resample.coordinates(study.L[:, drawn.texts], drawn.weights)
            for name, values in targets.items():
                fits[name, method, n] = fit(features, name)
                for target, r in zip(values, fits[name, method, n].r.T, strict=True):
                    rows.append((target, method, n, len(drawn), r.mean(), r.std()))
    table = pd.DataFrame(rows, columns=["target", "method", "n", "d", "r", "sd"])
    return Scores(study, targets, fits, table)
