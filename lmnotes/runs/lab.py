"""JupyterLab on copies of the notebooks, so that what readers run and save is theirs, not git's."""

import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lmnotes import store
from lmnotes.notebook import card
from lmnotes.runs import twins

# Nothing asks the network for news, newer versions or extensions.
_QUIET = [
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]


def copies(names: Sequence[str] = (), fresh: bool = False) -> list[Path]:
    """The copies of these notebooks, or of all, in `work/` of the folder that they work in.

    A copy that is there stays as it is; where a `fresh` one is asked for it stays under a name
    with a number, such as `01_norm_information_gain.1.ipynb`.
    """
    found = [card.find(name) for name in names] or card.notebooks()
    paths = []
    for notebook in found:
        path = card.working_folder(notebook) / "work" / notebook.name
        if fresh and path.exists():
            numbered = (path.with_suffix(f".{n}.ipynb") for n in itertools.count(1))
            path.rename(next(kept for kept in numbered if not kept.exists()))
        if not path.exists():
            store.write_text(path, twins.stripped(notebook.read_text(encoding="utf-8")))
        paths.append(path)
    return paths


def start(names: Sequence[str], fresh: bool, options: Sequence[str]) -> None:
    """Become JupyterLab, open on the copies, or on one where one is named; this does not return.

    options: of JupyterLab. The copies find cards and outputs wherever JupyterLab's folder is.
    """
    paths = copies(names, fresh)
    os.environ["LMNOTES_NOTEBOOKS"] = str(card.notebooks_folder())
    os.environ["LMNOTES_OUTPUTS"] = str(store.outputs_folder().resolve())
    os.chdir(paths[0].parent)
    opened = [paths[0].name] if len(names) == 1 else []
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *_QUIET, *options, *opened])
