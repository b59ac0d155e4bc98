import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import verdicts


@pytest.mark.parametrize(
    ("text", "published", "met", "not_met"),
    [
        ("> 0.5", None, [0.51, 9], [0.5, -1]),
        (">= 0.5", None, [0.5], [0.49]),
        ("< -1e-3", None, [-0.002], [-0.001, 0]),
        ("<=3", None, [3], [3.01]),
        ("between 1 2", None, [1, 1.5, 2], [0.99, 2.01]),
        ("between 2 and 1", None, [1.5], [3]),
        ("within 0.1", 1.0, [0.9, 1.0, 1.1], [0.89, 1.11]),
        ("within 0.1 of 2", 1.0, [1.9, 2.1], [1.0]),
        ("within 10%", -50.0, [-55, -45], [-44, 50]),
        ("within 10 % of 200", None, [180, 220], [179]),
    ],
)
def test_rules_hold_where_they_should(text, published, met, not_met):
    rule = verdicts.parse(text, published)
    assert [rule.holds(value) for value in met] == [True] * len(met)
    assert [rule.holds(value) for value in not_met] == [False] * len(not_met)


@pytest.mark.parametrize("text", ["", "about 3", "> x", "between 1", "0.5 <", "__import__('os')"])
def test_a_rule_outside_the_grammar_is_refused(text):
    with pytest.raises(InputError, match="cannot be read; expected '> x'"):
        verdicts.parse(text, 1.0)


@pytest.mark.parametrize("text", ["within 0.1", "interval contains"])
def test_a_rule_about_the_published_value_needs_one(text):
    with pytest.raises(InputError, match="the claim has none"):
        verdicts.parse(text)


def test_verdict_asks_the_whole_interval_for_reproduced_and_the_value_for_same_direction():
    close, positive = verdicts.parse("within 0.1", 0.8), verdicts.parse("> 0")
    assert verdicts.verdict(0.8, (0.75, 0.85), close, positive) == verdicts.REPRODUCED
    assert verdicts.verdict(0.8, (0.6, 0.85), close, positive) == verdicts.SAME_DIRECTION
    assert verdicts.verdict(0.8, None, close, positive) == verdicts.REPRODUCED
    assert verdicts.verdict(0.2, (-0.1, 0.5), close, positive) == verdicts.SAME_DIRECTION
    assert verdicts.verdict(-0.2, None, close, positive) == verdicts.NOT_REPRODUCED
    assert verdicts.verdict(0.2, None, close, None) == verdicts.NOT_REPRODUCED
    assert verdicts.verdict(0.2, None, None, positive) == verdicts.SAME_DIRECTION


def test_interval_contains_the_published_value():
    rule = verdicts.parse("interval contains", 0.8)
    assert verdicts.verdict(0.7, (0.6, 0.9), rule, None) == verdicts.REPRODUCED
    assert verdicts.verdict(0.7, (0.6, 0.75), rule, None) == verdicts.NOT_REPRODUCED
    assert verdicts.verdict(0.8, None, rule, None) == verdicts.NOT_REPRODUCED


def test_no_verdict_on_what_is_not_a_number():
    with pytest.raises(ValueError, match="finite"):
        verdicts.verdict(float("nan"), None, verdicts.parse("> 0"), None)
