"""Every architecture, every batch: the same as one text at a time with full logits.

PYTHONPATH=tests/helpers python tests/models/scoring/test_score_exact.py
writes docs/architectures.csv anew.

A slow test compares that file with what comes out. It has a row for each `model_type` that
`transformers` loads as a causal language model: what was measured on a tiny model of it
(`tiny_settings.py`), or why there is none. Its columns:

    largest_difference  nats per token, of texts over four budgets and three orders and mixes, and
                        of responses to prompts
    way                 fused, logits, alone or counted (`batches`); refused; not tried
    prefix_reuse        a prompt is read once for many responses: "yes", each of them in one call;
                        "copied state", token by token from a copied state; or "whole reading", each
                        response reads its prompt anew
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_models
import tiny_settings
import torch
import transformers

from lmnotes.models.scoring import loading, prompts, score
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.models.scoring.rule import Rule

BUDGETS = (1, 60, 230, 8192)
ALLOWED = 1e-4  # nats per token
ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "architectures.csv"
REUSE = {True: "yes", False: "whole reading", "token by token": "copied state"}
PROMPTS = ["the cat sat on the mat " * 8, "Zwölf Boxkämpfer jagen Viktor quer über den Deich"]
RESPONSES = ["A", "on the mat", "x", "the dog", "def area", "3.14", "Short.", "sat", "99"]


def plain(scorer, texts):
    """The published computation: log-likelihoods (N,) in nats and tokens scored (N,)."""
    return _each_alone(scorer, [scorer.tokenizer(text)["input_ids"] for text in texts])


def _each_alone(scorer, ids, starts=None):
    sums, counts = [], []
    for text, start in zip(ids, starts or [1] * len(ids), strict=True):
        with torch.no_grad():
            logits = scorer.model(torch.tensor([text])).logits[0, start - 1 : -1]  # (T, V)
        each = logits.log_softmax(-1).gather(1, torch.tensor(text)[start:, None])
        sums.append(float(each.double().sum()))
        counts.append(len(each))
    return np.array(sums), np.array(counts)


def largest_difference(scorer):
    """(way, largest difference in nats per token over all batches, orders and mixes)."""
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


def reuse(scorer):
    """(how prompts are read, largest difference of responses in nats per token)."""
    ids = scorer.tokenizer
    before, after = ([ids(text)["input_ids"] for text in part] for part in (PROMPTS, RESPONSES))
    pairs = [(x, y) for x in before for y in after]
    want, counts = _each_alone(scorer, [x + y for x, y in pairs], [len(x) for x, _ in pairs])
    rule = PromptRule(template="{prompt}", bos="never")
    xs, ys = [x for x in PROMPTS for _ in RESPONSES], RESPONSES * len(PROMPTS)
    result = prompts.score(scorer, xs, ys, rule=rule)
    how = result.about["prompt_reuse"]
    assert result.about["n_prompts_shared"] == (len(PROMPTS) if how else 0)
    return REUSE[how], float((np.abs(result.log_likelihood - want) / counts).max())


def measured(name, folder):
    """The row of an architecture."""
    scorer = loading.load(tiny_models.save(name, folder))
    row = {"architecture": name, "class": type(scorer.model).__name__}
    row["transformers"] = transformers.__version__
    row["notes"] = tiny_settings.NOTES.get(name, "")
    try:
        way, of_texts = largest_difference(scorer)
    except ScoringFailure as failure:
        assert failure.kind == "unsupported"
        return row | {"way": "refused"}
    how, of_responses = reuse(scorer)
    row |= {"largest_difference": f"{max(of_texts, of_responses):.0e}", "way": way}
    return row | {"prefix_reuse": how}


def table():
    return pd.read_csv(TABLE, dtype=str, keep_default_na=False).set_index("architecture")


@pytest.mark.parametrize("name", tiny_models.NAMES)
def test_every_text_is_exact_in_every_batch(name, tmp_path):
    way, largest = largest_difference(loading.load(tiny_models.save(name, tmp_path)))
    assert way == "fused"
    assert largest < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("name", tiny_models.SETTINGS)
def test_the_table_holds(name, tmp_path):
    want, row = table().loc[name], measured(name, tmp_path)
    for column in ("class", "way", "prefix_reuse", "notes"):
        assert row.get(column, "") == want[column], column
    if row["way"] != "refused":
        assert float(row["largest_difference"]) < ALLOWED
        assert float(want.largest_difference) < ALLOWED


def test_every_causal_model_is_in_the_table():
    rows = table()
    tried = rows.index[rows.way != "not tried"]
    assert set(tried) == set(tiny_models.SETTINGS)
    assert set(rows.index[rows.way == "not tried"]) == set(tiny_settings.LEFT_OUT)
    if (rows.transformers == transformers.__version__).any():
        assert set(rows.index) == set(causal_models())


def test_the_readme_counts_the_table():
    n = int((table().largest_difference != "").sum())
    assert f"{n} architectures" in " ".join((ROOT / "README.md").read_text().split())


def causal_models():
    """Class by `model_type`."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return dict(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


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


def write():
    """docs/architectures.csv, measured here."""
    rows, columns = [], "architecture class transformers largest_difference way prefix_reuse notes"
    for name, of_class in sorted(causal_models().items()):
        if name in tiny_settings.LEFT_OUT:
            row = {"architecture": name, "class": of_class, "way": "not tried"}
            rows.append(row | {"notes": tiny_settings.LEFT_OUT[name]})
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measured(name, folder))
        print(*rows[-1].values(), sep=" | ", flush=True)
    pd.DataFrame(rows, columns=columns.split()).to_csv(TABLE, index=False)


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
