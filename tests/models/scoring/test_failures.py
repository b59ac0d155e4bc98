import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import ledger_cases as cases
import pytest
from huggingface_hub import errors
from huggingface_hub.utils import httpx

from lmnotes.models.scoring import failures, hub
from lmnotes.models.scoring.identity import Identity, identify


def hub_error(kind, status):
    response = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind("no", response=response)


def forbidden():
    return hub_error(errors.HfHubHTTPError, 403)


def raised_from(error, cause):
    try:
        raise error from cause
    except Exception as result:
        return result


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: hub_error(errors.RepositoryNotFoundError, 404), "missing"),
        (lambda: hub_error(errors.RevisionNotFoundError, 404), "missing"),
        (lambda: hub_error(errors.GatedRepoError, 403), "gated"),
        (lambda: hub_error(errors.HfHubHTTPError, 503), "network"),
        (lambda: hub_error(errors.HfHubHTTPError, 429), "network"),
        (lambda: hub_error(errors.HfHubHTTPError, 401), "gated"),
        (lambda: errors.LocalEntryNotFoundError("offline"), "network"),
        (lambda: raised_from(errors.LocalEntryNotFoundError("x"), forbidden()), "gated"),
        (lambda: raised_from(errors.LocalEntryNotFoundError("x"), httpx.ReadError("x")), "network"),
        (lambda: httpx.RemoteProtocolError("closed"), "network"),
        (lambda: httpx.ReadTimeout("slow"), "network"),
        (lambda: raised_from(OSError("x"), hub_error(errors.GatedRepoError, 403)), "gated"),
        (lambda: raised_from(RuntimeError("x"), ConnectionResetError("by peer")), "network"),
        (lambda: MemoryError(), "out_of_memory"),
        (lambda: RuntimeError("CUDA out of memory. Tried to allocate"), "out_of_memory"),
        (lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), "out_of_memory"),
        (lambda: FloatingPointError("NaN"), "not_a_number"),
        (lambda: ImportError("needs the package sentencepiece"), "unsupported"),
        (lambda: failures.ScoringFailure("timeout", "late"), "timeout"),
        (lambda: raised_from(OSError("x"), failures.ScoringFailure("gated", "no")), "gated"),
        (lambda: RuntimeError("what is this"), "other"),
    ],
)
def test_kinds_of_exceptions(error, kind):
    assert failures.classify(error()) == kind


@pytest.fixture
def saved(tmp_path):
    """A folder whose config.json says what it is given."""

    def save(name="model", **config):
        folder = cases.folder(tmp_path / name)
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return save


def load(model, **more):
    from transformers import AutoModelForCausalLM

    with pytest.raises(Exception) as raised:
        AutoModelForCausalLM.from_pretrained(model, **more)
    return raised.value


