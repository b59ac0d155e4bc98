"""Figures of notebook 08: the scale of KL, rounded weights, lineages, and layers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.papers.trajectories import figures_paths

TOP = 50  # bits/byte; what is larger is drawn there
_TICKS = (0, 0.05, 0.1, 0.5, 1, 5, 10, 50)
GROUPS = {
    "training": ("Later", "Early", "Seed", "Size"),
    "weights rounded": ("8-bit", "4-bit"),
    "relatives": ("FT", "Intra-type", "Random"),
    "layers": ("Layer",),
}


def ruler_axes(ax: Axes) -> None:
    """The paper's scale on a y axis: linear below 0.1 bits/byte, logarithmic above, up to 50."""
    ax.set_yscale("symlog", linthresh=0.1, linscale=0.9)
    ax.set_ylim(0, 1.15 * TOP)
    ax.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    ax.minorticks_off()
    ax.grid(axis="y", lw=0.3, color="#DDDDDD")
    ax.set_axisbelow(True)
    ax.set_ylabel("KL, bits/byte")


def ruler(
    values: Mapping[str, np.ndarray],
    table: pd.DataFrame,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """All settings as violins beside the published medians (Fig. 3).

    Args:
        values: (P,) KL of each setting, bits/byte. table: of `kl_ruler.medians`. marks: further
            values, drawn as lines with their names.

    Violins have Scott's bandwidth and 200 points; of fewer than three values only dots are drawn.
    """
    figure, (ax,) = style.panels(width=style.PAGE, height=3.4)
    names = [name for group in GROUPS.values() for name in group]
    rows = table.set_index("setting")
    ruler_axes(ax)
    for at, name in enumerate(names):
        given = np.minimum(np.asarray(values.get(name, ()), np.float64), TOP)
        given = given[np.isfinite(given)]
        _violin(ax, at, given)
        if name in rows.index:
            row = rows.loc[name]
            middle, low, high = (min(row[key], TOP) for key in ("median", "low", "high"))
            ax.hlines(middle, at - 0.3, at + 0.3, color=style.BLACK, lw=1.6, zorder=4)
            ax.vlines(at, low, high, color=style.BLACK, lw=0.8, zorder=4)
            ax.plot(at, row["published"], "D", color=style.RED, ms=4.5, zorder=5)
    _group_names(ax)
    ax.plot([], [], color=style.BLACK, lw=1.6, label="our median, 95 % interval over pairs")
    ax.plot([], [], "D", color=style.RED, ms=4.5, label="the paper's median")
    for (name, value), colour in zip((marks or {}).items(), style.COLOURS[2:], strict=False):
        ax.axhline(min(value, TOP), color=colour, lw=1.2, ls="--", label=f"{name}: {value:.3g}")
    ax.set_xticks(range(len(names)), [f"{n}\n({len(values.get(n, ()))})" for n in names])
    ax.set_xlim(-0.6, len(names) - 0.4)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _violin(ax: Axes, at: int, given: np.ndarray) -> None:
    from matplotlib import colormaps

    if not len(given):
        return
    colour = colormaps["rainbow"](min(np.median(given), 10) / 10)
    if len(given) > 2 and np.ptp(given) > 0:
        found = ax.violinplot(
            [given], [at], widths=0.75, showextrema=False, bw_method="scott", points=200
        )
        for body in found["bodies"]:
            body.set(facecolor=colour, edgecolor=style.GREY, alpha=0.55, linewidth=0.5)
    spread = np.linspace(-0.14, 0.14, len(given)) if len(given) > 1 else np.zeros(1)
    order = np.random.default_rng(0).permutation(len(given))
    ax.scatter(
        at + spread[order], given, s=3, color=style.BLACK, alpha=0.35, linewidths=0, zorder=3
    )


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
    ways = list(dict.fromkeys(table["per"]))
    figure, axes = style.panels(len(ways), height=2.6, width=style.PAGE * 0.85, sharey=True)
    for ax, per in zip(axes, ways, strict=True):
        part = table[table["per"] == per]
        for (name, one), colour in zip(
            part.groupby("model", sort=False), style.COLOURS * 3, strict=False
        ):
            ax.plot(one["bits"], one["kl"], "o-", ms=3, lw=0.9, color=colour, label=name)
        ax.plot(
            list(published),
            list(published.values()),
            "D",
            ms=5,
            color=style.BLACK,
            label="the paper's median",
        )
        ax.set(
            yscale="log",
            xlabel="bits of a weight",
            title=f"a scale for each {per}",
            xticks=sorted(part["bits"].unique()),
        )
    axes[0].set_ylabel("KL to full precision, bits/byte")
    figures_paths.plain_log(axes[0].yaxis, table["kl"].min() / 2, table["kl"].max() * 2)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def matrix(
    values: np.ndarray, names: Sequence[str], label: str, *, scale: str = "log", digits: int = 2
) -> Figure:
    """A square table in colours with its numbers: KL of runs, or cosines of shifts.

    Args:
        scale: "log" leaves the diagonal empty; "cosine" runs from -1 to 1.
    """
    from matplotlib.colors import LogNorm, Normalize

    shown = np.array(values, np.float64)
    if scale == "log":
        np.fill_diagonal(shown, np.nan)
        norm = LogNorm(np.nanmin(shown), max(np.nanmax(shown), np.nanmin(shown) * 1.01))
    else:
        norm = Normalize(-1, 1)
    side = 1.6 + 0.42 * len(names)
    figure, (ax,) = style.panels(width=side + 1.2, height=side)
    image = ax.imshow(shown, cmap="viridis" if scale == "log" else "RdBu_r", norm=norm)
    for i, j in np.argwhere(np.isfinite(shown)):
        level = norm(shown[i, j])
        dark = level < 0.6 if scale == "log" else abs(level - 0.5) > 0.35
        ax.text(
            j,
            i,
            f"{shown[i, j]:.{digits}g}",
            ha="center",
            va="center",
            fontsize=6,
            color="white" if dark else style.BLACK,
        )
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=6)
    ax.set_yticks(range(len(names)), names, fontsize=6)
    bar = figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label(label)
    bar.outline.set_visible(False)
    if scale == "log":
        figures_paths.plain_log(bar.ax.yaxis, norm.vmin, norm.vmax)
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
    for child, parent in edges:
        look = {"arrowstyle": "-|>", "color": style.GREY, "lw": 0.8, "shrinkA": 2, "shrinkB": 3}
        ax.annotate("", places[child], places[parent], arrowprops=look, zorder=2)
    taking_part = np.unique(edges)
    for generation, (marker, colour) in enumerate(zip("osD^v", style.COLOURS, strict=False)):
        rows = taking_part[generations[taking_part] == generation]
        if len(rows):
            name = "base" if generation == 0 else f"generation {generation}"
            ax.scatter(
                *places[rows].T,
                marker=marker,
                color=colour,
                s=26,
                label=name,
                zorder=3,
                edgecolors="white",
                linewidths=0.4,
            )
    ax.margins(0.12)
    style.name_words(ax, *places.T, {one: i for i, one in enumerate(labels) if one})


