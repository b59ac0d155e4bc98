"""The checks of the answers of notebook 01: what is right, and which mistake gives what."""

from collections.abc import Mapping

import numpy as np

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.notebook import teach
from lmnotes.papers.norm_information_gain.gains import Gains

_LINE = 0.5  # the R^2 above which Figure 1 shows a line, by the card


def _around(wanted: float, share: float = 0.02):
    """Whether an answer is this number, give or take a share of it."""
    return lambda answer: abs(answer - wanted) <= share * abs(wanted)


def kl_by_hand() -> teach.Exercise:
    """KL(a) of the text `a b a a` with a window of one word, in nats."""
    return teach.exercise(
        "kl_by_hand",
        right=_around(0.1438),
        expected="one number, in nats",
        kind=float,
        mistakes=[
            ("that is in bits: take the natural logarithm", _around(0.2075)),
            ("that is the other direction, from p(.|a) to p", _around(0.1308)),
            ("the sign is turned: a divergence is never negative", _around(-0.1438)),
            ("that is the entropy of the neighbours of a", _around(0.6931)),
            ("each term wants its weight p(w'|a); or that is KL(b)", _around(0.2877)),
            ("that is to the base 10: take the natural logarithm", _around(0.0625)),
        ],
        otherwise="pool the neighbours of all three a's, and take p from all four words",
    )


def shuffled_the(gains: Gains) -> teach.Exercise:
    """The gain of *the*, or else of the most frequent word, once all words have changed places."""
    the = gains.corpus.ids.get("the", 0)
    level, n_contexts = gains.null[the], gains.measures.n_contexts[the]
    rare = gains.null[gains.drawn].max()
    filled = (gains.corpus.n_words - 1) / (2 * n_contexts)
    return teach.exercise(
        "shuffled_the",
        right=lambda answer: level / 2 < answer < 2 * level,
        expected="one number, in nats",
        kind=float,
        mistakes=[
            ("exactly 0 would need neighbours in the very proportions of the text", _around(0)),
            ("a divergence is never below 0", lambda a: a < 0),
            ("that is its gain as it stands, before the shuffle", _around(gains.kl[the], 0.1)),
            ("that is its gain with the noise taken away", _around(gains.delta_kl[the], 0.1)),
            ("that formula wants every cell filled, and most are empty", _around(filled, 0.1)),
            ("that is near the level of the rarest words drawn", lambda a: a > 0.5 * rare),
        ],
        otherwise="that is off by more than a factor of two: how many neighbours does it have?",
    )


def noise_share(gains: Gains) -> teach.Exercise:
    """The share of noise in the mean gain of the words that carry the lines."""
    gain, noise = (values[gains.ringed].mean() for values in (gains.kl, gains.null))
    whole = gains.corpus.unigram @ gains.null / gains.measures.mutual_information
    return teach.exercise(
        "noise_share",
        right=_around(noise / gain),
        expected="one number between 0 and 1",
        kind=float,
        mistakes=[
            ("that is the share of what is left", _around(1 - noise / gain)),
            ("that is the noise in nats: a share has no unit", _around(noise)),
            ("that is the share in all of the text: read the last bar", _around(whole, 0.005)),
            ("the fraction stands on its head", _around(gain / noise)),
            ("that is in per cent", _around(100 * noise / gain)),
            ("that is what is left, in nats", _around(gain - noise)),
        ],
        otherwise="divide the grey part of the last bar by all of it",
    )


def quadratic_form() -> teach.Exercise:
    """A function form(u, v, p) that returns the whitened squared norm of every word (V,)."""
    rng = np.random.default_rng(1)
    u, v, p = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.dirichlet(np.ones(6))

    def form(u: np.ndarray, g: np.ndarray) -> np.ndarray:
        return np.einsum("vd,de,ve->v", u, g, u)

    def covariance(x: np.ndarray, p: np.ndarray) -> np.ndarray:
        return (x - p @ x).T @ (p[:, None] * (x - p @ x))

    moved, g, flat = u - p @ u, covariance(v, p), np.full(6, 1 / 6)
    wanted = form(moved, g)
    mistakes = {
        "u is not centred: moving all input vectors alike must change nothing": form(u, g),
        "v is not centred: G is a covariance": form(moved, v.T @ (p[:, None] * v)),
        "the means are plain: frequent words count more": form(u - flat @ u, covariance(v, flat)),
        "a root was taken: the squared length is asked for": np.sqrt(wanted),
        "there is a factor of one half too many": wanted / 2,
        "G is inverted": form(moved, np.linalg.inv(g)),
        "G is left out": form(moved, np.eye(3)),
        "G is made of the input vectors": form(moved, covariance(u, p)),
        "G enters twice": form(moved, g @ g),
    }

    def gives(values: np.ndarray):
        return teach.gives(values, u, v, p)

    shape = ("one number per word is wanted, (V,)", lambda f: np.shape(f(u, v, p)) != (6,))
    return teach.exercise(
        "quadratic_form",
        right=gives(wanted),
        expected="a function of u, v and p",
        kind=callable,
        mistakes=[shape, *((words, gives(values)) for words, values in mistakes.items())],
        otherwise="centre u, build the covariance of v, and put the first around the second",
    )


def break_the_line(gains: Gains, squared: Mapping[int, np.ndarray]) -> teach.Exercise:
    """One setting, epochs or fit_count, at which the line of Figure 1 is gone.

    squared: epochs -> squared norms (V,) of a training that long.
    """
    longest, own = max(squared), int(gains.counts[~gains.ringed].max())
    least = int(gains.counts[gains.ringed].min())

    def setting(answer: object) -> tuple[str, int]:
        name, equals, value = str(answer).replace(" ", "").partition("=")
        if not isinstance(answer, str) or not equals or not value.isdigit():
            raise InputError("Write a setting and its value as text.")
        return name, int(value)

    def breaks(answer: tuple[str, int]) -> bool:
        name, value = answer
        if name not in ("epochs", "fit_count") or is_no_run(answer):
            return False
        x = squared[value if name == "epochs" else longest]
        rows = gains.ringed if name == "epochs" else gains.counts > value
        return statistics.r_squared(gains.kl[rows], x[rows]) < _LINE

    def is_no_run(answer: tuple[str, int]) -> bool:
        return answer[0] == "epochs" and answer[1] not in squared

    other = "only epochs and fit_count can be tried without a new run"
    same = "that is the setting of Figure 1 itself"
    more = "that asks more of the words, not less, and the line stays"
    return teach.exercise(
        "break_the_line",
        right=breaks,
        expected='a setting and its value as text, such as "epochs=7"',
        kind=setting,
        mistakes=[
            (other, lambda a: a[0] not in ("epochs", "fit_count")),
            ("without training there is no vector to measure", lambda a: a == ("epochs", 0)),
            ("no training of that length is here: see the steps of the view", is_no_run),
            (same, lambda a: a == ("epochs", longest)),
            (same, lambda a: a[0] == "fit_count" and own <= a[1] < least),
            (more, lambda a: a[0] == "fit_count" and a[1] >= own),
            ("a shorter training, yes, but the line is still there", lambda a: a[0] == "epochs"),
            ("rarer words, yes, but the line is still there", lambda a: a[0] == "fit_count"),
        ],
    )
