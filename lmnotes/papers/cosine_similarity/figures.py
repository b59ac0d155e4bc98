"""Figures of notebook 03: axes of a pair, null laws, lengths, top-p sums, other spaces."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import bases, style
from lmnotes.papers.cosine_similarity.study import Space
from lmnotes.words import null_laws


def null_histogram(
    ax: Axes,
    values: np.ndarray,
    curve: tuple[np.ndarray, np.ndarray],
    *,
    limit: float,
    bins: int = 100,
    colour: str = style.BLUE,
    lines: Mapping[str, float] | None = None,
    log: bool = False,
    name: str = "words",
) -> pd.DataFrame:
    """A density of values with the curve of the null law, and some values marked.

    Returns:
        the table drawn: middle of each bin, density, null.
    """
    edges = np.linspace(-limit, limit, bins + 1)
    inside = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
    middle = (edges[1:] + edges[:-1]) / 2
    ax.bar(middle, inside, edges[1] - edges[0], color=colour, alpha=0.5, label=name)
    ax.plot(*curve, color=style.RED, lw=1, label="null law")
    if log:
        ax.set(yscale="log", ylim=(inside[inside > 0].min() / 2, inside.max() * 30))
    else:
        ax.set_ylim(0, inside.max() * 1.25)
    for text, value in (lines or {}).items():
        ax.axvline(value, color=style.BLACK, lw=0.6, ls="--")
        look = {"xycoords": ("data", "axes fraction"), "fontsize": 6, "rotation": 90, "va": "top"}
        ax.annotate(text, (value, 1), (1, -2), textcoords="offset points", **look)
    ax.set(xlim=(-limit, limit), ylabel="density")
    ax.legend(loc="upper left" if lines else "upper right")
    return pd.DataFrame({"middle": middle, "density": inside, "null": np.interp(middle, *curve)})


def maps(
    matrices: Mapping[tuple[str, str], np.ndarray],
    names: Mapping[str, Sequence[str]] | None = None,
) -> Figure:
    """Words by matched axes, a row of panels per basis and a column per space (Figure 5).

    Args:
        matrices: (basis, space) -> (words, axes); all of a basis have the same words and axes.
        names: basis -> its words, written beside its first panel.
    """
    figure, panels = style.grid_of(matrices, 2.6)
    look = {"aspect": "auto", "cmap": "Blues", "vmin": -0.04, "vmax": 0.7}
    for (basis, space), matrix in matrices.items():
        ax, n_axes = panels[basis, space], matrix.shape[1]
        extent = (0.5, n_axes + 0.5, len(matrix) - 0.5, -0.5)  # axes from 1
        image = ax.imshow(matrix, interpolation="nearest", extent=extent, **look)
        ax.set_yticks([])
        if names is not None:
            ax.set_xticks(range(1, 1 + n_axes))
            if ax.get_subplotspec().is_first_col():
                ax.set_yticks(range(len(matrix)), names[basis], fontsize=6)
        ax.tick_params(length=0)
        row_label = basis if names is not None else f"{basis}: words"
        style.outer_labels(ax, space, row_label, "matched axis")
    style.colour_bar(image, list(panels.values()), "normalised value", aspect=40)
    return figure


def pair_bars(table: pd.DataFrame, columns: Sequence[str], n_axes: int) -> Figure:
    """A pair of words and their product on a few axes, per basis and space (Figures 6, 13, 14).

    Args:
        table: of `other_spaces.pair_on_axes`. columns: the two words and "product".
    """
    parts = dict(list(table.groupby(["basis", "space"], sort=False)))
    figure, panels = style.grid_of(parts, 1.95)
    colours = (style.SKY, style.PURPLE, style.BLACK)
    right = max(0.7, 1.05 * table[[*columns]].max(axis=None))
    for (basis, space), part in parts.items():
        ax, places = panels[basis, space], np.arange(len(part))
        for number, (column, colour) in enumerate(zip(columns, colours, strict=True)):
            ax.barh(places + 0.27 * (number - 1), part[column], 0.25, color=colour, label=column)
        for law, colour in (("normal", style.PURPLE), ("product", style.BLACK)):
            ax.axvline(null_laws.threshold(n_axes, law), color=colour, lw=0.6, ls=":")
        ax.axvline(0, color=style.BLACK, lw=0.4)
        ax.set_yticks(places, part.meaning.str.replace(", ", "\n"), fontsize=6)
        ax.invert_yaxis()
        ax.set_xlim(-0.2, right)
        style.outer_labels(ax, space, basis, "normalised value, product")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def pseudo_words(table: pd.DataFrame, level: float) -> Figure:
    """Words made of two on the axes of both, and on the axes of another pair (Figure 23).

    table: of `Study.pseudo_words`. level: above which a value is significant.
    """
    figure, panels = style.panels(3, height=2.6)
    for ax, (basis, part) in zip(panels, table.groupby("basis", sort=False), strict=True):
        own, other = (part[[f"{w} first", f"{w} second"]].to_numpy() for w in ("own", "another's"))
        rings = {"s": 12, "facecolors": "none", "edgecolors": style.GREY, "lw": 0.7}
        ax.scatter(*other.T, label="on two other axes", **rings)
        ax.scatter(*own.T, s=12, lw=0, color=bases.BASES[basis], label="on their own axes")
        for line in (ax.axvline, ax.axhline):
            line(level, color=style.RED, lw=0.6, ls=":")
        ax.set(xlim=(-0.4, 0.85), ylim=(-0.4, 0.85), aspect="equal", title=basis)
        ax.set_xlabel("value on the first word's axis")
    panels[0].set_ylabel("value on the second word's axis")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def halves(table: pd.DataFrame, keeps: Mapping[str, np.ndarray], word: str) -> Figure:
    """A word on its five largest axes in one half of a text and on their partners (Figure 24).

    table: of `other_spaces.in_halves`. keeps: basis -> which words keep their largest axis.
    """
    figure, panels = style.panels(2, height=2.2)
    for ax, (basis, part) in zip(panels, table.groupby("basis", sort=False), strict=True):
        for half, rows in part.groupby("half"):
            colour = style.BLACK if half == 1 else style.SKY
            places = rows["rank"] + 0.4 * (half - 1)
            ax.barh(places, rows.value, 0.38, color=colour, label=f"half {half}")
        names = part.groupby("rank").meaning.agg("\n".join)
        ax.set_yticks(names.index + 0.2, names, fontsize=6)
        ax.invert_yaxis()
        ax.axvline(0, color=style.BLACK, lw=0.4)
        title = f"{basis}: {keeps[basis].mean():.0%} of shared words keep their axis"
        ax.set(xlabel=f"normalised value of {word}", title=title)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def axis_bars(table: pd.DataFrame) -> Figure:
    """Values of two words and their product on every axis, a row of panels per basis (Figure 2).

    table: of `readings.axes_of_pair`.
    """
    parts = dict(list(table.groupby(["basis", "vector"], sort=False)))
    figure, panels = style.grid_of(parts, 1.45, sharex=True, sharey="col")
    n_axes, product = table.axis.max(), table.vector.iloc[-1]
    spans = table.groupby("vector").value.agg(np.ptp)
    for (basis, vector), part in parts.items():
        ax, law = panels[basis, vector], "product" if vector == product else "normal"
        ax.vlines(part.axis, 0, part.value, color=bases.BASES[basis], lw=0.9)
        ax.axhline(null_laws.threshold(n_axes, law), color=style.RED, lw=0.6, ls=":")
        ax.axhline(0, color=style.BLACK, lw=0.4)
        named = part[part.significant].head(4)
        _name_bars(ax, named, n_axes, 70 / spans[vector])
        style.outer_labels(ax, vector, f"{basis}\nnormalised value", "axis")
        if vector == product:
            ax.set_ylabel("product")
        ax.margins(y=0.12)
    return figure


def null_laws_of(
    space: Space, pairs: np.ndarray, marked: Mapping[str, Mapping[str, float]]
) -> tuple[Figure, pd.DataFrame]:
    """Components and products of random words against the null laws (Figures 3 and 12), and the
    table drawn; a row for ICA and one for PCA, the random rotation dotted in both.

    Args:
        pairs: (2, N) rows. marked: "component" and "product" -> name -> a value to mark, ICA's.
    """
    n, kinds = space.n_axes, ("component", "product", "product, enlarged")
    names = ("ICA", "PCA")
    figure, panels = style.grid_of([(b, kind) for b in names for kind in kinds], 2.0)
    reach = dict(zip(kinds, (6 / np.sqrt(n), 30 / n, 3 / n), strict=True))
    shown = {b: (u[pairs[0]], u[pairs[0]] * u[pairs[1]]) for b, u in space.unit.items()}
    parts = []
    for (basis, kind), ax in panels.items():
        at, log = np.linspace(-reach[kind], reach[kind], 1000), kind != kinds[2]
        curve = at, null_laws.density(at, n, "normal" if kind == "component" else "product")
        part = {b: values[kind != "component"].ravel() for b, values in shown.items()}
        look = {"limit": reach[kind], "colour": bases.BASES[basis], "log": log, "name": basis}
        look["lines"] = marked.get(kind) if basis == "ICA" else None
        drawn = null_histogram(ax, part[basis], curve, **look)
        if log:
            random, edges = np.histogram(part["random rotation"], np.linspace(at[0], at[-1], 101))
            density = random / (part[basis].size * (edges[1] - edges[0]))
            line = {"color": bases.BASES["random rotation"], "lw": 1.3, "label": "random rotation"}
            ax.plot(drawn.middle, np.where(density > 0, density, np.nan), ":", **line)
            drawn["random rotation"] = density
        ax.get_legend().remove()
        style.outer_labels(ax, "", f"{basis}\ndensity", kind)
        ax.set_ylabel(ax.get_ylabel() if kind == "component" else "")
        parts.append(drawn.assign(basis=basis, panel=kind))
    shown = [panels[basis, "component"].get_legend_handles_labels() for basis in names]
    entries = {label: handle for pair in shown for handle, label in zip(*pair, strict=True)}
    figure.legend(entries.values(), entries, loc="outside upper center", ncols=4)
    return figure, pd.concat(parts)


def decomposition(table: pd.DataFrame, word: str) -> Figure:
    """The cosines of a word with others, cut into the parts of its five largest axes (Figure 4).

    table: of `readings.decomposition`.
    """
    parts = list(table.groupby("basis", sort=False))
    figure, panels = style.panels(len(parts), height=2.0, sharex=True)
    axes = list(dict.fromkeys(table["axis"]))  # "1st" .. "5th", the rest
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.95, len(axes) - 1))  # in order of size
    colours = dict(zip(axes, (*shades, style.GREY), strict=True))
    for ax, (basis, part) in zip(panels, parts, strict=True):
        wide = part.pivot(index="place", columns="axis", values="value")[axes]
        for sign in (1, -1):
            ends = np.zeros(len(wide))
            for axis in axes:
                width = wide[axis].clip(**{"lower" if sign > 0 else "upper": 0})
                ax.barh(wide.index, width, left=ends, color=colours[axis], height=0.7)
                ends = ends + width
        ax.plot(wide.sum(axis=1), wide.index, "|", ms=9, mew=1.5, color=style.RED)
        ax.set_yticks(wide.index, part.drop_duplicates("place").word)
        ax.axvline(0, color=style.BLACK, lw=0.4)
        ax.set(title=basis, xlabel=f"parts of the cosine with {word}", ylim=(len(wide) - 0.5, -0.5))
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
    labels = [f"{axes[0]} axis of {word}", *axes[1:-1], "the rest"]
    figure.legend(handles, labels, loc="outside upper center", ncols=len(axes))
    return figure


def sorted_values(table: pd.DataFrame) -> Figure:
    """Mean sorted values of each basis, a panel per space and direction (Figures 8 and 16).

    table: columns space, basis, over, rank, value.
    """
    parts = list(table.groupby(["over", "space"], sort=False))
    figure, panels = style.panels(len(parts), height=2.2, sharey=True)
    for ax, ((over, space), part) in zip(panels, parts, strict=True):
        labels = {"xscale": "log", "xlabel": f"rank along {over}", "title": space}
        bases.curves(ax, part, "rank", "value", legend=False, **labels)
        ax.axhline(0, color=style.BLACK, lw=0.4)
    panels[0].set_ylabel("mean normalised value")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def leads(table: pd.DataFrame) -> Figure:
    """By how much ICA's score is above PCA's and a random rotation's, with p products (Figure 9).

    table: columns benchmark, rival, n_axes, lead, low, high, published (of GloVe), title.
    """
    parts = list(table.groupby("title", sort=False))
    figure, panels = style.panels(len(parts), width=style.PAGE, height=2.5)
    for ax, (title, part) in zip(panels, parts, strict=True):
        labels = {"xscale": "log", "xlabel": "products kept, $p$", "title": title}
        bases.curves(ax, part, "n_axes", "lead", by="rival", bands=("low", "high"), **labels)
        theirs = part.dropna(subset="published")
        look = {"color": style.PAPER, "ms": 5, "label": "PCA, the paper's GloVe"}
        ax.plot(theirs.n_axes, theirs.published, "x", **look)
        ax.axhline(0, color=style.BLACK, lw=0.6)
        ax.get_legend().remove()
        ax.xaxis.set_major_formatter("{x:g}")
    panels[0].set_ylabel("score of ICA, less that of")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def top_sums(sums: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """The largest product against the cosine, ICA and PCA, and how well the p largest rank pairs
    as the cosine does (Figures 17 and 18).

    sums: columns cosine and "BASIS p=1". agreement: columns basis, n_axes, spearman, published.
    """
    figure, (ica, pca, right) = style.panels(3, height=2.5, width_ratios=(1, 1, 1.5))
    both = sums[["ICA p=1", "PCA p=1"]]
    limits = both.min(axis=None) - 0.02, both.max(axis=None) + 0.02
    for ax, basis in ((ica, "ICA"), (pca, "PCA")):
        look = {"s": 3, "alpha": 0.4, "lw": 0, "color": bases.BASES[basis], "rasterized": True}
        ax.scatter(sums.cosine, sums[f"{basis} p=1"], **look)
        ax.set(xlabel="cosine", ylabel="largest product", title=basis, ylim=limits)
    pca.set(ylabel="")
    labels = {"xscale": "log", "xlabel": "products kept, $p$", "ylabel": "Spearman with the cosine"}
    bases.curves(right, agreement, "n_axes", "spearman", **labels)
    for basis, part in agreement.dropna(subset="published").groupby("basis", sort=False):
        look = {"color": bases.BASES[basis], "ms": 5, "label": f"{basis}, the paper's GloVe"}
        right.plot(part.n_axes, part.published, "x", **look)
    right.get_legend().remove()
    right.xaxis.set_major_formatter("{x:g}")
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def bow_ties(table: pd.DataFrame) -> Figure:
    """Mean length of words by their rank on an axis and the axis's rank in them (Figure 10).

    table: columns panel, "word rank", "axis rank", length.
    """
    parts = list(table.groupby("panel", sort=False))
    figure, panels = style.panels(len(parts), height=2.4, sharey=True)
    look = {"gridsize": (36, 22), "cmap": "viridis", "linewidths": 0.1, "mincnt": 1}
    look |= dict(zip(("vmin", "vmax"), table.length.quantile([0.1, 0.95]), strict=True))
    for ax, (title, part) in zip(panels, parts, strict=True):
        cells = ax.hexbin(part["word rank"], part["axis rank"], part.length, **look)
        ax.set(title=title, xlabel="rank of the word on the axis")
    panels[0].set_ylabel("rank of the axis in the word")
    panels[0].invert_yaxis()
    style.colour_bar(cells, panels, "mean length of the unscaled words")
    return figure


def ablation(table: pd.DataFrame, space: Space, pair: Sequence[str]) -> Figure:
    """The components of a word against those of a word that shares the removed axis and of its
    partner; every word by similarity after the removal and value on the axis (Figures 21, 22).

    table: of `readings.ablation`.
    """
    unit, first, axis = space.unit["ICA"], space.ids[pair[0]], table.attrs["axis"]
    figure, (left, right) = style.panels(2, height=3.1)
    for row, colour in ((table.attrs["other"], style.RED), (space.ids[pair[1]], style.SKY)):
        dots, square = {"s": 6, "lw": 0, "alpha": 0.7}, {"s": 40, "marker": "s"}
        left.scatter(unit[first], unit[row], color=colour, label=space.words[row], **dots)
        place = unit[first, axis], unit[row, axis]
        left.scatter(*place, facecolors="none", edgecolors=colour, **square)
    left.set(xlabel=f"components of {pair[0]}", ylabel="components of the other word")
    left.legend()
    x, y, chosen = table.x.to_numpy(), table.y.to_numpy(), np.flatnonzero(table.nearest)
    right.scatter(x, y, s=3, color=style.GREY, alpha=0.35, linewidths=0, rasterized=True)
    right.scatter(x[chosen], y[chosen], s=10, color=style.RED, linewidths=0)
    ends = np.array([0.0, x[chosen].max() * 1.15])
    ylabel = f"value on the axis [{space.meaning(axis, n=2)}]"
    right.set(xlabel=f"similarity to {pair[0]} without the axis", ylabel=ylabel, xlim=ends)
    right.set_ylim(y[chosen].min() - 0.1, y[chosen].max() + 0.1)
    for cosine in (0.0, 0.2, 0.4, 0.6):
        right.plot(ends, (cosine - ends) / unit[first, axis], color=style.BLACK, lw=0.4, ls=":")
    style.name_words(right, x, y, {space.words[row]: row for row in chosen})
    return figure


def ranked_words(table: pd.DataFrame) -> Figure:
    """Short rankings side by side, each word written in its place (Figure 19).

    table: columns axes, word, cosine.
    """
    lists = list(table.groupby("axes", sort=False))
    size = {"width": style.PAGE, "height": 0.6 + 0.14 * len(lists[0][1])}
    figure, panels = style.panels(len(lists), **size, sharex=True, sharey=True)
    for ax, (title, part) in zip(panels, lists, strict=True):
        ax.barh(range(len(part)), part.cosine, color=style.SKY, alpha=0.5)
        for place, word in enumerate(part.word):
            ax.text(0.02 * table.cosine.max(), place, word, va="center", fontsize=6.5)
        ax.set(yticks=[], xlabel="cosine", xlim=(0, table.cosine.max() * 1.02))
        ax.set_title(title.replace(" + ", "\n+ "), fontsize=7)
    panels[0].invert_yaxis()
    return figure


def _name_bars(ax: Axes, named: pd.DataFrame, n_axes: int, points: float) -> None:
    """Names of axes at tips of bars, none over another; points: height of a value of 1 on paper."""
    placed: list[tuple[int, float]] = []
    for row in named.sort_values("value").itertuples():
        tip = height = row.value * points
        while any(
            abs(row.axis - other) < 0.35 * n_axes and abs(height - place) < 8
            for other, place in placed
        ):
            height += 1
        right = row.axis > 0.6 * n_axes
        side = {"ha": "right" if right else "left", "fontsize": 6, "textcoords": "offset points"}
        offset = (-2 if right else 2, 1 + height - tip)
        ax.annotate(row.meaning.split(", ")[0], (row.axis, row.value), offset, **side)
        placed.append((row.axis, height))
