"""Co-occurrence counts of one word at a time: the matrix is never stored."""

import numpy as np
from numba import njit

from lmnotes.words.kernels.arithmetic import EXACT


@njit(**EXACT)
def positions_by_word(tokens, counts):
    """Positions sorted by word, in text order within one (T,) int32, and where each starts."""
    starts = np.zeros(len(counts) + 1, np.int64)
    starts[1:] = np.cumsum(counts)
    free = starts[:-1].copy()
    order = np.empty(len(tokens), np.int32)
    for position in range(len(tokens)):
        word = tokens[position]
        order[free[word]] = position
        free[word] += 1
    return order, starts


@njit(**EXACT)
def reaches(offsets, window):
    """How far the window of each position reaches left and right in its document (T,) uint8."""
    left = np.empty(offsets[-1], np.uint8)
    right = np.empty(offsets[-1], np.uint8)
    for document in range(len(offsets) - 1):
        for position in range(offsets[document], offsets[document + 1]):
            left[position] = min(window, position - offsets[document])
            right[position] = min(window, offsets[document + 1] - 1 - position)
    return left, right


@njit(**EXACT)
def count_row(tokens, order, starts, left, right, word, row, seen):
    """Add up the contexts of a word in `row` (V,); returns (different contexts, contexts).

    The different contexts are listed in `seen`; the caller sets their cells of `row` back to zero.
    """
    n_seen, n_contexts = 0, 0
    for k in range(starts[word], starts[word + 1]):
        position = order[k]
        for other in range(position - left[position], position + right[position] + 1):
            if other != position:
                context = tokens[other]
                if row[context] == 0:
                    seen[n_seen] = context
                    n_seen += 1
                row[context] += 1
        n_contexts += left[position] + right[position]
    return n_seen, n_contexts


@njit(**EXACT)
def row_sums(tokens, order, starts, left, right, log_unigram, begin, end, sums, row, seen):
    """sums[w] = (m, sum c log c, sum c log p(w')) over the cells of row w, for begin <= w < end."""
    for word in range(begin, end):
        n_seen, n_contexts = count_row(tokens, order, starts, left, right, word, row, seen)
        own, cross = 0.0, 0.0
        for k in range(n_seen):
            context = seen[k]
            count = row[context]
            own += count * np.log(count)
            cross += count * log_unigram[context]
            row[context] = 0
        sums[word, 0], sums[word, 1], sums[word, 2] = n_contexts, own, cross


@njit(**EXACT)
def expected_log1p_binomial(n, p):
    """E[log(1 + B)] of B ~ Binomial(n, p), nats.

    The sum over the range that holds all but 1e-15 of the mass; for large means, where log is
    nearly a polynomial over that range, its expansion to fourth order.
    """
    mean, variance = n * p, n * p * (1 - p)
    if n == 0 or p == 0:
        return 0.0
    if mean > 2000:
        x = 1 + mean
        third = variance * (1 - 2 * p)
        fourth = 3 * variance**2 + variance * (1 - 6 * p * (1 - p))
        return np.log(x) - variance / (2 * x**2) + third / (3 * x**3) - fourth / (4 * x**4)
    mode = min(n, np.int64((n + 1) * p))
    spread = np.int64(9 * np.sqrt(variance)) + 40
    odds = p / (1 - p) if p < 1 else np.inf
    total, mass, weight = np.log(1.0 + mode), 1.0, 1.0
    for b in range(mode, min(n, mode + spread)):  # weights relative to the mode's
        weight *= (n - b) / (b + 1) * odds
        mass += weight
        total += weight * np.log(2.0 + b)
    weight = 1.0
    for b in range(mode, max(0, mode - spread), -1):
        weight *= b / ((n - b + 1) * odds)
        mass += weight
        total += weight * np.log(float(b))
    return total / mass


@njit(**EXACT)
def expected_shuffled_kl(n_contexts, probabilities, n_words):
    """Expected KL of a row of n_contexts draws from the unigram distribution, nats.

    probabilities: each different p(w'); n_words: how many words have it.
    """
    total = 0.0
    for k in range(len(probabilities)):
        p = probabilities[k]
        gain = expected_log1p_binomial(n_contexts - 1, p) - np.log(n_contexts * p)
        total += n_words[k] * p * gain
    return total
