"""The map as one self-contained page: to search, zoom, filter, compare and copy from.
It is core because the map of any paper, and of the command line, ends as this page.

No library and no network: what `map_page.js` draws from the table inside the page.
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
from lmnotes.figures import maps, style

_MOST_CLASSES = 20  # of a text column; the smaller ones are taken together


def page(
    table: pd.DataFrame,
    neighbours: Mapping[str, Sequence[str]],
    *,
    views: Mapping[str, tuple[str, str]],
    colours: Sequence[str],
    title: str = "Model map",
    units: Mapping[str, str] | None = None,
    landmarks: Sequence[str] = (),
) -> str:
    """The page as one HTML text.

    Args:
        table: a row per model with a column `model` and those that `views` and `colours` name;
            all its columns are shown but those of the views. Where known, `label` is the name that
            is shown, `parent` gives lines, and the looks are those of `maps.population`.
        neighbours: model -> its nearest models, nearest first.
        views: name of a projection -> its two columns.
        colours: columns to colour by; text is a set of classes, numbers and dates are a scale.
        units: column of numbers -> its unit.
        landmarks: models to name first; then come one of each class of the first colour.
    """
    hidden = {"label", *(column for xy in views.values() for column in xy)}
    models = table["model"].astype(str)
    labels = table.get("label", models).fillna(models).astype(str).to_list()
    rows, named = {m: row for row, m in enumerate(models)}, dict(zip(models, labels, strict=True))
    about = {name: list(map(_plain, table[name])) for name in table.columns if name not in hidden}
    if "parent" in about:
        parents = (str(cell or "").split(" + ") for cell in about["parent"])
        about["parent"] = [" + ".join(named.get(name, name) for name in cell) for cell in parents]
    places = {name: _placed(table[list(xy)].to_numpy()) for name, xy in views.items()}
    looks = {name: _colour_of(table[name], (units or {}).get(name, "")) for name in colours}
    first = [rows[name] for name in landmarks if name in rows]
    first += _middles(next(iter(places.values())), looks[colours[0]]["of"])
    data = {
        "labels": labels,
        "columns": about,
        "near": [[rows[name] for name in neighbours.get(m, ()) if name in rows] for m in models],
        "views": places,
        "colours": looks,
        "kin": maps.kin(table),
        "order": list(dict.fromkeys([*first, *range(len(table))])),
        "landmarks": len(set(first)),
        **_population(table),
    }
    # no name can end the element that holds it, nor begin a comment in it
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    own = Path(__file__)
    script, sheet = (own.with_suffix(end).read_text(encoding="utf-8") for end in (".js", ".css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"title": html.escape(title), "data": text, "script": script, "digest": digest}
    parts["style"] = sheet
    return re.sub("{(title|data|script|style|digest)}", lambda slot: parts[slot[1]], _PAGE)


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
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or value is pd.NaT or value is pd.NA:
        return None
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


def _middles(places: list[list[float]], classes: Sequence) -> list[int]:
    """The row of each class of models that stands nearest to the class's median place."""
    points = pd.DataFrame(places).groupby(pd.Series(classes), sort=True)
    if points.ngroups > _MOST_CLASSES:  # the colours of a scale
        return []
    return [int(((xy - xy.median()) ** 2).sum(axis=1).idxmin()) for _, xy in points]


def _population(table: pd.DataFrame) -> dict:
    """Sizes, markers and rings as in all maps, with what they mean."""
    table = table if "family" in table else table.assign(family="")
    looks = maps.population(table, size=1)
    # without kinds a marker would tell families that the page has in colours of their own
    markers = looks.markers if looks.kinds else ["o"] * len(table)
    shapes: dict = {"name": "kind", "markers": markers}
    if looks.kinds:
        order = [marker for _, marker in looks.kinds]
        shapes["of"] = [order.index(marker) for marker in looks.markers]
        shapes["legend"] = [(words, "", marker) for words, marker in looks.kinds]
    seen = {"name": "leak", "of": [int(ring) - 1 for ring in looks.ringed]}
    seen["legend"] = [("has seen the texts", "", "o")]
    rings = {"rings": seen} if looks.ringed.any() else {}
    return {"sizes": np.sqrt(looks.sizes).round(2).tolist(), "shapes": shapes, **rings}


