"""Figures of the model map: the map itself, the distances, their tree, their calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from lmnotes.figures import style

# Classes beyond the seventh take the same colours with another marker.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_PALETTE = (style.BLUE, style.RED, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.BLACK)
N_COLOURS = len(_PALETTE)
_SCALE = "viridis"


@dataclass(frozen=True)
class Looks:
    """How each model is drawn, by one column of its table."""

    colours: list[str]  # (M,) hex
    markers: list[str]  # (M,)
    legend: list[tuple[str, str]]  # name and colour
    is_scale: bool
    low: float = 0.0
    high: float = 1.0


def looks(column: pd.Series) -> Looks:
    """Colours and markers of a column: classes where it holds text, a scale where numbers."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
        values = column.to_numpy(np.float64)
        low, high = np.nanquantile(values, [0, 1])
        shares = (values - low) / (high - low or 1.0)
        of = [style.GREY if np.isnan(s) else to_hex(colormaps[_SCALE](s)) for s in shares]
        steps = [
            (f"{low + s * (high - low):.3g}", to_hex(colormaps[_SCALE](s))) for s in (0, 0.5, 1)
        ]
        return Looks(of, ["o"] * len(of), steps, True, float(low), float(high))
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = classes(column)
    names, order = column.astype(str), [str(name) for name in column.cat.categories]
    rank = {name: number for number, name in enumerate(order)}
    colour = {name: _PALETTE[rank[name] % len(_PALETTE)] for name in order}
    marker = {name: MARKERS[rank[name] // len(_PALETTE) % len(MARKERS)] for name in order}
    legend = [(name, colour[name]) for name in order if (names == name).any()]
    return Looks([colour[n] for n in names], [marker[n] for n in names], legend, False)


def models(
    ax: Axes,
    xy: np.ndarray,
    column: pd.Series,
    *,
    size: float = 16,
    legend: bool = True,
    labels: Sequence[str] | None = None,
    unit: str = "",
) -> None:
    """Models as points of a plane, coloured by one column, with its legend or colour bar.

    Args:
        xy: (M, 2). labels: (M,) names to write beside the points, "" for none.
        unit: of a numeric column, for the colour bar.
    """
    look = looks(column)
    names = column.astype(str).to_numpy()
    if look.is_scale:
        points = ax.scatter(
            *xy.T, c=column, cmap=_SCALE, s=size, linewidths=0.3, edgecolors="white"
        )
        if legend:
            inset = ax.inset_axes([1.02, 0, 0.035, 1])  # keeps panels of a grid equally wide
            bar = ax.figure.colorbar(points, cax=inset)
            bar.set_label(unit or str(column.name))
            bar.outline.set_visible(False)
    else:
        for name, colour in look.legend:
            chosen = np.flatnonzero(names == name)
            marker = look.markers[chosen[0]]
            ax.scatter(
                *xy[chosen].T,
                color=colour,
                marker=marker,
                s=size,
                linewidths=0.3,
                edgecolors="white",
                label=f"{name} ({len(chosen)})",
            )
        if legend:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    ax.margins(0.08)
    if labels is not None:
        style.name_words(ax, *xy.T, {name: i for i, name in enumerate(labels) if name})


def bare(ax: Axes, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """A map's axes: no ticks where they mean nothing, names where they mean something."""
    ax.set(xticks=[], yticks=[], title=title, xlabel=xlabel, ylabel=ylabel)
    for side in ax.spines.values():
        side.set_visible(True)


def projections(
    maps: Mapping[str, np.ndarray], column: pd.Series, units: Mapping[str, tuple[str, str]]
) -> Figure:
    """The same models under several projections, one legend for all.

    Args:
        maps: name -> (M, 2). units: name -> labels of its two axes.
    """
    figure, axes = style.panels(len(maps), height=3.1)
    for ax, (name, xy) in zip(axes, maps.items(), strict=True):
        models(ax, xy, column, legend=False)
        if name in units:
            ax.set(title=name, xlabel=units[name][0], ylabel=units[name][1])
        else:
            bare(ax, name)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, handletextpad=0.1)
    return figure


def colourings(
    xy: np.ndarray, columns: Mapping[str, pd.Series], units: Mapping[str, str]
) -> Figure:
    """One map in several colours, a panel each; the number of classes is small."""
    import matplotlib.pyplot as plt

    style.use()
    rows = -(-len(columns) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(style.PAGE, 2.5 * rows), squeeze=False)
    for ax, (name, column) in zip(axes.ravel(), columns.items(), strict=False):
        models(ax, xy, column, unit=units.get(name, ""))
        bare(ax, name)
    for ax in axes.ravel()[len(columns) :]:
        ax.set_visible(False)
    return figure


def distances(
    kl: np.ndarray, order: np.ndarray, families: Sequence[str], unit: str = "bits/byte"
) -> Figure:
    """The matrix of distances with rows in the order of a tree, families along its side."""
    from matplotlib.colors import LogNorm

    ordered = np.asarray(kl)[np.ix_(order, order)]
    off = ordered[~np.eye(len(ordered), dtype=bool)]
    low = np.quantile(off[off > 0], 0.001) if (off > 0).any() else 1e-6
    figure, (ax,) = style.panels(width=style.PAGE * 0.72, height=style.PAGE * 0.62)
    image = ax.imshow(
        np.maximum(ordered, low),
        cmap="magma",
        norm=LogNorm(low, off.max()),
        interpolation="nearest",
    )
    bar = figure.colorbar(image, cax=ax.inset_axes([1.02, 0, 0.04, 1]))
    bar.set_label(f"map distance, {unit}")
    bar.outline.set_visible(False)
    places, names = _runs(np.asarray(families)[order])
    ax.set_yticks(places, names, fontsize=6)
    ax.set_xticks([])
    ax.set_xlabel("models in the order of the tree")
    ax.tick_params(length=2)
    return figure


def tree(linkage: np.ndarray, names: Sequence[str], column: pd.Series) -> Figure:
    """The hierarchical clustering as a tree, leaves named and coloured by one column."""
    look = looks(column)
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.6 + 0.115 * len(names))
    drawn = dendrogram(
        linkage,
        labels=list(names),
        orientation="left",
        ax=ax,
        link_color_func=lambda _: style.GREY,
    )
    for label, leaf in zip(ax.get_yticklabels(), drawn["leaves"], strict=True):
        label.set(color=look.colours[leaf], fontsize=6)
    for lines in ax.collections:
        lines.set_linewidth(0.7)
    ax.set_xlabel("height: standard deviation of the difference, nats per text")
    ax.spines["left"].set_visible(False)
    handles = [_dot(ax, colour, name) for name, colour in look.legend]
    ax.figure.legend(handles=handles, loc="outside lower center", ncols=4, handletextpad=0.1)
    return figure


def _dot(ax: Axes, colour: str, name: str):
    return ax.scatter([], [], color=colour, s=14, label=name)


def _runs(names: np.ndarray) -> tuple[list[float], list[str]]:
    """The middle of every run of two or more equal names, and the name."""
    edges = np.flatnonzero(names[1:] != names[:-1]) + 1
    runs = np.split(np.arange(len(names)), edges)
    long = [run for run in runs if len(run) > 1]
    return [float(run.mean()) for run in long], [str(names[run[0]]) for run in long]


def classes(column: pd.Series) -> pd.Series:
    """The column as classes in the order of their size, so that a part of it keeps its colours."""
    names = column.astype(str)
    counts = names.value_counts(sort=False)
    order = sorted(counts.index, key=lambda name: (-counts[name], name))
    return names.astype("category").cat.set_categories(order)
