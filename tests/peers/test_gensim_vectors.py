"""Files that gensim wrote and files that gensim reads."""

import numpy as np
import pytest
from gensim.models import KeyedVectors, Word2Vec
from gensim.test.utils import datapath

from lmnotes.words.embedding import Embedding, load, save_as


@pytest.fixture(scope="module")
def theirs():
    rng = np.random.default_rng(0)
    vectors = KeyedVectors(9)
    vectors.add_vectors([f"w{i}" for i in range(60)], rng.normal(size=(60, 9)).astype(np.float32))
    return vectors


@pytest.mark.parametrize(
    ("format", "how"),
    [
        ("word2vec-text", {}),
        ("word2vec-binary", {"binary": True}),
        ("glove", {"write_header": False}),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_we_read_theirs_and_they_read_ours(tmp_path, theirs, format, how, ending):
    theirs.save_word2vec_format(tmp_path / f"theirs{ending}", **how)
    ours = load(tmp_path / f"theirs{ending}")
    assert ours.settings["format"] == format
    assert ours.words == theirs.index_to_key
    assert np.array_equal(ours.input, theirs.vectors)
    save_as(ours, tmp_path / f"ours{ending}", format)
    back = KeyedVectors.load_word2vec_format(
        tmp_path / f"ours{ending}", binary="binary" in how, no_header=format == "glove"
    )
    assert back.index_to_key == theirs.index_to_key
    assert np.array_equal(back.vectors, theirs.vectors)


def test_keyed_vectors_both_ways_and_neighbours(tmp_path, theirs):
    theirs.save(str(tmp_path / "theirs.kv"))
    ours = load(tmp_path / "theirs.kv", "gensim")
    assert ours.words == theirs.index_to_key
    assert ours.context is None
    back = KeyedVectors.load(str(save_as(ours, tmp_path / "ours.kv", "gensim")))
    assert np.array_equal(back.vectors, theirs.vectors)
    for table in (ours.nearest("w5", k=12), load(tmp_path / "ours.kv", "gensim").nearest("w5", 12)):
        words, cosines = zip(*back.most_similar("w5", topn=12), strict=True)
        assert table.word.tolist() == list(words)
        np.testing.assert_allclose(table.cosine, cosines, atol=1e-6)


def test_a_trained_model_brings_context_vectors_and_counts(tmp_path):
    text = [["a", "b", "c", "a"], ["b", "a", "d"]] * 5
    model = Word2Vec(text, vector_size=4, min_count=1, epochs=1, workers=1, seed=1)
    model.save(str(tmp_path / "model"))
    ours = load(tmp_path / "model", "gensim")
    assert np.array_equal(ours.input, model.wv.vectors)
    assert np.array_equal(ours.context, model.syn1neg)
    assert dict(zip(ours.words, ours.counts.tolist(), strict=True)) == {
        "a": 15,
        "b": 10,
        "c": 5,
        "d": 5,
    }


@pytest.mark.parametrize(
    ("name", "n_words", "dim"),
    [
        ("toy-model.vec", 22, 5),  # written by fastText, lines end with a space
        ("lee_fasttext.vec", 1762, 10),
        ("crime-and-punishment.vec", 291, 5),  # Cyrillic
        ("test_glove.txt", 76, 50),
        ("high_precision.kv.txt", 2, 2),
        ("high_precision.kv.bin", None, None),
        ("euclidean_vectors.bin", None, None),
    ],
)
def test_the_files_that_gensim_ships(name, n_words, dim):
    ours = load(datapath(name))
    glove, binary = name == "test_glove.txt", name.endswith(".bin")
    theirs = KeyedVectors.load_word2vec_format(datapath(name), binary=binary, no_header=glove)
    assert n_words is None or (len(ours), ours.dim) == (n_words, dim)
    assert ours.words == theirs.index_to_key
    assert np.array_equal(ours.input, theirs.vectors)


def test_a_header_that_promises_more_than_the_file_holds():
    with pytest.raises(ValueError, match="line 3: the file ends after 1 words; expected 3 words"):
        load(datapath("pretrained.vec"))
    assert load(datapath("pretrained.vec"), limit=1).words == ["dummy"]


def test_they_read_unicode_words_of_ours(tmp_path):
    ours = Embedding(["naïve", "東京"], np.array([[1, 0.1], [-1e-7, 3e7]], np.float32))
    for format, binary in (("fasttext-vec", False), ("word2vec-binary", True)):
        path = save_as(ours, tmp_path / format, format)
        theirs = KeyedVectors.load_word2vec_format(path, binary=binary)
        assert theirs.index_to_key == ours.words
        assert np.array_equal(theirs.vectors, ours.input)
