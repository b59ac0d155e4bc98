"""More figures of notebook 10: what KL hides, abilities, guessed mixtures, and its live views."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import style
from lmnotes.papers.domain_mixture.figures import LABELS, RULES, log_ticks

OTHER = "#D0D0D0"  # of rules that a figure does not name


def lengths(table: pd.DataFrame) -> Figure:
    """Both kinds of KL per byte and the share between domains against the length of the texts.

    table: columns target, n_bytes, kl_var, exact_kl, between.
    """
    figure, axes = style.panels(3, height=2.1)
    panels = (
        ("kl_var", "KL of the map, bits per byte"),
        ("exact_kl", "exact KL, bits per byte"),
        ("between", "share of variance\nbetween domains"),
    )
    for ax, (value, name) in zip(axes, panels, strict=True):
        for number, (target, part) in enumerate(table.groupby("target", sort=False)):
            ax.plot(
                part.n_bytes,
                part[value],
                "-o",
                ms=3.5,
                color=style.COLOURS[number],
                label=target,
            )
        ax.set(xscale="log", xlabel="bytes of a text", ylabel=name)
        ax.set_xticks(list(part.n_bytes), [str(n) for n in part.n_bytes])
        ax.minorticks_off()
        ax.set_ylim(bottom=0)
    axes[0].legend()
    return figure


def abilities(table: pd.DataFrame) -> Figure:
    """How far the scores of each run are from the target's, against both kinds of KL.

    table: columns target, rule, kl_var, exact_kl, distance (points).
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(2, height=2.4, sharey=True)
    shown = ("uniform", "lld_sd", "kd", "oracle", "anti")
    names = {"kl_var": "KL of the map, bits per byte", "exact_kl": "exact KL, bits per byte"}
    for ax, (metric, name) in zip(axes, names.items(), strict=True):
        for marker, target in zip("osD^", targets, strict=False):
            part = table[table.target == target]
            part = part.sort_values("rule", key=lambda column: column.isin(shown))
            colours = [RULES[rule] if rule in shown else OTHER for rule in part.rule]
            ax.scatter(part[metric], part.distance, s=12, marker=marker, linewidths=0, c=colours)
        ax.set(xscale="log", xlabel=name)
        log_ticks(ax.xaxis, table[metric])
    axes[0].set_ylabel("distance of scores,\npoints per task")
    for rule in shown:
        axes[1].scatter([], [], s=12, color=RULES[rule], label=LABELS[rule])
    axes[1].scatter([], [], s=12, color=OTHER, label="other rules")
    for marker, target in zip("osD^", targets, strict=False):
        axes[1].scatter(
            [],
            [],
            s=12,
            marker=marker,
            facecolor="none",
            edgecolor=style.BLACK,
            linewidths=0.7,
            label=f"target {target}",
        )
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside right")
    return figure


def recovery(simulated: pd.DataFrame, hidden: pd.DataFrame) -> Figure:
    """How well known mixtures are guessed: from simulated targets, and from models really trained.

    Args:
        simulated: columns rule, noise, distance (total variation, mean over mixtures).
        hidden: columns domain, true, guessed (shares).
    """
    figure, (left, right) = style.panels(2, height=2.4)
    for number, (rule, part) in enumerate(simulated.groupby("rule", sort=False)):
        left.plot(
            100 * part.noise, part.distance, "-o", ms=3, color=style.COLOURS[number], label=rule
        )
    left.set(
        xlabel="noise, per cent of the gap",
        ylabel="total variation to the true mixture",
        ylim=(0, None),
    )
    left.legend()
    for number, (domain, part) in enumerate(hidden.groupby("domain", sort=False)):
        marker = "o" if number < len(style.COLOURS) else "s"
        right.plot(
            part.true,
            part.guessed,
            marker,
            ms=3.5,
            mew=0,
            label=domain,
            color=style.COLOURS[number % len(style.COLOURS)],
        )
    top = max(hidden.true.max(), hidden.guessed.max())
    right.plot([0, top], [0, top], ":", color=style.BLACK, lw=0.7)
    right.set(xlabel="true share", ylabel="share guessed from log-likelihoods")
    right.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def log_laws(table: pd.DataFrame) -> Figure:
    """Loss of each domain against its share, with the line of the log law (F8).

    table: columns domain, share, loss (nats), slope, intercept.
    """
    names = list(dict.fromkeys(table.domain))
    figure, axes = style.panels(min(len(names), 4), height=1.9)
    for ax, name in zip(axes, names, strict=False):
        part = table[table.domain == name].sort_values("share")
        line = part.intercept + part.slope * np.log(part.share)
        ax.plot(part.share, part.loss, "o", ms=3, mew=0, alpha=0.7, color=style.BLUE)
        ax.plot(part.share, line, color=style.RED)
        ax.set(
            xscale="log",
            xlabel="share in training",
            title=f"{name}: {part.slope.iloc[0]:.2f} per e-fold",
        )
        log_ticks(ax.xaxis, part.share)
    axes[0].set_ylabel("loss, nats per byte")
    return figure


