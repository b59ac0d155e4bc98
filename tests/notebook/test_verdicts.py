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
    assert [rule.settled(value, (value, value)) for value in met] == [True] * len(met)
    assert [rule.settled(value, None) for value in not_met] == [False] * len(not_met)
    assert [rule.holds(value) for value in not_met] == [False] * len(not_met)


@pytest.mark.parametrize("text", ["", "about 3", "> x", "between 1", "0.5 <", "contains 0"])
def test_a_rule_outside_the_grammar_is_refused(text):
    with pytest.raises(InputError, match="cannot be read; expected '> x'"):
        verdicts.parse(text, 1.0)


def test_a_rule_about_the_published_value_needs_one():
    with pytest.raises(InputError, match="the claim has none"):
        verdicts.parse("within 0.1")


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (0.8, (0.75, 0.85), verdicts.REPRODUCED),
        (0.8, None, verdicts.REPRODUCED),
        (0.8, (0.6, 0.85), verdicts.SAME_DIRECTION),  # all above 0, not all near the number
        (0.2, (0.1, 0.3), verdicts.SAME_DIRECTION),
        (0.2, (-0.1, 0.5), verdicts.NOT_SETTLED),  # on both sides of 0
        (-0.2, (-0.5, 0.1), verdicts.NOT_SETTLED),
        (0.8, (-2, 3), verdicts.NOT_SETTLED),  # so wide that it says nothing
        (-0.2, (-0.5, -0.1), verdicts.NOT_REPRODUCED),
        (-0.2, None, verdicts.NOT_REPRODUCED),
    ],
)
def test_a_rule_must_hold_at_the_whole_interval(value, interval, expected):
    close, positive = verdicts.parse("within 0.1", 0.8), verdicts.parse("> 0")
    assert verdicts.verdict(value, interval, close, positive) == expected


def test_one_rule_alone_is_enough():
    close, positive = verdicts.parse("within 0.1", 0.8), verdicts.parse("> 0")
    assert verdicts.verdict(0.2, None, close, None) == verdicts.NOT_REPRODUCED
    assert verdicts.verdict(0.2, None, None, positive) == verdicts.SAME_DIRECTION
    assert verdicts.verdict(0.75, (0.65, 0.78), close, None) == verdicts.NOT_SETTLED
    # the measured .45 [.35, .56] beside a published .40 was once "not reproduced"
    near = verdicts.parse("within 0.04 of 0.40")
    assert verdicts.verdict(0.45, (0.35, 0.56), near, None) == verdicts.NOT_SETTLED


def test_an_end_on_an_open_bound_is_outside():
    assert verdicts.parse("> 0").settled(1, (0, 2)) is None
    assert verdicts.parse(">= 0").settled(1, (0, 2)) is True
    assert verdicts.parse("between 1 2").settled(1.5, (0, 3)) is None  # both ends outside


def test_no_verdict_on_what_is_not_a_number():
    with pytest.raises(ValueError, match="finite"):
        verdicts.verdict(float("nan"), None, verdicts.parse("> 0"), None)
