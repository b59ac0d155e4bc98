"""Learning by trying: exercises that name the mistake, hints, quizzes, and what is done so far."""

import html
import json
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import card, session
from lmnotes.notebook.views import is_live, show_markdown
from lmnotes.store import write_text

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    import numpy.typing as npt
    import pandas as pd

_TRIES = 2  # before a solution opens
_PROGRESS = "progress.json"  # in the run's folder


@dataclass(frozen=True)
class Result:
    """Whether an answer is right, and in words what failed and what is usually behind it."""

    correct: bool
    message: str

    def __bool__(self) -> bool:
        return self.correct

    def __str__(self) -> str:
        return self.message

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = "#1a7f37" if self.correct else "#b35900"
        text = html.escape(self.message).replace("\n", "<br>")
        return f'<div style="border-left:4px solid {colour};padding:.3em .8em">{text}</div>'


class Hint(str):
    """A hint, shown as markdown."""

    def _repr_markdown_(self) -> str:
        return str(self)


@dataclass
class Exercise:
    """A question of the card, with what tells a right answer and each usual mistake."""

    entry: card.Exercise
    right: Callable[[object], bool]
    mistakes: Sequence[tuple[str, Callable[[object], bool]]]
    kind: Callable[[Any], object] | None
    expected: str
    otherwise: str
    level: int = 0  # of the last hint that was shown

    def check(self, answer: object) -> Result:
        """That the answer is right, or in words the mistake behind it; it never raises."""
        if answer is None or answer is Ellipsis:
            told = "Not answered yet: write your answer between the brackets and run again."
            return Result(False, told)
        try:
            value = _converted(answer, self.kind)
        except Exception as error:  # whatever a conversion says is not meant for a learner
            given = f"Not yet: that is {_described(answer)}; expected {self.expected}."
            return Result(False, f"{given} {error}" if isinstance(error, InputError) else given)
        stopped: list[str] = []

        def holds(test: Callable[[object], bool]) -> bool:
            try:
                return bool(test(value))
            except Exception as error:
                stopped.append(f"\nYour function stopped: {type(error).__name__}: {error}")
                return False

        correct = holds(self.right)
        tries = _note(f"exercise {self.entry.id}", correct)
        if correct:
            return Result(True, "Right.")
        said = (words for words, test in self.mistakes if holds(test))
        told = f"Not yet: {next(said, self.otherwise)}"
        told += stopped[0] if stopped and callable(answer) else ""
        return Result(False, told + ("\n.solution() is open now." if len(tries) >= _TRIES else ""))

    def hint(self) -> Hint:
        """The next hint, from the vaguest to the plainest, which stays the last."""
        hints = self.entry.hints or ("There is no hint.",)
        self.level = min(self.level + 1, len(hints))
        return Hint(hints[self.level - 1])

    def solution(self) -> Hint:
        """The solution, after two tries; before them, that it is not open yet."""
        tries = _tried().get(f"exercise {self.entry.id}", [])
        closed = f"Not open yet: the solution opens after {_TRIES} tries, not {len(tries)}."
        is_open = len(tries) >= _TRIES or any(tries)
        return Hint(f"**Solution.** {self.entry.solution}" if is_open else closed)

    def _show(self) -> None:
        """Show the question, hints behind a button; on a page, hints and solution folded."""
        folded = [(f"Hint {level}", text) for level, text in enumerate(self.entry.hints, start=1)]
        folded += [("Solution", self.entry.solution)] if self.entry.solution else []
        parts = [] if is_live() else [_folded(*pair) for pair in folded]
        show_markdown("\n\n".join([f"**Exercise.** {self.entry.question}", *parts]))
        if is_live() and folded:
            import ipywidgets
            from IPython.display import display

            button, area = ipywidgets.Button(description=folded[0][0]), ipywidgets.Output()

            def press(_) -> None:
                is_hint = self.level < len(self.entry.hints)
                text = str(self.hint() if is_hint else self.solution())
                data = {"text/markdown": text, "text/plain": text}
                shown = {"output_type": "display_data", "metadata": {}, "data": data}
                area.outputs += () if shown in area.outputs else (shown,)
                button.description = folded[min(self.level, len(folded) - 1)][0]

            button.on_click(press)
            self.view = ipywidgets.VBox([button, area])
            display(self.view)

    def _ipython_display_(self) -> None:
        """Nothing: it was shown when it was made."""


