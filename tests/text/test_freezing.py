"""A frozen text is read, to the same ids, where the packages it came from have changed."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from lmnotes import cli, store
from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import fingerprint, record, run
from lmnotes.text import chunks, corpus, freezing, frozen, functions, installed
from lmnotes.text.readers import Document

PACKAGES = ("pooch", "smart_open")
HALF = "Half of a pair: \ud800. The end."
pytestmark = pytest.mark.filterwarnings("ignore:.*(missing|not installed|no text here)")


def _docs():
    yield Document("pooch", "A sentence of the words of pooch.\n\n" * 2, "pooch")
    yield Document("half", HALF, "smart_open")
    yield installed._missing("numba")


def _code():
    for module in ("alpha", "beta", "gamma", "delta"):
        lines = (f"def {module}_{n}(x):\n    return x + {n}\n" for n in range(400))
        yield Document(module, "\n".join(lines), "python")


@pytest.fixture(scope="module")
def few_sources(tmp_path_factory):
    """Few sources in place of all that is installed."""
    library = tmp_path_factory.mktemp("library")
    (library / "alpha.py").write_text('"""A module."""\n')
    (library / "beta.py").write_text("x = 1\n")
    folder = installed._folder
    kept = {name: installed._DOMAINS[name] for name in ("news", "numbers")}
    kept |= {"docs": _docs, "code": _code}
    small = {name: kept.get(name, lambda: iter(())) for name in installed.DOMAINS}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(frozen.VARIABLE, raising=False)
        patch.setenv("LMNOTES_HOME", str(library / "home"))  # the shared one holds real documents
        patch.setattr(functions, "PACKAGES", PACKAGES)
        patch.setattr(installed, "_folder", lambda m: library if m == "python" else folder(m))
        patch.setattr(installed, "_DOMAINS", small)
        yield


@pytest.fixture(scope="module")
def original(few_sources, tmp_path_factory):
    """The frozen file of these sources; never to be written to."""
    return freezing.freeze(tmp_path_factory.mktemp("frozen") / "text.zip")


@pytest.fixture
def file(original, tmp_path, monkeypatch):
    """A copy of it, an empty home, and a process that has used none."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(frozen.VARIABLE, "")
    monkeypatch.setattr(frozen, "_used", set())
    return Path(shutil.copy(original, tmp_path / "text.zip"))


@pytest.fixture
def upgrade(monkeypatch, tmp_path):
    """A function after which every installed source and version is another, and the home empty."""

    def after():
        monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "another home"))
        newer = {name: lambda: iter([Document("", "Newer.", "new")]) for name in installed.DOMAINS}
        monkeypatch.setattr(installed, "_DOMAINS", newer)
        monkeypatch.setattr(installed, "version", lambda module: "999")
        monkeypatch.setattr(installed, "_folder", lambda module: tmp_path / "nothing")
        monkeypatch.setattr(functions, "_files", lambda packages: iter(()))

    return after


def everything(source):
    """What is read of a text, as one value."""
    asked = (["news"], ["docs", "news"], ["code", "numbers"], None)
    texts = [corpus.load(source, domains=domains) for domains in asked]
    parts = [{"domains": ["code"], "part": part, "size": 64} for part in ("train", "task")]
    cuts = [*parts, {"per_domain": 20, "size": 128}, {"domains": "news", "size": 256}]
    drawn = [chunks.load(source, **how) for how in cuts]
    seen = [text.content_id for text in texts + drawn] + [text.name for text in texts + drawn]
    return seen + [text.sources.to_dict("list") for text in texts] + [d.settings for d in drawn]


def rewritten(file, name, change):
    """The frozen file with one member changed."""
    other = file.with_name(f"{name.replace('/', '-')}.zip")
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(other, "w") as copy:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
        members[name] = change(members[name])
        for entry, data in members.items():
            copy.writestr(entry, data)
    return other


def test_a_machine_with_other_packages_reads_the_same_text(file, upgrade, monkeypatch):
    before = everything("installed")
    pairs, few = functions.functions(PACKAGES), functions.functions(PACKAGES[1:])
    modules, topics = list(installed.modules()), dict(installed.topics())
    key = installed.key(["news"])
    upgrade()
    assert corpus.load("installed", domains=["news"]).content_id != before[0]
    assert everything(str(file)) == before
    # hidden readers, in this process and those that it starts
    monkeypatch.setenv(frozen.VARIABLE, str(file))
    assert everything("installed") == before
    again = functions.functions(PACKAGES)
    pd.testing.assert_frame_equal(again, pairs)
    assert again.attrs == pairs.attrs and len(few)
    pd.testing.assert_frame_equal(functions.functions(PACKAGES[1:]), few)
    assert list(installed.modules()) == modules and installed.topics() == topics
    frozen_key = installed.key(["news"])
    assert frozen_key.pop("frozen") == frozen.opened(file).content_id and frozen_key == key


