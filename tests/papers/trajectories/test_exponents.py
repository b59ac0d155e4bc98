import numpy as np
import pandas
import pytest

from lmnotes.models.maps import robustness
from lmnotes.papers.trajectories import exponents, paths, random_walk
from lmnotes.papers.trajectories.paths import Run


def _brownian(T=40, N=1500, seed=0, scale=5.0):
    path = -500 + scale * np.sqrt(N) * random_walk.random_walk(T, N, seed)
    return Run("walk", 100 * np.arange(T), path)


def test_a_power_law_is_the_least_squares_line_of_numpy():
    rng = np.random.default_rng(0)
    x = np.arange(1, 11) * 400.0
    y = 0.3 * x**0.4 * np.exp(rng.normal(0, 0.1, 10))
    law = exponents.power_law(x, y)
    slope, constant = np.polyfit(np.log(x), np.log(y), 1)
    r2 = np.corrcoef(np.log(x), np.log(y))[0, 1] ** 2
    assert (law.exponent, law.constant, law.r2) == pytest.approx((slope, constant, r2))
    assert law.n_points == 10


def test_only_finite_positive_points_count():
    law = exponents.power_law([1, 2, 4, 8, 16], [0.0, 2.0, np.nan, np.inf, 16.0])
    assert law.n_points == 2 and law.exponent == pytest.approx(1)
    with pytest.raises(ValueError, match="two or more"):
        exponents.power_law([1, 2, 3], [0.0, np.nan, 1.0])
    assert np.isnan(exponents.power_law([1, 2], [3.0, 3.0]).r2)  # nothing varies


def test_a_brownian_path_has_exponent_one():
    """E KL(t0, t) is proportional to t - t0; with 1,500 texts each start is near its mean."""
    run = _brownian()
    found = exponents.bootstrap_exponents(run, 10, first=0, n_samples=50)
    assert len(found.table) == 30 and found.table["r2"].mean() > 0.99
    assert found.table["exponent"].mean() == pytest.approx(1, abs=0.03)
    assert found.table["exponent"].between(0.9, 1.1).all()
    # E |x_t - x_s|^2 = |t - s| sigma^2 N, so KL = 25 / 2 per step
    kl = paths.windowed_kl(run, 10)
    np.testing.assert_allclose(np.nanmean(kl, axis=0), 12.5 * np.arange(1, 11), rtol=0.04)


def test_a_straight_path_is_ballistic_and_a_floor_flattens():
    direction = np.random.default_rng(0).normal(size=80)
    steps = np.array([0, 10, 30, 40, 70, 75, 100])  # uneven spacing is in the fit
    run = Run("line", steps, steps[:, None] * direction)
    table = exponents.exponents(steps, paths.windowed_kl(run, 5), first=0)
    np.testing.assert_allclose(table["exponent"], 2)
    np.testing.assert_allclose(table["r2"], 1)
    elapsed = np.arange(1, 11.0)
    clean = exponents.power_law(elapsed, elapsed).exponent
    floored = [exponents.power_law(elapsed, elapsed + floor).exponent for floor in (1, 10, 100)]
    assert clean > floored[0] > floored[1] > floored[2] > 0


def test_starts_need_two_points_and_come_from_the_first_step_on():
    distances = np.array([[1, 2, 3], [1, 2, 3], [1, 2, np.nan], [1, np.nan, np.nan], [np.nan] * 3])
    table = exponents.exponents([0, 1000, 2000, 3000, 4000], distances)
    assert table["start"].tolist() == [1000, 2000]
    assert table["n_points"].tolist() == [3, 2]


def test_the_block_bootstrap_is_the_slow_one():
    rng = np.random.default_rng(0)
    differences = rng.normal(size=(3, 12)) + 4
    blocks = np.array(list("aaabbbbccdde"))
    found = robustness.bootstrap(differences, blocks, 40, seed=3)
    names = np.unique(blocks)
    counts = np.random.default_rng(3).multinomial(5, np.full(5, 0.2), size=40)
    for draw, count in enumerate(counts):
        chosen = np.concatenate(
            [np.tile(np.flatnonzero(blocks == b), n) for b, n in zip(names, count, strict=True)]
        ).astype(int)
        np.testing.assert_allclose(found[:, draw], differences[:, chosen].var(axis=1) / 2)


