"""Figures of paper 02: spikes of the cloud, words as mixtures, axes that two spaces share.

Axes count from 1 here, from 0 in the arrays and in the paper.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from lmnotes.figures import bases, style
from lmnotes.papers.universal_geometry.topics import Topics
from lmnotes.papers.universal_geometry.worlds import Pair
from lmnotes.words.ica import matching
from lmnotes.words.ica.components import Components

COLOURS = bases.BASES
_SIGNED = {"cmap": "RdBu_r", "interpolation": "nearest"}  # white at 0


def _shades(colour: str) -> LinearSegmentedColormap:
    """From a light to a dark shade of a colour, for how many words are at a place."""
    own = np.array(to_rgb(colour))
    return LinearSegmentedColormap.from_list("", [own + 0.6 * (1 - own), own, 0.45 * own])


def _write(figure: Figure, drawn: Sequence[tuple[Axes, np.ndarray, Mapping[str, int]]]) -> None:
    """Words beside their points in several panels, once all are laid out: points (n, 2), and the
    row of each word."""
    figure.draw_without_rendering()
    for ax, points, words in drawn:
        style.place_words(ax, *points.T, words, laid_out=True)


def spikes(
    spaces: Mapping[str, Components],
    pairs: Sequence[tuple[int, int]],
    *,
    min_count: int = 1,
    by_count: bool = False,
) -> Figure:
    """Pairs of axes of the white cloud, a row per basis, both on one scale (Fig. 5): how many words
    are where, and the two words at the end of each axis.

    by_count: words as points coloured by their count instead (Fig. 13).
    """
    figure, panels = style.grid(len(spaces) * len(pairs), len(pairs), height=1.95)
    clouds = [
        space.values[:, list(pair)] for space, pair in itertools.product(spaces.values(), pairs)
    ]
    tips = []
    for number, (ax, cloud) in enumerate(zip(panels, clouds, strict=True)):
        (name, space), pair = list(spaces.items())[number // len(pairs)], pairs[number % len(pairs)]
        both = np.concatenate(clouds[number % len(pairs) :: len(pairs)])
        low, high = both.min() - 1, both.max() + 0.5
        if by_count:
            points = style.counted_points(ax, *cloud.T, space.counts)
            if number % len(pairs) == len(pairs) - 1:
                style.colour_bar(points, ax, "count $n_w$", pad=0.02)
        else:
            hexes = {"gridsize": 45, "extent": (low, high, low, high), "bins": "log", "mincnt": 1}
            look = {"cmap": _shades(COLOURS[name]), "linewidths": 0.1, "rasterized": True}
            ax.hexbin(*cloud.T, **hexes, **look)
        ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        ax.locator_params(nbins=4, integer=True)
        ax.set(xlabel=f"{name} axis {pair[0] + 1}", ylabel=f"{name} axis {pair[1] + 1}")
        listed = np.asarray(space.counts) >= min_count
        rows = np.argsort(np.where(listed[:, None], -cloud, np.inf), axis=0, kind="stable")[:2]
        tips.append((ax, cloud, {space.words[row]: row for row in rows.T.ravel()}))
    if not by_count:
        _write(figure, tips)
    return figure


def measures(table: pd.DataFrame) -> Figure:
    """Distance from a Gaussian against what ICA finds in noise (Fig. 6): skewness axis by axis, and
    all four measures as the median over axes and the middle 80 %, over the noise's median."""
    figure, (left, right) = style.panels(2, height=2.7)
    methods = list(dict.fromkeys(table.method))
    spread = table.set_index("method").drop(columns="axis").abs().groupby("method")
    middle, low, high = (
        spread.quantile(q) / spread.median().loc["Gaussian noise"] for q in (0.5, 0.1, 0.9)
    )
    for n, name in enumerate(methods):
        own = table[table.method == name]
        left.plot(own.axis + 1, own.skewness, color=COLOURS[name], label=name)
        places = np.arange(middle.shape[1]) + 0.17 * (n - 1.5)
        ends = np.abs([(x - middle).loc[name] for x in (low, high)])
        look = {"fmt": "o", "ms": 4, "lw": 1, "color": COLOURS[name], "label": name}
        right.errorbar(middle.loc[name], places, xerr=ends, **look)
    left.set(xlabel="axis", ylabel="skewness, absolute", ylim=(0, None), xlim=(1, None))
    right.axvline(1, color=COLOURS["Gaussian noise"], lw=0.6)
    names = {"logcosh": "log cosh", "gaussian": "Gaussian"}
    right.set_yticks(range(middle.shape[1]), [names.get(name, name) for name in middle])
    right.invert_yaxis()
    right.set(xscale="log", xlabel="times the distance that ICA finds in Gaussian noise")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def heatmap(ax: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, turn=30):
    """A matrix with the names of its rows and columns, white at 0; the image is returned."""
    image = ax.imshow(values, aspect="auto", vmin=-1, vmax=1, **_SIGNED)
    look = {"rotation": turn, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(columns)), columns, **look)
    ax.set_yticks(range(len(rows)), rows, fontsize=6.5)
    ax.tick_params(length=0)
    return image


