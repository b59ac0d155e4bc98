"""Slider views of notebook 04: a shared volume, what carries a pair, and a tree to grow."""

from functools import lru_cache

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes import notebook
from lmnotes.figures import style
from lmnotes.notebook.views import Explorer
from lmnotes.papers.higher_order_correlation import correlations, figures, tree
from lmnotes.papers.higher_order_correlation.axes import Axes


def shared_volume() -> Explorer:
    """Two independent sources under a common volume: uncorrelated, and no longer independent."""

    def draw(source: str = "laplace", shared_volume: float = 0.6, break_it: bool = False) -> Figure:
        rng = np.random.default_rng(0)
        drawn = rng.laplace if source == "laplace" else lambda size: rng.uniform(-1, 1, size)
        loud = drawn(size=(4000, 2)) * rng.lognormal(0, shared_volume, size=(4000, 1))
        loud = (loud - loud.mean(axis=0)) / loud.std(axis=0)
        if break_it:
            loud[:, 1] = rng.permutation(loud[:, 1])
        figure, (ax,) = style.panels(width=3.2, height=3.0)
        ax.scatter(*loud.T, s=2, alpha=0.4, lw=0, color=style.BLUE, rasterized=True)
        first, second = loud.prod(axis=1).mean(), (loud**2).prod(axis=1).mean()
        ax.set(xlim=(-6, 6), ylim=(-6, 6), aspect="equal", xlabel="$S_1$", ylabel="$S_2$")
        ax.set_title(f"{figures.SECOND} = {first:.2f},  {figures.C} = {second:.2f}")
        return figure

    choices = {"source": ["laplace", "uniform"], "shared_volume": (0.0, 1.0, 0.1)}
    stills = [{"shared_volume": 0.0}, {}, {"break_it": True}]
    return notebook.explore(draw, stills, frames="shared_volume", **choices, break_it=False)


def carried_by(axes: Axes, strong: pd.DataFrame) -> Explorer:
    """A strong pair, and what is left of it as the words that carry it are left out.

    strong: the pairs of ICA's axes, of `correlations.pairs`.
    """
    values, steps = axes.ica.values, np.arange(0, 101)
    limits = (0, 1.05 * strong.c.max())

    def draw(rank: int = 1, n_removed: int = 0) -> Figure:
        row = strong.iloc[rank - 1]
        i, j = int(row.i), int(row.j)
        figure, (ax, curve) = style.panels(2, width=6.4, height=2.9)
        order = np.argsort(-(values[:, i] ** 2) * values[:, j] ** 2)[n_removed:]
        figures.pair(ax, axes, "ICA", i, j, red=order[:6])
        left = correlations.without(values, i, j, steps)
        curve.plot(steps, left, color=style.BLUE)
        curve.plot(n_removed, left[n_removed], "o", color=style.RED)
        curve.axhline(row.level, color=style.GREY, ls="--", lw=0.8)
        curve.text(100, row.level, "level of its rows", ha="right", va="bottom", fontsize=7)
        title = f"{row.c:.2f} ± {row['standard error']:.2f}; {left[n_removed]:.3f} left"
        curve.set(xlabel="words left out, largest product first", ylabel=figures.C, title=title)
        curve.set(ylim=limits)
        return figure

    stills = [{}, {"n_removed": 20}, {"rank": 4}]
    ranges = {"rank": (1, min(60, len(strong))), "n_removed": (0, 100)}
    return notebook.explore(draw, stills, frames="n_removed", **ranges)


def tree_builder(axes: Axes, consistency: np.ndarray, *, n_nodes: int, n_clusters: int) -> Explorer:
    """The tree of any number of axes, and the way through it between the axes of two words.

    consistency: (K,) by which axes are chosen, the largest first.
    """
    order = np.argsort(-np.nan_to_num(consistency, nan=-1))
    words, top, size = axes.ica.words, axes.top["ICA"], (style.PAGE, 6)
    axis_of = {words[row]: int(axis) for axis in order[::-1] for row in top[axis][::-1]}

    @lru_cache
    def grown(nodes_kept: int) -> tuple:
        graph = tree.grow(axes.c["ICA"], np.sort(order[:nodes_kept]))
        return graph, figures.spread(tree.layout(graph), axes.labels, size=size)

    def draw(
        nodes_kept: int = n_nodes,
        clusters: int = n_clusters,
        start: str = words[top[order[0]][0]],
        end: str = words[top[order[n_nodes - 1]][0]],
    ) -> Figure:
        graph, places = grown(nodes_kept)
        first, last = axis_of[start], axis_of[end]
        way = tree.path(graph, first, last) if first in graph and last in graph else []
        said = " – ".join(axes.labels[axis] for axis in way) or "not both are in this tree"
        title = said if len(said) < 110 else f"{len(way) - 1} steps: {said[:95]} …"
        of_node = tree.clusters(graph, min(clusters, nodes_kept))
        look = {"firm": set(), "highlight": way, "size": size, "title": title}
        return figures.tree(graph, axes.labels, of_node, places, **look)

    stills = [{}, {"nodes_kept": max(3, n_nodes // 2), "clusters": 3}]
    ends = {name: notebook.typed(list(axis_of)) for name in ("start", "end")}
    return notebook.explore(draw, stills, nodes_kept=(3, axes.ica.n_axes), clusters=(1, 12), **ends)
