"""Relations and pathways as KEGG has them: from the raw lists, or from a folder of cleaned tables.

The rules are those of Yamagiwa et al. 2025 as their data show them: a drug of KEGG becomes a MeSH
concept by the exact heading only; of several drugs with one heading the first counts; a gene needs
a human symbol. KEGG's tables may not be passed on, so that there is no download here: give a path.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy.relation_tables import RelationTables, checked
from lmnotes.papers.drug_gene_analogy.table_checks import Tally, frame, token

if TYPE_CHECKING:
    Source = str | Path | pd.DataFrame

_KEYS = {"drug": "mesh_id", "gene": "entrez_id"}
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
    targets: "Source",
    mapping: "Source",
    genes: "Source",
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
        raise InputError(
            f"no pair is left of {steps[0][1]:,} drugs ({tally.table().to_dict('records')}): "
            "expected some; check that the three tables belong together"
        )
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
    if vocabulary not in VOCABULARIES:
        known = " or ".join(VOCABULARIES)
        raise InputError(f"vocabulary {vocabulary!r}: expected {known}; choose one of them")
    if not (path / "relations.csv").is_file():
        raise InputError(
            f"{path} has no relations.csv: expected a folder of cleaned tables; name it, or none"
        )
    style, flag = VOCABULARIES[vocabulary], f"in_{vocabulary}"

    def part(name: str, *columns: str) -> pd.DataFrame:
        table = frame(path / f"{name}.csv", name, (*columns, flag))
        return table[table[flag] == "1"]

    pairs, years_of = part("relations", "mesh_id", "entrez_id"), _years(path)
    members = {
        "drug": part("pathway_drugs", "hsa", "mesh_id"),
        "gene": part("pathway_genes", "hsa", "entrez_id"),
    }
    pairs = pairs.merge(years_of["pairs"], on=["mesh_id", "entrez_id"], how="left")
    table = _concepts(path, pairs, members, years_of["concepts"])
    listed = [
        one.rename(columns={"hsa": "pathway", _KEYS[kind]: "concept"}).assign(kind=kind)
        for kind, one in members.items()
    ]
    listing = frame(path / "pathways.csv", "pathways", ("hsa", "name"))
    frames = {
        "relations": pairs.rename(columns={"mesh_id": "drug", "entrez_id": "gene"}),
        "concepts": table.rename(columns={"id": "concept"}),
        "membership": pd.concat(listed, ignore_index=True),
        "pathways": listing.rename(columns={"hsa": "pathway"}),
    }
    found = checked(frames, style=style)
    tokens = [token(kind, name, style) for kind, name in zip(table.kind, table.id, strict=True)]
    snapshots = pd.Series(pd.to_numeric(table.snapshot, errors="coerce").to_numpy(), tokens)
    found.concepts["snapshot"] = found.concepts.concept.map(snapshots).astype("Int64")
    return found


def _concepts(
    path: Path, pairs: pd.DataFrame, members: dict, years_of: pd.DataFrame
) -> pd.DataFrame:
    """Every drug and gene of the tables: kind, id, year, snapshot, name."""
    files = {"drug": ("drugs", "name"), "gene": ("genes", "symbol")}
    found = []
    for kind, key in _KEYS.items():
        name, label = files[kind]
        labels = frame(path / f"{name}.csv", name, (key, label)).set_index(key)[label].to_dict()
        ids = pd.concat([pairs[key], members[kind][key]]).drop_duplicates()
        table = pd.DataFrame({"id": ids, "kind": kind})
        table = table.merge(years_of, on=["kind", "id"], how="left")
        found.append(table.assign(name=[labels.get(one, one) for one in table.id]))
    return pd.concat(found, ignore_index=True)


def _years(path: Path) -> dict[str, pd.DataFrame]:
    """First years of pairs and of concepts; empty where a folder has none."""
    pairs = pd.DataFrame(columns=["mesh_id", "entrez_id", "year"])
    if (path / "relation_years.csv").is_file():
        columns = ("mesh_id", "entrez_id", "rel_year")
        pairs = frame(path / "relation_years.csv", "relation_years", columns)[list(columns)]
        pairs = pairs.rename(columns={"rel_year": "year"})
    concepts = pd.DataFrame(columns=["kind", "id", "year", "snapshot"])
    if (path / "concept_years.csv").is_file():
        columns = ("kind", "id", "first_mention_year", "first_vocab_snapshot")
        concepts = frame(path / "concept_years.csv", "concept_years", columns)[list(columns)]
        concepts.columns = ["kind", "id", "year", "snapshot"]
    return {"pairs": pairs, "concepts": concepts}
