"""Positions of texts under whole models, small ones with random weights."""

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch

from lmnotes.models.scoring import loading
from lmnotes.papers.norm_information_gain import contexts


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Folders of a few models with their tokenizers."""
    made = tmp_path_factory.mktemp("models")
    names = {"gpt2": {}, "phi": {"adds_bos": True}, "gemma2": {}, "granite": {}}
    return {name: tiny_models.save(name, made / name, **how) for name, how in names.items()}


@pytest.mark.parametrize("name", ["gpt2", "phi", "gemma2", "granite"])
def test_read_gives_what_makes_the_models_own_distributions(places, name):
    scorer = loading.load(places[name], device="cpu")
    found = contexts.read(scorer, tiny_models.TEXTS, n_positions=60)
    table = found.table
    assert len(found.hidden) == 60 and len(set(zip(table.text, table.place, strict=True))) == 60
    with torch.inference_mode():
        for row in range(0, 60, 7):
            text = tiny_models.TEXTS[table.text[row]]
            inputs = scorer.tokenizer(text, return_tensors="pt")["input_ids"]
            own = scorer.model(input_ids=inputs).logits[0, table.place[row]].double()
            z = (found.hidden[row] @ found.head.weight.T).double()
            z = (z + (0 if found.head.bias is None else found.head.bias)) * found.head.scale
            if found.head.cap:
                z = found.head.cap * (z / found.head.cap).tanh()
            assert torch.allclose(z.softmax(0), own.softmax(0), atol=1e-5)
            assert inputs[0, table.place[row]] == table.token[row]
            assert scorer.tokenizer.convert_ids_to_tokens(int(table.token[row])) == table.piece[row]


def test_special_tokens_are_left_out_and_tokens_counted(places):
    scorer = loading.load(places["phi"], device="cpu")
    table = contexts.read(scorer, ["ab", "abc", "b"], n_positions=10**6).table
    assert (table.place > 0).all()  # a BOS in front of each
    assert table.token.tolist() == sorted(table.token, key=lambda _: 0)
    per_token = pd.Series(table.token).value_counts()
    assert table["count"].tolist() == per_token[table.token].tolist()


def test_an_encoder_looks_to_both_sides(tmp_path):
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=320,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=256,
    )
    torch.manual_seed(0)
    encoder = BertForMaskedLM(config).eval()
    encoder.save_pretrained(tmp_path)
    tokenizer = tiny_models.tokenizer()
    tokenizer.save_pretrained(tmp_path)
    text = "The map of a population"
    found = contexts.read(loading.load(str(tmp_path), device="cpu"), [text], n_positions=100)
    with torch.inference_mode():
        own = encoder(input_ids=tokenizer(text, return_tensors="pt")["input_ids"]).logits[0]
        mine = found.hidden @ found.head.weight.T + found.head.bias
    assert torch.allclose(mine, own[found.table.place.tolist()], atol=1e-5)


def test_measure_is_kept_and_consistent(places, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    first = contexts.measure(places["gpt2"], tiny_models.TEXTS, n_positions=80, seed=3)
    monkeypatch.setattr(loading, "load", None)  # the second time nothing is loaded
    again = contexts.measure(places["gpt2"], tiny_models.TEXTS, n_positions=80, seed=3)
    pd.testing.assert_frame_equal(first.positions, again.positions)
    table = first.positions
    assert len(table) == 80 and first.about["width"] == 32 and first.about["model_type"] == "gpt2"
    reference = int(table.kl.argmin())
    assert abs(table.kl_0[reference]) < 1e-9 and table.centred_0[reference] == 0
    assert (table.kl > 0).all() and (table.kl_0 > -1e-9).all()
    assert np.allclose(table.raw, table.raw_0)
    assert abs(first.shrunk["median"].iloc[-1] - 1) < 0.1


def test_what_cannot_be_measured_is_said(places):
    scorer = loading.load(places["gpt2"], device="cpu")
    with pytest.raises(ValueError, match="give more"):
        contexts.read(scorer, ["text"], n_positions=0)
    from dataclasses import replace

    without = replace(scorer, head=None, note="it has no linear output layer")
    with pytest.raises(ValueError, match="take a neural one"):
        contexts.read(without, ["text"])