def _pair_of_axes(ax: Axes, topics: Topics, i: int, j: int, words: Sequence[str]) -> tuple:
    """The words (V,) on axes i and j on equal scales; returned is what `_write` takes."""
    points, look = topics.values[:, [i, j]], {"color": COLOURS["ICA"], "alpha": 0.2}
    ax.scatter(*points.T, s=1.5, linewidths=0, rasterized=True, **look)
    ends = topics.values.min() - 0.03, topics.values.max() + 0.05
    ax.set(xlim=ends, ylim=ends, aspect="equal")
    rows = [*topics.between[i, j], *topics.tops[i], *topics.tops[j]]
    return ax, points, {words[row]: row for row in rows}


def mixtures(topics: Topics, words: Sequence[str]) -> Figure:
    """Words as mixtures of a few axes (Fig. 1): a heatmap, and two pairs of axes with their words.

    words: (V,).
    """
    style.use()
    figure, panels = style.plt.subplot_mosaic(
        [["left", "upper"], ["left", "lower"]], figsize=(style.PAGE, 5.6), width_ratios=[1, 1.05]
    )
    rows = topics.rows
    image = heatmap(panels["left"], topics.values[rows], [words[row] for row in rows], topics.names)
    style.colour_bar(image, panels["left"], "normalised value", location="top", aspect=40)
    drawn = []
    for ax, (i, j) in zip((panels["upper"], panels["lower"]), topics.best_pairs(), strict=False):
        drawn.append(_pair_of_axes(ax, topics, i, j, words))
        ax.set(xlabel=f"axis {topics.names[i]}", ylabel=f"axis {topics.names[j]}")
    _write(figure, drawn)
    return figure


def triangle(topics: Topics, words: Sequence[str]) -> Figure:
    """All pairs of some axes as a triangle of scatter plots, with their words (Fig. 12)."""
    n = len(topics.axes) - 1
    figure, panels = style.grid(n * n, n, height=style.PAGE / n)
    drawn = []
    for ax, (row, column) in zip(panels, np.ndindex(n, n), strict=True):
        if column > row:
            ax.axis("off")
            continue
        drawn.append(_pair_of_axes(ax, topics, column, row + 1, words))
        style.outer_labels(ax, "", f"axis {topics.names[row + 1]}", f"axis {topics.names[column]}")
    _write(figure, drawn)
    return figure


def stability(skewness: np.ndarray, steady: np.ndarray, floor: float = 0.9) -> Figure:
    """How surely the axes (K,) come back, the steadiest first, and against their skewness."""
    figure, (left, right) = style.panels(2, height=2.3, sharey=True)
    look = {"color": COLOURS["ICA"], "linewidths": 0, "s": 10}
    left.scatter(np.arange(1, len(steady) + 1), np.sort(steady)[::-1], **look)
    left.axhline(floor, color=style.GREY, ls=":")
    above = int(np.sum(steady > floor))
    left.text(above + 2, floor + 0.03, f"{above} of {len(steady)} above {floor}")
    left.set(xlabel="axes, the steadiest first", ylabel="median |r| with other runs")
    left.set_ylim(0, 1.05)
    right.scatter(skewness, steady, **look)
    right.set(xlabel="skewness of the axis")
    return figure


