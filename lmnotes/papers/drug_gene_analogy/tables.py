"""Tables of a study of analogies: scores of methods, of years and of training fractions."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import statistics, store
from lmnotes.papers.drug_gene_analogy import popularity, transe
from lmnotes.papers.drug_gene_analogy.study import Study
from lmnotes.words.analogy import prediction, tasks
from lmnotes.words.analogy import scores as scores_of
from lmnotes.words.analogy import vectors as relation_vectors
from lmnotes.words.analogy.scores import Result
from lmnotes.words.embedding import Embedding

VERSION = 2  # of what is counted; part of the key of kept tables
MEASURES = ("top1", "top10", "mrr")
COUNTS = ("n_groups", "n_answers", "n_training", "n_pairs")


def stored_table(kind: str, key: Mapping, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The table of `make()`, stored under `key` and read from there the next time."""

    def write(folder: Path) -> None:
        make().to_csv(folder / "table.csv", index=False)

    folder = store.build(kind, {**key, "version": VERSION}, write)
    return pd.read_csv(folder / "table.csv")


def identity(vectors: Embedding) -> str:
    """What tells trained vectors from others: the name of their folder, else of their file."""
    settings = vectors.settings
    return Path(str(settings.get("folder") or settings.get("file") or id(vectors))).name


def answers(study: Study, setting: str = "G", **how) -> dict[str, Result]:
    """world -> result of a setting with its final vectors; `how` as in `prediction.predict`."""
    return {
        world: prediction.predict(study.final[world], facts, setting, **how)
        for world, facts in study.facts.items()
    }


def scores(
    methods: Mapping[str, Mapping[str, Result]], measures: Sequence[str] = MEASURES
) -> pd.DataFrame:
    """One row per method and world: n and, of each measure, value and 95 % bootstrap interval."""
    rows = []
    for method, results in methods.items():
        for world, result in results.items():
            mean, row = result.scores(), {"method": method, "world": world, "n": len(result)}
            for measure in measures:
                low, high = result.interval(measure, n_bootstrap=400)
                row |= {measure: mean[measure], f"{measure}_low": low, f"{measure}_high": high}
            rows.append(row)
    return pd.DataFrame(rows)


def over_worlds(
    table: pd.DataFrame, by: Sequence[str], measures: Sequence[str] = MEASURES
) -> pd.DataFrame:
    """The mean over worlds with the smallest and the largest world as _low and _high.

    >>> two = pd.DataFrame({"method": ["a", "a"], "n": [10, 12], "mrr": [0.2, 0.4]})
    >>> over_worlds(two, ["method"], ["mrr"]).round(2).to_dict("records")
    [{'method': 'a', 'n': 11.0, 'mrr': 0.3, 'mrr_low': 0.2, 'mrr_high': 0.4}]
    """
    groups = table.groupby(list(by), sort=False)
    columns = {"n": ("n", "mean")} if "n" in table else {}
    for measure in measures:
        columns |= {
            measure: (measure, "mean"),
            f"{measure}_low": (measure, "min"),
            f"{measure}_high": (measure, "max"),
        }
    return groups.agg(**columns).reset_index()


def gain(first: Mapping[str, Result], second: Mapping[str, Result], measure: str = "top1") -> dict:
    """By how much a method beats another on the same questions, over worlds and over their drugs
    drawn again, in the words of `claims.record`: value, interval, n_seeds."""
    each = (scores_of.difference(first[world], second[world], measure) for world in first)
    value, interval = statistics.over_seeds(*zip(*each, strict=True))
    return {"value": value, "interval": interval, "n_seeds": len(first)}


def by_year(study: Study, settings: Sequence[str]) -> pd.DataFrame:
    """world, year, setting, n, n_known, n_later, the measures, and the same of random answers.

    Settings without a question in a year have no row; Y2-type settings end before the last year,
    when nothing is left unknown.
    """
    vectors = {f"{world} {year}": identity(v) for (world, year), v in study.snapshots.items()}
    key = {"vectors": vectors, "settings": list(settings)}
    return stored_table("analogy_years", key, partial(_by_year, study, settings))


