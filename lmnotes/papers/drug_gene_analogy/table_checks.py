"""Tables of concepts, row by row: tokens for identifiers, numbers for years, and what is refused.

The line of a row is that of the file, whose header is line 1; of a frame, its place counted so.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError, expect_one_of, nearest
from lmnotes.text import readers

STYLES = ("lower", "bioconceptvec", "as written")
_PREFIX = {
    "lower": {"drug": "chemical_mesh_", "gene": "gene_"},
    "bioconceptvec": {"drug": "Chemical_MESH_", "gene": "Gene_"},
}
_ALIASES = {  # our column: other people's names for it
    "drug": ("drug", "mesh_id", "chemical", "chemical_id"),
    "gene": ("gene", "entrez_id", "gene_id"),
    "year": ("year", "rel_year", "first_mention_year", "first_year"),
    "concept": ("concept", "id"),
    "pathway": ("pathway", "hsa", "pathway_id"),
    "name": ("name", "symbol"),
    "snapshot": ("snapshot", "first_vocab_snapshot"),
}
_GENE = re.compile(r"(?i)gene_\d+")
_TAXON = re.compile(r"(?i)\(tax:\d+\)")  # whose gene it is, as GNormPlus adds it
_SHOWN = 5  # rows that a message names


def token(kind: str, identifier: str, style: str = "lower") -> str:
    """The token of a MeSH or Entrez identifier; one that has a `_` already is a token.

    >>> token("drug", "D000241"), token("gene", "43", "bioconceptvec")
    ('chemical_mesh_d000241', 'Gene_43')
    """
    expect_one_of("style", style, STYLES)
    if style == "as written" or "_" in identifier:
        return identifier
    identifier = identifier.strip().removeprefix("MESH:").removeprefix("mesh:")
    written = identifier.lower() if style == "lower" else identifier.upper()
    return _PREFIX[style][kind] + written


def plain(identifier: str) -> str:
    """An identifier without the taxon behind it; "" for what stands for none.

    >>> plain("43(Tax:9606)"), plain("-1")
    ('43', '')
    """
    identifier = _TAXON.sub("", identifier).strip()
    return "" if identifier in ("-", "-1") else identifier


def years(table: pd.DataFrame, what: str) -> pd.Series:
    """The column `year` as nullable integers; InputError names the rows that hold something else.

    >>> years(pd.DataFrame({"year": ["1990", ""]}), "relations").tolist()
    [1990, <NA>]
    """
    if "year" not in table:
        return pd.Series(pd.NA, index=table.index, dtype="Int64")
    text = table.year.astype("string").fillna("").str.strip().replace("<NA>", "")
    numbers = pd.to_numeric(text.astype(object), errors="coerce").astype(float)
    wrong = (text != "") & ~((numbers % 1 == 0) & numbers.between(1000, 2999))
    if wrong.any():
        given = f"{what}: {wrong.sum():,} years are no years"
        wanted = "whole numbers such as 1990, or nothing; mend these rows, or leave the cells empty"
        raise InputError(f"{given}: {_rows(table[wrong], 'year')}; expected {wanted}")
    return numbers.astype("Int64")


class Tally(Counter):
    """How many rows were dropped, by table and reason."""

    def keep(self, table: pd.DataFrame, kept: pd.Series, what: str, reason: str) -> pd.DataFrame:
        """The rows that are kept, a copy; the others are counted."""
        if n_lost := int((~kept).sum()):
            self[f"{what}: {reason}"] += n_lost
        return table[kept].copy()


def _lines(table: pd.DataFrame) -> list[int]:
    """The lines of the file that rows come from, the header being line 1."""
    return (table["line"] if "line" in table else table.index + 2).tolist()


def _rows(table: pd.DataFrame, column: str) -> str:
    return shown_rows(list(zip(_lines(table), table[column], strict=True)))


def shown_rows(wrong: Sequence[tuple[int, object]]) -> str:
    """The first lines and their values as a message names them.

    >>> shown_rows([(3, "late"), (4, "")])
    "row 3 has 'late', row 4 has ''"
    """
    more = " and others" if len(wrong) > _SHOWN else ""
    return ", ".join(f"row {line} has {value!r}" for line, value in wrong[:_SHOWN]) + more


def frame(
    source: str | Path | pd.DataFrame,
    what: str,
    needed: Sequence[str],
    optional: Sequence[str] = (),
) -> pd.DataFrame:
    """A file or frame with our names for its columns, as text, and the line of each row."""
    if isinstance(source, pd.DataFrame):
        table = source.copy()
    else:
        path = Path(source).expanduser()
        divided = "\t" if readers.kind(path) in (".tsv", ".txt") else ","
        # a gene may be called NA: nothing but an empty cell is missing
        table = readers.table(path, sep=divided, dtype=str, keep_default_na=False)
        what = f"{what}, {path.name}"
    names = {}
    for name in (*needed, *optional):
        aliases = _ALIASES.get(name, (name,))
        there = [alias for alias in aliases if alias in table and alias not in names]
        if there:
            names[there[0]] = name
        elif name in needed:
            near = nearest(name, map(str, table.columns))
            given = f"{what}: no column {name!r} among {', '.join(map(repr, table))[:200]}"
            then = f"rename the right one ({near})"
            raise InputError(f"{given}; expected one of {', '.join(aliases)}; {then}")
    lines = table["line"] if "line" in table else range(2, len(table) + 2)
    return table.rename(columns=names)[list(names.values())].assign(line=lines)


def kinds(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """The table as it is; InputError where a kind is neither drug nor gene."""
    wrong = ~table.kind.isin(["drug", "gene"])
    if wrong.any():
        given = f"{what}: {wrong.sum():,} kinds are unknown: {_rows(table[wrong], 'kind')}"
        raise InputError(f"{given}; expected 'drug' or 'gene'; mend these rows")
    return table


def tokens(table: pd.DataFrame, what: str, style: str, tally: Tally) -> pd.DataFrame:
    """The table with identifiers as tokens; rows without one dropped, malformed ones refused."""
    for column in [name for name in ("drug", "gene", "concept") if name in table]:
        cells = table[column].astype("string").fillna("").map(plain)
        table = tally.keep(table.assign(**{column: cells}), cells != "", what, f"no {column}")
        of = table.kind if column == "concept" else [column] * len(table)
        written = [token(k, i, style) for k, i in zip(of, table[column], strict=True)]
        wrong = [
            kind == "gene" and style != "as written" and not _GENE.fullmatch(name)
            for kind, name in zip(of, written, strict=True)
        ]
        if any(wrong):
            raise InputError(
                f"{what}: {sum(wrong):,} genes have no Entrez number: "
                f"{_rows(table[wrong], column)}; expected numbers such as 43, or tokens such as "
                "gene_43; give identifiers in place of symbols, or style='as written'"
            )
        table = table.assign(**{column: written})
    return table


def listed(relations: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """The concepts that the other tables name, without years."""
    parts = [pd.DataFrame({"concept": relations[k].unique(), "kind": k}) for k in ("drug", "gene")]
    parts.append(membership[["concept", "kind"]])
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def one_kind(known: pd.DataFrame, relations: pd.DataFrame, membership: pd.DataFrame) -> None:
    """Raise InputError where one concept is a drug here and a gene there."""
    pairs = pd.concat([known[["concept", "kind"]], listed(relations, membership)])
    clash = pairs.drop_duplicates().loc[lambda pair: pair.concept.duplicated(), "concept"]
    if len(clash):
        given = f"{clash.tolist()[:_SHOWN]}: named as drug and as gene"
        raise InputError(f"{given}; expected one kind for each concept; mend the tables")
