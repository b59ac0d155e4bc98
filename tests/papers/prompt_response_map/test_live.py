"""The views draw what their controls say, on axes that stand still."""

import numpy as np
import pandas as pd
import pytest
from axis_limits import limits

from lmnotes.papers.prompt_response_map import conditions, live, small_world, world_map

pytestmark = pytest.mark.usefixtures("headless")
N = 60


@pytest.fixture(scope="module")
def world():
    """Fourteen models whose moves under tags add up exactly, those of the controls not at all."""
    rng = np.random.default_rng(0)
    members = (*small_world.MEMBERS, *world_map._CONTROLS)
    table = pd.DataFrame([vars(member) for member in members])
    table["model"] = table["label"] = [member.label for member in members]
    table["size"] = [f"d{member.width}" for member in members]

    def under_all(n_models):
        start, moves = rng.normal(-60, 5, (n_models, N)), rng.normal(0, 2, (3, n_models, N))
        values = [
            start + sum(move for tag, move in zip("ABC", moves, strict=True) if tag in name)
            for name in small_world.PROMPTS
        ]
        return np.stack(values)

    own, control = under_all(14), under_all(2)
    control[list(small_world.PROMPTS).index("AB")] += rng.normal(0, 9, (2, N))
    none = pd.DataFrame()
    scores = conditions.Conditions(tuple(small_world.PROMPTS), own, table, none)
    controls = conditions.Conditions(tuple(small_world.PROMPTS), control, table[-2:], none)
    drawn = [small_world.draw(N, rule=rule) for rule in (None, small_world.OVERLAP)]
    return world_map.World(table, drawn[0], scores, drawn[1], controls)


def test_a_map_is_coloured_by_one_factor(world):
    view = live.one_map(world, world_map.explained(world, 9, 10))
    for factor, n in (("rule", 2), ("seed", 3)):
        view.set(shown="conditional", colour_by=factor)
        ax = view.output.axes[0]
        assert ax.get_title().startswith("conditional: taste ")
        assert len(ax.figure.legends[0].get_texts()) == n


def test_two_laws_part_in_place():
    view = live.bend()
    assert len(view.frames) >= 10
    assert len({drawn.axes[0].get_ylim() for _, drawn in view.frames}) == 1
    view.set(t=0.02)
    assert view.output.axes[0].get_title().endswith("ratio 1.00")


def test_draws_of_a_distance_stand_on_axes_that_stay(world):
    view = live.one_budget(world)
    assert len({drawn.axes[0].get_xlim() for _, drawn in view.frames}) == 1
    spread = []
    for n in (10, N - 2):
        view.set(n=n)
        dots = view.output.axes[0].collections[-1].get_offsets()
        assert len(dots) == 60
        spread.append(np.std(dots[:, 1]))
    assert spread[0] > 4 * spread[1]


def test_moves_are_added_and_what_is_missed_is_shown(world):
    view = live.switchboard(world)
    stood = limits(view)
    assert limits(view, A=True, B=True, C=True)[0] == stood[0]
    assert limits(view)[1][0] == stood[1][0]
    plane, bars = view.output.axes
    assert "R^2$ of the sum 1.00" in plane.get_title()
    assert max(abs(bar.get_width()) for bar in bars.patches) < 1e-9
    view.set(model="prose, tags overlap", C=False)
    plane, bars = view.output.axes
    assert "R^2$ of the sum 1.00" not in plane.get_title()
    assert max(abs(bar.get_width()) for bar in bars.patches) > 9


def test_bytes_of_the_responses_on_which_two_models_differ_most(world):
    tokens = np.zeros((12, N, 32))
    tokens[0, 7, 3] = 5.0
    view = live.byte_by_byte(world, tokens)
    view.set(n_shown=2)
    ax = view.output.axes[0]
    assert ax.get_yticklabels()[0].get_text() == f"+5 nats, tags {world.tags[7]}"
    assert len(ax.get_yticklabels()) == 2
