"""Docstrings and README files to English prose without examples, code, tables and formulas."""

import re
from collections.abc import Iterator
from itertools import pairwise


def _set(words: str, between: str | None = None) -> frozenset[str]:
    return frozenset(words.split(between))


_DIRECTIVE = re.compile(r"\.\.\s+([\w:-]+)::\s*(.*)")
_KEPT_DIRECTIVES = _set("note warning tip important caution attention hint admonition topic")
_UNDERLINE = re.compile(r"([=\-~^\"'#*+.`_:])\1{2,}$")
_HEADING = re.compile(r"#+\s")
_TABLE_LINE = re.compile(r"[=\-+]{2,}(?:[\s+]+[=\-+]{2,})+$|\+[-=+]+\+$|\|.*\|$|.*\s\|\s.*\s\|\s")
_BULLET = re.compile(r"(?:[-*+•]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])\s+(?=\S)")
_FIELD = re.compile(r"[:@](\w+)(?:\s+[^:]*)?:(?:\s+|$)")  # :param int x: what it is
_KEPT_FIELDS = _set(
    "param parameter arg argument key keyword return returns raise raises except yield yields "
    "ivar cvar var"
)
_TYPED = re.compile(  # name (type, optional): what it is
    r"[-*]?\s*[`*]{0,4}[\w.]+[`*]{0,4}\s*\(((?:[^()]|\([^()]*\))*)\)\s*:(?:\s+|$)"
)
_NAMED = re.compile(  # name, other: what it is
    r"[-*]?\s*[`*]{0,4}[\w.\-]+[`*]{0,2}(?:\s*,\s*[`*]{0,4}[\w.]+[`*]{0,2})*\s*(?::|--|–)\s+(?=\S)"
)
_GOOGLE_SECTION = re.compile(
    r"(args|arguments|keyword args|keyword arguments|keywords|parameters|params|inputs?|outputs?|"
    r"returns?|raises|yields|attributes|note|notes|example|examples|usage|"
    r"see also|references|shape|warning|todo)\s*:+$",
    re.IGNORECASE,
)
# sections whose base lines are names and types, with the description below them
_ENTRIES = _set(
    "parameters|other parameters|returns|yields|receives|raises|warns|attributes|methods|"
    "properties|args|arguments|keyword args|keyword arguments|input|inputs|output|outputs|"
    "return|params|keywords",
    between="|",
)
_LEFT_OUT = _set(
    "see also|references|reference|shape|todo|usage|signature|version|author|authors|copyright",
    between="|",
)

