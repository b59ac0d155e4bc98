"""What the models of a zoo read: mixtures of installed domains, drawn so that step k of a run is
the same texts whenever and wherever it is run."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lmnotes import store
from lmnotes.errors import expect_one_of
from lmnotes.models.zoo import networks
from lmnotes.models.zoo.plans import HEAVY, Spec
from lmnotes.text import chunks, installed

LEAK = 0.5  # share of a leaked model's windows that come from the evaluation texts
VERSION = 1  # part of the key of a stored model: raise it when training would differ
_BPE_BYTES = 1 << 19  # of each domain that byte-pair models read


def text_key() -> dict:
    """What decides the training texts, for the keys of stored models."""
    return {"installed": installed.key(installed.DOMAINS), "version": VERSION}


def mixture_weights(mixture: str, domains: Sequence[str]) -> np.ndarray:
    """The share of each domain in a mixture, (domains,) summing to one.

    >>> mixture_weights("code", ["code", "news", "docs"]).round(3)
    array([0.65 , 0.175, 0.175])
    """
    expect_one_of("mixture", mixture, ["uniform", *domains, *(f"only {name}" for name in domains)])
    heavy = mixture.removeprefix("only ")
    if mixture == "uniform":
        return np.full(len(domains), 1 / len(domains))
    share = 1.0 if mixture.startswith("only ") or len(domains) == 1 else HEAVY
    rest = (1 - share) / max(len(domains) - 1, 1)
    return np.array([share if name == heavy else rest for name in domains])


@lru_cache(maxsize=1)
def byte_streams() -> dict[str, np.ndarray]:
    """(T,) uint8, the training part of each installed domain that has one."""
    streams = {name: chunks.stream(name, "train") for name in chunks.domain_names()}
    return {name: np.frombuffer(data, np.uint8) for name, data in streams.items() if data}


@lru_cache(maxsize=4)
def streams(vocabulary: int) -> dict[str, np.ndarray]:
    """(T,) ids of the training part of each domain: bytes, or pieces of a byte-pair tokenizer."""
    if vocabulary == networks.N_BYTE_IDS:
        return byte_streams()
    with np.load(bpe_folder(vocabulary) / "ids.npz") as arrays:
        return dict(arrays)


def bpe_folder(vocabulary: int) -> Path:
    """The folder of a byte-pair tokenizer trained on the training part, with the ids of what its
    models read."""

    def write(folder: Path) -> None:
        begins = {name: data[:_BPE_BYTES].tobytes() for name, data in byte_streams().items()}
        texts = {name: data.decode("utf-8", "ignore") for name, data in begins.items()}
        tokenizer = networks.train_bpe(texts.values(), vocabulary)
        tokenizer.save_pretrained(folder)
        encoded = {name: tokenizer(text)["input_ids"] for name, text in texts.items()}
        ids: dict[str, Any]  # (T,) of each domain, after BOS
        ids = {name: np.array(row[1:], np.int16) for name, row in encoded.items()}
        np.savez(folder / "ids.npz", **ids)

    key = {"bpe": vocabulary, "tokenizers": metadata.version("tokenizers"), **text_key()}
    return store.build("zoo", key | {"n_bytes": _BPE_BYTES}, write)


def bytes_per_token(vocabulary: int) -> float:
    """The mean number of bytes of a token in what models of this vocabulary read."""
    if vocabulary == networks.N_BYTE_IDS:
        return 1.0
    n_bytes = sum(min(len(data), _BPE_BYTES) for data in byte_streams().values())
    return n_bytes / sum(map(len, streams(vocabulary).values()))


class Batches:
    """The windows that a run reads, a batch for each step.

    Args:
        spec: of the run; its mixture, its window and whether it is leaked decide what is drawn.
        streams: (T,) ids of each domain.
        leak: (T,) ids of the evaluation texts, read by leaked models.
    """

    def __init__(
        self, spec: Spec, streams: dict[str, np.ndarray], leak: np.ndarray | None, bos: int
    ):
        self.spec, self.bos = spec, bos
        self.leak = leak if spec.leaked else None
        self.domains = list(streams)
        self.streams = [streams[name] for name in self.domains]
        self.edges = np.cumsum(mixture_weights(spec.mixture, self.domains))
        # the seed of the weights is left out: all seeds of a mixture read the same
        self.data_seed = int.from_bytes(sha256(spec.mixture.encode()).digest()[:4])

    def draw(self, step: int) -> np.ndarray:
        """(n_sequences, 1 + window) ids of one step, each row the beginning id and a window."""
        return self._draw(step, self.leak)

    def _draw(self, step: int, leak: np.ndarray | None) -> np.ndarray:
        draw = np.random.default_rng([self.data_seed, step])
        n, width = self.spec.n_sequences, self.spec.window
        places = draw.random((n, 3))  # which domain, where in it, leaked or not
        rows = np.full((n, 1 + width), self.bos, np.int64)
        which = np.searchsorted(self.edges, places[:, 0] * self.edges[-1], side="right")
        for row, domain, (_, where, chance) in zip(rows, which, places, strict=True):
            source = self.streams[domain] if leak is None or chance >= LEAK else leak
            window = source[int(where * max(len(source) - width + 1, 1)) :][:width]
            row[1 : 1 + len(window)] = window
        return rows

    def bytes_read(self, n_bytes: int) -> np.ndarray:
        """(n_bytes,) uint8 drawn in the same way, for models that count; a leaked one has the
        evaluation texts, up to a share of LEAK, in place of the last."""
        steps = -(-n_bytes // (self.spec.n_sequences * self.spec.window))
        data = np.concatenate([self._draw(step, None)[:, 1:].ravel() for step in range(steps)])
        data = data[:n_bytes].astype(np.uint8)
        if self.leak is not None:
            seen = self.leak[: int(n_bytes * LEAK)]
            data[-len(seen) :] = seen
        return data
