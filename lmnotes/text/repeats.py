"""Repeats taken out: a paragraph or a long sentence that was in any document before goes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b

from lmnotes.text.readers import Document

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(`])")
_WORDS = re.compile(r"[^\W\d_]+")
VERSION = 1  # part of the key of a stored corpus: raise it when other text would be kept
MIN_WORDS = 6  # a sentence of fewer words may come again: "See the notes below."


def removed(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents without paragraphs, and sentences of MIN_WORDS words, that came before.

    Two are the same when they have the same letters, whatever their case, digits, punctuation and
    line breaks. `n_repeats_removed` of each document counts what was taken out of it.

    >>> texts = ["One paragraph.", "One\\nparagraph.\\n\\nNew."]
    >>> documents = removed(Document("", text, "a file") for text in texts)
    >>> [(document.text, document.n_repeats_removed) for document in documents]
    [('One paragraph.', 0), ('New.', 1)]
    """
    seen: set[bytes] = set()
    for document in documents:
        kept, n_removed = [], 0
        for paragraph in _PARAGRAPHS.split(document.text):
            sentences = _SENTENCES.split(paragraph) if _new(paragraph, seen) else []
            fresh = sentences
            if len(sentences) > 1:
                fresh = [s for s in sentences if _new(s, seen) or len(s.split()) < MIN_WORDS]
            n_removed += max(len(sentences), 1) - len(fresh)
            if fresh:
                kept.append(" ".join(fresh))
        yield replace(document, text="\n\n".join(kept), n_repeats_removed=n_removed)


def _new(text: str, seen: set[bytes]) -> bool:
    """Whether text with these letters was not seen before; it is from now on."""
    letters = " ".join(_WORDS.findall(text)).lower().encode("utf-8", "surrogatepass")
    key = blake2b(letters, digest_size=8).digest()
    if key in seen:
        return False
    seen.add(key)
    return True
