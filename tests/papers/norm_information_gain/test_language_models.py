"""Models together: claims, the printed table, and names in words."""

import numpy as np
import pandas as pd
import pytest

from lmnotes import statistics
from lmnotes.papers.norm_information_gain import language_models
from lmnotes.papers.norm_information_gain.contexts import Measured


@pytest.fixture
def read():
    def measured(k, kind):
        rng = np.random.default_rng(k)
        kl = rng.random(60) + 0.1
        columns = {"kl_0": kl, "kl": kl, "count": np.arange(60) + 1, "piece": ["a", "Ġb"] * 30}
        for norm in ("raw", "centred", "whitened"):
            columns |= {norm: 2 * kl, f"{norm}_0": 2 * kl + 0.2 * rng.random(60)}
        shrunk = pd.DataFrame({"share": [1.0], "median": [1.0], "low": [0.9], "high": [1.1]})
        return Measured(pd.DataFrame(columns), shrunk, {"model_type": kind})

    return {"openai/gpt2": measured(0, "gpt2"), "x/bert-base": measured(1, "bert")}


def test_claims_hold_all_models_and_whitening_the_causal_ones(read):
    claims = language_models.claims(read, "openai/gpt2, x/bert-base")
    at = read["openai/gpt2"].positions
    gained = statistics.r_squared(at.kl_0, at.whitened_0) - statistics.r_squared(
        at.kl_0, at.centred_0
    )
    assert claims["table10_whitening"][0] == pytest.approx(gained)
    assert claims["table10_whitening"][2] == 1 and claims["fig4_correlation"][2] == 2
    assert claims["eq16_slope"][0] == pytest.approx(1)
    assert claims["table10_bert_raw_r2"][0] == language_models.table10(read)[1]["raw_r2"]
    assert np.isnan(claims["table10_llama2_raw_cos"][0])


def test_without_models_every_claim_is_there_and_is_nan():
    claims = language_models.claims({}, "")
    assert len(claims) == 20 and all(np.isnan(value) for value, _, _ in claims.values())
    assert len(language_models.printed({})) == 4
    assert language_models.read("", []) == {}


def test_what_is_drawn_is_in_the_table(read):
    drawn = language_models.lines(read)
    assert [len(pair) for pair in drawn.values()] == [2, 2]
    table = language_models.stacked(read, "positions")
    assert len(table) == 120 and list(table.model.unique()) == list(read)
    first = next(iter(drawn["x/bert-base"].values()))[0]
    assert (first.y.to_numpy() == table.kl_0[table.model == "x/bert-base"].to_numpy()).all()


def test_tokens_are_told_in_words(read):
    told = language_models.telling(read, n=1)
    assert set(told["tell least"].str[0]) | set(told["tell most"].str[0]) == {"a", "␣"}
    assert language_models.in_words("gpt2-64x2-uniform-s1") == "GPT-2, bytes"
    assert language_models.in_words("openai/gpt2") == "openai/gpt2"
