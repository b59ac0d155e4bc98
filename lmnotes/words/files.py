"""Files of word vectors, read in blocks of rows so that a file larger than memory passes through.

`word2vec-text`    a line with the number of words and the dimension, then a line per word
`fasttext-vec`     the same; fastText ends each line with a space
`word2vec-binary`  the same first line; then per word: it, a space, little-endian float32
`glove`            a line per word, no first line
`json`             one object, {"word": [number, ...], ...}, as BioConceptVec's concepts
`gensim`           a pickled KeyedVectors, or a whole Word2Vec model

A path that ends in `.gz` is compressed on the way out; on the way in the content decides.
"""

import contextlib
import gzip
import itertools
import json
import warnings
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of, expect_strings
from lmnotes.text import readers
from lmnotes.words import lookup, vector_rows

FORMATS = ("word2vec-text", "word2vec-binary", "fasttext-vec", "glove", "json", "gensim")
BLOCK_BYTES = 1 << 22  # of numbers; their text is about three times as long
UNICODE_ERRORS = ("strict", "replace", "ignore")


def guess_format(path: str | Path) -> str:
    """The format that the first lines of a file look like.

    Raises:
        InputError: it is a pickle, which can run code when it is opened and so has to be asked for.
    """
    path = Path(path)
    with vector_rows.reading(path) as file:
        first = vector_rows.get(file.readline, vector_rows.MAX_LINE, path, "line 1")
        second = vector_rows.get(file.readline, vector_rows.MAX_LINE, path, "line 2")
    if first[:2] in vector_rows.PICKLES:
        what = f"{path}: this is a pickle, and opening one runs any code that it holds"
        raise InputError(f"{what}; pass format='gensim' if you trust where it comes from")
    if vector_rows.JSON_START.match(first):
        return "json"
    if len(first.split()) != 2 or not all(map(bytes.isdigit, first.split())):
        return "glove"
    fields = second.split()[1:]
    n_numbers = sum(map(vector_rows.is_number, fields))
    return "word2vec-text" if not second or 2 * n_numbers > len(fields) else "word2vec-binary"


