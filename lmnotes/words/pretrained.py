"""Models of `transformers` with what reads for them, from a local folder or the hub's cache, and
the same models untrained.

Weights are read from safetensors only, and code that comes with a model is never run.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError, expect_between, expect_one_of

if TYPE_CHECKING:
    import transformers

# The tokenizer and the weights; no pickles, no code, none of the copies in sub-folders.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
LOCAL = {"local_files_only": True, "trust_remote_code": False}  # of every `from_pretrained`
_POOLER = ("pooler.", "classifier.", "lm_head.", "cls.")  # heads that no token vector needs


def folder_of(model: str | Path, revision: str | None = None) -> Path:
    """The folder with the files of a model, downloaded from the hub if it is not in the cache yet.

    Args:
        model: a local folder by `save_pretrained`, or a hub id such as "FacebookAI/roberta-base".
        revision: branch, tag or commit of a hub id; a commit always gives the same files.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give such a model: it has
            none, or cannot be reached while the cache lacks it.
        InputError: the folder has no safetensors, or `revision` is given with a local folder.
    """
    if Path(model).is_dir():
        if revision is not None:
            raise InputError(f"revision={revision!r} with the local folder {model}: leave it out")
        return _checked(Path(model))
    import huggingface_hub

    try:
        patterns = {"allow_patterns": _WANTED, "ignore_patterns": "*/*"}
        folder = huggingface_hub.snapshot_download(str(model), revision=revision, **patterns)
    except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError) as error:
        hub = huggingface_hub.constants
        name = f"{str(model)!r} at revision {revision!r}" if revision else repr(str(model))
        why = "HF_HUB_OFFLINE is set" if hub.HF_HUB_OFFLINE else type(error).__name__
        what = f"no model {name}: it is no folder here, not in the cache {hub.HF_HUB_CACHE}, "
        what += f"and not to be had from the hub ({why})"
        then = "run once with the network on, or give a folder of config.json and *.safetensors"
        raise FileNotFoundError(f"{what}; check the spelling, {then}") from error
    return _checked(Path(folder))


def fingerprint(folder: Path) -> dict[str, str]:
    """The sha256 of each file of a model that decides its vectors, by name."""
    files = (file for file in sorted(folder.iterdir()) if any(map(file.match, _WANTED)))
    whole = [file for file in files if file.is_file() and file.name != store.MANIFEST]
    return {file.name: _sha256(file) for file in whole}


def load(
    folder: Path, dtype: str = "float32", device: str | None = None
) -> "tuple[transformers.PreTrainedModel, transformers.PreTrainedTokenizerFast]":
    """The body of a model without its head, in evaluation mode, and its tokenizer.

    Of an encoder-decoder, the encoder.

    Args:
        dtype: "float32", "bfloat16" or "float16".
        device: None for "cuda" where there is one, else "cpu".

    Raises:
        InputError: another dtype, weights of another architecture, no tokenizer or no fast one.
    """
    import transformers

    model = body(folder, dtype, device)
    with quiet(folder):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
    if not tokenizer.is_fast or len(tokenizer) - len(tokenizer.all_special_ids) < 2:
        given = f"{folder} holds no tokenizer that says where its pieces stand"
        raise InputError(f"{given}; expected a fast one: save its tokenizer.json there")
    return model, tokenizer


def body(
    folder: Path, dtype: str = "float32", device: str | None = None
) -> "transformers.PreTrainedModel":
    """The body of a model of words or images, as `load` gives it."""
    import torch
    import transformers

    expect_one_of("dtype", dtype, ("float32", "bfloat16", "float16"))
    with quiet(folder):
        how = LOCAL | {"use_safetensors": True, "output_loading_info": True}
        model, info = transformers.AutoModel.from_pretrained(folder, **how)
    missing = [name for name in info["missing_keys"] if not name.startswith(_POOLER)]
    if missing:  # transformers would go on with random numbers
        what = f"{folder}: the weights lack {len(missing)} of the model's tensors, as {missing[0]}"
        raise InputError(f"{what}; look whether config.json belongs to these weights")
    encoder = model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return encoder.to(device, getattr(torch, dtype)).eval()


def hidden_states(
    model: "transformers.PreTrainedModel", ids: list[list[int]], layer: int
) -> np.ndarray:
    """The states of a layer (B, P, D) float32 for B sentences of P pieces."""
    import torch

    batch = torch.tensor(ids, device=model.device)
    how = {"output_hidden_states": True, "return_dict": True}
    with torch.inference_mode():
        output = model(input_ids=batch, attention_mask=torch.ones_like(batch), **how)
    states = output.hidden_states
    expect_between("layer", layer, -len(states), len(states) - 1, "0 is the input embeddings")
    return states[layer].float().cpu().numpy()


def longest_input(
    model: "transformers.PreTrainedModel",
    tokenizer: "transformers.PreTrainedTokenizerFast",
    max_pieces: int | None = None,
) -> int | None:
    """The most pieces that go into a model, `max_pieces` where given; None where it has no limit.

    Raises:
        InputError: `max_pieces` is more than that.
    """
    known = [tokenizer.model_max_length]
    if positions := getattr(model.config, "max_position_embeddings", None):
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)  # RoBERTa counts positions from there
        known.append(positions - (0 if padding is None else padding + 1))
    limit = min(known)
    if max_pieces is not None:
        expect_between("max_pieces", max_pieces, 3, limit, "this model takes no more: change it")
    limit = max_pieces or limit
    return limit if limit < 1 << 30 else None  # tokenizers say 1e30 for "no limit"


def random_model(model: str | Path, *, revision: str | None = None, seed: int = 0) -> Path:
    """The folder of a model with the same architecture, tokenizer or image processor, and weights
    drawn at random.

    What its vectors show comes from the architecture, the spelling and the text, or the pixels,
    alone: the null model for everything that is said of the trained one. Kept as an artefact.
    """
    import torch
    import transformers

    source = folder_of(model, revision)
    files = {n: h for n, h in fingerprint(source).items() if not n.endswith(".safetensors")}
    files.pop("model.safetensors.index.json", None)

    def write(folder: Path) -> None:
        with quiet(source), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            config = transformers.AutoConfig.from_pretrained(source, **LOCAL)
            config.dtype = "float32"
            model = transformers.AutoModel.from_config(config, trust_remote_code=False)
            model.save_pretrained(folder)
            readers = [name for name in PROCESSORS if (source / name).is_file()]
            for name in readers:  # of a model of images
                shutil.copyfile(source / name, folder / name)
            if not readers and config.model_type != "timm_wrapper":
                transformers.AutoTokenizer.from_pretrained(source, **LOCAL).save_pretrained(folder)

    key = {"files": files, "seed": seed, "transformers": transformers.__version__}
    return store.build("random_model", key, write)


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        what = f"{folder} holds no config.json with *.safetensors: expected a model by them"
        then = "pickled weights (.bin, .pt) can run code and are not read: convert them once"
        raise InputError(f"{what}; {then}, where you trust them")
    return folder


def _sha256(file: Path) -> str:
    """The hash of a file; the hub's cache has it in the name of what a large file links to."""
    target = file.resolve().name
    is_hash = file.is_symlink() and len(target) == 64 and set(target) <= set("0123456789abcdef")
    return target if is_hash else store.file_sha256(file)


@contextmanager
def quiet(folder: str | Path = "") -> Iterator[None]:
    """No bars and reports while a model is loaded or saved: `load` checks what they would say.

    With a `folder`, files in it that are none are an InputError, as is code of its own.
    """
    from safetensors import SafetensorError
    from transformers.utils import logging

    level, had_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except (SafetensorError, OSError, ValueError) as error:
        if not folder:
            raise
        given = f"{folder} cannot be loaded ({str(error).strip().splitlines()[0].strip(' :')})"
        then = "look for git-lfs pointers, files cut short or left out"
        said = f"{given}; expected whole files that transformers knows"
        raise InputError(f"{said}: {then}") from error
    finally:
        logging.set_verbosity(level)
        if had_bar:
            logging.enable_progress_bar()
