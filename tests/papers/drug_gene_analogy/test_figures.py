"""Figures of drug-gene analogies: that they show the numbers of their tables."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.notebook import card
from lmnotes.papers.drug_gene_analogy import figures


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_panel_per_setting_with_the_scores_of_its_years():
    rows = []
    for setting in ("Y1", "Y2"):
        for year, value in ((1990, 0.2), (2000, 0.4)):
            row = {"setting": setting, "year": year, "n": 10}
            for measure in ("top1", "top10", "mrr"):
                row |= {measure: value, f"{measure}_low": 0.1, f"{measure}_high": 0.5}
                row[f"random_{measure}"] = 0.05
            rows.append(row)
    figure = figures.years(pd.DataFrame(rows), {"Y1": "all", "Y2": "future"}, 2)
    shown = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in shown] == ["all", "future"]
    assert shown[1].lines[0].get_xydata().tolist() == [[1990, 0.2], [2000, 0.4]]
    assert shown[1].lines[1].get_ydata().tolist() == [0.05, 0.05]


def test_methods_are_in_the_order_of_the_table_and_baselines_grey():
    table = pd.DataFrame({"method": ["G", "G, random"]})
    for measure in ("top1", "top10", "mrr"):
        table = table.assign(**{measure: [0.7, 0.1], f"{measure}_low": 0.0, f"{measure}_high": 1.0})
    figure = figures.scores(table)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["G", "G, random"]
    points = figure.axes[2].collections[-1]
    assert points.get_offsets().tolist() == [[0.7, 0], [0.1, 1]]
    colours = points.get_facecolors()
    assert np.ptp(colours[1, :3]) == 0 and np.ptp(colours[0, :3]) > 0


def test_answer_sets_count_each_size_once():
    figure = figures.answer_sets(
        {("drug2gene", "G"): np.array([1, 1, 3])}, {("drug2gene", "G"): 5 / 3}
    )
    steps = figure.axes[0].patches[0].get_data()
    assert steps.values.tolist() == [2, 0, 1] and steps.edges.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert "mean 1.67, 3 questions" in figure.axes[0].get_title()


def test_the_published_curve_lies_beside_ours():
    protocols = [("analogy", "per question, training answers removed")]
    table = pd.DataFrame(protocols, columns=["method", "protocol"]).assign(fraction=0.1)
    for measure in ("top1", "top10", "mrr"):
        table = table.assign(**{measure: 0.5, f"{measure}_low": 0.4, f"{measure}_high": 0.6})
    figure = figures.fractions(table, card.table("05", "transe"))
    line = {line.get_label(): line for line in figure.axes[2].lines}
    assert line["TransE in the paper"].get_xydata()[-1].tolist() == [60.0, 0.798]
    assert line["analogy"].get_xydata().tolist() == [[10.0, 0.5]]
