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
        ax.vlines(np.arange(1, len(heights) + 1), 0, heights, color=bases.BASES[basis], lw=0.9)
        ax.axhline(thresholds[column], color=style.RED, lw=0.6, ls=":")
        ax.axhline(0, color=style.BLACK, lw=0.4)
        span = np.ptp([values[key] for key in values if key[1] == column])
        _name_bars(ax, heights, labels.get((basis, column), {}), 70 / span)
        style.outer_labels(ax, column, f"{basis}\nnormalised value", "axis")
        if column == last_column:
            ax.set_ylabel("product")
        ax.margins(y=0.12)
    return figure


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
        ax.annotate(text, (axis + 1, values[axis]), offset, textcoords="offset points", **side)
        placed.append((axis, height))
