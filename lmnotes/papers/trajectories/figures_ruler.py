"""Figures of notebook 08: the scale of KL, rounded weights, lineages, and layers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.papers.trajectories import figures_paths, kl_ruler

TOP = 50  # bits/byte; what is larger is drawn there
GROUPS = {
    "training": ("Later", "Early", "Seed", "Size"),
    "weights rounded": ("8-bit", "4-bit"),
    "relatives": ("FT", "Intra-type", "Random"),
    "layers": ("Layer",),
}
_EDGE = {"edgecolors": "white", "linewidths": 0.4, "zorder": 3}


def ruler(values: Mapping[str, np.ndarray], table: pd.DataFrame) -> Figure:
    """All settings as violins beside the published medians (Fig. 3).

    Args:
        values: (P,) KL of each setting, bits/byte. table: of `kl_ruler.medians`.

    Violins have Scott's bandwidth and 200 points; of fewer than three values only dots are drawn.
    """
    figure, (ax,) = style.panels(width=style.PAGE, height=3.4)
    names = [name for group in GROUPS.values() for name in group]
    _ruler_scale(ax, "y")
    ax.grid(axis="y", lw=0.3, color="#DDDDDD")
    ax.set_axisbelow(True)
    for x, name in enumerate(names):
        given = np.asarray(values.get(name, ()), np.float64)
        _violin(ax, x, np.minimum(given[np.isfinite(given)], TOP))
    rows = table[table["setting"].isin(names)]
    x = np.array([names.index(name) for name in rows["setting"]])
    middle, low, high = np.minimum(rows[["median", "low", "high"]].to_numpy(float).T, TOP)
    label = "our median, 95 % interval over pairs"
    ax.hlines(middle, x - 0.3, x + 0.3, color=style.BLACK, lw=1.6, zorder=4, label=label)
    ax.vlines(x, low, high, color=style.BLACK, lw=0.8, zorder=4)
    look = {"color": style.RED, "ms": 4.5, "zorder": 5, "label": "the paper's median"}
    ax.plot(x, rows["published"], "D", **look)
    _group_names(ax)
    ax.set_xticks(range(len(names)), [f"{n}\n({len(values.get(n, ()))})" for n in names])
    ax.set_xlim(-0.6, len(names) - 0.4)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _ruler_scale(ax: Axes, axis: str) -> None:
    """The paper's scale on an axis: linear below 0.1 bits/byte, logarithmic above, up to 50."""
    ax.set(**{f"{axis}label": "KL, bits/byte"})
    getattr(ax, f"set_{axis}scale")("symlog", linthresh=0.1, linscale=0.9)
    ticks = (0, 0.05, 0.1, 0.5, 1, 5, 10, 50)
    getattr(ax, f"set_{axis}ticks")(ticks, [f"{tick:g}" for tick in ticks])
    ax.set(**{f"{axis}lim": (0, 1.15 * TOP)})
    ax.minorticks_off()


def _violin(ax: Axes, x: int, given: np.ndarray) -> None:
    if len(given) > 2 and np.ptp(given) > 0:
        look = {"showextrema": False, "bw_method": "scott", "points": 200}
        colour = colormaps["rainbow"](min(np.median(given), 10) / 10)
        for body in ax.violinplot([given], [x], widths=0.75, **look)["bodies"]:
            body.set(facecolor=colour, edgecolor=style.GREY, alpha=0.55, linewidth=0.5)
    spread = np.linspace(-0.14, 0.14, len(given)) if len(given) > 1 else np.zeros(len(given))
    order = np.random.default_rng(0).permutation(len(given))
    look = {"color": style.BLACK, "alpha": 0.35, "linewidths": 0, "zorder": 3}
    ax.scatter(x + spread[order], given, s=3, **look)


def _group_names(ax: Axes) -> None:
    """The names of the groups above the panel, with lines between them."""
    end = -0.5
    for name, members in GROUPS.items():
        middle, end = end + len(members) / 2, end + len(members)
        ax.text(middle, 1.03, name, transform=ax.get_xaxis_transform(), ha="center", fontsize=7)
        if members != ("Layer",):
            ax.axvline(end, color=style.GREY, lw=0.5, ls=":")


