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

_FACTORS = {"taste": style.BLUE, "rule": style.RED, "size": style.GREY}
_CONTROLS = {
    "r2": ("sum of the parts", style.BLUE),
    "best_single": ("best part alone", style.ORANGE),
    "wrong": ("one part wrong", style.RED),
    "other": ("another model's sum", style.PURPLE),
    "random": ("a random vector", style.GREY),
}


def maps(table: pd.DataFrame, shares: Mapping[str, Sequence[float]], columns: int = 6) -> Figure:
    """The same models on several maps, a panel each, by colour and shape.

    Args:
        table: columns map, x and y (principal components in nats), colour and shape (labels).
        shares: map -> shares of the variance of its two components.
        columns: of the key.
    """
    figure, axes = style.panels(len(shares), height=2.7)
    for ax, (name, (first, second)) in zip(axes, shares.items(), strict=True):
        scatter_models(ax, table[table["map"] == name])
        xlabel = f"component 1 ({first:.0%}), nats"
        ax.set(title=name, xlabel=xlabel, ylabel=f"component 2 ({second:.0%}), nats")
    _key_below(figure, axes, columns)
    return figure


def scatter_models(ax: Axes, table: pd.DataFrame) -> None:
    """Models as points of a plane; table: columns x, y, colour and shape."""
    looks = {"hue": "colour", "palette": _palette(table.colour), "s": 30, "ax": ax}
    if table["shape"].nunique() > 1:
        looks |= {"style": "shape"}
    sns.scatterplot(table, x="x", y="y", **looks)
    for line in (ax.axhline, ax.axvline):
        line(0, color=style.GREY, lw=0.3, zorder=0)
    ax.margins(0.12)


def factor_bars(table: pd.DataFrame) -> Figure:
    """The share of each map's squared distances that each factor explains, with its interval.

    table: columns map, factor, r2, low, high, p.
    """
    label = "share of squared distance explained (PERMANOVA $R^2$)"
    figure = style.bars(table, "r2", "low", "high", "map", label, groups="factor", colours=_FACTORS)
    (ax,) = figure.axes
    bars = [container for container in ax.containers if isinstance(container, BarContainer)]
    for container, (_, part) in zip(bars, table.groupby("factor", sort=False), strict=True):
        notes = [f"p = {p:.2g}" for p in part.p]
        ax.bar_label(container, notes, padding=3, fontsize=5.5, color=style.GREY)
    ax.set_xlim(0, 1.12)
    return figure


def pairs(table: pd.DataFrame, x: str, labels: Mapping[str, str], log: bool = False) -> Figure:
    """One measure of pairs of models against each of the others, a panel each, by kind of pair.

    Args:
        table: the columns of `labels`, x among them, and kind. labels: column -> axis label.
        log: logarithmic axes of one unit, with the line on which both are equal.
    """
    columns = [column for column in labels if column != x]
    figure, axes = style.panels(len(columns), height=2.8)
    looks = {"hue": "kind", "palette": _palette(table.kind), "s": 12, "linewidth": 0, "alpha": 0.8}
    for ax, column in zip(axes, columns, strict=True):
        sns.scatterplot(table, x=x, y=column, ax=ax, **looks)
        ax.set(xlabel=labels[x], ylabel=labels[column])
        if log:
            both = table[[x, column]].to_numpy()
            _diagonal(ax, both.min() * 0.8, both.max() * 1.25)
    _key_below(figure, axes, 6)
    return figure


def ruler(table: pd.DataFrame) -> Figure:
    """Where half the variance leaves the KL: a model against noisier and noisier copies of itself.

    table: of `small_world_kl.ruler`.
    """
    figure, (left, right) = style.panels(2, height=2.5)
    own = {"fmt": "o-", "ms": 4, "color": style.BLUE, "label": "responses of the model itself"}
    left.errorbar(table.kl, table.half_variance, xerr=2 * table.kl_error, **own)
    _diagonal(left, table.kl.min() * 0.7, table.kl.max() * 1.4, "half the variance = KL")
    left.set(xlabel="exact KL, nats per response", ylabel="half the variance, nats")
    looks = {"style": "o-", "ms": 4, "color": [style.BLUE, style.RED], "logx": True, "ax": right}
    looks["label"] = ["its own responses", "given responses"]
    table.plot("kl", ["ratio", "given_ratio"], **looks)
    right.axhline(1, color=style.BLACK, lw=0.8, ls=":")
    right.set(xlabel="exact KL, nats per response", ylabel="half the variance / KL", ylim=(0, None))
    left.legend()
    return figure


