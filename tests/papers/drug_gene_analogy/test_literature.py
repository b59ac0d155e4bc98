import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy import concept_text, kegg, literature, relation_tables, world
from lmnotes.papers.drug_gene_analogy.relation_tables import checked
from lmnotes.papers.drug_gene_analogy.table_checks import frame
from lmnotes.papers.drug_gene_analogy.world import Settings
from lmnotes.text import downloads
from lmnotes.words import embedding

TINY = Settings(n_pathways=3, n_decoy_genes=6, n_decoy_drugs=2, n_hubs=3, n_abstracts=400)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))


# --- the invented world ---------------------------------------------------------------------------


def test_the_default_world_has_the_sizes_of_the_design():
    found = world.world(seed=0)
    s = found.settings
    assert len(found.pathways) == 14 and len(set(found.relations.family)) <= 56
    assert 2 * 56 + 150 <= len(found.genes) <= 4 * 56 + 150
    assert (found.genes.role == "hub").sum() == 30 and (found.drugs.role == "decoy").sum() == 30
    per_drug = found.relations.groupby("drug").size()
    assert per_drug.min() >= 1 and per_drug.max() <= 4
    assert not found.relations.duplicated(["drug", "gene"]).any()
    born = found.genes.set_index("concept").year, found.drugs.set_index("concept").year
    later = np.maximum(
        found.relations.gene.map(born[0]).to_numpy(), found.relations.drug.map(born[1]).to_numpy()
    )
    lag = found.relations.year - later
    assert lag.min() >= 0 and lag.max() <= s.lag[1] and found.relations.year.max() <= s.years[1]
    of = found.genes.set_index("concept").role
    assert set(found.relations.gene.map(of)) == {"family"}  # hubs and decoys are nobody's target


def test_a_drug_is_in_the_pathways_of_its_families():
    found = world.world(seed=3)
    genes = found.genes.set_index("concept")
    of_drug = found.drugs.set_index("concept")
    for row in found.relations.itertuples():
        assert row.family in of_drug.families[row.drug]
        assert genes.families[row.gene] == [row.family]
        assert set(genes.pathways[row.gene]) <= set(of_drug.pathways[row.drug])


def test_the_text_keeps_the_rules_of_time_and_of_its_words():
    found = world.world(TINY, seed=1)
    born = {
        **dict(zip(found.genes.concept, found.genes.year, strict=True)),
        **dict(zip(found.drugs.concept, found.drugs.year, strict=True)),
    }
    since = {(r.drug, r.gene): r.year for r in found.relations.itertuples()}
    role = found.genes.set_index("concept").role
    years, co_mentions = [], 0
    for record in literature.abstracts(found):
        words = Counter(record["text"].split())
        years.append(record["year"])
        assert words[record["title"]] >= TINY.repeats
        genes = [w for w in words if w.startswith("gene_")]
        assert born[record["title"]] <= record["year"]
        if record["title"].startswith("gene_"):
            assert genes == [record["title"]]
            continue
        for gene in genes:
            if role[gene] == "family":
                co_mentions += 1
                assert since[record["title"], gene] <= record["year"]
    assert len(years) == 400 and years == sorted(years) and co_mentions > 5


def test_same_seed_same_bytes_and_another_seed_another_world():
    first = literature.small(1, TINY)
    same = list(literature.abstracts(world.world(TINY, 1)))
    assert [json.loads(line) for line in first.path.read_text().splitlines()] == same
    assert literature.small(2, TINY).text.corpus.content_id != first.text.corpus.content_id
    assert literature.small(1, TINY).text.corpus.content_id == first.text.corpus.content_id


def test_switches_take_parts_of_the_world_away():
    bare = world.without(TINY, "mechanisms", "hubs", "jargon")
    found = world.world(bare, seed=1)
    words = " ".join(r["text"] for r in literature.abstracts(found)).split()
    assert not set(words) & set(world.MECHANISM_WORDS)
    assert not any("gene1" in word and word[0] == "p" for word in words)
    assert "hub" not in set(found.genes.role)
    with pytest.raises(
        InputError, match="part 'hub' was given; expected one of mechanisms, hubs, jargon"
    ):
        world.without(TINY, "hub")
    with pytest.raises(InputError, match="expected 0 to 1: it is a probability"):
        Settings(hub_mention=1.5)
    with pytest.raises(InputError, match="expected 0 <= first <= last"):
        Settings(lag=(5, 1))