def bits(table: pd.DataFrame, published: Mapping[int, float]) -> Figure:
    """KL to full precision against the width of the weights, a panel per way to scale.

    Args:
        table: columns model, per, bits, kl (bits/byte). published: bits -> median.
    """
    models = table["model"].unique()
    palette = dict(zip(models, style.COLOURS * len(models), strict=False))
    ways = table.groupby("per", sort=False)
    figure, axes = style.panels(
        len(ways), height=2.6, width=style.PAGE * 0.85, sharex=True, sharey=True
    )
    for ax, (per, rows) in zip(axes, ways, strict=True):
        names = {"x": "bits", "y": "kl", "hue": "model", "palette": palette}
        sns.lineplot(rows, **names, marker="o", ms=3.5, mew=0, lw=0.9, legend=ax is axes[0], ax=ax)
        label = "the paper's median"
        ax.plot(*zip(*published.items(), strict=True), "D", ms=5, color=style.BLACK, label=label)
        title = "FP4, a scale for 64 inputs" if per == "fp4" else f"a scale for each {per}"
        ax.set(yscale="log", xlabel="bits of a weight", title=title)
        ax.set(xticks=sorted(table["bits"].unique()))
    axes[0].set_ylabel("KL to full precision, bits/byte")
    figures_paths.plain_log(axes[0].yaxis, table["kl"].min() / 2, table["kl"].max() * 2)
    handles, names = axes[0].get_legend_handles_labels()
    axes[0].legend().remove()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def matrix(values: np.ndarray, names: Sequence[str], label: str, scale: str = "log") -> Figure:
    """A square table in colours with its numbers: KL of runs, or cosines of shifts.

    Args:
        scale: "log" leaves the diagonal empty; "cosine" runs from -1 to 1.
    """
    shown, norm = np.array(values, np.float64), Normalize(-1, 1)
    if scale == "log":
        np.fill_diagonal(shown, np.nan)
        norm = LogNorm(np.nanmin(shown), max(np.nanmax(shown), np.nanmin(shown) * 1.01))
    side = 1.6 + 0.42 * len(names)
    figure, (ax,) = style.panels(width=side + 1.2, height=side)
    look = {"cmap": "viridis" if scale == "log" else "RdBu_r", "norm": norm, "square": True}
    look |= {"annot": True, "fmt": ".2g", "annot_kws": {"fontsize": 6}}
    look |= {"cbar_kws": {"label": label, "shrink": 0.8}}
    sns.heatmap(shown, xticklabels=names, yticklabels=names, ax=ax, **look)
    ax.tick_params(length=0, labelsize=6)
    ax.tick_params(axis="y", rotation=0)
    ax.set_xticks(ax.get_xticks(), names, rotation=45, ha="right")
    if scale == "log":
        figures_paths.plain_log(figure.axes[1].yaxis, norm.vmin, norm.vmax)
    return figure


def lineages(
    ax: Axes,
    places: np.ndarray,
    edges: np.ndarray,
    generations: np.ndarray,
    labels: Sequence[str],
    others: np.ndarray | None = None,
) -> None:
    """Fine-tunes on a map (Fig. 2b): an arrow from parent to child, a marker per generation.

    Args:
        places: (M, 2). edges: (E, 2) rows child, parent. generations: (M,) 0 for ancestors.
        labels: (M,) written beside the points, "" for none. others: (K, 2) models around, grey.
    """
    if others is not None:
        ax.scatter(*others.T, s=7, color="#D5D5D5", linewidths=0, zorder=1)
    look = {"arrowstyle": "-|>", "color": style.GREY, "lw": 0.8, "shrinkA": 2, "shrinkB": 3}
    for child, parent in edges:
        ax.annotate("", places[child], places[parent], arrowprops=look, zorder=2)
    taking_part = np.unique(edges)
    for generation, (marker, colour) in enumerate(zip("osD^v", style.COLOURS, strict=False)):
        rows = taking_part[generations[taking_part] == generation]
        if len(rows):
            name = "base" if generation == 0 else f"generation {generation}"
            ax.scatter(*places[rows].T, marker=marker, color=colour, s=26, label=name, **_EDGE)
    ax.margins(0.12)
    style.name_words(ax, *places.T, {label: row for row, label in enumerate(labels) if label})


