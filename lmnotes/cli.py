"""The command line: `lmnotes run | describe | lab | class | score | map | status | ...`."""

import argparse
import os
import sys
from collections.abc import Sequence

from lmnotes.options import add_workers


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 a run failed or a twin differs, 2 wrong input, 130 interrupted."""
    options = _parser().parse_args(arguments)
    from lmnotes import store
    from lmnotes.errors import InputError

    try:
        with store.writing(store.outputs_folder()):
            return options.command(options)
    except InputError as error:
        print(f"lmnotes: {error}", file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        folders = f"LMNOTES_OUTPUTS ({store.outputs_folder()}) and LMNOTES_HOME ({store.home()})"
        then = f"expected folders that can be written: see {folders}"
        print(f"lmnotes: {error}; {then}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lmnotes: interrupted; the same command starts it again", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    from lmnotes.models.runner import command

    what = "Run research notebooks again: figures, tables, claims and their records."
    parser = argparse.ArgumentParser(prog="lmnotes", description=what)
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="run notebooks headless; what has not changed is kept")
    run.add_argument("names", nargs="*", metavar="01", help="number or name")
    run.add_argument("--all", action="store_true", help="all notebooks, in order")
    profiles = "smoke, laptop (the default), paper; 01, 03: quick, your own text; 06 to 09: hub"
    run.add_argument("--profile", default="laptop", help=profiles)
    many = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
    run.add_argument("-p", dest="settings", help="set a parameter", **many)
    run.add_argument("--force", action="store_true", help="run even if nothing changed")
    workers = "notebooks at a time (one for each core, at most 4; 1 at paper and hub)"
    add_workers(run, workers, "--jobs", None)
    threads = "threads of each (1; with more, numbers move from run to run)"
    run.add_argument("--threads", type=int, metavar="N", help=threads)
    dry = "say what would run, why, and how long it took last time; run nothing"
    run.add_argument("--dry-run", action="store_true", help=dry)
    run.set_defaults(command=_run)

    describe = commands.add_parser("describe", help="a notebook's parameters, profiles and claims")
    describe.add_argument("name", metavar="01", help="number or name")
    describe.set_defaults(command=_describe)

    lesson = commands.add_parser("class", help="a notebook for a class: copies, slides, a handout")
    lesson.add_argument("name", metavar="01", help="number or name")
    editions = ["student", "teacher", "slides", "handout"]
    lesson.add_argument("--edition", choices=editions, required=True, help="teacher: with key")
    lesson.add_argument("--output", metavar="FOLDER", help="where to; outputs/class without it")
    paths = "the sections of the card's path of so many minutes"
    lesson.add_argument("--minutes", choices=["10", "45", "90"], default="90", help=paths)
    lesson.add_argument("--profile", default="laptop", help="of the run that gives the figures")
    lesson.set_defaults(command=_class)

    lab = commands.add_parser("lab", help="JupyterLab on copies of the notebooks, in work/")
    many = "numbers or names, all if none; then, after --, options of JupyterLab"
    lab.add_argument("names", nargs="*", metavar="01", help=many)
    anew = "copy them anew; copies that are there get a number"
    lab.add_argument("--fresh", action="store_true", help=anew)
    lab.set_defaults(command=_lab)

    score = commands.add_parser("score", help="log-likelihoods of texts under many models")
    command.add_arguments(score)
    score.set_defaults(command=command.score)

    data = commands.add_parser("data", help="named downloads, and where they lie; fetch some")
    data.add_argument("action", nargs="?", choices=["fetch"], help="a file by hand is checked")
    data.add_argument("names", nargs="*", metavar="NAME")
    data.set_defaults(command=_data)

    drawn = commands.add_parser("map", help="the map of scored models: tables, page, figure")
    add = drawn.add_argument
    add("models", help="a ledger's folder or name; a list, csv or folder of models; or a matrix")
    add("--about", metavar="TABLE", help="csv, tsv or parquet: what is known of them, by name")
    add("--where", metavar="WHAT", help="only those, such as \"family == 'pythia' and step > 9\"")
    add("--output", metavar="FOLDER", default="map", help="where to (map); a map there grows")
    add("--onto", metavar="FOLDER", help="the map to place them into, if not that of --output")
    add("--anew", action="store_true", help="draw the map anew, though there is one")
    add("--colour", metavar="COLUMN", default="family", help="of the figure (family)")
    add("--clip", type=float, dest="clip_share", metavar="SHARE", help="of all entries (0.02)")
    add("--perplexity", type=float, metavar="P", help="of t-SNE (30)")
    add("--seed", type=int, metavar="N", help="of t-SNE (42)")
    add("--score", action="store_true", help="score models of a list that have no row")
    command.add_texts(drawn)
    drawn.set_defaults(command=_map)

    sizes = "sizes of the heavy results, kind by kind; prune them"
    cache = commands.add_parser("cache", help=sizes)
    cache.add_argument("action", nargs="?", choices=["prune"], help="free space")
    kinds = "remove all of a kind; without any, what killed processes left more than a day ago"
    cache.add_argument("kinds", nargs="*", metavar="KIND", help=kinds)
    cache.set_defaults(command=_cache)

    commands.add_parser("report", help="write outputs/index.html").set_defaults(command=_report)
    status = commands.add_parser("status", help="list all runs and ledgers")
    where = "where the time of the last run of each notebook went"
    status.add_argument("--time", action="store_true", help=where)
    status.set_defaults(command=_status)

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
        how = {"action": "store_const", "const": way[2:], "default": "auto"}
        group.add_argument(way, dest="direction", help=what, **how)
    sync.set_defaults(command=_sync)
    return parser


def _run(options: argparse.Namespace) -> int:
    from lmnotes import parallel
    from lmnotes.errors import InputError
    from lmnotes.runs import gallery, run

    if bool(options.names) == options.all:
        given = "both names and --all" if options.all else "no notebook"
        said = f"{given} was given to run"
        raise InputError(f"{said}; expected numbers or --all: lmnotes run 01, or lmnotes run --all")
    settings = {}
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            said = f"-p {setting} was given"
            raise InputError(f"{said}; expected name=value: write it like -p dim=50")
        settings[name.strip()] = value
    if options.threads is not None:
        os.environ["LMNOTES_THREADS"] = str(options.threads)
    if options.dry_run:
        rows = run.preview(options.names, options.profile, settings, options.force)
        _print_columns([("notebook", "", "last", "why"), *rows])
        return 0
    workers = options.workers
    if workers is None:  # at these a notebook may want all of a GPU, or of the cores
        cores = parallel.n_cores(4) // parallel.asked_threads()
        workers = 1 if options.profile in ("paper", "hub") else max(1, cores)
    try:
        results = run.run_all(options.names, options.profile, settings, options.force, workers)
    finally:
        path = gallery.write()
    print(f"report: {path}")
    failed = [result.name for result in results if result.status == "failed"]
    if failed and len(results) > 1:
        print(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _describe(options: argparse.Namespace) -> int:
    from lmnotes.notebook import card, parameters

    notebook = card.find(options.name)
    about = card.for_notebook(notebook.stem)
    print(f"{notebook.stem}: {about.title}\n")
    rows = [("parameter", "type", "default", "range", "")]
    declared, _ = parameters.declared(notebook)
    for advanced in (False, True):
        chosen = [p for p in declared if p.advanced is advanced]
        rows += [("", "advanced:", "", "", "")] if advanced and chosen else []
        rows += [(p.name, p.type, repr(p.default), p.range, p.comment) for p in chosen]
    _print_columns(rows)
    print()
    rows = [("profile", "sets")]
    for name, profile in about.profiles.items():
        settings = [f"{key}={value!r}" for key, value in profile.items()]
        rows.append((name, ", ".join(settings) or "nothing"))
    _print_columns(rows)
    if sentence := parameters.saved_otherwise(notebook):
        print(f"\n{sentence}")
    counts = {"figures": about.figures, "tables": about.tables, "claims": about.claims}
    print("\n" + ", ".join(f"{len(things)} {name}" for name, things in counts.items()))
    print(f"run it: lmnotes run {about.number} --profile smoke -p NAME=VALUE")
    return 0


def _class(options: argparse.Namespace) -> int:
    from lmnotes.runs import editions

    given = (options.edition, options.output, options.minutes, options.profile)
    print(editions.write(options.name, *given))
    return 0


def _lab(options: argparse.Namespace) -> int:
    from lmnotes.runs import lab

    is_option = [name.startswith("-") for name in options.names]
    n_names = [*is_option, True].index(True)
    lab.start(options.names[:n_names], options.fresh, options.names[n_names:])
    return 0  # only in tests, which do not become JupyterLab


def _data(options: argparse.Namespace) -> int:
    from lmnotes.text import downloads

    for name in options.names:
        print(downloads.fetch(name))
    if not options.names:
        _print_columns(downloads.listing())
        print(f"\nfiles lie in {downloads.folder()}, under the last part of their address")
    return 0


def _map(options: argparse.Namespace) -> int:
    from lmnotes import map_command

    map_command.draw(options)
    return 0


def _cache(options: argparse.Namespace) -> int:
    from lmnotes.runs import cache

    if options.action:
        print(f"{cache.prune(options.kinds) / 1e6:,.1f} MB freed")
    else:
        _print_columns(cache.sizes())
    return 0


def _report(options: argparse.Namespace) -> int:
    from lmnotes.runs import gallery

    print(gallery.write())
    return 0


def _status(options: argparse.Namespace) -> int:
    from lmnotes.models.runner import command
    from lmnotes.runs import record as records

    if options.time:
        _print_columns(records.where_time_went())
        return 0
    if ledgers := command.status():
        _print_columns(ledgers)
        print()
    rows = [("notebook", "run", "profile", "status", "seconds", "started", "")]
    for record in records.everything():
        seconds = f"{record['seconds']:.0f}" if "seconds" in record else ""
        started = record["started"][:16].replace("T", " ")
        about = [record[name] for name in ("notebook", "run_id", "profile", "status")]
        rows.append((*about, seconds, started, record.get("failure", {}).get("error", "")[:240]))
    if len(rows) == 1:
        print("no runs yet: lmnotes run --all")
    else:
        _print_columns(rows)
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


def _print_columns(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
