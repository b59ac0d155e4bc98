"""A small text whose words differ in what they tell, and its gains."""

import numpy as np
import pytest

from lmnotes.papers.norm_information_gain import gains
from lmnotes.text import corpus


@pytest.fixture(scope="session")
def small_gains():
    """Gains of 20,000 tokens of 80 words: each of four topics has words of its own, the rest stand
    anywhere; every third word of a topic is written with a capital."""
    rng = np.random.default_rng(0)
    letters = [a + b for a in "bcdfghjklm" for b in ("ado", "ebi", "ilu", "osa")]
    common = ["the", "of", "and", *letters[:17]]
    topics = np.array([f"{word}{topic}" for topic in "nrst" for word in letters[20:35]]).reshape(
        4, 15
    )
    texts = []
    for number in range(40):
        own = topics[number % 4]
        weights = np.concatenate(
            [np.geomspace(4, 0.5, len(common)), np.geomspace(1, 0.05, len(own))]
        )
        drawn = rng.choice([*common, *own], 500, p=weights / weights.sum())
        texts.append(" ".join(drawn))
    text = corpus.from_texts(texts)
    return gains.measure(text, window=5, min_count=10, fit_count=100, n_shuffles=3, seed=0)


@pytest.fixture(scope="session")
def squared(small_gains):
    """Squared norms (V,) after a short and a long training: noise, and the gain with some noise."""
    rng = np.random.default_rng(1)
    noise = rng.random(small_gains.corpus.n_words)
    follows = 10 * small_gains.kl / np.ptp(small_gains.kl)
    return {1: 5 + noise, 7: 0.8 * follows + noise, 20: 5 + follows + 0.3 * noise}
