"""The gallery `outputs/index.html`: per paper its figures, claims and run, readable offline."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

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

# Values are escaped where they are put in; filters that end in HTML are safe by themselves.
_PAGE = """{% macro title(card) %}<span class="number">{{ card.number }}</span>{{ card.title }}\
{% endmacro %}
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}; img-src 'self' file:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lmnotes</title><style>{{ style | safe }}</style></head><body>
<header><h1>lmnotes</h1>
<p>What the papers say, run again: figures with their data, and every claim beside what was
measured here.</p></header>
<nav class="contents">
{% for paper in papers if paper.card %}<a class="entry" href="#n{{ paper.card.number }}">
{% if paper.picture %}<img src="{{ paper.picture }}" alt="" loading="lazy">{% endif %}
<span><strong>{{ title(paper.card) }}</strong>
<small>{{ paper.source[::2] | select | join(", ") }}</small>
{% if paper.run %}{{ paper.claims | tally }}
{% else %}<small>not run yet</small>{% endif %}</span></a>
{% endfor %}</nav>
<main>
{% for paper in papers %}{% if paper.error %}<section><h2>{{ paper.notebook }}</h2>
<p class="notice">{{ paper.error }}</p></section>
{% else %}<section id="n{{ paper.card.number }}"><h2>{{ title(paper.card) }}</h2>
<p class="paper">{% for part in paper.source if part %}{{ ". " if not loop.first }}\
{% if part == paper.card.paper.title %}<cite>{{ part }}</cite>{% else %}{{ part }}{% endif %}\
{% endfor %}
{%- for kind, address in paper.links %}. <a href="{{ address }}">{{ kind }}</a>{% endfor %}</p>
{% with failed = paper.failed %}{% if failed %}<p class="notice">The latest run \
({{ failed.profile }}) {{ failed.status }}{{ ": " + failed.failure.error if failed.failure }}
{% for link, text in failed.files %} <a href="{{ link }}">{{ text }}</a>{% endfor %}</p>
{% endif %}{% endwith %}
{% for run in paper.damaged %}<p class="notice">The run of {{ run.started[:10] }} \
({{ run.profile }}) cannot be shown, a file of it is damaged ({{ run.error }}): \
<code>lmnotes run {{ paper.card.number }} --profile {{ run.profile }}</code> makes it anew</p>
{% endfor %}
{% if not paper.run %}<p>Not run yet: <code>lmnotes run {{ paper.card.number }}</code></p>
{% else %}<p class="run">{% for link, text in paper.files %}<a href="{{ link }}">{{ text }}</a> · \
{% endfor %}{{ paper.run.profile }} profile, {{ paper.duration }}, {{ paper.run.started[:10] }}</p>
{% if paper.run.missing %}<p class="notice">The card lists what this run lacks: \
{{ paper.run.missing | join(", ") }}</p>{% endif %}
<div class="figures">{% for figure in paper.figures %}
<figure{% if figure.is_wide %} class="wide"{% endif %}><a href="{{ figure.shown }}">\
<img loading="lazy" src="{{ figure.shown }}" width="{{ figure.width }}" \
height="{{ figure.height }}" alt="{{ figure.caption }}"></a>
<figcaption><p>{{ figure.caption | math }}</p><span class="files">\
{% for kind in ("svg", "pdf", "csv") %}{{ " · " if not loop.first }}\
<a href="{{ figure.stem }}.{{ kind }}">{{ kind }}</a>{% endfor %}</span></figcaption></figure>
{% endfor %}</div>
{% if paper.claims %}<h3>Claims</h3>{{ paper.claims | tally }}
{{ paper.claims | claims }}{% endif %}
{% if paper.tables %}<h3>Tables</h3><div class="tables">{% for table in paper.tables %}
<details><summary>{{ table.caption | math }} <span class="files">\
<a href="{{ table.stem }}.csv">csv</a></span></summary>{{ table.rows | table }}</details>
{% endfor %}</div>{% endif %}
<details><summary>Settings of this run</summary><div class="scroll"><table class="facts">
{% for name, value in paper.facts.items() %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</table></div></details>
{% endif %}</section>
{% endif %}{% endfor %}</main></body></html>
"""


def write() -> Path:
    """The path of the gallery, written from the best run of every notebook.

    That is the newest `laptop` run that ended well, else the newest that did at any profile; a
    later run that failed is named beside it.
    """
    import jinja2
    from jinja2.filters import do_mark_safe

    page = jinja2.Environment(autoescape=True)
    filters = {"tally": claims_table.tally, "claims": claims_table.table, "math": with_math}
    filters["table"] = lambda rows: claims_table.html_table(*rows)
    for name, draw in filters.items():
        page.filters[name] = lambda value, draw=draw: do_mark_safe(draw(value))

    def draw(papers: list[dict]) -> str:
        return template.render(papers=papers, style=BASE + STYLE, policy=POLICY).lstrip()

    template, every = page.from_string(_PAGE), records.everything()
    folder = store.outputs_folder().resolve()
    papers = [_paper(notebook.stem, every, folder, draw) for notebook in cards.notebooks()]
    store.write_text(folder / "index.html", draw(papers))
    return folder / "index.html"


def choose(runs: list[dict]) -> dict | None:
    """The run to show among a notebook's: its last good one at `laptop`, else its last good one."""
    good = [run for run in runs if run["status"] == "ok"]
    return ([run for run in good if run["profile"] == "laptop"] or good or [None])[-1]


def _paper(notebook: str, every: list[dict], root: Path, draw: Callable) -> dict:
    """What the page says of one paper, of its best run that can be drawn."""
    try:
        card = cards.for_notebook(notebook)
    except InputError as error:
        return {"notebook": notebook, "error": str(error)}
    runs = [run for run in every if run["notebook"] == notebook]
    run, latest = choose(runs), runs[-1] if runs else None
    facts = card.paper
    authors = facts.get("authors", "")
    authors = authors if isinstance(authors, str) else ", ".join(authors)
    venue = " ".join(str(facts[key]) for key in ("venue", "year") if key in facts)
    sites = (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/"))
    paper = {"card": card, "run": run, "source": (authors, facts.get("title", ""), venue)}
    known = [(kind, site, facts[kind]) for kind, site in sites if facts.get(kind)]
    paper["links"] = [(f"{kind}:{name}", site + quote(name)) for kind, site, name in known]
    if latest is not None and latest is not run and latest["status"] != "ok":
        names = {"notebook.html": "the notebook up to there", "run.json": "record"}
        paper["failed"] = latest | {"files": _files(latest["folder"], names, root)}
    paper["damaged"] = []
    while run is not None:
        try:
            whole = paper | {"run": run} | _results(card, run, root)
            draw([whole])
            return whole
        except Exception as error:  # whatever a damaged file comes to
            paper["damaged"].append(run | {"error": f"{type(error).__name__}: {error}"})
            runs = [other for other in runs if other is not run]
            run = choose(runs)
    return paper | {"run": None}


def _results(card: cards.Card, run: dict, root: Path) -> dict:
    """What the page shows of one run."""
    folder = run["folder"]
    base = quote(folder.relative_to(root).as_posix())
    names = {"notebook.html": "Read the notebook", "notebook.ipynb": "ipynb"}
    names |= {"claims.csv": "claims", "run.json": "record"}
    pages = sorted(page for page in folder.glob("*.html") if page.name not in names)
    names |= {page.name: page.stem for page in pages}
    figures = _listed(card.figures, folder / "figures", "png", base)
    for figure in figures:
        svg = folder / "figures" / f"{figure['name']}.svg"
        kind = "svg" if svg.is_file() and svg.stat().st_size < _MAX_SVG else "png"
        width, height = _size(svg.with_suffix(".png"))
        figure |= {"shown": f"{figure['stem']}.{kind}", "width": width, "height": height}
        figure["is_wide"] = width > _WIDE * height
    tables = _listed(card.tables, folder / "tables", "csv", base)
    for table in tables:
        head, *rows = _rows(folder / "tables" / f"{table['name']}.csv")
        table["rows"] = (head, rows)
    first = [figure for figure in figures if figure["name"].startswith("fig")] or figures
    head, *rows = _rows(folder / "claims.csv") or [[]]
    seconds = run["seconds"]
    shown = {"files": _files(folder, names, root), "figures": figures, "tables": tables}
    shown["picture"] = f"{first[0]['stem']}.png" if first else ""
    shown["duration"] = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
    claims = [dict(zip(head, row, strict=True)) for row in rows]
    return shown | {"claims": claims, "facts": _facts(run)}


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


def _files(folder: Path, names: dict[str, str], root: Path) -> list[tuple[str, str]]:
    """Link and label of those files that a folder holds."""
    base = quote(folder.relative_to(root).as_posix())
    return [(f"{base}/{quote(n)}", text) for n, text in names.items() if (folder / n).is_file()]


def _listed(first: tuple[str, ...], folder: Path, kind: str, base: str) -> list[dict]:
    """Name, caption and link of what a folder holds of one kind: those of `first` in its order,
    then the others by name."""
    stems = {path.stem for path in folder.glob(f"*.{kind}")}
    names = [name for name in first if name in stems] + sorted(stems.difference(first))
    try:
        captions = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    except OSError:
        captions = {}
    return [
        {"name": n, "caption": captions.get(n) or n, "stem": f"{base}/{folder.name}/{quote(n)}"}
        for n in names
    ]


def _rows(path: Path) -> list[list[str]]:
    """The rows of a csv file, its head among them; none where there is no file."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [[of_cell(text) for text in row] for row in csv.reader(file)]
    except OSError:
        return []


def _size(png: Path) -> tuple[int, int]:
    """Width and height of a picture, from its first chunk."""
    with open(png, "rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
