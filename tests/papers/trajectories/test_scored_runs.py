"""Runs, rounded copies and long runs as notebook 08 measures them, and its views."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ledger_cases import text_set

from lmnotes.models import ngram, sampling
from lmnotes.models.zoo import networks
from lmnotes.papers.trajectories import (
    exponents,
    kl_ruler,
    live,
    long_tail,
    paths,
    rounded_models,
    scored_runs,
)
from lmnotes.papers.trajectories.paths import Run

STEPS = np.array([0, 1, 2, 4, *range(6, 30, 2)])
GROUPS = {"small": "size", "middle": "both", "again": "seed"}


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    way = np.cumsum(rng.normal(size=(len(STEPS), 12)) * (1 + 9 * (STEPS < 6))[:, None], axis=0)
    raw = [Run(name, STEPS, way + rng.normal(0, 0.3, way.shape) - 300) for name in GROUPS]
    prepared = paths.prepare(raw, remove=0.1, after=6, threshold=-310.0)
    texts = text_set(12)
    texts = replace(texts, table=texts.table.assign(source=np.arange(12) // 2))
    return scored_runs.ScoredRuns(texts, raw, prepared, GROUPS, dict.fromkeys(GROUPS, 9), 6)


def test_runs_have_their_groups_speed_and_claims(scored):
    assert scored.sizes == ["small", "middle"] and scored.seeds == ["middle", "again"]
    assert scored.middle == "middle" and len(scored.n_bytes) == len(scored.blocks) == 11
    assert scored.clipped(np.full((2, 12), -400.0)).max() == -310 and len(scored.summary()) == 3
    speed = scored.speed()
    rows = speed[speed["run"] == "small"]
    wanted = paths.consecutive_kl(scored.runs["small"], **scored.in_bits)
    assert rows["kl"].to_numpy() == pytest.approx(wanted)
    assert rows["per_step"].to_numpy() == pytest.approx(wanted / np.diff(STEPS))
    assert (scored.bursts(speed) > 1).all() and list(scored.bursts(speed).index) == scored.seeds
    claims = scored.parallel(10, 0) | scored.settled(speed)
    assert claims["parallel_seeds"][0] > 0.5 and claims["v1_settle_low"] < claims["v1_settle_high"]
    choices = scored.choices(4).set_index("variant")
    assert len(choices) == 4 and choices.notna().all(axis=None)
    pair = scored_runs.matrix_at_end(scored)[1, 2]
    assert scored_runs.median_seed(scored) == pytest.approx(pair)


def test_both_laws_of_a_run_whose_weights_are_here_or_not(scored):
    squared = np.arange(1.0, 4) * np.ones((len(STEPS), 1))
    table, c_q = scored.laws({"small": squared}, 3, n_samples=10)
    of_weights = table.groupby("run")["c_w"].mean()
    assert of_weights["small"] == pytest.approx(1) and np.isnan(of_weights["again"])
    assert set(scored_runs.quarters(table)["starts"]) == {"first quarter", "last quarter"}
    value, (low, high) = scored_runs.tail_over_seeds(c_q)
    assert low <= value <= high and len(scored.settling({"small": squared}, 4)) == 1
    at = table.iloc[:1].assign(run="pythia-1b", start=120_000, c_q=0.2)
    claims = scored_runs.of_sizes(pd.concat([table, at]))
    assert claims["cq_1b"] == (0.2, None, "") and "Pythia" in claims["cq_410m"][2]


def test_the_scale_records_every_claim_of_the_card_also_where_a_setting_is_missing():
    rng = np.random.default_rng(1)
    differences = {name: rng.normal(size=(4, 30)) for name in ("Later", "Early", "Seed", "Size")}
    differences["Layer"] = 9 * rng.normal(size=(4, 30))
    units = {name: np.array([["a", "b"]] * 4) for name in differences}
    n_bytes, blocks = np.full(30, 100), np.arange(30)
    scale = kl_ruler.scale(differences, units, n_bytes, blocks, 10, 0)
    claims = scale.claims()
    assert np.isnan(claims["median_ft"][0]) and np.isnan(claims["order_seed_ft"][0])
    assert claims["order_later_early"][0] > 0 and claims["span"][0] > 9 and len(claims) == 31
    assert len(scale.points()) == 20 and set(scale.inverted()) <= set(
        kl_ruler.inversions(scale.table.set_index("setting")["median"])
    )
    assert "for Seed" in kl_ruler.as_nats()


def test_rounded_copies_have_widths_kin_and_those_without_layers_a_reason():
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"model": list("abc"), "family": ["x", "x", "y"], "folder": list("abc")})
    first = rng.normal(size=20)
    values = {
        (name, "column"): np.stack([rows, rows + first, rows + 2 * first])
        for name, rows in zip("abc", rng.normal(size=(3, 20)), strict=True)
    }
    rounded = rounded_models.RoundedModels(table, values, {"column": (8, 4)}, np.full(20, 9))
    kin = rounded.kin()
    assert len(kin) == 6 and kin["cosine"].min() > 0.999 and kin["one family"].sum() == 2
    assert rounded.claims()["cosine_low"][2] == "1 pairs of 3 models"
    assert [len(rows) for rows in rounded.differences(False).values()] == [3, 3]
    medians, ratio = rounded_models.by_bits(rounded.table())
    assert ratio == pytest.approx(4) and list(medians["bits"]) == [4, 8]

    def layers(folder):
        if folder == "b":
            raise ValueError("no norm is found")
        return rng.normal(size=(3, 20))

    threads, apart, failed = rounded_models.layers_of(table, layers)
    assert list(threads) == list(apart["model"]) == ["a", "c"]
    assert failed["reason"].tolist() == ["no norm is found"]
    steps = scored_runs.steps_of(threads.values())
    made = rounded_models.layer_table(threads, steps, np.full(20, 9))
    assert made["from layer"].tolist() == [0, 1, 0, 1]


def test_the_views_draw_every_step(scored, monkeypatch):
    shown = []
    monkeypatch.setattr(live.notebook, "explore", lambda draw, **given: shown.append((draw, given)))
    run_map = scored_runs.on_map(scored, perplexity=3.0, n_iterations=250)
    live.spiral(run_map, scored)
    live.learning(run_map, scored)
    windows = {"a": (scored.runs["small"], np.ones((len(STEPS), 3)).cumsum(axis=1), scored.n_bytes)}
    live.fits(windows, "a", 80, 3)
    names = ["base", "code 2", "code 4", "code 4, names"]
    values = np.random.default_rng(3).normal(size=(4, 9))
    parents = ["", "base", "base", "code 4"]
    live.fine_tune(long_tail.Tuned(["code"], [2, 4], names, parents, values, np.ones(9)))
    assert len(shown) == 4
    for draw, given in shown:
        assert draw() is not None and all(draw(**still) is not None for still in given["stills"])
    _, learnt = shown[1][0](checkpoint=3)
    assert len(learnt) == 5 and learnt.iloc[:, 0].abs().is_monotonic_decreasing
    first, last = (shown[2][0](start=start).axes[0] for start in (0, 100))
    assert first.get_ylim() == last.get_ylim() and first.get_xlim() == last.get_xlim()
    assert [len(line.get_xdata()) for line in last.lines] == [2] * 5
    assert exponents.one_window(*windows["a"], 4, 3)[0] == 6


def test_kl_of_the_ends_is_that_of_texts_they_write(scored, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    folders = {
        "small": b"abracadabra" * 9,
        "middle": b"cabbage bar" * 9,
        "again": b"a cab abra" * 9,
    }
    for name, data in folders.items():
        networks.save(ngram.fit(data, order=2), networks.byte_tokenizer(), tmp_path / name)
    rows = [(name, step, str(tmp_path / name)) for name in folders for step in (9, 28)]
    table = pd.DataFrame(rows, columns=["run", "step", "model"])
    table.loc[table.step == 9, "model"] = "not there"
    direct = scored_runs.direct(table, scored, n_draws=200, seed=3)
    assert direct[["run", "other"]].to_numpy().tolist() == [
        ["small", "middle"],
        ["small", "again"],
        ["middle", "again"],
    ]
    assert direct["map distance"][0] == scored_runs.matrix_at_end(scored)[0, 1]
    apart = (direct["kl"] - direct["monte_carlo"]).abs()
    assert (apart < 4 * np.hypot(direct["error"], direct["monte_carlo_error"])).all()
    assert (direct["error"] < direct["monte_carlo_error"]).all() and (direct["kl"] > 0).all()
    length = min(128, int(np.median(scored.n_bytes)))
    two = [ngram.fit(folders[name], order=2) for name in ("small", "middle", "again")]
    along = sampling.compare_all(two, ngram.BOS, 200, length, 3)
    both = along.kl[0, 1].sum(axis=1).mean() + along.kl[1, 0].sum(axis=1).mean()
    assert direct["kl"][0] == pytest.approx(both / 2 / length / np.log(2), rel=1e-5)
    monkeypatch.setattr(sampling, "compare_all", None)
    assert scored_runs.direct(table, scored, n_draws=200, seed=3).equals(direct)  # kept
