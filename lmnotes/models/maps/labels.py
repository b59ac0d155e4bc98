"""Names of models and texts through functions of arrays: a table in, a table out.

The numbers are those of the array of its cells, to the bit. An array in, an array out.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from lmnotes.errors import InputError

Function = TypeVar("Function", bound=Callable[..., Any])


def labelled(*axes: str) -> Callable[[Function], Function]:
    """A decorator: the function, whose first argument is a DataFrame, gives one, or a Series.

    Args:
        axes: of the result: "rows" or "columns" are those of the table that was given; anything
            else is what the columns are called, with their numbers from 1.

    Raises InputError where a table holds words, or two have other rows.

    >>> @labelled("rows", "rows")
    ... def products(values):
    ...     return values @ values.T
    >>> float(products(pd.DataFrame([[1.0], [2.0]], index=["a", "b"])).loc["a", "b"])
    2.0
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        first = next(iter(signature.parameters))

        @functools.wraps(function)
        def with_labels(*args, **options):
            given = signature.bind(*args, **options).arguments
            if not isinstance(table := given[first], pd.DataFrame):
                return function(*args, **options)
            expect_same_rows(*given.values())
            values = function(**given | {first: numbers(table)})
            own = {"rows": table.index, "columns": table.columns}
            index, *columns = (
                own.get(axis, [f"{axis} {k + 1}" for k in range(length)])
                for axis, length in zip(axes, values.shape, strict=True)
            )
            return pd.DataFrame(values, index, *columns) if columns else pd.Series(values, index)

        return with_labels  # type: ignore[return-value]  # tables beside arrays

    return decorate


def numbers(table: pd.DataFrame) -> np.ndarray:
    """The cells of a table, (M, N) float64; InputError where a column holds words."""
    try:
        return np.ascontiguousarray(table.to_numpy(np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        words = [name for name, kind in table.dtypes.items() if kind.kind not in "biuf"]
        given = f"a table was given whose columns {words[:3]} hold words"
        then = "put the names of models into the index, and drop the rest"
        raise InputError(f"{given}; expected numbers in all: {then}") from None


def expect_same_rows(*given: object) -> None:
    """Raise InputError where DataFrames among these have other rows than the first of them, or in
    another order, or where a Series has the labels of its rows or columns in another order."""
    table, *others = [known for known in given if isinstance(known, pd.DataFrame)] or [None]
    for other in (known for known in given if isinstance(known, pd.Series) and table is not None):
        for axis in table.axes:
            is_moved = len(axis) == len(other) and not axis.equals(other.index)
            if is_moved and not len(axis.symmetric_difference(other.index)):
                said = f"a Series was given in the order {', '.join(map(str, other.index[:3]))} ..."
                wanted = f"that of the table, {', '.join(map(str, axis[:3]))} ..."
                raise InputError(f"{said}; expected {wanted}: take series[table's labels]")
    for other in others:
        if not table.index.equals(other.index):
            said = [", ".join(map(str, known.index[:3])) for known in (table, other)]
            said = f"tables of {len(table)} and {len(other)} rows, {said[0]} ... and {said[1]} ..."
            then = "take second.loc[first.index]"
            raise InputError(f"{said}; expected the same rows in both: {then}")
