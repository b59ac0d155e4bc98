"""Figures of notebook 01: gain against length, its noise, what is left, and language models."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from lmnotes.figures import style
from lmnotes.papers.norm_information_gain.gains import Gains
from lmnotes.statistics import Fit, r_squared

SQUARED = r"squared norm $\|u_w\|^2$"
CLASSES = {"verb": style.GREEN, "proper": style.RED, "function": style.BLUE}
# of Table 3: score as counted, the same less its level, and what both are called
SCORES = {
    "count": (None, "log count"),
    "entropy": ("delta_entropy", "entropy, nats"),
    "kl": ("delta_kl", "gain, nats"),
    "norm": ("delta_norm", "squared norm"),
}


def levels(gains: Gains) -> Figure:
    """KL of every drawn word against its count with the null levels as curves, and below what is
    left once the level of a shuffled text is taken away (Fig. 5)."""
    table = gains.levels[gains.drawn]
    figure, (above, below) = style.grid(2, 1, width=style.PAGE * 0.62, height=2.1, sharex=True)
    dots = {"s": 3, "color": style.GREY, "alpha": 0.35, "linewidths": 0, "rasterized": True}
    above.scatter(table["count"], table.kl, label="text as it is, a dot per word", **dots)
    looks = (("-", style.BLUE), (":", style.BLACK), ("-", style.RED), ("-", style.GREEN))
    for name, (dash, colour) in zip(table.columns[3:], looks, strict=True):
        line = table.groupby("count")[name].mean()
        above.plot(line.index, line, dash, color=colour, label=name, lw=1.5)
    above.set(xscale="log", ylabel="gain KL$(w)$, nats", ylim=(0, None))
    above.legend(markerscale=3)
    left = pd.Series(gains.delta_kl[gains.drawn])
    below.scatter(table["count"], left, **dots)
    doubling = np.floor(2 * np.log2(table["count"].to_numpy()))  # half-octaves of the count
    median = left.groupby(doubling).median()
    below.plot(2 ** (median.index / 2 + 0.25), median, color=style.BLUE, label="median")
    below.axhline(0, color=style.BLACK, lw=0.6)
    reach = np.nanpercentile(left, [0.1, 99.8])
    below.set(xlabel="count $n_w$", ylabel=r"left: $\Delta$KL$(w)$, nats", ylim=reach)
    below.legend()
    return figure


def noise(table: pd.DataFrame) -> Figure:
    """The mean gain of sets of words as a bar each: what a shuffled text shows too, and the rest.

    table: of `gains.noise`.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.8, height=0.7 + 0.3 * len(table))
    bar = {"height": 0.7, "color": style.GREY, "label": "shown by a shuffled text too"}
    drawn = ax.barh(table.words, table.noise, **bar)
    inside = {"label_type": "center", "color": "white"}
    ax.bar_label(drawn, [f"{value:.2f}" for value in table.noise], **inside)
    rest = {"left": table.noise, "height": 0.7, "color": style.BLUE, "label": "left"}
    drawn = ax.barh(table.words, table.left, **rest)
    said = zip(table.left, table.share, strict=True)
    ax.bar_label(drawn, [f"{left:.2f} left, {share:.0%} noise" for left, share in said], padding=4)
    ax.set(xlabel="mean gain, nats", xlim=(0, table.gain.max() * 1.35))
    ax.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def training(history: pd.DataFrame) -> Figure:
    """The objective by epoch, of the vectors as they stand and as the steps see it."""
    figure, (ax,) = style.panels()
    ax.plot(history.epoch, history.loss, color=style.BLUE, label="vectors as they stand")
    ax.plot(history.epoch, history.running_loss, color=style.GREY, ls="--", label="mean over steps")
    ax.set(xlabel="epoch", ylabel="objective, nats per pair")
    ax.legend()
    return figure


