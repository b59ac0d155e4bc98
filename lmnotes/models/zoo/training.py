"""How one model of a zoo comes about: a training loop in plain torch, resumable to the bit on one
thread, and what is written of it."""

import csv
import json
import math
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models.scoring import failures, loading
from lmnotes.models.zoo import data, networks
from lmnotes.models.zoo.plans import Spec

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


_SAVE_EVERY = 10.0  # seconds between states that a killed run goes on from
_N_LOSSES = 50  # rows of the loss curve
_CLIP = 1.0  # largest norm of the gradient
STATE = "training.pt"  # what a killed run goes on from
MODEL = "model"  # the folder of the last weights; those of a checkpoint are in `step-N`


def train_into(
    folder: Path,
    spec: Spec,
    parents: Mapping[str, Path],
    leak: bytes | None = None,
    report: Callable[[int], None] = lambda step: None,
    device: str = "cpu",
) -> None:
    """Write a model into a folder: `model/`, `step-N/` for each checkpoint, and `about.json`.

    Args:
        spec: of the model.
        parents: the folder of each model that the spec names.
        leak: the evaluation texts, for leaked models.
        report: called with the number of steps done, now and then.
    """
    ids = data.streams(spec.vocabulary) if spec.kind != "merge" else {}
    seen = np.frombuffer(leak, np.uint8) if leak is not None else None
    about = {"n_bytes_per_token": 1.0}
    if spec.kind == "merge":
        folders = [parents[name] for name in spec.merge_of]
        networks.write_merge(folder / MODEL, folders, spec.merge_weights)
        about |= {"n_parameters": networks.load(folder / MODEL).num_parameters()}
    elif spec.kind == "ngram":
        from lmnotes.models import ngram

        text = data.Batches(spec, ids, seen, 0).bytes_read(spec.n_train_bytes)
        model = ngram.fit(text, spec.order)
        networks.save(model, networks.byte_tokenizer(), folder / MODEL)
        about |= {"n_parameters": model.n_counts}
    else:
        batches = data.Batches(spec, ids, seen, networks.bos_id(spec))
        parent = spec.parent
        model = networks.load(parents[parent]) if parent else networks.create(spec)
        train(model.to(device), spec, batches, folder, report)
        about |= {"n_parameters": model.num_parameters()}
        about |= {"n_bytes_per_token": data.bytes_per_token(spec.vocabulary)}
    (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def learning_rate(spec: Spec, step: int) -> float:
    """The learning rate of a step: a linear rise, then a cosine to a tenth."""
    if step < spec.warm_up:
        return spec.learning_rate * (step + 1) / spec.warm_up
    done = (step - spec.warm_up) / max(spec.n_steps - spec.warm_up, 1)
    return spec.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def train(
    model: "PreTrainedModel",
    spec: Spec,
    batches: data.Batches,
    folder: Path,
    report: Callable[[int], None] = lambda step: None,
    loss: Callable | None = None,
) -> None:
    """Train a model in place with AdamW; writes the last weights, the checkpoints and the loss
    curve into a folder.

    Args:
        batches: gives the ids of a step by `draw`.
        report: called with the number of steps done, now and then.
        loss: of logits (B, T, V) float32 and ids (B, 1 + T), in nats per token; by default
            `cross_entropy`.

    What is read, and the learning rate, follow from the number of the step; a killed run goes on
    from the state that lies in the folder and gives the same weights, to the bit on one thread.
    """
    import torch

    in_bytes, parameters = spec.vocabulary == networks.N_BYTE_IDS, list(model.parameters())
    name = "" if in_bytes else data.bpe_folder(spec.vocabulary)
    tokenizer = networks.byte_tokenizer() if in_bytes else loading.tokenizer_of(name)
    options = {"betas": (0.9, 0.98), "weight_decay": 0.01, "fused": True}
    optimiser = torch.optim.AdamW(parameters, lr=spec.learning_rate, **options)
    state: dict[str, Any] = {"step": 0, "losses": [], "sum": 0.0, "n": 0}
    model.train()
    for step in resumable_steps(folder, model, optimiser, state, spec.n_steps, report):
        if step in spec.checkpoints:
            networks.save(model, tokenizer, folder / f"step-{step:08d}")
        rate = learning_rate(spec, step)
        value = _loss(model, batches.draw(step), loss)
        descend(value, optimiser, rate, clip=parameters)
        _add(state, value.item(), step, rate, spec)
    networks.save(model.eval(), tokenizer, folder / MODEL)
    if spec.n_steps in spec.checkpoints:
        networks.save(model, tokenizer, folder / f"step-{spec.n_steps:08d}")
    with open(folder / MODEL / "loss.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("step", "loss", "learning_rate"), *state["losses"]])
    (folder / STATE).unlink(missing_ok=True)


def resumable_steps(
    folder: Path,
    network: "torch.nn.Module",
    optimiser: "torch.optim.Optimizer",
    state: dict,
    n_steps: int,
    report: Callable[[int], None] = lambda step: None,
) -> Iterator[int]:
    """The numbers of the steps that a run has still to do, up to n_steps - 1.

    Args:
        folder: where the file STATE is put every few seconds, and where a killed run has left it;
            who calls removes it when all else is written.
        state: what beside weights and moments has to survive, such as sums of losses: numbers,
            lists and tensors. "step", 0 at first, counts the steps done; a state that was left
            takes the place of its values when the first step is asked for.
        report: called with the number of steps done when a state is put in place.

    Going on gives the same numbers to the bit where a step depends on its number and the state.
    """
    import torch

    if saved := _left_behind(folder / STATE, next(network.parameters()).device):
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        state.update(saved["state"])
    last = time.monotonic()
    while state["step"] < n_steps:
        yield state["step"]
        state["step"] += 1
        if time.monotonic() - last > _SAVE_EVERY:
            whole = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            with store.replacing(folder / STATE) as partial:
                torch.save(whole | {"state": state}, partial)
            report(state["step"])
            last = time.monotonic()


def _left_behind(path: Path, device: "torch.device") -> dict | None:
    """What a killed run has left, None where there is nothing; what is damaged is removed."""
    import torch

    try:
        with zipfile.ZipFile(path) as file:
            if name := file.testzip():  # torch does not look at the checksums
                raise zipfile.BadZipFile(f"{name} does not match its checksum")
        return torch.load(path, weights_only=True, map_location=device)
    except FileNotFoundError:
        return None
    except Exception as error:  # of any layer of torch
        if failures.classify(error) in ("out_of_memory", "machine"):
            raise
        warnings.warn(f"{path} is damaged and removed: training begins anew", stacklevel=3)
        path.unlink()
        return None


def descend(
    loss: "torch.Tensor", optimiser: "torch.optim.Optimizer", rate: float, clip: Sequence = ()
) -> None:
    """One step of the optimiser down the gradient of a loss, at a learning rate.

    Args:
        clip: the parameters whose gradient is shortened together to a norm of 1, if any.
    """
    import torch

    for group in optimiser.param_groups:
        group["lr"] = rate
    loss.backward()
    if clip:
        torch.nn.utils.clip_grad_norm_(clip, _CLIP)
    optimiser.step()
    optimiser.zero_grad()


def cross_entropy(logits: "torch.Tensor", ids: "torch.Tensor") -> "torch.Tensor":
    """-log p of the ids that follow, mean in nats per token: logits (B, T, V), ids (B, 1 + T)."""
    import torch

    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


def _loss(model: "PreTrainedModel", ids: np.ndarray, loss: Callable | None) -> "torch.Tensor":
    """The mean loss of ids (B, 1 + T) in nats per token."""
    import torch

    ids = torch.from_numpy(ids).to(model.device)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=(model.device.type == "cuda")):
        logits = model(input_ids=ids[:, :-1], use_cache=False).logits  # (B, T, V)
    return (loss or cross_entropy)(logits.float(), ids)


def _add(state: dict, loss: float, step: int, rate: float, spec: Spec) -> None:
    """Count a step, and put a row into the loss curve when its turn comes."""
    if not math.isfinite(loss):
        what = f"the loss of {spec.name!r} is {loss} at step {step}"
        raise FloatingPointError(f"{what}: expected a number; lower its learning_rate")
    state["sum"], state["n"] = state["sum"] + loss, state["n"] + 1
    if (step + 1) % max(spec.n_steps // _N_LOSSES, 1) == 0 or step + 1 == spec.n_steps:
        state["losses"].append([step + 1, state["sum"] / state["n"], rate])
        state["sum"], state["n"] = 0.0, 0


class Distillation:
    """The loss sum_v p_teacher log(p_teacher / p) of each position, mean in nats per token."""

    def __init__(self, teacher: str, device: str):
        self.teacher = networks.load(teacher).to(device).eval()

    def __call__(self, logits: "torch.Tensor", ids: "torch.Tensor") -> "torch.Tensor":
        """The mean over B sequences of T positions: logits (B, T, V), ids (B, 1 + T)."""
        import torch

        with torch.no_grad():
            wanted = self.teacher(input_ids=ids[:, :-1], use_cache=False).logits.float()
        if wanted.shape != logits.shape:
            ids = f"the teacher has {wanted.shape[-1]} ids and the student {logits.shape[-1]}"
            raise InputError(f"{ids}; expected one vocabulary: distil into one with its tokenizer")
        wanted, own = (x.flatten(0, 1).log_softmax(-1) for x in (wanted, logits))
        return torch.nn.functional.kl_div(own, wanted, log_target=True, reduction="batchmean")
