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

from lmnotes.words.kernels.arithmetic import OPTIONS, aligned_rows, exp_negative


@njit(**OPTIONS)
def update_pair(inputs, contexts, word, outputs, rate, change):
    """The loss of one (word, context) pair after one textbook step, in nats.

    outputs: (1 + nu,) ids, the observed context first; change: (D,) scratch. Within a pair u_w
    stands still, so three different rows can be read and written in one pass; rows that repeat go
    one after the other.
    """
    product, linear = 1.0, 0.0  # -log sigma(s) = log(1 + exp(-|s|)) - min(s, 0)
    for d in range(inputs.shape[1]):
        change[d] = 0
    k = 0
    while k < len(outputs):
        a = outputs[k]
        b, c = outputs[min(k + 1, len(outputs) - 1)], outputs[min(k + 2, len(outputs) - 1)]
        if a in (b, c) or b == c:
            factor, term = _update_row(inputs, contexts, word, a, k == 0, rate, change)
            k += 1
        else:
            factor, term = _update_rows(inputs, contexts, word, a, b, c, k == 0, rate, change)
            k += 3
        product *= factor
        linear += term
    for d in range(inputs.shape[1]):
        inputs[word, d] += change[d]
    return linear + np.log(product)


@njit(**OPTIONS, inline="always")
def _repulsion(score, rate):
    """Step of a negative with this score, and exp(-|score|); of an observed pair with -score."""
    tail = exp_negative(-abs(score))
    return -rate * (np.float32(1) if score > 0 else tail) / (np.float32(1) + tail), tail


@njit(**OPTIONS)
def _update_row(inputs, contexts, word, row, observed, rate, change):
    """One output row of a pair; returns its loss as (factor inside the logarithm, linear term)."""
    score = np.float32(0)
    for d in range(inputs.shape[1]):
        score += inputs[word, d] * contexts[row, d]
    sign = np.float32(-1) if observed else np.float32(1)
    step, tail = _repulsion(sign * score, rate)
    step *= sign
    for d in range(inputs.shape[1]):
        change[d] += step * contexts[row, d]
        contexts[row, d] += step * inputs[word, d]
    return 1.0 + tail, max(sign * score, np.float32(0))


@njit(**OPTIONS)
def _update_rows(inputs, contexts, word, a, b, c, observed, rate, change):
    """Three different output rows, the first observed or not; returns as `_update_row`."""
    score_a = score_b = score_c = np.float32(0)
    for d in range(inputs.shape[1]):
        u = inputs[word, d]
        score_a += u * contexts[a, d]
        score_b += u * contexts[b, d]
        score_c += u * contexts[c, d]
    sign = np.float32(-1) if observed else np.float32(1)
    score_a *= sign
    step_a, tail_a = _repulsion(score_a, rate)
    step_b, tail_b = _repulsion(score_b, rate)
    step_c, tail_c = _repulsion(score_c, rate)
    step_a *= sign
    for d in range(inputs.shape[1]):
        u = inputs[word, d]
        x, y, z = contexts[a, d], contexts[b, d], contexts[c, d]
        change[d] += step_a * x + step_b * y + step_c * z
        contexts[a, d] = x + step_a * u
        contexts[b, d] = y + step_b * u
        contexts[c, d] = z + step_c * u
    zero = np.float32(0)
    linear = max(score_a, zero) + max(score_b, zero) + max(score_c, zero)
    return (1.0 + tail_a) * (1.0 + tail_b) * (1.0 + tail_c), linear


@njit(**OPTIONS)
def _gather(matrix, rows, block, start):
    """block[start + k] = matrix[rows[k]]; a plain loop is four times faster than row assignment."""
    for k in range(len(rows)):
        row = rows[k]
        for d in range(matrix.shape[1]):
            block[start + k, d] = matrix[row, d]


@njit(**OPTIONS)
def _scatter(block, rows, matrix, start):
    """matrix[rows[k]] += block[start + k], one after the other, so that repeated rows add up."""
    for k in range(len(rows)):
        row = rows[k]
        for d in range(matrix.shape[1]):
            matrix[row, d] += block[start + k, d]


@njit(**OPTIONS)
def _products(left, right, i, start, stop, scores):
    """scores[i + 0..3, j] = <left[i + 0..3], right[j]>, start <= j < stop; 4 x 4 in registers."""
    dim = left.shape[1]
    for j in range(start, stop, 4):
        s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = np.float32(0)
        s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = np.float32(0)
        for d in range(dim):
            a0, a1, a2, a3 = left[i, d], left[i + 1, d], left[i + 2, d], left[i + 3, d]
            b0, b1, b2, b3 = right[j, d], right[j + 1, d], right[j + 2, d], right[j + 3, d]
            s00 += a0 * b0
            s01 += a0 * b1
            s02 += a0 * b2
            s03 += a0 * b3
            s10 += a1 * b0
            s11 += a1 * b1
            s12 += a1 * b2
            s13 += a1 * b3
            s20 += a2 * b0
            s21 += a2 * b1
            s22 += a2 * b2
            s23 += a2 * b3
            s30 += a3 * b0
            s31 += a3 * b1
            s32 += a3 * b2
            s33 += a3 * b3
        scores[i, j], scores[i, j + 1], scores[i, j + 2], scores[i, j + 3] = s00, s01, s02, s03
        scores[i + 1, j], scores[i + 1, j + 1] = s10, s11
        scores[i + 1, j + 2], scores[i + 1, j + 3] = s12, s13
        scores[i + 2, j], scores[i + 2, j + 1] = s20, s21
        scores[i + 2, j + 2], scores[i + 2, j + 3] = s22, s23
        scores[i + 3, j], scores[i + 3, j + 1] = s30, s31
        scores[i + 3, j + 2], scores[i + 3, j + 3] = s32, s33


