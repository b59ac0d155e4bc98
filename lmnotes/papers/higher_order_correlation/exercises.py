"""The exercises of notebook 04: what tells a right answer, and which mistake gives which other."""

from collections.abc import Callable

import numpy as np

from lmnotes.notebook import session, teach, verdicts
from lmnotes.papers.higher_order_correlation import correlations
from lmnotes.papers.higher_order_correlation.axes import Axes

_TOY = np.random.default_rng(5).laplace(size=(50, 3))


def _is(value: object, wanted: object, tolerance: float = 1e-8) -> bool:
    return np.shape(value) == np.shape(wanted) and np.allclose(value, wanted, atol=tolerance)


def _gives(wanted: object, *given: object) -> Callable[[Callable], bool]:
    """Whether a function gives this of the toy components."""
    return lambda answer: _is(answer(_TOY.copy(), *given), wanted)


def _near(wanted: float, tolerance: float = 1e-3) -> Callable[[float], bool]:
    return teach.near(wanted, tolerance)


def energy() -> teach.Exercise:
    """A function of S (V, K) that returns the higher-order correlations (K, K)."""
    squares = _TOY**2
    c, plain = squares.T @ squares / 50, _TOY.T @ _TOY / 50
    mistakes = [
        ("these are correlations: sizes have to enter, whatever the sign", _gives(plain)),
        ("the square comes too late: signs have cancelled before", _gives(plain**2)),
        ("that is the sum over words, not their mean", _gives(50 * c)),
        ("that is divided by the axes, which are the columns", _gives(50 / 3 * c)),
        ("that is a matrix of words by words: turn it round", _gives(squares @ squares.T / 50)),
        ("something was taken off: independent axes have 1", _gives(np.cov(_TOY.T**2, ddof=0))),
        ("that is the diagonal alone, the kurtosis", _gives(np.diag(c))),
    ]
    kind = "a function of S (V, K) that returns a matrix (K, K)"
    return teach.exercise(
        "energy", right=_gives(c), expected=kind, kind=callable, mistakes=mistakes
    )


def share_of_top() -> teach.Exercise:
    """A function of S, i, j, m that returns the share of c_ij that m words carry."""
    product = _TOY[:, 1] ** 2 * _TOY[:, 2] ** 2
    largest, total = np.sort(product)[::-1], product.sum()
    by_first, signed = np.argsort(-(_TOY[:, 1] ** 2)), np.abs(_TOY[:, 1] * _TOY[:, 2])

    def gives(wanted: float) -> Callable[[Callable], bool]:
        return _gives(wanted, 1, 2, 5)

    mistakes = [
        ("these are the first m words, not the largest", gives(product[:5].sum() / total)),
        ("these are the smallest contributions", gives(largest[-5:].sum() / total)),
        ("that is a sum, not yet a share of the whole", gives(largest[:5].sum())),
        ("that is a mean contribution, not yet a share of the whole", gives(largest[:5].mean())),
        ("one axis alone gave the order of words", gives(product[by_first[:5]].sum() / total)),
        ("the values enter squared", gives(np.sort(signed)[::-1][:5].sum() / signed.sum())),
        ("that is the m-th word alone, not the first m together", gives(largest[4] / total)),
    ]
    right, kind = (
        gives(largest[:5].sum() / total),
        "a function of S, i, j and m that returns a share",
    )
    return teach.exercise(
        "share_of_top", right=right, expected=kind, kind=callable, mistakes=mistakes
    )


def spherical_level() -> teach.Exercise:
    """The level of c for K = 100 and squared lengths of 50 and 150, half of the words each."""
    mistakes = [
        ("1 is what independent axes give; a long word is large on every axis", _near(1)),
        ("lengths alone give that; directions on the sphere take a little away", _near(1.25)),
        ("all words have one length in this; it is their spread that counts", _near(10000 / 10200)),
        ("that is an axis with itself, its kurtosis", _near(3 * 12500 / 10200)),
        ("that is of the whole length, to be shared out among axes", lambda answer: answer > 100),
        ("below 1: lengths that vary push every pair up", lambda answer: answer < 1),
    ]
    kind = {"expected": "one number", "kind": float}
    return teach.exercise("spherical_level", right=_near(12500 / 10200), **kind, mistakes=mistakes)


def break_claim(axes: Axes) -> teach.Exercise:
    """How many words have to be left out before the verdict on `strongest_pair` turns."""
    claim = session.current().card.claims["strongest_pair"]
    rules = claim.reproduced_rule, claim.same_direction_rule
    largest = correlations.largest_without(axes.ica.values)
    stands = [verdicts.verdict(c, None, *rules) != verdicts.NOT_REPRODUCED for c in largest]
    turn = stands.index(False) if False in stands else len(stands)  # fewest words
    level = correlations.pairs(axes.c["ICA"]).iloc[0]
    alone = correlations.without(axes.ica.values, int(level.i), int(level.j), range(len(largest)))
    sunk = int(np.argmax(alone < level.level))
    mistakes = [
        ("nothing is left out then, and the claim stands", lambda answer: answer == 0 < turn),
        ("a number of words below 0 cannot be left out", lambda answer: answer < 0),
        ("that many are all that were tried or more", lambda answer: answer >= len(largest)),
        ("this pair sinks to its level there, not below the claim", lambda answer: answer == sunk),
        ("the claim still stands then", lambda answer: answer < turn),
        ("turned by then, but before too: the fewest are asked", lambda answer: answer > turn),
    ]
    kind = {"expected": "a whole number of words", "kind": int, "mistakes": mistakes}
    return teach.exercise("break_claim", right=lambda answer: answer == turn, **kind)


def chance_edge() -> teach.Exercise:
    """The share of a random tree's edges on 50 axes that another random tree has too."""
    mistakes = [
        ("that is how many edges two trees share, not which share of them", _near(1.96, 0.05)),
        ("the other tree has many edges that may hit this pair, not one", _near(1 / 1225, 1e-4)),
        ("half of that is still missing: a pair of axes has no order", _near(1 / 50, 1.5e-3)),
        ("that is the share that does not come back", _near(0.96)),
        ("every pair would have an edge then; a tree keeps few of the pairs", _near(1)),
        ("an edge is no toss of a coin: count the pairs that could be edges", _near(0.5)),
    ]
    kind = {"expected": "one number between 0 and 1", "kind": float}
    return teach.exercise("chance_edge", right=_near(2 / 50), **kind, mistakes=mistakes)
