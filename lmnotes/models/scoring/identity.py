"""Which model is meant: a hub id at a revision, or what a folder holds, wherever it lies."""

import glob
import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError

_DEFAULT_REVISION = "main"
_HEAD, _PIECE, _N_PIECES = 2**16, 2**12, 64  # bytes and pieces of a sample
# What training leaves beside the weights. Everything else counts: a file too many means that a
# model is scored again, a file too few that two models are taken for one.
_IGNORED_SUFFIXES = {".md", ".csv", ".png", ".svg", ".log", ".lock", ".tmp"}
_IGNORED_STARTS = (".", "optimizer", "scheduler", "rng_state", "trainer_state", "training_args")
# As the hub's own client has it, which refuses others with a traceback.
_HUB_ID = r"(?!.*(--|\.\.|\.git$))([\w\-][\w\-.]*/)?[\w\-][\w\-.]{0,95}(?<![-.])"


@dataclass(frozen=True)
class Identity:
    """A model as a ledger knows it.

    >>> Identity("gpt2", "gpt2", "main").id
    'gpt2@main'
    """

    name: str  # what tables and figures call it
    model: str  # what loads it: a hub id or the path of a folder
    revision: str  # asked of the hub; "content-..." for a folder

    @property
    def id(self) -> str:
        """One text for one set of weights: `name@revision`, without the name for a folder."""
        return self.revision if self.is_folder else f"{self.model}@{self.revision}"

    @property
    def hub_revision(self) -> str | None:
        """What to ask the hub for; None for a folder."""
        return None if self.is_folder else self.revision

    @property
    def is_folder(self) -> bool:
        """Whether it lies on this machine rather than on a hub."""
        return self.revision.startswith("content-")


def identify(
    model: str | Path | Mapping, revision: str | None = None, *, verify: bool = False
) -> Identity:
    """The identity of a model given as a folder, `id`, `id@revision`, or a mapping with `model`.

    A mapping may also hold `revision` and `name`; `verify` is of `content_of`. Raises InputError
    for what is neither a folder with a `config.json` nor shaped like a hub id.
    """
    name = ""
    if isinstance(model, Mapping):
        name = str(model.get("name") or "")
        model, revision = model["model"], model.get("revision") or revision
    text = str(model)
    if text and Path(text).is_dir():
        if not (Path(text) / "config.json").is_file():
            wanted = "one with a config.json, as save_pretrained() writes it"
            then = "name the folder of the model itself"
            raise InputError(f"folder {text} was given as a model; expected {wanted}: {then}")
        folder = Path(text).resolve()
        return Identity(name or folder.name, str(folder), content_of(folder, verify))
    text, _, after = text.partition("@")
    if not re.fullmatch(_HUB_ID, text):
        wanted = "a folder that is there, or a hub id such as EleutherAI/pythia-70m@step1000"
        raise InputError(f"model {str(model)!r} was given; expected {wanted}: check the path")
    revision = revision or after or _DEFAULT_REVISION
    short = "" if revision == _DEFAULT_REVISION else f"@{revision}"
    return Identity(name or text + short, text, revision)


def several(models: Iterable) -> list:
    """The models of a list; InputError for a single one, whose letters are no models."""
    if isinstance(models, str | Path | Mapping):
        given = f"{str(models)[:60]!r} was given for models, a single one"
        raise InputError(f"{given}; expected a list of them: put it in brackets")
    return list(models)


def places(models: pd.DataFrame) -> list[str]:
    """The folder of each model of a table, or its hub id in a table without folders."""
    return [str(place) for place in models["folder" if "folder" in models else "model"]]


