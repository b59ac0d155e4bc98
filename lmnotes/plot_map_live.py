"""Live views of the model map: each draws one setting of its sliders and returns what to show."""

from typing import TYPE_CHECKING

import numpy as np

from lmnotes.figures import maps as plot_map
from lmnotes.figures import style
from lmnotes.models import fragility
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from lmnotes.models.population import Population

_CENTRINGS = {
    "none": lambda x: x,
    "rows": maps.row_centre,
    "columns": lambda x: x - x.mean(axis=0),
    "double": maps.double_centre,
}
CENTRINGS = list(_CENTRINGS)


def one_text(here: "Population", text: int, n_shown: int = 24) -> list:
    """A text and its column of L, as it is and doubly centred, for some models by likelihood."""
    column, centred = here.L[:, text], here.Q[:, text]
    shown = np.argsort(column)[:: max(1, len(here) // n_shown)]
    figure, axes = style.panels(2, height=3.4, sharey=True)
    at = np.arange(len(shown))
    with style.style():
        axes[0].barh(at, column[shown], color=style.GREY)
        colours = np.where(centred[shown] > 0, style.BLUE, style.RED)
        axes[1].barh(at, centred[shown], color=colours)
        axes[0].set_yticks(at, here.names[shown], fontsize=5.5)
        axes[0].set(xlabel="log-likelihood of this text, nats")
        axes[1].set(xlabel="doubly centred: likes it more than expected, nats")
    words = here.texts[text][:300] if len(here.texts) else ""
    return [f"{here.domains[text]}: {words!r}", figure]


def centrings(
    here: "Population", centring: str, percent: float, first: str, second: str
) -> "Figure":
    """The first two components of L under one of CENTRINGS, so many per cent of it clipped, with
    the distance of two models and what the clip does to the tails."""
    share = percent / 100
    clipped = here.raw.clip(share) if share else here.raw
    values = _CENTRINGS[centring](clipped.values)
    two = values[[here.index(first), here.index(second)]]
    apart = maps.kl(two, "bits/byte", here.n_bytes)[0, 1]
    tail = fragility.of_clip(here.raw, share, fragility.random_pairs(len(here), 300, seed=0))
    figure, (ax,) = style.panels(width=5.4, height=3.0)
    plot_map.models(ax, projection.pca(values), here.models.family)
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(
        f"centred: {centring}; {first} to {second}: {apart:.3g} bits/byte\n"
        f"clipped: {percent:g} %; kurtosis {tail['kurtosis']:.1f}, "
        f"{100 * tail['top_share']:.0f} % of the distance in 1 % of the texts",
        fontsize=7,
    )
    return figure


def two_models(here: "Population", first: str, second: str, n_shown: int) -> list:
    """Where the distance of two models comes from: the difference by domain, and the texts with
    the largest one."""
    import pandas

    difference = here.L[here.index(first)] - here.L[here.index(second)]
    difference = difference - difference.mean()
    half, labels = difference.var() / 2, sorted(set(here.domains))
    figure, (ax,) = style.panels(width=5.5, height=2.6)
    with style.style():
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
    table = pandas.DataFrame(
        {
            "difference, nats": difference[ends].round(1),
            "domain": here.domains[ends],
            "text": [here.texts[i][:120] if len(here.texts) else "" for i in ends],
        }
    )
    return [figure, table]


def map_by(xy: np.ndarray, column: "pandas.Series", title: str) -> "Figure":
    """One projection in one colour."""
    figure, (ax,) = style.panels(width=5.5, height=3.4)
    plot_map.models(ax, xy, column)
    plot_map.bare(ax, title)
    return figure


def landed(home: "Population", row: np.ndarray) -> "Figure":
    """Where a model with this row of log-likelihoods, (N,) nats, stands among the others."""
    Q = maps.double_centre(home.joined(row))
    apart = maps.kl(Q, "bits/byte", home.n_bytes)[-1, :-1]
    xy = projection.pca(Q)
    figure, (ax,) = style.panels(width=5.2, height=2.8)
    plot_map.models(ax, xy[:-1], home.models.family)
    ax.plot(*xy[-1], "*", color=style.BLACK, ms=12)
    near = ", ".join(f"{home.names[i]} ({apart[i]:.2g})" for i in np.argsort(apart)[:2])
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(f"nearest, bits/byte: {near}; mean {row.mean():.0f} nats", fontsize=7)
    return figure
