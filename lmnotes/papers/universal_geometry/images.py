"""Features of images from any vision model of `transformers` (with `timm` installed, of timm too),
labelled so that their axes can be matched with those of other models and of words."""

import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lmnotes import store
from lmnotes.errors import InputError, expect_between
from lmnotes.text import readers, tokenise
from lmnotes.words import pretrained

STOP_WORDS = ("a", "an", "and", "at", "for", "in", "of", "on", "or", "s", "the", "to", "with")
VERSION = 1  # part of the key of stored features: raise it when they would differ
SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """N images, each with its vector, by file name.

    Args:
        files: (N,) path of each image in its folder, with "/" between the parts.
        labels: (N,) what is on it: the first folder of that path, or the file's stem if it is in
            none.
        vectors: (N, D) float32, what the model's classifier would read.
        unreadable: the files that are no images although their names say so; they have no row.
        settings: the model and more.
    """

    files: list[str]
    labels: list[str]
    vectors: np.ndarray
    unreadable: list[str] = field(default_factory=list)
    settings: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.files)

    def save(self, folder: str | Path) -> Path:
        """Write all of it to a folder, as a .npy file and a .json, and return the folder."""
        labels = {
            name: getattr(self, name) for name in ("files", "labels", "unreadable", "settings")
        }
        return store.save_arrays(folder, {"vectors": self.vectors}, "images", labels)

    @classmethod
    def open(cls, folder: str | Path) -> "ImageFeatures":
        """The features of a folder written by `save`, mapped from disk."""
        with store.opening(folder):
            return cls(**store.open_arrays(folder, ("vectors",), "images"))


def features(
    model: str | Path,
    folder: str | Path,
    *,
    batch: int = 32,
    keep: bool = False,
    progress: bool = True,
) -> ImageFeatures:
    """The vector of every image in a folder and the folders inside it, in the order of their names.

    The model's own processor resizes and scales the images. Of a transformer with a class token the
    vector is that token's last state; of others, the mean over places.

    Args:
        model: a folder by `save_pretrained`, or a hub id; ids that begin with "timm/" need timm.
        batch: images that go through the model together.
        keep: store the result as an artefact, known by the files of model and images.

    Raises:
        FileNotFoundError: there is no such folder or no image in it, or no such model, or it is not
            cached and the hub cannot be reached.
        ModuleNotFoundError: a timm model, and timm is not installed.
        InputError: no image can be read, or the model reads no images.
        FloatingPointError: a vector is not finite.
    """
    expect_between("batch", batch, low=1)
    folder, files = Path(folder), _images_of(Path(folder))
    source = pretrained.folder_of(model, None)
    _check_reader(source)
    settings = {"dtype": "float32"}

    def compute() -> ImageFeatures:
        computed = _compute(source, folder, files, batch, progress)
        return replace(computed, settings=settings | {"model": str(model)})

    if keep:
        key = settings | {"version": VERSION, "model": pretrained.fingerprint(source)}
        key["images"] = {name: store.file_sha256(folder / name) for name in files}
        kept = store.build("images", key, lambda target: compute().save(target))
    images = ImageFeatures.open(kept) if keep else compute()
    if images.unreadable:
        warnings.warn(
            f"{len(images.unreadable):,} of {len(files):,} images in {folder} cannot be read and "
            f"have no row: {_some(images.unreadable)}; replace or remove them",
            stacklevel=2,
        )
    return images


def words_of(label: str) -> list[str]:
    """The words of a label, lower-cased, each once and without numbers.

    >>> words_of("n01 great-white_Shark.2")
    ['great', 'white', 'shark']
    """
    return list(dict.fromkeys(filter(tokenise.is_alphabetic, tokenise.words(label))))