class Quiz:
    """A multiple-choice question of the card: buttons when live, choices that unfold on a page."""

    def __init__(self, entry: card.Quiz):
        self.entry = entry
        self.buttons: Any = None  # ipywidgets, when live
        self.feedback: Any = None

    def answer(self, choice: int) -> Result:
        """Whether choice number `choice`, counted from 1, is right, and why."""
        choices = self.entry.choices
        if not (isinstance(choice, int) and 1 <= choice <= len(choices)):
            given = f"choice {choice!r} was given to quiz {self.entry.id!r}"
            raise InputError(f"{given}; expected 1..{len(choices)}: choose one of these")
        if self.buttons is not None and self.buttons.index != choice - 1:
            self.buttons.index = choice - 1  # which is answered too
        else:
            _note(f"quiz {self.entry.id}", choice == self.entry.answer)
        return self._verdict(choice)

    def _verdict(self, choice: int) -> Result:
        if choice == self.entry.answer:
            return Result(True, f"Right. {self.entry.why}".strip())
        reason = self.entry.wrong[choice - 1] if self.entry.wrong else "think again."
        return Result(False, f"Not {self.entry.choices[choice - 1]!r}: {reason}")

    def _show(self) -> None:
        entry = self.entry
        if not is_live():
            lines = [
                _folded(f"{number}. {html.escape(text)}", self._verdict(number).message)
                for number, text in enumerate(entry.choices, start=1)
            ]
            show_markdown("\n\n".join([f"**Quiz.** {entry.question}", *lines]))
            return
        import ipywidgets
        from IPython.display import display

        look = {"index": None, "layout": {"width": "max-content"}}
        self.buttons = ipywidgets.RadioButtons(options=entry.choices, **look)
        self.feedback = ipywidgets.HTML()
        self.buttons.observe(self._chosen, names="index")
        show_markdown(f"**Quiz.** {entry.question}")
        display(ipywidgets.VBox([self.buttons, self.feedback]))

    def _chosen(self, change: dict) -> None:
        if self.buttons.index is not None:
            self.feedback.value = self.answer(self.buttons.index + 1)._repr_html_()

    def _ipython_display_(self) -> None:
        """Nothing: it was shown when it was made."""


def exercise(
    id: str,
    *,
    right: Callable[[object], bool],
    expected: str = "another kind of answer",
    kind: Callable[[Any], object] | None = None,
    mistakes: Sequence[tuple[str, Callable[[object], bool]]] = (),
    otherwise: str = "look again, or take a hint",
) -> Exercise:
    """The exercise `id` of the card, its question shown, and its answers told apart.

    Args:
        id: of an exercise on the card, which holds its question, hints and solution.
        right: whether an answer, as `kind` has made it, is right.
        expected: what kind of thing the answer is, such as "one number, in nats".
        kind: float, int, str, `callable` for a function, or what converts an answer or raises (as
            InputError, what it says is said). None: any answer is tried as it is.
        mistakes: `(words, test)` each; the first whose test holds is said. The words name the
            mistake and give no formula.
        otherwise: what is said where none of them holds.
    """
    entry = _entry(session.current().card.exercises, id, "exercise")
    made = Exercise(entry, right, mistakes, kind, expected, otherwise)
    made._show()
    return made


def near(wanted: float, within: float = 0.002) -> Callable[[float], bool]:
    """Whether an answer is a number, but for less than `within`."""
    return lambda answer: abs(answer - wanted) < within


