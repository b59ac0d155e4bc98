"""A whole matrix as one file for release: numbers, both tables, rule and checksum."""

import json
from pathlib import Path

from lmnotes.errors import InputError
from lmnotes.models import row_file
from lmnotes.models.loglik import LogLik


def write(matrix: LogLik, path: Path) -> Path:
    """The path of the file; an existing one is left alone, with InputError if it differs."""
    arrays = {"log_likelihood": matrix.values}
    header = {
        "text_set": matrix.text_set,
        "rule": matrix.rule,
        "threshold": matrix.threshold,
        "models": json.loads(matrix.models.to_json(orient="split", index=False)),
        "texts": json.loads(matrix.texts.to_json(orient="split", index=False)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    if not row_file.write(path, arrays, header) and not _is_same(path, arrays, header):
        raise InputError(
            f"{path} was given to seal a matrix in; it holds another one, and a release is never "
            "changed: give a new name, or remove the file first"
        )
    return path


def _is_same(path: Path, arrays: dict, header: dict) -> bool:
    """Whether a file holds these numbers under these labels."""
    try:
        there = row_file.header(path)
    except row_file.Damaged:
        return False
    mine = header | {"checksum": row_file.checksum(arrays)}
    return all(there.get(name) == value for name, value in mine.items())


def read(path: Path) -> LogLik:
    """The matrix of a sealed file; raises InputError where it is damaged or another thing."""
    import pandas

    try:
        arrays, head = row_file.read(path)
        tables = [pandas.DataFrame(**head[name]) for name in ("models", "texts")]
        return LogLik(
            arrays["log_likelihood"], *tables, head["rule"], head["text_set"], head["threshold"]
        )
    except (row_file.Damaged, KeyError) as fault:
        raise InputError(
            f"{path} was given as a sealed matrix; {fault}; expected a file that Ledger.seal "
            "wrote: fetch it again"
        ) from fault
