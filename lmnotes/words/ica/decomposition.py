"""Independent component analysis of word vectors: whiten, rotate onto the spikes, sign, order.

Yamagiwa, Oyama and Shimodaira, *Discovering Universal Geometry in Embeddings with ICA*, EMNLP 2023.
"""

import hashlib
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from lmnotes import store
from lmnotes.errors import InputError, expect_between, expect_one_of, expect_weights, expect_whole
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import solver as rotation_solver
from lmnotes.words.ica.components import Components, order
from lmnotes.words.ica.whitening import whiten

VERSION = 7  # of the solver; part of every artefact's id


@dataclass(frozen=True)
class Settings:
    """What defines a decomposition; `fit` documents each value."""

    n_components: int | None = None
    weighted_mean: bool = False
    seed: int = 0
    tolerance: float = 1e-4
    max_iterations: int = 500
    solver: str = "lbfgs"
    contrast: str = "logcosh"

    def __post_init__(self):
        expect_one_of("solver", self.solver, ("lbfgs", "fastica"))
        expect_between("tolerance", self.tolerance, low=0, above=True)
        expect_whole("max_iterations", self.max_iterations)


def fit(
    vectors: npt.ArrayLike,
    *,
    n_components: int | None = None,
    counts: np.ndarray | None = None,
    weighted_mean: bool = False,
    weights: np.ndarray | None = None,
    seed: int = 0,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
    solver: Literal["lbfgs", "fastica"] = "lbfgs",
    contrast: Literal["logcosh", "cube"] = "logcosh",
    device: str | None = None,
) -> Components:
    """The independent components of vectors (V, D): positive skewness, most skewed axis first.

    Args:
        n_components: K, principal components kept before the rotation; None for all.
        counts: (V,) of the words, for `weighted_mean`.
        weighted_mean: subtract the mean weighted by counts instead of the plain one.
        weights: (V,) of the rows in mean, covariance, contrast and skewness; how often each row was
            drawn, where rows are drawn from the text (`draw_rows`).
        seed: of the random start.
        tolerance: for "lbfgs" the gradient norm to reach; for "fastica" the change in an axis's
            cosine from step to step. At 1e-4 word vectors' axes may still turn, most by less than
            two seeds differ; 3e-6 settled 100 of them, at two to three times the steps.
        solver: "lbfgs" (`solver.solve`), or scikit-learn's "fastica", slower, float64.
        contrast: "logcosh", the paper's, or "cube".
        device: of torch; None takes a GPU where there is one.

    Raises InputError: fewer rows than columns, NaN or infinite numbers, a constant column.

    Warns where directions without variance are dropped. A run that reached `max_iterations` is
    returned with `converged` False, and its `summary()` says so.

    >>> sources = np.random.default_rng(0).exponential(size=(2000, 2))
    >>> ica = fit(sources @ np.array([[2.0, 1.0], [1.0, 1.0]]))
    >>> match = np.abs(np.corrcoef(ica.values.T, sources.T)[:2, 2:])
    >>> bool((match.max(axis=1) > 0.99).all()), ica.converged
    (True, True)
    """
    limits = (tolerance, max_iterations)
    settings = Settings(n_components, weighted_mean, seed, *limits, solver, contrast)
    return _fit(np.asarray(vectors), settings, counts, weights, device)


def fit_embedding(embedding: Embedding, *, min_count: int = 1, **options: Any) -> Components:
    """The independent components of an embedding's input vectors, kept as an artefact.

    Args:
        min_count: rarer words are left out; the components have `words` and `counts` of the others.
        options: those of `fit`.
    """
    vectors, words, counts = embedding.input, list(embedding.words), embedding.counts
    if min_count > 1:
        if counts is None:
            raise InputError(f"min_count={min_count} without counts: give counts, or leave it at 1")
        rows = np.flatnonzero(np.asarray(counts) >= min_count)
        vectors, words, counts = vectors[rows], [words[row] for row in rows], counts[rows]
    vectors, counts = np.asarray(vectors), None if counts is None else np.asarray(counts)
    weights, device = options.pop("weights", None), options.pop("device", None)
    settings = Settings(**options)
    key = asdict(settings) | {"version": VERSION, "vectors": _sha256(vectors)}
    key["counts"] = None if counts is None or not settings.weighted_mean else _sha256(counts)
    key["weights"] = None if weights is None else _sha256(np.asarray(weights))

    def write(folder: Path) -> None:
        _fit(vectors, settings, counts, weights, device).save(folder)

    folder = store.build("components", key, write)
    return Components.open(folder, vectors, words=words, counts=counts, weights=weights)


