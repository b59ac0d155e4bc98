"""Which texts are scored together: similar lengths, within a budget of tokens."""

import numpy as np


def plan(lengths: np.ndarray, tokens_per_batch: int) -> list[np.ndarray]:
    """Batches of texts, longest first, each as indices into `lengths`.

    Args:
        lengths: (N,) tokens that the model reads per text; texts of length 0 are left out.
        tokens_per_batch: texts in a batch times its longest text stay below it; a text that is
            longer by itself makes a batch of one.

    Longest first means that what does not fit in memory shows at once.

    >>> [list(map(int, batch)) for batch in plan(np.array([3, 9, 3, 0, 4]), 8)]
    [[1], [4, 0], [2]]
    """
    if tokens_per_batch < 1:
        raise ValueError(f"tokens_per_batch is {tokens_per_batch}; expected at least 1: raise it")
    lengths = np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    batches, start = [], 0
    while start < len(order):
        size = max(1, tokens_per_batch // int(lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches
