import numpy as np
import pandas
import pytest
import tiny_models
import torch

from lmnotes.models import ngram
from lmnotes.models.scoring import layers, loading, score
from lmnotes.models.scoring.rule import Rule
from lmnotes.models.zoo import networks
from lmnotes.text.chunks import TextSet

NAMES = ("gpt2", "gpt_neox", "llama", "opt", "gemma2", "granite", "mamba", "rwkv")
TEXTS = [*tiny_models.TEXTS[:5], tiny_models.TEXTS[8]]
TAILS = {"opt": ("model.decoder.final_layer_norm", "model.decoder.project_out")}


def _scorer(name, **changes):
    return loading.wrap(tiny_models.model(name, **changes), tiny_models.tokenizer(), name=name)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_layer_is_the_model_to_the_bit(name):
    scorer = _scorer(name)
    result = layers.score_layers(scorer, TEXTS)
    whole = score.score_texts(scorer, TEXTS)
    np.testing.assert_array_equal(result.log_likelihood[-1], whole.log_likelihood)
    np.testing.assert_array_equal(result.n_tokens, whole.n_tokens)
    assert result.log_likelihood.shape == (3, len(TEXTS))  # two blocks
    assert np.isfinite(result.log_likelihood).all()
    assert len(np.unique(result.log_likelihood[:, 0])) == 3
    if name in TAILS:
        assert result.tail == TAILS[name]


@pytest.mark.parametrize(
    ("name", "norm"),
    [("gpt2", "transformer.ln_f"), ("llama", "model.norm"), ("gemma2", "model.norm")],
)
def test_every_layer_is_the_lens_one_text_at_a_time(name, norm):
    scorer = _scorer(name)
    model, cap = scorer.model, getattr(scorer.model.config, "final_logit_softcapping", None)
    result = layers.score_layers(scorer, TEXTS, tokens_per_batch=60)
    for number, text in enumerate(TEXTS):
        ids = scorer.tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            states = model(ids, output_hidden_states=True).hidden_states
            for layer, hidden in enumerate(states[:-1]):
                logits = model.lm_head(model.get_submodule(norm)(hidden))[0]
                logits = logits if cap is None else cap * torch.tanh(logits / cap)
                each = logits.log_softmax(-1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
                slow, n = float(each.double().sum()), max(len(each), 1)
                assert abs(result.log_likelihood[layer, number] - slow) / n < 1e-4


def test_one_forward_pass_per_batch():
    scorer, calls = _scorer("llama"), []
    layers.score_layers(scorer, TEXTS)  # without the probes below
    scorer.model.model.layers[0].register_forward_hook(lambda *_: calls.append(1))
    score.score_texts(scorer, TEXTS)
    plain = len(calls)
    calls.clear()
    layers.score_layers(scorer, TEXTS)
    assert len(calls) == plain + 1  # the one that finds the norm


def test_tokens_of_all_layers_sum_to_the_texts():
    result = layers.score_layers(_scorer("gpt2"), TEXTS, keep_tokens=True)
    tokens = result.token_log_probabilities
    assert [values.shape for values in tokens] == [(3, n) for n in result.n_tokens]
    sums = np.stack([values.sum(1, dtype=np.float64) for values in tokens], 1)
    np.testing.assert_array_equal(sums, result.log_likelihood)
    assert (result.n_tokens == 0).any()  # a text of one token, of which nothing is scored


def test_an_empty_block_leaves_its_layer_where_it_was():
    model = tiny_models.model("llama")
    with torch.no_grad():
        for name, tensor in model.model.layers[1].named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                tensor.zero_()
    scorer = loading.wrap(model, tiny_models.tokenizer())
    result = layers.score_layers(scorer, TEXTS).log_likelihood
    np.testing.assert_allclose(result[1], result[2], rtol=1e-5)
    assert not np.allclose(result[0], result[1])


def test_memory_running_out_halves_the_batch(monkeypatch):
    scorer, whole = _scorer("llama"), layers._hidden_states
    want = layers.score_layers(scorer, TEXTS).log_likelihood

    def tight(scorer, lens, inputs):
        if inputs.numel() > 100:
            raise RuntimeError("CUDA out of memory")
        return whole(scorer, lens, inputs)

    monkeypatch.setattr(layers, "_hidden_states", tight)
    texts = [text for text in TEXTS if len(text) < 90]
    short = [i for i, text in enumerate(TEXTS) if len(text) < 90]
    result = layers.score_layers(scorer, texts, tokens_per_batch=1000).log_likelihood
    np.testing.assert_allclose(result, want[:, short], rtol=1e-4)


def test_kept_as_an_artefact(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    folder = tiny_models.save("gpt2", tmp_path / "model")
    texts = TextSet("few", TEXTS[:4], pandas.DataFrame({"text_id": list("abcd")}), {})
    first = layers.saved(folder, texts)
    monkeypatch.setattr(layers, "_score", lambda *_: pytest.fail("scored again"))
    np.testing.assert_array_equal(layers.saved(folder, texts), first)
    assert first.shape == (3, len(texts))


def test_models_without_a_lens_say_why(monkeypatch):
    model = ngram.fit(b"abc abd" * 20, 2)
    counts = loading.wrap(model, networks.byte_tokenizer(), name="counts")
    with pytest.raises(ValueError, match=r"counts was given .* no linear output layer; expected"):
        layers.score_layers(counts, ["abc"])
    post = _scorer("opt", do_layer_norm_before=False, word_embed_proj_dim=32)
    with pytest.raises(ValueError, match="inside a block"):
        layers.score_layers(post, TEXTS)
    bare = tiny_models.model("llama")
    bare.model.norm = torch.nn.Identity()
    with pytest.raises(ValueError, match=r"inside a block|no final norm"):
        layers.score_layers(loading.wrap(bare, tiny_models.tokenizer()), TEXTS)
    with pytest.raises(ValueError, match="no text was given"):
        layers.score_layers(_scorer("gpt2"), [])
    with pytest.raises(ValueError, match="loaded in float32"):
        layers.score_layers(_scorer("gpt2"), ["abc"], rule=Rule(dtype="float16"))
