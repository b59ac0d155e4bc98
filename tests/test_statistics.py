import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lmnotes import statistics


def test_paired_test_against_scipy():
    draw = np.random.default_rng(0)
    first, second = draw.normal(size=7), draw.normal(0.8, size=7)
    result = statistics.paired_test(first, second)
    theirs = stats.ttest_rel(first, second)
    interval = theirs.confidence_interval(0.95)
    assert result.t == pytest.approx(theirs.statistic) and result.p_t == pytest.approx(
        theirs.pvalue
    )
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))
    flips = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert result.p_flip == pytest.approx(flips.pvalue)
    assert result.n_below == (first < second).sum() and result.n_seeds == 7
    two = statistics.paired_test(np.c_[first, second], np.c_[second, second])
    assert two.mean == pytest.approx(result.mean / 2) and two.p_t == pytest.approx(result.p_t)
    many = statistics.paired_test(np.r_[first, first, first], np.r_[second, second, second])
    assert many.p_flip == pytest.approx(many.p_t, abs=0.02)  # drawn patterns
    assert (
        statistics.paired_test(first, first).p_t == statistics.paired_test(first, first).p_flip == 1
    )
    same = statistics.paired_test(np.ones(6), np.zeros(6))
    assert same.p_flip == 2 / 64 and same.p_t == 0


def test_holm_by_hand():
    p = np.array([0.2, 0.005, 0.04, 0.03])
    np.testing.assert_allclose(statistics.holm(p), [0.2, 0.02, 0.09, 0.09])
    np.testing.assert_allclose(statistics.holm([0.9, 0.8]), [1, 1])


def test_one_seed_is_no_test():
    with pytest.raises(ValueError, match="two or more seeds"):
        statistics.paired_test([1.0], [2.0])


def test_over_seeds_holds_what_each_seed_says():
    values = [0.2, 0.5, 0.35]
    mean, (low, high) = statistics.over_seeds(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert mean == pytest.approx(0.35)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    wide = [(0.1, 0.3), (-3.0, 0.6), (0.3, 0.4)]
    assert statistics.over_seeds(values, wide)[1] == pytest.approx((-3.0, expected.high))
    assert statistics.over_seeds([0.2], [(0.1, 0.3)]) == (0.2, (0.1, 0.3))
    assert statistics.over_seeds([0.2]) == (0.2, (0.2, 0.2))


def test_what_is_no_number_is_refused_not_significant():
    with pytest.raises(ValueError, match="differences has 1 of 3 values not finite"):
        statistics.paired_test([1, np.nan, 3], [1, 2, 4])  # p was 0
    with pytest.raises(ValueError, match="differences has 1 of 3 values not finite"):
        statistics.sign_flip(np.array([1, np.nan, 2]))
    with pytest.raises(ValueError, match="values has 1 of 2 values not finite"):
        statistics.mean_interval([1, np.nan])
    for p in ([np.nan, 0.1], [2, 0.1], [-0.1, 0.1]):
        with pytest.raises(ValueError, match="expected 0 to 1"):
            statistics.holm(p)


def test_an_interval_about_nothing_is_nan():
    for value, draws in ((np.nan, [1.0, 2]), (1.0, [np.nan, np.nan]), (1.0, [])):
        assert np.isnan(statistics.interval_holding(value, draws)).all()
    assert statistics.interval_holding(1.5, [np.nan, 1.0, 1.0]) == (1.0, 1.5)


@pytest.mark.parametrize("groups", ["aa", "aabb"])
def test_one_or_two_groups_have_no_interval(groups):
    # one group drew for ever; of two each draw that counts is the whole, an interval of width 0
    value, interval = statistics.group_bootstrap(lambda rows: len(rows), list(groups))
    assert value == len(groups) and np.isnan(interval).all()


def test_what_a_fit_explains_to_rounding_correlates_with_nothing():
    x = np.arange(9.0)
    assert np.isnan(statistics.partial_correlation(2 * x + 1, x**2, x))
    assert np.isnan(statistics.partial_correlation(x**2, 2 * x + 1, x))


def test_a_table_over_seeds_is_over_seeds_cell_by_cell():
    tables = [
        pd.DataFrame({"name": ["a", "b"], "x": [n, 0.0], "x_low": [n - 2, -1], "x_high": n + 1})
        for n in (1.0, 2.0, 4.0)
    ]
    table = statistics.table_over_seeds(tables, ["x"])
    mean, interval = statistics.over_seeds([1, 2, 4], [(-1, 2), (0, 3), (2, 5)])
    assert table.iloc[0].to_list() == ["a", mean, *interval]
    assert table.name.to_list() == ["a", "b"] and tables[0].x[0] == 1.0


def test_a_copied_table_shares_what_is_fixed():
    kept = statistics.Fixed([[1.0, 2.0]])
    table = pd.DataFrame({"a": [1, 2]})
    table.attrs["drawn"] = kept
    assert table.query("a > 1").attrs["drawn"] is kept
    assert pd.concat([table, table]).attrs == {"drawn": ([1.0, 2.0],)}


def test_a_fit_shows_its_numbers_in_a_line():
    fit = statistics.regress(np.array([1.0, 3.1, 5, 7.2]), np.array([0.0, 1, 2, 3]))
    line = repr(fit)
    assert line.startswith("Fit: slope 2.05, intercept 1, r2 0.99") and "array" not in line
