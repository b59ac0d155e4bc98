"""Text to word ids, in blocks, with the case of every word kept beside it.

A token is a run of Unicode letters, digits and the marks that belong to them (vowel signs, points),
lower-cased; everything else separates. So "don't" is `don`, `t`, "state-of-the-art" is four tokens,
`n_samples` is `n`, `samples`, and 3.14 is `3`, `14`: numbers are kept as they stand. On text that
is already lower-case letters and spaces, such as text8, this is exactly `str.split`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np

VERSION = 2  # part of the key of every stored corpus: raise it when a token or flag would differ
CAPITALISED, ALL_CAPS, SENTENCE_START = 1, 2, 4

# `\w` has no marks (categories Mn and Mc), without which words of Devanagari, Thai or pointed
# Hebrew fall to pieces. Those that only choose a picture, as behind an emoji's digit, are no part
# of a word; the two joiners are invisible and stand inside words. The range ends above the last
# mark of Unicode 15, U+1E94A.
_MARKS = "\u200c\u200d" + "".join(
    character
    for character in map(chr, range(0x300, 0x1F000))
    if unicodedata.category(character) in ("Mn", "Mc")
    and not unicodedata.name(character, "").startswith("VARIATION SELECTOR")
)
# For use inside other patterns too. The range before the look-behind is only there for speed: the
# long class is not tried at a blank or a comma.
WORD = rf"[^\W_]+(?:[\u0300-\U0001EFFF](?<=[{_MARKS}])[^\W_]*)*"
_WORD = re.compile(WORD)
_NO_MARKS = dict.fromkeys(map(ord, _MARKS))
_PIECE = re.compile(
    rf"{WORD}"  # a word
    r"|[.!?]+[\"'”’»)\]]*(?=\s|$)"  # the end of a sentence and what closes there
    r"|\n[^\S\n]*(?:\n|[-*•+#=>]+(?=\s|$))"  # a blank line; a bullet or heading mark
)
# After these a full stop does not end the sentence. Where that is not sure, as after an initial, it
# does: a word that is taken for the first of a sentence is only not counted as a proper noun.
_ABBREVIATIONS = frozenset(str.split("mr mrs ms dr prof st vs cf fig eq vol pp approx"))
_FULL_STOP, _BREAK = -1, -2  # codes of what stands between words
_ABBREVIATION = 4  # bit of a word's code: a full stop after it does not end the sentence


def words(text: str) -> list[str]:
    """The tokens of a short text as lower-case strings, in order.

    >>> words("Don't panic: n_samples is 3.14!")
    ['don', 't', 'panic', 'n', 'samples', 'is', '3', '14']
    """
    return [word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def is_alphabetic(word: str) -> bool:
    """Whether a word has letters and their marks only.

    >>> is_alphabetic("हिन्दी"), is_alphabetic("b2")
    (True, False)
    """
    return bool(_WORD.fullmatch(word)) and word.translate(_NO_MARKS).isalpha()


def blocks(pieces: Iterable[str], n_chars: int = 1 << 20) -> Iterator[str]:
    """The same text in blocks of about `n_chars` characters, cut only before white space.

    >>> list(blocks(["one tw", "o three four"], n_chars=6))
    ['one', ' two', ' three', ' four']
    """
    rest = ""
    for piece in pieces:
        for start in range(0, len(piece), n_chars):
            rest += piece[start : start + n_chars]
            if len(rest) < n_chars:
                continue
            cut = max(rest.rfind(" "), rest.rfind("\n"))
            while cut > 0 and rest[cut - 1].isspace():  # a blank line must not be cut in two
                cut -= 1
            if cut > 0:
                yield rest[:cut]
                rest = rest[cut:]
    if rest:
        yield rest


class _Codes(dict):
    """Surface form -> id << 3 | abbreviation | ALL_CAPS | CAPITALISED; < 0 between words."""

    def __init__(self):
        self.ids: dict[str, int] = {}  # lower-cased word -> id, in order of first appearance

    def __missing__(self, piece: str) -> int:
        if not piece[0].isalnum():
            code = _FULL_STOP if piece[0] == "." and ".." not in piece else _BREAK
        else:
            word = piece.lower()
            code = self.ids.setdefault(word, len(self.ids)) << 3
            capital = piece[0].isupper()
            code |= CAPITALISED * capital
            code |= ALL_CAPS * (piece.isupper() and sum(map(str.isalpha, piece)) > 1)
            code |= _ABBREVIATION * (word in _ABBREVIATIONS)
        self[piece] = code
        return code


class Encoder:
    """Word ids, in order of first appearance, and case flags of documents given one by one.

    Memory: five bytes a token and one dictionary of the words as written.

    >>> encoder = Encoder()
    >>> encoder.add(["The cat. ", "A cat!"])
    4
    >>> encoder.tokens().tolist(), encoder.flags().tolist(), encoder.words()
    ([0, 1, 2, 1], [5, 0, 5, 0], ['the', 'cat', 'a'])
    """

    def __init__(self):
        self._codes = _Codes()
        self._tokens: list[np.ndarray] = []  # blocks of int32 ids
        self._flags: list[np.ndarray] = []  # blocks of uint8

    def add(self, pieces: Iterable[str]) -> int:
        """The number of tokens in one document; its pieces may cut words anywhere."""
        n_tokens, after_break = 0, True
        for block in blocks(pieces):
            matches = _PIECE.findall(unicodedata.normalize("NFC", block))
            codes = np.fromiter(map(self._codes.__getitem__, matches), np.int64, len(matches))
            is_word = codes >= 0
            abbreviated = np.concatenate(([0], codes[:-1])) & _ABBREVIATION > 0
            is_break = (codes == _BREAK) | ((codes == _FULL_STOP) & ~abbreviated)
            n_breaks = np.cumsum(is_break)
            starts = np.diff(n_breaks[is_word], prepend=-int(after_break)) > 0
            own = codes[is_word]
            self._tokens.append((own >> 3).astype(np.int32))
            self._flags.append(((own & 3) | SENTENCE_START * starts).astype(np.uint8))
            n_tokens += len(own)
            if len(own):
                after_break = bool(n_breaks[-1] > n_breaks[is_word][-1])
            elif len(codes):
                after_break |= bool(is_break.any())
        return n_tokens

    def tokens(self) -> np.ndarray:
        """The ids of all tokens so far, (T,) int32."""
        return np.concatenate(self._tokens) if self._tokens else np.zeros(0, np.int32)

    def flags(self) -> np.ndarray:
        """The case flags of all tokens so far, (T,) uint8."""
        return np.concatenate(self._flags) if self._flags else np.zeros(0, np.uint8)

    def words(self) -> list[str]:
        """The words so far; the word at place i has id i."""
        return list(self._codes.ids)
