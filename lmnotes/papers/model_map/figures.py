"""Figures that ask whether the map is right: tails, calibration, spectrum, prediction, mixtures."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from lmnotes.figures import maps, style


def clipping(values: np.ndarray, threshold: float, by_share: pd.DataFrame) -> Figure:
    """All entries of L with the clip, and what clipping does to the tails of the differences.

    Args:
        values: entries of the raw L, nats per text.
        by_share: columns share (of entries clipped), kurtosis, top_share; a row per setting.
    """
    figure, (left, middle, right) = style.panels(3, height=2.2)
    low = np.quantile(values, 0.0005)
    left.hist(np.maximum(values, low), bins=80, color=style.GREY)
    left.axvline(threshold, color=style.RED, lw=1, label="clip")
    left.legend(loc="upper left")
    left.set(yscale="log", xlabel="log-likelihood of a text, nats", ylabel="model-text pairs")
    for ax, values, label in (
        (middle, by_share["kurtosis"], "kurtosis of a difference"),
        (right, 100 * by_share.top_share, "distance in 1 % of texts, %"),
    ):
        ax.plot(100 * by_share.share, values, "o-", ms=3, color=style.BLUE)
        ax.set(xlabel="entries clipped, %", ylabel=label, ylim=(0, 1.1 * values.max()))
    middle.axhline(3, color=style.BLACK, lw=0.6, ls=":")
    return figure


def by_length(table: pd.DataFrame) -> Figure:
    """Sampled KL and variance estimates against the length of the texts, a panel per pair.

    Args:
        table: columns pair, n_bytes, sampled, error, total, within; all in nats per text.
    """
    estimates = {
        "total": ("s-", style.RED, "variance / 2"),
        "within": ("^-", style.BLUE, "variance / 2, within domains"),
    }
    figure, axes = style.panels(table.pair.nunique(), height=2.5)
    for ax, (pair, rows) in zip(axes, table.groupby("pair", sort=False), strict=True):
        kl_by_length(ax, rows, estimates)
        ax.set_title(pair, fontsize=5.2)
    axes[0].set_ylabel("nats per text")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def kl_by_length(
    ax: Axes, table: pd.DataFrame, estimates: Mapping[str, tuple[str, str, str]]
) -> None:
    """Sampled KL of two models with its error, and what estimates it, against the length of texts.

    Args:
        table: columns n_bytes, sampled, error, and those of `estimates`, nats per text.
        estimates: column -> marker and line, colour, label.
    """
    label = "KL, sampled (2 standard errors)"
    x, reach = table.n_bytes, 2 * table.error
    ax.errorbar(x, table.sampled, reach, fmt="o-", ms=3, color=style.BLACK, label=label)
    for column, (look, colour, label) in estimates.items():
        ax.plot(x, table[column], look, ms=3, color=colour, label=label)
    ax.set(xscale="log", yscale="log", xlabel="bytes of a text")
    ax.set_xticks(x, [str(n) for n in x])
    ax.minorticks_off()


def agreement(table: pd.DataFrame, columns: Mapping[str, str]) -> Figure:
    """The map's distance against directly estimated KL of the same pairs, a panel per estimate.

    Args:
        table: columns variance and those of `columns`, bits/byte; `kind` of pair gives the colour.
        columns: column -> label of the x axis, with its correlation.
    """
    figure, axes = style.panels(len(columns), height=2.7, sharey=True, width=style.PAGE * 0.85)
    for ax, (column, label) in zip(axes, columns.items(), strict=True):
        for (name, pairs), colour in zip(
            table.groupby("kind", sort=False), style.COLOURS, strict=False
        ):
            dots = {"s": 9, "color": colour, "linewidths": 0, "alpha": 0.8}
            ax.scatter(pairs[column], pairs.variance, **dots, label=f"{name} ({len(pairs)})")
        both = table[[column, "variance"]].to_numpy()
        maps.equality(ax, both[both > 0], label="equal")
        ax.set(xscale="log", yscale="log", xlabel=label)
    axes[0].set_ylabel("map distance, bits/byte")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.1)
    return figure


def spectrum(cumulative: np.ndarray, marks: Mapping[float, int]) -> Figure:
    """The cumulative contribution of principal components, with the numbers that reach a share."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.5, height=2.4)
    ax.plot(np.arange(1, len(cumulative) + 1), 100 * cumulative, ".-", ms=4, color=style.BLUE)
    for share, n in marks.items():
        ax.plot([0, n, n], [100 * share, 100 * share, 0], color=style.RED, lw=0.7, ls=":")
        look = {"textcoords": "offset points", "color": style.RED, "fontsize": 7}
        ax.annotate(f"{100 * share:.0f} %: {n}", (n, 100 * share), (4, -9), **look)
    ax.set(xlabel="components", ylabel="share of the squared norm of $Q$, %", ylim=(0, 103))
    ax.set_xlim(left=0)
    return figure