def test_the_same_text_gives_the_same_bytes(file, tmp_path):
    again = freezing.freeze(tmp_path / "again.zip")
    assert again.read_bytes() == file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        table = pd.read_csv(archive.open(freezing.SOURCES)).set_index("source")
        rows = [json.loads(line) for line in archive.open("documents/docs.jsonl")]
    assert ["half", HALF, "smart_open"] in rows  # readers of JSON see what was there
    assert table.loc["python", "licence"] == "PSF-2.0"
    assert table.loc["smart_open", "domains"] == "docs"
    assert table.loc["gensim/lee.cor", "licence"].startswith("not stated")
    assert table.loc["smart_open", "version"] == installed.version("smart_open")
    assert "not installed" in table.loc["numba (missing)", "licence"]


def test_a_missing_source_stays_missing_and_is_said(file, upgrade):
    upgrade()
    with pytest.warns(UserWarning, match="numba is not installed"):
        text = corpus.load(file, domains=["docs"], keep=False)
    assert "numba (missing)" in set(text.sources["name"])


def test_what_was_damaged_or_edited_is_refused(file):
    news = "documents/news.jsonl"

    def edit(data):
        return data.replace(b"police", b"pirate")

    with pytest.raises(InputError, match=r"as a frozen text \(.*checksum.*: expected what"):
        corpus.load(rewritten(file, news, edit), domains=["news"])
    newer = rewritten(
        file, frozen.MANIFEST, lambda data: json.dumps(json.loads(data) | {"format": 2})
    )
    with pytest.raises(InputError, match="it has format 2, this lmnotes reads 1"):
        chunks.load(newer)
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        data[archive.getinfo(news).header_offset + 1000] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"text\.zip cannot be read as a frozen text"):
        corpus.load(file, domains=["news"])
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="cut short or damaged"):
        corpus.load(file)


def test_a_notebook_uses_one_text_from_its_beginning(file, tmp_path, monkeypatch):
    assert frozen.use(str(file)) == "installed" and frozen.use(str(file)) == "installed"
    assert frozen.current().path == file
    with pytest.raises(InputError, match="restart the kernel"):
        frozen.use("installed")
    monkeypatch.setattr(frozen, "_used", set())
    monkeypatch.setenv(frozen.VARIABLE, str(tmp_path / "none.zip"))
    assert frozen.use("text8") == "text8"
    with pytest.raises(InputError, match=r"none\.zip cannot be read as a frozen text"):
        installed.key(["news"])


def test_the_command_says_whose_the_texts_are(file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["data", "freeze"]) == 0
    said = capsys.readouterr().out
    assert "lmnotes-text.zip: " in said and "PSF-2.0: python" in said
    assert "for you to decide" in said and "-p corpus_name=lmnotes-text.zip" in said
    assert cli.main(["data", "freeze"]) == 2  # it is there already
    assert cli.main(["data", "freeze", "a.zip", "b.zip"]) == 2
    said = capsys.readouterr().err
    assert "already: expected a new file; give another" in said
    assert "expected one file" in said and not list(tmp_path.glob("*.partial"))


def test_a_run_depends_on_the_frozen_text_in_use(file, monkeypatch):
    monkeypatch.setattr(fingerprint, "sources", lambda notebook: {})
    notebook = card.find("01")
    asked = (notebook, card.path_of(notebook.stem), "smoke", {})
    before = fingerprint.facts(*asked)
    monkeypatch.setenv(frozen.VARIABLE, str(file))
    assert fingerprint.changes(before, fingerprint.facts(*asked)) == [
        "what is in LMNOTES_TEXT (new)"
    ]


@pytest.mark.slow
def test_a_notebook_gives_the_same_numbers_from_the_file(tmp_path, monkeypatch):
    file = tmp_path / "text.zip"
    command = [sys.executable, "-m", "lmnotes.cli", "data", "freeze", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    assert file.stat().st_size < 60e6
    read = [list(installed.documents(*installed.DOMAINS))]
    with frozen.reading(file):
        read.append(list(installed.documents(*installed.DOMAINS)))
    assert read[0] == read[1]
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    made = []
    for name in (str(file), "installed"):  # the second finds the vectors of the first
        result = run.run("01", "smoke", {"corpus_name": name, "language_models": ""})
        assert result.status == "ok", result.message
        vectors = sorted(path.name for path in (store.home() / "embedding").iterdir())
        inputs = record.read(result.folder)["inputs"]
        made.append((vectors, (result.folder / "claims.csv").read_text(), inputs))
    assert made[0] == made[1]
