"""What came of the trainings, on tables that are small enough to compute by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.domain_mixture import design, experiment, results

NAMES = ("code", "news")


def runs() -> pd.DataFrame:
    """Two targets, three bases; the designed shares are nearer to the first by 1, 2 and 3."""
    rows = []
    for s in (1, 2, 3):
        nearness = {"uniform": 10, "lld_sd": 10 - s, "kd": 2 + s % 2, "lld_agg": 5 + s}
        nearness["gram_ascent"] = 4
        rows += [("code", s, rule, float(value), value / 10) for rule, value in nearness.items()]
        rows += [("other", s, rule, 1.0, np.nan) for rule in ("uniform", "lld_sd")]
    table = pd.DataFrame(rows, columns=["target", "seed", "rule", "kl_var", "exact_kl"])
    return table.assign(offset=0.5, domain_error=table.kl_var / 2)


def test_claims_are_paired_differences():
    table = runs()
    measured = results.claims(table, results.tests(table))
    value, (low, high), note, n = measured["designed_map_code"]
    assert (value, n) == (-2, 3) and low < -2 < high and "nearer on 3 of 3" in note
    assert measured["designed_exact_code"][0] == pytest.approx(-0.2)
    # (6, 7, 8) less 4; (6, 7, 8) less (3, 2, 3); (3, 2, 3) less (9, 8, 7), a tenth of it
    wanted = {"agg_behind_pull_code": 3, "agg_behind_kd_code": 13 / 3, "kd_best_code": -16 / 30}
    assert {id: measured[id][0] for id in wanted} == pytest.approx(wanted)
    assert np.isnan(measured["designed_map_data"][0]) and measured["kd_best_data"][1] is None
    said = results.main_words(results.tests(table))
    assert said[0].startswith("code, map distance per byte: nearer on 3 of 3 seeds")


def test_changes_are_against_equal_shares_of_the_same_base():
    table = results.aligned(runs())
    code = table[(table.target == "code") & (table.rule == "lld_sd")]
    assert code.change.tolist() == [-1, -2, -3] and "uniform" not in set(table.rule)
    left = results.capacity(runs())
    assert left["domain error, nats per byte"].tolist() == [5.0, 4.0, 0.5, 0.5]
    # by hand: all exact KL are a tenth of the map distance
    assert "10.0 times exact KL" in results.agreement(runs())


def test_temperatures_and_the_foremost_text():
    per_byte = np.log([1.0, 3.0, 2.0, 4.0]) / 2  # at T = 1/2 the powers are 1, 3, 2, 4
    gap = design.Gap(per_byte * 10, np.full(4, 10), np.array([0, 0, 1, 1]), NAMES)
    study = SimpleNamespace(targets=["code"], gaps={("code", 1): gap})
    assert results.foremost(study, 0.5) == "40.0% (code)"
    table = runs().query("target == 'code'")
    tempered = results.by_temperature(study, table, [], 0.5)
    assert tempered.temperature.tolist() == [np.inf, 0.5] and tempered.kl_var.tolist() == [10, 6]
    means = np.array([np.log(3) / 4, np.log(8) / 4])
    assert tempered.sd.iloc[0] == pytest.approx(means.std())
    assert results.best_words(tempered)[0] == "code, map distance per byte: T = 0.5"


def test_cosines_within_and_between_domains():
    G = np.array([[4.0, 2, 0], [2, 4, 1], [0, 1, 1]])
    domains = np.array(["code", "code", "news"])
    G = np.pad(G, (0, 1))
    G[3, 3] = 9  # a second text of the news, orthogonal to all
    measured = {"gram": G, "gradient domains": np.append(domains, "news")}
    study = SimpleNamespace(measured=measured, world=SimpleNamespace(names=NAMES))
    values, means, within, across = results.cosines(study)
    assert values[0, 1] == 0.5 and values[1, 2] == 0.5 and np.diag(values).tolist() == [1] * 4
    assert means.to_numpy() == pytest.approx(np.array([[0.5, 0.125], [0.125, 0]]))
    assert (within, across) == (0.25, 0.125)  # pairs: 0.5 and 0; 0, 0, 0.5 and 0


def test_scores_of_gradients_are_finite_differences_of_linear_moves():
    """Where moves are rate times kappa, c = kappa' (gap less its mean) / N without an error."""
    draw = np.random.default_rng(0)
    kappa, gap = draw.normal(size=(2, 6)), draw.normal(size=6)
    c = kappa @ (gap - gap.mean()) / 6
    moves = np.array([rate * kappa for rate in (0.1, 0.2)])
    moves[1] *= 1.5  # at the larger step half as far again
    texts = design.Gap(gap, np.ones(6), np.repeat([0, 1], 3), NAMES)
    measured = {("pull", "code", 1): c, "rates": [0.1, 0.2], "steps": moves}
    about = {"measured": measured, "targets": ["code"], "first_gap": texts}
    table, agree = results.pull_check(SimpleNamespace(gaps={("code", 1): texts}, **about))
    assert table["relative error"].tolist() == pytest.approx([0, 0.5])
    assert abs(agree) == pytest.approx(1)  # two domains: a line through two points


def test_every_rule_has_a_place():
    assert {*experiment.CORE, *experiment.MORE, "before"} == set(results.LABELS)
