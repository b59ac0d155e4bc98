"""What `lmnotes publish` writes is a crate by the rules, cites what it should, and tells nothing of
the machine."""

import getpass
import json
import re
import socket
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from lmnotes import cli, store
from lmnotes.errors import InputError
from lmnotes.runs import deposit, record

pytest.importorskip("rocrate", reason="the extra `publish` is not installed")
from rocrate import vocabs
from rocrate.rocrate import ROCrate

from lmnotes.runs.publish import publish

USER, HOST, ELSEWHERE = "zelda", "castle-7", "/projects/group/lmnotes-2"


RECORD = {
    "notebook": "01_tiny",
    "run_id": "6d17e7f2084e",
    "status": "ok",
    "profile": "smoke",
    "seed": 0,
    "threads": 1,
    "asked": "2026-01-02T03:04:05.006+00:00",
    "started": "2026-01-02T03:04:05.006+00:00",
    "ended": "2026-01-02T03:05:06.007+00:00",
    "seconds": 61.0,
    "git": {"commit": "0123abc", "dirty": False},
    "versions": {"python": "3.11.7", "torch": "2.13.0+cpu"},
    "machine": {"cpu": "A processor", "cores": 2, "platform": "Linux-6.1.0-castle"},
    "inputs": {"text": "abc123"},
}
CLAIMS = """\
id,where,claim,published,unit,certainty,measured,low,high,verdict,note
slope,Fig. 1,The slope is about two,2.0,nats,stated,2.0000001,1.95,2.05,reproduced,
large,Table 1,It holds on many points,,,derived,1.0,,,not testable at this scale,"see {home}"
"""


@pytest.fixture
def run(house, tmp_path, monkeypatch):
    """The folder of a run, whose files name the machine in every way that we know."""
    home = tmp_path / "home" / USER
    outputs = home / "work" / "outputs"
    folder = outputs / "01_tiny" / RECORD["run_id"]
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(outputs))
    monkeypatch.setattr(getpass, "getuser", lambda: USER)
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    monkeypatch.chdir(tmp_path)
    paths = f"{home}/x.py:3 {store.home()}/corpus {sys.prefix}/lib {outputs}/a.csv"
    paths += f" {ELSEWHERE}/lmnotes/store.py"
    said = f"{paths}, said {USER} on {HOST} /tmp/ipykernel_12/3.py"
    cell = {"cell_type": "code", "outputs": [{"name": "stderr", "text": said}]}
    made = {"input_path": f"{ELSEWHERE}/notebooks/01_tiny.ipynb"}  # where another checkout was
    notebook = {"cells": [cell], "metadata": {"papermill": made}}
    files = {"notebook.ipynb": json.dumps(notebook), "notebook.html": f"<p>{said}</p>"}
    files |= {"inputs.json": json.dumps(RECORD["inputs"]), "claims.csv": CLAIMS.format(home=home)}
    for part, name in (("figures", "fig1_line"), ("tables", "corpus_sources")):
        captions = {"fig1_line": "A line & more", "corpus_sources": "Sources"}
        files[f"{part}/captions.json"] = json.dumps({name: captions[name]})
        files[f"{part}/{name}.csv"] = f"x,file\n1,{outputs}/b\n" if part == "tables" else "x\n1\n"
    pictures = {
        ".svg": f"<svg><!-- {home} --><text>{home}</text></svg>",
        ".pdf": "%PDF-1.4",
        ".png": "\x89PNG",
    }
    files |= {f"figures/fig1_line{suffix}": text for suffix, text in pictures.items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="latin1")
    text = "/data/archive/secret/novel.txt"
    record.save(folder, RECORD)
    parameters = {
        "n_points": 5,
        "limit": None,
        "colours": ["red"],
        "text": text,
        "corpus_name": "installed",
        "files": [text, "org/model"],
    }
    inputs = RECORD["inputs"] | {"models": [f"{home}/models/small"]}
    changed(folder, parameters=parameters, inputs=inputs, facts={"text": f"{home}/y, {text}"})
    return folder


def changed(folder, **changes):
    """The record of a run with some entries changed, true to its files."""
    entry = record.read(folder) | {"files": record.checksums(folder)} | changes
    record.save(folder, entry)
    return entry


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def check_rules(folder):
    """The MUSTs of RO-Crate 1.1, and that what it says of its files is so."""
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert metadata["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["@type"] == "CreativeWork" and descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset" and re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])
    assert root["name"] and root["description"] and root["license"] == {"@id": deposit.MIT}
    terms = vocabs.RO_CRATE["@context"]
    for name, entity in entities.items():
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        assert {*kinds, *(key for key in entity if key[0] != "@")} <= {*terms}, entity
        assert "name" in entity or name in ("ro-crate-metadata.json", "ro-crate-preview.html")
        for key, value in entity.items():
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    assert {*part} == {"@id"}
                    assert part["@id"] in entities or key == "conformsTo", (name, key, part)
    parts = {part["@id"] for part in root["hasPart"]}
    for name in parts:
        path = folder / name
        assert entities[name]["contentSize"] == str(path.stat().st_size)
        assert entities[name]["sha256"] == store.file_sha256(path)
    own = {"ro-crate-metadata.json", "ro-crate-preview.html"}
    assert {path.relative_to(folder).as_posix() for path in files_of(folder)} == parts | own
    assert not list(folder.rglob(".*.partial"))
    return entities


