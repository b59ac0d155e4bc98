"""The run that the cells of this notebook write to."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lmnotes.errors import InputError
from lmnotes.notebook import card as cards
from lmnotes.store import write_text


@dataclass
class Run:
    """The run that the current notebook writes to."""

    name: str
    folder: Path
    card: cards.Card
    profile: str
    parameters: dict = field(default_factory=dict)
    inputs: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)  # id -> what was measured, filled by `claims`
    following: list[Callable] = field(default_factory=list)  # what is shown and follows the run

    def refresh(self) -> None:
        """Show anew what follows the run: after each figure and claim."""
        for show in self.following:
            show()


_current: Run | None = None


def enter(run: Run) -> None:
    """Make this the run that everything is written to from now on."""
    global _current
    _current = run


def current() -> Run:
    """The run that `begin` started."""
    if _current is None:
        wanted = "outputs.begin(name, globals()) before the first figure, table, claim or exercise"
        then = "run the cell after the parameters"
        raise InputError(f"no run has begun in this notebook; expected {wanted}: {then}")
    return _current


def note_input(name: str, value: object) -> None:
    """Note in the run's record what it read: the content id of a corpus, a model's id."""
    run = current()
    run.inputs[name] = value.item() if hasattr(value, "item") else value
    write_text(run.folder / "inputs.json", json.dumps(run.inputs, indent=1, default=str) + "\n")


_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet runs, or what an apostrophe kept


def as_cell(value: object) -> object:
    """A value for a csv file: text that a spreadsheet would run as a formula gets an apostrophe.

    >>> as_cell("=1+1"), as_cell("-0.5"), as_cell(-0.5), as_cell("'s"), of_cell(as_cell("=1+1"))
    ("'=1+1", '-0.5', -0.5, "'s", '=1+1')
    """
    if not (isinstance(value, str) and _FORMULA.match(value)):
        return value
    is_number = re.fullmatch(r"[-+](inf|nan|\d*\.?\d+([eE][-+]?\d+)?)", value)
    return value if is_number else f"'{value}"


def of_cell(text: str) -> str:
    """The text that `as_cell` made a cell of."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text
