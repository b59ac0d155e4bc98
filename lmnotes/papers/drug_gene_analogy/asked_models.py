"""Answers of language models to "which genes does this drug act on?", stored ones or fresh ones.

One list per drug is scored for every setting, as the model is never told of pathways or years.
A listed name is right if it equals the symbol of an answer when written in upper or in lower case;
the first ten count; answers that could not be read are left out (Yamagiwa et al. 2025).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.models.scoring import loading
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.text import readers
from lmnotes.words.analogy import scores
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task

COLUMNS = ["model", "query", "valid", "answers"]
KEY = "target_genes"
N_LISTED = 10
SYSTEM = (
    "You are a biologist who knows which human genes drugs act on. Answer only with JSON that has "
    f'one key, "{KEY}", whose value is a list of gene symbols, the most likely one first.'
)
QUESTION = "Name the {n} most likely target genes of the drug {name}."


def read(
    path: str | Path,
    *,
    query: str = "query",
    answers: str = "answers",
    rename: Callable[[str], str] | None = None,
) -> pd.DataFrame:
    """Stored answers: columns model, query, valid, answers (a tuple, the first one first).

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


def save(table: pd.DataFrame, path: str | Path) -> Path:
    """Write answers so that `read` gives them back."""
    table = table.assign(answers=table.answers.map("|".join), valid=table.valid.astype(int))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    table[COLUMNS].to_csv(path, index=False)
    return Path(path)


def score(
    table: pd.DataFrame, task: Task, symbols: Mapping[str, str] | None = None
) -> dict[str, Result]:
    """For each model the ranks of the first right names, infinite where none of ten is right.

    Args:
        table: of `read` or `ask`; each query of the task needs an answer.
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
            then = "ask it, or take a part of the task"
            raise InputError(f"{said}: expected all {given.index.nunique():,}; {then}")
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


def parse(text: str) -> tuple[str, ...] | None:
    """The names in a model's JSON, None where there is no such list.

    >>> parse('Sure: {"target_genes": ["EGFR", "KIT"]} as asked'), parse("EGFR")
    (('EGFR', 'KIT'), None)
    """
    for brace in re.finditer(r"\{", text):
        try:
            value, _ = json.JSONDecoder().raw_decode(text[brace.start() :])
        except ValueError:
            continue
        if isinstance(value.get(KEY), list):
            names = (name if isinstance(name, str) else "" for name in value[KEY])
            return tuple(name.replace("|", " ") for name in names)  # `|` divides what is saved
    return None


def ask(
    model: str | Path,
    names: Mapping[str, str],
    *,
    n: int = N_LISTED,
    system: str = SYSTEM,
    question: str = QUESTION,
    max_new_tokens: int = 200,
    device: str = "cpu",
    dtype: str = "float32",
) -> pd.DataFrame:
    """Fresh answers of a causal language model of `transformers`, without sampling.

    Args:
        model: a folder, or a hub id (which needs the network once).
        names: what is asked -> how it is called in the question.
        system, question: the messages; {n} and {name} are filled in. A tokenizer without a chat
            template gets them as plain text.

    Returns:
        the columns of `read`, and `text`, what the model wrote.
    """
    import torch

    tokenizer, loaded = _load(model, dtype, device)
    rows, settings = [], {"do_sample": False, "max_new_tokens": max_new_tokens}
    settings["pad_token_id"] = tokenizer.eos_token_id or 0
    for query, name in names.items():
        tokens = _tokens(tokenizer, system, question.format(n=n, name=name)).to(device)
        with torch.inference_mode():
            mask = torch.ones_like(tokens)
            written = loaded.generate(tokens, attention_mask=mask, **settings)
        text = tokenizer.decode(written[0, tokens.shape[1] :], skip_special_tokens=True)
        genes = parse(text)
        rows.append((str(model), query, genes is not None, genes or (), text))
    return pd.DataFrame(rows, columns=[*COLUMNS, "text"])


def _load(model: str | Path, dtype: str, device: str):
    """The tokenizer and the model, in evaluation mode."""
    from lmnotes.words.pretrained import quiet

    try:
        with quiet():
            scorer = loading.load(model, dtype=dtype, device=device)
    except (OSError, ValueError, ScoringFailure) as error:
        raise InputError(
            f"no causal language model at {str(model)!r} ({str(error).splitlines()[0]}): expected "
            "a folder of transformers or a hub id; check the name and the network, or read stored "
            "answers"
        ) from error
    return scorer.tokenizer, scorer.model


def _tokens(tokenizer, system: str, question: str):
    """The two messages as tokens (1, T)."""
    if tokenizer.chat_template is None:
        return tokenizer(f"{system}\n\n{question}\n", return_tensors="pt")["input_ids"]
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
