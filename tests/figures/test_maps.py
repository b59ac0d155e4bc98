import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.figures import maps as plot_map


def test_classes_beyond_the_palette_get_another_marker():
    looks = plot_map.looks(pd.Series([f"{i}" for i in range(20)]))
    assert len(set(zip(looks.colours, looks.markers, strict=True))) == 20
    assert not looks.is_scale
    some = plot_map.looks(pd.Series(["not known", "a", "b"]))
    assert some.colours == [plot_map.style.GREY, *plot_map.looks(pd.Series(["a", "b"])).colours]


def test_numbers_are_a_scale_and_missing_ones_grey():
    looks = plot_map.looks(pd.Series([1.0, 2.0, np.nan, 3.0]))
    assert looks.is_scale and looks.colours[2] == plot_map.style.GREY
    assert [step for step, _ in looks.legend] == ["1", "2", "3"]
    assert len(set(looks.colours)) == 4
    _, ax = plt.subplots()
    plot_map.models(ax, np.arange(8.0).reshape(4, 2), pd.Series([1.0, 2.0, np.nan, 3.0], name="x"))
    ax.figure.draw_without_rendering()
    colours = ax.collections[0].get_facecolors()  # all are there
    assert [plot_map.to_hex(c) for c in colours] == [c.lower() for c in looks.colours]
    assert ax.child_axes[0].get_ylabel() == "x (grey: 1 not known)"
    plt.close("all")


@pytest.fixture
def zoo():
    rows = [
        ("a", "NeoX, seed 1", "GPT-NeoX 64x2", "neural", False, 100, ""),
        ("a@4", "NeoX, seed 1, step 4", "GPT-NeoX 64x2", "checkpoint", False, 100, "a"),
        ("b", "NeoX, then code", "GPT-NeoX 64x2", "finetune", False, 100, "a"),
        ("c", "merge", "GPT-NeoX 64x2", "merge", False, 100, "a + b + gone"),
        ("d", "wide", "GPT-NeoX 96x2 leaked", "neural", True, 400, ""),
        ("e", "4-gram", "n-gram 4", "ngram", False, 1000, ""),
    ]
    columns = ["model", "label", "family", "kind", "leaked", "n_parameters", "parent"]
    yield pd.DataFrame(rows, columns=columns)
    plt.close("all")


def test_a_model_looks_the_same_in_all_its_maps(zoo):
    look = plot_map.population(zoo)
    assert len(set(look.colours[:5])) == 1 and look.colours[5] != look.colours[0]
    assert look.markers == [plot_map.KINDS[kind][0] for kind in zoo.kind]
    assert look.ringed.tolist() == zoo.leaked.tolist()
    assert look.sizes[0] == look.sizes[1] < look.sizes[4] < look.sizes[5] == 3 * look.sizes[0]
    part = plot_map.population(zoo.iloc[[5, 4]])
    assert part.colours == [look.colours[5], look.colours[4]]
    assert [name for name, *_ in look.families] == ["GPT-NeoX", "n-gram 4"]
    plain = plot_map.population(pd.DataFrame({"family": list("abc") * 2}))
    assert not plain.kinds and not plain.ringed.any() and len(set(plain.sizes)) == 1


def test_lines_lead_from_parents_that_are_there(zoo):
    assert plot_map.kin(zoo) == [(0, 1), (0, 2), (0, 3), (2, 3)]
    assert plot_map.kin(zoo[["model"]]) == []


def test_every_model_of_a_small_map_is_named_and_drawn_once(zoo):
    _, ax = plt.subplots(figsize=(8, 8))
    xy = np.array([[0, 0], [0, 5], [5, 0], [5, 5], [2, 8], [8, 2.0]])
    plot_map.draw(ax, xy, zoo, lineage=True)
    assert {text.get_text() for text in ax.texts} == set(zoo.label)
    drawn = [len(points.get_offsets()) for points in ax.collections]
    assert sum(drawn) == len(zoo) + zoo.leaked.sum()  # a ring beside its dot
    assert len(ax.lines) == len(plot_map.kin(zoo))
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[:2] == ["GPT-NeoX", "n-gram 4"] and "has seen the texts" in words
