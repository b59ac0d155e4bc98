"""Figures of notebook 07: importances, error curves, and maps that move from draw to draw."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from lmnotes.figures import maps, style
from lmnotes.papers.text_resampling import spread

METHODS = {"uniform": style.BLUE, "LS": style.RED, "KL": style.GREEN}


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """A colour for every different name, in the order in which they come."""
    different = list(dict.fromkeys(names))
    more = sns.color_palette("tab20b").as_hex()  # shades of five hues, four of each
    palette = [*style.COLOURS, *more[::4], *more[2::4]]
    return dict(zip(different, itertools.cycle(palette)))


def importance(by_domain: pd.DataFrame, probabilities: Mapping[str, np.ndarray]) -> Figure:
    """Mean importance per domain over uniform, and the share of mass of the foremost texts.

    by_domain: columns domain and one per method, in the order wanted.
    """
    figure, (left, right) = style.panels(
        2, height=0.7 + 0.21 * len(by_domain), width_ratios=(1.5, 1)
    )
    bars = by_domain.melt("domain", list(probabilities), "method", "importance")
    options = {"hue": "method", "palette": METHODS, "legend": False, "ax": left}
    sns.barplot(bars, x="importance", y="domain", **options)
    left.axvline(1, color=style.BLUE, lw=0.8, ls=":")
    left.set(xlabel="mean importance of a text, times N (uniform = 1)", ylabel="")
    for name, pi in {"uniform": np.full(2, 0.5), **probabilities}.items():
        mass = np.concatenate([[0], np.cumsum(np.sort(pi)[::-1])])
        share, dash = 100 * np.linspace(0, 1, len(mass)), ":" if name == "uniform" else "-"
        right.plot(share, 100 * mass, dash, color=METHODS[name], label=name)
    right.set(xlabel="texts, the most important first, %", xlim=(0, 100))
    right.set(ylabel="share of the mass, %", ylim=(0, 101))
    right.legend(loc="lower right")
    return figure


def why_variance(few: pd.DataFrame, powers: pd.DataFrame, marks: pd.DataFrame) -> Figure:
    """Random allocations on five texts, and powers of the best importance on all of them.

    Args:
        few: columns distance (from the best, total variation) and ratio (of error constants).
        powers: columns power, and a ratio to the best per measure.
        marks: columns method, measure, power and ratio: methods put at the power they stand at.
    """
    figure, (left, right) = style.panels(2, height=2.4)
    dots = {"s": 3, "color": style.GREY, "linewidths": 0, "alpha": 0.6, "rasterized": True}
    left.scatter(few.distance, few.ratio, **dots, label="random allocations")
    left.scatter([0], [1], s=28, marker="*", color=style.GREEN, label="KL importance", zorder=3)
    left.set(xlabel="distance from KL importance (total variation)")
    left.set(yscale="log", ylabel="error over that of KL importance")
    ratios = [tick for tick in (1, 2, 3, 5, 10, 20) if tick <= few.ratio.max() * 1.1]
    left.set_yticks(ratios, [str(tick) for tick in ratios])
    left.minorticks_off()
    left.legend(loc="upper left")
    for measure, dash in (("absolute", "-"), ("relative", "--")):
        right.plot(powers.power, powers[measure], dash, color=style.BLACK, label=measure)
        for row in marks[marks.measure == measure].itertuples():
            right.plot([row.power], [row.ratio], "o", ms=4.5, color=METHODS[row.method])
    right.axvline(1, color=style.GREY, lw=0.6, ls=":")
    right.set(
        xlabel=r"power $\alpha$ of the importance, $\pi\propto\pi_{KL}^{\,\alpha}$",
        ylabel=r"error over that of $\alpha=1$",
    )
    right.legend(title="measure", loc="upper center")
    return figure


def running_estimates(table: pd.DataFrame, title: str = "") -> Figure:
    """Running estimates of one distance over its true value, draw by draw, with their theory.

    table: columns method, run, n, ratio, error (the theoretical standard error over the truth).
    """
    figure, axes = style.panels(table.method.nunique(), height=2.2, width=style.PAGE, sharey=True)
    for ax, (method, rows) in zip(axes, table.groupby("method", sort=False), strict=True):
        paths = rows.pivot(index="n", columns="run", values="ratio")
        first = rows.drop_duplicates("n")
        ax.plot(paths, color=METHODS[method], lw=0.7, alpha=0.8)
        low, high = 1 - first.error, 1 + first.error
        ax.fill_between(first.n, low, high, color=style.GREY, alpha=0.25, lw=0)
        ax.axhline(1, color=style.BLACK, lw=0.6)
        ax.set(xscale="log", xlabel="draws $n$", title=method)
        ax.set(ylim=(0, 2.5), xlim=(first.n.min(), first.n.max()))
    axes[0].set_ylabel(r"estimate over true $\|q_i-q_j\|^2$")
    figure.suptitle(title, fontsize=8)
    return figure


def error_panel(
    ax: Axes, table: pd.DataFrame, measure: str, *, needed: pd.DataFrame | None = None
) -> None:
    """Errors against distinct texts: total per method, resampling alone dotted, fresh texts.

    Args:
        table: columns method, d, resampling, total; the methods `fresh, theory` and `fresh,
            bootstrap` have only a total.
        needed: columns method, d, level: where the methods come down to the level.
    """
    lines = {name: rows for name, rows in table.groupby("method")}
    theory, bootstrap = lines["fresh, theory"], lines["fresh, bootstrap"]
    look = {"color": style.GREY, "lw": 3, "alpha": 0.5}
    ax.plot(theory.d, theory.total, **look, label="fresh texts, theory")
    label = "fresh texts, bootstrap"
    ax.plot(bootstrap.d, bootstrap.total, "--", color=style.BLACK, lw=1, label=label)
    for method, colour in METHODS.items():
        d = lines[method].d
        ax.plot(d, lines[method].total, color=colour, label=f"{method}, total")
        ax.plot(d, lines[method].resampling, ":", color=colour, lw=0.9)
    low = 0.55 * table.total.min()
    ax.set(yscale="log", ylim=(low, 6 * table.total.min()), ylabel=f"{measure} error")
    ax.set(xlim=(0, None), xlabel="distinct texts $d$")
    ticks = [t for t in (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2) if low < t < ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    if needed is not None:
        _drop_lines(ax, needed)


def _drop_lines(ax: Axes, needed: pd.DataFrame) -> None:
    """The level of comparison, with a line down from it at every method's d."""
    level = needed.level.iloc[0]
    ax.axhline(level, color=style.BLACK, lw=0.6, ls="-.")
    colours = {**METHODS, "fresh": style.BLACK}
    bottom = ax.get_ylim()[0]
    for number, row in enumerate(needed.dropna(subset="d").sort_values("d").itertuples()):
        ax.plot([row.d, row.d], [bottom, level], color=colours[row.method], lw=0.8)
        # the first number stands before its line, the others after theirs
        side, shift = ("right", -2) if number == 0 else ("left", 2)
        look = {"textcoords": "offset points", "color": colours[row.method], "fontsize": 6.5}
        ax.annotate(f"{row.d:.0f}", (row.d, bottom), (shift, 3 + 8 * (number % 2)), ha=side, **look)


