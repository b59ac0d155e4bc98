"""Norms against their definitions, and the paper's second-order law on an exact family."""

import numpy as np
import pytest

from lmnotes import statistics
from lmnotes.words import norms
from lmnotes.words.embedding import Embedding


@pytest.fixture
def toy():
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 30, 4)).astype(np.float32)
    return Embedding([f"w{i}" for i in range(30)], u, v, rng.integers(1, 100, 30))


def test_norms_by_their_definitions(toy):
    p = toy.counts / toy.counts.sum()
    u, v = toy.input.astype(float), toy.context.astype(float)
    mean = (p[:, None] * u).sum(axis=0)
    moved = v - (p[:, None] * v).sum(axis=0)
    g = sum(p[i] * np.outer(moved[i], moved[i]) for i in range(30))
    values, axes = np.linalg.eigh(g)
    root = axes @ np.diag(np.sqrt(values)) @ axes.T  # the positive symmetric root of eq. 13
    lengths = norms.squared_norms(toy)
    np.testing.assert_allclose(lengths.raw, (u**2).sum(axis=1))
    np.testing.assert_allclose(lengths.centred, ((u - mean) ** 2).sum(axis=1))
    np.testing.assert_allclose(lengths.whitened, (((u - mean) @ root) ** 2).sum(axis=1))
    np.testing.assert_allclose(lengths.fisher, g)


def test_the_whitened_norm_does_not_depend_on_the_axes(toy):
    # u -> A u, v -> A^-T v leaves every <u, v>, and so the model, as it is; the raw norm changes
    turn = np.random.default_rng(1).normal(size=(4, 4))
    other = Embedding(
        toy.words,
        (toy.input @ turn.T).astype(np.float32),
        (toy.context @ np.linalg.inv(turn)).astype(np.float32),
        toy.counts,
    )
    before, after = norms.squared_norms(toy), norms.squared_norms(other)
    np.testing.assert_allclose(after.whitened, before.whitened, rtol=1e-3)
    assert not np.allclose(after.raw, before.raw, rtol=0.1)


def test_the_origin_from_frequent_words(toy):
    weights = toy.counts[[3, 7]] / toy.counts[[3, 7]].sum()
    expected = weights @ toy.input[[3, 7]].astype(float)
    np.testing.assert_allclose(norms.squared_norms(toy, origin=["w3", "w7"]).origin, expected)


def family(n_words=50, dim=3, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.dirichlet(np.ones(n_words))
    return rng.normal(size=(n_words, dim)), noise, rng.normal(size=dim) / 2, rng.normal(size=dim)


def probabilities(u, context, noise):
    weights = noise * np.exp(context @ u)
    return weights / weights.sum()


def test_twice_the_kl_is_the_quadratic_form_to_second_order():
    # eq. 9: the error falls with the cube of the distance
    context, noise, u_0, step = family()
    p_0 = probabilities(u_0, context, noise)
    fisher = norms.weighted_covariance(context, p_0)
    distances, errors = np.array([0.2, 0.1, 0.05]), []
    for distance in distances:
        moved = distance * step
        form = moved @ fisher @ moved
        p = probabilities(u_0 + moved, context, noise)
        errors.append(abs(2 * (p * np.log(p / p_0)).sum() - form))
    assert np.diff(np.log(errors)) / np.diff(np.log(distances)) == pytest.approx([3, 3], abs=0.2)


def test_without_weights_the_covariance_is_numpy_s(toy):
    expected = np.cov(toy.input.T, bias=True)
    np.testing.assert_allclose(norms.weighted_covariance(toy.input, None), expected, atol=1e-12)


def test_the_normaliser_of_a_perfect_model_is_one():
    # eq. 4: build u, v with nu q(w') exp <u_w, v_w'> = p(w'|w)
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 50, 6)
    noise = counts**0.75 / (counts**0.75).sum()
    rows = rng.dirichlet(np.ones(6), size=6)
    scores = np.log(rows / (5 * noise))
    toy = Embedding(
        list("abcdef"), np.eye(6, dtype=np.float32), scores.T.astype(np.float32), counts
    )
    np.testing.assert_allclose(norms.normaliser(toy, ["a", "f"]), [1, 1], rtol=1e-5)


def test_counts_are_needed(toy):
    with pytest.raises(ValueError, match="without counts or context"):
        norms.squared_norms(Embedding(toy.words, toy.input, toy.context))


def test_a_line_agrees_with_scipy_and_its_interval_covers():
    import scipy.stats

    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = 2 * x + rng.normal(size=400)
    peer = scipy.stats.linregress(x[:300], y[:300])
    fit = statistics.regress(y, x, np.arange(400) < 300)
    assert (fit.slope, fit.intercept) == pytest.approx((peer.slope, peer.intercept))
    assert fit.r2 == pytest.approx(peer.rvalue**2) and fit.n_words == 300
    assert fit.slope_interval[0] < 2 < fit.slope_interval[1]
    width = fit.slope_interval[1] - fit.slope_interval[0]
    assert width == pytest.approx(2 * 1.96 * peer.stderr, rel=0.2)


def test_partial_correlation_is_that_of_the_residuals():
    rng = np.random.default_rng(0)
    given = rng.normal(size=(500, 2))
    common = rng.normal(size=500)
    x = given @ [1, 2] + common + rng.normal(size=500)
    y = given @ [-3, 1] + common + rng.normal(size=500)
    lengths = statistics.partial_correlation(y, x, given)
    precision = np.linalg.inv(np.cov(np.column_stack([y, x, given]).T))
    assert lengths == pytest.approx(
        -precision[0, 1] / np.sqrt(precision[0, 0] * precision[1, 1]), abs=1e-9
    )


def test_the_bootstrap_finds_the_standard_error_of_a_mean():
    values = np.random.default_rng(0).normal(size=400)
    mean, (low, high) = statistics.bootstrap(
        lambda rows: values[rows].mean(), np.arange(400), n_bootstrap=2000
    )
    assert mean == values.mean()
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_a_line_needs_points():
    with pytest.raises(ValueError, match="3 or more finite points"):
        statistics.regress(np.arange(5.0), np.ones(5))


@pytest.mark.parametrize("counts", [[0, 0, 0], [1, np.nan, 1], [1, -1, 1], [1, 1]])
def test_counts_that_are_none_are_refused(counts):
    vectors = np.eye(3)
    embedding = Embedding(list("abc"), vectors, vectors)
    with pytest.raises(ValueError, match=r"counts .*expected"):
        norms.squared_norms(embedding, counts=np.array(counts, float))
    with pytest.raises(ValueError, match=r"weights .*expected"):
        norms.weighted_mean(vectors, np.array(counts, float))
