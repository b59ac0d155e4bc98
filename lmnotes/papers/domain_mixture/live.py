"""Views with controls of notebook 10; each builds its own and shows it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from lmnotes import notebook
from lmnotes.figures import style
from lmnotes.models.zoo import mixtures
from lmnotes.papers.domain_mixture import experiment, measures, results
from lmnotes.papers.domain_mixture.design import design
from lmnotes.papers.domain_mixture.figures import LABELS, METRICS, cloud, log_ticks
from lmnotes.papers.domain_mixture.study import Study, probe_moves

_COLOURS = (style.BLUE, style.RED, style.GREY)
_EQUAL = {"color": style.GREY, "lw": 0.8, "ls": ":"}  # the line of equal shares
_ZERO = {"color": style.BLACK, "lw": 0.6}


def one_step(study: Study):
    """Single texts after one step: what the sum of single domains says, and what a mixture did."""
    measured, K = study.measured, len(study.world.names)
    rates, known = measured["rates"], measured["known"]
    moves = measured["steps"] - measured["steps"].mean(axis=2, keepdims=True)

    def draw(step: int = 1, mixture: str = next(iter(known))) -> Figure:
        predicted = np.array(known[mixture]) @ moves[step - 1, :K]
        true = moves[step - 1, K + list(known).index(mixture)]
        figure, (ax,) = style.panels(width=style.PAGE * 0.55, height=2.6)
        cloud(ax, true, predicted, study.world.design.domains)
        ax.set(xlabel="true change of a text, nats", ylabel="sum of single-domain changes, nats")
        title = f"step {rates[step - 1]:g}: cosine {measures.cosine(predicted, true):.2f}"
        ax.set_title(title, fontsize=7, loc="left")
        return figure

    stills = [{"step": min(2, len(rates))}, {"step": len(rates)}]
    return notebook.explore(
        draw, stills=stills, step=(1, len(rates)), mixture=list(known), frames="step"
    )


def recipe_designer(study: Study):
    """Numbers for the domains, normalised, and where the linear picture says that they lead."""
    names, changes, gaps = study.world.names, probe_moves(study, 1), study.gaps
    seen = {t: measures.side_view(gaps[t, 1].values, changes) for t in study.targets}  # (K, 2)

    def draw(target: str = study.targets[0], compare_with_lead: bool = True, **parts) -> Figure:
        shares = mixtures.shares([max(parts[name], 1e-9) for name in names], len(names))
        drawn, places = {"yours": shares}, seen[target]
        if compare_with_lead:
            drawn[LABELS["lld_sd"]] = design(gaps[target, 1])
        cosine = measures.cosine(changes @ shares, gaps[target, 1].values)
        figure, (left, right) = style.panels(2, height=2.8, width_ratios=(1.2, 1))
        left.annotate("", (1, 0), (0, 0), arrowprops={"arrowstyle": "->", "color": style.ORANGE})
        left.text(1, 0, " target", color=style.ORANGE, va="center")
        for name, (x, y) in zip(names, places, strict=True):
            left.plot([0, x], [0, y], color=style.GREY, lw=0.7)
            left.text(x, y, name, fontsize=6.5, color=style.GREY)
        for (name, w), colour in zip(drawn.items(), _COLOURS, strict=False):
            arrow = {"arrowstyle": "->", "lw": 1.8, "color": colour}
            left.annotate("", w @ places, (0, 0), arrowprops=arrow)
            left.plot(*(w @ places), "o", ms=3, color=colour, label=name)
        left.set(xlabel="towards the target", ylabel="astray", title=f"your cosine: {cosine:.2f}")
        ends = np.concatenate([places, [[0, 0], [1, 0]]])
        left.set_xlim(ends[:, 0].min() - 0.15, ends[:, 0].max() + 0.3)
        left.margins(y=0.1)
        _bars(right, pd.DataFrame(drawn, index=list(names)), "share", _COLOURS)
        figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=3)
        return figure

    stills = [{"compare_with_lead": False}, {"target": study.targets[-1], names[0]: 0}]
    sliders = {name: (0, 10) for name in names}
    switches = {"target": study.targets, "compare_with_lead": True}
    return notebook.explore(draw, stills=stills, **switches, **sliders)


def _bars(ax, table: pd.DataFrame, xlabel: str, colours: Sequence[str]) -> None:
    """Bars side by side, a row for each domain from the top and a colour for each column."""
    colours = list(colours[: table.shape[1]])
    table.plot.barh(ax=ax, width=0.8, color=colours, legend=False)
    ax.set(xlabel=xlabel, ylabel="", ylim=(len(table) - 0.5, -0.5))


def temperature_dial(study: Study, tempered: pd.DataFrame):
    """The designed shares at any temperature, their entropy in nats, beside the distances at those
    temperatures that were trained."""
    names = list(study.world.names)

    def draw(T: float = 0.25, target: str = study.targets[0], rule: str = "domain mean") -> Figure:
        shares = design(study.gaps[target, 1], rule, temperature=T)
        figure, (left, right) = style.panels(2, height=2.4)
        _bars(left, pd.DataFrame({"share": shares}, index=names), "share", [style.RED])
        left.axvline(1 / len(names), **_EQUAL)
        entropy = f"entropy {stats.entropy(shares):.2f} of {np.log(len(names)):.2f}"
        left.set(xlim=(0, 1), title=f"T = {T:g}: {entropy} nats")
        rows = tempered[tempered.target == target].sort_values("temperature")
        tried = rows[np.isfinite(rows.temperature)]
        for (metric, name), colour in zip(METRICS.items(), _COLOURS, strict=False):
            ratio = tried[metric] / rows[metric].iloc[-1]  # the last is of equal shares
            right.plot(tried.temperature, ratio, "-o", ms=3.5, color=colour, label=name)
        right.axhline(1, **_ZERO, ls=":")
        right.axvline(T, color=style.GREY, lw=1)
        right.set(xscale="log", xlabel="T, nats per byte", ylabel="over that of equal shares")
        log_ticks(right.xaxis, [*tried.temperature, T])
        right.legend()
        return figure

    return notebook.explore(
        draw,
        stills=[{"T": 0.05}, {"T": 0.25, "rule": "aggregated"}],
        T=(0.05, 1.0, 0.05),
        target=study.targets,
        rule=["domain mean", "aggregated"],
        frames="T",
    )


def metric_trap(study: Study, by_rule: pd.DataFrame):
    """Two students of one target: which is nearer, by either distance? Bars are their mean
    differences to the target in each domain."""
    tried = [
        rule
        for rule in (*experiment.CORE, *experiment.MORE)
        if all((t, s, rule) in study.readings for t in study.targets for s in study.few)
    ]
    rules = {LABELS[rule]: rule for rule in tried}

    def draw(
        target: str = study.targets[0],
        first: str = "single",
        second: str = "uniform",
        base: int = 1,
    ) -> Figure:
        rows = by_rule[(by_rule.target == target) & (by_rule.seed == base)].set_index("rule")
        table, said = pd.DataFrame(index=list(study.world.names)), []
        for rule in dict.fromkeys((first, second)):
            table[LABELS[rule]] = results.left_by_domain(study, target, base, rule)
            exact = f"exact KL {rows.exact_kl[rule]:.3f} bits per byte"
            said.append(f"{LABELS[rule]}: map distance per byte {rows.kl_var[rule]:.2f}, {exact}")
        figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=2.5)
        _bars(ax, table, "target less student, nats per byte", style.COLOURS)
        ax.axvline(0, **_ZERO)
        ax.set_title("\n".join(said), fontsize=7, loc="left")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return figure

    return notebook.explore(
        draw,
        stills=[{}, {"target": study.targets[-1], "first": "lld_sd"}],
        target=study.targets,
        first=notebook.typed(rules),
        second=notebook.typed(rules),
        base=study.few,
    )


def guess_the_diet(study: Study, guesses: Mapping[int, tuple]):
    """A hidden model, what it finds likelier than one of equal shares, the guess from that, and on
    request what it was trained on."""
    names = list(study.world.names)

    def draw(model: int = 1, reveal: bool = False) -> Figure:
        gap, guess, true = guesses[model]
        off = f": off by {measures.total_variation(guess, true):.2f}" if reveal else ""
        figure, (left, right) = style.panels(2, height=2.3, sharey=True)
        lead = pd.DataFrame({"lead": gap.means}, index=names)
        _bars(left, lead, "hidden less equal shares, nats per byte", [style.SKY])
        left.axvline(0, **_ZERO)
        left.set_title(f"hidden model {model}{off}")
        shares = {"softmax of the left": guess} | ({"true shares": true} if reveal else {})
        _bars(right, pd.DataFrame(shares, index=names), "share", [style.RED, style.BLUE])
        right.axvline(1 / len(names), **_EQUAL)
        figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=2)
        return figure

    stills = [{"model": max(guesses)}, {"model": max(guesses), "reveal": True}]
    return notebook.explore(draw, stills=stills, model=list(guesses), reveal=False)
