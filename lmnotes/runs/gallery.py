"""The gallery `outputs/index.html`, a page of heroes, and a page per paper: its figures, claims,
tables and coverage. They are readable offline."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from jinja2.filters import do_mark_safe

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.notebook import card as cards
from lmnotes.notebook import claims_table
from lmnotes.notebook.formulas import with_math
from lmnotes.notebook.session import of_cell
from lmnotes.runs import record as records
from lmnotes.runs.style import BASE, POLICY, STYLE

_MAX_SVG = 1_500_000  # bytes; a larger drawing is shown as pixels
_WIDE = 2.0  # a figure so many times as wide as high spans both columns
_ROWS = 200  # of a table, at most
_FIRST = 4  # figures that stand below the hero; the others are folded
_STATES = {"own data": "good", "stand-in": "fair", "needs": "open", "not possible": "grey"}

# Values are escaped where they are put in; filters that end in HTML are safe by themselves.
_HEAD = """{% macro head(title) %}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}; img-src 'self' file:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>{{ style | safe }}</style></head><body>{% endmacro %}
{% macro title(card) %}<span class="number">{{ card.number }}</span>{{ card.title }}{% endmacro %}
{% macro picture(figure, link, base) %}<a href="{{ link }}"><img loading="lazy" \
src="{{ base }}{{ figure.shown }}" width="{{ figure.width }}" height="{{ figure.height }}" \
alt="{{ figure.caption }}"></a>{% endmacro %}
{% macro words(paper) %}<p><b>The paper:</b> {{ paper.card.hero.found | prose }}</p>
<p><b>Here:</b> {{ paper.here | prose }}</p>{% endmacro %}"""

_INDEX = """{{ head("lmnotes") }}
<header><h1>lmnotes</h1><p>What {{ papers | length }} papers say, run again on this machine: each \
with the figure that shows its result, and every claim beside what was measured here.</p>
{{ papers | map(attribute="claims") | sum(start=[]) | counts }}</header>
<main>
{% for paper in papers %}{% if paper.error %}<section><h2>{{ paper.notebook }}</h2>
<p class="notice">{{ paper.error }}</p></section>
{% else %}{% with link = paper.card.notebook ~ "/index.html" %}
<section class="entry" id="n{{ paper.card.number }}">
<h2><a href="{{ link }}">{{ title(paper.card) }}</a></h2>
{% if paper.hero %}<figure>{{ picture(paper.hero, link, paper.card.notebook ~ "/") }}</figure>
{% endif %}<div>
{% if paper.run and paper.card.hero %}{{ words(paper) }}
{% else %}<p><cite>{{ paper.card.paper.title }}</cite></p>{% endif %}
<p class="sums">{% if paper.run %}{{ paper.claims | counts }}\
{% else %}not run yet: <code>lmnotes run {{ paper.card.number }}</code>{% endif %}</p>
<p class="sums">{{ [paper.source[2], paper.card.covered] | select | join(" · ") }}\
{{ " · running now" if paper.is_running }}</p></div></section>
{% endwith %}{% endif %}{% endfor %}</main></body></html>
"""

_PAGE = """{% macro shown(figure) %}<figure id="figure-{{ figure.name }}"\
{% if figure.is_wide %} class="wide"{% endif %}>{{ picture(figure, figure.shown) }}\
<figcaption><p>{{ figure.caption | math }}</p><span class="files">\
{% for kind in ("svg", "pdf", "csv") %}{{ " · " if not loop.first }}\
<a href="{{ figure.stem }}.{{ kind }}">{{ kind }}</a>{% endfor %}</span></figcaption></figure>
{% endmacro %}{{ head(paper.card.title) }}
<nav><a href="../index.html">← All papers</a></nav>
<header><h1>{{ title(paper.card) }}</h1>
<p class="paper">{% for part in paper.source if part %}{{ ". " if not loop.first }}\
{% if part == paper.card.paper.title %}<cite>{{ part }}</cite>{% else %}{{ part }}{% endif %}\
{% endfor %}
{%- for kind, address in paper.links %}. <a href="{{ address }}">{{ kind }}</a>{% endfor %}</p>
</header><main>
{% with failed = paper.failed %}{% if failed %}<p class="notice">The latest run \
({{ failed.profile }}) {{ failed.status }}{{ ": " + failed.failure.error if failed.failure }}
{% for link, text in failed.files %} <a href="{{ link }}">{{ text }}</a>{% endfor %}</p>
{% endif %}{% endwith %}
{% for run in paper.damaged %}<p class="notice">The run of {{ run.started[:10] }} \
({{ run.profile }}) cannot be shown, a file of it is damaged ({{ run.error }}): \
<code>lmnotes run {{ paper.card.number }} --profile {{ run.profile }}</code> makes it anew</p>
{% endfor %}
{% if not paper.run %}<p>Not run yet: <code>lmnotes run {{ paper.card.number }}</code></p>
{% else %}
{% if paper.card.hero %}<div class="words">{{ words(paper) }}</div>{% endif %}
<p class="run">{% for link, text in paper.files %}<a href="{{ link }}">{{ text }}</a> · \
{% endfor %}{{ paper.run.profile }} profile, {{ paper.duration }}, {{ paper.run.started[:10] }}</p>
{% if paper.run.missing %}<p class="notice">The card lists what this run lacks: \
{{ paper.run.missing | join(", ") }}</p>{% endif %}
{% if paper.hero %}<div class="hero">{{ shown(paper.hero) }}</div>{% endif %}
<div class="figures">{% for figure in paper.figures[:n_first] %}{{ shown(figure) }}{% endfor %}\
</div>
{% if paper.figures[n_first:] %}<details><summary>All figures: \
{{ paper.figures[n_first:] | length }} more</summary><div class="figures">
{% for figure in paper.figures[n_first:] %}{{ shown(figure) }}{% endfor %}</div></details>
{% endif %}
{% if paper.claims %}<h2>Claims</h2>{{ paper.claims | tally }}
{{ paper.claims | claims }}{% endif %}
{% if paper.tables %}<h2>Tables</h2><div class="tables">{% for table in paper.tables %}
<details id="table-{{ table.name }}"><summary>{{ table.caption | math }} <span class="files">\
<a href="{{ table.stem }}.csv">csv</a></span></summary>
<div class="scroll">{{ table.cells | safe }}</div></details>
{% endfor %}</div>{% endif %}
{% if paper.card.coverage %}<h2>What of the paper is drawn here</h2>
<p>{{ paper.card.covered | capitalize }}.</p><ul class="coverage">
{% for entry in paper.card.coverage %}<li><b>{{ entry.item }}</b>\
<span class="badge {{ states[entry.state] }}">{{ entry.state }}</span>\
<span>{% for name in entry.artefacts %}{{ ", " if not loop.first }}\
<a href="#{{ "figure" if name in paper.card.figures else "table" }}-{{ name }}">{{ name }}</a>\
{% endfor %}{{ ". " if entry.artefacts and entry.note }}{{ entry.note | prose }}\
{% if entry.parameter %}; parameter <code>{{ entry.parameter }}</code>{% endif %}</span></li>
{% endfor %}</ul>{% endif %}
<details><summary>Settings of this run</summary><div class="scroll"><table class="facts">
{% for name, value in paper.facts.items() %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</table></div></details>
{% endif %}</main></body></html>
"""


def write() -> Path:
    """The path of the gallery; it and the pages of the papers are written from the best run of
    every notebook.

    That is the newest `laptop` run that ended well, else the newest that did at any profile; a
    later run that failed is named beside it. Each page is put in place in one step.
    """
    env = environment()
    page, index = (env.from_string(_HEAD + text) for text in (_PAGE, _INDEX))
    known = papers(lambda paper: page.render(paper=paper).lstrip())
    folder = store.outputs_folder().resolve()
    for paper in known:
        if text := paper.pop("page", ""):
            store.write_text(folder / paper["card"].notebook / "index.html", text)
    store.write_text(folder / "index.html", index.render(papers=known).lstrip())
    return folder / "index.html"


def environment() -> jinja2.Environment:
    """The jinja2 environment of the pages, whose filters draw claims, captions and sentences."""
    env = jinja2.Environment(autoescape=True)
    filters = {"tally": claims_table.tally, "counts": claims_table.counts, "math": _caption}
    filters |= {"claims": claims_table.table, "prose": _prose}
    for name, draw in filters.items():
        env.filters[name] = lambda value, draw=draw: do_mark_safe(draw(value))
    env.globals |= {"style": BASE + STYLE, "policy": POLICY, "states": _STATES, "n_first": _FIRST}
    return env


def papers(draw: Callable[[dict], str] = lambda paper: "") -> list[dict]:
    """What is known of each paper, `card` and the best `run` among it, with `page`, what `draw`
    makes of that; `error` alone where its card cannot be read."""
    every = records.everything()
    return [_paper(notebook.stem, every, draw) for notebook in cards.notebooks()]


def _caption(text: str) -> str:
    """The HTML of a caption, with its formulas and what stands in `backticks`."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", with_math(text))


