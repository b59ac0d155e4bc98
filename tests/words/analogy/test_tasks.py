"""The settings of relation tasks against sets written out, and the identities of the method."""

import itertools

import drug_gene_tables
import numpy as np
import pandas
import pytest

from lmnotes.words.analogy import four_words, prediction, scores, tasks
from lmnotes.words.analogy import relations as tables
from lmnotes.words.analogy import vectors as relation_vectors

YEAR = 1990
ARROWS = tasks.DIRECTIONS


def random_facts(seed=0, n_drugs=14, n_genes=17, n_pathways=5):
    """Relations with years, some missing, and pathways, some too small."""
    rng = np.random.default_rng(seed)
    drugs, genes = (
        [f"{kind}{i}" for i in range(n)] for kind, n in (("d", n_drugs), ("g", n_genes))
    )
    pairs = [pair for pair in itertools.product(drugs, genes) if rng.random() < 0.15]
    years = rng.integers(1975, 2010, len(pairs)).astype(float)
    years[rng.random(len(pairs)) < 0.2] = np.nan
    pairs = pandas.DataFrame(pairs, columns=["drug", "gene"]).assign(year=years)
    concepts = pandas.DataFrame(
        {
            "concept": drugs + genes,
            "kind": ["drug"] * n_drugs + ["gene"] * n_genes,
            "year": rng.integers(1950, 1995, n_drugs + n_genes),
        }
    )
    members = [
        (f"p{p}", name, kind)
        for p in range(n_pathways)
        for name, kind in zip(concepts.concept, concepts.kind, strict=True)
        if rng.random() < 0.15 * p
    ]
    members = pandas.DataFrame(members, columns=["pathway", "concept", "kind"])
    return tables.RelationSet(pairs.astype({"year": "Int64"}), concepts, members)


def random_vectors(facts, dim=6, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=dim) for name in facts.concepts.concept}


def by_sets(facts, setting, year):
    """(group, query) -> answers, known; and group -> training pairs, from the definitions."""

    def pairs(table):
        return set(zip(table.drug, table.gene, strict=True))

    concept_year = dict(zip(facts.concepts.concept, facts.concepts.year, strict=True))
    dated = facts.relations[facts.relations.year.notna()]
    dated = [
        row
        for row in dated.itertuples()
        if max(concept_year[row.drug], concept_year[row.gene]) <= year
    ]
    known = {(r.drug, r.gene) for r in dated if r.year <= year}
    later = {(r.drug, r.gene) for r in dated if r.year > year}
    every = pairs(facts.relations)
    future = setting.endswith("Y2")
    asked, training = (later, known) if future else (every, every)
    if "P" not in setting:
        queries = {
            ("all", d): (
                {g for e, g in asked if e == d},
                {g for e, g in known if e == d and future},
            )
            for d, _ in asked
        }
        return queries, {"all": training}
    queries, vectors = {}, {}
    for p, part in facts.membership.groupby("pathway"):
        names = {n for n in part.concept if not future or concept_year[n] <= year}
        inside = {(d, g) for d, g in every if d in names and g in names}
        counted = inside & (known | later) if future else inside
        if min(len({d for d, _ in counted}), len({g for _, g in counted})) < 2:
            continue
        if not training & inside:
            continue
        vectors[p] = training & inside
        right = asked & inside if setting.startswith("P1") else asked
        removed = known & inside if setting.startswith("P1") else known
        for d in {d for d, _ in right if d in names}:
            queries[p, d] = (
                {g for e, g in right if e == d},
                {g for e, g in removed if e == d and future},
            )
    return queries, vectors


def as_sets(task):
    keys = list(zip(task.queries.group, task.queries["query"], strict=True))
    answered = {key: (set(), set()) for key in keys}
    for place, pairs in enumerate((task.answers, task.known)):
        for row, candidate in pairs:
            answered[keys[row]][place].add(task.candidates[candidate])
    training = {
        group: set(zip(part["query"], part.answer, strict=True))
        for group, part in task.training.groupby("group")
    }
    return answered, training


@pytest.mark.parametrize("setting", tasks.SETTINGS)
@pytest.mark.parametrize("direction", ARROWS)
def test_every_setting_against_sets_written_out(setting, direction):
    for seed in range(3):
        facts = random_facts(seed)
        task = tasks.build(facts, setting, year=YEAR, direction=direction)
        side = facts if direction == "drug2gene" else facts.reversed()
        assert as_sets(task) == by_sets(side, setting, YEAR)
        assert task.candidates == side.members("gene") and task.asked == side.members("drug")
        assert len(task) > 3


