"""The ledger of scored models: one immutable file each, for one text set under one rule.

A row exists or it does not; there is no half of one, and none is ever changed. Any number of
processes and machines may write to one ledger at once, for each row is a file of its own.

    scores = ledger.open(texts)
    runner.score(models, scores)
    L = scores.matrix()                 # (M, N) nats
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown
from lmnotes.models import models_about
from lmnotes.models.ledger import row
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.scoring import hub, identity
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.scoring.identity import Identity
from lmnotes.models.scoring.rule import PUBLISHED, Rule
from lmnotes.models.scoring.score import Scores
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

_DEFINITION, _TEXTS = "ledger.json", "texts.jsonl"
_CHECKSUM = "texts_sha256"  # in the definition's file
_DEFINING = ("text_set", "text_set_name", "n_texts", "rule", "rule_settings")
_FOLDERS = ("rows", "failed", "logs")
_COLUMNS = ("id", "revision", "commit", "mean_log_likelihood", "n_tokens", "n_truncated", "written")
_LEFT_BEHIND_S = 3600  # after which a file that a killed writer left is removed


@dataclass(frozen=True, repr=False)
class Ledger(Shown):
    """The rows of one text set under one rule; see `open`."""

    folder: Path
    text_set: str  # content id of the texts
    n_texts: int
    rule: Rule
    name: str  # of the text set
    _headers: dict = field(default_factory=dict, repr=False)  # by file name: rows never change

    @cached_property
    def texts(self) -> TextSet:
        """The texts, read from the ledger's own copy of them; InputError where it is damaged."""
        self.expect_texts()
        return chunks.load(self.folder / _TEXTS)

    def expect_texts(self) -> None:
        """Raise InputError where the texts are not as they were written, or are gone."""
        if not _has_texts(self.folder, _definition_in(self.folder) or self._definition()):
            given = f"{self.folder / _TEXTS} is gone, or does not hold what was written"
            then = "ledger.open(texts) with them writes it again; rows that are there stay"
            raise InputError(f"{given}; expected the texts {self.text_set} ({self.name}): {then}")

    def has(self, model: str | Path | Mapping | Identity, revision: str = "") -> bool:
        """Whether this model, as a folder or hub id, has a row."""
        return self.find(_identified(model, revision)) is not None

    def find(self, who: Identity) -> Path | None:
        """The file of a model's row, None where it has none."""
        path = self._path(who)
        if path.exists() and self._header(path) is not None:
            return path
        commit = who.revision if row.is_commit(who.revision) else hub.commit_of(who)
        for other, head in self._heads() if commit else ():  # under another name of this commit
            if (head["model"], head["commit"]) == (who.model, commit):
                return other
        return None

    def add(
        self, scores: Scores, about: Mapping | None = None, who: Identity | None = None
    ) -> Path:
        """The path of the row that holds these scores, written unless it was there already.

        Args:
            scores: of all texts of this ledger, under its rule; anything else is refused.
            about: more that is to be remembered of the model.
            who: the model; by default what `scores` names.

        Raises InputError for scores of other texts or another rule, and ScoringFailure
        (`not_a_number`) where one is NaN or +infinity.
        """
        row.check(scores, self._definition())
        if who is None and scores.revision.startswith("content-"):  # it was in memory alone
            who = Identity(scores.model, scores.model, scores.revision)
        who = who or identity.identify(scores.model, scores.revision or None)
        arrays, header = row.contents(scores, who, about or {}, self._definition())
        path = self._path(who)
        if not row.write(path, arrays, header) and self._header(path) is None:
            row.write(path, arrays, header)  # what lay there was damaged, and is set aside now
        self._failure_path(who).unlink(missing_ok=True)
        return path

    def record_failure(
        self,
        model: str | Path | Mapping | Identity,
        kind: str,
        message: str,
        attempts: int = 1,
        under: Mapping | None = None,
    ) -> None:
        """Remember that a model could not be scored; `kind` is one of `failures.KINDS`, `under` the
        settings of the run as `failures.holds_under` takes them.
        """
        who = _identified(model)
        ScoringFailure(kind, message)  # refuses an unknown kind
        record = {"model": who.name, "id": who.id, "kind": kind, "attempts": attempts}
        record |= {"message": message, "when": row.now(), "under": dict(under or {})}
        store.write_json(self._failure_path(who), record)

    def failure(self, who: Identity) -> dict | None:
        """What is recorded of a model that failed, None where nothing is."""
        return row.record(self._failure_path(who))

    def failures(self) -> pd.DataFrame:
        """The models that failed and have no row: model, id, kind, attempts, message, when."""
        done = {head["id"] for _, head in self._heads()}
        records = map(row.record, sorted((self.folder / "failed").glob("*.json")))
        left = [record for record in records if record and record["id"] not in done]
        columns = ["model", "id", "kind", "attempts", "message", "when"]
        return pd.DataFrame(sorted(left, key=lambda record: record["model"]), columns=columns)

    def __len__(self) -> int:
        """The number of models that have a row; none of them is opened for it."""
        return sum(1 for _ in (self.folder / "rows").glob("*.safetensors"))

    def __contains__(self, model: str | Path | Mapping | Identity) -> bool:
        return self.has(model)

    def _line(self) -> str:
        failed = sum(1 for _ in (self.folder / "failed").glob("*.json"))
        counts = f"{len(self):,} models x {self.n_texts:,} texts, {failed} failed"
        return f"{self.name}, {counts} ({self.text_set}, {self.rule.name}), in {self.folder}"

    def _rows(self, places: list[int]) -> pd.DataFrame:
        paths = sorted((self.folder / "rows").glob("*.safetensors"))
        heads = [head for place in places if (head := self._header(paths[place]))]
        return _labelled(heads)[["model", "mean_log_likelihood", "n_tokens", "written", "notes"]]

    def rows(self) -> pd.DataFrame:
        """The models that have a row, by name, with what is known of each."""
        return _labelled(sorted((head for _, head in self._heads()), key=lambda head: head["name"]))

    def matrix(
        self, models: Sequence | None = None, about: pd.DataFrame | None = None
    ) -> LikelihoodMatrix:
        """The log-likelihoods of models as a labelled matrix, (M, N) nats.

        Args:
            models: folders, hub ids or mappings as `runner.score` takes them, in the order wanted;
                by default the rows of `about`, else every row by name.
            about: a table with a column `model`, and `folder` where the models are local; its
                columns are added to the table of models by `models_about.join`.

        Raises InputError where one of them has no row.
        """
        wanted = self._wanted(models, about)
        heads, values, missing = [], [], []
        for name, who, path in wanted:
            if path is None:
                missing.append((name, who))
                continue
            try:
                arrays, head = row.read(path)
            except row.Damaged as fault:
                row.set_aside(path, fault)
                self._headers.pop(path.name, None)
                missing.append((name, who))
                continue
            row.check_belongs(head, self._definition(), path)
            heads.append(head | {"name": name})
            values.append(arrays["log_likelihood"])
        if missing and (models is not None or about is not None):
            whys = ((name, self.failure(who)) for name, who in missing)
            named = [f"{name} ({why['kind']})" if why else name for name, why in whys]
            given = f"{len(named)} of {len(wanted)} models have no row in {self}: {_some(named)}"
            then = "score them with runner.score, or give models= without them"
            raise InputError(f"{given}; expected a row for each: {then}")
        if not values:
            raise InputError(f"{self} has no rows; expected at least one: score a model first")
        table = _labelled(heads)
        table = table if about is None else models_about.join(table, about).models
        labels = (table, self.texts.table, self.rule.name)
        return LikelihoodMatrix(np.stack(values), *labels, text_set=self.text_set)

    def seal(
        self,
        path: str | Path,
        models: Sequence | None = None,
        about: pd.DataFrame | None = None,
    ) -> Path:
        """The one file, for release, that holds `matrix(...)`; `read_sealed` reads it anywhere."""
        from lmnotes.models.ledger import released

        return released.seal(self.matrix(models, about), Path(path))

    def _wanted(self, models, about) -> list[tuple[str, Identity, Path | None]]:
        """Name, identity and file of the rows that a matrix is to have."""
        if models is None and about is None:
            rows = sorted(self._heads(), key=lambda row: row[1]["name"])
            whos = [Identity(head["name"], head["model"], head["revision"]) for _, head in rows]
            return [(who.name, who, path) for who, (path, _) in zip(whos, rows, strict=True)]
        source = models if models is not None else self._places(about)
        whos = [identity.identify(model) for model in identity.several(source)]
        names = list(about["model"]) if models is None else [who.name for who in whos]
        return [(name, who, self.find(who)) for name, who in zip(names, whos, strict=True)]

    def _places(self, about: pd.DataFrame) -> list[str]:
        """What loads each model of a table; without folders, local ones by their names here."""
        rows = self.rows() if "folder" not in about else pd.DataFrame({"model": [], "path": []})
        known = dict(zip(rows["model"], rows["path"], strict=True))
        folders = {name: path for name, path in known.items() if Path(path).exists()}
        return [folders.get(place, place) for place in identity.places(about)]

    def _heads(self) -> list[tuple[Path, dict]]:
        paths = sorted((self.folder / "rows").glob("*.safetensors"))
        return [(path, head) for path in paths if (head := self._header(path)) is not None]

    def _header(self, path: Path) -> dict | None:
        """The header of a row; None where it is gone or damaged, which sets it aside."""
        if path.name not in self._headers:
            try:
                head = row.header(path)
                row.check_unsealed(head, self._definition(), path)
                row.check_belongs(head, self._definition(), path)
                self._headers[path.name] = head
            except FileNotFoundError:
                pass
            except row.Damaged as fault:
                row.set_aside(path, fault)
        return self._headers.get(path.name)

    def _definition(self) -> dict:
        about = {"text_set": self.text_set, "text_set_name": self.name, "n_texts": self.n_texts}
        return about | {"rule": self.rule.name, "rule_settings": asdict(self.rule)}

    def _path(self, who: Identity) -> Path:
        return self.folder / "rows" / f"{row.file_name(who)}.safetensors"

    def _failure_path(self, who: Identity) -> Path:
        return self.folder / "failed" / f"{row.file_name(who)}.json"


