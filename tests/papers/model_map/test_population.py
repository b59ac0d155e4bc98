import numpy as np
import pandas as pd
import pytest
from map_cases import made

from lmnotes import statistics
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import robustness
from lmnotes.papers.model_map import checks, leaks, population, published


def test_a_population_is_what_the_parts_of_the_map_say():
    here = made()
    clipped = here.raw.clip(0.02)
    np.testing.assert_array_equal(here.L, clipped.values)
    np.testing.assert_allclose(here.Q, maps.double_centre(here.L))
    np.testing.assert_allclose(here.kl, maps.kl(here.Q, "bits/byte", here.n_bytes))
    assert here.nats_per_bit == pytest.approx(here.n_bytes.mean() * np.log(2))
    assert here.names[here.index("m3")] == "m3" and here.is_zoo
    assert here.models.lineage.iloc[-1] == "m12"  # one that has seen the texts, its twin's relative
    assert "14 models, 60 texts, clipped at" in repr(here)
    low = np.full(60, -1e6)
    assert here.joined(low)[-1].max() == clipped.threshold and len(here.joined(low)) == 15
    told = here.described({"PCA": here.Q[:, :2]})
    assert told["PCA 2"].tolist() == here.Q[:, 1].tolist()
    assert set(told["strongest domain"]) <= set(here.domains) and (told["log10 size"] == 3).all()


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
    here = population.build(raw, is_published=True)
    assert here.models.lineage.tolist() == ["x", "x", "y"]
    assert here.models.order.tolist()[:2] == [2.0, 1.0] and np.isnan(here.models.order[2])
    assert (here.n_bytes == population.PUBLISHED_BYTES).all() and set(here.domains) == {"all"}
    assert not here.is_zoo and not here.texts
    plain = LikelihoodMatrix(raw.values, models[["model"]], raw.texts, "")
    assert population.build(plain).models.lineage.tolist() == ["a", "b", "c"]  # each by itself


def test_clipping_is_measured_on_the_clipped_matrix():
    here = made()
    table = checks.by_clip(here.raw, n_pairs=40, seed=1).set_index("share")
    pairs = checks.random_pairs(len(here), 40, seed=1)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    d = robustness.pair_differences(here.raw.clip(0.1).values, pairs)
    assert table["kurtosis"][0.1] == np.median(robustness.kurtosis(d))
    assert table.threshold[0] == here.raw.values.min() < table.threshold[0.1]


def test_pairs_go_from_the_nearest_to_the_farthest():
    here = made()
    table = checks.of_pairs(here, n_pairs=5)
    apart = table["distance, bits/byte"].to_numpy()
    assert (np.diff(apart) >= 0).all() and len(table) == 5
    upper = here.kl[np.triu_indices(len(here), 1)]
    np.testing.assert_allclose(apart[[0, -1]], [upper.min(), upper.max()])
    i, j = here.index(table.model[0]), here.index(table.other[0])
    assert here.kl[i, j] == pytest.approx(apart[0])
    assert (table["standard error (bootstrap)"] > 0).all()


def test_relatives_are_neighbours_and_domains_of_strength_are_read():
    here = made()
    same, chance = checks.of_family(here, k=1)
    assert same.mean() > 0.9 and len(same) == 14  # the nearest is the copy
    assert chance[0] == pytest.approx(3 / 13) and chance[-1] == pytest.approx(1 / 13)
    strongest = maps.primary_domain(here.Q, here.domains)
    hit, guess = checks.of_domain(here, strongest)
    assert hit.mean() > 0.8 and len(hit) == len(guess) == 14
    assert guess[0] == np.mean(strongest == "news")
    mean, (low, high) = statistics.mean_interval(same - chance)
    assert low <= mean <= high
    lone = here.raw.models.drop(columns=["mixture", "twin", "lineage"])
    plain = population.build(LikelihoodMatrix(here.raw.values, lone, here.raw.texts, ""))
    assert not len(checks.of_domain(plain, strongest)[0])


def test_the_leaked_model_is_likelier_than_able():
    here, kept = made(), np.arange(2, 14)
    ability = np.linspace(40, 60, 12)
    found = leaks.read(here, kept, ability)
    assert found.twins == [(10, 11)] and len(found.gaps) == 1
    value = found.table["reading, sd"]
    np.testing.assert_allclose(value, found.likelihood - found.ability)
    assert found.gaps[0] == pytest.approx(value[11] - value[10]) and found.gaps[0] > 1
    assert found.table["has seen the texts"].tolist() == [False] * 11 + [True]
    assert found.likelihood.mean() == pytest.approx(0) and found.likelihood.std() == 1


def test_types_that_read_the_pile_are_the_leaked_ones_of_a_matrix():
    models = pd.DataFrame({"model": list("abcd"), "type": ["GPT-NeoX", "gptj", "llama-2", "other"]})
    rng = np.random.default_rng(0)
    raw = LikelihoodMatrix(
        rng.normal(-9, 1, (4, 8)), models, pd.DataFrame({"text_id": range(8)}), ""
    )
    here = population.build(raw, is_published=True)
    found = leaks.read(here, np.arange(4), np.array([40.0, 41, 60, 50]))
    assert found.table["has seen the texts"].tolist() == [True, True, False, False]
    value = found.table["reading, sd"].to_numpy()
    np.testing.assert_allclose(found.gaps, value[:2] - value[2:].mean())
    facts = published.facts(here, found)
    assert facts["leak_tasks"] == 40.5 and facts["n_models"] == 4 and np.isnan(facts["types"])
    assert np.isnan(facts["example_mean"]) and np.isnan(facts["example_6_taskmean"])
    assert all(np.isnan(list(published.facts(made()).values())))


def test_facts_of_the_example_are_measured_on_its_row():
    row = np.full(9, -590.0)
    for place, value in published.EXAMPLE_TEXTS.items():
        row[place] = value
    names = [published.EXAMPLE, "other"]
    types = list(published.LEGEND)
    models = pd.DataFrame({"model": names, "type": types[:2], "ARC": [58.618, 1.0]})
    raw = LikelihoodMatrix(
        np.stack([row, row - 3]), models, pd.DataFrame({"text_id": range(9)}), ""
    )
    facts = published.facts(population.build(raw, is_published=True))
    assert facts["example_texts"] == 0 and facts["example_arc"] == 58.618
    assert facts["example_mean"] == row.mean() and facts["raw_max"] == row.max()
    assert facts["example_bits"] == pytest.approx(-row.mean() / 673.96, rel=1e-6)
