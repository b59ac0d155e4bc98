"""What a package index would serve: the description, the sdist, the wheel, and a reader's first
steps with it in an empty folder. Nothing is fetched: the fresh environment sees what is installed.
"""

import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from tiny_models import save
from tracked import NOT_OURS, ROOT, tracked_files

import lmnotes

SEEDED = ("documents", "installed", "corpus")  # what every test reads; it need not be made again


def hatchling(hook, folder, root=ROOT):
    """The path of what hatchling builds from a source folder, without the network."""
    code = f"import hatchling.build as b; print(b.build_{hook}({str(folder)!r}))"
    how = {"cwd": root, "capture_output": True, "text": True, "check": True}
    return folder / subprocess.run([sys.executable, "-c", code], **how).stdout.split()[-1]


def test_the_description_has_no_picture_and_no_link_that_an_index_cannot_show(tmp_path):
    with zipfile.ZipFile(hatchling("editable", tmp_path)) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        facts = email.message_from_bytes(wheel.read(name))
        (path,) = (name for name in wheel.namelist() if name.endswith(".pth"))
        assert wheel.read(path).decode().strip() == str(ROOT)  # a plain path, no finder
    text = facts.get_payload(decode=True).decode()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not re.search(r"\]\((?!https?:|#)", text) and "![" not in text
    lines = re.sub(r"(?<!!)\[([^\]]+)\]\([^)]*\)", r"\1", readme).splitlines()
    gone = [line for line in lines if line not in text]  # pictures and what stands below them
    assert len(gone) < 6 and not [line for line in gone if line.startswith(("#", "```", "|"))]
    assert facts["Version"] == lmnotes.__version__ and "Project-URL" not in facts


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder that the sdist was unpacked to, and the wheel that was built from it."""
    folder, run = tmp_path_factory.mktemp("dist"), ROOT / "outputs" / "01_x" / "a-run" / "run.json"
    run.parent.mkdir(parents=True, exist_ok=True)
    run.touch()  # what a run leaves is not for others
    with tarfile.open(hatchling("sdist", folder)) as sdist:
        sdist.extractall(folder, filter="data")
    shutil.rmtree(run.parents[1])
    (source,) = folder.glob("lmnotes-*/")
    return source, hatchling("wheel", folder, source)


@pytest.fixture(scope="module")
def seeded(shared_home):
    """A function that copies the text that tests have read into another home."""

    def seed(home):
        for kind in SEEDED:
            if (shared_home / kind).is_dir():
                shutil.copytree(shared_home / kind, home / kind)

    return seed


@pytest.mark.slow
def test_the_sdist_is_what_git_tracks_and_its_tests_pass(built, seeded, shared_home):
    source, _ = built
    names = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert {path.relative_to(ROOT).as_posix() for path in tracked_files()} <= names
    strays = [name for name in names if NOT_OURS & set(Path(name).parts)]
    assert strays == ["outputs/README.md"]
    seeded(source / ".pytest_cache" / "d" / shared_home.name)
    chosen = ["tests/test_store.py", "tests/test_project.py", "tests/runs/test_init.py"]
    # not those that read every module or import much: they ask nothing of the files around them
    slower = "import or pinned or circles or rooms or help or core or face or brings or owner"
    own = {name: value for name, value in os.environ.items() if not name.startswith("LMNOTES")}
    command = [sys.executable, "-m", "pytest", *chosen, "-k", f"not ({slower})"]
    how = {"cwd": source, "env": own | {"PYTHONPATH": str(source)}, "text": True}
    answer = subprocess.run(command, capture_output=True, **how)
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert answer.stdout.count(".") > 50


@pytest.mark.slow
def test_from_a_wheel_to_the_first_figure_in_an_empty_folder(built, seeded, tmp_path):
    _, wheel = built
    folder, home = tmp_path / "empty", tmp_path / "reader"
    folder.mkdir()
    venv.create(tmp_path / "fresh", symlinks=True)
    python = tmp_path / "fresh" / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    (packages,) = (tmp_path / "fresh" / "lib").glob("python3*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith("LMNOTES")}
    own = {name: own[name] for name in own if name not in ("PYTHONPATH", "XDG_CACHE_HOME")}
    own |= {"HOME": str(home), "JUPYTER_PATH": f"{sys.prefix}/share/jupyter"}  # nbconvert's pages
    cache = home / ".cache" / "lmnotes"
    seeded(cache)

    def lmnotes_says(*arguments, ends=0):
        command = [python.with_name("lmnotes"), *arguments]
        answer = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True)
        assert answer.returncode == ends, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def state():
        return {path: path.stat().st_mtime_ns for path in packages.rglob("*")}

    before = state()
    assert before[packages / "lmnotes" / "_notebooks" / "cards" / "01.toml"]
    assert "01_norm_information_gain" in lmnotes_says("describe", "01")
    assert "belong to the installed package" in lmnotes_says("sync", ends=2)
    lmnotes_says("run", "01", "--profile", "smoke")  # the package's own notebook
    (record,) = folder.glob("outputs/01_*/*/run.json")
    assert list(record.parent.glob("figures/*.png")) and record.with_name("notebook.html").is_file()
    assert f'"lmnotes": "{lmnotes.__version__}"' in record.read_text()
    lmnotes_says("init", ".")
    assert "nothing is overwritten" in lmnotes_says("init", ".", ends=2)
    assert "unchanged, kept" in lmnotes_says("run", "01", "--profile", "smoke")  # the folder's own
    save("gpt2", folder / "models" / "tiny")
    lmnotes_says("score", "models", "--per-domain", "2", "--size", "64")
    said = lmnotes_says("status")
    assert "01_norm_information_gain" in said and "smoke" in said
    assert str(cache) in lmnotes_says("cache")
    kinds = {path.name for path in cache.iterdir()}
    assert {"embedding", "zoo", "ledger"} <= kinds and any("numba" in kind for kind in kinds)
    assert state() == before
