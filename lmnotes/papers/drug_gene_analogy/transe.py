"""TransE: a vector for every concept and one for every pathway, trained so that h + r is near t.

Bordes et al. 2013, with the L1 distance and the self-adversarial loss of Sun et al. 2019; what
drug-gene analogies are compared with. Triples are (drug, pathway, gene) of setting P1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit
from scipy.spatial.distance import cdist

from lmnotes.errors import InputError
from lmnotes.text import readers
from lmnotes.words.analogy import scores, tasks
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.analogy.scores import Result
from lmnotes.words.analogy.tasks import Task
from lmnotes.words.kernels.arithmetic import OPTIONS

COLUMNS = ["drug", "pathway", "gene"]
FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class TransE:
    """A trained model.

    Args:
        entities: (E,) names, of drugs and genes alike. entity: (E, D) float32, their vectors.
        relations: (P,) names. relation: (P, D) float32, their vectors.
        history: the loss of each step, nats per triple.
    """

    entities: list[str]
    entity: np.ndarray
    relations: list[str]
    relation: np.ndarray
    history: np.ndarray = field(repr=False)

    def rows(self, triples: pd.DataFrame) -> np.ndarray:
        """(n, 3) rows of head, relation and tail."""
        entity, relation = pd.Index(self.entities), pd.Index(self.relations)
        indices = zip(COLUMNS, (entity, relation, entity), strict=True)
        rows = np.column_stack([index.get_indexer(triples[name]) for name, index in indices])
        missing = set(triples[COLUMNS].to_numpy()[rows < 0])
        if missing:
            raise InputError(
                f"{len(missing):,} names such as {min(missing)!r} of {len(triples):,} triples were "
                f"not trained: expected some of {len(entity):,} entities and "
                f"{len(relation):,} relations; pass all triples to `train` as `names`"
            )
        return rows


def triples(relation_set: RelationSet) -> pd.DataFrame:
    """The triples of setting P1: columns drug, pathway, gene."""
    names = {"query": "drug", "group": "pathway", "answer": "gene"}
    return tasks.build(relation_set, "P1").training.rename(columns=names)[COLUMNS]


def split(
    table: pd.DataFrame, *, fractions: Sequence[float] = FRACTIONS, seed: int = 0
) -> pd.DataFrame:
    """Triples with columns split (train, valid, test) and train_from, in nested training sets.

    A training triple belongs to the training sets of all fractions from `train_from` on; what is
    beyond the last fraction is halved into valid and test.
    """
    n, last = len(table), round(max(fractions) * len(table))
    order = np.random.default_rng(seed).permutation(n)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    edges = np.array([round(fraction * n) for fraction in sorted(fractions)])
    first = np.searchsorted(edges, place, side="right").clip(max=len(edges) - 1)
    kinds = np.where(
        place < last, "train", np.where(place < last + (n - last) // 2, "valid", "test")
    )
    train_from = np.where(place < last, np.sort(fractions)[first], np.nan)
    return table.reset_index(drop=True).assign(split=kinds, train_from=train_from)


def published_split(tables: str | Path) -> pd.DataFrame:
    """The paper's own triples from the folder of real tables, with the columns of `split`."""
    kinds = {"mesh_id": str, "hsa": str, "entrez_id": str, "split": str, "train_from": float}
    table = readers.table(Path(tables) / "kge_split_P1.csv", list(kinds), dtype=kinds)
    table = table.rename(columns={"hsa": "pathway"})
    return table.assign(drug="d" + table.mesh_id, gene="g" + table.entrez_id)


def of_split(table: pd.DataFrame, name: str, fraction: float | None = None) -> pd.DataFrame:
    """The triples of "train" (of a fraction), "valid" or "test"."""
    chosen = table.split == name
    if name == "train" and fraction is not None:
        chosen &= table.train_from <= fraction + 1e-9
    return table.loc[chosen, COLUMNS].reset_index(drop=True)


