"""Heavy results on disk: content-addressed, checked, never half-written, safe to delete.

An artefact is a folder `<home>/<kind>/<id>/` whose id is a hash of everything that defines its
content. It is written in `<id>.partial/`, sealed with a manifest of checksums, and put in place by
one rename, so a reader sees all of it or nothing. A killed writer leaves its `.partial` folder, and
the next one goes on from what lies there. What is whole is read without a lock or a write.
"""

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import tempfile
import uuid
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from lmnotes import times
from lmnotes.errors import InputError

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    import numpy as np

MANIFEST = "manifest.json"
RESUMED = ("training.pt", "resume.npz")  # what a killed training goes on from, in its folder
_FULL = re.compile("no space (is )?left|quota exceeded|requested and [0-9]+ written", re.IGNORECASE)
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_START = os.path.abspath(os.curdir)
_ABOVE, _NOTEBOOKS = Path(__file__).resolve().parents[1], "notebooks/cards"
CHECKOUT = _ABOVE if (_ABOVE / _NOTEBOOKS).is_dir() else None


def outputs_folder() -> Path:
    """The folder of runs: `$LMNOTES_OUTPUTS`, else `outputs/` of the project folder."""
    return named_by("LMNOTES_OUTPUTS") or project_folder() / "outputs"


def home() -> Path:
    """The folder of all artefacts: `$LMNOTES_HOME`, else in a checkout `cache/` of the outputs
    folder, and this user's cache folder where the package is installed without one."""
    if folder := named_by("LMNOTES_HOME"):
        return folder
    return outputs_folder() / "cache" if CHECKOUT else platformdirs.user_cache_path("lmnotes")


def project_folder() -> Path:
    """The nearest folder with `notebooks/`, this one or above; else the checkout, else this one."""
    start = Path(_START)
    near = (folder for folder in (start, *start.parents) if (folder / _NOTEBOOKS).is_dir())
    return next(near, CHECKOUT or start)


def named_by(variable: str) -> Path | None:
    """The folder that a variable names, made absolute there too: for children that start elsewhere,
    and for this process when it changes its folder."""
    if given := os.environ.get(variable):
        given = os.environ[variable] = os.path.join(_START, os.path.expanduser(given))
    return Path(given) if given else None


def content_id(value: object, length: int = 16) -> str:
    """`length` hex digits of the sha256 of a JSON-able value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(kind: str, key: Mapping, root: str | Path | None = None) -> Path:
    """Where the artefact that `key` defines lies once it is built; it exists only when whole."""
    return (Path(root) if root else home()) / kind / content_id(key)


def build(
    kind: str,
    key: Mapping,
    write: Callable[[Path], None],
    root: str | Path | None = None,
) -> Path:
    """The folder of the artefact that `key` defines, written by `write(folder)` if it is not there.

    Args:
        kind: what it is, one word; the folder under `root`, by default `home()`.
        key: everything that defines the content, as JSON-able values.
        write: fills the folder that it is given. After a kill it is called again with what it had
            left there, so a long job can keep checkpoints in the folder; it removes them itself
            when it ends.

    An artefact whose files differ from their checksums is set aside as `<id>.corrupt-N`, with a
    warning, and built anew. A second process that wants the same artefact waits for the first.

    >>> import tempfile
    >>> from unittest.mock import patch
    >>> def write(folder):
    ...     _ = (folder / "text").write_text("hello")
    >>> with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, LMNOTES_HOME=home):
    ...     path = build("greeting", {"to": "reader"}, write)
    ...     (path / "text").read_text()
    'hello'
    """
    final = place(kind, key, root)
    if final.is_dir() and fault_of(final) is None:
        times.note("reused", name=f"{kind}/{final.name}")
        return final
    with locked(final.with_name(final.name + ".lock")):
        if final.exists():
            if (fault := fault_of(final)) is None:
                return final
            given = f"artefact {final} is damaged ({fault})"
            aside = set_aside(final, "corrupt")
            warnings.warn(f"{given}; set aside as {aside.name} and built anew", stacklevel=2)
        if not _written(final, key, write):
            warnings.warn(f"{final} was deleted while it was written; once more", stacklevel=2)
            if not _written(final, key, write):
                given = f"{final} was deleted twice while it was written"
                raise InputError(f"{given}; expected a cache that stays: run again after that")
    return final


def set_aside(path: Path, why: str) -> Path:
    """Where a file or folder lies that was moved out of the way, as `<name>.<why>-N`."""
    places = (path.with_name(f"{path.name}.{why}-{n}") for n in itertools.count(1))
    return Path(shutil.move(path, next(place for place in places if not place.exists())))


def shrink(kind: str, most: int) -> None:
    """Remove the oldest artefacts of a kind until the others take at most so many bytes."""
    kept = 0
    folders = [path for path in (home() / kind).glob("*/") if not path.suffix]
    with contextlib.suppress(FileNotFoundError):  # another process does the same
        for folder in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True):
            kept += size([folder])
            if kept > most:
                remove(folder)


def size(paths: Iterable[Path]) -> int:
    """The bytes of files, and of all in folders."""
    return sum(file.stat().st_size for file in with_files(paths) if file.is_file())


def with_files(paths: Iterable[Path]) -> list[Path]:
    """Paths, each with all that is below it."""
    return [file for path in paths for file in (path, *path.rglob("*"))]


def remove(path: Path) -> int:
    """The number of bytes freed by removing an artefact; 0 where a process has its lock."""
    import filelock

    lock = path.with_name(f"{path.name.partition('.')[0]}.lock")
    n_bytes = size([path])
    try:
        with filelock.FileLock(lock, timeout=0) if lock.exists() else contextlib.nullcontext():
            gone = path.with_name(f"{path.name}.gone.partial")  # no reader sees half of it
            os.replace(path, gone)
    except filelock.Timeout:
        return 0
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    return n_bytes


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; waits for who holds it, InputError where it cannot be written."""
    import filelock

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path).acquire()
    with lock:
        yield


