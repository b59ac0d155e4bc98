import asyncio
import base64
import re
import time

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import shown, typed, views


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setenv("LMNOTES_LIVE", "1")


def words(n=2, word="a", loud=False):
    text = word * n
    return text.upper() if loud else text


CONTROLS = {"n": (1, 9), "word": ["a", "bc"], "loud": False}


def test_headless_draws_the_stills_or_the_defaults():
    view = views.explore(words, stills=[{"n": 3}, {"word": "bc", "loud": True}], **CONTROLS)
    assert view.view is None
    assert [output for _, output in view.stills] == ["aaa", "BCBC"]
    assert view.stills[1][0] == {"n": 2, "word": "bc", "loud": True}
    assert [output for _, output in views.explore(words, **CONTROLS).stills] == ["aa"]
    view.set(n=1, word="a", loud=False)
    assert view.output == "a"


def test_live_moving_a_slider_changes_the_output(live):
    view = views.explore(words, **CONTROLS)
    slider, menu, box = (view.widgets[name] for name in ("n", "word", "loud"))
    assert (slider.min, slider.max, slider.value) == (1, 9, 2)
    assert view.output == "aa" and "<pre>aa</pre>" in view.area.value
    slider.value = 5
    assert view.output == "aaaaa" and "aaaaa" in view.area.value
    menu.value = "bc"
    box.value = True
    assert view.output == "BC" * 5
    assert view.values == {"n": 5, "word": "bc", "loud": True}
    assert view.view.children == (slider, menu, box, view.area)


def test_live_controls_stand_in_one_column(live):
    view = views.explore(words, **CONTROLS)
    slider, menu = view.widgets["n"], view.widgets["word"]
    assert slider.style.description_width == menu.style.description_width == "2.9em"
    assert slider.layout.width == menu.layout.width


def test_live_set_draws_once_and_moves_the_widgets(live):
    drawn = []
    view = views.explore(lambda a, b: drawn.append((a, b)), a=(0.0, 1.0), b=(0, 10, 2))
    assert drawn == [(0.5, 4)]
    view.set(a=0.25, b=8)
    assert drawn[1:] == [(0.25, 8)]
    assert (view.widgets["a"].value, view.widgets["b"].value) == (0.25, 8)


def test_live_error_is_shown_and_the_next_drawing_replaces_it(live):
    view = views.explore(lambda n: 1 / n, n=(0, 4, 1))
    view.set(n=0)
    assert "ZeroDivisionError" in view.error and "ZeroDivisionError" in view.area.value
    assert view.output is None
    view.widgets["n"].value = 4
    assert (view.output, view.error) == (0.25, "")
    assert "ZeroDivisionError" not in view.area.value


def test_headless_error_is_raised():
    with pytest.raises(ZeroDivisionError):
        views.explore(lambda n: 1 / n, stills=[{"n": 0}], n=(0, 4))


def test_figures_and_tables_are_shown_and_closed(live):
    def draw(n):
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.plot(range(n))
        return fig

    view = views.explore(draw, n=(2, 9))
    first = view.area.value
    width, png = _picture(first)
    assert png[:4] == b"\x89PNG"
    # more pixels than its place on the screen has, for screens of two pixels per point
    assert abs(int.from_bytes(png[16:20], "big") - 2 * width) <= 1 and width > 100
    assert plt.get_fignums() == []
    view.set(n=9)
    assert view.area.value != first
    table = views.explore(lambda n: pd.DataFrame({"n": range(n)}), n=(1, 3))
    assert "<table" in table.area.value


def test_live_a_drawing_is_rough_while_it_moves_and_crisp_when_it_rests(live, monkeypatch):
    def draw(n):
        fig, ax = plt.subplots(figsize=(2, 1), layout="constrained")
        ax.set_ylabel("y" * n)
        return fig

    async def drag():
        view = views.explore(draw, n=(1, 9))
        await asyncio.sleep(0.2)
        for n in (3, 4):
            view.widgets["n"].value = n
            yield _picture(view.area.value)
        await asyncio.sleep(0.2)
        yield _picture(view.area.value)

    async def all_of_it():
        return [picture async for picture in drag()]

    monkeypatch.setattr(views, "_REST", 0.05)
    pictures = asyncio.run(all_of_it())
    assert {width for width, _ in pictures} == {2 * shown.SCREEN}
    assert [int.from_bytes(png[16:20], "big") for _, png in pictures] == [230, 230, 460]


def test_a_label_that_leaves_the_figure_is_shown_and_all_figures_are_closed():
    def draw(n):
        figures = [plt.subplots(figsize=(2, 1), layout="constrained")[0] for _ in range(2)]
        figures[0].text(1.5, 0.5, "beyond the edge")
        return figures

    view = views.explore(draw, n=(1, 3))
    wide, whole = shown.as_html(view.output).split("<img ")[1:]
    assert 'width="230" height="115"' in whole and 'width="230' not in wide
    assert plt.get_fignums() == []


def test_axes_stand_still_while_a_view_moves():
    def draw(name):
        fig, axes = plt.subplots(1, 2, figsize=(4, 1), layout="constrained")
        axes[1].set_yticks([0, 1], [name, ""])
        return fig

    view = views.explore(draw, frames="name", name=["a", "a longer name", "ab"])
    view._frames()
    places = [[ax.get_position().bounds for ax in fig.axes] for _, fig in view.frames]
    assert places[0] == places[1] == places[2]
    grown, _ = plt.subplots(1, 3, figsize=(4, 1))
    assert len(shown.steady(grown, places[0])) == 3  # another figure stands as it is
    plt.close(grown)


