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

if TYPE_CHECKING:
    import torch

    Model = str | Path | torch.nn.Module | Mapping[str, object]

PIECE = 2**20  # numbers that are squared at once in float64


def squared_distance(first: "Model", second: "Model") -> float:
    """The sum of squared differences of all parameters of two models.

    Args:
        first, second: folders written by `save_pretrained`, modules, or mappings from names to
            arrays. Folders are read from their safetensors without loading the model, wherever
            the names in the files are those of the model.

    Raises ValueError where names or shapes differ.

    >>> squared_distance({"a": np.array([1.0, 2.0])}, {"a": np.array([1.0, 4.0])})
    4.0
    """
    return _squared(parameters(first), parameters(second))


def windowed(models: Iterable["Model"], window: int = 10) -> np.ndarray:
    """Squared distances from each model to each of the next `window`, (T, window).

    Args:
        models: as for `squared_distance`, in the order of steps. Taken one by one, and each read
            once: a generator that yields one model while it is trained will do.

    Column j belongs to the model j + 1 places later, as in `paths.windowed_kl`; NaN past the
    end. At most `window` + 1 sets of weights are in memory.

    >>> path = ({"a": np.array([t], float)} for t in range(3))
    >>> windowed(path, 2).tolist()
    [[1.0, 4.0], [1.0, nan], [nan, nan]]
    """
    if window < 1:
        raise ValueError(f"a window of {window} was given; expected 1 or more: the paper's is 10")
    ring: deque = deque(maxlen=window)
    found: list[np.ndarray] = []
    for model in models:
        now = parameters(model)
        for place, before in enumerate(reversed(ring)):
            found[len(found) - 1 - place][place] = _squared(before, now)
        ring.append(now)
        found.append(np.full(window, np.nan))
    return np.array(found).reshape(-1, window)


def saved(folders: Sequence[str | Path], window: int = 10) -> np.ndarray:
    """`windowed` of the folders of a run's checkpoints, (T, window), kept as an artefact."""
    from lmnotes.models.scoring import identity

    ids = [identity.identify(folder).id for folder in folders]

    def write(to: Path) -> None:
        np.save(to / "squared.npy", windowed(folders, window))

    key = {"models": ids, "window": window}
    return np.load(store.build("weight_windows", key, write) / "squared.npy")


def parameters(model: "Model") -> dict[str, "torch.Tensor"]:
    """Every parameter of a model once, by name, as tensors that later training does not change."""
    import torch

    if isinstance(model, torch.nn.Module):
        return {name: one.detach().cpu().clone() for name, one in model.named_parameters()}
    if isinstance(model, Mapping):
        return {name: torch.as_tensor(np.asarray(one)) for name, one in model.items()}
    return _read(Path(model))


def _read(folder: Path) -> dict:
    """The parameters of a saved model, from its files where it is clear which they are."""
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"{folder} holds no config.json; expected a folder written by save_pretrained: name "
            "the folder of the model itself"
        )
    from safetensors import safe_open

    known, stored = _shapes((folder / "config.json").read_text(encoding="utf-8")), {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118  it is no mapping
                stored[name] = (file, tuple(opened.get_slice(name).get_shape()))
    chosen = _matched(known, stored)
    if chosen is None:
        return _loaded(folder)
    found = {}
    for file in sorted({stored[name][0] for name in chosen.values()}):
        with safe_open(file, "pt") as opened:
            here = {name: one for name, one in chosen.items() if stored[one][0] == file}
            found |= {name: opened.get_tensor(one) for name, one in here.items()}
    return found


def _matched(known: tuple, stored: dict) -> dict[str, str] | None:
    """The name in the file of every parameter, None where that is not clear.

    A few architectures save a parameter under another name (GPT-NeoX its head): what is left over
    on both sides belongs together where its shape is there only once.
    """
    chosen = {names[0]: next((n for n in names if n in stored), None) for names, _ in known}
    taken = {name for names, _ in known for name in names}
    spare = [(shape, name) for name, (_, shape) in stored.items() if name not in taken]
    shapes = {names[0]: shape for names, shape in known if chosen[names[0]] is None}
    for name, shape in shapes.items():
        fitting = [other for one, other in spare if one == shape]
        if len(fitting) != 1 or list(shapes.values()).count(shape) != 1:
            return None
        chosen[name] = fitting[0]
    return chosen


@lru_cache(maxsize=64)
def _shapes(config: str) -> tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]:
    """Names of each parameter of a config.json, tied ones together, and its shape."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from lmnotes.models import ngram

    ngram.register()
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(config, encoding="utf-8")
        settings = AutoConfig.from_pretrained(folder)
    with torch.device("meta"):  # nothing is allocated
        model = AutoModelForCausalLM.from_config(settings)
    names: dict[int, list[str]] = {}
    for name, one in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(one), []).append(name)
    shapes = {id(one): tuple(one.shape) for one in model.parameters()}
    return tuple((tuple(each), shapes[key]) for key, each in names.items())


def _loaded(folder: Path) -> dict:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    return {name: one.detach() for name, one in model.named_parameters()}


def _squared(first: Mapping, second: Mapping) -> float:
    unlike = [name for name in first.keys() | second.keys() if _shape(first, name) is None]
    unlike += [name for name in first if _shape(first, name) != _shape(second, name)]
    if unlike:
        name = min(unlike)
        raise ValueError(
            f"parameter {name!r} has the shape {_shape(first, name)} in one model and "
            f"{_shape(second, name)} in the other; expected checkpoints of one run: compare models "
            "of the same architecture and size"
        )
    return float(sum(_one(first[name], second[name]) for name in first))


def _one(first, second) -> float:
    """The squared distance of two tensors, in pieces so that no large copy is made."""
    total = 0.0
    for a, b in zip(first.reshape(-1).split(PIECE), second.reshape(-1).split(PIECE), strict=True):
        total += (b.float() - a.float()).double().square().sum().item()
    return total


def _shape(parameters: Mapping, name: str) -> tuple | None:
    return tuple(parameters[name].shape) if name in parameters else None
