"""Figures of notebook 05: relations as arrows, scores of settings, answer sets."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style
from lmnotes.papers.drug_gene_analogy.planes import Plane

DRUG, GENE = style.BLUE, style.ORANGE
SIDES = {"drug": (DRUG, "^"), "gene": (GENE, "o")}
MEASURES = {
    "top1": ("Top-1", style.RED, "o"),
    "top10": ("Top-10", style.BLUE, "^"),
    "mrr": ("MRR", style.GREEN, "s"),
}


def curve(
    ax: Axes, x: pd.Series, table: pd.DataFrame, measure: str, *look, color: str, **kwargs
) -> None:
    """A measure as a line over x, its range from _low to _high as a band."""
    ax.plot(x, table[measure], *look, color=color, ms=3, **kwargs)
    low, high = table[f"{measure}_low"], table[f"{measure}_high"]
    ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)


def points(ax: Axes, table: pd.DataFrame, kind: str, size: float, alpha: float, **kwargs) -> None:
    """The drugs or the genes of a plane."""
    colour, marker = SIDES[kind]
    rows = table[table.kind == kind]
    ax.scatter(rows.x, rows.y, s=size, c=colour, marker=marker, alpha=alpha, lw=0, **kwargs)


def planes(
    shown: Mapping[str, Plane],
    names: Mapping[str, Mapping[str, int]],
    width: float = style.PAGE,
    height: float = 3.6,
) -> Figure:
    """A panel per plane (Fig. 2): drugs, genes, a thin line for each relation, and the relation
    vector between their means.

    names: plane -> what to write in it -> row of its points.
    """
    from matplotlib.collections import LineCollection

    figure, axes = style.panels(len(shown), width=width, height=height)
    look = {"color": style.RED, "mec": "white", "mew": 0.5, "zorder": 5}
    for ax, (title, plane) in zip(axes, shown.items(), strict=True):
        xy, related = plane.points[["x", "y"]].to_numpy(), plane.points.related
        lines = LineCollection(xy[plane.pairs], colors=style.BLACK, linewidths=0.3, alpha=0.35)
        ax.add_collection(lines)
        for kind in SIDES:
            points(ax, plane.points[~related], kind, 7, 0.35, zorder=2)
            points(ax, plane.points[related], kind, 16, 0.85, zorder=2, label=f"{kind}s")
        ax.plot(*plane.ends.T, "--", color=style.RED, lw=2, zorder=4, label="relation vector")
        ax.plot(*plane.ends[0], "*", ms=10, label="mean of drugs", **look)
        ax.plot(*plane.ends[1], "s", ms=6, label="mean of genes", **look)
        ax.set(xlabel="first principal component", ylabel="second principal component")
        ax.set(title=title)
        ax.set_aspect("equal", adjustable="datalim")
    _legend(axes[0], ncols=5, fontsize=7)
    for ax, (title, plane) in zip(axes, shown.items(), strict=True):
        if title in names:
            style.place_words(ax, *plane.points[["x", "y"]].to_numpy().T, names[title])
    return figure


def scores(table: pd.DataFrame, groups: Mapping[str, str] | None = None) -> Figure:
    """Methods down the page, a panel per measure, means over worlds with their range.

    Args:
        table: method, and each measure with _low and _high. Methods called random are grey.
        groups: method -> a name that several rows share, for their colour.
    """
    height = 0.75 + 0.17 * len(table)
    figure, axes = style.panels(len(MEASURES), width=style.PAGE, height=height, sharey=True)
    number, _ = pd.factorize(table.method.map(lambda name: (groups or {}).get(name, "")))
    colours = np.array(style.COLOURS)[number % 6]
    colours[table.method.str.contains("random")] = style.GREY
    rows = np.arange(len(table))
    for ax, (measure, (name, _, _)) in zip(axes, MEASURES.items(), strict=True):
        low, high = table[f"{measure}_low"], table[f"{measure}_high"]
        ax.hlines(rows, low, high, colors=colours, linewidth=1.6, alpha=0.6)
        ax.scatter(table[measure], rows, c=colours, s=16, lw=0, zorder=3)
        ax.set(xlim=(-0.02, 1.02), xlabel=name)
        ax.set_yticks(rows, table.method)
        ax.grid(axis="x", lw=0.3, color="#dddddd")
        ax.set_axisbelow(True)
    axes[0].invert_yaxis()
    return figure


def years(table: pd.DataFrame, titles: Mapping[str, str], n_columns: int = 3) -> Figure:
    """Scores by year, a panel per setting: solid with their range over worlds, random dotted.

    table: setting, year, n and, for each measure and for random_ of it, value, _low, _high.
    """
    figure, axes = style.grid(len(titles), n_columns, height=2.1, sharex=True)
    counted = {"color": style.BLACK, "lw": 0.7, "ms": 3}
    for ax, (setting, title) in zip(axes, titles.items(), strict=True):
        rows = table[table.setting == setting]
        for measure, (name, colour, marker) in MEASURES.items():
            curve(ax, rows.year, rows, measure, marker=marker, color=colour, label=name)
            ax.plot(rows.year, rows[f"random_{measure}"], ":", color=colour, lw=1)
        right = ax.twinx()
        right.plot(rows.year, rows.n, "-.x", **counted)
        right.set_ylim(0, float(table.n.max()) * 1.1)
        right.spines["right"].set_visible(True)
        last = (ax.get_subplotspec().colspan.stop == n_columns) or setting == list(titles)[-1]
        right.set_ylabel("questions" if last else "")
        right.tick_params(labelright=last)
        ax.set(ylim=(0, 1.1), title=title, xticks=range(1900, 2100, 10), zorder=2)
        ax.set_xlim(table.year.min() - 2, table.year.max() + 2)
        ax.patch.set_visible(False)
    for ax in axes[::n_columns]:
        ax.set_ylabel("score")
    for ax in axes[-n_columns:]:
        ax.set_xlabel("text and relations up to year")
    axes[0].plot([], [], ":", color=style.BLACK, lw=1, label="random")
    axes[0].plot([], [], "-.x", label="questions (right)", **counted)
    _legend(axes[0], ncols=5)
    return figure


def answer_sets(
    sets: Mapping[tuple[str, str], np.ndarray], means: Mapping[tuple[str, str], float]
) -> Figure:
    """Histograms of the numbers of answers, a row per direction (Fig. S2 and S3).

    Args:
        sets: (direction, setting) -> number of answers of each question, by direction.
        means: the same -> the mean to mark, for P a mean over pathways of means.
    """
    columns = len({setting for _, setting in sets})
    figure, axes = style.grid(len(sets), columns, height=1.75, sharex="row")
    for ax, ((direction, setting), sizes) in zip(axes, sets.items(), strict=True):
        counts = np.bincount(sizes)[1:]
        colour = GENE if direction == "drug2gene" else DRUG
        ax.stairs(counts, np.arange(len(counts) + 1) + 0.5, fill=True, color=colour)
        mean = means[direction, setting]
        ax.axvline(mean, color=style.RED, ls="--", lw=1)
        ax.set_title(f"{setting}: mean {mean:.2f}, {len(sizes):,} questions")
        ask, give = ("drug", "genes") if direction == "drug2gene" else ("gene", "drugs")
        ax.set_xlabel(f"{give} that are right for a {ask}")
    for ax in axes[::columns]:
        ax.set_ylabel("questions")
    return figure


def rank_by_size(tables: Mapping[str, pd.DataFrame], rho: Mapping[str, float]) -> Figure:
    """The rank of the best answer against the number of answers, log scale (Fig. S5).

    tables: setting -> n_answers, rank. rho: setting -> weighted Spearman correlation.
    """
    figure, axes = style.panels(len(tables), width=style.PAGE, height=2.3, sharey=True)
    rng = np.random.default_rng(0)
    for ax, (setting, table) in zip(axes, tables.items(), strict=True):
        shift = rng.uniform(-0.25, 0.25, len(table))
        look = {"s": 5, "alpha": 0.35, "lw": 0, "color": GENE, "rasterized": True}
        ax.scatter(table.n_answers + shift, table["rank"], **look)
        middle = table.groupby("n_answers")["rank"].median()
        ax.plot(middle.index, middle, "_", color=style.RED, ms=9, mew=1.5)
        ax.set(yscale="log", xlabel="number of right genes")
        ax.set_title(f"{setting}: weighted Spearman {rho[setting]:+.2f}")
        ax.yaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel("rank of the best one")
    return figure


def nulls(permuted: Mapping[str, pd.DataFrame], real: Mapping[str, float]) -> Figure:
    """The MRR with relation vectors of no meaning beside that of the real one.

    Args:
        permuted: name of the permutation -> a row each. real: the same -> the real score.
    """
    figure, axes = style.panels(len(permuted), width=style.PAGE, height=2.1)
    for ax, (name, table) in zip(axes, permuted.items(), strict=True):
        ax.hist(table.mrr, 12, color=style.GREY, lw=0, label="of no meaning")
        ax.axvline(real[name], color=style.RED, lw=1.5, label="real")
        ax.set(xlabel="MRR", title=name)
        ax.margins(x=0.08)
    axes[0].set_ylabel("permutations")
    _legend(axes[0], ncols=2)
    return figure


def strengths(table: pd.DataFrame) -> Figure:
    """Top-1 against the length given to the relation vector, centred and not.

    table: scale, centre, and top1 with _low and _high.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.55, height=2.4)
    looks = {True: (style.BLUE, "-", "centred"), False: (style.RED, "--", "not centred")}
    for centre, rows in table.groupby("centre"):
        colour, dash, name = looks[bool(centre)]
        curve(ax, rows.scale, rows, "top1", dash, color=colour, label=name, marker="o")
    ax.axvline(1, color=style.BLACK, lw=0.5, ls=":")
    ax.set(xlabel=r"multiple $\alpha$ of the relation vector", ylabel="Top-1", ylim=(0, None))
    ax.legend()
    return figure


