"""A causal language model and its tokenizer, ready to score."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmnotes.models.scoring.head import Head, find
from lmnotes.models.scoring.rule import Rule, model_length


@dataclass(frozen=True)
class Scorer:
    """A loaded model with what scoring needs to know of it.

    name: path or hub id; revision: the hub's commit, else what was asked for; max_length: tokens,
    by the published rule; adds_bos: whether the tokenizer puts a BOS in front by itself; head: for
    the fused way, None where `note` says why there is none.
    """

    name: str
    revision: str
    model: Any
    tokenizer: Any
    device: str
    dtype: str
    max_length: int
    adds_bos: bool
    head: Head | None
    note: str

    @property
    def n_vocabulary(self) -> int:
        """Tokens that the model can read."""
        try:
            return len(self.model.get_input_embeddings().weight)
        except (AttributeError, NotImplementedError):  # a model without embeddings
            return self.model.config.get_text_config().vocab_size

    @property
    def about(self) -> dict:
        """Facts of the model and of the packages that ran it, all JSON-able."""
        import torch
        import transformers

        n_parameters = int(sum(weights.numel() for weights in self.model.parameters()))
        about = {"architecture": type(self.model).__name__, "n_parameters": n_parameters}
        about |= {"n_vocabulary": self.n_vocabulary, "dtype": self.dtype, "device": self.device}
        versions = {"torch": torch.__version__, "transformers": transformers.__version__}
        return about | {"tokenizer_adds_bos": self.adds_bos, "versions": versions}


def load(model, *, revision=None, dtype="float32", device="auto", trust_remote_code=False):
    """A `Scorer` of any causal LM that `transformers` loads.

    Args:
        model: a folder written by `save_pretrained`, or a hub id.
        revision: a branch, tag or commit of the hub.
        dtype: "float32", "bfloat16" or "float16".
        device: "auto" is the first CUDA device, else the CPU.
        trust_remote_code: runs code from the model's own repository; only for those that you trust.

    Weights come from safetensors where there are any, else from torch files read without pickled
    objects. Raises what `transformers` raises; `failures.classify` names its kind.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with suppress(ModuleNotFoundError):
        from lmnotes.models import ngram

        ngram.register()
    Rule(dtype=dtype)  # refuses an unknown one
    without_bars()
    name = str(model)
    name = str(Path(name).resolve()) if Path(name).is_dir() else name
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    options = {"revision": revision, "trust_remote_code": trust_remote_code}
    tokenizer = AutoTokenizer.from_pretrained(name, **options)
    loaded = AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, dtype), **options)
    commit = getattr(loaded.config, "_commit_hash", None)
    revision = commit or revision or ""
    return wrap(loaded.to(device), tokenizer, name=name, revision=revision, dtype=dtype)


def without_bars() -> None:
    """Keep `transformers` from drawing a bar for each model's weights; downloads keep theirs."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def wrap(model, tokenizer, *, name="", revision="", dtype="") -> Scorer:
    """A `Scorer` of a model and a tokenizer that are in memory already."""
    import torch

    model = model.eval()
    weights = next(iter([*model.parameters(), *model.buffers()]))  # counts may be buffers
    start = tokenizer("a", return_attention_mask=False)["input_ids"]
    with torch.inference_mode():
        inputs = torch.zeros((1, 3), dtype=torch.long, device=weights.device)
        head, note = find(model, inputs)
    dtype = dtype or str(weights.dtype).removeprefix("torch.")
    loaded = (name or type(model).__name__, revision, model, tokenizer, str(weights.device), dtype)
    length = model_length(model.config.get_text_config())
    adds_bos = bool(start) and start[0] == tokenizer.bos_token_id
    return Scorer(*loaded, length, adds_bos, head, note)
