"""The head as one Triton kernel: product, bias, scale, soft-cap, running log-sum-exp and gather.

A program takes a block of positions and a share of the vocabulary, and keeps three numbers per
position: the largest logit, the sum of exponentials relative to it, and the target's logit. The
shares are put together afterwards. Products accumulate in float32 for every dtype of weights.
"""

import torch
import triton
import triton.language as tl

POSITIONS, VOCABULARY, WIDTH = 64, 128, 32  # sides of the blocks
PROGRAMS = 1024  # about how many there should be to fill a device


@triton.jit
def _tanh(x):
    return 2.0 * tl.sigmoid(2.0 * x) - 1.0


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
    D,
    share,
    scale,
    cap,
    stride_hidden,
    stride_weight,
    HAS_BIAS: tl.constexpr,
    HAS_CAP: tl.constexpr,
    WIDEN: tl.constexpr,
    BLOCK_P: tl.constexpr,
    BLOCK_V: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    rows = tl.program_id(0) * BLOCK_P + tl.arange(0, BLOCK_P)
    first = tl.program_id(1) * share
    last = tl.minimum(first + share, V)
    at = rows.to(tl.int64)
    goal = tl.load(targets + at, mask=rows < P, other=-1)
    top = tl.full((BLOCK_P,), float("-inf"), tl.float32)
    total = tl.zeros((BLOCK_P,), tl.float32)
    logit = tl.zeros((BLOCK_P,), tl.float32)
    for start in range(first, last, BLOCK_V):
        columns = start + tl.arange(0, BLOCK_V)
        far = columns.to(tl.int64)  # V·D passes two thousand million in large vocabularies
        z = tl.zeros((BLOCK_P, BLOCK_V), tl.float32)
        for depth in range(0, D, BLOCK_D):
            d = depth + tl.arange(0, BLOCK_D)
            real_h = (rows < P)[:, None] & (d < D)[None, :]  # (BLOCK_P, BLOCK_D)
            h = tl.load(hidden + at[:, None] * stride_hidden + d[None, :], mask=real_h, other=0.0)
            real_w = (columns < last)[None, :] & (d < D)[:, None]  # (BLOCK_D, BLOCK_V)
            w = tl.load(weight + far[None, :] * stride_weight + d[:, None], mask=real_w, other=0.0)
            if WIDEN:
                h, w = h.to(tl.float32), w.to(tl.float32)
            z = tl.dot(h, w, z, input_precision="ieee")
        if HAS_BIAS:
            z += tl.load(bias + columns, mask=columns < last, other=0.0).to(tl.float32)[None, :]
        z = z * scale
        if HAS_CAP:
            z = cap * _tanh(z / cap)
        logit += tl.sum(tl.where(columns[None, :] == goal[:, None], z, 0.0), 1)
        z = tl.where((columns < last)[None, :], z, float("-inf"))
        higher = tl.maximum(top, tl.max(z, 1))
        total = total * tl.exp(top - higher) + tl.sum(tl.exp(z - higher[:, None]), 1)
        top = higher
    place = tl.program_id(1).to(tl.int64) * P + at
    tl.store(tops + place, top, mask=rows < P)
    tl.store(sums + place, total, mask=rows < P)
    tl.store(logits + place, logit, mask=rows < P)


def log_probabilities(hidden, weight, targets, bias=None, scale=1.0, cap=None):
    """As `kernels.log_probabilities`, on a CUDA device or under Triton's interpreter."""
    (P, D), V = hidden.shape, len(weight)
    hidden, weight = (x if x.stride(1) == 1 else x.contiguous() for x in (hidden, weight))
    blocks = triton.cdiv(P, POSITIONS)
    tiles = triton.cdiv(V, VOCABULARY)
    shares = min(tiles, max(1, PROGRAMS // blocks))
    share = triton.cdiv(tiles, shares) * VOCABULARY
    shares = triton.cdiv(V, share)
    # the interpreter multiplies the integers that it keeps bfloat16 in
    widen = not hidden.is_cuda and hidden.dtype == torch.bfloat16
    tops, sums, logits = parts = hidden.new_empty((3, shares, P), dtype=torch.float32)
    tensors = (hidden, weight, weight if bias is None else bias, targets.contiguous(), *parts)
    numbers = (P, V, D, share, float(scale), float(cap or 1.0), hidden.stride(0), weight.stride(0))
    switches = {"HAS_BIAS": bias is not None, "HAS_CAP": cap is not None, "WIDEN": widen}
    sides = {"BLOCK_P": POSITIONS, "BLOCK_V": VOCABULARY, "BLOCK_D": WIDTH}
    _head[(blocks, shares)](*tensors, *numbers, **switches, **sides)
    return logits.sum(0) - torch.logsumexp(tops + sums.log(), 0)
