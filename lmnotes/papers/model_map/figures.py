"""Figures that ask whether the map is right: calibration, spectrum, prediction, leaks, mixtures."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.papers.model_map.interpolation import Plane
from lmnotes.papers.model_map.leaks import Reading
from lmnotes.papers.model_map.prediction_runs import COORDINATES, FOLDS, Comparison
from lmnotes.papers.model_map.tokenizers import Moves

_ESTIMATES = (  # column, claim, label
    ("next-byte KL", "kl_token", "next-byte KL on given texts,\nnats per text"),
    ("sampled KL", "kl_text", "KL of sampled texts,\nnats per text"),
)
_MEAN = style.ORANGE  # the mean log-likelihood alone; the coordinates are blue


def by_length(table: pd.DataFrame) -> Figure:
    """Sampled KL and variance estimates against the length of the texts, a panel per pair.

    Args:
        table: of `kl_runs.growth`; all in nats per text.
    """
    estimates = {
        "total": ("s-", style.RED, "map distance"),
        "within": ("^-", style.BLUE, "map distance within domains"),
    }
    figure, axes = style.panels(table.pair.nunique(), height=2.8)
    for ax, (pair, rows) in zip(axes, table.groupby("pair", sort=False), strict=True):
        kl_by_length(ax, rows, estimates)
        names = [textwrap.fill(name, 25) for name in pair.split("\n")]
        ax.set_title("\nand ".join(names), fontsize=6.5)
    axes[0].set_ylabel("nats per text")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def kl_by_length(
    ax: Axes, table: pd.DataFrame, estimates: Mapping[str, tuple[str, str, str]]
) -> None:
    """Sampled KL of two models with its error, by both estimators, and what the map says of it,
    against the length of texts.

    Args:
        table: columns n_bytes, sampled, error (Rao-Blackwell), monte_carlo, monte_carlo_error, and
            those of `estimates`, nats per text.
        estimates: column -> marker and line, colour, label.
    """
    x = table.n_bytes
    for column, error, look, colour, label in (
        ("monte_carlo", "monte_carlo_error", "x", style.GREY, "KL, Monte Carlo"),
        ("sampled", "error", "o-", style.BLACK, "KL, Rao–Blackwell (2 standard errors)"),
    ):
        options = {"fmt": look, "ms": 3, "color": colour, "label": label}
        ax.errorbar(x, table[column], 2 * table[error], **options)
    for column, (look, colour, label) in estimates.items():
        ax.plot(x, table[column], look, ms=3, color=colour, label=label)
    ax.set(xscale="log", yscale="log", xlabel="bytes of a text")
    ax.set_xticks(x, [str(n) for n in x])
    ax.minorticks_off()


def interpolation(plane: Plane) -> Figure:
    """The grid in weight space, in log-likelihood space, and predicted against actual means."""
    points, (mean, predicted_mean) = plane.points, plane.means
    weights = plane.geometry.place(points)
    figure, axes = style.panels(3, height=2.5)
    _net(axes[0], 1000 * weights, points, mean)
    axes[0].set(
        title="weights", xlabel="along step 1, $10^{-3}$ rms", ylabel="across, $10^{-3}$ rms"
    )
    dots = _net(axes[1], plane.coordinates, points, mean)
    axes[1].set(title="log-likelihoods", xlabel="component 1, nats", ylabel="component 2, nats")
    maps.colour_bar(dots, axes[1], "mean log-likelihood, nats")
    look = np.column_stack([points[:, 0], np.full(len(points), 0.35), points[:, 1]])
    axes[2].scatter(mean, predicted_mean, c=look, s=14, linewidths=0)
    maps.equality(axes[2], mean, predicted_mean)
    axes[2].set(xlabel="actual mean, nats", ylabel="predicted mean, nats")
    axes[2].set_title(f"r = {plane.agreement[0]:.3f}, $\\rho$ = {plane.agreement[1]:.3f}")
    where = {"transform": axes[2].transAxes, "ha": "right", "fontsize": 6.5}
    axes[2].text(0.97, 0.05, "red: $a$, blue: $b$", **where)
    return figure


def _net(ax: Axes, places: np.ndarray, points: np.ndarray, mean: np.ndarray):
    """A grid of models drawn as a net, its three given corners named; the dots are returned."""
    side = len(np.unique(points[:, 0]))
    lines = places.reshape(side, side, 2)
    for line in (*lines, *lines.transpose(1, 0, 2)):
        ax.plot(*line.T, color=style.GREY, lw=0.6, zorder=1)
    dots = ax.scatter(
        *places.T, c=mean, cmap="gnuplot_r", s=18, zorder=2, edgecolors="white", linewidths=0.3
    )
    for number, corner in enumerate(((0, 0), (1, 0), (0, 1))):
        at = int(np.flatnonzero((points == corner).all(axis=1))[0])
        out = np.sign(places[at] - places.mean(axis=0)) * 7
        ax.annotate(
            f"$\\theta_{number}$",
            places[at],
            xytext=out,
            textcoords="offset points",
            ha="center",
            va="center",
        )
    ax.margins(0.18)
    return dots


def _arrows(
    ax: Axes, places: np.ndarray, pairs: Sequence[tuple[int, int]], color=style.BLACK, **look
) -> None:
    for start, end in pairs:
        arrow = {"arrowstyle": "-|>", "color": color, **look}
        ax.annotate("", places[end], places[start], arrowprops=arrow)


def agreement(table: pd.DataFrame, claims: Mapping[str, tuple]) -> Figure:
    """The map distance against directly estimated KL of the same pairs, a panel per estimate, and
    how many times the KL it is.

    Args:
        table: of `Group.agreement`, nats per text; `kind` of pair gives the colour.
        claims: of `Group.claims`, for r.
    """
    figure, axes = style.panels(2, height=2.9, sharey=True, width=style.PAGE * 0.85)
    for ax, (column, claim, label) in zip(axes, _ESTIMATES, strict=True):
        for (name, pairs), colour in zip(
            table.groupby("kind", sort=False), style.COLOURS, strict=False
        ):
            dots = {"s": 11, "color": colour, "linewidths": 0, "alpha": 0.8}
            ax.scatter(pairs[column], pairs["map distance"], **dots, label=f"{name} ({len(pairs)})")
        both = table[[column, "map distance"]].to_numpy()
        both = both[(both > 0).all(axis=1)]
        low, high = both.min(), both.max()
        ax.plot([low, high], [low, high], color=style.BLACK, lw=0.8, ls=":", label="equal")
        times = float(np.median(both[:, 1] / both[:, 0]))
        look = {"color": style.RED, "lw": 0.8, "ls": "--"}
        ax.plot([low, high / times], [low * times, high], **look, label="equal, times the factor")
        words = f"{times:.1f} times the KL (median)\nr = {claims[claim][0]:.2f}"
        ax.set_title(words, color=style.RED)
        ax.set(xscale="log", yscale="log", xlabel=label)
    axes[0].set_ylabel("map distance, nats per text")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.3)
    return figure


def kinship(table: pd.DataFrame) -> Figure:
    """What the map and simpler distances tell of known descent, a panel per measure: the mean over
    models, its 95 % interval over lineages, and what chance gives (dotted).

    Args:
        table: of `relatives.judge`.
    """
    measures = list(table.groupby("measure", sort=False))
    ways = list(dict.fromkeys(table.way))[::-1]
    size = {"height": 0.95 + 0.2 * len(ways), "width": style.PAGE}
    figure, axes = style.panels(len(measures), sharey=True, **size)
    for ax, (measure, rows) in zip(axes, measures, strict=True):
        for row in rows.itertuples():
            colour = style.BLUE if row.way == ways[-1] else _MEAN
            ax.hlines(ways.index(row.way), row.low, row.high, color=colour, lw=1)
            ax.plot(row.value, ways.index(row.way), "o", ms=4, color=colour)
        ax.axvline(row.chance, color=style.BLACK, lw=0.8, ls=":")
        if ax is axes[0]:
            ax.text(row.chance + 0.02, -0.45, "chance", fontsize=7)
        ax.set(xlim=(-0.03, 1.03), ylim=(-0.5, len(ways) - 0.5), yticks=range(len(ways)))
        ax.set_title(f"{measure}\n{row.n_models} models, {row.n_lineages} lineages")
        ax.set_yticklabels(ways)
    return figure


def spectrum(cumulative: np.ndarray, marks: Mapping[float, int]) -> Figure:
    """The cumulative contribution of principal components with the numbers that reach a share; in
    the inset, what each of the first adds."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=2.8)
    ax.plot(np.arange(1, len(cumulative) + 1), 100 * cumulative, ".-", ms=4, color=style.BLUE)
    for share, n in marks.items():
        ax.plot([0, n, n], [100 * share, 100 * share, 0], color=style.RED, lw=0.7, ls=":")
        right, low = max(marks.values()) + 0.01 * len(cumulative), 100 * share - 1
        words = f"{100 * share:.0f} %: {n} components"
        ax.text(right, low, words, color=style.RED, fontsize=7, va="top")
    ax.set(xlabel="components", ylabel="share of the squared norm of $Q$, %", ylim=(0, 103))
    ax.set_xlim(left=0)
    inset, first = ax.inset_axes([0.5, 0.13, 0.47, 0.42]), cumulative[:12]
    inset.bar(np.arange(1, len(first) + 1), 100 * np.diff(first, prepend=0), color=style.BLUE)
    inset.set_title("each by itself, %", fontsize=7, pad=2)
    inset.set_xticks(np.arange(1, len(first) + 1, 3))
    inset.tick_params(labelsize=6)
    return figure


