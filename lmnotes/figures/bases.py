"""Figures of notebook 03: components, products, null laws and top-p curves of several bases."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

BASES = {"ICA": style.BLUE, "PCA": style.ORANGE, "random rotation": style.GREY}


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
    """Words by axes, a panel per basis, each with its own words (Figures 1 and 4)."""
    n_rows = max(len(matrix) for matrix in matrices.values())
    height = height or 0.7 + 0.115 * n_rows
    figure, axes = style.panels(len(matrices), width=style.PAGE, height=height)
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        image = ax.imshow(
            matrix,
            aspect="auto",
            cmap="Blues",
            vmin=limits[0],
            vmax=limits[1],
            interpolation="nearest",
        )
        ax.set_xticks(range(len(columns)), columns)
        size = 6 if n_rows > 12 else 7
        ax.set_yticks(range(len(rows[name])), rows[name], fontsize=size)
        ax.tick_params(length=0)
        ax.set(title=name, xlabel="axis")
        if numbers:
            for (i, j), value in np.ndenumerate(matrix):
                dark = value > 0.6 * limits[1]
                ax.text(
                    j,
                    i,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=6,
                    color="white" if dark else style.BLACK,
                )
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=30)
    bar.set_label(colour_label)
    bar.outline.set_visible(False)
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
    import matplotlib.pyplot as plt

    bases = list(dict.fromkeys(key[0] for key in values))
    columns = list(dict.fromkeys(key[1] for key in values))
    style.use()
    figure, axes = plt.subplots(
        len(bases),
        len(columns),
        figsize=(style.PAGE, 1.45 * len(bases)),
        sharex=True,
        sharey="col",
        squeeze=False,
    )
    for (basis, column), each in values.items():
        ax = axes[bases.index(basis), columns.index(column)]
        colour = BASES.get(basis, style.BLACK)
        ax.vlines(np.arange(1, len(each) + 1), 0, each, color=colour, lw=0.9)
        ax.axhline(thresholds[column], color=style.RED, lw=0.6, ls=":")
        ax.axhline(0, color=style.BLACK, lw=0.4)
        span = np.ptp([values[key] for key in values if key[1] == column])
        _name_bars(ax, each, labels.get((basis, column), {}), 70 / span)
        if basis == bases[0]:
            ax.set_title(column)
        if basis == bases[-1]:
            ax.set_xlabel("axis")
        if column == columns[0]:
            ax.set_ylabel(f"{basis}\nnormalised value")
        if column == columns[-1]:
            ax.set_ylabel("product")
        ax.margins(y=0.12)
    return figure


def _name_bars(ax: Axes, values: np.ndarray, labels: Mapping[int, str], points: float) -> None:
    """Write labels at the tips of bars, lowest first, each above those that it would cover.

    points: height of a value of 1 on paper.
    """
    placed: list[tuple[int, float]] = []
    for axis, text in sorted(labels.items(), key=lambda label: values[label[0]]):
        tip = height = values[axis] * points
        while any(
            abs(axis - other) < 0.35 * len(values) and abs(height - at) < 8 for other, at in placed
        ):
            height += 1
        right = axis > 0.6 * len(values)
        ax.annotate(
            text,
            (axis + 1, values[axis]),
            fontsize=6,
            textcoords="offset points",
            xytext=(-2 if right else 2, 1 + height - tip),
            ha="right" if right else "left",
        )
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
    """A density of values with the curve of the null law, and some values marked (Figure 3).

    Returns:
        the table drawn: middle of each bin, density, null.
    """
    edges = np.linspace(-limit, limit, bins + 1)
    inside = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
    middle = (edges[1:] + edges[:-1]) / 2
    ax.bar(middle, inside, edges[1] - edges[0], color=colour, alpha=0.5, label=name)
    ax.plot(*curve, color=style.RED, lw=1, label="null law")
    top = inside.max()
    if log:
        ax.set_yscale("log")
        ax.set_ylim(inside[inside > 0].min() / 2, top * 30)
    else:
        ax.set_ylim(0, top * 1.25)
    for text, value in (lines or {}).items():
        ax.axvline(value, color=style.BLACK, lw=0.6, ls="--")
        ax.annotate(
            text,
            (value, 1),
            xycoords=("data", "axes fraction"),
            fontsize=6,
            rotation=90,
            xytext=(1, -2),
            textcoords="offset points",
            va="top",
        )
    ax.set(xlim=(-limit, limit), ylabel="density")
    ax.legend(loc="upper left" if lines else "upper right")
    null = np.interp(middle, *curve)
    return pd.DataFrame({"middle": middle, "density": inside, "null": null})


def curves(
    ax: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    bands: tuple[str, str] | None = None,
    legend: bool = True,
    **labels,
) -> None:
    """One line per basis with its band, the random rotation dashed; `labels` go to `ax.set`."""
    for basis, part in table.groupby("basis", sort=False):
        dash = "--" if basis == "random rotation" else "-"
        colour = BASES.get(basis, style.GREEN)
        dots = {"marker": "o", "ms": 2.5} if len(part) < 20 else {}
        ax.plot(part[x], part[y], dash, color=colour, label=basis, **dots)
        if bands is not None:
            ax.fill_between(part[x], part[bands[0]], part[bands[1]], color=colour, alpha=0.15, lw=0)
    ax.set(**labels)
    if legend:
        ax.legend()


def bow_tie(
    ax: Axes, of_word: np.ndarray, of_axis: np.ndarray, norm: np.ndarray, title: str
) -> object:
    """Words by their rank on an axis and the axis's rank in them, coloured by norm (Figure 10)."""
    points = ax.scatter(
        of_word,
        of_axis,
        c=norm,
        s=2,
        linewidths=0,
        cmap="viridis",
        vmin=np.percentile(norm, 1),
        vmax=np.percentile(norm, 99),
        rasterized=True,
    )
    ax.set(
        xlabel="rank of the word on the axis",
        ylabel="rank of the axis in the word",
        title=title,
    )
    ax.invert_yaxis()
    return points


def named_points(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    names: Mapping[int, str],
    *,
    colour: str = style.BLUE,
    size: float = 3,
    highlight: str = style.RED,
) -> None:
    """All points small, some of them large and named, no name over another."""
    ax.scatter(x, y, s=size, color=style.GREY, alpha=0.35, linewidths=0, rasterized=True)
    chosen = list(names)
    ax.scatter(x[chosen], y[chosen], s=10, color=highlight, linewidths=0)
    style.name_words(ax, x, y, {name: row for row, name in names.items()})


def ranked_words(
    lists: Mapping[str, Sequence[tuple[str, float]]], xlabel: str = "cosine"
) -> Figure:
    """Several short rankings side by side, each word written in its place (Figure 19)."""
    n = max(len(each) for each in lists.values())
    figure, axes = style.panels(
        len(lists), width=style.PAGE, height=0.6 + 0.14 * n, sharex=True, sharey=True
    )
    high = max(value for each in lists.values() for _, value in each)
    for ax, (title, each) in zip(axes, lists.items(), strict=True):
        place = np.arange(len(each))
        values = np.array([value for _, value in each])
        ax.barh(place, values, 0.8, color=style.SKY, alpha=0.5)
        for at, (word, _) in enumerate(each):
            ax.text(0.02 * high, at, word, va="center", fontsize=6.5)
        ax.set(yticks=[], xlabel=xlabel, xlim=(0, high * 1.02))
        ax.set_title(title, fontsize=7)
    axes[0].invert_yaxis()
    return figure
