"""Figures of notebook 07: importances, error curves, and maps that wobble from draw to draw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.papers.text_resampling.spread import Wobble

METHODS = {"uniform": style.BLUE, "LS": style.RED, "KL": style.GREEN}
_MORE = (
    *style.COLOURS,
    "#8B5A2B",
    "#6A5ACD",
    "#556B2F",
    "#B22222",
    "#2F4F4F",
    "#DAA520",
    "#00CED1",
    "#FF69B4",
    "#7FB800",
    "#A0A0A0",
)


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """A colour for every different name, in the order in which they come."""
    different = list(dict.fromkeys(names))
    return {name: _MORE[i % len(_MORE)] for i, name in enumerate(different)}


def importance(by_domain: pd.DataFrame, probabilities: Mapping[str, np.ndarray]) -> Figure:
    """Mean importance per domain over uniform, and the share of mass of the foremost texts.

    by_domain: columns domain and one per method, in the order wanted.
    """
    figure, (left, right) = style.panels(
        2, height=0.7 + 0.21 * len(by_domain), width_ratios=(1.5, 1)
    )
    at, height = np.arange(len(by_domain)), 0.8 / len(probabilities)
    for number, name in enumerate(probabilities):
        colour = METHODS.get(name, style.PURPLE)
        places = at + height * (number - (len(probabilities) - 1) / 2)
        left.barh(places, by_domain[name], height, color=colour, label=name)
    left.axvline(1, color=style.BLUE, lw=0.8, ls=":")
    left.set_yticks(at, by_domain["domain"])
    left.invert_yaxis()
    left.set(xlabel="mean importance of a text, times N (uniform = 1)")
    for name, pi in {"uniform": np.full(2, 0.5), **probabilities}.items():
        mass = np.concatenate([[0], np.cumsum(np.sort(pi)[::-1])])
        share = 100 * np.linspace(0, 1, len(mass))
        look = {
            "color": METHODS.get(name, style.PURPLE),
            "ls": ":" if name == "uniform" else "-",
        }
        right.plot(share, 100 * mass, label=name, **look)
    right.set(
        xlabel="texts, the most important first, %",
        ylabel="share of the mass, %",
        xlim=(0, 100),
        ylim=(0, 101),
    )
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
    left.scatter(
        few.distance,
        few.ratio,
        s=3,
        color=style.GREY,
        linewidths=0,
        alpha=0.6,
        rasterized=True,
        label="random allocations",
    )
    left.scatter([0], [1], s=28, marker="*", color=style.GREEN, label="KL importance", zorder=3)
    left.set(
        xlabel="distance from KL importance (total variation)",
        yscale="log",
        ylabel="error over that of KL importance",
    )
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


def anatomy(table: pd.DataFrame, title: str = "") -> Figure:
    """Running estimates of one distance over its true value, draw by draw, with their theory.

    table: columns method, run, n, ratio, error (the theoretical standard error over the truth).
    """
    methods = list(dict.fromkeys(table.method))
    figure, axes = style.panels(len(methods), height=2.2, width=style.PAGE, sharey=True)
    for ax, method in zip(axes, methods, strict=True):
        part, colour = table[table.method == method], METHODS.get(method, style.PURPLE)
        for _, run in part.groupby("run"):
            ax.plot(run.n, run.ratio, color=colour, lw=0.7, alpha=0.8)
        one = part[part.run == part.run.min()]
        ax.fill_between(one.n, 1 - one.error, 1 + one.error, color=style.GREY, alpha=0.25, lw=0)
        ax.axhline(1, color=style.BLACK, lw=0.6)
        ax.set(
            xscale="log",
            xlabel="draws $n$",
            title=method,
            ylim=(0, 2.5),
            xlim=(one.n.min(), one.n.max()),
        )
    axes[0].set_ylabel(r"estimate over true $\|q_i-q_j\|^2$")
    if title:
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
    theory = table[table.method == "fresh, theory"]
    ax.plot(theory.d, theory.total, color=style.GREY, lw=3, alpha=0.5, label="fresh texts, theory")
    bootstrap = table[table.method == "fresh, bootstrap"]
    ax.plot(
        bootstrap.d,
        bootstrap.total,
        "--",
        color=style.BLACK,
        lw=1,
        label="fresh texts, bootstrap",
    )
    for method, colour in METHODS.items():
        part = table[table.method == method]
        ax.plot(part.d, part.total, color=colour, label=f"{method}, total")
        ax.plot(part.d, part.resampling, ":", color=colour, lw=0.9)
    shown = table[table.total < 6 * table.total.min()]
    low = 0.55 * shown.total.min()
    ax.set(
        yscale="log",
        xlabel="distinct texts $d$",
        ylabel=f"{measure} error",
        xlim=(0, None),
        ylim=(low, 6 * table.total.min()),
    )
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
    found = needed.dropna(subset="d").sort_values("d")
    bottom = ax.get_ylim()[0]
    for number, row in enumerate(found.itertuples()):
        ax.plot([row.d, row.d], [bottom, level], color=colours[row.method], lw=0.8)
        left = number == 0  # the first number stands before its line, the others after theirs
        ax.annotate(
            f"{row.d:.0f}",
            (row.d, bottom),
            color=colours[row.method],
            fontsize=6.5,
            xytext=(-2 if left else 2, 3 + 8 * (number % 2)),
            textcoords="offset points",
            ha="right" if left else "left",
        )


def ellipses(
    ax: Axes,
    wobbled: Wobble,
    colours: Sequence[str],
    title: str = "",
    *,
    size: float = 5,
    axis: str = "t-SNE",
) -> None:
    """Mean places of models with the ellipse of one standard deviation around each (Fig. 1)."""
    from matplotlib.patches import Ellipse

    from lmnotes.papers.text_resampling import spread

    shapes = spread.ellipses(wobbled.covariance)
    for (x, y), (width, height, angle), colour in zip(wobbled.mean, shapes, colours, strict=True):
        for face, alpha in ((colour, 0.07), ("none", 0.6)):  # a light inside, a clear rim
            ax.add_patch(
                Ellipse((x, y), width, height, angle=angle, fc=face, ec=colour, lw=0.5, alpha=alpha)
            )
    ax.scatter(*wobbled.mean.T, c=list(colours), s=size, linewidths=0)
    _bare(ax, title, axis)


def _bare(ax: Axes, title: str, axis: str = "t-SNE") -> None:
    """A map without ticks and with one scale: only distances within it mean anything."""
    maps.bare(ax, title, f"{axis} 1", f"{axis} 2")
    ax.margins(0.06)
    ax.set_aspect("equal", adjustable="datalim")


def legend_of(figure: Figure, colours: Mapping[str, str], **kwargs) -> None:
    """A legend of coloured dots above the panels."""
    from matplotlib.lines import Line2D

    dots = [
        Line2D([], [], marker="o", ls="", ms=4, color=colour, label=name)
        for name, colour in colours.items()
    ]
    figure.legend(
        handles=dots,
        loc="outside upper center",
        handletextpad=0.1,
        columnspacing=1.0,
        **{"ncols": 6} | kwargs,
    )


def added(maps: Mapping[str, np.ndarray], is_new: np.ndarray, colours: Sequence[str]) -> Figure:
    """Joint maps of old models (dots) and new ones (stars), a panel per way to choose texts."""
    figure, axes = style.panels(len(maps), height=3.0)
    colours = np.asarray(colours)
    for ax, (title, places) in zip(axes, maps.items(), strict=True):
        ax.scatter(*places[~is_new].T, c=list(colours[~is_new]), s=7, linewidths=0, alpha=0.6)
        ax.scatter(
            *places[is_new].T,
            c=list(colours[is_new]),
            s=55,
            marker="*",
            edgecolors=style.BLACK,
            linewidths=0.4,
        )
        _bare(ax, title)
    return figure


def dots_by_group(
    table: pd.DataFrame, group: str, columns: Mapping[str, str], xlabel: str, log: bool = True
) -> Figure:
    """A row per group with a dot per column, joined by a line; columns: name -> colour."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.9 + 0.2 * len(table))
    at = np.arange(len(table))
    values = table[list(columns)]
    ax.hlines(at, values.min(axis=1), values.max(axis=1), color=style.GREY, lw=0.7)
    for (name, colour), mark in zip(columns.items(), "os^Dvx", strict=False):
        ax.plot(table[name], at, mark, color=colour, ms=4, label=name)
    ax.set_yticks(at, table[group])
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
            part = table[(table.target == target) & (table.method == method)]
            ax.plot(part.d, part.r, "-o", ms=2.5, color=colour, label=method)
            ax.fill_between(
                part.d, part.r - part.sd, part.r + part.sd, color=colour, alpha=0.15, lw=0
            )
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
    colours = colours_of(sorted(set(domains)))
    each = np.array([colours[name] for name in np.asarray(domains)[order]])
    lit = np.isin(order, chosen)
    places = np.arange(len(order))
    ax.vlines(places[~lit], 0, scores[order][~lit], color=each[~lit], lw=0.5, alpha=0.15)
    ax.vlines(places[lit], 0, scores[order][lit], color=each[lit], lw=0.8)
    ax.set(
        xlabel="texts, by importance",
        ylabel=r"$N\pi$ (uniform = 1)",
        xlim=(-5, len(order)),
        ylim=(0, None),
        title=title,
    )
    legend_of(figure, colours, ncols=9)
    return figure