def pathways(table: pd.DataFrame) -> Figure:
    """What a pathway's own vector gains over the common one, and how much of it is leakage.

    table: n_pairs, cosine, mrr, global_mrr, held_out_mrr, one row per pathway.
    """
    figure, (left, right) = style.panels(2, width=style.PAGE, height=2.5)
    gain, held = table.mrr - table.global_mrr, table.held_out_mrr - table.global_mrr
    for x, ax, label in (
        (table.cosine, left, "cosine of its vector with the common one"),
        (table.n_pairs, right, "relations in the pathway"),
    ):
        ax.vlines(x, gain, held, color=style.GREY, linewidth=0.5, zorder=1)
        ax.scatter(x, gain, s=12, color=style.BLUE, lw=0, label="own vector", zorder=2)
        ring = {"facecolor": "white", "edgecolor": style.RED, "lw": 0.8, "zorder": 3}
        ax.scatter(x, held, s=12, label="without the asked drug's pairs", **ring)
        ax.axhline(0, color=style.BLACK, lw=0.5)
        ax.set(xlabel=label)
    left.set_ylabel("gain in MRR over the common vector")
    _legend(left, ncols=2)
    if table.n_pairs.max() > 20 * table.n_pairs.min():
        right.set_xscale("log")
    return figure


