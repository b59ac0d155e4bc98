"""Figures of notebook 07: importances, error curves, and maps that move from draw to draw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import ticker as mticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from lmnotes.figures import maps, style
from lmnotes.papers.text_resampling import spread
from lmnotes.papers.text_resampling.equal_error import Comparison
from lmnotes.papers.text_resampling.moving import Moved
from lmnotes.papers.text_resampling.newcomers import Late

METHODS = {"uniform": style.BLUE, "LS": style.RED, "KL": style.GREEN}
# who chose the texts for models that come later
WAYS = {
    "uniform": style.BLUE,
    "blind": style.RED,
    "mixed": style.ORANGE,
    "informed": style.BLACK,
}
_OPTIMISER = {"pca": "PC", "tsne": "t-SNE"}


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
        share = 100 * np.linspace(0, 1, len(mass))
        dash = {"uniform": ":", "KL": "--"}.get(name, "-")  # LS and KL may lie on each other
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


def error_curves(comparison: Comparison) -> Figure:
    """Errors of all distances against distinct texts, relative and absolute (Fig. 2)."""
    figure, axes = style.panels(2, height=2.9)
    lines, needed = comparison.lines, comparison.needed
    for ax, measure in zip(axes, ("relative", "absolute"), strict=True):
        mine = needed[needed.measure == measure]
        error_panel(ax, lines[lines.measure == measure], measure, needed=mine)
    axes[0].plot([], [], ":", color=style.BLACK, lw=0.9, label="resampling alone")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def insurance(table: pd.DataFrame) -> Figure:
    """Distinct texts at equal error against the share of uniform mass, a panel per measure."""
    figure, axes = style.panels(2, height=2.2, sharey=True)
    for ax, measure in zip(axes, ("relative", "absolute"), strict=True):
        for method, dash in (("LS", "-"), ("KL", "--")):  # they often lie on each other
            rows = table[(table.measure == measure) & (table.method == method)]
            ax.plot(100 * rows.share, rows["d over N/2"], dash, color=METHODS[method], label=method)
        ax.axhline(1, color=style.BLACK, lw=0.6, ls="-.")
        ax.set(xlabel="uniform mass, %", title=f"{measure} error", xlim=(0, 100))
    axes[0].annotate("fresh texts", (0, 1), (3, 2), textcoords="offset points", fontsize=6.5)
    axes[0].set_ylabel("distinct texts over N/2")
    axes[0].legend(loc="lower right")
    return figure


def ellipses(
    ax: Axes,
    aligned: spread.AlignedMaps,
    look: maps.Population,
    title: str = "",
    *,
    points: np.ndarray | None = None,
    axis: str = "t-SNE",
    unit: str = "",
    n_sd: float = 1.0,
    size: float = 0.25,
) -> None:
    """Mean places of models with an ellipse of n_sd standard deviations around each (Fig. 1).

    Args:
        points: (M, 2), drawn in place of the mean places, with a line to each.
        size: of the marks, over those of a map without ellipses.
    """
    shapes = spread.ellipses(n_sd**2 * aligned.covariance)
    for place, (*axes, angle), colour in zip(aligned.mean, shapes, look.colours, strict=True):
        for face, alpha in ((colour, 0.15), ("none", 0.8)):  # a light inside, a clear rim
            frame = {"fc": face, "ec": colour, "lw": 0.6, "alpha": alpha}
            ax.add_patch(Ellipse(place, *axes, angle=angle, **frame))
    if points is not None:
        for mean, now, colour in zip(aligned.mean, points, look.colours, strict=True):
            ax.plot(*np.array([mean, now]).T, color=colour, lw=0.6)
    _models(ax, aligned.mean if points is None else points, look, size=size)
    _bare(ax, title, axis, unit)


def _models(
    ax: Axes, xy: np.ndarray, look: maps.Population, rows=None, size: float = 0.5, **kwargs
) -> None:
    """Some models, all by default, with the colours and markers that all maps have."""
    rows = np.ones(len(xy), dtype=bool) if rows is None else rows
    markers, colours = np.array(look.markers), np.array(look.colours)
    edges = np.where(look.ringed, style.BLACK, "white")
    for marker in dict.fromkeys(look.markers):
        alike = (markers == marker) & rows
        dots = {"marker": marker, "s": size * look.sizes[alike], "edgecolors": edges[alike]}
        look_of_dots = {"linewidths": np.where(look.ringed, 0.8, 0.2)[alike], **dots, **kwargs}
        ax.scatter(*xy[alike].T, c=colours[alike], **look_of_dots)


def _bare(ax: Axes, title: str, axis: str = "t-SNE", unit: str = "") -> None:
    """A map without ticks and with one scale: only distances within it mean anything."""
    names = (f"{axis} {number}{', ' * bool(unit)}{unit}" for number in (1, 2))
    maps.bare(ax, title, *names)
    ax.margins(0.06)
    ax.set_aspect("equal", adjustable="datalim")


def legend_of(figure: Figure, colours: Mapping[str, str], **kwargs) -> None:
    """A legend of coloured dots above the panels."""
    dot = {"marker": "o", "ls": "", "ms": 4}
    dots = [Line2D([], [], color=colour, label=name, **dot) for name, colour in colours.items()]
    options = {"ncols": 6, "handletextpad": 0.1, "columnspacing": 1.0, **kwargs}
    figure.legend(handles=dots, loc="outside upper center", **options)


def map_legend(figure: Figure, look: maps.Population, **kwargs) -> None:
    """The legend of a map's families and kinds above its panels."""
    maps.legend(figure, look, loc="outside upper center", bbox_to_anchor=None, ncols=6, **kwargs)


