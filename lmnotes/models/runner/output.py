"""A file of log-likelihoods for other tools: a row for each model and text, or a sealed matrix."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models.ledger import released, row
from lmnotes.models.ledger.ledger import Ledger
from lmnotes.models.runner import listing
from lmnotes.models.scoring.identity import identify

COLUMNS = ("model", "text", "text_id", "domain", "log_likelihood_nats", "n_tokens", "n_bytes")
_SUFFIXES = (".csv", ".tsv", ".parquet", ".safetensors")


def expect_writable(path: str | Path) -> Path:
    """The path of a file that `write` can write; InputError where its name or folder is wrong."""
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        given = f"--output {path} was given"
        raise InputError(f"{given}; expected a name ending in {', '.join(_SUFFIXES)}: rename it")
    if not path.parent.is_dir() or path.is_dir():
        given = f"--output {path} was given, and {path.parent} is no folder"
        given = f"--output {path} was given, which is a folder" if path.is_dir() else given
        raise InputError(f"{given}; expected a file in a folder that is there: make it first")
    return path


def write(path: Path, table: pd.DataFrame, rows: Ledger) -> int:
    """How many models of a table of `listing.listed` have a row, which are written in one step.

    A .csv, .tsv or .parquet file has a row for each model and text, with `COLUMNS`: text is the
    number of the text in its set, from 0, log_likelihood_nats the sum over its scored tokens. A
    .safetensors file is the matrix that `models.ledger.read_sealed` and `lmnotes map` read.
    """
    done = table[[rows.has(place) for place in table["folder"]]]
    if path.suffix.lower() == ".safetensors":
        released.seal(listing.collected(done, rows).matrix, path)
        return len(done)
    with store.replacing(path) as partial:
        if path.suffix.lower() == ".parquet":
            _write_parquet(partial, _frames(done, rows))
        else:
            sep = "," if path.suffix.lower() == ".csv" else "\t"
            with open(partial, "w", newline="", encoding="utf-8") as file:
                for number, frame in enumerate(_frames(done, rows)):
                    frame.to_csv(file, sep=sep, header=not number, index=False)
    return len(done)


def _frames(table: pd.DataFrame, rows: Ledger) -> Iterator[pd.DataFrame]:
    """The rows of one model after another."""
    about = rows.texts.table
    texts = about[["text_id", "domain"]].assign(text=np.arange(len(about)))
    for name, place in zip(table["model"], table["folder"], strict=True):
        path = rows.find(identify(place))
        assert path, "only models with rows are asked for"
        try:
            arrays, _ = row.read(path)
        except row.Damaged as fault:
            row.set_aside(path, fault)
            given = f"the row of {name} is damaged ({fault})"
            raise InputError(f"{given}; expected whole ones: the same command again") from None
        values = {"log_likelihood_nats": arrays["log_likelihood"], "n_tokens": arrays["n_tokens"]}
        frame = texts.assign(model=name, n_bytes=about["n_bytes"], **values)
        yield frame[list(COLUMNS)]


def _write_parquet(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    first = pa.Table.from_pandas(next(frames), preserve_index=False)
    with parquet.ParquetWriter(path, first.schema.remove_metadata()) as writer:
        writer.write_table(first.replace_schema_metadata(None))
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, first.schema, preserve_index=False))
