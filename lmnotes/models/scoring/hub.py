"""A model's files on a hub: what loading reads, how large it is, and what lies in the cache here.

The cache is the hub's own client's. `fetch` brings one commit's files into it, so that nothing of
another commit is loaded beside them, and loading asks the hub nothing more.
"""

import glob
import json
import math
import re
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lmnotes import store
from lmnotes.models.scoring import failures, forms
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.scoring.identity import DEFAULT_REVISION, Identity

# As `from_pretrained` looks for them: the first that is there is read, and what an index names.
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
# Beside them: settings, and what the tokenizers of `transformers` are saved as.
_SMALL = (
    r"(generation_|tokenizer_|adapter_)?config\.json|chat_template\.(jinja|json)|"
    r"additional_chat_templates/[^/]+\.jinja|"
    r"(added_tokens|special_tokens_map|tokenizer.*|tekken|vocab.*|.*_vocab)\.json|"
    r"(byte_maps|emoji|normalizer|word_.*)\.json|"
    r"(vocab|merges|dict)\.txt|bpe\.codes|[^/]+\.(model|spm|tiktoken|tokenizer)"
)
_AT_A_TIME = 8  # files, as the hub's own client does it


@dataclass(frozen=True)
class Files:
    """What loading a model reads, at one commit.

    sizes: bytes by name, weights last; n_cached: bytes that need not be fetched; n_parameters, as
    the hub counts them, or None; licence: "" where none is named.
    """

    commit: str
    sizes: Mapping[str, int]
    n_cached: int
    n_parameters: int | None = None
    licence: str = ""

    @property
    def n_bytes(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())


def files(who: Identity) -> Files:
    """What loading a model reads: of a hub as it is now, or where that gives nothing, of this disk.

    Raises ScoringFailure: `missing`, also for a repository without weights, `gated`, `network`.
    """
    return _files(who, keep=False)


def fetch(who: Identity) -> Path:
    """The folder, in the cache, of a hub model's commit, which is the folder's name.

    All that `files` names is in it then; what was there is not fetched again. Raises as `files`.
    """
    from huggingface_hub import hf_hub_download

    known, place = _files(who, keep=True), _place(who)
    weights = [name for name in known.sizes if not re.fullmatch(_SMALL, name)]
    with _saying_why(who), ThreadPoolExecutor(_AT_A_TIME) as pool:
        if known.commit != who.revision and commit_of(who) != known.commit:
            store.write_text(place / "refs" / who.revision, known.commit)  # `evict` goes by it
        bring = partial(hf_hub_download, who.model, revision=known.commit)
        list(pool.map(bring, known.sizes.keys() - weights))
        list(pool.map(bring, weights))  # last: where they are, all is
    return place / "snapshots" / known.commit


def _files(who: Identity, keep: bool) -> Files:
    """As `files`; `keep` puts what is read on the way into the cache."""
    from huggingface_hub import HfApi, constants

    if who.is_folder:
        return _files_in(Path(who.model), who)
    how = {"files_metadata": True, "timeout": constants.HF_HUB_ETAG_TIMEOUT}
    try:
        with _saying_why(who):
            info = HfApi().model_info(who.model, revision=who.revision, **how)
            there = {file.rfilename: file for file in info.siblings}
            names = _read_by_loading(who, there, partial(_text, who, info.sha, keep))
    except ScoringFailure:
        if not (commit := commit_of(who)):
            raise
        return _files_in(_place(who) / "snapshots" / commit, who)
    sizes = {name: there[name].size or 0 for name in names}
    etags = {name: (there[name].lfs or {}).get("sha256") or there[name].blob_id for name in names}
    held = [name for name in names if (_place(who) / "blobs" / etags[name]).is_file()]
    n_parameters = info.safetensors.total if info.safetensors else None
    licence = next((tag for tag in info.tags or () if tag.startswith("license:")), "")
    held_bytes = sum(sizes[name] for name in held)
    return Files(info.sha, sizes, held_bytes, n_parameters, licence.removeprefix("license:"))


