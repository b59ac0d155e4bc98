import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import ledger_cases as cases
import pytest

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger

KEY = {"kind": "squares", "n": 3}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    return tmp_path


def write(folder):
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "b.txt").write_text("deep")
    (folder / "a.txt").write_text("one")


def refuse(folder):
    raise AssertionError("it was built again")


def python(code, args=(), **more):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([sys.executable, "-c", code, *args], env=environment, text=True, **more)


def test_what_is_there_is_not_built_again():
    path = store.build("squares", KEY, write)
    assert (path / "deep" / "b.txt").read_text() == "deep"
    assert store.build("squares", dict(reversed(KEY.items())), refuse) == path
    assert store.build("squares", KEY | {"n": 4}, write) != path


def test_the_manifest_holds_the_key_and_every_file():
    path = store.build("squares", KEY, write)
    manifest = json.loads((path / store.MANIFEST).read_text())
    assert manifest["key"] == KEY
    assert sorted(manifest["files"]) == ["a.txt", "deep/b.txt"]
    assert manifest["files"]["a.txt"] == {
        "n_bytes": 3,
        "sha256": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    }


def test_nothing_stands_in_its_place_until_all_of_it_does(home):
    seen = []

    def watch(folder):
        write(folder)
        seen.append([path.suffix for path in sorted((home / "squares").iterdir()) if path.is_dir()])

    path = store.build("squares", KEY, watch)
    assert seen == [[".partial"]]
    assert [each for each in path.parent.iterdir() if each.is_dir()] == [path]


def test_a_writer_that_fails_leaves_no_artefact_and_the_next_goes_on(home):
    def fail(folder):
        (folder / "a.txt").write_text("one")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        store.build("squares", KEY, fail)
    contents = []
    store.build("squares", KEY, lambda folder: contents.append((folder / "a.txt").read_text()))
    assert contents == ["one"]


def change(path):
    (path / "a.txt").write_text("two")


def cut_short(path):
    (path / "a.txt").write_text("o")


def remove(path):
    (path / "deep" / "b.txt").unlink()


def break_manifest(path):
    (path / store.MANIFEST).write_text("{")


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (change, "a.txt does not match its checksum"),
        (cut_short, "a.txt does not match its checksum"),
        (remove, "deep/b.txt is missing"),
        (break_manifest, "its manifest cannot be read"),
    ],
)
def test_a_damaged_artefact_is_set_aside_with_a_warning_and_built_anew(harm, fault):
    path = store.build("squares", KEY, write)
    for number in (1, 2):
        harm(path)
        with pytest.warns(UserWarning, match=fault):
            assert store.build("squares", KEY, write) == path
        assert path.with_name(f"{path.name}.corrupt-{number}").is_dir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.build("squares", KEY, refuse) == path
    assert (path / "a.txt").read_text() == "one"