def test_one_pathway_with_everything_makes_p1_and_p2_equal_g():
    facts = random_facts()
    members = facts.concepts[["concept", "kind"]].assign(pathway="p")
    facts = tables.RelationSet(facts.relations, facts.concepts, members)
    vectors = random_vectors(facts)
    results = [prediction.predict(vectors, facts, name) for name in ("G", "P1", "P2")]
    ranks = [r.queries.set_index("query")["rank"].sort_index() for r in results]
    assert ranks[0].equals(ranks[1]) and ranks[0].equals(ranks[2])


def test_in_the_last_year_y1_is_g_and_nothing_is_unknown():
    facts = random_facts()
    vectors = random_vectors(facts)
    first = prediction.predict(vectors, facts, "G").scores()
    assert prediction.predict(vectors, facts, "Y1", year=2023).scores() == first
    last = prediction.predict(vectors, facts, "Y2", year=2023)
    assert len(last) == 0 and np.isnan(last.scores()["mrr"])


def vectors_by_group(facts, direction="drug2gene", setting="P1", **how):
    vectors = random_vectors(facts)
    task = tasks.build(facts, setting, direction=direction)
    answered = relation_vectors.estimate(
        task, lambda words: prediction.vectors_of(vectors, words), **how
    )
    return dict(zip(answered.groups, answered.of_groups, strict=True)), task, vectors, answered


def test_the_reverse_vector_is_the_negative():
    facts = random_facts()
    there, back = (vectors_by_group(facts, direction)[0] for direction in ARROWS)
    assert set(there) == set(back) and len(there) > 1
    for group in there:
        np.testing.assert_allclose(there[group], -back[group], atol=1e-12)


def test_exchanged_partners_give_the_same_vector():
    facts = random_facts()
    rng = np.random.default_rng(0)
    pairs = facts.relations.assign(gene=rng.permutation(facts.relations.gene.to_numpy()))
    vectors = random_vectors(facts)
    rows = [
        np.column_stack([p.drug.str[1:].astype(int), p.gene.str[1:].astype(int)])
        for p in (facts.relations, pairs)
    ]
    sides = [prediction.vectors_of(vectors, facts.members(kind)) for kind in tables.KINDS]
    first, second = (relation_vectors.mean_difference(*sides, pair) for pair in rows)
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_the_query_is_the_drug_s_deviation_plus_the_targets_pull():
    """u_d + v - c = (u_d - m_D) + (m_G - c)."""
    facts = random_facts()
    _, task, vectors, answered = vectors_by_group(facts, setting="G")
    drugs, genes = (np.array([vectors[n] for n in facts.relations[kind]]) for kind in tables.KINDS)
    centroid = np.mean([vectors[name] for name in task.candidates], axis=0)
    asked = np.array([vectors[name] for name in task.queries["query"]])
    pull = genes.mean(axis=0) - centroid
    np.testing.assert_allclose(
        asked + answered.of_queries - centroid, asked - drugs.mean(axis=0) + pull, atol=1e-12
    )


def test_predictions_against_the_formula_query_by_query():
    facts = random_facts()
    for setting, direction, centre in itertools.product(("G", "P2", "P1Y2"), ARROWS, (True, False)):
        task = tasks.build(facts, setting, year=YEAR, direction=direction)
        vectors = random_vectors(facts)
        result = prediction.answer(vectors, task, centre=centre)
        queries, training = as_sets(task)
        genes = np.array([vectors[name] for name in task.candidates])
        centroid = genes.mean(axis=0) if centre else 0
        for (group, query), rank in zip(queries, result.ranks[:, 0], strict=True):
            v = np.mean([vectors[g] - vectors[d] for d, g in training[group]], axis=0)
            moved = vectors[query] + v - centroid
            right, known = queries[group, query]
            cosine = {
                name: moved @ (u - centroid) / np.linalg.norm(moved) / np.linalg.norm(u - centroid)
                for name, u in zip(task.candidates, genes, strict=True)
                if name not in known
            }
            best = max(cosine[name] for name in right)
            assert rank == 1 + sum(value > best for value in cosine.values())


def test_a_constant_added_to_all_genes_changes_no_centred_score():
    facts = random_facts()
    vectors = random_vectors(facts)
    shift = np.arange(6.0)
    moved = {name: u + shift * name.startswith("g") for name, u in vectors.items()}
    for setting in ("G", "P1"):
        first, second = (prediction.predict(v, facts, setting) for v in (vectors, moved))
        assert first.queries.equals(second.queries)
        np.testing.assert_allclose(first.ranking.cosine, second.ranking.cosine, atol=1e-6)


