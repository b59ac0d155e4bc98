"""Models on real pairs: each under the own prompt, none, and others' prompts, and with lines before
the prompt; what tuning on pairs, or a list of one's own models, does to their maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.models import maps, zoo
from lmnotes.models.runner import listing
from lmnotes.models.scoring import prompts
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.papers.prompt_response_map import additivity, conditions, tuning
from lmnotes.papers.prompt_response_map.prompt_sets import Operations
from lmnotes.papers.prompt_response_map.world_map import plane

DATA_SETS = {"library": ("code", "summary"), "questions": ("arithmetic", "month")}  # -> tasks
_N_OTHERS = 4  # prompts of other pairs of the task, that each response is tried under
_POWER = 0.5  # a reliability below which scores cannot be predicted from anything


@dataclass(frozen=True)
class Real:
    """M models on N pairs, scored with the own prompt, with none, and with those of other pairs.

    models: M rows: model, label, base (what it was tuned from; of one's own, of `own_models`),
    tuning ("none" for a base), step, is_last (of its tuning), parent, family (its colour).
    """

    pairs: pd.DataFrame
    scores: conditions.Conditions

    @property
    def models(self) -> pd.DataFrame:
        """Those that could be scored."""
        return self.scores.models

    @property
    def is_tuned(self) -> bool:
        """Whether it is known what the models were tuned from and on."""
        return self.models.tuning.nunique() > 1

    @cached_property
    def final(self) -> np.ndarray:
        """Rows of models that are not on the way to another."""
        return np.flatnonzero(self.models.is_last)

    @cached_property
    def tasks(self) -> dict[str, np.ndarray]:
        """Task -> (N,) whether a pair is of it."""
        names = self.pairs.task.to_numpy()
        return {task or "all": names == task for task in dict.fromkeys(names)}

    @cached_property
    def given(self) -> np.ndarray:
        """(M, N) nats under the own prompts."""
        return self.scores["given"]

    @cached_property
    def others(self) -> np.ndarray:
        """(4, M, N) nats under prompts of other pairs of the task."""
        return np.stack([self.scores[name] for name in self.scores.names[2:]])

    @cached_property
    def pmi(self) -> np.ndarray:
        """(M, N) nats, against no prompt."""
        return prompts.pmi(self.given, self.scores["none"])

    @cached_property
    def pmi_by_prompts(self) -> np.ndarray:
        """(M, N) nats, against the mean over the own prompt and four others of the task."""
        five = np.concatenate([self.given[None], self.others]).transpose(1, 0, 2)
        return prompts.pmi(self.given, prompts.marginal(five))

    @cached_property
    def right(self) -> np.ndarray:
        """(M, N) of 0..1, the share of four other prompts under which a response is less likely."""
        return (self.given > self.others).mean(axis=0)

    @cached_property
    def lineage(self) -> np.ndarray:
        """The base of each final model: what is held out, and drawn, together."""
        return self.models.base.to_numpy()[self.final]

    def summary(self) -> pd.DataFrame:
        """A row per final model: mean PMI in nats and share of right prompts, by task."""
        columns = ["label", "model", "family", "parent", "base", "tuning"]
        table = self.models.loc[self.final, columns].reset_index(drop=True)
        table["mean log-likelihood, nats"] = self.given[self.final].mean(axis=1)
        for task, rows in self.tasks.items():
            table[f"PMI, {task}"] = self.pmi[self.final][:, rows].mean(axis=1)
            table[f"right prompt, {task}"] = self.right[self.final][:, rows].mean(axis=1)
        return table

    def mean_pmi(self) -> np.ndarray:
        """Of each final model, nats."""
        return self.pmi[self.final].mean(axis=1)

    def planes(self) -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
        """The final models on the conditional and on the PMI map, of `world_map.plane`."""
        vectors = {"conditional": self.given, "PMI": self.pmi}
        return {name: plane(values[self.final]) for name, values in vectors.items()}

    def by_tuning(self) -> pd.DataFrame:
        """How often a response is likelier under its own prompt: a row per task, a column per
        tuning."""
        table = self.summary()
        right = [name for name in table if name.startswith("right")]
        table = table.melt("tuning", right, "task", "share")
        return table.groupby(["task", "tuning"], sort=False).share.mean().unstack().reset_index()


def own_models(path: str | None) -> pd.DataFrame | None:
    """The models of a list or csv, as `listing.listed` reads them; None without a file.

    What is held out and drawn together is a lineage, or a model where there are few lineages.
    """
    if path is None:
        return None
    table = listing.listed(path)
    base = table.lineage if table.lineage.nunique() > 2 else table.model
    return table.assign(base=base, tuning="none", step=0, is_last=True)


def tuned_models(
    pairs: pd.DataFrame,
    *,
    zoo_plan: str,
    n_bases: int,
    n_steps: int,
    n_evaluation: int,
    seed: int = 0,
    workers: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Base models of a zoo, tuned on each of `DATA_SETS`, beside its fine-tunes on plain text; and
    the pairs that none of them was tuned on."""
    for_tuning, for_measuring = tuning.split(pairs, n_evaluation, seed=seed)
    table = zoo.build(tuning.bases(zoo_plan, n_bases), progress=False).models
    is_base = table.kind == "neural"
    texts = tuning.domains(for_tuning, DATA_SETS)
    steps = {"checkpoints": [n_steps // 4], "workers": workers}
    tuned = tuning.build(table[is_base], texts, n_steps, **steps)
    names = table.set_index("model").label
    plain = table[table.kind == "finetune"].assign(base=table.parent, tuning="plain text")
    bases = table[is_base].assign(base=table.model, tuning="none", step=0)
    tuned["label"] = names[tuned.base].to_numpy() + ", then " + tuned.tuning
    columns = ["model", "label", "folder", "base", "tuning", "step"]
    models = pd.concat([rows[columns] for rows in (bases, plain, tuned)], ignore_index=True)
    last = models.groupby(["base", "tuning"]).step.transform("max")
    models["is_last"] = last == models.step
    models["parent"] = models.base.where(models.base != models.model, "")
    models["family"] = ("tuned on " + models.tuning).replace("tuned on none", "base")
    return models, for_measuring


def measure(models: pd.DataFrame, pairs: pd.DataFrame, rule: PromptRule, **processes) -> Real:
    """The models under the pairs' own prompts, none, and four others; processes: workers, apart and
    ledger of `conditions.score`."""
    turned = pairs.groupby("task", sort=False).prompt
    conditions_of: dict[str, Sequence[str] | str] = {"given": list(pairs.prompt), "none": ""}
    for k in range(1, _N_OTHERS + 1):
        conditions_of[f"other {k}"] = list(turned.transform(lambda own, k=k: np.roll(own, k)))
    responses = list(pairs.response)
    return Real(pairs, conditions.score(models, responses, conditions_of, rule=rule, **processes))


def growth(real: Real) -> pd.DataFrame:
    """The models with how much more mean PMI they have than their base, nats, on the tasks that
    they were tuned on (all for plain text): growth, against no prompt; marginal, against others."""
    table = real.models
    base_row = {row.base: row.Index for row in table.itertuples() if row.tuning == "none"}
    names = real.pairs.task.to_numpy()
    gained = {"growth": real.pmi, "marginal": real.pmi_by_prompts}
    for column, vectors in gained.items():
        values = []
        for row in table.itertuples():
            rows = np.isin(names, DATA_SETS.get(row.tuning, list(dict.fromkeys(names))))
            difference = vectors[row.Index] - vectors[base_row[row.base]]
            values.append(difference[rows].mean())
        table = table.assign(**{column: values})
    return table


def expected(real: Real, grown: pd.DataFrame, **resampling) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What we expected of tuning on pairs: a row per tuned model (label, base, tuning, and the
    cosines of `tuning.sides`), and a row per expectation with its interval over bases."""
    ends = grown[grown.is_last & grown.tuning.isin(list(DATA_SETS))]
    rows = ends.index.to_numpy()
    base_row = {row.base: row.Index for row in grown.itertuples() if row.tuning == "none"}
    moves = real.given[rows] - real.given[[base_row[base] for base in ends.base]]
    sides = tuning.sides(moves, ends.base, ends.tuning)
    sides.insert(0, "label", ends.label.to_numpy())
    gain, base, data = (ends[name].to_numpy() for name in ("growth", "base", "tuning"))

    def over_bases(statistic):
        return statistics.group_bootstrap(statistic, base, **resampling)

    measured = {"growth of mean PMI, nats": over_bases(lambda drawn: gain[drawn].mean())}
    others = ends.marginal.to_numpy()
    measured["the same, against other prompts, nats"] = over_bases(lambda n: others[n].mean())
    for column in ("cosine", "same", "different"):
        values = sides[column].to_numpy()
        name = f"cosine with the others' mean move, {column.replace('cosine', 'any')} data"
        measured[name] = over_bases(lambda drawn, values=values: np.nanmean(values[drawn]))
    for name, vectors in (("conditional", real.given), ("PMI", real.pmi)):
        distance = maps.kl(maps.row_centre(vectors[rows]))

        def nearness(drawn, distance=distance):
            return tuning.kinship(distance[np.ix_(drawn, drawn)], base[drawn], data[drawn])

        measured[f"{name} map: same data over same base"] = over_bases(nearness)
    plain = grown.growth[grown.tuning == "plain text"].mean()
    measured["growth of mean PMI by plain text, nats"] = (plain, (np.nan, np.nan))
    table = [(name, value, *interval) for name, (value, interval) in measured.items()]
    return sides, pd.DataFrame(table, columns=["quantity", "value", "low", "high"])


def operations(
    real: Real,
    given: Operations,
    n_of_task: int,
    rule: PromptRule,
    processes: Mapping,
    **resampling,
) -> tuple[pd.DataFrame, dict[str, tuple]]:
    """How lines before the prompts of n_of_task pairs of each task add: rows of `additivity.table`
    with label, "kind of pair", model and "order effect"; and the claims, intervals over bases."""
    some = real.pairs.groupby("task", sort=False).head(n_of_task).reset_index(drop=True)
    models = real.models.iloc[real.final]
    models = models[models.tuning != "plain text"].reset_index(drop=True)
    asked = given.conditions(list(some.prompt))
    told = conditions.score(models, list(some.response), asked, rule=rule, **processes)
    moves = {name: told.shift(name, "given") for name in told.names}  # (M, N) each
    pairs = {f"{a} > {b}": (a, b) for a, b, _ in given.compositions}
    compositions = {label: (names, label) for label, names in pairs.items()}
    others = np.roll(range(len(told.models)), 1)
    lines = additivity.table(moves, compositions, list(given.lines), others)
    kinds = dict(zip(pairs, (kind for *_, kind in given.compositions), strict=True))
    lines.insert(0, "kind of pair", lines.label.map(kinds))
    lines["model"] = told.models.label.to_numpy()[lines.row]
    lines["order effect"] = [
        additivity.order_effect(moves[label][k], moves[" > ".join(pairs[label][::-1])][k])
        for label, k in zip(lines.label, lines.row, strict=True)
    ]
    return lines, _claims(lines, [moves[name] for name in given.lines], told.models, resampling)


def _claims(lines, moves, models, resampling) -> dict[str, tuple]:
    base = models.base.to_numpy()
    unrelated = lines[lines["kind of pair"] == "independent"].groupby("row")[["r2", "best_single"]]
    unrelated = unrelated.mean()
    ahead = (unrelated.r2 - unrelated.best_single).to_numpy()
    means = unrelated.mean()
    note = f"R2 of the sum {means.r2:.2f}, of the best line {means.best_single:.2f}"
    units = [maps.row_centre(move) for move in moves]
    units = [unit / np.linalg.norm(unit, axis=1, keepdims=True) for unit in units]

    def mean_cosine(rows):
        """Of the moves of models of different bases under one line; relatives move alike."""
        rows = np.unique(rows)
        apart = base[rows][:, None] != base[rows]
        return np.mean([(unit[rows] @ unit[rows].T)[apart].mean() for unit in units])

    sums = statistics.group_bootstrap(lambda rows: ahead[rows].mean(), base, **resampling)
    common = statistics.group_bootstrap(mean_cosine, base, **resampling)
    return {"additive_real": (*sums, note), "shift_systematic": common}


def performance(real: Real, **resampling) -> tuple[pd.DataFrame, dict[str, tuple]]:
    """Task scores predicted by ridge regression from the conditional coordinates, one base with its
    tuned models held out at a time: a row per task; and the claim."""
    right = [real.right[real.final][:, rows] for rows in real.tasks.values()]
    scores = 100 * np.stack([values.mean(axis=1) for values in right], axis=1)  # (M, tasks)
    table = pd.DataFrame({"task": list(real.tasks), "mean score, %": scores.mean(axis=0)})
    if len(scores) < 6:
        return table, {"performance": (np.nan, None, "too few models for folds")}
    Q, groups = maps.double_centre(real.given[real.final]), real.lineage
    folds = {"groups": groups, "n_folds": min(len(set(groups)), 10), "seeds": range(3)}
    predicted = maps.ridge(Q, scores, **folds).predicted.mean(axis=0)  # (M, tasks)

    def correlated(rows):
        return maps.prediction.correlations(predicted[rows], scores[rows]).mean()

    table["reliability"] = [maps.prediction.reliability(values) for values in right]
    table["sd over models, %"] = scores.std(axis=0)
    table["out-of-fold r"] = maps.prediction.correlations(predicted, scores)
    certain = table.reliability.mean()
    note = f"mean score {scores.mean():.0f} %, chance is 50 %; reliability {certain:.2f}"
    if certain < _POWER:  # what models do not differ in cannot be predicted
        note = f"{note}: models differ by little more than noise"
        return table, {"performance": (np.nan, None, note)}
    return table, {
        "performance": (*statistics.group_bootstrap(correlated, groups, **resampling), note)
    }
