import re
import time

import numpy as np
import pytest

from lmnotes.text import chunk_sources, corpus, installed, tokenise
from lmnotes.text.readers import Document
from lmnotes.text.tokenise import CAPITALISED, SENTENCE_START


def n_tokens(text, *domains):
    return int(text.sources.loc[text.sources["domain"].isin(domains), "n_tokens"].sum())


def test_there_is_enough_text(installed_corpus):
    assert installed_corpus.n_tokens >= 3_000_000
    # 0.7 million would need gensim's head500 file, which holds stems and no function words
    assert n_tokens(installed_corpus, "encyclopedia", "news") >= 500_000
    assert n_tokens(installed_corpus, "manual") >= 30_000


def test_corpus_is_consistent(installed_corpus):
    text = installed_corpus
    assert text.tokens.min() == 0 and text.tokens.max() == text.n_words - 1
    assert np.array_equal(np.bincount(text.tokens), text.counts)
    assert np.all(np.diff(text.counts) <= 0) and len(set(text.words)) == text.n_words
    assert np.all(np.diff(text.offsets) > 0) and text.offsets[-1] == text.n_tokens
    assert np.all(text.flags[text.offsets[:-1]] & SENTENCE_START)
    assert text.sources["n_tokens"].sum() == text.n_tokens
    assert text.sources["n_documents"].sum() == text.n_documents == len(text.document_source)
    assert set(text.sources["domain"]) == set(installed.PROSE)


def test_a_second_load_is_quick(installed_corpus):
    start = time.perf_counter()
    again = corpus.load("installed")
    assert time.perf_counter() - start < 2  # 0.3 s where nothing else runs
    assert again.content_id == installed_corpus.content_id


def test_repeats_are_gone_and_counted(installed_corpus):
    text = installed_corpus
    assert text.sources["n_repeats_removed"].sum() > 10_000
    window, seen = 12, set()
    n_again = n_windows = 0
    for start in range(0, text.n_tokens - window, 97):
        part = text.tokens[start : start + window].tobytes()
        n_again += part in seen
        n_windows += 1
        seen.add(part)
    assert n_again < 0.001 * n_windows


def test_text_reads_as_english(installed_corpus):
    text = installed_corpus
    assert {"the", "of", "and", "to", "a", "in", "is"} <= set(text.words[:12])
    share = text.unigram[[text.index(word) for word in ("the", "of", "and", "to")]].sum()
    assert 0.10 < share < 0.20
    frequent = text.words[:1000]
    assert not {"gt", "lt", "nbsp", "ref", "http", "https", "www", "quot", "br", "sup"} & set(
        frequent
    )
    assert sum(bool(re.search(r"\d", word)) for word in frequent) < 40


def test_articles_have_titles_sentences_and_proper_nouns(installed_corpus):
    text = installed_corpus.subset("encyclopedia")
    titles = dict(zip(text.titles, range(text.n_documents), strict=True))
    assert {"Anarchism", "Alabama", "Aristotle", "Andre Agassi"} <= set(titles)
    start = text.offsets[titles["Albert Einstein"]]
    words = [text.words[token] for token in text.tokens[start : start + 60]]
    assert words[:2] == ["albert", "einstein"] and "physicist" in words
    inside = (text.flags & (CAPITALISED | SENTENCE_START)) == CAPITALISED
    share = np.bincount(text.tokens, inside, text.n_words) / text.counts
    for word in ("lincoln", "africa", "aristotle", "english"):
        assert share[text.index(word)] > 0.7, word
    for word in ("the", "however", "water", "is", "when"):
        assert share[text.index(word)] < 0.1, word


def test_every_domain_has_documents():
    for domain in installed.DOMAINS:
        document = next(iter(installed.documents(domain)))
        assert document.domain == domain
        assert document.text


def test_generated_domains_are_right():
    numbers = next(iter(installed.documents("numbers"))).text.split("\n")
    assert len(numbers) == 100
    for line in numbers:
        left, right = line.split(" = ")
        a, sign, b = left.split()
        assert int(right) == {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[sign](
            int(a), int(b)
        )
    names = next(iter(installed.documents("names")))
    assert "LATIN CAPITAL LETTER A\nLATIN CAPITAL LETTER B" in names.text


def test_a_missing_package_is_left_out_and_said_so(monkeypatch):
    there = installed._folder

    def folder(module):
        return None if module == "gensim" else there(module)

    monkeypatch.setattr(installed, "_folder", folder)
    with pytest.warns(UserWarning, match=r"gensim/lee.* is not installed: its text is left out"):
        text = corpus.load("installed", domains=["news", "manual"], keep=False)
    rows = text.sources.set_index("name")
    assert rows.loc["gensim/lee.cor (missing)", "n_documents"] == 0
    assert rows.loc["pydoc_data.topics", "n_documents"] > 50


def test_the_key_follows_versions(monkeypatch):
    before = installed.key(["news"])
    monkeypatch.setattr(installed, "version", lambda module: "0")
    assert installed.key(["news"]) != before != installed.key(["docs"])


def test_own_source_is_no_part_of_the_text():
    assert not {"lmnotes", "pip", "setuptools"} & set(installed._PACKAGES)


def test_words_agrees_with_the_corpus(installed_corpus):
    document = next(iter(installed.documents("news")))
    text = installed_corpus.subset("news")
    words = [text.words[token] for token in text.tokens[: text.offsets[1]]]
    assert words == tokenise.words(document.text)


def test_documentation_is_found_once_for_corpora_and_chunks(monkeypatch, tmp_path):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    monkeypatch.setattr(installed, "_PACKAGES", ["joblib", "no_such_package"])
    direct = corpus.load("installed", domains=["docs"], keep=False)
    assert not list(tmp_path.iterdir())
    n_found, find = [], installed._DOMAINS["docs"]
    monkeypatch.setitem(installed._DOMAINS, "docs", lambda: n_found.append(1) or find())
    with pytest.warns(UserWarning, match="no_such_package is not installed"):
        text = corpus.load("installed", domains=["docs"])
    assert text.content_id == direct.content_id and text.titles == direct.titles
    assert text.sources.equals(direct.sources)
    with pytest.warns(UserWarning, match="no_such_package is not installed"):
        assert len(chunk_sources.installed_documents("docs"))
    assert list(installed.documents("docs")) == list(installed.documents("docs", keep=False))
    assert len(n_found) == 2  # once stored, once for the comparison


def test_stored_documents_keep_every_character(monkeypatch, tmp_path):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    odd = Document("é", "half a pair: \ud800, and\r\n\0 naïve 日本語", "a source", "docs")
    monkeypatch.setitem(installed._DOMAINS, "docs", lambda: iter([odd]))
    assert list(installed.documents("docs")) == [odd] == list(installed.documents("docs"))


def test_licences_are_texts_and_no_code():
    documents = list(installed.documents("legal", keep=False))
    names = {document.title.rsplit(" ", 1)[-1] for document in documents if document.text}
    assert "LICENSE" in names and not [name for name in names if ".py" in name]
