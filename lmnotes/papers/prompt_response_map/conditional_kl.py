"""Is the squared distance a conditional KL? Responses that the models write themselves, compared.

    E_x KL(p_i(. | x) || p_j(. | x)),  responses of a fixed number of tokens, in nats per response

with y drawn from p_i at temperature 1: by the mean of log p_i(y | x) / p_j(y | x) (Monte Carlo),
and by the sum over the places of y of the exact KL between next-token laws (Rao-Blackwell), which
has the same mean and far less variance. For models whose ids mean the same thing.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import sem

from lmnotes.errors import InputError

if TYPE_CHECKING:
    import torch

_NUMBERS = 2**21  # of one model's next-token laws at a time


@dataclass(frozen=True)
class ConditionalKL:
    """KL of a model i from M models j by two estimators, (M,) nats per response, or of all (M, M).

    *_error: standard errors over the drawn responses; half_variance: Var(log p_i / p_j) / 2 over
    those that i wrote, which is what ||q_i - q_j||^2 / 2N estimates.
    """

    monte_carlo: np.ndarray
    monte_carlo_error: np.ndarray
    rao_blackwell: np.ndarray
    rao_blackwell_error: np.ndarray
    half_variance: np.ndarray


def draw(
    model: "torch.nn.Module",
    contexts: np.ndarray,
    length: int,
    seed: int,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """A response of `length` tokens to each context at temperature 1, (S, T) token ids.

    Args:
        contexts: (S, P) token ids, what the model reads first; repeat one for several responses.
        allowed: ids that may be drawn, the others' probability being shared out; all without.
    """
    import torch

    device = next(model.parameters()).device
    ids = torch.as_tensor(np.asarray(contexts, np.int64), device=device)
    choice = torch.as_tensor(_choice(model, allowed), device=device)
    generator = torch.Generator().manual_seed(seed)
    new, cache, drawn = ids, None, []
    with torch.inference_mode():
        for _ in range(length):
            out = model(input_ids=new, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            law = out.logits[:, -1, choice].double().softmax(-1)  # (S, V)
            new = choice[torch.multinomial(law.cpu(), 1, generator=generator).to(device)]
            drawn.append(new)
    return torch.cat(drawn, dim=1).cpu().numpy()


def estimate(
    models: Sequence["torch.nn.Module"],
    i: int,
    contexts: np.ndarray,
    length: int,
    seed: int,
    allowed: np.ndarray | None = None,
) -> ConditionalKL:
    """Conditional KL of model i from M models with the same token ids, by a response of its own to
    each of (S, P) contexts; arguments as in `draw`."""
    drawn = draw(models[i], contexts, length, seed, allowed)
    ratio, exact = along_responses(models, i, contexts, drawn, allowed)  # (M, S) each
    means = [moment(x, axis=1) for x in (ratio, exact) for moment in (np.mean, sem)]
    return ConditionalKL(*means, ratio.var(axis=1) / 2)


def along_responses(
    models: Sequence["torch.nn.Module"],
    i: int,
    contexts: np.ndarray,
    responses: np.ndarray,
    allowed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """log p_i / p_j of each response, and the sum over its places of next-token KL, (M, S) each.

    i: the model that is compared; contexts: (S, P) and responses: (S, T) ids, whoever wrote them.
    """
    import torch

    contexts, responses = np.asarray(contexts, np.int64), np.asarray(responses, np.int64)
    device = next(models[i].parameters()).device  # of all of them
    ids = torch.as_tensor(np.concatenate([contexts, responses], axis=1), device=device)
    allowed = _choice(models[i], allowed)
    place = pd.Index(allowed).get_indexer(responses.ravel()).reshape(responses.shape)
    if lost := np.unique(responses[place < 0]).tolist():
        raise InputError(
            f"the responses hold {len(lost)} tokens that are not allowed, the first is {lost[0]}; "
            "expected allowed ones only: draw with the same `allowed`"
        )
    targets = torch.as_tensor(place, device=device)
    batch = max(1, _NUMBERS // (responses.shape[1] * len(allowed)))
    ratios, exacts = [], []
    with torch.inference_mode():
        for start in range(0, len(ids), batch):
            rows, goal = ids[start : start + batch], targets[start : start + batch, :, None]
            own = _laws(models[i], rows, contexts.shape[1], allowed)  # (B, T, V)
            p, sums = own.exp(), []
            for model in models:
                law = own if model is models[i] else _laws(model, rows, contexts.shape[1], allowed)
                gap = own - law
                ratio = gap.gather(-1, goal).sum(dim=(1, 2), dtype=torch.float64)
                sums.append((ratio, (p * gap).sum(dim=(1, 2), dtype=torch.float64)))
            for kept, several in zip((ratios, exacts), zip(*sums, strict=True), strict=True):
                kept.append(torch.stack(several))
    return torch.cat(ratios, dim=1).cpu().numpy(), torch.cat(exacts, dim=1).cpu().numpy()


def noisy(model: "torch.nn.Module", sigma: float, seed: int = 0) -> "torch.nn.Module":
    """A copy of the model with normal noise of size sigma on all its weights.

    Weights that are zero throughout stay so: biases that the model does not have.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    made = copy.deepcopy(model)
    with torch.no_grad():
        for weights in made.parameters():
            if weights.any():
                noise = torch.randn(weights.shape, generator=generator)
                weights += sigma * noise.to(weights)
    return made


def tilted(steps: Sequence[float], n: int = 40, seed: int = 0) -> pd.DataFrame:
    """Two laws of n responses that part as t grows, p_t proportional to p exp(t g): a row per t.

    Columns: t; kl, KL(p || p_t) in nats, exact; half_variance, of log p / p_t under p; elsewhere,
    the same with all responses alike, as where somebody else has written them.

    >>> laws = tilted([0.01])
    >>> round(float(laws.half_variance[0] / laws.kl[0]), 2)
    1.0
    """
    rng = np.random.default_rng(seed)
    p, g = rng.dirichlet(np.ones(n)), rng.standard_normal(n)
    law = p * np.exp(np.multiply.outer(np.asarray(steps), g))  # (steps, n)
    ratio = np.log(p) - np.log(law / law.sum(axis=1, keepdims=True))
    kl = ratio @ p
    half = (ratio - kl[:, None]) ** 2 @ p / 2
    table = {"t": steps, "kl": kl, "half_variance": half, "elsewhere": ratio.var(axis=1) / 2}
    return pd.DataFrame(table)


def _laws(model, ids, n_context, allowed):
    """log p of every allowed next token at the places of the response, (B, T, V) float32."""
    logits = model(input_ids=ids[:, :-1]).logits[:, n_context - 1 :].float()
    return logits[..., allowed].log_softmax(-1)


def _choice(model, allowed):
    """The ids that may follow, all of the model without."""
    n = model.config.get_text_config().vocab_size
    return np.arange(n) if allowed is None else np.asarray(allowed, np.int64)
