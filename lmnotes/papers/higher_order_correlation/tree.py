"""A map of meanings: the maximum spanning tree of related axes, its clusters and its stability.

After Oyama, Yamagiwa and Shimodaira, EMNLP 2024, Figures 5 and 12.
"""

from collections.abc import Sequence

import networkx
import numpy as np
import pandas as pd

from lmnotes.errors import InputError


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
    for place, i in enumerate(nodes):
        for j in nodes[place + 1 :]:
            graph.add_edge(i, j, weight=float(weights[i, j]))
    return networkx.maximum_spanning_tree(graph, algorithm="prim" if len(nodes) > 1 else "kruskal")


def edges(
    tree: networkx.Graph, names: Sequence[str], error: np.ndarray | None = None
) -> pd.DataFrame:
    """The edges of a tree, the strongest first: i, j, first, second, weight, standard error."""
    rows = [
        (min(i, j), max(i, j), names[min(i, j)], names[max(i, j)], weight)
        for i, j, weight in tree.edges(data="weight")
    ]
    table = pd.DataFrame(rows, columns=["i", "j", "first", "second", "weight"])
    if error is not None:
        table["standard error"] = error[table.i, table.j]
    return table.sort_values(["weight", "i"], ascending=[False, True]).reset_index(drop=True)


def clusters(tree: networkx.Graph, n_clusters: int, *, seed: int = 1) -> dict[int, int]:
    """The cluster of every node, by spectral clustering of the weighted tree; 0 is the largest."""
    from sklearn.cluster import SpectralClustering

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


def edge_agreement(
    reference: networkx.Graph, others: Sequence[tuple[networkx.Graph, np.ndarray]]
) -> pd.DataFrame:
    """How often each edge of a tree comes back in the trees of other runs.

    Args:
        others: of each run the tree and `match` (K,), the reference's axis of each of its axes,
            -1 where it has none.

    Returns:
        one row per edge of the reference: i, j, weight, returns (share of runs).
    """
    runs = [
        {
            frozenset((int(match[i]), int(match[j])))
            for i, j in tree.edges
            if match[i] >= 0 and match[j] >= 0
        }
        for tree, match in others
    ]
    rows = [
        (min(i, j), max(i, j), weight, np.mean([frozenset((i, j)) in run for run in runs]))
        for i, j, weight in reference.edges(data="weight")
    ]
    table = pd.DataFrame(rows, columns=["i", "j", "weight", "returns"])
    return table.sort_values(["weight", "i"], ascending=[False, True]).reset_index(drop=True)


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
