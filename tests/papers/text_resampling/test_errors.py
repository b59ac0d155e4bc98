"""Error measures, their closed forms, the best importance, and texts at equal error."""

import numpy as np
import pandas as pd
import pytest
from resample_cases import all_draws, coordinates_of

from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import errors


def slow_variance(Q, pi, n, measure):
    """The expected squared error of the unbiased estimator over every draw."""
    G = resample.squared_distances(Q)
    error = errors.relative_error
    if measure == "absolute":
        error = lambda found, G: np.linalg.norm(found - G) / np.linalg.norm(G)  # noqa: E731
    return sum(p * error(resample.distances(Q, drawn), G) ** 2 for p, drawn in all_draws(pi, n))


@pytest.mark.parametrize("measure", errors.MEASURES)
def test_error_constants_by_enumeration(measure):
    Q = coordinates_of(3, 4, seed=4)
    pis = {m: resample.importance(Q, m, uniform_share=0.05) for m in resample.METHODS}
    G = resample.squared_distances(Q)
    constants = errors.error_constants(Q, pis, errors.pair_weights(G, measure))
    for method, pi in pis.items():
        for n in (1, 3):
            slow = np.sqrt(slow_variance(Q, pi, n, measure))
            assert constants[method] / np.sqrt(n) == pytest.approx(slow)


def test_relative_error_counts_the_diagonal_as_zero_and_has_a_floor():
    G = np.array([[0.0, 1e-9], [1e-9, 0.0]])
    moved = G + np.array([[0, 1e-3], [1e-3, 0]])
    assert errors.relative_error(moved, G) == pytest.approx(np.sqrt(0.5))
    bits = 1 / np.log(2) ** 2
    same = errors.relative_error(moved * bits, G * bits, floor=errors.FLOOR * bits)
    assert same == pytest.approx(errors.relative_error(moved, G))


@pytest.mark.parametrize("measure", errors.MEASURES)
def test_best_importance_beats_brute_force_on_five_texts(measure):
    Q = coordinates_of(4, 5, seed=5)
    weights = errors.pair_weights(resample.squared_distances(Q), measure)
    best = resample.normalised(np.sqrt(errors.weighted_fourth_powers(Q, weights)))
    if measure == "absolute":
        np.testing.assert_allclose(best, resample.importance(Q, "KL"), rtol=1e-9)
    rng = np.random.default_rng(0)
    tried = {"best": best} | {str(i): rng.dirichlet(np.ones(5)) for i in range(3000)}
    tried |= {f"near{i}": 0.98 * best + 0.02 * rng.dirichlet(np.ones(5)) for i in range(300)}
    constants = errors.error_constants(Q, tried, weights)
    assert min(constants, key=constants.get) == "best"


def test_pairs_without_weight_are_left_out():
    Q = coordinates_of(5, 8, seed=9)
    weights = np.zeros((5, 5))
    weights[0, 3] = weights[3, 0] = 2.0
    slow = 2 * 2.0 * (Q[0] - Q[3]) ** 4
    np.testing.assert_allclose(errors.weighted_fourth_powers(Q, weights), slow)
    pi = resample.importance(Q, "LS")
    alone = errors.error_constants(Q[[0, 3]], {"": pi}, np.full((2, 2), 2.0))
    assert errors.error_constants(Q, {"": pi}, weights) == pytest.approx(alone)


def test_ls_is_the_best_for_inner_products():
    Q = coordinates_of(4, 5, seed=6)
    powers = (Q**2).sum(axis=0) ** 2  # sum over matrix entries of (Q_is Q_js)^2

    def variance(pi):
        return (powers / pi).sum()

    best = variance(resample.importance(Q, "LS"))
    rng = np.random.default_rng(0)
    assert all(variance(rng.dirichlet(np.ones(5))) >= best for _ in range(3000))


def test_best_importance_is_where_a_minimiser_ends():
    from scipy.optimize import minimize

    Q = coordinates_of(4, 5, seed=7)
    powers = resample.fourth_powers(Q)

    def variance(logits):
        pi = np.exp(logits - logits.max())
        return np.log((powers / (pi / pi.sum())).sum())

    result = minimize(variance, np.zeros(5)).x
    np.testing.assert_allclose(
        np.exp(result) / np.exp(result).sum(), resample.importance(Q, "KL"), atol=1e-4
    )


