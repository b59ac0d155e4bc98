"""Tables of a ledger: what is known of each model, and the sentence for those that have no row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError

_COLUMNS = ("id", "revision", "commit", "mean_log_likelihood", "n_tokens", "n_truncated", "written")


def labelled(heads: Sequence[Mapping]) -> pd.DataFrame:
    """One row per header of a row file, under names that differ from each other."""
    times = Counter(head["name"] for head in heads)
    found = []
    for head in heads:
        name = head["name"]
        if times[name] > 1:  # two checkpoints called `step100`: the folder above tells them apart
            name = "/".join(Path(head["model"]).parts[-2:])
        about = {key: value for key, value in head["about"].items() if _is_plain(value)}
        row = {"model": name} | {key: head[key] for key in _COLUMNS}
        found.append(row | {"notes": "; ".join(head["notes"])} | about | {"path": head["model"]})
    columns = None if found else ["model", *_COLUMNS, "notes", "path"]
    return pd.DataFrame(found, columns=columns)


def joined(table: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    """The table of models with the columns of `about`, which come first and win."""
    if "model" not in about or about["model"].duplicated().any():
        raise InputError(
            f"a table about the models with columns {list(about.columns)} was given; expected a "
            "column `model` that names each once: remove repeats, or rename the column"
        )
    mine = about.set_index("model").reindex(table["model"])
    unknown = [name for name in table["model"] if name not in set(about["model"])]
    if unknown:
        raise InputError(
            f"the table about the models does not name {_some(unknown)}; expected a row for each "
            "model of the matrix: add them, or give models= to leave the others out"
        )
    rest = table.drop(columns=[name for name in about.columns if name in table])
    return pd.concat([mine.reset_index(), rest.reset_index(drop=True)], axis=1)


def say_missing(failures: Mapping[str, Mapping | None], n_wanted: int, where: str) -> str:
    """The sentence for models without a row; those that failed with the kind of failure."""
    named = [f"{name} ({one['kind']})" if one else name for name, one in failures.items()]
    return (
        f"{len(named)} of {n_wanted} models have no row in {where}: {_some(named)}; expected a row "
        "for each: score them with runner.score, or give models= without them"
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
