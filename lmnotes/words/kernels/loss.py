"""The objective of fixed vectors on sampled pairs, in float64."""

import numpy as np
from numba import njit

from lmnotes.words.kernels.arithmetic import EXACT, draw_negative, next_random
from lmnotes.words.kernels.walk import window_of


@njit(**EXACT)
def sample_losses(inputs, contexts, words, documents, window, shrink, noise, nu, n_pairs, seed):
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


@njit(**EXACT)
def _below(n, state):
    return ((next_random(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)


@njit(**EXACT)
def _product(inputs, contexts, word, row):
    score = 0.0
    for d in range(inputs.shape[1]):
        score += np.float64(inputs[word, d]) * np.float64(contexts[row, d])
    return score


@njit(**EXACT)
def _softplus(x):
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))
