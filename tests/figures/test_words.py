"""What the figures of notebooks 03 and 04 compute before they draw."""

import matplotlib as mpl
import numpy as np
import pytest

from lmnotes.figures import bases, style
from lmnotes.papers.higher_order_correlation import figures


@pytest.fixture(autouse=True)
def no_window():
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


def test_a_histogram_is_a_density_beside_its_law():
    values = np.random.default_rng(0).normal(size=50_000)
    at = np.linspace(-5, 5, 500)
    curve = (at, np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi))
    _, (ax,) = style.panels()
    table = bases.null_histogram(ax, values, curve, limit=5, bins=50)
    assert table.density.sum() * 0.2 == pytest.approx(1, abs=1e-3)
    assert np.abs(table.density - table.null).max() < 0.02


def test_a_tree_is_drawn_with_every_label_once():
    from lmnotes.papers.higher_order_correlation import tree as axis_tree

    weights = np.random.default_rng(1).random((6, 6))
    tree = axis_tree.grow(weights + weights.T)
    names = [f"word{n}" for n in range(6)]
    figure = figures.tree(
        tree, names, dict.fromkeys(tree, 0), axis_tree.layout(tree), highlight=[*tree][:2]
    )
    written = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(written) == [f"{n} word{n}" for n in range(6)]


def test_words_in_both_lists_are_named_once():
    _, (ax,) = style.panels()
    x, y = np.array([0.0, 0.5, 0.1, 0.8]), np.array([0.0, 0.1, 0.6, 0.8])
    figures.spikes(
        ax, x, y, blue={1: "a", 2: "b"}, red={2: "b", 3: "c"}, title="", axes_names=("i", "j")
    )
    assert sorted(text.get_text() for text in ax.texts) == ["a", "b", "c"]
