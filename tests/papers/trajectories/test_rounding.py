import sys

import numpy as np
import pandas
import pytest
import tiny_models
import torch

from lmnotes.models import ngram
from lmnotes.models.scoring import loading, score
from lmnotes.papers.trajectories import rounding
from lmnotes.text.chunks import TextSet


def rounded(weights, *options, **named):
    return rounding.rounded(torch.from_numpy(np.array(weights)), *options, **named).numpy()


@pytest.mark.parametrize("per", ["tensor", "column"])
@pytest.mark.parametrize("bits", rounding.BITS)
def test_no_weight_moves_by_more_than_half_a_step(bits, per):
    weights = np.random.default_rng(bits).normal(size=(7, 30)) * np.arange(1, 8)[:, None]
    found = rounded(weights, bits, per)
    n = 2 ** (bits - 1) - 1
    top = np.abs(weights).max(axis=1, keepdims=True) if per == "column" else np.abs(weights).max()
    assert (np.abs(found - weights) <= top / n / 2 * (1 + 1e-9)).all()
    levels = found / (top / n)
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-9)
    assert np.abs(levels).max() == pytest.approx(n)  # the largest weight is kept
    again = rounded(found, bits, per)
    np.testing.assert_allclose(again, found, rtol=1e-12)  # a grid stays a grid
    np.testing.assert_allclose(rounded(-weights, bits, per), -found)


def test_the_slow_way_column_by_column():
    weights = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    found = rounded(weights, 4, axis=1)
    for column in range(6):
        step = np.abs(weights[:, column]).max() / 7
        slow = [round(float(w / step)) * step for w in weights[:, column]]
        np.testing.assert_allclose(found[:, column], slow, rtol=1e-6)
    assert found.dtype == np.float32


def test_scales_per_column_are_finer_and_zeros_stay():
    weights = np.random.default_rng(0).normal(size=(20, 50)) * 10.0 ** np.arange(-10, 10)[:, None]
    error = [((rounded(weights, 4, per) / weights - 1) ** 2).mean() for per in ("column", "tensor")]
    assert error[0] < error[1] / 4
    weights[3] = 0
    found = rounded(weights, 8)
    assert (found[3] == 0).all() and np.isfinite(found).all()
    # rows of one scale, so that one scale for all is the same
    even = np.sign(weights) + (weights == 0)
    np.testing.assert_array_equal(rounded(even, 3, "tensor"), rounded(even, 3, "column"))


def test_a_code_by_hand():
    weights = np.zeros((2, 66))
    weights[0, :4] = [8.0, -8.0, 3.3, 0.1]  # of 8: 1, -1, 0.4125, 0.0125
    weights[0, 64:] = [-0.5, 0.2]  # a block of its own: -1, 0.4
    weights[1, 0] = 1e-3
    nf4 = rounded(weights, 4, "nf4")
    np.testing.assert_allclose(nf4[0, :4], [8.0, -8.0, 8 * 0.44070982933044434, 0.0])
    np.testing.assert_allclose(nf4[0, 64:], [-0.5, 0.5 * 0.44070982933044434])
    fp4 = rounded(weights, 4, "fp4")
    np.testing.assert_allclose(fp4[0, :4], [8.0, -8.0, 8 / 3, 8 * 0.0052083333])
    np.testing.assert_allclose(fp4[0, 64:], [-0.5, 0.5 / 3])
    for made in (nf4, fp4):
        assert made[1, 0] == 1e-3 and not made[1, 1:].any() and made.shape == (2, 66)
    np.testing.assert_array_equal(rounded(weights.T, 4, "nf4", axis=1), nf4.T)
    assert [len(code) for code in rounding.CODES.values()] == [15, 16]  # FP4 has 0 twice
    with pytest.raises(ValueError, match="bits of nf4 8 was given"):
        rounded(weights, 8, "nf4")


