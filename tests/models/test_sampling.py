import numpy as np
import pytest
import tiny_models
import torch
from markov_chains import chain_kl
from transformers import PretrainedConfig
from transformers.modeling_outputs import CausalLMOutput

from lmnotes.models import ngram, sampling

BOS = ngram.BOS


def begun(n):
    return np.full((n, 1), BOS)


def laws(model, ids):
    """The log-probability of every next id at every place, (N, T, V)."""
    shifted = torch.from_numpy(np.concatenate([begun(len(ids)), ids], axis=1)[:, :-1])
    with torch.no_grad():
        return model(input_ids=shifted).logits.double().log_softmax(-1).numpy()


@pytest.fixture(scope="module")
def neural():
    return tiny_models.model("gpt_neox", vocab_size=257, bos_token_id=BOS)


@pytest.fixture(scope="module")
def bigram():
    return ngram.fit(b"abracadabra arbadacarba", order=2)


@pytest.mark.parametrize("which", ["neural", "bigram"])
def test_what_is_drawn_is_drawn_again_and_compared_as_it_is_scored(which, request, bigram):
    model = request.getfixturevalue(which)
    drawn = sampling.draw(model, begun(5), 12, seed=1)
    assert drawn.shape == (5, 12)
    np.testing.assert_array_equal(sampling.draw(model, begun(5), 12, seed=1), drawn)
    own, other = (sampling.log_probabilities(m, BOS, drawn, batch=2) for m in (model, bigram))
    along = sampling.compare_along([model, bigram], 0, begun(5), drawn)
    assert not along.ratio[0].any() and not along.kl[0].any()
    np.testing.assert_allclose(along.ratio[1], own - other, atol=1e-4)
    p, q = (laws(m, drawn) for m in (model, bigram))
    np.testing.assert_allclose(along.kl[1], (np.exp(p) * (p - q)).sum(axis=-1), atol=1e-4)
    sums = along.ratio[1].sum(axis=1), along.kl[1].sum(axis=1)
    np.testing.assert_allclose([along.sums[0][1], along.sums[1][1]], sums, rtol=1e-5)


def test_draws_follow_the_distribution(bigram):
    drawn = sampling.draw(bigram, begun(4000), 1, seed=2)
    expected = np.exp(laws(bigram, np.zeros((1, 1), int))[0, 0])
    result = np.bincount(drawn[:, 0], minlength=257) / 4000
    assert np.abs(result - expected).max() < 4 * np.sqrt(expected.max() / 4000)


def test_draws_after_a_context_follow_the_joint_law(neural):
    contexts = np.tile([[BOS, 98, 97]], (20_000, 1))
    allowed = np.array([97, 98, 100])
    result = np.searchsorted(allowed, sampling.draw(neural, contexts, 2, 0, allowed))
    ids = torch.tensor([[BOS, 98, 97, k] for k in allowed])
    with torch.no_grad():
        law = neural(ids).logits[..., allowed].double().softmax(-1).numpy()
    joint = law[0, 2][:, None] * law[:, 3]  # (3, 3)
    seen = np.zeros((3, 3))
    np.add.at(seen, (result[:, 0], result[:, 1]), 1 / len(result))
    np.testing.assert_allclose(seen, joint, atol=5 * np.sqrt(0.25 / 20_000))


def test_distributions_sum_to_one_and_contain_the_log_probabilities(neural):
    ids = np.random.default_rng(3).integers(0, 256, (3, 7))
    full = laws(neural, ids)
    np.testing.assert_allclose(np.exp(full).sum(axis=2), 1, rtol=1e-5)
    picked = np.take_along_axis(full, ids[:, :, None], axis=2)[:, :, 0]
    np.testing.assert_allclose(picked, sampling.log_probabilities(neural, BOS, ids), atol=1e-5)
    hits = sampling.next_hits(neural, BOS, full.argmax(axis=2)[:, :1])
    assert hits.all()


