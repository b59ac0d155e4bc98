"""Figures of notebook 08: the scale of KL, rounded weights, lineages, and layers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from lmnotes import models
from lmnotes.figures import maps, style
from lmnotes.papers.trajectories import figures_paths, kl_ruler
from lmnotes.papers.trajectories.long_tail import Tuned
from lmnotes.papers.trajectories.rounded_models import RoundedModels
from lmnotes.papers.trajectories.scored_runs import joined

TOP = 50  # bits/byte; what is larger is drawn there
GROUPS = {
    "training": ("Later", "Early", "Seed", "Size"),
    "weights rounded": ("8-bit", "4-bit"),
    "relatives": ("FT", "Intra-type", "Random"),
    "layers": ("Layer",),
}
_EDGE = {"edgecolors": "white", "linewidths": 0.4, "zorder": 5}


def ruler(values: Mapping[str, np.ndarray], table: pd.DataFrame) -> Figure:
    """All settings, one below the other, each with the published median in a row below (Fig. 3).

    Args:
        values: (P,) KL of each setting, bits/byte. table: of `kl_ruler.medians`.

    Violins have Scott's bandwidth and 200 points; of fewer than ten values only dots are drawn.
    """
    figure, (ax,) = style.panels(width=style.PAGE, height=4.6)
    names = [name for group in GROUPS.values() for name in group]
    _ruler_scale(ax, "x")
    ax.grid(axis="x", lw=0.3, color=style.GREY, alpha=0.4)
    ax.set_axisbelow(True)
    for y, name in enumerate(names):
        given = np.asarray(values.get(name, ()), np.float64)
        _pairs(ax, y, np.minimum(given[np.isfinite(given)], TOP))
    rows = table[table["setting"].isin(names)]
    y = np.array([names.index(name) for name in rows["setting"]])
    middle, low, high = np.minimum(rows[["median", "low", "high"]].to_numpy(float).T, TOP)
    look = {"color": style.OWN, "zorder": 4}
    label = "our median, 95 % interval over models"
    ax.vlines(middle, y - 0.25, y + 0.25, lw=2, label=label, **look)
    ax.hlines(y, low, high, lw=1, **look)
    look = {"color": style.PAPER, "ms": 5, "zorder": 5, "label": "the paper's median"}
    ax.plot(rows["published"], y + 0.4, "D", **look)
    ax.set_yticks(range(len(names)), [f"{n} ({len(values.get(n, ()))})" for n in names])
    ax.set_ylim(len(names) - 0.3, -0.6)
    ax.tick_params(axis="y", length=0)
    _group_names(ax)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _ruler_scale(ax: Axes, axis: str) -> None:
    """The paper's scale on an axis: linear below 0.1 bits/byte, logarithmic above, up to 50."""
    ax.set(**{f"{axis}label": "map distance per byte (where small: KL, bits/byte)"})
    getattr(ax, f"set_{axis}scale")("symlog", linthresh=0.1, linscale=0.9)
    ticks = (0, 0.05, 0.1, 0.5, 1, 5, 10, 50)
    getattr(ax, f"set_{axis}ticks")(ticks, [f"{tick:g}" for tick in ticks])
    ax.set(**{f"{axis}lim": (0, 1.15 * TOP)})
    ax.minorticks_off()


def _pairs(ax: Axes, y: int, given: np.ndarray) -> None:
    """The pairs of one setting: dots, and a violin where there are ten or more."""
    if len(given) > 9 and np.ptp(given) > 0:
        look = {
            "showextrema": False,
            "bw_method": "scott",
            "points": 200,
            "orientation": "horizontal",
        }
        for body in ax.violinplot([given], [y], widths=0.6, **look)["bodies"]:
            body.set(facecolor=style.BLUE, edgecolor="none", alpha=0.3)
    spread = np.linspace(-0.14, 0.14, len(given)) if len(given) > 1 else np.zeros(len(given))
    order = np.random.default_rng(0).permutation(len(given))
    look = {"color": style.BLUE, "linewidths": 0, "zorder": 3}
    look |= {"s": 16, "alpha": 0.8} if len(given) < 10 else {"s": 4, "alpha": 0.5}
    ax.scatter(given, y + spread[order], **look)


