"""Figures of the prompt-response map: its maps, distance and KL, prompts that move models."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from lmnotes.figures import style
from lmnotes.papers.prompt_response_map import world_map
from lmnotes.papers.prompt_response_map.world_map import World

_FACTORS = {"taste": style.BLUE, "rule": style.RED, "size": style.GREY}
_CONTROLS = {
    "r2": ("sum of the parts", style.BLUE),
    "best_single": ("best part alone", style.ORANGE),
    "wrong": ("one part wrong", style.RED),
    "other": ("another model's sum", style.PURPLE),
    "random": ("a random vector", style.GREY),
}


def world_maps(world: World, names: Sequence[str]) -> Figure:
    """Several of the world's maps, by taste (colour) and rule (shape)."""
    shares = {name: world_map.plane(world.vectors[name])[1] for name in names}
    return maps(world.places(names), shares)


def maps(table: pd.DataFrame, shares: Mapping[str, Sequence[float]]) -> Figure:
    """The same models on several maps, of `World.places`; shares: of variance, by map."""
    figure, axes = style.panels(len(shares), height=2.7)
    looks = {"hue": "colour", "palette": _palette(table.colour), "s": 30}
    if table["shape"].nunique() > 1:
        looks |= {"style": "shape"}
    for ax, (name, (first, second)) in zip(axes, shares.items(), strict=True):
        sns.scatterplot(table[table["map"] == name], x="x", y="y", ax=ax, **looks)
        for line in (ax.axhline, ax.axvline):
            line(0, color=style.GREY, lw=0.3, zorder=0)
        ax.margins(0.12)
        xlabel = f"component 1 ({first:.0%}), nats"
        ax.set(title=name, xlabel=xlabel, ylabel=f"component 2 ({second:.0%}), nats")
    _key_below(figure, axes)
    return figure


def factor_bars(table: pd.DataFrame) -> Figure:
    """The share of each map's squared distances by factor, of `world_map.explained`."""
    label = "share of squared distance explained (PERMANOVA $R^2$)"
    figure = style.bars(table, "R2", "low", "high", "map", label, groups="factor", colours=_FACTORS)
    (ax,) = figure.axes
    bars = [container for container in ax.containers if isinstance(container, BarContainer)]
    for container, (_, part) in zip(bars, table.groupby("factor", sort=False), strict=True):
        notes = [f"p = {p:.2g}" for p in part.p]
        ax.bar_label(container, notes, padding=3, fontsize=5.5, color=style.GREY)
    ax.set_xlim(0, 1.12)
    return figure


def kl_check(table: pd.DataFrame) -> Figure:
    """Three estimates of the KL against the exact one, of `world_map.pairs_beside_kl`."""
    panels = {
        "monte_carlo": "Monte-Carlo KL",
        "own": "half the variance,\nresponses of the two models",
        "given": "map distance, given responses",
    }
    figure, axes = style.panels(len(panels), height=3.2, sharex=True, sharey=True)
    values = table[["exact", *panels]].to_numpy()
    ends = values.min() * 0.8, values.max() * 1.25
    looks = {"hue": "differ in", "palette": _palette(table["differ in"]), "s": 12, "linewidth": 0}
    for ax, (column, title) in zip(axes, panels.items(), strict=True):
        sns.scatterplot(table, x="exact", y=column, ax=ax, alpha=0.8, **looks)
        ax.plot(ends, ends, ":", color=style.BLACK, lw=0.8)
        ax.set(xscale="log", yscale="log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
        ratio = (table[column] / table.exact).median()
        r = table[column].corr(table.exact, method="spearman")
        words = f"median ratio to KL {ratio:.1f}\nrank correlation {r:.2f}"
        ax.text(0.97, 0.04, words, transform=ax.transAxes, ha="right", fontsize=7)
        ax.set(title=title, xlabel="exact KL, nats per response", ylabel="nats per response")
        ax.set_box_aspect(1)
    _key_below(figure, axes)
    return figure


def semantic(table: pd.DataFrame) -> Figure:
    """Root map distance against how answers are spelt, of `world_map.beside_words`."""
    figure, (ax,) = style.panels(width=4.4, height=2.5)
    looks = {"hue": "differ in", "palette": _palette(table["differ in"]), "s": 14, "linewidth": 0}
    sns.scatterplot(table, x="words", y="distance", ax=ax, alpha=0.8, **looks)
    ax.set(xlabel="1 - cosine of the answers' character n-grams")
    ax.set(ylabel="root of map distance, nats", ylim=(0, None))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="differ in")
    return figure


