"""How a small step of training moves log-likelihoods, from gradients: no training, no probes.

A step of rate eta on a mixture w moves the parameters by eta sum_a w_a u_a, where u_a is the update
of domain a, and to first order the log-likelihood of text s by eta sum_a w_a kappa_sa with kappa_sa
= <g_s, u_a>, g_s the gradient of l(x_s). It holds for small steps only: beyond a few hundredths of
a nat per text, moves of single domains do not add up.

Models are folders, or what `loading.load` returned; texts are strings, a `TextSet`, or N arrays of
ids, the first of which is not scored.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmnotes.errors import InputError, expect_finite, expect_shape
from lmnotes.models.scoring import batches, loading, rule
from lmnotes.models.scoring import head as heads
from lmnotes.models.scoring.loading import Scorer

if TYPE_CHECKING:
    import torch


TOKENS, NUMBERS = 4096, 1 << 26  # in one pass: tokens, and logits of them


def pull_scores(
    model: str | Scorer,
    texts: Sequence,
    gap: np.ndarray,
    windows: np.ndarray,
    *,
    device: str = "auto",
) -> np.ndarray:
    """How fast training on each domain lowers Var(gap) / 2, (K,): c_a = <(1/N) sum_s d_s g_s, u_a>.

    Args:
        texts: N design texts. gap: (N,) nats, log-likelihoods of the target less the model's; d is
            the gap less its mean.
        windows: (K, n, 1 + T) ids of each domain, as `Domains.windows` draws them; u_a is the mean
            gradient of log p per token.

    One backward pass of the weighted texts and one for each domain. Unit: nats^2 per unit of rate.
    """
    scorer = open_model(model, device)
    ids = ids_of(scorer, texts)
    gap = np.asarray(gap, np.float64)
    expect_shape("gap", gap, f"({len(ids)},)", "score the same texts under both models")
    expect_finite("gap", gap, "leave out texts that could not be scored")
    centred = (gap - gap.mean()) / len(ids)
    updates = update_directions(scorer, windows)
    with _every_row(scorer.model):
        pull = _gradient(scorer, ids, centred)
    return np.array([_inner(pull, update) for update in updates])


def responses(
    model: str | Scorer,
    texts: Sequence,
    windows: np.ndarray,
    *,
    device: str = "auto",
) -> np.ndarray:
    """kappa_sa, the change of each text's log-likelihood by a small step on each domain, (N, K)
    nats per unit of rate; arguments as `pull_scores`.

    Forward-mode derivatives: K passes over the texts, and no gradient of a single text is formed.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    scorer = open_model(model, device)
    ids = ids_of(scorer, texts)
    updates = update_directions(scorer, windows)
    names, values = zip(*scorer.model.named_parameters(), strict=True)
    values = tuple(value.detach() for value in values)
    changes = np.zeros((len(ids), len(updates)))
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no forward derivative
        for places, rows, real in padded(scorer, ids):

            def likelihoods(*parameters, rows=rows, real=real):
                state = dict(zip(names, parameters, strict=True))
                call = {"kwargs": {"input_ids": rows, **heads.arguments(scorer.model)}}
                output = torch.func.functional_call(scorer.model, state, (), **call)
                return _sums(output.logits, rows, real)

            for column, update in enumerate(updates):
                _, moved = torch.func.jvp(likelihoods, values, tuple(update))
                changes[places, column] = moved.double().cpu().numpy()
    return changes


def gram(model: str | Scorer, texts: Sequence, *, device: str = "auto") -> np.ndarray:
    """G_st = <g_s, g_t> of the gradients of the texts' log-likelihoods, (N, N) float64.

    All N gradients are held at once: for small models and a few hundred texts. Divide by the roots
    of the diagonal for cosines. Gradients are those that training takes, which leave out the
    embedding that fills texts up.
    """
    import torch

    scorer = open_model(model, device)
    ids = ids_of(scorer, texts)
    each = (_gradient(scorer, [text], np.ones(1)) for text in ids)
    rows = torch.stack([torch.cat([part.flatten() for part in parts]) for parts in each])  # (N, P)
    return (rows @ rows.T).double().cpu().numpy()


