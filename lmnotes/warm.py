"""A process that has imported what others need, and forks them: they start at once.

Importing takes longer than many a notebook or model. `parallel.popen` asks for a process on the
socket that `LMNOTES_WARM` names: one message with target, arguments, environment and folder, and
three streams. The id of the process comes back; when it has ended, its exit code. One whose asker
is gone is killed with its group. This process runs nothing itself, so no other sees what one did.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from lmnotes import parallel, times

# What notebooks import slowly; nothing of it may start a thread or touch a GPU, which a fork would
# break, or read what a run sets.
_NEEDED = str.split(
    "ipykernel.ipkernel papermill nbconvert pandas scipy.stats scipy.optimize networkx numba torch "
    "scipy.cluster.hierarchy sklearn.manifold sklearn.decomposition matplotlib.pyplot tokenizers "
    "sklearn.feature_extraction.text safetensors.torch transformers.modeling_utils "
    "transformers.masking_utils transformers.models.auto.modeling_auto"
)


@functools.cache
def address() -> dict[str, str]:
    """The variable that names this process's server for notebooks, as `serving` gives it; the
    server is started by the first call and ends with this process."""
    held = ExitStack()
    atexit.register(held.close)
    return held.enter_context(serving(_NEEDED))


@contextmanager
def serving(needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """The variable that names a server that has imported the modules `needed`, or soon will, and
    ends with the block or with this process.

    Empty where the system cannot fork safely, or where libraries would have started threads.
    """
    try:
        if sys.platform != "linux" or parallel.asked_threads() > 1:
            raise OSError("no safe fork")
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # an old system, too, or one that is closed to it
        yield {}
        return
    path = str(Path(tempfile.mkdtemp(prefix="lmnotes-")) / "warm")
    # what libraries read when they are imported, as a kernel has it
    env = os.environ | parallel.thread_settings(1) | {"PYTHONHASHSEED": "0"}
    env |= {"OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
    env |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(64)
        number = listener.fileno()
        command = [sys.executable, "-m", __name__, path, str(number), str(os.getpid()), *needed]
        # a session of its own: an interrupt at the terminal is for who asked
        how: dict[str, Any] = {"stdin": subprocess.PIPE, "start_new_session": True}
        server = subprocess.Popen(command, env=env, pass_fds=[number], **how)
    try:
        yield {parallel.WARM: path}
    finally:
        server.communicate()  # which closes its standard input


def main() -> None:
    """Import, then fork until standard input closes or who started it is gone; in a forked process,
    do what it is for."""
    path, number, parent = Path(sys.argv[1]), *map(int, sys.argv[2:4])
    for name in sys.argv[4:]:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # its objects stay in the pages that all share
    parallel.server = os.getpid()
    with suppress(ProcessLookupError):
        if job := _serve(socket.socket(fileno=number), os.pidfd_open(parent)):
            sys.exit(_become(**job))
    shutil.rmtree(path.parent, ignore_errors=True)


def _serve(listener: socket.socket, parent: int) -> dict | None:
    """The job of a forked process, in it; None where the server is to end."""
    selector = selectors.DefaultSelector()
    for source in (listener, parent, 0):  # another process may hold the other end of 0 open
        selector.register(source, selectors.EVENT_READ)
    children: dict[int, int] = {}  # descriptor of a process, and its id
    jobs: dict[int, dict] = {}
    while True:
        for key, _ in selector.select():
            source = key.fileobj
            if source in (0, parent):
                for child in children.values():
                    _kill(child)
                return None
            if source is listener:
                line, _ = listener.accept()
                text, streams, _, _ = socket.recv_fds(line, 1 << 20, 3)
                if not (child := os.fork()):
                    for other in [key.fileobj for key in selector.get_map().values()]:
                        if isinstance(other, socket.socket):
                            other.close()
                        elif isinstance(other, int) and other:  # 0: of the first of its streams
                            os.close(other)
                    selector.close()
                    os.setsid()
                    line.send(str(os.getpid()).encode())
                    line.close()
                    return json.loads(text) | {"streams": streams}
                for stream in streams:
                    os.close(stream)
                ended = os.pidfd_open(child)
                children[ended], jobs[child] = child, json.loads(text)
                selector.register(line, selectors.EVENT_READ, child)
                selector.register(ended, selectors.EVENT_READ, line)
            elif source in children:
                child, status, usage = os.wait4(children.pop(source), 0)
                code = os.waitstatus_to_exitcode(status)
                times.note_process(**jobs.pop(child), cpu=usage.ru_utime + usage.ru_stime)
                with suppress(OSError):
                    key.data.send(str(code).encode())
                for each in (source, key.data):
                    with suppress(KeyError):
                        selector.unregister(each)
                key.data.close()
                os.close(source)
            elif isinstance(source, socket.socket) and source.fileno() >= 0:  # who asked is gone
                selector.unregister(source)
                _kill(key.data)


def _kill(child: int) -> None:
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        with suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)


def _become(target: str, arguments: list[str], env: dict, cwd: str, streams: list[int]) -> Any:
    """What the target returns, once this process is as if it had been started for it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0], sys.argv = "", ["-c", *arguments]
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)()


if __name__ == "__main__":
    main()
