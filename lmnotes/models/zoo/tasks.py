"""Home-made tasks for small models: abilities that the likelihood of ordinary text need not show.

Every item is a swap: two beginnings, two endings, and the question whether each ending is likelier
after its own beginning than after the other's,

    log p(a1 b1) + log p(a2 b2) > log p(a1 b2) + log p(a2 b1).

How likely the model finds a beginning or an ending by itself cancels, so what is left is what it
knows of how they go together. Chance is 50 %; a tie counts as half.
"""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lmnotes import parallel, store
from lmnotes.models import ngram_lookup, sampling
from lmnotes.models.scoring import identity
from lmnotes.models.scoring.rule import Bos, Dtype, Rule
from lmnotes.text.chunks import TextSet

KIND = "probes"  # of artefact
_VERSION = 2  # of the items and of how they are read; part of the key of cached scores


class Item(NamedTuple):
    """Two beginnings with the ending that belongs to each."""

    beginnings: tuple[str, str]
    endings: tuple[str, str]

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """Both right texts, then both swapped ones.

        >>> Item(("2 + 2 = ", "2 + 3 = "), ("4", "5")).texts[2:]
        ('2 + 2 = 5', '2 + 3 = 4')
        """
        (a, b), (x, y) = self.beginnings, self.endings
        return a + x, b + y, a + y, b + x


def items(n_items: int = 200, seed: int = 0) -> dict[str, list[Item]]:
    """So many items of every task, drawn by `seed`."""
    made = {}
    for number, (name, make) in enumerate(MAKERS.items()):
        rng = np.random.default_rng([seed, number])
        made[name] = [Item(*make(rng)) for _ in range(n_items)]
    return made


def examples(made: Mapping[str, Sequence[Item]]) -> pd.DataFrame:
    """The first item of every task: task, right, right too, swapped."""
    rows = [(name, *task[0].texts[:3]) for name, task in made.items()]
    return pd.DataFrame(rows, columns=["task", "right", "right too", "swapped"])


def accuracy(log_likelihood: npt.ArrayLike) -> float:
    """The share of items whose right texts are likelier than the swapped ones, in per cent.

    Args:
        log_likelihood: (n_items, 4) nats, columns as in `Item.texts`.

    >>> accuracy(np.array([[-1.0, -1, -2, -2], [-3, -3, -1, -1], [-1, -1, -1, -1]]))
    50.0
    """
    values = np.asarray(log_likelihood, np.float64)
    margin = values[:, :2].sum(axis=1) - values[:, 2:].sum(axis=1)
    return float(100 * (np.mean(margin > 0) + 0.5 * np.mean(margin == 0)))


def scores(
    models: pd.DataFrame,
    texts: TextSet,
    *,
    n_items: int = 200,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    dtype: Dtype = "float32",
    apart: bool = False,
) -> pd.DataFrame:
    """What every model scores at every task, in per cent, indexed by model; kept as artefacts.

    Args:
        models: columns model and folder (or the hub id, where there is no folder).
        texts: of the task part, for next-byte accuracy: the mean over domains of the share of bytes
            that are the model's likeliest next one. NaN for a model without a byte vocabulary.
        workers: processes; by default one for each core.
        apart: in place of that, one model after another in a fresh process each, for models that
            fill a device; the row of one that fails is NaN, with a warning.
    """
    places, settings = identity.places(models), {"n_items": n_items, "seed": seed}
    work = partial(_cached, texts=texts, settings=settings, dtype=dtype)
    keys = {place: _key(place, texts, settings, dtype) for place in places}
    missing = [place for place, key in keys.items() if not store.place(KIND, key).exists()]
    if apart:
        failed = {place for place in missing if not _succeeds(work, place)}
    else:
        list(parallel.map_items(work, missing, workers=workers, what=("tasks" if progress else "")))
        failed = set()
    nothing = dict.fromkeys([*TASKS, "next byte"], float("nan"))
    rows = [nothing if place in failed else work(place) for place in places]
    table = pd.DataFrame(rows, index=pd.Index(models["model"], name="model"))
    return table.assign(**{"task mean": table[list(TASKS)].mean(axis=1)})


def _succeeds(work: Callable, place: str) -> bool:
    try:
        parallel.in_fresh_process(work, place)
    except Exception as error:  # one model less
        warnings.warn(f"{place} has no scores at tasks: {error}", stacklevel=4)
        return False
    return True


