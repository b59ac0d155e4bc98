"""What a seed says of the claims: what ICA gains, and gains in noise."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.cosine_similarity import seeds
from lmnotes.words import similarity
from lmnotes.words.ica import compare

N_WORDS, N_AXES = 1500, 8


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    return compare.bases(rng.normal(size=(N_WORDS, N_AXES)), max_iterations=60)


@pytest.fixture(scope="module")
def sparse():
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(N_AXES, N_AXES)))[0]
    return rng.exponential(size=(N_WORDS, N_AXES)) ** 1.5 @ turn


def test_ica_of_noise_gains_too_and_no_more_than_ica_of_other_noise(noise):
    other = compare.bases(
        np.random.default_rng(2).normal(size=(N_WORDS, N_AXES)), max_iterations=60
    )
    first, second = seeds.gains(noise), seeds.gains(other)
    assert first["fig8_words"] > 1 and second["fig8_words"] > 1  # so "more than PCA" says nothing
    for name in first:
        assert abs(first[name] - second[name]) < 0.1


def test_sparse_axes_gain_beyond_noise_in_every_measure(noise, sparse):
    bases, listed = compare.bases(sparse, max_iterations=200), np.ones(N_WORDS, bool)
    unit = {name: space.normalised for name, space in bases.items()}
    pairs = np.random.default_rng(3).integers(N_WORDS, size=(200, 2))
    whole = (unit["ICA"][pairs[:, 0]] * unit["ICA"][pairs[:, 1]]).sum(axis=1)
    tests = {"cosine": similarity.agreement(unit, pairs, whole, [1, N_AXES])}
    said = seeds.of_vectors(bases, sparse, seeds.gains(noise), tests, listed)
    for name in ("more_axes", "largest_share", "fig8_words", "fig8_axes"):
        assert said[name][0] > 0 and said[name][1] is None
    value, (low, high) = said["fig7_beats"]
    assert low <= value <= high
    assert said["fig17_1"] == similarity.advantage(tests["cosine"], 1)
    assert pd.isna(said["fig17_10"][0]) and pd.isna(said["fig9_analogies"][0])  # not asked
