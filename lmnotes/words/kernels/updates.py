"""One step of skip-gram with negative sampling on the CPU, by either of two rules.

The objective of one centre word w with contexts c_1..c_m (Mikolov et al. 2013, eq. 4) is

    sum_j [ log sigma(<u_w, v_cj>) + sum over nu negatives n ~ q of log sigma(-<u_w, v_n>) ].

`update_pair` is the textbook rule: fresh negatives for every pair. `update_group` shares negatives
among neighbouring centre words: `n_shared` draws stand for the nu * m draws of each centre, each
with weight nu * m / n_shared, so the expected gradient is the same while all inner products become
small matrix products.

Rows are padded with zeros to a multiple of 16 floats: every loop over dimensions is whole vectors.
"""

import numpy as np
from numba import njit

from lmnotes.words.kernels import vectors
from lmnotes.words.kernels.arithmetic import OPTIONS, aligned_rows, next_random, row_address
from lmnotes.words.kernels.vectors import LANES, LEFTS, OUTPUTS, RIGHTS, address_of


@njit(**OPTIONS, forceinline=True)
def _copy_row(source, i, target, k):
    """A plain loop is four times faster than row assignment."""
    for d in range(source.shape[1]):
        target[k, d] = source[i, d]


@njit(**OPTIONS, forceinline=True)
def update_pair(inputs, contexts, word, outputs, rate, work) -> float:
    """The loss of one (word, context) pair after one textbook step, in nats.

    outputs: (1 + nu,) ids, the observed context first; work: from `pair_buffers`. Within a pair u_w
    stands still, so different rows can be read and written in one pass; rows that repeat go one
    after the other.
    """
    moved, rights, observed, weights, counts, errors, noise = work
    like, n_vectors = contexts[0, 0], inputs.shape[1] // LANES
    old = new = row_address(inputs, word)
    stride = np.uintp(inputs.strides[0])
    weight, state = address_of(weights), address_of(noise)
    loss, k, n = 0.0, 0, 0
    while k < len(outputs):
        start = 0 if k == 0 else LANES  # the numbers from 0 on are for blocks with the context
        is_whole = k + OUTPUTS <= len(outputs)
        for a in range(k, k + OUTPUTS if is_whole else k):
            for b in range(k, a):
                is_whole = is_whole and outputs[a] != outputs[b]
        n = OUTPUTS if is_whole else 1
        if k == 0 and n < len(outputs):  # u_w moves aside, as more blocks will look at it
            _copy_row(inputs, word, moved, 0)
            new = address_of(moved)
        for j in range(n):
            rights[start + j] = row_address(contexts, outputs[k + j])
        place = np.uintp(4 * start)
        table = address_of(rights) + np.uintp(8 * start)
        p, out = address_of(observed) + place, address_of(errors) + place
        count = address_of(counts) + place
        block = (like, old, stride, n_vectors, table, p, weight, count, rate, out)
        move = (like, old, new, stride, n_vectors, 1, table, out, state)
        if is_whole:
            loss += vectors.pair_errors(*block)
            vectors.pair_steps(*move)
        else:
            loss += vectors.row_errors(*block)
            vectors.row_steps(*move)
        k += n
    if n < len(outputs):
        _copy_row(moved, 0, inputs, word)
    return loss


@njit(**OPTIONS)
def pair_buffers(dim: int, seed: int) -> tuple:
    """The scratch space of `update_pair`."""
    observed, counts = np.zeros(2 * LANES, np.float32), np.ones(2 * LANES, np.float32)
    observed[0], counts[0] = 1, 0
    rights, errors = np.zeros(2 * LANES, np.uintp), np.zeros(2 * LANES, np.float32)
    weights = np.ones(1, np.float32)
    return aligned_rows(1, dim), rights, observed, weights, counts, errors, _noise(seed)


@njit(**OPTIONS)
def _noise(seed):
    """Where the sequence of every lane begins (LANES,) uint32."""
    state, noise = np.array([seed], np.uint64), np.empty(LANES, np.uint32)
    for lane in range(LANES):
        noise[lane] = next_random(state) >> np.uint64(32)
    return noise


@njit(**OPTIONS, forceinline=True)
def _number_words(ids, slot_of, words, n):
    """Number the words of `ids` from n on, each once; returns how many there are then."""
    for word in ids:
        if slot_of[word] < 0:
            slot_of[word], words[n] = n, word
            n += 1
    return n


