"""A corpus: word ids in text order, vocabulary, case of every token, source of each document."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmnotes import errors, store
from lmnotes.errors import InputError, Shown
from lmnotes.text import downloads, frozen, installed, readers, tokenise
from lmnotes.text.readers import Document
from lmnotes.text.tokenise import Encoder

# Part of the key of a stored corpus: raise it when this module would write something else.
_BUILDER = 1
_ARRAYS = ("tokens", "flags", "counts", "offsets", "document_source")  # files, a value each
_COUNTED = ("n_documents", "n_tokens", "n_bytes", "n_repeats_removed")  # in the manifest


@dataclass(frozen=True, eq=False, repr=False)
class Corpus(Shown):
    """Text as word ids with its vocabulary, case flags, documents and sources.

    Args:
        tokens: (T,) int32, ids of lower-cased words in text order.
        words: V words by decreasing count, ties in alphabetical order; `words[i]` has id i.
        counts: (V,) int64.
        offsets: (n_documents + 1,) int64; document d is `tokens[offsets[d]:offsets[d + 1]]`.
        flags: (T,) uint8, bits CAPITALISED, ALL_CAPS, SENTENCE_START.
        titles: n_documents titles, "" where a document has none.
        sources: the manifest, a row per source: name, domain, n_documents, n_tokens, n_bytes,
            n_repeats_removed, sha256 (of the text that was kept).
        document_source: (n_documents,) int32, row of `sources`.
        content_id: hash of tokens, words, offsets and flags.
    """

    name: str
    tokens: np.ndarray
    words: list[str]
    counts: np.ndarray
    offsets: np.ndarray
    flags: np.ndarray
    titles: list[str]
    sources: pd.DataFrame
    document_source: np.ndarray
    content_id: str

    def _line(self) -> str:
        counts = f"{self.n_tokens:,} tokens, {self.n_words:,} words"
        return f"{self.name}, {counts}, {self.n_documents:,} documents, id {self.content_id}"

    @property
    def n_tokens(self) -> int:
        """T, the number of tokens."""
        return len(self.tokens)

    @property
    def n_words(self) -> int:
        """V, the number of different words."""
        return len(self.words)

    @property
    def n_documents(self) -> int:
        """The number of documents."""
        return len(self.titles)

    @property
    def unigram(self) -> np.ndarray:
        """p(w) = n_w / T, (V,) float64."""
        return self.counts / self.n_tokens

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word -> id."""
        return {word: index for index, word in enumerate(self.words)}

    def index(self, word: str) -> int:
        """The id of a word; raises InputError, with the nearest words, where there is none."""
        index = self.ids.get(word)
        if index is None:
            near = errors.nearest(word, self.words[:20_000])
            given = f"{word!r} is not among the {self.n_words:,} words of {self.name}"
            raise InputError(f"{given}; words are lower-cased runs of letters and digits: {near}")
        return index

    def subset(self, domain: str | Sequence[str]) -> "Corpus":
        """The documents of one domain, or of several, as a corpus with its own vocabulary."""
        wanted = [domain] if isinstance(domain, str) else list(domain)
        for name in wanted:
            known = sorted(set(self.sources["domain"]))
            errors.expect_one_of(f"domain of {self.name}", name, known)
        rows = np.flatnonzero(self.sources["domain"].isin(wanted))
        kept = np.flatnonzero(np.isin(self.document_source, rows))  # documents
        spans = [slice(self.offsets[d], self.offsets[d + 1]) for d in kept]
        return self._of(f"{self.name}/{'+'.join(wanted)}", kept, spans)

    def head(self, n_tokens: int) -> "Corpus":
        """The first `n_tokens` tokens as a corpus of its own; the last document may be cut."""
        errors.expect_between("n_tokens", n_tokens, low=1)
        end = min(n_tokens, self.n_tokens)
        kept = np.flatnonzero(self.offsets[:-1] < end)
        spans = [slice(self.offsets[d], min(end, self.offsets[d + 1])) for d in kept]
        return self._of(f"{self.name}[:{n_tokens}]", kept, spans)

    def _of(self, name: str, documents: np.ndarray, spans: list[slice]) -> "Corpus":
        """A corpus of these documents, or of the parts of them that `spans` of the tokens name."""
        lengths = [span.stop - span.start for span in spans]
        rows, document_source = np.unique(self.document_source[documents], return_inverse=True)
        sources = self.sources.iloc[rows].reset_index(drop=True)
        sources["n_documents"] = np.bincount(document_source, minlength=len(rows))
        sources["n_tokens"] = np.bincount(document_source, lengths, len(rows)).astype(int)
        tokens, flags = (
            np.concatenate([of_all[span] for span in spans]) for of_all in (self.tokens, self.flags)
        )
        fields = finished(tokens, self.words, flags, lengths)
        fields |= {"document_source": document_source.astype(np.int32), "sources": sources}
        return Corpus(name, titles=[self.titles[d] for d in documents], **fields)

    def save(self, folder: Path) -> None:
        """Write the corpus into a folder: a file per array, words a line each, JSON."""
        labels = {"name": self.name, "content_id": self.content_id, "titles": self.titles}
        labels["sources"] = self.sources.to_dict(orient="list")
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        folder = store.save_arrays(folder, arrays, "corpus", labels)
        store.write_text(folder / "words.txt", "\n".join(self.words))

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """The corpus that `save` wrote; tokens and flags are mapped from disk, not read."""
        with store.opening(folder):
            fields = store.open_arrays(folder, _ARRAYS, "corpus")
            fields |= {name: np.array(fields[name]) for name in _ARRAYS[2:]}
            text = Path(folder, "words.txt").read_text(encoding="utf-8")
            sources = pd.DataFrame(fields.pop("sources"))
            corpus = cls(words=text.split("\n") if text else [], sources=sources, **fields)
            if len(corpus.words) != len(corpus.counts):
                raise ValueError(f"{len(corpus.words)} words for {len(corpus.counts)} counts")
            return corpus