def strip(
    panels: Mapping[str, Fit], gains: Gains, xlabel: str, *, n_named: int = 0, sharey: bool = True
) -> Figure:
    """Clouds of words side by side, a panel per quantity in nats; each with the line through its
    ringed words and, in large type, its R^2.

    panels: what stands on the vertical axis -> the fit with x and y of all words. n_named: so many
    words along the line of each panel are named.
    """
    height = 3.1 if len(panels) < 3 else 2.6
    figure, axes = style.panels(len(panels), height=height, sharex=True, sharey=sharey)
    for ax, (name, fit) in zip(axes, panels.items(), strict=True):
        points = cloud(ax, fit, gains)
        ax.set_title(name, loc="left", pad=23)
        number = {"xycoords": "axes fraction", "color": style.RED, "va": "bottom"}
        ax.annotate(f"$R^2 = {fit.r2:.2f}$", (0, 1.02), fontsize=13, **number)
        ax.annotate(f"slope {fit.slope:.3g}", (1, 1.02), fontsize=8, ha="right", **number)
        ax.set(xlabel=xlabel)
        low, top = np.nanpercentile(fit.table.y[gains.drawn], [0.05, 99.9])
        if not sharey:
            ax.set_ylim(low - 0.05 * (top - low), top)
    drawn = pd.concat([fit.table[gains.drawn] for fit in panels.values()])
    low, right = drawn.x.min(), np.nanpercentile(drawn.x, 99.9)
    axes[0].set(xlim=(low - 0.03 * right, 1.03 * right), ylabel="nats")
    style.colour_bar(points, axes, "count $n_w$")
    for ax, fit in zip(axes, panels.values(), strict=True):
        x, y = fit.table.x.to_numpy(), fit.table.y.to_numpy()
        words = {gains.corpus.words[row]: row for row in along(fit, gains.corpus.words, n_named)}
        style.place_words(ax, x, y, words, laid_out=ax is not axes[0])
    return figure


def cloud(ax: Axes, fit: Fit, gains: Gains):
    """The drawn words coloured by count, those that carry the line ringed, and the line."""
    shown, used = fit.table[gains.drawn], fit.table[fit.table.used]
    points = style.counted_points(ax, shown.x, shown.y, gains.counts[gains.drawn], _scale(gains))
    rings = {"facecolors": "none", "edgecolors": style.RED, "linewidths": 0.3, "alpha": 0.7}
    ax.scatter(used.x, used.y, s=9, rasterized=True, **rings)
    ends = np.array([used.x.min(), used.x.max()])
    ax.plot(ends, fit.intercept + fit.slope * ends, color=style.RED)
    return points


def _scale(gains: Gains) -> LogNorm:
    """The colours of counts, the same in every figure."""
    return LogNorm(max(gains.counts[gains.drawn].min(), 1), gains.counts.max())


def along(fit: Fit, words: Sequence[str], n: int) -> list[int]:
    """The rows of up to n ringed words of three letters or more, evenly spaced along the line, each
    the nearest to it."""
    spelt = np.array([len(word) > 2 and word.isalpha() for word in words])
    used = fit.table[fit.table.used & spelt]
    off = (used.y - fit.intercept - fit.slope * used.x).abs()
    places = pd.cut(used.x, n, labels=False) if n else used.x * np.nan
    return off.groupby(places).idxmin().dropna().astype(int).tolist()


def epochs(gains: Gains, squared: Mapping[int, np.ndarray]) -> Figure:
    """Gain against squared norm, and squared norm against count, a column per training (Fig. 11).

    squared: epochs -> squared norms (V,). All columns share their axes.
    """
    n, shared = len(squared), {"sharex": "row", "sharey": "row"}
    figure, axes = style.grid(2 * n, n, height=1.9, **shared)
    for above, below, (epochs, norm) in zip(axes[:n], axes[n:], squared.items(), strict=True):
        two_views(above, below, gains, norm, epochs)
        for ax in (above, below)[: 2 * (above is not axes[0])]:
            ax.set_ylabel("")
    above.set_xlim(0, max(np.percentile(norm[gains.drawn], 99.9) for norm in squared.values()))
    return figure


