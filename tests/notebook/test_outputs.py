import base64
import csv
import json
import os
import subprocess
import sys
import types

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import claims, outputs, parameters, session
from lmnotes.runs import twins

DRAW = """
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt, pandas as pd, numpy as np
from lmnotes.notebook import outputs
outputs.begin("01_tiny", {})
x = np.linspace(0, 1, 50)
fig, ax = plt.subplots()
ax.plot(x, np.sin(9 * x), label="sine"); ax.fill_between(x, 0, x, alpha=0.3, hatch="/"); ax.legend()
ax.scatter(x, x**2, c=x); ax.set_title("$x^2$ of words")
outputs.figure(fig, "fig1_line", data=pd.DataFrame({"x": x, "y": np.float32(np.sin(9 * x))}))
"""
KINDS = ("pdf", "svg", "png", "csv")


def figure():
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, 1])
    return fig


def test_two_processes_draw_the_same_bytes(house):
    written = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", DRAW], check=True, env=environment)
        folder = house.outputs / house.name / "interactive" / "figures"
        written.append({kind: (folder / f"fig1_line.{kind}").read_bytes() for kind in KINDS})
    assert written[0] == written[1]
    for kind in ("pdf", "svg", "png"):
        text = written[0][kind]
        assert matplotlib.__version__.encode() not in text
        assert b"CreationDate" not in text and b"dc:date" not in text
    assert written[0]["png"][:4] == b"\x89PNG"


def test_last_bits_of_a_layout_change_no_figure(house, monkeypatch):
    # the solver of the layout orders its variables by their addresses in memory
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.transforms import Bbox

    place = ConstrainedLayoutEngine.execute

    def execute(engine, fig):
        place(engine, fig)
        for ax in fig.axes:
            box = Bbox(ax.get_position(original=True).get_points() * (1 + shift[0]))
            ax.set_position(box)
            ax.set_in_layout(True)

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", execute)
    outputs.begin(house.name, {})
    written, shift = [], [0.0]
    for shift[0] in (0.0, 3e-16):
        fig, axes = plt.subplots(1, 3, figsize=(4, 2), layout="constrained")
        for ax in axes:
            ax.plot([0, 1])
        fig.colorbar(axes[0].imshow(np.eye(2)))
        outputs.figure(fig, "fig1_line", data={"x": [1]})
        folder = house.outputs / house.name / "interactive" / "figures"
        written.append({kind: (folder / f"fig1_line.{kind}").read_bytes() for kind in KINDS})
    assert [kind for kind in KINDS if written[0][kind] != written[1][kind]] == []


def test_a_figure_is_laid_out_once_for_its_three_formats(house, monkeypatch):
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    calls = []
    for kind, name in ((ConstrainedLayoutEngine, "execute"), (Figure, "draw")):
        method = getattr(kind, name)
        counted = lambda *given, name=name, method=method: [calls.append(name), method(*given)][1]  # noqa: E731
        monkeypatch.setattr(kind, name, counted)
    outputs.begin(house.name, {})
    fig, _ = plt.subplots(layout="constrained", figsize=(2, 1))
    fig.text(1.2, 0.5, "beyond the edge")  # the box grows around it
    outputs.figure(fig, "fig1_line", data={"x": [1]})
    assert (calls.count("execute"), calls.count("draw")) == (1, 3)
    png = (session.current().folder / "figures" / "fig1_line.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") > 2.4 * 200


def test_a_figure_leaves_its_data_and_caption_and_is_closed(house):
    outputs.begin(house.name)
    fig = figure()
    frame = pd.DataFrame({"word": ["a", "b"], "gain": [1 / 3, 1e-12]}, index=[5, 6])
    assert outputs.figure(fig, "fig1_line", data=frame, caption="A line") is None
    folder = session.current().folder / "figures"
    assert (folder / "fig1_line.csv").read_text() == ",word,gain\n5,a,0.3333333333\n6,b,1e-12\n"
    assert json.loads((folder / "captions.json").read_text()) == {"fig1_line": "A line"}
    assert not plt.fignum_exists(fig.number)


def test_a_figure_without_data_is_refused(house):
    outputs.begin(house.name)
    for data, given in ((None, "NoneType"), (pd.DataFrame(), "an empty table")):
        with pytest.raises(InputError, match=f"was given {given} as data; expected a DataFrame"):
            outputs.figure(figure(), "fig1_line", data=data)
    assert not list((session.current().folder / "figures").iterdir())
    plt.close("all")


