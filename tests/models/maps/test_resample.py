"""Importances, draws and weighted distances: identities, hand-computed cases, slow versions."""

import numpy as np
import pytest
from resample_cases import all_draws, coordinates_of

from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import errors


def test_power_sums_are_the_sum_over_pairs():
    Q = coordinates_of(7, 20, seed=1) + np.arange(20)  # columns need not be centred
    slow = sum((Q[i] - Q[j]) ** 4 for i in range(7) for j in range(7))
    np.testing.assert_allclose(resample.fourth_powers(Q), slow, rtol=1e-10)
    s = [None, *((Q**k).sum(axis=0) for k in (1, 2, 3, 4))]
    np.testing.assert_allclose(2 * 7 * s[4] - 8 * s[1] * s[3] + 6 * s[2] ** 2, slow, rtol=1e-6)
    np.testing.assert_allclose(errors.weighted_fourth_powers(Q, np.ones((7, 7))), slow, rtol=1e-12)


def test_equal_models_leave_no_negative_power():
    Q = np.full((9, 4), 1e6) + np.array([0, 1e-9, 0, 1e-7])
    assert (resample.fourth_powers(Q) >= 0).all()


def test_importances_by_hand():
    Q = np.array([[2.0, 1.0, 0.0], [-2.0, -1.0, 0.0]])
    np.testing.assert_allclose(resample.importance(Q, "LS"), [0.8, 0.2, 0])
    np.testing.assert_allclose(resample.importance(Q, "KL"), [0.8, 0.2, 0])  # two models: the same
    np.testing.assert_allclose(resample.importance(Q, "uniform"), [1 / 3] * 3)
    mixed = resample.importance(Q, "LS", uniform_share=0.1)
    np.testing.assert_allclose(mixed, 0.9 * np.array([0.8, 0.2, 0]) + 0.1 / 3)


def test_ls_is_the_variance_over_models():
    Q = coordinates_of(6, 30)
    pi = resample.importance(Q, "LS")
    np.testing.assert_allclose(pi, Q.var(axis=0) / Q.var(axis=0).sum())


@pytest.mark.parametrize(
    ("Q", "kwargs"),
    [
        (np.zeros((3, 4)), {}),
        (np.ones((2, 2)), {"method": "PCA"}),
        (np.ones((2, 2)), {"uniform_share": 1.5}),
        (np.array([[np.nan, 1.0], [0.0, 1.0]]), {}),
    ],
)
def test_what_cannot_be_an_importance_is_refused(Q, kwargs):
    with pytest.raises(ValueError, match="expected"):
        resample.importance(Q, **kwargs)


def test_weights_are_those_of_the_counts():
    pi = np.array([0.1, 0.2, 0.7])
    drawn = resample.draw(pi, 50, seed=3)
    assert drawn.n == 50 == drawn.counts.sum() and len(drawn) == 3
    np.testing.assert_allclose(drawn.weights**2, drawn.counts / (50 * pi[drawn.texts]))


def test_published_draws_are_those_of_the_global_legacy_generator():
    pi = np.array([0.1, 0.2, 0.3, 0.4])
    state = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(42)  # noqa: NPY002
        picked = np.random.choice(4, size=9, replace=True, p=pi)  # noqa: NPY002
    finally:
        np.random.set_state(state)  # noqa: NPY002
    drawn = resample.draw(pi, 9, seed=42, generator="published")
    np.testing.assert_array_equal(np.repeat(drawn.texts, drawn.counts), np.sort(picked))
    longer = resample.draw(pi, 12, seed=42, generator="published")  # same beginning
    assert set(drawn.texts) <= set(longer.texts)


def test_a_text_without_mass_is_never_drawn():
    drawn = resample.draw(np.array([0.5, 0.0, 0.5]), 1000)
    assert 1 not in drawn.texts


def test_weighted_distances_are_unbiased_by_enumeration():
    Q = coordinates_of(3, 4)
    G = resample.squared_distances(Q)
    for method in resample.METHODS:
        pi = resample.importance(Q, method, uniform_share=0.05)
        mean = sum(p * resample.distances(Q, drawn) for p, drawn in all_draws(pi, 3))
        np.testing.assert_allclose(mean, G, rtol=1e-12)


def test_weighted_distances_are_unbiased_by_monte_carlo():
    Q = coordinates_of(5, 60, seed=2)
    G = resample.squared_distances(Q)
    pi = resample.importance(Q, "LS")
    result = np.stack([resample.distances(Q, resample.draw(pi, 30, seed=s)) for s in range(3000)])
    error = result.std(axis=0) / np.sqrt(len(result))
    off = np.abs(result.mean(axis=0) - G)[np.triu_indices(5, 1)] / error[np.triu_indices(5, 1)]
    assert off.max() < 4


