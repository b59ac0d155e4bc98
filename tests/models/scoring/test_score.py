"""Rules, notes, fallbacks and failures of scoring; exactness is in test_score_exact.py."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_models
import torch
from transformers import AutoModelForCausalLM

from lmnotes.models.scoring import batches, loading, prompts, rule, score
from lmnotes.models.scoring import head as heads
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.text import chunks

TEXTS = tiny_models.TEXTS
LONG = [text for text in TEXTS if len(text) > 20]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_models.save("llama", tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def scorer(folder):
    return loading.load(folder)


@pytest.fixture
def altered():
    """A function that gives a Scorer of a model whose logits go through one more function."""

    def make(change, **settings):
        model = tiny_models.model("llama", **settings)
        plain = model.forward

        def forward(input_ids, use_cache=False):
            out = plain(input_ids=input_ids, use_cache=use_cache)
            return SimpleNamespace(logits=change(out.logits))

        model.forward = forward
        return loading.wrap(model, tiny_models.tokenizer(), name="altered")

    return make


def plain(scorer, texts, bos=None):
    """Log-likelihoods one text at a time, with these ids in front and all others scored."""
    result = []
    for text in texts:
        ids = scorer.tokenizer(text)["input_ids"]
        ids = torch.tensor([ids if bos is None else [bos, *ids]])
        with torch.no_grad():
            each = scorer.model(ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])
        result.append(float(each.double().sum()))
    return np.array(result)


def test_what_comes_back_is_labelled(folder, scorer):
    result = score.score_texts(folder, TEXTS, keep_tokens=True)
    assert result.model == folder and result.revision == "" and result.rule == rule.PUBLISHED
    assert result.log_likelihood.dtype == np.float64 and result.n_tokens.dtype == np.int64
    assert result.n_bytes.tolist() == [len(text.encode()) for text in TEXTS]
    assert not result.truncated.any()
    tokens = result.token_log_probabilities
    assert [len(values) for values in tokens] == result.n_tokens.tolist()
    sums = [values.sum(dtype=np.float64) for values in tokens]
    np.testing.assert_allclose(result.log_likelihood, sums, rtol=1e-12)
    assert result.about["architecture"] == "LlamaForCausalLM" and result.about["way"] == "fused"
    again = score.score_texts(scorer, TEXTS)
    assert again.token_log_probabilities is None and again.text_set == result.text_set
    np.testing.assert_array_equal(again.log_likelihood, result.log_likelihood)
    assert score.score_texts(scorer, TEXTS[:2]).text_set != result.text_set


def test_a_text_set_gives_its_own_id(scorer):
    made = chunks.load(TEXTS[:2], minimum=1)
    assert score.score_texts(scorer, made).text_set == made.content_id


def test_progress_reaches_the_end(scorer):
    calls = []
    score.score_texts(scorer, TEXTS, tokens_per_batch=100, progress=lambda *now: calls.append(now))
    assert calls[-1] == (len(TEXTS), len(TEXTS)) and len(calls) > 2
    assert calls == sorted(calls)


def test_a_rule_is_checked_and_named():
    assert rule.PUBLISHED.name == "bos=tokenizer truncate=model dtype=float32"
    for wrong in ({"bos": "both"}, {"truncate": 1}, {"truncate": True}, {"dtype": "int8"}):
        with pytest.raises(ValueError, match="expected"):
            rule.Rule(**wrong)


def test_always_scores_every_token_and_never_leaves_the_first_out(scorer):
    bos = scorer.tokenizer.bos_token_id
    always = score.score_texts(scorer, TEXTS, rule=rule.Rule(bos="always"))
    np.testing.assert_allclose(always.log_likelihood, plain(scorer, TEXTS, bos), rtol=1e-6)
    never = score.score_texts(scorer, TEXTS, rule=rule.Rule(bos="never"))
    assert (always.n_tokens == never.n_tokens + 1).all()
    np.testing.assert_allclose(never.log_likelihood, plain(scorer, TEXTS), rtol=1e-6)
    assert not scorer.adds_bos


def test_a_tokenizer_that_puts_bos_in_front_has_its_first_token_scored(tmp_path):
    scorer = loading.load(tiny_models.save("llama", tmp_path, adds_bos=True))
    assert scorer.adds_bos
    published, always, never = (
        score.score_texts(scorer, LONG, rule=rule.Rule(bos=bos)) for bos in rule.BOS
    )
    np.testing.assert_array_equal(published.log_likelihood, always.log_likelihood)
    assert (published.n_tokens == never.n_tokens + 1).all()
    assert not published.notes and not always.notes
    doubled = score.score_texts(scorer, ["<s>The map", *LONG])
    assert any("1 texts start with two BOS" in note for note in doubled.notes)
    once = score.score_texts(scorer, ["<s>The map"], rule=rule.Rule(bos="always"))
    assert once.n_tokens[0] == doubled.n_tokens[0] - 1 and len(once.notes) == 1


def test_a_text_is_cut_to_the_rule_or_to_the_model(scorer):
    result = score.score_texts(scorer, TEXTS, rule=rule.Rule(truncate=8))
    assert result.n_tokens.max() == 7 and result.truncated.any() and not result.truncated.all()
    assert any("cut to 8 tokens" in note for note in result.notes)
    cut = [scorer.tokenizer.decode(scorer.tokenizer(LONG[0])["input_ids"][:8])]
    np.testing.assert_allclose(result.log_likelihood[0], plain(scorer, cut)[0], rtol=1e-6)
    long = score.score_texts(scorer, ["the cat sat on " * 400])
    assert long.truncated[0] and long.n_tokens[0] == 255 == scorer.max_length - 1


def test_special_tokens_in_a_text_are_counted_or_read_as_text(scorer):
    texts = ["a <s> b</s>", "plain", "<pad>"]
    control = score.score_texts(scorer, texts)
    (note,) = (note for note in control.notes if "special tokens" in note)
    assert note.startswith("2 texts hold 3 special tokens of the tokenizer, read as the control")
    spelled = rule.Rule(special="text")
    assert spelled.name == rule.PUBLISHED.name + " special=text"
    result = score.score_texts(scorer, texts, rule=spelled)
    assert not result.notes and result.n_tokens[0] > control.n_tokens[0]
    again = score.score_texts(scorer, texts)
    np.testing.assert_array_equal(again.log_likelihood, control.log_likelihood)
    assert "special" not in " ".join(score.score_texts(scorer, TEXTS).notes)
    pairs = prompts.score(scorer, ["<s>", "b"], ["a", "</s>"])
    said = ["1 prompts hold 1 special tokens", "1 responses hold 1 special tokens"]
    assert [note.partition(" of the")[0] for note in pairs.notes if "special" in note] == said


def test_tokenizers_of_one_state_share_what_they_make_of_texts():
    first, same, other = (tiny_models.tokenizer() for _ in range(3))
    other.add_tokens(["the"])
    read = [rule.encode(t, TEXTS, rule.PUBLISHED, 64) for t in (first, same, other)]
    assert read[0] is read[1] and read[2] is not read[0]
    again = rule._encode(other, TEXTS, rule.PUBLISHED, 64)
    assert all(map(np.array_equal, read[2].ids, again.ids))


def test_an_appended_end_that_is_scored_is_said(scorer):
    from tokenizers import processors

    ending = tiny_models.tokenizer()
    template = {"single": "<s> $A </s>", "special_tokens": [("<s>", 1), ("</s>", 2)]}
    ending.backend_tokenizer.post_processor = processors.TemplateProcessing(**template)
    ended = dataclasses.replace(scorer, tokenizer=ending)
    result = score.score_texts(ended, LONG, rule=rule.Rule(truncate=40))
    ends = sum(len(ids) <= 40 for ids in ending(LONG)["input_ids"])
    assert 0 < ends < len(LONG)
    said = f"{ends} texts end with the EOS that the tokenizer appends, and it is scored"
    assert said in result.notes and "special" not in " ".join(result.notes)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_length_above_the_models_positions_is_cut_with_a_note(name):
    scorer = loading.wrap(tiny_models.model(name), tiny_models.tokenizer())
    result = score.score_texts(scorer, ["the cat sat on " * 400], rule=rule.Rule(truncate=2048))
    assert result.n_tokens.tolist() == [255] and result.truncated.all()
    assert "truncate=2048 is cut to the 256 positions of the model" in result.notes


def test_lengths_are_looked_up_as_published():
    configs = [{"n_positions": 7, "max_sequence_length": 9}, {"max_sequence_length": 9}, {}]
    lengths = [rule.named_length(SimpleNamespace(**config)) for config in configs]
    assert lengths == [7, 9, None] and rule.DEFAULT_LENGTH == 2048


def test_texts_that_cannot_be_scored_are_refused(scorer):
    with pytest.raises(ValueError, match="1 of 2 texts are empty, the first is number 1"):
        score.score_texts(scorer, ["a", ""])
    with pytest.raises(ValueError, match="no text was given"):
        score.score_texts(scorer, [])
    with pytest.raises(ValueError, match="tokens_per_batch is 0"):
        score.score_texts(scorer, TEXTS, tokens_per_batch=0)


def test_a_single_token_is_scored_only_with_bos(scorer):
    result = score.score_texts(scorer, ["x", "A"])
    assert result.n_tokens.tolist() == [0, 0] and result.log_likelihood.tolist() == [0, 0]
    assert any("2 texts are a single token" in note for note in result.notes)
    assert (score.score_texts(scorer, ["x"], rule=rule.Rule(bos="always")).log_likelihood < 0).all()


def test_unknown_tokens_are_counted(tmp_path):
    path = tiny_models.save("gpt2", tmp_path, unknown=True)
    result = score.score_texts(path, ["The map of nothing whatever", "The map of a population"])
    assert "2 tokens in 1 texts are unknown to the tokenizer" in result.notes


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    path = tiny_models.save("llama", tmp_path, vocab_size=100)
    with pytest.raises(ValueError, match="the model has 100; expected tokens of its own"):
        score.score_texts(path, TEXTS)


def test_bos_is_asked_of_a_tokenizer_that_has_none(scorer):
    bare = tiny_models.tokenizer()
    bare.bos_token = None
    other = dataclasses.replace(scorer, tokenizer=bare)
    with pytest.raises(ValueError, match="no BOS token"):
        score.score_texts(other, TEXTS, rule=rule.Rule(bos="always"))


def test_half_precision_is_another_rule_with_noise_of_its_own(folder, scorer):
    exact = score.score_texts(scorer, LONG)
    for dtype, allowed in (("bfloat16", 0.1), ("float16", 0.02)):
        result = score.score_texts(folder, LONG, rule=rule.Rule(dtype=dtype))
        assert result.about["way"] == "fused" and result.about["dtype"] == dtype
        gap = np.abs(result.log_likelihood - exact.log_likelihood) / exact.n_tokens
        assert 0 < gap.max() < allowed
    with pytest.raises(ValueError, match="expected the same dtype"):
        score.score_texts(scorer, LONG, rule=rule.Rule(dtype="float16"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_rule_may_leave_each_model_its_own_dtype(dtype, tmp_path):
    path = tiny_models.save("llama", tmp_path)
    AutoModelForCausalLM.from_pretrained(path, dtype=dtype).save_pretrained(path)
    auto = rule.read("dtype=auto")
    assert auto.name == "bos=tokenizer truncate=model dtype=auto"
    result = score.score_texts(path, LONG, rule=auto)
    assert result.rule == auto and result.about["dtype"] == dtype
    want = score.score_texts(path, LONG, rule=rule.Rule(dtype=dtype))
    np.testing.assert_array_equal(result.log_likelihood, want.log_likelihood)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"dtype": None}))
    loaded = loading.load(path, dtype="auto")  # its weights say it then
    assert loaded.dtype == dtype and loading.moved(loaded, "cpu").asked == "auto"
    with pytest.raises(ValueError, match="expected the same dtype"):
        score.score_texts(loaded, LONG, rule=rule.Rule(dtype=dtype))
    with pytest.raises(ValueError, match="expected the same dtype"):
        score.score_texts(loading.load(path, dtype=dtype), LONG, rule=auto)


def test_weights_of_a_dtype_that_no_rule_names_are_refused():
    made = tiny_models.model("llama").double()
    with pytest.raises(ScoringFailure, match="float64 under dtype=auto") as caught:
        loading.wrap(made, tiny_models.tokenizer(), dtype="auto")
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize("name", ["gemma2", "cohere", "granite", "falcon_h1", "phi", "mpt"])
def test_the_head_is_measured(name):
    made = tiny_models.model(name)
    head, note = heads.find(made, torch.tensor([[5, 6]]))
    want = {"gemma2": (1, 4), "cohere": (0.3, None), "granite": (1 / 3, None)}
    scale, cap = want.get(name, (0.6 if name == "falcon_h1" else 1, None))  # MPT ignores its own
    assert not note and head.cap == cap and head.scale == pytest.approx(scale, rel=1e-6)
    assert (head.bias is not None) == (name == "phi")


CHANGES = {
    "a scale and a cap": (lambda z: 5 * torch.tanh(0.7 * z / 5), "fused"),
    "a cube": (lambda z: z**3 / 100, "logits"),
    "a negative scale": (lambda z: -z, "logits"),
    "a shift by token": (lambda z: z + torch.linspace(0, 3, z.shape[-1]), "logits"),
    "a shift by place": (lambda z: z * torch.arange(1, z.shape[1] + 1)[:, None], "logits"),
    "a smaller vocabulary": (lambda z: z[..., :310], "fused"),
    "a hidden end": (lambda z: z.masked_fill(torch.arange(z.shape[-1]) > 309, -1e9), "logits"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_head_of_another_form_is_noticed_and_the_result_is_right(altered, name):
    change, way = CHANGES[name]
    scorer = altered(change)
    result = score.score_texts(scorer, LONG, tokens_per_batch=200)
    assert result.about["way"] == way
    assert bool(result.notes) == (way != "fused")
    np.testing.assert_allclose(result.log_likelihood, plain(scorer, LONG), rtol=1e-5)


def test_a_look_to_the_right_is_refused(altered):
    scorer = altered(lambda z: z * (1 + z.mean(1, keepdim=True)))
    with pytest.raises(ScoringFailure, match="sees what it predicts"):
        score.score_texts(scorer, LONG)


@pytest.mark.parametrize("wrong", [{"scale": 1.01}, {"cap": 20.0}, {"bias": 2 * torch.rand(320)}])
def test_a_wrong_head_is_replaced_by_the_models_own_logits(scorer, wrong):
    fooled = dataclasses.replace(scorer, head=dataclasses.replace(scorer.head, **wrong))
    result = score.score_texts(fooled, LONG)
    assert result.about["way"] == "logits"
    assert any("the fused way differs from the plain one" in note for note in result.notes)
    np.testing.assert_allclose(result.log_likelihood, plain(scorer, LONG), rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("wrong", [{}, {"scale": 1.01}, {"cap": 20.0}, {"bias": None}])
def test_in_half_precision_a_head_is_compared_on_the_same_hidden_states(wrong, dtype):
    model = tiny_models.model("phi").to(dtype)  # its head has a bias, of 0.1 or so
    scorer = loading.wrap(model, tiny_models.tokenizer())
    head = dataclasses.replace(scorer.head, **wrong)
    ids = torch.tensor([scorer.tokenizer(max(TEXTS, key=len))["input_ids"]])
    with torch.inference_mode():
        gap = heads.difference(model, head, ids)
    assert gap < 1e-5 if not wrong else gap > 2e-4  # 1e-4 is allowed
    result = score.score_texts(
        dataclasses.replace(scorer, head=head),
        LONG,
        rule=rule.Rule(dtype=str(dtype).removeprefix("torch.")),
    )
    assert result.about["way"] == ("logits" if wrong else "fused")
    said = [note for note in result.notes if "on the same hidden states by" in note]
    assert len(said) == bool(wrong)


def test_the_budget_of_a_gpu_follows_width_and_memory(scorer, monkeypatch):
    on_gpu = dataclasses.replace(scorer, device="cuda:0")
    for free, asked, want in ((2**36, None, 2**16), (2**36, 500, 500), (2**20, None, 62)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 2**37))
        assert score.fitting_budget(on_gpu, batches.fused, asked) == want
    few = score.fitting_budget(on_gpu, batches.logits, 10**6)
    assert few == 2**20 // 8 // (4 * 320)
    assert score.fitting_budget(scorer, batches.fused) == score.CPU_TOKENS
    assert score.fitting_budget(scorer, batches.fused, 10**6) == score.CPU_TOKENS
    wide, narrow = (score.gpu_tokens(2**40, width, 32, 2) for width in (16384, 128))
    assert (wide, narrow) == (8192, 65536)
    assert score.gpu_tokens(2**30, 4096, 80, 4) < score.gpu_tokens(2**30, 4096, 32, 2)


class Waiting(torch.utils._python_dispatch.TorchDispatchMode):
    """Counts the operations for whose result the host of a GPU would wait."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.name()
        by_mask = name.startswith("aten::index") and any(
            isinstance(part, torch.Tensor) and part.dtype == torch.bool
            for part in torch.utils._pytree.tree_leaves(args[1:])
        )
        if by_mask or name.split(".")[0] in WAITS:
            self.seen.append(name)
        return operation(*args, **(kwargs or {}))


