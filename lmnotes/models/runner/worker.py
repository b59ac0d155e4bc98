"""The process that scores one model, with two arguments: the job's file, and the runner's id.

It ends with the runner. It leaves its row in the ledger, or says in the job's result file why it
could not.
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from lmnotes import parallel, store
from lmnotes.models.ledger import ledger
from lmnotes.models.scoring import failures
from lmnotes.models.scoring.identity import Identity


def main(score: Callable | None = None) -> int:
    """Do the job whose file the command line names; the exit code is 0 if the row is there.

    Args:
        score: takes the job, the ledger and the model, and gives its `Scores`.
    """
    path, runner = Path(sys.argv[1]), int(sys.argv[2])
    parallel.end_with(runner)
    if parallel.server:  # which imported libraries with one thread
        parallel.limit_threads(parallel.n_threads())
    score = score or _score
    job = json.loads(path.read_text(encoding="utf-8"))
    try:
        rows, who = ledger.open_folder(job["ledger"]), Identity(**job["model"])
        if not rows.has(who):  # another runner may have been faster
            rows.add(score(job, rows, who), job["about"], who)
    except BaseException as error:
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}"
        _say(job, kind=failures.classify(error), message=" ".join(said.split())[:2000])
        return 1
    _say(job, kind="", message="")
    return 0


def _score(job: Mapping, rows: ledger.Ledger, who: Identity):
    from lmnotes.models.scoring import loading, score

    options = {name: job[name] for name in ("device", "trust_remote_code")}
    model = loading.load(who.model, revision=who.hub_revision, dtype=rows.rule.dtype, **options)
    n = job["tokens_per_batch"]
    return score.score_texts(model, rows.texts, rule=rows.rule, tokens_per_batch=n)


def _say(job: Mapping, **result: str) -> None:
    """Leave the result where the runner looks for it, whole or not at all."""
    store.write_text(Path(job["result"]), json.dumps(result))
