"""A run follows the modules that its notebook reaches, and all of its own paper, and no other."""

import ast
import json
import shutil

import pytest

from lmnotes.notebook import card
from lmnotes.runs import fingerprint, reach

NOTEBOOKS = {path.stem: path for path in card.notebooks()}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that may be changed."""
    copy = tmp_path_factory.mktemp("copy") / "lmnotes"
    shutil.copytree(reach.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reach, "PACKAGE", copy)
        yield copy


@pytest.fixture(scope="module")
def changed_by(package):
    """The numbers of the notebooks whose runs at laptop a change of one file changes."""

    def ids() -> dict[str, str]:
        return {
            name: fingerprint.facts(path, card.path_of(name), "laptop", {})
            for name, path in NOTEBOOKS.items()
        }

    before = ids()

    def changed(*parts: str) -> set[str]:
        path = package.joinpath(*parts)
        source = path.read_bytes() if path.exists() else b""
        path.write_bytes(source + b"\n# changed\n")
        after = ids()
        path.write_bytes(source) if source else path.unlink()
        return {name[:2] for name in before if before[name] != after[name]}

    return changed


def test_a_change_in_a_papers_folder_reruns_its_notebook_only(changed_by):
    assert changed_by("papers", "domain_mixture", "rules.py") == {"10"}
    assert changed_by("papers", "domain_mixture", "table.csv") == {"10"}


def test_a_change_behind_a_face_reruns_its_users(changed_by):
    everyone = {name[:2] for name in NOTEBOOKS}
    assert changed_by("words", "ica", "decomposition.py") >= {"02", "03", "04"}
    assert not changed_by("words", "ica", "solver.py") & {"06", "07", "08", "10"}
    assert changed_by("models", "maps", "projection.py") >= {"06", "09"}
    assert changed_by("notebook", "outputs.py") == everyone
    assert changed_by("runs", "execute.py") == everyone
    assert changed_by("runs", "gallery.py") == set()


def names(code: str) -> set[str]:
    """The modules that a piece of code reaches by itself, `a/b` for `lmnotes/a/b.py`."""
    reached = reach.directly(ast.parse(code))
    return {path.relative_to(reach.PACKAGE).with_suffix("").as_posix() for path in reached}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from lmnotes import store", {"store"}),
        ("from lmnotes.store import home", {"store"}),
        ("import lmnotes.store", {"store"}),
        ("def f():\n    from lmnotes.models.maps import kl", {"models/maps/coordinates"}),
        ("from lmnotes import models\nmodels.maps.kl", {"models/maps/coordinates"}),
        ("from lmnotes import models\nmodels.maps.kl.__doc__", {"models/maps/coordinates"}),
        (
            "from lmnotes import models\nmodels.maps.tsne(models.ngram)",
            {"models/maps/projection", "models/ngram"},
        ),
        ("from lmnotes.models import maps\nmaps.projection.pca", {"models/maps/projection"}),
        ("worker = 'lmnotes.models.runner.worker'", {"models/runner/worker"}),
        ("import numpy\nnumpy.array", set()),
    ],
)
def test_a_module_is_reached_however_it_is_named(code, expected):
    assert names(code) == expected


def test_all_of_a_package_counts_where_it_is_handed_about():
    every = names("from lmnotes import models\nprint(models.maps)")
    assert every >= {"models/maps/coordinates", "models/maps/projection", "models/maps/resample"}


@pytest.mark.parametrize("source", ["%%bash\nls *.py", "x = (1,", "x = !ls"])
def test_a_notebook_that_is_not_all_python_follows_from_everything(tmp_path, source):
    cells = [{"cell_type": "code", "source": ["from lmnotes import store\n", "store.home()"]}]
    path = tmp_path / "01_odd.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert len(reach.of_notebook(path)) < 5
    path.write_text(json.dumps({"cells": [*cells, {"cell_type": "code", "source": [source]}]}))
    assert reach.of_notebook(path) == set(reach.PACKAGE.rglob("*.py"))
