import json
import multiprocessing
import os
import subprocess
import sys
import time

import pytest

from lmnotes import store, times

BURN = "import time\nwhile time.process_time() < {}: pass"


HERE = {"pid": 1, "warm": False}


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def write_in_workers(folder):
    burn(0.1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.map(build_inner, ["a"])
        pool.close()
        pool.join()


def build_inner(name):
    store.build("inner", {"name": name}, lambda folder: burn(0.3))


def test_an_artefact_has_its_own_time_without_those_inside_it(tmp_path, monkeypatch):
    # 0.1 s here and 0.3 s in an artefact of a worker: neither is counted twice
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(times.VARIABLE, str(tmp_path / "times"))
    monkeypatch.delenv("LMNOTES_WARM", raising=False)
    store.build("outer", {}, write_in_workers)
    store.build("outer", {}, write_in_workers)  # it is there
    inner, outer = times.read(tmp_path / "times", time.time())["artefacts"]
    assert inner["name"].startswith("inner/") and outer["name"].startswith("outer/")
    assert inner["inside"] == outer["name"] and outer["inside"] == ""
    assert 0.28 < inner["cpu"] < 0.6
    assert times.read(tmp_path / "times", time.time())["reused"] == []  # what was made counts
    monkeypatch.setenv(times.VARIABLE, str(tmp_path / "later"))
    store.build("outer", {}, write_in_workers)
    assert times.read(tmp_path / "later", time.time())["reused"] == [outer["name"]]
    whole = [json.loads(line) for line in (tmp_path / "times").read_text().splitlines()][1]
    assert whole["cpu"] >= 0.4  # the worker's own start among it
    assert outer["cpu"] == pytest.approx(whole["cpu"] - inner["cpu"], abs=0.002)


def test_processes_that_still_run_count():
    before = times.cpu_seconds()
    child = subprocess.Popen(
        [sys.executable, "-c", BURN.format(0.3) + "\nprint(flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child.stdout.readline()
    alive = times.cpu_seconds() - before
    child.communicate(b"\n")
    ended = times.cpu_seconds() - before
    assert 0.28 <= alive <= ended + 0.05 and ended < 2


def test_nothing_is_measured_where_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.delenv(times.VARIABLE, raising=False)
    with times.measured("artefact", "a"):
        assert times._INSIDE not in os.environ
    assert times.read(tmp_path / "absent", 0.0) == {}


def test_a_sum_has_each_part_once(tmp_path):
    path = tmp_path / "times"
    lines = [
        {"kind": "start", "at": 12.0, "cpu": 3.0},
        {"kind": "figure", "name": "f", "inside": "", "seconds": 0.5, "cpu": 0.5},
        {
            "kind": "artefact",
            "name": "b",
            "inside": "a",
            "pid": 1,
            "warm": False,
            "seconds": 2.0,
            "cpu": 4.0,
        },
        {
            "kind": "artefact",
            "name": "a",
            "inside": "",
            "pid": 1,
            "warm": False,
            "seconds": 3.0,
            "cpu": 5.0,
        },
        {"kind": "cell", "cell": 2, "line": "a()", "seconds": 4.0, "cpu": 6.0},
        {"kind": "page", "name": "", "inside": "", "seconds": 1.0, "cpu": 1.0},
        {"kind": "launcher", "seconds": 0, "cpu": 2.0},
        {"kind": "worker", "name": "lmnotes.parallel:work", "seconds": 0, "cpu": 0.5},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "ce')
    whole = times.read(path, 10.0)
    assert whole["start"] == {"seconds": 2.0, "cpu": 3.0}
    assert [(a["name"], a["seconds"], a["cpu"]) for a in whole["artefacts"]] == [
        ("b", 2.0, 4.0),
        ("a", 1.0, 1.0),
    ]
    assert whole["all"]["cpu"] == 3.0 + 6.0 + 2.0 + 0.5
    table = times.rows("01_tiny", whole)
    assert table[0][:2] == ("01_tiny", "11.5")
    assert ("  cell", "6.0", "4.0", "[2] a()") in table
    assert table[-2:] == [("  artefact", "4.0", "2.0", "b"), ("  artefact", "1.0", "1.0", "a")]


def test_what_a_warm_process_forked_is_noted_by_it_but_not_twice(tmp_path):
    path = tmp_path / "times"
    for target in ("lmnotes.parallel:work", "lmnotes.runs.execute:main"):
        times.note_process(target, {times.VARIABLE: str(path)}, 0.5, cwd="/")
    times.note_process("lmnotes.parallel:work", {}, 0.5)
    whole = times.read(path, 0.0)
    assert whole["workers"]["cpu"] == whole["all"]["cpu"] == 0.5


def test_an_artefact_of_a_forked_worker_is_not_taken_off_who_waited(tmp_path):
    entry = {"kind": "artefact", "seconds": 1.0, "cpu": 2.0, "warm": True}
    inner = {"name": "b", "inside": "a", "pid": 2}
    outer = {"name": "a", "inside": "", "pid": 1, "cpu": 0.5}
    path = tmp_path / "times"
    path.write_text("".join(json.dumps(entry | line) + "\n" for line in (inner, outer)))
    assert [e["cpu"] for e in times.read(path, 0.0)["artefacts"]] == [2.0, 0.5]


def test_blocks_of_two_threads_may_overlap(tmp_path, monkeypatch):
    monkeypatch.setenv(times.VARIABLE, str(tmp_path / "times"))
    first, second = times.measured("artefact", "first"), times.measured("artefact", "second")
    for step in (first.__enter__, second.__enter__):
        step()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    names = [json.loads(line)["name"] for line in (tmp_path / "times").read_text().splitlines()]
    assert names == ["first", "second"]
