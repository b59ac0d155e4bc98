"""Every architecture, every batch: the same as one text at a time with full logits.

python tests/models/scoring/test_score_exact.py        prints the table of benchmarks/README.md
"""

import tempfile

import numpy as np
import pytest
import tiny_models
import torch

from lmnotes.models.scoring import loading, prompts, score
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.models.scoring.rule import Rule

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


STRETCHED = {
    "longrope": {
        "rope_type": "longrope",
        "short_factor": [1.0, 1.1, 1.2, 1.3],
        "long_factor": [2.0, 4.0, 6.0, 9.0],
        "original_max_position_embeddings": 40,
    },
    "dynamic": {"rope_type": "dynamic", "factor": 4.0},
}


def stretched(kind):
    """A model whose RoPE changes above 40 tokens: a Phi-3, a Llama."""
    changes = {"rope_parameters": STRETCHED[kind] | {"rope_theta": 10_000.0}}
    if kind == "dynamic":
        return tiny_models.model("llama", max_position_embeddings=40, **changes)
    return tiny_models.model("phi3", original_max_position_embeddings=40, **changes)


def alone(kind, ids):
    """The log-probabilities of each text in a model that has read no other."""
    values = []
    for text in ids:
        with torch.no_grad():
            logits = stretched(kind)(torch.tensor([text])).logits[0]
        law = logits.log_softmax(-1)[:-1]
        values.append(float(law.gather(1, torch.tensor(text)[1:, None]).double().sum()))
    return np.array(values)


@pytest.mark.parametrize("kind", STRETCHED)
def test_frequencies_that_follow_the_length_are_those_of_each_text_alone(kind):
    scorer = loading.wrap(stretched(kind), tiny_models.tokenizer())
    texts = np.array([*tiny_models.TEXTS, *("x" * n for n in (39, 40, 41, 42, 60))], object)
    ids = [scorer.tokenizer(text)["input_ids"] for text in texts]
    want, counts = alone(kind, ids), np.array([max(len(text) - 1, 1) for text in ids])
    assert sum(len(text) > 41 for text in ids) > 3
    own = score.score_texts(scorer, list(texts), rule=Rule(truncate=250))
    assert own.about["way"] == "fused" and not own.truncated.any()
    order = np.random.default_rng(0).permutation(len(texts))
    for budget in (1, 100, 8192):
        result = score.score_texts(
            scorer, list(texts[order]), rule=Rule(truncate=250), tokens_per_batch=budget
        )
        gap = np.abs(result.log_likelihood - want[order]) / counts[order]
        assert gap.max() < ALLOWED


@pytest.mark.parametrize("kind", STRETCHED)
def test_a_prompt_that_is_read_once_keeps_its_frequencies(kind):
    scorer = loading.wrap(stretched(kind), tiny_models.tokenizer())
    rule = PromptRule(bos="never", template="{prompt}", truncate=250)
    xs = ["x" * n for n in (24, 36, 60)]
    ys = ["a", "ab", "abcd", "abcde", "c" * 30, "d" * 50, "bad", "fed", "cab"]
    pairs = [x for x in xs for _ in ys], ys * len(xs)
    want = []
    for x, y in zip(*pairs, strict=True):
        before, after = (scorer.tokenizer(part)["input_ids"] for part in (x, y))
        with torch.no_grad():
            logits = stretched(kind)(torch.tensor([before + after])).logits[0]
        law = logits[len(before) - 1 : -1].log_softmax(-1)
        want.append(float(law.gather(1, torch.tensor(after)[:, None]).double().sum()))
    result = prompts.score(scorer, *pairs, rule=rule)
    assert result.about["n_prompts_shared"] == (3 if kind == "longrope" else 2)
    assert (np.abs(result.log_likelihood - np.array(want)) / result.n_tokens).max() < ALLOWED


if __name__ == "__main__":
    print("| architecture | way | largest difference, nats per token |\n|---|---|---|")
    for name in tiny_models.NAMES:
        with tempfile.TemporaryDirectory() as folder:
            way, largest = largest_difference(name, folder)
        print(f"| {name} | {way} | {largest:.1e} |", flush=True)