def test_columns_and_series_will_do_as_data(house):
    outputs.begin(house.name)
    outputs.table({"n": np.arange(2)}, "table1_squares")
    path = session.current().folder / "tables" / "table1_squares.csv"
    assert path.read_text() == "n\n0\n1\n"
    outputs.table(pd.Series([0.5], name="share"), "table1_squares")
    assert path.read_text() == "share\n0.5\n"


def test_a_spreadsheet_reads_text_as_text(house):
    outputs.begin(house.name)
    words = ["=1+1", "-", "'=", "'s", "plain"]
    table = pd.DataFrame(
        {"@word": words, "n": -np.arange(5.0), "text": "-0.5"}, index=list("+bcde")
    )
    outputs.table(table, "table1_squares")
    path = session.current().folder / "tables" / "table1_squares.csv"
    head, *rows = csv.reader(path.read_text().splitlines())
    assert head == ["", "'@word", "n", "text"]
    assert [row[0] for row in rows] == ["'+", *"bcde"]
    assert [row[1] for row in rows] == ["'=1+1", "'-", "''=", "'s", "plain"]
    assert [row[2:] for row in rows] == [[f"-{n}", "-0.5"] for n in range(5)]
    assert [session.of_cell(row[1]) for row in rows] == words
    assert list(table.columns) == ["@word", "n", "text"]  # as it was


def test_a_caption_that_quotes_data_carries_no_tag(house):
    caption = "of <script> and $a<b$ <b>"
    assert outputs._as_markdown(caption) == r"of &lt;script> and $a\lt b$ &lt;b>"


def test_a_name_that_is_no_file_name_is_refused(house):
    outputs.begin(house.name)
    with pytest.raises(InputError, match="expected letters"):
        outputs.table(pd.DataFrame({"n": [1]}), "../table")


def test_begin_clears_what_an_earlier_run_left(house):
    outputs.begin(house.name)
    folder = session.current().folder
    assert folder == house.outputs / house.name / "interactive"
    outputs.table(pd.DataFrame({"n": [1]}), "old")
    outputs.begin(house.name)
    assert not list((folder / "tables").iterdir())


def test_a_file_where_the_folder_belongs_is_one_sentence(house):
    house.outputs.mkdir()
    (house.outputs / house.name).touch()
    with pytest.raises(InputError, match="expected a folder where there is a file"):
        outputs.begin(house.name)


def test_begin_checks_and_remembers_the_parameters_and_guesses_the_profile(house):
    outputs.begin(house.name, {"n_points": 500, "slope": 1, "other": 3})
    assert session.current().parameters["n_points"] == 500
    assert session.current().parameters["slope"] == 1.0
    assert session.current().profile == "paper"
    outputs.begin(house.name, {"n_points": 10})
    assert session.current().profile == "laptop"
    with pytest.raises(InputError, match="out of range"):
        outputs.begin(house.name, {"n_points": 1})


def injected(source, **namespace):
    """What a kernel holds after papermill's cell has run."""
    exec(source, namespace)
    del namespace["__builtins__"]
    return namespace | {"In": ["", "n_points: int = 10", source, "outputs.begin(...)"]}


def test_the_cells_use_the_values_that_were_checked(house):
    # `papermill -r n_points 16`, and a yaml file's 3e-4, hand over texts
    source = "# Parameters\nn_points = '16'\nslope = '3e-4'\nlimit = '5'\nbreaks = 'False'\n"
    namespace = injected(source, colour="black", points=[1])
    outputs.begin(house.name, namespace)
    used = {name: namespace[name] for name in ("n_points", "slope", "limit", "breaks", "points")}
    assert used == {"n_points": 16, "slope": 3e-4, "limit": 5, "breaks": False, "points": [1]}
    assert session.current().parameters["slope"] == 3e-4
    assert "wait_for" not in namespace  # only those that the notebook has set


def test_a_parameter_that_the_notebook_does_not_have_is_refused(house):
    for source in ("# Parameters\nn_point = 16\n", "# Parameters\nlimit = 5\nn_point = 1\n"):
        with pytest.raises(InputError, match=r"'n_point' was given; .* did you mean 'n_points'\?"):
            outputs.begin(house.name, injected(source))
    # `X | None` and Literal are what papermill itself does not know
    outputs.begin(house.name, injected("# Parameters\nlimit = 5\ncolour = 'red'\n"))
    assert session.current().parameters["limit"] == 5
    outputs.begin(house.name, {"In": ["", "# Parameters\nof my own"]})


