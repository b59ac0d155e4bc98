"""The head as one Triton kernel: product, bias, scale, soft-cap and running log-sum-exp.

A program takes a block of positions and a share of the vocabulary, and keeps two numbers per
position: the largest logit, and the sum of powers of two relative to it, as logits are measured in
units of log 2. The shares are put together afterwards; the first also has the targets' logits.
Products accumulate in float32 for every dtype of weights; those of float32 itself are three of TF32
on CUDA, with an error of about 2^-21 (`tf32x3` of Triton), as tensor cores have no float32.

On a GPU the sides of the blocks are measured once for each width and dtype, and remembered by
Triton on disk; other sides move the last bits. The kernel has run under Triton's interpreter and
been compiled for compute capabilities 8.0 and 9.0; it has not been timed on a GPU.
"""

from math import log

import torch
import triton
import triton.language as tl

UNIT = 256  # columns; every share of the vocabulary is a multiple of it, and so of every BLOCK_V
PROGRAMS = 2048  # about how many there should be to fill a device to the end
LEAST_SHARES = 8  # so that neighbours in time have few positions, and the L2 cache holds them
GROUP = tl.constexpr(16)  # blocks; their states take 32 MB at most, 8,192 wide in half precision
TUNE_FROM = 4096  # positions; for fewer no measurement pays


@triton.jit
def _shaped(z, slope, cap):
    z = z * slope
    if cap is not None:
        z = cap * (2.0 * tl.sigmoid(2.0 * z) - 1.0)  # tanh
    return z