WAITS = {
    f"aten::{name}"
    for name in ("is_nonzero", "item", "_local_scalar_dense", "nonzero", "masked_select", "equal")
}


@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt_neox", "opt"])
def test_no_batch_waits_for_the_device(name, monkeypatch):
    """On a CPU's tensors, with the torch head in place of the Triton kernel."""
    scorer = loading.wrap(tiny_models.model(name), tiny_models.tokenizer())
    texts = [scorer.tokenizer(text)["input_ids"] for text in LONG]
    want = batches.fused(scorer, texts)

    def log_probabilities(hidden, weight, targets, bias=None, scale=1.0, cap=None, blocks=()):
        z = scale * torch.nn.functional.linear(hidden, weight, bias)
        z = z if cap is None else cap * torch.tanh(z / cap)
        return z.log_softmax(-1).gather(-1, targets[:, None])[:, 0]

    monkeypatch.setattr(heads.kernels, "log_probabilities", log_probabilities)
    with torch.inference_mode():
        with Waiting() as plain:
            batches.fused(scorer, texts)
        with heads.unpacked(), Waiting() as waiting:  # as on a GPU
            values = batches.fused(scorer, texts)
        with Waiting() as asked:
            bool(torch.ones(2).all()), torch.ones(2)[torch.ones(2) > 0]
    assert waiting.seen == [] and len(asked.seen) == 2
    if name in ("llama", "gemma2"):
        assert plain.seen  # `transformers` asks whether texts are packed
    for mine, theirs in zip(values, want, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-4)