def test_a_new_row_mean_makes_distances_smaller_by_about_one_in_n():
    Q = coordinates_of(5, 400, seed=3, spread=0.3)
    G, pi, n = resample.squared_distances(Q), np.full(400, 1 / 400), 50
    ratios = []
    for seed in range(2000):
        drawn = resample.draw(pi, n, seed=seed)
        points = resample.coordinates(Q[:, drawn.texts], drawn.weights)
        ratios.append(resample.squared_distances(points).sum() / G.sum())
    assert abs(np.mean(ratios) - (1 - 1 / n)) < 0.005


def test_all_texts_once_give_the_true_distances():
    L = coordinates_of(6, 12) - 100
    G = resample.squared_distances(L - L.mean(axis=1, keepdims=True))
    once = resample.everything(12)
    assert once.n == 12
    points = resample.coordinates(L[:, once.texts], once.weights)
    np.testing.assert_allclose(resample.squared_distances(points), G)
    np.testing.assert_allclose(resample.distances(L - L.mean(axis=1, keepdims=True), once), G)


def test_row_mean_takes_squared_weights():
    L, weights = np.array([[1.0, 2.0, 4.0]]), np.array([1.0, 2.0, 3.0])
    points = resample.coordinates(L, weights)
    assert L - points / weights == pytest.approx((1 + 8 + 36) / 14)
    assert points @ weights == pytest.approx(0)  # its weighted mean is 0


def test_coordinates_distances_are_weighted_variances():
    L, weights = coordinates_of(4, 9), np.linspace(0.5, 2, 9)
    result = resample.squared_distances(resample.coordinates(L, weights))
    difference, w2 = L[0] - L[3], weights**2
    centred = difference - difference @ w2 / w2.sum()
    assert result[0, 3] == pytest.approx(w2 @ centred**2)


def test_coordinates_want_the_columns_of_the_draw():
    with pytest.raises(ValueError, match="select"):
        resample.coordinates(np.ones((3, 5)), np.ones(4))


def test_expected_distinct_by_enumeration():
    pi = np.array([0.5, 0.3, 0.2, 0.0])
    for n in (1, 2, 4):
        slow = sum(p * len(drawn) for p, drawn in all_draws(pi[:3], n))
        assert resample.expected_distinct(pi, n) == pytest.approx(slow)
    np.testing.assert_allclose(
        resample.expected_distinct(pi, np.array([1, 2])), [1, resample.expected_distinct(pi, 2)]
    )
    assert resample.expected_distinct(np.array([1.0, 0.0]), 7) == 1


def test_the_sheets_numbers_of_distinct_texts():
    even = np.full(10_000, 1e-4)
    assert round(resample.expected_distinct(even, 10_000)) == 6321
    assert round(resample.expected_distinct(even, 2_500)) == 2212


def test_draws_for_is_the_inverse_of_expected_distinct():
    pi = resample.normalised(np.arange(1.0, 51.0))
    for d in (1, 7.5, 30):
        n = resample.draws_for(pi, d)
        assert resample.expected_distinct(pi, n) >= d > resample.expected_distinct(pi, n - 1)
    with pytest.raises(ValueError, match="fewer"):
        resample.draws_for(pi, 50)


def test_inequality_is_one_plus_squared_variation():
    score = np.array([1.0, 2.0, 6.0])
    assert resample.inequality(score) == pytest.approx(1 + score.var() / score.mean() ** 2)


def test_heavy_tails_gain_as_in_the_sheets_dry_run():
    # the sheet's synthetic case: K = 40, N = 3,000, rank 6, log-normal scales (of unstated spread)
    rng = np.random.default_rng(0)
    Q = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 3000)) * np.exp(1.3 * rng.normal(size=3000))
    pis = {m: resample.importance(Q, m) for m in resample.METHODS}
    result = errors.curves(errors.runs(Q, pis, [600], n_runs=10)).set_index("method")
    assert result.absolute["LS"] < result.absolute["uniform"] / 2
    assert result.absolute["KL"] < result.absolute["uniform"] / 2
    assert result.d["uniform"] == pytest.approx(542, abs=5)
    assert result.d["KL"] <= result.d["LS"] < result.d["uniform"]


def test_probabilities_that_are_none_are_refused():
    for pi in ([np.nan, 0.5, 0.5], [0, 0, 0], [-1, 1, 1]):
        for function in (resample.inequality, lambda pi: resample.draws_for(pi, 1.5)):
            with pytest.raises(ValueError, match="pi "):
                function(np.array(pi, float))
    with pytest.raises(ValueError, match="weights are all 0"):
        resample.coordinates(np.ones((2, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="uniform_share = 3 was given; expected 0 to 1"):
        resample.normalised(np.array([2.0, 1.0]), uniform_share=3)


def test_no_draws_hold_no_text():
    assert resample.expected_distinct(np.array([1.0, 0.0]), 0) == 0
    assert resample.expected_distinct(np.array([1.0, 0.0]), 5) == 1
