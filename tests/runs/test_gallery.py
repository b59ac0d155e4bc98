import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from lmnotes.runs import gallery
from lmnotes.runs import record as records
from lmnotes.runs import style as report_style


class Page(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag, name):
        return [attributes.get(name) for found, attributes in self.tags if found == tag]


@pytest.fixture
def pages(ran, ran_house):
    """The gallery and the page of its paper."""
    path = gallery.write()
    assert path == ran.outputs / "index.html"
    return [Page(path.read_text()), Page((path.parent / ran.name / "index.html").read_text())]


def texts(outputs):
    """The text of the gallery and of the paper's page."""
    index = gallery.write()
    assert index.parent == outputs
    return index.read_text(), (outputs / "01_tiny" / "index.html").read_text()


def test_the_gallery_loads_nothing_from_the_network(pages):
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    for page in pages:
        assert f"{policy}; img-src 'self' file:" in page.all("meta", "content")
        for tag, attributes in page.tags:
            assert tag not in ("script", "link", "iframe")
            assert not attributes.get("src", "").startswith(("http", "//"))
        assert page.open == []
    style = report_style.BASE + report_style.STYLE
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_every_link_within_leads_to_a_file_or_a_place_and_back_up(pages, ran):
    for page, folder, n in zip(pages, (ran.outputs, ran.outputs / ran.name), (3, 9), strict=True):
        links = page.all("img", "src") + page.all("a", "href")
        inner = [link for link in links if not link.startswith(("http", "#"))]
        assert len(inner) >= n
        for link in inner:
            assert (folder / link).is_file(), link
        places = {attributes.get("id") for _, attributes in page.tags}
        assert {link[1:] for link in links if link.startswith("#")} <= places
    assert "../index.html" in pages[1].all("a", "href")
    assert "#figure-fig1_line" in pages[1].all("a", "href")
    notebook = Page((ran.result.folder / "notebook.html").read_text())
    assert "../index.html" in notebook.all("a", "href")


def test_a_page_that_a_notebook_wrote_beside_its_figures_is_linked(ran, ran_house):
    written = ran.result.folder / "a map.html"
    written.write_text("<p>a page</p>")
    try:
        links = Page(texts(ran.outputs)[1]).all("a", "href")
    finally:
        written.unlink()
        gallery.write()
    assert any(link.endswith("/a%20map.html") for link in links)


def test_the_gallery_says_what_the_run_found(pages, ran):
    index, text = texts(ran.outputs)
    for page in (index, text):
        assert "A tiny paper &amp; its &lt;claims&gt;" in page and "<claims>" not in page
        assert "<b>The paper:</b> the line rises by 2 &lt;nats&gt;" in page
        assert "it rises by 2.00 nats (1.95–2.05) (2 nats): reproduced" in page
        assert "igures 1 of 1, tables 1 of 2" in page
        assert re.search(r'src="[^"]*figures/fig1_line\.svg" width="\d+" height="\d+"', page)
        assert '<span class="badge good">1 reproduced</span>' in page
    assert "https://doi.org/10.1000/182" in text
    assert "A. Author and B. Author. <cite>On Lines</cite>. EMNLP 2023" in text
    assert "A line &amp; more" in text
    assert '<span class="badge grey">1 not testable at this scale</span>' in text
    assert "smoke profile" in text and "n_points" in text
    assert 'data-label="Published">2 nats</td>' in text
    assert 'data-label="Measured">2.00 nats <small>(1.95–2.05)</small></td>' in text
    assert "a <em>text</em> of the paper; parameter <code>text</code>" in text


def test_four_figures_stand_below_the_hero_and_the_others_are_folded(good):
    figures = good / "figures"
    for n in range(2, 8):
        for kind in ("png", "svg", "pdf", "csv"):
            shutil.copy(figures / f"fig1_line.{kind}", figures / f"fig{n}_more.{kind}")
    text = texts(good.parents[1])[1]
    before, more, folded = text.partition("<summary>All figures: 2 more</summary>")
    assert more and before.count("<figure ") == 5 and folded.count("<figure ") == 2


