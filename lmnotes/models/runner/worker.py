"""The process that scores one model, with two arguments: the job's file, and the runner's id.

It gets ready (imports, files, tokens, weights in the host's memory), says so by the job's file
`ready`, and waits for a line with the device that it may use. It ends with the runner. It leaves
its row in the ledger, or says in the job's result file why it could not.
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lmnotes import parallel, store
from lmnotes.models.ledger import ledger
from lmnotes.models.scoring import failures
from lmnotes.models.scoring.identity import Identity


def main(prepare: Callable | None = None) -> int:
    """Do the job whose file the command line names; the exit code is 0 if the row is there.

    Args:
        prepare: takes the job, the ledger and the model, does what needs no device, and gives a
            function that takes a device and gives the model's `Scores`.
    """
    path, runner = Path(sys.argv[1]), int(sys.argv[2])
    parallel.end_with(runner)
    if parallel.server:  # which imported libraries with one thread
        parallel.limit_threads(parallel.n_threads())
    prepare = prepare or _prepare
    job = json.loads(path.read_text(encoding="utf-8"))
    try:
        rows, who = ledger.open_folder(job["ledger"]), Identity(**job["model"])
        if not rows.has(who):  # another runner may have been faster
            score = prepare(job, rows, who)
            store.write_text(Path(job["ready"]), "")
            rows.add(score(sys.stdin.readline().strip()), job["about"], who)
    except BaseException as error:
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}"
        why = {"kind": failures.classify(error), "pause_s": failures.asked_pause_s(error)}
        _say(job, message=" ".join(said.split())[:2000], **why)
        return 1
    _say(job, kind="", message="")
    return 0


def _prepare(job: Mapping, rows: ledger.Ledger, who: Identity) -> Callable:
    from lmnotes.models.scoring import loading, score

    how: dict[str, Any] = {"revision": job.get("commit") or who.hub_revision, "device": "cpu"}
    how |= {"dtype": rows.rule.dtype, "trust_remote_code": job["trust_remote_code"]}
    loaded = loading.load(who.model, **how)
    _, encoded = score.prepare(loaded, rows.texts.texts, rows.rule, None, "cpu")
    how = {"rule": rows.rule, "tokens_per_batch": job["tokens_per_batch"], "encoded": encoded}
    return lambda device: score.score_texts(loading.moved(loaded, device), rows.texts, **how)


def _say(job: Mapping, **result: object) -> None:
    """Leave the result where the runner looks for it, whole or not at all."""
    store.write_text(Path(job["result"]), json.dumps(result))
