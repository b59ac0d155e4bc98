"""Three ways to the log-probabilities of responses given prompts, from the fastest to the
plainest: core, as they score any causal model.

Each takes a `Scorer` and pairs of token ids (context, response) and returns arrays (T,) float32,
log p of every token of the response. `Shared` reads a context once and lets all its responses go on
from the keys and values that the model kept; `joined` gives prompt and response to a way of
`batches` as one text, of which `alone` is the plain computation, one pair per call.
"""

import copy
from collections import deque
from functools import partial

import numpy as np

from lmnotes.errors import InputError
from lmnotes.models.scoring import batches, failures, head, score

SHARE_FROM = 128  # tokens saved by sharing; below, a call of its own costs more
SAMPLE = (256, 24)  # tokens of the context and of each response in the check
N_CACHED = 8  # a batch may keep that many times its budget in keys and values


def joined(way):
    """The way for pairs that gives prompt and response to a way of `batches` as one text."""
    return _fused if way is batches.fused else partial(_tails, way)


class Shared:
    """Responses to one prompt, which the model reads once."""

    __name__ = "shared"

    def __init__(self):
        self.n_read = 0  # prompts read
        self._kept = (None, None, None)  # context, what predicts the first token, cache

    def __call__(self, scorer, pairs):
        """Log-probabilities of the responses' tokens; the pairs have one context."""
        import torch

        first, cache = self._read(scorer, pairs[0][0])
        responses = [response for _, response in pairs]
        lengths = [len(ids) for ids in responses]
        targets = torch.full((len(pairs), max(lengths)), -1)
        for row, ids in enumerate(responses):
            targets[row, : len(ids)] = torch.as_tensor(ids)
        targets = targets.to(scorer.device)
        states = first.expand(len(pairs), 1, -1)
        if max(lengths) > 1:
            model = _Reading(scorer.model, _repeated(cache, len(pairs)))
            inputs = targets[:, :-1].clamp(min=0)  # padding is on the right, where none looks
            states = torch.cat([states, _states(scorer, model, inputs)], dim=1)  # (B, T, D or V)
        real = targets >= 0
        return batches.split(_log_probabilities(scorer, states[real], targets[real]), lengths)

    def _read(self, scorer, context):
        import torch

        kept, first, cache = self._kept
        if kept is None or not np.array_equal(kept, context):
            model = _Reading(scorer.model)
            inputs = torch.as_tensor(context, device=scorer.device)[None]
            first = _states(scorer, model, inputs)[:, -1:]
            cache = model.cache
            self._kept, self.n_read = (context, first, cache), self.n_read + 1
        return first, cache


def choose(scorer, groups, share=True):
    """(way for texts, way for groups or None, mean difference per token, notes).

    Args:
        groups: lists of pairs with one context each, the longest first. Both ways are compared
            with `alone`, that for groups on the first group of several responses.
    """
    by_length = sorted((pair for group in groups for pair in group), key=_n_tokens, reverse=True)
    two = [np.concatenate(by_length[place]) for place in (0, -1)]
    way, difference, notes = batches.choose(scorer, two)
    several = next((group for group in groups if share and len(group) > 1), None)
    if several is None:
        return way, None, difference, notes
    gap, reason = _sharing(scorer, (several[0], several[-1]))
    if reason:
        notes.append(f"every response reads its prompt anew: {reason}")
        return way, None, difference, notes
    return way, Shared(), max(difference, gap), notes


def _sharing(scorer, pairs) -> tuple[float, str]:
    """The mean difference per token of `Shared` from `alone`, and why it cannot be used, or ""."""
    most = scorer.unstretched or sum(SAMPLE)
    n = min(SAMPLE[1], most // 2)
    n_context = min(SAMPLE[0], most - n)
    sample = [(context[:n_context], ids[:n]) for context, ids in pairs]
    plain = np.concatenate(joined(batches.alone)(scorer, sample))
    try:
        values = np.concatenate(Shared()(scorer, sample))
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        if failures.classify(error) == "out_of_memory":
            raise
        said = (str(error).strip().splitlines() or [""])[0]
        return np.inf, f"{said[:80]} ({type(error).__name__})"
    gap, allowed = float(np.abs(values - plain.astype(np.float64)).mean()), batches.TOLERANCE
    if gap <= allowed[scorer.dtype]:
        return gap, ""
    differs = f"going on from a read prompt differs by {gap:.2g} nats per token"
    return gap, f"{differs} (allowed {allowed[scorer.dtype]:g})"


def run(scorer, pairs, tokens_per_batch, share):
    """Log-probabilities of N responses' tokens, notes, and facts for `about`.

    Args:
        pairs: a `prompt_tokens.Pairs`; equal ones are computed once.
    """
    import torch

    groups, place = _groups(pairs)
    tokens = [[None] * len(group) for group in groups]
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
    return [tokens[k][n] for k, n in place], notes, how


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
        if shared is None or (fits.sum() - 1) * n < SHARE_FROM:
            fits[:] = False  # what a prompt was read with holds for those of its own band
        rest += [(k, int(i)) for i in np.flatnonzero(~fits)]
        if not fits.any():
            continue
        lengths = np.array([len(ids) for _, ids in group]) * fits
        largest = max(1, budget * N_CACHED // (n + int(lengths.max())))
        for batch in batches.plan(lengths, min(budget, batches.piece_tokens(scorer))):
            for start in range(0, len(batch), largest):
                yield shared, [(k, int(i)) for i in batch[start : start + largest]]
    lengths = np.array([_n_tokens(groups[k][i]) for k, i in rest])
    bands = np.array([scorer.band(n) for n in lengths])
    for batch in batches.plan(lengths, budget, bands) if rest else ():
        yield None, [rest[i] for i in batch]


class _Reading:
    """A model with what it has read: as much of a model as `head.hidden_states` asks for."""

    def __init__(self, model, cache=None):
        self.model, self.cache = model, cache

    def get_output_embeddings(self):
        return self.model.get_output_embeddings()

    def forward(self, input_ids):
        output = self.model(input_ids=input_ids, past_key_values=self.cache, use_cache=True)
        self.cache = getattr(output, "past_key_values", None)
        if self.cache is None or not hasattr(self.cache, "batch_repeat_interleave"):
            raise InputError("the model keeps no keys and values to go on from")
        return output

    __call__ = forward


def _repeated(cache, n):
    cache = copy.deepcopy(cache)  # the model writes into it
    cache.batch_repeat_interleave(n)
    return cache


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
