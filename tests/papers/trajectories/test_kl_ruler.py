from itertools import combinations

import numpy as np
import pandas
import pytest

from lmnotes.models.maps import robustness
from lmnotes.papers.trajectories import kl_ruler, paths


def test_the_published_ruler():
    table = kl_ruler.published()
    assert len(table) == 10 and (table["certainty"] == "second-hand").all()
    order = [
        "Later",
        "Early",
        "Seed",
        "FT",
        "8-bit",
        "Size",
        "4-bit",
        "Intra-type",
        "Random",
        "Layer",
    ]
    assert table["median"].sort_values().index.tolist() == order


def test_early_and_late_intervals_of_the_published_schedule():
    steps = np.array([0, *(2**k for k in range(10)), *range(1000, 144_000, 1000)])
    assert len(steps) == 154
    found = kl_ruler.interval_pairs(steps)
    assert {name: pairs.shape for name, pairs in found.items()} == {
        "Early": (50, 2),
        "Later": (50, 2),
    }
    assert steps[found["Early"][0]].tolist() == [2000, 3000]
    assert steps[found["Early"][-1]].tolist() == [51_000, 52_000]
    assert steps[found["Later"][[0, -1]]].tolist() == [[93_000, 94_000], [142_000, 143_000]]
    broken = kl_ruler.interval_pairs(steps, excluded=steps == 116_000)
    assert len(broken["Later"]) == 48 and len(broken["Early"]) == 50
    with pytest.raises(ValueError, match="lower n"):
        kl_ruler.interval_pairs(steps, n=80)


def test_settings_of_training_are_those_of_their_pairs():
    rng, steps = np.random.default_rng(0), np.array([0, 1, 10, 20, 30, 40])
    excluded = np.arange(6) == 5
    runs = {
        name: paths.Run(name, steps[:n], rng.normal(size=(n, 30)), excluded[:n])
        for name, n in (("a", 6), ("b", 6), ("c", 5))
    }
    found, units = kl_ruler.training(runs, ["a", "b"], ["a", "c"], n=1, after=10)
    kl = {name: (one**2).mean(axis=1) / 2 for name, one in found.items()}
    a, b, c = (run.log_likelihood for run in runs.values())
    early = [(one[3] - one[2]).var() / 2 for one in (a, b)]
    np.testing.assert_allclose(kl["Early"], early)
    assert not len(kl["Later"])  # broken by what is excluded
    np.testing.assert_allclose(kl["Seed"], [(a[4] - c[4]).var() / 2])
    np.testing.assert_allclose(kl["Size"], [(a[4] - b[4]).var() / 2])
    assert units["Early"].tolist() == [["a", "a"], ["b", "b"]]
    assert units["Seed"].tolist() == [["a", "c"]] and units["Size"].tolist() == [["a", "b"]]
    assert not len(units["Later"])
    alone, _ = kl_ruler.training(runs, [], ["a", "c"], n=1, after=10)
    assert list(alone) == ["Seed"]


def test_pairs_of_seeds_sizes_and_layers():
    assert len(kl_ruler.all_pairs(range(7))) == 21 and len(kl_ruler.all_pairs(range(5))) == 10
    assert kl_ruler.all_pairs([4, 9, 2]).tolist() == [[4, 9], [4, 2], [9, 2]]
    assert kl_ruler.all_pairs([3]).shape == (0, 2)


def test_edges_skip_merges_and_strangers():
    names = ["base", "a", "b", "a+b", "orphan", "grandchild"]
    parents = ["", "base", "base", "a + b", "unknown", "a"]
    assert kl_ruler.edges(names, parents).tolist() == [[1, 0], [2, 0], [5, 1]]


def test_controls_are_distinct_pairs_of_the_models_in_edges():
    types = np.array(list("xxxxxxyyyyyyzz"))
    edges = np.array([[i, i - 1] for i in (1, 2, 3, 4, 5, 7, 8, 9, 13)])
    inside = kl_ruler.within_types(edges, types)
    assert (types[inside[:, 0]] == types[inside[:, 1]]).all()
    assert pandas.Series(types[inside[:, 0]]).value_counts().to_dict() == {"x": 5, "y": 3, "z": 1}
    across = kl_ruler.random_pairs(edges)
    for pairs in (inside, across):
        assert len({frozenset(pair) for pair in pairs.tolist()}) == len(edges)
        assert set(pairs.ravel()) <= set(edges.ravel())  # 10 and 11 take no part
    np.testing.assert_array_equal(across, kl_ruler.random_pairs(edges))
    assert not np.array_equal(across, kl_ruler.random_pairs(edges, seed=1))
    drawn = [frozenset(kl_ruler.random_pairs(edges, s)[0]) for s in range(600)]
    assert len(set(drawn)) == len(list(combinations(set(edges.ravel()), 2)))  # every pair can come


