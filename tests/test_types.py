"""What types say of the core: everything public, and nothing overlooked without a reason."""

import ast
import re
import tomllib

from tracked import ROOT

from lmnotes.runs import reach

CORE = sorted(set(reach.PACKAGE.rglob("*.py")) - set((reach.PACKAGE / "papers").rglob("*.py")))
OVERLOOKED = re.compile(r"# type: ignore\[[\w, -]+\]  # \w.{9,}")
MOST_OVERLOOKED = 40


def public(body, is_method=False):
    """The functions and methods that have a name of their own and say what they do."""
    named = (node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    for node in (node for node in named if not node.name.startswith("_")):
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, is_method=True)
        elif ast.get_docstring(node):
            yield node, is_method


def without_types(function, is_method):
    """The arguments without a type, and "return"; of what numba compiles only that."""
    given, decorators = function.args, "".join(map(ast.unparse, function.decorator_list))
    takes = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    takes = takes[1:] if is_method and "staticmethod" not in decorators else takes
    bare = [argument.arg for argument in takes if argument and argument.annotation is None]
    return ([] if "njit" in decorators else bare) + ["return"] * (function.returns is None)


def test_what_is_public_says_what_it_takes_and_gives():
    places = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: {', '.join(bare)}"
        for path in CORE
        for function, is_method in public(ast.parse(path.read_text(encoding="utf-8")).body)
        if (bare := without_types(function, is_method))
    ]
    assert places == []


def test_what_mypy_is_to_overlook_has_a_reason():
    lines = [line for path in CORE for line in path.read_text(encoding="utf-8").splitlines()]
    overlooked = [line for line in lines if "type: ignore" in line]
    assert [line for line in overlooked if not OVERLOOKED.search(line)] == []
    assert len(overlooked) <= MOST_OVERLOOKED
    assert [line for line in lines if re.search(r"\bcast\(", line)] == []


def test_mypy_reads_the_core_strictly():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert told["files"] == ["lmnotes"] and told["strict_optional"] and told["warn_unused_ignores"]
    assert "ignore_errors" not in str(told)
