"""The gallery `outputs/index.html`: per paper its figures, claims and run, readable offline."""

import csv
import json
import re
from html import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote

from lmnotes import artefacts
from lmnotes.suite import card as cards
from lmnotes.suite import outputs, rules
from lmnotes.suite import record as store
from lmnotes.suite.errors import InputError
from lmnotes.suite.report_style import STYLE

_BADGES = {
    rules.REPRODUCED: "good",
    rules.SAME_DIRECTION: "fair",
    rules.NOT_REPRODUCED: "bad",
    rules.NOT_TESTABLE: "grey",
    rules.NOT_RECORDED: "grey",
}
_MAX_ROWS = 200
_DECIMAL = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+")


def write() -> Path:
    """The path of the gallery, written from the best run of every notebook.

    That is the newest `laptop` run that ended well, else the newest that did at any profile; a
    later run that failed is named beside it.
    """
    folder = artefacts.outputs_folder().resolve()
    sections, rows = [], []
    records = store.everything()
    for notebook in cards.notebooks():
        mine = [record for record in records if record["notebook"] == notebook.stem]
        best = choose(mine)
        try:
            card = cards.of(notebook.stem)
        except InputError as error:
            sections.append(f"<section><h2>{escape(notebook.stem)}</h2>{_notice(error)}</section>")
            continue
        rows.append(_overview(card, best))
        sections.append(_section(card, best, mine[-1] if mine else None, folder))
    path = folder / "index.html"
    folder.mkdir(parents=True, exist_ok=True)
    outputs.write_text(path, _PAGE.format(style=STYLE, rows="".join(rows), body="".join(sections)))
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
measured here.</p>
<div class="scroll"><table class="overview">
<thead><tr><th>Notebook</th><th>Claims</th><th>Run</th></tr></thead>
<tbody>{rows}</tbody></table></div></header>
<main>{body}</main></body></html>
"""


def _overview(card: cards.Card, record: dict | None) -> str:
    """The notebook's row in the list at the top."""
    link = f'<a href="#n{escape(card.number)}">{escape(card.number)} {escape(card.title)}</a>'
    if record is None:
        return f"<tr><td>{link}</td><td></td><td>not run yet</td></tr>"
    run = f"{escape(record['profile'])}, {_duration(record['seconds'])}"
    return f"<tr><td>{link}</td><td>{_counts(_claims(record))}</td><td>{run}</td></tr>"


def _section(card: cards.Card, record: dict | None, latest: dict | None, root: Path) -> str:
    """One paper."""
    parts = [
        f'<section id="n{escape(card.number)}"><h2>{escape(card.number)} {escape(card.title)}</h2>'
    ]
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
    parts.append(_claims_table(_claims(record)))
    parts.append(_tables(card, record["folder"], base))
    parts.append(_details(record))
    return "".join([*parts, "</section>"])


def _citation(paper: dict) -> str:
    """Authors, title, venue, year, and links that a reader may follow when online."""
    authors = paper.get("authors", "")
    authors = authors if isinstance(authors, str) else ", ".join(authors)
    title = f"<cite>{escape(str(paper['title']))}</cite>" if "title" in paper else ""
    venue = " ".join(str(paper[key]) for key in ("venue", "year") if key in paper)
    parts = [part for part in (escape(authors), title, escape(venue)) if part]
    for key, prefix in (("doi", "https://doi.org/"), ("arxiv", "https://arxiv.org/abs/")):
        if name := str(paper.get(key, "")):
            parts.append(f'<a href="{prefix}{quote(name)}">{key}:{escape(name)}</a>')
    return f'<p class="paper">{". ".join(parts)}</p>' if parts else ""


def _run_line(record: dict, base: str) -> str:
    files = [
        f'<a href="{base}/{name}">{text}</a>'
        for name, text in (
            ("notebook.html", "read the notebook"),
            ("notebook.ipynb", "ipynb"),
            ("claims.csv", "claims"),
            ("run.json", "record"),
        )
        if (record["folder"] / name).is_file()
    ]
    facts = [f"{record['profile']} profile", _duration(record["seconds"]), record["started"][:10]]
    return f'<p class="run">{escape(", ".join(facts))}. {" · ".join(files)}</p>'


