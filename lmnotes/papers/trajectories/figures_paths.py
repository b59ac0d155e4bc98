"""Figures of notebook 08: paths of training on the map, their speed, and their exponents."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lmnotes.figures import maps as plot_map
from lmnotes.figures import style
from lmnotes.papers.trajectories.scored_runs import RunMap

_SEED_GREYS = ("#9A9A9A", "#B4B4B4", "#7E7E7E", "#C6C6C6")
LOG_STEP = "$\\log_{10}$(1 + step)"


def colours_of(groups: Mapping[str, str]) -> dict[str, str]:
    """A colour for each run: greys for those of group "seed", the palette for all others."""
    seeds = [run for run, group in groups.items() if group == "seed"]
    others = [run for run in groups if run not in seeds]
    greys = {run: _SEED_GREYS[i % len(_SEED_GREYS)] for i, run in enumerate(seeds)}
    return greys | {run: style.COLOURS[i % len(style.COLOURS)] for i, run in enumerate(others)}


def fade(colour: str, n: int, start: float) -> np.ndarray:
    """n shades of a colour, from the share `start` of it to the whole, (n, 3)."""
    return 1 - np.linspace(start, 1, n)[:, None] * (1 - np.array(to_rgb(colour)))


def path(ax: Axes, places: np.ndarray, colour: str, label: str = "") -> None:
    """One run on a map (Fig. 1): light to dark, wide where it moved far, its end a large dot.

    Args:
        places: (T, 2). Widths go with the squared distance to the checkpoint before, up to the
            95 % quantile of all.
    """
    moved = (np.diff(places, axis=0) ** 2).sum(axis=1)
    widths = 0.5 + 1.8 * np.minimum(moved / (np.quantile(moved, 0.95) or 1.0), 1)
    colours = fade(colour, len(moved), 0.35)
    segments = np.stack([places[:-1], places[1:]], axis=1)
    ax.add_collection(LineCollection(segments, colors=colours, linewidths=widths))
    ax.scatter(*places.T, s=3, color=np.vstack([colours[:1], colours]), linewidths=0)
    end = {"edgecolors": "white", "linewidths": 0.6, "zorder": 4}
    ax.scatter(*places[-1], s=34, color=colour, label=label, **end)
    ax.autoscale_view()


def maps(run_map: RunMap, groups: Mapping[str, str]) -> Figure:
    """All runs (Fig. 1): by principal components, which bend nothing, and small by t-SNE."""
    figure, axes = style.panels(2, height=3.5, width_ratios=(1.9, 1))
    colours = colours_of(groups)
    for run in _seeds_first(groups):
        path(axes[0], run_map.principal[run][:, :2], colours[run], run)
        path(axes[1], run_map.neighbours[run], colours[run])
    start = np.mean([places[0, :2] for places in run_map.principal.values()], axis=0)
    look = {"textcoords": "offset points", "xytext": (-14, 0), "fontsize": 7, "ha": "right"}
    axes[0].annotate("untrained", start, **look)
    axes[0].set(title="principal components", aspect="equal", anchor="C")
    axes[0].set(xlabel="component 1, root bits/byte", ylabel="component 2, root bits/byte")
    axes[0].set_aspect("equal", adjustable="datalim")
    plot_map.bare(axes[1], "the same by t-SNE")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def control(paths: Mapping[str, np.ndarray], shapes: pd.DataFrame) -> Figure:
    """Components 1 and 2, 1 and 3 of some paths, and the shares that their components hold.

    Args:
        paths: name -> (T, 3) principal components. shapes: columns path, component, share,
            cosine_r2, a row per path and component.
    """
    figure, axes = style.panels(3, height=2.6, width_ratios=(1, 1, 1.1))
    width = 0.8 / len(paths)
    for number, (name, places) in enumerate(paths.items()):
        colour = style.COLOURS[number]
        scaled = places / np.sqrt((places**2).sum(axis=0).max())  # one size for all paths
        for ax, component in zip(axes, (1, 2), strict=False):
            path(ax, scaled[:, [0, component]], colour)
        held = shapes[shapes["path"] == name]
        x = held["component"] + width * (number - (len(paths) - 1) / 2)
        bars = axes[2].bar(x, 100 * held["share"], width, color=colour, label=name)
        look = {"rotation": 90, "padding": 2, "fontsize": 5.5}
        axes[2].bar_label(bars, [f"{fit:.2f}" for fit in held["cosine_r2"]], **look)
    for ax, component in zip(axes, (2, 3), strict=False):
        ax.set(xlabel="component 1", ylabel=f"component {component}", xticks=[], yticks=[])
        ax.margins(0.08)
    axes[2].set(xlabel="principal component", ylabel="share of the variance, %")
    axes[2].set(xticks=shapes["component"].unique(), ylim=(0, 118 * shapes["share"].max()))
    figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def consecutive(table: pd.DataFrame, groups: Mapping[str, str], boundary: int) -> Figure:
    """KL to the next checkpoint divided by the steps between, at the earlier step (Fig. 4): the
    warm-up, and what follows.

    Args:
        table: columns run, step, per_step (bits/byte). boundary: step.
    """
    figure, (left, right) = style.panels(2, height=2.8, width_ratios=(1, 1.25))
    colours = colours_of(groups)
    for run in _seeds_first(groups):
        rows = table[(table["run"] == run) & (table["per_step"] > 0)]
        speed = rows.set_index("step")["per_step"]
        early, late = speed[speed.index < boundary], speed[speed.index >= boundary]
        look = {"lw": 0.9, "color": colours[run]}
        left.plot(np.log10(1 + early.index), early, ".-", ms=3, label=run, **look)
        right.plot(late, **look)
    left.set(xlabel=LOG_STEP, ylabel="KL to the next checkpoint\nper step, bits/byte")
    left.set(title=f"up to step {boundary:,}")
    right.set(xlabel="step", title=f"from step {boundary:,} on")
    for ax in (left, right):
        ax.set_yscale("log")
        plain_log(ax.yaxis, *ax.get_ylim())
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def window_fits(
    ax: Axes, elapsed: np.ndarray, kl: np.ndarray, drift: np.ndarray, laws: Sequence
) -> None:
    """KL and squared weight distance since a start, log-log (Fig. 5 left), each as a multiple of
    what its law says of the first of the later checkpoints, which are counted on x.

    Args:
        elapsed, kl, drift: (W,), kl in bits/byte. laws: the two fitted `exponents.PowerLaw`s.

    The grey line has c = 1.
    """
    lags = elapsed / elapsed[0]
    for values, law, colour, mark, dash, name in (
        (drift, laws[1], style.RED, "s", "--", "weights, $c_w$"),
        (kl, laws[0], style.BLUE, "o", "-", "KL, $c_q$"),
    ):
        first = np.exp(law.constant) * elapsed[0] ** law.exponent
        label = f"{name} = {law.exponent:.2f}, $R^2$ = {law.r2:.2f}"
        ax.plot(lags, values / first, mark, color=colour, ms=3.5)
        ax.plot(lags, lags**law.exponent, dash, color=colour, label=label)
    ax.plot(lags, lags, color=style.GREY, lw=0.8, label="c = 1")
    ax.set(xscale="log", yscale="log", xlabel="time since the start, intervals")
    ax.set_ylabel("squared distance, relative")
    for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        plain_log(axis, *ends)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=6.5)


def windows(drawn: Mapping[str, tuple]) -> tuple[Figure, pd.DataFrame]:
    """`window_fits` of some runs side by side on one scale, and their numbers (Fig. 5 left).

    Args:
        drawn: run -> of `exponents.one_window`.
    """
    figure, axes = style.panels(len(drawn), height=2.9, sharex=True, sharey=True)
    rows = []
    for ax, (name, (step, *window)) in zip(axes, drawn.items(), strict=True):
        window_fits(ax, *window)
        ax.set_title(f"{name}, step {step:,}", fontsize=7)
        columns = dict(zip(("elapsed", "kl", "squared"), window, strict=False))
        rows.append(pd.DataFrame(columns).assign(run=name))
    for ax in axes[1:]:
        ax.set_ylabel("")
    return figure, pd.concat(rows, ignore_index=True)


def exponent_panels(
    tables: Mapping[str, pd.DataFrame], averaged: Mapping[str, pd.DataFrame] | None = None
) -> Figure:
    """c_q with its interval over texts, and c_w, against the start step of runs (Fig. 5 right).

    Args:
        tables: of `exponents.with_weights`. averaged: start and c_q of averaged weights, dotted.

    Shaded are the ranges of the paper's five sizes.
    """
    figure, axes = style.panels(len(tables), height=2.5, width=style.PAGE, sharey=True)
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        for low, high, colour in ((0.15, 0.33, style.BLUE), (0.83, 1.1, style.RED)):
            ax.axhspan(low, high, color=colour, alpha=0.1, lw=0)
        start = table["start"]
        ax.plot(start, table["c_w"], "--", color=style.RED, label="$c_w$ (weights)")
        ax.plot(start, table["c_q"], color=style.BLUE, label="$c_q$ (log-likelihoods)")
        ax.fill_between(start, table["low"], table["high"], color=style.BLUE, alpha=0.25, lw=0)
        if averaged and name in averaged:
            look = {"color": style.GREEN, "lw": 1.5, "label": "$c_q$ of averaged weights"}
            ax.plot(averaged[name]["start"], averaged[name]["c_q"], ":", **look)
        for level in (0, 1):
            ax.axhline(level, color=style.GREY, lw=0.6)
        ax.set(xlabel="start step", title=name)
    axes[0].set_ylabel("exponent")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def scrubber(
    places: Mapping[str, np.ndarray],
    groups: Mapping[str, str],
    run: str,
    checkpoint: int,
    steps: np.ndarray,
    kl: np.ndarray,
) -> Figure:
    """The map with one checkpoint marked, and the speed of its run with the same one marked."""
    figure, (left, right) = style.panels(2, height=2.7, width_ratios=(1.2, 1))
    colour = colours_of(groups)[run]
    for name in places:
        path(left, places[name], colour if name == run else _SEED_GREYS[3])
    left.scatter(*places[run][checkpoint], s=90, marker="*", color=style.BLACK, zorder=5)
    plot_map.bare(left, f"{run}, step {steps[checkpoint]:,}", "component 1", "component 2")
    x, now = np.log10(1 + steps[:-1]), kl[checkpoint]
    right.bar(x, kl, width=0.04, color=style.GREY)
    right.bar(x[checkpoint], now, width=0.06, color=colour)
    right.set_title(f"to the next: {now:.3g} bits/byte", color=colour)
    right.set(yscale="log", xlabel=LOG_STEP, ylabel="KL to the next, bits/byte")
    good = kl[np.isfinite(kl) & (kl > 0)]
    right.set_ylim(max(good.min() / 2, good.max() / 1e5), good.max() * 2)
    return figure


def plain_log(axis, low: float, high: float) -> None:
    """Plain numbers on a logarithmic axis: 1, 2, 5 of each power of ten, fewer on a long one."""
    axis.axes.set(**{f"{axis.axis_name}lim": (low, high)})
    decades = np.log10(high / low)
    digits = (1, 2, 5) if decades < 2 else (1, 3) if decades < 3.5 else (1,)
    digits = range(1, 10) if decades < 0.7 else digits
    ticks = [a * 10.0**b for b in range(-9, 9) for a in digits if low <= a * 10.0**b <= high]
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.axes.minorticks_off()


def _seeds_first(groups: Mapping[str, str]) -> list[str]:
    """The runs in the order in which they are drawn, grey ones below."""
    return sorted(groups, key=lambda run: groups[run] != "seed")
