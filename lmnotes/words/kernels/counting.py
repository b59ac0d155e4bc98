"""Co-occurrence counts of one word at a time: the matrix is never stored."""

import numpy as np
from numba import njit

from lmnotes.words.kernels.arithmetic import EXACT, prefetch

AHEAD = 8  # places whose text is asked for in advance


@njit(**EXACT)
def positions_by_word(tokens: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
def reaches(offsets: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """How far the window of each position reaches left and right in its document (T,) uint8."""
    left = np.empty(offsets[-1], np.uint8)
    right = np.empty(offsets[-1], np.uint8)
    for document in range(len(offsets) - 1):
        for position in range(offsets[document], offsets[document + 1]):
            left[position] = min(window, position - offsets[document])
            right[position] = min(window, offsets[document + 1] - 1 - position)
    return left, right


@njit(**EXACT)
def count_row(tokens, order, starts, left, right, word, row, seen) -> int:
    """Add up the contexts of a word in `row` (V,); returns how many are different.

    They are listed in `seen` (V + 1,); the caller sets their cells of `row` back to zero.
    """
    n_seen = 0
    for k in range(starts[word], starts[word + 1]):
        ahead = order[min(k + AHEAD, len(order) - 1)]
        prefetch(tokens, max(ahead - 10, 0))
        prefetch(tokens, min(ahead + 10, len(tokens) - 1))
        prefetch(left, ahead)
        prefetch(right, ahead)
        position = order[k]
        for other in range(position - left[position], position):
            n_seen = _count(tokens[other], row, seen, n_seen)
        for other in range(position + 1, position + right[position] + 1):
            n_seen = _count(tokens[other], row, seen, n_seen)
    return n_seen


@njit(**EXACT, forceinline=True)
def _count(context, row, seen, n_seen):
    """Without a branch: whether a context is new is a coin's toss, and a wrong guess is dear."""
    seen[n_seen] = context
    count = row[context]
    row[context] = count + 1
    return n_seen + (count == 0)


@njit(**EXACT)
def row_sums(tokens, order, starts, left, right, begin, end, sums, row, seen, table) -> None:
    """sums[w] = sum of c log c over the cells of row w, for begin <= w < end; table: of small c."""
    for word in range(begin, end):
        own = 0.0
        for k in range(count_row(tokens, order, starts, left, right, word, row, seen)):
            count = row[seen[k]]
            own += table[count] if count < len(table) else count * np.log(count)
            row[seen[k]] = 0
        sums[word] = own


@njit(**EXACT)
def window_sums(tokens, left, right, values, n_contexts, sums) -> None:
    """n_contexts[w] and sums[w]: how many contexts word w has, and the sum of their `values`."""
    total, begin, end = 0.0, 0, 0  # over positions from begin up to end, both of which only grow
    for position in range(len(tokens)):
        first, stop = position - left[position], position + right[position] + 1
        if first >= end:  # another document
            total, begin, end = 0.0, first, first
        while end < stop:
            total += values[tokens[end]]
            end += 1
        while begin < first:
            total -= values[tokens[begin]]
            begin += 1
        word = tokens[position]
        n_contexts[word] += stop - first - 1
        sums[word] += total - values[word]


@njit(**EXACT)
def expected_log1p_binomial(n: np.int64, p: float) -> float:
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
    for b in range(mode, max(np.int64(0), mode - spread), -1):
        weight *= b / ((n - b + 1) * odds)
        mass += weight
        total += weight * np.log(float(b))
    return total / mass


@njit(**EXACT)
def expected_shuffled_kl(n_contexts: int, probabilities: np.ndarray, n_words: np.ndarray) -> float:
    """Expected KL of a row of n_contexts draws from the unigram distribution, nats.

    probabilities: each different p(w'); n_words: how many words have it.
    """
    total = 0.0
    for k in range(len(probabilities)):
        p = probabilities[k]
        gain = expected_log1p_binomial(n_contexts - 1, p) - np.log(n_contexts * p)
        total += n_words[k] * p * gain
    return total
