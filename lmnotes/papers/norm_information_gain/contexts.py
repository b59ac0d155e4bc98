"""How much a context tells of the next token, against the norm of what the output layer is given.

Oyama, Yokoi and Shimodaira, EMNLP 2023, Figs. 4 and 13 and Table 10: information is the KL of the
model's output distribution from its mean one, or from that of the position nearest to the mean.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.models.scoring import batches, identity, loading, rule
from lmnotes.models.scoring import head as heads
from lmnotes.papers.norm_information_gain import output_layer

if TYPE_CHECKING:
    import torch

VERSION = 1  # part of the key of stored measurements: raise it when they would differ
TOKENS = 2048  # read at a time
N_SHRUNK = 200  # positions that are moved towards u_0


@dataclass(frozen=True, eq=False)
class Positions:
    """n places in texts with what the output layer is given there.

    hidden: tensor (n, D); head: the output layer; text, place, token: (n,) int64, token `place` of
    text `text`; counts: (n,) int64, how often that token stands in all texts; pieces: n strings.
    """

    hidden: "torch.Tensor"
    head: heads.Head
    text: np.ndarray
    place: np.ndarray
    token: np.ndarray
    counts: np.ndarray
    pieces: list[str]


@dataclass(frozen=True)
class Measured:
    """What `measure` finds in one model.

    Args:
        positions: n rows: text, place, piece, count; kl, raw, centred, whitened from the mean
            distribution and the mean embedding; the same with `_0` from the position whose
            distribution is nearest to the mean one.
        shrunk: a row per share of the way from that position to others: share, and the median and
            quartiles of 2 KL over the quadratic form (1 where the law holds).
        about: architecture, sizes and the settings.
    """

    positions: pd.DataFrame
    shrunk: pd.DataFrame
    about: dict


def read(
    model: str | Path | Mapping | loading.Scorer,
    texts: Sequence[str],
    *,
    n_positions: int = 2000,
    seed: int = 0,
    revision: str | None = None,
    device: str = "auto",
    dtype: str = "float32",
) -> Positions:
    """Places drawn from texts, with the embeddings that a model's output layer is given there.

    Args:
        model: a folder, a hub id, a mapping with `model`, or a loaded `Scorer`; an encoder with an
            output layer, such as BERT, will do as well as a causal model.
        texts: strings, or a `TextSet`; all are read, under the published rule of tokens.
        n_positions: drawn without regard to texts, or all where there are fewer. Special tokens
            are left out, as in the paper.

    Raises ValueError for a model whose output layer is not linear, or texts without tokens.
    """
    if not isinstance(model, loading.Scorer):
        who = identity.identify(model, revision)
        asked = None if who.is_folder else who.revision
        model = loading.load(who.model, revision=asked, dtype=dtype, device=device)
    if model.head is None:
        raise ValueError(
            f"{model.name} was given, and {model.note}; expected a model whose logits are inner "
            "products with output vectors: take a neural one"
        )
    strings = list(getattr(texts, "texts", texts))
    ids = rule.encode(model.tokenizer, strings, rule.PUBLISHED, model.max_length).ids
    token = np.concatenate(ids)
    text = np.repeat(np.arange(len(ids)), [len(one) for one in ids])
    place = np.concatenate([np.arange(len(one)) for one in ids])
    usable = np.flatnonzero(~np.isin(token, model.tokenizer.all_special_ids))
    if not len(usable) or n_positions < 1:
        raise ValueError(
            f"n_positions={n_positions} was given for texts with {len(usable)} tokens that are "
            "not special ones: expected at least 1 of each; give more"
        )
    size = min(n_positions, len(usable))
    drawn = np.sort(np.random.default_rng(seed).choice(usable, size, replace=False))
    counts = np.bincount(token)
    return Positions(
        hidden=_hidden(model, ids, text[drawn], place[drawn]),
        head=model.head,
        text=text[drawn],
        place=place[drawn],
        token=token[drawn],
        counts=counts[token[drawn]],
        pieces=[str(piece) for piece in model.tokenizer.convert_ids_to_tokens(token[drawn])],
    )


def measure(
    model: str | Path | Mapping,
    texts: Sequence[str],
    *,
    n_positions: int = 2000,
    seed: int = 0,
    revision: str | None = None,
    device: str = "auto",
    dtype: str = "float32",
) -> Measured:
    """Information and squared lengths at drawn places under one model, kept as an artefact.

    The arguments are those of `read`. A hub model is known by its name and revision: give a commit
    where the branch may move.
    """
    who = identity.identify(model, revision)
    key = {"version": VERSION, "model": who.id, "n_positions": n_positions, "seed": seed}
    strings = list(getattr(texts, "texts", texts))
    key |= {"texts": store.content_id(strings), "dtype": dtype}

    def write(folder: Path) -> None:
        asked = None if who.is_folder else who.revision
        scorer = loading.load(who.model, revision=asked, dtype=dtype, device=device)
        _write(scorer, read(scorer, strings, n_positions=n_positions, seed=seed), folder)

    folder = store.build("output_information", key, write)
    record = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    with np.load(folder / "positions.npz") as columns:
        positions = pd.DataFrame(dict(columns))
    positions.insert(2, "piece", record.pop("pieces"))
    return Measured(positions, pd.DataFrame(record.pop("shrunk")), record | key)


def _write(scorer: loading.Scorer, found: Positions, folder: Path) -> None:
    """Both comparisons of `found` and the law along the way, as files."""
    head, hidden = found.head, found.hidden
    mean = output_layer.from_mean(head, hidden)
    u_0 = hidden[int(mean.kl.argmin())]
    nearest = output_layer.from_vector(head, hidden, u_0)
    columns = {"text": found.text, "place": found.place, "count": found.counts}
    columns |= vars(mean) | {f"{name}_0": values for name, values in vars(nearest).items()}
    np.savez(folder / "positions.npz", **columns)
    record = scorer.about | {"width": hidden.shape[1], "model_type": scorer.model.config.model_type}
    some = hidden[:: max(1, len(hidden) // N_SHRUNK)][:N_SHRUNK]  # of all texts, which lie in order
    record |= {"shrunk": output_layer.shrink(head, some, u_0), "pieces": found.pieces}
    (folder / "about.json").write_text(json.dumps(record), encoding="utf-8")


def _hidden(scorer: loading.Scorer, ids: list[np.ndarray], text: np.ndarray, place: np.ndarray):
    """The output layer's input at the places (n, D): texts of one length together, so that there
    is no padding and the model may look to both sides."""
    import torch

    wanted = np.unique(text)
    lengths = np.array([len(ids[number]) for number in wanted])
    found = None
    with torch.no_grad():
        for length in np.unique(lengths):
            group = wanted[lengths == length]
            for part in batches.plan(np.full(len(group), length), TOKENS):
                chosen = group[part]
                inputs = torch.as_tensor(np.stack([ids[number] for number in chosen]))
                states = heads.hidden_states(scorer.model, inputs.to(scorer.device))  # (B, T, D)
                if found is None:
                    found = states.new_empty(len(text), states.shape[2])
                rows = np.flatnonzero(np.isin(text, chosen))
                which = {number: row for row, number in enumerate(chosen)}
                found[rows] = states[[which[number] for number in text[rows]], place[rows]]
    return found
