"""`lmnotes run`: which notebooks, with which parameters, and how much is said of it."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from lmnotes import options as common
from lmnotes.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of `lmnotes run`."""
    add = parser.add_argument
    add("names", nargs="*", metavar="01", help="number or name")
    add("--all", action="store_true", help="all notebooks, in order")
    failed = "those whose last run at the profile failed or was interrupted"
    add("--failed", action="store_true", help=failed)
    profiles = "smoke, laptop (the default), paper; 01, 03: quick, your own text; 06 to 09: hub"
    add("--profile", default="laptop", metavar="PROFILE", help=profiles)
    add_to = partial(add, action="append", default=[])
    add_to("-p", dest="settings", metavar="NAME=VALUE", help="set a parameter")
    add_to("-f", dest="files", metavar="FILE", help="parameters of a YAML file; -p wins")
    add_to("-y", dest="yaml", metavar="YAML", help="parameters as YAML; -f and -p win")
    add("--force", action="store_true", help="run even if nothing changed")
    workers = "notebooks at a time (one for each core, at most 4; 1 at paper and hub)"
    common.add_workers(parser, workers, "--jobs", None)
    threads = "threads of each (1; with more, numbers move from run to run)"
    add("--threads", type=int, metavar="N", help=threads)
    dry = "say what would run, why, and how long it took last time; run nothing"
    add("--dry-run", action="store_true", help=dry)
    verbose = "also why each runs, what it reuses, and what its cells print"
    common.add_verbosity(parser, "only what failed, and where the report is", verbose)
    parser.set_defaults(command=run_notebooks)


def run_notebooks(options: argparse.Namespace) -> int:
    """The exit code: 0 where all ran or were kept, 1 where one failed."""
    from lmnotes import parallel
    from lmnotes.runs import gallery, progress, run

    names = _names(options)
    if options.failed and not names:
        print(f"no notebook's last run at {options.profile} failed or was left: nothing to run")
        return 0
    settings = _settings(options, names)
    if options.threads is not None:
        os.environ["LMNOTES_THREADS"] = str(options.threads)
    if options.dry_run:
        rows = run.preview(names, options.profile, settings, options.force)
        common.print_columns([("notebook", "", "last", "why"), *rows])
        return 0
    workers = options.workers
    if workers is None:  # at these a notebook may want all of a GPU, or of the cores
        cores = parallel.n_cores(4) // parallel.asked_threads()
        workers = 1 if options.profile in ("paper", "hub") else max(1, cores)
    try:
        with progress.speaking(options.verbosity):
            results = run.run_all(names, options.profile, settings, options.force, workers)
    except KeyboardInterrupt:
        gallery.write()
        raise
    print(f"report: {gallery.write()}")
    failed = [result.name for result in results if result.status == "failed"]
    if failed and len(results) > 1:
        print(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _names(options: argparse.Namespace) -> list[str]:
    """The notebooks that are to run, none for all."""
    from lmnotes.runs import record

    asked = {"names": bool(options.names), "--all": options.all, "--failed": options.failed}
    given = [what for what, is_given in asked.items() if is_given]
    if len(given) != 1:
        said = f"run was given {' and '.join(given) or 'no notebook'}"
        raise InputError(f"{said}; expected numbers, --all or --failed alone: lmnotes run 01")
    if not options.failed:
        return options.names
    runs = [entry for entry in record.everything() if entry["profile"] == options.profile]
    last = {entry["notebook"]: entry["status"] for entry in runs}
    return sorted(name for name, status in last.items() if status in ("failed", "interrupted"))


def _settings(options: argparse.Namespace, names: list[str]) -> dict[str, object]:
    """The parameters that were given, each checked where a file or -y gave it."""
    from lmnotes.notebook import card, parameters

    settings: dict[str, object] = {}
    given = [("-y", text) for text in options.yaml]
    for path in options.files:
        try:
            given.append((path, Path(path).read_text(encoding="utf-8", errors="replace")))
        except OSError as error:
            said = f"-f {path} was given ({error.strerror})"
            raise InputError(f"{said}; expected a YAML file: check it from {Path.cwd()}") from None
    for where, text in given:
        values = _mapping(where, text)
        try:
            for name in names or [path.stem for path in card.notebooks()]:
                parameters.check(parameters.declared(card.find(name))[0], values)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        settings |= values
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            said = f"-p {setting} was given"
            raise InputError(f"{said}; expected name=value: write it like -p dim=50")
        settings[name.strip()] = value
    return settings


def _mapping(where: str, text: str) -> dict[str, object]:
    import yaml

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        values = " ".join(str(error).split())
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        given = f"{where} holds {str(values)[:200]!r}; expected parameters by name"
        raise InputError(f"{given}: write a line such as dim: 50 for each")
    return values
