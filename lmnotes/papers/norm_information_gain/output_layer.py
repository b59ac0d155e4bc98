"""The exponential family of a language model's output layer: KL of its distributions, exactly and
as a quadratic form.

Oyama, Yokoi and Shimodaira, EMNLP 2023, section 5 and appendix I. Logits <u, v_w> + b_w make a
family p(.|u) with parameter u, whatever the model below them is; so near a reference u_0 of the
same family 2 KL(p(.|u) || p(.|u_0)) = (u - u_0)' G (u - u_0) to second order (eq. 9), where G is
the covariance of the output vectors v under p(.|u_0). Everything runs in blocks: no array of
positions times vocabulary is ever whole in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lmnotes.errors import InputError
from lmnotes.models.scoring.head import Head

NUMBERS = 1 << 21  # logits in float64 at a time
SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)  # of the way from u_0 to u


@dataclass(frozen=True, eq=False)
class Divergence:
    """Information of n positions and the squared lengths that should show it, all (n,) float64.

    kl: KL(p(.|u) || reference), nats. raw: |u|^2. centred: |u - u_0|^2. whitened:
    (u - u_0)' G (u - u_0), about 2 KL.
    """

    kl: np.ndarray
    raw: np.ndarray
    centred: np.ndarray
    whitened: np.ndarray


def from_mean(head: Head, hidden) -> Divergence:
    """Divergences from the mean of the positions' own distributions (eq. 16).

    Args:
        hidden: tensor (n, D). u_0 is their mean, which has nearly, not exactly, that distribution.
    """
    import torch

    with torch.no_grad():
        total = sum(log_p.exp().sum(dim=0) for _, log_p in _log_probabilities(head, hidden))
        log_mean = torch.log(total / len(hidden))  # -inf where no position gives any probability
        return _divergence(head, hidden, hidden.double().mean(dim=0), log_mean)


def from_vector(head: Head, hidden, u_0) -> Divergence:
    """Divergences from the model's distribution at u_0, for which the law is exact near u_0.

    hidden, u_0: tensors (n, D) and (D,).

    >>> import torch
    >>> from lmnotes.models.scoring.head import Head
    >>> head = Head(torch.tensor([[1.0], [-1.0]]), None, 1.0, None)
    >>> away = from_vector(head, torch.tensor([[0.1]]), torch.tensor([0.0]))
    >>> away.kl.round(5), away.whitened.round(5)
    (array([0.00498]), array([0.01]))
    """
    import torch

    with torch.no_grad():
        _, log_reference = next(_log_probabilities(head, u_0[None]))
        return _divergence(head, hidden, u_0.double(), log_reference[0])


def shrink(head: Head, hidden, u_0) -> list[dict]:
    """How 2 KL over the quadratic form nears 1 as positions are moved towards u_0.

    hidden, u_0: tensors (n, D) and (D,). One dict per share of the way: share, median, low and high
    quartile of the ratio.
    """
    rows = []
    for share in SHARES:
        moved = from_vector(head, u_0 + share * (hidden - u_0), u_0)
        away = moved.whitened > 0
        if not away.any():
            given = f"all {len(hidden)} positions have the distribution of u_0"
            raise InputError(f"{given}: expected different ones; give more positions")
        ratio = 2 * moved.kl[away] / moved.whitened[away]
        low, median, high = np.quantile(ratio, [0.25, 0.5, 0.75])
        rows.append({"share": share, "median": median, "low": low, "high": high})
    return rows


def _log_probabilities(head: Head, hidden) -> Iterator[tuple]:
    """log p(.|u) (b, V) float64 of blocks of rows, with the slice of each."""
    size = max(1, NUMBERS // len(head.weight))
    for first in range(0, len(hidden), size):
        block = slice(first, first + size)
        yield block, _logits(head, hidden[block]).log_softmax(dim=-1)


def _logits(head: Head, hidden):
    """(n, V) float64."""
    z = hidden.to(head.weight.dtype) @ head.weight.T
    z = (z if head.bias is None else z + head.bias).double() * head.scale
    return z if head.cap is None else head.cap * (z / head.cap).tanh()


def _divergence(head: Head, hidden, origin, log_reference) -> Divergence:
    """KL from the distribution exp(log_reference) (V,), and squared lengths from origin (D,)."""
    import torch

    kl = hidden.new_empty(len(hidden), dtype=torch.float64)
    for block, log_p in _log_probabilities(head, hidden):
        p = log_p.exp()
        kl[block] = torch.where(p > 0, p * (log_p - log_reference), 0.0).sum(dim=1)
    vectors = hidden.double()
    moved = vectors - origin
    fisher = _fisher(head, origin, log_reference.exp())
    lengths = (vectors.square().sum(1), moved.square().sum(1), ((moved @ fisher) * moved).sum(1))
    return Divergence(*(values.cpu().numpy() for values in (kl, *lengths)))


def _fisher(head: Head, origin, p):
    """The covariance G (D, D) of the output vectors under p (V,), float64.

    Output vectors are derivatives of logits at `origin`: scale v, and less where a soft-cap bends.
    """
    slope = p.new_full((len(p),), head.scale)
    if head.cap is not None:
        slope = head.scale * (1 - (_logits(head, origin[None])[0] / head.cap).square())
    size = max(1, NUMBERS // head.weight.shape[1])
    blocks = [slice(first, first + size) for first in range(0, len(p), size)]

    def vectors(block):
        return head.weight[block].double() * slope[block, None]

    mean = sum(p[block] @ vectors(block) for block in blocks)
    return sum(
        ((vectors(block) - mean) * p[block, None]).T @ (vectors(block) - mean) for block in blocks
    )