@njit(**OPTIONS)
def _accumulate(weights, rows, n_out, n_rows, out):
    """out[i] = sum_j weights[i, j] rows[j] for i < n_out, by 4 x 4; blocks of zeros are skipped."""
    dim = rows.shape[1]
    out[:n_out] = 0
    for i in range(0, n_out, 4):
        for j in range(0, n_rows, 4):
            w00, w01 = weights[i, j], weights[i, j + 1]
            w02, w03 = weights[i, j + 2], weights[i, j + 3]
            w10, w11 = weights[i + 1, j], weights[i + 1, j + 1]
            w12, w13 = weights[i + 1, j + 2], weights[i + 1, j + 3]
            w20, w21 = weights[i + 2, j], weights[i + 2, j + 1]
            w22, w23 = weights[i + 2, j + 2], weights[i + 2, j + 3]
            w30, w31 = weights[i + 3, j], weights[i + 3, j + 1]
            w32, w33 = weights[i + 3, j + 2], weights[i + 3, j + 3]
            size = abs(w00) + abs(w01) + abs(w02) + abs(w03)
            size += abs(w10) + abs(w11) + abs(w12) + abs(w13)
            size += abs(w20) + abs(w21) + abs(w22) + abs(w23)
            size += abs(w30) + abs(w31) + abs(w32) + abs(w33)
            if size == 0:
                continue
            for d in range(dim):
                r0, r1, r2, r3 = rows[j, d], rows[j + 1, d], rows[j + 2, d], rows[j + 3, d]
                out[i, d] += w00 * r0 + w01 * r1 + w02 * r2 + w03 * r3
                out[i + 1, d] += w10 * r0 + w11 * r1 + w12 * r2 + w13 * r3
                out[i + 2, d] += w20 * r0 + w21 * r1 + w22 * r2 + w23 * r3
                out[i + 3, d] += w30 * r0 + w31 * r1 + w32 * r2 + w33 * r3


@njit(**OPTIONS)
def update_group(inputs, contexts, words, first, last, centre, around, negatives, nu, rate, work):
    """The summed loss of n neighbouring centre words, which take one step together, in nats.

    words: (n,) ids of the centres; around: (m,) ids of the stretch that holds all their windows;
    centre: (n,) index of each centre in that stretch; first, last: (n,) its window, both included;
    negatives: (n_shared,) ids, a multiple of 4; work: from `group_buffers`.
    """
    left, right, scores, errors, errors_turned, change_left, change_right = work
    n, m, n_shared = len(words), len(around), len(negatives)
    n_left, n_text = (n + 3) // 4 * 4, (m + 3) // 4 * 4
    n_right = n_text + n_shared
    left[n:n_left] = 0
    right[m:n_text] = 0
    _gather(inputs, words, left, 0)
    _gather(contexts, around, right, 0)
    _gather(contexts, negatives, right, n_text)
    for i in range(0, n_left, 4):
        last_of_block = min(i + 4, n) - 1
        start = first[i]
        stop = last[last_of_block] + 1
        for k in range(i, last_of_block + 1):
            start, stop = min(start, first[k]), max(stop, last[k] + 1)
        _products(left, right, i, start // 4 * 4, stop, scores)
        _products(left, right, i, n_text, n_right, scores)

    loss = 0.0
    errors[:n_left, :n_right] = 0
    for i in range(n):
        n_pairs = last[i] - first[i]
        product, linear = 1.0, 0.0
        for j in range(first[i], last[i] + 1):
            score = scores[i, j]
            tail = exp_negative(-abs(score))
            miss = (tail if score > 0 else np.float32(1)) / (np.float32(1) + tail)
            errors[i, j] = rate * miss
            if j != centre[i]:
                linear -= min(score, np.float32(0))
                product *= 1.0 + tail
        errors[i, centre[i]] = 0
        loss += linear + np.log(product)

        weight = np.float32(nu * n_pairs / n_shared)
        product, linear = 1.0, 0.0
        for j in range(n_text, n_right):
            score = scores[i, j]
            tail = exp_negative(-abs(score))
            hit = (np.float32(1) if score > 0 else tail) / (np.float32(1) + tail)
            errors[i, j] = -rate * weight * hit
            linear += max(score, np.float32(0))
            product *= 1.0 + tail
        loss += weight * (linear + np.log(product))

    for i in range(n_left):
        for j in range(n_right):
            errors_turned[j, i] = errors[i, j]
    _accumulate(errors, right, n_left, n_right, change_left)
    _accumulate(errors_turned, left, n_right, n_left, change_right)
    _scatter(change_left, words, inputs, 0)
    _scatter(change_right, around, contexts, 0)
    _scatter(change_right, negatives, contexts, n_text)
    return loss


@njit(**OPTIONS)
def group_buffers(n_group, window, n_shared, dim):
    """The scratch space of `update_group`, each row on a cache line of its own."""
    n_right = (n_group + 2 * window + 3) // 4 * 4 + n_shared
    left, change_left = aligned_rows(n_group, dim), aligned_rows(n_group, dim)
    right, change_right = aligned_rows(n_right, dim), aligned_rows(n_right, dim)
    scores = np.zeros((n_group, n_right), np.float32)
    errors, errors_turned = scores.copy(), np.zeros((n_right, n_group), np.float32)
    return left, right, scores, errors, errors_turned, change_left, change_right