def _written(final: Path, key: Mapping, write: Callable[[Path], None]) -> bool:
    """Whether the folder was written, sealed and put in place; False where it has vanished."""
    partial, mark = final.with_name(final.name + ".partial"), uuid.uuid4().hex
    with writing(partial):
        partial.mkdir(parents=True, exist_ok=True)
    try:
        (partial / MANIFEST).write_text(mark)  # where it is gone in the end, so may others be
        with times.measured("artefact", f"{final.parent.name}/{final.name}"):
            write(partial)
        if (partial / MANIFEST).is_file() and (partial / MANIFEST).read_text() == mark:
            for stray in partial.rglob(".*"):  # of a save that was killed: ours, safetensors's
                stray.unlink()
            _seal(partial, key)
            os.replace(partial, final)
            return True
    except Exception as error:
        if (partial / MANIFEST).exists():
            is_full = shutil.disk_usage(partial).free < 1 << 16  # not every library says it
            if not (is_full or _FULL.search(str(error))):
                raise
            if not any((partial / name).exists() for name in RESUMED):
                shutil.rmtree(partial, ignore_errors=True)
            raise InputError(_no_space(final)) from error
    return False


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one sentence why a path cannot be written: no room, not allowed, a file in its way."""
    try:
        yield
    except OSError as error:
        if _FULL.search(str(error)):
            raise InputError(_no_space(path)) from error
        what, why = f"{error.filename or path} is", error.strerror
        if error.errno in _REFUSED:
            then = "set LMNOTES_HOME or LMNOTES_OUTPUTS to one, or ask its owner"
            given = f"{what} closed to this user ({why}); expected a folder of its own: {then}"
        elif error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
            wanted = "a folder where there is a file, or the other way round"
            given = f"{what} not what belongs there ({why}); expected {wanted}: move it away"
        else:
            raise
        raise InputError(given) from error


def _no_space(path: Path) -> str:
    given = f"{path} could not be written: no space is left on its disk"
    then = "free some, or set LMNOTES_HOME to a folder on another disk, then run again"
    return f"{given}; expected room for it: {then}"


def _seal(folder: Path, key: Mapping) -> None:
    """Write the manifest of a finished folder: its key, and size and sha256 of every file."""
    files = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != MANIFEST:
            facts = {"n_bytes": path.stat().st_size, "sha256": file_sha256(path)}
            files[path.relative_to(folder).as_posix()] = facts
    text = json.dumps({"key": dict(key), "files": files}, indent=1, sort_keys=True, default=str)
    write_text(folder / MANIFEST, text)


def fault_of(folder: Path) -> str | None:
    """What is wrong with a sealed folder, or None; InputError where it is closed to this user."""
    with writing(folder):
        try:
            files = json.loads((folder / MANIFEST).read_text())["files"]
            sizes = {name: (entry["n_bytes"], entry["sha256"]) for name, entry in files.items()}
        except PermissionError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "its manifest cannot be read"
        for name, (n_bytes, checksum) in sizes.items():
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != n_bytes or file_sha256(path) != checksum:
                return f"{name} does not match its checksum"
    return None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write; it takes the place of `path` in one step, once it is whole.

    What a killed or failing writer leaves is never read; a failing one leaves nothing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "text") as partial:
    ...         _ = partial.write_text("hello")
    ...     (Path(folder) / "text").read_text(), len(os.listdir(folder))
    ('hello', 1)
    """
    with _beside(path) as partial:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)


