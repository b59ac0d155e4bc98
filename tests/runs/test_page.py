import base64
import re

import nbformat
import pytest
from nbformat import v4

from lmnotes.runs import page

PIXEL = base64.b64encode(b"\x89PNG").decode()


@pytest.fixture
def shown(tmp_path):
    """A function that writes cells as a page and gives its text."""

    def write(*cells):
        path = tmp_path / "notebook.ipynb"
        nbformat.write(v4.new_notebook(cells=list(cells)), path)
        page.write(path, tmp_path / "notebook.html")
        return (tmp_path / "notebook.html").read_text()

    return write


def code(source, *outputs, tags=()):
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def display(metadata=None, **data):
    kinds = {"html": "text/html", "text": "text/plain", "png": "image/png", "js": page._SCRIPT}
    named = {kinds.get(kind, page._WIDGET): value for kind, value in data.items()}
    return v4.new_output("display_data", data=named, metadata=metadata or {})


def test_long_code_is_folded_under_its_number_of_lines(shown):
    long = "\n".join(f"x{i} = {i}" for i in range(20))
    assert "<summary>Code, 20 lines</summary>" in shown(code(long))
    assert "<details" not in shown(code("x = 1"))
    assert "<details" not in shown(code(long, tags=["parameters"]))
    error = v4.new_output("error", ename="E", evalue="no", traceback=["\x1b[31mit broke\x1b[0m"])
    text = shown(code(long, error))
    assert "<details" not in text and '<span class="ansi-red-fg">it broke</span>' in text


def test_nothing_that_needs_a_script_or_the_network(shown):
    bar = display(widget={"model_id": "a"}, text="training:   0%|          | 0/9 [00:00<?]")
    view = display(widget={"model_id": "b"}, text="a slider")
    script = display(js="alert(1)", text="of a script")
    text = shown(code("x", bar, view, script))
    assert "training:" not in text and "a slider" in text and "of a script" in text
    assert "<script" not in text and "alert" not in text and "http" not in text
    assert len(text) < 20_000


def test_the_page_is_dark_where_the_reader_is(shown):
    assert "prefers-color-scheme: dark" in shown()
    table = display(html="<style scoped>td {color: red}</style><table class='dataframe'></table>")
    assert "color: red" not in shown(code("x", table))


def test_pictures_grow_and_the_first_heading_is_the_title(shown):
    picture = display({"image/png": {"width": 300, "alt": "a < b"}}, png=PIXEL)
    text = shown(v4.new_markdown_cell("## Not\n\n# A < B\n\nof $p(w')$"), code("x", picture))
    assert re.search(r'<img alt="a &lt; b"[^>]* src="data:image/png;base64,[^>]* width="360"', text)
    assert "<title>A &lt; B</title>" in text
    assert "<math" in text and 'class="prime"' in text