def recipe(
    places: np.ndarray, names: Sequence[str], mixtures: Mapping[str, np.ndarray], cosine: float
) -> Figure:
    """Where a mixture is predicted to lead, seen from the side, and the mixture beside others.

    Args:
        places: (K, 2) moves by single domains (`measures.plane`); the target is at (1, 0).
        mixtures: (K,) shares by name, the reader's first. cosine: of the reader's move.
    """
    figure, (left, right) = style.panels(2, height=2.8, width_ratios=(1.2, 1))
    colours = (style.BLUE, style.RED, style.GREY)
    left.annotate("", (1, 0), (0, 0), arrowprops={"arrowstyle": "->", "color": style.ORANGE})
    left.text(1, 0, " target", color=style.ORANGE, va="center")
    for name, (x, y) in zip(names, places, strict=True):
        left.plot([0, x], [0, y], color=style.GREY, lw=0.7)
        left.text(x, y, name, fontsize=6.5, color=style.GREY)
    for (name, shares), colour in zip(mixtures.items(), colours, strict=False):
        x, y = shares @ places
        left.annotate(
            "", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.8}
        )
        left.plot(x, y, "o", ms=3, color=colour, label=name)
    left.set(xlabel="towards the target", ylabel="astray", title=f"your cosine: {cosine:.2f}")
    ends = np.concatenate([places, [[0, 0], [1, 0]]])
    left.set_xlim(ends[:, 0].min() - 0.15, ends[:, 0].max() + 0.3)
    left.margins(y=0.1)
    at, height = np.arange(len(names)), 0.8 / len(mixtures)
    for number, (name, shares) in enumerate(mixtures.items()):
        right.barh(
            at + height * (number - (len(mixtures) - 1) / 2),
            shares,
            height,
            color=colours[number % 3],
            label=name,
        )
    right.set_yticks(at, names)
    right.invert_yaxis()
    right.set_xlabel("share")
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def dial(
    weights: np.ndarray,
    names: Sequence[str],
    entropy: float,
    table: pd.DataFrame,
    temperature: float,
) -> Figure:
    """The weights at one temperature, and both kinds of KL at those that were trained.

    table: columns temperature, kl_var, exact_kl, for one target.
    """
    figure, (left, right) = style.panels(2, height=2.4)
    kept = table[np.isfinite(table.temperature)].sort_values("temperature")
    uniform = table[~np.isfinite(table.temperature)].iloc[0]
    left.barh(range(len(names)), weights, color=style.RED)
    left.axvline(1 / len(names), color=style.GREY, lw=0.8, ls=":")
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set(
        xlabel="share",
        xlim=(0, 1),
        title=f"T = {temperature:g}: entropy {entropy:.2f} of {np.log(len(names)):.2f}",
    )
    for metric, colour in (("kl_var", style.BLUE), ("exact_kl", style.RED)):
        name = "KL of the map" if metric == "kl_var" else "exact KL"
        right.plot(
            kept.temperature,
            kept[metric] / uniform[metric],
            "-o",
            ms=3.5,
            color=colour,
            label=name,
        )
    right.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    right.axvline(temperature, color=style.GREY, lw=1)
    right.set(xscale="log", xlabel="temperature, nats per byte", ylabel="over uniform's")
    log_ticks(right.xaxis, [*kept.temperature, temperature])
    right.legend()
    return figure


def diet(
    names: Sequence[str], gaps: np.ndarray, guess: np.ndarray, truth: np.ndarray | None, title: str
) -> Figure:
    """What a hidden model finds likelier than one of uniform diet, the guess, and the truth."""
    figure, (left, right) = style.panels(2, height=2.3, sharey=True)
    at = np.arange(len(names))
    left.barh(at, gaps, 0.7, color=style.SKY)
    left.axvline(0, color=style.BLACK, lw=0.6)
    left.set(xlabel="hidden less uniform, nats per byte", title=title)
    left.set_yticks(at, names)
    left.invert_yaxis()
    right.barh(at - 0.2, guess, 0.38, color=style.RED, label="softmax of the left")
    if truth is not None:
        right.barh(at + 0.2, truth, 0.38, color=style.BLUE, label="what it was trained on")
    right.axvline(1 / len(names), color=style.GREY, lw=0.8, ls=":")
    right.set(xlabel="share")
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def two_students(table: pd.DataFrame, title: str) -> Figure:
    """Mean difference to the target in each domain, of two students.

    table: columns student, domain, gap (nats per byte, target less student).
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=2.4)
    students = list(dict.fromkeys(table.student))
    for number, student in enumerate(students):
        part = table[table.student == student]
        at = np.arange(len(part)) + 0.4 * (number - 0.5)
        ax.barh(at, part.gap, 0.38, color=style.COLOURS[number], label=student)
    ax.axvline(0, color=style.BLACK, lw=0.6)
    ax.set_yticks(range(len(part)), part.domain)
    ax.invert_yaxis()
    ax.set(xlabel="target less student, nats per byte")
    ax.set_title(title, fontsize=7, loc="left")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def superposed(
    predicted: np.ndarray, true: np.ndarray, which: np.ndarray, names: Sequence[str], title: str
) -> Figure:
    """What the sum of single-domain moves predicts for each text, and what the mixture's step did.

    Args:
        predicted, true: (N,) nats, centred. which: (N,) domain of each text.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.55, height=2.6)
    for number, name in enumerate(names):
        marker = "o" if number < len(style.COLOURS) else "s"
        ax.plot(
            true[which == number],
            predicted[which == number],
            marker,
            ms=3,
            mew=0,
            alpha=0.7,
            color=style.COLOURS[number % len(style.COLOURS)],
            label=name,
        )
    ends = [true.min(), true.max()]
    ax.plot(ends, ends, ":", color=style.BLACK, lw=0.8)
    ax.set(xlabel="true change of a text, nats", ylabel="sum of single-domain changes")
    ax.set_title(title, fontsize=7, loc="left")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=6)
    return figure