def open(texts: TextSet, rule: Rule = PUBLISHED, folder: str | Path | None = None) -> Ledger:
    """The ledger of these texts under this rule, made if it is not there.

    Args:
        texts: what every model is to score.
        rule: how; by default the published one.
        folder: where it lies, by default in the folder of artefacts under the ids of both.

    Raises InputError where the folder holds the ledger of other texts or of another rule.
    """
    if folder is None:
        folder = home() / f"{texts.content_id}-{store.content_id(rule.name, 8)}"
    folder = Path(folder).resolve()
    mine = Ledger(folder, texts.content_id, len(texts), rule, texts.name)
    if (definition := _definition_in(folder)) is not None:
        row.check_belongs(definition, mine._definition(), folder)
        if _has_texts(folder, definition):
            return open_folder(folder)
        warnings.warn(f"{folder / _TEXTS} was damaged or gone; written again", stacklevel=2)
    with store.writing(folder):
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
    texts.save(folder / _TEXTS)
    _write_definition(folder, mine._definition())
    return mine


def open_folder(folder: str | Path) -> Ledger:
    """The ledger that lies in a folder; its texts are read when they are asked for."""
    folder = Path(folder).resolve()
    if (definition := _definition_in(folder)) is None:
        given = f"{folder} was given as a ledger; expected a folder with a {_DEFINITION}"
        then = "make one with ledger.open(texts), or list those there are with `lmnotes status`"
        raise InputError(f"{given}: {then}")
    store.sweep(folder.glob("*/.*.partial"), _LEFT_BEHIND_S)
    return _ledger(folder, definition)


