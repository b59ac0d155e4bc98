import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.papers.universal_geometry import contextual
from lmnotes.papers.universal_geometry.contextual import (
    ContextualVectors,
    token_vectors,
)
from lmnotes.text import corpus
from lmnotes.words import pretrained

SENTENCES = [
    "The bank of the river was high.",
    "tea",
    "",
    "  A bank  lends money,\tdoesn't it? ",
    "naïve 東京 tokenisation of uncommonly long wordforms ends here",
    "The bank of the river was wide.",
    "money",
]
SHAPES = ("bert", "gpt2", "roberta", "llama")


def make_tokenizer(shape):
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
    from transformers import PreTrainedTokenizerFast

    text = [*SENTENCES, "the bank lends money to the river of tea", "long words are high and wide"]
    special = {
        "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
        "gpt2": ["<|endoftext|>"],
        "roberta": ["<s>", "<pad>", "</s>", "<unk>"],
        "llama": ["<unk>", "<s>", "</s>"],
    }[shape]
    if shape == "bert":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=110, special_tokens=special)
        names = {"unk_token": "[UNK]", "pad_token": "[PAD]"}
        around = ("[CLS]", "[SEP]")
    elif shape == "llama":
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.BpeTrainer(vocab_size=90, special_tokens=special)
        names = {"unk_token": "<unk>", "bos_token": "<s>"}
        around = ("<s>",)
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special)
        names = {"eos_token": special[-1]} if shape == "gpt2" else {"pad_token": "<pad>"}
        around = () if shape == "gpt2" else ("<s>", "</s>")
    made.train_from_iterator(text, trainer)
    if around:
        made.post_processor = processors.TemplateProcessing(
            single=" ".join([around[0], "$A", *around[1:]]),
            special_tokens=[(name, made.token_to_id(name)) for name in around],
        )
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def make_model(shape, folder):
    import torch
    import transformers

    tokenizer = make_tokenizer(shape)
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 24, "intermediate_size": 40}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 3, "max_position_embeddings": 70}
    if shape == "bert":
        config = transformers.BertConfig(**sizes, **layers)
    elif shape == "roberta":
        config = transformers.RobertaConfig(**sizes, **layers)
    elif shape == "llama":
        config = transformers.LlamaConfig(**sizes, **layers)
    else:
        config = transformers.GPT2Config(
            vocab_size=len(tokenizer), n_embd=24, n_layer=2, n_head=3, n_positions=70
        )
    config.initializer_range = 0.3  # so that context matters
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=SHAPES)
def shaped(request, tmp_path_factory):
    return request.param, make_model(request.param, tmp_path_factory.mktemp(request.param))


def slow(model, tokenizer, sentence, layer):
    """The vectors of the words of one sentence, by way of single characters."""
    import torch

    words = sentence.split()
    text = " ".join(words)
    encoded = tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    encoded.pop("token_type_ids", None)
    with torch.no_grad():
        states = model(**encoded, output_hidden_states=True).hidden_states[layer][0].numpy()
    vectors, at = [], 0
    for word in words:
        end = at + len(word)
        rows = [i for i, (a, b) in enumerate(offsets) if b > a and at < b <= end]
        if rows:
            vectors.append(states[rows].mean(0))
        at = end + 1
    return vectors


@pytest.mark.parametrize("layer", [-1, 1, 0])
def test_batches_equal_one_sentence_at_a_time(shaped, layer):
    import transformers

    _, folder = shaped
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokens = token_vectors(folder, SENTENCES, layer=layer, progress=False)
    assert tokens.words == [word for sentence in SENTENCES for word in sentence.split()]
    assert tokens.vectors.shape == (len(tokens), 24) and tokens.vectors.dtype == np.float32
    for row, sentence in enumerate(SENTENCES):
        here = tokens.sentence == row
        assert tokens.position[here].tolist() == list(range(len(sentence.split())))
        if here.any():
            expected = np.array(slow(model, tokenizer, sentence, layer))
            np.testing.assert_allclose(tokens.vectors[here], expected, atol=1e-5)


