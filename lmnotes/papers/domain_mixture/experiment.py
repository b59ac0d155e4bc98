"""Rules beside each other: the weights of all of them, and what seeds say of how they differ."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lmnotes.models.zoo import mixtures
from lmnotes.models.zoo.mixtures import Domains, Run, train
from lmnotes.papers.domain_mixture import rules
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.measures import total_variation
from lmnotes.papers.domain_mixture.significance import weight_intervals
from lmnotes.statistics import holm, paired_test
from lmnotes.text.chunks import TextSet

# The names of the rules in tables and figures, in their order there.
BEFORE, UNIFORM, NATURAL, RANDOM = "before", "uniform", "natural", "random"
SINGLE, ANTI, AGGREGATED, MEAN, SPREAD = "single", "anti", "lld_agg", "lld_dom", "lld_sd"
PULL, RESPONSE_CONE, PROBE_CONE = "gram_ascent", "gram_nnls", "probe_nnls"
ANEW, END_SPREAD, END_SLOPE, ORACLE, DISTILLED = "iterative", "end_sd", "end_slope", "oracle", "kd"
CORE = (UNIFORM, NATURAL, RANDOM, AGGREGATED, SPREAD, PULL, ORACLE, DISTILLED)  # on all seeds
MORE = (MEAN, ANTI, SINGLE, RESPONSE_CONE, PROBE_CONE, ANEW, END_SPREAD, END_SLOPE)  # on some


def weights(
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
    found = {
        SINGLE: design(gap, "single"),
        ANTI: design(gap, "anti"),
        AGGREGATED: design(gap, "aggregated", temperature=temperature),
        MEAN: design(gap, temperature=temperature),
        SPREAD: design(gap),
    }
    if scores is not None:
        found[PULL] = design(gap, "pull", scores=scores)
    for name, changes in ((RESPONSE_CONE, responses), (PROBE_CONE, probes)):
        if changes is not None:
            found[name] = design(gap, "cone", changes=changes)
    if end is not None:
        found[END_SPREAD] = design(end)
        if slope is not None:
            found[END_SLOPE] = design(end, temperature=slope)
    return found


def slope(shares: np.ndarray, losses: np.ndarray, minimum: float = 0.01) -> float:
    """The median over domains of the slope of loss on log weight, nats per e-fold.

    Args:
        shares: (M, K) of M models. losses: (M, K), nats per byte.
    """
    return float(np.nanmedian(rules.log_law_slopes(shares, losses, minimum)))


def law(
    shares: np.ndarray, losses: np.ndarray, names: Sequence[str], minimum: float = 0.01
) -> pd.DataFrame:
    """The points and the line of each domain's log law: columns domain, share, loss, slope (of loss
    on log weight, negative where more data help), intercept.

    Args:
        shares: (M, K) of M models; those below the minimum are left out. losses: (M, K).
    """
    slopes = -rules.log_law_slopes(shares, losses, minimum)
    tables = []
    for name, tau, share, loss in zip(names, slopes, shares.T, losses.T, strict=True):
        used = share > minimum
        points = pd.DataFrame({"domain": name, "share": share[used], "loss": loss[used]})
        intercept = np.mean(points.loss - tau * np.log(points.share))
        tables.append(points.assign(slope=tau, intercept=intercept))
    return pd.concat(tables, ignore_index=True)


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
                found = design(replace(gap, values=values), rule, changes=changes)
                distances.append(total_variation(found, true))
            rows.append((rule, noise, np.mean(distances)))
    return pd.DataFrame(rows, columns=["rule", "noise", "distance"])


def compare(
    rows: pd.DataFrame,
    value: str,
    *,
    against: str = UNIFORM,
    corrected: Sequence[str] = CORE,
) -> pd.DataFrame:
    """Every rule beside one of them over the seeds that both have, a row for each target and rule:
    mean, sd, n, difference, low, high, wins, p_t, p_flip, holm.

    Args:
        rows: columns target, seed, rule and `value`, of which less is better.
        corrected: the rules among which p_t is corrected for their number, by Holm, within each
            target; the others get NaN.

    Differences are paired by seed; NaN where fewer than two seeds have both.
    """
    found = []
    for target, part in rows.groupby("target", sort=False):
        wide = part.pivot(index="seed", columns="rule", values=value)
        for rule in dict.fromkeys(part["rule"]):
            both = wide[[rule, against]].dropna() if rule != against else wide[[rule]].dropna()
            line = {"target": target, "rule": rule, "mean": wide[rule].mean()}
            line |= {"sd": wide[rule].std(), "n": int(wide[rule].notna().sum())}
            if rule != against and len(both) > 1:
                test = paired_test(both[rule], both[against])
                line |= {"difference": test.mean, "low": test.low, "high": test.high}
                line |= {"wins": test.n_below, "p_t": test.p_t, "p_flip": test.p_flip}
            found.append(line)
    columns = ["target", "rule", "mean", "sd", "n", "difference", "low", "high", "wins", "p_t"]
    table = pd.DataFrame(found).reindex(columns=[*columns, "p_flip", "holm"])
    for _, part in table[table["rule"].isin(corrected)].groupby("target"):
        known = part.dropna(subset="p_t")
        table.loc[known.index, "holm"] = holm(known["p_t"].to_numpy()) if len(known) else np.nan
    return table


def entropy(shares: np.ndarray) -> float:
    """-sum_a w_a ln w_a of a mixture, nats; ln K where all domains count the same.

    >>> entropy([0.0, 1.0, 0.0])
    0.0
    """
    kept = mixtures.shares(shares)
    kept = kept[kept > 0]
    return float(-(kept * np.log(kept)).sum()) + 0.0


_PART = 1_000_003  # between the data seeds of the parts of `iterate`


def iterate(
    run: Run,
    domains: Domains,
    target: np.ndarray,
    texts: TextSet,
    *,
    every: int,
    device: str = "auto",
    **options,
) -> pd.DataFrame:
    """Training whose weights are designed anew every so many steps: a row for each part, with the
    columns step (where it ends), folder, and the weight of each domain.

    Args:
        run: with a start; its weights count the domains. The optimiser and the learning rate begin
            anew with each part, and each part reads with a data seed of its own.
        target: (N,) nats, log-likelihoods of the target. texts: the N design texts, of all domains.
        every: steps of a part. options: of `design`.
    """
    from lmnotes.papers.domain_mixture import readings

    if not run.start or every < 1:
        raise ValueError(
            f"start={run.start!r}, every={every} were given; expected the folder of a base and at "
            "least one step: train a base first"
        )
    rows, start = [], run.start
    for part, begin in enumerate(range(0, run.spec.n_steps, every)):
        arrays = readings.read(start, texts, device=device)
        here = readings.Reading(**arrays).log_likelihood
        weights = design(Gap.over(texts.table, target - here, domains.names), **options)
        n_steps = min(every, run.spec.n_steps - begin)
        spec = replace(run.spec, n_steps=n_steps, checkpoints=())
        now = replace(run, spec=spec, weights=tuple(weights), start=start)
        now = replace(now, data_seed=run.data_seed + _PART * part)
        start = str(train(now, domains, device=device))
        shares = dict(zip(domains.names, weights, strict=True))
        rows.append({"step": begin + n_steps, "folder": start} | shares)
    return pd.DataFrame(rows)


def intervals(
    gaps: Sequence[Gap],
    rule: str = "domain mean",
    *,
    temperature: float | str = "sd",
    changes: Sequence[np.ndarray] | None = None,
    level: float = 0.95,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
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
