"""Every layer of a model as a language model of its own: the logit lens, in one forward pass;
core, as any causal model has layers.

Hidden state 0 is what the first block is given, hidden state i what block i gives. Each goes
through the model's final normalisation and its head; the last one is the model itself (sheet,
section 2.5). No lens is fitted: early layers are not normalised language models in any trained
sense, and a KL between them is a distance on the map, not a literal divergence.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError, Shown
from lmnotes.models.scoring import batches, failures, head, identity, score
from lmnotes.models.scoring.loading import Scorer
from lmnotes.models.scoring.rule import PUBLISHED, Rule, expect_texts
from lmnotes.text.chunks import TextSet

if TYPE_CHECKING:
    import torch

PROBE_TOKENS = 5
DEEPEST = 4  # modules between the last block and the head
INEXACT = 1e-4  # of the head's input, relative, where a tail is checked against the model


@dataclass(frozen=True, eq=False, repr=False)
class Layers(Shown):
    """Log-likelihoods of N texts under the L + 1 layers of one model, in nats.

    The last row is the model itself. n_tokens: (N,) int64 scored; token_log_probabilities: N arrays
    (L + 1, T) float32, or None; tail: what hidden states go through before the head, by name.
    """

    model: str
    rule: Rule
    log_likelihood: np.ndarray  # (L + 1, N) float64
    n_tokens: np.ndarray
    token_log_probabilities: list[np.ndarray] | None
    tail: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Lens(Shown):
    """The blocks of a model, and the modules between the last of them and the head, in order."""

    blocks: tuple[Any, ...]
    names: tuple[str, ...]
    modules: tuple[Any, ...]

    def head_input(self, hidden: "torch.Tensor") -> "torch.Tensor":
        """What the head is given for hidden states (..., D)."""
        for module in self.modules:
            hidden = module(hidden)
        return hidden


@score.leaving_modes
def score_layers(
    model: str | Scorer | tuple,
    texts: Sequence[str] | TextSet,
    *,
    rule: Rule = PUBLISHED,
    revision: str | None = None,
    device: str = "auto",
    tokens_per_batch: int | None = None,
    keep_tokens: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Layers:
    """The log-likelihood of every text under every layer of a model, from one pass per batch.

    Args: as of `score.score_texts`; the last row equals what that gives, up to rounding.

    Raises InputError where the final norm or the head cannot be found, with the reason.
    """
    strings = expect_texts("texts", texts.texts if isinstance(texts, TextSet) else texts)
    scorer, encoded = score.prepare(model, strings, rule, revision, device)
    lens = find(scorer)
    tokens = _score(scorer, lens, encoded.ids, tokens_per_batch, progress)
    sums = np.stack([rows.sum(axis=1, dtype=np.float64) for rows in tokens], axis=1)
    what = f"log-likelihoods of {scorer.name}'s layers under {rule.name!r}"
    failures.expect_numbers(what, sums.sum(axis=0))
    n_tokens = np.array([rows.shape[1] for rows in tokens], np.int64)
    return Layers(scorer.name, rule, sums, n_tokens, tokens if keep_tokens else None, lens.names)


def saved(model: str | Path, text_set: TextSet, rule: Rule = PUBLISHED) -> np.ndarray:
    """`score_layers(...).log_likelihood` of a folder or hub id, (L + 1, N) nats, an artefact.

    Args:
        model: as for `score_layers`.
    """
    who = identity.identify(model)
    key = {"model": who.id, "rule": rule.name, "texts": text_set.content_id}

    def write(folder: Path) -> None:
        scores = score_layers(who.model, text_set, rule=rule, revision=who.hub_revision)
        np.save(folder / "log_likelihood.npy", scores.log_likelihood)

    return np.load(store.build("layers", key, write) / "log_likelihood.npy")


def find(scorer: Scorer) -> Lens:
    """The blocks of a model and its final normalisation, with what else stands before the head.

    They are found by running the model: the modules whose output is the head's input, back to the
    first norm, and the list of modules whose last one gives that norm its input. Raises InputError
    where the head is not of a known form (`Scorer.note`), where there is no such norm or list, or
    where the norm is part of a block (as in models that normalise after each sublayer).
    """
    import torch

    if scorer.head is None:
        raise _refusal(scorer, scorer.note)
    inputs = torch.arange(PROBE_TOKENS, device=scorer.device)[None] % scorer.n_vocabulary
    with torch.inference_mode():
        calls, given = _watch(scorer.model, inputs)
        names, modules, before = _chain(scorer, calls, given)
        lens = Lens(_blocks(scorer, calls, before), names, modules)
        again, wanted = lens.head_input(before).float(), given.float()
        if (again - wanted).abs().max() > INEXACT * wanted.abs().max().clamp(min=1e-6):
            raise _refusal(scorer, f"{' and '.join(names)} do not give its head's input")
    return lens


def _watch(model, inputs) -> tuple[list, Any]:
    """(name, module, input, output) of all calls in the order they end, and the head's input."""
    calls = []
    with ExitStack() as hooks:
        for name, module in model.named_modules():

            def note(module, args, named, output, name=name):
                pair = _first(args, named), _first(output)
                calls.append((name, module, *(None if x is None else x.clone() for x in pair)))

            hooks.enter_context(module.register_forward_hook(note, with_kwargs=True))
        return calls, head.hidden_states(model, inputs)


