"""Token ids of texts, kept with the artefacts: a thousand models share some fifty tokenizers.

A file is known by all that makes its content: what the tokenizer holds, the texts, how they are
read, and the versions of the libraries. It may be deleted at any time.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError

KIND = "token-ids"
LEAST = 2**19  # characters; fewer are read by a tokenizer in the time that a file takes
MOST = 2 * 10**9  # bytes of all files
_VERSION = 1


def read(tokenizer: Any, texts: Sequence[str], **options: Any) -> list[np.ndarray]:
    """The token ids of N texts, N arrays (T,) int64, from a file where there is one.

    Args:
        tokenizer: of `transformers`.
        options: of its call, beside those that say what comes back.
    """
    if sum(map(len, texts)) < LEAST or not (content := content_of(tokenizer)):
        return _read(tokenizer, texts, options)
    ids: list[np.ndarray] = []

    def write(folder: Path) -> None:
        ids[:] = _read(tokenizer, texts, options)
        ends = np.cumsum([len(text) for text in ids])
        np.savez(folder / "ids.npz", ids=np.concatenate(ids).astype(np.int32), ends=ends)

    key = {"tokenizer": content, "texts": _hash(texts), "options": options, "version": _VERSION}
    with suppress(InputError, OSError):  # what cannot be kept, or was removed meanwhile
        folder = store.build(KIND, key, write)
        if ids:
            store.shrink(KIND, MOST)
        else:
            with np.load(folder / "ids.npz") as kept:
                ids = np.split(kept["ids"].astype(np.int64), kept["ends"][:-1])
    return ids or _read(tokenizer, texts, options)


def content_of(tokenizer: Any) -> str:
    """A hash of all that makes a tokenizer's answers, "" where that cannot be told."""
    import tokenizers
    import transformers

    made = type(tokenizer)
    facts = [tokenizers.__version__, transformers.__version__, made.__module__, made.__qualname__]
    with suppress(Exception), tempfile.TemporaryDirectory() as folder:
        if tokenizer.is_fast:
            facts += [tokenizer.backend_tokenizer.to_str(), str(tokenizer.special_tokens_map)]
        else:
            tokenizer.save_pretrained(folder)
            files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            facts += [f"{path.name} {store.file_sha256(path)}" for path in files]
        return _hash(facts)
    return ""


def _read(tokenizer, texts: Sequence[str], options: dict) -> list[np.ndarray]:
    how = {"return_attention_mask": False, "verbose": False}
    return [
        np.asarray(ids, np.int64) for ids in tokenizer(list(texts), **how, **options)["input_ids"]
    ]


def _hash(strings: Sequence[str]) -> str:
    hashed = hashlib.sha256()
    for text in strings:
        data = text.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8) + data)
    return hashed.hexdigest()