def train(
    table: pd.DataFrame,
    *,
    names: pd.DataFrame | None = None,
    dim: int = 64,
    margin: float = 6.0,
    n_negatives: int = 16,
    steps: int = 1500,
    batch: int = 512,
    rate: float = 0.01,
    seed: int = 0,
) -> TransE:
    """The model of some triples.

    Args:
        names: triples whose concepts and pathways get vectors too, such as the test set.
        margin: of the distance, in the loss -log s(margin - d) - sum p log s(d' - margin) with
            p a softmax of margin - d' over the `n_negatives` corrupted triples.
        batch: triples per step; heads and tails are corrupted in turn.
        rate: of Adam, falling linearly to a tenth.
    """
    everything = _together(table, table if names is None else names)
    entities = sorted({*everything.drug, *everything.gene})
    relations = sorted(set(everything.pathway))
    rng = np.random.default_rng(seed)
    sizes = len(entities), len(relations)
    start = [rng.uniform(-0.5, 0.5, (n, dim)).astype(np.float32) for n in sizes]
    model = TransE(entities, start[0], relations, start[1], np.zeros(steps))
    rows, vectors = model.rows(table), np.concatenate(start)  # entities, then relations
    rows[:, 1] += len(entities)
    moments = np.zeros((2, *vectors.shape), np.float32)
    for step, chosen in enumerate(_batches(len(rows), batch, steps, rng)):
        other = rng.integers(len(entities), size=(len(chosen), n_negatives))
        slopes, loss = _slopes(vectors, rows[chosen], other, step % 2 == 0, np.float32(margin))
        _adam(vectors, slopes, moments, rate * (1 - 0.9 * step / steps), step + 1)
        model.history[step] = loss
    entity, relation = np.split(vectors, [len(entities)])
    return replace(model, entity=entity, relation=relation)


