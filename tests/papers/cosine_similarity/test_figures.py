"""Names of bars stand apart; a density stands beside its law."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmnotes.figures import style
from lmnotes.papers.cosine_similarity import figures


def test_names_of_neighbouring_bars_are_apart():
    figure, ax = plt.subplots()
    named = {"axis": [1, 2, 4], "value": [0.50, 0.49, 0.48], "meaning": ["a, x", "b, y", "c"]}
    figures._name_bars(ax, pd.DataFrame(named), n_axes=4, points=100)
    heights = {t.get_text(): t.xy[1] * 100 + t.xyann[1] for t in ax.texts}
    assert abs(heights["a"] - heights["b"]) >= 8
    plt.close(figure)


def test_a_histogram_is_a_density_beside_its_law():
    values = np.random.default_rng(0).normal(size=50_000)
    at = np.linspace(-5, 5, 500)
    curve = (at, np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi))
    figure, (ax,) = style.panels()
    table = figures.null_histogram(ax, values, curve, limit=5, bins=50)
    assert table.density.sum() * 0.2 == pytest.approx(1, abs=1e-3)
    assert np.abs(table.density - table.null).max() < 0.02
    plt.close(figure)
