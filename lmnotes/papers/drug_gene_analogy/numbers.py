"""What the real tables of relations fix, by the ids of the claims."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.papers.drug_gene_analogy import checks, kegg
from lmnotes.papers.drug_gene_analogy.checks import VOCABULARIES, published
from lmnotes.words.analogy.relations import RelationSet

MODELS = {
    "gpt-3.5-turbo-0125": "gpt35",
    "gpt-4-turbo-2024-04-09": "gpt4t",
    "gpt-4o-2024-05-13": "gpt4o",
}
NEEDS = "needs the folder of real tables (parameter tables)"
SCORED = ("random_gap", "year_numbers", "stored_gap", "real_rebuilt")


def measured(counts: Mapping[str, pd.DataFrame | float]) -> Iterator[tuple[str, float, str]]:
    """Claim id, value and note for every claim on the real tables; NaN where it has no number.

    counts: of `counted`; may be empty.
    """
    theirs = {name: published(name) for name in ("statistics", "stored", "transe")}
    names = {"train_fraction": "fraction", "MRR": "mrr", "H1": "hits1", "H10": "hits10"}
    theirs["transe"] = theirs["transe"].rename(columns=names)
    values = {}
    if counts:
        transe_rows = counts["transe"].query("filter == 'fraction'")
        values = _by_id({**counts, "transe": transe_rows}) | _compared(counts)
    for id in (*_by_id(theirs), *SCORED):
        value = float(values.get(id, math.nan))
        lacks = "needs legacy_draws" if counts and id == "random_gap" else NEEDS
        yield id, value, "" if math.isfinite(value) else lacks


def counted(tables: str | Path, *, legacy: bool, steps: int) -> dict[str, pd.DataFrame | float]:
    """Everything that a folder of real tables fixes, for `measured`; nothing without a folder."""
    if not str(tables):
        return {}
    known = checks.facts(tables)
    return {
        "statistics": checks.statistics(known),
        "random": checks.random_scores(known, legacy=legacy),
        "years": checks.by_year(known["homemade"]),
        "stored": checks.stored_scores(known, tables),
        "transe": checks.transe_scores(tables, steps=steps),
        "rebuilt": rebuilt_pairs(tables, known["bcv"]),
    }


def _by_id(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    values = {
        f"stat_{vocabulary}_{row['statistic']}": row[vocabulary]
        for vocabulary in VOCABULARIES
        for row in tables["statistics"].to_dict("records")
    }
    for row in tables["stored"].itertuples():
        values[f"{MODELS[row.model]}_{row.vocabulary}_{row.setting}"] = row.top1
    for row in tables["transe"].itertuples():
        for measure in ("mrr", "hits1", "hits10"):
            values[f"transe_{100 * row.fraction:.0f}_{measure}"] = getattr(row, measure)
    return values


def _compared(counts: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    theirs = published("years")
    same = (counts["years"][theirs.columns] == theirs).drop(columns="year")
    gaps = {"stored_gap": _gap(counts["stored"], ("top1", "top10"))}
    if counts["random"].attrs["legacy"]:  # other draws of the same law say nothing of the digits
        gaps["random_gap"] = _gap(counts["random"], ("top1", "top10", "mrr"))
    same = int(same.to_numpy().sum())
    return gaps | {"year_numbers": same, "real_rebuilt": counts["rebuilt"]}


def _gap(table: pd.DataFrame, measures: tuple[str, ...]) -> float:
    return max(float((table[m] - table[f"{m}_published"]).abs().max()) for m in measures)


def rebuilt_pairs(tables: str | Path, known: RelationSet) -> float:
    """The pairs that KEGG's lists give, 0 unless all are the authors'; NaN without the lists."""
    names = ("kegg_drug_targets_raw", "kegg_to_mesh", "genes")
    files = [Path(tables) / f"{name}.csv" for name in names]
    if not all(file.is_file() for file in files):
        return math.nan
    rebuilt = kegg.pipeline(*files)
    return int(np.array_equal(rebuilt, known.relations[["drug", "gene"]])) * len(rebuilt)
