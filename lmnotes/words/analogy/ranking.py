"""Ranks of right answers among all candidates by cosine, in blocks, on processor or GPU.
It is core because any retrieval by cosine is ranked so.

A rank is 1 + the number of candidates with a strictly higher cosine, over the whole list; ties are
optimistic. Blocks are float32; candidates within rounding of the best answer are counted again in
float64, so the ranks are those of a plain float64 loop.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lmnotes.errors import InputError, Shown, expect_between, expect_finite, expect_shape

BLOCK = 512  # queries at a time
FLOOR = 1e-8  # of a candidate's length
WIDTH = 32  # candidates whose largest cosine stands for all of them in the search for the first k


@dataclass(frozen=True, repr=False)
class Ranking(Shown):
    """Ranks of the best answers, and the candidates in front.

    Args:
        rank: (Q,) from 1, of the best answer among all that may answer.
        top: (Q, k) rows of the first candidates; -1 where fewer than k may answer.
        cosine: (Q, k) float32, of these.
    """

    rank: np.ndarray
    top: np.ndarray
    cosine: np.ndarray


def rank(
    queries: npt.ArrayLike,
    candidates: npt.ArrayLike,
    answers: npt.ArrayLike,
    known: npt.ArrayLike = (),
    *,
    k: int = 10,
    device: str = "cpu",
) -> Ranking:
    """The rank of each query's best answer by cosine, and the first k candidates.

    Args:
        queries: (Q, D). candidates: (C, D), their lengths floored at 1e-8.
        answers: (A, 2) row of a query and row of a candidate that is right; one or more a query.
        known: (B, 2) the same for candidates that may not answer: removed from the list.
        device: "cpu", or a torch device such as "cuda".

    >>> candidates = np.array([[1.0, 0], [1, 1], [0, 1]])
    >>> result = rank(np.array([[1.0, 0.1]]), candidates, np.array([[0, 2]]), k=2)
    >>> result.rank.tolist(), result.top.tolist()
    ([3], [[0, 1]])
    >>> rank(np.array([[1.0, 0.1]]), candidates, np.array([[0, 2]]), np.array([[0, 0]])).rank
    array([2])
    """
    queries, candidates = np.asarray(queries), np.asarray(candidates)
    answers, known = _sorted(answers), _sorted(known)
    _check(queries, candidates, answers, known, k)
    n, k = len(queries), min(k, len(candidates))
    unit = [_unit(array).astype(np.float32) for array in (queries, candidates)]
    band = np.float32(16 * np.finfo(np.float32).eps * max(4, np.sqrt(queries.shape[1])))
    ranks, top = np.empty(n, np.int64), np.empty((n, k), np.int64)
    cosine, search = np.empty((n, k), np.float32), _on(device, unit[1], k)
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        right, left_out = (_within(pairs, rows) for pairs in (answers, known))
        above, near, top[rows], cosine[rows] = search(unit[0][rows], right, left_out, band)
        ranks[rows] = 1 + above + _settle(queries[rows], candidates, near, right)
    top[np.isneginf(cosine)] = -1
    return Ranking(ranks, top, cosine)


def _settle(queries, candidates, near, answers) -> np.ndarray:
    """How many of the near candidates lie strictly above the best answer, in float64 (b,)."""
    count = np.zeros(len(queries), np.int64)
    rows = np.flatnonzero(np.bincount(near[:, 0], minlength=len(queries)) > 1)
    near = near[np.isin(near[:, 0], rows)]
    if not len(near):
        return count
    value = np.empty(len(near))
    for start in range(0, len(near), 20_000):
        pairs = near[start : start + 20_000]
        left, right = _unit(queries[pairs[:, 0]]), _unit(candidates[pairs[:, 1]])
        value[start : start + 20_000] = np.einsum("nd,nd->n", left, right)
    is_answer = _same(near, answers, len(candidates))
    best = np.full(len(queries), -np.inf)
    np.maximum.at(best, near[is_answer, 0], value[is_answer])
    np.add.at(count, near[:, 0], value > best[near[:, 0]])
    return count


def _on(device: str, candidates: np.ndarray, k: int) -> Callable:
    if device == "cpu":
        return lambda queries, *rest: _search(queries @ candidates.T, k, *rest)
    import torch

    moved, tensor = torch.as_tensor(candidates, device=device), torch.as_tensor
    return lambda rows, *rest: _search_torch(tensor(rows, device=device) @ moved.T, k, *rest)


def _search(scores, k, answers, known, band):
    """Candidates above the best answer (b,), those near it (n, 2), and the first k (b, k) twice."""
    scores[known[:, 0], known[:, 1]] = -np.inf
    best = np.full(len(scores), -np.inf, np.float32)
    np.maximum.at(best, answers[:, 0], scores[answers[:, 0], answers[:, 1]])
    above = np.count_nonzero(scores > (best + band)[:, None], axis=1)
    from_near = scores >= (best - band)[:, None]
    tied = np.flatnonzero(np.count_nonzero(from_near, axis=1) - above > 1)
    row, column = np.nonzero(from_near[tied] & (scores[tied] <= (best[tied] + band)[:, None]))
    return above, np.column_stack([tied[row], column]), *_first(scores, k)


def _first(scores, k) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the k largest of each row of scores (b, C), the largest first, and their values."""
    b, n = scores.shape
    n_groups = n // WIDTH
    if n_groups < 2 * k:
        floor = np.partition(scores, n - k, axis=1)[:, n - k]
    else:  # k groups hold a score as large as the k-th largest group, so the k-th score is no less
        largest = scores[:, : WIDTH * n_groups].reshape(b, WIDTH, n_groups).max(axis=1)
        floor = np.partition(largest, n_groups - k, axis=1)[:, n_groups - k]
    row, column = np.divmod(np.flatnonzero(scores >= floor[:, None]), n)
    value = scores[row, column]
    order = np.lexsort((column, -value, row))
    first = np.searchsorted(row, np.arange(b))[:, None] + np.arange(k)
    chosen = order[first]
    return column[chosen], value[chosen]


