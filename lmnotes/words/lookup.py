"""What is asked of words and their vectors: look-up, lengths, neighbours, gensim's calls."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes.errors import InputError, expect_shape, expect_strings, expect_whole, nearest

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

BLOCK = 1 << 16  # rows of a matrix that are looked at together
_TINY = np.finfo(np.float32).tiny


class Lookup:
    """V words and their vectors, as a mapping from the one to the other.

    Iteration gives the words, in order. `vectors`, `vector_size`, `index_to_key` and `key_to_index`
    are `input`, `dim`, `words` and `ids` by gensim's names.
    """

    words: list[str]
    input: np.ndarray
    context: np.ndarray | None
    counts: np.ndarray | None

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.ids

    def __getitem__(self, words: str | Iterable[str]) -> np.ndarray:
        """The input vector of a word (D,), or those of several (n, D); KeyError as `index`."""
        if isinstance(words, str):
            return self.vector(words)
        rows = [self.index(word) for word in expect_strings("words", words)]
        return self.input[np.array(rows, np.intp)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The input vectors (V, D), the array itself where neither argument asks for another."""
        return np.array(self.input, dtype=dtype, copy=copy)

    @property
    def dim(self) -> int:
        """D, the length of a vector."""
        return self.input.shape[1]

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        """The row of each word."""
        ids = {word: row for row, word in enumerate(self.words)}
        if len(ids) < len(self.words):
            twice = next(word for row, word in enumerate(self.words) if ids[word] != row)
            raise InputError(f"the word {twice!r} comes twice: expected each once; drop one")
        return ids

    # of the input vectors, by which scikit-learn takes an embedding for them
    shape = property(lambda self: self.input.shape)
    dtype = property(lambda self: self.input.dtype)
    # by gensim's names
    vectors = property(lambda self: self.input)
    vector_size = property(lambda self: self.dim)
    index_to_key = property(lambda self: self.words)
    key_to_index = property(lambda self: self.ids)

    def index(self, word: str) -> int:
        """The row of a word; KeyError with the most similar spelling where it is not there."""
        if word not in self.ids:
            alike = [other for other in self.words[:100_000] if other[:1] == str(word)[:1]]
            hint = nearest(word, alike or self.words)
            raise KeyError(f"no vector for {word!r} among {len(self):,} words; {hint}")
        return self.ids[word]

    def vector(self, word: str) -> np.ndarray:
        """The input vector of a word (D,)."""
        return np.asarray(self.input[self.index(word)])  # a memmap shows itself as one

    def get_vector(self, word: str, norm: bool = False) -> np.ndarray:
        """The input vector of a word (D,); with `norm`, scaled to length 1, float32 at least."""
        vector = self.vector(word)
        if not norm:
            return vector
        vector = vector.astype(np.result_type(vector, np.float32))
        return vector / max(np.linalg.norm(vector), _TINY)

    def squared_norm(self) -> np.ndarray:
        """The squared length of every input vector (V,) float64, summed in float64."""
        return self._by_blocks(lambda rows: np.einsum("vd,vd->v", rows, rows, dtype=np.float64))

    @functools.cached_property
    def _length(self) -> np.ndarray:
        """The length of every input vector (V,), above 0, so that one of 0 has cosines of 0."""
        return np.maximum(np.sqrt(self.squared_norm()), _TINY)

    def _by_blocks(self, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """One float64 number per row (V,), with one block of `input` in memory at a time."""
        values = np.empty(len(self))
        for start in range(0, len(self), BLOCK):
            values[start : start + BLOCK] = function(self.input[start : start + BLOCK])
        return values

    def nearest(self, word: str | np.ndarray, k: int = 10) -> pd.DataFrame:
        """The k words with the largest cosine to a word, itself left out, or to a vector (D,).

        Returns:
            a table with columns word and cosine, largest first. A word whose vector is zero has
            cosine 0.
        """
        if isinstance(word, str):
            return self._nearest(self.vector(word), k, [word])
        return self._nearest(word, k)

    def _nearest(
        self, query: npt.ArrayLike, k: int, without: Sequence[str] = (), first: int | None = None
    ) -> pd.DataFrame:
        """`nearest` to a vector (D,) among the first words, some left out."""
        query = np.asarray(query, dtype=np.float32)
        length = np.linalg.norm(query)
        if query.shape != (self.dim,) or not 0 < length < np.inf:
            what = f"a query of shape {query.shape} and length {length}"
            raise InputError(f"{what}: expected shape ({self.dim},) and a length above 0")
        cosine = self._by_blocks(lambda rows: rows @ (query / length))
        cosine /= self._length
        cosine[first or len(self) :] = cosine[[self.ids[word] for word in without]] = -np.inf
        k = min(k, int(np.count_nonzero(cosine > -np.inf)))
        best = np.argpartition(-cosine, k - 1)[:k] if k else np.zeros(0, int)
        best = best[np.lexsort((best, -cosine[best]))]
        return pd.DataFrame({"word": [self.words[row] for row in best], "cosine": cosine[best]})

    def most_similar(
        self,
        positive: str | np.ndarray | Iterable[Any] = (),
        negative: str | np.ndarray | Iterable[Any] = (),
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]:
        """The words nearest to a sum of unit vectors, each with its cosine, as gensim's.

        Args:
            positive, negative: a word, a vector (D,), taken as it is, or a list of these or of
                pairs (either of them, its weight); weights are 1, and -1 for negatives. The words
                themselves are left out of what comes back.
            restrict_vocab: look among the first words only.

        Raises InputError where they add up to zero, which is near nothing.

        >>> from lmnotes.words.embedding import Embedding
        >>> rows = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 0, 1]], np.float32)
        >>> toy = Embedding(["king", "queen", "woman", "man"], rows)
        >>> toy.most_similar(["king", "woman"], ["man"], topn=1)[0][0]
        'queen'
        """
        expect_whole("topn", topn)
        keys, others = _as_list(positive), _as_list(negative)
        pairs = [key if isinstance(key, tuple) else (key, 1.0) for key in keys]
        pairs += [key if isinstance(key, tuple) else (key, -1.0) for key in others]
        if not pairs:
            raise InputError("no word was given; expected positive or negative ones: give one")
        query = np.zeros(self.dim)
        for key, weight in pairs:
            if isinstance(key, np.ndarray):
                expect_shape("a vector", key, f"({self.dim},)", "give those of this space")
            query += weight * (key if isinstance(key, np.ndarray) else self.get_vector(key, True))
        own = [key for key, _ in pairs if isinstance(key, str)]
        near = self._nearest(query, topn, own, restrict_vocab)
        return list(near.itertuples(index=False, name=None))

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words."""
        return self.n_similarity([first], [second])

    def distance(self, first: str, second: str) -> float:
        """1 less the cosine of two words."""
        return 1 - self.similarity(first, second)

    def n_similarity(self, first: Iterable[str], second: Iterable[str]) -> float:
        """The cosine of the mean vectors of two lists of words."""
        rows = self[expect_strings("words", first)], self[expect_strings("words", second)]
        for of_list in rows:
            expect_shape("the vectors of a list", of_list, "(n, D)", "give at least one word")
        means = [of_list.mean(axis=0, dtype=np.float64) for of_list in rows]
        return float(means[0] @ means[1] / max(np.prod(np.linalg.norm(means, axis=1)), _TINY))

    def doesnt_match(self, words: Iterable[str]) -> str:
        """The word with the smallest cosine to the mean of all of them, as unit vectors."""
        words = expect_strings("words", words)
        units = np.array([self.get_vector(word, norm=True) for word in words])
        expect_shape("the vectors of the words", units, "(n, D)", "give at least one word")
        return words[int(np.argmin(units @ units.mean(axis=0)))]

    def to_gensim(self) -> "KeyedVectors":
        """A copy of words, input vectors as float32 and counts as gensim's KeyedVectors."""
        from gensim.models import KeyedVectors

        vectors = KeyedVectors(self.dim)
        vectors.vectors, vectors.key_to_index = np.array(self.input, np.float32), dict(self.ids)
        vectors.index_to_key, vectors.next_index = list(self.ids), len(self)
        if self.counts is not None:
            vectors.expandos["count"] = np.array(self.counts)
            vectors.counts_are_known = True  # for `from_gensim`, kept in gensim's files too
        return vectors


def _as_list(given: str | np.ndarray | Iterable[Any]) -> list[Any]:
    is_single = isinstance(given, str) or (isinstance(given, np.ndarray) and given.ndim == 1)
    return [given] if is_single else list(given)


def from_gensim(loaded: Any) -> dict[str, Any]:
    """Words, input, context and counts of gensim's KeyedVectors, or of a model that has some."""
    vectors = getattr(loaded, "wv", loaded)
    if not hasattr(vectors, "index_to_key"):
        given = f"a {type(loaded).__name__} was given"
        raise InputError(f"{given}; expected gensim's KeyedVectors, or a model: give that")
    words, matrix = list(vectors.index_to_key), vectors.vectors
    counts, context = vectors.expandos.get("count"), getattr(loaded, "syn1neg", None)
    is_known = loaded is not vectors or hasattr(vectors, "counts_are_known")
    if not is_known and counts is not None:
        # gensim makes these up when it reads a file without counts
        is_known = not np.array_equal(counts, np.arange(len(words), 0, -1))
    return {
        "words": expect_strings("words", words),
        "input": matrix.astype(np.float32, copy=False),
        "context": None if context is None else context.astype(np.float32, copy=False),
        "counts": np.asarray(counts, np.int64) if is_known and counts is not None else None,
    }
