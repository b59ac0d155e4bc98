"""Log-likelihoods of texts under any causal language model that `transformers` loads.

    l(x) = sum over t = 2..n of log p(y_t | y_1 .. y_{t-1}),   y = tokens of x

in nats, with the model's own tokenizer (Oyama et al. 2025, section 2). Texts are sorted by length
and batched by a budget of tokens, and hidden states go straight into a fused head; every text comes
out within 1e-4 nats per token of the plain computation, one text at a time (`batches`).
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown
from lmnotes.models.scoring import batches, failures
from lmnotes.models.scoring import head as heads
from lmnotes.models.scoring.loading import Scorer, load
from lmnotes.models.scoring.rule import PUBLISHED, Encoded, Rule, encode, expect_texts
from lmnotes.parallel import one_thread
from lmnotes.text.chunks import TextSet

CPU_TOKENS = 2048  # of a batch, which `batches.fused` reads in pieces
PACK_FROM = 4096  # tokens; fewer do not pay for another order of the head's weights
TOKENS = 8192  # of a batch at most, elsewhere than on a CPU or a CUDA device
LOGIT_BYTES = 2**28  # of a batch where the model's own logits are used
SIDES = {"hidden_size": 1024, "num_hidden_layers": 32}  # of a configuration, or taken for it
WIDTHS = 64  # numbers that a token takes on its way through a block, in units of the width
Function = TypeVar("Function", bound=Callable[..., Any])
_TURNS: WeakKeyDictionary[Any, threading.RLock] = WeakKeyDictionary()  # of each model in memory


@dataclass(frozen=True, repr=False)
class Scores(Shown):
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

    def __len__(self) -> int:
        return len(self.log_likelihood)

    def _line(self) -> str:
        mean, rule = np.mean(self.log_likelihood), self.rule.name
        return f"{len(self):,} texts under {self.model}, {mean:.6g} nats in the mean ({rule})"

    def _rows(self, places: list[int]) -> pd.DataFrame:
        names = ("log_likelihood", "n_tokens", "n_bytes", "truncated")
        return pd.DataFrame({name: getattr(self, name)[places] for name in names}, places)


def leaving_modes(scoring: Function) -> Function:
    """A function of a model, first, that leaves one in memory as it was: in training, or not.

    Threads that share a model take turns, as its mode and its output layer are others meanwhile.
    """

    @wraps(scoring)
    def as_it_was(model, *args, **options):
        inside: Any = model[0] if isinstance(model, tuple | list) and model else None
        inside = model.model if isinstance(model, Scorer) else inside
        if not hasattr(inside, "modules"):
            return scoring(model, *args, **options)
        with _TURNS.setdefault(inside, threading.RLock()):
            modes = [(module, module.training) for module in inside.modules()]
            try:
                inside.eval()
                return scoring(model, *args, **options)
            finally:
                for module, is_training in modes:
                    module.training = is_training

    return as_it_was  # type: ignore[return-value]  # of the same arguments


@leaving_modes
def score_texts(
    model: str | Scorer | tuple,
    texts: Sequence[str] | TextSet,
    *,
    rule: Rule = PUBLISHED,
    revision: str | None = None,
    device: str = "auto",
    tokens_per_batch: int | None = None,
    keep_tokens: bool = False,
    progress: Callable[[int, int], None] | None = None,
    encoded: Encoded | None = None,
) -> Scores:
    """The log-likelihood of every text under one model.

    Args:
        model: a folder, a hub id, what `load` returned, or (model, tokenizer) of `transformers`:
            on its device, in its dtype, which is to be that of the rule. It is left as it was. Each
            call reads all its weights for its id; `load` it once for many calls.
        texts: N texts, or a `TextSet`.
        tokens_per_batch: at most this many go through the model at once, by default as many as suit
            the device (on a CPU never more than 2,048); halved, with a note, whenever memory runs
            out.
        keep_tokens: also returns the log-probability of every scored token.
        progress: called with the texts done and N after each batch; on a GPU, with those begun.
        encoded: of `prepare`, which gave the `model`; made here by default.

    Raises InputError for texts or rules that cannot be scored, and `ScoringFailure` where memory is
    too small for one text or a log-likelihood is not a finite number.
    """
    began = time.perf_counter()
    strings = expect_texts("texts", texts.texts if isinstance(texts, TextSet) else texts)
    if encoded is None:
        model, encoded = prepare(model, strings, rule, revision, device)
    scorer = scorer_of(model, rule, revision, device)
    tokens, notes, how = _score(scorer, encoded.ids, tokens_per_batch, progress)
    text_set = texts.content_id if isinstance(texts, TextSet) else store.content_id(strings)
    notes = (*encoded.notes, *notes)
    scores = collect(scorer, rule, text_set, strings, tokens, encoded.truncated, notes, how, began)
    return scores if keep_tokens else replace(scores, token_log_probabilities=None)


texts = score_texts  # as in `score.texts(model, texts)`


def prepare(
    model: str | Scorer | tuple, strings: list[str], rule: Rule, revision: str | None, device: str
) -> tuple[Scorer, Encoded]:
    """The loaded model, and the texts as its tokens."""
    if not strings:
        raise InputError("no text was given; expected at least one: check how they were chosen")
    scorer = scorer_of(model, rule, revision, device)
    encoded = encode(scorer.tokenizer, strings, rule, scorer.limit(rule))
    check_vocabulary(scorer, encoded.ids)
    return scorer, encoded


def collect(
    scorer: Scorer,
    rule: Any,
    text_set: str,
    texts: Sequence[str],
    tokens: list[np.ndarray],
    truncated: np.ndarray,
    notes: Sequence[str],
    how: dict[str, Any],
    began: float,
) -> Scores:
    """The scores of texts whose tokens have these log-probabilities; `how` is told in `about`."""
    sums = np.array([values.sum(dtype=np.float64) for values in tokens])
    failures.expect_numbers(f"log-likelihoods of {scorer.name} under {rule.name!r}", sums)
    n_tokens = np.array([len(values) for values in tokens], np.int64)
    n_bytes = np.array([len(text.encode()) for text in texts], np.int64)
    about = scorer.about | how | {"seconds": round(time.perf_counter() - began, 3)}
    labels = (scorer.name, scorer.revision, rule, text_set)
    return Scores(*labels, sums, n_tokens, n_bytes, truncated, tuple(notes), tokens, about)


def scorer_of(model: Any, rule: Any, revision: str | None, device: str) -> Scorer:
    """The model loaded as the rule says; what is loaded already must be in its dtype."""
    if not isinstance(model, Scorer):
        return load(model, revision=revision, dtype=rule.dtype, device=device)
    if model.asked != rule.dtype:
        given = f"{model.name} is loaded in {model.asked} and the rule is {rule.name!r}"
        raise InputError(f'{given}; expected the same dtype: load(..., dtype="{rule.dtype}")')
    return model


def _score(scorer, ids, tokens_per_batch, progress):
    """Log-probabilities of all texts' tokens in their order, notes, and facts for `about`."""
    import torch

    with torch.inference_mode():
        if not (sorted_ids := longest_first(ids)):
            return [np.zeros(0, np.float32)] * len(ids), [], {"way": "none"}
        way, difference, notes = batches.choose(scorer, sorted_ids)
        budget = fitting_budget(scorer, way, tokens_per_batch)
        if way is batches.fused and sum(map(len, ids)) > PACK_FROM:
            scorer = replace(scorer, head=scorer.head.packed())
        tokens, more, how = run(scorer, way, ids, budget, progress)
    tokens = [np.zeros(0, np.float32) if values is None else values for values in tokens]
    how = {"way": way.__name__, "check_nats_per_token": difference} | how
    return tokens, notes + more, how


