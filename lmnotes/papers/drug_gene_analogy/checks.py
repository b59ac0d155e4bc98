"""What the real tables of relations give without any vectors, beside what is published of it."""

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.notebook import card
from lmnotes.papers.drug_gene_analogy import asked_models, kegg, popularity, table_checks, transe
from lmnotes.words.analogy import tasks
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.analogy.scores import Result

VOCABULARIES = ("bcv", "homemade")  # in the order of the original draws
SETTINGS = ("G", "P1", "P2")
SCORES = ("n", "top1", "top10", "mrr")
published = partial(card.table, "05")


def facts(tables: str | Path) -> dict[str, RelationSet]:
    """vocabulary -> the relation set of a folder of tables, as `kegg.folder` reads it."""
    return {name: kegg.folder(tables, name).facts for name in VOCABULARIES}


def statistics(known: dict[str, RelationSet]) -> pd.DataFrame:
    """statistic, and for each vocabulary what is published and what the tables give."""
    table = published("statistics").rename(columns={v: f"{v}_published" for v in VOCABULARIES})
    for name, relation_set in known.items():
        table[name] = table.statistic.map(tasks.statistics(relation_set)).astype(float)
    return table


def random_scores(known: dict[str, RelationSet], *, legacy: bool = False) -> pd.DataFrame:
    """The random baseline and the published one.

    legacy: the original recipe in the order of its draws, to the printed digits, slowly; else
    other draws of the same law, in seconds.
    """
    rng, rows = np.random.RandomState(0), []
    how = {"method": "legacy", "rng": rng} if legacy else {}
    for vocabulary, direction, setting in product(known, tasks.DIRECTIONS, SETTINGS):
        task = tasks.build(known[vocabulary], setting, direction=direction)
        rows.append((vocabulary, direction, setting, *_four(popularity.simulate(task, **how))))
    table = _beside("random", rows, ["vocabulary", "direction", "setting"])
    table.attrs["legacy"] = legacy
    return table


def by_year(known: RelationSet) -> pd.DataFrame:
    """The numbers of pathways, questions and pairs by year, in the published columns."""
    fields = {"queries": "n_queries", "answers": "n_answers", "pathways": "n_groups"}
    fields |= {"relations": "n_training", "U": "n_pairs"}
    theirs, rows = published("years"), []
    for year in theirs.year:
        there = (known.concepts.snapshot <= year).fillna(False)  # in a yearly vocabulary by then
        inside = known.within(set(known.concepts.concept[there]))
        settings = ("Y2", "P1Y1", "P1Y2", "P2Y2")
        counts = {s: tasks.build(inside, s, year=year).describe() for s in settings}
        row = {"year": year, "L": counts["Y2"]["n_training"], "U": counts["Y2"]["n_pairs"]}
        for setting, (name, field) in product(settings, fields.items()):
            row[f"{setting}_{name}"] = counts[setting][field]
        rows.append(row)
    return pd.DataFrame(rows)[theirs.columns]


def stored_scores(known: dict[str, RelationSet], tables: str | Path) -> pd.DataFrame:
    """The scores of the stored answers of three language models, and the published ones."""
    rows = []
    for vocabulary, relation_set in known.items():
        style = kegg.VOCABULARIES[vocabulary]
        given = asked_models.read(
            Path(tables) / "gpt_targets.csv",
            query="mesh_id",
            answers="genes",
            rename=lambda name, style=style: table_checks.token("drug", name, style),
        )
        symbols = relation_set.concepts.set_index("concept").name.to_dict()
        for setting in SETTINGS:
            task = tasks.build(relation_set, setting)
            for model, result in asked_models.score(given, task, symbols).items():
                rows.append((vocabulary, model, setting, *_four(result)))
    return _beside("stored", rows, ["vocabulary", "model", "setting"])


def transe_scores(tables: str | Path, *, steps: int = 1000, seed: int = 0) -> pd.DataFrame:
    """TransE on the paper's own split: fraction, filter, and the mean of tails and heads."""
    table = transe.published_split(tables)
    test, rows = transe.of_split(table, "test"), []
    for fraction in transe.FRACTIONS:
        training = transe.of_split(table, "train", fraction)
        model = transe.train(training, names=table, steps=steps, seed=seed)
        seen = pd.concat([training, transe.of_split(table, "valid"), test])
        for name, known in (("fraction", seen), ("everything", table)):
            line = transe.evaluate(model, test, known).set_index("side").loc["average"]
            rows.append({"fraction": fraction, "filter": name} | line.to_dict())
    return pd.DataFrame(rows)


def _four(result: Result) -> tuple[float, ...]:
    scores = result.scores()
    return tuple(scores[name] for name in SCORES)


def _beside(name: str, rows: list[tuple], keys: list[str]) -> pd.DataFrame:
    """The rows with the published scores of a table as further columns."""
    theirs = published(name).rename(columns={m: f"{m}_published" for m in SCORES})
    return pd.DataFrame(rows, columns=[*keys, *SCORES]).merge(theirs, on=keys)
