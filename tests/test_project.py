"""The files around the package: that what they say of each other and of the package is so."""

import ast
import functools
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata, util
from pathlib import Path

import networkx
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tracked import NOT_OURS, ROOT, tracked_files

import lmnotes
from lmnotes.runs import reach

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIRED = [Requirement(line) for line in PROJECT["dependencies"] + EXTRAS["test"]]
HEAVY = {
    *("numpy", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "numba", "gensim", "torch"),
    *("transformers", "pyarrow", "pooch", "papermill", "nbformat", "jupytext", "ipywidgets"),
}
COMMANDS = ("run", "test", "lab", "bench", "clean")
MAX_BYTES = 2_000_000
owners_of_modules = functools.cache(metadata.packages_distributions)


def pins():
    """Version by name, as constraints.txt pins them."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def imported_packages(folder):
    """The top-level names of other packages that the sources in a folder import, with a source."""
    found = {}
    for path in (ROOT / folder).rglob("*.py"):
        if NOT_OURS & set(path.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            found |= {name.split(".")[0]: str(path.relative_to(ROOT)) for name in names}
    helpers = {path.stem for path in (ROOT / folder).rglob("*.py")}
    own = {"lmnotes", *sys.stdlib_module_names, *(helpers if folder != "lmnotes" else ())}
    return {name: path for name, path in found.items() if name not in own}


def modules_after(code):
    """The top-level names of what a fresh interpreter has loaded when it has run this code."""
    code += "\nimport sys; print('loaded:', *{name.split('.')[0] for name in sys.modules})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(said.stdout.rpartition("loaded:")[2].split())


def make(folder, *arguments):
    command = ["make", "--no-print-directory", "-C", folder, *arguments]
    # what a make that runs these tests was told is not meant for this one
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, capture_output=True, text=True, env=own)


@pytest.mark.parametrize("requirement", REQUIRED, ids=lambda requirement: requirement.name)
def test_a_dependency_is_pinned_within_its_bound_and_can_be_imported(requirement):
    name = canonicalize_name(requirement.name)
    assert pins()[name] in requirement.specifier
    assert metadata.version(name) in requirement.specifier
    modules = [
        module
        for module, owners in owners_of_modules().items()
        if name in map(canonicalize_name, owners) and not module.startswith("_")
    ]
    assert any(util.find_spec(module) for module in modules)


def test_constraints_pin_public_versions_only_each_once_in_order():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    assert len(lines) == len(pins())
    names = [line.split("==")[0].lower() for line in lines]
    assert names == sorted(names)
    assert "lmnotes" not in names
    assert not [name for name in names if "nvidia" in name or "cuda" in name]
    # torch 2.13.0 built for CUDA asks for this triton; another pin would leave it uninstallable
    assert {"torch==2.13.0", "triton==3.7.1"} <= set(lines)


def without_a_pin(requirements):
    """The packages that an installation of these brings and constraints.txt does not name."""
    pinned, seen, queue = pins(), set(), [(requirement, "") for requirement in requirements]
    while queue:
        requirement, extra = queue.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                lines = metadata.requires(name) or []
                queue += [(Requirement(line), wanted) for line in lines]
    # torch's and the terminals' own requirements differ from machine to machine
    elsewhere = re.compile(r"nvidia-|cuda-|appnope|colorama|pywin|.*-(win|macos)")
    return [name for name, _ in seen if name not in pinned and not elsewhere.match(name)]


def test_the_pins_are_complete():
    assert without_a_pin(REQUIRED) == []


@pytest.mark.slow
def test_the_pins_of_the_site_are_complete():
    pytest.importorskip("sphinx", reason="make docs installs what the site takes")
    assert without_a_pin(map(Requirement, EXTRAS["docs"])) == []


@pytest.mark.parametrize("folder", ["lmnotes", "benchmarks", "notebooks", "tests"])
def test_what_is_imported_is_declared(folder):
    owners = owners_of_modules()
    extras = [name for name in EXTRAS if folder != "lmnotes" or name != "test"]
    lines = PROJECT["dependencies"] + [line for name in extras for line in EXTRAS[name]]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    undeclared = {
        name: path
        for name, path in imported_packages(folder).items()
        if not declared & set(map(canonicalize_name, owners.get(name, [name])))
    }
    assert undeclared == {}


def test_import_takes_less_than_three_tenths_of_a_second_and_nothing_heavy():
    code = "import time; start = time.perf_counter(); import lmnotes; "
    code += "print(time.perf_counter() - start)"
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5)]
    assert min(seconds) < 0.3
    assert not HEAVY & modules_after("import lmnotes")


def test_help_imports_nothing_heavy():
    code = "import contextlib, lmnotes.cli\nwith contextlib.suppress(SystemExit):\n"
    loaded = modules_after(code + "    lmnotes.cli.main(['--help'])")
    assert "argparse" in loaded
    assert not HEAVY & loaded


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert Version(lmnotes.__version__).public == lmnotes.__version__
    assert citation["version"] == metadata.version("lmnotes") == lmnotes.__version__
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT


def test_the_command_is_installed_and_is_this_package():
    (command,) = metadata.entry_points(group="console_scripts", name="lmnotes")
    from lmnotes import cli

    assert command.load() is cli.main
    assert (Path(sys.executable).parent / "lmnotes").is_file()


def test_citation_names_the_software_and_ten_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["title"] == PROJECT["name"]
    assert citation["license"] == PROJECT["license"] == "MIT"
    papers = citation["references"]
    assert len(papers) == len({paper["title"] for paper in papers}) == 10
    arxiv = [one["value"] for paper in papers for one in paper["identifiers"]]
    assert len(set(arxiv)) == 10
    assert all(re.fullmatch(r"arXiv:2\d{3}\.\d{5}", identifier) for identifier in arxiv)
    for paper in papers:
        assert "Shimodaira" in [author["family-names"] for author in paper["authors"]]
        assert 2023 <= paper["year"] <= 2026
        where = {"conference", "journal", "status"} & set(paper)
        assert len(where) == 1 and (paper.get("status", "preprint") == "preprint")


def test_citation_and_the_cards_of_the_notebooks_name_the_same_papers():
    from lmnotes.notebook import card

    papers = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    for notebook in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        mine = card.load(ROOT / "notebooks" / "cards" / f"{notebook.stem[:2]}.toml").paper
        cited = papers[int(notebook.stem[:2]) - 1]
        assert cited["identifiers"][0]["value"] == f"arXiv:{mine['arxiv']}"
        assert (cited["title"], cited["year"]) == (mine["title"], mine["year"])
        assert "doi" not in mine or cited["doi"] == mine["doi"]


# What a room may use besides itself and the ground.
DOORS = {
    "cli": {"map_command", "runs", "notebook", "models", "text", "words"},
    "map_command": {"runs", "notebook", "models", "figures", "text"},
    "runs": {"notebook"},
    "papers": {"words", "models", "figures", "notebook", "text"},
    "words": {"text"},
    "models": {"text"},
    "figures": set(),
    "notebook": set(),
    "text": set(),
}
GROUND = {"store", "compiled", "errors", "options", "statistics", "parallel", "times", "warm"}


def arrows():
    """(from, to) for every module of the package that reaches another, faces looked through."""
    every = sorted(reach.PACKAGE.rglob("*.py"))
    name = {path: path.relative_to(reach.PACKAGE).with_suffix("").parts for path in every}
    return [(name[a], name[b]) for a in every for b in reach.of_module(a) if b in name]


def test_rooms_use_only_what_their_doors_open_to():
    breaches = []
    for source, target in arrows():
        room, other = source[0], target[0]
        if room == other == "papers" and len(target) > 2:
            if source[1] != target[1]:
                breaches.append((source, target))
        elif other not in {room, "__init__"} | GROUND | DOORS.get(room, set()):
            breaches.append((source, target))
    assert breaches == []


def test_nothing_goes_in_circles():
    modules = networkx.DiGraph(arrows())
    assert [
        circle for circle in networkx.strongly_connected_components(modules) if len(circle) > 1
    ] == []
    for room in ("words", "models"):
        inside = [(a[1], b[1]) for a, b in arrows() if a[0] == b[0] == room and a[1] != b[1]]
        rooms = networkx.DiGraph([(a, b) for a, b in inside if "__init__" not in (a, b)])
        assert [
            found for found in networkx.strongly_connected_components(rooms) if len(found) > 1
        ] == []


def test_a_face_hands_on_at_most_eight_names_and_none_called_like_its_module():
    for face in reach.PACKAGE.rglob("__init__.py"):
        handed = reach._handed_on(face.parent)
        assert sum(map(len, handed.values())) <= 8, (
            f"{face.parent.name} hands on more than eight names"
        )
        assert not [module for module, names in handed.items() if module in names]
        package = ".".join(["lmnotes", *face.parent.relative_to(reach.PACKAGE).parts])
        module = importlib.import_module(package)
        assert all(getattr(module, name) is not None for names in handed.values() for name in names)


def test_what_holds_an_array_or_a_table_shows_itself_in_one_line():
    """A dataclass writes out all that it holds, at the end of a cell too; `errors.Shown` not."""
    long = []
    for path in sorted((ROOT / "lmnotes").rglob("*.py")):
        for node in ast.parse(path.read_text()).body if "papers" not in path.parts else ():
            fields = [line for line in getattr(node, "body", ()) if isinstance(line, ast.AnnAssign)]
            held = " ".join(ast.unparse(line.annotation) for line in fields)
            made = " ".join(map(ast.unparse, getattr(node, "decorator_list", ())))
            if "dataclass" in made and re.search("ndarray|DataFrame|Matrix", held):
                bases = " ".join(map(ast.unparse, node.bases))
                if "Shown" not in bases or "repr=False" not in made:
                    long.append(f"{path.name}: {node.name}")
    assert not long, long


def test_a_notebook_imports_in_six_lines():
    for twin in (ROOT / "notebooks" / "py").glob("[0-9][0-9]_*.py"):
        tree = ast.parse(twin.read_text(encoding="utf-8"))
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports = [node for node in imports if getattr(node, "module", "") != "typing"]
        assert len(imports) <= 6, f"{twin.name} imports {len(imports)} times"


def test_a_core_module_that_one_notebook_alone_reaches_says_why_it_is_core():
    users = {}
    for notebook in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        for module in reach.of_notebook(notebook):
            users.setdefault(module, set()).add(notebook.stem[:2])
    for module, numbers in users.items():
        if len(numbers) == 1 and "papers" not in module.relative_to(reach.PACKAGE).parts:
            first = ast.get_docstring(ast.parse(module.read_text())).partition("\n\n")[0]
            assert re.search(r"\bcore\b", first), (
                f"{module} serves notebook {numbers} alone; why is it core?"
            )


def test_no_model_brings_code_of_its_own_unless_asked():
    """Unset, `trust_remote_code` asks at the terminal, and a typed `y` runs what a file names."""
    silent = []
    for path in sorted((ROOT / "lmnotes").rglob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        for call in calls:
            name = getattr(call.func, "attr", "")
            said = {keyword.arg or ast.unparse(keyword.value) for keyword in call.keywords}
            told = said & {"trust_remote_code", "how", "LOCAL", "pretrained.LOCAL"}
            if name in ("from_pretrained", "from_config") and not told:
                silent.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert not silent


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme and "make test" in readme


def test_conda_installs_the_same_package():
    text = (ROOT / "environment.yml").read_text()
    python, _, from_pip = yaml.safe_load(text)["dependencies"]
    assert f"python{PROJECT['requires-python']}" in python
    assert from_pip["pip"] == ["--constraint constraints.txt", "--editable ."]
    *_, without_gpu, _ = yaml.safe_load(text.replace("# - pytorch", "- pytorch"))["dependencies"]
    assert without_gpu == f"pytorch-cpu={pins()['torch']}"


def targets():
    """The names of all that can be made."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def test_the_hosted_tests_are_those_of_make_on_every_python_that_is_promised():
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    workflow = yaml.safe_load(text)
    assert set(workflow[True]) == {"push", "pull_request"}  # `on`, as YAML 1.1 reads it
    jobs = workflow["jobs"]
    promised = [line.split(" :: ")[-1] for line in PROJECT["classifiers"]]
    promised = [version for version in promised if re.fullmatch(r"3\.\d+", version)]
    assert jobs["test"]["strategy"]["matrix"]["python"] == promised
    variables = {*re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.M)}
    assert set(workflow["env"]) <= variables | {"PIP_EXTRA_INDEX_URL"}
    assert set(workflow["env"]["TEST_EXTRAS"].split(",")) <= set(EXTRAS)
    made = {job: steps["steps"][-1]["run"].split() for job, steps in jobs.items()}
    assert {job: words[:2] for job, words in made.items()} == {
        "test": ["make", "test"],
        "slow": ["make", "test-slow"],
    }
    for job in jobs.values():
        checkout, python, _ = job["steps"]
        assert checkout["uses"].startswith("actions/checkout@")
        assert python["uses"].startswith("actions/setup-python@")
        assert (ROOT / python["with"]["cache-dependency-path"]).is_file()
    ci = (ROOT / ".ci" / "run").read_text()
    assert f"make test TEST_EXTRAS={workflow['env']['TEST_EXTRAS']} " in ci