def test_values_come_from_the_device_in_one_copy_and_stay_in_place():
    values = [torch.tensor([1.0, 2.0]), None, np.zeros(3), torch.tensor([]), torch.tensor([3.0])]
    arrays = batches.on_host(values)
    assert [None if each is None else each.tolist() for each in arrays] == [
        *([1.0, 2.0], None, [0.0] * 3, [], [3.0])
    ]
    assert batches.on_host([None]) == [None]


def test_own_logits_come_in_small_batches(altered, monkeypatch):
    monkeypatch.setattr(score, "LOGIT_BYTES", 50 * 320 * 4)
    result = score.score_texts(altered(lambda z: z**3 / 100), LONG)
    assert result.about["tokens_per_batch"] == 50 and result.about["n_batches"] == len(LONG)


def test_out_of_memory_halves_the_batch_and_goes_on(scorer, monkeypatch):
    want, fused, sizes = score.score_texts(scorer, TEXTS), batches.fused, []

    def small(scorer, batch):
        sizes.append(len(batch) * max(len(ids) - 1 for ids in batch))
        if sizes[-1] > 130:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return fused(scorer, batch)

    monkeypatch.setattr(batches, "fused", small)
    result = score.score_texts(scorer, TEXTS)
    assert max(sizes) > 130 and result.about["tokens_per_batch"] <= 130
    assert any("out of memory: went on with" in note for note in result.notes)
    np.testing.assert_allclose(result.log_likelihood, want.log_likelihood, rtol=1e-6)


