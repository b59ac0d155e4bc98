"""Head, log-softmax and gather in tiles of positions times vocabulary that stay in the cache.

Each tile of logits is one matrix product; what is kept of it is a running sum of exponentials. The
reference that is subtracted before the exponential is the row's maximum over the first tile alone,
so that later tiles need no maximum; a row whose logits then rise by more than 88 overflows, which
is seen in its sum, and is done again with a true running maximum.

On few threads the exponentials would take a sixth of the time of the products, and are summed by
`exponentials`; on many, torch divides them among its threads. Where a head is used for many tiles,
`pack` puts its weights once into the order that MKL's products otherwise make for each tile anew.
"""

from functools import cache
from importlib import util

import llvmlite.binding
import torch

POSITIONS, VOCABULARY = 256, 1024  # tile sides, by measurement: 1 MB of float32
FEW_THREADS = 4


@cache
def missing_triton() -> bool:
    """Whether Triton cannot be imported here."""
    return util.find_spec("triton") is None


def pack(weight: torch.Tensor) -> tuple:
    """Blocks of a head's weight (V, D) for `log_probabilities`, as large as the weight in float32.

    Empty for another device or library, and for half precision that is multiplied faster as it is;
    products of blocks are float32, and rounded as little.
    """
    usable = weight.device.type == "cpu" and torch.backends.mkl.is_available()
    if not usable or (weight.dtype != torch.float32 and _is_fast(weight.dtype)):
        return ()
    reorder = torch.ops.mkl._mkl_reorder_linear_weight
    blocks = weight.detach().split(VOCABULARY)
    return tuple(reorder(block.float().contiguous(), POSITIONS) for block in blocks)


def _is_fast(dtype) -> bool:
    """Whether this processor has units for products of matrices in half precision: without them
    they take up to twice the time of float32. A measurement could say otherwise next time, and give
    other last bits."""
    unit = {torch.bfloat16: "amx-bf16", torch.float16: "amx-fp16"}.get(dtype, "")
    return llvmlite.binding.get_host_cpu_features().get(unit, False)


def log_probabilities(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    bias: torch.Tensor | None = None,
    scale: float = 1.0,
    cap: float | None = None,
    blocks: tuple = (),
) -> torch.Tensor:
    """As `kernels.log_probabilities`, in plain torch on any device."""
    out = hidden.new_empty(len(hidden), dtype=torch.float32)
    for start in range(0, len(hidden), POSITIONS):
        rows = slice(start, start + POSITIONS)
        chunk, goal = hidden[rows], targets[rows]
        tiles = _tiles(chunk, weight, bias, blocks)
        lifted = _log_normaliser(tiles, scale, cap, _adder(chunk))
        bad = ~lifted.isfinite()
        if bad.any():
            tiles = _tiles(chunk[bad], weight, bias)
            lifted[bad] = _log_normaliser(tiles, scale, cap)
        logit = (chunk.float() * weight[goal].float()).sum(1)  # exact where tiles are rounded
        logit = logit if bias is None else logit + bias[goal]
        lifted[goal < 0] = float("nan")
        out[rows] = _shape(logit, scale, cap) - lifted
    return out


def _log_normaliser(tiles, scale, cap, add=None):
    """log of the sum over the vocabulary of exp f(z), (P,) float32: with `add` exponentials over
    the maximum of the first tile, without over a running one, which never overflows."""
    safe, add = add is None, add or _add_by_torch
    for number, tile in enumerate(tiles):  # (P, at most VOCABULARY)
        tile = _shape(tile, scale, cap)
        if number == 0:
            reference = tile.amax(1, keepdim=True)  # (P, 1)
            total = torch.zeros_like(reference)
        elif safe:
            top = torch.maximum(tile.amax(1, keepdim=True), reference)
            total = total * (reference - top).exp_()
            reference = top
        add(tile, reference, total)
    return (reference + total.log_()).squeeze(1)


def _adder(hidden):
    """The faster of two ways to add exponentials where `hidden` lies."""
    if hidden.device.type != "cpu" or torch.get_num_threads() > FEW_THREADS:
        return _add_by_torch
    from lmnotes.models.scoring.kernels.exponentials import add_exponentials

    return lambda tile, reference, total: add_exponentials(
        tile.numpy(), reference[:, 0].numpy(), total[:, 0].numpy()
    )


def _add_by_torch(tile, reference, total):
    total += tile.sub_(reference).exp_().sum(1, keepdim=True)


def _tiles(hidden, weight, bias, blocks=()):
    """The logits before scaling, tile after tile in one buffer of float32."""
    same = torch.float32 in (hidden.dtype, weight.dtype) or bool(blocks)
    hidden = hidden.float() if same else hidden
    buffer = hidden.new_empty(len(hidden) * VOCABULARY if same else 0)
    for start in range(0, len(weight), VOCABULARY):
        rows = weight[start : start + VOCABULARY]  # (at most VOCABULARY, D)
        if blocks and len(hidden) == POSITIONS:
            sides = hidden.new_empty(()).expand(rows.shape)  # of which nothing else is read
            product = torch.ops.mkl._mkl_linear
            tile = product(hidden, blocks[start // VOCABULARY], sides, None, POSITIONS)
        elif same:
            columns = rows.float().T
            tile = buffer[: len(hidden) * columns.shape[1]].view(len(hidden), -1)
            torch.mm(hidden, columns, out=tile)
        else:
            tile = torch.mm(hidden, rows.T).float()  # products summed in float32, then rounded
        yield tile if bias is None else tile.add_(bias[start : start + VOCABULARY])


def _shape(logits, scale, cap):
    logits = logits if scale == 1 else logits.mul_(scale)
    return logits if cap is None else logits.div_(cap).tanh_().mul_(cap)
