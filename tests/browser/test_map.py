"""The map of models in headless Chromium: all that a hand, a finger or a key does with it."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from lmnotes.figures import map_page

pytestmark = pytest.mark.slow

# what is drawn, counted from before the page's own script runs
COUNT = """
window.nDrawn = 0;
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  window.nDrawn++; return clear.apply(this, box); };
"""


def made(n):
    """A page of n models of fourteen families on a plane, a third of them fine-tunes."""
    rng = np.random.default_rng(0)
    family = rng.integers(0, 14, n)
    xy = rng.normal(0, 10, (14, 2))[family] + rng.normal(0, 1.3, (n, 2))
    names = [f"lab-{i % 37}/model-{f}-{i}" for i, f in enumerate(family)]
    table = pd.DataFrame(
        {
            "model": names,
            "label": [name.split("/")[1] for name in names],
            "family": [f"family {f}" for f in family],
            "kind": ["finetune" if i % 3 == 1 else "neural" for i in range(n)],
            "parent": [names[i - 1] if i % 3 == 1 else "" for i in range(n)],
            "n_parameters": 10 ** rng.uniform(7, 11, n),
            "score": np.linspace(-3, 1, n),
            "date": np.datetime_as_string(np.datetime64("2022-01-01") + np.arange(n)),
            "hash": [f"{i * 7919:08x}x" for i in range(n)],
            "u": xy[:, 0],
            "v": xy[:, 1],
        }
    )
    near = {name: [names[(i + k) % n] for k in (1, 2, 3)] for i, name in enumerate(names)}
    views = {"t-SNE": ("u", "v"), "turned": ("v", "u")}
    colours = ["family", "score", "date", "hash"]
    units = {"score": "nats per byte"}
    return map_page.page(table, near, views=views, colours=colours, units=units)


@pytest.fixture
def opened(page, said, width, tmp_path):
    """Opens a map of n models, with an address; its complaints are an error."""
    page.add_init_script(COUNT)

    def open_map(n, state=""):
        path = map_page.save(tmp_path / f"{n}.html", made(n))
        page.goto("about:blank")
        page.goto(path.as_uri() + state)
        until(page, "nDrawn > 0")
        return page

    yield open_map
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def places(page):
    """Where the models stand, in pixels of the window."""
    box = page.locator("#map").bounding_box()
    return np.add(page.evaluate("places"), (box["x"], box["y"]))


def until(page, condition):
    """Waits; the browser's own way to wait reads a text as script, which the page forbids."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def settle(page):
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def pinned(page):
    return page.evaluate("state.model")


