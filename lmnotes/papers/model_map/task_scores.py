"""What models score at tasks: of a file, of the released matrix, or at home-made tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.models.zoo import tasks
from lmnotes.text import chunks, readers

LEADERBOARD = ("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K")
_ABOUT = {"date", "size", "n_parameters", "seed", "step", "order", "created_at"}  # no scores
_MEANS = ("mean", "6-TaskMean", "task mean")


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Scores of M models, per cent.

    scores: indexed by model, the columns `targets` and "task mean"; NaN where there is none.
    """

    scores: pd.DataFrame
    targets: list[str]

    @property
    def columns(self) -> list[str]:
        """The targets and their mean."""
        return [*self.targets, "task mean"]

    @property
    def is_leaderboard(self) -> bool:
        """Whether the six benchmarks of the paper are among the targets."""
        return set(LEADERBOARD) <= set(self.targets)

    @property
    def kept(self) -> np.ndarray:
        """Rows of the models that have every score."""
        complete = self.scores[self.columns].notna().all(axis=1).to_numpy()
        return np.flatnonzero(complete & bool(self.targets))

    @property
    def values(self) -> np.ndarray:
        """(kept, targets and mean) scores."""
        return self.scores[self.columns].to_numpy(float)[self.kept]

    @property
    def mean(self) -> pd.Series:
        """The mean of the targets of each model, per cent, by place."""
        return self.scores["task mean"].reset_index(drop=True)

    @property
    def strongest(self) -> np.ndarray:
        """(M,) the task at which each model stands out most, standardised over models; next-byte
        accuracy, which is nearly likelihood, is no task."""
        tasks = self.scores[[name for name in self.targets if name != "next byte"]]
        standard = ((tasks - tasks.mean()) / tasks.std(ddof=0)).fillna(-np.inf).to_numpy()
        if not standard.shape[1]:
            return np.full(len(tasks), "all under 0", object)
        best = np.array(tasks.columns, object)[standard.argmax(axis=1)]
        return np.where(standard.max(axis=1) > 0, best, "all under 0")


def read(path: str | Path, models: pd.DataFrame) -> Benchmark:
    """The scores of a csv file with a column `model` and one per benchmark.

    Its models go by their names, or as a list of one's own has them. A column of words is an
    attribute, and so is what a table says of models (`size`, `date`).
    """
    cells = readers.table(path, ("model",)).drop_duplicates("model").set_index("model")
    no_scores = [name for name in cells if cells[name].dtype.kind not in "bif" or name in _ABOUT]
    names = [models[name] for name in ("model", "written", "label") if name in models]
    names = max(names, key=lambda column: column.isin(cells.index).sum())
    scores = cells.drop(columns=no_scores).reindex(names)
    scores.index = pd.Index(models["model"], name="model")
    targets = [name for name in scores.columns if name not in _MEANS]
    has_mean = "6-TaskMean" in scores
    mean = scores["6-TaskMean"] if has_mean else scores[targets].mean(axis=1)
    return Benchmark(scores.assign(**{"task mean": mean}), targets)


def choose(
    models: pd.DataFrame,
    benchmarks: Sequence[str],
    scores_file: str | None,
    *,
    per_domain: int,
    n_items: int,
    seed: int,
) -> Benchmark:
    """Scores of the file, else those that came with the models, in these columns of their table,
    else of home-made tasks; next-byte accuracy only where a model reads bytes."""
    if scores_file is not None:
        return read(scores_file, models)
    if len(benchmarks):
        return given(models, benchmarks)
    n = max(2, per_domain // 10)
    texts = chunks.load("installed", size=256, part="task", per_domain=n, seed=seed)
    options = {}
    if "mixture" not in models:  # one's own, which may be large: one at a time
        options = {"apart": True, "dtype": str(models["dtype"].dropna().iloc[0])}
    scores = tasks.scores(models, texts, n_items=n_items, seed=seed, **options)
    measured = [*tasks.TASKS, "next byte"]
    return Benchmark(scores, [name for name in measured if scores[name].notna().any()])


def given(models: pd.DataFrame, columns: Sequence[str]) -> Benchmark:
    """The scores that came with the models; where one is missing, there is no mean."""
    targets = [name for name in columns if name not in _MEANS]
    scores = models.set_index("model")[targets].apply(pd.to_numeric, errors="coerce")
    scores["task mean"] = scores[targets].mean(axis=1, skipna=False)
    return Benchmark(scores, targets)
