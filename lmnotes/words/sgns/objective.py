"""The objective of skip-gram with negative sampling, of vectors that stand still."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lmnotes.errors import InputError, expect_between, expect_weights, expect_whole
from lmnotes.text.corpus import Corpus
from lmnotes.words.embedding import Embedding
from lmnotes.words.kernels import walk


@dataclass(frozen=True)
class Objective:
    """The mean loss per positive pair with its negatives in nats, and what it was measured on."""

    loss: float
    standard_error: float
    n_pairs: int
    coverage: float  # share of the tokens that have a vector


def measure(
    embedding: Embedding,
    corpus: Corpus,
    *,
    window: int = 10,
    negatives: int = 5,
    shrink_windows: bool = False,
    noise_power: float = 0.75,
    n_pairs: int = 200_000,
    seed: int = 0,
) -> Objective:
    """The objective of an embedding on a corpus, training text or held out, by a sample of pairs.

    Words without a vector are dropped from the text first. Negatives are drawn from the counts
    behind the embedding to `noise_power`, as in training.

    >>> from lmnotes.text import corpus
    >>> text = corpus.from_texts(["a b c"])
    >>> zero = np.zeros((3, 2), np.float32)
    >>> toy = Embedding(["a", "b", "c"], zero, zero, np.ones(3, int))
    >>> round(measure(toy, text).loss, 4)  # six times log 2
    4.1589
    """
    if embedding.context is None or embedding.counts is None:
        raise InputError("without context vectors and counts: expected both; see skipgram.train")
    for name, n in (("window", window), ("negatives", negatives), ("n_pairs", n_pairs)):
        expect_whole(name, n, 1)
    rows = np.array([embedding.ids.get(word, -1) for word in corpus.words])[corpus.tokens]
    known = rows >= 0
    documents = np.repeat(np.arange(len(corpus.offsets) - 1), np.diff(corpus.offsets))[known]
    if not (np.diff(documents) == 0).any():
        raise InputError(f"no two neighbours of {corpus.name} have vectors: expected some pairs")
    text = (rows[known].astype(np.int32), documents)
    noise = noise_table(embedding.counts, noise_power)
    sizes = (window, shrink_windows, noise, negatives, n_pairs, np.uint64(seed))
    losses = walk.sample_losses(embedding.input, embedding.context, *text, *sizes)
    error = float(losses.std() / np.sqrt(n_pairs))
    return Objective(float(losses.mean()), error, n_pairs, float(known.mean()))


def noise_table(counts: npt.ArrayLike, power: float) -> tuple[np.ndarray, np.ndarray]:
    """The noise distribution q ~ counts**power, ready for drawing; see `alias_table`."""
    expect_between("noise_power", power, -100, 100, "the paper's is 0.75")
    return alias_table(np.asarray(counts, float) ** power)


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's alias table: (thresholds out of 2**32 (V,) uint64, aliases (V,) int32).

    Column c stands for word c below its threshold and for its alias above.
    """
    weights = expect_weights("weights", weights, len(weights))
    scaled = weights * len(weights) / np.sum(weights)
    threshold, alias = np.ones(len(scaled)), np.arange(len(scaled), dtype=np.int32)
    small, large = list(np.flatnonzero(scaled < 1)), list(np.flatnonzero(scaled >= 1))
    while small and large:
        low, high = small.pop(), large[-1]
        threshold[low], alias[low] = scaled[low], high
        scaled[high] -= 1 - scaled[low]
        if scaled[high] < 1:
            small.append(large.pop())
    return (threshold * 2.0**32).astype(np.uint64), alias
