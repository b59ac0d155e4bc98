import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lmnotes.papers.domain_mixture import design, experiment, log_law, significance

VALUES = np.array([2.0, 4, 0, 2, -4, 4])
GAP = design.Gap(VALUES, np.full(6, 10), np.array([0, 0, 1, 1, 2, 2]), ("a", "b", "c"))


def test_weights_of_all_rules():
    designed = experiment.design_all(GAP, 0.25)
    assert set(designed) == {"single", "anti", "lld_agg", "lld_dom", "lld_sd"}
    assert all(np.isclose(w.sum(), 1) and (w >= 0).all() for w in designed.values())
    means = np.array([0.3, 0.1, 0.0])
    np.testing.assert_allclose(
        designed["lld_dom"], np.exp(means / 0.25) / np.exp(means / 0.25).sum()
    )
    assert designed["anti"].argmin() == 0 and designed["single"].tolist() == [1, 0, 0]
    moves = np.random.default_rng(0).normal(size=(6, 3))
    more = experiment.design_all(
        GAP, 0.25, scores=means, responses=moves, probes=moves, end=GAP, slope=0.25
    )
    assert {"gram_ascent", "gram_nnls", "probe_nnls", "end_sd", "end_slope"} <= set(more)
    np.testing.assert_allclose(more["gram_ascent"], designed["lld_sd"])  # the same scores
    np.testing.assert_allclose(more["end_slope"], designed["lld_dom"])
    assert set(experiment.design_all(GAP, 0.25, end=GAP)) == set(designed) | {"end_sd"}


def test_comparison_is_the_paired_test():
    draw = np.random.default_rng(3)
    base = draw.normal(5, 1, size=6)
    better = base - 0.5 + draw.normal(0, 0.1, size=6)
    rows = pd.DataFrame(
        [("t", s, "uniform", base[s]) for s in range(6)]
        + [("t", s, "lld_sd", better[s]) for s in range(6)]
        + [("t", s, "kd", base[s] + draw.normal()) for s in range(6)]
        + [("t", s, "single", 9.0) for s in range(2)]
        + [("t", 0, "iterative", 9.0)],
        columns=["target", "seed", "rule", "kl"],
    )
    table = significance.compare_rules(rows, "kl").set_index("rule")
    line = table.loc["lld_sd"]
    expected = stats.ttest_rel(better, base)
    assert line.p_t == pytest.approx(expected.pvalue) and line.wins == 6 and line.n == 6
    assert (line.low, line.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert line.difference == pytest.approx((better - base).mean()) and line.p_flip == 2 / 64
    two = sorted([line.p_t, table.p_t["kd"]])
    assert table.holm[["lld_sd", "kd"]].min() == pytest.approx(2 * two[0])
    assert table.n["single"] == 2 and np.isnan(table.holm["single"])
    assert np.isnan(table.p_t["iterative"]) and np.isnan(table.difference["uniform"])
    assert table["mean"]["uniform"] == pytest.approx(base.mean())


def test_an_interval_is_without_zero_where_the_corrected_p_says_so():
    rng, rows = np.random.default_rng(0), []
    for rule, gain in zip(experiment.CORE, np.linspace(0, 2, len(experiment.CORE)), strict=True):
        rows += [("t", s, rule, -gain * (rule != "uniform") + rng.normal()) for s in range(6)]
    runs = pd.DataFrame(rows, columns=["target", "seed", "rule", "kl"])
    table = significance.compare_rules(runs, "kl")
    for row in table[table.rule != "uniform"].itertuples():
        low, high = significance.corrected_interval(row)
        assert low <= row.low < row.high <= high
        assert (low > 0 or high < 0) == (row.holm < 0.05)
    plain = next(table[table.rule != "uniform"].assign(holm=np.nan).itertuples())
    assert significance.corrected_interval(plain) == (plain.low, plain.high)


def test_comparison_without_values():
    rows = pd.DataFrame(
        [("t", s, rule, np.nan) for s in (1, 2) for rule in ("uniform", "lld_sd")],
        columns=["target", "seed", "rule", "kl"],
    )
    table = significance.compare_rules(rows, "kl")
    assert table["difference"].isna().all() and table["n"].eq(0).all()


def test_slopes_of_a_noiseless_law():
    draw = np.random.default_rng(1)
    shares = draw.dirichlet(np.ones(4), size=30)
    losses = 3 - np.array([0.1, 0.2, 0.3, 0.9]) * np.log(shares)
    slopes = log_law.slopes(shares, losses, 0.01)
    np.testing.assert_allclose(slopes, [0.1, 0.2, 0.3, 0.9])
    law = log_law.points(shares, losses, ["a", "b", "c", "d"])
    points = law.intercept + law.slope * np.log(law.share)
    np.testing.assert_allclose(points, law.loss)
    assert law.groupby("domain").slope.first().tolist() == pytest.approx(-slopes)


def test_published_models(tmp_path):
    """The layout of RegMix's files, with a log law that is known."""
    draw = np.random.default_rng(2)
    names = ["arxiv", "github", "enron_emails"]
    shares = draw.dirichlet(np.ones(3), size=20)
    table = pd.DataFrame(shares, columns=[f"train_the_pile_{n}" for n in names])
    table.index = pd.RangeIndex(1, 21, name="index")
    table.to_csv(tmp_path / "train_mixture_1m.csv")
    losses = 5 - np.array([0.25, 0.5]) * np.log(shares[:, :2])
    loss = pd.DataFrame(losses, columns=[f"metric/the_pile_{n}_val_loss" for n in names[:2]])
    loss.index = table.index
    loss.iloc[::-1].to_csv(tmp_path / "train_pile_loss_1m.csv")
    w, kept, read = log_law.load_regmix(tmp_path)
    assert read == ("arxiv", "github")
    np.testing.assert_allclose(w, shares[:, :2])
    np.testing.assert_allclose(kept, losses)
    law, caption = log_law.published(tmp_path, "1m")
    assert law.domain.tolist() == ["arxiv", "github"] and "20 models" in caption
    np.testing.assert_allclose(law[["slope", "R2"]], [[-0.25, 1], [-0.5, 1]], atol=1e-9)
    assert np.nanmean(log_law.detect_mixtures(w, kept)) > 0.3
    with pytest.raises(FileNotFoundError, match="expected the CSV files of RegMix"):
        log_law.load_regmix(tmp_path, "1B")
    with pytest.raises(ValueError, match="size '7B'"):
        log_law.load_regmix(tmp_path, "7B")
