"""A causal language model and its tokenizer, ready to score."""

import json
import os
import pickle
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmnotes.errors import InputError, Shown
from lmnotes.models.scoring import forms, hub
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.scoring.head import Head, arguments, find
from lmnotes.models.scoring.identity import DEFAULT_REVISION, Identity, content_in_memory, name_of
from lmnotes.models.scoring.rule import (
    DEFAULT_LENGTH,
    DTYPES,
    Dtype,
    Rule,
    named_length,
    stretching,
)

_POINTER = b"version https://git-lfs"
_TOKENIZER = r"tokenizer\.|vocab|merges|spiece|.*\.(model|tiktoken)$"  # names of its files
_NO_TOKENIZER = "{} holds no tokenizer; expected a tokenizer.json or its like: save it there"


@dataclass(frozen=True, repr=False)
class Scorer(Shown):
    """A loaded model with what scoring needs to know of it.

    name: path or hub id; revision: the hub's commit, else what was asked for; max_length: tokens,
    by the published rule; adds_bos: whether the tokenizer puts a BOS in front by itself; head: for
    the fused way, None where `note` says why there is none; asked: the dtype of the rule, where
    it may be "auto"; facts: what else a row should say.
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
    asked: str
    facts: dict

    def limit(self, rule: Any) -> int:
        """The most tokens of a text under a rule: no more than there are positions."""
        config = self.model.config.get_text_config()
        most = None if stretching(config)[0] == "dynamic" else named_length(config)
        return self.max_length if rule.truncate == "model" else min(rule.truncate, most or 2**62)

    @property
    def unstretched(self) -> int | None:
        """Tokens up to which RoPE's frequencies are fixed, None where they always are."""
        return stretching(self.model.config.get_text_config())[1]

    def band(self, n_tokens: int) -> int:
        """Which frequencies a text of so many tokens is read with; two bands share no batch.

        "longrope" has one more set for all that is longer, "dynamic" one for each length.
        """
        kind, length = stretching(self.model.config.get_text_config())
        if length is None or n_tokens <= length:
            return 0
        return 1 if kind == "longrope" else n_tokens

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
        return about | self.facts | {"tokenizer_adds_bos": self.adds_bos, "versions": versions}


def load(
    model: Any,
    *,
    revision: str | None = None,
    dtype: Dtype = "float32",
    device: str = "auto",
    trust_remote_code: bool = False,
) -> Scorer:
    """A `Scorer` of any causal LM that `transformers` loads.

    Args:
        model: a folder written by `save_pretrained`, a hub id, either of a PEFT adapter, which is
            merged, or a .gguf file. Or (model, tokenizer) of `transformers`, which stay as they
            are, but for eval mode; another dtype or device than theirs is then refused.
        revision: a branch, tag or commit of the hub.
        dtype: "float32", "bfloat16", "float16" or "auto", as of a `Rule`.
        device: "auto" is the first CUDA device, else the CPU.
        trust_remote_code: runs code from the model's own repository; only for those that you trust.

    Raises InputError for a device that is not there, else as `causal_model`.
    """
    from transformers.utils import is_accelerate_available

    if not isinstance(model, str | Path):
        return _in_memory(model, dtype, device)
    with suppress(ModuleNotFoundError):
        from lmnotes.models import ngram

        ngram.register()
    Rule(dtype=dtype)  # refuses an unknown one
    saved = forms.saved_at(model) or (Path(model) if Path(model).is_dir() else None)
    name = str(saved.resolve() if saved else model)
    device = existing(device)
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    with nullcontext() if saved else hub.in_use(name, revision):
        if not (folder := saved):  # all of one commit, even where the hub has another by now
            folder = hub.fetch(Identity(name, name, revision or DEFAULT_REVISION))
            options |= {"revision": folder.name, "local_files_only": not trust_remote_code}
        facts = {}
        with _naming_files(folder, None):
            base = forms.base_of(folder)
        if base:
            how: dict[str, Any] = {"dtype": dtype, "device": device}
            how["trust_remote_code"] = trust_remote_code
            loaded, tokenizer, facts["adapter_of"] = _with_base(folder, *base, **how)
        else:
            tokenizer = tokenizer_of(name, **options)
            # straight to a GPU where accelerate can, else by way of the host's memory
            if device != "cpu" and is_accelerate_available():
                options["device_map"] = device
            loaded = causal_model(name, dtype=dtype, **options)
    if forms.is_gguf(name):
        facts["quantisation"] = forms.quantisation(folder)
    known = options["revision"] or ""
    return wrap(loaded.to(device), tokenizer, name=name, revision=known, dtype=dtype, facts=facts)


