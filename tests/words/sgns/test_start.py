"""Training that begins with the vectors of an earlier run."""

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words.embedding import Embedding
from lmnotes.words.sgns import skipgram
from lmnotes.words.sgns.training import Run

SMALL = dict(dim=8, window=3, workers=1, progress=False)


@pytest.fixture(scope="module")
def texts():
    """A text of twelve words, and the same with two more behind it."""
    rng = np.random.default_rng(0)
    first = [" ".join(f"w{i}" for i in rng.integers(12, size=10)) for _ in range(200)]
    later = [" ".join(f"w{i}" for i in rng.integers(14, size=10)) for _ in range(100)]
    return corpus.from_texts(first), corpus.from_texts(first + later)


@pytest.fixture(scope="module")
def first(texts):
    return skipgram.train(texts[0], **SMALL, epochs=3, keep=False)


def test_known_words_begin_where_they_were_and_new_ones_at_random(texts, first):
    settings = skipgram.Settings(8, 3, 5, 1, "shared", False, None, 1, 0.025, 1e-4, 0.75, 0)
    begun, fresh = Run(texts[1], settings, 1, first), Run(texts[1], settings, 1)
    for row, word in enumerate(begun.words):
        old = word in first
        expected = first.vector(word) if old else fresh.inputs[row, :8]
        assert np.array_equal(begun.inputs[row, :8], expected)
        context = first.context[first.index(word)] if old else 0
        assert np.array_equal(begun.contexts[row, :8], np.broadcast_to(context, 8))
    assert {"w12", "w13"} == {word for word in begun.words if word not in first}


def test_it_begins_with_a_lower_loss(texts, first):
    cold = skipgram.train(texts[1], **SMALL, epochs=1, keep=False)
    warm = skipgram.train(texts[1], **SMALL, epochs=1, start=first, keep=False)
    assert warm.history.loss[0] < cold.history.loss[0]


def test_kept_runs_with_and_without_a_start_are_not_mixed(texts, first, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    folders = [
        skipgram.train(texts[1], **SMALL, epochs=1, start=start).settings["folder"]
        for start in (None, first, first, skipgram.train(texts[0], **SMALL, epochs=2))
    ]
    assert folders[1] == folders[2] and len(set(folders)) == 3


@pytest.mark.parametrize("fault", ["dim", "context"])
def test_a_start_that_does_not_fit_is_refused(texts, first, fault):
    start = Embedding(first.words, first.input) if fault == "context" else first
    settings = SMALL | ({"dim": 9} if fault == "dim" else {})
    with pytest.raises(ValueError, match=r"start has .*: expected input and context"):
        skipgram.train(texts[1], **settings, epochs=1, start=start, keep=False)
