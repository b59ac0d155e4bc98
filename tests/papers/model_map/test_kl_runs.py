from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lmnotes.models import ngram, ngram_lookup, sampling
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import runner
from lmnotes.models.scoring import loading, score
from lmnotes.models.scoring import rule as rules
from lmnotes.models.zoo import networks, tasks
from lmnotes.papers.model_map import checks, interpolation, kl_runs
from lmnotes.text import chunks


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two n-gram models with their tokenizer, and a small network and two changed copies of it."""
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    home = tmp_path_factory.mktemp("models")
    tokenizer = networks.byte_tokenizer()
    made = {
        "one": ngram.fit(b"the cat sat on the mat and the dog ate the hat\n" * 4, order=2),
        "two": ngram.fit(b"x = f(a, b)\nif x == 3:\n    return [x, 2 + 3]\n" * 4, order=3),
    }
    torch.manual_seed(1)
    config = GPTNeoXConfig(
        vocab_size=257,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=300,
        bos_token_id=256,
        eos_token_id=256,
    )
    made["base"] = GPTNeoXForCausalLM(config)
    for name in ("first", "second"):
        made[name] = GPTNeoXForCausalLM(config)
        made[name].load_state_dict(made["base"].state_dict())
        with torch.no_grad():
            for weights in made[name].parameters():
                weights.add_(0.05 * torch.randn_like(weights))
    for name, model in made.items():
        model.save_pretrained(home / name)
        tokenizer.save_pretrained(home / name)
    return {name: str(home / name) for name in made}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "all.txt"
    path.write_text("the dog sat on the hat\nif a == 2:\n    return f(x)\n" * 3)
    return chunks.load(path, size=24, minimum=20)


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))


def test_comparison_of_two_models_is_what_the_parts_say(folders):
    ids = np.random.default_rng(0).integers(32, 120, (5, 12))
    models = [folders["one"], folders["two"]]
    result = kl_runs.compare_by_sampling(models, ids, n_draws=4, length=9, n_given=3, seed=7)
    assert result.ratio.shape == result.exact.shape == (2, 2, 4, 9)
    first, second = (loading.load(model, device="cpu").model for model in models)
    start = np.full((4, 1), 256)
    drawn = sampling.draw(first, start, 9, seed=7)
    along = sampling.compare_along([first, second], 0, start, drawn)
    np.testing.assert_allclose(result.ratio[0], along.ratio, atol=1e-5)
    np.testing.assert_allclose(result.exact[0], along.kl, atol=1e-5)
    assert result.given.shape == (2, 5, 12)
    np.testing.assert_allclose(
        result.given[1], sampling.log_probabilities(second, 256, ids), atol=1e-4
    )
    assert result.conditional[0, 0] == pytest.approx(0, abs=1e-5) and result.conditional[0, 1] > 0
    again = kl_runs.compare_by_sampling(models, ids, n_draws=4, length=9, n_given=3, seed=7)
    np.testing.assert_array_equal(again.exact, result.exact)


def test_next_bytes_need_not_be_compared(folders):
    ids = np.random.default_rng(0).integers(32, 120, (3, 8))
    models = [folders["one"], folders["base"]]
    result = kl_runs.compare_by_sampling(models, ids, n_draws=2, length=8, n_given=0, seed=1)
    assert np.isnan(result.conditional).all() and result.given.shape == (2, 3, 8)


def test_counted_bytes_are_scored_as_with_any_model(folders, monkeypatch):
    model, texts = loading.load(folders["two"], device="cpu"), ["x = 3", "naïve: the hat", "x"]
    expected = score.score_texts(model, texts, rule=rules.Rule(bos="always")).log_likelihood
    result = ngram_lookup.text_sums(model.model, [text.encode() for text in texts])
    np.testing.assert_allclose(result, expected, atol=1e-4)
    monkeypatch.setattr(chunks, "stream", lambda domain: b"if x == 3:\n    return f(x)\n" * 9)
    row = checks.ngram_row(texts, "code", order=3, n_bytes=40, n_leaked=1)
    fitted = ngram.fit(chunks.stream("code")[:40] + texts[0].encode(), order=3)
    np.testing.assert_allclose(
        row, ngram_lookup.text_sums(fitted, [text.encode() for text in texts])
    )


def test_models_are_scored_here_once(folders, texts):
    import pandas

    table = pandas.DataFrame({"model": ["one", "two"], "folder": [folders["one"], folders["two"]]})
    scores = ledger.open(texts)
    with ThreadPoolExecutor(2) as pool:  # both ask at once; one scores
        assert sorted(pool.map(lambda _: runner.score_small(table, scores), range(2))) == [0, 2]
    expected = score.score_texts(folders["two"], texts).log_likelihood
    np.testing.assert_allclose(scores.matrix(about=table).values[1], expected)


def test_a_grid_holds_its_corners_and_is_kept(folders, texts):
    three = [folders[name] for name in ("base", "first", "second")]
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    rule = rules.PUBLISHED
    values, geometry = interpolation.grid_scores(three, texts, points, rule)
    for row, folder in zip(values, three, strict=False):
        np.testing.assert_allclose(
            row, score.score_texts(folder, texts, rule=rule).log_likelihood, atol=1e-2
        )
    assert geometry.rms_1 == pytest.approx(0.05, rel=0.1)
    assert geometry.angle == pytest.approx(90, abs=5)
    again, same = interpolation.grid_scores(three, texts, points, rule)
    np.testing.assert_array_equal(again, values)
    assert same == geometry


def test_tasks_are_scored_and_kept(folders, texts):
    import pandas
    import torch

    table = pandas.DataFrame({"model": ["two"], "folder": [folders["two"]]})
    result = tasks.scores(table, texts, n_items=6, seed=0)
    assert list(result.columns) == [*tasks.TASKS, "next byte", "task mean"]
    assert result.loc["two", list(tasks.TASKS)].between(0, 100).all()
    model = loading.load(folders["two"], device="cpu")
    per_text = []
    for text in texts.texts:
        data = list(text.encode())
        guesses = [
            int(model.model(torch.tensor([[256, *data[:t]]])).logits[0, -1].argmax())
            for t in range(len(data))
        ]
        per_text.append(np.mean(np.array(guesses) == data))
    assert result.loc["two", "next byte"] == pytest.approx(100 * np.mean(per_text))
    assert tasks.scores(table, texts, n_items=6, seed=0).equals(result)
