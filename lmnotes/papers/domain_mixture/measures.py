"""How near a model is to a target in log-likelihoods, and a mixture to another."""

import numpy as np
import pandas as pd

from lmnotes.models.maps import coordinates
from lmnotes.papers.domain_mixture import rules
from lmnotes.papers.domain_mixture.design import Gap


def kl_to(
    target: np.ndarray, models: np.ndarray, n_bytes: np.ndarray | float | None = None
) -> np.ndarray:
    """Var(l_target - l_model) / 2 of each model, (M,): the KL of the map, nats per text or, with
    bytes, bits per byte.

    Args:
        target: (N,) nats. models: (M, N), or (N,) of one.
        n_bytes: (N,) of the texts, or their mean.

    Eq. KL_var = Var / (2 mean bytes ln 2); `coordinates.kl` gives the same between all models. It
    is blind to an offset that all texts share, so look at exact KL (`readings`) or `closeness` too.

    >>> kl_to([-1.0, -3.0], [[-2.0, -2.0], [-5.0, -7.0]]).tolist()
    [0.5, 0.0]
    """
    unit = 1.0 if n_bytes is None else float(np.mean(n_bytes)) * np.log(2)
    return np.var(np.asarray(target) - np.asarray(models, np.float64), axis=-1) / (2 * unit)


def closeness(target: np.ndarray, models: np.ndarray, gap: Gap, base: np.ndarray) -> pd.DataFrame:
    """How near models are to a target, a row each: kl_var (bits per byte), domain_error (nats per
    byte), offset (nats per byte), cosine.

    Args:
        target, base: (N,) nats. models: (M, N). gap: over the same texts, for lengths and domains.

    domain_error is the mean over domains of |mean difference to the target|, and offset the mean
    difference itself, which kl_var does not see; cosine is that of the move from the base and the
    direction to the target.
    """
    models = np.atleast_2d(np.asarray(models, np.float64))
    rest = (np.asarray(target) - models) / gap.n_bytes
    by_domain = [rules.domain_means(row, gap.which, len(gap.names)) for row in rest]
    direction = np.asarray(target) - base
    return pd.DataFrame(
        {
            "kl_var": kl_to(target, models, gap.n_bytes),
            "domain_error": np.abs(by_domain).mean(axis=1),
            "offset": rest.mean(axis=1),
            "cosine": [cosine(model - base, direction) for model in models],
        }
    )


def cosine(move: np.ndarray, direction: np.ndarray) -> float:
    """The cosine of two changes of log-likelihoods, (N,) each, once centred; 0 where one is none.

    >>> round(cosine([1.0, 2.0, 3.0], [11.0, 12.0, 13.0]), 9)
    1.0
    """
    a, b = (np.asarray(change, np.float64) - np.mean(change) for change in (move, direction))
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / length) if length > 0 else 0.0


def side_view(direction: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Moves seen from the side: how far each goes towards the target, and how far it goes astray
    along the most common other direction, (K, 2); the target is at (1, 0).

    Args:
        direction: (N,) nats, target less base. moves: (N, K).

    All are centred; the second axis is the first principal component of what is orthogonal to the
    direction, in units of the direction's length.

    >>> side_view([1.0, -1.0, 0.0], np.array([[0.5], [-0.5], [0.0]])).round(9).tolist()
    [[0.5, 0.0]]
    """
    direction = np.asarray(direction, np.float64) - np.mean(direction)
    length = np.linalg.norm(direction) or 1.0
    unit = direction / length
    moves = np.asarray(moves, np.float64) - np.mean(moves, axis=0)
    along = unit @ moves / length
    rest = moves - np.outer(unit, unit @ moves)
    across = np.linalg.svd(rest, full_matrices=False)[0][:, 0] @ rest / length
    return np.stack([along, across], axis=1)


def components(log_likelihood: np.ndarray) -> np.ndarray:
    """The first two principal components of M models as points of log-likelihood space, (M, 2)
    nats: rows are centred, then columns.

    >>> abs(components([[5.0, 5.0], [9.0, 1.0]])).round(6).tolist()
    [[2.828427, 0.0], [2.828427, 0.0]]
    """
    left, sizes, _ = np.linalg.svd(coordinates.double_centre(log_likelihood), full_matrices=False)
    return left[:, :2] * sizes[:2]


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """Half the sum of |w_a - v_a|, 0..1: how much weight would have to move.

    >>> total_variation([0.5, 0.5], [1.0, 0.0])
    0.5
    """
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)
