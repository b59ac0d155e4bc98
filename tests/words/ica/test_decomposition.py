"""ICA: known mixtures recovered, its invariances, and agreement with scikit-learn."""

import numpy as np
import pytest
import torch
from scipy import linalg

from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import components, decomposition, solver, whitening


def sources(n=6000, seed=0):
    """Six independent columns, sharper and flatter than a Gaussian, (n, 6)."""
    random = np.random.default_rng(seed)
    return np.column_stack(
        [
            random.laplace(size=n),
            random.exponential(size=n),
            random.gamma(0.5, size=n),
            random.uniform(-1, 1, n),
            random.uniform(-1, 1, n) ** 3,
            random.gumbel(size=n),
        ]
    )


def amari(p):
    """Distance of a matrix from a scaled permutation, 0 for one."""
    p = np.abs(p)
    rows = (p / p.max(axis=1, keepdims=True)).sum(axis=1) - 1
    columns = (p / p.max(axis=0)).sum(axis=0) - 1
    return (rows.sum() + columns.sum()) / (2 * len(p) * (len(p) - 1))


@pytest.fixture(scope="module")
def mixed():
    mixing = np.random.default_rng(1).normal(size=(6, 6))
    return sources() @ mixing, mixing


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("contrast", ["logcosh", "cube"])
def test_a_known_mixture_is_unmixed(mixed, seed, contrast):
    vectors, mixing = mixed
    fitted = decomposition.fit(vectors, seed=seed, contrast=contrast, tolerance=1e-6)
    assert fitted.converged and fitted.gradient_norm < 1e-6
    assert amari(mixing @ fitted.unmixing) < 0.04
    start = solver.random_rotation(6, seed)
    assert amari(mixing @ whitening.whiten(vectors).map @ start) > 0.2  # where it came from


def test_values_are_white_signed_ordered_and_made_by_the_map(mixed):
    vectors, _ = mixed
    fitted = decomposition.fit(vectors)
    np.testing.assert_allclose(fitted.values.T @ fitted.values / len(vectors), np.eye(6), atol=1e-9)
    np.testing.assert_allclose(fitted.values, (vectors - fitted.mean) @ fitted.unmixing, atol=1e-12)
    np.testing.assert_allclose(fitted.transform(vectors[:5]), fitted.values[:5], atol=1e-12)
    assert (fitted.skewness >= 0).all() and (np.diff(fitted.skewness) <= 0).all()


def test_an_invertible_map_of_the_vectors_changes_nothing(mixed):
    vectors, _ = mixed
    turned = vectors @ np.random.default_rng(3).normal(size=(6, 6)) + 7
    one = decomposition.fit(vectors, tolerance=1e-8)
    other = decomposition.fit(turned, seed=5, tolerance=1e-8)
    # near-symmetric columns have a skewness of noise, so that their sign is the only freedom left
    r = np.abs(np.corrcoef(one.values.T, other.values.T)[:6, 6:])
    np.testing.assert_allclose(r.max(axis=1), 1, atol=1e-6)


def test_it_finds_what_scikit_learn_finds(mixed):
    vectors, _ = mixed
    ours = decomposition.fit(vectors, tolerance=1e-7)
    theirs = decomposition.fit(vectors, solver="fastica", tolerance=1e-10, max_iterations=500)
    assert theirs.converged and theirs.gradient_norm < 1e-4
    r = np.abs(np.corrcoef(ours.values.T, theirs.values.T)[:6, 6:])
    np.testing.assert_allclose(r.max(axis=1), 1, atol=1e-5)


def test_the_gradient_is_the_slope_of_the_contrast(mixed):
    white = whitening.whiten(mixed[0]).white
    rotation = solver.random_rotation(6, 4)
    fitted, step = solver.gradient(white, rotation), 1e-5
    y = white @ rotation
    signs = np.sign((1 - np.tanh(y) ** 2).mean(0) - (np.tanh(y) * y).mean(0))

    def loss(angle):  # axes 1 and 3 turned towards each other
        turned = y.copy()
        turned[:, 1] = np.cos(angle) * y[:, 1] + np.sin(angle) * y[:, 3]
        turned[:, 3] = np.cos(angle) * y[:, 3] - np.sin(angle) * y[:, 1]
        return (signs * np.log(np.cosh(turned)).mean(axis=0)).sum()

    slope = (loss(step) - loss(-step)) / (2 * step)
    np.testing.assert_allclose(2 * fitted[1, 3], slope, atol=1e-7)
    np.testing.assert_allclose(fitted, -fitted.T)


