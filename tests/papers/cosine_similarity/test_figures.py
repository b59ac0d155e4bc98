"""Names of bars stand apart."""

import matplotlib.pyplot as plt
import numpy as np

from lmnotes.papers.cosine_similarity import figures


def test_names_of_neighbouring_bars_are_apart():
    figure, ax = plt.subplots()
    values = np.array([0.50, 0.49, 0.1, 0.48])
    figures._name_bars(ax, values, {0: "a", 1: "b", 3: "c"}, points=100)
    heights = {t.get_text(): values[int(t.xy[0]) - 1] * 100 + t.xyann[1] for t in ax.texts}
    assert abs(heights["a"] - heights["b"]) >= 8
    plt.close(figure)
