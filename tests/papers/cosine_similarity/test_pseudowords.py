"""Pseudo-words: who is merged, what the merged text is, and vectors of contexts by hand."""

import numpy as np
import pytest

from lmnotes.papers.cosine_similarity import pseudowords
from lmnotes.text import corpus
from lmnotes.words.similarity import normalise


def test_a_merged_text_has_the_same_places_and_one_type_less():
    text = corpus.from_texts(["a b c a d", "d b b"])
    merged = pseudowords.merge(text, [("b", "d")])
    spelt = [merged.words[token] for token in merged.tokens]
    assert spelt == ["a", "b+d", "c", "a", "b+d", "b+d", "b+d", "b+d"]
    assert merged.offsets.tolist() == text.offsets.tolist()
    assert merged.counts[merged.index("b+d")] == 5 and merged.n_words == 3
    assert merged.content_id != text.content_id


def test_pairs_are_unrelated_of_like_frequency_and_reproducible():
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 8))
    values[np.arange(300), np.arange(300) % 8] += 6
    unit, words = normalise(values), [f"w{n}" for n in range(300)]
    counts = random.integers(10, 200, size=300)
    pairs = pseudowords.draw(unit, words, counts, n=12, seed=1)
    assert len(pairs) == 12 and pairs == pseudowords.draw(unit, words, counts, n=12, seed=1)
    used = [int(word[1:]) for pair in pairs for word in pair]
    assert len(set(used)) == 24 and counts[used].min() >= 30
    for first, second in zip(used[::2], used[1::2], strict=True):
        assert first % 8 != second % 8 and unit[first] @ unit[second] < 0.1
        assert 0.5 <= counts[first] / counts[second] <= 2
    with pytest.raises(ValueError, match="no two unrelated words"):
        pseudowords.draw(unit, words, counts, min_count=10_000)


def test_contexts_are_means_within_the_document():
    text = corpus.from_texts(["x a b", "c x x b"])
    unit = np.eye(3)
    found = pseudowords.contexts(text, "x", unit, {"a": 0, "b": 1, "c": 2}, window=1)
    np.testing.assert_allclose(found, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    wide = pseudowords.contexts(text, "x", unit, {"a": 0, "b": 1, "c": 2}, window=9, limit=1)
    np.testing.assert_allclose(wide, [[0.5, 0.5, 0]])
