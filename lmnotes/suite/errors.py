"""The error that is the user's to mend, and the nearest name for one that was mistyped."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """What was given, what was expected, what to do next; the command line adds no traceback."""


def nearest(name: str, names: Iterable[str]) -> str:
    """A sentence that names the known name nearest to `name`, or all of them where none is near.

    >>> nearest("dimm", ["dim", "epochs"])
    "did you mean 'dim'?"
    """
    names = [str(known) for known in names]
    if found := difflib.get_close_matches(str(name), names, n=1, cutoff=0.6):
        return f"did you mean {found[0]!r}?"
    return f"use one of: {', '.join(names)}" if names else "there are none to choose from"
