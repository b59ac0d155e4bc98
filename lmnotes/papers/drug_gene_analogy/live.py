"""Live views of notebook 05: one drug on the plane and its first genes, one year."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator

from lmnotes import notebook
from lmnotes.figures import style
from lmnotes.papers.drug_gene_analogy.figures import DRUG, MEASURES, points
from lmnotes.papers.drug_gene_analogy.planes import Plane
from lmnotes.papers.drug_gene_analogy.study import Study
from lmnotes.words.analogy import prediction
from lmnotes.words.analogy import vectors as relation_vectors
from lmnotes.words.analogy.tasks import Task
from lmnotes.words.embedding import Embedding

HIT, OTHER = style.GREEN, style.GREY


def watch_the_arrow(vectors: Embedding, task: Task, plane: Plane, symbols: Mapping[str, str]):
    """A drug moved by a multiple of the relation vector, its targets, and the nearest genes then.

    Args:
        task: of setting G. symbols: concept -> what to write.
    """
    v = relation_vectors.estimate(task, lambda words: prediction.vectors_of(vectors, words))
    rows = {drug: row for row, drug in enumerate(task.queries["query"])}
    bare, moved_by_v = (prediction.answer(vectors, task, scale=x).ranks[:, 0] for x in (0, 1))
    helped = (moved_by_v == 1) & (bare > 1)  # begin with the first drug that the vector brings home
    first, once = list(rows)[helped.argmax()], plane.points.drop_duplicates(["kind", "name"])
    low, high = once[["x", "y"]].min(), once[["x", "y"]].max()

    def draw(drug=first, alpha=1.0, centred=True):
        start = prediction.vectors_of(vectors, [drug])[0]
        moved = plane.place(start + np.outer([0, alpha], v.of_groups[0]))
        result = prediction.answer(vectors, task, scale=alpha, centre=centred)
        widths = {"width_ratios": [1.6, 1]}
        figure, (ax, right) = style.panels(2, width=style.PAGE, height=3.1, gridspec_kw=widths)
        for kind in ("drug", "gene"):
            points(ax, once, kind, 7, 0.3, label=f"{kind}s")
        look = {"arrowstyle": "->", "color": style.RED, "lw": 1.6}
        ax.annotate("", moved[1], moved[0], zorder=4, arrowprops=look)
        look = {"color": DRUG, "ms": 8, "mec": style.BLACK, "label": symbols.get(drug)}
        ax.plot(*moved[0], "^", zorder=5, **look)
        targets = {task.candidates[i] for query, i in task.answers if query == rows[drug]}
        own, ring = once[once.name.isin(targets)], {"edgecolor": HIT, "lw": 1.5, "zorder": 5}
        ax.scatter(own.x, own.y, s=50, facecolor="none", label="its targets", **ring)
        ax.set(xlabel="first principal component", ylabel="second principal component")
        ax.set(xlim=(low.x - 0.4, high.x + 1.8), ylim=(low.y - 0.3, high.y + 0.3))
        ax.legend(loc="lower right", fontsize=6.5)
        listed = result.predictions(drug)
        colours = [HIT if right_one else OTHER for right_one in listed.is_answer]
        right.barh(listed.place, listed.cosine, color=colours)
        right.set_yticks(listed.place, [symbols.get(gene, gene) for gene in listed.candidate])
        right.invert_yaxis()
        right.set(xlabel="cosine with the moved drug", xlim=(0, 1))
        place, top1 = result.queries["rank"][rows[drug]], result.scores()["top1"]
        right.set_title(f"best target at place {place:g}\nTop-1 of all drugs {top1:.2f}")
        return figure

    named = notebook.typed({symbols.get(drug, drug): drug for drug in rows})
    stills, controls = [{"alpha": 0.0}, {"centred": False}], {"alpha": (0.0, 2.0, 0.1)}
    return notebook.explore(draw, stills, frames="alpha", drug=named, centred=True, **controls)


def slide_the_year(study: Study, curve):
    """What a snapshot says of the pairs that are published later, and when that comes true.

    curve: a table of year, the measures and random_ of them, of setting Y2.
    """
    years = sorted(curve.year)
    middle, first = years[len(years) // 2], study.worlds[0]
    last = int(study.facts[first].relations.year.max())

    def draw(year=middle, world=first):
        facts = study.facts[world]
        result = prediction.predict(study.snapshots[world, year], facts, "Y2", year=year)
        later = facts.relations[facts.relations.year > year].groupby("drug").year.min()
        pairs = result.queries.assign(year=result.queries["query"].map(later))
        figure, (ax, right) = style.panels(2, width=style.PAGE, height=2.8)
        for measure in ("top1", "top10"):
            name, colour, marker = MEASURES[measure]
            ax.plot(curve.year, curve[measure], color=colour, marker=marker, ms=3, label=name)
            ax.plot(curve.year, curve[f"random_{measure}"], ":", color=colour, lw=1)
        ax.set(ylim=(0, 1.05), xlabel="text up to year", ylabel="score, guesses dotted")
        ax.set_title("relations of the future")
        ax.legend(loc="center right")
        hit = pairs["rank"] <= 10
        for where, colour, name in (
            (hit, HIT, "among the first ten"),
            (~hit, OTHER, "further down"),
        ):
            look = {"s": 14, "c": colour, "lw": 0, "label": f"{name}: {where.sum()}"}
            right.scatter(pairs.year[where], pairs["rank"][where], **look)
        right.axhline(10.5, color=style.BLACK, lw=0.5, ls=":")
        for panel in (ax, right):
            panel.axvline(year, color=style.BLACK, lw=0.8)
        right.set(yscale="log", xlabel="year of publication", ylabel="rank when predicted")
        right.set(xlim=(years[0] - 1, last + 1), ylim=(400, 0.7))
        wait = (pairs.year[hit] - year).astype(float).median()
        comes = f";\nhalf of the hits are published after {wait:g} years" if hit.any() else ""
        right.set_title(f"{len(pairs)} drugs asked in {year}{comes}")
        right.yaxis.set_major_formatter("{x:g}")
        right.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        right.legend(loc="lower left")
        return figure

    stills = [{}, {"year": years[-1]}]
    return notebook.explore(draw, stills, frames="year", year=years, world=study.worlds)
