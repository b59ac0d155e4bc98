"""The files of coming models, fetched from a hub while others are scored, in the order of the list.

Processes of their own fetch them, so that they can be ended at any moment. What fails here is not
recorded: the model's own worker meets the same fault, and says so.
"""

import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lmnotes import parallel
from lmnotes.models.scoring import hub
from lmnotes.models.scoring.identity import Identity

_AT_A_TIME = 2  # models
_MOST_AHEAD = 16  # models that are fetched before they are started
_UNPACKED = 4  # of a quantised file, to half precision
_POLL_S = 0.1


class Fetcher:
    """What lies on the disk of each job's model; fetches until `close` is called.

    Args:
        jobs: of `processes.run`.
        disk: bytes that models of this run may take in the hub's cache while more are fetched; by
            default what is free, less a tenth.
    """

    def __init__(self, jobs: Sequence[Mapping], disk: int | None):
        self._held: dict[str, int] = {}  # bytes that this run has brought, by model
        self._sizes: dict[str, int] = {}  # of those that may start early
        self._commits: dict[str, str] = {}
        self._started: set[str] = set()
        self._gone: set[str] = set()
        self._stop, self._lock = threading.Event(), threading.Lock()
        coming = []
        for job in jobs:
            who = Identity(**job["model"])
            if who.is_folder:
                self._sizes[who.id] = _size(Path(who.model))
            else:
                coming.append((who, job))
        self._disk = _free_space() if coming and disk is None else disk or 0
        self._coming = enumerate(coming)
        self._helpers = [parallel.helper(_answer) for _ in coming[:_AT_A_TIME]]
        self._threads = [
            threading.Thread(target=self._run, args=(helper,), daemon=True)
            for helper in self._helpers
        ]
        for thread in self._threads:
            thread.start()

    def n_bytes(self, job: Mapping) -> int | None:
        """What a model's files take on disk, None while it is not to start early."""
        return self._sizes.get(Identity(**job["model"]).id)

    def started(self, job: Mapping) -> dict:
        """The job as its worker is to have it, which starts now."""
        model = Identity(**job["model"]).id
        self._started.add(model)
        return {**job, "commit": self._commits.get(model, "")}

    def done(self, job: Mapping) -> None:
        """Reckon with what was removed with a model."""
        if job["evict"]:
            self._gone.add(Identity(**job["model"]).id)

    def close(self) -> None:
        """End, also in the middle of a file, which a later run goes on with."""
        self._stop.set()
        for helper in self._helpers:
            helper.process.kill()
        for thread in self._threads:
            thread.join()

    def _run(self, helper: parallel.Worker) -> None:
        with suppress(RuntimeError):  # its process was ended
            while True:
                with self._lock:  # in order, so that each model knows what those before it take
                    if (coming := next(self._coming, None)) is None:
                        break
                    number, (who, job) = coming
                    n_bytes = self._room_for(number, who, job, helper.call)
                if n_bytes and who.id not in self._started:
                    self._commits[who.id] = helper.call(("fetch", who)) or ""
                if n_bytes is not None:
                    self._sizes[who.id] = n_bytes
        parallel.end(helper.process)

    def _room_for(self, number: int, who: Identity, job: Mapping, ask: Callable) -> int | None:
        """Bytes of a model's files, 0 where that cannot be told, as soon as there is room for them
        or its own worker has started; None where there will be none."""
        while number >= len(self._started) + _MOST_AHEAD and not self._stop.wait(_POLL_S):
            pass
        n_bytes, n_new = ask(("size", who)) or (0, 0)
        while who.id not in self._started and n_new > self._disk - self._taken():
            no_room_comes = not (job["evict"] and self._held.keys() - self._gone)
            if no_room_comes or self._stop.wait(_POLL_S):
                return None
        if who.id in self._started:  # it has fetched some by now
            n_new = n_bytes
        self._held[who.id] = 0 if job["was_cached"] else n_new
        return n_bytes

    def _taken(self) -> int:
        return sum(size for model, size in self._held.items() if model not in self._gone)


def _answer(question: tuple[str, Identity]) -> tuple[int, int] | str | None:
    """Bytes of a model's files, and of those that lie nowhere yet; or the commit that was fetched;
    None where that fails."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    what, who = question
    with suppress(Exception):  # of whatever package
        if what == "fetch":
            return hub.fetch(who).name
        files = hub.files(who)
        return files.n_bytes, files.n_bytes - files.n_cached
    return None


def _size(place: Path) -> int:
    files = [place] if place.is_file() else [path for path in place.glob("*") if path.is_file()]
    return sum(path.stat().st_size * _UNPACKED ** (path.suffix == ".gguf") for path in files)


def _free_space() -> int:
    """Bytes that are free on the disk of the hub's cache, less a tenth."""
    from huggingface_hub.constants import HF_HUB_CACHE

    place = Path(HF_HUB_CACHE).absolute()
    there = next(folder for folder in (place, *place.parents) if folder.is_dir())
    return shutil.disk_usage(there).free * 9 // 10
