"""Is the squared distance a conditional KL? Responses that the models write themselves, compared.

    E_x KL(p_i(. | x) || p_j(. | x)),  responses of a fixed number of tokens, in nats per response

with y drawn from p_i at temperature 1, by both estimators of `models.sampling`: the mean of
log p_i(y | x) / p_j(y | x) (Monte Carlo), and of the sum over the places of y of the exact KL
between next-token laws (Rao-Blackwell). For models whose ids mean the same thing.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import sem

from lmnotes.models import sampling

if TYPE_CHECKING:
    import torch


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


def estimate(
    models: Sequence["torch.nn.Module"],
    i: int,
    contexts: np.ndarray,
    length: int,
    seed: int,
    allowed: np.ndarray | None = None,
) -> ConditionalKL:
    """Conditional KL of model i from M models with the same token ids, by a response of its own to
    each of (S, P) contexts; arguments as in `sampling.draw`."""
    drawn = sampling.draw(models[i], contexts, length, seed, allowed)
    ratio, exact = sampling.compare_along(models, i, contexts, drawn, allowed).sums  # (M, S) each
    means = [moment(x, axis=1) for x in (ratio, exact) for moment in (np.mean, sem)]
    return ConditionalKL(*means, ratio.var(axis=1) / 2)


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