def test_a_text_that_cannot_be_drawn_but_matters_has_no_bound():
    Q = coordinates_of(3, 4)
    pi = np.array([0.5, 0.5, 0.0, 0.0])
    weights = np.ones((3, 3))
    assert errors.error_constants(Q, {"half": pi}, weights)["half"] == np.inf
    assert errors.error_constants(Q * [1, 1, 0, 0], {"half": pi}, weights)["half"] < np.inf


def test_runs_follow_the_closed_form():
    L = coordinates_of(12, 300, seed=8, spread=0.5) - 50
    Q = L - L.mean(axis=1, keepdims=True)
    pis = {m: resample.importance(Q - Q.mean(axis=0), m) for m in resample.METHODS}
    result = errors.curves(errors.runs(L, pis, [200, 300], n_runs=60)).set_index(["method", "n"])
    for measure in errors.MEASURES:
        weights = errors.pair_weights(resample.squared_distances(Q), measure)
        constants = errors.error_constants(Q, pis, weights)
        for method in pis:
            expected = constants[method] / np.sqrt(300)
            assert result.loc[(method, 300), measure] == pytest.approx(expected, rel=0.15)
    for method, pi in pis.items():
        expected = resample.expected_distinct(pi, 200)
        assert result.loc[(method, 200), "d"] == pytest.approx(expected, rel=0.02)


def test_half_as_many_fresh_texts_are_as_good_as_a_uniform_resample():
    assert errors.fresh_error(712, 1424, 0.042) == pytest.approx(errors.total_error(0.042, 0.042))


def test_reach_finds_powers_exactly_and_says_where_there_is_none():
    x = np.array([10.0, 100.0, 1000.0])
    assert errors.reach(0.2, x**-0.5, x) == pytest.approx(25)
    assert errors.reach(x[1] ** -0.5, x**-0.5, x) == pytest.approx(100)
    assert np.isnan(errors.reach(1e-3, x**-0.5, x))
    assert np.isnan(errors.reach(0.9, x**-0.5, x))  # before the first point


def test_equal_error_of_curves_that_are_known():
    sizes = np.array([50, 100, 200, 400])
    rows = []
    for method, constant in (("uniform", 1.0), ("LS", 0.5)):
        for n in sizes:
            error = constant / np.sqrt(n)
            rows += [(method, n, run, n / 2, error, 2 * error) for run in range(3)]
    table = pd.DataFrame(rows, columns=["method", "n", "run", "d", "absolute", "relative"])
    result = errors.at_equal_error(table, 400, "relative").set_index("method")
    assert result.n["uniform"] == pytest.approx(400) and result.n["fresh"] == 200
    assert result.n["LS"] == pytest.approx(100) and result.d["LS"] == pytest.approx(50)
    with pytest.raises(ValueError, match="uniform"):
        errors.at_equal_error(table, 300, "relative")
    drawn = errors.comparison(table, 400, "relative").set_index(["method", "n"])
    assert drawn.total["uniform", 400] == pytest.approx(0.1 * np.sqrt(2))
    assert drawn.total["fresh, theory", 100] == pytest.approx(0.2)
    assert drawn.total["fresh, bootstrap", 100] == pytest.approx(0.2)
    assert drawn.d["fresh, theory", 100] == 100


def test_bootstrap_of_runs_holds_runs_together():
    rng = np.random.default_rng(0)
    effect = rng.normal(size=40)
    table = pd.DataFrame(
        [("a", n, run, 1, effect[run], 2 * effect[run]) for n in (1, 2) for run in range(40)],
        columns=["method", "n", "run", "d", "absolute", "relative"],
    )
    result = errors.bootstrap(
        table, lambda t: pd.Series({"mean": t.absolute.mean(), "same": t.relative.sum()})
    )
    assert result.loc["mean", "value"] == pytest.approx(effect.mean())
    half = (result.loc["mean", "high"] - result.loc["mean", "low"]) / 2
    assert half == pytest.approx(1.96 * effect.std() / np.sqrt(40), rel=0.25)