_MARKUP = (  # of what a text must hold one to match at all, pattern, what takes its place
    ("$`\\", r"\$\$?[^$\n]{1,300}\$\$?|:math:`[^`]*`|\\[a-zA-Z]+(?:\{[^{}]*\})*", " "),
    ("[|", r"!\[[^\]]*\]\([^)]*\)|\[\d+\]_?|\|[\w ]+\|_?", " "),
    ("[", r"\[([^\]\n]{1,100})\](?:\([^)\s]*\)|\[[^\]]*\])", r"\1"),  # [text](url)
    ("`", r":[\w:+.-]+:`([^`<]*?)\s*(?:<[^`]*>)?`", lambda match: f" {_name(match[1])} "),
    ("`", r"`([^`<]+?)\s*<[^`>]*>`_{0,2}", r"\1"),  # `text <url>`_
    (":@w", r"<?\b(?:https?|ftp|file)://[^\s>]+>?|\bwww\.\S+|\b\S+@\w+\.\w+\b", " "),
    ("`", r"`{1,3}([^`\n]*)`{1,3}_{0,2}", lambda match: _code(match[1])),
    ("<&", r"</?[a-zA-Z][^<>\n]{0,80}>|&[a-z]+;", " "),
    ("*", r"\*{1,2}(?=\S)([^*\n]+?)(?<=\S)\*{1,2}", r"\1"),
)
_INLINE = [(marks, re.compile(pattern), new) for marks, pattern, new in _MARKUP]
_FUNCTION_WORDS = _set(
    "the a an of to in is are be and or for with that this it on as by from if at not can will "
    "which when should must has have was were you we its into than then these but used using "
    "where only may does no all"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_SYMBOLS = re.compile(r"[=<>{}\[\]|\\^~@#$%&*/+_]")


def prose(text: str) -> str:
    """The prose paragraphs, a blank line between, of reST, Markdown, numpydoc or Google text.

    >>> text = ["Return the mean.", "", "Parameters", "----------", "axis : int"]
    >>> text += ["    The axis along which the", "    means are computed.", ""]
    >>> text += ["Examples", "--------", ">>> mean([1, 2])", "1.5"]
    >>> prose("\\n".join(text)).split("\\n\\n")
    ['Return the mean.', 'The axis along which the means are computed.']
    """
    kept = (" ".join(_inline(part).split()) for part in _paragraphs(text.expandtabs().split("\n")))
    return "\n\n".join(part for part in kept if _is_prose(part))


def _without_code(lines: list[str]) -> Iterator[tuple[str, int]]:
    """Text and indent of the lines, those of examples, code, formulas and comments left out."""
    hidden_below = None  # deeper lines belong to a directive or a literal block
    is_fence = is_example = False
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if hidden_below is not None and text:
            if indent > hidden_below:
                continue
            hidden_below = None
        is_example = bool(text) and (is_example or text.startswith(">>>"))
        if text.startswith(("```", "~~~")):
            is_fence = not is_fence
            yield "", 0
        elif is_fence or is_example:
            yield "", 0
        elif text == ".." or text.startswith(".. "):
            directive = _DIRECTIVE.match(text)
            if directive and directive[1] in _KEPT_DIRECTIVES:
                yield directive[2], indent
            else:
                hidden_below = indent
                yield "", 0
        elif text.endswith("::"):
            hidden_below = indent
            yield text[:-1].rstrip(), indent
        else:
            yield text, indent


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Paragraphs, list items and descriptions of parameters, still with their inline markup."""
    held: list[str] = []
    section, level = "", None  # level: the indent of what stands in the section
    for (text, indent), (after, after_indent) in pairwise([*_without_code(lines), ("", 0)]):
        title = _title(text, after)
        if title is not None:
            section, level, text = title, None, ""
        elif _UNDERLINE.match(text):
            text = ""
        elif text:
            level = indent if level is None else level
            section = "" if indent < level else section
            if section in _LEFT_OUT:
                text = ""
        is_type_line = indent == level and after != "" and after_indent > indent
        starts, text = _entry(text, section, is_type_line)
        if held and (not text or starts):
            yield _joined(held)
            held = []
        if text:
            held.append(text)
    if held:
        yield _joined(held)


def _title(text: str, after: str) -> str | None:
    """The lower-case title of a section where a line is one: underlined, `Args:` alone, or `# `."""
    if text.endswith(":") and (google := _GOOGLE_SECTION.match(text)):
        return google[1].lower()
    is_underlined = text and len(text) < 100 and _UNDERLINE.match(after)
    if (is_underlined and not _UNDERLINE.match(text)) or _HEADING.match(text):
        return text.strip("# :").lower()
    return None


def _entry(text: str, section: str, is_type_line: bool) -> tuple[bool, str]:
    """Whether a line opens an item or a parameter, and what it says after marker, name, type."""
    if not text:
        return False, ""
    if text[0] in ":@" and (field := _FIELD.match(text)):
        return True, text[field.end() :] if field[1] in _KEPT_FIELDS else ""
    if (typed := "(" in text and _TYPED.match(text)) and (
        section in _ENTRIES or re.search(r"`|optional", typed[1])
    ):
        return True, text[typed.end() :]
    if section in _ENTRIES:
        if is_type_line and (" : " in text or ":" not in text):
            return True, ""  # x : array_like, shape (n,)
        if named := _NAMED.match(text):
            return True, text[named.end() :]
    bullet = _BULLET.match(text)
    return bullet is not None, text[bullet.end() :] if bullet else text


def _joined(lines: list[str]) -> str:
    """A paragraph as one line; nothing where it is a table."""
    may_be = (line for line in lines if "|" in line or line[0] in "=-+")
    return "" if any(map(_TABLE_LINE.match, may_be)) else " ".join(lines)


def _code(code: str) -> str:
    """A name as it stands, without its modules; other code is no prose."""
    return f" {_name(code)} " if re.fullmatch(r"[\w.\-~]+(?:\(\))?", code) else " "


def _name(text: str) -> str:
    """The last part of a dotted name; any other text as it is."""
    return text.strip("~!").rpartition(".")[2] if " " not in text else text


def _inline(text: str) -> str:
    """Text without roles, links, emphasis, formulas and code that is more than a name."""
    for marks, pattern, replacement in _INLINE:
        if any(mark in text for mark in marks):
            text = pattern.sub(replacement, text)
    return text


def _is_prose(text: str) -> bool:
    """Whether a paragraph reads as English: function words in it, few symbols, few digits."""
    words = _LETTERS.findall(text.lower())
    if len(words) < 3:
        return False
    n_function = sum(map(_FUNCTION_WORDS.__contains__, words))
    n_symbols = len(_SYMBOLS.findall(text))
    n_letters = sum(map(len, words))
    return (
        n_function >= max(1, 0.1 * len(words))
        and n_symbols <= 0.25 * len(words)
        and n_letters >= 0.6 * len(text.replace(" ", ""))
        and n_letters >= 2.5 * len(words)
    )
