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


def one_step(study: Study):
    """Single texts after one step: what the sum of single domains says, and what a mixture did."""
    measured, K = study.measured, len(study.world.names)
    rates, known = measured["rates"], measured["known"]
    moves = measured["steps"] - measured["steps"].mean(axis=2, keepdims=True)

    def draw(step: int = 1, mixture: str = next(iter(known))) -> Figure:
        predicted = np.array(known[mixture]) @ moves[step - 1, :K]
        true = moves[step - 1, K + list(known).index(mixture)]
        title = f"step {rates[step - 1]:g}: cosine {measures.cosine(predicted, true):.2f}"
        return superposed(predicted, true, study.world.design.domains, title)

    stills = [{"step": min(2, len(rates))}, {"step": len(rates)}]
    return notebook.explore(
        draw, stills=stills, step=(1, len(rates)), mixture=list(known), frames="step"
    )


def recipe_designer(study: Study):
    """Numbers for the domains, normalised, and where the linear picture says that they lead."""
    names, changes = study.world.names, probe_moves(study, 1)
    places = {
        t: measures.side_view(study.gaps[t, 1].values, changes) for t in study.targets
    }  # (K, 2)

    def draw(target: str = study.targets[0], compare_with_lead: bool = True, **parts) -> Figure:
        shares = mixtures.shares([max(parts[name], 1e-9) for name in names], len(names))
        drawn = {"yours": shares}
        if compare_with_lead:
            drawn[LABELS["lld_sd"]] = design(study.gaps[target, 1])
        cosine = measures.cosine(changes @ shares, study.gaps[target, 1].values)
        return recipe(places[target], names, drawn, cosine)

    stills = [{"compare_with_lead": False}, {"target": study.targets[-1], names[0]: 0}]
    sliders = {name: (0, 10) for name in names}
    switches = {"target": study.targets, "compare_with_lead": True}
    return notebook.explore(draw, stills=stills, **switches, **sliders)


def temperature_dial(study: Study, tempered: pd.DataFrame):
    """The designed shares at any temperature, beside the distances at those that were trained."""

    def draw(T: float = 0.25, target: str = study.targets[0], rule: str = "domain mean") -> Figure:
        shares = design(study.gaps[target, 1], rule, temperature=T)
        return dial(shares, study.world.names, tempered[tempered.target == target], T)

    return notebook.explore(
        draw,
        stills=[{"T": 0.05}, {"T": 0.25, "rule": "aggregated"}],
        T=(0.05, 1.0, 0.05),
        target=study.targets,
        rule=["domain mean", "aggregated"],
        frames="T",
    )


def metric_trap(study: Study, by_rule: pd.DataFrame):
    """Two students of one target: which is nearer, by either distance?"""
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
        left = {
            LABELS[rule]: results.left_by_domain(study, target, base, rule)
            for rule in (first, second)
        }
        rows = by_rule[(by_rule.target == target) & (by_rule.seed == base)].set_index("rule")
        title = "; ".join(
            f"{LABELS[rule]}: map {rows.kl_var[rule]:.2f}, exact {rows.exact_kl[rule]:.3f}"
            for rule in (first, second)
        )
        return two_students(left, study.world.names, title)

    return notebook.explore(
        draw,
        stills=[{}, {"target": study.targets[-1], "first": "lld_sd"}],
        target=study.targets,
        first=notebook.typed(rules),
        second=notebook.typed(rules),
        base=study.few,
    )


def guess_the_diet(study: Study, guesses: Mapping[int, tuple]):
    """A hidden model, what it finds likelier, and on request what it was trained on."""

    def draw(model: int = 1, reveal: bool = False) -> Figure:
        gap, guess, true = guesses[model]
        off = measures.total_variation(guess, true)
        title = f"hidden model {model}" + (f": off by {off:.2f}" if reveal else "")
        return diet(study.world.names, gap.means, guess, true if reveal else None, title)

    stills = [{"model": max(guesses)}, {"model": max(guesses), "reveal": True}]
    return notebook.explore(draw, stills=stills, model=list(guesses), reveal=False)


