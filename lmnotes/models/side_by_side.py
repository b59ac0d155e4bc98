"""Small jobs on several cores: each in one of a few long-lived processes of one thread."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def each(
    function: Callable[[Any], Any], items: Sequence, *, workers: int | None = None, what: str = ""
) -> Iterator[Any]:
    """What `function` gives for each item, in the order of the items.

    Args:
        function: of a module, or a `functools.partial` of one, so that it can be sent to a process.
        workers: processes; by default one for each core, at most 8. Few items are done in this one.
        what: what a progress bar calls the items; none without.

    >>> list(each(abs, [-1, 2]))
    [1, 2]
    """
    from tqdm.auto import tqdm

    if workers is None:
        workers = min(len(os.sched_getaffinity(0)), 8)
    bar = {"total": len(items), "desc": what, "disable": not what}
    if min(workers, len(items) // 16) < 2:
        yield from tqdm(map(function, items), **bar)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        yield from tqdm(pool.map(function, items), **bar)


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


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
