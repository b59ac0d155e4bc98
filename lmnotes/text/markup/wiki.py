"""Wikipedia's export format to plain prose, without templates, tables and notes."""

import bz2
import html
import re
from collections.abc import Iterator
from pathlib import Path

# what goes, whole, before anything else is looked at
_HIDDEN = re.compile(
    r"<!--.*?-->"
    r"|<ref\b[^>]*/>|<ref\b.*?</ref\s*>"
    r"|<(math|gallery|timeline|score|syntaxhighlight|source|code|pre|imagemap|chem|hiero)\b"
    r".*?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")  # innermost
_TABLE = re.compile(r"\{\|(?:(?!\{\||\|\}).)*\|\}", re.DOTALL)  # innermost
_LINK = re.compile(r"\[\[((?:[^\[\]{}]|\[[^\[\]{}]*\])*)\]\]")  # innermost; [[bond|bond[s]man]]
_OUTSIDE_LINK = re.compile(r"\[(?:https?:|ftp:|mailto:)?//[^\s\]]*([^\]]*)\]")
_BARE_URL = re.compile(r"\b(?:https?|ftp)://\S+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HEADING = re.compile(r"^=+\s*(.*?)\s*=+\s*$")
_LAST_SECTIONS = frozenset(
    str.split(
        "see also|references|external links|further reading|notes|bibliography|footnotes|"
        "sources|notes and references|citations|works cited|literature|references and"
        "notes|in-line notes and references",
        "|",
    )
)
_DROPPED_LINKS = re.compile(
    r"\s*(?:file|image|category|media|[a-z]{2,3}(?:-[a-z]+)*)\s*:", re.IGNORECASE
)
_FORMATTED = frozenset(  # templates that show what they are given
    str.split("nowrap nobr small quote blockquote abbr sub sup smallcaps em strong transl")
)
_MARKS = re.compile(r"'{2,5}|__[A-Z]+__")
_EMPTY_BRACKETS = re.compile(r"\s*\(\s*(?:(?:or|and)?\s*[,;:/–-]*\s*)*\)")
_LEADING_COMMA = re.compile(r"\(\s*(?:[,;:]\s*)+")


def articles(file: Path) -> Iterator[tuple[str, str]]:
    """Title and prose of each article of an export packed with bz2, without redirects."""
    from xml.etree.ElementTree import iterparse

    with bz2.open(file, "rb") as stream:
        for _, page in iterparse(stream):
            if page.tag.rpartition("}")[2] != "page":
                continue
            parts = {part.tag.rpartition("}")[2]: part.text or "" for part in page.iter()}
            page.clear()
            if parts.get("ns") != "0" or re.match(r"\s*#redirect", parts.get("text", ""), re.I):
                continue
            # with a colon: pages about Wikipedia itself, filed as articles in old dumps
            if ":" not in parts["title"]:
                yield parts["title"], prose(parts["text"])


def prose(markup: str) -> str:
    """The paragraphs of an article, a blank line between them, up to its notes and links.

    >>> prose("'''Ada''' ({{IPA|x}}; born [[May]] 1815) wrote.<ref>No</ref>\\n== Notes ==\\n* x y")
    'Ada (born May 1815) wrote.'
    """
    text = _HIDDEN.sub("", html.unescape(markup))
    text = _until_still(_LINK, _link, text)  # first: the bars in them are not those of templates
    text = _until_still(_TEMPLATE, _template, text)
    text = _until_still(_TABLE, lambda match: "\n", text)
    text = _until_still(_LINK, _link, text)
    text = _OUTSIDE_LINK.sub(r"\1", text)
    text = _BARE_URL.sub("", text)
    text = re.sub(r"<br\s*/?>", " ", text, flags=re.IGNORECASE)
    text = html.unescape(_MARKS.sub("", _TAG.sub("", text)))
    text = _LEADING_COMMA.sub("(", _EMPTY_BRACKETS.sub("", text))
    return "\n\n".join(_paragraphs(text.replace("\xa0", " ")))


def _until_still(pattern: re.Pattern, replacement, text: str) -> str:
    """The text after replacing innermost matches, then those around them, until none is left."""
    for _ in range(50):
        text, n_replaced = pattern.subn(replacement, text)
        if not n_replaced:
            break
    return text


def _template(match: re.Match) -> str:
    """What a reader sees of a template inside a sentence, and nothing for all others."""
    name, *fields = (part.strip() for part in match[1].split("|"))
    name, fields = name.lower(), [field for field in fields if not re.match(r"\w+\s*=", field)]
    if name in ("convert", "cvt") and len(fields) > 1:
        return f"{fields[0]} {fields[1]}"
    if name.startswith("lang") and len(fields) > 1:
        return fields[1]
    if name in _FORMATTED:
        return fields[-1 if name == "transl" else 0] if fields else ""
    if name == "as of" and fields:
        return f"As of {fields[0]}"
    if name in ("ndash", "mdash", "spaced ndash", "snd", "spnd", "endash", "–"):
        return " – "
    return ""


def _link(match: re.Match) -> str:
    """The words that a link shows; nothing for pictures, categories and other languages' pages."""
    target, *shown = match[1].split("|")
    if _DROPPED_LINKS.match(target) and not target.startswith(":"):
        return ""
    return shown[-1] if shown else target.lstrip(":").partition("#")[0] or target


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs and list items as one line each, without headings and what is left of tables."""
    held: list[str] = []
    for line in [*text.split("\n"), ""]:
        heading = _HEADING.match(line)
        if heading and heading[1].lower() in _LAST_SECTIONS:
            line, text = "", ""
        is_item = line[:1] in ("*", "#", ":", ";")
        line = "" if heading or line.lstrip()[:1] in ("|", "!", "{", "}") else line.lstrip("*#:; ")
        if held and (not line.strip() or is_item):
            yield " ".join(held)
            held = []
        if not text:
            return
        if len(line.split()) > 1 or held:
            held.append(" ".join(line.split()))
    if held:
        yield " ".join(held)
