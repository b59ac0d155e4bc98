"""Views with controls of notebook 08; each builds its own and shows it."""

import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes import notebook
from lmnotes.figures import style
from lmnotes.papers.trajectories import exponents, figures_paths, figures_ruler, paths
from lmnotes.papers.trajectories.long_tail import Tuned
from lmnotes.papers.trajectories.rounded_models import RoundedModels
from lmnotes.papers.trajectories.scored_runs import RunMap, ScoredRuns
from lmnotes.text.chunks import TextSet


def spiral(run_map: RunMap, scored: ScoredRuns):
    """A run from a step on beside a random walk with steps of its lengths."""
    control = functools.cache(run_map.control)

    def draw(run: str = scored.middle, first: int = scored.after, walk_seed: int = 0) -> Figure:
        return figures_paths.control(*control(run, first, walk_seed))

    return notebook.explore(
        draw,
        stills=[{"first": 0}],
        run=notebook.typed(list(run_map.runs), scored.middle),
        first=[0, scored.after],
        walk_seed=(0, 50),
    )


def learning(run_map: RunMap, scored: ScoredRuns):
    """A checkpoint on the map, the speed of its run, and the texts that it is learning."""
    longest = max(len(run) for run in scored.runs.values()) - 2
    plane = {run: xy[:, :2] for run, xy in run_map.principal.items()}
    speed = {run: paths.consecutive_kl(path, **scored.in_bits) for run, path in scored.runs.items()}
    rows, domains = np.flatnonzero(scored.prepared.kept), scored.texts.domains

    def draw(run: str = scored.middle, checkpoint: int = min(10, longest)):
        path = scored.runs[run]
        checkpoint = min(checkpoint, len(path) - 2)
        change = np.diff(path.log_likelihood[checkpoint : checkpoint + 2], axis=0)[0]
        change = change - change.mean()
        top = np.argsort(-np.abs(change), kind="stable")[:5]
        learnt = pd.DataFrame(
            {
                "change beyond the mean, nats": change[top].round(1),
                "domain": domains[rows[top]],
                "text": [scored.texts.texts[row][:90].replace("\n", " ⏎ ") for row in rows[top]],
            }
        )
        shown = (plane, scored.groups, run, checkpoint, path.steps, speed[run])
        return [figures_paths.scrubber(*shown), learnt]

    return notebook.explore(
        draw,
        stills=[{"checkpoint": min(8, longest)}],
        run=notebook.typed(list(scored.runs), scored.middle),
        checkpoint=(0, longest),
        frames="checkpoint",
    )


def fits(windows: Mapping[str, tuple], run: str, start: int, window: int):
    """Both power laws from any start of any run, on axes that stand still."""

    def draw(run: str = run, start: int = start, length: int = window) -> Figure:
        row = int(start / 100 * (len(windows[run][0]) - 3))
        step, *drawn = exponents.one_window(*windows[run], row, length)
        figure, (ax,) = style.panels(width=4.2, height=3.0)
        figures_paths.window_fits(ax, *drawn)
        ax.set(xlim=(0.9, 1.2 * window), ylim=(0.3, 1.5 * window**2))
        c_q, c_w = (law.exponent for law in drawn[-1])
        ax.set_title(f"from step {step:,}: alpha = {c_q / c_w:.2f}, 2/$c_q$ = {2 / c_q:.1f}")
        return figure

    return notebook.explore(
        draw,
        stills=[{"start": 0}],
        run=notebook.typed(list(windows), run),
        start=(0, 100),
        length=(2, window),
        frames="start",
    )


def rounded_model(rounded: RoundedModels):
    """A rounded copy on the ruler, and the cosines of its shift with those of the others."""
    table = rounded.table().set_index(["model", "per", "bits"])["kl"]
    names = list(rounded.by_column)
    cosines = functools.cache(rounded.cosines)

    def draw(model: str = names[0], bits_of_weights: int = 4, scale: str = "column"):
        if (model, scale) not in rounded.values:
            return f"{model} was not rounded with one scale for each {scale}"
        marks = {f"{bits_of_weights} bits": table[model, scale, bits_of_weights]}
        others = {"model": names, "family": rounded.types}
        others["cosine of the shift with its own"] = cosines(bits_of_weights)[names.index(model)]
        title = f"{model}, a scale for each {scale}"
        return [figures_ruler.strip(marks, title), pd.DataFrame(others)]

    return notebook.explore(
        draw,
        stills=[{}],
        model=notebook.typed(names, names[0]),
        bits_of_weights=list(rounded.bits["column"]),
        scale=["column", "tensor"],
    )


def fine_tune(tuned: Tuned):
    """One fine-tune of the small network on the ruler, by its relatives."""

    def draw(text: str = tuned.kinds[0], steps: int = tuned.steps[1]) -> Figure:
        title = f"fine-tuned on {text} for {steps} steps"
        return figures_ruler.strip(tuned.relatives(text, steps), title)

    stills = [{"steps": tuned.steps[-1]}]
    return notebook.explore(draw, stills=stills, text=tuned.kinds, steps=tuned.steps)


def lens(scorer, texts: TextSet, text: int):
    """One text under every layer of a model; hands back the figure and its table (T, L + 1)."""
    from lmnotes.models.scoring import layers

    @functools.cache
    def of_bytes(row: int) -> np.ndarray:
        scores = layers.score_layers(scorer, [texts.texts[row]], keep_tokens=True)
        return scores.token_log_probabilities[0]

    def draw(text: int = text, first: int = 0) -> Figure:
        letters = [chr(b) if 32 < b < 127 else "·" for b in texts.texts[text].encode()]
        figure, (ax,) = style.panels(width=style.PAGE, height=1.9)
        shown = slice(first, first + 60)
        figures_ruler.one_text(ax, of_bytes(text)[:, shown], letters[shown])
        ax.set_xlabel("bytes of the text")
        return figure

    def show():
        controls = {"text": (0, len(texts) - 1), "first": (0, 60)}
        return notebook.explore(draw, stills=[{"text": 0}], **controls)

    return draw(), pd.DataFrame(of_bytes(text).T), show
