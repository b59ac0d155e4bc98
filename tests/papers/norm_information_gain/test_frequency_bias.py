"""The null levels: closed form against shuffles and against a sum over whole binomials."""

import numpy as np
import pytest
import scipy.stats

from lmnotes.papers.norm_information_gain import frequency_bias
from lmnotes.text import corpus
from lmnotes.words import information
from lmnotes.words.kernels import counting


@pytest.mark.parametrize("n", [0, 1, 19, 199, 20_000, 3_000_000])
@pytest.mark.parametrize("p", [1e-8, 1e-4, 0.06, 0.9, 1.0])
def test_the_binomial_mean_of_the_logarithm(n, p):
    spread = 40 + 12 * int(np.sqrt(n * p))
    b = np.arange(max(0, int(n * p) - spread), min(n, int(n * p) + spread) + 1)
    expected = (scipy.stats.binom.pmf(b, n, p) * np.log1p(b)).sum()
    assert counting.expected_log1p_binomial(n, p) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_a_single_draw_by_hand():
    # one context: KL is -log p of the word drawn, on average the entropy of p
    counts = np.array([1, 1, 2])
    level = frequency_bias.shuffle_level(counts, contexts_per_token=1)
    assert level[0] == pytest.approx(1.5 * np.log(2))
    # two contexts of a fair coin: both equal with probability 1/2, then KL = log 2, else 0
    fair = frequency_bias.shuffle_level(np.array([1, 1]), contexts_per_token=2)
    assert fair == pytest.approx([0.5 * np.log(2)] * 2)


def test_closed_form_and_real_shuffles_agree_on_two_million_tokens():
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(3, 60_003) ** 1.05
    tokens = rng.choice(60_000, size=2_000_000, p=weights / weights.sum())
    present, tokens = np.unique(tokens, return_inverse=True)
    order = np.argsort(-np.bincount(tokens), kind="stable")
    rank = np.empty(len(present), np.int32)
    rank[order] = np.arange(len(present))
    tokens = rank[tokens]
    counts = np.bincount(tokens)
    shuffled = information.measure_tokens(tokens, np.array([0, len(tokens)]), counts, 10)
    level = frequency_bias.shuffle_level(counts, window=10)
    entropy = frequency_bias.entropy_level(counts, window=10)
    for count in (10, 100, 1000):
        near = np.abs(np.log(counts / count)) < 0.2
        spread = shuffled.kl[near].std() / np.sqrt(near.sum())
        assert spread < 0.004
        assert shuffled.kl[near].mean() == pytest.approx(level[near].mean(), abs=0.005)
        assert shuffled.entropy[near].mean() == pytest.approx(entropy[near].mean(), abs=0.005)


def test_shuffle_keeps_the_counts_and_averages():
    text = corpus.from_texts(["a b c a b c a a a a b c d e f"] * 20)
    once = frequency_bias.shuffle(text, window=2, n_shuffles=1, seed=3)
    more = frequency_bias.shuffle(text, window=2, n_shuffles=5, seed=3)
    assert not np.array_equal(once.kl, more.kl)
    again = frequency_bias.shuffle(text, window=2, n_shuffles=5, seed=3)
    np.testing.assert_array_equal(more.kl, again.kl)


def test_rounding_by_hand():
    # 10 contexts, p = (.64, .36): the rounded row is (6, 4)
    level = frequency_bias.round_level(np.array([64, 36]), contexts_per_token=10 / 36)
    assert level[1] == pytest.approx(0.6 * np.log(0.6 / 0.64) + 0.4 * np.log(0.4 / 0.36))


def test_rounding_explains_part_of_the_shuffle_level():
    counts = np.maximum(1, (50_000 / np.arange(1, 20_001)).astype(int))
    rounded, shuffled = frequency_bias.round_level(counts), frequency_bias.shuffle_level(counts)
    assert (rounded < shuffled).all() and (rounded > 0).all()


def test_bins_hold_enough_words_and_cover_neighbouring_counts():
    counts = np.sort(np.random.default_rng(0).zipf(1.6, 5000))[::-1]
    bins = frequency_bias.frequency_bins(counts, min_words=50)
    assert np.bincount(bins).min() >= 50
    assert (np.diff(bins) >= 0).all() and bins[0] == 0  # counts fall, so bins rise


def test_the_percentile_level_is_the_percentile_in_each_bin():
    rng = np.random.default_rng(0)
    counts = np.repeat([1000, 10], 200)
    values = np.concatenate([rng.normal(5, 1, 200), rng.normal(0, 1, 200)])
    level = frequency_bias.percentile_level(values, counts)
    np.testing.assert_allclose(level[:200], np.percentile(values[:200], 3))
    np.testing.assert_allclose(level[200:], np.percentile(values[200:], 3))


def test_a_count_of_zero_is_refused():
    with pytest.raises(ValueError, match="lowest of the counts = 0 was given"):
        frequency_bias.shuffle_level(np.array([3, 0]))
