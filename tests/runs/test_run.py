import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
import sleeper

from lmnotes import cli, store
from lmnotes.errors import InputError
from lmnotes.runs import fingerprint, gallery, progress, record, run, twins, watch

SOURCES = fingerprint.sources
FIGURES = [f"figures/fig1_line.{kind}" for kind in ("pdf", "svg", "png", "csv")]


def read(folder, name):
    return json.loads((folder / name).read_text())


def errors_of(notebook):
    return [
        output["evalue"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]


def test_a_run_leaves_everything_and_a_record_of_it(ran):
    folder, entry = ran.result.folder, read(ran.result.folder, "run.json")
    assert ran.result.status == "ok"
    assert folder.parent == ran.outputs / ran.name
    assert entry["status"] == "ok"
    assert entry["parameters"] == {
        "n_points": 5,
        "slope": 2.0,
        "colour": "black",
        "limit": None,
        "breaks": False,
        "wait_for": "",
        "text": "installed",
        "seed": 0,
    }
    assert (entry["profile"], entry["seed"], entry["missing"]) == ("smoke", 0, [])
    assert entry["inputs"] == {"text": "abc123"}
    assert entry["machine"]["cores"] == os.cpu_count()
    assert entry["versions"]["python"] == sys.version.split()[0]
    assert set(entry["git"]) == {"commit", "dirty"}
    assert 0 < entry["seconds"] < 120 and entry["started"] < entry["ended"]
    assert entry["files"] == record.checksums(folder)
    wanted = {
        *FIGURES,
        "tables/table1_squares.csv",
        "claims.csv",
        "notebook.ipynb",
        "notebook.html",
    }
    assert wanted <= set(entry["files"])
    assert "launch.log" not in entry["files"]


def test_the_executed_notebook_shows_a_figure_and_it_as_the_hero_and_holds_no_widgets(ran):
    notebook = read(ran.result.folder, "notebook.ipynb")
    pictures = [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    hero, picture = pictures
    assert hero["data"] == picture["data"]
    assert "widgets" not in notebook["metadata"]
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert "# Parameters\nn_points = 5\n" in sources


def test_the_page_needs_no_network(ran):
    page = (ran.result.folder / "notebook.html").read_text()
    assert "<script" not in page
    for loading in ('src="http', "src='http", "url(http", '<link rel="stylesheet"', "@import"):
        assert loading not in page
    assert "<math" in page and "data:image/png;base64" in page


def test_an_unchanged_run_is_kept_and_a_damaged_one_is_not_whole(ran, ran_house, capsys):
    stamp = (ran.result.folder / "notebook.ipynb").stat().st_mtime_ns
    start = time.perf_counter()
    again = run.run("1", "smoke")
    assert time.perf_counter() - start < 2
    assert (again.status, again.folder) == ("kept", ran.result.folder)
    assert (again.folder / "notebook.ipynb").stat().st_mtime_ns == stamp
    assert "01 unchanged, kept: " in capsys.readouterr().out
    entry = record.read(again.folder)
    assert record.is_whole(again.folder, entry)
    table = again.folder / "tables" / "table1_squares.csv"
    text = table.read_text()
    table.write_text(text + "9,9\n")
    assert not record.is_whole(again.folder, entry)
    table.write_text(text)
    assert not record.is_whole(again.folder, entry | {"status": "running"})


def test_the_run_id_follows_what_the_results_follow_from(house, monkeypatch):
    def identity(profile="laptop", **values):
        return store.content_id(fingerprint.facts(house.notebook, house.card, profile, values))

    first = identity(n=1)
    assert identity(n=1) == first
    assert len({first, identity(n=2), identity("smoke", n=1)}) == 3
    text = house.notebook.read_text()
    house.notebook.write_text(text.replace('"execution_count": null', '"execution_count": 7'))
    assert identity(n=1) == first
    house.notebook.write_text(text.replace("The line is", "A line is"))
    assert identity(n=1) != first
    house.notebook.write_text(text)
    data = house.root / "words.txt"
    (house.root / "tiny.gguf").write_bytes(b"GGUF")
    data.write_text("tiny.gguf\n")
    with_model = identity(n=1, text="words.txt")
    assert with_model == identity(n=1, text="words.txt")
    (house.root / "tiny.gguf").write_bytes(b"GGUF and more")
    assert identity(n=1, text="words.txt") != with_model
    data.write_text("one")
    with_file = identity(n=1, text="words.txt")
    data.write_text("two")
    assert identity(n=1, text="words.txt") != with_file
    monkeypatch.setattr(fingerprint, "sources", lambda notebook: {"new.py": "1"})
    assert identity(n=1) != first
    monkeypatch.setattr(fingerprint, "versions", lambda: {"numpy": "1"})
    assert identity(n=1) != first


def test_a_domain_is_not_the_folder_of_its_name(house):
    def identity(**values):
        return store.content_id(fingerprint.facts(house.notebook, house.card, "laptop", values))

    folder = house.root / "docs"
    domains = {"judge_domains": ["docs", "manual"], "text": "docs"}
    before = identity(**domains)
    folder.mkdir()
    (folder / "index.md").write_text("A page.")
    assert identity(**domains) == before
    before = identity(text=str(folder))
    (folder / "index.md").write_text("Another page.")
    assert identity(text=str(folder)) != before


def test_a_failing_cell_is_named_with_its_error_and_the_partial_notebook(house, capsys):
    with progress.speaking(1):  # as --verbose does
        result = run.run("01", overrides={"breaks": "true"})
    said = capsys.readouterr().out
    assert result.status == "failed"
    assert said.startswith("01 laptop runs: never run at laptop\n")
    assert re.findall(r"^01 laptop \[(\d)\] \d+\.\d s$", said, re.M) == list("123456")
    assert re.search(r"^01 laptop \[6\] .* s\n    so far$", said, re.M)
    assert "in cell [6] 'if breaks:'" in said
    assert "RuntimeError: it broke here" in said
    assert str(result.folder / "notebook.ipynb") in said
    assert errors_of(read(result.folder, "notebook.ipynb")) == ["it broke here"]
    entry = read(result.folder, "run.json")
    assert entry["status"] == "failed"
    assert entry["failure"]["line"] == "if breaks:"
    assert {"claim slope", "tables/table1_squares.csv"} <= set(entry["missing"])
    assert (result.folder / "figures" / "fig1_line.pdf").is_file()


@pytest.mark.parametrize(
    ("name", "profile", "overrides", "words"),
    [
        ("07", "laptop", {}, "'07' was given"),
        ("01", "lapto", {}, "did you mean 'laptop'"),
        ("01", "quick", {}, "01: profile 'quick' was given; expected one of smoke, laptop"),
        ("01", "laptop", {"n_point": "3"}, "did you mean 'n_points'"),
        ("01", "laptop", {"n_points": "x"}, "type int"),
        ("01", "smoke", {"colour": "blue"}, "one of 'black', 'red'"),
    ],
)
def test_wrong_input_stops_before_a_kernel_starts(
    house, monkeypatch, name, profile, overrides, words
):
    monkeypatch.setattr(watch, "execute", lambda *_: pytest.fail("a kernel was started"))
    with pytest.raises(InputError, match=words):
        run.run(name, profile, overrides)
    assert not house.outputs.exists()


def test_a_profile_that_does_not_fit_the_notebook_is_named(house):
    house.card.write_text(house.card.read_text().replace("n_points = 500", "n_points = 5000"))
    with pytest.raises(InputError, match=r"01\.toml \[profiles\.paper\]: parameter 'n_points'"):
        run.run("01", "smoke")


def test_what_was_saved_in_a_notebook_is_not_the_profile(house, monkeypatch, capsys):
    twins.sync()
    text = house.notebook.read_text()
    house.notebook.write_text(text.replace("n_points: int = 10 ", "n_points: int = 16 "))
    asked = []

    def execute(notebook, folder, values, profile, title, stop):
        asked.append(values)
        return {"status": "ok"}

    monkeypatch.setattr(watch, "execute", execute)
    result = run.run("01")
    assert record.read(result.folder)["parameters"]["n_points"] == 10
    assert "01_tiny.ipynb was saved with n_points = 16" in capsys.readouterr().out
    assert asked == [{"n_points": 10}]  # in place of the saved one
    run.run("01", overrides={"n_points": "16"})
    assert asked[1:] == [{}]


def test_a_copy_belongs_to_the_paper_of_its_original(house, monkeypatch):
    monkeypatch.setattr(fingerprint, "sources", SOURCES)
    real = house.notebook.rename(house.notebooks / "10_domain_mixture.ipynb")
    copy = house.notebooks / "10_mine.ipynb"
    copy.write_text(real.read_text())
    assert fingerprint.sources(copy) == fingerprint.sources(real)
    assert "papers/domain_mixture/rules.py" in fingerprint.sources(copy)


def test_a_changed_parameter_lands_beside_and_all_go_on_after_a_failure(house, monkeypatch):
    second = house.notebooks / "02_other.ipynb"
    second.write_text(house.notebook.read_text())
    (house.notebooks / "00_bare.ipynb").write_text(house.notebook.read_text())
    text = house.card.read_text().replace("01", "02").replace("02_tiny", "02_other")
    (house.notebooks / "cards" / "02.toml").write_text(text)
    started = []

    def execute(notebook, folder, values, profile, title, stop):
        started.append((notebook.stem, values))
        if notebook == house.notebook:
            return {"status": "failed", "error": "ValueError: no"}
        page = house.outputs / house.name / "index.html"  # says so while the next one runs
        wait_until(lambda: page.is_file() and "failed: ValueError: no" in page.read_text())
        return {"status": "ok"}

    monkeypatch.setattr(watch, "execute", execute)
    results = run.run_all()
    assert [result.status for result in results] == ["failed", "failed", "ok"]
    assert "00.toml is not there" in results[0].message
    assert [name for name, _ in started] == ["01_tiny", "02_other"]
    first, other = run.run("02"), run.run("02", overrides={"n_points": "7"})
    assert (first.status, other.status) == ("kept", "ok")
    assert run.run("02", force=True).status == "ok" and len(started) == 4
    assert run.run("02").status == "kept" and len(started) == 4
    assert first.folder.parent == other.folder.parent and first.folder != other.folder
    assert ("02_other", {"n_points": 7}) in started


def test_a_good_run_stays_until_a_forced_one_is_whole(house, monkeypatch):
    ends = iter(["ok", "failed", "killed", "ok"])

    def execute(notebook, folder, values, profile, title, stop):
        if begun:
            assert record.is_whole(good, record.read(good)) and folder != good
            assert gallery.choose(record.everything())["folder"] == good
        (folder / "notebook.html").write_text(f"run {len(begun)}")
        begun.append(folder)
        if (end := next(ends)) == "killed":
            raise KeyboardInterrupt
        return {"status": end, "error": "ValueError: no"}

    begun = []
    monkeypatch.setattr(watch, "execute", execute)
    good = run.run("01").folder
    failed = run.run("01", force=True)
    assert failed.status == "failed"
    assert record.read(failed.folder)["run_id"] == good.name
    assert [entry["status"] for entry in record.everything()] == ["ok", "failed"]
    with pytest.raises(KeyboardInterrupt):
        run.run("01", force=True)
    assert run.run("01").status == "kept" and (good / "notebook.html").read_text() == "run 0"
    assert run.run("01", force=True).folder == good
    assert (good / "notebook.html").read_text() == "run 3"
    assert [path.name for path in good.parent.iterdir() if path.is_dir()] == [good.name]


def full(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_one_sentence_and_a_reason_on_record(house, monkeypatch, capsys):
    def execute(notebook, folder, values, profile, title, stop):
        (folder / "notebook.ipynb").write_text("much")
        monkeypatch.setattr(store, "write_text", write_while_there_is_room)
        full()

    def write_while_there_is_room(path, text, write=store.write_text):
        with store.writing(path):
            if (path.parent / "notebook.ipynb").exists():
                full()
        write(path, text)

    monkeypatch.setattr(watch, "execute", execute)
    result = run.run("01")
    assert result.status == "failed" and "no space is left" in result.message
    [entry] = record.everything()
    assert entry["status"] == "failed" and "no space is left" in entry["failure"]["error"]
    assert os.listdir(result.folder) == ["run.json"]
    assert cli.main(["status"]) == 0
    assert "no space is left" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("place", ["", "01_tiny", "01_tiny/run"])
def test_a_file_where_a_folder_belongs_is_one_sentence(house, monkeypatch, capsys, place):
    monkeypatch.setattr(store, "content_id", lambda *_, **__: "run")
    file = house.outputs / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    assert cli.main(["run", "01"]) in (1, 2)
    said = "".join(capsys.readouterr())
    assert "expected a folder where there is a file" in said and "Traceback" not in said


def test_a_run_dated_into_the_future_gives_way_to_those_that_follow(house, monkeypatch):
    monkeypatch.setattr(watch, "execute", lambda *_: {"status": "ok"})
    wrong = run.run("01")
    entry = record.read(wrong.folder)
    record.save(wrong.folder, entry | {"asked": "2999-01-01T00:00:00.000+00:00"})
    right = run.run("01", overrides={"n_points": "7"})
    assert gallery.choose(record.everything())["folder"] == right.folder


def test_two_at_a_time_meet_and_an_interrupt_of_one_ends_the_other(house, monkeypatch):
    (house.notebooks / "02_other.ipynb").write_text(house.notebook.read_text())
    text = house.card.read_text().replace("01", "02").replace("02_tiny", "02_other")
    (house.notebooks / "cards" / "02.toml").write_text(text)
    meeting = threading.Barrier(2, timeout=10)  # broken where one waits for the other's end

    def both(notebook, folder, values, profile, title, stop):
        meeting.wait()
        return {"status": "ok"}

    monkeypatch.setattr(watch, "execute", both)
    with pytest.raises(InputError, match="at least 1"):
        run.run_all(workers=0)
    results = run.run_all(workers=2)
    assert [(result.name, result.status) for result in results] == [
        ("01_tiny", "ok"),
        ("02_other", "ok"),
    ]

    def first_is_interrupted(notebook, folder, values, profile, title, stop):
        meeting.wait()
        if notebook == house.notebook or stop.wait(10):
            raise KeyboardInterrupt
        return {"status": "ok"}

    monkeypatch.setattr(watch, "execute", first_is_interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.run_all(workers=2, force=True)
    statuses = [entry["status"] for entry in record.everything()]
    assert statuses == ["ok", "ok", "interrupted", "interrupted"]  # the good ones stay


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_takes_its_kernel_along_and_starts_again(ran, house, blow, monkeypatch):
    monkeypatch.setattr(fingerprint, "sources", SOURCES)  # as the other process has them
    go = house.root / "sign"
    command = [sys.executable, "-m", "lmnotes.cli", "run", "01", "--profile", "smoke"]
    child = subprocess.Popen(
        [*command, "-p", f"wait_for={go}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"LMNOTES_MARK": str(house.root)},
        # a shell starts what it puts in the background with Ctrl-C ignored, and tests inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_until(lambda: list(house.outputs.glob("*/*/figures/fig1_line.csv")))
    [folder] = [path.parent for path in house.outputs.glob("*/*/run.json")]
    assert read(folder, "run.json")["status"] == "running"
    child.send_signal(blow)
    assert child.wait(20) == (130 if blow == signal.SIGINT else -signal.SIGKILL)
    [entry] = record.everything()
    assert entry["status"] == "interrupted"
    if os.path.isdir("/proc/self"):
        wait_until(lambda: not sleeper.marked(house.root), seconds=15)
    if blow == signal.SIGKILL:
        go.with_suffix(".go").touch()
        (folder / "figures" / "left.png").touch()
        result = run.run("01", "smoke", {"wait_for": str(go)})
        assert (result.status, result.folder) == ("ok", folder)
        files = record.read(folder)["files"]
        assert "figures/left.png" not in files
        first = record.checksums(ran.result.folder)  # another process, the same bytes
        for name in [*FIGURES, "tables/table1_squares.csv", "claims.csv"]:
            assert files[name] == first[name], name


def test_plain_papermill_runs_the_notebook_and_writes_beside(house):
    import papermill

    out = house.root / "out.ipynb"
    papermill.execute_notebook(
        house.notebook,
        out,
        {"n_points": "6", "limit": "3"},  # as `-r` and a yaml file hand them over
        kernel_name="python3",
        progress_bar=False,
    )
    folder = house.outputs / house.name / "interactive"
    for name in FIGURES:
        assert (folder / name).is_file()
    assert len((folder / "figures" / "fig1_line.csv").read_text().splitlines()) == 7
    assert errors_of(json.loads(out.read_text())) == []


def test_a_run_says_where_its_time_went(ran, ran_house, capsys):
    times = read(ran.result.folder, "run.json")["times"]
    assert [spent["cell"] for spent in times["cells"]] == [*range(3, 8)]
    assert times["cells"][0]["line"] == "import matplotlib.pyplot as plt"
    assert times["start"]["cpu"] > 0 < times["start"]["seconds"]
    assert 0 < times["figures"]["cpu"] < sum(spent["cpu"] for spent in times["cells"])
    assert 0 < times["page"]["cpu"] < times["launcher"]["cpu"] < times["all"]["cpu"]
    assert not (ran.result.folder / record.TIMES).exists()
    assert cli.main(["status", "--time"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("01_tiny (smoke)") and said[-1].split()[0] == "all"
    assert any("start and imports" in line for line in said)


def test_a_dry_run_says_what_would_run_and_why_and_leaves_no_trace(ran, ran_house, capsys):
    def lines(*arguments):
        assert cli.main(["run", "01", "--dry-run", *arguments]) == 0
        return capsys.readouterr().out.splitlines()[1]

    before = sorted((path, path.stat().st_mtime_ns) for path in ran.outputs.rglob("*"))
    seconds = f"{read(ran.result.folder, 'run.json')['seconds']:.0f} s"
    assert lines("--profile", "smoke").split() == f"01_tiny keep {seconds} unchanged".split()
    assert lines("--profile", "smoke", "--force").split()[-1] == "--force"
    assert lines("--profile", "paper").split() == ["01_tiny", "run", "never", "run", "at", "paper"]
    changed = lines("--profile", "smoke", "-p", "slope=3")
    assert changed.endswith("changed: parameter slope 2.0 -> 3.0") and " run " in changed
    assert sorted((path, path.stat().st_mtime_ns) for path in ran.outputs.rglob("*")) == before
    with pytest.raises(InputError, match="did you mean 'n_points'"):
        run.preview(["01"], overrides={"n_point": "3"})


def test_a_dry_run_knows_runs_that_failed_and_files_that_were_damaged(house, monkeypatch):
    ends = iter([{"status": "failed", "error": "ValueError: no"}, {"status": "ok"}])
    monkeypatch.setattr(watch, "execute", lambda *_: next(ends))
    run.run("01")
    assert run.preview(["01"])[0][1:] == ("run", "", "it failed: ValueError: no")
    folder = run.run("01").folder
    assert run.preview()[0][1:] == ("keep", "0 s", "unchanged")
    entry = record.read(folder) | {"files": {"gone.csv": "1"}}
    record.save(folder, entry)
    assert run.preview()[0][3] == "a file of it is damaged"
    record.save(folder, entry | {"status": "running"})
    assert run.preview()[0][3] == "it is running, or was interrupted"
    monkeypatch.setattr(fingerprint, "sources", lambda notebook: {"words/a.py": "1"})
    record.save(folder, entry)
    assert run.preview()[0][3] == "changed: source words/a.py (new)"
