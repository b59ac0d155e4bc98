"""Editions of a notebook for a class: a student's and a teacher's copy, slides, a handout."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbformat import v4

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import card as cards
from lmnotes.runs import page, run

_SECTION = re.compile(r"## (?:(\d+)\.)?.*")
_ROOM = '<div style="border: 1px solid #999; height: 2.6rem"></div>'
_ALL = "90"  # minutes; the path of all sections
_FOLDED = "jp-MarkdownHeadingCollapsed"  # of a heading: hides what is below, which runs with all
_NOT_SHOWN = {"parameters", "advanced", "hidden", "answer", "skip"}  # tags of cells without a slide
_STYLES = {
    "slides": """
html { scroll-snap-type: y mandatory; font-size: 125%; }
body { max-width: 70rem; padding: 0 2rem; }
.jp-Cell { min-height: 100vh; padding: 3rem 0; scroll-snap-align: start; display: flex;
  flex-direction: column; justify-content: center; break-after: page; }
.jp-CodeCell > .jp-Cell-inputWrapper { display: none; }
.jp-RenderedImage img, .jp-RenderedHTML img { height: 60vh; width: auto; max-width: 100%;
  object-fit: contain; margin: auto; }
""",
    "handout": """
body { max-width: 52rem; padding: 1rem 1.5rem; font-size: .8rem; line-height: 1.35; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: .6rem 0 .2rem; }
p { margin: .3rem 0; max-width: none; } img { display: block; max-height: 13rem; margin: auto; }
ul, ol { max-width: none; }
@page { size: A4; margin: 10mm; }
@media print { body { font-size: .68rem; padding: 0; } img { max-height: 10rem; } }
""",
}


def write(name: str, edition: str, folder: str | None, minutes: str, profile: str) -> Path:
    """The file of an edition of a notebook, which is written.

    Args:
        name: number or name of the notebook.
        edition: `student`, a notebook with empty answers; `teacher`, one with the answers of its
            card, solutions and minutes; `slides` and `handout`, pages that load nothing.
        folder: where to; `outputs/class` without one.
        minutes: "10", "45", or "90" for all; sections that the card's path of so many leaves out
            are folded in notebooks and left out of slides.
        profile: of the run, made where there is none, that slides and handout take figures from.
    """
    notebook, is_page = cards.find(name), edition in _STYLES
    card, path = cards.for_notebook(notebook.stem), Path(folder or store.outputs_folder() / "class")
    path /= f"{notebook.stem}-{edition}.ipynb"
    expect_one_of(f"{card.number}: a path in minutes,", minutes, [*card.minutes, _ALL])
    if is_page:
        made = run.run(name, profile)
        if made.folder is None or made.status == "failed":
            raise InputError(f"{made.message}: expected figures to show; mend it, or try --profile")
        notebook, path = made.folder / "notebook.ipynb", path.with_suffix(".html")
    node, cells = nbformat.read(notebook, as_version=4), []
    for number, _, cell in _sections(node.cells):
        is_on = not number or number in card.minutes.get(minutes, [number])
        if not is_on and cell.source.startswith("## "):
            cell.metadata[_FOLDED] = True
        cells += [cell] if is_on or not is_page else []
    if edition == "slides":
        node.cells = [slide for cell in cells for slide in _slides(cell)]
    elif edition == "handout":
        node.cells = [v4.new_markdown_cell(_handout(cells[0].source, card, notebook.parent))]
    else:
        node.cells = _copy(cells, card, edition == "teacher")
    with store.replacing(path) as partial:
        if is_page:
            page.write(node, partial, _STYLES[edition])
        else:
            nbformat.write(node, partial)
    return path


def _sections(cells: list) -> Iterator[tuple[int, str, Any]]:
    """Every cell, texts cut where a section begins, with its number, or 0, and its heading."""
    number, heading = 0, ""
    for cell in cells:
        is_text = cell.cell_type == "markdown"
        for n, text in enumerate(re.split(r"\n+(?=## )", cell.source) if is_text else [""]):
            if begins := _SECTION.match(text):
                number, heading = int(begins[1] or 0), begins[0]
            about = {"id": f"{cell.id}-{n}", "metadata": dict(cell.metadata)}
            yield number, heading, v4.new_markdown_cell(text, **about) if is_text else cell


def _copy(cells: list, card: cards.Card, is_teacher: bool) -> list:
    """The cells with empty answers; a teacher's with minutes first, the answers, and the key."""
    copied, notes = [], {"minutes": _timetable(cells, card)}  # notes: what a teacher reads next
    for cell in cells:
        is_answer = "answer" in cell.metadata.get("tags", ())  # and nothing else
        asked = is_answer and re.search(r"(\w+)\.check\(", cell.source)
        if asked and (exercise := card.exercises.get(asked[1])):
            empty = cell.source if "(...)" in cell.source else f"{asked[0]}...)"
            answer = exercise.answer if is_teacher and exercise.answer else "..."
            cell.source = empty.replace("(...)", f"({answer})")
            notes[exercise.id] = f"**Solution.** {exercise.solution}"
        for id in re.findall(r"teach\.quiz\([\"'](\w+)", cell.source):
            notes[id] = f"**Key.** Choice {card.quizzes[id].answer}. {card.quizzes[id].why}"
        copied.append(cell)
        for id in list(notes) if is_teacher else ():
            about = {"id": f"teacher-{id}"[:64], "metadata": {"tags": ["teacher"]}}
            copied.append(v4.new_markdown_cell(notes.pop(id), **about))
    return copied


