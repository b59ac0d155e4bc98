"""Each figure about axes is drawn from its table, with its labels; axes count from 1."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from pairs import few_words, halves

from lmnotes.papers.universal_geometry import figures, topics, worlds


def test_spikes_are_a_row_per_basis_on_one_scale_with_words_at_the_ends():
    bases = {"ICA": few_words(0), "PCA": few_words(1)}
    figure = figures.spikes(bases, [(0, 1), (2, 3)])
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels == ["ICA axis 1", "ICA axis 3", "PCA axis 1", "PCA axis 3"]
    limits = [ax.get_xlim() for ax in figure.axes]
    assert limits[0] == limits[2] == figure.axes[0].get_ylim() and limits[1] == limits[3]
    farthest = bases["ICA"].words[int(bases["ICA"].values[:, 0].argmax())]
    assert farthest in [text.get_text() for text in figure.axes[0].texts]
    counted = figures.spikes(bases, [(0, 1)], by_count=True)
    assert len(counted.axes) == 4 and not counted.axes[0].texts  # two panels, two colour bars


def test_measures_are_drawn_by_axis_and_against_noise():
    columns = {"skewness": 1.0, "kurtosis": 2.0, "logcosh": 3.0, "gaussian": 4.0}
    times = {"ICA": 6, "PCA": 2, "raw columns": 3, "Gaussian noise": 1}
    rows = [
        {"method": name, "axis": axis} | {key: value * factor for key, value in columns.items()}
        for name, factor in times.items()
        for axis in range(3)
    ]
    left, right = figures.measures(pd.DataFrame(rows)).axes
    assert left.lines[0].get_xdata().tolist() == [1, 2, 3]
    ica = right.containers[0].lines[0].get_xdata()  # of every measure
    np.testing.assert_allclose(ica.astype(float), 6)


def test_a_heatmap_is_white_at_0_and_names_rows_and_columns():
    _, ax = plt.subplots()
    image = figures.heatmap(ax, np.array([[0.0, 1], [-1, 0]]), ["a", "b"], ["x", "y"])
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.96
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_the_triangle_has_every_pair_of_axes_with_words_apart():
    space = few_words(0, n_axes=5)
    chosen = topics.choose(space, ["word3", "word40"])
    assert len(chosen.axes) == 5 and len(figures.mixtures(chosen, space.words).axes) == 4
    figure = figures.triangle(chosen, space.words)
    drawn = [ax for ax in figure.axes if ax.axison]
    assert len(drawn) == 10
    assert drawn[-1].get_xlabel() == f"axis {chosen.names[3]}"
    assert drawn[-1].get_ylabel() == ""  # at the edges only
    figure.draw_without_rendering()
    for ax in drawn:
        boxes = [text.get_window_extent() for text in ax.texts]
        frame = ax.get_window_extent().padded(1)
        assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)
        assert not any(boxes[i].overlaps(boxes[j]) for i in range(len(boxes)) for j in range(i))
        assert ax.get_xlim() == ax.get_ylim()


def test_matched_axes_are_named_and_judged_on_pairs_held_out():
    pair = halves()
    figure, table = figures.matched(pair, n_axes=3)
    assert table.method.unique().tolist() == ["ICA", "PCA", "shuffled pairing", "untrained"]
    assert len(table) == 4 * 9
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == pair.best_names(3)[0]
    own = table[table.method == "ICA"].value.to_numpy().reshape(3, 3)
    np.testing.assert_allclose(np.diag(own), pair.runs[0].held_out["ICA"][:3])


def test_curves_say_how_many_axes_are_above_random_ones():
    pair = halves()
    table = pd.concat([pair.curves().assign(comparison=name) for name in "abcd"])
    figure = figures.curves(table)
    large = figure.axes[0]
    assert large.get_title() == "a" and large.lines[0].get_xdata()[0] == 1
    written = [text.get_text() for text in large.texts]
    held_out = pair.runs[0].held_out
    above = np.sum(held_out["ICA"] > held_out["random rotation"].max())
    assert f"{above} of 5 ICA axes\nabove every random one" in written
    assert "shuffled pairing" in written


def test_words_tokens_stars_and_many_spaces_are_drawn():
    pair = halves()
    figure, table = figures.star(pair)
    arms = [text.get_text() for text in figure.axes[0].texts][:5]
    assert arms == [n.replace(", ", "\n") for n in pair.best_names(5, 2)[0]]
    assert table.space.nunique() == 4
    tokens = worlds.word_and_tokens(pair, n_axes=2, n_words=2, n_tokens=1)
    assert [ax.get_title() for ax in figures.tokens(tokens).axes][:2] == ["static", "contextual"]
    space, other = (side["ICA"] for side in pair.sides)
    many = worlds.against_many(space, {"one": other, "two": other}, seed=0)
    printed = pd.Series([0.5, 0.4], ["0", "200"])
    drawn = figures.many_targets(many, ["one", "two"], printed).axes[0]
    assert drawn.lines[1].get_xdata().tolist() == [1]  # 200 axes are not there
    steady = figures.stability(np.arange(4.0), np.array([0.95, 0.2, 0.99, 0.5]))
    assert steady.axes[0].texts[0].get_text() == "2 of 4 above 0.9"
