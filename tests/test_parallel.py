import operator
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import sleeper

import lmnotes
from lmnotes import parallel


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    items = list(range(40))
    tripled = list(parallel.map_items(partial(operator.mul, 3), items, workers=workers))
    assert tripled == [3 * item for item in items]


def test_few_items_are_done_in_this_process_and_enough_in_others():
    def here(items, **options):
        return set(parallel.map_items(partial(_pid, 0), items, workers=2, **options))

    assert here(range(31)) == {os.getpid()} == here(range(4), least=3)
    assert os.getpid() not in here(range(4), least=2)


@pytest.mark.parametrize(
    ("given", "threads"), [("3", 3), ("2,1", 2), ("", None), ("0", None), ("many", None)]
)
def test_a_computation_has_as_many_threads_as_openmp_or_as_there_are_cores(
    monkeypatch, given, threads
):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert parallel.n_threads() == (threads or parallel.n_cores(10**6))


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "all"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv("LMNOTES_THREADS", given)
    with pytest.raises(ValueError, match=f"LMNOTES_THREADS = {given} was given; expected"):
        parallel.asked_threads()


def test_memory_is_what_the_tightest_control_group_has_left(tmp_path):
    own = Path("/proc/self/cgroup").read_text().partition("0::/")[2].strip()
    free = parallel.free_memory(tmp_path)
    for folder, most in ((tmp_path / own, "max"), (tmp_path, 2**20)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.max").write_text(f"{most}\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    (tmp_path / "memory.stat").write_text("anon 600000\ninactive_file 300000\nactive_file 1000\n")
    assert parallel.free_memory(tmp_path) == 2**20 - 1_000_000 + 301_000 < free


def test_limited_threads_hold_in_libraries_and_in_what_is_started(monkeypatch):
    import torch
    from threadpoolctl import threadpool_info, threadpool_limits

    for name, value in parallel.thread_settings(2).items():
        monkeypatch.setenv(name, value)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(2):
            parallel.limit_threads(1)
            assert torch.get_num_threads() == parallel.n_threads() == 1
            assert {library["num_threads"] for library in threadpool_info()} == {1}
    finally:
        torch.set_num_threads(before)


def _pid(_zero, _item):
    return os.getpid()


CALLERS = {
    "map_items": """
from functools import partial
from lmnotes import parallel
list(parallel.map_items(partial(sleeper.sleep, folder), range(2), workers=2, least=1))
""",
    "zoo": """
from lmnotes.models.zoo import workers
job = workers.Job(sleeper.Spec(folder), {}, folder, {}, None)
workers.build_all([job], workers=1, progress=False)
""",
}


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks for processes in /proc")
@pytest.mark.parametrize("caller", [pytest.param("map_items", marks=pytest.mark.slow), "zoo"])
def test_the_children_of_a_killed_parent_end(caller, tmp_path):
    (tmp_path / "started").mkdir()
    script = f"import sys, sleeper; folder = {str(tmp_path / 'started')!r}\n{CALLERS[caller]}"
    sources = [str(Path(lmnotes.__file__).parents[1]), str(Path(sleeper.__file__).parent)]
    environment = {"PYTHONPATH": os.pathsep.join(sources), "LMNOTES_MARK": str(tmp_path)}
    environment |= {"LMNOTES_HOME": str(tmp_path / "home")}
    parent = subprocess.Popen([sys.executable, "-c", script], env=os.environ | environment)
    n_workers = 2 if caller == "map_items" else 1
    wait_until(lambda: len(os.listdir(tmp_path / "started")) == n_workers, seconds=60)
    parent.kill()
    parent.wait()
    wait_until(lambda: not sleeper.marked(tmp_path), seconds=5)


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
