"""Exercises of notebook 02: what a right answer is, and which answers real mistakes give."""

from collections.abc import Iterable

import numpy as np

from lmnotes.errors import InputError
from lmnotes.notebook import teach
from lmnotes.notebook.teach import near
from lmnotes.papers.universal_geometry.worlds import Pair

STEPS = (25, 50, 100, 200, 400, 800, 1600, 3200)  # numbers of pairs to try


def _as_pairs(answer: Iterable) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in answer]


def whiten() -> teach.Exercise:
    """A function that makes a cloud (V, D) white, tried on 400 skewed points of 3 dimensions."""
    points = np.random.default_rng(0).exponential(size=(400, 3)) @ np.array(
        [[3.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.4]]
    )
    size = np.sort(np.linalg.eigvalsh(np.cov(points.T, bias=True)))

    def is_turned(f) -> bool:
        return np.allclose(np.corrcoef(f(points).T), np.eye(3), atol=1e-6)

    def varies(f, variances, tolerance: float = 1e-6) -> bool:
        return np.allclose(np.sort(f(points).var(axis=0)), variances, rtol=tolerance)

    def is_centred(f) -> bool:
        return np.allclose(f(points).mean(axis=0), 0, atol=1e-6)

    return teach.exercise(
        "whiten",
        right=lambda f: is_centred(f) and is_turned(f) and varies(f, 1),
        kind=callable,
        expected="a function of an array (V, D)",
        mistakes=[
            ("some rows or columns are missing", lambda f: f(points).shape != points.shape),
            ("the mean is left in: white columns have mean 0", lambda f: not is_centred(f)),
            (
                "every column was scaled by itself: they still correlate",
                lambda f: varies(f, 1) and not is_turned(f),
            ),
            (
                "turned, and not scaled: the variances are those of the principal components",
                lambda f: is_turned(f) and varies(f, size),
            ),
            (
                "divided by the variances, where standard deviations were needed",
                lambda f: is_turned(f) and varies(f, np.sort(1 / size)),
            ),
            (
                "nearly: the variance was estimated with V - 1, here all V rows are meant",
                lambda f: is_turned(f) and varies(f, 1, 0.01),
            ),
        ],
        otherwise="the columns still correlate, or their variances are not 1",
    )


def dist_ratio() -> teach.Exercise:
    """A DistRatio from six distances among words and four to an intruder."""
    return teach.exercise(
        "dist_ratio",
        right=near(2.5, 0.01),
        kind=float,
        expected="one number, a ratio of distances",
        mistakes=[
            ("upside down: large should mean that the intruder is far", near(0.4, 0.01)),
            ("these are sums: there are more distances among the words", near(5 / 3, 0.01)),
            ("that is a difference: the unit of length is still in it", near(2.25, 0.01)),
            ("that takes the nearest word only, not all four", near(2.0, 0.01)),
            ("these are medians", near(3.5 / 1.5, 0.01)),
            ("that is the intruder's distance alone", near(3.75, 0.01)),
        ],
        otherwise="compare how far the intruder is with how far the words are from each other",
    )


def greedy_by_hand() -> teach.Exercise:
    """The greedy matching of three axes with three, as pairs counted from 1."""
    pairs = [(1, 1), (2, 3), (3, 2)]
    return teach.exercise(
        "greedy_by_hand",
        right=lambda answer: answer == pairs,
        kind=_as_pairs,
        expected="a list of pairs of numbers such as [(1, 2), (2, 3), (3, 1)]",
        mistakes=[
            ("three axes on either side make three pairs", lambda answer: len(answer) != 3),
            ("these count from 0; axes count from 1", lambda answer: (0, 0) in answer),
            (
                "an axis comes twice: cross out the row and the column of every pair taken",
                lambda answer: any(len(set(side)) < 3 for side in zip(*answer, strict=True)),
            ),
            (
                "that has the largest sum, but greedy never gives up the .8: it is Hungarian",
                lambda answer: set(answer) == {(1, 2), (2, 1), (3, 3)},
            ),
            (
                "the right pairs, in another order: the best comes first",
                lambda answer: set(answer) == set(pairs),
            ),
            (
                "the .8 is right; of what is left, that is not the largest",
                lambda answer: (1, 1) in answer,
            ),
        ],
        otherwise="the largest of all nine numbers is not in it",
    )


def chance_level() -> teach.Exercise:
    """The largest of 300 x 300 correlations of unrelated axes over 5,000 pairs."""
    n_cells, n_pairs = 300**2, 5000
    return teach.exercise(
        "chance_level",
        right=lambda answer: 0.058 < answer < 0.072,
        kind=float,
        expected="one number, a correlation",
        mistakes=[
            (
                "that is the spread of one correlation, not the largest of many",
                near(n_pairs**-0.5),
            ),
            (
                "that leaves out the 2 before the logarithm, or counts 300 correlations",
                near((np.log(n_cells) / n_pairs) ** 0.5),
            ),
            ("that logarithm is to base 10", near((2 * np.log10(n_cells) / n_pairs) ** 0.5)),
            ("a root is missing", near(2 * np.log(n_cells) / n_pairs)),
            ("no correlation is above 1: it was not scaled by one's spread", lambda r: r > 1),
            ("each is 0 on average, but the largest of many is not", lambda r: abs(r) < 1e-3),
            ("the largest of many numbers about 0 is above 0", lambda r: r < 0),
        ],
    )


def too_few_pairs(pair: Pair) -> teach.Exercise:
    """Break the claim: the largest number of pairs at which ICA's lead is not settled."""
    n_pairs = len(pair.rows[0])
    gone = {n: pair.lead(n)[1][0] <= 0 for n in STEPS if n <= n_pairs}
    edge = max((n for n, is_gone in gone.items() if is_gone), default=0)

    def step(answer) -> float:
        if answer != int(answer) and answer >= 1:
            raise InputError("Pairs are whole.")
        return float(answer)

    return teach.exercise(
        "too_few_pairs",
        right=lambda n: n == edge,
        kind=step,
        expected=f"one of {', '.join(map(str, gone))}, or 0 where the lead always stays",
        mistakes=[
            ("that is a share; give a number of pairs", lambda n: 0 < n < 1),
            (f"there are {n_pairs:,} pairs", lambda n: n > n_pairs),
            ("take one of the numbers in the question", lambda n: n not in gone and n != 0),
            ("ICA is still ahead there: look at the lower end", lambda n: not gone.get(n, True)),
            ("the lead is gone there, but with more pairs too: go up", lambda n: n < edge),
        ],
    )
