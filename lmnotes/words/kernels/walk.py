"""A walk over text: thinning, windows, negatives; steps per pair or group; sampled losses."""

import numpy as np
from numba import njit

from lmnotes.words.kernels import arithmetic
from lmnotes.words.kernels.arithmetic import OPTIONS, draw_negative, next_random, prefetch_row
from lmnotes.words.kernels.updates import group_buffers, pair_buffers, update_group, update_pair

AHEAD = 2  # pairs whose rows are asked for in advance; 1 is 3 % slower


@njit(**OPTIONS)
def stretch(
    tokens, offsets, begin, end, window, keep, epoch_seed
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The kept tokens of [begin, end) with the neighbours that their windows reach.

    Returns words, document of each, and the range of the core inside. A token is kept by a hash of
    its position, so that every chunk sees the same thinned text.
    """
    words = np.empty(end - begin + 2 * window, np.int32)
    documents = np.empty(len(words), np.int64)
    document = np.searchsorted(offsets, begin, side="right") - 1
    start, n_margin = begin, 0
    while start > offsets[document] and n_margin < window:
        start -= 1
        n_margin += _is_kept(tokens[start], start, keep, epoch_seed)
    n, core_start, core_stop, n_margin = 0, 0, 0, 0
    for position in range(start, len(tokens)):
        while position >= offsets[document + 1]:
            document += 1
        if position == begin:
            core_start = n
        if position >= end and (n_margin == window or (n > 0 and document != documents[n - 1])):
            break
        if _is_kept(tokens[position], position, keep, epoch_seed):
            words[n], documents[n] = tokens[position], document
            n += 1
            if position < end:
                core_stop = n
            else:
                n_margin += 1
    return words[:n], documents[:n], core_start, max(core_stop, core_start)


@njit(**OPTIONS, inline="always")
def _is_kept(word, position, keep, epoch_seed):
    """Whether sub-sampling keeps the token at a position: with probability keep[word] / 2**32."""
    if len(keep) == 0:
        return True
    z = (epoch_seed + np.uint64(position)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(32)) < keep[word]


@njit(**OPTIONS)
def window_of(k: int, documents: np.ndarray, window: int, shrink: bool, state: np.ndarray) -> tuple:
    """First and last index of the window of centre k, inside its document."""
    reach = window
    if shrink:
        reach = 1 + np.int64((next_random(state) >> np.uint64(33)) % np.uint64(window))
    first, last = max(k - reach, 0), min(k + reach, len(documents) - 1)
    while documents[first] != documents[k]:
        first += 1
    while documents[last] != documents[k]:
        last -= 1
    return first, last


@njit(**OPTIONS)
def train_chunk_pairs(
    inputs, contexts, tokens, offsets, begin, end, window, shrink, keep, noise, nu, rates, seeds
) -> tuple[float, int]:
    """Textbook steps over the tokens [begin, end); returns (summed loss, number of pairs).

    rates: learning rate at both ends of the chunk; seeds: of the chunk and of the epoch; noise:
    alias table; keep: (V,) sub-sampling thresholds out of 2**32, or empty.
    """
    threshold, alias = noise
    words, documents, start, stop = stretch(tokens, offsets, begin, end, window, keep, seeds[1])
    state = np.array([seeds[0]], np.uint64)
    work = pair_buffers(inputs.shape[1], seeds[0])
    drawn = np.empty((2 * window, 1 + nu), np.int64)
    loss, n_pairs = 0.0, 0
    for k in range(start, stop):
        rate = np.float32(rates[0] + (rates[1] - rates[0]) * (k - start) / (stop - start))
        first, last = window_of(k, documents, window, shrink, state)
        n = 0
        for j in range(first, last + 1):
            if j != k:
                drawn[n, 0] = words[j]
                for i in range(1, nu + 1):
                    drawn[n, i] = draw_negative(state, threshold, alias)
                n += 1
        for i in range(min(n, AHEAD)):
            for j in range(nu + 1):
                prefetch_row(contexts, drawn[i, j])
        for i in range(n):
            if i + AHEAD < n:
                for j in range(nu + 1):
                    prefetch_row(contexts, drawn[i + AHEAD, j])
            loss += update_pair(inputs, contexts, words[k], drawn[i], rate, work)
        n_pairs += n
    return loss, n_pairs


@njit(**OPTIONS)
def _draw_ahead(negatives, contexts, threshold, alias, state):
    for i in range(len(negatives)):
        negatives[i] = draw_negative(state, threshold, alias)
        prefetch_row(contexts, negatives[i])


@njit(**OPTIONS)
def train_chunk_groups(
    inputs, contexts, tokens, offsets, begin, end, window, shrink, keep, noise, sizes, rates, seeds
) -> tuple[float, int]:
    """Like `train_chunk_pairs`, n_shared negatives for each n_group neighbouring centre words.

    sizes: (nu, n_group, n_shared).
    """
    (threshold, alias), (nu, n_group, n_shared) = noise, sizes
    words, documents, start, stop = stretch(tokens, offsets, begin, end, window, keep, seeds[1])
    state = np.array([seeds[0]], np.uint64)
    sizes_of = (len(inputs), n_group, window, n_shared, inputs.shape[1])
    work = group_buffers(*sizes_of, seeds[0])
    first, last = np.empty(n_group, np.int64), np.empty(n_group, np.int64)
    centre = np.empty(n_group, np.int64)
    # negatives are drawn a group ahead, so that their rows are on their way from memory meanwhile
    negatives, following = np.empty(n_shared, np.int64), np.empty(n_shared, np.int64)
    _draw_ahead(following, contexts, threshold, alias, state)
    loss, n_pairs = 0.0, 0
    for begin_group in range(start, stop, n_group):
        n = min(n_group, stop - begin_group)
        rate = np.float32(rates[0] + (rates[1] - rates[0]) * (begin_group - start) / (stop - start))
        low, high = len(words), 0
        for i in range(n):
            first[i], last[i] = window_of(begin_group + i, documents, window, shrink, state)
            low, high = min(low, first[i]), max(high, last[i])
            n_pairs += last[i] - first[i]
        for i in range(n):
            centre[i] = begin_group + i - low
            first[i], last[i] = first[i] - low, last[i] - low
        negatives, following = following, negatives
        _draw_ahead(following, contexts, threshold, alias, state)
        for k in range(begin_group + n_group, min(begin_group + 2 * n_group, len(words))):
            prefetch_row(inputs, words[k])
            prefetch_row(contexts, words[min(k + window, len(words) - 1)])
        centres, around = words[begin_group : begin_group + n], words[low : high + 1]
        begins, ends, places = first[:n], last[:n], centre[:n]
        ids = (begins, ends, places, around, negatives)
        loss += update_group(inputs, contexts, centres, *ids, nu, rate, work)
    return loss, n_pairs


@njit(**arithmetic.EXACT)
def sample_losses(
    inputs, contexts, words, documents, window, shrink, noise, nu, n_pairs, seed
) -> np.ndarray:
    """The loss of random pairs (n_pairs,), nats: a centre, then a word of its window.

    A centre is taken with the probability that one of its pairs is: a window of m words is passed
    over with probability 1 - m / (2 * window). Fewer losses, or none, come back where nearly every
    window is empty.
    """
    threshold, alias = noise
    state = np.array([seed], np.uint64)
    losses = np.empty(n_pairs)
    n = 0
    for _ in range(1000 * n_pairs if len(words) > 1 else 0):
        if n == n_pairs:
            break
        k = np.int64(_below(len(words), state))
        first, last = window_of(k, documents, window, shrink, state)
        place = np.int64(_below(2 * window, state))
        if place >= last - first:
            continue
        other = first + place
        other += other >= k
        score = _product(inputs, contexts, words[k], words[other])
        loss = _softplus(-score)
        for _ in range(nu):
            row = draw_negative(state, threshold, alias)
            loss += _softplus(_product(inputs, contexts, words[k], row))
        losses[n] = loss
        n += 1
    return losses[:n]


@njit(**arithmetic.EXACT)
def _below(n, state):
    return ((next_random(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)


@njit(**arithmetic.EXACT, fastmath={"reassoc", "nsz"})
def _product(inputs, contexts, word, row):
    score = 0.0
    for d in range(inputs.shape[1]):
        score += np.float64(inputs[word, d]) * np.float64(contexts[row, d])
    return score


@njit(**arithmetic.EXACT)
def _softplus(x):
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))