def moved_maps(moved: Moved, kind: str = "pca") -> Figure:
    """Places and ellipses for LS, for N uniform draws, and for uniform draws of as few texts as LS,
    on one scale (Fig. 3a); kind: pca, in nats with ellipses of three standard deviations, or tsne
    with those of one."""
    is_flat = kind == "pca"
    figure, axes = style.panels(3, height=2.9 if is_flat else 2.4)
    look = maps.population(moved.study.models)
    low, high = _limits(list(getattr(moved, kind).values())[: len(axes)])
    for ax, (setting, n) in zip(axes, moved.n.items(), strict=True):
        step = f"step {100 * moved.share(setting, kind):.0f} % of the radius"
        title = f"{setting}\n{n:,} draws, {moved.d[setting]:,.0f} texts\n{step}"
        unit = "nats" if is_flat else ""
        options = {"axis": _OPTIMISER[kind], "unit": unit}
        options |= {"n_sd": 3, "size": 0.1} if is_flat else {}
        ellipses(ax, getattr(moved, kind)[setting], look, title, **options)
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        ax.set_aspect("equal", adjustable="box")
        if is_flat:
            ax.tick_params(labelsize=6)
            ax.set(xticks=_round_ticks(low[0], high[0]), yticks=_round_ticks(low[1], high[1]))
    map_legend(figure, look)
    return figure


def _limits(several: Sequence[spread.AlignedMaps]) -> tuple[np.ndarray, np.ndarray]:
    """The ends of both axes, (2,) each, between which all mean places and their ellipses lie."""
    reach = [2 * np.sqrt(np.einsum("mii->mi", maps.covariance)) for maps in several]
    low = np.min([m.mean - r for m, r in zip(several, reach, strict=True)], axis=(0, 1))
    high = np.max([m.mean + r for m, r in zip(several, reach, strict=True)], axis=(0, 1))
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def _round_ticks(low: float, high: float) -> list[float]:
    """Zero and a round number on either side, where there is room."""
    reach = max(abs(low), abs(high)) / 1.2
    step = max(k * 10.0**e for e in range(-6, 7) for k in (1, 2, 5) if k * 10.0**e <= reach)
    return [tick for tick in (-step, 0.0, step) if low <= tick <= high]


def trusted(moved: Moved) -> Figure:
    """The t-SNE map with the ellipses of N uniform draws (Fig. 1)."""
    figure, (ax,) = style.panels(width=4.4, height=3.4)
    look = maps.population(moved.study.models)
    ellipses(ax, moved.tsne["uniform"], look)
    maps.legend(ax, look)
    return figure


