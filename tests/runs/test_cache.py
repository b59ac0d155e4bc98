import os
import tempfile
import time

import filelock
import pytest

from lmnotes import cli, store


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with two kinds, what killed processes left in it, and a folder of one of them."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for number in range(2):
        store.build(
            "vectors", {"n": number}, lambda folder: (folder / "a").write_bytes(b"x" * 10**6)
        )
    for name in ("numba-1/k.nbi", "numba-2/k.nbi", "vectors/a.partial/b", "vectors/c.corrupt-1/d"):
        file = tmp_path / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 300_000)
    for name in ("lmnotes-old", "lmnotes-new", "of-others"):
        (temporary / name).mkdir()
    make_old(temporary / "lmnotes-old", temporary / "of-others")
    return tmp_path / "home"


def make_old(*paths):
    """Two days old, as the rest of a run that was killed then."""
    for path in paths:
        for file in [*path.rglob("*"), path]:
            os.utime(file, (time.time() - 2 * 24 * 3600,) * 2)


def test_sizes_by_kind_largest_first(home, capsys):
    make_old(home / "vectors" / "a.partial")
    assert cli.main(["cache"]) == 0
    lines = [line.rsplit(maxsplit=3) for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines[:3] == [
        ["vectors", "4", "2.6", "MB"],
        ["numba", "2", "0.6", "MB"],
        ["all", "6", "3.2", "MB"],
    ]
    assert lines[3] == ["left by killed processes", "2", "0.3", "MB"]


def test_only_what_has_lain_about_for_a_day_is_swept(home, capsys):
    assert cli.main(["cache", "prune"]) == 0
    assert capsys.readouterr().out == "0.0 MB freed\n"
    assert (home / "vectors" / "a.partial").exists()
    assert sorted(os.listdir(tempfile.gettempdir())) == ["lmnotes-new", "of-others"]
    make_old(home)
    with filelock.FileLock(home / "vectors" / "a.lock"):  # somebody goes on with it now
        assert cli.main(["cache", "prune"]) == 0
    assert capsys.readouterr().out == "0.3 MB freed\n"
    assert (home / "vectors" / "a.partial").exists()
    cli.main(["cache", "prune"])
    assert not list(home.rglob("*.partial")) and not list(home.rglob("*.corrupt-1"))
    assert len(list(home.glob("vectors/*/manifest.json"))) == 2


def test_a_kind_is_removed_by_name_and_can_be_built_again(home, capsys):
    assert cli.main(["cache", "prune", "vectors"]) == 0
    assert "2.6 MB freed" in capsys.readouterr().out
    assert not [path for path in home.glob("vectors/*") if path.suffix != ".lock"]
    assert list(home.glob("numba-*/*"))
    assert store.build("vectors", {"n": 0}, lambda folder: (folder / "a").touch()).is_dir()
    assert cli.main(["cache", "prune", "vector"]) == 2
    assert "did you mean 'vectors'" in capsys.readouterr().err
