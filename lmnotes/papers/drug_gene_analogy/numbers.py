"""The single numbers that the real tables of relations fix, and all of them by the claims' ids."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.papers.drug_gene_analogy import kegg, popularity, transe
from lmnotes.papers.drug_gene_analogy.checks import SETTINGS, VOCABULARIES, published
from lmnotes.words.analogy import tasks as relation_tasks
from lmnotes.words.analogy.relations import RelationSet

ERBB, NEUROACTIVE = "hsa04012", "hsa04080"
MODELS = {
    "gpt-3.5-turbo-0125": "gpt35",
    "gpt-4-turbo-2024-04-09": "gpt4t",
    "gpt-4o-2024-05-13": "gpt4o",
}
NEEDS = "needs the folder of real tables (parameter tables)"
PIPELINE = str.split(
    "kegg_drugs exact_heading exact_name fuzzy_heading fuzzy_name failed duplicates rebuilt"
)
SINGLE = str.split(
    "kegg_pathways listed_bcv listed_homemade median_bcv median_homemade most_genes one_target_bcv "
    "one_target_homemade most_drugs_bcv most_drugs_homemade rp_least rp_q1 rp_q2 rp_q3 rp_most "
    "largest_pathway_questions small_pathways small_pathway_questions fig2a_drugs fig2a_genes "
    "erbb_drugs erbb_genes erbb_relations erbb_targets pooled_G pooled_P1 pooled_P2 dated_pairs "
    "dated_drugs dated_genes split_train split_valid split_test split_questions split_candidates "
    "split_without_training"
)
COMPARED = ("random_gap", "year_numbers", "random_year_gap", "stored_gap")


def single_numbers(known: Mapping[str, RelationSet], tables: str | Path) -> pd.DataFrame:
    """number, value: all that fits in one number, of both vocabularies and of TransE's split.

    Beside the claims' numbers: popular_, what always listing the most popular targets achieves.
    """
    values = _pipeline(Path(tables), known["bcv"])
    values |= {"kegg_pathways": len(pd.read_csv(Path(tables) / "pathways.csv"))}
    for name, facts in known.items():
        values |= _answers(name, facts)
    values |= _pathways(known["bcv"]) | _figures(known["bcv"]) | _split(Path(tables))
    dated = known["homemade"].relations.dropna(subset="year")
    values |= {f"dated_{kind}s": dated[kind].nunique() for kind in ("drug", "gene")}
    values["dated_pairs"] = len(dated)
    return pd.DataFrame(values.items(), columns=["number", "value"])


def measured(checks: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, float, str]]:
    """Claim id, value and note for every number of the real tables; NaN where they are not given.

    checks: the tables of `checks` by name, and `facts` of `single_numbers`; may be empty.
    """
    theirs = {name: published(name) for name in ("statistics", "random", "stored", "transe")}
    names = {"train_fraction": "fraction", "MRR": "mrr", "H1": "hits1", "H10": "hits10"}
    theirs["transe"] = theirs["transe"].rename(columns=names)
    values = {}
    if checks:
        transe_rows = checks["transe"].query("filter == 'fraction'")
        values = _by_id({**checks, "transe": transe_rows}) | _compared(checks)
        values |= dict(checks["facts"].itertuples(index=False))
    single = [f"real_{name}" if name in PIPELINE else name for name in (*PIPELINE, *SINGLE)]
    for id in (*_by_id(theirs), *COMPARED, *single):
        value = float(values.get(id, math.nan))
        yield id, value, "" if math.isfinite(value) else NEEDS


def _by_id(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Claim id -> number, of tables with a number in each row."""
    values = {
        f"stat_{vocabulary}_{row['statistic']}": row[vocabulary]
        for vocabulary in VOCABULARIES
        for row in tables["statistics"].to_dict("records")
    }
    for row in tables["random"].itertuples():
        values[f"random_{row.vocabulary}_{row.direction}_{row.setting}"] = row.top1
    for row in tables["stored"].itertuples():
        values[f"{MODELS[row.model]}_{row.vocabulary}_{row.setting}"] = row.top1
    for row in tables["transe"].itertuples():
        for measure in ("mrr", "hits1", "hits10"):
            values[f"transe_{100 * row.fraction:.0f}_{measure}"] = getattr(row, measure)
    return values


