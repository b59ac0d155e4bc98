"""Heavy results on disk: content-addressed, checked, never half-written, safe to delete.

An artefact is a folder `<home>/<kind>/<id>/` whose id is a hash of everything that defines its
content. It is written in `<id>.partial/`, sealed with a manifest of checksums, and put in place by
one rename, so a reader sees all of it or nothing. A killed writer leaves its `.partial` folder, and
the next one goes on from what lies there.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lmnotes.errors import InputError

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    import numpy as np

MANIFEST = "manifest.json"


def outputs_folder() -> Path:
    """The folder of runs: `$LMNOTES_OUTPUTS`, else `outputs/` of the checkout or of this folder."""
    if folder := os.environ.get("LMNOTES_OUTPUTS"):
        return Path(folder)
    checkout = Path(__file__).resolve().parent.parent
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "outputs"


def home() -> Path:
    """The folder of all artefacts: `$LMNOTES_HOME`, else `cache/` in the outputs folder."""
    folder = os.environ.get("LMNOTES_HOME")
    return Path(folder) if folder else outputs_folder() / "cache"


def content_id(value: object, length: int = 16) -> str:
    """`length` hex digits of the sha256 of a JSON-able value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(kind: str, key: Mapping) -> Path:
    """Where the artefact that `key` defines lies once it is built; it exists only when whole."""
    return home() / kind / content_id(key)


def build(kind: str, key: Mapping, write: Callable[[Path], None]) -> Path:
    """The folder of the artefact that `key` defines, written by `write(folder)` if it is not there.

    Args:
        kind: what it is, one word; the folder under `home()`.
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
    import filelock

    final = place(kind, key)
    final.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(final.with_name(final.name + ".lock")):
        if final.exists():
            fault = fault_of(final)
            if fault is None:
                return final
            aside = _set_aside(final)
            warnings.warn(
                f"artefact {final} is damaged ({fault}); set aside as {aside.name} and built anew",
                stacklevel=2,
            )
        partial = final.with_name(final.name + ".partial")
        partial.mkdir(exist_ok=True)
        write(partial)
        for stray in partial.rglob(".*.partial"):  # of a writer that was killed
            stray.unlink()
        _seal(partial, key)
        os.replace(partial, final)
    return final


def _seal(folder: Path, key: Mapping) -> None:
    """Write the manifest of a finished folder: its key, and size and sha256 of every file."""
    files = {
        path.relative_to(folder).as_posix(): {
            "n_bytes": path.stat().st_size,
            "sha256": file_sha256(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    text = json.dumps({"key": dict(key), "files": files}, indent=1, sort_keys=True, default=str)
    write_text(folder / MANIFEST, text)


def fault_of(folder: Path) -> str | None:
    """What is wrong with a sealed folder, or None."""
    try:
        files = json.loads((folder / MANIFEST).read_text())["files"]
    except (OSError, ValueError, KeyError):
        return "its manifest cannot be read"
    for name, entry in files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != entry["n_bytes"] or file_sha256(path) != entry["sha256"]:
            return f"{name} does not match its checksum"
    return None


def _set_aside(folder: Path) -> Path:
    """Rename a damaged folder to the first free `.corrupt-N` name beside it."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.corrupt-{number}")).exists():
        number += 1
    shutil.move(folder, aside)
    return aside


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
    partial = _beside(path)
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def put(path: Path, content: bytes) -> bool:
    """Whether this call put the file there; False where another writer was first.

    What is at `path` is never changed.
    """
    partial = _beside(path)
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # unlike a rename it fails where the name is taken
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if path.exists():
            return False
        os.rename(partial, path)
        return True
    finally:
        partial.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """A name beside a file that no other writer uses."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")


def write_text(path: Path, text: str) -> None:
    """Make this the text of a file, in one step."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def save_arrays(
    folder: str | Path, arrays: "Mapping[str, np.ndarray | None]", name: str, labels: Mapping
) -> Path:
    """Write arrays as .npy files, then labels as `name`.json, and return the folder.

    A folder that holds the labels is whole. What others have open by mmap stays as it is.
    """
    import numpy as np

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        if array is None:
            (folder / f"{key}.npy").unlink(missing_ok=True)
            continue
        with replacing(folder / f"{key}.npy") as partial, open(partial, "wb") as file:
            np.save(file, array)
    text = json.dumps(labels, ensure_ascii=False, default=_plain)
    write_text(folder / f"{name}.json", text)
    return folder


def open_arrays(folder: str | Path, keys: Iterable[str], name: str) -> dict:
    """The labels of a folder by `save_arrays`, and those of its arrays that it has, by mmap."""
    import numpy as np

    folder = Path(folder)
    try:
        labels = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder}: {name}.json is missing or cannot be read ({error}); expected a folder that "
            "was written by `save`; give that, or write it again"
        ) from error
    paths = {key: folder / f"{key}.npy" for key in keys}
    arrays = {k: np.load(path, mmap_mode="r") for k, path in paths.items() if path.exists()}
    return labels | arrays


def _plain(value: object) -> object:
    """A numpy number or array, or a path, as JSON has it."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
