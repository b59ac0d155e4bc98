"""What commands share: options of one name for one thing, what old ones are called, and answers."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from lmnotes.errors import InputError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_OLD_WORDS = dict.fromkeys(("jobs", "slots", "threads"), "workers")  # leave after version 0.2


def in_new_words(given: Mapping[str, _T], known: Collection[str]) -> dict[str, _T]:
    """Settings under their names of today.

    An old name that is not among the known ones is read, for one version, with a DeprecationWarning
    that names the new. Raises InputError where both are given.

    >>> in_new_words({"workers": 2, "threads": 1}, ["workers", "threads"])
    {'workers': 2, 'threads': 1}
    """
    named = {}
    for name, value in given.items():
        new = _OLD_WORDS.get(name, name)
        if new != name and name not in known and new in known:
            if new in given:
                said = f"{name} = {value!r} and {new} = {given[new]!r} were given"
                raise InputError(f"{said}; expected one, they are the same: leave {name} out")
            level, frame = 2, sys._getframe(1)
            while frame.f_back and frame.f_globals["__name__"].startswith(("lmnotes.", "argparse")):
                level, frame = level + 1, frame.f_back
            told = f"{name} is called {new} now: the old name is read for one version more"
            warnings.warn(told, DeprecationWarning, stacklevel=level)  # of who called lmnotes
            name = new
        named[name] = value
    return named


def reads_old_words(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """A function that is called by the old names of its arguments too: see `in_new_words`."""
    import inspect  # which the command line has no time for

    known = inspect.signature(function).parameters

    @wraps(function)
    def renamed(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        new = in_new_words(kwargs, known)
        return function(*args, **new)  # type: ignore[arg-type]  # the same under other names

    return renamed


class _OldWord(argparse.Action):
    """An option by its old name, which is not in the help."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, value: Any, _: Any = None):
        vars(namespace).update(in_new_words({self.dest: value}, ["workers"]))


def add_workers(parser: argparse.ArgumentParser, what: str, old: str, default: int | None) -> None:
    """Give a parser the option --workers, how many of `what` at a time, and what it was called."""
    parser.add_argument("--workers", type=int, metavar="N", default=default, help=what)
    hidden = argparse.SUPPRESS
    parser.add_argument(old, type=int, action=_OldWord, default=hidden, help=hidden)


def add_verbosity(parser: argparse.ArgumentParser, quiet: str, verbose: str) -> None:
    """Give a parser -q and -v, which set `verbosity` to -1 and 1; it is 0 without."""
    add = partial(parser.add_mutually_exclusive_group().add_argument, action="store_const")
    add("-q", "--quiet", const=-1, dest="verbosity", default=0, help=quiet)
    add("-v", "--verbose", const=1, dest="verbosity", default=0, help=verbose)


def add_json(parser: "argparse._ActionsContainer") -> None:
    """Give a parser, or a group of one, the option --json."""
    what = "the same as JSON, and nothing else, on the standard output"
    parser.add_argument("--json", action="store_true", help=what)


def print_json(answer: object) -> None:
    """Print plain values as JSON; what JSON does not know becomes a text."""
    print(json.dumps(answer, indent=1, ensure_ascii=False, default=str))


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print a table of texts, each column as wide as its widest."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
