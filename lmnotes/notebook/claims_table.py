"""The claims of a run as HTML: published beside measured, counted by verdict."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from lmnotes.notebook import verdicts
from lmnotes.notebook.card import FIELD
from lmnotes.notebook.formulas import with_math

_TONES = {
    verdicts.REPRODUCED: "good",
    verdicts.SAME_DIRECTION: "fair",
    verdicts.NOT_SETTLED: "open",
    verdicts.NOT_REPRODUCED: "bad",
    verdicts.NOT_TESTABLE: "grey",
    verdicts.NOT_RECORDED: "grey",
}
_IN_WORDS = {
    verdicts.REPRODUCED: "it holds",
    verdicts.SAME_DIRECTION: "the direction holds",
    verdicts.NOT_SETTLED: "not shown",
    verdicts.NOT_REPRODUCED: "it does not hold",
}
_KINDS = ("numbers of the paper", "directions", "values read off figures")
_NOT_YET = "not measured yet"
_FOLD = 8  # claims; a figure or table with more of them is folded under its counts
_COLUMNS = ("Where", "Claim", "Published", "Measured", "Verdict")
_STYLE = """<style>
.ledger table { width: 100%; } .ledger th, .ledger td { text-align: left !important; }
.ledger small { display: block; opacity: .7; } .ledger .badge { white-space: nowrap; }
.badge { margin-right: 1em; } .badge.good { color: #1f9254; } .badge.fair { color: #a97b12; }
.badge.open { color: #5b6fb5; } .badge.bad { color: #cf4436; } .badge.grey { opacity: .7; }
</style>"""  # for JupyterLab; a page has its own


def table(claims: Sequence[Mapping[str, str]]) -> str:
    """All claims in their order, those of a figure or table together, many of them folded.

    claims: rows of a `claims.csv`, every cell a text.
    """
    places: dict[str, list] = {}
    for claim in claims:
        places.setdefault(claim["where"], []).append(claim)
    parts = []
    for folded, run in groupby(places.items(), lambda place: len(place[1]) > _FOLD):
        if not folded:
            parts.append(_rows([claim for _, part in run for claim in part]))
            continue
        for place, part in run:
            summary = f"<b>{escape(place)}</b> {len(part)} claims {counts(part)}"
            parts.append(f"<details><summary>{summary}</summary>{_rows(part)}</details>")
    return f'<div class="ledger">{"".join(parts)}</div>'


def shown(claims: Sequence[Mapping[str, str]], notes: Mapping[str, str]) -> str:
    """The counts over the table, as a cell of a notebook shows them; the notes folded below."""
    listed = "".join(f"<li><b>{escape(k)}.</b> {with_math(text)}</li>" for k, text in notes.items())
    folded = f"<details><summary>Laboratory notes</summary><ul>{listed}</ul></details>"
    return f"{_STYLE}<p>{counts(claims)}</p>{table(claims)}{folded if notes else ''}"


def counts(claims: Sequence[Mapping[str, str]]) -> str:
    """One badge per verdict that occurs, with how often."""
    badges = " ".join(badge(verdict, f"{n} ") for verdict, n in _tally(claims))
    return f'<span class="counts">{badges}</span>'


def tally(claims: Sequence[Mapping[str, str]]) -> str:
    """Per kind of claim a strip with the shares of the verdicts, and the counts in words.

    What the paper states as a number, what it states as a direction, and what is only read off its
    figures are different evidence, so they stand apart.
    """
    lines = []
    for kind in _KINDS:
        some = [claim for claim in claims if _kind(claim) == kind]
        if not some:
            continue
        shares = [(_TONES.get(verdict, "grey"), n) for verdict, n in _tally(some)]
        parts = "".join(f'<i class="{tone}" style="flex:{n}"></i>' for tone, n in shares)
        strip = f'<span class="bar" aria-hidden="true">{parts}</span>'
        lines.append(f"<span>{kind}</span>{strip}{counts(some)}")
    return f'<span class="kinds">{"".join(lines)}</span>' if lines else ""


def _kind(claim: Mapping[str, str]) -> str:
    if not claim["published"]:
        return _KINDS[1]
    return _KINDS[2] if claim["certainty"] == "read off" else _KINDS[0]


def badge(verdict: str, before: str = "") -> str:
    """A verdict in its colour."""
    return f'<span class="badge {_TONES.get(verdict, "grey")}">{before}{escape(verdict)}</span>'


def _tally(claims: Sequence[Mapping[str, str]]) -> list[tuple[str, int]]:
    verdicts = [claim["verdict"] for claim in claims]
    return [(verdict, verdicts.count(verdict)) for verdict in _TONES if verdict in verdicts]


def _rows(claims: Sequence[Mapping[str, str]]) -> str:
    """A table of claims, where each stands said once for those that follow one another."""
    rows, before = [], None
    for claim in claims:
        where = "" if claim["where"] == before else escape(claim["where"])
        before = claim["where"]
        first = ' class="first"' if where else ""
        note = f"<small>{escape(claim['note'])}</small>" if claim["note"] else ""
        rows.append(
            f'<tr{first}><th scope="row">{where}</th><td>{with_math(claim["claim"])}</td>'
            f'<td data-label="{_COLUMNS[2]}">{_published(claim)}</td>'
            f'<td data-label="{_COLUMNS[3]}">{_measured(claim)}</td>'
            f"<td>{badge(claim['verdict'])}{note}</td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    body = "".join(rows)
    return f'<table class="claims"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _published(claim: Mapping[str, str]) -> str:
    """The published value, with how it is known where the paper does not state it."""
    value = escape(_numbers(claim)["published"]) or "<small>direction only</small>"
    known = claim["certainty"]
    return value if known == "stated" else f"{value} <small>{escape(known)}</small>"


def _measured(claim: Mapping[str, str]) -> str:
    numbers = _numbers(claim)
    interval = f" <small>{numbers['interval']}</small>" if numbers["interval"] else ""
    return (escape(numbers["measured"]) or "–") + interval


def _numbers(claim: Mapping[str, str | float | None]) -> dict[str, str]:
    """What is published and what was measured, with their unit, and the interval, to two digits of
    its width; "" for what is not there."""
    unit = f" {claim['unit']}" if claim.get("unit") else ""
    known = {name: claim.get(name) for name in ("published", "measured", "low", "high")}
    values = {n: math.nan if x is None or x == "" else float(x) for n, x in known.items()}
    low, high, interval, form = values["low"], values["high"], "", ""
    if high > low and not math.isnan(values["measured"]):
        places = max(0, 1 - math.floor(math.log10(float(f"{high - low:.1e}"))))
        form = f"z,.{places}f" if places < 7 else ".2g"
        interval = f"({low:{form}}{' to ' if low < 0 else '–'}{high:{form}})"

    def text(value: float, form: str) -> str:
        form = form or (",.0f" if abs(value) >= 1000 else ".4g")
        return "" if math.isnan(value) else f"{value:{form}}{unit}".replace("-", "−")

    numbers = {"published": text(values["published"], "")}
    numbers["measured"] = text(values["measured"], form)
    return numbers | {"interval": interval.replace("-", "−")}


def recorded(claim: Mapping) -> str:
    """A claim as one sentence, of what stands on the card and was measured, note and verdict.

    >>> row = {"text": "ICA less PCA", "measured": 0.2, "note": "4 of 6 seeds, p = .21"}
    >>> recorded(row | {"verdict": verdicts.NOT_SETTLED})
    'ICA less PCA: 0.2, 4 of 6 seeds, p = .21: not shown.'
    """
    numbers, verdict = _numbers(claim), claim.get("verdict", _NOT_YET)
    parts = [_written(claim, None)] if numbers["measured"] else []
    parts += [f"in the paper {numbers['published']}"] if numbers["published"] else []
    said = ", ".join(filter(None, [*parts, claim.get("note")]))
    return f"{claim['text']}: {said + ': ' if said else ''}{_IN_WORDS.get(verdict, verdict)}."


def filled(
    sentence: str, claims: Mapping[str, Mapping], numbers: Mapping[str, object] | None = None
) -> str:
    """A sentence with its slots filled: see `notebook.says`.

    Args:
        claims: id -> what stands on the card and was measured.
        numbers: name -> what was handed over, which comes before a claim of this name.

    >>> row = {"measured": 0.8312, "low": 0.815, "high": 0.847, "published": 0.82, "unit": "nats"}
    >>> filled("{r2} here, {r2.published} there: {r2.verdict}", {"r2": row})
    '0.831 nats (0.815–0.847) here, 0.82 nats there: not measured yet'
    >>> words = "{n} words; ICA is {gap:ahead|level|behind} by {gap}, {share:.0%} of {names}"
    >>> filled(words, {}, {"n": 1200, "gap": (0.2, (0.1, 0.3)), "share": 0.5, "names": ["a", "b"]})
    '1,200 words; ICA is ahead by 0.20 (0.10–0.30), 50% of a and b'
    """
    numbers = numbers or {}

    def value(field: re.Match) -> str:
        name, of_claim, form = field.groups()
        if name in numbers and not of_claim:
            return _written(numbers[name], form)
        claim = claims.get(name, {})
        if of_claim == "verdict":
            return claim.get("verdict") or _NOT_YET
        if of_claim:
            return _numbers(claim)["published"] or "direction only"
        return _written(claim, form)

    return FIELD.sub(value, sentence)


def _written(given: object, form: str | None) -> str:
    """A number, with its interval where it has one, or words, as a slot shows them."""
    if isinstance(given, str):
        return given
    if isinstance(given, Sequence) and (not given or isinstance(given[0], str)):
        *first, last = given or ["none"]
        return f"{', '.join(first)} and {last}" if first else last
    if not isinstance(given, Mapping):
        value, ends = given if isinstance(given, Sequence) else (given, None)
        given = dict(zip(("measured", "low", "high"), (value, *(ends or ())), strict=False))
    sides = [given.get(name) for name in ("measured", "low", "high")]
    sides = [float(side) for side in sides if side not in ("", None)]
    if not sides or math.isnan(sides[0]):
        return _NOT_YET
    if form and "|" in form:
        words = form.split("|")
        return words[0 if min(sides) > 0 else -1 if max(sides) < 0 or len(words) == 2 else 1]
    if form:
        return f"{given['measured']:{form}}".replace("-", "−")
    numbers = _numbers(given)
    return " ".join(filter(None, [numbers["measured"], numbers["interval"]]))
