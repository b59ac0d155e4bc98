"""Live views of what the model map claims: is it KL, does it predict, is it straight in weights."""

from typing import TYPE_CHECKING

import numpy as np

from lmnotes.figures import maps, style
from lmnotes.models.maps import prediction

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from lmnotes.models.calibration_tables import Group
    from lmnotes.models.plane import Plane
    from lmnotes.models.prediction_runs import Comparison


def closeness(table: "pandas.DataFrame", title: str) -> "Figure":
    """The variance estimate against exact KL; table: as `calibration.approach` gives it."""
    figure, (ax,) = style.panels(width=4.2, height=2.6)
    with style.style():
        ax.plot(
            table.exact,
            table.halfway,
            "o-",
            ms=3,
            color=style.BLUE,
            label="texts from halfway between",
        )
        ax.plot(
            table.exact, table.foreign, "s-", ms=3, color=style.RED, label="texts from all domains"
        )
        ax.plot(table.exact, table.exact, color=style.BLACK, lw=0.6, ls=":", label="equal")
        ax.set(xscale="log", yscale="log", title=title)
        ax.set(xlabel="exact KL, nats per text", ylabel="variance / 2, nats per text")
        ax.legend()
    return figure


def mixed(group: "Group", first: str, second: str, domain: str, percent: float) -> "Figure":
    """KL of two models by length, and its estimate from texts of which so many per cent are of one
    domain, the rest spread evenly over all."""
    rows = [int(np.flatnonzero(group.names == name)[0]) for name in (first, second)]
    even, table = (group.mixed(*rows, domain, share) for share in (0.0, percent / 100))
    n = int((group.domains == domain).sum())
    figure, (ax,) = style.panels(width=4.4, height=2.8)
    with style.style():
        ax.errorbar(
            table.n_bytes,
            table.sampled,
            2 * table.error,
            fmt="o-",
            ms=3,
            color=style.BLACK,
            label="KL, sampled (2 standard errors)",
        )
        ax.plot(
            table.n_bytes,
            even.total,
            "s:",
            ms=3,
            color=style.GREY,
            label="variance / 2, all domains alike",
        )
        ax.plot(
            table.n_bytes,
            table.total,
            "s-",
            ms=3,
            color=style.RED,
            label=f"variance / 2, {percent:g} % {domain} ({n} texts)",
        )
        ax.set(xscale="log", yscale="log", xlabel="bytes of a text", ylabel="nats per text")
        ax.set_xticks(table.n_bytes, [str(n) for n in table.n_bytes])
        ax.minorticks_off()
        ax.set_title(f"{first} and {second}", fontsize=7)
        ax.legend()
    return figure


def ridge(
    found: "Comparison", places: np.ndarray, target: str, features: str, folds: str
) -> "Figure":
    """Predicted against true scores, the folds on the map, and what each penalty would give.

    Args:
        places: (M, 2) of the models that have scores.
    """
    fitted, number = found.fitted[features, folds], found.columns.index(target)
    y, predicted = found.Y[:, number], fitted.predicted[:, :, number].mean(axis=0)
    colours = [style.COLOURS[f] for f in fitted.folds[0]]
    figure, axes = style.panels(3, height=2.4)
    with style.style():
        axes[0].scatter(y, predicted, s=12, c=colours)
        ends = [min(y.min(), predicted.min()), max(y.max(), predicted.max())]
        axes[0].plot(ends, ends, color=style.BLACK, lw=0.6, ls=":")
        title = f"{target}: r = {fitted.r[:, number].mean():.2f}"
        axes[0].set(xlabel="measured, %", ylabel="predicted, %", title=title)
        axes[1].scatter(*places.T, s=14, c=colours)
        maps.bare(axes[1], f"{folds} folds of the first seed")
        _penalties(axes[2], found.path(features, folds, target), fitted.penalties[:, :, number])
    return figure


def _penalties(ax, path: tuple[np.ndarray, np.ndarray], chosen: np.ndarray) -> None:
    """r for every penalty, held out and fitted to; below, how often each was chosen."""
    grid = np.array(prediction.TASK_PENALTIES)
    for r, name, colour in (
        (path[1], "rows fitted to", style.GREY),
        (path[0], "held out", style.RED),
    ):
        ax.plot(grid, r, "o-", ms=3, color=colour, label=name)
    n = [(np.isclose(chosen, one, rtol=1e-6)).sum() for one in grid]
    low = min(-0.3, *path[0], *path[1]) - 0.05
    ax.scatter(
        grid,
        np.full(len(grid), low),
        s=3 * np.array(n),
        color=style.BLUE,
        label="chosen",
        clip_on=False,
    )
    ax.axhline(0, color=style.BLACK, lw=0.5)
    ax.set(xscale="log", xlabel="penalty / mean squared norm", title="r by penalty")
    ax.set_ylim(low, 1.05)
    ax.legend(fontsize=6)


def pad(plane: "Plane", a: float, b: float) -> "Figure":
    """One point of the plane of weights, and its change from the base by domain, predicted from
    the corners and measured at the nearest model."""
    table = plane.changes(a, b)
    figure, axes = style.panels(2, width=6.6, height=2.6)
    with style.style():
        places = 1000 * plane.geometry.place(plane.points)
        axes[0].scatter(*places.T, c=plane.means[0], cmap="gnuplot_r", s=18)
        star = 1000 * plane.geometry.place(np.array([[a, b]]))[0]
        axes[0].plot(*star, "*", color=style.BLACK, ms=11)
        axes[0].set(xlabel="along step 1, $10^{-3}$ rms", ylabel="across, $10^{-3}$ rms")
        at = np.arange(len(table))
        axes[1].barh(at - 0.2, table.predicted, 0.4, color=style.BLUE, label="predicted")
        actual = f"actual at {table.attrs['nearest']}"
        axes[1].barh(at + 0.2, table.actual, 0.4, color=style.ORANGE, label=actual)
        axes[1].set_yticks(at, table.domain)
        axes[1].set(xlabel="change from the base, nats per text", title=f"a = {a:g}, b = {b:g}")
        axes[1].legend()
    return figure