def recipe(
    places: np.ndarray, names: Sequence[str], mixtures: Mapping[str, np.ndarray], cosine: float
) -> Figure:
    """Where a mixture is predicted to lead, seen from the side, and the mixture beside others.

    Args:
        places: (K, 2) moves by single domains (`measures.side_view`); the target is at (1, 0).
        mixtures: (K,) shares by name, the reader's first. cosine: of the reader's move.
    """
    figure, (left, right) = style.panels(2, height=2.8, width_ratios=(1.2, 1))
    arrow = {"arrowstyle": "->", "lw": 1.8}
    left.annotate("", (1, 0), (0, 0), arrowprops={"arrowstyle": "->", "color": style.ORANGE})
    left.text(1, 0, " target", color=style.ORANGE, va="center")
    for name, (x, y) in zip(names, places, strict=True):
        left.plot([0, x], [0, y], color=style.GREY, lw=0.7)
        left.text(x, y, name, fontsize=6.5, color=style.GREY)
    for (name, shares), colour in zip(mixtures.items(), _COLOURS, strict=False):
        end = shares @ places
        left.annotate("", end, (0, 0), arrowprops=arrow | {"color": colour})
        left.plot(*end, "o", ms=3, color=colour, label=name)
    left.set(xlabel="towards the target", ylabel="astray", title=f"your cosine: {cosine:.2f}")
    ends = np.concatenate([places, [[0, 0], [1, 0]]])
    left.set_xlim(ends[:, 0].min() - 0.15, ends[:, 0].max() + 0.3)
    left.margins(y=0.1)
    _bars(right, pd.DataFrame(mixtures, index=list(names)), "share", _COLOURS)
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _bars(ax, table: pd.DataFrame, xlabel: str, colours: Sequence[str]) -> None:
    """Bars side by side, a row for each domain from the top and a colour for each column."""
    colours = list(colours[: table.shape[1]])
    table.plot.barh(ax=ax, width=0.8, color=colours, legend=False)
    ax.set(xlabel=xlabel, ylabel="", ylim=(len(table) - 0.5, -0.5))


def dial(
    weights: np.ndarray, names: Sequence[str], table: pd.DataFrame, temperature: float
) -> Figure:
    """The weights at one temperature, their entropy in nats, and KL at those that were trained.

    table: columns temperature, kl_var, exact_kl, for one target.
    """
    figure, (left, right) = style.panels(2, height=2.4)
    _bars(left, pd.DataFrame({"share": weights}, index=list(names)), "share", [style.RED])
    left.axvline(1 / len(names), **_EQUAL)
    title = f"T = {temperature:g}: entropy {stats.entropy(weights):.2f} of {np.log(len(names)):.2f}"
    left.set(xlim=(0, 1), title=title)
    tried = table[np.isfinite(table.temperature)].sort_values("temperature")
    uniform = table[~np.isfinite(table.temperature)].iloc[0]
    for (metric, name), colour in zip(METRICS.items(), _COLOURS, strict=False):
        ratio = tried[metric] / uniform[metric]
        right.plot(tried.temperature, ratio, "-o", ms=3.5, color=colour, label=name)
    right.axhline(1, color=style.BLACK, lw=0.6, ls=":")
    right.axvline(temperature, color=style.GREY, lw=1)
    right.set(xscale="log", xlabel="temperature, nats per byte", ylabel="over uniform's")
    log_ticks(right.xaxis, [*tried.temperature, temperature])
    right.legend()
    return figure


def diet(
    names: Sequence[str], gaps: np.ndarray, guess: np.ndarray, truth: np.ndarray | None, title: str
) -> Figure:
    """What a hidden model finds likelier than one of uniform diet, the guess, and the truth."""
    figure, (left, right) = style.panels(2, height=2.3, sharey=True)
    lead = pd.DataFrame({"lead": gaps}, index=list(names))
    _bars(left, lead, "hidden less uniform, nats per byte", [style.SKY])
    left.axvline(0, color=style.BLACK, lw=0.6)
    left.set_title(title)
    shares = {"softmax of the left": guess}
    if truth is not None:
        shares["what it was trained on"] = truth
    _bars(right, pd.DataFrame(shares, index=list(names)), "share", [style.RED, style.BLUE])
    right.axvline(1 / len(names), **_EQUAL)
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def two_students(gaps: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """Mean difference to the target in each domain, of two students.

    gaps: (K,) nats per byte, target less student, by the student's name.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.6, height=2.4)
    table = pd.DataFrame(gaps, index=list(names))
    _bars(ax, table, "target less student, nats per byte", style.COLOURS)
    ax.axvline(0, color=style.BLACK, lw=0.6)
    ax.set_title(title, fontsize=7, loc="left")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def superposed(
    predicted: np.ndarray, true: np.ndarray, domains: Sequence[str], title: str
) -> Figure:
    """What the sum of single-domain moves predicts for each text, and what the mixture's step did.

    Args:
        predicted, true: (N,) nats, centred. domains: (N,) name of each text's.
    """
    figure, (ax,) = style.panels(width=style.PAGE * 0.55, height=2.6)
    cloud(ax, true, predicted, domains)
    ax.set(xlabel="true change of a text, nats", ylabel="sum of single-domain changes")
    ax.set_title(title, fontsize=7, loc="left")
    return figure
