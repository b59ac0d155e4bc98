"""A frozen text: the installed text of some machine as one file, read in place of this one's own.

It is a zip of JSON lines, and of `frozen.json`, which names the versions that the text came from
and the sha256 of every other file. `freezing` writes it.
"""

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lmnotes import store
from lmnotes.errors import InputError

MANIFEST, FORMAT = "frozen.json", 1
VARIABLE = "LMNOTES_TEXT"  # names a frozen file for this process and those that it starts
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
_chosen: ContextVar[Path | None] = ContextVar("frozen text", default=None)
_used: set[str | None] = set()  # by `use`, in this process


@dataclass(frozen=True)
class FrozenText:
    """A frozen file: what `installed.key` gave of all domains where it was frozen; its sha256s."""

    path: Path
    key: dict
    checksums: dict[str, str]

    @property
    def content_id(self) -> str:
        """Hash of all texts in it."""
        return store.content_id([v for k, v in self.checksums.items() if k.endswith(".jsonl")])

    def rows(self, name: str) -> Iterator[list]:
        """The rows of one table; raises InputError where they are not those that were frozen."""
        name += ".jsonl"
        with _whole(self.path), zipfile.ZipFile(self.path) as archive:
            data = archive.read(name)
            if sha256(data).hexdigest() != self.checksums[name]:
                raise ValueError(f"{name} does not match its checksum")
        yield from map(json.loads, data.decode("ascii").splitlines())


def is_frozen(source: Any) -> bool:
    """Whether this is the path of a frozen text."""
    with contextlib.suppress(*_DAMAGED), zipfile.ZipFile(Path(source).expanduser()) as archive:
        return MANIFEST in archive.namelist()
    return False


def opened(path: str | Path) -> FrozenText:
    """The frozen text in a file; raises InputError where it is none, damaged, or newer."""
    path = Path(path).expanduser().absolute()
    with _whole(path), zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise ValueError(f"it has format {manifest['format']}, this lmnotes reads {FORMAT}")
        return FrozenText(path, manifest["key"], manifest["files"])


def current() -> FrozenText | None:
    """The frozen text that is read as the installed one now, None where it is this machine's own.

    It is that of `reading`, else the file that $LMNOTES_TEXT names.
    """
    path = _chosen.get() or store.named_by(VARIABLE)
    return opened(path) if path else None


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Read a frozen text as the installed one inside this block."""
    token = _chosen.set(Path(path).expanduser().absolute())
    try:
        yield
    finally:
        _chosen.reset(token)


def use(source: str) -> str:
    """The name that a notebook's text has from here on: "installed" where `source` is a frozen
    file, which this process and all that it starts then read as that; else `source`.

    Raises InputError where this process has begun with another: what it has read stays in memory.

    >>> use("text8")
    'text8'
    """
    chosen = str(Path(source).expanduser().absolute()) if is_frozen(source) else None
    if _used - {chosen}:
        given = f"{source} was asked for, and this process has begun with another installed text"
        raise InputError(f"{given}; expected one for all cells: restart the kernel, run all again")
    _used.add(chosen)
    if chosen:
        os.environ[VARIABLE] = chosen
        current()  # a damaged one is refused before anything is computed
    return "installed" if chosen else source


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turns what is wrong with a damaged or edited file into an InputError."""
    try:
        yield
    except _DAMAGED as error:
        given = f"{path} cannot be read as a frozen text ({error})"
        then = "copy it again, or write one by `lmnotes data freeze`"
        raise InputError(f"{given}: expected what was frozen, unchanged; {then}") from None