def contrast(comparison: Comparison) -> Figure:
    """What the coordinates and what the mean log-likelihood alone tell of each score, under grouped
    and random folds, and the mean of the tasks as it was predicted (Tables 2, 3, Figure 8)."""
    figure, axes = style.panels(3, height=max(2.2, 0.9 + 0.24 * len(comparison.columns)))
    targets, places = comparison.columns, np.arange(len(comparison.columns))[::-1]
    alone = comparison.alone.set_index("target").r[targets]
    low = min(-0.55, comparison.table.r.min() - 0.1)
    for ax, folds in zip(axes, FOLDS, strict=False):
        ax.axvline(0, color=style.GREY, lw=0.5)
        ax.set(title=f"{folds} folds", xlabel="Pearson's r", xlim=(low, 1.05))
        ax.set_yticks(places, targets if ax is axes[0] else [])
        ax.plot(alone, places, "D", ms=4, color=_MEAN, label="mean log-likelihood alone")
        if (COORDINATES, folds) not in comparison.fitted:
            continue
        rows = comparison.fitted[COORDINATES, folds].table(targets)
        ax.hlines(places, alone, rows.r, color=style.GREY, lw=1, zorder=0)
        look = {"fmt": "o", "ms": 4, "color": style.BLUE, "label": "coordinates $Q$"}
        ax.errorbar(rows.r, places, xerr=rows["r sd"], lw=0.8, **look)
    target, row = targets[-1], comparison.summary.loc[targets[-1]]
    dots = _scores(axes[2], comparison.predicted, target, comparison.mean)
    title = f"{target}: r = {row.r:.2f}, $\\rho$ = {row.rho:.2f}"
    axes[2].set(xlabel="measured, %", ylabel="predicted, %", title=title)
    maps.colour_bar(dots, axes[2], "mean log-likelihood, nats")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def by_task(comparison: Comparison) -> Figure:
    """Every score against what the coordinates predict, above, and against the mean
    log-likelihood, below (Figure 18 and its counterpart for the mean)."""
    targets, table = comparison.columns, comparison.predicted
    alone = comparison.alone.set_index("target")
    rows = [(row, target) for row in ("coordinates", "mean") for target in targets]
    figure, panels = style.grid_of(rows, height=1.6)
    for (row, target), ax in panels.items():
        known, x = comparison.summary if row == "coordinates" else alone, comparison.mean
        if row == "coordinates":
            _scores(ax, table, target, comparison.mean, size=5)
        else:
            ax.scatter(table[target], x, s=5, color=_MEAN, linewidths=0)
        words = f"r = {known.r[target]:.2f}"
        ax.set_title(f"{target}\n{words}" if row == "coordinates" else words, fontsize=6.5)
        ax.tick_params(labelsize=6.5, labelleft=ax.get_subplotspec().is_first_col())
        low, high = table[targets].min().min(), table[targets].max().max()
        ax.set(ylim=(low, high) if row == "coordinates" else (x.min() - 9, x.max() + 9))
    panels["coordinates", targets[0]].set_ylabel("predicted, %", fontsize=7)
    panels["mean", targets[0]].set_ylabel("mean log-likelihood,\nnats per text", fontsize=7)
    figure.supxlabel("measured accuracy, %", fontsize=7)
    return figure