def test_medians_and_their_two_intervals():
    rng = np.random.default_rng(0)
    L = np.cumsum(rng.normal(0, [[1], [1], [2], [9], [9], [9]], (6, 400)), axis=0)
    settings = {"FT": np.array([[0, 1], [1, 2], [0, 2]]), "Random": kl_ruler.all_pairs(range(6))}
    values = {name: paths.pair_kl(L, pairs) for name, pairs in settings.items()}
    over_texts = pandas.DataFrame(
        {
            name: np.median(robustness.bootstrap(robustness.pair_differences(L, pairs)), axis=0)
            for name, pairs in settings.items()
        }
    )
    over_models = kl_ruler.drawn_medians(values, settings)
    table = kl_ruler.medians(values | {"mine": np.array([np.nan, 4.0])}, over_models, over_texts)
    table = table.set_index("setting")
    for name, row in table.drop("mine").iterrows():
        assert row["median"] == pytest.approx(np.median(values[name])) and row["n"] == len(
            values[name]
        )
        assert row["low"] <= row["median"] <= row["high"]
        assert row["text_low"] < row["median"] < row["text_high"]
    assert table.loc["FT", "published"] == 0.40
    assert table.loc["mine", "n"] == 1 and np.isnan(table.loc["mine", "published"])
    assert table["median"].is_monotonic_increasing
    assert "nothing" not in kl_ruler.medians({"nothing": [], "Seed": [1.0]})["setting"].tolist()


def test_pairs_come_with_their_models():
    """One model that is far from four alike ones decides over the pairs that it is in."""
    pairs = kl_ruler.all_pairs(range(5))
    values = np.where(pairs[:, 0] == 0, 9.0, 1.0)
    drawn = kl_ruler.drawn_medians({"Random": values}, {"Random": pairs})["Random"]
    assert set(drawn) <= {1.0, 5.0, 9.0} and (drawn == 9).mean() > 0.05
    slow, rng = [], np.random.default_rng(1)
    while len(slow) < 1000:
        models = rng.integers(5, size=5)
        chosen = [
            values[((pairs == sorted((a, b))).all(axis=1)).argmax()]
            for a, b in combinations(models, 2)
            if a != b
        ]
        if chosen:
            slow.append(np.median(chosen))
    assert np.mean(slow) == pytest.approx(drawn.mean(), abs=0.35)
    run = np.repeat(["a", "b"], 10)[:, None].repeat(2, axis=1)  # two runs of ten intervals
    drawn = kl_ruler.drawn_medians({"Later": np.repeat([1.0, 2.0], 10)}, {"Later": run})["Later"]
    assert set(drawn) == {1.0, 1.5, 2.0}


def test_the_order_of_neighbours_has_an_interval():
    draws = pandas.DataFrame({"Later": [1.0, 1, 1], "Early": [0.5, 2, 4], "Seed": [3.0, 3, 3]})
    table = kl_ruler.medians({"Later": [1.0], "Early": [2.0], "Seed": [3.0]})
    order = kl_ruler.neighbours(table, draws)
    assert order["our ratio"].tolist() == [2, 1.5]
    assert order.low[0] < 1 < order.high[0]  # not settled
    narrow = draws.assign(Early=2.0)
    assert kl_ruler.neighbours(table, narrow).low[0] == 2
    assert kl_ruler.neighbours(table, narrow, draws).low[0] == order.low[0]
    among = ["Later", "Early", "Seed", "Random"]
    assert [len(kl_ruler.inversions(row, among)) for row in draws.iloc] == [1, 0, 1]


def test_inversions_name_what_stands_otherwise():
    values = {"Later": 0.01, "Early": 0.2, "Seed": 0.1, "FT": 0.05, "own": 9.0}
    pairs = [("Early", "Seed"), ("Early", "FT"), ("Seed", "FT")]
    assert kl_ruler.inversions(values) == pairs
    assert kl_ruler.inversions(values, ["Later", "Seed", "FT"]) == pairs[2:]
    assert not kl_ruler.inversions(kl_ruler.published()["median"])
