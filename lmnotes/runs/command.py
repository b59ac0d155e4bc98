"""What the command line does with notebooks: `lmnotes list | init | describe | class | lab ...`."""

import argparse
import shutil
import sys
import textwrap
from typing import Any

from lmnotes import options as common
from lmnotes.runs import run_command


def add_commands(commands: Any) -> None:
    """Add these commands to what `ArgumentParser.add_subparsers` gives."""
    what = "run notebooks headless; what has not changed is kept"
    run_command.add_arguments(commands.add_parser("run", help=what))

    what = "the notebooks: what each paper found, the last run, verdicts"
    every = commands.add_parser("list", help=what)
    common.add_json(every)
    every.set_defaults(command=_list)

    describe = commands.add_parser("describe", help="a notebook's parameters, profiles and claims")
    describe.add_argument("name", metavar="01", help="number or name")
    common.add_json(describe)
    describe.set_defaults(command=_describe)

    own = commands.add_parser("init", help="a folder of your own, with all notebooks to change")
    own.add_argument("folder", metavar="FOLDER", help="where to; nothing in it is overwritten")
    own.set_defaults(command=_init)

    lesson = commands.add_parser("class", help="a notebook for a class: copies, slides, a handout")
    lesson.add_argument("name", metavar="01", help="number or name")
    editions = ["student", "teacher", "slides", "handout"]
    lesson.add_argument("--edition", choices=editions, required=True, help="teacher: with key")
    lesson.add_argument("--output", metavar="FOLDER", help="where to; outputs/class without it")
    paths = "the sections of the card's path of so many minutes"
    lesson.add_argument("--minutes", choices=["10", "45", "90"], default="90", help=paths)
    figures = "of the run that gives the figures"
    lesson.add_argument("--profile", default="laptop", metavar="PROFILE", help=figures)
    lesson.set_defaults(command=_class)

    what = "runs as one folder or zip for a repository: an RO-Crate, and how to cite it"
    given = commands.add_parser("publish", help=what)
    given.add_argument("runs", nargs="*", metavar="RUN", help="a run's folder, or a number")
    given.add_argument("--all", action="store_true", help="the last good run of each notebook")
    given.add_argument("--profile", default="laptop", help="of a number's last run (laptop)")
    where = "a new folder or .zip (lmnotes-runs.zip)"
    given.add_argument("--output", metavar="PATH", default="lmnotes-runs.zip", help=where)
    whom = '"Family, Given", once for each; by default the project\'s'
    given.add_argument("--author", action="append", default=[], metavar="NAME", help=whom)
    given.set_defaults(command=_publish)

    lab = commands.add_parser("lab", help="JupyterLab on copies of the notebooks, in work/")
    many = "numbers or names, all if none; then, after --, options of JupyterLab"
    lab.add_argument("names", nargs="*", metavar="01", help=many)
    anew = "copy them anew; copies that are there get a number"
    lab.add_argument("--fresh", action="store_true", help=anew)
    lab.set_defaults(command=_lab)

    sizes = "sizes of the heavy results, kind by kind; prune them"
    cache = commands.add_parser("cache", help=sizes)
    cache.add_argument("action", nargs="?", choices=["prune"], help="free space")
    kinds = "remove all of a kind; without any, what killed processes left more than a day ago"
    cache.add_argument("kinds", nargs="*", metavar="KIND", help=kinds)
    cache.set_defaults(command=_cache)

    commands.add_parser("report", help="write outputs/index.html").set_defaults(command=_report)

    sync = commands.add_parser("sync", help="make notebooks and their text twins in py/ equal")
    sync.add_argument("names", nargs="*", metavar="01", help="number or name; all if none")
    ways = {
        "--from-notebook": "write the twin from the notebook",
        "--from-twin": "overwrite a notebook that was edited later",
        "--check": "write nothing; exit 1 where they differ",
        "--strip": "print the notebook on the standard input without outputs: a filter of git's",
    }
    group = sync.add_mutually_exclusive_group()
    for way, what in ways.items():
        how: dict[str, Any] = {"action": "store_const", "const": way[2:], "default": "auto"}
        group.add_argument(way, dest="direction", help=what, **how)
    sync.set_defaults(command=_sync)


