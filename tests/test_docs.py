"""The site: its examples run, its links lead somewhere, nothing of it comes from the network."""

import doctest
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import matplotlib.pyplot as plt
import pytest

from lmnotes.notebook import card, session
from lmnotes.runs import reach

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
BUILT = ("_build", "_runs", "notebooks", "ledger.css")  # what builds leave in docs/
PAGES = sorted(path for path in DOCS.rglob("*.md") if not {*BUILT} & {*path.parts})
API = [path for path in PAGES if path.parent.name == "api" and path.stem != "index"]
NAMES = re.findall(r"`([a-z]+\.[\w.]+)`", (DOCS / "api" / "index.md").read_text())


@pytest.mark.parametrize("page", API, ids=lambda page: page.stem)
def test_the_examples_of_a_page_say_what_comes_out(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path))
    monkeypatch.setattr(session, "_current", None)
    examples = "\n".join(blocks_of(page))
    test = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    said = []
    result = doctest.DocTestRunner().run(test, out=said.append)
    plt.close("all")
    assert result.attempted > 3 and not result.failed, "".join(said)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_api_has_its_entry_and_an_example(name):
    room, _, own = name.rpartition(".")
    thing = getattr(importlib.import_module(f"lmnotes.{room}"), own)
    entry = re.compile(rf"auto\w+:: lmnotes\.{re.escape(name)}$", re.M)
    pages = [page for page in API if entry.search(page.read_text())]
    assert len(pages) == 1
    shown = "\n".join(blocks_of(pages[0]))
    made = {"Corpus": "mine.tokens", "TextSet": "pieces.table", "Scores": "scores.n_bytes"}
    made |= {"Ledger": "ledger.matrix"}
    called = name.removeprefix("text.") + "(" if not inspect.isclass(thing) else made.get(own, own)
    assert called in shown or ">>>" in inspect.getdoc(thing)


def test_there_are_about_thirty_names():
    assert 30 <= len(NAMES) == len(set(NAMES)) <= 40


@pytest.mark.parametrize("name", [*TOP, *(str(page.relative_to(ROOT)) for page in PAGES)])
def test_relative_links_lead_to_a_file_and_a_heading(name):
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("http"):
            continue
        path, _, heading = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        is_made = target.parent == DOCS / "notebooks"
        assert is_made or target.is_file(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}
            assert heading in anchors, link


def test_the_drawing_of_the_rooms_names_them_all():
    text = " ".join(re.findall(r">([^<>]+)<", (DOCS / "rooms.svg").read_text()))
    inside = {path.stem for path in reach.PACKAGE.iterdir() if path.suffix in ("", ".py")}
    rooms = inside - {"__init__", "__pycache__", "py"}
    assert {name for name in rooms if not re.search(rf"\b{name}\b", text)} == set()


def blocks_of(page):
    """The examples of a page."""
    return re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


class Links(HTMLParser):
    """What a page links, loads, and can be pointed to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        self.ids |= {at[name] for name in ("id", "name") if at.get(name)}
        if tag == "a" and at.get("href"):
            self.links.append(at["href"])
        elif given := at.get("src") or (at.get("href") if tag == "link" else None):
            self.loads.append(given)


def build(folder):
    """The site's pages by their place in it, built in a copy of docs/ below a folder."""
    pytest.importorskip("sphinx", reason="make docs installs what the site takes")
    shutil.copytree(DOCS, folder / "docs", ignore=shutil.ignore_patterns(*BUILT, "__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    said = subprocess.run([*command, "docs", "site"], cwd=folder, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    site = folder / "site"
    return {path.relative_to(site).as_posix(): Links(path) for path in site.rglob("*.html")}


def check(pages, site):
    """Every link within leads to a file and a place in it; nothing is loaded from elsewhere."""
    for name, page in pages.items():
        for load in page.loads:
            assert not re.match("(https?:)?//", load), (name, load)
        for link in page.links + page.loads:
            if re.match("https?:|data:", link):
                continue
            path, _, place = link.partition("#")
            target = (site / name).parent / unquote(path.partition("?")[0]) if path else site / name
            assert target.is_file(), (name, link)
            if place and target.suffix == ".html":
                known = pages[target.resolve().relative_to(site.resolve()).as_posix()].ids
                assert unquote(place) in known, (name, link)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", text), style.name


@pytest.mark.slow
def test_the_site_of_a_fresh_clone_has_every_page_and_every_name(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    pages = build(tmp_path)
    check(pages, tmp_path / "site")
    for notebook in card.notebooks():
        assert f"notebooks/{notebook.stem}/index.html" in pages
        text = (tmp_path / "site" / "notebooks" / notebook.stem / "index.html").read_text()
        assert "Not run where this site was built" in text and "The paper:" in text
    ids = {f"lmnotes.{name}": page for name in NAMES for page in API}
    known = set().union(*(page.ids for name, page in pages.items() if name.startswith("api/")))
    assert set(ids) <= known


@pytest.mark.slow
def test_a_run_is_shown_with_its_figure_claims_and_executed_page(ran_house, tmp_path):
    pages = build(tmp_path)
    site, at = tmp_path / "site", f"notebooks/{ran_house.name}"
    check(pages, site)
    text = (site / at / "index.html").read_text(encoding="utf-8")
    assert 'src="run/fig1_line.svg"' in text and (site / at / "run" / "fig1_line.svg").is_file()
    assert "it rises by 2.00 nats (1.95–2.05) (2 nats): reproduced" in text
    assert 'data-label="Measured">2.00 nats <small>(1.95–2.05)</small></td>' in text
    assert "Figures 1 of 1, tables 1 of 2" in text and "whole numbers for those of" in text
    assert "A tiny paper &amp; its &lt;claims&gt;" in text and "its <claims>" not in text
    assert "1 exercises, 1 quizzes" in text and "Not run where" not in text
    assert "<h1" in text and "n_points" in text and "points on the line" in text
    assert "../index.html" in pages[f"{at}/run/notebook.html"].links
    assert f"{ran_house.name}/run/fig1_line.svg" in (site / "notebooks" / "index.html").read_text()
