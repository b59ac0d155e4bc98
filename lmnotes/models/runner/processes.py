"""One model through as many fresh processes as it needs, until it has a row or a reason."""

import json
import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from lmnotes import parallel
from lmnotes.models.ledger import ledger, row
from lmnotes.models.runner.turns import Turn
from lmnotes.models.scoring import failures, hub
from lmnotes.models.scoring.identity import Identity

_TOKENS = 8192  # per batch that a fault halves, where none were asked for
_LEAST_TOKENS = 256  # per batch; a batch that holds less is a fraction of one text
_MOST_PAUSE_S = 300
_POLL_S = 0.02


def _launch(job: Mapping, path: Path, log: Path, env: Mapping[str, str], turn: Turn) -> int | None:
    """The exit code of the worker of a job, which lies at `path`, negative for a signal; None where
    it ran out of time, to which what it waits for its turn does not count.

    When this returns, the worker and all that it started are gone.
    """
    with open(log, "w") as output:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": output, "stderr": output}
        # it ends with this process
        child = parallel.popen(job["worker"], str(path), str(os.getpid()), env=env, **pipes)
    left, now, was_told = job["time_limit_s"], time.monotonic(), False
    try:
        while left > 0 and not turn.stop.is_set():
            with suppress(subprocess.TimeoutExpired):
                return child.wait(_POLL_S)
            before, now = now, time.monotonic()
            if was_told or not Path(job["ready"]).exists():
                left -= now - before
            elif turn.has_come():
                was_told = True
                with suppress(BrokenPipeError):
                    child.stdin.write(f"{turn.device}\n".encode())
                    child.stdin.flush()
            else:
                turn.waited_s += now - before
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        parallel.end(child)


def run(job: Mapping, env: Mapping[str, str] | None = None, turn: Turn | None = None) -> dict:
    """What became of the model: model, status, kind, attempts, seconds, message.

    Args:
        job: plain values, so that it can be sent to any machine that sees the ledger's folder.
        env: the environment of its workers, by default that of this process.
        turn: when it is scored, by default at once. Where its `stop` is set nothing is recorded.
    """
    turn = turn or Turn()
    start = time.monotonic()
    _end_with_executor()
    rows = ledger.open_folder(job["ledger"])
    who = Identity(**job["model"])
    answer: dict[str, Any] = {"model": who.name, "kind": "", "message": ""}
    if rows.has(who):
        return answer | {"status": "kept", "attempts": 0, "seconds": 0.0}
    env = {"TOKENIZERS_PARALLELISM": "false", **(os.environ if env is None else env)}
    tokens, count, most = job["tokens_per_batch"], 0, job["attempts"]
    before = hub.commit_of(who)
    while True:
        count += 1
        now = {"tokens_per_batch": tokens}
        if (commit := hub.commit_of(who)) != before:  # what the first attempt began with
            now["commit"] = commit
        kind, message, asked_s = _try({**job, **now}, rows, who, env, turn)
        if not kind or turn.stop.is_set():
            break
        if kind in ("out_of_memory", "killed") and not turn.device:  # beside one that was scored
            most += 1
            turn.wait()
            continue
        if kind in ("out_of_memory", "killed"):  # the system kills what takes all memory
            tokens = (tokens or _TOKENS) // 2
        again = failures.worth_another_try(kind, message) and count < most
        if kind == "out_of_memory":  # as often as the batch can be halved
            again = tokens >= _LEAST_TOKENS
        if not again:
            rows.expect_texts()  # a ledger that was deleted meanwhile is no fault of the model
            rows.record_failure(who, kind, message, count, job["under"])
            break
        if kind == "network":
            pause = max(job["backoff_s"] * 2 ** (count - 1), asked_s)
            turn.stop.wait(min(pause, _MOST_PAUSE_S))
    if job["evict"] and not job["was_cached"]:
        hub.evict(who)
    answer |= {"status": "failed" if kind else "scored", "kind": kind, "message": message}
    return answer | {"attempts": count, "seconds": time.monotonic() - start - turn.waited_s}


@cache
def _end_with_executor() -> None:
    """Let this process, where it is of an executor's pool, not outlive who made the pool."""
    if multiprocessing.parent_process():
        parallel.end_with(os.getppid())


def _try(
    job: Mapping, rows: ledger.Ledger, who: Identity, env: Mapping, turn: Turn
) -> tuple[str, str, float]:
    """Kind and message of one process's failure, both empty where it left a row, and seconds for
    which a hub asked to be left alone.
    """
    log = rows.folder / "logs" / f"{row.file_name(who)}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lmnotes-") as folder:
        path = Path(folder) / "job.json"
        result = Path(folder) / "result.json"
        job = {**job, "result": str(result), "ready": str(Path(folder) / "ready")}
        path.write_text(json.dumps(job), encoding="utf-8")
        code = _launch(job, path, log, env, turn)
        if code is None:
            return "timeout", f"it ran longer than its limit of {job['time_limit_s']:g} s", 0
        with suppress(OSError, ValueError):
            said = json.loads(result.read_text(encoding="utf-8"))
            if not said["kind"]:
                log.unlink(missing_ok=True)
            return said["kind"], said["message"], said.get("pause_s", 0)
    ending = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return "killed", f"its process ended with {ending}: {_last_words(log)}", 0


def _last_words(log: Path) -> str:
    with suppress(OSError):
        if lines := log.read_text(errors="replace").strip().splitlines():
            return lines[-1][:300]
    return "it said nothing"
