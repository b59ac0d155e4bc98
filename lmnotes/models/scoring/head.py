"""A model's head, taken from the model itself: what goes into it, and what is done with its output.

Configurations name the same thing differently (`logits_scaling` divides in Granite and multiplies
elsewhere, MPT has a `logit_scale` that the implementation ignores), so nothing is read from them.
The output layer is replaced for one call by a stand-in: it keeps the hidden states that it is
given, or answers with chosen numbers and shows what the model makes of them.
"""

from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmnotes.errors import Shown
from lmnotes.models.scoring import kernels

if TYPE_CHECKING:
    import torch

PROBES = (-1e6, -50.0, -20.0, -3.0, -0.5, -1e-3, 1e-3, 0.5, 3.0, 20.0, 50.0, 1e6)
ROWS = 2**13  # of the weights that are turned into float32 at once
TINY, HUGE = PROBES.index(1e-3), PROBES.index(1e6)


@dataclass(frozen=True, repr=False)
class Head(Shown):
    """Logits as f(hidden weightᵀ + bias), f(z) = scale·z or cap·tanh(scale·z / cap).

    weight: tensor (V, D); bias: tensor (V,) or None; cap: None where f is linear.
    """

    weight: Any
    bias: Any
    scale: float
    cap: float | None
    blocks: tuple = ()

    def packed(self) -> "Head":
        """The same, and faster for many positions while its weights stay as they are."""
        from lmnotes.models.scoring.kernels import cpu

        return replace(self, blocks=cpu.pack(self.weight))

    def log_probabilities(self, hidden: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """As `kernels.log_probabilities` of hidden states (P, D) and targets (P,), in any dtype."""
        settings = {"bias": self.bias, "scale": self.scale, "cap": self.cap, "blocks": self.blocks}
        hidden = hidden.to(self.weight.dtype)
        return kernels.log_probabilities(hidden, self.weight, targets, **settings)


@contextmanager
def _replaced(owner, name, stand_in):
    before = vars(owner).get(name)
    setattr(owner, name, stand_in)  # on a layer it is found before the method of its class
    try:
        yield
    finally:
        setattr(owner, name, before) if before else delattr(owner, name)


def arguments(model: Any) -> dict:
    """What every call of a model gets beside its tokens: no cache, where it knows the word."""
    from inspect import signature

    return {"use_cache": False} if "use_cache" in signature(model.forward).parameters else {}


def hidden_states(model: Any, inputs: "torch.Tensor") -> Any:
    """What the model's output layer is given for `inputs` (B, T): (B, T, D), or None if unused."""
    kept = []

    def keep(hidden, *_, **__):
        kept.append(hidden)
        return hidden.new_zeros(*hidden.shape[:-1], 1)

    with ExitStack() as stack:
        stack.enter_context(_replaced(model.get_output_embeddings(), "forward", keep))
        if inputs.is_cuda:
            stack.enter_context(unpacked())
        model(input_ids=inputs, **arguments(model))
    fits = len(kept) == 1 and kept[0].shape[:-1] == inputs.shape
    return kept[0] if fits else None


def unpacked() -> AbstractContextManager[None]:
    """While this lasts, `transformers` takes each row for one text, as here it is, in place of
    asking the device in every call, for whose answer it would wait until all before is done."""
    from transformers import masking_utils

    return _replaced(masking_utils, "find_packed_sequence_indices", lambda position_ids: None)


def difference(model: Any, head: Head, inputs: "torch.Tensor") -> float:
    """Mean difference, in nats per token, of this head and the model's own output layer with what
    the model makes of its output, both in float32 and on the same hidden states.

    Args:
        inputs: (1, T) token ids.
    """
    import torch

    layer, kept = model.get_output_embeddings(), []

    def own(hidden, *_, **__):
        kept.append(hidden.float())
        blocks = [kept[0] @ rows.float().T for rows in layer.weight.split(ROWS)]
        return torch.cat(blocks, -1) + (0 if layer.bias is None else layer.bias.float())

    with _replaced(layer, "forward", own):
        logits = model(input_ids=inputs, **arguments(model)).logits[0, :-1].float()
    goal, settings = inputs[0, 1:], {"bias": head.bias, "scale": head.scale, "cap": head.cap}
    want = logits.log_softmax(-1).gather(-1, goal[:, None])[:, 0]
    values = kernels.log_probabilities(kept[0][0, :-1], head.weight, goal, **settings)
    return float((values - want).abs().mean())


def find(model: Any, inputs: "torch.Tensor") -> tuple[Head | None, str]:
    """The head of a model that has one of the known form, else None and the reason.

    Args:
        inputs: (1, T) token ids, any.
    """
    import torch

    layer = None
    with suppress(AttributeError, NotImplementedError):
        layer = model.get_output_embeddings()
    if not isinstance(layer, torch.nn.Linear):
        return None, "it has no linear output layer"
    try:
        if hidden_states(model, inputs) is None:
            return None, "its output layer is not called once with all positions"
        answers, n_words = _answers(model, layer, inputs)
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError) as error:
        return None, f"it does more with its logits than scale them ({type(error).__name__})"
    shape = None if answers is None else _shape(answers)
    if shape is None:
        return None, "what it does with its logits is neither a scale nor a soft-cap"
    bias = None if layer.bias is None else layer.bias[:n_words]
    return Head(layer.weight[:n_words], bias, *shape), ""


def _answers(model, layer, inputs):
    """What the model turns the probes into, (len(PROBES),) float64, None if it depends on place,
    and how many words have a logit: some models cut off the rows that fill up their heads."""
    import torch

    # float32 in any model, so that a factor is seen as it is and not as half precision rounds it
    probes = torch.tensor(PROBES, dtype=torch.float32, device=inputs.device)
    row = probes.repeat(len(layer.weight) // len(probes) + 1)[: max(len(layer.weight), len(probes))]

    def answer(hidden, *_, **__):
        return row.expand(*hidden.shape[:-1], -1).clone()

    with _replaced(layer, "forward", answer):
        logits = model(input_ids=inputs, **arguments(model)).logits
    answers, n_words = logits[0, 0, : len(probes)], logits.shape[-1]
    alike = answers.repeat(n_words // len(probes) + 1)[:n_words]
    if logits.shape[:-1] != inputs.shape or (logits != alike).any():
        return None, n_words
    return answers.double().cpu(), n_words


def _shape(answers):
    """(scale, cap) of the function that gives these answers, None if it is of neither form."""
    import torch

    probes = torch.tensor(PROBES, dtype=torch.float64)
    slope, top = float(answers[TINY] / PROBES[TINY]), float(answers[HUGE])
    line = top / PROBES[HUGE]
    if line > 0 and torch.allclose(answers, probes * line, rtol=1e-5, atol=1e-7):
        return _snap(line), None
    if top > 0 and torch.allclose(answers, top * (probes * slope / top).tanh(), rtol=1e-5):
        return _snap(slope), top
    return None


def _snap(scale):
    """1 where float32 arithmetic has made it nearly 1, so that no work is done for it."""
    return 1.0 if abs(scale - 1) < 1e-6 else scale
