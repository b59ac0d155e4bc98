"""Named downloads: where they come from, what they hash to, what to do without a network.

Their table is downloads.csv beside this file. It has no fact without a source; none of its
checksums was computed here.
"""

import csv
import hashlib
import shutil
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of, nearest
from lmnotes.text import fetching

_LONGEST = 255  # characters of a file's name; what is longer is a text that was given for one


@dataclass(frozen=True)
class Download:
    """One named file: its address, the checksums of the files that hold it, and who made it."""

    url: str
    kind: str  # text, vectors, dictionary or matrix: what reads it
    # file name -> "algorithm:hex", "" where none is known; the first of them that is there is taken
    checksums: dict[str, str]
    about: str
    licence: str = "unknown"
    n_bytes: int | None = None  # of what is downloaded, rounded where its authors do
    member: str = ""  # the file that is taken out of the archive at the address


def _table() -> dict[str, Download]:
    with open(Path(__file__).with_suffix(".csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {}
    for row in rows:
        others = (other.partition("=") for other in row["other_files"].split())
        checksums = {name: checksum for name, _, checksum in others}
        checksums = {row["url"].rpartition("/")[2]: row["checksum"]} | checksums
        licence, n_bytes = row["licence"] or "unknown", int(row["n_bytes"] or 0) or None
        what = row["url"], row["kind"], checksums, row["about"]
        table[row["name"]] = Download(*what, licence, n_bytes, row["member"])
    return table


DOWNLOADS = _table()


def folder() -> Path:
    """Where downloads are kept, and where a file fetched by hand belongs."""
    return store.home() / "downloads"


def resolve(source: str | Path) -> tuple[Path, str]:
    """Path and short name of a text, from a path or the name of a download, which is fetched.

    A file or folder of that name comes first, then the table of downloads. Raises InputError where
    there is neither.
    """
    name = str(source)
    names = ["installed", *(name for name, known in DOWNLOADS.items() if known.kind == "text")]
    is_path = isinstance(source, str | Path) and max(map(len, name.split("/"))) <= _LONGEST
    if not is_path or name.strip() in ("", "."):
        given = f"the text {repr(source)[:60]} was asked for: expected one of {', '.join(names)}"
        then = "give it, or a list of texts"
        raise InputError(f"{given}, or the path of a file or folder; {then}")
    path = Path(source).expanduser()
    if path.exists():
        return path, path.name.split(".")[0] or path.name
    if name in names:
        return fetch(name), name
    if path.suffix or len(path.parts) > 1:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        given = f"{source} does not exist: expected a file or folder, or one of {', '.join(names)}"
        then = nearest(path.name, beside)
        raise InputError(f"{given}; the folder {path.parent.absolute()} was looked at: {then}")
    wanted = f"{', '.join(names)} or the path of a file or folder"
    raise InputError(f"no text is called {name!r}: expected {wanted}; {nearest(name, names)}")


def local(source: str | Path) -> Path:
    """The path itself, or the file of the download of that name where no such path exists."""
    path = Path(source).expanduser()
    return fetch(str(source)) if str(source) in DOWNLOADS and not path.exists() else path


def fetch(name: str) -> Path:
    """The checked file of a named download: one that is there, by hand or not, else a fresh one.

    A file with another checksum is set aside, with a warning, and never used. Raises InputError
    where there is no such name, or where its file cannot be had.
    """
    expect_one_of("download", name, DOWNLOADS)
    download = DOWNLOADS[name]
    file = folder() / download.url.rpartition("/")[2]
    names = dict.fromkeys([download.member or file.name, *download.checksums])
    places = [folder() / name for name in names if (folder() / name).is_file()]
    for place in places:
        if not (wrong := _set_aside(place, download.checksums[place.name])):
            return _unpacked(place, download.member)
        warnings.warn(f"{wrong}; another is looked for", stacklevel=2)
    fetching.fetch(download.url, file)
    if wrong := _set_aside(file, download.checksums[file.name]):
        given = f"{download.url} holds something else than {name!r}: {wrong}"
        raise InputError(f"{given}; put the right {file.name} at {file}")
    return _unpacked(file, download.member)


def listing() -> list[tuple[str, ...]]:
    """Columns of text under their names: every download, and whether it is there."""
    rows: list[tuple[str, ...]]
    rows = [("name", "kind", "size", "licence", "checksum", "there", "address")]
    for name, download in DOWNLOADS.items():
        file = download.url.rpartition("/")[2]
        size = f"{download.n_bytes / 1e6:,.0f} MB" if download.n_bytes else "unknown"
        checksum = download.checksums[file][:19] or "unknown"
        there = [name for name in download.checksums if (folder() / name).is_file()]
        partial = folder() / f"{file}.partial"
        part = f"{partial.stat().st_size / 1e6:,.0f} MB of it" if partial.exists() else "no"
        state = there[0] if there else part
        rows.append((name, download.kind, size, download.licence, checksum, state, download.url))
    return rows


def _set_aside(file: Path, checksum: str) -> str:
    """What is wrong with a file that has been set aside for it; "" for one that is right, or whose
    checksum is not known."""
    algorithm, _, expected = checksum.partition(":")
    if not checksum:
        return ""
    with open(file, "rb") as stream:
        digest = hashlib.file_digest(stream, algorithm).hexdigest()
    if digest == expected:
        return ""
    given = f"{file} ({file.stat().st_size:,} bytes) has {algorithm} {digest}"
    with store.writing(file):
        aside = store.set_aside(file, "wrong")
    why = "it is another file, or was cut short"
    return f"{given}, expected {expected}: {why}, and was set aside as {aside.name}"


def _unpacked(file: Path, member: str) -> Path:
    """The file, or the member of the archive that it is, taken out of it once."""
    if not member or file.name == member:
        return file
    place = file.with_name(member)
    with (
        store.replacing(place) as partial,
        zipfile.ZipFile(file) as archive,
        archive.open(member) as packed,
        open(partial, "wb") as plain,
    ):
        shutil.copyfileobj(packed, plain)
    return place