def fractions(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Analogy and TransE by training fraction, a panel per measure (Fig. 4).

    Args:
        table: fraction, method, protocol, and each measure with _low and _high.
        published: train_fraction, H1, H10, MRR, of the paper's TransE.
    """
    like, triple = "per question, training answers removed", "per triple, average, filtered by "
    lines = (
        ("analogy", like, style.RED, "-o", "analogy"),
        ("TransE", like, style.BLUE, "-^", "TransE, like for like"),
        ("TransE", f"{triple}fraction", style.SKY, "--^", "TransE, per triple, filter: fraction"),
        ("TransE", f"{triple}everything", style.GREY, ":^", "TransE, per triple, filter: all"),
    )
    figure, axes = style.panels(3, width=style.PAGE, height=2.9, sharey=True)
    of_paper = {"top1": "H1", "top10": "H10", "mrr": "MRR"}
    for ax, (measure, (name, _, _)) in zip(axes, MEASURES.items(), strict=True):
        for method, protocol, colour, look, label in lines:
            rows = table[(table.method == method) & (table.protocol == protocol)]
            curve(ax, 100 * rows.fraction, rows, measure, look, color=colour, label=label)
        if published is not None:
            crosses = {"color": style.BLACK, "ms": 4, "label": "TransE in the paper"}
            ax.plot(100 * published.train_fraction, published[of_paper[measure]], "x", **crosses)
        ax.set(title=name, xlabel="training triples, % of all", ylim=(-0.05, 1.05))
    axes[0].set_ylabel("score")
    _legend(axes[0], ncols=3)
    return figure


def starts(table: pd.DataFrame) -> Figure:
    """Cold and warm snapshots: training done, and Top-10 of the future, by year.

    table: start ("cold" or "warm"), year, million_tokens, and top10 with _low and _high.
    """
    figure, (left, right) = style.panels(2, width=style.PAGE, height=2.3)
    for start, colour in (("cold", style.BLUE), ("warm", style.RED)):
        rows = table[table.start == start]
        left.plot(rows.year, rows.million_tokens.cumsum(), "-o", ms=3, color=colour)
        curve(right, rows.year, rows, "top10", "-o", color=colour, label=start)
    left.set(xlabel="snapshot", ylabel="tokens trained so far, millions", ylim=(0, None))
    right.set(xlabel="snapshot", ylabel="Top-10 of Y2", ylim=(0, 1.05))
    right.legend()
    return figure


def parts(table: pd.DataFrame) -> Figure:
    """Scores of worlds with a part taken away, a panel per question.

    table: world, question, and the columns value and baseline.
    """
    questions = table.question.unique()
    figure, axes = style.panels(len(questions), width=style.PAGE, height=2.2, sharey=True)
    names = {"value": "relation vector", "baseline": "baseline"}
    bars = table.rename(columns=names).melt(["world", "question"], list(names.values()))
    look = {"palette": [style.BLUE, style.GREY], "saturation": 1, "legend": True}
    for ax, question in zip(axes, questions, strict=True):
        rows = bars[bars.question == question]
        sns.barplot(rows, y="world", x="value", hue="variable", ax=ax, **look)
        ax.get_legend().remove()
        ax.set(title=question.replace(" (", "\n("), xlim=(0, 1), xlabel="score", ylabel="")
    _legend(axes[0], ncols=2)
    return figure


def _legend(ax: Axes, **kwargs) -> None:
    """One legend for the whole figure, above it."""
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", **kwargs)