def two_views(left: Axes, right: Axes, gains: Gains, norm: np.ndarray, n_epochs: int) -> None:
    """Gain against the squared norm (V,) with R^2 of the ringed words, and norm against count."""
    counts, drawn = gains.counts[gains.drawn], gains.drawn
    r2 = r_squared(gains.kl[gains.ringed], norm[gains.ringed])
    style.counted_points(left, norm[drawn], gains.kl[drawn], counts, _scale(gains))
    style.counted_points(right, counts, norm[drawn], counts, _scale(gains))
    left.set(xlabel=SQUARED, ylabel="KL$(w)$, nats")
    left.set_title(f"{n_epochs} epoch{'s' * (n_epochs > 1)}, $R^2 = {r2:.2f}$", loc="left")
    right.set(xscale="log", xlabel="count $n_w$", ylabel=SQUARED)


def classes(gains: Gains, delta_norm: np.ndarray, labels: np.ndarray) -> Figure:
    """Corrected gain and corrected squared norm of three classes against the count (Fig. 6)."""
    figure, axes = style.panels(2)
    names = (r"$\Delta$KL$(w)$, nats", r"$\Delta\|u_w\|^2$")
    for ax, score, name in zip(axes, (gains.delta_kl, delta_norm), names, strict=True):
        score, drawn = score[gains.drawn], gains.drawn
        style.classes(ax, gains.counts[drawn], score, labels[drawn], CLASSES)
        ax.set(ylabel=name, ylim=np.nanpercentile(score, [0.3, 99.7]))
    return figure


def names_apart(
    scores: Mapping[str, np.ndarray], labels: np.ndarray, areas: pd.DataFrame, bins: int = 40
) -> Figure:
    """A row per score: how it lies among proper nouns and verbs, as counted and corrected, and how
    well either tells them apart (Fig. 9 and Table 3).

    scores: by the names of SCORES, (V,), with labels (V,); areas: columns against, score, auc. The
    outermost 0.5 % on either side are left out of a histogram.
    """
    figure, axes = style.grid(3 * len(SCORES), 3, height=1.15)
    table, look = areas.set_index(["against", "score"]).auc, {"color": style.BLUE}
    for row, (raw, (corrected, name)) in enumerate(SCORES.items()):
        *pair, ax = axes[3 * row : 3 * row + 3]
        _histogram(pair[0], scores[raw], labels, bins)
        pair[0].set_ylabel(name)
        if corrected is None:
            pair[1].axis("off")
        else:
            _histogram(pair[1], scores[corrected], labels, bins)
        for place, against in enumerate(("verb", "adjective")):
            start = table[against, raw]
            ax.plot(start, place, "o", color=style.GREY, ms=4)
            if corrected is not None:
                end = table[against, corrected]
                arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0} | look
                ax.annotate("", (end, place), (start, place), arrowprops=arrow)
                number = {"textcoords": "offset points", "ha": "center"} | look
                ax.annotate(f"{end:.2f}", (end, place), (0, 4), **number)
        ax.axvline(0.5, color=style.BLACK, lw=0.6, ls=":")
        ax.set(xlim=(0.3, 0.95), ylim=(1.6, -0.8), yticks=[0, 1])
        ax.set_yticklabels(["verbs", "adjectives"])
    for ax, title in zip(axes, ("as counted", "less its level", "names told from"), strict=False):
        ax.set_title(title)
    axes[0].legend(loc="upper right")
    axes[-1].set_xlabel("area under the ROC curve,\nas counted (dot), corrected (arrow)")
    return figure


def _histogram(ax: Axes, score: np.ndarray, labels: np.ndarray, bins: int) -> None:
    """One score (V,) among proper nouns and verbs, as shares of the class."""
    chosen = np.isin(labels, ("proper", "verb"))
    edges = np.linspace(*np.nanpercentile(score[chosen], [0.5, 99.5]), bins + 1)
    for kind, label in (("proper", "proper nouns"), ("verb", "verbs")):
        values = score[labels == kind]
        look = {"color": CLASSES[kind], "alpha": 0.5, "label": label}
        ax.hist(values, edges, weights=np.full(len(values), 1 / len(values)), **look)
    ax.set(yticks=[])
    ax.spines["left"].set_visible(False)


