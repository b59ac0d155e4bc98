"""Learning by trying: exercises that say what failed, hints, quizzes, and views with sliders."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import card, session
from lmnotes.notebook.views import is_live, show_markdown

Property = tuple[str, Callable[[object], bool], str]


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


class Exercise:
    """A question of the card with the properties that its answer must have."""

    def __init__(self, entry: card.Exercise, properties: Sequence[Property]):
        self.entry = entry
        self.properties = list(properties)

    def check(self, answer: object) -> Result:
        """Which property the answer lacks and the usual mistake behind it, or that it has all."""
        if answer is None or answer is Ellipsis:
            message = "Not answered yet: put your answer in place of None and run again."
            return Result(False, message)
        passed = []
        for text, test, usual_mistake in self.properties:
            try:
                holds, trouble = bool(test(answer)), ""
            except Exception as error:  # a wrong shape or type is a wrong answer, not a crash
                holds = False
                trouble = f" (it could not be tested: {type(error).__name__}: {error})"
            if not holds:
                lines = [*passed, f"✗ {text}{trouble}", f"Usual mistake: {usual_mistake}"]
                return Result(False, "\n".join(["Not yet.", *lines]))
            passed.append(f"✓ {text}")
        return Result(True, "\n".join(["Right.", *passed]))

    def hint(self, level: int = 1) -> Hint:
        """The hint of this level, from the vaguest, 1, to the plainest."""
        hints = self.entry.hints
        if not (isinstance(level, int) and 1 <= level <= len(hints)):
            known = f"levels 1..{len(hints)}" if hints else "no hints"
            given = f"hint level {level!r} was asked of exercise {self.entry.id!r}; it has {known}"
            raise InputError(f"{given}: {'ask for one of these' if hints else 'try check(answer)'}")
        return Hint(hints[level - 1])

    def _show(self) -> None:
        """Show the question; on a page, with hints and solution folded below."""
        folded = [] if is_live() else [*enumerate(self.entry.hints, start=1)]
        parts = [f"**Exercise.** {self.entry.question}"]
        parts += [_folded(f"Hint {level}", text) for level, text in folded]
        if self.entry.solution and not is_live():
            parts.append(_folded("Solution", self.entry.solution))
        show_markdown("\n\n".join(parts))

    def _ipython_display_(self) -> None:
        """Nothing: it was shown when it was made."""


class Quiz:
    """A multiple-choice question of the card: buttons when live, a folded answer on a page."""

    def __init__(self, entry: card.Quiz):
        self.entry = entry
        self.buttons = self.feedback = None

    def answer(self, choice: int) -> Result:
        """Whether choice number `choice`, counted from 1, is right, and why."""
        choices = self.entry.choices
        if not (isinstance(choice, int) and 1 <= choice <= len(choices)):
            given = f"choice {choice!r} was given to quiz {self.entry.id!r}"
            raise InputError(f"{given}; expected 1..{len(choices)}: choose one of these")
        if self.buttons is not None and self.buttons.index != choice - 1:
            self.buttons.index = choice - 1
        if choice == self.entry.answer:
            return Result(True, f"Right. {self.entry.why}".strip())
        return Result(False, f"Not {choices[choice - 1]!r}: think again.")

    def _show(self) -> None:
        entry = self.entry
        if not is_live():
            lines = [f"{number}. {text}" for number, text in enumerate(entry.choices, start=1)]
            answer = f"{entry.answer}. {entry.choices[entry.answer - 1]}. {entry.why}"
            question = f"**Quiz.** {entry.question}"
            show_markdown("\n\n".join([question, "\n".join(lines), _folded("Answer", answer)]))
            return
        import ipywidgets
        from IPython.display import display

        look = {"index": None, "layout": {"width": "max-content"}}
        self.buttons = ipywidgets.RadioButtons(options=entry.choices, **look)
        self.feedback = ipywidgets.HTML()
        self.buttons.observe(self._chosen, names="index")
        show_markdown(f"**Quiz.** {entry.question}")
        display(ipywidgets.VBox([self.buttons, self.feedback]))

    def _chosen(self, change) -> None:
        if self.buttons.index is not None:
            self.feedback.value = self.answer(self.buttons.index + 1)._repr_html_()

    def _ipython_display_(self) -> None:
        """Nothing: it was shown when it was made."""


_exercises: dict[str, Exercise] = {}


def exercise(id: str, properties: Sequence[Property]) -> Exercise:
    """The exercise `id` of the card, its question shown, its answers checked by these properties.

    Args:
        id: of an exercise on the card, which holds its question and its hints.
        properties: `(text, test, usual mistake)` each, tested in order: `test(answer)` is true
            for a right answer.
    """
    made = Exercise(_entry(session.current().card.exercises, id, "exercise"), properties)
    _exercises[id] = made
    made._show()
    return made


def check(id: str, answer: object) -> Result:
    """Which property the answer to exercise `id` lacks and the usual mistake, or that it fits."""
    expect_one_of("exercise", id, _exercises)
    return _exercises[id].check(answer)


def hint(id: str, level: int = 1) -> Hint:
    """The hint of this level to exercise `id`, from the vaguest, 1, to the plainest."""
    return Exercise(_entry(session.current().card.exercises, id, "exercise"), ()).hint(level)


def quiz(id: str) -> Quiz:
    """The quiz `id` of the card, shown; its `answer(number)` says whether a choice is right."""
    made = Quiz(_entry(session.current().card.quizzes, id, "quiz"))
    made._show()
    return made


def _entry(entries: dict, id: str, what: str):
    expect_one_of(f"{what} of {session.current().card.number}.toml", id, entries)
    return entries[id]


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
