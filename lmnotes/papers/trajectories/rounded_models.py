"""Rounded copies of some models, scored, and what their shifts have in common: notebook 08."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lmnotes.models.maps import robustness
from lmnotes.models.scoring.rule import Rule
from lmnotes.papers.trajectories import kl_ruler, paths, rounding
from lmnotes.papers.trajectories.scored_runs import ScoredRuns


@dataclass(frozen=True, eq=False)
class RoundedModels:
    """Models and their copies of a few bits, and (1 + B, N) of each, the original first."""

    models: pd.DataFrame  # columns model, family, folder
    values: dict[tuple[str, str], np.ndarray]  # model and way to scale -> nats
    bits: dict[str, tuple[int, ...]]  # way to scale -> the widths of its copies
    n_bytes: np.ndarray

    @property
    def by_column(self) -> dict[str, np.ndarray]:
        """The values with a scale for each column, by model."""
        return {name: rows for (name, per), rows in self.values.items() if per == "column"}

    @property
    def types(self) -> np.ndarray:
        """The family of each model, (M,)."""
        return self.models["family"].to_numpy()

    def table(self) -> pd.DataFrame:
        """A row per copy: bits, kl (bits/byte), model, per."""
        rows = []
        for (name, per), copies in self.values.items():
            pairs = [(0, 1 + row) for row in range(len(self.bits[per]))]
            kl = paths.pair_kl(copies, pairs, "bits/byte", self.n_bytes)
            rows.append(pd.DataFrame({"bits": self.bits[per], "kl": kl, "model": name, "per": per}))
        return pd.concat(rows, ignore_index=True)

    def at(self, bits: int) -> np.ndarray:
        """Originals and their copies of so many bits, a scale for each column, (M, 2, N)."""
        rows = [0, 1 + self.bits["column"].index(bits)]
        return np.stack([copies[rows] for copies in self.by_column.values()])

    def cosines(self, bits: int) -> np.ndarray:
        """Cosines of the shifts to copies of so many bits, (M, M)."""
        pairs = self.at(bits)
        return paths.shift_cosine(pairs[:, 0], pairs[:, 1])

    def kin(self) -> pd.DataFrame:
        """A row per width and pair of models: bits, model, other, cosine of the shifts, kin."""
        names = list(self.by_column)
        pairs = np.transpose(np.triu_indices(len(names), 1))
        rows = [
            (bits, names[i], names[j], cosines[i, j], self.types[i] == self.types[j])
            for bits in self.bits["column"]
            for cosines in [self.cosines(bits)]
            for i, j in pairs
        ]
        return pd.DataFrame(rows, columns=["bits", "model", "other", "cosine", "one family"])

    def claims(self) -> dict[str, tuple]:
        """Smallest and largest cosine within a family at 8 bits, each with interval and note."""
        same = np.triu(np.equal.outer(self.types, self.types), 1).sum()
        note = f"{same} pairs of {len(self.types)} models"
        note = note if same else "no two of the examined models are of one family"
        ends = paths.kin_cosines(self.cosines(8), self.types)
        return {f"cosine_{end}": (*measured, note) for end, measured in ends.items()}

    def differences(self, is_simulated: bool) -> dict[str, np.ndarray]:
        """Row-centred differences of the settings 8-bit and 4-bit, (M, N), rounded as the paper's
        program does."""
        made = {}
        for bits in (8, 4):
            per = "fp4" if bits == 4 and is_simulated else "column"
            pair = [[0, 1 + self.bits[per].index(bits)]]
            rows = [self.values[name, per] for name in self.by_column]
            made[f"{bits}-bit"] = np.concatenate(
                [robustness.pair_differences(copies, pair) for copies in rows]
            )
        return made


def score(
    models: pd.DataFrame, scored: ScoredRuns, how: rounding.How, rule: Rule, workers: int | None
) -> RoundedModels:
    """Copies of all models with a scale for each column, and with FP4; of two for each tensor.

    Args:
        models: columns model, family and folder (or a hub id). scored: its texts, threshold.
        how: "bitsandbytes" gives 8 and 4 bits only, in float16.
    """
    is_simulated = how == "simulated"
    widths = rounding.BITS if is_simulated else (8, 4)
    bits = {"column": widths, "tensor": widths, "fp4": (4,)}
    counts = {"column": len(models), "tensor": 2 * is_simulated, "fp4": len(models) * is_simulated}
    rule = rule if is_simulated else replace(rule, dtype="float16")
    options = {"rule": rule, "how": how, "workers": workers if is_simulated else 1}
    values = {}
    for per, n in counts.items():
        rows = models.iloc[:n]
        copies = rounding.scores_of(list(rows["folder"]), scored.texts, bits[per], per, **options)
        keys = [(name, per) for name in rows["model"]]
        values |= dict(zip(keys, map(scored.clipped, copies), strict=True))
    return RoundedModels(models, values, bits, scored.n_bytes)


def by_bits(table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Median KL by bits, a column per way to scale, and 4 bits over 8 bits."""
    medians = table.groupby(["per", "bits"])["kl"].median().unstack("per")
    four_over_eight = medians.get("fp4", medians["column"])[4] / medians["column"][8]
    return medians.reset_index(), four_over_eight


def layers_of(
    models: pd.DataFrame, score_layers
) -> tuple[dict[str, np.ndarray], pd.DataFrame, pd.DataFrame]:
    """Layers of models by the logit lens, the rows of these models, and of those without, whose
    `reason` says why.

    Args:
        models: columns model, folder; no model twice. score_layers: folder -> (L + 1, N).
    """
    threads, reasons = {}, {}
    for name, folder in zip(models["model"], models["folder"], strict=True):
        try:
            threads[name] = score_layers(folder)
        except ValueError as reason:  # no norm or head is found
            reasons[name] = str(reason)
    has_layers = models["model"].isin(threads)
    failed = models[~has_layers].assign(reason=list(reasons.values()))
    return threads, models[has_layers], failed


def layer_table(
    threads: Mapping[str, np.ndarray], steps: Sequence[np.ndarray], n_bytes: np.ndarray
) -> pd.DataFrame:
    """A row per layer of each thread: model, from layer, map distance to the next layer per byte.

    Args:
        steps: of `scored_runs.steps_of`, in the order of the threads. n_bytes: (N,) of the texts.
    """
    rows = [
        (name, depth, kl)
        for name, differences in zip(threads, steps, strict=True)
        for depth, kl in enumerate(kl_ruler.in_bits_per_byte(differences, n_bytes))
    ]
    return pd.DataFrame(
        rows, columns=["model", "from layer", "map distance to the next layer, per byte"]
    )