def predicted(
    table: pd.DataFrame, panels: Sequence[str], titles: Sequence[str], colour: pd.Series
) -> Figure:
    """Predicted against true scores, a panel per target, coloured by one number of the models.

    Args:
        table: columns "<target>" and "<target> predicted", per cent, a row per model.
        colour: (M,) numbers; the scale runs from their 10th to their 100th percentile.
    """
    width, height = (style.PAGE, 1.95) if len(panels) > 1 else (3.6, 2.9)
    figure, axes = style.grid(len(panels), 4, width=width, height=height)
    low, high = np.nanquantile(colour, [0.1, 1])
    look = {"s": 11, "cmap": "viridis", "linewidths": 0.2, "edgecolors": "white"}
    for ax, target, title in zip(axes, panels, titles, strict=True):
        x, y = table[target], table[f"{target} predicted"]
        points = ax.scatter(x, y, c=colour, vmin=low, vmax=high, **look)
        maps.equality(ax, x, y)
        ax.set_title(title, fontsize=7)
    figure.supxlabel("accuracy, %", fontsize=8)
    figure.supylabel("predicted out of fold, %", fontsize=8)
    maps.colour_bar(points, str(colour.name), axes)
    return figure


def leakage(
    likelihood: np.ndarray,
    ability: np.ndarray,
    column: pd.Series,
    twins: Sequence[tuple[int, int]] = (),
) -> Figure:
    """Standardised task mean against standardised mean log-likelihood, twins joined by arrows.

    Args:
        likelihood, ability: (M,) in standard deviations.
        twins: (clean, leaked) rows; the arrow is what seeing the texts did.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.72, height=3.0)
    maps.models(ax, np.column_stack([likelihood, ability]), column)
    maps.equality(ax, likelihood, ability)
    _arrows(ax, np.column_stack([likelihood, ability]), twins, lw=0.8, shrinkA=3, shrinkB=3)
    ax.set(xlabel="mean log-likelihood, standard deviations", ylabel="task mean, sd")
    return figure


def interpolation(
    weights: np.ndarray,
    plane: np.ndarray,
    mean: np.ndarray,
    predicted_mean: np.ndarray,
    points: np.ndarray,
    title: str,
) -> Figure:
    """The grid in weight space, in log-likelihood space, and predicted against actual means.

    Args:
        weights, plane: (G, 2) places of theta(a, b). mean, predicted_mean: (G,) nats per text.
        points: (G, 2) of a and b. title: of the third panel.
    """
    figure, axes = style.panels(3, height=2.5)
    _net(axes[0], 1000 * weights, points, mean)
    axes[0].set(
        title="weights", xlabel="along step 1, $10^{-3}$ rms", ylabel="across, $10^{-3}$ rms"
    )
    dots = _net(axes[1], plane, points, mean)
    axes[1].set(title="log-likelihoods", xlabel="component 1, nats", ylabel="component 2, nats")
    maps.colour_bar(dots, "mean log-likelihood, nats")
    look = np.column_stack([points[:, 0], np.full(len(points), 0.35), points[:, 1]])
    axes[2].scatter(mean, predicted_mean, c=look, s=14, linewidths=0)
    maps.equality(axes[2], mean, predicted_mean)
    axes[2].set(xlabel="actual mean, nats", ylabel="predicted mean, nats", title=title)
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


def moves(
    places: np.ndarray, arrows: Mapping[str, Sequence[tuple[int, int]]], column: pd.Series
) -> Figure:
    """A map on which some models are scored in two ways, the two places joined by an arrow.

    Args:
        places: (M, 2). arrows: what was changed -> pairs of rows, from and to.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.72, height=3.2)
    maps.models(ax, places, column)
    for (name, pairs), colour in zip(arrows.items(), (style.BLACK, style.RED), strict=False):
        _arrows(ax, places, pairs, color=colour, lw=1, shrinkA=1, shrinkB=1)
        ax.plot([], [], color=colour, label=name)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.4)
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    return figure


