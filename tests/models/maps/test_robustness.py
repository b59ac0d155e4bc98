import numpy as np
import pytest
from scipy import stats

from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import robustness


def test_agreement_is_a_correlation_over_pairs_with_an_interval_over_models():
    L = np.random.default_rng(0).normal(0, [[1]] * 6 + [[3]] * 6, (12, 40))
    a = maps.kl(maps.row_centre(L[:, :20]))
    b = maps.kl(maps.row_centre(L[:, 20:])) + np.triu(np.full((12, 12), 0.3), 1)
    upper = np.triu_indices(12, 1)
    x, y = a[upper], ((b + b.T) / 2)[upper]
    value, (low, high) = robustness.agreement(a, b, n=200)
    assert value == pytest.approx(stats.pearsonr(x, y).statistic)
    ranks, _ = robustness.agreement(a, b, ranks=True, n=20)
    assert ranks == pytest.approx(stats.spearmanr(x, y).statistic)
    assert low < value < high
    assert (value, (low, high)) == robustness.agreement(a, b, n=200)
    with pytest.raises(ValueError, match="the same models in both"):
        robustness.agreement(a, b[:5, :5])
    pair = robustness.agreement(a[:2, :2], b[:2, :2])  # one pair: nothing to draw from
    assert pair == (0, (0, 0))


def test_pairs_that_share_models_are_no_independent_evidence():
    """Distances of noise correlate over 45 pairs by chance; over models the interval holds 0."""
    rng = np.random.default_rng(1)
    for _ in range(5):
        levels = rng.normal(size=(2, 10)) ** 2  # each model has a level of its own, no pair has
        a, b = (level[:, None] + level for level in levels)
        _, (low, high) = robustness.agreement(a, b, n=200)
        assert high - low > 2 * 2 / np.sqrt(45)