def test_a_crate_keeps_the_rules_and_is_read_back(run, tmp_path):
    made = publish([str(run)], output=str(tmp_path / "crate"))
    entities = check_rules(made)
    crate = ROCrate(made)
    assert crate.root_dataset["author"][0]["name"] == "the lmnotes authors"
    (action,) = crate.get_by_type("CreateAction")
    entry = json.loads((made / "01_tiny" / "run.json").read_text())
    assert action["startTime"] == entry["started"] and action["endTime"] == entry["ended"]
    assert action["instrument"].type == ["SoftwareApplication", "SoftwareSourceCode"]
    packages = {
        e["name"]: e["softwareVersion"] for e in action["instrument"]["softwareRequirements"]
    }
    assert packages.items() >= entry["versions"].items() and "lmnotes" in packages
    objects = {entity["name"]: entity for entity in action["object"]}
    assert objects["n_points"]["value"] == 5 and objects["text"]["value"] == "{given}/novel.txt"
    assert objects["files"]["value"] == '["{given}/novel.txt", "org/model"]'
    models = objects["models of notebook 01, not included"]["identifier"]
    assert models == ["{home}/models/small"]
    assert objects["text of notebook 01, not included"]["identifier"] == "abc123"
    sources = objects["installed text: that of packages in softwareRequirements"]["subjectOf"]
    assert sources.id == "01_tiny/tables/corpus_sources.csv"
    figure = entities["01_tiny/figures/fig1_line.pdf"]
    assert figure["description"] == "A line & more"
    assert figure["isBasedOn"] == {"@id": "01_tiny/figures/fig1_line.csv"}
    (paper,) = crate.get_by_type("ScholarlyArticle")
    assert paper.id == "https://doi.org/10.1000/182" and paper["name"] == "On Lines"
    assert [author["name"] for author in paper["author"]] == ["A. Author", "B. Author"]


def test_a_claim_is_read_by_machines(run, tmp_path):
    crate = ROCrate(publish([str(run)], output=str(tmp_path / "crate")))
    reviews = {review["identifier"]: review for review in crate.get_by_type("ClaimReview")}
    assert reviews.keys() == {"slope", "large"}
    slope = reviews["slope"]
    assert slope["claimReviewed"] == "The slope is about two"
    assert slope["reviewRating"]["name"] == "reproduced"
    published, measured = slope["about"]
    assert (published["value"], published["unitText"]) == (2.0, "nats")
    assert (measured["minValue"], measured["maxValue"]) == (1.95, 2.05)
    assert measured["value"] == pytest.approx(2) and measured["propertyID"] == "slope"
    assert reviews["large"]["reviewRating"]["name"] == "not testable at this scale"


def test_nothing_of_the_machine_is_in_it(run, tmp_path):
    before = {path: path.read_bytes() for path in files_of(run)}
    made = publish([str(run)], output=str(tmp_path / "crate"))
    checkout = Path(publish.__code__.co_filename).parents[2]
    places = [tmp_path, checkout, store.home(), Path(sys.prefix), "/data/archive"]
    told = [str(place).encode() for place in (*places, ELSEWHERE, "ipykernel_", USER, HOST)]
    for path in files_of(made):
        data = path.read_bytes()
        assert [word for word in told if word in data] == [], path
    entry = json.loads((made / "01_tiny" / "run.json").read_text())
    assert {"notebook.ipynb", "notebook.html", "tables/corpus_sources.csv"} <= {*entry["scrubbed"]}
    assert "figures/fig1_line.png" not in entry["scrubbed"]
    assert record.is_whole(made / "01_tiny", entry)  # its checksums are true of what is there
    assert entry["machine"]["platform"] == "Linux"
    json.loads((made / "01_tiny" / "notebook.ipynb").read_text())
    ElementTree.parse(made / "01_tiny" / "figures" / "fig1_line.svg")
    said = check_rules(made)["01_tiny/notebook.ipynb"]["description"]
    assert said.endswith("Names of the machine were taken out of it.")
    assert {path: path.read_bytes() for path in files_of(run)} == before


