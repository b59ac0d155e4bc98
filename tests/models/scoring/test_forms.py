"""A model in a .gguf file, and a PEFT adapter with its base, are scored as what they are of."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import gguf_models
import loopback_hub
import numpy as np
import pytest
import tiny_models

from lmnotes.errors import InputError
from lmnotes.models.runner import listing
from lmnotes.models.scoring import failures, forms, identity, loading, score
from lmnotes.models.scoring.failures import ScoringFailure

TEXTS = tiny_models.TEXTS
SIZES = {"intermediate_size": 64}  # whole blocks of 32
reads_gguf = pytest.mark.skipif(
    not (find_spec("gguf") and find_spec("accelerate")),
    reason="needs the packages gguf and accelerate: pip install 'lmnotes[gguf]'",
)
has_peft = pytest.mark.skipif(not find_spec("peft"), reason="needs peft: lmnotes[peft]")


@pytest.fixture(scope="module")
def llama():
    return tiny_models.model("llama", **SIZES)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))


def fake(path, contents=b"GGUF and no more"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    return path


def kind_of(model):
    with pytest.raises(ScoringFailure) as raised:
        loading.load(model)
    return raised.value.kind, str(raised.value)


def test_a_gguf_file_is_known_by_what_it_holds_and_listed_as_a_model(tmp_path, monkeypatch):
    file = fake(tmp_path / "a" / "tiny-q8.gguf")
    who = identity.identify(file)
    assert who.is_folder and (who.name, who.model) == ("tiny-q8", str(file))
    assert identity.identify(file.parent) == who
    moved = fake(tmp_path / "b" / "other.gguf", file.read_bytes())
    assert identity.identify(moved).id == who.id
    assert identity.identify(fake(moved, b"GGUF and others")).id != who.id
    (tmp_path / "list.txt").write_text("a\nb/other.gguf\nlab/hub@step1\n")
    (tmp_path / "table.csv").write_text("model,parent\nb/other.gguf,a/tiny-q8.gguf\na,\n")
    table = listing.listed(tmp_path / "list.txt")
    assert table["model"].tolist() == ["tiny-q8", "other", "lab/hub@step1"]
    assert table["folder"].tolist()[:2] == [str(file), str(moved)]
    assert listing.listed(tmp_path / "table.csv")["label"].tolist() == ["other", "tiny-q8"]
    for place in (file, file.parent):
        assert listing.listed(place)["folder"].tolist() == [str(file)]
    (tmp_path / "empty").mkdir()
    assert listing.listed(tmp_path)["model"].tolist() == ["tiny-q8", "other"]
    with pytest.raises(InputError, match=r"a \.gguf file that is there"):
        identity.identify("gone.gguf")


def test_several_gguf_files_are_named_and_the_parts_of_one_are_refused(tmp_path):
    for name in ("Q4_K_M", "Q8_0"):
        fake(tmp_path / "two" / f"tiny-{name}.gguf")
    with pytest.raises(InputError, match=r"tiny-Q4_K_M\.gguf, tiny-Q8_0\.gguf.*expected one"):
        identity.identify(tmp_path / "two")
    for number in (1, 2):
        fake(tmp_path / "split" / f"tiny-0000{number}-of-00002.gguf")
    first = identity.identify(tmp_path / "split").model
    assert first.endswith("tiny-00001-of-00002.gguf")
    if find_spec("gguf") and find_spec("accelerate"):
        assert kind_of(first)[0] == "unsupported" and "llama-gguf-split" in kind_of(first)[1]


def test_a_folder_with_weights_beside_a_gguf_file_is_a_folder(tmp_path):
    folder = tmp_path / "model"
    fake(folder / "tiny.gguf")
    (folder / "config.json").write_text("{}")
    assert forms.saved_at(folder) == folder / "tiny.gguf"
    (folder / "model.safetensors").write_bytes(b"weights")
    assert forms.saved_at(folder) == folder


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(forms, "find_spec", lambda name: name == "accelerate")
    kind, words = kind_of(fake(tmp_path / "tiny.gguf"))
    assert kind == "unsupported" and "pip install 'lmnotes[gguf]'" in words


@reads_gguf
@pytest.mark.parametrize(("kind", "file_type"), [("F32", 0), ("Q8_0", 7), ("Q8_0", None)])
def test_a_gguf_file_scores_as_the_weights_that_it_holds(tmp_path, llama, kind, file_type):
    from gguf import GGMLQuantizationType, quants

    tokenizer = tiny_models.tokenizer()
    file = gguf_models.write(tmp_path / "tiny.gguf", llama, tokenizer, kind, file_type)
    plain = tiny_models.model("llama", **SIZES)
    rounding = GGMLQuantizationType[kind]
    for tensor in plain.parameters():
        if tensor.ndim == 2:
            # rows of q and k change places in the file, what is in a row does not
            rounded = quants.dequantize(
                quants.quantize(tensor.detach().numpy(), rounding), rounding
            )
            tensor.data[:] = tensor.new_tensor(rounded)
    plain.save_pretrained(tmp_path / "plain")
    tokenizer.save_pretrained(tmp_path / "plain")
    want = score.score_texts(str(tmp_path / "plain"), TEXTS)
    got = score.score_texts(str(file), TEXTS)
    np.testing.assert_array_equal(got.n_tokens, want.n_tokens)
    np.testing.assert_allclose(got.log_likelihood, want.log_likelihood, rtol=0, atol=1e-4)
    assert got.about["quantisation"] == kind and "quantisation" not in want.about
    assert got.about["dtype"] == "float32"
    scorer = loading.load(file, dtype="bfloat16")
    assert {str(w.dtype) for w in scorer.model.parameters()} == {"torch.bfloat16"}


@reads_gguf
def test_what_was_read_from_a_gguf_file_can_be_saved(tmp_path, llama):
    file = gguf_models.write(tmp_path / "tiny.gguf", llama, tiny_models.tokenizer(), "Q8_0", 7)
    loading.causal_model(file).save_pretrained(tmp_path / "saved")
    loading.tokenizer_of(file).save_pretrained(tmp_path / "saved")
    want, got = (score.score_texts(str(p), TEXTS) for p in (file, tmp_path / "saved"))
    np.testing.assert_array_equal(got.log_likelihood, want.log_likelihood)


def frequencies(path, llama):
    more = {"rope_freqs.weight": np.array([1, 1, 2, 8], np.float32)}
    gguf_models.write(path, llama, tiny_models.tokenizer(), more=more)


def without_a_tensor(path, llama):
    gguf_models.write(path, llama, tiny_models.tokenizer(), more={"blk.1.ffn_up.weight": None})


def of_another_architecture(path, llama):
    gguf_models.write(path, llama, tiny_models.tokenizer(), architecture="neverheard")


def cut(path, llama):
    gguf_models.write(path, llama, tiny_models.tokenizer())
    path.write_bytes(path.read_bytes()[:-5000])


def cut_early(path, llama):
    gguf_models.write(path, llama, tiny_models.tokenizer())
    path.write_bytes(path.read_bytes()[:700])


def of_something_else(path, llama):
    path.write_bytes(b"PNG" * 1000)


WRONG = {
    frequencies: ("unsupported", "rope_freqs.weight"),
    without_a_tensor: ("missing", "up_proj"),
    of_another_architecture: ("unsupported", "neverheard"),
    cut: ("missing", "cut short"),
    cut_early: ("missing", "cut short"),
    of_something_else: ("missing", "no .gguf file"),
}


@reads_gguf
@pytest.mark.parametrize("write", WRONG)
def test_a_gguf_file_that_cannot_be_read_as_it_is_is_refused(tmp_path, llama, write):
    write(tmp_path / "tiny.gguf", llama)
    with pytest.raises(Exception) as raised:
        loading.load(tmp_path / "tiny.gguf")
    kind, words = failures.classify(raised.value), str(raised.value)
    assert kind == WRONG[write][0] and WRONG[write][1] in words


def adapter_of(base, folder, weights=b"weights", **settings):
    known = {"base_model_name_or_path": base, "peft_type": "LORA", "task_type": "CAUSAL_LM"}
    fake(folder / "adapter_model.safetensors", weights)
    (folder / forms.ADAPTER).write_text(json.dumps(known | settings))
    return folder


def test_an_adapter_is_known_by_its_files_and_by_its_base(tmp_path):
    base = tmp_path / "base"
    fake(base / "model.safetensors")
    (base / "config.json").write_text("{}")
    folder = adapter_of("../base", tmp_path / "adapter")
    first = identity.identify(folder).id
    assert identity.identify(adapter_of(str(base), tmp_path / "same")).id != first  # other settings
    assert identity.identify(shutil.copytree(folder, tmp_path / "copy")).id == first
    fake(base / "model.safetensors", b"other weights")
    second = identity.identify(folder).id
    adapter_of("../base", folder, b"others")
    assert len({first, second, identity.identify(folder).id}) == 3
    ids = {identity.identify(adapter_of("lab/x", folder, revision=r)).id for r in (None, "main")}
    assert len(ids) == 2 and listing.listed(folder)["folder"].tolist() == [str(folder)]
    for settings in ("{", "{}"):  # loading says what is wrong with them
        (folder / forms.ADAPTER).write_text(settings)
        assert identity.identify(folder).is_folder


def test_an_adapter_without_peft_is_named_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(forms, "find_spec", lambda name: None)
    tiny_models.tokenizer().save_pretrained(tmp_path / "adapter")
    kind, words = kind_of(adapter_of("lab/base", tmp_path / "adapter"))
    assert kind == "unsupported" and "adapter of lab/base" in words and "pip install" in words
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()  # which was no such file
    (tmp_path / "adapter" / "config.json").write_text("{}")
    assert kind_of(tmp_path / "adapter")[0] == "unsupported"
    (tmp_path / "adapter" / forms.ADAPTER).write_text("{")
    assert "is cut short" in kind_of(tmp_path / "adapter")[1]


@has_peft
def test_a_merged_adapter_scores_as_peft_does(tmp_path):
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    base = tiny_models.save("llama", tmp_path / "base")
    plain = loading.causal_model(base)
    torch.manual_seed(0)
    settings = {"r": 4, "target_modules": ["q_proj", "down_proj"], "lora_alpha": 16}
    tuned = get_peft_model(plain, LoraConfig(**settings, task_type="CAUSAL_LM"))
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.5)
    folder = tmp_path / "adapter"
    tuned.save_pretrained(folder)
    scorer = loading.load(folder)
    assert scorer.facts == {"adapter_of": str(base)} and scorer.revision == ""
    theirs = PeftModel.from_pretrained(loading.causal_model(base), folder).eval()
    ids = torch.tensor([[1, 40, 70, 99, 200, 5]])
    with torch.no_grad():
        want, got = (model(input_ids=ids).logits for model in (theirs, scorer.model))
        apart = (loading.causal_model(base)(input_ids=ids).logits - want).abs().max()
    assert (got - want).abs().max() < 1e-5 < 0.1 < apart
    about = score.score_texts(str(folder), TEXTS[:3]).about
    assert about["adapter_of"] == str(base) and about["architecture"] == "LlamaForCausalLM"

    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "adapter_model.safetensors")
    del tensors[min(tensors)]
    save_file(tensors, folder / "adapter_model.safetensors")
    assert kind_of(folder)[0] == "missing"
    adapter_of(str(tmp_path / "gone"), folder)
    with pytest.raises(Exception) as raised:
        loading.load(folder)
    assert failures.classify(raised.value) == "missing"


ASK = """
import json, sys
from lmnotes.models.scoring import failures, hub, identity, loading
who = identity.identify("lab/adapter")
said = {"sizes": sorted(hub.files(who).sizes)}
try:
    scorer = loading.load("lab/adapter", device="cpu")
    said |= {"of": scorer.facts["adapter_of"], "commit": scorer.revision}
    said["known"] = hub.commit_of(who)
