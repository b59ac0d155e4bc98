"""Log-likelihoods of texts under any causal language model that `transformers` loads.

    l(x) = sum over t = 2..n of log p(y_t | y_1 .. y_{t-1}),   y = tokens of x

in nats, with the model's own tokenizer (Oyama et al. 2025, section 2). Texts are sorted by length
and batched by a budget of tokens, and hidden states go straight into a fused head; every text comes
out within 1e-4 nats per token of the plain computation, one text at a time (`ways`).
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmnotes import store
from lmnotes.models.scoring import batches, failures
from lmnotes.models.scoring import rule as rules
from lmnotes.models.scoring.loading import Scorer, load
from lmnotes.models.scoring.rule import PUBLISHED, Rule

CPU_TOKENS, CPU_NUMBERS = 1024, 2**18  # more leaves the cache: 14 % slower at four times that
LOGIT_BYTES = 2**28  # of a batch where the model's own logits are used


@dataclass(frozen=True)
class Scores:
    """One model's log-likelihoods of N texts, and how they came about.

    log_likelihood: (N,) float64 nats, sums over the scored tokens; n_tokens: (N,) int64 scored;
    n_bytes: (N,) int64; truncated: (N,) bool; text_set: id of the texts; notes: what a reader
    should know; token_log_probabilities: N arrays (T,) float32, or None.
    """

    model: str
    revision: str
    rule: Rule
    text_set: str
    log_likelihood: np.ndarray
    n_tokens: np.ndarray
    n_bytes: np.ndarray
    truncated: np.ndarray
    notes: tuple[str, ...]
    token_log_probabilities: list[np.ndarray] | None
    about: dict[str, Any]


def texts(
    model: str | Scorer,
    texts: Sequence[str],
    *,
    rule: Rule = PUBLISHED,
    revision: str | None = None,
    device: str = "auto",
    tokens_per_batch: int = 8192,
    keep_tokens: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """The log-likelihood of every text under one model.

    Args:
        model: a folder, a hub id, or what `load` returned.
        texts: N texts, or a `TextSet`.
        tokens_per_batch: at most this many go through the model at once (on a CPU never more than
            1,024, or 2¹⁸ divided by the width); halved, with a note, whenever memory runs out.
        keep_tokens: also returns the log-probability of every scored token.
        progress: called with the texts done and N after each batch.

    Raises ValueError for texts or rules that cannot be scored, and `ScoringFailure` where memory is
    too small for one text or a log-likelihood is not a finite number.
    """
    began = time.perf_counter()
    strings = list(getattr(texts, "texts", texts))
    if not strings:
        raise ValueError("no text was given; expected at least one: check how they were chosen")
    scorer = scorer_of(model, rule, revision, device)
    encoded = rules.encode(scorer.tokenizer, strings, rule, scorer.max_length)
    check_vocabulary(scorer, encoded.ids)
    tokens, notes, how = _score(scorer, encoded.ids, tokens_per_batch, progress)
    sums = np.array([values.sum(dtype=np.float64) for values in tokens])
    check_finite(scorer, rule, sums)
    return Scores(
        model=scorer.name,
        revision=scorer.revision,
        rule=rule,
        text_set=getattr(texts, "content_id", None) or store.content_id(strings),
        log_likelihood=sums,
        n_tokens=encoded.n_scored,
        n_bytes=np.array([len(one.encode("utf-8", "surrogatepass")) for one in strings], np.int64),
        truncated=encoded.truncated,
        notes=(*encoded.notes, *notes),
        token_log_probabilities=tokens if keep_tokens else None,
        about=scorer.about | how | {"seconds": round(time.perf_counter() - began, 3)},
    )


def scorer_of(model, rule, revision, device):
    """The model loaded as the rule says; what is loaded already must be in its dtype."""
    if not isinstance(model, Scorer):
        return load(model, revision=revision, dtype=rule.dtype, device=device)
    if model.dtype != rule.dtype:
        raise ValueError(
            f"{model.name} is loaded in {model.dtype} and the rule is {rule.name!r}; expected the "
            f'same dtype: loading.load(..., dtype="{rule.dtype}")'
        )
    return model


def _score(scorer, ids, tokens_per_batch, progress):
    """Log-probabilities of all texts' tokens in their order, notes, and facts for `about`."""
    import torch

    lengths = np.array([len(one) - 1 for one in ids])
    found = [np.zeros(0, np.float32)] * len(ids)
    with torch.inference_mode():
        order = np.concatenate([[], *batches.plan(lengths, 1)]).astype(int)
        if not len(order):
            return found, [], {"way": "none"}
        way, difference, notes = batches.choose(scorer, [ids[i] for i in order])
        budget = fitting_budget(scorer, way, tokens_per_batch)
        queue, done, n_batches = deque(batches.plan(lengths, budget)), len(ids) - len(order), 0
        while queue:
            batch = queue.popleft()
            values = attempt(way, scorer, [ids[i] for i in batch])
            if values is None:
                budget = halved(scorer, lengths, batch, budget)
                notes.append(f"out of memory: went on with {budget} tokens per batch")
                rest = np.concatenate([batch, *queue])
                queue = deque(rest[part] for part in batches.plan(lengths[rest], budget))
                continue
            for i, value in zip(batch, values, strict=True):
                found[i] = value
            done, n_batches = done + len(batch), n_batches + 1
            if progress:
                progress(done, len(ids))
    how = {"way": way.__name__, "check_nats_per_token": difference, "n_batches": n_batches}
    return found, notes, how | {"tokens_per_batch": budget}


