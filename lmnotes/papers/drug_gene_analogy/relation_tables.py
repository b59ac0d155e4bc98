"""Tables of drugs, genes and pathways: read, checked, and with a count of what was dropped.

`relations`   drug, gene, year      a known pair, and the first year in which a text names both
`concepts`    concept, kind, year, name      "drug" or "gene", the year of the first mention
`membership`  pathway, concept, kind      which concepts a pathway lists
`pathways`    pathway, name

Years are nullable integers. Identifiers become tokens of the text: `gene_43`,
`chemical_mesh_d000241`, or in BioConceptVec's spelling `Gene_43`, `Chemical_MESH_D000241`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy import table_checks
from lmnotes.papers.drug_gene_analogy.table_checks import Tally, tokens, years
from lmnotes.words.analogy.relations import RelationSet

Source = str | Path | pd.DataFrame


@dataclass(frozen=True, eq=False)
class RelationTables:
    """Relations, concepts, membership and pathways; `dropped` counts what was left out and why."""

    relations: pd.DataFrame
    concepts: pd.DataFrame
    membership: pd.DataFrame
    pathways: pd.DataFrame
    dropped: Mapping[str, int]

    @property
    def facts(self) -> RelationSet:
        """The relations with their concepts and pathways, as analogies take them."""
        return RelationSet(self.relations, self.concepts, self.membership)

    @property
    def symbols(self) -> dict[str, str]:
        """Concept -> how people call it."""
        return dict(zip(self.concepts.concept, self.concepts.name, strict=True))


def together(members: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of membership from one of drugs and one of genes."""
    parts = [t.rename(columns={kind: "concept"}).assign(kind=kind) for kind, t in members.items()]
    return pd.concat(parts, ignore_index=True)


def checked(frames: Mapping[str, pd.DataFrame], *, style: str = "as written") -> RelationTables:
    """The tables of frames whose columns are named as ours.

    Args:
        frames: `relations` and, optionally, `concepts`, `membership`, `pathways`. A column `line`
            holds the line of a file that a row came from.
        style: how an identifier becomes a token, see `token`.

    Raises InputError, with row numbers, where a year or an identifier is no such thing, a concept
    is both drug and gene, or nothing is left.
    """
    tally = Tally()
    relations = tokens(frames["relations"], "relations", style, tally)
    relations["year"] = years(relations, "relations")
    members = frames.get("membership", pd.DataFrame(columns=["pathway", "concept", "kind"]))
    members = tokens(table_checks.kinds(members, "membership"), "membership", style, tally)
    twice = relations.duplicated(["drug", "gene"]), members.duplicated(["pathway", "concept"])
    relations = tally.keep(relations, ~twice[0], "relations", "repeated pair")
    members = tally.keep(members, ~twice[1], "membership", "repeated member")
    if "concepts" in frames:
        known = tokens(table_checks.kinds(frames["concepts"], "concepts"), "concepts", style, tally)
        known = tally.keep(known, ~known.duplicated("concept"), "concepts", "repeated concept")
        ends = [relations[k].isin(known.concept[known.kind == k]) for k in ("drug", "gene")]
        relations = tally.keep(relations, ends[0] & ends[1], "relations", "unknown concept")
        present = members.concept.isin(known.concept)
        members = tally.keep(members, present, "membership", "unknown concept")
    else:
        known = table_checks.listed(relations, members)
    known["year"] = years(known, "concepts")
    table_checks.one_kind(known, relations, members)
    named, members = _pathways(frames.get("pathways"), members, tally)
    if relations.empty:
        given = f"no relation is left (dropped: {dict(tally)})"
        then = "check that all tables use the same identifiers"
        raise InputError(f"{given}: expected some pairs of known drugs and genes; {then}")
    known = known.assign(name=known.get("name", known.concept))
    tables = (
        relations[["drug", "gene", "year"]],
        known[["concept", "kind", "year", "name"]],
        members[["pathway", "concept", "kind"]],
        named[["pathway", "name"]],
    )
    return RelationTables(*(t.reset_index(drop=True) for t in tables), dropped=dict(tally))


def _pathways(named: pd.DataFrame | None, members: pd.DataFrame, tally: Tally) -> tuple:
    """The pathways that have members, with names, and the members of those that are named."""
    if named is None:
        named = members[["pathway"]].drop_duplicates()
    named = tally.keep(named, ~named.pathway.duplicated(), "pathways", "repeated pathway")
    present = members.pathway.isin(named.pathway)
    members = tally.keep(members, present, "membership", "unknown pathway")
    filled = named.pathway.isin(members.pathway)
    named = tally.keep(named, filled, "pathways", "empty pathway")
    return named.assign(name=named.get("name", named.pathway)), members
