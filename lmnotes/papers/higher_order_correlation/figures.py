"""Figures of notebook 04: spikes, higher-order correlations, and the tree of related axes."""

import itertools
from collections.abc import Mapping, Sequence

import networkx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

CLUSTERS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#8C8C8C",
    "#7B5EA7",
    "#A6761D",
    "#444444",
    "#1B7837",
    "#B2182B",
)


def matrices(
    panels: Mapping[str, np.ndarray],
    *,
    limits: Mapping[str, tuple[float, float]],
    colour_labels: Mapping[str, str],
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """Square matrices of axes side by side, each with its colour bar (Figure 3).

    lines: panel -> a level to mark in its colour bar, such as the spherical background.
    """
    figure, axes = style.grid(len(panels), 2, height=3.5)
    for ax, (name, matrix) in zip(axes, panels.items(), strict=True):
        low, high = limits[name]
        image = ax.imshow(matrix, cmap="Blues", vmin=low, vmax=high, interpolation="nearest")
        ax.set(title=name, xlabel="axis, by skewness")
        bar = style.colour_bar(image, ax, colour_labels[name], pad=0.02, shrink=0.85)
        if lines and name in lines:
            bar.ax.axhline(lines[name], color=style.RED, lw=1.2)
    return figure


def spikes(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    *,
    blue: Mapping[int, str],
    red: Mapping[int, str],
    title: str,
    axes_names: tuple[str, str],
) -> None:
    """Words on two axes: top words of each blue, those large on both red (Figures 2 and 4)."""
    ax.scatter(x, y, s=2, color=style.GREY, alpha=0.3, lw=0, rasterized=True)
    ax.axhline(0, color=style.BLACK, lw=0.4)
    ax.axvline(0, color=style.BLACK, lw=0.4)
    both = [*blue, *red]
    low = min(-0.4, x[both].min() - 0.05, y[both].min() - 0.05)
    high = max(0.85, x[both].max() + 0.1, y[both].max() + 0.1)
    ax.set(
        xlim=(low, high),
        ylim=(low, high),
        title=title,
        xlabel=axes_names[0],
        ylabel=axes_names[1],
        aspect="equal",
    )
    for words, colour in ((red, style.RED), (blue, style.BLUE)):
        rows = list(words)
        ax.scatter(x[rows], y[rows], s=8, color=colour, lw=0)
    labels = {word: row for words in (red, blue) for row, word in words.items()}
    style.name_words(ax, x, y, labels)
    for text in ax.texts:
        text.set_color(style.BLUE if labels[text.get_text()] in blue else style.RED)


def tree(
    graph: networkx.Graph,
    names: Sequence[str],
    clusters: Mapping[int, int],
    places: Mapping[int, np.ndarray],
    *,
    only: Sequence[int] | None = None,
    highlight: Sequence[int] = (),
    errors: np.ndarray | None = None,
    size: tuple[float, float] = (style.PAGE, 8.6),
    font: float = 6.0,
    title: str = "",
) -> Figure:
    """The tree with a label at every node, coloured by cluster; darker edges are stronger.

    Args:
        names: (K,) the label of each axis.
        places: of the nodes, in inches, as `spread` gives them.
        errors: (K, K) standard errors; each edge then has its weight and error written beside it.
        only: nodes to draw, None for all.
        highlight: nodes along a path, whose edges are drawn thick.
    """
    import matplotlib as mpl

    nodes = [node for node in graph if only is None or node in set(only)]
    subtree = graph.subgraph(nodes)
    weights = [weight for _, _, weight in subtree.edges(data="weight")] or [1.0]
    norm = mpl.colors.Normalize(min(weights) - 0.3 * np.ptp(weights) - 1e-9, max(weights))
    figure, (ax,) = style.panels(width=size[0], height=size[1])
    way = {frozenset(edge) for edge in itertools.pairwise(highlight)}
    lift = np.array([0, (3.5 + font / 2) / 72])  # of a node's label above it, inches
    boxes = [(places[n] + lift, _box(f"{n} {names[n]}", font)) for n in nodes]
    for i, j, weight in subtree.edges(data="weight"):
        on_way = frozenset((i, j)) in way
        ax.plot(
            *np.stack([places[i], places[j]]).T,
            zorder=1,
            lw=3 if on_way else 1.4,
            color=style.RED if on_way else mpl.colormaps["Blues"](norm(weight)),
        )
        if errors is not None:
            text = f"{weight:.2f} ± {errors[i, j]:.2f}"
            spot = _free_spot(places[i], places[j], _box(text, 0.72 * font), boxes)
            boxes.append((spot, _box(text, 0.72 * font)))
            ax.annotate(
                text,
                spot,
                fontsize=0.72 * font,
                color=style.BLACK,
                ha="center",
                va="center",
                zorder=1.5,
                bbox={"fc": "white", "ec": "none", "alpha": 0.6, "pad": 0.2},
            )
    for node in nodes:
        colour = CLUSTERS[clusters[node] % len(CLUSTERS)]
        ax.scatter(*places[node], s=12, color=colour, zorder=2)
        ax.annotate(
            f"{node} {names[node]}",
            places[node],
            fontsize=font,
            xytext=(0, 3.5),
            zorder=3,
            textcoords="offset points",
            ha="center",
            color=colour,
            bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.3},
        )
    ax.set_title(title)
    ax.axis("off")
    ax.margins(0.08, 0.03)
    scale = mpl.cm.ScalarMappable(norm=norm, cmap="Blues")
    place = {"orientation": "horizontal", "shrink": 0.4, "aspect": 40}
    style.colour_bar(scale, ax, r"$\mathrm{E}(S_i^2S_j^2)$", **place)
    return figure


def _box(text: str, font: float) -> np.ndarray:
    """Width and height (2,) of a line of text in inches, about."""
    return np.array([0.58 * len(text), 1.3]) * font / 72


def _free_spot(
    start: np.ndarray, end: np.ndarray, size: np.ndarray, boxes: Sequence[tuple]
) -> np.ndarray:
    """The place on the way from start to end where a label covers the fewest other labels."""
    low, high = sorted((start, end), key=lambda place: place[1])
    shares = np.array([0.62, 0.5, 0.7, 0.4, 0.3, 0.8])[:, None]
    spots = low + shares * (high - low)
    centres, sizes = (np.array(rows) for rows in zip(*boxes, strict=True))
    free = (np.abs(spots[:, None] - centres) >= (size + sizes) / 2).any(axis=2)
    return spots[np.argmin((~free).sum(axis=1))]


def spread(
    places: Mapping[int, np.ndarray],
    names: Sequence[str],
    *,
    size: tuple[float, float] = (style.PAGE, 8.6),
    font: float = 6.0,
    n_steps: int = 500,
) -> dict[int, np.ndarray]:
    """The places stretched over a drawing of this size, moved apart where labels would overlap.

    Args:
        places: of some axes. names: (K,) the label of each axis.
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
    letters = np.array([len(f"{node} {names[node]}") for node in nodes])
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