def test_papermill_may_hand_over_a_parameter_by_its_old_name(house):
    for twin in (house.notebook, parameters.twin_of(house.notebook)):
        if twin.is_file():
            text = twin.read_text(encoding="utf-8")
            twin.write_text(text.replace("limit", "workers"), encoding="utf-8")
    namespace = injected("# Parameters\nthreads = '3'\n", workers=None)
    with pytest.warns(DeprecationWarning, match="threads is called workers now") as told:
        outputs.begin(house.name, namespace)
    assert namespace["workers"] == session.current().parameters["workers"] == 3
    assert told[0].filename == __file__  # a kernel shows what its own cells cause


def test_a_notebook_copied_under_another_name_is_checked_as_its_original(house):
    copy = "01_mine"
    with pytest.raises(InputError, match="out of range"):
        outputs.begin(copy, {"n_points": 1})
    namespace = {"n_points": "500"}
    outputs.begin(copy, namespace)
    assert namespace == {"n_points": 500}
    assert session.current().parameters["n_points"] == 500
    assert session.current().folder.parent.name == copy
    twins.sync()
    house.notebook.rename(house.notebooks / f"{copy}.ipynb")  # its twin still says what it has
    with pytest.raises(InputError, match="out of range"):
        outputs.begin(house.name, {"n_points": 1})


def test_the_profile_is_the_nearest_one_by_all_that_it_sets(house):
    def profile(**values):
        outputs.begin(house.name, values)
        return session.current().profile

    assert profile(n_points=5) == "smoke"
    assert profile(n_points=7) == "laptop"
    assert profile(n_points=500, slope=3.0) == "paper"


def test_inputs_are_noted(house):
    outputs.begin(house.name)
    session.note_input("corpus", "abc")
    session.note_input("n_tokens", np.int64(3))
    noted = json.loads((session.current().folder / "inputs.json").read_text())
    assert noted == {"corpus": "abc", "n_tokens": 3}


def test_the_launcher_names_the_folder_and_profile(house, monkeypatch, tmp_path):
    monkeypatch.setenv("LMNOTES_RUN_FOLDER", str(tmp_path / "here"))
    monkeypatch.setenv("LMNOTES_PROFILE", "smoke")
    outputs.begin(house.name)
    assert session.current().folder == tmp_path / "here"
    assert session.current().profile == "smoke"


def test_the_hero_waits_for_its_figure_and_its_claims(ran):
    node = nbformat.read(ran.result.folder / "notebook.ipynb", as_version=4)
    cell = next(cell for cell in node.cells if "outputs.hero()" in cell.source)
    picture, words = (output.data for output in cell.outputs)
    png = (ran.result.folder / "figures" / "fig1_line.png").read_bytes()
    shown = base64.b64decode(picture["image/png"])
    assert shown[16:24] == png[16:24] and len(shown) < len(png)  # as wide and high, fewer colours
    text = words["text/markdown"]
    assert "**The paper:** the line rises by 2 &lt;nats>" in text
    assert "it rises by 2.00 nats (1.95–2.05) (2 nats): reproduced" in text


def test_a_hero_that_nothing_is_known_of_yet_says_so_and_none_is_refused(house, monkeypatch):
    shown = []
    monkeypatch.setattr(outputs, "running_shell", lambda: types.SimpleNamespace(kernel=1))
    monkeypatch.setattr(outputs, "display", lambda it, **how: shown.append((it, how["update"])))
    outputs.begin(house.name)
    outputs.hero()
    assert [update for _, update in shown] == [False, False]
    assert "it rises by not measured yet (2 nats): not measured yet" in shown[1][0].data
    claims.record("large", 1.0)
    assert len(shown) == 2  # its sentences are the same
    claims.record("slope", 3.0, (-5.0, 4.0))
    assert shown[2][1] and "it rises by 3.0 nats (−5.0 to 4.0)" in shown[2][0].data
    house.card.write_text(house.card.read_text().partition("[hero]")[0])
    outputs.begin(house.name)
    with pytest.raises(InputError, match=r"01\.toml has no hero; expected \[hero\] with"):
        outputs.hero()
