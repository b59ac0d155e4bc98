import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lmnotes.models.scoring import loading, score
from lmnotes.models.zoo import mixtures, plans
from lmnotes.models.zoo.mixtures import Domains
from lmnotes.papers.domain_mixture import design, gradients, jobs, readings
from lmnotes.papers.domain_mixture import steps as superposition
from lmnotes.text.chunks import TextSet

SPEC = plans.Spec(
    "tiny",
    architecture="GPT-NeoX",
    width=32,
    depth=1,
    n_steps=3,
    warm_up=1,
    n_sequences=4,
    window=16,
    seed=3,
    learning_rate=0.01,
)
STRINGS = ["def f(x): return x", "a cat sat on the mat", "LATIN SMALL A", "1 + 1 = 2\n"]
TABLE = pd.DataFrame(
    {
        "text_id": list("0123"),
        "domain": ["code", "prose", "names", "questions"],
        "n_bytes": [len(text) for text in STRINGS],
    }
)
TEXTS = TextSet("four", STRINGS, TABLE, {})


@pytest.fixture(scope="module")
def domains():
    parts = {"code": b"def f(x): return x + 1\n", "prose": b"a cat sat. ", "names": b"LATIN SMALL "}
    return Domains(tuple(parts), tuple(np.frombuffer(p * 20, np.uint8) for p in parts.values()))


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "mixture-jobs-home"
    monkeypatch.setenv("LMNOTES_HOME", str(folder))


@pytest.fixture
def models(domains):
    run = mixtures.Run(SPEC, (1, 1, 1))
    both = {"a": run, "b": replace(run, weights=(5, 1, 1))}
    return {name: str(mixtures.train(run, domains, device="cpu")) for name, run in both.items()}


def test_a_reading_is_scoring_and_exact_kl(models):
    a, b = models["a"], models["b"]
    reading = readings.Reading.from_arrays(readings.read(b, TEXTS, (a,), device="cpu"))
    plain = score.score_texts(b, TEXTS, device="cpu").log_likelihood
    np.testing.assert_allclose(reading.log_likelihood, plain, atol=1e-3)
    exact, scorers = np.zeros(len(STRINGS)), [loading.load(m, device="cpu") for m in (a, b)]
    for row, text in enumerate(STRINGS):
        ids = torch.tensor([[256, *text.encode()]])
        with torch.no_grad():
            p, q = (scorer.model(ids).logits[0, :-1].log_softmax(-1) for scorer in scorers)
        exact[row] = (p.exp() * (p - q)).sum()
        hits = (q.argmax(-1) == ids[0, 1:]).numpy()
        np.testing.assert_array_equal(reading.hit[row, : len(text)], hits)
        assert np.isnan(reading.hit[row, len(text) :]).all()
    np.testing.assert_allclose(np.nansum(reading.exact[0], axis=1), exact, rtol=1e-4)
    bits = exact[:2].sum() / TABLE.n_bytes[:2].sum() / np.log(2)
    used = np.array([True, True, False, False])
    assert reading.exact_bits(0, TEXTS.n_bytes, used) == pytest.approx(bits, rel=1e-4)
    own = readings.Reading.from_arrays(readings.read(a, TEXTS, (a,), device="cpu"))
    assert (exact > 0).all() and not np.nansum(own.exact)
    share = readings.foreseen(reading, TABLE, ("prose", "code"))
    assert share[1] == pytest.approx(np.nanmean(reading.hit[0]))
    whole, bytes_right = readings.answered(reading, {3: (8, 10)})
    assert whole == reading.hit[3, 8:10].all() and bytes_right == reading.hit[3, 8:10].mean()


def test_nearness_and_lengths(models):
    arrays = [readings.read(models[n], TEXTS, (models["a"],), device="cpu") for n in "ab"]
    a, b = map(readings.Reading.from_arrays, arrays)
    row = readings.nearness(a, 0, b, a, TABLE, ("code", "prose", "names"))
    assert row["kl_var"] == pytest.approx(0, abs=1e-9) and row["cosine"] == pytest.approx(1)
    assert row["exact_kl"] == pytest.approx(0, abs=1e-6)
    row = readings.nearness(a, 0, b, b, TABLE, ("code", "prose", "names"))
    gap = (a.log_likelihood - b.log_likelihood)[:3]
    assert row["kl_var"] == pytest.approx(gap.var() / (2 * TEXTS.n_bytes[:3].mean() * np.log(2)))
    assert np.isnan(readings.nearness(a, 1, b, b, TABLE, ("code",))["exact_kl"])
    table = readings.by_length(a, 0, b, np.array([0, 0, 1, 1]), (4, 8))
    values = (a.log_probability - b.log_probability)[:, :8].sum(axis=1)
    assert table.kl_var[1] == pytest.approx(values.var() / (16 * np.log(2)), rel=1e-4)
    exact = np.nanmean(b.exact[0][:, :4]) / np.log(2)
    assert table.exact_kl[0] == pytest.approx(exact, rel=1e-5)


