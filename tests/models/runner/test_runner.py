import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import faulty_worker
import ledger_cases as cases
import numpy as np
import psutil
import pytest
import sleeper

from lmnotes import parallel, warm
from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import processes, runner

WORKER = "faulty_worker:main"
SETTINGS = {"devices": ["cpu"], "backoff_s": 0.01, "progress": False, "worker": WORKER}
ALWAYS = ("missing", "unsupported", "not_a_number", "network")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setattr(runner, "NEEDED", ("faulty_worker",))
    return ledger.open(cases.text_set())


@pytest.fixture
def model(tmp_path):
    """Makes a model folder with a fault that shows in its first attempts."""

    def make(number, fault="", times=99, **more):
        folder = cases.folder(tmp_path / "models" / f"{number:02d}", str(number))
        config = {"fault": fault, "times": times if fault else 0}
        config |= {"events": str(tmp_path / "events"), **more}
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


def starts(tmp_path):
    """How often a process was started for each model."""
    path = tmp_path / "events"
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.split()[0] for line in lines)


def steps(tmp_path):
    """What the workers of models did, in time: its name, and ready, a device or done."""
    path = tmp_path / "events-steps"
    return path.read_text().splitlines() if path.exists() else []


def ready(tmp_path):
    return [step.split()[0] for step in steps(tmp_path) if step.endswith("ready")]


def check_values(rows):
    """Every row is what its model's process gave, whatever happened in between."""
    L = rows.matrix()
    for row, folder in zip(L.values, L.models["path"], strict=True):
        assert np.array_equal(row, faulty_worker.values(folder, rows.n_texts))
    assert L.models["id"].is_unique
    return L


def test_forty_models_with_faults_leave_35_rows_and_5_failures(rows, model, tmp_path):
    faults = [(fault, 0 if fault == "not_a_number" else 99) for fault in ALWAYS]
    faults += [(fault, 1) for fault in ("other", "network", "other", "network")]
    faults += [("killed", 1)] * 4 + [("killed", 99)] + [("", 0)] * 27
    order = np.random.default_rng(0).permutation(40)
    models = [model(number, *faults[number]) for number in order]
    table = runner.score(models, rows, workers=2, **SETTINGS).set_index("model")
    assert Counter(table["status"]) == {"scored": 35, "failed": 5}
    assert len(rows.rows()) == 35 and len(check_values(rows)) == 35
    failed = rows.failures().set_index("model")
    never = dict(zip(["00", "01", "02", "03"], ALWAYS, strict=True))
    assert failed["kind"].to_dict() == never | {"12": "killed"}
    tries = dict.fromkeys(table.index, 1) | {f"{n:02d}": 2 for n in range(4, 12)}
    tries |= {"03": 3, "12": 3}
    assert table["attempts"].to_dict() == dict(starts(tmp_path)) == tries
    assert failed["attempts"].to_dict() == {name: tries[name] for name in failed.index}
    assert "signal SIGKILL" in failed.loc["12", "message"]


def no_server(_needed):
    """In the place of `warm.serving`, as on a system that cannot fork."""
    return nullcontext({})


def test_models_are_scored_without_a_server_that_was_killed(rows, model, tmp_path, monkeypatch):
    servers = []

    @contextmanager
    def serving(needed):
        before = children()
        with real(needed) as named:
            servers.extend(children() - before)
            yield named

    real = warm.serving
    monkeypatch.setattr(warm, "serving", serving)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(runner.score, [model(0, "slow", times=1), model(1)], rows, **SETTINGS)
        wait_until(lambda: starts(tmp_path) == {"00": 1})
        (server,) = servers
        os.kill(server, signal.SIGKILL)  # and the process that it had forked ends by itself
        table = run.result(timeout=60)
    assert table["status"].tolist() == ["scored"] * 2 and table["attempts"][0] == 2
    wait_until(lambda: not workers(tmp_path), seconds=5)


