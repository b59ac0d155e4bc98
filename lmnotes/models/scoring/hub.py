"""A model's files on a hub: what loading reads, how large it is, and what lies in the cache here.

The cache is the hub's own client's. `fetch` brings one commit's files into it, so that nothing of
another commit is loaded beside them, and loading asks the hub nothing more.
"""

import json
import math
import re
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
_LEFT_BEHIND_S = 3600
_AT_A_TIME = 8  # files, as the hub's own client does it
_ALL = "*"  # in place of a revision: `evict` waits while a file of any is put where it belongs


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
    from huggingface_hub import HfApi, constants

    if who.is_folder:
        return _files_in(Path(who.model), who)
    try:
        with _saying_why(who):
            how = {"files_metadata": True, "timeout": constants.HF_HUB_ETAG_TIMEOUT}
            info = HfApi().model_info(who.model, revision=who.revision, **how)
            if info.gated:  # what it holds may be known to all, its files not
                HfApi().auth_check(who.model)
    except ScoringFailure:
        with suppress(ScoringFailure):  # it is here in part, or not at all
            return _files_in(snapshot(who), who)
        raise
    there = {file.rfilename: file for file in info.siblings}
    with _saying_why(who):
        names = _read_by_loading(who, there, partial(_bring, who, info.sha))
    sizes = {name: there[name].size or 0 for name in names}
    etags = {name: (there[name].lfs or {}).get("sha256") or there[name].blob_id for name in names}
    held = [sizes[name] for name in names if (_place(who) / "blobs" / etags[name]).is_file()]
    n_parameters = info.safetensors.total if info.safetensors else None
    licence = next((tag for tag in info.tags or () if tag.startswith("license:")), "")
    return Files(info.sha, sizes, sum(held), n_parameters, licence.removeprefix("license:"))


def fetch(who: Identity) -> Path:
    """The folder, in the cache, of a hub model's commit, which is the folder's name.

    All that `files` names is in it then; what was there is not fetched again. Raises as `files`.
    """
    known, place = files(who), _place(who)
    bring = partial(_bring, who, known.commit)
    store.sweep(place.glob("blobs/*.*.incomplete"), _LEFT_BEHIND_S)  # by clients that were killed
    weights = [name for name in known.sizes if not re.fullmatch(_SMALL, name)]
    with _saying_why(who), ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(bring, known.sizes.keys() - weights))
        if known.commit not in (who.revision, commit_of(who)):
            store.write_text(place / "refs" / who.revision, known.commit)  # `evict` goes by it
        list(pool.map(bring, weights))  # last: where they are, all is
    return place / "snapshots" / known.commit


def _bring(who: Identity, commit: str, name: str) -> Path:
    """Where a file of a commit lies in the cache, in which it is put.

    Weights that come by HTTP go on where an earlier process ended; the client begins them anew.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    if not (re.fullmatch(_SMALL, name) or (_place(who) / "snapshots" / commit / name).exists()):
        url = hf_hub_url(who.model, name, revision=commit)
        known = get_hf_file_metadata(url, retry_on_errors=True)
        blob = _place(who) / "blobs" / known.etag
        part = blob.with_name(f"{blob.name}.incomplete")
        with store.locked(blob.with_name(f"{blob.name}.lock")):
            if not (known.xet_file_data or blob.exists()):
                with open(part, "ab") as file:
                    how = {"headers": build_hf_headers(), "expected_size": known.size}
                    http_get(url, file, resume_size=(before := file.tell()), **how)
                if before and store.file_sha256(part) != known.etag:
                    part.unlink()
                    raise OSError(f"{name} came damaged")
                part.replace(blob)
    with in_use(who.model, _ALL):
        return Path(hf_hub_download(who.model, name, revision=commit))


def _files_in(folder: Path, who: Identity) -> Files:
    """As `files`, of a folder, or of the one file that a model is."""
    from safetensors import safe_open

    if folder.is_file():
        return Files("", {folder.name: folder.stat().st_size}, folder.stat().st_size)
    there = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    names = _read_by_loading(who, there, folder.joinpath)
    sizes, n_parameters = {name: (folder / name).stat().st_size for name in names}, 0
    for name in names:
        if name.endswith(".safetensors"):
            with safe_open(folder / name, "np") as file:
                shapes = [part.get_shape() for part in map(file.get_slice, file.keys())]
            n_parameters += sum(map(math.prod, shapes))
    commit = "" if who.is_folder else folder.name
    return Files(commit, sizes, sum(sizes.values()), n_parameters or None)


def _read_by_loading(who: Identity, there: Iterable[str], bring: Callable[[str], Path]) -> list:
    """Those of a model's files that are read, weights last; `bring` says where one of them is."""
    there = set(there)
    is_adapter = forms.ADAPTER in there and "config.json" not in there
    weights = [name for name in _ADAPTER_WEIGHTS if is_adapter and name in there][:1]
    weights = weights or [name for name in _WEIGHTS if name in there][:1]
    if weights and weights[0].endswith(".index.json"):
        index = json.loads(bring(weights[0]).read_text("utf-8"))
        weights += sorted(set(index["weight_map"].values()))
    lost = sorted({forms.ADAPTER if is_adapter else "config.json", *weights} - there)
    if lost or not weights:
        lacks = f"lacks {lost[0]}" if lost else "has no weights in safetensors or torch files"
        place = who.model if who.is_folder else who.id
        raise ScoringFailure("missing", f"{place} {lacks}; {failures.ADVICE['missing']}")
    return [*sorted(name for name in there if re.fullmatch(_SMALL, name)), *weights]