def test_what_transformers_says_of_models_that_it_cannot_load(saved, tmp_path):
    from transformers import AutoTokenizer

    unknown = saved(model_type="never-heard-of")
    assert failures.classify(load(unknown)) == "unsupported"
    (unknown / "config.json").write_text(json.dumps({"model_type": "vit"}))
    assert failures.classify(load(unknown)) == "unsupported"
    code = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    (unknown / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": code}))
    assert failures.classify(load(unknown, trust_remote_code=False)) == "remote_code"
    (unknown / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    (unknown / "model.safetensors").unlink()
    assert failures.classify(load(unknown)) == "missing"
    assert failures.classify(load(tmp_path / "not" / "there" / "at-all")) == "missing"
    with pytest.raises(ValueError, match="backend tokenizer") as raised:
        AutoTokenizer.from_pretrained(saved(name="bare", model_type="never-heard-of"))
    assert failures.classify(raised.value) == "unsupported"


def test_every_kind_is_told_apart_and_an_unknown_one_refused():
    for kind in failures.KINDS:
        assert failures.classify(failures.ScoringFailure(kind, "")) == kind
    again = {kind for kind in failures.KINDS if failures.worth_another_try(kind)}
    assert again == {"network", "out_of_memory", "killed", "other"}
    assert not failures.worth_another_try("network", "OfflineModeIsEnabled: HF_HUB_OFFLINE=1")
    with pytest.raises(ValueError, match="kind 'lost' was given"):
        failures.ScoringFailure("lost", "")


@pytest.fixture
def cache(tmp_path):
    """A hub cache with two models, one file each, as the hub's own client lays it out."""
    for name, commit in (("lab--one", "1" * 40), ("lab--two", "2" * 40)):
        folder = tmp_path / "hub" / f"models--{name}"
        (folder / "blobs").mkdir(parents=True)
        (folder / "blobs" / "abc").write_bytes(b"x" * 1000)
        (folder / "snapshots" / commit).mkdir(parents=True)
        (folder / "snapshots" / commit / "config.json").symlink_to("../../blobs/abc")
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(commit)
    return tmp_path / "hub"


def test_a_model_leaves_the_cache_alone(cache):
    first, two = (Identity(name, f"lab/{name}", "main") for name in ("one", "two"))
    assert hub.holds(first, cache) and hub.holds(two, cache)
    assert hub.evict(first, cache) == 1000
    assert not hub.holds(first, cache) and hub.holds(two, cache)
    assert hub.evict(first, cache) == 0 and not (cache / "models--lab--one").exists()


def test_only_the_revision_that_nobody_loads_is_removed(cache):
    other = cache / "models--lab--one" / "snapshots" / ("3" * 40)
    other.mkdir()
    (other / "config.json").symlink_to("../../blobs/abc")
    (other / "weights").write_bytes(b"y" * 500)
    main, third = Identity("one", "lab/one", "main"), Identity("3", "lab/one", "3" * 40)
    script = "import sys; from lmnotes.models.scoring import hub; from pathlib import Path\n"
    script += f"with hub.in_use('lab/one', '{'3' * 40}', Path({str(cache)!r})):\n"
    script += "    print('loading', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    user = subprocess.Popen([sys.executable, "-c", script], **pipes)
    assert user.stdout.readline() == b"loading\n"
    assert hub.evict(third, cache) == 0 and (other / "weights").exists()
    hub.evict(main, cache)  # another revision, whose file the third shares
    assert not hub.holds(main, cache) and (other / "config.json").read_bytes()
    user.kill()  # and its mark stays behind
    user.communicate()
    assert hub.evict(third, cache) > 0 and not (cache / "models--lab--one").exists()
    with hub.in_use("lab/two", None, cache):
        assert hub.evict(Identity("two", "lab/two", "main"), cache) == 0


def test_a_folder_without_weights_is_named(tmp_path):
    bare = cases.folder(tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    with pytest.raises(failures.ScoringFailure, match=f"{bare} has no weights"):
        hub.files(identify(bare))


def test_a_local_folder_is_never_evicted(cache, tmp_path):
    local = Identity("one", str(tmp_path), "content-1")
    assert not hub.holds(local, cache) and hub.evict(local, cache) == 0
    assert not hub.holds(Identity("a", "a", "main"), tmp_path / "no-cache")


def test_the_commit_of_a_branch_is_read_from_the_cache(cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    assert hub.commit_of(Identity("one", "lab/one", "main")) == "1" * 40
    assert hub.commit_of(Identity("one", "lab/one", "step10")) == ""
    assert hub.commit_of(Identity("one", "/one", "content-1")) == ""


def test_the_note_on_clusters_says_what_to_do_about_each_kind():
    note = Path(__file__).parents[3] / "docs" / "cluster.md"
    lines = [line.strip("| \n").split(" | ") for line in note.read_text().splitlines()]
    table = {line[0].split("`")[1]: line[-1] for line in lines if line[0].startswith("`")}
    assert {kind: table.get(kind) for kind in failures.KINDS} == failures.ADVICE


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"ratelimit": '"api";r=0;t=55', "retry-after": "7"}, 55),
        ({"ratelimit": '"api";r=3;t=55'}, 0),  # there is room left
        ({"retry-after": "soon"}, 0),
        ({}, 0),
    ],
)
def test_how_long_a_hub_asks_to_be_left_alone(headers, seconds):
    error = hub_error(errors.HfHubHTTPError, 429)
    error.response.headers = headers
    error = raised_from(failures.ScoringFailure("network", "no"), error)
    assert failures.asked_pause_s(error) == seconds