def against_mean(
    scores: pd.DataFrame,
    mean: np.ndarray,
    panels: Sequence[str],
    titles: Sequence[str],
    column: pd.Series,
) -> Figure:
    """Each score against the mean log-likelihood, a panel each, models coloured by a column."""
    figure, axes = style.grid(len(panels), 4, height=1.95)
    for ax, name, title in zip(axes, panels, titles, strict=True):
        points = np.column_stack([mean, scores[name]])
        maps.models(ax, points, column, size=11, legend=False)
        ax.set_title(title, fontsize=7)
    figure.supxlabel("mean log-likelihood, nats per text", fontsize=8)
    figure.supylabel("accuracy, %", fontsize=8)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside right center", handletextpad=0.1)
    return figure


def projections(
    drawings: Mapping[str, np.ndarray], column: pd.Series, units: Mapping[str, tuple[str, str]]
) -> Figure:
    """The same models under several projections, one legend for all.

    Args:
        drawings: name -> (M, 2). units: name -> labels of its two axes.
    """
    figure, axes = style.panels(len(drawings), height=3.1)
    for ax, (name, xy) in zip(axes, drawings.items(), strict=True):
        maps.models(ax, xy, column, legend=False)
        if name in units:
            ax.set(title=name, xlabel=units[name][0], ylabel=units[name][1])
        else:
            maps.bare(ax, name)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, handletextpad=0.1)
    return figure


def colourings(
    xy: np.ndarray, columns: Mapping[str, pd.Series], units: Mapping[str, str]
) -> Figure:
    """One map in several colours, a panel each; the number of classes is small."""
    figure, axes = style.grid(len(columns), 2, height=2.5)
    for ax, (name, column) in zip(axes, columns.items(), strict=True):
        maps.models(ax, xy, column, unit=units.get(name, ""))
        maps.bare(ax, name)
    return figure


def distances(
    kl: np.ndarray, order: np.ndarray, families: Sequence[str], unit: str = "bits/byte"
) -> Figure:
    """The matrix of distances with rows in the order of a tree, families along its side."""
    ordered = np.asarray(kl)[np.ix_(order, order)]
    off = ordered[~np.eye(len(ordered), dtype=bool)]
    low = np.quantile(off[off > 0], 0.001) if (off > 0).any() else 1e-6
    figure, (ax,) = style.panels(width=style.PAGE * 0.72, height=style.PAGE * 0.62)
    norm = LogNorm(low, off.max())
    image = ax.imshow(np.maximum(ordered, low), "magma", norm, interpolation="nearest")
    maps.colour_bar(image, f"map distance, {unit}")
    ax.set_yticks(*_runs(np.asarray(families)[order]), fontsize=6)
    ax.set(xticks=[], xlabel="models in the order of the tree")
    ax.tick_params(length=2)
    return figure


def tree(linkage: np.ndarray, names: Sequence[str], column: pd.Series) -> Figure:
    """The hierarchical clustering as a tree, leaves named and coloured by one column."""
    look = maps.looks(column)
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.6 + 0.115 * len(names))
    drawn = dendrogram(
        linkage, labels=list(names), orientation="left", ax=ax, link_color_func=lambda _: style.GREY
    )
    for label, leaf in zip(ax.get_yticklabels(), drawn["leaves"], strict=True):
        label.set(color=look.colours[leaf], fontsize=6)
    for lines in ax.collections:
        lines.set_linewidth(0.7)
    ax.set_xlabel("height: standard deviation of the difference, nats per text")
    ax.spines["left"].set_visible(False)
    handles = [ax.scatter([], [], color=colour, s=14, label=name) for name, colour in look.legend]
    ax.figure.legend(handles=handles, loc="outside lower center", ncols=4, handletextpad=0.1)
    return figure


def _runs(names: np.ndarray) -> tuple[list[float], list[str]]:
    """The middle of every run of two or more equal names, and the name."""
    runs = np.split(np.arange(len(names)), np.flatnonzero(names[1:] != names[:-1]) + 1)
    long = [run for run in runs if len(run) > 1]
    return [float(run.mean()) for run in long], [str(names[run[0]]) for run in long]
