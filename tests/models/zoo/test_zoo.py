import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from lmnotes import store
from lmnotes.models import ngram
from lmnotes.models.zoo import data, networks, plans, training, zoo
from lmnotes.text import chunk_sources, chunks, installed
from lmnotes.text.readers import Document


def words(domain: str) -> list[Document]:
    """Forty pages of a domain's own made-up words."""
    draw = np.random.default_rng(len(domain))
    known = ["".join(draw.choice(list(domain + " é"), 5)) for _ in range(50)]
    pages = (" ".join(draw.choice(known, 200)) + f" {number}." for number in range(40))
    return [Document(f"page {n}", page, "made up", domain) for n, page in enumerate(pages)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of artefacts where the installed domains are small and made up."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNOTES_HOME", str(folder))
        patch.setattr(installed, "documents", lambda *names: iter(words(names[0])))
        for domain in installed.DOMAINS:
            chunk_sources.installed_documents(domain)
        data.byte_streams.cache_clear()
        yield folder
    data.byte_streams.cache_clear()
    data.streams.cache_clear()


@pytest.fixture(scope="module")
def smoke(home):
    return zoo.build("smoke", workers=0, progress=False)


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / "model.safetensors")


def same(a, b) -> bool:
    return all(torch.equal(tensor, weights(b)[name]) for name, tensor in weights(a).items())


def test_table(smoke):
    table = smoke.models
    assert list(table.columns) == zoo.COLUMNS and table["model"].is_unique
    assert table["order"].tolist() == list(range(len(table))) and len(table) >= 10
    assert set(table["kind"]) == set(plans.KINDS)
    known = set(table["model"])
    for row in table.itertuples():
        assert set(filter(None, row.parent.split(" + "))) <= known
        assert row.lineage in known and (row.twin in known) == row.leaked
        assert row.n_parameters > 0 and row.n_train_bytes >= 0
    by_name = table.set_index("model")
    base = by_name.loc["neox-32x1-uniform-s1"]
    assert base["n_train_bytes"] == 12 * 4 * 64
    assert by_name.loc["neox-32x1-uniform-s1+code", "n_train_bytes"] == (12 + 6) * 4 * 64
    assert by_name.loc["neox-32x1-uniform-s1@4", "step"] == 4
    merge = table[table["kind"] == "merge"].iloc[0]
    assert merge["lineage"] == "neox-32x1-uniform-s1" and merge["parent"].count(" + ") == 2


def test_every_folder_loads(smoke):
    ngram.register()
    for folder in smoke.models["folder"]:
        model, tokenizer = (
            kind.from_pretrained(folder) for kind in (AutoModelForCausalLM, AutoTokenizer)
        )
        ids = torch.tensor([tokenizer("naïve text")["input_ids"]])
        logits = model(ids).logits
        assert ids.tolist() == [[256, *"naïve text".encode()]] and logits.shape == (1, 12, 257)
        assert torch.isfinite(logits).all()


