import bz2
import gzip
import lzma
import re
import warnings
from pathlib import Path

import numpy as np
import pandas
import pytest

from lmnotes.errors import InputError
from lmnotes.text import readers
from lmnotes.words import embedding, files, lookup
from lmnotes.words.embedding import Embedding, convert, load, save_as

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
    with pytest.raises(ValueError, match=r"no whole folder of `save` .*embedding.json"):
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
    monkeypatch.setattr(lookup, "BLOCK", 11)
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


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_damaged_packed_vectors(tmp_path, pack):
    numbers = np.random.default_rng(0).integers(10**9, size=3000)
    data = bytearray(pack(text("3000 1", *(f"w{n} {n}" for n in numbers))))
    path = tmp_path / "a.vec"
    path.write_bytes(data)
    with warnings.catch_warnings(action="ignore"):
        load(path)
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(byte ^ 255 for byte in data[middle : middle + 40])
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.vec, line "):
        load(path)


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


FIELD = Path(__file__).parents[1] / "field" / "vectors"


@pytest.mark.parametrize("name", ["bom.vec", "bom_glove.txt", "tabs.vec", "tabs.tsv"])
def test_a_byte_order_mark_and_tabs(name):
    """The mark made the first word another one, or the file no file of vectors."""
    vectors = load(FIELD / name)
    assert vectors.words == [{"bom_glove.txt": "the"}.get(name, "sea"), vectors.words[1]]
    np.testing.assert_allclose(np.abs(vectors.input), [[0.1, 0.2, 0.3]] * 2, rtol=1e-6)


