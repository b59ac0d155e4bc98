"""The checks of the answers of notebook 07: what is right, and which mistake gives what."""

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import resample
from lmnotes.notebook import teach


def _near(wanted: object, share: float = 0.01):
    """Whether an answer is this number, or these, give or take a share of it."""
    return lambda answer: bool(
        np.all(np.abs(answer - np.asarray(wanted)) <= share * np.abs(wanted))
    )


def distinct() -> teach.Exercise:
    """The share of a million texts that a million uniform draws have seen."""
    return teach.exercise(
        "distinct",
        right=_near(1 - np.exp(-1)),
        expected="one number between 0 and 1",
        kind=float,
        mistakes=[
            ("that is the share that is missed", _near(np.exp(-1))),
            ("a draw with replacement comes back to texts that it has seen", _near(1)),
            (
                "half would be the chance of a coin: how likely is a text missed N times?",
                _near(0.5),
            ),
            ("that is in per cent", _near(100 * (1 - np.exp(-1)))),
            ("that is the number of texts: divide by N", lambda a: a > 1000),
            ("a share lies between 0 and 1", lambda a: a < 0 or a > 1),
        ],
        otherwise="a text is missed by all N draws with probability (1 - 1/N)^N",
    )


def weights() -> teach.Exercise:
    """The weights of two texts that were drawn three times and twice."""
    n, counts, pi = 5, np.array([3.0, 2.0]), np.array([0.5, 0.2])
    wanted = np.sqrt(counts / (n * pi))

    def pair(answer: object) -> np.ndarray:
        values = np.asarray(answer, dtype=np.float64)
        if values.shape != (2,):
            raise InputError("Give w of text 0 and w of text 2.")
        return values

    return teach.exercise(
        "weights",
        right=_near(wanted, 0.003),
        expected="two numbers, [w_0, w_2]",
        kind=pair,
        mistakes=[
            ("these are w squared: distances square the coordinates again", _near(wanted**2)),
            (
                "pi is left out: a rare text counts for more than its draws",
                _near((counts / n) ** 0.5),
            ),
            ("n is left out: the mean over the draws is meant", _near((counts / pi) ** 0.5)),
            (
                "the counts are left out: a text drawn twice counts twice",
                _near((1 / n / pi) ** 0.5),
            ),
            ("these are the counts themselves", _near(counts)),
            ("the two are in the other order", _near(wanted[::-1], 0.003)),
            ("pi is multiplied, not divided by", _near((counts / n * pi) ** 0.5)),
        ],
        otherwise="w squared is the count over n times the probability",
    )


def fourth_powers() -> teach.Exercise:
    """A function best(Q) that returns the allocation with the smallest total variance, (N,)."""
    toy = np.random.default_rng(1).normal(size=(4, 5)) * [1, 2, 3, 4, 5]
    toy = maps.double_centre(toy)
    apart = np.abs(toy[:, None] - toy[None])  # (M, M, N)
    wanted = resample.importance(toy, "KL")
    fourth = (apart**4).sum(axis=(0, 1))
    allocations = {
        "that is uniform: it looks at no model": np.ones(5),
        "the root is missing: the best pi is the root of the fourth powers": fourth,
        "that is LS, the best for inner products: take fourth powers of differences": (toy**2).sum(
            axis=0
        ),
        "the root was taken twice: that is a fourth root": np.sqrt(np.sqrt(fourth)),
        "differences were not squared before they were added": apart.sum(axis=(0, 1)),
    }

    def gives(values: np.ndarray):
        return teach.gives(values, toy)

    def is_unscaled(f) -> bool:
        values = np.asarray(f(toy), dtype=np.float64)
        return values.shape == (5,) and not np.isclose(values.sum(), 1)

    return teach.exercise(
        "fourth_powers",
        right=gives(wanted),
        expected="a function of Q",
        kind=callable,
        mistakes=[
            ("one probability per text is wanted, (N,)", lambda f: np.shape(f(toy)) != (5,)),
            ("probabilities add up to 1: divide by the sum over texts", is_unscaled),
            *((words, gives(resample.normalised(v))) for words, v in allocations.items()),
        ],
        otherwise="sum (Q[i, s] - Q[j, s]) ** 4 over all pairs, and take the root",
    )


def equal_error() -> teach.Exercise:
    """A function needed(N, C_u, C_l): how many LS draws are as good as N uniform ones."""
    tried = [(1000, 2.0, 1.0), (5000, 3.0, 2.0)]
    forms = {
        "the error falls with the root of n, so that the ratio enters squared": lambda c: c,
        "the ratio stands on its head: a smaller constant needs fewer draws": lambda c: c**-2,
        "the ratio is turned and not squared": lambda c: 1 / c,
        "a root was taken: solve C_l / sqrt(n) = C_u / sqrt(N) for n, not for its root": np.sqrt,
        "the constants do not enter: equal draws give equal errors only where these are equal": (
            lambda c: 1.0
        ),
    }

    def is_form(form):
        return lambda f: all(
            np.isclose(f(n, uniform, ls), n * form(ls / uniform)) for n, uniform, ls in tried
        )

    return teach.exercise(
        "equal_error",
        right=is_form(lambda c: c**2),
        expected="a function of N, C_u and C_l",
        kind=callable,
        mistakes=[(words, is_form(form)) for words, form in forms.items()],
        otherwise="set C_l / sqrt(n) = C_u / sqrt(N) and solve for n",
    )


def break_the_saving(insurance: pd.DataFrame, known_alone: pd.DataFrame) -> teach.Exercise:
    """One setting at which importances save nothing any more: uniform_mass or known.

    Args:
        insurance: of `equal_error.insurance`; known_alone: of `newcomers.know_each`.
    """
    rows = insurance[(insurance.measure == "relative") & (insurance.method == "LS")]
    ratio = dict(zip(known_alone.family, known_alone["blind over uniform"], strict=True))

    def setting(answer: object) -> tuple[str, object]:
        name, equals, value = str(answer).partition("=")
        if not isinstance(answer, str) or not equals:
            raise InputError("Write a setting and its value as text.")
        name, value = name.strip(), value.strip()
        if name != "uniform_mass":
            return name, value
        try:
            return name, float(value)
        except ValueError:
            raise InputError("uniform_mass wants a number from 0 to 1.") from None

    def breaks(answer: tuple[str, object]) -> bool:
        name, value = answer
        if name == "uniform_mass":
            needed = np.interp(value, rows.share, rows["d over N/2"])
            return 0 <= value <= 1 and needed >= 1
        return name == "known" and ratio.get(value, 0.0) >= 1

    def is_mass(test):
        return lambda a: a[0] == "uniform_mass" and test(a[1])

    return teach.exercise(
        "break_the_saving",
        right=breaks,
        expected='a setting and its value as text, such as "uniform_mass=0.3"',
        kind=setting,
        mistakes=[
            (
                "only uniform_mass and known can be tried without a new run",
                lambda a: a[0] not in ("uniform_mass", "known"),
            ),
            ("a share of the mass lies between 0 and 1", is_mass(lambda m: not 0 <= m <= 1)),
            ("that is LS as it stands in Figure 2", is_mass(lambda m: m == 0)),
            ("some of the saving is still left: look where the line is crossed", is_mass(bool)),
            ("no group of that name chose texts alone", lambda a: a[1] not in ratio),
        ],
        otherwise="that family speaks well enough for the rest: its red dot lies left of the blue",
    )
