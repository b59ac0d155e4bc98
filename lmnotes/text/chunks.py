"""Texts to score: byte-bounded chunks of documents, each with its domain, its file and its part.

They are cut as in "Mapping 1,000+ Language Models via the Log-Likelihood Vector": every `size`
bytes, moved left where that is inside a character; the rest goes on as the next chunk, and what is
shorter than `minimum` is left out. Files are split into parts before anything is cut.
"""

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown, expect_between, expect_one_of
from lmnotes.text import chunk_sources, downloads, frozen, installed, readers
from lmnotes.text.chunk_sources import PARTS, part_of
from lmnotes.text.readers import Document

COLUMNS = ("text_id", "domain", "source", "part", "index", "n_bytes")
_PUBLISHED = (10_000, 9_723_188)  # texts and bytes reported of pile10k, a mean of 972.3188


@dataclass(frozen=True, eq=False, repr=False)
class TextSet(Shown):
    """N different texts with a table of where each comes from.

    Args:
        texts: N strings.
        table: N rows: text_id (16 hex digits of the sha256 of the UTF-8 bytes), domain, source
            (file or document), part ("train", "evaluation", "task", or "" where not split), index
            (number of the chunk in its source), n_bytes.
        settings: how the texts were cut and drawn.
    """

    name: str
    texts: list[str]
    table: pd.DataFrame
    settings: dict

    def __len__(self) -> int:
        return len(self.texts)

    def _line(self) -> str:
        counts = f"{len(self):,} texts of {len(set(self.domains))} domains"
        return f"{self.name}, {counts}, {self.n_bytes.sum():,} bytes, id {self.content_id}"

    def _rows(self, places: list[int]) -> pd.DataFrame:
        starts = [self.texts[row][:40] for row in places]
        return self.table.iloc[places][["domain", "source", "n_bytes"]].assign(text=starts)

    @cached_property
    def content_id(self) -> str:
        """Hash of the texts in their order."""
        return sha256("".join(self.table["text_id"]).encode()).hexdigest()[:16]

    @property
    def n_bytes(self) -> np.ndarray:
        """(N,) int64, UTF-8 bytes of each text."""
        return self.table["n_bytes"].to_numpy(np.int64)

    @property
    def domains(self) -> np.ndarray:
        """(N,) the domain of each text."""
        return self.table["domain"].to_numpy(object)

    def select(self, which: Sequence[int] | np.ndarray) -> "TextSet":
        """The texts at these indices, or where an (N,) mask is true, as a set of their own."""
        which = np.asarray(which)
        if which.dtype == bool and which.shape != (len(self),):
            given = f"a mask of shape {which.shape} was given for {len(self):,} texts"
            raise InputError(f"{given}: expected ({len(self)},); build it from this set's table")
        rows = np.flatnonzero(which) if which.dtype == bool else which.astype(np.int64)
        table = self.table.iloc[rows].reset_index(drop=True)
        return TextSet(self.name, [self.texts[row] for row in rows], table, dict(self.settings))

    def head(self, n: int) -> "TextSet":
        """The first `n` texts."""
        return self.select(range(min(n, len(self))))

    def save(self, path: str | Path) -> Path:
        """Write the texts as .jsonl, a row each with its place in the table; `load` reads it."""
        path = Path(path)
        if path.suffix != ".jsonl":
            raise InputError(f"texts were to be saved as {path}: expected a name ending in .jsonl")
        rows = self.table.to_dict("records")
        with store.replacing(path) as partial, open(partial, "w", encoding="utf-8") as file:
            for row, text in zip(rows, self.texts, strict=True):
                head = {} if file.tell() else {"text_set": [self.name, self.settings]}
                file.write(json.dumps(head | row | {"text": text}, ensure_ascii=False) + "\n")
        return path


def cut(text: str, size: int = 1024) -> list[str]:
    """The text in pieces of at most `size` bytes of UTF-8, none cut inside a character.

    >>> cut("naïve café", size=4)
    ['naï', 've c', 'afé']
    """
    expect_between("size", size, low=4, then="a character may take as many bytes")
    return [piece.decode("utf-8") for piece in _pieces(text, size)]


