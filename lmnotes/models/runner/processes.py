"""One model through as many fresh processes as it needs, until it has a row or a reason."""

import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from lmnotes import parallel
from lmnotes.models.ledger import ledger, row
from lmnotes.models.scoring import failures, identity
from lmnotes.models.scoring.identity import Identity

_LEAST_TOKENS = 256  # per batch; a batch that holds less is a fraction of one text
_MOST_PAUSE_S = 300
_POLL_S = 0.05
_END_S = 5  # until a process that was killed is gone
CAN_FORK = sys.platform == "linux"  # elsewhere the system's own libraries may break in a fork


class Fresh:
    """Runs jobs, each in a new process of the interpreter."""

    def __init__(self, command: Sequence[str], threads: int = 0):
        self.command = list(command)
        given = {"OMP_NUM_THREADS": str(threads)} if threads else {}
        self.environment = given | {"TOKENIZERS_PARALLELISM": "false"} | os.environ

    def run(
        self, job: Path, log: Path, limit_s: float, stop: threading.Event | None = None
    ) -> int | None:
        """The exit code of the worker, negative for a signal; None where it ran out of time.

        When this returns, the worker and all that it started are gone.
        """
        with open(log, "w") as output:
            child = self._start(str(job), stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + limit_s
        try:
            while time.monotonic() < end and not (stop and stop.is_set()):
                with suppress(subprocess.TimeoutExpired):
                    return child.wait(_POLL_S)
            return None
        finally:
            _kill_group(child.pid)
            child.wait()
            child.stdin.close()

    def close(self) -> None:
        """Give back what is held; it can be used again."""

    def _start(self, argument: str, **streams) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.command, argument, str(os.getpid())],  # it ends with this process
            stdin=subprocess.PIPE,
            env=self.environment,
            start_new_session=True,  # a group of its own, to be killed as one
            **streams,
        )


class Forked(Fresh):
    """Runs jobs, each in a process forked from one that has imported what every model needs."""

    server: subprocess.Popen | None = None
    _said = b""

    def run(self, job, log, limit_s, stop=None) -> int | None:
        """As `Fresh.run`."""
        if self.server is None:
            with open(log, "w") as output:
                streams = {"stdout": subprocess.PIPE, "stderr": output}
                self.server = self._start("--serve", **streams, bufsize=0)
        with suppress(BrokenPipeError):
            self.server.stdin.write(json.dumps([str(job), str(log)]).encode() + b"\n")
        child = self._number(float("inf"), stop)
        if child is None or child < 0:  # stopped, or there is no server
            return child
        code = self._number(time.monotonic() + limit_s, stop)
        _kill_group(child)
        if code is None and self._number(time.monotonic() + _END_S) is None:
            self.close()
        return code

    def close(self) -> None:
        """End the server, and with it a job that it may have."""
        if self.server:
            self.server.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self.server.wait(_END_S)
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
        self.server, self._said = None, b""

    def _number(self, end: float, stop: threading.Event | None = None) -> int | None:
        """The next number that the server says, that of a kill if it is gone; None at an end."""
        while b"\n" not in self._said:
            if time.monotonic() > end or (stop and stop.is_set()):
                return None
            if not select.select([self.server.stdout], [], [], _POLL_S)[0]:
                continue
            if not (said := os.read(self.server.stdout.fileno(), 64)):
                self.close()
                return -signal.SIGKILL
            self._said += said
        line, self._said = self._said.split(b"\n", 1)
        return int(line)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def run(job: Mapping, launcher: Fresh | None = None, stop: threading.Event | None = None) -> dict:
    """What became of the model: model, status, kind, attempts, seconds, message.

    Args:
        job: plain values, so that it can be sent to any machine that sees the ledger's folder.
        launcher: starts the job's workers; by default fresh ones of the interpreter.
        stop: ends it from another thread; nothing is then recorded.
    """
    start = time.monotonic()
    _end_with_executor()
    rows = ledger.open_folder(job["ledger"])
    who = Identity(**job["model"])
    answer = {"model": who.name, "kind": "", "message": ""}
    if rows.has(who):
        return answer | {"status": "kept", "attempts": 0, "seconds": 0.0}
    launcher = launcher or Fresh(job["command"])
    tokens, count = job["tokens_per_batch"], 0
    while True:
        count += 1
        kind, message = _try(job | {"tokens_per_batch": tokens}, rows, who, launcher, stop)
        if not kind or (stop and stop.is_set()):
            break
        if kind in ("out_of_memory", "killed"):  # the system kills what takes all memory
            tokens //= 2
        again = failures.worth_another_try(kind) and count < job["attempts"]
        if kind == "out_of_memory":  # as often as the batch can be halved
            again = tokens >= _LEAST_TOKENS
        if not again:
            rows.expect_texts()  # a ledger that was deleted meanwhile is no fault of the model
            rows.record_failure(who, kind, message, count, job["under"])
            break
        if kind == "network":
            pause = min(job["backoff_s"] * 2 ** (count - 1), _MOST_PAUSE_S)
            (stop or threading.Event()).wait(pause)
    if job["evict"] and not job["was_cached"]:
        identity.evict(who)
    answer |= {"status": "failed" if kind else "scored", "kind": kind, "message": message}
    return answer | {"attempts": count, "seconds": time.monotonic() - start}


@cache
def _end_with_executor() -> None:
    """Let this process, where it is of an executor's pool, not outlive who made the pool."""
    if multiprocessing.parent_process():
        parallel.end_with(os.getppid())


def _try(
    job: Mapping, rows: ledger.Ledger, who: Identity, launcher: Fresh, stop: threading.Event | None
) -> tuple[str, str]:
    """Kind and message of one process's failure; both empty where it left a row."""
    log = rows.folder / "logs" / f"{row.file_name(who)}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lmnotes-") as folder:
        path = Path(folder) / "job.json"
        result = Path(folder) / "result.json"
        path.write_text(json.dumps(dict(job) | {"result": str(result)}), encoding="utf-8")
        code = launcher.run(path, log, job["time_limit_s"], stop)
        if code is None:
            return "timeout", f"it ran longer than its limit of {job['time_limit_s']:g} s"
        with suppress(OSError, ValueError):
            said = json.loads(result.read_text(encoding="utf-8"))
            if not said["kind"]:
                log.unlink(missing_ok=True)
            return said["kind"], said["message"]
    ending = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return "killed", f"its process ended with {ending}: {_last_words(log)}"


def _last_words(log: Path) -> str:
    with suppress(OSError):
        if lines := log.read_text(errors="replace").strip().splitlines():
            return lines[-1][:300]
    return "it said nothing"
