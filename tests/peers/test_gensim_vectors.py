"""Files that gensim wrote and files that gensim reads."""

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.test.utils import datapath

from lmnotes.errors import InputError
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


@pytest.mark.parametrize(
    ("positive", "negative", "limit"),
    [
        ("w5", [], None),
        (["w5", "w7"], ["w9"], None),
        ([], ["w5"], None),
        ([("w5", 0.5), "w7"], [("w9", -2.0)], 25),
        (np.arange(9, dtype=np.float32), "w3", 25),
        ([np.ones(9, np.float32), "w3"], [], None),
    ],
)
def test_most_similar_is_gensims(theirs, positive, negative, limit):
    ours = Embedding.from_gensim(theirs)
    expected = theirs.most_similar(positive, negative, 7, restrict_vocab=limit)
    answer = ours.most_similar(positive, negative, topn=7, restrict_vocab=limit)
    assert [word for word, _ in answer] == [word for word, _ in expected]
    np.testing.assert_allclose([c for _, c in answer], [c for _, c in expected], atol=1e-6)


def test_the_calls_that_people_know_from_keyed_vectors(theirs, tmp_path):
    """In the order in which gensim's own page has them."""
    ours = Embedding.from_gensim(theirs)
    assert ours.vectors is theirs.vectors and ours.vector_size == theirs.vector_size == 9
    assert ours.index_to_key == theirs.index_to_key and ours.key_to_index == theirs.key_to_index
    assert len(ours) == len(theirs) and "w3" in ours and "x" not in ours
    assert np.array_equal(ours["w3"], theirs["w3"])
    assert np.array_equal(ours[["w3", "w1"]], theirs[["w3", "w1"]])
    assert np.array_equal(ours.get_vector("w3"), theirs.get_vector("w3"))
    unit = theirs.get_vector("w3", norm=True)
    np.testing.assert_allclose(ours.get_vector("w3", norm=True), unit, rtol=1e-6)
    for name in ("similarity", "distance"):
        of_theirs = getattr(theirs, name)("w3", "w1")
        assert getattr(ours, name)("w3", "w1") == pytest.approx(of_theirs, abs=1e-6)
    sets = ["w1", "w2"], ["w3", "w4", "w5"]
    assert ours.n_similarity(*sets) == pytest.approx(theirs.n_similarity(*sets), abs=1e-6)
    assert ours.doesnt_match(sets[1]) == theirs.doesnt_match(sets[1])
    for binary in (False, True):
        ours.save_word2vec_format(tmp_path / "v", binary=binary)
        back = KeyedVectors.load_word2vec_format(tmp_path / "v", binary=binary)
        assert np.array_equal(back.vectors, ours.input) and back.index_to_key == ours.words


def test_a_missing_word_is_named_by_every_call(theirs):
    ours = Embedding.from_gensim(theirs)
    asked = {
        "most_similar": [(["w5", "w99"],), ((), ["w99"]), ([("w99", 2.0)],)],
        "similarity": [("w5", "w99")],
        "n_similarity": [(["w5", "w99"], ["w1"])],  # gensim leaves it out and says nothing
        "doesnt_match": [(["w5", "w99"],)],
        "get_vector": [("w99",)],
    }
    for name, calls in asked.items():
        for arguments in calls:
            with pytest.raises(KeyError, match="no vector for 'w99' among 60 words; did you mean"):
                getattr(ours, name)(*arguments)
    with pytest.raises(InputError, match="no word was given"):
        ours.most_similar()
    with pytest.raises(InputError, match=r"a vector has shape \(1,\); expected \(9,\)"):
        ours.most_similar(np.ones(1, np.float32))
    with pytest.raises(InputError, match="'w5' was given, a single string"):
        ours.doesnt_match("w5")
    for empty in (lambda: ours.doesnt_match([]), lambda: ours.n_similarity(["w5"], [])):
        with pytest.raises(InputError, match="give at least one word"):
            empty()


def test_a_vector_of_zeros_has_cosine_zero():
    ours = Embedding(["a", "b", "zero"], np.array([[1, 0], [1, 1], [0, 0]], np.float32))
    assert ours.most_similar("a")[-1] == ("zero", 0.0)
    assert ours.similarity("a", "zero") == 0.0 and not ours.get_vector("zero", norm=True).any()


def test_what_adds_up_to_zero_is_near_nothing():
    ours = Embedding(["a", "b", "zero"], np.array([[1, 0], [1, 1], [0, 0]], np.float32))
    for words in (("a", "a"), ("zero", ())):  # gensim answers with words at cosine 0
        with pytest.raises(InputError, match="a length above 0"):
            ours.most_similar(*words)


def test_vectors_of_half_precision_on_disk_have_the_cosines_of_their_float32(tmp_path):
    """In gensim's arithmetic a zero gives NaN, and a length above 256 an overflow."""
    rows = (400 * np.random.default_rng(0).normal(size=(300, 20))).astype(np.float16)
    rows[7] = 0
    np.save(tmp_path / "half.npy", rows)
    words = [f"w{row}" for row in range(300)]
    half = Embedding(words, np.load(tmp_path / "half.npy", mmap_mode="r"))
    single = Embedding(words, rows.astype(np.float32))
    for asked in (("w1", ()), (["w1", "w2", "w1"], "w3")):
        answer, want = (of.most_similar(*asked, topn=300) for of in (half, single))
        assert answer == want and ("w7", 0.0) in answer and len(answer) in (297, 299)
    assert half.most_similar("w1", topn=3) == list(half.nearest("w1", 3).itertuples(False, None))
    assert half.similarity("w1", "w2") == single.similarity("w1", "w2")
    assert np.linalg.norm(half.get_vector("w1", norm=True)) == pytest.approx(1, abs=1e-6)


def test_keyed_vectors_there_and_back(theirs):
    for counts in (None, np.arange(60, 0, -1), np.arange(60)):  # the second as gensim makes it up
        ours = Embedding(theirs.index_to_key, theirs.vectors, counts=counts)
        there = ours.to_gensim()
        assert there.key_to_index == ours.ids and there.most_similar("w3")
        if counts is not None:
            assert there.get_vecattr("w3", "count") == counts[3]
        back = Embedding.from_gensim(there)
        assert back.words == ours.words and back.input.tobytes() == ours.input.tobytes()
        assert (back.counts is None) if counts is None else np.array_equal(back.counts, counts)
        there["w3"] = np.zeros(9, np.float32)  # a copy: ours stays
        assert ours["w3"].any()
    with pytest.raises(InputError, match="a dict was given; expected gensim's KeyedVectors"):
        Embedding.from_gensim({})


@pytest.mark.parametrize("kind", [Word2Vec, FastText])
def test_a_trained_model_brings_counts_and_context(kind):
    text = [["a", "b", "c", "a"], ["b", "a", "d"]] * 5
    some = {"bucket": 50} if kind is FastText else {}
    model = kind(text, vector_size=4, min_count=1, epochs=1, workers=1, seed=1, **some)
    ours = Embedding.from_gensim(model)
    assert ours.settings == {"gensim": kind.__name__} and ours.counts.tolist() == [15, 10, 5, 5]
    assert ours.context.tobytes() == model.syn1neg.tobytes()
