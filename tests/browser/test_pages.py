"""The pages in headless Chromium, from disk: they show what they hold, and no data runs."""

import nbformat
import pandas as pd
import pytest
from nbformat import v4

from lmnotes.figures import map_page
from lmnotes.runs import gallery
from lmnotes.runs import page as notebook_page

EVIL = "<!--<script>window.ran = true</script><img src=x onerror='window.ran = true'>"


@pytest.fixture
def said(page):
    """What the page complains of, such as of something that its policy forbids."""
    lines = []
    page.on("console", lambda message: lines.append(message.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    return lines


def draw_map():
    names = [EVIL, "second"]
    table = pd.DataFrame({"model": names, "family": ["a", EVIL], "u": [0.0, 1.0], "v": [0.0, 1.0]})
    near = dict(zip(names, [names[1:], names[:1]], strict=True))
    views = {"PCA": ("u", "v")}
    return map_page.page(table, near, views=views, colours=["family"], title=EVIL)


def test_a_map_is_drawn_and_names_stay_names(page, said, tmp_path):
    path = map_page.save(tmp_path / "map.html", draw_map())
    page.goto(path.as_uri())
    page.locator("circle").first.hover()
    assert EVIL in page.locator("#about").inner_text()
    assert page.locator("circle").count() == 2
    assert page.evaluate("window.ran") is None and said == []


def test_a_notebook_runs_nothing_but_the_map_within_it(page, said, tmp_path):
    shown = [{"text/markdown": EVIL}, {"text/html": f"<b>table</b>{EVIL}"}, {"text/plain": EVIL}]
    shown += [{"text/markdown": rf"$\text{{{EVIL}}}$ [a](javascript:window.ran=true)"}]
    outputs = [v4.new_output("display_data", data=data) for data in shown]
    frame = {"text/html": map_page.frame(draw_map())}
    about = {"text/html": {"whole_page": True}}
    outputs.append(v4.new_output("display_data", data=frame, metadata=about))
    png = {"image/png": "iVBORw0KGgo="}
    about = {"image/png": {"alt": '" onerror="window.ran = true'}}
    outputs.append(v4.new_output("display_data", data=png, metadata=about))
    node = v4.new_notebook(cells=[v4.new_code_cell(EVIL, outputs=outputs)])
    nbformat.write(node, tmp_path / "notebook.ipynb")
    notebook_page.write(tmp_path / "notebook.ipynb", tmp_path / "notebook.html")
    page.goto((tmp_path / "notebook.html").as_uri())
    assert page.locator("b").inner_text() == "table"
    frame = page.frame_locator("iframe")
    frame.locator("circle").first.hover()
    assert EVIL in frame.locator("#about").inner_text()
    assert page.evaluate("window.ran") is None and said == []
    page.locator("body").evaluate("body => body.innerHTML += `<img src=x onerror='window.ran=1'>`")
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None and "Content Security Policy" in said[-1]


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_the_gallery_leads_from_a_hero_to_its_paper_and_back(page, said, ran, ran_house, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(gallery.write().as_uri())
    for n_pictures in (1, 1):  # the hero, here and on its own page
        pictures = page.locator("img")
        assert pictures.count() == n_pictures
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            picture.evaluate("picture => picture.decode()")
            assert picture.evaluate("picture => picture.naturalWidth") > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if page.locator("h1").inner_text() == "lmnotes":
            page.get_by_role("link", name="A tiny paper").first.click()
    assert page.locator("h1").inner_text().endswith("A tiny paper & its <claims>")
    page.get_by_role("link", name="fig1_line").click()
    assert page.locator("#figure-fig1_line").evaluate("it => it.matches(':target')")
    page.get_by_role("link", name="Read the notebook").click()
    page.get_by_role("link", name="All figures and claims").click()
    page.get_by_role("link", name="All papers").click()
    assert page.locator("h1").inner_text() == "lmnotes" and said == []
