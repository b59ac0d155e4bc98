"""Small jobs on several cores: each in one of a few long-lived processes of one thread.

The last bits of sums depend on how many threads add them up, skip-gram's vectors on which of them
is first. So notebooks work with one thread (`limit_threads`), unless LMNOTES_THREADS asks for more.
"""

import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
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
    start = b"".join(map(pickle.dumps, (sys.path, function)))
    crew = [Worker(start) for _ in range(min(workers, len(items)))]
    free: SimpleQueue = SimpleQueue()
    for worker in crew:
        free.put(worker)

    def call(item: Any) -> Any:
        worker = free.get()
        try:
            return worker.call(item)
        finally:
            free.put(worker)

    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(crew)))
        for worker in crew:  # before the threads are waited for
            stack.callback(end, worker.process)
        yield from tqdm(pool.map(call, items), **bar)


def in_fresh_process(function: Callable[[Any], Any], item: Any) -> Any:
    """What `function` (as of `map_items`) gives for one item, in a process that then ends, and all
    its memory with it; RuntimeError where it ends before it has an answer."""
    worker = helper(function)
    try:
        return worker.call(item)
    finally:
        end(worker.process)


def helper(function: Callable[[Any], Any]) -> "Worker":
    """A process that calls a function (as of `map_items`), once for each `call` of this, until its
    `process` is ended."""
    return Worker(pickle.dumps(sys.path) + pickle.dumps(function))


class Worker:
    """A process that calls one function, with one argument after the other."""

    def __init__(self, start: bytes):
        env, pipe = os.environ | thread_settings(1), subprocess.PIPE
        me = str(os.getpid())
        self.process = popen("lmnotes.parallel:work", me, env=env, stdin=pipe, stdout=pipe)
        self._sent = start

    def call(self, item: Any) -> Any:
        """What the function gives; RuntimeError where the process has ended."""
        self._sent += pickle.dumps(item)
        try:
            self.process.stdin.write(self._sent)
            self.process.stdin.flush()
            self._sent = b""
            value, error = pickle.load(self.process.stdout)
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            why = f"a process ended with code {self.process.wait()} at {str(item)[:200]}"
            raise RuntimeError(f"{why}; run again, what is done is kept") from None
        if error:
            raise error
        return value


def work() -> None:
    """Be a process of `map_items`: read where to import from, a function, then what to call it
    with; write what it gives, or the error."""
    end_with(int(sys.argv[1]))
    with os.fdopen(os.dup(1), "wb") as out, contextlib.suppress(EOFError):
        os.dup2(2, 1)  # what is printed is no answer
        sys.path[:] = pickle.load(sys.stdin.buffer)
        function = pickle.load(sys.stdin.buffer)
        while True:
            item = pickle.load(sys.stdin.buffer)
            try:
                answer = function(item), None
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = None, error
            pickle.dump(answer, out)
            out.flush()


WARM = "LMNOTES_WARM"  # the variable that names the socket of `warm`
server: int | None = None  # its process, in those that it has forked


def popen(
    target: str, *arguments: str, env: Mapping[str, str] | None = None, **how: Any
) -> "_Forked":
    """A process that calls a function, leads a session of its own, and is used as a `Popen`: forked
    from a warm one where there is such, else of a new interpreter.

    Args:
        target: "module:function"; called without arguments, it returns an exit code.
        arguments: what it finds in `sys.argv[1:]`.
        how: stdin, stdout: None, PIPE or a file. stderr: None or a file. text. cwd.

    A forked one is killed when this process lets go of it or ends.
    """
    env = dict(os.environ if env is None else env)
    if address := env.get(WARM):
        with contextlib.suppress(OSError):
            return _Forked(address, target, arguments, env, **how)
    module, _, name = target.partition(":")
    code = f"import sys; from {module} import {name}; sys.exit({name}())"
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, env=env, start_new_session=True, **how)
    return process  # type: ignore[return-value]  # all that is asked of it a `Popen` has too


def end(process: "_Forked") -> None:
    """Kill a process of `popen` if it runs, and close its pipes."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(BrokenPipeError):
            if stream:
                stream.close()


class _Forked:
    """A process that a warm one has forked; as a `subprocess.Popen`, as far as it is used here."""

    returncode: int | None = None
    stdin: Any  # files, where pipes were asked for
    stdout: Any
    stderr = None

    def __init__(self, address, target, arguments, env, text=False, cwd=None, **streams):
        given = [streams.get(name) for name in ("stdin", "stdout", "stderr")]
        self.args, self._lock = target, threading.Lock()
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.connect(address)
        pipes = [os.pipe() if stream == subprocess.PIPE else None for stream in given[:2]]
        self.stdin, self.stdout = (
            pipe and os.fdopen(pipe[not number], "wr"[number] + "b" * (not text))
            for number, pipe in enumerate(pipes)
        )
        theirs = [pipe[number] for number, pipe in enumerate(pipes) if pipe]
        job = {"target": target, "arguments": arguments, "env": env, "cwd": cwd or os.getcwd()}
        sent = [
            pipe[number] if pipe else stream.fileno() if stream else number
            for number, (pipe, stream) in enumerate(zip((*pipes, None), given, strict=True))
        ]
        try:
            socket.send_fds(self._line, [json.dumps(job).encode()], sent)
            self.pid = int(self._line.recv(64) or 0)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        if not self.pid:
            raise ConnectionResetError(f"{address} has gone")

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and not select.select([self._line], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        with self._lock:  # another thread may ask, too
            if self.returncode is None:
                # nothing comes where its server is gone
                self.returncode = int(self._line.recv(64) or -signal.SIGKILL)
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def n_cores(most: int = 8) -> int:
    """The cores that this process may use, at most 8: a process for each is a good number."""
    known = hasattr(os, "sched_getaffinity")  # not on macOS
    return min(len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1, most)


def free_memory(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this machine has to give, and the control groups that a scheduler or a container
    has put this process in; what files keep in memory can be given."""
    import psutil

    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError):
        own = groups / Path("/proc/self/cgroup").read_text().partition("0::/")[2].strip()
        for folder in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # "max" is no limit
                most = int((folder / "memory.max").read_text())
                facts = (folder / "memory.stat").read_text().split()
                files = [facts[facts.index(f"{kind}active_file") + 1] for kind in ("", "in")]
                used = int((folder / "memory.current").read_text()) - sum(map(int, files))
                free = min(free, most - used)
    return free


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
    return os.getppid() != (server or parent) or not (starter is None or starter.is_alive())


_WATCH_S = 0.5  # seconds between two looks