def measure(
    model: str, made: Mapping[str, Sequence[Item]], texts: TextSet, dtype: Dtype = "float32"
) -> dict[str, float]:
    """The accuracy of one model at every task, in per cent, computed now."""
    from lmnotes.models.scoring import loading, score

    who = identity.identify(model)
    scorer = loading.load(who.model, revision=who.hub_revision, dtype=dtype)
    flat = [text for task in made.values() for item in task for text in item.texts]
    once, places = np.unique(flat, return_inverse=True)  # short texts come again: a quarter of them
    if ngram_lookup.fits(scorer.model):
        values = ngram_lookup.text_sums(scorer.model, [text.encode() for text in once])
    else:
        bos: Bos = "always" if scorer.tokenizer.bos_token_id is not None else "tokenizer"
        rule = Rule(bos=bos, dtype=dtype)  # every byte counts, also the first
        values = score.score_texts(scorer, once.tolist(), rule=rule).log_likelihood
    values, accuracies, start = values[places].reshape(-1, 4), {}, 0
    for name, task in made.items():
        accuracies[name] = accuracy(values[start : start + len(task)])
        start += len(task)
    return accuracies | {"next byte": next_byte(scorer.model, scorer.tokenizer, texts)}


def next_byte(model: Any, tokenizer: Any, texts: TextSet) -> float:
    """Mean over domains of the share of bytes that the model foresees, in per cent, or NaN."""
    if not has_bytes(tokenizer):
        return float("nan")
    n_bytes, per_text = np.asarray(texts.n_bytes), np.empty(len(texts))
    for length in np.unique(n_bytes):  # texts of one length go together, none is padded
        rows = np.flatnonzero(n_bytes == length)
        ids = np.array([list(texts.texts[row].encode()) for row in rows])
        per_text[rows] = sampling.next_hits(model, tokenizer.bos_token_id, ids).mean(axis=1)
    domains = np.asarray(texts.domains)
    return float(100 * np.mean([per_text[domains == name].mean() for name in np.unique(domains)]))


def has_bytes(tokenizer: Any) -> bool:
    """Whether ids 0..255 of a tokenizer are the bytes, with a BOS id beside them."""
    if tokenizer.bos_token_id is None or len(tokenizer) > 300:
        return False
    probe = "aé\n"
    return tokenizer(probe, add_special_tokens=False)["input_ids"] == list(probe.encode())


def _key(model: str, texts: TextSet, settings: Mapping, dtype: Dtype) -> dict:
    key = {"version": _VERSION, "texts": texts.content_id, **settings}
    key |= {} if dtype == "float32" else {"dtype": dtype}
    return key | {"model": identity.identify(model).id}


def _cached(model: str, texts: TextSet, settings: dict, dtype: Dtype) -> dict[str, float]:
    """`measure`, kept on disk by the model's content."""

    def write(folder: Path) -> None:
        with parallel.one_thread():
            accuracies = measure(model, items(**settings), texts, dtype)
        # NaN is written, and read, as such
        (folder / "scores.json").write_text(json.dumps(accuracies))

    path = store.build(KIND, _key(model, texts, settings, dtype), write)
    return json.loads((path / "scores.json").read_text())


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
    first, second = rng.choice(3, size=2, replace=False)
    (left_1, right_1), (left_2, right_2) = (("()", "[]", "{}")[i] for i in (first, second))
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
    first, second = rng.choice(23, size=2, replace=False)
    base = ord("A" if rng.integers(2) else "a")
    mark = (" ", ", ", "\n")[rng.integers(3)]
    begin, other = ("".join(chr(base + k + i) + mark for i in range(3)) for k in (first, second))
    return (begin, other), (chr(base + first + 3), chr(base + second + 3))


def agreement(rng: np.random.Generator) -> Texts:
    """A verb agrees with its noun, over the words between them; or an article with its word."""
    if rng.integers(3) == 0:
        return ("This is an ", "This is a "), (rng.choice(_VOWELS), rng.choice(_CONSONANTS))
    noun, place = rng.choice(_NOUNS), rng.choice(_PLACES)
    between = f" {place} " if place else " "
    single, many = (("was ", "were "), ("is ", "are "), ("has ", "have "))[rng.integers(3)]
    return (f"The {noun}{between}", f"The {noun}s{between}"), (single, many)


_MAKERS = (brackets, indentation, copy, addition, alphabet, agreement)
MAKERS: dict[str, Callable] = {make.__name__: make for make in _MAKERS}
TASKS = tuple(MAKERS)
