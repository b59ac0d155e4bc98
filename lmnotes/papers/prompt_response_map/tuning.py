"""Base models tuned on pairs of prompt and response: same bases, other data, other maps.

Each base goes on for some steps on text made of pairs, "prompt, line break, response, line break",
in the zoo's own training loop; every run is an artefact. Other pairs are kept for measuring.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import parallel
from lmnotes.models.zoo.mixtures import Domains, Run
from lmnotes.models.zoo.plans import Spec


def bases(plan: str, n: int) -> list[Spec]:
    """The first n byte-level runs of a zoo's plan, then the fine-tunes of them that it holds.

    Fine-tunes are on plain text: what tuning on pairs is compared with. The models are those that
    `zoo.build` has made for any notebook.
    """
    from lmnotes.models.zoo import plans

    specs = [one for one in plans.plan(plan) if one.vocabulary == 257 and not one.leaked]
    found = [one for one in specs if one.kind == "neural"][:n]
    names = {one.name for one in found}
    return found + [one for one in specs if one.kind == "finetune" and one.parent in names]


def split(
    pairs: pd.DataFrame, n_evaluation: int, *, max_bytes: int = 126, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs to tune on, and pairs to measure on: no file, and no pair, is in both.

    Args:
        pairs: task, prompt, response, source, of `prompt_sets.load`; those that are longer than
            `max_bytes` together are left out.
        n_evaluation: of each task, at most half of it; the rest is for tuning.
    """
    sizes = np.array(
        [
            len(x.encode()) + len(y.encode())
            for x, y in zip(pairs.prompt, pairs.response, strict=True)
        ]
    )
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
    return (
        pd.concat(tuning, ignore_index=True),
        pd.concat(evaluation, ignore_index=True),
    )


def domains(pairs: pd.DataFrame, data_sets: Mapping[str, Sequence[str]]) -> Domains:
    """The text of each data set, in which its tasks take equal parts.

    Args:
        data_sets: name -> tasks. A task with less text is repeated.
    """
    from lmnotes.models.zoo import mixtures

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
    of: Domains,
    n_steps: int,
    *,
    kept: Sequence[int] = (),
    learning_rate: float = 1e-3,
    workers: int = 1,
) -> pd.DataFrame:
    """Every base tuned on every data set: a row per tuned model, and per kept step of it.

    Args:
        bases: model and folder of byte-level models of a zoo.
        of: the data sets, of `domains`. n_steps: of 8 windows of 128 bytes each.
        kept: steps whose weights stay too. workers: processes.

    Columns: model, folder, base, tuning (name of the data set), step.
    """
    runs = {
        (base.model, name): _run(base.folder, of, number, n_steps, kept, learning_rate)
        for base in bases.itertuples()
        for number, name in enumerate(of.names)
    }
    trained = _train(runs, of, workers)
    rows = []
    for (base, name), folders in zip(runs, trained, strict=True):
        for step, folder in folders.items():
            rows.append((f"{base}+{name}@{step}", str(folder), base, name, step))
    return pd.DataFrame(rows, columns=["model", "folder", "base", "tuning", "step"])


def sides(moves: np.ndarray, base: Sequence[str], tuning: Sequence[str]) -> pd.DataFrame:
    """Whether tuning moves different bases alike: a row per tuned model.

    Args:
        moves: (M, N) nats, log-likelihoods of a tuned model less those of its base.

    Columns: base, tuning; cosine with the mean move of all models of other bases, and of those of
    other bases tuned on the same data (same) and on other data (different).
    """
    from lmnotes.models.maps import coordinates as maps

    base, tuning = np.asarray(base).astype(str), np.asarray(tuning).astype(str)
    moves = maps.row_centre(moves)
    unit = moves / np.linalg.norm(moves, axis=1, keepdims=True)
    rows = []
    for k in range(len(unit)):
        others = base != base[k]
        same = others & (tuning == tuning[k])
        cosines = [_cosine(unit, k, one) for one in (others, same, others & ~same)]
        rows.append((base[k], tuning[k], *cosines))
    return pd.DataFrame(rows, columns=["base", "tuning", "cosine", "same", "different"])


def kinship(kl: np.ndarray, base: Sequence[str], tuning: Sequence[str]) -> float:
    """Mean distance of models tuned on the same data over that of models with the same base.

    Args:
        kl: (M, M). Pairs that share neither, or both, are left out. Below 1 data counts for more.

    >>> kl = np.array([[0, 1, 4, 5], [1, 0, 5, 4], [4, 5, 0, 1], [5, 4, 1, 0.0]])
    >>> kinship(kl, ["a", "b", "a", "b"], ["x", "x", "y", "y"])
    0.25
    """
    base, tuning = np.asarray(base), np.asarray(tuning)
    one_base, one_data = base[:, None] == base, tuning[:, None] == tuning
    return float(kl[one_data & ~one_base].mean() / kl[one_base & ~one_data].mean())


def _cosine(unit, k, others) -> float:
    mean = unit[others].sum(axis=0)
    norm = np.linalg.norm(mean)
    return float(unit[k] @ mean / norm) if norm else float("nan")


def _run(folder, of, number, n_steps, kept, learning_rate) -> Run:
    from lmnotes.models.zoo import mixtures
    from lmnotes.models.zoo.plans import Spec

    spec = Spec(
        "tuned",
        n_steps=n_steps,
        learning_rate=learning_rate,
        warm_up=min(10, n_steps // 2),
        checkpoints=tuple(step for step in sorted(kept) if 0 < step < n_steps),
    )
    weights = tuple(float(one) for one in np.eye(len(of.names))[number])
    return mixtures.Run(spec, weights, start=str(folder))


def _train(runs, of, workers) -> list[dict]:
    """The folders of each run, by step; no process is started for what is there already."""
    from lmnotes import store

    key = {"runs": [asdict(run) for run in runs.values()], "domains": of.content_id}
    note = store.home() / "pair-tuning" / f"{store.content_id(key)}.json"
    if note.exists():
        known = json.loads(note.read_text(encoding="utf-8"))
        found = [{int(step): Path(folder) for step, folder in one.items()} for one in known]
        if all(folder.is_dir() for one in found for folder in one.values()):
            return found
    work = partial(_trained, of)
    found = list(parallel.map_items(work, list(runs.values()), workers=workers, least=1))
    note.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([{step: str(folder) for step, folder in one.items()} for one in found])
    store.write_text(note, text)
    return found


def _trained(of, run):
    """The folder of each step that is kept, the last among them."""
    from lmnotes.models.zoo import mixtures

    folder = mixtures.train(run, of, device="cpu")
    return mixtures.checkpoints(folder, run.spec)
