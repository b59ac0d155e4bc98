"""A scale for KL between language models: ten settings, the published medians, and our own.

Kishino et al., Findings of ACL 2026, figure 3, in bits per byte. A setting is a list of pairs of
rows of one matrix, clipped at one threshold over one set of texts, so that its numbers can be
compared with those of another; `paths.pair_kl` gives the values.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models.maps import robustness
from lmnotes.notebook import card
from lmnotes.papers.trajectories.paths import Run


def published() -> pd.DataFrame:
    """The published medians by setting: median in bits per byte, certainty, definition; of 10,000
    texts, 9,700 in the first four settings.

    Certainty is "second-hand" for all: summaries by others that agree; the paper itself was not
    seen. 8-bit and 4-bit are suspiciously close and large; a difference between the two
    log-likelihood files would look the same (sheet, pitfall 4).

    >>> published()["median"].sort_values().index[[0, -1]].tolist()
    ['Later', 'Layer']
    """
    return card.table("08", "medians", index_col="setting")


def interval_pairs(
    steps: np.ndarray,
    *,
    n: int = 50,
    after: int = 2000,
    excluded: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Pairs of consecutive checkpoints, {"Early": (n, 2), "Later": (n, 2)}, as rows of the run.

    Args:
        steps: (T,), increasing. An interval counts where it is as long as the last one.
        n: intervals of each.
        after: an interval counts when it ends after this step.
        excluded: (T,) bool; intervals that they break drop out.

    >>> interval_pairs([0, 1, 5, 10, 15], n=1, after=5)["Later"].tolist()
    [[3, 4]]
    """
    steps = np.asarray(steps, np.int64)
    interval = int(steps[-1] - steps[-2])
    ends = 1 + np.flatnonzero((np.diff(steps) == interval) & (steps[1:] > after))
    if len(ends) < 2 * n:
        raise InputError(
            f"{len(ends)} intervals of {interval} steps end after step {after}; expected at least "
            f"{2 * n}, so that early and late ones differ: lower n, or keep more checkpoints"
        )
    left_out = np.zeros(len(steps), bool) if excluded is None else np.asarray(excluded, bool)
    pairs = np.column_stack([ends - 1, ends])
    whole = ~left_out[pairs].any(axis=1)
    return {"Early": pairs[:n][whole[:n]], "Later": pairs[-n:][whole[-n:]]}


def training(
    runs: Mapping[str, Run],
    sizes: Sequence[str],
    seeds: Sequence[str],
    *,
    n: int = 50,
    after: int = 2000,
) -> dict[str, np.ndarray]:
    """Differences l_i - l_j, row-centred, of the settings Early, Later, Seed and Size: (P, N) each.

    Args:
        runs: of the same texts. sizes, seeds: names of runs; of two or more, or none.
        n, after: as in `interval_pairs`.

    Half the mean square of a row is its KL in nats. Early and Later pool the sizes; Seed and Size
    are taken at the last step that all of them have.
    """
    differences: dict[str, list] = {}
    for run in (runs[name] for name in sizes):
        pairs = interval_pairs(run.steps, n=n, after=after, excluded=run.excluded)
        for name, rows in pairs.items():
            moved = robustness.pair_differences(run.log_likelihood, rows)
            differences.setdefault(name, []).append(moved)
    for name, members in (("Seed", seeds), ("Size", sizes)):
        if len(members) > 1:
            steps = [set(runs[run].steps[~runs[run].excluded]) for run in members]
            last = max(set.intersection(*steps))
            ends = [runs[run].log_likelihood[runs[run].steps == last][0] for run in members]
            pairs = all_pairs(range(len(ends)))
            differences[name] = [robustness.pair_differences(np.stack(ends), pairs)]
    return {name: np.concatenate(rows) for name, rows in differences.items()}


def all_pairs(rows: Sequence[int]) -> np.ndarray:
    """Every two of these rows, (P, 2): the seeds of a size, or the sizes, at their last step."""
    return np.array(list(combinations(rows, 2)), np.int64).reshape(-1, 2)


def adjacent(n: int) -> np.ndarray:
    """(0, 1), (1, 2), ... of n rows, (n - 1, 2): the layers of one model."""
    return np.column_stack([np.arange(n - 1), np.arange(1, n)])


def edges(names: Sequence[str], parents: Sequence[str]) -> np.ndarray:
    """(child, parent) rows of every model whose single parent is among the models, (E, 2).

    Args:
        names: (M,). parents: (M,) a name, or "" where there is none to compare with. Merges, whose
            parent names several models, are skipped, as in the paper.

    >>> edges(["a", "b", "c"], ["", "a", "a + b"]).tolist()
    [[1, 0]]
    """
    place = {name: row for row, name in enumerate(names)}
    rows = [(child, place.get(parent, child)) for child, parent in enumerate(parents)]
    return np.array([edge for edge in rows if edge[0] != edge[1]], np.int64).reshape(-1, 2)


def generations(edges: np.ndarray, n: int) -> np.ndarray:
    """How many ancestors each of n models has by (child, parent) edges, (n,); 0 for a base.

    >>> generations(np.array([[2, 1], [1, 0]]), 4).tolist()
    [0, 1, 2, 0]
    """
    parent = dict(np.asarray(edges).reshape(-1, 2).tolist())
    ancestors = np.zeros(n, np.int64)
    for row in range(n):
        above = parent.get(row)
        while above is not None and ancestors[row] < n:  # a circle ends
            ancestors[row], above = ancestors[row] + 1, parent.get(above)
    return ancestors


def within_types(edges: np.ndarray, types: Sequence[str], seed: int = 0) -> np.ndarray:
    """Random distinct pairs within each type, as many as it has edges, (P, 2).

    Args:
        edges: (E, 2) of `edges`; its models are the ones drawn from, and an edge is of the type of
            its child.
        types: (M,). The generator starts anew for each type. A type with fewer pairs than edges
            gives all of them.
    """
    edges, types = np.asarray(edges), np.asarray(types)
    taking_part = np.unique(edges)
    names, counts = np.unique(types[edges[:, 0]], return_counts=True)
    pairs = [
        _some_pairs(taking_part[types[taking_part] == name], count, seed)
        for name, count in zip(names, counts, strict=True)
    ]
    return np.concatenate([np.empty((0, 2), np.int64), *pairs])


def random_pairs(edges: np.ndarray, seed: int = 0) -> np.ndarray:
    """Random distinct pairs of all models that take part in edges, as many as there are edges."""
    return _some_pairs(np.unique(edges), len(edges), seed)


def medians(
    values: Mapping[str, np.ndarray],
    draws: Mapping[str, np.ndarray] | None = None,
    *,
    n_samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The scale with 95 % intervals: setting, n, median, low, high, text_low, text_high, published,
    certainty, a row per setting, from the smallest median on.

    Args:
        values: (P,) KL of each setting's pairs, bits per byte; settings without values are left
            out.
        draws: (P, S) the same pairs over texts drawn anew, as `exponents.bootstrap_kl` gives them,
            for text_low and text_high; NaN without.

    low and high are of pairs drawn anew; pairs that share a model are not independent, so these
    are narrow.

    >>> medians({"Seed": np.array([0.1, 0.3, 0.2])})[["setting", "median", "published"]].values
    array([['Seed', 0.2, 0.12]], dtype=object)
    """
    public, rng, rows = published(), np.random.default_rng(seed), []
    for name, given in values.items():
        given = np.asarray(given, np.float64)
        given = given[np.isfinite(given)]
        if not len(given):
            continue
        again = np.median(rng.choice(given, (n_samples, len(given))), axis=1)
        over_texts = np.median(draws[name], axis=0) if draws and name in draws else np.nan
        printed = (
            public.loc[name, ["median", "certainty"]] if name in public.index else (np.nan, "")
        )
        intervals = *statistics.interval(again), *statistics.interval(over_texts)
        rows.append([name, len(given), np.median(given), *intervals, *printed])
    columns = ["setting", "n", "median", "low", "high", "text_low", "text_high", "published"]
    table = pd.DataFrame(rows, columns=[*columns, "certainty"])
    return table.sort_values("median", kind="stable", ignore_index=True)


def inversions(table: pd.DataFrame) -> pd.DataFrame:
    """Pairs of settings whose medians stand in the other order than the published ones.

    Args:
        table: of `medians`. Columns: lower and higher (in the paper), with the measured medians
            lower_median and higher_median. Empty where the order is the paper's.

    >>> inversions(medians({"Seed": np.ones(3), "FT": np.full(3, 0.5)}))[["lower", "higher"]].values
    array([['Seed', 'FT']], dtype=object)
    """
    known = table.dropna(subset=["published"]).sort_values("published")
    rows = [
        (lower.setting, higher.setting, lower.median, higher.median)
        for lower, higher in combinations(known.itertuples(), 2)
        if lower.published < higher.published and lower.median >= higher.median
    ]
    names = ["lower", "higher", "lower_median", "higher_median"]
    return pd.DataFrame(rows, columns=names)


def _some_pairs(members: np.ndarray, n: int, seed: int) -> np.ndarray:
    """At most n distinct pairs of the members, in the order drawn, (P, 2)."""
    return np.random.default_rng(seed).permutation(all_pairs(members))[:n]
