import numpy as np
import pytest

from lmnotes.papers.norm_information_gain.word_classes import (
    FUNCTION_WORDS,
    capital_share,
    word_classes,
)
from lmnotes.text import corpus

SENTENCES = """
Yesterday Rosa carried the famous lamp to Paris. Rosa carries lamps; we carry water, carrying on.
In general water boils. NASA knows that. Generally the glorious Rosa stopped, stopping to stop.
She said that Turkey cooked a turkey. Still cooking, cooks in Paris cook. Famously, Mr X left Rosa.
"""


def classes(text=SENTENCES, **settings):
    found = corpus.from_texts([text] * 6)
    return dict(
        zip(found.words, word_classes(found, min_count=6, **settings).tolist(), strict=True)
    )


def test_classes_of_a_small_text():
    found = classes()
    assert {word for word, label in found.items() if label == "proper"} == {"rosa", "paris", "mr"}
    verbs = {word for word, label in found.items() if label == "verb"}
    assert verbs == {
        *("carried", "carries", "carry", "carrying"),
        *("stopped", "stopping", "stop"),
        *("cooked", "cooking", "cooks", "cook"),
    }
    adjectives = {word for word, label in found.items() if label == "adjective"}
    assert adjectives == {"famous", "general", "glorious"}
    assert found["lamp"] == found["lamps"] == found["boils"] == "other"  # lamp, lamps: no -ing
    assert found["nasa"] == "other"  # all in capitals only
    assert found["yesterday"] == "other"  # at the start of sentences only
    assert found["turkey"] == "other"  # of mixed case
    assert found["x"] == "other"  # a single letter
    assert found["the"] == found["that"] == found["we"] == "function"


def test_the_minimum_count():
    found = corpus.from_texts([SENTENCES])
    labels = dict(zip(found.words, word_classes(found, min_count=4).tolist(), strict=True))
    assert labels["rosa"] == "proper"  # 4 times
    assert labels["paris"] == "rare"  # 2 times


def test_a_base_that_is_mostly_a_noun_is_no_verb():
    text = "we water it, watering it. " + "the water and the waters and the water there. " * 20
    found = classes(text + "Then Rosa and Rosa left.")
    assert (found["watering"], found["water"], found["waters"]) == ("verb", "other", "other")


@pytest.mark.parametrize("word", ["thing", "king", "string", "during"])
def test_words_that_only_look_like_gerunds(word):
    assert classes(f"a {word} of the th, the ths, k, ks, str and strs with Rosa")[word] != "verb"


def test_shares_by_hand():
    text = corpus.from_texts(["We saw Bo and bo. Bo left. A BO. The Bo is Bo, the bo."])
    share = dict(zip(text.words, capital_share(text).tolist(), strict=True))
    assert share["bo"] == 3 / 5  # not counted: one starts a sentence, one is all in capitals
    assert np.isnan(share["we"])
    few = dict(zip(text.words, capital_share(text, min_inside=6).tolist(), strict=True))
    assert np.isnan(few["bo"])


def test_shares_steer_what_is_proper():
    text = "We saw Bo, Bo and bo."
    assert classes(text, proper_share=0.6)["bo"] == "proper"
    assert classes(text, proper_share=0.7)["bo"] == "other"


def test_a_list_of_names_replaces_capitals(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Lamp\nWater\n\nThe\nFamous\nCook\n")
    lower = SENTENCES.lower()  # as text8 is
    found = classes(lower, proper_nouns=path)
    assert found["lamp"] == found["water"] == "proper"
    assert (found["the"], found["famous"], found["cook"]) == ("function", "adjective", "verb")
    assert found["rosa"] == "other"
    assert classes(lower, proper_nouns=["Rosa"])["rosa"] == "proper"
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"proper_nouns .* holds no word"):
        classes(lower, proper_nouns=path)
    with pytest.raises(FileNotFoundError, match="expected a file, one word per line"):
        classes(lower, proper_nouns="no-such-file")


def test_text_without_case_is_refused():
    with pytest.raises(ValueError, match=r"no capitals inside sentences.*pass proper_nouns"):
        classes(SENTENCES.lower())


def test_the_list_of_function_words():
    assert 110 <= len(FUNCTION_WORDS) <= 140
    assert all(word.isalpha() and word.islower() for word in FUNCTION_WORDS)
    assert not FUNCTION_WORDS & {"is", "have", "do", "not"}  # verbs and adverbs to a tagger