def test_order_and_padding_side_change_nothing(shaped, tmp_path):
    _, folder = shaped
    whole = token_vectors(folder, SENTENCES, progress=False)
    back = token_vectors(folder, SENTENCES[::-1], progress=False)
    for row in range(len(SENTENCES)):
        mirrored = back.vectors[back.sentence == len(SENTENCES) - 1 - row]
        np.testing.assert_allclose(mirrored, whole.vectors[whole.sentence == row], atol=1e-5)
    other = shutil.copytree(folder, tmp_path / "left") / "tokenizer_config.json"
    other.write_text(json.dumps(json.loads(other.read_text()) | {"padding_side": "left"}))
    assert pretrained.load(other.parent)[1].padding_side == "left"
    left = token_vectors(other.parent, SENTENCES, progress=False)
    assert left.vectors.tobytes() == whole.vectors.tobytes()


def test_context_matters_where_it_should(shaped):
    shape, folder = shaped
    tokens = token_vectors(folder, ["tea of the high", "tea of the wide"], progress=False)
    a, b = tokens.vectors.reshape(2, 4, -1)
    difference = np.abs(a - b).max(axis=1)
    assert difference[3] > 1e-3
    is_causal = shape in ("gpt2", "llama")
    assert (difference[:3].max() < 1e-6) == is_causal


def test_random_model_is_another_with_the_same_words(shaped):
    _, folder = shaped
    null = pretrained.random_model(folder, seed=1)
    assert null == pretrained.random_model(folder, seed=1)
    assert null != pretrained.random_model(folder, seed=2)
    own, other = (token_vectors(f, SENTENCES, progress=False) for f in (folder, null))
    assert own.words == other.words
    assert np.abs(own.vectors - other.vectors).max() > 0.1


def test_long_sentences_are_cut_between_words_and_said_so(shaped):
    _, folder = shaped
    text = "money " * 80
    with pytest.warns(UserWarning, match=r"of 80 words have no vector: cut off"):
        tokens = token_vectors(folder, [text], progress=False)
    assert 0 < len(tokens) < 80 and set(tokens.words) == {"money"}
    tokenizer = pretrained.load(folder)[1]
    words = ["tea", "uncommonlyncommonlyncommonly"]
    (short,) = contextual.cut_sentences(tokenizer, [words], 4)
    assert short.position.tolist() == [0]  # some pieces of the second word were read, but not all


def test_unknown_words_are_marked():
    tokens = {}
    tokenizer = make_tokenizer("bert")
    for cut in contextual.cut_sentences(tokenizer, [["the", "☃", "bank"], []], None):
        tokens[len(cut.position)] = cut
    assert tokens[3].known.tolist() == [True, False, True]
    assert tokens[0].inside.size == tokens[0].starts.size == 0


def test_kept_vectors_follow_model_text_and_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    folder = make_model("bert", tmp_path / "model")
    first = token_vectors(folder, SENTENCES, keep=True, progress=False)
    monkeypatch.setattr(pretrained, "load", None)  # the second time no model is needed
    again = token_vectors(folder, SENTENCES, keep=True, progress=False)
    assert isinstance(again.vectors, np.memmap) and again.words == first.words
    assert again.settings == first.settings and again.settings["model"] == str(folder)
    with pytest.raises(TypeError):
        token_vectors(folder, SENTENCES, layer=1, keep=True, progress=False)
    with pytest.raises(TypeError):
        token_vectors(folder, SENTENCES[:3], keep=True, progress=False)
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    with pytest.raises(TypeError):
        token_vectors(folder, SENTENCES, keep=True, progress=False)
    whole = "?" * 16  # without the .partial of those that failed
    assert len(list((store.home() / "contextual").glob(f"{whole}/manifest.json"))) == 1
    opened = ContextualVectors.open(first.save(tmp_path / "saved"))
    assert opened.known.tolist() == first.known.tolist() and len(opened) == len(first)