def ruler(table: pd.DataFrame) -> Figure:
    """Half the variance over KL of a model and noisier copies, of `small_world_kl.ruler`."""
    figure, (ax,) = style.panels(width=4.8, height=2.5)
    lines = {
        "given_ratio": ("given responses", style.RED),
        "ratio": ("its own responses", style.BLUE),
    }
    ax.axhspan(0.9, 1.1, color=style.GREY, alpha=0.15, lw=0)
    for column, (words, colour) in lines.items():
        ax.plot(table.kl, table[column], "o-", ms=4, color=colour)
        look = {"xytext": (7, 0), "textcoords": "offset points", "va": "center", "fontsize": 7}
        ax.annotate(words, (table.kl.iloc[-1], table[column].iloc[-1]), color=colour, **look)
    for row in table.itertuples():
        look = {"xytext": (0, -6), "textcoords": "offset points", "ha": "center", "va": "top"}
        ax.annotate(f"{row.sigma:g}", (row.kl, min(row.ratio, row.given_ratio)), fontsize=6, **look)
    ax.text(table.kl.min() * 0.75, 0.62, "noise on the weights, below the points", fontsize=6.5)
    ax.axhline(1, color=style.BLACK, lw=0.8, ls=":")
    ax.set(xscale="log", xlim=(table.kl.min() * 0.7, table.kl.max() * 9), ylim=(0, None))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel="exact KL, nats per response", ylabel="half the variance / KL")
    return figure


def scale(by_length: pd.DataFrame, by_clip: pd.DataFrame) -> Figure:
    """Map distance over KL, by length of responses (`small_world_kl.lengths`) and by clip
    (`world_map.clipping`)."""
    figure, (left, right) = style.panels(2, height=2.3, sharey=True)
    n_bytes, band = by_length.length, {"color": style.BLUE, "alpha": 0.15, "lw": 0}
    left.fill_between(n_bytes, by_length.low, by_length.high, **band)
    left.plot(n_bytes, by_length.ratio, "o-", ms=4, color=style.BLUE)
    left.set_xscale("log", base=2)
    left.set_xticks(n_bytes, n_bytes)
    left.set(xlabel="length of the responses, bytes", ylabel="map distance / exact KL")
    right.plot(100 * by_clip.share, by_clip.ratio, "o-", ms=4, color=style.BLUE)
    for row in by_clip.itertuples():
        look = {"xytext": (0, -7), "textcoords": "offset points", "ha": "center", "va": "top"}
        right.annotate(f"r = {row.r:.3f}", (100 * row.share, row.ratio), fontsize=6.5, **look)
    right.set(xlabel="lowest entries raised to a quantile, %", ylim=(0, None), xlim=(-1.2, 11.2))
    for ax in (left, right):
        ax.axhline(1, color=style.GREY, lw=0.8, ls=":")
    look = {"fontsize": 6.5, "color": style.GREY, "va": "bottom"}
    left.text(n_bytes.min(), 1.06, "map distance = KL", **look)
    return figure


