"""Byte n-gram models behind transformers' interface: instant points of a map, with exact
probabilities.

The probability of byte c after context h of k bytes is interpolated as Witten and Bell do
(IEEE Trans. Inf. Theory 37, 1991):

    p(c | h) = (n(h c) + d(h) p(c | h')) / (n(h) + d(h))

where n counts, d(h) is the number of different bytes seen after h, and h' is h without its oldest
byte. Below the empty context stands the uniform distribution over the 257 ids: the 256 bytes and
the one that begins a text. Where h was never seen, p(c | h) = p(c | h').

This module imports torch and transformers; what needs it imports it when called.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationMixin,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutput

if TYPE_CHECKING:
    import torch

BOS = 256  # id of the token that begins a text; bytes are their own ids
N_IDS = 257
ORDERS = (1, 2, 3, 4, 5)  # a context of 4 bytes fills a 32-bit key
_SIGN = 1 << 31  # moves 32-bit keys into the range of int32, order kept


class ByteNgramConfig(PretrainedConfig):
    """The order of a byte n-gram model and how many contexts and counts each length has."""

    model_type = "byte_ngram"

    def __init__(
        self,
        order: int = 3,
        n_contexts: list[int] | None = None,
        n_entries: list[int] | None = None,
        n_train_bytes: int = 0,
        **kwargs,
    ):
        self.order = order
        self.n_contexts = n_contexts or [0] * order
        self.n_entries = n_entries or [0] * order
        self.n_train_bytes = n_train_bytes
        self.max_position_embeddings = 1 << 20  # no text is too long
        self.vocab_size = N_IDS
        self.num_hidden_layers = 0  # no cache of keys and values
        ids = {"bos_token_id": BOS, "eos_token_id": BOS, "pad_token_id": BOS}
        super().__init__(**(ids | kwargs))


class ByteNgram(PreTrainedModel, GenerationMixin):
    """A causal language model over bytes whose logits are exact log-probabilities.

    For each context length k of 0 to order - 1 it holds the contexts in sorted order
    (`contexts_k`, their bytes as one int32), where the counts of each begin (`starts_k`), and the
    bytes and counts themselves (`symbols_k`, `counts_k`).
    """

    config_class = ByteNgramConfig
    main_input_name = "input_ids"

    def __init__(self, config: ByteNgramConfig):
        super().__init__(config)
        # logits below the empty context, all zero: the uniform distribution
        self.floor = torch.nn.Parameter(torch.zeros(N_IDS), requires_grad=False)
        for k in range(config.order):
            n, entries = config.n_contexts[k], config.n_entries[k]
            self.register_buffer(f"contexts_{k}", torch.zeros(n, dtype=torch.int32))
            self.register_buffer(f"starts_{k}", torch.zeros(n + 1, dtype=torch.int32))
            self.register_buffer(f"symbols_{k}", torch.zeros(entries, dtype=torch.uint8))
            self.register_buffer(f"counts_{k}", torch.zeros(entries, dtype=torch.int32))
        self.post_init()

    def _init_weights(self, module) -> None:
        """Nothing: the counts are the weights."""

    @property
    def n_counts(self) -> int:
        """The number of stored counts, which stand for parameters."""
        return sum(self.config.n_entries)

    def forward(
        self,
        input_ids: torch.Tensor,
        labels: torch.Tensor | None = None,
        logits_to_keep: int = 0,
        **_unused,
    ) -> CausalLMOutput:
        """Log-probabilities (B, T, 257) float32 of the id that follows each position, and the mean
        loss in nats where labels are given.

        A context ends at the last id that is no byte: nothing before the beginning of a text is
        seen.
        """
        n_texts, n_tokens = input_ids.shape
        kept = min(logits_to_keep or n_tokens, n_tokens)
        padded = functional.pad(input_ids, (self.config.order, 0), value=BOS)
        p = self.floor.double().softmax(0).repeat(n_texts * kept, 1)
        for k in range(self.config.order):
            span = padded[:, self.config.order + n_tokens - kept - k + 1 :]
            windows = span.unfold(1, k, 1) if k else span.new_zeros(n_texts, kept, 0)
            self._interpolate(p, k, windows[:, :kept].reshape(len(p), k))
        logits = p.log().float().view(n_texts, kept, N_IDS)
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutput(loss=loss, logits=logits)

    def _interpolate(self, p: torch.Tensor, k: int, windows: torch.Tensor) -> None:
        """Turn p(. | h') into p(. | h), in place, in the rows of `p` (R, 257) whose context of k
        bytes, in `windows` (R, k), was seen."""
        contexts, starts = getattr(self, f"contexts_{k}"), getattr(self, f"starts_{k}").long()
        if not len(contexts):
            return
        keys = torch.full((len(windows),), -_SIGN, device=p.device)
        for place in range(k):
            keys += windows[:, place] << (8 * (k - 1 - place))
        at = torch.searchsorted(contexts, keys.to(torch.int32)).clamp_(max=len(contexts) - 1)
        seen = (contexts[at] == keys) & (windows < BOS).all(dim=1)
        rows = seen.nonzero().squeeze(1)
        at = at[rows]  # (R',)
        n_different = starts[at + 1] - starts[at]  # d(h)
        row = rows.repeat_interleave(n_different)
        first = (n_different.cumsum(0) - n_different).repeat_interleave(n_different)
        entry = torch.arange(len(row), device=p.device) - first
        entry += starts[at].repeat_interleave(n_different)
        counts = getattr(self, f"counts_{k}")[entry].double()
        totals = torch.zeros(len(p), dtype=torch.float64, device=p.device)
        totals.index_add_(0, row, counts)  # n(h)
        norm = totals[rows] + n_different
        p[rows] *= (n_different / norm).unsqueeze(1)
        symbols = getattr(self, f"symbols_{k}")[entry].long()
        p[row, symbols] += counts / norm.repeat_interleave(n_different)


def fit(data: bytes | np.ndarray, order: int = 3) -> ByteNgram:
    """The n-gram model of some bytes.

    Args:
        data: (T,) bytes of text, or uint8.
        order: 1 to 5; the model sees order - 1 bytes back.

    Raises ValueError where the order is another, or there is less text than one n-gram.

    >>> model = fit(b"abracadabra", order=2)
    >>> logits = model(torch.tensor([[BOS, ord("a")]])).logits
    >>> logits.shape, f"{logits.exp().sum(-1).max():.3f}", chr(logits[0, 1].argmax())
    (torch.Size([1, 2, 257]), '1.000', 'b')
    """
    data = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else np.asarray(data)
    if order not in ORDERS:
        raise ValueError(f"order={order} was given: expected one of {ORDERS}; give one of these")
    if data.dtype != np.uint8 or data.ndim != 1 or len(data) < order:
        raise ValueError(
            f"{data.dtype} data of shape {data.shape} were given: expected at least {order} bytes "
            "as (T,) uint8; give more text"
        )
    tables = [_table(data, k) for k in range(order)]
    model = ByteNgram(
        ByteNgramConfig(
            order=order,
            n_contexts=[len(table["contexts"]) for table in tables],
            n_entries=[len(table["counts"]) for table in tables],
            n_train_bytes=len(data),
        )
    )
    for k, table in enumerate(tables):
        for name, values in table.items():
            getattr(model, f"{name}_{k}").copy_(torch.from_numpy(values))
    return model.eval()


def _table(data: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Sorted contexts of k bytes, where the entries of each start, and the byte and count of each
    entry."""
    n = len(data) - k
    grams = np.zeros(n, np.int64)  # k context bytes and the one that follows
    for place in range(k + 1):
        grams = (grams << 8) | data[place : place + n]
    grams, counts = np.unique(grams, return_counts=True)
    contexts, starts = np.unique(grams >> 8, return_index=True)
    return {
        "contexts": (contexts - _SIGN).astype(np.int32),
        "starts": np.append(starts, len(grams)).astype(np.int32),
        "symbols": (grams & 0xFF).astype(np.uint8),
        "counts": counts.astype(np.int32),
    }


def register() -> None:
    """Let AutoConfig and AutoModelForCausalLM load folders of model_type "byte_ngram"."""
    AutoConfig.register("byte_ngram", ByteNgramConfig, exist_ok=True)
    AutoModelForCausalLM.register(ByteNgramConfig, ByteNgram, exist_ok=True)


_BYTES = 256
PADDING = 256  # an id that is no byte: what comes before it is not seen from behind it


def fits(model: "torch.nn.Module") -> bool:
    """Whether a model is one of counted bytes."""
    return getattr(model.config, "model_type", "") == "byte_ngram"


def log_probabilities(model: "torch.nn.Module", ids: np.ndarray) -> np.ndarray:
    """log p of every id but the first of each row, given those before it, (B, T - 1) float64 nats.

    Args:
        model: a `ByteNgram`.
        ids: (B, T); a context ends at the last id that is no byte, as in the model itself.

    >>> from lmnotes.models import ngram
    >>> model = ngram.fit(b"abracadabra", order=2)
    >>> ids = np.array([[ngram.BOS, *b"abra"]])
    >>> log_probabilities(model, ids).round(3).tolist()
    [[-1.159, -1.079, -0.344, -0.26]]
    """
    ids = np.asarray(ids, np.int64)
    order, (n_texts, n_tokens) = model.config.order, ids.shape
    targets = ids[:, 1:].ravel()
    padded = np.pad(ids, ((0, 0), (order, 0)), constant_values=_BYTES)
    floor = model.floor.detach().double().softmax(0).cpu().numpy()  # below the empty context
    p = floor[targets]
    keys, seen = np.zeros(len(targets), np.int64), np.ones(len(targets), bool)
    for k, table in enumerate(_tables(model)):
        if k:  # one byte further back
            back = padded[:, order - k + 1 : order - k + n_tokens].ravel()
            keys += back << (8 * (k - 1))
            seen &= back < _BYTES
        rows = np.flatnonzero(seen)
        rows, own, total, different = _counts(table, keys[rows], targets[rows], rows)
        p[rows] = (own + different * p[rows]) / (total + different)
    return np.log(p).reshape(n_texts, n_tokens - 1)


def text_sums(model: "torch.nn.Module", texts: Sequence[bytes]) -> np.ndarray:
    """log p of every text from its first byte, (N,) float64 nats.

    Each byte's is rounded to float32 first, as in scoring: sums of the same numbers are then equal
    to the last bit, in whatever order.
    """
    longest = max(map(len, texts))
    ids = np.full((len(texts), 1 + longest), _BYTES)
    for row, text in enumerate(texts):
        ids[row, 1 : 1 + len(text)] = list(text)
    values = log_probabilities(model, ids).astype(np.float32)
    here = np.arange(longest) < np.array([[len(text)] for text in texts])
    return np.where(here, values, 0).sum(axis=1, dtype=np.float64)


def _counts(table: "_Table", keys: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> tuple:
    """Of the rows whose context was seen: the rows, n(h c), n(h) and d(h), (R,) each."""
    if not len(table.contexts):
        return rows[:0], *(np.zeros(0),) * 3
    keys = (keys - _SIGN).astype(np.int32)
    at = np.searchsorted(table.contexts, keys).clip(max=len(table.contexts) - 1)
    found = table.contexts[at] == keys
    rows, at, targets = rows[found], at[found], targets[found]
    wanted = at * _BYTES + targets
    place = np.searchsorted(table.entries, wanted).clip(max=len(table.entries) - 1)
    is_there = (table.entries[place] == wanted) & (targets < _BYTES)
    own = np.where(is_there, table.counts[place], 0)
    begin, end = table.starts[at], table.starts[at + 1]
    return rows, own, table.sums[end] - table.sums[begin], end - begin


class _Table(NamedTuple):
    """The counts after contexts of one length, as `_counts` wants them."""

    contexts: np.ndarray  # (C,) ascending
    starts: np.ndarray  # (C + 1,) where the entries of each begin
    entries: np.ndarray  # (E,) number of the context and byte in one, ascending
    counts: np.ndarray  # (E,)
    sums: np.ndarray  # (E + 1,) of the counts before each entry


_tables_of: WeakKeyDictionary = WeakKeyDictionary()  # by model, for as long as it lives


def _tables(model: "torch.nn.Module") -> list[_Table]:
    """The tables of a model, made when it is first asked for; its counts never change."""
    if model not in _tables_of:
        tables = []
        for k in range(model.config.order):
            names = (f"contexts_{k}", f"starts_{k}", f"symbols_{k}", f"counts_{k}")
            contexts, starts, symbols, counts = (getattr(model, n).cpu().numpy() for n in names)
            starts = starts.astype(np.int64)
            number = np.repeat(np.arange(len(contexts)), np.diff(starts))
            sums = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
            tables.append(_Table(contexts, starts, number * _BYTES + symbols, counts, sums))
        _tables_of[model] = tables
    return _tables_of[model]
