"""Vectors of words where they stand in their sentences, from any encoder or causal language model
of `transformers`."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text.corpus import Corpus
from lmnotes.text.tokenise import SENTENCE_START
from lmnotes.words import pretrained

if TYPE_CHECKING:
    import transformers

VERSION = 1  # part of the key of stored vectors: raise it when they would differ
_ARRAYS = ("sentence", "position", "known", "vectors")


@dataclass(frozen=True, eq=False)
class ContextualVectors:
    """T words where they stand, each with its vector there, in the order of the text.

    Args:
        words: T words as they are written.
        sentence: (T,) int32, which sentence the word stands in.
        position: (T,) int32, which of its white-space separated words it is.
        known: (T,) bool, False where a piece of it is the tokenizer's unknown token.
        vectors: (T, D) float32.
        settings: model, layer and more.
    """

    words: list[str]
    sentence: np.ndarray
    position: np.ndarray
    known: np.ndarray
    vectors: np.ndarray
    settings: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dim(self) -> int:
        """D, the length of a vector."""
        return self.vectors.shape[1]

    def save(self, folder: str | Path) -> Path:
        """Write all of it to a folder, as .npy files and one .json, and return the folder."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        labels = {"words": self.words, "settings": self.settings}
        return store.save_arrays(folder, arrays, "contextual", labels)

    @classmethod
    def open(cls, folder: str | Path) -> "ContextualVectors":
        """The vectors of a folder written by `save`, mapped from disk."""
        with store.opening(folder):
            return cls(**store.open_arrays(folder, _ARRAYS, "contextual"))


def token_vectors(
    model: str | Path,
    sentences: Sequence[str],
    *,
    layer: int = -1,
    keep: bool = False,
    progress: bool = True,
) -> ContextualVectors:
    """The vector of every white-space separated word of some sentences, in its context: the mean
    of the pieces that it is cut into.

    Sentences of equal length go through the model together, so that nothing is padded, and results
    do not depend on masks or the side of padding. A sentence that is longer than the model takes is
    cut; words that are cut off have no row, and a warning counts them.

    Args:
        model: a folder by `save_pretrained`, or a hub id.
        layer: 0 is the input embeddings, -1 the last layer (with its final norm).
        keep: store the result as an artefact, known by the model's files, the text and the layer.

    Raises:
        FileNotFoundError: no such model, or it is not cached and the hub cannot be reached.
        InputError: for settings out of range, or files that are not a model's.
        FloatingPointError: a vector is not finite.
    """
    if isinstance(sentences, str) or not any(map(str.strip, sentences)):
        raise InputError(
            f"sentences={str(sentences)[:40]!r}: expected a list of strings with at least one word "
            "in it; put a single sentence into a list"
        )
    folder = pretrained.folder_of(model, None)
    settings = {"layer": layer, "pooling": "mean", "dtype": "float32", "max_pieces": None}

    def compute() -> ContextualVectors:
        vectors = _compute(folder, sentences, settings, progress)
        return replace(vectors, settings=settings | {"model": str(model)})

    if not keep:
        return compute()
    text = "\n".join(" ".join(sentence.split()) for sentence in sentences).encode()
    key = settings | {"version": VERSION, "text": sha256(text).hexdigest()}
    key["model"] = pretrained.fingerprint(folder)
    built = store.build("contextual", key, lambda folder: compute().save(folder))
    return ContextualVectors.open(built)


def sentences_of(
    corpus: Corpus, *, min_words: int = 5, max_words: int = 60, limit: int | None = None
) -> list[str]:
    """The sentences of a corpus in order, of `min_words` to `max_words` words, lower-cased and
    without punctuation.

    A stretch of more than twenty times `max_words` is text without marks, such as text8, and is cut
    into pieces of `max_words`.

    Args:
        limit: the first so many only.

    >>> from lmnotes.text import corpus
    >>> sentences_of(corpus.from_texts(["It is so. Is it? It is as it was."]), min_words=3)
    ['it is so', 'it is as it was']
    """
    begins = np.asarray(corpus.flags) & SENTENCE_START > 0
    starts = np.union1d(np.flatnonzero(begins), corpus.offsets[:-1])
    lengths = np.diff(np.append(starts, corpus.n_tokens))
    unmarked = np.flatnonzero(lengths > 20 * max_words)
    cuts = [np.arange(starts[n], starts[n] + lengths[n], max_words) for n in unmarked]
    starts = np.union1d(starts, np.concatenate([*cuts, starts[:0]]))
    lengths = np.diff(np.append(starts, corpus.n_tokens))
    fits = np.flatnonzero((lengths >= min_words) & (lengths <= max_words))[:limit]
    spans = [corpus.tokens[starts[n] : starts[n] + lengths[n]] for n in fits]
    return [" ".join(corpus.words[token] for token in span) for span in spans]


