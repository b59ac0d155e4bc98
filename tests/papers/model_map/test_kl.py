import numpy as np
import pytest
from markov_chains import chain_kl

from lmnotes.papers.model_map import kl


def _rows(rng, shape):
    values = rng.gamma(2.0, 1.0, shape)
    return values / values.sum(axis=-1, keepdims=True)


def test_a_chain_that_forgets_is_a_unigram():
    rng = np.random.default_rng(0)
    p, q = _rows(rng, 5), _rows(rng, 5)
    chain = chain_kl((p, q), (np.tile(p, (5, 1)), np.tile(q, (5, 1))), 6)
    np.testing.assert_allclose(chain, [kl.unigram_kl(p, q, n) for n in range(1, 7)])


def test_chain_kl_is_the_sum_over_all_texts():
    rng = np.random.default_rng(1)
    start, step = [_rows(rng, 3) for _ in "pq"], [_rows(rng, (3, 3)) for _ in "pq"]
    total = 0.0
    for text in np.ndindex(3, 3, 3):
        logs = [
            np.log(s[text[0]]) + np.log(t[text[0], text[1]]) + np.log(t[text[1], text[2]])
            for s, t in zip(start, step, strict=True)
        ]
        total += np.exp(logs[0]) * (logs[0] - logs[1])
    assert chain_kl(tuple(start), tuple(step), 3)[-1] == pytest.approx(total)


def test_the_variance_formula_holds_for_near_models_and_fails_for_far_ones():
    rng = np.random.default_rng(2)
    p, far = _rows(rng, 20), _rows(rng, 20)
    ratios = []
    for share in (0.01, 0.1, 1.0):
        q = (1 - share) * p + share * far
        origin = (p + q) / 2
        ratios.append(kl.unigram_variance(p, q, 7, origin) / kl.unigram_kl(p, q, 7))
    errors = np.abs(np.array(ratios) - 1)
    assert errors[0] < 0.02 and errors[0] < errors[1] < errors[2]


def test_the_exact_variance_is_that_of_drawn_texts():
    rng = np.random.default_rng(3)
    p, q = _rows(rng, 6), _rows(rng, 6)
    texts = rng.choice(6, size=(40_000, 8), p=p)
    difference = np.log(p / q)[texts].sum(axis=1)
    assert difference.var() / 2 == pytest.approx(kl.unigram_variance(p, q, 8), rel=0.03)
    assert difference.mean() == pytest.approx(kl.unigram_kl(p, q, 8), rel=0.03)


def test_sampled_kl_meets_the_exact_one_within_its_error():
    rng = np.random.default_rng(4)
    p, q = _rows(rng, 6), _rows(rng, 6)
    texts = rng.choice(6, size=(4000, 16), p=p)
    ratio, noise = np.log(p / q)[texts], rng.normal(0, 0.01, texts.shape)
    table = kl.sampled_kl(ratio, kl.unigram_kl(p, q) + noise, [1, 4, 16])
    for row in table.itertuples():
        exact = kl.unigram_kl(p, q, row.n_bytes)
        assert abs(row.kl - exact) < 4 * row.error
        assert abs(row.monte_carlo - exact) < 4 * row.monte_carlo_error
    assert table.error.gt(0).all() and (table.error < table.monte_carlo_error).all()
    assert table.monte_carlo_error[2] == pytest.approx(ratio.sum(axis=1).std(ddof=1) / 4000**0.5)


def test_between_domain_variance_grows_with_the_square_of_the_length():
    rng = np.random.default_rng(5)
    domains = np.repeat(["a", "b"], 400)
    drift = np.where(domains == "a", 0.5, -0.5)[:, None]  # nats per symbol
    first = drift + rng.normal(0, 1, (800, 64))
    table = kl.variance_kl(first, np.zeros((800, 64)), [16, 64], domains)
    between = table.total - table.within
    assert between[1] / between[0] == pytest.approx(16, rel=0.15)
    assert table.within[1] / table.within[0] == pytest.approx(4, rel=0.15)
    assert table.total[1] == pytest.approx(np.var(first.sum(axis=1)) / 2)


def test_a_length_beyond_the_text_is_refused():
    with pytest.raises(ValueError, match=r"length = 16 was given; expected 1 to 8"):
        kl.sampled_kl(np.zeros((2, 8)), np.zeros((2, 8)), [16])
