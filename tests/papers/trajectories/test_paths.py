import numpy as np
import pytest

from lmnotes.models.maps import coordinates as maps
from lmnotes.papers.trajectories import paths
from lmnotes.papers.trajectories.paths import Run


def _run(name="a", T=8, N=60, seed=0, **changes):
    rng = np.random.default_rng(seed)
    values = -300 + np.cumsum(rng.normal(0, 5, (T, N)), axis=0)
    return Run(name, 1000 * np.arange(T), values, **changes)


def test_pairs_agree_with_the_whole_matrix_in_both_units():
    run = _run()
    n_bytes = np.random.default_rng(1).integers(300, 1024, 60)
    pairs = np.array([(i, j) for i in range(8) for j in range(8)])
    for unit in ("nats", "bits/byte"):
        whole = maps.kl(maps.double_centre(run.log_likelihood), unit, n_bytes)
        found = paths.pair_kl(run.log_likelihood, pairs, unit, n_bytes)
        np.testing.assert_allclose(found.reshape(8, 8), whole, rtol=1e-12, atol=1e-12)


def test_the_published_formula_by_hand():
    # differences 0, 2, 4: population variance 8/3; 100 bytes
    found = paths.pair_kl(np.array([[-5.0, -6, -7], [-5, -8, -11]]), [[0, 1]], "bits/byte", 100)
    assert found[0] == pytest.approx((8 / 3) / (2 * 100 * np.log(2)))


def test_the_published_medians_as_standard_deviations():
    """Section 4 of the sheet: .011 -> 3.9 nats per text of 972.3188 bytes, 3.0 -> 64."""
    for kl, sd in ((0.011, 3.9), (0.067, 9.5), (0.12, 12.7), (0.95, 36), (2.2, 54), (3.0, 64)):
        differences = np.array([[0.0, 0.0], [sd, -sd]])
        found = paths.pair_kl(differences, [[0, 1]], "bits/byte", 972.3188)[0]
        assert found == pytest.approx(kl, rel=0.03)


def test_windows_are_the_obvious_loop():
    run = _run(excluded=np.arange(8) == 4)
    found = paths.windowed_kl(run, 3)
    assert found.shape == (8, 3)
    for t in range(8):
        for lag in (1, 2, 3):
            if t + lag > 7 or 4 in (t, t + lag):
                assert np.isnan(found[t, lag - 1])
                continue
            difference = run.log_likelihood[t + lag] - run.log_likelihood[t]
            assert found[t, lag - 1] == pytest.approx(difference.var() / 2)
    consecutive = paths.consecutive_kl(run)
    np.testing.assert_array_equal(consecutive, found[:-1, 0])
    assert np.isnan(consecutive).tolist() == [False, False, False, True, True, False, False]


def test_a_window_longer_than_the_run_is_padded():
    found = paths.windowed_kl(_run(T=3), 5)
    assert np.isnan(found).sum(axis=1).tolist() == [3, 4, 5]


def test_a_copy_of_a_checkpoint_is_at_distance_zero():
    """The floor has to be 0 in float64, not merely small, or it would lower c_q."""
    row = np.random.default_rng(0).normal(-700, 200, 50)
    assert paths.consecutive_kl(Run("a", [0, 1], [row, row])).tolist() == [0.0]
    shifted = paths.consecutive_kl(Run("a", [0, 1], [row, row - 3.0]))
    assert shifted[0] < 1e-24  # the same distribution over texts, likelier by a constant


def test_text_change_ignores_the_warm_up_and_excluded_checkpoints():
    values = np.zeros((5, 3))
    values[1] = [9.0, 0, 0]  # between steps 0 and 1000, and 1000 and 2000: warm-up
    values[3] = [0.0, 7, 0]  # excluded
    values[4] = [0.0, 0, -2]
    run = Run("a", 1000 * np.arange(5), values, excluded=[False, False, False, True, False])
    with pytest.raises(ValueError, match="lower `after`"):
        paths.text_change([run])  # 2000, (3000), 4000: no pair is left
    other = Run("b", [2000, 3000], [[1.0, 1, 1], [1, 4, 0]])
    assert paths.text_change([run, other]).tolist() == [0.0, 3.0, 1.0]
    free = Run("a", run.steps, values)
    assert paths.text_change([free, other]).tolist() == [0.0, 7.0, 2.0]


def test_preparation_is_the_published_recipe_step_by_step():
    first, second = _run("a", N=200), _run("b", N=200, seed=5)
    found = paths.prepare([first, second], clip=0.02, remove=0.03)
    pooled = np.concatenate([first.log_likelihood, second.log_likelihood])
    assert found.threshold == pytest.approx(np.quantile(pooled, 0.02))
    clipped = [np.maximum(run.log_likelihood, found.threshold) for run in (first, second)]
    change = [
        max(abs(v[t + 1, s] - v[t, s]) for v in clipped for t in range(2, 7)) for s in range(200)
    ]
    np.testing.assert_allclose(found.change, change)
    assert (~found.kept).sum() == 6 and min(found.change[~found.kept]) >= max(
        found.change[found.kept]
    )
    np.testing.assert_array_equal(found.runs["b"].log_likelihood, clipped[1][:, found.kept])


