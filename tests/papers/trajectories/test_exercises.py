"""The exercises of notebook 08: each wrong answer is told its own mistake."""

import numpy as np
import pytest
from lessons import assert_feedback

from lmnotes.papers.trajectories import exercises, exponents, paths


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("08")


def test_bits_per_byte():
    def kl(a, b, n_bytes):
        return np.var(a - b) / 2 / n_bytes.mean() / np.log(2)

    wrong = [
        (lambda a, b, n: np.mean((a - b) ** 2) / 2 / n.mean() / np.log(2), "a constant counts"),
        (lambda a, b, n: 2 * kl(a, b, n), "twice too large"),
        (lambda a, b, n: kl(a, b, n) * np.log(2), "still in nats"),
        (lambda a, b, n: kl(a, b, n) * n.mean(), "of a whole text"),
        (lambda a, b, n: np.var(a - b) / 2, "in nats per text"),
        (lambda a, b, n: kl(a, b, n) * 400 / 399, "one less"),
        (lambda a, b, n: kl(a, b, n) / 400, "mean length"),
        (lambda a, b, n: np.sqrt(kl(a, b, n)), "root was taken"),
        (lambda a, b, n: a - b, "one number is wanted"),
        (lambda a, b, n: 3 * kl(a, b, n), "the spread over texts"),
    ]
    assert_feedback(exercises.bits_per_byte(), wrong, np=np)


def test_in_nats():
    wanted = np.sqrt(2 * 0.12 * 972.3188 * np.log(2))
    wrong = {
        wanted**2: "a variance",
        wanted / np.sqrt(2): "the half is forgotten",
        wanted / np.sqrt(np.log(2)): "in bits",
        wanted**2 / 2: "a whole text",
        wanted / np.sqrt(972.3188): "for one byte",
        0.12: "as it is printed",
        99: "go backwards",
    }
    assert_feedback(exercises.in_nats(), wrong, np=np)


def test_slope():
    def line(x, y):
        return np.polyfit(x, y, 1)

    wrong = [
        (lambda t, d: line(np.log(t), np.log(d))[0], "not of its square"),
        (lambda t, d: line(np.log(t), 4 * np.log(d))[0], "taken twice"),
        (lambda t, d: 2 * np.log(t) @ np.log(d) / (np.log(t) @ np.log(t)), "through the origin"),
        (lambda t, d: line(2 * np.log(d), np.log(t))[0], "changed places"),
        (lambda t, d: line(t, d**2)[0], "squares themselves"),
        (lambda t, d: line(t, 2 * np.log(d))[0], "only the distance"),
        (lambda t, d: np.log(d[-1] / d[0]) * 2 / np.log(t[-1] / t[0]), "two ends"),
        (lambda t, d: line(np.log(t), 2 * np.log(d))[1], "not its slope"),
        (lambda t, d: 77.0, "by least squares"),
    ]
    assert_feedback(exercises.slope(), wrong, np=np)


def test_floor():
    lags = np.arange(1.0, 11)
    wanted = exponents.power_law(lags, 0.1 + 0.01 * lags).exponent
    wrong = {
        1: "without the floor",
        0: "its slope is not 0",
        0.01: "through the numbers",
        2 * wanted: "twice the slope",
        wanted / 2: "half the slope",
        np.log10(0.2 / 0.11): "two ends",
        1.5: "steeper",
        -0.2: "above 0",
        0.8: "then fit",
    }
    assert_feedback(exercises.floor(), wrong, np=np)


def test_break_subdiffusion():
    rng = np.random.default_rng(3)
    drift = np.linspace(0, 1, 40)[:, None] * rng.normal(size=50)  # straight, then noise alone
    values = np.where(np.arange(40)[:, None] < 20, drift, drift[20] + rng.normal(size=(40, 50)))
    rows = {"own": values, "noise": rng.normal(size=(40, 50))}
    windows = {
        name: (paths.Run(name, np.arange(40), x), np.ones((40, 5)), np.full(50, 99))
        for name, x in rows.items()
    }
    wrong = {
        "epochs=2": "only run, start and length",
        "run=other": "no such run",
        "start=80": "stands already",
        "run=noise": "another run at the same place",
        "length=4": "a shorter window",
        "start=90": "later still",
        "start=70": "has slowed down",
    }
    made = exercises.break_subdiffusion(windows, "own", 80, 5)
    assert_feedback(made, wrong)
    assert exercises.exponent_of(windows["own"], 0, 5) > 1.5 and made.check("start = 10")
    assert "as text" in str(made.check(0.3)) and "as text" in str(made.check("early"))
