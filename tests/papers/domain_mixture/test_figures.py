import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.domain_mixture import figures, live

NAMES = ("code", "news", "names")


def labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_comparison_shows_six_rules_at_most():
    table = pd.DataFrame(
        {
            "target": "t",
            "rule": ["uniform", "kd", "lld_sd", "single"],
            "difference": [np.nan, -1.0, -0.5, 2.0],
            "low": [np.nan, -1.2, -0.9, 1.0],
            "high": [np.nan, -0.8, -0.1, 3.0],
        }
    )
    (ax,) = figures.comparison({"exact_kl": table}).axes
    shown = [tick.get_text() for tick in ax.get_yticklabels()]
    assert shown == ["lead of domains, T = sd", "distillation"]
    points = [line for line in ax.lines if line.get_marker() in ("o", "P")]
    assert [float(point.get_xdata()[0]) for point in points] == [-0.5, -1.0]
    assert "bits per byte" in ax.get_xlabel()


def test_temperatures_put_uniform_at_the_end():
    table = pd.DataFrame(
        {
            "target": "t",
            "temperature": [np.inf, 0.1, 1.0],
            "kl_var": [2.0, 1.0, 1.5],
            "exact_kl": [1.0, 2.0, 1.0],
        }
    )
    (ax,) = figures.temperatures(table.assign(sd=0.2)).axes
    assert ax.lines[0].get_ydata().tolist() == [0.5, 0.75, 1.0]
    assert ax.get_xticklabels()[-1].get_text() == r"$\infty$"


def test_alignment_says_the_correlation():
    table = pd.DataFrame(
        {
            "target": "t",
            "rule": ["kd", "lld_sd", "anti"],
            "cosine": [1.0, 0.5, 0.0],
            "change": [-2.0, -1.0, 0.0],
        }
    )
    figure = figures.alignment(table)
    assert figure.axes[0].get_title() == "t: r = -1.00" and "distillation" in labels(figure)


def test_directions_draw_a_path_for_each_rule():
    table = pd.DataFrame(
        {
            "target": "t",
            "rule": ["kd", "kd", "uniform", "uniform", "target", "bases"],
            "step": [0, 9, 9, 0, 0, 0],
            "x": [0.0, 1, 0.2, 0, 2, 0.1],
            "y": [0.0, 1, -1, 0, 1, 1],
        }
    )
    figure = figures.directions(table)
    paths = {line.get_label(): line.get_xdata().tolist() for line in figure.axes[0].lines}
    assert paths["distillation"] == [0, 1] and paths["equal shares"] == [0, 0.2]


@pytest.mark.parametrize("values", [[0.11, 0.13], [0.001, 900.0], [0.4, 3.0]])
def test_ticks_lie_among_the_values(values):
    _, ax = plt.subplots()
    ax.set_xscale("log")
    figures.log_ticks(ax.xaxis, values)
    ticks = ax.get_xticks()
    assert len(ticks) <= 7
    assert all(0.9 * values[0] <= tick <= 1.1 * values[1] for tick in ticks)


def test_recipe_adds_the_moves_up():
    places = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    figure = live.recipe(places, NAMES, {"yours": np.array([0.5, 0.5, 0])}, 0.7)
    left, right = figure.axes
    (end,) = [line for line in left.lines if line.get_label() == "yours"]
    assert end.get_xydata().tolist() == [[0.5, 0.5]] and "0.70" in left.get_title()
    assert [bar.get_width() for bar in right.patches[:3]] == [0.5, 0.5, 0]


def test_the_truth_of_a_diet_is_hidden_until_asked():
    values = np.array([0.3, 0.1, -0.1])
    hidden = live.diet(NAMES, values, values, None, "m")
    shown = live.diet(NAMES, values, values, values, "m")
    assert len(hidden.axes[1].patches) == 3 and len(shown.axes[1].patches) == 6


def test_a_dial_says_the_entropy():
    table = pd.DataFrame({"temperature": [0.1, np.inf], "kl_var": [1.0, 2], "exact_kl": [3.0, 2]})
    left, right = live.dial(np.full(3, 1 / 3), NAMES, table, 0.25).axes
    assert left.get_title() == "T = 0.25: entropy 1.10 of 1.10"
    assert [line.get_ydata().tolist() for line in right.lines[:2]] == [[0.5], [1.5]]
