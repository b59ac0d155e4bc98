"""A notebook's typed parameters, read without running it, checked before a kernel starts.

What a reader is likely to turn stands in the cell tagged `parameters`; the rest in one tagged
`advanced` above it, folded, so that what papermill puts in below has the last word over both.
"""

import ast
import contextlib
import io
import json
import re
import tokenize
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lmnotes.errors import InputError, expect_one_of, nearest
from lmnotes.options import in_new_words

_SCALARS = {"int": int, "float": float, "str": str, "bool": bool}
_FILES = ("_file", "_matrix", "_table")  # ends of names of parameters that are paths
_WORDS_ONLY = ("domains", "names", "words", "packages", "parts", "pair")  # those that are none
_FOLDER = ("folder", "a folder")  # begins the comment of one that a run may make
_SUPPORTED = 'int, float, str, bool, Literal["a", "b"], list[int], list[float], list[str], X | None'
_WORDS = re.compile(r'"([^"]+)"|(?:^|\| )([\w.-]+)(?= \|)')  # that a comment offers
_NUMBER = r"[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_TAGGED = r'^# %%.*\btags=\[[^]\n]*"{}".*\n((?:(?!# %%).*\n?)*)'
_RANGE = re.compile(rf"^({_NUMBER})\.\.({_NUMBER})?(?=$|[\s,;:])[\s,;:]*")


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: type = default  # low..high comment`."""

    name: str
    type: str
    default: object
    low: float | None = None
    high: float | None = None
    comment: str = ""
    advanced: bool = False

    @property
    def range(self) -> str:
        """The allowed range as the comment wrote it, or nothing.

        >>> Parameter("dim", "int", 100, low=10, high=1000).range
        '10..1000'
        """
        if self.low is None:
            return ""
        return f"{self.low:g}.." + ("" if self.high is None else f"{self.high:g}")


def twin_of(notebook: Path) -> Path:
    """The text twin of a notebook."""
    return notebook.parent / "py" / f"{notebook.stem}.py"


