"""What popularity alone achieves: answers drawn at random, each as likely as it has relations.

The random baseline of Yamagiwa et al. (2025): only concepts that occur in relations are candidates,
in a random order without replacement with probability proportional to their numbers of relations.
"""

import numpy as np
import pandas as pd

from lmnotes.errors import expect_between, expect_one_of
from lmnotes.words.analogy import relations, scores, tasks
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task

METHODS = ("gumbel", "legacy")
BLOCK = 2_000_000  # numbers drawn together


def shares(task: Task) -> pd.Series:
    """The probability of each candidate to be drawn first, in the order of first occurrence.

    >>> shares(_example()).to_dict()
    {'x': 0.6666666666666666, 'y': 0.3333333333333333}
    """
    counts = task.pool.groupby("answer", sort=False).size()
    return counts / counts.sum()


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
    ranks, place = np.empty((len(offsets) - 1, n_repeats), np.int64), np.empty(len(p), np.int64)
    for row, repeat in np.ndindex(ranks.shape):
        place[rng.choice(len(p), len(p), replace=False, p=p)] = np.arange(len(p))
        ranks[row, repeat] = 1 + place[column[offsets[row] : offsets[row + 1]]].min()
    return ranks


def _example() -> Task:
    """Two drugs, a with x and y, b with x."""
    pairs = pd.DataFrame({"drug": ["a", "a", "b"], "gene": ["x", "y", "x"]})
    return tasks.build(relations.from_pairs(pairs))
