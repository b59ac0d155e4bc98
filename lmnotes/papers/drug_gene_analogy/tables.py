"""Tables of a study of analogies: scores of methods, of years and of training fractions."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import statistics, store
from lmnotes.papers.drug_gene_analogy import popularity, transe
from lmnotes.papers.drug_gene_analogy.study import Study, small_worlds
from lmnotes.papers.drug_gene_analogy.world import Settings, without
from lmnotes.words.analogy import prediction, tasks
from lmnotes.words.analogy import scores as scores_of
from lmnotes.words.analogy import vectors as relation_vectors
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.analogy.scores import Result
from lmnotes.words.embedding import Embedding

VERSION = 2  # of what is counted; part of the key of kept tables
MEASURES = ("top1", "top10", "mrr")
COUNTS = ("n_groups", "n_answers", "n_training", "n_pairs")
_G, _P1 = "One arrow for all drugs (G)", "An arrow for each pathway (P1)"
_P2, _BACK = "The same, asked for all targets (P2)", "Turned round, from gene to drug"
_OWN, _BARE = {"vector": "leave_one_out"}, {"vector": "none", "centre": False}
_ALL = {"weighting": "concepts"}
METHODS = {  # name -> block, words, and how of `prediction.answer`, None for a guess
    "G": (_G, "drug + arrow, centred: the method", {}),
    "G, leave one out": (_G, "the asked drug's own pairs left out of the arrow", _OWN),
    "G, no vector, not centred": (_G, "no arrow, not centred", _BARE),
    "G, not centred": (_G, "the arrow, not centred", {"centre": False}),
    "G, no vector": (_G, "no arrow, centred", {"vector": "none"}),
    "G, unweighted": (_G, "arrow from all drugs to all genes", _ALL),
    "G, unweighted, not centred": (_G, "the same, not centred", _ALL | {"centre": False}),
    "G, random": (_G, "guess by popularity", None),
    "P1": (_P1, "the pathway's own arrow: the method", {}),
    "P1, leave one out": (_P1, "the asked drug's own pairs left out of it", _OWN),
    "P1, one vector for all": (_P1, "one arrow for all pathways", {"vector": "global"}),
    "P1, another pathway's": (_P1, "another pathway's arrow", {"vector": "swapped"}),
    "P1, random": (_P1, "guess by popularity", None),
    "P2": (_P2, "the pathway's own arrow: the method", {}),
    "P2, random": (_P2, "guess by popularity", None),
    "G'": (_BACK, "one arrow for all genes (G')", {}),
    "G', random": (_BACK, "guess by popularity", None),
    "P1'": (_BACK, "an arrow for each pathway (P1')", {}),
    "P1', random": (_BACK, "guess by popularity (P1')", None),
    "P2'": (_BACK, "the same, asked for all drugs (P2')", {}),
    "P2', random": (_BACK, "guess by popularity (P2')", None),
}


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


def methods(study: Study) -> dict[str, dict[str, Result]]:
    """name -> world -> result, of all of `METHODS`."""
    results = {}
    for name, (_, _, how) in METHODS.items():
        setting = name.split(",")[0]
        if how is None:
            asked = results[setting].items()
            results[name] = {world: popularity.simulate(result.task) for world, result in asked}
        else:
            way = "gene2drug" if setting.endswith("'") else "drug2gene"
            results[name] = answers(study, setting.rstrip("'"), direction=way, **how)
    return results


def scores(methods: Mapping[str, Mapping[str, Result]]) -> pd.DataFrame:
    """One row per method and world: n and, of each measure, value and 95 % bootstrap interval."""
    rows = []
    for method, results in methods.items():
        for world, result in results.items():
            mean, row = result.scores(), {"method": method, "world": world, "n": len(result)}
            for measure in MEASURES:
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


def in_words(by_world: pd.DataFrame) -> pd.DataFrame:
    """Means over worlds of the methods, with the block and the words of each."""
    table = over_worlds(by_world, ["method"])
    block, words, _ = zip(*map(METHODS.get, table.method), strict=True)
    return table.assign(block=block, words=words)


def gain(first: Mapping[str, Result], second: Mapping[str, Result], measure: str = "top1") -> dict:
    """By how much a method beats another on the same questions, over worlds and over their drugs
    drawn again, in the words of `claims.record`: value, interval, n_seeds."""
    each = (scores_of.difference(first[world], second[world], measure) for world in first)
    value, interval = statistics.over_seeds(*zip(*each, strict=True))
    return {"value": value, "interval": interval, "n_seeds": len(first)}


def predictions(
    results: Mapping[str, Mapping[str, Result]], world: str, symbols: Mapping[str, str], n: int = 8
) -> pd.DataFrame:
    """The ten nearest genes of the first n drugs with several targets, * at a target (Table 4)."""
    whole, inside = results["G"][world], results["P1"][world]
    asked, rows = inside.task.queries, []
    for drug in whole.task.queries["query"][whole.task.n_answers > 1].head(n):
        pathways = asked.group[asked["query"] == drug].head(1)
        shown = [("G", whole.predictions(drug))]
        shown += [(f"P1, {p}", inside.predictions(drug, p)) for p in pathways]
        for setting, listed in shown:
            genes = zip(listed.candidate.head(10), listed.is_answer, strict=False)
            names = ("*" * bool(right) + symbols.get(gene, gene) for gene, right in genes)
            rows.append((symbols.get(drug, drug), setting, " ".join(names)))
    return pd.DataFrame(rows, columns=["drug", "setting", "ten best genes, the nearest first"])


def strengths(study: Study) -> pd.DataFrame:
    """Scores of G by the length given to the relation vector, centred and not, over worlds."""
    rows = []
    for world, facts in study.facts.items():
        vectors = study.final[world]
        task = tasks.build(facts.within(vectors.ids), "G")
        for centre, scale in product((True, False), np.round(np.arange(0, 2.01, 0.25), 2)):
            result = prediction.answer(vectors, task, scale=scale, centre=centre)
            rows.append({"scale": scale, "centre": centre} | result.scores())
    return over_worlds(pd.DataFrame(rows), ["centre", "scale"])


def nulls(study: Study, results: Mapping[str, Mapping[str, Result]], n: int) -> pd.DataFrame:
    """n scores for each world with relation vectors of no meaning: null, world, seed, the measures;
    real, the MRR of the real vector; p of that MRR."""
    parts = []
    for name, vector in (
        ("G: genes exchanged", "shuffled"),
        ("P1: genes exchanged", "shuffled"),
        ("P1: another pathway's vector", "swapped"),
    ):
        for world, result in results[name.split(":")[0]].items():
            vectors = study.final[world]
            table = prediction.null(vectors, result.task, vector=vector, n_permutations=n)
            told = {"real": result.scores()["mrr"], "p": table.attrs["p"]["mrr"]}
            parts.append(table.assign(null=name, world=world, **told))
    return pd.concat(parts, ignore_index=True)


def answer_sets(facts: RelationSet) -> pd.DataFrame:
    """How many answers questions have: direction, setting, n_answers, share, n_questions, mean."""
    rows = []
    for direction, setting in product(tasks.DIRECTIONS, ("G", "P1", "P2")):
        task = tasks.build(facts, setting, direction=direction)
        mean, sizes = task.describe()["mean_answers_macro"], pd.Series(task.n_answers)
        for size, share in sizes.value_counts(normalize=True).sort_index().items():
            rows.append((direction, setting, size, share, len(task), mean))
    names = "direction setting n_answers share n_questions mean"
    return pd.DataFrame(rows, columns=names.split())


def story(study: Study, world: str) -> dict:
    """The life of the relation that waits longest: drug, gene, and a table of year, what happens.

    It is that of the first drug with one target that is asked (Y2) in the most snapshots.
    """
    facts, text, asked = study.facts[world], study.literature[world], []
    for year in study.years:
        queries = prediction.predict(study.snapshots[world, year], facts, "Y2", year=year).queries
        asked.append(queries.assign(year=year))
    asked = pd.concat(asked)
    pairs = facts.relations[~facts.relations.drug.duplicated(keep=False)]
    waits = pairs.drug.map(asked["query"].value_counts()).fillna(0)
    drug, gene, known = pairs.loc[waits.idxmax(), ["drug", "gene", "year"]]
    names, years, n_genes = study.symbols, text.text.years, len(facts.members("gene"))
    naming = [text.naming(concept) for concept in (drug, gene)]
    events = [
        (years[rows[0]], f"an abstract names {names[concept]} for the first time")
        for rows, concept in zip(naming, (drug, gene), strict=True)
    ]
    events += [
        (row.year, f"words alone put {names[gene]} at place {row.rank:g} of {n_genes} genes")
        for row in asked[asked["query"] == drug].itertuples()
    ]
    events.append((known, f"it is published that {names[drug]} acts on {names[gene]}"))
    both = np.intersect1d(*naming)[:1]
    events += [(years[row], "an abstract names both for the first time") for row in both]
    life = pd.DataFrame(events, columns=["year", "what happens"])
    return {"drug": drug, "gene": gene, "life": life.sort_values("year", ignore_index=True)}


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


def starts(cold: Study, warm: Study) -> pd.DataFrame:
    """start, year, million_tokens trained for a world, and the scores of Y2, none at the end."""
    parts = []
    for start, study in (("cold", cold), ("warm", warm)):
        of_snapshot = study.snapshots.items()
        tokens = {key: v.counts.sum() * len(v.history) / 1e6 for key, v in of_snapshot}
        cost = pd.Series(tokens, name="million_tokens").groupby(level=1).mean()
        future = over_worlds(by_year(study, ["Y2"]), ["year"]).set_index("year")
        rows = cost.rename_axis("year").to_frame().join(future).reset_index()
        parts.append(rows.assign(start=start))
    return pd.concat(parts, ignore_index=True)


def without_parts(
    parts: Sequence[str], year: int, last: int, seed: int, settings: Settings, **training
) -> pd.DataFrame:
    """What a world's parts are good for: world, question, value, baseline, n.

    Args:
        parts: each taken out in turn, see `world.without`. year: of Y2; last: of G and P1.
        seed, settings: of the world. training: of `small_worlds`.
    """
    asks = {
        f"Y2 of {year}, Top-10 (baseline: guess)": ("Y2", year, "top10", None),
        "G, Top-1 (baseline: no arrow)": ("G", last, "top1", "none"),
        "P1, Top-1 (baseline: one arrow)": ("P1", last, "top1", "global"),
    }
    rows = []
    for name in ("as it is", *parts):
        changed = without(settings, *([] if name == "as it is" else [name]))
        study = small_worlds([seed], [year, last], settings=changed, **training)
        world, label = study.worlds[0], name if name == "as it is" else f"without {name}"
        for question, (setting, until, measure, rival) in asks.items():
            vectors = study.snapshots[world, until]
            result = prediction.predict(vectors, study.facts[world], setting, year=year)
            baseline = popularity.simulate(result.task)
            if rival is not None:
                baseline = prediction.answer(vectors, result.task, vector=rival)
            values = result.scores()[measure], baseline.scores()[measure]
            rows.append((label, question, *values, len(result)))
    return pd.DataFrame(rows, columns=["world", "question", "value", "baseline", "n"])


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