def _search_torch(scores, k, answers, known, band):
    import torch

    answers, known = (torch.as_tensor(pairs, device=scores.device) for pairs in (answers, known))
    scores[known[:, 0], known[:, 1]] = -torch.inf
    best = torch.full((len(scores),), -torch.inf, device=scores.device)
    right = scores[answers[:, 0], answers[:, 1]]
    best = best.scatter_reduce(0, answers[:, 0], right, "amax")[:, None]
    band = float(band)
    above = scores > best + band
    near = torch.nonzero((scores >= best - band) & ~above)
    value, column = torch.topk(scores, k, dim=1)
    return tuple(tensor.cpu().numpy() for tensor in (above.sum(dim=1), near, column, value))


def _unit(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array, np.float64)
    length = np.sqrt(np.einsum("nd,nd->n", array, array))
    return array / np.maximum(length, FLOOR)[:, None]


def _sorted(pairs: npt.ArrayLike) -> np.ndarray:
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def _within(pairs: np.ndarray, rows: slice) -> np.ndarray:
    start, stop = np.searchsorted(pairs[:, 0], [rows.start, rows.stop])
    return pairs[start:stop] - [rows.start, 0]


def _check(queries, candidates, answers, known, k) -> None:
    expect_between("k", k, low=1)
    expect_shape("candidates", candidates, "(C, D)")
    expect_shape("queries", queries, f"(Q, {candidates.shape[1]})", "take both from one embedding")
    expect_finite("candidates", candidates)
    expect_finite("queries", queries)
    shape = (len(queries), len(candidates))
    for name, pairs in (("answers", answers), ("known", known)):
        if len(pairs) and ((pairs < 0) | (pairs >= shape)).any():
            sizes = f"{shape[0]:,} queries, {shape[1]:,} candidates"
            raise InputError(f"{name}: {sizes}: number them from 0")
    free = answers[~_same(answers, known, shape[1])]
    without = np.flatnonzero(np.bincount(free[:, 0], minlength=shape[0]) == 0)
    if len(without):
        raise InputError(f"{len(without):,} queries have no answer, first {without[0]}: drop them")
    lengths = np.einsum("qd,qd->q", queries, queries, dtype=np.float64)
    bad = np.flatnonzero(~((lengths > 0) & np.isfinite(lengths)))
    if len(bad):
        raise InputError(f"query {bad[0]} has squared length {lengths[bad[0]]:g}; expected above 0")


def _same(first: np.ndarray, second: np.ndarray, width: int) -> np.ndarray:
    return np.isin(first @ [width, 1], second @ [width, 1])
