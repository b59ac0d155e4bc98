"""Figures of notebook 05: relations as arrows, scores of settings, answer sets."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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
    shown: Mapping[str, Plane], names: Mapping[str, Mapping[str, int]], width: float = style.PAGE
) -> Figure:
    """A panel per plane (Fig. 2), all of one scale: drugs, genes, a thin line for each relation,
    and the relation vector between their means.

    names: plane -> what to write in it -> row of its points.
    """
    everything = pd.concat([plane.points[["x", "y"]] for plane in shown.values()])
    low, high = everything.min() - 0.15, everything.max() + 0.15
    ratio = (high.y - low.y) / (high.x - low.x)
    height = 0.75 + (width / len(shown) - 0.5) * ratio
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
        ax.set(xlabel="first principal component", title=title, aspect="equal")
        ax.set(xlim=(low.x, high.x), ylim=(low.y, high.y))
    axes[0].set_ylabel("second principal component")
    _legend(axes[0], ncols=3 if len(shown) == 1 else 5, fontsize=7)
    for ax, (title, plane) in zip(axes, shown.items(), strict=True):
        xy = plane.points[["x", "y"]].to_numpy()
        away = np.abs(xy[:, None] - plane.ends).max(axis=2).min(axis=1) > 0.2  # from both means
        named = {name: row for name, row in names.get(title, {}).items() if away[row]}
        style.place_words(ax, *xy.T, named)
    return figure


def scores(table: pd.DataFrame) -> Figure:
    """Methods in words down the page, block by block: Top-1 with its range, all scores in numbers.

    table: block, words, and each measure with _low and _high; words that begin with "guess" are
    grey, those of "no arrow, not centred" red.
    """
    height = 0.5 + 0.165 * (len(table) + 1.6 * table.block.nunique())
    figure, (ax,) = style.panels(width=style.PAGE, height=height)
    row, columns = 0.0, (1.1, 1.23, 1.36)  # of the numbers
    for place, (name, _, _) in zip(columns, MEASURES.values(), strict=True):
        ax.text(place, -1, name, ha="right", weight="bold")
    for block, rows in table.groupby("block", sort=False):
        ax.text(-0.02, row, block, ha="right", weight="bold", transform=ax.get_yaxis_transform())
        for line in rows.itertuples():
            row += 1
            guess, bare = line.words.startswith("guess"), line.words == "no arrow, not centred"
            colour = style.GREY if guess else style.RED if bare else style.BLUE
            ax.hlines(row, line.top1_low, line.top1_high, color=colour, lw=2.5, alpha=0.4)
            ax.plot(line.top1, row, "o", color=colour, ms=4.5)
            look = {"color": colour if guess or bare else style.BLACK, "va": "center"}
            ax.text(-0.02, row, line.words, ha="right", transform=ax.get_yaxis_transform(), **look)
            for place, measure in zip(columns, MEASURES, strict=True):
                ax.text(place, row, f"{getattr(line, measure):.2f}", ha="right", **look)
        row += 1.6
    ax.set(xlim=(-0.01, 1), ylim=(row - 1, -1.4), yticks=[])
    ax.set_xlabel("Top-1: share of questions whose first answer is right")
    ax.grid(axis="x", lw=0.3, color=style.GREY, alpha=0.4)
    ax.spines["left"].set_visible(False)
    return figure


def years(table: pd.DataFrame, titles: Mapping[str, str], large: str) -> Figure:
    """Scores by year, one setting large: solid with their range over worlds, guesses dotted.

    table: setting, year, n and, for each measure and for random_ of it, value, _low, _high.
    """
    style.use()
    figure = plt.figure(figsize=(style.PAGE, 3.6))
    places = figure.add_gridspec(2, 5, width_ratios=[1.4, 1.4, 1, 1, 1])
    first = figure.add_subplot(places[:, :2])
    axes = {large: first}
    for number, name in enumerate(name for name in titles if name != large):
        axes[name] = figure.add_subplot(places[number // 3, 2 + number % 3])
        axes[name].tick_params(labelleft=number % 3 == 0)
    for setting, ax in axes.items():
        rows, is_large = table[table.setting == setting], ax is first
        for measure, (name, colour, marker) in MEASURES.items():
            look = {"marker": marker, "lw": 2 if is_large else 1.2, "color": colour}
            curve(ax, rows.year, rows, measure, label=name, **look)
            ax.plot(rows.year, rows[f"random_{measure}"], ":", color=colour, lw=1)
        ax.set(ylim=(0, 1.03), xticks=range(1900, 2100, 10 if is_large else 20))
        ax.set_xlim(table.year.min() - 2, table.year.max() + 2)
        asked = f"{rows.n.min():.0f} to {rows.n.max():.0f} asked" if len(rows) else "none asked"
        ax.set_title(f"{titles[setting]}\n{asked}", weight="bold" if is_large else None)
    first.set(xlabel="text and known relations end in year", ylabel="score, mean of the worlds")
    first.plot([], [], ":", color=style.BLACK, lw=1, label="guess by popularity")
    key = {"loc": (0.825, 0.15), "handlelength": 1.4}  # where no panel is
    figure.legend(*first.get_legend_handles_labels(), **key)
    return figure


def answer_sets(table: pd.DataFrame) -> Figure:
    """How many answers are right, in shares of the questions, a panel per direction (Fig. S2, S3).

    table: direction, setting, n_answers, share, n_questions and mean, by pathways first for P.
    """
    figure, axes = style.panels(2, width=style.PAGE, height=2.3, sharey=True)
    asks = {"drug2gene": "right genes of a drug", "gene2drug": "right drugs of a gene"}
    for ax, (direction, label) in zip(axes, asks.items(), strict=True):
        sides = table[table.direction == direction]
        for colour, (setting, rows) in zip(style.COLOURS, sides.groupby("setting"), strict=False):
            n, mean = rows.n_questions.iloc[0], rows["mean"].iloc[0]
            look = {"ms": 4, "label": f"{setting}: {n:,} questions, mean {mean:.2f}"}
            ax.plot(rows.n_answers, 100 * rows.share, "-o", color=colour, alpha=0.8, **look)
            ax.axvline(mean, color=colour, lw=0.8, ls="--")
        if sides.n_answers.max() > 20:
            ax.set_xscale("log")
        else:
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.set(xlabel=label, ylim=(0, None))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.legend()
    axes[0].set_ylabel("questions, %")
    return figure


def rank_by_size(tables: Mapping[str, pd.DataFrame], rho: Mapping[str, float]) -> Figure:
    """The rank of the best answer against the number of answers, a disc for all alike (Fig. S5).

    tables: setting -> n_answers, rank. rho: setting -> weighted Spearman correlation.
    """
    figure, axes = style.panels(len(tables), width=style.PAGE, height=2.4, sharey=True)
    for ax, (setting, table) in zip(axes, tables.items(), strict=True):
        alike = table.groupby(["n_answers", "rank"]).size().reset_index(name="n")
        largest = alike.n.max()
        size = 4 + 250 * alike.n / largest
        ax.scatter(alike.n_answers, alike["rank"], s=size, color=GENE, lw=0, alpha=0.8)
        for row in alike[alike.n > largest / 6].itertuples():
            ax.text(row.n_answers, row.rank, row.n, ha="center", va="center", fontsize=6)
        ax.set(yscale="log", xlabel="number of right genes")
        ax.set_xlim(0.4, table.n_answers.max() + 0.6)
        ax.set_title(f"{setting}: weighted Spearman {rho[setting]:+.2f}")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[0].set_ylabel("rank of the best right gene")
    axes[0].set_ylim(0.6, None)
    return figure


def nulls(table: pd.DataFrame) -> Figure:
    """The MRR with relation vectors of no meaning beside that of the real one, a panel per null.

    table: null, mrr and real, a row per permutation.
    """
    figure, axes = style.panels(table.null.nunique(), width=style.PAGE, height=1.9)
    for ax, (name, rows) in zip(axes, table.groupby("null", sort=False), strict=True):
        real = rows.real.iloc[0]
        ax.hist(rows.mrr, 12, color=style.GREY, lw=0)
        ax.axvline(real, color=style.RED, lw=1.5)
        look = {"ha": "right", "color": style.RED, "transform": ax.get_xaxis_transform()}
        ax.text(real, 0.92, "real ", **look)
        ax.set(xlabel="MRR", title=name)
        ax.margins(x=0.08)
    axes[0].set_ylabel("vectors of no meaning")
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


def fractions(table: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Analogy and TransE by training fraction, a panel per measure (Fig. 4), asked alike; and the
    MRR of TransE as it is when other things are asked.

    Args:
        table: fraction, method, protocol, and each measure with _low and _high.
        published: train_fraction and MRR of the paper's TransE.
    """
    alike, triple = "per question, training answers removed", "per triple, average, filtered by "
    lines = {  # method, protocol, colour, look
        "analogy": ("analogy", alike, style.RED, "-o"),
        "TransE, asked alike": ("TransE", alike, style.BLUE, "-^"),
        "per triple, filtered by the fraction": ("TransE", f"{triple}fraction", style.SKY, "-^"),
        "per triple, filtered by all": ("TransE", f"{triple}everything", style.BLACK, ":"),
    }
    names = list(lines)
    panels = [(measure, names[:2]) for measure in MEASURES] + [("mrr", names[1:])]
    figure, axes = style.panels(4, width=style.PAGE, height=2.5, sharey=True)
    for number, (ax, (measure, shown)) in enumerate(zip(axes, panels, strict=True)):
        for name in shown:
            method, protocol, colour, _ = lines[name]
            rows = table[(table.method == method) & (table.protocol == protocol)]
            new = not number or (number == 3 and name != names[1])
            look = {"color": colour, "label": name if new else None}
            curve(ax, 100 * rows.fraction, rows, measure, lines[name][3], **look)
        title = MEASURES[measure][0] if number < 3 else "MRR of TransE,\nasked otherwise"
        ax.set(title=title, xticks=range(10, 70, 10), ylim=(0, 1.02))
    crosses = {"color": style.PAPER, "ms": 4, "lw": 0.6, "label": "the paper's, real triples"}
    axes[3].plot(100 * published.train_fraction, published.MRR, "-x", **crosses)
    axes[0].set_ylabel("score, mean of the worlds")
    figure.supxlabel("triples that train, % of all", fontsize=8)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def starts(table: pd.DataFrame) -> Figure:
    """Cold and warm snapshots: training done so far, and scores of the future, by year.

    table: start ("cold" or "warm"), year, million_tokens, and top10 and mrr with _low and _high,
    which are empty in the last year.
    """
    figure, axes = style.panels(3, width=style.PAGE, height=2.2)
    for start, colour in (("cold", style.BLUE), ("warm", style.RED)):
        rows = table[table.start == start]
        work = rows.million_tokens.cumsum()
        axes[0].plot(rows.year, work, "-o", ms=3, color=colour)
        last, look = rows.year.iloc[-1] - 2, {"ha": "right", "va": "top", "color": colour}
        axes[0].text(last, work.iloc[-1], start, **look)
        for ax, measure in zip(axes[1:], ("top10", "mrr"), strict=True):
            curve(ax, rows.year, rows, measure, "-o", color=colour)
            ax.set(title=f"{MEASURES[measure][0]} of Y2", ylim=(0, 1.03))
    axes[0].set(title="tokens trained so far, millions", ylim=(0, None))
    for ax in axes:
        ax.set(xlabel="text up to year", xticks=range(1980, 2030, 10))
    return figure


def parts(table: pd.DataFrame) -> Figure:
    """Scores of worlds with a part taken away beside their baselines, a panel per question.

    table: world, question, and the columns value and baseline.
    """
    questions, worlds = table.question.unique(), list(table.world.unique())
    figure, axes = style.panels(len(questions), width=style.PAGE, height=1.9, sharey=True)
    for ax, question in zip(axes, questions, strict=True):
        rows = table[table.question == question]
        place = rows.world.map(worlds.index)
        ax.hlines(place, rows.baseline, rows.value, color=style.GREY, lw=1)
        ax.plot(rows.baseline, place, "o", mfc="white", color=style.BLACK, label="baseline")
        ax.plot(rows.value, place, "o", color=style.BLUE, label="relation vector")
        ax.set(title=question.replace(" (", "\n("), xlim=(0, 1), xlabel="score")
    axes[0].set_yticks(range(len(worlds)), worlds)
    axes[0].set_ylim(len(worlds) - 0.5, -0.5)
    _legend(axes[0], ncols=2)
    return figure


def _legend(ax: Axes, **kwargs) -> None:
    """One legend for the whole figure, above it."""
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", **kwargs)
