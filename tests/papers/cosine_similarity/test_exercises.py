"""A right answer passes, a wrong one is told the mistake that gives it."""

import numpy as np
import pandas as pd
import pytest
from lessons import assert_feedback

from lmnotes import words
from lmnotes.papers.cosine_similarity import exercises
from lmnotes.papers.cosine_similarity.study import Space
from lmnotes.words.ica import compare


def test_the_share_of_an_axis(lesson):
    lesson("03")
    wrong = {12: "before the words are scaled", 12 / 49: "not yet its share", 12 / 33: "sizes"}
    wrong |= {-0.6: "second axis", 15 / 49: "the cosine, of which", 80: "not per cent"}
    assert_feedback(exercises.share_of_axis(), wrong | {0.1: "take a hint"})


@pytest.fixture
def by_axis():
    """Axes of two words and their product where every mistake gives another set."""
    rows = []
    sets = {"ICA": ({2, 3}, {3, 4, 7}, {3, 5}), "PCA": ({1}, set(), {8, 9})}
    for basis, chosen in sets.items():
        for vector, axes in zip(("sun", "light", "sun × light"), chosen, strict=True):
            for axis in range(1, 11):
                p = 0.01 if axis == 6 or axis in axes else 0.5
                rows.append((basis, vector, axis, p, axis in axes))
    return pd.DataFrame(rows, columns=["basis", "vector", "axis", "p", "significant"])


def test_the_axes_of_a_pair(lesson, by_axis):
    lesson("03")
    task = exercises.axes_of_pair(by_axis, ["sun", "light"])
    wrong = [({2, 4}, "from 0"), ({3, 5, 6}, "every axis alone"), ({8, 9}, "PCA's")]
    wrong += [({2, 3}, "axes of sun alone"), ({3, 4, 7}, "axes of light alone")]
    wrong += [({2, 3, 4, 7}, "either word"), ([5], "but there are more"), ({1, 3, 5}, "some more")]
    assert_feedback(task, wrong, by_axis=by_axis, pair=["sun", "light"])
    assert task.check([5, 3]) and task.check(np.array([3, 5]))
    assert "another test" in str(task.check({3}))  # both words are significant there


def test_the_level_of_a_product(lesson):
    lesson("03")
    threshold = words.null_laws.threshold
    wrong = {threshold(200, "product", 0.025): "two-sided", threshold(200): "one component"}
    wrong |= {threshold(200, "product", n_tests=1): "quite often", 6.36: "units of 1/K"}
    wrong |= {threshold(200) ** 2: "square of a component's level", 0: "above 0"}
    wrong |= {threshold(200) / 200**0.5: "its tail is longer"}
    assert_feedback(exercises.product_level(), wrong, words=words)


def test_a_word_that_lost_an_axis(lesson):
    lesson("03")
    first, second = np.array([2, 3, 6]) / 7, np.array([6, -3, 2]) / 7
    left, other_left = first * [1, 0, 1], second * [1, 0, 1]
    both = left @ other_left / np.linalg.norm(left) / np.linalg.norm(other_left)
    wrong = {6 / 49: "was negative", left @ second / np.linalg.norm(left): "first word was scaled"}
    wrong |= {both: "both words lost", 3 / 49: "another axis", 24: "not scaled to length 1"}
    wrong |= {first @ second: "nothing was taken out", first @ second + 3 / 7: "value was taken"}
    wrong |= {first @ second - 3 / 7: "value was taken"}
    assert_feedback(exercises.take_out(), wrong)


def test_the_change_that_breaks_the_axes(lesson):
    lesson("03")
    wrong = {"rows": "another order", "signs": "turned back", "scales": "whitening undoes"}
    wrong |= {"ICA columns": "keeps its long tail", "columns": "none of the five"}
    task = exercises.break_the_axes()
    assert_feedback(task, wrong)
    assert task.check("pca columns")


def test_the_experiment_shows_what_its_feedback_says():
    random = np.random.default_rng(1)
    turn = np.linalg.qr(random.normal(size=(30, 30)))[0]
    raw = random.exponential(size=(2000, 30)) ** 1.5 @ turn
    space = Space(compare.bases(raw, max_iterations=200), raw)
    gain = {change: exercises.gain_after(space, change) for change in exercises.CHANGES}
    kept = [gain[change] for change in exercises.CHANGES[:-1]]
    assert min(kept) > 0.5 and gain["PCA columns"] < min(kept) / 3
