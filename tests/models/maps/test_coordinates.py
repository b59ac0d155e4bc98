import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection, robustness


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    return rng.normal(-600, 60, (7, 1)) + rng.normal(0, 80, (1, 40)) + rng.normal(0, 9, (7, 40))


def test_double_centring_has_zero_row_and_column_sums(matrix):
    q = maps.double_centre(matrix)
    np.testing.assert_allclose(q.sum(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(q.sum(axis=1), 0, atol=1e-9)


def test_double_centring_is_the_formula_with_the_grand_mean(matrix):
    expected = matrix - matrix.mean(axis=1, keepdims=True) - matrix.mean(axis=0) + matrix.mean()
    np.testing.assert_allclose(maps.double_centre(matrix), expected, atol=1e-9)


def test_a_constant_added_to_a_row_or_to_a_column_is_invisible(matrix):
    moved = matrix + np.arange(7)[:, None] * 100
    np.testing.assert_allclose(maps.double_centre(moved), maps.double_centre(matrix), atol=1e-9)
    moved = matrix + np.arange(40) * -30
    np.testing.assert_allclose(maps.double_centre(moved), maps.double_centre(matrix), atol=1e-9)


def test_centring_of_columns_changes_no_distance_and_that_of_rows_does(matrix):
    q, xi = maps.double_centre(matrix), maps.row_centre(matrix)
    np.testing.assert_allclose(maps.kl(q), maps.kl(xi), rtol=1e-10)
    np.testing.assert_allclose(maps.kl(matrix - matrix.mean(axis=0)), maps.kl(matrix), rtol=1e-10)
    assert not np.allclose(maps.kl(matrix), maps.kl(xi), rtol=0.1)


def test_twice_kl_is_the_population_variance_of_the_difference(matrix):
    kl = maps.kl(maps.row_centre(matrix))
    difference = matrix[2] - matrix[5]
    assert 2 * kl[2, 5] == pytest.approx(np.var(difference), rel=1e-10)
    assert 2 * maps.kl(matrix)[2, 5] == pytest.approx(np.mean(difference**2), rel=1e-10)


def test_two_models_and_three_texts_by_hand():
    # rows: means -2 and -4, so xi = (1, 0, -1) and (-2, 0, 2); column means -1/2, 0, 1/2
    log_likelihood = [[-1.0, -2, -3], [-6, -4, -2]]
    q = maps.double_centre(log_likelihood)
    np.testing.assert_allclose(q, [[1.5, 0, -1.5], [-1.5, 0, 1.5]])
    assert maps.kl(q)[0, 1] == pytest.approx((9 + 0 + 9) / (2 * 3))
    in_bits = maps.kl(q, "bits/byte", n_bytes=np.array([8, 10, 12]))
    assert in_bits[0, 1] == pytest.approx(3 / (10 * np.log(2)))


def test_kl_keeps_the_digits_of_models_that_are_nearly_the_same(matrix):
    near = np.vstack([matrix, matrix[:1] + 1e-7 * np.sin(np.arange(40))])
    direct = maps.kl(maps.row_centre(near))[0, 7]
    assert direct == pytest.approx(np.var(1e-7 * np.sin(np.arange(40))) / 2, rel=1e-3)


def test_kl_says_what_bits_per_byte_need(matrix):
    with pytest.raises(ValueError, match="n_bytes"):
        maps.kl(matrix, "bits/byte")
    with pytest.raises(ValueError, match="not finite"):
        maps.kl(np.where(matrix > matrix.max() - 1e-9, np.nan, matrix))
    with pytest.raises(ValueError, match=r"\(M, N\)"):
        maps.row_centre(matrix[0])


def test_variance_splits_into_within_and_between_domains(matrix):
    domains = np.repeat(["a", "b", "c", "d"], 10)
    within = maps.kl(maps.centre_within(matrix, domains))
    means = np.stack([matrix[:, domains == name].mean(axis=1) for name in "abcd"], axis=1)
    between = maps.kl(maps.row_centre(np.repeat(means, 10, axis=1)))
    np.testing.assert_allclose(within + between, maps.kl(maps.row_centre(matrix)), rtol=1e-9)


def test_primary_domain_is_relative_to_the_other_models():
    # both models find code easiest, the second one less so
    log_likelihood = np.array([[-1.0, -1, -9, -9], [-3, -3, -5, -5]])
    result = maps.primary_domain(
        maps.double_centre(log_likelihood), ["code", "code", "news", "news"]
    )
    assert result.tolist() == ["code", "news"]


def test_nearest_leaves_the_model_itself_out_and_sorts(matrix):
    kl = maps.kl(maps.row_centre(matrix))
    names = [f"m{i}" for i in range(7)]
    table = maps.nearest(kl, names, k=3)
    assert (table.model != table.neighbour).all() and len(table) == 21
    assert (table.groupby("model").distance.apply(lambda d: d.is_monotonic_increasing)).all()
    first = table[table.model == "m4"].neighbour.iloc[0]
    others = np.where(np.arange(7) == 4, np.inf, kl[4])
    assert first == names[others.argmin()]


def test_classical_scaling_of_exact_distances_is_pca(matrix):
    q = maps.double_centre(matrix)
    mds = projection.classical_mds(squareform(pdist(q, "sqeuclidean")), k=3)
    np.testing.assert_allclose(mds, projection.pca(q, k=3), atol=1e-6)


def test_pca_and_spectrum_agree_with_scikit_learn(matrix):
    from sklearn.decomposition import PCA

    q = maps.double_centre(matrix)
    peer = PCA(n_components=6).fit(q)
    np.testing.assert_allclose(
        projection.spectrum(q)[:6], np.cumsum(peer.explained_variance_ratio_)
    )
    np.testing.assert_allclose(np.abs(projection.pca(q, 2)), np.abs(peer.transform(q)[:, :2]))
    assert projection.n_components(projection.spectrum(q), 1.0) == 6  # seven centred rows span six


def test_tsne_is_the_same_for_a_seed_and_whatever_the_unit():
    rng = np.random.default_rng(1)
    q = np.repeat(rng.normal(0, 50, (3, 20)), 8, axis=0) + rng.normal(0, 1, (24, 20))
    first = projection.tsne(q, seed=3, n_iterations=300)
    np.testing.assert_array_equal(first, projection.tsne(q, seed=3, n_iterations=300))
    np.testing.assert_allclose(first, projection.tsne(q * 1024, seed=3, n_iterations=300))
    nearest = squareform(pdist(first)).argsort(axis=1)[:, 1:4]
    labels = np.repeat(np.arange(3), 8)
    assert (labels[nearest] == labels[:, None]).all()


@pytest.mark.parametrize("rows", [np.zeros((20, 8)), np.full((20, 8), -1e8), np.ones((1, 3))])
def test_tsne_of_equal_models_is_one_point_and_ends_no_process(rows):
    with pytest.warns(UserWarning, match=f"all {len(rows)} models are equal"):
        np.testing.assert_array_equal(projection.tsne(rows), np.zeros((len(rows), 2)))
    two = projection.tsne(np.repeat([[0.0, 1e-9], [0.0, 0.0]], 10, axis=0), n_iterations=250)
    assert np.isfinite(two).all()


def test_tree_joins_the_nearest_pair_first_at_its_root_mean_square(matrix):
    matrix = np.vstack([matrix, matrix[3] + np.resize([0.5, -0.5], 40)])
    q = maps.double_centre(matrix)
    linkage = projection.tree(q)
    assert set(linkage[0, :2].astype(int)) == {3, 7}
    assert linkage[0, 2] == pytest.approx(np.sqrt(2 * maps.kl(q)[3, 7]))
    assert sorted(projection.leaf_order(linkage)) == list(range(8))


def test_tails_of_a_difference_with_one_wild_text():
    calm = np.resize([1.0, -1.0], 100)
    wild = calm.copy()
    wild[0] = 100.0
    assert robustness.top_share(wild) == pytest.approx(1e4 / (1e4 + 99))
    assert robustness.top_share(calm) == pytest.approx(0.01)
    assert robustness.kurtosis(wild) > 50 > robustness.kurtosis(calm) == pytest.approx(1.0)
    assert robustness.top_share(np.stack([calm, wild])).shape == (2,)


def test_bootstrap_agrees_with_the_formula_for_a_normal_difference():
    from scipy import stats

    d = np.random.default_rng(2).normal(0, 3, (2, 4000))
    draws = robustness.bootstrap(d, n_samples=400, seed=1)
    error = draws.std(axis=1, ddof=1)
    np.testing.assert_allclose(
        error / (np.var(d, axis=1) / 2), robustness.relative_error(d), rtol=0.12
    )
    np.testing.assert_allclose(draws.mean(axis=1), np.var(d, axis=1) / 2, rtol=0.01)
    np.testing.assert_allclose(robustness.kurtosis(d), stats.kurtosis(d, axis=1, fisher=False))


def test_pair_differences_have_the_variance_that_kl_says(matrix):
    pairs = np.array([[0, 1], [2, 6]])
    d = robustness.pair_differences(matrix, pairs)
    kl = maps.kl(maps.double_centre(matrix))
    np.testing.assert_allclose(np.mean(d**2, axis=1) / 2, kl[pairs[:, 0], pairs[:, 1]])


def test_what_is_no_number_is_refused(matrix):
    spoilt, square = matrix.copy(), maps.kl(maps.double_centre(matrix))
    spoilt[3, 5] = np.nan
    work = [maps.row_centre, maps.double_centre, projection.pca, projection.spectrum]
    work += [projection.tree, lambda L: maps.primary_domain(L, list("ab") * 20)]
    for function in work:
        with pytest.raises(ValueError, match="1 of 280 values not finite"):
            function(spoilt)
    square[0, 1] = np.nan
    for function in (projection.classical_mds, lambda d: maps.nearest(d, list("abcdefg"))):
        with pytest.raises(ValueError, match="1 of 49 values not finite"):
            function(square)


@pytest.mark.parametrize("n_bytes", [0, -3, np.nan, [1, np.nan] * 20, [3, 3]])
def test_bytes_that_are_none_are_refused(matrix, n_bytes):
    with pytest.raises(ValueError, match="n_bytes"):
        maps.kl(maps.double_centre(matrix), "bits/byte", n_bytes)


def test_shares_and_draws_out_of_range_are_refused(matrix):
    for function in (projection.n_components, robustness.top_share):
        with pytest.raises(ValueError, match="share = 2 was given; expected 0 to 1"):
            function(np.array([0.5, 1.0]), 2)
    assert np.isnan(robustness.top_share(np.array([np.nan, 1, 2])))
    with pytest.raises(ValueError, match="n_samples = 1 was given; expected at least 2"):
        robustness.bootstrap(matrix, n_samples=1)
    with pytest.raises(ValueError, match="k = -1 was given"):
        maps.nearest(np.zeros((2, 2)), ["a", "b"], k=-1)
