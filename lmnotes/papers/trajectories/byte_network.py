"""The byte model of `long_run`: its network, what it reads, and the contexts of texts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from lmnotes.models.zoo import data

BOS = 256  # the id before a text, after the bytes
_CUT = 1 / 8  # share of examples whose context begins within it, as at the start of a text


@dataclass(frozen=True)
class Recipe:
    """How a run comes about.

    Args:
        checkpoints: steps whose weights are kept, the last one the end of the run.
        schedule: of the learning rate after `warm_up` steps: constant, or a cosine to a tenth.
        decay: of the weights, decoupled: at each step they lose rate * decay of themselves.
        domains: of the installed text, in equal shares; all where none is named.
        start: the run to go on from, at its step `start_step`, with a fresh optimiser.
        seed: of fresh weights. What is read depends on domains and step alone.
        forget: the moving average of the weights keeps 1 - forget of itself at a step.
    """

    checkpoints: tuple[int, ...]
    rate: float = 2e-3
    schedule: Literal["constant", "cosine"] = "constant"
    warm_up: int = 200
    decay: float = 0.0
    domains: tuple[str, ...] = ()
    start: "Recipe | None" = None
    start_step: int = 0
    seed: int = 1
    width: int = 32
    embedded: int = 16
    context: int = 16
    batch: int = 256
    forget: float = 0.01

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return max(self.checkpoints)


def learning_rate(recipe: Recipe, step: int) -> float:
    """The learning rate of a step: a linear rise, then constant, or a cosine to a tenth.

    >>> learning_rate(Recipe((400,), rate=1.0, schedule="cosine"), 400)
    0.1
    """
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    if recipe.schedule == "constant":
        return recipe.rate
    done = (step - recipe.warm_up) / max(recipe.n_steps - recipe.warm_up, 1)
    return recipe.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def create(recipe: Recipe):
    """The network: ids (B, context) to logits (B, 256) of the next byte."""
    from torch import nn

    return nn.Sequential(
        nn.Embedding(BOS + 1, recipe.embedded),
        nn.Flatten(),
        nn.Linear(recipe.context * recipe.embedded, recipe.width),
        nn.ReLU(),
        nn.Linear(recipe.width, recipe.width),
        nn.ReLU(),
        nn.Linear(recipe.width, 256),
    )


def pull(weights: Sequence, grads: Sequence, ids) -> float:
    """The mean loss of contexts with the next byte, ids (B, context + 1), in nats; its gradient is
    put into grads, by weights as the parameters of `create`. Written out, a step costs half."""
    import torch

    (table, *weights), (by_table, *grads) = weights, grads
    given, targets = ids[:, :-1].flatten(), ids[:, -1:]
    layers = [table[given].view(len(ids), -1)]
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        layers.append(bias.addmm(layers[-1].relu_() if layers[1:] else layers[-1], weight.t()))
    grad = layers.pop().log_softmax(1)
    loss = -grad.gather(1, targets).mean().item()
    grad.exp_().scatter_add_(1, targets, grad.new_tensor(-1).expand(targets.shape)).div_(len(ids))
    for k in reversed(range(len(layers))):
        torch.mm(grad.t(), layers[k], out=grads[2 * k])
        torch.sum(grad, 0, out=grads[2 * k + 1])
        grad = grad @ weights[2 * k]
        if k:
            grad *= layers[k] > 0
    by_table.zero_().index_add_(0, given, grad.view(-1, table.shape[1]))
    return loss


@lru_cache(maxsize=8)
def _source(domains: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All bytes of the domains, and where each begins and how long it is."""
    streams = data.byte_streams()
    chosen = [streams[name] for name in domains or streams]
    lengths = np.array([len(stream) for stream in chosen])
    return np.concatenate(chosen), np.cumsum(lengths) - lengths, lengths


def examples(recipe: Recipe, step: int) -> np.ndarray:
    """(batch, context + 1) int64: contexts with the next byte, the same for the same step."""
    stream, begins, lengths = _source(recipe.domains)
    width = recipe.context + 1
    places = np.random.default_rng([7, step]).random((4, recipe.batch))
    domain = (places[0] * len(begins)).astype(np.int64)
    first = begins[domain] + (places[1] * (lengths[domain] - width)).astype(np.int64)
    ids = stream[first[:, None] + np.arange(width)].astype(np.int64)
    known = np.where(places[2] < _CUT, (places[3] * recipe.context).astype(np.int64), width)
    ids[:, :-1][np.arange(recipe.context) < recipe.context - known[:, None]] = BOS
    return ids


def contexts(texts: Sequence[str], context: int):
    """Contexts (n, context) and targets (n,) of all bytes, and the text that each is of."""
    import torch

    texts_bytes = [np.frombuffer(text.encode(), np.uint8).astype(np.int64) for text in texts]
    padded = [np.concatenate([np.full(context, BOS), ids]) for ids in texts_bytes]
    windows = [np.lib.stride_tricks.sliding_window_view(ids, context)[:-1] for ids in padded]
    place = np.repeat(np.arange(len(texts)), [len(ids) for ids in texts_bytes])
    targets = np.concatenate(texts_bytes)
    return torch.from_numpy(np.concatenate(windows)), torch.from_numpy(targets), place
