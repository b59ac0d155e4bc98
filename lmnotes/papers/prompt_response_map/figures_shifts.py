"""Figures of prompts that move models: arrows and sums, controls, and models that are tuned."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

_TESTS = {
    "r2": ("sum of the parts", style.BLUE),
    "best_single": ("best part alone", style.ORANGE),
    "wrong": ("one part wrong", style.RED),
    "other": ("another model's sum", style.PURPLE),
    "random": ("a random vector", style.GREY),
}


def controls(table: pd.DataFrame, by: str = "operations") -> Figure:
    """How well the sum predicts the composition, case by case, beside what must fail.

    table: a column `by`, and r2, best_single, wrong, other, random; a row per model and case.
    """
    groups = list(dict.fromkeys(table[by]))
    shown = [name for name in _TESTS if table[name].notna().any()]
    figure, (ax,) = style.panels(width=style.PAGE, height=2.6)
    rng, width = np.random.default_rng(0), 0.8 / len(shown)
    for number, name in enumerate(shown):
        label, colour = _TESTS[name]
        for place, group in enumerate(groups):
            values = table[name][table[by] == group].clip(lower=-1.5)
            x = place + width * (number - (len(shown) - 1) / 2)
            at = x + (rng.random(len(values)) - 0.5) * 0.5 * width
            ax.scatter(
                at,
                values,
                s=8,
                color=colour,
                linewidths=0,
                alpha=0.7,
                label=label if not place else None,
            )
            ax.plot([x - 0.4 * width, x + 0.4 * width], [values.median()] * 2, color=colour)
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.axhline(0, color=style.BLACK, lw=0.4)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel="$R^2$ of the composition", ylim=(-1.6, 1.1), xlabel=by)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.5)
    return figure


def directions(table: pd.DataFrame) -> Figure:
    """Cosines between shifts of different models, by operation and by what they share.

    table: columns operation, pair ("same rule", "different rules"), cosine.
    """
    names, pairs = list(dict.fromkeys(table.operation)), list(dict.fromkeys(table.pair))
    figure, (ax,) = style.panels(width=4.8, height=2.4)
    rng = np.random.default_rng(0)
    for number, (pair, colour) in enumerate(zip(pairs, (style.BLUE, style.RED), strict=False)):
        for place, name in enumerate(names):
            values = table.cosine[(table.operation == name) & (table.pair == pair)]
            x = place + 0.36 * (number - 0.5)
            at = x + (rng.random(len(values)) - 0.5) * 0.24
            ax.scatter(
                at,
                values,
                s=7,
                color=colour,
                linewidths=0,
                alpha=0.6,
                label=pair if not place else None,
            )
            ax.plot([x - 0.15, x + 0.15], [values.mean()] * 2, color=style.BLACK, lw=1)
    ax.axhline(0, color=style.BLACK, lw=0.4)
    ax.set_xticks(range(len(names)), names)
    ax.set(xlabel="tags shown", ylabel="cosine of two models' shifts", ylim=(-0.4, 1.05))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def switchboard(
    points: Mapping[str, np.ndarray],
    shown: str,
    left: np.ndarray,
    words: Sequence[str],
    title: str,
) -> Figure:
    """One model under every prompt: single arrows, their sum (dashed), and the true move.

    Args:
        points: tags -> (2,) place; "none" is where it starts. shown: the tags that are on.
        left: (N,) what the composition does beyond the sum, nats. words: (N,) the responses.
    """
    figure, (plane, bars) = style.panels(2, height=2.9, width_ratios=(1, 1))
    start, at = points["none"], {name: xy for name, xy in points.items()}
    for number, (name, xy) in enumerate(at.items()):  # labels of close points on both sides
        plane.plot(*xy, "o", ms=3, color=style.GREY)
        place = {"xytext": (3, 3)} if number % 2 else {"xytext": (3, -3), "va": "top"}
        plane.annotate(name, xy, textcoords="offset points", fontsize=6.5, **place)
    parts = [at[one] for one in shown if one in at]
    for xy in parts:
        _arrow(plane, start, xy, style.BLUE)
    if len(parts) > 1:
        total = start + sum(xy - start for xy in parts)
        _arrow(plane, start, total, style.BLUE, ls="--")
    if shown in at and len(shown) > 1:
        _arrow(plane, start, at[shown], style.RED)
    plane.set(xlabel="component 1, nats", ylabel="component 2, nats", title=title)
    plane.margins(0.15)
    worst = np.argsort(-np.abs(left))[:8]
    bars.barh(range(len(worst)), left[worst], color=style.PURPLE)
    bars.set_yticks(
        range(len(worst)), [_shown(words[k]) for k in worst], fontsize=5.5, family="monospace"
    )
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
        ends = np.array([both.min(), both.max()])
        ax.plot(ends, ends, color=style.GREY, lw=0.7)
        ax.scatter(right, left, s=10, color=style.BLUE, linewidths=0)
        ax.set(
            title=f"{name}\nslope {slope:.2f}, $R^2$ = {r2:.2f}",
            xlabel="PMI of the operations given y, nats",
        )
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_ylabel("move beyond the sum, nats")
    return figure


def growth(table: pd.DataFrame, ylabel: str) -> Figure:
    """What tuned models gain by two estimators, against the steps of tuning: a curve per base.

    table: columns base, tuning, step, growth (solid) and marginal (dashed); step 0 is the base.
    """
    names = list(dict.fromkeys(table.tuning))
    figure, axes = style.panels(len(names), height=2.6, sharey=True)
    bases = list(dict.fromkeys(table.base))
    for ax, name in zip(axes, names, strict=True):
        for base, colour in zip(bases, _many(len(bases)), strict=True):
            part = table[(table.tuning == name) & (table.base == base)].sort_values("step")
            ax.plot(part.step, part.growth, "o-", ms=3, color=colour, label=base)
            ax.plot(part.step, part.marginal, "x--", ms=3, lw=0.8, color=colour)
        ax.axhline(0, color=style.BLACK, lw=0.4)
        ax.set(xlabel="steps of tuning", title=f"tuned on {name}")
    axes[0].set_ylabel(ylabel)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    return figure


def levels(names: Sequence[str], values: np.ndarray, xlabel: str) -> Figure:
    """One number per model, the largest on top."""
    order = np.argsort(values)
    figure, (ax,) = style.panels(width=5, height=0.6 + 0.16 * len(order))
    ax.barh(range(len(order)), np.asarray(values)[order], color=style.BLUE)
    ax.set_yticks(range(len(order)), np.asarray(names)[order], fontsize=6)
    ax.set(xlabel=xlabel)
    return figure


def letters(
    texts: Sequence[str], values: Sequence[np.ndarray], notes: Sequence[str], title: str
) -> Figure:
    """Texts letter by letter, each on a colour: blue where the first model likes it more.

    Args:
        values: for each text (T,) log-ratios in nats. notes: written at the end of each line.
    """
    from matplotlib import colormaps

    longest = max(map(len, texts))
    figure, (ax,) = style.panels(width=style.PAGE, height=0.5 + 0.24 * len(texts))
    largest = max(float(np.quantile(np.abs(np.concatenate(values)), 0.98)), 1e-9)
    for row, (text, value, note) in enumerate(zip(texts, values, notes, strict=True)):
        share = 0.5 + 0.5 * np.clip(value / largest, -1, 1)
        for place, (letter, one) in enumerate(zip(text, share, strict=True)):
            ax.add_patch(_square(place, row, colormaps["RdBu"](0.15 + 0.7 * one)))
            ax.text(
                place + 0.5,
                row + 0.5,
                _shown(letter),
                ha="center",
                va="center",
                fontsize=6.5,
                family="monospace",
            )
        ax.text(longest + 0.6, row + 0.5, note, va="center", fontsize=6.5)
    ax.set(xlim=(0, longest + 14), ylim=(len(texts), 0), xticks=[], yticks=[])
    ax.set_title(title, fontsize=7.5, loc="left")
    ax.spines[["left", "bottom"]].set_visible(False)
    return figure


def _square(x, y, colour):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y + 0.05), 1, 0.9, color=colour, linewidth=0)


def _shown(text: str) -> str:
    """Text in one line, nothing in it taken for mathematics."""
    return text.replace("\n", "⏎").replace("\t", "→").replace("$", r"\$")


def _arrow(ax: Axes, start, end, colour, ls="-") -> None:
    look = {"arrowstyle": "->", "color": colour, "lw": 1.2, "ls": ls, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)


def _many(n: int) -> list:
    """n colours, the house's first."""
    more = (*style.COLOURS, "#8B5A2B", "#6A5ACD", "#556B2F", "#B22222")
    return [more[k % len(more)] for k in range(n)]
