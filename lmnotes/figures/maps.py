"""Figures of the model map: the map itself, the distances, their tree, their calibration."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.lines import Line2D

from lmnotes.errors import Shown
from lmnotes.figures import style

# Classes of one colour have different markers.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SCALE = "viridis"
# how a model came about, with its marker and the words of the legend
KINDS = {
    "neural": ("o", "from scratch"),
    "checkpoint": ("v", "checkpoint"),
    "finetune": ("^", "fine-tune"),
    "merge": ("D", "merge"),
    "ngram": ("s", "counted"),
}
UNKNOWN = "not known"  # the class of models of which a column says nothing, in grey
_MOST = 24  # families that a legend names
_LANDMARKS = 60  # models, below which all names stand on a map


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
        part, scale = Normalize(low, high), colormaps[_SCALE]
        colours = [style.GREY if np.isnan(v) else to_hex(scale(part(v))) for v in values]
        steps = [(f"{v:.3g}", to_hex(scale(part(v)))) for v in np.linspace(low, high, 3)]
        return Looks(colours, ["o"] * len(colours), steps, True)
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = classes(column)
    names, order = column.astype(str), [str(name) for name in column.cat.categories]
    colour = {UNKNOWN: style.GREY} | style.colours([name for name in order if name != UNKNOWN])
    marker, n_alike = {}, Counter[str]()
    for name in order:
        marker[name] = MARKERS[n_alike[colour[name]] % len(MARKERS)]
        n_alike[colour[name]] += 1
    legend = [(name, colour[name]) for name in order if (names == name).any()]
    return Looks([colour[n] for n in names], [marker[n] for n in names], legend, False)


@dataclass(frozen=True, repr=False)
class Population(Shown):
    """How each of M models is drawn in all maps: the same colour, marker, ring, size."""

    colours: list[str]  # (M,) hex, of the family in all its sizes
    markers: list[str]  # (M,) of how it came about; without that, tell families of a colour apart
    ringed: np.ndarray  # (M,) whether it has seen the texts, which is a ring around it
    sizes: np.ndarray  # (M,) points^2, growing with the logarithm of the number of parameters
    families: list[tuple[str, str, str]]  # name, colour and marker, by name
    kinds: list[tuple[str, str]]  # words and marker


def population(table: pd.DataFrame, size: float = 22) -> Population:
    """The looks of some models.

    Args:
        table: M rows with `family`; and, where known, `kind` (of KINDS), `leaked` and
            `n_parameters`.
        size: points^2, of the smallest model; the largest has three times as much.
    """
    family = pd.Series([style.plain(str(name)) for name in table["family"]])
    of_families = looks(classes(family))
    markers, kinds = of_families.markers, []
    if "kind" in table and table["kind"].isin(KINDS).all():
        markers = [KINDS[kind][0] for kind in table["kind"]]
        kinds = [(words, marker) for marker, words in KINDS.values() if marker in markers]
    leaked = table.get("leaked", pd.Series(False, table.index)).eq(True).to_numpy(bool)
    known = pd.to_numeric(table.get("n_parameters", pd.Series(np.nan, table.index)), "coerce")
    logs = np.log(known.where(known > 0).to_numpy(np.float64))
    reach = np.nanmax(logs) - np.nanmin(logs) if np.isfinite(logs).any() else 0.0
    grown = (logs - np.nanmin(logs)) / reach if reach else np.zeros(len(table))
    first = {name: place for place, name in reversed(list(enumerate(family)))}
    entries = [
        (name, colour, "o" if kinds else markers[first[name]])
        for name, colour in sorted(of_families.legend)
    ]
    sizes = size * (1 + 2 * np.nan_to_num(grown))
    return Population(of_families.colours, markers, leaked, sizes, entries, kinds)


def draw(
    ax: Axes,
    xy: npt.ArrayLike,
    table: pd.DataFrame,
    *,
    size: float = 22,
    names: Sequence[str] | None = None,
    lineage: bool = False,
    with_legend: bool = True,
) -> Population:
    """Models as points of a plane as `population` has them, with their legend; the looks.

    Args:
        xy: (M, 2).
        table: as of `population`; also `model`, `parent` for lines and `label` for names.
        names: labels to write beside their points where there is room, the first ones first; None:
            all below sixty models, else none.
        lineage: draw a line from each model to those that come from it.
    """
    look, (x, y) = population(table, size), np.asarray(xy, np.float64).T
    if lineage:
        for parent, child in kin(table):
            ends = x[[parent, child]], y[[parent, child]]
            ax.plot(*ends, color=style.GREY, lw=0.5, alpha=0.8, zorder=1, solid_capstyle="round")
    markers, colours = np.array(look.markers), np.array(look.colours)
    for marker in dict.fromkeys(look.markers):
        ringed = (markers == marker) & look.ringed
        ring: dict[str, Any] = {"fc": "white", "ec": style.BLACK, "lw": 0.7, "zorder": 2}
        ax.scatter(x[ringed], y[ringed], 2.2 * look.sizes[ringed], marker=marker, **ring)
        alike = markers == marker
        dots: dict[str, Any] = {"marker": marker, "edgecolors": "white", "linewidths": 0.3}
        ax.scatter(x[alike], y[alike], look.sizes[alike], colours[alike], zorder=2.1, **dots)
    ax.margins(0.08)
    if with_legend:
        legend(ax, look)
    write_names(ax, np.column_stack([x, y]), table, names)
    return look


def write_names(
    ax: Axes, xy: np.ndarray, table: pd.DataFrame, names: Sequence[str] | None = None
) -> None:
    """Write labels beside the points of models, as `draw` does; last, when the axes stay."""
    labels = table.get("label", table.get("model", pd.Series(dtype=str))).astype(str)
    rows = {name: place for place, name in enumerate(labels)}
    if names is None:
        names = list(labels) if len(table) < _LANDMARKS else []
    if len(names):
        chosen = {name: rows[name] for name in names if name in rows}
        style.place_words(ax, xy[:, 0], xy[:, 1], chosen, dots=False)


def kin(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Rows of parent and child, where the table knows them; a merge has several parents, and a
    checkpoint comes before the end of its run."""
    if "parent" not in table:
        return []
    rows = {name: place for place, name in enumerate(table["model"].astype(str))}
    pairs = []
    for child, parents in enumerate(table["parent"].fillna("").astype(str)):
        pairs += [(rows[name], child) for name in parents.split(" + ") if name in rows]
    return pairs


