"""Cosines as sums of products, the axes that matter, top-p sums, rotations and benchmarks."""

import numpy as np
import pytest
import scipy.stats

from lmnotes import statistics
from lmnotes.words import null_laws, similarity
from lmnotes.words.ica.solver import random_rotation


@pytest.fixture(scope="module")
def white():
    """White components of 400 words on 6 skewed axes, and the words."""
    rng = np.random.default_rng(0)
    raw = rng.gamma(0.7, size=(400, 6)) * rng.lognormal(0, 0.4, size=(400, 1))
    centred = raw - raw.mean(axis=0)
    u, _, vt = np.linalg.svd(centred, full_matrices=False)
    return u @ vt * np.sqrt(400)


def test_axis_products_sum_to_the_cosine(white):
    unit = similarity.normalise(white)
    first, second = np.arange(0, 200), np.arange(200, 400)
    products = similarity.axis_products(unit, first, second)
    cosine = [
        white[i] @ white[j] / np.linalg.norm(white[i]) / np.linalg.norm(white[j])
        for i, j in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(products.sum(axis=1), cosine, atol=1e-12, rtol=0)
    turned = similarity.normalise(white @ random_rotation(6, 1))
    again = similarity.axis_products(turned, first, second)
    np.testing.assert_allclose(again.sum(axis=1), cosine, atol=1e-12, rtol=0)
    assert np.abs(again - products).max() > 0.1


def test_a_row_without_direction_is_refused():
    with pytest.raises(ValueError, match="row 1 of 2 has length 0"):
        similarity.normalise(np.array([[1.0, 0], [0, 0]]))
    with pytest.raises(ValueError, match="length nan"):
        similarity.normalise(np.array([[np.nan, 0]]))


def test_significant_axes_are_those_above_the_threshold():
    values = np.zeros(100)
    values[[3, 7, 9]] = [0.5, 0.34, 0.30]
    values[11] = -0.6
    curve = similarity.significant_axes(values)
    limit = null_laws.threshold(100)
    assert list(curve.axis[:2]) == [3, 7] and limit == pytest.approx(0.3291, abs=1e-4)
    assert list(curve.axis[curve.significant]) == [3, 7]
    both = similarity.significant_axes(values, alternative="two-sided")
    assert list(both.axis[both.significant]) == [11, 3]  # twice the price: 0.34 no longer passes
    with pytest.raises(ValueError, match="expected one of component, product"):
        similarity.significant_axes(values, kind="cosine")


def test_top_sums_against_a_loop(white):
    products = similarity.axis_products(similarity.normalise(white), np.arange(9), np.arange(9, 18))
    sums = similarity.top_sums(products, [1, 3, 6])
    for row, pair in zip(sums, products, strict=True):
        slow = [sum(sorted(pair, reverse=True)[:p]) for p in (1, 3, 6)]
        np.testing.assert_allclose(row, slow, atol=1e-14)
    np.testing.assert_allclose(sums[:, 2], products.sum(axis=1))
    with pytest.raises(ValueError, match="expected 1 to 6"):
        similarity.top_sums(products, [7])


def test_sorted_averages_by_hand():
    unit = np.array([[0.6, 0.8], [1.0, 0.0]])
    np.testing.assert_allclose(similarity.average_sorted(unit, "words"), [0.9, 0.3])
    np.testing.assert_allclose(similarity.average_sorted(unit, "axes"), [0.9, 0.3])
    np.testing.assert_allclose(
        similarity.average_sorted(np.array([[3.0, 1], [1, 2]]), "axes"), [2.5, 1]
    )


def test_ranks_by_hand():
    values = np.array([[3.0, 5, 1], [9, 1, 2], [4, 4.5, 6]])
    of_word, of_axis = similarity.ranks(values, 0)
    assert of_word.tolist() == [3, 1, 2] and of_axis.tolist() == [2, 1, 3]


def test_an_ideal_query_ranks_by_cosine(white):
    unit = similarity.normalise(white)
    ideal = np.array([0, 2.0, 0, -1.0, 0, 0])
    slow = [row @ ideal / np.linalg.norm(ideal) for row in unit]
    np.testing.assert_allclose(similarity.query(unit, {1: 2, 3: -1}), slow)
    with pytest.raises(ValueError, match="no direction"):
        similarity.query(unit, {1: 0})


def test_ablation_moves_words_along_straight_lines(white):
    unit = similarity.normalise(white)
    x, y = similarity.ablate(unit, 5, 2)
    np.testing.assert_allclose(x + y * unit[5, 2], unit @ unit[5], atol=1e-14)
    assert x[5] == pytest.approx(1 - unit[5, 2] ** 2)


def test_the_geodesic_starts_and_ends_where_it_should(white):
    end = white @ random_rotation(6, 3)
    at = similarity.geodesic(white, end)
    np.testing.assert_allclose(at(0), white, atol=1e-9)
    last = at(1)
    signs = np.sign((last * end).sum(axis=0))
    np.testing.assert_allclose(last * signs, end, atol=1e-9)
    assert (signs[:-1] == 1).all()
    middle = at(0.5)
    np.testing.assert_allclose(middle.T @ middle / len(white), np.eye(6), atol=1e-9)
    np.testing.assert_allclose(middle @ middle.T, white @ white.T, atol=1e-8)
    with pytest.raises(ValueError, match="more than a rotation"):
        similarity.geodesic(white, 2 * end)


def test_scores_are_rank_correlations_over_covered_pairs(tmp_path, white):
    words = [f"w{i}" for i in range(400)]
    unit = similarity.normalise(white)
    rng = np.random.default_rng(4)
    pairs = rng.integers(400, size=(60, 2))
    human = rng.normal(size=60)
    lines = [f"w{a}\tW{b}\t{h}" for (a, b), h in zip(pairs, human, strict=True)]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join([*lines, "w1\tmissing\t3"]))
    table = similarity.score({"ICA": unit}, words, path, [1, 6])
    cosine = np.einsum("nk,nk->n", unit[pairs[:, 0]], unit[pairs[:, 1]])
    assert table.spearman[1] == pytest.approx(scipy.stats.spearmanr(cosine, human).statistic)
    assert (table.n_covered == 60).all() and (table.n_pairs == 61).all()
    assert (table.low <= table.spearman).all() and (table.spearman <= table.high).all()
    both = similarity.score({"ICA": unit, "PCA": unit[::-1]}, words, path, [1])
    difference, (low, high) = similarity.advantage(both, 1)
    assert difference == pytest.approx(both.spearman[0] - both.spearman[1])
    assert low <= difference <= high and similarity.advantage(both, 1, "ICA", "ICA") == (0, (0, 0))
    with pytest.raises(ValueError, match="larger vocabulary"):
        similarity.score({"ICA": unit[:2]}, words[:2], path, [1])


