"""The optional tables of the drug-gene paper, read where they are, and the expected values."""

import functools
import os
from pathlib import Path

import pandas
import pytest

FOLDER = Path(
    os.environ.get("LMNOTES_DRUG_GENE", Path(__file__).parents[3] / "shared/data/drug-gene")
)
needed = pytest.mark.skipif(
    not (FOLDER / "relations.csv").is_file(), reason="the optional drug-gene tables are not here"
)


@functools.cache
def relation_set(vocabulary):
    """The relations of a vocabulary, "bcv" or "homemade"; concepts have the column snapshot."""
    from lmnotes.papers.drug_gene_analogy import kegg

    return kegg.folder(FOLDER, vocabulary).facts


def of_year(year):
    """The authors' own relations within the vocabulary of a year."""
    facts = relation_set("homemade")
    there = facts.concepts.snapshot <= year
    return facts.within(set(facts.concepts.concept[there.fillna(False)]))


def expected(name, **types):
    return pandas.read_csv(FOLDER / f"{name}.csv", **types)
