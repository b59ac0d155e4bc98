"""Analogies a : b :: c : ? by 3CosAdd, with all axes or with the few that matter to each candidate.

The questions are Google's (Mikolov et al. 2013), which lie in gensim's own test data. Ranks and
intervals of the same questions are given by `prediction.solve`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.stats

from lmnotes.errors import InputError, expect_file
from lmnotes.statistics import Fixed, pairs_error
from lmnotes.text import readers
from lmnotes.words.similarity import normalise, top_sums

BLOCK = 2_000_000  # products that are sorted together


def read_questions(
    words: Sequence[str], path: str | Path | None = None, limit: int | None = None
) -> pd.DataFrame:
    """The analogy questions that can be asked of `words`: category, a, b, c, d, and their rows.

    Args:
        words: of the vocabulary, the most frequent first.
        path: a file in the form of Google's (`: category`, then four words a line); None for it.
        limit: all four words must be among the first so many, as `restrict_vocab` elsewhere.

    Returns:
        one row per question; `attrs` holds `n_questions`, how many there were.
    """
    if path is None:
        from gensim.test.utils import datapath

        path = datapath("questions-words.txt")
    path = expect_file("analogy questions", path, "a file of them, or none for Google's")
    ids = {word: row for row, word in enumerate(words[:limit])}
    category, n_questions, rows = "", 0, []
    for line in readers.lines(path):
        if line.startswith(":"):
            category = line[1:].strip()
        elif len(four := line.lower().split()) == 4:
            n_questions += 1
            if all(word in ids for word in four):
                rows.append([category, *four, *(ids[word] for word in four)])
    if not n_questions:
        raise InputError(f"{path} holds no question; expected four words a line; check the file")
    columns = ["category", "a", "b", "c", "d", "row_a", "row_b", "row_c", "row_d"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["n_questions"] = n_questions
    return table


def answer(
    values: npt.ArrayLike,
    questions: pd.DataFrame,
    n_axes: Sequence[int],
    *,
    limit: int | None = None,
) -> np.ndarray:
    """Whether each question's first answer is right, for each number of axes: (Q, P) bool.

    Args:
        values: (V, K) components as they are; the query b - a + c is made of them, then scaled to
            length 1, and so are the candidates. The three words of the question cannot answer.
        limit: candidates are the first so many words.
    """
    values = np.asarray(values, dtype=np.float32)
    unit = normalise(values[:limit]).astype(np.float32)
    a, b, c, d = (questions[f"row_{name}"].to_numpy() for name in "abcd")
    queries = normalise(values[b] - values[a] + values[c]).astype(np.float32)
    right = np.empty((len(questions), len(n_axes)), dtype=bool)
    for row, query in enumerate(queries):
        blocks = np.array_split(unit, -(-unit.size // BLOCK))
        sums = np.concatenate([top_sums(block * query, n_axes) for block in blocks])
        sums[[a[row], b[row], c[row]]] = -np.inf
        right[row] = sums.argmax(axis=0) == d[row]
    return right


def score(
    bases: Mapping[str, np.ndarray],
    questions: pd.DataFrame,
    n_axes: Sequence[int],
    *,
    limit: int | None = None,
    n_questions: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The share of right answers for each basis and number of axes, with its 95 % interval.

    Args:
        bases: name -> components (V, K), unscaled, all of the same words.
        n_questions: so many drawn at random from all; None for all.

    Returns:
        basis, n_axes, accuracy, low, high, n_questions; `attrs` has what `similarity.advantage`
        needs. The interval holds Wilson's, which takes the questions apart, and that of questions
        that share a pair, such as a capital with its country.
    """
    if questions.empty:
        raise InputError("no analogy question has its words among these: raise the limit")
    if n_questions is not None and n_questions < len(questions):
        questions = questions.sample(n_questions, random_state=seed)
    halves = questions[["row_a", "row_b", "row_c", "row_d"]].to_numpy().reshape(-1, 2)
    ends = np.unique(halves, axis=0, return_inverse=True)[1].reshape(-1, 2)  # (Q, 2) pairs
    n, lines, influences = len(questions), [], []
    for name, values in bases.items():
        right = answer(values, questions, n_axes, limit=limit)
        for p, is_right in zip(n_axes, right.T, strict=True):
            low, high = scipy.stats.binomtest(int(is_right.sum()), n).proportion_ci(method="wilson")
            share, reach = is_right.mean(), 1.96 * pairs_error(is_right - is_right.mean(), ends)
            lines.append((name, p, share, min(low, share - reach), max(high, share + reach), n))
            influences.append((is_right - share).tolist())
    columns = ["basis", "n_axes", "accuracy", "low", "high", "n_questions"]
    table = pd.DataFrame(lines, columns=columns)
    table[["low", "high"]] = table[["low", "high"]].clip(0, 1)
    table.attrs |= {"influence": Fixed(influences), "ends": Fixed(ends.tolist())}
    return table
