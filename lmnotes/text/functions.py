"""Functions as aligned pairs: what a docstring says in English, what the code says in Python.

Both sides come from the source of the standard library and of installed packages; nothing is
imported or run.
"""

import ast
import gc
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from lmnotes import store
from lmnotes.errors import expect_one_of, expect_strings
from lmnotes.text import frozen, installed, tokenise
from lmnotes.text.markup import docstrings
from lmnotes.text.markup.prose import prose

VERSION = 1  # part of the key of the stored table: raise it when it would differ

# A fixed list, as in `installed`. torch and transformers are left out: most of their functions are
# inner machinery, or near copies of each other, and would be a third of the table.
PACKAGES = tuple(
    str.split(
        "python gensim IPython jedi joblib jupyter_client jupyter_server matplotlib mpmath "
        "networkx numba numpy pandas PIL pooch prompt_toolkit scipy seaborn sklearn sympy "
        "tornado"
    )
)
MIN_ENGLISH = 6  # words in the prose of a docstring
MIN_PYTHON = 16  # `python_words` in a function
_COLUMNS = ["name", "package", "english", "python"]
_MAX_CHARS = 1 << 20  # a longer file is a generated table

_STRING = rf"(?:\b[rRuUbBfFtT]{{1,2}})?(?:{docstrings.STRING})"
_LAYOUT = re.compile(
    rf"(?P<string>{_STRING})|(?P<end>(?:[ \t\f]*(?:\#[^\n]*)?\n)+)(?P<indent>[ \t\f]*)"
    r"|[ \t\f]*\#[^\n]*",
    re.DOTALL,
)
_PIECE = re.compile(
    rf"\#[^\n]*|(?P<string>{_STRING})|0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?[jJ]?"
    r"|(?P<name>[^\W\d]\w*)",
    re.DOTALL,
)
_ONE_NAME = re.compile(r"""[rRuUbBfFtT]{0,2}["']+([^\W\d]\w*)["']+""")
_TEMPLATE = re.compile(r"%\(\w+\)[sdr]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(packages: Sequence[str] = PACKAGES, *, keep: bool = True) -> pd.DataFrame:
    """The documented functions of packages, each in English and in Python.

    Args:
        packages: some of `PACKAGES`, where "python" is the standard library. One that is not
            installed is left out with a warning.
        keep: store the table as an artefact, so that the next call only reads it.

    Returns:
        a table with columns name (module.qualname), package, english (the prose of the docstring,
        a blank line between paragraphs) and python (`def` and body, without decorators,
        docstrings, comments and blank lines). Each english, by its letters, and each python, by
        its words, comes once: of functions that repeat one, the first is kept.
        `.attrs["content_id"]` names the versions that it comes from.

    Raises:
        InputError: a package that is not on the list.
    """
    for name in expect_strings("packages", packages):
        expect_one_of("package", name, PACKAGES)
    known = installed.key(())
    key: dict[str, object] = {name: known[name] for name in ("installed", "python")}
    key |= {"version": VERSION, "packages": {n: known["packages"].get(n) for n in packages}}
    rows = partial(_rows, packages)
    if keep:
        marked = key | {"frozen": known["frozen"]} if "frozen" in known else key
        table = installed.stored_table("pairs", marked, "functions", _COLUMNS, rows)
    else:
        table = pd.DataFrame(rows(), columns=_COLUMNS)
    table.attrs["content_id"] = store.content_id(key)
    return table


def python_words(source: str) -> list[str]:
    """The words of Python source in order, lower-cased; names are split at underscores and humps.

    Operators and comments are left out. Numbers stay as they stand. A string that is one name, as
    of a key or an option, counts as that name; other strings are English, and left out.

    >>> python_words("def parseHTTPHeader(raw_text, n=0): return raw_text['Content'] + 'not so'")
    ['def', 'parse', 'http', 'header', 'raw', 'text', 'n', '0', 'return', 'raw', 'text', 'content']
    """
    words: list[str] = []
    for piece in _PIECE.finditer(source):
        text, kind = piece[0], piece.lastgroup
        if kind == "string":
            quoted = _ONE_NAME.fullmatch(text)
            text, kind = (quoted[1], "name") if quoted else ("#", None)
        if kind == "name":
            words += map(str.lower, _PART.findall(text))
        elif text[0] != "#":
            words.append(text.lower())
    return words


def in_file(source: str) -> Iterator[tuple[str, str, str]]:
    """Qualified name, docstring and bare Python of each documented function of a source, in order.

    Statements that are strings go, inside nested functions and classes too; a body that this
    leaves empty gets `pass`. Functions that only pass, raise or return a constant are left out.

    >>> source = 'class A:\\n  def f(self, x):\\n    "Twice x."\\n    return 2 * x  # so\\n'
    >>> list(in_file(source))
    [('A.f', 'Twice x.', 'def f(self, x):\\n  return 2 * x')]
    """
    with warnings.catch_warnings(action="ignore"):  # invalid escapes in other people's strings
        tree = ast.parse(source)
    lines = source.encode("utf-8", "surrogatepass").split(b"\n")
    for name, node in _defined(tree, ""):
        english = ast.get_docstring(node)
        if english and not _says_nothing(node.body[1:]):
            yield name, english, _laid_out(_bare(node, lines), node.col_offset)


def _rows(packages: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of the table of `functions`, from the files."""
    seen = set()
    for name, package, english, python in candidates(packages):
        words, body = tokenise.words(english), python_words(python)
        if len(words) < MIN_ENGLISH or len(body) < MIN_PYTHON:
            continue
        letters = " ".join(word for word in words if not word.isdigit())
        code = " ".join(body)
        if letters not in seen and code not in seen:
            seen |= {letters, code}
            yield name, package, english, python


def candidates(packages: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """Rows as those of `functions` before short ones and repeats are left out."""
    if text := frozen.current():
        rows = list(text.rows("functions"))
        yield from (tuple(row) for name in packages for row in rows if row[1] == name)
        return
    for package, module, file in _files(packages):
        for name, english, python in _in_file(file):
            yield f"{module}.{name}", package, prose(_TEMPLATE.sub(" ", english)), python


def _files(packages: Sequence[str]) -> Iterator[tuple[str, str, Path]]:
    """Package, module and path of each file, in the order of the packages."""
    for package in packages:
        for module, file in installed.files(package, "", ".py"):
            if file is not None:
                yield package, module, file
                continue
            given = f"{package} is not installed: its functions are left out"
            warnings.warn(f"{given}, and the pairs have another content id", stacklevel=2)


def _in_file(file: Path) -> list[tuple[str, str, str]]:
    """What `in_file` finds in a file; nothing where it is a table, or Python of another version."""
    source = installed.read(file).removeprefix("\ufeff")
    if len(source) > _MAX_CHARS or '"""' not in source:
        return []
    was_on = gc.isenabled()
    gc.disable()  # trees have no cycles, and looking for some takes half as long again
    try:
        return list(in_file(source))
    except (SyntaxError, ValueError, RecursionError):
        return []
    finally:
        if was_on:
            gc.enable()


def _blocks(node: ast.AST) -> Iterator[list]:
    """The lists of statements right below a node: bodies, and those of its branches."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(block := getattr(node, name, None), list):
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def _defined(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    """Qualified name and node of each function, those inside other functions left out."""
    for block in _blocks(node):
        for statement in block:
            if isinstance(statement, ast.ClassDef):
                yield from _defined(statement, f"{prefix}{statement.name}.")
            elif isinstance(statement, _Function):
                yield prefix + statement.name, statement
            else:
                yield from _defined(statement, prefix)


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _says_nothing(body: list[ast.stmt]) -> bool:
    """Whether a body without its docstring only passes, raises or returns a constant."""
    return all(
        isinstance(statement, (ast.Pass, ast.Raise))
        or (
            isinstance(statement, (ast.Expr, ast.Return))
            and isinstance(statement.value, (ast.Constant, type(None)))
        )
        for statement in body
    )


def _bare(node: _Function, lines: list[bytes]) -> str:
    """The source of a function without statements that are strings, indented as it was."""
    pieces, at = [], (node.lineno, node.col_offset)
    for statement, after, is_alone in _strings(node):
        pieces += [_span(lines, at, (statement.lineno, statement.col_offset)), "pass" * is_alone]
        at = _end(statement)
        if after is not None and after.lineno == at[0]:
            at = after.lineno, after.col_offset
    return "".join([*pieces, _span(lines, at, _end(node))])


def _end(node: ast.stmt) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0  # what was parsed has both


def _strings(node: ast.AST) -> Iterator[tuple[ast.stmt, ast.stmt | None, bool]]:
    """Strings below a node, the statement after each, and whether it stands for a block of them."""
    for block in sorted(filter(None, _blocks(node)), key=lambda block: block[0].lineno):
        only_strings = all(map(_is_string, block))
        for place, statement in enumerate(block):
            if _is_string(statement):
                after = block[place + 1] if place + 1 < len(block) else None
                yield statement, after, only_strings and place == 0
            else:
                yield from _strings(statement)


def _span(lines: list[bytes], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text from one (line, byte) to another; lines count from 1, as in `ast`."""
    part = lines[start[0] - 1 : end[0]]
    part[-1] = part[-1][: end[1]]
    part[0] = part[0][start[1] :]
    return b"\n".join(part).decode()


def _laid_out(source: str, margin: int) -> str:
    """A function without comments and blank lines, `margin` characters further left."""

    def replaced(match: re.Match) -> str:
        if match["string"]:
            return match[0]
        return "\n" + match["indent"][margin:] if match["end"] else ""

    return _LAYOUT.sub(replaced, source).strip()