def white_and_moments(weights=None, contrast="logcosh"):
    """White rows (900, 6), a rotation, and Y, g(Y), g'(Y) of theirs by plain numpy."""
    white = whitening.whiten(sources(900), weights=weights).white
    y = white @ (rotation := solver.random_rotation(6, 4))
    cube = contrast == "cube"
    g, derivative = (y**3, 3 * y**2) if cube else (np.tanh(y), 1 - np.tanh(y) ** 2)
    return white, rotation, y, g, derivative


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("contrast", ["logcosh", "cube"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_moments_are_means_over_rows_whatever_the_block(monkeypatch, dtype, contrast, is_weighted):
    weights = np.random.default_rng(0).integers(0, 4, 900) if is_weighted else None
    white, rotation, y, g, derivative = white_and_moments(weights, contrast)
    monkeypatch.setattr(solver, "BLOCK", 250)  # the last block is a shorter one
    rows = solver.Moments(white, weights, contrast, dtype, "cpu")
    share = (np.ones(900) if weights is None else weights)[:, None]
    share = share / share.sum()
    expected = ((g * share).T @ y, (derivative * share).sum(0), (derivative * share).T @ y**2)
    moments = rows.under(rows.tensor(rotation), curved=True)
    for ours, slow in zip(moments, expected, strict=True):
        atol = 1e-12 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(ours.numpy(), slow, atol=atol, rtol=1e-5)
    assert rows.under(rows.tensor(rotation))[2] is None


def test_the_curvature_of_a_pair_is_the_second_slope_of_the_contrast_as_it_turns():
    white, rotation, y, _, _ = white_and_moments()
    rows = solver.Moments(white, None, "logcosh", "float64", "cpu")
    search = solver._Search(rows.tensor(rotation), 1.0)
    search._look(*rows.under(search.rotation, curved=True))

    def loss(angle, i, j):  # axes i and j turned towards each other
        turned = [np.cos(angle) * y[:, i] + np.sin(angle) * y[:, j]]
        turned.append(np.cos(angle) * y[:, j] - np.sin(angle) * y[:, i])
        return np.log(np.cosh(turned)).mean(axis=1).sum()

    h = 1e-3
    for i, j in ((0, 1), (3, 4), (2, 5)):
        bend = (loss(h, i, j) - 2 * loss(0, i, j) + loss(-h, i, j)) / h**2
        # the gradient's entry is half of the slope, and (j, i) counts as well
        assert 2 * float(search.curvature[i, j]) == pytest.approx(max(bend, 2 * solver.FLOOR), 1e-4)
    search.descend(rows, np.inf, 0)  # divides by no less than what so few rows tell from zero
    assert float(search.curvature.min()) == pytest.approx(0.6 * np.sqrt(6 / 900), 1e-6)


def test_a_step_is_a_rotation_and_the_exponential_to_second_order():
    skewed = np.random.default_rng(0).normal(size=(7, 7))
    skewed -= skewed.T
    turned = solver.cayley(torch.tensor(skewed))
    np.testing.assert_allclose(turned.T @ turned, np.eye(7), atol=1e-14)
    for size in (1e-2, 1e-3):
        turned = solver.cayley(torch.tensor(size * skewed)).numpy()
        error = np.abs(turned - linalg.expm(size * skewed)).max()
        assert error < np.linalg.norm(size * skewed, 2) ** 3


@pytest.mark.parametrize("contrast", ["logcosh", "cube"])
def test_spikes_come_before_flat_axes_on_rows_of_equal_length(contrast):
    random = np.random.default_rng(0)
    spiky = random.normal(size=(6200, 20)) + 6 * (random.random((6200, 20)) < 0.03)
    spiky /= np.linalg.norm(spiky, axis=1, keepdims=True)
    values = decomposition.fit(spiky, contrast=contrast, tolerance=1e-3).values
    assert ((values**4).mean(axis=0) > 3.1).all()  # with signs free from the start 7 and 1 of 20


def test_it_starts_from_a_part_of_the_rows_where_there_are_many():
    random = np.random.default_rng(0)
    white = whitening.whiten(random.laplace(size=(40_000, 12)) @ random.normal(size=(12, 12))).white
    fitted = solver.solve(white, tolerance=1e-4)
    assert fitted.converged and fitted.n_part_steps > 0
    exact = np.abs(solver.gradient(white, fitted.rotation)).max()
    assert fitted.gradient_norm == pytest.approx(exact)
    np.testing.assert_allclose(fitted.rotation.T @ fitted.rotation, np.eye(12), atol=1e-10)


@pytest.mark.parametrize("kind", ["gaussian", "one spike", "flat", "heavy"])
def test_it_never_diverges(kind):
    random = np.random.default_rng(0)
    vectors = {
        "gaussian": random.normal(size=(3000, 10)),
        "one spike": random.normal(size=(3000, 10)) + 5 * (random.random((3000, 1)) < 0.02),
        "flat": random.uniform(size=(3000, 10)),
        "heavy": random.standard_t(2.1, size=(3000, 10)),
    }[kind]
    fitted = decomposition.fit(vectors, max_iterations=60)
    assert np.isfinite(fitted.values).all() and fitted.gradient_norm < 0.01
    np.testing.assert_allclose(fitted.values.T @ fitted.values / 3000, np.eye(10), atol=1e-8)


def test_a_run_that_was_cut_short_says_so(mixed):
    fitted = decomposition.fit(mixed[0], max_iterations=1, tolerance=1e-9)
    assert not fitted.converged and "stopped after 1 steps" in fitted.summary()
    assert "converged in" in decomposition.fit(mixed[0]).summary()


def test_the_gradient_may_rise_on_the_way_and_only_then_patience_ends_a_run(monkeypatch):
    random = np.random.default_rng(1)
    white = whitening.whiten(random.standard_t(5, size=(600, 30))).white
    fitted = solver.solve(white, tolerance=1e-6)
    assert fitted.converged and (np.diff(fitted.history) > 0).any()
    monkeypatch.setattr(solver, "PATIENCE", 0)
    hasty = solver.solve(white, tolerance=1e-6)
    assert not hasty.converged and hasty.n_iterations < fitted.n_iterations
    exact = np.abs(solver.gradient(white, hasty.rotation)).max()
    assert hasty.gradient_norm == pytest.approx(exact, rel=1e-6)


def test_weights_count_rows_as_repeats(mixed):
    vectors = mixed[0][:800]
    times = np.random.default_rng(0).integers(0, 4, len(vectors))
    weighted = decomposition.fit(vectors, weights=times, tolerance=1e-8)
    repeated = decomposition.fit(np.repeat(vectors, times, axis=0), tolerance=1e-8)
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    r = np.abs(np.corrcoef(weighted.values.T, repeated.transform(vectors).T)[:6, 6:])
    np.testing.assert_allclose(r.max(axis=1), 1, atol=1e-6)
    again = (weighted.values.T * times) @ weighted.values / times.sum()
    np.testing.assert_allclose(again, np.eye(6), atol=1e-9)


def test_the_mean_may_be_weighted_by_counts(mixed):
    vectors, counts = mixed[0], np.arange(1, len(mixed[0]) + 1)
    fitted = decomposition.fit(vectors, counts=counts, weighted_mean=True)
    np.testing.assert_allclose(fitted.mean, counts @ vectors / counts.sum())
    np.testing.assert_allclose(fitted.values.T @ fitted.values / len(vectors), np.eye(6), atol=1e-9)


def test_directions_without_variance_are_dropped_with_a_warning(mixed):
    vectors = mixed[0].astype(np.float32)
    doubled = np.column_stack([vectors, vectors[:, :2] @ np.float32([[1, 2], [3, 1]])])
    with pytest.warns(UserWarning, match="6 of 8 directions"):
        fitted = decomposition.fit(doubled)
    assert fitted.values.shape == (len(vectors), 6) and np.abs(fitted.values).max() < 40


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x: x[:5], "more rows than columns"),
        (lambda x: np.where(np.arange(6) == 2, np.nan, x), r"values not finite, first at \(0, 2\)"),
        (lambda x: np.where(np.arange(6) == 2, 1.5, x), "first column 2"),
    ],
)
def test_bad_input_is_named(mixed, spoil, message):
    with pytest.raises(ValueError, match=message):
        decomposition.fit(spoil(mixed[0]))


