"""The files of hub models on this disk: whether they are there, and their removal."""

from pathlib import Path

from lmnotes.models.identity import Identity


def holds(who: Identity, folder: Path | None = None) -> bool:
    """Whether any revision of a hub model lies in the cache; never for a local folder."""
    return not who.is_folder and _repository(who, folder) is not None


def evict(who: Identity, folder: Path | None = None) -> int:
    """The number of bytes freed by removing a hub model from the cache; a local folder stays."""
    repository = None if who.is_folder else _repository(who, folder)
    if repository is None:
        return 0
    from huggingface_hub import scan_cache_dir

    plan = scan_cache_dir(folder).delete_revisions(
        *(revision.commit_hash for revision in repository.revisions)
    )
    plan.execute()
    return plan.expected_freed_size


def _repository(who: Identity, folder: Path | None):
    """The hub's own record of a cached model, None where there is none."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        found = scan_cache_dir(folder).repos
    except CacheNotFound:
        return None
    return next(
        (one for one in found if (one.repo_id, one.repo_type) == (who.model, "model")), None
    )