def test_both_estimators_of_two_bigrams_reach_the_exact_kl_and_one_varies_less(bigram):
    other = ngram.fit(b"cabbage rabarbara and a baobab", order=2)
    start, step = [], []
    for model in (bigram, other):
        full = laws(model, np.arange(257)[:, None].repeat(2, axis=1))
        start.append(np.exp(full[0, 0].astype(float)))
        step.append(np.exp(full[:, 1].astype(float)))
    exact = chain_kl(tuple(start), tuple(step), 6)
    drawn = sampling.draw(bigram, begun(3000), 6, seed=4)
    along = sampling.compare_along([other], 0, begun(3000), drawn)  # of another: no KL of its own
    assert not along.kl.any()
    along = sampling.compare_along([bigram, other], 0, begun(3000), drawn)
    for n in (1, 3, 6):
        monte_carlo, sums = (x[1, :, :n].sum(axis=1) for x in (along.ratio, along.kl))
        for values in (monte_carlo, sums):
            error = values.std(ddof=1) / np.sqrt(3000)
            assert abs(values.mean() - exact[n - 1]) < 4 * error + 1e-6
        assert sums.var() < 0.5 * monte_carlo.var()
    assert along.kl[1, :, 0].std() < 1e-6  # all begin alike: exact by a single draw


class Chain(torch.nn.Module):
    """Five ids, of which the last one alone tells the law of the next."""

    config = PretrainedConfig(vocab_size=5, order=1)

    def __init__(self, laws):
        super().__init__()
        self.laws = torch.nn.Parameter(torch.tensor(laws).log())

    def forward(self, input_ids):
        return CausalLMOutput(logits=self.laws[input_ids])


def test_where_places_cancel_the_sum_of_exact_kl_varies_more():
    """p(x) / q(x) = 2 for every text that p writes, so that a log-ratio is KL itself, log 2."""
    tiny = 1e-9  # in place of 0
    after = {"p": (0.5, [1, tiny]), "q": (0.25, [1 / 3, 2 / 3])}
    p, q = (
        Chain(
            [
                [tiny, first, 1 - first, tiny, tiny],
                [tiny, tiny, tiny, 0.5, 0.5],
                [tiny, tiny, tiny, *second],
                [0.2] * 5,
                [0.2] * 5,
            ]
        )
        for first, second in after.values()
    )
    start = np.zeros((2000, 1), int)
    ratio, exact = sampling.compare_along([p, q], 0, start, sampling.draw(p, start, 2, 0)).sums
    np.testing.assert_allclose(ratio[1], np.log(2), atol=1e-5)
    first = 0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    np.testing.assert_allclose(np.unique(exact[1].round(4)), [first, first + np.log(3)], atol=1e-3)
    assert abs(exact[1].mean() - np.log(2)) < 4 * exact[1].std() / np.sqrt(2000)


def test_without_a_memory_a_single_draw_has_the_exact_kl():
    """Letters drawn one by one; n_c of n bytes, d kinds of them, give (n_c + d / 257) / (n + d)."""
    first, second = ngram.fit(b"aaab", order=1), ngram.fit(b"abbc", order=1)
    p, q = np.full(257, 2 / 257 / 6), np.full(257, 3 / 257 / 7)
    p[[97, 98]] += [3 / 6, 1 / 6]
    q[[97, 98, 99]] += [1 / 7, 2 / 7, 1 / 7]
    drawn = sampling.draw(first, begun(1), 5, seed=0)
    along = sampling.compare_along([first, second], 0, begun(1), drawn)
    np.testing.assert_allclose(along.kl[1, 0], np.full(5, p @ np.log(p / q)), rtol=1e-5)
    np.testing.assert_allclose(along.ratio[1, 0], np.log(p / q)[drawn[0]], atol=1e-5)


def test_ids_that_are_not_allowed_are_refused(bigram):
    with pytest.raises(ValueError, match="1 ids that are not allowed, the first is 3"):
        sampling.compare_along([bigram], 0, begun(1), np.array([[2, 3]]), np.array([2, 4]))