def shifts(
    ax: Axes, originals: np.ndarray, changed: np.ndarray, names: Sequence[str], label: str
) -> None:
    """Models and their rounded copies on a map (Fig. 2a): circle, square, a thin line between."""
    for number, name in enumerate(names):
        colour = style.COLOURS[number % len(style.COLOURS)]
        ax.plot(*np.stack([originals[number], changed[number]]).T, color=colour, lw=0.7)
        ax.scatter(
            *originals[number],
            color=colour,
            s=26,
            zorder=3,
            label=name,
            edgecolors="white",
            linewidths=0.4,
        )
        ax.scatter(
            *changed[number],
            color=colour,
            s=20,
            marker="s",
            zorder=3,
            edgecolors="white",
            linewidths=0.4,
        )
    ax.scatter([], [], color=style.GREY, marker="s", s=20, label=label)


def threads(ax: Axes, paths: Mapping[str, np.ndarray]) -> None:
    """Layers of each model as a thread on a map (Fig. 2c), darker with depth, a white square last.

    Args:
        paths: model -> (L + 1, 2).
    """
    from matplotlib.colors import to_rgb

    for number, (name, places) in enumerate(paths.items()):
        colour = style.COLOURS[number % len(style.COLOURS)]
        shade = np.linspace(0.3, 1, len(places))[:, None]
        each = 1 - shade * (1 - np.array(to_rgb(colour)))
        ax.plot(*places.T, color=colour, lw=0.7, zorder=1)
        ax.scatter(*places[:-1].T, color=each[:-1], s=22, linewidths=0, zorder=2)
        ax.scatter(
            *places[-1],
            marker="s",
            s=30,
            facecolors="white",
            edgecolors=colour,
            linewidths=1.2,
            zorder=3,
        )
        ax.plot([], [], "o-", color=colour, ms=4, lw=0.7, label=name)


