"""Language models as points by how they answer prompts: conditional log-likelihoods and PMI;
core, as any causal model is scored so.

    l(y | x) = sum over the tokens of y of log p(y_t | x, y_1 .. y_{t-1})
    pi(y, x) = l(y | x) - l(y)

in nats (Takase, Oyama and Shimodaira, arXiv 2603.18593). The prompt is context only. A prompt that
has many responses is read once (`prompt_batches`); a `PromptRule` says which tokens are scored.
Rows of several models make an L as any other: `coordinates.double_centre`, `coordinates.kl`.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from lmnotes import store
from lmnotes.errors import expect_shape
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.scoring import identity, loading, prompt_batches, prompt_tokens
from lmnotes.models.scoring.prompt_tokens import PromptRule
from lmnotes.models.scoring.score import Scores, check_vocabulary, collect, leaving_modes, scorer_of

DEFAULT = PromptRule()


@leaving_modes
def score(
    model: str | loading.Scorer | tuple,
    prompts: Sequence[str],
    responses: Sequence[str],
    *,
    rule: PromptRule = DEFAULT,
    revision: str | None = None,
    device: str = "auto",
    tokens_per_batch: int | None = None,
    share: bool = True,
    keep_tokens: bool = False,
) -> Scores:
    """The log-likelihood of every response given its prompt under one model, (N,) nats.

    Args:
        model: as for `score.score_texts`.
        prompts, responses: N of each; a prompt with several responses is repeated. "" is no prompt.
        tokens_per_batch: as in `score.score_texts`.
        share: whether responses to one prompt may go on from one reading of it.
        keep_tokens: also returns the log-probability of every scored token.

    n_tokens and n_bytes are those of the responses. Equal pairs are scored once. Raises InputError
    for pairs or rules that cannot be scored, `ScoringFailure` as `score.score_texts` does.
    """
    began = time.perf_counter()
    scorer = scorer_of(model, rule, revision, device)
    pairs = prompt_tokens.encode(scorer.tokenizer, prompts, responses, rule, scorer.limit(rule))
    check_vocabulary(scorer, [*pairs.contexts, *pairs.responses])
    tokens, notes, how = prompt_batches.run(scorer, pairs, tokens_per_batch, share)
    notes, text_set = (*pairs.notes, *notes), _pair_set(prompts, responses)
    scores = collect(scorer, rule, text_set, responses, tokens, pairs.truncated, notes, how, began)
    return scores if keep_tokens else replace(scores, token_log_probabilities=None)


def matrix(
    models: Sequence[str] | pd.DataFrame,
    prompts: Sequence[str],
    responses: Sequence[str],
    *,
    rule: PromptRule = DEFAULT,
    device: str = "auto",
    tokens_per_batch: int | None = None,
) -> LikelihoodMatrix:
    """L of M models over N pairs; the row of each model is kept as an artefact.

    Args:
        models: folders or hub ids (`id@revision`), or a table with the column folder (or model),
            whose other columns then are those of `.models`.

    `.texts` has the columns text_id, prompt, response, n_bytes; the order is that of the pairs.
    """
    if not isinstance(models, pd.DataFrame):
        models = pd.DataFrame({"model": list(map(str, identity.several(models)))})
    rows, pair_set = [], _pair_set(prompts, responses)
    settings: dict[str, Any] = dict(rule=rule, device=device, tokens_per_batch=tokens_per_batch)
    for place in identity.places(models):
        who = identity.identify(place)

        def write(folder, who=who):
            options = settings | {"revision": who.hub_revision}
            scores = score(who.model, prompts, responses, **options)
            np.save(folder / "row.npy", scores.log_likelihood)

        key = {"model": who.id, "rule": rule.name, "pairs": pair_set, "version": 1}
        rows.append(np.load(store.build("prompt-rows", key, write) / "row.npy"))
    pairs = list(zip(prompts, responses, strict=True))
    texts: dict[str, list] = {
        "text_id": [store.content_id(pair) for pair in pairs],
        "prompt": list(prompts),
    }
    texts |= {"response": list(responses), "n_bytes": [len(y.encode()) for y in responses]}
    return LikelihoodMatrix(np.stack(rows), models, pd.DataFrame(texts), rule.name, pair_set)


def pmi(conditional: npt.ArrayLike, unconditional: npt.ArrayLike) -> np.ndarray:
    """log p(y | x) - log p(y) of each pair, (..., N) nats; its mean is how much prompts are used.

    Args:
        conditional: (..., N). unconditional: the same shape; l(y) of an empty prompt (`score` with
            "" for each prompt) or of `marginal`.

    >>> pmi(np.array([-3.0, -4.0]), np.array([-5.0, -4.5])).tolist()
    [2.0, 0.5]
    """
    conditional, unconditional = np.asarray(conditional, float), np.asarray(unconditional, float)
    then = "give the same pairs in both, with and without prompts"
    expect_shape("unconditional", unconditional, str(conditional.shape), then)
    return conditional - unconditional


def marginal(table: npt.ArrayLike, own: np.ndarray | None = None) -> np.ndarray:
    """log of the mean of p(y | x_m) over reference prompts, (..., N) nats: the second l(y).

    Args:
        table: (..., P, N) l(y_n | x_p).
        own: (..., N) l(y_n | x_n), counted as one prompt more. Without the prompt that a response
            belongs to the value is too low, so give it unless it is among the P already.

    >>> marginal(np.log([[0.2], [0.4]])).round(4).tolist() == np.log([0.3]).round(4).tolist()
    True
    """
    table = np.asarray(table, np.float64)
    if own is not None:
        table = np.concatenate([table, np.asarray(own, np.float64)[..., None, :]], axis=-2)
    return logsumexp(table, axis=-2) - np.log(table.shape[-2])


def _pair_set(prompts, responses) -> str:
    return store.content_id([list(prompts), list(responses)])
