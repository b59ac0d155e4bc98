"""The checks of the answers of notebook 10: what is right, and which mistake gives what."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lmnotes.notebook import teach
from lmnotes.papers.domain_mixture import measures, rules

_LEAD = np.array([0.3, 0.1, -0.2])  # nats per byte, of three domains
_TARGET, _MODEL = np.array([-10.0, -20.0, -30.0]), np.array([-14.0, -24.0, -43.0])  # nats


def _gives(arguments: tuple, wanted: np.ndarray | float) -> Callable:
    """Whether a function gives this of these arguments."""
    return teach.gives(wanted, *arguments, rtol=1e-6)


def softmax() -> teach.Exercise:
    """A function w(b, T) that turns leads into shares."""
    given, T = (_LEAD, 0.2), 0.2
    powers = np.exp(_LEAD / T)
    huge = 1e5 * _LEAD, T
    mistakes = [
        ("one share for each domain is wanted", lambda w: np.shape(w(*given)) != (3,)),
        ("the shares do not sum to one: something is still to be divided", _gives(given, powers)),
        ("T multiplies the lead", _gives(given, rules.softmax(_LEAD * T, 1.0))),
        ("T is left out", _gives(given, rules.softmax(_LEAD, 1.0))),
        (
            "the sign is turned: that reads most where the target is behind",
            _gives(given, rules.softmax(-_LEAD, T)),
        ),
        (
            "leads are divided by their sum: a share below zero is none",
            _gives(given, _LEAD / _LEAD.sum()),
        ),
        (
            "the values are right, and large leads overflow",
            lambda w: _gives(given, rules.softmax(*given))(w) and not np.isfinite(w(*huge)).all(),
        ),
    ]
    return teach.exercise(
        "softmax",
        right=lambda w: (
            _gives(given, rules.softmax(*given))(w) and _gives(huge, rules.softmax(*huge))(w)
        ),
        expected="a function of b and T",
        kind=callable,
        mistakes=mistakes,
        otherwise="larger leads get larger shares, and a common constant must change nothing",
    )


def seeds() -> teach.Exercise:
    """The smallest number of seeds at which the sign-flip test may fall below .01."""
    return teach.exercise(
        "seeds",
        right=lambda n: n == 8,
        expected="a whole number of seeds",
        kind=int,
        mistakes=[
            ("that counts one side only; the test has two", lambda n: n == 7),
            ("that is enough for .05, not for .01", lambda n: n == 6),
            (
                "with so few the two extreme patterns are too large a part of all",
                lambda n: 0 < n < 6,
            ),
            ("that is the number of patterns, not of seeds", lambda n: n in (200, 256)),
            ("a number of seeds is above zero", lambda n: n <= 0),
            ("that is enough, and more than is needed", lambda n: n > 8),
        ],
    )


def map_distance() -> teach.Exercise:
    """A function distance(target, model, n_bytes): the map distance per byte."""
    given = _TARGET, _MODEL, 8
    unit, rest = 8 * np.log(2), _TARGET - _MODEL
    mistakes = {
        "a number is wanted, not one for each text": rest**2 / (2 * unit),
        "that is a mean square: what all texts share must drop out": (rest**2).mean() / (2 * unit),
        "the one half is missing": rest.var() / unit,
        "that is still in nats: a factor for bits is missing": rest.var() / 16,
        "that is per text: divide by its length": rest.var() / (2 * np.log(2)),
        "the variance is over N - 1; over N is meant": rest.var(ddof=1) / (2 * unit),
        "a root was taken: the variance itself is wanted": rest.std() / (2 * unit),
        "that is a mean difference, which no variance sees": rest.mean() / unit,
    }
    return teach.exercise(
        "map_distance",
        right=_gives(given, float(measures.kl_to(*given))),
        expected="a function of target, model and n_bytes",
        kind=callable,
        mistakes=[(words, _gives(given, value)) for words, value in mistakes.items()],
        otherwise="half a variance over texts, over bytes and over ln 2",
    )


def longer_texts() -> teach.Exercise:
    """The factor of the map distance per byte where texts double and the lead is one per domain."""
    return teach.exercise(
        "longer_texts",
        right=teach.near(2, 0.05),
        expected="one number, a factor",
        kind=float,
        mistakes=[
            ("that is the variance's factor; the bytes of a text grow too", teach.near(4, 0.05)),
            ("so it would be if the bytes of a text were independent", teach.near(1, 0.05)),
            ("the fraction stands on its head", teach.near(0.5, 0.05)),
            ("that is the factor of a standard deviation", teach.near(np.sqrt(2), 0.02)),
            ("that has one factor of two too many", teach.near(8, 0.05)),
        ],
        otherwise="what becomes of a lead per byte, of its sum, of the variance, of that per byte?",
    )


def break_the_claim(tempered: pd.DataFrame, target: str) -> teach.Exercise:
    """A trained temperature at which a target's exact KL is above that of equal shares; the one at
    which it is largest, if there is no such.

    tempered: as `results.by_temperature`.
    """
    rows = tempered[tempered.target == target].set_index("temperature")
    equal, rows = rows.exact_kl[np.inf], rows.drop(index=np.inf)
    exact, far = rows.exact_kl, rows.kl_var
    broken = [T for T in exact.index if exact[T] > equal] or [exact.idxmax()]

    def is_T(wanted: float) -> Callable:
        return lambda T: abs(T - wanted) <= 0.02 * wanted

    trained = [is_T(T) for T in exact.index]
    return teach.exercise(
        "break_the_claim",
        right=lambda T: any(is_T(wanted)(T) for wanted in broken),
        expected="one number, a temperature in nats per byte",
        kind=float,
        mistakes=[
            ("a temperature is above zero", lambda T: T <= 0),
            ("at that temperature exact KL is least", is_T(exact.idxmin())),
            ("there the map distance is largest; exact KL is asked for", is_T(far.idxmax())),
            (
                "that one was trained, and exact KL is not above that of equal shares or largest",
                lambda T: any(f(T) for f in trained),
            ),
            ("so cold was nothing trained", lambda T: exact.index.min() > T),
            ("so hot was nothing trained: hot is equal shares", lambda T: exact.index.max() < T),
        ],
        otherwise="nothing was trained at that temperature: read the points of the figure",
    )
