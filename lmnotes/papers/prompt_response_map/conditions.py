"""The same responses under several conditions on their prompts, for many models: each loaded once.

A condition is what stands before the responses: their own prompts, no prompt, the prompts of other
responses, prompts with an operation. Rows of all conditions make conditional and PMI maps, shifts
and their compositions (Takase, Oyama and Shimodaira, arXiv 2603.18593).
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import InputError, expect_one_of, expect_strings
from lmnotes.models.scoring import failures, identity, prompts
from lmnotes.models.scoring.prompt_tokens import PromptRule


@dataclass(frozen=True)
class Conditions:
    """Log-likelihoods of N responses of M models under C conditions.

    names: of the conditions; values: (C, M, N) nats; models: M rows with the column model; failed:
    model, kind, reason and what to do, of those that could not be scored.
    """

    names: tuple[str, ...]
    values: np.ndarray
    models: pd.DataFrame
    failed: pd.DataFrame

    def __getitem__(self, name: str) -> np.ndarray:
        """(M, N) nats under one condition."""
        expect_one_of("condition", name, self.names)
        return self.values[self.names.index(name)]

    def shift(self, name: str, base: str) -> np.ndarray:
        """What the condition does to each model's log-likelihoods, (M, N) nats, not centred."""
        return self[name] - self[base]


def score(
    models: Sequence[str] | pd.DataFrame,
    responses: Sequence[str],
    prompts_of: Mapping[str, Sequence[str] | str],
    *,
    rule: PromptRule = prompts.DEFAULT,
    device: str = "auto",
    workers: int = 1,
    apart: bool = False,
    ledger: str | None = None,
    tokens_per_batch: int | None = None,
) -> Conditions:
    """The log-likelihoods of all responses under all conditions; a model's rows are an artefact.

    Args:
        models: folders, hub ids, or a table with the column folder.
        responses: N. prompts_of: name of a condition -> N prompts, or one for all responses.
        workers: processes of one thread each; 1 scores here.
        apart: in place of that, one after another in a fresh process each: one that breaks its
            process, or leaves memory behind, harms no other.
        ledger: the folder that keeps the rows, by default that of the artefacts.

    What cannot be scored is left out and named in `.failed`; RuntimeError where none is left.
    """
    responses = expect_strings("responses", responses)
    if isinstance(models, str):
        expect_strings("models", models)  # says what to do
    if not isinstance(models, pd.DataFrame):
        models = pd.DataFrame({"model": [str(model) for model in models]})
    places = [str(place) for place in models["folder" if "folder" in models else "model"]]
    every = {
        name: [given] * len(responses) if isinstance(given, str) else list(given)
        for name, given in prompts_of.items()
    }
    options = {"rule": rule, "device": device, "tokens_per_batch": tokens_per_batch}
    work = partial(_rows, responses, every, options, ledger)
    if all(_is_stored(place, responses, every, options, ledger) for place in places):
        workers, apart = 1, False
    if apart:
        results = [_in_fresh_process(work, place) for place in places]
    else:
        with parallel.one_thread():
            results = list(parallel.map_items(work, places, workers=workers, least=1))
    scored = [k for k, result in enumerate(results) if isinstance(result, np.ndarray)]
    failed = [(places[k], *results[k]) for k in range(len(places)) if k not in scored]
    failed = pd.DataFrame(failed, columns=["model", "kind", "reason"])
    failed["what to do"] = failed.kind.map(failures.ADVICE)
    if not scored:
        first = failed.iloc[0]
        raise RuntimeError(
            f"none of {len(places)} models could be scored; {first.model}: {first.kind}, "
            f"{first.reason}; expected folders with weights, or hub ids that are cached or can be "
            "fetched: download them first, or give folders"
        )
    values = np.stack([results[k] for k in scored], axis=1)  # (C, M, N)
    return Conditions(tuple(every), values, models.iloc[scored].reset_index(drop=True), failed)


def _in_fresh_process(work, place):
    """What `work` gives for one model, or that its process has ended."""
    try:
        return parallel.in_fresh_process(work, place)
    except RuntimeError:
        return "killed", "its process ended without a word, as for want of memory"


def _rows(responses, every, options, ledger, place):
    """(C, N) nats of one model, or why there are none: (kind, reason)."""
    try:
        meant = identity.identify(place)
        revision = None if meant.is_folder else meant.revision

        def write(folder):
            flat = [prompt for several in every.values() for prompt in several]
            repeated = responses * len(every)
            score = prompts.score(meant.model, flat, repeated, revision=revision, **options)
            np.save(folder / "rows.npy", score.log_likelihood.reshape(len(every), len(responses)))

        key = _key(meant, responses, every, options)
        return np.load(store.build("conditions", key, write, ledger) / "rows.npy")
    except Exception as error:  # of any package: one model less, and said so
        return failures.classify(error), " ".join(str(error).split())[:300]


def _key(meant, responses, every, options) -> dict:
    key = {"model": meant.id, "rule": options["rule"].name, "version": 1}
    return key | {"pairs": store.content_id([list(every.items()), responses])}


def _is_stored(place, responses, every, options, ledger) -> bool:
    """Whether there is nothing to do, so that no process need be started."""
    with contextlib.suppress(InputError):
        key = _key(identity.identify(place), responses, every, options)
        return store.place("conditions", key, ledger).exists()
    return False
