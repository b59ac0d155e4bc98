"""Prompts with responses, of every installation or out of a file; and operations on prompts."""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text import chunks, functions, installed, readers

VERSION = 1  # part of the key of the stored pairs: raise it when they would differ
TASKS = ("code", "summary", "arithmetic", "month")
COLUMNS = ("task", "prompt", "response", "source")
_MONTHS = pd.date_range("2000-01", periods=12, freq="MS").month_name().tolist()
KINDS = ("independent", "paraphrase", "contradiction")  # what two operations are to each other
_SAID = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}


def load(
    source: str | Path = "installed",
    *,
    per_task: int | None = 200,
    n_bytes: int | None = 64,
    seed: int = 42,
) -> pd.DataFrame:
    """Pairs of prompt and response, a row each: task, prompt, response, source.

    Args:
        source: "installed", or a .jsonl or .parquet file whose rows hold `prompt` and `response`,
            or a conversation in `messages` (role, content) or `conversations` (from, value), of
            which the first question and its answer are taken. `task` is a column of it, or "".
        per_task: pairs of each task, drawn without replacement; all without.
        n_bytes: responses are cut to that many bytes, never inside a character; None cuts nothing.
    """
    rows = list(_installed(seed) if str(source) == "installed" else _file(Path(source)))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(["prompt", "response"])
    table = table[table["prompt"].astype(bool) & table["response"].astype(bool)]
    if table.empty:
        given = f"{source} gives no pair; expected rows with prompt and response, or with messages"
        raise InputError(f"{given}: look at its first line")
    if n_bytes is not None:
        table["response"] = [chunks.cut(text, n_bytes)[0] for text in table["response"]]
    if per_task is None:
        return table.reset_index(drop=True)
    drawn = []
    for number, (_, rows) in enumerate(table.groupby("task", sort=False)):
        rng = np.random.default_rng([seed, number])
        n = min(per_task, len(rows))
        drawn.append(rows.iloc[np.sort(rng.choice(len(rows), n, replace=False))])
    return pd.concat(drawn, ignore_index=True)


@dataclass(frozen=True)
class Operations:
    """Lines to put before a prompt, by name, and the two at a time that are compared.

    compositions: (first, second, one of `KINDS`).
    """

    lines: Mapping[str, str]
    compositions: tuple[tuple[str, str, str], ...]

    def apply(self, prompt: str, *names: str) -> str:
        """The prompt with these operations, the first one's line on top.

        >>> operations("instructions").apply("Why?", "French", "brief")
        'Answer in French.\\nBe brief.\\nWhy?'
        """
        return "\n".join([*(self.lines[name] for name in names), prompt])

    def conditions(self, prompts: Sequence[str]) -> dict[str, list[str]]:
        """The prompts under "given", each operation, and each composition in both orders.

        A composition is called "first > second": the first one's line is on top.
        """
        compositions = [names for a, b, _ in self.compositions for names in ((a, b), (b, a))]
        prompts_of = {
            " > ".join(names): [self.apply(prompt, *names) for prompt in prompts]
            for names in [*((name,) for name in self.lines), *compositions]
        }
        return {"given": list(prompts)} | prompts_of


def _pairings(first, second, third, again, against):
    """Three operations two at a time; the second with a paraphrase, and with its contrary."""
    unrelated = [(*names, "independent") for names in combinations((first, second, third), 2)]
    return (*unrelated, (second, again, "paraphrase"), (second, against, "contradiction"))


# What a prompt can be told first. The paper's own wordings are not known to us: these are ours.
OPERATIONS = {
    "instructions": Operations(
        {
            "French": "Answer in French.",
            "brief": "Be brief.",
            "short": "Keep your answer short.",
            "long": "Answer at length.",
            "pirate": "Answer as a pirate.",
        },
        _pairings("French", "brief", "pirate", "short", "long"),
    ),
    "comments": Operations(
        {
            "upper": "# answer in upper case",
            "short": "# short",
            "brief": "# brief",
            "long": "# long",
            "python": "# python",
        },
        _pairings("upper", "short", "python", "brief", "long"),
    ),
}


