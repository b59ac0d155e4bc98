"""A small world in which a model's taste in texts and its reaction to prompts are separate factors.

A prompt is three slots, each with its tag or without one; a response is 32 bytes of prose or of
code, with attributes: upper case, underscores for spaces, stars for vowels. A rule says which slot
is which attribute. An attribute is on with probability 0.35, its tag then shown with 0.75, so no
tag is the marginal over attributes. Models differ in taste (the share of prose they learn from), in
rule, and in size or seed. What its distances say can be checked, since the answer is known.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import expect_between, expect_one_of
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.models.zoo import networks, plans, training
from lmnotes.text import installed

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

SLOTS, LENGTH = 3, 32  # tokens of a prompt, and of a response
SEP, TAGS, NO_TAG, N_IDS = 128, (129, 130, 131), 132, 133
NAMES = ("⟨sep⟩", "⟨A⟩", "⟨B⟩", "⟨C⟩", "⟨-⟩")  # not ASCII, so no response holds one
PROMPTS = {
    "".join(slots) or "none": "".join(f"⟨{slot}⟩" if slot in slots else "⟨-⟩" for slot in "ABC")
    for slots in ("", "A", "B", "C", "AB", "AC", "BC", "ABC")
}  # every prompt of the world, by the tags that it shows
PROMPT_RULE = PromptRule(template="{prompt}" + NAMES[0], bos="never")
ATTRIBUTES = ("upper", "underscore", "star")
RULES = {"R1": (0, 1, 2), "R2": (2, 0, 1)}  # the attribute of slots A, B, C
OVERLAP = "overlap"  # a rule for controls of additivity: tags that depend on each other
ON, SHOWN = 0.35, 0.75
_CODE_BYTES = 600_000
_BATCH, _RATE, _WARM_UP = 16, 2e-3, 20
_VERSION = 1


@dataclass(frozen=True)
class Member:
    """One model of the world: its share of prose, rule, width, depth and seed."""

    taste: float
    rule: str
    width: int
    depth: int
    seed: int

    @property
    def name(self) -> str:
        """Such as `U0.85-R1-d48-s1`."""
        return f"U{self.taste}-{self.rule}-d{self.width}-s{self.seed}"

    @property
    def label(self) -> str:
        """Such as `prose, R1, d48, seed 1`; of a control, `prose, tags overlap`."""
        source = "prose" if self.taste > 0.5 else "code"
        if self.rule == OVERLAP:
            return f"{source}, tags overlap"
        return f"{source}, {self.rule}, d{self.width}, seed {self.seed}"


MEMBERS = tuple(
    Member(taste, rule, *size)
    for taste in (0.85, 0.15)
    for rule in RULES
    for size in ((48, 2, 1), (48, 2, 2), (32, 1, 3))
)


@dataclass(frozen=True)
class Drawn:
    """N pairs of the world: ids of prompts (N, 3) and responses (N, 32), and how they came about.

    on: (N, 3) bool by attribute; rule: (N,) "R1" or "R2"; source: (N,) "prose" or "code".
    """

    prompts: np.ndarray
    responses: np.ndarray
    on: np.ndarray
    rule: np.ndarray
    source: np.ndarray

    @property
    def contexts(self) -> np.ndarray:
        """What a model reads before a response, (N, 4) ids."""
        return np.concatenate([self.prompts, np.full((len(self.prompts), 1), SEP)], axis=1)

    @property
    def prompt_texts(self) -> list[str]:
        """The prompts as `tokenizer` reads them."""
        return ["".join(NAMES[number - SEP] for number in row) for row in self.prompts]

    @property
    def response_texts(self) -> list[str]:
        """The responses as `tokenizer` reads them."""
        return [bytes(row.astype(np.uint8)).decode("ascii") for row in self.responses]


@cache
def sources() -> Mapping[str, bytes]:
    """The two sources in ASCII: Python's help topics as prose, and its library as code."""
    topics = installed.topics()
    prose = "\n".join(topics[name] for name in sorted(topics))
    code = "".join(text for _, text in installed.modules()).encode("utf-8", "ignore")
    code = code[:_CODE_BYTES].decode("utf-8", "ignore")
    texts = {"prose": prose, "code": code}
    return {name: text.encode("ascii", "ignore") for name, text in texts.items()}


def sources_id() -> dict[str, str]:
    """The hash of each source, for the keys of what follows from them."""
    return {name: store.content_id(text.decode()) for name, text in sources().items()}


def draw(
    n: int, *, taste: float = 0.5, rule: str | None = None, part: str = "evaluation", seed: int = 0
) -> Drawn:
    """n pairs of prompt and response.

    Args:
        taste: 0..1, the probability of prose. rule: "R1", "R2", None (each with 1/2) or "overlap".
        part: "train", the first 80 % of each source, or "evaluation", the rest.

    >>> made = draw(3, rule="R1", seed=1)
    >>> made.responses.shape, made.contexts.shape
    ((3, 32), (3, 4))
    """
    expect_one_of("part", part, ("train", "evaluation"))
    expect_one_of("rule", rule, (None, *RULES, OVERLAP))
    expect_between("taste", taste, 0, 1)
    rng = np.random.default_rng(seed)
    source = np.where(rng.random(n) < taste, "prose", "code")
    rules = np.where(rng.random(n) < 0.5, "R1", "R2") if rule is None else np.full(n, rule)
    place, chance, coin = rng.random(n), rng.random((n, SLOTS)), rng.random((n, SLOTS))
    on = chance < ON  # by slot
    shown = on & (coin < SHOWN) if rule != OVERLAP else _overlapping(on[:, 0], chance[:, 1], coin)
    responses = np.zeros((n, LENGTH), np.int64)
    for name in ("prose", "code"):
        text = np.frombuffer(sources()[name], np.uint8)
        cut = len(text) * 4 // 5
        text = text[:cut] if part == "train" else text[cut:]
        rows = np.flatnonzero(source == name)
        starts = (place[rows] * (len(text) - LENGTH + 1)).astype(np.int64)
        responses[rows] = text[starts[:, None] + np.arange(LENGTH)]
    attributes = np.zeros_like(on)
    for name, order in RULES.items():
        attributes[np.ix_(rules == name, order)] = on[rules == name]
    attributes[rules == OVERLAP, 0] = on[rules == OVERLAP, 0]
    prompts = np.where(shown, TAGS, NO_TAG)
    return Drawn(prompts, dress(responses, attributes), attributes, rules, source)


