"""A researcher's path: nine models of one's own and a broken one, from another folder."""

import pandas as pd
import pytest
import tiny_models

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import record, run

ARCHITECTURES = ("gpt2", "gpt_neo", "gpt_neox", "opt", "bloom", "llama", "qwen2")
TWINS = {"llama-wide": ("llama", {"hidden_size": 48}), "gpt2-wide": ("gpt2", {"n_embd": 48})}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the models lie, with models.txt and models.csv that name them."""
    folder = tmp_path_factory.mktemp("mine")
    for name in ARCHITECTURES:
        tiny_models.save(name, folder / "own" / name)
    for name, (like, changes) in TWINS.items():
        tiny_models.save(like, folder / "own" / name, **changes)
    tiny_models.save("gpt2", folder / "own" / "broken")
    for weights in (folder / "own" / "broken").glob("*.safetensors"):
        weights.unlink()
    names = [*ARCHITECTURES, *TWINS, "broken"]
    places = [f"own/{name}" for name in names]
    (folder / "models.txt").write_text("\n".join(places), encoding="utf-8")
    parents = [f"own/{TWINS[name][0]}" if name in TWINS else "" for name in names]
    table = pd.DataFrame({"model": places, "parent": parents, "maker": ["me", "you"] * 5})
    table["family"] = ["wide" if name in TWINS else "" for name in names]
    table["quality"] = [None, *(30.0 + k * k % 11 for k in range(9))]
    table["skill"] = [50.0 - k * 5 % 7 for k in range(10)]
    table.to_csv(folder / "models.csv", index=False)
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch, own_home):
    """The folder, entered, with a home of its own."""
    monkeypatch.setenv("LMNOTES_NOTEBOOKS", str(card.notebooks_folder()))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.chdir(folder)
    return tmp_path


def _walk(number, models_file, **settings):
    result = run.run(number, "smoke", {"models_file": models_file} | settings)
    assert result.status == "ok", result.message
    return result.folder


@pytest.mark.slow
@pytest.mark.parametrize("models_file", ["models.txt", "models.csv"])
def test_06_maps_them_and_says_what_failed(here, models_file):
    left = _walk("06", models_file, ledger="rows", rule="bos=tokenizer truncate=32")
    failed = pd.read_csv(left / "tables" / "failed.csv")
    assert failed[["label", "kind"]].to_numpy().tolist() == [["broken", "missing"]]
    assert not [*(here / "home").glob("zoo/*")]  # nothing is trained
    inputs = record.read(left)["inputs"]["models"]
    assert {entry["model"]: entry["failed"] for entry in inputs}["broken"] == "missing"
    assert len({entry["id"] for entry in inputs}) == 10


@pytest.mark.slow
def test_08_puts_them_on_its_scale(here):
    left = _walk("08", "models.csv")
    assert pd.read_csv(left / "tables" / "failed.csv")["label"].tolist() == ["broken"]


@pytest.mark.slow
def test_09_asks_them(here):
    left = _walk("09", "models.txt")
    assert any("broken" in path.read_text() for path in (left / "tables").glob("*failed*.csv"))
    assert not [*(here / "home").glob("zoo/*")]


def test_new_weights_are_a_new_run_and_a_wrong_path_starts_none(here, folder):
    [(_, _, _, why)] = run.preview(["06"], "smoke", {"models_file": "models.txt"})
    before = run._plan("06", "smoke", {"models_file": "models.txt"})
    assert before.values["models_file"] == str(folder / "models.txt")
    config = folder / "own" / "opt" / "config.json"
    config.write_text(config.read_text() + "\n")
    after = run._plan("06", "smoke", {"models_file": "models.txt"})
    assert why and before.folder != after.folder
    with pytest.raises(InputError, match=r"'gone\.txt' is not in"):
        run.preview(["06"], "smoke", {"models_file": "gone.txt"})
