"""A small network trained for long: what the stationary tail of a run takes, in a minute.

The byte model of Bengio et al. (2003): the last 16 bytes, embedded, go through two hidden layers to
the next byte. With 22 thousand parameters a step costs half a millisecond, so that a run of tens
of thousands of steps is cheap, and the weights of all its checkpoints are kept as one array.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from lmnotes import parallel, store
from lmnotes.errors import InputError
from lmnotes.models.zoo import data, training
from lmnotes.papers.trajectories import byte_network, exponents, paths, weight_distance
from lmnotes.papers.trajectories.byte_network import Recipe, learning_rate
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

_VERSION = 2  # part of the key of a stored run: raise it when training would differ
_SHORT = 2000  # steps in all that are not worth a process
_ROWS = 2048  # contexts that are scored at once


@dataclass(frozen=True, eq=False)
class LongRun:
    """A run with T checkpoints of P parameters.

    weights, average: (T, P) float32, as they were and their moving average; loss: (T,) mean nats
    per byte since the checkpoint before; NaN at step 0.
    """

    recipe: Recipe
    steps: np.ndarray  # (T,) int64
    weights: np.ndarray
    average: np.ndarray
    loss: np.ndarray
    folder: Path


def train(recipe: Recipe) -> LongRun:
    """The run of a recipe, trained on one thread unless it is stored; a killed one goes on.

    Raises InputError where checkpoints or domains cannot be, FloatingPointError where the loss is
    no number.
    """
    _check(recipe)
    folder = store.build("long_run", _key(recipe), lambda to: _train(recipe, to))
    with np.load(folder / "run.npz") as arrays:
        return LongRun(recipe, folder=folder, **arrays)


def train_all(recipes: Sequence[Recipe], workers: int | None = None) -> list[LongRun]:
    """The runs of several recipes, side by side in processes of one thread where some are missing.

    Args:
        workers: processes; by default one for each core, at most 8; 0 trains in this one.
    """
    missing = [x for x in recipes if not store.place("long_run", _key(x)).exists()]
    least = 1 if sum(recipe.n_steps for recipe in missing) > _SHORT else len(missing) + 1
    list(parallel.map_items(train, missing, workers=workers, least=least))
    return [train(recipe) for recipe in recipes]


def log_likelihood(weights: np.ndarray, texts: Sequence[str], recipe: Recipe) -> np.ndarray:
    """The sum over all bytes of every text of its log-probabilities, (T, N) nats.

    Args:
        weights: (T, P) of networks of this recipe.
    """
    import torch

    contexts, targets, place = byte_network.contexts(texts, recipe.context)
    network, rows = byte_network.create(recipe), []
    with parallel.one_thread(), torch.inference_mode():
        for checkpoint in torch.from_numpy(np.atleast_2d(weights)):
            torch.nn.utils.vector_to_parameters(checkpoint, network.parameters())
            losses = [
                torch.nn.functional.cross_entropy(network(x), y, reduction="none")
                for x, y in zip(contexts.split(_ROWS), targets.split(_ROWS), strict=True)
            ]
            of_bytes = -torch.cat(losses).double().numpy()
            rows.append(np.bincount(place, of_bytes, minlength=len(texts)))
    return np.stack(rows)


def scores(run: LongRun, texts: TextSet, averaged: bool = False) -> np.ndarray:
    """`log_likelihood` of all checkpoints of a run, or of their moving averages, (T, N), kept."""
    key = {"run": run.folder.name, "texts": texts.content_id, "averaged": averaged}

    def write(folder: Path) -> None:
        weights = run.average if averaged else run.weights
        np.save(folder / "scores.npy", log_likelihood(weights, texts.texts, run.recipe))

    return np.load(store.build("long_run_scores", key, write) / "scores.npy")


def tails(
    runs: Sequence[LongRun],
    texts: TextSet,
    *,
    first: int,
    remove: float,
    threshold: float | None,
    window: int,
    **sampling,
) -> dict[str, tuple[list[float], list[tuple[float, float]]]]:
    """`exponents.tail` of each of S runs that differ by their seed: by name, S values and S
    intervals over texts.

    Args:
        first: the earliest start. remove, threshold: as in `paths.prepare`, one set of texts for
            all runs. window, sampling: of `exponents.bootstrap_exponents`.
    """
    paths_of = [paths.Run(str(k), run.steps, scores(run, texts)) for k, run in enumerate(runs)]
    prepared = paths.prepare(paths_of, remove=remove, after=first, threshold=threshold)
    blocks, ends = texts.table["source"].to_numpy()[prepared.kept], []
    for run, path in zip(runs, prepared.runs.values(), strict=True):
        drift = weight_distance.windowed(({"all": row} for row in run.weights), window)
        c_w = exponents.exponents(run.steps, drift, first)
        c_q = exponents.bootstrap_exponents(path, window, blocks=blocks, first=first, **sampling)
        ends.append(exponents.tail(c_q, c_w))
    return {name: ([e[name][0] for e in ends], [e[name][1] for e in ends]) for name in ends[0]}


def _check(recipe: Recipe) -> None:
    steps, known = recipe.checkpoints, chunks.domain_names()
    unknown = [name for name in recipe.domains if name not in known]
    if not steps or list(steps) != sorted(set(steps)) or steps[0] < 0 or steps[-1] < 1 or unknown:
        raise InputError(
            f"checkpoints {steps[:5]}... and domains {recipe.domains} were given; expected "
            f"increasing steps that end above 0, and names among {', '.join(known)}: correct them"
        )


def _key(recipe: Recipe) -> dict:
    """What decides the content of a stored run."""
    key = {"recipe": asdict(recipe), "text": _text_key(), "version": _VERSION}
    return key | {"torch": metadata.version("torch")}


@lru_cache(maxsize=1)
def _text_key() -> dict:
    return data.text_key()  # asks for the version of every package


def _train(recipe: Recipe, folder: Path) -> None:
    """Train, and write run.npz; the state in the folder is gone on from."""
    import torch

    with parallel.one_thread():
        network, by_network, flat, optimiser, state = _begin(recipe)
        weights, grads = ([p.data for p in both.parameters()] for both in (network, by_network))
        for step in training.resumable_steps(folder, network, optimiser, state, recipe.n_steps):
            if step in recipe.checkpoints:
                _keep(state, flat, step)
            ids = torch.from_numpy(byte_network.examples(recipe, step + recipe.start_step))
            loss = byte_network.pull(weights, grads, ids)
            optimiser.param_groups[0]["lr"] = learning_rate(recipe, step)
            optimiser.step()
            state["average"].lerp_(flat.data, recipe.forget)
            state["sum"], state["n"] = state["sum"] + loss, state["n"] + 1
            if not math.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss} at step {step}: lower the rate")
        _keep(state, flat, recipe.n_steps)
    arrays = {name: np.array(state[name]) for name in ("steps", "loss")}
    arrays["weights"] = torch.stack(state["weights"]).numpy()
    np.savez(folder / "run.npz", average=torch.stack(state["averages"]).numpy(), **arrays)
    (folder / training.STATE).unlink(missing_ok=True)


def _begin(recipe: Recipe):
    """Network, one of its gradients, both as one tensor, optimiser and state of a run."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network, by_network = byte_network.create(recipe), byte_network.create(recipe)
    weights = torch.nn.utils.parameters_to_vector(network.parameters()).detach()
    if recipe.start is not None:
        parent = train(recipe.start)
        weights = torch.tensor(parent.weights[parent.steps == recipe.start_step][0])
    flat = torch.nn.Parameter(weights)
    flat.grad = torch.zeros_like(weights)
    for module, whole in ((network, flat.data), (by_network, flat.grad)):  # parameters become views
        torch.nn.utils.vector_to_parameters(whole, module.parameters())
    optimiser = torch.optim.AdamW([flat], lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    state = {"step": 0, "sum": 0.0, "n": 0, "average": weights.clone()}
    state |= {"steps": [], "weights": [], "averages": [], "loss": []}
    return network, by_network, flat, optimiser, state


def _keep(state: dict, flat, step: int) -> None:
    """Add a checkpoint to the state."""
    state["steps"].append(step)
    state["weights"].append(flat.data.clone())
    state["averages"].append(state["average"].clone())
    state["loss"].append(state["sum"] / state["n"] if state["n"] else math.nan)
    state["sum"], state["n"] = 0.0, 0
