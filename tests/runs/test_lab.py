import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lmnotes import cli
from lmnotes.runs import lab, twins

ROOT = Path(__file__).resolve().parents[2]


def run_by_hand(notebook):
    """Give a notebook an output and a count, as Run All and a save do."""
    node = nbformat.read(notebook, as_version=4)
    cell = next(cell for cell in node.cells if cell.cell_type == "code")
    cell.execution_count = 1
    cell.outputs = [nbformat.v4.new_output("stream", text="a line\n")]
    nbformat.write(node, notebook)


def test_readers_work_on_copies_that_nothing_overwrites(house):
    node = json.loads(house.notebook.read_text())
    (copy,) = lab.copies(["01"])
    assert copy == house.root / "work" / "01_tiny.ipynb"
    sources = [cell["source"] for cell in json.loads(copy.read_text())["cells"]]
    assert ["".join(source) for source in sources] == [cell["source"] for cell in node["cells"]]
    run_by_hand(copy)
    saved = copy.read_text()
    assert lab.copies() == [copy] and copy.read_text() == saved
    for n in (1, 2):
        lab.copies(["1"], fresh=True)
        kept = copy.with_name(f"01_tiny.{n}.ipynb")
        assert kept.exists() and "a line" not in copy.read_text()
    assert copy.with_name("01_tiny.1.ipynb").read_text() == saved


def test_jupyterlab_starts_on_the_copy_without_asking_the_network(house, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda path, command: started.append((path, command)))
    monkeypatch.chdir(house.root)
    assert cli.main(["lab", "01", "--", "--no-browser", "--port", "9"]) == 0
    ((path, command),) = started
    assert path == sys.executable and command[1:3] == ["-m", "jupyterlab"]
    assert command[-4:] == ["--no-browser", "--port", "9", "01_tiny.ipynb"]
    assert Path.cwd() == house.root / "work"
    assert os.environ["LMNOTES_NOTEBOOKS"] == str(house.notebooks)
    cli.main(["lab", "--", "--no-browser"])
    assert started[1][1][-1] == "--no-browser"
    # the options are there, with values that JupyterLab takes
    asked = [sys.executable, "-m", "jupyterlab", *lab._QUIET, "--show-config-json"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    config = json.loads(said)["LabApp"]
    assert config["extension_manager"] == "readonly" and config["news_url"] == "None"


@pytest.fixture
def repository(tmp_path):
    """A clone with one notebook under our attributes, and a function that asks git there."""
    (tmp_path / "notebooks").mkdir()
    source = ROOT / "notebooks" / "01_norm_information_gain.ipynb"
    notebook = tmp_path / "notebooks" / source.name
    notebook.write_text(twins.stripped(source.read_text()))
    shutil.copy(ROOT / ".gitattributes", tmp_path)

    def git(*arguments):
        me = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        how = {"cwd": tmp_path, "capture_output": True, "text": True, "check": True}
        return subprocess.run(["git", *me, *arguments], **how).stdout

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "a notebook")
    return notebook, git


def test_git_leaves_outputs_out_where_it_knows_how_and_works_where_it_does_not(repository):
    notebook, git = repository
    run_by_hand(notebook)
    assert git("status", "--short") == f" M notebooks/{notebook.name}\n"
    git("config", "filter.lmnotes.clean", f"{sys.executable} -m lmnotes.cli sync --strip")
    git("add", ".")
    assert git("status", "--short") == ""
    assert '"a line' in notebook.read_text()  # the file itself stays
    assert 'lmnotes.clean "$(BIN)/lmnotes sync --strip"' in (ROOT / "Makefile").read_text()
