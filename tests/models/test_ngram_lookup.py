import numpy as np
import pytest

from lmnotes.models import ngram, ngram_lookup

TEXT = b"the cat sat on the mat; a bat, the rat.\nThe bats sat, and the cats ate that hat.\n" * 3


@pytest.mark.parametrize("order", ngram.ORDERS)
def test_every_byte_has_the_probability_that_the_model_gives_it(order):
    import torch

    model = ngram.fit(TEXT, order=order)
    ids = np.random.default_rng(order).integers(0, 257, (4, 40))  # BOS in the middle too
    ids[:, 0] = ngram.BOS
    ids[1, 1:] = list(TEXT[30:69])
    ids[2, 1:] = list(b"a bat sat on that rat; quite new words!")
    logits = model(torch.from_numpy(ids)).logits[:, :-1].double().log_softmax(-1)
    expected = logits.gather(-1, torch.from_numpy(ids[:, 1:, None]))[..., 0]
    np.testing.assert_allclose(ngram_lookup.log_probabilities(model, ids), expected, atol=5e-6)


def test_by_hand():
    # "abab": n(a) = n(b) = 2, d = 2; after a comes b, twice: p(b|a) = (2 + p(b)) / 3
    model = ngram.fit(b"abab", order=2)
    p_b = (2 + 2 / 257) / 6
    result = ngram_lookup.log_probabilities(model, np.array([[ngram.BOS, ord("a"), ord("b")]]))
    np.testing.assert_allclose(np.exp(result), [[p_b, (2 + p_b) / 3]])


def test_sums_do_not_feel_what_else_is_asked():
    model = ngram.fit(TEXT, order=4)
    texts = [b"the", b"a longer text, this one", b"", "naïve".encode()]
    together = ngram_lookup.text_sums(model, texts)
    alone = [ngram_lookup.text_sums(model, [text])[0] for text in texts]
    assert together.tolist() == alone and together[2] == 0


def test_scoring_takes_the_counts():
    from lmnotes.models.scoring import loading, rule, score
    from lmnotes.models.zoo import networks

    scorer = loading.wrap(ngram.fit(TEXT, order=3), networks.byte_tokenizer(), name="counts")
    texts = [TEXT[:50].decode(), "naïve", "x"]
    result = score.score_texts(scorer, texts, rule=rule.Rule(bos="always"))
    assert result.about["way"] == "counted" and not result.notes
    expected = ngram_lookup.text_sums(scorer.model, [text.encode() for text in texts])
    np.testing.assert_allclose(result.log_likelihood, expected, atol=1e-4)
    assert result.about["check_nats_per_token"] < 1e-5
