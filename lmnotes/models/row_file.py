"""One scored model as one file: arrays and a header that says everything that defines them.

A row is a safetensors file that is written once, put in place under its name in one step, and
never changed. Its header holds a checksum of its arrays, so damage is seen when it is read.
"""

import contextlib
import hashlib
import json
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lmnotes import store

FORMAT = 1
_KEY = "lmnotes"  # of the header among safetensors's metadata, which are texts


class Damaged(Exception):
    """A row file that does not hold what was once written."""


def write(path: Path, arrays: Mapping[str, np.ndarray], header: Mapping) -> bool:
    """Whether this call put the file there; False where another writer was first.

    What is at `path` is never changed.
    """
    return store.put(path, packed(arrays, header))


def packed(arrays: Mapping[str, np.ndarray], header: Mapping) -> bytes:
    """The bytes of a safetensors file with these arrays and this header."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    head = dict(header) | {"format": FORMAT, "checksum": checksum(arrays)}
    return save(arrays, metadata={_KEY: json.dumps(head, sort_keys=True, default=_plain)})


def header(path: Path) -> dict:
    """The header of a row; raises Damaged where the file is cut short or is another thing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return json.loads(file.metadata()[_KEY])
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"it cannot be read: {error}") from error


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
    folder = path.parent.parent / "corrupt"
    folder.mkdir(exist_ok=True)
    aside = folder / f"{path.name}.{time.time_ns()}"
    with contextlib.suppress(FileNotFoundError):  # another process did it
        os.replace(path, aside)
        warnings.warn(
            f"row {path.name} is damaged ({fault}); set aside as corrupt/{aside.name}: "
            "score that model again",
            stacklevel=4,
        )


def record(path: Path) -> dict | None:
    """What a record of a failure says; None where there is none, or no longer."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _plain(value: object) -> object:
    """A number of numpy, a path or a tuple as JSON can say it."""
    return value.item() if isinstance(value, np.generic) else str(value)
