"""A page of headless Chromium, for those who have it."""

import shutil

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def page(tmp_path):
    """A page of a browser that nobody has used."""
    playwright = pytest.importorskip("playwright.sync_api")
    browsers = filter(None, map(shutil.which, ("chromium", "chromium-browser")))
    path = next(browsers, None)
    if path is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=path,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        yield browser.pages[0]
        browser.close()
