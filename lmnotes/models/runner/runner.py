"""Scores many models, each in a process of its own, until every one has a row or a reason.

A model that crashes, hangs, or is killed by the system costs that model and nothing else. The run
itself may be killed at any moment: started again it goes on where it was.

    runner.score(models, scores)                                  # every device of this machine
    runner.score(models, scores, executor=client.get_executor())  # a cluster, see docs/cluster.md
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent import futures
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd

from lmnotes import parallel, store, warm
from lmnotes.errors import InputError, expect_between
from lmnotes.models.ledger.ledger import Ledger
from lmnotes.models.runner import processes, worker
from lmnotes.models.runner.fetching import Fetcher
from lmnotes.models.runner.turns import Turns
from lmnotes.models.scoring import failures, hub, identity, loading
from lmnotes.models.scoring.identity import Identity, identify
from lmnotes.options import reads_old_words

WORKER = f"{worker.__name__}:main"
# What most models need and what imports slowly; see `warm`.
NEEDED = (
    *("pandas", "torch", "safetensors.torch", "tokenizers", "transformers.modeling_utils"),
    *("transformers.masking_utils", "transformers.models.auto.modeling_auto"),
    *("lmnotes.text.chunks", "lmnotes.models.scoring.score", "lmnotes.models.ngram"),
    "lmnotes.models.scoring.kernels.exponentials",
)
_COLUMNS = ("model", "status", "kind", "attempts", "seconds", "message")


@reads_old_words
def score(
    models: Iterable[str | Path | Mapping],
    ledger: Ledger,
    *,
    devices: str | Sequence[str] = "all",
    workers: int = 1,
    executor: futures.Executor | None = None,
    shard: str | None = None,
    time_limit_s: float = 3600,
    attempts: int = 3,
    backoff_s: float = 5,
    tokens_per_batch: int | None = None,
    retry_failed: bool = False,
    trust_remote_code: bool = False,
    evict: bool = False,
    verify: bool = False,
    ahead: bool = True,
    disk: int | None = None,
    progress: bool | Callable[[str], None] = True,
    worker: str = WORKER,
) -> pd.DataFrame:
    """What became of each model: model, status, kind, attempts, seconds, message.

    A status is `scored`, `kept` (the row was there), `failed`, or `failed before` (an earlier run
    recorded why, and it would be no different now). Rows go into the ledger as they come.

    Args:
        models: folders, hub ids, `id@revision`, or mappings with `model` and perhaps `revision`,
            `name`, and `about`, a mapping that is remembered in the row.
        ledger: of the texts and the rule.
        devices: `all` (every GPU, else the CPU), or names such as `["cuda:0", "cuda:1"]`.
        workers: models scored at a time on each device, each in a process of its own.
        executor: of `concurrent.futures`, for other processes or machines that see the ledger's
            folder; it decides how many run at a time, and each worker takes the device it sees.
        shard: `i/n` takes the i-th of n equal parts of the list, 1 <= i <= n.
        time_limit_s: seconds after which a model's processes are killed.
        attempts: how often a model is started at most after a fault that may pass; out of memory
            halves `tokens_per_batch` instead, as long as that leaves a text to a batch (by default
            it is what suits the device, and half of 8,192 after such a fault). What ends or has no
            memory before its turn is started once more in its turn, beside these.
        backoff_s: seconds before the second attempt after a network fault, doubled each time.
        retry_failed: also try again what an earlier run recorded as failed.
        trust_remote_code: let models run code from their own repositories.
        evict: remove a hub model's revision from the disk when it is done, unless it was there.
        verify: read every byte of local models again to see whether they are what was scored.
        ahead: fetch and load the next models while others are scored, as far as memory allows.
        disk: bytes that models of this run may take in the hub's cache while more are fetched; by
            default what is free, less a tenth.
        progress: print a line per model, or call this with it.
        worker: `module:function` that does one job, in a process of its own.

    Raises InputError, before anything starts, for a model, a shard or a device that cannot be.
    """
    expect_between("workers", workers, low=1)
    if tokens_per_batch is not None:
        expect_between("tokens_per_batch", tokens_per_batch, low=1)
    say = progress if callable(progress) else (print if progress else lambda line: None)
    chosen = distinct(take_shard(identity.several(models), shard), verify)
    where = ["auto"] if executor is not None else devices_of(devices)
    kinds = sorted({device.split(":")[0] for device in where})
    under = {"devices": kinds, "time_limit_s": time_limit_s}
    say_done = _Progress(len(chosen), say)
    common: dict[str, Any] = {"ledger": str(ledger.folder), "worker": worker, "device": "auto"}
    common |= {"time_limit_s": time_limit_s, "attempts": attempts, "backoff_s": backoff_s}
    common |= {"tokens_per_batch": tokens_per_batch, "trust_remote_code": trust_remote_code}
    common |= {"evict": evict, "under": under}
    known, jobs = {}, []
    for who, about in chosen:
        if (result := earlier(ledger, who, retry_failed, under)) is not None:
            known[who.id] = say_done(result)
        else:
            job = common | {"model": asdict(who), "about": about}
            job["was_cached"] = evict and hub.holds(who)
            jobs.append(job)
    if jobs and executor is not None:
        done = _collected(executor, jobs, processes.run, say_done)
    else:
        done = _on_devices(jobs, where, workers, ahead, disk, say_done) if jobs else {}
    results = known | done
    return pd.DataFrame([results[who.id] for who, _ in chosen], columns=list(_COLUMNS))


def take_shard(models: Sequence, shard: str | None) -> Sequence:
    """The models of shard `i/n`, 1 <= i <= n; together the shards are all, each once.

    >>> take_shard(["a", "b", "c"], "2/2")
    ['b']
    """
    if shard is None:
        return models
    number, _, count = str(shard).partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        then = "number the jobs of an array from 1, such as 3/32"
        raise InputError(f"shard {shard!r} was given; expected i/n with 1 <= i <= n: {then}")
    return models[int(number) - 1 :: int(count)]


def distinct(models: Iterable, verify: bool) -> list[tuple[Identity, dict]]:
    """The models that are meant, each once, with what is to be remembered of it."""
    chosen: dict[str, tuple[Identity, dict]] = {}
    for model in models:
        about = dict(model.get("about") or {}) if isinstance(model, Mapping) else {}
        who = identify(model, verify=verify)
        chosen.setdefault(who.id, (who, about))
    return list(chosen.values())


def earlier(ledger: Ledger, who: Identity, retry_failed: bool, under: Mapping) -> dict | None:
    """What is to be said of a model that needs no process, None where it needs one."""
    if ledger.has(who):
        return _result(who, "kept")
    record = ledger.failure(who)
    if record is None or retry_failed or failures.may_have_passed(record["kind"]):
        return None
    if not failures.holds_under(record["kind"], record.get("under", {}), under):
        return None
    return _result(who, "failed before", record["kind"], record["attempts"], 0, record["message"])


def _on_devices(
    jobs: Sequence[dict],
    devices: Sequence[str],
    workers: int,
    ahead: bool,
    disk: int | None,
    say_done: Callable[[dict], dict],
) -> dict:
    """The results of jobs on this machine's devices, by model; a thread watches each process."""
    n = min(len(devices) * workers, len(jobs))
    turns = Turns(([*devices] * workers)[:n], ahead)
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // n))
    env = {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads}  # the latter of tokenizers
    env |= {"TOKENIZERS_PARALLELISM": str(threads != "1").lower()} | os.environ

    fetcher = Fetcher(jobs if ahead else (), disk)

    def run(job: dict) -> dict:
        with turns.next(partial(fetcher.n_bytes, job)) as turn:
            try:
                return processes.run(fetcher.started(job), env, turn)
            finally:
                fetcher.done(job)

    with ExitStack() as stack:  # undone from the last to the first, also on an interrupt
        stack.callback(fetcher.close)
        # beside a model that needs a GPU an import is short
        if set(devices) == {"cpu"} and parallel.WARM not in env:
            env |= stack.enter_context(warm.serving(NEEDED))
        pool = stack.enter_context(futures.ThreadPoolExecutor(n * (1 + ahead)))
        stack.callback(turns.stop.set)  # ends the processes; the threads follow
        return _collected(pool, jobs, run, say_done)


