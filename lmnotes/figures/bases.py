"""Figures of several bases side by side: words by axes, and curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

BASES = {
    "ICA": style.ICA,
    "PCA": style.PCA,
    "random rotation": style.RANDOM,
    "random clusters": style.RANDOM,
    "raw columns": style.RAW,
    "Gaussian noise": style.NOISE,
    "shuffled pairing": style.NOISE,
    "untrained": style.UNTRAINED,
}
_DASHES = {"random rotation": "--", "shuffled pairing": ":", "untrained": ":"}


def heatmaps(
    matrices: Mapping[str, np.ndarray],
    rows: Mapping[str, Sequence[str]],
    columns: Sequence[object],
    height: float,
) -> Figure:
    """Normalised values of words by axes, a panel per basis, each with its own words."""
    figure, axes = style.panels(len(matrices), width=style.PAGE, height=height)
    look = {"cmap": "Blues", "vmin": -0.04, "vmax": 0.7, "cbar": False}
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        names = {"xticklabels": list(columns), "yticklabels": list(rows[name])}
        sns.heatmap(matrix, ax=ax, **names, **look)
        ax.tick_params(length=0, rotation=0)
        ax.tick_params(axis="y", labelsize=6 if len(matrix) > 12 else 7)
        ax.set(title=name, xlabel="axis")
    style.colour_bar(axes[0].collections[0], axes, "normalised value")
    return figure


def curves(
    ax: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    by: str = "basis",
    bands: tuple[str, str] | None = None,
    legend: bool = True,
    **labels: Any,
) -> None:
    """A line per basis, or whatever column `by` tells apart, with its band; nulls are dashed.

    bands: columns of the lower and the upper end. labels: of `ax.set`.
    """
    colours = style.colours(table[by]) | BASES
    for name, rows in table.groupby(by, sort=False):
        dots: dict[str, Any] = {"marker": "o", "ms": 2.5} if len(rows) < 20 else {}
        dashes = _DASHES.get(name, "-")
        ax.plot(rows[x], rows[y], color=colours[name], ls=dashes, label=name, **dots)
        if bands is not None:
            low, high = (rows[band] for band in bands)
            ax.fill_between(rows[x], low, high, color=colours[name], alpha=0.15, lw=0)
    ax.set(**labels)
    if legend:
        ax.legend()
