import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from lessons import assert_feedback

from lmnotes.errors import InputError
from lmnotes.notebook import outputs, session, teach


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setenv("LMNOTES_LIVE", "1")


@pytest.fixture
def begun(house):
    outputs.begin(house.name)
    return house


def square():
    return teach.exercise(
        "square",
        right=lambda answer: answer == 9,
        expected="one whole number",
        kind=int,
        mistakes=[
            ("that is three doubled", lambda answer: answer == 6),
            ("that is the cube", lambda answer: answer == 27),
            ("that is three itself", lambda answer: answer == 3),
            ("it has no sign", lambda answer: answer < 0),
        ],
    )


def test_a_wrong_answer_is_told_its_own_mistake(begun):
    wrong = {6: "doubled", 27: "the cube", 3: "three itself", -9: "no sign", 8: "take a hint"}
    assert_feedback(square(), wrong, n=3)
    with pytest.raises(AssertionError, match="is not said"):
        assert_feedback(square(), wrong | {6: "the square root"}, n=3)
    with pytest.raises(AssertionError, match="is said for"):
        assert_feedback(square(), wrong | {6: "that is"}, n=3)
    with pytest.raises(AssertionError, match="fewer than four"):
        assert_feedback(square(), {6: "doubled"}, n=3)
    with pytest.raises(AssertionError, match="n \\* n is not right"):
        assert_feedback(square(), wrong, n=2)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (float, [3, 3.0, np.float32(3), np.array(3.0), Fraction(3)], ["3", True, [3], np.ones(2)]),
        (
            float,
            [3],
            [float("nan"), np.inf, 3j, 10**400, {}, object(), lambda: 3, set, np.array("a")],
        ),
        (int, [3, 3.0, np.int64(3)], [3.5, "3", np.nan, False]),
        (str, ["word", " word "], [3, ["word"], b"word"]),
        (set, [{1, 2}, [2, 1], np.array([1, 2, 2])], ["12", 12, [[1], [2]]]),
        (callable, [square], [3, "square", np.ones(2)]),
        (lambda answer: np.asarray(answer, float).reshape(2), [[1, 2]], [[1], ["a", 2], {1: 2}]),
    ],
)
def test_what_is_no_such_thing_is_told_what_was_expected(begun, kind, right, wrong):
    task = teach.exercise("square", right=lambda answer: True, expected="a such", kind=kind)
    assert all(task.check(answer) for answer in right)
    for answer in wrong:
        told = str(task.check(answer))
        assert re.fullmatch(r"Not yet: that is [^;]+; expected a such\.", told), told
    assert list(teach.progress().tries) == [len(right), 0]  # these are no tries


def test_a_conversion_may_say_what_is_wrong_and_a_function_what_stopped_it(begun):
    def pair(answer):
        if len(answer) != 2:
            raise InputError("write both")
        return answer

    task = teach.exercise("square", right=bool, expected="two words", kind=pair)
    told = "Not yet: that is a text, 'abc'; expected two words. write both"
    assert str(task.check("abc")) == told
    calls = teach.exercise("square", right=lambda f: f(3) == 9, kind=callable)
    assert calls.check(lambda n: n * n)
    assert "look again" in str(calls.check(lambda n: n + n))
    assert "Your function stopped: TypeError" in str(calls.check(lambda: 9))


def test_an_open_answer_is_no_try_and_html_is_escaped(begun):
    task = square()
    assert "Not answered yet" in str(task.check(None))
    assert "Not answered yet" in str(task.check(...))
    assert not (begun.outputs / begun.name / "interactive" / "progress.json").exists()
    assert "&#x27;nine&#x27;" in task.check("nine")._repr_html_()


def test_hints_go_from_vague_to_plain_and_the_solution_opens_after_two_tries(begun):
    task = square()
    assert [task.hint() for _ in range(3)] == [
        "Draw it.",
        "Three rows of three.",
        "Three rows of three.",
    ]
    assert "after 2 tries, not 0" in task.solution()
    assert "solution" not in str(task.check(6))
    assert "after 2 tries, not 1" in task.solution() and "Nine" not in task.solution()
    assert ".solution() is open now" in str(task.check(6))
    assert square().solution() == "**Solution.** Nine."


def test_live_a_button_shows_hints_and_then_the_solution(begun, live):
    task = square()
    button, area = task.view.children

    def press():
        button.click()
        return [output["data"]["text/markdown"] for output in area.outputs]

    assert button.description == "Hint 1" and area.outputs == ()
    assert press() == ["Draw it."] and button.description == "Hint 2"
    press()
    assert button.description == "Solution"
    assert "Not open yet" in press()[2] and len(press()) == 3
    task.check(9)
    assert press()[3] == "**Solution.** Nine."


def test_progress_outlasts_a_kernel_and_is_forgotten_on_request(begun, monkeypatch):
    rows = ["exercise square", "quiz which"]
    assert teach.progress().to_dict("list") == {
        "question": rows,
        "state": ["open", "open"],
        "tries": [0, 0],
    }
    square().check(6)
    teach.quiz("which").answer(3)
    monkeypatch.setattr(session, "_current", None)
    outputs.begin(begun.name)
    assert list(teach.progress().state) == ["tried", "done"]
    square().check(9)
    square().check(6)
    assert list(teach.progress().state) == ["done", "done"]
    assert list(teach.progress().tries) == [3, 1]
    teach.reset("square")
    assert list(teach.progress().state) == ["open", "done"]
    teach.reset()
    assert list(teach.progress().state) == ["open", "open"]
    with pytest.raises(InputError, match="did you mean 'square'"):
        teach.reset("sqare")


def test_quiz_answers_from_python_with_the_reason_of_each_choice(begun):
    quiz = teach.quiz("which")
    assert quiz.buttons is None
    assert not quiz.answer(1) and "'one': One comes first." in str(quiz.answer(1))
    assert "think again" in str(teach.Quiz(replace(quiz.entry, wrong=())).answer(2))
    assert quiz.answer(3) and "It comes last." in str(quiz.answer(3))
    with pytest.raises(InputError, match=r"expected 1\.\.3"):
        quiz.answer(0)


def test_quiz_live_shows_feedback_when_a_button_is_pressed(begun, live):
    quiz = teach.quiz("which")
    quiz.buttons.index = 0
    assert "One comes first" in quiz.feedback.value
    quiz.buttons.value = "three"
    assert "It comes last." in quiz.feedback.value
    quiz.answer(2)
    assert quiz.buttons.value == "two" and "Two is in between" in quiz.feedback.value
    assert list(teach.progress().tries) == [0, 3]


def test_what_the_card_does_not_hold_is_named(begun):
    for ask in (lambda: teach.exercise("sqare", right=bool), lambda: teach.quiz("wich")):
        with pytest.raises(InputError):
            ask()