def longest_first(ids: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The ids of the texts of which something is scored."""
    return [ids[i] for (i,) in batches.plan([len(text) - 1 for text in ids], 1)]


def run(
    scorer: Scorer,
    way: batches.Way,
    ids: Sequence[np.ndarray],
    budget: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Any], list[str], dict[str, Any]]:
    """What a way gives for each text, None for a single token; notes, and facts for `about`."""
    lengths = np.array([len(text) - 1 for text in ids])
    bands = np.array([scorer.band(len(text)) for text in ids])
    tokens: list[Any] = [None] * len(ids)
    notes, n_batches = list[str](), 0
    queue, done = deque(batches.plan(lengths, budget, bands)), int((lengths < 1).sum())
    with in_threads(scorer, way, len(queue)) as (begin, ahead):
        begun: deque[tuple[np.ndarray, Callable]] = deque()
        while queue or begun:
            while queue and len(begun) < ahead:
                batch = queue.popleft()
                begun.append((batch, begin([ids[i] for i in batch])))
            batch, values_of = begun.popleft()
            values = values_of()
            if values is None:
                budget = halved(scorer, lengths, batch, budget)
                notes.append(f"out of memory: went on with {budget} tokens per batch")
                rest = np.concatenate([batch, *(later for later, _ in begun), *queue])
                queue = deque(rest[x] for x in batches.plan(lengths[rest], budget, bands[rest]))
                begun.clear()
                continue
            for i, value in zip(batch, values, strict=True):
                tokens[i] = value
            done, n_batches = done + len(batch), n_batches + 1
            if progress:
                progress(done, len(ids))
    how = {"n_batches": n_batches, "tokens_per_batch": budget}
    return batches.on_host(tokens), notes, how


@contextmanager
def in_threads(
    scorer: Scorer, way: batches.Way, n_batches: int
) -> Iterator[tuple[Callable[[list], Callable], int]]:
    """A function that begins a batch and gives one that waits for `attempt`'s values, and how many
    batches to begin ahead.

    On a CPU each of torch's threads works on a batch of its own: two that share every product wait
    for each other at its end, and their numbers would move with how many there are.
    """
    import torch

    n = torch.get_num_threads() if scorer.device == "cpu" and way is batches.fused else 1
    twins = twins_of(scorer, min(n, n_batches))
    if len(twins) < 2:
        yield lambda ids: partial(attempt, way, scorer, ids), 1
        return
    own = threading.local()

    def start():
        torch.set_num_threads(1)  # of this thread: OpenMP keeps a number for each
        own.scorer = twins.pop()

    def work(ids):
        with torch.inference_mode():
            return attempt(way, own.scorer, ids)

    with one_thread(), ThreadPoolExecutor(len(twins), initializer=start) as pool:
        yield lambda ids: pool.submit(work, ids).result, 2 * n


def twins_of(scorer: Scorer, n: int) -> list[Scorer]:
    """The Scorer and up to n - 1 more, whose models share its tensors and no state of a call."""
    import torch

    twins = [scorer]
    while len(twins) < n:
        tensors = (*scorer.model.parameters(), *scorer.model.buffers())
        with suppress(RuntimeError, TypeError, AttributeError, ValueError):
            model = copy.deepcopy(scorer.model, {id(tensor): tensor for tensor in tensors})
            inputs = torch.arange(3, device=scorer.device)[None] % scorer.n_vocabulary
            states = [heads.hidden_states(each, inputs) for each in (scorer.model, model)]
            if torch.equal(*states):
                twins.append(replace(scorer, model=model))
                continue
        return [scorer]
    return twins


def fitting_budget(scorer: Scorer, way: batches.Way, tokens_per_batch: int | None = None) -> int:
    """Tokens per batch that suit the device and the way, no more than are asked for."""
    fits, logit_bytes = (CPU_TOKENS if scorer.device == "cpu" else TOKENS), LOGIT_BYTES
    if scorer.device.startswith("cuda"):
        import torch

        config = scorer.model.config.get_text_config()
        n_bytes = getattr(torch, scorer.dtype).itemsize
        width, n_layers = (getattr(config, name, n) for name, n in SIDES.items())
        free, _ = torch.cuda.mem_get_info(scorer.device)
        fits, logit_bytes = gpu_tokens(free, width, n_layers, n_bytes), free // 8
    if tokens_per_batch is None or scorer.device == "cpu":
        tokens_per_batch = fits if tokens_per_batch is None else min(tokens_per_batch, fits)
    if way is not batches.fused:
        most = logit_bytes // (scorer.n_vocabulary * 4)
        tokens_per_batch = max(1, min(tokens_per_batch, most))
    return tokens_per_batch


def gpu_tokens(free_bytes: int, width: int, n_layers: int, n_bytes: int) -> int:
    """Tokens per batch that keep a GPU busy, as far as half of its free memory goes.

    Below 8,192 tokens it waits for the host to start the next operation, in narrow models below
    65,536. A token takes `WIDTHS` vectors of `n_bytes` a number, and one for each layer where all
    layers are asked for.

    >>> [gpu_tokens(2**36, width, 32, 2) for width in (768, 2048, 8192)]
    [65536, 32768, 8192]
    >>> gpu_tokens(2**32, 4096, 32, 2)
    2730
    """
    busy = min(max(2**26 // width, 2**13), 2**16)
    return max(1, min(busy, free_bytes // (2 * n_bytes * width * (WIDTHS + n_layers))))


def attempt(way: batches.Way, scorer: Scorer, batch: Sequence[Any]) -> Sequence[Any] | None:
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


def halved(scorer: Scorer, lengths: np.ndarray, batch: np.ndarray, budget: int) -> int:
    """The next smaller budget that splits this batch; ScoringFailure where it is one text."""
    if len(batch) == 1:
        given = f"{scorer.name} runs out of memory on one text of {lengths[batch[0]]} tokens"
        then = f"room for it on {scorer.device}: take a larger device or Rule(truncate=...)"
        raise failures.ScoringFailure("out_of_memory", f"{given}; expected {then}")
    return max(1, min(budget, len(batch) * int(lengths[batch].max())) // 2)


def check_vocabulary(scorer: Scorer, ids: Sequence[np.ndarray]) -> None:
    """Refuse a tokenizer whose tokens the model does not have."""
    largest = max(int(text.max()) for text in ids)
    if largest >= scorer.n_vocabulary:
        given = f"the tokenizer of {scorer.name} gives token {largest}"
        has = f"the model has {scorer.n_vocabulary}; expected tokens of its own"
        raise InputError(f"{given}, {has}: take the tokenizer that belongs to it")