def test_the_container_makes_what_there_is_and_needs_no_other_image_than_python_s():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    name, _, tag = container["image"].partition(":")
    assert (
        name == "python"
        and f"Programming Language :: Python :: {tag.partition('-')[0]}" in (PROJECT["classifiers"])
    )
    assert container["postCreateCommand"].split()[0] == "make"
    assert set(container["postCreateCommand"].split()[1:]) | {"lab"} <= targets()
    assert container["forwardPorts"] == [8888]
    assert "LAB_FLAGS ?=" in (ROOT / "Makefile").read_text() and container["containerEnv"]


def test_no_notebook_in_git_has_outputs():
    for path in tracked_files():
        if path.suffix == ".ipynb":
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                assert not cell.get("outputs"), f"{path.name} has outputs: lmnotes sync"
                assert cell.get("execution_count") is None, f"{path.name} was run: lmnotes sync"


def test_no_file_in_git_is_large():
    sizes = {path.relative_to(ROOT): path.stat().st_size for path in tracked_files()}
    assert Path("pyproject.toml") in sizes
    assert {path: size for path, size in sizes.items() if size > MAX_BYTES} == {}


def test_make_says_what_there_is_and_tests_everything():
    said = make(ROOT, "help").stdout
    assert all(f"make {command} " in said for command in COMMANDS)
    plan = make(ROOT, "--dry-run", "test").stdout
    for step in ("ruff check .", "ruff format --check .", "-m mypy", "sync --check", "-m pytest"):
        assert step in plan
    assert "lmnotes run --all" in make(ROOT, "--dry-run", "run").stdout
    plan = make(ROOT, "--dry-run", "--always-make", "docs").stdout  # installed already or not
    assert "sphinx -q -W" in plan and "--editable '.[docs]'" in plan


