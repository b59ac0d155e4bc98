"""Stored answers of language models to "which genes does this drug act on?".

One list per drug is scored for every setting, as the model is never told of pathways or years.
A listed name is right if it equals the symbol of an answer when written in upper or in lower case;
the first ten count; answers that could not be read are left out (Yamagiwa et al. 2025).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.text import readers
from lmnotes.words.analogy import scores
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task

N_LISTED = 10


def read(
    path: str | Path,
    *,
    query: str = "query",
    answers: str = "answers",
    rename: Callable[[str], str] | None = None,
) -> pd.DataFrame:
    """The answers of a file: columns model, query, valid, answers (a tuple, the first one first).

    Args:
        path: a CSV file with columns model and, where there is one, valid (1 or 0).
        query: its column of what was asked. answers: of the list, joined by "|".
        rename: makes a concept of what was asked, such as `lambda x: f"chemical_mesh_{x.lower()}"`.

    Raises:
        InputError: a missing column, a model asked twice about the same, valid neither 1 nor 0.
    """
    needed = ("model", query, answers)  # a gene may be called NA
    then = "name the columns by query= and answers="
    table = readers.table(path, needed, then, dtype=str, keep_default_na=False)
    valid = table["valid"] if "valid" in table else pd.Series("1", table.index)
    wrong = np.flatnonzero(~valid.isin(["0", "1"]))
    asked = table[query] if rename is None else table[query].map(rename)
    twice = np.flatnonzero(pd.DataFrame({"m": table.model, "q": asked}).duplicated())
    for rows, what in ((wrong, "valid is neither 0 nor 1"), (twice, "asks a model once more")):
        if len(rows):
            raise InputError(
                f"{path}: row {rows[0] + 2} {what}, {len(rows):,} rows in all; expected one "
                "answer per model and query with valid 0 or 1; mend the file"
            )
    lists = table[answers].map(lambda text: tuple(text.split("|")) if text else ())
    columns = {"model": table.model, "query": asked, "valid": valid == "1", "answers": lists}
    return pd.DataFrame(columns)


def score(
    table: pd.DataFrame, task: Task, symbols: Mapping[str, str] | None = None
) -> dict[str, Result]:
    """For each model the ranks of the first right names, infinite where none of ten is right.

    Args:
        table: of `read`; each query of the task needs an answer.
        symbols: the name of each candidate; the candidates themselves without.

    Returns:
        results over the queries whose answer could be read; `settings["n_unread"]` has the others.
        Their "mrr" is cut at 10, as nothing is known beyond.
    """
    rights, results = _rights(task, symbols), {}
    for model, given in table.groupby("model", sort=False):
        given = given.set_index("query").reindex(task.queries["query"])
        missing = given.index[given.valid.isna()].unique()
        if len(missing):
            said = f"{model} has no answer for {len(missing):,} queries such as {missing[0]!r}"
            raise InputError(f"{said}: expected all of {len(task):,}; add them to its file")
        rows = np.flatnonzero(given.valid)
        ranks = [first_right(given.answers.iloc[row], rights[row]) for row in rows]
        settings = {"method": model, "n_unread": len(task) - len(rows)}
        results[model] = scores.result(task.subset(rows), np.array(ranks, float), settings)
    return results


def _rights(task: Task, symbols: Mapping[str, str] | None) -> list[list[str]]:
    """The names that are right for each query."""
    names = [task.candidates[candidate] for candidate in task.answers[:, 1]]
    if symbols is not None:
        missing = list(dict.fromkeys(name for name in names if name not in symbols))
        if missing:
            given = f"no symbol for {len(missing):,} answers such as {missing[0]!r}"
            then = "add them to `symbols`, or leave it out"
            raise InputError(f"{given}: expected one for each answer of the task; {then}")
        names = [symbols[name] for name in names]
    rights = [[] for _ in range(len(task))]
    for row, name in zip(task.answers[:, 0], names, strict=True):
        rights[row].append(name)
    return rights


def first_right(answers: Sequence[str], symbols: Sequence[str]) -> float:
    """The place of the first right name among the first ten, infinite without any.

    >>> first_right(["Egfr", "kit"], ["KIT", "EGFR"]), first_right(["C9orf72"], ["C9orf72"])
    (1.0, inf)
    """
    symbols = set(symbols)
    for place, name in enumerate(answers[:N_LISTED], start=1):
        if name and (name.upper() in symbols or name.lower() in symbols):
            return float(place)
    return float("inf")
