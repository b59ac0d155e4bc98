"""What the real tables of relations give without any vectors, beside what is published of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.papers.drug_gene_analogy import (
    asked_models,
    kegg,
    popularity,
    published,
    table_checks,
    transe,
)
from lmnotes.words.analogy import relations, tasks
from lmnotes.words.analogy.relations import RelationSet

VOCABULARIES = ("bcv", "homemade")  # in the order of the original draws
SETTINGS = ("G", "P1", "P2")


def facts(tables: str | Path) -> dict[str, RelationSet]:
    """vocabulary -> the relation set of a folder of tables, as `kegg.folder` reads it."""
    found = {}
    for name in VOCABULARIES:
        one = kegg.folder(tables, name)
        found[name] = relations.RelationSet(one.relations, one.concepts, one.membership)
    return found


def statistics(known: dict[str, RelationSet]) -> pd.DataFrame:
    """statistic, and for each vocabulary what is published and what the tables give."""
    found = published.table("statistics")
    found = found.rename(columns={name: f"{name}_published" for name in VOCABULARIES})
    for name, one in known.items():
        found[name] = found.statistic.map(tasks.statistics(one)).astype(float)
    return found


def random_scores(known: dict[str, RelationSet], *, legacy: bool = False) -> pd.DataFrame:
    """The random baseline and the published one.

    legacy: the original recipe in the order of its draws, to the printed digits, in minutes; else
    other draws of the same law, in seconds.
    """
    rng, rows = np.random.RandomState(0), []
    how = {"method": "legacy", "rng": rng} if legacy else {}
    for (vocabulary, one), direction in _both_ways(known):
        for setting in SETTINGS:
            task = tasks.build(one, setting, direction=direction)
            got = popularity.simulate(task, **how).scores()
            rows.append((vocabulary, direction, setting, got["n"], *_three(got)))
    return _beside("random", rows, ["vocabulary", "direction", "setting"])


def random_by_year(known: RelationSet) -> pd.DataFrame:
    """The random baseline of the settings with Y2 by year, other draws than the published ones."""
    rows = []
    for year in published.table("years").year:
        inside = _vocabulary_of(known, year)
        for setting in ("Y2", "P1Y2", "P2Y2"):
            task = tasks.build(inside, setting, year=year)
            got = popularity.simulate(task).scores()
            rows.append((year, setting, got["n"], *_three(got)))
    return _beside("random_years", rows, ["year", "setting"])


def by_year(known: RelationSet) -> pd.DataFrame:
    """The numbers of pathways, questions and pairs by year, in the published columns."""
    rows = []
    for year in published.table("years").year:
        inside = _vocabulary_of(known, year)
        of = {s: tasks.build(inside, s, year=year) for s in ("Y2", "P1Y1", "P1Y2", "P2Y2")}
        count = {setting: task.describe() for setting, task in of.items()}
        rows.append(
            {
                "year": year,
                "Y2_queries": count["Y2"]["n_queries"],
                "Y2_answers": count["Y2"]["n_answers"],
                "L": count["Y2"]["n_training"],
                "U": count["Y2"]["n_pairs"],
                "P1Y1_pathways": count["P1Y1"]["n_groups"],
                "P1Y1_queries": count["P1Y1"]["n_queries"],
                "P1Y1_relations": count["P1Y1"]["n_training"],
                "P1Y2_pathways": count["P1Y2"]["n_groups"],
                "P1Y2_queries": count["P1Y2"]["n_queries"],
                "P1Y2_U": count["P1Y2"]["n_pairs"],
                "P2Y2_queries": count["P2Y2"]["n_queries"],
            }
        )
    return pd.DataFrame(rows)


def stored_scores(known: dict[str, RelationSet], tables: str | Path) -> pd.DataFrame:
    """The scores of the stored answers of three language models, and the published ones."""
    rows = []
    for vocabulary, one in known.items():
        style = kegg.VOCABULARIES[vocabulary]
        given = asked_models.read(
            Path(tables) / "gpt_targets.csv",
            query="mesh_id",
            answers="genes",
            rename=lambda name, style=style: table_checks.token("drug", name, style),
        )
        symbols = dict(zip(one.concepts.concept, one.concepts.name, strict=True))
        for setting in SETTINGS:
            task = tasks.build(one, setting)
            for model, result in asked_models.score(given, task, symbols).items():
                got = result.scores()
                rows.append((vocabulary, model, setting, got["n"], *_three(got)))
    return _beside("stored", rows, ["vocabulary", "model", "setting"])


def transe_scores(tables: str | Path, *, steps: int = 1000, seed: int = 0) -> pd.DataFrame:
    """TransE on the paper's own split: fraction, filter, and the mean of tails and heads."""
    table = pd.read_csv(Path(tables) / "kge_split_P1.csv", dtype=str)
    table = table.rename(columns={"mesh_id": "drug", "hsa": "pathway", "entrez_id": "gene"})
    table = table.assign(
        drug="d" + table.drug, gene="g" + table.gene, train_from=table.train_from.astype(float)
    )
    test, rows = transe.part(table, "test"), []
    for fraction in transe.FRACTIONS:
        training = transe.part(table, "train", fraction)
        model = transe.train(training, names=table, steps=steps, seed=seed)
        seen = pd.concat([training, transe.part(table, "valid"), test])
        for name, known in (("fraction", seen), ("everything", table)):
            line = transe.evaluate(model, test, known).set_index("side").loc["average"]
            rows.append({"fraction": fraction, "filter": name} | line.to_dict())
    return pd.DataFrame(rows)


def _both_ways(known: dict[str, RelationSet]) -> Iterator[tuple]:
    return ((item, way) for item in known.items() for way in tasks.DIRECTIONS)


def _vocabulary_of(known: RelationSet, year: int) -> RelationSet:
    """The concepts whose first yearly vocabulary is that of this year or an earlier one."""
    there = (known.concepts.snapshot <= year).fillna(False)
    return known.within(set(known.concepts.concept[there]))


def _three(got: dict) -> tuple[float, float, float]:
    return got["top1"], got["top10"], got["mrr"]


def _beside(name: str, rows: list[tuple], keys: list[str]) -> pd.DataFrame:
    """The rows with the published scores of a table as further columns."""
    found = pd.DataFrame(rows, columns=[*keys, "n", "top1", "top10", "mrr"])
    theirs = published.table(name).rename(
        columns={m: f"{m}_published" for m in ("n", "top1", "top10", "mrr")}
    )
    return found.merge(theirs, on=keys)
