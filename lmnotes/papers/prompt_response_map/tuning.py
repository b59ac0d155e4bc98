"""Base models tuned on pairs of prompt and response: same bases, other data, other maps.

Each base goes on for some steps on text made of pairs, "prompt, line break, response, line break",
in the zoo's own training loop; every run is an artefact. Other pairs are kept for measuring.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.zoo import mixtures, plans
from lmnotes.models.zoo.mixtures import Domains, Run
from lmnotes.models.zoo.plans import Spec


def bases(plan: str, n: int) -> list[Spec]:
    """The first n byte-level runs of a zoo's plan, then its fine-tunes of them on plain text, with
    which tuning on pairs is compared."""
    specs = [spec for spec in plans.plan(plan) if spec.vocabulary == 257 and not spec.leaked]
    chosen = [spec for spec in specs if spec.kind == "neural"][:n]
    names = {spec.name for spec in chosen}
    return chosen + [spec for spec in specs if spec.kind == "finetune" and spec.parent in names]


def split(
    pairs: pd.DataFrame, n_evaluation: int, *, max_bytes: int = 126, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs to tune on, and pairs to measure on: no file, and no pair, is in both.

    Args:
        pairs: task, prompt, response, source, of `prompt_sets.load`; those that are longer than
            `max_bytes` together are left out.
        n_evaluation: of each task, at most half of it; the rest is for tuning.
    """
    sizes = (pairs.prompt + pairs.response).str.encode("utf-8").str.len()
    tuning, evaluation = [], []
    for number, (_, part) in enumerate(pairs[sizes <= max_bytes].groupby("task", sort=False)):
        rng = np.random.default_rng([seed, number])
        group = part.source.where(part.source != "generated", part.index.astype(str))
        names = rng.permutation(pd.unique(group))
        size = group.value_counts()[names].cumsum()
        n = min(n_evaluation, len(part) // 2)
        held = set(names[: int(np.searchsorted(size, n)) + 1])
        chosen = part[group.isin(held)]
        rows = np.sort(rng.choice(len(chosen), min(n, len(chosen)), replace=False))
        evaluation.append(chosen.iloc[rows])
        tuning.append(part[~group.isin(held)])
    return pd.concat(tuning, ignore_index=True), pd.concat(evaluation, ignore_index=True)


def domains(pairs: pd.DataFrame, data_sets: Mapping[str, Sequence[str]]) -> Domains:
    """The text of each data set (name -> tasks), whose tasks take equal parts: less is repeated."""
    streams = []
    for tasks in data_sets.values():
        texts = []
        for task in tasks:
            part = pairs[pairs.task == task]
            lines = [f"{x}\n{y}\n" for x, y in zip(part.prompt, part.response, strict=True)]
            texts.append(np.frombuffer("".join(lines).encode(), np.uint8))
        longest = max(map(len, texts))
        streams.append(np.concatenate([np.resize(text, longest) for text in texts]))
    return mixtures.Domains(tuple(data_sets), tuple(streams))


def build(
    bases: pd.DataFrame,
    data_sets: Domains,
    n_steps: int,
    *,
    checkpoints: Sequence[int] = (),
    learning_rate: float = 1e-3,
    workers: int = 1,
) -> pd.DataFrame:
    """Every base tuned on every data set: a row per tuned model, and per checkpoint of it.

    Args:
        bases: model and folder of byte-level models. n_steps: of 8 windows of 128 bytes each.
        checkpoints: steps whose weights stay too.

    Columns: model, folder, base, tuning (name of the data set), step.
    """
    spec = Spec(
        "tuned",
        n_steps=n_steps,
        learning_rate=learning_rate,
        warm_up=min(10, n_steps // 2),
        checkpoints=tuple(step for step in sorted(checkpoints) if 0 < step < n_steps),
    )
    shares = np.eye(len(data_sets.names)).tolist()
    runs = {
        (base.model, name): Run(spec, tuple(share), start=str(base.folder))
        for base in bases.itertuples()
        for name, share in zip(data_sets.names, shares, strict=True)
    }
    keys = [mixtures.training_key(run, data_sets, "cpu") for run in runs.values()]
    if all(store.place("mixture", key).exists() for key in keys):
        workers = 1  # no process is started for what is there
    options = {"device": "cpu", "workers": workers, "progress": False}
    rows = [
        (f"{base}+{name}@{step}", str(folder), base, name, step)
        for (base, name), last in mixtures.train_all(runs, data_sets, **options).items()
        for step, folder in mixtures.checkpoints(last, spec).items()
    ]
    return pd.DataFrame(rows, columns=["model", "folder", "base", "tuning", "step"])


def sides(moves: np.ndarray, base: Sequence[str], tuning: Sequence[str]) -> pd.DataFrame:
    """Whether tuning moves different bases alike, by (M, N) nats of tuned models less their bases.

    Columns: base, tuning; cosine with the mean move of all models of other bases, and of those of
    other bases tuned on the same data (same) and on other data (different).
    """
    base, tuning = np.asarray(base).astype(str), np.asarray(tuning).astype(str)
    moves = maps.row_centre(moves)
    unit = moves / np.linalg.norm(moves, axis=1, keepdims=True)
    table = []
    for k in range(len(unit)):
        others = base != base[k]
        same = others & (tuning == tuning[k])
        cosines = [_cosine(unit[k], unit[rows]) for rows in (others, same, others & ~same)]
        table.append((base[k], tuning[k], *cosines))
    return pd.DataFrame(table, columns=["base", "tuning", "cosine", "same", "different"])


def kinship(kl: np.ndarray, base: Sequence[str], tuning: Sequence[str]) -> float:
    """Mean distance of models that share data only over that of those that share the base only;
    below 1 data counts for more. kl: (M, M).

    >>> kl = np.array([[0, 1, 4, 5], [1, 0, 5, 4], [4, 5, 0, 1], [5, 4, 1, 0.0]])
    >>> kinship(kl, ["a", "b", "a", "b"], ["x", "x", "y", "y"])
    0.25
    """
    base, tuning = np.asarray(base), np.asarray(tuning)
    one_base, one_data = base[:, None] == base, tuning[:, None] == tuning
    return float(kl[one_data & ~one_base].mean() / kl[one_base & ~one_data].mean())


def _cosine(move, others) -> float:
    mean = others.sum(axis=0)
    norm = np.linalg.norm(mean)
    return float(move @ mean / norm) if norm else float("nan")
