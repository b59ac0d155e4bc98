"""Pairs (hyponym, hypernym), such as (dog, animal): mined from a text by patterns, or read.

The patterns are Hearst's (1992) and definitions. A corpus holds no punctuation, so a pattern ends
with its sentence, with a function word, or after a few words; pairs are rougher than a hand-made
list's.

| pattern | text |
|---|---|
| such as | mammals such as the mole |
| and other | moles and other mammals; also `or other` |
| including | mammals including moles |
| is a | A mole is a small mammal that ...; or the title of a document in place of its first words |
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_file
from lmnotes.papers.norm_information_gain.word_classes import (
    FUNCTION_WORDS,
    is_adjective,
    verb_forms,
)
from lmnotes.text import readers, tokenise
from lmnotes.text.corpus import Corpus
from lmnotes.text.tokenise import SENTENCE_START

ARTICLES = frozenset(("a", "an", "the"))
BE = frozenset(("is", "was", "are", "were"))
_STOPS = """
    also been being born called consisting containing developed directed found given had has have is
    are was were used known located made meaning named native not now only then there when where
    written well widely
"""
STOPS = FUNCTION_WORDS | frozenset(_STOPS.split())  # words that end a noun phrase
_EMPTY = """
    case class collection combination example examples family form forms genus group groups instance
    kind kinds list lot member members name number one ones pair part parts piece result series set
    sort sorts species subclass subset term thing things type types use variant variety version way
"""
EMPTY_HEADS = frozenset(_EMPTY.split())  # "a kind of mammal" is about the mammal
_NOT_NOUNS = """
    ancient bad best better big common different early few first four full good great greater
    greatest heavily high higher highest how large larger largest last late later least less long
    low lower major many max min more most much near new next non old older only other others own
    same second self several short simple single six small smaller so special superior ten third
    three top true false two type very well what when where which why young
