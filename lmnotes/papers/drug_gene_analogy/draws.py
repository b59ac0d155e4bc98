"""Orders without replacement, number by number as NumPy's `RandomState.choice` draws them."""

import numpy as np
from numba import njit

OPTIONS = dict(nogil=True, cache=True)  # no fastmath: the sums are to be NumPy's own


@njit(**OPTIONS)
def first_above(cumulated, x):
    """The first place whose cumulated weight is above x."""
    i, end = 0, len(cumulated)
    while i < end:
        middle = (i + end) // 2
        if cumulated[middle] > x:
            end = middle
        else:
            i = middle + 1
    return i


@njit(**OPTIONS)
def order(p, stream, position, place, weights, cumulated):
    """Put in `place` (n,) where each of n comes; the stream's next position, -1 if it is too short.

    Each round takes as many numbers as are not placed yet; those that hit one again are lost.
    """
    n, found = len(p), 0
    weights[:], place[:] = p, -1
    while found < n:
        n_new = n - found
        if position + n_new > len(stream):
            return -1
        total = 0.0
        for i in range(n):
            total += weights[i]
            cumulated[i] = total
        for i in range(n):
            cumulated[i] /= total
        for at in range(position, position + n_new):
            i = first_above(cumulated, stream[at])
            if place[i] < 0:
                place[i], weights[i], found = found, 0.0, found + 1
        position += n_new
    return position


@njit(**OPTIONS)
def ranks(p, offsets, column, found, done, stream):
    """Fill `found` (Q, R), the best answers' ranks, from number `done` on while the stream lasts.

    Returns how many are done, and how much of the stream they took.
    """
    n, position = len(p), 0
    place, weights, cumulated = np.empty(n, np.int64), np.empty(n), np.empty(n)
    while done < found.size:
        after = order(p, stream, position, place, weights, cumulated)
        if after < 0:
            return done, position
        row = done // found.shape[1]
        best = n
        for at in range(offsets[row], offsets[row + 1]):
            best = min(best, place[column[at]])
        found[row, done % found.shape[1]] = best + 1
        position, done = after, done + 1
    return done, position
