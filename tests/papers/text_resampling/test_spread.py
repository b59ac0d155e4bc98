"""Aligned maps, their ellipses, and adding models with old importances."""

import numpy as np
import pytest

from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import adding, errors, spread


def turned(points, degrees, mirror=1, move=(0, 0)):
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ np.diag([1, mirror])
    return points @ turn + move


@pytest.mark.parametrize(("degrees", "mirror"), [(30, 1), (200, -1), (0, -1)])
def test_procrustes_undoes_a_turn_a_reflection_and_a_shift(degrees, mirror):
    points = np.random.default_rng(0).normal(size=(9, 2))
    points -= points.mean(axis=0)
    np.testing.assert_allclose(
        spread.procrustes(turned(points, degrees, mirror, (3, -1)), points), points, atol=1e-12
    )


def test_procrustes_keeps_sizes():
    points = np.random.default_rng(1).normal(size=(9, 2))
    result = spread.procrustes(3 * points, points)
    assert np.linalg.norm(result) == pytest.approx(3 * np.linalg.norm(points - points.mean(axis=0)))
    before = np.linalg.norm(points[0] - points[1])
    assert np.linalg.norm(result[0] - result[1]) == pytest.approx(3 * before)


def test_procrustes_is_the_best_of_all_turns():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 7, 2))
    best = ((spread.procrustes(a, b) - (b - b.mean(axis=0))) ** 2).sum()
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    others = [
        ((turned(a, degrees, mirror) - b) ** 2).sum()
        for degrees in range(0, 360)
        for mirror in (1, -1)
    ]
    assert best <= min(others) <= best + 0.01


def test_procrustes_wants_the_same_models():
    with pytest.raises(ValueError, match="same models"):
        spread.procrustes(np.ones((3, 2)), np.ones((4, 2)))


def test_the_spread_is_the_covariance_after_alignment():
    rng = np.random.default_rng(3)
    reference = rng.normal(size=(200, 2)) * 10
    reference -= reference.mean(axis=0)
    maps = [turned(reference + rng.normal(size=(200, 2)), 40 * r, move=r) for r in range(50)]
    result = spread.align(maps, reference)
    assert result.covariance.shape == (200, 2, 2)
    np.testing.assert_allclose(result.covariance[5], np.cov(result.aligned[:, 5].T))
    np.testing.assert_allclose(result.covariance.mean(axis=0), np.eye(2), atol=0.1)
    assert result.mse == pytest.approx(2 * 49 / 50, rel=0.05)  # about its own mean
    assert result.mse == pytest.approx(result.mse_of_runs.mean())
    traces = np.trace(result.covariance, axis1=1, axis2=2)
    assert result.mse == pytest.approx(traces.mean() * 49 / 50)
    with pytest.raises(ValueError, match="at least 2"):
        spread.align(maps[:1], reference)


def test_ellipses_of_a_tilted_covariance():
    turn = turned(np.eye(2), 30)
    covariance = turn.T @ np.diag([9.0, 4.0]) @ turn
    width, height, angle = spread.ellipses(covariance[None])[0]
    assert (width, height) == pytest.approx((6, 4))
    axis = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    assert axis @ covariance @ axis == pytest.approx(9)


def test_added_models_use_the_old_threshold_and_the_old_importances():
    rng = np.random.default_rng(4)
    old = -np.exp(rng.normal(size=(6, 80)) + 3)
    new = -np.exp(rng.normal(size=(2, 80)) + 4)  # worse models
    chosen = adding.choose(old, 40, seed=1)
    assert chosen.threshold == np.quantile(old, 0.02)
    Q = np.maximum(old, chosen.threshold)
    Q = Q - Q.mean(axis=1, keepdims=True) - Q.mean(axis=0) + Q.mean()
    np.testing.assert_allclose(chosen.probabilities, resample.importance(Q, "LS"))
    texts = chosen.drawn.texts
    together = chosen.place(np.vstack([old, new])[:, texts])
    np.testing.assert_allclose(together[6:], chosen.place(new[:, texts]))  # no model moves another
    worst = chosen.place(np.full((1, len(texts)), -1e9))
    np.testing.assert_allclose(worst, 0, atol=1e-9)  # all entries at the threshold


