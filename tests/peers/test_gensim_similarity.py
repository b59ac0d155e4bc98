"""The same benchmark through gensim's own evaluation."""

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from lmnotes.words.embedding import Embedding
from lmnotes.words.judgements import INSTALLED, read_pairs, similarity


@pytest.mark.parametrize("name", INSTALLED)
def test_spearman_equals_gensims(name):
    pairs = read_pairs(name)
    words = sorted({word.lower() for word in [*pairs["first"], *pairs["second"]]})[::2]  # half
    ours = Embedding(
        words, np.random.default_rng(1).normal(size=(len(words), 30)).astype(np.float32)
    )
    theirs = KeyedVectors(ours.dim)
    theirs.add_vectors(words, ours.input)
    _, spearman, percent_out = theirs.evaluate_word_pairs(datapath(INSTALLED[name]))
    result = similarity(ours, name)
    assert result.spearman == pytest.approx(spearman.statistic, abs=1e-6)
    assert 100 * (1 - result.n_covered / result.n_pairs) == pytest.approx(percent_out)
