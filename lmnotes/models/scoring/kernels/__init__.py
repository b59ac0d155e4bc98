"""Log-probabilities of given tokens from hidden states, without the logits ever being in memory.

One call for every device: blocked matrix products on the CPU (`cpu`), a Triton kernel on CUDA
(`triton_head`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def log_probabilities(
    hidden: "torch.Tensor",
    weight: "torch.Tensor",
    targets: "torch.Tensor",
    *,
    bias: "torch.Tensor | None" = None,
    scale: float = 1.0,
    cap: float | None = None,
    blocks: tuple = (),
) -> "torch.Tensor":
    """log softmax(f(hidden weightᵀ + bias)) at each target, (P,) float32 nats.

    Args:
        hidden: (P, D), the head's input at P positions.
        weight: (V, D), of the same dtype; beside hidden states in float32 it may be of half
            precision, and products are summed in float32 whatever the device.
        targets: (P,) int64, the token whose probability is wanted; below 0 for none, which is NaN.
        bias: (V,) or None.
        scale, cap: f(z) = scale·z, or cap·tanh(scale·z / cap) where there is a cap.
        blocks: what `cpu.pack` made of the weight; used on a CPU alone.

    >>> import torch
    >>> hidden, weight = torch.zeros(1, 2), torch.ones(4, 2)
    >>> log_probabilities(hidden, weight, torch.tensor([3])).exp()
    tensor([0.2500])
    """
    import torch

    from lmnotes.models.scoring.kernels import cpu

    settings = (weight, targets, bias, scale, cap)
    with torch.no_grad():
        if hidden.is_cuda and not cpu.missing_triton():
            from lmnotes.models.scoring.kernels import triton_head

            with torch.cuda.device_of(hidden):  # Triton starts kernels on the current device
                return triton_head.log_probabilities(hidden.to(weight.dtype), *settings)
        return cpu.log_probabilities(hidden, *settings, blocks)
