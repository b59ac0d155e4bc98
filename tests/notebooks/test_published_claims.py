"""Claims are the paper's: those of the first ten notebooks are all there, to the letter.

`published_claims.csv` was written from the cards before the package was laid out anew. A claim may
be added to it; one that is changed or missing has to be argued for.
"""

import csv
import re
from pathlib import Path

import pytest

from lmnotes.notebook import card

with open(Path(__file__).with_name("published_claims.csv"), newline="", encoding="utf-8") as file:
    PUBLISHED = list(csv.DictReader(file))
NUMBERS = sorted({row["notebook"] for row in PUBLISHED})
# A figure, table, equation, section or appendix, the abstract, or a number of a section.
PLACE = re.compile(
    r"\b(figs?|figures?|tables?|eq|section|abstract|appendix)\b|^\d\.\d$", re.IGNORECASE
)
# What the sheet calls a statement of the paper by where it does not know the place.
SHEET = {
    "02": ("alignment task", "image heatmap", "ViT-ResMLP picture"),
    "06": ("PCA", "leakage", "setup", "text category map", "theory check"),
    "08": ("exponents", "text", "text (v1)"),
    "09": ("validation",),
    "10": ("digest",),
}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_published_claim_is_on_its_card_to_the_letter(number):
    claims = card.load(card.notebooks_folder() / "cards" / f"{number}.toml").claims
    for row in PUBLISHED:
        if row["notebook"] != number:
            continue
        claim = claims[row["id"]]
        for name in ("where", "certainty", "unit", "text", "reproduced", "same_direction", "needs"):
            assert (getattr(claim, name) or "") == row[name], f"{number} {claim.id}: {name}"
        assert claim.published == (float(row["published"]) if row["published"] else None)
        assert claim.profiles == (tuple(row["profiles"].split()) or card.PROFILES)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_claim_names_a_place_in_its_paper(number):
    claims = card.load(card.notebooks_folder() / "cards" / f"{number}.toml").claims
    elsewhere = {claim.where for claim in claims.values() if not PLACE.search(claim.where)}
    named = {where.partition(";")[0] for where in elsewhere}
    assert named == set(SHEET.get(number, ()))
