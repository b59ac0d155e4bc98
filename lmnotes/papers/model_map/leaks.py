"""Which models are likelier than able: the leakage reading over a population, leaked and clean."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.models.maps import prediction
from lmnotes.papers.model_map.population import Population

ON_THE_PILE = ("gpt_neox", "gpt_neo", "gptj")  # types of the released matrix, trained on the Pile


@dataclass(frozen=True, eq=False)
class Reading:
    """z(mean log-likelihood) - z(task mean) of M models.

    table: a row per model; twins: (clean, leaked) rows; gaps: reading of each leaked model less its
    twin's, or less the mean of the others where no twin is known; likelihood, ability: the two
    standardised values, (M,); likelier: a row per leaked model with a twin, by how much likelier
    than to the twin the texts are to it, nats per text, with a 95 % interval over texts.
    """

    table: pd.DataFrame
    twins: list[tuple[int, int]]
    gaps: np.ndarray
    likelihood: np.ndarray
    ability: np.ndarray
    likelier: pd.DataFrame

    @property
    def caption(self) -> str:
        """What the figure of it shows."""
        reading = "standardised task mean against standardised mean log-likelihood"
        if self.likelier.empty:
            return f"The paper's reading: {reading}."
        return (
            "Left: by how much likelier the texts are to each model that has seen them than to its "
            f"clean twin, with a 95 % interval over texts. Right: the paper's reading, {reading}; "
            "arrows lead from each clean twin to the model that has seen the texts."
        )

    def claim(self) -> tuple:
        """The mean gap with its interval by Student's t, and a note."""
        if len(self.gaps) < 2:
            return np.nan, None, "fewer than two leaked models in this population"
        test = statistics.paired_test(self.gaps, np.zeros(len(self.gaps)))
        note = f"{len(self.gaps)} leaked models; interval by Student's t"
        return test.mean, (test.low, test.high), note


def read(population: Population, rows: np.ndarray, task_mean: np.ndarray) -> Reading:
    """The reading of the models at some rows, whose mean task scores are given, per cent."""
    models, mean = population.models.iloc[rows], population.mean[rows]
    flat = np.zeros(len(rows))
    value = prediction.leakage(mean, task_mean)
    leaked, twins = _leaked(models, population.is_zoo)
    if population.is_zoo:
        gaps = np.array([value[b] - value[a] for a, b in twins])
    else:
        gaps = value[leaked] - value[~leaked].mean() if leaked.any() else np.zeros(0)
    table = pd.DataFrame(
        {
            "model": models.label.to_numpy(),
            "family": models.family.to_numpy(),
            "has seen the texts": leaked,
            "mean log-likelihood, nats": mean,
            "task mean, %": task_mean,
            "reading, sd": value,
        }
    )
    likelihood, ability = (prediction.leakage(values, flat) for values in (mean, task_mean))
    pairs = np.asarray(twins, int).reshape(-1, 2)
    difference = population.L[rows[pairs[:, 1]]] - population.L[rows[pairs[:, 0]]]
    value, reach = difference.mean(axis=1), 1.96 * difference.std(axis=1)
    reach = reach / np.sqrt(difference.shape[1])
    label = models.label.to_numpy()[pairs[:, 1]]
    likelier = pd.DataFrame({"label": label, "gap": value, "low": value - reach})
    likelier = likelier.assign(high=value + reach).sort_values("gap", ignore_index=True)
    return Reading(table, twins, gaps, likelihood, ability, likelier)


def _leaked(models: pd.DataFrame, is_zoo: bool) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Which models have seen the texts, (M,), and the rows of clean and leaked twins."""
    if not is_zoo:
        types = models.family.astype(str).str.lower().str.replace("-", "_")
        return types.isin(ON_THE_PILE).to_numpy(), []
    row = {name: number for number, name in enumerate(models.model)}
    twins = [
        (row[clean], row[name])
        for name, clean in zip(models.model, models.twin, strict=True)
        if clean in row
    ]
    return models.leaked.to_numpy(bool), twins
