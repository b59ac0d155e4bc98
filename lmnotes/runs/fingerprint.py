"""What a run depends on, as one id, and where and with what it ran, as a record."""

import contextlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypeGuard

from lmnotes import parallel, store
from lmnotes.notebook import card as cards
from lmnotes.runs import reach

_GGUF = ".gguf"  # a model, too large to be read for each run
_LISTS, _LONGEST_LIST = (".txt", ".csv", ".tsv"), 1 << 20  # bytes; longer ones are texts


def facts(notebook: Path, card: Path, profile: str, values: Mapping[str, object]) -> dict:
    """All that a run's results follow from, by kind and name.

    These are the sources of the notebook's cells, the card and its tables, the modules that the
    notebook reaches, all of its own paper's folder, what executes it, the profile, the resolved
    parameters, the content of files and folders that a parameter names, or that a list or table
    named by one names, a frozen text in use, the threads where there are more than one, and the
    versions of Python and of the packages that lmnotes requires.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    root = cards.working_folder(notebook)
    listed = {name: v if isinstance(v, list) else [v] for name, v in values.items()}
    paths = {name: [root / v for v in listed[name] if _may_be_path(v)] for name in listed}
    if text := store.named_by("LMNOTES_TEXT"):
        paths["LMNOTES_TEXT"] = [text]
    known: dict = {"profile": profile, "parameter": dict(values), "version of": versions()}
    sources_of = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    known["cells"] = {"of the notebook": [store.content_id(source) for source in sources_of]}
    with_tables = sorted(card.parent.glob(f"{card.stem}*"))
    known["card"] = {path.name: store.file_sha256(path) for path in with_tables}
    known["what is in"] = {
        name: contents[0] if len(contents) == 1 else contents
        for name, named in paths.items()
        if (contents := [_content(path) for path in named])
    }
    known["source"] = sources(notebook)
    if (threads := parallel.asked_threads()) > 1:
        known["threads"] = threads
    return known


def changes(before: Mapping, after: Mapping) -> list[str]:
    """What differs between two runs' facts, such as `source models/zoo/zoo.py`, `dim 100 -> 50`.

    >>> changes({"source": {"a.py": "1"}, "parameter": {"dim": 100}},
    ...         {"source": {"a.py": "2", "b.py": "3"}, "parameter": {"dim": 50}})
    ['source a.py', 'source b.py (new)', 'parameter dim 100 -> 50']
    """
    said = []
    for kind in dict.fromkeys([*before, *after]):
        old, new = before.get(kind), after.get(kind)
        if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            said += [] if old == new else [kind if old and new else f"{kind} {old} -> {new}"]
            continue
        for name in dict.fromkeys([*old, *new]):
            was, now = old.get(name), new.get(name)
            if was == now:
                continue
            how = " (new)" if name not in old else " (gone)" if name not in new else ""
            plain = kind in ("parameter", "version of") and not how
            said.append(f"{kind} {name}" + (f" {was} -> {now}" if plain else how))
    return said


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that lmnotes requires, by name."""
    try:
        requirements = metadata.requires("lmnotes") or []
    except metadata.PackageNotFoundError:
        requirements = []
    versions_of = {"python": platform.python_version()}
    for requirement in requirements:
        name = re.split(r"[^\w.-]", requirement)[0]
        if "extra ==" not in requirement:
            try:
                versions_of[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                versions_of[name] = "absent"
    return versions_of


def machine() -> dict[str, object]:
    """The machine: processor, cores, memory in GiB, platform."""
    import psutil

    model, memory = None, psutil.virtual_memory().total / 2**30
    with contextlib.suppress(OSError):  # where it is no Linux
        model = re.search(r"^model name\s*: *(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    cpu = model[1].strip() if model else platform.processor() or platform.machine()
    facts = {"cpu": cpu, "cores": os.cpu_count()}
    return facts | {"memory_gib": round(memory, 1), "platform": platform.platform()}


def git_state(folder: Path) -> dict[str, object]:
    """The checkout's commit and whether it has changes, both None outside a checkout."""
    if folder == cards.INSTALLED:  # though it may lie in a checkout of something else
        return {"commit": None, "dirty": None}

    def git(*arguments: str) -> str | None:
        command, null = ["git", "-C", str(folder), *arguments], subprocess.DEVNULL
        try:
            return subprocess.check_output(command, text=True, timeout=20, stderr=null).strip()
        except (OSError, subprocess.SubprocessError):
            return None

    changes = git("status", "--porcelain")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}


def sources(notebook: Path) -> dict[str, str]:
    """The sha256 of every file of the package that a notebook's results follow from, by path."""
    reached = reach.of_notebook(notebook) | reach.closure([reach.PACKAGE / "runs" / "execute.py"])
    papers = reach.PACKAGE / "papers"
    # a copy under another name belongs to the same paper
    names = {path.stem.partition("_")[2] for path in notebook.parent.rglob(f"{notebook.stem[:3]}*")}
    files = [path for name in names - {""} for path in (papers / name).rglob("*")]
    reached |= {path for path in files if path.is_file() and path.suffix != ".pyc"}
    pairs = ((path.relative_to(reach.PACKAGE).as_posix(), path) for path in sorted(reached))
    return {name: store.file_sha256(path) for name, path in pairs}


def _may_be_path(value: object) -> TypeGuard[str]:
    """Not a bare word, such as a domain's name: a folder that was given so is absolute by now."""
    return isinstance(value, str) and ("." in value or Path(value).name != value)


def _content(path: Path) -> object:
    """A file's checksum, with what is in the models that a list or table names; names, sizes and
    times of a folder's files or a .gguf; None where there is neither."""
    try:
        if path.is_file() and path.suffix != _GGUF:
            named: dict = {}
            if path.suffix in _LISTS and path.stat().st_size < _LONGEST_LIST:
                text = path.read_text(encoding="utf-8", errors="replace")
                names = {cell.strip(' "') for cell in re.split(r"[\r\n,\t]|\s#", text)} - {""}
                named = {n: _content(path.parent / n) for n in sorted(names) if _is_saved(path, n)}
            return [store.file_sha256(path), named] if named else store.file_sha256(path)
        if path.exists():
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            files = [file for file in inside if file.is_file()]
            facts = [(file, file.stat()) for file in files]
            return [[str(file), stat.st_size, stat.st_mtime_ns] for file, stat in facts]
    except OSError:  # a value that cannot be a path, such as one that is too long
        pass
    return None


def _is_saved(path: Path, name: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # too long for a path, or no path
        saved = path.parent / name
        return saved.is_dir() or (saved.suffix == _GGUF and saved.is_file())
    return False