def update_directions(
    model: str | Scorer, windows: np.ndarray, *, device: str = "auto"
) -> list[list["torch.Tensor"]]:
    """u_a of each domain: K lists of tensors, one for each of the model's parameters."""
    windows = np.asarray(windows)
    expect_shape("windows", windows, "(K, n, T)", "draw windows with Domains.windows")
    scorer = open_model(model, device)
    n_tokens = windows.shape[1] * (windows.shape[2] - 1)
    weights = np.full(windows.shape[1], 1 / n_tokens)
    return [_gradient(scorer, list(rows), weights) for rows in windows]


def open_model(model: str | Scorer, device: str = "auto") -> Scorer:
    """The model of a folder or hub id, or what was loaded already."""
    if isinstance(model, loading.Scorer):
        return model
    name, _, revision = model.partition("@")  # of a hub id
    if Path(model).exists():
        name, revision = model, ""
    return loading.load(name, revision=revision or None, device=device)


def ids_of(scorer: Scorer, texts: Sequence) -> list[np.ndarray]:
    """Ids of every text, as `score.score_texts` reads them."""
    strings = list(getattr(texts, "texts", texts))
    if not strings:
        raise InputError("no text was given; expected at least one: check how they were chosen")
    if isinstance(strings[0], str):
        strings = rule.encode(scorer.tokenizer, strings, rule.PUBLISHED, scorer.max_length).ids
    return [np.asarray(row, np.int64) for row in strings]


def padded(scorer: Scorer, ids: list[np.ndarray]) -> Iterator[tuple]:
    """Places of texts of like length, their ids (B, 1 + T) filled up on the right, and which of the
    T are real."""
    import torch

    budget = max(1, min(TOKENS, NUMBERS // scorer.n_vocabulary))
    weights = next(scorer.model.parameters())
    lengths = np.array([len(row) - 1 for row in ids])
    for places in batches.plan(lengths, budget, [scorer.band(len(row)) for row in ids]):
        lengths = np.array([len(ids[place]) for place in places])
        filled = np.arange(lengths.max()) < lengths[:, None]
        rows = np.zeros(filled.shape, np.int64)
        rows[filled] = np.concatenate([ids[place] for place in places])
        real = torch.from_numpy(filled[:, 1:]).to(weights.device, weights.dtype)
        yield places, torch.from_numpy(rows).to(weights.device), real


def log_probabilities(scorer: Scorer, rows: "torch.Tensor") -> "torch.Tensor":
    """log p of every next token, (B, T, V) float32, of ids (B, 1 + T)."""
    output = scorer.model(input_ids=rows, **heads.arguments(scorer.model))
    return output.logits[:, :-1].float().log_softmax(-1)


def _sums(logits, rows, real):
    """The log-likelihood of each text, (B,): logits (B, 1 + T, V), ids (B, 1 + T), real (B, T)."""
    values = logits[:, :-1].log_softmax(-1)
    return (values.gather(-1, rows[:, 1:, None])[..., 0] * real).sum(1)


def _gradient(scorer, ids, weights) -> list:
    """The gradient of sum_s weights_s l(x_s): a tensor for each parameter."""
    import torch

    parameters = list(scorer.model.parameters())
    total = [torch.zeros_like(parameter) for parameter in parameters]
    with torch.enable_grad():
        for places, rows, real in padded(scorer, ids):
            output = scorer.model(input_ids=rows, **heads.arguments(scorer.model))
            factors = torch.as_tensor(weights[places], device=real.device, dtype=real.dtype)
            value = (factors * _sums(output.logits, rows, real)).sum()
            slopes = torch.autograd.grad(value, parameters, allow_unused=True)
            for sum_, gradient in zip(total, slopes, strict=True):
                if gradient is not None:
                    sum_ += gradient
    return total


@contextmanager
def _every_row(model):
    """Gradients of all embeddings. Backward leaves out the one that fills texts up, as training
    does; where it begins a text as well, a log-likelihood depends on it."""
    import torch

    left_out = {m: m.padding_idx for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    try:
        for module in left_out:
            module.padding_idx = None
        yield
    finally:
        for module, place in left_out.items():
            module.padding_idx = place


def _inner(a, b) -> float:
    return float(sum((x.double() * y.double()).sum() for x, y in zip(a, b, strict=True)))
