"""The views: axes stand still while a slider moves, and words lead through the tree."""

import numpy as np
import pytest
from axis_limits import limits

from lmnotes.papers.higher_order_correlation import axes, correlations, live
from lmnotes.words.ica.components import Components

pytestmark = pytest.mark.usefixtures("headless")


@pytest.fixture
def named():
    values = np.random.default_rng(0).laplace(size=(300, 6))
    values = np.linalg.qr(values - values.mean(axis=0))[0] * np.sqrt(300)
    space = Components(values, np.zeros(6), np.eye(6), "ICA", words=[f"w{n}" for n in range(300)])
    return axes.Axes({"ICA": space}, np.ones(300, bool))


def test_a_shared_volume_leaves_axes_uncorrelated():
    view = live.shared_volume()
    assert limits(view, shared_volume=0.0) == limits(view, shared_volume=1.0)
    before = view.output.axes[0].get_title()
    view.set(break_it=True)
    assert view.output.axes[0].get_title() != before and len(view.frames) == 11


def test_axes_stand_still_as_words_are_left_out(named):
    c = named.c["ICA"]
    view = live.carried_by(named, correlations.pairs(c, np.full_like(c, 0.1), named.labels))
    assert limits(view, n_removed=0) == limits(view, n_removed=60)
    assert limits(view, rank=1)[1] == limits(view, rank=9)[1]  # the curve's, of any pair


def test_a_word_stands_for_its_axis_in_the_tree(named):
    view = live.tree_builder(named, np.arange(6.0), n_nodes=6, n_clusters=2)
    first, last = (named.ica.words[named.top["ICA"][axis][0]] for axis in (0, 5))
    view.set(nodes_kept=6, start=first, end=last)
    title = view.output.axes[0].get_title()
    assert title.startswith(named.label(0)) and named.label(5)[:8] in title
    view.set(nodes_kept=3)
    assert view.output.axes[0].get_title() == "not both are in this tree"
