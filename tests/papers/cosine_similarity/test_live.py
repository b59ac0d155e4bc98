"""Every view draws at any setting of its controls; limits stay, and the game keeps score."""

import pytest
from axis_limits import limits

from lmnotes.papers.cosine_similarity import live
from lmnotes.words import similarity
from lmnotes.words.ica import intruder

PAIR = ["word1", "word2"]


pytestmark = pytest.mark.usefixtures("headless")


def test_a_cosine_is_taken_apart_for_typed_words(space):
    view = live.decompose(space, PAIR)
    view.set(word="WORD9", partner="word2", basis="PCA", n_bars=6)
    left, right = view.output.axes
    assert left.get_title().startswith("word9 × word2") and len(left.patches) == 6
    unit = space.unit["ICA"]
    assert f"{unit[space.ids['word9']] @ unit[space.ids['word2']]:.4f}" in right.get_title()


def test_the_null_lab_stands_still_while_its_slider_moves(space):
    view = live.null_lab(8)
    before = limits(view)
    view.set(dimensions=500)
    assert limits(view) == before and len(view.frames) == 12
    view.set(kind="component", dimensions=5, log_scale=False)


def test_the_knob_keeps_limits_and_cosine(space):
    turns = {
        name: similarity.geodesic(space.bases["PCA"].values, space.bases[name].values)
        for name in ("ICA", "random rotation")
    }
    view = live.rotation_knob(space, turns, PAIR)
    said = []
    for t in (0.0, 0.35, 1.0):
        view.set(t=t)
        said.append((limits(view), view.output.axes[1].get_title()))
    assert said[0] == said[1] == said[2] and len(view.frames) == 12


def test_the_game_counts_the_first_guess_of_an_axis_only(space):
    view = live.intruder_game(space, seed=0)

    def words_of(axis):
        rows, place = intruder.game(space.unit["ICA"], axis - 1, listed=space.listed, seed=0)
        six = [space.words[row] for row in rows]
        return six[place], six[place - 1]

    def counted():
        return view.output.axes[0].texts[-1].get_text()

    view.set(axis=1, intruder_is="no word of it")
    assert "nothing yet" not in counted()  # a page shows one given up of each basis
    given_up = live.intruder_game(space, seed=0)
    view = given_up
    right, wrong = words_of(1)
    view.set(basis="ICA", axis=1, intruder_is=wrong)
    assert f"it was {right}" in view.output.axes[0].get_title(loc="left")
    view.set(intruder_is=right)
    assert "ICA 0 of 2" in counted()
    right, _ = words_of(2)
    view.set(axis=2, intruder_is=right.upper())
    assert "ICA 1 of 3" in counted() and "right" in view.output.axes[0].get_title(loc="left")
