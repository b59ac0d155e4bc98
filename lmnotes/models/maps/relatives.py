"""Are neighbours relatives? Distances between models, judged by who descends from whom.
It is core because any table of models with their parents can ask.

Two models are related where they share an ancestor, themselves included, or a lineage; else they
are strangers. Two of one run, its checkpoints, are neither: that they are near is no news.

With the same aim, Nikolic, Baluta and Saxena ("Model Provenance Testing for Large Language Models",
arXiv 2502.00706) test from outputs alone, with unrelated models as the baseline, whether a model is
derived from another; Wu et al. ("LLM DNA", ICLR 2026, arXiv 2509.24496) project embeddings of the
models' answers and draw the tree of their evolution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from lmnotes import statistics
from lmnotes.errors import InputError, Shown, expect_shape, expect_whole
from lmnotes.models.maps.labels import labelled


@dataclass(frozen=True, eq=False, repr=False)
class Kin(Shown):
    """What is known of the descent of M models.

    lineage, run: (M,) names; parents: (M, M) bool, [child, parent]; related, strangers: (M, M) bool
    of every two models of different runs.
    """

    lineage: np.ndarray
    run: np.ndarray
    parents: np.ndarray
    related: np.ndarray
    strangers: np.ndarray


def kin(
    names: Sequence[str],
    parents: Sequence[str],
    lineage: Sequence[str] | None = None,
    run: Sequence[str] | None = None,
) -> Kin:
    """Who is related to whom.

    Args:
        names: (M,) of the models. parents: (M,) a name, "a + b" of a merge, or "" or NaN; it ties
            its children together where it is itself not among the models.
        lineage: (M,) such as families; by default models that a chain of relatives ties together.
        run: (M,) what each is a checkpoint of; by default every model is a run.

    >>> kin(["a", "b", "c", "d"], ["", "a", "", "b + c"]).related[3].tolist()
    [True, True, True, False]
    """
    names = np.asarray(names, str)
    for what, values in (("parents", parents), ("lineage", lineage), ("run", run)):
        if values is not None:
            expect_shape(what, np.asarray(values), f"({len(names)},)", "give one for each model")
    if len(set(names)) < len(names):
        twice = next(str(name) for name in names if (names == name).sum() > 1)
        raise InputError(f"{twice!r} was given twice; expected a name for each model: rename one")
    split = [[] if pd.isna(cell) or not cell else str(cell).split(" + ") for cell in parents]
    above = dict(zip(names.tolist(), split, strict=True))
    lines = [_ancestors(name, above) for name in above]
    is_parent = np.array([np.isin(names, named) for named in split])
    everyone = list(set().union(*lines))
    descends = np.array([np.isin(everyone, list(line)) for line in lines], np.float32)
    alike = descends @ descends.T > 0
    if lineage is None:
        lineage = connected_components(alike)[1].astype(str)
    else:
        lineage = np.asarray(lineage, str)
        alike |= lineage[:, None] == lineage
    run = names if run is None else np.asarray(run, str)
    counted = run[:, None] != run
    return Kin(lineage, run, is_parent & counted, alike & counted, ~alike & counted)


@labelled("rows")
def neighbours(distances: npt.ArrayLike, kin: Kin, k: int = 5) -> np.ndarray:
    """Precision at k: the share of relatives among the k nearest of each model, (M,).

    Args:
        distances: (M, M); NaN, where two cannot be compared, is farther than all.
        k: of a model with fewer relatives as many as it has, so that 1 can be reached; NaN of one
            without. Of several at the same distance, each has the same right to be among the k.

    >>> line = kin(list("abc"), ["", "a", ""])
    >>> neighbours([[0, 1, 2], [1, 0, 1], [2, 1, 0.0]], line, k=1).tolist()
    [1.0, 0.5, nan]
    """
    expect_whole("k", k, 1)
    apart, n = _apart(distances, kin), np.minimum(k, kin.related.sum(axis=1))
    nearest = np.partition(apart, range(max(n.max(initial=1), 1)), axis=1)
    edge = np.take_along_axis(nearest, np.maximum(n - 1, 0)[:, None], axis=1)  # of the nth
    closer, tied = apart < edge, apart == edge
    places = (n - closer.sum(axis=1)) / tied.sum(axis=1)
    hits = (closer & kin.related).sum(axis=1) + places * (tied & kin.related).sum(axis=1)
    return np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)


@labelled("rows")
def separation(
    distances: npt.ArrayLike, kin: Kin, kind: Literal["parents", "related"] = "parents"
) -> np.ndarray:
    """AUC: the share of strangers that are farther from a model than its parent is, (M,).

    Equal distances count half; of several parents the mean, NaN without one or without strangers.
    kind: "related" takes every relative in place of the parents; distances: as in `neighbours`.

    >>> line = kin(list("abc"), ["", "a", ""])
    >>> separation([[0, 1, 2], [1, 0, 1], [2, 1, 0.0]], line).tolist()
    [nan, 0.5, nan]
    """
    kindred = getattr(kin, kind)
    n, m = kindred.sum(axis=1), kin.strangers.sum(axis=1)
    apart = np.where(kindred | kin.strangers, _apart(distances, kin), np.inf)
    above = (rankdata(apart, axis=1) * kindred).sum(axis=1) - n * (n + 1) / 2  # Mann and Whitney's
    return 1 - np.divide(above, n * m, out=np.full(len(n), np.nan), where=n * m > 0)


def judge(
    ways: Mapping[str, npt.ArrayLike], kin: Kin, *, k: int = 5, n_draws: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Several (M, M) distances by what they tell of descent: a row per measure and way.

    Columns: measure (`neighbours`, and `separation` of parents and of all relatives), way, value
    (the mean over models), low and high (95 %, over lineages, whose models are not independent; NaN
    for fewer than three), chance, p, n_models, n_lineages. What no model has is left out.

    p: the share of orders of the models, `n_draws` random ones and the one that is, in which the
    value is as high. An order puts runs in the place of runs of as many models, checkpoint for
    checkpoint: lineages keep their sizes, children their parents, and a run its own distances.
    Raises InputError where no model has a relative, or a matrix another shape.
    """
    n_related = kin.related.sum(axis=1)
    if not n_related.any():
        given = f"{len(kin.run)} models without a relative among them were given"
        raise InputError(f"{given}; expected two of a lineage, at least: name parents or lineages")
    rng, rows, half = np.random.default_rng(seed), [], np.full(len(kin.run), 0.5)
    at_random = n_related / (n_related + kin.strangers.sum(axis=1))
    orders = [_reordered(kin.run, rng) for _ in range(n_draws)]
    measures = {
        f"precision at {k}": (lambda apart: neighbours(apart, kin, k), at_random),
        "AUC, parent": (lambda apart: separation(apart, kin), half),
        "AUC, relative": (lambda apart: separation(apart, kin, "related"), half),
    }
    for (name, (measure, chance)), (way, apart) in product(measures.items(), ways.items()):
        apart, values = np.asarray(apart), measure(apart)
        if has := np.flatnonzero(np.isfinite(values)).tolist():
            mean_of, groups = lambda some, v=values[has]: v[some].mean(), kin.lineage[has]
            mean, ends = statistics.group_bootstrap(mean_of, groups, n_draws, seed)
            drawn = np.array([measure(apart[np.ix_(order, order)])[has].mean() for order in orders])
            p = (1 + np.sum(drawn > mean - 1e-12)) / (1 + n_draws)  # equal but for rounding
            counts = len(has), len(set(groups))
            rows.append((name, way, mean, *ends, chance[has].mean(), p, *counts))
    columns = ["measure", "way", "value", "low", "high", "chance", "p", "n_models", "n_lineages"]
    return pd.DataFrame(rows, columns=columns)


def _ancestors(name: str, above: Mapping[str, Sequence[str]]) -> set[str]:
    """The model, its parents, their parents, and so on."""
    line, waiting = set(), [name]
    while waiting:
        if (model := waiting.pop()) not in line:
            line.add(model)
            waiting += above.get(model, ())
    return line


def _apart(distances: npt.ArrayLike, kin: Kin) -> np.ndarray:
    """The distances, a run's own models beyond all, and before them what cannot be compared."""
    apart = np.array(distances, np.float64)
    expect_shape("distances", apart, f"({len(kin.run)}, {len(kin.run)})", "a row for each model")
    apart[np.isnan(apart)] = np.finfo(np.float64).max
    apart[~(kin.related | kin.strangers)] = np.inf
    return apart


def _reordered(run: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows in an order in which runs have changed places with runs of the same size, (M,)."""
    order, members = np.arange(len(run)), dict[int, list[np.ndarray]]()
    for name in dict.fromkeys(run.tolist()):
        rows = np.flatnonzero(run == name)
        members.setdefault(len(rows), []).append(rows)
    for runs in members.values():
        order[np.stack(runs)] = rng.permutation(np.stack(runs))
    return order
