"""Dated text whose drugs and genes stand as tokens: PubTator annotations, tables, yearly corpora.

A token is a lower-cased run of letters and digits, joined by `_`: `gene_43` and
`chemical_mesh_d000241` stay whole, where `tokenise` would cut them in two.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, nearest
from lmnotes.papers.drug_gene_analogy.table_checks import frame, plain, shown_rows
from lmnotes.papers.drug_gene_analogy.table_checks import years as checked_years
from lmnotes.text import corpus as assemble
from lmnotes.text import readers
from lmnotes.text.corpus import Corpus
from lmnotes.text.tokenise import WORD

VERSION = 2  # of the tokens; part of the key of a stored corpus
Record = dict  # title, year, text
_TOKEN = re.compile(rf"{WORD}(?:_{WORD})*")
_MOST_SHIFT = 20  # characters
_TYPES = ("gene", "chemical", "disease", "species", "cellline")
_NO_CONCEPT = re.compile(rf"(?<=\d)\(tax:\d+\)|\b(?:{'|'.join(_TYPES)})_-1?(?!\w)")


@dataclass(frozen=True, eq=False)
class DatedText:
    """A corpus in order of years; `until` gives what was written by then.

    Args:
        corpus: documents in order of years. years: (n_documents,) of each.
        dropped: reason, n_rows: what was read and left out, left as plain words, or moved.
    """

    corpus: Corpus
    years: np.ndarray
    dropped: dict[str, int]

    def until(self, year: int) -> Corpus:
        """All documents up to a year, as a corpus with its own vocabulary and counts."""
        n_documents = int(np.searchsorted(self.years, year, side="right"))
        if not n_documents:
            given = f"{self.corpus.name} has nothing up to {year}"
            then = "ask for that year or a later one"
            raise InputError(f"{given}: its first document is of {self.years[0]}; {then}")
        part = self.corpus.head(int(self.corpus.offsets[n_documents]))
        return replace(part, name=f"{self.corpus.name} up to {year}")


def tokens(text: str) -> list[str]:
    """The tokens of a text, concepts whole; without a taxon behind one, or the id -1 of none.

    >>> tokens("Chemical_MESH_D000241 binds gene_134, the A1-receptor.")
    ['chemical_mesh_d000241', 'binds', 'gene_134', 'the', 'a1', 'receptor']
    """
    return _TOKEN.findall(_NO_CONCEPT.sub("", unicodedata.normalize("NFC", text.lower())))


def build(name: str, records: Iterable[Record], dropped: Counter | None = None) -> DatedText:
    """The dated text of records with `year` and `text`, in memory: five bytes a token.

    dropped: what reading the records leaves out, counted while they come.

    >>> dated = build("two", [{"year": 1999, "text": "gene_2 b"}, {"year": 1990, "text": "gene_1"}])
    >>> dated.years.tolist(), dated.until(1995).words
    ([1990, 1999], ['gene_1'])
    """
    ids, dropped = {}, Counter() if dropped is None else dropped
    parts, lengths, titles, years = [], [], [], []
    for record in records:
        words = tokens(record["text"] or "")
        if not words:
            dropped["no word"] += 1
            continue
        parts.append(np.array([ids.setdefault(word, len(ids)) for word in words], np.int32))
        lengths.append(len(words))
        titles.append(str(record.get("title") or ""))
        years.append(record["year"])
    if not parts:
        given = f"{name} holds no document with a word and a year; expected some"
        raise InputError(f"{given}; look whether this is the right file (dropped: {dict(dropped)})")
    order = np.argsort(np.array(years), kind="stable")
    text = np.concatenate([parts[i] for i in order])
    lengths = [lengths[i] for i in order]
    row = {"name": name, "domain": "biomedical", "n_documents": len(lengths)}
    row |= {"n_tokens": len(text), "n_bytes": 0, "n_repeats_removed": 0, "sha256": ""}
    fields = assemble.finished(text, list(ids), np.zeros(len(text), np.uint8), lengths)
    fields |= {"titles": [titles[i] for i in order], "sources": pd.DataFrame([row])}
    corpus = Corpus(name, document_source=np.zeros(len(lengths), np.int32), **fields)
    return DatedText(corpus, np.array(years)[order], dict(dropped))


def stored(name: str, key: Mapping, records: Callable[[], Iterable[Record]]) -> DatedText:
    """The dated text of `records()`, built once and stored under `key`."""

    def write(folder: Path) -> None:
        dated = build(name, records())
        dated.corpus.save(folder)
        np.save(folder / "years.npy", dated.years)
        (folder / "dropped.json").write_text(json.dumps(dated.dropped))

    folder = store.build("dated_text", {**key, "name": name, "tokens": VERSION}, write)
    dropped = json.loads((folder / "dropped.json").read_text())
    return DatedText(Corpus.open(folder), np.load(folder / "years.npy"), dropped)


def read(path: str | Path, years: str | Path | Mapping[str, int] | None = None) -> DatedText:
    """The dated text of a file: `.jsonl` or `.tsv` with text and year, or PubTator's format.

    Args:
        path: `.jsonl` (an object a line with text, year and perhaps title), `.tsv` (columns of
            these names), or `.pubtator` / `.txt` (lines `id|t|title`, `id|a|abstract`, then
            annotations).
        years: of PubTator's documents: identifier -> year, or a table with columns id and year.

    Raises InputError, with row numbers, for a year that is none or a line that cannot be read.
    """
    path, dropped = Path(path).expanduser(), Counter()
    if not path.is_file():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        given = f"there is no file {path}: expected .jsonl, .tsv or .pubtator with dated text"
        raise InputError(f"{given}; {nearest(path.name, beside) if beside else 'check the path'}")
    tagged = readers.kind(path) in (".jsonl", ".tsv")
    records = _tagged(path) if tagged else pubtator(path, _years(years), dropped)
    return build(path.stem, records, dropped)


def _tagged(path: Path) -> Iterator[Record]:
    """The records of a .jsonl or .tsv file, their years checked."""
    wrong = []
    is_json = readers.kind(path) == ".jsonl"
    for line, record in readers.json_lines(path) if is_json else _tab_lines(path):
        missing = [name for name in ("text", "year") if name not in record]
        if missing:
            raise InputError(
                f"{path.name}, row {line}: no {' and no '.join(missing)} among "
                f"{', '.join(map(repr, record))}; expected both; name the fields so"
            )
        if not isinstance(record["text"] or "", str):
            given = f"{path.name}, row {line}: the text is {str(record['text'])[:60]}"
            raise InputError(f"{given}; expected a string; mend or remove it")
        year = str(record["year"]).strip()
        if not re.fullmatch(r"[12]\d{3}(\.0)?", year):
            wrong.append((line, record["year"]))
            continue
        if not wrong:
            yield {**record, "year": int(year[:4])}
    if wrong:
        given = f"{path.name}: {len(wrong):,} years are no years: {shown_rows(wrong)}"
        raise InputError(f"{given}; expected whole numbers such as 1990; mend or remove these rows")


def _tab_lines(path: Path) -> Iterator[tuple[int, dict]]:
    head = None
    for line, text in enumerate(readers.lines(path), start=1):
        cells = text.split("\t")
        head = head or cells
        if len(cells) != len(head):
            given = f"{path.name}, row {line}: {len(cells)} cells"
            raise InputError(f"{given}; expected {len(head)}, as in the first line; mend it")
        if line > 1:
            yield line, dict(zip(head, cells, strict=True))


def _years(source: str | Path | Mapping[str, int] | None) -> Mapping[str, int]:
    """Identifier -> year, from a mapping or a table with columns id and year."""
    if isinstance(source, Mapping):
        wrong = [name for name, year in source.items() if not isinstance(year, int | np.integer)]
        if wrong:
            raise InputError(
                f"{len(wrong):,} years are no whole numbers, such as {source[wrong[0]]!r} of "
                f"{wrong[0]!r}; expected years such as 1990; mend or remove these"
            )
        return {str(name): year for name, year in source.items()}
    if source is None:
        raise InputError(
            "PubTator's format holds no years: expected years=, identifier -> year or a .tsv with "
            "columns id and year; give one"
        )
    table = frame(source, "years", ("id", "year"))
    dated = checked_years(table, "years").dropna()
    return dict(zip(table.id[dated.index], dated.astype(int), strict=True))


def pubtator(path: Path, years: Mapping[str, int], dropped: Counter) -> Iterator[Record]:
    """The documents of a PubTator file, one at a time, each mention replaced by its concepts.

    Offsets that stand off the text by the same number in all of a title, or an abstract, are moved;
    other mentions that the text does not have at their place stay words.

    Args:
        dropped: counts documents without a year, lines of relations by their kind, mentions that
            were moved, and those left as words: misplaced, without an identifier, of another type,
            within another.

    >>> import tempfile
    >>> lines = ["7|t|Aspirin", "7|a|A drug.", "7\\t0\\t7\\tAspirin\\tChemical\\tMESH:D001241"]
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write("\\n".join(lines)), file.flush()
    ...     next(pubtator(Path(file.name), {"7": 1990}, Counter()))["text"]
    'chemical_mesh_d001241  A drug.'
    """
    lines = ((n, text) for n, text in enumerate(readers.lines(path), start=1) if text.strip())
    for name, rows in groupby(lines, lambda line: re.split(r"[|\t]", line[1], maxsplit=1)[0]):
        parts, mentions = {"t": "", "a": ""}, []
        for line, text in rows:
            cells = text.split("\t")
            if head := re.match(r"[^|\t]+\|([ta])\|(.*)", text):
                parts[head[1]] = head[2]
            elif len(cells) > 3 and cells[1].isdecimal() and cells[2].isdecimal():
                mentions.append((int(cells[1]), int(cells[2]), *[*cells[3:6], "", ""][:3]))
            elif len(cells) in (4, 5) and cells[1].strip():
                dropped[f"relation {cells[1]}"] += 1
            else:
                given = f"{path.name}, row {line}"
                wanted = (
                    "`id|t|title`, `id|a|abstract`, or an annotation with start and end; mend it"
                )
                raise InputError(f"{given}: {text[:60]!r}; expected {wanted}")
        if name in years:
            text = f"{parts['t']} {parts['a']}"
            halves = [
                [m for m in mentions if (m[1] <= len(parts["t"])) == t] for t in (True, False)
            ]
            mentions = [mention for half in halves for mention in _moved(text, half, dropped)]
            text = _with_concepts(text, mentions, dropped)
            yield {"title": name, "year": years[name], "text": text}
        else:
            dropped["document without a year"] += 1


def _moved(text: str, mentions: list[tuple], dropped: Counter) -> list[tuple]:
    """Mentions of a title or an abstract, by the shift at which most of them stand in the text."""

    def n_standing(shift: int) -> int:
        return sum(_stands(text, m[0] + shift, m[1] + shift, m[2]) for m in mentions)

    if n_standing(0) == len(mentions):
        return mentions
    shift = max(sorted(range(-_MOST_SHIFT, _MOST_SHIFT + 1), key=abs), key=n_standing)
    if shift:
        dropped["mention moved by a constant shift"] += n_standing(shift)
    return [(start + shift, end + shift, *cells) for start, end, *cells in mentions]


def _stands(text: str, start: int, end: int, words: str) -> bool:
    """Whether a text has these words at this place, in any case; a file may leave them out."""
    fits = 0 <= start < end <= len(text)
    return fits and (not words or text[start:end].lower() == words.lower())


def _with_concepts(text: str, mentions: list[tuple], dropped: Counter) -> str:
    """The text of a document with concepts in place of mentions."""
    parts, done = [], 0
    for start, end, words, kind, identifiers in sorted(mentions, key=lambda m: (m[0], -m[1])):
        names = [plain(name).lower() for name in re.split(r"[;,|]", identifiers)]
        if kind.lower() not in _TYPES:
            dropped["mention of another type"] += 1
        elif not any(names):
            dropped["mention without an id"] += 1
        elif not _stands(text, start, end, words):
            dropped["mention that the text has not at its place"] += 1
        elif start < done:
            dropped["mention within another"] += 1
        else:
            names = [re.sub(r"\W+", "_", name).strip("_") for name in names if name]
            gap = re.sub(r"\w$", r"\g<0> ", text[done:start])  # a mention may begin inside a word
            parts += [gap, " ".join(f"{kind.lower()}_{n}" for n in names), " "]
            done = end
    return "".join(parts) + text[done:]
