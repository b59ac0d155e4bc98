import numpy as np
import pytest

from lmnotes.papers.cosine_similarity.study import Space
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import compare


@pytest.fixture(scope="session")
def space():
    """A space of 300 words with a long tail on each of eight axes, turned at random."""
    random = np.random.default_rng(0)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0]
    raw = (random.exponential(size=(300, 8)) ** 1.5 @ turn).astype(np.float32)
    words = [f"word{row}" for row in range(300)]
    counts = np.arange(300, 0, -1)
    bases = compare.bases_of(Embedding(words, raw, counts=counts), seed=0)
    return Space(bases, raw, list_count=50)