def test_every_turned_bit_of_a_manifest_is_seen_or_harmless():
    path = store.build("squares", KEY, write) / store.MANIFEST
    whole = path.read_bytes()
    for place in range(0, 8 * len(whole), 17):
        turned = bytearray(whole)
        turned[place // 8] ^= 1 << place % 8
        path.write_bytes(turned)
        store.fault_of(path.parent)  # says what, or nothing, and never raises


KILLED = """
import time
from lmnotes import store

def write(folder):
    (folder / "checkpoint").write_text("epoch 1")
    print("half", flush=True)
    time.sleep(60)

store.build("training", {"epochs": 2}, write)
"""


def test_a_killed_writer_is_resumed_from_what_it_left(home):
    child = python(KILLED, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert not [path for path in (home / "training").iterdir() if not path.suffix]

    def resume(folder):
        assert (folder / "checkpoint").read_text() == "epoch 1"
        (folder / "checkpoint").unlink()
        (folder / "vectors").write_text("done")

    start = time.perf_counter()
    path = store.build("training", {"epochs": 2}, resume)
    assert time.perf_counter() - start < 5  # the dead writer's lock does not hold it up
    assert sorted(each.name for each in path.iterdir()) == [store.MANIFEST, "vectors"]
    assert not path.with_name(path.name + ".partial").exists()


def test_what_a_killed_save_left_is_not_sealed_into_the_artefact(home):
    def fail(folder):
        (folder / "deep").mkdir()
        for name in (".a.txt.123-456.partial", "deep/.b.txt.0f.partial", "deep/.tmpaJ8OVL"):
            (folder / name).write_text("half")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        store.build("squares", KEY, fail)
    path = store.build("squares", KEY, write)
    assert sorted(json.loads((path / store.MANIFEST).read_text())["files"]) == [
        "a.txt",
        "deep/b.txt",
    ]
    assert not list(home.rglob("*.partial")) and not list(path.rglob(".*"))


def test_a_cache_that_is_deleted_during_a_build_is_built_again(home):
    times = []

    def delete_at_first(folder):
        (folder / "first.npy").write_text("first")
        if not times:
            shutil.rmtree(home / "squares")
            folder.mkdir(parents=True)  # as some writers do before each file
        times.append(1)
        write(folder)

    with pytest.warns(UserWarning, match="was deleted while it was written; once more"):
        path = store.build("squares", KEY, delete_at_first)
    assert len(times) == 2 and (path / "first.npy").exists() and store.fault_of(path) is None

    def always(folder):
        shutil.rmtree(folder)
        (folder / "a.txt").write_text("one")

    with (
        pytest.warns(UserWarning, match="once more"),
        pytest.raises(InputError, match="deleted twice"),
    ):
        store.build("squares", KEY | {"n": 5}, always)


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_for_numpy(*_):
    raise OSError("1048576 requested and 261616 written")


def full_for_safetensors(*_):
    raise RuntimeError("I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("full", [full, full_for_numpy, full_for_safetensors])
@pytest.mark.parametrize("resumed", [True, False])
def test_a_full_disk_is_a_sentence_and_leaves_no_half_file(home, monkeypatch, resumed, full):
    def fill(folder):
        (folder / "a.txt").write_text("one")
        if resumed:
            (folder / store.RESUMED[0]).write_text("epoch 1")
        with store.replacing(folder / "b.txt") as partial:
            partial.write_text("half")
            full()

    with pytest.raises(
        InputError, match=r"no space is left on its disk; expected room .* LMNOTES_HOME"
    ):
        store.build("squares", KEY, fill)
    left = [path.name for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    # hours of training stay, a half-made file goes
    assert sorted(left) == (["a.txt", store.MANIFEST, store.RESUMED[0]] if resumed else [])
    if full is full_for_safetensors:
        return  # it writes no single files
    monkeypatch.setattr(os, "fsync", full)
    for save in (store.write_text, lambda path, text: store.put(path, text.encode())):
        with pytest.raises(InputError, match="no space is left"):
            save(home / "note.txt", "text")
    assert not [*home.glob("*note*")]


def test_a_file_where_a_folder_belongs_is_a_sentence(home, monkeypatch):
    (home / "squares").write_text("")
    with pytest.raises(InputError, match=r"squares.* is not what belongs there .* move it away"):
        store.build("squares", KEY, write)
    monkeypatch.setenv("LMNOTES_HOME", str(home / "squares"))
    with pytest.raises(InputError, match="is not what belongs there"):
        store.build("cubes", KEY, write)
    with pytest.raises(InputError, match="is not what belongs there"):
        store.write_text(home / "squares" / "deep" / "a.txt", "")


READ_ONLY = """
import os, sys
from lmnotes import store
from lmnotes.models.ledger import ledger
from lmnotes.errors import InputError
ledger.open_folder(sys.argv[1]).matrix()  # for what it imports, which may be closed to others
if not os.getuid():
    os.setuid(65534)

def refuse(folder):
    raise AssertionError("it was built again")

print((store.build("squares", {"n": 3}, refuse) / "a.txt").read_text())
scores = ledger.open(ledger.open_folder(sys.argv[1]).texts)
print(len(scores.matrix()), len(scores.failures()))
for n in (4, 5):
    try:
        store.build("squares", {"n": n}, refuse)
    except InputError as error:
        print(error)
"""


def test_a_cache_that_cannot_be_written_can_be_read(home):
    store.build("squares", {"n": 3}, write)
    closed = store.build("squares", {"n": 5}, write)
    scores = ledger.open(cases.text_set())
    scores.add(cases.scores(cases.folder(home / "model"), scores.text_set, [-1.0] * 5))
    (scores.folder / "rows" / ".left.partial").touch()
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for path in home.parents:  # pytest's own folders are closed to others
        if path.owner() == home.owner() and path != Path("/") and not path.stat().st_mode & 1:
            path.chmod(path.stat().st_mode | 0o11)
    for lock in home.rglob("*.lock"):
        lock.unlink()
    for path in folders:
        path.chmod(0o555)
    (closed / "a.txt").chmod(0o600 if not os.getuid() else 0)
    try:
        child = python(READ_ONLY, stdout=subprocess.PIPE, args=[str(scores.folder)])
        said = child.communicate(timeout=60)[0].splitlines()
    finally:
        for path in folders:
            path.chmod(0o755)
    assert said[:2] == ["one", "1 0"] and "is closed to this user" in said[2]
    assert f"{closed / 'a.txt'} is closed to this user (Permission denied)" in said[3]


BOTH = """
import os, time
from pathlib import Path
from lmnotes import store

def write(folder):
    with open(Path(os.environ["LMNOTES_HOME"]) / "log", "a") as log:
        log.write("built\\n")
    for part in range(20):
        (folder / f"{part}.txt").write_text(str(os.getpid()))
        time.sleep(0.02)

path = store.build("shared", {"n": 1}, write)
print(sorted({file.read_text() for file in path.glob("*.txt")}))
"""


def test_of_two_processes_one_builds_and_both_get_it(home):
    children = [python(BOTH, stdout=subprocess.PIPE) for _ in range(2)]
    said = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert said[0] == said[1] and said[0].count("'") == 2  # all files of one process
    assert (home / "log").read_text() == "built\n"


def test_ids_follow_content_not_order():
    assert store.content_id({"a": 1, "b": [2]}) == store.content_id({"b": [2], "a": 1})
    assert store.content_id({"a": 1}) != store.content_id({"a": "1"})
    assert len(store.content_id({}, length=12)) == 12


def test_a_relative_home_is_one_folder_for_this_process_and_its_children(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "_START", str(tmp_path))
    monkeypatch.setenv("LMNOTES_HOME", "cache")
    monkeypatch.setenv("LMNOTES_OUTPUTS", "out")
    first = store.home()
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert store.home() == first == tmp_path / "cache"
    assert store.outputs_folder() == tmp_path / "out"
    assert [os.environ[f"LMNOTES_{name}"] for name in ("HOME", "OUTPUTS")] == [
        str(tmp_path / "cache"),
        str(tmp_path / "out"),
    ]


def test_what_is_left_behind_is_swept_by_the_clock_of_its_disk(home, monkeypatch):
    old, new = home / ".old.partial", home / ".new.partial"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    monkeypatch.setattr("time.time", lambda: 1e12)  # of a machine whose clock is wrong
    store.sweep(home.glob(".*.partial"), 3600)
    assert new.exists() and not old.exists()


def test_json_with_a_checksum_comes_back_or_is_refused(home):
    path, value = home / "about.json", {"n": 1, "deep": {"b": [1.5, None], "a": "é"}}
    store.write_json(path, value)
    assert store.read_json(path) == value
    whole = path.read_bytes()
    for place in range(0, 8 * len(whole), 17):
        turned = bytearray(whole)
        turned[place // 8] ^= 1 << place % 8
        path.write_bytes(turned)
        with contextlib.suppress(ValueError):
            assert {k: v for k, v in store.read_json(path).items() if k in value} == value
    path.write_text(json.dumps(value))  # of an earlier version
    assert store.read_json(path) == value


def test_folders_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("LMNOTES_HOME")
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "out"))
    assert store.outputs_folder() == tmp_path / "out"
    assert store.home() == tmp_path / "out" / "cache"
