"""Files to documents: text, JSON lines, parquet, packed or not; an error for each that is wrong."""

import bz2
import codecs
import gzip
import io
import itertools
import json
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown, expect_file, expect_one_of, nearest

_KINDS = (".txt", ".jsonl", ".parquet")
_TABLES = {".csv": ",", ".tsv": "\t"}  # where they are named: in a folder they lie beside texts
_BLOCK = 1 << 20  # bytes read at a time
_MAX_LINE = 1 << 28  # characters; no line is longer
MAX_RATIO = 500  # text packs to a fifth, rows of zeros to a hundredth
_SMALL = 1 << 26  # bytes that any packed file may hold
CUT_SHORT = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)
_CLOSED = (RuntimeError, NotImplementedError)  # a zip with a password, or of a rare method
_DOMAIN_FIELDS = ("domain", "pile_set_name")  # of a row, or of its `meta` as in the Pile
BESIDE = {"title", "meta", *_DOMAIN_FIELDS}  # what else is read of a row
# UTF-32 first: its mark begins as that of UTF-16 does
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OTHERS = {  # how files begin that are taken for text or vectors: what they are, what to do
    b"version https://git-lfs": ("a pointer of git-lfs", "fetch the file by `git lfs pull`"),
    b"\xba\x16O/": ("a fastText model", "take the .vec beside it"),
    b"PK\x03\x04": ("a zip", "unpack it"),
    b"PAR1": ("a parquet file", "give it the ending .parquet"),
    b"%PDF": ("a PDF", "save its text as .txt"),
    b"\x93NUMPY": ("an array of numpy, without words", "save vectors with their words"),
    b"\x89HDF": ("an HDF5 file", "save what it holds as text"),
}


@dataclass(frozen=True, repr=False)
class Document(Shown):
    """One text on its way into a corpus; `text` may come in pieces that cut it anywhere."""

    title: str
    text: str | Iterable[str]
    source: str
    domain: str = "file"
    n_repeats_removed: int = 0

    @property
    def whole(self) -> str:
        """The text in one piece."""
        return self.text if isinstance(self.text, str) else "".join(self.text)


def _open_zip(file: Path, mode: str) -> IO[bytes]:
    """The one file inside a zip archive."""
    archive = zipfile.ZipFile(file)
    if len(names := archive.namelist()) != 1:
        given = f"{file} holds {len(names)} files"
        raise InputError(f"{given}: expected one; unpack it into a folder and name that")
    return archive.open(names[0])


_PACKED: dict[str, tuple[re.Pattern[bytes], Callable]] = {  # how it begins, and what opens it
    ".gz": (re.compile(rb"\x1f\x8b"), gzip.open),
    ".bz2": (re.compile(rb"BZh[1-9]1AY&SY"), bz2.open),
    ".xz": (re.compile(rb"\xfd7zXZ"), lzma.open),
    ".zip": (re.compile(rb"PK\x03\x04"), _open_zip),
}


def open_bytes(file: Path) -> io.BufferedReader:
    """The bytes of a file, unpacked where its first ones say that it is packed."""
    with open(file, "rb") as stream:
        start = stream.read(16)
    for mark, unpack in _PACKED.values():
        if mark.match(start):
            return unpack(file, "rb")
    return open(file, "rb")


def expect_plausible(file: Path, n_bytes: int) -> None:
    """Raise InputError where a file unpacks to more bytes than text or numbers can."""
    if n_bytes > max(_SMALL, MAX_RATIO * file.stat().st_size):
        given = f"{file} unpacks to more than {n_bytes:,} bytes, {MAX_RATIO} times its own size"
        then = "unpack it yourself if it is what you want"
        raise InputError(f"{given}: expected text or numbers; {then}")


def expect_no_other(file: Path, start: bytes, expected: str) -> None:
    """Raise InputError where the first bytes of a file are those of another kind of file."""
    for mark, (what, then) in _OTHERS.items():
        if start.startswith(mark):
            raise InputError(f"{file} is {what}: expected {expected}; {then}")


def files(path: Path) -> list[Path]:
    """The text files that `path` means: itself, or all of a folder, at any depth, sorted."""
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.is_file() and kind(p) in _KINDS)
        if not paths:
            wanted = ".txt, .jsonl or .parquet files (also packed)"
            then = "name a folder that does, or one file"
            raise InputError(f"the folder {path} holds no text: expected {wanted}; {then}")
        return paths
    if kind(path) not in (*_KINDS, *_TABLES, ""):
        wanted = ".txt, .jsonl, .parquet, .csv or .tsv, plain or packed as .gz, .bz2, .xz or .zip"
        then = "convert it, or rename it if it is plain text"
        raise InputError(f"{path} ends in {path.suffix!r}: expected {wanted}; {then}")
    return [path]


