"""A small causal language model of whole words, trained here in a minute or two, so that vectors in
context can be shown without a download.

It is the architecture of phi-1.5 (Li et al. 2023) at a thousandth of its size: every frequent word
is one piece, and it reads stretches of documents, lower-cased and without punctuation. Its
folder is read like that of any other model, by `contextual.token_vectors`.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array

from lmnotes import store
from lmnotes.errors import InputError, expect_between
from lmnotes.text.corpus import Corpus
from lmnotes.words import pretrained

VERSION = 2  # part of the key of a stored model: raise it when training would differ
SPECIAL = ("[UNK]", "[BOS]")
_UNKNOWN, _BEGIN = 0, 1
_DISCOUNT = 0.75  # of the bigrams' counts, Kneser and Ney's usual value
_N_HELD_OUT = 400  # stretches


@dataclass(frozen=True)
class TinyLM:
    """A trained model: its folder, and how well it guesses the next word of unseen documents.

    All losses are nats per word, over the same places: words of the vocabulary that have a word
    before them in their stretch.

    Args:
        folder: by `save_pretrained`, for `contextual.token_vectors`.
        history: step, loss (training, mean since the row before) and held_out_loss.
        unigram_loss: of the words' frequencies.
        bigram_loss: of an interpolated Kneser-Ney model of word pairs, counted on the same text.
        settings: what it was trained with.
    """

    folder: Path
    history: pd.DataFrame
    unigram_loss: float
    bigram_loss: float
    settings: dict

    @property
    def loss(self) -> float:
        """The held-out loss in the end."""
        return float(self.history["held_out_loss"].iloc[-1])


@dataclass(frozen=True)
class Settings:
    """What defines a training run.

    Args:
        dim, layers, heads: of the transformer; its inner width is `4 * dim`, and input and output
            embeddings are the same.
        n_words: size of the vocabulary; other words are the unknown one, and never to be guessed.
        length: words that are read together. batch: stretches of this length per step.
        rate: the largest learning rate of AdamW, after a rise over a twentieth of the steps and
            before a fall to 0.
        seed: of weights and stretches. A twentieth of the documents is held out.

    Raises InputError for a value out of range.
    """

    dim: int = 96
    layers: int = 2
    heads: int = 4
    n_words: int = 4000
    length: int = 64
    batch: int = 8
    steps: int = 1200
    rate: float = 4e-3
    seed: int = 0

    def __post_init__(self):
        at_least = dict.fromkeys(("heads", "layers", "batch", "steps"), 1)
        for name, low in (at_least | {"dim": 1, "n_words": 2, "length": 2, "rate": 1e-12}).items():
            expect_between(name, getattr(self, name), low)
        if self.dim % (2 * self.heads):
            expected = f"a multiple of twice the heads, {2 * self.heads}; change either"
            raise InputError(f"dim = {self.dim} was given; expected {expected}")


def train(corpus: Corpus, *, progress: bool = True, **settings) -> TinyLM:
    """A causal language model of the most frequent words of a corpus, kept as an artefact.

    settings: those of `Settings`, by name.

    Raises:
        InputError: for settings out of range, or a corpus that is too short for one stretch on
            either side.
        FloatingPointError: the loss is no longer finite.
    """
    settings = Settings(**settings)
    key = asdict(settings) | {"version": VERSION, "corpus": corpus.content_id}
    folder = store.build("tiny_lm", key, lambda folder: _train(corpus, settings, folder, progress))
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    history = pd.DataFrame(record.pop("history"))
    return TinyLM(folder, history, **record, settings=asdict(settings))


def _train(corpus: Corpus, s: Settings, folder: Path, progress: bool) -> None:
    """Train and write the model, its tokenizer and training.json."""
    import torch

    order = np.random.default_rng(s.seed).permutation(corpus.n_documents)
    n_held_out = max(1, corpus.n_documents // 20)
    text = _Text(corpus, order[n_held_out:], s)
    unseen = _Text(corpus, order[:n_held_out], s)
    held_out = unseen.stretches(unseen.apart[:_N_HELD_OUT])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(s.seed)
        model = _model(s, text)
        record = {"history": _fit(model, text, held_out, s, progress)}
    record |= _baselines(text, held_out)
    with pretrained.quiet():
        model.save_pretrained(folder)
        _tokenizer(corpus.words[: s.n_words], s.length).save_pretrained(folder)
    (folder / "training.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _model(s: Settings, text: "_Text"):
    """An untrained model that guesses every word by its frequency."""
    import torch
    import transformers

    config = transformers.PhiConfig(
        vocab_size=text.n_pieces,
        hidden_size=s.dim,
        intermediate_size=4 * s.dim,
        num_hidden_layers=s.layers,
        num_attention_heads=s.heads,
        hidden_act="gelu_pytorch_tanh",  # phi's own, in one step
        max_position_embeddings=s.length,
        tie_word_embeddings=True,
        bos_token_id=_BEGIN,
        eos_token_id=_BEGIN,
        pad_token_id=None,
    )
    model = transformers.PhiForCausalLM(config)
    with torch.no_grad():
        model.lm_head.bias.copy_(torch.from_numpy(np.log(text.unigram())))
    return model


def _tokenizer(words: list[str], length: int):
    """Whole words, lower-cased, after a sign of the beginning."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = {piece: number for number, piece in enumerate((*SPECIAL, *words))}
    made = Tokenizer(models.WordLevel(pieces, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[BOS] $A", special_tokens=[("[BOS]", _BEGIN)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=length, unk_token="[UNK]", bos_token="[BOS]"
    )


class _Text:
    """Documents of a corpus as pieces, in stretches of equal length.

    Args:
        documents: which of the corpus's.
    """

    def __init__(self, corpus: Corpus, documents: np.ndarray, settings: Settings):
        length, self.corpus, self.documents = settings.length, corpus, documents
        self.length = length
        self.n_pieces = len(SPECIAL) + min(settings.n_words, corpus.n_words)
        self.pieces = np.asarray(corpus.tokens, np.int64) + len(SPECIAL)
        self.pieces[self.pieces >= self.n_pieces] = _UNKNOWN
        spans = [
            np.arange(corpus.offsets[d], corpus.offsets[d + 1] - length + 1) for d in documents
        ]
        self.starts = np.concatenate([*spans, np.zeros(0, np.int64)])
        self.apart = np.concatenate([*(span[::length] for span in spans), self.starts[:0]])
        if not len(self.starts):
            given = f"none of {len(documents)} documents of {corpus.name} has {length} words"
            then = "give more text or lower length"
            raise InputError(f"{given}: expected one on either side of the split; {then}")

    def stretches(self, starts: np.ndarray) -> np.ndarray:
        """The stretches (B, length) that begin at some places of the corpus."""
        return self.pieces[starts[:, None] + np.arange(self.length)]

    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Every piece of the documents with the one before it, twice (n,)."""
        offsets = self.corpus.offsets
        documents = [self.pieces[offsets[d] : offsets[d + 1]] for d in self.documents]
        return (
            np.concatenate([document[:-1] for document in documents]),
            np.concatenate([document[1:] for document in documents]),
        )

    def unigram(self) -> np.ndarray:
        """The share of every piece (n_pieces,) among known words; next to none of special ones."""
        counts = np.bincount(self.neighbours()[1], minlength=self.n_pieces) + 1.0
        counts[: len(SPECIAL)] = 1e-6
        return counts / counts.sum()


def _fit(model, text: _Text, held_out: np.ndarray, s: Settings, progress: bool) -> list[dict]:
    """Train a model in place; returns its history."""
    import torch
    from tqdm.auto import tqdm

    rng = np.random.default_rng(s.seed)
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, s.rate, betas=(0.9, 0.98), fused=True)
    rise = max(1, s.steps // 20)
    unlike = torch.nn.CrossEntropyLoss(reduction="none")
    history, losses, every, n_unseen = [], [], max(1, s.steps // 4), len(held_out)
    for step in tqdm(range(1, s.steps + 1), "training", unit="step", disable=not progress):
        share = min(step / rise, (s.steps + 1 - step) / (s.steps + 1 - rise))
        for group in optimiser.param_groups:
            group["lr"] = s.rate * share
        optimiser.zero_grad()
        losses.append(_backward(model, text.stretches(rng.choice(text.starts, s.batch))))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if not math.isfinite(losses[-1]):
            given = f"training diverged at step {step}: the loss is {losses[-1]} at rate={s.rate:g}"
            raise FloatingPointError(f"{given}; expected a finite number; lower rate")
        if step % every == 0 or step == s.steps:
            with torch.inference_mode():
                parts = (_states(model, held_out[i : i + 64], 1) for i in range(0, n_unseen, 64))
                parts = [unlike(model.lm_head(states), words) for states, words in parts]
            row = {"step": step, "loss": float(np.mean(losses))}
            history.append(row | {"held_out_loss": float(torch.cat(parts).double().mean())})
            losses = []
    return history


def _states(model, stretches: np.ndarray, first: int = 0) -> tuple:
    """The states (n, D) before the known words from place `first` of stretches (B, length), and
    these words (n,)."""
    import torch

    read = np.pad(stretches[:, :-1], ((0, 0), (1, 0)), constant_values=_BEGIN)
    states = model.model(input_ids=torch.from_numpy(read), use_cache=False).last_hidden_state
    words = torch.from_numpy(stretches[:, first:])
    return states[:, first:][words != _UNKNOWN], words[words != _UNKNOWN]


def _backward(model, stretches: np.ndarray) -> float:
    """The mean loss of stretches, and its gradients: those of the output layer in closed form."""
    import torch

    states, words = _states(model, stretches)
    head, own, n = model.lm_head, torch.arange(len(words)), len(words)
    with torch.no_grad():
        p = torch.addmm(head.bias, states, head.weight.T).softmax(dim=-1)  # (n, n_pieces)
        loss = float(-p[own, words].log().mean())
        p[own, words] -= 1  # d loss / d logits is p less the word itself, over n
        head.weight.grad, head.bias.grad = p.T @ states / n, p.sum(dim=0) / n
        slope = p @ head.weight / n
    states.backward(slope)  # adds to the weights, which are those of the input too
    return loss


def _baselines(text: _Text, held_out: np.ndarray) -> dict[str, float]:
    """The unigram and the bigram loss at the places where the held-out loss is taken."""
    size = text.n_pieces
    before, word = text.neighbours()
    known = word != _UNKNOWN
    before, word = before[known], word[known]
    counts = coo_array((np.ones(len(word)), (before, word)), shape=(size, size)).tocsr()
    seen, kinds, contexts = counts.sum(axis=1), counts.count_nonzero(axis=1), counts > 0
    lower = contexts.sum(axis=0) + 0.1  # how many words it follows
    lower[: len(SPECIAL)] = 0
    lower /= lower.sum()
    b, w = held_out[:, :-1].ravel(), held_out[:, 1:].ravel()
    b, w = b[w != _UNKNOWN], w[w != _UNKNOWN]
    pair = np.asarray(counts[b, w]).ravel()
    rest = lower[w]
    shared = np.maximum(pair - _DISCOUNT, 0) + _DISCOUNT * kinds[b] * rest
    bigram = np.where(seen[b] > 0, shared / np.maximum(seen[b], 1), rest)
    return {
        "unigram_loss": float(-np.log(text.unigram()[w]).mean()),
        "bigram_loss": float(-np.log(bigram).mean()),
    }