"""
NOT_NOUNS = STOPS | EMPTY_HEADS | frozenset(_NOT_NOUNS.split())
IRREGULAR = {"men": "man", "women": "woman", "children": "child", "people": "person"}
_NOT_PLURAL = "always gas has its lens news perhaps plus series species this was"
NOT_PLURAL = frozenset(_NOT_PLURAL.split())
MAX_PHRASE = 6  # words of a noun phrase


def mine(corpus: Corpus, min_count: int = 10) -> pd.DataFrame:
    """The pairs that the patterns find in a corpus, the most often found first.

    Plurals become singulars where the text has these. Dropped are pairs with a word of less than
    `min_count`, of fewer than 3 letters, or that is no noun by the signs of `word_classes`, or says
    nothing (kind, part); pairs of one stem; and the rarer direction of a pair found in both.

    Returns:
        a table with columns hyponym, hypernym, n_found, pattern (the most frequent).
    """
    counts = dict(zip(corpus.words, np.asarray(corpus.counts).tolist(), strict=True))
    verbs = {word for word in verb_forms(counts) if word.endswith(("ed", "ing"))}
    nouns = {  # nothing speaks against them
        word
        for word, count in counts.items()
        if count >= min_count and tokenise.is_alphabetic(word) and len(word) > 2
        if word not in NOT_NOUNS and word not in verbs and not is_adjective(word, counts)
    }
    patterns_of: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for pattern, hyponym, hypernym in _matches(corpus):
        pair = singular(hyponym, counts), singular(hypernym, counts)
        if nouns.issuperset(pair):
            patterns_of[pair][pattern] += 1
    from gensim.parsing.porter import PorterStemmer

    stem = PorterStemmer().stem
    rows = [
        (*pair, patterns.total(), patterns.most_common(1)[0][0])
        for pair, patterns in patterns_of.items()
        if stem(pair[0]) != stem(pair[1])
        and patterns.total() > patterns_of.get(pair[::-1], Counter()).total()
    ]
    rows.sort(key=lambda row: (-row[2], row[:2]))
    return pd.DataFrame(rows, columns=["hyponym", "hypernym", "n_found", "pattern"])


def read_pairs(source: str | Path = "wordnet") -> pd.DataFrame:
    """The pairs of a file, one row each: hyponym, hypernym, in lower case.

    Args:
        source: `wordnet`, a few dozen mammals from gensim's test data, or the path of a table (tab
            or comma) whose first two columns are hyponym and hypernym. WordNet's endings (dog.n.01)
            are taken off; pairs of equal words, or with a word of several, are left out.

    Raises:
        InputError: a line does not hold two words, or there is no pair at all.

    >>> read_pairs("wordnet").head(2).values.tolist()
    [['kangaroo', 'marsupial'], ['kangaroo', 'metatherian']]
    """
    path = Path(source)
    if str(source) == "wordnet":
        from gensim.test.utils import datapath

        path = Path(datapath("poincare_hypernyms_large.tsv"))
    expect_file("pairs", path, "'wordnet' or the path of a table")
    pairs = {}
    for number, line in enumerate(readers.lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip().lower() for field in line.split("\t" if "\t" in line else ",")]
        if len(fields) < 2 or not all(fields[:2]):
            given = f"{path}, line {number}"
            then = "hyponym and hypernym with a tab or a comma between; repair or remove the line"
            raise InputError(f"{given}: found {line[:60]!r}; expected {then}")
        first, second = (re.sub(r"\.[a-z]\.\d+$", "", field) for field in fields[:2])
        if tokenise.is_alphabetic(first) and tokenise.is_alphabetic(second) and first != second:
            pairs[first, second] = None
    pairs.pop(("hyponym", "hypernym"), None)  # names of the columns
    if not pairs:
        given = f"{path}: no pair of two single words; expected hyponym and hypernym in each line"
        raise InputError(f"{given}; check that this is the right file")
    return pd.DataFrame(list(pairs), columns=["hyponym", "hypernym"])


def singular(word: str, vocabulary) -> str:
    """The singular of a plural if the vocabulary has it, else the word.

    >>> [singular(word, {"dog", "city", "new"}) for word in ("dogs", "cities", "cats", "news")]
    ['dog', 'city', 'cats', 'news']
    """
    candidates = [IRREGULAR.get(word, "")]
    if _is_plural(word) and word not in IRREGULAR:
        candidates = [word[:-1]]
        if word.endswith("ies"):
            candidates.insert(0, word[:-3] + "y")
        if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")):
            candidates.insert(0, word[:-2])
    return next((base for base in candidates if len(base) > 2 and base in vocabulary), word)


def _is_plural(word: str) -> bool:
    ends = word.endswith("s") and not word.endswith(("ss", "us", "is", "ics"))
    return word in IRREGULAR or (ends and len(word) > 3 and word not in NOT_PLURAL)


def _matches(corpus: Corpus) -> Iterator[tuple[str, str, str]]:
    """Every (pattern, hyponym, hypernym) as it stands in the text."""
    tokens, flags = np.asarray(corpus.tokens), np.asarray(corpus.flags)
    starts = np.flatnonzero((flags & SENTENCE_START) > 0)
    starts = np.union1d(starts, corpus.offsets[:-1])  # of sentences, documents among them
    ends = np.append(starts[1:], len(tokens))
    document = {int(start): row for row, start in enumerate(corpus.offsets[:-1])}

    def is_word(*words: str) -> np.ndarray:
        return np.isin(tokens, [corpus.ids[word] for word in words if word in corpus.ids])

    def hits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.flatnonzero(first[:-1] & second[1:])

    places = {
        "such as": hits(is_word("such"), is_word("as")),
        "and other": hits(is_word("and", "or"), is_word("other")),
        "including": np.flatnonzero(is_word("including")),
        "is a": hits(is_word(*BE), is_word(*ARTICLES, "one")),
    }
    for pattern, tokens_at in places.items():
        sentence = np.searchsorted(starts, tokens_at, side="right") - 1
        for place, start, end in zip(tokens_at, starts[sentence], ends[sentence], strict=True):
            first = start if pattern == "is a" else max(start, place - 1)
            before = [corpus.words[token] for token in tokens[first:place]]
            after = [corpus.words[token] for token in tokens[place : min(end, place + 20)]]
            title = corpus.titles[document[int(start)]] if int(start) in document else ""
            yield from _read(pattern, before, after, title)


def _read(pattern: str, before: list[str], after: list[str], title: str) -> Iterator[tuple]:
    """The pairs at one place; `before` ends, and `after` begins, with the words of the pattern."""
    if pattern == "is a":
        subject = before[1:] if before and before[0] in ARTICLES else before
        head = _head(after[1:])
        named = tokenise.words(re.sub(r"\(.*?\)", "", title))
        if named and len(before) < 20 and not BE & set(before):  # the first `is` of a document
            subject = named[-1:] if not FUNCTION_WORDS & set(named) else []
        if head and len(subject) == 1:
            yield pattern, subject[0], head
    elif before:
        rest = after[1:] if pattern == "including" else after[2:]
        while rest and rest[0] in ARTICLES:
            rest = rest[1:]
        if pattern == "and other":
            phrase = _phrase(rest)
            plural = next((word for word in phrase[:4] if _is_plural(word)), None)
            if plural:
                yield pattern, before[-1], plural
        elif rest and (pattern == "such as" or _is_plural(before[-1])):
            yield pattern, rest[0], before[-1]


def _phrase(words: list[str]) -> list[str]:
    """The words up to one that ends a noun phrase; not first, a participle or adverb too."""
    for length, word in enumerate(words[:MAX_PHRASE]):
        if word in STOPS or (length and word.endswith(("ed", "ly"))):
            return words[:length]
    return words[:MAX_PHRASE]


def _head(words: list[str]) -> str | None:
    """What `a ...` or `one of the ...` is about: mammal in `a kind of small mammal that`."""
    for _ in range(2):
        while words and words[0] in {*ARTICLES, "one", "of"}:
            words = words[1:]
        phrase = _phrase(words)
        if not phrase or phrase[-1] not in EMPTY_HEADS or words[len(phrase) :][:1] != ["of"]:
            return phrase[-1] if phrase else None
        words = words[len(phrase) :]
    return None