def _first(args, named=None):
    """The hidden states among the arguments of a block, or in what it gives."""
    import torch

    if isinstance(args, torch.Tensor):
        return args
    args = args if isinstance(args, tuple) else ()
    states = args[0] if args else (named or {}).get("hidden_states")
    return states if isinstance(states, torch.Tensor) else None


def _hidden_states(scorer, lens, inputs) -> list:
    """The inputs of all blocks and of the head, L + 1 tensors (B, T, D), from one pass."""
    kept = []

    def keep(module, args, named):
        kept.append(_first(args, named))

    with ExitStack() as hooks:
        for block in lens.blocks:
            hooks.enter_context(block.register_forward_pre_hook(keep, with_kwargs=True))
        last = head.hidden_states(scorer.model, inputs)
    return [*kept, last]


def _blocks(scorer, calls, before) -> tuple:
    """The modules of the list that is called in order, one after the other, up to the norm."""
    import torch

    order: dict[int, list] = {id(module): [] for _, module, _, _ in calls}
    for _, module, given, output in calls:
        order[id(module)].append((given, output))
    for module in scorer.model.modules():
        if not isinstance(module, torch.nn.ModuleList) or not len(module):
            continue
        runs = [order.get(id(block), []) for block in module]
        if any(len(run) != 1 or run[0][0] is None for run in runs):
            continue
        starts, ends = zip(*(run[0] for run in runs), strict=True)
        if all(map(_same, ends, [*starts[1:], before])):
            return tuple(module)
    raise _refusal(scorer, "no list of blocks was found that ends at its final norm")


def _chain(scorer, calls, wanted) -> tuple[tuple[str, ...], tuple, Any]:
    """Names and modules from the final norm to the head, and what the norm was given."""
    import torch

    parts = scorer.model.named_modules()
    lists = tuple(f"{name}." for name, part in parts if isinstance(part, torch.nn.ModuleList))
    names, modules = list[str](), list[Any]()
    for name, module, given, output in reversed(calls):
        if len(names) == DEEPEST:
            break
        is_norm = "norm" in type(module).__name__.lower()
        if not is_norm and any(True for _ in module.children()):
            continue  # a part of the model
        if not _same(output, wanted) or _same(given, wanted):
            continue  # another module, or one that does nothing
        if name.startswith(lists):
            raise _refusal(scorer, f"what its head is given comes from {name}, inside a block")
        names.insert(0, name)
        modules.insert(0, module)
        wanted = given
        if is_norm:
            return tuple(names), tuple(modules), given
    raise _refusal(scorer, f"no final norm was found before its head (but {names or 'nothing'})")


def _same(first, second) -> bool:
    import torch

    alike = first is not None and second is not None and first.shape == second.shape
    return alike and torch.equal(first.to(second.dtype), second)


def _refusal(scorer, reason: str) -> InputError:
    given = f"{scorer.name} was given for a logit lens: {reason}"
    wanted = "a causal model with blocks, a final norm and a linear head"
    return InputError(f"{given}; expected {wanted}: score it as a whole with score_texts")


def _score(scorer, lens, ids, tokens_per_batch, progress) -> list[np.ndarray]:
    """Log-probabilities of every text's tokens under every layer, N arrays (L + 1, T - 1)."""
    import torch

    with torch.inference_mode():
        sorted_ids = score.longest_first(ids)
        if sorted_ids and batches.choose(scorer, sorted_ids)[0] is not batches.fused:
            raise _refusal(scorer, "its fused head disagrees with its own logits")
        budget = score.fitting_budget(scorer, batches.fused, tokens_per_batch)
        tokens, _, _ = score.run(scorer, _way(lens), ids, budget, progress)
    nothing = np.zeros((len(lens.blocks) + 1, 0), np.float32)  # of a text of a single token
    return [nothing if rows is None else rows for rows in tokens]


def _way(lens: Lens):
    """A way, as `batches.fused`, that gives (L + 1, T - 1) for each text of a batch."""

    def all_layers(scorer, batch):
        inputs, places, goal, lengths = batches.pad(scorer, batch)
        states, rows = _hidden_states(scorer, lens, inputs), []
        for number, every in enumerate(states):
            hidden = every.flatten(0, 1)[places]
            hidden = hidden if number == len(states) - 1 else lens.head_input(hidden)
            rows.append(scorer.head.log_probabilities(hidden, goal).cpu().numpy())
        return np.split(np.stack(rows), np.cumsum(lengths)[:-1], axis=1)

    return all_layers
