"""What must hold for a claim: a small grammar of rules, and the verdict that they give."""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from lmnotes.errors import InputError

REPRODUCED = "reproduced"
SAME_DIRECTION = "same direction"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable at this scale"
NOT_RECORDED = "not recorded"
VERDICTS = (REPRODUCED, SAME_DIRECTION, NOT_REPRODUCED, NOT_TESTABLE)

GRAMMAR = (
    "'> x', '>= x', '< x', '<= x', 'between a b', 'within d' of the published value, "
    "'within d of p', 'within d%', 'interval contains' the published value, 'interval contains p'"
)
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_COMPARISON = re.compile(rf"(>=|<=|>|<) ?{_NUMBER}")
_BETWEEN = re.compile(rf"between {_NUMBER} (?:and )?{_NUMBER}")
_WITHIN = re.compile(rf"within {_NUMBER} ?(%)?(?: of {_NUMBER})?")
_CONTAINS = re.compile(rf"interval contains(?: {_NUMBER})?")
_OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rule:
    """A parsed rule: `holds(value)` for one number, or `contains` for one about the interval."""

    text: str
    holds: Callable[[float], bool] | None = None
    contains: float | None = None


def parse(text: str, published: float | None = None) -> Rule:
    """The rule that `text` writes, with `published` filled in where the rule refers to it.

    >>> parse("within 0.1", published=0.8).holds(0.75)
    True
    """
    text = " ".join(text.split())
    if match := _COMPARISON.fullmatch(text):
        compare, bound = _OPERATORS[match[1]], float(match[2])
        return Rule(text, lambda value: compare(value, bound))
    if match := _BETWEEN.fullmatch(text):
        low, high = sorted((float(match[1]), float(match[2])))
        return Rule(text, lambda value: low <= value <= high)
    if match := _WITHIN.fullmatch(text):
        centre = _centre(text, match[3], published)
        distance = float(match[1]) * (abs(centre) / 100 if match[2] else 1)
        slack = 1e-12 * max(1.0, abs(centre))  # 0.9 is within 0.1 of 1.0 in decimals, not in binary
        return Rule(text, lambda value: abs(value - centre) <= distance + slack)
    if match := _CONTAINS.fullmatch(text):
        return Rule(text, contains=_centre(text, match[1], published))
    raise InputError(f"rule {text!r} cannot be read; expected {GRAMMAR}: rewrite it in the card")


def _centre(text: str, given: str | None, published: float | None) -> float:
    """The number that a rule compares with: the one it names, else the published one."""
    if given is None and published is None:
        raise InputError(
            f"rule {text!r} compares with the published value, and the claim has none; expected a "
            f"number: add 'published' to the claim, or name the number in the rule"
        )
    return float(published if given is None else given)


def verdict(
    value: float,
    interval: Interval | None,
    reproduced: Rule | None,
    same_direction: Rule | None,
) -> str:
    """The verdict on a finite value: by the first rule at the value and both ends of its interval,
    else by the second at the value alone.

    >>> verdict(0.75, (0.72, 0.78), parse("within 0.1 of 0.8"), parse("> 0"))
    'reproduced'
    >>> verdict(0.75, (0.65, 0.78), parse("within 0.1 of 0.8"), parse("> 0"))
    'same direction'
    """
    if not math.isfinite(value):
        raise InputError(
            f"a verdict was asked on {value}; expected a finite number: note it as not testable"
        )
    if reproduced is not None and _met(reproduced, value, interval):
        return REPRODUCED
    if same_direction is not None and _met(same_direction, value, None):
        return SAME_DIRECTION
    return NOT_REPRODUCED


def _met(rule: Rule, value: float, interval: Interval | None) -> bool:
    if rule.contains is not None:
        return interval is not None and interval[0] <= rule.contains <= interval[1]
    return all(rule.holds(number) for number in (value, *(interval or ())))
