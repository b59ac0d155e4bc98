"""Figures about axes of embeddings: heatmaps, spikes, matched correlations."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import plot

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOUR_OF = {
    "ICA": plot.BLUE, "PCA": plot.RED, "random rotation": plot.GREEN, "raw columns": plot.ORANGE,
    "Gaussian noise": plot.GREY, "shuffled pairing": plot.GREY, "untrained": plot.PURPLE,
}  # fmt: skip


def spikes(clouds: Mapping[str, np.ndarray], pairs: Sequence[tuple[int, int]]) -> "Figure":
    """Scatter plots of some pairs of axes, one set of axes over the other (Fig. 5)."""
    figure, panels = plot.panels(len(pairs), height=2.1)
    for ax, (x, y) in zip(panels, pairs, strict=True):
        with plot.style():
            for name, values in clouds.items():
                ax.scatter(values[:, x], values[:, y], s=2, alpha=0.5, linewidths=0, label=name,
                           color=COLOUR_OF[name], rasterized=True)  # fmt: skip
            ax.set(xlabel=f"axis {x}", ylabel=f"axis {y}")
            ax.axhline(0, color=plot.BLACK, lw=0.3)
            ax.axvline(0, color=plot.BLACK, lw=0.3)
    with plot.style():
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4,
                      markerscale=4)  # fmt: skip
    return figure


def measures(table: "pandas.DataFrame") -> "Figure":
    """Four measures of non-Gaussianity per axis, a curve per method (Fig. 6)."""
    names = {"skewness": "skewness", "kurtosis": "kurtosis", "logcosh": "logcosh measure",
             "gaussian": "Gaussian measure"}  # fmt: skip
    figure, panels = plot.panels(4, height=2.1)
    for ax, (column, name) in zip(panels, names.items(), strict=True):
        with plot.style():
            for method, part in table.groupby("method", sort=False):
                ax.plot(part.axis, part[column], color=COLOUR_OF[method], lw=0.9, label=method)
            ax.set(xlabel="axis", title=name)
            ax.set_ylim(bottom=min(0, float(table[column].quantile(0.01))))
    with plot.style():
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def heatmap(
    ax: "Axes", values: np.ndarray, rows: Sequence[str], columns: Sequence[str],
    *, low: float = -0.1, high: float = 1.0, bar: bool = True,
) -> None:  # fmt: skip
    """A small matrix with the names of its rows and columns, dark where large (Fig. 1)."""
    with plot.style():
        image = ax.imshow(values, vmin=low, vmax=high, cmap="magma_r", aspect="auto",
                          interpolation="nearest")  # fmt: skip
        ax.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
        ax.set_yticks(range(len(rows)), rows, fontsize=6.5)
        ax.tick_params(length=0)
        if bar:
            ax.figure.colorbar(image, ax=ax, pad=0.02, aspect=40).outline.set_visible(False)


def grid(n_rows: int, n_columns: int, height: float) -> tuple["Figure", np.ndarray]:
    """A page-wide figure with rows and columns of panels."""
    import matplotlib.pyplot as plt

    with plot.style():
        return plt.subplots(n_rows, n_columns, figsize=(plot.PAGE, height))


def matched(correlations: Mapping[str, np.ndarray], n_axes: int = 100) -> "Figure":
    """Correlations of all axes in matched order, a panel per method: a diagonal if axes agree."""
    figure, panels = plot.panels(len(correlations), height=7 / len(correlations) + 0.2)
    for ax, (name, values) in zip(panels, correlations.items(), strict=True):
        with plot.style():
            image = ax.imshow(values[:n_axes, :n_axes], vmin=-0.1, vmax=0.7, cmap="magma_r",
                              interpolation="nearest")  # fmt: skip
            ax.set_title(name)
            ax.set(xlabel="axis of the second space", ylabel="axis of the first")
            for spine in ("top", "right"):
                ax.spines[spine].set_visible(True)
    with plot.style():
        bar = figure.colorbar(image, ax=panels, pad=0.01, aspect=30)
        bar.set_label("correlation")
    return figure


def curves(
    table: "pandas.DataFrame", *, by: str = "comparison", ylabel: str = "correlation"
) -> "Figure":
    """Matched correlation by rank, a panel per comparison and a curve per method.

    table: columns rank, r, method, and `by`.
    """
    names = list(dict.fromkeys(table[by]))
    figure, panels = plot.panels(len(names), height=2.5, sharey=True)
    top = float(table.r.max()) * 1.05
    for ax, name in zip(panels, names, strict=True):
        with plot.style():
            for method, part in table[table[by] == name].groupby("method", sort=False):
                dash = ":" if method in ("shuffled pairing", "untrained") else "-"
                ax.plot(part["rank"], part.r, dash, color=COLOUR_OF[method], label=method)
            ax.set(title=name, xlabel="matched axis, by rank", ylim=(min(0, table.r.min()), top))
    with plot.style():
        panels[0].set_ylabel(ylabel)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def star(
    spaces: Mapping[str, np.ndarray], words: Mapping[str, Sequence[tuple[int, str]]]
) -> "Figure":
    """Five matched axes as five directions of the plane: every row is the sum of its shares.

    Args:
        spaces: name -> (V, 5) normalised values. words: name -> (row, word) to write.
    """
    figure, panels = plot.panels(len(spaces), height=7 / len(spaces) + 0.1)
    angles = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    arms = np.column_stack([np.cos(angles), np.sin(angles)])  # (5, 2)
    for ax, (name, values) in zip(panels, spaces.items(), strict=True):
        at = values @ arms
        with plot.style():
            ax.scatter(*at.T, s=2, color=plot.BLUE, alpha=0.35, linewidths=0, rasterized=True)
            for axis, arm in enumerate(arms):
                ax.plot(*np.array([[0, 0], arm * 0.95]).T, color=plot.GREY, lw=0.5)
                ax.annotate(str(axis), arm * 1.0, ha="center", va="center", color=plot.RED)
            places = {word: row for row, word in words[name]}
            ax.spines[["left", "bottom"]].set_visible(False)
            ax.set(title=name, xticks=[], yticks=[], aspect="equal", xlim=(-1.1, 1.1),
                   ylim=(-1.0, 1.1))  # fmt: skip
            plot._name_words(ax, at[:, 0], at[:, 1], places)
    return figure
