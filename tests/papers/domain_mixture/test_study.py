import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from types import SimpleNamespace

import numpy as np
import pytest
import tiny_models

from lmnotes.papers.domain_mixture import design, study

TINY = {"shape": "zoo", "base_width": 32, "target_width": 32, "chunk_bytes": 32, "n_seeds": 2}
TINY |= {"n_more": 1, "base_steps": 2, "target_steps": 2, "more_steps": 4, "batch": 2}
TINY |= {"base_rate": 0.001, "more_rate": 0.001, "warm_up": 1, "processes": 1}


pytestmark = pytest.mark.usefixtures("own_home", "forked")


def a_world(targets):
    about = {"natural_table": "size", "chunk_bytes": 32, "n_design": 2, "n_evaluation": 2}
    names = ["headers", "numbers", "names"]
    return study.open_world("installed", names, targets, n_questions=2, seed=0, **about)


def test_targets_from_elsewhere(tmp_path):
    """A list with a model of other tokens and a broken one, beside a target trained here."""
    tiny_models.save("gpt2", tmp_path / "foreign")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    (tmp_path / "list.txt").write_text("foreign\nbroken  # no weights\n")
    places = study.elsewhere([str(tmp_path / "list.txt"), "EleutherAI/pythia-70m@step1"])
    assert list(places) == ["foreign", "broken", "pythia-70m@step1"]
    assert study.elsewhere(["me/code"], taken=["code"]) == {"code (given)": "me/code"}
    made = study.train(a_world(["code"]), [str(tmp_path / "list.txt")], **TINY)
    assert made.targets == ["code", "foreign"] and made.own == ["code"]
    assert made.failed.model.tolist() == ["broken"] and len(made.failed.reason[0]) > 10
    gap = made.gaps["foreign", 2].values
    read = (made.on_design[name].log_likelihood for name in ("foreign", 2))
    np.testing.assert_allclose(gap, np.subtract(*read))
    assert made.losses().model.tolist()[-1] == "target foreign"
    with pytest.raises(ValueError, match="name it in target_names"):
        study.train(a_world([]), **TINY)


def test_designed_shares_are_means_over_bases():
    """Leads of 1 and 3 on two bases: the first shares are those of a softmax at T = sd."""
    which, n_bytes = np.array([0, 0, 1, 1]), np.ones(4)
    gaps = {
        ("t", s): design.Gap(lead * np.array([1.0, 1, 0, 0]), n_bytes, which, ("a", "b"))
        for s, lead in ((1, 1.0), (2, 3.0))
    }
    world = SimpleNamespace(truth={"t": (0.8, 0.2)})
    about = {"targets": ["t"], "seeds": [1, 2], "gaps": gaps, "world": world}
    table = study.Study.designed(SimpleNamespace(**about), 20, 0)
    assert table.gap.tolist() == [2, 0] and table.true.tolist() == [0.8, 0.2]
    # the standard deviation of (x, 0) is x / 2, so that both give e^2 / (e^2 + 1)
    assert table.weight.tolist() == pytest.approx([np.e**2 / (np.e**2 + 1), 1 / (np.e**2 + 1)])


def test_moves_of_probes_are_changes():
    after = {("probe", 1, a): SimpleNamespace(log_likelihood=np.full(2, a + 1.0)) for a in (0, 1)}
    base = {1: SimpleNamespace(log_likelihood=np.array([1.0, 0]))}
    world = SimpleNamespace(names=("a", "b"))
    made = SimpleNamespace(measured=after, on_design=base, world=world)
    assert study.probe_moves(made, 1).tolist() == [[0, 1], [1, 2]]