@pytest.mark.parametrize(
    "options", [{"solver": "newton"}, {"weighted_mean": True}, {"n_components": 7}]
)
def test_wrong_options_are_refused(mixed, options):
    with pytest.raises(ValueError, match="expected"):
        decomposition.fit(mixed[0], **options)


def test_an_embedding_s_components_are_kept(mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    vectors = mixed[0][:500].astype(np.float32)
    counts = np.arange(500, 0, -1)
    embedding = Embedding([f"w{i}" for i in range(500)], vectors, counts=counts)
    first = decomposition.fit_embedding(embedding, min_count=101)
    with monkeypatch.context() as patch:
        patch.setattr(solver, "solve", None)  # a second run computes nothing
        again = decomposition.fit_embedding(embedding, min_count=101)
    np.testing.assert_array_equal(first.values, again.values)
    assert len(again) == 400 == len(again.words) and again.counts.min() == 101
    assert again.summary() == first.summary() and again.ids["w3"] == 3
    direct = decomposition.fit(vectors[:400])
    np.testing.assert_allclose(again.values, direct.values, atol=1e-9)


def test_rows_are_drawn_by_frequency():
    counts = np.array([10_000, 1000, 100, 50, 20, 10, 9])
    drawn = decomposition.draw_rows(counts, n_draws=100, n_words=6, min_count=10, seed=0)
    assert drawn.sum() >= 100 and drawn[0] > 70 and drawn[6] == 0
    assert np.count_nonzero(drawn) == 6


def test_skewness_is_scipys():
    import scipy.stats

    values = sources(500)
    np.testing.assert_allclose(components.skewness(values), scipy.stats.skew(values))


def test_weighted_rows_are_signed_and_ordered_by_weighted_skewness(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    random = np.random.default_rng(0)
    vectors = np.column_stack([random.exponential(size=3000), random.gamma(0.3, size=3000)])
    weights = np.where(vectors[:, 1] > 1, 1, 20)  # the second column loses its tail
    weights[:50] = 0
    fitted = decomposition.fit(vectors, weights=weights)
    repeated = np.repeat(fitted.values, weights, axis=0)
    np.testing.assert_allclose(fitted.skewness, components.skewness(repeated), rtol=1e-9)
    assert (fitted.skewness > 0).all() and (np.diff(fitted.skewness) < 0).all()
    plain = decomposition.fit(vectors[50:]).skewness
    assert not np.allclose(plain, fitted.skewness, rtol=0.1)
    kept = decomposition.fit_embedding(
        Embedding([f"w{i}" for i in range(3000)], vectors), weights=weights
    )
    np.testing.assert_array_equal(kept.skewness, fitted.skewness)


def test_weighted_skewness_orders_columns_that_plain_skewness_orders_otherwise():
    values = np.array([[0, 0.0], [0, 0], [0, 1], [3, 3], [0, -2], [-1, 0]])
    weights = np.array([4, 4, 4, 0, 1, 4])
    assert components.order(values)[1].tolist() == [0, 1]
    signs, ordered = components.order(values, weights)
    repeated = components.skewness(np.repeat(values, weights, axis=0))
    assert ordered.tolist() == [1, 0] and signs.tolist() == np.sign(repeated).tolist()


@pytest.mark.parametrize(
    "options",
    [{"n_components": 2.5}, {"tolerance": np.nan}, {"tolerance": 0}, {"max_iterations": -1}],
)
def test_settings_out_of_range_are_refused(mixed, options):
    with pytest.raises(ValueError, match="was given; expected"):
        decomposition.fit(mixed[0], **options)


def test_a_draw_of_no_words_is_refused():
    with pytest.raises(ValueError, match="min_count=10 leaves none of 2 words: lower it"):
        decomposition.draw_rows(np.array([5, 3]), min_count=10)


def test_components_show_their_summary_and_the_ends_of_their_rows(mixed):
    fitted = decomposition.fit(mixed[0])
    assert repr(fitted) == f"Components: {fitted.summary()}"
    assert "<th>5999</th>" in fitted._repr_html_() and len(fitted._repr_html_()) < 5000
    named = components.Components(np.eye(2), np.zeros(2), np.eye(2), "PCA", words=["<i>", "b"])
    assert "<th>&lt;i&gt;</th>" in named._repr_html_()