@pytest.mark.parametrize("n", [70, 1018])
def test_nothing_moves_under_the_pointer_and_no_dot_is_drawn_again(opened, n):
    page = opened(n)
    before, n_drawn = places(page), page.evaluate("nDrawn")
    for x, y in before[:: n // 26]:
        page.mouse.move(x, y)
        assert page.locator("#marks text").count() == 1
        assert (places(page) == before).all()
    assert page.evaluate("nDrawn") == n_drawn
    page.locator("h1").hover()
    assert page.locator("#marks *").count() == 0


def test_a_model_is_found_by_its_name(opened):
    page = opened(1018)
    search = page.get_by_role("combobox", name="Search by name")
    search.fill("lab-3 -1")
    assert search.get_attribute("aria-expanded") == "true"
    assert page.locator("#hits").get_by_role("option").count() == 8
    search.press("ArrowDown")
    search.press("ArrowDown")
    pointed = page.locator("#" + search.get_attribute("aria-activedescendant"))
    name = pointed.evaluate("it => it.firstChild.textContent")
    assert pointed.get_attribute("aria-selected") == "true"
    search.press("Enter")
    assert pinned(page).endswith("/" + name) and name in page.locator("#about").inner_text()
    assert search.get_attribute("aria-expanded") == "false"
    settle(page)
    box = page.locator("#map").bounding_box()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    row = page.evaluate("pinned")
    assert np.allclose(places(page)[row], middle, atol=1) and page.evaluate("zoom.k") >= 3
    search.fill("no such model")
    assert page.get_by_text("no model of that name").is_visible()
    search.press("Escape")
    assert not page.locator("#hits").is_visible()


def pinch(page, spread):
    """Two fingers around the middle of the map, moved apart by so many pixels each."""
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        touches = [{"x": a, "y": y, "id": k} for k, a in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", x - 40)
    touch("touchStart", x - 40, x + 40)
    for part in (0.5, 1):
        touch("touchMove", x - 40 - spread * part, x + 40 + spread * part)
    touch("touchEnd")


def test_wheel_fingers_buttons_and_keys_zoom_and_pan(opened):
    page = opened(70)
    zoom = lambda: page.evaluate("zoom.k")  # noqa: E731
    x, y = places(page)[0]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    until(page, "zoom.k > 1.5")
    settle(page)
    assert np.allclose(places(page)[0], (x, y), atol=1)  # what is pointed at stays there
    page.get_by_role("button", name="the whole map").click()
    assert zoom() == 1
    page.get_by_role("button", name="zoom in").click()
    assert zoom() == 1.6
    page.get_by_role("button", name="zoom out").click()
    assert zoom() == 1
    pinch(page, 60)
    assert zoom() == pytest.approx(2.5, rel=0.05)
    page.locator("#map").press("0")
    settle(page)
    before = places(page)
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 105, box["y"] + 55, steps=3)
    page.mouse.up()
    settle(page)
    assert np.allclose(places(page) - before, (100, 50)) and pinned(page) == ""
    page.locator("#map").press("Shift+ArrowRight")
    page.locator("#map").press("+")
    settle(page)
    assert zoom() == 1.4


def test_the_legend_counts_and_switches_classes(opened):
    page = opened(1018)
    rows = page.locator("#legend .row")
    counts = [
        int(text.replace(",", "")) for text in page.locator("#legend small").all_inner_texts()
    ]
    assert rows.count() == 16 and sum(counts[:14]) == sum(counts[14:]) == 1018
    rows.first.click()
    assert rows.first.get_attribute("aria-pressed") == "false"
    assert page.evaluate("every.filter(isShown).length") == 1018 - counts[0]
    gone = page.evaluate("every.find(i => !isShown(i))")
    page.mouse.move(*places(page)[gone])
    assert page.evaluate("hovered") != gone
    page.get_by_role("button", name="show all").click()
    assert page.evaluate("every.every(isShown)")


def test_numbers_have_a_bar_and_many_classes_a_short_legend(opened, width):
    page = opened(1018, "#colour=score")
    assert page.get_by_text("score, nats per byte").is_visible()
    assert page.locator(".ends span").all_inner_texts() == ["-3", "-1", "1"]
    shown = page.locator("#bar").evaluate("it => getComputedStyle(it).backgroundImage")
    assert "rgb(68, 1, 84)" in shown and "rgb(253, 231, 37)" in shown
    page.get_by_label("colour").select_option("date")
    assert page.locator(".ends span").first.inner_text() == "2022-01-01"
    page.get_by_label("colour").select_option("hash")
    assert page.get_by_role("button", name="other (999)").count() == 1
    assert page.locator("#legend .row").count() == 22
    assert page.evaluate("document.documentElement.scrollHeight") <= (800 if width > 700 else 1600)


def test_names_stand_where_there_is_room_and_more_of_them_nearer(opened):
    page = opened(1018)
    boxes = (
        "them => them.map(it => { const b = it.getBBox(); return [b.x, b.y, b.width, b.height] })"
    )
    seen = []
    for _ in range(2):
        x, y, w, h = np.array(page.locator("#names text").evaluate_all(boxes)).T
        across = np.minimum.outer(x + w, x + w) - np.maximum.outer(x, x)
        down = np.minimum.outer(y + h, y + h) - np.maximum.outer(y, y)
        over = (across > 1) & (down > 2)
        assert over.sum() == len(x)  # each over itself only
        inside = page.evaluate("every.filter(i => isInside(places[i])).length")
        seen.append(len(x) / inside)
        page.evaluate("scale(12, ...places[0])")
        settle(page)
    assert seen[1] > 3 * seen[0] > 0
    halo = page.locator("#names text").first.evaluate("it => getComputedStyle(it).paintOrder")
    assert halo.startswith("stroke")


def test_a_model_that_is_pointed_at_is_named_once_and_over_no_other_name(opened):
    page = opened(1018)
    boxes = "them => them.filter(it => it.getAttribute('visibility') != 'hidden').map(it => {"
    boxes += " const b = it.getBBox(); return [it.textContent, b.x, b.y, b.width, b.height] })"
    before = page.locator("#names text").evaluate_all(boxes)
    n_hidden = 0
    for row in page.evaluate("named.slice(0, 25).map(([i]) => i)"):
        page.evaluate(f"pin({row})")
        left = page.locator("#names text").evaluate_all(boxes)
        [[label, x, y, w, h]] = page.locator("#marks text").evaluate_all(boxes)
        assert label not in [name for name, *_ in left]
        for _, x2, y2, w2, h2 in left:
            assert x > x2 + w2 or x2 > x + w or y > y2 + h2 - 3 or y2 > y + h - 3
        n_hidden += len(before) - len(left)
    assert n_hidden > 25  # its own name each time, and now and then a neighbour's
    page.locator("#map").press("Escape")
    settle(page)
    assert page.locator("#names text").evaluate_all(boxes) == before


def test_lines_lead_from_parents(opened):
    page = opened(70)
    picture = lambda: page.evaluate("canvas.toDataURL()")  # noqa: E731
    before = picture()
    page.get_by_label("lineage").check()
    settle(page)
    assert picture() != before and len(page.evaluate("D.kin")) == 23


def test_the_address_brings_the_state_back(opened):
    page = opened(70)
    page.get_by_label("projection").select_option("turned")
    page.get_by_label("colour").select_option("score")
    page.locator("#map").press("Home")
    address = page.url
    assert "view=turned&colour=score&model=lab-0%2Fmodel" in address
    page.goto("about:blank")
    page.goto(address)
    assert page.locator("#view").input_value() == "turned"
    assert page.locator("#colour").input_value() == "score"
    assert pinned(page).startswith("lab-0/") and page.locator("#marks text").count() == 1
    page = opened(70, "#view=none&colour=toString&model=nobody")
    assert page.locator("#view").input_value() == "t-SNE" and pinned(page) == ""


def test_a_chosen_area_is_copied_as_csv(opened):
    page = opened(70)
    page.evaluate(
        "addEventListener('copy', () => window.copied = document.activeElement.value, true)"
    )
    page.get_by_role("button", name="Copy 70 as csv").click()
    rows = list(csv.DictReader(io.StringIO(page.evaluate("copied"))))
    assert (
        len(rows) == 70 and rows[1]["kind"] == "finetune" and rows[0]["label"] != rows[0]["model"]
    )
    page.get_by_role("button", name="Choose an area").click()
    there, box = places(page), page.locator("#map").bounding_box()
    x, y = there[0]
    corners = [(x - 30, y - 30), (x + 30, y - 30), (x + 30, y + 30), (x - 30, y + 30)]
    low = (box["x"] + 1, box["y"] + 1)
    high = (box["x"] + box["width"] - 1, box["y"] + box["height"] - 1)
    corners = np.clip(corners, low, high)
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=2)
    page.mouse.up()
    settle(page)
    inside = ((there > corners[0]) & (there < corners[2])).all(axis=1).sum()
    assert page.locator("#about b").inner_text() == f"{inside} chosen"
    assert page.locator("#about ol button").count() == inside >= 1
    page.get_by_role("button", name=f"Copy {inside} as csv").click()
    assert len(list(csv.DictReader(io.StringIO(page.evaluate("copied"))))) == inside


