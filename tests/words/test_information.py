"""Co-occurrence KL against dense counting, identities, and rows worked out by hand."""

from functools import partial

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words import information


def random_corpus(n_tokens=3000, n_words=40, seed=0):
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, n_words + 1)
    ids = rng.choice(n_words, size=n_tokens, p=weights / weights.sum())
    cuts = np.sort(rng.choice(n_tokens, 15, replace=False))
    return corpus.from_texts([" ".join(f"w{i}" for i in part) for part in np.split(ids, cuts)])


def dense_counts(text, window):
    """n_{w,w'} by looking at every pair of positions."""
    counts = np.zeros((text.n_words, text.n_words))
    for start, end in zip(text.offsets[:-1], text.offsets[1:], strict=True):
        for i in range(start, end):
            for j in range(max(start, i - window), min(end, i + window + 1)):
                if i != j:
                    counts[text.tokens[i], text.tokens[j]] += 1
    return counts


@pytest.mark.parametrize("window", [1, 4, 10])
def test_every_measure_equals_dense_counting(window):
    text = random_corpus()
    counts = dense_counts(text, window)
    gain = information.measure(text, window=window, workers=2)
    p = text.unigram
    row = counts / counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        kl = np.nansum(row * np.log(row / p), axis=1)
        entropy = -np.nansum(row * np.log(row), axis=1)
    np.testing.assert_array_equal(gain.n_contexts, counts.sum(axis=1))
    np.testing.assert_allclose(gain.kl, kl, atol=1e-12)
    np.testing.assert_allclose(gain.entropy, entropy, atol=1e-12)
    np.testing.assert_allclose(gain.self_information, -np.log(p))


def test_threads_change_no_byte_and_counts_beyond_the_table_are_counted():
    text = random_corpus(60_000, n_words=5)  # cells above 4,096
    gains = [information.measure(text, window=10, workers=n) for n in (1, 2)]
    assert gains[0].kl.tobytes() == gains[1].kl.tobytes()
    rows = information.cooccurrence_rows(text, np.arange(5), window=10).toarray()
    assert rows.max() > 4096
    row = rows / rows.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gains[0].kl, (row * np.log(row / text.unigram)).sum(1), atol=1e-10)


def test_the_rows_are_the_dense_rows():
    text = random_corpus(1000)
    ids = np.array([5, 0, 39, 5])
    gain = information.cooccurrence_rows(text, ids, window=3)
    np.testing.assert_array_equal(gain.toarray(), dense_counts(text, 3)[ids])


def test_rows_average_to_the_unigram_distribution():
    # eq. 1, exact when each word is weighted by its contexts, and for p but for document ends
    text = random_corpus(20_000)
    rows = information.cooccurrence_rows(text, np.arange(text.n_words), window=5)
    gain = information.measure(text, window=5)
    weights = gain.n_contexts / gain.n_contexts.sum()
    average = weights @ (rows.toarray() / gain.n_contexts[:, None])
    np.testing.assert_allclose(average, weights, atol=1e-15)
    np.testing.assert_allclose(average, text.unigram, rtol=0.02)


def test_the_mean_kl_is_the_mutual_information():
    text = random_corpus(20_000)
    joint = information.cooccurrence_rows(text, np.arange(text.n_words), window=5).toarray() / 1.0
    joint /= joint.sum()
    margin = joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.nansum(joint * np.log(joint / np.outer(margin, margin)))
    gain = information.measure(text, window=5).mutual_information
    # KL is measured from p, not from the contexts' own margin: the difference is their KL
    assert gain == pytest.approx(expected + (margin * np.log(margin / text.unigram)).sum(), 1e-9)


def test_a_two_word_corpus_by_hand():
    # a b a a, window 1: a sees b, b, a, a... positions 0:{b} 1:{a,a} 2:{b,a} 3:{a}
    text = corpus.from_texts(["a b a a"])
    gain = information.measure(text, window=1)
    a, b = text.index("a"), text.index("b")
    # a: contexts b, b, a, a -> one half each, against p = (3/4, 1/4); b: contexts a, a
    assert gain.kl[a] == pytest.approx(0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25))
    assert gain.kl[b] == pytest.approx(np.log(1 / 0.75))
    assert gain.entropy[a] == pytest.approx(np.log(2)) and gain.entropy[b] == 0
    assert gain.contexts_per_token == pytest.approx(6 / 4)


def test_a_word_alone_in_its_document_has_no_kl():
    text = corpus.from_texts(["alone", "two words", "words two"])
    assert np.isnan(information.measure(text).kl[text.index("alone")])


def test_entropy_is_log_v_less_the_divergence_from_uniform():
    text = random_corpus()
    rows = information.cooccurrence_rows(text, np.arange(text.n_words), window=4).toarray()
    rows = rows / rows.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        from_uniform = np.nansum(rows * np.log(rows * text.n_words), axis=1)
    gain = information.measure(text, window=4)
    np.testing.assert_allclose(gain.entropy, np.log(text.n_words) - from_uniform, atol=1e-12)


def test_a_window_out_of_range_is_refused():
    with pytest.raises(ValueError, match="window = 0 was given; expected 1 to 255"):
        information.measure(random_corpus(100), window=0)


def test_a_window_between_two_whole_numbers_is_refused():
    text = random_corpus(100)
    for work in (information.measure, partial(information.cooccurrence_rows, ids=[0])):
        with pytest.raises(ValueError, match=r"window = 2\.5 was given; expected a whole number"):
            work(text, window=2.5)


@pytest.mark.parametrize(
    ("tokens", "offsets", "counts"),
    [
        ([0, 1, 5], [0, 3], [1, 2]),  # the kernel would write behind its arrays
        ([0, 1, 1], [0, 3], [2, 1]),
        ([0, 1, 1], [0, 9], [1, 2]),
        ([], [0], []),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(tokens, offsets, counts):
    arrays = (np.array(array, int) for array in (tokens, offsets, counts))
    with pytest.raises(ValueError, match="expected all three of one corpus"):
        information.measure_tokens(*arrays, 2)


@pytest.mark.parametrize("word", [-1, 99])
def test_rows_of_words_that_are_not_there_are_refused(word):
    with pytest.raises(ValueError, match=f"id = {word} was given; expected 0 to"):
        information.cooccurrence_rows(random_corpus(100), [word])
