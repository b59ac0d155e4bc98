"""The exercises of notebook 10: each wrong answer is told its own mistake."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from lessons import assert_feedback

from lmnotes.papers import domain_mixture as paper
from lmnotes.papers.domain_mixture import exercises


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("10")


def test_softmax():
    def powers(b, T=0.2):
        return np.exp(b / T) / np.exp(b / T).sum()

    wrong = [
        (lambda b, T: powers(b, T)[0], "one share for each domain"),
        (lambda b, T: np.exp(b / T), "do not sum to one"),
        (lambda b, T: powers(b * T, 1.0), "T multiplies"),
        (lambda b, T: powers(b, 1.0), "T is left out"),
        (lambda b, T: powers(-b, T), "sign is turned"),
        (lambda b, T: b / b.sum(), "below zero"),
        (lambda b, T: np.full(3, 1 / 3), "larger leads get larger shares"),
    ]
    assert_feedback(exercises.softmax(), wrong, paper=paper)
    with np.errstate(all="ignore"):
        assert "large leads overflow" in str(exercises.softmax().check(powers))


def test_seeds():
    wrong = {7: "one side only", 6: "for .05", 3: "too large a part", 256: "number of patterns"}
    assert_feedback(exercises.seeds(), wrong | {0: "above zero", 12: "more than is needed"})


def test_map_distance():
    ln2 = np.log(2)
    wrong = [
        (lambda a, b, n: (a - b) ** 2 / (2 * n * ln2), "not one for each text"),
        (lambda a, b, n: ((a - b) ** 2).mean() / (2 * n * ln2), "mean square"),
        (lambda a, b, n: np.var(a - b) / (n * ln2), "one half is missing"),
        (lambda a, b, n: np.var(a - b) / (2 * n), "still in nats"),
        (lambda a, b, n: np.var(a - b) / (2 * ln2), "per text"),
        (lambda a, b, n: np.var(a - b, ddof=1) / (2 * n * ln2), "N - 1"),
        (lambda a, b, n: np.std(a - b) / (2 * n * ln2), "a root was taken"),
        (lambda a, b, n: np.mean(a - b) / (n * ln2), "mean difference"),
        (lambda a, b, n: 0.0, "half a variance over texts"),
    ]
    assert_feedback(exercises.map_distance(), wrong, paper=paper)


def test_longer_texts():
    wrong = {
        4: "variance's factor",
        1: "independent",
        0.5: "on its head",
        1.414: "standard deviation",
    }
    assert_feedback(exercises.longer_texts(), wrong | {8: "too many", 3: "what becomes of a lead"})


def test_break_the_claim():
    columns = {"temperature": [0.1, 0.25, 0.5, 1.0, np.inf], "kl_var": [1.5, 1, 1.2, 3, 2]}
    columns |= {"exact_kl": [3.0, 1.0, 0.9, 1, 1], "target": "t"}
    tempered = pd.DataFrame(columns)
    wrong = {
        -1: "above zero",
        0.5: "exact KL is least",
        1.0: "map distance is largest",
        0.25: "not above that of equal shares",
        0.01: "so cold",
        30: "hot is equal shares",
        0.7: "read the points of the figure",
    }
    names = {"tempered": tempered, "study": SimpleNamespace(own=["t"])}
    assert_feedback(exercises.break_the_claim(tempered, "t"), wrong, **names)
    tempered.exact_kl = [3.0, 1.2, 0.9, 1, 1]  # two are above equal shares
    assert exercises.break_the_claim(tempered, "t").check(0.25).correct
    tempered.exact_kl = [0.7, 0.8, 0.9, 0.6, 1]  # none is
    assert exercises.break_the_claim(tempered, "t").check(0.5).correct
    assert not exercises.break_the_claim(tempered, "t").check(0.25).correct
