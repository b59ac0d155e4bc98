import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.trajectories import (
    exponents,
    figures_paths,
    figures_ruler,
    kl_ruler,
    random_walk,
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
    figure = figures_paths.maps({"one": paths, "two": paths}, GROUPS, {"two": ("x", "y")})
    assert figure.axes[1].get_xlabel() == "x" and not figure.axes[0].get_xticks().size
    widths = figure.axes[0].collections[0].get_linewidths()
    assert max(widths) == pytest.approx(2.3) and min(widths) >= 0.5


def test_speed_is_split_at_the_boundary():
    steps = np.array([0, 1, 2, 4, 10, 20])
    table = pd.concat([pd.DataFrame({"run": r, "step": steps, "kl": 0.1}) for r in GROUPS])
    left, right = figures_paths.consecutive(table, GROUPS, 4).axes
    assert left.lines[0].get_xdata() == pytest.approx(np.log10([1, 2, 3]))
    assert right.lines[0].get_xdata().tolist() == [4, 10, 20] and right.get_yscale() == "log"


def test_a_window_shows_both_laws():
    elapsed = np.arange(1.0, 6)
    laws = [exponents.power_law(elapsed, elapsed**c) for c in (0.5, 1.0)]
    figure, (ax,) = figures_paths.style.panels()
    right = figures_paths.window_fits(ax, elapsed, elapsed**0.5, elapsed, laws)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[0].startswith("$c_q$ = 0.50") and names[-1].startswith("$c_w$ = 1.00")
    assert right.get_ylabel() and figure.axes == [ax, right]


def test_the_control_has_a_bar_for_every_path_and_component():
    path = random_walk.random_walk(12, 30)
    shapes = pd.concat([random_walk.shape(path).assign(path=name) for name in ("a", "b")])
    three = {name: path[:, :3] for name in ("a", "b")}
    assert len(figures_paths.control(three, shapes).axes[2].patches) == 8


def test_the_ruler_has_all_settings_and_draws_large_values_at_its_top():
    values = {"Seed": np.array([0.1, 0.2, 0.3]), "Random": np.array([80.0])}
    figure = figures_ruler.ruler(values, kl_ruler.medians(values))
    (ax,) = figure.axes
    labels = [tick.get_text() for tick in ax.get_xticklabels()]
    assert labels[2] == "Seed\n(3)" and labels[8] == "Random\n(1)" and len(labels) == 10
    dots = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == 1]
    assert max(one[0, 1] for one in dots) == figures_ruler.TOP


def test_maps_of_relatives_show_every_edge():
    rng = np.random.default_rng(1)
    edges = np.array([[1, 0], [2, 1]])
    _, axes = figures_ruler.style.panels(3)
    figures_ruler.lineages(
        axes[0], rng.normal(size=(4, 2)), edges, np.array([0, 1, 2, 0]), [""] * 4
    )
    assert len(axes[0].texts) == 2  # arrows
    figures_ruler.shifts(axes[1], rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), "ab", "copies")
    figures_ruler.threads(axes[2], {"a": rng.normal(size=(4, 2))})
    figures_ruler.placed(axes, "abc")
    assert all(ax.get_legend() is not None for ax in axes)


def test_tables_are_drawn_with_their_numbers():
    kl = np.array([[0, 1.5], [1.5, 0]])
    assert len(figures_ruler.matrix(kl, ["a", "b"], "KL").axes[0].texts) == 2  # no diagonal
    assert len(figures_ruler.matrix(kl - 1, ["a", "b"], "cos", scale="cosine").axes[0].texts) == 4
    rows = [(8, "a", "column", 0.01), (4, "a", "column", 1.0), (8, "a", "tensor", 0.1)]
    table = pd.DataFrame(rows, columns=["bits", "model", "per", "kl"])
    assert len(figures_ruler.bits(table, {8: 0.44}).axes) == 2
    assert len(figures_ruler.strip({"mine": 99.0}).axes[0].texts) == 11
    _, axes = figures_ruler.style.panels(2)
    figures_ruler.growth(axes[0], {"code": np.array([0.1, 1.0])}, [10, 100])
    figures_ruler.one_text(axes[1], np.full((3, 4), -1.0), "abcd")
    assert axes[1].get_yticklabels()[0].get_text() == "embedding"