def test_snapshots_are_cumulative_corpora():
    found = literature.small(1, TINY)
    records = [json.loads(line) for line in found.path.read_text().splitlines()]
    for year in (1990, 2010, 2023):
        part = found.text.until(year)
        expected = Counter(w for r in records if r["year"] <= year for w in r["text"].split())
        assert dict(zip(part.words, part.counts.tolist(), strict=True)) == expected
        assert part.n_documents == sum(r["year"] <= year for r in records)
    assert found.text.until(2023).content_id == found.text.corpus.content_id
    with pytest.raises(InputError, match="has nothing up to 1960"):
        found.text.until(1960)
    assert len(found.text.years) == 400


def test_abstracts_of_a_concept():
    found = literature.small(1, TINY)
    drug, gene = found.tables.relations[["drug", "gene"]].iloc[0]
    shown = found.abstracts([drug, gene], n=2)
    assert len(shown) == 4
    names = [found.tables.symbols[concept] for concept in (drug, drug, gene, gene)]
    assert all(name in text.split() for name, text in zip(names, shown.abstract, strict=True))


def test_names_tell_the_family_and_no_text_has_them():
    found = world.world(TINY, 1)
    assert found.genes.name.is_unique and found.drugs.name.is_unique
    name = pd.concat([found.genes, found.drugs]).set_index("concept").name
    for row in found.relations.drop_duplicates("drug").itertuples():  # its own family comes first
        assert name[row.drug].lower().endswith(name[row.gene][:3].lower())
    said = " ".join(record["text"] for record in literature.abstracts(found))
    assert not set(name) & set(said.split())


def test_years_that_the_text_tells():
    found = literature.small(1, TINY)
    empty = pd.array([pd.NA] * len(found.tables.relations), dtype="Int64")
    bare = replace(found.tables, relations=found.tables.relations.assign(year=empty))
    filled = literature.first_years(found.text, bare).relations
    records = [json.loads(line) for line in found.path.read_text().splitlines()]
    for row in filled.itertuples():  # the slow obvious version
        both = [r["year"] for r in records if {row.drug, row.gene} <= set(r["text"].split())]
        assert row.year == min(both) if both else row.year is pd.NA
    untouched = literature.first_years(found.text, found.tables)
    assert untouched.relations.year.tolist() == found.tables.relations.year.tolist()


# --- tagged text ----------------------------------------------------------------------------------


def test_tagged_text_is_read_and_put_in_order(tmp_path):
    jsonl, tsv = tmp_path / "a.jsonl", tmp_path / "a.tsv"
    rows = [("2001", "Gene_2 binds"), ("1999", "gene_1 gene_2"), ("2001", "…")]
    jsonl.write_text("\n".join(json.dumps({"year": y, "text": t}) for y, t in rows))
    tsv.write_text("year\ttext\n" + "\n".join("\t".join(row) for row in rows))
    for path in (jsonl, tsv):
        found = concept_text.read(path)
        assert found.years.tolist() == [1999, 2001] and found.dropped == {"no word": 1}
        assert found.corpus.words == ["gene_2", "binds", "gene_1"]


def test_a_record_without_text_is_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"year": 1990, "text": null}\n{"year": 1991, "text": "gene_1"}\n')
    found = concept_text.read(path)
    assert found.years.tolist() == [1991] and found.dropped == {"no word": 1}