def children():
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.parametrize("forks", [True, False])
def test_a_worker_that_cannot_be_started_says_why(rows, model, monkeypatch, forks):
    if not forks:
        monkeypatch.setattr(warm, "serving", no_server)
    settings = SETTINGS | {"worker": "lmnotes.no_such_worker:main", "attempts": 1}
    table = runner.score([model(0)], rows, **settings)
    assert table["kind"].tolist() == ["killed"]
    assert "No module named 'lmnotes.no_such_worker'" in table["message"][0]


def test_a_ledger_that_is_deleted_meanwhile_is_no_fault_of_the_models(rows, model):
    (rows.folder / "texts.jsonl").unlink()
    (rows.folder / "logs").rmdir()
    table = runner.score([model(0, "missing")], rows, **SETTINGS)
    assert table.loc[0, ["status", "kind"]].tolist() == ["failed", "other"]
    assert "ledger.open(texts) with them writes it again" in table["message"][0]
    assert rows.failures().empty


def test_a_second_run_starts_nothing_but_what_may_have_passed(rows, model, tmp_path):
    models = [model(0), model(1, "missing"), model(2, "killed"), model(3, "network", times=3)]
    runner.score(models, rows, **SETTINGS)
    assert starts(tmp_path) == {"00": 1, "01": 1, "02": 3, "03": 3}
    table = runner.score(models, rows, **SETTINGS)
    assert table["status"].tolist() == ["kept", "failed before", "failed before", "scored"]
    assert table["kind"].tolist() == ["", "missing", "killed", ""]
    assert starts(tmp_path) == {"00": 1, "01": 1, "02": 3, "03": 4}
    table = runner.score(models, rows, retry_failed=True, **SETTINGS)
    assert table["status"].tolist() == ["kept", "failed", "failed", "kept"]
    assert starts(tmp_path) == {"00": 1, "01": 2, "02": 6, "03": 4}
    assert rows.failures()["kind"].tolist() == ["missing", "killed"]


def test_what_the_machine_did_is_not_held_against_the_model(rows, model, tmp_path):
    """Reported as E3SM-Project/E3SM#8699."""
    first, here = model(0, "machine", times=1), {"devices": ["cpu"], "time_limit_s": 3600}
    for status in ("failed", "scored"):
        assert runner.score([first], rows, **SETTINGS)["status"].tolist() == [status]
    models = [model(number) for number in (1, 2, 3)]
    rows.record_failure(models[0], "out_of_memory", "", 1, here | {"devices": ["cuda"]})
    rows.record_failure(models[1], "out_of_memory", "", 1, here)
    rows.record_failure(models[2], "timeout", "", 1, here | {"time_limit_s": 1})
    table = runner.score(models, rows, **SETTINGS)
    assert table["status"].tolist() == ["scored", "failed before", "scored"]


def test_one_model_is_no_list(rows, model):
    for single in ("gpt2", model(0), {"model": "gpt2"}):
        for call in (runner.score, lambda models, rows: rows.matrix(models)):
            with pytest.raises(InputError, match="a single one; expected a list"):
                call(single, rows)


def test_out_of_memory_halves_the_batch_until_it_fits(rows, model, tmp_path):
    models = [model(0, "out_of_memory", times=4), model(1, "out_of_memory")]
    table = runner.score(models, rows, tokens_per_batch=8192, attempts=1, **SETTINGS)
    lines = [line.split() for line in (tmp_path / "events").read_text().splitlines()]
    tokens = {name: [int(t) for n, _, t in lines if n == name] for name in ("00", "01")}
    assert tokens["00"] == [8192, 4096, 2048, 1024, 512]
    assert tokens["01"] == [8192, 4096, 2048, 1024, 512, 256]
    assert table["kind"].tolist() == ["", "out_of_memory"]


