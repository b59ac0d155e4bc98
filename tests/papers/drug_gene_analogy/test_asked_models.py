"""Stored answers of language models, and the published scores."""

import drug_gene_tables
import pandas
import pytest

from lmnotes.papers.drug_gene_analogy import asked_models
from lmnotes.words.analogy import relations, tasks

PAIRS = pandas.DataFrame({"drug": ["d1", "d1", "d2", "d3"], "gene": ["g1", "g2", "g3", "g1"]})
SYMBOLS = {"g1": "KIT", "g2": "EGFR", "g3": "C9orf72"}
TEXT = """model,mesh_id,valid,genes
one,D1,1,egfr|KIT
one,D2,1,C9orf72|NA
one,D3,0,KIT
two,D1,1,A|B|C|D|E|F|G|H|I|J|KIT
two,D2,1,
two,D3,1,ABL1|kit
"""


@pytest.fixture
def task():
    return tasks.build(relations.from_pairs(PAIRS))


@pytest.fixture
def table(tmp_path):
    (tmp_path / "answers.csv").write_text(TEXT)
    path = tmp_path / "answers.csv"
    return asked_models.read(path, query="mesh_id", answers="genes", rename=str.lower)


def test_answers_are_scored_by_the_rule(task, table):
    results = asked_models.score(table, task, SYMBOLS)
    one, two = results["one"], results["two"]
    assert one.ranks[:, 0].tolist() == [1, float("inf")]  # upper case; a mixed one never matches
    assert len(one) == 2 and one.settings["n_unread"] == 1  # the unreadable one leaves the mean
    assert two.ranks[:, 0].tolist() == [float("inf"), float("inf"), 2]  # the eleventh is too late
    assert two.scores()["top1"] == 0 and two.scores()["top2"] == pytest.approx(1 / 3)
    assert two.scores()["mrr"] == pytest.approx(1 / 6)


def test_a_gene_without_a_symbol_is_never_named(task, table):
    """An empty name stands for what a model wrote that was no string."""
    assert asked_models.first_right(["", "KIT"], ["", "KIT"]) == 2
    with pytest.raises(ValueError, match="no symbol for 1 answers such as 'g3'"):
        asked_models.score(table, task, {"g1": "KIT", "g2": "EGFR"})


def test_answers_are_read_as_written(table):
    assert table.answers.tolist()[1:3] == [("C9orf72", "NA"), ("KIT",)]
    assert table.valid.tolist() == [True, True, False, True, True, True]


def test_what_cannot_be_read_is_refused(task, table, tmp_path):
    path = tmp_path / "bad.csv"
    for text, match in (
        (TEXT.replace("D3,0", "D3,maybe"), "row 4 valid is neither"),
        (TEXT.replace("one,D3", "one,D1"), "row 4 asks a model once more"),
        (TEXT.replace("genes", "targets"), "expected model, mesh_id, genes: name the columns"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            asked_models.read(path, query="mesh_id", answers="genes")
    with pytest.raises(ValueError, match="no answer for 1 queries such as 'd3'"):
        asked_models.score(table[table["query"] != "d3"], task, SYMBOLS)


@drug_gene_tables.needed
@pytest.mark.parametrize("vocabulary", ["bcv", "homemade"])
def test_the_published_scores_of_language_models(vocabulary):
    facts = drug_gene_tables.relation_set(vocabulary)
    names = facts.concepts.set_index("concept").name
    drugs = {name.lower().rsplit("_")[-1]: name for name in facts.members("drug")}
    table = asked_models.read(
        drug_gene_tables.FOLDER / "gpt_targets.csv",
        query="mesh_id",
        answers="genes",
        rename=lambda mesh: drugs.get(mesh.lower(), mesh),
    )
    wanted = drug_gene_tables.expected("expected_gpt_scores")
    wanted = wanted[wanted.embedding_query_set == vocabulary].set_index(["model", "setting"])
    for setting in ("G", "P1", "P2"):
        results = asked_models.score(table, tasks.build(facts, setting), names)
        assert len(results) == 3
        for model, result in results.items():
            row, scores = wanted.loc[model, setting], result.scores()
            assert scores["n"] == row.n
            assert scores["mrr"] == pytest.approx(row.mrr10, abs=6e-7)
            for k in range(1, 11):
                assert scores[f"top{k}"] == pytest.approx(row[f"top{k}"], abs=6e-7)
