"""The frequency bias of plug-in KL: what a corpus without any structure would show.

Oyama, Yokoi and Shimodaira, EMNLP 2023, section 6 and appendix C. The shuffle level answers "how
large is KL(w) if the contexts of w are random draws?"; the percentile level is a stand-in that
works for any score, also where no null can be computed; the round level shows how much mere
quantisation explains.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import scipy.special

from lmnotes.errors import expect_between, expect_shape
from lmnotes.text.corpus import Corpus
from lmnotes.words import information
from lmnotes.words.kernels import counting


def shuffle(
    corpus: Corpus, *, window: int = 10, n_shuffles: int = 10, seed: int = 0
) -> information.Information:
    """KL and entropy after all tokens of the corpus changed places, averaged over permutations.

    p(.) and the lengths of documents stay. The paper takes 10 permutations.
    """
    rng = np.random.default_rng(seed)
    tokens = np.array(corpus.tokens)
    runs = []
    for _ in range(n_shuffles):
        rng.shuffle(tokens)
        runs.append(information.measure_tokens(tokens, corpus.offsets, corpus.counts, window))
    kl, entropy = np.mean([(run.kl, run.entropy) for run in runs], axis=0)
    return replace(runs[0], kl=kl, entropy=entropy)


def shuffle_level(
    counts: np.ndarray, *, window: int = 10, contexts_per_token: float | None = None
) -> np.ndarray:
    """The expected KL of every word in a shuffled corpus (V,) nats, in closed form.

    With m contexts of a word and B ~ Binomial(m - 1, p(w')), for words of equal count the same:

        E KL = sum_w' p(w') { E log(1 + B) - log(m p(w')) }

    (our derivation; the paper shuffles). The row of a shuffled word is a multinomial sample of the
    unigram distribution, and E[B' log B'] = m p E[log(1 + B)] for B' ~ Binomial(m, p).

    Args:
        counts: (V,) n_w.
        contexts_per_token: m / n_w where documents cut windows short; 2 * window without.

    >>> counts = np.array([500, 300, 200])
    >>> shuffle_level(counts, window=1).round(5)  # about (V - 1) / 2m when every cell is full
    array([0.001  , 0.00167, 0.00251])
    """
    return _over_counts(counts, contexts_per_token or 2 * window, counting.expected_shuffled_kl)


def entropy_level(counts: np.ndarray, *, window: int = 10, contexts_per_token: float | None = None):
    """The expected entropy of every word in a shuffled corpus (V,) nats: H(p) less its KL."""
    unigram = np.asarray(counts)[np.asarray(counts) > 0] / np.sum(counts)
    level = shuffle_level(counts, window=window, contexts_per_token=contexts_per_token)
    return float(-(unigram * np.log(unigram)).sum()) - level


def round_level(
    counts: np.ndarray, *, window: int = 10, contexts_per_token: float | None = None
) -> np.ndarray:
    """KL of a row that is the unigram distribution rounded to whole counts (V,) nats.

    The paper's KL_0: quantisation alone, part of the shuffle level; subtract one or the other.
    """
    return _over_counts(counts, contexts_per_token or 2 * window, _rounded_kl)


def percentile_level(
    values: np.ndarray,
    counts: np.ndarray,
    *,
    percentile: float = 3,
    n_bins: int = 200,
    min_words: int = 50,
) -> np.ndarray:
    """A low percentile of a score among words of similar count (V,).

    Bins of equal width in log n_w, merged from the most frequent downwards until each holds
    `min_words` (appendix C). The paper does not say how to go between bins: we take steps.
    """
    counts, values = np.asarray(counts), np.asarray(values, float)
    bins = frequency_bins(counts, n_bins=n_bins, min_words=min_words)
    by_bin = pd.Series(values).groupby(bins)
    return by_bin.transform(lambda inside: np.nanpercentile(inside, percentile)).to_numpy()


def frequency_bins(counts: np.ndarray, *, n_bins: int = 200, min_words: int = 50) -> np.ndarray:
    """The bin of every word (V,) int, 0 the most frequent: equal widths in log n_w, then merged.

    What is left at the rare end with fewer than `min_words` joins the bin before it.
    """
    counts = np.asarray(counts)
    width = np.log(counts.max()) / n_bins or 1.0
    fine = np.minimum((np.log(counts) / width).astype(int), n_bins - 1)
    merged, number, filled = np.zeros(n_bins, int), 0, 0
    sizes = np.bincount(fine, minlength=n_bins)
    for k in range(n_bins - 1, -1, -1):
        if filled >= min_words and sizes[: k + 1].sum() >= min_words:
            number, filled = number + 1, 0
        merged[k] = number
        filled += sizes[k]
    return merged[fine]


def _over_counts(counts: np.ndarray, contexts_per_token: float, level) -> np.ndarray:
    """level(m, p, multiplicity) for every word's number of contexts m, (V,).

    Exact for the counts up to 40, on a logarithmic grid and interpolated above.
    """
    counts = np.asarray(counts)
    expect_shape("counts", counts, "(V,)")
    expect_between("the lowest of the counts", int(counts.min()), low=1, then="leave it out")
    present, n_words = np.unique(counts, return_counts=True)
    probabilities = present / counts.sum()
    large = np.geomspace(1, counts.max(), 90).round().astype(np.int64)
    grid = np.union1d(np.arange(1, min(40, counts.max()) + 1), large)
    contexts = np.maximum(1, np.round(grid * contexts_per_token)).astype(np.int64)
    curve = np.array([level(m, probabilities, n_words) for m in contexts])
    return np.interp(np.log(counts), np.log(grid), curve)


def _rounded_kl(n_contexts: int, probabilities: np.ndarray, n_words: np.ndarray) -> float:
    rounded = np.round(n_contexts * probabilities)
    row = rounded / max((rounded * n_words).sum(), 1)
    if not rounded.any():
        return np.nan
    return float((n_words * scipy.special.rel_entr(row, probabilities)).sum())
