"""A number in the prose of a notebook is one that its card, its cells or its parameters hold.

What a run measures is shown by the run; a number typed beside it is wrong on the next text.
"""

import re

import pytest

from lmnotes.notebook import card

# Numbers with a point, and shares: whole numbers are mostly sizes and years.
NUMBER = re.compile(
    r"(?<![\w./-])[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)?\.\d+(?: ?%| per cent)?|\d+(?: ?%| per cent)"
)
ANY = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)?\.?\d+")
NO_PROSE = re.compile(r"`[^`]*`|https?://\S+|arXiv[: ]?\d+\.\d+|\[[^\]]*\]\([^)]*\)")
ELSEWHERE = {}  # (notebook, number): where it comes from


def value(text: str) -> float:
    return abs(float(re.sub(r"[^\d.]", "", text)))


@pytest.mark.parametrize("notebook", [path.stem for path in card.notebooks()])
def test_no_number_in_prose_stands_on_its_own(notebook):
    folder = card.notebooks_folder()
    source = (folder / "py" / f"{notebook}.py").read_text(encoding="utf-8")
    cells = re.split(r"^# %%", source, flags=re.MULTILINE)
    is_prose = [cell.startswith(" [markdown]") for cell in cells]
    held = "".join(cell for cell, prose in zip(cells, is_prose, strict=True) if not prose)
    for file in sorted((folder / "cards").glob(f"{notebook[:2]}*")):
        held += file.read_text(encoding="utf-8")
    known = {value(number) for number in ANY.findall(held)}
    known |= {round(100 * number, 9) for number in known}  # a share, in per cent
    unknown = [
        text[max(0, match.start() - 60) : match.end() + 20]
        for cell, prose in zip(cells, is_prose, strict=True)
        if prose
        for text in [NO_PROSE.sub("", cell)]
        for match in NUMBER.finditer(text)
        if value(match.group()) not in known and (notebook[:2], match.group()) not in ELSEWHERE
    ]
    assert not unknown
