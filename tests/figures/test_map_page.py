import base64
import hashlib
import json
import re

import numpy as np
import pandas as pd

from lmnotes.figures import map_page

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
    assert [m["about"]["model"] for m in data["models"]] == NAMES
    assert data["models"][1]["near"] == ["a", NAMES[2]] and data["models"][2]["near"] == []
    assert [m["about"]["loss"] for m in data["models"]] == [1.0, "inf", None]
    assert "u" not in data["models"][0]["about"]
    assert dict(data["colours"]["family"]["legend"]).keys() == {"x", "y"}
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
