import numpy as np
import pandas as pd
import pytest
from map_cases import made

from lmnotes.models.maps import prediction
from lmnotes.papers.model_map import prediction_runs, task_scores


@pytest.fixture(scope="module")
def benchmark():
    rng = np.random.default_rng(2)
    here = made()
    news = here.Q[:, here.domains == "news"].mean(axis=1)
    scores = pd.DataFrame({"likes news": 50 + 3 * news, "noise": rng.uniform(40, 60, 14)})
    scores.loc[3, "noise"] = np.nan
    scores["task mean"] = scores.mean(axis=1, skipna=False)
    return here, task_scores.Benchmark(scores.set_index(here.models.model), ["likes news", "noise"])


def test_models_without_a_score_are_left_out(benchmark):
    here, scores = benchmark
    found = prediction_runs.compare_predictors(here, scores, range(2))
    assert found.names.tolist() == [name for name in here.names if name != "m3"]
    assert found.Y.shape == (13, 3) and not scores.is_leaderboard
    direct = prediction.ridge(
        found.features["mean only"], found.Y, groups=found.lineage, seeds=range(2)
    )
    rows = found.table.set_index(["features", "folds", "target"]).sort_index()
    grouped = rows.loc["mean only", "grouped"]
    np.testing.assert_allclose(grouped.r, direct.r.mean(axis=0))
    assert rows.loc["coordinates Q", "random"].r["likes news"] > 0.9
    wide = found.side_by_side.set_index("target")
    assert wide.loc["likes news", "mean only, grouped"] == round(grouped.r["likes news"], 3)
    assert list(wide.index) == ["likes news", "noise", "task mean", "mean log-likelihood"]
    alone = found.alone.set_index("target").r
    assert alone["noise"] == pytest.approx(np.corrcoef(found.mean, found.Y[:, 1])[0, 1])
    average = found.fitted["coordinates Q", "grouped"].predicted.mean(axis=0)
    np.testing.assert_allclose(found.predicted["noise predicted"], average[:, 1])
    assert np.isnan(list(prediction_runs.second_hand(found).values())).all()
    value, (low, high) = found.contrast()
    assert value == pytest.approx(found.summary.r["task mean"] - alone["task mean"])
    assert low <= value <= high and low < high


def test_single_benchmarks_are_told_where_they_were_predicted(benchmark):
    here, _ = benchmark
    rng = np.random.default_rng(4)
    scores = pd.DataFrame(rng.uniform(20, 80, (14, 6)), columns=list(task_scores.LEADERBOARD))
    table = here.models.assign(**scores)
    found = prediction_runs.compare_predictors(here, task_scores.published(table), range(1))
    values = prediction_runs.second_hand(found)
    assert values["table2_gsm8k_r"] == found.summary.r["GSM8K"]
    assert values["table3_arc_rho"] == found.alone.rho[0] and "table3_gsm8k_r" not in values


def test_scores_of_a_file_are_put_in_the_order_of_the_models(tmp_path):
    here = made()
    path = tmp_path / "scores.csv"
    pd.DataFrame({"model": ["m1", "m0"], "a": [1.0, 2], "b": [3.0, 6]}).to_csv(path, index=False)
    found = task_scores.given(path, here.models)
    assert found.kept.tolist() == [0, 1] and found.columns == ["a", "b", "task mean"]
    assert found.values.tolist() == [[2, 6, 4], [1, 3, 2]]
    assert found.strongest[0] == "a" and (found.strongest[2:] == "all under 0").all()
    with pytest.raises(ValueError, match="expected at least two"):
        empty = task_scores.Benchmark(found.scores.iloc[:1], ["a"])
        prediction_runs.compare_predictors(here, empty, range(1))


def test_the_penalty_path_is_ridge_at_one_penalty_after_another(benchmark):
    here, scores = benchmark
    found = prediction_runs.compare_predictors(here, scores, range(1))
    X = found.features["coordinates Q"]
    held, seen = found.path("coordinates Q", "grouped", "noise")
    at = prediction.TASK_PENALTIES.index(1e-2)
    one = prediction.ridge(X, found.Y, groups=found.lineage, penalties=[1e-2], seeds=[0])
    assert held[at] == pytest.approx(one.r[0, 1])
    assert seen[0] > 0.99 and seen[0] > held[0] + 0.3  # noise is learnt by heart
    assert (np.diff(seen) < 1e-6).all()
