"""Building the models of a zoo side by side: fresh processes of one thread each, parents before
children.

`work` is such a process: it reads pickled jobs from its input, writes lines of JSON, and ends with
its parent.
"""

import json
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from lmnotes import parallel, store
from lmnotes.models.zoo.plans import Spec

_QUIET = dict.fromkeys(("HF_HUB_DISABLE_PROGRESS_BARS", "HF_HUB_OFFLINE"), "1")
_QUIET |= {"TRANSFORMERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "false"}
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Job:
    """A model to build: its Spec, the key and folder of its artefact, its parents' folders, the
    file of the evaluation texts, the device."""

    spec: Spec
    key: dict
    folder: Path
    parents: dict[str, Path]
    texts: Path | None
    device: str = "cpu"


def build_all(jobs: Sequence[Job], workers: int, progress: bool = True) -> None:
    """Build the models of all jobs with a number of processes, or in this one where that is 0.

    Raises RuntimeError, with what the worker wrote, where one fails; the models that were finished
    stay, and the next call goes on.
    """
    from tqdm.auto import tqdm

    shown = progress and bool(jobs)
    with tqdm(total=sum(map(_n_steps, jobs)), unit="step", disable=not shown, desc="zoo") as bar:
        if workers:
            _build_in_processes(jobs, bar, workers)
            return
        for job in jobs:
            meter = _Meter(bar, job)
            _build(job, meter)
            meter(_n_steps(job))


def _n_steps(job: Job) -> int:
    return max(job.spec.n_steps, 10)  # roughly


def _build(job: Job, report: Callable[[int], None]) -> None:
    """Build one model in this process, on one thread."""
    from lmnotes.models.zoo import training
    from lmnotes.text import chunks

    seen = chunks.load(job.texts).texts if job.spec.leaked and job.texts else []
    leak = "\n".join(seen).encode() if seen else None

    def write(folder: Path) -> None:
        training.train_into(folder, job.spec, job.parents, leak, report, job.device)

    with parallel.one_thread():
        store.build("zoo", job.key, write)


class _Meter:
    """Moves the bar of all jobs to a step of one."""

    lock = threading.Lock()

    def __init__(self, bar, job: Job):
        self.bar, self.done, self.name = bar, 0, job.spec.name

    def __call__(self, step: int) -> None:
        with self.lock:
            self.bar.update(step - self.done)
            self.bar.set_postfix_str(self.name, refresh=False)
        self.done = step


def _build_in_processes(jobs: Sequence[Job], bar, workers: int) -> None:
    """Give jobs to processes, each when its parents are there, long ones first."""
    crew = [_Worker(number, jobs[0].device) for number in range(workers)]
    free: SimpleQueue[_Worker] = SimpleQueue()
    for worker in crew:
        free.put(worker)

    def run(job: Job) -> None:
        worker = free.get()
        worker.build(job, _Meter(bar, job))
        free.put(worker)

    waiting, running = list(jobs), dict[futures.Future, Job]()
    with futures.ThreadPoolExecutor(workers) as pool:
        try:
            while waiting or running:
                unbuilt = {job.spec.name for job in (*waiting, *running.values())}
                ready = [job for job in waiting if not unbuilt & set(job.parents)]
                for job in sorted(ready, key=_cost, reverse=True)[: workers - len(running)]:
                    waiting.remove(job)
                    running[pool.submit(run, job)] = job
                for future in futures.wait(running, return_when=futures.FIRST_COMPLETED).done:
                    del running[future]
                    future.result()  # raises where it failed
        finally:  # where one failed, the others go on from their last state another time
            for worker in crew:
                parallel.end(worker.process)


class _Worker:
    """A process that builds the jobs that it is given."""

    def __init__(self, number: int, device: str):
        self.log = store.home() / "zoo" / f"worker-{number}.log"
        store.write_text(self.log, "")
        env = os.environ | _QUIET | _ONE_THREAD
        if device == "cuda":
            allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
            env["CUDA_VISIBLE_DEVICES"] = allowed.split(",")[number] if allowed else str(number)
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with open(self.log, "w") as errors:
            pipes |= {"stderr": errors}
            self.process = parallel.popen(f"{__name__}:work", str(os.getpid()), env=env, **pipes)

    def build(self, job: Job, report: Callable[[int], None]) -> None:
        """Have a job built; raises RuntimeError where it cannot be."""
        why = ""
        with suppress(BrokenPipeError):
            pickle.dump(job, self.process.stdin)
            self.process.stdin.flush()
            for line in self.process.stdout:
                message = json.loads(line)
                if why := message.get("error", ""):
                    break
                report(message.get("step", _n_steps(job)))
                if "done" in message:
                    return
        why = why or f"its worker ended with status {self.process.wait()}"
        what = f"{job.spec.name} could not be built: {why} (log: {self.log})"
        raise RuntimeError(f"{what}; run again, it goes on from what is done")


def _cost(job: Job) -> float:
    spec = job.spec
    return spec.n_steps * spec.n_sequences * spec.window * (spec.width + 50) * spec.depth


def work() -> None:
    """Be a worker: read jobs from the input, build each, and write what happens to the output."""
    parallel.end_with(int(sys.argv[1]))
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no message

    def tell(**message) -> None:
        print(json.dumps(message), file=out, flush=True)

    with suppress(EOFError):
        while True:
            job = pickle.load(sys.stdin.buffer)
            try:
                _build(job, lambda step: tell(step=step))
                tell(done=job.spec.name)
            except Exception as error:
                traceback.print_exc()
                tell(error=f"{type(error).__name__}: {error}")
