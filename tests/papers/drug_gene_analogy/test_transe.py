"""TransE on a world it can represent, its ranks against a loop, and the published row."""

import itertools

import drug_gene_tables
import numpy as np
import pandas
import pytest

from lmnotes.papers.drug_gene_analogy import transe
from lmnotes.words.analogy import prediction, relations


def grid_triples(n=25):
    """Two pathways; gene i is drug i's in both, so that translations fit."""
    rows = [(f"d{i}", p, f"g{i if p == 'p' else i + n}") for p in "pq" for i in range(n)]
    return pandas.DataFrame(rows, columns=transe.COLUMNS)


def random_model(table, dim=5, seed=0):
    rng = np.random.default_rng(seed)
    entities = sorted({*table.drug, *table.gene})
    names = sorted(set(table.pathway))
    vectors = [rng.normal(size=(n, dim)).astype(np.float32) for n in (len(entities), len(names))]
    return transe.TransE(entities, vectors[0], names, vectors[1], np.zeros(0))


def slow_rank(model, triple, known, side):
    """1 + entities nearer than the true one, true triples left out."""
    place = {name: i for i, name in enumerate(model.entities)}
    r = model.relation[model.relations.index(triple.pathway)]
    taken = {(t.drug, t.pathway, t.gene) for t in known.itertuples()}

    def distance(name):
        head, tail = (name, triple.gene) if side == "head" else (triple.drug, name)
        return np.abs(model.entity[place[head]] + r - model.entity[place[tail]]).sum()

    own = triple.drug if side == "head" else triple.gene
    rank = 1
    for name in model.entities:
        new = (
            (name, triple.pathway, triple.gene)
            if side == "head"
            else (triple.drug, triple.pathway, name)
        )
        if name != own and new not in taken and distance(name) < distance(own):
            rank += 1
    return rank


def test_filtered_ranks_against_a_loop():
    rng = np.random.default_rng(0)
    rows = {
        (f"d{rng.integers(8)}", f"p{rng.integers(3)}", f"g{rng.integers(8)}") for _ in range(60)
    }
    table = pandas.DataFrame(sorted(rows), columns=transe.COLUMNS)
    model, test, known = random_model(table), table[::4], table[::2]
    found = transe.evaluate(model, test, known).set_index("side")
    ranks = {
        side: np.array([slow_rank(model, t, known, side) for t in test.itertuples()])
        for side in ("tail", "head")
    }
    ranks["average"] = np.concatenate([ranks["tail"], ranks["head"]])
    for side, wanted in ranks.items():
        assert found.mr[side] == pytest.approx(wanted.mean())
        assert found.mrr[side] == pytest.approx((1 / wanted).mean())
        assert found.hits3[side] == pytest.approx((wanted <= 3).mean())
    complete = transe.evaluate(model, test, table).set_index("side")
    assert (complete.mrr >= found.mrr).all()  # a fuller filter never lowers it


def test_training_finds_a_translation():
    table = grid_triples()
    train = table[table.index % 5 > 0]
    model = transe.train(train, names=table, dim=16, steps=300, batch=20, rate=0.05, margin=3.0)
    assert model.history[-20:].mean() < 0.6 * model.history[:20].mean()
    found = transe.evaluate(model, train, table).set_index("side")
    assert found.hits1["tail"] > 0.9
    again = transe.train(train, names=table, dim=16, steps=5, batch=20)
    same = transe.train(train, names=table, dim=16, steps=5, batch=20)
    assert (again.entity == same.entity).all()
    with pytest.raises(ValueError, match=r"were not trained.*as `names`"):
        random_model(train[:3]).rows(table)


@pytest.mark.parametrize("corrupt_tail", [True, False])
def test_gradient_and_step_equal_those_of_autograd(corrupt_tail):
    import torch
    from torch.nn.functional import logsigmoid

    rng = np.random.default_rng(0)
    start = rng.normal(size=(9, 6)).astype(np.float32)  # 7 entities, 2 relations
    positive = np.column_stack(
        [rng.integers(0, 7, 5), rng.integers(7, 9, 5), rng.integers(0, 7, 5)]
    )
    other = rng.integers(0, 7, (5, 3))
    x = torch.tensor(start).requires_grad_()
    optimiser, ours, moments = (
        torch.optim.Adam([x], lr=0.05),
        start.copy(),
        np.zeros((2, 9, 6), "f"),
    )
    for step in (1, 2):
        head, relation, tail = x[positive].unbind(1)
        near = (head + relation - tail).abs().sum(-1)
        fixed = head + relation if corrupt_tail else tail - relation
        far = (fixed[:, None] - x[other]).abs().sum(-1)
        wrong = (torch.softmax(6.0 - far.detach(), 1) * logsigmoid(far - 6.0)).sum(1)
        loss = -(logsigmoid(6.0 - near) + wrong).mean() / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        slopes, value = transe._slopes(ours, positive, other, corrupt_tail, np.float32(6))
        assert value == pytest.approx(float(loss.detach()), rel=1e-5)
        np.testing.assert_allclose(slopes, x.grad, atol=1e-6)
        transe._adam(ours, slopes, moments, 0.05, step)
        np.testing.assert_allclose(ours, x.detach(), atol=1e-5)


