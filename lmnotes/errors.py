"""What a user reads: errors that are theirs to mend, the checks that raise these in the same words,
and how an object shows itself.
"""

import difflib
import html
import numbers
import reprlib
from collections.abc import Iterable, Sized
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


class InputError(ValueError):
    """What was given, what was expected, what to do next; the command line adds no traceback."""


class Shown:
    """An object that says what it is in one line, and in a notebook shows its first and last rows.

    A subclass may have `_line`, which follows the name of the class, and `_rows`, a table of some
    of its `len` rows. Neither looks at more than that, and showing never raises. For a dataclass,
    give `repr=False`: its line names the fields, and of arrays and tables the shape.
    """

    def _line(self) -> str:
        fields = getattr(self, "__dataclass_fields__", {}).values()
        held = [(field.name, getattr(self, field.name)) for field in fields if field.repr]
        return ", ".join(f"{name} {_brief(value)}" for name, value in held if value is not None)

    def _rows(self, places: list[int]) -> "pd.DataFrame":
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}: {self._line()}"
        except Exception as error:  # half made, as a debugger may meet it
            return f"{type(self).__name__}: not whole ({type(error).__name__})"

    def _repr_html_(self) -> str:
        line = f"<div>{html.escape(repr(self))}</div>"
        try:
            places = range(len(self) if isinstance(self, Sized) else 0)
            if len(places) > 20:  # twice as many as are shown, so that pandas puts dots between
                places = [*places[:10], *places[-10:]]
            how = {"max_rows": 10, "max_cols": 10, "float_format": "{:.4g}".format}
            return line + self._rows(list(places)).to_html(**how, border=0, notebook=True)
        except Exception:
            return line


def _brief(value: object) -> str:
    if (shape := getattr(value, "shape", None)) is not None:
        return str(tuple(shape))
    if isinstance(value, list | tuple):
        few = f"({', '.join(map(_brief, value[:4]))})"
        return few if len(value) < 5 else f"of {len(value):,}"
    if isinstance(value, dict):
        return f"of {', '.join(map(str, list(value)[:4]))}" + " ..." * (len(value) > 4)
    text = f"{value:.6g}" if isinstance(value, float) else reprlib.repr(value)
    return type(value).__name__ if "\n" in text else text


def nearest(name: object, names: Iterable[object]) -> str:
    """A sentence that names the known name nearest to `name`, or all of them where none is near.

    >>> nearest("dimm", ["dim", "epochs"])
    "did you mean 'dim'?"
    """
    words = [str(known) for known in names]
    if near := difflib.get_close_matches(str(name), words, n=1, cutoff=0.6):
        return f"did you mean {near[0]!r}?"
    return f"use one of: {_listed(words)}" if words else "there are none to choose from"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return ", ".join(name[:40] for name in names[:20]) + more


def expect_one_of(what: str, given: object, known: Iterable[object]) -> None:
    """Raise InputError where `given` is none of the known values.

    >>> expect_one_of("kernel", "cudnn", ("cpu", "triton"))
    Traceback (most recent call last):
    lmnotes.errors.InputError: kernel 'cudnn' was given; expected one of cpu, triton: give \
one of these
    """
    known = list(known)
    if given not in known:
        near = nearest(given, known)
        then = near if near.startswith("did") else "give one of these"
        names = _listed([str(name) for name in known]) or "none: there are none to choose from"
        raise InputError(f"{what} {given!r} was given; expected one of {names}: {then}")


def expect_file(what: str, path: str | Path, expected: str) -> Path:
    """The path of a file; FileNotFoundError where it is not there, with what may be given."""
    path = Path(path)
    if not path.is_file():
        given = f"{what} {str(path)!r}: there is no such file"
        raise FileNotFoundError(f"{given}; expected {expected}; check the path from {Path.cwd()}")
    return path


