"""Squared norms of word vectors, raw, centred and whitened by the context vectors.
They are core because any study of the length of word vectors needs them.

Oyama, Yokoi and Shimodaira, EMNLP 2023, sections 4 and 5. Near the unigram distribution the
exponential family of skip-gram gives 2 KL(w) = (u_w - u_0)' G (u_w - u_0) to second order, where G
is the covariance of the context vectors (eqs. 9 to 14). All means are weighted by p(w).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lmnotes.errors import InputError, Shown, expect_strings, expect_weights
from lmnotes.words.embedding import Embedding

BLOCK = 1 << 14  # rows in float64 at a time


@dataclass(frozen=True, repr=False)
class Norms(Shown):
    """Squared lengths of every word's input vector (V,), and what they are measured from.

    raw: |u_w|^2. centred: |u_w - u_0|^2. whitened: |G^(1/2)(u_w - u_0)|^2, about 2 KL(w).
    """

    raw: np.ndarray
    centred: np.ndarray
    whitened: np.ndarray
    origin: np.ndarray  # (D,) u_0
    fisher: np.ndarray  # (D, D) G


def squared_norms(
    embedding: Embedding, *, origin: str | list[str] = "mean", counts: np.ndarray | None = None
) -> Norms:
    """The squared norms of all words, by either choice of u_0.

    Args:
        origin: "mean" for the p-weighted mean of all input vectors (eq. 12), or a list of words
            for the p-weighted mean of theirs (eq. 11; the paper takes *the*, *of*, *and*).
        counts: (V,) n_w, where the embedding has none.

    >>> toy = Embedding(["a", "b"], np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> norms = squared_norms(toy, counts=np.array([1, 1]))
    >>> norms.centred, norms.whitened
    (array([0.5, 0.5]), array([0.25, 0.25]))
    """
    counts = embedding.counts if counts is None else counts
    if counts is None or embedding.context is None:
        raise InputError("without counts or context vectors: use skipgram.train, or pass counts")
    unigram = expect_weights("counts", counts, len(embedding)) / np.sum(counts)
    if origin == "mean":
        start = weighted_mean(embedding.input, unigram)
    else:
        rows = [embedding.index(word) for word in expect_strings("origin", origin)]
        start = weighted_mean(embedding.input[rows], unigram[rows] / unigram[rows].sum())
    fisher = weighted_covariance(embedding.context, unigram)
    raw, centred, whitened = np.empty((3, len(embedding)))
    for first in range(0, len(embedding), BLOCK):
        block = slice(first, first + BLOCK)
        vectors = np.asarray(embedding.input[block], float)
        moved = vectors - start
        raw[block] = np.einsum("vd,vd->v", vectors, vectors)
        centred[block] = np.einsum("vd,vd->v", moved, moved)
        whitened[block] = np.einsum("vd,vd->v", moved @ fisher, moved)
    return Norms(raw, centred, whitened, start, fisher)


def weighted_mean(vectors: np.ndarray, weights: npt.ArrayLike) -> np.ndarray:
    """sum_w weights[w] vectors[w] (D,) float64, over the sum of the weights."""
    weights = expect_weights("weights", weights, len(vectors))
    blocks = [slice(first, first + BLOCK) for first in range(0, len(vectors), BLOCK)]
    total = sum(np.asarray(weights[b], float) @ np.asarray(vectors[b], float) for b in blocks)
    return total / np.sum(weights)


def weighted_covariance(
    vectors: np.ndarray, weights: np.ndarray | None, mean: np.ndarray | None = None
) -> np.ndarray:
    """G = sum_w weights[w] (v_w - mean)(v_w - mean)' (D, D) float64, over the sum of the weights.

    weights: None are equal ones. mean: (D,), the one by the same weights without.
    """
    if mean is None:
        mean = weighted_mean(vectors, np.ones(len(vectors)) if weights is None else weights)
    total = np.zeros((vectors.shape[1], vectors.shape[1]))
    for first in range(0, len(vectors), BLOCK):
        block = slice(first, first + BLOCK)
        moved = np.asarray(vectors[block], float) - mean
        # of equal weights the product with itself: ICA's optimum hangs on the last bit
        total += moved.T @ (moved if weights is None else moved * weights[block, None])
    return total / (len(vectors) if weights is None else np.sum(weights))


def normaliser(
    embedding: Embedding, words: list[str], *, negatives: int = 5, noise_power: float = 0.75
) -> np.ndarray:
    """nu sum_w' q(w') exp <u_w, v_w'> of some words (len(words),): 1 for a perfectly trained word.

    Eq. 4 summed over w': how far training is from p(w'|w) = nu q(w') exp <u_w, v_w'>.
    """
    rows = [embedding.index(word) for word in expect_strings("words", words)]
    noise = np.asarray(embedding.counts, float) ** noise_power
    scores = np.asarray(embedding.context) @ embedding.input[rows].T
    return negatives * (noise / noise.sum()) @ np.exp(scores.astype(float))
