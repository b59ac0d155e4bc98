"""Figures of paper 02: heatmaps, spikes and stars of axes, matched correlations."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import bases, style


def spikes(clouds: Mapping[str, np.ndarray], pairs: Sequence[tuple[int, int]]) -> Figure:
    """Scatter plots of some pairs of axes, one set of axes over the other (Fig. 5)."""
    figure, panels = style.panels(len(pairs), height=2.1)
    for ax, (x, y) in zip(panels, pairs, strict=True):
        for name, values in clouds.items():
            points = {"s": 2, "alpha": 0.5, "linewidths": 0, "rasterized": True}
            ax.scatter(values[:, x], values[:, y], color=bases.BASES[name], label=name, **points)
        ax.set(xlabel=f"axis {x}", ylabel=f"axis {y}")
        ax.axhline(0, color=style.BLACK, lw=0.3)
        ax.axvline(0, color=style.BLACK, lw=0.3)
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=4, markerscale=4)
    return figure


def measures(table: pd.DataFrame) -> Figure:
    """Four measures of non-Gaussianity per axis, a curve per method (Fig. 6)."""
    names = {"logcosh": "logcosh measure", "gaussian": "Gaussian measure"}
    figure, panels = style.panels(4, height=2.1)
    for ax, column in zip(panels, ("skewness", "kurtosis", *names), strict=True):
        title = names.get(column, column)
        bases.curves(ax, table, "axis", column, by="method", legend=False, title=title)
        ax.set(xlabel="axis", ylim=(min(0, float(table[column].quantile(0.01))), None))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def heatmap(
    ax: Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    bar: str = "normalised value",
    turn: float = 30,
) -> None:
    """A small matrix with the names of its rows and columns, dark where large (Fig. 1).

    Args:
        bar: what the colours stand for; "" for no colour bar.
        turn: degrees by which the names of columns are turned.
    """
    colours = {"cmap": "magma_r", "vmin": -0.1, "vmax": 1}
    image = ax.imshow(values, aspect="auto", interpolation="nearest", **colours)
    side = "right" if turn else "center"
    ax.set_xticks(range(len(columns)), columns, rotation=turn, ha=side)
    ax.set_yticks(range(len(rows)), rows, fontsize=6.5)
    ax.tick_params(length=0)
    if bar:
        style.colour_bar(image, ax, bar, pad=0.02, aspect=40, extend="min")


def matched(correlations: Mapping[str, np.ndarray], n_axes: int = 100) -> Figure:
    """Correlations of all axes in matched order, a panel per method: a diagonal if axes agree."""
    height = 7 / len(correlations) + 0.2
    figure, panels = style.panels(len(correlations), height=height, sharey=True)
    for ax, (name, values) in zip(panels, correlations.items(), strict=True):
        square = values[:n_axes, :n_axes]
        image = ax.imshow(square, vmin=0, vmax=0.6, cmap="magma_r", interpolation="nearest")
        ax.set(title=name, xlabel="axis of the second space")
        ax.spines[["top", "right"]].set_visible(True)
    panels[0].set_ylabel("axis of the first space")
    style.colour_bar(image, panels, "correlation", aspect=20, extend="both")
    return figure


def curves(table: pd.DataFrame, ylabel: str = "correlation") -> Figure:
    """Matched correlation by rank, a panel per comparison and a curve per method.

    table: columns rank, r, method, comparison.
    """
    comparisons = dict(list(table.groupby("comparison", sort=False)))
    figure, panels = style.grid(len(comparisons), sharey=True)
    limits = (min(0, float(table.r.min())), float(table.r.max()) * 1.05)
    for ax, (name, rows) in zip(panels, comparisons.items(), strict=True):
        bases.curves(ax, rows, "rank", "r", by="method", legend=False, title=name, ylim=limits)
        ax.set_xlabel("matched axis, by rank")
        ax.axhline(0, color=style.BLACK, lw=0.3)
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(ylabel)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def pairs(values: np.ndarray, names: Sequence[str], words: Sequence[tuple[int, str]]) -> Figure:
    """Scatter plots of all pairs of some axes, with words beside their points (Fig. 12).

    Args:
        values: (V, K) normalised. names: (K,) of the axes.
        words: (row, word) to write where there is room, the farthest out first.
    """
    both = list(itertools.combinations(range(values.shape[1]), 2))
    figure, panels = style.grid(len(both))
    figure.get_layout_engine().set(w_pad=0.08)
    points = {"s": 1.5, "color": style.BLUE, "alpha": 0.15, "linewidths": 0, "rasterized": True}
    for ax, (x, y) in zip(panels, both, strict=True):
        ax.scatter(values[:, x], values[:, y], **points)
        ax.set(xlabel=names[x], ylabel=names[y])
    figure.draw_without_rendering()
    for ax, (x, y) in zip(panels, both, strict=True):
        far = np.hypot(values[:, x], values[:, y])
        outer = sorted(words, key=lambda row_and_word: -far[row_and_word[0]])
        shown = {word: row for row, word in outer if far[row] > 0.25}
        style.place_words(ax, values[:, x], values[:, y], shown, laid_out=True)
    return figure


def star(
    spaces: Mapping[str, np.ndarray], words: Mapping[str, Sequence[tuple[int, str]]]
) -> Figure:
    """Five matched axes as five directions of the plane: every row is the sum of its shares.

    Args:
        spaces: name -> (V, 5) normalised values. words: name -> (row, word) to write.
    """
    columns = min(2, len(spaces))
    figure, panels = style.grid(len(spaces), columns, height=7 / columns)
    angles = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    arms = np.column_stack([np.cos(angles), np.sin(angles)])  # (5, 2)
    for ax, (name, values) in zip(panels, spaces.items(), strict=True):
        points = {"s": 2, "color": style.BLUE, "alpha": 0.35, "linewidths": 0}
        ax.scatter(*(values @ arms).T, rasterized=True, **points)
        for axis, arm in enumerate(arms):
            ax.plot(*np.array([[0, 0], arm * 0.95]).T, color=style.GREY, lw=0.5)
            ax.annotate(str(axis), arm * 1.02, ha="center", va="center", color=style.RED)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.set(title=name, xticks=[], yticks=[], aspect="equal")
        ax.set(xlim=(-1.15, 1.15), ylim=(-1.0, 1.1))
    figure.draw_without_rendering()
    for ax, (name, values) in zip(panels, spaces.items(), strict=True):
        names = {word: row for row, word in words[name]}
        style.place_words(ax, *(values @ arms).T, names, laid_out=True)
    return figure