def _files_in(folder: Path, who: Identity) -> Files:
    """As `files`, of a folder, or of the one file that a model is."""
    from safetensors import safe_open

    if folder.is_file():
        return Files("", {folder.name: folder.stat().st_size}, folder.stat().st_size)
    there = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    names = _read_by_loading(who, there, lambda name: (folder / name).read_text("utf-8"))
    sizes = {name: (folder / name).stat().st_size for name in names}
    n_parameters = 0
    for name in names:
        if name.endswith(".safetensors"):
            with safe_open(folder / name, "np") as file:
                shapes = [part.get_shape() for part in map(file.get_slice, file.keys())]
            n_parameters += sum(map(math.prod, shapes))
    commit = "" if who.is_folder else folder.name
    return Files(commit, sizes, sum(sizes.values()), n_parameters or None)


def _read_by_loading(who: Identity, there: Iterable[str], text: Callable[[str], str]) -> list[str]:
    """Those of a model's files that are read, weights last; `text` gives what is in one."""
    there = set(there)
    is_adapter = forms.ADAPTER in there and "config.json" not in there
    weights = [name for name in _ADAPTER_WEIGHTS if is_adapter and name in there][:1]
    weights = weights or [name for name in _WEIGHTS if name in there][:1]
    if weights and weights[0].endswith(".index.json"):
        weights += sorted(set(json.loads(text(weights[0]))["weight_map"].values()))
    lost = sorted({forms.ADAPTER if is_adapter else "config.json", *weights} - there)
    if lost or not weights:
        lacks = f"lacks {lost[0]}" if lost else "has no weights in safetensors or torch files"
        then = f"a model as save_pretrained() writes it: {failures.ADVICE['missing']}"
        raise ScoringFailure("missing", f"{who.id} {lacks}; expected {then}")
    return [*sorted(name for name in there if re.fullmatch(_SMALL, name)), *weights]


def _text(who: Identity, commit: str, keep: bool, name: str) -> str:
    """What is in a small file of a hub's model, at a commit."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    path = try_to_load_from_cache(who.model, name, revision=commit)
    with tempfile.TemporaryDirectory() as aside:
        if not isinstance(path, str):
            cache = None if keep else aside
            path = hf_hub_download(who.model, name, revision=commit, cache_dir=cache)
        return Path(path).read_text("utf-8")


@contextmanager
def _saying_why(who: Identity) -> Iterator[None]:
    """Gives what the hub's client raises its kind, and words of what to do."""
    try:
        yield
    except ScoringFailure:
        raise
    except Exception as error:
        if (kind := failures.classify(error)) not in ("missing", "gated", "network"):
            raise
        what = "revision" if "Revision" in type(error).__name__ else "model"
        given = {
            "missing": f"the hub has no such {what}, or hides it from this user",
            "gated": "its owner has not let this user in",
            "network": f"the hub did not give it ({' '.join(str(error).split())[:300]})",
        }
        raise ScoringFailure(kind, f"{who.id}: {given[kind]}; {failures.ADVICE[kind]}") from error


def _place(who: Identity, folder: Path | None = None) -> Path:
    """Where the cache holds what it has of a hub's model."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=who.model, repo_type="model")
    return Path(folder or constants.HF_HUB_CACHE) / name


def commit_of(who: Identity) -> str:
    """The commit that a hub model's revision stands for in the cache on disk, "" if not known."""
    if who.is_folder:
        return ""
    from huggingface_hub import try_to_load_from_cache

    for name in ("config.json", forms.ADAPTER):
        path = try_to_load_from_cache(who.model, name, revision=who.revision)
        if isinstance(path, str):
            return Path(path).parent.name
    return ""


def holds(who: Identity, folder: Path | None = None) -> bool:
    """Whether this revision of a hub model lies in the cache; never for a local folder."""
    return bool(_revisions(who, folder))


@contextmanager
def in_use(model: str, revision: str | None, folder: Path | None = None) -> Iterator[None]:
    """While this lasts, an `evict` of any process leaves the revision of a hub model alone."""
    import filelock

    place = _mark(model, revision or DEFAULT_REVISION, folder)
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
