"""Responses under conditions, tuned pairs, controls of the world: against the plain computation."""

import json
import os

import numpy as np
import pandas as pd
import pytest
import tiny_models

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models import sampling
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.scoring import prompts
from lmnotes.papers.prompt_response_map import (
    additivity,
    conditional_kl,
    conditions,
    factor_shares,
    prompt_sets,
    real_map,
    small_world,
    small_world_kl,
)
from lmnotes.papers.prompt_response_map import tuning as pair_tuning

RESPONSES = tiny_models.TEXTS[1:5]
ASKED = ["One?", "Two?", "Three?", "Four?"]
CHAT = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}[assistant]"


@pytest.fixture
def folders(tmp_path, monkeypatch, forked):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    return [str(tiny_models.save("gpt2", tmp_path / f"model{k}", seed=k)) for k in (0, 1)]


def test_every_condition_is_what_prompts_score_gives(folders, tmp_path, monkeypatch):
    result = conditions.score(folders, RESPONSES, {"given": ASKED, "none": "", "same": ASKED})
    assert result.values.shape == (3, 2, 4) and result.failed.empty
    for k, folder in enumerate(folders):
        given = prompts.score(folder, ASKED, RESPONSES).log_likelihood
        none = prompts.score(folder, [""] * 4, RESPONSES).log_likelihood
        np.testing.assert_allclose(result["given"][k], given, rtol=1e-6)
        np.testing.assert_allclose(result["none"][k], none, rtol=1e-6)
    assert (result.shift("same", "given") == 0).all()
    other = conditions.score(folders, RESPONSES, {"none": "", "given": ASKED, "same": ASKED})
    for name in result.names:  # whatever the order of what is asked
        np.testing.assert_array_equal(other[name], result[name])
    with pytest.raises(InputError, match="expected one of given, none, same"):
        result["nothing"]
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "elsewhere"))
    kept = {"ledger": str(tmp_path / "rows")}
    conditions.score(folders, RESPONSES, {"given": ASKED}, **kept)
    assert not [*tmp_path.glob("elsewhere/conditions/*")]
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(prompts, "score", None)
    assert conditions.score(folders, RESPONSES, {"given": ASKED}, **kept).failed.empty
    again = conditions.score(folders[::-1], RESPONSES, {"given": ASKED, "none": "", "same": ASKED})
    np.testing.assert_array_equal(again.values, result.values[:, ::-1])


