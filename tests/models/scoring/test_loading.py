"""What is no whole causal model is refused by name, never scored."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny_models
import torch

from lmnotes.errors import InputError
from lmnotes.models.scoring import failures, identity, layers, loading, prompts, rule, score
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.zoo import networks
from lmnotes.papers.trajectories import weight_distance

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00ff\nsize 548105171\n"
TEXTS = tiny_models.TEXTS[:2]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "model"


def base(folder):
    """A Llama saved without its output layer, reported as RLHFlow/RLHF-Reward-Modeling#22."""
    tiny_models.tokenizer().save_pretrained(folder)
    tiny_models.model("llama").model.save_pretrained(folder)


def reward(folder):
    from transformers import LlamaForSequenceClassification

    tiny_models.tokenizer().save_pretrained(folder)
    LlamaForSequenceClassification(tiny_models.model("llama").config).save_pretrained(folder)


READERS = {
    "scored": lambda folder: score.score_texts(str(folder), TEXTS, device="cpu"),
    "of a zoo": networks.load,
    "compared": lambda folder: weight_distance.windowed([folder, folder], 1),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("save", [base, reward])
def test_weights_that_are_missing_are_named_and_never_drawn_at_random(folder, save, reader):
    save(folder)
    with pytest.raises((ScoringFailure, InputError), match=r"lacks? 1 of .* lm_head\.weight"):
        READERS[reader](folder)
    with pytest.raises(ScoringFailure) as raised:
        loading.load(folder)
    assert raised.value.kind == "missing"


def pointer(path):
    path.write_text(POINTER)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "weights are a pointer": ("model.safetensors", pointer, "git-lfs pointer"),
    "weights are cut": ("model.safetensors", cut, "cut short"),
    "tokenizer is a pointer": ("tokenizer.json", pointer, "git-lfs pointer"),
    "tokenizer is cut": ("tokenizer.json", cut, "cut short"),
    "settings are a pointer": ("config.json", pointer, "git-lfs pointer"),
    "torch file is a pointer": ("pytorch_model.bin", pointer, "git-lfs pointer"),
    "torch file is cut": ("pytorch_model.bin", cut, "cut short"),
}


def with_torch_file(folder, weights):
    import torch

    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")


@pytest.mark.parametrize("name", DAMAGES)
def test_files_that_are_none_are_named(folder, name):
    tiny_models.save("gpt2", folder)
    file, damage, words = DAMAGES[name]
    if file.endswith(".bin"):
        with_torch_file(folder, tiny_models.model("gpt2").state_dict())
    damage(folder / file)
    with pytest.raises(ScoringFailure, match=f"{file} is .*{words}") as raised:
        loading.load(folder)
    assert raised.value.kind == "missing" and not failures.worth_another_try("missing")


def test_a_torch_file_is_read_and_one_with_objects_is_not(folder):
    path = tiny_models.save("gpt2", folder)
    want = score.score_texts(path, TEXTS).log_likelihood
    with_torch_file(folder, tiny_models.model("gpt2").state_dict())
    np.testing.assert_array_equal(score.score_texts(path, TEXTS).log_likelihood, want)
    import torch

    torch.save({"weights": shutil.Error("an object")}, folder / "pytorch_model.bin")
    with pytest.raises(ScoringFailure, match=r"bin of .* holds pickled objects") as raised:
        loading.load(folder)
    assert "weights_only" not in str(raised.value) and raised.value.kind == "unsupported"


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_folder_without_a_tokenizer_is_no_empty_tokenizer(folder, name):
    tiny_models.save(name, folder)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ScoringFailure, match="no tokenizer") as raised:
        loading.load(folder)
    assert raised.value.kind == "missing"


def test_a_model_that_sees_what_it_predicts_is_refused(folder):
    """Reported as huggingface/transformers#13818."""
    from transformers import BertConfig, BertForMaskedLM

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=320, intermediate_size=64, **sizes)
    BertForMaskedLM(config).save_pretrained(folder)
    tiny_models.tokenizer().save_pretrained(folder)
    for texts in (TEXTS, ["zq"]):  # the latter is two tokens
        with pytest.raises(ScoringFailure, match="sees what it predicts") as raised:
            score.score_texts(str(folder), texts)
        assert raised.value.kind == "unsupported"


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "gpu", "cuda:x", "mps:0"])
def test_a_device_that_is_not_there_is_refused_at_once(folder, device):
    with pytest.raises(InputError, match=device):
        loading.load(folder, device=device)


