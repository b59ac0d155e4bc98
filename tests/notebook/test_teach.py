import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import outputs, teach


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
        properties=[
            ("it is a whole number", lambda answer: answer == int(answer), "dividing on the way"),
            ("it is nine", lambda answer: answer == 9, "doubling instead of squaring"),
        ],
    )


def test_check_names_the_property_that_failed_and_the_usual_mistake(begun):
    task = square()
    wrong = task.check(6)
    assert not wrong
    assert str(wrong).splitlines() == [
        "Not yet.",
        "✓ it is a whole number",
        "✗ it is nine",
        "Usual mistake: doubling instead of squaring",
    ]
    right = teach.check("square", 9)
    assert right and str(right).startswith("Right.")
    assert "✗ it is a whole number" in str(task.check(9.5))


def test_no_answer_is_ever_an_exception(begun):
    task = square()
    assert "Not answered yet" in str(task.check(None))
    assert "Not answered yet" in str(task.check(...))
    odd = task.check("nine")
    assert not odd and "could not be tested: ValueError" in str(odd)
    assert "&#x27;nine&#x27;" in odd._repr_html_()


def test_hints_go_from_vague_to_plain_and_end(begun):
    assert teach.hint("square") == "Draw it."
    assert square().hint(2) == "Three rows of three."
    for level in (0, 3, "1"):
        with pytest.raises(InputError, match=r"levels 1\.\.2"):
            teach.hint("square", level)


def test_quiz_answers_from_python(begun):
    quiz = teach.quiz("which")
    assert quiz.buttons is None
    assert not quiz.answer(1) and "'one'" in str(quiz.answer(1))
    assert quiz.answer(3) and "It comes last." in str(quiz.answer(3))
    with pytest.raises(InputError, match=r"expected 1\.\.3"):
        quiz.answer(0)


def test_quiz_live_shows_feedback_when_a_button_is_pressed(begun, live):
    quiz = teach.quiz("which")
    quiz.buttons.index = 0
    assert "think again" in quiz.feedback.value
    quiz.buttons.value = "three"
    assert "It comes last." in quiz.feedback.value
    quiz.answer(2)
    assert quiz.buttons.value == "two" and "think again" in quiz.feedback.value


def test_what_the_card_does_not_hold_is_named(begun):
    for ask in (
        lambda: teach.exercise("sqare", []),
        lambda: teach.hint("sqare"),
        lambda: teach.quiz("wich"),
        lambda: teach.check("square", 3),
    ):
        with pytest.raises(InputError):
            ask()
