"""How near a model is to a target in log-likelihoods, and a mixture to another."""

import numpy as np


def kl_to(
    target: np.ndarray, models: np.ndarray, n_bytes: np.ndarray | float | None = None
) -> np.ndarray:
    """Var(l_target - l_model) / 2 of each model, (M,): the map distance, nats per text or, with
    bytes, over bytes and ln 2.

    Args:
        target: (N,) nats. models: (M, N), or (N,) of one.
        n_bytes: (N,) of the texts, or their mean.

    Var / (2 mean bytes ln 2); `coordinates.kl` gives the same between all models. It
    is blind to an offset that all texts share, so look at exact KL too (`readings.nearness`).

    >>> kl_to([-1.0, -3.0], [[-2.0, -2.0], [-5.0, -7.0]]).tolist()
    [0.5, 0.0]
    """
    unit = 1.0 if n_bytes is None else float(np.mean(n_bytes)) * np.log(2)
    return np.var(np.asarray(target) - np.asarray(models, np.float64), axis=-1) / (2 * unit)


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


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """Half the sum of |w_a - v_a|, 0..1: how much weight would have to move.

    >>> total_variation([0.5, 0.5], [1.0, 0.0])
    0.5
    """
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)
