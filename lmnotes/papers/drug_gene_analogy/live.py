"""Live views of notebook 05: one drug on the plane, one list of genes, one year."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style
from lmnotes.papers.drug_gene_analogy.figures import DRUG, MEASURES, points
from lmnotes.papers.drug_gene_analogy.planes import Plane
from lmnotes.words.analogy.scores import Result

HIT, OTHER = style.GREEN, style.GREY


def first_genes(ax: Axes, listed: pd.DataFrame, labels: Mapping[str, str], title: str) -> None:
    """The first candidates as bars of their cosine, right ones in green.

    Args:
        listed: place, candidate, cosine, is_answer. labels: candidate -> what to write.
    """
    colours = [HIT if right else OTHER for right in listed.is_answer]
    ax.barh(listed.place, listed.cosine, color=colours)
    ax.set_yticks(listed.place, [labels.get(gene, gene) for gene in listed.candidate])
    ax.invert_yaxis()
    ax.set(xlabel="cosine with the moved drug", title=title, xlim=(min(0, listed.cosine.min()), 1))


def arrow(
    plane: Plane, moved: np.ndarray, result: Result, drug: str, labels: Mapping[str, str]
) -> Figure:
    """A drug, where the vector takes it, its targets, and the genes ranked first.

    Args:
        moved: (2, 2) places of the drug on the plane, before and after.
        result: of the drug's setting. labels: concept -> what to write.
    """
    widths = {"width_ratios": [1.6, 1]}
    figure, (ax, right) = style.panels(2, width=style.PAGE, height=3.1, gridspec_kw=widths)
    row = int(np.flatnonzero(result.queries["query"] == drug)[0])
    targets = {result.task.candidates[i] for query, i in result.task.answers if query == row}
    once = plane.points.drop_duplicates(["kind", "name"])
    for kind in ("drug", "gene"):
        points(ax, once, kind, 7, 0.3, label=f"{kind}s")
    look = {"arrowstyle": "->", "color": style.RED, "lw": 1.6}
    ax.annotate("", moved[1], moved[0], zorder=4, arrowprops=look)
    ax.plot(*moved[0], "^", color=DRUG, ms=8, mec="black", zorder=5, label=labels.get(drug, drug))
    own, ring = once[once.name.isin(targets)], {"edgecolor": HIT, "lw": 1.5, "zorder": 5}
    ax.scatter(own.x, own.y, s=50, facecolor="none", label="its targets", **ring)
    ax.set(xlabel="first principal component", ylabel="second principal component")
    ax.legend(loc="best", fontsize=6.5)
    place = int(result.queries["rank"][row])
    first_genes(right, result.predictions(drug), labels, f"best target at place {place}")
    return figure


def centring(
    tables: Mapping[str, pd.DataFrame], score: Mapping[str, float], labels: Mapping[str, str]
) -> Figure:
    """Lists of first genes side by side, the score of all drugs above each."""
    figure, axes = style.panels(len(tables), width=style.PAGE, height=2.6)
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        first_genes(ax, table, labels, f"{name}\nTop-1 of all drugs {score[name]:.2f}")
    return figure


def year(table: pd.DataFrame, chosen: int, pairs: pd.DataFrame, title: str) -> Figure:
    """The curve of Y2 with one year marked, and when its predictions come true.

    Args:
        table: year, and the measures and random_ of them, of setting Y2.
        pairs: rank, year and drug of the later pairs of the chosen year.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (ax, right) = style.panels(2, width=style.PAGE, height=2.8)
    for measure in ("top1", "top10"):
        name, colour, marker = MEASURES[measure]
        ax.plot(table.year, table[measure], color=colour, marker=marker, ms=3, label=name)
        ax.plot(table.year, table[f"random_{measure}"], ":", color=colour, lw=1)
    ax.axvline(chosen, color=style.BLACK, lw=0.8)
    ax.set(ylim=(0, 1.05), xlabel="text up to year", ylabel="score, random dotted")
    ax.set_title("relations of the future")
    ax.legend()
    hit = pairs["rank"] <= 10
    for where, colour, name in ((hit, HIT, "among the first ten"), (~hit, OTHER, "further down")):
        label = f"{name}: {where.sum()}"
        right.scatter(pairs.year[where], pairs["rank"][where], s=14, c=colour, lw=0, label=label)
    right.axhline(10.5, color=style.BLACK, lw=0.5, ls=":")
    right.set(yscale="log", xlabel="year in which it was published", title=title)
    right.set_ylabel("rank when predicted")
    right.invert_yaxis()
    right.yaxis.set_major_formatter("{x:g}")
    right.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    right.legend(loc="best")
    return figure