def _collected(executor: futures.Executor, jobs: Sequence[dict], run, say_done) -> dict[str, dict]:
    """The results of jobs that an executor runs, by model."""
    waiting, results = {executor.submit(run, job): job for job in jobs}, {}
    with ExitStack() as stack:
        for future in waiting:
            stack.callback(future.cancel)  # nothing for those that are done
        for future in futures.as_completed(waiting):
            who = Identity(**waiting[future]["model"])
            try:
                result = future.result()
            except Exception as error:  # the executor lost its worker, or our own fault
                result = _result(who, "failed", "other", 1, 0, f"{type(error).__name__}: {error}")
            results[who.id] = say_done(result)
    return results


def devices_of(devices: str | Sequence[str]) -> list[str]:
    """The devices that are meant by `all` or names; InputError for one that is not there."""
    if devices != "all":
        names = [devices] if isinstance(devices, str) else list(devices)
        for name in names or [""]:
            loading.expect_device(name)
        return names
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())] or ["cpu"]


def _result(who: Identity, *values: object) -> dict:
    """Status, kind, attempts, seconds and message of a model, as far as they are given."""
    rest = ("", "", 0, 0.0, "")
    return dict(zip(_COLUMNS, (who.name, *values, *rest[len(values) :]), strict=True))


class _Progress:
    """Says one line for each model that is done."""

    def __init__(self, total: int, say: Callable[[str], None]):
        self.total, self.done, self.say = total, 0, say

    def __call__(self, result: dict) -> dict:
        self.done += 1
        place = f"[{self.done:>{len(str(self.total))}}/{self.total}]"
        why = f" ({result['kind']}) {shorten(result['message'], 400)}" if result["kind"] else ""
        time = f" {result['seconds']:.0f} s" if result["seconds"] else ""
        self.say(f"{place} {result['model']}: {result['status']}{why}{time}")
        return result


def score_small(
    models: pd.DataFrame, ledger: Ledger, *, workers: int | None = None, progress: bool = False
) -> int:
    """How many models were scored now, in a few long-lived processes, into the same ledger.

    `score` gives every model a fresh process, which is right for models that may crash, hang or
    fill a GPU, and costs seconds each; for models of a megabyte that is most of the time. Models
    that have a row are not scored again; where two notebooks ask at once, one scores, one waits.

    Args:
        models: a table with the column folder (or model, for hub ids).
        ledger: of the texts and the rule. Each row is put in place as soon as it is there.
        workers: processes; by default one for each core.
    """
    what = "scored" if progress else ""
    places = [place for place in identity.places(models) if not ledger.has(place)]
    if not places:
        return 0
    with store.locked(ledger.folder / "direct.lock"):
        missing = [place for place in places if not ledger.has(place)]
        return sum(parallel.map_items(partial(_add, ledger), missing, workers=workers, what=what))


def _add(ledger: Ledger, place: str) -> int:
    from lmnotes.models.scoring.score import score_texts

    who = identify(place)
    with parallel.one_thread():
        scores = score_texts(who.model, ledger.texts, rule=ledger.rule, revision=who.hub_revision)
        ledger.add(scores, who=who)
    return 1
