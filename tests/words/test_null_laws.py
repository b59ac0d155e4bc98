"""The sheet's golden tails, exact laws against slow integrals, and adjustments by hand."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from lmnotes.words import null_laws

TAILS = {
    0: 0.5,
    0.1: 0.39108567,
    0.5: 0.20489410,
    1: 0.10449683,
    2: 0.03091444,
    3: 9.8192987e-3,
    5: 1.0850981e-3,
    10: 5.4160997e-6,
    20: 1.7853417e-10,
    50: 1.0749959e-23,
    100: 1.4749658472608069e-45,
}
THRESHOLDS = {  # family-wise 5 %: normal, exact sphere law, product
    50: (0.4370, 0.4227, 0.1015),
    100: (0.3291, 0.3226, 0.0572),
    200: (0.2461, 0.2433, 0.0318),
    300: (0.2071, 0.2054, 0.02249),
    768: (0.1381, 0.1375, 0.00994),
}
# value, p, Bonferroni of published components and products of GloVe (300 axes) and GPT-2 (768)
COMPONENTS = [(0.535, 9.97e-21), (0.265, 2.17e-6), (0.220, 6.97e-5), (0.554, 4.44e-22)]


@pytest.mark.parametrize(("u", "tail"), TAILS.items())
def test_the_product_tail_has_its_golden_values(u, tail):
    assert float(null_laws.product_tail(u)) == pytest.approx(tail, rel=2e-7, abs=0)  # as printed


def test_the_product_tail_is_half_minus_the_integral_of_the_density():
    for u in (0.01, 0.3, 1.7, 6.0):
        below = scipy.integrate.quad(scipy.special.k0, 0, u)[0] / np.pi
        assert float(null_laws.product_tail(u)) == pytest.approx(0.5 - below, rel=1e-7)


def test_the_product_tail_is_precise_far_out():
    # by quadrature with 40 digits
    for u, tail in (
        (1e-6, 0.499995247174373),
        (0.03, 0.4558549281568241),
        (7.0, 1.273405782023446e-4),
        (300.0, 1.183324824598586e-132),
        (650.0, 7.991409608971924e-285),
    ):
        assert float(null_laws.product_tail(u)) == pytest.approx(tail, rel=1e-12, abs=0)


def test_the_strongest_published_product_has_its_p_value():
    assert float(null_laws.product_tail(300 * 0.296073)) == pytest.approx(
        1.1188e-40, rel=1e-4, abs=0
    )
    assert float(null_laws.product_p(0.296073, 300)) == float(
        null_laws.product_tail(300 * 0.296073)
    )


def test_published_components_have_their_p_values_to_the_printed_digits():
    for value, published in COMPONENTS:
        ends = null_laws.component_p(np.array([value + 5e-4, value - 5e-4]), 300, "size")
        assert ends[0] < published < ends[1]
    # the notebook's own check: normal tail at 10
    assert float(null_laws.component_p(10 / np.sqrt(300), 300)) == pytest.approx(
        7.6198530241605e-24, rel=1e-12, abs=0
    )


@pytest.mark.parametrize(("dim", "values"), THRESHOLDS.items())
def test_thresholds_of_the_sheet(dim, values):
    for law, value in zip(("normal", "sphere", "product"), values, strict=True):
        half_a_digit = 6e-5 if value > 0.03 or law != "product" else 6e-6
        assert null_laws.threshold(dim, law) == pytest.approx(value, abs=half_a_digit)


@pytest.mark.parametrize("law", ["normal", "sphere", "product"])
def test_a_density_is_the_slope_of_its_tail(law):
    dim, x, step = 40, np.array([0.01, 0.05, 0.2]), 1e-6

    def tail(at):
        if law == "product":
            return null_laws.product_tail(dim * at)
        return null_laws.component_tail(at, dim, law)

    slope = (tail(x - step) - tail(x + step)) / (2 * step)
    np.testing.assert_allclose(null_laws.density(x, dim, law), slope, rtol=1e-5)


def test_the_exact_law_is_that_of_simulated_directions():
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(40_000, 5))
    z = drawn[:, 0] / np.linalg.norm(drawn, axis=1)
    assert (
        scipy.stats.kstest(z, lambda at: 1 - null_laws.component_tail(at, 5, "sphere")).pvalue
        > 0.01
    )


def test_alternatives_differ_as_they_should():
    p = {
        name: null_laws.component_p(np.array([0.2, -0.2]), 100, name)
        for name in ("greater", "two-sided", "size")
    }
    assert p["greater"].sum() == pytest.approx(1)
    assert p["size"][0] == p["size"][1] == p["greater"][0]
    np.testing.assert_allclose(p["two-sided"], 2 * p["size"])
    with pytest.raises(ValueError, match="expected one of greater, two-sided"):
        null_laws.component_p(0.1, 10, "less")


def test_adjusted_values_by_hand_and_in_order():
    p = np.array([[0.02, 0.001, 0.5, 0.015]])
    assert null_laws.adjust(p, "bonferroni").tolist() == [[0.08, 0.004, 1.0, 0.06]]
    np.testing.assert_allclose(null_laws.adjust(p, "holm"), [[0.045, 0.004, 0.5, 0.045]])
    by_hand = [[0.02 * 4 / 3, 0.004, 0.5, 0.02 * 4 / 3]]
    np.testing.assert_allclose(null_laws.adjust(p, "bh"), by_hand)
    assert (null_laws.adjust(p, "bh") <= null_laws.adjust(p, "holm")).all()
    assert (null_laws.adjust(p, "holm") <= null_laws.adjust(p, "bonferroni")).all()
    with pytest.raises(ValueError, match="expected one of none, bonferroni"):
        null_laws.adjust(p, "sidak")


def test_family_wise_errors_are_those_that_the_sheet_simulated():
    # d = 300: one-sided 0.044 for components and about 0.048 for products; size doubles both
    upper = null_laws.false_axes(300, n_draws=4000)
    both = null_laws.false_axes(300, alternative="size", n_draws=4000)
    assert upper == pytest.approx(0.044, abs=0.012) and both == pytest.approx(0.087, abs=0.017)
    assert null_laws.false_axes(50, kind="product", n_draws=2000) == pytest.approx(0.044, abs=0.017)


def test_a_negative_tail_and_an_impossible_level_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        null_laws.product_tail(-1.0)
    with pytest.raises(ValueError, match="smaller alpha"):
        null_laws.threshold(1, alpha=0.9)


def test_a_product_tail_of_nan_is_nan_and_of_infinity_is_0():
    tails = null_laws.product_tail(np.array([[np.nan, 1.0], [np.inf, np.nan]]))
    np.testing.assert_array_equal(np.isnan(tails), [[True, False], [False, True]])
    assert tails[1, 0] == 0 and tails[0, 1] == pytest.approx(0.10449683)
    assert np.isnan(null_laws.product_p(np.array([np.nan]), 5)).all()
    with pytest.raises(ValueError, match="tail at -2: expected 0 or more"):
        null_laws.product_tail(np.array([np.nan, -2.0]))


@pytest.mark.parametrize("p", [[0.1, 2.0], [-0.01, 0.1], [np.nan, 0.1]])
@pytest.mark.parametrize("method", ["none", "bonferroni", "holm", "bh"])
def test_what_is_no_p_value_is_refused(p, method):
    with pytest.raises(ValueError, match=r"p = .* expected 0 to 1"):
        null_laws.adjust(np.array(p), method)


def test_no_dimensions_and_no_tests_are_refused():
    with pytest.raises(ValueError, match="dim = 0 was given; expected at least 1"):
        null_laws.component_tail(np.array([0.1]), 0)
    with pytest.raises(ValueError, match="n_tests = 0 was given"):
        null_laws.threshold(10, n_tests=0)
