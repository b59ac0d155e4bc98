import base64
import hashlib
import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from lmnotes.figures import map_page, maps, style

NAMES = ["a", "b</script>", "<!--<script>"]


def _page(title="A <map>"):
    table = pd.DataFrame(
        {
            "model": NAMES,
            "family": ["x", "x", "y"],
            "size": [1.0, 2.5, np.nan],
            "loss": [1.0, np.inf, np.nan],
            "u": [0.0, 1.0, 2.0],
            "v": [0.0, 5.0, 1.0],
        }
    )
    near = {"a": NAMES[2:], "b</script>": ["a", NAMES[2]]}
    views = {"PCA": ("u", "v")}
    return map_page.page(table, near, views=views, colours=["family", "size"], title=title)


def _data(text):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*)</script>', text)[1]
    )


def test_the_page_holds_models_families_and_neighbours_and_no_address():
    text = _page()
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)", text)
    data = _data(text)
    assert data["columns"]["model"] == NAMES
    assert data["near"] == [[2], [0, 2], []]
    assert data["columns"]["loss"] == [1.0, "inf", None] and "u" not in data["columns"]
    assert [name for name, *_ in data["colours"]["family"]["legend"]] == ["x", "y"]
    assert len(data["colours"]["size"]["of"]) == 3


def test_names_cannot_end_the_script_or_the_title():
    text = _page()
    # a comment that opens a script would keep the script's own end from ending it
    assert text.count("</script>") == 2 and "<!--" not in text
    assert "<title>A &lt;map&gt;</title>" in text
    assert _data(_page("{data}")) == _data(text)


def test_the_page_may_run_its_own_script_and_load_nothing():
    text = _page()
    [script] = re.findall("<script>(.*?)</script>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'" in text


def test_points_lie_inside_the_drawing_with_one_scale():
    data = np.array(_data(_page())["views"]["PCA"])
    assert (data >= 0).all() and (data[:, 0] <= 1000).all() and (data[:, 1] <= 800).all()
    x, y = np.ptp(data, axis=0)
    assert abs(x / y - 2 / 5) < 0.01 and data[1, 1] < data[0, 1]  # up is up


def test_a_frame_and_a_file_hold_the_page(tmp_path):
    text = _page()
    path = map_page.save(tmp_path / "map.html", text)
    assert path.read_text() == text
    assert map_page.frame(text).count("<iframe") == 1 and "srcdoc=" in map_page.frame(text)


def test_numbers_have_the_colours_of_the_scale_at_its_ends_and_its_middle():
    scale = map_page._colour_of(pd.Series([2.0, np.nan, 6.0, 4.0, np.inf], name="s"), "nats")
    low, middle, high = (to_hex(colormaps["viridis"](part)) for part in (0.0, 0.5, 1.0))
    assert scale["of"] == [low, style.GREY, high, middle, style.GREY]
    assert [scale["stops"][k] for k in (0, 4, 8)] == [low, middle, high]
    assert scale["ticks"] == ["2", "4", "6"] and scale["n_missing"] == 2


@pytest.mark.parametrize("form", [str, pd.Timestamp])
def test_dates_are_a_scale(form):
    days = [str(np.datetime64("2024-01-01") + day) for day in range(1018)]
    scale = map_page._colour_of(pd.Series([form(day) for day in days], name="date"), "")
    assert scale["ticks"] == ["2024-01-01", "2025-05-24", "2026-10-14"]
    assert len(set(scale["of"])) > 200 and "legend" not in scale


def test_classes_beyond_twenty_are_one():
    words = [f"class {number:04}" for number in range(1018)] * 2 + ["class 0500", None]
    classes = map_page._colour_of(pd.Series(words, name="c"), "")
    names = [name for name, *_ in classes["legend"]]
    assert len(names) == 20 and names[0] == "class 0500" and names[-1] == "other (1000)"
    assert classes["of"].count(19) == 2038 - 3 - 18 * 2
    assert len({colour for _, colour, _ in classes["legend"]}) == 20


def test_models_look_and_are_named_as_in_all_maps():
    table = pd.DataFrame(
        {
            "model": ["org/a", "org/b", "org/c"],
            "label": ["A", "B, a fine-tune", None],
            "family": ["GPT-NeoX 64x2", "GPT-NeoX 64x2 leaked", "Llama 64x2"],
            "kind": ["neural", "finetune", "neural"],
            "leaked": [False, True, False],
            "parent": [None, "org/a + elsewhere", None],
            "n_parameters": [1e6, 1e6, 1e8],
            "u": [0.0, 1.0, 2.0],
        }
    )
    views = {"line": ("u", "u")}
    data = _data(map_page.page(table, {}, views=views, colours=["family"], landmarks=["org/b"]))
    look = maps.population(table)
    assert [colour for _, colour, _ in data["colours"]["family"]["legend"]] == [
        colour for _, colour, _ in look.families
    ]
    assert data["shapes"]["markers"] == look.markers == ["o", "^", "o"]
    assert data["rings"]["of"] == [-1, 0, -1]
    assert data["labels"] == ["A", "B, a fine-tune", "org/c"]
    assert data["columns"]["parent"] == ["", "A + elsewhere", ""]
    assert data["kin"] == [[0, 1]] and data["order"] == [1, 0, 2]
    assert data["sizes"][2] > data["sizes"][0] == 1


def test_kinds_that_nobody_knows_are_no_shapes():
    table = pd.DataFrame({"model": ["a", "b"], "kind": ["odd", None], "u": [0.0, 1.0]})
    data = _data(map_page.page(table, {}, views={"u": ("u", "u")}, colours=["kind"]))
    assert "legend" not in data["shapes"]
    assert [name for name, *_ in data["colours"]["kind"]["legend"]] == ["not known", "odd"]


def test_an_installed_package_has_the_script_and_the_style():
    root = Path(map_page.__file__).parents[2]
    build = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert "lmnotes" in build["targets"]["wheel"]["only-include"]  # and all in it that is not here:
    for name in ("map_page.css", "map_page.js"):
        path = f"lmnotes/figures/{name}"
        assert (root / path).is_file() and not any(fnmatch(path, p) for p in build["exclude"])
