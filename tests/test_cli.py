import json
import os
import subprocess
import sys

import pytest

from lmnotes import cli
from lmnotes.errors import InputError
from lmnotes.models.runner import command, runner
from lmnotes.notebook import claims, parameters
from lmnotes.runs import run, watch
from lmnotes.text import corpus
from lmnotes.words import information
from lmnotes.words.sgns import skipgram

CARD = """
number = "01"
notebook = "01_small"
title = "Small"
[profiles.smoke]
dim = 10
[[claims]]
id = "one"
where = "Fig. 1"
text = "It is positive"
certainty = "stated"
same_direction = "> 0"
"""
PARAMETERS = "dim: int = 100  # 10..1000, size of a vector\nrule: str = 'pair'  # pair | shared\n"


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A notebook whose kernel is never started, and what it was asked to run with."""
    cards = tmp_path / "notebooks" / "cards"
    cards.mkdir(parents=True)
    (cards / "01.toml").write_text(CARD)
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}}
    cell |= {"source": PARAMETERS, "outputs": [], "execution_count": None}
    node = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (cards.parent / "01_small.ipynb").write_text(json.dumps(node))
    monkeypatch.setenv("LMNOTES_NOTEBOOKS", str(cards.parent))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    asked = []

    def execute(notebook, folder, values, profile, title, stop):
        asked.append((profile, values))
        row = dict.fromkeys(claims.COLUMNS, "") | {"id": "one", "verdict": "same direction"}
        lines = [",".join(row), ",".join(row.values())]
        (folder / "claims.csv").write_text("\n".join(lines))
        if values.get("rule") == "broken":
            return {"status": "failed", "cell": 3, "line": "train()", "error": "ValueError: NaN"}
        return {"status": "ok"}

    monkeypatch.setattr(watch, "execute", execute)
    return tmp_path, asked


def test_help_comes_at_once():
    times = []
    for _ in range(3):
        start = os.times()
        answer = subprocess.run(
            [sys.executable, "-m", "lmnotes.cli", "--help"], capture_output=True
        )
        end = os.times()  # of processors, however busy the machine is
        times.append(end.children_user + end.children_system - sum(start[2:4]))
        assert answer.returncode == 0 and b"describe" in answer.stdout
    assert min(times) < 0.3


def test_commands_import_nothing_heavy_until_they_need_it():
    code = "import sys, lmnotes.cli, lmnotes.runs.run, lmnotes.runs.gallery\n"
    code += "import lmnotes.notebook.claims, lmnotes.notebook.teach\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    heavy = {"numpy", "pandas", "matplotlib", "papermill", "nbformat", "ipywidgets", "jupytext"}
    assert "lmnotes.runs.run" in loaded.split()
    assert not heavy & set(loaded.split())


def test_describe_shows_parameters_profiles_and_claims(house, capsys):
    assert cli.main(["describe", "01"]) == 0
    said = capsys.readouterr().out
    assert "dim        int   100      10..1000  size of a vector" in said
    assert "pair | shared" in said
    assert "smoke    dim=10" in said
    assert "0 figures, 0 tables, 1 claims" in said


def test_run_passes_profile_and_parameters_and_refreshes_the_report(house, capsys):
    root, asked = house
    assert cli.main(["run", "01", "--profile", "smoke", "-p", "rule=a=b"]) == 0
    assert asked == [("smoke", {"dim": 10, "rule": "a=b"})]
    assert "same direction" in (root / "outputs" / "index.html").read_text()
    assert cli.main(["run", "--all"]) == 0
    assert cli.main(["run", "1"]) == 0
    assert "01 unchanged, kept" in capsys.readouterr().out
    assert cli.main(["run", "1", "--force"]) == 0
    assert asked[1:] == [("laptop", {})] * 2
    cli.main(["status"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2:4] for line in lines[-2:]] == [["smoke", "ok"], ["laptop", "ok"]]


def test_a_failed_run_exits_with_one(house, capsys):
    assert cli.main(["run", "01", "-p", "rule=broken"]) == 1
    said = capsys.readouterr().out
    assert "in cell [3] 'train()'" in said and "ValueError: NaN" in said
    cli.main(["status"])
    assert "failed" in capsys.readouterr().out
    assert cli.main(["report"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "run was given no notebook"),
        (["run", "01", "--all"], "names and --all"),
        (["run", "02"], "'02' was given"),
        (["run", "01", "-p", "dim"], "expected name=value"),
        (["run", "01", "-p", "dmi=50"], "did you mean 'dim'?"),
        (["run", "01", "-p", "dim=abc"], "expected type int"),
        (["run", "01", "--profile", "big"], "profile 'big'"),
        (["describe", "99"], "'99' was given"),
        (["sync", "77"], "'77' was given"),
    ],
)
def test_wrong_input_gets_one_message_and_exit_code_two(house, capsys, arguments, words):
    _, asked = house
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error
    assert asked == []


def test_an_old_word_is_read_with_a_notice_that_names_the_new(house, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(run, "run_all", lambda *given: asked.update(run=given[-1]) or [])
    monkeypatch.setattr(command, "score", lambda options: asked.update(score=options.workers) or 0)
    cli.main(["run", "01", "--workers", "2"])
    for old in (["run", "01", "--jobs=3"], ["score", "list.txt", "--slots", "3"]):
        with pytest.warns(DeprecationWarning, match="(jobs|slots) is called workers now"):
            cli.main(old)
    assert asked == {"run": 3, "score": 3}
    command_line = [sys.executable, "-m", "lmnotes.cli", "run", "--jobs", "2"]
    said = subprocess.run(command_line, capture_output=True, text=True).stderr
    assert "DeprecationWarning: jobs is called workers now" in said and "no notebook" in said
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    assert "--workers N" in (said := capsys.readouterr().out) and "--jobs" not in said


def test_old_names_of_arguments_and_parameters_are_read_too():
    text = corpus.from_texts(["a b " * 50])
    with pytest.warns(DeprecationWarning, match="threads is called workers") as told:
        gain = information.measure(text, window=1, threads=2)
    assert told[0].filename == __file__
    assert gain.kl.tolist() == information.measure(text, window=1, workers=2).kl.tolist()
    for function, given in (
        (run.run_all, {"jobs": 0}),
        (runner.score, {"models": [], "ledger": None, "slots": 0}),
        (skipgram.train, {"corpus": text, "threads": 0}),
    ):
        with (
            pytest.warns(DeprecationWarning, match=f"{list(given)[-1]} is called workers"),
            pytest.raises(InputError, match="workers = 0 was given"),
        ):
            function(**given)
    with pytest.raises(InputError, match="threads = 1 and workers = 2 were given; expected one"):
        information.measure(text, threads=1, workers=2)
    declared = parameters.parse("workers: int | None = None  # 1..256")
    with pytest.warns(DeprecationWarning, match="threads is called workers"):
        assert parameters.check(declared, {"threads": "4"}) == {"workers": 4}
    with pytest.raises(InputError, match="'jobs' was given"):
        parameters.check(parameters.parse("dim: int = 100"), {"jobs": 4})


def test_sync_and_check(house, capsys):
    assert cli.main(["sync", "--check"]) == 1
    assert "01_small.py is not there" in capsys.readouterr().out
    assert cli.main(["sync"]) == 0
    assert capsys.readouterr().out.count("wrote ") == 2
    assert cli.main(["sync", "--check"]) == 0


def test_status_before_any_run(house, capsys):
    assert cli.main(["status"]) == 0
    assert "no runs yet" in capsys.readouterr().out
