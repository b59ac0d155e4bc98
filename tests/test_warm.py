"""Processes that are forked from a warm one: as new as one of a new interpreter, and as mortal."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import sleeper

from lmnotes import parallel, warm
from lmnotes.runs import watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no fork there")


def notebook_of(folder, *sources):
    how = {"metadata": {}, "outputs": [], "execution_count": None, "cell_type": "code"}
    cells = [how | {"id": str(number), "source": text} for number, text in enumerate(sources)]
    spec = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    path = folder / "notebooks" / "01_cells.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


def ended(folder, *sources):
    """How a notebook with these cells ended, and what its last cell printed."""
    notebook, left = notebook_of(folder, *sources), folder / "run"
    left.mkdir()
    end = watch.execute(notebook, left, {}, "smoke", "")
    cells = json.loads((left / "notebook.ipynb").read_text())["cells"]
    return end, "".join(text for out in cells[-1]["outputs"] for text in out.get("text", []))


CHANGE = """
import os, sys, numpy as np
np.lmnotes_mark = os.environ["LMNOTES_LEFT"] = sys.lmnotes_mark = "left"
np.random.seed(0); os.umask(0o077); os.chdir("/")
"""
ASK = """
import os, sys, numpy as np
print(os.environ.get("LMNOTES_LEFT"), hasattr(np, "lmnotes_mark"), hasattr(sys, "lmnotes_mark"))
print(os.environ["PYTHONHASHSEED"], os.environ["OMP_NUM_THREADS"], hash("a"), os.getppid())
print(os.getcwd())
"""


def test_what_a_notebook_sets_does_not_reach_the_next(tmp_path):
    end, _ = ended(tmp_path / "first", CHANGE)
    assert end["status"] == "ok"
    end, said = ended(tmp_path / "second", ASK)
    state, settings, folder = said.splitlines()
    assert end["status"] == "ok" and state == "None False False"
    code = "print(hash('a'))"
    fresh = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True
    )
    seed, threads, number, parent = settings.split()
    assert (seed, threads, number) == ("0", "1", fresh.stdout.decode().strip())
    assert folder == str(tmp_path / "second")
    with open(f"/proc/{parent}/cmdline") as command:  # it was forked, not started
        assert "lmnotes.warm" in command.read()


def test_a_kernel_that_dies_is_named_with_its_cell(tmp_path):
    end, _ = ended(tmp_path, "a = 1", "import os; os.kill(os.getpid(), 9)")
    assert end["status"] == "failed" and end["cell"] == 2
    assert end["error"].startswith("the kernel died, most often for lack of memory")


def test_a_child_is_as_a_popen_and_goes_with_who_asked_for_it(tmp_path):
    env = os.environ | warm.address()
    ask = partial(parallel.popen, "subprocess:_cleanup", env=env)
    child = ask(cwd=str(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.wait(30) == child.poll() == 0 and child.stdout.read() == b""
    child = parallel.popen("signal:pause", env=env)
    assert child.poll() is None and os.getpgid(child.pid) == child.pid
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.01)
    child.terminate()
    assert child.wait(10) == -signal.SIGTERM
    child = parallel.popen("signal:pause", env=env)
    watched = os.pidfd_open(child.pid)
    child._line.close()  # as when this process ends
    assert select.select([watched], [], [], 10)[0]
    os.close(watched)


def test_the_place_of_a_server_goes_with_it():
    with warm.serving(()) as named:
        place = Path(named[parallel.WARM])
        child = parallel.popen("signal:pause", env=os.environ | named)
    assert child.wait(10) == -signal.SIGKILL and not place.parent.exists()


OWNER = """
import os, time
from lmnotes import warm
with warm.serving(()):
    os.fork()  # the pipe to the server stays open in this process
    time.sleep(600)
"""


def test_a_server_ends_with_who_started_it_though_its_pipe_stays_open(tmp_path):
    environment = os.environ | {"LMNOTES_MARK": str(tmp_path)}
    run = subprocess.Popen([sys.executable, "-c", OWNER], env=environment)

    def servers():
        return [said for said in sleeper.marked(tmp_path).values() if b"lmnotes.warm\0" in said]

    def wait_until(condition):
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)

    wait_until(lambda: servers() and len(sleeper.marked(tmp_path)) == 3)
    run.kill()
    run.wait()
    try:
        wait_until(lambda: not servers())
    finally:
        for left in sleeper.marked(tmp_path):
            os.kill(left, signal.SIGKILL)


def test_work_is_forked_from_a_warm_process_where_there_is_one(monkeypatch):
    cold = set(parallel.map_items(_parent, range(4), workers=2, least=1))
    assert cold == {os.getpid()}
    monkeypatch.setenv(*warm.address().popitem())
    forked = set(parallel.map_items(_parent, range(4), workers=2, least=1))
    assert len(forked) == 1 and forked != cold
    with pytest.raises(ZeroDivisionError) as raised:
        list(parallel.map_items(_invert, [1, 2, 0, 4], workers=2, least=1))
    assert "_invert" in raised.value.__notes__[0]  # where it happened
    with pytest.raises(RuntimeError, match="ended with code -9 at 0"):
        list(parallel.map_items(_end, [0, 1], workers=2, least=1))


def _parent(_item):
    return os.getppid()


def _invert(number):
    return 1 / number


def _end(_item):
    os.kill(os.getpid(), signal.SIGKILL)