def test_pair_errors_are_those_of_the_chosen_pairs():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(5, 4))
    target = resample.squared_distances(points) * 2 + 1e-300
    old = np.array([True, True, True, False, False])
    np.testing.assert_allclose(adding.pair_errors(points, target, ~old, old), np.full(6, -0.5))
    assert len(adding.pair_errors(points, resample.squared_distances(points), old, old)) == 6


def test_the_cost_is_of_distinct_texts():
    result = adding.scoring_cost(2, 100, 25, 512, 1024)
    assert result.minutes_all == pytest.approx(2 * 100 * 512 / 1024 / 60)
    assert result.share == 0.25 and result.saved == pytest.approx(0.75 * result.minutes_all)
    with pytest.raises(ValueError, match="at least 1"):
        adding.scoring_cost(2, 100, 25, 512, 0)


def test_hidden_errors_are_those_of_many_draws():
    rng = np.random.default_rng(6)
    L = rng.normal(size=(9, 150)) * np.exp(0.7 * rng.normal(size=150)) - 50
    is_new = np.arange(9) >= 6
    result = adding.hidden_errors(L, is_new, 40, clip_share=0)
    Q = L - L.mean(axis=1, keepdims=True)
    G = resample.squared_distances(Q)
    pi = resample.importance(Q[:6] - Q[:6].mean(axis=0), "LS")
    n = resample.draws_for(pi, 40)
    off = [
        adding.pair_errors(Q[:, drawn.texts] * drawn.weights, G, is_new, ~is_new)
        for drawn in (resample.draw(pi, n, seed=seed) for seed in range(400))
    ]
    assert result["blind"] == pytest.approx(np.sqrt(np.mean(np.square(off))), rel=0.1)
    assert set(result) == {"uniform", "blind", "mixed", "informed"}


def test_a_family_apart_cannot_be_placed_by_others_importances():
    rng = np.random.default_rng(7)
    L = np.tile(rng.normal(size=100), (8, 1)) - 100
    L[:6, :50] += 5 * rng.normal(size=(6, 50))  # the old models differ on one half of the texts
    L[:6, 50:] += 1e-3 * rng.normal(size=(6, 50))
    L[6:, 50:] += 5 * rng.normal(size=(2, 50))  # the new ones on the other
    result = adding.hidden_errors(L, np.arange(8) >= 6, 30, clip_share=0)
    assert result["blind"] > 2 * result["uniform"] and result["mixed"] < result["blind"]


def test_running_estimates_end_where_the_draw_does():
    rng = np.random.default_rng(8)
    Q = rng.normal(size=(3, 30))
    pi = resample.importance(Q, "LS", uniform_share=0.2)
    added = (Q[0] - Q[2]) ** 2
    path = spread.running_estimate(added, pi, 25, seed=5, generator="published")
    for n in (1, 10, 25):  # one seed: draws begin alike
        drawn = resample.draw(pi, n, seed=5, generator="published")
        assert path[n - 1] == pytest.approx(resample.distances(Q, drawn)[0, 2])


def test_the_standard_error_is_that_of_many_runs():
    rng = np.random.default_rng(9)
    added, pi = rng.exponential(size=20), rng.dirichlet(np.full(20, 3))
    ends = [spread.running_estimate(added, pi, 16, seed=seed)[-1] for seed in range(4000)]
    assert np.std(ends) == pytest.approx(float(spread.standard_error(added, pi, 16)), rel=0.1)
    two = np.array([added, np.zeros(20)]) ** 0.5
    constant = errors.error_constants(two, {"": pi}, np.array([[0, 0.5], [0.5, 0]]))[""]
    assert constant == pytest.approx(float(spread.standard_error(added, pi, 1)))
