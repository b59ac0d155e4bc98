import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.text import corpus
from lmnotes.text.corpus import Corpus
from lmnotes.words import information, sgns

TEXTS = ["The cat saw Paris. The cat slept.", "NASA and the dog.", "...", "Cats, cats!"]


def fresh(code, home, *arguments):
    """What Python prints in a process of its own."""
    environment = os.environ | {"LMNOTES_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def same(first, second):
    return (
        first.words == second.words
        and first.titles == second.titles
        and first.content_id == second.content_id
        and all(
            np.array_equal(getattr(first, name), getattr(second, name))
            for name in ("tokens", "counts", "offsets", "flags", "document_source")
        )
    )


def test_fields_by_hand():
    text = corpus.from_texts(TEXTS, titles=["a", "b", "dropped: no word", "c"], name="toy")
    assert text.words == ["the", "cat", "cats", "and", "dog", "nasa", "paris", "saw", "slept"]
    assert text.counts.tolist() == [3, 2, 2, 1, 1, 1, 1, 1, 1]
    assert text.tokens.tolist() == [0, 1, 7, 6, 0, 1, 8, 5, 3, 0, 4, 2, 2]
    assert text.offsets.tolist() == [0, 7, 11, 13]
    assert text.titles == ["a", "b", "c"]
    assert text.flags.tolist() == [5, 0, 0, 1, 5, 0, 0, 7, 0, 0, 0, 5, 0]
    assert (text.n_tokens, text.n_words, text.n_documents) == (13, 9, 3)
    assert text.tokens.dtype == np.int32 and text.flags.dtype == np.uint8
    assert text.unigram.sum() == pytest.approx(1) and text.unigram[0] == 3 / 13
    assert text.index("nasa") == text.ids["nasa"] == 5
    row = text.sources.iloc[0]
    assert (row["name"], row["n_documents"], row["n_tokens"]) == ("toy", 3, 13)
    assert row["n_bytes"] == sum(map(len, TEXTS))


def test_unknown_word_names_the_nearest():
    with pytest.raises(InputError, match=r"'parris' is not among the 9 words of toy.*'paris'"):
        corpus.from_texts(TEXTS, name="toy").index("parris")


def test_titles_must_match_texts():
    with pytest.raises(InputError, match="4 texts came with 1 titles"):
        corpus.from_texts(TEXTS, titles=["a"])


def test_no_word_at_all():
    with pytest.raises(InputError, match="holds no word"):
        corpus.from_texts(["...", "!"])


def test_save_and_open(tmp_path):
    text = corpus.from_texts(TEXTS, titles=["", "Ü", "", "x"])
    text.save(tmp_path)
    opened = Corpus.open(tmp_path)
    assert same(text, opened)
    assert opened.sources.to_dict() == text.sources.to_dict()
    assert isinstance(opened.tokens, np.memmap)


def test_head_and_subset_renumber_their_words():
    text = corpus.from_texts(TEXTS)
    head = text.head(9)
    assert same(head, corpus.from_texts([TEXTS[0], "NASA and"]))
    assert same(text.head(10**9), text)
    assert same(text.subset("file"), text)
    with pytest.raises(InputError, match="'news' was given; expected one of file"):
        text.subset("news")
    with pytest.raises(InputError, match="at least 1"):
        text.head(0)


def test_content_id_is_the_same_in_another_process_and_follows_the_text(tmp_path):
    file = tmp_path / "some.txt"
    file.write_text("The cat saw Paris.")
    code = "import sys; from lmnotes.text import corpus; print(corpus.load(sys.argv[1]).content_id)"
    ids = {
        fresh(code, tmp_path / "one", file)[0],
        fresh(code, tmp_path / "two", file)[0],
        corpus.load(file, keep=False).content_id,
    }
    assert len(ids) == 1
    for other in ("the cat saw Paris.", "The cat saw London.", "The cat. Saw Paris."):
        file.write_text(other)  # other case, other word, other sentences
        ids.add(corpus.load(file).content_id)
    assert len(ids) == 4


def test_an_artefact_is_used_again_until_the_file_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    file = tmp_path / "some.txt"
    file.write_text("one two")
    corpus.load(file)
    corpus.load(file)
    assert len(list((tmp_path / "home/corpus").glob("*/tokens.npy"))) == 1
    file.write_text("one two three")
    assert corpus.load(file).n_tokens == 3
    assert len(list((tmp_path / "home/corpus").glob("*/tokens.npy"))) == 2
    corpus.load(file, keep=False)
    assert len(list((tmp_path / "home/corpus").glob("*/tokens.npy"))) == 2


def test_a_text_of_one_long_line_is_never_whole_in_memory_as_words(tmp_path):
    n_tokens = 4_000_000
    block = " ".join(f"{'abcdefghij'[i % 10]}{i * i % 7919}" for i in range(10_000)) + " "
    file = tmp_path / "one_line"
    file.write_text(block * (n_tokens // 10_000))
    code = (
        "import resource, sys\n"
        "from lmnotes.text import corpus\n"
        "import pandas\n"
        "usage = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = usage()\n"
        "print(corpus.load(sys.argv[1]).n_tokens, usage() - before)"
    )
    start = time.perf_counter()
    n_tokens_read, n_megabytes = fresh(code, tmp_path, file)
    assert int(n_tokens_read) == n_tokens
    # a list of 4 million words would take 250 MB; 17 million tokens at this rate stay below 700 MB
    assert float(n_megabytes) < 160
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("texts", ["hello", b"hello", None, ["a", 1], 5])
def test_a_string_is_no_list_of_texts(texts):
    """As reported of another library in gensim#2737: the letters became the documents."""
    with pytest.raises(InputError, match=r"^texts.*expected (a list of )?strings"):
        corpus.from_texts(texts)
    with pytest.raises(InputError, match=r"^titles = 'ab' was given, a single string"):
        corpus.from_texts(["one", "two"], titles="ab")


def test_a_list_of_texts_is_read_as_the_same_text_from_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    file = tmp_path / "one.txt"
    file.write_text(TEXTS[0])
    from_file = corpus.load(rows)
    for texts in (TEXTS, tuple(TEXTS), pd.Series(TEXTS)):
        for keep in (True, False):
            ours = corpus.load(texts, keep=keep)
            assert same(ours, from_file) and ours.name == "texts"
            assert ours.sources["n_bytes"].tolist() == from_file.sources["n_bytes"].tolist()
            assert ours.sources["sha256"].tolist() == from_file.sources["sha256"].tolist()
    assert len(list((tmp_path / "home/corpus").glob("*/tokens.npy"))) == 2  # one of them, the file
    named = corpus.load(TEXTS, name="toy")
    assert named.name == "toy" and named.sources["name"].tolist() == ["toy"]
    assert isinstance(named.tokens, np.memmap)
    assert corpus.load([TEXTS[0]]).content_id == corpus.load(file).content_id
    assert corpus.load(file, name="other").name == "other"


def test_a_generator_is_read_once():
    assert same(corpus.load((text for text in TEXTS), keep=False), corpus.from_texts(TEXTS))


def test_lists_of_words_are_joined_and_read_like_any_text():
    sentences = [["The", "cat", "sat", "."], ["dogs", "bark"]]
    with pytest.warns(UserWarning, match=r"1 of 6 different words, such as '\.', are no runs of"):
        ours = corpus.load(sentences, keep=False)
    assert same(ours, corpus.from_texts(["The cat sat .", "dogs bark"]))
    with pytest.warns(UserWarning, match="such as 'new_york'"):
        assert corpus.from_texts([["in", "new_york"]]).words == ["in", "new", "york"]


def test_a_list_can_be_trained_on_and_measured():
    sentences = [["a", "b", "a", "b"], ["c", "a", "c"]] * 20
    ours = corpus.load(sentences, keep=False)
    vectors = sgns.train(ours, dim=4, window=2, epochs=1, keep=False, progress=False)
    assert vectors.words == ["a", "b", "c"] and vectors.counts.tolist() == [60, 40, 40]
    assert np.isfinite(information.measure(ours, window=2).kl).all()


def test_what_is_no_list_of_texts_says_what_to_do(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    path = tmp_path / "a.txt"
    for paths in ([path], [str(path)], [str(path), path]):
        with pytest.raises(InputError, match="names files; expected texts in a list: give a path"):
            corpus.load(paths)
    for texts in ({"a": "one"}, {"one"}, pd.DataFrame({"text": ["one"]})):
        with pytest.raises(InputError, match="expected a list of strings: give that, or a table"):
            corpus.load(texts)
    with pytest.raises(InputError, match=r"texts\[1\] is nan, a float; expected strings only: "):
        corpus.load(["one", np.nan])
    with pytest.raises(InputError, match="only 'installed' text has domains"):
        corpus.load(["one"], domains="news")
    with pytest.raises(InputError, match="holds no word"):
        corpus.load([])
    for wrong in (None, 5, b"text", "."):
        with pytest.raises(InputError, match="was asked for: expected one of"):
            corpus.load(wrong)