def test_a_run_under_way_is_no_failure(good):
    record = json.loads((good / "run.json").read_text())
    new = good.with_name("0123456789ab")
    new.mkdir()
    record |= {"status": "running", "asked": records.now()}
    (new / "run.json").write_text(json.dumps(record))
    with records.lock(new):
        index, text = texts(good.parents[1])
    assert "running now" in index and "1 reproduced" in index and "latest run" not in text
    assert "The latest run (smoke) interrupted" in texts(good.parents[1])[1]


def test_laptop_goes_before_later_runs_of_other_profiles():
    def entry(profile, status="ok"):
        return {"profile": profile, "status": status}

    smoke, laptop, paper = entry("smoke"), entry("laptop"), entry("paper")
    assert gallery.choose([smoke, laptop, paper]) is laptop
    assert gallery.choose([smoke, paper]) is paper
    assert gallery.choose([laptop, entry("laptop", "failed")]) is laptop
    assert gallery.choose([entry("laptop", "failed")]) is None


def test_a_table_is_shown_as_a_cell_shows_it_and_no_more_than_its_beginning(good):
    path = good / "tables" / "table1_squares.csv"
    lines = [f"'=a<b>,{n},{n / 7},{n / 8},nan" for n in range(250)]
    path.write_text("\n".join([",n_words,value_low,value,r2", *lines]))
    text = texts(good.parents[1])[1]
    assert ">words</th>" in text and ">R²</th>" in text and ">Unnamed" not in text
    assert ">=a&lt;b&gt;</td>" in text and "<td>–</td>" in text
    assert "188 more rows" in text and "… 50 more rows" in text


@pytest.fixture
def good(ran, ran_house, tmp_path, monkeypatch):
    """The folder of a good run, in an outputs folder that may be changed."""
    outputs = tmp_path / "outputs"
    shutil.copytree(ran.outputs, outputs)
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(outputs))
    return outputs / ran.name / ran.result.folder.name


def test_a_later_failure_is_shown_beside_the_good_run(good):
    record = json.loads((good / "run.json").read_text())
    bad = good.with_name("0123456789ab")
    bad.mkdir()
    record |= {"status": "failed", "asked": records.now(), "failure": {"error": "ValueError: <no>"}}
    (bad / "run.json").write_text(json.dumps(record))
    text = texts(good.parents[1])[1]
    assert "The latest run (smoke) failed: ValueError: &lt;no&gt;" in text
    assert "1 reproduced" in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("claims.csv", b"id,verdict\none\n"),
        ("claims.csv", b"id\none\n"),
        ("tables/table1_squares.csv", b"\xff\xfe\n"),
        ("figures/captions.json", b"{"),
        ("figures/captions.json", b"[1]"),
        ("run.json", b'{"notebook": "01_tiny"}'),
        ("run.json", b"[]"),
    ],
)
def test_a_damaged_file_costs_the_entry_of_its_run(good, name, content):
    older = json.loads((good / "run.json").read_text())
    shutil.copytree(good, good.with_name("0123456789ab"))
    (good / "run.json").write_text(json.dumps(older | {"asked": records.now()}))
    (good / name).write_bytes(content)
    text = texts(good.parents[1])[1]
    assert "1 reproduced" in text and "0123456789ab/notebook.html" in text
    told = "a file of it is damaged" in text
    assert told == (name != "run.json")
    shutil.rmtree(good.with_name("0123456789ab"))
    index, text = texts(good.parents[1])
    assert "not run yet: <code>lmnotes run 01</code>" in index
    assert "Not run yet: <code>lmnotes run 01</code>" in text


def test_notebooks_that_have_not_run_or_have_no_card_are_named(house):
    (house.notebooks / "02_bare.ipynb").write_text("{}")
    index, text = texts(house.outputs)
    assert "not run yet: <code>lmnotes run 01</code>" in index
    assert "Not run yet: <code>lmnotes run 01</code>" in text
    assert "02.toml is not there" in index
