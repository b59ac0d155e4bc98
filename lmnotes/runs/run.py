"""Run notebooks headless: check, skip what has not changed, execute in a process, record."""

import contextlib
import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lmnotes import __version__, parallel, store, times
from lmnotes.errors import InputError, expect_between, expect_one_of
from lmnotes.notebook import card as cards
from lmnotes.notebook import parameters, verdicts
from lmnotes.options import reads_old_words
from lmnotes.runs import fingerprint, gallery, order, record, watch
from lmnotes.runs.progress import Progress, say, says


@dataclass(frozen=True)
class RunResult:
    """How a run ended: `ok`, `kept` (nothing had changed) or `failed`, and where it lies."""

    name: str
    profile: str
    status: str
    folder: Path | None = None
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class _Plan:
    """A run whose parameters have been checked."""

    notebook: Path
    card: cards.Card
    profile: str
    values: dict
    changed: dict  # what papermill injects: the values that differ from the notebook's own
    folder: Path
    facts: dict  # what its results follow from

    @property
    def name(self) -> str:
        """The notebook's."""
        return self.notebook.stem


def run(
    name: str,
    profile: str = "laptop",
    overrides: Mapping[str, object] | None = None,
    force: bool = False,
) -> RunResult:
    """The result of running one notebook at a profile, with some parameters set by hand.

    Args:
        name: number or name of the notebook; a prefix is enough.
        profile: `smoke`, `laptop` or `paper`; `hub` or `quick` where the card has one.
        overrides: parameters by name; strings are read as their declared types, and paths are
            relative to the current folder, else to the one above the notebooks.
        force: run even if nothing changed.

    Raises `InputError` before a kernel starts where a name or a value is wrong. A notebook that
    fails is not an exception: its result says so.
    """
    return _carry_out(_plan(name, profile, overrides or {}), force)


@reads_old_words
def run_all(
    names: Sequence[str] = (),
    profile: str = "laptop",
    overrides: Mapping[str, object] | None = None,
    force: bool = False,
    workers: int = 1,
) -> list[RunResult]:
    """The results of these notebooks, or of all, in order; after one that fails the next runs.

    Args:
        workers: notebooks and artefacts under way at a time. What two of the notebooks need is made
            first, once (`runs.order`).

    Names and values given by hand are checked for every notebook before the first kernel starts.
    """
    expect_between("workers", workers, low=1, then="leave it out, or give 2")
    by_hand = bool(names or overrides)
    plans: list[_Plan | RunResult] = []
    for name in names or [path.stem for path in cards.notebooks()]:
        try:
            plans.append(_plan(name, profile, overrides or {}))
        except InputError as error:
            if by_hand or profile not in cards.PROFILES:
                raise
            plans.append(RunResult(name, profile, "failed", message=str(error)))
            say(f"{name} cannot run: {error}", -1)
    return _side_by_side(plans, force, workers)


def preview(
    names: Sequence[str] = (),
    profile: str = "laptop",
    overrides: Mapping[str, object] | None = None,
    force: bool = False,
) -> list[tuple[str, str, str, str]]:
    """What `run_all` would do, as rows of a table: notebook, `run` or `keep`, how long the last run
    at this profile took, and why. Nothing is run, locked or written."""
    rows = []
    for name in names or [path.stem for path in cards.notebooks()]:
        plan = _plan(name, profile, overrides or {})
        last = record.last(plan.name, profile)
        why = _why(plan, last, force)
        took = f"{last['seconds']:.0f} s" if last else ""
        rows.append((plan.name, "run" if why else "keep", took, why or "unchanged"))
    return rows


def _why(plan: _Plan, last: dict | None, force: bool) -> str:
    """Why a plan is to run, "" where what an equal run has left is kept."""
    entry = record.read(plan.folder)
    if _is_kept(plan):
        return "--force" if force else ""
    if entry is not None and entry["status"] == "failed":
        return f"it failed: {entry.get('failure', {}).get('error', '')[:80]}"
    if entry is not None:
        states = {"running": "it is running, or was interrupted", "ok": "a file of it is damaged"}
        return states.get(entry["status"], "it was interrupted")
    if last is None:
        return f"never run at {plan.profile}"
    changes = fingerprint.changes(last.get("facts", {}), json.loads(json.dumps(plan.facts)))
    more = f" and {len(changes) - 4} more" if len(changes) > 4 else ""
    return f"changed: {', '.join(changes[:4])}{more}"


