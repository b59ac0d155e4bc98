"""Figures of several bases side by side: components, products, null laws and top-p curves."""

from collections.abc import Mapping, Sequence

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


def null_histogram(
    ax: Axes,
    values: np.ndarray,
    curve: tuple[np.ndarray, np.ndarray],
    *,
    limit: float,
    bins: int = 100,
    colour: str = style.BLUE,
    lines: Mapping[str, float] | None = None,
    log: bool = False,
    name: str = "words",
) -> pd.DataFrame:
    """A density of values with the curve of the null law, and some values marked.

    Returns:
        the table drawn: middle of each bin, density, null.
    """
    edges = np.linspace(-limit, limit, bins + 1)
    inside = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
    middle = (edges[1:] + edges[:-1]) / 2
    ax.bar(middle, inside, edges[1] - edges[0], color=colour, alpha=0.5, label=name)
    ax.plot(*curve, color=style.RED, lw=1, label="null law")
    if log:
        ax.set(yscale="log", ylim=(inside[inside > 0].min() / 2, inside.max() * 30))
    else:
        ax.set_ylim(0, inside.max() * 1.25)
    for text, value in (lines or {}).items():
        ax.axvline(value, color=style.BLACK, lw=0.6, ls="--")
        look = {"xycoords": ("data", "axes fraction"), "fontsize": 6, "rotation": 90, "va": "top"}
        ax.annotate(text, (value, 1), (1, -2), textcoords="offset points", **look)
    ax.set(xlim=(-limit, limit), ylabel="density")
    ax.legend(loc="upper left" if lines else "upper right")
    return pd.DataFrame({"middle": middle, "density": inside, "null": np.interp(middle, *curve)})


def curves(
    ax: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    by: str = "basis",
    bands: tuple[str, str] | None = None,
    legend: bool = True,
    **labels,
) -> None:
    """A line per basis, or whatever column `by` tells apart, with its band; nulls are dashed.

    bands: columns of the lower and the upper end. labels: of `ax.set`.
    """
    colours = style.colours(table[by]) | BASES
    for name, rows in table.groupby(by, sort=False):
        dots = {"marker": "o", "ms": 2.5} if len(rows) < 20 else {}
        line = {"color": colours[name], "ls": _DASHES.get(name, "-"), "label": name}
        ax.plot(rows[x], rows[y], **line, **dots)
        if bands is not None:
            low, high = (rows[band] for band in bands)
            ax.fill_between(rows[x], low, high, color=colours[name], alpha=0.15, lw=0)
    ax.set(**labels)
    if legend:
        ax.legend()
