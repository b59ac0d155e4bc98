"""Figures of several bases side by side: components, products, null laws and top-p curves."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

BASES = {
    "ICA": style.BLUE,
    "PCA": style.ORANGE,
    "random rotation": style.GREEN,
    "random clusters": style.GREEN,
    "raw columns": style.RED,
    "Gaussian noise": style.GREY,
    "shuffled pairing": style.GREY,
    "untrained": style.PURPLE,
}
_DASHES = {"random rotation": "--", "shuffled pairing": ":", "untrained": ":"}


def heatmaps(
    matrices: Mapping[str, np.ndarray],
    rows: Mapping[str, Sequence[str]],
    columns: Sequence[object],
    *,
    limits: tuple[float, float] = (-0.04, 0.7),
    height: float | None = None,
    colour_label: str = "normalised value",
    numbers: bool = False,
) -> Figure:
    """Words by axes, a panel per basis, each with its own words; numbers: written in the cells."""
    n_rows = max(len(matrix) for matrix in matrices.values())
    height = height or 0.7 + 0.115 * n_rows
    figure, axes = style.panels(len(matrices), width=style.PAGE, height=height)
    look = {"cmap": "Blues", "vmin": limits[0], "vmax": limits[1], "cbar": False}
    cells = {"annot": numbers, "fmt": ".2f", "annot_kws": {"fontsize": 6}}
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        names = {"xticklabels": list(columns), "yticklabels": list(rows[name])}
        sns.heatmap(matrix, ax=ax, **names, **look, **cells)
        ax.tick_params(length=0, rotation=0)
        ax.tick_params(axis="y", labelsize=6 if n_rows > 12 else 7)
        ax.set(title=name, xlabel="axis")
    style.colour_bar(axes[0].collections[0], axes, colour_label)
    return figure


def axis_bars(
    values: Mapping[tuple[str, str], np.ndarray],
    thresholds: Mapping[str, float],
    labels: Mapping[tuple[str, str], Mapping[int, str]],
) -> Figure:
    """Values on every axis, counted from 1, a row per basis and a column per word or product.

    Args:
        values: (basis, column) -> (K,).
        thresholds: column -> the level above which an axis is significant, drawn as a line.
        labels: (basis, column) -> axis -> what to write at its bar.
    """
    figure, panels = style.grid_of(values, 1.45, sharex=True, sharey="col")
    last_column = list(values)[-1][1]
    for (basis, column), heights in values.items():
        ax = panels[basis, column]
        ax.vlines(np.arange(1, len(heights) + 1), 0, heights, color=BASES[basis], lw=0.9)
        ax.axhline(thresholds[column], color=style.RED, lw=0.6, ls=":")
        ax.axhline(0, color=style.BLACK, lw=0.4)
        span = np.ptp([values[key] for key in values if key[1] == column])
        _name_bars(ax, heights, labels.get((basis, column), {}), 70 / span)
        style.outer_labels(ax, column, f"{basis}\nnormalised value", "axis")
        if column == last_column:
            ax.set_ylabel("product")
        ax.margins(y=0.12)
    return figure


def _name_bars(ax: Axes, values: np.ndarray, labels: Mapping[int, str], points: float) -> None:
    """Labels at tips of bars, none over another; points: height of a value of 1 on paper."""
    placed: list[tuple[int, float]] = []
    for axis, text in sorted(labels.items(), key=lambda label: values[label[0]]):
        tip = height = values[axis] * points
        while any(
            abs(axis - other) < 0.35 * len(values) and abs(height - place) < 8
            for other, place in placed
        ):
            height += 1
        right = axis > 0.6 * len(values)
        side = {"ha": "right" if right else "left", "fontsize": 6}
        offset = (-2 if right else 2, 1 + height - tip)
        style.write_beside(ax, text, (axis + 1, values[axis]), offset, **side)
        placed.append((axis, height))


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
        style.write_beside(ax, text, (value, 1), (1, -2), **look)
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
    others = [name for name in dict.fromkeys(table[by]) if name not in BASES]
    colours = BASES | dict(zip(others, style.COLOURS * len(others), strict=False))
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


def bow_tie(
    ax: Axes, word_rank: np.ndarray, axis_rank: np.ndarray, norm: np.ndarray, title: str
) -> object:
    """Words by their rank on an axis and the axis's rank in them, coloured by norm."""
    low, high = np.percentile(norm, [1, 99])
    look = {"c": norm, "vmin": low, "vmax": high, "cmap": "viridis"}
    points = ax.scatter(word_rank, axis_rank, s=2, linewidths=0, rasterized=True, **look)
    ax.set(xlabel="rank of the word on the axis", ylabel="rank of the axis in the word")
    ax.set_title(title)
    ax.invert_yaxis()
    return points


def named_points(ax: Axes, x: np.ndarray, y: np.ndarray, names: Mapping[int, str]) -> None:
    """All points small, some of them large and named, no name over another."""
    ax.scatter(x, y, s=3, color=style.GREY, alpha=0.35, linewidths=0, rasterized=True)
    chosen = list(names)
    ax.scatter(x[chosen], y[chosen], s=10, color=style.RED, linewidths=0)
    style.name_words(ax, x, y, {name: row for row, name in names.items()})


def ranked_words(
    lists: Mapping[str, Sequence[tuple[str, float]]], xlabel: str = "cosine"
) -> Figure:
    """Several short rankings side by side, each word written in its place."""
    height = 0.6 + 0.14 * max(len(ranking) for ranking in lists.values())
    size = {"width": style.PAGE, "height": height}
    figure, axes = style.panels(len(lists), **size, sharex=True, sharey=True)
    high = max(value for ranking in lists.values() for _, value in ranking)
    for ax, (title, ranking) in zip(axes, lists.items(), strict=True):
        ax.barh(range(len(ranking)), [value for _, value in ranking], color=style.SKY, alpha=0.5)
        for place, (word, _) in enumerate(ranking):
            ax.text(0.02 * high, place, word, va="center", fontsize=6.5)
        ax.set(yticks=[], xlabel=xlabel, xlim=(0, high * 1.02))
        ax.set_title(title, fontsize=7)
    axes[0].invert_yaxis()
    return figure
