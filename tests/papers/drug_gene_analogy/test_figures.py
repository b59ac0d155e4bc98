"""Figures of drug-gene analogies: that they show the numbers of their tables."""

import numpy as np
import pandas as pd

from lmnotes.figures import style
from lmnotes.notebook import card
from lmnotes.papers.drug_gene_analogy import figures, tables
from lmnotes.papers.drug_gene_analogy.planes import Plane


def test_one_setting_is_large_and_each_has_the_scores_of_its_years():
    rows = []
    for setting in ("Y1", "Y2"):
        for year, value in ((1990, 0.2), (2000, 0.4)):
            row = {"setting": setting, "year": year, "n": 10}
            for measure in ("top1", "top10", "mrr"):
                row |= {measure: value, f"{measure}_low": 0.1, f"{measure}_high": 0.5}
                row[f"random_{measure}"] = 0.05
            rows.append(row)
    figure = figures.years(pd.DataFrame(rows), {"Y1": "all", "Y2": "future"}, "Y2")
    figure.draw_without_rendering()
    large, small = figure.axes
    assert [ax.get_title() for ax in (large, small)] == [
        f"{x}\n10 to 10 asked" for x in ("future", "all")
    ]
    assert large.get_position().width > 2 * small.get_position().width
    assert large.lines[0].get_xydata().tolist() == [[1990, 0.2], [2000, 0.4]]
    assert large.lines[1].get_ydata().tolist() == [0.05, 0.05]


def test_methods_are_in_the_order_of_the_table_in_words_and_guesses_grey():
    table = pd.DataFrame({"method": ["G", "G, no vector, not centred", "G, random"], "world": "a"})
    for measure in ("top1", "top10", "mrr"):
        table = table.assign(
            **{measure: [0.7, 0.6, 0.1], f"{measure}_low": 0.0, f"{measure}_high": 1.0}
        )
    (ax,) = figures.scores(tables.in_words(table)).axes
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [tuple(line.get_xydata()[0]) for line in points] == [(0.7, 1), (0.6, 2), (0.1, 3)]
    assert [line.get_color() for line in points] == [style.BLUE, style.RED, style.GREY]
    said = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert said["no arrow, not centred"] == 2 and said["0.60"] == 2 and "One arrow" in str(said)


def test_answer_sets_count_each_size_once():
    columns = ["direction", "setting", "n_answers", "share", "n_questions", "mean"]
    rows = [("drug2gene", "G", 1, 2 / 3, 3, 5 / 3), ("drug2gene", "G", 3, 1 / 3, 3, 5 / 3)]
    rows.append(("gene2drug", "G", 2, 1.0, 3, 2.0))
    left, right = figures.answer_sets(pd.DataFrame(rows, columns=columns)).axes
    assert left.lines[0].get_xydata().round(1).tolist() == [[1, 66.7], [3, 33.3]]
    assert left.get_legend().get_texts()[0].get_text() == "G: 3 questions, mean 1.67"
    assert right.lines[0].get_xydata().tolist() == [[2, 100]]


def test_ranks_that_are_alike_are_one_disc():
    queries = pd.DataFrame({"n_answers": [1, 1, 1, 2], "rank": [1, 1, 5, 1]})
    (ax,) = figures.rank_by_size({"G": queries}, {"G": -0.5}).axes
    discs = ax.collections[0]
    assert discs.get_offsets().tolist() == [[1, 1], [1, 5], [2, 1]]
    assert np.argmax(discs.get_sizes()) == 0 and [t.get_text() for t in ax.texts] == ["2", "1", "1"]
    assert "-0.50" in ax.get_title()


def test_both_pathways_are_drawn_to_one_scale():
    points = pd.DataFrame({"name": list("ab"), "kind": ["drug", "gene"], "related": True})
    ends = np.array([[0.0, 0.0], [1.0, 1.0]])
    shown = {
        name: Plane(
            points.assign(x=x, y=[0.0, 2.0]), np.array([[0, 1]]), ends, *[np.zeros(2)] * 2, 1
        )
        for name, x in (("p", [0.0, 1.0]), ("q", [-3.0, 4.0]))
    }
    axes = figures.planes(shown, {"p": {"a": 0, "b": 1}}).axes
    assert axes[0].get_xlim() == axes[1].get_xlim() and axes[0].get_aspect() == 1
    assert [text.get_text() for text in axes[0].texts] == ["b"]  # a lies below the star


def test_the_published_curve_lies_beside_ours():
    protocols = [("analogy", "per question, training answers removed")]
    table = pd.DataFrame(protocols, columns=["method", "protocol"]).assign(fraction=0.1)
    for measure in ("top1", "top10", "mrr"):
        table = table.assign(**{measure: 0.5, f"{measure}_low": 0.4, f"{measure}_high": 0.6})
    figure = figures.fractions(table, card.table("05", "transe"))
    line = {line.get_label(): line for line in figure.axes[3].lines}
    assert line["the paper's, real triples"].get_xydata()[-1].tolist() == [60.0, 0.798]
    assert figure.axes[2].lines[0].get_xydata().tolist() == [[10.0, 0.5]]
