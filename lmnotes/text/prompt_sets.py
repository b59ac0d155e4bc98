"""Prompts with responses: four small tasks out of what every installation carries, or a file."""

import ast
import json
import sysconfig
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.text import chunks, installed, pairs
from lmnotes.text.readers import InputError

if TYPE_CHECKING:
    import pandas

TASKS = ("code", "summary", "arithmetic", "month")
COLUMNS = ("task", "prompt", "response", "source")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SAID = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}


def load(
    source: str | Path = "installed",
    *,
    per_task: int | None = 200,
    n_bytes: int | None = 64,
    seed: int = 42,
) -> "pandas.DataFrame":
    """Pairs of prompt and response, a row each: task, prompt, response, source.

    Args:
        source: "installed", or a .jsonl or .parquet file whose rows hold `prompt` and `response`,
            or a conversation in `messages` (role, content) or `conversations` (from, value), of
            which the first question and its answer are taken. `task` is a column of it, or "".
        per_task: pairs of each task, drawn without replacement; all without.
        n_bytes: responses are cut to that many bytes, never inside a character: distances between
            models depend on their length. None cuts nothing.

    "installed" has four tasks: the beginning of a function's body after its signature and
    docstring, what a module is about, sums, and months.
    """
    import pandas

    rows = list(_installed(seed) if str(source) == "installed" else _file(Path(source)))
    table = pandas.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(["prompt", "response"])
    table = table[table["prompt"].astype(bool) & table["response"].astype(bool)]
    if table.empty:
        raise InputError(
            f"{source} gives no pair; expected rows with prompt and response, or with messages: "
            "look at its first line"
        )
    if n_bytes is not None:
        table["response"] = [chunks.cut(text, n_bytes)[0] for text in table["response"]]
    if per_task is None:
        return table.reset_index(drop=True)
    kept = []
    for number, (_, part) in enumerate(table.groupby("task", sort=False)):
        rng = np.random.default_rng([seed, number])
        n = min(per_task, len(part))
        kept.append(part.iloc[np.sort(rng.choice(len(part), n, replace=False))])
    return pandas.concat(kept, ignore_index=True)


@cache
def _library() -> list[tuple[str, str, str, str]]:
    """The pairs of the tasks `summary` and `code`, out of the standard library."""
    found = []
    folder = Path(sysconfig.get_path("stdlib"))
    for path in sorted(folder.glob("*.py")):
        text = installed.read(path)
        try:
            about = (ast.get_docstring(ast.parse(text)) or "").split(". ")[0].split("\n\n")[0]
            functions = list(pairs.in_file(text))
        except (SyntaxError, ValueError):
            continue
        if about:
            about = " ".join(about.split())
            found.append(("summary", f"{path.stem} summary:", about, path.name))
        for _, says, code in functions:
            signature, _, body = code.partition(":\n")
            if body.strip() and "\n" not in signature:
                first = says.strip().splitlines()[0]
                prompt = f'{signature}:\n    """{first}"""'
                found.append(("code", prompt, body, path.name))
    return found


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
    if path.suffix not in (".jsonl", ".parquet") or not path.is_file():
        raise InputError(
            f"{path} was given as a prompt set; expected installed, or a .jsonl or .parquet file "
            "that is there: check the path"
        )
    if path.suffix == ".parquet":
        import pyarrow.parquet

        rows = pyarrow.parquet.read_table(path).to_pylist()
    else:
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
    for row in rows:
        prompt, response = row.get("prompt"), row.get("response")
        turns = row.get("messages") or row.get("conversations")
        if turns and not isinstance(response, str):
            prompt, response = _first_exchange(turns)
        if isinstance(prompt, str) and isinstance(response, str):
            yield str(row.get("task", "")), prompt, response, path.name


def _first_exchange(turns: list[dict]) -> tuple[str, str]:
    """The first question and the answer right after it, "" where there is none."""
    said = [
        (_SAID.get(one.get("role", one.get("from"))), one.get("content", one.get("value")))
        for one in turns
    ]
    for (who, question), (other, answer) in pairwise(said):
        if (who, other) == ("user", "assistant"):
            return question, answer
    return "", ""
