"""Figures of the map show the models and numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from map_cases import made

from lmnotes.models.maps import projection
from lmnotes.papers.model_map import atlas, figures, leaks, prediction_runs, task_scores


@pytest.fixture
def case():
    yield made()
    plt.close("all")


@pytest.fixture
def places(case):
    columns = [f"{name} {axis}" for name in ("t-SNE", "PCA", "MDS") for axis in (1, 2)]
    return pd.DataFrame(case.Q[:, :6], columns=columns)


def test_maps_draw_every_model_once(case, places):
    figure = atlas.projections(places, case.models)
    for ax in figure.axes[:3]:
        drawn = sum(len(points.get_offsets()) for points in ax.collections)
        assert drawn == len(case) + case.models.leaked.sum()  # a ring beside its dot
    assert figure.axes[1].get_xlabel() == "axis 1, nats" and not figure.axes[0].get_xticks().size
    columns = {"family": case.models.family, "number": pd.Series(case.mean)}
    panels = atlas.colourings(places[atlas.TSNE].to_numpy(), columns, {"number": "nats"})
    bars = [bar for ax in panels.axes for bar in ax.child_axes]
    assert [bar.get_ylabel() for bar in bars] == ["nats"]


def test_a_class_is_named_where_it_is_gathered():
    xy = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [9, 9], [0.5, 0.5]])
    assert atlas._middles(xy, pd.Series(list("aaaabb"))).keys() == {"a"}


def test_the_matrix_and_the_tree_have_one_order(case):
    linkage = projection.tree(case.Q)
    order = projection.leaf_order(linkage)
    image = atlas.distances(case.distance, order, case.models).axes[0].images[0].get_array()
    assert image[0, 3] == pytest.approx(max(case.distance[order[0], order[3]], image.min()))
    labels = atlas.tree(linkage, case.models).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == list(case.labels[order])


def test_figures_of_checks_show_what_they_are_given(case):
    lengths = pd.DataFrame({"pair": ["a\nb"] * 2 + ["b\nc"] * 2, "n_bytes": [64, 128] * 2})
    lengths = lengths.assign(sampled=2.0, error=0.1, total=5.0, within=3.0)
    lengths = lengths.assign(monte_carlo=2.2, monte_carlo_error=0.5)
    assert len(figures.by_length(lengths).axes) == 2
    scores = pd.DataFrame({"task": np.linspace(20, 60, 14)}, index=case.models.model)
    benchmark = task_scores.Benchmark(scores.assign(**{"task mean": scores.task}), ["task"])
    result = prediction_runs.compare_predictors(case, benchmark, range(2))
    assert figures.contrast(result).axes[0].get_xlabel() == "Pearson's r"
    reading = leaks.read(case, benchmark.kept, benchmark.values[:, -1])
    figure = figures.leakage(reading, case.models)
    assert [words.get_text() for words in figure.axes[0].get_yticklabels()] == ["m13"]
    alone = leaks.Reading(**vars(reading) | {"likelier": reading.likelier.iloc[:0]})
    assert len(figures.leakage(alone, case.models).axes) == 1
    assert "twin" in reading.caption and "twin" not in alone.caption
