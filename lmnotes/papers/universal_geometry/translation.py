"""Word translation by a linear map: least squares, Procrustes, or a mere permutation of axes."""

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from lmnotes.errors import expect_one_of
from lmnotes.words.ica import compare, matching
from lmnotes.words.ica.components import Components

VERSIONS = ("as trained", "after a random linear map")


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """The rows at length 1; rows of zeros stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def learn(
    source: np.ndarray,
    target: np.ndarray,
    method: Literal["least squares", "procrustes", "permutation"],
) -> np.ndarray:
    """The map W (K_1, K_2) that brings paired source rows (n, K_1) near their targets (n, K_2).

    "permutation" moves every source axis onto the target axis that it is greedily matched with on
    rows of length 1; nothing is turned or scaled.

    >>> rows = np.random.default_rng(0).normal(size=(50, 3))
    >>> learn(rows, rows[:, [1, 2, 0]], "permutation").tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if method == "least squares":
        return np.linalg.lstsq(source, target, rcond=None)[0]
    if method == "procrustes":
        left, _, right = np.linalg.svd(source.T @ target, full_matrices=False)
        return left @ right
    expect_one_of("method", method, ("least squares", "procrustes", "permutation"))
    matched = matching.match(unit_rows(source), unit_rows(target))
    permutation = np.zeros((source.shape[1], target.shape[1]))
    permutation[matched.first, matched.second] = 1
    return permutation


def csls(queries: np.ndarray, targets: np.ndarray, sources: np.ndarray, k: int = 10) -> np.ndarray:
    """Cross-domain similarity (n, V): 2 cos(x, y) less the mean cosines to k nearest neighbours.

    score(x, y) = 2 x.y - mean of x's k nearest targets - mean of y's k nearest sources, on rows of
    length 1: a target that is near everything is passed over (Conneau et al. 2018).

    Args:
        queries: (n, K) mapped source rows to translate. targets: (V, K). sources: (m, K) mapped
            source rows that targets are compared with.
    """
    queries, targets, sources = (
        unit_rows(rows).astype(np.float32) for rows in (queries, targets, sources)
    )
    cosine = queries @ targets.T
    near = _nearest(cosine, k)[:, None]
    cosine *= 2
    cosine -= near
    starts = range(0, len(targets), 512)  # all cosines at once would fill half a gigabyte
    cosine -= np.concatenate([_nearest(targets[i : i + 512] @ sources.T, k) for i in starts])
    return cosine


def _nearest(cosine: np.ndarray, k: int) -> np.ndarray:
    """The mean of the k largest numbers of every row."""
    k = min(k, cosine.shape[1])
    return np.partition(cosine, cosine.shape[1] - k, axis=1)[:, -k:].mean(axis=1)


def ranks(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The rank (n,) of each query's right target (n,) by its scores (n, V), 0 for the best.

    >>> ranks(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).tolist()
    [0, 1]
    """
    own = scores[np.arange(len(scores)), right]
    return np.sum(scores > own[:, None], axis=1)


def random_map(dim: int, seed: int = 0) -> np.ndarray:
    """A badly conditioned linear map (D, D): U diag(s) V', U and V Gaussian, s exponential.

    The paper's code transforms embeddings by it before the alignment task; ICA undoes it.
    """
    random = np.random.default_rng(seed)
    u, v = random.normal(scale=1 / dim, size=(2, dim, dim))
    return u * random.exponential(size=dim) @ v.T


def alignment(
    vectors: Sequence[np.ndarray],
    rows: Sequence[np.ndarray],
    *,
    known: Sequence[Components],
    n_train: int = 2000,
    n_test: int = 1000,
    seed: int = 0,
    **options,
) -> pd.DataFrame:
    """The rank of every test word's partner, 0 for the best: a column per version and method.

    Args:
        vectors: (V_1, D) and (V_2, D). rows: (m,) of each, that belong together: `n_train` of them
            at random, at most two thirds, teach the map, and `n_test` others are asked for.
        known: the ICA of both as they were trained.
        options: of `decomposition.fit`, for the ICA after the linear map.
    """
    order = np.random.default_rng(seed).permutation(len(rows[0]))
    n_train = min(n_train, len(order) * 2 // 3)
    learned, asked = order[:n_train], order[n_train:][:n_test]
    columns = {}
    for version in VERSIONS:
        sides = [np.asarray(x, float) for x in vectors]
        if version != VERSIONS[0]:
            sides = [x @ random_map(x.shape[1], seed + n) for n, x in enumerate(sides)]
        ica = known if version == VERSIONS[0] else (None, None)
        with warnings.catch_warnings(action="ignore"):  # directions that the map all but removed
            known_too = enumerate(zip(sides, ica, strict=True))
            axes = [compare.bases(x, ica=i, seed=seed + n, **options) for n, (x, i) in known_too]
        centred = [unit_rows(x - x.mean(axis=0)) for x in sides]
        maps = {"least squares": "least squares", "Procrustes": "procrustes"}
        entries = {method: (*centred, kind) for method, kind in maps.items()}
        for basis in compare.METHODS:
            white = [side[basis].values for side in axes]
            entries[f"{basis}, permuted"] = (*white, "permutation")
        for method, (a, b, kind) in entries.items():
            mapped = a @ learn(a[rows[0][learned]], b[rows[1][learned]], kind)
            scores = csls(mapped[rows[0][asked]], b, mapped)
            columns[version, method] = ranks(scores, rows[1][asked])
    return pd.DataFrame(columns)


def accuracy(answers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Per cent of the test words whose partner is the first, among five, among ten answers: a row
    per version and method, means over the ranks (of `alignment`) by several seeds."""
    shares = {f"acc@{k}": pd.DataFrame([(x < k).mean() for x in answers]) for k in (1, 5, 10)}
    table = pd.DataFrame({name: 100 * share.mean() for name, share in shares.items()})
    return table.rename_axis(["vectors", "method"]).reset_index()