def _group_names(ax: Axes) -> None:
    """The names of the groups at the right edge, with lines between them."""
    end = -0.4
    for name, members in GROUPS.items():
        look = {"transform": ax.get_yaxis_transform(), "fontsize": 7, "style": "italic"}
        ax.text(1.0, end + 0.15, name, ha="right", va="top", **look)
        end += len(members)
        if members != ("Layer",):
            ax.axhline(end + 0.1, color=style.GREY, lw=0.5, ls=":")


def bits(table: pd.DataFrame, published: Mapping[int, float]) -> Figure:
    """KL to full precision against the width of the weights, a panel per way to scale.

    Args:
        table: columns model, per, bits, kl (bits/byte). published: bits -> median.
    """
    names = table["model"].unique()
    palette = dict(zip(names, style.COLOURS * len(names), strict=False))
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
    axes[0].set_ylabel("map distance to full precision,\nper byte")
    figures_paths.plain_log(axes[0].yaxis, table["kl"].min() / 2, table["kl"].max() * 2)
    handles, names = axes[0].get_legend_handles_labels()
    axes[0].legend().remove()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def matrix(values: np.ndarray, names: Sequence[str]) -> Figure:
    """KL of every two runs, in colours with its numbers; the diagonal stays empty."""
    shown = np.array(values, np.float64)
    np.fill_diagonal(shown, np.nan)
    norm = LogNorm(np.nanmin(shown), max(np.nanmax(shown), np.nanmin(shown) * 1.01))
    side = 1.6 + 0.42 * len(names)
    figure, (ax,) = style.panels(width=side + 1.2, height=side)
    look = {"cmap": "viridis", "norm": norm, "square": True}
    look |= {"annot": True, "fmt": ".2g", "annot_kws": {"fontsize": 6}}
    look |= {"cbar_kws": {"label": "KL, bits/byte", "shrink": 0.8}}
    sns.heatmap(shown, xticklabels=names, yticklabels=names, ax=ax, **look)
    ax.tick_params(length=0, labelsize=6)
    ax.tick_params(axis="y", rotation=0)
    ax.set_xticks(ax.get_xticks(), names, rotation=45, ha="right")
    figures_paths.plain_log(figure.axes[1].yaxis, norm.vmin, norm.vmax)
    return figure


def shift_cosines(table: pd.DataFrame) -> Figure:
    """Cosines of the shifts of every two models against the width of their weights.

    Args:
        table: columns bits, cosine, "one family" (bool). Shaded is the paper's range.
    """
    figure, (ax,) = style.panels(width=4.6, height=2.6)
    ax.axhspan(0.91, 0.98, color=style.PAPER, alpha=0.25, lw=0)
    ax.axhline(0, color=style.GREY, lw=0.6)
    widths = sorted(table["bits"].unique(), reverse=True)
    kinds = {True: (style.BLUE, "one family", -0.1), False: (style.GREY, "two families", 0.1)}
    for is_kin, (colour, label, beside) in kinds.items():
        rows = table[table["one family"] == is_kin]
        x = rows["bits"].map(widths.index) + beside
        dots = {"color": colour, "s": 16, "alpha": 0.6, "linewidths": 0, "label": label}
        ax.scatter(x, rows["cosine"], **dots)
    ax.text(
        0.01,
        0.945,
        "the paper, one family",
        va="center",
        color=style.PAPER,
        fontsize=6.5,
        transform=ax.get_yaxis_transform(),
    )
    ax.set(xlabel="bits of a weight", ylabel="cosine of two shifts", ylim=(-0.3, 1.05))
    ax.set_xticks(range(len(widths)), widths)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def lineages(ax: Axes, tuned: Tuned) -> None:
    """Fine-tunes on a map: an arrow from parent to child, a marker per generation."""
    places = models.maps.pca(models.maps.double_centre(tuned.values)) / np.sqrt(len(tuned.n_bytes))
    look = {"arrowstyle": "-|>", "color": style.GREY, "lw": 0.8, "shrinkA": 2, "shrinkB": 3}
    for child, parent in tuned.edges:
        ax.annotate("", places[child], places[parent], arrowprops=look, zorder=2)
    for generation, (marker, colour) in enumerate(zip("osD^v", style.COLOURS, strict=False)):
        rows = np.flatnonzero(tuned.generations == generation)
        if len(rows):
            name = "base" if generation == 0 else f"generation {generation}"
            ax.scatter(*places[rows].T, marker=marker, color=colour, s=26, label=name, **_EDGE)
    ax.margins(x=0.3, y=0.12)
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    names = {name: row for row, name in enumerate(tuned.names) if tuned.generations[row] < 2}
    style.name_words(ax, *places.T, names)
    ax.legend(loc="best")


