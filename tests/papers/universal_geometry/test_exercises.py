"""A right answer is right, and every usual mistake is told from the others."""

import numpy as np
from lessons import assert_feedback
from pairs import halves

from lmnotes.papers.universal_geometry import exercises


def test_whiten(lesson):
    lesson("02")

    def centred(X):
        return X - X.mean(axis=0)

    def parts(X, bias=True):
        return np.linalg.eigh(np.cov(X.T, bias=bias))

    wrong = [
        (lambda X: centred(X)[:, :2], "rows or columns are missing"),
        (lambda X: X @ parts(X)[1] / np.sqrt(parts(X)[0]), "the mean is left in"),
        (lambda X: centred(X) / X.std(axis=0), "every column was scaled by itself"),
        (lambda X: centred(X) @ parts(X)[1], "turned, and not scaled"),
        (lambda X: centred(X) @ parts(X)[1] / parts(X)[0], "divided by the variances"),
        (lambda X: centred(X) @ parts(X)[1] / np.sqrt(parts(X, False)[0]), "with V - 1"),
    ]
    assert_feedback(exercises.whiten(), wrong, np=np)


def test_dist_ratio(lesson):
    lesson("02")
    wrong = {0.4: "upside down", 15 / 9: "sums", 2.25: "difference", 2.0: "nearest word"}
    wrong |= {3.5 / 1.5: "medians", 3.75: "the intruder's distance alone"}
    assert_feedback(exercises.dist_ratio(), wrong)


def test_greedy_by_hand(lesson):
    lesson("02")
    wrong = [
        ([(1, 1), (2, 3)], "make three pairs"),
        ([(0, 0), (1, 2), (2, 1)], "count from 0"),
        ([(1, 1), (2, 1), (3, 2)], "an axis comes twice"),
        ([(1, 2), (2, 1), (3, 3)], "it is Hungarian"),
        ([(1, 1), (3, 2), (2, 3)], "in another order"),
        ([(1, 1), (2, 2), (3, 3)], "of what is left, that is not the largest"),
        ([(2, 1), (1, 3), (3, 2)], "the largest of all nine numbers is not in it"),
    ]
    assert_feedback(exercises.greedy_by_hand(), wrong)


def test_chance_level(lesson):
    lesson("02")
    wrong = {
        5000**-0.5: "the spread of one correlation",
        (2 * np.log(300) / 5000) ** 0.5: "leaves out the 2 before the logarithm, or counts 300",
        (2 * np.log10(300**2) / 5000) ** 0.5: "base 10",
        2 * np.log(300**2) / 5000: "a root is missing",
        (2 * np.log(300**2)) ** 0.5: "no correlation is above 1",
        0: "0 on average",
        -0.07: "is above 0",
    }
    assert_feedback(exercises.chance_level(), wrong, np=np)


def test_too_few_pairs_is_measured(lesson, monkeypatch):
    lesson("02")
    pair = halves()
    ends = {25: -0.1, 50: -0.1, 100: 0.1, 200: 0.1}
    monkeypatch.setattr(type(pair), "lead", lambda self, n: (1, (ends[n], 1)))
    wrong = {
        0.5: "that is a share",
        3200: "there are 300 pairs",
        60: "take one of the numbers",
        200: "ICA is still ahead there",
        25: "with more pairs too",
    }
    names = {"paper": _Paper, "functions": range(300), "english_python": pair}
    made = exercises.too_few_pairs(pair)
    assert_feedback(made, wrong, **names)
    assert "Pairs are whole" in str(made.check(30.5))


class _Paper:
    exercises = exercises
