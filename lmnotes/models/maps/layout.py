"""Where models stand, computed once and stored: core, as all maps of a population share it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import orthogonal_procrustes
from sklearn import __version__ as sklearn_version

from lmnotes import store
from lmnotes.errors import InputError, expect_shape
from lmnotes.models.maps import projection
from lmnotes.models.maps.labels import labelled

COLUMNS = ("t-SNE 1", "t-SNE 2", "PCA 1", "PCA 2")
_NEAREST = 5  # models that a later one is placed among


def build(
    Q: npt.ArrayLike,
    names: Sequence[str],
    *,
    seed: int = 42,
    perplexity: float = 30.0,
    n_iterations: int = 10_000,
) -> pd.DataFrame:
    """The places of M models, (M, 4): COLUMNS by name of model; stored, so that whoever has the
    same models and texts draws the same map.

    Args:
        Q: (M, N) doubly centred log-likelihoods, nats.
        seed, perplexity, n_iterations: of t-SNE, as the model map has them.

    A distance between two places of the PCA is part of the standard deviation over texts of the
    difference of their log-likelihoods, nats; distances of t-SNE have no unit.
    """
    Q = np.asarray(Q, np.float64)
    expect_shape("Q", Q, f"({len(names)}, N)", "give a name for each row")
    settings: dict[str, Any] = dict(seed=seed, perplexity=perplexity, n_iterations=n_iterations)
    content = hashlib.sha256(np.ascontiguousarray(Q).data)
    key = {"Q": content.hexdigest(), "sklearn": sklearn_version, **settings}

    def write(folder) -> None:
        flat = projection.pca(Q) / np.sqrt(Q.shape[1])
        places = np.hstack([projection.tsne(Q, **settings), flat])
        store.save_arrays(folder, {"places": places}, "layout", settings)

    folder = store.build("layout", key, write)
    with store.opening(folder):
        places = store.open_arrays(folder, ["places"], "layout")["places"]
    return pd.DataFrame(places, index=pd.Index(names, name="model"), columns=list(COLUMNS))


@labelled("rows", "columns")
def procrustes(points: npt.ArrayLike, reference: npt.ArrayLike) -> np.ndarray:
    """The centred points, rotated and reflected, not scaled, onto the centred reference, (M, K).

    Minimises the sum of squared distances over orthogonal matrices (Schoenemann 1966).

    >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
    >>> mirrored = square[:, ::-1] * [1, -1] + 5
    >>> np.allclose(procrustes(mirrored, square), square)
    True
    """
    points, reference = np.asarray(points, np.float64), np.asarray(reference, np.float64)
    expect_shape("points", points, str(reference.shape), "select the same models of both maps")
    points, reference = points - points.mean(axis=0), reference - reference.mean(axis=0)
    return points @ orthogonal_procrustes(points, reference)[0]


def onto(places: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """The places, turned, mirrored and moved onto the reference by the models that both have.

    Args:
        places, reference: (M, 2) and (M', 2), by name of model, of any columns; sizes are kept.

    Raises InputError where they have fewer than two models in common.

    >>> there = pd.DataFrame([[0.0, 0], [2, 0], [0, 1]], index=list("abc"))
    >>> turned = pd.DataFrame([[5.0, 5], [5, 3], [6, 5], [7, 7]], index=list("abcd"))
    >>> np.allclose(onto(turned, there), [[0, 0], [2, 0], [0, 1], [-2, 2]])
    True
    """
    common = places.index.intersection(reference.index)
    if len(common) < 2:
        given = f"two maps of {len(places)} and {len(reference)} models share {len(common)}"
        raise InputError(f"{given}; expected two or more to turn one by: give their common names")
    mine, theirs = (table.loc[common].to_numpy(np.float64) for table in (places, reference))
    centre, target = mine.mean(axis=0), theirs.mean(axis=0)
    turn = orthogonal_procrustes(mine - centre, theirs - target)[0]
    turned = (places.to_numpy(np.float64) - centre) @ turn + target
    return pd.DataFrame(turned, index=places.index, columns=places.columns)


def add(
    places: pd.DataFrame, Q: np.ndarray, added: np.ndarray, names: Sequence[str]
) -> pd.DataFrame:
    """The places of models that come later, (m, 4) by name, among those of `build`, which stay.

    Args:
        places, Q: (M, 4) and (M, N), of the models that the map was made of.
        added: (m, N), rows centred, less the same means of the texts as Q, nats.

    On the PCA a model stands where its projection falls. t-SNE has none: there it stands at the
    mean of its five nearest by map distance, weighted by the inverse square of it, so a copy of a
    model stands on it, and none outside of the map. Each is placed by the models of the map alone,
    so the order in which they come makes no difference.

    >>> Q = np.array([[2.0, 0, -2], [-2, 0, 2], [0, 1, -1], [0, -1, 1]])
    >>> places = pd.DataFrame(np.hstack([Q[:, :2], Q[:, :2]]), columns=list(COLUMNS))
    >>> add(places, Q, Q[1:2], ["twin"])[["t-SNE 1", "t-SNE 2"]].to_numpy().tolist()
    [[-2.0, 0.0]]
    """
    expect_shape("added", added, f"({len(names)}, {Q.shape[1]})", "score them on the same texts")
    flat = places[["PCA 1", "PCA 2"]].to_numpy()
    weights = flat / np.maximum((flat**2).sum(axis=0), np.finfo(float).tiny)  # (M, 2)
    on_pca = added @ (Q.T @ weights) / Q.shape[1]
    squared = np.stack([((Q - row) ** 2).sum(axis=1) for row in added])  # (m, M)
    near = np.argsort(squared, axis=1, kind="stable")[:, :_NEAREST]
    gaps = np.take_along_axis(squared, near, axis=1)
    least = np.maximum(gaps[:, :1], np.finfo(float).tiny)
    shares = (least / np.maximum(gaps, least)) ** 2
    shares /= shares.sum(axis=1, keepdims=True)
    on_tsne = np.einsum("mk,mkd->md", shares, places[["t-SNE 1", "t-SNE 2"]].to_numpy()[near])
    index = pd.Index(names, name="model")
    return pd.DataFrame(np.hstack([on_tsne, on_pca]), index=index, columns=list(COLUMNS))
