"""The pages in headless Chromium, from disk: they show what they hold, and no data runs."""

import base64
import re

import nbformat
import pandas as pd
import pytest
from house import CELLS, write_notebook
from nbformat import v4
from PIL import Image

from lmnotes.figures import map_page
from lmnotes.notebook import shown, views
from lmnotes.runs import gallery, run
from lmnotes.runs import page as notebook_page

pytestmark = pytest.mark.slow

EVIL = "<!--<script>window.ran = true</script><img src=x onerror='window.ran = true'>"


def draw_map():
    names = [EVIL, "second"]
    table = pd.DataFrame({"model": names, "family": ["a", EVIL], "u": [0.0, 1.0], "v": [0.0, 1.0]})
    near = dict(zip(names, [names[1:], names[:1]], strict=True))
    views = {"PCA": ("u", "v")}
    return map_page.page(table, near, views=views, colours=["family"], title=EVIL)


def test_a_map_is_drawn_and_names_stay_names(page, said, tmp_path):
    path = map_page.save(tmp_path / "map.html", draw_map())
    page.goto(path.as_uri())
    page.get_by_role("listbox", name=EVIL).press("Home")
    assert EVIL in page.locator("#about").inner_text()
    assert set(page.locator("#names text").all_text_contents()) == {EVIL, "second"}
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
    frame.get_by_role("listbox", name=EVIL).press("Home")
    assert EVIL in frame.locator("#about").inner_text()
    assert page.evaluate("window.ran") is None and said == []
    page.locator("body").evaluate("body => body.innerHTML += `<img src=x onerror='window.ran=1'>`")
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None and "Content Security Policy" in said[-1]


def fits(page, width):
    """Whether nothing but what scrolls by itself is wider than the page."""
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_gallery_leads_from_a_hero_to_its_paper_and_back(page, said, ran, ran_house, width):
    page.goto(gallery.write().as_uri())
    for n_pictures in (1, 1):  # the hero, here and on its own page
        pictures = page.locator("img")
        assert pictures.count() == n_pictures
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            picture.evaluate("picture => picture.decode()")
            assert picture.evaluate("picture => picture.naturalWidth") > 0
        assert fits(page, width)
        if page.locator("h1").inner_text() == "lmnotes":
            page.get_by_role("link", name="A tiny paper").first.click()
    assert page.locator("h1").inner_text().endswith("A tiny paper & its <claims>")
    page.get_by_role("link", name="fig1_line").click()
    assert page.locator("#figure-fig1_line").evaluate("it => it.matches(':target')")
    page.get_by_role("link", name="Read the notebook").click()
    page.get_by_role("link", name="All figures and claims").click()
    page.get_by_role("link", name="All papers").click()
    assert page.locator("h1").inner_text() == "lmnotes" and said == []


SHOWN = """
def draw(power=2):
    fig, ax = plt.subplots(figsize=(3, 2), layout="constrained")
    ax.plot(points.x, points.y**power)
    return fig

views.explore(draw, stills=[{"power": 1}], frames="power", power=(1, 3))
teach.quiz("which")
square = teach.exercise("square", right=lambda answer: answer == 9, kind=int)
"""


def test_an_executed_page_answers_without_python(page, said, width, house):
    write_notebook(house.notebook, [*CELLS[:4], ("code", SHOWN, [])])
    folder = run.run("01", "smoke").folder
    page.goto((folder / "notebook.html").as_uri())
    slider, shown = page.get_by_role("slider", name="power"), page.locator(".frames img:visible")
    assert shown.count() == 1 and page.locator("figure:visible").count() == 1
    seen = {shown.get_attribute("src")}
    for key, value in (("ArrowRight", "3"), ("Home", "1")):
        slider.press(key)
        assert page.locator(".frames output").inner_text() == value
        seen.add(shown.get_attribute("src"))
    assert len(seen) == 3 and page.get_by_text("power = 1").locator("visible=true").count() == 1
    slider.click(position={"x": slider.bounding_box()["width"] - 2, "y": 5})
    assert page.locator(".frames output").inner_text() == "3"
    for choice, answer in (("1. one", "Not 'one'"), ("3. three", "It comes last.")):
        feedback = page.get_by_text(answer)
        assert not feedback.is_visible()
        page.get_by_text(choice, exact=True).click()
        assert feedback.is_visible()
    assert not page.get_by_text("Nine.").is_visible() and fits(page, width)
    assert said == []
    page.emulate_media(media="print")
    assert not slider.is_visible() and page.get_by_text("power = 1").last.is_visible()


def test_a_wide_figure_keeps_its_letters(page, width, tmp_path):
    outputs = []
    for size in (800, 480):
        data = {"image/png": base64.b64encode(shown.packed(Image.new("RGB", (size, 50)))).decode()}
        about = {"image/png": {"width": size}}
        outputs.append(v4.new_output("display_data", data=data, metadata=about))
    cell = v4.new_code_cell("x", outputs=outputs)
    notebook_page.write(v4.new_notebook(cells=[cell]), tmp_path / "notebook.html")
    page.goto((tmp_path / "notebook.html").as_uri())
    wide, small = page.locator("img").evaluate_all("them => them.map(it => it.clientWidth)")
    assert wide >= 700 and small == min(480, width - 32) and fits(page, width)


def test_a_page_without_scripts_shows_the_stills(page, tmp_path):
    view = {"control": "n", "values": ["1", "2"], "frames": ["<b>first</b>", "<b>second</b>"]}
    data = {"text/html": "<b>a still</b>", views.PAGE: view}
    cell = v4.new_code_cell("x", outputs=[v4.new_output("display_data", data=data)])
    notebook_page.write(v4.new_notebook(cells=[cell]), tmp_path / "notebook.html")
    text = (tmp_path / "notebook.html").read_text()
    without = re.sub('script-src [^"]*', "script-src &#x27;none&#x27;", text)
    for source, bold in ((text, "first"), (without, "a still")):
        (tmp_path / "notebook.html").write_text(source)
        page.goto((tmp_path / "notebook.html").as_uri())
        assert page.locator("b:visible").all_inner_texts() == [bold]
