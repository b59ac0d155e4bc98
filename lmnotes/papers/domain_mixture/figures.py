"""Figures of notebook 10: directions to a target, mixtures, and what training with them brings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes.figures import style

RULES = {
    "uniform": style.BLACK,
    "natural": style.GREY,
    "random": style.SKY,
    "anti": "#8B5A2B",
    "single": "#8B5A2B",
    "lld_agg": style.ORANGE,
    "lld_dom": "#B22222",
    "lld_sd": style.RED,
    "gram_ascent": style.PURPLE,
    "gram_nnls": style.PURPLE,
    "probe_nnls": style.PURPLE,
    "iterative": style.ORANGE,
    "end_sd": style.RED,
    "end_slope": style.RED,
    "oracle": style.BLUE,
    "kd": style.GREEN,
    "before": style.GREY,
}
LABELS = {
    "before": "before",
    "uniform": "uniform",
    "natural": "natural shares",
    "random": "random",
    "anti": "anti-LLD",
    "single": "one domain",
    "lld_agg": "LLD, aggregated",
    "lld_dom": "LLD, domain mean",
    "lld_sd": "LLD, T = sd",
    "gram_ascent": "gradient scores",
    "gram_nnls": "gradient cone",
    "probe_nnls": "probe cone",
    "iterative": "LLD, anew",
    "end_sd": "LLD from the end, T = sd",
    "end_slope": "LLD from the end, T = slope",
    "oracle": "target's own mixture",
    "kd": "distillation",
}
METRICS = {
    "kl_var": r"KL of the map, bits per byte",
    "exact_kl": "exact KL of the next byte, bits per byte",
}
_MARKERS = {
    "single": "v",
    "anti": "^",
    "gram_nnls": "s",
    "probe_nnls": "D",
    "iterative": "s",
    "end_sd": "P",
    "end_slope": "X",
    "lld_dom": "s",
}


def log_ticks(axis, values: Sequence[float]) -> None:
    """Ticks of a logarithmic axis at 1, 2, 3 and 5 times powers of ten, few and written out."""
    low, high = np.nanmin(values), np.nanmax(values)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 3, 5)]
    inside = [tick for tick in ticks if 0.9 * low <= tick <= 1.1 * high]
    if len(inside) > 5:
        inside = [tick for tick in inside if f"{tick:e}".startswith("1.")] or inside[::3]
    kept = inside[:1]
    for tick in inside[
        1:
    ]:  # labels that are nearer than a sixth of the axis touch in narrow panels
        if np.log(tick / kept[-1]) > np.log(high / low) / 6:
            kept.append(tick)
    inside = kept
    axis.set_ticks(inside, [f"{tick:g}" for tick in inside])
    axis.set_ticks([], minor=True)


def mixtures(table: pd.DataFrame) -> Figure:
    """Differences per domain and the weights designed from them, two panels for each target (F3).

    table: columns target, domain, gap, gap_low, gap_high (nats per byte), weight, low, high, true.
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(2 * len(targets), height=2.3, sharey=True)
    for place, target in enumerate(targets):
        part = table[table.target == target]
        at = np.arange(len(part))
        left, right = axes[2 * place : 2 * place + 2]
        reach = [part.gap - part.gap_low, part.gap_high - part.gap]
        left.barh(at, part.gap, 0.7, color=style.SKY, xerr=reach, error_kw={"lw": 0.7})
        left.axvline(0, color=style.BLACK, lw=0.6)
        left.set(title=f"{target}: target less base", xlabel="nats per byte")
        reach = [part.weight - part.low, part.high - part.weight]
        right.errorbar(
            part.weight, at, xerr=reach, fmt="o", ms=4, lw=1, color=style.RED, label="designed"
        )
        right.plot(part.true, at, "D", ms=4, color=style.BLUE, mfc="none", label="true")
        right.axvline(1 / len(part), color=style.GREY, lw=0.8, ls=":")
        right.set(title=f"{target}: weights", xlabel="share", xlim=(-0.02, None))
    axes[0].set_yticks(at, part.domain)
    axes[0].invert_yaxis()
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def directions(table: pd.DataFrame) -> Figure:
    """Models as points in log-likelihood space, a panel for each target (F1).

    table: columns target, rule, step, x, y (nats); rule "target" is the target, "bases" are other
    seeds; rows of a rule make its path.
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(len(targets), height=2.9, width=style.PAGE * 0.5 * len(targets))
    for ax, target in zip(axes, targets, strict=True):
        part = table[table.target == target]
        others = part[part.rule == "bases"]
        ax.scatter(others.x, others.y, s=10, color=style.GREY, label="other bases")
        goal = part[part.rule == "target"].iloc[0]
        for rule, path in part[~part.rule.isin(["bases", "target"])].groupby("rule"):
            path = path.sort_values("step")
            start = path.iloc[0]
            ax.plot(path.x, path.y, "-o", ms=2.5, color=RULES[rule], label=LABELS[rule])
        ax.plot([start.x, goal.x], [start.y, goal.y], ":", color=style.GREY, lw=0.9)
        ax.plot(start.x, start.y, "o", ms=5, mfc="white", color=style.BLACK, label="base")
        ax.plot(goal.x, goal.y, "*", ms=10, color=style.ORANGE, label="target")
        ax.set(title=target, xlabel="first component, nats", ylabel="second component, nats")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def steps(table: pd.DataFrame) -> Figure:
    """Both kinds of KL to the target along training, a column for each target and kind (F2).

    table: columns target, rule, step, kl_var, exact_kl.
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(2 * len(targets), height=2.2)
    for place, (target, metric) in enumerate((t, m) for t in targets for m in METRICS):
        ax, part = axes[place], table[table.target == target]
        for rule, path in part.groupby("rule", sort=False):
            ax.plot(path.step, path[metric], "-o", ms=2.5, color=RULES[rule], label=LABELS[rule])
        name = "KL of the map" if metric == "kl_var" else "exact KL"
        ax.set(title=f"{target}: {name}", xlabel="step")
        ax.set_xticks(sorted(set(table.step)))
        ax.set_ylim(bottom=0)
    axes[0].set_ylabel("bits per byte")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def comparison(table: pd.DataFrame, metric: str, unit: str = "bits per byte") -> Figure:
    """Every rule less uniform with its interval over seeds, a panel for each target (T1).

    table: columns target, rule, difference, low, high, n; rules of fewer seeds are drawn hollow.
    """
    targets = list(dict.fromkeys(table.target))
    rules = [rule for rule in LABELS if rule in set(table.rule) and rule != "uniform"]
    figure, axes = style.panels(len(targets), height=0.7 + 0.17 * len(rules), sharey=True)
    for ax, target in zip(axes, targets, strict=True):
        part = table[table.target == target].set_index("rule").reindex(rules)
        for at, (rule, row) in enumerate(part.iterrows()):
            if not np.isfinite(row.difference):
                continue
            ax.plot([row.low, row.high], [at, at], color=RULES[rule], lw=1.2)
            full = row.n == table.n.max()
            ax.plot(
                row.difference,
                at,
                "o",
                ms=4.5,
                color=RULES[rule],
                mfc=RULES[rule] if full else "white",
            )
        ax.axvline(0, color=style.BLACK, lw=0.7)
        narrow = part[part.n == table.n.max()]
        ends = [*narrow.low, *narrow.high, *part.difference, 0]
        low, high = np.nanmin(ends), np.nanmax(ends)
        ax.set_xlim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        ax.set(title=target, xlabel=f"less that of uniform, {unit}")
    axes[0].set_yticks(range(len(rules)), [LABELS[rule] for rule in rules])
    axes[0].invert_yaxis()
    figure.suptitle(METRICS[metric].split(",")[0], fontsize=8)
    return figure


