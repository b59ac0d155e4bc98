"""Tables of a run as HTML: numbers shortened, and to the right of their columns."""

import re
from collections.abc import Sequence
from html import escape

_DECIMAL = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+")


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], most: int = 200) -> str:
    """A table of texts, its first `most` rows; a column of nothing but numbers stands right."""
    right = [
        ' class="n"' if rows and all(_is_number(row[i]) for row in rows) else ""
        for i in range(len(head))
    ]
    # a long name may break behind its underscores
    names = [escape(name).replace("_", "_<wbr>") for name in head]
    cells = "".join(f"<th{side}>{name}</th>" for name, side in zip(names, right, strict=True))
    body = "".join(f"<tr>{_row(row, right)}</tr>" for row in rows[:most])
    more = f"<p>… {len(rows) - most} more rows</p>" if len(rows) > most else ""
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'
        f"</div>{more}"
    )


def short(text: str) -> str:
    """A cell as shown: numbers with four significant digits, none as a dash, all else escaped.

    >>> short("0.0421563")
    '0.04216'
    """
    if _DECIMAL.fullmatch(text):
        return f"{float(text):.4g}".replace("-", "−")
    return "–" if text in ("nan", "NaN") else escape(text)


def _is_number(text: str) -> bool:
    """Whether a cell holds a number, or stands for one that is missing."""
    return bool(re.fullmatch(r"[-+]?\d+", text) or _DECIMAL.fullmatch(text)) or text == "nan"


def _row(row: Sequence[str], right: Sequence[str]) -> str:
    """The cells of a row, each to the side of its column."""
    return "".join(f"<td{side}>{short(cell)}</td>" for cell, side in zip(row, right, strict=True))
