import json

import numpy as np
import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file

from lmnotes.errors import InputError
from lmnotes.models import ngram
from lmnotes.papers.trajectories import weight_distance


@pytest.fixture
def fast(monkeypatch):
    """Loading a model is an error."""
    monkeypatch.setattr(
        weight_distance.loading,
        "causal_model",
        lambda folder, **_: pytest.fail(f"{folder} was loaded"),
    )


def _moved(model, name, amount=1.0):
    with torch.no_grad():
        model.get_parameter(name).view(-1)[0] += amount
    return model


def squared_distance(one, other):
    return weight_distance.windowed([one, other], 1)[0, 0]


def test_distance_by_hand():
    first = {"a": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    second = {"b": np.array([1.0]), "a": np.array([[1.0, 5.0]])}
    assert squared_distance(first, second) == 13.0  # 3^2 + 2^2, squared: not its root


def test_modules_count_parameters_and_no_buffers():
    one, two = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    two.running_mean += 100
    assert squared_distance(one, two) == 0
    assert squared_distance(one, _moved(two, "bias", 2.0)) == 4


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "llama", "opt", "mamba", "mamba2"])
def test_folders_are_read_without_the_model(name, tmp_path, fast):
    model = tiny_models.model(name)
    model.save_pretrained(tmp_path / "one")
    assert squared_distance(tmp_path / "one", model) == 0
    other = tiny_models.model(name, seed=1)
    other.save_pretrained(tmp_path / "two")
    found = squared_distance(tmp_path / "one", str(tmp_path / "two"))
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    slow = sum(float(((b - a).detach().double() ** 2).sum()) for a, b in pairs)
    assert found == pytest.approx(slow, rel=1e-6) and found > 0


def test_a_tied_parameter_counts_once(tmp_path, fast):
    model = tiny_models.model("gpt2")
    model.save_pretrained(tmp_path / "one")
    _moved(model, "transformer.wte.weight", 3.0).save_pretrained(tmp_path / "two")
    assert squared_distance(tmp_path / "one", tmp_path / "two") == pytest.approx(9, 1e-5)
    # some files hold the tied head as well
    for part in ("one", "two"):
        file = tmp_path / part / "model.safetensors"
        stored = load_file(file)
        save_file(stored | {"lm_head.weight": stored["transformer.wte.weight"].clone()}, file)
    assert squared_distance(tmp_path / "one", tmp_path / "two") == pytest.approx(9, 1e-5)
    assert squared_distance(tmp_path / "one", model) == pytest.approx(9, 1e-5)


def test_buffers_in_a_file_are_ignored(tmp_path, fast):
    model = tiny_models.model("gpt2")
    for part, value in (("one", 0.0), ("two", 1e4)):
        model.save_pretrained(tmp_path / part)
        file = tmp_path / part / "model.safetensors"
        mask = {"transformer.h.0.attn.masked_bias": torch.tensor(value)}
        save_file(load_file(file) | mask, file)
    assert squared_distance(tmp_path / "one", tmp_path / "two") == 0
    # counts of an n-gram model are buffers
    for part, text in (("three", b"abcabc"), ("four", b"xyz")):
        ngram.fit(text, 2).save_pretrained(tmp_path / part)
    assert squared_distance(tmp_path / "three", tmp_path / "four") == 0


def test_shards_and_half_precision(tmp_path, fast):
    model = tiny_models.model("llama")
    model.save_pretrained(tmp_path / "one")
    model.save_pretrained(tmp_path / "shards", max_shard_size="10KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert squared_distance(tmp_path / "one", tmp_path / "shards") == 0
    model.to(torch.bfloat16).save_pretrained(tmp_path / "half")
    gap = squared_distance(tmp_path / "one", tmp_path / "half")
    norm = squared_distance(
        tmp_path / "one", {n: 0 * p.float() for n, p in weight_distance.parameters(model).items()}
    )
    assert 0 < gap < norm * 2.0**-16


def test_files_with_other_names_go_through_the_model(tmp_path):
    model = tiny_models.model("mixtral")  # its experts are apart in the file
    model.save_pretrained(tmp_path)
    name = next(n for n, p in model.named_parameters() if p.ndim == 3)
    assert squared_distance(tmp_path, _moved(model, name, 2.0)) == pytest.approx(4, 1e-5)


def test_windows_are_all_pairs_and_each_model_is_read_once(monkeypatch):
    rng = np.random.default_rng(0)
    path = [{"a": rng.normal(size=(3, 4)), "b": rng.normal(size=2)} for _ in range(7)]
    read, plain = [], weight_distance.parameters
    monkeypatch.setattr(
        weight_distance, "parameters", lambda model: (read.append(1), plain(model))[1]
    )
    found = weight_distance.windowed(iter(path), 3)
    assert found.shape == (7, 3) and len(read) == 7
    for t in range(7):
        for lag in (1, 2, 3):
            if t + lag < 7:
                slow = squared_distance(path[t], path[t + lag])
                assert found[t, lag - 1] == pytest.approx(slow)
            else:
                assert np.isnan(found[t, lag - 1])


def test_a_model_may_train_on_while_its_window_is_taken():
    def training():
        model = torch.nn.Linear(2, 1, bias=False)
        torch.nn.init.zeros_(model.weight)
        for step in range(4):
            with torch.no_grad():
                model.weight.fill_(step)
            yield model

    found = weight_distance.windowed(training(), 2)
    assert found[:2].tolist() == [[2.0, 8.0], [2.0, 8.0]]  # two weights, each t squared


def test_large_tensors_are_summed_in_pieces(monkeypatch):
    one, two = {"a": np.zeros(1000, np.float32)}, {"a": np.arange(1000, dtype=np.float32)}
    whole = squared_distance(one, two)
    monkeypatch.setattr(weight_distance, "PIECE", 7)
    assert squared_distance(one, two) == whole == sum(i * i for i in range(1000))


def test_other_architectures_are_refused(tmp_path):
    one = {"a": np.zeros(2)}
    for other in ({"b": np.zeros(2)}, {"a": np.zeros(3)}, {"a": np.zeros(2), "b": np.zeros(1)}):
        for pair in ((one, other), (other, one)):
            with pytest.raises(ValueError, match="expected checkpoints of one run"):
                squared_distance(*pair)
    with pytest.raises(ValueError, match=r"no config\.json"):
        squared_distance(tmp_path, one)
    with pytest.raises(ValueError, match="paper's is 10"):
        weight_distance.windowed([one], 0)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_layer": 1}))
    with pytest.raises(OSError, match=r"safetensors"):
        squared_distance(tmp_path, one)  # a config without weights


def test_windows_of_folders_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    folders = [tiny_models.save("llama", tmp_path / str(n), seed=n) for n in (0, 1)]
    found = weight_distance.saved(folders, 2)
    np.testing.assert_array_equal(found, weight_distance.windowed(folders, 2))
    monkeypatch.setattr(weight_distance, "windowed", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(weight_distance.saved(folders, 2), found)


CONFIGS = {"cut": "{", "a list": "[]", "nothing": "{}", "unknown": '{"model_type": "no such"}'}


@pytest.mark.parametrize("name", [*CONFIGS, "deep", "weights"])
def test_a_damaged_model_is_one_sentence(name, tmp_path):
    model = tiny_models.model("gpt2")
    model.save_pretrained(tmp_path)
    if name == "weights":
        path = tmp_path / "model.safetensors"
        path.write_bytes(path.read_bytes()[:1000])
    else:
        text = CONFIGS.get(name, '{"a": ' * 50_000)
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match="cannot be loaded"):
        squared_distance(tmp_path, model)
