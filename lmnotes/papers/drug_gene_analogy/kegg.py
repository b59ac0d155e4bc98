"""Relations and pathways as KEGG has them: from the raw lists, or from a folder of cleaned tables.

The rules are those of Yamagiwa et al. 2025 as their data show them: a drug of KEGG becomes a MeSH
concept by the exact heading only; of several drugs with one heading the first counts; a gene needs
a human symbol. KEGG's tables may not be passed on, so that there is no download here: give a path.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError, expect_one_of
from lmnotes.papers.drug_gene_analogy.relation_tables import (
    RelationTables,
    Source,
    checked,
    together,
)
from lmnotes.papers.drug_gene_analogy.table_checks import frame, token

VOCABULARIES = {"homemade": "lower", "bcv": "bioconceptvec"}  # whose words, and their spelling


def pipeline(targets: Source, mapping: Source, genes: Source) -> pd.DataFrame:
    """The relations of KEGG's drug targets by way of MeSH headings: drug, gene as tokens of
    BioConceptVec, drug by drug in KEGG's order.

    Args:
        targets: kegg_id and entrez_ids, a list divided by `/`.
        mapping: kegg_id, mesh_id, conv_method, of which only exact_heading counts.
        genes: entrez_id of every human gene with a symbol and a vector.

    Raises InputError where a column is missing or nothing is left.
    """
    raw = frame(targets, "targets", ("kegg_id", "entrez_ids")).drop_duplicates("kegg_id")
    known = frame(mapping, "mapping", ("kegg_id", "mesh_id", "conv_method")).drop(columns="line")
    known = known.drop_duplicates("kegg_id").query("conv_method == 'exact_heading'")
    human = frame(genes, "genes", ("entrez_id",)).entrez_id
    raw = raw.merge(known, on="kegg_id")
    pairs = raw.assign(gene=raw.entrez_ids.str.split("/")).explode("gene", ignore_index=True)
    pairs = pairs[pairs.gene.isin(human)]
    first = pairs.drop_duplicates("mesh_id").set_index("mesh_id").kegg_id
    pairs = pairs[pairs.kegg_id == pairs.mesh_id.map(first)].drop_duplicates(["mesh_id", "gene"])
    if pairs.empty:
        given = f"no pair is left of {len(raw):,} drugs with an exact heading"
        raise InputError(f"{given}: expected some; check that the three tables belong together")
    ends = {"drug": pairs.mesh_id, "gene": pairs.gene}
    style = VOCABULARIES["bcv"]
    return pd.DataFrame({kind: [token(kind, x, style) for x in ids] for kind, ids in ends.items()})


def folder(path: str | Path, vocabulary: str = "homemade") -> RelationTables:
    """The tables of a folder of cleaned relations, pathways and years.

    Args:
        path: holds `relations.csv`, `drugs.csv`, `genes.csv`, `pathways.csv`, `pathway_drugs.csv`,
            `pathway_genes.csv`, `relation_years.csv` and `concept_years.csv`; the last two may be
            missing, and years are empty then.
        vocabulary: whose words count, "homemade" (the authors' own vectors) or "bcv"
            (BioConceptVec): rows where the column `in_<vocabulary>` is 1.

    Concepts also have `snapshot`, the first year whose vocabulary holds them, where that is known.
    """
    path = Path(path).expanduser()
    expect_one_of("vocabulary", vocabulary, VOCABULARIES)
    if not (path / "relations.csv").is_file():
        given = f"{path} has no relations.csv"
        raise InputError(f"{given}: expected a folder of cleaned tables; name it, or none")
    style, flag = VOCABULARIES[vocabulary], f"in_{vocabulary}"

    def in_vocabulary(name: str, *columns: str) -> pd.DataFrame:
        table = frame(path / f"{name}.csv", name, (*columns, flag))
        return table[table[flag] == "1"]

    pairs = in_vocabulary("relations", "drug", "gene")
    members = {
        kind: in_vocabulary(f"pathway_{kind}s", "pathway", kind) for kind in ("drug", "gene")
    }
    years = _years(path, "relation_years", "drug", "gene", "year")
    pairs = pairs.merge(years, on=["drug", "gene"], how="left")
    table = _concepts(path, pairs, members)
    frames = {
        "relations": pairs,
        "concepts": table,
        "membership": together(members),
        "pathways": frame(path / "pathways.csv", "pathways", ("pathway", "name")),
    }
    tables = checked(frames, style=style)
    tokens = [token(*row, style) for row in table[["kind", "concept"]].itertuples(index=False)]
    snapshots = pd.Series(pd.to_numeric(table.snapshot, errors="coerce").to_numpy(), tokens)
    tables.concepts["snapshot"] = tables.concepts.concept.map(snapshots).astype("Int64")
    return tables


def _concepts(path: Path, pairs: pd.DataFrame, members: Mapping) -> pd.DataFrame:
    """Every drug and gene of the tables: kind, concept, year, snapshot, name."""
    years, kinds = _years(path, "concept_years", "kind", "concept", "year", "snapshot"), []
    for kind in ("drug", "gene"):
        names = frame(path / f"{kind}s.csv", f"{kind}s", (kind, "name")).set_index(kind)["name"]
        ids = pd.concat([pairs[kind], members[kind][kind]]).drop_duplicates()
        table = pd.DataFrame({"concept": ids, "kind": kind})
        table = table.merge(years, on=["kind", "concept"], how="left")
        names = table.concept.map(names.to_dict()).fillna(table.concept)
        kinds.append(table.assign(name=names))
    return pd.concat(kinds, ignore_index=True)


def _years(path: Path, name: str, *columns: str) -> pd.DataFrame:
    """First years of pairs or concepts; empty where a folder has none."""
    if not (path / f"{name}.csv").is_file():
        return pd.DataFrame(columns=list(columns))
    return frame(path / f"{name}.csv", name, columns).drop(columns="line")
