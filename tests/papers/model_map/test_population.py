from pathlib import Path

import ledger_cases as cases
import numpy as np
import pandas as pd
import pytest
import tiny_models
from map_cases import made

from lmnotes import statistics
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection, robustness
from lmnotes.notebook import card
from lmnotes.papers.model_map import checks, leaks, population, task_scores


def test_a_population_is_what_the_parts_of_the_map_say():
    case = made()
    clipped = case.raw.clip(0.02)
    np.testing.assert_array_equal(case.L, clipped.values)
    np.testing.assert_allclose(case.Q, maps.double_centre(case.L))
    np.testing.assert_allclose(case.distance[0, 3], (case.L[0] - case.L[3]).var() / 2)
    assert case.names[case.index("m3")] == "m3" and case.is_zoo
    assert case.models.lineage.iloc[-1] == "m12"  # one that has seen the texts, its twin's relative
    assert "14 models, 60 texts, clipped at" in repr(case)
    low = np.full(60, -1e6)
    assert case.joined(low)[-1].max() == clipped.threshold and len(case.joined(low)) == 15
    told = case.described(pd.DataFrame(case.Q[:, :2], columns=["PCA 1", "PCA 2"]))
    assert told["PCA 2"].tolist() == case.Q[:, 1].tolist()
    assert set(told["strongest domain"]) <= set(case.domains) and (told["log10 size"] == 3).all()


def test_labels_are_made_from_what_is_known():
    models = pd.DataFrame(
        {
            "model": ["a", "b", "c"],
            "type": ["x", "x", "y"],
            "size": [7, 13, 1],
            "created_at": ["2024-02-01", "2023-01-01", None],
        }
    )
    raw = LikelihoodMatrix(
        -np.arange(6.0).reshape(3, 2), models, pd.DataFrame({"text_id": [0, 1]}), ""
    )
    case = population.build(raw, is_published=True)
    assert case.models.lineage.tolist() == ["x", "x", "y"]
    assert case.models.order.tolist()[:2] == [2.0, 1.0] and np.isnan(case.models.order[2])
    assert (case.n_bytes == population.PUBLISHED_BYTES).all() and set(case.domains) == {"all"}
    assert not case.is_zoo and not case.texts
    plain = LikelihoodMatrix(raw.values, models[["model"]], raw.texts, "")
    assert population.build(plain).models.lineage.tolist() == ["a", "b", "c"]  # each by itself


def test_clipping_is_measured_on_the_clipped_matrix():
    case = made()
    effect = checks.clip_effect(case.raw, 0.1, seed=1)
    pairs = checks.random_pairs(len(case), 300, seed=1)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    d = robustness.pair_differences(case.raw.clip(0.1).values, pairs)
    assert effect["after"] == np.median(robustness.kurtosis(d)) and effect["share"] == 0.1
    d = robustness.pair_differences(case.raw.values, pairs)
    assert effect["part_before"] == np.median(robustness.top_share(d))


def test_the_first_split_names_both_sides():
    points = np.array([[0.0], [0.1], [0.3], [9.0]])
    linkage = projection.tree(points)
    split = checks.first_split(linkage, pd.Series(["a", "a", "b", "c"]))
    assert split == {"larger": ["2 a", "1 b"], "smaller": ["1 c"]}


def test_seeds_are_pairs_of_one_family_and_mixture():
    case = made()
    assert (0, 1) in case.seed_pairs and (0, 2) not in case.seed_pairs
    assert (12, 13) not in case.seed_pairs  # one of them has seen the texts


def test_pairs_go_from_the_nearest_to_the_farthest():
    case = made()
    table = checks.compare_pairs(case, n_pairs=5)
    apart = table["map distance, nats per text"].to_numpy()
    assert (np.diff(apart) >= 0).all() and len(table) == 5
    upper = case.distance[np.triu_indices(len(case), 1)]
    np.testing.assert_allclose(apart[[0, -1]], [upper.min(), upper.max()])
    i, j = case.index(table.model[0]), case.index(table.other[0])
    assert case.distance[i, j] == pytest.approx(apart[0])
    assert (table["standard error (bootstrap)"] > 0).all()