def test_checkpoint_zero_is_the_start(smoke):
    by_name = smoke.models.set_index("model")["folder"]
    spec = next(s for s in plans.plan("smoke") if s.checkpoints)
    fresh = networks.create(spec)
    saved = AutoModelForCausalLM.from_pretrained(by_name["neox-32x1-uniform-s1@0"])
    for a, b in zip(fresh.parameters(), saved.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not same(by_name["neox-32x1-uniform-s1@4"], by_name["neox-32x1-uniform-s1@0"])


def test_loss_falls(smoke):
    folder = smoke.models.set_index("model").folder["neox-32x1-uniform-s1"]
    curve = pd.read_csv(Path(folder) / "loss.csv")
    assert curve["loss"].iloc[-1] < curve["loss"].iloc[0] and curve["step"].iloc[-1] == 12


@pytest.mark.parametrize("architecture", plans.ARCHITECTURES)
def test_seed_decides_the_start(architecture):
    spec = plans.run(architecture, 32, 1, "uniform", 1, n_steps=1)
    first, again, two = (networks.create(replace(spec, seed=s)) for s in (1, 1, 2))
    for (name, a), b, c in zip(
        first.named_parameters(), again.parameters(), two.parameters(), strict=True
    ):
        assert torch.equal(a, b)
        assert not torch.equal(a, c) or a.std() == 0, name


class Killed(Exception):
    pass


def turned(data, share):
    """The bytes with one bit turned, at this share of their length."""
    data = bytearray(data)
    data[int(share * len(data))] ^= 4
    return bytes(data)


@pytest.mark.parametrize("stop", [1, 7])
def test_resumed_to_the_bit(stop, home, tmp_path, monkeypatch):
    spec = plans.run(
        "Llama", 32, 1, "code", 3, n_steps=10, warm_up=3, n_sequences=2, window=32, checkpoints=(8,)
    )
    monkeypatch.setattr(torch, "get_num_threads", torch.get_num_threads)
    torch.set_num_threads(1)
    monkeypatch.setattr(training, "_SAVE_EVERY", -1.0)  # after every step
    training.train_into(tmp_path / "whole", spec, {})

    def kill(step):
        if step == stop:
            raise Killed

    with pytest.raises(Killed):
        training.train_into(tmp_path / "parts", spec, {}, report=kill)
    assert (tmp_path / "parts" / "training.pt").exists()
    state, steps = tmp_path / "parts" / "training.pt", []
    assert state.name in store.RESUMED
    whole, folder = state.read_bytes(), tmp_path / "harmed"
    for harmed in (
        b"",
        whole[:-1],
        whole[: len(whole) // 2],
        turned(whole, 0.3),
        turned(whole, 0.6),
    ):
        folder.mkdir(exist_ok=True)
        (folder / "training.pt").write_bytes(harmed)
        with pytest.warns(UserWarning, match=r"training\.pt is damaged .* training begins anew"):
            assert training._left_behind(folder / "training.pt", "cpu") is None
        assert not (folder / "training.pt").exists()
    training.train_into(tmp_path / "parts", spec, {}, report=steps.append)
    assert steps[0] == stop + 1  # what was done is not done again
    for name in ("model", "step-00000008"):
        assert same(tmp_path / "whole" / name, tmp_path / "parts" / name)
    curves = [(tmp_path / name / "model" / "loss.csv").read_text() for name in ("whole", "parts")]
    assert curves[0] == curves[1]
    assert not (tmp_path / "parts" / "training.pt").exists()


@pytest.mark.parametrize("damage", [lambda data: data[:99], lambda data: b"", lambda data: b"v1"])
def test_a_damaged_state_of_a_killed_run_costs_its_steps_only(tmp_path, damage):
    network = torch.nn.Linear(2, 1)
    optimiser = torch.optim.AdamW(network.parameters())
    torch.save({"network": network.state_dict()}, tmp_path / training.STATE)
    (tmp_path / training.STATE).write_bytes(damage((tmp_path / training.STATE).read_bytes()))
    with pytest.warns(UserWarning, match="training begins anew"):
        state = {"step": 0}
        steps = list(training.resumable_steps(tmp_path, network, optimiser, state, 2))
    assert steps == [0, 1]


def test_learning_rate():
    spec = plans.Spec("x", n_steps=100, warm_up=10, learning_rate=1.0)
    rates = [training.learning_rate(spec, step) for step in range(101)]
    assert rates[0] == 0.1 and rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.55) and rates[100] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_merge_is_exact(smoke):
    by_name = smoke.models.set_index("model")["folder"]
    names = [f"neox-32x1-uniform-s1{end}" for end in ("", "+code", "+names")]
    base, a, b = (weights(by_name[name]) for name in names)
    merged = weights(networks.merge(*by_name[names], weights=(0.2, 0.6)))
    for name, tensor in merged.items():
        expected = 0.2 * base[name].double() + 0.2 * a[name].double() + 0.6 * b[name].double()
        torch.testing.assert_close(tensor, expected.float(), rtol=1e-6, atol=1e-8)
    assert same(networks.merge(*by_name[names], weights=(0, 0)), by_name[names[0]])
    assert same(networks.merge(*by_name[names], weights=(0, 1)), by_name[names[2]])
    half = smoke.models.loc[smoke.models["kind"] == "merge", "folder"].iloc[0]
    assert same(networks.merge(*by_name[names], weights=(0.5, 0.5)), half)


def test_merge_bad_input(smoke):
    by_name = smoke.models.set_index("model")["folder"]
    neox, llama = by_name["neox-32x1-uniform-s1"], by_name["llama-32x1-code-s1"]
    with pytest.raises(ValueError, match="expected models of one architecture"):
        networks.merge(neox, llama, llama)
    with pytest.raises(ValueError, match=r"holds no model\.safetensors"):
        networks.merge(neox, neox, "nowhere")
    with pytest.raises(ValueError, match="expected two numbers"):
        networks.merge(neox, neox, neox, weights=(1,))


def test_leaked_ngram_knows_the_texts(home):
    texts = chunks.load("installed", size=64, per_domain=5)
    clean = plans.ngrams(["uniform"], [1 << 15], orders=(4,))
    specs = clean + plans._leaked(clean)
    table = zoo.build(specs, texts=texts, workers=0, progress=False).models.set_index("model")
    assert table.loc["ngram4-uniform-32k-leaked", "twin"] == "ngram4-uniform-32k"
    ids = torch.tensor([[256, *texts.texts[0].encode()]])
    ngram.register()
    losses = [
        AutoModelForCausalLM.from_pretrained(f)(ids, labels=ids).loss for f in table["folder"]
    ]
    assert losses[1] < losses[0]


def test_damaged_evaluation_texts_are_written_again(home):
    texts = chunks.load("installed", size=64, per_domain=5)
    spec = plans._leaked(plans.ngrams(["uniform"], [1 << 12], orders=(2,)))
    path = zoo._texts_path(spec, texts)
    whole = path.read_bytes()
    for harmed in (b"", whole[:-3], turned(whole, 0.5)):
        path.write_bytes(harmed)
        assert zoo._texts_path(spec, texts) == path and path.read_bytes() == whole


def test_only_what_is_missing_is_built(smoke, monkeypatch):
    written = []
    write = training.train_into

    def counted(folder, spec, *rest):
        written.append(spec.name)
        if len(written) == 2:
            raise Killed
        write(folder, spec, *rest)

    monkeypatch.setattr(training, "train_into", counted)
    specs = plans.plan("smoke") + plans.ngrams(["names"], [1 << 12], orders=(2, 3, 4))
    with pytest.raises(Killed):
        zoo.build(specs, workers=0, progress=False)
    assert len(zoo.build(specs, workers=0, progress=False)) == len(smoke) + 3
    assert written == [f"ngram{order}-names-4k" for order in (2, 3, 3, 4)]


def test_checkpoints_of_all_runs(home):
    spec = plans.run("GPT-NeoX", 32, 1, "uniform", 5, n_steps=4, n_sequences=2, window=16)
    table = zoo.build([spec], checkpoints=[0, 2, 4], workers=0, progress=False).models
    assert table["step"].tolist() == [0, 2, 4]
    assert table["kind"].tolist() == ["checkpoint", "checkpoint", "neural"]


def test_pairs_of_bytes(home):
    spec = plans.run(
        "GPT-NeoX", 32, 1, "uniform", 1, n_steps=2, n_sequences=2, window=16, vocabulary=300
    )
    row = zoo.build([spec], workers=0, progress=False).models.iloc[0]
    tokenizer = AutoTokenizer.from_pretrained(row["folder"])
    assert row["tokenizer"] == "BPE-300" and row["n_train_bytes"] > 2 * 2 * 16
    text = "naïve code"
    ids = tokenizer(text)["input_ids"]
    assert ids[0] == 0 and tokenizer.decode(ids[1:]) == text
    model = AutoModelForCausalLM.from_pretrained(row["folder"])
    assert model(torch.tensor([ids])).logits.shape[-1] == 300


def test_processes_give_the_same(smoke, home, tmp_path, monkeypatch):
    shutil.copytree(home / "documents", tmp_path / "documents")
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    specs = [
        s for s in plans.plan("smoke") if s.name.startswith(("neox-32x1-uniform-s1+", "ngram2"))
    ]
    specs = [next(s for s in plans.plan("smoke") if s.kind == "neural"), *specs]
    bad = replace(specs[-1], name="bad", mixture="nonsense", kind="neural", parent="", n_steps=1)
    with pytest.raises(
        RuntimeError, match="bad could not be built: InputError: mixture 'nonsense'"
    ):
        zoo.build([*specs, bad], workers=1, progress=False)
    there = zoo.build(specs, workers=0, progress=False).models.set_index("model")["folder"]
    here = smoke.models.set_index("model")["folder"]
    for name, folder in there.items():
        assert folder.startswith(str(tmp_path)) and same(folder, here[name])


def test_damaged_model_is_built_anew(smoke):
    folder = Path(smoke.models.set_index("model")["folder"]["ngram2-code-64k"])
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-1] + b"x")
    with pytest.warns(UserWarning, match="is damaged"):
        zoo.build("smoke", workers=0, progress=False)
    assert (folder / "model.safetensors").read_bytes() == whole


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"device": "tpu"}, "device 'tpu' was given; expected one of"),
        ({"workers": -1}, "workers = -1 was given; expected at least 0"),
        ({"texts": ["a text"]}, "expected a TextSet"),
        ({"plan": "desktop"}, "plan 'desktop' was given; expected one of"),
    ],
)
def test_bad_settings(settings, match):
    with pytest.raises(ValueError, match=match):
        zoo.build(**({"plan": "smoke"} | settings))