def test_a_byte_order_mark_before_json(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": [1, 2]}')
    assert load(path).words == ["a"]


def test_of_a_word_that_comes_twice_the_first_is_kept(tmp_path):
    """As reported in fastText#648: a published file holds a word twice."""
    with pytest.warns(UserWarning, match=r"1 words come again, such as that of line 3"):
        assert load(FIELD / "twice.vec").words == ["...", "sea"]
    path = tmp_path / "a.bin"
    path.write_bytes(b"4 1\n" + record("a", 1) + record("b", 2) + record("a", 3) + record("a", 4))
    with pytest.warns(UserWarning, match=r"2 words come again, such as that of record 3"):
        assert load(path).vector("a") == [1]
    path.write_text('{"a": [1], "b": [2], "a": [3]}')
    with pytest.warns(UserWarning, match=r"1 words come again, such as that of entry 3"):
        assert load(path).vector("a") == [1]


@pytest.mark.parametrize("ending", ["vec", "bin"])
def test_a_word_cut_inside_a_character(tmp_path, ending):
    """As reported in gensim#496: the published vectors of Google cut long words so."""
    path = FIELD / f"cut_character.{ending}"
    with pytest.raises(InputError, match=r"pass unicode_errors='replace' or 'ignore'"):
        load(path)
    whole = load(path, unicode_errors="ignore")
    assert "ありがと" in whole and len(whole) == {"vec": 4, "bin": 2}[ending]
    assert "ありがと\ufffd" in convert(path, tmp_path, unicode_errors="replace")
    assert load(path, words=["sea"]).words == ["sea"]
    with pytest.raises(InputError, match="unicode_errors 'drop' was given"):
        load(path, unicode_errors="drop")


def test_a_blank_or_a_tab_costs_one_word(tmp_path):
    path = tmp_path / "a"
    for content in (
        text("4 2", "a 1 2", "  3 4", "\t 5 6", "b 7 8"),
        text("  3.5 4", "a 1 2", "b 7 8", "\t 5 6"),
        b"4 2\n" + record("a", 1, 2) + record(" ", 3, 4) + record("\t", 5, 6) + record("b", 7, 8),
        b'{"a": [1, 2], " ": [3, 4], "\\t": [5, 6], "b": [7, 8]}',
    ):
        path.write_bytes(content)
        with pytest.warns(UserWarning, match="2 words are blank"):
            vectors = load(path)
        assert vectors.words == ["a", "b"] and vectors.input.tolist() == [[1, 2], [7, 8]]


NO_VECTORS = {
    "fasttext.bin": "is a fastText model: .* take the .vec beside it",
    "vectors.zip": "is a zip: .* unpack it",
    "utf16.vec": "the text is UTF-16; .*iconv -f utf-16",
    "unmarked.vec": "looks like UTF-16 without a mark",
    "array.npy": "is an array of numpy, without words",
    "program": "is binary, no text",
    "pointer.bin": "is a pointer of git-lfs",
}


@pytest.mark.parametrize("name", NO_VECTORS)
def test_what_is_no_file_of_vectors_is_named(tmp_path, name):
    path = tmp_path / name
    if (FIELD / name).is_file():
        path = FIELD / name
    elif name == "array.npy":
        np.save(path, np.ones(3))
    else:
        path.write_bytes(
            {
                "utf16.vec": "2 1\na 1\nb 2\n".encode("utf-16"),
                "unmarked.vec": "2 1\na 1\nb 2\n".encode("utf-16-le"),
                "program": b"\x7fELF" + bytes(100),
                "pointer.bin": b"version https://git-lfs.github.com/spec/v1\n",
            }[name]
        )
    with pytest.raises(InputError, match=NO_VECTORS[name]):
        load(path)


@pytest.mark.parametrize("header", ["9" * 30 + " 2", "2 " + "9" * 30, "9" * 5000 + " 2"])
@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary"])
def test_a_header_that_no_file_can_keep(tmp_path, header, format):
    path = tmp_path / "a"
    path.write_bytes(text(header, "a 1 2", "b 3 4"))
    with pytest.raises(InputError, match=r"line 1: 9*2? ?words of .* than the file can hold"):
        load(path, format)


def test_a_packed_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_SMALL", 1 << 16)
    path = tmp_path / "a.vec.gz"
    path.write_bytes(gzip.compress(text("4 1", *(f"{word} {'0' * 200_000}" for word in "abcd"))))
    with pytest.raises(InputError, match="unpacks to more than"):
        load(path)


def test_a_string_is_no_list_of_words(tmp_path):
    for path in (FIELD / "bom.vec", load(FIELD / "bom.vec").save(tmp_path / "folder")):
        with pytest.raises(InputError, match="words = 'sea' was given, a single string"):
            load(path, words="sea")


def test_it_shows_a_line_and_its_ends_whatever_its_size(tmp_path):
    vectors = small(1000, 30)
    opened = Embedding.open(vectors.save(tmp_path / "folder"))  # by mmap
    assert type(opened[opened.words[0]]) is np.ndarray
    for shown in (vectors, opened):
        assert repr(shown) == "Embedding: 1,000 words x 30 dimensions, with context"
        page = shown._repr_html_()
        assert page.count("<tr>") == 11 and "<th>w0</th>" in page and "<th>1984</th>" in page
        assert len(page) < 6000 and "<th>w5</th>" not in page and "<th>15</th>" not in page
    whole = Embedding(["<b>&"], np.ones((1, 3), np.float32), counts=np.array([7]))
    assert repr(whole) == "Embedding: 1 words x 3 dimensions, with counts"
    assert "<th>&lt;b&gt;&amp;</th>" in whole._repr_html_() and "<td>7</td>" in whole._repr_html_()
    unmade = object.__new__(Embedding)  # as a debugger meets it inside __init__
    assert "not whole" in repr(unmade) and "not whole" in unmade._repr_html_()


def test_it_is_a_mapping_from_words_to_rows():
    vectors = small()
    assert list(vectors) == vectors.words and len(vectors) == 40
    assert "w3" in vectors and "w99" not in vectors and 3 not in vectors
    assert np.array_equal(vectors["w3"], vectors.input[3])
    for words in (["w3", "w0", "w3"], ("w3", "w0", "w3"), np.array(["w3", "w0", "w3"])):
        assert np.array_equal(vectors[words], vectors.input[[3, 0, 3]])
    assert vectors[[]].shape == (0, 7)
    for asked in ("w99", ["w3", "w99"]):
        with pytest.raises(KeyError, match="no vector for 'w99' among 40 words; did you mean"):
            vectors[asked]
    for asked in (3, [3], slice(3)):
        with pytest.raises(InputError, match=r"expected (a list of )?strings"):
            vectors[asked]


def test_numpy_takes_the_input_vectors_without_a_copy():
    vectors = small()
    assert np.shares_memory(np.asarray(vectors), vectors.input)
    assert not np.shares_memory(np.array(vectors), vectors.input)
    assert np.asarray(vectors, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match=r"[Uu]nable to avoid copy"):
        np.asarray(vectors, np.float64, copy=False)


def test_a_table_of_words_both_ways():
    vectors = small()
    table = vectors.to_frame()
    assert table.index.tolist() == vectors.words
    back = Embedding.from_frame(table)
    assert back.words == vectors.words and same_bits(back.input, vectors.input)
    assert Embedding.from_frame(table * 0 + 1.5).input.dtype == np.float32
    assert Embedding.from_frame(pandas.DataFrame({"x": [1]}, index=["a"])).input.tolist() == [[1]]
    with pytest.raises(InputError, match="input is a DataFrame; expected an array"):
        Embedding(vectors.words, table)
    with pytest.raises(InputError, match=r"the table's index.*expected strings only"):
        Embedding.from_frame(pandas.DataFrame(np.eye(2)))
