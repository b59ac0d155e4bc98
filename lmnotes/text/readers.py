"""Files to documents: text, JSON lines, parquet, packed or not; an error for each that is wrong."""

import bz2
import codecs
import gzip
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of

_KINDS = (".txt", ".jsonl", ".parquet")
_BLOCK = 1 << 20  # bytes read at a time
_CUT_SHORT = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)


@dataclass(frozen=True)
class Document:
    """One text on its way into a corpus; `text` may come in pieces that cut it anywhere."""

    title: str
    text: str | Iterable[str]
    source: str
    domain: str = "file"
    n_repeats_removed: int = 0


def _open_zip(file: Path, mode: str):
    """The one file inside a zip archive."""
    archive = zipfile.ZipFile(file)
    if len(names := archive.namelist()) != 1:
        raise InputError(
            f"{file} holds {len(names)} files: expected one; unpack it into a folder and name that"
        )
    return archive.open(names[0])


_PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zip": _open_zip}


def files(path: Path) -> list[Path]:
    """The text files that `path` means: itself, or all of a folder, at any depth, sorted."""
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p) in _KINDS)
        if not paths:
            raise InputError(
                f"the folder {path} holds no text: expected .txt, .jsonl or .parquet files (also "
                "packed); name a folder that does, or one file"
            )
        return paths
    if _kind(path) not in (*_KINDS, ""):
        raise InputError(
            f"{path} ends in {path.suffix!r}: expected .txt, .jsonl or .parquet, plain or packed "
            "as .gz, .bz2, .xz or .zip; convert it, or rename it if it is plain text"
        )
    return [path]


def fingerprint(path: Path) -> list[list]:
    """Name, size and sha256 of each file that `path` means, for the key of what they become."""
    base = path if path.is_dir() else path.parent
    return [
        [file.relative_to(base).as_posix(), file.stat().st_size, store.file_sha256(file)]
        for file in files(path)
    ]


def documents(path: Path, *, field: str = "text") -> Iterator[Document]:
    """The documents of a file or folder: a text file, a line of .jsonl, a row of .parquet each."""
    base = path if path.is_dir() else path.parent
    for file in files(path):
        source = file.relative_to(base).as_posix()
        if file.stat().st_size == 0:
            raise InputError(
                f"{file} is empty (0 bytes): expected text; remove it or fetch it again"
            )
        kind = _kind(file)
        if kind == ".jsonl":
            rows = _jsonl(file, field)
        elif kind == ".parquet":
            rows = _parquet(file, field)
        else:
            rows = [(file.name.split(".")[0] if path.is_dir() else "", pieces(file))]
        for title, text in rows:
            yield Document(title, text, source)


def pieces(file: Path) -> Iterator[str]:
    """The text of a file, unpacked and decoded, in pieces of about a megabyte."""
    decoder, n_bytes = codecs.getincrementaldecoder("utf-8-sig")(), 0
    for block in (*_bytes(file), b""):
        held = len(decoder.getstate()[0])  # bytes of a character cut by the block's end
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = n_bytes - held + error.start
            raise InputError(
                f"{file} is not UTF-8 text: byte {at:,} is 0x{error.object[error.start]:02x} "
                f"({error.reason}); expected UTF-8; convert it, for example with "
                "`iconv -f latin1 -t utf-8`"
            ) from None
        n_bytes += len(block)
        if text:
            yield text


def _kind(path: Path) -> str:
    """`.txt`, `.jsonl`, ...: the ending of a file's name without the ending of its packing."""
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


def _bytes(file: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked where its name says that it is packed, in blocks."""
    opened = _PACKED.get(file.suffix.lower(), open)
    try:
        with opened(file, "rb") as stream:
            while block := stream.read(_BLOCK):
                yield block
    except (*_CUT_SHORT, OSError) as error:
        if opened is open and not isinstance(error, _CUT_SHORT):
            raise
        raise InputError(
            f"{file} cannot be unpacked ({error}): expected a whole {file.suffix} file, this one "
            "is cut short or damaged; fetch or pack it again"
        ) from None


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file, without their ends; only "\\n" ends a line."""
    rest = ""
    for piece in pieces(file):
        *whole, rest = (rest + piece).split("\n")
        yield from whole
    if rest:
        yield rest


def _jsonl(file: Path, field: str) -> Iterator[tuple[str, str]]:
    """Title and text of each line of a .jsonl file; blank lines are passed over."""
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{file}, line {number}: not JSON ({error.msg} at column {error.colno}); expected "
                "one object a line; mend or remove the line"
            ) from None
        if not isinstance(row, dict) or not isinstance(row.get(field), str):
            has = f"fields {', '.join(map(repr, row))}" if isinstance(row, dict) else "no fields"
            raise InputError(
                f"{file}, line {number}: no text in field {field!r} ({has}); expected a string "
                "there; name the right one with field=..."
            )
        yield str(row.get("title") or ""), row[field]


def _parquet(file: Path, field: str) -> Iterator[tuple[str, str]]:
    """Title and text of each row of a .parquet file; empty cells are passed over."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file)
        columns = _columns(file, table.schema_arrow, field)
        for batch in table.iter_batches(batch_size=1024, columns=columns):
            texts = batch.column(field).to_pylist()
            titles = batch.column("title").to_pylist() if "title" in columns else [""] * len(texts)
            for title, text in zip(titles, texts, strict=True):
                if text:
                    yield str(title or ""), text
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{file} is not a whole parquet file ({str(error).splitlines()[0]}): expected one; "
            "write or fetch it again"
        ) from None


def _columns(file: Path, schema, field: str) -> list[str]:
    """The columns to read of a parquet file: the text, and the title where there is one."""
    import pyarrow as pa

    expect_one_of(f"field of {file}", field, schema.names)
    kind = schema.field(field).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(
            f"{file}: column {field!r} holds {kind}, not strings; name another with field=..."
        )
    return [field, "title"] if "title" in schema.names and field != "title" else [field]
