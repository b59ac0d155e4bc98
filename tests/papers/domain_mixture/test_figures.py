from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.domain_mixture import design, figures, live

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


def view(monkeypatch, build, *arguments):
    """What a view draws, as a function of its controls."""
    monkeypatch.setattr(live.notebook, "explore", lambda draw, **_: draw)
    return build(*arguments)


def a_study(**given):
    """A study of three domains; its one target leads in the first."""
    which = np.arange(3)
    gap = design.Gap(np.array([2.0, 0, -2]), np.full(3, 10), which, NAMES)
    world = SimpleNamespace(names=NAMES)
    return SimpleNamespace(world=world, targets=["t"], gaps={("t", 1): gap}, **given)


def test_recipe_adds_the_moves_up(monkeypatch):
    """Domains move their own text by one; half of the first two is 45 degrees off the first."""
    readings = {("probe", 1, a): SimpleNamespace(log_likelihood=np.eye(3)[a]) for a in range(3)}
    base = {1: SimpleNamespace(log_likelihood=np.zeros(3))}
    study = a_study(measured=readings, on_design=base)
    draw = view(monkeypatch, live.recipe_designer, study)
    left, right = draw(code=1, news=1, names=0).axes
    (end,) = [line for line in left.lines if line.get_label() == "yours"]
    assert end.get_xdata().tolist() == pytest.approx([0.125])  # <(1,1,0)/2, d> / |d|^2
    assert [bar.get_width() for bar in right.patches[:3]] == pytest.approx([0.5, 0.5, 0], abs=1e-8)
    assert "cosine: 0.87" in draw(code=1, news=1, names=0).axes[0].get_title()


def test_the_truth_of_a_diet_is_hidden_until_asked(monkeypatch):
    study, values = a_study(), np.array([0.5, 0.3, 0.2])
    guesses = {1: (study.gaps["t", 1], values, values[::-1])}
    draw = view(monkeypatch, live.guess_the_diet, study, guesses)
    hidden, shown = draw(), draw(reveal=True)
    assert len(hidden.axes[1].patches) == 3 and len(shown.axes[1].patches) == 6
    assert shown.axes[0].get_title() == "hidden model 1: off by 0.30"


def test_a_dial_says_the_entropy(monkeypatch):
    table = pd.DataFrame({"temperature": [0.1, np.inf], "kl_var": [1.0, 2], "exact_kl": [3.0, 2]})
    draw = view(monkeypatch, live.temperature_dial, a_study(), table.assign(target="t"))
    left, right = draw(T=1e9).axes
    assert left.get_title() == "T = 1e+09: entropy 1.10 of 1.10 nats"
    assert [line.get_ydata().tolist() for line in right.lines[:2]] == [[0.5], [1.5]]
