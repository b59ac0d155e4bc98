"""Figures of notebook 01 on language models: information of contexts against squared lengths."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import style
from lmnotes.statistics import Fit


def clouds(
    tables: Mapping[str, pd.DataFrame],
    fits: Mapping[str, Fit],
    *,
    xlabel: str,
    ylabel: str,
    highest: float = 99.5,
) -> Figure:
    """A panel per model: positions coloured by how often their token occurs, and a line.

    Args:
        tables: per model, columns x, y and count, a row per position.
        highest: per cent of the positions that each axis shows, from its bottom.
    """
    from matplotlib.colors import LogNorm

    largest = max(table["count"].max() for table in tables.values())
    norm = LogNorm(1, max(2, largest))
    figure, axes = _grid(len(tables))
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        rows = table.sort_values("count", kind="stable")
        points = ax.scatter(
            rows["x"],
            rows["y"],
            c=rows["count"],
            s=4,
            linewidths=0,
            alpha=0.7,
            cmap="viridis_r",
            norm=norm,
            rasterized=True,
        )
        fit = fits[name]
        right, top = np.percentile(rows["x"], highest), np.percentile(rows["y"], highest)
        ends = np.array([rows["x"].min(), right])
        ax.plot(ends, fit.intercept + fit.slope * ends, color=style.RED)
        ax.set(xlim=(None, right), ylim=(min(0, rows["y"].min()), top), xlabel=xlabel)
        numbers = f"slope {fit.slope:.3f}, $R^2 = {fit.r2:.2f}$"
        ax.set_title(f"{name}\n{numbers}", loc="left", fontsize=7)
    axes[0].set_ylabel(ylabel)
    bar = figure.colorbar(points, ax=axes, pad=0.01, aspect=30)
    bar.set_label("occurrences of the token")
    bar.outline.set_visible(False)
    return figure


def near(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """2 KL over the quadratic form against the share of the way from the reference, a line per
    model with the band of its quartiles.

    tables: per model, columns share, median, low, high.
    """
    figure, (ax,) = style.panels(height=2.6)
    for number, (name, table) in enumerate(tables.items()):
        colour = style.COLOURS[number % len(style.COLOURS)]
        ax.plot(table["share"], table["median"], "o-", ms=3, color=colour, label=name)
        ax.fill_between(table["share"], table["low"], table["high"], color=colour, alpha=0.15)
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.set_xscale("log", base=2)
    shares = sorted({share for table in tables.values() for share in table["share"]})
    ax.set_xticks(shares, [_fraction(share) for share in shares])
    ax.minorticks_off()
    ax.set(xlabel="share of the way from $u_0$ to $u$", ylabel="2 KL / quadratic form")
    ax.set_ylim(bottom=0)
    ax.legend()
    return figure


def by_step(table: pd.DataFrame) -> Figure:
    """R^2 of both lengths along one training run, and the mean KL beside it.

    table: columns step, raw_r2, whitened_r2, kl, a row per checkpoint, the steps evenly spaced.
    """
    figure, (left, right) = style.panels(2, height=2.3)
    at = np.arange(len(table))
    left.plot(at, table["raw_r2"], "o-", ms=3, color=style.BLUE, label="squared distance")
    left.plot(at, table["whitened_r2"], "o-", ms=3, color=style.RED, label="whitened")
    left.set(ylabel="$R^2$ with KL", ylim=(0, 1.02))
    left.legend()
    right.plot(at, table["kl"], "o-", ms=3, color=style.BLACK)
    right.set(ylabel="mean KL from $p(\\cdot|u_0)$, nats", ylim=(0, None))
    for ax in (left, right):
        ax.set_xticks(at, [f"{step:,}" for step in table["step"]])
        ax.set_xlabel("training steps")
    return figure


def _grid(n: int):
    """A figure with n panels, at most three in a row."""
    import matplotlib.pyplot as plt

    columns = min(n, 3)
    rows = -(-n // columns)
    width = style.PAGE if n > 1 else 4.2
    style.use()
    figure, axes = plt.subplots(rows, columns, figsize=(width, 2.4 * rows + 0.2), squeeze=False)
    for ax in axes.ravel()[n:]:
        ax.set_axis_off()
    return figure, list(axes.ravel()[:n])


def _fraction(share: float) -> str:
    """A share of the way in words of a ruler.

    >>> _fraction(1.0), _fraction(0.0625)
    ('1', '1/16')
    """
    return "1" if share == 1 else f"1/{1 / share:g}"