except Exception as error:
    said |= {"kind": failures.classify(error), "words": str(error)}
print(json.dumps(said))
"""


@pytest.mark.slow
def test_an_adapter_of_a_hub_is_fetched_with_its_base(tmp_path):
    base = tiny_models.save("llama", tmp_path / "base")
    folder = tmp_path / "adapter"
    if find_spec("peft"):
        from peft import LoraConfig, get_peft_model

        settings = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
        get_peft_model(loading.causal_model(base), settings).save_pretrained(folder)
        known = json.loads((folder / forms.ADAPTER).read_text())
        known |= {"base_model_name_or_path": "lab/base", "revision": "v1"}
        (folder / forms.ADAPTER).write_text(json.dumps(known))
    else:
        adapter_of("lab/base", folder, revision="v1")
    served = {"lab/adapter": folder, "lab/base@v1": base}
    with loopback_hub.serving(served) as hub:
        how = {"env": hub.env(tmp_path / "cache"), "capture_output": True, "text": True}
        ran = subprocess.run([sys.executable, "-c", ASK], **how)
        assert ran.returncode == 0, ran.stderr
        said = json.loads(ran.stdout.splitlines()[-1])
        assert said["sizes"] == [forms.ADAPTER, "adapter_model.safetensors"]
        if find_spec("peft"):
            assert said["of"] == f"lab/base@{hub.commit('lab/base', 'v1')}"
            assert said["commit"] == said["known"] == hub.commit("lab/adapter")
        else:
            assert said["kind"] == "unsupported" and "adapter of lab/base" in said["words"]