def _compared(checks: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """The largest differences from the published scores, and how many counts are the same."""
    theirs = published("years")
    same = (checks["years"][theirs.columns] == theirs).drop(columns="year")
    return {
        "random_gap": _gap(checks["random"], ("top1", "top10", "mrr")),
        "year_numbers": int(same.to_numpy().sum()),
        "random_year_gap": _gap(checks["random_years"], ("top1", "top10", "mrr")),
        "stored_gap": _gap(checks["stored"], ("top1", "top10")),
    }


def _gap(table: pd.DataFrame, measures: tuple[str, ...]) -> float:
    """The largest difference from the published scores."""
    return max(float((table[m] - table[f"{m}_published"]).abs().max()) for m in measures)


def _pipeline(tables: Path, known: RelationSet) -> dict[str, float]:
    """How KEGG's lists become the relations; empty where the raw lists are not there."""
    files = [tables / f"{name}.csv" for name in ("kegg_drug_targets_raw", "kegg_to_mesh", "genes")]
    if not all(file.is_file() for file in files):
        return {}
    rebuilt = kegg.pipeline(*files)
    dropped = rebuilt.dropped.set_index("reason")
    lost = {f"real_{name}": dropped.n_rows.get(f"matched by {name}", 0) for name in PIPELINE[2:6]}
    drugs = rebuilt.steps.set_index("step")
    matched = drugs.loc["matched with a MeSH heading"]
    repeated = dropped.n_rows.get("repeated entry", 0)
    same = np.array_equal(rebuilt.relations, known.relations[["drug", "gene"]])
    return lost | {
        "real_kegg_drugs": int(drugs.n_drugs.iloc[0]),
        "real_exact_heading": int(matched.n_rows),
        "real_duplicates": int(matched.n_rows - matched.n_drugs + repeated),
        "real_rebuilt": int(same) * len(rebuilt.relations),
    }


def _answers(name: str, known: RelationSet) -> dict[str, float]:
    """Numbers of answers of the setting G, and the most popular list."""
    task = relation_tasks.build(known, "G")
    per_gene = known.relations.groupby("gene").size()
    popular = popularity.most_popular(task).scores()
    return {
        f"listed_{name}": known.membership.groupby("pathway").kind.nunique().eq(2).sum(),
        f"median_{name}": float(np.median(task.n_answers)),
        "most_genes": int(task.n_answers.max()),
        f"one_target_{name}": int((task.n_answers == 1).sum()),
        f"most_drugs_{name}": int(per_gene.max()),
    } | {f"popular_{name}_{m}": popular[m] for m in ("top1", "top10", "mrr")}


def _pathways(known: RelationSet) -> dict[str, float]:
    """Sizes of pathways of BioConceptVec's vocabulary, and pooled numbers of answers."""
    tasks = {setting: relation_tasks.build(known, setting) for setting in SETTINGS}
    sizes = tasks["P1"].training.groupby("group").size()
    asked = tasks["P1"].queries.groupby("group").size()
    tiny = sizes.index[sizes <= 5]
    return {
        "rp_least": sizes.min(),
        **{f"rp_q{quarter}": sizes.quantile(quarter / 4) for quarter in (1, 2, 3)},
        "rp_most": sizes.max(),
        "largest_pathway_questions": asked.get(NEUROACTIVE, 0),
        "small_pathways": len(tiny),
        "small_pathway_questions": asked[tiny].sum(),
    } | {f"pooled_{s}": float(task.n_answers.mean()) for s, task in tasks.items()}


def _figures(known: RelationSet) -> dict[str, float]:
    """Who stands in Figure 2: the 200 relations drawn, and the ErbB pathway."""
    rows = np.random.RandomState(0).choice(len(known), min(200, len(known)), replace=False)
    drawn, members = known.relations.iloc[rows], known.membership
    inside = members[members.pathway == ERBB].kind.value_counts()
    pairs = known.pathway_pairs()
    pairs = pairs[pairs.pathway == ERBB]
    return {
        "fig2a_drugs": drawn.drug.nunique(),
        "fig2a_genes": drawn.gene.nunique(),
        "erbb_drugs": inside.get("drug", 0),
        "erbb_genes": inside.get("gene", 0),
        "erbb_relations": len(pairs),
        "erbb_targets": pairs.gene.nunique(),
    }


def _split(tables: Path) -> dict[str, float]:
    """The split of TransE: sizes, questions, and how many of six published numbers are equal."""
    if not (tables / "kge_split_P1.csv").is_file():
        return {}
    table = transe.published_split(tables)
    sizes, test = table.split.value_counts(), transe.of_split(table, "test")
    genes, lost = [], []
    for fraction in transe.FRACTIONS:
        training = transe.of_split(table, "train", fraction)
        seen = pd.concat([training, transe.of_split(table, "valid"), test])
        genes.append(seen.gene.nunique())
        lost.append(len(set(test.pathway) - set(training.pathway)))
    return {f"split_{name}": sizes[name] for name in ("train", "valid", "test")} | {
        "split_questions": len(test[["pathway", "drug"]].drop_duplicates()),
        "split_candidates": sum(np.equal(genes, [423, 450, 465, 482, 493, 505])),
        "split_without_training": sum(np.equal(lost, [27, 10, 6, 3, 3, 2])),
    }