def read_blocks(
    path: str | Path,
    format: str,
    limit: int | None = None,
    words: Collection[str] | None = None,
    unicode_errors: str = "strict",
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Blocks of a file in its order, each a list of n words and an array (n, D) float32.

    The arguments, the warning and the error are those of `embedding.load`, without `gensim`. It
    stops once all `words` have been met; of others only the length of the row is checked.
    """
    path = Path(path)
    expect_one_of("format", format, FORMATS[:-1])
    expect_one_of("unicode_errors", unicode_errors, UNICODE_ERRORS)
    binary = format == "word2vec-binary"
    with vector_rows.reading(path) as file:
        if format == "json":
            head = vector_rows.json_head(file, path)
            rows = vector_rows.json_rows(file, path, head)
        else:
            head = vector_rows.head(file, path, header=format != "glove")
            rows = (vector_rows.binary_rows if binary else vector_rows.text_rows)(file, path, head)
        chosen = _choose(itertools.islice(rows, limit), path, head, words, unicode_errors)
        size = max(1, BLOCK_BYTES // (4 * head.dim))
        while block := list(itertools.islice(chosen, size)):
            names, rows = map(list, zip(*block, strict=True))
            if binary:
                numbers = bytearray(b"".join(row.numbers for row in rows))
                matrix = np.frombuffer(numbers, "<f4").reshape(len(rows), head.dim)
            else:
                matrix = _text_numbers(rows, path, head.dim)
            _check_finite(rows, matrix, path)
            readers.expect_plausible(path, file.tell())
            yield names, matrix


def write_rows(path: str | Path, format: str, words: list[str], matrix: np.ndarray) -> None:
    """Write words and rows (V, D) as float32; text has 9 significant digits, enough for every bit.

    Raises InputError: a word is empty or has white space, which these formats take for a separator.
    """
    path = Path(path)
    for row, word in enumerate(words):
        if not word or any(blank in word for blank in " \t\r\n"):
            what = f"word {word!r} (row {row}): expected words without white space in {format}"
            raise InputError(f"{what}; write new_york, or use Embedding.save, which keeps any word")
    in_json = format == "json"  # one object, a word and its array a line
    blank, end = (", ", "") if in_json else (" ", "\n")
    text = blank.join(["%.9g"] * matrix.shape[1])
    with contextlib.ExitStack() as stack:
        partial = stack.enter_context(store.replacing(path))
        file = stack.enter_context(open(partial, "wb"))
        if path.suffix == ".gz":  # without name and date, so that equal vectors give equal bytes
            file = stack.enter_context(gzip.GzipFile("", "wb", fileobj=file, mtime=0))
        if format not in ("json", "glove"):
            file.write(f"{len(words)} {matrix.shape[1]}\n".encode())
        for number, (word, row) in enumerate(zip(words, matrix, strict=True)):
            row = row.astype("<f4", copy=False)
            numbers = row.tobytes() if format == "word2vec-binary" else (text % tuple(row)).encode()
            if in_json:
                word = (",\n" if number else "{") + json.dumps(word, ensure_ascii=False) + ":"
                numbers = b"[" + numbers + b"]"
            file.write(word.encode() + b" " + numbers + end.encode())
        if in_json:
            file.write(b"}\n" if words else b"{}\n")


def write_npy(path: Path, blocks: Iterable[tuple[list[str], np.ndarray]]) -> list[str]:
    """Write the rows of blocks to one .npy file (V, D) float32 as they come, and return the words.

    The header, whose length is fixed, is written again at the end, when V is known.
    """
    words, dim = [], 0
    with open(path, "wb") as file:
        file.seek(128)
        for block, rows in blocks:
            words += block
            dim = rows.shape[1]
            file.write(rows.astype("<f4", copy=False).tobytes())
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(words)}, {dim}), }}"
        file.seek(0)
        file.write(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117).encode() + b"\n")
    return words


def read_gensim(path: str | Path) -> dict:
    """Words, input, context and counts of a gensim object; context from a trained model only."""
    from gensim.utils import SaveLoad

    path = Path(path)
    try:
        loaded = SaveLoad.load(str(path), mmap=None if path.suffix == ".gz" else "r")
        return lookup.from_gensim(loaded)
    except Exception as error:  # a pickle can fail in any way
        what = f"{path}: gensim finds no vectors in it ({type(error).__name__}: {error})"
        then = "expected a file by KeyedVectors.save beside its .npy files; save it again"
        raise InputError(f"{what}; {then}") from error


def _choose(rows, path, head, words, unicode_errors) -> Iterator[tuple[str, vector_rows.Row]]:
    """The wanted rows with their words decoded, each word once."""
    wanted = None if words is None else set(expect_strings("words", words))
    is_strict, seen = unicode_errors == "strict", set()
    passed: dict[str, list[str]] = {"come again": [], "are blank": []}
    for row in rows:
        word = row.word.decode(errors="replace" if is_strict else unicode_errors)
        if wanted is not None and word not in wanted:
            continue
        if is_strict and word.encode() != row.word:
            raise vector_rows.out_of_step(path, row.where, f"the word is {row.word[:40]!r}", head)
        if word in seen or not word.strip(" \t\r\n"):
            passed["come again" if word in seen else "are blank"].append(row.where)
            continue
        seen.add(word)
        yield word, row
        if wanted is not None and len(seen) == len(wanted):
            break
    for what, places in passed.items():
        if places:
            given = f"{path}: {len(places):,} words {what}, such as that of {places[0]}"
            warnings.warn(f"{given}: they are left out", stacklevel=2)


def _text_numbers(rows: list[vector_rows.Row], path: Path, dim: int) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # older numpy on a bad number
            joined = b" ".join(row.numbers for row in rows)
            return np.fromstring(joined, sep=" ", dtype=np.float32).reshape(len(rows), dim)
    except (ValueError, DeprecationWarning):
        fields = ((row, field) for row in rows for field in row.numbers.split(b" "))
        wrong = (pair for pair in fields if not vector_rows.is_number(pair[1]))
        row, field = next(wrong, (rows[0], b"?"))
    given = f"{vector_rows.shown(field)} among the numbers of {vector_rows.shown(row.word)}"
    raise vector_rows.fault(path, row.where, given, f"{dim} numbers", "repair or remove the line")


def _check_finite(rows, matrix: np.ndarray, path: Path) -> None:
    wrong = np.argwhere(~np.isfinite(matrix))
    if len(wrong):
        row = rows[wrong[0, 0]]
        given = f"the vector of {vector_rows.shown(row.word)} holds {matrix[tuple(wrong[0])]}"
        todo = "remove the word, or leave it out with words=..., or train again at a lower rate"
        raise vector_rows.fault(path, row.where, given, "finite float32 numbers", todo)
