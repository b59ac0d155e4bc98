"""One home for the artefacts of all tests, kept while `lmnotes/text` stays the same."""

import hashlib
import shutil
from pathlib import Path

import pytest
from house import house, ran, ran_house  # noqa: F401  fixtures of a house that a notebook runs in
from lessons import lesson  # noqa: F401

import lmnotes


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """The notebooks first, as they take longest, each for whichever worker is free; of all else a
    file stays together, for the sake of its fixtures."""
    items.sort(key=lambda item: item.path.parent.name != "notebooks")
    for item in items:
        notebook = item.callspec.params.get("ran") if hasattr(item, "callspec") else None
        item.add_marker(pytest.mark.xdist_group(str(notebook or item.path)))


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
def installed_corpus(shared_home):
    """The corpus of the text that every installation carries, built once."""
    from lmnotes.text import corpus

    return corpus.load("installed")
