"""A page of headless Chromium, for those who have it; what it asks for never leaves the machine."""

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
HERE = ("file:", "data:", "blob:", "about:", "chrome:", "http://127.0.0.1:", "ws://127.0.0.1:")


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
        outside = []  # what was asked of another machine, and refused
        browser.route(
            lambda url: not url.startswith(HERE),
            lambda route: [outside.append(route.request.url), route.abort()],
        )
        yield browser.pages[0]
        browser.close()
        assert outside == []


@pytest.fixture
def said(page):
    """What the page complains of, such as of something that its policy forbids."""
    lines = []
    page.on("console", lambda message: lines.append(message.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    return lines


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def width(page, request):
    """The width of the page, in pixels: of a screen on a desk, and of a phone."""
    page.set_viewport_size({"width": request.param, "height": 800})
    return request.param
