"""What a run leaves on record, `run.json`, and whether what it left is still whole."""

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lmnotes import store, times
from lmnotes.notebook import card

if TYPE_CHECKING:
    import filelock

RECORD, TIMES = "run.json", ".times.jsonl"
SHARED = ".shared-times.jsonl"  # of what several notebooks need, in the outputs folder
LAST, CARD = "last time", "its card says"  # what an expected time is taken from
_ALWAYS = ("notebook", "run_id", "status", "profile", "asked", "started")


def read(folder: Path) -> dict | None:
    """The record of the run in a folder, or None where it has none that can be read."""
    record = read_json(folder / RECORD)
    is_record = isinstance(record, dict) and (
        all(isinstance(record.get(name), str) for name in _ALWAYS)
        and isinstance(record.get("seconds", 0), int | float)
        and isinstance(record.get("failure", {}), dict)
    )
    return record if is_record else None


def read_json(path: Path) -> dict | None:
    """What a file holds, or None where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def everything() -> list[dict]:
    """The records of all runs in the outputs folder, each with its `folder`, last asked for last.

    A run whose process is gone has status `interrupted`. One that a wrong clock has dated into the
    future comes first, so that those that follow it count.
    """
    entries = on_disk()
    for record in entries:
        if record["status"] == "running" and not _is_locked(record["folder"]):
            record["status"] = "interrupted"
    return entries


def on_disk(notebook: str = "[0-9][0-9]_*") -> list[dict]:
    """As `everything` of one notebook or all, by what the records say alone, without a lock."""
    paths = store.outputs_folder().resolve().glob(f"{notebook}/*/{RECORD}")
    folders = [path.parent for path in paths]
    entries = [record | {"folder": folder} for folder in folders if (record := read(folder))]
    latest = now()
    return sorted(entries, key=lambda record: (record["asked"] <= latest, record["asked"]))


def overview() -> list[dict]:
    """Every notebook's number, notebook, title, sentence (what its paper found), last_run (`told`,
    or None) and verdicts (counts by verdict)."""
    runs, rows = {entry["notebook"]: entry for entry in everything()}, []
    for path in card.notebooks():
        about, run = card.for_notebook(path.stem), runs.get(path.stem)
        found = about.hero.found if about.hero else ""
        row = {name: getattr(about, name) for name in ("number", "notebook", "title")}
        row |= {"sentence": found[:1].upper() + found[1:], "last_run": run and told(run)}
        counts = Counter(claim["verdict"] for claim in (claims(run["folder"]) if run else ()))
        rows.append(row | {"verdicts": dict(counts.most_common())})
    return rows


def told(record: dict) -> dict:
    """What is said of a run: notebook, run_id, profile, status, seconds, started, folder, error."""
    names = ("notebook", "run_id", "profile", "status", "seconds", "started")
    about = {name: record.get(name) for name in names} | {"folder": str(record["folder"])}
    return about | {"error": record.get("failure", {}).get("error", "")}


def claims(folder: Path) -> list[dict[str, str]]:
    """The claims of the run in a folder, texts by the names of their columns; none where it has
    left no list of them."""
    try:
        with open(folder / "claims.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def last(notebook: str, profile: str) -> dict | None:
    """The last run of a notebook at a profile that ended well, by what the records say."""
    good = [entry for entry in on_disk(notebook) if entry["status"] == "ok"]
    return next((entry for entry in reversed(good) if entry["profile"] == profile), None)


def seconds_left(notebook: str, profile: str) -> Callable[[int], tuple[float | None, str]]:
    """What is expected from the beginning of a code cell to the end: seconds, and by what.

    That is what the last run took from there; without one what the card says of a laptop, from the
    first cell.
    """
    entry = last(notebook, profile)
    if entry is None:
        seconds = card.for_notebook(notebook).seconds if profile == "laptop" else None
        return lambda cell: (seconds, CARD)
    cells = entry.get("times", {}).get("cells", [])

    def left(cell: int) -> tuple[float | None, str]:
        if cell and not cells:
            return None, LAST
        past = sum(spent["seconds"] for spent in cells if spent["cell"] < cell)
        start = entry["times"].get("start", {}).get("seconds", 0) if cell else 0
        return max(0.0, entry.get("seconds", 0) - past - start), LAST

    return left


def where_time_went() -> list[tuple[str, str, str, str]]:
    """A table of the last good run of each notebook: what its parts, its largest cells and
    artefacts took; what was made for several, as far as it is there; and the sum."""
    good = [entry for entry in on_disk() if entry["status"] == "ok" and entry.get("times")]
    last_of = {entry["notebook"]: entry for entry in good}
    parts = {
        f"{name} ({entry['profile']})": entry["times"]
        | {"all": {"cpu": entry["times"]["all"]["cpu"], "seconds": entry["seconds"]}}
        for name, entry in sorted(last_of.items())
    }
    shared = times.read(store.outputs_folder() / SHARED, 0.0).get("artefacts", [])
    made = {entry["name"]: entry for entry in shared if (store.home() / entry["name"]).exists()}
    if made:
        sums = {unit: sum(entry[unit] for entry in made.values()) for unit in ("cpu", "seconds")}
        parts["made for several"] = {"artefacts": [*made.values()], "all": sums}
    sums = {u: sum(part["all"][u] for part in parts.values()) for u in ("cpu", "seconds")}
    rows = [row for name, part in parts.items() for row in times.rows(name, part)]
    return [("", "CPU-s", "seconds", "what"), *rows, *times.rows("all", {"all": sums})]


def save(folder: Path, record: dict) -> None:
    """Write a run's record into its folder."""
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    store.write_text(folder / RECORD, text + "\n")


def is_whole(folder: Path, record: dict) -> bool:
    """Whether a run ended well and every file it left is as it left it."""
    files = record.get("files")
    if record["status"] != "ok" or not isinstance(files, dict):
        return False
    known = ((folder / name, checksum) for name, checksum in files.items())
    return all(path.is_file() and store.file_sha256(path) == checksum for path, checksum in known)


def beside(folder: Path) -> Path:
    """Where a run is written whose folder holds a good one until then."""
    return folder.with_name(f"{folder.name}.new")


def replace(folder: Path) -> None:
    """Put what is written beside a run in its place."""
    before = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(before, ignore_errors=True)
    os.replace(folder, before)
    os.replace(beside(folder), folder)
    shutil.rmtree(before, ignore_errors=True)


def checksums(folder: Path) -> dict[str, str]:
    """The sha256 of every file in a run's folder but the record, by its relative path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.name != RECORD and path.is_file())
    return {path.relative_to(folder).as_posix(): store.file_sha256(path) for path in paths}


def lock(folder: Path) -> "filelock.BaseFileLock":
    """A lock on a run's folder, beside it, held by one process at a time."""
    import filelock

    return filelock.FileLock(folder.with_name(f".{folder.name.partition('.')[0]}.lock"))


def shown(path: Path) -> str:
    """The path as seen from the current folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def now() -> str:
    """The time in UTC, as a record writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _is_locked(folder: Path) -> bool:
    try:
        with lock(folder).acquire(blocking=False):
            return False
    except OSError:  # a timeout, or a folder that is closed to this user
        return True
