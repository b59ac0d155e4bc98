"""Ways to the log-probabilities of a batch's tokens, from the fastest to the plainest.

Each takes a `Scorer` and token ids of B texts and returns B arrays (T - 1,) float32, or tensors
that `on_host` turns into such: log p of every token but the first, given those before it. No way
passes an attention mask: texts are filled up on the right, and a causal model's answers do not
depend on what comes later. Whether that holds, and whether the head was understood, is checked on
each model's first texts against `alone`. On a GPU no way waits for what it has begun: indices come
from the host, and nothing goes back before the end.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lmnotes.errors import InputError
from lmnotes.models import ngram_lookup
from lmnotes.models.scoring import failures, head
from lmnotes.models.scoring.loading import Scorer

if TYPE_CHECKING:
    import torch

Batch = Sequence[Sequence[int] | np.ndarray]  # token ids of B texts
Way = Callable[..., Sequence[Any]]  # of a Scorer and a batch

TOLERANCE = {"float32": 1e-4, "float16": 0.02, "bfloat16": 0.1}  # nats per token, mean difference
PIECE_TOKENS, PIECE_NUMBERS = 768, 2**17  # more leaves the cache: layers 5 to 25 % slower
ROWS = 64  # positions whose logits are normalised at once
PROBE = 8  # tokens, of which the last is changed: in a longer text one token weighs less
SAMPLE = (64, 24)  # tokens of the two texts of the check; the difference makes padding


def counted(scorer: Scorer, batch: Batch) -> list[np.ndarray]:
    """Looked up byte by byte in the counts of an n-gram model, which has no other numbers."""
    ids = np.full((len(batch), max(map(len, batch))), ngram_lookup.PADDING)
    for row, text in zip(ids, batch, strict=True):
        row[: len(text)] = text
    values = ngram_lookup.log_probabilities(scorer.model, ids).astype(np.float32)
    return [row[: len(text) - 1] for row, text in zip(values, batch, strict=True)]


def fused(
    scorer: Scorer, batch: Batch, unscored: Sequence[int] | None = None
) -> Sequence["torch.Tensor"]:
    """Hidden states of padded pieces of the batch, then `kernels.log_probabilities` of them all.

    unscored: of each text, how many tokens after the first are left out of what comes back.
    """
    import torch

    assert scorer.head, "`choose` takes this way only with one"
    size = max(1, piece_tokens(scorer) // max(map(len, batch)))
    unscored = unscored or [0] * len(batch)
    states, goals, lengths = [], [], []
    for start in range(0, len(batch), size):
        piece = slice(start, start + size)
        inputs, places, targets, n_tokens = pad(scorer, batch[piece], unscored[piece])
        states.append(head.hidden_states(scorer.model, inputs).flatten(0, 1)[places])  # (P, D)
        goals.append(targets)
        lengths += n_tokens
    return scorer.head.log_probabilities(torch.cat(states), torch.cat(goals)).split(lengths)


def piece_tokens(scorer: Scorer) -> int:
    """Tokens that go through the layers at once: on a CPU their numbers are to stay in the cache,
    while the head is the faster the more positions it has."""
    if scorer.device != "cpu" or scorer.head is None:
        return 2**62
    return max(PIECE_TOKENS, PIECE_NUMBERS // scorer.head.weight.shape[1])


def logits(scorer: Scorer, batch: Batch) -> list["torch.Tensor"]:
    """The model's own logits of the padded batch, normalised a few rows at a time."""
    inputs, _, goals, lengths = pad(scorer, batch)
    values = scorer.model(input_ids=inputs, **head.arguments(scorer.model)).logits  # (B, T, V)
    texts = zip(values, goals.split(lengths), strict=True)
    return [gather(rows[: len(goal)], goal) for rows, goal in texts]


def alone(scorer: Scorer, batch: Batch) -> list["torch.Tensor"]:
    """The plain computation, as published: one text per call, all of its tokens, own logits."""
    import torch

    rows = []
    for ids in batch:
        unstretch(scorer)
        inputs = torch.as_tensor(ids, device=scorer.device)[None]
        values = scorer.model(input_ids=inputs, **head.arguments(scorer.model)).logits[0]
        rows.append(gather(values[:-1], inputs[0, 1:]))
    return rows


def choose(scorer: Scorer, ids: Batch) -> tuple[Way, float, list[str]]:
    """The fastest way that agrees with `alone`, its mean difference per token, and notes.

    Args:
        ids: token ids of texts to be scored; of two of them the beginnings are compared.
    """
    import torch

    most = scorer.unstretched or max(SAMPLE)
    sample = [text[: min(n, most)] for text, n in zip((ids[0], ids[-1]), SAMPLE, strict=True)]
    plain = np.concatenate(on_host(alone(scorer, sample)))
    failures.expect_numbers(f"log-probabilities of {scorer.name} in {scorer.dtype}", plain)
    expect_causal(scorer, sample[0])
    tolerance, notes = TOLERANCE[scorer.dtype], []
    faster: tuple[Way, ...] = (fused,) if scorer.head else ()
    if ngram_lookup.fits(scorer.model):
        faster = (counted,)
    elif scorer.head is None:
        notes.append(f"own logits: {scorer.note}")
    # in half precision the tolerance would hide a lost bias
    if scorer.head and fused in faster and tolerance > TOLERANCE["float32"]:
        inputs = torch.as_tensor(sample[0], device=scorer.device)[None]
        gap, allowed = head.difference(scorer.model, scorer.head, inputs), TOLERANCE["float32"]
        if not gap <= allowed:
            given = f"the head differs from the model's own on the same hidden states by {gap:.2g}"
            notes.append(f"{given} nats per token (allowed {allowed:g}) and is not used")
            faster = ()
    for way in (*faster, logits):
        values = np.concatenate(on_host(way(scorer, sample)))
        difference = float(np.abs(values.astype(np.float64) - plain).mean())
        if difference <= tolerance:  # false for NaN
            return way, difference, notes
        gap = f"{difference:.2g} nats per token (allowed {tolerance:g})"
        notes.append(f"the {way.__name__} way differs from the plain one by {gap} and is not used")
    return alone, 0.0, notes


