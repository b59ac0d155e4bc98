"""Documents, one after another, to the fields of a corpus: ids by count, offsets, flags, manifest,
content id."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

import numpy as np

from lmnotes.errors import InputError
from lmnotes.text.readers import Document
from lmnotes.text.tokenise import Encoder


def fields(name: str, documents: Iterable[Document]) -> dict:
    """The fields of the corpus of these documents; a document without a word is left out.

    Raises InputError where no document holds one.
    """
    import pandas as pd

    encoder, tally = Encoder(), {}  # tally: source -> its row of the manifest
    lengths, titles, document_source = [], [], []
    for document in documents:
        row = tally.setdefault(document.source, _Tally(len(tally), document.domain))
        n_tokens = encoder.add(row.reads(document))
        row.n_repeats_removed += document.n_repeats_removed
        if n_tokens:
            row.n_documents += 1
            row.n_tokens += n_tokens
            lengths.append(n_tokens)
            titles.append(document.title)
            document_source.append(row.index)
    if not lengths:
        raise InputError(
            f"{name} holds no word: expected text with letters or digits; look whether this is "
            "the right file"
        )
    return {
        "name": name,
        "titles": titles,
        "sources": pd.DataFrame([row.record(source) for source, row in tally.items()]),
        "document_source": np.array(document_source, np.int32),
        **finished(encoder.tokens(), encoder.words(), encoder.flags(), lengths),
    }


class _Tally:
    """The row of one source in the manifest while its documents go by."""

    def __init__(self, index: int, domain: str):
        self.index, self.domain, self.hash = index, domain, sha256()
        self.n_documents = self.n_tokens = self.n_bytes = self.n_repeats_removed = 0

    def reads(self, document: Document) -> Iterator[str]:
        """The pieces of a document's text, hashed and measured as they pass."""
        for piece in [document.text] if isinstance(document.text, str) else document.text:
            data = piece.encode("utf-8", "surrogatepass")
            self.hash.update(data)
            self.n_bytes += len(data)
            yield piece

    def record(self, source: str) -> dict:
        """The row as it stands in the manifest."""
        counts = ("n_documents", "n_tokens", "n_bytes", "n_repeats_removed")
        row = {"name": source, "domain": self.domain} | {
            name: getattr(self, name) for name in counts
        }
        return row | {"sha256": self.hash.hexdigest()}


def finished(tokens: np.ndarray, words: list[str], flags: np.ndarray, lengths: list[int]) -> dict:
    """Tokens, words, counts, offsets, flags and content id, from ids in any numbering of `words`.

    Args:
        tokens: (T,) ids.
        words: may hold words that do not occur; those that do are numbered by count, then by
            alphabet.
        flags: (T,) case flags.
        lengths: tokens in each document, in order.
    """
    counts = np.bincount(tokens, minlength=len(words))  # (V,)
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], words[i]))
    new_id = np.zeros(len(words), np.int32)
    new_id[order] = np.arange(len(order), dtype=np.int32)
    found = {
        "tokens": new_id[tokens],
        "words": [words[i] for i in order],
        "counts": counts[order].astype(np.int64),
        "offsets": np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        "flags": np.ascontiguousarray(flags),
    }
    content = sha256("\n".join(found["words"]).encode())
    for name in ("tokens", "offsets", "flags"):
        content.update(found[name])
    return found | {"content_id": content.hexdigest()[:16]}