@njit(**OPTIONS, forceinline=True)
def update_group(
    inputs, contexts, words, first, last, centre, around, negatives, nu, rate, work
) -> float:
    """The summed loss of n neighbouring centre words, which take one step together, in nats.

    words: (n,) ids of the centres; around: (m,) ids of the stretch that holds all their windows;
    centre: (n,) index of each centre in that stretch; first, last: (n,) its window, both included;
    negatives: (n_shared,) ids; work: from `group_buffers`. A word has one row however often it
    stands among them: what its places have to say adds up in P and N of the block.
    """
    left, moved, rights, observed, weights, counts, errors, spare, noise, lists = work
    left_slot, right_slot, left_words, right_words = lists
    n_left = _number_words(words, left_slot, left_words, 0)
    n_text = _number_words(around, right_slot, right_words, 0)
    n_right = _number_words(negatives, right_slot, right_words, n_text)
    n_blocks, n_columns = -(-n_left // LEFTS), -(-n_right // RIGHTS)
    row_of_blocks = n_blocks * LANES  # cells from one column of blocks to the next
    observed[: n_columns * row_of_blocks] = 0
    weights[: n_blocks * LEFTS] = 0
    counts[: n_columns * RIGHTS] = 0
    for k in range(len(negatives)):
        counts[right_slot[negatives[k]]] += np.float32(1)
    for i in range(len(words)):
        slot = left_slot[words[i]]
        weights[slot] += np.float32(nu * (last[i] - first[i]) / len(negatives))
        row = slot // LEFTS * LANES + slot % LEFTS * RIGHTS
        for j in range(first[i], last[i] + 1):
            if j != centre[i]:
                column = right_slot[around[j]]
                observed[row + column // RIGHTS * row_of_blocks + column % RIGHTS] += np.float32(1)
    left_words[n_left : n_blocks * LEFTS] = left_words[0]  # idle rows, of weight 0
    for i in range(n_blocks * LEFTS):
        _copy_row(inputs, left_words[i], left, i)
        _copy_row(inputs, left_words[i], moved, i)
    for j in range(n_columns * RIGHTS):
        if j < n_right:
            rights[j] = row_address(contexts, right_words[j])
        else:
            rights[j] = row_address(spare, j - n_right)

    loss, like, n_vectors = 0.0, contexts[0, 0], inputs.shape[1] // LANES
    stride, rows = np.uintp(left.strides[0]), (address_of(left), address_of(moved))
    state = address_of(noise)
    for j in range(n_columns):
        table = address_of(rights) + np.uintp(8 * j * RIGHTS)
        count = address_of(counts) + np.uintp(4 * j * RIGHTS)
        for i in range(n_blocks):
            cell = np.uintp(4 * (j * row_of_blocks + i * LANES))
            p, out = address_of(observed) + cell, address_of(errors) + cell
            weight = address_of(weights) + np.uintp(4 * i * LEFTS)
            block = (like, row_address(left, i * LEFTS), stride, n_vectors, table, p, weight, count)
            loss += vectors.group_errors(*block, rate, out)
        e = address_of(errors) + np.uintp(4 * j * row_of_blocks)
        move = (like, *rows, stride, n_vectors, n_blocks, table, e, state)
        vectors.group_steps(*move)
    for i in range(n_left):
        left_slot[left_words[i]] = -1
        _copy_row(moved, i, inputs, left_words[i])
    for j in range(n_right):
        right_slot[right_words[j]] = -1
    return loss


@njit(**OPTIONS)
def group_buffers(
    n_words: int, n_group: int, window: int, n_shared: int, dim: int, seed: int
) -> tuple:
    """The scratch space of `update_group`."""
    n_left = -(-n_group // LEFTS) * LEFTS
    n_right = -(-(n_group + 2 * window + n_shared) // RIGHTS) * RIGHTS
    left, moved = aligned_rows(n_left, dim), aligned_rows(n_left, dim)
    rights, spare = np.zeros(n_right, np.uintp), aligned_rows(RIGHTS, 2 * dim)
    observed = np.zeros(n_left * n_right, np.float32)
    weights, counts = np.zeros(n_left, np.float32), np.zeros(n_right, np.float32)
    slots = np.full(n_words, -1, np.int32), np.full(n_words, -1, np.int32)
    lists = (*slots, np.zeros(n_left, np.int32), np.zeros(n_right, np.int32))
    errors, noise = observed.copy(), _noise(seed)
    return left, moved, rights, observed, weights, counts, errors, spare, noise, lists
