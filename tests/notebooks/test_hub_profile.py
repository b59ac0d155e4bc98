"""The profile `hub` of 06 to 09: what its lists say, and a run of it from a hub on this machine."""

import csv
from functools import partial

import loopback_hub
import pandas as pd
import pytest
import tiny_models

from lmnotes import parallel
from lmnotes.models import runner
from lmnotes.notebook import card
from lmnotes.papers.model_map import population
from lmnotes.papers.trajectories import checkpoints
from lmnotes.runs import run

CARDS = card.notebooks_folder() / "cards"
MODELS, RUNS = CARDS / "hub_models.csv", CARDS / "hub_runs.csv"
LIKE = {  # family -> the architecture of its models
    "pythia": "gpt_neox",
    "cerebras": "gpt2",
    "gpt-neo": "gpt_neo",
    "smollm2": "llama",
    "qwen": "qwen2",
}
TEXTS = {"per_domain": 4, "chunk_bytes": 128}
SMALL = {
    "06": {**TEXTS, "n_items": 10, "n_iterations": 250},
    "07": {**TEXTS, "n_items": 10, "n_sizes": 6, "n_runs": 4, "n_maps": 3},
    "08": {
        **TEXTS,
        **{"n_steps": 16, "n_late": 8, "widths": [8, 16], "n_seeds": 2, "n_quantised": 2},
        **{"long_steps": 120, "long_late": 12, "tuning_steps": [2, 4, 8], "deep_steps": 4},
        **{"n_bootstrap": 10, "n_iterations": 250},
    },
    "09": {
        **{"n_steps": 3, "n_pairs": 24, "n_prompts": 6, "sigmas": [0.002, 0.08], "lengths": [8]},
        **{"n_permutations": 99, "n_bootstrap": 20, "per_task": 6, "workers": 1},
        **{"response_bytes": 64},
    },
}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def megabytes(written):
    """A size as the lists write it; what is not confirmed counts as a float32 of its parent."""
    number, _, unit = written.replace(",", "").partition(" ")
    return float(number) * {"MB": 1, "GB": 1000, "": 1e-6}[unit] if number[0].isdigit() else 650


def test_the_list_names_twenty_models_with_their_sources():
    table = runner.listed(MODELS)
    assert len(table) == 20 and table.label.is_unique and table.n_parameters.max() < 1e9
    assert table.family.nunique() >= 8 and table.lineage.nunique() == table.family.nunique()
    assert set(table.parent) - {""} <= set(table.model)
    scores = table.select_dtypes("number").columns.difference(population._NO_SCORES)
    assert scores.empty  # a number would be taken for a benchmark
    assert pd.to_datetime(table.created_at.dropna()).size >= 18
    for row in rows(MODELS):
        assert row["source"] and row["licence"] and row["looked_up"] and row["weights"]
        assert row["note"].endswith("not run by us")


def test_the_runs_can_be_measured_and_all_fits_on_fifteen_gigabytes():
    table = checkpoints.read(RUNS)
    assert set(table.group) == {"size", "both", "seed"}
    assert (table.revision == [f"step{step}" for step in table.step]).all()
    assert set(table.step) <= set(checkpoints.STEPS)
    after = card.for_notebook("08_trajectories").profiles["hub"]["warm_up_end"]
    late = table[table.step >= after].groupby("run").step.agg(list)
    assert late.map(tuple).nunique() == 1 and len(set(pd.Series(late.iloc[0]).diff()[1:])) == 1
    assert sum(megabytes(row["weights"]) for row in rows(MODELS) + rows(RUNS)) < 15_000


@pytest.mark.parametrize("number", SMALL)
def test_a_plan_of_each_finds_the_lists_from_anywhere(number, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_NOTEBOOKS", str(card.notebooks_folder()))
    monkeypatch.chdir(tmp_path)
    plan = run._plan(number, "hub", {})
    assert plan.values["models_file"] == str(MODELS)
    assert plan.facts["what is in"]["models_file"]


@pytest.fixture
def home(tmp_path, monkeypatch, own_home):
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    return tmp_path


@pytest.fixture
def hub(home, monkeypatch):
    """A hub with a tiny model of its own weights under every id and revision of the lists."""
    served = {}
    for seed, row in enumerate(rows(MODELS) + rows(RUNS)):
        family = row.get("family", "pythia")
        like = "qwen3" if "Qwen3" in row["model"] else LIKE.get(family, family)
        revision = f"@{row['revision']}" if row["revision"] else ""
        served[row["model"] + revision] = tiny_models.save(like, home / f"{seed}", seed=seed)
    with loopback_hub.serving() as hub:
        for name, folder in served.items():
            model, _, revision = name.partition("@")
            commit = hub.put(model, folder, revision or "main")
            if len(revision) == 40:  # the commit that the list names
                hub.trees[model][revision] = hub.trees[model].pop(commit)
                hub.refs[model] = {"main": revision}
        for name, value in hub.env(home / "cache").items():
            monkeypatch.setenv(name, value)
        yield hub


def in_fresh_process(number):
    """The run, where nothing has imported the hub's client under other settings."""
    return parallel.in_fresh_process(partial(run.run, number, "hub"), SMALL[number])


@pytest.mark.slow
def test_every_notebook_passes_at_hub(hub):
    for number in SMALL:
        start = len(hub.requests)
        result = in_fresh_process(number)
        assert result.status == "ok", f"{number}: {result.message}"
        assert not (result.folder / "tables" / "failed.csv").exists(), number
        claims = pd.read_csv(result.folder / "claims.csv", keep_default_na=False)
        its_card = card.for_notebook(result.name)
        asked = [claim.id for claim in its_card.claims.values() if "hub" in claim.profiles]
        said = claims.set_index("id").loc[asked]
        assert len(said) and not said.verdict.str.contains("not recorded").any()
        if number == "07":  # the rows of 06
            assert not [r for r in hub.requests[start:] if r.path.endswith(".safetensors")]


@pytest.mark.slow
def test_offline_it_says_in_one_sentence_what_to_do(home, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "cache"))
    result = in_fresh_process("06")
    assert result.status == "failed"
    assert "none of 20 models could be scored; EleutherAI/pythia-14m" in result.message
    assert "run again when the hub can be reached" in result.message