@pytest.fixture
def bare_checkout(tmp_path):
    """A folder with what an installation follows from, and an interpreter that is too old."""
    (tmp_path / "lmnotes").mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "lmnotes/__init__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    return tmp_path


def test_make_refuses_an_old_python_and_says_what_to_do(bare_checkout):
    answer = make(bare_checkout, "run", "PYTHON=./old-python")
    assert answer.returncode
    assert "./old-python is Python 3.9.2; expected Python 3.11 or newer" in answer.stderr
    assert not (bare_checkout / ".venv").exists()


def test_make_installs_anew_only_when_its_lists_changed(bare_checkout):
    python = bare_checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" >> calls\n')
    python.chmod(0o755)
    calls = bare_checkout / "calls"

    def installs(*arguments):
        calls.unlink(missing_ok=True)
        assert make(bare_checkout, *(arguments or ["install"])).returncode == 0
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if " install " in line]

    torch, rest = installs()
    assert torch.endswith(f" torch=={pins()['torch']}") and "--constraint constraints.txt" in torch
    assert rest.endswith("--constraint constraints.txt --editable .")
    assert installs() == []
    for extras in ("test", "test,kernels"):  # not before something is asked that needs them
        (line,) = installs("bench", f"TEST_EXTRAS={extras}")
        assert line.endswith(f"--constraint constraints.txt --editable .[{extras}]")
        assert installs("bench", f"TEST_EXTRAS={extras}") == installs() == []
    (bare_checkout / "pyproject.toml").touch()
    assert installs() == []
    with open(bare_checkout / "constraints.txt", "a") as file:
        file.write("# another\n")
    assert installs("install", "TORCH=cpu")[0].endswith(f" torch=={pins()['torch']}+cpu")
    assert installs() == []
    assert len(installs("bench")) == 1


def test_clean_removes_outputs_and_leftovers_only(bare_checkout):
    keep = ["outputs/README.md", "lmnotes/cli.py", ".venv/lib/__pycache__/a.pyc", "notebooks/a.md"]
    drop = ["outputs/01_a/run.json", "outputs/cache/x", "lmnotes/__pycache__/cli.pyc"]
    drop += ["build/x", "lmnotes.egg-info/PKG-INFO", ".pytest_cache/x", "outputs/index.html"]
    for name in keep + drop:
        (bare_checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (bare_checkout / name).write_text("")
    assert make(bare_checkout, "clean").returncode == 0
    assert [name for name in keep if not (bare_checkout / name).exists()] == []
    assert [name for name in drop if (bare_checkout / name).exists()] == []
    assert make(bare_checkout, "distclean").returncode == 0
    assert not (bare_checkout / ".venv").exists()
