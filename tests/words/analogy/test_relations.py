"""Relation sets: views, splits, refusals, and the published sizes where the tables are."""

import drug_gene_tables
import pandas
import pytest

from lmnotes.words.analogy import relations, tasks

PAIRS = pandas.DataFrame(
    {
        "drug": ["a", "a", "b", "c"],
        "gene": ["x", "y", "x", "z"],
        "year": [1990, 2005, 1980, None],
    }
).astype({"year": "Int64"})
CONCEPTS = pandas.DataFrame(
    {
        "concept": ["a", "b", "c", "d", "x", "y", "z", "w"],
        "kind": ["drug"] * 4 + ["gene"] * 4,
        "year": [1970, 1975, 1970, 1970, 1960, 2000, 1970, 1970],
    }
)
MEMBERS = pandas.DataFrame(
    [
        ("p", "a", "drug"),
        ("p", "b", "drug"),
        ("p", "x", "gene"),
        ("p", "y", "gene"),
        ("q", "c", "drug"),
        ("q", "d", "drug"),
        ("q", "z", "gene"),
    ],
    columns=["pathway", "concept", "kind"],
)


@pytest.fixture
def facts():
    return relations.RelationSet(PAIRS, CONCEPTS, MEMBERS)


def names(table):
    return list(zip(table.drug, table.gene, strict=True))


def test_a_vocabulary_takes_concepts_pairs_and_members_away_and_counts_them(facts):
    small = facts.within(["a", "b", "x", "w"])
    assert names(small.relations) == [("a", "x"), ("b", "x")]
    assert small.members("gene") == ["x", "w"] and len(small.membership) == 3
    assert small.dropped == {"concepts": 4, "relations": 2, "membership": 4}
    assert small.within(["a", "x"]).dropped["relations"] == 3  # all that was dropped so far


def test_the_split_of_a_year_by_hand(facts):
    known, later = facts.split(1995)
    assert names(known) == [("a", "x"), ("b", "x")]
    assert names(later) == []  # y is first mentioned in 2000, and c with z has no year
    assert names(facts.split(2000)[1]) == [("a", "y")]
    assert names(facts.split(1985)[0]) == [("b", "x")] and names(facts.split(1985)[1]) == [
        ("a", "x")
    ]
    undated = relations.RelationSet(PAIRS, CONCEPTS.drop(columns="year"), MEMBERS)
    assert names(undated.split(1995)[1]) == [("a", "y")]


def test_pathway_pairs_lie_inside_a_pathway(facts):
    inside = facts.pathway_pairs()
    assert inside.pathway.tolist() == ["p", "p", "p", "q"]
    assert names(inside) == [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")]
    assert facts.pathway_members("drug").concept.tolist() == ["a", "b", "c", "d"]
    assert len(facts.pathway_pairs(mentioned_by=1999)) == 3


def test_reversing_twice_gives_the_same_pairs(facts):
    back = facts.reversed().reversed()
    assert set(names(back.relations)) == set(names(facts.relations))
    assert facts.reversed().members("drug") == facts.members("gene")
    assert back.membership.equals(facts.membership)


def test_statistics_by_hand(facts):
    rows = tasks.statistics(facts)
    assert (rows.D, rows.G, rows.R, rows.P) == (3, 3, 4, 1)
    assert rows.E_d == 4 / 3 and rows.sum_Dp == 2 and rows.sum_Rp == 3
    assert rows.Ep_Ed_P1 == 1.5 and rows.sum_calGp_cap_G == 2


def test_any_two_columns_are_a_relation():
    table = pandas.DataFrame(
        {
            "continent": ["europe", "asia", "europe"],
            "country": ["france", "japan", "italy"],
            "capital": ["paris", "tokyo", "rome"],
        }
    )
    facts = relations.from_pairs(table, group="continent", candidates=["paris", "lyon"])
    assert facts.members("gene") == ["paris", "tokyo", "rome", "lyon"]
    assert facts.pathway_pairs().drug.tolist() == ["france", "italy", "japan"]
    turned = relations.from_pairs(table, ["capital", "country"])
    assert turned.members("drug") == ["paris", "tokyo", "rome"]
    with pytest.raises(ValueError, match="name both"):
        relations.from_pairs(table[["country"]])


def test_refusals_name_the_rows(facts):
    with pytest.raises(ValueError, match=r"relations: 1 rows name a gene.*row.* 3 \('z'\)"):
        relations.RelationSet(PAIRS, CONCEPTS[CONCEPTS.concept != "z"], None)
    with pytest.raises(ValueError, match=r"first in row 1 \('soon'\)"):
        relations.RelationSet(PAIRS.assign(year=["1990", "soon", "", "1"]), CONCEPTS)
    with pytest.raises(ValueError, match="come twice"):
        relations.RelationSet(pandas.concat([PAIRS, PAIRS]), CONCEPTS)
    with pytest.raises(ValueError, match="expected also"):
        relations.RelationSet(PAIRS.rename(columns={"gene": "g"}), CONCEPTS)
    with pytest.raises(ValueError, match="no pathways"):
        relations.RelationSet(PAIRS, CONCEPTS).pathway_pairs()
    with pytest.raises(ValueError, match="expected `year`"):
        relations.RelationSet(PAIRS[["drug", "gene"]], CONCEPTS).split(2000)


@drug_gene_tables.needed
@pytest.mark.parametrize("vocabulary", ["bcv", "homemade"])
def test_the_published_statistics(vocabulary):
    rows = tasks.statistics(drug_gene_tables.relation_set(vocabulary))
    wanted = drug_gene_tables.expected("expected_stats_global").set_index("statistic")[vocabulary]
    assert set(rows.index) == set(wanted.index)
    for name, value in wanted.items():
        assert rows[name] == pytest.approx(value, abs=1e-12), name