def ellipses(
    ax: Axes,
    aligned: spread.AlignedMaps,
    colours: Sequence[str],
    title: str = "",
    *,
    size: float = 5,
    axis: str = "t-SNE",
) -> None:
    """Mean places of models with the ellipse of one standard deviation around each (Fig. 1)."""
    shapes = spread.ellipses(aligned.covariance)
    for place, (*axes, angle), colour in zip(aligned.mean, shapes, colours, strict=True):
        for face, alpha in ((colour, 0.07), ("none", 0.6)):  # a light inside, a clear rim
            look = {"fc": face, "ec": colour, "lw": 0.5, "alpha": alpha}
            ax.add_patch(Ellipse(place, *axes, angle=angle, **look))
    ax.scatter(*aligned.mean.T, c=list(colours), s=size, linewidths=0)
    _bare(ax, title, axis)


def _bare(ax: Axes, title: str, axis: str = "t-SNE") -> None:
    """A map without ticks and with one scale: only distances within it mean anything."""
    maps.bare(ax, title, f"{axis} 1", f"{axis} 2")
    ax.margins(0.06)
    ax.set_aspect("equal", adjustable="datalim")


def legend_of(figure: Figure, colours: Mapping[str, str], **kwargs) -> None:
    """A legend of coloured dots above the panels."""
    dot = {"marker": "o", "ls": "", "ms": 4}
    dots = [Line2D([], [], color=colour, label=name, **dot) for name, colour in colours.items()]
    options = {"ncols": 6, "handletextpad": 0.1, "columnspacing": 1.0, **kwargs}
    figure.legend(handles=dots, loc="outside upper center", **options)