def put(path: Path, content: bytes) -> bool:
    """Whether this call put the file there; False where another writer was first.

    What is at `path` is never changed.
    """
    with _beside(path) as partial:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)  # unlike a rename it fails where the name is taken
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if path.exists():
                return False
            os.rename(partial, path)
        return True


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside a file that no other writer on any machine uses, gone in the end."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)  # it may have been deleted meanwhile
            yield partial
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def sweep(partials: Iterable[Path], seconds: float) -> None:
    """Remove those files that nobody has written to for so long, by the clock of their disk."""
    partials = list(partials)
    with contextlib.suppress(OSError):
        if partials:
            with tempfile.TemporaryFile(dir=partials[0].parent) as now:
                end = os.fstat(now.fileno()).st_mtime - seconds
            for path in partials:
                if path.stat().st_mtime < end:
                    path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Make this the text of a file, in one step."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping) -> None:
    """Make this the content of a file, with a checksum of it; `read_json` gives it back."""
    plain = json.loads(json.dumps(dict(value), default=_plain))
    write_text(path, json.dumps(plain | {"sha256": content_id(plain, 64)}, indent=1))


def read_json(path: Path) -> dict:
    """What `write_json` wrote; OSError where it is gone, ValueError where it is another content.

    A file without a checksum, of an earlier version, is taken as it is.
    """
    value = json.loads(path.read_text(encoding="utf-8"))
    known = value.pop("sha256", None) if isinstance(value, dict) else ""
    if known not in (None, content_id(value, 64)):
        raise ValueError("it does not match its checksum")
    return value


def save_arrays(
    folder: str | Path, arrays: "Mapping[str, np.ndarray | None]", name: str, labels: Mapping
) -> Path:
    """Write arrays as .npy files, then labels as `name`.json, and return the folder.

    A folder that holds the labels is whole. What others have open by mmap stays as it is.
    """
    import numpy as np

    folder = Path(folder)
    for key, array in arrays.items():
        if array is None:
            (folder / f"{key}.npy").unlink(missing_ok=True)
            continue
        with replacing(folder / f"{key}.npy") as partial, open(partial, "wb") as file:
            np.save(file, array)
    write_text(folder / f"{name}.json", json.dumps(labels, ensure_ascii=False, default=_plain))
    return folder


@contextlib.contextmanager
def opening(folder: str | Path) -> Iterator[Path]:
    """The folder that a `save` wrote, while it is read; an InputError for whatever is wrong."""
    try:
        yield Path(folder)
    except (OSError, LookupError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).partition(" If you trust")[0]  # no advice to run what a pickle holds
        given = f"{folder} is no whole folder of `save` ({type(error).__name__}: {reason})"
        raise InputError(f"{given}; expected one: give that, or write it again") from error


def open_arrays(folder: str | Path, keys: Iterable[str], name: str) -> dict:
    """The labels of a folder by `save_arrays`, and those of its arrays that it has, by mmap; to be
    called inside `opening`."""
    import numpy as np

    folder = Path(folder)
    labels = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    paths = {key: folder / f"{key}.npy" for key in keys}
    return labels | {k: np.load(path, mmap_mode="r") for k, path in paths.items() if path.exists()}


def _plain(value: object) -> object:
    """A numpy number or array, or a path, as JSON has it."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
