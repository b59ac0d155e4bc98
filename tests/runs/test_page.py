import base64
import hashlib
import html
import re

import nbformat
import pytest
from nbformat import v4

from lmnotes.notebook import views
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
    kinds = {
        "html": "text/html",
        "markdown": "text/markdown",
        "text": "text/plain",
        "png": "image/png",
        "js": "application/javascript",
    }
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
    assert "<script" not in text and "alert" not in text and not re.search("https?:", text)
    assert len(text) < 20_000


EVIL = "<script>ran()</script><img src=x onerror='ran()'>"


def test_what_data_carry_is_shown_and_not_run(shown):
    outputs = [display(html=f"<p style='color:red'>{EVIL}</p>"), display(text=EVIL)]
    outputs += [
        display(markdown=f"A caption of {EVIL}, with $\\text{{{EVIL}}}$ [here](javascript:ran)")
    ]
    cell = code("x", *outputs)
    cell.outputs[2].data["text/vnd.mermaid"] = EVIL
    text = shown(
        cell, v4.new_markdown_cell(f"# {EVIL}\n\n<details><summary>more</summary></details>")
    )
    assert text.count("&lt;script&gt;ran()&lt;/script&gt;") >= 3
    tags = re.findall("<[^>]*>", text)
    assert not [tag for tag in tags if re.search(r"\bscript(?!-src)|onerror|ran\(", tag)]
    assert "<details><summary>more</summary>" in text and 'style="color:red;"' in text
    alt = display({"image/png": {"alt": '" onerror="ran()'}}, png=PIXEL)
    assert '\nalt="&quot; onerror=&quot;ran()">' in shown(code("x", alt))  # one attribute


def test_the_policy_allows_the_scripts_of_whole_pages_only(shown):
    frame = '<iframe srcdoc="&lt;script&gt;1&lt;/script&gt;"></iframe>'
    whole = display({"text/html": {"whole_page": True}}, html=frame)
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    digest = "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="  # of the script `1`
    text = html.unescape(shown(code("x", whole)))
    assert f"{policy}; img-src data:; script-src 'sha256-{digest}'\"" in text
    text = html.unescape(shown(code("x", display(html=frame))))
    assert f"{policy}; img-src data:; script-src 'none'\"" in text


def test_a_heading_ends_where_it_ends(shown):
    assert '<h2 id="Two">Two</h2><p>text' in shown(v4.new_markdown_cell("## Two\n\ntext"))


def test_the_page_is_dark_where_the_reader_is(shown):
    assert "prefers-color-scheme: dark" in shown()
    table = display(html="<style scoped>td {color: red}</style><table class='dataframe'></table>")
    assert "color: red" not in shown(code("x", table))


def test_pictures_keep_their_size_and_the_first_heading_is_the_title(shown):
    picture = display({"image/png": {"width": 300, "alt": "a < b"}}, png=PIXEL)
    text = shown(v4.new_markdown_cell("## Not\n\n# A < B\n\nof $p(w')$"), code("x", picture))
    assert re.search(r'<img src="data:image/png;base64,[^>]* width="300"\s+alt="a &lt; b"', text)
    assert "<title>A &lt; B</title>" in text
    assert "<math" in text and 'class="prime"' in text


def test_a_view_moves_by_the_script_of_the_page_alone(shown):
    view = display(html="<p>a still</p>")
    frames = [f"<img src='x' onerror='ran()'><b>{EVIL}</b>"] * 2
    view.data[views.PAGE] = {"control": EVIL, "values": ["1", EVIL], "frames": frames}
    text = shown(code("x", view))
    digest = base64.b64encode(hashlib.sha256(page._SCRIPT.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in html.unescape(text)
    assert text.count("<script>") == 1 and f"<script>{page._SCRIPT}</script>" in text
    tags = re.findall("<[^>]*>", text.replace(page._SCRIPT, ""))
    assert not [tag for tag in tags if re.match("<(img|b).*(onerror|ran)", tag)]
    assert "<p>a still</p>" in text and text.count('class="frames"') == 1
