"""A table as cells and pages show it: words, few digits, intervals in brackets, the rest folded."""

import html
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lmnotes.notebook.formulas import with_math

_ROWS = 12  # of a table in sight
_WRITTEN = {"r2": "R²", "R2": "R²"} | {name.lower(): name for name in ("AUC", "KL", "MRR", "PMI")}


def as_html(frame: pd.DataFrame | pd.Series) -> str:
    """A table as HTML: words for headers, three digits, intervals in brackets, long ones folded.

    An index of bare numbers is left out. Columns `x_low` and `x_high`, or `low` and `high` around
    the values of a column before them, stand in brackets behind theirs.
    """
    frame = pd.DataFrame(frame)
    if isinstance(frame.index, pd.MultiIndex) or not pd.api.types.is_integer_dtype(frame.index):
        names = [name or "" for name in frame.index.names]
        frame = frame.reset_index(names=names, allow_duplicates=True)
    elif frame.index.name:
        frame = frame.reset_index(allow_duplicates=True)
    heads = [" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns]
    columns = [frame.iloc[:, number] for number in range(len(heads))]
    around = _intervals(heads, columns)
    ends = {end for pair in around.values() for end in pair}
    shown = [number for number in range(len(heads)) if number not in ends]
    cells = [_cells([columns[i] for i in (number, *around.get(number, ()))]) for number in shown]
    sides = ["" if _is_number(columns[i]) else ' style="text-align:left"' for i in shown]
    rows = list(zip(*cells, strict=True))

    def line(tag: str, texts: Iterable[str]) -> str:
        pairs = zip(sides, texts, strict=True)
        return f"<tr>{''.join(f'<{tag}{side}>{text}</{tag}>' for side, text in pairs)}</tr>"

    def part(rows: list[tuple[str, ...]]) -> str:
        head = line("th", [in_words(heads[i]) for i in shown])
        body = "".join(line("td", row) for row in rows)
        return f'<table class="dataframe"><thead>{head}</thead><tbody>{body}</tbody></table>'

    more = (
        f"<details><summary>{len(rows) - _ROWS} more rows</summary>{part(rows[_ROWS:])}</details>"
    )
    return part(rows[:_ROWS]) + (more if len(rows) > _ROWS else "")


def in_words(name: str) -> str:
    """A column's name as HTML: words, or a formula where it is one.

    >>> in_words("n_repeats_removed"), in_words("raw_r2")
    ('repeats removed', 'raw R²')
    """
    if re.fullmatch(r"[A-Za-z]_\w", name):
        name = f"${name}$"
    if "$" in name:
        return with_math(name)
    words = name.removeprefix("n_").split("_")
    return html.escape(" ".join(_WRITTEN.get(word, word) for word in words))


def _is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, not what is true or false."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _intervals(heads: list[str], columns: list[pd.Series]) -> dict[int, tuple[int, int]]:
    """The numbers of the columns that are the ends of another one's intervals, by its number."""
    around = {}
    numbers = [number for number, column in enumerate(columns) if _is_number(column)]
    places = {heads[number]: number for number in numbers}
    for name, low in places.items():
        stem, high = name[:-3], places.get(f"{name[:-3]}high")
        if not re.search(r"(^|[_ ])low$", name) or high is None:
            continue
        own = [places[stem[:-1]]] if stem[:-1] in places else []
        for number in own if stem else reversed([n for n in numbers if n < low]):
            a, x, b = (columns[i].to_numpy(float) for i in (low, number, high))
            if own or (number not in around and (np.isnan(a) | ((a <= x) & (x <= b))).all()):
                around[number] = low, high
                break
    return around


def _cells(columns: list[pd.Series]) -> list[str]:
    """The cells of a column as HTML, with its interval where two more columns give one."""
    if not _is_number(columns[0]):
        words = {"True": "yes", "False": "no", "nan": "–", "None": "–", "<NA>": "–"}
        return [html.escape(words.get(str(cell), str(cell))) for cell in columns[0]]
    values = np.column_stack([column.to_numpy(float, na_value=np.nan) for column in columns])
    sizes = np.abs(values[np.isfinite(values)])
    largest = sizes.max(initial=0)
    digits = 2 - int(np.ceil(np.log10(largest)) - 1) if largest else 0
    is_whole = (sizes == sizes.round()).all()
    digits = 0 if is_whole else min(max(digits, 0), 6)

    def number(value: float, is_end: bool = False) -> str:
        if not np.isfinite(value):
            return "–" if np.isnan(value) else f"{value}"
        if value and abs(value) < 0.5 * 10.0**-digits and not is_end and digits > 1:
            return f"{value:.1e}".replace("-", "−")
        comma = "," if abs(value) >= 10_000 else ""  # not in years
        is_small = 0 < abs(value) < 10 and not is_whole  # in a column of many scales
        shown = max(digits, 2) if is_small else digits
        return f"{value:{comma}.{shown}f}".replace("-", "−")

    def cell(value: float, *ends: float) -> str:
        if not ends or np.isnan(ends).any():
            return number(value)
        to = " to " if ends[0] < 0 else "–"
        return f"{number(value)} ({to.join(number(end, True) for end in ends)})"

    return [cell(*row) for row in values]
