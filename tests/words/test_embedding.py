import gzip
import re

import numpy as np
import pandas
import pytest

from lmnotes.words import embedding, files
from lmnotes.words.embedding import Embedding, load, save_as

OWN_FORMATS = [name for name in files.FORMATS if name != "gensim"]


def small(n_words=40, dim=7, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_words, dim)).astype(np.float32)
    vectors *= 10.0 ** rng.integers(-20, 20, size=(n_words, 1))  # digits must survive at any scale
    vectors[0, :3] = [0.0, -0.0, np.finfo(np.float32).tiny / 8]
    words = [f"w{i}" for i in range(n_words - 3)] + ["naïve", "東京", "1984"]
    return Embedding(words, vectors, rng.normal(size=vectors.shape).astype(np.float32))


def same_bits(left, right):
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("format", files.FORMATS)
def test_every_format_keeps_every_bit(tmp_path, format, ending):
    vectors = small()
    path = save_as(vectors, tmp_path / f"vectors{ending}", format)
    back = load(path, format)
    assert back.words == vectors.words
    assert same_bits(back.input, vectors.input)
    if format != "gensim":
        expected = "word2vec-text" if format == "fasttext-vec" else format
        assert files.guess_format(path) == expected
        assert load(path).words == vectors.words
        first = path.read_bytes()
        assert save_as(back, path, format).read_bytes() == first


def test_gensim_keeps_counts_and_pickles_have_to_be_asked_for(tmp_path):
    vectors = Embedding(["a", "b"], np.eye(2, dtype=np.float32), counts=np.array([7, 3]))
    path = save_as(vectors, tmp_path / "vectors.kv", "gensim")
    assert load(path, "gensim").counts.tolist() == [7, 3]
    with pytest.raises(ValueError, match=r"pickle.*pass format='gensim' if you trust"):
        load(path)
    (tmp_path / "other.kv").write_bytes(b"\x80\x04K\x01.")  # the pickled number 1
    with pytest.raises(ValueError, match="gensim finds no vectors"):
        load(tmp_path / "other.kv", "gensim")


def test_folder_keeps_everything_and_opens_by_mmap(tmp_path):
    whole = small()
    history = pandas.DataFrame({"epoch": [1, 2], "loss": [2.5, 1 / 3]})
    whole = Embedding(
        ["new york", *whole.words[1:]],  # our own format takes any word
        whole.input,
        whole.context,
        np.arange(len(whole)),
        history,
        {"dim": np.int64(7), "rate": np.float32(0.5)},
    )
    back = Embedding.open(whole.save(tmp_path / "folder"))
    assert back.words == whole.words
    for name in ("input", "context", "counts"):
        assert isinstance(getattr(back, name), np.memmap)
        assert same_bits(np.asarray(getattr(back, name)), getattr(whole, name))
    pandas.testing.assert_frame_equal(back.history, history)
    assert back.settings == {"dim": 7, "rate": 0.5}
    assert load(tmp_path / "folder", words=["w3", "new york"]).words == ["new york", "w3"]
    Embedding(whole.words, whole.input).save(tmp_path / "folder")  # over the open one
    assert Embedding.open(tmp_path / "folder").context is None
    assert same_bits(np.asarray(back.input), whole.input)
    with pytest.raises(ValueError, match=r"embedding.json is missing"):
        Embedding.open(tmp_path)


@pytest.mark.parametrize("format", OWN_FORMATS)
def test_limit_and_words_read_a_part(tmp_path, format):
    vectors = small()
    path = save_as(vectors, tmp_path / "vectors", format)
    head = load(path, format, limit=5)
    assert head.words == vectors.words[:5]
    assert same_bits(head.input, vectors.input[:5])
    some = load(path, format, words={"東京", "w3", "absent"})
    assert some.words == ["w3", "東京"]
    assert same_bits(some.input, np.stack([vectors.vector("w3"), vectors.vector("東京")]))
    assert load(path, format, limit=5, words=["w3", "w9"]).words == ["w3"]
    with pytest.raises(ValueError, match="one or more of the 1 wanted words"):
        load(path, format, words=["absent"])


@pytest.mark.parametrize("format", files.FORMATS)
def test_convert_streams_in_blocks_and_equals_load(tmp_path, format, monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 3 * 7 * 4)  # three rows in a block
    monkeypatch.setattr(files.vector_rows, "READ_BYTES", 5)  # words cut anywhere
    vectors = small()
    path = save_as(vectors, tmp_path / "vectors", format)
    converted = embedding.convert(path, tmp_path / "folder", format)
    assert isinstance(converted.input, np.memmap)
    assert converted.words == vectors.words
    assert same_bits(np.asarray(converted.input), vectors.input)
    assert converted.settings["format"] == format
    some = embedding.convert(path, tmp_path / "some", format, limit=30, words=["w20", "w7", "w35"])
    assert some.words == ["w7", "w20"]
    assert len(list((tmp_path / "folder").glob("*.partial"))) == 0


