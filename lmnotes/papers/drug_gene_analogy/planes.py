"""A plane on which to see relations: the first two principal components of some concepts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.words.analogy import prediction
from lmnotes.words.analogy.relations import RelationSet
from lmnotes.words.analogy.tasks import Task
from lmnotes.words.embedding import Embedding


@dataclass(frozen=True, eq=False)
class Plane:
    """Places of points and of pairs of points on a plane.

    Args:
        points: name, kind ("drug" or "gene"), x, y and related, whether it is in a pair.
        pairs: (n, 2) rows of `points`.
        ends: (2, 2) mean place of the drugs and of the genes of all pairs; v is their difference.
        mean: (D,). axes: (2, D). share: of the variance on the plane.
    """

    points: pd.DataFrame
    pairs: np.ndarray
    ends: np.ndarray
    mean: np.ndarray
    axes: np.ndarray
    share: float

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Where vectors (n, D) lie on the plane (n, 2)."""
        return (np.asarray(vectors, float) - self.mean) @ self.axes.T


def of_relations(embedding: Embedding, task: Task, n: int = 200, seed: int = 0) -> Plane:
    """The plane of n relations drawn without replacement (Fig. 2a), fitted on both ends of each.

    The draw is that of NumPy's legacy generator, as the paper's. Its ends are the means over all
    relations of the task, not of those drawn alone.
    """
    n = min(n, len(task.base))
    rows = np.random.RandomState(seed).choice(len(task.base), n, replace=False)
    drawn = task.base.iloc[rows]
    names = [*drawn["query"], *drawn["answer"]]  # repeats included, as they weigh in the fit
    kinds = ["drug"] * n + ["gene"] * n
    return _fitted(embedding, names, kinds, np.arange(2 * n).reshape(2, n).T, task.base)


def of_pathway(embedding: Embedding, task: Task, pathway: str, members: Sequence[str]) -> Plane:
    """The plane of a pathway's drugs and genes (Fig. 2b), with its relations.

    Args:
        task: of setting P1. members: all drugs and genes that the pathway lists and have vectors.
    """
    pairs = task.training[task.training.group == pathway]
    members = list(dict.fromkeys([*members, *pairs["query"], *pairs["answer"]]))
    row, genes = {name: i for i, name in enumerate(members)}, set(task.candidates)
    rows = np.column_stack([pairs["query"].map(row), pairs["answer"].map(row)])
    kinds = ["gene" if name in genes else "drug" for name in members]
    return _fitted(embedding, members, kinds, rows, pairs)


def of_two_pathways(
    embedding: Embedding, task: Task, facts: RelationSet, symbols: Mapping[str, str]
) -> tuple[dict[str, Plane], dict[str, dict[str, int]]]:
    """pathway -> plane, and -> what to write in it -> row: of the ErbB signaling pathway as in the
    paper, or of the second largest and a middling one.
    """
    sizes = task.training.groupby("group").size().sort_values(ascending=False)
    chosen = ["hsa04012"] if "hsa04012" in sizes else sizes.index[[1, len(sizes) // 2]]
    members = facts.membership.groupby("pathway").concept.apply(list)
    shown, labels = {}, {}
    for pathway in chosen:
        plane = shown[pathway] = of_pathway(embedding, task, pathway, members[pathway])
        related = plane.points[plane.points.related].name
        labels[pathway] = {symbols.get(concept, concept): row for row, concept in related.items()}
    return shown, labels


def _fitted(embedding, names: list[str], kinds: list[str], pairs: np.ndarray, base) -> Plane:
    vectors = prediction.vectors_of(embedding, names)
    mean = vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    axes = axes[:2] * np.where(axes[:2].sum(axis=1) < 0, -1, 1)[:, None]  # one sign in every run
    ends = np.array(
        [prediction.vectors_of(embedding, base[side]).mean(axis=0) for side in ("query", "answer")]
    )
    if (ends[1] - ends[0]) @ axes[0] < 0:  # drugs to the left, genes to the right
        axes = axes * np.array([[-1.0], [1.0]])
    points = pd.DataFrame((vectors - mean) @ axes.T, columns=["x", "y"])
    points = points.assign(name=names, kind=kinds, related=points.index.isin(pairs.ravel()))
    points = points[["name", "kind", "x", "y", "related"]]
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    return Plane(points, pairs, (ends - mean) @ axes.T, mean, axes, share)
