import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection

from lmnotes.papers.trajectories import (
    exponents,
    figures_paths,
    figures_ruler,
    kl_ruler,
    long_tail,
    random_walk,
    rounded_models,
    scored_runs,
)

GROUPS = {"small": "size", "middle": "both", "again": "seed"}


@pytest.fixture
def paths():
    rng = np.random.default_rng(0)
    return {run: np.cumsum(rng.normal(size=(9, 2)), axis=0) for run in GROUPS}


def test_seeds_are_grey_and_other_runs_are_not(paths):
    colours = figures_paths.colours_of(GROUPS)
    assert len(set(colours.values())) == 3 and colours["small"] == figures_paths.style.BLUE
    red, green, blue = (int(colours["again"][i : i + 2], 16) for i in (1, 3, 5))
    assert red == green == blue
    three = {run: np.column_stack([places, places[:, 0]]) for run, places in paths.items()}
    figure = figures_paths.maps(scored_runs.RunMap({}, {}, three, paths), GROUPS)
    assert "component 1" in figure.axes[0].get_xlabel() and not figure.axes[1].get_xticks().size
    widths = figure.axes[0].collections[0].get_linewidths()
    assert max(widths) == pytest.approx(2.3) and min(widths) >= 0.5


def test_speed_is_split_at_the_boundary():
    steps = np.array([0, 1, 2, 4, 10, 20])
    table = pd.concat([pd.DataFrame({"run": r, "step": steps, "per_step": 0.1}) for r in GROUPS])
    left, right = figures_paths.consecutive(table, GROUPS, 4).axes
    assert left.lines[0].get_xdata() == pytest.approx(np.log10([1, 2, 3]))
    assert right.lines[0].get_xdata().tolist() == [4, 10, 20] and right.get_yscale() == "log"


def test_a_window_shows_both_laws_on_one_scale():
    elapsed = np.arange(10.0, 60, 10)
    laws = [exponents.power_law(elapsed, elapsed**c) for c in (0.5, 1.0)]
    window = elapsed, elapsed**0.5, elapsed, laws
    figure, table = figures_paths.windows({"a": (7, *window), "b": (9, *window)})
    left, right = figure.axes
    names = [text.get_text() for text in left.get_legend().get_texts()]
    assert names[0].startswith("weights, $c_w$ = 1.00") and "$c_q$ = 0.50" in names[1]
    assert left.get_ylim() == right.get_ylim() and not right.get_ylabel()
    assert all(line.get_ydata()[0] == pytest.approx(1) for line in left.lines)
    assert table["run"].tolist() == ["a"] * 5 + ["b"] * 5 and list(table)[:2] == ["elapsed", "kl"]


def test_the_control_has_a_bar_for_every_path_and_component():
    path = random_walk.random_walk(12, 30)
    shapes = pd.concat([random_walk.shape(path).assign(path=name) for name in ("a", "b")])
    three = {name: path[:, :3] for name in ("a", "b")}
    assert len(figures_paths.control(three, shapes).axes[2].patches) == 8


def test_the_ruler_has_all_settings_and_draws_large_values_at_its_top():
    values = {"Seed": np.array([0.1, 0.2, 0.3]), "Random": np.array([80.0])}
    values["Later"] = np.linspace(0.01, 0.1, 10)
    (ax,) = figures_ruler.ruler(values, kl_ruler.medians(values)).axes
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels[2] == "Seed (3)" and labels[8] == "Random (1)" and len(labels) == 10
    dots = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == 1]
    assert max(place[0, 0] for place in dots) == figures_ruler.TOP
    assert sum(isinstance(c, FillBetweenPolyCollection) for c in ax.collections) == 1  # of Later


def test_maps_show_every_edge_copy_and_layer():
    rng = np.random.default_rng(1)
    names, parents = ["base", "code 2", "code 4", "code 4, names"], ["", "base", "base", "code 4"]
    tuned = long_tail.Tuned(["code"], [2, 4], names, parents, rng.normal(size=(4, 9)), np.ones(9))
    left, right = figures_ruler.fine_tunes(tuned).axes
    arrows = [text for text in right.texts if not text.get_text()]
    assert len(arrows) == 3 and left.get_xlabel() == "steps of fine-tuning"
    table = pd.DataFrame({"model": ["a", "b"], "family": ["GPT-2 8x2", "Llama 8x2"]})
    values = {(name, "column"): rng.normal(size=(3, 9)) for name in table["model"]}
    rounded = rounded_models.RoundedModels(table, values, {"column": (8, 4)}, np.ones(9))
    places = pd.DataFrame(rng.normal(size=(2, 2)), columns=["t-SNE 1", "t-SNE 2"])
    layers = {name: rng.normal(size=(4, 9)) for name in table["model"]}
    figure = figures_ruler.three_maps(rounded, table, places, layers, table)
    assert [ax.get_title()[:3] for ax in figure.axes] == ["(a)", "(b)", "(c)"]
    assert "rounded to 4 bits" in figure.axes[0].get_title() and len(figure.axes[0].lines) == 2


def test_tables_are_drawn_with_their_numbers():
    kl = np.array([[0, 1.5], [1.5, 0]])
    assert len(figures_ruler.matrix(kl, ["a", "b"]).axes[0].texts) == 2  # no diagonal
    kin = pd.DataFrame({"bits": [8, 4], "cosine": [0.5, 0.1], "one family": [True, False]})
    (ax,) = figures_ruler.shift_cosines(kin).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["8", "4"]
    rows = [(8, "a", "column", 0.01), (4, "a", "column", 1.0), (8, "a", "tensor", 0.1)]
    table = pd.DataFrame(rows, columns=["bits", "model", "per", "kl"])
    assert len(figures_ruler.bits(table, {8: 0.44}).axes) == 2
    assert len(figures_ruler.strip({"mine": 99.0}).axes[0].texts) == 11
    _, axes = figures_ruler.style.panels(2)
    figures_ruler.growth(axes[0], {"code": np.array([0.1, 1.0])}, [10, 100])
    figures_ruler.one_text(axes[1], np.full((3, 4), -1.0), "abcd")
    assert axes[1].get_yticklabels()[0].get_text() == "embedding"