def operations(source: str | Path = "instructions") -> Operations:
    """Operations on prompts: a named set of `OPERATIONS`, or a .json file of one's own.

    A file holds {"lines": {name: line}, "compositions": [[name, name, kind of `KINDS`]]}.
    """
    if source in OPERATIONS:
        return OPERATIONS[source]
    path = Path(source)
    try:
        given = readers.parse_json("".join(readers.pieces(path)), str(path))
        lines = {str(name): str(line) for name, line in given["lines"].items()}
        compositions = tuple((str(a), str(b), str(kind)) for a, b, kind in given["compositions"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{source} was given as operations ({type(error).__name__}); expected one of "
            f'{", ".join(OPERATIONS)}, or a .json file such as {{"lines": {{"brief": "Be brief."}}'
            ', "compositions": [["brief", "loud", "independent"]]}: check the path and its keys'
        ) from error
    for first, second, kind in compositions:
        if first not in lines or second not in lines or kind not in KINDS:
            raise InputError(
                f"{path} composes {first!r} with {second!r} as {kind!r}; expected two of "
                f"{', '.join(lines)} and one of {', '.join(KINDS)}: correct it"
            )
    return Operations(lines, compositions)


def _library() -> list[tuple[str, str, str, str]]:
    """The pairs of the tasks `summary` and `code`, out of the standard library."""

    def write(folder: Path) -> None:
        rows = [row for name, text in installed.modules() for row in _in_source(name, text)]
        (folder / "pairs.json").write_text(json.dumps(rows), encoding="utf-8")

    key = {"version": VERSION, "text": installed.key(()), "pairs": functions.VERSION}
    text = (store.build("prompt-sets", key, write) / "pairs.json").read_text(encoding="utf-8")
    return [tuple(row) for row in json.loads(text)]


def _in_source(name: str, text: str) -> Iterator[tuple[str, str, str, str]]:
    try:
        about = (ast.get_docstring(ast.parse(text)) or "").split(". ")[0].split("\n\n")[0]
        documented = list(functions.in_file(text))
    except (SyntaxError, ValueError):
        return
    if about:
        summary = f"{name.removesuffix('.py')} summary:"
        yield "summary", summary, " ".join(about.split()), name
    for _, says, code in documented:
        signature, _, body = code.partition(":\n")
        if body.strip() and "\n" not in signature:
            prompt = f'{signature}:\n    """{says.strip().splitlines()[0]}"""'
            yield "code", prompt, body, name


def _installed(seed: int) -> Iterator[tuple[str, str, str, str]]:
    yield from _library()
    rng = np.random.default_rng(seed)
    for a, b in rng.integers(1, 100, size=(400, 2)).tolist():
        yield "arithmetic", f"What is {a} + {b}?", str(a + b), "generated"
    for start, name in enumerate(_MONTHS):
        for n in range(1, 25):
            later = _MONTHS[(start + n) % 12]
            yield "month", f"Which month is {n} months after {name}?", later, "generated"


def _file(path: Path) -> Iterator[tuple[str, str, str, str]]:
    if readers.kind(path) not in (".jsonl", ".parquet") or not path.is_file():
        raise InputError(
            f"{path} was given as a prompt set; expected installed, or a .jsonl or .parquet file "
            "that is there: check the path"
        )
    for number, row in readers.records(path):
        prompt, response = row.get("prompt"), row.get("response")
        turns = row.get("messages") or row.get("conversations")
        if turns and not isinstance(response, str):
            try:
                prompt, response = _first_exchange(turns)
            except (AttributeError, TypeError) as error:
                raise InputError(
                    f"{path}, line {number}: found the turns {str(turns)[:60]!r}; expected a list "
                    'of such as {"role": "user", "content": "..."}: mend or remove it'
                ) from error
        if isinstance(prompt, str) and isinstance(response, str):
            pair = (said.encode("utf-8", "replace").decode() for said in (prompt, response))
            yield str(row.get("task", "")), *pair, path.name  # JSON may hold half a character


def _first_exchange(turns: list[dict]) -> tuple[str, str]:
    """The first question and the answer right after it, "" where there is none."""
    said = [
        (_SAID.get(turn.get("role", turn.get("from"))), turn.get("content", turn.get("value")))
        for turn in turns
    ]
    exchanges = [(a[1], b[1]) for a, b in pairwise(said) if (a[0], b[0]) == ("user", "assistant")]
    return exchanges[0] if exchanges else ("", "")
