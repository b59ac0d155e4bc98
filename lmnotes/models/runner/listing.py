"""Models of one's own: a list, a table or a folder of them, scored as one matrix with its failures.

table = runner.listed("models.csv")
scored = runner.scored(table, texts, rule="bos=always", folder="/shared/ledger")
scored.matrix, scored.failures
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError, Shown
from lmnotes.models import models_about
from lmnotes.models.ledger import ledger, row
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.runner import runner
from lmnotes.models.scoring import forms, identity
from lmnotes.models.scoring.failures import ADVICE
from lmnotes.models.scoring.rule import Rule
from lmnotes.models.scoring.rule import read as read_rule
from lmnotes.text import readers
from lmnotes.text.chunks import TextSet

_TABLES = (".csv", ".tsv", ".parquet")
_LONG = ("model", "text", "text_id", "domain", "log_likelihood_nats", "n_tokens", "n_bytes")
_THEN = ADVICE | {"not scored": "lmnotes score with the same texts and rule, or --score"}


@dataclass(frozen=True, eq=False, repr=False)
class Scored(Shown):
    """Some models' log-likelihoods, and what became of the others.

    matrix: of those that have a row, the columns of their table joined; failures: model, label,
    kind, reason, what to do; inputs: model, id, dtype and what became of it, for a run's record.
    """

    matrix: LikelihoodMatrix
    failures: pd.DataFrame
    inputs: list[dict]


def listed(models: str | Path | Sequence[str | Path], fill: bool = True) -> pd.DataFrame:
    """The models that a file lists or a folder holds, one per row.

    Args:
        models: a hub id; a list, in which a line is a hub id, `id@revision` or a folder, and `#` at
            its start or after a blank begins a comment; or a table of `models_about.read` with such
            a column `model` and perhaps revision, family, parent, date, size, dtype, and any
            others; or a saved model, or a folder of them; or several of these. Folders are seen
            from here or the file.
        fill: whether a model without a family is one of its own, and lineages are worked out.

    Columns: model (a name of its own), label (short), written (as the file has it), folder (what
    loads it: a path, or hub id and revision), family (each its own where none is given), parent (""
    where none is known), lineage (the family of the first ancestor), n_parameters for size,
    created_at for date; and all others as they are, scores and words.
    A model that is there twice counts once. Raises InputError for what is no model, and where there
    is nothing to score.
    """
    given = [models] if isinstance(models, str | Path) else models
    table = pd.concat([_placed(Path(path)) for path in given], ignore_index=True)
    table = table[~table["folder"].duplicated()].copy()
    places, written = list(table["folder"]), table["written"]
    above = _distinct(["/".join(Path(place).parts[-2:]) for place in places], places)
    table["model"] = _distinct([_name(place) for place in places], above)
    if "label" not in table or table["label"].isna().any() or table["label"].duplicated().any():
        table["label"] = short_names(table["model"])
    family = table.get("family", table.get("type", pd.Series(pd.NA, table.index)))
    family, own = family.astype("string").astype(object), table["model"] if fill else None
    table["family"] = family.where(family.notna(), own)
    known = dict(zip(table["label"], table["model"], strict=True))
    known |= dict(zip(written, table["model"], strict=True))
    parents = table.get("parent", pd.Series("", table.index)).astype("string").fillna("")
    table["parent"] = [known.get(parent, str(parent)) for parent in parents]
    if fill and "lineage" not in table:
        table["lineage"] = _lineages(table)
    first = ["model", "label", "written", "folder", "family", "parent", "lineage"]
    order = [name for name in first if name in table]
    return table[[*order, *table.columns.difference(order, sort=False)]].reset_index(drop=True)


def short_names(models: Sequence[str]) -> list[str]:
    """The last part of each model's name, or the whole where two share it.

    >>> short_names(["lab/small", "lab/large/", "mine/small"])
    ['lab/small', 'large', 'mine/small']
    """
    names = [str(model) for model in models]
    return _distinct([name.rstrip("/").rpartition("/")[2] for name in names], names)


def scored(
    table: pd.DataFrame,
    texts: TextSet,
    rule: str | Rule = "",
    folder: str | Path | None = None,
    progress: bool | Callable[[str], None] = True,
) -> Scored:
    """The matrix of a table of `listed`; models that the ledger has are not scored again.

    Args:
        rule: such as "bos=always truncate=512"; a dtype that it does not name is the table's.
        folder: of the ledger, by default with the artefacts; what `lmnotes score` wrote is found.

    Raises InputError where the table asks for several dtypes, as a matrix has one rule, and where
    no model could be scored.
    """
    rows = ledger.open(texts, rule_for(table, rule), folder or None)
    runner.score(list(table["folder"]), rows, progress=progress)
    return collected(table, rows)


def collected(table: pd.DataFrame, rows: ledger.Ledger) -> Scored:
    """What a ledger has of the models of a table of `listed`; none is scored.

    Raises InputError where it has none of them.
    """
    whos = [identity.identify(place) for place in table["folder"]]
    done = [rows.has(who) for who in whos]
    records = [{} if has else rows.failure(who) or {} for who, has in zip(whos, done, strict=True)]
    inputs = [
        {"model": name, "id": who.id, "dtype": rows.rule.dtype, "failed": record.get("kind", "")}
        for name, who, record in zip(table["model"], whos, records, strict=True)
    ]
    lost = []
    for model, has, record in zip(table.itertuples(), done, records, strict=True):
        if not has:
            then = _THEN[kind := record.get("kind", "not scored")]
            reason = record.get("message", "it has no row").removesuffix(f"; {then}")
            lost.append((model.model, model.label, kind, reason, then))
    failures = pd.DataFrame(lost, columns=["model", "label", "kind", "reason", "what to do"])
    if not any(done):
        first = failures.iloc[0]
        given = f"none of {len(table)} models could be scored; {first.model}: {first.reason}"
        raise InputError(f"{given}; expected one at least: {first['what to do']}")
    about = table[done].reset_index(drop=True).drop(columns="dtype", errors="ignore")
    return Scored(rows.matrix(about=about), failures, inputs)


def long_table(table: pd.DataFrame, rows: ledger.Ledger) -> pd.DataFrame:
    """Of the models of a table of `listed` that have a row in a ledger, a row for each text.

    Columns: model, text (its number in the set, from 0), text_id, domain, log_likelihood_nats (the
    sum over its scored tokens), n_tokens, n_bytes.
    """
    about = rows.texts.table
    frames = [pd.DataFrame(columns=[*_LONG])]
    for name, place in zip(table["model"], table["folder"], strict=True):
        if path := rows.find(identity.identify(place)):
            arrays, _ = row.read(path)
            values = arrays["log_likelihood"], arrays["n_tokens"]
            cells = name, about.index, about["text_id"], about["domain"], *values, about["n_bytes"]
            frames.append(pd.DataFrame(dict(zip(_LONG, cells, strict=True))))
    return pd.concat(frames[1:] or frames, ignore_index=True)


def rule_for(table: pd.DataFrame, rule: str | Rule = "") -> Rule:
    """The one rule that the models of a table are scored by."""
    dtypes = sorted(set(table["dtype"].dropna().astype(str))) if "dtype" in table else []
    names_dtype = isinstance(rule, Rule) or "dtype=" in rule
    chosen = rule if isinstance(rule, Rule) else read_rule(rule)
    if len(dtypes) > 1 or (dtypes and names_dtype and dtypes != [chosen.dtype]):
        asked = f"{', '.join(dtypes)} in the column dtype" + f" and {chosen.dtype}" * names_dtype
        then = "a matrix has one rule, so leave the column out, or make a list for each"
        raise InputError(f"{asked} were given; expected one dtype for all models: {then}")
    return read_rule(f"{rule} dtype={dtypes[0]}") if dtypes and not names_dtype else chosen


def _placed(path: Path) -> pd.DataFrame:
    """The table of a file, folder or hub id, with the columns written and folder."""
    table = _written(path)
    written = table["model"].astype(str).str.strip()
    meant = table["folder"].fillna(written) if "folder" in table else written
    places = [_place(path, *cells) for cells in zip(table.index, meant, strict=True)]
    revisions = table.pop("revision") if "revision" in table else pd.Series("", table.index)
    for k, revision in enumerate(revisions.astype("string").fillna("")):
        if revision and not Path(places[k]).exists():
            places[k] = f"{places[k].partition('@')[0]}@{revision}"
    return table.assign(written=written, folder=places)


def _written(path: Path) -> pd.DataFrame:
    """The column `model`, and all others there are, by the number of the line."""
    if saved := forms.saved_at(path):
        return pd.DataFrame({"model": [str(saved)]})
    if path.is_dir():
        if inside := [str(place) for place in sorted(path.iterdir()) if forms.saved_at(place)]:
            return pd.DataFrame({"model": inside})
        wanted = "folders with a config.json in it: name the folder that holds the saved models"
        raise InputError(f"{path} was given as a folder of models; expected {wanted}")
    if not path.is_file():
        if _is_hub_id(path):
            return pd.DataFrame({"model": [str(path)]})
        wanted = "a file that is there, a folder of saved models, or a hub id"
        then = "write one hub id or folder per line"
        raise InputError(f"{path} was given as a list of models; expected {wanted}: {then}")
    if path.suffix.lower() in _TABLES:
        table = models_about.read(path)
    else:
        lines = enumerate("".join(readers.pieces(path)).splitlines(), start=1)
        names = {number: re.split(r"(?:^|\s)#", line)[0].strip() for number, line in lines}
        table = pd.DataFrame({"model": {n: name for n, name in names.items() if name}})
    if table.empty:
        wanted = "one hub id or folder per line: add such as EleutherAI/pythia-70m"
        raise InputError(f"{path} lists no model; expected {wanted}")
    return table


def _is_hub_id(path: Path) -> bool:
    """Whether what is no path here is shaped like a hub id, and not like a path gone wrong."""
    is_list = path.suffix.lower() in (*_TABLES, ".txt", ".json", ".jsonl", ".yaml")
    if is_list or (path.parent != Path() and path.parent.exists()):
        return False
    with suppress(InputError):
        return bool(identity.identify(str(path)))
    return False


def _place(path: Path, number: int, name: str) -> str:
    """The folder that is meant, absolute, or the hub id."""
    try:
        for place in (Path(name), path.parent / name) if name else ():
            if saved := forms.saved_at(place):
                return str(saved.resolve())
            name = str(place) if place.is_dir() else name
        return identity.identify(name).model + ("@" + name.partition("@")[2]) * ("@" in name)
    except InputError as error:
        raise InputError(f"{path}, line {number}: {error}") from None


def _name(place: str) -> str:
    return identity.name_of(Path(place)) if Path(place).exists() else place.removesuffix("@main")


def _lineages(table: pd.DataFrame) -> list[str]:
    """The family of each model's first ancestor, or its name where the table does not hold it."""
    parent = dict(zip(table["model"], table["parent"], strict=True))
    family = dict(zip(table["model"], table["family"], strict=True))
    first = []
    for name in table["model"]:
        line = [name]
        while (above := parent.get(line[-1])) and above not in line:  # a circle has no first
            line.append(above)
        first.append(family.get(line[-1], line[-1]))
    return first


def _distinct(names: Sequence[str], longer: Sequence[str]) -> list[str]:
    """The names; where two are the same, the longer ones, which differ."""
    times = Counter(names)
    return [name if times[name] < 2 else long for name, long in zip(names, longer, strict=True)]
