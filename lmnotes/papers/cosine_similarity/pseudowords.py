"""Pseudo-words: two unrelated words written as one, whose two meanings are then known.

After Gale, Church and Yarowsky 1992 and Schütze 1992, who tested the telling apart of senses on
such words. Here they stand in for a word of several meanings (Yamagiwa et al., COLING 2025,
Figure 23), of which no text is marked.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lmnotes.errors import InputError
from lmnotes.text import corpus as assemble
from lmnotes.text.corpus import Corpus
from lmnotes.words.ica.components import Components

JOIN = "+"  # no token holds it


def draw(
    unit: np.ndarray,
    words: Sequence[str],
    counts: np.ndarray,
    *,
    n: int = 20,
    min_count: int = 30,
    seed: int = 0,
) -> list[tuple[str, str]]:
    """Up to n pairs of unrelated words, no word twice, each word with a clear axis of its own.

    Args:
        unit: (V, K) rows of length 1.
        min_count: rarer words are not drawn.

    The pairs are drawn at random among the 10 n frequent words of the largest single value: their
    largest values lie on different axes, their cosine is below 0.1 and neither is more than twice
    as frequent as the other, so that neither drowns the other.

    Raises InputError where there is no such pair.
    """
    counts = np.asarray(counts)
    often = np.flatnonzero(counts >= min_count)
    clear = often[np.argsort(-unit[often].max(axis=1), kind="stable")[: 10 * n]]
    left = list(np.random.default_rng(seed).permutation(clear))
    pairs = []
    while left and len(pairs) < n:
        first = left.pop(0)
        for second in left:
            apart = unit[first].argmax() != unit[second].argmax()
            alike = max(counts[[first, second]]) <= 2 * min(counts[[first, second]])
            if apart and alike and unit[first] @ unit[second] < 0.1:
                pairs.append((words[first], words[second]))
                left.remove(second)
                break
    if not pairs:
        given = f"no two unrelated words among {len(often):,} that occur {min_count} times"
        raise InputError(f"{given}: expected some; lower min_count, or take a larger text")
    return pairs


def merge(corpus: Corpus, pairs: Sequence[tuple[str, str]]) -> Corpus:
    """The corpus with both words of each pair as one type, named `first+second`.

    >>> from lmnotes.text import corpus
    >>> text = corpus.from_texts(["a cat sat on a mat"])
    >>> merge(text, [("cat", "mat")]).words
    ['a', 'cat+mat', 'on', 'sat']
    """
    words, new_id = list(corpus.words), np.arange(corpus.n_words)
    for first, second in pairs:
        first_id, second_id = corpus.index(first), corpus.index(second)
        words[first_id], new_id[second_id] = f"{first}{JOIN}{second}", first_id
    lengths = np.diff(corpus.offsets).tolist()
    return Corpus(
        f"{corpus.name}, {len(pairs)} pseudo-words",
        titles=corpus.titles,
        sources=corpus.sources,
        document_source=corpus.document_source,
        **assemble.finished(new_id[corpus.tokens], words, np.asarray(corpus.flags), lengths),
    )


def contexts(
    corpus: Corpus,
    word: str,
    unit: np.ndarray,
    rows: Mapping[str, int],
    *,
    window: int = 10,
    limit: int = 200,
) -> np.ndarray:
    """The mean vector (n, K) of the words around each occurrence of a word, itself left out.

    Args:
        unit: (V, K) vectors. rows: word -> its row; other words are passed over.
        window: reach on either side, within the document.
        limit: only the first so many occurrences.

    An occurrence without a known neighbour gets zeros.
    """
    row_of = np.array([rows.get(other, -1) for other in corpus.words])
    row_of[corpus.index(word)] = -1
    places = np.flatnonzero(corpus.tokens == corpus.index(word))[:limit]
    documents = np.searchsorted(corpus.offsets, places, side="right") - 1
    means = np.zeros((len(places), unit.shape[1]))
    for mean, place, document in zip(means, places, documents, strict=True):
        start = max(place - window, corpus.offsets[document])
        end = min(place + window + 1, corpus.offsets[document + 1])
        around = row_of[corpus.tokens[start:end]]
        if (around >= 0).any():
            mean[:] = unit[around[around >= 0]].mean(axis=0)
    return means


def told_apart(
    corpus: Corpus, pair: tuple[str, str], two_axes: Sequence[int], space: Components
) -> float:
    """The share of a pair's places whose surroundings are larger on the axis of the right word."""
    around = (contexts(corpus, word, space.normalised, space.ids)[:, two_axes] for word in pair)
    first, second = (np.diff(each)[:, 0] for each in around)  # above 0: the second axis is larger
    return (np.mean(first < 0) + np.mean(second > 0)) / 2
