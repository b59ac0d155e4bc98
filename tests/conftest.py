"""One home for the artefacts of all tests, kept while `lmnotes/text` stays the same."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest
from house import house, ran, ran_house  # noqa: F401  fixtures of a house that a notebook runs in
from lessons import lesson  # noqa: F401

import lmnotes


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """What takes longest first: all notebooks from two empty caches, then each by itself."""
    first = ("test_threads.py", "notebooks")
    items.sort(key=lambda item: [name not in item.path.parts for name in first])


def pytest_xdist_make_scheduler(config, log):
    """Each notebook goes to whichever worker is free; of all else a file stays together, for the
    sake of its fixtures. (xdist 3.8 tells its own groups by names that pytest 9.2 keeps as they
    are.)"""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            notebook = re.search(r"test_notebooks\.py::.*\[(\d\d_\w+)", nodeid)
            return notebook[1] if notebook else nodeid.partition("::")[0]

    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def shared_home(request):
    """The folder that `store.home()` gives; a test may set another for itself."""
    sources = sorted((Path(lmnotes.__file__).parent / "text").rglob("*.py"))
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = request.config.cache.mkdir(f"lmnotes-{state}")
    for old in folder.parent.glob("lmnotes-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNOTES_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def _forks():
    """What names a process that has imported what workers need, and forks them."""
    from lmnotes import warm
    from lmnotes.models.runner import runner

    with warm.serving(runner.NEEDED) as named:
        yield named


@pytest.fixture
def forked(_forks, monkeypatch):
    """Processes that a test starts are forked from one that all tests share, for the imports."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name, value in _forks.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def own_home(shared_home, tmp_path, monkeypatch):
    """A home of the test's own, but for what is read out of packages, which all tests share."""
    folder = tmp_path / "home"
    folder.mkdir()
    for kind in ("installed", "documents"):
        (shared_home / kind).mkdir(exist_ok=True)
        (folder / kind).symlink_to(shared_home / kind)
    monkeypatch.setenv("LMNOTES_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def installed_corpus(shared_home):
    """The corpus of the text that every installation carries, built once."""
    from lmnotes.text import corpus

    return corpus.load("installed")