def test_paths_of_another_machine_are_taken_out_and_addresses_stay(run, tmp_path):
    foreign = {
        "/home/ada/x.txt": "{home}/x.txt",
        "a\n/Users/ada.b/x": "a\n{home}/x",
        "\x1b[0;32m/root/x": "\x1b[0;32m{home}/x",
        "file:///home/ada": "file://{home}",
        "(/opt/conda/envs/ada/lib/python3.12/site-packages/x.py)": (
            "({python}/lib/python3.12/site-packages/x.py)"
        ),
        "/tmp/ipykernel_12/3.py:4": "{temporary}/3.py:4",
        "/var/folders/zz/abc/T/x": "{temporary}/T/x",
    }
    kept = [
        "https://example.org/home/ada",
        "and/or",
        "</div>",
        "a square root",
        "QQ/root/AA+/tmp/B",
    ]
    said = [*foreign, *kept]
    (run / "notebook.ipynb").write_text(json.dumps({"cells": said}))
    page = "<p>" + " ".join(said) + "</p>"
    (run / "notebook.html").write_text(page)
    changed(run)
    made = publish([str(run)], output=str(tmp_path / "crate")) / "01_tiny"
    wanted = [*foreign.values(), *kept]
    assert json.loads((made / "notebook.ipynb").read_text())["cells"] == wanted
    assert (made / "notebook.html").read_text() == "<p>" + " ".join(wanted) + "</p>"


def test_a_zip_holds_what_a_folder_does(run, tmp_path):
    made = publish([], output=str(tmp_path / "all"))  # --all
    with zipfile.ZipFile(publish([str(run)], output=str(tmp_path / "a.zip"))) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {p.relative_to(made).as_posix(): p.read_bytes() for p in files_of(made)}


def test_it_says_how_to_cite_it(run, tmp_path):
    yaml = pytest.importorskip("yaml")
    people = ["Curie, Marie", "Noether, Emmy", "a group"]
    made = publish([str(run)], output=str(tmp_path / "crate"), authors=people)
    citation = yaml.safe_load((made / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= {*citation}
    assert citation["type"] == "dataset"
    marie, emmy, group = citation["authors"]
    assert marie == {"family-names": "Curie", "given-names": "Marie"}
    assert emmy["family-names"] == "Noether" and group == {"name": "a group"}
    assert citation["date-released"] == record.read(run)["ended"][:10]
    assert citation["references"][0]["doi"] == "10.1000/182"
    zenodo = json.loads((made / ".zenodo.json").read_text())
    assert zenodo["creators"] == [{"name": name} for name in people]
    assert zenodo["publication_date"] == citation["date-released"]
    assert "doi" not in zenodo and zenodo["upload_type"] == "dataset"
    entities = check_rules(made)
    assert [entities[f"#{quote(name)}"]["@type"] for name in people] == [
        "Person",
        "Person",
        "Organization",
    ]


def test_the_project_is_named_as_in_its_citation_file():
    yaml = pytest.importorskip("yaml")
    own = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text())
    assert (
        own["authors"] == [{"name": name} for name in deposit.AUTHORS] and own["license"] == "MIT"
    )


def test_a_run_that_is_not_good_is_refused_and_a_dirty_one_is_marked(run, tmp_path, capsys):
    out = ["--output", str(tmp_path / "crate")]
    entry = changed(run, git={"commit": "abc", "dirty": True})
    assert cli.main(["publish", "01", "--profile", "smoke", *out]) == 0
    root = check_rules(tmp_path / "crate")["./"]
    assert root["creativeWorkStatus"].startswith("NOT FROM A COMMIT: 01")
    assert "NOT FROM A COMMIT" in root["description"]
    assert cli.main(["publish", "--all", *out]) == 2
    assert "is there already: expected a new folder" in capsys.readouterr().err
    (run / "claims.csv").write_text("changed")
    (tmp_path / "empty").mkdir()
    for asked in (
        [str(run)],
        ["01"],
        ["empty"],
        [],
        ["01", "--all"],
        ["01", "--profile", "larger"],
    ):
        assert cli.main(["publish", *asked, "--output", str(tmp_path / "new")]) == 2, asked
    record.save(run, entry | {"status": "failed"})
    assert cli.main(["publish", "--all", "--output", str(tmp_path / "new")]) == 2
    assert cli.main(["publish", str(run), "--output", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().err
    assert "ok, or a file of it was changed" in said and "is failed, or" in said
    assert "has no run at laptop that ended well" in said and "is no run's folder" in said
    assert "--profile 'larger' was given; expected one of smoke, laptop" in said
    assert not (tmp_path / "new").exists()


def test_without_the_library_it_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(InputError, match=r"not installed: expected .*pip install 'lmnotes\[pub"):
        publish([str(run)], output=str(tmp_path / "crate"))


@pytest.mark.slow
def test_a_run_of_a_kernel_is_published(ran_house, tmp_path):
    made = publish(["01"], profile="smoke", output=str(tmp_path / "crate"))
    entities = check_rules(made)
    assert entities["#01-claim-slope"]["reviewRating"] == {"@id": "#verdict-reproduced"}
    assert entities["01_tiny/figures/fig1_line.pdf"]["description"] == "A line & more"
    told = [str(place).encode() for place in (ran_house.root, Path.home(), sys.prefix)]
    for path in files_of(made):
        assert [word for word in told if word in path.read_bytes()] == [], path