def scale(by_length: pd.DataFrame, by_clip: pd.DataFrame) -> Figure:
    """What moves the scale of the map's divergence: the length of responses, and the clip.

    Args:
        by_length: columns length, ratio. by_clip: columns share, r, ratio.
    """
    figure, axes = style.panels(3, height=2.2)
    ratio, clipped = "half the variance / exact KL", "entries clipped, %"
    for ax, (x, xlabel, y, ylabel) in zip(
        axes,
        (
            (by_length.length, "length of the response, bytes", by_length.ratio, ratio),
            (100 * by_clip.share, clipped, by_clip.ratio, ratio),
            (100 * by_clip.share, clipped, by_clip.r, "correlation with exact KL"),
        ),
        strict=True,
    ):
        ax.plot(x, y, "o-", ms=4, color=style.RED if ylabel == ratio else style.BLUE)
        ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.set_ylim(bottom=0)
    axes[0].set_xscale("log", base=2)
    axes[0].set_xticks(by_length.length, by_length.length)
    return figure


def budget(table: pd.DataFrame, theory: pd.DataFrame) -> Figure:
    """How many pairs a map needs: correlation with the map of all, and error of its distances.

    Args:
        table: of `factor_shares.budget`. theory: columns n and error, the median over pairs of
            models.
    """
    figure, axes = style.panels(2, height=2.3)
    for ax, y, colour in zip(axes, ("r", "error"), (style.BLUE, style.RED), strict=True):
        looks = {"color": colour, "marker": "o", "label": "median, and 90 % of draws"}
        sns.lineplot(table, x="n", y=y, estimator="median", errorbar=("pi", 90), ax=ax, **looks)
    axes[1].plot(theory.n, theory.error, "--", color=style.BLACK, lw=0.9, label="theory")
    for ax, label in zip(
        axes, ("correlation with all pairs", "relative error of a distance"), strict=True
    ):
        ax.set(xlabel="pairs of prompt and response", ylabel=label)
        ax.set_ylim(bottom=0)
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
    """Two laws that part as t grows: exact KL, half the variance under each, a mark at one t.

    table: of `conditional_kl.tilted`.
    """
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


def controls(table: pd.DataFrame, by: str = "operations") -> Figure:
    """How well the sum predicts the composition, case by case, beside what must fail.

    table: a column `by`, and r2, best_single, wrong, other, random; a row per model and case.
    """
    shown = [name for name in _CONTROLS if table[name].notna().any()]
    long = table.melt(by, shown, "tried").replace(
        {"tried": {name: _CONTROLS[name][0] for name in shown}}
    )
    long["value"] = long["value"].clip(lower=-1.5)
    figure, (ax,) = style.panels(width=style.PAGE, height=2.6)
    _strips(ax, long, by, "value", "tried", dict(_CONTROLS[name] for name in shown), "median")
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.set(ylabel="$R^2$ of the composition", ylim=(-1.6, 1.1), xlabel=by)
    return figure


def directions(table: pd.DataFrame) -> Figure:
    """Cosines between shifts of different models, by operation and by what they share.

    table: columns operation, pair ("same rule", "different rules"), cosine.
    """
    figure, (ax,) = style.panels(width=4.8, height=2.4)
    _strips(ax, table, "operation", "cosine", "pair", _palette(table.pair), "mean")
    ax.set(xlabel="tags shown", ylabel="cosine of two models' shifts", ylim=(-0.4, 1.05))
    return figure