def shifts(
    ax: Axes, originals: np.ndarray, changed: np.ndarray, names: Sequence[str], label: str
) -> None:
    """Models and their rounded copies on a map (Fig. 2a): circle, square, a thin line between."""
    for number, (name, before, after) in enumerate(zip(names, originals, changed, strict=True)):
        colour = style.COLOURS[number % len(style.COLOURS)]
        ax.plot(*np.stack([before, after]).T, color=colour, lw=0.7)
        ax.scatter(*before, color=colour, s=26, label=name, **_EDGE)
        ax.scatter(*after, color=colour, s=20, marker="s", **_EDGE)
    ax.scatter([], [], color=style.GREY, marker="s", s=20, label=label)


def threads(ax: Axes, paths: Mapping[str, np.ndarray]) -> None:
    """Layers of each model as a thread on a map (Fig. 2c), darker with depth, a white square last.

    Args:
        paths: model -> (L + 1, 2).
    """
    for number, (name, places) in enumerate(paths.items()):
        colour = style.COLOURS[number % len(style.COLOURS)]
        shades = figures_paths.fade(colour, len(places), 0.3)
        ax.plot(*places.T, color=colour, lw=0.7, zorder=1)
        ax.scatter(*places[:-1].T, color=shades[:-1], s=22, linewidths=0, zorder=2)
        look = {"facecolors": "white", "edgecolors": colour, "linewidths": 1.2, "zorder": 3}
        ax.scatter(*places[-1], marker="s", s=30, **look)
        ax.plot([], [], "o-", color=colour, ms=4, lw=0.7, label=name)


def one_text(ax: Axes, table: np.ndarray, characters: Sequence[str]) -> None:
    """Log-probabilities of one text's bytes under every layer, (L + 1, T), as a heat map."""
    layers = ["embedding", *(f"block {i}" for i in range(1, len(table)))]
    bar = {"label": "log-probability, nats", "pad": 0.01, "aspect": 12}
    look = {"cmap": "magma", "vmin": -10, "vmax": 0, "cbar_kws": bar}
    sns.heatmap(table, xticklabels=characters, yticklabels=layers, ax=ax, **look)
    ax.tick_params(axis="x", length=0, labelsize=4.5, rotation=0)


def strip(marks: Mapping[str, float], title: str = "") -> Figure:
    """The ruler lying down: the published medians above it, some values of one's own below."""
    figure, (ax,) = style.panels(width=style.PAGE, height=1.7)
    _ruler_scale(ax, "x")
    ax.set(ylim=(-1, 1), yticks=[], title=title)
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=style.GREY, lw=0.8)
    published = kl_ruler.published()["median"].sort_values()
    for number, (name, value) in enumerate(published.items()):
        look = {"ha": "center", "va": "bottom", "fontsize": 6, "color": style.RED}
        ax.plot([value, value], [0, 0.18], color=style.RED, lw=1)
        ax.annotate(name, (value, 0.2 + 0.19 * (number % 4)), **look)
    for number, (name, value) in enumerate(marks.items()):
        look = {"ha": "center", "va": "top", "fontsize": 6.5, "color": style.BLUE}
        x = min(value, TOP)
        ax.plot([x, x], [0, -0.2], color=style.BLUE, lw=1.6)
        ax.annotate(f"{name}: {value:.3g}", (x, -0.24 - 0.24 * (number % 3)), **look)
    return figure


def growth(ax: Axes, values: Mapping[str, np.ndarray], steps: Sequence[int]) -> None:
    """KL to the parent against the steps of fine-tuning, a line per kind of text."""
    table = pd.DataFrame(values, index=steps)
    palette = style.COLOURS[: table.shape[1]]
    sns.lineplot(table, dashes=False, markers=["o"] * table.shape[1], palette=palette, ax=ax)
    ax.set(xscale="log", yscale="log", xlabel="steps of fine-tuning")
    ax.set_ylabel("KL to the parent, bits/byte")
    ax.set_xticks(steps, [f"{step:,}" for step in steps])
    figures_paths.plain_log(ax.yaxis, table.min(axis=None) / 2, table.max(axis=None) * 2)


def placed(axes: Sequence[Axes], titles: Sequence[str]) -> None:
    """Maps in a row: bare axes with titles, and a legend below each."""
    for ax, title in zip(axes, titles, strict=True):
        maps.bare(ax, title)
        look = {"ncols": 1, "fontsize": 6, "handletextpad": 0.5, "labelspacing": 0.25}
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), **look)
