"""Which tokens of a text are scored: rules for the first token, the length and the precision.

Log-likelihoods under different rules are different quantities; a rule is stored with every row and
rows of two rules never meet in one matrix.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from lmnotes.errors import InputError, Shown, expect_one_of, expect_strings
from lmnotes.models.scoring import token_ids

Bos = Literal["tokenizer", "always", "never"]
Special = Literal["control", "text"]
Dtype = Literal["float32", "bfloat16", "float16", "auto"]
BOS, SPECIAL, DTYPES = map(get_args, (Bos, Special, Dtype))
_LENGTHS = ("max_position_embeddings", "n_positions", "max_sequence_length")
_SMALL = 1000  # ids of a tokenizer whose state is compared in less time than a text is read
DEFAULT_LENGTH = 2048  # tokens, where a configuration names no limit


@dataclass(frozen=True)
class Rule:
    """What is scored, and in which precision.

    Args:
        bos: "tokenizer" takes the tokenizer's own output as the papers did (where it puts a BOS in
            front, the first real token is scored, elsewhere it is not); "always" puts one BOS in
            front, so that every token is scored; "never" has none, and the first token goes
            unscored.
        truncate: "model" cuts to the configuration's `max_position_embeddings`, else `n_positions`,
            else `max_sequence_length`, else 2,048 tokens, as the papers did; or a number of tokens,
            at most as many as the configuration names.
        dtype: of the weights. The papers used float16 on GPUs; float32 is the default here, since
            half precision adds noise of its own to every text. On CUDA float32 has no tensor cores:
            "auto" takes each model in the dtype that its configuration names, else that of its
            weights, which each row tells; a KL of two such models holds the noise of both.
        special: "control" reads `<|endoftext|>` and its like in a text as the tokens that control a
            model, as the papers did; "text" reads their letters.

    >>> Rule(bos="always", truncate=512).name
    'bos=always truncate=512 dtype=float32'
    """

    bos: Bos = "tokenizer"
    truncate: Literal["model"] | int = "model"
    dtype: Dtype = "float32"
    special: Special = "control"

    def __post_init__(self):
        expect_one_of("bos", self.bos, BOS)
        expect_one_of("special", self.special, SPECIAL)
        expect_one_of("dtype", self.dtype, DTYPES)
        whole = isinstance(self.truncate, int) and not isinstance(self.truncate, bool)
        if self.truncate != "model" and not (whole and int(self.truncate) >= 2):
            raise InputError(f'truncate is {self.truncate!r}; expected "model" or 2 or more tokens')

    @property
    def name(self) -> str:
        """The rule in one line, the same for equal rules."""
        special = "" if self.special == "control" else f" special={self.special}"
        return f"bos={self.bos} truncate={self.truncate} dtype={self.dtype}{special}"


PUBLISHED = Rule()
_last: dict[tuple, "Encoded"] = {}  # of `encode`


def read(text: str) -> Rule:
    """The rule that `bos=always dtype=bfloat16` names; what is not named is as published.

    >>> read("truncate=512").name
    'bos=tokenizer truncate=512 dtype=float32'
    """
    try:
        pairs = (setting.split("=", 1) for setting in text.replace(",", " ").split())
        given: dict[str, Any] = dict(pairs)
        if given.get("truncate", "model") != "model":
            given["truncate"] = int(given["truncate"])
        return Rule(**given)
    except (TypeError, ValueError) as error:
        wanted = "bos=..., truncate=... and dtype=..., as 'bos=always truncate=512 special=text'"
        raise InputError(f"rule {text!r} was given ({error}); expected {wanted}") from error


@dataclass(frozen=True, repr=False)
class Encoded(Shown):
    """Token ids of texts under a rule; all but the first of each are scored.

    ids: N arrays (T,) int64; truncated: (N,) bool; notes: what a reader of the scores should know.
    """

    ids: list[np.ndarray]
    truncated: np.ndarray
    notes: tuple[str, ...]


def named_length(config: Any) -> int | None:
    """The tokens that a configuration says its model has positions for, None where it does not."""
    values = (getattr(config, name, None) for name in _LENGTHS)
    return next((value for value in values if isinstance(value, int) and value > 0), None)


def stretching(config: Any) -> tuple[str, int | None]:
    """The kind of a RoPE whose frequencies follow the text's length, and up to which they do not.

    >>> from types import SimpleNamespace
    >>> rope = {"rope_type": "dynamic", "factor": 2.0}
    >>> stretching(SimpleNamespace(max_position_embeddings=40, rope_parameters=rope))
    ('dynamic', 40)
    """
    settings = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None)
    settings = settings if isinstance(settings, dict) else {}
    for rope in (settings, *(x for x in settings.values() if isinstance(x, dict))):  # or by layer
        kind = str(rope.get("rope_type", rope.get("type")))
        if "dynamic" in kind:
            return "dynamic", config.max_position_embeddings
        if kind == "longrope":
            own = getattr(config, "original_max_position_embeddings", None)
            given = rope.get("original_max_position_embeddings", config.max_position_embeddings)
            return kind, own or given
    return "", None


def encode(tokenizer: Any, texts: Sequence[str], rule: Rule, limit: int) -> Encoded:
    """Token ids of every text under a rule.

    Args:
        tokenizer: of `transformers`.
        limit: tokens kept, as `Scorer.limit` gives it.

    Raises InputError on an empty text, and where a BOS is wanted of a tokenizer that has none. What
    a small tokenizer makes of the last texts is remembered: many models share it.
    """
    if not tokenizer.is_fast or len(tokenizer) > _SMALL:
        return _encode(tokenizer, texts, rule, limit)
    state = tokenizer.backend_tokenizer.to_str(), str(tokenizer.special_tokens_map)
    key = (type(tokenizer), *state, tuple(texts), rule, limit)
    encoded = _last.pop(key, None) or _encode(tokenizer, texts, rule, limit)
    while len(_last) > 1:
        del _last[next(iter(_last))]
    _last[key] = encoded
    return encoded


def _encode(tokenizer, texts: Sequence[str], rule: Rule, limit: int) -> Encoded:
    refuse_empty(texts, "texts are empty", "character")
    bos = wanted_bos(tokenizer, rule)
    options = {"add_special_tokens": rule.bos == "tokenizer"}
    if rule.special == "text":
        options["split_special_tokens"] = True
    ids = plain = token_ids.read(tokenizer, texts, **options)
    refuse_empty(plain, "texts have no token in this tokenizer", "token")
    if rule.bos == "always":
        ids = [text if text[0] == bos else np.concatenate([[bos], text]) for text in ids]
    added = tokenizer("a", return_attention_mask=False, **options)["input_ids"]
    notes = control_notes(tokenizer, plain, added) + limit_notes(rule, limit)
    truncated = np.array([len(text) > limit for text in ids], bool)
    ids = [text[:limit] for text in ids]
    if len(added) > 1 and added[-1] == tokenizer.eos_token_id:
        ends = sum(text[-1] == added[-1] for text in ids)
        notes.append(f"{ends} texts end with the EOS that the tokenizer appends, and it is scored")
    return Encoded(ids, truncated, (*notes, *_notes(tokenizer, ids, truncated, limit)))


def control_notes(
    tokenizer: Any,
    ids: Sequence[np.ndarray | list[int]],
    added: Sequence[int] = (),
    what: str = "texts",
) -> list[str]:
    """How many of the texts hold tokens that control a model, beside those that each is `added`."""
    known = {n for n, token in tokenizer.added_tokens_decoder.items() if token.special}
    unknown = {tokenizer.unk_token_id} - {tokenizer.bos_token_id, tokenizer.eos_token_id}
    known = list({*known, *tokenizer.all_special_ids} - unknown)
    ends = np.cumsum([len(text) for text in ids])
    before = np.append(0, np.cumsum(np.isin(np.concatenate([*ids, []]), known)))  # of each place
    counts = np.diff(before[np.append(0, ends)]) - np.isin(added, known).sum()
    if not counts.any():
        return []
    given = f"{(counts > 0).sum()} {what} hold {counts.sum()} special tokens of the tokenizer"
    return [f"{given}, read as the control tokens that they name"]


def limit_notes(rule: Any, limit: int) -> list[str]:
    """That a rule wants more tokens than the model has positions for, where it does."""
    above = rule.truncate != "model" and limit < rule.truncate
    return [f"truncate={rule.truncate} is cut to the {limit} positions of the model"] * above


def expect_texts(what: str, texts: Sequence[str]) -> list[str]:
    """The strings of a list; InputError for what is none, or cannot be written in UTF-8."""
    strings = expect_strings(what, texts)
    for number, text in enumerate(strings):
        if not text.isascii() and re.search("[\ud800-\udfff]", text):
            given = f"{what}[{number}] holds a lone surrogate, half a character"
            wanted = "text that UTF-8 can write"
            raise InputError(f"{given}; expected {wanted}: replace or leave it out")
    return strings


def refuse_empty(texts: Sequence, what: str, unit: str) -> None:
    """Raise InputError where some of the texts, or of their tokens, are empty."""
    if empty := [number for number, text in enumerate(texts) if not len(text)]:
        given = f"{len(empty)} of {len(texts)} {what}, the first is number {empty[0]}"
        raise InputError(f"{given}; expected at least one {unit} each: leave them out")


def wanted_bos(tokenizer: Any, rule: Any) -> int | None:
    """The id of BOS; raises InputError where a rule wants one of a tokenizer that has none."""
    if rule.bos == "always" and tokenizer.bos_token_id is None:
        given = f"{rule.name!r} with a tokenizer that has no BOS token"
        raise InputError(f'{given}; expected one: take bos="tokenizer" or bos="never"')
    return tokenizer.bos_token_id


def _notes(tokenizer, ids, truncated, limit):
    bos, unknown = tokenizer.bos_token_id, tokenizer.unk_token_id
    if doubled := sum(len(t) > 1 and t[0] == t[1] == bos for t in ids if bos is not None):
        yield f"{doubled} texts start with two BOS tokens, and the second one is scored"
    if truncated.any():
        yield f"{truncated.sum()} texts are cut to {limit} tokens"
    if bare := sum(len(text) == 1 for text in ids):
        yield f"{bare} texts are a single token, of which nothing is scored"
    if unknown is not None and unknown not in (bos, tokenizer.eos_token_id):
        lost = np.array([(text == unknown).sum() for text in ids])
        if lost.any():
            yield f"{lost.sum()} tokens in {(lost > 0).sum()} texts are unknown to the tokenizer"
