"""Rules beside each other: the weights of all of them, and targets that are simulated from a known
mixture."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lmnotes.models.zoo import mixtures
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.measures import total_variation

# The names of the rules in tables and figures: those tried on all seeds, and the costlier ones.
CORE = ("uniform", "natural", "random", "lld_agg", "lld_sd", "gram_ascent", "oracle", "kd")
MORE = ("lld_dom", "anti", "single", "gram_nnls", "probe_nnls", "iterative", "end_sd", "end_slope")


def design_all(
    gap: Gap,
    temperature: float,
    *,
    scores: np.ndarray | None = None,
    responses: np.ndarray | None = None,
    probes: np.ndarray | None = None,
    end: Gap | None = None,
    slope: float | None = None,
) -> dict[str, np.ndarray]:
    """The mixtures of all rules that look at a target, by name; those without what they need are
    left out.

    Args:
        temperature: nats per byte, of "lld_agg" and "lld_dom".
        scores: (K,) of `pull_scores`. responses, probes: (N, K) changes of log-likelihoods.
        end: the gap that is left after training on the uniform mixture for as long. slope: nats per
            byte, of loss on log weight.
    """
    designed = {
        "single": design(gap, "single"),
        "anti": design(gap, "anti"),
        "lld_agg": design(gap, "aggregated", temperature=temperature),
        "lld_dom": design(gap, temperature=temperature),
        "lld_sd": design(gap),
    }
    if scores is not None:
        designed["gram_ascent"] = design(gap, "pull", scores=scores)
    for name, changes in (("gram_nnls", responses), ("probe_nnls", probes)):
        if changes is not None:
            designed[name] = design(gap, "cone", changes=changes)
    if end is not None:
        designed["end_sd"] = design(end)
        if slope is not None:
            designed["end_slope"] = design(end, temperature=slope)
    return designed


def recovery(
    gap: Gap, changes: np.ndarray, noises: Sequence[float], *, n_mixtures: int = 20, seed: int = 0
) -> pd.DataFrame:
    """How far rules are from mixtures that simulated targets come from: columns rule, noise,
    distance (total variation, mean over mixtures drawn from Dirichlet(1)).

    Args:
        gap: for its texts. changes: (N, K) moves by each domain. noises: shares of the gap.
    """
    draw = np.random.default_rng(seed)
    known = draw.dirichlet(np.ones(len(gap.names)), size=n_mixtures)
    rows = []
    for rule in ("cone", "least squares", "domain mean"):
        for noise in noises:
            distances = []
            for number, true in enumerate(known):
                values = simulate(changes, true, noise=noise, offset=3.0, seed=number)
                guess = design(replace(gap, values=values), rule, changes=changes)
                distances.append(total_variation(guess, true))
            rows.append((rule, noise, np.mean(distances)))
    return pd.DataFrame(rows, columns=["rule", "noise", "distance"])


def simulate(
    changes: np.ndarray, weights: np.ndarray, *, noise: float = 0.0, offset=0.0, seed: int = 0
) -> np.ndarray:
    """The gap to a target that a known mixture leads to, were moves to add up: (N,) nats.

    Args:
        changes: (N, K) moves of a base by training on each domain. weights: (K,).
        noise: standard deviation of normal noise, as a share of that of the gap over the texts.
        offset: nats, added to all texts; no rule should see it.
    """
    values = np.asarray(changes, np.float64) @ mixtures.shares(weights)
    errors = np.random.default_rng(seed).standard_normal(len(values))
    return values + offset + noise * values.std() * errors
