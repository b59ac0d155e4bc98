"""Ranks against a plain loop, ties, removal, and the scores made of ranks."""

import numpy as np
import pandas
import pytest
import scipy.stats

from lmnotes.words.analogy import ranking, relations, scores, tasks


def problem(n_queries=30, n_candidates=700, dim=8, seed=0, most_answers=3, n_known=4):
    rng = np.random.default_rng(seed)
    queries, candidates = rng.normal(size=(n_queries, dim)), rng.normal(size=(n_candidates, dim))
    drawn = [rng.permutation(n_candidates) for _ in range(n_queries)]
    answers = [
        (q, c) for q in range(n_queries) for c in drawn[q][: rng.integers(1, most_answers + 1)]
    ]
    known = [(q, c) for q in range(n_queries) for c in drawn[q][10 : 10 + n_known]]
    return queries, candidates, np.array(answers), np.array(known)


def by_loop(queries, candidates, answers, known, k):
    """1 + how many lie strictly above the best answer, and the first k, one query at a time."""
    ranks, tops = [], []
    unit = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    for row, query in enumerate(queries / np.linalg.norm(queries, axis=1, keepdims=True)):
        cosine = np.array([(query * u).sum() for u in unit])
        cosine[known[known[:, 0] == row, 1]] = -np.inf
        best = cosine[answers[answers[:, 0] == row, 1]].max()
        ranks.append(1 + (cosine > best).sum())
        tops.append(np.argsort(-cosine, kind="stable")[:k])
    return np.array(ranks), np.array(tops)


@pytest.mark.parametrize("n_candidates", [11, 40, 700])
@pytest.mark.parametrize("device", ["cpu", "torch"])
def test_ranks_and_first_candidates_against_a_loop(n_candidates, device, monkeypatch):
    monkeypatch.setattr(ranking, "BLOCK", 7)
    if device == "torch":  # the way of a GPU, on the processor
        device = "cpu:0"
    n_known = 4 if n_candidates > 20 else 1
    queries, candidates, answers, known = problem(n_candidates=n_candidates, n_known=n_known)
    ranked = ranking.rank(queries, candidates, answers, known, k=5, device=device)
    ranks, tops = by_loop(queries, candidates, answers, known, 5)
    assert (ranked.rank == ranks).all() and (ranked.top == tops).all()
    assert (np.diff(ranked.cosine, axis=1) <= 0).all() and ranked.rank.max() > 1


def test_ties_are_optimistic_and_near_ties_are_told_apart():
    rng = np.random.default_rng(0)
    query = rng.normal(size=300)
    query /= np.linalg.norm(query)
    other = rng.normal(size=300)
    other -= (other @ query) * query
    other /= np.linalg.norm(other)

    def at(cosine):
        return cosine * query + np.sqrt(1 - cosine**2) * other

    near = [at(0.5 + step * 1e-9) for step in (-2, -1, 0, 1, 2)]  # below float32's rounding
    candidates = np.array([at(0.1), near[2], near[4], near[0], near[3], near[1], at(0.9)])
    for device in ("cpu", "cpu:0"):
        ranks = [
            ranking.rank(query[None], candidates, [[0, c]], device=device).rank[0]
            for c in range(len(candidates))
        ]
        assert ranks == [7, 4, 2, 6, 3, 5, 1]
        twins = np.array([candidates[1], candidates[1], 4 * candidates[1], candidates[6]])
        ranks = [
            ranking.rank(query[None], twins[:n], [[0, 0]], device=device).rank[0] for n in (1, 2, 4)
        ]
        assert ranks == [1, 1, 2]


def test_removing_known_answers_never_lowers_the_mrr():
    for seed in range(5):
        queries, candidates, answers, known = problem(seed=seed)
        ranks = [
            ranking.rank(queries, candidates, answers, *pairs).rank for pairs in ((), (known,))
        ]
        assert (ranks[1] <= ranks[0]).all()


def test_fewer_candidates_than_asked_for():
    ranked = ranking.rank(np.eye(2), np.eye(2), [[0, 0], [1, 1]], [[0, 1]], k=10)
    assert ranked.top.tolist() == [[0, -1], [1, 0]] and ranked.rank.tolist() == [1, 1]


def test_a_candidate_without_length_has_cosine_zero():
    ranked = ranking.rank(np.array([[1.0, 0]]), np.array([[0, 0], [-1.0, 0]]), [[0, 0]], k=2)
    assert ranked.rank[0] == 1 and ranked.cosine[0].tolist() == [0, -1]


def test_refusals():
    queries, candidates, answers, _ = problem()
    with pytest.raises(ValueError, match="take both from one embedding"):
        ranking.rank(queries[:, :3], candidates, answers)
    with pytest.raises(ValueError, match="number them from 0"):
        ranking.rank(queries, candidates[:5], answers)
    with pytest.raises(ValueError, match="have no answer"):
        ranking.rank(queries, candidates, answers[answers[:, 0] > 0])
    with pytest.raises(ValueError, match="have no answer"):
        ranking.rank(queries, candidates, answers, answers)
    with pytest.raises(ValueError, match="squared length 0"):
        ranking.rank(queries * (np.arange(30) != 3)[:, None], candidates, answers)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_candidate_that_is_no_vector_is_refused(device, bad):
    """It would be compared with nothing, and an answer that it is would come first."""
    queries, candidates, answers, _ = problem()
    candidates[answers[0, 1], 2] = bad
    with pytest.raises(
        ValueError, match=rf"candidates has .* finite, first at \({answers[0, 1]}, 2\)"
    ):
        ranking.rank(queries, candidates, answers, device=device)


