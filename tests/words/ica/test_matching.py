"""Matching of axes, its null, stability over seeds, and the words of an axis."""

import itertools

import numpy as np
import pytest

from lmnotes.words.ica import compare, matching
from lmnotes.words.ica.components import Components


@pytest.fixture(scope="module")
def worlds():
    """Two spaces of 400 pairs with four shared axes, the weaker the later, and two of their own."""
    random = np.random.default_rng(0)
    shared = random.exponential(size=(400, 4))
    first = np.column_stack([shared, random.normal(size=(400, 2))])
    noise = random.normal(size=(400, 4)) * [0.2, 0.5, 1.0, 1.5]
    second = np.column_stack([random.normal(size=(400, 1)), (shared + noise)[:, ::-1]])
    return first, second


def test_shared_axes_are_found_in_order_of_correlation(worlds):
    matched = matching.match(*worlds)
    assert matched.first[:3].tolist() == [0, 1, 2] and matched.second[:3].tolist() == [4, 3, 2]
    assert len(matched) == 5 and (np.diff(matched.r) <= 0).all()
    np.testing.assert_allclose(matched.permuted.diagonal(), matched.r)
    np.testing.assert_allclose(matched.on(*worlds), matched.r)


def test_correlations_are_pearsons(worlds):
    expected = np.corrcoef(worlds[0].T, worlds[1].T)[:6, 6:]
    np.testing.assert_allclose(matching.correlate(*worlds), expected)


def test_whole_weights_are_repeats(worlds):
    times = np.random.default_rng(1).integers(1, 4, 400)
    weighted = matching.correlate(*worlds, weights=times)
    np.testing.assert_allclose(
        weighted, matching.correlate(*(np.repeat(world, times, axis=0) for world in worlds))
    )


def slow_greedy(correlation):
    """The paper's walk down the sorted list."""
    taken, used_i, used_j = [], set(), set()
    pairs = itertools.product(*map(range, correlation.shape))
    for i, j in sorted(pairs, key=lambda pair: -correlation[pair]):
        if i not in used_i and j not in used_j:
            taken.append((i, j))
            used_i.add(i)
            used_j.add(j)
    return taken


def test_greedy_is_the_walk_down_the_list():
    random = np.random.default_rng(2)
    first, second = random.normal(size=(40, 12)), random.normal(size=(40, 9))
    matched = matching.match(first, second)
    expected = slow_greedy(matching.correlate(first, second))
    assert list(zip(matched.first, matched.second, strict=True)) == expected


def test_hungarian_has_the_largest_sum():
    random = np.random.default_rng(3)
    first, second = random.normal(size=(30, 5)), random.normal(size=(30, 5))
    r = matching.correlate(first, second)
    best = max(sum(r[range(5), order]) for order in itertools.permutations(range(5)))
    assert matching.match(first, second, method="hungarian").r.sum() == pytest.approx(best)
    assert matching.match(first, second).r.sum() <= best + 1e-12


def test_without_signs_a_turned_axis_is_found(worlds):
    first, _ = worlds
    other = -first[:, ::-1]
    matched = matching.match(first, other, method="hungarian", signed=False)
    np.testing.assert_allclose(matched.r, 1)
    assert matched.partners(0.5).tolist() == list(range(first.shape[1]))[::-1]
    noisy = matching.Matching(
        np.array([1, 0]), np.array([0, 2]), np.array([0.9, 0.3]), np.eye(2, 3)
    )
    assert noisy.partners(0.5).tolist() == [-1, 0]


def shuffled(first, second):
    rows = compare.shuffled_rows(np.arange(len(first)), n_shuffles=19)
    return matching.Null(np.array([matching.match(first[r], second).r for r in rows]))


def test_a_shuffled_pairing_is_below_the_real_one(worlds):
    null = shuffled(*worlds)
    matched = matching.match(*worlds)
    assert null.p_value(matched) == 1 / 20
    assert null.top < matched.r[1] and 0 < null.level[0] < 0.3
    unrelated = np.random.default_rng(9).normal(size=(400, 5))
    matched = matching.match(worlds[0], unrelated)
    assert shuffled(worlds[0], unrelated).p_value(matched) > 0.05


def test_several_targets_are_ordered_by_their_sum(worlds):
    first, second = worlds
    table = matching.match_many({"x": first, "y": first}, {"x": second, "y": first[:, ::-1]})
    assert (np.diff(table["sum"]) <= 0).all()
    np.testing.assert_allclose(table["y r"], 1)
    assert table.y.tolist() == [5 - axis for axis in table.axis]


def test_stability_ignores_order_and_sign():
    values = np.random.default_rng(0).normal(size=(300, 4))
    other = values[:, [3, 1, 0, 2]] * [1, -1, 1, -1]
    noise = np.random.default_rng(1).normal(size=(300, 4))
    np.testing.assert_allclose(matching.stability(values, [other]), 1)
    assert (matching.stability(values, [noise]) < 0.3).all()


def space():
    values = np.array([[9.0, 0, 1], [8, 1, 0], [7, 3, 1], [0, 8, 1], [1, 9, 1]])
    counts = np.array([50, 40, 2, 30, 20])
    words = ["cat", "cats", "rare", "car", "bus"]
    return Components(values, np.zeros(3), np.eye(3), "ICA", words=words, counts=counts)


def test_top_words_pass_over_rare_ones():
    table = matching.top_words(space(), [0], k=3, min_count=10)
    assert table.word.tolist() == ["cat", "cats", "bus"]
    unit = space().normalised
    np.testing.assert_allclose(table.value, [unit[0, 0], unit[1, 0], unit[4, 0]])
    both = matching.top_words(space(), [0, 1], k=2)
    assert (
        both.word.tolist() == ["cat", "cats", "car", "bus"] and both["rank"].tolist() == [0, 1] * 2
    )


def test_bad_input_is_named(worlds):
    with pytest.raises(ValueError, match="paired"):
        matching.match(worlds[0], worlds[1][:7])
    with pytest.raises(ValueError, match="dictionary"):
        matching.correlate(worlds[0][:0], worlds[1][:0])
    with pytest.raises(ValueError, match="expected one of greedy, hungarian"):
        matching.match(*worlds, method="best")
    with pytest.raises(ValueError, match="leaves none"):
        matching.top_words(space(), min_count=99)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(400), "all 0; expected some above 0"),
        (np.full(400, np.nan), "expected as many, finite"),
        (-np.ones(400), "none below 0"),
        (np.ones(3), r"shape \(3,\) were given for 400 rows"),
    ],
)
def test_weights_that_are_none_are_refused(worlds, weights, message):
    matched = matching.match(*worlds)
    for work in (matching.correlate, matching.match, matched.on):
        with pytest.raises(ValueError, match=message):
            work(*worlds, weights=weights)


def test_values_that_are_no_numbers_are_refused(worlds):
    spoilt = worlds[0].copy()
    spoilt[3, 1] = np.nan
    for work in (matching.correlate, matching.match, matching.match(*worlds).on):
        with pytest.raises(ValueError, match=r"values has 1 of 2,\d+ values not finite"):
            work(spoilt, worlds[1])
    for method in ("greedy", "hungarian"):
        with pytest.raises(ValueError, match=r"correlation has 1 of 4 values not finite"):
            matching.match_axes(np.array([[1.0, np.nan], [0.0, 1.0]]), method)
