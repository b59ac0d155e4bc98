"""Figures of notebook 01: scores of classes of words, and information against squared lengths."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from lmnotes.figures import bases, style
from lmnotes.statistics import Fit


def histograms(
    scores: Mapping[str, np.ndarray], labels: np.ndarray, colours: Mapping[str, str], bins: int = 40
) -> Figure:
    """The distribution of each score in each class, a panel per score (Fig. 9).

    Bars are shares of the class; the outermost 0.5 % on either side are left out.
    """
    figure, axes = style.panels(len(scores), height=1.7)
    chosen = np.isin(labels, list(colours))
    for ax, (name, score) in zip(axes, scores.items(), strict=True):
        edges = np.linspace(*np.nanpercentile(score[chosen], [0.5, 99.5]), bins + 1)
        for label, colour in colours.items():
            bars = {"color": colour, "alpha": 0.5, "lw": 0, "label": label}
            sns.histplot(score[labels == label], bins=edges, stat="proportion", ax=ax, **bars)
        ax.set(xlabel=name, ylabel="", yticks=[])
        ax.spines["left"].set_visible(False)
    axes[0].set_ylabel("share of class")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def paired_bars(
    names: Sequence[str], first: np.ndarray, second: np.ndarray, labels: tuple[str, str], title: str
) -> Figure:
    """Two quantities of the same things side by side, such as p(w'|w) and p(w')."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=0.6 + 0.17 * len(names))
    table = pd.DataFrame(dict(zip(labels, (first, second), strict=True)), index=names)
    table.plot.barh(ax=ax, width=0.8, color=[style.BLUE, style.ORANGE])
    ax.invert_yaxis()
    ax.set(title=title, xlabel="probability")
    return figure


def clouds(
    tables: Mapping[str, pd.DataFrame], fits: Mapping[str, Fit], xlabel: str, ylabel: str
) -> Figure:
    """A panel per model: positions coloured by how often their token occurs, and a line.

    tables: per model, columns x, y and count, a row per position. Half a per cent of the positions
    lie beyond either axis.
    """
    norm = LogNorm(1, max(2, *(table["count"].max() for table in tables.values())))
    figure, axes = style.grid(len(tables), width=style.PAGE if len(tables) > 1 else 4.2, height=2.5)
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        points = style.counted_points(ax, table.x, table.y, table["count"], norm)
        fit = fits[name]
        right, top = np.percentile(table[["x", "y"]], 99.5, axis=0)
        ends = np.array([table.x.min(), right])
        ax.plot(ends, fit.intercept + fit.slope * ends, color=style.RED)
        ax.set(xlim=(None, right), ylim=(min(0, table.y.min()), top), xlabel=xlabel)
        numbers = f"slope {fit.slope:.3f}, $R^2 = {fit.r2:.2f}$"
        ax.set_title(f"{name}\n{numbers}", loc="left", fontsize=7)
    axes[0].set_ylabel(ylabel)
    style.colour_bar(points, axes, "occurrences of the token")
    return figure


def near(table: pd.DataFrame) -> Figure:
    """2 KL over the quadratic form against the share of the way from the reference, a line per
    model with the band of its quartiles.

    table: columns model, share, median, low, high.
    """
    figure, (ax,) = style.panels(height=2.6)
    bases.curves(ax, table, "share", "median", by="model", bands=("low", "high"))
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.set_xscale("log", base=2)
    shares = sorted(set(table.share))
    ax.set_xticks(shares, [str(Fraction(share)) for share in shares])
    ax.minorticks_off()
    ax.set(xlabel="share of the way from $u_0$ to $u$", ylabel="2 KL / quadratic form")
    ax.set_ylim(bottom=0)
    return figure


def by_step(table: pd.DataFrame) -> Figure:
    """R^2 of both lengths along one training run, and the mean KL beside it.

    table: columns step, raw_r2, whitened_r2, kl, a row per checkpoint, the steps evenly spaced.
    """
    figure, (left, right) = style.panels(2, height=2.3)
    evenly = table.set_index(table.step.map("{:,}".format))
    lines = {"style": "o-", "ms": 3, "xticks": range(len(table)), "xlabel": "training steps"}
    lengths = {"raw_r2": "squared distance", "whitened_r2": "whitened"}
    evenly[[*lengths]].rename(columns=lengths).plot(
        ax=left, color=[style.BLUE, style.RED], ylabel="$R^2$ with KL", ylim=(0, 1.02), **lines
    )
    evenly.kl.plot(
        ax=right, color=style.BLACK, ylabel="mean KL from $p(\\cdot|u_0)$, nats", **lines
    )
    right.set_ylim(bottom=0)
    return figure
