"""The views draw what their controls say, on axes that stand still."""

import numpy as np
import pytest
from pairs import few_words, halves

from lmnotes.papers.universal_geometry import live

pytestmark = pytest.mark.usefixtures("headless")


def test_the_browser_shows_the_top_words_of_an_axis():
    space = few_words(0)
    view = live.axis_browser({"ICA": space, "PCA": few_words(1)}, min_count=1)
    view.set(axis=2, basis="ICA", n_words=5)
    ax = view.output.axes[0]
    top = space.words[int(space.normalised[:, 1].argmax())]
    assert ax.get_yticklabels()[0].get_text() == top and "ICA, axis 2" in ax.get_title()
    limits = ax.get_xlim()
    view.set(basis="PCA")
    assert view.output.axes[0].get_xlim() == limits


def test_two_axes_are_turned_in_place():
    view = live.turn(few_words(0))
    assert len(view.frames) >= 10
    limits = {drawn.axes[0].get_xlim() for _, drawn in view.frames}
    assert len(limits) == 1
    view.set(angle=0)
    skew = few_words(0).skewness
    assert view.output.axes[0].get_title() == f"skewness {skew[0]:.2f} and {skew[1]:.2f}"


def test_two_worlds_match_better_than_shuffled_ones():
    view = live.two_worlds([halves()])
    means = {}
    for shuffle in (False, True):
        view.set(share=100, shuffle=shuffle)
        means[shuffle] = view.output.axes[1].lines[0].get_ydata().mean()
    assert means[False] > 0.8 > 0.2 > means[True] > 0
    assert np.allclose(view.output.axes[1].get_ylim(), (0, 1))
