"""Tables of checkpoints to score: those of the paper on the hub, or any, from a file.

Kishino et al., Findings of ACL 2026: five sizes of Pythia and nine seeds of one of them, 154
checkpoints each, two seeds and one checkpoint left out as anomalous (sheet, section 2.3).

In August 2026 it was reported (github.com/EleutherAI/pythia, issue 205) that 86 of the 154 branches
of pythia-2.8b hold weights of the end, step 0 among them: look for distances of 0 in its run.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.models import zoo
from lmnotes.models.ledger.ledger import Ledger
from lmnotes.models.scoring import forms
from lmnotes.papers.trajectories.paths import Run
from lmnotes.text import readers
from lmnotes.text.chunks import TextSet

SIZES = ("410m", "1b", "1.4b", "2.8b", "6.9b")
SEEDS = (1, 2, 5, 6, 7, 8, 9)  # 3 and 4 are anomalous
EXCLUDED = {"pythia-1b": (116_000,)}
STEPS = (0, *(1 << power for power in range(10)), *range(1000, 143_001, 1000))
NEEDED = ("run", "step", "model")


def pythia(sizes: Sequence[str] = SIZES, seeds: Sequence[int] = SEEDS) -> pd.DataFrame:
    """The paper's checkpoints: run, group ("size" or "seed"), step, model (hub id), revision,
    excluded.

    >>> len(STEPS), len(pythia(["1b"], []))
    (154, 154)
    """
    runs = [(f"pythia-{size}", "size") for size in sizes]
    runs += [(f"pythia-410m-seed{seed}", "seed") for seed in seeds]
    rows = [
        (run, group, step, f"EleutherAI/{run}", f"step{step}", step in EXCLUDED.get(run, ()))
        for run, group in runs
        for step in STEPS
    ]
    return pd.DataFrame(rows, columns=["run", "group", "step", "model", "revision", "excluded"])


def read(source: str | Path) -> pd.DataFrame:
    """The table that `source` names: "pythia", or a csv with the columns run, step and model.

    Its model is a hub id or a folder, relative to the csv or absolute; `revision`, `group` ("size",
    "seed", or "both") and `excluded` may be there. Raises InputError for what is missing or there
    twice, and for fewer than two runs of different sizes, or than two seeds of one size.
    """
    if str(source) == "pythia":
        return pythia()
    path = Path(source)
    if not path.is_file():
        raise InputError(
            f"a table of checkpoints {str(source)!r} was given; expected 'pythia', or a csv with "
            f"the columns {', '.join(NEEDED)}: check the path"
        )
    table = readers.table(path, NEEDED, dtype={"model": str})
    wrong = table["model"].isna() | pd.to_numeric(table["step"], errors="coerce").isna()
    if wrong.any():
        row = table[wrong].iloc[0][list(NEEDED)].to_dict()
        raise InputError(f"{path} has {row}; expected a model and a whole number as step: mend it")
    if table.duplicated(["run", "step"]).any():
        run, step = table.loc[table.duplicated(["run", "step"]), ["run", "step"]].iloc[0]
        raise InputError(f"{path} names step {step} of {run} twice; expected once: remove a row")
    table["model"] = [
        str(path.parent / name) if forms.saved_at(path.parent / name) else name
        for name in table["model"]
    ]
    for name, value in (("revision", ""), ("group", "size"), ("excluded", False)):
        table[name] = table[name].fillna(value) if name in table else value
    groups = table.drop_duplicates("run")["group"]
    n_sizes, n_seeds = ((groups != other).sum() for other in ("seed", "size"))
    if unknown := sorted(set(groups.astype(str)) - {"size", "seed", "both"}):
        then = "mend the column"
        raise InputError(f"{path} has group {unknown[0]!r}; expected size, seed or both: {then}")
    if min(n_sizes, n_seeds) < 2:
        given = f"{path} has {n_sizes} runs of different sizes and {n_seeds} seeds of one size"
        then = "say so in a column group (size, seed, or both for a run that counts as either)"
        raise InputError(f"{given}; expected two of each at least, to compare them: {then}")
    return table


def models(table: pd.DataFrame) -> list[dict]:
    """What `runner.score` and `Ledger.matrix` take for each row of a table."""
    return [
        {"model": row.model, "revision": row.revision or None, "name": f"{row.run}@{row.step}"}
        for row in table.itertuples()
    ]


def present(table: pd.DataFrame, scored: Ledger) -> pd.DataFrame:
    """The rows of a table that a ledger has scores of.

    Raises InputError where a run has fewer than two, with the kinds of failure that are recorded.
    """
    there = table[[scored.has(model) for model in models(table)]].reset_index(drop=True)
    counts = there["run"].value_counts().reindex(table["run"].unique(), fill_value=0)
    if (counts < 2).any():
        kinds = scored.failures()["kind"].value_counts().to_dict() or "none recorded"
        raise InputError(
            f"{counts.idxmin()} has {counts.min()} scored checkpoints in {scored}; expected two or "
            f"more of each run (failures: {kinds}): score them with runner.score where the hub, or "
            "the folders, can be read, or leave the run out of the table"
        )
    return there


def runs(table: pd.DataFrame, values: np.ndarray) -> dict[str, Run]:
    """The runs of a table by name, from the (M, N) log-likelihoods of its rows."""
    by_step = table.reset_index(drop=True).sort_values("step").groupby("run")
    rows = {name: by_step.groups[name].to_numpy() for name in table["run"].unique()}
    return {
        name: Run(name, table["step"].iloc[where], values[where], table["excluded"].iloc[where])
        for name, where in rows.items()
    }


def from_zoo(models: pd.DataFrame) -> pd.DataFrame:
    """The same table for the runs of a zoo: the folders of all checkpoints and of the ends.

    A run has its model's label, where there are labels. group is "seed" for further seeds of a
    family, "both" for the first one of such a family, and "size" for families with one seed.
    """
    table = models[models["kind"].isin(["neural", "checkpoint"])]
    run = table["model"].where(table["kind"] == "neural", table["parent"])
    if "label" in models:
        run = run.map(models.set_index("model")["label"])
    seeds = table.groupby("family")["seed"]
    several, is_first = seeds.transform("nunique") > 1, table["seed"] == seeds.transform("min")
    group = np.select([~several, is_first], ["size", "both"], "seed")
    table = table.assign(run=run, group=group, model=table["folder"], revision="", excluded=False)
    columns = ["run", "group", "step", "model", "revision", "excluded", "n_parameters"]
    return table[columns].reset_index(drop=True)


def population(plan: str, texts: TextSet, workers: int | None = None) -> pd.DataFrame:
    """The models of a zoo, a row each as `zoo.build` has them; checkpoints of a run have no parent
    to compare with."""
    table = zoo.build(plan, texts=texts, workers=workers).models.reset_index(drop=True)
    return table.assign(parent=table["parent"].where(table["kind"] != "checkpoint", ""))


def to_examine(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """The first n of a population that can be rounded and taken apart: neural, byte-level and not
    leaked ones where that is known. Their model is the label."""
    if "kind" in table:
        is_neural = (table["kind"] == "neural") & (table["tokenizer"] == "bytes")
        table = table[is_neural & ~table["leaked"]]
    return table.assign(model=table["label"]).head(n)