def shifts(table: pd.DataFrame, shares: Sequence[float]) -> Figure:
    """Figure 2: where tags move each model on the map, of `world_map.on_the_map`."""
    rules = list(dict.fromkeys(table.rule))
    figure, axes = style.panels(len(rules), height=3.1, sharex=True, sharey=True)
    start, moved = (part for _, part in table.groupby(table.tags != "none"))
    start, colours = start.set_index("label"), _palette(moved.tags)
    for ax, rule in zip(axes, rules, strict=True):
        of_rule = start[start.rule == rule]
        for marker, part in zip("os", (of_rule.taste > 0.5, of_rule.taste <= 0.5), strict=True):
            words = "learned from prose" if marker == "o" else "learned from code"
            dots = {"s": 16, "color": style.BLACK, "marker": marker, "zorder": 3}
            ax.scatter(of_rule.x[part], of_rule.y[part], label=words, **dots)
        for row in moved[moved.rule == rule].itertuples():
            _arrow(ax, start.loc[row.label, ["x", "y"]], (row.x, row.y), colours[row.tags])
        for tag, colour in colours.items():
            ax.plot([], [], color=colour, label=f"tag {tag}")
        ax.update_datalim(table[["x", "y"]])
        ax.autoscale_view()
        ax.set(title=f"models of rule {rule}", xlabel=f"component 1 ({shares[0]:.0%}), nats")
    axes[0].set_ylabel(f"component 2 ({shares[1]:.0%}), nats")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def budget(table: pd.DataFrame, theory: pd.DataFrame) -> Figure:
    """How many pairs a map needs: correlation with the map of all, and error of its distances; of
    `world_map.budget`."""
    figure, (left, right) = style.panels(2, height=2.3)
    for ax, y, colour in ((left, "r", style.BLUE), (right, "error", style.RED)):
        looks = {"color": colour, "marker": "o", "label": "median, and 90 % of draws"}
        sns.lineplot(table, x="n", y=y, estimator="median", errorbar=("pi", 90), ax=ax, **looks)
        ax.set(xlabel="pairs of prompt and response")
    right.plot(theory.n, theory.error, "--", color=style.BLACK, lw=0.9, label="theory")
    left.set(ylabel="correlation with all pairs", ylim=(0, 1.04))
    right.set(ylabel="relative error of a distance", ylim=(0, None))
    for ax in (left, right):
        ax.legend()
    return figure


def one_distance(sizes: np.ndarray, band: np.ndarray, draws: np.ndarray, n: int) -> Figure:
    """One distance from n pairs, drawn again and again, in the band that theory gives.

    Args:
        sizes: (S,) numbers of pairs. band: (2, S) ends of the theoretical 95 % band over the true
            value. draws: (R,) estimates from n pairs over the true value.
    """
    figure, (ax,) = style.panels(width=4.6, height=2.4)
    jitter = (np.random.default_rng(0).random(len(draws)) - 0.5) * 0.02 * sizes.max()
    ax.fill_between(sizes, *band, color=style.SKY, alpha=0.35, linewidth=0, label="theory, 95 %")
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.scatter(n + jitter, draws, s=7, color=style.RED, linewidths=0, label=f"{len(draws)} draws")
    low, high = (np.interp(n, sizes, end) for end in band)
    ax.set(
        xlabel="pairs of prompt and response",
        ylabel="estimate / distance by all pairs",
        title=f"{n} pairs: {np.mean((draws > low) & (draws < high)):.0%} of the draws inside",
        ylim=(0, None),
    )
    ax.legend(loc="upper right")
    return figure


def bend(table: pd.DataFrame, t: float) -> Figure:
    """Two laws that part as t grows, of `conditional_kl.tilted`, with a mark at one t."""
    figure, (ax,) = style.panels(width=4.6, height=2.4)
    row = table.iloc[(table.t - t).abs().argmin()]
    labels = {
        "kl": "exact KL",
        "half_variance": "half the variance, responses of the first",
        "elsewhere": "half the variance, all responses alike",
    }
    colours = [style.BLACK, style.BLUE, style.RED]
    table.rename(columns=labels).plot("t", list(labels.values()), color=colours, ax=ax)
    ax.scatter([row.t] * 3, row[list(labels)], s=16, color=colours, zorder=3)
    ratio = f"ratio {row.half_variance / row.kl:.2f}"
    ax.set(
        xlabel="how far the second law is tilted, t",
        ylabel="nats",
        title=f"KL {row.kl:.3f}, half the variance {row.half_variance:.3f}: {ratio}",
    )
    return figure


