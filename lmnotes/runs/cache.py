"""What the cache of artefacts holds, kind by kind, and what of it can go."""

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from lmnotes import store
from lmnotes.errors import expect_one_of

_LEFT = re.compile(r"\.(partial|corrupt-\d+)$")  # by a killed writer, or set aside as damaged
_OLD_S = 24 * 3600  # younger ones may belong to a run that goes on from them


def sizes() -> list[tuple[str, str, str]]:
    """Columns of text under their names: every kind, its entries and its size, largest first.

    The last row is what `prune` removes where it is given no kind.
    """
    kinds = {kind: _entries(folders) for kind, folders in _kinds().items()}
    kinds = dict(sorted(kinds.items(), key=lambda item: -store.size(item[1])))
    kinds |= {"all": [*chain(*kinds.values())], "left by killed processes": _left()}
    rows = [(kind, f"{len(e):,}", f"{store.size(e) / 1e6:,.1f} MB") for kind, e in kinds.items()]
    return [("kind", "entries", "size"), *rows]


def prune(kinds: Sequence[str] = ()) -> int:
    """The number of bytes freed by removing these kinds, or what killed processes left a day ago.

    What a process is writing stays. Raises `InputError` for a kind that the cache does not hold.
    """
    known = _kinds()
    for kind in kinds:
        expect_one_of("kind of artefact", kind, known)
    doomed = _entries(folder for kind in kinds for folder in known[kind]) if kinds else _left()
    return sum(map(store.remove, doomed))


def _kinds() -> dict[str, list[Path]]:
    """The folders of each kind; compiled kernels have one for every version of their sources."""
    kinds: dict[str, list[Path]] = {}
    for folder in sorted(store.home().glob("*/")):
        kinds.setdefault(re.sub("^numba-.*", "numba", folder.name), []).append(folder)
    return kinds


def _entries(folders: Iterable[Path]) -> list[Path]:
    return [entry for folder in folders for entry in folder.iterdir() if entry.suffix != ".lock"]


def _left() -> list[Path]:
    """Partial and damaged artefacts and processes' folders that nobody has changed for a day."""
    with tempfile.TemporaryFile(dir=store.home() if store.home().is_dir() else None) as file:
        latest = os.fstat(file.fileno()).st_mtime - _OLD_S  # by the clock of the disk
    paths = [path for path in store.home().glob("*/*") if _LEFT.search(path.name)]
    temporary = Path(tempfile.gettempdir()).glob("lmnotes-*/")
    paths += [path for path in temporary if path.stat().st_uid == os.getuid()]
    ages = {path: max(file.stat().st_mtime for file in store.with_files([path])) for path in paths}
    return [path for path, age in ages.items() if age < latest]
