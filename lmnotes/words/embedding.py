"""Word vectors with their words, and files and objects that other programs share."""

from collections.abc import Collection, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown, expect_one_of, expect_shape, expect_strings
from lmnotes.text import downloads
from lmnotes.words import files, lookup

if TYPE_CHECKING:
    from gensim.models import FastText, KeyedVectors, Word2Vec

_ARRAYS = ("input", "context", "counts")


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(lookup.Lookup, Shown):
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
        if isinstance(self.words, str):
            expect_strings("words", self.words)  # says what to do
        if not isinstance(self.input, np.ndarray):
            given = f"input is a {type(self.input).__name__}"
            raise InputError(f"{given}; expected an array (V, D): use np.asarray or from_frame")
        n_words, shape = len(self.words), self.input.shape
        if self.input.dtype.kind != "f":
            raise InputError(f"input has {self.input.dtype} numbers; expected floats: use .astype")
        expect_shape("input", self.input, f"({n_words}, D)", "give one row per word")
        if self.context is not None:
            expect_shape("context", self.context, str(shape), "give it for the same words as input")
        if self.counts is not None:
            expect_shape("counts", self.counts, f"({n_words},)", "give one per word, in order")

    def _line(self) -> str:
        more = [name for name in ("context", "counts") if getattr(self, name) is not None]
        size = f"{len(self):,} words x {self.dim:,} dimensions"
        return f"{size}, with {' and '.join(more)}" if more else size

    def _rows(self, places: list[int]) -> pd.DataFrame:
        table = pd.DataFrame(self.input[places], index=[self.words[row] for row in places])
        if self.counts is not None:
            table.insert(0, "count", self.counts[places])
        return table

    def save(self, folder: str | Path) -> Path:
        """Write all of it to a folder, as .npy files and one .json, and return the folder."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        history = None if self.history is None else self.history.to_dict(orient="list")
        labels = {"words": list(self.words), "history": history, "settings": self.settings}
        return store.save_arrays(folder, arrays, "embedding", labels)

    def save_word2vec_format(self, path: str | Path, binary: bool = False) -> Path:
        """`save_as` in that format, by gensim's name for it."""
        return save_as(self, path, "word2vec-binary" if binary else "word2vec-text")

    @classmethod
    def from_gensim(cls, model: "KeyedVectors | Word2Vec | FastText") -> "Embedding":
        """The vectors of a gensim object: the same arrays, not copies, where they are float32.

        A trained model brings its context vectors too, if it has negative samples. Of FastText the
        words come along, not the parts of words that give vectors to others.
        """
        fields, settings = lookup.from_gensim(model), {"gensim": type(model).__name__}
        return cls(**fields, settings=settings)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "Embedding":
        """The rows (V, D) of a table with the words as its index."""
        words = expect_strings("the table's index", frame.index)
        rows = frame.to_numpy()
        return cls(words, rows if rows.dtype.kind == "f" else rows.astype(np.float32))

    def to_frame(self) -> pd.DataFrame:
        """The input vectors (V, D) as a table with the words as its index."""
        return pd.DataFrame(self.input, index=self.words)

    @classmethod
    def open(cls, folder: str | Path) -> "Embedding":
        """The embedding of a folder written by `save` or `convert`, its arrays opened by mmap."""
        with store.opening(folder):
            saved = store.open_arrays(folder, _ARRAYS, "embedding")
            if saved["history"] is not None:
                saved["history"] = pd.DataFrame(saved["history"])
            return cls(**saved)


def load(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    words: Collection[str] | None = None,
    unicode_errors: str = "strict",
) -> Embedding:
    """The embedding in a file of another program, or in a folder of ours.

    Args:
        path: or the name of a download, such as "fasttext-cc-en", which is fetched.
        format: word2vec-text, word2vec-binary, fasttext-vec, glove, json, or gensim (KeyedVectors
            or Word2Vec `.save`); None looks at the first lines. gensim's files are pickles, which
            can run code when they are opened, so that format has to be named.
        limit: the first words of the file only.
        words: these words only, in the order of the file; those that it lacks are left out.
        unicode_errors: "replace" or "ignore" takes words that are cut inside a character, which are
            an error otherwise.

    Of a word that comes again the first vector is kept, and a blank is no word, with a warning.
    A file larger than memory: `convert` it once, or read a part by `limit` or `words`.

    Raises:
        InputError: the file is damaged or of another format; names the line, or the record if
            binary.
    """
    path = downloads.local(path)
    if path.is_dir():
        return _within(Embedding.open(path), path, limit, words)
    format = format or files.guess_format(path)
    settings = {"file": str(path), "format": format}
    if format == "gensim":
        return _within(Embedding(**files.read_gensim(path), settings=settings), path, limit, words)
    blocks = list(files.read_blocks(path, format, limit, words, unicode_errors))
    names = [word for block, _ in blocks for word in block]
    _check_some(path, names, words)
    matrix, start = np.empty((len(names), blocks[0][1].shape[1]), np.float32), 0
    while blocks:  # a block is freed once copied, so that the peak is one matrix and not two
        rows = blocks.pop(0)[1]
        matrix[start : start + len(rows)] = rows
        start += len(rows)
    return Embedding(names, matrix, settings=settings)


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
    expect_one_of("format", format, files.FORMATS)
    if format == "gensim":
        embedding.to_gensim().save(str(path))
    else:
        files.write_rows(path, format, embedding.words, embedding.input)
    return Path(path)


def convert(
    path: str | Path, folder: str | Path, format: str | None = None, **how: Any
) -> Embedding:
    """The embedding of a file of any size, rewritten into a folder and opened by mmap.

    how: limit, words and unicode_errors of `load`. Besides the list of words, one block of rows is
    in memory at a time (gensim's own format excepted, which is read by gensim).
    """
    path, folder = downloads.local(path), Path(folder)
    format = format or files.guess_format(path)
    if format == "gensim":
        return Embedding.open(load(path, format, **how).save(folder))
    settings = {"file": str(path), "format": format}
    with store.replacing(folder / "input.npy") as partial:
        names = files.write_npy(partial, files.read_blocks(path, format, **how))
        _check_some(path, names, how.get("words"))
    labels = {"words": names, "history": None, "settings": settings}
    store.save_arrays(folder, {"context": None, "counts": None}, "embedding", labels)
    return Embedding.open(folder)


def _check_some(path: str | Path, names: Sized, words: Collection[str] | None) -> None:
    if not names:
        wanted = "words" if words is None else f"one or more of the {len(words):,} wanted words"
        raise InputError(f"{path}: no vectors read; expected {wanted}; check file, limit and words")


def _within(whole: Embedding, path, limit: int | None, words: Collection[str] | None) -> Embedding:
    if limit is None and words is None:
        return whole
    wanted = None if words is None else set(expect_strings("words", words))
    names = whole.words[:limit]
    rows = [row for row, word in enumerate(names) if wanted is None or word in wanted]
    _check_some(path, rows, words)
    context, counts = (None if a is None else a[rows] for a in (whole.context, whole.counts))
    kept, more = [names[row] for row in rows], (whole.history, whole.settings)
    return Embedding(kept, whole.input[rows], context, counts, *more)