def one_text(ax: Axes, table: np.ndarray, characters: Sequence[str]) -> None:
    """Log-probabilities of one text's bytes under every layer, (L + 1, T), as a heat map."""
    image = ax.imshow(table, aspect="auto", cmap="magma", vmin=-10, vmax=0)
    ax.set_xticks(range(len(characters)), characters, fontsize=4.5)
    names = ["embedding", *(f"block {i}" for i in range(1, len(table)))]
    ax.set_yticks(range(len(table)), names)
    ax.tick_params(axis="x", length=0)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01, aspect=12)
    bar.set_label("log-probability, nats")
    bar.outline.set_visible(False)


def strip(marks: Mapping[str, float], title: str = "") -> Figure:
    """The ruler lying down: the published medians above it, some values of one's own below."""
    from lmnotes.papers.trajectories import kl_ruler

    figure, (ax,) = style.panels(width=style.PAGE, height=1.7)
    ax.set_xscale("symlog", linthresh=0.1, linscale=0.9)
    ax.set(xlim=(0, 1.15 * TOP), ylim=(-1, 1), yticks=[], xlabel="KL, bits/byte", title=title)
    ax.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    ax.minorticks_off()
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=style.GREY, lw=0.8)
    named = sorted(kl_ruler.MEDIANS.items(), key=lambda one: one[1][0])
    for number, (name, (value, _)) in enumerate(named):
        ax.plot([value, value], [0, 0.18], color=style.RED, lw=1)
        ax.annotate(
            name,
            (value, 0.2 + 0.19 * (number % 4)),
            ha="center",
            va="bottom",
            fontsize=6,
            color=style.RED,
        )
    for number, (name, value) in enumerate(marks.items()):
        at = min(value, TOP)
        ax.plot([at, at], [0, -0.2], color=style.BLUE, lw=1.6)
        ax.annotate(
            f"{name}: {value:.3g}",
            (at, -0.24 - 0.24 * (number % 3)),
            ha="center",
            va="top",
            fontsize=6.5,
            color=style.BLUE,
        )
    return figure


def growth(ax: Axes, values: Mapping[str, np.ndarray], steps: Sequence[int]) -> None:
    """KL to the parent against the steps of fine-tuning, a line per kind of text."""
    for (name, kl), colour in zip(values.items(), style.COLOURS, strict=False):
        ax.plot(steps, kl, "o-", ms=3.5, color=colour, label=name)
    ax.set(xscale="log", yscale="log", xlabel="steps of fine-tuning")
    ax.set_ylabel("KL to the parent, bits/byte")
    ax.set_xticks(steps, [f"{step:,}" for step in steps])
    ax.minorticks_off()
    every = np.concatenate(list(values.values()))
    figures_paths.plain_log(ax.yaxis, every.min() / 2, every.max() * 2)
    ax.legend()


def placed(axes: Sequence[Axes], titles: Sequence[str]) -> None:
    """Maps in a row: bare axes with titles, and a legend below each."""
    for ax, title in zip(axes, titles, strict=True):
        maps.bare(ax, title)
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=1,
            fontsize=6,
            handletextpad=0.5,
            labelspacing=0.25,
        )
