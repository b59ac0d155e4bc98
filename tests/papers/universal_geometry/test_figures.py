"""Each figure about axes is drawn from its table, with its labels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lmnotes.figures import style
from lmnotes.papers.universal_geometry import figures


def test_every_figure_is_drawn():
    random = np.random.default_rng(0)
    clouds = {"ICA": random.normal(size=(50, 4)), "PCA": random.normal(size=(50, 4))}
    spikes = figures.spikes(clouds, [(0, 1), (2, 3)])
    assert [ax.get_xlabel() for ax in spikes.axes] == ["axis 0", "axis 2"]
    rows = [
        {"method": name, "axis": axis, "skewness": 1, "kurtosis": 2, "logcosh": 3, "gaussian": 4}
        for name in ("ICA", "PCA")
        for axis in range(3)
    ]
    assert len(figures.measures(pd.DataFrame(rows)).axes[0].lines) == 2
    matched = figures.matched({"ICA": np.eye(4), "PCA": np.eye(4)}, n_axes=3)
    assert matched.axes[0].images[0].get_array().shape == (3, 3)
    curves = pd.DataFrame(
        {"comparison": "a - b", "method": "ICA", "rank": [0, 1, 2], "r": [0.9, 0.5, 0.1]}
    )
    line = figures.curves(curves).axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), [0.9, 0.5, 0.1])
    star = figures.star({"one": np.eye(5)}, {"one": [(0, "up")]})
    written = [text.get_text() for text in star.axes[0].texts]
    assert written == ["0", "1", "2", "3", "4", "up"]
    _, ((ax, _),) = plt.subplots(1, 2, squeeze=False)
    figures.heatmap(ax, np.eye(2), ["a", "b"], ["x", "y"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert len(style.grid(5)[1]) == 5
    plt.close("all")


def test_words_stand_beside_their_points_and_apart():
    random = np.random.default_rng(0)
    unit = random.normal(size=(300, 3)) / 4
    unit[:2] = 0.5  # two words at one place
    words = [(row, f"word{row}") for row in range(60)]
    figure = figures.pairs(unit, ["a", "b", "c"], words)
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes[:3]] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    figure.draw_without_rendering()
    for ax in figure.axes[:3]:
        boxes = [text.get_window_extent() for text in ax.texts]
        frame = ax.get_window_extent().padded(1)
        assert len(boxes) > 10 and "word0" in [text.get_text() for text in ax.texts]
        assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)
        assert not any(boxes[i].overlaps(boxes[j]) for i in range(len(boxes)) for j in range(i))
    plt.close("all")
