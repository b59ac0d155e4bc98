import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lmnotes.papers.norm_information_gain import roc


def toy(n=300, seed=0):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    score = np.round(rng.normal(size=n) + 0.8 * positive, 1)  # with ties
    counts = rng.integers(1, 500, n)
    return score, positive, counts


@pytest.mark.parametrize("seed", range(3))
def test_auc_equals_sklearn(seed):
    score, positive, _ = toy(seed=seed)
    assert roc.auc(score, positive) == pytest.approx(roc_auc_score(positive, score))


def test_auc_by_hand():
    positive = np.array([True, False, True, False, False])
    score = np.array([5.0, 1.0, 2.0, 2.0, 3.0])  # 5 beats 1 2 3; 2 beats 1, ties 2, loses to 3
    assert roc.auc(score, positive) == pytest.approx((3 + 1.5) / 6)
    assert roc.auc(-score, positive) == pytest.approx(1 - 4.5 / 6)
    assert roc.auc(np.zeros(5), positive) == 0.5


def test_matched_auc_equals_its_definition():
    score, positive, counts = toy()
    bins = np.floor(2 * np.log2(counts)).astype(int)
    wins = pairs = 0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            if bins[i] == bins[j]:
                wins += (score[i] > score[j]) + 0.5 * (score[i] == score[j])
                pairs += 1
    assert roc.auc(score, positive, counts) == pytest.approx(wins / pairs)
    assert np.isnan(roc.auc(score[:2], np.array([True, False]), np.array([1, 1000])))


def test_matching_takes_away_what_frequency_gives():
    rng = np.random.default_rng(0)
    positive = np.arange(4000) < 1500
    counts = np.exp(rng.normal(4 + positive, 1)).astype(int) + 1  # positives are more frequent
    assert roc.auc(np.log(counts), positive) > 0.7
    assert roc.auc(np.log(counts), positive, counts) == pytest.approx(0.5, abs=0.05)


def classes_and_scores():
    rng = np.random.default_rng(1)
    classes = np.repeat(["proper", "verb", "adjective", "other"], [150, 200, 80, 30])
    signal = rng.normal(size=460) + (classes == "proper")
    scores = {
        "kl": signal + rng.normal(size=460),
        "delta_kl": signal,
        "entropy": -signal,
    }
    scores["kl"][3] = np.nan
    return classes, scores, rng.integers(10, 100, 460)


def test_compare_is_one_row_per_cell_with_the_sign_of_entropy_turned():
    classes, scores, counts = classes_and_scores()
    table = roc.auc_table(scores, classes, counts, n_resamples=50).set_index(["against", "score"])
    assert len(table) == 6
    kept = np.isfinite(scores["kl"]) & np.isin(classes, ["proper", "verb"])
    expected = roc_auc_score(classes[kept] == "proper", scores["delta_kl"][kept])
    row = table.loc["verb", "delta_kl"]
    assert row.auc == pytest.approx(expected)
    assert (row.n_proper, row.n_against) == (149, 200)
    assert table.loc["verb", "entropy"].auc == pytest.approx(expected)
    assert row.gain == pytest.approx(expected - table.loc["verb", "kl"].auc)
    assert (table.auc_low <= table.auc).all() and (table.auc <= table.auc_high).all()
    assert table.loc["verb", "kl"][["gain", "gain_low", "gain_high"]].tolist() == [0, 0, 0]
    again = roc.auc_table(scores, classes, counts, n_resamples=50).set_index(["against", "score"])
    assert again.equals(table)


def test_intervals_have_the_width_of_the_mann_whitney_statistic():
    classes, scores, counts = classes_and_scores()
    table = roc.auc_table(scores, classes, counts, n_resamples=600).set_index(["against", "score"])
    row = table.loc["verb", "delta_kl"]
    area, n, m = row.auc, row.n_proper, row.n_against
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)  # Hanley and McNeil 1982
    variance = (area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)
    assert (row.auc_high - row.auc_low) / 2 == pytest.approx(1.96 * variance**0.5, rel=0.15)


def test_what_cannot_be_compared():
    classes, scores, counts = classes_and_scores()
    with pytest.raises(ValueError, match="'proper' and 'noun': 149 positives and 0 negatives"):
        roc.auc_table(scores, classes, counts, against=["noun"])
    with pytest.raises(
        ValueError, match="baseline 'norm' was given; expected one of kl, delta_kl, entropy"
    ):
        roc.auc_table(scores, classes, counts, baseline="norm")
    with pytest.raises(ValueError, match="score has 1 of 2 values not finite"):
        roc.auc(np.array([1, np.nan]), np.array([True, False]))
    with pytest.raises(ValueError, match="2 positives and 0 negatives; expected some of each"):
        roc.auc(np.ones(2), np.array([True, True]))


def test_a_baseline_below_chance_is_no_merit_of_a_score_at_chance():
    rng = np.random.default_rng(0)
    classes = np.repeat(["proper", "verb"], 300)
    kl = rng.normal(size=600) - (classes == "proper")  # as where names are the frequent class
    scores = {"kl": kl, "delta_kl": rng.normal(size=600)}
    table = roc.auc_table(scores, classes, np.ones(600), against=["verb"], n_resamples=50)
    row = table.set_index("score").loc["delta_kl"]
    assert row.gain == pytest.approx(row.auc - 0.5) and row.gain_low < 0 < row.gain_high