def _list(options: argparse.Namespace) -> int:
    from lmnotes.runs import record

    notebooks = record.overview()
    if options.json:
        common.print_json(notebooks)
        return 0
    width = min(shutil.get_terminal_size().columns, 100)
    for about in notebooks:
        last, verdicts = about["last_run"], about["verdicts"]
        counts = "; " + ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
        when = last and f"{last['started'][:10]}, {last['profile']}: {last['status']}"
        print(f"{about['number']}  {about['title']}")
        for text in (about["sentence"], f"{when or 'never run'}{counts if verdicts else ''}"):
            print(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))
    return 0


def _describe(options: argparse.Namespace) -> int:
    from lmnotes.notebook import card, parameters

    notebook = card.find(options.name)
    about = card.for_notebook(notebook.stem)
    declared, _ = parameters.declared(notebook)
    if options.json:
        keys = ("name", "type", "default", "range", "comment", "advanced")
        told = ("id", "where", "text", "certainty", "published", "unit")
        names = ("number", "notebook", "title", "profiles", "figures", "tables")
        answer = {name: getattr(about, name) for name in names}
        answer["parameters"] = [{key: getattr(p, key) for key in keys} for p in declared]
        claims = [{key: getattr(claim, key) for key in told} for claim in about.claims.values()]
        common.print_json(answer | {"claims": claims})
        return 0
    print(f"{notebook.stem}: {about.title}\n")
    rows = [("parameter", "type", "default", "range", "")]
    for advanced in (False, True):
        chosen = [p for p in declared if p.advanced is advanced]
        rows += [("", "advanced:", "", "", "")] if advanced and chosen else []
        rows += [(p.name, p.type, repr(p.default), p.range, p.comment) for p in chosen]
    common.print_columns(rows)
    print()
    profiles = [("profile", "sets")]
    for name, profile in about.profiles.items():
        settings = [f"{key}={value!r}" for key, value in profile.items()]
        profiles.append((name, ", ".join(settings) or "nothing"))
    common.print_columns(profiles)
    if sentence := parameters.saved_otherwise(notebook):
        print(f"\n{sentence}")
    counts = {"figures": about.figures, "tables": about.tables, "claims": about.claims}
    print("\n" + ", ".join(f"{len(things)} {name}" for name, things in counts.items()))
    print(f"run it: lmnotes run {about.number} --profile smoke -p NAME=VALUE")
    return 0


def _init(options: argparse.Namespace) -> int:
    from lmnotes.runs import init

    print(f"{init.write(options.folder)}: its README.md says what to do next")
    return 0


def _class(options: argparse.Namespace) -> int:
    from lmnotes.runs import editions

    given = (options.edition, options.output, options.minutes, options.profile)
    print(editions.write(options.name, *given))
    return 0


def _publish(options: argparse.Namespace) -> int:
    from lmnotes.errors import InputError
    from lmnotes.runs.publish import publish

    if bool(options.runs) == options.all:
        given = "both runs and --all" if options.all else "no run"
        raise InputError(
            f"{given} was given to publish; expected one of both: publish 01, or --all"
        )
    print(publish(options.runs, options.profile, options.output, options.author))
    return 0


def _lab(options: argparse.Namespace) -> int:
    from lmnotes.runs import lab

    is_option = [name.startswith("-") for name in options.names]
    n_names = [*is_option, True].index(True)
    lab.start(options.names[:n_names], options.fresh, options.names[n_names:])
    return 0  # only in tests, which do not become JupyterLab


def _cache(options: argparse.Namespace) -> int:
    from lmnotes import store
    from lmnotes.runs import cache

    if options.action:
        print(f"{cache.prune(options.kinds) / 1e6:,.1f} MB freed")
    else:
        common.print_columns(cache.sizes())
        print(f"\nthey lie in {store.home()}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from lmnotes.runs import gallery

    print(gallery.write())
    return 0


def _sync(options: argparse.Namespace) -> int:
    from lmnotes.runs import twins

    if options.direction == "strip":
        sys.stdout.write(twins.stripped(sys.stdin.read()))
        return 0
    if options.direction == "check":
        sentences = twins.differing(options.names)
        for sentence in sentences:
            print(f"{sentence}: lmnotes sync writes it from its twin")
        return 1 if sentences else 0
    for path in twins.sync(options.names, options.direction):
        print(f"wrote {path}")
    return 0