def halves(table: pd.DataFrame, printed: pd.DataFrame) -> Figure:
    """A dumbbell per method: its accuracy where the hypernym is the more frequent word and where it
    is the less frequent (Table 4); hollow, the means that the paper prints.

    table: of `hypernyms.accuracy`; printed: the same columns by method, rows of several sets.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.75, height=0.8 + 0.22 * len(table))
    ends = {"hyper_more_frequent": (style.ORANGE, "hypernym more frequent")}
    ends["hypo_more_frequent"] = (style.BLUE, "hypernym less frequent")
    paper = printed.groupby("method")[[*ends]].mean().reindex(table.method)
    rows = np.arange(len(table))
    ax.hlines(
        rows,
        table.hyper_more_frequent,
        table.hypo_more_frequent,
        color=style.GREY,
        lw=2.5,
        alpha=0.5,
    )
    for name, (colour, label) in ends.items():
        reach = [table[name] - table[f"{name}_low"], table[f"{name}_high"] - table[name]]
        ax.errorbar(
            table[name], rows, xerr=reach, fmt="o", ms=5, color=colour, elinewidth=0.8, label=label
        )
        ax.plot(paper[name], rows - 0.28, "o", ms=3.5, mfc="white", color=colour)
    ax.plot(
        [], [], "o", ms=3.5, mfc="white", color=style.BLACK, label="the paper, mean of four sets"
    )
    ax.axvline(50, color=style.BLACK, lw=0.6, ls=":")
    ax.set(yticks=rows, xlabel="right answers, % (dotted: chance)", xlim=(-2, 102))
    ax.set_yticklabels(table.method.str.replace("delta ", r"$\Delta$ "))
    ax.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def contexts_of_word(table: pd.DataFrame, word: str, gain: float) -> Figure:
    """The contexts that add most to a word's gain: how frequent each is in all of the text, and how
    frequent beside the word, on an axis that stands still.

    table: columns context, usual, inside, part (of the gain, nats), a row per context.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.7, height=0.8 + 0.17 * len(table))
    rows = np.arange(len(table))
    ax.hlines(rows, table.usual, table.inside, color=style.GREY, lw=1)
    ax.plot(table.usual, rows, "o", ms=4, color=style.ORANGE, label="in all of the text, $p(w')$")
    ax.plot(table.inside, rows, "o", ms=4, color=style.BLUE, label="beside the word, $p(w'|w)$")
    for row, (context, part) in enumerate(zip(table.context, table.part, strict=True)):
        ax.text(2e-9, row, f"{part:.3f} nats  {context}", va="center")
    ax.set(xscale="log", xlim=(1e-9, 1), ylim=(len(table) - 0.4, -0.6), yticks=[])
    ax.set(xticks=[1e-6, 1e-4, 1e-2, 1], xlabel="share of the text, and of the neighbours")
    ax.minorticks_off()
    ax.set_title(f"{word}: KL = {gain:.2f} nats", loc="left")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def contexts(lines: Mapping[str, Mapping[str, tuple[pd.DataFrame, Fit]]]) -> Figure:
    """Positions of language models: KL against either length, the first model large (Figs. 4, 13).

    lines: model -> label of the length -> its table with columns x, y and count, and its fit. Half
    a per cent of the positions lie beyond either axis.
    """
    first, *others = lines
    style.use()
    figure = style.plt.figure(figsize=(style.PAGE, 4.6 if others else 2.7))
    large, *small = figure.subfigures(2 if others else 1, 1, squeeze=False).ravel()
    most = max(table["count"].max() for pair in lines.values() for table, _ in pair.values())
    norm, axes = LogNorm(1, max(2, most)), list(large.subplots(1, 2))
    for part in small:
        axes += list(part.subplots(1, 2 * len(others)))
    panels = [(model, *pair) for model in lines for pair in lines[model].items()]
    for number, (ax, (model, label, (table, fit))) in enumerate(zip(axes, panels, strict=True)):
        points = position_cloud(ax, table, fit, norm)
        size = {"fontsize": 13} if model == first else {"fontsize": 8}
        ax.set_title(f"$R^2 = {fit.r2:.2f}$", loc="left", color=style.RED, **size)
        if number % 2:
            ax.axline((0, 0), slope=0.5, color=style.BLACK, lw=0.8, ls=":")
        if model == first:
            ax.set(xlabel=label)
            ax.set_title(model, loc="right")
        elif number % 2:
            ax.set_xlabel("whitened")
        else:
            ax.set_xlabel(label)
            over = {"xycoords": "axes fraction", "textcoords": "offset points"}
            ax.annotate(model, (0, 1), (0, 18), **over)
    axes[0].set_ylabel(r"KL from $p(\cdot|u_0)$, nats")
    style.colour_bar(points, axes[:2], "occurrences of the token")
    return figure


