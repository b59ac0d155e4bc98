"""Relations by analogy: a drug plus one relation vector lies near its target genes.
It is core because any relation of two kinds of words is predicted so.

The relation vector v is the mean of u_gene - u_drug over known pairs, of all (G) or of a pathway
(P), and the prediction ranks all genes g by cos(u_d + v - c, u_g - c), c the genes' mean.
The paper: Yamagiwa et al., Scientific Reports 15:17240 (2025). `relations` has the tables, `tasks`
the settings, `scores` what comes out. Questions with four words, a : b :: c : ?, are answered by
`solve`; how many axes of a basis they need is in `four_words`.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lmnotes.errors import expect_between, expect_finite
from lmnotes.words.analogy import ranking, scores, tasks, vectors
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task
from lmnotes.words.embedding import Embedding

Vectors = Embedding | Mapping[str, np.ndarray]  # or vectors by word


def predict(
    embedding: Vectors,
    relation_set: RelationSet,
    setting: str = "G",
    *,
    year: int | None = None,
    direction: str = "drug2gene",
    **how: Any,
) -> Result:
    """The ranks of the right answers when each drug is moved by the relation vector.

    Args:
        embedding: vectors of concepts; those of texts up to `year` for settings with Y.
        relation_set: all of it; concepts without a vector are left out, `settings["dropped"]`.
        setting: one of `tasks.SETTINGS`.
        direction: "drug2gene" or "gene2drug".
        how: vector, weighting, centre, scale, k, seed and device of `answer`.

    >>> from lmnotes.words.analogy import relations
    >>> pairs = pd.DataFrame({"drug": ["a", "b"], "gene": ["x", "y"]})
    >>> vectors = {"a": [1.0, 0, 0], "b": [0, 1.0, 0], "x": [1.0, 0, 5], "y": [0, 1.0, 5]}
    >>> result = predict(vectors, relations.from_pairs(pairs))
    >>> result.scores()["top1"], result.predictions("a").candidate.tolist()
    (1.0, ['x', 'y'])
    """
    words = embedding if isinstance(embedding, Mapping) else embedding.ids
    within = relation_set.within(words)
    result = answer(embedding, tasks.build(within, setting, year=year, direction=direction), **how)
    result.settings["dropped"] = dict(within.dropped)
    return result


def answer(
    embedding: Vectors,
    task: Task,
    *,
    vector: str = "mean",
    weighting: str = "relations",
    centre: bool = True,
    scale: float = 1.0,
    k: int = 10,
    seed: int = 0,
    device: str = "cpu",
) -> Result:
    """The result of a task, each query moved by its relation vector.

    Args:
        vector: one of `vectors.KINDS`: "mean"; "none", the drug itself; "leave_one_out",
            without the asked concept's own pairs; "global", one for all pathways; "shuffled",
            genes exchanged at random before the mean; "swapped", that of another pathway.
        weighting: "relations", a concept counts once per relation; "concepts", once.
        centre: subtract the mean of all candidates from queries and candidates.
        scale: of the vector; 0 is the same as "none". seed: of "shuffled" and "swapped".
        k: so many first candidates are kept. device: of `ranking.rank`.
    """
    settings = {"method": "analogy", "vector": vector, "weighting": weighting, "centre": centre}
    settings |= {"scale": scale, "seed": seed}
    if not len(task):
        return scores.result(task, np.zeros((0, 1)), settings)
    moved, candidates = _moved(embedding, task, settings), vectors_of(embedding, task.candidates)
    if centre:
        centroid = candidates.mean(axis=0)
        moved, candidates = moved - centroid, candidates - centroid
    ids = {name: row for row, name in enumerate(task.candidates)}
    own = [(row, ids[name]) for row, name in enumerate(task.queries["query"]) if name in ids]
    # no word answers for itself
    known = np.concatenate([task.known, np.array(own, np.int64).reshape(-1, 2)])
    ranked = ranking.rank(moved, candidates, task.answers, known, k=k, device=device)
    return scores.result(task, ranked.rank, settings, ranked)


def null(
    embedding: Vectors,
    task: Task,
    *,
    vector: str = "shuffled",
    n_permutations: int = 20,
    **how: Any,
) -> pd.DataFrame:
    """Scores with relation vectors of no meaning: seed, top1, top10, mrr, one row per permutation.

    `attrs["p"]`: for each measure (1 + permutations at least as good as the real vector) /
    (1 + permutations). Exchanging partners within the pairs would change nothing, since v is the
    difference of two means; "shuffled" exchanges genes with all others of the vocabulary.
    """
    expect_between("n_permutations", n_permutations, low=1)
    measures, real = ["top1", "top10", "mrr"], answer(embedding, task, **how).scores()
    drawn = (answer(embedding, task, vector=vector, seed=s, **how) for s in range(n_permutations))
    table = pd.DataFrame([null.scores() for null in drawn])[measures]
    n_as_good = (table >= pd.Series(real)[measures]).sum()
    table.attrs["p"] = ((1 + n_as_good) / (1 + n_permutations)).to_dict()
    return table.rename_axis("seed").reset_index()


def solve(
    embedding: Vectors, questions: pd.DataFrame, candidates: list[str] | None = None, **how: Any
) -> Result:
    """Questions a : b :: c : ?, each with b - a as its relation vector (3CosAdd).

    Args:
        questions: columns a, b, c, d, and category if there is one, as `four_words.read_questions`.
            A question that comes with several d has several answers.
        candidates: words that may answer, all of the embedding without; a and b and c cannot.
        how: centre (False unless given) and the others of `answer`.
    """
    words = list(embedding if isinstance(embedding, Mapping) else embedding.words)
    questions = questions.assign(query=questions.c, group=questions.a + " : " + questions.b)
    pairs = questions[["group", "query"]].assign(answer=questions.d)
    known = [pairs.assign(answer=questions[name]) for name in "abc"]
    questions = questions.drop_duplicates(["a", "b", "c"])
    training = questions.assign(query=questions.a, answer=questions.b).drop_duplicates("group")
    parts = (pairs, pairs, pd.concat(known), training, training, pairs)
    task = tasks.make(candidates or words, questions.a.unique(), *parts, setting="a : b :: c : ?")
    result = answer(embedding, task, **({"centre": False} | how))
    if "category" in questions:
        result.queries["category"] = questions.category.to_numpy()
    return result


def vectors_of(embedding: Vectors, words: Iterable[str]) -> np.ndarray:
    """The vectors of some words (n, D) in float64.

    Raises KeyError: a word has no vector. ValueError: a vector is not finite.
    """
    words, known = list(words), embedding if isinstance(embedding, Mapping) else embedding.ids
    if missing := [word for word in words if word not in known]:
        what = f"no vector for {missing[0]!r} and {len(missing) - 1:,} of {len(words):,} words"
        raise KeyError(f"{what}: expected one for each; restrict by .within(words) first")
    if isinstance(embedding, Mapping):
        vectors = np.array([embedding[word] for word in words], np.float64)
    else:
        rows = [embedding.ids[word] for word in words]
        vectors = np.asarray(embedding.input[rows], np.float64)
    expect_finite("vectors of the words", vectors)
    return vectors


def _moved(embedding, task: Task, settings: dict) -> np.ndarray:
    asked = vectors_of(embedding, task.queries["query"])
    if settings["vector"] == "none":
        return asked
    how = (settings[name] for name in ("vector", "weighting", "seed"))
    relation = vectors.estimate(task, partial(vectors_of, embedding), *how)
    settings["n_fallback"] = relation.n_fallback
    return asked + settings["scale"] * relation.of_queries
