"""Where numba keeps what it compiles: with the artefacts, and where only this user can write."""

import atexit
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import numba

from lmnotes import store


def keep(sources: Iterable[Path]) -> None:
    """Have numba keep what is decorated from here on in a folder that is named by these sources.

    numba's disk cache notices a change of the file that a function stands in, not of the files
    whose functions it has inlined. So it takes all of them: new source, new folder.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        source = b"".join(path.read_bytes() for path in sources)
        name = f"numba-{hashlib.sha256(source).hexdigest()[:16]}"
        numba.config.CACHE_DIR = str(_private_folder(name))


def _private_folder(name: str) -> Path:
    """A folder that only this user can write to, as what numba keeps is run when it is read: in the
    cache, else in the user's own, else one for this process."""
    for parent in (store.home(), Path("~/.cache/lmnotes")):
        with contextlib.suppress(OSError, RuntimeError):  # a user without a home
            folder = parent.expanduser() / name
            for path in (folder.parent, folder):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = folder.resolve()
            if _is_private(folder) and os.access(folder, os.W_OK):
                folder.chmod(0o700)
                return folder
    folder = Path(tempfile.mkdtemp(prefix=f"lmnotes-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    given = f"neither {store.home()} nor ~/.cache is this user's alone"
    then = "close them to others (chmod go-w), or set NUMBA_CACHE_DIR to a folder that is"
    warnings.warn(f"{given}: kernels are compiled anew in every process; {then}", stacklevel=2)
    return folder


def _is_private(folder: Path) -> bool:
    """Whether nobody but this user and root can change a folder, or put another in its place."""
    for path in (folder, *folder.parents):
        facts = path.stat()
        is_shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        is_sticky = facts.st_mode & stat.S_ISVTX and path != folder  # as /tmp
        if facts.st_uid not in (os.getuid(), 0) or (is_shared and not is_sticky):
            return False
    return folder.stat().st_uid == os.getuid()
