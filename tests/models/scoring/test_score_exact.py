"""Every architecture, every batch: the same as one text at a time with full logits.

python tests/models/scoring/test_score_exact.py        prints the table of benchmarks/README.md
"""

import tempfile

import numpy as np
import pytest
import tiny_models
import torch

from lmnotes.models.scoring import loading, score

BUDGETS = (1, 60, 230, 8192)
ALLOWED = 1e-4  # nats per token


def plain(scorer, texts):
    """The published computation: log-likelihoods (N,) in nats and tokens scored (N,)."""
    sums, counts = [], []
    for text in texts:
        ids = scorer.tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = scorer.model(ids).logits[0]  # (T, V)
        each = logits.log_softmax(-1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
        sums.append(float(each.double().sum()))
        counts.append(len(each))
    return np.array(sums), np.array(counts)


def largest_difference(name, folder):
    """(way, largest difference in nats per token over all batches, orders and mixes)."""
    scorer = loading.load(tiny_models.save(name, folder))
    texts = np.array(tiny_models.TEXTS, object)
    want, counts = plain(scorer, texts)
    generator = np.random.default_rng(0)
    mixes = [np.arange(len(texts)), generator.permutation(len(texts)), np.repeat([3, 1, 5], 2)]
    largest, ways = 0.0, set()
    for budget in BUDGETS:
        for mix in mixes:
            result = score.score_texts(scorer, list(texts[mix]), tokens_per_batch=budget)
            assert (result.n_tokens == counts[mix]).all()
            gap = np.abs(result.log_likelihood - want[mix]) / np.maximum(counts[mix], 1)
            largest = max(largest, float(gap.max()))
            ways.add(result.about["way"])
    return "/".join(sorted(ways)), largest


@pytest.mark.parametrize("name", tiny_models.NAMES)
def test_every_text_is_exact_in_every_batch(name, tmp_path):
    way, largest = largest_difference(name, tmp_path)
    assert way == "fused"
    assert largest < ALLOWED


if __name__ == "__main__":
    print("| architecture | way | largest difference, nats per token |\n|---|---|---|")
    for name in tiny_models.NAMES:
        with tempfile.TemporaryDirectory() as folder:
            way, largest = largest_difference(name, folder)
        print(f"| {name} | {way} | {largest:.1e} |", flush=True)