def _timetable(cells: list, card: cards.Card) -> str:
    """The minutes of each section on each path, by how much it has to read."""
    words: dict[tuple[int, str], int] = {}
    for number, heading, cell in _sections(cells):
        words[number, heading] = words.get((number, heading), 0) + len(cell.source.split())
    table = pd.DataFrame({"section": [heading[3:] or "Opening" for _, heading in words]})
    for minutes in (*cards.PATHS, _ALL):
        visits = [0, *card.minutes.get(minutes, [number for number, _ in words])]
        share = pd.Series([n if number in visits else None for (number, _), n in words.items()])
        table[f"{minutes} minutes"] = (int(minutes) * share / share.sum()).round(1)
    return table.to_html(index=False, na_rep="", border=0)


def _slides(cell) -> list:
    """The slides of a cell: its opening and formula, or each picture and table that code shows."""
    tags, blocks = cell.metadata.get("tags", ()), cell.source.split("\n\n")
    if not _NOT_SHOWN.isdisjoint(tags) or blocks[0] == "## Settings":
        return []
    if cell.cell_type == "code":
        shown: list[list] = []
        for output in cell.outputs:
            kinds = output.get("data", {}).keys()
            if kinds & {"image/png", "text/html"} or ("text/markdown" in kinds and not shown):
                shown.append([])
            if shown:
                shown[-1].append(output)
        return [v4.new_code_cell(id=f"{cell.id}-{n}", outputs=o) for n, o in enumerate(shown)]
    n_open = 2 if blocks[0].startswith("#") else 1
    while n_open < len(blocks) and blocks[n_open].startswith("$$"):
        n_open += 1
    if rest := "\n\n".join(blocks[n_open:]):
        blocks[n_open:] = [f"<details><summary>more</summary>\n\n{rest}\n\n</details>"]
    cell.source = "\n\n".join(blocks)
    return [cell]


def _handout(opening: str, card: cards.Card, folder: Path) -> str:
    """One page in markdown: the question, one figure, three claims, and exercises with room."""
    figure, found = (card.hero.figure, card.hero.found) if card.hero else (card.figures[0], "")
    png = base64.b64encode((folder / "figures" / f"{figure}.png").read_bytes()).decode()
    question = re.search(r"\*\*The question\.\*\*.*?(?=\n\n|\Z)", opening, re.S)
    parts = [f"# {card.title}", question[0] if question else ""]
    parts += [f"![](data:image/png;base64,{png})", "## The paper says", found]
    first = [id for id, *_ in cards.FIELD.findall(card.hero.here)] if card.hero else []
    for id in list(dict.fromkeys([*first, *card.claims]))[:3]:
        claim = card.claims[id]
        value = "" if claim.published is None else f": {claim.published:g} {claim.unit}".rstrip()
        parts.append(f"- {claim.text}{value}. Here: ____________")
    parts += ["## Try it"]
    for number, exercise in enumerate(card.exercises.values(), start=1):
        parts += [f"**{number}.** {exercise.question}", _ROOM]
    return "\n\n".join(parts)
