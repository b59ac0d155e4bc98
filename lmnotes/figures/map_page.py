"""The map as one self-contained page: hover to see a model, its family, size and neighbours.
It is core because the map of any paper, and of the command line, ends as this page.

No library and no network: an SVG drawn by thirty lines of script from the table inside the page.
"""

import base64
import hashlib
import html
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from lmnotes import store
from lmnotes.errors import expect_finite
from lmnotes.figures import maps


def page(
    table: pd.DataFrame,
    neighbours: Mapping[str, Sequence[str]],
    *,
    views: Mapping[str, tuple[str, str]],
    colours: Sequence[str],
    title: str = "Model map",
) -> str:
    """The page as one HTML text.

    Args:
        table: a row per model with a column `model` and those that `views` and `colours` name;
            all its columns are shown on hover but those of the views.
        neighbours: model -> its nearest models, nearest first.
        views: name of a projection -> its two columns.
        colours: columns to colour by; text is a set of classes, numbers are a scale.
    """
    shown = [name for name in table.columns if name not in {c for xy in views.values() for c in xy}]
    rows = table.to_dict("records")
    about = [{name: _plain(row[name]) for name in shown} for row in rows]
    near = [list(neighbours.get(row["model"], ())) for row in rows]
    data = {
        "models": [{"about": a, "near": n} for a, n in zip(about, near, strict=True)],
        "views": {name: _placed(table[list(xy)].to_numpy()) for name, xy in views.items()},
        "colours": {name: _colour_of(table[name]) for name in colours},
    }
    # no name can end the element that holds it, nor begin a comment in it
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    parts = {"title": html.escape(title), "data": text, "script": _SCRIPT, "digest": digest}
    return re.sub("{(title|data|script|digest)}", lambda slot: parts[slot[1]], _PAGE)


def save(path: Path | str, text: str) -> Path:
    """The path of the page, written."""
    store.write_text(Path(path), text)
    return Path(path)


def frame(text: str, height: int = 560) -> str:
    """The page inside another one, as an HTML element that needs no file beside it."""
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(text)}" '
        f'style="width:100%;height:{height}px;border:0" title="interactive map"></iframe>'
    )


def show(text: str) -> None:
    """Show the page in the notebook that runs this, if one does."""
    if "IPython" in sys.modules:
        from IPython.display import display

        # as bare data: HTML() warns of any frame, and IFrame() wants a file
        of_a_page = {"text/html": {"whole_page": True}}  # which the notebook's own page lets run
        display({"text/html": frame(text)}, raw=True, metadata=of_a_page)


def _plain(value: object) -> object:
    """A cell as JSON takes it: text, or a number with four digits, or nothing."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not np.isinf(value):
        return None if np.isnan(value) else float(f"{value:.4g}")
    return value if isinstance(value, int) else str(value)


def _placed(points: np.ndarray) -> list[list[float]]:
    """Points moved and scaled into the drawing of 1000 by 800, one scale for both axes."""
    points = np.asarray(points, np.float64)
    expect_finite("places of a view", points)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = max(((high - low) / (880, 680)).max(), 1e-12)
    return ((500, 400) + (points - (low + high) / 2) / scale * (1, -1)).round(1).tolist()


def _colour_of(column: pd.Series) -> dict:
    """Hex colours of every model with the legend's entries."""
    looks = maps.looks(column)
    if len({colour for _, colour in looks.legend}) == len(looks.legend):
        return {"of": looks.colours, "legend": looks.legend}
    # dots of a page have no markers to tell more classes apart
    hues = [to_hex(colormaps["tab20"](number % 20)) for number in range(len(looks.legend))]
    colour = {name: hue for (name, _), hue in zip(looks.legend, hues, strict=True)}
    return {"of": [colour[name] for name in column.astype(str)], "legend": list(colour.items())}


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="\
default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; \
form-action 'none'"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
body{font:14px system-ui,sans-serif;margin:.8em;color:#222}
label{margin-right:1.2em} #wrap{display:flex;flex-wrap:wrap;gap:1em}
svg{background:#fafafa;flex:1 1 380px;max-width:640px;aspect-ratio:1/.8}
circle{stroke:#fff;stroke-width:1;cursor:pointer} circle.near{stroke:#222;stroke-width:2}
circle.on{stroke:#000;stroke-width:3} line{stroke:#555;stroke-width:1}
#side{flex:0 1 260px;min-width:200px} dl{display:grid;grid-template-columns:auto 1fr;gap:0 .8em}
dt{color:#666} dd{margin:0;overflow-wrap:anywhere} .key{display:inline-block;width:.8em;height:.8em;
border-radius:50%;margin-right:.4em}
</style></head><body>
<label>projection <select id="view"></select></label>
<label>colour <select id="colour"></select></label>
<div id="wrap"><svg viewBox="0 0 1000 800" role="img" aria-label="{title}"></svg>
<div id="side"><div id="legend"></div><div id="about">Point at a model.</div></div></div>
<script type="application/json" id="data">{data}</script>
<script>{script}</script></body></html>
"""
_SCRIPT = """
const D = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("svg"), NS = "http://www.w3.org/2000/svg";
const pick = id => document.getElementById(id);
for (const [id, names] of [["view", D.views], ["colour", D.colours]])
  for (const name in names) pick(id).add(new Option(name));
const at = i => D.views[pick("view").value][i];
const index = new Map(D.models.map((m, i) => [m.about.model, i]));
const dots = D.models.map((m, i) => {
  const dot = document.createElementNS(NS, "circle");
  dot.setAttribute("r", 9); dot.setAttribute("tabindex", 0);
  for (const event of ["pointerenter", "focus", "click"])
    dot.addEventListener(event, () => show(i));
  return dot;
});
function draw() {
  svg.replaceChildren(...dots);
  const colour = D.colours[pick("colour").value];
  dots.forEach((dot, i) => { const [x, y] = at(i);
    dot.setAttribute("cx", x); dot.setAttribute("cy", y); dot.setAttribute("fill", colour.of[i]);
    dot.classList.remove("on", "near"); });
  pick("legend").replaceChildren(...colour.legend.map(([name, fill]) => {
    const row = document.createElement("div"), key = document.createElement("span");
    key.className = "key"; key.style.background = fill; row.append(key, name); return row; }));
}
function show(i) {
  draw();
  const near = D.models[i].near.filter(name => index.has(name));
  const lines = near.map(name => { const line = document.createElementNS(NS, "line");
    const [a, b] = [at(i), at(index.get(name))];
    ["x1", "y1", "x2", "y2"].forEach((k, n) => line.setAttribute(k, [...a, ...b][n]));
    dots[index.get(name)].classList.add("near"); return line; });
  svg.prepend(...lines); dots[i].classList.add("on");
  const list = document.createElement("dl");
  const rows = [...Object.entries(D.models[i].about), ["nearest", near.join(", ")]];
  for (const [name, value] of rows) if (value !== null && value !== "") {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name; text.textContent = value; list.append(term, text); }
  pick("about").replaceChildren(list);
}
pick("view").onchange = pick("colour").onchange = draw;
draw();
"""
