import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from lmnotes.models.zoo import mixtures, plans
from lmnotes.models.zoo.mixtures import Domains
from lmnotes.models.zoo.training import Distillation

SPEC = plans.Spec(
    "tiny",
    architecture="GPT-NeoX",
    width=32,
    depth=1,
    n_steps=60,
    warm_up=2,
    n_sequences=4,
    window=16,
    seed=3,
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def domains():
    parts = {"code": b"def f(x): return x + 1\n", "prose": b"a cat sat. "}
    return Domains(tuple(parts), tuple(np.frombuffer(p * 20, np.uint8) for p in parts.values()))


@pytest.fixture
def teacher(domains, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    return str(mixtures.train(mixtures.Run(SPEC, (0.9, 0.1)), domains, device="cpu"))


def test_loss_is_the_exact_kl(teacher):
    """Its mean over positions is the exact KL of the same ids, its gradient is p - p_teacher."""
    logits = torch.randn(2, 5, 257, generator=torch.manual_seed(0), requires_grad=True)
    ids = torch.randint(0, 256, (2, 6), generator=torch.manual_seed(1))
    loss = Distillation(teacher, "cpu")
    value = loss(logits, ids)
    with torch.no_grad():
        p = loss.teacher(ids[:, :-1]).logits.softmax(-1)
        by_hand = (p * (p.log() - logits.log_softmax(-1))).sum(-1).mean()
    assert value.item() == pytest.approx(by_hand.item(), rel=1e-5)
    value.backward()
    torch.testing.assert_close(logits.grad, (logits.softmax(-1) - p) / 10, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        own = loss.teacher(ids[:, :-1]).logits
    assert float(loss(own, ids)) == pytest.approx(0, abs=1e-6)


def test_other_vocabulary(teacher):
    with pytest.raises(ValueError, match="the teacher has 257 ids and the student 300"):
        Distillation(teacher, "cpu")(torch.zeros(1, 3, 300), torch.zeros(1, 4, dtype=torch.long))


def test_student_comes_nearer(domains, teacher):
    """On the uniform mixture, the student goes to the teacher, who was trained on another."""
    run = mixtures.Run(replace(SPEC, seed=8), (1, 1), data_seed=1)
    plain = mixtures.train(run, domains, device="cpu")
    student = mixtures.train(replace(run, teacher=teacher), domains, device="cpu")
    assert plain != student
    ids = torch.tensor([[256, *stream[:60].tolist()] for stream in domains.streams])
    models = (AutoModelForCausalLM.from_pretrained(folder) for folder in (plain, student))
    with torch.no_grad():
        loss = Distillation(teacher, "cpu")
        before, after = (float(loss(model(ids[:, :-1]).logits, ids)) for model in models)
    assert after < before
