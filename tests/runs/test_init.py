"""A package without a checkout: its own notebooks, and a folder that is made from them."""

import json
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import platformdirs
import pytest
import yaml

import lmnotes
from lmnotes import cli, store
from lmnotes.errors import InputError
from lmnotes.notebook import card, parameters
from lmnotes.runs import fingerprint, init, lab, run, twins

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(house, tmp_path_factory, monkeypatch):
    """The current folder, an empty one, as a package sees it that brought the house's notebook."""
    folder = tmp_path_factory.mktemp("without") / "empty"  # no notebooks above it
    package = folder.parent / "site-packages" / "lmnotes" / "_notebooks"
    shutil.copytree(house.notebooks, package)
    (package / "py").mkdir()
    twin = twins.twin_text(house.notebook.read_text())
    (package / "py" / "01_tiny.py").write_text(twin)
    (package / "01_tiny.ipynb").write_text(twins.notebook_text(twin))
    for name in ("LMNOTES_NOTEBOOKS", "LMNOTES_OUTPUTS", "LMNOTES_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(card, "INSTALLED", package)
    monkeypatch.setattr(store, "CHECKOUT", None)
    monkeypatch.setattr(store, "_START", str(folder))
    return folder


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_folders_without_a_checkout_are_the_package_s_this_one_and_the_user_s(installed):
    assert card.notebooks_folder() == card.INSTALLED
    assert card.working_folder(card.find("01")) == installed
    assert store.outputs_folder() == installed / "outputs"
    assert store.home() == platformdirs.user_cache_path("lmnotes")


def test_the_nearest_notebooks_count_then_the_checkout_s(installed, monkeypatch):
    deep = installed / "mine" / "notebooks" / "cards"
    deep.mkdir(parents=True)
    monkeypatch.setattr(store, "_START", str(deep))
    assert store.project_folder() == installed / "mine"
    assert card.notebooks_folder() == installed / "mine" / "notebooks"
    assert store.outputs_folder() == installed / "mine" / "outputs"
    monkeypatch.setattr(store, "CHECKOUT", ROOT)
    assert store.project_folder() == installed / "mine"
    monkeypatch.setattr(store, "_START", str(installed))
    assert store.project_folder() == ROOT and card.notebooks_folder() == ROOT / "notebooks"
    assert store.home() == ROOT / "outputs" / "cache"


def test_a_folder_of_one_s_own_has_all_and_is_never_overwritten(installed, capsys):
    assert cli.main(["init", "mine"]) == 0
    assert str(installed / "mine") in capsys.readouterr().out
    mine, before = installed / "mine", files(installed)
    names = {
        path.relative_to(mine / "notebooks").as_posix()
        for path in before
        if "notebooks" in path.parts
    }
    assert names == {p.relative_to(card.INSTALLED).as_posix() for p in files(card.INSTALLED)}
    environment = yaml.safe_load((mine / "environment.yml").read_text())
    *_, packages = environment["dependencies"]
    pins = dict(line.split("==") for line in packages["pip"])
    assert pins["lmnotes"] == lmnotes.__version__
    assert metadata.version("torch").startswith(pins["torch"]) and "+" not in pins["torch"]
    assert f"lmnotes {lmnotes.__version__}" in (mine / "README.md").read_text()
    assert cli.main(["init", "mine"]) == 2
    said = capsys.readouterr().err
    assert "has README.md and environment.yml and notebooks already; expected a folder" in said
    assert files(installed) == before
    (installed / "other").mkdir()
    (installed / "other" / "README.md").write_text("a reader's")
    before = files(installed)
    with pytest.raises(InputError, match=r"other has README.md already"):
        init.write("other")
    assert files(installed) == before


def test_from_a_checkout_its_notebooks_are_taken(tmp_path):
    init.write(tmp_path / "mine")
    for path in files(ROOT / "notebooks"):
        if "cards" in path.parts or path.suffix == ".ipynb" or path.parent.name == "py":
            copy = tmp_path / "mine" / path.relative_to(ROOT)
            assert "__pycache__" in path.parts or copy.read_bytes() == path.read_bytes()


def test_nothing_is_written_to_the_package(installed):
    before = files(card.INSTALLED)
    assert lab.copies() == [installed / "work" / "01_tiny.ipynb"]
    with pytest.raises(InputError, match=r"belong to the installed package.* lmnotes init FOLDER"):
        twins.sync()
    assert cli.main(["sync", "--check"]) == 0
    assert files(card.INSTALLED) == before


def test_a_run_of_the_package_s_notebook_works_in_the_current_folder(installed, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(installed / "home"))
    monkeypatch.setattr(
        run.watch, "execute", lambda notebook, *_: seen.append(notebook) or {"status": "ok"}
    )
    seen = []
    result = run.run("01", "smoke")
    assert seen == [card.INSTALLED / "01_tiny.ipynb"] and result.status == "ok"
    assert result.folder.parent == installed / "outputs" / "01_tiny"
    record = json.loads((result.folder / "run.json").read_text())
    assert record["versions"]["lmnotes"] == lmnotes.__version__


def test_a_checkout_of_something_else_is_not_the_package_s(installed):
    subprocess.run(["git", "init", "-q", card.INSTALLED.parents[2]], check=True)
    assert fingerprint.git_state(card.INSTALLED) == {"commit": None, "dirty": None}
    assert fingerprint.git_state(installed)["dirty"] is True


def test_a_profile_s_file_is_beside_the_cards_and_is_found_there(installed):
    for path in (ROOT / "notebooks" / "cards").glob("[0-9]*.toml"):
        for name, profile in card.load(path).profiles.items():
            for value in profile.values():
                if isinstance(value, str) and "cards/" in value:
                    assert (ROOT / "notebooks" / value).is_file(), f"{path.name} {name}: {value}"
    (card.INSTALLED / "cards" / "table.csv").touch()
    roots = (card.working_folder(card.find("01")), card.INSTALLED)
    declared = [parameters.Parameter("models_file", "str", "")]
    values = parameters.with_paths(declared, (), {"models_file": "cards/table.csv"}, *roots)
    assert values == {"models_file": str(card.INSTALLED / "cards" / "table.csv")}
