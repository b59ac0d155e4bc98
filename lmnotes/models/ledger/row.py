"""One scored model as one file: arrays and a header that says everything that defines them.

A row is a safetensors file that is written once, put in place under its name in one step, and
never changed. Its header holds a checksum of its arrays and goes with one of its own, so damage is
seen when it is read.
"""

import contextlib
import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError, expect_shape
from lmnotes.models.scoring.failures import expect_numbers
from lmnotes.models.scoring.identity import Identity
from lmnotes.models.scoring.score import Scores

FORMAT = 2  # 1: without a checksum of the header
_KEY, _SEAL = "lmnotes", "sha256"  # header and its checksum among safetensors's metadata, texts


class Damaged(Exception):
    """A row file that does not hold what was once written."""


def write(path: Path, arrays: Mapping[str, np.ndarray], header: Mapping) -> bool:
    """Whether this call put the file there; False where another writer was first.

    What is at `path` is never changed.
    """
    from safetensors.numpy import save

    def plain(value: object) -> object:
        return value.item() if isinstance(value, np.generic) else str(value)

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    head = dict(header) | {"format": FORMAT, "checksum": checksum(arrays)}
    text = json.dumps(head, sort_keys=True, default=plain)
    metadata = {_KEY: text, _SEAL: hashlib.sha256(text.encode()).hexdigest()}
    content = save(arrays, metadata=metadata)
    # the library writes its header in an order that changes from call to call
    end = 8 + int.from_bytes(content[:8], "little")
    ordered = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":")).encode()
    ordered = ordered.ljust(-(-len(ordered) // 8) * 8)  # arrays begin at whole words
    return store.put(path, len(ordered).to_bytes(8, "little") + ordered + content[end:])


def header(path: Path) -> dict:
    """The header of a row; raises Damaged where it is not what was written, or is another thing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata()
        head = json.loads(text := metadata[_KEY])
        seal = metadata[_SEAL] if head["format"] > 1 else None
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"it cannot be read: {error}") from error
    if seal and seal != hashlib.sha256(text.encode()).hexdigest():
        raise Damaged("its header does not match its checksum")
    return head


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and header of a row; raises Damaged where they do not fit each other."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    head = header(path)
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise Damaged(f"it cannot be read: {error}") from error
    if checksum(arrays) != head.get("checksum"):
        raise Damaged("its numbers do not match its checksum")
    return arrays, head


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """The sha256 of names, types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def set_aside(path: Path, fault: Exception) -> None:
    """Move a damaged file to `corrupt/` beside its folder, and warn."""
    aside = path.parent.parent / "corrupt" / f"{path.name}.{time.time_ns()}"
    said = f"row {path.name} is damaged ({fault})"
    try:
        if path.exists() and not os.access(path, os.R_OK):
            raise PermissionError(0, "this user may not read it")
        aside.parent.mkdir(exist_ok=True)
        os.replace(path, aside)
        said += f"; set aside as corrupt/{aside.name}"
    except FileNotFoundError:  # another process did it
        return
    except OSError as error:
        said += f" and stays where it is ({error.strerror})"
    warnings.warn(f"{said}: score that model again", stacklevel=4)


def record(path: Path) -> dict | None:
    """What a record of a failure says; None where there is none, or no longer."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        known = store.read_json(path)
        return known if {"model", "id", "kind", "attempts", "message"} <= known.keys() else None
    return None


def contents(scores: Scores, who: Identity, about: Mapping, ledger: Mapping) -> tuple[dict, dict]:
    """Arrays and header of the row of these scores in a ledger of this definition."""
    values = np.asarray(scores.log_likelihood, dtype=np.float64)  # (N,) nats
    n_tokens, truncated = np.asarray(scores.n_tokens, np.int64), np.asarray(scores.truncated, bool)
    arrays = {"log_likelihood": values, "n_tokens": n_tokens, "truncated": truncated}
    commit = scores.revision if is_commit(scores.revision) else ""
    header = dict(ledger) | asdict(who) | {"id": who.id, "commit": commit, "written": now()}
    header |= {"notes": list(scores.notes), "about": dict(scores.about or {}) | dict(about)}
    header |= {"n_tokens": int(n_tokens.sum()), "n_truncated": int(truncated.sum())}
    return arrays, header | {"mean_log_likelihood": float(values.mean())}


def check(scores: Scores, ledger: Mapping) -> None:
    """Raise where scores are not of the texts of a ledger under its rule, or are no numbers."""
    check_belongs({"text_set": scores.text_set, "rule": scores.rule.name}, ledger, scores.model)
    values = np.asarray(scores.log_likelihood)
    expected, name = f"({ledger['n_texts']},)", ledger["text_set_name"]
    expect_shape(f"scores of {scores.model}", values, expected, f"score all texts of {name}")
    what = f"log-likelihoods of {scores.model}"
    expect_numbers(what, np.where(values == -np.inf, 0, values))  # a likelihood of 0 is a number


def check_belongs(head: Mapping, ledger: Mapping, where: object) -> None:
    """Raise InputError where `head` is of other texts or another rule; the sentence names both."""
    theirs, mine = ((known["text_set"], known["rule"]) for known in (head, ledger))
    if theirs != mine:
        given, held = (f"text set {texts} under rule {rule!r}" for texts, rule in (theirs, mine))
        then = "open the ledger of those texts and that rule, or score the model for this one"
        raise InputError(f"{where} is of {given}; this ledger holds {held}: {then}")


def check_unsealed(head: Mapping, ledger: Mapping, path: Path) -> None:
    """Raise Damaged where a header of format 1, without a checksum, fits not its name or ledger."""
    known = {"commit", "about", "notes", "mean_log_likelihood", "n_tokens", "n_truncated"}
    with contextlib.suppress(KeyError, TypeError):
        who = Identity(head["name"], head["model"], head["revision"])
        fits = (head["id"], path.stem) == (who.id, file_name(who)) and "written" in head
        fits &= all(head[name] == ledger[name] for name in ("text_set", "rule"))
        if head["format"] > 1 or (fits and known <= head.keys()):
            return
    raise Damaged("its header does not fit its name and this ledger")


def file_name(who: Identity) -> str:
    """A name that is the same for the same weights, and can be read where they have a hub id."""
    if who.is_folder:
        return who.id
    readable = re.sub(r"[^A-Za-z0-9.-]+", "--", who.id)[:80]
    return f"{readable}-{store.content_id(who.id, 8)}"


def now() -> str:
    """The time as ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_commit(revision: str) -> bool:
    """Whether a revision is a commit rather than the name of a branch."""
    return bool(re.fullmatch(r"[0-9a-f]{40}", revision or ""))