def legend(ax: Axes, look: Population, **kwargs: Any) -> None:
    """What colours, markers and rings mean, at the side of a map; kwargs: of `Axes.legend`."""
    dot: dict[str, Any] = {"ls": "", "ms": 4.5, "mec": "white", "mew": 0.3}
    handles = [
        Line2D([], [], color=colour, marker=marker, label=name, **dot)
        for name, colour, marker in look.families[:_MOST]
    ]
    if left := len(look.families) - len(handles):
        handles.append(Line2D([], [], ls="", label=f"and {left} more"))
    handles += [
        Line2D([], [], color=style.GREY, marker=marker, label=words, **dot)
        for words, marker in look.kinds
    ]
    if look.ringed.any():
        ring = dot | {"mec": style.BLACK, "mew": 0.7, "mfc": "white"}
        handles.append(Line2D([], [], marker="o", label="has seen the texts", **ring))
    place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    ax.legend(handles=handles, **place | {"handletextpad": 0.1} | kwargs)


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
        column: (M,), where a number is not known, the point is grey and the colour bar says so.
        unit: of a numeric column, for the colour bar.
    """
    look = looks(column)
    names, (x, y) = column.astype(str).to_numpy(), xy.T
    rim: dict[str, Any] = {"linewidths": 0.3, "edgecolors": "white"}
    if look.is_scale:
        scale = colormaps[_SCALE].with_extremes(bad=style.GREY)
        points = ax.scatter(x, y, size, column, cmap=scale, plotnonfinite=True, **rim)
        missing = f" (grey: {n} not known)" if (n := column.isna().sum()) else ""
        if legend:
            colour_bar(points, ax, (unit or str(column.name)) + missing)
    else:
        for name, colour in look.legend:
            chosen = np.flatnonzero(names == name)
            dots = {"color": colour, "label": f"{name} ({len(chosen)})", **rim}
            ax.scatter(x[chosen], y[chosen], size, marker=look.markers[chosen[0]], **dots)
        if legend:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    ax.margins(0.08)


def colour_bar(points: ScalarMappable, ax: Axes, label: str) -> None:
    """The scale of what was drawn beside its panel, whose width stays."""
    beside = ax.inset_axes((1.02, 0, 0.035, 1))
    style.colour_bar(points, ax, label, aspect=40, pad=0.02, cax=beside)


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