def load(
    source: str | Path | Iterable[str] | Iterable[Sequence[str]],
    *,
    domains: Sequence[str] | str | None = None,
    field: str = "text",
    name: str | None = None,
    keep: bool = True,
) -> Corpus:
    """The corpus of a name or a path, built on the first call and opened from disk afterwards.

    Args:
        source: `installed` (text that every installation carries), a file of it that `lmnotes data
            freeze` wrote, a named download such as `text8`, or the path of a `.txt`, `.jsonl` or
            `.parquet` file, plain or packed (`.gz`, `.bz2`, `.xz`, `.zip`), or of a folder of such
            files. A text file is one document; a line of `.jsonl` and a row of `.parquet` are one
            each. Or the texts themselves, one document each, as a list of strings or of lists of
            words, which are joined by blanks and read like any text. A generator is read once,
            into memory.
        domains: of `installed` or such a file only: which of `installed.DOMAINS`, in this order;
            by default English prose.
        field: field or column that holds the text of `.jsonl` and `.parquet`; `title` is read where
            there is one.
        name: of the corpus; by default that of the file, or "texts".
        keep: False builds in memory and stores nothing.

    Repeated paragraphs are removed from `installed` text, never from the reader's own.

    Raises InputError, with what to do, where there is no such text or it cannot be read.
    """
    if isinstance(source, str | Path) and frozen.is_frozen(source):
        with frozen.reading(source):
            return load("installed", domains=domains, name=name, keep=keep)
    known, key, documents = _plan(source, domains, field, name or "texts", keep)
    name = name or known
    if not keep:
        return Corpus(**fields(name, documents()))

    def write(folder: Path) -> None:
        Corpus(**fields(name, documents())).save(folder)

    key |= {"name": name, "tokeniser": tokenise.VERSION, "builder": _BUILDER}
    return Corpus.open(store.build("corpus", key, write))


def _plan(
    source: Any, domains: Sequence[str] | str | None, field: str, name: str, keep: bool
) -> tuple[str, dict, Callable[[], Iterator[Document]]]:
    """The name of a text, what defines its content, and how to read its documents."""
    if isinstance(source, str) and source == "installed":
        domains = (domains,) if isinstance(domains, str) else tuple(domains or installed.PROSE)
        key = {"installed": installed.key(domains), "repeats": installed.REPEATS_VERSION}
        draw = installed.documents
        return "installed", key, lambda: installed.without_repeats(draw(*domains, keep=keep))
    if domains is not None:
        given = f"domains={domains!r} was given for {repr(source)[:60]}"
        raise InputError(f"{given}: only 'installed' text has domains; leave it out")
    if isinstance(source, Iterable) and not isinstance(source, str | bytes):
        key = {"texts": store.content_id(texts := _texts(source), 64)}
        return name, key, lambda: (Document("", text, name) for text in texts)
    path, name = downloads.resolve(source)
    key = {"files": readers.fingerprint(path), "field": field}
    return name, key, lambda: readers.documents(path, field=field)