def fitting_budget(scorer, way, tokens_per_batch):
    """Tokens per batch that suit the device and the way."""
    if scorer.device == "cpu":
        width = scorer.head.weight.shape[1] if scorer.head else scorer.n_vocabulary
        tokens_per_batch = min(tokens_per_batch, max(CPU_TOKENS, CPU_NUMBERS // width))
    if way is not batches.fused:
        fits = LOGIT_BYTES // (scorer.n_vocabulary * 4)
        tokens_per_batch = max(1, min(tokens_per_batch, fits))
    return tokens_per_batch


def attempt(way, scorer, batch):
    """The way's values, None where memory ran out."""
    try:
        return way(scorer, batch)
    except (RuntimeError, MemoryError) as error:  # torch's own is a RuntimeError
        if failures.classify(error) != "out_of_memory":
            raise
    if scorer.device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
    return None


def halved(scorer, lengths, batch, budget):
    """The next smaller budget that splits this batch; ScoringFailure where it is one text."""
    if len(batch) == 1:
        raise failures.ScoringFailure(
            "out_of_memory",
            f"{scorer.name} runs out of memory on one text of {lengths[batch[0]]} tokens; expected "
            f"room for it on {scorer.device}: take a larger device or Rule(truncate=...)",
        )
    return max(1, min(budget, len(batch) * int(lengths[batch].max())) // 2)


def check_vocabulary(scorer, ids):
    """Refuse a tokenizer whose tokens the model does not have."""
    largest = max(int(one.max()) for one in ids)
    if largest >= scorer.n_vocabulary:
        raise ValueError(
            f"the tokenizer of {scorer.name} gives token {largest}, the model has "
            f"{scorer.n_vocabulary}; expected tokens of its own: take the tokenizer that belongs "
            "to it"
        )


def check_finite(scorer, rule, sums):
    """Refuse log-likelihoods that are not numbers."""
    bad = np.flatnonzero(~np.isfinite(sums))
    if len(bad):
        raise failures.ScoringFailure(
            "not_a_number",
            f"{len(bad)} of {len(sums)} log-likelihoods of {scorer.name} are {sums[bad[0]]} or the "
            f"like under {rule.name!r}, the first of text {bad[0]}; expected finite numbers: take "
            'Rule(dtype="float32"), or check its weights',
        )