def test_relatives_are_neighbours_and_domains_of_strength_are_read():
    case = made()
    same, chance, lineage = checks.family_neighbours(case, k=1)
    assert lineage.tolist() == case.models.lineage.tolist()
    assert same.mean() > 0.9 and len(same) == 14  # the nearest is the copy
    assert chance[0] == pytest.approx(3 / 13) and chance[-1] == pytest.approx(1 / 13)
    strongest = maps.primary_domain(case.Q, case.domains)
    hit, guess, lineage = checks.domain_hits(case, strongest)
    assert hit.mean() > 0.8 and len(hit) == len(guess) == len(lineage) == 14
    assert guess[0] == np.mean(strongest == "news")
    mean, (low, high) = statistics.mean_interval(same - chance)
    assert low <= mean <= high
    lone = case.raw.models.drop(columns=["mixture", "twin", "lineage"])
    plain = population.build(LikelihoodMatrix(case.raw.values, lone, case.raw.texts, ""))
    assert not len(checks.domain_hits(plain, strongest)[0])


def test_the_leaked_model_is_likelier_than_able():
    case, kept = made(), np.arange(2, 14)
    ability = np.linspace(40, 60, 12)
    result = leaks.read(case, kept, ability)
    assert result.twins == [(10, 11)] and len(result.gaps) == 1
    value = result.table["reading, sd"]
    np.testing.assert_allclose(value, result.likelihood - result.ability)
    assert result.gaps[0] == pytest.approx(value[11] - value[10]) and result.gaps[0] > 1
    assert result.table["has seen the texts"].tolist() == [False] * 11 + [True]
    assert result.likelihood.mean() == pytest.approx(0) and result.likelihood.std() == 1


def test_types_that_read_the_pile_are_the_leaked_ones_of_a_matrix():
    models = pd.DataFrame({"model": list("abcd"), "type": ["GPT-NeoX", "gptj", "llama-2", "other"]})
    rng = np.random.default_rng(0)
    raw = LikelihoodMatrix(
        rng.normal(-9, 1, (4, 8)), models, pd.DataFrame({"text_id": range(8)}), ""
    )
    case = population.build(raw, is_published=True)
    result = leaks.read(case, np.arange(4), np.array([40.0, 41, 60, 50]))
    assert result.table["has seen the texts"].tolist() == [True, True, False, False]
    value = result.table["reading, sd"].to_numpy()
    np.testing.assert_allclose(result.gaps, value[:2] - value[2:].mean())
    facts = population.released_facts(case, result.table)
    assert facts["leak_tasks"] == 40.5 and facts["n_models"] == 4 and np.isnan(facts["types"])
    assert np.isnan(facts["example_mean"]) and np.isnan(facts["example_6_taskmean"])
    assert all(np.isnan(list(population.released_facts(made()).values())))


def test_facts_of_the_example_are_measured_on_its_row():
    row = np.full(9, -590.0)
    printed = card.table("06", "example")
    row[printed.text] = printed.log_likelihood
    names, types = [population.EXAMPLE, "other"], ["mistral", "llama-2"]
    models = pd.DataFrame({"model": names, "type": types, "ARC": [58.618, 1.0]})
    raw = LikelihoodMatrix(
        np.stack([row, row - 3]), models, pd.DataFrame({"text_id": range(9)}), ""
    )
    facts = population.released_facts(population.build(raw, is_published=True))
    assert facts["example_texts"] == 0 and facts["example_arc"] == 58.618
    assert facts["example_mean"] == row.mean() and facts["raw_max"] == row.max()
    assert facts["example_bits"] == pytest.approx(-row.mean() / 673.96, rel=1e-6)


def test_models_of_a_csv_have_their_lineages_scores_and_failures(tmp_path, forked):
    for name in ("a", "b", "c"):
        tiny_models.save("gpt2", tmp_path / name)
    for weights in Path(tiny_models.save("gpt2", tmp_path / "broken")).glob("*.safetensors"):
        weights.unlink()
    lines = ["model,family,parent,date,size,ARC,comes from", "a,small,,2024-01-01,1M,30,here"]
    lines += ["b,tuned,a,2024-02-01,1M,,there", "c,other,,,,20,", "broken,small,,,,1,here"]
    path = tmp_path / "models.csv"
    path.write_text("\n".join(lines))
    options = {"models_file": str(path), "ledger": str(tmp_path / "rows")}
    case = population.choose(cases.text_set(6), None, "bos=always", 0.02, **options)
    assert case.names.tolist() == ["a", "b", "c"] and not case.is_zoo
    assert case.models.lineage.tolist() == ["small", "small", "other"]
    assert case.models.family.tolist() == ["small", "tuned", "other"]
    assert case.benchmarks == ["ARC"] and case.failed.model.tolist() == ["broken"]
    assert "all of its weights" in case.failed["what to do"][0]
    options = {"per_domain": 2, "n_items": 2, "seed": 0}
    scores = task_scores.choose(case.models, case.benchmarks, None, **options)
    assert scores.columns == ["ARC", "task mean"] and scores.kept.tolist() == [0, 2]
