"""Labels of trees and of words are there once, and do not cover each other."""

import matplotlib.pyplot as plt
import networkx
import numpy as np

from lmnotes.figures import style
from lmnotes.papers.higher_order_correlation import axes, figures, tree
from lmnotes.words.ica.components import Components


def test_spread_labels_do_not_overlap_and_stay_in_the_drawing():
    random = np.random.default_rng(0)
    places = {node: random.normal(size=2) for node in range(0, 80, 2)}
    places[2] = places[0].copy()  # two in one place
    names = [f"axis {node}, word" for node in range(80)]
    spots = figures.spread(places, names, size=(7.0, 8.6), font=6)
    at = np.array([spots[node] for node in sorted(spots)])
    assert (np.abs(at) <= [3.5, 4.3]).all()
    wide, high = np.array([len(names[n]) for n in sorted(spots)]) * 0.5 * 6 / 72, 9 / 72
    gap = np.abs(at[:, None] - at[None])
    hit = (gap[..., 0] < (wide[:, None] + wide) / 2) & (gap[..., 1] < high)
    np.fill_diagonal(hit, False)
    assert not hit.any()


def test_a_tree_says_its_weights_with_their_errors():
    graph = networkx.Graph()
    graph.add_edge(0, 1, weight=1.5)
    places = {0: np.zeros(2), 1: np.ones(2)}
    figure = figures.tree(graph, ["a", "b"], {0: 0, 1: 1}, places, errors=np.full((2, 2), 0.25))
    assert {text.get_text() for text in figure.axes[0].texts} == {"a", "b", "1.50 ± 0.25"}
    plt.close(figure)


def test_only_firm_edges_are_thick_and_have_their_weight():
    graph = networkx.path_graph(3)
    networkx.set_edge_attributes(graph, 1.5, "weight")
    places = {node: np.array([node, node]) for node in range(3)}
    look = {"firm": {frozenset((0, 1))}, "errors": np.ones((3, 3))}
    figure = figures.tree(graph, list("abc"), dict.fromkeys(range(3), 0), places, **look)
    (ax,) = figure.axes
    assert [line.get_linewidth() > 1 for line in ax.lines] == [True, False]
    weights = {text.get_text(): text.get_weight() for text in ax.texts}
    assert weights == {"1.50 ± 1.00": "normal", "a": "bold", "b": "bold", "c": "normal"}
    plt.close(figure)


def test_a_tree_is_drawn_with_every_label_once():
    weights = np.random.default_rng(1).random((6, 6))
    graph = tree.grow(weights + weights.T)
    names = [f"word{n}" for n in range(6)]
    figure = figures.tree(
        graph, names, dict.fromkeys(graph, 0), tree.layout(graph), highlight=[*graph][:2]
    )
    written = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(written) == names
    plt.close(figure)


def test_words_in_both_lists_are_named_once():
    values = np.random.default_rng(3).normal(size=(9, 2))
    values = np.linalg.qr(values - values.mean(axis=0))[0] * 3
    space = Components(values, np.zeros(2), np.eye(2), "ICA", words=list("abcdefghi"))
    named = axes.Axes({"ICA": space}, np.ones(9, bool))
    figure, (ax,) = style.panels()
    blue = set(named.top["ICA"][:, :4].ravel())
    figures.pair(ax, named, "ICA", 0, 1, red=list(range(9)))
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert len(colours) == len(ax.texts) > 4
    for word, colour in colours.items():
        assert colour == (style.BLUE if space.ids[word] in blue else style.RED)
    assert ax.get_xlabel() == named.label(0) and named.label(0).startswith("1: ")
    plt.close(figure)
