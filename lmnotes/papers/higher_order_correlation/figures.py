"""Figures of notebook 04: spikes, higher-order correlations, and the tree of related axes."""

import itertools
from collections.abc import Collection, Mapping, Sequence

import networkx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from lmnotes.figures import style
from lmnotes.figures.bases import BASES, curves
from lmnotes.notebook import card
from lmnotes.papers.higher_order_correlation.axes import Axes as NamedAxes

CLUSTERS = (*style.COLOURS, style.GREY)  # of the tree
HALO = {"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.3}
SECOND, C = r"$\mathrm{E}(S_iS_j)$", r"$\mathrm{E}(S_i^2S_j^2)$"


def heat(blocks: Mapping[str, pd.DataFrame]) -> Figure:
    """Words by axes, a panel per basis, too many words to name (Figure 1, top)."""
    figure, panels = style.panels(len(blocks), height=4.2)
    for ax, (basis, block) in zip(panels, blocks.items(), strict=True):
        look = {"aspect": "auto", "cmap": "Blues", "vmin": -0.01, "vmax": 0.7}
        rows, columns = block.shape
        place = (0.5, columns + 0.5, rows, 0)
        image = ax.imshow(block, extent=place, interpolation="nearest", **look)
        ax.set(title=basis, xlabel="axis", yticks=[])
    panels[0].set_ylabel(f"4 top words of each of {columns} axes")
    style.colour_bar(image, panels, "normalised value", aspect=40)
    return figure


def matrices(
    second: np.ndarray, c: Mapping[str, np.ndarray], pairs: pd.DataFrame, level: float
) -> Figure:
    """Second order, higher orders side by side, and the densities of their pairs (Figure 3).

    Args:
        second: (K, K) correlations of ICA's axes. c: name -> (K, K), PCA's not drawn.
        pairs: the entries of c above the diagonal, a column of each.
        level: the spherical level, marked in red.
    """
    high = pairs["ICA"].quantile(0.998)
    figure, axes = style.grid(8, 4, height=2.1)
    first, *places = axes[:4]
    end = len(second) + 0.5
    look = {"cmap": "Blues", "interpolation": "nearest", "extent": (0.5, end, end, 0.5)}
    bar = {"orientation": "horizontal", "pad": 0.03, "aspect": 20}
    style.colour_bar(first.imshow(second, vmin=0, vmax=1, **look), first, SECOND, **bar)
    first.set(title="ICA, second order")
    shown = [name for name in c if name != "PCA"]
    for ax, name in zip(places, shown, strict=True):
        image = ax.imshow(c[name], vmin=0.8, vmax=high, **look)
        ax.set(title=name)
    drawn = style.colour_bar(image, places, C, **bar | {"aspect": 60})
    drawn.ax.axvline(level, color=style.RED, lw=1.2)
    below = figure.add_subplot(axes[4].get_gridspec()[1, :])
    for ax in axes[4:]:
        ax.remove()
    _densities(below, pairs, level)
    return figure


def _densities(ax: Axes, pairs: pd.DataFrame, level: float) -> None:
    """How the pairs of axes of each basis are spread, on a scale that shows a few in thousands."""
    edges = np.geomspace(pairs.min(axis=None), pairs.max(axis=None), 90)
    for name, values in pairs.items():
        shares = np.histogram(values, edges)[0] / len(values)
        colour = BASES.get(name, style.NOISE)
        ax.stairs(shares, edges, color=colour, lw=1.2, label=name)
    ax.axvline(level, color=style.RED, lw=1)
    ax.set_title(f"red: spherical level {level:.2f}", color=style.RED, x=0, ha="left")
    ax.set(xscale="log", yscale="log", xlabel=f"{C}, pairs of axes", ylabel="share of pairs")
    ax.xaxis.set_major_locator(FixedLocator([0.8, 1, 1.2, 1.5, 2, 3, 4, 6]))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(loc="upper right")


def pair(ax: Axes, axes: NamedAxes, basis: str, i: int, j: int, *, red: Sequence[int]) -> None:
    """Words in rows of length 1 on two axes of a basis: four top words of each in blue, and the
    rows `red`, large on both (Figures 2 and 4)."""
    unit, blue = axes.spaces[basis].normalised, axes.top[basis][[i, j], :4].ravel()
    x, y = unit[:, i], unit[:, j]
    ax.scatter(x, y, s=2, color=style.GREY, alpha=0.3, lw=0, rasterized=True)
    ax.axhline(0, color=style.BLACK, lw=0.4)
    ax.axvline(0, color=style.BLACK, lw=0.4)
    low, high = (end(end(x), end(y)) for end in (min, max))  # the same whoever is red
    limits, ticks = (min(low - 0.03, -0.4), max(high + 0.05, 0.85)), [-0.4, 0, 0.4, 0.8]
    ax.set(xlim=limits, ylim=limits, xticks=ticks, yticks=ticks, aspect="equal")
    ax.set(xlabel=axes.label(i, basis=basis), ylabel=axes.label(j, basis=basis))
    ax.set_title(f"{basis}, {C} = {axes.c[basis][i, j]:.2f}")
    for rows, colour in ((red, style.RED), (blue, style.BLUE)):
        ax.scatter(x[rows], y[rows], s=8, color=colour, lw=0, zorder=4)
    labels = {axes.ica.words[row]: row for row in (*red, *blue)}
    style.place_words(ax, x, y, labels)
    for text in ax.texts:
        text.set_color(style.BLUE if labels[text.get_text()] in blue else style.RED)


def pairs(
    axes: NamedAxes, shown: Sequence[tuple[str, int, int]], n_red: int = 6
) -> tuple[Figure, pd.DataFrame]:
    """Pairs of axes (basis, i, j) side by side, and what was drawn: basis, axes, word, x, y."""
    figure, panels = style.panels(len(shown), height=2.9)
    tables = []
    for ax, (basis, i, j) in zip(panels, shown, strict=True):
        values, unit = axes.spaces[basis].values, axes.spaces[basis].normalised
        red = np.argsort(-(values[:, i] ** 2) * values[:, j] ** 2)[:n_red]
        pair(ax, axes, basis, i, j, red=red)
        drawn = {"basis": basis, "first axis": i + 1, "second axis": j + 1, "word": axes.ica.words}
        tables.append(pd.DataFrame(drawn | {"x": unit[:, i], "y": unit[:, j]}))
    return figure, pd.concat(tables)


def tree(
    graph: networkx.Graph,
    labels: Sequence[str],
    clusters: Mapping[int, int],
    places: Mapping[int, np.ndarray],
    *,
    firm: Collection[frozenset] | None = None,
    highlight: Sequence[int] = (),
    errors: np.ndarray | None = None,
    size: tuple[float, float] = (style.PAGE, 8.6),
    font: float = 6.0,
    title: str = "",
) -> Figure:
    """The tree with a label at every node that has a place, coloured by cluster.

    Args:
        labels: (K,) of the axes. places: in inches, as `spread` gives them.
        firm: the edges that come back in other runs, drawn thick, their axes in bold; the others
            are thin and grey. None takes them all for firm.
        highlight: axes along a path, whose edges are drawn in red.
        errors: (K, K) standard errors; each firm edge has its weight and error beside it.
    """
    figure, (ax,) = style.panels(width=size[0], height=size[1])
    drawn = graph.subgraph(places)
    firm = {frozenset(edge) for edge in drawn.edges} if firm is None else firm
    bold = {node for edge in firm for node in edge}
    way = {frozenset(edge) for edge in itertools.pairwise(highlight)}
    lift = np.array([0, (3.5 + font / 2) / 72])  # of a node's label above it, inches
    boxes = [(places[n] + lift, _box(labels[n], font)) for n in drawn]
    for i, j, weight in drawn.edges(data="weight"):
        edge = frozenset((i, j))
        look = {"lw": 2, "color": style.BLACK} if edge in firm else {"lw": 0.8, "color": style.GREY}
        look |= {"lw": 3, "color": style.RED} if edge in way else {}
        ax.plot(*np.stack([places[i], places[j]]).T, zorder=1, **look)
        if errors is not None and edge in firm:
            text = f"{weight:.2f} ± {errors[i, j]:.2f}"
            spot = _free_spot(places[i], places[j], _box(text, font), boxes)
            boxes.append((spot, _box(text, font)))
            look = {"fontsize": font, "color": style.BLACK, "ha": "center", "va": "center"}
            ax.annotate(text, spot, zorder=1.5, bbox=HALO, **look)
    for node in drawn:
        colour = CLUSTERS[clusters[node] % len(CLUSTERS)]
        ax.scatter(*places[node], s=12, color=colour, zorder=2)
        look = {"fontsize": font, "color": colour, "ha": "center", "zorder": 3, "bbox": HALO}
        look["weight"] = "bold" if node in bold else "normal"
        ax.annotate(labels[node], places[node], (0, 3.5), textcoords="offset points", **look)
    ax.set_title(title)
    ax.axis("off")
    ax.margins(0.08, 0.03)
    return figure


def edges(table: pd.DataFrame, level: float, chance: float) -> Figure:
    """Every edge of a tree with its error, and how often edges come back, by strength.

    Args:
        table: of `tree.edges`, with level, that of each edge's rows. level: the spherical one.
        chance: the share that comes back where nodes are relabelled.
    """
    figure, (ax, right) = style.panels(2, height=2.4)
    rank, dots = np.arange(1, len(table) + 1), {"fmt": "o", "ms": 2.5, "lw": 0.6}
    for back, colour, name in (
        (True, style.BLUE, "returns in every run"),
        (False, style.GREY, "does not"),
    ):
        rows = table.returns.eq(1) == back
        reach = 2 * table["standard error"][rows]
        ax.errorbar(rank[rows], table.weight[rows], reach, color=colour, label=name, **dots)
    ax.plot(rank, table.level, color=style.GREY, lw=0.8, ls="--", label="level of its rows")
    ax.axhline(level, color=style.RED, lw=0.8, label="spherical level")
    ax.set(xlabel="edge, strongest first", ylabel=f"{C}, ± 2 s.e.")
    ax.legend()
    quarter = pd.qcut(table.weight.rank(method="first"), 4, labels=False)
    right.bar(range(4), table.groupby(quarter).returns.mean().to_numpy(), color=style.BLUE)
    right.axhline(chance, color=style.RED, ls="--", lw=0.8, label="relabelled axes")
    names = ["weakest", "", "", "strongest"]
    right.set(xticks=range(4), xticklabels=names, ylim=(0, 1), xlabel="quarter of the edges")
    right.set_ylabel("share that comes back")
    right.legend()
    return figure


def judged(table: pd.DataFrame) -> Figure:
    """How often the k-th strongest partner is preferred, a panel per judge (Table 2).

    The last judge, who knows few of the words, is shown by its share among what it decided.
    """
    judges = list(table.groupby("judge", sort=False))
    width = style.PAGE * (0.55 if len(judges) == 1 else 1)
    figure, panels = style.panels(len(judges), height=2.6, width=width)
    for ax, (name, rows) in zip(panels, judges, strict=True):
        first = ax is panels[0]
        column, null = ("top", "null") if first else ("decided", "decided null")
        bands = ("low", "high") if first else ("decided low", "decided high")
        shares = rows.groupby("basis", sort=False).undecided.mean()
        undecided = ", ".join(f"{basis} {share:.0%}" for basis, share in shares.items())
        what = "all" if first else "decided"
        labels = {"xlabel": "$k$-th strongest partner", "ylabel": f"preferred, of {what} questions"}
        labels["title"] = f"judge: {name}\nundecided: {undecided}"
        curves(ax, rows, "rank", column, bands=bands, legend=first, **labels)
        ax.set(ylim=(0.2, 1), xticks=range(1, 6))
        mine = rows[rows.basis == "ICA"]
        ax.plot(mine["rank"], mine[null], ":", color=style.RED, lw=1, label="relabelled, ICA")
        paper = card.table("04", "table2")
        published = paper.top if first else paper.top / (paper.top + paper.bottom)
        ax.plot(paper["rank"], published, "x", color=style.PAPER, ms=4, label="paper, ICA")
    panels[0].legend(ncols=2)
    return figure


def reduction(table: pd.DataFrame, leads: pd.DataFrame, said: str) -> Figure:
    """Agreement with people after merging axes, and by how much ICA is ahead (Table 5).

    table, leads: of `merging.table5`. said: where it is, in words.
    """
    figure, (ax, right) = style.panels(2, height=2.6)
    labels = {"xscale": "log", "xlabel": "coordinates $d$", "ylabel": "Spearman, mean of the sets"}
    curves(ax, table, "n_clusters", "spearman", bands=("low", "high"), **labels)
    ax.set_xticks(sizes := table.n_clusters.unique(), sizes)
    ax.xaxis.set_minor_locator(NullLocator())
    rivals = list(leads.groupby("rival", sort=False))
    for shift, (rival, rows) in zip((-0.1, 0.1), rivals, strict=True):
        places, reach = np.arange(len(rows)) + shift, rows[["lead_low", "lead_high"]].T
        look = {"color": BASES[rival], "lw": 1.2}
        right.vlines(places, *reach.to_numpy(), **look)
        right.plot(places, rows["lead"], "o", ms=3, label=rival, color=look["color"])
    right.axhline(0, color=style.BLACK, lw=0.6)
    right.set(xlabel="coordinates $d$", ylabel="Spearman, ICA less rival", title=said)
    right.set_xticks(range(len(rows)), rows.n_clusters)
    right.margins(y=0.25)
    right.legend(loc="upper left", ncols=2)
    return figure


def _box(text: str, font: float) -> np.ndarray:
    """Width and height (2,) of a line of text in inches, about."""
    return np.array([0.64 * len(text), 1.3]) * font / 72


def _free_spot(
    start: np.ndarray, end: np.ndarray, size: np.ndarray, boxes: Sequence[tuple]
) -> np.ndarray:
    """The place beside the way from start to end where a label covers others least."""
    low, high = sorted((start, end), key=lambda place: place[1])
    shares = np.array([0.5, 0.58, 0.42, 0.66, 0.34, 0.74, 0.26, 0.82])[:, None]
    aside = np.outer([1, -1, 0], [size[0] / 2 + 0.06, 0.0])
    spots = (low + shares * (high - low) + aside[:, None]).reshape(-1, 2)
    centres, sizes = (np.array(rows) for rows in zip(*boxes, strict=True))
    depth = (size + sizes) / 2 + 0.03 - np.abs(spots[:, None] - centres)  # of overlaps, inches
    return spots[np.argmin(np.maximum(depth.min(axis=2), 0).sum(axis=1))]


def spread(
    places: Mapping[int, np.ndarray],
    labels: Sequence[str],
    *,
    size: tuple[float, float] = (style.PAGE, 8.6),
    font: float = 6.0,
    n_steps: int = 500,
) -> dict[int, np.ndarray]:
    """The places stretched over a drawing of this size, moved apart where labels would overlap.

    Args:
        places: of some axes. labels: (K,) of all axes.
        size: of the drawing, inches. font: size of the labels, points.

    Returns:
        places in inches from the middle of the drawing.
    """
    nodes = sorted(places)
    spots = np.array([places[node] for node in nodes], dtype=np.float64)
    by_rank = spots.argsort(axis=0).argsort(axis=0) / max(len(spots) - 1, 1)
    evened = (spots - spots.min(axis=0)) / np.maximum(np.ptp(spots, axis=0), 1e-9) + by_rank
    half = np.array([0.42 * size[0], 0.46 * size[1]])
    spots = (evened / np.maximum(evened.max(axis=0), 1e-9) * 2 - 1) * half  # inches
    letters = np.array([len(labels[node]) for node in nodes])
    wide = (letters[:, None] + letters) / 2 * 0.62 * font / 72  # (n, n), inches
    box = np.stack([wide, np.full_like(wide, 3.2 * font / 72)], axis=2)
    by_order = np.sign(np.subtract.outer(np.arange(len(spots)), np.arange(len(spots))))
    for _ in range(n_steps):
        gap = spots[:, None] - spots[None]  # (n, n, 2)
        overlap = box - np.abs(gap)
        np.einsum("iid->id", overlap)[:] = 0
        hit = (overlap > 0).all(axis=2)
        if not hit.any():
            break
        # the cheaper way out is up or down; equal places part by their order
        sign = np.where(gap[..., 1] == 0, by_order, np.sign(gap[..., 1]))
        spots[:, 1] += np.where(hit, sign * overlap[..., 1] * 0.2, 0).sum(axis=1)
        spots[:, 1] *= min(1, half[1] / np.abs(spots[:, 1]).max())
    return dict(zip(nodes, spots, strict=True))