def expect_causal(scorer: Scorer, ids: Sequence[int] | np.ndarray) -> None:
    """Raise ScoringFailure, `unsupported`, where earlier predictions change with the last token.

    Args:
        ids: (T,) tokens of a text.
    """
    ids = np.resize(ids, min(max(len(ids), 3), PROBE))
    other = ids.copy()
    other[-1] = ids[0] if ids[0] != ids[-1] else (ids[-1] + 1) % scorer.n_vocabulary
    before, after = (x[:-1].astype(np.float64) for x in on_host(alone(scorer, [ids, other])))
    moved = float(np.abs(before - after).max())
    if moved > TOLERANCE[scorer.dtype] / 10:
        given = f"{scorer.name} sees what it predicts: with another last token of {len(ids)} its "
        given += f"earlier log-probabilities move by {moved:.2g} nats; expected a causal model"
        raise failures.ScoringFailure("unsupported", f"{given}: take one, or set is_decoder")


def pad(
    scorer: Scorer, batch: Batch, unscored: Sequence[int] | None = None
) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor", list[int]]:
    """Inputs (B, T); places (P,) in B·T that predict a scored token; those tokens (P,); how many of
    them each text has, as a list."""
    import torch

    unstretch(scorer)
    lengths = np.array([len(ids) - 1 for ids in batch])
    skipped = np.zeros_like(lengths) if unscored is None else np.array(unscored)
    # where frequencies follow the length, the last token is read too, as in a text alone
    shape = len(batch), lengths.max() + bool(scorer.unstretched)
    column = np.arange(shape[1])
    real = column < lengths[:, None]
    # the last token predicts nothing, so it can stand for the padding
    inputs = np.repeat(np.array([ids[-1] for ids in batch], np.int64)[:, None], shape[1], axis=1)
    targets = np.empty_like(inputs)
    inputs[real] = np.concatenate([ids[:-1] for ids in batch])
    targets[real] = np.concatenate([ids[1:] for ids in batch])
    places = np.flatnonzero(real & (column >= skipped[:, None]))
    parts = inputs.ravel(), places, targets.ravel()[places]
    sent = torch.from_numpy(np.concatenate(parts))
    if scorer.device.startswith("cuda"):
        sent = sent.pin_memory()  # only from such memory the host does not wait for the copy
    inputs, places, goals = sent.to(scorer.device, non_blocking=True).split([*map(len, parts)])
    return inputs.view(shape), places, goals, (lengths - skipped).tolist()


def unstretch(scorer: Scorer) -> None:
    """Have a model forget the longest text so far, whose frequencies "dynamic" RoPE keeps."""
    import torch

    if scorer.unstretched:
        scorer.model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=scorer.device))


def on_host(values: Sequence[Any]) -> list[Any]:
    """The values of each text as an array, all in one copy; what is an array already, or None,
    stays."""
    import torch

    lie = [isinstance(each, torch.Tensor) for each in values]
    tensors = [each for each, lies in zip(values, lie, strict=True) if lies]
    ends = np.cumsum([len(each) for each in tensors])[:-1]
    arrays = iter(np.split(torch.cat(tensors).cpu().numpy(), ends) if tensors else ())
    return [next(arrays) if lies else each for each, lies in zip(values, lie, strict=True)]


def gather(values: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """log softmax of (T, V) logits at (T,) targets in float32."""
    import torch

    blocks = zip(values.split(ROWS), targets.split(ROWS), strict=True)
    laws = ((rows.float().log_softmax(-1), goal) for rows, goal in blocks)
    return torch.cat([law.gather(-1, goal[:, None])[:, 0] for law, goal in laws])


def plan(
    lengths: npt.ArrayLike, tokens_per_batch: int, bands: npt.ArrayLike | None = None
) -> list[np.ndarray]:
    """Batches of texts, longest first, each as indices into `lengths`.

    Args:
        lengths: (N,) tokens that the model reads per text; texts of length 0 are left out.
        tokens_per_batch: texts in a batch times its longest text stay below it; a text that is
            longer by itself makes a batch of one.
        bands: (N,) of `Scorer.band`, which grow with the lengths; a batch is of one of them.

    Longest first means that what does not fit in memory shows at once.

    >>> [list(map(int, batch)) for batch in plan(np.array([3, 9, 3, 0, 4]), 8)]
    [[1], [4, 0], [2]]
    """
    if tokens_per_batch < 1:
        raise InputError(f"tokens_per_batch is {tokens_per_batch}; expected at least 1: raise it")
    lengths = np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    bands = np.zeros(len(lengths)) if bands is None else np.asarray(bands)
    batches, start = [], 0
    while start < len(order):
        size = max(1, tokens_per_batch // int(lengths[order[start]]))
        batch = order[start : start + size]
        batch = batch[bands[batch] == bands[batch[0]]]
        batches.append(batch)
        start += len(batch)
    return batches
