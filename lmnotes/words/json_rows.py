"""The rows of a JSON object of word vectors, `{"word": [number, ...], ...}`, one at a time.

So are BioConceptVec's concepts stored, 812 MB in one line; a few megabytes are in memory at once.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lmnotes.words import records

_START = re.compile(rb"\s*\{\s*(?:\"|\}|$)")
_ROW = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:\s*\[([^\[\]{}"]*)\]\s*([,}])')
_EXPECTED = 'an object of arrays, {"word": [number, ...], ...}'


def looks_like(first: bytes) -> bool:
    """Whether a file that begins so is a JSON object."""
    return _START.match(first) is not None


def head(file: BinaryIO, path: Path) -> records.Head:
    """The number of numbers in the first row; the file is rewound."""
    row = next(_matches(file, path), None)
    file.seek(0)
    if row is None:
        raise records.fault(path, "entry 1", "no word in it", _EXPECTED, "check the file")
    if not row[1].strip():
        given = f"0 numbers after {records.shown(row[0][1:-1])}"
        raise records.fault(path, "entry 1", given, _EXPECTED, "remove the entry")
    return records.Head(None, len(row[1].split(b",")))


def rows(file: BinaryIO, path: Path, head: records.Head) -> Iterator[records.Row]:
    """The rows of a file, numbered from 1; their numbers are counted and not yet read."""
    for number, (word, numbers) in enumerate(_matches(file, path), start=1):
        where = f"entry {number:,}"
        found = numbers.replace(b",", b" ").split()
        if not len(found) == head.dim == numbers.count(b",") + 1:
            given = f"{len(found):,} numbers after {records.shown(word[1:-1])}"
            todo = "remove the entry, or write the file again"
            raise records.fault(path, where, given, f"{head.dim}, as in entry 1", todo)
        try:
            word = json.loads(word).encode()
        except (ValueError, UnicodeError) as error:
            given = f"the word {word[:40]!r} ({error})"
            todo = "write the file again"
            raise records.fault(path, where, given, "a JSON string", todo) from None
        yield records.Row(where, word, b" ".join(found))


def _matches(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Word, quoted, and numbers of each entry."""
    buffer, at, number, more, opened = b"", 0, 1, True, False
    while True:
        found = _ROW.match(buffer, at) if opened else None
        if found:
            yield found[1], found[2]
            at, number = found.end(), number + 1
            if found[3] == b"}":
                _end(file, path, buffer[at:], number)
                return
            continue
        if not more:
            if re.fullmatch(rb"\s*\{\s*\}\s*", buffer[at:]):
                return
            given = f"{buffer[at : at + 60]!r}" if buffer[at:].strip() else "the file ends here"
            todo = "copy the file again if it was cut short, else mend this entry"
            raise records.fault(path, f"entry {number:,}", given, _EXPECTED, todo)
        read = records.get(file.read, max(records.READ_BYTES, 64), path, f"entry {number:,}")
        buffer, at, more = buffer[at:] + read, 0, bool(read)
        if len(buffer) > records.MAX_LINE:
            more = False  # no entry is that long: what stands here is none
        if not opened and (start := re.match(rb'\s*\{(?=\s*")', buffer)):
            at, opened = start.end(), True


def _end(file: BinaryIO, path: Path, rest: bytes, number: int) -> None:
    """Raise where more than white space follows the object."""
    if (rest + records.get(file.read, 64, path, "end of file")).strip():
        given, todo = "more bytes follow the closing brace", "keep one object in the file"
        raise records.fault(path, f"entry {number:,}", given, "the end of the file", todo)
