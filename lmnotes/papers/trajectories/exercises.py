"""The checks of the answers of notebook 08: what is right, and which mistake gives what."""

from collections.abc import Callable, Mapping

import numpy as np

from lmnotes.errors import InputError
from lmnotes.notebook import teach
from lmnotes.papers.trajectories import exponents, kl_ruler, paths

_TURNED = ("run", "start", "length")
_SUBDIFFUSION = 0.5  # below it the card says that log-likelihoods diffuse more slowly than a walk


def _around(wanted: float, share: float = 0.02):
    """Whether an answer is this number, give or take a share of it."""
    return lambda answer: abs(answer - wanted) <= share * abs(wanted)


def _gives(inputs: tuple, wanted: float):
    """Whether a function gives this number of the inputs."""
    return teach.gives(wanted, *inputs, rtol=1e-6)


def _several(inputs: tuple):
    return ("one number is wanted", lambda f: np.ndim(f(*inputs)) > 0)


def bits_per_byte() -> teach.Exercise:
    """A function kl(a, b, n_bytes): the KL of two models in bits per byte."""
    rng = np.random.default_rng(42)
    a, b = rng.normal([[-300], [-260]], 50, (2, 400))
    n_bytes = rng.integers(500, 1024, 400)
    variance, one_bit = np.var(a - b), n_bytes.mean() * np.log(2)
    wanted = paths.pair_kl(np.stack([a, b]), [[0, 1]], "bits/byte", n_bytes)[0]
    mistakes = {
        "a constant counts in it: take the variance, not the mean square": (
            np.mean((a - b) ** 2) / 2 / one_bit
        ),
        "it is twice too large: KL is half of something": variance / one_bit,
        "that is per byte, but still in nats": variance / 2 / n_bytes.mean(),
        "that is in bits, but of a whole text": variance / 2 / np.log(2),
        "that is in nats per text": variance / 2,
        "divide by the number of texts, not by one less": np.var(a - b, ddof=1) / 2 / one_bit,
        "that is per byte of all texts: take their mean length": variance / 2 / one_bit / 400,
        "take the difference of a and b first, then its variance": (
            abs(np.var(a) - np.var(b)) / 2 / one_bit
        ),
        "the root was taken: a KL is a squared distance": np.sqrt(wanted),
    }
    inputs = a, b, n_bytes
    return teach.exercise(
        "bits_per_byte",
        right=_gives(inputs, wanted),
        expected="a function of a, b and n_bytes",
        kind=callable,
        mistakes=[_several(inputs), *((words, _gives(inputs, x)) for words, x in mistakes.items())],
        otherwise="the spread over texts of one difference, in the unit of section 2",
    )


def in_nats() -> teach.Exercise:
    """The standard deviation of a difference behind the published median of Seed, in nats."""
    kl = kl_ruler.published()["median"]["Seed"]
    mean_bytes = 972.3188  # of the paper's texts
    wanted = np.sqrt(2 * kl * mean_bytes * np.log(2))
    return teach.exercise(
        "in_nats",
        right=_around(wanted),
        expected="one number, in nats",
        kind=float,
        mistakes=[
            ("that is a variance: a standard deviation is asked for", _around(wanted**2)),
            ("KL is half the variance: the half is forgotten", _around(wanted / np.sqrt(2))),
            ("that is in bits: turn them into nats", _around(wanted / np.sqrt(np.log(2)))),
            (
                "that is the KL of a whole text in nats, not yet a standard deviation",
                _around(wanted**2 / 2),
            ),
            ("that is for one byte: the texts have many", _around(wanted / np.sqrt(mean_bytes))),
            ("that is the KL as it is printed", _around(kl)),
        ],
        otherwise="go backwards through the formula of the unit",
    )