def _picture(text):
    """The width on the screen of the image in a piece of HTML, and its bytes."""
    picture = re.fullmatch(
        r'<img alt="" width="(\d+)" height="\d+" style="max-width:100%;height:auto" '
        r'src="data:image/png;base64,([^"]+)">',
        text,
    )
    return int(picture[1]), base64.b64decode(picture[2])


def test_a_slow_drawing_waits_until_the_slider_is_let_go(live):
    slow = views.explore(lambda n: time.sleep(0.35), n=(1, 3))
    quick = views.explore(lambda n: n, n=(1, 3))
    assert not slow.widgets["n"].continuous_update
    assert quick.widgets["n"].continuous_update
    # the first drawing of a session is slow, the next ones need not be
    pauses = iter([0.35, 0, 0.35])
    view = views.explore(lambda n: time.sleep(next(pauses)), n=(1, 9))
    for value, follows in ((6, True), (7, False)):
        assert view.widgets["n"].continuous_update is not follows
        view.widgets["n"].value = value
        assert view.widgets["n"].continuous_update is follows


@pytest.mark.parametrize("mode", ["LMNOTES_LIVE", "LMNOTES_HEADLESS"])
def test_what_a_control_cannot_take_is_refused(monkeypatch, mode):
    monkeypatch.setenv(mode, "1")
    view = views.explore(words, **CONTROLS)
    for values, message in (
        ({"m": 3}, "expected one of n, word, loud"),
        ({"n": 10}, r"expected 1\.\.9"),
        ({"n": 2.5}, r"expected 1\.\.9"),
        ({"word": "d"}, r"one of \['a', 'bc'\]"),
        ({"loud": 1}, "expected bool"),
    ):
        with pytest.raises(InputError, match=message):
            view.set(**values)
    assert view.output == "aa"


@pytest.mark.parametrize("given", [(1,), (3, 1), [], None, 5, (1, "a")])
def test_a_control_that_stands_for_nothing_is_refused(given):
    with pytest.raises(InputError, match="control 'n' was given"):
        views.explore(words, n=given)


def test_headless_wins_over_live(monkeypatch):
    assert not views.is_live()
    monkeypatch.setenv("LMNOTES_LIVE", "1")
    assert views.is_live()
    monkeypatch.setenv("LMNOTES_HEADLESS", "1")
    assert not views.is_live()


def test_a_front_end_that_names_the_cell_is_live_and_a_bare_client_is_not(house):
    """JupyterLab and VS Code send `cellId`; nbclient, and so papermill and nbconvert, does not."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    code = "from lmnotes.notebook.views import is_live; live = is_live()"
    try:

        def ask(metadata):
            message = client.session.msg(
                "execute_request",
                {"code": code, "user_expressions": {"live": "live"}, "silent": False},
                metadata=metadata,
            )
            client.shell_channel.send(message)
            while True:
                reply = client.get_shell_msg(timeout=60)
                if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    return reply["content"]["user_expressions"]["live"]["data"]["text/plain"]

        assert ask({"cellId": "abc", "deletedCells": []}) == "True"
        assert ask({}) == "False"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


NAMED = ["parliament", "Paris", "paris", "night"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("paris", "paris"),  # as it stands
        ("PARLIAMENT ", "parliament"),  # whatever its case
        ("ni", "night"),  # by its beginning
        ("parlement", "parliament"),  # by likeness
    ],
)
def test_a_typed_text_becomes_the_nearest_known_choice(text, taken):
    view = views.explore(lambda word: word, word=typed(NAMED, "night"))
    assert view.output == "night"
    view.set(word=text)
    assert view.output == taken
    assert view.said == ("" if text == taken else f"“{text}” is taken as “{taken}”")
    with pytest.raises(InputError, match="'xyz' was typed for 'word'; expected one of 4 choices"):
        view.set(word="xyz")


def test_live_the_view_says_what_it_took(live):
    names = typed({"Aspirin": 7, "Ibuprofen": 8})
    view = views.explore(lambda drug=8: drug, drug=names)
    field = view.widgets["drug"]
    assert (view.output, field.value) == (8, "Ibuprofen")
    field.value = "asprin"
    assert (view.output, field.value) == (7, "Aspirin")
    assert "“asprin” is taken as “Aspirin”" in view.area.value
    field.value = "xyz"
    assert (view.output, field.value) == (7, "Aspirin")
    assert "expected one of 2 choices" in view.area.value
    view.set(drug=8)
    assert field.value == "Ibuprofen" and "taken" not in view.area.value


def test_frames_are_at_most_twelve_values_from_end_to_end():
    view = views.explore(words, [{"n": 1}], frames="n", n=(1, 40), word=["a", "bc"])
    assert [output for _, output in view.stills] == ["a"]
    assert [len(output) for _, output in view.frames][:2] == [1, 5]
    assert len(view.frames) == 12 and len(view.frames[-1][1]) == 40
    assert [o for _, o in views.explore(words, frames="word", **CONTROLS).frames] == ["aa", "bcbc"]
    for name, message in (("m", "expected one of n, text"), ("text", "that is typed")):
        with pytest.raises(InputError, match=message):
            views.explore(lambda n=1, text="": text, frames=name, n=(1, 9), text="")


def test_a_control_with_a_single_value_makes_no_frames():
    view = views.explore(words, frames="word", n=(1, 9), word=["a"], loud=False)
    assert not view.frames and [output for _, output in view.stills] == ["aa"]
