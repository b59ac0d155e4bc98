"""Views with controls of notebook 09; each builds its own and shows it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmnotes import notebook
from lmnotes.models.maps import coordinates, robustness
from lmnotes.papers.prompt_response_map import additivity, conditional_kl, figures
from lmnotes.papers.prompt_response_map.world_map import FACTORS, World, plane


def one_map(world: World, explained: pd.DataFrame, stills: slice = slice(None)):
    """One of the world's maps in the colours of one factor; explained: of `world_map.explained`."""
    planes = {name: plane(values) for name, values in world.vectors.items()}

    def draw(shown: str = "PMI, empty prompt", colour_by: str = "rule") -> Figure:
        xy, shares = planes[shown]
        of_map = explained[explained["map"] == shown]
        title = ", ".join(f"{row.factor} {row.R2:.0%}" for row in of_map.itertuples())
        colour = [f"{colour_by} {value}" for value in world.models[colour_by]]
        table = xy.assign(map=f"{shown}: {title}", colour=colour, shape="model")
        return figures.maps(table, {table["map"][0]: shares})

    drawn = [{"shown": "conditional", "colour_by": "taste"}, {"shown": "PMI, empty prompt"}]
    choices = {"shown": list(planes), "colour_by": [*FACTORS, "seed"]}
    return notebook.explore(draw, stills=drawn[stills], **choices)


def bend(steps: Sequence[float] = tuple(np.linspace(0.02, 3, 60)), stills: slice = slice(None)):
    """Two laws of forty responses that part: exact KL and map distance."""
    laws = {law: conditional_kl.tilted(steps, seed=law) for law in range(1, 21)}
    top = {law: 1.05 * table.drop(columns="t").to_numpy().max() for law, table in laws.items()}

    def draw(t: float = 1.0, law: int = 1) -> Figure:
        figure = figures.bend(laws[law], t)
        figure.axes[0].set_ylim(0, top[law])
        return figure

    tried = [{"t": 0.2}, {"t": 2.5}][stills]
    return notebook.explore(draw, stills=tried, t=(0.02, 3.0, 0.02), law=(1, 20), frames="t")


def one_budget(world: World, seed: int = 0, stills: slice = slice(None)):
    """The distance of two models from n pairs, drawn again and again, in the band of theory."""
    names, n_pairs = list(world.models.label), len(world.tags)
    given = world.vectors["conditional"]
    grid = np.unique(np.linspace(5, n_pairs - 1, 60).astype(int))

    def draw(n: int = n_pairs // 3, first: str = names[0], second: str = names[3]) -> Figure:
        a, b = names.index(first), names.index(second)
        difference = given[a] - given[b if a != b else (a + 1) % len(names)]
        error = robustness.relative_error(difference)
        spread = 1.96 * error * np.sqrt(n_pairs / grid - 1)
        rng = np.random.default_rng(seed)
        draws = [difference[rng.choice(n_pairs, n, replace=False)].var() for _ in range(60)]
        band = np.stack([1 - spread, 1 + spread])
        figure = figures.one_distance(grid, band, np.array(draws) / difference.var(), n)
        figure.axes[0].set(xlim=(0, n_pairs), ylim=(0, 3))
        return figure

    two = {"first": notebook.typed(names), "second": notebook.typed(names, names[3])}
    tried = [{"n": max(5, n_pairs // 10)}, {}][stills]
    return notebook.explore(draw, stills=tried, n=(5, n_pairs - 1), **two, frames="n")


def switchboard(world: World, stills: slice = slice(None)):
    """One model under every prompt, its moves, and what their sum misses; the controls too."""
    names, n_own = list(world.trained.label), len(world.models)

    def draw(model: str = names[0], A: bool = True, B: bool = True, C: bool = False) -> Figure:
        k = names.index(model)
        scores, drawn = world.scores, world.pairs
        if k >= n_own:
            k, scores, drawn = k - n_own, world.control_scores, world.control_pairs
        moves = coordinates.row_centre(scores.values[:, k] - scores["none"][k])  # (8 prompts, N)
        plane = np.linalg.svd(moves, full_matrices=False)[2][:2].T / np.sqrt(moves.shape[1])
        points, named = (
            dict(zip(scores.names, rows, strict=True)) for rows in (moves @ plane, moves)
        )
        shown = "".join(tag for tag, on in zip("ABC", (A, B, C), strict=True) if on)
        missed = {
            name: additivity.interaction(np.stack([named[tag] for tag in name]), named[name])
            for name in ("AB", "AC", "BC", "ABC")
        }
        left, title = np.zeros(moves.shape[1]), f"{model}: {shown or 'no tag'}"
        if shown in missed:
            left = missed[shown]
            fit = additivity.measure(np.stack([named[tag] for tag in shown]), named[shown])
            title += f"\n$R^2$ of the sum {fit.r2:.2f}, of the best tag {fit.best_single:.2f}"
            title += f"; slope {fit.slope:.2f}"
        figure = figures.switchboard(points, shown, left, drawn.response_texts, title)
        reach = 1.05 * max(np.abs(values).max() for values in missed.values()) or 1.0
        figure.axes[1].set_xlim(-reach, reach)
        return figure

    control = names[n_own]
    tried = [{}, {"model": control}, {"model": control, "B": False, "C": True}][stills]
    tags = {"A": True, "B": True, "C": False}
    return notebook.explore(draw, stills=tried, model=notebook.typed(names), **tags)


def byte_by_byte(world: World, tokens: np.ndarray, stills: slice = slice(None)):
    """The responses on which two models differ most; tokens: (M, N, 32) nats."""
    names, texts = list(world.models.label), world.pairs.response_texts

    def draw(first: str = names[0], second: str = names[3], n_shown: int = 6) -> Figure:
        local = tokens[names.index(first)] - tokens[names.index(second)]  # (N, 32) nats
        total = local.sum(axis=1)
        chosen = np.argsort(-np.abs(total - total.mean()))[:n_shown]
        notes = [f"{total[n]:+.0f} nats, tags {world.tags[n]}" for n in chosen]
        title = f"blue: {first} likes it more; red: {second} does"
        return figures.letters([texts[n] for n in chosen], local[chosen], notes, title)

    two = {"first": notebook.typed(names), "second": notebook.typed(names, names[3])}
    tried = [{}, {"second": names[min(6, len(names) - 1)]}][stills]
    return notebook.explore(draw, stills=tried, **two, n_shown=(1, 12))
