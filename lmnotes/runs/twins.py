"""Notebooks without outputs, `NN_name.ipynb`, and their percent-format twins, `py/NN_name.py`."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbformat import v4

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.notebook.parameters import twin_of

_FOLDED = {"hidden", "advanced"}  # tags of cells whose code JupyterLab shows folded
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebook_text(twin: str) -> str:
    """The `.ipynb` file that a text twin stands for: no outputs, no counts, always the same bytes.

    >>> "outputs" in notebook_text("# %%\\nprint(1)")
    True
    """
    return _plain(jupytext.reads(twin, fmt="py:percent"))


def stripped(notebook: str) -> str:
    """An `.ipynb` file without outputs, counts and what else a save changes."""
    return _plain(nbformat.reads(notebook, as_version=4))


def twin_text(notebook: str) -> str:
    """The text twin of an `.ipynb` file."""
    node = nbformat.reads(stripped(notebook), as_version=4)
    for cell in node.cells:
        cell.metadata.pop("jupyter", None)  # follows from the tags
    node.metadata = {"jupytext": {"notebook_metadata_filter": "-all"}}
    return jupytext.writes(node, fmt="py:percent")


def sync(names: Sequence[str] = (), direction: str = "auto") -> list[Path]:
    """The files that were written so that every notebook equals its twin.

    Args:
        names: numbers or names; all where empty.
        direction: `from-twin` writes notebooks, `from-notebook` writes twins and strips the
            notebooks; `auto` is `from-twin` unless a notebook's cells were edited later than its
            twin's, which it refuses to overwrite.

    Raises `InputError` rather than drop pictures that were pasted into a notebook.
    """
    if card.notebooks_folder() == card.INSTALLED:
        given = f"the notebooks in {card.INSTALLED} belong to the installed package"
        raise InputError(f"{given}; expected some of your own: lmnotes init FOLDER copies them")
    written: list[Path] = []
    for notebook in _pairs(names):
        twin = twin_of(notebook)
        if direction == "from-notebook" or (direction == "auto" and not twin.exists()):
            written += _put(twin, twin_text(notebook.read_text(encoding="utf-8")))
        elif direction == "auto" and notebook.exists() and _edited_later(notebook, twin):
            given = f"{notebook.name} has other cells than its twin and was saved later"
            then = "'lmnotes sync --from-notebook' keeps its, '... --from-twin' the twin's"
            raise InputError(f"{given}; expected edits in one of them: {then}")
        written += _put(notebook, notebook_text(twin.read_text(encoding="utf-8")))
    return written


def differing(names: Sequence[str] = ()) -> list[str]:
    """A sentence for every notebook that is not byte for byte what its twin stands for."""
    sentences = []
    for notebook in _pairs(names):
        twin = twin_of(notebook)
        if not twin.exists() or not notebook.exists():
            sentences.append(f"{(twin if notebook.exists() else notebook).name} is not there")
            continue
        text = notebook.read_text(encoding="utf-8")
        cells = nbformat.reads(text, as_version=4).cells
        if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
            sentences.append(f"{notebook.name} carries outputs")
        elif text != notebook_text(twin.read_text(encoding="utf-8")):
            sentences.append(f"{notebook.name} differs from py/{twin.name}")
    return sentences


def _plain(node) -> str:
    """A notebook's file: its cells' types, sources and tags, and nothing that a save changes."""
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    cells = []
    for index, cell in enumerate(node.cells):
        if pasted := cell.get("attachments"):
            given = f"cell {index + 1}, {cell.source[:40]!r}, holds the pasted {', '.join(pasted)}"
            then = "save it as a file and name that, or drop it with 'lmnotes sync --from-twin'"
            raise InputError(f"{given}; expected cells of text, all that a twin keeps: {then}")
        source = cell.source.rstrip("\n")
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        tags = list(cell.metadata.get("tags", []))
        about: dict[str, object] = {"tags": tags} if tags else {}
        about |= {"jupyter": {"source_hidden": True}} if _FOLDED.intersection(tags) else {}
        new = make[cell.cell_type](source, metadata=about)
        new["id"] = f"{index:03d}-{digest}"
        cells.append(new)
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    plain = v4.new_notebook(cells=cells, metadata=metadata)
    plain.nbformat, plain.nbformat_minor = 4, 5
    return nbformat.writes(plain, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def _pairs(names: Sequence[str]) -> list[Path]:
    """The notebooks with these names, or all that there are as a notebook or as a twin."""
    folder = card.notebooks_folder()
    stems = {path.stem for path in card.notebooks()}
    stems |= {path.stem for path in (folder / "py").glob("[0-9][0-9]_*.py")}
    if names:
        known = sorted(stems)
        matches = {name: [stem for stem in known if stem.startswith(str(name))] for name in names}
        stems = {(stem or [card.find(name).stem])[0] for name, stem in matches.items()}
    return [folder / f"{stem}.ipynb" for stem in sorted(stems)]


def _edited_later(notebook: Path, twin: Path) -> bool:
    """Whether the notebook has other cells than its twin, and is the newer file."""
    if os.path.getmtime(notebook) <= os.path.getmtime(twin):
        return False
    mine = stripped(notebook.read_text(encoding="utf-8"))
    return mine != notebook_text(twin.read_text(encoding="utf-8"))


def _put(path: Path, text: str) -> list[Path]:
    """Write a file where its text is another; the files written."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    store.write_text(path, text)
    return [path]