def test_leaving_out_own_pairs_against_a_loop():
    facts = random_facts()
    for setting in ("G", "P1", "P2", "P1Y2"):
        vectors = random_vectors(facts)
        task = tasks.build(facts, setting, year=YEAR)
        answered = relation_vectors.estimate(
            task,
            lambda words, vectors=vectors: prediction.vectors_of(vectors, words),
            "leave_one_out",
        )
        n_fallback = 0
        for row, (group, query) in enumerate(task.queries.itertuples(index=False)):
            pairs = task.training[(task.training.group == group)]
            pairs = pairs[pairs["query"] != query]
            if not len(pairs):
                n_fallback += 1
                pairs = task.base[task.base["query"] != query]
            each = zip(pairs["query"], pairs.answer, strict=True)
            v = np.mean([vectors[g] - vectors[d] for d, g in each], axis=0)
            np.testing.assert_allclose(answered.of_queries[row], v, atol=1e-12)
        assert answered.n_fallback == n_fallback


def test_a_single_pair_left_out_leaves_no_vector():
    """With its own pair as fallback, u_d + v would be the answer itself."""
    facts = tables.from_pairs(pandas.DataFrame({"a": ["d"], "b": ["g"]}), candidates=["h"])
    vectors = {"d": [1.0, 0], "g": [0, 1.0], "h": [1.0, 0.1]}
    answered = prediction.predict(vectors, facts, vector="leave_one_out", centre=False)
    none = prediction.predict(vectors, facts, vector="none", centre=False)
    assert answered.ranks.tolist() == none.ranks.tolist() == [[2]]
    assert answered.settings["n_fallback"] == 1


def test_kinds_of_vectors():
    facts = random_facts()
    mean, task, vectors, _ = vectors_by_group(facts)
    whole = vectors_by_group(facts, kind="global")[0]
    everything = vectors_by_group(facts, setting="G")[0]["all"]
    assert all(np.allclose(v, everything) for v in whole.values())
    swapped = vectors_by_group(facts, kind="swapped")[0]
    assert all(not np.allclose(swapped[g], mean[g]) for g in mean)
    assert np.allclose(sum(swapped.values()), sum(mean.values()))
    assert not vectors_by_group(facts, kind="none")[3].of_queries.any()
    unweighted = vectors_by_group(facts, setting="G", weighting="concepts")[0]["all"]
    sides = [np.mean([vectors[n] for n in facts.members(kind)], axis=0) for kind in tables.KINDS]
    np.testing.assert_allclose(unweighted, sides[1] - sides[0], atol=1e-12)
    group = task.training.group[0]
    part = task.training[task.training.group == group]
    unweighted = vectors_by_group(facts, weighting="concepts")[0][group]
    sides = [np.mean([vectors[n] for n in part[c].unique()], axis=0) for c in ("query", "answer")]
    np.testing.assert_allclose(unweighted, sides[1] - sides[0], atol=1e-12)
    assert np.allclose(
        prediction.answer(vectors, task, scale=0).ranks,
        prediction.answer(vectors, task, vector="none").ranks,
    )


def offset_world(seed=0, n=40, dim=12):
    """Drugs with one target each, at a common offset, and genes without drugs around the drugs."""
    rng = np.random.default_rng(seed)
    pairs = pandas.DataFrame(
        {"drug": [f"d{i}" for i in range(n)], "gene": [f"g{i}" for i in range(n)]}
    )
    offset = np.full(dim, 3.0)
    vectors = {f"d{i}": rng.normal(size=dim) for i in range(n)}
    vectors |= {f"g{i}": vectors[f"d{i}"] + offset + 0.3 * rng.normal(size=dim) for i in range(n)}
    vectors |= {f"h{i}": rng.normal(size=dim) for i in range(n)}
    return tables.from_pairs(pairs, candidates=[f"h{i}" for i in range(n)]), vectors


def test_a_true_offset_is_found_and_a_shuffled_one_is_worse():
    facts, vectors = offset_world()
    task = tasks.build(facts)
    real = prediction.answer(vectors, task)
    assert real.scores()["top1"] > 0.9
    null = prediction.null(vectors, task, n_permutations=19)
    assert null.top1.max() < real.scores()["top1"] and null.attrs["p"]["top1"] == 1 / 20
    assert null.attrs["p"]["mrr"] == 1 / 20 and len(null) == 19
    value, (low, high) = scores.difference(real, prediction.answer(vectors, task, vector="none"))
    assert 0 < low <= value <= high


def test_google_s_questions_are_solved_as_by_3cosadd():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(50)]
    values = rng.normal(size=(50, 8))
    rows = np.array([rng.permutation(50)[:4] for _ in range(60)])
    for row in rows[:20]:
        values[row[3]] = values[row[1]] - values[row[0]] + values[row[2]] + rng.normal(size=8) * 0.2
    questions = pandas.DataFrame(rows, columns=[f"row_{x}" for x in "abcd"])
    for x in "abcd":
        questions[x] = [words[row] for row in questions[f"row_{x}"]]
    questions["category"] = ["first"] * 30 + ["second"] * 30
    result = prediction.solve(dict(zip(words, values, strict=True)), questions)
    right = four_words.answer(values, questions, [8])[:, 0]
    assert ((result.ranks[:, 0] == 1) == right).all() and 10 < right.sum() < 50
    assert result.queries.category.tolist() == questions.category.tolist()


