"""The forms in which a model lies on a disk: a saved folder, a .gguf file, an adapter of another.

saved_at("models/tiny")       # the folder, or the .gguf file in it
base_of(Path("models/tuned")) # what a PEFT adapter was trained on
"""

import json
import re
import warnings
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lmnotes.errors import InputError
from lmnotes.models.scoring.failures import ScoringFailure

ADAPTER = "adapter_config.json"
_NEEDED = {"gguf": ("gguf", "accelerate"), "peft": ("peft",)}  # packages of each extra
_GGUF = ".gguf"
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
_ROPE = re.compile(r"rope_(freqs|factors_(long|short))\.weight")


def saved_at(path: str | Path) -> Path | None:
    """What loads the model at a path: a folder of a model or an adapter, a .gguf file, alone in its
    folder too; None where there is none. Raises InputError where a folder holds several .gguf.
    """
    path = Path(path)
    if not path.is_dir():
        return path if is_gguf(path) else None
    files = sorted(path.glob(f"*{_GGUF}"))
    weights = {".safetensors", ".bin"} & {file.suffix for file in path.iterdir()} if files else ()
    if files and not (weights and (path / "config.json").is_file()):
        if len({_PART.sub("", file.name) for file in files}) > 1:
            names = ", ".join(file.name for file in files)
            given = f"folder {path} was given as a model and holds {names}"
            raise InputError(f"{given}; expected one .gguf file: name it, as {files[0]}")
        return files[0]
    is_model = any((path / name).is_file() for name in ("config.json", ADAPTER))
    return path if is_model else None


def expect_extra(extra: str, what: str) -> None:
    """Raise ScoringFailure, `unsupported`, without the packages that what is given is read with."""
    if missing := [name for name in _NEEDED[extra] if not find_spec(name)]:
        given = f"{what} is read with the package {missing[0]}, which is not installed"
        raise ScoringFailure("unsupported", f"{given}; pip install 'lmnotes[{extra}]'")


def base_of(folder: Path) -> tuple[str, str | None] | None:
    """Folder or hub id, and revision, of the model that a PEFT adapter in a folder was trained on.

    None where there is no adapter. Raises ValueError where its settings are none, and
    ScoringFailure, `unsupported`, where they name no model, or one lies in the same folder.
    """
    if not (folder / ADAPTER).is_file():
        return None
    settings = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))
    name = settings.get("base_model_name_or_path")
    if not name or (folder / "config.json").is_file():
        given = f"{folder} holds {'a model and' * bool(name)} an adapter{' of none' * (not name)}"
        raise ScoringFailure("unsupported", f"{given}; merge it: merge_and_unload() of peft")
    beside = folder / name
    return str(beside.resolve() if saved_at(beside) else name), settings.get("revision")


def merged(base: Any, adapter: Path) -> Any:
    """A base model with the PEFT adapter of a folder added to its weights.

    Raises ScoringFailure: `missing` where it lacks a tensor, `unsupported` for learned prompts.
    """
    from peft import PeftModel

    how = {"is_trainable": False}  # there is no code in an adapter
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Found missing adapter keys")
        try:
            model = PeftModel.from_pretrained(base, str(adapter), **how)
        except UserWarning as warning:
            raise ScoringFailure("missing", f"{adapter}: {str(warning)[:200]}") from None
    try:
        return model.merge_and_unload(safe_merge=True)
    except AttributeError:
        given = f"the adapter {adapter} is none that weights can take; expected such as LoRA"
        raise ScoringFailure("unsupported", given) from None


def is_gguf(path: str | Path) -> bool:
    """Whether a path is that of a .gguf file."""
    return Path(path).suffix == _GGUF and Path(path).is_file()


def source(name: str | Path) -> tuple[str, dict]:
    """What `from_pretrained` is given for a folder, a hub id or a .gguf file, and which options.

    Raises ScoringFailure, `unsupported`, without the packages that read a .gguf file, and for one
    file of several.
    """
    path = Path(name)
    if not is_gguf(path):
        return str(name), {}
    expect_extra("gguf", str(path))
    if _PART.search(path.name):
        given = f"{path} is one of several files of a model"
        raise ScoringFailure("unsupported", f"{given}; join them: llama-gguf-split --merge")
    return str(path.parent), {"gguf_file": path.name}


def quantisation(path: Path) -> str:
    """How a .gguf file keeps its weights, such as "Q4_K_M"; if not said, as most matrices are."""
    from gguf import GGUFReader, LlamaFileType
    from transformers.integrations.gguf import read_gguf_metadata

    said = read_gguf_metadata(str(path))[0].get("general.file_type")
    known = {kind.value: kind.name for kind in LlamaFileType if kind is not LlamaFileType.GUESSED}
    if said in known:
        return known[said].removeprefix("MOSTLY_").removeprefix("ALL_")
    matrices = (tensor for tensor in GGUFReader(path).tensors if len(tensor.shape) > 1)
    return Counter(tensor.tensor_type.name for tensor in matrices).most_common(1)[0][0]


def expect_whole(config: Any, path: Path) -> None:
    """Raise ScoringFailure, `unsupported`, where `transformers` left out how RoPE is stretched.

    It reads that of a .gguf file for few architectures; scores of others, as Llama 3.1, would be of
    another model. config: of what was loaded.
    """
    from transformers.integrations.gguf import read_gguf_metadata

    settings, tensors = read_gguf_metadata(str(path))
    kind = settings.get(f"{settings['general.architecture']}.rope.scaling.type", "none")
    told = [name for name in tensors if _ROPE.match(name)] + [f"RoPE {kind}"] * (kind != "none")
    if told and "'rope_type': 'default'" in str(getattr(config, "rope_parameters", "")):
        given = f"{path} holds {told[0]}, which transformers leaves out"
        raise ScoringFailure("unsupported", f"{given}; score the model that it was made of")
