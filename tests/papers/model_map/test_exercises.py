"""The exercises of notebook 06: each wrong answer is told its own mistake."""

import numpy as np
import pandas as pd
import pytest
from lessons import assert_feedback
from map_cases import made

from lmnotes import models
from lmnotes.papers.model_map import exercises, prediction_runs, task_scores


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("06")


def test_centre():
    L = made().L

    def centred(L, axis):
        return L - L.mean(axis=axis, keepdims=True)

    wrong = [
        (lambda L: None, "returns no matrix"),
        (lambda L: L[0], "the shape changes"),
        (lambda L: centred(L, 1), "each text still has its mean"),
        (lambda L: centred(L, 0), "each model still has its mean"),
        (lambda L: L - L.mean(), "only the mean of all entries"),
        (lambda L: centred(L, 0) - L.mean(axis=1, keepdims=True), "taken out twice"),
        (lambda L: L + L.mean(axis=0) + L.mean(axis=1, keepdims=True), "means are added"),
        (lambda L: 3 * centred(centred(L, 0), 1), "rescaled"),
        (lambda L: L**2, "sums along rows"),
    ]
    assert_feedback(exercises.centre(L), wrong, models=models)


def test_one_bit():
    wrong = {
        25.96: "half the variance",
        44.1: "that is in bits: the",
        31.18: "in bits, and a factor",
        1347.9: "that is the variance",
        673.96: "KL of a text in nats",
        1.177: "of one byte",
        -36.7: "not negative",
        100: "turn the formula round",
    }
    assert_feedback(exercises.one_bit(), wrong)


def test_four_times():
    wrong = {
        1: "what KL does",
        2: "the root of it",
        16: "divide by the bytes",
        64: "not divided",
        0.25: "nearer",
        7: "how does a domain",
    }
    assert_feedback(exercises.four_times(), wrong)


def test_honest_folds():
    def deal(lineage, n_folds, seed):
        names, member = np.unique(lineage, return_inverse=True)
        order = np.random.default_rng(seed).permutation(len(names))
        return (order % n_folds)[member]

    def fresh(lineage, n_folds, seed, count=[0]):  # noqa: B006
        count[0] += 1
        return deal(lineage, n_folds, count[0])

    wrong = [
        (lambda lineage, n, seed: deal(lineage, n, seed)[:4], "one fold per model"),
        (lambda lineage, n, seed: deal(lineage, n, seed) + 1, "counted from 0"),
        (lambda lineage, n, seed: np.unique(lineage, return_inverse=True)[1], "not a fold"),
        (lambda lineage, n, seed: np.arange(len(lineage)) % n, "models are dealt out"),
        (lambda lineage, n, seed: deal(lineage, 2, seed), "stays empty"),
        (lambda lineage, n, seed: deal(lineage, n, 1), "the seed changes nothing"),
        (fresh, "other folds"),
    ]
    exercise = exercises.honest_folds()
    assert exercise.check(deal)
    assert_feedback(exercise, wrong, models=models)


def test_break_the_contrast():
    population = made()
    rng = np.random.default_rng(0)
    able = population.Q[:, :3].sum(axis=1)
    scores = pd.DataFrame({"copy": able, "alphabet": population.mean + 0 * able})
    scores["likes"] = population.Q[:, 5] + rng.normal(0, 0.1, len(able))
    scores = scores.set_index(population.models.model).add(50)
    scores["task mean"] = scores["copy"]
    benchmark = task_scores.Benchmark(scores, ["copy", "alphabet", "likes"])
    comparison = prediction_runs.compare_predictors(population, benchmark, range(2))
    assert comparison.ahead.idxmin() == "alphabet" and comparison.ahead["likes"] > 0
    wrong = {
        "grouped": "kind of folds",
        "mean only": "those are features",
        "mean log-likelihood": "what predicts",
        "swimming": "no target",
        "task mean": "the claim itself",
    }
    assert_feedback(exercises.break_the_contrast(comparison), wrong, comparison=comparison)