def _scores(ax: Axes, table: pd.DataFrame, target: str, mean: np.ndarray, size: float = 11):
    """Predicted against measured scores, coloured by the mean log-likelihood from its 10th to its
    100th percentile; the dots are returned."""
    low, high = np.nanquantile(mean, [0.1, 1])
    look = {"s": size, "cmap": "viridis", "vmin": low, "vmax": high, "linewidths": 0.2}
    x, y = table[target], table[f"{target} predicted"]
    dots = ax.scatter(x, y, c=mean, edgecolors="white", **look)
    maps.equality(ax, x, y)
    return dots


def leakage(reading: Reading, models: pd.DataFrame) -> Figure:
    """By how much likelier the texts are to each leaked model than to its clean twin, sorted; and
    the paper's reading, task mean against mean log-likelihood, both standardised.

    Args:
        models: those of the reading, as `figures.maps.draw` takes them.
    """
    if reading.likelier.empty:
        figure, (right,) = style.panels(height=2.7, width=style.PAGE * 0.6)
    else:
        figure, (left, right) = style.panels(2, height=2.7, width_ratios=[1, 1.15])
        _likelier(left, reading.likelier)
    points = np.column_stack([reading.likelihood, reading.ability])
    maps.draw(right, points, models, size=12, names=[])
    maps.equality(right, reading.likelihood, reading.ability)
    _arrows(right, points, reading.twins, lw=0.8, shrinkA=3, shrinkB=3)
    right.set(xlabel="mean log-likelihood, sd", ylabel="task mean, sd")
    return figure


