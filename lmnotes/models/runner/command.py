"""`lmnotes score`, and what `lmnotes status` says of ledgers: core, for the command line."""

import argparse
import re
from collections import Counter
from contextlib import suppress
from functools import partial

from lmnotes.errors import InputError
from lmnotes.options import add_workers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of `lmnotes score`."""
    add = parser.add_argument
    add("models", help="a list or csv of hub ids and folders; or a folder of models")
    add_texts(parser)
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


def add_texts(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments that name a ledger: its texts, its rule, its folder."""
    add = parser.add_argument
    add("--texts", default="installed", metavar="NAME", help="installed, pile10k, or a path")
    add("--size", type=int, default=1024, metavar="BYTES", help="of a text at most (1024)")
    add("--per-domain", type=int, metavar="N", help="texts drawn from each domain (all)")
    add("--rule", default="", help="such as 'bos=always truncate=512 dtype=bfloat16'")
    add("--ledger", metavar="FOLDER", help="of the rows, if not with the artefacts")


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
    from lmnotes.models.ledger import ledger
    from lmnotes.models.runner import listing, plan, runner
    from lmnotes.models.scoring import failures
    from lmnotes.text import chunks

    table = listing.listed(options.models)
    wanted, models = listing.rule_for(table, options.rule), list(table["folder"])
    texts = chunks.load(options.texts, size=options.size, per_domain=options.per_domain)
    rows = ledger.open(texts, wanted, options.ledger)
    sizes = f"{len(models)} models, {len(texts):,} texts"
    print(f"{sizes} of {rows.name}, {rows.rule.name}", flush=True)
    same = ("workers", "shard", "attempts", "tokens_per_batch", "retry_failed", "evict", "disk")
    settings = {name: getattr(options, name) for name in (*same, "verify", "trust_remote_code")}
    settings["ahead"] = not options.no_ahead
    settings["devices"] = options.device if options.device == "all" else options.device.split(",")
    settings |= {"time_limit_s": options.time_limit, "progress": partial(print, flush=True)}
    if options.plan:
        print(plan.told(models, rows, settings))
        return 0
    table = runner.score(models, rows, **settings)
    said = ", ".join(f"{n} {status}" for status, n in Counter(table["status"]).items())
    print(f"{said or 'nothing to do'}; ledger: {rows.folder}")
    print(failures.told(table["kind"]), end="")
    failed = table["status"].str.startswith("failed").any()
    if (table["status"] == "failed before").any():
        print("what failed before is tried again with --retry-failed")
    return int(failed)


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
            values = (rows.name, rows.n_texts, rows.rule.name, rows.n_rows, failed)
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
