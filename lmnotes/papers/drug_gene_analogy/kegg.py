"""Relations and pathways as KEGG has them: from the raw lists, or from a folder of cleaned tables.

The rules are those of Yamagiwa et al. 2025 as their data show them: a drug of KEGG becomes a MeSH
concept by the exact heading only; of several drugs with one heading the first counts; a gene needs
a human symbol. KEGG's tables may not be passed on, so that there is no download here: give a path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmnotes.errors import InputError, expect_one_of
from lmnotes.papers.drug_gene_analogy.relation_tables import (
    RelationTables,
    Source,
    checked,
    together,
)
from lmnotes.papers.drug_gene_analogy.table_checks import Tally, frame, token

VOCABULARIES = {"homemade": "lower", "bcv": "bioconceptvec"}  # whose words, and their spelling


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What came out of KEGG's lists, and how much was lost at which step.

    Args:
        relations: drug, gene as tokens, drug by drug in KEGG's order.
        steps: step, n_rows, n_drugs: what was left after each.
        dropped: table, reason, n_rows, rows.
    """

    relations: pd.DataFrame
    steps: pd.DataFrame
    dropped: pd.DataFrame


def pipeline(
    targets: Source,
    mapping: Source,
    genes: Source,
    *,
    methods: tuple[str, ...] = ("exact_heading",),
    style: str = "bioconceptvec",
) -> Pipeline:
    """The relation set of KEGG's drug targets by way of MeSH headings.

    Args:
        targets: kegg_id and entrez_ids, a list divided by `/`.
        mapping: kegg_id, mesh_id, conv_method (how the two were matched).
        genes: entrez_id of every human gene with a symbol and a vector.
        methods: the ways of matching that count.

    Raises InputError where a column is missing or nothing is left.
    """
    tally, steps = Tally(), []
    raw = frame(targets, "targets", ("kegg_id", "entrez_ids"))
    known = frame(mapping, "mapping", ("kegg_id", "mesh_id", "conv_method"))
    human = set(frame(genes, "genes", ("entrez_id",)).entrez_id)
    steps.append(("drugs of KEGG with human targets", len(raw), raw.kegg_id.nunique()))
    known = known.drop_duplicates("kegg_id").drop(columns="line")
    raw = tally.keep(raw, ~raw.duplicated("kegg_id"), "targets", "repeated entry")
    raw = raw.merge(known, on="kegg_id", how="left")
    for method, part in raw.groupby(raw.conv_method.fillna("not listed"), sort=False):
        if method not in methods:
            tally.keep(part, pd.Series(False, index=part.index), "targets", f"matched by {method}")
    raw = raw[raw.conv_method.isin(methods)]
    steps.append(("matched with a MeSH heading", len(raw), raw.mesh_id.nunique()))
    pairs = raw.assign(gene=raw.entrez_ids.str.split("/")).explode("gene", ignore_index=True)
    pairs = tally.keep(pairs, pairs.gene.isin(human), "targets", "gene without a symbol or vector")
    steps.append(("with a gene of the vocabulary", len(pairs), pairs.mesh_id.nunique()))
    first = pairs.drop_duplicates("mesh_id").set_index("mesh_id").kegg_id
    of_first = pairs.kegg_id == pairs.mesh_id.map(first)
    pairs = tally.keep(pairs, of_first, "targets", "another entry has the same heading")
    pairs = pairs.drop_duplicates(["mesh_id", "gene"])
    steps.append(("first entry of each heading", len(pairs), pairs.mesh_id.nunique()))
    if pairs.empty:
        given = f"no pair is left of {steps[0][1]:,} drugs ({tally.table().to_dict('records')})"
        raise InputError(f"{given}: expected some; check that the three tables belong together")
    ends = {"drug": pairs.mesh_id, "gene": pairs.gene}
    written = {kind: [token(kind, name, style) for name in ids] for kind, ids in ends.items()}
    after = pd.DataFrame(steps, columns=["step", "n_rows", "n_drugs"])
    return Pipeline(pd.DataFrame(written), after, tally.table())


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
