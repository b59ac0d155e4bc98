"""Words and the sub-word pieces that a tokenizer cuts them into."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import transformers

POOLINGS = ("mean", "first", "last")
_BLOCK = 1024  # sentences that the tokenizer takes at a time


class Pieces(NamedTuple):
    """A sentence as a model reads it, and where its words stand in it.

    Args:
        ids: what the model reads, special tokens included.
        kept: (P,) places in `ids` of the pieces that belong to a word, in order.
        starts: (T,) row of `kept` where each word begins.
        position: (T,) which of the sentence's words it is.
        known: (T,) whether the tokenizer knows all of the word's pieces.
    """

    ids: list[int]
    kept: np.ndarray
    starts: np.ndarray
    position: np.ndarray
    known: np.ndarray


def cut(
    tokenizer: "transformers.PreTrainedTokenizerFast",
    sentences: Sequence[Sequence[str]],
    max_pieces: int | None,
) -> Iterator[Pieces]:
    """The pieces of each sentence, given as its words.

    The tokenizer reads the words with a space between them, as it would any text, and a piece
    belongs to the word in which it ends. A word without a piece, or cut off by `max_pieces`, is
    left out.
    """
    unknown = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
    for start in range(0, len(sentences), _BLOCK):
        block = sentences[start : start + _BLOCK]
        encoded = tokenizer(
            [" ".join(words) for words in block],
            truncation=max_pieces is not None,
            max_length=max_pieces,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            verbose=False,
        )
        for row, words in enumerate(block):
            offsets = np.array(encoded["offset_mapping"][row], np.int64).reshape(-1, 2)
            special = np.array(encoded["special_tokens_mask"][row], bool)
            is_cut = bool(encoded.encodings[row].overflowing)
            yield _aligned(words, encoded["input_ids"][row], offsets, special, unknown, is_cut)


def _aligned(
    words: Sequence[str],
    ids: list[int],
    offsets: np.ndarray,
    special: np.ndarray,
    unknown: int,
    is_cut: bool,
) -> Pieces:
    """Pieces with the words that they end in; `offsets` (P, 2) count characters of the words joined
    by one space."""
    is_unknown = np.array(ids, np.int64) == unknown
    lengths = np.array([len(word) for word in words], np.int64)
    word_ends = np.cumsum(lengths + 1) - 1
    last = offsets[:, 1] - 1  # the last character of each piece
    word = np.searchsorted(word_ends, last, side="right")
    inside = (word < len(words)) & (offsets[:, 1] > offsets[:, 0]) & (~special | is_unknown)
    inside[inside] = last[inside] >= (word_ends - lengths)[word[inside]]  # not a space
    if is_cut and inside.any():
        final = np.flatnonzero(inside)[-1]
        if offsets[final, 1] < word_ends[word[final]]:  # the rest of this word was cut off
            inside &= word != word[final]
    kept = np.flatnonzero(inside)
    position, starts = np.unique(word[kept], return_index=True)
    known = ~np.isin(position, word[is_unknown & inside])
    return Pieces(ids, kept, starts, position, known)


def pooled(states: np.ndarray, pieces: Pieces, pooling: str) -> np.ndarray:
    """One vector per word (T, D) float32 from those of all pieces of a sentence.

    >>> word = np.arange(2)
    >>> two = Pieces([7, 8, 9], np.arange(3), starts=word, position=word, known=word >= 0)
    >>> states = np.array([[1.0], [2.0], [4.0]], np.float32)
    >>> [pooled(states, two, name).ravel().tolist() for name in POOLINGS]
    [[1.0, 3.0], [1.0, 2.0], [1.0, 4.0]]
    """
    states, ends = states[pieces.kept], np.append(pieces.starts[1:], len(pieces.kept))
    if pooling == "first":
        return states[pieces.starts]
    if pooling == "last":
        return states[ends - 1]
    if not len(pieces.starts):
        return states
    return np.add.reduceat(states, pieces.starts) / (ends - pieces.starts)[:, None]