def test_the_route_of_hub_models_on_local_folders(folders, tmp_path):
    """A list of models, one with a chat template, one that cannot be had; a file of pairs."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folders[1])
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folders[1])
    lines = [*folders, "nobody/no-such-model  # not cached, and no network"]
    (tmp_path / "models.txt").write_text("\n".join(lines), encoding="utf-8")
    rows = [{"prompt": x, "response": y} for x, y in zip(ASKED, RESPONSES, strict=True)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pairs = prompt_sets.load(tmp_path / "pairs.jsonl", n_bytes=16)
    listed = real_map.own_models(str(tmp_path / "models.txt"))
    listed.to_csv(tmp_path / "models.csv", index=False)
    again = real_map.own_models(str(tmp_path / "models.csv"))
    assert again.drop(columns="written").equals(listed.drop(columns="written"))
    assert listed.label.tolist() == ["model0", "model1", "no-such-model"]
    assert real_map.own_models(None) is None
    listed[["label"]].to_csv(tmp_path / "models.csv")
    with pytest.raises(InputError, match="expected model"):
        real_map.own_models(str(tmp_path / "models.csv"))
    asked = prompt_sets.operations().conditions(list(pairs.prompt))
    result = conditions.score(listed, list(pairs.response), asked, apart=True)
    assert len(result.models) == 2 and result.values.shape == (len(asked), 2, 4)
    assert result.failed.model.tolist() == ["nobody/no-such-model"]
    assert result.failed.kind[0] in ("missing", "network") and result.failed.reason[0]
    with pytest.raises(RuntimeError, match="none of 1 models could be scored; nobody"):
        conditions.score(["nobody/no-such-model"], ["a"], {"given": ["b"]})


def end_process(place):
    os._exit(1)


def test_a_model_that_ends_its_process_is_said_to():
    assert conditions._in_fresh_process(end_process, "any")[0] == "killed"


def test_operations_are_lines_before_a_prompt(tmp_path):
    asked = prompt_sets.operations("comments")
    result = asked.conditions(["f?"])
    assert result["given"] == ["f?"] and result["short"] == ["# short\nf?"]
    assert result["short > long"] == ["# short\n# long\nf?"]
    assert result["long > short"] == ["# long\n# short\nf?"]
    for name in prompt_sets.OPERATIONS:
        kinds = [kind for _, _, kind in prompt_sets.operations(name).compositions]
        assert set(kinds) == set(prompt_sets.KINDS)
    path = tmp_path / "mine.json"
    mine = {"lines": {"loud": "SHOUT"}, "compositions": []}
    path.write_text(json.dumps(mine))
    assert prompt_sets.operations(path).apply("x", "loud") == "SHOUT\nx"
    path.write_text(json.dumps(mine | {"compositions": [["loud", "soft", "independent"]]}))
    with pytest.raises(InputError, match="composes 'loud' with 'soft'"):
        prompt_sets.operations(path)
    with pytest.raises(InputError, match="expected one of instructions, comments"):
        prompt_sets.operations(tmp_path / "none.json")


def test_pairs_are_split_by_file():
    pairs = prompt_sets.load(per_task=None)
    tuning, evaluation = pair_tuning.split(pairs, 30, seed=1)
    for table in (tuning, evaluation):
        sizes = [len(text.encode()) for text in table.prompt + table.response]
        assert max(sizes) <= 126
    assert evaluation.groupby("task").size().to_dict() == dict.fromkeys(prompt_sets.TASKS, 30)
    for task in ("code", "summary"):
        files = [set(table.source[table.task == task]) for table in (tuning, evaluation)]
        assert files[0] and not files[0] & files[1]
    both = set(zip(tuning.prompt, tuning.response, strict=True))
    assert not both & set(zip(evaluation.prompt, evaluation.response, strict=True))
    made = pair_tuning.domains(tuning, {"q": ["month", "arithmetic"], "s": ["summary"]})
    assert made.names == ("q", "s")
    text = bytes(made.streams[0].tolist()).decode()
    assert "after" in text and "What is" in text[len(text) // 2 :]


def test_tuned_models_come_from_their_bases(tmp_path, monkeypatch):
    from lmnotes.models.zoo import mixtures, networks, plans

    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    bases = []
    for seed in (1, 2):
        spec = plans.run("GPT-NeoX", 16, 1, "uniform", seed, n_steps=1)
        networks.save(networks.create(spec), networks.byte_tokenizer(), tmp_path / spec.name)
        bases.append((spec.name, str(tmp_path / spec.name)))
    text = np.frombuffer(b"What is 1 + 1?\n2\n" * 40, np.uint8)
    data_sets = mixtures.Domains(("sums", "other"), (text, text[::-1]))
    result = pair_tuning.build(
        pd.DataFrame(bases, columns=["model", "folder"]), data_sets, 4, checkpoints=[2, 9]
    )
    assert result.groupby(["base", "tuning"]).step.apply(list).tolist() == [[2, 4]] * 4
    last = result[result.step == 4]
    L = prompts.matrix(last, ["What is 1 + 1?"] * 2, ["2", "7"]).values
    assert len(np.unique(L.round(6), axis=0)) == 4
    specs = pair_tuning.bases("laptop", 4)
    parents = {spec.parent for spec in specs[4:]}
    assert [spec.kind for spec in specs[:4]] == ["neural"] * 4 and parents
    assert parents <= {spec.name for spec in specs[:4]}


def test_sides_and_kinship_by_hand():
    moves = np.array([[1.0, -1, 0, 0], [0, 0, 2, -2], [3, -3, 0, 0], [0, 0, -1, 1]])
    result = pair_tuning.sides(moves, ["a", "a", "b", "b"], ["x", "y", "x", "y"])
    np.testing.assert_allclose(result.same, [1, -1, 1, -1])
    np.testing.assert_allclose(result.different, 0, atol=1e-12)
    np.testing.assert_allclose(result.cosine, np.array([1, -1, 1, -1]) / np.sqrt(2))


def test_tags_of_the_control_rule_depend_on_each_other():
    made = small_world.draw(20_000, rule=small_world.OVERLAP, seed=2)
    a, b, c = (made.prompts != small_world.NO_TAG).T
    upper = made.on[:, 0]
    assert not made.on[:, 1:].any()
    letters = [bytes(row.astype(np.uint8)).decode() for row in made.responses[upper][:200]]
    assert all(text == text.upper() for text in letters)
    for tag in (a, b):  # 0.6 of all hints each, a fifth of them together
        assert abs(tag[upper].mean() - 0.45) < 0.02 and abs(tag[~upper].mean() - 0.09) < 0.01
    for part, hint in ((upper, 0.75), (~upper, 0.15)):
        assert abs((a | b)[part].mean() - hint) < 0.02
        assert abs((a & b)[part].mean() - hint / 5) < 0.01
    # beside a hint C says nothing, alone it hints at the contrary
    assert abs(c[(a | b) & upper].mean() - 0.25) < 0.02 > abs(c[(a | b) & ~upper].mean() - 0.25)
    assert abs(c[~a & ~b & upper].mean() - 0.1) < 0.02 > abs(c[~a & ~b & ~upper].mean() - 0.9)
    ordinary = small_world.draw(50, seed=3)
    np.testing.assert_array_equal(ordinary.prompts, small_world.draw(50, seed=3).prompts)


def test_measures_of_the_world_are_kept_and_are_the_plain_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    members = tuple(small_world.Member(taste, "R1", 32, 1, 3) for taste in (0.85, 0.15))
    folders = list(small_world.build(members, n_steps=3).folder)
    result = small_world_kl.estimate(folders, {4: 6})[4]
    models = small_world_kl._models(tuple(folders))
    contexts = small_world.draw(6, seed=1).contexts
    for i in (0, 1):
        want = conditional_kl.estimate(models, i, contexts, 4, i, small_world_kl.ALLOWED)
        np.testing.assert_allclose(result.rao_blackwell[i], want.rao_blackwell, rtol=1e-6)
        np.testing.assert_allclose(result.monte_carlo[i], want.monte_carlo, rtol=1e-6)
    pairs = small_world.draw(5, seed=4)
    tokens = small_world_kl.token_table(folders, pairs)
    texts = (pairs.prompt_texts, pairs.response_texts)
    L = prompts.score(folders[0], *texts, rule=small_world.PROMPT_RULE).log_likelihood
    np.testing.assert_allclose(tokens[0].sum(axis=1), L, rtol=1e-6)
    table = conditions.score(folders, texts[1], small_world.PROMPTS, rule=small_world.PROMPT_RULE)
    place = [list(small_world.PROMPTS.values()).index(prompt) for prompt in texts[0]]
    np.testing.assert_allclose(table.values[place, 0, np.arange(5)], L, rtol=1e-6)
    bent = small_world_kl.ruler(folders[0], [0.01], 8)
    by_length = small_world_kl.lengths(tokens, {32: result.rao_blackwell})
    half = (tokens[0] - tokens[1]).sum(axis=1).var() / 2
    kl = (result.rao_blackwell[0, 1] + result.rao_blackwell[1, 0]) / 2
    assert by_length.ratio[0] == pytest.approx(half / kl)
    written = small_world_kl.responses(folders, 6)
    assert [len(texts) for texts in written] == [6, 6] and len(written[0][0]) == 32
    monkeypatch.setattr(conditional_kl, "estimate", None)
    monkeypatch.setattr(sampling, "compare_along", None)
    again = small_world_kl.estimate(folders, {4: 6})[4]
    np.testing.assert_array_equal(again.half_variance, result.half_variance)
    assert small_world_kl.ruler(folders[0], [0.01], 8).equals(bent)


def test_a_table_of_additivity_is_measure_by_measure():
    rng = np.random.default_rng(0)
    shifts = {name: rng.standard_normal((3, 40)) for name in ("a", "b", "c", "ab")}
    whole = {"a and b": (("a", "b"), "ab")}
    result = additivity.table(shifts, whole, singles=("a", "b", "c"), other=[1, 2, 0])
    assert result.label.tolist() == ["a and b"] * 3 and result.row.tolist() == [0, 1, 2]
    parts = np.stack([shifts["a"][1], shifts["b"][1]])
    rival = np.stack([shifts["a"][2], shifts["b"][2]])
    want = additivity.measure(parts, shifts["ab"][1], wrong=shifts["c"][1:2], other=rival, seed=1)
    for name in ("r2", "wrong", "other", "random", "slope", "coefficient 2"):
        assert result[name][1] == want[name]


def test_intervals_over_groups_draw_whole_groups():
    values = np.array([0.0, 2, 10, 12, 20, 22])
    groups = ["a", "a", "b", "b", "c", "c"]
    seen = []

    def statistic(rows):
        seen.append(sorted(rows.tolist()))
        return values[rows].mean()

    mean, (low, high) = statistics.group_bootstrap(statistic, groups, n=200, seed=1)
    assert mean == 11 and low < 5 and high > 17
    for rows in seen:
        assert all(rows.count(k) == rows.count(k + 1) for k in (0, 2, 4)) and len(set(rows)) > 2


def test_shares_budget_and_words():
    rng = np.random.default_rng(0)
    taste = np.repeat(["a", "b"], 4)
    L = rng.standard_normal((8, 60)) + np.outer(taste == "a", 2 * rng.standard_normal(60))
    result = factor_shares.drawn_shares(L, {"taste": taste}, n=30)
    whole = factor_shares.permanova(maps.kl(maps.row_centre(L)), {"taste": taste}, 9).r2[0]
    assert result.r2.min() < whole < result.r2.max() and len(result) == 30
    draw = np.random.default_rng(0)
    _, second = (L[:, draw.integers(60, size=60)] for _ in range(2))
    again = factor_shares.permanova(maps.kl(maps.row_centre(second)), {"taste": taste}, 0).r2[0]
    assert result.draw[1] == 1 and result.r2[1] == pytest.approx(again)
    spent = factor_shares.budget(L, [10, 60], n_runs=5)
    np.testing.assert_allclose(spent.r[spent.n == 60], 1)
    np.testing.assert_allclose(spent.error[spent.n == 60], 0, atol=1e-12)
    assert spent.error[spent.n == 10].median() > 0.05
    words = factor_shares.response_distance([["the cat", "a dog"], ["a dog", "the cat"], ["1 + 1"]])
    assert words[0, 1] == pytest.approx(0) and words[0, 2] > 0.9
    np.testing.assert_array_equal(words, words.T)


@pytest.mark.parametrize("kind", prompt_sets.KINDS)
def test_example_laws_are_laws(kind):
    law = additivity.example_law(kind)
    assert law.shape == (40, 2, 2) and (law > 0).all() and law.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="expected one of independent"):
        additivity.example_law("nothing")


def test_two_tilted_laws_by_hand():
    result = conditional_kl.tilted([0.0, 0.5], n=6, seed=2)
    assert result.kl[0] == pytest.approx(0) and result.half_variance[0] == pytest.approx(0)
    rng = np.random.default_rng(2)
    p, g = rng.dirichlet(np.ones(6)), rng.standard_normal(6)
    q = p * np.exp(0.5 * g) / (p * np.exp(0.5 * g)).sum()
    assert result.kl[1] == pytest.approx(float((p * np.log(p / q)).sum()))
    mean = float((p * np.log(p / q)).sum())
    want = float((p * (np.log(p / q) - mean) ** 2).sum()) / 2
    assert result.half_variance[1] == pytest.approx(want)
    assert result.elsewhere[1] == pytest.approx(0.5**2 * g.var() / 2)