def controls(table: pd.DataFrame) -> Figure:
    """How well the sum predicts the composition, beside what must fail, of `world_map.sums`."""
    shown = {name: words for name, words in _CONTROLS.items() if table[name].notna().any()}
    long = table.melt("operations", list(shown), "tried")
    long["tried"] = [shown[name][0] for name in long.tried]
    long["value"] = long["value"].clip(lower=-1.5)
    figure, (ax,) = style.panels(width=style.PAGE, height=2.6)
    _strips(ax, long, "operations", "value", "tried", dict(shown.values()), "median")
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.set(ylabel="$R^2$ of the move of all", ylim=(-1.6, 1.1), xlabel="tags shown")
    return figure


def directions(table: pd.DataFrame) -> Figure:
    """Cosines between the moves of two models, of `world_map.directions`."""
    figure, (ax,) = style.panels(width=4.8, height=2.4)
    _strips(ax, table, "operation", "cosine", "pair", _palette(table.pair), "mean")
    ax.set(xlabel="tags shown", ylabel="cosine of two models' moves", ylim=(-0.4, 1.05))
    return figure


def switchboard(
    points: Mapping[str, np.ndarray],
    shown: str,
    left: np.ndarray,
    responses: Sequence[str],
    title: str,
) -> Figure:
    """One model under every prompt: single arrows, their sum (dashed), and the true move.

    points: tags -> (2,) place, "none" being the start; shown: the tags that are on; left: (N,) what
    the composition does beyond the sum, nats.
    """
    figure, (plane, bars) = style.panels(2, height=2.9, width_ratios=(1, 1))
    start = points["none"]
    for number, (name, xy) in enumerate(points.items()):  # labels of close points on both sides
        plane.plot(*xy, "o", ms=3, color=style.GREY)
        side = {"xytext": (3, 3)} if number % 2 else {"xytext": (3, -3), "va": "top"}
        plane.annotate(name, xy, textcoords="offset points", fontsize=6.5, **side)
    parts = [points[tag] for tag in shown]
    arrows = [(xy, style.BLUE, "-") for xy in parts]
    if len(parts) > 1:
        arrows.append((start + sum(xy - start for xy in parts), style.BLUE, "--"))
        arrows.append((points[shown], style.RED, "-"))
    for end, *look in arrows:
        _arrow(plane, start, end, *look)
    plane.set(xlabel="component 1, nats", ylabel="component 2, nats", title=title)
    tags = [name for name in points if name != "none"]
    plane.update_datalim([start + sum(points[tag] - start for tag in name) for name in tags])
    plane.margins(0.15)
    worst = np.argsort(-np.abs(left))[:8]
    bars.barh(range(len(worst)), left[worst], color=style.PURPLE)
    texts = [_one_line(responses[k]) for k in worst]
    bars.set_yticks(range(len(worst)), texts, fontsize=5.5, family="monospace")
    bars.invert_yaxis()
    bars.axvline(0, color=style.BLACK, lw=0.5)
    bars.set(xlabel="move beyond the sum, nats", title="responses where the sum fails most")
    return figure


