import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
from transformers import AutoTokenizer

from lmnotes.models.zoo import networks

TEXTS = [
    "plain words, twice  spaced",
    "\n\t tabs\r\nand lines \x00\x7f",
    "naïve café — 日本語 😀 e\u0301 \u200b\ufeff",
    f"{networks.BOS}x{networks.BOS}",
    "it's n't '  ",
    "",
    "".join(map(chr, range(256, 2048))),
    "a" * 1024,
]


@pytest.fixture(scope="module")
def bpe():
    return networks.train_bpe(["the cat sat on the mat, naïve café\n" * 20, "日本語"], 280)


def reloaded(tokenizer, folder):
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_alphabet_is_whole():
    assert len(set(networks.alphabet())) == 256


@pytest.mark.parametrize("text", TEXTS)
def test_bytes_are_exact(text, tmp_path):
    tokenizer = networks.byte_tokenizer()
    for each in (tokenizer, reloaded(tokenizer, tmp_path)):
        assert each(text)["input_ids"] == [256, *text.encode()]
        assert each.decode(each(text)["input_ids"][1:]) == text
        assert len(each) == networks.N_BYTE_IDS and each.pad_token_id == 256
        assert each(text, add_special_tokens=False)["input_ids"] == list(text.encode())


@pytest.mark.parametrize("text", TEXTS)
def test_pairs_lose_no_byte(text, bpe, tmp_path):
    for each in (bpe, reloaded(bpe, tmp_path)):
        ids = each(text)["input_ids"]
        assert ids[0] == each.bos_token_id == 0 and 0 not in ids[1:]
        assert each.decode(ids[1:]) == text


def test_pairs_are_shorter_than_bytes(bpe):
    text = "the cat sat on the mat"
    assert len(bpe(text)["input_ids"]) < len(text) and len(bpe) == 280


def test_too_small_vocabulary():
    with pytest.raises(ValueError, match=r"expected at least 258.*byte_tokenizer"):
        networks.train_bpe(["text"], 257)
