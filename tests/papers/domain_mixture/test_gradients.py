import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from lmnotes.models.scoring import loading
from lmnotes.models.zoo import networks, plans
from lmnotes.models.zoo.mixtures import Domains
from lmnotes.papers.domain_mixture import gradients

TEXTS = ["def f(x): return x", "the cat sat on the mat", "1 + 1 = 2\n2 + 2 = 4", "LATIN é", "for x"]
SPEC = plans.Spec(
    "tiny",
    architecture="Llama",
    width=32,
    depth=1,
    n_steps=1,
    warm_up=0,
    n_sequences=4,
    window=16,
    seed=3,
)


@pytest.fixture(scope="module")
def domains():
    parts = {"code": b"def f(x): return x + 1\n" * 9, "prose": b"a cat sat on the mat. " * 9}
    return Domains(tuple(parts), tuple(np.frombuffer(part, np.uint8) for part in parts.values()))


def a_model(architecture="Llama"):
    """In float64, so that differences are those of the mathematics."""
    return networks.create(replace(SPEC, architecture=architecture)).double()


def a_scorer(model):
    return loading.wrap(model, networks.byte_tokenizer())


def likelihoods(model, texts=TEXTS) -> np.ndarray:
    """The plain log-likelihood of each text, one at a time, (N,)."""
    sums = []
    for text in texts:
        ids = torch.tensor([[256, *text.encode()]])
        with torch.no_grad():
            values = model(ids).logits[0, :-1].log_softmax(-1)
        sums.append(float(values.gather(-1, ids[0, 1:, None]).sum()))
    return np.array(sums)


def moved(model, update, size):
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weights, change in zip(other.parameters(), update, strict=True):
            weights += size * change
    return other


@pytest.fixture(scope="module", params=["GPT-2", "GPT-NeoX"])
def scorer(request):
    return a_scorer(a_model(request.param))


def test_responses_are_finite_differences(scorer, domains):
    windows = domains.windows(4, 16)
    result = gradients.responses(scorer, TEXTS, windows)
    updates = gradients.update_directions(scorer, windows)
    errors = []
    for size in (1e-3, 1e-4, 1e-5):
        before = likelihoods(scorer.model)
        slopes = [(likelihoods(moved(scorer.model, u, size)) - before) / size for u in updates]
        errors.append(np.abs(np.transpose(slopes) - result).max() / np.abs(result).max())
    falls = [a / b for a, b in itertools.pairwise(errors)]
    assert min(falls) > 5 and errors[1] < 0.05 and errors[-1] < 0.05, errors


def test_pull_is_the_weighted_response(scorer, domains):
    gap = np.array([3.0, -1, 4, 1, -5])
    windows = domains.windows(4, 16)
    result = gradients.pull_scores(scorer, TEXTS, gap, windows)
    moves = gradients.responses(scorer, TEXTS, windows)
    np.testing.assert_allclose(result, (gap - gap.mean()) @ moves / len(gap), rtol=1e-6)
    again = gradients.pull_scores(scorer, TEXTS, gap + 100, windows)
    np.testing.assert_allclose(again, result, rtol=1e-6)
    step = 1e-6  # training on a domain lowers Var(gap) / 2 at this rate
    update = gradients.update_directions(scorer, windows)[0]
    change = likelihoods(moved(scorer.model, update, step)) - likelihoods(scorer.model)
    drop = (np.var(gap) - np.var(gap - change)) / 2 / step
    assert drop == pytest.approx(result[0], rel=0.01)


def test_first_embedding_counts(domains):
    """A Llama's backward pass leaves out its BOS, which fills texts up; log-likelihoods do not."""
    gap = np.array([3.0, -1, 4, 1, -5])
    scorer, windows = a_scorer(a_model("Llama")), domains.windows(4, 16)
    assert scorer.model.model.embed_tokens.padding_idx == 256
    result = gradients.pull_scores(scorer, TEXTS, gap, windows)
    moves = gradients.responses(scorer, TEXTS, windows)
    np.testing.assert_allclose(result, (gap - gap.mean()) @ moves / len(gap), rtol=1e-4)
    assert scorer.model.model.embed_tokens.padding_idx == 256


def test_domain_gradient_is_that_of_the_loss(scorer, domains):
    windows = domains.windows(4, 16)
    ids = torch.from_numpy(windows[1])
    scorer.model.zero_grad()
    loss = torch.nn.functional.cross_entropy(
        scorer.model(ids[:, :-1]).logits.flatten(0, 1), ids[:, 1:].flatten()
    )
    loss.backward()
    result = gradients.update_directions(scorer, windows)[1]
    for weights, change in zip(scorer.model.parameters(), result, strict=True):
        torch.testing.assert_close(-weights.grad, change, rtol=1e-6, atol=1e-10)
    scorer.model.zero_grad(set_to_none=True)


def test_gram(scorer):
    result = gradients.gram(scorer, TEXTS)
    np.testing.assert_allclose(result, result.T, rtol=1e-12)
    scorer.model.zero_grad()
    ids = torch.tensor([[256, *TEXTS[2].encode()]])
    values = scorer.model(ids).logits[0, :-1].log_softmax(-1)
    values.gather(-1, ids[0, 1:, None]).sum().backward()
    square = sum(float((weights.grad**2).sum()) for weights in scorer.model.parameters())
    scorer.model.zero_grad(set_to_none=True)
    assert result[2, 2] == pytest.approx(square, rel=1e-6)
    assert np.linalg.eigvalsh(result).min() > -1e-9 * result.trace()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"windows": np.zeros((4, 17), int)}, r"windows has shape \(4, 17\)"),
        ({"gap": np.zeros(3)}, r"gap has shape \(3,\); expected \(5,\)"),
        ({"texts": []}, "no text was given"),
    ],
)
def test_bad_input(domains, settings, match):
    given = {"texts": TEXTS, "gap": np.zeros(5), "windows": domains.windows(2, 8)} | settings
    with pytest.raises(ValueError, match=match):
        gradients.pull_scores(a_scorer(a_model()), **given)