def test_removing_texts_lowers_kl_and_removing_none_changes_nothing():
    runs = [_run("a", N=300), _run("b", N=300, seed=3)]
    runs[0].log_likelihood[5:, 7] += 200  # one text that jumps
    without = paths.prepare(runs, clip=0, remove=0)
    assert without.kept.all()
    np.testing.assert_array_equal(without.runs["a"].log_likelihood, runs[0].log_likelihood)
    removed = paths.prepare(runs, clip=0, remove=0.03)
    assert not removed.kept[7]
    before = paths.consecutive_kl(without.runs["a"])
    after = paths.consecutive_kl(removed.runs["a"])
    assert after[4] < before[4] / 5 and np.nanmedian(after) <= np.nanmedian(before)


def test_a_frozen_threshold_is_used_as_it_is():
    found = paths.prepare([_run()], threshold=-305.0, remove=0)
    assert found.threshold == -305.0 and found.runs["a"].log_likelihood.min() == -305.0


def test_shifts_have_a_direction_free_of_constants():
    rng = np.random.default_rng(0)
    original, shift = rng.normal(-300, 50, (3, 40)), rng.normal(size=40)
    changed = original + np.outer([1, 2, -1], shift) + np.array([[5.0], [-9], [0]])
    found = paths.shift_cosine(original, changed)
    np.testing.assert_allclose(found, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], atol=1e-9)
    changed[2] = original[2]
    found = paths.shift_cosine(original, changed)
    assert np.isnan(found[2]).all() and np.isfinite(found[:2, :2]).all()


def test_runs_that_move_alike_are_parallel_and_their_order_means_nothing():
    rng, blocks = np.random.default_rng(0), np.array(list("bbaaccab") * 5)
    way = rng.normal(size=40)
    runs = [_run(name, N=40, seed=n) for n, name in enumerate("ab")]
    for run in runs:
        run.log_likelihood[-1] = run.log_likelihood[4] + 9 * way + rng.normal(size=40)
    cosine, (low, high) = paths.parallel(runs, blocks, 50)
    moves = [run.log_likelihood[-1] - run.log_likelihood[4] for run in runs]  # 4,000 of 7,000
    assert cosine == pytest.approx(np.corrcoef(moves)[0, 1]) and 0.9 < low <= cosine <= high
    for run in runs:
        run.log_likelihood[:] = run.log_likelihood[:, np.argsort(blocks, kind="stable")]
    again, interval = paths.parallel(runs, np.sort(blocks), 50)
    assert (again, *interval) == pytest.approx((cosine, low, high))


def test_parallel_runs_have_an_interval_over_runs():
    rng = np.random.default_rng(0)
    same, texts = rng.normal(size=200), np.arange(200)
    ends = [same, same, -same]  # of three runs one goes the other way: no text tells, a run does
    runs = [
        paths.Run(n, [0, 1, 2], [np.zeros(200)] * 2 + [e]) for n, e in zip("abc", ends, strict=True)
    ]
    cosine, (low, high) = paths.parallel(runs, texts, 50)
    assert cosine == pytest.approx(-1 / 3) and low == pytest.approx(-1) and high == pytest.approx(1)


def test_extremes_within_a_type_are_over_models():
    cosines = np.array([[1, 0.9, 0.2, 0.99], [0.9, 1, 0.1, 0.99], [0.2, 0.1, 1, 0.99], [0.99] * 4])
    ends = paths.kin_cosines(cosines, list("xxxy"))
    assert ends["low"][0] == 0.1 and ends["high"][0] == 0.9
    assert ends["low"][1] == (0.1, 0.9) and ends["high"][1] == (0.1, 0.9)
    assert np.isnan(paths.kin_cosines(cosines, list("wxyz"))["low"][0])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="steps increasing"):
        Run("a", [0, 2, 1], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="one row per step"):
        Run("a", [0, 1], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="keep more checkpoints"):
        paths.windowed_kl(_run(), 0)
    with pytest.raises(ValueError, match="all of the same texts"):
        paths.prepare([_run(N=5), _run(N=6)])
    with pytest.raises(ValueError, match=r"expected 0\.\.1"):
        paths.steady(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="pass n_bytes"):
        paths.consecutive_kl(_run(), "bits/byte")
    with pytest.raises(ValueError, match="score both with one ledger"):
        paths.shift_cosine(np.ones((2, 3)), np.ones((2, 4)))
