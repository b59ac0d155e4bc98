"""Prompts and responses as tokens: what the model reads, what is scored, and where one ends;
core, as they are for any causal model.

Prompt and response are tokenised apart, so that a response is the same tokens after every prompt
and no token holds the end of one and the beginning of the other. Log-likelihoods under different
rules are different quantities and never meet in one matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lmnotes.errors import InputError, Shown, expect_one_of
from lmnotes.models.scoring.rule import (
    Bos,
    Dtype,
    Rule,
    control_notes,
    expect_texts,
    limit_notes,
    refuse_empty,
    wanted_bos,
)

PLAIN = "{prompt}\n"  # of models without a chat template, and of all where the rule says so
ENDS = ("none", "scored")
_MARK = "\u241eresponse\u241e"


@dataclass(frozen=True)
class PromptRule:
    """How a prompt is put to a model, and which tokens of the response are scored.

    Args:
        template: "model" takes the tokenizer's own chat template (one user turn, then the beginning
            of the answer) and the plain one where there is none; "plain" is the prompt and a line
            break; or a text with {prompt} in it.
        end: "none" scores the response alone; "scored" also the token that ends a turn, which is
            what the chat template writes after an answer, else EOS.
        bos: as in `rule.Rule`; a chat template brings its own.
        truncate: "model" or a number of tokens; a response is cut where prompt and response
            together are longer, a prompt never is.
        dtype: of the weights.

    An empty prompt is an empty user turn in a chat template or one's own, and else BOS alone (EOS
    where there is no BOS).

    >>> PromptRule(template="plain", end="scored").name
    "template='plain' end=scored bos=tokenizer truncate=model dtype=float32"
    """

    template: str = "model"
    end: Literal["none", "scored"] = "none"
    bos: Bos = "tokenizer"
    truncate: Literal["model"] | int = "model"
    dtype: Dtype = "float32"

    def __post_init__(self):
        Rule(bos=self.bos, truncate=self.truncate, dtype=self.dtype)  # refuses what is wrong
        if self.template not in ("model", "plain") and "{prompt}" not in self.template:
            wanted = '"model", "plain" or a text with {prompt} where the prompt goes'
            raise InputError(f"template is {self.template!r}; expected {wanted}: give one of them")
        expect_one_of("end", self.end, ENDS)

    @property
    def name(self) -> str:
        """The rule in one line, the same for equal rules."""
        scored = f"template={self.template!r} end={self.end}"
        return f"{scored} bos={self.bos} truncate={self.truncate} dtype={self.dtype}"


@dataclass(frozen=True, repr=False)
class Pairs(Shown):
    """N prompts and responses as token ids.

    contexts: arrays (T,) int64, each different prompt once; number: (N,) of the context of each
    pair; responses: N arrays (T,) int64, all of them scored; truncated: (N,) bool.
    """

    contexts: list[np.ndarray]
    number: np.ndarray
    responses: list[np.ndarray]
    truncated: np.ndarray
    notes: tuple[str, ...]


def encode(
    tokenizer: Any, prompts: Sequence[str], responses: Sequence[str], rule: PromptRule, limit: int
) -> Pairs:
    """Token ids of N prompts and N responses under a rule, `limit` of a pair (`Scorer.limit`).

    Raises InputError where the numbers differ, a response is empty, a prompt fills the whole
    length, or the tokenizer lacks a token that the rule needs.
    """
    prompts = expect_texts("prompts", prompts)
    responses = expect_texts("responses", responses)
    if len(prompts) != len(responses) or not len(prompts):
        given = f"{len(prompts)} prompts and {len(responses)} responses were given"
        then = "repeat a prompt that has several"
        raise InputError(f"{given}; expected one prompt for each response, at least one: {then}")
    different = list(dict.fromkeys(prompts))
    numbers = {prompt: k for k, prompt in enumerate(different)}
    contexts = [context(tokenizer, prompt, rule) for prompt in different]
    number = np.array([numbers[prompt] for prompt in prompts], np.int64)
    if full := [k for k, ids in enumerate(contexts) if len(ids) >= limit]:
        given = f"{len(full)} prompts fill all {limit} tokens, as {different[full[0]][:40]!r}"
        raise InputError(f"{given}; expected room for a response: shorten or leave them out")
    whole = _responses(tokenizer, responses, rule)
    room = limit - np.array([len(ids) for ids in contexts])[number]
    truncated = np.array([len(ids) for ids in whole]) > room
    end = end_of_turn(tokenizer, rule) if rule.end == "scored" else None
    notes = limit_notes(rule, limit)
    read = [_ids(tokenizer, prompt) for prompt in different]
    notes += control_notes(tokenizer, read, what="prompts")
    notes += control_notes(tokenizer, whole, () if end is None else (end,), "responses")
    if rule.template == "model" and not tokenizer.chat_template:
        notes.append("no chat template: prompts are put to the model in the plain one")
    if truncated.any():
        notes.append(f"{truncated.sum()} responses are cut so that a pair has {limit} tokens")
    cut = [ids[:n] for ids, n in zip(whole, room, strict=True)]
    return Pairs(contexts, number, cut, truncated, tuple(notes))


def context(tokenizer: Any, prompt: str, rule: PromptRule) -> np.ndarray:
    """What the model reads before the response, (T,) int64 token ids."""
    bos = wanted_bos(tokenizer, rule)
    if rule.template == "model" and tokenizer.chat_template:
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        front = []
    else:
        template = PLAIN if rule.template in ("model", "plain") else rule.template
        bare = not prompt and template in (PLAIN, "{prompt}")
        text = "" if bare else template.replace("{prompt}", prompt)
        front = _front(tokenizer) if rule.bos == "tokenizer" or bare else []
    ids = front + _ids(tokenizer, text)
    if rule.bos == "always" and ids[:1] != [bos]:
        ids = [bos, *ids]
    if not ids:
        ids = [token for token in (bos, tokenizer.eos_token_id) if token is not None][:1]
    if not ids:
        given = f"prompt {prompt!r} has no token under {rule.name!r}, the tokenizer no BOS or EOS"
        raise InputError(f"{given}; expected a token to begin from: give another template")
    return np.array(ids, np.int64)


def end_of_turn(tokenizer: Any, rule: PromptRule) -> int:
    """The token that ends an answer: the chat template's, else EOS."""
    if rule.template == "model" and tokenizer.chat_template:
        turns = [("user", "a"), ("assistant", _MARK)]
        turns = [{"role": role, "content": text} for role, text in turns]
        after = tokenizer.apply_chat_template(turns, tokenize=False).partition(_MARK)[2]
        special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
        if ends := [token for token in _ids(tokenizer, after) if token in special]:
            return ends[0]
    if tokenizer.eos_token_id is None:
        given = f"{rule.name!r} with a tokenizer that has no EOS token"
        raise InputError(f'{given}; expected a token that ends a turn: take end="none"')
    return tokenizer.eos_token_id


