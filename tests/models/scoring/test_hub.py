"""Models of a hub, through the whole runner, with the real client of the hub and no other host.

One run scores and refuses most of the cases, as a process that has imported `transformers` costs
more than ten models.
"""

import hashlib
import json
import os
import pickle
import re
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import ledger_cases as cases
import loopback_hub
import numpy as np
import pytest
import tiny_models

from lmnotes import warm
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import plan, processes, runner
from lmnotes.models.scoring import failures, hub, loading
from lmnotes.models.scoring.identity import identify

WEIGHTS = "model.safetensors"
SETTINGS = {"devices": ["cpu"], "workers": 2, "backoff_s": 0.01, "progress": False}
SETTINGS["ahead"] = False  # what is fetched ahead meets the faults in the worker's place
NAMES = str.split(
    "public public@step7 sharded busy greedy broken garbage flaky slow cut reset moving later "
    "torch pickled code gated-401 gated-403 forbidden private hollow lost-shard no-config none "
    "public@nope"
)
FAILED = {
    "gated": "gated-401 gated-403 forbidden",
    "missing": "private hollow lost-shard no-config none public@nope",
    "unsupported": "pickled",
    "remote_code": "code",
}


class Marks:
    """An object whose unpickling leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def server(patch, tmp_path_factory):
    """A hub, which this process and its workers use; what others ask of it is caught."""
    folder = tmp_path_factory.mktemp("hub")
    with loopback_hub.serving() as server:
        server.folder, server.cache = folder, folder / "cache"
        server.use(patch, server.cache)
        patch.setenv("LMNOTES_HOME", str(folder / "home"))
        patch.setenv("OMP_NUM_THREADS", "1")
        with warm.serving(runner.NEEDED) as named:
            for name, value in named.items():
                patch.setenv(name, value)
            yield server
        assert server.outside() == []


@pytest.fixture(scope="module")
def folders(server):
    """Saved models: two of one size, one in shards, one in torch's own format, one of 24 MB."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM

    made = {}
    for seed, name in enumerate(("first", "second")):
        made[name] = Path(tiny_models.save("llama", server.folder / name, seed=seed))
    for name in ("sharded", "torch", "large"):
        made[name] = shutil.copytree(made["first"], server.folder / name)
        (made[name] / WEIGHTS).unlink()
    model = AutoModelForCausalLM.from_pretrained(made["first"])
    model.save_pretrained(made["sharded"], max_shard_size="60KB")
    torch.save(model.state_dict(), made["torch"] / "pytorch_model.bin")
    more = {"not.read": torch.zeros(6_000_000)}  # the client resumes by pieces of 10 MB
    save_file(model.state_dict() | more, made["large"] / WEIGHTS, {"format": "pt"})
    return made


def files(folder, **more):
    """The files of a folder by name, with some changed, or without them where one is None."""
    known = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} | more
    return {name: data for name, data in known.items() if data is not None}


@pytest.fixture(scope="module")
def run(server, folders, patch):
    """The ledger and the table of a run over everything that a hub may do."""
    first, marks = folders["first"], server.folder / "marks"
    marks.mkdir()
    put, bare = server.put, files(first, **{WEIGHTS: None})
    put("lab/public", files(first, **{"README.md": b"x", "flax_model.msgpack": b"x"}))
    put("lab/public", folders["second"], "step7")
    put("lab/sharded", files(folders["sharded"], **{"pytorch_model.bin": b"not read"}))
    for name in ["busy", "greedy", "broken", "garbage", "flaky", "slow", "moving", "later"]:
        put(f"lab/{name}", first)
    for name in ["gated-401", "gated-403", "forbidden", "private"]:
        put(f"lab/{name}", first)
    for name in ("cut", "reset"):
        put(f"lab/{name}", folders["large"])
    put("lab/torch", folders["torch"])
    evil = pickle.dumps(Marks(marks / "unpickled"))
    put("lab/pickled", bare | {"pytorch_model.bin": evil})
    config = json.loads((first / "config.json").read_text()) | {"model_type": "own-kind"}
    config["auto_map"] = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    code = f"open({str(marks / 'executed')!r}, 'w')".encode()
    put("lab/code", files(first, **{"config.json": json.dumps(config).encode(), "own.py": code}))
    put("lab/hollow", bare)
    shards = files(folders["sharded"])
    shards.pop(max(name for name in shards if "-of-" in name))
    put("lab/lost-shard", shards)
    put("lab/no-config", files(first, **{"config.json": None}))
    server.faults |= {
        "lab/gated-401": {"gated": 401},
        "lab/gated-403": {"gated": 403},
        "lab/forbidden": {"forbidden": 1},
        "lab/private": {"private": 1},
        "lab/busy": {"busy": 1, "retry_after": 1, "only": "api"},
        "lab/greedy": {"busy": 1, "retry_after": 10_000, "only": "api"},
        "lab/broken": {"broken": 2, "only": "api"},
        "lab/garbage": {"garbage": 1},
        "lab/flaky": {"broken": 2, "only": "config.json"},
        "lab/slow": {"delay_s": 0.2, "info": True},
        "lab/cut": {"cut": 1, "after": 15_000_000, "only": "/lfs/"},
        "lab/reset": {"reset": 1, "after": 15_000_000, "only": "/lfs/"},
        "lab/later": {"broken": 1, "only": "/lfs/"},  # which ends the first attempt
    }
    moved = files(folders["second"])

    def move(request):  # after its settings were read, and before its weights
        for name in ("lab/moving", "lab/later"):
            if request.path.startswith(f"/{name}/") and request.path.endswith(WEIGHTS):
                put(name, moved)

    server.on_request = move
    patch.setattr(processes, "_MOST_PAUSE_S", 1.5)
    rows = ledger.open(cases.text_set())
    before = {name: server.commit(*f"lab/{name}@main".split("@")[:2]) for name in NAMES}
    models = [f"lab/{name}" for name in NAMES] + [folders["first"], folders["second"]]
    table = runner.score(models, rows, **SETTINGS)
    table["model"] = table["model"].str.removeprefix("lab/")
    return rows, table.set_index("model"), before, marks


