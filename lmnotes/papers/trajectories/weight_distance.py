"""How far weights move: squared Euclidean distance between saved models of one architecture.

    D_w(t0, t) = sum over all parameters of (theta_t - theta_t0)^2        (sheet, section 2.6)

Differences in float32, sums in float64. A tied parameter counts once, buffers do not count. Only
within a run: between seeds the order of the units is arbitrary, and the distance means nothing.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models import ngram
from lmnotes.models.scoring import identity, loading
from lmnotes.text import readers
from lmnotes.words import pretrained

if TYPE_CHECKING:
    import pandas as pd
    import torch

    Model = str | Path | torch.nn.Module | Mapping[str, object]

PIECE = 2**20  # numbers that are squared at once in float64


def windowed(models: Iterable["Model"], window: int = 10) -> np.ndarray:
    """Squared distances from each model to each of the next `window`, (T, window).

    Args:
        models: folders of `save_pretrained`, read from their safetensors where the names are the
            model's, modules, or mappings from names to arrays, by step. Each is taken and read
            once: a generator that yields one model while it is trained will do.

    Column j belongs to the model j + 1 places later, as in `paths.windowed_kl`; NaN past the
    end. At most `window` + 1 sets of weights are in memory.

    >>> path = ({"a": np.array([t], float)} for t in range(3))
    >>> windowed(path, 2).tolist()
    [[1.0, 4.0], [1.0, nan], [nan, nan]]
    """
    if window < 1:
        raise InputError(f"a window of {window} was given; expected 1 or more: the paper's is 10")
    ring: deque = deque(maxlen=window)
    rows: list[np.ndarray] = []
    for model in models:
        now = parameters(model)
        for lag, before in enumerate(reversed(ring)):
            rows[-1 - lag][lag] = _squared(before, now)
        ring.append(now)
        rows.append(np.full(window, np.nan))
    return np.array(rows).reshape(-1, window)


def saved(folders: Sequence[str | Path], window: int = 10) -> np.ndarray:
    """`windowed` of the folders of a run's checkpoints, (T, window), kept as an artefact."""
    ids = [identity.identify(folder).id for folder in folders]

    def write(to: Path) -> None:
        np.save(to / "squared.npy", windowed(folders, window))

    key = {"models": ids, "window": window}
    return np.load(store.build("weight_windows", key, write) / "squared.npy")


def of_runs(table: "pd.DataFrame", window: int = 10) -> dict[str, np.ndarray]:
    """`saved` of each run of a table of `checkpoints` whose weights are all in folders here."""
    folders = {
        run: list(rows.sort_values("step")["model"])
        for run, rows in table.groupby("run", sort=False)
    }
    return {
        run: saved(places, window)
        for run, places in folders.items()
        if all(Path(place).is_dir() for place in places)
    }


def parameters(model: "Model") -> dict[str, "torch.Tensor"]:
    """Every parameter of a model once, by name, as tensors that later training does not change."""
    import torch

    if isinstance(model, torch.nn.Module):
        return {name: tensor.detach().cpu().clone() for name, tensor in model.named_parameters()}
    if isinstance(model, Mapping):
        return {name: torch.as_tensor(np.asarray(array)) for name, array in model.items()}
    return _read(Path(model))


def _read(folder: Path) -> dict:
    """The parameters of a saved model, from its files where it is clear which they are."""
    if not (folder / "config.json").is_file():
        given = f"{folder} holds no config.json; expected a folder written by save_pretrained"
        raise InputError(f"{given}: name the folder of the model itself")
    from safetensors import safe_open

    with pretrained.quiet(folder):
        config = "".join(readers.pieces(folder / "config.json"))
        readers.parse_json(config, "config.json")
        known, stored = _shapes(config), {}
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, "pt") as opened:
                for name in opened.keys():  # noqa: SIM118  it is no mapping
                    stored[name] = (file, tuple(opened.get_slice(name).get_shape()))
    chosen = _matched(known, stored)
    if chosen is None:
        model = loading.causal_model(folder, dtype="auto")
        return {name: tensor.detach() for name, tensor in model.named_parameters()}
    tensors = {}
    for file in sorted({stored[saved_as][0] for saved_as in chosen.values()}):
        with safe_open(file, "pt") as opened:
            for name, saved_as in chosen.items():
                if stored[saved_as][0] == file:
                    tensors[name] = opened.get_tensor(saved_as)
    return tensors


def _matched(known: tuple, stored: dict) -> dict[str, str] | None:
    """The name in the file of every parameter, None where that is not clear."""
    # A few architectures save a parameter under another name (GPT-NeoX its head): what is left over
    # on both sides belongs together where its shape is there only once.
    chosen = {names[0]: next((n for n in names if n in stored), None) for names, _ in known}
    taken = {name for names, _ in known for name in names}
    spare = [(shape, name) for name, (_, shape) in stored.items() if name not in taken]
    shapes = {names[0]: shape for names, shape in known if chosen[names[0]] is None}
    for name, shape in shapes.items():
        fitting = [spare_name for spare_shape, spare_name in spare if spare_shape == shape]
        if len(fitting) != 1 or list(shapes.values()).count(shape) != 1:
            return None
        chosen[name] = fitting[0]
    return chosen


@lru_cache(maxsize=64)
def _shapes(config: str) -> tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]:
    """Names of each parameter of a config.json, tied ones together, and its shape."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    ngram.register()
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(config, encoding="utf-8")
        settings = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with torch.device("meta"):  # nothing is allocated
        model = AutoModelForCausalLM.from_config(settings, trust_remote_code=False)
    names: dict[torch.nn.Parameter, list[str]] = {}  # a parameter is hashed by what it is
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    return tuple((tuple(tied), tuple(parameter.shape)) for parameter, tied in names.items())


def _squared(first: Mapping, second: Mapping) -> float:
    shapes = [{name: tuple(x.shape) for name, x in side.items()} for side in (first, second)]
    if unlike := {name for name, _ in shapes[0].items() ^ shapes[1].items()}:
        name = min(unlike)
        raise InputError(
            f"parameter {name!r} has the shape {shapes[0].get(name)} in one model and "
            f"{shapes[1].get(name)} in the other; expected checkpoints of one run: compare models "
            "of the same architecture and size"
        )
    return float(sum(_squared_in_pieces(first[name], second[name]) for name in first))


def _squared_in_pieces(first: "torch.Tensor", second: "torch.Tensor") -> float:
    """The squared distance of two tensors, in pieces so that no large copy is made."""
    pieces = zip(first.reshape(-1).split(PIECE), second.reshape(-1).split(PIECE), strict=True)
    return sum((b.float() - a.float()).double().square().sum().item() for a, b in pieces)
