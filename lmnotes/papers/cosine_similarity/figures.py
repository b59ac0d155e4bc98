"""Figures of notebook 03 with several spaces side by side: matched axes, pairs, pseudo-words."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import bases, style


def maps(
    matrices: Mapping[tuple[str, str], np.ndarray],
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    height: float = 4.0,
    limits: tuple[float, float] = (-0.04, 0.7),
) -> Figure:
    """Words by matched axes, a row of panels per basis and a column per space (Figure 5).

    Args:
        matrices: (basis, space) -> (words, axes); all of a basis have the same words and axes.
        names: basis -> its words, written beside its first panel.
        height: of the figure, inches.
    """
    n_rows = len({basis for basis, _ in matrices})
    figure, panels = style.grid_of(matrices, height / n_rows)
    for (basis, space), matrix in matrices.items():
        ax = panels[basis, space]
        image = ax.imshow(
            matrix,
            aspect="auto",
            cmap="Blues",
            vmin=limits[0],
            vmax=limits[1],
            interpolation="nearest",
            extent=(0.5, matrix.shape[1] + 0.5, len(matrix) - 0.5, -0.5),  # axes from 1
        )
        first = ax.get_subplotspec().is_first_col()
        ax.set_yticks([])
        if names is not None:
            ax.set_xticks(range(1, 1 + matrix.shape[1]))
            if first:
                ax.set_yticks(range(len(matrix)), names[basis], fontsize=6)
        ax.tick_params(length=0)
        row_label = basis if names is not None else f"{basis}: words"
        style.outer_labels(ax, space, row_label, "matched axis")
    style.colour_bar(image, list(panels.values()), "normalised value", aspect=40)
    return figure


def pair_bars(
    values: Mapping[tuple[str, str], np.ndarray],
    names: Mapping[tuple[str, str], Sequence[str]],
    columns: Sequence[str],
    levels: Sequence[float],
) -> Figure:
    """A pair of words and their product on a few axes, per basis and space (Figures 6, 13, 14).

    Args:
        values: (basis, space) -> (n_axes, 3): first word, second word, product.
        names: (basis, space) -> the names of those axes.
        columns: what the three are. levels: above which each is significant, drawn dotted.
    """
    figure, panels = style.grid_of(values, 1.95)
    colours = (style.BLUE, style.ORANGE, style.RED)
    right = max(0.7, 1.05 * max(table.max() for table in values.values()))
    for (basis, space), table in values.items():
        ax, places = panels[basis, space], np.arange(len(table))
        for number, bars in enumerate(table.T):
            height = places + 0.27 * (number - 1)
            ax.barh(height, bars, 0.25, color=colours[number], label=columns[number])
        for number in (0, 2):
            ax.axvline(levels[number], color=colours[number], lw=0.6, ls=":")
        ax.axvline(0, color=style.BLACK, lw=0.4)
        ax.set_yticks(places, names[basis, space], fontsize=6)
        ax.invert_yaxis()
        ax.set_xlim(-0.2, right)
        style.outer_labels(ax, space, basis, "normalised value, product")
    handles = ax.get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3)
    return figure


def two_axes(
    ax: Axes, both: np.ndarray, other: np.ndarray, level: float, basis: str, *, name: bool
) -> None:
    """Words on the two axes that they should be on, and on two others (Figure 23).

    both, other: (n, 2) values. level: above which a value is significant.
    """
    rings = {"s": 12, "facecolors": "none", "edgecolors": style.GREY, "lw": 0.7}
    ax.scatter(*other.T, label="on two other axes", **rings)
    ax.scatter(*both.T, s=12, lw=0, color=bases.BASES[basis], label="on their own axes")
    for line in (ax.axvline, ax.axhline):
        line(level, color=style.RED, lw=0.6, ls=":")
    ax.set(
        xlim=(-0.4, 0.85),
        ylim=(-0.4, 0.85),
        aspect="equal",
        title=basis,
        xlabel="value on the first word's axis",
    )
    if name:
        ax.set_ylabel("value on the second word's axis")
        ax.legend(loc="upper left", handletextpad=0.1)
