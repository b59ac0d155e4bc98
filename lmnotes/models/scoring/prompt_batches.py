"""Three ways to the log-probabilities of responses given prompts, from the fastest to the
plainest: core, as they score any causal model.

Each takes a `Scorer` and pairs of token ids (context, response) and returns arrays (T,) float32,
log p of every token of the response. `Shared` reads a context once and lets all its responses go on
from copies of what the model kept of it, keys and values or the states of a recurrence; `joined`
gives prompt and response to a way of `batches` as one text, of which `alone` is the plain
computation, one pair per call.
"""

import copy
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lmnotes.errors import InputError
from lmnotes.models.scoring import batches, failures, head, score
from lmnotes.models.scoring.loading import Scorer
from lmnotes.models.scoring.prompt_tokens import Pairs

SHARE_FROM = 128  # tokens saved by sharing; below, a call of its own costs more
CALL_FROM = 16  # the same for each call where each token has one, on a CPU (9 at width 256)
SAMPLE = (256, 24)  # tokens of the context and of each response in the check
N_CACHED = 8  # a batch may keep that many times its budget in keys and values
_REFUSALS = RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError
Pair = tuple[np.ndarray, np.ndarray]  # ids of a context and of a response
MEMORIES = ("past_key_values", "cache_params", "state")  # what models call what they have read


def joined(way: batches.Way) -> batches.Way:
    """The way for pairs that gives prompt and response to a way of `batches` as one text."""
    return _fused if way is batches.fused else partial(_tails, way)


class Shared:
    """Responses to one prompt, which the model reads once.

    Args:
        by_token: gives the responses' tokens one after the other. Some recurrent models begin a
            call of several tokens from nothing, though they were given a state.
        places: says at which positions they stand. Some models count from 0 again, others by a rule
            of their own.
    """

    def __init__(self, by_token: bool = False, places: bool = False):
        self.by_token, self.places = by_token, places
        self.n_read = 0  # prompts read
        self._kept: tuple[Any, Any, Any] = (
            None,
            None,
            None,
        )  # context, what predicts the first token, memory

    def __call__(self, scorer, pairs):
        """Log-probabilities of the responses' tokens; the pairs have one context."""
        import torch

        first, memory = self._read(scorer, pairs[0][0])
        responses = [response for _, response in pairs]
        lengths = [len(ids) for ids in responses]
        # a call of a single token is another way through some models than the one that was checked
        width = 3 if max(lengths) == 2 and not self.by_token else max(lengths)
        targets = torch.full((len(pairs), width), -1)
        for row, ids in enumerate(responses):
            targets[row, : len(ids)] = torch.as_tensor(ids)
        targets = targets.to(scorer.device)
        states = [first.expand(len(pairs), 1, -1)]
        if width > 1:
            memory = _repeated(memory, len(pairs))
            model = _Reading(scorer.model, memory, len(pairs[0][0]) if self.places else None)
            inputs = targets[:, :-1].clamp(min=0)  # padding is on the right, where none looks
            calls = inputs.split(1 if self.by_token else inputs.shape[1], dim=1)
            states += [_states(scorer, model, tokens) for tokens in calls]
        states, real = torch.cat(states, dim=1), targets >= 0  # (B, T, D or V)
        return _log_probabilities(scorer, states[real], targets[real]).split(lengths)

    def _read(self, scorer, context):
        import torch

        kept, first, memory = self._kept
        if kept is None or not np.array_equal(kept, context):
            model = _Reading(scorer.model)
            inputs = torch.as_tensor(context, device=scorer.device)[None]
            first = _states(scorer, model, inputs)[:, -1:]
            memory = model.memory
            self._kept, self.n_read = (context, first, memory), self.n_read + 1
        return first, memory


