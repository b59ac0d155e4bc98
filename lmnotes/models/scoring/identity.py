"""Which model is meant: a hub id at a revision, or what a folder holds, wherever it lies."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models.scoring import forms, token_ids
from lmnotes.models.scoring.failures import ScoringFailure

DEFAULT_REVISION = "main"
_HEAD, _PIECE, _N_PIECES = 2**16, 2**12, 64  # bytes and pieces of a sample
# What training leaves beside the weights. Everything else counts: a file too many means that a
# model is scored again, a file too few that two models are taken for one.
_IGNORED_SUFFIXES = {".md", ".csv", ".png", ".svg", ".log", ".lock", ".tmp"}
_IGNORED_STARTS = (".", "optimizer", "scheduler", "rng_state", "trainer_state", "training_args")
_VOLATILE = ("_name_or_path", "transformers_version", "architectures", "dtype")  # of no effect
# As the hub's own client has it, which refuses others with a traceback.
_HUB_ID = r"(?!.*(--|\.\.|\.git$))([\w\-][\w\-.]*/)?[\w\-][\w\-.]{0,95}(?<![-.])"


@dataclass(frozen=True)
class Identity:
    """A model as a ledger knows it.

    >>> Identity("gpt2", "gpt2", "main").id
    'gpt2@main'
    """

    name: str  # what tables and figures call it
    model: str  # what loads it: a hub id or the path of a folder or .gguf file
    revision: str  # asked of the hub; "content-..." for a path

    @property
    def id(self) -> str:
        """One text for one set of weights: `name@revision`, without the name for a folder."""
        return self.revision if self.is_folder else f"{self.model}@{self.revision}"

    @property
    def hub_revision(self) -> str | None:
        """What to ask the hub for; None for a folder."""
        return None if self.is_folder else self.revision

    @property
    def is_folder(self) -> bool:
        """Whether it lies on this machine rather than on a hub."""
        return self.revision.startswith("content-")


def identify(
    model: str | Path | Mapping, revision: str | None = None, *, verify: bool = False
) -> Identity:
    """The identity of a model given as a folder, a .gguf file, `id`, `id@revision`, or a mapping
    with `model`.

    A mapping may also hold `revision` and `name`; `verify` is of `content_of`. Raises InputError
    for what is neither a model's folder or file (`forms.saved_at`) nor shaped like a hub id.
    """
    name = ""
    if isinstance(model, Mapping):
        name = str(model.get("name") or "")
        model, revision = model["model"], model.get("revision") or revision
    text = str(model)
    if text and (saved := forms.saved_at(text)):
        saved = saved.resolve()
        return Identity(name or name_of(saved), str(saved), content_of(saved, verify))
    if text and Path(text).is_dir():
        wanted = "one with a config.json, as save_pretrained() writes it, or one .gguf file"
        then = "name the folder of the model itself"
        raise InputError(f"folder {text} was given as a model; expected {wanted}: {then}")
    text, _, after = text.partition("@")
    if not re.fullmatch(_HUB_ID, text) or text.endswith(".gguf"):
        wanted = "a folder that is there, or a hub id such as EleutherAI/pythia-70m@step1000"
        given = f"model {str(model)!r} was given; expected {wanted}, or a .gguf file that is there"
        raise InputError(f"{given}: check the path")
    revision = revision or after or DEFAULT_REVISION
    short = "" if revision == DEFAULT_REVISION else f"@{revision}"
    return Identity(name or text + short, text, revision)


def name_of(saved: Path) -> str:
    """What tables call a model that lies at a path: the name of its folder, or of its .gguf."""
    return saved.name.removesuffix(".gguf")


def several(models: Iterable) -> list:
    """The models of a list; InputError for a single one, whose letters are no models."""
    if isinstance(models, str | Path | Mapping):
        given = f"{str(models)[:60]!r} was given for models, a single one"
        raise InputError(f"{given}; expected a list of them: put it in brackets")
    return list(models)


def places(models: pd.DataFrame) -> list[str]:
    """The folder of each model of a table, or its hub id in a table without folders."""
    return [str(place) for place in models["folder" if "folder" in models else "model"]]


def content_of(saved: Path, verify: bool = False) -> str:
    """`content-` and a hash of a model's files: config, tokenizer and weights, or a .gguf file.

    A file is read once; while sizes, times and samples of all stay, the answer is remembered. With
    `verify` every byte is read again. An adapter's answer covers its base.
    """
    files = [saved] if saved.is_file() else sorted(p for p in saved.iterdir() if p.is_file())
    files = [path for path in files if path.suffix.lower() not in _IGNORED_SUFFIXES]
    files = [path for path in files if not path.name.startswith(_IGNORED_STARTS)]
    state = [[p.name, p.stat().st_size, p.stat().st_mtime_ns, _sample(p)] for p in files]
    known = store.home() / "model-ids" / f"{store.content_id(str(saved))}.json"
    remembered: dict = {}
    with suppress(OSError, ValueError):
        remembered = store.read_json(known)
    answer = remembered.get("id") if remembered.get("files") == state and not verify else None
    if answer is None:
        read = {path.name: store.file_sha256(path) for path in files}
        answer = "content-" + store.content_id([*read.values()] if saved.is_file() else read)
        with suppress(InputError):  # where nothing can be written it is read again
            store.write_json(known, {"folder": str(saved), "files": state, "id": answer})
    with suppress(ValueError, InputError, ScoringFailure):  # loading says what is wrong
        if base := forms.base_of(saved):
            return "content-" + store.content_id([answer, identify(*base, verify=verify).id])
    return answer


def content_in_memory(model: Any, tokenizer: Any) -> str:
    """`content-` and a hash of a loaded model's weights and configuration, and of its tokenizer.

    All of it is read, some seconds for a billion weights. A folder of the same has another id. What
    hooks do to its numbers is no part of it.
    """
    import torch

    tokenizer("a")  # a fast one forgets how its last call padded and cut
    config = model.config.to_dict() | dict.fromkeys(_VOLATILE)
    facts = [type(model).__name__, config, token_ids.content_of(tokenizer)]
    hashed = hashlib.sha256(store.content_id(facts).encode())
    for name, weights in model.state_dict().items():
        hashed.update(f"{name} {weights.dtype} {tuple(weights.shape)}".encode())
        plain = weights.detach().cpu().contiguous().reshape(-1)
        hashed.update(plain.view(torch.uint8).numpy())
    return f"content-{hashed.hexdigest()[:16]}"


def _sample(path: Path) -> str:
    """A hash of a file's beginning, where safetensors have their header, and of pieces all over."""
    size, hashed = path.stat().st_size, hashlib.sha256()
    with open(path, "rb") as file:
        start = file.read(8)
        header = int.from_bytes(start, "little") if path.suffix == ".safetensors" else 0
        hashed.update(start + file.read(min(max(header, _HEAD), 2**24)))
        for place in range(file.tell(), size, max(size // _N_PIECES, _PIECE)):
            file.seek(place)
            hashed.update(file.read(_PIECE))
        file.seek(max(size - _PIECE, 0))
        hashed.update(file.read())
    return hashed.hexdigest()