def _responses(tokenizer, responses, rule) -> list[np.ndarray]:
    refuse_empty(responses, "responses are empty", "character")
    end = [end_of_turn(tokenizer, rule)] if rule.end == "scored" else []
    # sentencepiece tokenizers put a space before whatever they are given; a line break takes it
    anchor = _ids(tokenizer, "\n")
    spaced = _ids(tokenizer, "\na") != anchor + _ids(tokenizer, "a")
    ended = []
    for text in responses:
        ids = _ids(tokenizer, text)
        if spaced and (behind := _ids(tokenizer, "\n" + text))[: len(anchor)] == anchor:
            ids = behind[len(anchor) :]
        ended.append(np.array([*ids, *end], np.int64))
    refuse_empty([ids[len(end) :] for ids in ended], "responses have no token", "token")
    return ended


def _front(tokenizer) -> list[int]:
    """The special tokens that the tokenizer puts in front by itself."""
    alone = list(tokenizer("", return_attention_mask=False)["input_ids"])
    if len(alone) > 1 and alone[-1] == tokenizer.eos_token_id:
        alone.pop()
    n = len(alone)
    return alone if tokenizer("a", return_attention_mask=False)["input_ids"][:n] == alone else []


def _ids(tokenizer, text: str) -> list[int]:
    options = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
    return list(tokenizer(text, **options)["input_ids"]) if text else []
