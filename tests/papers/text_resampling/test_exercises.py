"""The exercises of notebook 07: each wrong answer is told its own mistake."""

import numpy as np
import pandas as pd
import pytest
from lessons import assert_feedback

from lmnotes import models
from lmnotes.papers.text_resampling import equal_error, exercises


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("07")


def test_distinct():
    wrong = {
        0.3679: "that is missed",
        1: "comes back to texts",
        0.5: "chance of a coin",
        63.2: "in per cent",
        632_121: "divide by N",
        -0.2: "between 0 and 1",
        0.8: "(1 - 1/N)^N",
    }
    assert_feedback(exercises.distinct(), wrong, np=np)


def test_weights():
    wrong = [
        ([1.2, 2.0], "w squared: distances"),
        ([0.7746, 0.6325], "pi is left out"),
        ([2.449, 3.162], "n is left out"),
        ([0.6325, 1.0], "counts are left out"),
        ([3, 2], "the counts themselves"),
        ([1.4142, 1.0954], "other order"),
        ([0.5477, 0.2828], "multiplied, not divided"),
        ([7, 8], "the count over n times"),
    ]
    assert_feedback(exercises.weights(), wrong, np=np)


def test_fourth_powers():
    def shares(score):
        return score / score.sum()

    def apart(q):
        return np.abs(q[:, None] - q[None])

    wrong = [
        (lambda q: np.full(q.shape[1], 1 / q.shape[1]), "that is uniform"),
        (lambda q: shares((apart(q) ** 4).sum(axis=(0, 1))), "the root is missing"),
        (lambda q: shares((q**2).sum(axis=0)), "best for inner products"),
        (lambda q: shares(q.var(axis=0)), "best for inner products"),
        (lambda q: shares((apart(q) ** 4).sum(axis=(0, 1)) ** 0.25), "taken twice"),
        (lambda q: shares(apart(q).sum(axis=(0, 1))), "not squared before"),
        (lambda q: np.sqrt((apart(q) ** 4).sum(axis=(0, 1))), "add up to 1"),
        (lambda q: shares((q**2).sum(axis=1)), "one probability per text"),
        (lambda q: shares((apart(q) ** 6).sum(axis=(0, 1))), "sum (Q[i, s]"),
    ]
    assert_feedback(exercises.fourth_powers(), wrong, models=models)
    assert "Your function stopped" in str(exercises.fourth_powers().check(lambda q: q @ q))


def test_equal_error():
    wrong = [
        (lambda n, u, ls: n * ls / u, "enters squared"),
        (lambda n, u, ls: n * (u / ls) ** 2, "on its head"),
        (lambda n, u, ls: n * u / ls, "turned and not squared"),
        (lambda n, u, ls: n * (ls / u) ** 0.5, "not for its root"),
        (lambda n, u, ls: n, "do not enter"),
        (lambda n, u, ls: 2 * n, "solve for n"),
    ]
    assert_feedback(exercises.equal_error(), [w for w in wrong if w[1] != "solve for n"])
    assert "solve for n" in str(exercises.equal_error().check(wrong[-1][0]))


def test_break_the_saving(small):
    known = pd.DataFrame({"family": ["GPT-2", "Llama 64x2"], "blind over uniform": [1.3, 0.8]})
    wrong = {
        "n_runs=3": "only uniform_mass and known",
        "uniform_mass=7": "between 0 and 1",
        "uniform_mass=0": "stands in Figure 2",
        "uniform_mass=0.05": "still left",
        "known=Mamba": "no group of that name",
        "known=Llama 64x2": "speaks well enough",
    }
    made = exercises.break_the_saving(equal_error.insurance(small), known)
    assert_feedback(made, wrong)
    assert made.check("known = GPT-2")
    assert "as text" in str(made.check(0.3)) and "wants a number" in str(
        made.check("uniform_mass=much")
    )
