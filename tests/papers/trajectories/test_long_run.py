from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lmnotes.models.zoo import plans, training
from lmnotes.papers.trajectories import byte_network, long_run
from lmnotes.text.chunks import TextSet

STEPS = (0, 3, 6)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A recipe in a home of its own, without the installed text."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    text = np.frombuffer(b"the quick brown fox jumps over the lazy dog. " * 40, np.uint8)
    streams = {"prose": text, "numbers": np.frombuffer(b"0123456789" * 60, np.uint8)}
    monkeypatch.setattr(long_run.data, "byte_streams", lambda: streams)
    monkeypatch.setattr(long_run, "_text_key", lambda: {"text": "of the test"})
    monkeypatch.setattr(long_run.chunks, "domain_names", lambda: tuple(streams))
    byte_network._source.cache_clear()
    yield byte_network.Recipe(STEPS, width=8, embedded=4, context=5, batch=16, warm_up=2)
    byte_network._source.cache_clear()


def slow_log_likelihood(flat, text, recipe):
    """One byte at a time, from the weights in the order of the network's parameters."""
    sizes = [(257, recipe.embedded), (recipe.width, recipe.context * recipe.embedded)]
    sizes += [(recipe.width,), (recipe.width, recipe.width), (recipe.width,)]
    sizes += [(256, recipe.width), (256,)]
    parts, at = [], 0
    for size in sizes:
        parts.append(flat[at : at + np.prod(size)].reshape(size).astype(np.float64))
        at += int(np.prod(size))
    table, w1, b1, w2, b2, w3, b3 = parts
    total, data = 0.0, [byte_network.BOS] * recipe.context + list(text.encode())
    for place in range(recipe.context, len(data)):
        h = np.maximum(w1 @ table[data[place - recipe.context : place]].ravel() + b1, 0)
        logits = w3 @ np.maximum(w2 @ h + b2, 0) + b3
        total += logits[data[place]] - np.log(np.exp(logits).sum())
    return total


def test_scores_are_those_of_one_byte_at_a_time(tiny):
    run = long_run.train(tiny)
    texts = ["the fox", "0", "naïve café 日本"]
    found = long_run.log_likelihood(run.weights, texts, tiny)
    assert found.shape == (3, 3)
    expected = [slow_log_likelihood(run.weights[-1], text, tiny) for text in texts]
    assert found[-1] == pytest.approx(expected, rel=1e-5)


def test_the_gradient_is_that_of_autograd(tiny):
    network = byte_network.create(tiny).double()
    parameters = list(network.parameters())
    ids = torch.from_numpy(byte_network.examples(tiny, 3))
    loss = torch.nn.functional.cross_entropy(network(ids[:, :-1]), ids[:, -1])
    expected = torch.autograd.grad(loss, parameters)
    grads = [torch.full_like(p, torch.nan) for p in parameters]
    written_out = byte_network.pull([p.detach() for p in parameters], grads, ids)
    assert written_out == pytest.approx(loss.item(), rel=1e-12)
    torch.testing.assert_close(grads, list(expected), rtol=1e-10, atol=1e-14)


def test_a_run_is_that_of_autograd_and_torch(tiny):
    recipe = replace(tiny, checkpoints=(20,), decay=0.1)
    torch.manual_seed(recipe.seed)
    network, losses = byte_network.create(recipe), []
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    for step in range(20):
        ids = torch.from_numpy(byte_network.examples(recipe, step))
        optimiser.param_groups[0]["lr"] = byte_network.learning_rate(recipe, step)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(ids[:, :-1]), ids[:, -1])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    run = long_run.train(recipe)
    assert run.loss[-1] == pytest.approx(np.mean(losses), abs=1e-5)
    weights = torch.nn.utils.parameters_to_vector(network.parameters()).detach().numpy()
    np.testing.assert_allclose(run.weights[-1], weights, atol=1e-4)


