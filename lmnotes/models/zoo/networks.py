"""The neural models of a zoo: made from a Spec, saved as ordinary folders, and merged."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmnotes import store
from lmnotes.errors import InputError, expect_between
from lmnotes.models.zoo.plans import CONTEXT, Spec

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BOS = "<|begin|>"
N_BYTE_IDS = 257  # bytes are their own ids, 256 is BOS
_WEIGHTS = "model.safetensors"
# Standard deviation of initial weights; with the usual 0.02 so narrow models learn more slowly.
_INITIAL = {"GPT-NeoX": 0.12, "GPT-2": 0.06, "Llama": 0.06}


def create(spec: Spec) -> "PreTrainedModel":
    """A model with fresh weights, the same for the same seed."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        return AutoModelForCausalLM.from_config(_config(spec), trust_remote_code=False)


def _config(spec: Spec):
    """The configuration of a Spec; without dropout, so that training depends on the texts alone."""
    from transformers import GPT2Config, GPTNeoXConfig, LlamaConfig

    heads = max(spec.width // 32, 1)
    shared: dict[str, Any] = {"vocab_size": spec.vocabulary}
    shared["initializer_range"] = _INITIAL[spec.architecture]
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
    size |= {"intermediate_size": 4 * spec.width}
    return GPTNeoXConfig(**shared, **size, rotary_pct=1.0, rope_parameters=rotary)


def bos_id(spec: Spec) -> int:
    """The id that begins a text: after the bytes, or before all byte pairs."""
    return 256 if spec.vocabulary == N_BYTE_IDS else 0


def save(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Write a model and its tokenizer as a folder that transformers' Auto classes load."""
    from lmnotes.models.scoring import loading

    loading.without_bars()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load(folder: str | Path) -> "PreTrainedModel":
    """The model in a folder, as `loading.causal_model` gives it."""
    from lmnotes.models.scoring import loading

    return loading.causal_model(folder)


def weights_sha256(folder: str | Path) -> str:
    """The hash of the weights in a folder; raises InputError where there are none."""
    path = Path(folder) / _WEIGHTS
    if not path.is_file():
        raise InputError(f"{folder} holds no {_WEIGHTS}: give what `train` or a Zoo's table names")
    return store.file_sha256(path)


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
        raise InputError(f"weights={weights!r} was given: expected two numbers, for a and for b")
    sums = list(map(weights_sha256, folders))
    key = {"merge": sums, "weights": [float(weight) for weight in weights]}
    return store.build("zoo", key, lambda out: write_merge(out, folders, weights))


def write_merge(out: Path, folders: Sequence[Path], weights: Sequence[float]) -> None:
    """Write base + sum of weights (child - base) of the first and the other folders."""
    from lmnotes.models.scoring import loading

    # through the models, as the names in a file may differ and a tied head is stored once
    model, *children = map(load, folders)
    base = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    children = [dict(child.named_parameters()) for child in children]
    shapes = [[(name, p.shape) for name, p in tensors.items()] for tensors in (base, *children)]
    for folder, own in zip(folders, shapes, strict=True):
        if own != shapes[0]:
            what = f"{folder} and {folders[0]} hold other weights"
            then = "expected models of one architecture; merge a model with its fine-tunes"
            raise InputError(f"{what}: {then}")
    for name, start in base.items():
        total = start.double() * (1 - sum(weights))
        for weight, child in zip(weights, children, strict=True):
            total += weight * child[name].detach().double()
        model.get_parameter(name).data.copy_(total)
    save(model, loading.tokenizer_of(folders[0]), out)


def alphabet() -> list[str]:
    """The character that stands for each byte, in the order of the bytes, as in GPT-2's files."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = (byte for byte in range(256) if byte not in visible)
    places = {byte: 256 + number for number, byte in enumerate(hidden)}
    return [chr(places.get(byte, byte)) for byte in range(256)]


def byte_tokenizer() -> "PreTrainedTokenizerFast":
    """A tokenizer whose ids are BOS and the UTF-8 bytes of the text."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    vocabulary = {char: byte for byte, char in enumerate(alphabet())} | {BOS: 256}
    return _finished(Tokenizer(BPE(vocabulary, [])), use_regex=False)


def train_bpe(texts: Iterable[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A byte-pair tokenizer of `vocabulary` ids, BOS and all 256 bytes among them."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer

    then = "for the bytes and BOS there is byte_tokenizer()"
    expect_between("vocabulary", vocabulary, low=N_BYTE_IDS + 1, then=then)
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    options: dict[str, Any] = {"initial_alphabet": alphabet(), "show_progress": False}
    trainer = BpeTrainer(vocab_size=vocabulary, special_tokens=[BOS], **options)
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer, use_regex=True)


def _finished(tokenizer, use_regex: bool) -> "PreTrainedTokenizerFast":
    """The tokenizer with bytes before it, BOS in front, and transformers' interface around."""
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    bos = tokenizer.token_to_id(BOS)
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=use_regex)
    tokenizer.decoder = Decoder()
    single, pair = f"{BOS} $A", f"{BOS} $A $B"
    tokenizer.post_processor = TemplateProcessing(single, pair, special_tokens=[(BOS, bos)])
    special: dict[str, Any] = dict.fromkeys(("bos_token", "eos_token", "pad_token"), BOS)
    # a text that holds the letters of BOS is text
    special |= {"split_special_tokens": True, "clean_up_tokenization_spaces": False}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
