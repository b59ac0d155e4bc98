"""Documents that chunks are cut from, with domain and part: installed text, files of any kind."""

import hashlib
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError, expect_one_of
from lmnotes.text import installed, readers
from lmnotes.text.readers import Document

PARTS = {"train": 70, "evaluation": 15, "task": 15}  # per cent of the files

# Part of the key of stored documents: raise it when the same sources would give other text.
_VERSION = 1

# Domains that come as sentences; in the others a line that comes again is how they are written.
_SENTENCES = (*installed.PROSE, "legal")
_LEFT_OUT = ("pydoc_data",)  # modules whose source is the text of another domain
_LICENCE = re.compile(r"copyright|licen[cs]e", re.IGNORECASE)
_OPENING = {  # the comment that a file begins with
    "code": re.compile(r"(?:[ \t]*#[^\n]*\n|[ \t]*\n)+"),
    "headers": re.compile(r"(?:\s*(?:/\*.*?\*/|//[^\n]*\n))+", re.DOTALL),
}
# a name that ends in its own code point says nothing: CJK UNIFIED IDEOGRAPH-4E00
_NUMBERED = re.compile(r"^.*-[0-9A-F]{4,5}\n?", re.MULTILINE)


def part_of(name: str) -> str:
    """The part that a file of this name belongs to, on every machine the same.

    >>> [part_of(f"file {number}") for number in range(4)]
    ['train', 'train', 'evaluation', 'train']
    """
    draw = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8]) % 100
    ends = itertools.accumulate(PARTS.values())
    return next(part for part, end in zip(PARTS, ends, strict=True) if draw < end)


def installed_documents(domain: str) -> pd.DataFrame:
    """The documents of one installed domain, a row each: name, part, text; built once, then read
    from disk. A domain without text gives no rows and a warning."""
    key = {"text": installed.key([domain]), "version": _VERSION}
    key["repeats"] = installed.REPEATS_VERSION

    def rows() -> list[tuple[str, str, str]]:
        return [(name, part_of(name), text) for name, text in _cleaned(domain)]

    table = installed.stored_table("documents", key, "documents", ["name", "part", "text"], rows)
    if table.empty:
        given = f"the installed domain {domain!r} has no text here: it is left out"
        warnings.warn(f"{given}, and the texts have another content id", stacklevel=3)
    return table


def _cleaned(domain: str) -> Iterator[tuple[str, str]]:
    """Name and text of a domain's documents without licence comments, repeats and empty ones."""
    # a name does not hold the domain: source and documentation of a module are in one part
    documents: Iterable[Document] = installed.documents(domain)
    if domain in _SENTENCES:
        documents = installed.without_repeats(documents)
    seen: set[bytes] = set()
    n_of: dict[str, int] = {}
    for document in documents:
        number = n_of[document.source] = n_of.get(document.source, -1) + 1
        name = f"{document.source}/{document.title or number}"
        text = _without_boilerplate(document.whole, domain)
        text = text.encode("utf-8", "replace").decode("utf-8")  # no half of a surrogate pair
        digest = hashlib.sha256(text.strip().encode()).digest()
        if text.strip() and digest not in seen and not document.title.startswith(_LEFT_OUT):
            seen.add(digest)
            yield name, text


def _without_boilerplate(text: str, domain: str) -> str:
    """Source without the licence comment that it begins with, names without the numbered ones."""
    if domain == "names":
        return _NUMBERED.sub("", text + "\n").rstrip("\n")
    opening = _OPENING[domain].match(text) if domain in _OPENING else None
    return text[opening.end() :] if opening and _LICENCE.search(opening[0]) else text


def file_documents(path: Path, field: str) -> Iterator[Document]:
    """The documents of a file or folder: a text file, a line of .jsonl, a row of .parquet each.

    The domain is what a row says (field `domain` or `pile_set_name`, or one of these in `meta`),
    else the first folder below `path`, else the name of the file.
    """
    base = path if path.is_dir() else path.parent
    for file in readers.files(path):
        place, rows = file.relative_to(base), list(readers.rows(file, field))
        default = place.parts[0] if len(place.parts) > 1 else place.name.split(".")[0]
        names = [f"{place.as_posix()}#{number}" for number in range(len(rows))]
        yield from _placed(rows, names if len(rows) != 1 else [place.as_posix()], default)


def row_documents(rows: Iterable, field: str) -> Iterator[Document]:
    """The documents of strings, dicts, or a table: a DataFrame, or what `to_pandas` makes one.

    Raises InputError for what is none of these, and where a row has no string in `field`.
    """
    if isinstance(table := getattr(rows, "to_pandas", lambda: rows)(), pd.DataFrame):
        expect_one_of("field", field, list(table))
        table = table[table.columns.intersection([field, "id", *readers.BESIDE])].astype(object)
        rows = table.where(table.notna(), None).to_dict("records")
    given = list(rows) if isinstance(rows, Iterable) and not isinstance(rows, Mapping) else [rows]
    records = [{field: row} if isinstance(row, str) else row for row in given]
    for row in records:
        if not isinstance(row, Mapping) or row is rows:
            said = f"{str(row)[:80]!r}, a {type(row).__name__}, was given for texts"
            raise InputError(f"{said}; expected strings, dicts or one table: give a list of them")
    filled = list(readers.filled("the rows", enumerate(records, start=1), field))
    places = [f"#{n}" for n, row in enumerate(records) if isinstance(row[field], str)]
    names = [row.source or place for row, place in zip(filled, places, strict=True)]
    yield from _placed(filled, names, "texts")


def _placed(rows: list[Document], names: list[str], default: str) -> Iterator[Document]:
    """Rows with whole characters, each with a source of this name and a domain."""
    unnamed = [number for number, row in enumerate(rows) if not row.domain]
    if 0 < len(unnamed) < len(rows):
        given = f"{len(unnamed):,} of {len(rows):,} rows name no domain, such as"
        warnings.warn(f"{given} {names[unnamed[0]]}: theirs is {default!r}", stacklevel=3)
    for name, row in zip(names, rows, strict=True):
        text = row.whole.encode("utf-8", "replace")  # JSON may hold half a pair
        domain = row.domain or default
        yield replace(row, text=text.decode("utf-8"), source=name, domain=domain)
