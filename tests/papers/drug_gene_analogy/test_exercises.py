"""Exercises of notebook 05: a wrong answer is told the mistake behind it."""

import numpy as np
import pytest
from lessons import assert_feedback, lesson  # noqa: F401

from lmnotes import words
from lmnotes.papers.drug_gene_analogy import exercises
from lmnotes.words.analogy import relations


@pytest.fixture(autouse=True)
def entered(lesson):  # noqa: F811
    lesson("05")


def differences(drugs, genes, pairs):
    return genes[pairs[:, 1]] - drugs[pairs[:, 0]]


def concepts_once(drugs, genes, pairs):
    rows, columns = (np.unique(side) for side in pairs.T)
    return genes[columns].mean(axis=0) - drugs[rows].mean(axis=0)


def test_arrow():
    wrong = {
        lambda *toy: differences(*toy).sum(axis=0): "the sum over the pairs",
        lambda *toy: -differences(*toy).mean(axis=0): "from gene to drug",
        differences: "a vector for each pair",
        lambda *toy: differences(*toy).mean(axis=1): "averages over the dimensions",
        concepts_once: "has to count twice",
        lambda drugs, genes, pairs: genes.mean(axis=0) - drugs.mean(axis=0): "all drugs and all",
        lambda drugs, genes, pairs: genes[pairs[:, 1]].mean(axis=0): "the mean of the genes",
    }
    assert_feedback(exercises.arrow(), wrong)


def test_best_rank():
    def above(cosines, bar, known):
        return sum(c > bar for i, c in enumerate(cosines) if i not in known)

    def best(cosines, right):
        return max(cosines[i] for i in right)

    wrong = {
        lambda c, r, k: above(c, best(c, r), k): "the first place is 1",
        lambda c, r, k: 1 + above(c, min(c[i] for i in r), k): "ranks the worst",
        lambda c, r, k: 1 + above(c, c[r[0]], k): "named first",
        lambda c, r, k: sum(x >= best(c, r) for i, x in enumerate(c) if i not in k): "a tie counts",
        lambda c, r, k: 1 + above(c, best(c, r), []): "known answers still stand",
        lambda c, r, k: 1 + above(c, best(c, r), []) - len(k): "below it are taken off",
    }
    assert_feedback(exercises.best_rank(), wrong)


def test_longer_arrow():
    wrong = {
        0: "no arrow at all",
        -20: "turns the arrow round",
        1: "as the paper takes it",
        0.5: "a shorter arrow",
        1.5: "no harm yet",
        2: "no harm yet",
    }
    assert_feedback(exercises.longer_arrow(), wrong)


def test_two_filters():
    wrong = {
        (3, 4): "wrong way round",
        (6, 6): "nothing is filtered",
        (5, 3): "what validation and test hold",
        (4, 4): "to the complete filter",
        (3, 3): "so that it stays",
        (3, 2): "count from 0",
    }
    assert_feedback(exercises.two_filters(), wrong)
    for odd in ("43", 4, (4, 3, 1), (4.5, 3)):
        assert "two whole numbers" in str(exercises.two_filters().check(odd))


def test_capitals():
    atlas, pairs = exercises.planted_capitals()

    def scores(table=pairs, **how):
        asked = relations.from_pairs(table)
        how = {"vector": "leave_one_out"} | how
        return words.analogy.predict(atlas, asked, **how).scores()

    wrong = {
        scores(vector="mean")["top1"]: "still is in its own arrow",
        scores(pairs[["country", "capital"]])["top1"]: "the capital of a country",
        scores(vector="none")["top1"]: "no arrow is added",
        scores(centre=False)["top1"]: "not centred",
        scores()["mrr"]: "mean reciprocal rank",
        100 * scores()["top1"]: "in per cent",
    }
    assert len(wrong) == 6
    names = {"words": words, "atlas": atlas, "capital_pairs": pairs}
    assert_feedback(exercises.capitals(), wrong, **names)