def choose(
    scorer: Scorer, groups: Sequence[Sequence[Pair]], share: bool = True
) -> tuple[batches.Way, Shared | None, float, list[str]]:
    """(way for texts, way for groups or None, mean difference per token, notes).

    Args:
        groups: lists of pairs with one context each, the longest first. Both ways are compared
            with `alone`, that for groups where a context and a response are long.
    """
    by_length = sorted((pair for group in groups for pair in group), key=_n_tokens, reverse=True)
    two = [np.concatenate(by_length[place]) for place in (0, -1)]
    way, difference, notes = batches.choose(scorer, two)
    several = [sorted(group, key=_n_tokens) for group in groups if share and len(group) > 1]
    if not several:
        return way, None, difference, notes
    told = max(several, key=lambda group: np.prod([*map(min, SAMPLE, map(len, group[-1]))]))
    shared, gap, reason = _sharing(scorer, (told[-1], told[0]))
    if shared is None:
        notes.append(f"every response reads its prompt anew: {reason}")
        return way, None, difference, notes
    return way, shared, max(difference, gap), notes


def _sharing(scorer, pairs):
    """The first `Shared` that agrees with `alone`, or None; its mean difference per token; why."""
    most = scorer.unstretched or sum(SAMPLE)
    n = min(SAMPLE[1], most // 2)
    n_context = min(SAMPLE[0], most - n)
    sample = [(context[:n_context], ids[:n]) for context, ids in pairs]
    plain = np.concatenate(batches.on_host(joined(batches.alone)(scorer, sample)))
    allowed, reasons = batches.TOLERANCE[scorer.dtype], []
    for settings in product((False, True), repeat=2):
        try:
            values = np.concatenate(batches.on_host(Shared(*settings)(scorer, sample)))
        except _REFUSALS as error:
            if failures.classify(error) == "out_of_memory":
                raise
            said = (str(error).strip().splitlines() or [""])[0]
            reasons.append(f"{said[:80]} ({type(error).__name__})")
            continue
        gap = float(np.abs(values - plain.astype(np.float64)).mean())
        if gap <= allowed:  # false for NaN
            return Shared(*settings), gap, ""
        differs = f"going on from a read prompt differs by {gap:.2g} nats per token"
        reasons.append(f"{differs} (allowed {allowed:g})")
    return None, np.inf, reasons[0]


def run(
    scorer: Scorer, pairs: Pairs, tokens_per_batch: int | None, share: bool
) -> tuple[list[np.ndarray], list[str], dict[str, Any]]:
    """Log-probabilities of N responses' tokens, notes, and facts for `about`.

    Args:
        pairs: a `prompt_tokens.Pairs`; equal ones are computed once.
    """
    import torch

    groups, place = _groups(pairs)
    tokens: list[list[Any]] = [[None] * len(group) for group in groups]
    with torch.inference_mode():
        way, shared, difference, notes = choose(scorer, groups, share)
        budget = score.fitting_budget(scorer, way, tokens_per_batch)
        queue, n_batches, fits = deque(_plan(scorer, groups, budget, shared)), 0, None
        while queue:
            own_way, batch = queue.popleft()
            several = [groups[k][n] for k, n in batch]
            lengths = np.array([_n_tokens(pair) for pair in several])
            too_many = fits is not None and lengths.sum() > fits and len(batch) > 1
            values = None if too_many else score.attempt(own_way or joined(way), scorer, several)
            if values is None:
                if not too_many:
                    fits = score.halved(scorer, lengths, np.arange(len(batch)), lengths.sum())
                    notes.append(f"out of memory: went on with {fits} tokens per batch")
                half = len(batch) // 2
                queue.extendleft([(own_way, batch[half:]), (own_way, batch[:half])])
                continue
            for (k, n), value in zip(batch, values, strict=True):
                tokens[k][n] = value
            n_batches += 1
    how = {"way": way.__name__, "check_nats_per_token": difference, "n_batches": n_batches}
    how |= {"n_prompts": len(groups), "n_prompts_shared": shared.n_read if shared else 0}
    how["prompt_reuse"] = "token by token" if shared and shared.by_token else bool(shared)
    return batches.on_host([tokens[k][n] for k, n in place]), notes, how


def _groups(pairs):
    """Lists of different pairs by context, the longest first, and where each of the N pairs is."""
    members: dict[int, dict[bytes, int]] = {}
    place = []
    for k, response in zip(pairs.number.tolist(), pairs.responses, strict=True):
        known = members.setdefault(k, {})
        place.append((k, known.setdefault(response.tobytes(), len(known))))
    order = sorted(members, key=lambda k: -len(pairs.contexts[k]))
    rank = {k: number for number, k in enumerate(order)}
    responses = {k: [np.frombuffer(ids, np.int64).copy() for ids in members[k]] for k in order}
    groups = [[(pairs.contexts[k], ids) for ids in responses[k]] for k in order]
    return groups, [(rank[k], n) for k, n in place]


def _plan(scorer, groups, budget, shared):
    """(way or None for the joined one, [(group, member)]) for every batch."""
    rest = []
    for k, group in enumerate(groups):
        n = len(group[0][0])
        fits = np.array([scorer.band(_n_tokens(pair)) == scorer.band(n) for pair in group])
        lengths = np.array([len(ids) for _, ids in group]) * fits
        by_token = shared is not None and shared.by_token
        per_call = CALL_FROM if scorer.device == "cpu" else SHARE_FROM  # not measured on a GPU
        least = max(SHARE_FROM, per_call * lengths.max() * by_token)
        if shared is None or (fits.sum() - 1) * n < least:
            fits[:] = False  # what a prompt was read with holds for those of its own band
        rest += [(k, int(i)) for i in np.flatnonzero(~fits)]
        if not fits.any():
            continue
        largest = max(1, budget * N_CACHED // (n + int(lengths.max())))
        room = budget if by_token else min(budget, batches.piece_tokens(scorer))
        for batch in batches.plan(lengths, room):
            for start in range(0, len(batch), largest):
                yield shared, [(k, int(i)) for i in batch[start : start + largest]]
    lengths = np.array([_n_tokens(groups[k][i]) for k, i in rest])
    bands = np.array([scorer.band(n) for n in lengths])
    for batch in batches.plan(lengths, budget, bands) if rest else ():
        yield None, [rest[i] for i in batch]


class _Reading:
    """A model with what it has read: as much of a model as `head.hidden_states` asks for."""

    def __init__(self, model, memory=None, n_read=None):
        self.model, self.memory, self.n_read = model, memory or {}, n_read

    def get_output_embeddings(self):
        return self.model.get_output_embeddings()

    def forward(self, input_ids):
        import torch

        named = dict(self.memory)
        if self.n_read is not None:
            began, self.n_read = self.n_read, self.n_read + input_ids.shape[1]
            positions = torch.arange(began, self.n_read, device=input_ids.device)
            named["position_ids"] = positions.expand(input_ids.shape)
        output = self.model(input_ids=input_ids, use_cache=True, **named)
        self.memory = {name: output[name] for name in MEMORIES if output.get(name) is not None}
        if not self.memory:
            raise InputError("the model gives back nothing to go on from")
        return output

    __call__ = forward


def _repeated(memory, n):
    """A copy, as the model writes into it, with n rows in place of one."""
    from torch import Tensor
    from torch.overrides import TorchFunctionMode

    class Rows(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function is Tensor.__deepcopy__ and args[0].shape[:1] == (1,):
                return args[0].repeat_interleave(n, 0)
            return function(*args, **(kwargs or {}))

    with Rows():
        return copy.deepcopy(memory)


def _states(scorer, model, inputs):
    """What predicts the token after each input: hidden states (B, T, D), else logits (B, T, V)."""
    if scorer.head is None:
        return model(inputs).logits
    states = head.hidden_states(model, inputs)
    if states is None:
        raise InputError("its output layer is not called once with all positions")
    return states


def _log_probabilities(scorer, states, targets):
    if scorer.head is None:
        return batches.gather(states, targets)
    return scorer.head.log_probabilities(states, targets)


def _fused(scorer, pairs):
    """As `batches.fused`, with the head only where a token of a response is predicted."""
    texts = [np.concatenate(pair) for pair in pairs]
    return batches.fused(scorer, texts, [len(context) - 1 for context, _ in pairs])


def _tails(way, scorer, pairs):
    values = way(scorer, [np.concatenate(pair) for pair in pairs])
    return [text[-len(ids) :] for text, (_, ids) in zip(values, pairs, strict=True)]


def _n_tokens(pair) -> int:
    return len(pair[0]) + len(pair[1])
