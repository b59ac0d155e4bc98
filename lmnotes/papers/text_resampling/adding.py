"""New models on an existing map, scored only on the texts that the old models chose."""

from dataclasses import dataclass

import numpy as np

from lmnotes.errors import expect_between
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import errors


@dataclass(frozen=True)
class Choice:
    """What the old models fix for all that come later: clip threshold, probabilities, one draw."""

    threshold: float  # nats; every log-likelihood below it is raised to it
    probabilities: np.ndarray  # (N,)
    drawn: resample.Draw

    def place(self, L: np.ndarray) -> np.ndarray:
        """The coordinates of models with log-likelihoods (M, d) of the chosen texts, (M, d).

        Old and new models are placed alike, with the old threshold.
        """
        clipped = np.maximum(np.asarray(L, dtype=np.float64), self.threshold)
        return resample.coordinates(clipped, self.drawn.weights)


def choose(
    L: np.ndarray,
    n: int,
    *,
    method: resample.Method = "LS",
    uniform_share: float = 0.0,
    clip_share: float = 0.02,
    seed: int = 42,
    generator: resample.Generator = "published",
) -> Choice:
    """The texts that new models should be scored on, by old models only.

    Args:
        L: (M, N) raw log-likelihoods of the old models, nats.
        n: draws; fewer distinct texts.
        clip_share: entries below this pooled quantile are raised to it before centring.

    >>> L = -np.arange(1.0, 13.0).reshape(3, 4) ** 2
    >>> chosen = choose(L, 3)
    >>> chosen.place(L[:, chosen.drawn.texts]).shape == (3, len(chosen.drawn))
    True
    """
    L = np.asarray(L, dtype=np.float64)
    threshold = float(np.quantile(L, clip_share))
    Q = maps.double_centre(np.maximum(L, threshold))
    pi = resample.importance(Q, method, uniform_share=uniform_share)
    return Choice(threshold, pi, resample.draw(pi, n, seed=seed, generator=generator))


def pair_errors(
    points: np.ndarray, target: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Gtilde / G - 1 for the pairs of a row and a column model that are not the same, (pairs,).

    Args:
        points: (M, d) coordinates. target: (M, M) squared distances from all texts, nats^2.
        rows, columns: boolean masks of models, (M,).

    >>> points = np.array([[0.0], [2.0], [4.0]])
    >>> target = np.array([[0, 4, 8], [4, 0, 4], [8, 4, 0.0]])
    >>> pair_errors(points, target, np.array([True, False, False]), np.array([False, True, True]))
    array([0., 1.])
    """
    chosen = np.outer(rows, columns) & (target > 0)
    return resample.squared_distances(points)[chosen] / target[chosen] - 1


def hidden_errors(
    L: np.ndarray,
    is_new: np.ndarray,
    d: float,
    *,
    uniform_share: float = 0.1,
    clip_share: float = 0.02,
) -> dict[str, float]:
    """The relative error of distances between new and old models, by who chose the texts.

    All draws hold d distinct texts on average. `blind` importances (LS) come from the old models,
    `mixed` ones are those with a share of uniform mass, `informed` ones come from all models.

    Args:
        L: (M, N) raw log-likelihoods, nats. is_new: (M,) boolean, the models that were hidden.

    The root mean square over pairs, by the closed form for the unbiased estimator.
    """
    is_new = np.asarray(is_new, dtype=bool)
    clipped = np.maximum(L, np.quantile(np.asarray(L)[~is_new], clip_share))
    Q, old = maps.double_centre(clipped), maps.double_centre(clipped[~is_new])
    probabilities = {
        "uniform": resample.importance(Q, "uniform"),
        "blind": resample.importance(old, "LS"),
        "mixed": resample.importance(old, "LS", uniform_share=uniform_share),
        "informed": resample.importance(Q, "LS"),
    }
    across = is_new[:, None] != is_new
    floored = np.maximum(resample.squared_distances(Q), errors.FLOOR)
    weights = np.where(across, floored**-2.0, 0.0) / across.sum()
    constants = errors.error_constants(Q, probabilities, weights)
    draws = {name: resample.draws_for(pi, d) for name, pi in probabilities.items()}
    return {name: constants[name] / np.sqrt(n) for name, n in draws.items()}


@dataclass(frozen=True)
class Cost:
    """CPU minutes of scoring all texts and of scoring the distinct ones of a draw."""

    minutes_all: float
    minutes_drawn: float

    @property
    def saved(self) -> float:
        """CPU minutes saved."""
        return self.minutes_all - self.minutes_drawn

    @property
    def share(self) -> float:
        """What is left of the cost, 0..1."""
        return self.minutes_drawn / self.minutes_all


def scoring_cost(
    n_models: int, n_texts: int, n_distinct: float, bytes_per_text: float, bytes_per_second: float
) -> Cost:
    """The cost of scoring new models on all texts and on a draw's distinct texts.

    Args:
        n_models: models to score; those whose scores exist cost nothing.
        n_texts: N. n_distinct: d, not n.
        bytes_per_second: of one model on one processor, as a run of the scorer measures it.

    >>> scoring_cost(120, 10_000, 2_192, 972.0, 10_000.0).share
    0.2192
    """
    given = {"models": n_models, "texts": n_texts, "bytes per text": bytes_per_text}
    for what, number in {**given, "bytes per second": bytes_per_second}.items():
        expect_between(what, number, 1)
    minutes = n_models * bytes_per_text / bytes_per_second / 60
    return Cost(minutes * n_texts, minutes * n_distinct)