def _texts(source: Any) -> list[str]:
    """The texts of a list, those that come as lists of words joined by blanks."""
    if isinstance(source, str | bytes) or not isinstance(source, Iterable):
        return errors.expect_strings("texts", source)  # which it is not, and says what to do
    if isinstance(source, Mapping | Set) or hasattr(source, "columns"):
        given = f"texts in a {type(source).__name__}"
        raise InputError(f"{given}; expected a list of strings: give that, or a table's column")
    texts, words = list(source), set()
    if texts and all(isinstance(text, str | Path) and os.path.isfile(text) for text in texts):
        given = f"{repr(texts)[:60]} names files"
        raise InputError(f"{given}; expected texts in a list: give a path alone, or its folder's")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            what = (f"texts[{place}]", text) if isinstance(text, Iterable) else ("texts", texts)
            words.update(listed := errors.expect_strings(*what))
            texts[place] = " ".join(listed)
    if cut := [word for word in words if tokenise.words(word) != [word.lower()]]:
        given = f"{len(cut):,} of {len(words):,} different words, such as {min(cut)!r}"
        warnings.warn(f"{given}, are no runs of letters and digits: they are cut", stacklevel=4)
    return texts


def from_texts(
    texts: Iterable[str] | Iterable[Sequence[str]],
    titles: Sequence[str] | None = None,
    name: str = "texts",
) -> Corpus:
    """The corpus of some texts as `load` takes them, one document each, in memory.

    >>> text = from_texts(["The cat sat. The dog sat.", "Dogs bark."])
    >>> text.words[:2], text.counts[:2].tolist(), text.offsets.tolist()
    (['sat', 'the'], [2, 2], [0, 6, 8])
    """
    texts = _texts(texts)
    titles = [""] * len(texts) if titles is None else errors.expect_strings("titles", titles)
    if len(titles) != len(texts):
        given = f"{len(texts)} texts came with {len(titles)} titles"
        raise InputError(f"{given}: give one title per text, or none at all")
    documents = (Document(*pair, name) for pair in zip(titles, texts, strict=True))
    return Corpus(**fields(name, documents))


def fields(name: str, documents: Iterable[Document]) -> dict:
    """The fields of the corpus of these documents; a document without a word is left out.

    Raises InputError where no document holds one.
    """
    encoder = Encoder()
    manifest: dict[str, dict] = {}  # source -> its row
    lengths, titles, names = [], [], []
    for document in documents:
        row: dict = {"name": document.source, "domain": document.domain}
        row |= dict.fromkeys(_COUNTED, 0)
        row = manifest.setdefault(document.source, row | {"sha256": sha256()})
        n_tokens = encoder.add(_measured(document, row))
        row["n_repeats_removed"] += document.n_repeats_removed
        if n_tokens:
            row["n_documents"] += 1
            row["n_tokens"] += n_tokens
            lengths.append(n_tokens)
            titles.append(document.title)
            names.append(document.source)
    if not lengths:
        given = f"{name} holds no word: expected text with letters or digits"
        raise InputError(f"{given}; look whether this is the right file")
    sources = pd.DataFrame(manifest.values())
    sources["sha256"] = [digest.hexdigest() for digest in sources["sha256"]]
    document_source = pd.Index(sources["name"]).get_indexer(names).astype(np.int32)
    labels = {"name": name, "titles": titles, "sources": sources}
    labels["document_source"] = document_source
    return labels | finished(encoder.tokens(), encoder.words(), encoder.flags(), lengths)


def _measured(document: Document, row: dict) -> Iterator[str]:
    """The pieces of a document's text, hashed and measured for the manifest as they pass."""
    for piece in [document.text] if isinstance(document.text, str) else document.text:
        data = piece.encode("utf-8", "surrogatepass")
        row["sha256"].update(data)
        row["n_bytes"] += len(data)
        yield piece


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
    arrays = {"tokens": new_id[tokens], "words": [words[i] for i in order]}
    arrays |= {"counts": counts[order].astype(np.int64), "flags": np.ascontiguousarray(flags)}
    arrays["offsets"] = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    content = sha256("\n".join(arrays["words"]).encode())
    for name in ("tokens", "offsets", "flags"):
        content.update(arrays[name])
    return arrays | {"content_id": content.hexdigest()[:16]}