def luminance(colour):
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# colour of each text and of the ground beneath it
TEXTS = """
[...document.querySelectorAll("h1,h2,label,button,select,input,small,span,dt,dd,p,b,li,svg text")]
  .filter(it => it.getClientRects().length).map(it => {
    const look = getComputedStyle(it);
    let under = it.closest("svg") ? document.getElementById("frame") : it;
    while (under && getComputedStyle(under).backgroundColor == "rgba(0, 0, 0, 0)")
      under = under.parentElement;
    return [it.closest("svg") ? look.fill : look.color, getComputedStyle(under).backgroundColor,
      it.textContent];
  })
"""


def test_letters_stand_out_in_the_dark_as_in_the_light(opened):
    page = opened(70)
    grounds = set()
    for mode in ("light", "dark", "toggled"):
        if mode == "toggled":
            page.get_by_role("button", name="dark or light").click()
        else:
            page.emulate_media(color_scheme=mode)
        page.locator("#map").press("Home")
        page.locator("#search").fill("model")
        for colour, ground, text in page.evaluate(TEXTS):
            low, high = sorted([luminance(colour), luminance(ground)])
            assert (high + 0.05) / (low + 0.05) >= 4.5, (mode, text)
        page.locator("#search").fill("")
        grounds.add((mode, page.evaluate("getComputedStyle(document.body).backgroundColor")))
    looks = dict(grounds)
    assert looks["toggled"] == looks["light"] != looks["dark"] and "mode=light" in page.url


