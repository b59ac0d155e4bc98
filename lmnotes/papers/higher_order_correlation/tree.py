"""A map of meanings: the maximum spanning tree of related axes, its clusters and its stability.

After Oyama, Yamagiwa and Shimodaira, EMNLP 2024, Figures 5 and 12.
"""

import itertools
from collections.abc import Mapping, Sequence

import networkx
import numpy as np
import pandas as pd
from sklearn.cluster import SpectralClustering

from lmnotes.errors import InputError
from lmnotes.papers.higher_order_correlation.correlations import energy
from lmnotes.statistics import over_seeds
from lmnotes.words import ica


def grow(weights: np.ndarray, nodes: Sequence[int] | None = None) -> networkx.Graph:
    """The maximum spanning tree of symmetric weights (K, K) over `nodes`, None for all.

    The paper takes the minimum spanning tree of 1 / c, which is the same tree.

    >>> tree = grow(np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0.0]]))
    >>> sorted((i, j, float(w)) for i, j, w in tree.edges(data="weight"))
    [(0, 1, 3.0), (1, 2, 2.0)]
    """
    weights = np.asarray(weights, dtype=np.float64)
    off = weights - weights.T
    if weights.ndim != 2 or not np.abs(off[~np.isnan(off)]).max(initial=0) < 1e-9:
        raise InputError(
            f"weights of shape {weights.shape} that are not symmetric: expected (K, K) with equal "
            "entries on both sides of the diagonal; pass C itself"
        )
    nodes = list(range(len(weights)) if nodes is None else (int(node) for node in nodes))
    graph = networkx.Graph()
    graph.add_nodes_from(nodes)
    for i, j in itertools.combinations(nodes, 2):
        graph.add_edge(i, j, weight=float(weights[i, j]))
    return networkx.maximum_spanning_tree(graph, algorithm="prim" if len(nodes) > 1 else "kruskal")


Run = tuple[networkx.Graph, np.ndarray]  # its tree, and the reference's axis of each of its axes


def edges(
    tree: networkx.Graph,
    names: Sequence[str],
    error: np.ndarray | None = None,
    runs: Sequence[Run] = (),
) -> pd.DataFrame:
    """The edges of a tree, the strongest first.

    Returns:
        i, j, first, second (their names), weight, standard error, and returns: the share of other
        runs in whose trees the edge comes back, nan without any.
    """
    others = [
        {frozenset((int(match[i]), int(match[j]))) for i, j in run.edges if -1 not in match[[i, j]]}
        for run, match in runs
    ]
    rows = []
    for i, j, weight in tree.edges(data="weight"):
        i, j = sorted((i, j))
        share = sum(frozenset((i, j)) in other for other in others) / len(others or [np.nan])
        rows.append((i, j, names[i], names[j], weight, share if others else np.nan))
    columns = ["i", "j", "first", "second", "weight", "returns"]
    table = pd.DataFrame(rows, columns=columns)
    if error is not None:
        table.insert(5, "standard error", error[table.i, table.j])
    return table.sort_values(["weight", "i"], ascending=[False, True]).reset_index(drop=True)


def rerun(other: np.ndarray, reference: np.ndarray, nodes: Sequence[int]) -> Run:
    """The tree of another run of ICA over the axes that match those nodes of the reference.

    Args:
        other, reference: (V, K) components of the same words; partners correlate above 0.8.
    """
    match = ica.match(other, reference, method="hungarian", signed=False).partners(0.8)
    mine = [axis for axis, partner in enumerate(match) if partner in set(nodes)]
    return grow(energy(other), mine), match


def chance(tree: networkx.Graph, c: np.ndarray, *, n_draws: int = 20, seed: int = 0) -> float:
    """The share of a tree's edges that come back in trees of the same nodes, relabelled."""
    rng, nodes, shares = np.random.default_rng(seed), np.array(sorted(tree)), []
    real = {frozenset(edge) for edge in tree.edges}
    for _ in range(n_draws):
        order = nodes[rng.permutation(len(nodes))]
        other = grow(c[np.ix_(order, order)])
        shares.append(np.mean([frozenset(nodes[[i, j]].tolist()) in real for i, j in other.edges]))
    return float(np.mean(shares))


def returned(
    tree: networkx.Graph, runs: Sequence[Run], chance: float
) -> tuple[float, tuple[float, float] | None]:
    """The share of the edges that come back in a run, less chance: mean and interval over runs."""
    back = [edges(tree, range(max(tree) + 1), runs=[run]).returns.mean() - chance for run in runs]
    return over_seeds(back) if back else (np.nan, None)


def firm(table: pd.DataFrame) -> set[frozenset]:
    """The edges of a table of `edges` that come back in every run; all, where there was none."""
    kept = table[table.returns.eq(1) | table.returns.isna()]
    return {frozenset(edge) for edge in kept[["i", "j"]].to_numpy().tolist()}


def firmest_clusters(table: pd.DataFrame, of_node: Mapping[int, int]) -> set[int]:
    """The two clusters tied by an edge in which most edges return, the strongest on a tie.

    table: of `edges`. One cluster where no edge ties two.
    """
    pairs = table.assign(first=table.i.map(of_node), second=table.j.map(of_node))
    ties = pairs[pairs["first"] != pairs.second]
    choices = [{a, b} for a, b in zip(ties["first"], ties.second, strict=True)] or [{0}]
    n_back = [
        pairs.returns[pairs["first"].isin(both) & pairs.second.isin(both)].eq(1).sum()
        for both in choices
    ]
    return choices[int(np.argmax(n_back))]


def clusters(tree: networkx.Graph, n_clusters: int, *, seed: int = 1) -> dict[int, int]:
    """The cluster of every node, by spectral clustering of the weighted tree; 0 is the largest."""
    nodes = sorted(tree)
    if not 1 <= n_clusters <= len(nodes):
        given = f"{n_clusters} clusters of {len(nodes)} axes"
        raise InputError(f"{given}: expected 1..{len(nodes)}; ask for fewer")
    if n_clusters == 1:
        return dict.fromkeys(nodes, 0)
    if n_clusters == len(nodes):
        return dict(zip(nodes, range(len(nodes)), strict=True))
    model = SpectralClustering(
        n_clusters, affinity="precomputed", assign_labels="kmeans", n_init=10, random_state=seed
    )
    labels = model.fit_predict(networkx.to_numpy_array(tree, nodelist=nodes))
    by_size = np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")
    new = np.empty_like(by_size)
    new[by_size] = np.arange(len(by_size))
    return dict(zip(nodes, new[labels].tolist(), strict=True))


def layout(tree: networkx.Graph) -> dict[int, np.ndarray]:
    """A place (2,) for every node, by Kamada and Kawai with edges of equal length."""
    return networkx.kamada_kawai_layout(tree, weight=None)


def path(tree: networkx.Graph, start: int, end: int) -> list[int]:
    """The axes on the only way from one axis to another."""
    return networkx.shortest_path(tree, start, end)