def slope() -> teach.Exercise:
    """A function exponent(elapsed, distance): c of the squared distance."""
    elapsed = np.arange(1.0, 11)
    distance = 3 * elapsed ** np.linspace(0.7, 0.62, 10)
    x, y = np.log(elapsed), np.log(distance)
    wanted = np.polyfit(x, 2 * y, 1)[0]
    mistakes = {
        "that is the exponent of the distance itself, not of its square": wanted / 2,
        "the square is taken twice": 2 * wanted,
        "fit a constant as well: the line need not go through the origin": 2 * (x @ y) / (x @ x),
        "time and distance have changed places": np.polyfit(2 * y, x, 1)[0],
        "that is a slope of the squares themselves: take logarithms of both": (
            np.polyfit(elapsed, distance**2, 1)[0]
        ),
        "only the distance was made a logarithm": np.polyfit(elapsed, 2 * y, 1)[0],
        "only the two ends were used: fit all points": 2 * (y[-1] - y[0]) / (x[-1] - x[0]),
        "that is the constant of the line, not its slope": np.polyfit(x, 2 * y, 1)[1],
    }
    inputs = elapsed, distance
    return teach.exercise(
        "slope",
        right=_gives(inputs, wanted),
        expected="a function of elapsed and distance",
        kind=callable,
        mistakes=[_several(inputs), *((words, _gives(inputs, x)) for words, x in mistakes.items())],
        otherwise="a straight line through logarithms, by least squares",
    )


def floor() -> teach.Exercise:
    """The exponent of a walk on a floor."""
    lags = np.arange(1.0, 11)
    kl = 0.1 + 0.01 * lags
    wanted = exponents.power_law(lags, kl).exponent
    return teach.exercise(
        "floor",
        right=teach.near(wanted, 0.005),
        expected="one number without a unit",
        kind=float,
        mistakes=[
            ("that is the exponent without the floor", teach.near(1, 0.005)),
            ("the line rises: its slope is not 0", teach.near(0, 0.002)),
            (
                "that is a straight line through the numbers: take logarithms of both",
                teach.near(0.01, 0.002),
            ),
            ("that is twice the slope: KL is a squared distance already", teach.near(2 * wanted)),
            ("that is half the slope", teach.near(wanted / 2)),
            ("only the two ends were used", teach.near(np.log(kl[-1] / kl[0]) / np.log(10))),
            ("only the KL was made a logarithm", teach.near(np.polyfit(lags, np.log(kl), 1)[0])),
            ("a floor flattens the line: it cannot be steeper than without", lambda c: c > 1),
            ("the KL grows, so the exponent is above 0", lambda c: c < 0),
        ],
        otherwise="add the floor to all ten points, then fit",
    )


def break_subdiffusion(
    windows: Mapping[str, tuple], run: str, start: int, length: int
) -> teach.Exercise:
    """One setting of the view of windows at which the log-likelihoods do not lag behind a walk.

    Args:
        windows: as `exponents.one_window` takes them, by run. run, start (%), length: of the view.
    """

    def setting(answer: object) -> tuple[str, str]:
        name, equals, value = str(answer).partition("=")
        if not isinstance(answer, str) or not equals:
            raise InputError("Write a setting and its value as text.")
        return name.strip(), value.strip()

    def c_q(answer: tuple[str, str]) -> float:
        given = {"run": run, "start": start, "length": length}
        name, value = answer
        given[name] = value if name == "run" else int(value)
        return exponent_of(windows[given["run"]], given["start"], given["length"])

    def is_known(answer: tuple[str, str]) -> bool:
        name, value = answer
        if name == "run":
            return value in windows
        tops = {"start": (0, 100), "length": (2, length)}
        low, high = tops.get(name, (1, 0))
        return value.isdigit() and low <= int(value) <= high

    def test(name: str, holds: Callable[[str], bool] = lambda value: True):
        return lambda answer: answer[0] == name and holds(answer[1])

    other = ("only run, start and length can be turned", lambda a: a[0] not in _TURNED)
    here = "that is where the view stands already"
    return teach.exercise(
        "break_subdiffusion",
        right=lambda answer: is_known(answer) and c_q(answer) > _SUBDIFFUSION,
        expected='a setting and its value as text, such as "start=90"',
        kind=setting,
        mistakes=[
            other,
            ("no such run or number is in the view", lambda a: not is_known(a)),
            (here, lambda a: a in (("run", run), ("start", str(start)), ("length", str(length)))),
            ("another run at the same place: look at its exponent", test("run")),
            ("a shorter window, yes, but the run goes on as slowly in it", test("length")),
            ("that is later still, and nothing new happens there", _later(start)),
            ("earlier, yes, but the run has slowed down by then", test("start")),
        ],
    )


def _later(start: int):
    return lambda answer: answer[0] == "start" and int(answer[1]) > start


def exponent_of(window: tuple, start: int, length: int) -> float:
    """c_q from a start, in per cent of a run's starts, to the next `length` checkpoints."""
    row = int(start / 100 * (len(window[0]) - 3))
    return exponents.one_window(*window, row, length)[-1][0].exponent
