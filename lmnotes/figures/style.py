"""One style for all figures; each function draws one table and returns the figure.

A colour means one thing in all notebooks, and is told apart by colour-blind readers; text is 8
points at print size, so that a figure can go into a two-column paper as it is.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

# Each two are 20 apart or more in CIE Lab, to full colour vision and to deuteranopes.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#00894F", "#CC4B00", "#DD8FD0"
SKY, WINE, OLIVE, GREY, BLACK = "#5CB8F0", "#8E1C5A", "#6E590E", "#8C8C8C", "#222222"
COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK, WINE, OLIVE)
# axes of an embedding, and what has no structure
ICA, PCA, RANDOM, RAW, UNTRAINED, NOISE = BLUE, ORANGE, GREEN, RED, PURPLE, GREY
OWN, PAPER = BLACK, WINE  # numbers of this run, and those that the paper prints
_DOMAINS = "encyclopedia code docs headers names news numbers legal manual"
_ZOO = "GPT-NeoX|Llama|GPT-2|n-gram 2|n-gram 3|n-gram 4|n-gram 5"
_HUB = "gpt_neox|llama-2|gptj|mistral|llama-1|llama-3|deepseek|gemma|opt|bloom|falcon"
_FIXED = {"ICA": ICA, "PCA": PCA, "random rotation": RANDOM}
for _names in (_DOMAINS.split(), _ZOO.split("|"), _HUB.split("|")):
    _FIXED |= dict(zip(_names, itertools.cycle(COLOURS)))
_VARIANT = re.compile(r"^only | \d+x\d+| leaked| BPE-\d+")  # of a mixture's or family's name
COLUMN, PAGE = 3.4, 7.0  # inches: one column of a paper, and both

_HALO = {"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.4}
_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.03,
}
_THIN_HALO = {"fc": "white", "ec": "none", "alpha": 0.6, "pad": 0.2}
# where a word may stand by its point: offset in points
_SPOTS = ((3, 0), (-3, 0), (0, 3), (0, -3), (2, 2), (2, -2), (-2, 2), (-2, -2))


def use() -> None:
    """Make the house style the style of everything that is drawn from here on."""
    plt.rcParams.update(_STYLE)


def colours(names: Iterable[str]) -> dict[str, str]:
    """The colour of each name: its own in all figures where it is a domain of text, a family of
    models (in all sizes) or a basis; the others get what is left, in their order.

    >>> colours(["encyclopedia", "code", "mine"]) == dict(encyclopedia=BLUE, code=RED, mine=GREEN)
    True
    """
    names = list(dict.fromkeys(names))
    known = {name: _FIXED.get(plain(name)) for name in names}
    left = itertools.cycle([c for c in COLOURS if c not in known.values()] or COLOURS)
    return {name: colour or next(left) for name, colour in known.items()}


def plain(name: str) -> str:
    """A mixture's or family's name without its size and what else leaves its colour as it is.

    >>> plain("Llama 64x2 leaked"), plain("only code")
    ('Llama', 'code')
    """
    return _VARIANT.sub("", name)


def panels(
    n: int = 1, *, width: float | None = None, height: float = 2.5, **kwargs: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with n panels side by side; one panel is a column wide, several fill the page."""
    width = width or (COLUMN if n == 1 else PAGE)
    return grid(n, n, width=width, height=height, **kwargs)


