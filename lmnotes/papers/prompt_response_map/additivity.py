"""Do the shifts of two operations on prompts add up to the shift of both? With what makes it fair.

A shift is Delta(t) = l(y | t(x)) - l(y | x) over N pairs less its mean. By Bayes

    Delta(t1 t2) - Delta(t1) - Delta(t2) = log p(t1, t2 | x, y) / (p(t1 | x, y) p(t2 | x, y)) - c(x)

so shifts add exactly where the operations are independent given the prompt and the response. Where
one operation dominates, sum, part and composition are all alike: look at the controls.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_one_of
from lmnotes.models.maps import coordinates as maps

WORDS = {  # of what `measure` gives, for tables
    "r2": "R2 of the sum",
    "relative_error": "relative error",
    "r2_fitted": "R2, fitted",
    "best_single": "R2 of the best single move",
    "wrong": "R2 with a wrong part",
    "random": "R2 of a random vector",
    "other": "R2 of another model's sum",
}


def measure(
    parts: np.ndarray,
    together: np.ndarray,
    *,
    wrong: np.ndarray | None = None,
    other: np.ndarray | None = None,
    seed: int = 0,
) -> pd.Series:
    """How the shifts of the parts add up to the shift of all of them together.

    Args:
        parts: (P, N) nats, the shift of each operation. together: (N,) of their composition.
        wrong: (W, N) of operations that are not in the composition.
        other: (P, N) of the same operations in another model.

    With s the sum of the shifts and y that of all together: cosine of s and y; r2, 1 - |y - s|^2 /
    |y|^2, nothing fitted; relative_error, |y - s| / |y|; slope, <s, y> / <s, s>, below 1 where they
    saturate; r2_fitted and coefficient 1, 2 ... of y on the parts by least squares. Controls, r2
    of: best_single, the best part alone; wrong, the sum with one part replaced by an unrelated one,
    mean over all such; random, a random vector as long as s; other, the same sum of another model.
    nan where a control was not given.

    >>> parts = np.array([[1.0, -1, 0, 0], [0, 0, 2, -2]])
    >>> fit = measure(parts, parts.sum(axis=0) / 2)
    >>> fit[["cosine", "r2", "slope", "best_single"]].round(9).tolist()
    [1.0, 0.0, 0.5, 0.0]
    """
    parts, together = _centred(parts), _centred(together)[0]
    if parts.shape[1] != len(together) or not together.any():
        raise InputError(
            f"parts of shape {parts.shape} and a composition of shape {together.shape} were given; "
            "expected (P, N) and (N,), the composition not constant: score the same pairs with it"
        )
    total = parts.sum(axis=0)
    weights = np.linalg.lstsq(parts.T, together, rcond=None)[0]
    rng = np.random.default_rng(seed)
    random = _centred(rng.standard_normal((20, len(together))))
    random *= np.linalg.norm(total) / np.linalg.norm(random, axis=1, keepdims=True)
    replaced = [] if wrong is None else _centred(wrong)
    exchanged = [total - part + spare for part in parts for spare in replaced]
    others = [] if other is None else [_centred(other).sum(axis=0)]
    values = {
        "cosine": total @ together / (np.linalg.norm(total) * np.linalg.norm(together)),
        "r2": _r2(total, together),
        "relative_error": np.linalg.norm(together - total) / np.linalg.norm(together),
        "slope": total @ together / (total @ total) if total.any() else np.nan,
        "r2_fitted": _r2(weights @ parts, together),
        "best_single": max(_r2(part, together) for part in parts),
        "wrong": _mean_r2(exchanged, together),
        "random": _mean_r2(random, together),
        "other": _mean_r2(others, together),
    }
    return pd.Series(values | {f"coefficient {n}": x for n, x in enumerate(weights, 1)})


def table(
    shifts: Mapping[str, np.ndarray],
    compositions: Mapping[str, tuple[Sequence[str], str]],
    singles: Sequence[str],
    other: Sequence[int],
) -> pd.DataFrame:
    """`measure` of several compositions in several models: label, row (the model), its values.

    Args:
        shifts: name -> (M, N) nats. compositions: label -> names of the parts, and of the whole.
        singles: operations; those that are not parts of a composition are wrong in it.
        other: (M,) the model whose sum is tried in place of a model's own.
    """
    rows = []
    for label, (parts, whole) in compositions.items():
        spare = [name for name in singles if name not in parts]
        for k, rival in enumerate(other):
            fit = measure(
                np.stack([shifts[name][k] for name in parts]),
                shifts[whole][k],
                wrong=np.stack([shifts[name][k] for name in spare]) if spare else None,
                other=np.stack([shifts[name][rival] for name in parts]),
                seed=k,
            )
            rows.append({"label": label, "row": k} | fit.to_dict())
    return pd.DataFrame(rows)


def order_effect(first: np.ndarray, second: np.ndarray) -> float:
    """|Delta(t1 t2) - Delta(t2 t1)| / |Delta(t1 t2)|, of (N,) each: 0 where the order is nothing.

    >>> order_effect(np.array([1.0, -1]), np.array([3.0, 1]))
    0.0
    """
    first, second = _centred([first, second])
    return float(np.linalg.norm(first - second) / np.linalg.norm(first))


def interaction(parts: np.ndarray, together: np.ndarray) -> np.ndarray:
    """What the composition, (N,), does beyond the sum of its parts, (P, N): (N,) nats, centred."""
    return _centred(np.asarray(together) - np.asarray(parts).sum(axis=0))[0]


def joint_shifts(joint: np.ndarray) -> pd.DataFrame:
    """The shifts of two operations in a world known exactly, nats, not centred: a row per response.

    joint: (Y, 2, 2) positive, p(y, t1, t2 | x) with 1 where an operation is on; p(y) is the
    marginal, as a prompt without an operation says nothing of it.

    Columns: first, second, both, log p(y | t) - log p(y) for t1, t2 and both; interaction, the
    right side of the identity without its constant, log p(t1, t2 | y) / (p(t1 | y) p(t2 | y)).

    >>> law = np.array([[[0.1, 0.1], [0.1, 0.1]], [[0.2, 0.1], [0.1, 0.2]]])
    >>> shifts = joint_shifts(law)
    >>> rest = shifts.both - shifts["first"] - shifts.second - shifts.interaction
    >>> bool(np.isclose(*rest))
    True
    """
    joint = np.asarray(joint, np.float64)
    if joint.ndim != 3 or joint.shape[1:] != (2, 2) or not (joint > 0).all():
        given = f"a law of shape {joint.shape} was given"
        then = "give p(y, t1, t2) with 0 and 1 for an operation that is off and on"
        raise InputError(f"{given}; expected (Y, 2, 2), all positive: {then}")
    joint = joint / joint.sum()
    p_y = joint.sum(axis=(1, 2))
    laws = {"first": joint[:, 1].sum(axis=1), "second": joint[:, :, 1].sum(axis=1)}
    laws["both"] = joint[:, 1, 1]
    shifts = {name: np.log(law / law.sum()) - np.log(p_y) for name, law in laws.items()}
    rest = np.log(laws["both"] * p_y / (laws["first"] * laws["second"]))
    return pd.DataFrame(shifts | {"interaction": rest})


def example_law(kind: str, n: int = 40, seed: int = 0) -> np.ndarray:
    """A joint law of n responses and two operations, (n, 2, 2): "independent" given the response,
    "paraphrase" (nearly always on together), or "contradiction" (nearly never)."""
    expect_one_of("kind", kind, ("independent", "paraphrase", "contradiction"))
    rng = np.random.default_rng(seed)
    p_y, (first, second) = rng.dirichlet(np.ones(n)), rng.uniform(0.1, 0.9, (2, n))
    if kind == "independent":
        both = first * second
    elif kind == "paraphrase":
        second, both = first, 0.98 * first
    else:
        second = 0.95 * (1 - first)
        both = 0.02 * np.minimum(first, second)
    law = np.stack([[1 - first - second + both, second - both], [first - both, both]])
    return (p_y * law).transpose(2, 0, 1)


def _centred(values) -> np.ndarray:
    """(P, N) of (P, N) or (N,), less the mean of each row."""
    return maps.row_centre(np.atleast_2d(np.asarray(values, np.float64)))


def _r2(guess, truth) -> float:
    return float(1 - np.sum((truth - guess) ** 2) / np.sum(truth**2))


def _mean_r2(guesses, truth) -> float:
    values = [_r2(guess, truth) for guess in guesses]
    return float(np.mean(values)) if values else float("nan")
