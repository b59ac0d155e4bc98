"""One notebook executed in a process of its own, watched from this one."""

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from lmnotes import parallel, store, times, warm
from lmnotes.notebook import card
from lmnotes.runs import record
from lmnotes.runs.execute import CONNECTION
from lmnotes.runs.progress import Progress, say

_DROPPED = ("LMNOTES_LIVE", "MPLBACKEND")  # what belongs to the caller's own session


def execute(
    notebook: Path,
    folder: Path,
    values: Mapping[str, object],
    profile: str,
    title: str,
    stop: threading.Event | None = None,
) -> dict:
    """How the execution ended: `status` `ok` or `failed`, then with `error`, `cell` and `line`.

    Args:
        notebook: the notebook; its kernel works in `card.working_folder`.
        folder: of the run; the executed notebook and its page are written there.
        values: the parameters to inject.
        profile: told to the kernel.
        title: of the progress bar.
        stop: set elsewhere, it ends this execution as an interrupt does.

    The process and its kernel end with this one, however it ends.
    """
    job: dict[str, object] = {"notebook": str(notebook), "output": str(folder / "notebook.ipynb")}
    job |= {"parameters": dict(values), "cwd": str(card.working_folder(notebook))}
    log = folder / "launch.log"
    env, pipe = _environment(notebook, folder, profile), subprocess.PIPE
    with open(log, "w") as stderr:  # an interrupt at the terminal reaches it through us only
        how = {"stdin": pipe, "stdout": pipe, "stderr": stderr, "text": True}
        child = parallel.popen("lmnotes.runs.execute:main", str(os.getpid()), env=env, **how)
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(json.dumps(job) + "\n")
                child.stdin.flush()
            end = _follow(child, title, stop, record.seconds_left(notebook.stem, profile))
            child.wait()
        finally:
            child.terminate()  # it shuts its kernel down first, or is killed after 5 s
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=5)
            parallel.end(child)
            (folder / CONNECTION).unlink(missing_ok=True)
    if end is None:  # it ended before it could say how
        said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        error = f"its process ended with code {child.returncode}: {said[-1]}"
        end = {"status": "failed", "error": error}
    if end["status"] == "ok" or not log.stat().st_size:
        log.unlink()
    return end


def settings() -> dict[str, str]:
    """The environment of all processes of a run."""
    mine = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    # threads that wait asleep: those that spin cost their neighbours more than they gain
    mine = {"OMP_WAIT_POLICY": "passive"} | mine
    mine |= parallel.thread_settings(parallel.asked_threads()) | warm.address()
    mine |= {"LMNOTES_HEADLESS": "1", "PYTHONHASHSEED": "0"}
    return mine | {"LMNOTES_OUTPUTS": str(store.outputs_folder().resolve())}


def _environment(notebook: Path, folder: Path, profile: str) -> dict[str, str]:
    """The environment of the kernel."""
    mine = {"LMNOTES_RUN_FOLDER": str(folder), "LMNOTES_PROFILE": profile}
    mine |= {times.VARIABLE: str(folder / record.TIMES)}
    return settings() | mine | {"LMNOTES_NOTEBOOKS": str(notebook.parent)}


def _follow(child, title: str, stop: threading.Event | None, left: Callable) -> dict | None:
    """The child's last message, None where it ended without one; meanwhile it says where it is."""
    messages: queue.Queue = queue.Queue()

    def read() -> None:
        for line in child.stdout:
            messages.put(json.loads(line))
        messages.put(None)

    threading.Thread(target=read, daemon=True).start()
    end, (seconds, basis) = None, left(0)
    with Progress(title, "cell", seconds, basis) as progress:
        while True:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt
            try:
                message = messages.get(timeout=1)
            except queue.Empty:
                progress.tick()  # the time goes on within a long cell
                continue
            if message is None:
                return end
            if "status" in message:
                end = message
            elif "done" in message:
                line = f"{title} [{message['done']}] {message['seconds']:.1f} s"
                say("\n    ".join([line, *message["printed"].splitlines()]), 1)
            else:
                where = {"at": message["at"], "n": message["of"], "detail": message["line"]}
                where["left"] = left(message["cell"])[0] if basis == record.LAST else None
                progress.step(message["section"] or message["line"][:50], **where)
                progress.tick()