def draw_rows(
    counts: npt.ArrayLike,
    *,
    n_draws: int = 100_000,
    n_words: int = 30_000,
    min_count: int = 10,
    seed: int = 4,
) -> np.ndarray:
    """How often each word is taken (V,) when rows are drawn as the paper draws them from text8.

    `n_draws` words of at least `min_count` occurrences, with replacement and in proportion to their
    counts; then the most frequent words not drawn yet, once each, up to `n_words` different ones.
    Pass it to `fit` as `weights`, over the rows where it is above 0.

    >>> draw_rows(np.array([90, 9, 1]), n_draws=10, n_words=2, min_count=5, seed=0).tolist()
    [9, 1, 0]
    """
    expect_whole("n_draws", n_draws, 1)
    counts = np.asarray(counts)
    expect_weights("counts", counts, len(counts))
    allowed = np.flatnonzero(counts >= min_count)
    if not len(allowed):
        raise InputError(f"min_count={min_count} leaves none of {len(counts):,} words: lower it")
    share = counts[allowed] / counts[allowed].sum()
    drawn = np.zeros(len(counts), np.int64)
    drawn[allowed] = np.random.default_rng(seed).multinomial(n_draws, share)
    missing = max(min(n_words, len(allowed)) - np.count_nonzero(drawn), 0)
    by_count = allowed[np.argsort(-counts[allowed], kind="stable")]
    drawn[by_count[drawn[by_count] == 0][:missing]] = 1
    return drawn


def _fit(vectors, settings: Settings, counts, weights, device) -> Components:
    if settings.weighted_mean and counts is None:
        raise InputError("weighted_mean without counts: expected counts (V,); pass them")
    k, means = settings.n_components, counts if settings.weighted_mean else None
    whitening = whiten(vectors, n_components=k, mean_weights=means, weights=weights)
    report: tuple[int, float, float, bool]
    if settings.solver == "fastica":
        rotation, report = _scikit_learn(whitening.white, settings, weights)
    else:
        options = {name: getattr(settings, name) for name in ("contrast", "seed", "tolerance")}
        options |= {"max_iterations": settings.max_iterations, "device": device}
        end = rotation_solver.solve(whitening.white, weights=weights, **options)
        rotation = end.rotation
        report = (end.n_iterations, end.gradient_norm, end.limit, end.converged)
    signs, by_skewness = order(whitening.white @ rotation, weights)
    unmixing = (whitening.map @ rotation * signs)[:, by_skewness]
    values = (np.asarray(vectors, np.float64) - whitening.mean) @ unmixing
    made = asdict(settings)
    return Components(values, whitening.mean, unmixing, "ICA", *report, made, weights=weights)


def _scikit_learn(white: np.ndarray, settings: Settings, weights) -> tuple[np.ndarray, Any]:
    """Rotation; steps, gradient, limit, success of FastICA as the paper has it, from our start."""
    if weights is not None:
        raise InputError("weights with solver='fastica': expected none; use solver='lbfgs'")
    limits = {"max_iter": settings.max_iterations, "tol": settings.tolerance}
    start = rotation_solver.random_rotation(white.shape[1], settings.seed).T
    model = FastICA(whiten=False, fun=settings.contrast, w_init=start, **limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the result says it
        model.fit(white)
    rotation = model.components_.T
    slope = rotation_solver.gradient(white, rotation, contrast=settings.contrast)
    n, gradient_norm = int(model.n_iter_), float(np.abs(slope).max())
    return rotation, (n, gradient_norm, settings.tolerance, n < settings.max_iterations)


def _sha256(array: np.ndarray) -> str:
    array = np.ascontiguousarray(array)
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()
