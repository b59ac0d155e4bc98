"""Clouds of positions share one colour scale and say the numbers of their lines."""

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.papers.norm_information_gain import figures


def test_clouds_show_every_model_with_its_line_on_one_scale():
    x = np.arange(50.0)
    tables = {
        f"model {k}": pd.DataFrame({"x": x, "y": k * x, "count": 10**k + 0 * x})
        for k in range(1, 5)
    }
    fits = {n: statistics.regress(t.y, t.x, n_bootstrap=5) for n, t in tables.items()}
    figure = figures.clouds(tables, fits, xlabel="x", ylabel="y")
    drawn = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left").split("\n")[0] for ax in drawn] == list(tables)
    assert "slope 3.000" in drawn[2].get_title(loc="left")
    assert len({(ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) for ax in drawn}) == 1


def test_near_has_a_line_per_model_and_ticks_at_the_shares():
    rows = {"share": [1.0, 0.5], "median": [0.6, 0.9], "low": [0.5, 0.8], "high": [0.7, 1.0]}
    table = pd.concat([pd.DataFrame(rows).assign(model=name) for name in ("a", "b")])
    figure = figures.near(table)
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1/2", "1"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_a_run_is_drawn_checkpoint_by_checkpoint():
    table = pd.DataFrame({"step": [0, 4, 800], "raw_r2": [0.1, 0.2, 0.3]})
    table = table.assign(whitened_r2=table.raw_r2[::-1].to_numpy(), kl=[0.0, 0.1, 2.0])
    left, right = figures.by_step(table).axes
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["0", "4", "800"]
    assert [list(line.get_ydata()) for line in left.lines] == [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]]