def test_jobs_are_done_once(domains, models, monkeypatch):
    run = mixtures.Run(replace(SPEC, learning_rate=0.002), (1, 2, 3), 1, start=models["a"])
    wanted = {"first": run, "again": run, "folder": models["b"]}
    first = jobs.read_all(wanted, TEXTS, domains, (models["a"],), device="cpu", workers=1)
    np.testing.assert_array_equal(first["first"].exact, first["again"].exact)
    assert first["folder"].folder == models["b"]
    monkeypatch.setattr(readings, "read", None)
    again = jobs.read_all(wanted, TEXTS, domains, (models["a"],), device="cpu", workers=1)
    np.testing.assert_array_equal(again["first"].log_probability, first["first"].log_probability)
    other = {"first": replace(run, weights=(1, 2, 4))}
    with pytest.raises(TypeError):
        jobs.read_all(other, TEXTS, domains, device="cpu", workers=1)


def test_weights_designed_anew(domains, models):
    texts = TEXTS.select([0, 1, 2])
    target = score.score_texts(models["b"], texts, device="cpu").log_likelihood
    run = mixtures.Run(replace(SPEC, n_steps=5), (1, 1, 1), 7, start=models["a"])
    job = jobs.TrainedAnew(run, target, texts, every=2)
    reading = jobs.read_all({"anew": job}, texts, domains, device="cpu", workers=1)["anew"]
    parts = job.parts(domains, "cpu")
    assert parts["step"].tolist() == [2, 4, 5] and reading.folder == parts["folder"].iloc[-1]
    before = [models["a"], *parts["folder"]]
    for row, folder in zip(parts[list(domains.names)].to_numpy(), before, strict=False):
        values = target - score.score_texts(folder, texts, device="cpu").log_likelihood
        gap = design.Gap(values, texts.n_bytes, np.arange(3), domains.names)
        np.testing.assert_allclose(row, design.design(gap), atol=1e-5)
    assert job.key(domains, "cpu") != replace(job, every=3).key(domains, "cpu")
    with pytest.raises(ValueError, match="start=''"):
        replace(job, run=replace(run, start="")).parts(domains, "cpu")


def test_gradient_jobs(domains, models):
    texts = TEXTS.select([0, 1, 2])
    gap = np.array([1.0, -0.5, 0.2])
    settings = {"n_windows": 3, "window": 16, "device": "cpu"}
    mixes = ((1.0, 1.0, 1.0),)
    made = {
        "pull": jobs.Gradients("pull", models["a"], texts, gap=gap, **settings),
        "responses": jobs.Gradients("responses", models["a"], texts, **settings),
        "gram": jobs.Gradients("gram", models["a"], texts, **settings),
        "steps": jobs.Gradients(
            "steps", models["a"], texts, rates=(1e-3, 1e-2), mixtures=mixes, **settings
        ),
    }
    arrays = jobs.do(made, domains, workers=1)
    responses = arrays["responses"]
    np.testing.assert_allclose(arrays["pull"], (gap - gap.mean()) @ responses / 3, rtol=1e-3)
    assert arrays["gram"].shape == (3, 3) and arrays["steps"].shape == (2, 4, 3)
    np.testing.assert_allclose(arrays["steps"][0, :3].T / 1e-3, responses, rtol=0.1, atol=0.05)
    errors = superposition.errors(arrays["steps"], mixes)
    assert errors.cosine[0] > 0.99 and errors.relative_error[0] < errors.relative_error[1]


def test_a_model_is_left_as_it_was(domains, models):
    scorer = loading.load(models["a"], device="cpu")
    before = [weights.detach().clone() for weights in scorer.model.parameters()]
    superposition.moves(scorer, STRINGS, domains.windows(2, 16), [(1, 1, 1)], (0.1,))
    assert all(torch.equal(a, b) for a, b in zip(before, scorer.model.parameters(), strict=True))


def test_other_tokens_are_refused(models, monkeypatch):
    readings._distributions.cache_clear()
    plain = gradients.log_probabilities

    def short(scorer, rows):
        return plain(scorer, rows)[..., : 200 + (scorer.name == models["a"])]

    monkeypatch.setattr(gradients, "log_probabilities", short)
    with pytest.raises(ValueError, match="read the texts as other tokens"):
        readings.read(models["b"], TEXTS.select([2]), (models["a"],), device="cpu")
    readings._distributions.cache_clear()