def _in_memory(pair: Any, dtype: str, device: str) -> Scorer:
    """A `Scorer` of a model and a tokenizer that are loaded; its revision is a hash of both."""
    import torch

    match pair:
        case [torch.nn.Module(config=config) as model, tokenizer] if callable(tokenizer):
            tensors = [*model.parameters()] or [*model.buffers()]  # counts may be buffers
        case _:
            given = f"a {type(pair).__name__} was given as a model"
            then = "give both, the model first"
            raise InputError(f"{given}; expected a folder, an id, or (model, tokenizer): {then}")
    if any(weights.is_meta for weights in (*tensors, *model.buffers())):
        given = f"{type(model).__name__} has weights on the meta device, without numbers"
        raise InputError(f"{given}; expected all of them loaded: load it without offloading")
    sizes, where = Counter[Any](), tensors[0].device
    for weights in tensors:  # some may be kept in another precision
        sizes[weights.dtype] += weights.numel()
    own = str(max(sizes, key=sizes.__getitem__)).removeprefix("torch.")
    if dtype not in ("auto", own) or device not in ("auto", str(where), where.type):
        given = f"the model is {own} on {where}; {dtype} on {device} was asked for"
        then = f'give Rule(dtype="{own}"), or ' if own in DTYPES else ""
        then += "convert and move it by model.to(...)"
        raise InputError(f"{given}; expected what it is: {then}")
    name = str(config._name_or_path or type(model).__name__)
    name = name_of(Path(name)) if Path(name).exists() else name
    content, why = content_in_memory(model, tokenizer), ""
    scorer = wrap(model, tokenizer, name=name, revision=content, dtype=dtype)
    try:
        with torch.inference_mode():
            inputs = torch.zeros((1, 3), dtype=torch.long, device=where)
            fits = model(input_ids=inputs, **arguments(model)).logits.shape[:2] == (1, 3)
    except Exception as error:  # of any other kind of model
        fits, why = False, f" ({error})"
    if not fits:
        given = f"{type(model).__name__} gives no logits of each token{why}"
        raise InputError(f"{given}; expected a causal model: load it by AutoModelForCausalLM")
    return scorer


def _with_base(folder: Path, base: str, revision: str | None, **options) -> tuple:
    """The model that the PEFT adapter in a folder makes of its base, its tokenizer, and the base's
    name; options: of `load`, for the base."""
    forms.expect_extra("peft", f"{folder}, a PEFT adapter of {base},")
    scorer = load(base, revision=revision, **options)
    tokenizer = scorer.tokenizer
    with _naming_files(folder, None):
        model = forms.merged(scorer.model, folder)
    if any(re.match(_TOKENIZER, file.name) for file in folder.iterdir()):
        tokenizer = tokenizer_of(folder, trust_remote_code=options["trust_remote_code"])
    return model, tokenizer, f"{base}@{scorer.revision}" if scorer.revision else base


def causal_model(
    name: str | Path,
    *,
    revision: str | None = None,
    trust_remote_code: bool = False,
    **options: Any,
) -> Any:
    """The causal model in a folder or .gguf file or of a hub id, with all of its weights.

    Weights come from safetensors where there are any, else from torch files read without pickled
    objects. Raises ScoringFailure, `missing`, where they lack a tensor, which `transformers` would
    draw at random, or where files are no such files; else what `transformers` raises, whose kind
    `failures.classify` names.
    """
    from transformers import AutoModelForCausalLM

    without_bars()
    # which would send the hub's bot to a repository with torch files, from a thread
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    how = options | {"revision": revision, "trust_remote_code": trust_remote_code}
    place, more = forms.source(name)
    if more:  # a plain model: else its weights may stay packed, and it cannot be saved
        from transformers import GgufConfig

        how |= {**more, "quantization_config": GgufConfig(dequantize=True)}
    with _naming_files(name, revision):
        how["output_loading_info"] = True
        model, info = AutoModelForCausalLM.from_pretrained(place, **how)
    if more:
        forms.expect_whole(model.config, Path(name))
    if lost := sorted(map(str, info["missing_keys"])):
        given = f"the weights of {name} lack {len(lost)} of the model's tensors, as {lost[0]}"
        then = f"a whole {type(model).__name__}: look whether it was saved as another model"
        raise ScoringFailure("missing", f"{given}; expected {then}")
    return model


def tokenizer_of(
    name: str | Path,
    *,
    revision: str | None = None,
    trust_remote_code: bool = False,
    **options: Any,
) -> Any:
    """The tokenizer of a model; ScoringFailure, `missing`, where there is none or its file is."""
    from transformers import AutoTokenizer

    how = options | {"revision": revision, "trust_remote_code": trust_remote_code}
    place, more = forms.source(name)
    with _naming_files(name, revision):
        made = AutoTokenizer.from_pretrained(place, **how, **more)
    if len(made) - len(made.all_special_ids) < 2:  # made up of nothing but its class's defaults
        raise ScoringFailure("missing", _NO_TOKENIZER.format(name))
    return made


