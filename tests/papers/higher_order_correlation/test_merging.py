"""Merged axes, agreement with people, and what is said of a lead."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lmnotes.papers.higher_order_correlation import merging


def test_merged_axes_are_means():
    values = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(
        merging.merge(values, [1, 0, 1, 0]),
        np.column_stack([values[:, [1, 3]].mean(1), values[:, [0, 2]].mean(1)]),
    )
    with pytest.raises(ValueError, match="one per axis"):
        merging.merge(values, [0, 1])


def test_agreement_is_the_mean_rank_correlation_of_cosines():
    rng = np.random.default_rng(0)
    values, rows = rng.normal(size=(30, 4)), rng.permutation(30).reshape(15, 2)
    sets = {name: np.column_stack([rows, rng.normal(size=15)]) for name in "ab"}
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    cosine = (unit[rows[:, 0]] * unit[rows[:, 1]]).sum(axis=1)
    slow = np.mean([spearmanr(cosine, pairs[:, 2]).statistic for pairs in sets.values()])
    score, parts = merging.agreement(values, sets)
    assert score == pytest.approx(slow) and len(parts) == 2
    assert np.isnan(merging.agreement(values, {})[0])


def test_no_lead_over_oneself_and_an_interval_around_it():
    rng = np.random.default_rng(1)
    rows = np.arange(60).reshape(30, 2)
    sets = {"a": np.column_stack([rows, rng.normal(size=30)])}
    first, second = (merging.agreement(rng.normal(size=(60, 3)), sets) for _ in range(2))
    assert merging.lead(first, [first]) == (0, 0, 0)
    lead, low, high = merging.lead(first, [second])
    assert low < lead < high and lead == pytest.approx(first[0] - second[0])


def test_what_is_said_follows_from_the_intervals():
    leads = pd.DataFrame(
        {"rival": ["PCA", "PCA", "random clusters"], "n_clusters": [2, 5, 2]}
        | {"lead": [0.1, -0.1, 0.1], "lead_low": [0.05, -0.2, -0.1], "lead_high": [0.2, -0.01, 0.3]}
    )
    said = merging.said_in_words(leads)
    assert "less PCA: a difference at d = 2 (ahead), 5 (behind) only" in said
    assert "random clusters: no difference" in said
    assert merging.said_of(leads)["table5_pca_2"] == (0.1, (0.05, 0.2))
    assert merging.said_of(leads)["table5_random_100"][1] is None
