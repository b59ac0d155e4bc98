"""Where the linear theory ends: steps on a mixture beside the sum of steps on its domains."""

import operator
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmnotes.models.scoring.loading import Scorer
from lmnotes.models.zoo.mixtures import shares as shares_of
from lmnotes.papers.domain_mixture import gradients
from lmnotes.papers.domain_mixture.measures import cosine


def moves(
    model: str | Scorer,
    texts: Sequence,
    windows: np.ndarray,
    mixtures: Sequence[Sequence[float]],
    rates: Sequence[float],
    *,
    device: str = "auto",
) -> np.ndarray:
    """How log-likelihoods change by one step on each domain alone and on some mixtures of them,
    (R, K + Q, N) nats, the mixtures last.

    Args:
        windows: (K, n, 1 + T) ids of each domain. mixtures: (Q, K). rates: R sizes of the step.
    """
    scorer = gradients.open_model(model, device)
    ids = gradients.ids_of(scorer, texts)
    updates = gradients.update_directions(scorer, windows)
    for weights in mixtures:
        shares = shares_of(weights, len(windows))
        parts = zip(*updates[: len(windows)], strict=True)
        updates.append([sum(map(operator.mul, shares.tolist(), part)) for part in parts])
    start = [weights.detach().clone() for weights in scorer.model.parameters()]
    before = _likelihoods(scorer, ids)
    changes = np.empty((len(rates), len(updates), len(ids)))
    for row, rate in enumerate(rates):
        for column, update in enumerate(updates):
            _put(scorer.model, start, update, rate)
            changes[row, column] = _likelihoods(scorer, ids) - before
    _put(scorer.model, start, start, 0.0)
    return changes


def errors(changes: np.ndarray, mixtures: Sequence[Sequence[float]]) -> pd.DataFrame:
    """How far the move by a mixture is from the weighted sum of the moves by its domains, a row for
    each step and mixture: step, mixture (their numbers), nats (the mean change of a text), cosine,
    relative_error.

    Args:
        changes: (R, K + Q, N), the moves by mixtures last. mixtures: (Q, K).

    Changes are centred: |sum_a w_a m_a - m_mixture| / |m_mixture|.

    >>> alone = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
    >>> both = np.array([*alone, alone.mean(axis=0)])
    >>> errors(both[None], [[1, 1]])["relative_error"].tolist()
    [0.0]
    """
    rows = []
    n = changes.shape[1] - len(mixtures)
    for step, change in enumerate(np.asarray(changes, np.float64)):
        sizes = np.abs(change).mean(axis=1)
        change = change - change.mean(axis=1, keepdims=True)
        for number, weights in enumerate(mixtures):
            predicted, true = shares_of(weights, n) @ change[:n], change[n + number]
            error = np.linalg.norm(predicted - true) / (np.linalg.norm(true) or 1.0)
            rows.append((step, number, sizes[n + number], cosine(predicted, true), error))
    columns = ["step", "mixture", "nats", "cosine", "relative_error"]
    return pd.DataFrame(rows, columns=columns)


def _put(model, start, update, rate) -> None:
    import torch

    with torch.no_grad():
        for weights, before, change in zip(model.parameters(), start, update, strict=True):
            weights.copy_(before + rate * change)


def _likelihoods(scorer, ids) -> np.ndarray:
    import torch

    sums = np.zeros(len(ids))
    with torch.inference_mode():
        for places, rows, real in gradients.padded(scorer, ids):
            values = gradients.log_probabilities(scorer, rows)
            values = values.gather(-1, rows[:, 1:, None])[..., 0]
            sums[places] = (values * real).double().sum(1).cpu().numpy()
    return sums
