"""Gains: the noise is what a shuffled text shows, and what is left follows from both."""

import numpy as np
import pytest

from lmnotes.errors import InputError
from lmnotes.papers.norm_information_gain import gains


def test_what_is_left_is_the_gain_less_its_closed_form(small_gains):
    assert np.array_equal(small_gains.delta_kl, small_gains.kl - small_gains.null)
    shuffled = small_gains.levels["shuffled 3 times"]
    assert np.allclose(
        small_gains.null[small_gains.ringed], shuffled[small_gains.ringed], atol=0.03
    )
    assert small_gains.drawn.sum() == (small_gains.counts >= 10).sum()


def test_the_first_row_of_the_noise_is_the_mutual_information(small_gains):
    table = gains.noise(small_gains)
    first, last = table.iloc[0], table.iloc[-1]
    p = small_gains.corpus.unigram
    assert first.gain == small_gains.measures.mutual_information
    assert first.gain == pytest.approx(p @ small_gains.kl, rel=0.02)  # but for ends of documents
    assert first.noise == pytest.approx(p @ small_gains.null)
    assert last.words == "those ringed in Figure 1"
    assert last.n_words == small_gains.ringed.sum()
    assert np.allclose(table.left + table.noise, table.gain)
    assert np.allclose(table.share * table.gain, table.noise)


def test_the_extremes_stand_side_by_side(small_gains):
    table = gains.extremes(small_gains, 3)
    assert list(table.columns)[:2] == ["largest KL word", "largest KL KL"]
    drawn = small_gains.kl[small_gains.drawn]
    assert table["largest KL KL"].tolist() == sorted(drawn)[::-1][:3]
    assert table["smallest KL KL"].tolist() == sorted(drawn)[:3]
    longest = gains.longest(small_gains, np.arange(small_gains.corpus.n_words), 2)
    assert longest["squared norm"].tolist() == sorted(np.flatnonzero(small_gains.drawn))[:-3:-1]


def test_examples_come_from_their_tenth(small_gains):
    classes = np.where(small_gains.kl > np.median(small_gains.kl), "proper", "other")
    table = gains.examples(small_gains, classes, n=2)
    for place, row in zip((0, -1), table["ten random proper nouns"].iloc[[0, 2]], strict=True):
        proper = small_gains.drawn & (classes == "proper") & (small_gains.counts <= 1000)
        ranked = np.flatnonzero(proper)[np.argsort(-small_gains.delta_kl[proper])]
        tenth = ranked[: len(ranked) // 10] if place == 0 else ranked[-(len(ranked) // 10) :]
        assert set(row.split(", ")) <= {small_gains.corpus.words[k] for k in tenth}


def test_a_path_that_is_not_there_is_named_at_once(tmp_path):
    gains.expect_paths(None, str(tmp_path))
    with pytest.raises(InputError, match=r"names\.txt.*expected a path that exists"):
        gains.expect_paths(None, str(tmp_path / "names.txt"))


def test_too_few_words_for_a_line_are_refused(small_gains):
    with pytest.raises(InputError, match="lower fit_count or give more text"):
        gains.measure(
            small_gains.corpus, window=5, min_count=10, fit_count=2000, n_shuffles=1, seed=0
        )