def test_each_model_ends_in_a_row_or_in_its_own_kind_with_what_to_do(run, folders):
    rows, table, before, marks = run
    kinds = table["kind"][table["status"] != "scored"].to_dict()
    assert kinds == {name: kind for kind, names in FAILED.items() for name in names.split()}
    said = table["message"]
    for kind in ("gated", "missing"):
        assert said[table["kind"] == kind].str.endswith(failures.ADVICE[kind]).all()
    assert "lacks model-00003-of-00003.safetensors" in said["lost-shard"]
    assert "no weights" in said["hollow"] and "convert it" in said["pickled"]
    assert not list(marks.iterdir())  # nothing of what they brought was run
    L = rows.matrix().models.assign(row=list(rows.matrix().values))
    L.index = L["model"].str.removeprefix("lab/")
    for name in set(NAMES) - kinds.keys():
        same = folders["second" if name == "public@step7" else "first"].name
        assert np.array_equal(L.loc[name, "row"], L.loc[same, "row"]), name
        assert L.loc[name, "commit"] == before[name]  # all of it of one commit, also where it moved


def test_a_hub_that_fails_or_asks_to_wait_is_asked_again_as_often_as_it_takes(run, server):
    _, table, *_ = run
    again = {"busy": 2, "greedy": 2, "broken": 3, "garbage": 2, "reset": 2, "later": 2}
    tries = table["attempts"]
    assert tries[tries > 1].to_dict() == again
    for name, least in (("busy", 1), ("greedy", 1.5)):
        asked = [r.when for r in server.asked("GET", f"api/models/lab/{name}/")]
        assert least < asked[1] - asked[0] < 20  # what it says, up to the longest pause


def test_nothing_is_fetched_twice_and_nothing_that_is_not_read(run, server):
    got = [r for r in server.asked("GET", "^/(?!api/)") if r.status in (200, 206)]
    key = r"^(/lfs)?/(lab/[^/]+)/(?:resolve/\w+/)?(.+)$"
    times = Counter("/".join(re.match(key, r.path).groups()[1:]) for r in got)
    twice = {name: n for name, n in times.items() if n > 1}
    size = (server.folder / "large" / WEIGHTS).stat().st_size
    for name in ("cut", "reset"):  # within an attempt, and by the next
        first, second = server.asked("GET", f"/lfs/lab/{name}/")
        assert (first.sent, second.status) == (15_000_000, 206)
        start = int(second.range.removeprefix("bytes=").rstrip("-"))
        assert 0 < start <= first.sent and second.sent == size - start
        assert twice.pop(next(n for n in twice if n.startswith(f"lab/{name}/"))) == 2
    assert not twice  # config.json and tokenizer of public are those of its step7 too
    assert not [name for name in times if re.search(r"README|msgpack|\.py$|sharded/pytorch", name)]


def test_a_second_run_asks_the_hub_nothing(run, server):
    rows, *_ = run
    n_before = len(server.requests)
    again = runner.score([f"lab/{name}" for name in NAMES], rows, **SETTINGS)
    assert set(again["status"]) == {"kept", "failed before"}
    assert len(server.requests) == n_before


def test_what_was_fetched_loads_without_the_hub(run, server, monkeypatch):
    who = identify("lab/sharded")
    online = hub.files(who)
    assert online.n_cached == online.n_bytes and online.commit == hub.commit_of(who)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    n_before = len(server.requests)
    here = hub.files(who)
    assert here.sizes == online.sizes and hub.fetch(who).name == online.commit
    assert loading.load("lab/sharded").revision == online.commit
    (hub.fetch(who) / list(here.sizes)[-1]).unlink()
    for name in ("lab/sharded", "lab/never"):  # in part, and not at all
        with pytest.raises(
            failures.ScoringFailure, match=f"{name}@main.*HF_HUB_OFFLINE.*run ag"
        ) as r:
            loading.load(name)
        assert r.value.kind == "network"
    assert len(server.requests) == n_before


