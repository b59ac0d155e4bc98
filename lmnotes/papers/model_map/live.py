"""Live views of the model map: each draws one setting of its sliders and returns what to show."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import maps, style
from lmnotes.models.maps import coordinates, prediction, projection
from lmnotes.papers.model_map import checks, figures
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


def one_text(population: Population, text: int, n_shown: int = 24) -> list:
    """A text and its column of L, as it is and doubly centred, for some models by likelihood."""
    column, centred = population.L[:, text], population.Q[:, text]
    shown = np.argsort(column)[:: max(1, len(population) // n_shown)]
    figure, axes = style.panels(2, height=3.4, sharey=True)
    axes[0].barh(population.names[shown], column[shown], color=style.GREY)
    colours = np.where(centred[shown] > 0, style.BLUE, style.RED)
    axes[1].barh(population.names[shown], centred[shown], color=colours)
    axes[0].tick_params(axis="y", labelsize=5.5)
    axes[0].set(xlabel="log-likelihood of this text, nats")
    axes[1].set(xlabel="doubly centred: likes it more than expected, nats")
    words = population.texts[text][:300] if len(population.texts) else ""
    return [f"{population.domains[text]}: {words!r}", figure]


def centrings(
    population: Population, centring: str, percent: float, first: str, second: str
) -> Figure:
    """The first two components of L under one of CENTRINGS, so many per cent of it clipped, with
    the distance of two models and what the clip does to the tails."""
    share = percent / 100
    clipped = population.raw.clip(share) if share else population.raw
    values = _CENTRINGS[centring](clipped.values)
    two = values[[population.index(first), population.index(second)]]
    apart = coordinates.kl(two, "bits/byte", population.n_bytes)[0, 1]
    tail = checks.clip_tails(
        population.raw, share, checks.random_pairs(len(population), 300, seed=0)
    )
    figure, (ax,) = style.panels(width=5.4, height=3.0)
    maps.models(ax, projection.pca(values), population.models.family)
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(
        f"centred: {centring}; {first} to {second}: {apart:.3g} bits/byte\n"
        f"clipped: {percent:g} %; kurtosis {tail['kurtosis']:.1f}, "
        f"{100 * tail['top_share']:.0f} % of the distance in 1 % of the texts",
        fontsize=7,
    )
    return figure


def two_models(population: Population, first: str, second: str, n_shown: int) -> list:
    """Where the distance of two models comes from: the difference by domain, and the texts with
    the largest one."""
    difference = population.L[population.index(first)] - population.L[population.index(second)]
    difference = difference - difference.mean()
    half, labels = difference.var() / 2, sorted(set(population.domains))
    figure, (ax,) = style.panels(width=5.5, height=2.6)
    look = {"flierprops": {"ms": 2}, "medianprops": {"color": style.RED}}
    parts = [difference[population.domains == name] for name in labels]
    ax.boxplot(parts, tick_labels=labels, orientation="horizontal", **look)
    ax.axvline(0, color=style.BLACK, lw=0.5)
    ax.set(xlabel=f"{first} less {second}, centred, nats")
    bits = half / population.nats_per_bit
    ax.set_title(f"variance / 2 = {half:.1f} nats = {bits:.3g} bits/byte")
    ends = np.argsort(-np.abs(difference))[:n_shown]
    table = pd.DataFrame(
        {
            "difference, nats": difference[ends].round(1),
            "domain": population.domains[ends],
            "text": [population.texts[i][:120] if len(population.texts) else "" for i in ends],
        }
    )
    return [figure, table]


def colour_map(xy: np.ndarray, column: pd.Series, title: str) -> Figure:
    """One projection in one colour."""
    figure, (ax,) = style.panels(width=5.5, height=3.4)
    maps.models(ax, xy, column)
    maps.bare(ax, title)
    return figure


def place_row(population: Population, row: np.ndarray) -> Figure:
    """Where a model with this row of log-likelihoods, (N,) nats, stands among the others."""
    Q = coordinates.double_centre(population.joined(row))
    apart = coordinates.kl(Q, "bits/byte", population.n_bytes)[-1, :-1]
    xy = projection.pca(Q)
    figure, (ax,) = style.panels(width=5.2, height=2.8)
    maps.models(ax, xy[:-1], population.models.family)
    ax.plot(*xy[-1], "*", color=style.BLACK, ms=12)
    near = ", ".join(f"{population.names[i]} ({apart[i]:.2g})" for i in np.argsort(apart)[:2])
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(f"nearest, bits/byte: {near}; mean {row.mean():.0f} nats", fontsize=7)
    return figure


def variance_and_kl(table: pd.DataFrame, title: str) -> Figure:
    """The variance estimate against exact KL; table: as `kl.approach` gives it."""
    figure, (ax,) = style.panels(width=4.2, height=2.6)
    for column, look, colour, label in (
        ("halfway", "o-", style.BLUE, "texts from halfway between"),
        ("foreign", "s-", style.RED, "texts from all domains"),
        ("exact", ":", style.BLACK, "equal"),
    ):
        ax.plot(table.exact, table[column], look, ms=3, color=colour, label=label)
    ax.set(xscale="log", yscale="log", title=title)
    ax.set(xlabel="exact KL, nats per text", ylabel="variance / 2, nats per text")
    ax.legend()
    return figure


def mix_domains(group: Group, first: str, second: str, domain: str, percent: float) -> Figure:
    """KL of two models by length, and its estimate from texts of which so many per cent are of one
    domain, the rest spread evenly over all."""
    rows = [int(np.flatnonzero(group.names == name)[0]) for name in (first, second)]
    even, table = (group.mixed(*rows, domain, share) for share in (0.0, percent / 100))
    n = int((group.domains == domain).sum())
    figure, (ax,) = style.panels(width=4.4, height=2.8)
    estimates = {
        "even": ("s:", style.GREY, "variance / 2, all domains alike"),
        "total": ("s-", style.RED, f"variance / 2, {percent:g} % {domain} ({n} texts)"),
    }
    figures.kl_by_length(ax, table.assign(even=even.total), estimates)
    ax.set_ylabel("nats per text")
    ax.set_title(f"{first} and {second}", fontsize=7)
    ax.legend()
    return figure


def ridge(
    comparison: Comparison, places: np.ndarray, target: str, features: str, folds: str
) -> Figure:
    """Predicted against true scores, the folds on the map, and what each penalty would give.

    Args:
        places: (M, 2) of the models that have scores.
    """
    fitted, number = comparison.fitted[features, folds], comparison.columns.index(target)
    y, predicted = comparison.Y[:, number], fitted.predicted[:, :, number].mean(axis=0)
    colours = [style.COLOURS[fold] for fold in fitted.folds[0]]
    figure, axes = style.panels(3, height=2.4)
    axes[0].scatter(y, predicted, s=12, c=colours)
    maps.equality(axes[0], y, predicted)
    title = f"{target}: r = {fitted.r[:, number].mean():.2f}"
    axes[0].set(xlabel="measured, %", ylabel="predicted, %", title=title)
    axes[1].scatter(*places.T, s=14, c=colours)
    maps.bare(axes[1], f"{folds} folds of the first seed")
    _penalties(axes[2], comparison.path(features, folds, target), fitted.penalties[:, :, number])
    return figure


def _penalties(ax, path: tuple[np.ndarray, np.ndarray], chosen: np.ndarray) -> None:
    """r for every penalty, held out and fitted to; below, how often each was chosen."""
    grid = np.array(prediction.TASK_PENALTIES)
    ax.plot(grid, path[1], "o-", ms=3, color=style.GREY, label="rows fitted to")
    ax.plot(grid, path[0], "o-", ms=3, color=style.RED, label="held out")
    n = np.isclose(chosen[..., None], grid, rtol=1e-6).sum(axis=(0, 1))
    low = min(-0.3, *path[0], *path[1]) - 0.05
    look = {"color": style.BLUE, "label": "chosen", "clip_on": False}
    ax.scatter(grid, np.full(len(grid), low), s=3 * n, **look)
    ax.axhline(0, color=style.BLACK, lw=0.5)
    ax.set(xscale="log", xlabel="penalty / mean squared norm", title="r by penalty")
    ax.set_ylim(low, 1.05)
    ax.legend(fontsize=6)


def interpolate(plane: Plane, a: float, b: float) -> Figure:
    """One point of the plane of weights, and its change from the base by domain, predicted from
    the corners and measured at the nearest model."""
    table = plane.changes(a, b)
    figure, axes = style.panels(2, width=6.6, height=2.6)
    places = 1000 * plane.geometry.place(plane.points)
    axes[0].scatter(*places.T, c=plane.means[0], cmap="gnuplot_r", s=18)
    star = 1000 * plane.geometry.place(np.array([[a, b]]))[0]
    axes[0].plot(*star, "*", color=style.BLACK, ms=11)
    axes[0].set(xlabel="along step 1, $10^{-3}$ rms", ylabel="across, $10^{-3}$ rms")
    actual = f"actual at {table.attrs['nearest']}"
    table.rename(columns={"actual": actual}).plot.barh(
        x="domain", width=0.8, color=[style.BLUE, style.ORANGE], ax=axes[1], ylabel=""
    )
    axes[1].set(xlabel="change from the base, nats per text", title=f"a = {a:g}, b = {b:g}")
    return figure
