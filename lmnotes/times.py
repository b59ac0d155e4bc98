"""Where the time of a run goes: CPU-seconds and wall seconds of its cells, artefacts and figures.

Every process of a run appends lines of JSON to the file that LMNOTES_TIMES names; `read` sums them
up. Without that variable, as in JupyterLab, nothing is measured.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

VARIABLE = "LMNOTES_TIMES"
_WARM = "LMNOTES_WARM"  # as `parallel` has it
_INSIDE = "LMNOTES_TIMES_INSIDE"  # the artefact under way, which worker processes inherit


def cpu_seconds() -> float:
    """CPU-seconds of this process and of all that it started, those that still run included; what a
    warm process has forked notes its own (`note_process`)."""
    from multiprocessing import parent_process

    total = time.process_time() + sum(os.times()[2:4])  # of this one, of its children that ended
    if parent_process() is None and _WARM not in os.environ:  # a look at all processes takes 2 ms
        import psutil

        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                total += sum(child.cpu_times()[:4])
    return total


def note(kind: str, env: Mapping[str, str] = os.environ, **facts: object) -> None:
    """Append what was measured to the file that the environment names, one line in one step."""
    if path := env.get(VARIABLE):
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **facts}) + "\n")


def note_process(target: str, env: dict[str, str], cpu: float, **_: object) -> None:
    """Note what a forked process has taken: a worker; kernel and launcher say it themselves."""
    if not target.endswith(("execute:main", "launch_new_instance")):
        note("worker", env, name=target, seconds=0.0, cpu=cpu)


@contextlib.contextmanager
def measured(kind: str, name: str = "") -> Iterator[None]:
    """Note how long the block takes, under the name of its kind and inside what it is."""
    if VARIABLE not in os.environ:
        yield
        return
    inside, os.environ[_INSIDE] = os.environ.get(_INSIDE, ""), name
    start, cpu = time.perf_counter(), cpu_seconds()
    try:
        yield
    finally:
        os.environ.pop(_INSIDE, None)  # another thread may have taken it
        os.environ |= {_INSIDE: inside} if inside else {}
        seconds, cpu, warm = time.perf_counter() - start, cpu_seconds() - cpu, _WARM in os.environ
        told = {"name": name, "inside": inside, "pid": os.getpid(), "warm": warm}
        note(kind, os.environ, **told, seconds=seconds, cpu=cpu)


def watch_cells(shell: Any) -> None:
    """From now on note every cell of this kernel when it ends; before that, what its start took.

    CPU-seconds between two cells belong to the second.
    """
    if VARIABLE not in os.environ:
        return
    start, cpu = time.perf_counter(), cpu_seconds()
    note("start", at=time.time(), cpu=cpu)

    def begin(*_: object) -> None:
        nonlocal start
        start = time.perf_counter()

    def end(result: Any) -> None:
        nonlocal cpu
        before, cpu = cpu, cpu_seconds()
        line = first_line(result.info.raw_cell or "")
        seconds, spent = time.perf_counter() - start, cpu - before
        note("cell", cell=result.execution_count, line=line[:80], seconds=seconds, cpu=spent)

    shell.events.register("pre_run_cell", begin)
    shell.events.register("post_run_cell", end)


def first_line(source: str) -> str:
    """The first line of a cell that says what it does."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return next((line for line in lines if line[0] not in "#%"), (lines or [""])[0])


def read(path: Path, began: float) -> dict:
    """What the lines of a file come to: `start`, `cells`, `artefacts`, `reused` (the names of those
    that were there), `figures`, `page`, `workers`, `all`.

    An artefact has what its own writing took, without the artefacts that were built inside it, in
    whatever process. Seconds are those of a clock; `began` is when the run did, as time.time().
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
    kinds: dict[str, list[dict]] = {}
    for line in lines:
        kinds.setdefault(line.pop("kind"), []).append(line)
    artefacts = kinds.get("artefact", [])
    by_name = {entry["name"]: entry for entry in artefacts}
    for entry, spent in [(entry, dict(entry)) for entry in artefacts]:
        if outer := by_name.get(entry["inside"]):
            is_same = entry["pid"] == outer["pid"]  # else it ran beside, and may be no child
            for unit in ("seconds", "cpu") if is_same else () if outer["warm"] else ("cpu",):
                outer[unit] = max(0.0, outer[unit] - spent[unit])
    whole: dict[str, Any] = {"cells": kinds.get("cell", []), "artefacts": artefacts}
    whole["reused"] = sorted({entry["name"] for entry in kinds.get("reused", [])} - {*by_name})
    sums = {"figure": "figures", "worker": "workers", "page": "page", "launcher": "launcher"}
    for kind, name in sums.items():
        whole[name] = {u: sum(e[u] for e in kinds.get(kind, [])) for u in ("seconds", "cpu")}
    for entry in kinds.get("start", [])[:1]:
        whole["start"] = {"seconds": entry["at"] - began, "cpu": entry["cpu"]}
    parts = (whole["launcher"], whole["workers"], whole.get("start", {"cpu": 0.0}))
    whole["all"] = {"cpu": sum(entry["cpu"] for entry in [*whole["cells"], *parts])}
    return json.loads(json.dumps(whole), parse_float=lambda text: round(float(text), 3))


def rows(name: str, times: dict, most: int = 5) -> list[tuple[str, str, str, str]]:
    """Lines of a table of where a run's time went: its sum, its parts, its largest cells and
    artefacts."""

    def row(what: str, about: str, spent: dict) -> tuple[str, str, str, str]:
        return what, f"{spent['cpu']:,.1f}", f"{spent.get('seconds', 0):,.1f}", about

    made = [row(name, "", times["all"])]
    titles = {"start": "start and imports", "workers": "worker processes", "page": "page"}
    titles["figures"] = "in cells: figures"
    made += [row(f"  {title}", "", times[key]) for key, title in titles.items() if key in times]
    for kind in ("cells", "artefacts"):
        largest = sorted(times.get(kind, []), key=lambda entry: -entry["cpu"])[:most]
        about = [e.get("name") or f"[{e['cell']}] {e['line']}" for e in largest]
        kept = [(text, e) for text, e in zip(about, largest, strict=True) if e["cpu"] >= 0.1]
        made += [row(f"  {kind[:-1]}", text[:70], entry) for text, entry in kept]
    return made
