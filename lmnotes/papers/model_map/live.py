"""Live views of the model map: each draws one setting of its sliders and returns what to show."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.models.maps import coordinates, prediction, projection
from lmnotes.papers.model_map import checks
from lmnotes.papers.model_map.interpolation import Plane
from lmnotes.papers.model_map.kl_runs import Group
from lmnotes.papers.model_map.population import Population
from lmnotes.papers.model_map.prediction_runs import Comparison

_CENTRINGS = {
    "none": lambda x: x,
    "rows": coordinates.row_centre,
    "columns": lambda x: x - x.mean(axis=0),
    "double": coordinates.double_centre,
}
CENTRINGS = list(_CENTRINGS)


def one_text(here: Population, text: int, n_shown: int = 24) -> list:
    """A text and its column of L, as it is and doubly centred, for some models by likelihood."""
    column, centred = here.L[:, text], here.Q[:, text]
    shown = np.argsort(column)[:: max(1, len(here) // n_shown)]
    figure, axes = style.panels(2, height=3.4, sharey=True)
    at = np.arange(len(shown))
    axes[0].barh(at, column[shown], color=style.GREY)
    colours = np.where(centred[shown] > 0, style.BLUE, style.RED)
    axes[1].barh(at, centred[shown], color=colours)
    axes[0].set_yticks(at, here.names[shown], fontsize=5.5)
    axes[0].set(xlabel="log-likelihood of this text, nats")
    axes[1].set(xlabel="doubly centred: likes it more than expected, nats")
    words = here.texts[text][:300] if len(here.texts) else ""
    return [f"{here.domains[text]}: {words!r}", figure]


def centrings(here: Population, centring: str, percent: float, first: str, second: str) -> Figure:
    """The first two components of L under one of CENTRINGS, so many per cent of it clipped, with
    the distance of two models and what the clip does to the tails."""
    share = percent / 100
    clipped = here.raw.clip(share) if share else here.raw
    values = _CENTRINGS[centring](clipped.values)
    two = values[[here.index(first), here.index(second)]]
    apart = coordinates.kl(two, "bits/byte", here.n_bytes)[0, 1]
    tail = checks.of_clip(here.raw, share, checks.random_pairs(len(here), 300, seed=0))
    figure, (ax,) = style.panels(width=5.4, height=3.0)
    maps.models(ax, projection.pca(values), here.models.family)
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(
        f"centred: {centring}; {first} to {second}: {apart:.3g} bits/byte\n"
        f"clipped: {percent:g} %; kurtosis {tail['kurtosis']:.1f}, "
        f"{100 * tail['top_share']:.0f} % of the distance in 1 % of the texts",
        fontsize=7,
    )
    return figure


def two_models(here: Population, first: str, second: str, n_shown: int) -> list:
    """Where the distance of two models comes from: the difference by domain, and the texts with
    the largest one."""
    difference = here.L[here.index(first)] - here.L[here.index(second)]
    difference = difference - difference.mean()
    half, labels = difference.var() / 2, sorted(set(here.domains))
    figure, (ax,) = style.panels(width=5.5, height=2.6)
    ax.boxplot(
        [difference[here.domains == name] for name in labels],
        tick_labels=labels,
        orientation="horizontal",
        flierprops={"ms": 2},
        medianprops={"color": style.RED},
    )
    ax.axvline(0, color=style.BLACK, lw=0.5)
    ax.set(xlabel=f"{first} less {second}, centred, nats")
    bits = half / here.nats_per_bit
    ax.set_title(f"variance / 2 = {half:.1f} nats = {bits:.3g} bits/byte")
    ends = np.argsort(-np.abs(difference))[:n_shown]
    table = pd.DataFrame(
        {
            "difference, nats": difference[ends].round(1),
            "domain": here.domains[ends],
            "text": [here.texts[i][:120] if len(here.texts) else "" for i in ends],
        }
    )
    return [figure, table]


def map_by(xy: np.ndarray, column: pd.Series, title: str) -> Figure:
    """One projection in one colour."""
    figure, (ax,) = style.panels(width=5.5, height=3.4)
    maps.models(ax, xy, column)
    maps.bare(ax, title)
    return figure


def landed(home: Population, row: np.ndarray) -> Figure:
    """Where a model with this row of log-likelihoods, (N,) nats, stands among the others."""
    Q = coordinates.double_centre(home.joined(row))
    apart = coordinates.kl(Q, "bits/byte", home.n_bytes)[-1, :-1]
    xy = projection.pca(Q)
    figure, (ax,) = style.panels(width=5.2, height=2.8)
    maps.models(ax, xy[:-1], home.models.family)
    ax.plot(*xy[-1], "*", color=style.BLACK, ms=12)
    near = ", ".join(f"{home.names[i]} ({apart[i]:.2g})" for i in np.argsort(apart)[:2])
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(f"nearest, bits/byte: {near}; mean {row.mean():.0f} nats", fontsize=7)
    return figure


def closeness(table: pd.DataFrame, title: str) -> Figure:
    """The variance estimate against exact KL; table: as `kl.approach` gives it."""
    figure, (ax,) = style.panels(width=4.2, height=2.6)
    ax.plot(
        table.exact,
        table.halfway,
        "o-",
        ms=3,
        color=style.BLUE,
        label="texts from halfway between",
    )
    ax.plot(table.exact, table.foreign, "s-", ms=3, color=style.RED, label="texts from all domains")
    ax.plot(table.exact, table.exact, color=style.BLACK, lw=0.6, ls=":", label="equal")
    ax.set(xscale="log", yscale="log", title=title)
    ax.set(xlabel="exact KL, nats per text", ylabel="variance / 2, nats per text")
    ax.legend()
    return figure


def mixed(group: Group, first: str, second: str, domain: str, percent: float) -> Figure:
    """KL of two models by length, and its estimate from texts of which so many per cent are of one
    domain, the rest spread evenly over all."""
    rows = [int(np.flatnonzero(group.names == name)[0]) for name in (first, second)]
    even, table = (group.mixed(*rows, domain, share) for share in (0.0, percent / 100))
    n = int((group.domains == domain).sum())
    figure, (ax,) = style.panels(width=4.4, height=2.8)
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


def ridge(found: Comparison, places: np.ndarray, target: str, features: str, folds: str) -> Figure:
    """Predicted against true scores, the folds on the map, and what each penalty would give.

    Args:
        places: (M, 2) of the models that have scores.
    """
    fitted, number = found.fitted[features, folds], found.columns.index(target)
    y, predicted = found.Y[:, number], fitted.predicted[:, :, number].mean(axis=0)
    colours = [style.COLOURS[f] for f in fitted.folds[0]]
    figure, axes = style.panels(3, height=2.4)
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


def pad(plane: Plane, a: float, b: float) -> Figure:
    """One point of the plane of weights, and its change from the base by domain, predicted from
    the corners and measured at the nearest model."""
    table = plane.changes(a, b)
    figure, axes = style.panels(2, width=6.6, height=2.6)
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