def _prose(text: str) -> str:
    """The HTML of a card's sentence, in which *words* are set apart too."""
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", _caption(text))


def choose(runs: list[dict]) -> dict | None:
    """The run to show among a notebook's: its last good one at `laptop`, else its last good one."""
    good = [run for run in runs if run["status"] == "ok"]
    best = [run for run in good if run["profile"] == "laptop"] or good
    return best[-1] if best else None


def _paper(notebook: str, every: list[dict], draw: Callable) -> dict:
    """What the gallery says of one paper, of its best run that can be drawn, and its `page`."""
    try:
        card = cards.for_notebook(notebook)
    except InputError as error:
        return {"notebook": notebook, "error": str(error), "claims": []}
    runs = [run for run in every if run["notebook"] == notebook]
    run, latest = choose(runs), runs[-1] if runs else None
    facts = card.paper
    authors = facts.get("authors", "")
    authors = authors if isinstance(authors, str) else ", ".join(authors)
    venue = " ".join(str(facts[key]) for key in ("venue", "year") if key in facts)
    sites = (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/"))
    paper: dict[str, Any] = {"card": card, "run": None, "claims": [], "damaged": []}
    paper["source"] = (authors, facts.get("title", ""), venue)
    known = [(kind, site, facts[kind]) for kind, site in sites if facts.get(kind)]
    paper["links"] = [(f"{kind}:{name}", site + quote(name)) for kind, site, name in known]
    paper["is_running"] = latest is not None and latest["status"] == "running"
    if latest is not None and latest["status"] not in ("ok", "running"):
        names = {"notebook.html": "the notebook up to there", "run.json": "record"}
        paper["failed"] = latest | {"files": _files(latest["folder"], names)}
    while run is not None:
        try:
            whole = paper | {"run": run} | _results(card, run)
            return whole | {"page": draw(whole)}
        except Exception as error:  # whatever a damaged file comes to
            paper["damaged"].append(run | {"error": f"{type(error).__name__}: {error}"})
            runs = [other for other in runs if other is not run]
            run = choose(runs)
    return paper | {"page": draw(paper)}


def _results(card: cards.Card, run: dict) -> dict:
    """What the paper's page shows of one run."""
    folder = run["folder"]
    names = {"notebook.html": "Read the notebook", "notebook.ipynb": "ipynb"}
    names |= {"claims.csv": "claims", "run.json": "record"}
    pages = sorted(page for page in folder.glob("*.html") if page.name not in names)
    names |= {page.name: page.stem for page in pages}
    figures = _listed(card.figures, folder / "figures", "png")
    for figure in figures:
        svg = folder / "figures" / f"{figure['name']}.svg"
        kind = "svg" if svg.is_file() and svg.stat().st_size < _MAX_SVG else "png"
        width, height = _size(svg.with_suffix(".png"))
        figure |= {"shown": f"{figure['stem']}.{kind}", "width": width, "height": height}
        figure["is_wide"] = width > _WIDE * height
    tables = _listed(card.tables, folder / "tables", "csv")
    for table in tables:
        table["cells"] = _table(folder / "tables" / f"{table['name']}.csv")
    figures.sort(key=lambda figure: not figure["name"].startswith("fig"))
    if card.hero:
        first = card.hero.figure
        figures.sort(key=lambda figure: figure["name"] != first)
    head, *rows = _rows(folder / "claims.csv") or [[]]
    claims = [dict(zip(head, row, strict=True)) for row in rows]
    by_id, seconds = {claim["id"]: claim for claim in claims}, run["seconds"]
    shown = {"files": _files(folder, names), "claims": claims, "tables": tables}
    shown |= {"hero": figures[0] if figures else None, "figures": figures[1:]}
    shown["here"] = claims_table.filled(card.hero.here, by_id) if card.hero else ""
    shown["duration"] = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
    return shown | {"facts": _facts(run)}


def _facts(run: dict) -> dict[str, object]:
    """Parameters, inputs, versions and machine."""
    commit, threads = run["git"]["commit"] or "none", run.get("threads", 1)
    return {
        **run["parameters"],
        **{f"input: {name}": value for name, value in run.get("inputs", {}).items()},
        "commit": commit[:12] + (" with changes" if run["git"]["dirty"] else ""),
        "run id": run["run_id"],
        "processor": f"{run['machine']['cpu']}, {run['machine']['cores']} cores",
        "threads": f"{threads}, with which numbers move from run to run" if threads > 1 else 1,
        "Python": run["versions"]["python"],
    }


def _files(folder: Path, names: dict[str, str]) -> list[tuple[str, str]]:
    """Link and label of those files that a run's folder holds."""
    there = [name for name in names if (folder / name).is_file()]
    return [(f"{folder.name}/{quote(name)}", names[name]) for name in there]


def _listed(first: tuple[str, ...], folder: Path, kind: str) -> list[dict]:
    """Name, caption and link of what a folder holds of one kind: those of `first` in its order,
    then the others by name."""
    stems = {path.stem for path in folder.glob(f"*.{kind}")}
    names = [name for name in first if name in stems] + sorted(stems.difference(first))
    try:
        captions = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    except OSError:
        captions = {}
    base = f"{folder.parent.name}/{folder.name}"
    return [
        {"name": name, "caption": captions.get(name) or name, "stem": f"{base}/{quote(name)}"}
        for name in names
    ]


def _rows(path: Path) -> list[list[str]]:
    """The rows of a csv file, its head among them; none where there is no file."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [[of_cell(text) for text in row] for row in csv.reader(file)]
    except OSError:
        return []


def _table(path: Path) -> str:
    """The beginning of a table as HTML, as a cell shows it."""
    import pandas as pd

    from lmnotes.notebook import tables

    frame = pd.read_csv(path, keep_default_na=False, na_values=["", "nan", "NaN"])
    frame = frame.rename(columns=lambda name: "" if name.startswith("Unnamed: ") else of_cell(name))
    cells = frame.head(_ROWS).map(lambda cell: of_cell(cell) if isinstance(cell, str) else cell)
    more = f"<p>… {len(frame) - _ROWS} more rows</p>" if len(frame) > _ROWS else ""
    return tables.as_html(cells) + more


def _size(png: Path) -> tuple[int, int]:
    """Width and height of a picture, from its first chunk."""
    with open(png, "rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
