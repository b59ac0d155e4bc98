"""The neural models of a zoo: made from a Spec, saved as ordinary folders, and merged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmnotes import store
from lmnotes.models import zoo_tokenizer
from lmnotes.models.zoo_plan import CONTEXT, Spec

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# Standard deviation of initial weights; with the usual 0.02 so narrow models learn more slowly.
_INITIAL = {"GPT-NeoX": 0.12, "GPT-2": 0.06, "Llama": 0.06}


def create(spec: Spec) -> "PreTrainedModel":
    """A model with fresh weights, the same for the same seed."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        return AutoModelForCausalLM.from_config(_config(spec))


def _config(spec: Spec):
    """The configuration of a Spec; without dropout, so that training depends on the texts alone."""
    from transformers import GPT2Config, GPTNeoXConfig, LlamaConfig

    heads = max(spec.width // 32, 1)
    shared = {"vocab_size": spec.vocabulary, "initializer_range": _INITIAL[spec.architecture]}
    shared |= dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), bos_id(spec))
    length = CONTEXT + 1  # BOS and the bytes
    if spec.architecture == "GPT-2":
        size = {"n_embd": spec.width, "n_layer": spec.depth, "n_head": heads, "n_positions": length}
        none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        return GPT2Config(**shared, **size, **none, activation_function="gelu_pytorch_tanh")
    size = {"hidden_size": spec.width, "num_hidden_layers": spec.depth}
    size |= {"num_attention_heads": heads, "max_position_embeddings": length}
    if spec.architecture == "Llama":
        inner = spec.width * 8 // 3 // 8 * 8
        return LlamaConfig(**shared, **size, intermediate_size=inner, tie_word_embeddings=True)
    rotary = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 1.0}
    return GPTNeoXConfig(
        **shared, **size, intermediate_size=4 * spec.width, rope_parameters=rotary, rotary_pct=1.0
    )


def bos_id(spec: Spec) -> int:
    """The id that begins a text: after the bytes, or before all byte pairs."""
    return 256 if spec.vocabulary == zoo_tokenizer.N_BYTE_IDS else 0


def save(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Write a model and its tokenizer as a folder that transformers' Auto classes load."""
    from lmnotes.models import loading

    loading.without_bars()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def merge(
    base: str | Path, a: str | Path, b: str | Path, weights: Sequence[float] = (0.5, 0.5)
) -> Path:
    """The folder of the model base + weights[0] (a - base) + weights[1] (b - base), computed once
    in float64.

    Args:
        base, a, b: folders of models of one architecture and vocabulary, for example a model and
            two fine-tunes of it.
        weights: any two numbers; above 1 in sum they extrapolate.

    Eq. section 6.3 of "Mapping 1,000+ Language Models": theta(a, b) = (1 - a - b) theta_0 +
    a theta_1 + b theta_2.
    """
    folders = [Path(base), Path(a), Path(b)]
    if len(weights) != 2:
        raise ValueError(f"weights={weights!r} was given: expected two numbers, for a and for b")
    for folder in folders:
        if not (folder / "model.safetensors").is_file():
            raise ValueError(
                f"{folder} holds no model.safetensors: expected the folder of a saved model; take "
                "one of a Zoo's"
            )
    sums = [store.file_sha256(folder / "model.safetensors") for folder in folders]
    key = {"merge": sums, "weights": [float(weight) for weight in weights]}
    return store.build("zoo", key, lambda out: write_merge(out, folders, weights))


def write_merge(out: Path, folders: Sequence[Path], weights: Sequence[float]) -> None:
    """Write base + sum of weights (child - base) of the first and the other folders."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # through the models, as the names in a file may differ and a tied head is stored once
    model, *children = (AutoModelForCausalLM.from_pretrained(folder) for folder in folders)
    base = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    for folder, child in zip(folders[1:], children, strict=True):
        if [(name, p.shape) for name, p in child.named_parameters()] != [
            (name, p.shape) for name, p in base.items()
        ]:
            raise ValueError(
                f"{folder} and {folders[0]} hold other weights: expected models of one "
                "architecture, size and vocabulary; merge a model with its fine-tunes"
            )
    children = [dict(child.named_parameters()) for child in children]
    for name, start in base.items():
        total = start.double() * (1 - sum(weights))
        for weight, child in zip(weights, children, strict=True):
            total += weight * child[name].detach().double()
        model.get_parameter(name).data.copy_(total)
    save(model, AutoTokenizer.from_pretrained(folders[0]), out)