def _figures(card: cards.Card, folder: Path, base: str) -> str:
    """The figures that the folder holds, in the card's order, then the others."""
    captions = _captions(folder / "figures")
    shown = []
    for name in _ordered(card.figures, [path.stem for path in folder.glob("figures/*.png")]):
        stem = f"{base}/figures/{quote(name)}"
        links = " · ".join(f'<a href="{stem}.{kind}">{kind}</a>' for kind in ("svg", "pdf", "csv"))
        caption = escape(captions.get(name) or name)
        shown.append(
            f'<figure><a href="{stem}.svg"><img loading="lazy" src="{stem}.png" alt="{caption}">'
            f"</a><figcaption>{caption} <small>{links}</small></figcaption></figure>"
        )
    return f'<div class="figures">{"".join(shown)}</div>'


def _claims_table(claims: list[dict]) -> str:
    """Published beside measured, with the verdict."""
    if not claims:
        return ""
    rows = []
    for claim in claims:
        interval = (
            f"<br><small>{_short(claim['low'])} … {_short(claim['high'])}</small>"
            if claim["low"]
            else ""
        )
        published = _short(claim["published"]) or "<small>direction only</small>"
        note = f"<br><small>{escape(claim['note'])}</small>" if claim["note"] else ""
        rows.append(
            f"<tr><td>{escape(claim['where'])}</td><td>{escape(claim['claim'])}</td>"
            f"<td>{published}<br><small>{escape(claim['certainty'])}</small></td>"
            f"<td>{_short(claim['measured'])}{interval}</td><td>{escape(claim['unit'])}</td>"
            f"<td>{_badge(claim['verdict'])}{note}</td></tr>"
        )
    head = "".join(
        f"<th>{name}</th>"
        for name in ("Where", "Claim", "Published", "Measured", "Unit", "Verdict")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<h3>Claims {_counts(claims)}</h3><div class="scroll">{table}</div>'


def _tables(card: cards.Card, folder: Path, base: str) -> str:
    """The run's tables, folded."""
    captions = _captions(folder / "tables")
    shown = []
    for name in _ordered(card.tables, [path.stem for path in folder.glob("tables/*.csv")]):
        with open(folder / "tables" / f"{name}.csv", newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            f"<tr>{''.join(f'<td>{_short(cell)}</td>' for cell in row)}</tr>"
            for row in rows[:_MAX_ROWS]
        )
        more = f"<p>… {len(rows) - _MAX_ROWS} more rows</p>" if len(rows) > _MAX_ROWS else ""
        shown.append(
            f"<details><summary>{escape(captions.get(name) or name)} "
            f'<small><a href="{base}/tables/{quote(name)}.csv">csv</a></small></summary>'
            f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{more}</details>"
        )
    return f"<h3>Tables</h3>{''.join(shown)}" if shown else ""


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
    return f"<details><summary>Settings of this run</summary><table>{rows}</table></details>"


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


def _ordered(first: tuple[str, ...], there: list[str]) -> list[str]:
    """The names that are there, those of `first` in its order, then the others by name."""
    place = dict(zip(first, count(), strict=False))
    return sorted(there, key=lambda name: (place.get(name, len(first)), name))


def _counts(claims: list[dict]) -> str:
    """One badge per verdict that occurs, with how often."""
    verdicts = [claim["verdict"] for claim in claims]
    return " ".join(
        _badge(verdict, f"{verdicts.count(verdict)} ") for verdict in _BADGES if verdict in verdicts
    )


def _badge(verdict: str, before: str = "") -> str:
    return f'<span class="badge {_BADGES.get(verdict, "grey")}">{before}{escape(verdict)}</span>'


def _short(text: str) -> str:
    """A cell as shown: numbers with four significant digits, all else escaped."""
    if _DECIMAL.fullmatch(text):
        return f"{float(text):.4g}"
    return escape(text)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def _link(folder: Path, root: Path) -> str:
    return quote(folder.relative_to(root).as_posix())
