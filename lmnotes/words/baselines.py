"""Vectors by other methods, and of other texts, for comparison: CBOW, PPMI-SVD, tf-idf-SVD."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd

from lmnotes import store
from lmnotes.errors import InputError, expect_file, expect_whole
from lmnotes.text import downloads, readers
from lmnotes.text.corpus import Corpus
from lmnotes.words import information
from lmnotes.words.embedding import Embedding

VERSION = 1  # part of every artefact's id


def _as_artefact(method: str, corpus: Corpus, settings: dict, make) -> Embedding:
    key = settings | {"method": method, "version": VERSION, "corpus": corpus.content_id}
    folder = store.build("embedding", key, lambda folder: make().save(folder))
    return Embedding.open(folder)


def cbow(
    corpus: Corpus,
    *,
    dim: int = 100,
    window: int = 10,
    epochs: int = 10,
    min_count: int = 5,
    seed: int = 0,
) -> Embedding:
    """Vectors by gensim's CBOW: a word is predicted from the mean of its neighbours."""
    settings = {"dim": dim, "window": window, "epochs": epochs, "min_count": min_count}
    for name, value in settings.items():
        expect_whole(name, value, 1)
    settings["seed"] = seed

    def make() -> Embedding:
        from gensim.models import Word2Vec

        words = np.array(corpus.words, object)
        sentences = [
            words[corpus.tokens[start : min(start + 10_000, end)]].tolist()  # gensim's longest
            for first, end in zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
            for start in range(first, end, 10_000)
        ]
        options = {"vector_size": dim, "sg": 0, "sample": 0, "workers": 1, "seed": seed + 1}
        options |= {"window": window, "min_count": min_count, "epochs": epochs}
        model = Word2Vec(sentences, **options)
        known, vectors = list(model.wv.index_to_key), model.wv.vectors
        counts = np.array([model.wv.get_vecattr(word, "count") for word in known])
        return Embedding(known, vectors, model.syn1neg, counts, settings=settings)

    return _as_artefact("gensim CBOW", corpus, settings, make)


def ppmi_svd(
    corpus: Corpus, *, dim: int = 100, window: int = 10, min_count: int = 5, seed: int = 0
) -> Embedding:
    """Vectors by counting: singular vectors of positive pointwise mutual information.

    Rows are U sqrt(S) of max(0, log p(w, w') / (p(w) p(w'))), after Levy and Goldberg 2014.
    """
    settings = {"dim": dim, "window": window, "min_count": min_count, "seed": seed}

    def make() -> Embedding:
        ids = np.flatnonzero(np.asarray(corpus.counts) >= min_count)
        expect_whole("dim", dim, 1, len(ids), "lower dim or min_count, or give more text")
        cells = information.cooccurrence_rows(corpus, ids, window=window)[:, ids].tocoo()
        rows, columns = (np.asarray(cells.sum(axis=axis)).ravel() for axis in (1, 0))
        pmi = np.log(cells.data * rows.sum() / (rows[cells.row] * columns[cells.col]))
        cells.data = np.maximum(pmi, 0)
        left, size, _ = randomized_svd(cells.tocsr(), dim, n_iter=4, random_state=seed)
        vectors = (left * np.sqrt(size)).astype(np.float32)
        known, counts = [corpus.words[i] for i in ids], np.asarray(corpus.counts)[ids]
        return Embedding(known, vectors, None, counts, settings=settings)

    return _as_artefact("PPMI-SVD", corpus, settings, make)


def untrained(like: Embedding, seed: int = 0) -> Embedding:
    """The same words with random vectors, uniform as word2vec draws them before training."""
    random = np.random.default_rng(seed)
    vectors = random.uniform(-0.5, 0.5, like.input.shape).astype(np.float32) / like.dim
    return Embedding(like.words, vectors, None, like.counts, settings={"untrained": seed})


def halves(corpus: Corpus, seed: int = 0) -> tuple[Corpus, Corpus]:
    """Two corpora of about half the documents each, every source split evenly, none shared."""
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(corpus.n_documents), corpus.document_source))
    parts = []
    for half in (0, 1):
        documents = np.sort(order[half::2])
        spans = [slice(corpus.offsets[d], corpus.offsets[d + 1]) for d in documents]
        parts.append(corpus._of(f"{corpus.name} half {half + 1}", documents, spans))
    return parts[0], parts[1]


def document_vectors(
    documents: Sequence[Sequence[str]], *, dim: int = 100, min_count: int = 5, seed: int = 0
) -> np.ndarray:
    """Vectors (n, D) of documents, given as lists of words: singular vectors of their tf-idf.

    >>> document_vectors([["a", "b"], ["a", "c"], ["c", "b"]] * 5, dim=2).shape
    (15, 2)
    """
    left, size, _ = randomized_svd(_tf_idf(documents, min_count), dim, n_iter=4, random_state=seed)
    return left * size


def untrained_document_vectors(
    documents: Sequence[Sequence[str]], *, dim: int = 100, min_count: int = 5, seed: int = 0
) -> np.ndarray:
    """Vectors (n, D) of documents under a model that learned nothing: sums of random word vectors.

    They still know which words a document has, mixed at random.
    """
    weights = _tf_idf(documents, min_count)
    words = np.random.default_rng(seed).normal(size=(weights.shape[1], dim)) / np.sqrt(dim)
    return weights @ words


def _tf_idf(documents: Sequence[Sequence[str]], min_count: int):
    if any(isinstance(document, str) for document in documents):
        raise InputError("a document is a string; expected a list of words for each: split it")
    model = TfidfVectorizer(analyzer=list, min_df=min_count, sublinear_tf=True)
    return model.fit_transform(documents)


def read_dictionary(path: str | Path) -> list[tuple[str, str]]:
    """The word pairs of a dictionary file, two words per line with a space or tab between (MUSE's);
    of a download by its name, such as "muse-en-es".

    Raises:
        FileNotFoundError: no such file.
        InputError: a line that has not two words; names it.
    """
    path, pairs = downloads.local(path), []
    path = expect_file("dictionary", path, "one with two words per line")
    for number, line in enumerate(readers.lines(path), start=1):
        if len(words := line.split()) != 2:
            raise InputError(f"{path} line {number}: {line[:60]!r}: expected two words")
        pairs.append((words[0], words[1]))
    return pairs


def paired_rows(
    first: dict[str, int], second: dict[str, int], pairs: Sequence[tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (m,) in either space of the pairs that both know.

    >>> paired_rows({"cat": 4}, {"gato": 2}, [("cat", "gato"), ("dog", "perro")])
    (array([4]), array([2]))

    Raises InputError: no pair has both its words in the vocabularies.
    """
    known = [(first[a], second[b]) for a, b in pairs if a in first and b in second]
    if not known:
        shown = ", ".join(f"{a} - {b}" for a, b in pairs[:3]) or "none"
        what = f"a dictionary of {len(pairs):,} pairs ({shown}, ...) has none of both vocabularies"
        raise InputError(f"{what}: expected (first, second); is it the other way round?")
    return tuple(np.array(known).T)