def _side_by_side(plans: Sequence[_Plan | RunResult], force: bool, workers: int) -> list[RunResult]:
    """The results in the order of the plans; an interrupt ends all that are under way."""
    todo = {plan.name: plan for plan in plans if isinstance(plan, _Plan)}
    results = {plan.name: plan for plan in plans if isinstance(plan, RunResult)}
    fresh = {name: plan for name, plan in todo.items() if force or not _is_kept(plan)}
    calls = {name: order.shared_calls(plan.card, plan.values) for name, plan in fresh.items()}
    seconds, needs = order.graph(calls)
    for name, plan in todo.items():
        seconds[name] = (record.last(name, plan.profile) or {}).get("seconds", plan.card.seconds)
    work, stop = order.Order(seconds, needs, todo), threading.Event()
    running: dict[futures.Future, str] = {}
    has_new = False  # whether the gallery, which is on disk at once, lacks something

    def carry_out(name: str) -> RunResult | None:
        if name in todo:
            return _carry_out(todo[name], force, stop)
        for_whom = [other[:2] for other in todo if name in needs.get(other, ())]
        _make_shared(name, f"for {', '.join(for_whom)}", seconds[name], stop)
        return None

    with ThreadPoolExecutor(workers) as lanes:
        try:
            while work:
                while len(running) < workers and (name := work.take()):
                    running[lanes.submit(carry_out, name)] = name
                if has_new:
                    with contextlib.suppress(OSError, InputError):  # whose run it is not
                        gallery.write()
                has_new = False
                for lane in futures.wait(running, return_when=futures.FIRST_COMPLETED).done:
                    name = running.pop(lane)
                    if result := lane.result():
                        results[name] = result
                        has_new |= result.status != "kept"
                    work.done(name)
        except BaseException:
            stop.set()
            lanes.shutdown(wait=False, cancel_futures=True)
            raise
    return [results[plan.name] for plan in plans]


def _is_kept(plan: _Plan) -> bool:
    """Whether an equal run has left all that this one would."""
    entry = record.read(plan.folder)
    return entry is not None and record.is_whole(plan.folder, entry)


def _make_shared(call: str, for_whom: str, seconds: float, stop: threading.Event) -> None:
    """Make what several notebooks need; where that fails, they make it themselves."""
    start, what = time.perf_counter(), f"{call.partition('(')[0].lstrip('[')} {for_whom}"
    noted = {times.VARIABLE: str(store.outputs_folder().resolve() / record.SHARED)}
    with Progress(what, "s", seconds, record.CARD) as progress:
        progress.step("it is made first")
        fault = order.make(call, watch.settings() | noted, stop, progress.tick)
    took = f"{what}, {time.perf_counter() - start:.0f} s"
    say(f"{took}: failed ({fault})" if fault else took)


def _plan(name: str, profile: str, overrides: Mapping[str, object]) -> _Plan:
    """Find the notebook, check its card and parameters, and give the run its folder."""
    notebook = cards.find(name)
    card = cards.for_notebook(notebook.stem)
    known = [name for name in cards.PROFILES if name in card.profiles or name not in cards.OF_SOME]
    expect_one_of(f"{card.number}: profile", profile, known)
    declared, saved = parameters.declared(notebook)
    for setting in cards.PROFILES:
        try:
            parameters.check(declared, card.profiles.get(setting, {}))
        except InputError as error:
            raise InputError(f"{card.number}.toml [profiles.{setting}]: {error}") from None
    values = parameters.check(declared, {**card.profiles.get(profile, {}), **overrides})
    roots = (cards.working_folder(notebook), notebook.parent)
    values = parameters.with_paths(declared, overrides, values, *roots)
    if saved:
        say(parameters.saved_otherwise(notebook))
    own = {parameter.name: parameter.default for parameter in declared} | saved
    changed = {name: value for name, value in values.items() if value != own[name]}
    facts = fingerprint.facts(notebook, cards.path_of(notebook.stem), profile, values)
    identity = store.content_id(facts, length=12)
    folder = store.outputs_folder().resolve() / notebook.stem / identity
    return _Plan(notebook, card, profile, values, changed, folder, facts)


def _carry_out(plan: _Plan, force: bool, stop: threading.Event | None = None) -> RunResult:
    """Run a plan, or keep what an equal run has left; a folder that cannot hold it fails it."""
    try:
        with store.writing(plan.folder):
            return _run_or_keep(plan, force, stop)
    except InputError as error:
        message = f"{plan.card.number} cannot run: {error}"
        say(message, -1)
        return RunResult(plan.name, plan.profile, "failed", message=message)


