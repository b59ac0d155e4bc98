"""Scores of classes of words, and two quantities of the same words side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from lmnotes.figures import style


def histograms(
    scores: Mapping[str, np.ndarray], labels: np.ndarray, colours: Mapping[str, str], bins: int = 40
) -> Figure:
    """The distribution of each score in each class, a panel per score (Fig. 9).

    Bars are shares of the class; the outermost 0.5 % on either side are left out.
    """
    figure, axes = style.panels(len(scores), height=1.7, sharey=False)
    chosen = np.isin(labels, list(colours))
    for ax, (name, score) in zip(axes, scores.items(), strict=True):
        edges = np.linspace(*np.nanpercentile(score[chosen], [0.5, 99.5]), bins + 1)
        for label, colour in colours.items():
            values = score[labels == label]
            ax.hist(
                values,
                edges,
                weights=np.full(len(values), 1 / len(values)),
                color=colour,
                alpha=0.5,
                label=label,
            )
        ax.set(xlabel=name, yticks=[])
        ax.spines["left"].set_visible(False)
    axes[0].set_ylabel("share of class")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def paired_bars(
    names: Sequence[str], first: np.ndarray, second: np.ndarray, labels: tuple[str, str], title: str
) -> Figure:
    """Two quantities of the same things side by side, such as p(w'|w) and p(w')."""
    figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=0.6 + 0.17 * len(names))
    at = np.arange(len(names))
    ax.barh(at - 0.2, first, 0.4, color=style.BLUE, label=labels[0])
    ax.barh(at + 0.2, second, 0.4, color=style.ORANGE, label=labels[1])
    ax.set_yticks(at, names)
    ax.invert_yaxis()
    ax.set(title=title, xlabel="probability")
    ax.legend()
    return figure