def test_code_that_comes_with_a_model_is_not_asked_about(folder, monkeypatch):
    path = tiny_models.save("gpt2", folder)
    settings = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    settings |= {"model_type": "own", "auto_map": code}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "code.py").write_text("raise SystemExit('it was run')")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    for read in READERS.values():
        with pytest.raises((ScoringFailure, ValueError)):
            read(path)


def test_texts_of_another_form_are_refused(folder):
    scorer = loading.wrap(tiny_models.model("gpt2"), tiny_models.tokenizer())
    for texts in ("hello", ["a", None], ["a", b"b"]):
        with pytest.raises(InputError, match="expected"):
            score.score_texts(scorer, texts)
    with pytest.raises(InputError, match=r"texts\[1\] holds a lone surrogate"):
        score.score_texts(scorer, ["a", "b\ud800"])


DROPOUT = {"resid_pdrop": 0.5, "embd_pdrop": 0.5}


@pytest.fixture(scope="module")
def pair():
    """A model with dropout in training mode, and its tokenizer, as a reader's loop holds them."""
    model = tiny_models.model("gpt2", **DROPOUT).train()
    model.transformer.wte.eval()  # a mixture of modes
    model.config._name_or_path = "own/small"
    return model, tiny_models.tokenizer()


def plain(model, tokenizer, text):
    """The log-likelihood of a text, alone."""
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logits = model(ids).logits[0, :-1].log_softmax(-1)
    return float(logits.gather(1, ids[0, 1:, None]).double().sum())


def test_a_pair_in_memory_is_scored_and_stays_as_it_was(pair):
    model, tokenizer = pair
    modes = [module.training for module in model.modules()]
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    scores = score.texts(pair, tiny_models.TEXTS)
    assert [module.training for module in model.modules()] == modes and len(set(modes)) == 2
    copied = tiny_models.model("gpt2").eval()
    copied.load_state_dict(before)
    want = [plain(copied, tokenizer, text) for text in tiny_models.TEXTS]
    np.testing.assert_allclose(scores.log_likelihood, want, atol=1e-3)
    assert scores.model == "own/small" and scores.about["dtype"] == "float32"
    after = model.state_dict()
    assert all(torch.equal(weights, after[name]) for name, weights in before.items())
    inputs = tokenizer(tiny_models.TEXTS[0], return_tensors="pt")["input_ids"]
    model(inputs, labels=inputs).loss.backward()  # nothing of it was left in inference mode
    assert model.transformer.h[0].mlp.c_fc.weight.grad is not None
    model.zero_grad()


def test_every_way_of_scoring_takes_a_pair_or_what_load_made_of_it(pair):
    scorer = loading.load((tiny_models.model("gpt2"), pair[1]))
    line = repr(scorer)
    assert ", model GPT2LMHeadModel, tokenizer " in line and "\n" not in line and len(line) < 400
    texts, both = tiny_models.TEXTS[:3], ["The map of ", "", "The map of "]
    for of_model in (
        lambda model: score.texts(model, texts).log_likelihood,
        lambda model: prompts.score(model, both, texts).log_likelihood,
        lambda model: layers.score_layers(model, texts).log_likelihood,
    ):
        assert np.array_equal(of_model(pair), of_model(list(pair)))
        assert np.array_equal(of_model(pair), of_model(scorer)) and pair[0].training


def test_a_pair_is_known_by_what_it_holds(pair, tmp_path):
    model, tokenizer = pair
    first, other = score.texts(pair, TEXTS).revision, tiny_models.model("gpt2", **DROPOUT)
    other.config._name_or_path = "elsewhere"
    assert first.startswith("content-") and loading.load((other, tokenizer)).revision == first
    plain_id = loading.load((tiny_models.model("gpt2"), tokenizer)).revision
    with torch.no_grad():
        other.transformer.h[1].attn.c_proj.bias[3] += 1e-3
    changed = loading.load((other, tokenizer)).revision
    bos = identity.content_in_memory(model, tiny_models.tokenizer(adds_bos=True))
    assert len({first, plain_id, changed, bos}) == 4
    saved = loading.load(tiny_models.save("gpt2", tmp_path))
    assert identity.content_in_memory(saved.model, saved.tokenizer) == plain_id


