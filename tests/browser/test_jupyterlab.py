"""Real JupyterLab in headless Chromium: a reader moves a slider, and the drawing follows."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

SOURCE = """
from lmnotes.notebook import views

def draw(n=3):
    return "drawn " + "x" * n

view = views.explore(draw, stills=[{"n": 2}], n=(1, 9))
"""


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab on a folder with one notebook, tiny.ipynb."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": SOURCE.strip()}
    cell |= {"execution_count": None, "outputs": []}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    node = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    root = tmp_path / "notebooks"
    root.mkdir()
    (root / "tiny.ipynb").write_text(json.dumps(node))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
    never = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
    command += [f"--LabApp.check_for_updates_class={never}"]
    with open(tmp_path / "lab.log", "wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_own_settings(tmp_path)
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/status?token={token}", server, tmp_path / "lab.log")
        yield f"{address}/lab/tree/tiny.ipynb?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def test_the_slider_of_a_view_redraws_it_in_jupyterlab(page, lab):
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=30_000)
    # before the kernel is there, running asks which one to start
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=30_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    output = page.locator(".jp-Notebook .jp-OutputArea-output")
    drawing = output.locator(".widget-html pre")
    drawing.wait_for(timeout=30_000)
    assert drawing.inner_text() == "drawn xxx"
    assert output.locator("figure").count() == 0  # the still is for pages without a reader
    handle = output.get_by_role("slider")
    assert handle.count() == 1
    handle.focus()
    for presses, expected in ((2, "drawn xxxxx"), (4, "drawn xxxxxxxxx"), (3, "drawn xxxxxxxxx")):
        for _ in range(presses):
            page.keyboard.press("ArrowRight")
        drawing.get_by_text(expected, exact=True).wait_for(timeout=10_000)
    page.keyboard.press("Home")
    drawing.get_by_text("drawn x", exact=True).wait_for(timeout=10_000)
    assert output.locator(".widget-readout").inner_text() == "1"


def _own_settings(folder):
    """The environment of a Jupyter that reads no settings of the user's and leaves none."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(folder / "jupyter" / name.lower()) for name in names}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "LMNOTES_"))
    }
    return kept | own


def _wait_for(address, server, log, seconds=30):
    """Return when a server answers at this address; say what it wrote where it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")
