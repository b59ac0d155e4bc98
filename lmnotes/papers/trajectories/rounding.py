"""Models with rounded weights: simulated on any machine, or by bitsandbytes on a GPU.

    w -> s round(w / s),   s = max|w| / (2^(bits - 1) - 1)

symmetric rounding to the largest absolute value of a tensor, or of each output column (sheet,
section 5); or, as bitsandbytes does with 4 bits, the nearest value of a code times the largest
absolute value of each block of 64 inputs (QLoRA, Dettmers et al. 2023, section 3). Activations stay
as they are; bitsandbytes' 8 bits round those, too. Score the original and the copy with one
program, on the same texts, and clip both with one threshold.
"""

import copy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from lmnotes import parallel, store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.models.scoring import identity, loading, score
from lmnotes.models.scoring.loading import Scorer
from lmnotes.models.scoring.rule import PUBLISHED, Rule
from lmnotes.text.chunks import TextSet

if TYPE_CHECKING:
    import torch

Per = Literal["tensor", "column", "nf4", "fp4"]
How = Literal["simulated", "bitsandbytes"]
BITS = (8, 6, 5, 4, 3, 2)
BLOCK = 64  # inputs of an output that share a scale in a code
_FP4 = (0.0052083333, 1 / 6, 0.25, 1 / 3, 0.5, 2 / 3, 1.0)  # two bits of exponent, one of mantissa
CODES = {
    "fp4": (*(-value for value in reversed(_FP4)), 0.0, *_FP4),
    "nf4": (  # the means of 16 equally likely parts of a Gaussian, 0 among them: QLoRA, appendix E
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ),
}
_KIND = "quantised"  # of artefacts


def rounded(
    weights: "torch.Tensor", bits: int, per: Per = "column", axis: int = 0
) -> "torch.Tensor":
    """The weights on a grid of 2^bits - 1 values that is symmetric about 0, of the same dtype.

    Args:
        weights: of any shape.
        bits: 2..16; 4 for a code.
        per: one scale for all, or one for each index along `axis`, or a code of `CODES` with one
            for each block of 64 along the other axes.
        axis: of the outputs: 0 for torch's Linear, (outputs, inputs).

    On a grid no entry moves by more than s / 2, and ties go to the even neighbour. Scales are
    taken in float32 at least.

    >>> import torch
    >>> weights = torch.tensor([[1.0, 0.5], [10.0, -6.0]])
    >>> rounded(weights, 2).tolist(), rounded(weights, 2, "tensor").tolist()
    ([[1.0, 0.0], [10.0, -10.0]], [[0.0, 0.0], [10.0, -10.0]])
    """
    import torch

    if not weights.is_floating_point():
        given = f"weights of type {weights.dtype} were given"
        raise InputError(f"{given}; expected floating-point numbers: convert them first")
    expect_one_of("bits", bits, range(2, 17))
    expect_one_of("per", per, ("tensor", "column", *CODES))
    wide = weights.to(torch.promote_types(weights.dtype, torch.float32))
    if per in CODES:
        expect_one_of(f"bits of {per}", bits, (4,))
        return _coded(wide, CODES[per], axis).to(weights.dtype)
    others = [i for i in range(wide.ndim) if per == "tensor" or i != axis]
    top = wide.abs().amax(dim=others or (), keepdim=True)
    scale = top / (2 ** (bits - 1) - 1)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))  # of zeros
    return ((wide / scale).round() * scale).to(weights.dtype)


def quantised(
    model: "torch.nn.Module", bits: int, per: Per = "column", *, head: bool = False
) -> "torch.nn.Module":
    """A copy of a model whose linear layers have rounded weights.

    Args:
        bits: 2..16. per: as in `rounded`.
        head: rounds the output layer, too; where it is tied to the embeddings these change with
            it. bitsandbytes leaves both alone, as it does biases, norms and embeddings.

    Linear layers are those of torch, and GPT-2's `Conv1D`; experts that are stored as one tensor
    stay as they are. Raises InputError where there is none.
    """
    import torch

    made = copy.deepcopy(model)
    layers = list(linear_layers(made, head=head))
    if not layers:
        given = f"{type(model).__name__} has no linear layer to round"
        raise InputError(f"{given}; expected a neural model: an n-gram model has counts")
    with torch.no_grad():
        for _, layer, axis in layers:
            layer.weight.copy_(rounded(layer.weight, bits, per, axis))
    return made


def linear_layers(model: "torch.nn.Module", *, head: bool = False):
    """Names, layers and the axis of their outputs, of all that `quantised` rounds."""
    import torch
    from transformers.pytorch_utils import Conv1D

    output = getattr(model, "get_output_embeddings", lambda: None)()
    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.Linear | Conv1D) and (head or layer is not output):
            yield name, layer, 1 if isinstance(layer, Conv1D) else 0


