"""Views with controls of notebook 07; each builds its own and shows it."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes import notebook
from lmnotes.figures import maps as looks
from lmnotes.figures import style
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import adding, errors, figures, newcomers, spread
from lmnotes.papers.text_resampling.moving import Moved
from lmnotes.papers.text_resampling.study import Study


def drawn_texts(study: Study, seed: int = 42):
    """Which texts n draws take, and how many of them are distinct."""
    n_texts = study.n_texts
    top = {method: 1.05 * n_texts * float(study.pis[method].max()) for method in study.pis}

    def draw(n: int = max(10, n_texts // 4), method: str = "LS", run: int = 0) -> Figure:
        pi = study.pis[method]
        drawn = resample.draw(pi, n, seed=seed + run, generator="published")
        expected = resample.expected_distinct(pi, n)
        title = f"{method}: {n:,} draws, {len(drawn):,} distinct texts (expected {expected:,.0f})"
        figure = figures.drawn_texts(n_texts * pi, study.domain, drawn.texts, title)
        figure.axes[0].set_ylim(0, top[method])
        return figure

    stills = [{"n": max(10, n_texts // 20)}, {"method": "uniform"}]
    controls = {"n": (10, n_texts), "method": ["LS", "KL", "uniform"], "run": (0, 20)}
    return notebook.explore(draw, stills=stills, frames="n", **controls)


def paths(
    study: Study, i: int, j: int, methods, n: int, runs: int = 8, first: int = 0, seed: int = 42
) -> pd.DataFrame:
    """Running estimates of the squared distance of two models over its value, draw by draw.

    Columns method, run, n, ratio, and error: the theoretical standard error over the value.
    """
    shares = (study.Q[i] - study.Q[j]) ** 2
    draws, rows = np.unique(np.geomspace(1, n, 120).astype(int)), []
    for method in methods:
        pi = study.pis[method]
        error = spread.standard_error(shares, pi, draws) / shares.sum()
        for run in range(first, first + runs):
            path = spread.running_estimate(shares, pi, n, seed=seed + run, generator="published")
            ratio = path[draws - 1] / shares.sum()
            columns = {"method": method, "run": run, "n": draws, "ratio": ratio, "error": error}
            rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


def estimator(study: Study, seed: int = 42):
    """The running estimate of the distance of two models of one's choice."""
    first, second = study.pair_at(50)
    names = study.labels.tolist()
    labels = {label: row for row, label in enumerate(names)}

    def draw(
        model: str = names[first],
        other: str = names[second],
        method: str = "LS",
        n: int = max(20, study.n_texts // 3),
        runs: int = 3,
    ) -> Figure:
        i, j = labels[model], labels[other]
        if i == j or not study.G[i, j] > 0:
            figure, (ax,) = style.panels(width=4.2, height=1)
            ax.set_axis_off()
            ax.text(0, 0.5, "these two lie in one point: choose two that differ")
            return figure
        title = f"{model} and {other}: map distance {study.G[i, j] / 2 / study.n_texts:.3g} nats"
        table = paths(study, i, j, [method, "uniform"], n, runs, seed=seed)
        return figures.running_estimates(table, f"{title} per text")

    ends = [[names[row] for row in study.pair_at(rank)] for rank in (1, 99)]
    return notebook.explore(
        draw,
        stills=[{"model": near, "other": far} for near, far in ends],
        model=notebook.typed(names, names[first]),
        other=notebook.typed(names, names[second]),
        method=["LS", "KL"],
        n=(20, study.n_texts),
        runs=(1, 8),
    )


def error_curves(study: Study):
    """Errors by the closed form, with or without the error of the texts themselves."""
    n_texts = study.n_texts
    n = np.geomspace(10, n_texts, 60)
    flat = errors.error_constants(study.Q, {"u": study.pis["uniform"]}, study.weights["relative"])
    top, low = flat["u"] / np.sqrt(10), 0.3 * flat["u"] / np.sqrt(n_texts)

    def draw(
        method: str = "LS",
        uniform_mass: float = 0.0,
        measure: str = "relative",
        with_sampling_error: bool = True,
    ) -> Figure:
        pi = resample.importance(study.Q, method, uniform_share=uniform_mass)
        pis = {method: pi, "uniform": study.pis["uniform"]}
        of_methods = errors.error_constants(study.Q, pis, study.weights[measure])
        sampling = of_methods["uniform"] / np.sqrt(n_texts) if with_sampling_error else 0.0
        figure, (ax,) = style.panels(width=4.2, height=2.8)
        fresh = {"color": style.GREY, "lw": 3, "alpha": 0.5, "label": "fresh texts"}
        ax.plot(n, of_methods["uniform"] / np.sqrt(n), **fresh)
        for name, own in pis.items():
            total = errors.total_error(of_methods[name] / np.sqrt(n), sampling)
            mass = f", {100 * uniform_mass:.0f} % uniform mass" if name == method else ""
            look = {"color": figures.METHODS[name], "label": f"{name}{mass}"}
            ax.plot(resample.expected_distinct(own, n), total, **look)
        ax.set(xlabel="distinct texts $d$", ylabel=f"{measure} error", yscale="log")
        ax.set(xlim=(0, 0.8 * n_texts), ylim=(low, top))
        ax.legend(loc="upper right")
        return figure

    return notebook.explore(
        draw,
        stills=[{}, {"with_sampling_error": False}],
        frames="uniform_mass",
        method=["LS", "KL"],
        uniform_mass=(0.0, 1.0, 0.05),
        measure=["relative", "absolute"],
        with_sampling_error=True,
    )


def moving_map(moved: Moved):
    """One draw after another on a map that all are turned onto."""
    look, n_maps = looks.population(moved.study.models), len(moved.tsne["LS"].aligned)
    kinds = {"linear": ("pca", "PC", "nats"), "t-SNE": ("tsne", "t-SNE", "")}
    limits = {}
    for name, (kind, *_) in kinds.items():
        places = np.concatenate([maps.aligned for maps in getattr(moved, kind).values()])
        low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
        limits[name] = (low - 0.05 * (high - low), high + 0.05 * (high - low))

    def draw(setting: str = "LS", run: int = 0, projection: str = "linear") -> Figure:
        figure, (ax,) = style.panels(width=4.4, height=3.9)
        kind, axis, unit = kinds[projection]
        aligned = getattr(moved, kind)[setting]
        options = {"points": aligned.aligned[run], "axis": axis, "unit": unit}
        figures.ellipses(ax, aligned, look, f"{setting}, draw {run}", **options)
        low, high = limits[projection]
        ax.set_aspect("auto")
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        return figure

    return notebook.explore(
        draw,
        stills=[{"run": 1}, {"setting": list(moved.n)[-1], "run": 1}],
        setting=list(moved.n),
        run=(0, n_maps - 1),
        projection=list(kinds),
    )


def hide_family(
    study: Study, hidden: pd.DataFrame, known: pd.DataFrame, d: float, uniform_share: float
):
    """Importances by the known models and by all, and what they cost the others.

    hidden, known: the tables of `newcomers.hide_each` and `know_each`; their last rows come first.
    """
    of_groups = {
        name: group for name, group in newcomers.groups(study).items() if group.sum() < len(study)
    }
    by_all = study.n_texts * pd.Series(study.pis["LS"]).groupby(study.domain).mean()
    most = 1.1 * max(table[list(figures.WAYS)].to_numpy().max() for table in (hidden, known))
    first, alone = hidden.family.iloc[-1], known.family.iloc[-1]

    def draw(
        which: str = first, only_this_is_known: bool = False, uniform_mass: float = uniform_share
    ) -> Figure:
        group = of_groups[which]
        unknown = ~group if only_this_is_known else group
        old = maps.double_centre(np.maximum(study.raw.values[~unknown], study.clipped.threshold))
        figure, (left, right) = style.panels(2, height=2.4)
        if len(old) < 2:
            for ax in (left, right):
                ax.set_axis_off()
            left.text(0, 0.5, "one model alone knows no variance: choose another")
            return figure
        blind = resample.importance(old, "LS", uniform_share=uniform_mass)
        by_known = study.n_texts * pd.Series(blind).groupby(study.domain).mean()
        of_ways = newcomers.hidden_error(study, unknown, d, uniform_mass)
        places = np.arange(len(by_all))
        left.barh(places - 0.2, by_known, 0.4, color=style.RED, label="by the known")
        left.barh(places + 0.2, by_all, 0.4, color=style.BLACK, label="by all models")
        left.set_yticks(places, by_all.index)
        title = f"known: {which}" if only_this_is_known else f"hidden: {which}"
        left.set(xlabel="mean importance, times N", title=title)
        left.set_xlim(0, max(2 * by_all.max(), 1.1 * by_known.max()))
        left.legend(loc="lower right")
        colours = [figures.WAYS[way] for way in of_ways]
        right.barh(list(of_ways), list(of_ways.values()), color=colours)
        right.set(xlabel="relative error, known to hidden")
        right.set_xlim(0, max(most, 1.1 * max(of_ways.values())))
        return figure

    names = list(of_groups)
    stills = [{"which": name} for name in (first,) if name in of_groups]
    if alone in of_groups:
        stills.append({"which": alone, "only_this_is_known": True})
    return notebook.explore(
        draw,
        stills=stills,
        which=notebook.typed(names, first if first in of_groups else names[0]),
        only_this_is_known=False,
        uniform_mass=(0.0, 0.9, 0.05),
    )


def calculator(study: Study, d: float):
    """What scoring costs: models times distinct texts times bytes."""

    def draw(
        models: int = 100,
        distinct: int = int(d),
        bytes_per_text: int = int(np.mean(study.n_bytes)),
        kB_per_second: int = 7,
    ) -> str:
        rate = 1000 * kB_per_second
        cost = adding.scoring_cost(models, study.n_texts, distinct, bytes_per_text, rate)
        return (
            f"all {study.n_texts:,} texts: {cost.minutes_all:,.1f} processor minutes\n"
            f"{distinct:,} chosen texts: {cost.minutes_drawn:,.1f}\n"
            f"saved: {cost.saved:,.1f} minutes, {1 - cost.share:.0%}"
        )

    return notebook.explore(
        draw,
        models=(1, 2000),
        distinct=(1, study.n_texts),
        bytes_per_text=(16, 4096),
        kB_per_second=(1, 1000),
    )
