"""A tiny paper: a notebook of five cells with its card, in a folder of its own."""

import json
import textwrap

import pytest

from lmnotes.notebook import session
from lmnotes.runs import fingerprint

NAME = "01_tiny"

CARD = """
number = "01"
notebook = "01_tiny"
title = "A tiny paper & its <claims>"
artefacts = { figures = ["fig1_line"], tables = ["table1_squares"] }

[paper]
title = "On Lines"
authors = "A. Author and B. Author"
venue = "EMNLP"
year = 2023
doi = "10.1000/182"
arxiv = "2212.09663"

[profiles.smoke]
n_points = 5

[profiles.laptop]

[profiles.paper]
n_points = 500

[[claims]]
id = "slope"
where = "Fig. 1"
text = "The slope is about two"
published = 2.0
unit = "nats"
certainty = "stated"
reproduced = "within 0.1"
same_direction = "> 0"

[[claims]]
id = "large"
where = "Table 1"
text = "It holds on many points"
certainty = "derived"
reproduced = "> 0.5"
profiles = ["paper"]

[[exercises]]
id = "square"
question = "What is three squared?"
hints = ["Draw it.", "Three rows of three."]
solution = "Nine."
answer = "n * n"

[[quizzes]]
id = "which"
question = "Which is larger?"
choices = ["one", "two", "three"]
answer = 3
why = "It comes last."
wrong = ["One comes first.", "Two is in between.", ""]

[hero]
figure = "fig1_line"
found = "the line rises by 2 <nats>"
here = "it rises by {slope} ({slope.published}): {slope.verdict}"

[[coverage]]
item = "Figure 1"
state = "own data"
artefacts = ["fig1_line"]

[[coverage]]
item = "Table 1"
state = "stand-in"
artefacts = ["table1_squares"]
note = "whole numbers for those of the paper"

[[coverage]]
item = "Table 2"
state = "needs"
note = "a *text* of the paper"
parameter = "text"
"""

CELLS = [
    ("markdown", "# Tiny\n\nThe line is $y = a x$.", []),
    (
        "code",
        """
        from typing import Literal

        n_points: int = 10                       # 2..1000, points on the line
        slope: float = 2.0                       # -10..10
        colour: Literal["black", "red"] = "black"
        limit: int | None = None                 # 1..9 or None
        breaks: bool = False
        wait_for: str = ""                       # a file to wait for, without its suffix
        text: str = "installed"                  # installed | text8 | a path
        seed: int = 0
        """,
        ["parameters"],
    ),
    (
        "code",
        """
        import matplotlib.pyplot as plt
        import numpy as np
        import pandas as pd

        from lmnotes.notebook import claims, outputs, session, teach, views

        outputs.begin("01_tiny", globals())
        session.note_input("text", "abc123")
        outputs.hero()
        """,
        [],
    ),
    (
        "code",
        """
        points = pd.DataFrame({"x": np.arange(n_points), "y": slope * np.arange(n_points)})
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot(points.x, points.y, color=colour)
        outputs.figure(fig, "fig1_line", data=points, caption="A line & more")
        """,
        [],
    ),
    (
        "code",
        """
        import pathlib
        import time

        while wait_for and not pathlib.Path(wait_for + ".go").exists():
            time.sleep(0.05)
        """,
        [],
    ),
    ("code", 'if breaks:\n    print("so far")\n    raise RuntimeError("it broke here")', []),
    (
        "code",
        """
        outputs.table(points**2, "table1_squares", caption="Squares")
        view = views.explore(lambda power: points**power, power=(1, 3), stills=[{"power": 2}])
        assert view.view is None and len(view.stills) == 1
        teach.quiz("which")
        claims.record("slope", float(np.polyfit(points.x, points.y, 1)[0]), interval=(1.95, 2.05))
        claims.record("large", 1.0)
        claims.table()
        """,
        [],
    ),
]


def write_notebook(path, cells=CELLS):
    """Write a notebook of (type, source, tags) cells."""
    made = []
    for index, (kind, source, tags) in enumerate(cells):
        cell = {"cell_type": kind, "id": f"c{index}", "metadata": {"tags": tags} if tags else {}}
        cell["source"] = textwrap.dedent(source).strip()
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    node = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(node))


class House:
    """A checkout with one notebook."""

    name = NAME

    def __init__(self, root):
        self.root = root
        self.notebooks, self.outputs = root / "notebooks", root / "outputs"
        self.notebook = self.notebooks / f"{NAME}.ipynb"
        self.card = self.notebooks / "cards" / "01.toml"
        self.card.parent.mkdir(parents=True)
        self.card.write_text(CARD)
        write_notebook(self.notebook)

    def settle(self, monkeypatch):
        """Point the package here, as a reader's own session would find it."""
        monkeypatch.setenv("LMNOTES_NOTEBOOKS", str(self.notebooks))
        monkeypatch.setenv("LMNOTES_OUTPUTS", str(self.outputs))
        for name in ("LMNOTES_RUN_FOLDER", "LMNOTES_PROFILE", "LMNOTES_HEADLESS", "LMNOTES_LIVE"):
            monkeypatch.delenv(name, raising=False)
        # a source that is edited while tests run must not change the ids of their runs
        monkeypatch.setattr(fingerprint, "sources", lambda notebook: {})
        monkeypatch.setattr(session, "_current", None)
        return self


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house that nothing has run in."""
    return House(tmp_path).settle(monkeypatch)


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A house in which the notebook has run once at `smoke`, with the result of that run."""
    with pytest.MonkeyPatch.context() as patch:
        house = House(tmp_path_factory.mktemp("house")).settle(patch)
        # a kernel of the user's own that goes by the same name must not be the one that runs
        shadow = house.root / "jupyter" / "kernels" / "python3"
        shadow.mkdir(parents=True)
        spec = {
            "argv": ["false", "{connection_file}"],
            "display_name": "other",
            "language": "python",
        }
        (shadow / "kernel.json").write_text(json.dumps(spec))
        patch.setenv("JUPYTER_PATH", str(house.root / "jupyter"))
        from lmnotes.runs import run

        house.result = run.run("01", "smoke")
    return house


@pytest.fixture
def ran_house(ran, monkeypatch):
    """The house of `ran`, pointed to."""
    return ran.settle(monkeypatch)
