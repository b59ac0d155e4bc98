"""Figures of models on real pairs: their maps, what tuning gains them, lines before prompts."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import maps as shared_maps
from lmnotes.figures import style

_TRIED = {
    "r2": ("sum of\nthe moves", style.BLUE),
    "best_single": ("best line\nalone", style.ORANGE),
    "wrong": ("one line\nwrong", style.RED),
    "other": ("another\nmodel's sum", style.PURPLE),
}
_LOWEST = -1.0  # of an R^2 that is drawn


def maps(planes: Mapping[str, tuple], table: pd.DataFrame) -> Figure:
    """The same models on several maps, by family, with lines from parents. Names stand at all of
    one's own models; of tuned models, the base's at the loneliest point that comes from it.

    planes, table: `planes` and `summary` of `real_map.Real`.
    """
    figure, axes = style.panels(len(planes), height=3.4)
    for ax, (name, (xy, (first, second))) in zip(axes, planes.items(), strict=True):
        looks = shared_maps.draw(ax, xy, table, names=(), lineage=True, with_legend=False)
        ax.set(title=name, xlabel=f"component 1 ({first:.0%}), nats")
        ax.set_ylabel(f"component 2 ({second:.0%}), nats")
    shared_maps.legend(axes[-1], looks)
    label = dict(zip(table.model, table.label, strict=True))
    is_own = (table.tuning == "none").all()
    names = table.label if is_own else [label.get(base, base) for base in table.base]
    figure.draw_without_rendering()
    for ax, (xy, _) in zip(axes, planes.values(), strict=True):
        places = (xy / (xy.max() - xy.min())).to_numpy()
        apart = np.linalg.norm(places[:, None] - places, axis=2) + 9 * np.eye(len(xy))
        order = np.argsort(apart.min(axis=1), kind="stable")  # the loneliest of a base is last
        rows = {names[k]: k for k in order}
        if len(rows) <= 60:
            style.place_words(ax, *xy.to_numpy().T, rows, laid_out=True, dots=False)
    return figure


def growth(table: pd.DataFrame) -> Figure:
    """What models gain by tuning on pairs, by two estimators, of `real_map.growth`."""
    names = table.label[table.tuning == "none"].tolist()
    bases = table.base[table.tuning == "none"].tolist()
    sets = [name for name in dict.fromkeys(table.tuning) if name not in ("none", "plain text")]
    figure, axes = style.panels(len(sets), height=0.9 + 0.24 * len(names), sharex=True, sharey=True)
    looks = {
        "growth": ("against no prompt", style.BLUE),
        "marginal": ("against other prompts", style.ORANGE),
    }
    plain = table[table.tuning == "plain text"]
    for ax, name in zip(axes, sets, strict=True):
        ax.axvline(0, color=style.BLACK, lw=0.5)
        for column, (words, colour) in looks.items():
            for is_last, half in ((False, True), (True, False)):
                part = table[(table.tuning == name) & (table.is_last == is_last)]
                label = f"{words}, {'a quarter of the steps' if half else 'all steps'}"
                face = "white" if half else colour
                y = [bases.index(base) for base in part.base]
                dots = {"s": 22, "facecolors": face, "edgecolors": colour, "zorder": 3 - half}
                ax.scatter(part[column], y, label=label, **dots)
        y = [bases.index(base) for base in plain.base]
        dots = {"marker": "|", "s": 40, "color": style.GREY, "label": "plain text, no prompt"}
        ax.scatter(plain.growth, y, **dots)
        ax.set(title=f"tuned on {name}", xlabel="growth of mean PMI, nats")
        ax.set_yticks(range(len(names)), names)
        ax.grid(axis="y", lw=0.3, alpha=0.5)
    axes[0].invert_yaxis()
    entries = axes[0].get_legend_handles_labels()
    figure.legend(*entries, loc="outside lower center", ncols=3, handletextpad=0.1)
    return figure


def operations(lines: pd.DataFrame) -> Figure:
    """How well the move of two lines is told, the mean over pairs of a kind, of
    `real_map.operations`."""
    kinds = list(dict.fromkeys(lines["kind of pair"]))
    shown = [name for name in _TRIED if lines[name].notna().any()]
    figure, axes = style.panels(len(kinds), height=2.7, sharey=True)
    for ax, kind in zip(axes, kinds, strict=True):
        values = lines[lines["kind of pair"] == kind].groupby("model", sort=False)[shown].mean()
        ax.plot(values.clip(lower=_LOWEST).to_numpy().T, color=style.GREY, lw=0.3, alpha=0.6)
        for x, name in enumerate(shown):
            colour = _TRIED[name][1]
            y = values[name].clip(lower=_LOWEST)
            ax.scatter(np.full(len(y), x), y, s=7, color=colour, lw=0, zorder=2, clip_on=False)
            median = values[name].median()
            ax.plot([x - 0.25, x + 0.25], [max(median, _LOWEST)] * 2, color=colour, lw=2)
            look = {"ha": "center", "fontsize": 7, "color": colour}
            ax.text(x, 1.08, f"{median:.2f}", **look)
        ax.axhline(0, color=style.BLACK, lw=0.4)
        ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
        ax.set_xticks(range(len(shown)), [_TRIED[name][0] for name in shown], fontsize=6)
        ax.set(title=f"{kind} lines\n", ylim=(_LOWEST, 1.05), xlim=(-0.4, len(shown) - 0.6))
    axes[0].set_ylabel("$R^2$ of the move of both lines")
    return figure


def levels(names: Sequence[str], values: np.ndarray, xlabel: str) -> Figure:
    """One number per model, the largest on top."""
    figure, (ax,) = style.panels(width=5, height=0.6 + 0.16 * len(names))
    pd.Series(values, names).sort_values().plot.barh(ax=ax, color=style.BLUE, fontsize=6)
    ax.set(xlabel=xlabel)
    return figure