def word_pairs(
    images: ImageFeatures, ids: Mapping[str, int], stop_words: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every image with every word of its label that a vocabulary has: rows of words, rows of
    images, and weights, three times (m,).

    The weight of a pair is the number of images whose label has the word, as in the paper
    (Yamagiwa et al. 2023): words of many labels count more.

    Raises:
        InputError: no word of any label is known.
    """
    known = [
        (ids[word], row)
        for row, label in enumerate(images.labels)
        for word in words_of(label)
        if word in ids and word not in stop_words
    ]
    if not known:
        raise InputError(
            f"no word of the labels {_some(sorted(set(images.labels)))} is in the vocabulary of "
            f"{len(ids):,} words: expected folders with names of things; rename them"
        )
    words, rows = np.array(known).T
    counts = np.bincount(words)
    return words, rows, counts[words].astype(np.float64)


def _images_of(folder: Path) -> list[str]:
    """The names of a folder's images, in order."""
    if not folder.is_dir():
        given = f"no folder {folder}: expected one with images"
        raise FileNotFoundError(f"{given}; check the path from {Path.cwd()}")
    files = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    if not files:
        raise FileNotFoundError(
            f"no image in {folder} or the folders inside it: expected files that end in "
            f"{', '.join(sorted(SUFFIXES))}; give the folder that they are in"
        )
    return sorted(files)


def _check_reader(source: Path) -> None:
    """Errors for a timm model without timm, and for a model that reads no images."""
    file = source / "config.json"
    config = readers.parse_json("".join(readers.pieces(file)), str(file))
    if "model_type" not in config and "architecture" in config:
        config["model_type"] = "timm_wrapper"
    if config.get("model_type") == "timm_wrapper":
        if importlib.util.find_spec("timm") is None:
            given = f"{source} is a model of timm, which is not installed"
            then = "run 'pip install timm', or take a model that transformers has itself"
            raise ModuleNotFoundError(f"{given}: expected timm beside transformers; {then}")
    elif not any((source / name).is_file() for name in pretrained.PROCESSORS):
        given = f"{source} has no preprocessor_config.json: expected a model that reads images"
        raise InputError(f"{given}; give one such as google/vit-base-patch16-224-in21k")


def _compute(source, folder, files, batch, progress) -> ImageFeatures:
    """What `features` returns, computed from its own arguments."""
    import transformers
    from tqdm.auto import tqdm

    model = pretrained.body(source)
    with pretrained.quiet(source):
        processor = transformers.AutoImageProcessor.from_pretrained(source, **pretrained.LOCAL)
    names, vectors, unreadable = [], [], []
    with tqdm(total=len(files), unit="image", disable=not progress) as bar:
        for start in range(0, len(files), batch):
            read = {name: _read(folder / name) for name in files[start : start + batch]}
            unreadable += [name for name, image in read.items() if image is None]
            images = {name: image for name, image in read.items() if image is not None}
            if images:
                pixels = processor(list(images.values()), return_tensors="pt")["pixel_values"]
                vectors.append(_features(model, pixels.to(model.device, model.dtype)))
                names += images
            bar.update(len(read))
    if not names:
        given = f"none of {len(files):,} images in {folder} can be read, such as {files[0]}"
        raise InputError(f"{given}: expected pictures; look whether the files are whole")
    rows = np.concatenate(vectors)
    n_bad = int((~np.isfinite(rows).all(axis=1)).sum())
    if n_bad:
        given = f"{n_bad:,} of {len(rows):,} vectors are not finite"
        raise FloatingPointError(f"{given}: expected finite numbers; take another model")
    labels = [name.split("/")[0] if "/" in name else Path(name).stem for name in names]
    return ImageFeatures(names, labels, rows, unreadable)


def _read(path: Path):
    """An image in red, green and blue, the right way up; None if the file is none."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _features(model, pixels) -> np.ndarray:
    """What a classifier on top of the model would read (B, D) float32."""
    import torch

    with torch.inference_mode():
        if hasattr(model, "get_image_features"):  # CLIP and its kin, trained on pairs with texts
            output = model.get_image_features(pixel_values=pixels)
            states = output if torch.is_tensor(output) else output.pooler_output
        else:
            output = model(pixel_values=pixels)
            states = getattr(output, "last_hidden_state", output[0])
        if model.config.model_type == "timm_wrapper":
            states = output.pooler_output
        if states.ndim == 4:  # (B, D, height, width)
            states = states.mean(dim=(2, 3))
        elif states.ndim == 3:  # (B, places, D)
            names = [name for name, _ in model.named_parameters()]
            has_class = any(n.endswith(("cls_token", "class_embedding")) for n in names)
            states = states[:, 0] if has_class else states.mean(dim=1)
    return states.float().cpu().numpy()


def _some(names: Sequence[str], n: int = 5) -> str:
    return ", ".join(names[:n]) + (", ..." if len(names) > n else "")
