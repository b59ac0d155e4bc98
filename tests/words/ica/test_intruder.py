"""Intruders by hand and against a loop that draws from the same pool."""

import numpy as np
import pytest

from lmnotes.words.ica import compare, intruder, matching


def spikes(n_words=200, dim=5, seed=0):
    rng = np.random.default_rng(seed)
    values = 0.1 * rng.normal(size=(n_words, dim))
    values[np.arange(n_words), np.arange(n_words) % dim] += 1 + rng.random(n_words)
    return values


def slow_candidates(values, axis):
    n_words = len(values)
    ranks = [
        sorted(range(n_words), key=lambda w, a=a: -values[w, a]) for a in range(values.shape[1])
    ]
    lower = set(ranks[axis][n_words - n_words // 2 :])
    top = set().union(*(set(r[: n_words // 10]) for a, r in enumerate(ranks) if a != axis))
    return sorted(lower & top)


def test_candidates_and_top_words_against_a_loop():
    values = spikes()
    may = intruder.candidates(values)
    top = matching.top_rows(values, 5)
    for axis in range(5):
        assert np.flatnonzero(may[:, axis]).tolist() == slow_candidates(values, axis)
        slow = sorted(range(len(values)), key=lambda w: -values[w, axis])[:5]
        assert top[axis].tolist() == slow


def test_only_listed_words_are_named():
    values, listed = spikes(), np.arange(200) % 2 == 0
    assert listed[matching.top_rows(values, 5, listed)].all()
    with pytest.raises(ValueError, match="2 words may be named"):
        matching.top_rows(values, 5, np.arange(200) < 2)


def test_a_score_by_hand():
    # the two top words of axis 0 lie 2 apart; the one possible intruder 4 and 6 from them
    values = np.array([[9, 0.0], [8, 1], [0, 9], [1, 8]])
    vectors = np.array([[0.0], [2.0], [6.0], [50.0]])
    assert intruder.score(values, vectors, k=2)[0] == pytest.approx((6 + 4) / 2 / 2)


def test_words_that_belong_together_score_above_one_and_shuffled_ones_do_not():
    values = spikes()
    vectors = values @ np.random.default_rng(1).normal(size=(5, 20))
    right = intruder.score(values, vectors, n_draws=100)
    shuffled = intruder.score(values, np.random.default_rng(2).permutation(vectors), n_draws=100)
    assert (right > 2).all() and np.median(shuffled) == pytest.approx(1, abs=0.25)
    # a common factor cancels, and the seed decides
    np.testing.assert_allclose(intruder.score(values, 3 * vectors, n_draws=100), right)
    assert (intruder.score(values, vectors, seed=1) != intruder.score(values, vectors)).any()
    with pytest.raises(ValueError, match="give those of the same words"):
        intruder.score(values, vectors[:3])


def test_the_game_hides_one_word_that_may_intrude():
    values = spikes()
    rows, place = intruder.game(values, 2)
    assert len(rows) == 6 and rows[place] in slow_candidates(values, 2)
    others = set(np.delete(rows, place))
    assert others == set(matching.top_rows(values, 5)[2])


def test_what_is_no_number_is_refused():
    values = spikes()
    spoilt = values.copy()
    spoilt[3, 1] = np.nan
    for arrays in ((spoilt, values), (values, spoilt)):
        with pytest.raises(ValueError, match="1 of 1,000 values not finite"):
            intruder.score(*arrays)


def test_medians_of_bases_have_the_same_axes_drawn():
    values = np.random.default_rng(0).normal(size=(300, 6)) ** 3
    white = compare.bases(values, max_iterations=30)
    table = intruder.medians(white, values, n_bootstrap=50, seed=3)
    raw = np.median(intruder.score(white["PCA"].values, values, seed=3))
    assert (
        table.DistRatio[2] == pytest.approx(raw)
        and table.form.tolist() == ["raw", "normalised"] * 3
    )
    assert (table.low <= table.DistRatio).all() and (table.DistRatio <= table.high).all()
    assert np.shape(table.attrs["drawn"]) == (6, 50)
