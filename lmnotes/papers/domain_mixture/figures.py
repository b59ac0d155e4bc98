"""Figures of notebook 10: directions to a target, mixtures, and what training with them brings."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from lmnotes.figures import style

# Of every rule what it is called, its colour and its marker, in the order of tables and figures.
_LOOKS = {
    "before": ("before training", style.GREY, "o"),
    "uniform": ("equal shares", style.BLACK, "o"),
    "natural": ("natural shares", style.OLIVE, "D"),
    "random": ("random shares", style.SKY, "o"),
    "anti": ("lead turned around", style.OLIVE, "^"),
    "single": ("leading domain only", style.OLIVE, "v"),
    "lld_agg": ("lead of single texts", style.ORANGE, "^"),
    "lld_dom": ("lead of domains, T given", style.WINE, "s"),
    "lld_sd": ("lead of domains, T = sd", style.RED, "o"),
    "gram_ascent": ("gradient scores", style.PURPLE, "s"),
    "gram_nnls": ("gradient cone", style.PURPLE, "s"),
    "probe_nnls": ("probe cone", style.PURPLE, "D"),
    "iterative": ("lead, taken anew halfway", style.ORANGE, "s"),
    "end_sd": ("lead over the end, T = sd", style.RED, "P"),
    "end_slope": ("lead over the end, T = slope", style.RED, "X"),
    "oracle": ("target's own shares", style.BLUE, "v"),
    "kd": ("distillation", style.GREEN, "P"),
}
SHOWN = ("natural", "lld_agg", "lld_sd", "gram_ascent", "oracle", "kd")  # the six in figures
LABELS, COLOURS, MARKERS = (
    {rule: look[number] for rule, look in _LOOKS.items()} for number in range(3)
)
METRICS = {"kl_var": "map distance per byte", "exact_kl": "exact KL"}
UNITS = {"kl_var": "map distance per byte", "exact_kl": "exact KL, bits per byte"}
_ZERO = {"color": style.BLACK, "lw": 0.6}
_PALE = {"color": style.GREY, "alpha": 0.4, "ms": 4.5, "mew": 0}
_MARK = {"color": style.GREY, "lw": 0.8, "ls": ":"}


def log_ticks(axis, values: Sequence[float]) -> None:
    """Ticks of a logarithmic axis at 1, 2, 3 and 5 times powers of ten, few and written out."""
    low, high = np.nanmin(values), np.nanmax(values)
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks: list[float] = []
    for tick in np.outer(powers, (1, 2, 3, 5) if high < 100 * low else (1,)).ravel():
        # labels that are nearer than a quarter of the axis touch in narrow panels
        apart = not ticks or np.log(tick / ticks[-1]) > np.log(high / low) / 4
        if apart and 0.9 * low <= tick <= 1.1 * high:
            ticks.append(tick)
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def lead_and_weights(table: pd.DataFrame) -> Figure:
    """Differences per domain and the weights designed from them, two panels for each target (F3).

    table: columns target, domain, gap, gap_low, gap_high (nats per byte), weight, low, high, true.
    """
    targets = list(table.groupby("target", sort=False))
    figure, axes = style.panels(2 * len(targets), height=2.3, sharey=True)
    for (target, rows), left, right in zip(targets, axes[::2], axes[1::2], strict=True):
        places = np.arange(len(rows))
        reach = [rows.gap - rows.gap_low, rows.gap_high - rows.gap]
        left.barh(places, rows.gap, 0.7, color=style.SKY, xerr=reach, error_kw={"lw": 0.7})
        left.axvline(0, **_ZERO)
        left.set(title=f"{target}: target less base", xlabel="nats per byte")
        reach = [rows.weight - rows.low, rows.high - rows.weight]
        look = {"fmt": "o", "ms": 4, "lw": 1, "color": style.RED}
        right.errorbar(rows.weight, places, xerr=reach, label="designed", **look)
        right.plot(rows.true, places, "D", ms=4, color=style.BLUE, mfc="none", label="true")
        right.axvline(1 / len(rows), **_MARK)
        right.set(title=f"{target}: shares", xlabel="share", xlim=(-0.02, None))
    axes[0].set_yticks(places, rows.domain)
    axes[0].invert_yaxis()
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def directions(table: pd.DataFrame) -> Figure:
    """Models as points in log-likelihood space, a panel for each target (F1).

    table: columns target, rule, step, x, y (nats); rule "target" is the target, "bases" are other
    seeds; rows of a rule make its path.
    """
    targets = list(table.groupby("target", sort=False))
    figure, axes = style.panels(len(targets), height=2.9, width=style.PAGE * 0.5 * len(targets))
    for ax, (target, rows) in zip(axes, targets, strict=True):
        others, goal = rows[rows.rule == "bases"], rows[rows.rule == "target"].iloc[0]
        ax.scatter(others.x, others.y, s=10, color=style.GREY, label="other bases")
        for rule, path in rows[~rows.rule.isin(["bases", "target"])].groupby("rule"):
            path = path.sort_values("step")
            start = path.iloc[0]
            ax.plot(path.x, path.y, "-o", ms=2.5, color=COLOURS[rule], label=LABELS[rule])
        ax.plot([start.x, goal.x], [start.y, goal.y], ":", color=style.GREY, lw=0.9)
        ax.plot(start.x, start.y, "o", ms=5, mfc="white", color=style.BLACK, label="base")
        ax.plot(goal.x, goal.y, "*", ms=10, color=style.ORANGE, label="target")
        ax.set(title=target, xlabel="first component, nats", ylabel="second component, nats")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def along_training(table: pd.DataFrame) -> Figure:
    """Both distances to the target along training, over that at its start; a column for each
    target and kind (F2).

    table: columns target, rule, step, kl_var, exact_kl.
    """
    panels = [
        (target, rows, metric)
        for target, rows in table.groupby("target", sort=False)
        for metric in METRICS
        if rows[metric].notna().all()
    ]
    figure, axes = style.panels(len(panels), height=2.2, sharey=True)
    top = 1.0
    for ax, (target, rows, metric) in zip(axes, panels, strict=True):
        for rule in [rule for rule in LABELS if rule in set(rows.rule)]:
            path = rows[rows.rule == rule].sort_values("step")
            values = path[metric] / path[metric].iloc[0]
            look = {"marker": MARKERS[rule], "ms": 3, "color": COLOURS[rule]}
            ax.plot(path.step, values, label=LABELS[rule], **look)
            top = max(top, values.max())
        ax.axhline(1, **_ZERO, ls=":")
        ax.set(title=f"{target}: {METRICS[metric]}", xlabel="step")
        ax.set_xticks(sorted(set(table.step)))
    axes[0].set(ylabel="over that before training", ylim=(0, 1.05 * top))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def comparison(tests: Mapping[str, pd.DataFrame]) -> Figure:
    """Six rules less equal shares with their intervals over seeds: a column for each target and
    metric (T1).

    tests: by metric, columns target, rule, difference, low, high.
    """
    panels = [
        (target, rows.set_index("rule"), metric)
        for metric, table in tests.items()
        for target, rows in table.dropna(subset="difference").groupby("target", sort=False)
    ]
    rules = [rule for rule in SHOWN if any(rule in rows.index for _, rows, _ in panels)]
    figure, axes = style.panels(len(panels), height=0.9 + 0.2 * len(rules), sharey=True)
    for ax, (target, rows, metric) in zip(axes, panels, strict=True):
        for place, rule in enumerate(rules):
            if rule not in rows.index:
                continue
            row, look = rows.loc[rule], {"color": COLOURS[rule]}
            ax.plot([row.low, row.high], [place, place], lw=1.4, **look)
            ax.plot(row.difference, place, MARKERS[rule], ms=5, **look)
        ax.axvline(0, **_ZERO)
        unit = "bits per byte" if metric == "exact_kl" else "per byte"
        ax.set(title=f"{target}\n{METRICS[metric]}", xlabel=f"less equal shares',\n{unit}")
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_yticks(range(len(rules)), [LABELS[rule] for rule in rules])
    axes[0].invert_yaxis()
    return figure


def temperatures(table: pd.DataFrame) -> Figure:
    """Both distances against the temperature of the softmax over texts (F4).

    table: columns target, temperature (infinity: equal shares), kl_var, exact_kl, and sd, the
    standard deviation of the lead over domains.
    """
    targets = list(table.groupby("target", sort=False))
    figure, axes = style.panels(len(targets), height=2.3)
    finite = sorted(t for t in set(table.temperature) if np.isfinite(t))
    last = finite[-1] * 4  # where infinity is drawn
    for ax, (target, rows) in zip(axes, targets, strict=True):
        rows = rows.sort_values("temperature")
        x = rows.temperature.replace(np.inf, last)
        for (metric, name), colour in zip(METRICS.items(), (style.BLUE, style.RED), strict=True):
            ratio = rows[metric] / rows[metric].iloc[-1]
            ax.plot(x, ratio, "-o", ms=3.5, color=colour, label=name)
        ax.axhline(1, **_ZERO, ls=":")
        ax.axvline(rows.sd.iloc[0], color=style.GREY, lw=0.8, ls="--", label="sd over domains")
        ax.set(title=target, xscale="log", xlabel="temperature, nats per byte")
        ax.set_xticks([*finite, last], [*(f"{t:g}" for t in finite), r"$\infty$"])
        ax.minorticks_off()
    axes[0].set_ylabel("over that of equal shares")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _runs(ax, rows: pd.DataFrame, x: str, y: str) -> None:
    """A point for each run: six rules in their looks, all others pale beneath them."""
    others = rows[~rows.rule.isin([*SHOWN, "uniform"])]
    ax.plot(others[x], others[y], "o", label="other rules", **_PALE)
    for rule in ("uniform", *SHOWN):
        runs = rows[rows.rule == rule]
        look = {"ms": 6, "mew": 0, "alpha": 0.85, "color": COLOURS[rule]}
        if len(runs):
            ax.plot(runs[x], runs[y], MARKERS[rule], label=LABELS[rule], **look)


def _legend(figure: Figure, axes) -> None:
    """One legend of all that any panel names."""
    named = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=4)


def alignment(table: pd.DataFrame) -> Figure:
    """How far the move points to the target, and the map distance less that of equal shares (F5).

    table: columns target, rule, cosine, change.
    """
    targets = list(table.groupby("target", sort=False))
    figure, axes = style.panels(len(targets), height=2.8)
    for ax, (target, rows) in zip(axes, targets, strict=True):
        _runs(ax, rows, "cosine", "change")
        ax.axhline(0, **_ZERO)
        r = np.corrcoef(rows.cosine, rows.change)[0, 1]
        ax.set(title=f"{target}: r = {r:.2f}", xlabel="cosine of move and direction to target")
        ax.locator_params(axis="x", nbins=5)
    axes[0].set_ylabel("map distance per byte,\nless that of equal shares")
    _legend(figure, axes)
    return figure


def gradient_cosines(texts: np.ndarray, domains: np.ndarray, names: Sequence[str]) -> Figure:
    """Cosines of the gradients of texts, sorted by domain, and their means by domain (F6).

    Args:
        texts: (N, N), in the order of the domains. domains: (K, K) means. names: of the K domains.
    """
    figure, (left, right) = style.panels(2, height=3.1)
    look = {"cmap": "RdBu_r", "vmin": -0.3, "vmax": 0.3, "rasterized": True}
    sns.heatmap(texts, ax=left, cbar=False, xticklabels=False, **look)
    n_each = len(texts) / len(names)
    left.set_yticks((np.arange(len(names)) + 0.5) * n_each, names, rotation=0)
    left.set_title(f"{len(texts)} texts")
    bar = {"label": "cosine of two gradients", "extend": "both", "aspect": 30}
    sns.heatmap(domains, ax=right, cbar_kws=bar, xticklabels=names, yticklabels=False, **look)
    right.set_title("means over pairs of texts")
    right.tick_params(axis="x", rotation=40)
    for ax in (left, right):
        ax.tick_params(length=0)
    return figure


def superposition(table: pd.DataFrame) -> Figure:
    """Cosine and relative error of the sum of single-domain moves against the size of the step
    (F7).

    table: columns update ("one step of SGD" or "AdamW"), step, mixture, nats, cosine,
    relative_error; points of AdamW are named by their number of steps.
    """
    figure, axes = style.panels(2, height=2.3)
    names = {"cosine": "cosine to the true move", "relative_error": "relative error"}
    look = {"hue": "mixture", "style": "update", "markers": ["o", "s"], "errorbar": None}
    for ax, (value, name) in zip(axes, names.items(), strict=True):
        colours = style.COLOURS[: table.mixture.nunique()]
        sns.lineplot(table, x="nats", y=value, ax=ax, palette=colours, legend=ax is axes[1], **look)
        for row in table[table["update"] == "AdamW"].itertuples():
            place = (row.nats, getattr(row, value))
            shift = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
            ax.annotate(f"{row.step}", place, fontsize=6, **shift)
        ax.set(xscale="log", xlabel="mean change of a text, nats", ylabel=name)
        log_ticks(ax.xaxis, table.nats)
    axes[0].axhline(1, **_ZERO, ls=":")
    axes[1].set_yscale("log")
    log_ticks(axes[1].yaxis, table.relative_error)
    sns.move_legend(axes[1], "upper left", bbox_to_anchor=(1, 1))
    return figure


def lengths(table: pd.DataFrame) -> Figure:
    """Both distances per byte and the share between domains against the length of the texts.

    table: columns target, n_bytes, kl_var, exact_kl, between.
    """
    figure, axes = style.panels(3, height=2.1)
    names = UNITS | {"between": "share of variance\nbetween domains"}
    ticks = sorted(set(table.n_bytes))
    look = {"hue": "target", "marker": "o", "palette": style.COLOURS[: table.target.nunique()]}
    for ax, (value, name) in zip(axes, names.items(), strict=True):
        sns.lineplot(table, x="n_bytes", y=value, ax=ax, legend=ax is axes[0], **look)
        limits = (0, 1.05 * table[value].max())
        ax.set(xscale="log", xlabel="bytes of a text", ylabel=name, ylim=limits)
        ax.set_xticks(ticks, ticks)
        ax.minorticks_off()
    return figure


def abilities(table: pd.DataFrame) -> Figure:
    """How far the scores of each run are from the target's, against both distances; a column for
    each target and kind.

    table: columns target, rule, kl_var, exact_kl, distance (points).
    """
    panels = [(*own, m) for own in table.groupby("target", sort=False) for m in METRICS]
    figure, axes = style.panels(len(panels), height=2.6, sharey=True)
    for ax, (target, rows, metric) in zip(axes, panels, strict=True):
        _runs(ax, rows, metric, "distance")
        r = rows[metric].corr(rows.distance)
        ax.set(title=f"{target}: r = {r:.2f}", xscale="log", xlabel=UNITS[metric])
        log_ticks(ax.xaxis, rows[metric])
    axes[0].set_ylabel("distance of scores,\npoints per task")
    _legend(figure, axes)
    return figure


def recovery(simulated: pd.DataFrame, hidden: pd.DataFrame) -> Figure:
    """How well known mixtures are guessed: from simulated targets, and from models really trained.

    Args:
        simulated: columns rule, noise, distance (total variation, mean over mixtures).
        hidden: columns domain, true, guessed (shares).
    """
    figure, (left, right) = style.panels(2, height=2.6)
    names = {"cone": "cone of probes", "least squares": "least squares on probes"}
    names |= {"domain mean": "softmax of the lead"}
    looks = zip(names, (style.PURPLE, style.BLUE, style.RED), "so^", ("--", "-", "-"), strict=True)
    for rule, colour, marker, line in looks:
        rows = simulated[simulated.rule == rule]
        look = {"color": colour, "marker": marker, "ms": 4, "ls": line, "label": names[rule]}
        left.plot(100 * rows.noise, rows.distance, **look)
    left.set(xlabel="noise, per cent of the lead", ylabel="total variation to the true shares")
    left.set_ylim(0, 1.35 * simulated.distance.max())
    left.set_title("simulated targets", loc="left")
    left.legend(loc="upper left")
    cloud(right, hidden.true, hidden.guessed, hidden.domain)
    right.set(xlabel="true share", ylabel="share guessed from log-likelihoods")
    right.set_title("trained models", loc="left")
    return figure


def cloud(ax, x: np.ndarray, y: np.ndarray, domains: Sequence[str]) -> None:
    """Points with a colour and a marker for each domain, and the line on which x is y."""
    look = {
        "hue": domains,
        "style": domains,
        "palette": style.colours(domains),
        "s": 26,
        "linewidth": 0,
    }
    sns.scatterplot(x=x, y=y, ax=ax, **look)
    low, high = min(np.min(x), np.min(y)), max(np.max(x), np.max(y))
    ax.plot([low, high], [low, high], **_ZERO, ls=":")
    sns.move_legend(ax, "upper left", bbox_to_anchor=(1, 1), title=None, fontsize=7)


def log_laws(table: pd.DataFrame) -> Figure:
    """Loss against share with the line of the log law, the four domains of steepest slope (F8).

    table: columns domain, share, loss (nats), slope, intercept.
    """
    domains = sorted(
        table.groupby("domain", sort=False), key=lambda own: np.nan_to_num(own[1].slope.iloc[0])
    )[:4]
    figure, axes = style.panels(len(domains), height=1.9)
    for ax, (name, rows) in zip(axes, domains, strict=True):
        rows = rows.sort_values("share")
        ax.plot(rows.share, rows.loss, "o", ms=3, mew=0, alpha=0.7, color=style.BLUE)
        ax.plot(rows.share, rows.intercept + rows.slope * np.log(rows.share), color=style.RED)
        title = f"{name}: {rows.slope.iloc[0]:.2f} per e-fold"
        ax.set(xscale="log", xlabel="share in training", title=title)
        log_ticks(ax.xaxis, rows.share)
    axes[0].set_ylabel("loss, nats per byte")
    return figure