def grid(
    n: int, columns: int = 3, *, width: float = PAGE, height: float = 2.2, **kwargs: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with n panels, at most `columns` to a row of this height in inches."""
    columns = min(n, columns)
    rows = -(-n // columns)
    use()
    size = (width, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, **kwargs)
    for ax in axes.ravel()[n:]:
        ax.axis("off")
    return figure, list(axes.ravel()[:n])


def grid_of(
    keys: Iterable[tuple[str, str]], height: float, **kwargs: Any
) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """A page-wide figure with a panel for each (row, column) of `keys`; height of a row, inches."""
    rows, columns = (list(dict.fromkeys(names)) for names in zip(*keys, strict=True))
    figure, axes = grid(len(rows) * len(columns), len(columns), height=height, **kwargs)
    return figure, dict(zip(itertools.product(rows, columns), axes, strict=True))


def outer_labels(ax: Axes, title: str, row: str, xlabel: str) -> None:
    """Words of a panel of a grid that stand at its edges only: above, to the left, and below."""
    place = ax.get_subplotspec()
    assert place is not None, "a panel of a grid"
    if place.is_first_row():
        ax.set_title(title)
    if place.is_first_col():
        ax.set_ylabel(row)
    if place.is_last_row():
        ax.set_xlabel(xlabel)


def colour_bar(
    drawn: ScalarMappable, ax: Axes | Sequence[Axes], label: str, **kwargs: Any
) -> Colorbar:
    """A colour bar without a frame beside one or several panels; kwargs: of `Figure.colorbar`."""
    figure = (ax if isinstance(ax, Axes) else ax[0]).figure
    bar = figure.colorbar(drawn, ax=ax, **{"pad": 0.01, "aspect": 30, **kwargs})
    bar.set_label(label)
    bar.outline.set_visible(False)
    return bar


def counted_points(
    ax: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    counts: npt.ArrayLike,
    norm: LogNorm | None = None,
) -> PathCollection:
    """Points coloured by count, the rare ones first, which leaves the frequent ones visible."""
    norm = norm or LogNorm(max(np.min(counts), 1), np.max(counts))
    order = np.argsort(counts, kind="stable")
    across, up, count = (np.asarray(values)[order] for values in (x, y, counts))
    look: dict[str, Any] = {"linewidths": 0, "alpha": 0.8, "cmap": "viridis_r", "rasterized": True}
    return ax.scatter(across, up, 4, count, norm=norm, **look)


def name_words(ax: Axes, x: np.ndarray, y: np.ndarray, labels: Mapping[str, int]) -> None:
    """Write words beside their points, the first ones first, none over another."""
    placed: list[tuple[np.ndarray, np.ndarray]] = []
    for word, index in labels.items():
        spot = ax.transData.transform((x[index], y[index])) / ax.figure.dpi * 72  # points
        size = np.array([4.2 * len(word), 8.0])
        if any((np.abs(spot - other) < (size + room) / 2).all() for other, room in placed):
            continue
        placed.append((spot, size))
        look: dict[str, Any] = {"fontsize": 6.5, "annotation_clip": True, "bbox": _HALO}
        ax.annotate(word, (x[index], y[index]), (3, 2), textcoords="offset points", **look)


def place_words(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    labels: Mapping[str, int],
    *,
    laid_out: bool = False,
    dots: bool = True,
) -> None:
    """Write words beside their points where there is room, none over another or over the frame;
    a black dot marks each point, or none where `dots` is False.

    Call it last: it lays out the figure, if that is not done, to know where everything is.
    """
    if not laid_out:
        ax.figure.draw_without_rendering()  # type: ignore[union-attr]  # no panel of a subfigure
    frame, pixels = ax.get_window_extent(), ax.figure.dpi / 72
    rows = list(labels.values())
    spots = ax.transData.transform(np.column_stack([x[rows], y[rows]]))
    points = [Bbox.from_extents(*(p - 1.5 * pixels), *(p + 1.5 * pixels)) for p in spots]
    placed: list[Bbox] = []
    if dots:
        ax.scatter(x[rows], y[rows], s=3, color=BLACK, linewidths=0, zorder=3)
    for number, (word, row) in enumerate(labels.items()):
        look: dict[str, Any] = {"fontsize": 6, "zorder": 4, "in_layout": False}
        look |= {"textcoords": "offset points", "bbox": _THIN_HALO}
        text = ax.annotate(word, (x[row], y[row]), (0, 0), **look)
        taken = placed + points[:number] + points[number + 1 :]
        for dx, dy in _SPOTS:
            text.set(ha=("center", "left", "right")[np.sign(dx)])  # of the word, by its point
            text.set(va=("center", "bottom", "top")[np.sign(dy)])
            text.xyann = (dx, dy)
            box = text.get_window_extent()
            inside = all(frame.contains(*corner) for corner in (box.min, box.max))
            if inside and not any(box.overlaps(other) for other in taken):
                placed.append(box)
                break
        else:
            text.remove()


def classes(
    ax: Axes, counts: np.ndarray, score: np.ndarray, labels: np.ndarray, colours: Mapping[str, str]
) -> None:
    """A score against counts, one colour per class, drawn in the order of `colours` (Fig. 6)."""
    dots: dict[str, Any] = {"alpha": 0.5, "linewidths": 0, "rasterized": True}
    for name, colour in colours.items():
        chosen = labels == name
        label = f"{name} ({chosen.sum():,})"
        ax.scatter(counts[chosen], score[chosen], 5, color=colour, label=label, **dots)
    ax.set(xscale="log", xlabel="count $n_w$")
    ax.axhline(0, color=BLACK, lw=0.5)
    ax.legend(markerscale=2.5, handletextpad=0.1)


def bars(
    table: pd.DataFrame,
    value: str,
    low: str,
    high: str,
    name: str,
    xlabel: str,
    *,
    groups: str,
    colours: Mapping[str, str],
    reference: float | None = None,
) -> Figure:
    """Horizontal bars with their intervals, a row per name and a colour per group."""
    parts = list(table.groupby(groups, sort=False))
    names = list(dict.fromkeys(table[name]))
    figure, (ax,) = panels(width=PAGE * 0.7, height=0.5 + 0.17 * len(names) * len(parts) ** 0.8)
    height = 0.8 / len(parts)
    for number, (label, rows) in enumerate(parts):
        places = np.array([names.index(row) for row in rows[name]]) + height * number
        reach = [rows[value] - rows[low], rows[high] - rows[value]]
        look: dict[str, Any] = {"xerr": reach, "error_kw": {"lw": 0.6, "ecolor": BLACK}}
        ax.barh(places, rows[value], height, color=colours.get(label, GREY), label=label, **look)
    ax.set_yticks(np.arange(len(names)) + height * (len(parts) - 1) / 2, names)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    if reference is not None:
        ax.axvline(reference, color=BLACK, lw=0.6, ls=":")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure
