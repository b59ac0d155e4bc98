import numpy as np
import pytest

from lmnotes.papers.cosine_similarity import other_spaces
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import compare


@pytest.fixture(scope="module")
def same_twice():
    """The bases of one space of independent axes, and those of the same words in another order."""
    values = np.random.default_rng(0).exponential(size=(600, 4)).astype(np.float32)
    words = np.array([f"word{row}" for row in range(600)])
    orders = np.arange(600), np.random.default_rng(1).permutation(600)
    embeddings = [Embedding(words[order].tolist(), values[order]) for order in orders]
    return [compare.bases_of(embedding, seed=0) for embedding in embeddings]


def test_the_same_space_agrees_with_itself_word_by_word(same_twice):
    ours, theirs = same_twice
    listed = np.arange(600) < 300
    table = other_spaces.agreement(ours, {"again": theirs}).set_index("method")
    assert table.loc["ICA", "mean r, held out"] > 0.95
    named, values = other_spaces.on_matched_axes("ICA", ours, {"again": theirs}, listed)
    assert len(named) == 20 and all(ours["ICA"].ids[word] < 300 for word in named)
    np.testing.assert_allclose(values["axis"], values["again"], atol=0.05)
    assert other_spaces.diagonal(values["axis"]) == other_spaces.diagonal(values["again"]) == 1
    partner, keeps = other_spaces.partners(same_twice, "ICA")
    assert sorted(partner) == [0, 1, 2, 3] and keeps.mean() > 0.95


def test_the_diagonal_by_hand():
    values = np.zeros((10, 2))  # two axes, five words each
    values[:5, 0], values[5:, 0] = 1, 1  # the second axis's words stand higher on the first
    assert other_spaces.diagonal(values) == 0.5
