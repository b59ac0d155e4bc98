"""From a list of models to a map that grows: what a lab types, with models that were made here."""

import json
import re
from dataclasses import replace

import ledger_cases as cases
import map_cases
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import tiny_models

from lmnotes import cli, map_command, store
from lmnotes.models import stored_map
from lmnotes.models.ledger import ledger, released
from lmnotes.models.scoring.rule import read as read_rule
from lmnotes.text import chunks

FILES = {"map.csv", "map.parquet", "distances.parquet", "map.html", "map.json", "map.nc"}
FILES |= {"map.pdf", "map.svg", "map.png", "matrix.safetensors"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, with a home of its own."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def raw():
    raw = map_cases.made(14).raw
    return replace(raw, models=raw.models.assign(path="/a/path/of/mine"))


def test_from_a_list_to_a_map_that_grows_by_one(here, capsys, forked):
    (here / "texts.txt").write_text("\n".join(tiny_models.TEXTS * 2))
    settings = ["--texts", "texts.txt", "--size", "64", "--rule", "truncate=16"]
    texts, rule = chunks.load("texts.txt", size=64), read_rule("truncate=16")
    for k, name in enumerate(["one", "two", "left"]):
        folder = cases.folder(here / "lab" / name, name)
        values = np.random.default_rng(k).normal(-99, 9, len(texts))
        if name != "left":  # these were scored on another day
            scores = cases.scores(folder, texts.content_id, values, rule)
            ledger.open(texts, rule).add(scores)
    tiny_models.save("gpt2", here / "lab" / "three")
    (here / "all.txt").write_text("lab/one\nlab/two\nlab/three\n")
    (here / "models.txt").write_text("lab/one\nlab/two\nlab/left\n")
    assert cli.main(["score", "all.txt", *settings, "--device", "cpu"]) == 0
    capsys.readouterr()
    assert cli.main(["map", "models.txt", *settings]) == 0  # left has no row, and gets none
    assert "left out: left: it has no row; lmnotes score with the same" in capsys.readouterr().out
    before = pd.read_csv("map/map.csv").set_index("model")
    assert list(before.index) == ["one", "two"]
    (here / "about.csv").write_text("model,family\none,units\n")
    assert cli.main(["map", "models.txt", *settings, "--about", "about.csv"]) == 0
    known = pd.read_csv("map/map.csv").set_index("model")["family"]
    assert known["one"] == "units" and pd.isna(known["two"])  # not a family of its own
    assert cli.main(["map", "all.txt", *settings, "--score"]) == 0
    said = capsys.readouterr().out
    after = pd.read_csv("map/map.csv").set_index("model")
    places = ["x", "y", "pca_x", "pca_y"]
    assert list(after.index) == ["one", "two", "three"]
    assert after.loc[before.index, places].equals(before[places])
    near = after.loc["three", "neighbour_1"]
    assert re.search(rf"added three; nearest, nats per text: {near} \(\d", said)
    record = json.loads((here / "map" / "map.json").read_text())
    assert str(here) not in json.dumps(record) and "truncate=16" in record["rule"]
    assert [m["id"].startswith("content-") for m in record["models"]] == [True] * 3
    [rows] = (here / "home" / "ledger").iterdir()
    for name in (str(rows), rows.name):  # a ledger by its folder, or as `lmnotes status` has it
        assert cli.main(["map", name, "--output", "whole"]) == 0
    assert {*pd.read_csv("whole/map.csv")["model"]} == {*after.index}


def test_the_folder_holds_everything_without_a_path_and_the_same_bytes_twice(here, raw, capsys):
    pytest.importorskip("xarray")
    released.seal(raw, here / "m.safetensors")
    table = pd.DataFrame(
        {"model": ["m1", "m2", "m12", "m99"], "licence": ["mit", None, "apache", "mit"]}
    )
    table.assign(score=[1.5, 4, None, 3]).to_parquet("about.parquet")
    for folder in ("map", "again"):
        about = ["--about", "about.parquet", "--output", folder]
        assert cli.main(["map", "m.safetensors", *about]) == 0
    assert "1 in the table and not among the models: m99" in capsys.readouterr().out
    assert {path.name for path in (here / "map").iterdir()} == FILES
    record = store.read_json(here / "map" / "map.json")
    for path in sorted((here / "map").iterdir()):
        assert path.read_bytes() == (here / "again" / path.name).read_bytes(), path.name
        assert b"path/of/mine" not in path.read_bytes()
        if path.name not in ("map.json", "matrix.safetensors"):
            assert record["files"][path.name] == store.file_sha256(path)
    rows = pd.read_csv("map/map.csv").set_index("model")
    assert rows.loc["m1", "licence"] == "mit" and rows["licence"].isna().sum() == 12
    square = pd.read_parquet("map/distances.parquet")
    kept = stored_map.open("map")
    assert np.allclose(square, kept.distance, rtol=1e-6) and list(square.columns) == kept.names
    page = (here / "map" / "map.html").read_text()
    colours = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])["colours"]
    assert {"family", "licence", "score", "order", "mean_log_likelihood"} <= set(colours)
    assert not {"label", "x", "model"} & set(colours)