def test_one_text_too_large_for_the_memory_is_a_failure(scorer, monkeypatch):
    def never(scorer, batch):
        if len(batch[0]) > 64:
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        return batches.alone(scorer, batch)

    monkeypatch.setattr(batches, "fused", never)
    with pytest.raises(ScoringFailure, match="out of memory on one text") as caught:
        score.score_texts(scorer, ["zebra " * 40, *TEXTS])
    assert caught.value.kind == "out_of_memory"


@pytest.mark.parametrize("where", ["all", "one token"])
def test_nan_is_a_failure_and_not_a_number(where):
    model, tokenizer = tiny_models.model("gpt2"), tiny_models.tokenizer()
    rows = slice(None) if where == "all" else tokenizer("~")["input_ids"]
    with torch.no_grad():
        model.transformer.wpe.weight.zero_()
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
        model.transformer.wte.weight[rows] = float("nan")
    scorer = loading.wrap(model, tokenizer, name="broken")
    with pytest.raises(ScoringFailure, match=r"NaN|nan") as caught:
        score.score_texts(scorer, [*LONG, "late: " + "a" * 100 + "~~~"])
    assert caught.value.kind == "not_a_number"


def test_the_output_layer_is_itself_again_afterwards(scorer):
    layer = scorer.model.get_output_embeddings()
    score.score_texts(scorer, LONG)
    assert "forward" not in vars(layer)


