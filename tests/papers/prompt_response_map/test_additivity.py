"""Additivity of shifts, shares of factors, agreement of distances: identities and slow versions."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lmnotes.models.maps import coordinates as maps
from lmnotes.papers.prompt_response_map import additivity, factor_shares, figures


def slow_r2(squared, labels):
    """1 - SS_within / SS_total, by the definition."""
    n = len(labels)
    total = sum(squared[i, j] for i, j in itertools.combinations(range(n), 2)) / n
    within = 0.0
    for label in set(labels):
        members = [i for i in range(n) if labels[i] == label]
        pairs = itertools.combinations(members, 2)
        within += sum(squared[i, j] for i, j in pairs) / len(members)
    return 1 - within / total


@pytest.fixture
def design():
    """Twelve models in a 2 x 2 design with three of each, and their log-likelihoods (12, 40)."""
    rng = np.random.default_rng(3)
    taste = np.repeat(["prose", "code"], 6)
    rule = np.tile(np.repeat(["R1", "R2"], 3), 2)
    size = np.tile(["big", "big", "small"], 4)
    likes, obeys = 3 * rng.standard_normal((2, 40))
    L = rng.standard_normal((12, 40)) - 80
    L += np.outer(taste == "prose", likes) + np.outer(rule == "R1", obeys)
    return L, {"taste": taste, "rule": rule, "size": size}


def test_squared_distance_is_a_variance_and_constants_are_nothing(design):
    L, _ = design
    Q = maps.double_centre(L)
    squared = 2 * maps.kl(Q)
    for i, j in itertools.combinations(range(len(L)), 2):
        assert abs(squared[i, j] - np.var(L[i] - L[j])) < 1e-10
    rng = np.random.default_rng(0)
    moved = L + rng.standard_normal((12, 1)) * 50 + rng.standard_normal(40) * 50
    np.testing.assert_allclose(2 * maps.kl(maps.double_centre(moved)), squared, atol=1e-10)


def test_permanova_is_the_slow_version(design):
    L, labels = design
    squared = maps.kl(maps.row_centre(L))
    n = 199
    result = factor_shares.permanova(squared, labels, n_permutations=n, seed=5).set_index("factor")
    orders = np.argsort(np.random.default_rng(5).random((n, 12)), axis=1)
    for name, values in labels.items():
        r2 = slow_r2(squared, values)
        permuted = [slow_r2(squared, values[order]) for order in orders]
        p = (1 + sum(drawn >= r2 - 1e-9 for drawn in permuted)) / (n + 1)
        assert result.r2[name] == pytest.approx(r2, abs=1e-12)
        assert result.p[name] == pytest.approx(p)
        assert result.f[name] == pytest.approx(r2 / (1 - r2) * 10)
    assert result.p["taste"] < 0.05 and result.p["rule"] < 0.05 and result.p["size"] > 0.2
    tenfold = factor_shares.permanova(10 * squared, labels, n, seed=5).set_index("factor")
    np.testing.assert_allclose(tenfold.r2, result.r2)


def test_permanova_of_one_number_per_model_is_the_analysis_of_variance():
    rng = np.random.default_rng(1)
    y, labels = rng.standard_normal(15), np.repeat([0, 1, 2], 5)
    squared = (y[:, None] - y) ** 2
    result = factor_shares.permanova(squared, {"group": labels}, n_permutations=9)
    want = stats.f_oneway(*(y[labels == k] for k in range(3))).statistic
    assert result.f[0] == pytest.approx(want)


def test_permanova_refuses_what_is_no_factor(design):
    squared = maps.kl(maps.row_centre(design[0]))
    for labels in (range(12), ["a"] * 12, ["a", "b"]):
        with pytest.raises(ValueError, match="expected 12 labels of 2 to 11 kinds"):
            factor_shares.permanova(squared, {"one": list(labels)})
    with pytest.raises(ValueError, match="expected \\(M, M\\)"):
        factor_shares.permanova(squared[:3], {"one": ["a", "b", "b"]})


def test_the_share_between_prompts_follows_the_law_of_total_variance(design):
    L, _ = design
    prompts = np.random.default_rng(2).integers(5, size=40)
    result = factor_shares.between_share(L, prompts)
    r = L[0] - L[7]
    means = np.array([r[prompts == prompt].mean() for prompt in prompts])
    assert result[0, 7] == pytest.approx(means.var() / r.var())
    assert np.isnan(result.diagonal()).all()
    within = np.mean((r - means) ** 2)
    assert result[0, 7] * r.var() + within == pytest.approx(r.var())


def test_halves_of_the_pairs_agree_on_the_distances(design):
    halves = factor_shares.split_half(design[0], n=20)
    assert halves.shape == (20,) and 0.3 < halves.mean() < 1


def test_gaps_between_maps_are_those_of_sets_that_were_trained_apart(design):
    L, factors = design
    rng, sets = np.random.default_rng(1), np.tile([0, 1, 2], 4)
    name = next(iter(factors))
    other = rng.normal(size=L.shape)
    values, intervals = factor_shares.share_gaps(L, other, factors[name], sets, n=20)
    assert len(values) == len(intervals) == 3
    rows = sets == 1
    r2 = [
        factor_shares.permanova(
            maps.kl(maps.row_centre(x[rows])), {"f": np.asarray(factors[name])[rows]}, 0
        ).r2[0]
        for x in (L, other)
    ]
    assert values[1] == pytest.approx(r2[0] - r2[1])
    assert all(low <= v <= high for v, (low, high) in zip(values, intervals, strict=True))


def test_shifts_that_add_are_found_to_add():
    rng = np.random.default_rng(0)
    parts = rng.standard_normal((3, 500))
    parts[0] *= 2
    result = additivity.measure(parts, parts.sum(axis=0) + 7, wrong=rng.standard_normal((2, 500)))
    assert result.cosine == pytest.approx(1) and result.r2 == pytest.approx(1)
    assert result.relative_error == pytest.approx(0, abs=1e-12)
    assert result.slope == pytest.approx(1) and result.r2_fitted == pytest.approx(1)
    np.testing.assert_allclose(result[["coefficient 1", "coefficient 2", "coefficient 3"]], 1)
    assert 0.5 < result.best_single < 0.8 and result.wrong < 0.6
    assert result.random == pytest.approx(-1, abs=0.15) and np.isnan(result.other)
    other = additivity.measure(parts, parts.sum(axis=0), other=parts)
    assert other.other == pytest.approx(1) and np.isnan(other.wrong)


def test_additivity_by_hand():
    parts = np.array([[2.0, -2, 0, 0], [0, 0, 1, -1]])
    together = np.array([2.0, -2, 0, 0])
    result = additivity.measure(parts, together, wrong=[[0, 0, -1, 1]])
    assert result.cosine == pytest.approx(8 / np.sqrt(10 * 8))
    assert result.r2 == pytest.approx(0.75) and result.relative_error == pytest.approx(0.5)
    assert result.slope == pytest.approx(0.8) and result.best_single == pytest.approx(1)
    np.testing.assert_allclose(result[["coefficient 1", "coefficient 2"]], [1, 0], atol=1e-12)
    # s - part + wrong: (0, 0, 0, 0) and (2, -2, -1, 1)
    assert result.wrong == pytest.approx((0 + 0.75) / 2)
    assert additivity.order_effect(together, [0, 0, 1.0, -1]) == pytest.approx(np.sqrt(10 / 8))
    left = additivity.interaction(parts, together + 5)
    np.testing.assert_allclose(left, [0, 0, -1, 1])
    with pytest.raises(ValueError, match="the composition not constant"):
        additivity.measure(parts, np.ones(4))


@pytest.mark.parametrize("kind", ["independent", "paraphrase", "contradiction"])
def test_the_interaction_is_the_pmi_of_the_operations_given_the_response(kind):
    result = additivity.joint_shifts(additivity.example_law(kind, n=30))
    parts = np.stack([result["first"], result.second])
    left = additivity.interaction(parts, result.both)
    right = result.interaction - result.interaction.mean()
    np.testing.assert_allclose(left, right, atol=1e-12)
    fit = additivity.measure(parts, result.both)
    if kind == "independent":
        np.testing.assert_allclose(result.interaction, 0, atol=1e-12)
        assert fit.r2 == pytest.approx(1)
    elif kind == "paraphrase":
        assert fit.slope == pytest.approx(0.5, abs=0.01)
    else:
        assert fit.r2 < 0.9


def test_an_impossible_law_is_refused():
    with pytest.raises(ValueError, match=r"expected \(Y, 2, 2\), all positive"):
        additivity.joint_shifts(np.zeros((3, 2, 2)))


def test_points_side_by_side_stand_where_they_stood_whatever_was_drawn_before():
    table = pd.DataFrame({"operation": ["A"] * 4, "pair": ["same rule", "different rules"] * 2})
    table["cosine"] = [0.1, 0.2, 0.3, 0.4]
    drawn = [figures.directions(table).axes[0].collections for _ in range(2)]
    places = [[np.array(dots.get_offsets()) for dots in part] for part in drawn]
    assert any(len(np.unique(dots[:, 0])) > 1 for dots in places[0])
    for first, second in zip(*places, strict=True):
        np.testing.assert_array_equal(first, second)