def read(path: Path | str) -> list[Parameter]:
    """The parameters of the notebook or text twin at `path`: those of its cell tagged `parameters`,
    then those of the one tagged `advanced`, where it has one.

    Raises `InputError` where the first is missing, either holds more than typed assignments of
    plain values, or a default is refused by its own type or range.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    cells = [] if path.suffix == ".py" else json.loads(text)["cells"]

    def sources(tag: str) -> list[str]:
        if path.suffix == ".py":
            return re.findall(_TAGGED.format(tag), text, re.M)
        tagged = [cell for cell in cells if tag in cell.get("metadata", {}).get("tags", [])]
        return ["".join(cell["source"]) for cell in tagged]

    found = {tag: sources(tag) for tag in ("parameters", "advanced")}
    for tag, number in (("parameters", "one"), ("advanced", "one at most")):
        if len(found[tag]) > 1 or (tag == "parameters" and not found[tag]):
            given = f"{path.name} has {len(found[tag])} cells tagged {tag!r}"
            then = "tag the cell that holds the typed assignments"
            raise InputError(f"{given}; expected {number}: {then}")
    advanced = [p for source in found["advanced"] for p in parse(source, where=path.name)]
    shown = parse(found["parameters"][0], where=path.name)
    return shown + [replace(parameter, advanced=True) for parameter in advanced]


def declared(notebook: Path) -> tuple[list[Parameter], dict[str, object]]:
    """A notebook's parameters, and by name the defaults that were saved in it and do not count.

    The profiles start from the defaults of the text twin, so that a value that was tried out in
    JupyterLab and saved does not change what a profile is.
    """
    twin = twin_of(notebook)
    standing = read(twin) if twin.is_file() else []
    mine = read(notebook) if notebook.is_file() or not standing else standing
    defaults = {parameter.name: parameter.default for parameter in standing}
    saved = {p.name: p.default for p in mine if defaults.get(p.name, p.default) != p.default}
    return [replace(p, default=defaults.get(p.name, p.default)) for p in mine], saved


def saved_otherwise(notebook: Path) -> str:
    """A sentence on the defaults that were saved in a notebook and do not count, or nothing."""
    standing, saved = declared(notebook)
    values = ", ".join(f"{name} = {value!r}" for name, value in saved.items())
    others = ", ".join(f"{p.name} = {p.default!r}" for p in standing if p.name in saved)
    return values and (
        f"{notebook.name} was saved with {values}; its profiles stand on {others} of "
        f"py/{twin_of(notebook).name}: give yours by -p NAME=VALUE, or make them the defaults by "
        "'lmnotes sync --from-notebook'"
    )


def parse(source: str, where: str = "parameters cell") -> list[Parameter]:
    """The parameters that the source of a parameters cell declares.

    >>> [dim] = parse("dim: int = 100  # 10..1000, size of a vector")
    >>> dim.default, dim.range, dim.comment
    (100, '10..1000', 'size of a vector')
    """
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    tokens = (token for token in tokens if token.type == tokenize.COMMENT)
    comments = {token.start[0]: token.string.lstrip("# ").strip() for token in tokens}
    parameters = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):  # `from typing import Literal`
            continue
        if not isinstance(statement, ast.AnnAssign) or statement.value is None:
            given = f"{where}: line {statement.lineno} is {ast.unparse(statement)!r}"
            wanted = "'name: type = default  # comment'"
            then = "give it a type, or move it to another cell"
            raise InputError(f"{given}; expected {wanted}: {then}")
        comment = comments.get(statement.end_lineno or 0, "")
        parameters.append(_declared(statement, statement.value, comment, where))
    return parameters


def _declared(statement: ast.AnnAssign, value: ast.expr, comment: str, where: str) -> Parameter:
    """The parameter that one annotated assignment declares, its default checked."""
    name, written = ast.unparse(statement.target), ast.unparse(statement.annotation)
    try:
        default = ast.literal_eval(value)
    except ValueError:
        given = f"{where}: the default of '{name}' is {ast.unparse(value)}"
        then = "write the value itself, and compute in a later cell"
        raise InputError(f"{given}; expected a plain value: {then}") from None
    low = high = None
    if bounds := _RANGE.match(comment):
        low, high = float(bounds[1]), None if bounds[2] is None else float(bounds[2])
        comment = comment[bounds.end() :]
    parameter = Parameter(name, written, default, low, high, comment)
    try:
        return replace(parameter, default=_value(parameter, default, from_text=False))
    except InputError as error:
        raise InputError(f"{where}: the default of {error}") from None


def check(parameters: Sequence[Parameter], overrides: Mapping[str, object]) -> dict[str, object]:
    """The typed value of every parameter: its override where there is one, else its default.

    Args:
        parameters: as `read` returns them.
        overrides: by name; a string (from a command line) is read as the declared type.

    Raises `InputError` for an unknown name, a wrong type, a value out of range or outside a
    `Literal`.

    >>> check(parse("dim: int = 100  # 10..1000"), {"dim": "50"})
    {'dim': 50}
    """
    known = {parameter.name: parameter for parameter in parameters}
    overrides = in_new_words(overrides, known)
    for name in overrides:
        expect_one_of("parameter", name, known)
    given = {name: _value(known[name], value) for name, value in overrides.items()}
    return {name: given.get(name, parameter.default) for name, parameter in known.items()}


def with_paths(
    parameters: Sequence[Parameter],
    given: Collection[str],
    values: Mapping[str, object],
    *roots: Path,
) -> dict[str, object]:
    """The values, in which paths that were given, and a profile's with a folder in them, are
    absolute: as seen from here, else from the first of `roots` that has them.

    Words that a comment offers beside a path (`installed | a path`) stay what they are, and so do
    names of domains, words and packages, whatever folder is called the same. Raises
    `InputError` where a parameter that was given, and whose name or comment says that it is a file,
    names none; what a profile names may come later.
    """
    absolute = dict(values)
    for parameter in (p for p in parameters if "str" in p.type):
        value, must = values[parameter.name], parameter.name in given
        if isinstance(value, list):
            absolute[parameter.name] = [_seen(parameter, item, roots, must) for item in value]
        else:
            absolute[parameter.name] = _seen(parameter, value, roots, must)
    return absolute


def _seen(parameter: Parameter, value: object, roots: Sequence[Path], must: bool) -> object:
    """A value, absolute where it is the path of something that is there, as it `must` be."""
    words = {word for pair in _WORDS.findall(parameter.comment) for word in pair}
    default = parameter.default if isinstance(parameter.default, list) else [parameter.default]
    if not isinstance(value, str) or value in ("", *words, *default):
        return value
    if parameter.name.endswith(_WORDS_ONLY) or (not must and "/" not in value):
        return value
    with contextlib.suppress(OSError):  # a text that is too long for a path
        for path in (Path(value), *(root / value for root in roots)):
            if path.exists() or parameter.comment.startswith(_FOLDER):  # may be made
                return str(path.absolute())
    is_file = parameter.name.endswith(_FILES) or "| a path" in parameter.comment
    if must and is_file and ("/" in value or "." in value):
        where = " nor in ".join(dict.fromkeys([str(Path.cwd()), str(roots[0])]))
        given = f"parameter '{parameter.name}' = {value!r} is not in {where}"
        raise InputError(f"{given}; expected a path: check it, or give it from its beginning")
    return value


def _value(parameter: Parameter, given: object, from_text: bool = True) -> object:
    """The given value as the parameter's type, checked against its range."""
    members, optional = _members(ast.parse(parameter.type, mode="eval").body)
    if optional and (given is None or (from_text and given in ("None", "none"))):
        return None
    if len(members) != 1:
        raise _unsupported(parameter)
    value = _typed(parameter, members[0], given, from_text)
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, int | float) or type(item) is bool or parameter.low is None:
            continue
        if item < parameter.low or (parameter.high is not None and item > parameter.high):
            said = f"parameter '{parameter.name}' = {item!r} is out of range"
            then = f"choose a value in it, the default is {parameter.default!r}"
            raise InputError(f"{said}; expected {parameter.range}: {then}")
    return value