def fingerprint(path: Path) -> list[list]:
    """Name, size and sha256 of each file that `path` means, for the key of what they become."""
    base = path if path.is_dir() else path.parent
    names = ((file.relative_to(base).as_posix(), file) for file in files(path))
    return [[name, file.stat().st_size, store.file_sha256(file)] for name, file in names]


def documents(path: Path, *, field: str = "text") -> Iterator[Document]:
    """The documents of a file or folder: a text file, a line of .jsonl, a row of .parquet each."""
    base = path if path.is_dir() else path.parent
    for file in files(path):
        title = file.name.split(".")[0] if path.is_dir() else ""
        for row in rows(file, field, title):
            yield replace(row, source=file.relative_to(base).as_posix(), domain="file")


def rows(file: Path, field: str = "text", title: str = "") -> Iterator[Document]:
    """The texts of one file, each with the domain that its row names, "" where it names none.

    title: of a text file, which is one row. Empty cells are passed over with a warning.
    """
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty (0 bytes): expected text; remove it or fetch it again")
    if kind(file) not in (".jsonl", ".parquet", *_TABLES):
        yield Document(title, pieces(file), "", "")
        return
    yield from filled(str(file), records(file, field), field)


def filled(place: str, rows: Iterable[tuple[int, dict]], field: str) -> Iterator[Document]:
    """The texts of numbered rows as `rows` gives them, with the `id` of a row as its source."""
    empty, number = [], 0
    for number, record in rows:
        text = record.get(field)
        if field in record and not text:
            empty.append(number)
        if isinstance(text, str):
            name = record.get("id")
            labels = ("" if name is None else str(name), _domain(record))
            yield Document(str(record.get("title") or ""), text, *labels)
        elif text is not None or field not in record:
            given = f"no text in field {field!r} (fields {', '.join(map(repr, record))})"
            then = "expected a string there; name the right one with field=..."
            raise InputError(f"{place}, line {number}: {given}; {then}")
    if empty:
        given = f"{place}: {len(empty):,} of {number:,} rows have no text in {field!r}"
        warnings.warn(f"{given}, such as row {empty[0]:,}: they are left out", stacklevel=2)


def _domain(record: dict) -> str:
    """The domain that a row names, "" where it names none."""
    meta = record.get("meta")
    if isinstance(meta, str):  # the Pile's fields as one string, as some copies have them
        meta = dict(re.findall(r"[\"'](\w+)[\"']: *[\"']([^\"']+)", meta))
    for name in _DOMAIN_FIELDS:
        for holder in (record, meta):
            domain = holder.get(name) if isinstance(holder, dict) else None
            if isinstance(domain, str | int) and str(domain).strip():
                return str(domain)
    return ""


def pieces(file: Path) -> Iterator[str]:
    """The text of a file, unpacked and decoded, in pieces of about a megabyte.

    It is UTF-8, or what a mark at its beginning says; the mark is no text.
    """
    with _whole(file), open_bytes(file) as stream:
        start, n_bytes = stream.peek(1024), 0
        expect_text(file, start)
        encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "")
        decoder = codecs.getincrementaldecoder(encoding or "utf-8-sig")()
        for block in itertools.chain(iter(lambda: stream.read(_BLOCK), b""), (b"",)):
            held = len(decoder.getstate()[0])  # bytes of a character cut by the block's end
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                at = n_bytes - held + error.start
                byte = f"byte {at:,} is 0x{error.object[error.start]:02x} ({error.reason})"
                todo = "convert it, for example with `iconv -f latin1 -t utf-8`"
                name, todo = (encoding.upper(), "copy it again") if encoding else ("UTF-8", todo)
                given = f"{file} is not {name} text: {byte}"
                raise InputError(f"{given}; expected {name}; {todo}") from None
            n_bytes += len(block)
            expect_plausible(file, n_bytes)
            if text:
                yield text


def expect_text(file: Path, start: bytes, expected: str = "text") -> None:
    """Raise InputError where a file begins as one of another kind does, or has bytes of no text."""
    expect_no_other(file, start, expected)
    if start.startswith(tuple(_MARKS)) or start.count(0) <= len(start) // 10:
        return
    halves = start[::2].count(0), start[1::2].count(0)
    if max(halves) <= 2 * min(halves):
        raise InputError(f"{file} is binary, no text: expected UTF-8; name another file")
    encoding = "utf-16be" if halves[0] > halves[1] else "utf-16le"
    given = f"{file} looks like UTF-16 without a mark that says so"
    raise InputError(f"{given}: expected UTF-8; convert it with `iconv -f {encoding} -t utf-8`")


