"""The language model that is trained here: what it learns, what it is compared with, its folder."""

import itertools
import json

import numpy as np
import pytest

from lmnotes.papers.universal_geometry import word_model
from lmnotes.papers.universal_geometry.contextual import token_vectors
from lmnotes.text import corpus
from lmnotes.words import pretrained

SMALL = {
    "dim": 16,
    "layers": 2,
    "heads": 2,
    "n_words": 12,
    "length": 8,
    "batch": 32,
    "steps": 200,
    "rate": 1e-2,
    "progress": False,
}
_SETTINGS = {name: value for name, value in SMALL.items() if name != "progress"}


@pytest.fixture(scope="module")
def text():
    """Documents of w0..w5, drawn at random, in pairs (a, b) with a + 6 and b + 6 after them."""
    rng = np.random.default_rng(0)
    documents = []
    for _ in range(50):
        pairs = rng.integers(0, 6, (30, 2))
        documents.append(" ".join(f"w{a} w{b} w{a + 6} w{b + 6}" for a, b in pairs))
    return corpus.from_texts(documents)


@pytest.fixture(scope="module")
def trained(text):
    return word_model.train(text, **SMALL)


def test_it_learns_what_one_word_before_cannot_tell(trained):
    # every second pair of words follows from the pair before it, and nothing from the last word
    assert trained.unigram_loss == pytest.approx(np.log(12), abs=0.05)
    assert trained.bigram_loss == pytest.approx(np.log(12), abs=0.05)
    assert trained.loss < trained.bigram_loss - 0.5
    assert trained.history["step"].iloc[-1] == SMALL["steps"]


def test_gradients_equal_those_of_autograd(text):
    import torch

    words = word_model._Text(text, np.arange(50), word_model.Settings(**_SETTINGS))
    model = word_model._model(word_model.Settings(**_SETTINGS), words)
    stretches = words.stretches(words.apart[:7])
    stretches[0, :3] = 0  # an unknown word is read, and not guessed
    loss = word_model._backward(model, stretches)
    ours = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    read = torch.from_numpy(np.pad(stretches[:, :-1], ((0, 0), (1, 0)), constant_values=1))
    logits, targets = model(input_ids=read).logits, torch.from_numpy(stretches)
    whole = torch.nn.functional.cross_entropy(logits.mT, targets, ignore_index=0)
    whole.backward()
    assert loss == pytest.approx(float(whole.detach()), abs=1e-6)
    for mine, theirs in zip(ours, (p.grad for p in model.parameters()), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_baselines_equal_slow_ones(text):
    settings = word_model.Settings(16, 1, 2, 9, 8, 4, 1, 1e-3, 0)
    words = word_model._Text(text, np.arange(40), settings)
    held_out = word_model._Text(text, np.arange(40, 50), settings)
    held_out = held_out.stretches(held_out.apart)
    counts, unigrams = np.zeros((11, 11)), np.ones(11)
    for d in range(40):
        part = words.pieces[text.offsets[d] : text.offsets[d + 1]]
        for a, b in itertools.pairwise(part):
            if b != 0:
                counts[a, b] += 1
                unigrams[b] += 1
    follows = (counts > 0).sum(axis=0) + 0.1
    one, two = [], []
    for row in held_out:
        for a, b in itertools.pairwise(row):
            if b != 0:
                one.append(unigrams[b] / unigrams[2:].sum())
                low = follows[b] / follows[2:].sum()
                spare = 0.75 * (counts[a] > 0).sum() * low
                two.append((max(counts[a, b] - 0.75, 0) + spare) / counts[a].sum())
    found = word_model._baselines(words, held_out)
    assert found["unigram_loss"] == pytest.approx(-np.log(one).mean())
    assert found["bigram_loss"] == pytest.approx(-np.log(two).mean())


def test_its_folder_is_a_model_like_any_other(trained):
    found = token_vectors(trained.folder, ["W3 w9 unheard w5", "w5"], progress=False)
    assert found.words == ["W3", "w9", "unheard", "w5", "w5"]
    assert found.known.tolist() == [True, True, False, True, True]
    assert found.dim == 16
    assert np.abs(found.vectors[3] - found.vectors[4]).max() > 1e-3  # one word, two contexts
    null = token_vectors(pretrained.random_model(trained.folder), ["w3 w9"], progress=False)
    assert null.vectors.shape == (2, 16)


def test_the_stored_model_gives_the_reported_loss(text, trained):
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(trained.folder)
    order = np.random.default_rng(0).permutation(text.n_documents)
    unseen = word_model._Text(text, order[:2], word_model.Settings(**trained.settings))
    stretches = unseen.stretches(unseen.apart)
    with torch.inference_mode():
        read = np.pad(stretches, ((0, 0), (1, 0)), constant_values=1)
        guess = model(torch.from_numpy(read)).logits.log_softmax(-1)[:, 1:-1].numpy()
    nats = -np.take_along_axis(guess, stretches[:, 1:, None], axis=2)
    assert nats.mean() == pytest.approx(trained.loss, abs=1e-5)


def test_the_same_seed_gives_the_same_model(text, trained, tmp_path, monkeypatch):
    assert word_model.train(text, **SMALL).folder == trained.folder
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    few = SMALL | {"steps": 5}
    first = word_model.train(text, **few)
    other = word_model.train(text, **few, seed=1)
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "again"))
    again = word_model.train(text, **few)
    first, again, other = (
        token_vectors(m.folder, ["w5 w7"], progress=False).vectors for m in (first, again, other)
    )
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_wrong_settings_have_clear_errors(text):
    for wrong, message in (
        ({"dim": 18}, "dim = 18 was given; expected a multiple of twice the heads"),
        ({"steps": 0}, "steps = 0 was given; expected at least 1"),
        ({"length": 500}, "has 500 words: expected one on either side"),
    ):
        with pytest.raises(ValueError, match=message):
            word_model.train(text, **(SMALL | wrong))


def test_the_record_is_beside_the_model(trained):
    record = json.loads((trained.folder / "training.json").read_text())
    assert len(record["history"]) == 4 and record["unigram_loss"] == trained.unigram_loss