def _members(annotation: ast.expr) -> tuple[list[ast.expr], bool]:
    """The alternatives of `A | B | None` that are not None, and whether None is one of them."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        left, none_left = _members(annotation.left)
        right, none_right = _members(annotation.right)
        return left + right, none_left or none_right
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return [], True
    return [annotation], False


def _typed(parameter: Parameter, kind: ast.expr, given: object, from_text: bool) -> object:
    """The given value as the type that `kind` writes."""
    if isinstance(kind, ast.Name) and kind.id in _SCALARS:
        return _scalar(parameter, kind.id, given, from_text)
    if isinstance(kind, ast.Subscript) and ast.unparse(kind.value).endswith("Literal"):
        inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        choices = [ast.literal_eval(choice) for choice in inner]
        for choice in choices:
            if type(choice) is type(given) and choice == given:
                return choice
            if from_text and isinstance(given, str) and str(choice) == given:
                return choice
        near = nearest(str(given), map(str, choices))
        raise _mismatch(parameter, given, f"one of {', '.join(map(repr, choices))}", near)
    if isinstance(kind, ast.Subscript) and ast.unparse(kind.value) == "list":
        item = ast.unparse(kind.slice)
        if item in ("int", "float", "str"):
            return [_scalar(parameter, item, text, from_text) for text in _items(parameter, given)]
    raise _unsupported(parameter)


def _items(parameter: Parameter, given: object) -> list:
    """The items of a list that was given as a list, as `[1, 2]` or as `1,2`."""
    if isinstance(given, list | tuple):
        return list(given)
    if isinstance(given, str):
        if not given.strip().startswith("["):
            return [part.strip() for part in given.split(",")] if given.strip() else []
        try:
            return list(ast.literal_eval(given))
        except (ValueError, SyntaxError):
            pass
    raise _mismatch(parameter, given, f"a {parameter.type}", "write it as 1,2,3 or [1, 2, 3]")


def _scalar(parameter: Parameter, kind: str, given: object, from_text: bool) -> object:
    """The given value as int, float, str or bool; text is parsed, and an int is a float too."""
    wanted, value = _SCALARS[kind], given
    if from_text and isinstance(given, str) and kind != "str":
        try:
            truths = {"true": True, "false": False}
            value = truths[given.lower()] if kind == "bool" else wanted(given)
        except (ValueError, KeyError):
            value = None
    if kind == "float" and type(value) is int:
        value = float(value)
    if type(value) is not wanted or value != value:  # NaN
        example = {"int": "50", "float": "0.025", "bool": "true or false", "str": "text"}[kind]
        raise _mismatch(parameter, given, f"type {parameter.type}", f"write it like {example}")
    return value


def _mismatch(parameter: Parameter, given: object, expected: str, advice: str) -> InputError:
    said = f"parameter '{parameter.name}' = {given!r} does not fit; expected {expected}"
    return InputError(f"{said}: {advice} (the default is {parameter.default!r})")


def _unsupported(parameter: Parameter) -> InputError:
    given = f"parameter '{parameter.name}' has type {parameter.type}; expected one of {_SUPPORTED}"
    return InputError(f"{given}: use the nearest of these and convert in a later cell")
