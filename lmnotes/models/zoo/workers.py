"""Building the models of a zoo side by side: fresh processes of one thread each, one line of JSON
per message, parents before children.

`python -m lmnotes.models.zoo.workers` is such a process; it reads jobs from its input.
"""

import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lmnotes import store
from lmnotes.models.zoo.plans import Spec

_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}
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


def build(jobs: Sequence[Job], workers: int, progress: bool = True) -> None:
    """Build the models of all jobs with a number of processes, or in this one where that is 0.

    Raises RuntimeError, with what the worker wrote, where one fails; the models that were finished
    stay, and the next call goes on.
    """
    from tqdm.auto import tqdm

    if not jobs:
        return
    total = sum(map(_n_steps, jobs))
    with tqdm(total=total, unit="step", disable=not progress, desc="zoo") as bar:
        if workers:
            _Crew(jobs, bar, workers).work()
            return
        for job in jobs:
            meter = _Meter(bar, job)
            _build(job, meter.at)
            meter.at(_n_steps(job))


def _n_steps(job: Job) -> int:
    """The length of a job in steps of training, roughly."""
    return max(job.spec.n_steps, 10)


def _build(job: Job, report: Callable[[int], None]) -> None:
    """Build one model in this process, on one thread."""
    import torch

    from lmnotes.models.zoo import training
    from lmnotes.text import chunks

    leak = None
    if job.spec.leaked:
        leak = "\n".join(chunks.load(job.texts).texts).encode()

    def write(folder: Path) -> None:
        training.train_into(folder, job.spec, job.parents, leak, report, job.device)

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        store.build("zoo", job.key, write)
    finally:
        torch.set_num_threads(n_threads)


class _Meter:
    """How far one job is, on the bar of all."""

    def __init__(self, bar, job: Job):
        self.bar, self.done, self.name = bar, 0, job.spec.name

    def at(self, step: int) -> None:
        """Move the bar to this step of the job."""
        self.bar.update(step - self.done)
        self.bar.set_postfix_str(self.name, refresh=False)
        self.done = step


class _Crew:
    """Threads that give jobs to processes, each when its parents are there."""

    def __init__(self, jobs: Sequence[Job], bar, workers: int):
        self.waiting, self.bar, self.workers = list(jobs), bar, workers
        self.unbuilt = {job.spec.name for job in jobs}
        self.change = threading.Condition()
        self.processes: list[subprocess.Popen] = []
        self.failure = ""

    def work(self) -> None:
        """Build all jobs; raises RuntimeError where one fails."""
        threads = [threading.Thread(target=self._serve, args=(n,)) for n in range(self.workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:  # interrupted: the models in work go on from their last state later
            self._stop("interrupted")
            raise
        if self.failure:
            raise RuntimeError(self.failure)

    def _stop(self, failure: str) -> None:
        """End the processes, and let no thread take another job."""
        with self.change:
            self.failure = self.failure or failure
            for process in self.processes:
                process.terminate()
            self.change.notify_all()

    def _next(self) -> Job | None:
        """A job whose parents are built, waiting for one if need be; None when all is done or one
        has failed. Long jobs go first."""
        with self.change:
            while self.waiting and not self.failure:
                ready = [job for job in self.waiting if not self.unbuilt & set(job.parents)]
                if ready:
                    job = max(ready, key=_cost)
                    self.waiting.remove(job)
                    return job
                self.change.wait()
            return None

    def _serve(self, number: int) -> None:
        """One process and its jobs, until there are none."""
        home = store.home() / "zoo"
        home.mkdir(parents=True, exist_ok=True)
        log = home / f"worker-{number}.log"
        env = os.environ | _QUIET | _ONE_THREAD
        if self.waiting and self.waiting[0].device == "cuda":
            env["CUDA_VISIBLE_DEVICES"] = _visible(number)
        with open(log, "w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=env,
            )
        self.processes.append(process)
        with process:
            while (job := self._next()) is not None:
                message = self._send(process, job)
                with self.change:
                    if message:
                        self.failure = self.failure or (
                            f"{job.spec.name} could not be built: {message} (log: {log}); run "
                            "again, it goes on from what is done"
                        )
                    self.unbuilt.discard(job.spec.name)
                    self.change.notify_all()
            process.stdin.close()

    def _send(self, process: subprocess.Popen, job: Job) -> str:
        """Have a process build a job; gives what went wrong, or nothing."""
        meter = _Meter(self.bar, job)
        try:
            process.stdin.write(json.dumps(asdict(job), default=str) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                message = json.loads(line)
                if "error" in message:
                    return message["error"]
                with self.change:
                    meter.at(message["step"] if "step" in message else _n_steps(job))
                if "done" in message:
                    return ""
        except BrokenPipeError:
            pass
        return f"its worker ended with status {process.wait()}"


def _cost(job: Job) -> float:
    """What a job takes, for the order only; one that others come from counts double."""
    spec = job.spec
    return spec.n_steps * spec.n_sequences * spec.window * (spec.width + 50) * spec.depth


def _visible(number: int) -> str:
    """The GPU of a worker, among those that this process may use."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    return allowed.split(",")[number] if allowed else str(number)


def _main() -> None:
    """Read jobs from the input, build each, and write what happens to the output."""
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no message

    def tell(**message) -> None:
        print(json.dumps(message), file=out, flush=True)

    for line in sys.stdin:
        fields = json.loads(line)
        spec = fields["spec"]
        for name in ("merge_of", "merge_weights", "checkpoints"):
            spec[name] = tuple(spec[name])
        fields["spec"] = Spec(**spec)
        fields["parents"] = {name: Path(path) for name, path in fields["parents"].items()}
        job = Job(**fields)
        try:
            _build(job, lambda step: tell(step=step))
            tell(done=job.spec.name)
        except Exception as error:
            traceback.print_exc()
            tell(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    _main()