@contextmanager
def _naming_files(name: str | Path, revision: str | None) -> Iterator[None]:
    """Names the file of a model that is no such file, where loading fails for that."""
    try:
        yield
    except Exception as error:
        who = Identity("", str(name), revision or DEFAULT_REVISION)
        folder = Path(name) if Path(name).exists() else hub.snapshot(who)
        inside = folder.iterdir() if folder.is_dir() else [folder]
        files = sorted(file for file in inside if file.is_file())
        for file in files:
            if fault := _fault(file):
                raise ScoringFailure("missing", f"{file} is {fault}; fetch it again") from error
        if isinstance(error, pickle.UnpicklingError):  # its own words say how to run what it holds
            names = ", ".join(f.name for f in files if f.suffix in (".bin", ".pt", ".pth"))
            given = f"{names or 'a file'} of {name} holds pickled objects, which can run code"
            then = "expected tensors: convert it to safetensors once, if you trust it"
            raise ScoringFailure("unsupported", f"{given}; {then}") from None
        told = any(re.match(_TOKENIZER, file.name) for file in files)
        if "backend tokenizer" in str(error) and not told:
            raise ScoringFailure("missing", _NO_TOKENIZER.format(name)) from error
        raise


def _fault(file: Path) -> str:
    """What is wrong with a file of a model, "" where nothing is seen."""
    from safetensors import SafetensorError, safe_open

    with open(file, "rb") as opened:
        start = opened.read(len(_POINTER))
    if start == _POINTER:
        return "a git-lfs pointer, not the file itself: `git lfs pull` brings it"
    try:
        if file.suffix == ".json":
            json.loads(file.read_text(encoding="utf-8"))
        elif file.suffix == ".safetensors":
            safe_open(file, "pt").__exit__(None, None, None)
        elif file.suffix == ".gguf":
            with suppress(ModuleNotFoundError):  # beside a model in other files
                from gguf import GGUFReader

                GGUFReader(file)
        elif start[:2] == b"PK" and not zipfile.is_zipfile(file):
            return "cut short"
    except (SafetensorError, ValueError, LookupError) as error:
        return f"cut short or no {file.suffix} file ({error})"
    return ""


def existing(device: str) -> str:
    """The device that is meant; raises InputError as `expect_device` does."""
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    expect_device(device)
    return device


def expect_device(device: str) -> None:
    """Raise InputError for a device that torch does not see."""
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return
    import torch

    n = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if not (number or "0").isdecimal() or int(number or 0) >= n.get(kind, 0):
        sees = f"torch {torch.__version__} sees {n.get(kind, 0)} of its kind"
        wanted = "expected 'all' or names such as ['cuda:0'] or ['cpu']"
        raise InputError(f"device {device!r} was given; {sees}; {wanted}: take another, or 'cpu'")


def without_bars() -> None:
    """Keep `transformers` from drawing a bar for each model's weights; downloads keep theirs."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def moved(scorer: Scorer, device: str) -> Scorer:
    """The scorer on another device, "auto" or as `load` takes it, its head looked at again there;
    the one that is given is of no use afterwards."""
    if (device := existing(device)) == scorer.device:
        return scorer
    names = {"name": scorer.name, "revision": scorer.revision, "dtype": scorer.asked}
    return wrap(scorer.model.to(device), scorer.tokenizer, facts=scorer.facts, **names)


def wrap(
    model: Any,
    tokenizer: Any,
    *,
    name: str = "",
    revision: str = "",
    dtype: str = "",
    facts: dict[str, Any] | None = None,
) -> Scorer:
    """A `Scorer` of a model and a tokenizer that are in memory already."""
    import torch

    model = model.eval()
    weights = next(iter([*model.parameters(), *model.buffers()]))  # counts may be buffers
    start = tokenizer("a", return_attention_mask=False)["input_ids"]
    with torch.inference_mode():
        head, note = find(model, torch.zeros((1, 3), dtype=torch.long, device=weights.device))
    own = str(weights.dtype).removeprefix("torch.")
    asked, name = dtype or own, name or type(model).__name__
    if asked == "auto" and own not in DTYPES:
        given = f"the weights of {name} are {own} under dtype=auto; expected one of {DTYPES[:-1]}"
        raise ScoringFailure("unsupported", f"{given}: score it in one of these")
    dtype = own if asked == "auto" else asked
    loaded = (name, revision, model, tokenizer, str(weights.device), dtype)
    length = named_length(model.config.get_text_config()) or DEFAULT_LENGTH
    adds_bos = bool(start) and start[0] == tokenizer.bos_token_id
    return Scorer(*loaded, length, adds_bos, head, note, asked, facts or {})