@contextmanager
def _whole(file: Path) -> Iterator[None]:
    """Turns what a library says of a packed file that is damaged into an InputError."""
    try:
        yield
    except (*CUT_SHORT, *_CLOSED, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the machine's, not the file's
            raise
        given = f"{file} cannot be unpacked ({error}): expected a whole {file.suffix} file"
        then = "this one is cut short or damaged; fetch or pack it again"
        raise InputError(f"{given}, {then}") from None


def lines(file: Path) -> Iterator[str]:
    """The lines of a file without their ends, "\\n" or "\\r\\n"; nothing else ends a line."""
    rest = ""
    for piece in pieces(file):
        *whole, rest = (rest + piece).split("\n")
        yield from (line.removesuffix("\r") for line in whole)
        if len(rest) > _MAX_LINE:
            given = f"{file} has a line of more than {_MAX_LINE:,} characters"
            raise InputError(f"{given}: expected shorter ones; break it up")
    if rest:
        yield rest.removesuffix("\r")


def parse_json(text: str, where: str) -> dict:
    """The object in a JSON text; InputError where it is none, or nested too deeply to be read."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        at = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        said = f"{where}: not JSON ({getattr(error, 'msg', reason)}{at})"
        raise InputError(f"{said}; expected one object; mend it") from None
    if not isinstance(record, dict):
        given = f"{where}: found {text.strip()[:60]!r}"
        raise InputError(f'{given}; expected one object, {{"name": value, ...}}; mend it')
    return record


def json_lines(file: Path) -> Iterator[tuple[int, dict]]:
    """Number and object of each line of a .jsonl file; blank lines are passed over."""
    for number, line in enumerate(lines(file), start=1):
        if line.strip():
            yield number, parse_json(line, f"{file}, line {number}")


def table(
    path: str | Path, needed: Sequence[str] = (), then: str = "", **options: Any
) -> pd.DataFrame:
    """The table of a .csv or .tsv file, by the `options` of `pandas.read_csv`, or of a .parquet.

    needed: columns that it has to have. then: what to do where it lacks one, which is an error.
    """
    path = expect_file("table", path, "a .csv, .tsv or .parquet file")
    if kind(path) == ".parquet":
        cells = pd.DataFrame([fields for _, fields in records(path)])
    else:
        text = "".join(pieces(path))
        how = {"sep": "\t"} if kind(path) == ".tsv" else {}
        try:
            cells = pd.read_csv(io.StringIO(text), **how | options)
        except ValueError as error:  # pandas' own errors are
            given = f"{path} is not the table that was expected ({error})"
            then = "a line of names and rows of as many cells; mend it, or name another file"
            raise InputError(f"{given}: expected {then}") from None
    if missing := [name for name in needed if name not in cells]:
        names = list(map(str, cells))
        given = f"{path} has the columns {', '.join(names)[:200]}; expected {', '.join(needed)}"
        raise InputError(f"{given}: {then or nearest(missing[0], names[:20])}")
    return cells


def numbers(path: str | Path, index: str) -> pd.DataFrame:
    """The table of a .csv file with numbers in all columns but `index`, which names the rows."""
    cells = table(path, (index,)).set_index(index)
    words = [name for name in cells if cells[name].dtype.kind not in "bif"]
    if words or cells.index.has_duplicates:
        twice = f"{index} {cells.index[cells.index.duplicated()][:1].tolist()} comes twice"
        given = f"column {words[0]!r} holds words" if words else twice
        raise InputError(f"{path}: {given}; expected numbers, and each {index} once: mend it")
    return cells


def kind(path: Path) -> str:
    """`.txt`, `.jsonl`, ...: the ending of a file's name without the ending of its packing."""
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


def records(file: Path, field: str = "") -> Iterator[tuple[int, dict]]:
    """Number and fields of each row of a .jsonl, .parquet, .csv or .tsv file.

    field: read of a .parquet file no more than its text, and what `rows` looks at beside it.
    """
    if kind(file) == ".jsonl":
        yield from json_lines(file)
        return
    if kind(file) in _TABLES:
        cells = table(file, dtype=str, keep_default_na=False)
        yield from enumerate(cells.to_dict("records"), start=1)
        return
    import pyarrow as pa
    from pyarrow import parquet

    try:
        whole = parquet.ParquetFile(file)
        columns = _columns(file, whole.schema_arrow, field) if field else None
        batches = whole.iter_batches(batch_size=1024, columns=columns)
        cells = (record for batch in batches for record in batch.to_pylist())
        for number, record in enumerate(cells, start=1):
            yield number, record | ({field: record[field] or None} if field else {})
    except (pa.ArrowException, OSError) as error:
        given = f"{file} is not a whole parquet file ({str(error).splitlines()[0]})"
        raise InputError(f"{given}: expected one; write or fetch it again") from None


def _columns(file: Path, schema: Any, field: str) -> list[str]:
    """The columns to read of a parquet file: the text, and what `rows` looks at beside it."""
    import pyarrow as pa

    expect_one_of(f"field of {file}", field, schema.names)
    held = schema.field(field).type
    if not (pa.types.is_string(held) or pa.types.is_large_string(held)):
        given = f"{file}: column {field!r} holds {held}, not strings"
        raise InputError(f"{given}; name another with field=...")
    return [field, *BESIDE & set(schema.names) - {field}]