def dates_of(column: pd.Series) -> pd.Series | None:
    """The column as dates, where it holds more of them than are classes, and nothing else."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if pd.api.types.is_numeric_dtype(column) or column.nunique() <= _MOST_CLASSES:
        return None
    dates = pd.to_datetime(column.astype(str), format="ISO8601", errors="coerce", utc=True)
    return dates if dates[column.notna()].notna().all() else None


def _colour_of(column: pd.Series, unit: str) -> dict:
    """The colour of every model with the legend: (M,) classes and the colour of each, or (M,)
    colours, those along the scale, and what stands at its low end, middle and high end."""
    column, name = column.reset_index(drop=True), str(column.name)
    dates = dates_of(column)
    if dates is not None:
        column = (dates - pd.Timestamp(0, tz=dates.dt.tz)) / pd.Timedelta(days=1)
    if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
        column = column.astype(np.float64).replace([np.inf, -np.inf], np.nan)
        if column.notna().any():
            looks = maps.looks(column)
            middle = np.linspace(column.min(), column.max(), 3)
            days = (
                [str(np.datetime64(round(day), "D")) for day in middle] if dates is not None else []
            )
            ticks = days or [value for value, _ in looks.legend]
            ends = maps.looks(pd.Series(np.linspace(column.min(), column.max(), 9))).colours
            scale = {"of": looks.colours, "stops": ends, "ticks": ticks, "unit": unit}
            return {"name": name, **scale, "n_missing": int(column.isna().sum())}
    words = column.astype(object).where(column.notna(), maps.UNKNOWN).astype(str)
    words = words.map(style.plain) if name == "family" else words
    counts = words.value_counts()
    if len(counts) > _MOST_CLASSES:
        kept = list(maps.classes(words).cat.categories[: _MOST_CLASSES - 1])
        other = f"other ({len(counts) - len(kept)})"
        words = words.where(words.isin(kept), other)
        words = words.astype("category").cat.set_categories([*kept, other])
    else:
        words = maps.classes(words)
    order, looks = list(words.cat.categories), maps.looks(words)
    hues = dict(looks.legend)
    if len(set(hues.values())) < len(hues):
        # dots have the marker of their kind, which tells no more classes apart
        hues = {each: to_hex(colormaps["tab20"](n % 20)) for n, each in enumerate(order)}
    hues |= {
        each: style.GREY for each in order if each == maps.UNKNOWN or each.startswith("other (")
    }
    legend = [(each, hues[each], "o") for each in order]
    return {"name": name, "of": words.cat.codes.to_list(), "legend": legend}


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="\
default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; \
form-action 'none'"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>{style}</style></head><body>
<header><h1>{title}</h1>
<div id="finder"><input id="search" type="search" placeholder="Search by name" role="combobox" \
aria-label="Search by name" aria-expanded="false" aria-controls="hits" aria-autocomplete="list" \
autocomplete="off" spellcheck="false"><ul id="hits" role="listbox" aria-label="models found" \
hidden></ul></div>
<label id="views">projection <select id="view"></select></label>
<label>colour <select id="colour"></select></label>
<label id="kin"><input id="lineage" type="checkbox"> lineage</label>
<button id="lasso" aria-pressed="false">Choose an area</button>
<button id="copy">Copy</button>
<button id="mode" aria-label="dark or light">◐</button></header>
<main><div id="frame"><div id="map" role="listbox" tabindex="0" aria-label="{title}: arrow keys go \
to the next model, Page Down to the next in the list, plus and minus zoom, Shift with arrows \
moves, Space chooses"><canvas></canvas>\
<svg aria-hidden="true"><g id="names"></g><g id="marks"></g></svg>
<div id="spoken" role="presentation"></div></div>
<div id="zoom"><button id="in" aria-label="zoom in">+</button>\
<button id="out" aria-label="zoom out">−</button>\
<button id="whole" aria-label="the whole map">⤢</button></div></div>
<div id="side"><section id="legend" aria-label="legend"></section>\
<section id="about" aria-label="model" tabindex="0"></section></div></main>
<div id="said" role="status"></div>
<script type="application/json" id="data">{data}</script>
<script>{script}</script></body></html>
"""