def position_cloud(ax: Axes, table: pd.DataFrame, fit: Fit, norm: LogNorm | None = None):
    """Positions coloured by how often their token occurs, and the line; table: x, y, count."""
    norm = norm or LogNorm(1, max(2, table["count"].max()))
    points = style.counted_points(ax, table.x, table.y, table["count"], norm)
    right, top = np.percentile(table[["x", "y"]], 99.5, axis=0)
    ends = np.array([table.x.min(), right])
    ax.plot(ends, fit.intercept + fit.slope * ends, color=style.RED)
    ax.set(xlim=(None, right), ylim=(min(0, table.y.min()), top))
    return points


def near(table: pd.DataFrame) -> Figure:
    """2 KL over the quadratic form against the share of the way from the reference, a line per
    model with its name, and the band of the quartiles of the first.

    table: columns model, share, median, low, high.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.65, height=2.6)
    families = {name: name.partition(",")[0] for name in table.model}
    known = style.colours(families.values())
    colours = {name: known[family] for name, family in families.items()}
    ends = (
        table[table.share == table.share.max()].sort_values("median").set_index("model")["median"]
    )
    below, top = -np.inf, table["median"].max()
    for name, end in ends.items():  # from the lowest up, so that no name covers another
        rows = table[table.model == name]
        ax.plot(rows.share, rows["median"], "o-", ms=3, color=colours[name])
        below = max(end, below + 0.065 * top)
        look = {"color": colours[name], "va": "center"}
        ax.annotate(name, (table.share.max(), below), (5, 0), textcoords="offset points", **look)
    rows = table[table.model == table.model[0]]
    ax.fill_between(
        rows.share, rows.low, rows.high, color=colours[table.model[0]], alpha=0.15, lw=0
    )
    ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    ax.set_xscale("log", base=2)
    shares = sorted(set(table.share))
    ax.set_xticks(shares, [str(Fraction(share)) for share in shares])
    ax.minorticks_off()
    ax.set(xlabel="share of the way from $u_0$ to $u$", ylabel="2 KL / quadratic form")
    ax.set_ylim(bottom=0)
    return figure


def by_step(table: pd.DataFrame) -> Figure:
    """R^2 of both lengths along one training run, and the mean KL beside it.

    table: columns step, raw_r2, whitened_r2, kl, a row per checkpoint, the steps evenly spaced.
    """
    figure, (left, right) = style.panels(2, height=2.3)
    evenly = table.set_index(table.step.map("{:,}".format))
    lines = {"style": "o-", "ms": 3, "xticks": range(len(table)), "xlabel": "training steps"}
    lengths = {"raw_r2": "squared distance", "whitened_r2": "whitened"}
    evenly[[*lengths]].rename(columns=lengths).plot(
        ax=left, color=[style.BLUE, style.RED], ylabel="$R^2$ with KL", ylim=(0, 1.02), **lines
    )
    evenly.kl.plot(
        ax=right, color=style.BLACK, ylabel="mean KL from $p(\\cdot|u_0)$, nats", **lines
    )
    right.set_ylim(bottom=0)
    return figure
