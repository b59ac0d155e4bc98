"""The gallery `outputs/index.html`: per paper its figures, claims and run, readable offline."""

import csv
import json
from html import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.notebook import card as cards
from lmnotes.notebook import claims_table
from lmnotes.notebook.formulas import with_math
from lmnotes.runs import record
from lmnotes.runs.style import STYLE

_MAX_SVG = 1_500_000  # bytes; a larger drawing is shown as pixels
_WIDE = 2.0  # a figure so many times as wide as high spans both columns


def write() -> Path:
    """The path of the gallery, written from the best run of every notebook.

    That is the newest `laptop` run that ended well, else the newest that did at any profile; a
    later run that failed is named beside it.
    """
    folder = store.outputs_folder().resolve()
    sections, rows = [], []
    records = record.everything()
    for notebook in cards.notebooks():
        mine = [record for record in records if record["notebook"] == notebook.stem]
        best = choose(mine)
        try:
            card = cards.for_notebook(notebook.stem)
        except InputError as error:
            sections.append(f"<section><h2>{escape(notebook.stem)}</h2>{_notice(error)}</section>")
            continue
        rows.append(_overview(card, best, folder))
        sections.append(_section(card, best, mine[-1] if mine else None, folder))
    path = folder / "index.html"
    folder.mkdir(parents=True, exist_ok=True)
    store.write_text(path, _PAGE.format(style=STYLE, rows="".join(rows), body="".join(sections)))
    return path


def choose(records: list[dict]) -> dict | None:
    """The run to show among a notebook's: its last good one at `laptop`, else its last good one."""
    good = [record for record in records if record["status"] == "ok"]
    laptop = [record for record in good if record["profile"] == "laptop"]
    return (laptop or good or [None])[-1]


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lmnotes</title><style>{style}</style></head><body>
<header><h1>lmnotes</h1>
<p>What the papers say, run again: figures with their data, and every claim beside what was
measured here.</p></header>
<nav class="contents">{rows}</nav>
<main>{body}</main></body></html>
"""


def _overview(card: cards.Card, record: dict | None, root: Path) -> str:
    """The notebook's entry in the list at the top."""
    parts = [f"<strong>{_title(card)}</strong>", f"<small>{_source(card.paper)}</small>"]
    picture = ""
    if record is None:
        parts.append("<small>not run yet</small>")
    else:
        claims = _claims(record)
        parts += [claims_table.bar(claims), f"<small>{claims_table.counts(claims)}</small>"]
        names = _names(card.figures, record["folder"] / "figures", "png")
        for name in [*(name for name in names if name.startswith("fig")), *names][:1]:
            place = f"{_link(record['folder'], root)}/figures/{quote(name)}.png"
            picture = f'<img src="{place}" alt="" loading="lazy">'
    text = f"<span>{''.join(parts)}</span>"
    return f'<a class="entry" href="#n{escape(card.number)}">{picture}{text}</a>'


def _title(card: cards.Card) -> str:
    return f'<span class="number">{escape(card.number)}</span>{escape(card.title)}'


def _source(paper: dict) -> str:
    """Authors, venue and year in one line."""
    venue = " ".join(str(paper[key]) for key in ("venue", "year") if key in paper)
    return ", ".join(part for part in (escape(_authors(paper)), escape(venue)) if part)


def _authors(paper: dict) -> str:
    authors = paper.get("authors", "")
    return authors if isinstance(authors, str) else ", ".join(authors)


def _section(card: cards.Card, record: dict | None, latest: dict | None, root: Path) -> str:
    """One paper."""
    parts = [f'<section id="n{escape(card.number)}"><h2>{_title(card)}</h2>']
    parts.append(_citation(card.paper))
    if latest is not None and latest is not record and latest["status"] != "ok":
        parts.append(_failure(latest, root))
    if record is None:
        parts.append(
            f"<p>Not run yet: <code>lmnotes run {escape(card.number)}</code></p></section>"
        )
        return "".join(parts)
    base = _link(record["folder"], root)
    parts.append(_run_line(record, base))
    if record.get("missing"):
        parts.append(_notice(f"The card lists what this run lacks: {', '.join(record['missing'])}"))
    parts.append(_figures(card, record["folder"], base))
    parts.append(_claims_part(_claims(record)))
    parts.append(_tables(card, record["folder"], base))
    parts.append(_details(record))
    return "".join([*parts, "</section>"])


