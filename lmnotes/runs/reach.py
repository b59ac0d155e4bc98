"""Which modules of this package a piece of code reaches, read from its syntax tree alone.

What counts as reaching a module: an import anywhere, also inside a function; a name looked up
through a lazy face, such as `models.maps.kl`; a string that is a module's dotted name, as a worker
is started by. Where a name cannot be followed, all of the package behind it counts; where a
notebook cannot be read as Python, all there is.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_NAME = PACKAGE.name


def of_notebook(notebook: Path) -> set[Path]:
    """The modules that the code cells of a notebook reach, and the modules that these reach."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    plain = "\n".join(line for text in code for line in text.splitlines() if line[:1] not in "%!?")
    try:
        return closure(directly(ast.parse(plain)))
    except SyntaxError:  # a half-written cell, or one of another language
        return set(PACKAGE.rglob("*.py"))


def closure(modules: Iterable[Path]) -> set[Path]:
    """These modules and all that they reach, with the `__init__` of every package on the way."""
    reached: set[Path] = set()
    queue = list(modules)
    while queue:
        module = queue.pop()
        if module not in reached:
            reached.add(module)
            folders = [folder for folder in module.parents if folder.is_relative_to(PACKAGE)]
            queue += [*of_module(module), *(folder / "__init__.py" for folder in folders)]
    return reached


@cache
def of_module(module: Path) -> frozenset[Path]:
    """The modules that a module reaches by itself."""
    return frozenset(directly(ast.parse(module.read_text(encoding="utf-8"))) - {module})


def directly(tree: ast.AST) -> set[Path]:
    """The modules that a syntax tree reaches by itself."""
    packages: dict[str, str] = {}  # local name -> the package it stands for
    reached: set[Path] = set()
    for node in ast.walk(tree):
        for local, name in _imported(node):
            if (PACKAGE.joinpath(*name.split(".")[1:]) / "__init__.py").is_file():
                packages[local] = name
            else:
                reached |= _modules(name)
        text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(rf"{_NAME}(\.\w+)+", text):
            reached |= _modules(text)
    chains = _Chains(set(packages))
    chains.visit(tree)
    for local, attributes in chains.looked_up:
        reached |= _modules(".".join([packages[local], *attributes]))
    return reached


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Local name and dotted name of everything of this package that a statement imports."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == _NAME:
                yield alias.asname or alias.name, alias.name
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _NAME:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


class _Chains(ast.NodeVisitor):
    """Where packages are used: a local name with the attributes that are looked up on it."""

    def __init__(self, names: set[str]):
        self.names = names
        self.looked_up: set[tuple[str, tuple[str, ...]]] = set()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        attributes, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in self.names:
            self.looked_up.add((inner.id, tuple(attributes)))
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.names:
            self.looked_up.add((node.id, ()))


def _modules(name: str) -> set[Path]:
    """The module that holds what a dotted name stands for; all of a package named by itself."""
    path, parts = PACKAGE, name.split(".")[1:]
    for number, part in enumerate(parts):
        if (path / f"{part}.py").is_file():
            return {path / f"{part}.py"}
        if (path / part / "__init__.py").is_file():
            path = path / part
            continue
        held = [module for module, names in _handed_on(path).items() if part in names]
        if held or number == 0:
            return {path / f"{held[0]}.py"} if held else {path / "__init__.py"}
        break
    return set(path.rglob("*.py")) if path != PACKAGE else {path / "__init__.py"}


@cache
def _handed_on(package: Path) -> dict[str, list[str]]:
    """Module -> names that the face of a package hands on, as its `HANDED_ON` says."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HANDED_ON":
            return ast.literal_eval(node.value)
    return {}
