"""What Python source says in English: docstrings, and strings attached as documentation.

A small scanner stands in for `ast`, which takes seven times as long; a test holds it against `ast`
on the standard library. Nothing is imported or run.
"""

import ast
import inspect
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = frozenset(
    str.split(
        "test tests testing _vendor _vendored vendor third_party externals extern site-packages "
        "dist-packages node_modules __pycache__"
    )
)
_MIN_CHARS = 40  # a shorter string says too little

# a string as a pattern: each way begins with a plain character, and so the search for the next is
# three times as fast; matched with comments, in order, a quote inside one never opens another
STRING = (
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'"
)
_TOKEN = re.compile(rf"#[^\n]*|{STRING}", re.DOTALL)
_PREFIX = re.compile(r"[rRuUbBfFtT]{0,2}\Z")
# a string after this is attached: `add_docstring(function, `, `X_DOCSTRING = `
_ATTACHED = re.compile(r"doc\w*\s*(?:=\s*\(?|\([^()]*)\Z", re.IGNORECASE)


def files(folder: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    """Dotted name and path of the files of a kind below a folder; no tests, nothing vendored."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in sorted(names):
            if name.endswith(suffix) and not name.startswith(("test_", "conftest")):
                file = Path(root, name)
                parts = file.relative_to(folder).with_suffix("").parts
                yield ".".join(parts).removesuffix("__init__").rstrip("."), file


def strings(source: str) -> list[str]:
    """The documentation strings of Python source in order, dedented, of 40 characters or more.

    >>> strings("def f():\\n    'Return the first of all the things there are.'\\n")
    ['Return the first of all the things there are.']
    """
    texts = []
    for token in _TOKEN.finditer(source):
        start, end = token.span()
        if end - start < _MIN_CHARS + 2 or source[start] == "#":
            continue
        letters = _PREFIX.search(source, max(0, start - 2), start)
        prefix = letters[0] if letters else ""
        before = source[max(0, start - 200) : start - len(prefix)]
        is_long = source.startswith(('"""', "'''"), start)
        if prefix.strip("rRuU") or not _documents(before, is_long):
            continue
        with warnings.catch_warnings(action="ignore"):  # invalid escapes in others' strings
            try:
                text = ast.literal_eval(prefix + token[0])
            except (SyntaxError, ValueError):  # a template, or a broken escape
                continue
        if len(text) >= _MIN_CHARS:
            texts.append(inspect.cleandoc(text))
    return texts


def _documents(before: str, is_long: bool) -> bool:
    """Whether a string after this source is a docstring, or attached to something as such."""
    if not before.rpartition("\n")[2].strip():  # the first on its line
        last = before.rstrip()[-1:]
        if last == ":" or (is_long and last not in tuple("([{,=+%\\|")):
            return True
    return is_long and _ATTACHED.search(before) is not None
