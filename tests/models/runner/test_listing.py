"""A list, a csv and a folder of one's own models, and what became of those that fail."""

import shutil
from pathlib import Path

import ledger_cases as cases
import pytest
import tiny_models

from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import listing


def _csv(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_is_filled_with_what_is_known(tmp_path, monkeypatch):
    cases.folder(tmp_path / "a" / "step1")
    cases.folder(tmp_path / "b" / "step1")
    header = "model,revision,family,parent,date,size,comes from,score"
    lines = ["a/step1,,,,2024-01-02,7M,here,1.5", "b/step1,,tall,a/step1,,,there,"]
    path = _csv(tmp_path / "m.csv", header, *lines, "lab/x,step9,tall,lab/y,,1.5B,hub,3")
    monkeypatch.chdir("/")
    table = listing.listed(path)
    assert table["model"].tolist() == ["a/step1", "b/step1", "lab/x@step9"]
    assert table["folder"].tolist() == [str(tmp_path / p) for p in ("a/step1", "b/step1")] + [
        "lab/x@step9"
    ]
    assert table["label"].tolist()[2] == "x@step9" and table["label"].is_unique
    assert table["family"].tolist() == [
        "a/step1",
        "tall",
        "tall",
    ]  # each its own where none is said
    assert table["parent"].tolist() == ["", "a/step1", "lab/y"]
    assert table["lineage"].tolist() == ["a/step1", "a/step1", "lab/y"]
    assert table["n_parameters"].tolist()[::2] == [7e6, 1.5e9]
    assert table["comes from"].tolist() == ["here", "there", "hub"] and "created_at" in table
    assert listing.listed(tmp_path / "a")["model"].tolist() == ["step1"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["name,size", "gpt2,1"], "expected model"),
        (["model", "C:/no/model here"], "line 2: .*expected a folder that is there"),
        (["model,size", "gpt2,large"], "the size 'large'; expected a number"),
        (["model,size"], "lists no model"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_words(tmp_path, lines, words):
    with pytest.raises(InputError, match=words):
        listing.listed(_csv(tmp_path / "m.csv", *lines))


def test_one_matrix_has_one_rule(tmp_path):
    table = listing.listed(_csv(tmp_path / "m.csv", "model,dtype", "gpt2,bfloat16", "lab/x,"))
    assert listing.rule_for(table).dtype == "bfloat16"
    with pytest.raises(InputError, match="bfloat16 in the column dtype and float32 were given"):
        listing.rule_for(table, "dtype=float32")
    two = listing.listed(_csv(tmp_path / "m.csv", "model,dtype", "gpt2,bfloat16", "lab/x,float32"))
    with pytest.raises(InputError, match="a matrix has one rule"):
        listing.rule_for(two)


def test_what_failed_is_named_and_the_rest_is_a_matrix(tmp_path, forked):
    good, broken = (tiny_models.save("gpt2", tmp_path / name) for name in ("good", "broken"))
    for weights in Path(broken).glob("*.safetensors"):
        weights.unlink()
    path = _csv(tmp_path / "m.csv", "model,maker,id", "good,me,7", "broken,me,8")
    texts, folder = cases.text_set(3), tmp_path / "rows"
    result = listing.scored(listing.listed(path), texts, "bos=always", folder, progress=False)
    assert result.matrix.values.shape == (1, 3)
    assert result.matrix.models.loc[0, ["model", "label", "maker"]].tolist() == [
        "good",
        "good",
        "me",
    ]
    assert result.matrix.models["architecture"][0]
    assert result.failures[["model", "kind"]].to_numpy().tolist() == [["broken", "missing"]]
    assert "all of its weights" in result.failures["what to do"][0]
    assert "all of its weights" not in result.failures["reason"][0]  # said once
    assert [entry["failed"] for entry in result.inputs] == ["", "missing"]
    rows = ledger.open_folder(folder)
    named = rows.rows()[["model"]].assign(maker="me")  # a table about local models by name
    assert rows.matrix(about=named).values.shape == (1, 3)
    shutil.rmtree(good)
    with pytest.raises(InputError, match="none of 1 models could be scored; broken"):
        alone = listing.listed(_csv(tmp_path / "m.csv", "model", "broken"))
        listing.scored(alone, texts, "", tmp_path / "more", progress=False)