def test_what_a_killed_process_left_is_gone_on_with_or_removed(server, folders):
    who = identify("lab/left")
    commit = server.put("lab/left", folders["large"])
    data = (folders["large"] / WEIGHTS).read_bytes()
    blobs = server.cache / "models--lab--left" / "blobs"
    blobs.mkdir(parents=True)
    part = blobs / f"{hashlib.sha256(data).hexdigest()}.incomplete"
    part.write_bytes(b"\0" * 20_000_000)  # which is damaged
    for age, name in ((7200, "old"), (0, "new")):  # as the hub's own client names them
        left = blobs / f"abc.{name}.incomplete"
        left.touch()
        os.utime(left, (time.time() - age,) * 2)
    with pytest.raises(failures.ScoringFailure, match="came damaged") as raised:
        hub.fetch(who)
    assert raised.value.kind == "network" and not part.exists()
    part.write_bytes(data[:20_000_000])
    assert hub.fetch(who) == blobs.parent / "snapshots" / commit
    assert (hub.fetch(who) / WEIGHTS).read_bytes() == data
    asked = server.asked("GET", "/lfs/lab/left/")
    assert [r.range for r in asked] == ["bytes=20000000-"] * 2
    assert [path.name for path in blobs.glob("*.incomplete")] == ["abc.new.incomplete"]


def test_a_model_that_is_evicted_leaves_nothing(run, server, tmp_path):
    kept = sorted(server.cache.glob("models--*"))
    put, names = server.put, ("lab/evicted", "lab/evicted-late", "lab/evicted-never", "lab/public")
    for name in names[:3]:
        put(name, server.folder / "first")
    server.faults["lab/evicted-late"] = {"broken": 1, "only": "/lfs/"}
    server.faults["lab/evicted-never"] = {"broken": 99, "only": "/lfs/"}
    server.on_request = lambda request: (
        put("lab/evicted-late", files(server.folder / "second"))
        if "evicted-late/res" in request.path
        else 0
    )
    rows = ledger.open(cases.text_set(), folder=tmp_path / "ledger")
    table = runner.score(names, rows, evict=True, **SETTINGS)
    assert table["status"].tolist() == ["scored", "scored", "failed", "scored"]
    assert sorted(server.cache.glob("models--*")) == kept  # also what was there before


def test_a_revision_that_is_evicted_takes_nothing_of_one_that_is_fetched(
    server, folders, monkeypatch
):
    import huggingface_hub

    server.put("lab/steps", folders["first"], "step1")
    server.put("lab/steps", files(folders["first"], **{WEIGHTS: b"others"}), "step2")
    hub.fetch(identify("lab/steps@step1"))
    real = huggingface_hub.scan_cache_dir
    with ThreadPoolExecutor(1) as pool:

        def scan(folder):
            seen = real(folder)
            futures.append(pool.submit(hub.fetch, identify("lab/steps@step2")))
            wait(futures, 1)  # what it shares with the other is in its place by then, or it waits
            return seen

        futures = []
        monkeypatch.setattr(huggingface_hub, "scan_cache_dir", scan)
        assert hub.evict(identify("lab/steps@step1")) > 0
        fetched = futures[0].result(timeout=60)
    known = files(folders["first"], **{WEIGHTS: b"others"})
    assert {path.name: path.read_bytes() for path in fetched.iterdir()} == known


def test_the_plan_of_a_run(run, server, folders):
    rows, *_ = run
    put = server.put
    put("lab/planned", folders["sharded"])
    counted = {"parameters": {"F32": 36_000}, "total": 36_000}
    server.about["lab/planned"] = {"safetensors": counted, "tags": ["license:mit"]}
    size = hub.files(identify("lab/planned"))
    assert size.licence == "mit"
    settings = {"devices": ["cpu"], "workers": 1, "shard": None, "verify": False}
    settings |= {"retry_failed": False, "time_limit_s": 3600}
    server.put("lab/gated-new", folders["first"])
    server.faults["lab/gated-new"] = {"gated": 403}
    names = ["lab/planned", "lab/public", "lab/code", "lab/never", "lab/gated-new"]
    before = sorted(server.cache.glob("models--*/refs/*"))
    table = plan.planned([*names, folders["second"]], rows, settings).set_index("model")
    statuses = ["to score", "kept", "failed before", "missing", "gated", "kept"]
    assert table["status"].tolist() == statuses
    row = table.loc["lab/planned"]
    assert (row["parameters"], row["to fetch"] + row["cached"]) == (36_000, size.n_bytes)
    assert 0 < row["hours"] < 1 and table["hours"].notna().sum() == 1
    text = plan.told(names, rows, settings)
    assert "1 to score, 1 kept, 1 failed before, 1 missing, 1 gated" in text
    assert sorted(server.cache.glob("models--*/refs/*")) == before


def test_the_files_of_every_tokenizer_count():
    import transformers

    sources = Path(transformers.__file__).parent.glob("models/*/tokenization_*.py")
    names = set()
    for path in sources:
        table = re.search(r"VOCAB_FILES_NAMES = \{(.*?)\}", path.read_text(), re.DOTALL)
        names |= set(re.findall(r': "([^"/]+)"', table[1]) if table else ())
    assert len(names) > 20
    assert [name for name in sorted(names) if not re.fullmatch(hub._SMALL, name)] == []
