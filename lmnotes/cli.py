"""The command line: `lmnotes run | list | describe | lab | class | score | map | status | ...`.

What a command does stands with what it uses: notebooks in `runs.command`, models in
`models.runner.command`, the map in `map_command`; here are those that use several rooms.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence

import lmnotes
from lmnotes import options as common
from lmnotes.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 a run failed or a twin differs, 2 wrong input, 130 interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    from lmnotes import store

    try:
        if options.print_completion:
            print(_completion(parser, options.print_completion))
            return 0
        if "command" not in options:
            parser.print_help()
            return 0
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
    except BrokenPipeError:  # whoever read it, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("lmnotes: interrupted; the same command starts it again", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    from lmnotes.models.runner import command as scoring
    from lmnotes.runs import command as runs

    what = "Run research notebooks again: figures, tables, claims and their records."
    parser = argparse.ArgumentParser(prog="lmnotes", description=what)
    version = f"lmnotes {lmnotes.__version__}"
    parser.add_argument("--version", action="version", version=version)
    what = "a script for bash or zsh by which the Tab key completes what is typed"
    shells = ["bash", "zsh"]
    parser.add_argument("--print-completion", choices=shells, metavar="SHELL", help=what)
    commands = parser.add_subparsers(metavar="command")
    runs.add_commands(commands)

    score = commands.add_parser("score", help="log-likelihoods of texts under many models")
    scoring.add_arguments(score)
    score.set_defaults(command=scoring.score)
    _add_map(commands.add_parser("map", help="the map of scored models: tables, page, figure"))

    of_data = "named downloads, and where they lie; fetch some; freeze the installed text"
    data = commands.add_parser("data", help=of_data, description=of_data)
    what = "fetch downloads (a file by hand is checked); freeze: all installed text into one file"
    data.add_argument("action", nargs="?", choices=["fetch", "freeze"], help=what)
    names = "of downloads; for freeze the new file (lmnotes-text.zip)"
    data.add_argument("names", nargs="*", metavar="NAME", help=names)
    data.set_defaults(command=_data)

    status = commands.add_parser("status", help="list all runs and ledgers")
    where = "where the time of the last run of each notebook went"
    group = status.add_mutually_exclusive_group()
    group.add_argument("--time", action="store_true", help=where)
    common.add_json(group)
    status.set_defaults(command=_status)
    return parser


def _add_map(parser: argparse.ArgumentParser) -> None:
    from lmnotes.models.runner import command

    add = parser.add_argument
    what = "a ledger's folder or name; a list, csv or folder of models; or a matrix"
    add("models", metavar="MODELS", help=what)
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
    command.add_texts(parser)
    parser.set_defaults(command=_map)


def _completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script for a shell: it knows commands, options, notebooks, profiles, ledgers, files."""
    try:
        import shtab
    except ImportError:
        given = f"--print-completion {shell} was given, and the package shtab is not installed"
        then = "pip install 'lmnotes[completion]'"
        raise InputError(f"{given}; expected it, as it writes the script: {then}") from None
    from lmnotes.models.ledger import ledger
    from lmnotes.notebook import card

    kinds = {"FOLDER": shtab.DIRECTORY, "FILE": shtab.FILE, "TABLE": shtab.FILE}
    kinds |= {"MODEL": shtab.FILE, "MODELS": {shell: "_lmnotes_ledgers"}}
    words = {"01": [path.stem[:2] for path in card.notebooks()], "PROFILE": [*card.PROFILES]}
    parsers = [parser]
    for each in parsers:  # the list grows by those of the commands
        for action in each._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
            elif action.metavar in words:
                action.choices = words[action.metavar]
            elif action.metavar in kinds:
                vars(action)["complete"] = kinds[action.metavar]
    names = f"$(cd {shlex.quote(str(ledger.home()))} 2>/dev/null && ls)"
    ledgers = {
        "bash": f'_lmnotes_ledgers() {{ compgen -W "{names}" -- "$1"; compgen -f -- "$1"; }}',
        "zsh": f"_lmnotes_ledgers() {{ compadd -- {names}; _files; }}",
    }
    return shtab.complete(parser, shell, preamble=ledgers[shell])


def _data(options: argparse.Namespace) -> int:
    from lmnotes.text import downloads, freezing

    if options.action == "freeze":
        print(freezing.report(*options.names))
        return 0
    if not options.action:
        common.print_columns(downloads.listing())
        print(f"\nfiles lie in {downloads.folder()}, under the last part of their address")
    elif not options.names:
        then = "lmnotes data lists them"
        raise InputError(f"no name was given to fetch; expected those of downloads: {then}")
    for name in options.names:
        print(downloads.fetch(name))
    return 0


def _map(options: argparse.Namespace) -> int:
    from lmnotes import map_command

    map_command.draw(options)
    return 0


def _status(options: argparse.Namespace) -> int:
    from lmnotes.models.runner import command
    from lmnotes.runs import record as records

    if options.time:
        common.print_columns(records.where_time_went())
        return 0
    ledgers, runs = command.status(), [records.told(entry) for entry in records.everything()]
    if options.json:
        common.print_json({"ledgers": ledgers, "runs": runs})
        return 0
    if ledgers:
        common.print_columns(command.status_rows(ledgers))
        print()
    rows = [("notebook", "run", "profile", "status", "seconds", "started", "")]
    for run in runs:
        seconds = "" if run["seconds"] is None else f"{run['seconds']:.0f}"
        about = [run[name] for name in ("notebook", "run_id", "profile", "status")]
        started = run["started"][:16].replace("T", " ")
        rows.append((*about, seconds, started, run["error"]))
    if len(rows) == 1:
        print("no runs yet: lmnotes run --all")
    else:
        common.print_columns(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
