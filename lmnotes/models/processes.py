"""Two ways to get a fresh process for a job: by the interpreter, or forked from one that waits.

Both end the job's whole group of processes when its time is up, when they are told to stop, and
when the job is done; and in both a job ends soon after the process that asked for it.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_POLL_S = 0.05
_END_S = 5  # until a process that was killed is gone
CAN_FORK = sys.platform == "linux"  # elsewhere the system's own libraries may break in a fork


class Fresh:
    """Runs jobs, each in a new process of the interpreter."""

    def __init__(self, command: Sequence[str], threads: int = 0):
        self.command = list(command)
        given = {"OMP_NUM_THREADS": str(threads)} if threads else {}
        self.environment = given | {"TOKENIZERS_PARALLELISM": "false"} | os.environ

    def run(
        self, job: Path, log: Path, limit_s: float, stop: threading.Event | None = None
    ) -> int | None:
        """The exit code of the worker, negative for a signal; None where it ran out of time.

        When this returns, the worker and all that it started are gone.
        """
        with open(log, "w") as output:
            child = self._start(str(job), stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + limit_s
        try:
            while time.monotonic() < end and not (stop and stop.is_set()):
                with suppress(subprocess.TimeoutExpired):
                    return child.wait(_POLL_S)
            return None
        finally:
            _kill_group(child.pid)
            child.wait()
            child.stdin.close()

    def close(self) -> None:
        """Give back what is held; it can be used again."""

    def _start(self, argument: str, **streams) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.command, argument],
            stdin=subprocess.PIPE,  # closes when this process dies, and ends the worker
            env=self.environment,
            start_new_session=True,  # a group of its own, to be killed as one
            **streams,
        )


class Forked(Fresh):
    """Runs jobs, each in a process forked from one that has imported what every model needs."""

    server: subprocess.Popen | None = None
    _said = b""

    def run(
        self, job: Path, log: Path, limit_s: float, stop: threading.Event | None = None
    ) -> int | None:
        """As `Fresh.run`."""
        if self.server is None:
            with open(log, "w") as output:
                self.server = self._start(
                    "--serve", stdout=subprocess.PIPE, stderr=output, bufsize=0
                )
        with suppress(BrokenPipeError):
            self.server.stdin.write(json.dumps([str(job), str(log)]).encode() + b"\n")
        child = self._number(float("inf"), stop)
        if child is None or child < 0:  # stopped, or there is no server
            return child
        code = self._number(time.monotonic() + limit_s, stop)
        _kill_group(child)
        if code is None and self._number(time.monotonic() + _END_S) is None:
            self.close()
        return code

    def close(self) -> None:
        """End the server, and with it a job that it may have."""
        if self.server:
            self.server.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self.server.wait(_END_S)
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
        self.server, self._said = None, b""

    def _number(self, end: float, stop: threading.Event | None = None) -> int | None:
        """The next number that the server says; None in the end or at a stop.

        A server that is gone counts as a job that was killed.
        """
        while b"\n" not in self._said:
            if time.monotonic() > end or (stop and stop.is_set()):
                return None
            if not select.select([self.server.stdout], [], [], _POLL_S)[0]:
                continue
            if not (said := os.read(self.server.stdout.fileno(), 64)):
                self.close()
                return -signal.SIGKILL
            self._said += said
        line, self._said = self._said.split(b"\n", 1)
        return int(line)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
