import collections
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from lmnotes.models import ngram

TEXT = ("the cat sat on the mat. naïve café — the end\n" * 3 + "abracadabra").encode()


def slow(data: bytes, order: int, history: bytes) -> np.ndarray:
    """p(. | history) by counting with a loop and recursion."""
    if order == 0:
        return np.full(ngram.N_IDS, 1 / ngram.N_IDS)
    context = history[len(history) - order + 1 :] if order > 1 else b""
    lower = slow(data, order - 1, history)
    if len(history) < order - 1:
        return lower
    counts = collections.Counter(
        data[i + order - 1]
        for i in range(len(data) - order + 1)
        if data[i : i + order - 1] == context
    )
    if not counts:
        return lower
    n, different = sum(counts.values()), len(counts)
    p = different * lower
    for symbol, count in counts.items():
        p[symbol] += count
    return p / (n + different)


@pytest.mark.parametrize("order", ngram.ORDERS)
def test_equals_slow(order):
    model = ngram.fit(TEXT, order)
    text = "the café sat zzz\xff".encode() + b"\xff\xfe"
    got = model(torch.tensor([[ngram.BOS, *text]])).logits[0].double().exp().numpy()
    expected = [slow(TEXT, order, text[:end]) for end in range(len(text) + 1)]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-6)
    assert (got > 0).all()


def test_contexts_that_come_again_are_worked_out_once(monkeypatch):
    model, sizes = ngram.fit(TEXT, 3), []
    plain = model._interpolate

    def counted(p, *rest):
        sizes.append(len(p))
        plain(p, *rest)

    monkeypatch.setattr(model, "_interpolate", counted)
    text = torch.tensor([[ngram.BOS, *b"abab" * 9]])
    alone = [model(text[:, : n + 1]).logits[0, -1] for n in range(text.shape[1])]
    sizes.clear()
    assert torch.equal(model(text).logits[0], torch.stack(alone))
    assert sizes == [1, 3, 4]  # nothing; BOS, a, b; two BOS, BOS a, ab, ba


def test_by_hand():
    """After "a" in "abab": n = 2, d = 1, n(ab) = 2."""
    model = ngram.fit(b"abab", order=2)
    p_b = (2 + 2 / 257) / (4 + 2)  # n(b) = 2, d = 2, n = 4
    got = model(torch.tensor([[ngram.BOS, ord("a")]])).logits[0].exp()
    assert got[0, ord("b")].item() == pytest.approx(p_b, rel=1e-6)
    assert got[1, ord("b")].item() == pytest.approx((2 + p_b) / 3, rel=1e-6)


def test_batch_padding_and_keep():
    model = ngram.fit(TEXT, 4)
    text = torch.tensor([[ngram.BOS, *b"the cat"]])
    alone = model(text).logits
    other = torch.randint(0, 256, (1, 12))
    right = torch.nn.functional.pad(text, (0, 4), value=ngram.BOS)
    left = torch.nn.functional.pad(text, (4, 0), value=ngram.BOS)
    batch = model(torch.cat([right, other, left])).logits
    assert torch.equal(batch[0, :8], alone[0]) and torch.equal(batch[2, 4:], alone[0])
    assert torch.equal(model(text, logits_to_keep=3).logits, alone[:, -3:])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_saved_and_loaded(tmp_path, dtype):
    ngram.register()
    model = ngram.fit(TEXT, 5)
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 20_000
    back = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=dtype)
    text = torch.tensor([[ngram.BOS, *TEXT[:40]]])
    assert torch.equal(back(text).logits, model(text).logits)
    loss = back(text, labels=text).loss
    expected = -model(text).logits[0, :-1].gather(1, text[0, 1:, None]).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_generates():
    model = ngram.fit(b"abc" * 200, 3)
    out = model.generate(torch.tensor([[ngram.BOS, ord("a")]]), max_new_tokens=5, do_sample=False)
    assert bytes(out[0, 1:].tolist()) == b"abcabc"


def test_longer_context_fits_better():
    text = torch.tensor([[ngram.BOS, *TEXT]])
    losses = [ngram.fit(TEXT, order)(text, labels=text).loss.item() for order in ngram.ORDERS]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize(
    ("data", "order", "match"),
    [
        (TEXT, 6, "order 6 was given; expected one of"),
        (b"ab", 3, "expected at least 3 bytes"),
        (np.zeros(9, np.int64), 2, "int64 data of shape"),
    ],
)
def test_bad_input(data, order, match):
    with pytest.raises(ValueError, match=match):
        ngram.fit(data, order)