def expect_strings(what: str, given: object) -> list[str]:
    """The strings of a list; InputError where it is a string itself, or holds something else.

    >>> expect_strings("texts", ("hello", "you"))
    ['hello', 'you']
    >>> expect_strings("texts", "hello")
    Traceback (most recent call last):
    lmnotes.errors.InputError: texts = 'hello' was given, a single string; expected a list of \
strings: put it in brackets
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        single = ", a single string" if isinstance(given, str | bytes) else ""
        said = f"{what} = {repr(given)[:60]} was given{single}"
        raise InputError(f"{said}; expected a list of strings: put it in brackets")
    strings = list(given)
    for place, string in enumerate(strings):
        if not isinstance(string, str):
            said = f"{what}[{place}] is {repr(string)[:60]}, a {type(string).__name__}"
            raise InputError(f"{said}; expected strings only: convert it, or leave it out")
    return strings


def expect_shape(what: str, array: "npt.ArrayLike", shape: str, then: str = "") -> None:
    """Raise InputError where an array is not shaped as the letters and numbers of `shape` say.

    shape: such as "(V, D)" or "(M, 2)"; the same letter is the same length, and none is 0.
    then: what to do next, where that is not plain.

    >>> import numpy as np
    >>> expect_shape("vectors", np.ones((2, 3)), "(V, D)")
    >>> expect_shape("Q", np.ones(3), "(M, N)", "transpose it")
    Traceback (most recent call last):
    lmnotes.errors.InputError: Q has shape (3,); expected (M, N): transpose it
    """
    import numpy as np

    names = [name.strip() for name in shape.strip("()").split(",") if name.strip()]
    lengths: dict[str, int] = {name: int(name) for name in names if name.isdigit()}
    pairs = zip(names, np.shape(array), strict=False)
    fit = (length and length == lengths.setdefault(name, length) for name, length in pairs)
    if np.ndim(array) != len(names) or not all(fit):
        after = f": {then}" if then else ""
        raise InputError(f"{what} has shape {np.shape(array)}; expected {shape}{after}")


def expect_between(
    what: str,
    given: float,
    low: float = -inf,
    high: float = inf,
    then: str = "",
    above: bool = False,
) -> None:
    """Raise InputError where a number is not from `low` to `high`, both included, or is NaN.

    above: `low` itself and infinity are outside too.

    >>> expect_between("dim", 0, low=1)
    Traceback (most recent call last):
    lmnotes.errors.InputError: dim = 0 was given; expected at least 1: raise it
    """
    if not low <= given <= high or (above and given in (low, inf)):
        bounds = f"at least {low:,}" if isfinite(low) else f"at most {high:,}"
        if isfinite(low) and isfinite(high):
            bounds = f"{low:,} to {high:,}"
        bounds = f"a finite number above {low:,}" if above else bounds
        then = then or ("raise it" if given <= low else "lower it" if given >= high else "give one")
        raise InputError(f"{what} = {given} was given; expected {bounds}: {then}")


def expect_whole(
    what: str, given: float | str, low: float = 0, high: float = inf, then: str = ""
) -> None:
    """Raise InputError where a number is not a whole one from `low` to `high`.

    >>> expect_whole("window", 2.5, 1)
    Traceback (most recent call last):
    lmnotes.errors.InputError: window = 2.5 was given; expected a whole number: round it
    """
    if not isinstance(given, numbers.Integral):
        raise InputError(f"{what} = {given} was given; expected a whole number: round it")
    expect_between(what, given, low, high, then)


def expect_finite(what: str, array: "npt.ArrayLike", then: str = "leave those rows out") -> None:
    """Raise InputError where an array holds NaN or infinity, with how many and the first place.

    >>> import numpy as np
    >>> expect_finite("L", np.array([[0.0, np.nan]]))
    Traceback (most recent call last):
    lmnotes.errors.InputError: L has 1 of 2 values not finite, first at (0, 1); expected finite \
numbers: leave those rows out
    """
    import numpy as np

    wrong = ~np.isfinite(array)
    if wrong.any():
        first = tuple(int(index) for index in np.argwhere(wrong)[0])
        given = f"{what} has {wrong.sum():,} of {wrong.size:,} values not finite, first at {first}"
        raise InputError(f"{given}; expected finite numbers: {then}")


def expect_weights(what: str, weights: "npt.ArrayLike", n: int) -> "np.ndarray":
    """The weights (n,) as float64; InputError where one is negative or not finite, or all are 0.

    >>> expect_weights("weights", [0, 0], 2)
    Traceback (most recent call last):
    lmnotes.errors.InputError: weights are all 0; expected some above 0: leave them out for equal \
ones
    """
    import numpy as np

    weights = np.asarray(weights, np.float64)
    if weights.shape != (n,) or not (np.isfinite(weights) & (weights >= 0)).all():
        given = f"{what} of shape {weights.shape} were given for {n:,} rows"
        raise InputError(f"{given}; expected as many, finite, none below 0: give one for each")
    if not weights.any():
        raise InputError(f"{what} are all 0; expected some above 0: leave them out for equal ones")
    return weights
