"""What the factorial world is measured with: kept on disk, as each costs seconds of two cores."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.papers.prompt_response_map import conditional_kl, small_world
from lmnotes.papers.prompt_response_map.conditional_kl import ConditionalKL

ALLOWED = np.arange(128)  # bytes: no tag or separator inside a response
PROMPTS = {
    "".join(slots) or "none": "".join(f"⟨{slot}⟩" if slot in slots else "⟨-⟩" for slot in "ABC")
    for slots in ("", "A", "B", "C", "AB", "AC", "BC", "ABC")
}  # every prompt of the world, by the tags that it shows
_FIELDS = (
    "monte_carlo",
    "monte_carlo_error",
    "rao_blackwell",
    "rao_blackwell_error",
    "half_variance",
)


def compare(
    folders: Sequence[str], n_prompts: Mapping[int, int], *, seed: int = 0, workers: int = 1
) -> dict[int, ConditionalKL]:
    """`conditional_kl.compare` of models of the world for several lengths of a response, by length.

    Args:
        n_prompts: length in tokens, up to 32 -> prompts of the world, one response to each.
        workers: processes. Every row is kept on disk.
    """
    jobs = [(length, source) for length in n_prompts for source in range(len(folders))]
    parts = [jobs[k::workers] for k in range(workers) if jobs[k::workers]]
    work, key = partial(_compare, list(folders), dict(n_prompts), seed), _key(folders)
    keys = [key | _setting(n_prompts[one], one, seed, source) for one, source in jobs]
    places = [store.place("prompt-kl", one) for one in keys]
    workers = 1 if all(place.exists() for place in places) else workers
    with parallel.one_thread():
        done = list(parallel.map_items(work, parts, workers=workers, least=1))
    shape = (len(_FIELDS), len(folders), len(folders))
    found = {length: np.empty(shape) for length in n_prompts}
    for part, rows in zip(parts, done, strict=True):
        for (length, source), row in zip(part, rows, strict=True):
            found[length][:, source] = row
    return {length: ConditionalKL(*values) for length, values in found.items()}


def responses(folders: Sequence[str], n: int, *, seed: int = 0) -> list[list[str]]:
    """What each model writes to the same n prompts of the world, (M, n) texts of 32 bytes, kept."""

    def write(into: Path) -> None:
        contexts, found = small_world.draw(n, seed=seed + 1).contexts, []
        for number, model in enumerate(_models(folders)):
            ids = conditional_kl.draw(model, contexts, small_world.LENGTH, seed + number, ALLOWED)
            found.append([bytes(row.astype(np.uint8)).decode("ascii") for row in ids])
        (into / "responses.json").write_text(json.dumps(found), encoding="ascii")

    folder = store.build("prompt-responses", _key(folders) | {"n": n, "seed": seed}, write)
    return json.loads((folder / "responses.json").read_text(encoding="ascii"))


def ruler(folder: str, sigmas: Sequence[float], n: int, *, seed: int = 0) -> pd.DataFrame:
    """`conditional_kl.ruler` of one model on n prompts and responses of the world, kept on disk."""

    def write(into: Path) -> None:
        pairs = small_world.draw(n, seed=seed + 2)
        (model,) = _models([folder])
        table = conditional_kl.ruler(
            model, pairs.contexts, pairs.responses, sigmas, seed=seed, allowed=ALLOWED
        )
        table.to_csv(into / "ruler.csv", index=False)

    key = _key([folder]) | {"sigmas": [float(one) for one in sigmas], "n": n, "seed": seed}
    return pd.read_csv(store.build("prompt-ruler", key, write) / "ruler.csv")


def lengths(table: np.ndarray, exact: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """Half the variance over exact KL for responses cut to several lengths: a row per length.

    Args:
        table: (M, N, 32) log p of each token of the data responses, nats.
        exact: length -> (M, M) exact KL of that many tokens, not symmetric.

    Columns: length, and the median over pairs of models of half_variance, kl and their ratio.
    """
    from lmnotes.models.maps import coordinates as maps

    upper = np.triu_indices(len(table), 1)
    rows = []
    for length, kl in exact.items():
        half = maps.kl(maps.row_centre(table[:, :, :length].sum(axis=-1)))[upper]
        kl = ((kl + kl.T) / 2)[upper]
        rows.append((length, np.median(half), np.median(kl), np.median(half / kl)))
    return pd.DataFrame(rows, columns=["length", "half_variance", "kl", "ratio"])


def token_table(folders: Sequence[str], pairs: small_world.Drawn) -> np.ndarray:
    """log p of every byte of the given responses under their prompts, (M, N, 32) nats."""
    from lmnotes.models.scoring import prompts

    def write(into: Path) -> None:
        options = {"rule": small_world.PROMPT_RULE, "keep_tokens": True}
        texts = (pairs.prompt_texts, pairs.response_texts)
        found = [prompts.score(folder, *texts, **options) for folder in folders]
        np.save(into / "tokens.npy", np.stack([one.token_log_probabilities for one in found]))

    key = _key(folders) | {"pairs": [pairs.prompts.tolist(), pairs.responses.tolist()]}
    return np.load(store.build("prompt-tokens", key, write) / "tokens.npy").astype(np.float64)


def _compare(folders, n_prompts, seed, jobs):
    """(5, M) for each (length, source), a file of its own for each."""
    models, rows, common = [], [], _key(folders)
    for length, source in jobs:
        n = n_prompts[length]

        def write(into: Path, length=length, source=source, n=n) -> None:
            if not models:
                models.extend(_models(folders))
            contexts = small_world.draw(n, seed=seed + 1).contexts
            found = conditional_kl.compare(
                models, contexts, length=length, seed=seed, allowed=ALLOWED, sources=[source]
            )
            row = np.stack([getattr(found, name)[source] for name in _FIELDS])
            np.save(into / "row.npy", row)

        key = common | _setting(n, length, seed, source)
        rows.append(np.load(store.build("prompt-kl", key, write) / "row.npy"))
    return rows


def _setting(n, length, seed, source) -> dict:
    return {"n": n, "length": length, "seed": seed, "source": source}


def _models(folders):
    from lmnotes.models.scoring import loading

    return [loading.load(folder).model for folder in folders]


def _key(folders) -> dict:
    from lmnotes.models.scoring import identity

    text = {name: store.content_id(one.decode()) for name, one in small_world.sources().items()}
    return {"models": [identity.identify(one).id for one in folders], "sources_id": text}
