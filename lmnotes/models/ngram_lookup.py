"""Log-probabilities of given bytes under an n-gram model, looked up one by one.

`ByteNgram.forward` gives the whole distribution at every place, 257 numbers of which scoring reads
one. Here the count of that one is found by bisection, with the same interpolation,

    p(c | h) = (n(h c) + d(h) p(c | h')) / (n(h) + d(h)),

in a twentieth of the time. It is apart from `ngram`, which imports torch and transformers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

_SIGN = 1 << 31  # what `ngram` takes from 32-bit keys, so that they fit in int32
_BYTES = 256
PADDING = 256  # an id that is no byte: what comes before it is not seen from behind it


def fits(model: "torch.nn.Module") -> bool:
    """Whether a model is one of counted bytes."""
    return getattr(model.config, "model_type", "") == "byte_ngram"


def log_probabilities(model: "torch.nn.Module", ids: npt.ArrayLike) -> np.ndarray:
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
    inside = np.arange(longest) < np.array([[len(text)] for text in texts])
    return np.where(inside, values, 0).sum(axis=1, dtype=np.float64)


def _counts(table: "_Table", keys: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> tuple:
    """Of the rows whose context was seen: the rows, n(h c), n(h) and d(h), (R,) each."""
    if not len(table.contexts):
        return rows[:0], *(np.zeros(0),) * 3
    keys = (keys - _SIGN).astype(np.int32)
    context = np.searchsorted(table.contexts, keys).clip(max=len(table.contexts) - 1)
    seen = table.contexts[context] == keys
    rows, context, targets = rows[seen], context[seen], targets[seen]
    wanted = context * _BYTES + targets
    place = np.searchsorted(table.entries, wanted).clip(max=len(table.entries) - 1)
    is_there = (table.entries[place] == wanted) & (targets < _BYTES)
    own = np.where(is_there, table.counts[place], 0)
    begin, end = table.starts[context], table.starts[context + 1]
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
