"""Live views of the model map; each `explore_...` builds its own from a drawing of one setting."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes import models, notebook
from lmnotes.figures import maps, style
from lmnotes.models.maps import coordinates, prediction, projection
from lmnotes.papers.model_map import checks, figures, kl, prediction_runs
from lmnotes.papers.model_map.interpolation import Plane
from lmnotes.papers.model_map.kl_runs import Group
from lmnotes.papers.model_map.population import Population
from lmnotes.papers.model_map.prediction_runs import Comparison
from lmnotes.text.chunks import TextSet

_CENTRINGS = {
    "none": lambda x: x,
    "rows": coordinates.row_centre,
    "columns": lambda x: x - x.mean(axis=0),
    "double": coordinates.double_centre,
}
CENTRINGS = list(_CENTRINGS)


def one_text(population: Population, text: int, n_shown: int = 16) -> list:
    """A text and its column of L, as it is and doubly centred, for some models by likelihood."""
    column, centred = population.L[:, text], population.Q[:, text]
    shown = np.argsort(column)[:: max(1, len(population) // n_shown)]
    figure, axes = style.panels(2, height=3.4, sharey=True)
    axes[0].barh(population.labels[shown], column[shown], color=style.GREY)
    colours = np.where(centred[shown] > 0, style.BLUE, style.RED)
    axes[1].barh(population.labels[shown], centred[shown], color=colours)
    axes[0].tick_params(axis="y", labelsize=6.5)
    far = np.abs(population.Q).max()
    axes[0].set(xlabel="log-likelihood of this text, nats", xlim=(population.L.min(), 0))
    axes[1].set(xlabel="doubly centred: likes it more than expected, nats", xlim=(-far, far))
    words = population.texts[text][:300] if len(population.texts) else ""
    return [f"{population.domains[text]}: {words!r}", figure]


def centrings(
    population: Population,
    centring: str,
    percent: float,
    first: str,
    second: str,
    reach: tuple[float, ...] = (0.0,),
) -> Figure:
    """The first two components of L under one of CENTRINGS, so many per cent of it clipped, with
    the map distance of two models and what the clip does to the tails; axes out to `reach`."""
    share = percent / 100
    clipped = population.raw.clip(share) if share else population.raw
    values = _CENTRINGS[centring](clipped.values)
    two = values[[population.index(first), population.index(second)]]
    apart = coordinates.kl(two)[0, 1]
    tail = checks.clip_tails(
        population.raw, share, checks.random_pairs(len(population), 300, seed=0)
    )
    figure, (ax,) = style.panels(width=5.4, height=3.0)
    xy = projection.pca(values) / np.sqrt(values.shape[1])
    maps.draw(ax, xy, population.models, size=12, names=[])
    far = 1.1 * max(np.abs(xy).max(), *np.abs(reach))
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats", xlim=(-far, far))
    ax.set(ylim=(-far, far))
    labels = population.labels[[population.index(first), population.index(second)]]
    ax.set_title(
        f"centred: {centring}; {labels[0]} to {labels[1]}: {apart:.3g} nats\n"
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
    names = population.labels[[population.index(first), population.index(second)]]
    far = np.abs(population.Q).max()
    ax.set(xlabel=f"{names[0]} less {names[1]}, centred, nats", xlim=(-1.5 * far, 1.5 * far))
    ax.set_title(f"map distance {half:.3g} nats: half the variance over texts")
    ends = np.argsort(-np.abs(difference))[:n_shown]
    table = pd.DataFrame(
        {
            "difference, nats": difference[ends].round(1),
            "domain": population.domains[ends],
            "text": [population.texts[i][:120] if len(population.texts) else "" for i in ends],
        }
    )
    return [figure, table]


def place_row(population: Population, row: np.ndarray) -> Figure:
    """Where a model with this row of log-likelihoods, (N,) nats, stands among the others, whose
    places stay."""
    joined = population.joined(row)
    apart = coordinates.kl(coordinates.row_centre(joined))[-1, :-1]
    axes = np.linalg.svd(population.Q, full_matrices=False)[2][:2] / np.sqrt(joined.shape[1])
    centred = coordinates.row_centre(joined)
    xy = (centred - centred[:-1].mean(axis=0)) @ axes.T
    figure, (ax,) = style.panels(width=5.2, height=3.0)
    maps.draw(ax, xy[:-1], population.models, size=12, names=[])
    ax.plot(*xy[-1], "*", color=style.BLACK, ms=12, zorder=5)
    near = "; ".join(f"{population.labels[i]} ({apart[i]:.3g})" for i in np.argsort(apart)[:2])
    low, high = xy[:-1].min(axis=0), xy[:-1].max(axis=0)
    room = 0.25 * (high - low)
    ax.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
    ax.set(xlabel="component 1, nats", ylabel="component 2, nats")
    ax.set_title(f"nearest, nats: {near}\nmean {row.mean():.0f} nats per text", fontsize=7)
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
    ax.set(xlabel="exact KL, nats per text", ylabel="map distance, nats per text")
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
        "even": ("s:", style.GREY, "map distance, all domains alike"),
        "total": ("s-", style.RED, f"map distance, {percent:g} % {domain} ({n} texts)"),
    }
    figures.kl_by_length(ax, table.assign(even=even.total), estimates)
    ax.set_ylabel("nats per text")
    ax.set_title(" and ".join(group.labels[rows]), fontsize=7)
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


def explore_texts(population: Population):
    """A text, and which models find it likelier than they and it would let expect."""

    def draw(text: int = 0) -> list:
        return one_text(population, text)

    last = int(np.flatnonzero(population.domains == population.domains[-1])[0])
    reach = (0, len(population.domains) - 1)
    return notebook.explore(draw, stills=[{"text": last}], text=reach, frames="text")


def explore_centrings(population: Population, clip_share: float):
    """Which centring and which clip move what."""
    names = notebook.typed(population.by_label)
    raw = population.raw.values
    spread = np.abs(projection.pca(coordinates.double_centre(raw))).max() / np.sqrt(raw.shape[1])

    def draw(
        centring: str = "double",
        clipped: float = 100 * clip_share,
        first: str = population.names[0],
        second: str = population.names[1],
    ) -> Figure:
        return centrings(population, centring, clipped, first, second, (spread,))

    return notebook.explore(
        draw,
        stills=[{"centring": "none"}, {}, {"clipped": 0.0}],
        centring=CENTRINGS,
        clipped=(0.0, 20.0, 0.5),
        first=names,
        second=names,
        frames="clipped",
    )


def explore_pair(population: Population):
    """Two models, and where their map distance comes from."""
    distance, names = population.distance, notebook.typed(population.by_label)
    i, j = np.unravel_index(np.argmax(distance), distance.shape)

    def draw(
        first: str = population.names[i], second: str = population.names[j], n_shown: int = 3
    ) -> list:
        return two_models(population, first, second, n_shown)

    return notebook.explore(draw, stills=[{}], first=names, second=names, n_shown=(1, 10))


def explore_colours(population: Population, places: pd.DataFrame, about: pd.DataFrame, seed: int):
    """The map in any projection and colour, t-SNE drawn anew and turned onto the first.

    Args:
        places: of `atlas.place`. about: of `Population.described`, whose columns colour it.
    """
    names = ["family", "mean log-likelihood", "log10 size", "order", "strongest domain"]
    kept = {name: places[[f"{name} 1", f"{name} 2"]].to_numpy() for name in ("t-SNE", "PCA", "MDS")}

    def draw(
        projection: str = "t-SNE",
        colour: str = "family",
        neighbours_of_tsne: int = 30,
        metric: str = "sqeuclidean",
    ) -> Figure:
        xy = kept[projection]
        if projection == "t-SNE" and (neighbours_of_tsne, metric) != (30, "sqeuclidean"):
            options = {"perplexity": neighbours_of_tsne, "metric": metric, "n_iterations": 300}
            xy = models.maps.tsne(population.Q, seed, **options)
            xy = models.maps.layout.procrustes(xy, kept[projection])
        figure, (ax,) = style.panels(width=5.5, height=3.4)
        maps.models(ax, xy, about[colour])
        maps.bare(ax, projection)
        return figure

    return notebook.explore(
        draw,
        stills=[{"metric": "euclidean"}, {"neighbours_of_tsne": 5}],
        projection=list(kept),
        colour=[name for name in names if name in about],
        neighbours_of_tsne=(5, 50),
        metric=["sqeuclidean", "euclidean"],
    )


def explore_landing(population: Population):
    """A small n-gram model, trained at once on what is chosen, put on the map; nothing where the
    texts of the map are not known."""
    texts = list(population.texts)
    if not texts:
        return None

    def draw(domain: str, order: int = 3, kilobytes: int = 50, leaked_texts: int = 0) -> Figure:
        options = {"order": order, "n_bytes": 1000 * kilobytes, "n_leaked": leaked_texts}
        return place_row(population, checks.ngram_row(texts, domain, **options))

    return notebook.explore(
        draw,
        stills=[{"leaked_texts": 0}, {"leaked_texts": len(texts)}],
        domain=sorted(set(population.domains)),
        order=(1, 5),
        kilobytes=[20, 50, 200, 1000],
        leaked_texts=[0, 1, 10, 100, len(texts)],
    )


def explore_approach(texts: TextSet):
    """Models of independent bytes, one moved towards another: exact KL and the variance formula."""
    labels = sorted(set(texts.domains))
    shares = dict(zip(labels, kl.unigrams(texts.texts, texts.domains), strict=True))
    everywhere = np.mean(list(shares.values()), axis=0)

    def draw(first: str = labels[0], second: str = labels[-1], length: int = 256) -> Figure:
        table = kl.approach(shares[first], shares[second], everywhere, length)
        ends = table[["halfway", "foreign"]].div(table.exact, axis=0).iloc[[0, -1]]
        blue, red = (" to ".join(f"{n:.3g}" for n in ends[name]) for name in ends)
        title = f"{first} moved towards {second}, {length} bytes:\n"
        return variance_and_kl(table, f"{title}{blue} (blue), {red} (red) times KL")

    lengths = [16, 64, 256, 1024]
    return notebook.explore(draw, stills=[{}], first=labels, second=labels, length=lengths)


def explore_mixture(group: Group):
    """Two models, and texts of which more and more are of one domain."""
    names = notebook.typed(dict(zip(group.labels, group.names, strict=True)))
    near, far = (group.names[list(pair)] for pair in (group.ends()[0], group.ends()[-1]))
    labels = sorted(set(group.domains))

    def draw(
        first: str = near[0], second: str = near[1], domain: str = labels[0], percent: int = 50
    ) -> Figure:
        return mix_domains(group, first, second, domain, percent)

    return notebook.explore(
        draw,
        stills=[{"percent": 100}, {"first": far[0], "second": far[1], "percent": 100}],
        first=names,
        second=names,
        domain=labels,
        percent=(0, 100),
    )


def explore_ridge(comparison: Comparison, places: np.ndarray):
    """Features, folds and target, with what every penalty would give.

    Args:
        places: (M, 2) of the models that have scores.
    """

    def draw(
        target: str = comparison.columns[-1],
        features: str = prediction_runs.COORDINATES,
        folds: str = prediction_runs.FOLDS[0],
    ) -> Figure:
        return ridge(comparison, places, target, features, folds)

    return notebook.explore(
        draw,
        stills=[{}, {"folds": "random"}, {"target": comparison.columns[0]}],
        target=comparison.columns,
        features=list(comparison.features),
        folds=list(prediction_runs.FOLDS),
    )


def explore_plane(plane: Plane):
    """The plane of weights between a base and two fine-tunes, and one point of it by domain."""

    def draw(a: float = 0.5, b: float = 0.5) -> Figure:
        return interpolate(plane, a, b)

    steps = (0.0, 1.0, 0.1)
    return notebook.explore(draw, stills=[{}, {"a": 1.0, "b": 1.0}], a=steps, b=steps)
