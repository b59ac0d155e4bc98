import numpy as np
import pytest

from lmnotes.models.maps import prediction


def test_folds_keep_groups_together_and_use_every_fold():
    groups = np.random.default_rng(0).choice(list("abcdefghij"), 60)
    result = prediction.folds(60, 5, seed=1, groups=groups)
    assert set(result) == set(range(5))
    for name in set(groups):
        assert len(set(result[groups == name])) == 1
    assert not np.array_equal(result, prediction.folds(60, 5, seed=2, groups=groups))
    sizes = np.bincount(prediction.folds(60, 5, seed=1))
    assert sizes.tolist() == [12] * 5


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match=r"n_folds = 5 .*2 to 2.*or give more groups"):
        prediction.folds(10, 5, seed=0, groups=["a", "b"] * 5)


def test_paths_are_scikit_learns_ridge():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(3)
    x, y = rng.normal(2, 5, (20, 70)), rng.normal(40, 9, (20, 2))
    train, test = np.arange(14), np.arange(14, 20)
    centred = x - x.mean(axis=0)
    penalties = np.array([1e-3, 1.0, 30.0])
    paths = prediction._paths(centred @ centred.T, y, train, test, penalties)
    within = x[train] - x[train].mean(axis=0)
    scale = (within**2).sum() / len(train)
    for penalty, path in zip(penalties, paths, strict=True):
        peer = Ridge(alpha=penalty * scale).fit(x[train], y[train]).predict(x[test])
        np.testing.assert_allclose(path, peer, rtol=1e-6)


def test_the_inner_search_takes_scikit_learns_penalty():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    rng = np.random.default_rng(4)
    x = rng.normal(0, 1, (50, 8))
    y = (x @ rng.normal(0, 1, 8) + rng.normal(0, 2, 50))[:, None]
    centred, grid = x - x.mean(axis=0), np.array([1e-4, 1e-2, 1.0, 1e2])
    best = prediction._best_penalty(centred @ centred.T, y, np.arange(50), grid, seed=7)
    # absolute penalties differ a little from fold to fold; one grid step is a hundredfold
    scale = (centred**2).sum() / 50
    split = PredefinedSplit(prediction.folds(50, 5, seed=7))
    peer = GridSearchCV(
        Ridge(), {"alpha": list(grid * scale)}, cv=split, scoring="neg_mean_squared_error"
    ).fit(x, y[:, 0])
    assert grid[best[0]] * scale == pytest.approx(peer.best_params_["alpha"])


def test_a_linear_target_is_predicted_and_noise_is_not():
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, (80, 30)) * np.linspace(10, 1, 30)
    targets = np.stack([50 + 2 * x[:, 0] + x[:, 1], rng.normal(50, 5, 80)], axis=1)
    result = prediction.ridge(x, targets, seeds=(0, 1, 2))
    assert result.predicted.shape == (3, 80, 2) and result.penalties.shape == (3, 5, 2)
    table = result.table(["linear", "noise"]).set_index("target")
    assert table.r["linear"] > 0.98 and table.rho["linear"] > 0.97
    assert table.r["noise"] < 0.3
    assert table["r sd"]["linear"] == pytest.approx(result.r[:, 0].std())


def test_grouped_folds_take_away_what_only_relatives_tell():
    rng = np.random.default_rng(6)
    family = np.repeat(np.arange(12), 6)
    marks = rng.normal(0, 10, (12, 40))[family] + rng.normal(0, 1, (72, 40))
    level = rng.normal(50, 10, 12)[family][:, None]  # nothing but a number of the family
    grouped = prediction.ridge(marks, level, groups=family).r.mean()
    at_random = prediction.ridge(marks, level).r.mean()
    assert at_random > 0.95 and grouped < 0.5


def test_predictions_are_clipped_to_the_limits():
    x = np.linspace(-1, 1, 30)[:, None]
    result = prediction.ridge(x, 100 * (x > 0), seeds=(0,), penalties=(1e-6,))
    assert result.predicted.min() >= 0 and result.predicted.max() <= 100
    free = prediction.ridge(x, 100 * (x > 0), seeds=(0,), penalties=(1e-6,), limits=None)
    assert free.predicted.min() < 0


