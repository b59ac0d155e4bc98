"""Proper nouns, function words, verbs and adjectives, told from the text alone.

The paper (Oyama, Yokoi, Shimodaira, EMNLP 2023, section 7.2.1) uses a tagger and a data base of
names. Neither can be shipped, so these are heuristics, and their labels say less than a tagger's:

| label | rule |
|---|---|
| function | one of `FUNCTION_WORDS` |
| proper | written with a capital inside sentences, nearly always |
| verb | by its inflections: the text has its base, -ing, and -ed or -s |
| adjective | by its suffix, and most suffixes only where the text has its adverb in -ly too |
| other | written without a capital, none of these; or of mixed case |
| rare | below the minimum count |
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from lmnotes.errors import InputError, expect_file
from lmnotes.text import readers
from lmnotes.text.corpus import Corpus
from lmnotes.text.tokenise import ALL_CAPS, CAPITALISED, SENTENCE_START

_FUNCTION_WORDS = """
    about above across after against along among around as at before behind below beneath beside
    between beyond by despite down during except for from in inside into like near of off on onto
    out outside over per since through throughout to toward towards under until up upon via with
    within without
    i me my mine myself you your yours yourself he him his himself she her hers herself it its
    itself we us our ours ourselves they them their theirs themselves who whom whose what which
    the a an this that these those some any no every each either neither all both half such another
    and but or nor yet so if because although though while whereas unless than whether
    can could may might must shall should will would
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
GRAMMAR = FUNCTION_WORDS | {"is", "was", "are", "be", "s"}  # s: what is left of 's
VERB_SHARE = 0.5  # of a base and its -s form: how often -ed and -ing must occur beside them
SURE_SUFFIXES = ("ous", "ful", "less")
OTHER_SUFFIXES = ("able", "ible", "ive", "al", "ic", "ish")