def _compute(folder, sentences, settings, progress) -> ContextualVectors:
    model, tokenizer = pretrained.load(folder)
    limit = pretrained.longest_input(model, tokenizer, None)
    split = [sentence.split() for sentence in sentences]
    cut = list(cut_sentences(tokenizer, split, limit))
    n_words = np.array([len(sentence.position) for sentence in cut])
    _check_words(n_words, split)
    ends, vectors = np.cumsum(n_words), None
    lengths = np.array([len(sentence.ids) for sentence in cut]) * (n_words > 0)
    with tqdm(total=lengths.sum(), unit="piece", unit_scale=True, disable=not progress) as bar:
        for rows in _batches(lengths):
            pieces = [cut[row].ids for row in rows]
            hidden = pretrained.hidden_states(model, pieces, settings["layer"])
            if vectors is None:
                vectors = np.empty((n_words.sum(), hidden.shape[2]), np.float32)
            for row, states in zip(rows, hidden, strict=True):
                span = slice(ends[row] - n_words[row], ends[row])
                vectors[span] = pooled(states, cut[row])
            bar.update(hidden.shape[0] * hidden.shape[1])
    if n_bad := int((~np.isfinite(vectors).all(axis=1)).sum()):
        raise FloatingPointError(
            f"{n_bad:,} of {len(vectors):,} vectors of {folder} are not finite: expected finite "
            "numbers; take another model or layer"
        )
    words = [words[place] for words, row in zip(split, cut, strict=True) for place in row.position]
    sentence = np.repeat(np.arange(len(cut), dtype=np.int32), n_words)
    position = np.concatenate([row.position for row in cut]).astype(np.int32)
    known = np.concatenate([row.known for row in cut])
    return ContextualVectors(words, sentence, position, known, vectors, settings)


def _batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of equal length above 0, the longest first, about 8,192 pieces together."""
    order = np.argsort(-lengths, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        if length := lengths[group[0]]:
            size = max(1, 8192 // length)
            yield from (group[start : start + size] for start in range(0, len(group), size))


def _check_words(n_words: np.ndarray, split: list[list[str]]) -> None:
    n_all = sum(map(len, split))
    n_missing = n_all - int(n_words.sum())
    if n_missing == n_all:
        raise InputError(f"the tokenizer finds no piece in any of {n_all:,} words; look at them")
    if n_missing:
        lost = f"{n_missing:,} of {n_all:,} words have no vector"
        why = "cut off at the longest input, or nothing to the tokenizer; split long sentences"
        warnings.warn(f"{lost}: {why}", stacklevel=4)


_BLOCK = 1024  # sentences that the tokenizer takes at a time


class Pieces(NamedTuple):
    """A sentence as a model reads it, and where its words stand in it.

    Args:
        ids: what the model reads, special tokens included.
        inside: (P,) places in `ids` of the pieces that belong to a word, in order.
        starts: (T,) row of `inside` where each word begins.
        position: (T,) which of the sentence's words it is.
        known: (T,) whether the tokenizer knows all of the word's pieces.
    """

    ids: list[int]
    inside: np.ndarray
    starts: np.ndarray
    position: np.ndarray
    known: np.ndarray


def cut_sentences(
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
        masks = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        limit = {"truncation": max_pieces is not None, "max_length": max_pieces}
        encoded = tokenizer([" ".join(words) for words in block], **masks, **limit, verbose=False)
        for row, words in enumerate(block):
            offsets = np.array(encoded["offset_mapping"][row], np.int64).reshape(-1, 2)
            special = np.array(encoded["special_tokens_mask"][row], bool)
            is_cut = bool(encoded.encodings[row].overflowing)
            yield _aligned(words, encoded["input_ids"][row], offsets, special, unknown, is_cut)


def _aligned(words, ids, offsets, special, unknown: int, is_cut: bool) -> Pieces:
    # offsets (P, 2) count characters of the words joined by one space
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
    position, starts = np.unique(word[inside], return_index=True)
    known = ~np.isin(position, word[is_unknown & inside])
    return Pieces(ids, np.flatnonzero(inside), starts, position, known)


def pooled(states: np.ndarray, pieces: Pieces) -> np.ndarray:
    """One vector per word (T, D) float32, the mean of its pieces, from those of all pieces.

    >>> word = np.arange(2)
    >>> two = Pieces([7, 8, 9], np.arange(3), starts=word, position=word, known=word >= 0)
    >>> pooled(np.array([[1.0], [2.0], [4.0]], np.float32), two).ravel().tolist()
    [1.0, 3.0]
    """
    states, ends = states[pieces.inside], np.append(pieces.starts[1:], len(pieces.inside))
    if not len(pieces.starts):
        return states
    return np.add.reduceat(states, pieces.starts) / (ends - pieces.starts)[:, None]
