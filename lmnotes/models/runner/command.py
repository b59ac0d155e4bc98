"""`lmnotes score`, and what `lmnotes status` says of ledgers: core, for the command line."""

import argparse
import re
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lmnotes.errors import InputError
from lmnotes.options import add_verbosity, add_workers

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    from lmnotes.text.chunks import TextSet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of `lmnotes score`."""
    add = parser.add_argument
    what = "a hub id, a saved model, a folder of models, or a list or table of these"
    add("models", nargs="+", metavar="MODEL", help=what)
    add_texts(parser)
    columns = "model, text, text_id, domain, log_likelihood_nats, n_tokens, n_bytes"
    what = f".csv or .parquet to write, with a row for each model and text: {columns}"
    add("--output", type=Path, metavar="FILE", help=what)
    add("--plan", action="store_true", help="say what would be scored and fetched; start nothing")
    add("--shard", metavar="I/N", help="score the I-th of N parts of the list, for job arrays")
    add_workers(parser, "models at a time on each device (1)", "--slots", 1)
    add("--device", default="all", help="all (the default), cpu, or such as cuda:0,cuda:1")
    add("--time-limit", type=float, default=3600, metavar="S", help="seconds for a model (3600)")
    add("--attempts", type=int, default=3, metavar="N", help="after a fault that may pass (3)")
    add("--tokens-per-batch", type=int, metavar="N", help="at most (what suits the device)")
    add("--retry-failed", action="store_true", help="also what an earlier run recorded as failed")
    add("--evict", action="store_true", help="remove a hub model's files when it is scored")
    add("--disk", type=size, metavar="BYTES", help="fetch ahead up to these, such as 50GB (90 %%)")
    add("--no-ahead", action="store_true", help="start no model while another is scored")
    add("--verify", action="store_true", help="read every byte of local models again")
    add("--trust-remote-code", action="store_true", help="run code from models' own repositories")
    quiet = "only what failed, and where the ledger is"
    add_verbosity(parser, quiet, "also every model whose row is kept")


def add_texts(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments that name a ledger: its texts, its rule, its folder."""
    add = parser.add_argument
    add("--texts", default="installed", metavar="NAME", help="installed, pile10k, or a path")
    add("--field", default="text", metavar="NAME", help="of .jsonl, .parquet or .csv (text)")
    add("--size", type=int, default=1024, metavar="BYTES", help="of a text at most (1024)")
    add("--minimum", type=int, metavar="BYTES", help="of a text at least (a quarter and 1)")
    add("--per-domain", type=int, metavar="N", help="texts drawn from each domain (all)")
    add("--rule", default="", help="such as 'bos=always truncate=512 dtype=bfloat16'")
    add("--ledger", metavar="FOLDER", help="of the rows, if not with the artefacts")


def load_texts(options: argparse.Namespace) -> "TextSet":
    """The texts that the arguments of `add_texts` name."""
    from lmnotes.text import chunks

    same = {name: getattr(options, name) for name in ("size", "minimum", "per_domain", "field")}
    return chunks.load(options.texts, **same)


def size(text: str) -> int:
    """The bytes of a size on a disk.

    >>> size("50GB"), size("1.5 kB"), size("7")
    (50000000000, 1500, 7)
    """
    if not (match := re.fullmatch(r"([\d.]+)\s*([kMGT]?)B?", text.strip(), re.IGNORECASE)):
        raise ValueError(f"{text!r} is no size")  # of which argparse tells the user
    return int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " "))


def score(options: argparse.Namespace) -> int:
    """The exit code: 0 where every model of the list, or of its shard, has a row, else 1."""
    from lmnotes import store
    from lmnotes.models.ledger import ledger
    from lmnotes.models.runner import listing, plan, runner
    from lmnotes.models.scoring import failures

    file = options.output
    if file and (file.suffix not in (".csv", ".parquet") or not file.parent.is_dir()):
        wanted = "the name of a .csv or .parquet file in a folder that is there"
        raise InputError(f"--output {file} was given; expected {wanted}: name another")
    table = listing.listed(options.models)
    wanted, models = listing.rule_for(table, options.rule), list(table["folder"])
    texts = load_texts(options)
    rows = ledger.open(texts, wanted, options.ledger)
    sizes = f"{len(models)} models, {len(texts):,} texts"
    if options.verbosity >= 0:
        print(f"{sizes} of {rows.name}, {rows.rule.name}", flush=True)
    same = ("workers", "shard", "attempts", "tokens_per_batch", "retry_failed", "evict", "disk")
    settings = {name: getattr(options, name) for name in (*same, "verify", "trust_remote_code")}
    settings["ahead"] = not options.no_ahead
    settings["devices"] = options.device if options.device == "all" else options.device.split(",")
    say = partial(_say, options.verbosity)
    settings |= {"time_limit_s": options.time_limit, "progress": say}
    if options.plan:
        print(plan.told(models, rows, settings))
        return 0
    done = runner.score(models, rows, **settings)
    said = ", ".join(f"{n} {status}" for status, n in Counter(done["status"]).items())
    print(f"{said or 'nothing to do'}; ledger: {rows.folder}")
    print(failures.told(done["kind"]), end="")
    failed = done["status"].str.startswith("failed").any()
    if (done["status"] == "failed before").any():
        print("what failed before is tried again with --retry-failed")
    if file:
        chosen = table.iloc[runner.take_shard(range(len(table)), options.shard)]
        long = listing.long_table(chosen, rows)
        with store.replacing(file) as partial_file:
            write = long.to_csv if file.suffix == ".csv" else long.to_parquet
            write(partial_file, index=False)
        print(f"{long['model'].nunique()} of {len(chosen)} models: {file}")
    return int(failed)


def _say(verbosity: int, line: str) -> None:
    """Print a line of `runner.score`, where what it says is of this verbosity."""
    if verbosity >= (-1 if ": failed" in line else 1 if line.endswith(": kept") else 0):
        print(line, flush=True)


def status() -> list[dict]:
    """Of each ledger its name, folder, texts, n_texts, rule, n_rows and failed, counts by kind; of
    one that cannot be read all but its name and folder are None."""
    from lmnotes.models.ledger import ledger

    names, every = ("texts", "n_texts", "rule", "n_rows", "failed"), []
    for folder in sorted(ledger.home().glob("*/")):
        values: tuple = (None,) * len(names)
        with suppress(InputError, ValueError, KeyError, TypeError):
            rows = ledger.open_folder(folder)
            failed = dict(Counter(rows.failures()["kind"]).most_common())
            values = (rows.name, rows.n_texts, rows.rule.name, len(rows), failed)
        about = {"name": folder.name, "folder": str(folder)}
        every.append(about | dict(zip(names, values, strict=True)))
    return every


def status_rows(ledgers: list[dict]) -> list[tuple[str, ...]]:
    """`status` as columns of text, under their names."""
    lines: list[tuple[str, ...]] = [("ledger", "texts", "rule", "rows", "failed")]
    for about in ledgers:
        if about["rule"] is None:
            lines.append((about["name"], "", "it cannot be read", "", ""))
            continue
        failed = ", ".join(f"{n} {kind}" for kind, n in about["failed"].items()) or "0"
        texts = f"{about['n_texts']} of {about['texts']}"
        lines.append((about["name"], texts, about["rule"], str(about["n_rows"]), failed))
    return lines