def test_no_first_candidates_are_refused():
    queries, candidates, answers, _ = problem()
    with pytest.raises(ValueError, match="k = 0 was given; expected at least 1"):
        ranking.rank(queries, candidates, answers, k=0)


def result_of(ranks, groups=None, queries=None):
    ranks = np.asarray(ranks, float)
    pairs = pandas.DataFrame(
        {
            "group": groups or ["all"] * len(ranks),
            "query": queries or [f"q{i}" for i in range(len(ranks))],
            "answer": "x",
        }
    )
    task = tasks.make(["x"], [], pairs, pairs, pairs[:0], pairs, pairs, pairs, setting="P1")
    return scores.result(task, ranks, {"method": "by hand"})


def test_scores_by_hand():
    result = result_of([1, 2, 4, 20, np.inf])
    scores = result.scores()
    assert scores["n"] == 5 and (scores["top1"], scores["top3"], scores["top10"]) == (0.2, 0.4, 0.6)
    assert scores["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 20) / 5)
    repeated = result_of([[1, 2], [3, 1]])
    assert repeated.scores()["top1"] == 0.5 and repeated.queries["rank"].tolist() == [1.5, 2]


def test_micro_pools_and_macro_averages_groups():
    result = result_of([1, 1, 1, 2], groups=["p", "p", "p", "q"])
    assert result.scores()["top1"] == 0.75 and result.scores("macro")["top1"] == 0.5
    with pytest.raises(ValueError, match="average 'mean'"):
        result.scores("mean")


def test_intervals_draw_concepts_and_not_their_repetitions():
    rng = np.random.default_rng(0)
    hits = rng.integers(1, 3, 50)
    once = result_of(hits)
    names = [f"q{i}" for i in range(50)]
    groups, repeated = ["a", "b", "c", "d"] * 50, list(np.repeat(names, 4))
    several = result_of(np.repeat(hits, 4), groups=groups, queries=repeated)
    assert several.interval("top1") == pytest.approx(once.interval("top1"))
    low, high = once.interval("top1", n_bootstrap=4000)
    error = 1.96 * np.sqrt(0.25 / 50)
    share = once.scores()["top1"]
    assert low == pytest.approx(share - error, abs=0.03) and high == pytest.approx(
        share + error, abs=0.03
    )
    assert several.interval("top1", unit="group") == (share, share)


def test_differences():
    first, second = result_of([1, 1, 2, 3]), result_of([2, 1, 3, 4])
    value, (low, high) = scores.difference(first, second, "top1")
    assert value == 0.25 and low == 0 and high >= value
    same, ends = scores.difference(first, first)
    assert same == 0 and ends == (0, 0)
    with pytest.raises(ValueError, match="queries that differ"):
        scores.difference(first, result_of([1]))
    with pytest.raises(ValueError, match="ranks only"):
        first.predictions("q0")


def test_weighted_spearman_with_equal_weights_is_the_ordinary_one():
    rng = np.random.default_rng(0)
    x, y = rng.integers(1, 6, 60), rng.integers(1, 30, 60)
    ordinary = scipy.stats.spearmanr(x, y).statistic
    assert scores.weighted_spearman(x, y, np.full(60, 0.3)) == pytest.approx(ordinary, abs=1e-12)


def test_weighted_spearman_by_hand():
    """Weights 1, 2, 1, 2: both ties of x have 1 below them, and 1.5 times their mean of 1.5."""
    x, y, w = np.array([1, 2, 2, 3]), np.array([1, 2, 3, 4]), np.array([1.0, 2, 1, 2])
    ranks_x, ranks_y = np.array([1, 3.25, 3.25, 6]), np.array([1.0, 3, 4, 6])
    dx, dy = (r - np.average(r, weights=w) for r in (ranks_x, ranks_y))
    by_hand = (w * dx * dy).sum() / np.sqrt((w * dx * dx).sum() * (w * dy * dy).sum())
    assert scores.weighted_spearman(x, y, w) == pytest.approx(by_hand, abs=1e-12)
    sizes = scores.weighted_spearman(x, y)
    assert sizes == pytest.approx(scores.weighted_spearman(x, y, [1, 0.5, 0.5, 1]))
    with pytest.raises(ValueError, match="more than one value"):
        scores.weighted_spearman([1, 1], [1, 2])
    with pytest.raises(ValueError, match="some above 0"):
        scores.weighted_spearman([], [])
    for weights in ([0, 0, 0], [1, np.nan, 1], [1, -4, 1]):
        with pytest.raises(ValueError, match=r"weights .*expected"):
            scores.weighted_spearman([1, 2, 3], [1, 4, 9], weights)


def test_a_pair_table_gives_the_first_candidates():
    pairs = pandas.DataFrame({"drug": ["a", "b"], "gene": ["x", "y"]})
    task = tasks.build(relations.from_pairs(pairs))
    ranked = ranking.rank(np.eye(2), np.eye(2), task.answers)
    result = scores.result(task, ranked.rank, {}, ranked)
    table = result.predictions("b")
    assert table.candidate.tolist() == ["y", "x"] and table.is_answer.tolist() == [True, False]
    assert result.task.subset(np.array([1])).answers.tolist() == [[0, 1]]