@contextmanager
def _saying_why(who: Identity) -> Iterator[None]:
    """Gives what the hub's client raises its kind, and words of what to do."""
    try:
        yield
    except ScoringFailure:
        raise
    except Exception as error:
        kind, said = failures.classify(error), f"{type(error).__name__}: {error}"
        kind, said = "network" if kind == "other" else kind, " ".join(said.split())[:400]
        given = f"{who.id} (no folder here): {said}"
        raise ScoringFailure(kind, f"{given}; {failures.ADVICE[kind]}") from error


def _place(who: Identity, folder: Path | None = None) -> Path:
    """Where the cache, in `folder` or by default, holds what it has of a hub's model."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=who.model, repo_type="model")
    return Path(folder or constants.HF_HUB_CACHE) / name


def commit_of(who: Identity, folder: Path | None = None) -> str:
    """The commit that a hub model's revision stands for in the cache on disk, "" if not known."""
    if who.is_folder:
        return ""
    with suppress(OSError):
        return (_place(who, folder) / "refs" / who.revision).read_text()
    return who.revision if (_place(who, folder) / "snapshots" / who.revision).is_dir() else ""


def snapshot(who: Identity, folder: Path | None = None) -> Path:
    """The folder of a hub model's revision in the cache, where it may be or not."""
    return _place(who, folder) / "snapshots" / (commit_of(who, folder) or who.revision)


def holds(who: Identity, folder: Path | None = None) -> bool:
    """Whether this revision of a hub model lies in the cache; never for a local folder."""
    return not who.is_folder and snapshot(who, folder).is_dir()


@contextmanager
def in_use(model: str, revision: str | None, folder: Path | None = None) -> Iterator[None]:
    """While this lasts, an `evict` of any process leaves the revision of a hub model alone."""
    with ExitStack() as stack:
        with suppress(OSError, ImportError):  # a cache that cannot be written loses nothing
            stack.enter_context(_locked(model, revision or DEFAULT_REVISION, folder, "LOCK_SH"))
        yield


def evict(who: Identity, folder: Path | None = None) -> int:
    """The number of bytes freed by removing a hub model's revision from the cache.

    A local folder stays, as does what other revisions share and what is loaded just now (`in_use`).
    """
    if not holds(who, folder):
        return 0
    from huggingface_hub import scan_cache_dir

    commit, refs = commit_of(who, folder), _place(who, folder) / "refs"
    named = [ref for ref in refs.rglob("*") if ref.is_file() and ref.read_text() == commit]
    with suppress(BlockingIOError), ExitStack() as stack:
        for name in {who.revision, commit, *(str(ref.relative_to(refs)) for ref in named)}:
            stack.enter_context(_locked(who.model, name, folder, "LOCK_EX", "LOCK_NB"))
        stack.enter_context(_locked(who.model, _ALL, folder, "LOCK_EX"))
        plan = scan_cache_dir(_place(who, folder).parent).delete_revisions(commit)
        plan.execute()
        return plan.expected_freed_size
    return 0


@contextmanager
def _locked(model: str, revision: str, folder: Path | None, *how: str) -> Iterator[None]:
    """Holds the lock of a revision, beside the hub's own; how: names of flags of `fcntl`."""
    import fcntl

    from huggingface_hub.constants import HF_HUB_CACHE

    name = f"{model}@{revision}".replace("/", "--")
    place = Path(folder or HF_HUB_CACHE) / ".locks" / "lmnotes" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "a") as file:
        fcntl.flock(file, sum(getattr(fcntl, flag) for flag in how))
        yield
