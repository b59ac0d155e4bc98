"""Trees against Kruskal written out, clusters, agreement over runs, merged axes."""

import numpy as np
import pytest

from lmnotes.papers.higher_order_correlation import tree as axis_tree
from lmnotes.words.ica import matching


def weights(k=12, seed=0):
    half = np.triu(np.random.default_rng(seed).random((k, k)), 1)
    return half + half.T


def kruskal(matrix, nodes):
    parent = {node: node for node in nodes}

    def root(node):
        while parent[node] != node:
            node = parent[node]
        return node

    chosen = set()
    for _, i, j in sorted((-matrix[i, j], i, j) for i in nodes for j in nodes if i < j):
        if root(i) != root(j):
            parent[root(i)] = root(j)
            chosen.add((i, j))
    return chosen


def edge_set(tree):
    return {(min(edge), max(edge)) for edge in tree.edges}


def test_it_is_the_tree_of_kruskal_and_that_of_inverse_weights():
    matrix = weights()
    nodes = [0, 2, 3, 5, 7, 8, 11]
    tree = axis_tree.grow(matrix, nodes)
    assert edge_set(tree) == kruskal(matrix, nodes) and len(tree.edges) == len(nodes) - 1
    import networkx

    inverse = networkx.Graph()
    for i in nodes:
        for j in nodes:
            if i < j:
                inverse.add_edge(i, j, weight=1 / matrix[i, j])
    assert edge_set(networkx.minimum_spanning_tree(inverse)) == edge_set(tree)
    with pytest.raises(ValueError, match="not symmetric"):
        axis_tree.grow(np.triu(matrix))


def test_edges_are_listed_with_names_and_errors():
    matrix = weights(4)
    table = axis_tree.edges(axis_tree.grow(matrix), list("abcd"), error=matrix / 10)
    assert table.weight.is_monotonic_decreasing
    for row in table.itertuples():
        assert row.weight == matrix[row.i, row.j] and row.first == "abcd"[row.i]
    np.testing.assert_allclose(table["standard error"], table.weight / 10)


def test_clusters_find_two_cliques_and_the_largest_comes_first():
    matrix = np.full((9, 9), 0.01)
    matrix[:6, :6] = matrix[6:, 6:] = 1
    found = axis_tree.clusters(axis_tree.grow(matrix), 2)
    assert [found[node] for node in range(9)] == [0] * 6 + [1] * 3
    assert set(axis_tree.clusters(axis_tree.grow(matrix), 9).values()) == set(range(9))
    with pytest.raises(ValueError, match=r"expected 1\.\.9"):
        axis_tree.clusters(axis_tree.grow(matrix), 10)


def test_a_path_and_a_layout():
    chain = np.zeros((4, 4))
    for i in range(3):
        chain[i, i + 1] = chain[i + 1, i] = 2
    tree = axis_tree.grow(chain)
    assert axis_tree.path(tree, 0, 3) == [0, 1, 2, 3]
    assert set(axis_tree.layout(tree)) == {0, 1, 2, 3}


def test_agreement_is_blind_to_the_order_and_sign_of_axes():
    rng = np.random.default_rng(3)
    values = np.linalg.qr(rng.laplace(size=(200, 6)))[0] * np.sqrt(200)
    order, signs = rng.permutation(6), rng.choice([-1, 1], 6)
    other = values[:, order] * signs
    found = matching.match(other, values, method="hungarian", signed=False)
    match = found.partners(0.999)
    assert match.tolist() == order.tolist()
    matrix = weights(6)
    reference = axis_tree.grow(matrix)
    same = (axis_tree.grow(matrix[np.ix_(order, order)]), match)
    agreement = axis_tree.edge_agreement(reference, [same, same])
    assert (agreement.returns == 1).all() and len(agreement) == 5
    lost = axis_tree.edge_agreement(reference, [same, (same[0], np.full(6, -1))])
    assert (lost.returns == 0.5).all()


def test_merged_axes_are_means():
    values = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(
        axis_tree.merge(values, [1, 0, 1, 0]),
        np.column_stack([values[:, [1, 3]].mean(1), values[:, [0, 2]].mean(1)]),
    )
    with pytest.raises(ValueError, match="one per axis"):
        axis_tree.merge(values, [0, 1])
