"""Exercises of notebook 05: what is right, and what the usual mistakes give in its place."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.notebook import teach
from lmnotes.words.analogy import four_words, prediction, relations
from lmnotes.words.analogy.vectors import mean_difference

_DRAWN = np.random.default_rng(3)
_PAIRS = np.array([[0, 0], [1, 0], [1, 2], [3, 1]])  # drug 2 has no gene, gene 0 two drugs
_ARROWS = [(_DRAWN.normal(size=(4, 5)), _DRAWN.normal(size=(3, 5)), _PAIRS)]
_LISTS = [  # cosines, right, known
    ([0.9, 0.5, 0.1], [1], []),
    ([0.9, 0.5, 0.1, 0.3], [3, 1, 2], []),
    ([0.5, 0.5, 0.5], [2], []),
    ([0.9, 0.8, 0.5, 0.1], [2], [0]),
    ([0.9, 0.5, 0.1], [1], [2]),
]
_CAPITALS = str.split(
    "athens greece baghdad iraq bangkok thailand beijing china berlin germany bern switzerland "
    "cairo egypt canberra australia hanoi vietnam havana cuba helsinki finland islamabad pakistan "
    "kabul afghanistan london england madrid spain moscow russia oslo norway ottawa canada paris "
    "france rome italy stockholm sweden tehran iran tokyo japan"
)


def _told_apart(
    id: str, cases: Sequence, right: Callable, expected: str, mistakes: Mapping[str, Callable]
) -> teach.Exercise:
    """The exercise whose answer is a function, right where it gives the same for these cases.

    mistakes: words -> a function that makes this mistake.
    """

    def gives_the_same(reference: Callable) -> Callable[[Callable], bool]:
        wanted = np.array([reference(*case) for case in cases], float)

        def test(function: Callable) -> bool:
            given = np.array([function(*case) for case in cases], float)
            return given.shape == wanted.shape and np.allclose(given, wanted)

        return test

    told = [(words, gives_the_same(function)) for words, function in mistakes.items()]
    is_right = gives_the_same(right)
    return teach.exercise(id, right=is_right, expected=expected, kind=callable, mistakes=told)


def _with_values(
    id: str, right, expected: str, kind: Callable, mistakes: Mapping[str, object]
) -> teach.Exercise:
    """The exercise whose answer is a value. mistakes: words -> the value that each gives."""

    def is_value(value) -> Callable[[object], bool]:
        return lambda answer: np.allclose(answer, value, rtol=0, atol=2e-3)

    told = [(words, is_value(value)) for words, value in mistakes.items()]
    return teach.exercise(id, right=is_value(right), expected=expected, kind=kind, mistakes=told)


def arrow() -> teach.Exercise:
    """A function f(drugs, genes, pairs) that returns the relation vector (D,) is asked for."""

    def differences(drugs, genes, pairs):
        return genes[pairs[:, 1]] - drugs[pairs[:, 0]]

    mistakes = {
        "it points from gene to drug; turn it round": lambda *toy: -differences(*toy).mean(axis=0),
        "that is the sum over the pairs": lambda *toy: differences(*toy).sum(axis=0),
        "that is a vector for each pair; one for all of them is asked": differences,
        "that averages over the dimensions": lambda *toy: differences(*toy).mean(axis=1),
        "a gene with two drugs has to count twice": lambda *toy: mean_difference(*toy, "concepts"),
        "that takes all drugs and all genes; look at `pairs`, which leaves some out": (
            lambda drugs, genes, pairs: genes.mean(axis=0) - drugs.mean(axis=0)
        ),
        "that is the mean of the genes; nothing is taken off for where the drugs are": (
            lambda drugs, genes, pairs: genes[pairs[:, 1]].mean(axis=0)
        ),
    }
    expected = "a function f(drugs, genes, pairs) that returns one vector"
    return _told_apart("arrow", _ARROWS, mean_difference, expected, mistakes)


def best_rank() -> teach.Exercise:
    """A function f(cosines, right, known) that returns the rank of the best right answer."""

    def above(cosines, bar, left_out=(), ties=False):
        others = [c for i, c in enumerate(cosines) if i not in left_out]
        return sum(c >= bar if ties else c > bar for c in others)

    def best(cosines, right):
        return max(cosines[i] for i in right)

    mistakes = {
        "the first place is 1, and yours is 0": lambda c, r, k: above(c, best(c, r), k),
        "that ranks the worst right answer": lambda c, r, k: 1 + above(c, min(c[i] for i in r), k),
        "that ranks the right answer named first": lambda c, r, k: 1 + above(c, c[r[0]], k),
        "a tie counts against the answer": lambda c, r, k: above(c, best(c, r), k, ties=True),
        "known answers still stand in the list": lambda c, r, k: 1 + above(c, best(c, r)),
        "known ones below it are taken off too": lambda c, r, k: 1 + above(c, best(c, r)) - len(k),
    }
    expected = "a function f(cosines, right, known) that returns one whole number"

    def right(cosines, answers, known):
        return 1 + above(cosines, best(cosines, answers), known)

    return _told_apart("best_rank", _LISTS, right, expected, mistakes)


def longer_arrow() -> teach.Exercise:
    """An experiment: a multiple of the arrow of `planted_capitals` that does harm to Top-1."""
    atlas, pairs = planted_capitals()

    def top1(scale: float) -> float:
        known = relations.from_pairs(pairs)
        return prediction.predict(atlas, known, scale=scale).scores()["top1"]

    mistakes = [
        ("that is no arrow at all, which cannot be worse than itself", lambda x: x == 0),
        ("a negative multiple turns the arrow round; keep its direction", lambda x: x < 0),
        ("that is the arrow as the paper takes it; its length is to be changed", lambda x: x == 1),
        ("a shorter arrow still leads towards the targets; go the other way", lambda x: x < 1),
        ("at this length the arrow does no harm yet; go further", lambda x: top1(x) >= top1(0)),
    ]
    return teach.exercise(
        "longer_arrow",
        right=lambda scale: scale > 1 and top1(scale) < top1(0),
        expected="one number, a multiple of the arrow",
        kind=float,
        mistakes=mistakes,
    )


def two_filters() -> teach.Exercise:
    """The rank of a triple with two filters is asked for: (by the fraction, by all triples)."""

    def two_ranks(answer: object) -> tuple[int, ...]:
        ranks = tuple(int(rank) for rank in answer)
        if isinstance(answer, str) or len(ranks) != 2 or ranks != tuple(answer):
            raise InputError("Write both ranks as (first, second).")
        return ranks

    told = {
        "they are the wrong way round: the filter of the fraction comes first": (3, 4),
        "nothing is filtered: true answers other than the asked one have to leave": (6, 6),
        "with the fraction, what validation and test hold is known to be true as well": (5, 3),
        "to the complete filter the left-out triple is known as well": (4, 4),
        "with the fraction nobody knows of the left-out triple, so that it stays": (3, 3),
        "the first place is 1, and you count from 0": (3, 2),
    }
    expected = "two whole numbers, such as (1, 1)"
    return _with_values("two_filters", (4, 3), expected, two_ranks, told)


def planted_capitals() -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Vectors of capitals and countries by name, and a table of the pairs: capital, country.

    A pair shares a random place; countries lie a common shift away; everything has noise.
    """
    questions = four_words.read_questions(_CAPITALS)
    questions = questions[questions.category == "capital-common-countries"]
    pairs = questions[["a", "b"]].drop_duplicates().set_axis(["capital", "country"], axis=1)
    rng, atlas = np.random.default_rng(1), {}
    places, shift = rng.normal(size=(len(pairs), 20)), 2 * rng.normal(size=20)
    for place, pair in zip(places, pairs.itertuples(), strict=True):
        atlas[pair.capital] = place + 0.7 * rng.normal(size=20)
        atlas[pair.country] = place + shift + 0.7 * rng.normal(size=20)
    return atlas, pairs


def capitals() -> teach.Exercise:
    """Top-1 of the countries of `planted_capitals`, each pair left out of its own arrow."""
    atlas, pairs = planted_capitals()

    def scores(columns=("capital", "country"), **how) -> dict:
        asked = relations.from_pairs(pairs, columns)
        return prediction.predict(atlas, asked, **{"vector": "leave_one_out"} | how).scores()

    told = {
        "each pair still is in its own arrow": scores(vector="mean")["top1"],
        "you ask for the capital of a country": scores(("country", "capital"))["top1"],
        "no arrow is added": scores(vector="none")["top1"],
        "the candidates are not centred": scores(centre=False)["top1"],
        "that is the mean reciprocal rank": scores()["mrr"],
        "that is a share among the first ten": scores()["top10"],
        "that is a number of capitals; a share of them is asked": scores()["top1"] * len(pairs),
        "that is in per cent; a share is asked": 100 * scores()["top1"],
    }
    right, expected = scores()["top1"], "one number, a share from 0 to 1"
    return _with_values("capitals", right, expected, float, told)
