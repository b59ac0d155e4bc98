import json
import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

from lmnotes import store

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


def python(code, **more):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, text=True, **more)


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


def test_folders_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("LMNOTES_HOME")
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "out"))
    assert store.outputs_folder() == tmp_path / "out"
    assert store.home() == tmp_path / "out" / "cache"