@pytest.mark.parametrize("forks", [True, False])
def test_a_hung_model_is_killed_with_its_children(rows, model, tmp_path, monkeypatch, forks):
    if not forks:
        monkeypatch.setattr(warm, "serving", no_server)
    start = time.monotonic()
    table = runner.score([model(0, "hung"), model(1)], rows, time_limit_s=8, **SETTINGS)
    assert time.monotonic() - start < 60
    assert table["status"].tolist() == ["failed", "scored"], table.to_string()
    assert table.loc[0, ["kind", "attempts"]].tolist() == ["timeout", 1]
    assert "longer than its limit of 8 s" in table.loc[0, "message"]
    assert not workers(tmp_path)


def workers(tmp_path):
    """The processes that write to a log of the ledger: those of models, and what they started."""
    result = []
    for path in Path("/proc").glob("[0-9]*/fd/1"):
        with suppress(OSError):
            if os.readlink(path).startswith(str(tmp_path)):
                result.append(path.parts[2])
    return result


RUN = """
import contextlib, signal, sys
from pathlib import Path
from lmnotes import warm
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import runner
signal.signal(signal.SIGINT, signal.default_int_handler)  # background shells hand it on as ignored
folder, models, worker, forks = sys.argv[1:]
runner.NEEDED = ()
if forks == "False":
    warm.serving = lambda needed: contextlib.nullcontext({})
runner.score(sorted(Path(models).iterdir()), ledger.open_folder(folder), workers=2,
             devices=["cpu"], backoff_s=0.01, worker=worker)
"""


def started_run(rows, tmp_path, forks=True):
    command = [sys.executable, "-c", RUN, str(rows.folder), str(tmp_path / "models"), WORKER]
    command.append(str(forks))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("forks", [True, False])
def test_a_killed_run_goes_on_where_it_was(rows, model, tmp_path, forks):
    n, n_kills = (12, 2) if forks else (7, 1)  # each of its processes imports anew
    for number in range(n):
        model(number, seconds=0.1)
    draw = np.random.default_rng(time.time_ns())  # another moment each time
    for kills in range(n_kills):
        run = started_run(rows, tmp_path, forks)
        wait_until(lambda kills=kills: len(rows.rows()) >= 2 + 3 * kills)
        time.sleep(draw.uniform(0, 0.5))
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        wait_until(lambda: not workers(tmp_path), seconds=5)
        before = {path: path.stat().st_ino for path in (rows.folder / "rows").glob("*.safetensors")}
        started = starts(tmp_path)
        assert 2 + 3 * kills <= len(before) == len(rows.rows())
    done = {Path(path).name for path in rows.rows()["path"]}
    last = started_run(rows, tmp_path, forks)
    said, _ = last.communicate(timeout=60)
    assert last.returncode == 0 and said.count(": kept") == len(done) < n
    assert said.count(": scored") == n - len(done)
    after = {path: path.stat().st_ino for path in (rows.folder / "rows").glob("*.safetensors")}
    assert len(after) == len(check_values(rows)) == n and rows.failures().empty
    assert {path: after[path] for path in before} == before
    again = starts(tmp_path) - started
    assert not done & set(again) and set(again) == {f"{k:02d}" for k in range(n)} - done
    assert set(again.values()) == {1}


POOL = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import runner
if __name__ == "__main__":
    folder, models, worker, method = sys.argv[1:]
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        runner.score(sorted(Path(models).iterdir()), ledger.open_folder(folder), executor=pool,
                     worker=worker)