def identity(table: pd.DataFrame, fits: Mapping[str, pd.Series]) -> Figure:
    """The move of two operations against the sum of single moves, of `world_map.exact_laws`; from
    each sum a line leads as far as Bayes says."""
    figure, axes = style.panels(len(fits), height=2.7, sharex=True, sharey=True)
    ends = np.quantile(table[["sum", "both"]], (0, 1))
    for ax, (name, fit) in zip(axes, fits.items(), strict=True):
        law = table[table.law == name]
        ax.plot(ends, ends, ":", color=style.BLACK, lw=0.8)
        ax.plot(law["sum"], fit.slope * law["sum"], color=style.BLUE, lw=0.8)
        ax.vlines(law["sum"], law["sum"], law["sum"] + law.bayes, color=style.ORANGE, lw=0.8)
        ax.scatter(law["sum"], law.both, s=9, color=style.BLUE, linewidths=0, zorder=3)
        ax.set(title=f"{name}: slope {fit.slope:.2f}", xlabel="sum of both moves, nats")
    axes[0].set_ylabel("move of both together, nats")
    return figure


def letters(texts: Sequence[str], values: np.ndarray, notes: Sequence[str], title: str) -> Figure:
    """S texts letter by letter on the colour of (S, T) log-ratios in nats, notes beside them."""
    shown = [[_one_line(letter) for letter in text] for text in texts]
    figure, (ax,) = style.panels(width=style.PAGE, height=0.5 + 0.24 * len(texts))
    top = float(np.quantile(np.abs(values), 0.98)) / 0.7 or 1.0  # the darkest are too dark
    looks = {"cmap": "RdBu", "vmin": -top, "vmax": top, "cbar": False, "linewidths": 0.5}
    size = {"size": 6.5, "family": "monospace", "color": style.BLACK}
    looks |= {"annot": np.array(shown), "fmt": "", "annot_kws": size}
    sns.heatmap(values, xticklabels=False, yticklabels=notes, ax=ax, **looks)
    ax.yaxis.tick_right()
    ax.tick_params("y", rotation=0, length=0)
    ax.set_title(title, loc="left")
    return figure


def _palette(labels: Sequence) -> dict:
    """A colour for every label; the house's as far as they go."""
    names = list(dict.fromkeys(labels))
    colours = sns.color_palette(style.COLOURS if len(names) <= 7 else "husl", len(names))
    return dict(zip(names, colours, strict=True))


def _arrow(ax: Axes, start, end, colour: str, dash: str = "-") -> None:
    look = {"arrowstyle": "->", "color": colour, "lw": 1.1, "ls": dash}
    ax.annotate("", end, start, arrowprops=look | {"shrinkA": 0, "shrinkB": 0})


def _key_below(figure: Figure, axes: Sequence[Axes]) -> None:
    """One key for all panels; seaborn's headings of colour and shape are left out."""
    entries = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
        ax.legend_.remove()
    entries = {label: entry for label, entry in entries.items() if label not in ("colour", "shape")}
    look = {"loc": "outside lower center", "handletextpad": 0.1}
    figure.legend(entries.values(), entries.keys(), ncols=6, **look)


def _strips(ax: Axes, table, x: str, y: str, hue: str, palette: dict, estimator: str) -> None:
    """Points side by side for each hue, with a bar at their mean or median."""
    looks = {"x": x, "y": y, "hue": hue, "hue_order": list(palette), "palette": palette, "ax": ax}
    sns.stripplot(table, dodge=True, jitter=False, size=2.8, alpha=0.7, **looks)
    rng = np.random.default_rng(0)  # seaborn's own jitter is another in every process
    for dots in ax.collections:
        places = np.array(dots.get_offsets())
        places[:, 0] += rng.uniform(-0.1, 0.1, len(places)) / len(palette)
        dots.set_offsets(places)
    bar = {"marker": "_", "markersize": 9, "linestyle": "none", "errorbar": None, "legend": False}
    apart = 0.8 * (1 - 1 / len(palette))
    sns.pointplot(table, dodge=apart, estimator=estimator, **bar, **looks)
    ax.axhline(0, color=style.BLACK, lw=0.4)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.5)


def _one_line(text: str) -> str:
    """Text in one line, nothing in it taken for mathematics."""
    return text.replace("\n", "⏎").replace("\t", "→").replace("$", r"\$")
