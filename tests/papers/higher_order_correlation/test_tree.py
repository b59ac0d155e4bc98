"""Trees against Kruskal written out, clusters, agreement over runs, merged axes."""

import numpy as np
import pandas as pd
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
    agreement = axis_tree.edges(reference, "abcdef", runs=[same, same])
    assert (agreement.returns == 1).all() and len(agreement) == 5
    lost = axis_tree.edges(reference, "abcdef", runs=[same, (same[0], np.full(6, -1))])
    assert (lost.returns == 0.5).all() and not axis_tree.firm(lost)
    assert axis_tree.firm(agreement) == {frozenset(edge) for edge in reference.edges}
    assert axis_tree.returned(reference, [same, same], 0.25)[0] == 0.75
    unasked = axis_tree.edges(reference, "abcdef")
    assert unasked.returns.isna().all() and len(axis_tree.firm(unasked)) == 5
    assert np.isnan(axis_tree.returned(reference, [], 0.25)[0])


def test_another_run_is_matched_axis_by_axis():
    values = np.random.default_rng(2).laplace(size=(4000, 5))
    values = np.linalg.qr(values - values.mean(axis=0))[0] * np.sqrt(4000)
    other = -values[:, [4, 2, 0, 1, 3]]
    grown, match = axis_tree.rerun(other, values, nodes=[0, 1, 4])
    assert match.tolist() == [4, 2, 0, 1, 3] and set(grown) == {0, 2, 3}


def test_relabelled_trees_return_as_often_as_chance_has_it():
    matrix = weights(20)
    share = axis_tree.chance(axis_tree.grow(matrix), matrix, n_draws=300)
    assert share == pytest.approx(2 / 20, abs=0.02)  # n - 1 of n (n - 1) / 2 pairs are edges


def test_the_close_up_has_the_clusters_where_most_returns():
    table = pd.DataFrame({"i": [0, 1, 2, 3], "j": [1, 2, 3, 4], "returns": [0, 0.5, 1, 1.0]})
    assert axis_tree.firmest_clusters(table, {0: 0, 1: 0, 2: 1, 3: 2, 4: 2}) == {1, 2}
    assert axis_tree.firmest_clusters(table, dict.fromkeys(range(5), 0)) == {0}