def _likelier(left: Axes, rows: pd.DataFrame) -> None:
    """`Reading.likelier`, on a logarithmic scale where nothing reaches zero."""
    places = np.arange(len(rows))
    reach = [rows.gap - rows.low, rows.high - rows.gap]
    left.errorbar(rows.gap, places, xerr=reach, fmt="|", ms=9, lw=3, color=style.BLUE)
    if (rows.low > 0).all():
        left.set_xscale("log")
        steps = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if n < 1.2 * rows.high.max()]
        left.set_xticks(steps, [str(n) for n in steps])
        left.minorticks_off()
    else:
        left.axvline(0, color=style.BLACK, lw=0.6)
    left.set_yticks(places, rows.label, fontsize=6.5)
    left.set(xlabel="likelier than its clean twin,\nnats per text", ylim=(-0.6, len(rows) - 0.4))


def moves(trap: Moves, median: float) -> Figure:
    """How far a model moves when its first byte is not scored, when it reads subwords, and when it
    is trained with another seed; beside it, the moves on the map.

    Args:
        median: the median map distance of two models, nats per text.
    """
    figure, (left, right) = style.panels(2, height=2.9, width_ratios=[1, 1])
    kinds = list(dict.fromkeys(trap.table.changed))
    colours = dict(zip(kinds, (style.BLUE, style.RED, style.GREEN), strict=False))
    for place, (kind, rows) in enumerate(trap.table.groupby("changed", sort=False)):
        x = rows["map distance, nats per text"]
        y = place + np.linspace(-0.18, 0.18, len(x)) if len(x) > 1 else np.full(len(x), place)
        left.scatter(x, y, s=18, color=colours[kind], linewidths=0)
        left.plot([x.median()] * 2, [place - 0.3, place + 0.3], color=style.BLACK, lw=1)
    left.axvline(median, color=style.GREY, lw=0.8, ls=":")
    left.text(median, len(kinds) - 0.5, "two models, median ", ha="right", fontsize=6.5)
    left.set_yticks(range(len(kinds)), kinds)
    for words in left.get_yticklabels():
        words.set_color(colours[words.get_text()])
    left.set(xscale="log", xlabel="map distance, nats per text", ylim=(-0.6, len(kinds) - 0.1))
    right.scatter(*trap.places.T, s=8, color=style.GREY, alpha=0.5, linewidths=0)
    for kind, pairs in trap.arrows.items():
        _arrows(right, trap.places, pairs, color=colours.get(kind, style.BLACK), lw=1, shrinkA=1)
    right.set(xlabel="component 1, nats", ylabel="component 2, nats")
    return figure