def _citation(paper: dict) -> str:
    """Authors, title, venue, year, and links that a reader may follow when online."""
    title = f"<cite>{escape(str(paper['title']))}</cite>" if "title" in paper else ""
    venue = " ".join(str(paper[key]) for key in ("venue", "year") if key in paper)
    parts = [part for part in (escape(_authors(paper)), title, escape(venue)) if part]
    for key, prefix in (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/")):
        if name := str(paper.get(key, "")):
            parts.append(f'<a href="{prefix}{quote(name)}">{key}:{escape(name)}</a>')
    return f'<p class="paper">{". ".join(parts)}</p>' if parts else ""


def _run_line(record: dict, base: str) -> str:
    files = [
        f'<a href="{base}/{name}">{text}</a>'
        for name, text in (
            ("notebook.html", "Read the notebook"),
            ("notebook.ipynb", "ipynb"),
            ("claims.csv", "claims"),
            ("run.json", "record"),
        )
        if (record["folder"] / name).is_file()
    ]
    pages = sorted(page.stem for page in record["folder"].glob("*.html"))
    files += [
        f'<a href="{base}/{quote(name)}.html">{escape(name)}</a>'
        for name in pages
        if name != "notebook"
    ]
    facts = [f"{record['profile']} profile", _duration(record["seconds"]), record["started"][:10]]
    return f'<p class="run">{" · ".join([*files, escape(", ".join(facts))])}</p>'


def _figures(card: cards.Card, folder: Path, base: str) -> str:
    """The figures that the folder holds, in the card's order, then the others."""
    captions = _captions(folder / "figures")
    shown = []
    for name in _names(card.figures, folder / "figures", "png"):
        stem, path = f"{base}/figures/{quote(name)}", folder / "figures" / name
        caption = captions.get(name) or name
        width, height = _size(path.with_name(f"{name}.png"))
        svg = path.with_name(f"{name}.svg")
        kind = "svg" if svg.is_file() and svg.stat().st_size < _MAX_SVG else "png"
        wide = ' class="wide"' if width > _WIDE * height else ""
        files = " · ".join(f'<a href="{stem}.{kind}">{kind}</a>' for kind in ("svg", "pdf", "csv"))
        shown.append(
            f'<figure{wide}><a href="{stem}.{kind}"><img loading="lazy" src="{stem}.{kind}" '
            f'width="{width}" height="{height}" alt="{escape(caption)}"></a>'
            f'<figcaption><p>{with_math(caption)}</p><span class="files">{files}</span>'
            "</figcaption></figure>"
        )
    return f'<div class="figures">{"".join(shown)}</div>' if shown else ""


def _size(png: Path) -> tuple[int, int]:
    """Width and height of a picture, from its first chunk."""
    with open(png, "rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _claims_part(claims: list[dict]) -> str:
    """Published beside measured, with the verdicts counted above."""
    if not claims:
        return ""
    return (
        f'<h3>Claims</h3>{claims_table.bar(claims)}<p class="run">{claims_table.counts(claims)}</p>'
        f"{claims_table.table(claims)}"
    )


def _tables(card: cards.Card, folder: Path, base: str) -> str:
    """The run's tables, folded."""
    captions = _captions(folder / "tables")
    shown = []
    for name in _names(card.tables, folder / "tables", "csv"):
        with open(folder / "tables" / f"{name}.csv", newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        shown.append(
            f"<details><summary>{with_math(captions.get(name) or name)} "
            f'<span class="files"><a href="{base}/tables/{quote(name)}.csv">csv</a></span>'
            f"</summary>{claims_table.html_table(head, rows)}</details>"
        )
    return f'<h3>Tables</h3><div class="tables">{"".join(shown)}</div>' if shown else ""


def _details(record: dict) -> str:
    """Parameters, inputs, versions and machine, folded."""
    commit = record["git"]["commit"] or "none"
    facts = {
        **record["parameters"],
        **{f"input: {name}": value for name, value in record.get("inputs", {}).items()},
        "commit": commit[:12] + (" with changes" if record["git"]["dirty"] else ""),
        "run id": record["run_id"],
        "processor": f"{record['machine']['cpu']}, {record['machine']['cores']} cores",
        "Python": record["versions"]["python"],
    }
    rows = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    table = f'<div class="scroll"><table class="facts">{rows}</table></div>'
    return f"<details><summary>Settings of this run</summary>{table}</details>"


def _failure(record: dict, root: Path) -> str:
    """What became of the latest run, where it has no results."""
    base, failure = _link(record["folder"], root), record.get("failure", {})
    text = f"The latest run ({record['profile']}) {record['status']}"
    text += f": {failure['error']}" if failure else ""
    links = [
        f' <a href="{base}/{name}">{label}</a>'
        for name, label in (("notebook.html", "the notebook up to there"), ("run.json", "record"))
        if (record["folder"] / name).is_file()
    ]
    return f'<p class="notice">{escape(text)}{"".join(links)}</p>'


def _notice(text: object) -> str:
    return f'<p class="notice">{escape(str(text))}</p>'


def _claims(record: dict) -> list[dict]:
    try:
        with open(record["folder"] / "claims.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def _captions(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    except OSError:
        return {}


def _names(first: tuple[str, ...], folder: Path, kind: str) -> list[str]:
    """What a folder holds of one kind: those of `first` in its order, then the others by name."""
    place = dict(zip(first, count(), strict=False))
    there = [path.stem for path in folder.glob(f"*.{kind}")]
    return sorted(there, key=lambda name: (place.get(name, len(first)), name))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def _link(folder: Path, root: Path) -> str:
    return quote(folder.relative_to(root).as_posix())
