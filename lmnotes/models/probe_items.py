"""What the items of the home-made tasks say: each maker gives two beginnings and two endings."""

from collections.abc import Callable

import numpy as np

Texts = tuple[tuple[str, str], tuple[str, str]]

_NOUNS = ["dog", "house", "river", "cat", "car", "table", "valley", "king", "ship", "book", "tree"]
_NOUNS += ["field", "road", "letter", "year", "team"]
_PLACES = ["in the garden", "near the old town", "of the first group", "on the other side", ""]
_NAMES = ["value", "index", "name", "result", "path", "item", "count", "data", "text", "node"]
_NAMES += ["key", "line"]
_VOWELS = ["apple", "island", "old", "open", "early", "uncle", "engine", "office"]
_CONSONANTS = ["table", "river", "new", "large", "small", "horse", "garden", "friend"]


def brackets(rng: np.random.Generator) -> Texts:
    """An opened bracket is closed by one of its own kind, some names later."""
    (left_1, right_1), (left_2, right_2) = [
        ("()", "[]", "{}")[i] for i in rng.choice(3, size=2, replace=False)
    ]
    head, *inside = rng.choice(_NAMES, size=rng.integers(2, 5))
    inner = ", ".join(inside)
    return (f"{head}{left_1}{inner}", f"{head}{left_2}{inner}"), (f"{right_1}\n", f"{right_2}\n")


def indentation(rng: np.random.Generator) -> Texts:
    """After a line that ends in a colon the next one is indented, after another it is not."""
    a, b, c, d = rng.choice(_NAMES, size=4)
    opens = (f"if {a} == {b}:\n", f"for {a} in {b}:\n", f"while {a} > {b}:\n")[rng.integers(3)]
    return (opens, f"{a} = {b}\n"), (f"    {c} = {d}\n", f"{c} = {d}\n")


def copy(rng: np.random.Generator) -> Texts:
    """A made-up word that stood there three times stands there a fourth time."""
    first, second = ("".join(word) for word in rng.choice(list("abcdefghijklmnoprstuvw"), (2, 6)))
    return (f"{first} " * 3, f"{second} " * 3), (first, second)


def addition(rng: np.random.Generator) -> Texts:
    """The sum of two digits, itself one digit."""
    while True:
        a, b, c, d = rng.integers(0, 9, size=4)
        if a + b != c + d and max(a + b, c + d) < 10:
            return (f"{a} + {b} = ", f"{c} + {d} = "), (f"{a + b}\n", f"{c + d}\n")


def alphabet(rng: np.random.Generator) -> Texts:
    """Three letters of the alphabet are followed by the fourth."""
    one, two = rng.choice(23, size=2, replace=False)
    base = ord("A" if rng.integers(2) else "a")
    mark = (" ", ", ", "\n")[rng.integers(3)]
    starts = tuple("".join(chr(base + at + i) + mark for i in range(3)) for at in (one, two))
    return starts, (chr(base + one + 3), chr(base + two + 3))


def agreement(rng: np.random.Generator) -> Texts:
    """A verb agrees with its noun, over the words between them; or an article with its word."""
    if rng.integers(3) == 0:
        return ("This is an ", "This is a "), (rng.choice(_VOWELS), rng.choice(_CONSONANTS))
    noun, place = rng.choice(_NOUNS), rng.choice(_PLACES)
    between = f" {place} " if place else " "
    one, many = (("was ", "were "), ("is ", "are "), ("has ", "have "))[rng.integers(3)]
    return (f"The {noun}{between}", f"The {noun}s{between}"), (one, many)


MAKERS: dict[str, Callable[[np.random.Generator], Texts]] = {
    "brackets": brackets,
    "indentation": indentation,
    "copy": copy,
    "addition": addition,
    "alphabet": alphabet,
    "agreement": agreement,
}
