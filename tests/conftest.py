"""One home for the artefacts of all tests, kept while `lmnotes/text` stays the same."""

import hashlib
import shutil
from pathlib import Path

import pytest
from house import house, ran, ran_house  # noqa: F401  fixtures of a house that a notebook runs in

import lmnotes


def pytest_collection_modifyitems(items):
    """The notebooks first: they take longest, and another worker does the rest meanwhile."""
    items.sort(key=lambda item: item.path.parent.name != "notebooks")


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
