"""The checks of the answers of notebook 06: what is right, and which mistake gives what."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lmnotes.models.maps import coordinates
from lmnotes.notebook import teach
from lmnotes.papers.model_map.population import PUBLISHED_BYTES
from lmnotes.papers.model_map.prediction_runs import Comparison

_LINEAGES = list("aaabbbccdddeeefgg")


def centre(L: np.ndarray) -> teach.Exercise:
    """A function centre(L) that centres the (M, N) log-likelihoods doubly."""
    right = coordinates.double_centre(L)
    grand, rows = L.mean(), L.mean(axis=1, keepdims=True)
    columns = L.mean(axis=0)

    def gives(values: np.ndarray) -> Callable:
        return teach.gives(values, L, atol=1e-6)

    return teach.exercise(
        "centre",
        right=gives(right),
        expected="a function of L, not its result",
        kind=callable,
        mistakes=[
            ("nothing comes back: the function returns no matrix", lambda f: f(L) is None),
            ("the shape changes: means of axis 1 are to be kept as (M, 1)", _reshapes(L)),
            ("only the rows are centred: each text still has its mean", gives(L - rows)),
            ("only the columns are centred: each model still has its mean", gives(L - columns)),
            ("only the mean of all entries is taken out", gives(L - grand)),
            ("the mean of all entries is taken out twice", gives(right - grand)),
            ("means are added, not taken out", gives(L + rows + columns)),
            ("the rows are rescaled as well", _rescales(right)),
        ],
        otherwise="sums along rows and along columns must all be zero: which are not?",
    )


def _reshapes(L: np.ndarray) -> Callable:
    return lambda f: np.shape(f(L)) != np.shape(L)


def _rescales(right: np.ndarray) -> Callable:
    """Whether an answer has the rows of the right one, each stretched by a factor of its own."""

    def test(f: Callable) -> bool:
        given = np.asarray(f(right), float)
        size = np.linalg.norm(given, axis=1) * np.linalg.norm(right, axis=1)
        along = (given * right).sum(axis=1)
        return given.shape == right.shape and np.allclose(along, size) and (size > 0).all()

    return test


def one_bit() -> teach.Exercise:
    """The standard deviation, in nats, that makes 1 bit/byte of texts of 972.3 bytes."""
    nats = PUBLISHED_BYTES * np.log(2)
    return teach.exercise(
        "one_bit",
        right=teach.near(np.sqrt(2 * nats), 0.1),
        expected="one number, a standard deviation in nats",
        kind=float,
        mistakes=[
            ("a KL is half the variance: a factor of two is missing", teach.near(nats**0.5, 0.1)),
            ("that is in bits: the natural logarithm gives nats", teach.near(44.1, 0.15)),
            ("that is in bits, and a factor of two is missing", teach.near(31.18, 0.1)),
            ("that is the variance: its root is asked for", teach.near(2 * nats, 2)),
            ("that is the KL of a text in nats, not the spread behind it", teach.near(nats, 1)),
            ("that is of one byte, not of a text", teach.near(np.sqrt(2 * np.log(2)), 0.05)),
            ("a standard deviation is not negative", lambda s: s <= 0),
        ],
        otherwise="start from the KL of a whole text in nats, and turn the formula round",
    )


def four_times() -> teach.Exercise:
    """By which factor the map distance per byte grows when texts become four times as long, where
    models differ in their liking of domains only."""
    return teach.exercise(
        "four_times",
        right=teach.near(4, 0.01),
        expected="one number, a factor",
        kind=float,
        mistakes=[
            ("that is what KL does: preferences add up, and are squared here", teach.near(1, 0.01)),
            ("that is the root of it: a variance is a square", teach.near(2, 0.01)),
            ("that is per text: divide by the bytes", teach.near(16, 0.01)),
            ("that is multiplied by the bytes, not divided", teach.near(64, 0.1)),
            ("longer texts do not bring models nearer", lambda x: x < 1),
        ],
        otherwise="how does a domain's mean difference grow with the bytes, and how its square?",
    )


def honest_folds() -> teach.Exercise:
    """A function deal(lineage, n_folds, seed) that returns the fold of every model and splits no
    lineage."""
    n_folds, sizes = 3, pd.Series(_LINEAGES)

    def dealt(f: Callable, seed: int = 0) -> np.ndarray:
        return np.asarray(f(list(_LINEAGES), n_folds, seed))

    def splits(f: Callable) -> bool:
        return (sizes.groupby(dealt(f)).unique().explode().value_counts() > 1).any()

    def is_fixed(f: Callable) -> bool:
        return len({tuple(dealt(f, seed)) for seed in range(8)}) == 1

    def right(f: Callable) -> bool:
        whole = dealt(f).shape == (len(sizes),) and set(dealt(f)) == set(range(n_folds))
        again = (dealt(f) == dealt(f)).all()
        return bool(whole and again and not splits(f) and not is_fixed(f))

    return teach.exercise(
        "honest_folds",
        right=right,
        expected="a function of lineage, n_folds and seed",
        kind=callable,
        mistakes=[
            ("one fold per model is wanted, (M,)", lambda f: dealt(f).shape != (len(sizes),)),
            ("folds are counted from 0", lambda f: set(dealt(f)) == {1, 2, 3}),
            ("that is the number of the lineage, not a fold", lambda f: dealt(f).max() >= n_folds),
            ("models are dealt out: two of one lineage are in different folds", splits),
            ("a fold stays empty", lambda f: len(set(dealt(f))) < n_folds),
            ("the same seed gives other folds", lambda f: (dealt(f) != dealt(f)).any()),
            ("the seed changes nothing: the lineages are not shuffled", is_fixed),
        ],
        otherwise="deal out the lineages, not the models",
    )


def break_the_contrast(comparison: Comparison) -> teach.Exercise:
    """A target at which the coordinates are not, or least, ahead of the mean log-likelihood."""
    ahead, alone = comparison.ahead, comparison.alone.set_index("target").r
    random = comparison.fitted.get(("coordinates Q", "random"))
    by_chance = set()
    if random is not None:
        r = random.table(comparison.columns).set_index("target").r - alone
        by_chance = set(r.index[(r <= 0) & (ahead > 0)])

    def breaks(name: str) -> bool:
        return name in ahead[:-1] and (ahead[name] <= 0 or ahead[name] == ahead[:-1].min())

    return teach.exercise(
        "break_the_contrast",
        right=breaks,
        expected="the name of a target, as text",
        kind=str,
        mistakes=[
            ("that is a kind of folds, not a target", lambda name: name in ("grouped", "random")),
            ("those are features, not a target", lambda name: name in comparison.features),
            ("that is what predicts, not a target", lambda name: name == "mean log-likelihood"),
            (
                "that is no target: their names stand at the side of the figure",
                lambda name: name not in ahead,
            ),
            ("that is the claim itself", lambda name: name == comparison.columns[-1]),
            ("there it turns with random folds, not with grouped ones", lambda n: n in by_chance),
            ("there the coordinates stay ahead", lambda name: ahead[name] > 0),
        ],
        otherwise="look for the shortest line, or one that runs to the left",
    )
