import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.figures import maps as plot_map
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection
from lmnotes.papers.model_map import figures, interpolation


@pytest.fixture
def population():
    rng = np.random.default_rng(0)
    q = maps.double_centre(rng.normal(0, 9, (12, 30)))
    family = pd.Series([f"family {i % 9}" for i in range(12)], name="family")
    yield q, family, maps.kl(q)
    plt.close("all")


def test_classes_beyond_the_palette_get_another_marker():
    looks = plot_map.looks(pd.Series([f"{i}" for i in range(20)]))
    assert len(set(zip(looks.colours, looks.markers, strict=True))) == 20
    assert not looks.is_scale


def test_numbers_are_a_scale_and_missing_ones_grey():
    looks = plot_map.looks(pd.Series([1.0, 2.0, np.nan, 3.0]))
    assert looks.is_scale and looks.colours[2] == plot_map.style.GREY
    assert [step for step, _ in looks.legend] == ["1", "2", "3"]
    assert len(set(looks.colours)) == 4


def test_maps_draw_every_model_once(population):
    q, family, _kl = population
    xy = projection.pca(q)
    figure = figures.projections({"PCA": xy, "again": xy}, family, {"PCA": ("x", "y")})
    for ax in figure.axes[:2]:
        assert sum(len(points.get_offsets()) for points in ax.collections) == 12
    assert figure.axes[0].get_xlabel() == "x" and not figure.axes[1].get_xticks().size
    panels = figures.colourings(xy, {"family": family, "number": pd.Series(q[:, 0])}, {})
    assert len(panels.axes) >= 2


def test_the_matrix_is_in_the_order_of_the_tree(population):
    q, family, kl = population
    linkage = projection.tree(q)
    order = projection.leaf_order(linkage)
    image = figures.distances(kl, order, family).axes[0].images[0].get_array()
    assert image[0, 3] == pytest.approx(max(kl[order[0], order[3]], image.min()))
    names = [f"m{i}" for i in range(12)]
    labels = figures.tree(linkage, names, family).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == [names[i] for i in order]


def test_figures_of_checks_show_what_they_are_given(population):
    q, family, _kl = population
    lengths = pd.DataFrame({"pair": ["a", "a", "b", "b"], "n_bytes": [64, 128] * 2, "sampled": 2.0})
    lengths = lengths.assign(error=0.1, total=5.0, within=3.0)
    assert len(figures.by_length(lengths).axes) == 2
    check = pd.DataFrame({"kind": ["x", "y"], "variance": [1.0, 2], "other": [0.5, 3]})
    assert figures.agreement(check, {"other": "label"}).axes[0].get_xlabel() == "label"
    points = interpolation.grid()
    mean = points.sum(axis=1)
    figure = figures.interpolation(points, points, mean, mean, points, "r = 1")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["$\\theta_0$", "$\\theta_1$", "$\\theta_2$"]
    moved = figures.moves(q[:, :2], {"no BOS": [(0, 1)]}, family)
    assert "no BOS" in [text.get_text() for text in moved.axes[0].get_legend().get_texts()]


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