@pytest.mark.parametrize("name", ["gpt2", "llama", "gemma2", "mamba"])
def test_threads_change_no_bit(name, monkeypatch):
    scorer = loading.wrap(tiny_models.model(name), tiny_models.tokenizer())
    before, called = torch.get_num_threads(), []
    monkeypatch.setattr(
        score, "attempt", lambda *job: called.append(job[1]) or batches.fused(*job[1:])
    )
    try:
        torch.set_num_threads(1)
        want = score.score_texts(scorer, TEXTS, tokens_per_batch=100)
        torch.set_num_threads(3)
        result = score.score_texts(scorer, TEXTS, tokens_per_batch=100)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(result.log_likelihood, want.log_likelihood)
    assert 1 < len({id(twin.model) for twin in called}) <= 3


def test_a_model_that_cannot_be_doubled_works_on_its_own(altered):
    scorer = altered(lambda z: 2 * z)
    assert [twin.model for twin in score.twins_of(scorer, 3)] == [scorer.model]
    first, other = score.twins_of(
        loading.wrap(tiny_models.model("gpt2"), tiny_models.tokenizer()), 2
    )
    pairs = zip(first.model.parameters(), other.model.parameters(), strict=True)
    assert all(mine is theirs for mine, theirs in pairs) and first.model is not other.model
