import json
import os
import re
import subprocess
import sys

import pytest

import lmnotes
from lmnotes import cli
from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import command, runner
from lmnotes.notebook import claims, parameters
from lmnotes.runs import record, run, watch
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
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
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


def test_lmnotes_alone_prints_its_help(capsys):
    assert cli.main([]) == 0
    alone = capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    assert end.value.code == 0 and capsys.readouterr().out == alone
    assert "usage: lmnotes" in alone and "describe" in alone
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"lmnotes {lmnotes.__version__}\n"


def test_helps_fit_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    cli.main([])
    words = re.findall(r"^    ([a-z]+) +\w", capsys.readouterr().out, re.M)
    assert {"run", "list", "score", "map", "status"} <= set(words)
    for word in words:
        with pytest.raises(SystemExit):
            cli.main([word, "--help"])
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"usage: lmnotes {word}") and max(map(len, lines)) <= 80


def test_the_list_says_what_was_found_when_it_ran_and_the_verdicts(house, capsys):
    root, _ = house
    hero = '\n[hero]\nfigure = "line"\nfound = "words differ."\nhere = "They do."\n'
    card = CARD.replace("[profiles", '[artefacts]\nfigures = ["line"]\n[profiles', 1)
    (root / "notebooks" / "cards" / "01.toml").write_text(card + hero)
    assert cli.main(["list"]) == 0
    assert capsys.readouterr().out == "01  Small\n    Words differ.\n    never run\n"
    assert cli.main(["run", "01", "--profile", "smoke"]) == 0
    capsys.readouterr()
    assert cli.main(["list"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["01  Small", "    Words differ."]
    assert re.fullmatch(r"    \d{4}-\d\d-\d\d, smoke: ok; 1 same direction", said[2])
    assert cli.main(["list", "--json"]) == 0
    (about,) = json.loads(capsys.readouterr().out)
    last = about.pop("last_run")
    assert about == {
        "number": "01",
        "notebook": "01_small",
        "title": "Small",
        "sentence": "Words differ.",
        "verdicts": {"same direction": 1},
    }
    assert cli.main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ledgers": [], "runs": [last]}
    keys = ["notebook", "run_id", "profile", "status", "seconds", "started", "folder", "error"]
    assert list(last) == keys and last["status"] == "ok" and last["error"] == ""


def test_describe_as_json(house, capsys):
    assert cli.main(["describe", "01", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["notebook"], answer["profiles"]["smoke"]) == ("01_small", {"dim": 10})
    dim, rule = answer["parameters"]
    assert dim == {
        "name": "dim",
        "type": "int",
        "default": 100,
        "range": "10..1000",
        "comment": "size of a vector",
        "advanced": False,
    }
    assert rule["comment"] == "pair | shared"
    claim = {"id": "one", "where": "Fig. 1", "text": "It is positive", "certainty": "stated"}
    assert answer["claims"] == [claim | {"published": None, "unit": ""}]


def test_only_what_failed_is_run_again(house, capsys):
    _, asked = house
    assert cli.main(["run", "--failed"]) == 0
    none = "no notebook's last run at laptop failed or was left: nothing to run\n"
    assert capsys.readouterr().out == none
    assert cli.main(["run", "01", "-p", "rule=broken"]) == 1
    assert cli.main(["run", "--failed", "--profile", "smoke"]) == 0  # it failed at another one
    assert len(asked) == 1
    assert cli.main(["run", "--failed", "--dry-run"]) == 0
    assert "01_small  run" in capsys.readouterr().out
    assert cli.main(["run", "--failed"]) == 0
    assert asked[1:] == [("laptop", {})]
    capsys.readouterr()
    assert cli.main(["run", "--failed"]) == 0
    assert capsys.readouterr().out == none
    (entry,) = [entry for entry in record.everything() if entry["status"] == "ok"]
    folder = entry.pop("folder")
    record.save(folder, entry | {"status": "running"})  # of a process that is gone
    assert cli.main(["run", "--failed"]) == 0
    assert asked[2:] == [("laptop", {})]


def test_a_wrong_word_leaves_nothing_on_the_disk(house, capsys):
    for wrong in (["99"], ["01", "-p", "dimm=3"], ["01", "--profile", "nope"]):
        assert cli.main(["run", *wrong]) == 2
    assert capsys.readouterr().err.count("expected") == 3
    assert not (house[0] / "outputs").exists()


def test_quiet_says_failures_and_the_report_alone(house, capsys):
    report = f"report: {house[0] / 'outputs' / 'index.html'}\n"
    assert cli.main(["run", "01", "-q"]) == 0
    assert capsys.readouterr().out == report
    assert cli.main(["run", "01", "--quiet"]) == 0
    assert capsys.readouterr().out == report
    assert cli.main(["run", "01", "-q", "-p", "rule=broken"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("01 failed after") and said.endswith(report)
    assert cli.main(["run", "01", "-v", "-p", "dim=20"]) == 0
    assert "01 laptop runs: changed: parameter dim 100 -> 20\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["run", "01", "-q", "-v"])


def test_parameters_of_yaml_files_as_papermill_reads_them(house, tmp_path):
    _, asked = house
    (tmp_path / "a.yaml").write_text("dim: 50\nrule: a\n")
    (tmp_path / "b.yaml").write_text("{rule: b}")
    files = ["-f", str(tmp_path / "a.yaml"), "-f", str(tmp_path / "b.yaml")]
    assert cli.main(["run", "01", "-y", "rule: y", *files]) == 0
    assert cli.main(["run", "01", *files, "-p", "rule=p", "-p", "dim=60"]) == 0
    assert cli.main(["run", "01", "-y", "{dim: '70'}"]) == 0
    assert [values for _, values in asked] == [
        {"dim": 50, "rule": "b"},
        {"dim": 60, "rule": "p"},
        {"dim": 70},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dmi: 50", "own.yaml: parameter 'dmi' was given; expected one of dim, rule: did you mean"),
        ("dim: [1]", "own.yaml: parameter 'dim' = [1]"),
        ("dim: 5", "own.yaml: parameter 'dim' = 5 is out of range; expected 10..1000"),
        ("- 5", "own.yaml holds '[5]'; expected parameters by name: write"),
        ("1: 5", "own.yaml holds '{1: 5}'; expected parameters by name"),
        ("dim: [", "own.yaml holds 'while parsing"),
        (None, "own.yaml was given (No such file or directory); expected a YAML file"),
    ],
)
def test_a_wrong_file_of_parameters_is_named(house, tmp_path, capsys, text, words):
    if text is not None:
        (tmp_path / "own.yaml").write_text(text)
    assert cli.main(["run", "--all", "-f", str(tmp_path / "own.yaml")]) == 2
    assert words in capsys.readouterr().err and house[1] == []


def test_the_tab_key_completes_words_notebooks_profiles_and_ledgers(house, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "a home"))
    (ledger.home() / "pile10k-abc").mkdir(parents=True)
    command_line = [sys.executable, "-m", "lmnotes.cli", "--print-completion", "bash"]
    script = subprocess.run(command_line, capture_output=True, text=True, check=True).stdout
    (tmp_path / "pairs.yaml").touch()
    typed = {
        "d": "data describe",
        "run ": "01",
        "run 01 --prof": "--profile",
        "run 01 --profile sm": "smoke",
        "run 01 -f pa": "pairs.yaml",
        "map pi": "pile10k-abc",
        "score gpt2 --outp": "--output",
        "class 01 --edition st": "student",
    }
    asks = []
    for words in typed:
        given = " ".join(f"'{word}'" for word in ["lmnotes", *words.split(" ")])
        ask = f"COMP_WORDS=({given}); COMP_CWORD={len(words.split(' '))}; COMPREPLY=()"
        asks.append(f'{ask}; _shtab_lmnotes; echo "${{COMPREPLY[@]}}"')
    code = "\n".join([script, *asks])
    said = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True).stdout
    assert [sorted(line.split()) for line in said.splitlines()] == [
        expected.split() for expected in typed.values()
    ]


def test_completion_says_what_it_lacks(house, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert cli.main(["--print-completion", "zsh"]) == 2
    assert "shtab is not installed; expected it" in (said := capsys.readouterr().err)
    assert "pip install 'lmnotes[completion]'" in said


def test_what_reads_may_stop_early():
    command_line = f"{sys.executable} -m lmnotes.cli list | true"
    said = subprocess.run(["bash", "-c", command_line], capture_output=True, text=True)
    assert said.stderr == ""


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
