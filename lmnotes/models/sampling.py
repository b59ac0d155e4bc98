"""Texts drawn from a causal LM, its log-probabilities, and KL along texts, in plain torch.

For models whose ids mean the same thing, such as the byte-level ones of the zoo: with them the KL
divergence between two models is a mean over draws, without any approximation. It is that of the
log-ratio of each text (Monte Carlo), and that of the sum, over the places of the text, of the exact
KL between the two laws of the next id (Rao-Blackwell): Amini, Vieira and Cotterell, "Better
Estimation of the KL Divergence Between Language Models", NeurIPS 2025, arXiv 2504.10637 (their
code: kl-rb). The latter is never negative and mostly varies far less. They state that it never
varies more; it may, where what one place loses the next wins (the tests have such a pair of laws).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes.errors import InputError, Shown
from lmnotes.models import ngram_lookup

if TYPE_CHECKING:
    import torch

_NUMBERS = 2**21  # of one model's next-token laws at a time


def draw(
    model: "torch.nn.Module",
    contexts: npt.ArrayLike,
    length: int,
    seed: int,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """A text of `length` ids that the model writes after each context at temperature 1, (S, T).

    Args:
        contexts: (S, P) ids, what the model reads first, such as BOS; repeat one for several texts.
        allowed: ids that may be drawn, the others' probability being shared out; all without.

    The same seed gives the same texts on the same machine and torch.
    """
    import torch

    device = _device(model)
    ids = torch.as_tensor(np.asarray(contexts, np.int64), device=device)
    choice = torch.as_tensor(_choice(model, allowed), device=device)
    generator, memory = torch.Generator().manual_seed(seed), None
    with torch.inference_mode():
        for _ in range(length):
            logits, memory = _step(model, ids, memory)
            law = logits[:, choice].double().softmax(-1)  # (S, V)
            following = choice[torch.multinomial(law.cpu(), 1, generator=generator).to(device)]
            ids = torch.cat([ids, following], dim=1)
    return ids[:, -length:].cpu().numpy()


@dataclass(frozen=True, repr=False)
class AlongTexts(Shown):
    """Model i beside M models at every place of S texts, (M, S, T) float32 nats.

    ratio: log p_i / p_j of the id that stands there; kl: of all that might, KL(p_i || p_j).
    """

    ratio: np.ndarray
    kl: np.ndarray

    @property
    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Both over whole texts, (..., M, S) float64 each."""
        return tuple(x.sum(axis=-1, dtype=np.float64) for x in (self.ratio, self.kl))


def compare_along(
    models: Sequence["torch.nn.Module"],
    i: int,
    contexts: npt.ArrayLike,
    texts: npt.ArrayLike,
    allowed: np.ndarray | None = None,
) -> AlongTexts:
    """What model i and each of M models with the same ids say along texts.

    Args:
        contexts: (S, P) and texts: (S, T) ids, whoever wrote them. Of texts that model i has drawn,
            both sums over a text have KL(p_i || p_j) as their mean. allowed: as in `draw`.
    """
    import torch

    contexts, texts = np.asarray(contexts, np.int64), np.asarray(texts, np.int64)
    device, allowed = _device(models[i]), _choice(models[i], allowed)
    place = pd.Index(allowed).get_indexer(texts.ravel()).reshape(texts.shape)
    if lost := np.unique(texts[place < 0]).tolist():
        raise InputError(
            f"the texts hold {len(lost)} ids that are not allowed, the first is {lost[0]}; "
            "expected allowed ones only: draw with the same `allowed`"
        )
    ids = torch.as_tensor(np.concatenate([contexts, texts], axis=1), device=device)
    targets = torch.as_tensor(place, device=device)[..., None]
    shape, n_context = (len(models), *texts.shape), contexts.shape[1]
    ratio, kl = np.empty(shape, np.float32), np.empty(shape, np.float32)
    batch = max(1, _NUMBERS // (texts.shape[1] * len(allowed)))
    with torch.inference_mode():
        for start in range(0, len(ids), batch):
            some = slice(start, start + batch)
            own = _laws(models[i], ids[some], n_context, allowed)  # (B, T, V)
            p = own.exp()
            for j, model in enumerate(models):
                law = own if model is models[i] else _laws(model, ids[some], n_context, allowed)
                gap = own - law
                ratio[j, some] = gap.gather(-1, targets[some])[..., 0].cpu()
                kl[j, some] = (p * gap).sum(dim=-1, dtype=torch.float64).cpu()
    return AlongTexts(ratio, kl)


def compare_all(
    models: Sequence["torch.nn.Module"], bos: int, n: int, length: int, seed: int
) -> AlongTexts:
    """`compare_along` of each of M models on n texts that it writes after BOS itself, with arrays
    (M, M, n, T): [i, j] of model i from j, on texts of i, drawn by seed + i."""
    contexts, along = np.full((n, 1), bos), []
    for i, model in enumerate(models):
        texts = draw(model, contexts, length, seed + i)
        along.append(compare_along(models, i, contexts, texts))
    return AlongTexts(np.stack([a.ratio for a in along]), np.stack([a.kl for a in along]))


def log_probabilities(
    model: "torch.nn.Module", bos: int, ids: npt.ArrayLike, batch: int = 32
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


def next_hits(
    model: "torch.nn.Module", bos: int, ids: npt.ArrayLike, batch: int = 32
) -> np.ndarray:
    """Whether the likeliest id is the one that stands there, (N, T) bool."""
    logits = _logits(model, bos, np.asarray(ids), batch)
    return np.concatenate([full.argmax(dim=2).cpu().numpy() == rows for rows, full in logits])


def _logits(
    model: "torch.nn.Module", bos: int, ids: np.ndarray, batch: int
) -> Iterator[tuple[np.ndarray, "torch.Tensor"]]:
    """Rows of ids with the model's logits there in float32, (n, T) and (n, T, V)."""
    import torch

    device = _device(model)
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
    """Logits (S, V) after the last id, and what the model remembers of the ids so far."""
    if order := getattr(model.config, "order", None):  # an n-gram model looks no further back
        return model(input_ids=ids[:, -order:]).logits[:, -1], None
    new = ids if memory is None else ids[:, -1:]
    output = model(input_ids=new, past_key_values=memory, use_cache=True)
    return output.logits[:, -1], output.past_key_values


def _laws(model, ids, n_context, allowed):
    """log p of every allowed next id at the places of a text, (B, T, V) float32."""
    logits = model(input_ids=ids[:, :-1]).logits[:, n_context - 1 :].float()
    return logits[..., allowed].log_softmax(-1)


def _choice(model, allowed):
    """The ids that may follow, all of the model without."""
    n = model.config.get_text_config().vocab_size
    return np.arange(n) if allowed is None else np.asarray(allowed, np.int64)


def _device(model):
    return next(iter([*model.parameters(), *model.buffers()])).device
