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
    start = [pickle.dumps(sent) for sent in (sys.path, function)]
    crew = [_Worker(start) for _ in range(min(workers, len(items)))]
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
            stack.callback(worker.end)
        yield from tqdm(pool.map(call, items), **bar)


class _Worker:
    """A process that calls one function, with one argument after the other."""

    def __init__(self, start: Sequence[bytes]):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        env = os.environ | thread_settings(1)
        self.process = popen("lmnotes.parallel:work", str(os.getpid()), env=env, **pipes)
        self._send(*start)

    def call(self, item: Any) -> Any:
        self._send(pickle.dumps(item))
        try:
            value, error = pickle.load(self.process.stdout)
        except (EOFError, pickle.UnpicklingError):
            why = f"a process ended with code {self.process.wait()} at {str(item)[:200]}"
            raise RuntimeError(f"{why}; run again, what is done is kept") from None
        if error:
            raise error
        return value

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _send(self, *pickled: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the answer says it
            self.process.stdin.write(b"".join(pickled))
            self.process.stdin.flush()


def work() -> None:
    """Be a process of `map_items`: read where to import from, a function, then what to call it
    with; write what it gives."""
    end_with(int(sys.argv[1]))
    with os.fdopen(os.dup(1), "wb") as out, contextlib.suppress(EOFError):
        os.dup2(2, 1)  # what is printed is no answer
        sys.path[:] = pickle.load(sys.stdin.buffer)
        function = pickle.load(sys.stdin.buffer)
        while True:
            item = pickle.load(sys.stdin.buffer)
            try:
                answer = pickle.dumps((function(item), None))
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = _pickled(error)
            out.write(answer)
            out.flush()


def _pickled(error: Exception) -> bytes:
    """An error as it can be read elsewhere."""
    with contextlib.suppress(Exception):
        pickle.loads(pickled := pickle.dumps((None, error)))
        return pickled
    return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))


WARM = "LMNOTES_WARM"  # the variable that names the socket of runs.warm
server: int | None = None  # its process, in those that it has forked


def popen(
    target: str,
    *arguments: str,
    stdin: int | None = None,
    stdout: Any = None,
    stderr: Any = None,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    text: bool = False,
) -> "subprocess.Popen | Warm":
    """A process that calls a function, leads a session of its own, and is used as a `Popen`: forked
    from a warm one where there is such, else of a new interpreter.

    Args:
        target: "module:function"; called without arguments, it returns an exit code.
        arguments: what it finds in `sys.argv[1:]`.

    Streams are as `Popen` takes them, without `STDOUT`. A forked one is killed when this process
    lets go of it or ends.
    """
    env = dict(os.environ if env is None else env)
    if address := env.get(WARM):
        with contextlib.suppress(OSError):
            job = {"target": target, "arguments": arguments, "env": env, "cwd": cwd or os.getcwd()}
            return Warm(address, job, (stdin, stdout, stderr), text)
    module, _, name = target.partition(":")
    code = f"import sys; from {module} import {name}; sys.exit({name}())"
    command = [sys.executable, "-c", code, *arguments]
    how = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "text": text, "cwd": cwd}
    return subprocess.Popen(command, env=env, start_new_session=True, **how)


class Warm:
    """A process that a warm one has forked; as a `subprocess.Popen`, as far as it is used here."""

    returncode: int | None = None
    stdin = stdout = stderr = None

    def __init__(self, address: str, job: Mapping, streams: Sequence, text: bool):
        self.args, self._line = job, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.connect(address)
        theirs, mine = [], []  # descriptors: what it gets, what is closed here then
        for number, stream in enumerate(streams):
            if stream == subprocess.PIPE:
                ends = os.pipe()
                its, own = ends if number == 0 else ends[::-1]
                file = os.fdopen(own, ("w" if number == 0 else "r") + ("" if text else "b"))
                setattr(self, ("stdin", "stdout", "stderr")[number], file)
                mine.append(its)
            elif stream == subprocess.DEVNULL:
                its = os.open(os.devnull, os.O_RDWR)
                mine.append(its)
            elif stream is None:
                its = number
            else:
                its = stream if isinstance(stream, int) else stream.fileno()
            theirs.append(its)
        try:
            socket.send_fds(self._line, [json.dumps(job).encode()], theirs)
            said = self._line.recv(32)
        finally:
            for descriptor in mine:
                os.close(descriptor)
        if not said:
            raise ConnectionResetError(f"{address} has gone")
        self.pid = int(said)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one; TimeoutExpired after so many seconds without."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args["target"], timeout)
            said = self._line.recv(32)
            self.returncode = int(said) if said else -signal.SIGKILL  # its server is gone
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


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
    return os.getppid() != (server or parent) or not (starter is None or starter.is_alive())


_WATCH_S = 0.5  # seconds between two looks