def added(late: Late, places: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Where new models land by the chosen texts (marks) and where all texts put them (rings), with
    a line between, on a linear map and on t-SNE; their surroundings only, old models in grey.

    places: panel, `PC` or `t-SNE` -> all, few -> (M, 2).
    """
    figure, axes = style.panels(len(places), height=3.4)
    look, is_new = maps.population(late.study.models), late.is_new
    for ax, (axis, both) in zip(axes, places.items(), strict=True):
        ax.scatter(*both["all"][~is_new].T, s=7, color=style.GREY, linewidths=0, alpha=0.6)
        for true, landed in zip(both["all"][is_new], both["few"][is_new], strict=True):
            ax.plot(*np.array([true, landed]).T, color=style.BLACK, lw=0.7)
        ring = {"s": 42, "facecolors": "none", "edgecolors": style.BLACK, "linewidths": 0.6}
        ax.scatter(*both["all"][is_new].T, **ring)
        _models(ax, both["few"], look, is_new, s=16, zorder=3)
        _bare(ax, "linear map" if axis == "PC" else "t-SNE map", axis, "nats" * (axis == "PC"))
        seen = np.concatenate([points[is_new] for points in both.values()])
        middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
        reach = 0.65 * max(np.ptp(seen, axis=0).max(), 1e-9)
        ax.set(xlim=middle[0] + reach * np.array([-1, 1]))
        ax.set(ylim=middle[1] + reach * np.array([-1, 1]))
        ax.set_aspect("equal", adjustable="box")
        if axis == "PC":
            ax.xaxis.set_major_locator(mticker.MaxNLocator(4))
            ax.yaxis.set_major_locator(mticker.MaxNLocator(4))
    _name_new(axes[-1], late, list(places.values())[-1]["all"])
    marks = [
        Line2D([], [], ls="", marker="o", ms=6, mfc="none", mec=style.BLACK, label="by all texts"),
        Line2D([], [], ls="-", lw=0.7, marker="o", ms=4, color=style.BLACK, label="by the chosen"),
        Line2D([], [], ls="", marker="o", ms=2.5, color=style.GREY, label="old models"),
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=3)
    return figure


def _name_new(ax: Axes, late: Late, xy: np.ndarray) -> None:
    """Short names of the new models where there is room."""
    rows = np.flatnonzero(late.is_new)
    style.place_words(ax, *xy.T, {late.study.labels[row]: int(row) for row in rows}, dots=False)


def dots_by_group(
    table: pd.DataFrame, group: str, columns: Mapping[str, str], xlabel: str, log: bool = True
) -> Figure:
    """A row per group with a dot per column, joined by a line; columns: name -> colour."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.8 + 0.2 * len(table))
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
    """Pearson's r of out-of-fold predictions against distinct texts, a panel per target (Figs. 4
    and 6).

    Args:
        table: columns target, method, d, r, sd. full: target -> r from all texts.
    """
    targets = table.target.unique()
    options = {"height": 2.4} if len(targets) < 3 else {"height": 1.7, "sharex": True}
    figure, axes = style.grid(len(targets), 4, sharey=True, **options)
    for ax, target in zip(axes, targets, strict=True):
        for method, colour in METHODS.items():
            curve = table[(table.target == target) & (table.method == method)]
            low, high = curve.r - curve.sd, curve.r + curve.sd
            ax.plot(curve.d, curve.r, "-o", ms=2.5, color=colour, label=method)
            ax.fill_between(curve.d, low, high, color=colour, alpha=0.15, lw=0)
        ax.axhline(full[target], color=style.BLACK, lw=0.6, ls="-.", label="all texts")
        ax.axhline(0, color=style.GREY, lw=0.5)
        ax.set(xscale="log", xlabel="distinct texts $d$", title=target)
        ax.label_outer()
    axes[0].set(ylim=(min(-0.15, table.r.min()), 1.05))
    for ax in axes[::4]:
        ax.set_ylabel("Pearson's $r$, out of fold")
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
