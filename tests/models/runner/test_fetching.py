"""Files of coming models from a hub on the loopback interface, by the hub's real client."""

import hashlib
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict

import ledger_cases as cases
import loopback_hub
import pytest

from lmnotes.models.ledger import ledger
from lmnotes.models.runner import fetching, runner
from lmnotes.models.scoring import hub as hubs
from lmnotes.models.scoring.identity import identify

SETTINGS = {"devices": ["cpu"], "backoff_s": 0.01, "progress": False}
SETTINGS |= {"worker": "faulty_worker:main"}
WEIGHTS, N = 200_000, 5  # bytes of each model, and models


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with lab/00 to lab/04, of which the first is scored until `door` is there."""
    cache = tmp_path / "cache"
    with loopback_hub.serving() as served:
        for number in range(N):
            config = {"fault": "", "times": 0, "events": str(tmp_path / "events")}
            config |= {"until": str(tmp_path / "door")} if number == 0 else {}
            files = {"config.json": json.dumps(config).encode()}
            files["model.safetensors"] = bytes([number]) * WEIGHTS
            served.put(f"lab/{number:02d}", files)
        for name, value in served.env(cache).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        monkeypatch.setattr(runner, "NEEDED", ("faulty_worker",))
        for place in ("constants", "utils._cache_manager"):  # of this process, which evicts
            monkeypatch.setattr(f"huggingface_hub.{place}.HF_HUB_CACHE", str(cache))
        yield served


@contextmanager
def running(tmp_path, **settings):
    """A run whose first model is being scored; the answer ends that and gives the table."""
    rows = ledger.open(cases.text_set())
    models, door = [f"lab/{number:02d}" for number in range(N)], tmp_path / "door"
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(runner.score, models, rows, **SETTINGS | settings)
        try:
            yield lambda: (door.touch(), future.result(timeout=60))[1]
        finally:
            door.touch()


def weights(hub):
    """How many bytes of each model's weights went out."""
    hashes = [hashlib.sha256(bytes([n]) * WEIGHTS).hexdigest() for n in range(N)]
    sent = hub.fetched()
    return [sent.get(name, 0) for name in hashes]


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_files_come_ahead_and_once(hub, tmp_path):
    with running(tmp_path) as end:
        wait_until(lambda: weights(hub) == [WEIGHTS] * N)  # while the first is scored
        assert not (tmp_path / "events").exists()
        table = end()
    assert table["status"].tolist() == ["scored"] * N
    assert weights(hub) == [WEIGHTS] * N
    sent = hub.fetched()
    names = [f"/lab/{n:02d}/resolve/{hub.commit(f'lab/{n:02d}')}/config.json" for n in range(N)]
    assert sorted(path for path in sent if path.startswith("/")) == names  # each at one commit
    assert [sent[name] for name in names] == [
        len(hub.trees[f"lab/{n:02d}"][hub.commit(f"lab/{n:02d}")]["config.json"]) for n in range(N)
    ]


def in_cache(tmp_path):
    sizes = []
    for path in (tmp_path / "cache").glob("models--*/blobs/*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return sum(sizes)


def test_what_is_fetched_ahead_stays_within_the_disk(hub, tmp_path):
    largest = []
    hub.on_request = lambda _: largest.append(in_cache(tmp_path))
    limit = int(2.5 * WEIGHTS)
    with running(tmp_path, disk=limit, evict=True) as end:
        wait_until(lambda: weights(hub)[:2] == [WEIGHTS] * 2)
        time.sleep(0.5)
        assert weights(hub) == [WEIGHTS] * 2 + [0] * 3
        table = end()
    assert table["status"].tolist() == ["scored"] * N and weights(hub) == [WEIGHTS] * N
    assert WEIGHTS < max(largest) <= limit and in_cache(tmp_path) == 0


def test_without_eviction_the_rest_is_fetched_in_its_turn(hub, tmp_path):
    with running(tmp_path, disk=int(1.5 * WEIGHTS)) as end:
        wait_until(lambda: weights(hub)[0] == WEIGHTS)
        time.sleep(0.5)
        assert weights(hub)[1:] == [0] * (N - 1)
        assert end()["status"].tolist() == ["scored"] * N
    assert weights(hub) == [WEIGHTS] * N and in_cache(tmp_path) > N * WEIGHTS


def test_what_cannot_be_fetched_is_recorded_by_the_models_own_attempt(hub, tmp_path):
    hub.faults |= {"lab/01": {"gated": 403}, "lab/02": {"missing": 1}}
    with running(tmp_path) as end:
        wait_until(lambda: weights(hub) == [WEIGHTS, 0, 0, WEIGHTS, WEIGHTS])
        table = end()
    assert table["kind"].tolist() == ["", "gated", "missing", "", ""]
    assert table["attempts"].tolist() == [1] * N


def test_a_fetch_is_ended_in_its_middle(hub, tmp_path):
    hub.faults["lab/01"] = {"delay_s": 600, "only": "safetensors"}
    jobs = [
        {"model": asdict(identify(f"lab/0{n}")), "evict": False, "was_cached": False}
        for n in (0, 1)
    ]
    fetcher = fetching.Fetcher(jobs, 10**9)
    wait_until(lambda: hub.asked("", "lab/01.*safetensors"))
    assert fetcher.n_bytes(jobs[0]) > WEIGHTS and fetcher.n_bytes(jobs[1]) is None
    assert (
        fetcher.started(jobs[0])["commit"]
        == hub.commit("lab/00")
        == hubs.commit_of(identify("lab/00"))
    )
    fetcher.close()
    assert all(helper.process.poll() is not None for helper in fetcher._helpers)
    assert weights(hub)[:2] == [WEIGHTS, 0]
