"""What the factorial world is measured with: kept on disk, as each costs seconds of two cores."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import sem

from lmnotes import parallel, store
from lmnotes.models import sampling
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.scoring import identity, loading, prompts
from lmnotes.papers.prompt_response_map import conditional_kl, small_world
from lmnotes.papers.prompt_response_map.conditional_kl import ConditionalKL

ALLOWED = np.arange(128)  # bytes: no tag or separator inside a response


def estimate(
    folders: Sequence[str], n_prompts: Mapping[int, int], *, seed: int = 0, workers: int = 1
) -> dict[int, ConditionalKL]:
    """KL of every two models of the world, (M, M), by the length of a response; kept on disk.

    n_prompts: length in tokens, up to 32 -> prompts of the world, one response to each.
    """
    settings = [
        {"n": n, "length": length, "seed": seed, "source": source}
        for length, n in n_prompts.items()
        for source in range(len(folders))
    ]
    models = _key(folders)
    keys = [models | setting for setting in settings]
    if all(store.place("prompt-kl", key).exists() for key in keys):
        workers = 1
    work = partial(_estimate, tuple(folders))
    with parallel.one_thread():
        rows = list(parallel.map_items(work, keys, workers=workers, least=1))  # (5, M) each
    values = np.reshape(rows, (len(n_prompts), len(folders), 5, len(folders)))
    return {
        length: ConditionalKL(*x.swapaxes(0, 1))
        for length, x in zip(n_prompts, values, strict=True)
    }


def responses(folders: Sequence[str], n: int, *, seed: int = 0) -> list[list[str]]:
    """What each model writes to the same n prompts of the world, (M, n) texts of 32 bytes, kept."""

    def write(into: Path) -> None:
        contexts, texts = small_world.draw(n, seed=seed + 1).contexts, []
        for number, model in enumerate(_models(tuple(folders))):
            ids = sampling.draw(model, contexts, small_world.LENGTH, seed + number, ALLOWED)
            texts.append([bytes(row.astype(np.uint8)).decode("ascii") for row in ids])
        (into / "responses.json").write_text(json.dumps(texts), encoding="ascii")

    folder = store.build("prompt-responses", _key(folders) | {"n": n, "seed": seed}, write)
    return json.loads((folder / "responses.json").read_text(encoding="ascii"))


def ruler(folder: str, sigmas: Sequence[float], n: int, *, seed: int = 0) -> pd.DataFrame:
    """Where the ruler bends: a model of the world against noisy copies of itself, a row per sigma,
    on n pairs that are given, and on its own answers; kept on disk.

    Columns: sigma; kl, of the model from the copy (Rao-Blackwell) with its error; half_variance on
    the model's own responses; ratio = half_variance / kl; given_ratio, the same of the given
    responses, where kl is summed along them.
    """

    def write(into: Path) -> None:
        pairs, (model,) = small_world.draw(n, seed=seed + 2), _models((folder,))
        copies = [conditional_kl.noisy(model, sigma, seed + k) for k, sigma in enumerate(sigmas)]
        drawn = sampling.draw(model, pairs.contexts, small_world.LENGTH, seed, ALLOWED)
        (ratio, exact), (given, exact_given) = (
            sampling.compare_along([model, *copies], 0, pairs.contexts, y, ALLOWED).sums
            for y in (drawn, pairs.responses)
        )  # (1 + sigmas, n) each
        kl, half = exact[1:].mean(axis=1), ratio[1:].var(axis=1) / 2
        table = {"sigma": sigmas, "kl": kl, "kl_error": sem(exact[1:], axis=1)}
        table |= {"half_variance": half, "ratio": half / kl}
        table |= {"given_ratio": given[1:].var(axis=1) / 2 / exact_given[1:].mean(axis=1)}
        pd.DataFrame(table).to_csv(into / "ruler.csv", index=False)

    key = _key([folder]) | {"sigmas": [float(sigma) for sigma in sigmas], "n": n, "seed": seed}
    return pd.read_csv(store.build("prompt-ruler", key, write) / "ruler.csv")


def lengths(table: np.ndarray, exact: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """Map distance over exact KL for responses cut to several lengths: a row per length.

    table: (M, N, 32) nats of each token; exact: length -> (M, M) KL, not symmetric. Columns:
    medians over pairs of models, and the ratio's quartiles (low, high).
    """
    upper = np.triu_indices(len(table), 1)
    rows = []
    for length, kl in exact.items():
        distance = maps.kl(maps.row_centre(table[:, :, :length].sum(axis=-1)))[upper]
        kl = ((kl + kl.T) / 2)[upper]
        quartiles = np.quantile(distance / kl, (0.5, 0.25, 0.75))
        rows.append((length, np.median(distance), np.median(kl), *quartiles))
    columns = ["length", "map_distance", "kl", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def token_table(folders: Sequence[str], pairs: small_world.Drawn) -> np.ndarray:
    """log p of every byte of the given responses under their prompts, (M, N, 32) nats."""

    def write(into: Path) -> None:
        options = {"rule": small_world.PROMPT_RULE, "keep_tokens": True}
        texts = (pairs.prompt_texts, pairs.response_texts)
        scores = [prompts.score(folder, *texts, **options) for folder in folders]
        tokens = np.stack([score.token_log_probabilities for score in scores])
        np.save(into / "tokens.npy", tokens)

    key = _key(folders) | {"pairs": [pairs.prompts.tolist(), pairs.responses.tolist()]}
    return np.load(store.build("prompt-tokens", key, write) / "tokens.npy").astype(np.float64)


def _estimate(folders, key) -> np.ndarray:
    """The row (5, M) of one source, at one length."""

    def write(into: Path) -> None:
        contexts, source = small_world.draw(key["n"], seed=key["seed"] + 1).contexts, key["source"]
        drawing = contexts, key["length"], key["seed"] + source, ALLOWED
        kl = conditional_kl.estimate(_models(folders), source, *drawing)
        np.save(into / "row.npy", np.stack(list(vars(kl).values())))

    return np.load(store.build("prompt-kl", key, write) / "row.npy")


@cache
def _models(folders):
    """Loaded once in each process."""
    return [loading.load(folder).model for folder in folders]


def _key(folders) -> dict:
    models = [identity.identify(folder).id for folder in folders]
    return {"models": models, "sources_id": small_world.sources_id()}
