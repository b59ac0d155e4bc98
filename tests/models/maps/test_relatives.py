import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lmnotes.models.maps import relatives

NAMES = ["base", "base@1", "tuned", "again", "other", "child", "merge", "alone"]
PARENTS = ["", "base", "base", "tuned", "", "other", "tuned + child", np.nan]
RUNS = ["base", "base", *NAMES[2:]]


@pytest.fixture
def kin():
    return relatives.kin(NAMES, PARENTS, run=RUNS)


def spots(seed, n=8):
    """Distances of n random points of a plane."""
    x = np.random.default_rng(seed).normal(size=(n, 2))
    return np.linalg.norm(x[:, None] - x, axis=2)


def test_who_is_kin_to_whom(kin):
    names = np.array(NAMES)
    related = {name: set(names[row]) for name, row in zip(NAMES, kin.related, strict=True)}
    assert related["base@1"] == {"tuned", "again", "merge"}  # not its own run
    assert related["merge"] == {"base", "base@1", "tuned", "again", "other", "child"}
    assert related["child"] == {"other", "merge"} and related["alone"] == set()
    assert set(names[kin.parents[6]]) == {"tuned", "child"} and not kin.parents[1].any()
    assert len(set(kin.lineage)) == 2  # the merge ties both families together
    everyone = kin.related.astype(int) + kin.strangers + np.equal.outer(kin.run, kin.run)
    assert (everyone == 1).all()
    given = relatives.kin(NAMES, PARENTS, lineage=["a"] * 4 + ["b"] * 2 + ["a", "b"], run=RUNS)
    assert given.related[7, 4] and given.related[6, 5] and not given.related[7, 0]


def test_a_parent_that_is_not_there_ties_its_children_and_a_circle_ends():
    some = relatives.kin(["a", "b", "c", "d"], ["lab/large", "lab/large", "d", "c"])
    pairs = {(0, 1), (1, 0), (2, 3), (3, 2)}
    assert set(zip(*np.nonzero(some.related), strict=True)) == pairs
    assert some.parents.sum() == 2


def test_neighbours_and_separation_by_hand():
    kin = relatives.kin(list("abcd"), ["", "a", "a", ""])  # d is alone
    apart = np.array([[0, 1, 3, 2], [1, 0, 4, 4], [3, 4, 0, 3], [2, 4, 3, 0.0]])
    near = relatives.neighbours(apart, kin, k=1)
    np.testing.assert_array_equal(near, [1, 1, 0.5, np.nan])  # a and d are as near to c
    np.testing.assert_array_equal(relatives.neighbours(apart, kin, k=2)[:2], [0.5, 0.75])
    np.testing.assert_array_equal(
        relatives.neighbours(apart, kin), relatives.neighbours(apart, kin, 2)
    )
    parent = relatives.separation(apart, kin)
    np.testing.assert_array_equal(parent, [np.nan, 1, 0.5, np.nan])
    every = relatives.separation(apart, kin, "related")
    np.testing.assert_array_equal(every, [0.5, 0.75, 0.25, np.nan])
    table = relatives.judge({"a way": apart}, kin, k=1, n_draws=19)
    assert table.value.tolist() == pytest.approx([2.5 / 3, 0.75, 0.5])
    assert table.chance.tolist() == pytest.approx([2 / 3, 0.5, 0.5])
    assert table.n_models.tolist() == [3, 2, 3] and table.n_lineages.tolist() == [1, 1, 1]
    assert table.low.isna().all()  # of a single lineage nothing is known of others


@pytest.mark.parametrize("seed", range(3))
def test_both_measures_are_what_slow_loops_and_scikit_learn_say(kin, seed):
    apart = np.round(spots(seed), 0 if seed else 3)  # with ties, and without
    apart[2, 7] = apart[7, 2] = np.nan  # cannot be compared: farther than all
    far = np.nan_to_num(apart, nan=1e9)
    wins = relatives.separation(apart, kin)
    rng = np.random.default_rng(seed)
    for row in range(len(NAMES)):
        strangers, parents = np.flatnonzero(kin.strangers[row]), np.flatnonzero(kin.parents[row])
        if len(parents):
            pairs = [(far[row, s], far[row, p]) for s in strangers for p in parents]
            slow = np.mean([(s > p) + 0.5 * (s == p) for s, p in pairs])
            labels = [1] * len(parents) + [0] * len(strangers)
            peer = roc_auc_score(labels, -far[row, [*parents, *strangers]])
            assert wins[row] == pytest.approx(slow) == pytest.approx(peer)
        else:
            assert np.isnan(wins[row])
        others, n = np.flatnonzero(kin.run != kin.run[row]), min(3, kin.related[row].sum())
        drawn = [
            np.mean(kin.related[row, sorted(shuffled, key=lambda j: far[row, j])[:n]])
            for shuffled in (rng.permutation(others) for _ in range(800 if n else 0))
        ]  # ties fall at random
        near = relatives.neighbours(apart, kin, k=3)[row]
        assert np.isnan(near) if n == 0 else near == pytest.approx(np.mean(drawn), abs=0.06)