def test_a_code_is_the_nearest_of_its_values_and_finer_than_a_column():
    weights = np.random.default_rng(0).standard_t(3, size=(9, 256))
    errors = {}
    for per in ("nf4", "fp4"):
        made = rounded(weights, 4, per)
        top = np.abs(weights.reshape(9, 4, 64)).max(axis=2).repeat(64, axis=1)
        slow = np.abs(weights[..., None] / top[..., None] - rounding.CODES[per]).argmin(axis=-1)
        np.testing.assert_allclose(made, np.array(rounding.CODES[per])[slow] * top, rtol=1e-12)
        np.testing.assert_array_equal(rounded(made, 4, per), made)
        errors[per] = ((made - weights) ** 2).mean()
    column = ((rounded(weights, 4) - weights) ** 2).mean()
    assert errors["nf4"] < errors["fp4"] < column / 2


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_only_linear_layers_of_the_copy_change(name):
    model = tiny_models.model(name)
    before = {key: one.detach().clone() for key, one in model.named_parameters()}
    made = rounding.quantised(model, 4)
    names = {f"{key}.weight" for key, _, _ in rounding.linear_layers(model)}
    for key, one in made.named_parameters():
        assert torch.equal(one, before[key]) == (key not in names), key
        assert torch.equal(model.get_parameter(key), before[key])  # the model stays as it was
    assert not any("wte" in key or "embed" in key or "lm_head" in key for key in names)
    assert len(names) == {"gpt2": 8, "llama": 14}[name]  # of two blocks


def test_columns_are_those_of_the_outputs():
    model = tiny_models.model("gpt2")
    layers = {key: (layer, axis) for key, layer, axis in rounding.linear_layers(model)}
    layer, axis = layers["transformer.h.0.mlp.c_fc"]
    assert layer.weight.shape == (32, 128) and axis == 1  # inputs, outputs
    found = rounding.quantised(model, 2).transformer.h[0].mlp.c_fc.weight
    want = rounded(layer.weight.detach().numpy().T, 2).T
    np.testing.assert_array_equal(found.detach().numpy(), want)


def test_a_tied_head_takes_the_embeddings_along():
    made = rounding.quantised(tiny_models.model("gpt2"), 3, head=True)
    assert made.lm_head.weight is made.transformer.wte.weight
    assert len(made.lm_head.weight[0].unique()) <= 7


def test_fewer_bits_move_a_model_further(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    folder = tiny_models.save("llama", tmp_path / "model")
    texts = TextSet("few", tiny_models.TEXTS[:4], pandas.DataFrame({"text_id": list("abcd")}), {})
    found = rounding.scores(folder, texts, (16, 8, 4))
    np.testing.assert_array_equal(found[0], score.score_texts(folder, texts).log_likelihood)
    kl = (found[1:] - found[0]).var(axis=1) / 2
    assert kl[0] < 1e-3 < kl[1] < kl[2]
    whole = loading.load(folder)
    scorer = loading.wrap(rounding.quantised(whole.model, 8), whole.tokenizer)
    np.testing.assert_array_equal(found[2], score.score_texts(scorer, texts).log_likelihood)
    monkeypatch.setattr(rounding, "_scored", lambda *_: pytest.fail("scored again"))
    np.testing.assert_array_equal(rounding.scores(folder, texts, (16, 8, 4)), found)
    (again,) = rounding.scores_of([folder], texts, (16, 8, 4))
    np.testing.assert_array_equal(again, found)


def test_copies_of_bitsandbytes_are_scored_like_simulated_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    folder = tiny_models.save("llama", tmp_path / "model")
    texts = TextSet("few", tiny_models.TEXTS[:4], pandas.DataFrame({"text_id": list("abcd")}), {})
    asked = []

    def stand_in(model, bits):
        asked.append((model, bits))
        return loading.load(model)

    monkeypatch.setattr(rounding, "load_bitsandbytes", stand_in)
    found = rounding.scores(folder, texts, (8, 4), how="bitsandbytes")
    assert asked == [(str(folder), 8), (str(folder), 4)]
    np.testing.assert_array_equal(found[1], found[0])
    simulated = rounding.scores(folder, texts, (8, 4))  # another artefact
    assert not np.array_equal(simulated[1], found[1])


def test_what_does_not_fit_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="expected one of 2, 3"):
        rounded(np.ones(3), 1)
    with pytest.raises(ValueError, match="floating-point"):
        rounded(np.arange(3), 8)
    with pytest.raises(ValueError, match="expected one of tensor, column"):
        rounded(np.ones(3), 8, "row")
    with pytest.raises(ValueError, match="an n-gram model has counts"):
        rounding.quantised(ngram.fit(b"abc", 2), 8)
    with pytest.raises(ValueError, match="simulates other widths"):
        rounding.load_bitsandbytes("gpt2", 3)
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(ImportError, match="pip install bitsandbytes"):
        rounding.load_bitsandbytes("gpt2", 8)