def test_training_sets_are_nested():
    table = transe.split(grid_triples(), seed=1)
    sizes = [len(transe.of_split(table, "train", fraction)) for fraction in transe.FRACTIONS]
    assert sizes == [5, 10, 15, 20, 25, 30]
    assert len(transe.of_split(table, "valid")) == len(transe.of_split(table, "test")) == 10
    parts = [
        set(transe.of_split(table, "train", f).itertuples(index=False)) for f in transe.FRACTIONS
    ]
    assert all(small < large for small, large in itertools.pairwise(parts))


def test_like_for_like_questions():
    table = pandas.DataFrame(
        [
            ("a", "p", "x", "train", 0.1),
            ("b", "p", "y", "train", 0.3),
            ("a", "p", "y", "test", None),
            ("c", "q", "z", "test", None),
            ("c", "q", "y", "valid", None),
        ],
        columns=[*transe.COLUMNS, "split", "train_from"],
    )
    task = transe.questions(table, 0.1, remove_known=True)
    assert task.candidates == ["x", "y", "z"] and task.known.tolist() == [[0, 0]]
    assert task.queries.to_numpy().tolist() == [["p", "a"], ["q", "c"]]
    assert len(task.training) == 1 and len(transe.questions(table, 0.3).training) == 2
    model = random_model(table)
    for remove in (False, True):
        ranks = transe.answer(model, transe.questions(table, 0.1, remove_known=remove)).ranks
        moved = model.entity[model.entities.index("a")] + model.relation[0]
        distance = {g: np.abs(moved - model.entity[model.entities.index(g)]).sum() for g in "xyz"}
        others = "z" if remove else "xz"
        assert ranks[0, 0] == 1 + sum(distance[g] < distance["y"] for g in others)
    few = random_model(table[table.gene != "x"])
    with pytest.raises(ValueError, match=r"1 names such as 'x' .* were not trained"):
        transe.answer(few, transe.questions(table, 0.1))
    vectors = dict(zip(model.entities, model.entity, strict=True))
    found = prediction.answer(vectors, task)
    assert found.settings["n_fallback"] == 1  # q has no training triple: the mean of all of them


def test_triples_are_those_of_p1():
    table = grid_triples()
    facts = relations.from_pairs(table[["drug", "gene"]].assign(group=table.pathway), group="group")
    found = transe.triples(facts)
    assert sorted(found.itertuples(index=False)) == sorted(table.itertuples(index=False))


@drug_gene_tables.needed
def test_the_published_comparison():
    """Set sizes of every fraction, and the curve's last point after a short training."""
    table = transe.published_split(drug_gene_tables.FOLDER)
    tasks = [transe.questions(table, fraction) for fraction in transe.FRACTIONS]
    assert [len(task.training) for task in tasks] == [987, 1974, 2961, 3949, 4937, 5925]
    assert [len(task.candidates) for task in tasks] == [423, 450, 465, 482, 493, 505]
    assert {len(task) for task in tasks} == {1334}
    missing = [len(set(task.queries.group) - set(task.training.group)) for task in tasks]
    assert missing == [27, 10, 6, 3, 3, 2] and tasks[0].queries.group.nunique() == 109
    train = transe.of_split(table, "train", 0.6)
    model = transe.train(train, names=table, steps=500, rate=0.03)  # a third of the default
    found = transe.evaluate(model, transe.of_split(table, "test"), table).set_index("side")
    published = drug_gene_tables.expected("published_transe").set_index("train_fraction").loc[0.6]
    assert found.mrr["average"] == pytest.approx(published.MRR, abs=0.03)
    assert found.hits10["average"] == pytest.approx(published.H10, abs=0.03)
    assert found.mrr["head"] < found.mrr["average"] < found.mrr["tail"]