def test_misaligned_or_missing_values_are_refused():
    with pytest.raises(ValueError, match="same models"):
        prediction.ridge(np.ones((4, 2)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="not finite"):
        prediction.ridge(np.full((6, 2), np.nan), np.ones((6, 1)))


def test_a_missing_score_leaves_out_its_row_for_its_column():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 60))
    y = x[:, :2] * 9 + rng.normal(50, 1, (40, 2))
    gone = y.copy()
    gone[[3, 8, 20], 1] = np.nan
    whole, part = (prediction.ridge(x, values, seeds=[0, 1]) for values in (y, gone))
    np.testing.assert_allclose(part.predicted[..., 0], whole.predicted[..., 0], rtol=1e-12)
    np.testing.assert_allclose(part.r[:, 0], whole.r[:, 0], rtol=1e-12)
    assert np.isfinite(part.r).all()
    assert (np.isnan(part.predicted[..., 1]) == np.isnan(gone[:, 1])).all()
    known = np.flatnonzero(~np.isnan(gone[:, 1]))
    centred = x - x.mean(axis=0)  # as if those models had never been there, in the same folds
    alone = prediction._out_of_fold(
        (centred @ centred.T)[np.ix_(known, known)],
        y[known, 1:],
        part.folds[0][known],
        np.array(prediction.TASK_PENALTIES),
        0,
    )[0]
    np.testing.assert_allclose(part.predicted[0, known, 1], np.clip(alone[:, 0], 0, 100))
    gone[part.folds[0] == 2, 1] = np.nan
    with pytest.raises(ValueError, match="of none in fold 2"):
        prediction.ridge(x, gone, seeds=[0])


def test_correlations_are_scipys():
    from scipy import stats

    rng = np.random.default_rng(8)
    a, b = rng.normal(0, 1, (30, 1)), rng.integers(0, 5, (30, 1))
    assert prediction.correlations(a, b)[0] == pytest.approx(stats.pearsonr(a[:, 0], b[:, 0])[0])
    assert prediction.correlations(a, b, ranks=True)[0] == pytest.approx(
        stats.spearmanr(a[:, 0], b[:, 0])[0]
    )
    assert prediction.correlations(a, np.ones((30, 1)))[0] == 0


def test_leakage_is_high_for_likelihood_without_ability():
    rng = np.random.default_rng(9)
    ability = rng.normal(0, 1, 40)
    mean, tasks = -600 + 40 * ability, 50 + 8 * ability
    mean[0] += 200
    reading = prediction.leakage(mean, tasks)
    assert reading.argmax() == 0 and reading[0] > 2
    assert reading.mean() == pytest.approx(0)


def test_nan_is_no_correlation_of_0():
    values = np.array([[1.0, 1], [np.nan, 2], [3, 4]])
    for ranks in (False, True):
        r = prediction.correlations(values, np.array([[1.0, 1], [2, 2], [4, 3]]), ranks=ranks)
        assert np.isnan(r[0]) and r[1] > 0.9
    with pytest.raises(ValueError, match="values has 1 of 6 values not finite"):
        prediction.leakage([1, np.nan, 3], [1, 2, 3])
    with pytest.raises(ValueError, match=r"task_mean has shape \(1,\)"):
        prediction.leakage([1, 2, 3], [1])


@pytest.mark.parametrize("penalties", [[np.nan], [-1.0], []])
def test_penalties_that_are_none_are_refused(penalties):
    X = np.random.default_rng(0).normal(size=(12, 3))
    for work in (prediction.ridge, prediction.penalty_path):
        with pytest.raises(ValueError, match="penalties"):
            work(X, X[:, :1], penalties=penalties)


@pytest.mark.parametrize("n_folds", [2.5, 1])
def test_folds_are_two_or_more_whole_ones(n_folds):
    with pytest.raises(ValueError, match=f"n_folds = {n_folds}"):
        prediction.folds(10, n_folds, seed=0)


def test_scores_without_differences_between_models_are_not_reliable():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 3, 60)  # items differ, and that is no noise
    noise = [prediction.reliability(hard + rng.normal(size=(20, 60))) for _ in range(20)]
    assert abs(np.mean(noise)) < 0.2
    able = rng.normal(0, 1, (20, 1))
    assert prediction.reliability(able + hard + rng.normal(size=(20, 60))) > 0.9
