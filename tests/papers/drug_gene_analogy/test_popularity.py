"""The random baseline: closed form, simulation, NumPy's own draws, and the published numbers."""

import itertools

import drug_gene_tables
import numpy as np
import pandas
import pytest

from lmnotes.papers.drug_gene_analogy import popularity
from lmnotes.words.analogy import relations, tasks


def expected_top1(task):
    """Expected Top-1 in closed form: the mean over queries of their answers' probabilities."""
    p = popularity.shares(task)
    rows = pandas.Series([p[task.candidates[c]] for _, c in task.answers], task.answers[:, 0])
    return rows.groupby(level=0).sum().mean()


def task_of(pairs):
    return tasks.build(relations.from_pairs(pandas.DataFrame(pairs, columns=["d", "g"])))


PAIRS = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z"), ("c", "x"), ("d", "z")]


def expected_by_orders(task):
    """Expected Top-k and MRR by all orders without replacement and their probabilities."""
    p = popularity.shares(task)
    rights = [{task.candidates[c] for r, c in task.answers if r == row} for row in range(len(task))]
    totals = np.zeros(4)
    for order in itertools.permutations(p.index):
        chance, left = 1.0, 1.0
        for name in order:
            chance, left = chance * p[name] / left, left - p[name]
        best = np.array([min(order.index(name) for name in right) for right in rights]) + 1
        totals += chance * np.array([*((best <= k).mean() for k in (1, 2, 3)), (1 / best).mean()])
    return totals


def test_both_simulations_agree_with_all_orders():
    task = task_of(PAIRS)
    wanted = expected_by_orders(task)
    assert expected_top1(task) == pytest.approx(wanted[0], abs=1e-12)
    for method in popularity.METHODS:
        scores = popularity.simulate(task, n_repeats=10_000, method=method).scores()
        found = [scores[name] for name in ("top1", "top2", "top3", "mrr")]
        np.testing.assert_allclose(found, wanted, atol=4 * 0.5 / np.sqrt(40_000))


def test_the_legacy_draws_are_numpy_s_own():
    rng = np.random.default_rng(0)
    pairs = {(f"d{rng.integers(20)}", f"g{int(rng.exponential(5))}") for _ in range(80)}
    task = task_of(sorted(pairs))
    p = popularity.shares(task)
    theirs, ours = np.random.RandomState(3), np.random.RandomState(3)
    for _ in range(2):  # the stream goes on
        ranks = popularity.simulate(task, n_repeats=4, method="legacy", rng=ours).ranks
        for row, repeat in np.ndindex(ranks.shape):
            order = theirs.choice(len(p), len(p), replace=False, p=p.to_numpy())
            right = {task.candidates[c] for r, c in task.answers if r == row}
            first = next(i for i, g in enumerate(order, start=1) if p.index[g] in right)
            assert ranks[row, repeat] == first
    assert theirs.random_sample() == ours.random_sample()


def test_future_answers_are_drawn_from_known_and_later_pairs():
    pairs = pandas.DataFrame({"drug": list("aab"), "gene": list("xyx"), "year": [1990, 2005, 2010]})
    concepts = pandas.DataFrame({"concept": list("abxyz"), "kind": ["drug"] * 2 + ["gene"] * 3})
    task = tasks.build(relations.RelationSet(pairs, concepts), "Y2", year=2000)
    assert popularity.shares(task).to_dict() == {"x": 2 / 3, "y": 1 / 3}
    assert expected_top1(task) == pytest.approx(0.5)  # a: y, b: x


@pytest.mark.parametrize("method", popularity.METHODS)
def test_a_year_without_any_pair_has_no_scores(method):
    pairs = pandas.DataFrame({"drug": ["a"], "gene": ["x"], "year": [2005]})
    concepts = pandas.DataFrame({"concept": list("ax"), "kind": ["drug", "gene"], "year": 2000})
    task = tasks.build(relations.RelationSet(pairs, concepts), "Y2", year=1990)
    result = popularity.simulate(task, method=method)
    assert len(result) == 0 and np.isnan(result.scores()["top1"])


def test_refusals():
    with pytest.raises(ValueError, match="n_repeats = 0 was given; expected at least 1"):
        popularity.simulate(task_of(PAIRS), n_repeats=0)
    with pytest.raises(ValueError, match="method 'fast'"):
        popularity.simulate(task_of(PAIRS), method="fast")
    with pytest.raises(ValueError, match="method 'gumbel' was given; expected one of legacy"):
        popularity.simulate(task_of(PAIRS), rng=np.random.RandomState(0))


@drug_gene_tables.needed
def test_the_published_random_scores():
    """n of all 12 rows, and their expected Top-1 in closed form, to the printed digits.

    Of the seeded draws the first row only, to the printed digits: each row goes on with the stream
    of the one before, and all twelve take a minute.
    """
    wanted = drug_gene_tables.expected("expected_random_global")
    for row in wanted.itertuples():
        facts = drug_gene_tables.relation_set(row.embedding)
        task = tasks.build(facts, row.setting, direction=row.direction)
        assert len(task) == row.n
        exact = expected_top1(task)
        assert exact == pytest.approx(row.top1_exact_expectation, abs=6e-7)
        if (row.setting, row.direction, row.embedding) == ("G", "drug2gene", "bcv"):
            scores = popularity.simulate(task, method="legacy").scores()
            for name in (*(f"top{k}" for k in range(1, 11)), "mrr"):
                assert scores[name] == pytest.approx(getattr(row, name), abs=6e-7), name
            free = popularity.simulate(task).scores()  # another generator
            assert free["top10"] == pytest.approx(row.top10, abs=sampling_error(row, "top10"))


def sampling_error(row, measure):
    """4 standard errors of the difference of two independent shares of 10 n draws each."""
    share = getattr(row, measure)
    return 4 * np.sqrt(2 * share * (1 - share) / (10 * row.n)) + 1e-3


@drug_gene_tables.needed
@pytest.mark.parametrize("year", [1985, 2020])
def test_the_published_random_scores_of_a_year(year):
    """n and the expected Top-1 in closed form to the printed digits; Top-1 and Top-10 of the draws
    only within sampling error, since the order of the published draws is not known."""
    wanted = drug_gene_tables.expected("expected_random_year")
    facts = drug_gene_tables.of_year(year)
    for row in wanted[wanted.year == year].itertuples():
        task = tasks.build(facts, row.setting, year=year, direction=row.direction)
        assert len(task) == row.n
        exact = expected_top1(task)
        assert exact == pytest.approx(row.top1_exact_expectation, abs=6e-7)
        scores = popularity.simulate(task).scores()
        for name in ("top1", "top10"):
            assert scores[name] == pytest.approx(getattr(row, name), abs=sampling_error(row, name))