def _by_year(study: Study, settings: Sequence[str]) -> pd.DataFrame:
    rows = []
    for (world, year), vectors in study.snapshots.items():
        inside = study.facts[world].within(vectors.ids)
        for setting in settings:
            task = tasks.build(inside, setting, year=year)
            if not len(task) or not len(task.training):
                continue
            counts = task.describe()
            row = {"world": world, "year": year, "setting": setting, "n": len(task)}
            row |= {name: counts[name] for name in COUNTS}
            chance = _measures(popularity.simulate(task))
            row |= _measures(prediction.answer(vectors, task))
            rows.append(row | {f"random_{measure}": chance[measure] for measure in MEASURES})
    return pd.DataFrame(rows)


def pathways(study: Study, world: str) -> pd.DataFrame:
    """Each pathway's pairs, the cosine of its vector with that of all, and what it gains.

    Columns pathway, n_pairs, n_queries, cosine, top1 and mrr with its own vector, with one vector
    for all (global_), and with its own but the asked drug's pairs (held_out_).
    """
    vectors, facts = study.final[world], study.facts[world]
    task = tasks.build(facts.within(vectors.ids), "P1")
    lookup = partial(prediction.vectors_of, vectors)
    own = relation_vectors.estimate(task, lookup)
    whole = relation_vectors.estimate(task, lookup, "global").of_groups[0]
    lengths = np.linalg.norm(own.of_groups, axis=1) * np.linalg.norm(whole)
    cosine = own.of_groups @ whole / lengths
    table = pd.DataFrame({"pathway": own.groups, "n_pairs": own.n_pairs, "cosine": cosine})
    ways = {"": "mean", "global_": "global", "held_out_": "leave_one_out"}
    for name, vector in ways.items():
        result = prediction.answer(vectors, task, vector=vector)
        values = pd.DataFrame({f"{name}{m}": result.values(m) for m in ("top1", "mrr")})
        means = values.groupby(result.queries.group).mean()
        table = table.merge(means, left_on="pathway", right_index=True)
    sizes = task.queries.group.value_counts()
    return table.assign(n_queries=table.pathway.map(sizes), world=world)


def fractions(
    study: Study, world: str, *, steps: int = 1500, dim: int = 64, seed: int = 0
) -> pd.DataFrame:
    """Analogy and TransE by the share of triples that train them: fraction, method, protocol, n,
    the measures.

    Protocols: "per question", the best gene of a (pathway, drug), training answers kept or
    removed, for both methods; "per triple", TransE's own, filtered by what the fraction holds or by
    all triples, of tails, heads, and both.
    """
    vectors = study.final[world]
    key = {"vectors": identity(vectors), "steps": steps, "dim": dim, "seed": seed, "world": world}
    make = partial(_fractions, study, world, steps, dim, seed)
    return stored_table("transe_curve", key, make)


def _fractions(study: Study, world: str, steps: int, dim: int, seed: int) -> pd.DataFrame:
    vectors, rows = study.final[world], []
    table = transe.split(transe.triples(study.facts[world].within(vectors.ids)), seed=seed)
    valid, test = transe.of_split(table, "valid"), transe.of_split(table, "test")
    for fraction in transe.FRACTIONS:
        training = transe.of_split(table, "train", fraction)
        model = transe.train(training, names=table, dim=dim, steps=steps, seed=seed)
        row = {"world": world, "fraction": fraction}
        for removed in (False, True):
            task = transe.questions(table, fraction, remove_known=removed)
            row["protocol"] = f"per question, training answers {'removed' if removed else 'kept'}"
            results = {
                "analogy": prediction.answer(vectors, task),
                "TransE": transe.answer(model, task),
            }
            for method, result in results.items():
                rows.append(row | {"method": method, "n": len(result)} | _measures(result))
        seen = pd.concat([training, valid, test])
        for name, known in (("fraction", seen), ("everything", table)):
            for side in transe.evaluate(model, test, known).itertuples():
                row |= {"method": "TransE", "n": len(test)}
                row["protocol"] = f"per triple, {side.side}, filtered by {name}"
                rows.append(row | {"top1": side.hits1, "top10": side.hits10, "mrr": side.mrr})
    return pd.DataFrame(rows)[["world", "fraction", "method", "protocol", "n", *MEASURES]]


def _measures(result: Result) -> dict[str, float]:
    scores = result.scores()
    return {measure: scores[measure] for measure in MEASURES}
