"""What is no whole causal model is refused by name, never scored."""

import json
import shutil

import numpy as np
import pytest
import tiny_models

from lmnotes.errors import InputError
from lmnotes.models.scoring import failures, loading, score
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
