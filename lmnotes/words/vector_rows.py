"""The rows of a file of word vectors, lines, records or JSON entries, one at a time and unread."""

import codecs
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from lmnotes.errors import InputError, expect_file
from lmnotes.text import readers

MAX_LINE = 1 << 24  # bytes; no line of a text file is longer
MAX_WORD = 10_000  # bytes; a longer word means that a binary file is out of step
READ_BYTES = 1 << 22
BLANK = b" \t\r\n"
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


class Row(NamedTuple):
    """One word of a file: where it stands, its bytes, the bytes of its numbers."""

    where: str
    word: bytes
    numbers: bytes


class Head(NamedTuple):
    """The number of words that a file promises (None where it does not say) and the dimension."""

    n_words: int | None
    dim: int


def reading(path: Path) -> io.BufferedReader:
    """The file opened for bytes, unpacked where it is packed, after a byte order mark.

    Raises InputError where it is a file of another kind, or in UTF-16.
    """
    expected = "a file of words and numbers"
    expect_file("vectors", path, expected)
    with open(path, "rb") as file:
        readers.expect_no_other(path, file.read(64), expected)
    with readers.open_bytes(path) as file:
        first = get(file.peek, 1024, path, "line 1").split(b"\n")[0]
    if not first.startswith(PICKLES):
        readers.expect_text(path, first, expected)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        todo = "convert it with `iconv -f utf-16 -t utf-8`"
        raise fault(path, "line 1", "the text is UTF-16", "UTF-8", todo)
    file = readers.open_bytes(path)
    rewind(file)
    return file


def rewind(file: io.BufferedReader) -> None:
    """Go back to the first byte after a byte order mark."""
    file.seek(0)
    if file.read(3) != codecs.BOM_UTF8:
        file.seek(0)


def fault(path: Path, where: str, given: str, expected: str, todo: str) -> InputError:
    """The error that says what a file holds and where, what was expected, and what to do."""
    return InputError(f"{path}, {where}: {given}; expected {expected}; {todo}")


def get(read: Callable[[int], bytes], n_bytes: int, path: Path, where: str) -> bytes:
    """`read(n_bytes)`; a compressed file that is cut short becomes an error that says where."""
    try:
        return read(n_bytes)
    except (*readers.CUT_SHORT, OSError) as error:
        if getattr(error, "errno", None):  # the machine's, not the file's
            raise
        given = f"the compressed data end or break near here ({error})"
        raise fault(path, where, given, "a whole packed file", "copy it again") from error


def shown(word: bytes) -> str:
    """A word or field as an error message prints it."""
    return repr(word[:40].decode(errors="replace"))


def is_number(text: bytes) -> bool:
    """Whether a field of a text file is a number (nan and inf are)."""
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text


def head(file: io.BufferedReader, path: Path, header: bool) -> Head:
    """What the first line says; without a header, its length, and the file is rewound."""
    line = get(file.readline, MAX_LINE, path, "line 1")
    fields = line.split()
    if header:
        if len(fields) == 2 and all(map(bytes.isdigit, fields)) and fields[1].strip(b"0"):
            return _promised(fields[0], fields[1], path)
        expected = "the header `number-of-words dimension`"
        todo = "pass format='glove' where the file has no header, or put the header back"
        raise fault(path, "line 1", f"found {line[:60]!r}", expected, todo)
    is_blank = line[:1] in BLANK and all(map(is_number, fields))  # the word is a blank
    dim = len(fields) - (not is_blank)
    if dim < 1:
        todo = "check that this is a file of word vectors"
        raise fault(path, "line 1", f"found {line[:60]!r}", "a word and its numbers", todo)
    rewind(file)
    return Head(None, dim)