def content_of(folder: Path, verify: bool = False) -> str:
    """`content-` and a hash of the files of a model folder: config, tokenizer and weights.

    A folder is read once; while sizes, times and samples of its files stay, the answer is
    remembered. With `verify` every byte is read again.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    files = [path for path in files if path.suffix.lower() not in _IGNORED_SUFFIXES]
    files = [path for path in files if not path.name.startswith(_IGNORED_STARTS)]
    state = [[p.name, p.stat().st_size, p.stat().st_mtime_ns, _sample(p)] for p in files]
    known = store.home() / "model-ids" / f"{store.content_id(str(folder))}.json"
    with suppress(OSError, ValueError, KeyError):
        remembered = store.read_json(known)
        if remembered["files"] == state and not verify:
            return remembered["id"]
    answer = "content-" + store.content_id({path.name: store.file_sha256(path) for path in files})
    with suppress(InputError):  # where nothing can be written it is read again
        store.write_json(known, {"folder": str(folder), "files": state, "id": answer})
    return answer


def _sample(path: Path) -> str:
    """A hash of a file's beginning, where safetensors have their header, and of pieces all over."""
    size, hashed = path.stat().st_size, hashlib.sha256()
    with open(path, "rb") as file:
        start = file.read(8)
        header = int.from_bytes(start, "little") if path.suffix == ".safetensors" else 0
        hashed.update(start + file.read(min(max(header, _HEAD), 2**24)))
        for place in range(file.tell(), size, max(size // _N_PIECES, _PIECE)):
            file.seek(place)
            hashed.update(file.read(_PIECE))
        file.seek(max(size - _PIECE, 0))
        hashed.update(file.read())
    return hashed.hexdigest()


def commit_of(identity: Identity) -> str:
    """The commit that a hub model's revision stands for in the cache on disk, "" if not known."""
    if identity.is_folder:
        return ""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(identity.model, "config.json", revision=identity.revision)
    return Path(path).parent.name if isinstance(path, str) else ""


def holds(who: Identity, folder: Path | None = None) -> bool:
    """Whether this revision of a hub model lies in the cache; never for a local folder."""
    return bool(_revisions(who, folder))


@contextmanager
def in_use(model: str, revision: str | None, folder: Path | None = None) -> Iterator[None]:
    """While this lasts, an `evict` of any process leaves the revision of a hub model alone."""
    import filelock

    place = _mark(model, revision or _DEFAULT_REVISION, folder)
    mark = place.with_name(f"{place.name}.{uuid.uuid4().hex}")
    with ExitStack() as stack:
        with suppress(OSError):  # a cache that cannot be written loses nothing
            place.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(mark.unlink, missing_ok=True)
            stack.enter_context(filelock.FileLock(mark))
            with filelock.FileLock(place):  # waits for one who is removing it
                pass
        yield


def evict(who: Identity, folder: Path | None = None) -> int:
    """The number of bytes freed by removing a hub model's revision from the cache.

    A local folder stays, as does what other revisions share and what is loaded just now (`in_use`).
    """
    if not (revisions := _revisions(who, folder)):
        return 0
    import filelock
    from huggingface_hub import scan_cache_dir

    place = _mark(who.model, who.revision, folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(place):
        names = {who.revision}.union(*({r.commit_hash, *r.refs} for r in revisions))
        begins = [glob.escape(_mark(who.model, name, folder).name) for name in names]
        marks = [mark for begin in begins for mark in place.parent.glob(f"{begin}.*")]
        if any(map(_is_held, marks)):
            return 0
        plan = scan_cache_dir(folder).delete_revisions(*(r.commit_hash for r in revisions))
        plan.execute()
    return plan.expected_freed_size


def _mark(model: str, revision: str, folder: Path | None) -> Path:
    """The lock of a revision, beside the hub's own; names that begin with it are of its users."""
    from huggingface_hub.constants import HF_HUB_CACHE

    name = f"{model}@{revision}".replace("/", "--")
    return Path(folder or HF_HUB_CACHE) / ".locks" / "lmnotes" / name


def _is_held(mark: Path) -> bool:
    """Whether a process that lives holds a lock; the mark of a dead one is removed."""
    import filelock

    with suppress(filelock.Timeout), filelock.FileLock(mark, timeout=0):
        mark.unlink(missing_ok=True)
    return mark.exists()


def _revisions(who: Identity, folder: Path | None) -> list:
    """The hub's own record of a model's revision in the cache, or nothing."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    with suppress(CacheNotFound):
        known = [] if who.is_folder else scan_cache_dir(folder).repos
        repositories = [r for r in known if (r.repo_id, r.repo_type) == (who.model, "model")]
        revisions = [revision for repository in repositories for revision in repository.revisions]
        return [r for r in revisions if who.revision in {r.commit_hash, *r.refs}]
    return []