def test_bad_tagged_text_names_its_rows(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("year\ttext\n1999\ta\nlate\tb\n\tc\n")
    with pytest.raises(InputError, match="2 years are no years: row 3 has 'late', row 4 has ''"):
        concept_text.read(path)
    path.write_text("year\ttext\n1999\n")
    with pytest.raises(InputError, match="row 2: 1 cells; expected 2"):
        concept_text.read(path)
    path.write_text("when\ttext\n1999\ta\n")
    with pytest.raises(InputError, match=r"row 2: no year among 'when', 'text'"):
        concept_text.read(path)
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"year": 1990, "text": "a"}\n{broken\n')
    with pytest.raises(InputError, match="line 2: not JSON"):
        concept_text.read(lines)
    with pytest.raises(InputError, match=r"did you mean 'a\.jsonl'"):
        concept_text.read(tmp_path / "b.jsonl")


PUBTATOR = """7|t|Aspirin and COX-1
7|a|Aspirin inhibits PTGS1 in humans.
7\t0\t7\tAspirin\tChemical\tMESH:D001241
7\t12\t17\tCOX-1\tGene\t5742
7\t18\t25\tAspirin\tChemical\tMESH:D001241
7\t35\t40\tPTGS1\tGene\t5742;5743
7\t35\t38\tPTG\tGene\t1
7\t44\t50\thumans\tSpecies\t9606
7\t44\t50\thumans\tChemical\t-
7\t26\t34\tinhibits\tVerb\tX

8|t|No year
8|a|gone

"""


def test_pubtator_mentions_become_concepts(tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_text(PUBTATOR)
    found = concept_text.read(path, {"7": 1995})
    said = " ".join(found.corpus.words[i] for i in found.corpus.tokens)
    assert said == (
        "chemical_mesh_d001241 and gene_5742 chemical_mesh_d001241 inhibits gene_5742 gene_5743 in "
        "species_9606"
    )
    assert found.dropped == {
        "document without a year": 1,
        "mention within another": 1,
        "mention of another type": 1,
        "mention without an id": 1,
    }
    (tmp_path / "years.tsv").write_text("id\tyear\n7\t1995\n8\t\n")
    assert concept_text.read(path, tmp_path / "years.tsv").years.tolist() == [1995]
    with pytest.raises(InputError, match="PubTator's format holds no years"):
        concept_text.read(path)
    with pytest.raises(InputError, match="1 years are no whole numbers, such as '1995' of '7'"):
        concept_text.read(path, {"7": "1995", "8": 1990})
    path.write_text(PUBTATOR.replace("7\t12\t17", "7\ttwelve\t17"))
    with pytest.raises(InputError, match=r"row 4: .*expected `id\|t\|title`"):
        concept_text.read(path, {"7": 1995})


def test_own_text_with_own_tables(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"year": 1990, "text": "gene_5"}\n{"year": 1993, "text": "gene_5 chemical_mesh_d1"}\n'
    )
    pairs = pd.DataFrame({"mesh_id": ["D1", "D1"], "entrez_id": ["5", "6"]})
    found = literature.read(tmp_path / "a.jsonl", read(pairs))
    assert found.tables.relations.year.tolist() == [1993, pd.NA]


def read(relations, **others):
    """The tables of a file or frame of relations, and of frames."""
    table = frame(relations, "relations", ("drug", "gene"), ("year",))
    return checked({"relations": table} | others, style="lower")


# --- tables ---------------------------------------------------------------------------------------


def test_what_is_dropped_is_counted(tmp_path):
    (tmp_path / "r.csv").write_text("drug,gene,year\nD1,4,1990\nD1,4,1991\nD9,4,\nD2,NA5,\n")
    (tmp_path / "c.tsv").write_text("concept\tkind\nD1\tdrug\nD2\tdrug\n4\tgene\n")
    with pytest.raises(InputError, match="1 genes have no Entrez number: row 5 has 'NA5'"):
        read(tmp_path / "r.csv")
    (tmp_path / "r.csv").write_text("drug,gene,year\nD1,4,1990\nD1,4,1991\nD9,4,\nD2,7,\n")
    members = pd.DataFrame(
        {"pathway": ["p", "q", "z"], "concept": ["D1", "D8", "4"], "kind": ["drug", "drug", "gene"]}
    )
    named = pd.DataFrame({"hsa": ["p", "q", "empty"], "name": ["P", "Q", "E"]})
    found = read(
        tmp_path / "r.csv",
        concepts=frame(tmp_path / "c.tsv", "concepts", ("concept", "kind")),
        membership=members,
        pathways=frame(named, "pathways", ("pathway", "name")),
    )
    assert found.relations.to_dict("records") == [
        {"drug": "chemical_mesh_d1", "gene": "gene_4", "year": 1990}
    ]
    assert found.dropped == {
        "relations: repeated pair": 1,
        "relations: unknown concept": 2,
        "membership: unknown concept": 1,
        "membership: unknown pathway": 1,
        "pathways: empty pathway": 2,
    }
    assert found.pathways.name.tolist() == ["P"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"drug": ["D1"], "gene": ["4"], "year": ["soon"]}, "1 years are no years: row 2 has 'soo"),
        ({"drug": ["D1"], "gene": ["4"], "year": ["1990.5"]}, "row 2 has '1990.5'; expected whole"),
        ({"drug": ["D1"], "symbol": ["A"]}, "no column 'gene' among 'drug', 'symbol'"),
        ({"drug": ["D1"], "gene": [""]}, "no relation is left .*'relations: no gene': 1"),
    ],
)
def test_bad_relation_tables(table, message):
    with pytest.raises(InputError, match=message):
        read(pd.DataFrame(table))


