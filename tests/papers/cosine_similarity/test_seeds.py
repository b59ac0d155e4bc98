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


def test_gaps_to_printed_values_are_the_largest_and_none_where_a_rank_is_missing():
    values = np.random.default_rng(0).exponential(size=(200, 3))
    bases = compare.bases(values, seed=0)
    ica = bases["ICA"]
    largest = np.sort(ica.normalised[5])[::-1]
    printed = pd.DataFrame(
        {"vector": ["first"] * 2, "rank": [1, 2], "value": np.add(largest[:2], [0.1, 0.3])}
    )
    said = seeds.of_pair(bases, bases["PCA"], (5, 9), printed)
    assert said["fig2_values"][0] == pytest.approx(0.3)
    assert said["fig2_largest"][0] == pytest.approx(max(ica.normalised[5] * ica.normalised[9]))
    assert pd.isna(seeds.of_pair(bases, bases["PCA"], (5, 9), None)["fig2_values"][0])
    curve = similarity.average_sorted(ica.normalised, "axes")
    read_off = pd.DataFrame(
        {"over": ["axes"], "basis": ["ICA"], "rank": [2], "value": [curve[1] - 0.2]}
    )
    table12 = pd.DataFrame({"benchmark": ["w"], "basis": ["ICA"], "published": [0.5]})
    scores = [pd.DataFrame({"benchmark": ["w"], "basis": ["ICA"], "spearman": [0.1]})]
    gaps = seeds.gaps_to_figures(bases, bases["PCA"], read_off, table12, scores)
    assert gaps["fig8_values"][0] == pytest.approx(0.2)
    assert gaps["fig9_values"][0] == pytest.approx(0.4)
    missing = seeds.gaps_to_figures(bases, bases["PCA"], read_off.assign(rank=9), table12, [])
    assert all(pd.isna(value) for value, _ in missing.values())