def fine_tunes(tuned: Tuned) -> Figure:
    """KL to the parent against the steps of fine-tuning, and all of them on a map."""
    figure, (left, right) = style.panels(2, height=3.0, width_ratios=(1, 1.3))
    growth(left, tuned.curves(), tuned.steps)
    lineages(right, tuned)
    return figure


def shifts(ax: Axes, originals: np.ndarray, changed: np.ndarray, table: pd.DataFrame) -> None:
    """Models and their rounded copies on a map (Fig. 2a): circle, square, a thin line between.

    Args:
        originals, changed: (M, 2). table: M rows with model and family.
    """
    colours = maps.population(table[["family"]]).colours
    for colour, *ends in zip(colours, originals, changed, strict=True):
        ax.plot(*np.stack(ends).T, color=colour, lw=0.7)
        for place, marker in zip(ends, "os", strict=True):
            ax.scatter(*place, color=colour, s=22, marker=marker, **_EDGE)
    _room_for_names(ax)
    right = np.where((changed[:, 0] > originals[:, 0])[:, None], changed, originals)
    style.name_words(ax, *right.T, {name: row for row, name in enumerate(table["model"])})


def _room_for_names(ax: Axes) -> None:
    """Space to the right of the points and above them, where their names stand."""
    ax.margins(y=0.12)
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.5 * (high - low))


def threads(ax: Axes, paths: Sequence[np.ndarray], table: pd.DataFrame) -> None:
    """Layers of each model as a thread on a map (Fig. 2c), darker with depth, a white square last.

    Args:
        paths: (L + 1, 2) of each model. table: their rows with model and family.
    """
    colours = maps.population(table[["family"]]).colours
    for places, colour in zip(paths, colours, strict=True):
        shades = figures_paths.fade(colour, len(places), 0.3)
        ax.plot(*places.T, color=colour, lw=0.7, zorder=1)
        ax.scatter(*places[:-1].T, color=shades[:-1], s=22, linewidths=0, zorder=2)
        look = {"facecolors": "white", "edgecolors": colour, "linewidths": 1.2, "zorder": 3}
        ax.scatter(*places[-1], marker="s", s=30, **look)
    _room_for_names(ax)
    first = np.stack([places[0] for places in paths])
    style.name_words(ax, *first.T, {name: row for row, name in enumerate(table["model"])})


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
    ax.set_ylabel("map distance to the parent,\nper byte")
    ax.set_xticks(steps, [f"{step:,}" for step in steps])
    figures_paths.plain_log(ax.yaxis, table.min(axis=None) / 2, table.max(axis=None) * 2)


def three_maps(
    rounded: RoundedModels,
    population: pd.DataFrame,
    places: pd.DataFrame,
    layers: Mapping[str, np.ndarray],
    taken_apart: pd.DataFrame,
) -> Figure:
    """Rounded copies, the population with its lineages, and layers (Fig. 2).

    Args:
        population, places: (M rows), of `maps.layout.build`. layers: model -> (L + 1, N) nats;
            taken_apart: rows with model and family.
    """
    figure, axes = style.panels(3, height=3.0)
    few = min((bits for bits in rounded.bits["column"] if bits >= 3), default=4)
    pairs = rounded.at(few)
    shifts(axes[0], *joined([pairs[:, 0], pairs[:, 1]]), rounded.models)
    xy = places[["t-SNE 1", "t-SNE 2"]].to_numpy()
    options = {"names": [], "lineage": True, "with_legend": False}
    look = maps.draw(axes[1], xy, population, size=10, **options)
    threads(axes[2], joined(list(layers.values())), taken_apart)
    titles = f"(a) rounded to {few} bits", "(b) lineages", "(c) layers"
    for ax, title in zip(axes, titles, strict=True):
        maps.bare(ax, title)
    maps.legend(axes[1], look)
    drawn = axes[1].get_legend()
    names = [text.get_text() for text in drawn.get_texts()]
    figure.legend(drawn.legend_handles, names, loc="outside lower center", ncols=6)
    drawn.remove()
    return figure
