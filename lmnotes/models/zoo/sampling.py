"""Texts drawn from a small causal LM, and its log-probabilities of given ids, in plain torch.

For models whose ids mean the same thing, such as the byte-level ones of the zoo: with them the KL
divergence between two models is a mean over draws, without any approximation. Ids here never hold
the BOS id in front; it is put there for the model and not scored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models import ngram_lookup

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Drawn:
    """Texts that a model wrote: ids (N, T) and the log-probability of each under it, nats."""

    ids: np.ndarray  # (N, T) int64
    log_probability: np.ndarray  # (N, T) float64


def draw(model: "torch.nn.Module", bos: int, n: int, length: int, seed: int) -> Drawn:
    """n texts of `length` ids drawn from the model after BOS, at temperature 1.

    The same seed gives the same texts on the same machine and torch.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    ids = torch.full((n, 1), bos, dtype=torch.long)
    chosen, memory = [], None
    with torch.inference_mode():
        for _ in range(length):
            logits, memory = _step(model, ids, memory)
            log_probability = torch.log_softmax(logits.double(), dim=-1)  # (N, V)
            following = torch.multinomial(log_probability.exp(), 1, generator=generator)
            chosen.append(log_probability.gather(1, following))
            ids = torch.cat([ids, following], dim=1)
    return Drawn(ids[:, 1:].numpy(), torch.cat(chosen, dim=1).numpy())


def log_probabilities(
    model: "torch.nn.Module", bos: int, ids: np.ndarray, batch: int = 32
) -> np.ndarray:
    """The log-probability of every id given those before it, (N, T) float64 nats."""
    ids = np.asarray(ids)
    if ngram_lookup.fits(model):
        return ngram_lookup.log_probabilities(model, _after(bos, ids))
    values = [
        np.take_along_axis(_log_softmax(logits), rows[:, :, None], axis=2)[:, :, 0]
        for rows, logits in _logits(model, bos, ids, batch)
    ]
    return np.concatenate(values).astype(np.float64)


def distributions(
    model: "torch.nn.Module", bos: int, ids: np.ndarray, batch: int = 32
) -> np.ndarray:
    """The log-probability of every possible next id at every place, (N, T, V) float32 nats."""
    logits = _logits(model, bos, np.asarray(ids), batch)
    return np.concatenate([_log_softmax(values) for _, values in logits])


def next_hits(model: "torch.nn.Module", bos: int, ids: np.ndarray, batch: int = 32) -> np.ndarray:
    """Whether the likeliest id is the one that stands there, (N, T) bool."""
    logits = _logits(model, bos, np.asarray(ids), batch)
    return np.concatenate([full.argmax(dim=2).cpu().numpy() == rows for rows, full in logits])


def _logits(
    model: "torch.nn.Module", bos: int, ids: np.ndarray, batch: int
) -> Iterator[tuple[np.ndarray, "torch.Tensor"]]:
    """Rows of ids with the model's logits there in float32, (n, T) and (n, T, V)."""
    import torch

    device = next(iter([*model.parameters(), *model.buffers()])).device
    for start in range(0, len(ids), batch):
        rows = ids[start : start + batch]
        shifted = torch.from_numpy(_after(bos, rows)[:, :-1]).to(device)
        with torch.inference_mode():
            yield rows, model(input_ids=shifted).logits.float()


def _log_softmax(logits: "torch.Tensor") -> np.ndarray:
    return logits.log_softmax(dim=-1).cpu().numpy()


def _after(bos: int, ids: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full((len(ids), 1), bos), ids], axis=1)


def _step(model: "torch.nn.Module", ids: "torch.Tensor", memory: object) -> tuple:
    """Logits (N, V) after the last id, and what the model remembers of the ids so far."""
    if order := getattr(model.config, "order", None):  # an n-gram model looks no further back
        return model(input_ids=ids[:, -order:]).logits[:, -1], None
    new = ids if memory is None else ids[:, -1:]
    output = model(input_ids=new, past_key_values=memory, use_cache=True)
    return output.logits[:, -1], output.past_key_values
