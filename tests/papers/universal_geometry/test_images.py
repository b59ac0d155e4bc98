"""Features of images: the folder that is read, the model's own answer, and clear errors."""

import importlib.util
import json

import numpy as np
import pytest

from lmnotes.papers.universal_geometry import images
from lmnotes.words import pretrained


def draw(path, seed):
    """A small picture of one colour with a square in another."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    pixels = np.empty((20, 26, 3), np.uint8)
    pixels[:] = rng.integers(0, 256, 3)
    pixels[4:12, 6:18] = rng.integers(0, 256, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(3):
        draw(folder / "red fox" / f"{number}.png", number)
        draw(folder / "Bottle-Opener_2" / "inside" / f"{number}.PNG", 10 + number)
    draw(folder / "moon.png", 20)
    (folder / "notes.txt").write_text("no image")
    return folder


PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "size": {"height": 16, "width": 16},
    "rescale_factor": 1 / 255,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
}


def make(shape, folder):
    import torch
    import transformers

    if shape == "vit":
        config = transformers.ViTConfig(
            hidden_size=24,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=40,
            image_size=16,
            patch_size=8,
        )
    elif shape == "resnet":
        config = transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 24], depths=[1, 1], layer_type="basic"
        )
    else:
        config = transformers.CLIPConfig(
            vision_config={
                "hidden_size": 16,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 16,
                "image_size": 16,
                "patch_size": 8,
            },
            text_config={
                "hidden_size": 16,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 16,
                "vocab_size": 9,
                "max_position_embeddings": 8,
                "bos_token_id": 0,
                "eos_token_id": 1,
                "pad_token_id": 1,
            },
            projection_dim=24,
        )
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    return make("vit", tmp_path_factory.mktemp("vit"))


def test_every_image_of_a_folder_has_its_label(pictures, vit):
    found = images.features(vit, pictures, batch=2, progress=False)
    assert found.files[0] == "Bottle-Opener_2/inside/0.PNG" and len(found) == 7
    assert found.labels == ["Bottle-Opener_2"] * 3 + ["moon"] + ["red fox"] * 3
    assert found.vectors.shape == (7, 24) and found.unreadable == []
    assert len(np.unique(found.vectors.round(4), axis=0)) == 7
    whole = images.features(vit, pictures, batch=50, progress=False)
    np.testing.assert_allclose(whole.vectors, found.vectors, atol=1e-5)


@pytest.mark.parametrize("shape", ["vit", "resnet", "clip"])
def test_a_vector_is_what_the_models_classifier_reads(shape, pictures, tmp_path):
    import torch
    import transformers
    from PIL import Image

    folder = make(shape, tmp_path)
    found = images.features(folder, pictures, progress=False)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with Image.open(pictures / "moon.png") as image:
        small = np.asarray(image.resize((16, 16), resample=Image.Resampling.BILINEAR))
    pixels = torch.from_numpy((small / 255 - 0.5) / 0.5).float().permute(2, 0, 1)[None]
    with torch.no_grad():
        if shape == "vit":
            expected = model(pixel_values=pixels).last_hidden_state[0, 0]
        elif shape == "resnet":
            expected = model(pixel_values=pixels).last_hidden_state[0].mean(dim=(1, 2))
        else:
            pooled = model.vision_model(pixel_values=pixels).pooler_output
            expected = model.visual_projection(pooled)[0]
    np.testing.assert_allclose(found.vectors[found.files.index("moon.png")], expected, atol=2e-3)


def test_an_untrained_model_reads_the_same_images(pictures, vit, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    trained = images.features(vit, pictures, keep=True, progress=False)
    again = images.features(vit, pictures, keep=True, progress=False)
    assert again.vectors.tobytes() == trained.vectors.tobytes() and again.labels == trained.labels
    assert len([p for p in (tmp_path / "images").iterdir() if p.is_dir()]) == 1
    null = images.features(pretrained.random_model(vit, seed=3), pictures, progress=False)
    assert null.files == trained.files and np.abs(null.vectors - trained.vectors).max() > 0.1


def test_words_of_labels_are_paired_with_images():
    found = images.ImageFeatures(
        ["a", "b", "c"], ["red fox", "Fox_02", "moon of mars"], np.zeros((3, 1), np.float32)
    )
    words, rows, weights = images.word_pairs(found, {"fox": 5, "moon": 7, "of": 9}, ["of"])
    assert words.tolist() == [5, 5, 7] and rows.tolist() == [0, 1, 2]
    assert weights.tolist() == [2, 2, 1]
    with pytest.raises(ValueError, match="no word of the labels Fox_02, moon of mars, red fox is"):
        images.word_pairs(found, {"tea": 0})


def test_bad_files_are_named_and_counted(vit, tmp_path):
    draw(tmp_path / "fox" / "1.png", 1)
    (tmp_path / "fox" / "2.png").write_bytes((tmp_path / "fox" / "1.png").read_bytes()[:60])
    (tmp_path / "fox" / "3.jpg").write_text("no image")
    with pytest.warns(UserWarning, match=r"2 of 3 images in .* have no row: fox/2.png, fox/3.jpg"):
        found = images.features(vit, tmp_path, progress=False)
    assert found.files == ["fox/1.png"] and found.unreadable == ["fox/2.png", "fox/3.jpg"]
    (tmp_path / "fox" / "1.png").unlink()
    with pytest.raises(
        ValueError, match=r"none of 2 images in .* such as fox/2.png: expected pict"
    ):
        images.features(vit, tmp_path, progress=False)


def test_errors_say_what_to_do(pictures, vit, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no image in .*: expected files that end in .bmp"):
        images.features(vit, tmp_path, progress=False)
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere: expected one with images"):
        images.features(vit, tmp_path / "nowhere", progress=False)
    with pytest.raises(ValueError, match="batch = 0 was given; expected at least 1"):
        images.features(vit, pictures, batch=0)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FileNotFoundError, match=r"no model 'nobody/nothing': .*HF_HUB_OFFLINE"):
        images.features("nobody/nothing", pictures, progress=False)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ValueError, match=r"no preprocessor_config.json: expected a model that"):
        images.features(tmp_path, pictures, progress=False)
    (tmp_path / "config.json").write_text('{"architecture": "resnet18"}')
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"is a model of timm, .* 'pip install timm'"):
        images.features(tmp_path, pictures, progress=False)