def test_nearest_is_the_plain_cosine(monkeypatch):
    monkeypatch.setattr(embedding, "BLOCK", 11)
    vectors = Embedding(
        [str(i) for i in range(50)],
        np.random.default_rng(1).normal(size=(50, 6)).astype(np.float32),
    )
    unit = vectors.input / np.linalg.norm(vectors.input, axis=1, keepdims=True)
    order = [i for i in np.argsort(-unit @ unit[3]) if i != 3]
    near = vectors.nearest("3", k=8)
    assert near.word.tolist() == [str(i) for i in order[:8]]
    np.testing.assert_allclose(near.cosine, (unit @ unit[3])[order[:8]], atol=1e-6)
    assert vectors.nearest(vectors.vector("3"), k=1).word.tolist() == ["3"]
    assert len(vectors.nearest("3", k=1000)) == 49
    np.testing.assert_allclose(vectors.squared_norm(), (vectors.input**2.0).sum(axis=1), rtol=1e-6)


def test_nearest_handles_zero_vectors_and_ties():
    vectors = Embedding(
        ["zero", "b", "a", "c"], np.array([[0, 0], [1, 0], [2, 0], [0, 1]], np.float32)
    )
    assert vectors.nearest(np.array([3.0, 0.0]), k=4).cosine.tolist() == [1, 1, 0, 0]
    assert vectors.nearest(np.array([3.0, 0.0]), k=2).word.tolist() == ["b", "a"]
    with pytest.raises(ValueError, match="a length above 0"):
        vectors.nearest("zero")
    with pytest.raises(ValueError, match=r"shape \(3,\).*expected shape \(2,\)"):
        vectors.nearest(np.ones(3))


def test_squared_norm_sums_in_float64():
    vectors = Embedding(["a"], np.full((1, 3), 1e25, np.float32))  # its square is beyond float32
    np.testing.assert_allclose(vectors.squared_norm(), 3e50, rtol=1e-6)


def test_wrong_shapes_and_words():
    rows = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"input has shape \(2, 3\); expected \(3, D\)"):
        Embedding(["a", "b", "c"], rows)
    with pytest.raises(ValueError, match=r"context has shape \(2, 2\); expected \(2, 3\)"):
        Embedding(["a", "b"], rows, rows[:, :2])
    with pytest.raises(
        ValueError, match=r"counts has shape \(3,\); expected \(2,\): give one per word"
    ):
        Embedding(["a", "b"], rows, counts=np.ones(3))
    with pytest.raises(ValueError, match="'a' comes twice"):
        Embedding(["a", "a"], rows).index("b")
    with pytest.raises(KeyError, match="did you mean 'queen'"):
        Embedding(["king", "queen"], rows).vector("quen")


def text(*lines):
    return "".join(line + "\n" for line in lines).encode()


def record(word, *numbers):
    return word.encode() + b" " + np.array(numbers, "<f4").tobytes() + b"\n"


DAMAGED_TEXT = {
    "count too high": (text("3 2", "a 1 2", "b 3 4"), "line 4: the file ends after 2 words"),
    "count too low": (text("1 2", "a 1 2", "b 3 4"), "line 3: one more word; expected 1 words"),
    "dimension": (text("2 3", "a 1 2", "b 3 4"), "line 2: 2 numbers after 'a'; expected 3"),
    "short row": (text("2 2", "a 1 2", "b 3"), r"line 3: 1 numbers after 'b'.*limit=1"),
    "long row": (text("2 2", "a 1 2 3", "b 3 4"), "line 2: 3 numbers after 'a'; expected 2"),
    "swapped lengths": (text("2 2", "a 1", "b 3 4 5"), "line 2: 1 numbers after 'a'"),
    "not a number": (text("2 2", "a 1 2", "b 3 x"), "line 3: 'x' among the numbers of 'b'"),
    "underscore": (text("2 2", "a 1 2", "b 3 1_0"), "line 3: '1_0' among the numbers of 'b'"),
    "nan": (text("2 2", "a 1 2", "b nan 4"), "line 3: the vector of 'b' holds nan"),
    "inf": (text("2 2", "a 1 2", "b 3 -inf"), "line 3: the vector of 'b' holds -inf"),
    "beyond float32": (text("2 2", "a 1 2", "b 3 1e39"), "line 3: the vector of 'b' holds inf"),
    "repeated": (text("3 2", "a 1 2", "b 3 4", "a 1 2"), "line 4: 'a' again, first met in line 2"),
    "empty line": (text("2 2", "a 1 2", "", "b 3 4"), "line 3: an empty line"),
    "no header": (text("a 1 2", "b 3 4"), "line 1: found .*pass format='glove'"),
    "not UTF-8": (b"2 2\na 1 2\n\xff 3 4\n", r"line 3: the word is b'\\xff'"),
    "empty": (b"", "line 1: found b''"),
}


