import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from lmnotes.models.scoring import score
from lmnotes.models.zoo import data, mixtures, plans, training
from lmnotes.models.zoo.mixtures import Batches, Domains
from lmnotes.text.chunks import TextSet

SPEC = plans.Spec(
    "tiny",
    architecture="GPT-NeoX",
    width=32,
    depth=1,
    n_steps=4,
    warm_up=1,
    n_sequences=4,
    window=16,
    seed=3,
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def domains():
    parts = {"code": b"def f(x): return x + 1\n", "prose": b"a cat sat. ", "names": b"LATIN SMALL "}
    return Domains(tuple(parts), tuple(np.frombuffer(p * 20, np.uint8) for p in parts.values()))


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """One home for this module's artefacts."""
    folder = tmp_path_factory.getbasetemp() / "mixture-home"
    monkeypatch.setenv("LMNOTES_HOME", str(folder))
    return folder


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / "model.safetensors")


def same(a, b) -> bool:
    return all(torch.equal(tensor, weights(b)[name]) for name, tensor in weights(a).items())


def test_batches_follow_the_weights(domains):
    spec = replace(SPEC, n_sequences=600)
    shares = np.array([0.6, 0.1, 0.3])
    rows = Batches(spec, domains, shares, 5).draw(0)
    assert rows.shape == (600, 17) and (rows[:, 0] == 256).all()
    texts = [bytes(row[1:].tolist()) for row in rows]
    result = [np.mean([t in ids.tobytes() for t in texts]) for ids in domains.streams]
    np.testing.assert_allclose(result, shares, atol=0.06)
    only = Batches(spec, domains, [0, 1, 0], 5).draw(3)
    assert all(bytes(row[1:].tolist()) in domains.streams[1].tobytes() for row in only)


def test_batches_are_paired(domains):
    """Where two mixtures draw the same domain, they draw the same window."""
    spec = replace(SPEC, n_sequences=200)
    first, second = (Batches(spec, domains, w, 5).draw(2) for w in ([1, 1, 1], [2, 1, 1]))
    equal = (first == second).all(axis=1)
    assert equal.mean() > 0.7  # total variation of 1/6, between borders
    again, other = (Batches(spec, domains, [1, 1, 1], seed).draw(2) for seed in (5, 6))
    assert (again == first).all() and (other != first).any()


def test_uniform_is_that_of_the_zoo(domains):
    streams = dict(zip(domains.names, domains.streams, strict=True))
    theirs = data.Batches(replace(SPEC, mixture="uniform"), streams, None, 256)
    ours = Batches(SPEC, domains, [1, 1, 1], theirs.data_seed)
    np.testing.assert_array_equal(ours.draw(3), theirs.draw(3))


class Killed(Exception):
    pass


@pytest.mark.parametrize("stop", [1, 3])
def test_resumed_to_the_bit(stop, domains, monkeypatch):
    run = mixtures.Run(replace(SPEC, checkpoints=(2,)), (0.5, 0.2, 0.3), data_seed=10 + stop)
    monkeypatch.setattr(training, "_SAVE_EVERY", -1.0)  # after every step
    whole = mixtures.train(run, domains, device="cpu")
    before = {name: tensor.clone() for name, tensor in weights(whole).items()}
    folder = whole.parent
    early = weights(mixtures.checkpoints(whole, run.spec)[2])
    kept = folder.rename(folder.with_name(f"kept-{stop}"))
    step, done = training._loss, []

    def killed(*arguments):
        if len(done) == stop:
            raise Killed
        done.append(1)
        return step(*arguments)

    monkeypatch.setattr(training, "_loss", killed)
    with pytest.raises(Killed):
        mixtures.train(run, domains, device="cpu")
    counted = []
    monkeypatch.setattr(training, "_loss", lambda *a: counted.append(1) or step(*a))
    again = mixtures.train(run, domains, device="cpu")
    assert again == whole and len(counted) == run.spec.n_steps - stop
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(again).items())
    late = weights(mixtures.checkpoints(again, run.spec)[2])
    assert all(torch.equal(tensor, late[name]) for name, tensor in early.items())
    assert (kept / "model").is_dir()