def families(seed, scatter, n=(6, 4, 3, 3)):
    """Kin of as many lineages as numbers, each a root and its children, and points about them."""
    rng = np.random.default_rng(seed)
    root = np.repeat(np.cumsum(n) - n, n)
    names = [f"m{k}" for k in range(sum(n))]
    parents = ["" if names[r] == name else names[r] for r, name in zip(root, names, strict=True)]
    x = rng.normal(size=(len(names), 3))[root] + scatter * rng.normal(size=(len(names), 3))
    return relatives.kin(names, parents), np.linalg.norm(x[:, None] - x, axis=2)


def test_perfect_separation_is_one_and_no_order_does_as_well():
    kin, apart = families(0, 1e-6)
    table = relatives.judge({"map": apart, "blind": np.zeros_like(apart)}, kin, n_draws=199)
    known = table[table.way == "map"]
    assert (known[["value", "low", "high"]] == 1).all().all() and (known.p == 1 / 200).all()
    blind = table[table.way == "blind"]  # all equal: chance itself, and every order does as well
    np.testing.assert_allclose(blind.value, blind.chance)
    assert (blind.p == 1).all()
    assert table.n_models.tolist() == [16, 16, 12, 12, 16, 16] and (table.n_lineages == 4).all()


def test_without_kinship_the_measures_are_chance_and_p_is_even():
    tables = []
    for seed in range(30):
        kin = families(0, 0)[0]
        apart = spots(seed, 16)
        tables.append(relatives.judge({"map": apart}, kin, n_draws=19, seed=seed))
    mean = np.mean([table[["value", "chance", "p"]].to_numpy() for table in tables], axis=0)
    np.testing.assert_allclose(mean[:, 0], mean[:, 1], atol=0.05)
    np.testing.assert_allclose(mean[:, 2], 0.5, atol=4 * 0.29 / np.sqrt(30))


def test_checkpoints_count_for_nothing_where_runs_are_named():
    """Eight runs of three near copies each, four lineages of two runs that have nothing in common:
    asked of models, relatives are near; asked of runs they are as near as chance has it."""
    p = {"models": [], "runs": []}
    for seed in range(12):
        x = np.repeat(np.random.default_rng(seed).normal(size=(8, 3)), 3, axis=0)
        x += 0.01 * np.random.default_rng(seed + 99).normal(size=x.shape)
        apart = np.linalg.norm(x[:, None] - x, axis=2)
        names, run = [f"r{k // 3}@{k % 3}" for k in range(24)], [f"r{k // 3}" for k in range(24)]
        lineage = [str(k // 6) for k in range(24)]
        for what, runs in (("models", None), ("runs", run)):
            kin = relatives.kin(names, [""] * 24, lineage, runs)
            p[what].append(relatives.judge({"map": apart}, kin, k=2, n_draws=19).p[0])
    assert max(p["models"]) == 1 / 20
    assert abs(np.mean(p["runs"]) - 0.5) < 4 * 0.29 / 5


def test_an_order_keeps_runs_together():
    run = np.array(list("aabcbdee"))
    seen = set()
    for seed in range(40):
        order = relatives._reordered(run, np.random.default_rng(seed))
        assert sorted(order) == list(range(8)) and set(order[[3, 5]]) == {3, 5}
        for rows in ([0, 1], [2, 4], [6, 7]):
            assert len(set(run[order[rows]])) == 1 and (np.diff(order[rows]) > 0).all()
        seen.add(tuple(order))
    assert len(seen) > 6  # of 3! x 2


def test_what_is_wrong_is_said(kin):
    with pytest.raises(ValueError, match="'a' was given twice"):
        relatives.kin(["a", "b", "a"], ["", "", ""])
    with pytest.raises(ValueError, match=r"parents has shape \(1,\); expected \(2,\)"):
        relatives.kin(["a", "b"], [""])
    with pytest.raises(ValueError, match=r"distances has shape \(3, 3\); expected \(8, 8\)"):
        relatives.neighbours(np.zeros((3, 3)), kin)
    with pytest.raises(ValueError, match="k = 0 was given"):
        relatives.neighbours(spots(0), kin, 0)
    with pytest.raises(ValueError, match="2 models without a relative"):
        relatives.judge({"map": np.zeros((2, 2))}, relatives.kin(["a", "b"], ["", ""]))