def scores(
    model: str | Path,
    texts: TextSet,
    bits: Sequence[int] = BITS,
    per: Per = "column",
    *,
    rule: Rule = PUBLISHED,
    head: bool = False,
    how: How = "simulated",
) -> np.ndarray:
    """Log-likelihoods of a model and its copies, (1 + len(bits), N) nats, full precision first.

    Args:
        model: a folder or hub id; others as in `quantised`. Kept as an artefact.
        how: "bitsandbytes" takes 8 and 4 bits of `load_bitsandbytes`, for which per and head mean
            nothing; the rule should then compute in float16, as in the paper.
    """

    def copy_of(full: Scorer, n: int) -> Scorer:
        if how == "bitsandbytes":
            return load_bitsandbytes(full.name, n)
        made = quantised(full.model, n, per, head=head)
        return loading.wrap(made, full.tokenizer, name=f"{full.name} ({n} bits)", dtype=full.asked)

    def write(folder: Path) -> None:
        np.save(folder / "log_likelihood.npy", _scored(str(model), texts, bits, rule, copy_of))

    key = _key(model, texts, bits, per, rule, head, how)
    return np.load(store.build(_KIND, key, write) / "log_likelihood.npy")


def scores_of(
    models: Sequence[str | Path],
    texts: TextSet,
    bits: Sequence[int] = BITS,
    per: Per = "column",
    *,
    rule: Rule = PUBLISHED,
    how: How = "simulated",
    workers: int | None = None,
) -> list[np.ndarray]:
    """`scores` of each model; those that are not stored side by side in a few processes.

    Args:
        workers: processes; by default one for each core; 0 or 1 for what holds a GPU.
    """
    score_one = partial(scores, texts=texts, bits=tuple(bits), per=per, rule=rule, how=how)
    keys = {model: _key(model, texts, bits, per, rule, False, how) for model in models}
    missing = [model for model, key in keys.items() if not store.place(_KIND, key).exists()]
    list(parallel.map_items(score_one, missing, workers=workers, least=2))
    return [score_one(model) for model in models]


def _key(model, texts, bits, per, rule, head, how) -> dict:
    """What decides the stored scores of a model and its copies."""
    key = {"model": identity.identify(model).id, "rule": rule.name, "texts": texts.content_id}
    key |= {"bits": [int(n) for n in bits], "per": per, "head": head}
    return key | ({} if how == "simulated" else {"how": how})


def load_bitsandbytes(
    model: str, bits: int = 8, *, code: Literal["fp4", "nf4"] = "fp4", revision: str | None = None
) -> Scorer:
    """A `Scorer` of a model quantised by bitsandbytes, computing in float16, as in the paper.

    Args:
        bits: 8 (LLM.int8) or 4. code: of 4 bits; the paper's is FP4, its program's default.

    Needs a CUDA device and the package bitsandbytes, which is optional. Score with
    `Rule(dtype="float16")`.
    """
    import torch
    from transformers import BitsAndBytesConfig

    expect_one_of("bits (`quantised` simulates other widths)", bits, (8, 4))
    expect_one_of("code", code, ("fp4", "nf4"))
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "load_bitsandbytes was called; expected the package bitsandbytes, which is optional: "
            "pip install bitsandbytes accelerate, or take rounding.quantised"
        ) from error
    if not torch.cuda.is_available():
        given = "load_bitsandbytes was called where torch sees no GPU"
        raise InputError(f"{given}; expected a CUDA device: take rounding.quantised")
    settings = BitsAndBytesConfig(
        load_in_8bit=bits == 8,
        load_in_4bit=bits == 4,
        bnb_4bit_quant_type=code,
        bnb_4bit_compute_dtype=torch.float16,
    )
    options = {"revision": revision, "device_map": {"": 0}, "dtype": torch.float16}
    loaded = loading.causal_model(model, quantization_config=settings, **options)
    tokenizer = loading.tokenizer_of(model, revision=revision)
    name = f"{model} ({bits} bits)"
    return loading.wrap(loaded, tokenizer, name=name, revision=revision or "", dtype="float16")


def _scored(model, texts, bits, rule, copy_of) -> np.ndarray:
    """Scores at full precision, then of copy_of(scorer, bits) for each width."""
    who = identity.identify(model)
    full = loading.load(who.model, revision=who.hub_revision, dtype=rule.dtype)
    rows = [score.score_texts(full, texts, rule=rule).log_likelihood]
    rows += [score.score_texts(copy_of(full, n), texts, rule=rule).log_likelihood for n in bits]
    return np.stack(rows)


def _coded(weights: "torch.Tensor", code: Sequence[float], axis: int) -> "torch.Tensor":
    """The nearest values of a code, times the largest of each block of 64 inputs."""
    import torch

    rows = weights.movedim(axis, 0)
    inputs = rows.flatten(1)  # (outputs, inputs)
    short = -inputs.shape[1] % BLOCK
    blocks = torch.nn.functional.pad(inputs, (0, short)).unflatten(1, (-1, BLOCK))
    top = blocks.abs().amax(dim=2, keepdim=True)
    values = weights.new_tensor(code)
    nearest = torch.bucketize(blocks / top.clamp(min=1e-30), (values[1:] + values[:-1]) / 2)
    made = (values[nearest] * top).flatten(1)[:, : inputs.shape[1]]
    return made.reshape(rows.shape).movedim(0, axis)
