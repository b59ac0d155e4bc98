"""The process that scores one model: `python -m lmnotes.models.runner.worker job.json PARENT`.

The runner, of id PARENT, starts it, and it ends with it. It leaves its row in the ledger, or says
in the job's result file why it could not.

With `--serve` it scores nothing itself: it imports what every model needs, which takes longer than
many a model, and then forks one such process for every job that it reads from standard input.
"""

import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lmnotes import parallel, store
from lmnotes.models.ledger import ledger
from lmnotes.models.scoring import failures
from lmnotes.models.scoring.identity import Identity

# What imports slowly; nothing here may start a thread or touch a GPU, or a fork would break it.
_NEEDED = (
    *("pandas", "torch", "safetensors.torch", "tokenizers", "transformers.modeling_utils"),
    *("transformers.masking_utils", "transformers.models.auto.modeling_auto"),
    *("lmnotes.text.chunks", "lmnotes.models.scoring.score", "lmnotes.models.ngram"),
    "lmnotes.models.scoring.kernels.exponentials",
)


def main(score: Callable | None = None, needed: Sequence[str] = _NEEDED) -> int:
    """Do the job whose file the command line names; the exit code is 0 if the row is there.

    Args:
        score: takes the job, the ledger and the model, and gives its `Scores`.
        needed: modules to import before the first job, with `--serve`.
    """
    what, runner = sys.argv[1], int(sys.argv[2])
    if what == "--serve":
        return _serve(score or _score, needed, runner)
    parallel.end_with(runner)
    return _do(Path(what), score or _score)


def _do(path: Path, score: Callable) -> int:
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


def _serve(score: Callable, needed: Sequence[str], runner: int) -> int:
    """Fork a process per job: a line with job and log comes in, its id and its exit code go out."""
    channel = os.dup(1)
    os.dup2(2, 1)  # what an import prints is no answer
    for name in needed:
        with suppress(ImportError):
            importlib.import_module(name)
    while (line := _line(runner)) is not None:
        job, log = json.loads(line)
        server = os.getpid()
        child = os.fork()
        if not child:
            os.close(channel)
            _become_child(score, Path(job), log, server)
        os.write(channel, f"{child}\n".encode())
        if (code := _wait(child, runner)) is None:
            return 1
        os.write(channel, f"{code}\n".encode())
    return 0


def _become_child(score: Callable, job: Path, log: str, server: int) -> None:
    """Do the job as a process with a group and a log of its own; it does not return."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, number)

    parallel.end_with(server)
    code = 1
    try:
        code = _do(job, score)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _line(runner: int) -> bytes | None:
    """The next line of the runner, which sends one after each answer; None where it is gone."""
    while not select.select([0], [], [], 0.5)[0]:  # no thread may wait: it would break the forks
        if parallel.has_ended(runner):
            return None
    return os.read(0, 1 << 16) or None


def _wait(child: int, runner: int) -> int | None:
    """The exit code of a child; None where the runner is gone, and the child is then killed."""
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        # nothing is sent meanwhile but the end
        if select.select([0], [], [], 0.02)[0] or parallel.has_ended(runner):
            for kill in (os.killpg, os.kill):
                with suppress(ProcessLookupError):
                    kill(child, signal.SIGKILL)
            return None


if __name__ == "__main__":
    sys.exit(main())