def switchboard(
    points: Mapping[str, np.ndarray],
    shown: str,
    left: np.ndarray,
    responses: Sequence[str],
    title: str,
) -> Figure:
    """One model under every prompt: single arrows, their sum (dashed), and the true move.

    Args:
        points: tags -> (2,) place; "none" is where it starts. shown: the tags that are on.
        left: (N,) what the composition does beyond the sum, nats. responses: N.
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
    for end, colour, dash in arrows:
        look = {"arrowstyle": "->", "color": colour, "lw": 1.2, "ls": dash}
        plane.annotate("", end, start, arrowprops=look | {"shrinkA": 0, "shrinkB": 0})
    plane.set(xlabel="component 1, nats", ylabel="component 2, nats", title=title)
    plane.margins(0.15)
    worst = np.argsort(-np.abs(left))[:8]
    bars.barh(range(len(worst)), left[worst], color=style.PURPLE)
    texts = [_one_line(responses[k]) for k in worst]
    bars.set_yticks(range(len(worst)), texts, fontsize=5.5, family="monospace")
    bars.invert_yaxis()
    bars.axvline(0, color=style.BLACK, lw=0.5)
    bars.set(xlabel="move beyond the sum, nats", title="responses where the sum fails most")
    return figure


def identity(laws: Mapping[str, tuple[np.ndarray, np.ndarray, float, float]]) -> Figure:
    """The interaction of two operations against the PMI that Bayes says it is, a panel per law.

    laws: name -> left and right side (Y,), slope and R^2 of the sum.
    """
    figure, axes = style.panels(len(laws), height=2.4)
    for ax, (name, (left, right, slope, r2)) in zip(axes, laws.items(), strict=True):
        both = np.concatenate([left, right, [-0.05, 0.05]])
        ends = [both.min(), both.max()]
        ax.plot(ends, ends, color=style.GREY, lw=0.7)
        ax.scatter(right, left, s=10, color=style.BLUE, linewidths=0)
        title = f"{name}\nslope {slope:.2f}, $R^2$ = {r2:.2f}"
        ax.set(title=title, xlabel="PMI of the operations given y, nats")
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_ylabel("move beyond the sum, nats")
    return figure


def growth(table: pd.DataFrame, ylabel: str) -> Figure:
    """What tuned models gain by two estimators, against the steps of tuning: a curve per base.

    table: columns base, tuning, step, growth (solid) and marginal (dashed); step 0 is the base.
    """
    names = list(dict.fromkeys(table.tuning))
    figure, axes = style.panels(len(names), height=2.6, sharey=True)
    looks = {"x": "step", "hue": "base", "palette": _palette(table.base), "marker": "o"}
    for ax, name in zip(axes, names, strict=True):
        part = table[table.tuning == name]
        sns.lineplot(part, y="growth", ax=ax, **looks)
        sns.lineplot(part, y="marginal", ax=ax, ls="--", legend=False, **looks)
        ax.axhline(0, color=style.BLACK, lw=0.4)
        ax.set(xlabel="steps of tuning", ylabel=ylabel, title=f"tuned on {name}")
    _key_below(figure, axes, 3)
    return figure


def levels(names: Sequence[str], values: np.ndarray, xlabel: str) -> Figure:
    """One number per model, the largest on top."""
    figure, (ax,) = style.panels(width=5, height=0.6 + 0.16 * len(names))
    pd.Series(values, names).sort_values().plot.barh(ax=ax, color=style.BLUE, fontsize=6)
    ax.set(xlabel=xlabel)
    return figure


def letters(texts: Sequence[str], values: np.ndarray, notes: Sequence[str], title: str) -> Figure:
    """Texts letter by letter, each on a colour: blue where the first model likes it more.

    Args:
        texts: S of T letters. values: (S, T) log-ratios in nats. notes: at the end of each line.
    """
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


def _key_below(figure: Figure, axes: Sequence[Axes], columns: int) -> None:
    """One key for all panels; seaborn's headings of colour and shape are left out."""
    entries = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
        ax.legend_.remove()
    entries = {label: entry for label, entry in entries.items() if label not in ("colour", "shape")}
    look = {"loc": "outside lower center", "handletextpad": 0.1}
    figure.legend(entries.values(), entries.keys(), ncols=columns, **look)


def _diagonal(ax: Axes, low: float, high: float, label: str | None = None) -> None:
    """Logarithmic axes with the line on which both are equal."""
    ax.plot([low, high], [low, high], ":", color=style.BLACK, lw=0.8, label=label)
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())


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
