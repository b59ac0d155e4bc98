"""Figures of the model map: the map itself, the distances, their tree, their calibration."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex

from lmnotes.figures import style

# Classes of one colour have different markers.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SCALE = "viridis"


@dataclass(frozen=True)
class Looks:
    """How each model is drawn, by one column of its table."""

    colours: list[str]  # (M,) hex
    markers: list[str]  # (M,)
    legend: list[tuple[str, str]]  # name and colour
    is_scale: bool


def looks(column: pd.Series) -> Looks:
    """Colours and markers of a column: classes where it holds text, a scale where numbers."""
    if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
        values = column.to_numpy(np.float64)
        low, high = np.nanquantile(values, [0, 1])
        scale = ScalarMappable(Normalize(low, high), _SCALE)
        colours = [style.GREY if np.isnan(v) else to_hex(scale.to_rgba(v)) for v in values]
        steps = [(f"{v:.3g}", to_hex(scale.to_rgba(v))) for v in np.linspace(low, high, 3)]
        return Looks(colours, ["o"] * len(colours), steps, True)
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = classes(column)
    names, order = column.astype(str), [str(name) for name in column.cat.categories]
    colour, marker, n_alike = style.colours(order), {}, Counter()
    for name in order:
        marker[name] = MARKERS[n_alike[colour[name]] % len(MARKERS)]
        n_alike[colour[name]] += 1
    legend = [(name, colour[name]) for name in order if (names == name).any()]
    return Looks([colour[n] for n in names], [marker[n] for n in names], legend, False)


def models(
    ax: Axes,
    xy: np.ndarray,
    column: pd.Series,
    *,
    size: float = 16,
    legend: bool = True,
    unit: str = "",
) -> None:
    """Models as points of a plane, coloured by one column, with its legend or colour bar.

    Args:
        xy: (M, 2).
        unit: of a numeric column, for the colour bar.
    """
    look = looks(column)
    names, rim = column.astype(str).to_numpy(), {"linewidths": 0.3, "edgecolors": "white"}
    if look.is_scale:
        points = ax.scatter(*xy.T, c=column, cmap=_SCALE, s=size, **rim)
        if legend:
            colour_bar(points, unit or str(column.name))
    else:
        for name, colour in look.legend:
            chosen = np.flatnonzero(names == name)
            dots = {"color": colour, "marker": look.markers[chosen[0]], "s": size, **rim}
            ax.scatter(*xy[chosen].T, **dots, label=f"{name} ({len(chosen)})")
        if legend:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    ax.margins(0.08)


def colour_bar(points: ScalarMappable, label: str, ax: Sequence[Axes] | None = None) -> None:
    """The scale of what was drawn beside its panel, whose width stays, or beside all of `ax`."""
    beside = {"cax": points.axes.inset_axes([1.02, 0, 0.035, 1])} if ax is None else {}
    style.colour_bar(points, ax or points.axes, label, aspect=40, pad=0.02, **beside)


def equality(ax: Axes, *values: np.ndarray, label: str | None = None) -> None:
    """The dotted line y = x over all of some values, which may hold NaN."""
    ends = [min(map(np.nanmin, values)), max(map(np.nanmax, values))]
    ax.plot(ends, ends, color=style.BLACK, lw=0.6, ls=":", label=label)


def bare(ax: Axes, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """A map's axes: no ticks where they mean nothing, names where they mean something."""
    ax.set(xticks=[], yticks=[], title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[:].set_visible(True)


def classes(column: pd.Series) -> pd.Series:
    """The column as classes in the order of their size, so that a part of it keeps its colours."""
    names = column.astype(str)
    order = names.value_counts().sort_index().sort_values(ascending=False, kind="stable").index
    return names.astype("category").cat.set_categories(order)