def matched(pair: Pair, n_axes: int = 20) -> tuple[Figure, pd.DataFrame]:
    """Correlations of the best-matched axes over held-out pairs: ICA with the names of its axes,
    and, smaller, PCA, shuffled pairs and an untrained model; and the table of them."""
    squares, (first, second) = pair.squares(n_axes), pair.best_names(n_axes)
    style.use()
    names = list(squares)
    figure, panels = style.plt.subplot_mosaic(
        [[names[0], name] for name in names[1:]], figsize=(style.PAGE, 5.2), width_ratios=[3, 1]
    )
    for name, square in squares.items():
        ax = panels[name]
        image = ax.imshow(square, vmin=-0.6, vmax=0.6, **_SIGNED)
        ax.set(title=name, xticks=[], yticks=[])
        ax.spines[["top", "right"]].set_visible(True)
    left, right = pair.side_names
    panels[names[0]].set_xticks(range(len(second)), second, rotation=90, fontsize=6.5)
    panels[names[0]].set_yticks(range(len(first)), first, fontsize=6.5)
    panels[names[0]].set(
        xlabel=f"ICA axes, {right}", ylabel=f"ICA axes, {left}", title="ICA, held-out pairs"
    )
    style.colour_bar(image, list(panels.values()), "correlation", aspect=40, extend="both")
    frames = [
        pd.DataFrame(x, first).melt(ignore_index=False, var_name="second") for x in squares.values()
    ]
    return figure, pd.concat(frames, keys=names, names=["method", "first"]).reset_index()


def curves(table: pd.DataFrame) -> Figure:
    """Held-out correlation by rank, the first comparison large with its curves named; in every
    panel how many ICA axes are above all random ones.

    table: columns rank (from 0), r, method, comparison.
    """
    style.use()
    large, *small = dict.fromkeys(table.comparison)
    small += ["."] * (len(small) % 2)  # an empty place
    rows = [[large, *small[n : n + 2]] for n in range(0, len(small), 2)] or [[large]]
    look = {"width_ratios": [1.6, 1, 1][: len(rows[0])], "sharey": True}
    size = (style.PAGE, 1.75 * max(len(rows), 2))
    figure, panels = style.plt.subplot_mosaic(rows, figsize=size, **look)
    limits = (min(0, float(table.r.min())), float(table.r.max()) * 1.08)
    for name, ax in panels.items():
        own = table[table.comparison == name].assign(rank=lambda t: t["rank"] + 1)
        bases.curves(ax, own, "rank", "r", by="method", legend=False)
        ax.set(title=name, ylim=limits, xlim=(1, None))
        ax.tick_params(labelleft=True)  # panels of one scale and different heights
        ax.axhline(0, color=style.BLACK, lw=0.3)
        ica, level = own[own.method == "ICA"], own[own.method == "random rotation"].r.max()
        above = ica[ica.r > level]
        ax.fill_between(above["rank"], above.r, level, color=COLOURS["ICA"], alpha=0.12, lw=0)
        said = f"{len(above)} of {len(ica)} ICA axes\nabove every random one"
        place = {"xycoords": "axes fraction", "ha": "right", "fontsize": 7}
        ax.annotate(said, (0.97, 0.82), color=COLOURS["ICA"], **place)
        for n, method in enumerate(dict.fromkeys(own.method) if name == large else ()):
            ax.annotate(method, (0.97, 0.72 - 0.055 * n), color=COLOURS[method], **place)
    panels[large].set(xlabel="matched axis, the best first", ylabel="held-out correlation")
    return figure


