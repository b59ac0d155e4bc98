"""A scale for KL between language models: ten settings, the published medians, and our own.

Kishino et al., Findings of ACL 2026, figure 3, in bits per byte. A setting is a list of pairs of
rows of one matrix, clipped at one threshold over one set of texts, so that its numbers can be
compared with those of another; `paths.pair_kl` gives the values.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lmnotes.models.maps import robustness
from lmnotes.papers.trajectories.paths import Run

SECOND_HAND = "second-hand"  # third-party summaries that agree; the paper itself was not seen
MEDIANS = {  # bits per byte, of N = 10,000 texts (9,700 in the first four)
    "Later": (0.011, "consecutive checkpoints 1,000 steps apart, the last 50 intervals"),
    "Early": (0.067, "the same, the first 50 intervals that end after step 2,000"),
    "Seed": (0.12, "pairs of seeds of one size at the last common step"),
    "Size": (0.48, "pairs of sizes at the last common step"),
    "8-bit": (0.44, "quantised by LLM.int8 against full precision"),
    "4-bit": (0.49, "quantised to FP4 against full precision"),
    "FT": (0.40, "a fine-tune against its single parent"),
    "Intra-type": (0.95, "random pairs within a model type, as many as it has fine-tunes"),
    "Random": (2.2, "random pairs of all these models"),
    "Layer": (3.0, "adjacent layers of one model by the logit lens"),
}
EXPONENTS = {  # Pythia size: c_w, c_q, alpha
    "410M": (1.1, 0.15, 0.14),
    "1B": (0.83, 0.20, 0.24),
    "1.4B": (0.91, 0.21, 0.23),
    "2.8B": (0.90, 0.26, 0.29),
    "6.9B": (0.92, 0.33, 0.36),
}
COLUMNS = ["setting", "n", "median", "low", "high", "text_low", "text_high"]
COLUMNS += ["published", "certainty"]


def published() -> pd.DataFrame:
    """The published medians: setting, median in bits per byte, certainty, definition.

    Certainty is "second-hand" for all: summaries by others that agree. 8-bit and 4-bit are
    suspiciously close and large; a difference between the two log-likelihood files would look the
    same (sheet, pitfall 4).

    >>> published().sort_values("median")["setting"].iloc[[0, -1]].tolist()
    ['Later', 'Layer']
    """
    rows = [(name, value, SECOND_HAND, what) for name, (value, what) in MEDIANS.items()]
    return pd.DataFrame(rows, columns=["setting", "median", "certainty", "definition"])


def published_exponents() -> pd.DataFrame:
    """The published exponents of five Pythia sizes: size, c_w, c_q, alpha, certainty.

    That they are those of the window from step 120,000 is not verified; no R^2 is known.
    """
    rows = [(size, *values, SECOND_HAND) for size, values in EXPONENTS.items()]
    return pd.DataFrame(rows, columns=["size", "c_w", "c_q", "alpha", "certainty"])


def interval_pairs(
    steps: np.ndarray,
    *,
    n: int = 50,
    after: int = 2000,
    interval: int | None = None,
    excluded: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Pairs of consecutive checkpoints, {"Early": (n, 2), "Later": (n, 2)}, as rows of the run.

    Args:
        steps: (T,), increasing.
        n: intervals of each.
        after: an interval counts when it ends after this step.
        interval: its length in steps; by default that of the last one.
        excluded: (T,) bool; intervals that they break drop out.

    >>> interval_pairs([0, 1, 5, 10, 15], n=1, after=5)["Later"].tolist()
    [[3, 4]]
    """
    steps = np.asarray(steps, np.int64)
    interval = int(steps[-1] - steps[-2]) if interval is None else interval
    ends = 1 + np.flatnonzero((np.diff(steps) == interval) & (steps[1:] > after))
    if len(ends) < 2 * n:
        raise ValueError(
            f"{len(ends)} intervals of {interval} steps end after step {after}; expected at least "
            f"{2 * n}, so that early and late ones differ: lower n, or keep more checkpoints"
        )
    left_out = np.zeros(len(steps), bool) if excluded is None else np.asarray(excluded, bool)
    found = {}
    for name, some in (("Early", ends[:n]), ("Later", ends[-n:])):
        pairs = np.column_stack([some - 1, some])
        found[name] = pairs[~left_out[pairs].any(axis=1)]
    return found


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
    found: dict[str, list] = {}
    for run in (runs[name] for name in sizes):
        pairs = interval_pairs(run.steps, n=n, after=after, excluded=run.excluded)
        for name, some in pairs.items():
            found.setdefault(name, []).append(robustness.pair_differences(run.log_likelihood, some))
    for name, members in (("Seed", seeds), ("Size", sizes)):
        if len(members) > 1:
            steps = [set(runs[one].steps[~runs[one].excluded]) for one in members]
            last = max(set.intersection(*steps))
            rows = [runs[one].log_likelihood[runs[one].steps == last][0] for one in members]
            pairs = all_pairs(range(len(rows)))
            found[name] = [robustness.pair_differences(np.stack(rows), pairs)]
    return {name: np.concatenate(some) for name, some in found.items()}


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
    found = [
        (row, place[parent])
        for row, parent in enumerate(parents)
        if parent in place and place[parent] != row
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def generations(edges: np.ndarray, n: int) -> np.ndarray:
    """How many ancestors each of n models has by (child, parent) edges, (n,); 0 for a base.

    >>> generations(np.array([[2, 1], [1, 0]]), 4).tolist()
    [0, 1, 2, 0]
    """
    parent = dict(np.asarray(edges).reshape(-1, 2).tolist())
    found = np.zeros(n, np.int64)
    for row in range(n):
        above = parent.get(row)
        while above is not None and found[row] < n:  # a circle ends
            found[row], above = found[row] + 1, parent.get(above)
    return found


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
    found = [np.empty((0, 2), np.int64)]
    for name in np.unique(types[edges[:, 0]]):
        members = taking_part[types[taking_part] == name]
        found.append(_some_pairs(members, int((types[edges[:, 0]] == name).sum()), seed))
    return np.concatenate(found)


def random_pairs(edges: np.ndarray, seed: int = 0) -> np.ndarray:
    """Random distinct pairs of all models that take part in edges, as many as there are edges."""
    return _some_pairs(np.unique(edges), len(edges), seed)


def medians(
    values: Mapping[str, np.ndarray],
    draws: Mapping[str, np.ndarray] | None = None,
    *,
    level: float = 0.95,
    n_samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The scale: setting, n, median, low, high, text_low, text_high, published, certainty, a row
    per setting, from the smallest median on.

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
    tails, rng = [(1 - level) / 2, (1 + level) / 2], np.random.default_rng(seed)
    rows = []
    for name, given in values.items():
        given = np.asarray([one for one in given if np.isfinite(one)], np.float64)
        if not len(given):
            continue
        again = np.median(rng.choice(given, (n_samples, len(given))), axis=1)
        known = draws and name in draws
        over_texts = np.quantile(np.median(draws[name], axis=0), tails) if known else [np.nan] * 2
        public = MEDIANS.get(name, (np.nan, ""))[0]
        certainty = SECOND_HAND if name in MEDIANS else ""
        middle = [len(given), np.median(given), *np.quantile(again, tails), *over_texts]
        rows.append([name, *middle, public, certainty])
    found = pd.DataFrame(rows, columns=COLUMNS)
    return found.sort_values("median", kind="stable", ignore_index=True)


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
        (one.setting, two.setting, one.median, two.median)
        for one, two in combinations(known.itertuples(), 2)
        if one.published < two.published and one.median >= two.median
    ]
    names = ["lower", "higher", "lower_median", "higher_median"]
    return pd.DataFrame(rows, columns=names)


def _some_pairs(members: np.ndarray, n: int, seed: int) -> np.ndarray:
    """At most n distinct pairs of the members, in the order drawn, (P, 2)."""
    everything = all_pairs(members)
    return np.random.default_rng(seed).permutation(everything)[:n]
