import pytest

from lmnotes.models.zoo import plans
from lmnotes.papers.model_map import tokenizers


@pytest.mark.parametrize("name", ["smoke", "laptop", "paper"])
def test_every_plan_has_a_fork_of_one_architecture(name):
    specs = {spec.name: spec for spec in plans.plan(name)}
    base, first, second = (specs[one] for one in tokenizers.fork(list(specs.values())))
    assert first.parent == second.parent == base.name and first.mixture != second.mixture
    assert base.width == first.width == second.width


def test_vocabulary_twins_differ_in_the_vocabulary_only():
    specs = {spec.name: spec for spec in plans.plan("laptop")}
    pairs = tokenizers.vocabulary_twins(list(specs.values()))
    assert pairs
    for one, two in pairs:
        assert specs[one].vocabulary == 257 < specs[two].vocabulary
        for what in ("architecture", "width", "depth", "mixture", "seed", "n_steps"):
            assert getattr(specs[one], what) == getattr(specs[two], what)


def test_no_fork_is_said():
    with pytest.raises(ValueError, match="none with two fine-tunes"):
        tokenizers.fork([plans.Spec("a")])
