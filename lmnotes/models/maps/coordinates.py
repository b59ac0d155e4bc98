"""The map of language models: centring, KL between models, and what is near what.

Oyama, Yamagiwa, Takase and Shimodaira, "Mapping 1,000+ Language Models via the Log-Likelihood
Vector", ACL 2025. L is the (M, N) matrix of log-likelihoods of N texts under M models, in nats;
its doubly centred rows are the coordinates of the models. Pure functions of arrays; of a DataFrame
with a row per model they keep the labels (`labels`).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from lmnotes.errors import InputError, expect_between, expect_finite, expect_shape, expect_whole
from lmnotes.models.maps.labels import labelled

Unit = Literal["nats", "bits/byte"]


@labelled("rows", "columns")
def row_centre(log_likelihood: npt.ArrayLike) -> np.ndarray:
    """Each model's log-likelihoods less their mean over the texts, (M, N) nats.

    Distances between rows are then those of variances: ||xi_i - xi_j||^2 / N is the population
    variance of l_i - l_j.

    >>> row_centre([[-3.0, -1.0], [-8.0, -2.0]]).tolist()
    [[-1.0, 1.0], [-3.0, 3.0]]
    """
    values = _matrix(log_likelihood)
    return values - values.mean(axis=1, keepdims=True)


@labelled("rows", "columns")
def double_centre(log_likelihood: npt.ArrayLike) -> np.ndarray:
    """The coordinates Q of the models: rows and columns of L with their means taken out, (M, N).

    Moves the origin to the mean model and changes no distance of `row_centre`'s.

    >>> double_centre([[-3.0, -1.0], [-8.0, -2.0]]).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    centred = row_centre(log_likelihood)
    return centred - centred.mean(axis=0)


@labelled("rows", "columns")
def centre_within(log_likelihood: npt.ArrayLike, groups: Sequence) -> np.ndarray:
    """Each row less its mean over the texts of each group, (M, N): distances within domains only.

    Args:
        log_likelihood: (M, N) nats.
        groups: (N,) such as the domain of every text.

    `kl` of the result is the part of the distance that is not between domains, weighted by the
    number of texts of each.

    >>> centre_within([[-3.0, -1.0, -9.0, -7.0]], ["news", "news", "code", "code"]).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    values = _matrix(log_likelihood).copy()
    groups = np.asarray(groups)
    expect_shape("groups", groups, f"({values.shape[1]},)", "give one for each text")
    for group in np.unique(groups):
        chosen = groups == group
        values[:, chosen] -= values[:, chosen].mean(axis=1, keepdims=True)
    return values


@labelled("rows", "rows")
def kl(
    coordinates: npt.ArrayLike, unit: Unit = "nats", n_bytes: npt.ArrayLike | None = None
) -> np.ndarray:
    """||q_i - q_j||^2 / 2N for every two models, (M, M): their KL divergence to second order.

    Args:
        coordinates: (M, N) nats, of `double_centre`, `row_centre` or `centre_within`.
        unit: nats per text, or bits per byte: nats / (mean bytes of a text * ln 2).
        n_bytes: (N,) bytes of the texts, or their mean; needed for bits per byte.

    The differences are taken directly: ||a||^2 + ||b||^2 - 2ab loses the digits of models that are
    nearly the same. Raises `ValueError` for bits per byte without bytes.

    >>> kl([[1.0, -1.0], [-1.0, 1.0]]).tolist()
    [[0.0, 2.0], [2.0, 0.0]]
    >>> float(kl(pd.DataFrame([[1.0, -1.0], [-1.0, 1.0]], index=["a", "b"])).loc["a", "b"])
    2.0
    """
    values = _matrix(coordinates)
    if n_bytes is not None and np.ndim(n_bytes):
        lengths = np.asarray(n_bytes)
        expect_shape("n_bytes", lengths, f"({values.shape[1]},)", "give one for each text")
    squared = squareform(pdist(values, "sqeuclidean"))  # compiled, one difference at a time
    return squared / (2 * values.shape[1] * nats_per(unit, n_bytes))


@labelled("rows")
def primary_domain(coordinates: npt.ArrayLike, domains: Sequence) -> np.ndarray:
    """The domain that each model likes most, compared with the other models, (M,) of names.

    It is the one with the largest mean of q_i over its texts, so a model of an easy domain has no
    advantage. Needs doubly centred coordinates; the paper's exact scaling is not verified.

    >>> print(*primary_domain(double_centre([[-3.0, -1.0], [-8.0, -2.0]]), ["code", "news"]))
    code news
    """
    values, domains = _matrix(coordinates), np.asarray(domains)
    expect_shape("domains", domains, f"({values.shape[1]},)", "give one for each text")
    names = np.unique(domains)
    means = np.stack([values[:, domains == name].mean(axis=1) for name in names])
    return names[means.argmax(axis=0)]


def nearest(
    distances: npt.ArrayLike, names: Sequence[str] | None = None, k: int = 5
) -> pd.DataFrame:
    """The k nearest models of every model: model, rank, neighbour, distance; a row per pair.

    Args:
        distances: (M, M), as `kl` gives them. names: (M,), else the index of a table, or numbers.

    >>> table = nearest(np.array([[0, 1, 4], [1, 0, 2], [4, 2, 0.0]]), ["a", "b", "c"], k=1)
    >>> table.neighbour.tolist()
    ['b', 'a', 'b']
    """
    names = pd.DataFrame(distances).index if names is None else names
    distances, names = np.asarray(distances, float), np.asarray(names)
    expect_shape("names", names, f"({len(distances)},)", "give one for each model")
    expect_shape("distances", distances, "(M, M)")
    expect_finite("distances", distances, "leave those models out")
    expect_whole("k", k, 1)
    k = min(k, len(names) - 1)
    others = np.where(np.eye(len(names), dtype=bool), np.inf, distances)
    order = np.argsort(others, axis=1, kind="stable")[:, :k]  # (M, k)
    distance = np.take_along_axis(others, order, axis=1).ravel()
    columns = {"model": np.repeat(names, k), "rank": np.tile(np.arange(1, k + 1), len(names))}
    return pd.DataFrame(columns | {"neighbour": names[order].ravel(), "distance": distance})


def _matrix(values: npt.ArrayLike) -> np.ndarray:
    values = np.asarray(values, np.float64)
    expect_shape("L", values, "(M, N)", "a row per model, at least one and a text")
    expect_finite("L", values, "clip it, or leave those models out")
    return values


def nats_per(unit: Unit, n_bytes: npt.ArrayLike | None) -> float:
    """How many nats per text one unit is.

    >>> round(float(nats_per("bits/byte", 972.3188)), 2)
    673.96
    """
    if unit == "nats":
        return 1.0
    if unit != "bits/byte" or n_bytes is None:
        given = f"unit {unit!r} with n_bytes = {n_bytes!r} was given"
        raise InputError(f"{given}; expected 'nats', or 'bits/byte': pass n_bytes, of the texts")
    mean = float(np.asarray(n_bytes).mean())
    expect_between("n_bytes", mean, low=0, above=True)
    return mean * np.log(2)
