"""Word vectors with their words: norms, neighbours, and files that other programs share."""

import functools
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.words import files

BLOCK = 1 << 16  # rows of a matrix that are looked at together


@dataclass(frozen=True, eq=False)
class Embedding:
    """V words and their vectors.

    Args:
        words: (V,) each once; word i has row i.
        input: (V, D) the vectors u_w, float32 and possibly opened by mmap.
        context: (V, D) the vectors v_w, None where a file holds one matrix only.
        counts: (V,) how often each word occurs in the text, where known.
        history: one row per epoch: epoch, loss (nats per positive pair), learning_rate, seconds,
            words_per_second.
        settings: how it was trained, or the file it came from.

    >>> toy = Embedding(["king", "queen", "tea"], np.array([[3, 1], [2, 1], [0, 1]], np.float32))
    >>> toy.nearest("king", k=1).word[0], toy.squared_norm().tolist()
    ('queen', [10.0, 5.0, 1.0])
    """

    words: list[str]
    input: np.ndarray
    context: np.ndarray | None = None
    counts: np.ndarray | None = None
    history: pd.DataFrame | None = None
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        n_words = len(self.words)
        if self.input.ndim != 2 or len(self.input) != n_words or self.input.dtype.kind != "f":
            raise ValueError(
                f"{n_words:,} words and input {self.input.shape} {self.input.dtype}: expected "
                f"floats of shape ({n_words:,}, D); give one row per word"
            )
        if self.context is not None and self.context.shape != self.input.shape:
            raise ValueError(
                f"context {self.context.shape} beside input {self.input.shape}: expected equal "
                "shapes; give both for the same words, or leave context out"
            )
        if self.counts is not None and np.shape(self.counts) != (n_words,):
            raise ValueError(
                f"counts {np.shape(self.counts)} for {n_words:,} words: expected one per word; "
                "give all counts in the order of the words, or leave them out"
            )

    def __len__(self) -> int:
        return len(self.words)

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
            raise ValueError(f"the word {twice!r} comes twice: expected each once; drop one")
        return ids

    def __contains__(self, word: str) -> bool:
        return word in self.ids

    def index(self, word: str) -> int:
        """The row of a word; KeyError with the most similar spelling where it is not there."""
        if word in self.ids:
            return self.ids[word]
        import difflib

        alike = [other for other in self.words[:100_000] if other[:1] == word[:1]]
        near = difflib.get_close_matches(word, alike, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "choose one of .words"
        raise KeyError(
            f"no vector for {word!r} among {len(self):,} words: expected one of them; {hint}"
        )

    def vector(self, word: str) -> np.ndarray:
        """The input vector of a word (D,)."""
        return self.input[self.index(word)]

    def squared_norm(self) -> np.ndarray:
        """The squared length of every input vector (V,) float64, summed in float64."""
        return self._by_blocks(lambda rows: np.einsum("vd,vd->v", rows, rows, dtype=np.float64))

    def nearest(self, word: str | np.ndarray, k: int = 10) -> pd.DataFrame:
        """The k words with the largest cosine to a word, itself left out, or to a vector (D,).

        Returns:
            a table with columns word and cosine, largest first. A word whose vector is zero has
            cosine 0.
        """
        named = isinstance(word, str)
        query = np.asarray(self.vector(word) if named else word, dtype=np.float32)
        length = np.linalg.norm(query)
        if query.shape != (self.dim,) or not length > 0:
            raise ValueError(
                f"a query of shape {query.shape} and length {length}: expected shape ({self.dim},) "
                "and a length above 0; pass a word of the vocabulary or such a vector"
            )
        cosine = self._by_blocks(lambda rows: rows @ (query / length)) / np.maximum(
            self._length, np.finfo(np.float32).tiny
        )
        if named:
            cosine[self.index(word)] = -np.inf
        k = min(k, len(self) - named)
        best = np.argpartition(-cosine, k - 1)[:k] if k else np.zeros(0, int)
        best = best[np.lexsort((best, -cosine[best]))]
        return pd.DataFrame({"word": [self.words[row] for row in best], "cosine": cosine[best]})

    @functools.cached_property
    def _length(self) -> np.ndarray:
        return np.sqrt(self.squared_norm())

    def _by_blocks(self, function) -> np.ndarray:
        """One float64 number per row (V,), with one block of `input` in memory at a time."""
        values = np.empty(len(self))
        for start in range(0, len(self), BLOCK):
            values[start : start + BLOCK] = function(self.input[start : start + BLOCK])
        return values

    def save(self, folder: str | Path) -> Path:
        """Write all of it to a folder, as .npy files and one .json, and return the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("input", "context", "counts"):
            array, path = getattr(self, name), folder / f"{name}.npy"
            if array is None:
                path.unlink(missing_ok=True)
                continue
            # an open mmap of the old file stays whole
            with store.replacing(path) as partial, open(partial, "wb") as file:
                np.save(file, array)
        files.write_labels(folder, self.words, self.history, self.settings)
        return folder

    @classmethod
    def open(cls, folder: str | Path) -> "Embedding":
        """The embedding of a folder written by `save` or `convert`, its arrays opened by mmap."""
        folder = Path(folder)
        try:
            labels = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{folder}: embedding.json is missing or cannot be read ({error}); expected a "
                "folder by Embedding.save; give that, or read other files with embedding.load"
            ) from error
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r")
            for name in ("input", "context", "counts")
            if name == "input" or (folder / f"{name}.npy").exists()
        }
        if labels["history"] is not None:
            labels["history"] = pd.DataFrame(labels["history"])
        return cls(**labels, **arrays)


def load(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    words: Collection[str] | None = None,
) -> Embedding:
    """The embedding in a file of another program, or in a folder of ours.

    Args:
        format: word2vec-text, word2vec-binary, fasttext-vec, glove, json, or gensim (KeyedVectors
            or Word2Vec `.save`); None looks at the first lines. gensim's files are pickles, which
            can run code when they are opened, so that format has to be named.
        limit: the first words of the file only.
        words: these words only, in the order of the file; those that it lacks are left out.

    A file larger than memory: `convert` it once, or read a part by `limit` or `words`.

    Raises:
        ValueError: the file is damaged or of another format; names the line, or the record if
            binary.
    """
    if Path(path).is_dir():
        return _part(Embedding.open(path), path, limit, words)
    format = format or files.guess_format(path)
    if format == "gensim":
        settings = {"file": str(path), "format": format}
        return _part(Embedding(**files.read_gensim(path), settings=settings), path, limit, words)
    blocks = list(files.read_blocks(path, format, limit, words))
    names = [word for block, _ in blocks for word in block]
    _check_some(path, names, words)
    matrix = np.empty((len(names), blocks[0][1].shape[1]), np.float32)
    start = 0
    while blocks:  # a block is freed once copied, so that the peak is one matrix and not two
        rows = blocks.pop(0)[1]
        matrix[start : start + len(rows)] = rows
        start += len(rows)
    return Embedding(names, matrix, settings={"file": str(path), "format": format})


def save_as(embedding: Embedding, path: str | Path, format: str) -> Path:
    """Write the input vectors as float32 in another program's format, and return the path.

    Every format keeps every bit, text by 9 significant digits. Counts go into gensim's format
    only; `Embedding.save` keeps everything. A path that ends in .gz is compressed.

    >>> import tempfile
    >>> toy = Embedding(["king", "queen"], np.array([[3, 1], [2, 1]], np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_as(toy, Path(folder) / "toy.vec", "fasttext-vec")
    ...     (path.read_text(), load(path).words)
    ('2 2\\nking 3 1\\nqueen 2 1\\n', ['king', 'queen'])
    """
    if format not in files.FORMATS:
        known = ", ".join(files.FORMATS)
        raise ValueError(f"format {format!r}: expected one of {known}; pass one of these")
    if format == "gensim":
        files.write_gensim(path, embedding.words, embedding.input, embedding.counts)
    else:
        files.write_rows(path, format, embedding.words, embedding.input)
    return Path(path)


def convert(
    path: str | Path,
    folder: str | Path,
    format: str | None = None,
    limit: int | None = None,
    words: Collection[str] | None = None,
) -> Embedding:
    """The embedding of a file of any size, rewritten into a folder and opened by mmap.

    Takes the arguments of `load`. Besides the list of words, one block of rows is in memory at a
    time (gensim's own format excepted, which is read by gensim).
    """
    folder = Path(folder)
    format = format or files.guess_format(path)
    if format == "gensim":
        return Embedding.open(load(path, format, limit, words).save(folder))
    folder.mkdir(parents=True, exist_ok=True)
    blocks = files.read_blocks(path, format, limit, words)
    with store.replacing(folder / "input.npy") as partial:
        names = files.write_npy(partial, blocks)
        _check_some(path, names, words)
        for name in ("context", "counts"):
            (folder / f"{name}.npy").unlink(missing_ok=True)
    files.write_labels(folder, names, None, {"file": str(path), "format": format})
    return Embedding.open(folder)


def _check_some(path: str | Path, names: list[str], words: Collection[str] | None) -> None:
    if not names:
        wanted = "words" if words is None else f"one or more of the {len(words):,} wanted words"
        raise ValueError(
            f"{path}: no vectors read; expected {wanted}; check the file, limit and words"
        )


def _part(
    whole: Embedding, path: str | Path, limit: int | None, words: Collection[str] | None
) -> Embedding:
    """The first words, and of these the wanted ones."""
    if limit is None and words is None:
        return whole
    names, wanted = whole.words[:limit], None if words is None else set(words)
    rows = [row for row, word in enumerate(names) if wanted is None or word in wanted]
    _check_some(path, rows, words)
    arrays = [None if a is None else a[rows] for a in (whole.input, whole.context, whole.counts)]
    return Embedding([names[row] for row in rows], *arrays, whole.history, whole.settings)
