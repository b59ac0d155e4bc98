"""Information gain of a word: KL from the unigram to the word's co-occurrence distribution.

Oyama, Yokoi and Shimodaira, "Norm of Word Embedding Encodes Information Gain", EMNLP 2023,
section 3.
"""

import concurrent.futures
import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse

from lmnotes import parallel
from lmnotes.errors import InputError, Shown, expect_between, expect_whole
from lmnotes.options import reads_old_words
from lmnotes.text.corpus import Corpus
from lmnotes.words.kernels import counting

MAX_WINDOW = 255  # reaches are stored in one byte


@dataclass(frozen=True, repr=False)
class Information(Shown):
    """What the contexts of each word of a corpus say, in nats.

    kl: (V,) KL(w) = sum p(w'|w) log p(w'|w) / p(w'); nan for a word without any context.
    entropy: (V,) H(w) of p(.|w). self_information: (V,) -log p(w).
    n_contexts: (V,) the row sums: 2 * window * n_w but for the ends of documents.
    """

    window: int
    counts: np.ndarray
    kl: np.ndarray
    entropy: np.ndarray
    self_information: np.ndarray
    n_contexts: np.ndarray

    @property
    def contexts_per_token(self) -> float:
        """Contexts of an average token: 2 * window, less what the ends of documents cut off."""
        return float(self.n_contexts.sum() / self.counts.sum())

    @property
    def mutual_information(self) -> float:
        """I(W'; W) of the pair (word, context): the average of KL(w), each word by its contexts."""
        return float(np.nansum(self.n_contexts * self.kl) / self.n_contexts.sum())


@reads_old_words
def measure(corpus: Corpus, *, window: int = 10, workers: int | None = None) -> Information:
    """KL, entropy and self-information of every word, from a full window of fixed width.

    Every position within `window` counts 1, the centre is left out, windows end with their
    document, p(w') = n_w' / T, nothing is smoothed: the convention that gives the paper's Table 1
    (10.27 for *dasyprocta* on text8). One word's row is in memory at a time.

    >>> from lmnotes.text import corpus
    >>> gain = measure(corpus.from_texts(["a b " * 50]), window=1)
    >>> gain.kl.round(3)  # each word tells its only context, of probability one half: log 2
    array([0.693, 0.693])
    """
    return measure_tokens(np.asarray(corpus.tokens), corpus.offsets, corpus.counts, window, workers)


@reads_old_words
def measure_tokens(
    tokens: np.ndarray,
    offsets: np.ndarray,
    counts: npt.ArrayLike,
    window: int,
    workers: int | None = None,
) -> Information:
    """`measure` for bare arrays: tokens (T,) int32, document offsets, counts (V,) of the tokens."""
    places, counts = _places(tokens, offsets, counts, window), np.asarray(counts, np.int64)
    unigram = counts / counts.sum()
    log_unigram = np.log(unigram, where=counts > 0, out=np.zeros(len(counts)))
    n_contexts, own, cross = np.zeros(len(counts), np.int64), *np.zeros((2, len(counts)))
    tokens, _, _, left, right = places
    counting.window_sums(tokens, left, right, log_unigram, n_contexts, cross)
    small = np.arange(4096.0)
    small *= np.log(small, where=small > 0, out=np.zeros(len(small)))

    def work(bounds: tuple[int, int]) -> None:
        row, seen = np.zeros(len(counts), np.int32), np.empty(len(counts) + 1, np.int32)
        counting.row_sums(*places, *bounds, own, row, seen, small)

    workers = parallel.n_threads() if workers is None else workers
    expect_whole("workers", workers, 1)
    # ranges of word ids with about the same number of tokens in each
    targets = np.linspace(0, counts.sum(), 16 * workers + 1)[1:-1]
    inner = np.searchsorted(np.cumsum(counts), targets) + 1
    ends = np.union1d(inner, [0, len(counts)]).tolist()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, itertools.pairwise(ends)))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_log_count, log_total = own / n_contexts, np.log(n_contexts)
        kl, entropy = mean_log_count - log_total - cross / n_contexts, log_total - mean_log_count
        return Information(window, counts, kl, entropy, -np.log(unigram), n_contexts)


def cooccurrence_rows(
    corpus: Corpus, ids: npt.ArrayLike, *, window: int = 10
) -> scipy.sparse.csr_matrix:
    """The co-occurrence counts n_{w,w'} of some words (len(ids), V), sparse int32."""
    places, ids = _places(corpus.tokens, corpus.offsets, corpus.counts, window), np.asarray(ids)
    for end in (np.min(ids, initial=0), np.max(ids, initial=0)):
        expect_between("a word's id", int(end), 0, corpus.n_words - 1, "see corpus.index")
    row, seen = np.zeros(corpus.n_words, np.int32), np.empty(corpus.n_words + 1, np.int32)
    contexts, counts = [seen[:0]], [row[:0]]
    for word in ids.astype(np.int64):
        n_seen = counting.count_row(*places, word, row, seen)
        contexts.append(seen[:n_seen].copy())
        counts.append(row[contexts[-1]])
        row[contexts[-1]] = 0
    cells = (np.concatenate(counts), np.concatenate(contexts), np.cumsum([*map(len, contexts)]))
    rows = scipy.sparse.csr_matrix(cells, shape=(len(ids), corpus.n_words))
    rows.sort_indices()
    return rows


def _places(tokens, offsets, counts, window: int) -> tuple:
    """Tokens, positions by word and their starts, and the reach left and right, for the kernels."""
    expect_whole("window", window, 1, MAX_WINDOW)
    tokens, offsets = np.ascontiguousarray(tokens, np.int32), np.asarray(offsets, np.int64)
    counts = np.asarray(counts)
    # the kernels write where these numbers point
    fits = len(tokens) and tokens.min() >= 0 and tokens.max() < len(counts)
    fits = fits and np.array_equal(np.bincount(tokens, minlength=len(counts)), counts)
    if not fits or offsets[0] or offsets[-1] != len(tokens) or (np.diff(offsets) < 0).any():
        given = f"{len(tokens):,} tokens, offsets to {offsets[-1]:,}, counts {counts.shape}"
        raise InputError(f"{given} do not fit; expected all three of one corpus: take them from it")
    counts = counts.astype(np.int64)
    return tokens, *counting.positions_by_word(tokens, counts), *counting.reaches(offsets, window)
