"""The worlds that mixtures are tried in: domains, targets of known mixtures, fresh models in the
shape of GPT-2's small one, questions to answer, and the shares of the Pile."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.models.zoo import networks
from lmnotes.models.zoo.mixtures import Domains, Run
from lmnotes.models.zoo.mixtures import domains as read_domains
from lmnotes.models.zoo.plans import Spec
from lmnotes.notebook import card
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet

# Mixtures of targets of our own: shares of some domains, the others share what is left.
_HEAVY, _SOME = 0.35, 0.10
TARGETS = {
    "code": dict.fromkeys(("code", "headers", "github", "stackexchange"), _HEAVY)
    | dict.fromkeys(("docs", "arxiv"), _SOME),
    "data": dict.fromkeys(("names", "numbers", "dm_mathematics", "uspto_backgrounds"), _HEAVY)
    | dict.fromkeys(("legal", "freelaw"), _SOME),
}
# Fresh models of a size of our own; all others are those of the zoo.
SHAPES = {
    "nanogpt": {"layers": 12, "heads": 12, "width": 768, "block": 1024},
    "tiny nanogpt": {"layers": 1, "heads": 2, "width": 32, "block": 64},
}
QUESTIONS = "questions"  # the domain of what `questions` makes


def open_domains(source: str, names: Sequence[str] = ()) -> Domains:
    """The training text of the installed domains, or of a folder with a file or subfolder for each.

    Args:
        source: "installed" or a path, for example of the Pile. names: those to take; all if empty.
    """
    if source == "pile" and not Path(source).exists():
        raise InputError(
            "the Pile was asked for, and no folder 'pile' is here; expected a folder with a file "
            "or subfolder for each domain, such as github.jsonl: give its path"
        )
    if source != "installed":
        source = chunks.load(source, size=1 << 20, minimum=1, part="train")
    domains = read_domains(source)
    return domains.select(names) if names else domains


def target_mixture(target: str, names: Sequence[str]) -> tuple[float, ...]:
    """The weights of the domains in a target of our own, (K,).

    >>> target_mixture("code", ["code", "headers", "docs", "names", "news"])
    (0.35, 0.35, 0.1, 0.1, 0.1)
    """
    expect_one_of("target", target, TARGETS)
    shares = {name: share for name, share in TARGETS[target].items() if name in names}
    rest = [name for name in names if name not in shares]
    if not shares or not rest:
        raise InputError(
            f"target {target!r} was asked of the domains {', '.join(names)}; expected some of "
            f"{', '.join(TARGETS[target])} and others beside: give the models to come near to"
        )
    share = (1 - sum(shares.values())) / len(rest)
    return tuple(round(shares.get(name, share), 12) for name in names)


def natural_shares(domains: Domains, table: str = "size") -> np.ndarray:
    """The natural weights of the domains, (K,): by "size", or their shares of the "pile", in tokens
    of the 17 domains of Pile-Uncopyrighted as RegMix (arXiv 2407.01492) uses them."""
    if table == "size":
        return domains.natural
    expect_one_of("natural shares", table, ("size", "pile"))
    shares = card.table("10", "pile_shares", index_col="domain").share
    if missing := [name for name in domains.names if name not in shares]:
        raise InputError(
            f"domain {missing[0]!r} was given; shares of the Pile need domains of its own, such as "
            f"{', '.join(shares.index[:3])}: take natural shares by 'size'"
        )
    weights = shares[list(domains.names)].to_numpy()
    return weights / weights.sum()


def fresh_model(
    seed: int, *, layers: int = 12, heads: int = 12, width: int = 768, block: int = 1024
) -> str:
    """The folder of a model with fresh weights in the shape of nanoGPT's 124M GPT-2, reading bytes.

    Args:
        block: ids that it sees at once. Weights are normal with standard deviation 0.02, there is
            no dropout, and no bias is left out, as in GPT-2.

    With 257 ids in place of 50,304 it has 86 million parameters. Train it as the start of a `Run`
    whose Spec has architecture "GPT-2".
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    size = {"n_layer": layers, "n_head": heads, "n_embd": width, "n_positions": block + 1}
    none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    ids = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), 256)

    def write(folder: Path) -> None:
        config = GPT2Config(vocab_size=networks.N_BYTE_IDS, **size, **none, **ids)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = GPT2LMHeadModel(config)
        networks.save(model, networks.byte_tokenizer(), folder / "model")

    key = {"blank": size, "seed": seed, "torch": torch.__version__}
    return str(store.build("mixture", key, write) / "model")


def fresh_run(
    shape: str, weights: Sequence[float], *, seed: int, data_seed: int, width: int = 48, **settings
) -> Run:
    """A training from scratch: of a GPT-NeoX of this width and two layers for the shape "zoo", or
    of a shape of `SHAPES`.

    Args:
        weights: (K,). seed: of the fresh weights. settings: of the `Spec`, such as n_steps.
    """
    if shape == "zoo":
        return Run(Spec("zoo", width=width, seed=seed, **settings), tuple(weights), data_seed)
    if shape not in SHAPES or settings.get("window", 128) > SHAPES[shape]["block"]:
        known = ", ".join(f"{name!r} of {size['block']}" for name, size in SHAPES.items())
        given = f"shape {shape!r} and windows of {settings.get('window', 128)} ids were given"
        then = "choose one, or shorter windows"
        raise InputError(f"{given}; expected 'zoo', or {known} ids at most: {then}")
    size = SHAPES[shape]
    about = {"architecture": "GPT-2", "width": size["width"], "depth": size["layers"]}
    spec = Spec("nanogpt", **about, **settings)
    return Run(spec, tuple(weights), data_seed, start=fresh_model(seed, **size))


def questions(n: int = 100, seed: int = 0) -> tuple[TextSet, dict[int, tuple[int, int]]]:
    """Sums and differences as the installed numbers have them, and where each answer begins and
    ends, in bytes."""
    rng = np.random.default_rng([seed, 10])
    rows, places = [], {}
    for number in range(n):
        a, b, c, d = map(int, rng.integers(10, 1000, size=4))
        sign, value = (("+", a + b), ("-", a - b))[rng.integers(2)]
        start = f"{c} + {d} = {c + d}\n{a} {sign} {b} = "
        rows.append(f"{start}{value}\n")
        places[number] = (len(start), len(rows[-1]))
    ids = [sha256(row.encode()).hexdigest()[:16] for row in rows]
    table = {"text_id": ids, "domain": QUESTIONS, "source": "made", "part": ""}
    table |= {"index": range(n), "n_bytes": [len(row) for row in rows]}
    return TextSet(QUESTIONS, rows, pd.DataFrame(table), {}), places


def join_texts(first: TextSet, second: TextSet) -> TextSet:
    """The texts of both sets, those of the first before those of the second."""
    table = pd.concat([first.table, second.table], ignore_index=True)
    name = f"{first.name} and {second.name}"
    return TextSet(name, [*first.texts, *second.texts], table, dict(first.settings))
