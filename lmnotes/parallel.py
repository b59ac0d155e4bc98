"""Small jobs on several cores: each in one of a few long-lived processes of one thread.

The last bits of sums depend on how many threads add them up, skip-gram's vectors on which of them
is first. So notebooks work with one thread (`limit_threads`), unless LMNOTES_THREADS asks for more.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lmnotes.errors import expect_whole

_LIBRARIES = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM")


def map_items(
    function: Callable[[Any], Any],
    items: Sequence,
    *,
    workers: int | None = None,
    least: int = 16,
    what: str = "",
) -> Iterator[Any]:
    """What `function` gives for each item, in the order of the items.

    Args:
        function: of a module, or a `functools.partial` of one, so that it can be sent to a process;
            that is done once for each, whatever it holds.
        workers: processes; by default one for each core, at most 8. Few items are done in this one.
        least: items that a process must have to be worth its start, some seconds; fewer for items
            that take long.
        what: what a progress bar calls the items; none without.

    >>> list(map_items(abs, [-1, 2]))
    [1, 2]
    """
    from tqdm.auto import tqdm

    if workers is None:
        workers = n_cores()
    bar = {"total": len(items), "desc": what, "disable": not what}
    if min(workers, len(items) // least) < 2:
        yield from tqdm(map(function, items), **bar)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("spawn")  # a fork of a process with threads may hang
    start = {"initializer": _begin, "initargs": (function, os.getpid())}
    with ProcessPoolExecutor(workers, mp_context=context, **start) as pool:
        yield from tqdm(pool.map(_call, items), **bar)


def n_cores(most: int = 8) -> int:
    """The cores that this process may use, at most 8: a process for each is a good number."""
    known = hasattr(os, "sched_getaffinity")  # not on macOS
    return min(len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1, most)


def n_threads() -> int:
    """The threads of one computation: as many as OMP_NUM_THREADS says, else one for each core."""
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(given) if given.isdigit() and int(given) else n_cores(sys.maxsize)


def asked_threads() -> int:
    """The threads that a notebook works with, of LMNOTES_THREADS; 1 without.

    With more, numbers move from run to run.
    """
    given = os.environ.get("LMNOTES_THREADS") or "1"
    expect_whole("LMNOTES_THREADS", int(given) if given.isdigit() else given, 1)
    return int(given)


def thread_settings(n: int) -> dict[str, str]:
    """The environment of a process whose libraries work with n threads each."""
    return {f"{library}_THREADS": str(n) for library in _LIBRARIES}


def limit_threads(n: int) -> None:
    """From now on n threads in all libraries of this process and of those that it starts."""
    from threadpoolctl import threadpool_limits

    os.environ.update(thread_settings(n))
    threadpool_limits(n)
    if "torch" in sys.modules:  # else it reads the environment when it is imported
        sys.modules["torch"].set_num_threads(n)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread inside the block: for tiny models more threads mostly wait."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def end_with(parent: int) -> None:
    """End this process, and those of its group if it leads one, soon after its parent has ended,
    however that came about; `has_ended` asks once."""

    def watch() -> None:
        while not has_ended(parent):
            time.sleep(_WATCH_S)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def has_ended(parent: int) -> bool:
    """Whether the process that started this one is gone, or who had it started by a server.

    No pipe is asked that another child may hold open.
    """
    from multiprocessing import parent_process

    starter = parent_process()  # None where multiprocessing did not start this process
    return os.getppid() != parent or not (starter is None or starter.is_alive())


_WATCH_S = 0.5  # seconds between two looks
_function: Callable[[Any], Any] | None = None  # of a process that `map_items` has started


def _begin(function: Callable[[Any], Any], parent: int) -> None:
    """Set a process up: one thread, what it is to do, and with whom it ends."""
    import torch

    end_with(parent)
    global _function
    _function = function
    torch.set_num_threads(1)


def _call(item: Any) -> Any:
    return _function(item)