def test_what_is_trained_is_not_trained_again(domains, monkeypatch):
    run = mixtures.Run(SPEC, (1.0, 0.0, 0.0))
    folder = mixtures.train(run, domains, device="cpu")
    monkeypatch.setattr(training, "train", None)
    named = replace(SPEC, name="other", mixture="code")
    assert mixtures.train(replace(run, spec=named), domains, device="cpu") == folder
    with pytest.raises(TypeError):
        mixtures.train(replace(run, weights=(0.9, 0.1, 0.0)), domains, device="cpu")


def test_continued_training_starts_at_the_base(domains):
    base = mixtures.train(mixtures.Run(SPEC, (1, 1, 1)), domains, device="cpu")
    run = mixtures.Run(
        replace(SPEC, checkpoints=(0,), seed=9), (1, 0, 0), data_seed=1, start=str(base)
    )
    folder = mixtures.train(run, domains, device="cpu")
    steps = mixtures.checkpoints(folder, run.spec)
    assert list(steps) == [0, 4] and same(steps[0], base) and not same(folder, base)
    other = replace(run, spec=replace(run.spec, seed=10))  # no weights are fresh
    assert mixtures.train(other, domains, device="cpu") == folder


def test_a_domain_learns_its_own(domains):
    """Brief probes: training on a domain raises the log-likelihoods of its own texts most."""
    spec = replace(SPEC, n_steps=40, n_sequences=8)
    base = mixtures.train(mixtures.Run(spec, (1, 1, 1)), domains, device="cpu")
    texts = [bytes(ids[:48]).decode() for ids in domains.streams]
    before = score.score_texts(str(base), texts, device="cpu").log_likelihood
    run = mixtures.Run(replace(spec, learning_rate=0.003), (1, 1, 1), 1, start=str(base))
    runs = mixtures.probes(run, 8)
    assert [probe.weights for probe in runs.values()] == [tuple(row) for row in np.eye(3)]
    folders = mixtures.train_all(runs, domains, device="cpu", progress=False)
    after = [
        score.score_texts(str(f), texts, device="cpu").log_likelihood for f in folders.values()
    ]
    changes = np.transpose(after) - before[:, None]  # (N, K)
    assert (changes.argmax(axis=1) == np.arange(3)).all()


def test_probes_around_a_mixture():
    run = mixtures.Run(SPEC, (1, 1, 1))
    runs = mixtures.probes(run, 5, around=(0.2, 0.3, 0.5), share=0.1)
    assert runs[1].weights == pytest.approx((0.18, 0.37, 0.45)) and runs[0].spec.n_steps == 5
    assert runs[0].spec.warm_up == 0 and runs[0].data_seed == runs[2].data_seed
    with pytest.raises(ValueError, match="share=0"):
        mixtures.probes(run, 5, share=0)


def test_domains_of_texts():
    table = pd.DataFrame({"domain": ["b", "a", "b"], "n_bytes": [2, 3, 2]})
    texts = TextSet("three", ["b1", "a-1", "b2"], table, {})
    result = mixtures.domains(texts)
    assert result.names == ("b", "a")
    assert [bytes(ids) for ids in result.streams] == [b"b1\nb2", b"a-1"]
    np.testing.assert_allclose(result.natural, [5 / 8, 3 / 8])
    assert repr(result) == "Domains: names ('b', 'a'), streams ((5,), (3,)), vocabulary 257"
    assert result.content_id != Domains(("b", "a"), result.streams[::-1]).content_id
    windows = result.windows(3, 2)
    assert windows.shape == (2, 3, 3) and (windows[1, :, 1:] != ord("b")).all()


def test_saved_model_loads(domains):
    folder = mixtures.train(mixtures.Run(SPEC, (0, 1, 0)), domains, device="cpu")
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.num_parameters() > 0 and (folder / "loss.csv").is_file()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"weights": (1, 1)}, "expected 3 numbers"),
        ({"start": "nowhere"}, r"nowhere holds no model\.safetensors"),
        ({"spec": replace(SPEC, vocabulary=300)}, "a spec with 300 ids"),
        ({"spec": replace(SPEC, n_steps=0)}, "expected at least 1"),
        ({"spec": replace(SPEC, architecture="LSTM")}, "expected a new name"),
    ],
)
def test_bad_runs(domains, changes, match):
    run = replace(mixtures.Run(SPEC, (1, 1, 1)), **changes)
    with pytest.raises(ValueError, match=match):
        mixtures.train(run, domains, device="cpu")


def test_bad_domains():
    with pytest.raises(ValueError, match="source 'pile' was given"):
        mixtures.domains("pile")
