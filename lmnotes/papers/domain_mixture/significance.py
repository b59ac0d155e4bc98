"""What seeds and texts say of a mixture: paired tests of rules, and intervals of weights.

The unit is the seed of the base model: every rule starts from the same base and reads from the same
places as uniform does, so that differences are taken within seeds.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from lmnotes.errors import InputError
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.experiment import CORE
from lmnotes.statistics import holm, paired_test

_COLUMNS = ["target", "rule", "mean", "sd", "n", "difference", "low", "high", "wins"]
_COLUMNS += ["p_t", "p_flip", "holm"]


def compare_rules(runs: pd.DataFrame, value: str) -> pd.DataFrame:
    """Every rule beside uniform over the seeds that both have, a row for each target and rule:
    mean, sd, n, difference, low, high, wins, p_t, p_flip, holm.

    Args:
        runs: columns target, seed, rule and `value`, of which less is better.

    Differences are paired by seed; NaN where fewer than two seeds have both. p_t is corrected by
    Holm for the number of rules of `experiment.CORE`, within each target; the others get NaN.
    """
    rows = []
    for target, tried in runs.groupby("target", sort=False):
        wide = tried.pivot(index="seed", columns="rule", values=value)
        for rule in dict.fromkeys(tried["rule"]):
            row = {"target": target, "rule": rule, "mean": wide[rule].mean()}
            row |= {"sd": wide[rule].std(), "n": int(wide[rule].notna().sum())}
            both = wide[[rule, "uniform"]].dropna().to_numpy()
            if rule != "uniform" and len(both) > 1:
                test = paired_test(both[:, 0], both[:, 1])
                row |= {"difference": test.mean, "low": test.low, "high": test.high}
                row |= {"wins": test.n_below, "p_t": test.p_t, "p_flip": test.p_flip}
            rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=_COLUMNS)
    tested = table[table["rule"].isin(CORE) & table["p_t"].notna()]
    corrected = tested.groupby("target")["p_t"].transform(lambda p: holm(p.to_numpy()))
    return table.assign(holm=corrected.reindex(table.index).astype(float))


def corrected_interval(row: pd.Series) -> tuple[float, float]:
    """The interval of a difference in a row of `compare_rules`, at the level at which Holm's
    correction tests its rule: it is without 0 where the corrected p is below .05.

    The plain 95 % interval where the rule's p was not corrected.
    """
    if not np.isfinite(row.holm) or not row.p_t:
        return row.low, row.high
    tail, free = 0.025 * row.p_t / row.holm, row.n - 1
    wider = stats.t.ppf(1 - tail, free) / stats.t.ppf(0.975, free)
    low, high = (row.difference + wider * (end - row.difference) for end in (row.low, row.high))
    return low, high


def intervals(gaps: Sequence[Gap], *, n_bootstrap: int = 200, seed: int = 0) -> pd.DataFrame:
    """The designed shares (T = sd), mean over S seeds, with 95 % intervals over texts and seeds: a
    row for each domain, with the columns domain, weight, low, high, sd_texts, sd_seeds.

    Args:
        gaps: of each seed's base to the target, over the same N texts.
        n_bootstrap: times that the texts of each domain are drawn anew, the same for all seeds.

    sd_texts is the bootstrap's, sd_seeds that of the mean over seeds (NaN with one seed, and the
    interval is over texts only). Their squares add; what differs from seed to seed at random is in
    both, so intervals are a little wide. Degrees of freedom as Welch and Satterthwaite add them.
    """
    which, names = gaps[0].which, gaps[0].names
    if any(not np.array_equal(gap.which, which) for gap in gaps):
        given = f"{len(gaps)} gaps over different texts were given"
        then = "score all bases on one set"
        raise InputError(f"{given}; expected the same texts for all seeds: {then}")

    def weights(texts: np.ndarray) -> np.ndarray:  # (S, K)
        arrays = {"n_bytes": gaps[0].n_bytes[texts], "which": which[texts]}
        return np.array([design(replace(g, values=g.values[texts], **arrays)) for g in gaps])

    by_seed, draw = weights(np.arange(len(which))), np.random.default_rng(seed)
    means = [weights(_drawn_within(which, draw)).mean(axis=0) for _ in range(n_bootstrap)]
    of_texts = np.var(means, axis=0, ddof=1)
    n_seeds, n_free_texts = len(gaps), max(len(which) - len(names), 1)
    total, of_seeds, free = of_texts, np.full(len(names), np.nan), n_free_texts
    if n_seeds > 1:
        of_seeds = by_seed.var(axis=0, ddof=1) / n_seeds
        total = of_texts + of_seeds
        parts = of_seeds**2 / (n_seeds - 1) + of_texts**2 / n_free_texts
        free = np.divide(total**2, parts, out=np.full_like(total, np.inf), where=parts > 0)
    weight, reach = by_seed.mean(axis=0), stats.t.ppf(0.975, free) * np.sqrt(total)
    ends = {"low": np.maximum(weight - reach, 0), "high": np.minimum(weight + reach, 1)}
    spread = {"sd_texts": np.sqrt(of_texts), "sd_seeds": np.sqrt(of_seeds)}
    return pd.DataFrame({"domain": list(names), "weight": weight} | ends | spread)


def _drawn_within(which: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """(N,) positions of texts, drawn with replacement within each domain."""
    order = np.argsort(which, kind="stable")
    counts = np.bincount(which)
    sizes = np.repeat(counts, counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return order[starts + (draw.random(len(which)) * sizes).astype(np.int64)]
