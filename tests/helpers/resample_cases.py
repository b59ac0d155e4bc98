"""Small cases for the tests of resampling."""

from itertools import product

import numpy as np

from lmnotes.models.maps import resample


def coordinates_of(n_models, n_texts, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    L = rng.normal(size=(n_models, n_texts)) * np.exp(spread * rng.normal(size=n_texts))
    L = L - L.mean(axis=1, keepdims=True)
    return L - L.mean(axis=0)


def all_draws(pi, n):
    """Every sequence of n texts with its probability, as a Draw."""
    for picked in product(range(len(pi)), repeat=n):
        probability = np.prod(pi[list(picked)])
        texts, counts = np.unique(picked, return_counts=True)
        weights = np.sqrt(counts / (n * pi[texts]))
        yield probability, resample.Draw(texts, counts, weights)