def test_a_concept_has_one_kind():
    pairs = pd.DataFrame({"drug": ["a", "b"], "gene": ["b", "c"]})
    with pytest.raises(InputError, match="named as drug and as gene"):
        relation_tables.checked({"relations": pairs})
    members = pd.DataFrame({"pathway": ["p"], "concept": ["a"], "kind": ["both"]})
    with pytest.raises(InputError, match="1 kinds are unknown: row 2 has 'both'"):
        relation_tables.checked({"relations": pairs, "membership": members})


def tables_folder(folder: Path) -> Path:
    """A folder in the layout of cleaned tables, with three drugs and two pathways."""
    files = {
        "relations": "mesh_id,entrez_id,in_bcv,in_homemade\nD1,4,1,1\nD2,NA,1,0\nD2,5,1,1\n",
        "drugs": "mesh_id,name\nD1,One\nD2,Two\n",
        "genes": "entrez_id,symbol\n4,NAT\n5,NA\n6,Z\n",
        "pathways": "hsa,name\nhsa1,First\nhsa2,None\n",
        "pathway_drugs": "hsa,mesh_id,in_bcv,in_homemade\nhsa1,D1,1,1\n",
        "pathway_genes": "hsa,entrez_id,in_bcv,in_homemade\nhsa1,4,1,1\nhsa1,6,1,1\n",
        "relation_years": "mesh_id,entrez_id,rel_year\nD1,4,1990\n",
        "concept_years": "kind,id,first_mention_year,first_vocab_snapshot\ndrug,D1,1980,1985\n",
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text.replace("D2,NA,1,0\n", ""))
    return folder


def test_a_folder_of_cleaned_tables(tmp_path):
    found = kegg.folder(tables_folder(tmp_path), "homemade")
    assert found.relations.gene.tolist() == ["gene_4", "gene_5"]
    assert found.relations.year.tolist() == [1990, pd.NA]
    assert found.concepts.name.tolist() == ["One", "Two", "NAT", "NA", "Z"]
    assert found.concepts.snapshot.tolist()[:2] == [1985, pd.NA]
    assert found.dropped == {"pathways: empty pathway": 1}
    with pytest.raises(InputError, match=r"has no relations\.csv"):
        kegg.folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="'mine' was given; expected one of homemade, bcv"):
        kegg.folder(tmp_path, "mine")


def test_the_steps_from_kegg_to_relations():
    targets = pd.DataFrame({"kegg_id": ["a", "b", "c", "d"], "entrez_ids": ["1/2", "2", "3", "9"]})
    mapping = pd.DataFrame(
        {
            "kegg_id": ["a", "b", "c", "d"],
            "mesh_id": ["D1", "D1", "D3", "D4"],
            "conv_method": ["exact_heading", "exact_heading", "fuzzy_name", "exact_heading"],
        }
    )
    found = kegg.pipeline(targets, mapping, pd.DataFrame({"entrez_id": ["1", "2", "3"]}))
    # c is matched loosely, the gene of d has no symbol, b has the heading of a
    assert found.to_numpy().tolist() == [
        ["Chemical_MESH_D1", "Gene_1"],
        ["Chemical_MESH_D1", "Gene_2"],
    ]


def test_the_named_vectors_say_where_they_belong(monkeypatch):
    offline = replace(
        downloads.DOWNLOADS["bioconceptvec"], url="http://127.0.0.1:9/concept_skip.json"
    )
    monkeypatch.setitem(downloads.DOWNLOADS, "bioconceptvec", offline)
    with pytest.raises(InputError, match=r"put it at .*concept_skip\.json"):
        embedding.load("bioconceptvec")
    downloads.folder().mkdir(parents=True, exist_ok=True)
    (downloads.folder() / "concept_skip.json").write_bytes(gzip.compress(b'{"Gene_1": [1, 2]}'))
    assert embedding.load("bioconceptvec").words == ["Gene_1"]


