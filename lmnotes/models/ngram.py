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

from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional
from transformers.modeling_outputs import CausalLMOutput

from lmnotes.errors import InputError, expect_one_of

BOS = 256  # id of the token that begins a text; bytes are their own ids
N_IDS = 257
ORDERS = (1, 2, 3, 4, 5)  # a context of 4 bytes fills a 32-bit key
_SIGN = 1 << 31  # moves 32-bit keys into the range of int32, order kept


class ByteNgramConfig(transformers.PretrainedConfig):
    """The order of a byte n-gram model and how many contexts and counts each length has."""

    model_type = "byte_ngram"

    def __init__(
        self,
        order: int = 3,
        n_contexts: list[int] | None = None,
        n_entries: list[int] | None = None,
        n_train_bytes: int = 0,
        **kwargs: Any,
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


class ByteNgram(transformers.PreTrainedModel, transformers.GenerationMixin):
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
        **_unused: object,
    ) -> CausalLMOutput:
        """Log-probabilities (B, T, 257) float32 of the id that follows each position, and the mean
        loss in nats where labels are given.

        A context ends at the last id that is no byte: nothing before the beginning of a text is
        seen.
        """
        n_texts, n_tokens = input_ids.shape
        kept = min(logits_to_keep or n_tokens, n_tokens)
        padded = functional.pad(input_ids, (self.config.order, 0), value=BOS)
        back = torch.arange(self.config.order - 1, device=input_ids.device)
        places = torch.arange(-kept, 0, device=input_ids.device)[:, None] - back
        digits = N_IDS**back  # the last id is the lowest one
        keys = (padded[:, places] * digits).sum(-1).flatten()
        levels = []
        for k in reversed(range(self.config.order)):  # what few contexts share is worked out once
            keys, inverse = (keys % N_IDS**k).unique(return_inverse=True)
            levels.append((k, keys[:, None] // digits[:k].flip(0) % N_IDS, inverse))
        p = self.floor.double().softmax(0)[None]
        for k, windows, inverse in reversed(levels):
            self._interpolate(p, k, windows)
            p = p[inverse] if k < self.config.order - 1 else p.log().float()[inverse]
        logits = p.view(n_texts, kept, N_IDS)
        if labels is None:
            return CausalLMOutput(logits=logits)
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutput(loss=loss, logits=logits)

    def _interpolate(self, p: torch.Tensor, k: int, windows: torch.Tensor) -> None:
        """Turn p(. | h') into p(. | h) in rows of `p` (R, 257) whose context (R, k) was seen."""
        contexts, starts = getattr(self, f"contexts_{k}"), getattr(self, f"starts_{k}").long()
        if not len(contexts):
            return
        keys = torch.full((len(windows),), -_SIGN, device=p.device)
        for place in range(k):
            keys += windows[:, place] << (8 * (k - 1 - place))
        place = torch.searchsorted(contexts, keys.to(torch.int32)).clamp_(max=len(contexts) - 1)
        seen = (contexts[place] == keys) & (windows < BOS).all(dim=1)
        rows = seen.nonzero().squeeze(1)
        place = place[rows]  # (R',)
        n_different = starts[place + 1] - starts[place]  # d(h)
        row = rows.repeat_interleave(n_different)
        first = (n_different.cumsum(0) - n_different).repeat_interleave(n_different)
        entry = torch.arange(len(row), device=p.device) - first
        entry += starts[place].repeat_interleave(n_different)
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

    Raises InputError where the order is another, or there is less text than one n-gram.

    >>> model = fit(b"abracadabra", order=2)
    >>> logits = model(torch.tensor([[BOS, ord("a")]])).logits
    >>> logits.shape, f"{logits.exp().sum(-1).max():.3f}", chr(logits[0, 1].argmax())
    (torch.Size([1, 2, 257]), '1.000', 'b')
    """
    data = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else np.asarray(data)
    expect_one_of("order", order, ORDERS)
    if data.dtype != np.uint8 or data.ndim != 1 or len(data) < order:
        given = f"{data.dtype} data of shape {data.shape}"
        raise InputError(f"{given}: expected at least {order} bytes as (T,) uint8; give more text")
    tables = [_table(data, k) for k in range(order)]
    contexts, counts = ([len(table[name]) for table in tables] for name in ("contexts", "counts"))
    model = ByteNgram(ByteNgramConfig(order, contexts, counts, n_train_bytes=len(data)))
    for k, table in enumerate(tables):
        for name, values in table.items():
            getattr(model, f"{name}_{k}").copy_(torch.from_numpy(values))
    return model.eval()


def _table(data: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Sorted contexts of k bytes, where the entries of each start, and their bytes and counts."""
    n = len(data) - k
    grams = np.zeros(n, np.int64)  # k context bytes and the one that follows
    for place in range(k + 1):
        grams = (grams << 8) | data[place : place + n]
    grams, counts = np.unique(grams, return_counts=True)
    contexts, starts = np.unique(grams >> 8, return_index=True)
    starts = np.append(starts, len(grams))
    tables = {"contexts": contexts - _SIGN, "starts": starts, "counts": counts}
    tables = {name: values.astype(np.int32) for name, values in tables.items()}
    return tables | {"symbols": (grams & 0xFF).astype(np.uint8)}


def register() -> None:
    """Let AutoConfig and AutoModelForCausalLM load folders of model_type "byte_ngram"."""
    transformers.AutoConfig.register("byte_ngram", ByteNgramConfig, exist_ok=True)
    transformers.AutoModelForCausalLM.register(ByteNgramConfig, ByteNgram, exist_ok=True)
