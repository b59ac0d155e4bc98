"""One thread in every lane: the same bytes from a cold start, however many lanes there are, and
whoever makes what several notebooks share."""

import json
import os
import subprocess
import sys

import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import fingerprint, gallery, watch

NAMES = [path.stem for path in card.notebooks()]
PAPERMILL = """
import json, sys, papermill
notebook, settings = sys.argv[1:]
how = dict(kernel_name="python3", cwd=".", progress_bar=False)
papermill.execute_notebook(notebook, "/dev/null", json.loads(settings), **how)
"""


def test_a_lane_works_with_one_thread_unless_more_are_asked_for(ran, house, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)  # numba's own, left as it is
    for asked in (None, "3"):
        if asked:
            monkeypatch.setenv("LMNOTES_THREADS", asked)
        environment = watch._environment(house.notebook, house.root, "smoke")
        names = [name for name in environment if name.endswith("_THREADS")]
        assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} <= set(names)
        assert {environment[name] for name in names} == {asked or "1"}


def test_more_threads_are_on_record_and_are_another_run(ran, house, monkeypatch):
    entry = json.loads((ran.result.folder / "run.json").read_text())
    assert entry["threads"] == 1 and gallery._facts(entry)["threads"] == 1
    assert "3, with which numbers move" in gallery._facts(entry | {"threads": 3})["threads"]
    ids = []
    for asked in ("1", "3"):
        monkeypatch.setenv("LMNOTES_THREADS", asked)
        ids.append(fingerprint.facts(house.notebook, card.path_of(house.name), "smoke", {}))
    assert ids[0] != ids[1]
    monkeypatch.setenv("LMNOTES_THREADS", "all")
    with pytest.raises(
        InputError, match="LMNOTES_THREADS = all was given; expected a whole number"
    ):
        fingerprint.facts(house.notebook, card.path_of(house.name), "smoke", {})


@pytest.mark.slow
def test_two_cold_runs_are_one_result(tmp_path):
    alone, beside = (_left_by(tmp_path / f"workers{workers}", NAMES, workers) for workers in (1, 2))
    assert len(alone) > 500 and alone.keys() == beside.keys()
    assert [name for name in alone if alone[name] != beside[name]] == []
    bare = _left_by(tmp_path / "papermill", ["04_higher_order_correlation"], None)
    assert len(bare) > 30 and [name for name in bare if alone[name] != bare[name]] == []


def _left_by(folder, names, workers):
    """The figures and tables of a run from an empty cache, by name; None: of papermill."""
    root = card.notebooks_folder().parent
    places = {"LMNOTES_HOME": str(folder / "home"), "LMNOTES_OUTPUTS": str(folder / "outputs")}
    environment = {name: os.environ[name] for name in os.environ if "_THREADS" not in name}
    command = [sys.executable, "-m", "lmnotes.cli", "run", *names, "--profile", "smoke"]
    if workers is None:
        settings = json.dumps(card.for_notebook(names[0]).profiles["smoke"])
        notebook = str(card.notebooks_folder() / f"{names[0]}.ipynb")
        command = [sys.executable, "-c", PAPERMILL, notebook, settings]
    else:
        command += ["--workers", str(workers)]
    subprocess.run(command, cwd=root, env=environment | places, check=True)
    left = [path for path in (folder / "outputs").glob("*/*/*/*") if path.is_file()]
    return {(path.parts[-4], *path.parts[-2:]): path.read_bytes() for path in left}
