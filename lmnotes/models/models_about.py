"""What is known of models beside their scores: any table, joined by name onto those of a matrix.

joined = models_about.join(matrix.models, models_about.read("models.csv"))
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, Shown, nearest
from lmnotes.text import readers

_TIMES = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}
_SHOWN = 5  # names in a sentence


@dataclass(frozen=True, eq=False, repr=False)
class Joined(Shown):
    """A table of M models with what another one says of them.

    models: (M rows), its columns after those of the other, whose empty cells it fills; unknown:
    names of models that the other table does not have; unused: names there that no model has.
    """

    models: pd.DataFrame
    unknown: list[str]
    unused: list[str]

    def __str__(self) -> str:
        """What did not match, a line for either side, each name with the nearest of the other."""
        sides = [(self.unknown, self.unused, "not in the table")]
        sides += [(self.unused, self.unknown, "in the table and not among the models")]
        lines = []
        for names, others, where in sides:
            near = [nearest(name, others) for name in names[:_SHOWN]]
            near = [f" ({words})" if words.startswith("did") else "" for words in near]
            shown = ", ".join(map("".join, zip(names, near, strict=False)))
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            lines += [f"{len(names)} {where}: {shown}{more}"] if names else []
        return "\n".join(lines)


def read(path: str | Path) -> pd.DataFrame:
    """The table of a .csv, .tsv or .parquet file about models, indexed by its lines or rows.

    Columns: `model`; n_parameters for a `size` such as 7000000 or 7M; created_at for a `date`; and
    all others with one word, number or date in a cell. Rows without a name are left out.
    Raises InputError for a file that is no table, or has no column `model`.
    """
    path = Path(path)
    table = readers.table(path, ("model",), dtype={"model": str, "revision": str})
    table.index = range(2, len(table) + 2)  # as an editor numbers the lines
    table = table.dropna(subset="model")
    for name in list(table):
        kinds = set(map(type, table[name].dropna()))
        if kinds & {list, dict}:
            table = table.drop(columns=name)
        elif any(issubclass(kind, date) for kind in kinds):
            table[name] = pd.to_datetime(table[name]).dt.strftime("%Y-%m-%d")
    if "size" in table:
        table["n_parameters"] = [_number(path, size) for size in table.pop("size")]
    return table.rename(columns={"date": "created_at"})


def join(models: pd.DataFrame, about: pd.DataFrame) -> Joined:
    """The models with the columns of a table about them, which come first and win.

    Args:
        models: (M rows) with `model`, and perhaps `label` and `written`. about: with `model`, and
            perhaps `revision`; in any order, of any models, with empty cells.

    A row is of the model that is called so, in this case of letters: the full name, else as a list
    has it or its label, else the part after the last slash, where one side has no more. Raises
    InputError where a name comes twice, and where one could be of two models or rows.
    """
    if "model" not in about:
        given = f"a table about the models with columns {list(about.columns)} was given"
        raise InputError(f"{given}; expected a column `model`: rename the one with their names")
    names = about["model"].astype(str).str.strip().str.rstrip("/")
    if "revision" in about:
        revision = about["revision"].astype("string").fillna("").astype(str)
        is_said = revision.ne("") & ~revision.str.startswith("content-") & ~names.str.contains("@")
        names = names.where(~is_said, names + "@" + revision)
    names = names.str.removesuffix("@main").tolist()
    row_of = _rows(models, names, about.index)
    mine = about.drop(columns="model").reset_index(drop=True).reindex(row_of)
    mine.index = models.index
    rest = models.drop(columns="model")
    for name in mine.columns.intersection(rest.columns):
        known = rest.pop(name)
        if mine[name].isna().any():
            mine[name] = mine[name].astype(object).where(mine[name].notna(), known).infer_objects()
    unknown, used = models["model"].astype(str)[row_of < 0].tolist(), set(row_of)
    unused = [name for row, name in enumerate(names) if row not in used]
    return Joined(pd.concat([models[["model"]], mine, rest], axis=1), unknown, unused)


def _rows(models: pd.DataFrame, names: list[str], lines: pd.Index) -> np.ndarray:
    """The place among the names of each model, (M,), -1 where it has none; lines: for errors."""

    def last(names: Iterable[str]) -> list[str]:
        return [name.rpartition("/")[2] for name in names]

    spellings = [
        models[c].astype(str).tolist() for c in ("model", "written", "label") if c in models
    ]
    ways = [*((spelling, names) for spelling in spellings), (last(spellings[0]), names)]
    row_of = np.full(len(models), -1)
    for mine, theirs in [*ways, (spellings[0], last(names))]:
        known: dict[str, list[int]] = {}
        for row in sorted(set(range(len(names))) - set(row_of)):
            known.setdefault(theirs[row], []).append(row)
        for place in np.flatnonzero(row_of < 0):
            for row in known.get(mine[place], []):
                other = row_of[place]
                if other >= 0 and names[other] == names[row]:
                    given = f"{names[row]!r} stands in rows {lines[other]} and {lines[row]}"
                    raise InputError(
                        f"{given} of the table about the models; expected once: "
                        "remove all but one, or name their revisions"
                    )
                twice = spellings[0][place] if other >= 0 else names[row]
                if other >= 0 or row in row_of:
                    given = f"by the table about the models {twice!r} could be any of several"
                    raise InputError(f"{given}; expected each once: write its full name")
                row_of[place] = row
    return row_of


def _number(path: Path, size: object) -> float:
    """Parameters of a cell such as 160M; NaN for an empty one."""
    text = "" if pd.isna(size) else str(size).strip().upper()
    if not text:
        return float("nan")
    if not (match := re.fullmatch(r"([\d.]+(?:E\+?\d+)?)([KMB]?)", text)):
        given = f"{path} has the size {size!r}"
        raise InputError(f"{given}; expected a number of parameters: write it as 7000000 or 7M")
    return float(match[1]) * _TIMES[match[2]]
