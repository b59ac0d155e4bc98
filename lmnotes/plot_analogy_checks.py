"""Figures of notebook 05 that ask what the result rests on: nulls, scale, leakage, rivals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.figures import style
from lmnotes.plot_analogy import MEASURES

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


def nulls(
    permuted: Mapping[str, "pandas.DataFrame"], real: Mapping[str, float], measure: str = "mrr"
) -> "Figure":
    """The score with relation vectors of no meaning beside that of the real one.

    Args:
        permuted: name of the permutation -> a row each. real: the same -> the real score.
    """
    figure, axes = style.panels(len(permuted), width=style.PAGE, height=2.1, squeeze=False)
    for ax, (name, table) in zip(np.ravel(axes), permuted.items(), strict=True):
        values = table[measure].to_numpy()
        with style.style():
            ax.hist(values, 12, color=style.GREY, lw=0, label="of no meaning")
            ax.axvline(real[name], color=style.RED, lw=1.5, label="real")
            ax.set(xlabel=MEASURES[measure][0], title=name)
            low, high = min(values.min(), real[name]), max(values.max(), real[name])
            ax.set_xlim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    with style.style():
        first = np.ravel(axes)[0]
        first.set_ylabel("permutations")
        figure.legend(*first.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def strengths(table: "pandas.DataFrame", measure: str = "top1") -> "Figure":
    """The score against the length given to the relation vector, centred and not.

    table: scale, centre, and the measure with _low and _high.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.55, height=2.4)
    looks = {True: (style.BLUE, "-", "centred"), False: (style.RED, "--", "not centred")}
    with style.style():
        for centre, part in table.groupby("centre"):
            colour, dash, name = looks[bool(centre)]
            ax.plot(part.scale, part[measure], dash, color=colour, label=name, marker="o", ms=2.5)
            ax.fill_between(
                part.scale,
                part[f"{measure}_low"],
                part[f"{measure}_high"],
                color=colour,
                alpha=0.15,
                lw=0,
            )
        ax.axvline(1, color=style.BLACK, lw=0.5, ls=":")
        ax.set(
            xlabel=r"multiple $\alpha$ of the relation vector",
            ylabel=MEASURES[measure][0],
            ylim=(0, None),
        )
        ax.legend()
    return figure


def pathways(table: "pandas.DataFrame") -> "Figure":
    """What a pathway's own vector gains over the common one, and how much of it is leakage.

    table: n_pairs, cosine, mrr, global_mrr, held_out_mrr, one row per pathway.
    """
    figure, (left, right) = style.panels(2, width=style.PAGE, height=2.5)
    gain, held = table.mrr - table.global_mrr, table.held_out_mrr - table.global_mrr
    with style.style():
        for x, ax, label in (
            (table.cosine, left, "cosine of its vector with the common one"),
            (table.n_pairs, right, "relations in the pathway"),
        ):
            ax.vlines(x, gain, held, color=style.GREY, linewidth=0.5, zorder=1)
            ax.scatter(x, gain, s=12, color=style.BLUE, lw=0, label="own vector", zorder=2)
            ax.scatter(
                x,
                held,
                s=12,
                facecolor="white",
                edgecolor=style.RED,
                lw=0.8,
                label="without the asked drug's pairs",
                zorder=3,
            )
            ax.axhline(0, color=style.BLACK, lw=0.5)
            ax.set(xlabel=label)
        left.set_ylabel("gain in MRR over the common vector")
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    if table.n_pairs.max() > 20 * table.n_pairs.min():
        right.set_xscale("log")
    return figure


def fractions(
    table: "pandas.DataFrame", published: "pandas.DataFrame | None" = None, unit: str = "worlds"
) -> "Figure":
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
        with style.style():
            for method, protocol, colour, look, label in lines:
                part = table[(table.method == method) & (table.protocol == protocol)]
                ax.plot(100 * part.fraction, part[measure], look, color=colour, ms=3, label=label)
                low, high = part[f"{measure}_low"], part[f"{measure}_high"]
                ax.fill_between(100 * part.fraction, low, high, color=colour, alpha=0.12, lw=0)
            if published is not None:
                ax.plot(
                    100 * published.train_fraction,
                    published[of_paper[measure]],
                    "x",
                    color=style.BLACK,
                    ms=4,
                    label="TransE in the paper",
                )
            ax.set(title=name, xlabel="training triples, % of all", ylim=(-0.05, 1.05))
    with style.style():
        axes[0].set_ylabel("score")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def starts(table: "pandas.DataFrame", measure: str = "top10") -> "Figure":
    """Cold and warm snapshots: training done, and the score of the future, by year.

    table: start ("cold" or "warm"), year, million_tokens, and the measure with _low and _high.
    """
    figure, (left, right) = style.panels(2, width=style.PAGE, height=2.3)
    with style.style():
        for start, colour in (("cold", style.BLUE), ("warm", style.RED)):
            part = table[table.start == start]
            left.plot(part.year, part.million_tokens.cumsum(), "-o", ms=3, color=colour)
            right.plot(part.year, part[measure], "-o", ms=3, color=colour, label=start)
            right.fill_between(
                part.year,
                part[f"{measure}_low"],
                part[f"{measure}_high"],
                color=colour,
                alpha=0.15,
                lw=0,
            )
        left.set(xlabel="snapshot", ylabel="tokens trained so far, millions", ylim=(0, None))
        right.set(xlabel="snapshot", ylabel=f"{MEASURES[measure][0]} of Y2", ylim=(0, 1.05))
        right.legend()
    return figure


def parts(table: "pandas.DataFrame") -> "Figure":
    """Scores of worlds with a part taken away, a panel per question.

    table: world, question, and the columns value and baseline.
    """
    questions = list(dict.fromkeys(table.question))
    figure, axes = style.panels(len(questions), width=style.PAGE, height=2.2, sharey=True)
    for ax, question in zip(axes, questions, strict=True):
        part = table[table.question == question].reset_index(drop=True)
        with style.style():
            at = np.arange(len(part))
            ax.barh(at - 0.2, part.value, 0.4, color=style.BLUE, label="relation vector")
            ax.barh(at + 0.2, part.baseline, 0.4, color=style.GREY, label="baseline")
            ax.set_yticks(at, part.world)
            ax.set(title=question.replace(" (", "\n("), xlim=(0, 1))
    with style.style():
        axes[0].invert_yaxis()
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
