"""Exercises in a test: made from a notebook's card without a kernel, and checked."""

import re
from pathlib import Path

import numpy as np
import pytest

from lmnotes.notebook import card, session

CARDS = Path(__file__).resolve().parents[2] / "notebooks" / "cards"
# words of machines, which no learner should read
_MACHINE = re.compile(r"Error|ufunc|operand|not supported|NoneType|Traceback|ambiguous|dtype")
ODD = ("some text", [], {"a": 1}, np.ones((2, 3)), float("nan"), object())


@pytest.fixture
def lesson(monkeypatch, tmp_path):
    """Call it with a notebook's number: from then on exercises are made from its card."""
    monkeypatch.setenv("LMNOTES_HEADLESS", "1")

    def enter(number):
        mine = card.load(CARDS / f"{number}.toml")
        run = session.Run(mine.notebook, tmp_path, mine, "smoke")
        monkeypatch.setattr(session, "_current", run)

    return enter


def assert_feedback(exercise, wrong, **names):
    """A right answer is right, each wrong one is told its own mistake, and odd ones plain words.

    wrong: `{answer: words}`, or pairs of them where an answer cannot be a key; the words of a
    mistake are said for no other; at least four. names: those that the card's `answer` is made of.
    """
    pairs = list(wrong.items() if isinstance(wrong, dict) else wrong)
    entry = exercise.entry
    assert len({words for _, words in pairs}) >= 4, "fewer than four mistakes"
    assert entry.hints and entry.solution and entry.answer, f"{entry.id} lacks some on its card"
    told = exercise.check(eval(entry.answer, dict(names)))
    assert told, f"{entry.answer} is not right: {told}"
    messages = [(words, exercise.check(answer)) for answer, words in pairs]
    for words, message in messages:
        assert not message and words in str(message), f"{words!r} is not said: {message}"
        also = [other for other, text in messages if words in str(text) and other != words]
        assert not also, f"{words!r} is said for {also} too"
    for empty in (None, ...):
        assert "Not answered yet" in str(exercise.check(empty))
    for odd in ODD:
        message = exercise.check(odd)
        assert not message and not _MACHINE.search(str(message)), f"{odd!r} is told {message}"
