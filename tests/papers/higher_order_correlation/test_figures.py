"""Labels of trees and of bars do not cover each other."""

import matplotlib.pyplot as plt
import networkx
import numpy as np

from lmnotes.figures import bases
from lmnotes.papers.higher_order_correlation import figures


def test_spread_labels_do_not_overlap_and_stay_in_the_drawing():
    random = np.random.default_rng(0)
    places = {node: random.normal(size=2) for node in range(0, 80, 2)}
    places[2] = places[0].copy()  # two in one place
    names = [f"axis {node}, word" for node in range(80)]
    found = figures.spread(places, names, size=(7.0, 8.6), font=6)
    at = np.array([found[node] for node in sorted(found)])
    assert (np.abs(at) <= [3.5, 4.3]).all()
    wide, high = np.array([len(f"{n} {names[n]}") for n in sorted(found)]) * 0.5 * 6 / 72, 9 / 72
    gap = np.abs(at[:, None] - at[None])
    hit = (gap[..., 0] < (wide[:, None] + wide) / 2) & (gap[..., 1] < high)
    np.fill_diagonal(hit, False)
    assert not hit.any()


def test_a_tree_says_its_weights_with_their_errors():
    graph = networkx.Graph()
    graph.add_edge(0, 1, weight=1.5)
    places = {0: np.zeros(2), 1: np.ones(2)}
    figure = figures.tree(graph, ["a", "b"], {0: 0, 1: 1}, places, errors=np.full((2, 2), 0.25))
    assert {text.get_text() for text in figure.axes[0].texts} == {"0 a", "1 b", "1.50 ± 0.25"}
    plt.close(figure)


def test_names_of_neighbouring_bars_are_apart():
    figure, ax = plt.subplots()
    values = np.array([0.50, 0.49, 0.1, 0.48])
    bases._name_bars(ax, values, {0: "a", 1: "b", 3: "c"}, points=100)
    heights = {t.get_text(): values[int(t.xy[0]) - 1] * 100 + t.xyann[1] for t in ax.texts}
    assert abs(heights["a"] - heights["b"]) >= 8
    plt.close(figure)
