"""`lmnotes score`, and what `lmnotes status` says of ledgers."""

import argparse
import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of `lmnotes score`."""
    add = parser.add_argument
    add("models", help="a file with a hub id or folder per line; or a folder of models")
    add("--texts", default="installed", metavar="NAME", help="installed, pile10k, or a path")
    add("--size", type=int, default=1024, metavar="BYTES", help="of a text at most (1024)")
    add("--per-domain", type=int, metavar="N", help="texts drawn from each domain (all)")
    add("--rule", default="", help="such as 'bos=always truncate=512 dtype=bfloat16'")
    add("--ledger", metavar="FOLDER", help="where the rows go, if not with the artefacts")
    add("--shard", metavar="I/N", help="score the I-th of N parts of the list, for job arrays")
    add("--slots", type=int, default=1, metavar="K", help="models at a time on each device (1)")
    add("--device", default="all", help="all (the default), cpu, or such as cuda:0,cuda:1")
    add("--time-limit", type=float, default=3600, metavar="S", help="seconds for a model (3600)")
    add("--attempts", type=int, default=3, metavar="N", help="after a fault that may pass (3)")
    add("--tokens-per-batch", type=int, default=8192, metavar="N", help="at most (8192)")
    add("--retry-failed", action="store_true", help="also what an earlier run recorded as failed")
    add("--evict", action="store_true", help="remove a hub model's files when it is scored")
    add("--verify", action="store_true", help="read every byte of local models again")
    add("--trust-remote-code", action="store_true", help="run code from models' own repositories")


def score(options: argparse.Namespace) -> int:
    """The exit code: 0 where every model of the list, or of its shard, has a row, else 1."""
    from lmnotes.models.ledger import ledger
    from lmnotes.models.runner import runner
    from lmnotes.text import chunks

    models = listed(Path(options.models))
    texts = chunks.load(options.texts, size=options.size, per_domain=options.per_domain)
    rows = ledger.open(texts, rule(options.rule), options.ledger)
    sizes = f"{len(models)} models, {len(texts):,} texts"
    print(f"{sizes} of {rows.name}, {rows.rule.name}", flush=True)
    same = ("slots", "shard", "attempts", "tokens_per_batch", "retry_failed", "evict", "verify")
    settings = {name: getattr(options, name) for name in (*same, "trust_remote_code")}
    settings["devices"] = options.device if options.device == "all" else options.device.split(",")
    settings |= {"time_limit_s": options.time_limit, "progress": partial(print, flush=True)}
    table = runner.score(models, rows, **settings)
    said = ", ".join(f"{n} {status}" for status, n in Counter(table["status"]).items())
    print(f"{said or 'nothing to do'}; ledger: {rows.folder}")
    failed = table["status"].str.startswith("failed").any()
    if (table["status"] == "failed before").any():
        print("what failed before is tried again with --retry-failed")
    return int(failed)


def listed(path: Path) -> list[str | Mapping]:
    """The models that a file lists or a folder holds.

    A line is a hub id, `id@revision` or a folder, as seen from here or from the file; `#` at its
    start or after a blank begins a comment. Raises InputError for a line that is none of these, and
    where there is nothing to score.
    """
    from lmnotes.errors import InputError
    from lmnotes.models.scoring import identity
    from lmnotes.text import readers

    if (path / "config.json").is_file():
        return [str(path)]
    if path.is_dir():
        if folders := [str(config.parent) for config in sorted(path.glob("*/config.json"))]:
            return folders
        wanted = "folders with a config.json in it: name the folder that holds the saved models"
        raise InputError(f"{path} was given as a folder of models; expected {wanted}")
    if not path.is_file():
        wanted = "a file that is there, or a folder of saved models"
        then = "write one hub id or folder per line"
        raise InputError(f"{path} was given as a list of models; expected {wanted}: {then}")
    names = []
    for number, line in enumerate("".join(readers.pieces(path)).splitlines(), start=1):
        if not (name := re.split(r"(?:^|\s)#", line)[0].strip()):
            continue
        if not Path(name).is_dir() and (path.parent / name).is_dir():
            name = str(path.parent / name)
        try:
            if not Path(name).is_dir():  # the content of folders is hashed shard by shard
                identity.identify(name)
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        names.append(name)
    if not names:
        wanted = "one hub id or folder per line: add such as EleutherAI/pythia-70m"
        raise InputError(f"{path} lists no model; expected {wanted}")
    return names


def rule(text: str):
    """The scoring rule that `bos=always dtype=bfloat16` names; what is not named is as published.

    >>> rule("truncate=512").name
    'bos=tokenizer truncate=512 dtype=float32'
    """
    from lmnotes.errors import InputError
    from lmnotes.models.scoring.rule import Rule

    try:
        given = dict(setting.split("=", 1) for setting in text.replace(",", " ").split())
        if given.get("truncate", "model") != "model":
            given["truncate"] = int(given["truncate"])
        return Rule(**given)
    except (TypeError, ValueError) as error:
        wanted = "bos=..., truncate=... and dtype=..., as 'bos=always truncate=512 special=text'"
        raise InputError(f"--rule {text!r} was given ({error}); expected {wanted}") from error


def status() -> list[tuple[str, ...]]:
    """Columns of text for each ledger, under their names; empty where there is none."""
    from lmnotes.errors import InputError
    from lmnotes.models.ledger import ledger

    lines = [("ledger", "texts", "rule", "rows", "failed")]
    for folder in sorted(ledger.home().glob("*/")):
        try:
            rows = ledger.open_folder(folder)
        except (InputError, ValueError, KeyError, TypeError):
            lines.append((folder.name, "", "it cannot be read", "", ""))
            continue
        kinds = Counter(rows.failures()["kind"])
        failed = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()) or "0"
        texts = f"{rows.n_texts} of {rows.name}"
        lines.append((folder.name, texts, rows.rule.name, str(rows.n_rows), failed))
    return lines if len(lines) > 1 else []