def temperatures(table: pd.DataFrame, marks: pd.DataFrame) -> Figure:
    """Both kinds of KL against the temperature of the softmax over texts (F4).

    Args:
        table: columns target, temperature (infinity is uniform), kl_var, exact_kl.
        marks: columns target and temperature: the standard deviation over domains.
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(len(targets), height=2.3)
    finite = sorted(t for t in set(table.temperature) if np.isfinite(t))
    last = finite[-1] * 4  # where infinity is drawn
    for ax, target in zip(axes, targets, strict=True):
        part = table[table.target == target].sort_values("temperature")
        x = part.temperature.replace(np.inf, last)
        for metric, colour in zip(METRICS, (style.BLUE, style.RED), strict=True):
            ratio = part[metric] / part[metric].iloc[-1]
            name = "KL of the map" if metric == "kl_var" else "exact KL"
            ax.plot(x, ratio, "-o", ms=3.5, color=colour, label=name)
        ax.axhline(1, color=style.BLACK, lw=0.6, ls=":")
        for mark in marks[marks.target == target].temperature:
            ax.axvline(mark, color=style.GREY, lw=0.8, ls="--", label="sd over domains")
        ax.set(title=target, xscale="log", xlabel="temperature, nats per byte")
        ax.set_xticks([*finite, last], [*(f"{t:g}" for t in finite), r"$\infty$"])
        ax.minorticks_off()
    axes[0].set_ylabel("over that of uniform")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def alignment(table: pd.DataFrame) -> Figure:
    """How far the move points to the target, and the change of KL against uniform (F5).

    table: columns target, rule, cosine, change (bits per byte).
    """
    targets = list(dict.fromkeys(table.target))
    figure, axes = style.panels(len(targets), height=2.6)
    for ax, target in zip(axes, targets, strict=True):
        for rule in [rule for rule in LABELS if rule in set(table.rule)]:
            part = table[(table.target == target) & (table.rule == rule)]
            ax.plot(
                part.cosine,
                part.change,
                _MARKERS.get(rule, "o"),
                ms=3.5,
                alpha=0.8,
                mew=0,
                color=RULES[rule],
                label=LABELS[rule],
            )
        ax.axhline(0, color=style.BLACK, lw=0.6)
        part = table[table.target == target]
        r = np.corrcoef(part.cosine, part.change)[0, 1]
        ax.set(title=f"{target}: r = {r:.2f}", xlabel="cosine of move and direction to target")
        ax.locator_params(axis="x", nbins=5)
    axes[0].set_ylabel("KL of the map less uniform's,\nbits per byte")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=6)
    return figure


def cosines(texts: np.ndarray, domains: np.ndarray, names: Sequence[str]) -> Figure:
    """Cosines of the gradients of texts, sorted by domain, and their means by domain (F6).

    Args:
        texts: (N, N), in the order of the domains. domains: (K, K) means. names: of the K domains.
    """
    figure, (left, right) = style.panels(2, height=3.1)
    limit = 0.3
    options = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
    left.imshow(texts, **options)
    n = len(texts) // len(names)
    left.set_xticks([])
    left.set_yticks(np.arange(len(names)) * n + n / 2 - 0.5, names)
    left.set_title(f"{len(texts)} texts")
    image = right.imshow(domains, **options)
    right.set_xticks(range(len(names)), names, rotation=40, ha="right")
    right.set_yticks([])
    right.set_title("means over pairs of texts")
    for ax in (left, right):
        ax.tick_params(length=0)
    bar = figure.colorbar(image, ax=right, pad=0.03, aspect=30, extend="both")
    bar.set_label("cosine of two gradients")
    bar.outline.set_visible(False)
    return figure


def superposition(table: pd.DataFrame) -> Figure:
    """Cosine and relative error of the sum of single-domain moves against the size of the step
    (F7).

    table: columns update ("one step of SGD" or "AdamW"), step, mixture, nats, cosine,
    relative_error; points of AdamW are named by their number of steps.
    """
    figure, axes = style.panels(2, height=2.3)
    colours = dict(zip(dict.fromkeys(table.mixture), style.COLOURS, strict=False))
    for (update, mixture), part in table.groupby(["update", "mixture"], sort=False):
        part = part.sort_values("nats")
        dash = "-o" if "SGD" in update else "--s"
        for ax, value in zip(axes, ("cosine", "relative_error"), strict=True):
            ax.plot(
                part.nats,
                part[value],
                dash,
                ms=3,
                color=colours[mixture],
                label=f"{mixture}, {update}",
            )
            if "SGD" not in update:
                first = mixture == table.mixture.iloc[0]
                shift = (7, -2) if first and value == "cosine" else (0, 4)
                for row in part.itertuples():
                    ax.annotate(
                        f"{row.step}",
                        (row.nats, getattr(row, value)),
                        fontsize=6,
                        xytext=shift,
                        textcoords="offset points",
                        ha="center",
                        color=colours[mixture],
                    )
    for ax, name in zip(axes, ("cosine to the true move", "relative error"), strict=True):
        ax.set(xscale="log", xlabel="mean change of a text, nats", ylabel=name)
        log_ticks(ax.xaxis, table.nats)
    axes[0].axhline(1, color=style.BLACK, lw=0.6, ls=":")
    axes[1].set_yscale("log")
    log_ticks(axes[1].yaxis, table.relative_error)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