def word_classes(
    corpus: Corpus,
    min_count: int = 10,
    proper_share: float = 0.9,
    common_share: float = 0.1,
    proper_nouns: str | Path | Collection[str] | None = None,
) -> np.ndarray:
    """The class of every word of a corpus, (V,) strings as in the table above.

    Args:
        proper_share: from this share of capitals on a word is proper. Counted are the occurrences
            inside sentences that are not all in capitals; there must be min_count / 2 of them.
        common_share: up to this share of capitals a word can be a verb or an adjective.
        proper_nouns: the list to use instead of capitals, or the path of one with a word per line;
            words that look like verbs or adjectives stay such, as a tagger would keep them.

    Raises:
        InputError: the text has no capitals inside sentences and no list was given.
    """
    capitals = capital_share(corpus, max(1, min_count // 2))
    if proper_nouns is None and not np.nansum(capitals):
        given = f"{corpus.name} has no capitals inside sentences, which tell proper nouns"
        then = "use such a corpus, or pass proper_nouns, a list or its path"
        raise InputError(f"{given}; expected text with its case; {then}")
    names = None if proper_nouns is None else _names(proper_nouns)
    counts = dict(zip(corpus.words, np.asarray(corpus.counts).tolist(), strict=True))
    verbs = verb_forms(counts)
    labels = np.full(corpus.n_words, "other", dtype="<U9")
    for row, word in enumerate(corpus.words):
        if counts[word] < min_count:
            labels[row] = "rare"
        elif word in FUNCTION_WORDS:
            labels[row] = "function"
        elif names is None and capitals[row] >= proper_share and len(word) > 1:
            labels[row] = "proper"  # a single letter is an initial, or the S of U.S.
        elif names is None and not capitals[row] <= common_share:
            continue  # of mixed case, or never inside a sentence
        elif word in verbs:
            labels[row] = "verb"
        elif is_adjective(word, counts):
            labels[row] = "adjective"
        elif names is not None and word in names:
            labels[row] = "proper"
    return labels


def told(
    corpus: Corpus, min_count: int, proper_nouns: str | Path | None, lend: Corpus
) -> np.ndarray:
    """The classes of the words of a corpus (V,), or, of a text without capitals inside sentences
    where no list is given, those that the same words have in `lend`.

    Raises:
        InputError: no word of `min_count` occurrences is a proper noun, a verb or an adjective.
    """
    if proper_nouns is not None or np.nansum(capital_share(corpus, max(1, min_count // 2))) > 0:
        labels = word_classes(corpus, min_count, proper_nouns=proper_nouns)
    else:
        borrowed = dict(zip(lend.words, word_classes(lend, min_count), strict=True))
        labels = np.array([borrowed.get(word, "rare") for word in corpus.words])
    for kind in ("proper", "verb", "adjective"):
        if not ((labels == kind) & (np.asarray(corpus.counts) >= min_count)).any():
            given = f"no word of {min_count} occurrences is told to be of class {kind!r}"
            then = "lower min_count, or give more text or a proper_noun_list"
            raise InputError(f"{given}; expected English text: {then}")
    return labels


def capital_share(corpus: Corpus, min_inside: int = 1) -> np.ndarray:
    """How often each word starts with a capital where it need not, (V,) in 0..1.

    Left out are occurrences that start a sentence and those all in capitals; nan where fewer than
    `min_inside` remain.

    >>> from lmnotes.text import corpus
    >>> text = corpus.from_texts(["Alas, poor Yorick! Alas, in vain, said YORICK."])
    >>> dict(zip(text.words, capital_share(text).tolist()))["yorick"]
    1.0
    """
    flags = np.asarray(corpus.flags)
    inside = (flags & (SENTENCE_START | ALL_CAPS)) == 0
    n_inside = np.bincount(corpus.tokens[inside], minlength=corpus.n_words)
    capital = inside & ((flags & CAPITALISED) > 0)
    n_capital = np.bincount(corpus.tokens[capital], minlength=corpus.n_words)
    share = n_capital / np.maximum(n_inside, 1)
    return np.where(n_inside >= min_inside, share, np.nan)


def _names(proper_nouns: str | Path | Collection[str]) -> set[str]:
    """The names of a list or of a file, in lower case."""
    if isinstance(proper_nouns, str | Path):
        path = expect_file("proper_nouns", proper_nouns, "a file, one word per line")
        names = set(readers.lines(path))
    else:
        names = set(proper_nouns)
    names = {name.strip().lower() for name in names} - {""}
    if not names:
        what = f"proper_nouns {str(proper_nouns)[:200]}"
        raise InputError(f"{what} holds no word; expected one per line; check the file")
    return names


def verb_forms(counts: dict[str, int]) -> set[str]:
    """The forms of verbs: -ing and -ed of a family, and the rest where these are not rare.

    Args:
        counts: word -> how often the text has it.
    """
    verbs = set()
    for gerund in counts:
        if not gerund.endswith("ing"):
            continue
        stem = gerund[:-3]
        bases = [stem, stem + "e"]
        if len(stem) > 3 and stem[-1] == stem[-2]:
            bases.append(stem[:-1])  # stopping, stop
        base = max(bases, key=lambda word: counts.get(word, 0))
        if base not in counts or len(base) < 3 or not set("aeiouy") & set(base):
            continue
        y = base[:-1] + "ie" if base[-1] == "y" else base  # carry, carried, carries
        past = {form for form in (stem + "ed", y + "d") if form in counts}
        third = {form for form in (base + "s", base + "es", y + "s") if form in counts}
        if not past and not third:
            continue
        verbs |= {gerund} | past
        n_verbal = counts[gerund] + sum(counts[form] for form in past)
        if n_verbal >= VERB_SHARE * (counts[base] + sum(counts[form] for form in third)):
            verbs |= {base} | third
    return verbs


def is_adjective(word: str, counts: dict[str, int]) -> bool:
    """Whether a word has the suffix of an adjective, and mostly an adverb to go with it."""
    if len(word) < 5:
        return False
    if word.endswith(("able", "ible")):
        return word[:-1] + "y" in counts
    adverb = word + ("ally" if word.endswith("ic") else "ly")
    return word.endswith(SURE_SUFFIXES) or (word.endswith(OTHER_SUFFIXES) and adverb in counts)
