"""How much a context tells of the next token, against the norm of what the output layer is given.

Oyama, Yokoi and Shimodaira, EMNLP 2023, Figs. 4 and 13 and Table 10: information is the KL of the
model's output distribution from its mean one, or from that of the position nearest to the mean.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, expect_between
from lmnotes.models.scoring import batches, identity, loading, rule
from lmnotes.models.scoring import head as heads
from lmnotes.papers.norm_information_gain import output_layer

VERSION = 1  # part of the key of stored measurements: raise it when they would differ
TOKENS = 2048  # read at a time
N_SHRUNK = 200  # positions that are moved towards u_0


@dataclass(frozen=True, eq=False)
class Positions:
    """n places in texts with what the output layer is given there.

    hidden: tensor (n, D); head: the output layer; table: n rows: text, place, token (its number),
    count (how often that token stands in all texts), piece (the token as a string).
    """

    hidden: Any
    head: heads.Head
    table: pd.DataFrame


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
    model: loading.Scorer, texts: Sequence[str], *, n_positions: int = 2000, seed: int = 0
) -> Positions:
    """Places drawn from texts, with the embeddings that a model's output layer is given there.

    Args:
        model: loaded; an encoder with an output layer, such as BERT, will do as well as a causal
            model.
        texts: strings, or a `TextSet`; all are read, under the published rule of tokens.
        n_positions: drawn without regard to texts, or all where there are fewer. Special tokens
            are left out, as in the paper.

    Raises InputError for a model whose output layer is not linear, or texts without tokens.
    """
    if model.head is None:
        raise InputError(
            f"{model.name} was given, and {model.note}; expected a model whose logits are inner "
            "products with output vectors: take a neural one"
        )
    strings = list(getattr(texts, "texts", texts))
    ids = rule.encode(model.tokenizer, strings, rule.PUBLISHED, model.max_length).ids
    token = np.concatenate(ids)
    table = pd.DataFrame({"text": np.repeat(np.arange(len(ids)), [len(tokens) for tokens in ids])})
    table["place"] = np.concatenate([np.arange(len(tokens)) for tokens in ids])
    table["token"], table["count"] = token, np.bincount(token)[token]
    usable = np.flatnonzero(~np.isin(token, model.tokenizer.all_special_ids))
    size = min(n_positions, len(usable))
    expect_between("n_positions, or tokens that are not special,", size, low=1, then="give more")
    drawn = np.sort(np.random.default_rng(seed).choice(usable, size, replace=False))
    table = table.iloc[drawn].reset_index(drop=True)
    table["piece"] = list(map(str, model.tokenizer.convert_ids_to_tokens(token[drawn])))
    hidden = _hidden(model, ids, table["text"].to_numpy(), table["place"].to_numpy())
    return Positions(hidden, model.head, table)


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

    Args:
        model: a folder, a hub id, or a mapping with `model`. A hub model is known by its name and
            revision: give a commit where the branch may move.
        texts, n_positions, seed: as in `read`.
    """
    who = identity.identify(model, revision)
    key = {"version": VERSION, "model": who.id, "n_positions": n_positions, "seed": seed}
    strings = list(getattr(texts, "texts", texts))
    key |= {"texts": store.content_id(strings), "dtype": dtype}

    def write(folder: Path) -> None:
        asked = None if who.is_folder else who.revision
        scorer = loading.load(who.model, revision=asked, dtype=dtype, device=device)
        _save(scorer, read(scorer, strings, n_positions=n_positions, seed=seed), folder)

    folder = store.build("output_information", key, write)
    record = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    with np.load(folder / "positions.npz") as columns:
        positions = pd.DataFrame(dict(columns))
    positions.insert(2, "piece", record.pop("pieces"))
    return Measured(positions, pd.DataFrame(record.pop("shrunk")), record | key)


def _save(scorer: loading.Scorer, places: Positions, folder: Path) -> None:
    """Both comparisons of the places and the law along the way, as files."""
    head, hidden = places.head, places.hidden
    mean = output_layer.from_mean(head, hidden)
    u_0 = hidden[int(mean.kl.argmin())]
    nearest = output_layer.from_vector(head, hidden, u_0)
    columns = dict(places.table[["text", "place", "count"]]) | vars(mean)
    columns |= {f"{name}_0": values for name, values in vars(nearest).items()}
    np.savez(folder / "positions.npz", **columns)
    record = scorer.about | {"width": hidden.shape[1], "model_type": scorer.model.config.model_type}
    some = hidden[:: max(1, len(hidden) // N_SHRUNK)][:N_SHRUNK]  # of all texts, which lie in order
    record |= {"shrunk": output_layer.shrink(head, some, u_0), "pieces": list(places.table.piece)}
    (folder / "about.json").write_text(json.dumps(record), encoding="utf-8")


def _hidden(scorer: loading.Scorer, ids: list[np.ndarray], text: np.ndarray, place: np.ndarray):
    """The output layer's input at the places (n, D): texts of one length together, so that there
    is no padding and the model may look to both sides."""
    import torch

    hidden, lengths = None, np.array([len(tokens) for tokens in ids])
    with torch.no_grad():
        for length in np.unique(lengths[text]):
            group = np.unique(text[lengths[text] == length])
            for rows in batches.plan(np.full(len(group), length), TOKENS):
                chosen = group[rows]  # in order, as a plan leaves texts of one length
                inputs = torch.as_tensor(np.stack([ids[number] for number in chosen]))
                states = heads.hidden_states(scorer.model, inputs.to(scorer.device))  # (B, T, D)
                if hidden is None:
                    hidden = states.new_empty(len(text), states.shape[2])
                asked = np.isin(text, chosen)
                hidden[asked] = states[np.searchsorted(chosen, text[asked]), place[asked]]
    return hidden