"""


@pytest.mark.parametrize(
    "method", ["fork", *(pytest.param(m, marks=pytest.mark.slow) for m in ("spawn", "forkserver"))]
)
def test_the_processes_of_a_killed_executor_end(rows, model, tmp_path, method):
    for number in range(2):
        model(number, seconds=600)
    (tmp_path / "pool.py").write_text(POOL)
    command = [sys.executable, tmp_path / "pool.py", rows.folder, tmp_path / "models", WORKER]
    environment = os.environ | {"LMNOTES_MARK": str(tmp_path)}
    run = subprocess.Popen([*command, method], env=environment)
    wait_until(lambda: len(starts(tmp_path)) == 2)
    run.kill()
    run.wait()
    wait_until(lambda: not sleeper.marked(tmp_path), seconds=5)


@pytest.mark.parametrize("forks", [True, False])
def test_an_interrupt_ends_the_workers_and_records_nothing(rows, model, tmp_path, forks):
    for number in range(3):
        model(number, seconds=60)
    run = started_run(rows, tmp_path, forks)
    wait_until(lambda: len(starts(tmp_path)) == 2)
    wait_until(lambda: len(ready(tmp_path)) == 3)  # and one more waits for its turn
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)
    wait_until(lambda: not workers(tmp_path), seconds=5)
    assert run.returncode and rows.failures().empty and rows.rows().empty


def test_shards_are_all_models_once(rows, model):
    models = [model(number) for number in range(5)]
    sizes = [len(runner.score(models, rows, shard=f"{i}/3", **SETTINGS)) for i in (1, 2, 3)]
    assert sizes == [2, 2, 1] and len(check_values(rows)) == 5


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b", "1/0"])
def test_a_shard_that_cannot_be_is_refused(rows, shard):
    with pytest.raises(InputError, match="1 <= i <= n"):
        runner.score(["a"], rows, shard=shard, **SETTINGS)


def test_wrong_models_and_devices_are_refused_before_anything_starts(rows, model, tmp_path):
    with pytest.raises(InputError, match="hub id"):
        runner.score([model(0), "./gone"], rows, **SETTINGS)
    with pytest.raises(InputError, match="'gpu'"):
        runner.score([model(1)], rows, **SETTINGS | {"devices": ["gpu"]})
    assert starts(tmp_path) == {}


def test_lines_of_progress_and_what_is_remembered(rows, model):
    lines = []
    asked = {"model": model(0), "name": "first", "about": {"family": "x"}}
    models = [asked, model(1, "gated"), model(0 + 2), str(asked["model"])]
    table = runner.score(models, rows, **SETTINGS | {"progress": lines.append})
    assert table["model"].tolist() == ["first", "01", "02"]  # the same weights once
    assert lines[0].startswith("[1/3] first: scored ") and lines[0].endswith(" s")
    assert lines[1].startswith("[2/3] 01: failed (gated) ScoringFailure: injected gated")
    assert rows.rows().set_index("model").loc["first", "family"] == "x"


def test_any_executor_will_do(rows, model, tmp_path):
    models = [model(0), model(1, "killed", times=1), model(2, "missing")]
    with ProcessPoolExecutor(2) as pool:
        table = runner.score(models, rows, executor=pool, **SETTINGS)
    assert table["status"].tolist() == ["scored", "scored", "failed"]
    assert table["attempts"].tolist() == [1, 2, 1] and len(check_values(rows)) == 2


def test_an_executor_that_loses_its_workers_is_reported(rows, model):
    class Lost:
        def submit(self, function, job):
            future = Future()
            future.set_exception(RuntimeError("the node went away"))
            return future

    table = runner.score([model(0)], rows, executor=Lost(), **SETTINGS)
    assert table.loc[0, ["status", "kind"]].tolist() == ["failed", "other"]
    assert "the node went away" in table.loc[0, "message"]
    assert rows.failures().empty  # the next run tries it again


def test_two_workers_of_a_cluster(rows, model, tmp_path):
    from dask.distributed import Client, LocalCluster

    models = [model(number) for number in range(4)] + [model(4, "killed", times=1)]
    options = {"dashboard_address": None, "local_directory": str(tmp_path / "dask")}
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, **options)
    with cluster, Client(cluster) as client:
        table = runner.score(models, rows, executor=client.get_executor(), **SETTINGS)
    assert table["status"].tolist() == ["scored"] * 5 and table["attempts"].max() == 2
    assert len(check_values(rows)) == 5


@pytest.fixture
def held(rows, model, tmp_path):
    """Runs models of which the first is scored until the answer's file is made."""

    @contextmanager
    def run(*others, **settings):
        door = tmp_path / "door"
        models = [model(0, until=str(door)), *others]
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(runner.score, models, rows, **SETTINGS | settings)
            try:
                wait_until(lambda: "00 cpu" in steps(tmp_path))
                yield lambda: (door.touch(), future.result(timeout=60))[1]
            finally:
                door.touch()

    return run


