"""The matrix that the authors of the model map released, a pickle, read without running it.

A pickle may name any function of any package, and loading it calls that function. Here only the
names that tables and arrays are made of are let through, and everything else stops the reading.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.compat import pickle_compat

from lmnotes.errors import InputError
from lmnotes.models.ledger import row
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.text import downloads
from lmnotes.text.chunks import TextSet

RULE = "bos=tokenizer truncate=model dtype=float16"  # Oyama et al., ACL 2025
# Where pandas and numpy keep what their pickles name has moved with their versions, so the end of
# the name decides within these packages. None of these runs code that the file brings with it.
_NAMES = {
    "numpy": {"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"},
    "pandas": {
        *("DataFrame", "Series", "BlockManager", "SingleBlockManager", "_unpickle_block"),
        *("new_block", "make_block", "_new_Index", "Index", "RangeIndex", "Int64Index"),
        *("Float64Index", "DatetimeIndex", "_new_DatetimeIndex", "MultiIndex"),
        *("StringDtype", "StringArray", "ArrowStringArray", "ArrowStringArrayNumpySemantics"),
        *("_arrow_string_types", "ObjectStringArray", "Timestamp", "_unpickle_timestamp"),
        *("DatetimeArray", "DatetimeTZDtype", "CategoricalDtype", "Categorical"),
        *("NDArrayBacked", "__pyx_unpickle_NDArrayBacked", "NaTType", "_nat_unpickle"),
        *("BooleanArray", "BooleanDtype", "IntegerArray", "Int64Dtype", "FloatingArray"),
        *("Float64Dtype", "NAType", "Flags", "timezone"),
    },
    "pyarrow": {
        *("chunked_array", "_restore_array", "type_for_alias", "py_buffer", "string"),
        *("large_string", "StringArray", "LargeStringArray", "DataType", "ChunkedArray"),
    },
    "builtins": {"slice", "list", "dict", "tuple", "set", "frozenset", "complex", "bytearray"},
    "collections": {"OrderedDict", "deque"},
    "copyreg": {"_reconstructor"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "_codecs": {"encode"},  # bytes, in pickles of protocol 2
}
_EXACT = {("builtins", "object"), ("numpy._core.numeric", "_frombuffer")}
_SEQUENCES, _NUMBERS = (list, tuple, np.ndarray), (int, float, np.number)
_HINTS = ("logp", "log_likelihood", "loglik", "logl")  # in names of the column of vectors


def read_released(
    path: str | Path, sha256: str | None = None, texts: TextSet | None = None
) -> LikelihoodMatrix:
    """The authors' released matrix of 1,018 models x 10,000 texts, (M, N) nats, from its pickle,
    with all else that it says of each model.

    Args:
        path: a table, a list of records or a mapping of columns: per model a name and one vector
            of log-likelihoods, and numbers such as size and scores; or a download by its name.
        sha256: what the file's checksum is to be.
        texts: the N texts, where they are at hand; a pickle does not hold them.

    Raises InputError where the checksum differs, where the file names anything but tables and
    arrays (nothing of it has then been run), or where no column of equally long vectors is in it.
    """
    path = downloads.local(path)
    data = path.read_bytes()
    if sha256 and (actual := hashlib.sha256(data).hexdigest()) != sha256.lower():
        then = "fetch it again, or give the checksum of the release that you mean"
        raise InputError(f"{path} has sha256 {actual}; expected {sha256}: {then}")
    table = _table(_load(data, path), path)
    column = _vectors(table, path)
    values = np.stack([np.asarray(vector, dtype=np.float64) for vector in table[column]])
    models = table.drop(columns=column).rename(columns={"name": "model"})
    if "model" not in models:
        models.insert(0, "model", [str(label) for label in table.index])
    text_set = "" if texts is None else texts.content_id
    return LikelihoodMatrix(values, models, _texts(texts, values.shape[1], path), RULE, text_set)


def _load(data: bytes, path: Path) -> object:
    """What a pickle holds, if it is made of tables and arrays alone."""

    class Restricted(pickle_compat.Unpickler):  # it also knows where pandas's old names are now
        def find_class(self, module: str, name: str) -> object:
            package = module.split(".")[0].replace("__builtin__", "builtins")  # protocol 2
            if name in _NAMES.get(package, ()) or (module, name) in _EXACT:
                return super().find_class(module, name)
            given = f"{path} names {module}.{name}, and nothing of it was run"
            then = "it is not the published matrix, so do not open it by other means"
            raise InputError(f"{given}; expected tables and arrays alone: {then}")

        def persistent_load(self, pid: object) -> object:
            raise pickle.UnpicklingError(f"it refers to an object outside itself, {pid!r}")

    try:
        return Restricted(io.BytesIO(data)).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        given = f"{path} was given; {type(error).__name__}: {error}"
        wanted = "the pickle of the published matrix: fetch it again"
        raise InputError(f"{given}; expected {wanted}") from error


def _table(content: object, path: Path) -> pd.DataFrame:
    """The records as a table, whichever of three layouts they have."""
    if isinstance(content, pd.DataFrame):
        return content
    if isinstance(content, Mapping) and content:
        if all(isinstance(record, Mapping) for record in content.values()):  # by name of model
            return pd.DataFrame([{"name": name, **record} for name, record in content.items()])
        return pd.DataFrame({name: list(column) for name, column in content.items()})
    if isinstance(content, list) and content and isinstance(content[0], Mapping):
        return pd.DataFrame(content)
    wanted = "a table, a list of records or a mapping of columns: give the released file itself"
    raise InputError(f"{path} holds a {type(content).__name__}; expected {wanted}")


def _vectors(table: pd.DataFrame, path: Path) -> str:
    """The name of the column whose cells are equally long vectors of numbers."""
    fitting = []
    for name, cells in table.items():
        sizes = {len(cell) if isinstance(cell, _SEQUENCES) else 0 for cell in cells}
        if len(sizes) == 1 and max(sizes) > 1 and isinstance(cells.iloc[0][0], _NUMBERS):
            fitting.append(name)
    named = [name for name in fitting if any(hint in str(name).lower() for hint in _HINTS)]
    if len(fitting) == 1 or len(named) == 1:
        return (named or fitting)[0]
    given = f"of the columns {list(table.columns)} of {path}, {fitting or 'none'} hold vectors"
    wanted = "one column of log-likelihoods: give the released file itself"
    raise InputError(f"{given} of one length; expected {wanted}")


def _texts(texts: TextSet | None, n: int, path: Path) -> pd.DataFrame:
    """The table of the texts, or one that only numbers them."""
    if texts is None:
        return pd.DataFrame({"text_id": [""] * n, "index": range(n)})
    if len(texts) != n:
        given = f"{path} has log-likelihoods of {n:,} texts, and {len(texts):,} texts were given"
        then = "load the authors' chunks with chunks.load('pile10k')"
        raise InputError(f"{given}; expected the same texts: {then}")
    return texts.table


def seal(matrix: LikelihoodMatrix, path: Path) -> Path:
    """The path of the file; an existing one is left alone, with InputError if it differs."""
    arrays = {"log_likelihood": matrix.values}
    header = {name: getattr(matrix, name) for name in ("text_set", "rule", "threshold")}
    for name in ("models", "texts"):
        header[name] = json.loads(getattr(matrix, name).to_json(orient="split", index=False))
    if row.write(path, arrays, header):
        return path
    with suppress(row.Damaged):
        there, mine = row.header(path), header | {"checksum": row.checksum(arrays)}
        if all(there.get(name) == value for name, value in mine.items()):
            return path
    given = f"{path} was given to seal a matrix in; it holds another one, and none is ever changed"
    raise InputError(f"{given}: give a new name, or remove the file first")


def read_sealed(path: str | Path) -> LikelihoodMatrix:
    """The matrix of a sealed file; raises InputError where it is damaged or another thing."""
    try:
        arrays, head = row.read(Path(path))
        tables = [pd.DataFrame(**head[name]) for name in ("models", "texts")]
        labels = (head[name] for name in ("rule", "text_set", "threshold"))
        return LikelihoodMatrix(arrays["log_likelihood"], *tables, *labels)
    except (row.Damaged, KeyError) as fault:
        wanted = "a file that Ledger.seal wrote: fetch it again"
        raise InputError(f"{path} was given as sealed; {fault}; expected {wanted}") from fault