def test_a_pair_that_does_not_fit_is_refused(pair):
    from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

    model, tokenizer = pair
    for wrong in ((tokenizer, model), model, (model, "gpt2"), (model,), 5):
        with pytest.raises(InputError, match=r"\(model, tokenizer\): give both, the model first"):
            score.texts(wrong, ["a text"])
    half = tiny_models.model("gpt2").to(torch.bfloat16)
    with pytest.raises(InputError, match=r'is bfloat16 on cpu; float32 .*Rule\(dtype="bfloat16"\)'):
        score.texts((half, tokenizer), ["a text"])
    own = score.texts((half, tokenizer), ["a text"], rule=rule.Rule(dtype="auto"))
    assert own.about["dtype"] == "bfloat16" and half.dtype == torch.bfloat16
    with pytest.raises(InputError, match="on cpu; float32 on cuda was asked for"):
        score.texts(pair, ["a text"], device="cuda")
    small = tiny_models.model("gpt2", vocab_size=260)
    with pytest.raises(InputError, match="tokenizer that belongs to it"):
        score.texts((small, tokenizer), tiny_models.TEXTS)
    sides = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 320}
    bert = AutoConfig.for_model("bert", **sides, intermediate_size=16)
    t5 = AutoConfig.for_model("t5", d_model=16, d_ff=16, num_layers=1, num_heads=2, vocab_size=320)
    bare = AutoModel.from_config(model.config)
    for made in (bare, AutoModelForSeq2SeqLM.from_config(t5)):
        with pytest.raises(InputError, match="expected a causal model"):
            score.texts((made, tokenizer), ["a text"])
    with pytest.raises(ScoringFailure, match="expected a causal model"):
        score.texts((AutoModelForMaskedLM.from_config(bert), tokenizer), tiny_models.TEXTS)


def test_weights_without_numbers_are_refused(pair):
    """As accelerate leaves them where a model is moved to disk, or made for its shape alone."""
    model = tiny_models.model("gpt2")
    layer = model.transformer.h[1].mlp.c_fc
    layer.weight = torch.nn.Parameter(torch.empty_like(layer.weight, device="meta"))
    for made in (model, tiny_models.model("gpt2").to("meta")):
        with pytest.raises(InputError, match=r"on the meta device.*expected all of them loaded"):
            score.texts((made, pair[1]), ["a text"])


def test_the_precision_of_a_pair_is_that_of_most_of_its_weights(pair):
    """A model may keep some in float32; its first ones say nothing of the others."""
    model = tiny_models.model("gpt2").to(torch.bfloat16)
    model.transformer.wpe.float()
    with pytest.raises(InputError, match=r'is bfloat16 on cpu; float32 .*Rule\(dtype="bfloat16"\)'):
        score.texts((model, pair[1]), ["a text"])
    double = tiny_models.model("gpt2").double()
    with pytest.raises(InputError, match=r"is float64 on cpu.*: convert and move it by model.to"):
        score.texts((double, pair[1]), ["a text"])


def test_a_tokenizer_that_was_used_is_the_same_tokenizer(pair):
    model, tokenizer = tiny_models.model("gpt2"), tiny_models.tokenizer()
    first = identity.content_in_memory(model, tokenizer)
    tokenizer(["a text", "b"], truncation=True, max_length=5)  # which it remembers
    assert identity.content_in_memory(model, tokenizer) == first


def test_a_loaded_model_that_went_on_in_training_is_scored_without_dropout():
    model, tokenizer = tiny_models.model("gpt2", **DROPOUT), tiny_models.tokenizer()
    scorer = loading.load((model, tokenizer))
    want = score.texts(scorer, TEXTS).log_likelihood
    model.train()
    assert np.array_equal(score.texts(scorer, TEXTS).log_likelihood, want) and model.training


def test_threads_may_share_a_model():
    """Its output layer is another while it is scored, and its mode."""
    model, tokenizer = tiny_models.model("gpt2", **DROPOUT).train(), tiny_models.tokenizer()
    scorer = loading.load((model, tokenizer))
    want, models = score.texts(scorer, TEXTS).log_likelihood, [(model, tokenizer), scorer] * 3
    model.train()
    with ThreadPoolExecutor(6) as pool:
        for scores in pool.map(lambda given: score.texts(given, TEXTS), models):
            assert np.array_equal(scores.log_likelihood, want)
    assert model.training
