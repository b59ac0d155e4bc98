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
    """
    bases, spaces, figure, axes = _grid(matrices, height)
    for (basis, space), matrix in matrices.items():
        ax = axes[bases.index(basis), spaces.index(space)]
        image = ax.imshow(
            matrix,
            aspect="auto",
            cmap="Blues",
            vmin=limits[0],
            vmax=limits[1],
            interpolation="nearest",
            extent=(0.5, matrix.shape[1] + 0.5, len(matrix) - 0.5, -0.5),  # axes from 1
        )
        first, last = space == spaces[0], basis == bases[-1]
        ax.set_yticks([])
        if names is not None:
            ax.set_xticks(range(1, 1 + matrix.shape[1]))
            if first:
                ax.set_yticks(range(len(matrix)), names[basis], fontsize=6)
        ax.tick_params(length=0)
        if first:
            ax.set_ylabel(basis if names is not None else f"{basis}: words")
        if basis == bases[0]:
            ax.set_title(space)
        if last:
            ax.set_xlabel("matched axis")
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=40)
    bar.set_label("normalised value")
    bar.outline.set_visible(False)
    return figure


def pair_bars(
    panels: Mapping[tuple[str, str], np.ndarray],
    names: Mapping[tuple[str, str], Sequence[str]],
    of: Sequence[str],
    levels: Sequence[float],
) -> Figure:
    """A pair of words and their product on a few axes, per basis and space (Figures 6, 13, 14).

    Args:
        panels: (basis, space) -> (n_axes, 3): first word, second word, product.
        names: (basis, space) -> the names of those axes.
        of: what the three columns are. levels: above which each is significant, drawn dotted.
    """
    bases, spaces, figure, axes = _grid(panels, 1.75 * len({key[0] for key in panels}) + 0.4)
    colours = (style.BLUE, style.ORANGE, style.RED)
    for key, table in panels.items():
        ax = axes[bases.index(key[0]), spaces.index(key[1])]
        at = np.arange(len(table))
        for number, column in enumerate(table.T):
            ax.barh(at + 0.27 * (number - 1), column, 0.25, color=colours[number], label=of[number])
        for level, colour in ((levels[0], style.BLUE), (levels[2], style.RED)):
            ax.axvline(level, color=colour, lw=0.6, ls=":")
        ax.axvline(0, color=style.BLACK, lw=0.4)
        ax.set_yticks(at, names[key], fontsize=6)
        ax.invert_yaxis()
        ax.set_xlim(-0.2, max(0.7, max(each.max() for each in panels.values()) * 1.05))
        if key[0] == bases[0]:
            ax.set_title(key[1])
        if key[0] == bases[-1]:
            ax.set_xlabel("normalised value, product")
        if key[1] == spaces[0]:
            ax.set_ylabel(key[0])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def two_axes(
    ax: Axes, both: np.ndarray, other: np.ndarray, level: float, basis: str, *, name: bool
) -> None:
    """Words on the two axes that they should be on, and on two others (Figure 23).

    both, other: (n, 2) values. level: above which a value is significant.
    """
    ax.scatter(
        *other.T,
        s=12,
        facecolors="none",
        edgecolors=style.GREY,
        lw=0.7,
        label="on two other axes",
    )
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


def _grid(keys: Mapping[tuple[str, str], object], height: float):
    """Names of the rows and of the columns, and a page-wide figure with a panel for each."""
    import matplotlib.pyplot as plt

    rows = list(dict.fromkeys(key[0] for key in keys))
    columns = list(dict.fromkeys(key[1] for key in keys))
    style.use()
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(style.PAGE, height), squeeze=False
    )
    return rows, columns, figure, axes
