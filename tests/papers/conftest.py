import sys

import pytest


@pytest.fixture(autouse=True)
def closed():
    """No test leaves a figure open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def headless(monkeypatch):
    """Views draw their stills and frames, as in a run."""
    monkeypatch.setenv("LMNOTES_HEADLESS", "1")
