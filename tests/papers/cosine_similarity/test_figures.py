"""Names of bars stand apart."""

import matplotlib.pyplot as plt
import pandas as pd

from lmnotes.papers.cosine_similarity import figures


def test_names_of_neighbouring_bars_are_apart():
    figure, ax = plt.subplots()
    named = {"axis": [1, 2, 4], "value": [0.50, 0.49, 0.48], "meaning": ["a, x", "b, y", "c"]}
    figures._name_bars(ax, pd.DataFrame(named), n_axes=4, points=100)
    heights = {t.get_text(): t.xy[1] * 100 + t.xyann[1] for t in ax.texts}
    assert abs(heights["a"] - heights["b"]) >= 8
    plt.close(figure)
