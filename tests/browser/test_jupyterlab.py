"""Real JupyterLab in headless Chromium: sliders that a drawing follows, and a student's copy."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import papermill
import pytest
from papermill.parameterize import parameterize_notebook

from lmnotes.notebook import card
from lmnotes.runs import editions

pytestmark = pytest.mark.slow
# all cells are in the page, not only those in sight
TRACKER = {"windowingMode": "none"}
SOURCE = """
from lmnotes.notebook import views

def draw(n=3):
    return "drawn " + "x" * n

view = views.explore(draw, stills=[{"n": 2}], n=(1, 9))
"""


@pytest.fixture
def lab(tmp_path):
    """The folder of a JupyterLab with one notebook, tiny.ipynb, and the address of any in it."""
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
        yield root, lambda name: f"{address}/lab/tree/{name}?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def run_all(page, address):
    """Open a notebook and run all its cells."""
    page.goto(address)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=30_000)
    # before the kernel is there, running asks which one to start
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_the_slider_of_a_view_redraws_it_in_jupyterlab(page, lab):
    run_all(page, lab[1]("tiny.ipynb"))
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


ENDED = """() => {
  const cells = [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")];
  // a cell whose code is folded has no number
  const number = cell => cell.querySelector(".jp-InputArea-prompt")?.textContent ?? "[1]";
  return document.querySelector("[data-mime-type='application/vnd.jupyter.error']")
    || cells.every(cell => /\\[\\d+\\]/.test(number(cell)));
}"""


def test_a_students_copy_answers_in_jupyterlab(page, lab):
    folder, address = lab
    path = editions.write("01", "student", str(folder), "90", "smoke")
    node = papermill.iorw.load_notebook_node(str(path))
    settings = card.for_notebook("01_norm_information_gain").profiles["smoke"]
    papermill.iorw.write_ipynb(parameterize_notebook(node, settings), str(path))
    run_all(page, address(path.name))
    page.wait_for_function(ENDED, timeout=900_000)
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    moved = page.locator(".jp-OutputArea-output .widget-vbox:has(img):has([role=slider])")
    for number in range(2):
        drawing, handle = (
            moved.nth(number).locator(kind).first for kind in ("img", "[role=slider]")
        )
        before = drawing.get_attribute("src")
        handle.press("ArrowLeft")
        for _ in range(100):
            if drawing.get_attribute("src") != before:
                break
            page.wait_for_timeout(100)
        assert drawing.get_attribute("src") != before
    cell = page.locator(".jp-CodeCell:has-text('kl_by_hand.check(')").last
    for answer, feedback in (("0.2075", "that is in bits"), ("0.1438", "Right.")):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(f"kl_by_hand.check({answer})")
        page.keyboard.press("Control+Enter")
        cell.locator(".jp-OutputArea").get_by_text(feedback).wait_for(timeout=30_000)


def _own_settings(folder):
    """The environment of a Jupyter that reads no settings of the user's and leaves none."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(folder / "jupyter" / name.lower()) for name in names}
    own |= {"LMNOTES_HOME": os.environ["LMNOTES_HOME"], "LMNOTES_OUTPUTS": str(folder / "outputs")}
    tracker = Path(own["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab/notebook-extension"
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text(json.dumps(TRACKER))
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
