"""What popularity alone achieves: answers drawn at random, each as likely as it has relations.

The random baseline of Yamagiwa et al. (2025): only concepts that occur in relations are candidates,
in a random order without replacement with probability proportional to their numbers of relations.
"""

import numpy as np
import pandas as pd
from numba import njit

from lmnotes.errors import expect_between, expect_one_of
from lmnotes.words.analogy import relations, scores, tasks
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task

METHODS = ("gumbel", "legacy")
BLOCK = 2_000_000  # numbers drawn together
COMPILED = dict(nogil=True, cache=True)  # no fastmath: the sums are to be NumPy's own


def shares(task: Task) -> pd.Series:
    """The probability of each candidate to be drawn first, in the order of first occurrence.

    >>> shares(_example()).to_dict()
    {'x': 0.6666666666666666, 'y': 0.3333333333333333}
    """
    counts = task.pool.groupby("answer", sort=False).size()
    return counts / counts.sum()


def expected_top1(task: Task) -> float:
    """The expected Top-1 in closed form: the mean over queries of their answers' probabilities.

    >>> round(expected_top1(_example()), 3)  # a: x or y, b: x
    0.833
    """
    row, column, p = _answers(task)
    return float(np.bincount(row, p[column], minlength=len(task)).mean()) if len(task) else np.nan


def simulate(
    task: Task,
    *,
    n_repeats: int = 10,
    method: str = "gumbel",
    seed: int = 0,
    rng: np.random.RandomState | None = None,
) -> Result:
    """The ranks of the best answers in random orders, (Q, n_repeats).

    Args:
        method: "gumbel" sorts log p + Gumbel noise, which gives the same law; "legacy" repeats
            NumPy's `RandomState.choice` draw by draw, for the numbers of the paper.
        seed: of the generator.
        rng: for "legacy" only: a generator whose stream goes on, as from one setting to the next.

    Known answers are not removed, as in the paper.
    """
    expect_one_of("method", method, METHODS if rng is None else ("legacy",))
    expect_between("n_repeats", n_repeats, low=1, then="raise it")
    row, column, p = _answers(task)
    offsets = np.searchsorted(row, np.arange(len(task) + 1))
    if method == "legacy":
        rng = np.random.RandomState(seed) if rng is None else rng
        ranks = _legacy(p, offsets, column, n_repeats, rng)
    else:
        ranks = _gumbel(p, offsets, column, n_repeats, np.random.default_rng(seed))
    return scores.result(task, ranks, {"method": "random", "draws": method, "seed": seed})


def _answers(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row of the query and place in the pool of each answer (A,), and the pool's probabilities."""
    p = shares(task)
    place = {name: row for row, name in enumerate(p.index)}
    column = [place[task.candidates[answer]] for answer in task.answers[:, 1]]
    return task.answers[:, 0], np.array(column, np.int64), p.to_numpy()


def _gumbel(p, offsets, column, n_repeats, rng) -> np.ndarray:
    n_queries = len(offsets) - 1
    ranks = np.empty((n_queries, n_repeats), np.int64)
    step = max(1, BLOCK // max(1, len(p) * n_repeats))
    for start in range(0, n_queries, step):
        stop = min(start + step, n_queries)
        keys = np.log(p) + rng.gumbel(size=(stop - start, n_repeats, len(p)))
        for row in range(start, stop):
            of_row = keys[row - start]
            best = of_row[:, column[offsets[row] : offsets[row + 1]]].max(axis=1)
            ranks[row] = 1 + (of_row > best[:, None]).sum(axis=1)
    return ranks


def _legacy(p, offsets, column, n_repeats, rng) -> np.ndarray:
    """Ranks by `RandomState.choice(len(p), len(p), replace=False, p=p)`, query by query.

    What a stretch of the stream leaves over is given back to the generator.
    """
    ranks = np.zeros((len(offsets) - 1, n_repeats), np.int64)
    done, size = 0, BLOCK
    while done < ranks.size:
        state = rng.get_state()
        more, used = _fill(p, offsets, column, ranks, done, rng.random_sample(size))
        rng.set_state(state)
        rng.random_sample(used)
        size, done = (size * 2 if more == done else size), more  # one order may need more
    return ranks


@njit(**COMPILED)
def _fill(p, offsets, column, ranks, done, stream):
    """Fill `ranks` (Q, R) from number `done` on; how many are done, and how much was taken."""
    n, position = len(p), 0
    place, weights, cumulated = np.empty(n, np.int64), np.empty(n), np.empty(n)
    while done < ranks.size:
        after = _order(p, stream, position, place, weights, cumulated)
        if after < 0:
            return done, position
        row = done // ranks.shape[1]
        best = n
        for answer in range(offsets[row], offsets[row + 1]):
            best = min(best, place[column[answer]])
        ranks[row, done % ranks.shape[1]] = best + 1
        position, done = after, done + 1
    return done, position


@njit(**COMPILED)
def _order(p, stream, position, place, weights, cumulated):
    """Put in `place` (n,) where each of n comes; the stream's next position, -1 if it is too short.

    Each round takes as many numbers as are not placed yet; those that hit one again are lost.
    """
    n, placed = len(p), 0
    weights[:], place[:] = p, -1
    while placed < n:
        n_new = n - placed
        if position + n_new > len(stream):
            return -1
        total = 0.0
        for i in range(n):
            total += weights[i]
            cumulated[i] = total
        for i in range(n):
            cumulated[i] /= total
        for x in stream[position : position + n_new]:
            i = np.searchsorted(cumulated, x, side="right")
            if place[i] < 0:
                place[i], weights[i], placed = placed, 0.0, placed + 1
        position += n_new
    return position


def _example() -> Task:
    """Two drugs, a with x and y, b with x."""
    pairs = pd.DataFrame({"drug": ["a", "a", "b"], "gene": ["x", "y", "x"]})
    return tasks.build(relations.from_pairs(pairs))
