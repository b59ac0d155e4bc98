"""Figures of the prompt-response map: its maps and factors, and whether its distance is a KL."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmnotes.figures import style

_FACTORS = {"taste": style.BLUE, "rule": style.RED, "size": style.GREY}
_TICKS = [n * 10**p for p in range(-3, 4) for n in (1, 2, 5)]
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def marked(
    ax: Axes, xy: np.ndarray, colour: Sequence, marker: Sequence, *, size: float = 26
) -> None:
    """Models as points of a plane, one factor as their colour and another as their shape.

    Args:
        xy: (M, 2). colour, marker: (M,) labels, which `key` explains.
    """
    shades, kinds = _looks(colour, marker)
    for at, one, kind in zip(xy, colour, marker, strict=True):
        ax.scatter(
            *at,
            color=shades[str(one)],
            marker=kinds[str(kind)],
            s=size,
            linewidths=0.4,
            edgecolors="white",
        )
    ax.axhline(0, color=style.GREY, lw=0.3, zorder=0)
    ax.axvline(0, color=style.GREY, lw=0.3, zorder=0)
    ax.margins(0.12)


def key(figure: Figure, colour: Sequence, marker: Sequence, columns: int = 6) -> None:
    """What the colours and shapes of `marked` stand for, below the figure."""
    from matplotlib.lines import Line2D

    shades, kinds = _looks(colour, marker)
    look = {"ls": "", "ms": 5, "mew": 0}
    dots = [
        Line2D([], [], marker="o", color=one, label=name, **look) for name, one in shades.items()
    ]
    if len(kinds) > 1:
        dots += [
            Line2D([], [], marker=one, color=style.GREY, label=name, **look)
            for name, one in kinds.items()
        ]
    figure.legend(handles=dots, loc="outside lower center", ncols=columns, handletextpad=0.1)


def _looks(colour, marker):
    """A colour for every label of one factor, and a shape for every label of the other."""
    shades = {name: style.COLOURS[k % 7] for k, name in enumerate(dict.fromkeys(map(str, colour)))}
    kinds = {name: _MARKERS[k % 7] for k, name in enumerate(dict.fromkeys(map(str, marker)))}
    return shades, kinds


def maps(
    places: Mapping[str, tuple[np.ndarray, np.ndarray]],
    colour: Sequence,
    marker: Sequence,
    columns: int = 6,
) -> Figure:
    """The same models on several maps, a panel each.

    Args:
        places: name -> (M, 2) principal components in nats, and (2,) shares of the variance.
    """
    figure, axes = style.panels(len(places), height=2.7)
    for ax, (name, (xy, shares)) in zip(axes, places.items(), strict=True):
        marked(ax, xy, colour, marker)
        ax.set(
            title=name,
            xlabel=f"component 1 ({shares[0]:.0%}), nats",
            ylabel=f"component 2 ({shares[1]:.0%}), nats",
        )
    key(figure, colour, marker, columns)
    return figure


def factor_bars(table: pd.DataFrame) -> Figure:
    """The share of each map's squared distances that each factor explains, with its interval.

    table: columns map, factor, r2, low, high, p.
    """
    names, kinds = list(dict.fromkeys(table["map"])), list(dict.fromkeys(table.factor))
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.7 + 0.42 * len(names))
    for number, kind in enumerate(kinds):
        part = table[table.factor == kind].set_index("map").loc[names]
        at = np.arange(len(names)) + 0.26 * (number - (len(kinds) - 1) / 2)
        reach = np.array([part.r2 - part.low, part.high - part.r2]).clip(0)
        ax.barh(
            at,
            part.r2,
            0.24,
            xerr=reach,
            color=_FACTORS.get(kind, style.GREEN),
            label=kind,
            error_kw={"lw": 0.6, "ecolor": style.BLACK},
        )
        for place, r2, p in zip(at, np.maximum(part.r2, part.high), part.p, strict=True):
            ax.annotate(
                f"p = {p:.2g}",
                (r2, place),
                xytext=(3, 0),
                va="center",
                textcoords="offset points",
                fontsize=6,
                color=style.GREY,
            )
    ax.set_yticks(np.arange(len(names)), names)
    ax.invert_yaxis()
    ax.set(xlabel="share of squared distance explained (PERMANOVA $R^2$)", xlim=(0, 1.12))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), title="factor")
    return figure


def kl_agreement(table: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """The map's divergence, and another estimate, against exact conditional KL, pair by pair.

    table: columns exact, error, those of `labels`, and kind of pair; nats per response.
    """
    figure, axes = style.panels(len(labels), height=2.8, sharey=False)
    for ax, (column, label) in zip(axes, labels.items(), strict=True):
        for kind, colour in zip(dict.fromkeys(table.kind), style.COLOURS, strict=False):
            part = table[table.kind == kind]
            ax.scatter(
                part.exact,
                part[column],
                s=11,
                color=colour,
                linewidths=0,
                alpha=0.8,
                label=kind,
            )
        both = np.concatenate([table.exact, table[column]])
        ends = np.array([both.min() * 0.8, both.max() * 1.25])
        ax.plot(ends, ends, color=style.BLACK, lw=0.7, ls=":")
        ax.set(xscale="log", yscale="log", ylabel=label, xlabel="exact KL, nats per response")
        inside = [n for n in _TICKS if ends[0] < n < ends[1]]
        ax.set_xticks(inside, [f"{n:g}" for n in inside])
        ax.set_yticks(inside, [f"{n:g}" for n in inside])
        ax.minorticks_off()
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=6, handletextpad=0.1)
    return figure


def ruler(table: pd.DataFrame) -> Figure:
    """Where half the variance leaves the KL: a model against noisier and noisier copies of itself.

    table: of `conditional_kl.ruler`.
    """
    figure, (left, right) = style.panels(2, height=2.5)
    left.errorbar(
        table.kl,
        table.half_variance,
        xerr=2 * table.kl_error,
        fmt="o-",
        ms=4,
        color=style.BLUE,
        label="responses of the model itself",
    )
    ends = np.array([table.kl.min() * 0.7, table.kl.max() * 1.4])
    left.plot(ends, ends, ":", color=style.BLACK, lw=0.8, label="half the variance = KL")
    left.set(
        xscale="log",
        yscale="log",
        xlabel="exact KL, nats per response",
        ylabel="half the variance, nats",
    )
    left.legend()
    for column, colour, label in (
        ("ratio", style.BLUE, "its own responses"),
        ("given_ratio", style.RED, "given responses"),
    ):
        right.plot(table.kl, table[column], "o-", ms=4, color=colour, label=label)
    right.axhline(1, color=style.BLACK, lw=0.8, ls=":")
    right.set(
        xscale="log",
        xlabel="exact KL, nats per response",
        ylabel="half the variance / KL",
        ylim=(0, None),
    )
    right.legend()
    return figure


def scale(by_length: pd.DataFrame, by_clip: pd.DataFrame) -> Figure:
    """What moves the scale of the map's divergence: the length of responses, and the clip.

    Args:
        by_length: columns length, ratio. by_clip: columns share, r, ratio.
    """
    figure, (left, middle, right) = style.panels(3, height=2.2)
    left.plot(by_length.length, by_length.ratio, "o-", ms=4, color=style.RED)
    left.set(
        xscale="log",
        xlabel="length of the response, bytes",
        ylabel="half the variance / exact KL",
    )
    left.set_xticks(by_length.length, [str(n) for n in by_length.length])
    left.minorticks_off()
    middle.plot(100 * by_clip.share, by_clip.ratio, "o-", ms=4, color=style.RED)
    middle.set(xlabel="entries clipped, %", ylabel="half the variance / exact KL")
    right.plot(100 * by_clip.share, by_clip.r, "o-", ms=4, color=style.BLUE)
    right.set(xlabel="entries clipped, %", ylabel="correlation with exact KL", ylim=(0, 1.02))
    for ax in (left, middle):
        ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
        ax.set_ylim(bottom=0)
    return figure


def budget(table: pd.DataFrame, theory: pd.DataFrame) -> Figure:
    """How many pairs a map needs: correlation with the map of all, and error of its distances.

    Args:
        table: of `factor_shares.budget`. theory: columns n and error, the median over pairs of
        models.
    """
    figure, (left, right) = style.panels(2, height=2.3)
    low, middle, high = (table.groupby("n").quantile(q) for q in (0.05, 0.5, 0.95))
    for ax, column, colour in ((left, "r", style.BLUE), (right, "error", style.RED)):
        ax.fill_between(
            middle.index,
            low[column],
            high[column],
            color=colour,
            alpha=0.2,
            linewidth=0,
            label="90 % of draws",
        )
        ax.plot(middle.index, middle[column], "o-", ms=3, color=colour, label="median")
        ax.set_xlabel("pairs of prompt and response")
    left.set(ylabel="correlation with all pairs", ylim=(0, 1.02))
    right.plot(theory.n, theory.error, "--", color=style.BLACK, lw=0.9, label="theory")
    right.set(ylabel="relative error of a distance", ylim=(0, None))
    for ax in (left, right):
        ax.legend()
    return figure


def one_distance(sizes: np.ndarray, band: np.ndarray, draws: np.ndarray, n: int) -> Figure:
    """One distance from n pairs, drawn again and again, in the band that theory gives.

    Args:
        sizes: (S,) numbers of pairs. band: (2, S) ends of the theoretical 95 % band over the true
            value. draws: (R,) estimates from n pairs over the true value.
    """
    figure, (ax,) = style.panels(width=4.6, height=2.4)
    rng = np.random.default_rng(0)
    ax.fill_between(sizes, *band, color=style.SKY, alpha=0.35, linewidth=0, label="theory, 95 %")
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    at = n + (rng.random(len(draws)) - 0.5) * 0.02 * sizes.max()
    ax.scatter(at, draws, s=7, color=style.RED, linewidths=0, label=f"{len(draws)} draws")
    inside = np.mean(
        (draws > np.interp(n, sizes, band[0])) & (draws < np.interp(n, sizes, band[1]))
    )
    ax.set(
        xlabel="pairs of prompt and response",
        ylabel="estimate / distance by all pairs",
        title=f"{n} pairs: {inside:.0%} of the draws inside",
        ylim=(0, None),
    )
    ax.legend(loc="upper right")
    return figure


def bend(table: pd.DataFrame, at: float) -> Figure:
    """Two laws that part as t grows: exact KL, half the variance under each, a mark at one t.

    table: of `conditional_kl.tilted`.
    """
    figure, (ax,) = style.panels(width=4.6, height=2.4)
    looks = {
        "kl": ("-", style.BLACK, "exact KL"),
        "half_variance": ("-", style.BLUE, "half the variance, responses of the first"),
        "elsewhere": ("--", style.RED, "half the variance, all responses alike"),
    }
    row = table.iloc[(table.t - at).abs().argmin()]
    for column, (dash, colour, label) in looks.items():
        ax.plot(table.t, table[column], dash, color=colour, label=label)
        ax.plot([row.t], [row[column]], "o", ms=4, color=colour)
    ax.set(
        xlabel="how far the second law is tilted, t",
        ylabel="nats",
        title=f"KL {row.kl:.3f}, half the variance {row.half_variance:.3f}: "
        f"ratio {row.half_variance / row.kl:.2f}",
    )
    ax.legend()
    return figure


def semantic(table: pd.DataFrame, r: float) -> Figure:
    """The map's distance against that of what the models write, pair by pair.

    table: columns words (1 - cosine) and distance (nats), kind of pair.
    """
    figure, (ax,) = style.panels(width=4.2, height=2.6)
    for kind, colour in zip(dict.fromkeys(table.kind), style.COLOURS, strict=False):
        part = table[table.kind == kind]
        ax.scatter(part.words, part.distance, s=12, color=colour, linewidths=0, label=kind)
    ax.set(
        xlabel="distance of the responses' character n-grams, 1 - cosine",
        ylabel="map: root of half the variance, nats",
        title=f"r = {r:.2f}",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.1)
    return figure