def test_a_question_with_two_answers_is_asked_once_and_both_are_right():
    rng = np.random.default_rng(0)
    vectors = {name: rng.normal(size=4) for name in "abcxy"}
    rows = [["a", "b", "c", "x"], ["a", "b", "c", "y"]]
    questions = pandas.DataFrame(rows, columns=list("abcd"))
    result = prediction.solve(vectors, questions)
    assert len(result) == 1 and result.queries.n_answers[0] == 2 and result.ranks[0, 0] == 1
    few = prediction.solve(
        vectors, questions, candidates=["x", "y"]
    )  # a, b and c need not be there
    assert set(few.predictions("c").candidate) == {"x", "y"}
    with pytest.raises(ValueError, match="2 answers such as 'x' are no candidates"):
        prediction.solve(vectors, questions, candidates=["b"])


def test_countries_and_capitals_in_one_vocabulary():
    """The one asked cannot answer itself, though it is a candidate."""
    vectors = {
        "france": [1.0, 0, 0],
        "japan": [0, 1.0, 0],
        "paris": [1.0, 0, 0.1],
        "tokyo": [0, 1.0, 0.1],
    }
    pairs = pandas.DataFrame({"country": ["france", "japan"], "capital": ["paris", "tokyo"]})
    result = prediction.predict(vectors, tables.from_pairs(pairs, candidates=vectors), centre=False)
    assert result.scores()["top1"] == 1
    assert "france" not in result.predictions("france").candidate.tolist()


def test_refusals():
    facts, vectors = offset_world()
    with pytest.raises(ValueError, match="setting 'P3' was given"):
        prediction.predict(vectors, facts, "P3")
    with pytest.raises(ValueError, match="without a year"):
        prediction.predict(vectors, facts, "Y2")
    with pytest.raises(ValueError, match="direction 'gene'"):
        prediction.predict(vectors, facts, direction="gene")
    with pytest.raises(ValueError, match="vector 'best'"):
        prediction.predict(vectors, facts, vector="best")
    with pytest.raises(ValueError, match="n_permutations = 0 was given; expected at least 1"):
        prediction.null(vectors, tasks.build(facts), n_permutations=0)
    with pytest.raises(ValueError, match="year '1990'"):
        prediction.predict(vectors, facts, "Y2", year="1990")
    with pytest.raises(ValueError, match="shuffled with"):  # the means of all would stay the same
        prediction.predict(vectors, facts, vector="shuffled", weighting="concepts")
    with pytest.raises(KeyError, match=r"no vector for 'g0'.*expected .*within"):
        some = {name: u for name, u in vectors.items() if name != "g0"}
        prediction.answer(some, tasks.build(facts))
    with pytest.raises(ValueError, match="leave_one_out with"):
        prediction.predict(vectors, facts, vector="leave_one_out", weighting="concepts")
    with pytest.raises(ValueError, match="two or more pathways"):
        prediction.predict(vectors, facts, vector="swapped")
    dated = tables.RelationSet(facts.relations.assign(year=2000), facts.concepts)
    with pytest.raises(ValueError, match="no known pair"):
        prediction.predict(vectors, dated, "Y2", year=1990)
    with pytest.raises(KeyError, match="was not asked"):
        prediction.predict(vectors, facts).predictions("g1")


@drug_gene_tables.needed
@pytest.mark.parametrize("year", [1975, 2015])
def test_the_published_numbers_of_a_year(year):
    facts = drug_gene_tables.of_year(year)
    wanted = drug_gene_tables.expected("expected_stats_year", dtype={"queries": str})
    for row in wanted[wanted.year == year].itertuples():
        task = tasks.build(facts, row.setting, year=year, direction=row.direction)
        answered = task.describe()
        low, *high = row.queries.split("..")  # bounds where the vocabulary is not known
        assert int(low) <= answered["n_queries"] <= int(*(high or [low])), row
        if row.setting in ("Y1", "P2Y1"):
            continue
        assert (answered["n_pairs"], answered["n_answers"]) == (row.relations_U, int(row.answers))
        assert answered["mean_answers_macro"] == pytest.approx(row.E_U, abs=1e-12)
        if row.setting == "Y2":
            known = task.training
            assert len(known) == row.relations_L
            assert len(known) / known["query"].nunique() == pytest.approx(row.E_L, abs=1e-12)
        else:
            assert answered["n_groups"] == row.pathways
        if row.setting in ("P1Y2", "P2Y2"):
            assert answered["mean_known_macro"] == pytest.approx(row.E_L, abs=1e-12)
