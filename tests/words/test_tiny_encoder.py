import json

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words import pretrained, tiny_encoder
from lmnotes.words.contextual import token_vectors

SMALL = {
    "dim": 16, "layers": 2, "heads": 2, "n_words": 12, "length": 8, "batch": 32, "steps": 400,
    "rate": 1e-2, "hidden_share": 0.3, "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def text():
    """Fifty documents of pairs: after each word of 0..5 comes its own partner, 6 further on."""
    rng = np.random.default_rng(0)
    documents = []
    for _ in range(50):
        first = rng.integers(0, 6, 60)
        documents.append(" ".join(f"w{i} w{i + 6}" for i in first))
    return corpus.from_texts(documents)


@pytest.fixture(scope="module")
def trained(text):
    return tiny_encoder.train(text, **SMALL)


def test_it_learns_what_context_tells(trained):
    assert abs(trained.unigram_loss - np.log(12)) < 0.1
    assert trained.loss < np.log(6)  # what can be had without a look at the partner
    losses = trained.history["held_out_loss"]
    assert losses.is_monotonic_decreasing or losses.iloc[-1] < losses.iloc[0]
    assert trained.history["step"].iloc[-1] == SMALL["steps"]


def test_its_folder_is_a_model_like_any_other(trained):
    found = token_vectors(trained.folder, ["W3 w9 unheard w5", "w5"], progress=False)
    assert found.words == ["W3", "w9", "unheard", "w5", "w5"]
    assert found.known.tolist() == [True, True, False, True, True]
    assert found.dim == 16
    assert np.abs(found.vectors[3] - found.vectors[4]).max() > 1e-3  # one word, two contexts
    null = token_vectors(pretrained.random_model(trained.folder), ["w3 w9"], progress=False)
    assert null.vectors.shape == (2, 16)
    with pytest.raises(ValueError, match="max_pieces=11: expected 3 to 10"):
        token_vectors(trained.folder, ["w5"], max_pieces=11, progress=False)


def test_the_same_seed_gives_the_same_model(text, trained, tmp_path, monkeypatch):
    assert tiny_encoder.train(text, **SMALL).folder == trained.folder
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    few = SMALL | {"steps": 5}
    first = tiny_encoder.train(text, **few)
    other = tiny_encoder.train(text, **few, seed=1)
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "again"))
    again = tiny_encoder.train(text, **few)
    first, again, other = (token_vectors(m.folder, ["w5 w7"], progress=False).vectors
                           for m in (first, again, other))  # fmt: skip
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_hidden_words_are_the_known_ones(text):
    settings = tiny_encoder.Settings(16, 1, 2, 10, 8, 4, 1, 1e-3, 0.4, 0)
    words = tiny_encoder._Text(text, np.arange(text.n_documents), settings)
    starts = words.starts[:3000]
    read, targets = (part.numpy() for part in words.hidden(starts, np.random.default_rng(0)))
    whole = words.pieces[starts[:, None] + np.arange(8)]
    assert (read[:, 0] == 2).all() and (read[:, -1] == 3).all()
    inside, guessed = read[:, 1:-1], targets[:, 1:-1]
    hidden = guessed != -100
    assert np.array_equal(guessed[hidden], whole[hidden])
    assert not (whole[hidden] == 1).any()
    assert np.array_equal(inside[~hidden], whole[~hidden])
    assert hidden[whole != 1].mean() == pytest.approx(0.4, abs=0.02)
    assert (inside[hidden] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (inside[hidden] == whole[hidden]).mean() == pytest.approx(0.1 + 0.1 / 10, abs=0.02)


def test_wrong_settings_have_clear_errors(text):
    for wrong, message in (
        ({"dim": 15}, "dim=15: expected a multiple of heads"),
        ({"hidden_share": 1.0}, "hidden_share=1.0: expected between 0 and 1"),
        ({"length": 500}, "has 500 words: expected one on either side"),
    ):
        with pytest.raises(ValueError, match=message):
            tiny_encoder.train(text, **(SMALL | wrong))


def test_the_record_is_beside_the_model(trained):
    record = json.loads((trained.folder / "training.json").read_text())
    assert len(record["history"]) == 10 and record["unigram_loss"] == trained.unigram_loss
