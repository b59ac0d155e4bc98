"""Pictures of the map: Figure 1 as a page, projections and colours, distances and their tree."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from lmnotes.figures import map_page, maps, style
from lmnotes.models.maps import coordinates, layout, projection
from lmnotes.papers.model_map.population import Population

TSNE, PCA = ["t-SNE 1", "t-SNE 2"], ["PCA 1", "PCA 2"]
_UNITS = {"t-SNE": "", "PCA": "nats", "MDS": "nats$^{1/2}$"}


def place(population: Population, *, seed: int, perplexity: float, n_iterations: int):
    """The stored places of the models, and classical scaling of the root of the map distance as
    the squared distance, turned onto the PCA: (M, 6) by name of model."""
    options = {"seed": seed, "perplexity": perplexity, "n_iterations": n_iterations}
    places = layout.build(population.Q, population.names, **options)
    scaled = projection.classical_mds(np.sqrt(population.distance))
    turned = layout.procrustes(scaled, places[PCA].to_numpy())
    return places.assign(**{"MDS 1": turned[:, 0], "MDS 2": turned[:, 1]})


def spread(
    population: Population, places: pd.DataFrame, *, n_draws: int = 8, seed: int, perplexity: float
) -> np.ndarray:
    """How far the place of each model moves when the texts are drawn anew, (M,): the root of the
    mean squared step, in units of the picture; each t-SNE starts from the places and is turned
    onto them."""
    rng, start = np.random.default_rng(seed), places[TSNE].to_numpy()
    n_texts, squared = population.L.shape[1], np.zeros(len(population))
    options = {"perplexity": perplexity, "n_iterations": 250, "start": start}
    for _ in range(n_draws):
        drawn = coordinates.double_centre(population.L[:, rng.integers(0, n_texts, n_texts)])
        moved = layout.procrustes(projection.tsne(drawn, seed, **options), start)
        squared += ((moved - (start - start.mean(axis=0))) ** 2).sum(axis=1)
    return np.sqrt(squared / n_draws)


def seed_step(population: Population, xy: np.ndarray) -> float:
    """The median distance in the picture of two models that differ in their seed only, or NaN."""
    pairs = np.array(population.seed_pairs, int).reshape(-1, 2)
    steps = np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)
    return float(np.median(steps)) if len(steps) else np.nan


def page(population: Population, places: pd.DataFrame, radii: np.ndarray) -> Figure:
    """Figure 1 as a page: models as dots by their parameters, lines from parent to child, faint
    discs where texts drawn anew would put them, and how far another seed is.

    Args:
        places: of `place`. radii: (M,) of `spread`.
    """
    xy, models = places[TSNE].to_numpy(), population.models
    figure, (ax,) = style.panels(width=style.PAGE, height=_height(xy, 5.6))
    look = maps.population(models)
    discs = EllipseCollection(
        2 * radii,
        2 * radii,
        np.zeros(len(xy)),
        units="xy",
        offsets=xy,
        transOffset=ax.transData,
        facecolors=look.colours,
        alpha=0.13,
        linewidths=0,
        zorder=0,
    )
    ax.add_collection(discs)
    ax.set_aspect("equal", adjustable="datalim")
    step = seed_step(population, xy)
    if np.isfinite(step):
        _scale_bar(ax, xy, step)
    maps.bare(ax)
    maps.draw(ax, xy, models, lineage=True, names=list(population.labels[_landmarks(xy, models)]))
    return figure


def _landmarks(xy: np.ndarray, models: pd.DataFrame) -> list[int]:
    """All rows, those first that tell most of the map: each the farthest from those before it,
    models from scratch first."""
    scratch = models["kind"].isin(["neural", "ngram"]) if "kind" in models else models.index >= 0
    order: list[int] = []
    for rows in (np.flatnonzero(scratch), np.flatnonzero(~np.asarray(scratch))):
        left = list(rows)
        while left:
            known = xy[order] if order else xy.mean(axis=0, keepdims=True)
            gaps = np.linalg.norm(xy[left][:, None] - known[None], axis=2).min(axis=1)
            order.append(int(left.pop(int(gaps.argmax()))))
    return order


def _scale_bar(ax: Axes, xy: np.ndarray, length: float) -> None:
    """A bar of this length below the models, and what it is."""
    left, bottom = xy.min(axis=0)
    height = np.ptp(xy[:, 1])
    ends = [left, left + length], [bottom - 0.07 * height] * 2
    ax.plot(*ends, color=style.BLACK, lw=1.6, solid_capstyle="butt", marker="|", ms=5)
    words = "another seed is this far"
    ax.annotate(words, (ends[0][0], ends[1][0]), (0, -11), textcoords="offset points", fontsize=7)


def projections(places: pd.DataFrame, models: pd.DataFrame) -> Figure:
    """The same models under the three projections of `place`, one legend for all."""
    figure, axes = style.panels(len(_UNITS), height=2.9)
    for ax, (name, unit) in zip(axes, _UNITS.items(), strict=True):
        xy = places[[f"{name} 1", f"{name} 2"]].to_numpy()
        look = maps.draw(ax, xy, models, size=12, names=[], with_legend=False)
        if unit:
            ax.set(title=name, xlabel=f"axis 1, {unit}", ylabel=f"axis 2, {unit}")
        else:
            maps.bare(ax, name)
    _legend(figure, axes[0], look, 6)
    return figure


def _legend(figure: Figure, ax: Axes, look: maps.Population, n_columns: int) -> None:
    """The legend of a map below all panels; at one of them it would squeeze it."""
    maps.legend(ax, look)
    made = ax.get_legend()
    made.remove()
    labels, below = [text.get_text() for text in made.texts], "outside lower center"
    figure.legend(made.legend_handles, labels, loc=below, ncols=n_columns, handletextpad=0.1)


def _height(xy: np.ndarray, width: float) -> float:
    """Of a panel of this width that the places fill without being stretched, inches."""
    across, up = np.ptp(xy, axis=0)
    return width * float(np.clip(up / across if across else 1, 0.8, 1.45))


def colours(population: Population, about: pd.DataFrame) -> tuple[dict, dict]:
    """What colours the map, by name, and the unit of each number; sizes where they are known.

    Args:
        about: of `Population.described`.
    """
    columns = {"mean log-likelihood": about["mean log-likelihood"], "size": about["log10 size"]}
    columns |= {
        "order of creation": about["order"],
        "domain of strength": about["strongest domain"],
    }
    billions = "billions of " if population.is_published else ""
    units = {"mean log-likelihood": "nats per text", "size": f"log10 of {billions}parameters"}
    units["order of creation"] = "order"
    return {name: c for name, c in columns.items() if c.notna().any()}, units


def web_page(population: Population, about: pd.DataFrame) -> str:
    """The map as one page for a browser, each model with its five nearest."""
    told = ["model", "label", "family", "kind", "mixture", "parent", "leaked", "n_parameters"]
    told += ["order", "mean log-likelihood", "strongest domain"]
    places = [f"{name} {axis}" for name in _UNITS for axis in (1, 2)]
    near = coordinates.nearest(population.distance, population.names, k=5)
    numbers = [name for name in ("mean log-likelihood", "order") if about[name].notna().any()]
    return map_page.page(
        about[[*(name for name in told if name in about), *places]],
        near.groupby("model", sort=False).neighbour.agg(list).to_dict(),
        views={name: (f"{name} 1", f"{name} 2") for name in _UNITS},
        colours=["family", "strongest domain", *numbers],
        title="Map of language models",
        units={"mean log-likelihood": "nats per text"},
        landmarks=list(population.names[_landmarks(about[TSNE].to_numpy(), about)[:30]]),
    )


def colourings(
    xy: np.ndarray, columns: Mapping[str, pd.Series], units: Mapping[str, str]
) -> Figure:
    """One map in several colours, a panel each, the layout that of Figure 1."""
    figure, axes = style.grid(len(columns), 2, height=_height(xy, 2.4))
    for ax, (name, column) in zip(axes, columns.items(), strict=True):
        maps.models(ax, xy, column, unit=units.get(name, ""), size=28)
        maps.bare(ax, name)
        ax.set_aspect("equal", adjustable="datalim")
    for ax, column in zip(axes, columns.values(), strict=True):
        if not pd.api.types.is_numeric_dtype(column):
            style.place_words(ax, *xy.T, _middles(xy, column), dots=False)
    return figure


def _middles(xy: np.ndarray, column: pd.Series) -> dict[str, int]:
    """Of each class that is gathered somewhere, the model with the most of its own among its four
    nearest, two at least."""
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    names, nearest = column.astype(str).to_numpy(), np.argsort(apart, axis=1)[:, 1:5]
    alike = (names[nearest] == names[:, None]).sum(axis=1)
    best = {name: int(np.where(names == name, alike, -1).argmax()) for name in np.unique(names)}
    return {name: row for name, row in best.items() if alike[row] > 1}


def distances(distance: np.ndarray, order: np.ndarray, models: pd.DataFrame) -> Figure:
    """The matrix of map distances, nats per text, (M, M), rows in the order of a tree, with the
    colours of the models' families beside."""
    ordered = np.asarray(distance)[np.ix_(order, order)]
    off = ordered[~np.eye(len(ordered), dtype=bool)]
    low = np.quantile(off[off > 0], 0.001) if (off > 0).any() else 1e-6
    figure, (ax,) = style.panels(height=4.6, width=5.2)
    strip = ax.inset_axes([-0.05, 0, 0.035, 1])
    norm = LogNorm(low, off.max())
    image = ax.imshow(np.maximum(ordered, low), "magma", norm, interpolation="nearest")
    style.colour_bar(image, ax, "map distance, nats per text")
    look = _by_family(models)
    colours = np.array([to_rgb(colour) for colour in look.colours])[order]
    strip.imshow(colours[:, None], aspect="auto", interpolation="nearest")
    for axes in (ax, strip):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    ax.set_xlabel("models in the order of the tree")
    _legend(figure, ax, look, 4)
    return figure


def _by_family(models: pd.DataFrame) -> maps.Population:
    """The looks of models of which only the colour is shown."""
    return replace(maps.population(models), kinds=[], ringed=np.zeros(len(models), bool))


def tree(linkage: np.ndarray, models: pd.DataFrame) -> Figure:
    """The hierarchical clustering as a tree, leaves named, in the colours of their families."""
    look, labels = _by_family(models), models["label"]
    figure, (ax,) = style.panels(width=style.PAGE * 0.8, height=0.6 + 0.115 * len(labels))
    options = {"orientation": "left", "link_color_func": lambda _: style.GREY}
    drawn = dendrogram(linkage, labels=list(labels), ax=ax, **options)
    for label, leaf in zip(ax.get_yticklabels(), drawn["leaves"], strict=True):
        label.set(color=look.colours[leaf], fontsize=6)
    for lines in ax.collections:
        lines.set_linewidth(0.7)
    ax.set_xlabel("height: standard deviation of the difference, nats per text")
    ax.spines["left"].set_visible(False)
    _legend(figure, ax, look, 4)
    return figure
