"""Figures of several bases: a density beside its law."""

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