def _definition_in(folder: Path) -> dict | None:
    """What the definition in a folder says, or where it is damaged or gone what a row does."""
    path = folder / _DEFINITION
    try:
        definition = store.read_json(path)
        _ledger(folder, definition)
        return definition
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError) as fault:
        for row_path in sorted((folder / "rows").glob("*.safetensors")):
            with suppress(row.Damaged, KeyError):
                head = row.header(row_path)
                definition = {key: head[key] for key in _DEFINING}
                warnings.warn(f"{path} is taken from a row ({fault})", stacklevel=3)
                _write_definition(folder, definition)
                return definition
    return None


def _write_definition(folder: Path, definition: Mapping) -> None:
    with suppress(InputError, FileNotFoundError):  # where nothing can be written, or no texts are
        known = {_CHECKSUM: store.file_sha256(folder / _TEXTS)}
        store.write_json(folder / _DEFINITION, dict(definition) | known)


def _has_texts(folder: Path, definition: Mapping) -> bool:
    """Whether the texts in a folder are those of its definition."""
    path, known = folder / _TEXTS, definition.get(_CHECKSUM)
    with suppress(OSError, ValueError):
        if known:
            return store.file_sha256(path) == known
        if chunks.load(path).content_id == definition["text_set"]:  # of an earlier version
            _write_definition(folder, definition)
            return True
    return False


def _ledger(folder: Path, definition: Mapping) -> Ledger:
    rule, name = Rule(**definition["rule_settings"]), definition["text_set_name"]
    return Ledger(folder, definition["text_set"], definition["n_texts"], rule, name)


def home() -> Path:
    """The folder in which ledgers lie that were given no other."""
    return store.home() / "ledger"


def _identified(model: str | Path | Mapping | Identity, revision: str = "") -> Identity:
    return model if isinstance(model, Identity) else identity.identify(model, revision or None)


def _labelled(heads: Sequence[Mapping]) -> pd.DataFrame:
    """One row per header of a row file, under names that differ from each other."""
    times = Counter(head["name"] for head in heads)
    rows = []
    for head in heads:
        name = head["name"]
        if times[name] > 1:  # two checkpoints called `step100`: the folder above tells them apart
            name = "/".join(Path(head["model"]).parts[-2:])
            name += f"@{head['revision'][:16]}" if name == head["name"] else ""  # in memory
        plain = str | int | float | bool | None
        about = {key: value for key, value in head["about"].items() if isinstance(value, plain)}
        known = {"model": name} | {key: head[key] for key in _COLUMNS}
        rows.append(known | {"notes": "; ".join(head["notes"])} | about | {"path": head["model"]})
    return pd.DataFrame(rows, columns=None if rows else ["model", *_COLUMNS, "notes", "path"])


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