@pytest.mark.parametrize("name", DAMAGED_TEXT)
def test_damaged_text_names_the_line(tmp_path, name):
    content, message = DAMAGED_TEXT[name]
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(path, "word2vec-text")
    assert str(path) in str(caught.value)
    assert re.search("; expected .*; ", str(caught.value))


DAMAGED_BINARY = {
    "cut inside a vector": (b"2 2\n" + record("a", 1, 2) + record("b", 3, 4)[:-6], "record 2"),
    "cut inside a word": (b"2 2\n" + record("a", 1, 2) + b"b", "record 2: the file ends in this"),
    "count too high": (b"3 2\n" + record("a", 1, 2) + record("b", 3, 4), "after 2 whole ones"),
    "count too low": (b"1 2\n" + record("a", 1, 2) + record("b", 3, 4), "record 2: more bytes"),
    "dimension": (b"2 1\n" + record("a", 1, 2) + record("b", 3, 4), "record 2: the word is"),
    "nan": (b"2 2\n" + record("a", 1, 2) + record("b", np.nan, 4), "record 2: .* holds nan"),
    "repeated": (b"2 2\n" + record("a", 1, 2) * 2, "record 2: 'a' again, first met in record 1"),
    "no words": (b"2 2\n" + b"x" * 20_000, "record 1: no word starts here"),
    "empty": (b"", "line 1: found b''"),
}


@pytest.mark.parametrize("name", DAMAGED_BINARY)
def test_damaged_binary_names_the_record(tmp_path, name):
    content, message = DAMAGED_BINARY[name]
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(path, "word2vec-binary")
    assert str(path) in str(caught.value)


def test_odd_but_sound_text(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(
        b". . . 1 2 \r\na\t3\t4\nb  5   6\n\xc2\xa0 7 8\n\n\n"
    )  # \xc2\xa0: no-break space
    with pytest.raises(ValueError, match="line 2: 2 numbers after 'a'; expected 4"):
        load(path, "glove")  # the first line alone says how many numbers there are
    path.write_bytes(b"the 0 0\n" + path.read_bytes())
    vectors = load(path)
    assert vectors.words == ["the", ". . .", "a", "b", "\u00a0"]
    assert vectors.input.tolist() == [[0, 0], [1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize("format", OWN_FORMATS)
@pytest.mark.parametrize("word", ["new york", "", "a\tb", "line\n"])
def test_words_that_a_format_cannot_hold(tmp_path, format, word):
    vectors = Embedding(["a", word], np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match=r"\(row 1\): expected words without white space"):
        save_as(vectors, tmp_path / "vectors", format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", OWN_FORMATS)
def test_cut_gzip(tmp_path, format):
    path = save_as(small(400), tmp_path / "vectors.gz", format)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="compressed data end or break near here"):
        load(path, format)


def test_reading_stops_once_all_words_are_met(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text("9 2", "a 1 2", "b 3 4", "c nothing"))  # damaged, but behind them
    assert load(path, words=["b", "a"]).words == ["a", "b"]
    assert load(path, limit=2).words == ["a", "b"]
    with pytest.raises(ValueError, match="line 4: 1 numbers after 'c'"):
        load(path, words=["a", "absent"])


def test_compression_is_found_by_content(tmp_path):
    path = tmp_path / "vectors.txt"  # no .gz in its name
    path.write_bytes(gzip.compress(b"1 2\na 1 2\n"))
    assert load(path).words == ["a"]


def test_unknown_format_and_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no such file.*check the path"):
        load(tmp_path / "absent")
    (tmp_path / "there").write_text("a 1\n")
    with pytest.raises(ValueError, match="format 'vec' was given; expected one of word2vec-text"):
        load(tmp_path / "there", "vec")
    with pytest.raises(ValueError, match="format 'vec' was given; expected one of word2vec-text"):
        save_as(small(), tmp_path / "new", "vec")
