"""The exercises of notebook 09: each wrong answer is told its own mistake."""

import numpy as np
import pandas as pd
import pytest
from lessons import assert_feedback

from lmnotes import models
from lmnotes.papers import prompt_response_map as paper
from lmnotes.papers.prompt_response_map import exercises


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("09")


def test_conditional():
    wrong = [
        (lambda p, n: np.sum(p), "scored the prompt as well"),
        (lambda p, n: np.sum(p[n + 1 :]), "first token is left out"),
        (lambda p, n: np.sum(p[n - 1 :]), "last token is scored too"),
        (lambda p, n: np.mean(p[n:]), "that is a mean"),
        (lambda p, n: np.sum(p[:n]), "the prompt's probability"),
        (lambda p, n: -np.sum(p[n:]), "sign is turned"),
        (lambda p, n: np.exp(np.sum(p[n:])), "not its logarithm"),
        (lambda p, n: p[n:], "one number is wanted"),
        (lambda p, n: 7.0, "which of the numbers"),
    ]
    assert_feedback(exercises.conditional(), wrong, np=np)


def test_pmi():
    wrong = [
        (lambda t, own: own - t.mean(axis=0), "not the log of the mean"),
        (lambda t, own: own - np.logaddexp.reduce(t), "a sum over prompts"),
        (lambda t, own: models.scoring.prompts.marginal(t) - own, "sign is turned"),
        (lambda t, own: models.scoring.prompts.marginal(t), "unconditional term alone"),
        (lambda t, own: own - t.max(axis=0), "likeliest prompt"),
        (lambda t, own: own - np.log(np.exp(t).mean(axis=0) + 1e-300), "exp gives 0"),
        (lambda t, own: own.sum(), "one number per response"),
        (lambda t, own: own, "average over prompts"),
    ]
    assert_feedback(exercises.pmi(), wrong, models=models)


def test_distance():
    wrong = [
        (lambda a, b: np.var(a - b), "one half is left out"),
        (lambda a, b: np.var(a - b, ddof=1) / 2, "not by N - 1"),
        (lambda a, b: np.mean((a - b) ** 2) / 2, "not centred"),
        (lambda a, b: np.std(a - b), "a standard deviation"),
        (lambda a, b: np.mean(a - b), "a difference of means"),
        (lambda a, b: len(a) * np.var(a - b) / 2, "adds up over responses"),
        (lambda a, b: (np.var(a) + np.var(b)) / 2, "variances of the two"),
        (lambda a, b: a - b, "one number is wanted"),
        (lambda a, b: 1.0, "centre the difference"),
    ]
    assert_feedback(exercises.distance(), wrong, np=np)


def test_additivity():
    def centred(values):
        return values - values.mean()

    def r2(guess, truth):
        return 1 - np.sum((truth - guess) ** 2) / np.sum(truth**2)

    wrong = [
        (lambda p, y: np.corrcoef(p.sum(axis=0), y)[0, 1] ** 2, "something is fitted"),
        (lambda p, y: r2(p.sum(axis=0), y), "means are not taken out"),
        (lambda p, y: np.corrcoef(p.sum(axis=0), y)[0, 1], "that is a cosine"),
        (lambda p, y: 1 - r2(centred(p.sum(axis=0)), centred(y)), "the share that is missed"),
        (lambda p, y: r2(centred(p.mean(axis=0)), centred(y)), "averaged, not added"),
        (lambda p, y: r2(centred(p[0]), centred(y)), "first part alone"),
        (lambda p, y: y, "one number is wanted"),
        (lambda p, y: 0.0, "add the parts"),
    ]
    assert_feedback(exercises.additivity(), wrong, np=np, paper=paper)


def test_break_the_sum():
    own, first, second = "prose, R1, d48, seed 1", "prose, tags overlap", "code, tags overlap"
    tried = pd.DataFrame(
        [
            (own, "AB", False, 0.98, 0.5),
            (own, "ABC", False, 0.9, 0.5),
            (first, "AB", True, 0.9, 0.8),
            (first, "AC", True, -1.5, -0.2),
            (second, "AB", True, 0.9, 0.8),
            (second, "AC", True, 0.7, -1.0),
        ],
        columns=["model", "tags", "is_control", "r2", "best_single"],
    )
    wrong = {
        f"{own}: A": "a single move",
        f"{own}: ABC": "with three tags",
        f"{own}: AB": "an attribute of its own",
        f"{first}: BA": "two hints at one thing",
        f"{second}: AC": "a contradiction",
        "nobody: AB": "No model has that name",
        own: "with a colon between",
    }
    assert_feedback(exercises.break_the_sum(tried), wrong, tried=tried)
    assert exercises.break_the_sum(tried).check(f"{first}: c, a")
    everywhere = tried.assign(r2=[0.98, 0.9, 0.9, 0.5, 0.9, 0.7], best_single=0.4)
    assert exercises.break_the_sum(everywhere).check(f"{first}: AC")
    assert not exercises.break_the_sum(everywhere).check(f"{second}: AC")
