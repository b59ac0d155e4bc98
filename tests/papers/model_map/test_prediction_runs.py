import numpy as np
import pandas as pd
import pytest
from map_cases import made

from lmnotes.models.maps import prediction
from lmnotes.papers.model_map import prediction_runs, task_scores


@pytest.fixture(scope="module")
def benchmark():
    rng = np.random.default_rng(2)
    population = made()
    news = population.Q[:, population.domains == "news"].mean(axis=1)
    scores = pd.DataFrame({"likes news": 50 + 3 * news, "noise": rng.uniform(40, 60, 14)})
    scores.loc[3, "noise"] = np.nan
    scores["task mean"] = scores.mean(axis=1, skipna=False)
    return population, task_scores.Benchmark(
        scores.set_index(population.models.model), ["likes news", "noise"]
    )


def test_models_without_a_score_are_left_out(benchmark):
    population, scores = benchmark
    result = prediction_runs.compare_predictors(population, scores, range(2))
    assert result.names.tolist() == [name for name in population.names if name != "m3"]
    assert result.Y.shape == (13, 3) and not scores.is_leaderboard
    direct = prediction.ridge(
        result.features["mean only"], result.Y, groups=result.lineage, seeds=range(2)
    )
    rows = result.table.set_index(["features", "folds", "target"]).sort_index()
    grouped = rows.loc["mean only", "grouped"]
    np.testing.assert_allclose(grouped.r, direct.r.mean(axis=0))
    assert rows.loc["coordinates Q", "random"].r["likes news"] > 0.9
    wide = result.side_by_side.set_index("target")
    assert wide.loc["likes news", "mean only, grouped"] == round(grouped.r["likes news"], 3)
    assert list(wide.index) == ["likes news", "noise", "task mean", "mean log-likelihood"]
    alone = result.alone.set_index("target").r
    assert alone["noise"] == pytest.approx(np.corrcoef(result.mean, result.Y[:, 1])[0, 1])
    average = result.fitted["coordinates Q", "grouped"].predicted.mean(axis=0)
    np.testing.assert_allclose(result.predicted["noise predicted"], average[:, 1])
    assert np.isnan(list(prediction_runs.benchmark_claims(result).values())).all()
    value, (low, high) = result.contrast()
    assert value == pytest.approx(result.summary.r["task mean"] - alone["task mean"])
    assert low <= value <= high and low < high


def test_single_benchmarks_are_told_where_they_were_predicted(benchmark):
    population, _ = benchmark
    rng = np.random.default_rng(4)
    scores = pd.DataFrame(rng.uniform(20, 80, (14, 6)), columns=list(task_scores.LEADERBOARD))
    table = population.models.assign(**scores)
    result = prediction_runs.compare_predictors(
        population, task_scores.given(table, task_scores.LEADERBOARD), range(1)
    )
    values = prediction_runs.benchmark_claims(result)
    assert values["table2_gsm8k_r"] == result.summary.r["GSM8K"]
    assert values["table2_mean_r"] == result.summary.r["task mean"]
    assert values["table3_arc_rho"] == result.alone.rho[0] and "table3_gsm8k_r" not in values


def test_scores_of_a_file_are_put_in_the_order_of_the_models(tmp_path):
    population = made()
    path = tmp_path / "scores.csv"
    pd.DataFrame({"model": ["m1", "m0"], "a": [1.0, 2], "b": [3.0, 6]}).to_csv(path, index=False)
    result = task_scores.read(path, population.models)
    assert result.kept.tolist() == [0, 1] and result.columns == ["a", "b", "task mean"]
    assert result.values.tolist() == [[2, 6, 4], [1, 3, 2]]
    assert result.strongest[0] == "a" and (result.strongest[2:] == "all under 0").all()
    with pytest.raises(ValueError, match="expected at least 2"):
        empty = task_scores.Benchmark(result.scores.iloc[:1], ["a"])
        prediction_runs.compare_predictors(population, empty, range(1))


def test_the_penalty_path_is_ridge_at_one_penalty_after_another(benchmark):
    population, scores = benchmark
    result = prediction_runs.compare_predictors(population, scores, range(1))
    X = result.features["coordinates Q"]
    held, seen = result.path("coordinates Q", "grouped", "noise")
    at = prediction.TASK_PENALTIES.index(1e-2)
    one = prediction.ridge(X, result.Y, groups=result.lineage, penalties=[1e-2], seeds=[0])
    assert held[at] == pytest.approx(one.r[0, 1])
    assert seen[0] > 0.99 and seen[0] > held[0] + 0.3  # noise is learnt by heart
    assert (np.diff(seen) < 1e-6).all()
