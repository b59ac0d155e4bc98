import numpy as np
import pytest
import torch
from markov_chains import chain_kl

from lmnotes.models import ngram
from lmnotes.models.zoo import sampling
from lmnotes.papers.model_map import kl

BOS = ngram.BOS


@pytest.fixture(scope="module")
def neural():
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=257,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        bos_token_id=BOS,
        initializer_range=0.3,
    )
    return GPTNeoXForCausalLM(config).eval()


@pytest.fixture(scope="module")
def bigram():
    return ngram.fit(b"abracadabra arbadacarba", order=2)


@pytest.mark.parametrize("which", ["neural", "bigram"])
def test_what_a_draw_says_of_its_own_likelihood_is_what_the_model_says(which, request):
    model = request.getfixturevalue(which)
    drawn = sampling.draw(model, BOS, n=5, length=12, seed=1)
    assert drawn.ids.shape == drawn.log_probability.shape == (5, 12)
    again = sampling.log_probabilities(model, BOS, drawn.ids, batch=2)
    np.testing.assert_allclose(again, drawn.log_probability, atol=1e-4)
    same = sampling.draw(model, BOS, n=5, length=12, seed=1)
    np.testing.assert_array_equal(same.ids, drawn.ids)


def test_draws_follow_the_distribution(bigram):
    drawn = sampling.draw(bigram, BOS, n=4000, length=1, seed=2)
    expected = np.exp(sampling.distributions(bigram, BOS, np.zeros((1, 1), int))[0, 0])
    result = np.bincount(drawn.ids[:, 0], minlength=257) / 4000
    assert np.abs(result - expected).max() < 4 * np.sqrt(expected.max() / 4000)


def test_distributions_sum_to_one_and_contain_the_log_probabilities(neural):
    ids = np.random.default_rng(3).integers(0, 256, (3, 7))
    full = sampling.distributions(neural, BOS, ids, batch=2)
    np.testing.assert_allclose(np.exp(full).sum(axis=2), 1, rtol=1e-5)
    picked = np.take_along_axis(full, ids[:, :, None], axis=2)[:, :, 0]
    np.testing.assert_allclose(picked, sampling.log_probabilities(neural, BOS, ids), atol=1e-5)
    hits = sampling.next_hits(neural, BOS, full.argmax(axis=2)[:, :1])
    assert hits.all()


def test_sampled_kl_of_two_bigrams_is_the_exact_one(bigram):
    other = ngram.fit(b"cabbage rabarbara and a baobab", order=2)
    start, step = [], []
    for model in (bigram, other):
        full = sampling.distributions(model, BOS, np.arange(257)[:, None].repeat(2, axis=1))
        start.append(np.exp(full[0, 0].astype(float)))
        step.append(np.exp(full[:, 1].astype(float)))
    exact = chain_kl(tuple(start), tuple(step), 6)
    drawn = sampling.draw(bigram, BOS, n=3000, length=6, seed=4)
    own, theirs = (sampling.log_probabilities(m, BOS, drawn.ids, 500) for m in (bigram, other))
    table = kl.sampled_kl(own, theirs, [1, 3, 6])
    for row in table.itertuples():
        assert abs(row.kl - exact[row.n_bytes - 1]) < 4 * row.error + 1e-6