def test_some_of_them_in_other_colours_and_onto_another_map(here, raw, capsys):
    released.seal(raw, here / "m.safetensors")
    where = ["--where", "order < 6 and mixture == 'news'", "--colour", "order"]
    assert cli.main(["map", "m.safetensors", *where]) == 0
    assert "4 of 14 models" in capsys.readouterr().out
    grown = ["--onto", "map", "--output", "grown", "--colour", "mixture"]
    assert cli.main(["map", "m.safetensors", *grown]) == 0
    assert capsys.readouterr().out.count("added m") == 10
    assert cli.main(["map", "m.safetensors", *grown]) == 2  # what was drawn is not drawn over
    assert "another map lies in grown" in capsys.readouterr().err
    first, after = stored_map.open("map"), stored_map.open("grown")
    assert after.places[:4].equals(first.places) and after.threshold == first.threshold
    assert cli.main(["map", "m.safetensors", "--anew"]) == 0
    assert stored_map.open("map").n_first == 14
    for wrong, words in (
        (["--where", "gone > 3"], "expected a condition on model"),
        (["--where", "order > 99"], "models on a map = 0"),
        (["--colour", "famly"], "did you mean 'family'?"),
        (["--onto", "nothing"], "is no whole folder"),
        (["--onto", "map", "--seed", "7"], "--seed 7 was given for a map drawn with 42"),
        (["--about", "gone.csv"], "there is no such file"),
    ):
        assert cli.main(["map", "m.safetensors", "--anew", *wrong]) == 2
        assert words in capsys.readouterr().err


def test_a_ledger_says_what_failed(here, capsys, monkeypatch):
    rows = ledger.open(texts := cases.text_set(4), folder=here / "rows")
    for k in range(3):
        model = cases.folder(here / f"m{k}", str(k))
        values = np.random.default_rng(k).normal(-9, 2, 4)
        rows.add(cases.scores(model, texts.content_id, values, architecture=f"A{k % 2}"))
    rows.record_failure("lab/closed", "gated", "ask its owner")
    assert cli.main(["map", "rows"]) == 0
    assert "left out: lab/closed: gated; ask its owner on the hub" in capsys.readouterr().out
    page = (here / "map" / "map.html").read_text()
    assert '"family":["A0","A1","A0"]' in page  # nothing else tells them apart


def test_its_figure_has_a_scale_for_dates_and_shows_models_of_which_nothing_is_known():
    table = pd.DataFrame(np.arange(50.0).reshape(25, 2), columns=["x", "y"])
    table = table.assign(model=[f"m{n}" for n in table.index], score=np.nan)
    table["created_at"] = [f"2023-07-{n + 1:02}" for n in table.index]
    dates, scores = (map_command._figure(table, name).axes[0] for name in ("created_at", "score"))
    middle = dates.collections[0].get_array().mean()
    assert middle == pytest.approx(2023.5, abs=0.05)
    assert [text.get_text() for text in scores.get_legend().get_texts()] == ["not known"]
    assert sum(len(points.get_offsets()) for points in scores.collections) == 25
    plt.close("all")
