"""What must hold for a claim: a small grammar of rules, and the verdict that they give."""

import math
import re
from dataclasses import dataclass

from lmnotes.errors import InputError

REPRODUCED = "reproduced"
SAME_DIRECTION = "same direction"
NOT_SETTLED = "consistent, not settled"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable at this scale"
NOT_RECORDED = "not recorded"
VERDICTS = (REPRODUCED, SAME_DIRECTION, NOT_SETTLED, NOT_REPRODUCED, NOT_TESTABLE)

GRAMMAR = (
    "'> x', '>= x', '< x', '<= x', 'between a b', 'within d' of the published value, "
    "'within d of p', 'within d%'"
)
_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_COMPARISON = re.compile(rf"(>=|<=|>|<) ?{_NUMBER}")
_BETWEEN = re.compile(rf"between {_NUMBER} (?:and )?{_NUMBER}")
_WITHIN = re.compile(rf"within {_NUMBER} ?(%)?(?: of {_NUMBER})?")

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rule:
    """A parsed rule: the numbers from `low` to `high`, without these two where it is `open`."""

    text: str
    low: float = -math.inf
    high: float = math.inf
    open: bool = False

    def holds(self, value: float) -> bool:
        """Whether the rule holds at a number."""
        return self._side(value) == 0

    def settled(self, value: float, interval: Interval | None) -> bool | None:
        """Whether the rule holds at the whole interval: True, False where it holds at no number of
        it, None where it holds at some of them."""
        sides = {self._side(number) for number in (value, *(interval or ()))}
        return 0 in sides if len(sides) == 1 else None

    def _side(self, value: float) -> int:
        """-1 below the numbers of the rule, 0 among them, 1 above."""
        below = value <= self.low if self.open else value < self.low
        above = value >= self.high if self.open else value > self.high
        return int(above) - int(below)


def parse(text: str, published: float | None = None) -> Rule:
    """The rule that `text` writes, with `published` filled in where the rule refers to it.

    >>> parse("within 0.1", published=0.8).holds(0.75)
    True
    """
    text = " ".join(text.split())
    if match := _COMPARISON.fullmatch(text):
        side = "low" if match[1].startswith(">") else "high"
        return Rule(text, **{side: float(match[2])}, open="=" not in match[1])
    if match := _BETWEEN.fullmatch(text):
        low, high = sorted((float(match[1]), float(match[2])))
        return Rule(text, low, high)
    if match := _WITHIN.fullmatch(text):
        if (centre := match[3] or published) is None:
            said = f"rule {text!r} compares with the published value, and the claim has none"
            then = "add 'published' to the claim, or name the number in the rule"
            raise InputError(f"{said}; expected a number: {then}")
        centre = float(centre)
        distance = float(match[1]) * (abs(centre) / 100 if match[2] else 1)
        distance += 1e-12 * max(1.0, abs(centre))  # 0.9 is within 0.1 of 1.0 in decimals only
        return Rule(text, centre - distance, centre + distance)
    raise InputError(f"rule {text!r} cannot be read; expected {GRAMMAR}: rewrite it in the card")


def verdict(
    value: float, interval: Interval | None, reproduced: Rule | None, same_direction: Rule | None
) -> str:
    """The verdict on a finite value: by the first rule that holds at the whole interval.

    It is "consistent, not settled" where none does and one of them holds at a part of it.

    >>> verdict(0.75, (0.72, 0.78), parse("within 0.1 of 0.8"), parse("> 0"))
    'reproduced'
    >>> verdict(0.75, (0.65, 0.78), parse("within 0.1 of 0.8"), parse("> 0"))
    'same direction'
    >>> verdict(0.75, (-0.65, 1.78), parse("within 0.1 of 0.8"), parse("> 0"))
    'consistent, not settled'
    """
    if not math.isfinite(value):
        given = f"a verdict was asked on {value}"
        raise InputError(f"{given}; expected a finite number: note it as not testable")
    met, directed = (
        rule is not None and rule.settled(value, interval) for rule in (reproduced, same_direction)
    )
    if met or directed:
        return REPRODUCED if met else SAME_DIRECTION
    return NOT_SETTLED if None in (met, directed) else NOT_REPRODUCED