def tokens(table: pd.DataFrame) -> Figure:
    """Words and their tokens on matched axes, a panel per space (columns space, word, axes)."""
    spaces = list(dict.fromkeys(table.space))
    figure, panels = style.panels(len(spaces), height=4.8, sharey=True)
    axes = [column for column in table if column not in ("space", "word")]
    for ax, name in zip(panels, spaces, strict=True):
        own = table[table.space == name]
        repeats = own.word.value_counts().max()
        named = [word if n % repeats == repeats // 2 else "" for n, word in enumerate(own.word)]
        image = heatmap(ax, own[axes].to_numpy(), named, axes, turn=60)
        ax.set_title(name)
    style.colour_bar(image, panels, "normalised value", aspect=40)
    return figure


def star(pair: Pair, *, min_count: int = 1) -> tuple[Figure, pd.DataFrame]:
    """Five matched axes as five directions of the plane, a word the sum of its shares: both sides
    of a pair, the second on the axes of shuffled pairs, and untrained vectors; and the table.

    min_count: rarer words are not named.
    """
    run, first, second = pair.runs[0], pair.sides[0]["ICA"], pair.sides[1]["ICA"]
    match, by_chance = run.matchings["ICA"], run.shuffled["ICA"].partners()
    blank = replace(pair.sides[1]["untrained"], words=second.words, counts=second.counts)
    shown = {
        "first half": (first, match.first[:5]),
        "second half": (second, match.second[:5]),
        "second half, axes by shuffled pairs": (second, by_chance[match.first[:5]]),
        "untrained": (blank, run.matchings["untrained"].second[:5]),
    }
    figure, panels = style.grid(4, 2, height=0.43 * style.PAGE)
    angles = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    ends, tables, drawn = np.column_stack([np.cos(angles), np.sin(angles)]), [], []  # (5, 2)
    arms = pair.best_names(5, n_words=2)[0]
    for ax, (name, (space, axes)) in zip(panels, shown.items(), strict=True):
        values = space.normalised[:, axes]
        tables.append(pd.DataFrame(values, columns=arms).assign(space=name))
        top = matching.top_words(space, axes, k=3, min_count=min_count).word
        drawn.append((ax, values @ ends, {word: space.ids[word] for word in top}))
        look = {"color": COLOURS["ICA"], "alpha": 0.3, "linewidths": 0, "rasterized": True}
        ax.scatter(*(values @ ends).T, s=2, **look)
        for arm, end in zip(arms, ends, strict=True):
            ax.plot(*np.array([[0, 0], end * 0.95]).T, color=style.GREY, lw=0.5)
            side = ("center", "left", "right")[int(np.sign(round(end[0], 6)))]
            look = {"ha": side, "va": "center", "color": style.RED, "fontweight": "bold"}
            ax.annotate(arm.replace(", ", "\n"), end * 1.15, **look)
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.set(title=name, xticks=[], yticks=[], aspect="equal")
        ax.set(xlim=(-1.55, 1.55), ylim=(-1.15, 1.3))
    _write(figure, drawn)
    return figure, pd.concat(tables)


def many_targets(table: pd.DataFrame, spaces: Sequence[str], printed: pd.Series) -> Figure:
    """One space against several (table of `worlds.against_many`): each as points, and their mean.

    printed: the paper's mean by axis, counted from 0 in text.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=3)
    rank = table.index + 1
    colours = style.SKY, style.RED, style.OLIVE, style.ICA  # no basis's, nor that of a null
    for name, colour in zip(spaces, colours, strict=False):
        ax.scatter(rank, table[f"{name} r"], s=7, color=colour, linewidths=0, label=name)
    ax.plot(rank, table["sum"] / len(spaces), color=style.BLACK, label="mean of these")
    look = {"color": style.PAPER, "mfc": "white", "ms": 5, "label": "the paper: six languages"}
    printed = printed.set_axis(printed.index.astype(int) + 1).loc[: len(table)]
    ax.plot(printed.index, printed, "o", **look)
    for name, dash in (("shuffled pairing", "-"), ("untrained", (0, (2, 2)))):
        ax.plot(rank, table[name], ls=dash, color=COLOURS[name], label=f"mean, {name}")
    ax.set(xlabel="axis of the skip-gram space, the best matched first", ylabel="correlation")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure
