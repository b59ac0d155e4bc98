"""Log-likelihoods of responses given prompts: the same as one pair at a time, whatever the way."""

import dataclasses

import numpy as np
import pytest
import tiny_models
import torch

from lmnotes.models.scoring import loading, prompt_batches, prompt_tokens, prompts, score
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.models.zoo import networks

PROMPTS = [tiny_models.TEXTS[0], "Say it in one word, and " * 5, "", "One?"]
RESPONSES = tiny_models.TEXTS
ALLOWED = 1e-4  # nats per token
CACHED = ("gpt2", "opt", "bloom", "llama", "mistral", "gemma2", "cohere", "qwen2_moe")
RECURRENT = {  # how their responses go on
    "falcon_h1": True,
    "rwkv": True,
    "bamba": True,
    "mamba": "token by token",
    "recurrent_gemma": False,
}


def make(name, **changes):
    return loading.wrap(tiny_models.model(name, **changes), tiny_models.tokenizer(), name=name)


@pytest.fixture(scope="module")
def scorer():
    return make("llama")


def crossed():
    return [x for x in PROMPTS for _ in RESPONSES], RESPONSES * len(PROMPTS)


def one_at_a_time(scorer, xs, ys):
    """Full logits of one pair per call; the template is the plain one. Values and lengths."""
    tokenizer, sums, counts = scorer.tokenizer, [], []
    for x, y in zip(xs, ys, strict=True):
        before = tokenizer(x + "\n")["input_ids"] if x else [tokenizer.bos_token_id]
        after = tokenizer(y)["input_ids"]
        ids = torch.tensor([before + after])
        with torch.no_grad():
            law = scorer.model(ids).logits[0, len(before) - 1 : -1].log_softmax(-1)
        each = law.gather(1, torch.tensor(after)[:, None])
        sums.append(float(each.double().sum()))
        counts.append(len(after))
    return np.array(sums), np.array(counts)


@pytest.mark.parametrize("name", (*CACHED, *RECURRENT))
def test_every_batch_and_way_is_exact(name, monkeypatch):
    monkeypatch.setattr(prompt_batches, "CALL_FROM", 0)  # else tiny responses are too long for it
    scorer, how = make(name), RECURRENT.get(name, True)
    xs, ys = crossed()
    want, counts = one_at_a_time(scorer, xs, ys)
    order = np.random.default_rng(0).permutation(len(xs))
    for budget, share in ((8192, True), (8192, False), (100, True)):
        pairs = [xs[i] for i in order], [ys[i] for i in order]
        result = prompts.score(scorer, *pairs, tokens_per_batch=budget, share=share)
        assert (result.n_tokens == counts[order]).all()
        assert (np.abs(result.log_likelihood - want[order]) / counts[order]).max() < ALLOWED
        n_shared = 2 if share and how else 0  # two prompts are long enough
        assert result.about["n_prompts_shared"] == n_shared and result.about["n_prompts"] == 4
        assert result.about["prompt_reuse"] == (share and how)
        reads_anew = any("reads its prompt anew" in note for note in result.notes)
        assert reads_anew == (share and not how)


def test_token_by_token_pays_from_many_short_responses():
    scorer, prompt = make("mamba"), "the cat sat on the mat " * 5
    few = prompts.score(scorer, [prompt] * 2, [RESPONSES[0], RESPONSES[5]])
    many = prompts.score(scorer, [prompt] * 8, [*"abcdefg", "Deich."])
    for result, n_shared in ((few, 0), (many, 1)):
        assert result.about["prompt_reuse"] == "token by token"
        assert result.about["n_prompts_shared"] == n_shared


@pytest.mark.parametrize("name", ("rwkv", "mamba", "falcon_h1", "gemma2"))
def test_a_memory_is_copied_for_every_batch(name):
    scorer, settings = make(name), (name == "mamba", False)
    ids = [np.array(scorer.tokenizer(text)["input_ids"]) for text in (PROMPTS[0], *RESPONSES[:3])]
    pairs = [(ids[0], response) for response in ids[1:]]
    with torch.inference_mode():
        shared = prompt_batches.Shared(*settings)
        first, again = shared(scorer, pairs), shared(scorer, pairs)
        single = [prompt_batches.Shared(*settings)(scorer, [pair])[0] for pair in pairs]
    assert shared.n_read == 1
    for one, two, three in zip(first, again, single, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(one, three, atol=2e-4)


def test_a_window_is_remembered_past_its_end():
    scorer = make("mistral", sliding_window=8)
    xs, ys = ["the cat sat on the mat " * 8] * 4, [*RESPONSES[:3], RESPONSES[5]]
    result = prompts.score(scorer, xs, ys)
    want, counts = one_at_a_time(scorer, xs, ys)
    assert result.about["n_prompts_shared"] == 1
    assert (np.abs(result.log_likelihood - want) / counts).max() < ALLOWED


def test_a_wrong_memory_is_found_out(scorer, monkeypatch):
    right = prompt_batches._repeated

    def wrong(memory, n):
        memory = right(memory, n)
        for layer in memory["past_key_values"].layers:
            layer.values = layer.values * 1.5
        return memory

    monkeypatch.setattr(prompt_batches, "_repeated", wrong)
    xs, ys = crossed()
    result = prompts.score(scorer, xs, ys)
    assert any("going on from a read prompt differs" in note for note in result.notes)
    want, counts = one_at_a_time(scorer, xs, ys)
    assert (np.abs(result.log_likelihood - want) / counts).max() < ALLOWED


def test_the_longest_response_tells_how_they_go_on():
    scorer = make("mamba")  # right in one call up to two tokens
    xs, ys = [PROMPTS[1]] * 30, ["a", *("b" * n for n in range(2, 30)), "c"]
    result = prompts.score(scorer, xs, ys)
    assert result.about["prompt_reuse"] == "token by token" and result.about["n_prompts_shared"]
    want, counts = one_at_a_time(scorer, xs, ys)
    assert (np.abs(result.log_likelihood - want) / counts).max() < ALLOWED


def test_a_call_of_a_single_token_is_made_only_token_by_token(scorer):
    model, read = scorer.model, []
    hook = model.model.embed_tokens.register_forward_hook(lambda *call: read.append(call[1][0]))
    pairs = [(np.arange(9), np.array([5, n])) for n in (6, 7)]
    with torch.inference_mode():
        for by_token in (False, True):
            prompt_batches.Shared(by_token)(scorer, pairs)
    hook.remove()
    assert [tuple(ids.shape) for ids in read] == [(1, 9), (2, 2), (1, 9), (2, 1)]


def test_running_out_of_memory_halves_a_batch(scorer, monkeypatch):
    true = prompt_batches.Shared.__call__

    def small(self, scorer, pairs):
        if len(pairs) > 3:
            raise RuntimeError("CUDA out of memory")
        return true(self, scorer, pairs)

    monkeypatch.setattr(prompt_batches.Shared, "__call__", small)
    xs, ys = crossed()
    result = prompts.score(scorer, xs, ys)
    assert any("out of memory" in note for note in result.notes)
    np.testing.assert_allclose(result.log_likelihood, one_at_a_time(scorer, xs, ys)[0], rtol=1e-5)


def test_a_model_without_a_known_head_shares_prompts_too(scorer):
    bare = dataclasses.replace(scorer, head=None, note="none is wanted here")
    xs, ys = crossed()
    result = prompts.score(bare, xs, ys)
    assert result.about["n_prompts_shared"] == 2 and result.about["way"] == "logits"
    np.testing.assert_allclose(result.log_likelihood, one_at_a_time(scorer, xs, ys)[0], rtol=1e-5)


def test_what_comes_back_is_labelled(scorer):
    xs, ys = ["One?", "Two?", "One?"], ["a word", "Zwölf", "a word"]
    result = prompts.score(scorer, xs, ys, keep_tokens=True)
    assert result.n_bytes.tolist() == [6, 6, 6] and result.rule == prompts.DEFAULT
    assert result.log_likelihood[0] == result.log_likelihood[2] != result.log_likelihood[1]
    sums = [values.sum(dtype=np.float64) for values in result.token_log_probabilities]
    np.testing.assert_array_equal(result.log_likelihood, sums)
    assert "no chat template" in result.notes[0]
    assert result.text_set != prompts.score(scorer, xs[1:] + xs[:1], ys).text_set


def test_conditional_and_prompt_make_the_whole():
    """log p(y | x) + log p(x) = log p(xy)."""
    model = tiny_models.model("gpt2", vocab_size=257, bos_token_id=256, eos_token_id=256)
    scorer = loading.wrap(model, networks.byte_tokenizer())
    xs, ys = RESPONSES[:5], RESPONSES[5:]
    given = prompts.score(scorer, xs, ys, rule=PromptRule(template="{prompt}"))
    both = [x + y for x, y in zip(xs, ys, strict=True)]
    whole, front = (score.score_texts(scorer, texts).log_likelihood for texts in (both, xs))
    np.testing.assert_allclose(given.log_likelihood + front, whole, rtol=1e-5)
    alone = prompts.score(scorer, [""] * 5, ys)
    np.testing.assert_allclose(alone.log_likelihood, score.score_texts(scorer, ys).log_likelihood)


CHAT = (
    "<s>{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


@pytest.fixture
def chat(scorer):
    tokenizer = tiny_models.tokenizer(adds_bos=True)
    tokenizer.chat_template = CHAT
    return dataclasses.replace(scorer, tokenizer=tokenizer)


def test_a_chat_template_is_the_models_own(chat):
    tokenizer = chat.tokenizer
    ids = prompt_tokens.context(tokenizer, "One?", PromptRule()).tolist()
    assert tokenizer.decode(ids) == "<s>[user]One?</s>\n[assistant]" and ids.count(1) == 1
    empty = prompt_tokens.context(tokenizer, "", PromptRule()).tolist()
    assert tokenizer.decode(empty) == "<s>[user]</s>\n[assistant]"
    plain = prompt_tokens.context(tokenizer, "One?", PromptRule(template="plain")).tolist()
    assert tokenizer.decode(plain) == "<s>One?\n"
    bare = prompt_tokens.context(tokenizer, "One?", PromptRule(template="Q: {prompt}", bos="never"))
    assert tokenizer.decode(bare.tolist()) == "Q: One?"
    assert not prompts.score(chat, ["One?"], ["two"]).notes


def test_the_end_of_a_turn_is_scored_where_the_rule_says_so(chat, scorer):
    assert prompt_tokens.end_of_turn(chat.tokenizer, PromptRule()) == 2
    bare = prompts.score(chat, ["One?"], ["two"], keep_tokens=True)
    ended = prompts.score(chat, ["One?"], ["two"], rule=PromptRule(end="scored"), keep_tokens=True)
    assert ended.n_tokens[0] == bare.n_tokens[0] + 1
    (first,), (second,) = ended.token_log_probabilities, bare.token_log_probabilities
    np.testing.assert_allclose(first[:-1], second, rtol=1e-5)
    plain = scorer.tokenizer
    assert prompt_tokens.end_of_turn(plain, PromptRule()) == plain.eos_token_id
    without = tiny_models.tokenizer()
    without.eos_token = None
    with pytest.raises(ValueError, match="no EOS token"):
        prompt_tokens.end_of_turn(without, PromptRule())


def test_a_response_is_the_same_tokens_after_every_prompt(scorer):
    pairs = ["th", "the ca"], ["e cat"] * 2
    encoded = prompt_tokens.encode(scorer.tokenizer, *pairs, PromptRule(), 99)
    assert encoded.responses[0].tolist() == encoded.responses[1].tolist()
    assert scorer.tokenizer.decode(encoded.responses[0].tolist()) == "e cat"


def test_a_space_that_a_tokenizer_adds_is_not_part_of_a_response():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = {letter: k for k, letter in enumerate(["</s>", "\u2581", "\n", "a", "b"])}
    made = Tokenizer(models.BPE(letters, []))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>")
    assert tokenizer("ab")["input_ids"] == [1, 3, 4]
    encoded = prompt_tokens.encode(tokenizer, [""] * 2, ["ab", " ab"], PromptRule(), 99)
    assert [ids.tolist() for ids in encoded.responses] == [[3, 4], [1, 3, 4]]
    assert encoded.contexts[0].tolist() == [0]  # EOS, as there is no BOS


def test_a_response_is_cut_and_a_prompt_never(scorer):
    rule = PromptRule(truncate=20)
    result = prompts.score(scorer, ["One?"], [RESPONSES[0]], rule=rule)
    n = len(prompt_tokens.context(scorer.tokenizer, "One?", rule))
    assert result.truncated[0] and result.n_tokens[0] == 20 - n and "are cut" in result.notes[-1]
    with pytest.raises(ValueError, match="1 prompts fill all 20 tokens"):
        prompts.score(scorer, [RESPONSES[5]], ["x"], rule=rule)


def test_what_cannot_be_scored_is_refused(scorer):
    with pytest.raises(ValueError, match="2 prompts and 1 responses"):
        prompts.score(scorer, ["a", "b"], ["c"])
    with pytest.raises(ValueError, match="1 of 2 responses are empty, the first is number 1"):
        prompts.score(scorer, ["a", "b"], ["c", ""])
    with pytest.raises(ValueError, match="expected the same dtype"):
        prompts.score(scorer, ["a"], ["b"], rule=PromptRule(dtype="float16"))
    for wrong in ({"template": "none"}, {"end": "both"}, {"bos": "both"}, {"truncate": 1}):
        with pytest.raises(ValueError, match="expected"):
            PromptRule(**wrong)


def test_pmi_by_hand():
    given, table = np.log([0.5, 0.2]), np.log([[0.5, 0.1], [0.1, 0.3]])
    np.testing.assert_allclose(np.exp(prompts.marginal(table)), [0.3, 0.2])
    np.testing.assert_allclose(np.exp(prompts.marginal(table, given)), [1.1 / 3, 0.2])
    assert (prompts.pmi(given, prompts.marginal(given[None])) == 0).all()  # M = 1, its own prompt
    far = np.array([[-2000.0], [-2001.0]])
    assert prompts.marginal(far)[0] == pytest.approx(-2000 + np.log((1 + np.exp(-1)) / 2))
    with pytest.raises(ValueError, match="the same pairs in both"):
        prompts.pmi(given, table)


def test_a_row_is_scored_once(tmp_path, monkeypatch):
    folders = [tiny_models.save("gpt2", tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    xs, ys = PROMPTS, RESPONSES[:4]
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    L = prompts.matrix(folders, xs, ys)
    want = prompts.score(folders[1], xs, ys).log_likelihood
    np.testing.assert_allclose(L.values[1], want, rtol=1e-6)
    assert list(L.texts.response) == ys and L.rule == prompts.DEFAULT.name
    monkeypatch.setattr(prompts, "score", None)
    np.testing.assert_array_equal(prompts.matrix(folders[::-1], xs, ys).values, L.values[::-1])
