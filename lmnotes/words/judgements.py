"""How well the cosines of word vectors agree with people's judgements of similar words.

WordSim-353 (Finkelstein et al. 2002) asks how related two words are, SimLex-999 (Hill et al. 2015)
how similar. Both lie in gensim's own test data, so nothing is downloaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats

from lmnotes.errors import InputError, Shown, expect_file
from lmnotes.text import readers
from lmnotes.words.embedding import Embedding

SIDES = ["first", "second"]
INSTALLED = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


@dataclass(frozen=True, eq=False, repr=False)
class Similarity(Shown):
    """The agreement of an embedding with one benchmark.

    Args:
        name: the benchmark.
        spearman: rank correlation of cosine and human score over the covered pairs; nan where
            fewer than 3 pairs are covered.
        n_covered: pairs of which the embedding has both words.
        n_pairs: pairs of the benchmark.
        pairs: one row per pair: first, second, human, cosine (nan where not covered, or a vector
            is 0).
    """

    name: str
    spearman: float
    n_covered: int
    n_pairs: int
    pairs: pd.DataFrame


def similarity(embedding: Embedding, benchmark: str | Path) -> Similarity:
    """The Spearman correlation of cosines with a similarity benchmark, over the pairs it covers.

    Args:
        benchmark: `wordsim353`, `simlex999`, or the path of a table (tab or comma) whose first two
            columns are words and whose first column of numbers is the human score. A word that
            the embedding lacks is looked up in lower case.

    >>> toy = Embedding(["tiger", "cat", "car"], np.array([[2, 1], [1, 1], [0, 1]], np.float32))
    >>> result = similarity(toy, "wordsim353")
    >>> (result.n_covered, result.n_pairs)
    (2, 353)
    """
    pairs = read_pairs(benchmark)
    rows = pair_rows(pairs, embedding.ids)
    left, right = (embedding.input[rows[:, side]].astype(np.float64) for side in (0, 1))
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    inner, known = np.einsum("nd,nd->n", left, right), (rows[:, 0] >= 0) & (lengths > 0)
    pairs["cosine"] = np.divide(inner, lengths, out=np.full(len(inner), np.nan), where=known)
    covered = pairs.dropna(subset="cosine")
    spearman = np.nan
    if len(covered) > 2:
        spearman = scipy.stats.spearmanr(covered["human"], covered["cosine"]).statistic
    name = str(benchmark) if str(benchmark) in INSTALLED else Path(benchmark).stem
    return Similarity(name, float(spearman), len(covered), len(pairs), pairs)


def read_pairs(benchmark: str | Path) -> pd.DataFrame:
    """The pairs of a benchmark, one row each: first, second, human."""
    if str(benchmark) in INSTALLED:
        from gensim.test.utils import datapath

        benchmark = datapath(INSTALLED[str(benchmark)])
    path = expect_file("benchmark", benchmark, f"{', '.join(INSTALLED)} or the path of a table")
    rows = []
    lines = list(readers.lines(path))
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("\t" if "\t" in line else ",")]
        numbers = np.asarray(pd.to_numeric(fields[2:], errors="coerce"), float)
        scores = numbers[np.isfinite(numbers)]
        if len(scores):
            rows.append((fields[0], fields[1], float(scores[0])))
        elif rows:  # before the first pair it is the names of the columns
            where = f"{path}, line {number}: found {line[:60]!r}"
            raise InputError(f"{where}; expected two words and a number, between tabs or commas")
    if not rows:
        raise InputError(f"{path}: no pair in {len(lines)} lines; expected two words and a number")
    return pd.DataFrame(rows, columns=[*SIDES, "human"])


def pair_rows(pairs: pd.DataFrame, ids: Mapping[str, int]) -> np.ndarray:
    """The rows (N, 2) of both words of each pair, as they are or in lower case, else -1 twice."""
    columns = [pairs[side].map(lambda w: ids.get(w, ids.get(w.lower(), -1))) for side in SIDES]
    rows = np.column_stack(columns)
    rows[(rows < 0).any(axis=1)] = -1
    return rows
