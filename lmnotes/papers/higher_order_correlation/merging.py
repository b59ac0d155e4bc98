"""Fewer coordinates: neighbours on the tree merged, judged by people's similarities (Table 5)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.papers.higher_order_correlation import tree
from lmnotes.papers.higher_order_correlation.axes import Axes
from lmnotes.statistics import pairs_error
from lmnotes.words import similarity

RIVALS = {"pca": "PCA", "random": "random clusters"}


def merge(values: np.ndarray, groups: Sequence[int]) -> np.ndarray:
    """Components (V, K) averaged within groups of axes: (V, n_groups), a way to reduce dimension.

    groups: the group of each axis (K,), 0..n_groups - 1.

    >>> merge(np.array([[1.0, 3.0, 5.0]]), [0, 0, 1]).tolist()
    [[2.0, 5.0]]
    """
    groups = np.asarray(groups)
    if len(groups) != values.shape[1]:
        given = f"{len(groups)} groups for {values.shape[1]} axes"
        raise InputError(f"{given}: expected one per axis; give each a group")
    members = np.eye(groups.max() + 1)[groups]  # (K, n_groups)
    return values @ (members / members.sum(axis=0))


def judged_pairs(vocabulary: Sequence[str], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Set of judgements -> its pairs (N, 3) that are covered: rows of two words, and the score."""
    sets = {}
    for name in names:
        try:
            pairs, rows = similarity.covered_pairs(vocabulary, name)
        except InputError as error:  # a small text covers no pair
            print(error)
        else:
            known = rows[:, 0] >= 0
            sets[name] = np.column_stack([rows[known], pairs.human[known]])
    return sets


def agreement(values: np.ndarray, sets: Mapping[str, np.ndarray]) -> tuple[float, list]:
    """The rank correlation of cosines with people, mean of the sets, nan without any; and of each
    set the influence (N,) of its pairs and their words (N, 2)."""
    scores, parts = [], []
    for pairs in sets.values():
        ends = pairs[:, :2].astype(int)
        left, right = values[ends[:, 0]], values[ends[:, 1]]
        lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
        cosine = (left * right).sum(axis=1) / np.maximum(lengths, 1e-12)
        score, influence = similarity.rank_correlation(cosine, pairs[:, 2])
        scores.append(score)
        parts.append((influence, ends))
    return np.mean(scores) if scores else np.nan, parts


def lead(first: tuple[float, list], rivals: Sequence[tuple[float, list]]) -> tuple[float, ...]:
    """By how much the first agreement is above the mean of others: lead, low, high.

    The 95 % interval is over pairs, and over the others where they are several.
    """
    gaps, errors = [first[0] - score for score, _ in rivals], []
    for n, (influence, ends) in enumerate(first[1]):
        mean = np.mean([parts[n][0] for _, parts in rivals], axis=0)
        errors.append(pairs_error(influence - mean, ends) / len(first[1]))
    reach = 1.96 * np.sqrt(np.sum(np.square(errors)) + np.var(gaps) / len(gaps))
    return np.mean(gaps), np.mean(gaps) - reach, np.mean(gaps) + reach


def table5(
    axes: Axes, sets: Mapping[str, np.ndarray], *, n_random: int = 10, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement after merging the axes by tree clusters of ICA and PCA, and by random clusters.

    Returns:
        basis, n_clusters, spearman, low, high (range of the random ones); and rival, n_clusters,
        lead, lead_low, lead_high: how far ICA is ahead of PCA and of random clusters, 95 %.
    """
    random, k = np.random.default_rng(seed), axes.ica.n_axes
    published = card.table("04", "table5").n_clusters.unique()
    grown = {basis: tree.grow(axes.c[basis]) for basis in ("ICA", "PCA")}
    rows, leads = [], []
    for d in [*published[published < k], k]:
        scores = {}
        for basis, its_tree in grown.items():
            of_axis = tree.clusters(its_tree, d, seed=1)
            groups = [of_axis[axis] for axis in range(k)]
            scores[basis] = [agreement(merge(axes.spaces[basis].values, groups), sets)]
        drawn = scores["random clusters"] = []
        for _ in range(n_random):
            groups = np.concatenate([np.arange(d), random.integers(d, size=k - d)])
            drawn.append(agreement(merge(axes.ica.values, random.permutation(groups)), sets))
        for basis, agreements in scores.items():
            values = [score for score, _ in agreements]
            ends = (min(values), max(values)) if basis == "random clusters" else (np.nan, np.nan)
            rows.append((basis, d, np.mean(values), *ends))
        leads += [(name, d, *lead(scores["ICA"][0], scores[name])) for name in RIVALS.values()]
    columns = ["n_clusters", "spearman", "low", "high"]
    table = pd.DataFrame(rows, columns=["basis", *columns])
    columns = ["rival", "n_clusters", "lead", "lead_low", "lead_high"]
    return table, pd.DataFrame(leads, columns=columns)


def said_in_words(leads: pd.DataFrame) -> str:
    """Where ICA's tree clusters differ from each rival by more than the interval, a line each."""
    said = []
    for rival, rows in leads.groupby("rival", sort=False):
        ahead, behind = (rows.n_clusters[sure] for sure in (rows.lead_low > 0, rows.lead_high < 0))
        signs = [f"{d} (ahead)" for d in ahead] + [f"{d} (behind)" for d in behind]
        where = (
            f"a difference at d = {', '.join(signs)} only"
            if signs
            else "no difference at this size"
        )
        said.append(f"ICA less {rival}: {where}")
    return "\n".join(said)


def said_of(leads: pd.DataFrame) -> dict[str, tuple]:
    """Claim on Table 5 -> the lead that `table5` gives it and its interval, nan without one."""
    known = leads.set_index(["rival", "n_clusters"])
    said = {}
    for short, rival in RIVALS.items():
        for d in card.table("04", "table5").n_clusters.unique():
            row = known.loc[(rival, d)] if (rival, d) in known.index else None
            interval = None if row is None else (row.lead_low, row.lead_high)
            said[f"table5_{short}_{d}"] = (np.nan if row is None else row["lead"], interval)
    return said