def test_a_run_keeps_its_checkpoints_and_learns(tiny):
    run = long_run.train(tiny)
    assert run.steps.tolist() == list(STEPS) and np.isnan(run.loss[0]) and run.loss[-1] < 5.6
    assert not np.array_equal(run.weights[0], run.weights[1])
    assert np.array_equal(run.average[0], run.weights[0])
    assert np.array_equal(long_run.train(tiny).weights, run.weights)


def test_a_killed_run_goes_on_to_the_same_weights(tiny, tmp_path, monkeypatch):
    whole = long_run.train(tiny)
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "other"))
    monkeypatch.setattr(training, "_SAVE_EVERY", -1.0)
    draw = byte_network.examples

    def killed(recipe, step):
        if step == 4:
            raise KeyboardInterrupt
        return draw(recipe, step)

    monkeypatch.setattr(byte_network, "examples", killed)
    with pytest.raises(KeyboardInterrupt):
        long_run.train(tiny)
    read = []
    monkeypatch.setattr(
        byte_network, "examples", lambda recipe, step: (read.append(step), draw(recipe, step))[1]
    )
    again = long_run.train(tiny)
    assert read == [4, 5]
    for name in ("weights", "average", "loss"):
        assert np.array_equal(getattr(again, name), getattr(whole, name), equal_nan=True)


def test_a_run_goes_on_from_another_on_its_own_text(tiny):
    settings = {"width": 8, "embedded": 4, "context": 5, "batch": 16, "domains": ("numbers",)}
    child = byte_network.Recipe((0, 2), start=tiny, start_step=6, **settings)
    before, after = long_run.train_all([tiny, child], workers=0)
    assert np.array_equal(after.weights[0], before.weights[-1])
    digits = byte_network.examples(child, 0)
    assert set(digits.ravel()) <= {*b"0123456789", byte_network.BOS}
    assert (digits[:, -1] != byte_network.BOS).all()


def test_an_average_without_memory_is_the_weights(tiny):
    from dataclasses import replace

    run = long_run.train(replace(tiny, forget=1.0))
    assert np.array_equal(run.average, run.weights)


def test_the_rate_rises_and_then_stays_or_falls():
    for schedule, end in (("constant", 1.0), ("cosine", 0.1)):
        recipe = byte_network.Recipe(plans.schedule(1000, 10), rate=1.0, schedule=schedule)
        rates = [byte_network.learning_rate(recipe, step) for step in (0, 199, 200, 1000)]
        assert rates == pytest.approx([1 / 200, 1, 1, end])


@pytest.mark.parametrize("change", [{"checkpoints": (3, 2)}, {"domains": ("poems",)}])
def test_what_cannot_be_trained_is_refused(tiny, change):
    from dataclasses import replace

    with pytest.raises(ValueError, match="expected increasing steps"):
        long_run.train(replace(tiny, **change))


def test_the_tail_of_several_seeds_is_that_of_each(tiny, monkeypatch):
    words = ["the lazy dog", "0123 456", "brown fox jumps", "over 12"]
    table = pd.DataFrame({"text_id": list("abcd"), "source": list("abcd")})
    texts = TextSet("four", words, table, {})
    steps = (0, 2, 4, 6, 8, 10, 12)
    recipes = [replace(tiny, checkpoints=steps, seed=seed) for seed in (1, 2)]
    runs = long_run.train_all(recipes, workers=0)
    options = {"first": 2, "remove": 0, "threshold": -np.inf, "window": 3, "n_samples": 5}
    tails = long_run.tails(runs, texts, **options)
    assert list(tails) == ["c_q", "c_w", "alpha"]
    alone = long_run.tails(runs[1:], texts, **options)
    assert tails["c_q"][0][1] == alone["c_q"][0][0] != tails["c_q"][0][0]
    for values, intervals in tails.values():
        assert len(values) == 2
        assert all(low <= v <= high for v, (low, high) in zip(values, intervals, strict=True))