# --- other people's files -------------------------------------------------------------------------

FIELD = Path(__file__).parents[2] / "field" / "pubtator"
SAID = "chemical_d009999 calms mice we gave chemical_d009999 to old mice"


def said(dated):
    return " ".join(dated.corpus.words[i] for i in dated.corpus.tokens)


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("relation.pubtator", {"relation CID": 1}),
        ("relation_novel.pubtator", {"relation Negative_Correlation": 1}),
        ("trailing_blank.pubtator", {"mention moved by a constant shift": 1}),
        ("packed.pubtator.gz", {}),
        ("bom.pubtator", {}),
    ],
)
def test_other_peoples_pubtator(name, dropped):
    """Relation lines as in bioc#18, offsets as in mark2cure#183, a packed and a marked file."""
    dated = concept_text.read(FIELD / name, {101: 1990})
    assert said(dated) == SAID and dated.dropped == dropped


def test_mentions_that_the_text_has_not_at_their_place(tmp_path):
    """As reported in biomedical#738: the concept stood inside another word."""
    misplaced = "mention that the text has not at its place"
    dated = concept_text.read(FIELD / "beyond_the_text.pubtator", {"101": 1990})
    assert said(dated) == "zorvane calms mice we gave it to old mice"
    assert dated.dropped == {misplaced: 1}
    path = tmp_path / "a.pubtator"  # the three of the abstract stand two off, but for one
    places = [(9, 13, "gene"), (17, 21, "drug"), (7, 9, "of"), (0, 1, "A")]
    rows = "".join(f"7\t{a}\t{b}\t{word}\tGene\t{a + 1}\n" for a, b, word in places)
    path.write_text("7|t|A title\n7|a|The gene or drug.\n" + rows)
    dated = concept_text.read(path, {"7": 1990})
    assert said(dated) == "gene_1 title the gene_10 or gene_18"
    assert dated.dropped == {misplaced: 1, "mention moved by a constant shift": 2}


def test_identifiers_of_none_and_with_a_taxon(tmp_path):
    path = tmp_path / "a.pubtator"
    ids = ["-1", "43(Tax:9606)", "1080(Tax:9606);-1", "-1;-"]
    rows = "".join(f"7\t{4 * i}\t{4 * i + 3}\tABC\tGene\t{name}\n" for i, name in enumerate(ids))
    path.write_text("7|t|ABC ABC ABC ABC\n7|a|-\n" + rows)
    dated = concept_text.read(path, {"7": 1990})
    assert said(dated) == "abc gene_43 gene_1080 abc"
    assert dated.dropped == {"mention without an id": 2}
    pairs = pd.DataFrame({"drug": ["D1", "-1", "D1"], "gene": ["43(Tax:9606)", "43", "-1"]})
    tables = checked({"relations": pairs}, style="lower")
    assert tables.relations[["drug", "gene"]].to_numpy().tolist() == [
        ["chemical_mesh_d1", "gene_43"]
    ]
    assert set(tables.dropped) == {"relations: no drug", "relations: no gene"}


def test_tagged_identifiers_of_none_and_with_a_taxon():
    text = "Gene_43(Tax:9606) and gene_-1, Chemical_- bind gene_7; see (tax:1) -1"
    assert concept_text.tokens(text) == ["gene_43", "and", "bind", "gene_7", "see", "tax", "1", "1"]


def test_a_text_without_a_year_says_so():
    with pytest.raises(InputError, match="'document without a year': 1"):
        concept_text.read(FIELD / "bom.pubtator", {"102": 1990})


def test_tagged_text_with_a_mark_and_packed(tmp_path):
    for name, content in (
        ("a.tsv", "year\ttext\r\n1990\tgene_1\r\n"),
        ("a.jsonl", '{"year": 1990, "text": "gene_1"}'),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8-sig")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content.encode("utf-16")))
        for path in (tmp_path / name, tmp_path / f"{name}.gz"):
            assert said(concept_text.read(path)) == "gene_1"
    (tmp_path / "a.jsonl").write_text('{"year": 1990, "text": ["gene_1"]}')
    with pytest.raises(InputError, match=r"row 1: the text is \['gene_1'\]; expected a string"):
        concept_text.read(tmp_path / "a.jsonl")