def added(maps: Mapping[str, np.ndarray], is_new: np.ndarray, colours: Sequence[str]) -> Figure:
    """Joint maps of old models (dots) and new ones (stars), a panel per way to choose texts."""
    figure, axes = style.panels(len(maps), height=3.0)
    colours = np.asarray(colours)
    for ax, (title, places) in zip(axes, maps.items(), strict=True):
        ax.scatter(*places[~is_new].T, c=list(colours[~is_new]), s=7, linewidths=0, alpha=0.6)
        stars = {"s": 55, "marker": "*", "edgecolors": style.BLACK, "linewidths": 0.4}
        ax.scatter(*places[is_new].T, c=list(colours[is_new]), **stars)
        _bare(ax, title)
    return figure


def dots_by_group(
    table: pd.DataFrame, group: str, columns: Mapping[str, str], xlabel: str, log: bool = True
) -> Figure:
    """A row per group with a dot per column, joined by a line; columns: name -> colour."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.9 + 0.2 * len(table))
    values = table[list(columns)]
    ax.hlines(table[group], values.min(axis=1), values.max(axis=1), color=style.GREY, lw=0.7)
    for (name, colour), mark in zip(columns.items(), "os^Dvx", strict=False):
        ax.plot(table[name], table[group], mark, color=colour, ms=4, label=name)
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, xscale="log" if log else "linear")
    if log:
        low, high = values.min(axis=None), values.max(axis=None)
        ticks = [a * 10.0**b for b in range(-4, 3) for a in (1, 1.5, 2, 3, 4, 5, 7)]
        ticks = [t for t in ticks if 0.8 * low <= t <= 1.25 * high]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def prediction(table: pd.DataFrame, full: Mapping[str, float]) -> Figure:
    """Pearson's r of out-of-fold predictions against distinct texts, a panel per target (Fig. 4).

    Args:
        table: columns target, method, d, r, sd. full: target -> r from all texts.
    """
    figure, axes = style.panels(len(full), height=2.4, width=style.PAGE, sharey=True)
    for ax, (target, best) in zip(axes, full.items(), strict=True):
        for method, colour in METHODS.items():
            curve = table[(table.target == target) & (table.method == method)]
            low, high = curve.r - curve.sd, curve.r + curve.sd
            ax.plot(curve.d, curve.r, "-o", ms=2.5, color=colour, label=method)
            ax.fill_between(curve.d, low, high, color=colour, alpha=0.15, lw=0)
        ax.axhline(best, color=style.BLACK, lw=0.6, ls="-.", label="all texts")
        ax.axhline(0, color=style.GREY, lw=0.5)
        ax.set(xscale="log", xlabel="distinct texts $d$", title=target)
    axes[0].set(ylabel="Pearson's $r$, out of fold", ylim=(min(-0.15, table.r.min()), 1.05))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def drawn_texts(
    scores: np.ndarray, domains: Sequence[str], chosen: np.ndarray, title: str
) -> Figure:
    """Importances of all texts, the largest first, coloured by domain; the drawn ones stand out."""
    figure, (ax,) = style.panels(width=style.PAGE, height=2.2)
    order = np.argsort(-scores, kind="stable")
    colours = style.colours(sorted(set(domains)))
    colour = np.array([colours[name] for name in np.asarray(domains)[order]])
    is_drawn, places = np.isin(order, chosen), np.arange(len(order))
    for some, look in ((~is_drawn, {"lw": 0.5, "alpha": 0.15}), (is_drawn, {"lw": 0.8})):
        ax.vlines(places[some], 0, scores[order][some], color=colour[some], **look)
    ax.set(xlabel="texts, by importance", xlim=(-5, len(order)), title=title)
    ax.set(ylabel=r"$N\pi$ (uniform = 1)", ylim=(0, None))
    legend_of(figure, colours, ncols=9)
    return figure