def test_what_is_no_number_has_no_rank():
    values = np.array([[1.0, np.nan], [2.0, 1.0], [0.5, 3.0]])
    for work in (lambda v: similarity.ranks(v, 0), lambda v: similarity.top_sums(v, [1])):
        with pytest.raises(ValueError, match="1 of 6 values not finite"):
            work(values)
    with pytest.raises(ValueError, match=r"n_axes = 1\.5 was given; expected a whole number"):
        similarity.top_sums(np.ones((2, 3)), [1.5])
    with pytest.raises(ValueError, match="give no direction; expected finite numbers"):
        similarity.query(np.eye(3), {0: np.inf})


def test_intervals_count_pairs_that_share_a_word_as_one():
    rng = np.random.default_rng(6)
    hubs, others = np.arange(12), np.arange(12, 12 + 240)
    shared = np.column_stack([np.repeat(hubs, 20), others])
    apart = np.arange(480).reshape(240, 2)
    kind = np.repeat(rng.normal(size=12), 20)  # of a hub, both of its products and of the target
    unit = similarity.normalise(rng.normal(size=(480, 6)))
    target = kind + 0.1 * rng.normal(size=240)
    unit[others, 0] = kind
    width = {}
    for name, rows in (("shared", shared), ("apart", apart)):
        at = similarity.agreement({"a": unit, "b": unit[:, ::-1]}, rows, target, [1, 6])
        assert at.spearman[1] == pytest.approx(at.spearman[3])
        same, ends = similarity.advantage(at, 6, "a", "b")
        assert same == pytest.approx(0, abs=1e-12) and ends == pytest.approx((0, 0), abs=1e-12)
        width[name] = at.high[1] - at.low[1]
    assert width["shared"] > 1.5 * width["apart"]


def test_the_influence_of_pairs_apart_gives_the_spread_of_draws():
    rng = np.random.default_rng(8)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    value, influence = similarity.rank_correlation(x, y)
    assert value == pytest.approx(scipy.stats.spearmanr(x, y).statistic)
    draws = rng.integers(300, size=(300, 300))
    spread = np.std([scipy.stats.spearmanr(x[d], y[d]).statistic for d in draws])
    error = statistics.pairs_error(influence, np.arange(600).reshape(300, 2))
    assert error == pytest.approx(spread, rel=0.15)


def test_length_pulls_words_to_the_ends_until_they_are_scaled():
    rng = np.random.default_rng(9)
    directions = similarity.normalise(rng.normal(size=(500, 8)))
    lengths = rng.lognormal(size=500)
    assert similarity.length_pull(directions * lengths[:, None], lengths) > 0.3
    assert abs(similarity.length_pull(directions, lengths)) < 0.05
