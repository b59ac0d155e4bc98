"""Rivals of the map, and what is left out where their files are not there."""

import dataclasses

import numpy as np
import pytest
from map_cases import made
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models

from lmnotes.errors import InputError
from lmnotes.papers.model_map import figures, kinship


def save(folder, tokens, **tensors):
    """A folder with a tokenizer of these tokens and with these weights."""
    folder.mkdir()
    vocabulary = {token: k for k, token in enumerate(tokens)}
    Tokenizer(models.WordLevel(vocabulary, unk_token=tokens[0])).save(
        str(folder / "tokenizer.json")
    )
    save_file(
        {name: np.array(x, np.float32) for name, x in tensors.items()}, folder / "m.safetensors"
    )
    return str(folder)


@pytest.fixture
def folders(tmp_path):
    return [
        save(tmp_path / "base", "abcd", w=[[3.0, 0], [0, 0]], b=[0.0, 4]),
        save(tmp_path / "copy", "abcd", w=[[3.0, 0], [0, 0]], b=[0.0, 4]),
        save(tmp_path / "other", "cdef", w=[[0.0, 5], [0, 0]], b=[0.0, 0]),
        save(tmp_path / "wide", "xy", w=np.ones((2, 3)), b=[0.0, 0]),
    ]


def test_vocabularies_and_weights_by_hand(folders, monkeypatch):
    apart = kinship.vocabulary_distance(folders)
    want = [[0, 0, 2 / 3, 1], [0, 0, 2 / 3, 1], [2 / 3, 2 / 3, 0, 1], [1, 1, 1, 0]]
    np.testing.assert_allclose(apart, want)
    weights = kinship.weight_distance(folders)
    np.testing.assert_allclose(weights[:3, :3], [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    assert np.isnan(weights[3, :3]).all() and weights[3, 3] == 0  # of another shape
    monkeypatch.setattr(kinship, "_MOST_BYTES", 8)
    with pytest.raises(InputError, match="GiB"):
        kinship.weight_distance(folders)


def population(**columns):
    case = made()
    return dataclasses.replace(case, models=case.models.assign(**columns))


def test_known_descent_is_judged_and_what_cannot_be_is_named():
    names = [f"m{k // 2}" + "@9" * (k % 2) for k in range(14)]  # seven runs, a checkpoint each
    parents = ["m0" if name == "m1" else "" for name in names]
    lineage = [f"m{k // 4}" for k in range(14)]
    case = population(model=names, parent=parents, lineage=lineage)
    result = kinship.judge(case, n_draws=9)
    assert result.table.way.unique().tolist() == [kinship.MAP, kinship.MEAN]
    assert set(result.left_out) == {kinship.VOCABULARY, kinship.WEIGHTS}
    assert "Left out: vocabularies, the models' files are not known." in result.absent
    counts = result.table.groupby("measure").n_models.first()
    assert counts.to_dict() == {"precision at 5": 12, "AUC, parent": 1, "AUC, relative": 12}
    numbers = result.numbers()
    assert numbers["rival"] == kinship.MEAN and numbers["n"] == 3
    figure = figures.kinship(result.table)
    assert len(figure.axes) == 3
    assert [words.get_text() for words in figure.axes[0].get_yticklabels()][-1] == kinship.MAP
    hub = population(model=names, lineage=lineage, folder="lab/gone")
    hub = kinship.judge(hub, n_draws=9)
    assert set(hub.left_out) == {kinship.VOCABULARY, kinship.WEIGHTS}
    alone = population(
        model=[f"m{k}" for k in range(14)], lineage=[f"l{k}" for k in range(14)], parent=""
    )
    assert kinship.judge(alone) is None


def test_all_files_there_leave_nothing_out(folders):
    case = population(parent=["", "m0", *[""] * 12], folder=[*folders, *[folders[2]] * 10])
    result = kinship.judge(case, n_draws=9)
    assert result.left_out == {} and result.absent == ""
    of_weights = result.table[result.table.way == kinship.WEIGHTS].set_index("measure")
    assert of_weights.value["AUC, parent"] == 1  # a copy, and strangers