def gives(
    wanted: "npt.ArrayLike", *arguments: object, rtol: float = 1e-5, atol: float = 1e-8
) -> Callable[[Callable], bool]:
    """Whether a function gives these numbers, of this shape, of the arguments.

    >>> gives([1.0, 4.0], [1, 2])(lambda x: [value**2 for value in x])
    True
    """
    import numpy as np

    def does_give(function: Callable) -> bool:
        values = np.asarray(function(*arguments))
        return values.shape == np.shape(wanted) and np.allclose(values, wanted, rtol, atol)

    return does_give


def quiz(id: str) -> Quiz:
    """The quiz `id` of the card, shown; its `answer(number)` says whether a choice is right."""
    made = Quiz(_entry(session.current().card.quizzes, id, "quiz"))
    made._show()
    return made


def progress() -> "pd.DataFrame":
    """A row for each exercise and quiz of this notebook: done, tried or open, and the tries."""
    import pandas as pd

    card, tried = session.current().card, _tried()
    keys = [f"exercise {id}" for id in card.exercises] + [f"quiz {id}" for id in card.quizzes]
    tries = [tried.get(key, []) for key in keys]
    state = ["done" if any(right) else "tried" if right else "open" for right in tries]
    return pd.DataFrame({"question": keys, "state": state, "tries": list(map(len, tries))})


def reset(id: str | None = None) -> None:
    """Forget the tries of the exercise or quiz `id`, or of all in this notebook."""
    card = session.current().card
    if id is not None:
        expect_one_of("exercise or quiz", id, [*card.exercises, *card.quizzes])
    _save({key: tries for key, tries in _tried().items() if id and key.split()[1] != id})


def _tried() -> dict[str, list[bool]]:
    """Whether each try was right, by "exercise ID" or "quiz ID", as the run's folder keeps it."""
    try:
        return json.loads((session.current().folder / _PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _note(key: str, is_right: bool) -> list[bool]:
    """All tries of this exercise or quiz, this last."""
    tried = _tried()
    tried.setdefault(key, []).append(is_right)
    _save(tried)
    return tried[key]


def _save(tried: dict[str, list[bool]]) -> None:
    write_text(session.current().folder / _PROGRESS, json.dumps(tried, indent=1) + "\n")


def _converted(answer: Any, kind: Callable[[Any], object] | None) -> object:
    """The answer as this kind; raises where it is none, also for text as a list of characters."""
    if kind is None or (kind is callable and callable(answer)):
        return answer
    if kind in (float, int):
        value = answer.item() if getattr(answer, "shape", None) == () else answer
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if is_number and isfinite(value) and (kind is float or value == int(value)):
            return kind(value)
    elif kind is str and isinstance(answer, str):
        return answer.strip()
    elif kind not in (str, callable) and not (isinstance(kind, type) and isinstance(answer, str)):
        return kind(answer)
    raise TypeError


def _described(answer: object) -> str:
    """An answer in plain words.

    >>> _described("nine"), _described(0.5), _described([1, 2])
    ("a text, 'nine'", 'the number 0.5', 'a list of 2')
    """
    if isinstance(answer, str):
        return f"a text, {answer[:40]!r}"
    if isinstance(answer, numbers.Number):
        return f"{answer}" if isinstance(answer, bool) else f"the number {answer}"[:40]
    if shape := getattr(answer, "shape", ()):
        return f"an array of shape {tuple(shape)}"
    if isinstance(answer, list | tuple | set | frozenset | dict):
        return f"a {type(answer).__name__} of {len(answer)}"
    return f"a {'function' if callable(answer) else type(answer).__name__}"


def _entry(entries: dict, id: str, what: str) -> Any:
    expect_one_of(f"{what} of {session.current().card.number}.toml", id, entries)
    return entries[id]


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
