"""A zoo: small real causal language models, trained here on installed text, as points of a map.

Every model is an ordinary folder that transformers' Auto classes load, and an artefact of its own:
built once, shared by all plans that name it, and gone on with after a kill.

    zoo = build("laptop")
    zoo.models[["model", "family", "mixture", "folder"]]
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from json import loads
from pathlib import Path
from typing import Literal

import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import InputError, Shown, expect_between, expect_one_of
from lmnotes.models.zoo import data, plans, training
from lmnotes.models.zoo.plans import Spec
from lmnotes.models.zoo.workers import Job, build_all
from lmnotes.text import chunks, installed
from lmnotes.text.chunks import TextSet

COLUMNS = str.split(
    "model label folder family kind architecture n_parameters mixture seed step n_train_bytes "
    "parent lineage order leaked twin tokenizer"
)


@dataclass(frozen=True, repr=False)
class Zoo(Shown):
    """M models and where they lie.

    Args:
        models: M rows: model (its name), label (a short name in words), folder, family, kind
            ("ngram", "neural", "checkpoint" of a neural run, "finetune", "merge"), architecture,
            n_parameters (of an n-gram model: its counts), mixture ("uniform", the domain with most
            of the draws, or "only" one domain), seed, step, n_train_bytes (with those of its
            parents), parent ("" or a name; of a merge all of them), lineage (the first ancestor),
            order (of creation), leaked (has read the evaluation texts), twin (of a leaked model:
            the same without), tokenizer.
        folder: where the artefacts of models lie.
    """

    models: pd.DataFrame
    folder: Path

    def __len__(self) -> int:
        return len(self.models)

    def _line(self) -> str:
        kinds = self.models["kind"].value_counts()
        return f"{len(self)} models, {', '.join(f'{n} {k}' for k, n in kinds.items())}"

    def _rows(self, places: list[int]) -> pd.DataFrame:
        return self.models.iloc[places].drop(columns="folder")


def build(
    plan: str | Sequence[Spec] = "laptop",
    *,
    texts: TextSet | None = None,
    checkpoints: Sequence[int] | None = None,
    workers: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    progress: bool = True,
) -> Zoo:
    """The zoo of a plan; what is on disk already is not built again.

    Args:
        plan: "laptop", "smoke", "paper", or Specs, parents before children.
        texts: the evaluation texts that leaked models have read; by default 150 chunks of 256 bytes
            of each domain.
        checkpoints: steps to keep of every run from scratch, for example `plans.schedule(700)`,
            in place of those of the plan.
        workers: processes of one thread each that build models side by side; 0 builds in this one.
            By default one for each core, at most 8, or one for each GPU.
        device: "cpu", "cuda", or "auto": a GPU where there is one.

    Raises InputError where a plan does not hold together, RuntimeError where a worker fails; what
    was done until then is kept.
    """
    specs = plans.plan(plan) if isinstance(plan, str) else list(plan)
    if checkpoints is not None:
        kept = tuple(checkpoints)
        specs = [replace(s, checkpoints=kept) if s.kind == "neural" else s for s in specs]
    plans.check(specs)
    expect_between("workers", workers or 0, low=0, then="0 is this process")
    device, n_devices = device_for(device)
    jobs = _jobs(specs, _texts_path(specs, texts), device)
    missing = [job for job in jobs if not job.folder.exists() or store.fault_of(job.folder)]
    if workers is None:
        workers = n_devices or parallel.n_cores()
    build_all(missing, workers=min(workers, len(missing)), progress=progress)
    return Zoo(_table(specs, {job.spec.name: job.folder for job in jobs}), _home())


def _home() -> Path:
    return store.home() / "zoo"


def device_for(device: Literal["auto", "cpu", "cuda"]) -> tuple[str, int]:
    """The device to train on, and the number of GPUs in use."""
    expect_one_of("device", device, ("auto", "cpu", "cuda"))
    if device == "cpu" or (device == "auto" and "+cpu" in str(installed.version("torch"))):
        return "cpu", 0  # torch itself takes seconds to import
    import torch

    n = torch.cuda.device_count()
    if device == "cuda" and not n:
        raise InputError("device='cuda' was given, but torch sees no GPU: give 'cpu' or 'auto'")
    return ("cuda", n) if n else ("cpu", 0)


def _texts_path(specs: Sequence[Spec], texts: TextSet | None) -> Path | None:
    """The file that holds the evaluation texts of leaked models, None where no model is leaked."""
    if not any(spec.leaked for spec in specs):
        return None
    texts = chunks.load("installed", size=256, per_domain=150) if texts is None else texts
    if not isinstance(texts, chunks.TextSet):
        given = f"texts of type {type(texts).__name__}"
        raise InputError(f"{given}: expected a TextSet to score on; make one with chunks.load")
    path = _home() / f"texts-{texts.content_id}.jsonl"
    with suppress(OSError, ValueError):  # there is none, or it is damaged
        if chunks.load(path).content_id == texts.content_id:
            return path
    return texts.save(path)


def _jobs(specs: Sequence[Spec], texts_path: Path | None, device: str) -> list[Job]:
    """What to build of each Spec; the key of an artefact holds the ids of its parents."""
    text_key = store.content_id(data.text_key())
    versions = {name: installed.version(name) for name in ("torch", "transformers")}
    ids: dict[str, str] = {}
    jobs = []
    for spec in specs:
        parents = [name for name in dict.fromkeys((spec.parent, *spec.merge_of)) if name]
        settings = {k: v for k, v in asdict(spec).items() if k not in ("name", "twin")}
        key: dict[str, object] = {"spec": settings, "text": text_key, "versions": versions}
        key |= {"device": device, "parents": [ids[name] for name in parents]}
        key |= {"leak": texts_path.name if spec.leaked and texts_path else None}
        ids[spec.name] = store.content_id(key)
        folders = {name: _home() / ids[name] / training.MODEL for name in parents}
        jobs.append(Job(spec, key, _home() / ids[spec.name], folders, texts_path, device))
    return jobs


def _table(specs: Sequence[Spec], folders: dict[str, Path]) -> pd.DataFrame:
    """The models of a plan, a row each, checkpoints before the end of their run."""
    by_name, labels = {spec.name: spec for spec in specs}, plans.labels(specs)
    rows: list[dict] = []
    n_bytes: dict[str, int] = {}
    for spec in specs:
        about = loads((folders[spec.name] / "about.json").read_text(encoding="utf-8"))
        before = max((n_bytes[p] for p in (spec.parent, *spec.merge_of) if p), default=0)
        per_step = spec.n_sequences * spec.window * about["n_bytes_per_token"]
        n_bytes[spec.name] = spec.n_train_bytes or round(before + spec.n_steps * per_step)
        row = _row(spec, by_name) | {"n_parameters": about["n_parameters"]}
        row["label"] = labels[spec.name]
        for step in sorted(set(spec.checkpoints) - {spec.n_steps}):
            own: dict[str, object] = {"model": f"{spec.name}@{step}", "kind": "checkpoint"}
            own |= {"parent": spec.name, "label": f"{row['label']}, step {step:,}"}
            own |= {"step": step, "n_train_bytes": round(step * per_step)}
            rows.append(row | own | {"folder": str(folders[spec.name] / f"step-{step:08d}")})
        folder = str(folders[spec.name] / training.MODEL)
        rows.append(row | {"n_train_bytes": n_bytes[spec.name], "folder": folder})
    table = pd.DataFrame(rows)
    table["order"] = range(len(table))
    return table[COLUMNS]


def _row(spec: Spec, by_name: dict[str, Spec]) -> dict:
    """What the table says of a model whatever its checkpoint."""
    first = spec
    while above := first.parent or (first.merge_of[0] if first.merge_of else ""):
        first = by_name[above]
    same = ("family", "kind", "architecture", "mixture", "seed", "leaked", "twin")
    row = {name: getattr(spec, name) for name in same}
    row |= {"model": spec.name, "step": spec.n_steps, "lineage": first.name}
    row["tokenizer"] = "bytes" if spec.vocabulary == 257 else f"BPE-{spec.vocabulary}"
    return row | {"parent": spec.parent or " + ".join(spec.merge_of)}
