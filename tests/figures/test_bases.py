"""Figures of several bases: a density beside its law, names of bars apart."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmnotes.figures import bases, style


def test_a_histogram_is_a_density_beside_its_law():
    values = np.random.default_rng(0).normal(size=50_000)
    at = np.linspace(-5, 5, 500)
    curve = (at, np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi))
    figure, (ax,) = style.panels()
    table = bases.null_histogram(ax, values, curve, limit=5, bins=50)
    assert table.density.sum() * 0.2 == pytest.approx(1, abs=1e-3)
    assert np.abs(table.density - table.null).max() < 0.02
    plt.close(figure)


def test_names_of_neighbouring_bars_are_apart():
    figure, ax = plt.subplots()
    values = np.array([0.50, 0.49, 0.1, 0.48])
    bases._name_bars(ax, values, {0: "a", 1: "b", 3: "c"}, points=100)
    heights = {t.get_text(): values[int(t.xy[0]) - 1] * 100 + t.xyann[1] for t in ax.texts}
    assert abs(heights["a"] - heights["b"]) >= 8
    plt.close(figure)
