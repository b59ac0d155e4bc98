"""The judge: on axes whose relations are known, on none, and word by word."""

import numpy as np
import pytest

from lmnotes.papers.higher_order_correlation import relatedness
from lmnotes.words.embedding import Embedding


def test_relatedness_is_a_mean_of_cosines_without_shared_words():
    space = np.array([[1.0, 0], [0, 2], [1, 1], [np.nan, 0], [-3, 0]])
    top = np.array([[0, 1], [2, 3], [0, 4]])
    found = relatedness.axis_relatedness(top, space)
    assert found[0, 1] == pytest.approx(np.sqrt(0.5))  # word 3 is unknown
    assert found[0, 2] == pytest.approx((-1 + 0 + 0) / 3)  # word 0 does not vouch for itself
    assert found[1, 0] == found[0, 1]


def rings(k=40):
    """Axes on a ring: neighbours are related, in C and to the judge."""
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k)))
    distance = np.minimum(distance, k - distance)
    return 3 - distance / 10, np.cos(distance / 5)


def test_a_judge_who_sees_the_same_relations_always_prefers_them():
    c, related = rings()
    table = relatedness.judge(c, related, ranks=(1, 5), n_permutations=99)
    assert (table.top == 1).all() and (table.p == 0.01).all()
    np.testing.assert_allclose(table.top + table.bottom + table.undecided, 1)
    assert table.null.between(0.35, 0.65).all() and (table.decided == 1).all()
    assert table.undecided.eq(0).all()


def test_a_judge_who_knows_nothing_is_undecided_or_at_chance():
    c, _ = rings()
    noise = np.random.default_rng(0).normal(size=c.shape)
    table = relatedness.judge(c, noise + noise.T, n_permutations=99)
    assert (table.p > 0.01).all() and table.top.mean() == pytest.approx(0.5, abs=0.15)
    silent = relatedness.judge(c, np.full(c.shape, np.nan), ranks=(1,), n_permutations=9)
    assert silent.undecided[0] == 1 and silent.p[0] == 1 and np.isnan(silent.decided[0])


def test_what_is_undecided_is_left_out_of_the_share_among_decided():
    c, related = rings()
    half = related.copy()
    half[::2] = np.nan  # of every second axis nothing is known
    table = relatedness.judge(c, half, ranks=(1,), n_permutations=9).iloc[0]
    assert table.top == 0.5 and table.decided == table["decided low"] == 1
    assert table.top / (table.top + table.bottom) == table.decided
    few = related.copy()
    few[:30][c[:30] == 2.9] = np.nan  # most of the nearest are unknown, so few questions are won
    table = relatedness.judge(c, few, ranks=(1,), n_permutations=99).iloc[0]
    assert table.top < table.null and table.decided == 1 and table.p == 0.01


def test_the_judge_s_rows_are_found_by_word():
    judge = Embedding(["soup", "sun"], np.array([[1, 2], [3, 4]], np.float32))
    rows = relatedness.rows_of(judge, ["sun", "absent", "soup"])
    np.testing.assert_array_equal(rows, [[3, 4], [np.nan, np.nan], [1, 2]])
    with pytest.raises(ValueError, match="none of the 1 asked about"):
        relatedness.rows_of(judge, ["absent"])