def _pieces(text: str, size: int) -> list[bytes]:
    """`cut`, as bytes."""
    try:
        data, pieces, start = text.encode("utf-8"), [], 0
    except UnicodeEncodeError as error:
        given = f"the text {text[:40]!r} holds half a character at {error.start}"
        raise InputError(f"{given}: expected whole ones; replace it") from None
    if len(data) == len(text):  # ASCII
        return [data[start : start + size] for start in range(0, len(data), size)]
    while start < len(data):
        end = min(start + size, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        pieces.append(data[start:end])
        start = end
    return pieces


def domain_names() -> tuple[str, ...]:
    """The domains of the installed text."""
    return installed.DOMAINS


def stream(domain: str, part: str = "train") -> bytes:
    """All text of one part of an installed domain as UTF-8, files joined by a newline."""
    expect_one_of("domain", domain, domain_names())
    expect_one_of("part", part, PARTS)
    table = chunk_sources.installed_documents(domain)
    return "\n".join(table.loc[table["part"] == part, "text"]).encode()


def load(
    source: str | Path | pd.DataFrame | Iterable,
    *,
    size: int = 1024,
    minimum: int | None = None,
    part: str | None = None,
    per_domain: int | None = None,
    domains: Sequence[str] | str | None = None,
    field: str = "text",
    seed: int = 42,
) -> TextSet:
    """The chunks of a name or a path as a set of different texts.

    Args:
        source: `installed` (text that every installation carries), a file of it that `lmnotes data
            freeze` wrote, `pile10k` (the 10,000 chunks of the model map's authors), or the path of
            a `.txt`, `.jsonl` or `.parquet` file or of a folder of them; what `TextSet.save` wrote
            is taken as it stands, not cut again. Or strings, dicts, a DataFrame or a
            `datasets.Dataset`: a row may have a domain and an id.
        size: bytes in a chunk at most.
        minimum: bytes in a chunk at least; by default a quarter of `size` and one, which drops
            chunks of 256 bytes or fewer from those of 1,024.
        part: "train", "evaluation" or "task": 70, 15 and 15 % of the files by a hash of their name;
            "" takes all. By default "evaluation" of `installed`, all of anything else.
        per_domain: chunks drawn at random from each of the `domains`; fewer are among more.
        field: field or column that holds the text of `.jsonl`, `.parquet` and rows in memory.

    A chunk that occurs twice is kept once; one that also occurs in an earlier part is left out.
    Raises InputError where there is no such text or nothing is left of it.
    """
    if isinstance(source, str | Path) and frozen.is_frozen(source):
        cut = partial(load, size=size, minimum=minimum, part=part, per_domain=per_domain)
        with frozen.reading(source):
            return cut("installed", domains=domains, seed=seed)
    minimum = size // 4 + 1 if minimum is None else minimum
    is_installed = isinstance(source, str) and source == "installed"
    part = ("evaluation" if is_installed else "") if part is None else part
    expect_between("size", size, low=4, then="a character may take as many bytes")
    expect_between("minimum", minimum, 1, size, "in bytes, at most the size")
    if per_domain is not None:
        expect_between("per_domain", per_domain, low=1, then="or None for all")
    expect_one_of("part", part, ("", *PARTS))
    wanted = [domains] if isinstance(domains, str) else domains
    saved, sources, name, known = None, [], "installed", domain_names()
    if not isinstance(source, str | Path):
        name, sources = "texts", list(chunk_sources.row_documents(source, field))
        known = dict.fromkeys(row.domain for row in sources)
        if short := [row.source for row in sources if len(row.whole.encode()) < minimum]:
            given = f"{len(short):,} of {len(sources):,} rows have less than {minimum} bytes"
            warnings.warn(f"{given}, such as {short[0]}: they are left out", stacklevel=2)
    elif not is_installed:
        path, name = downloads.resolve(source)
        saved = _saved(path)
        sources = [] if saved else list(chunk_sources.file_documents(path, field))
        known = dict.fromkeys(saved.domains if saved else (row.domain for row in sources))
    for domain in wanted or ():
        expect_one_of("domain", domain, known)
    if saved:
        return saved if wanted is None else saved.select(np.isin(saved.domains, wanted))
    if is_installed:
        sources = (
            Document("", text, title, domain)
            for domain in wanted or known
            for title, _, text in chunk_sources.installed_documents(domain).to_numpy()
        )
    sources = [source for source in sources if source.domain in (wanted or known)]
    settings: dict = {"source": name, "size": size, "minimum": minimum, "part": part}
    settings |= {"per_domain": per_domain, "domains": wanted, "seed": seed}
    # each is a column of the published matrix: none is left out
    is_published = isinstance(source, str) and source == "pile10k"
    rows = _chunks(sources, size, minimum, part, keep_repeats=is_published)
    texts = _text_set(name, _drawn(rows, per_domain, seed), settings)
    if is_published and wanted is None and per_domain is None and not part:
        _check_facts(texts)
    return texts


def _chunks(
    sources: Iterable[Document], size: int, minimum: int, part: str, keep_repeats: bool = False
) -> list[tuple]:
    """Every different chunk of a part that no earlier part holds: its bytes, source and number."""
    *earlier, last = list(PARTS)[: list(PARTS).index(part) + 1] if part else [""]
    by_part: dict[str, list[Document]] = {name: [] for name in (*PARTS, "")}
    for source in sources:
        by_part[part_of(source.source) if part else ""].append(source)
    asked = {piece for source in by_part[last] for piece in _pieces(source.whole, size)}
    seen: set[bytes] = set()
    for source in (source for name in earlier for source in by_part[name]):
        seen |= asked.intersection(_pieces(source.whole, size))  # most are not: nothing is kept
    rows = []
    for source in by_part[last]:
        for index, piece in enumerate(_pieces(source.whole, size)):
            if len(piece) >= minimum and (keep_repeats or piece not in seen):
                seen.add(piece)
                rows.append((piece, source, index))
    return rows


def _drawn(rows: list[tuple], per_domain: int | None, seed: int) -> list[tuple]:
    """A number of chunks from each domain, in their old order; all where no number is given."""
    if per_domain is None:
        return rows
    places: dict[str, list[int]] = {}
    for place, (_, source, _) in enumerate(rows):
        places.setdefault(source.domain, []).append(place)
    drawn = []
    for domain, members in places.items():
        draw = np.random.default_rng([seed, *sha256(domain.encode()).digest()[:4]])
        drawn.extend(sorted(members[i] for i in draw.permutation(len(members))[:per_domain]))
    return [rows[place] for place in drawn]


def _text_set(name: str, rows: list[tuple], settings: dict) -> TextSet:
    """The set of these chunks; raises InputError where there is none."""
    if not rows:
        given = f"{name} gives no chunk of {settings['minimum']} to {settings['size']} bytes"
        given += f" in part {settings['part'] or 'all'!r}: expected at least one"
        raise InputError(f"{given}; give a smaller minimum=, another part=, or more text")
    about = [
        (_text_id(data), source.domain, source.source, settings["part"], index, len(data))
        for data, source, index in rows
    ]
    table = pd.DataFrame(about, columns=list(COLUMNS))
    return TextSet(name, [data.decode("utf-8") for data, _, _ in rows], table, settings)


def _text_id(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]


def _saved(path: Path) -> TextSet | None:
    """The set that `TextSet.save` wrote at this path, None where the file is another."""
    if readers.kind(path) != ".jsonl" or not path.is_file():
        return None
    if not next(readers.lines(path), "").startswith('{"text_set": '):
        return None
    rows = []
    for number, row in readers.json_lines(path):
        text = row.get("text")
        data = text.encode("utf-8", "replace") if isinstance(text, str) else b""
        if not {*COLUMNS} <= {*row} or _text_id(data) != row["text_id"]:
            given = f"the text is not the one that was saved as {row.get('text_id')}, or its place"
            raise InputError(f"{path}, line {number}: {given} is missing; save the set again")
        rows.append(row)
    name, settings = rows[0]["text_set"]
    return TextSet(name, [row["text"] for row in rows], pd.DataFrame(rows)[list(COLUMNS)], settings)


def _check_facts(texts: TextSet) -> None:
    """Warn where the authors' chunks are not as many, or as long, as the paper's."""
    if (len(texts), texts.n_bytes.sum()) != _PUBLISHED:
        given = f"pile10k holds {len(texts):,} texts of {texts.n_bytes.sum():,} bytes"
        expected = "expected {:,} of {:,}".format(*_PUBLISHED)
        then = f"remove it from {downloads.folder()}, then fetch it again"
        said = f"{given}, {expected}: the file is another or was cut short; {then}"
        warnings.warn(said, stacklevel=3)