def test_offline_error_says_what_to_do():
    program = (
        "from lmnotes.papers.universal_geometry.contextual import token_vectors\n"
        "try:\n    token_vectors('someone/no-such-model', ['tea'])\n"
        "except FileNotFoundError as error:\n    print(error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        check=True,
    )
    for part in (
        "'someone/no-such-model'",
        "not in the cache",
        "HF_HUB_OFFLINE",
        "run once with the network on",
    ):
        assert part in ran.stdout


def test_wrong_input_has_clear_errors(tmp_path):
    folder = make_model("bert", tmp_path / "model")
    for arguments, message in (
        ({"sentences": "tea"}, "put a single sentence into a list"),
        ({"sentences": ["", " "]}, "at least one word"),
        ({"layer": 3}, "layer = 3 was given; expected -3 to 2"),
    ):
        with pytest.raises(ValueError, match=message):
            token_vectors(folder, **({"sentences": ["tea"], "progress": False} | arguments))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match="the weights lack 16 of the model's tensors"):
        token_vectors(folder, ["tea"], progress=False)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pickled weights .* can run code"):
        token_vectors(folder, ["tea"], progress=False)


def test_sentences_of_a_corpus():
    text = corpus.from_texts(["One two three. Four five! Six", "Seven eight nine ten."])
    assert contextual.sentences_of(text, min_words=2) == [
        "one two three",
        "four five",
        "seven eight nine ten",
    ]
    assert contextual.sentences_of(text, min_words=1, max_words=2, limit=1) == ["four five"]


def test_text_without_sentences_is_read_in_pieces():
    text = corpus.from_texts(["It is short. " + " ".join(["so"] * 250), "Not this one here."])
    tokens = contextual.sentences_of(text, min_words=3, max_words=12)
    assert tokens[0] == "it is short" and tokens[-1] == "not this one here"
    assert [len(sentence.split()) for sentence in tokens[1:-1]] == [12] * 20 + [10]


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_files_that_are_none_are_one_sentence(tmp_path, file):
    folder = make_model("bert", tmp_path)
    whole = (folder / file).read_bytes()
    for damaged in (b"version https://git-lfs.github.com/spec/v1\n", whole[: len(whole) // 2]):
        (folder / file).write_bytes(damaged)
        with pytest.raises(InputError, match=r"cannot be loaded .* git-lfs pointers"):
            pretrained.load(folder)


def test_a_model_without_its_tokenizer_is_refused(tmp_path):
    folder = make_model("bert", tmp_path)
    for file in folder.glob("*token*"):
        file.unlink()
    with pytest.raises(InputError, match=r"no tokenizer|cannot be loaded .* or left out"):
        pretrained.load(folder)


def test_revisions_precision_and_lengths_that_cannot_be_are_refused(tmp_path):
    folder = make_model("bert", tmp_path)
    with pytest.raises(ValueError, match="with the local folder"):
        pretrained.folder_of(folder, "main")
    with pytest.raises(FileNotFoundError, match="'no/such' at revision 'abc'"):
        pretrained.folder_of("no/such", "abc")
    with pytest.raises(ValueError, match="expected one of float32, bfloat16, float16"):
        pretrained.load(folder, "int8")
    half, tokenizer = pretrained.load(folder, "bfloat16")
    with pytest.raises(ValueError, match=r"max_pieces = 71 was given; expected 3 to (70|68)"):
        pretrained.longest_input(half, tokenizer, 71)
    whole = pretrained.load(folder)[0]
    pieces = [[2, 5, 6, 3]]
    near, exact = (pretrained.hidden_states(model, pieces, -1) for model in (half, whole))
    assert 0 < np.linalg.norm(near - exact) < 0.1 * np.linalg.norm(exact)
