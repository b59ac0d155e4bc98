"""The output layer's family: KL of its distributions, and the quadratic form near a reference."""

import numpy as np
import pytest
import torch

from lmnotes.models.scoring.head import Head
from lmnotes.papers.norm_information_gain import output_layer


def family(*, n=40, width=5, size=30, bias=True, scale=1.0, cap=None, seed=0):
    """A head with random weights, and the vectors that it is given."""
    rng = np.random.default_rng(seed)
    weight, b, hidden = (
        torch.tensor(rng.normal(size=shape), dtype=torch.float32)
        for shape in ((size, width), (size,), (n, width))
    )
    return Head(weight, b if bias else None, scale, cap), hidden


def slow_distribution(head, u):
    """p(.|u) (V,) float64, written out."""
    z = head.weight.double().numpy() @ np.asarray(u, float)
    z = (z + (0 if head.bias is None else head.bias.double().numpy())) * head.scale
    z = z if head.cap is None else head.cap * np.tanh(z / head.cap)
    e = np.exp(z - z.max())
    return e / e.sum()


def slow_kl(p, q):
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def slow_fisher(head, p):
    v = head.scale * head.weight.double().numpy()
    mean = sum(a * one for a, one in zip(p, v, strict=True))
    return sum(a * np.outer(one - mean, one - mean) for a, one in zip(p, v, strict=True))


HEADS = ({}, {"bias": False}, {"scale": 0.3}, {"cap": 4.0}, {"scale": 0.5, "cap": 3.0})


@pytest.mark.parametrize("settings", HEADS, ids=str)
def test_kl_is_that_of_the_distributions_written_out(settings, monkeypatch):
    monkeypatch.setattr(output_layer, "NUMBERS", 7 * 30)  # blocks of seven rows
    head, hidden = family(**settings)
    p = np.array([slow_distribution(head, u) for u in hidden.numpy()])
    mean = output_layer.from_mean(head, hidden)
    assert mean.kl == pytest.approx([slow_kl(row, p.mean(0)) for row in p], abs=1e-5)
    one = output_layer.from_vector(head, hidden, hidden[3])
    assert one.kl == pytest.approx([slow_kl(row, p[3]) for row in p], abs=1e-5)
    assert min(mean.kl) > 0 and min(one.kl) > -1e-9
    assert abs(one.kl[3]) < 1e-9 and one.centred[3] == one.whitened[3] == 0


@pytest.mark.parametrize("settings", HEADS[:3], ids=str)
def test_lengths_are_those_written_out(settings, monkeypatch):
    monkeypatch.setattr(output_layer, "NUMBERS", 4 * 5)  # the covariance in blocks of four words
    head, hidden = family(**settings)
    u = hidden.double().numpy()
    p = np.array([slow_distribution(head, one) for one in u])
    for found, origin, reference in (
        (output_layer.from_mean(head, hidden), u.mean(0), p.mean(0)),
        (output_layer.from_vector(head, hidden, hidden[0]), u[0], p[0]),
    ):
        moved = u - origin
        assert found.raw == pytest.approx([one @ one for one in u])
        assert found.centred == pytest.approx([one @ one for one in moved])
        g = slow_fisher(head, reference)
        assert found.whitened == pytest.approx([one @ g @ one for one in moved], rel=1e-5)


def test_by_hand():
    # two words, logits +-u: p = (3/4, 1/4) at u = log(3) / 2, (1/2, 1/2) at 0; G = 1
    u = np.log(3) / 2
    head = Head(torch.tensor([[1.0], [-1.0]]), None, 1.0, None)
    found = output_layer.from_vector(head, torch.tensor([[u]]), torch.zeros(1))
    assert found.kl[0] == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), abs=1e-6)
    assert found.whitened[0] == pytest.approx(u**2, rel=1e-6)
    both = output_layer.from_mean(head, torch.tensor([[u], [-u]]))
    assert both.kl == pytest.approx([0.13081204] * 2, abs=1e-6)


@pytest.mark.parametrize("settings", HEADS, ids=str)
def test_twice_the_kl_is_the_form_near_the_reference(settings):
    head, hidden = family(**settings)
    errors = []
    for share in (0.1, 0.05):  # the error of the ratio falls like the distance, eq. 9
        near = hidden[0] + share * (hidden[1:] - hidden[0])
        found = output_layer.from_vector(head, near, hidden[0])
        errors.append(np.abs(2 * found.kl / found.whitened - 1))
    assert errors[1].max() < 0.2 and np.median(errors[1] / errors[0]) == pytest.approx(0.5, abs=0.1)


def test_mean_reference_holds_for_small_logits():
    head, hidden = family(n=400)
    small = output_layer.from_mean(head, 0.02 * hidden)
    assert 2 * small.kl == pytest.approx(small.whitened, rel=0.15)
    slope = np.polyfit(small.whitened, 2 * small.kl, 1)[0]
    assert slope == pytest.approx(1, abs=0.03)


def test_information_is_left_alone_by_what_no_logit_sees():
    head, hidden = family()
    shifted = Head(head.weight + 3.0, head.bias, 1.0, None)  # <u, c> is the same for all words
    for how in (output_layer.from_mean, lambda h, u: output_layer.from_vector(h, u, u[0])):
        one, other = how(head, hidden), how(shifted, hidden)
        assert one.kl == pytest.approx(other.kl, abs=1e-5)
        assert one.whitened == pytest.approx(other.whitened, rel=1e-4, abs=1e-9)


def test_shrinking_goes_to_one():
    head, hidden = family(n=100)
    rows = output_layer.shrink(head, 0.5 * hidden, 0.5 * hidden[0])
    away = [abs(row["median"] - 1) for row in rows]
    assert rows[-1]["share"] == 0.0625 and away[-1] < 0.02 and away[-1] < away[0]
    assert all(row["low"] <= row["median"] <= row["high"] for row in rows)
    with pytest.raises(ValueError, match="give more positions"):
        output_layer.shrink(head, hidden[:1], hidden[0])