def _run_or_keep(plan: _Plan, force: bool, stop: threading.Event | None) -> RunResult:
    folder = plan.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with record.lock(folder):  # a second process that asks for the same run waits, then keeps it
        entry, is_good = record.read(folder), _is_kept(plan)
        if entry is not None and is_good and not force:
            with contextlib.suppress(InputError):  # it is kept on a full disk too
                record.save(folder, entry | {"asked": record.now()})
            say(f"{plan.card.number} unchanged, kept: {record.shown(folder)}")
            return RunResult(plan.notebook.stem, plan.profile, "kept", folder, entry["seconds"])
        if says(1):
            why = _why(plan, record.last(plan.name, plan.profile), force)
            say(f"{plan.card.number} {plan.profile} runs: {why}", 1)
        fresh = dataclasses.replace(plan, folder=record.beside(folder)) if is_good else plan
        shutil.rmtree(fresh.folder, ignore_errors=True)
        fresh.folder.mkdir()
        entry = _execute(fresh, stop)
        if is_good and entry["status"] == "ok":
            record.replace(folder)
            fresh = plan
    return _told(fresh, entry)


def _execute(plan: _Plan, stop: threading.Event | None) -> dict:
    """The record of the run, which is on disk from its start to its end."""
    entry, folder = _opening(plan), plan.folder
    start, began = time.perf_counter(), time.time()
    title = f"{plan.card.number} {plan.profile}"
    try:
        with store.writing(folder):
            record.save(folder, entry)
            end = watch.execute(plan.notebook, folder, plan.changed, plan.profile, title, stop)
            seconds = round(time.perf_counter() - start, 2)
            entry |= {"status": end["status"], "ended": record.now(), "seconds": seconds}
            entry["inputs"] = record.read_json(folder / "inputs.json") or {}
            entry["missing"] = _missing(plan)
            if end["status"] != "ok":
                told = ("cell", "line", "error")
                entry["failure"] = {key: end[key] for key in told if key in end}
            entry["times"] = times.read(folder / record.TIMES, began)
            (folder / record.TIMES).unlink(missing_ok=True)
            entry["files"] = record.checksums(folder)
            record.save(folder, entry)
    except InputError as error:
        entry |= {"status": "failed", "ended": record.now(), "failure": {"error": str(error)}}
        entry["seconds"] = round(time.perf_counter() - start, 2)
        shutil.rmtree(folder, ignore_errors=True)  # makes room for the reason
        with contextlib.suppress(OSError, InputError):
            record.save(folder, entry)
    except BaseException:
        record.save(folder, entry | {"status": "interrupted", "ended": record.now()})
        raise
    return entry


def _opening(plan: _Plan) -> dict:
    """What the record says before the first cell has run."""
    started = record.now()
    entry: dict = {"notebook": plan.notebook.stem, "title": plan.card.title}
    entry |= {"run_id": plan.folder.name.partition(".")[0], "status": "running"}
    entry |= {"profile": plan.profile, "parameters": plan.values, "seed": plan.values.get("seed")}
    entry |= {"threads": parallel.asked_threads(), "asked": started, "started": started}
    entry |= {"git": fingerprint.git_state(plan.notebook.parent)}
    versions = {"lmnotes": __version__} | fingerprint.versions()
    entry |= {"versions": versions, "machine": fingerprint.machine()}
    return entry | {"facts": plan.facts}


def _missing(plan: _Plan) -> list[str]:
    """What the card lists and the run has not left."""
    wanted = [f"figures/{name}.pdf" for name in plan.card.figures]
    wanted += [f"tables/{name}.csv" for name in plan.card.tables]
    missing = [name for name in wanted if not (plan.folder / name).is_file()]
    if not (plan.folder / "claims.csv").is_file():
        return [*missing, "claims.csv"]
    rows = record.claims(plan.folder)
    return missing + [f"claim {r['id']}" for r in rows if r["verdict"] == verdicts.NOT_RECORDED]


def _told(plan: _Plan, entry: dict) -> RunResult:
    """Say how a run ended, and return it."""
    number, seconds, folder = plan.card.number, entry["seconds"], plan.folder
    if entry["status"] == "ok":
        message = f"{number} {plan.profile}, {seconds:.0f} s: {record.shown(folder)}"
        if says(1) and (reused := entry["times"].get("reused")):
            message += f"\n   reused: {', '.join(reused)}"
        if entry["missing"]:
            message += f"\n   its card also lists {', '.join(entry['missing'])}: not there"
    else:
        failure = entry["failure"]
        cell = f" in cell [{failure['cell']}] {failure['line']!r}" if "cell" in failure else ""
        message = f"{number} failed after {seconds:.0f} s{cell}\n   {failure['error']}"
        if (folder / "notebook.ipynb").is_file():
            message += f"\n   the notebook up to there: {record.shown(folder / 'notebook.ipynb')}"
    say(message, 0 if entry["status"] == "ok" else -1)
    return RunResult(plan.notebook.stem, plan.profile, entry["status"], folder, seconds, message)
