from dataclasses import replace

import pytest

from lmnotes.models.zoo import plans
from lmnotes.models.zoo.plans import Spec


@pytest.mark.parametrize("name", plans.PLANS)
def test_plans_hold_together(name):
    specs = plans.plan(name)
    plans.check(specs)
    assert {spec.kind for spec in specs} == {"ngram", "neural", "finetune", "merge"}
    assert {spec.architecture for spec in specs} >= set(plans.ARCHITECTURES)
    by_name = {spec.name: spec for spec in specs}
    for spec in specs:
        if spec.leaked:  # as its twin but for what it reads
            twin = by_name[spec.twin]
            same = {"name": twin.name, "leaked": False, "twin": "", "checkpoints": ()}
            assert replace(spec, **same) == replace(twin, checkpoints=())


def test_laptop_is_large_enough():
    specs = plans.plan("laptop")
    n_checkpoints = sum(len(spec.checkpoints) for spec in specs)
    trained = [spec for spec in specs if spec.kind in ("neural", "finetune")]
    assert len(specs) + n_checkpoints >= 60 and len(trained) >= 24
    assert len({spec.vocabulary for spec in specs}) == 3
    assert any(
        spec.parent and by.parent for spec in specs for by in specs if by.name == spec.parent
    )


def test_schedule():
    steps = plans.schedule(10_000)
    assert steps[:11] == (0, 1, 2, 4, 8, 16, 32, 64, 100, 128, 200)
    assert steps[-1] == 10_000 and len(steps) == 110
    assert plans.schedule(3) == (0, 1, 2, 3)


def test_trajectories_differ_in_size_or_seed():
    specs = plans.trajectories(200, n_late=10)
    plans.check(specs)
    assert len({spec.width for spec in specs}) == 3 and len({spec.seed for spec in specs}) == 4
    assert {spec.checkpoints for spec in specs} == {plans.schedule(200, 10)}


def test_full_length_windows_for_learned_positions():
    spec = plans.run("GPT-2", 32, 1, "uniform", 1, n_steps=1, n_sequences=8, window=128)
    assert (spec.n_sequences, spec.window) == (4, plans.CONTEXT)


@pytest.mark.parametrize(
    ("specs", "match"),
    [
        ([Spec("a", n_steps=1), Spec("a", n_steps=1)], "expected a new name"),
        ([Spec("a/b", n_steps=1)], "expected a new name without '/'"),
        ([Spec("a", architecture="GPT-3", n_steps=1)], "an architecture of"),
        ([Spec("a", n_steps=1, parent="b")], "'a' comes from 'b', which is not before it"),
        ([Spec("a")], "n_steps of 'a' = 0 was given; expected at least 1"),
        ([Spec("a", n_steps=1, leaked=True, vocabulary=512)], "expected 257"),
    ],
)
def test_bad_specs(specs, match):
    with pytest.raises(ValueError, match=match):
        plans.check(specs)


def test_unknown_plan():
    with pytest.raises(ValueError, match="plan 'desktop' was given; expected one of"):
        plans.plan("desktop")
