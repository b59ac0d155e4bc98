"""A number in the prose of a notebook is one that its card or its cells hold; in the README too.

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
ELSEWHERE = {  # (notebook, number): where it comes from
    ("01", "0.60"): "closed form of the shuffled text8 at a count of 1,000",
    ("04", "43.5 %"): "Table 2, PCA, undecided pairs aside",
    ("06", "2.2"): "the released distances, in the unit of the map",
    ("07", "0.001"): "the guard of the paper's relative error, FLOOR of paper.errors",
    ("09", "1.4 %"): "the root of 2 / 10,000",
    ("README", "3.11"): "requires-python",
    ("README", "2.1"): "gigabytes of an installation, docs/times.md",
}


def value(text: str) -> float:
    return abs(float(re.sub(r"[^\d.]", "", text)))


def unknown(name: str, prose: str, held: str) -> list[str]:
    """Every number of the prose that is not held, nor has its source above, with its words."""
    known = {value(number) for number in ANY.findall(held)}
    known |= {round(100 * number, 9) for number in known}  # a share, in per cent
    prose = NO_PROSE.sub("", prose)
    return [
        prose[max(0, match.start() - 60) : match.end() + 20]
        for match in NUMBER.finditer(prose)
        if value(match.group()) not in known and (name, match.group()) not in ELSEWHERE
    ]


@pytest.mark.parametrize("notebook", [path.stem for path in card.notebooks()])
def test_no_number_in_prose_stands_on_its_own(notebook):
    folder = card.notebooks_folder()
    source = (folder / "py" / f"{notebook}.py").read_text(encoding="utf-8")
    cells = re.split(r"^# %%", source, flags=re.MULTILINE)
    prose = [cell for cell in cells if cell.startswith(" [markdown]")]
    held = [cell for cell in cells if not cell.startswith(" [markdown]")]
    held += [file.read_text() for file in sorted((folder / "cards").glob(f"{notebook[:2]}*"))]
    assert not unknown(notebook[:2], "".join(prose), "".join(held))


def test_no_number_in_the_readme_stands_on_its_own():
    root = card.notebooks_folder().parent
    prose = re.sub(r"^```.*?^```", "", (root / "README.md").read_text(), flags=re.M | re.S)
    assert not unknown("README", prose, (root / "benchmarks" / "README.md").read_text())


def test_a_number_that_nothing_holds_is_seen():
    assert (
        unknown("01", "R2 is .59, not 59 %; see .58", "r2 = 0.58")
        == ["R2 is .59, not 59 %; see .58"] * 2
    )
