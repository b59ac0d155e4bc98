import numpy as np
import pytest

from lmnotes.papers.trajectories import random_walk


def test_the_ideal_walk_is_the_eigenproblem_of_min_s_t():
    T = 40
    covariance = np.minimum.outer(np.arange(T), np.arange(T)).astype(float)
    centre = np.eye(T) - 1 / T
    values, vectors = np.linalg.eigh(centre @ covariance @ centre)
    order = np.argsort(-values)
    np.testing.assert_allclose(values[order][: T - 1] / values.sum(), random_walk.walk_shares(T))
    overlap = np.abs((vectors[:, order[:5]] * random_walk.cosines(T, 5)).sum(axis=0))
    np.testing.assert_allclose(overlap, 1)


def test_cosines_are_orthonormal_and_centred():
    found = random_walk.cosines(30, 6)
    np.testing.assert_allclose(found.T @ found, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-12)
    assert random_walk.walk_shares(30).sum() == pytest.approx(1)


def test_a_walk_without_a_plan_draws_lissajous_curves():
    table = random_walk.shape(random_walk.random_walk(100, 3000), 3)
    assert (table["cosine_r2"] > 0.95).all()
    np.testing.assert_allclose(table["share"], table["walk_share"], rtol=0.06)
    few = random_walk.shape(random_walk.random_walk(100, 2), 2)
    assert few["share"].sum() == pytest.approx(1)  # two dimensions have two components


def test_other_paths_look_otherwise():
    line = np.arange(50.0)[:, None] * np.random.default_rng(0).normal(size=20)
    assert random_walk.shape(line).loc[0, "share"] == pytest.approx(1)
    noise = random_walk.shape(np.random.default_rng(0).normal(size=(50, 2000)))  # no path at all
    assert noise.loc[0, "share"] < 0.05 and noise.loc[0, "cosine_r2"] < 0.5
    with pytest.raises(ValueError, match="one that moves"):
        random_walk.shape(np.ones((4, 3)))


def test_the_control_keeps_every_step_and_forgets_the_rest():
    path = np.cumsum(np.random.default_rng(1).normal(size=(30, 12)), axis=0) ** 2
    found = random_walk.control(path, 500, seed=2)
    lengths = [np.linalg.norm(np.diff(one, axis=0), axis=1) for one in (path, found)]
    np.testing.assert_allclose(*lengths)
    np.testing.assert_array_equal(found, random_walk.control(path, 500, seed=2))
    steps = np.diff(found, axis=0) / lengths[1][:, None]
    assert np.abs(steps @ steps.T - np.eye(29)).max() < 0.25  # nearly orthogonal: no memory


def test_mean_squared_length_of_a_step_is_one():
    steps = np.diff(random_walk.random_walk(400, 200), axis=0)
    assert (steps**2).sum(axis=1).mean() == pytest.approx(1, abs=0.02)
    with pytest.raises(ValueError, match="n_points = 1 was given; expected at least 2"):
        random_walk.random_walk(1)
