import random
import string

import numpy as np
import pytest

from lmnotes.text import tokenise
from lmnotes.text.tokenise import ALL_CAPS, CAPITALISED, SENTENCE_START


def encoded(*pieces):
    encoder = tokenise.Encoder()
    n_tokens = encoder.add(pieces)
    names = encoder.words()
    tokens, flags = encoder.tokens(), encoder.flags()
    assert n_tokens == len(tokens) == len(flags)
    assert tokens.dtype == np.int32 and flags.dtype == np.uint8
    return [names[token] for token in tokens], flags.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat.", "the cat sat"),
        ("don't", "don t"),
        ("state-of-the-art", "state of the art"),
        ("n_samples=3.14e5", "n samples 3 14e5"),
        ("Ångström, naïve café", "ångström naïve café"),
        ("cafe\u0301", "café"),  # combining accent: composed first
        ("Ελλάδα и Москва", "ελλάδα и москва"),
        ("हिन्दी में, कविता।", "हिन्दी में कविता"),  # Devanagari: vowel signs and virama are marks
        ("বাংলা ভাষা; தமிழ் மொழி", "বাংলা ভাষা தமிழ் மொழி"),  # Bengali, Tamil
        ("ภาษาไทย ที่นี่", "ภาษาไทย ที่นี่"),  # Thai
        ("السَّلامُ عَلَيْكُمْ، שָׁלוֹם", "السَّلامُ عَلَيْكُمْ שָׁלוֹם"),  # vocalised Arabic, pointed Hebrew
        ("ශ්\u200dරී می\u200cروم", "ශ්\u200dරී می\u200cروم"),  # joiners stand inside words
        ("x\u0304 \u0301 1\ufe0f\u20e3", "x\u0304 1"),  # a mark alone, an emoji's digit
        ("$%&/() --- …", ""),
        ("a\tb\nc\r\nd\u00a0e", "a b c d e"),
    ],
)
def test_tokens_by_hand(text, expected):
    assert encoded(text)[0] == expected.split() == tokenise.words(text)


def test_lower_case_words_and_spaces_are_split_exactly():
    draw = random.Random(0)
    words = [
        "".join(draw.choices(string.ascii_lowercase, k=draw.randint(1, 9))) for _ in range(5000)
    ]
    text = " " + " ".join(words)
    assert encoded(text)[0] == text.split()
    assert encoded(*[text[i : i + 7] for i in range(0, len(text), 7)])[0] == text.split()


@pytest.mark.parametrize("n_chars", [1, 2, 5, 40, 1000])
def test_blocks_hold_the_same_text_and_cut_no_word(n_chars):
    text = "One two.  \n\n Three four-five\tsix\n" * 30
    blocks = list(tokenise.blocks([text[:100], text[100:]], n_chars=n_chars))
    assert "".join(blocks) == text
    assert all(block[:1].isspace() for block in blocks[1:])
    assert [word for block in blocks for word in tokenise.words(block)] == tokenise.words(text)


def test_flags_do_not_depend_on_where_the_text_is_cut(monkeypatch):
    text = (
        "He met Dr. Smith.\n\nA dog! NASA said so (really.) Yes... no? - x\n* Item one\nand two. "
    )
    whole = encoded(text * 20)
    monkeypatch.setattr(tokenise.blocks, "__defaults__", (3,))
    assert encoded(text * 20) == whole


def starts(text):
    words, flags = encoded(text)
    return [word for word, flag in zip(words, flags, strict=True) if flag & SENTENCE_START]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One two. Three! Four? Five", "one three four five"),
        ("He is 3.14 m tall, at www.x.org, fig. 3 says", "he"),
        ('He said "no." Then (so it was.) End', "he then end"),
        ("a heading\n\nthen text\nsame paragraph", "a then"),
        ("list:\n- first\n- second\n* third", "list first second third"),
        ("Dr. Smith met Mr. Bach. They sang.", "dr they"),
        ("... started. and on", "started and"),
        ("end .\nnext", "end next"),
    ],
)
def test_sentence_starts(text, expected):
    assert starts(text) == expected.split()


def test_each_document_starts_a_sentence():
    encoder = tokenise.Encoder()
    encoder.add(["one two"])
    encoder.add(["three four"])
    assert encoder.flags().tolist() == [SENTENCE_START, 0, SENTENCE_START, 0]


def test_case_flags():
    words, flags = encoded("so Paris NASA A iPhone R2 R2D MCMXC 42 ǅ É")
    case = dict(zip(words, (flag & ~SENTENCE_START for flag in flags), strict=True))
    assert case["so"] == case["iphone"] == case["42"] == 0
    assert case["paris"] == case["a"] == case["r2"] == case["é"] == CAPITALISED
    assert case["nasa"] == case["r2d"] == case["mcmxc"] == CAPITALISED | ALL_CAPS


def test_flag_names_are_those_of_corpus():
    assert (tokenise.CAPITALISED, tokenise.ALL_CAPS, tokenise.SENTENCE_START) == (1, 2, 4)