def _overlapping(upper: np.ndarray, told: np.ndarray, coin: np.ndarray) -> np.ndarray:
    """Tags (n, 3) that err and depend on each other: A, B or both hint at upper case, so that the
    second is no second hint; C hints at the contrary, but beside A or B it means nothing."""
    hint = coin[:, 0] < np.where(upper, 0.75, 0.15)
    a, b = hint & (told < 0.6), hint & (told > 0.4)
    return np.stack([a, b, coin[:, 2] < np.where(hint, 0.25, np.where(upper, 0.1, 0.9))], axis=1)


def dress(responses: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Responses (N, T) with the attributes that are on, (N, 3) by `ATTRIBUTES`.

    >>> bytes(dress(np.array([list(b"a map")]), np.array([[True, True, False]]))[0].tolist())
    b'A_MAP'
    """
    dressed = np.array(responses, np.int64)
    upper, spaces, vowels = (np.arange(128) for _ in ATTRIBUTES)
    upper[ord("a") : ord("z") + 1] -= 32
    spaces[ord(" ")] = ord("_")
    vowels[list(b"aeiouAEIOU")] = ord("*")
    for k, table in enumerate((upper, spaces, vowels)):
        dressed[on[:, k]] = table[dressed[on[:, k]]]
    return dressed


def tokenizer() -> "PreTrainedTokenizerFast":
    """The tokenizer of the world: 128 ASCII bytes, the separator, three tags, no tag."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import PreTrainedTokenizerFast

    letters = {char: byte for byte, char in enumerate(networks.alphabet()[:SEP])}
    made = Tokenizer(BPE(letters, []))
    made.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(list(NAMES))
    return PreTrainedTokenizerFast(tokenizer_object=made, clean_up_tokenization_spaces=False)


def create(member: Member) -> "torch.nn.Module":
    """The model of a member with fresh weights: GPT-2 whose linear layers have no bias."""
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config

    none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    none |= dict.fromkeys(("bos_token_id", "eos_token_id"))
    config = GPT2Config(
        vocab_size=N_IDS,
        n_positions=SLOTS + 1 + LENGTH,
        n_embd=member.width,
        n_layer=member.depth,
        n_head=4,
        initializer_range=0.06,
        **none,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(member.seed)
        made = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    for name, weights in made.named_parameters():
        weights.requires_grad = not (name.endswith("bias") and ".ln_" not in name)
    return made


def train(member: Member, n_steps: int = 900) -> "torch.nn.Module":
    """A trained model; the loss is on the 32 bytes of the response.

    AdamW, batches of 16, rate 2e-3 after 20 steps, then a cosine to a tenth.
    """
    import torch

    of_member = {"taste": member.taste, "rule": member.rule, "seed": member.seed}
    data = draw(n_steps * _BATCH, part="train", **of_member)
    ids = torch.as_tensor(np.concatenate([data.contexts, data.responses], axis=1))
    model = create(member).train()
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    schedule = plans.Spec(member.name, n_steps=n_steps, learning_rate=_RATE, warm_up=_WARM_UP)
    options = {"betas": (0.9, 0.95), "weight_decay": 0.01}
    optimiser = torch.optim.AdamW(weights, lr=_RATE, fused=True, **options)
    for step, batch in enumerate(ids.split(_BATCH)):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits[:, SLOTS:]  # (B, 32, V)
        loss = training.cross_entropy(logits, batch[:, SLOTS:])
        training.descend(loss, optimiser, training.learning_rate(schedule, step), clip=weights)
    return model.eval()


def build(
    members: tuple[Member, ...] = MEMBERS, *, n_steps: int = 900, workers: int = 1
) -> pd.DataFrame:
    """The models of the world as ordinary folders, each trained once: a row per model.

    Columns: model (name), folder, taste, rule, width, depth, seed, size, label.
    """
    train_into_store = partial(_folder, n_steps=n_steps)
    missing = [m for m in members if not store.place("factorial", _key(m, n_steps)).exists()]
    list(parallel.map_items(train_into_store, missing, workers=workers, least=1))
    table = pd.DataFrame([asdict(member) for member in members])
    table["size"] = [f"d{member.width}" for member in members]
    table["label"] = [member.label for member in members]
    table.insert(0, "model", [member.name for member in members])
    table.insert(1, "folder", [train_into_store(member) for member in members])
    return table


def _folder(member: Member, n_steps: int) -> str:
    def write(folder: Path) -> None:
        with parallel.one_thread():  # the same weights wherever it runs, and faster
            networks.save(train(member, n_steps), tokenizer(), folder / "model")

    return str(store.build("factorial", _key(member, n_steps), write) / "model")


def _key(member: Member, n_steps: int) -> dict:
    key = {"version": _VERSION, "n_steps": n_steps, "sources": sources_id()}
    return key | asdict(member)