def _promised(n_words: bytes, dim: bytes, path: Path) -> Head:
    """The two numbers of a header; InputError where no file of this size can hold as many."""
    size = path.stat().st_size
    most = readers.MAX_RATIO * max(size, 1 << 10)  # it may be packed
    if len(n_words + dim) > 40 or int(n_words) > most or int(dim) > min(most, MAX_LINE // 4):
        given = f"{n_words[:20].decode()} words of dimension {dim[:20].decode()} in {size:,} bytes"
        todo = "correct line 1, or copy the file again"
        raise fault(path, "line 1", given, "no more than the file can hold", todo)
    return Head(int(n_words), int(dim))


def text_rows(file: io.BufferedReader, path: Path, head: Head) -> Iterator[Row]:
    """The lines of a text file; their numbers are counted and not yet read."""
    first = 1 if head.n_words is None else 2
    blank = 0  # line number of the first empty line; several may end a file
    for number in itertools.count(first):
        line = get(file.readline, MAX_LINE, path, f"line {number}")
        if not line:
            break
        is_blank = line[:1] in BLANK
        if not (line := line.strip(BLANK)):
            blank = blank or number
            continue
        if blank:
            raise fault(path, f"line {blank}", "an empty line", "a word", "remove the line")
        if head.n_words is not None and number - first >= head.n_words:
            raise _wrong_count(path, f"line {number}", "one more word", head)
        word, _, numbers = line.partition(b" ")
        if numbers.count(b" ") != head.dim - 1 or b"\t" in line:
            word, numbers = _odd_line(line, path, number - first, number, head, is_blank)
        yield Row(f"line {number}", word, numbers)
    n_read = (blank or number) - first
    if head.n_words not in (None, n_read):
        raise _wrong_count(path, f"line {number}", f"the file ends after {n_read:,} words", head)


def _odd_line(line, path: Path, n_before: int, number: int, head: Head, is_blank) -> tuple:
    fields = line.split()  # at tabs, double spaces, spaces inside a word (GloVe 840B)
    if is_blank and len(fields) == head.dim and all(map(is_number, fields)):
        return b"", b" ".join(fields)  # the word was a blank
    word, numbers = fields[: -head.dim], fields[-head.dim :]
    spaced = len(word) > 1 and not all(map(is_number, word[1:]))
    if len(word) == 1 or (spaced and all(map(is_number, numbers))):
        return b" ".join(word), b" ".join(numbers)
    given = f"{len(fields) - 1} numbers after {shown(fields[0])}"
    part = f", or read what stands before it with limit={n_before}" if n_before else ""
    todo = f"repair the line, or line 1 if that is wrong{part}"
    raise fault(path, f"line {number}", given, f"{head.dim}, as line 1 has it", todo)


def binary_rows(file: io.BufferedReader, path: Path, head: Head) -> Iterator[Row]:
    """The records of a binary file, numbered from 1."""
    size, buffer, offset = 4 * head.dim, b"", 0
    n_words = head.n_words or 0  # a binary file always says how many
    for record in range(1, n_words + 1):
        where = f"record {record:,}"
        space = _space(buffer, offset)
        while space < 0 or len(buffer) < space + 1 + size:
            more = get(file.read, max(READ_BYTES, size), path, where)
            buffer, offset = buffer[offset:] + more, 0
            space = _space(buffer)
            whole = space >= 0 and len(buffer) >= space + 1 + size
            if space > MAX_WORD or (space < 0 and len(buffer) > MAX_WORD):
                raise out_of_step(path, where, "no word starts here", head)
            if not more and not whole:
                given = f"the file ends in this record, after {record - 1:,} whole ones"
                raise _wrong_count(path, where, given, head)
        word = buffer[offset:space].lstrip(b"\n")
        if b"\n" in word:
            raise out_of_step(path, where, f"the word is {word[:40]!r}", head)
        offset = space + 1 + size
        yield Row(where, word, buffer[space + 1 : offset])
    if (buffer[offset:] + get(file.read, 64, path, "end of file")).strip(BLANK):
        raise _wrong_count(path, f"record {n_words + 1:,}", "more bytes follow", head)


def _space(buffer: bytes, offset: int = 0) -> int:
    """Where the space after the next word is, -1 where that is not read; the word may be a blank"""
    word = _WORD.match(buffer, offset)
    return word.end() - 1 if word else -1


def out_of_step(path: Path, where: str, given: str, head: Head) -> ValueError:
    """The error for a word that is none, as after a wrong dimension."""
    expected = f"a word in UTF-8 and {head.dim} numbers"
    todo = "check the dimension in line 1 and the format; where words are cut inside a character, "
    todo += "pass unicode_errors='replace' or 'ignore'"
    return fault(path, where, given, expected, todo)


def _wrong_count(path: Path, where: str, given: str, head: Head) -> ValueError:
    expected = f"{head.n_words:,} words of dimension {head.dim}, as line 1 says"
    todo = "copy the file again if it was cut short, else correct line 1"
    return fault(path, where, given, expected, todo)


_WORD = re.compile(rb"\n*(?: |[^ ]*) ")
JSON_START = re.compile(rb"\s*\{\s*(?:\"|\}|$)")  # of a file that is a JSON object
_ROW = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:\s*\[([^\[\]{}"]*)\]\s*([,}])')
_EXPECTED = 'an object of arrays, {"word": [number, ...], ...}'


def json_head(file: io.BufferedReader, path: Path) -> Head:
    """The number of numbers in the first row; the file is rewound."""
    word, numbers = next(_matches(file, path), (b"", b""))
    rewind(file)
    if not numbers.strip():
        given = f"0 numbers after {shown(word[1:-1])}" if word else "no word in it"
        raise fault(path, "entry 1", given, _EXPECTED, "remove the entry, or check the file")
    return Head(None, len(numbers.split(b",")))


def json_rows(file: io.BufferedReader, path: Path, head: Head) -> Iterator[Row]:
    """The rows of a file, numbered from 1; their numbers are counted and not yet read."""
    for number, (word, numbers) in enumerate(_matches(file, path), start=1):
        where, fields = f"entry {number:,}", numbers.replace(b",", b" ").split()
        todo = "remove the entry, or write the file again"
        if not len(fields) == head.dim == numbers.count(b",") + 1:
            given = f"{len(fields):,} numbers after {shown(word[1:-1])}"
            raise fault(path, where, given, f"{head.dim}, as in entry 1", todo)
        try:
            word = json.loads(word).encode()
        except (ValueError, UnicodeError) as error:
            given = f"the word {word[:40]!r} ({error})"
            raise fault(path, where, given, "a JSON string", todo) from None
        yield Row(where, word, b" ".join(fields))


def _matches(file: io.BufferedReader, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Word, quoted, and numbers of each entry."""
    buffer, offset, number, more, opened = b"", 0, 1, True, False
    while True:
        if entry := _ROW.match(buffer, offset) if opened else None:
            yield entry[1], entry[2]
            offset, number = entry.end(), number + 1
            if entry[3] == b"}":
                if (buffer[offset:] + get(file.read, 64, path, "end of file")).strip():
                    given, todo = "more bytes follow the closing brace", "keep one object"
                    raise fault(path, f"entry {number:,}", given, "the end of the file", todo)
                return
            continue
        if not more:
            if re.fullmatch(rb"\s*\{\s*\}\s*", buffer[offset:]):
                return
            given = f"{buffer[offset:][:60]!r}" if buffer[offset:].strip() else "the file ends here"
            todo = "copy the file again if it was cut short, else mend this entry"
            raise fault(path, f"entry {number:,}", given, _EXPECTED, todo)
        read = get(file.read, max(READ_BYTES, 64), path, f"entry {number:,}")
        buffer, offset, more = buffer[offset:] + read, 0, bool(read)
        if len(buffer) > MAX_LINE:
            more = False  # no entry is that long: what stands here is none
        if not opened and (start := re.match(rb'\s*\{(?=\s*")', buffer)):
            offset, opened = start.end(), True
