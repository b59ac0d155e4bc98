"""A folder of one's own, for who installed the package and has no checkout: notebooks, their cards
and text twins, and an environment file that installs the package again."""

from pathlib import Path

from lmnotes import __version__, store
from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import fingerprint

_ENVIRONMENT = """\
# conda env create -f environment.yml && conda activate lmnotes
# The versions are of the installation that wrote this; notebooks read the text in these packages.
name: lmnotes
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
"""
_README = """\
# Ten notebooks, with lmnotes {version}

From this folder:

```
lmnotes list                      # the notebooks, and how they ran
lmnotes run 01 --profile smoke    # one, at its smallest; --all runs all, for outputs/index.html
lmnotes describe 01               # its parameters: set one by -p NAME=VALUE
lmnotes lab 01                    # JupyterLab, on a copy in work/
```

`notebooks/` is yours to change; `lmnotes sync` keeps the text twins in `py/` equal. Runs go into
`outputs/`, heavy results into a cache: `lmnotes cache` says where.
"""


def write(folder: str | Path) -> Path:
    """The folder, made where it is not there, with the files of a project in it.

    Raises `InputError`, and has written nothing, where one of them is there already.
    """
    folder, source = Path(folder).expanduser().resolve(), card.INSTALLED
    if not source.is_dir():
        source = source.parents[1] / "notebooks"  # the checkout's
    paths = [*source.glob("[0-9][0-9]_*.ipynb"), *source.glob("cards/*"), *source.glob("py/*.py")]
    files = {f"notebooks/{path.relative_to(source)}": path.read_bytes() for path in paths}
    versions = {"lmnotes": __version__} | fingerprint.versions()
    python = versions.pop("python").rpartition(".")[0]
    pins = [f"      - {name}=={of.partition('+')[0]}\n" for name, of in versions.items()]
    files["environment.yml"] = (_ENVIRONMENT.format(python=python) + "".join(pins)).encode()
    files["README.md"] = _README.format(version=__version__).encode()
    taken = sorted({name.partition("/")[0] for name in files if (folder / name).exists()})
    if taken:
        given = f"{folder} has {' and '.join(taken)} already"
        then = "name a new one, or move them away; lmnotes run works in a folder that has them"
        raise InputError(f"{given}; expected a folder without, as nothing is overwritten: {then}")
    for name, content in files.items():
        store.put(folder / name, content)
    return folder