def test_one_model_gets_ready_while_one_is_scored(held, model, tmp_path):
    with held(model(1), model(2)) as end:
        wait_until(lambda: ready(tmp_path) == ["00", "01"])
        time.sleep(0.5)
        assert ready(tmp_path) == ["00", "01"] and set(starts(tmp_path)) == set()
        table = end()
    assert table["model"].tolist() == ["00", "01", "02"]
    assert table["status"].tolist() == ["scored"] * 3
    done = steps(tmp_path)
    for number in ("01", "02"):  # one at a time is scored
        before = done[: done.index(f"{number} cpu")]
        assert all(f"{step.split()[0]} done" in before for step in before if "cpu" in step)


@pytest.mark.parametrize("settings", [{"ahead": False}, {}], ids=["not asked", "no memory"])
def test_no_model_starts_early_unasked_or_where_memory_is_short(
    held, model, tmp_path, monkeypatch, settings
):
    if not settings:
        monkeypatch.setattr(parallel, "free_memory", lambda: 2**20)
    with held(model(1), model(2), **settings) as end:
        time.sleep(0.5)
        assert end()["status"].tolist() == ["scored"] * 3
    in_turn = [f"{number} {step}" for number in ("00", "01", "02") for step in IN_TURN]
    assert steps(tmp_path) == in_turn


IN_TURN = ("ready", "cpu", "done")


@pytest.mark.parametrize("fault", ["out_of_memory", "killed"])
def test_a_waiting_worker_that_runs_out_of_memory_is_tried_again_in_its_turn(
    held, model, tmp_path, fault
):
    with held(model(1, fault, times=1, early=True), model(2), attempts=1) as end:
        wait_until(lambda: starts(tmp_path)["01"] == 1)
        time.sleep(0.2)
        assert starts(tmp_path)["01"] == 1  # not beside the one that is scored
        table = end()
    assert table["status"].tolist() == ["scored"] * 3
    lines = [line.split() for line in (tmp_path / "events").read_text().splitlines()]
    assert [tokens for name, _, tokens in lines if name == "01"] == ["None", "None"]


def test_what_happens_to_a_waiting_worker_costs_its_model_alone(held, model, rows, tmp_path):
    faults = [model(n, fault, early=True) for n, fault in ((1, "killed"), (2, "unsupported"))]
    with held(*faults, model(3, "hung", early=True), model(4), time_limit_s=6) as end:
        wait_until(lambda: starts(tmp_path)["01"] == 1)
        table = end()
    assert table["kind"].tolist() == ["", "killed", "unsupported", "timeout", ""]
    assert len(check_values(rows)) == 2 and not workers(tmp_path)


def test_the_time_until_its_turn_is_not_a_models_own(rows, model):
    models = [model(number, seconds=6) for number in range(2)]
    start = time.monotonic()
    table = runner.score(models, rows, time_limit_s=11, **SETTINGS)
    assert table["status"].tolist() == ["scored"] * 2 and time.monotonic() - start > 12
    assert table["seconds"].between(6, 11).all()


@pytest.mark.parametrize(
    ("workers", "asked", "threads"), [(1, None, "4"), (2, None, "2"), (4, None, "1"), (1, "1", "1")]
)
def test_tokenizers_share_the_cores_of_a_place(rows, model, monkeypatch, workers, asked, threads):
    def run(job, env, turn):
        seen.append([env[name] for name in (*names, "TOKENIZERS_PARALLELISM")])
        return dict.fromkeys(runner._COLUMNS, "")

    seen, names = [], ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")
    for name in (*names, "TOKENIZERS_PARALLELISM"):
        monkeypatch.delenv(name, raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(processes, "run", run)
    monkeypatch.setattr(warm, "serving", no_server)
    runner.score([model(number) for number in range(4)], rows, workers=workers, **SETTINGS)
    assert seen == [[threads, threads, "false" if threads == "1" else "true"]] * 4