def test_keys_go_from_model_to_model_and_names_are_heard(opened):
    page = opened(70)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "map":
            break
    there = places(page)
    seen = set()
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowLeft", "PageDown", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == "map"
        option = page.locator("#" + page.locator("#map").get_attribute("aria-activedescendant"))
        assert option.get_attribute("role") == "option"
        assert re.search(r"^model-\d+-\d+, family \d+, .*; nearest: model-", option.inner_text())
        seen.add(pinned(page))
    assert len(seen) >= 5 and (places(page) == there).all()
    page.keyboard.press("Space")
    assert page.locator("#said").inner_text() == "1 models chosen"
    page.keyboard.press("Escape")
    assert pinned(page) == "" and page.evaluate("chosen.size") == 0
    assert page.get_by_role("listbox", name="Model map").count() == 1
    nameless = "them => them.filter(it => !it.ariaLabel && !it.textContent && !it.labels?.length)"
    assert page.locator("button, select, input").evaluate_all(f"{nameless}.length") == 0


def test_a_finger_hits_what_it_means(opened):
    page = opened(70)
    there = places(page)
    apart = np.hypot(*(there[:, None] - there).T) + np.eye(70) * 1e9
    alone = int(apart.min(axis=0).argmax())
    session, (x, y) = page.context.new_cdp_session(page), there[alone]
    for kind, touches in (("touchStart", [{"x": x + 12, "y": y}]), ("touchEnd", [])):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    assert page.evaluate("pinned") == alone
    sizes = "them => them.map(it => it.getBoundingClientRect()).map(b => [b.width, b.height])"
    sizes = page.locator("button:visible, select, #search").evaluate_all(sizes)
    assert np.min(sizes) >= 24
    page.locator("#about ol button").first.click()
    assert page.evaluate("pinned") == (alone + 1) % 70


def test_five_thousand_models_are_there_in_a_second(opened, tmp_path):
    page = opened(5000)
    assert (tmp_path / "5000.html").stat().st_size < 5e6
    waits = []
    for _ in range(3):
        page.reload()
        until(page, "performance.getEntriesByType('paint').length == 2")
        entries = page.evaluate("JSON.stringify(performance.getEntriesByType('paint'))")
        waits.append(max(entry["startTime"] for entry in json.loads(entries)))
    assert min(waits) < 1000
    assert page.evaluate("const t = performance.now(); paint(); performance.now() - t") < 300
    page.mouse.move(*places(page)[7])
    assert page.locator("#marks text").count() == 1