def evaluate(model: TransE, test: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Filtered ranks over all entities, one per test triple: side, mr, mrr, hits1, hits3, hits10.

    Args:
        known: triples whose entities are left out of the ranking, the asked one excepted. The
            whole of train, valid and test is the complete filter; that of the published numbers
            lacked the training triples beyond the fraction.

    Returns:
        rows tail (which gene), head (which drug) and average (both ranks pooled).
    """
    rows, others = model.rows(test), model.rows(known)
    ranks = {"tail": _ranks(model, rows, others, 2), "head": _ranks(model, rows, others, 0)}
    ranks["average"] = np.concatenate([ranks["tail"], ranks["head"]])
    lines = [
        {"side": side, "mr": ranks[side].mean(), "mrr": (1 / ranks[side]).mean()}
        | {f"hits{k}": (ranks[side] <= k).mean() for k in (1, 3, 10)}
        for side in ranks
    ]
    return pd.DataFrame(lines)


def questions(table: pd.DataFrame, fraction: float, *, remove_known: bool = False) -> Task:
    """The task that analogies answer (like for like): a test set's pathway and drug, its genes.

    Candidates are the genes of this fraction's training set, of valid and of test; `base` has a
    pair once per pathway. For `prediction.answer` and for `answer`.

    Args:
        table: of `split`. remove_known: leave the training answers out of the ranking.
    """
    training, test = of_split(table, "train", fraction), of_split(table, "test")
    seen = _together(training, of_split(table, "valid"), test)
    names = {"pathway": "group", "drug": "query", "gene": "answer"}
    training, test = training.rename(columns=names), test.rename(columns=names)
    known = training if remove_known else training[:0]
    return tasks.make(
        seen.gene.unique(),
        seen.drug.unique(),
        test,
        test,
        known,
        training,
        training,
        test,
        setting=f"P1, {fraction:.0%} for training",
    )


def answer(model: TransE, task: Task) -> Result:
    """The ranks of a task's answers among its candidates, by the distance of h + r."""
    names = {"group": "pathway", "query": "drug"}
    rows = model.rows(task.queries.rename(columns=names).assign(gene=task.queries["query"]))
    genes = pd.DataFrame(dict.fromkeys(("drug", "gene"), task.candidates))
    tails = model.entity[model.rows(genes.assign(pathway=model.relations[0]))[:, 2]]
    distance = _distances(model.entity[rows[:, 0]] + model.relation[rows[:, 1]], tails)
    distance[task.known[:, 0], task.known[:, 1]] = np.inf
    best = np.full(len(task), np.inf, np.float32)
    np.minimum.at(best, task.answers[:, 0], distance[task.answers[:, 0], task.answers[:, 1]])
    ranks = 1 + (distance < best[:, None]).sum(axis=1)
    return scores.result(task, ranks, {"method": "TransE"})


def _batches(n: int, batch: int, steps: int, rng):
    """Rows of each step, every row once per round."""
    waiting = np.zeros(0, np.int64)
    for _ in range(steps):
        if not len(waiting):
            waiting = rng.permutation(n)
        yield waiting[:batch]
        waiting = waiting[batch:]


@njit(**OPTIONS)
def _slopes(vectors, triples, other, corrupt_tail, margin):
    """The gradient of the loss of B triples (B, 3) of rows, and the loss.

    other: (B, N) rows in place of tails, or of heads. Of the loss, half a mean of
    -log s(margin - d) - sum p log s(d' - margin), p is held fixed.
    """
    half, slopes, loss = np.float32(0.5 / len(triples)), np.zeros_like(vectors), 0.0
    n_ends, n_dims = 1 + other.shape[1], vectors.shape[1]
    distance = np.empty(n_ends, np.float32)
    # a tail is |h + r - t| away, a head |t - r - h|: |v[kept] + turn v[r] - v[end]|
    side, turn = (0, np.float32(1)) if corrupt_tail else (2, np.float32(-1))
    for b in range(len(triples)):
        kept, r, own = triples[b, side], triples[b, 1], triples[b, 2 - side]
        least, total = np.float32(np.inf), np.float32(0)
        for n in range(n_ends):  # the true end is the first
            end, far = other[b, n - 1] if n else own, np.float32(0)
            for d in range(n_dims):
                far += abs(vectors[kept, d] + turn * vectors[r, d] - vectors[end, d])
            distance[n] = far
            least = min(least, far) if n else least
        for n in range(1, n_ends):
            total += np.exp(least - distance[n])
        for n in range(n_ends):
            beyond = margin - distance[n] if n else distance[0] - margin
            share = np.exp(least - distance[n]) / total if n else np.float32(1)
            loss += share * np.log1p(np.exp(beyond))
            size = (share if n else -share) * half / (1 + np.exp(-beyond))
            end = other[b, n - 1] if n else own
            for d in range(n_dims):
                away = vectors[kept, d] + turn * vectors[r, d] - vectors[end, d]
                slope = size * np.sign(away)
                slopes[end, d] += slope
                slopes[kept, d] -= slope
                slopes[r, d] -= turn * slope
    return slopes, loss * half


def _adam(vectors, slopes, moments, rate: float, step: int) -> None:
    """A step of Adam (Kingma and Ba 2015) with its usual constants, in place."""
    mean, square = moments
    mean += 0.1 * (slopes - mean)
    square += 0.001 * (slopes * slopes - square)
    size = np.sqrt(square / (1 - 0.999**step)) + 1e-8
    vectors -= rate / (1 - 0.9**step) * mean / size


def _ranks(model: TransE, rows: np.ndarray, known: np.ndarray, side: int) -> np.ndarray:
    """Filtered ranks (n,) of the tails (side 2) or heads (side 0) of triples."""
    fixed, sign = (0, 1) if side == 2 else (2, -1)
    moved = model.entity[rows[:, fixed]] + sign * model.relation[rows[:, 1]]
    distance = _distances(moved, model.entity)
    right = distance[np.arange(len(rows)), rows[:, side]]
    asked = pd.DataFrame(rows).reset_index()
    others = asked.merge(pd.DataFrame(known), on=[fixed, 1], suffixes=("", "_known"))
    distance[others["index"], others[f"{side}_known"]] = np.inf
    return 1 + (distance < right[:, None]).sum(axis=1)


def _distances(moved: np.ndarray, entity: np.ndarray) -> np.ndarray:
    """L1 distances (n, E) float32."""
    return cdist(moved, entity, "cityblock").astype(np.float32)


def _together(*tables):
    return pd.concat([table[COLUMNS] for table in tables], ignore_index=True)
