"""Which data bring a model nearer to a target: weights of domains from log-likelihood differences.

Kishino, Shiomi, Yamagiwa, Oyama and Shimodaira, arXiv 2603.16622. Models are points l(x_1), ...,
l(x_N); training on a domain moves a base along a direction; domains are weighted so that the sum of
the moves points from the base to the target. Its full text could not be read: formulas are derived
from the abstract.

    gap = mixture_design.gap(L, target="target", base="base-s1")          # N texts, their domains
    weights = mixture_design.design(gap, "domain mean", temperature="sd") # (K,) shares
    run = mixtures.Run(spec, tuple(weights), start=base_folder)     # continued training
    folder = mixtures.train(run, mixtures.domains("installed"))
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.models.mixture_design import Gap, design
from lmnotes.models.mixture_statistics import weight_intervals
from lmnotes.models.zoo import mixtures
from lmnotes.models.zoo.mixtures import Domains, Run, train

if TYPE_CHECKING:
    import pandas

    from lmnotes.text.chunks import TextSet

_PART = 1_000_003  # between the data seeds of the parts of `iterate`


def iterate(
    run: Run,
    domains: Domains,
    target: np.ndarray,
    texts: "TextSet",
    *,
    every: int,
    device: str = "auto",
    **options,
) -> "pandas.DataFrame":
    """Training whose weights are designed anew every so many steps: a row for each part, with the
    columns step (where it ends), folder, and the weight of each domain.

    Args:
        run: with a start; its weights count the domains. The optimiser and the learning rate begin
            anew with each part, and each part reads with a data seed of its own.
        target: (N,) nats, log-likelihoods of the target. texts: the N design texts, of all domains.
        every: steps of a part. options: of `design`.
    """
    import pandas

    from lmnotes.models import mixture_readings

    if not run.start or every < 1:
        raise ValueError(
            f"start={run.start!r}, every={every} were given; expected the folder of a base and at "
            "least one step: train a base first"
        )
    rows, start = [], run.start
    for part, begin in enumerate(range(0, run.spec.n_steps, every)):
        arrays = mixture_readings.read(start, texts, device=device)
        here = mixture_readings.Reading(**arrays).log_likelihood
        weights = design(Gap.over(texts.table, target - here, domains.names), **options)
        n_steps = min(every, run.spec.n_steps - begin)
        spec = replace(run.spec, n_steps=n_steps, checkpoints=())
        now = replace(run, spec=spec, weights=tuple(weights), start=start)
        now = replace(now, data_seed=run.data_seed + _PART * part)
        start = str(train(now, domains, device=device))
        shares = dict(zip(domains.names, weights, strict=True))
        rows.append({"step": begin + n_steps, "folder": start} | shares)
    return pandas.DataFrame(rows)


def intervals(
    gaps: Sequence[Gap],
    rule: str = "domain mean",
    *,
    temperature: float | str = "sd",
    changes: Sequence[np.ndarray] | None = None,
    level: float = 0.95,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> "pandas.DataFrame":
    """The weights of a rule with intervals over texts and seeds; see `weight_intervals`.

    Args:
        gaps: of each seed's base to the target, over the same texts.
        changes: (N, K) of each seed, for "cone" and "least squares".
    """
    first = gaps[0]
    if any(not np.array_equal(one.which, first.which) for one in gaps):
        raise ValueError(
            f"{len(gaps)} gaps over different texts were given; expected the same texts for all "
            "seeds: score all bases on one set"
        )
    values = np.stack([one.values for one in gaps])[..., None]  # (S, N, 1)
    if changes is not None:
        values = np.concatenate([values, np.stack(changes)], axis=-1)  # (S, N, 1 + K)

    def weights(texts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        drawn = Gap(chosen[:, 0], first.n_bytes[texts], first.which[texts], first.names)
        moves = None if changes is None else chosen[:, 1:]
        return design(drawn, rule, temperature=temperature, changes=moves)

    options = {"level": level, "n_bootstrap": n_bootstrap, "seed": seed}
    return weight_intervals(weights, values, first.which, first.names, **options)


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