def test_single_texts_are_blocks_of_one_and_copies_add_nothing():
    differences = np.random.default_rng(0).normal(size=(4, 50))
    one = robustness.bootstrap(differences, None, 30)
    shares = np.random.default_rng(0).multinomial(50, np.full(50, 0.02), size=30).T / 50
    slow = [[np.cov(d, ddof=0, aweights=w) / 2 for w in shares.T] for d in differences]
    np.testing.assert_allclose(one, slow)
    twice = robustness.bootstrap(np.repeat(differences, 2, 1), np.repeat(np.arange(50), 2), 30)
    np.testing.assert_allclose(twice, one)  # taking each text twice tells nothing new
    naive = robustness.bootstrap(np.repeat(differences, 2, 1), None, 300)
    assert (
        naive.std(axis=1).mean()
        < 0.85 * robustness.bootstrap(differences, None, 300).std(axis=1).mean()
    )
    with pytest.raises(ValueError, match="give the texts' source"):
        robustness.bootstrap(differences, np.zeros(50))


def test_intervals_hold_the_estimate_and_excluded_targets_are_left_out():
    run = _brownian(T=20, N=400)
    marked = Run("walk", run.steps, run.log_likelihood, np.arange(20) == 15)
    found = exponents.bootstrap_exponents(marked, 5, first=300, n_samples=100)
    table = found.table.set_index("start")
    assert 1500 not in table.index and table.index.tolist()[0] == 300
    assert table.loc[1200, "n_points"] == 4 and table.loc[300, "n_points"] == 5
    assert (table["low"] < table["exponent"]).all() and (table["exponent"] < table["high"]).all()
    kept = [1300, 1400, 1600, 1700]
    law = exponents.power_law(
        np.array(kept) - 1200,
        [paths.pair_kl(run.log_likelihood, [[12, t // 100]])[0] for t in kept],
    )
    assert table.loc[1200, "exponent"] == pytest.approx(law.exponent)
    stretch = found.table["start"].between(500, 900)
    low, high = np.quantile(found.draws[stretch].mean(axis=0), [0.025, 0.975])
    assert stretch.sum() == 5 and low < found.table["exponent"][stretch].mean() < high
    with pytest.raises(ValueError, match="lower `first`"):
        exponents.bootstrap_exponents(run, 5, first=1600)


def test_both_exponents_stand_side_by_side():
    run = _brownian(T=20, N=300)
    c_q = exponents.bootstrap_exponents(run, 5, first=0, n_samples=20)
    elapsed = 100.0 * np.arange(1, 6)
    distances = np.tile(3 * elapsed**0.5, (20, 1))  # weights that move as the root of time
    both = exponents.with_weights(c_q, exponents.exponents(run.steps, distances, first=300))
    assert both["start"].tolist() == list(range(300, 1500, 100))
    np.testing.assert_allclose(both["c_w"], 0.5)
    np.testing.assert_allclose(both["alpha"], 2 * both["c_q"])


def _alpha(c_q, c_w):
    sides = [{"start": range(len(c)), "exponent": c, "r2": 1.0} for c in (c_q, c_w)]
    first, second = map(pandas.DataFrame, sides)
    draws = exponents.Exponents(first.assign(low=c_q, high=c_q), np.empty((len(c_q), 0)))
    return exponents.with_weights(draws, second)["alpha"].to_numpy()


def test_hoelder_is_the_power_between_the_two_distances():
    steps = np.arange(1, 11) * 100
    weights = 2.0 * steps**0.9
    c_q = exponents.power_law(steps, 0.3 * weights**0.25).exponent
    c_w = exponents.power_law(steps, weights).exponent
    assert _alpha([c_q, 0.2], [c_w, -0.1]) == pytest.approx([0.25, np.nan], nan_ok=True)
    # 0.15 / 1.1 and so on: the published ratios, to their digits
    published = {"410M": 0.14, "1B": 0.24, "1.4B": 0.23, "2.8B": 0.29, "6.9B": 0.36}
    c_q, c_w = [0.15, 0.20, 0.21, 0.26, 0.33], [1.1, 0.83, 0.91, 0.90, 0.92]
    np.testing.assert_allclose(_alpha(c_q, c_w), list(published.values()), atol=0.006)
