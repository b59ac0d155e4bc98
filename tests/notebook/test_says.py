"""Sentences that a notebook makes of what its run has found."""

import types

import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import card, claims, claims_table, outputs

SAYS = """
[says]
rise = "the line rises by {slope}, {gap:above|level with|below} the paper's {slope.published}"
words = "{names} of {n}: {share:.0%}"

[notes]
"Figure 1" = "ten points were tried, and $n < 10$"
"""


@pytest.fixture
def said(house, monkeypatch):
    """What is shown, as (text, whether it takes the place of an older one)."""
    house.card.write_text(house.card.read_text() + SAYS)
    shown = []
    monkeypatch.setattr(outputs, "running_shell", lambda: types.SimpleNamespace(kernel=1))
    show = lambda it, **how: shown.append((it.data, how["update"]))  # noqa: E731
    monkeypatch.setattr(outputs, "display", show)
    outputs.begin(house.name)
    return shown


def test_a_sentence_holds_numbers_and_follows_the_run(said):
    outputs.says("rise", gap=(0.1, (-0.2, 0.3)))
    outputs.says("words", names=["a", "b", "c"], n=1200, share=0.25)
    assert said == [
        ("**Here:** the line rises by not measured yet, level with the paper's 2 nats", False),
        ("**Here:** a, b and c of 1,200: 25%", False),
    ]
    claims.record_all({"slope": (2.05, (1.95, 2.1), "by hand"), "large": 1.0})
    assert said[2:] == [
        ("**Here:** the line rises by 2.05 nats (1.95–2.10), level with the paper's 2 nats", True)
    ]


def test_a_claim_without_a_sentence_is_said_from_its_record(said):
    claims.record_all({"slope": (2.05, (-1.0, 5.0), "4 of 6 seeds, p = .21", 6)})
    outputs.says("slope")
    number = "2.0 nats (−1.0 to 5.0), in the paper 2 nats, 4 of 6 seeds, p = .21"
    assert said[-1][0] == f"**Here:** The slope is about two: {number}: not shown."


@pytest.mark.parametrize(
    ("given", "three", "two"),
    [
        (0.1, "above", "ahead"),
        (0, "level", "not ahead"),
        (-3, "below", "not ahead"),
        ((0.1, (-0.1, 0.3)), "level", "not ahead"),
        ((0.1, (0.05, 0.3)), "above", "ahead"),
        (float("nan"), "not measured yet", "not measured yet"),
        (True, "above", "ahead"),
    ],
)
def test_a_word_is_chosen_by_the_sign_and_the_middle_one_is_undecided(given, three, two):
    words = claims_table.filled("{x:above|level|below}, {x:ahead|not ahead}", {}, {"x": given})
    assert words == f"{three}, {two}"


@pytest.mark.parametrize(
    ("id", "numbers", "words"),
    [
        ("rises", {}, r"sentence or claim in 01\.toml: 'rises' was given.*did you mean 'rise'"),
        ("rise", {}, r"nothing fills: gap; expected claims or numbers: says\('rise', gap="),
        ("words", {"names": [], "n": 1, "shares": 1}, "nothing fills: share;"),
        ("slope", {"n": 1}, "number for 'slope' in 01.toml: 'n' was given"),
    ],
)
def test_what_cannot_be_said_is_refused(said, id, numbers, words):
    with pytest.raises(InputError, match=words):
        outputs.says(id, **numbers)


def test_a_slot_that_cannot_be_read_is_refused(house):
    house.card.write_text(house.card.read_text() + '[says]\nrise = "{slop.verdict}"')
    with pytest.raises(InputError, match=r"\[says\] rise: claim 'slop' was given"):
        card.load(house.card)


def test_notes_are_folded_below_the_claims(said):
    text = claims.table()._repr_html_()
    assert "<details><summary>Laboratory notes</summary><ul><li><b>Figure 1.</b> ten" in text