@triton.jit
def _head(
    hidden,
    weight,
    bias,
    targets,
    tops,
    sums,
    logits,
    P,
    V,
    share,
    slope,
    cap,
    stride_hidden,
    stride_weight,
    D: tl.constexpr,
    PRECISION: tl.constexpr,
    BLOCK_P: tl.constexpr,
    BLOCK_V: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    # programs that follow each other take GROUP blocks of positions, then the next share: both the
    # states and the weights that run at a time stay in the L2 cache
    shares = tl.cdiv(V, share)
    group = tl.program_id(0) // (GROUP * shares)
    member = tl.program_id(0) % (GROUP * shares)
    size = tl.minimum(tl.cdiv(P, BLOCK_P) - group * GROUP, GROUP)
    rows = (group * GROUP + member % size) * BLOCK_P + tl.arange(0, BLOCK_P)
    first = member // size * share
    last = tl.minimum(first + share, V)
    d = tl.arange(0, BLOCK_D)
    # what lies beyond an edge is read from the edge: no mask in the inner loop
    near = tl.minimum(rows, P - 1).to(tl.int64)
    states = hidden + near[:, None] * stride_hidden + d[None, :]  # (BLOCK_P, BLOCK_D)
    if first == 0:
        goal = tl.load(targets + near).to(tl.int64)
        known = (goal >= 0) & (goal < V)
        z = tl.zeros((BLOCK_P,), tl.float32)
        for depth in range(0, D, BLOCK_D):
            at, real = d + depth, known[:, None] & (d < D - depth)[None, :]
            h = tl.load(states + depth, mask=real, other=0.0).to(tl.float32)
            w = tl.load(weight + goal[:, None] * stride_weight + at[None, :], mask=real, other=0.0)
            z += tl.sum(h * w.to(tl.float32), 1)
        if bias is not None:
            z += tl.load(bias + goal, mask=known, other=0.0).to(tl.float32)
        z = tl.where(known, _shaped(z, slope, cap), float("nan"))
        tl.store(logits + rows, z, mask=rows < P)
    top = tl.full((BLOCK_P,), float("-inf"), tl.float32)
    total = tl.zeros((BLOCK_P,), tl.float32)
    for start in range(first, last, BLOCK_V):
        columns = start + tl.arange(0, BLOCK_V)
        far = tl.minimum(columns, V - 1).to(tl.int64)  # V·D passes 2^31 in large vocabularies
        h_at = states
        w_at = weight + far[None, :] * stride_weight + d[:, None]  # (BLOCK_D, BLOCK_V)
        z = tl.zeros((BLOCK_P, BLOCK_V), tl.float32)
        for depth in range(0, D, BLOCK_D):
            if D % BLOCK_D == 0:
                h, w = tl.load(h_at), tl.load(w_at)
            else:
                h = tl.load(h_at, mask=(d < D - depth)[None, :], other=0.0)
                w = tl.load(w_at, mask=(d < D - depth)[:, None], other=0.0)
            z = tl.dot(h, w, z, input_precision=PRECISION)
            h_at += BLOCK_D
            w_at += BLOCK_D
        if bias is not None:
            z += tl.load(bias + columns, mask=columns < last, other=0.0).to(tl.float32)[None, :]
        z = _shaped(z, slope, cap)
        z = tl.where((columns < last)[None, :], z, float("-inf"))
        higher = tl.maximum(top, tl.max(z, 1))
        base = tl.where(higher == float("-inf"), 0.0, higher)  # all were ruled out so far
        total = total * tl.exp2(top - base) + tl.sum(tl.exp2(z - base[:, None]), 1)
        top = higher
    place = (member // size).to(tl.int64) * P + rows
    tl.store(tops + place, top, mask=rows < P)
    tl.store(sums + place, total, mask=rows < P)


def _sides(positions, vocabulary, width, warps, stages):
    blocks = {"BLOCK_P": positions, "BLOCK_V": vocabulary, "BLOCK_D": width}
    return triton.Config(blocks, num_warps=warps, num_stages=stages)


# By bytes of a number; the first is for few positions and fits into every device's memory. What a
# device has no room for is left out by Triton.
CHOICES = {
    2: [
        *(_sides(64, 128, 64, 4, 3), _sides(128, 128, 64, 8, 3)),
        *(_sides(128, 256, 64, 8, 3), _sides(128, 256, 64, 8, 4)),
    ],
    4: [_sides(64, 64, 32, 4, 3), _sides(128, 64, 32, 8, 3), _sides(128, 128, 32, 8, 3)],
}
TUNED = {
    size: triton.autotune(choices, key=["D"], cache_results=True)(_head)
    for size, choices in CHOICES.items()
}
INTERPRETED = not isinstance(_head, triton.runtime.JITFunction)


def log_probabilities(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    bias: torch.Tensor | None = None,
    scale: float = 1.0,
    cap: float | None = None,
) -> torch.Tensor:
    """As `kernels.log_probabilities`, on a CUDA device or under Triton's interpreter."""
    (P, D), V = hidden.shape, len(weight)
    if INTERPRETED and hidden.dtype == torch.bfloat16:  # it multiplies the integers that they are
        hidden, weight = hidden.float(), weight.float()
    hidden, weight = (x if x.stride(1) == 1 else x.contiguous() for x in (hidden, weight))
    size = hidden.element_size()
    n_shares = max(LEAST_SHARES, triton.cdiv(PROGRAMS, triton.cdiv(P, 64)))
    share = triton.cdiv(triton.cdiv(V, UNIT), n_shares) * UNIT
    n_shares = triton.cdiv(V, share)
    tops, sums = hidden.new_empty((2, n_shares, P), dtype=torch.float32)
    logits = hidden.new_empty(P, dtype=torch.float32)
    # f(z) / log 2 is slope·z, or cap·tanh(slope·z)
    terms = (scale / log(2), None) if cap is None else (scale / cap, cap / log(2))
    is_split = size == 4 and not (INTERPRETED or torch.version.hip)
    tensors = hidden, weight, bias, targets.contiguous(), tops, sums, logits
    numbers = P, V, share, *terms, hidden.stride(0), weight.stride(0)
    kernel, sides = _head, CHOICES[size][0].all_kwargs()
    if P >= TUNE_FROM and not INTERPRETED:
        kernel, sides = TUNED[size], {}
    grid = lambda chosen: (triton.cdiv(P, chosen["BLOCK_P"]) * n_shares,)  # noqa: E731
    kernel[grid](*tensors, *numbers, D=D, PRECISION="tf32x3" if is_split else "ieee", **sides)
    return log(2) * logits - torch.logsumexp(log(2) * (tops + sums.log2()), 0)
