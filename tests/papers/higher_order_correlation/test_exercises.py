"""Each wrong answer is told the mistake that gives it."""

import numpy as np
import pytest
from lessons import assert_feedback

from lmnotes import papers
from lmnotes.papers.higher_order_correlation import axes, exercises
from lmnotes.words.ica.components import Components


@pytest.fixture(autouse=True)
def begun(lesson):
    lesson("04")


def test_energy():
    wrong = [
        (lambda S: S.T @ S / len(S), "correlations: sizes"),
        (lambda S: (S.T @ S / len(S)) ** 2, "too late"),
        (lambda S: (S**2).T @ S**2, "sum over words"),
        (lambda S: (S**2).T @ S**2 / S.shape[1], "divided by the axes"),
        (lambda S: S**2 @ (S**2).T / len(S), "words by words"),
        (lambda S: np.cov((S**2).T, ddof=0), "taken off"),
        (lambda S: (S**4).mean(axis=0), "diagonal alone"),
    ]
    assert_feedback(exercises.energy(), wrong, np=np)


def products(S, i, j):
    return S[:, i] ** 2 * S[:, j] ** 2


def test_share_of_top():
    wrong = [
        (
            lambda S, i, j, m: products(S, i, j)[:m].sum() / products(S, i, j).sum(),
            "first m words,",
        ),
        (
            lambda S, i, j, m: np.sort(products(S, i, j))[:m].sum() / products(S, i, j).sum(),
            "smallest",
        ),
        (lambda S, i, j, m: np.sort(products(S, i, j))[-m:].sum(), "that is a sum"),
        (lambda S, i, j, m: np.sort(products(S, i, j))[-m:].mean(), "mean contribution"),
        (by_one_axis, "one axis alone"),
        (lambda S, i, j, m: share(np.abs(S[:, i] * S[:, j]), m), "enter squared"),
        (lambda S, i, j, m: np.sort(products(S, i, j))[-m] / products(S, i, j).sum(), "m-th word"),
    ]
    assert_feedback(exercises.share_of_top(), wrong, np=np)


def share(product, m):
    return np.sort(product)[::-1][:m].sum() / product.sum()


def by_one_axis(S, i, j, m):
    order = np.argsort(-(S[:, i] ** 2))
    return products(S, i, j)[order[:m]].sum() / products(S, i, j).sum()


def test_spherical_level():
    wrong = {1: "independent axes", 1.25: "lengths alone", 10000 / 10200: "one length"}
    wrong |= {3 * 12500 / 10200: "kurtosis", 12500: "shared out", 0.5: "below 1"}
    assert_feedback(exercises.spherical_level(), wrong)


def test_chance_edge():
    wrong = {1.96: "how many edges", 1 / 1225: "may hit", 1 / 50: "no order", 0.96: "not come back"}
    assert_feedback(exercises.chance_edge(), wrong | {1: "few of the pairs", 0.5: "coin"})


def test_break_claim():
    rng = np.random.default_rng(0)
    values = rng.laplace(size=(4000, 4))
    values[:6, :2] = rng.uniform(9, 12, size=(6, 2))  # six words carry a pair
    values = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)[0] * np.sqrt(4000)
    space = Components(values, np.zeros(4), np.eye(4), "ICA", words=[f"w{n}" for n in range(4000)])
    made = axes.Axes({"ICA": space}, np.ones(4000, bool))
    task = exercises.break_claim(made)
    (right,) = [n for n in range(100) if task.right(n)]
    assert 1 < right < 90
    wrong = {0: "nothing is left out", -1: "below 0", 500: "all that were tried", 99: "before too"}
    assert_feedback(
        task,
        wrong | {right - 1: "still stands then"},
        np=np,
        axes=made,
        paper=papers.higher_order_correlation,
    )
