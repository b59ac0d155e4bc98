"""Studies of drug-gene analogies: small worlds, published vectors and own text, on stand-ins."""

import json
from dataclasses import replace

import drug_gene_tables
import numpy as np
import pytest

from lmnotes.errors import InputError
from lmnotes.papers.drug_gene_analogy import (
    checks,
    live,
    numbers,
    planes,
    popularity,
    snapshots,
    world,
)
from lmnotes.papers.drug_gene_analogy import study as drug_gene
from lmnotes.papers.drug_gene_analogy import tables as analogy_tables
from lmnotes.words.analogy import prediction, tasks
from lmnotes.words.sgns import skipgram

TINY = world.Settings(n_pathways=3, n_decoy_genes=6, n_decoy_drugs=2, n_hubs=3, n_abstracts=500)
TRAINING = dict(dim=8, window=5, epochs=2, min_count=2, workers=1)


@pytest.fixture(scope="module")
def study(shared_home):
    return drug_gene.small_worlds([1], [2000, 2023], settings=TINY, **TRAINING)


@pytest.fixture
def tables(tmp_path):
    """A folder of tables: three drugs, three targets, two pathways."""
    pairs = [("D1", "11"), ("D2", "12"), ("D3", "13"), ("D3", "11")]
    rows = "".join(f"{d},{g},1,1\n" for d, g in pairs)
    drugs, genes = ["D1", "D2", "D3"], ["11", "12", "13"]
    members = {
        kind: "".join(f"hsa1,{one},1,1\n" for one in ones)
        for kind, ones in (("mesh_id", drugs), ("entrez_id", genes))
    }
    files = {
        "relations": "mesh_id,entrez_id,in_bcv,in_homemade\n" + rows,
        "drugs": "mesh_id,name\n" + "".join(f"{d},Drug {d}\n" for d in drugs),
        "genes": "entrez_id,symbol\n" + "".join(f"{g},G{g}\n" for g in genes),
        "pathways": "hsa,name\nhsa1,First\n",
        "pathway_drugs": "hsa,mesh_id,in_bcv,in_homemade\n" + members["mesh_id"],
        "pathway_genes": "hsa,entrez_id,in_bcv,in_homemade\n" + members["entrez_id"],
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def test_published_vectors_with_tables_solve_what_was_planted(tables):
    rng = np.random.default_rng(0)
    places, shift = rng.normal(size=(3, 6)), np.full(6, 4.0)
    words = {f"Chemical_MESH_D{i + 1}": places[i] for i in range(3)}
    words |= {f"Gene_{i + 11}": places[i] + shift for i in range(3)}
    words |= {f"Gene_{i}": rng.normal(size=6) + shift for i in range(50, 60)}
    words |= {"Disease_MESH_D9": places[0], "general": places[1]}
    path = tables / "vectors.json"
    path.write_text(json.dumps({name: list(vector) for name, vector in words.items()}))
    study = drug_gene.published(path, tables)
    found = prediction.predict(study.final["real"], study.facts["real"], "G")
    assert found.scores()["top1"] == 1 and len(found.task.candidates) == 13
    assert study.symbols["Gene_11"] == "G11" and study.years == []
    assert set(study.final["real"].words) == {w for w in words if w.startswith(("Gene", "Chem"))}
    sizes = drug_gene.size(study).set_index("statistic")["real"]
    assert (sizes["D"], sizes["G"], sizes["R"], sizes["P"]) == (3, 3, 4, 1)


def test_what_published_vectors_lack_is_said(tables):
    path = tables / "vectors.json"
    path.write_text('{"gene_11": [1, 2], "chemical_mesh_d1": [0, 1]}')
    with pytest.raises(InputError, match="without tables: expected a folder with relations"):
        drug_gene.published(path, "")
    with pytest.raises(InputError, match=r"none of 4 relations has vectors.*choose vocabulary="):
        drug_gene.published(path, tables)
    with pytest.raises(InputError, match=r"has no relations\.csv"):
        drug_gene.published(path, tables / "elsewhere")
    assert drug_gene.published(path, tables, "homemade").facts["real"].relations.shape[0] == 4


def test_own_text_gives_snapshots_and_years(tables):
    said = "chemical_mesh_d1 gene_11 word " * 4
    lines = [
        {"year": 1990 + i // 4, "text": said + f"chemical_mesh_d{i % 3 + 1} gene_1{i % 3 + 1}"}
        for i in range(12)
    ]
    (tables / "text.jsonl").write_text("\n".join(map(json.dumps, lines)))
    study = drug_gene.own_text(tables / "text.jsonl", tables, [1991, 1992], dim=4, epochs=1)
    assert study.years == [1991, 1992] and study.worlds == ["real"]
    years = study.facts["real"].relations.set_index(["drug", "gene"]).year
    assert years["chemical_mesh_d1", "gene_11"] == 1990


def test_snapshots_are_those_of_single_trainings(study):
    text = study.literature["world 1"].text.until(2000)
    alone = skipgram.train(
        text, dim=8, window=5, epochs=2, min_count=2, seed=1, workers=1, keep=False, progress=False
    )
    found = study.snapshots["world 1", 2000]
    assert found.words == alone.words and np.array_equal(found.input, alone.input)
    assert study.final["world 1"] is study.snapshots["world 1", 2023]


def test_warm_snapshots_begin_with_the_one_before(study):
    until = {1: study.literature["world 1"].text.until}
    warm = snapshots.train(until, [2000, 2023], warm_epochs=1, keep=False, **TRAINING)
    first = study.snapshots["world 1", 2000]
    assert np.array_equal(warm[1, 2000].input, first.input)
    expected = skipgram.train(
        until[1](2023),
        dim=8,
        window=5,
        epochs=1,
        min_count=2,
        seed=1,
        workers=1,
        start=first,
        keep=False,
        progress=False,
    )
    assert np.array_equal(warm[1, 2023].input, expected.input)
    begun = replace(study, snapshots={("world 1", year): v for (_, year), v in warm.items()})
    spent = analogy_tables.starts(study, begun).set_index(["start", "year"]).million_tokens
    assert spent["warm", 2023] == warm[1, 2023].counts.sum() / 1e6
    assert spent["cold", 2023] == 2 * spent["warm", 2023]  # epochs
    with pytest.raises(ValueError, match="0 texts and years"):
        snapshots.train({}, [2000])


def test_scores_by_year_are_those_of_single_predictions(study):
    table = analogy_tables.by_year(study, ["Y1", "Y2"])
    again = analogy_tables.by_year(study, ["Y1", "Y2"])  # from disk
    assert table.equals(again)
    row = table[(table.setting == "Y2") & (table.year == 2000)].iloc[0]
    found = prediction.predict(
        study.snapshots["world 1", 2000], study.facts["world 1"], "Y2", year=2000
    )
    assert row.mrr == pytest.approx(found.scores()["mrr"]) and row.n == len(found)
    assert not ((table.setting == "Y2") & (table.year == 2023)).any()  # nothing is left unknown


def test_a_gain_is_held_over_the_worlds(study):
    found = analogy_tables.answers(study, "G")
    chance = {w: popularity.simulate(result.task) for w, result in found.items()}
    gain = analogy_tables.gain(found, chance)
    of_world = [found[w].scores()["top1"] - chance[w].scores()["top1"] for w in found]
    assert gain["value"] == pytest.approx(np.mean(of_world)) and gain["n_seeds"] == len(found)
    assert gain["interval"][0] <= min(of_world) and max(of_world) <= gain["interval"][1]


def test_pathways_and_fractions(study):
    table = analogy_tables.pathways(study, "world 1")
    found = analogy_tables.answers(study, "P1")["world 1"]
    assert table.n_queries.sum() == len(found)
    assert (table.mrr * table.n_queries).sum() / len(found) == pytest.approx(found.scores()["mrr"])
    assert table.cosine.between(-1, 1).all()
    curve = analogy_tables.fractions(study, "world 1", steps=3, dim=4)
    assert set(curve.method) == {"analogy", "TransE"} and curve.fraction.nunique() == 6
    kept = curve[curve.protocol.str.endswith("kept")].set_index(["method", "fraction"]).mrr
    removed = curve[curve.protocol.str.endswith("removed")].set_index(["method", "fraction"]).mrr
    assert (removed - kept >= -1e-12).all()  # removing known answers never lowers a rank


def test_planes_show_vectors_at_their_place(study):
    vectors = study.final["world 1"]
    facts = study.facts["world 1"].within(vectors.ids)
    task = tasks.build(facts, "G")
    here = planes.of_relations(vectors, task, 6)
    assert here.points.kind.tolist() == ["drug"] * 6 + ["gene"] * 6
    placed = here.place(prediction.vectors_of(vectors, here.points.name))
    assert np.allclose(placed, here.points[["x", "y"]])
    names = here.points.name.to_numpy()[here.pairs]
    known = set(map(tuple, facts.relations[["drug", "gene"]].to_numpy()))
    assert {tuple(pair) for pair in names} <= known
    mean = prediction.vectors_of(vectors, task.base["answer"]).mean(axis=0)
    assert np.allclose(here.ends[1], here.place(mean[None])[0])
    one = tasks.build(facts, "P1")
    pathway = one.training.group.iloc[0]
    inside = planes.of_pathway(vectors, one, pathway, [])
    assert (
        len(inside.pairs) == (one.training.group == pathway).sum() and inside.points.related.all()
    )


def test_every_number_of_the_tables_has_its_claim():
    from lmnotes.notebook import card

    claims = card.for_notebook("05_drug_gene_analogy").claims
    theirs = checks.published("statistics").set_index("statistic")
    for id, value, note in numbers.measured({}):
        assert id in claims and np.isnan(value) and "tables" in note
        if id.startswith("stat_"):
            _, vocabulary, statistic = id.split("_", 2)
            assert claims[id].published == theirs[vocabulary][statistic]


@drug_gene_tables.needed
def test_kegg_s_own_lists_give_the_authors_pairs():
    known = drug_gene_tables.relation_set("bcv")
    assert numbers.rebuilt_pairs(drug_gene_tables.FOLDER, known) == len(known.relations) == 6645


@pytest.fixture(scope="module")
def results(study):
    return analogy_tables.methods(study)


def test_methods_take_one_thing_away_at_a_time(study, results):
    assert list(results) == list(analogy_tables.METHODS)
    bare = analogy_tables.answers(study, "G", vector="none", centre=False)["world 1"]
    assert results["G, no vector, not centred"]["world 1"].ranks.tolist() == bare.ranks.tolist()
    assert results["P1'"]["world 1"].task.direction == "gene2drug"
    guess = results["P2', random"]["world 1"]
    assert guess.settings["method"] == "random" and guess.task.setting == "P2"
    in_words = analogy_tables.in_words(analogy_tables.scores(results))
    assert in_words.block.nunique() == 4 and len(in_words) == len(results)


def test_predictions_mark_the_targets(study, results):
    table = analogy_tables.predictions(results, "world 1", study.symbols, n=3)
    relations = study.facts["world 1"].relations.replace(study.symbols)
    for row in table[table.setting == "G"].itertuples():
        genes = row[3].split()
        known = set(relations.gene[relations.drug == row.drug])
        assert len(genes) == 10 and {g[1:] for g in genes if g[0] == "*"} == known & {
            g.strip("*") for g in genes
        }


def test_the_length_one_is_the_method_and_zero_is_none(study, results):
    table = analogy_tables.strengths(study).set_index(["centre", "scale"]).top1
    for centre, scale, name in ((True, 1.0, "G"), (True, 0.0, "G, no vector")):
        assert table[centre, scale] == pytest.approx(results[name]["world 1"].scores()["top1"])


def test_nulls_and_answer_sets(study, results):
    table = analogy_tables.nulls(study, results, 2)
    assert table.null.nunique() == 3 and len(table) == 6 and (table.p >= 1 / 3).all()
    assert set(table.real[table.null.str.startswith("P1")]) == {
        results["P1"]["world 1"].scores()["mrr"]
    }
    facts = study.facts["world 1"].within(study.final["world 1"].ids)
    sets = analogy_tables.answer_sets(facts)
    assert np.allclose(sets.groupby(["direction", "setting"]).share.sum(), 1)


def test_the_story_is_told_in_order(study):
    told = analogy_tables.story(study, "world 1")
    facts = study.facts["world 1"].relations.set_index(["drug", "gene"]).year
    life = told["life"]
    assert life.year.is_monotonic_increasing
    published = life.year[life["what happens"].str.startswith("it is published")].item()
    assert published == facts[told["drug"], told["gene"]]
    places = life[life["what happens"].str.contains("at place")]
    assert len(places) == 1 and (places.year < published).all()  # of the snapshot of 2000


def test_parts_are_taken_out_one_at_a_time():
    how = {"settings": TINY, **TRAINING}
    table = analogy_tables.without_parts(["hubs"], 2000, 2023, 1, **how)
    assert table.world.unique().tolist() == ["as it is", "without hubs"]
    assert (
        table.question.nunique() == 3 and table[["value", "baseline"]].stack().between(0, 1).all()
    )


def test_views_stand_still_while_they_move(study, headless):
    vectors = study.final["world 1"]
    task = tasks.build(study.facts["world 1"].within(vectors.ids), "G")
    view = live.watch_the_arrow(vectors, task, planes.of_relations(vectors, task, 6), study.symbols)
    drawn = [figure for _, figure in view.frames]
    assert len(drawn) > 5
    for number in (0, 1):
        axes = [figure.axes[number] for figure in drawn]
        assert len({(ax.get_xlim(), *(ax.get_ylim())) for ax in axes}) == 1
    curve = analogy_tables.by_year(study, ["Y2"])
    asked = live.slide_the_year(study, curve)
    figure = asked.stills[0][1]
    wait = np.median(figure.axes[1].collections[0].get_offsets()[:, 0]) - 2000
    told = f"{curve.n[0]} drugs asked in 2000;\nhalf of the hits are published after {wait:g} years"
    assert figure.axes[1].get_title() == told
    n_drawn = sum(len(points.get_offsets()) for points in figure.axes[1].collections)
    assert n_drawn == curve.n[0]
