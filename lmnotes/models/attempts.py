"""One model through as many fresh processes as it needs, until it has a row or a reason."""

import contextlib
import json
import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from lmnotes.models import failures, hub_cache
from lmnotes.models.identity import Identity
from lmnotes.models.ledger import ledger, row
from lmnotes.models.processes import Fresh

_LEAST_TOKENS = 256  # per batch; a batch that holds less is a fraction of one text
_MOST_PAUSE_S = 300


def run(job: Mapping, processes: Fresh | None = None, stop: threading.Event | None = None) -> dict:
    """What became of the model: model, status, kind, attempts, seconds, message.

    Args:
        job: plain values, so that it can be sent to any machine that sees the ledger's folder.
        processes: runs the job's workers; by default fresh ones of the interpreter.
        stop: ends it from another thread; nothing is then recorded.
    """
    start = time.monotonic()
    rows = ledger.open_folder(job["ledger"])
    who = Identity(**job["model"])
    answer = {"model": who.name, "kind": "", "message": ""}
    if rows.has(who):
        return answer | {"status": "kept", "attempts": 0, "seconds": 0.0}
    processes = processes or Fresh(job["command"])
    tokens, count = job["tokens_per_batch"], 0
    while True:
        count += 1
        kind, message = _one(job | {"tokens_per_batch": tokens}, rows, who, processes, stop)
        if not kind or (stop and stop.is_set()):
            break
        if kind in ("out_of_memory", "killed"):  # the system kills what takes all memory
            tokens //= 2
        if not _again(kind, count, tokens, job["attempts"]):
            rows.record_failure(who, kind, message, count)
            break
        if kind == "network":
            _pause(min(job["backoff_s"] * 2 ** (count - 1), _MOST_PAUSE_S), stop)
    if job["evict"] and not job["was_cached"]:
        hub_cache.evict(who)
    answer |= {"status": "failed" if kind else "scored", "kind": kind, "message": message}
    return answer | {"attempts": count, "seconds": time.monotonic() - start}


def _again(kind: str, count: int, tokens: int, attempts: int) -> bool:
    """Whether to start the model once more."""
    if kind == "out_of_memory":  # as often as the batch can be halved
        return tokens >= _LEAST_TOKENS
    return failures.worth_another_try(kind) and count < attempts


def _one(
    job: Mapping, rows: ledger.Ledger, who: Identity, processes: Fresh, stop: threading.Event | None
) -> tuple[str, str]:
    """Kind and message of one process's failure; both empty where it left a row."""
    log = rows.folder / "logs" / f"{row.file_name(who)}.log"
    with tempfile.TemporaryDirectory(prefix="lmnotes-") as folder:
        path = Path(folder) / "job.json"
        result = Path(folder) / "result.json"
        path.write_text(json.dumps(dict(job) | {"result": str(result)}), encoding="utf-8")
        code = processes.run(path, log, job["time_limit_s"], stop)
        if code is None:
            return "timeout", f"it ran longer than its limit of {job['time_limit_s']:g} s"
        with contextlib.suppress(OSError, ValueError):
            said = json.loads(result.read_text(encoding="utf-8"))
            if not said["kind"]:
                log.unlink(missing_ok=True)
            return said["kind"], said["message"]
    return "killed", f"its process ended with {_ending(code)}: {_last_words(log)}"


def _pause(seconds: float, stop: threading.Event | None) -> None:
    if stop:
        stop.wait(seconds)
    else:
        time.sleep(seconds)


def _ending(code: int) -> str:
    """A process's exit code in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _last_words(log: Path) -> str:
    with contextlib.suppress(OSError):
        if lines := log.read_text(errors="replace").strip().splitlines():
            return lines[-1][:300]
    return "it said nothing"
