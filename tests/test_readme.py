"""The Python of the README and of the site runs as it stands there, at sizes that take seconds."""

import re
from pathlib import Path

import pytest

from lmnotes.notebook import card

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = [README, *((ROOT / "docs" / name).read_text() for name in ("start.md", "models.md"))]
BLOCKS = re.findall(r"^```python\n(.*?)^```", "\n".join(TEXTS), re.M | re.S)
BLOCKS = list(dict.fromkeys(BLOCKS))
SMALL = (
    ("dim=100", "dim=8"),
    ("epochs=20", "epochs=1"),
    ('["encyclopedia", "news"]', '["news"]'),
    ('"laptop"', '"smoke"'),
    ("per_domain=120", "per_domain=6"),
)


def test_the_sizes_are_those_of_the_blocks():
    assert len(BLOCKS) >= 2
    assert all(sum(large in block for large, _ in SMALL) >= 2 for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split()[3].strip(","))
def test_a_block_runs(block, capsys, forked):
    for large, small in SMALL:
        block = block.replace(large, small)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    if "fit" in names:
        assert 0 <= names["fit"].r2 <= 1 and str(names["fit"].r2) in capsys.readouterr().out
    else:
        M = len(names["zoo"])
        assert M > 2 and names["distance"].shape == (M, M) and len(names["scores"].matrix()) == M


@pytest.mark.parametrize("notebook", [path.stem for path in card.notebooks()])
def test_the_table_says_how_much_of_a_paper_is_drawn_as_its_card_counts(notebook):
    its_card = card.for_notebook(notebook)
    row = re.search(rf"^\| {its_card.number} \| .* \|(.*)\|$", README, re.M)
    assert row and row[1].strip() == its_card.covered
