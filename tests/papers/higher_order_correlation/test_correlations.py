"""E[S_i^2 S_j^2] against loops, its errors, nulls, variants and contributors."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.higher_order_correlation import correlations
from lmnotes.words.ica.components import Components
from lmnotes.words.ica.solver import random_rotation


def whiten(raw):
    centred = raw - raw.mean(axis=0)
    u, _, vt = np.linalg.svd(centred, full_matrices=False)
    return u @ vt * np.sqrt(len(raw))


@pytest.fixture(scope="module")
def independent():
    return whiten(np.random.default_rng(0).laplace(size=(20_000, 5)))


@pytest.fixture(scope="module")
def linked():
    """Five sparse axes of which 0 and 1 share their volume."""
    rng = np.random.default_rng(1)
    volume = rng.lognormal(0, 0.7, size=20_000)
    raw = rng.laplace(size=(20_000, 5))
    raw[:, :2] *= volume[:, None]
    return whiten(raw)


def test_it_is_the_mean_of_squares_multiplied(linked):
    few = whiten(linked[:300])
    c = correlations.energy(few)
    for i in range(5):
        for j in range(5):
            slow = sum(few[w, i] ** 2 * few[w, j] ** 2 for w in range(300)) / 300
            assert c[i, j] == pytest.approx(slow)
    np.testing.assert_allclose(np.diag(c), (few**4).mean(axis=0))  # kurtosis


def test_independent_axes_have_one_and_linked_ones_more(independent, linked):
    c = correlations.energy(independent)
    off = c[~np.eye(5, dtype=bool)]
    assert np.abs(off - 1).max() < 0.1 and np.abs(np.diag(c) - 6).max() < 1
    listed = correlations.pairs(correlations.energy(linked))
    assert listed.loc[0, ["i", "j"]].tolist() == [0, 1] and listed.c[0] > 2 > 1.2 > listed.c[1]


def test_the_mean_over_axes_is_the_spread_of_lengths(linked):
    # sum_ij c_ij = E |S|^4, whatever the axes
    assert correlations.energy(linked).sum() == pytest.approx((linked**2).sum(1).var() + 25)
    turned = correlations.energy(linked @ random_rotation(5, 3))
    assert turned.sum() == pytest.approx(correlations.energy(linked).sum())


def test_the_background_is_that_of_spherical_data():
    rng = np.random.default_rng(2)
    directions = rng.normal(size=(200_000, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radius = rng.choice([1.0, 3.0], size=(200_000, 1))
    spherical = whiten(directions * radius)
    c = correlations.energy(spherical)
    off = c[~np.eye(4, dtype=bool)]
    np.testing.assert_allclose(off, correlations.background(spherical), rtol=0.02)
    assert correlations.background(rng.normal(size=(200_000, 4))) == pytest.approx(1, abs=0.02)


def test_standard_errors_are_those_of_a_mean(linked):
    few = whiten(linked[:2000])
    error = correlations.standard_error(few, n_bootstrap=400, seed=0)
    products = few[:, 0] ** 2 * few[:, 1] ** 2
    assert error[0, 1] == pytest.approx(products.std() / np.sqrt(2000), rel=0.15)
    np.testing.assert_array_equal(error, correlations.standard_error(few, n_bootstrap=400, seed=0))


def test_shuffled_columns_are_independent_with_the_same_kurtosis(linked):
    c, null = correlations.energy(linked), correlations.shuffled_null(linked)
    np.testing.assert_allclose(np.diag(null), np.diag(c))
    assert abs(null[0, 1] - 1) < 0.3 < 1 < c[0, 1] - 1


def test_rows_of_length_one_add_up_to_the_number_of_entries(linked):
    assert correlations.of_unit_rows(linked).sum() == pytest.approx(25)


def test_pairs_are_judged_by_their_rows():
    c = np.array([[9, 2, 1, 1], [2, 9, 1, 1], [1, 1, 9, 1.5], [1, 1, 1.5, 9]])
    table = correlations.pairs(c, np.full((4, 4), 0.5), ["a", "b", "c", "d"])
    assert table.loc[0, ["first", "second"]].tolist() == ["a", "b"]
    assert table.excess[0] == 1.0 and table.z[0] == 2.0  # medians of both rows are 1
    assert len(table) == 6


def test_who_carries_an_entry():
    values = np.array([[3.0, -2], [1, 1], [0, 5], [1, -1]])
    asked = pd.DataFrame({"i": [0], "j": [1]}, index=[7])
    table = correlations.carried(values, ["a", "b", "c", "d"], asked, n_words=2)
    assert table.index.tolist() == [7] and table["carried by"][7] == "a, b"
    assert table["share of 2 words"][7] == pytest.approx(37 / 38)
    assert table["share of ++"][7] == pytest.approx(1 / 38)
    np.testing.assert_allclose(correlations.without(values, 0, 1, [0, 1, 2]), [9.5, 2 / 3, 0.5])


def test_the_largest_entry_is_taken_anew_as_words_go(linked):
    few = whiten(linked[:400])
    largest = correlations.largest_without(few, 3)
    i, j = correlations.pairs(correlations.energy(few)).loc[0, ["i", "j"]].astype(int)
    order = np.argsort(-(few[:, i] ** 2) * few[:, j] ** 2)
    for n in range(4):
        left = np.delete(few, order[:n], axis=0)
        left = left / np.sqrt((left**2).mean(axis=0))
        c = (left**2).T @ left**2 / len(left)
        assert largest[n] == pytest.approx(c[np.triu_indices(5, 1)].max())


def test_the_paper_s_pairs_are_found_by_their_words():
    words = ["rna", "protein", "dna", "acids", "acid", "oh", "greek", "athens", "gods", "goddess"]
    values = np.zeros((10, 3))
    values[:3, 0] = values[3:6, 1] = values[6:, 2] = 1
    space = Components(values, np.zeros(3), np.eye(3), "ICA", words=words)
    c = np.array([[9, 2.5, 1], [2.5, 9, 1.5], [1, 1.5, 9]])
    table = correlations.named_pairs(space, c).set_index("id")
    assert table.measured["fig4_acids"] == 2.5
    assert np.isnan(table.measured["fig2_stars"])  # no axis of stars
    assert np.isnan(table.excess["fig4_gods"])  # one axis has both


def test_columns_that_are_not_white_are_refused(linked):
    unit = linked / np.linalg.norm(linked, axis=1, keepdims=True)
    with pytest.raises(ValueError, match="do not scale the rows"):
        correlations.energy(unit)
    with pytest.raises(ValueError, match="not finite"):
        correlations.energy(np.full((9, 2), np.nan))


def test_what_a_seed_says_is_held_against_the_best_of_the_rivals(linked, independent):
    def space(values):
        return Components(values, np.zeros(5), np.eye(5), "", words=[])

    turned = linked @ np.linalg.qr(np.random.default_rng(4).normal(size=(5, 5)))[0]
    bases = {"ICA": space(linked), "PCA": space(turned), "random rotation": space(independent)}
    c = {name: correlations.energy(space.values) for name, space in bases.items()}
    said = correlations.said_of(bases, c, n_bootstrap=20)
    off = [correlations.pairs(correlations.energy(b.values)).c for b in bases.values()]
    high = [np.quantile(c, 0.99) for c in off]
    assert said["beyond_rotation"] == (pytest.approx(high[0] - max(high[1:])), None)
    strongest, (low, above) = said["strongest_pair"]
    assert strongest == off[0].max() and low < strongest < above
    share, (low, above) = said["both_positive"]
    assert low < share < above  # pairs differ, and five are few
