import numpy as np
import pandas as pd
import pytest

from lmnotes.notebook import tables


def cells(frame):
    """The texts of a table's cells, row by row, its head first."""
    rows = tables.as_html(frame).split("</tr>")[:-1]
    return [[cell.split("<")[0] for cell in row.split(">") if cell.split("<")[0]] for row in rows]


def test_numbers_have_three_digits_and_an_interval_stands_behind_its_value():
    frame = pd.DataFrame({"mean_auc": [93.4187, 5.0], "n": [7, 37887], "mean_auc_low": [89.92, 4]})
    frame["mean_auc_high"] = [96.53, np.nan]
    assert cells(frame) == [
        ["mean AUC", "n"],
        ["93.4 (89.9–96.5)", "7"],
        ["5.00", "37,887"],
    ]
    frame = pd.DataFrame({"r2": [0.6931471, -0.00012], "p": [6.15e-7, 0.5], "year": [1985, 2003]})
    assert cells(frame)[1:] == [["0.693", "6.2e−07", "1985"], ["−1.2e−04", "0.500", "2003"]]


def test_a_column_of_many_scales_keeps_two_decimals_of_what_is_small():
    frame = pd.DataFrame({"shared": [131.27, 2.162, 0.78], "r2": [0.371, 0.1, 0.001]})
    frame["r2 low"], frame["r2 high"] = 8.5e-6, 0.6
    assert [row[0] for row in cells(frame)[1:]] == ["131", "2.16", "0.78"]
    assert cells(frame)[3][1] == "0.001 (0.000–0.600)"
    assert cells(pd.DataFrame({"n": [131.0, 2, 0]}))[1:] == [["131"], ["2"], ["0"]]


def test_ends_without_a_name_belong_to_the_nearest_column_that_they_hold():
    frame = pd.DataFrame({"top": [0.7, 0.6], "bottom": [0.3, 0.4], "low": 0.5, "high": 0.8})
    assert cells(frame)[:2] == [["top", "bottom"], ["0.700 (0.500–0.800)", "0.300"]]
    frame = pd.DataFrame({"drop": [-0.2], "drop low": [-0.3], "drop high": [0.1]})
    assert cells(frame)[1] == ["−0.200 (−0.300 to 0.100)"]
    alone = pd.DataFrame({"word": ["a"], "low": [1], "high": [2]})
    assert cells(alone)[0] == ["word", "low", "high"]


def test_only_an_index_that_means_something_is_shown():
    frame = pd.DataFrame({"n_words": [1.5, np.nan]}, index=[7, 3])
    assert cells(frame) == [["words"], ["1.50"], ["–"]]
    assert cells(frame.rename_axis("axis"))[1] == ["7", "1.50"]
    assert cells(frame.set_index(pd.Index(["ICA", "PCA"])))[1] == ["ICA", "1.50"]
    assert cells(pd.Series([2], name="n"))[1] == ["2"]


@pytest.mark.parametrize("name", ["c_q", "$c_q$"])
def test_a_formula_in_a_header_stays_one(name):
    text = tables.as_html(pd.DataFrame({name: ["<b>"], "is_new": [True]}))
    assert "<msub><mi>c</mi><mi>q</mi></msub>" in text
    assert "&lt;b&gt;" in text and ">yes<" in text and ">is new<" in text


def test_of_a_long_table_twelve_rows_are_in_sight():
    before, after = tables.as_html(pd.DataFrame({"n": range(45)})).split("<details>")
    assert before.count("<td>") == 12 and after.count("<td>") == 33
    assert "<summary>33 more rows</summary>" in after
    assert "<details>" not in tables.as_html(pd.DataFrame({"n": range(12)}))
