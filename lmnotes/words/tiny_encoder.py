"""A small masked language model of whole words, trained here in a minute or two, so that vectors in
context can be shown without a download.

It is BERT's architecture and objective (Devlin et al. 2019) at a hundredth of its size: every word
of the vocabulary is one piece, and it reads stretches of documents, lower-cased and without
punctuation. Its folder is read like that of any other model, by `contextual.token_vectors`.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmnotes import artefacts
from lmnotes.text.corpus import Corpus

if TYPE_CHECKING:
    import pandas
    import torch

VERSION = 1  # part of the key of a stored model: raise it when training would differ
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_UNKNOWN, _CLS, _SEP, _MASK = 1, 2, 3, 4
_IGNORED = -100  # the target of a place where nothing is to be guessed


@dataclass(frozen=True)
class TinyEncoder:
    """A trained model: its folder, and how well it guesses hidden words.

    Args:
        folder: by `save_pretrained`, for `contextual.token_vectors`.
        history: a table with columns step, loss (training, mean since the row before),
            held_out_loss and seconds. Nats per hidden word.
        unigram_loss: of the words' frequencies, at the same held-out places.
        settings: what it was trained with.
    """

    folder: Path
    history: "pandas.DataFrame"
    unigram_loss: float
    settings: dict

    @property
    def loss(self) -> float:
        """The held-out loss in the end, nats per hidden word."""
        return float(self.history["held_out_loss"].iloc[-1])


@dataclass(frozen=True)
class Settings:
    """What defines a training run; `train` documents each value."""

    dim: int
    layers: int
    heads: int
    n_words: int
    length: int
    batch: int
    steps: int
    rate: float
    hidden_share: float
    seed: int


def train(
    corpus: Corpus,
    *,
    dim: int = 128,
    layers: int = 2,
    heads: int = 4,
    n_words: int = 8000,
    length: int = 64,
    batch: int = 8,
    steps: int = 2000,
    rate: float = 1e-3,
    hidden_share: float = 0.4,
    seed: int = 0,
    progress: bool = True,
) -> TinyEncoder:
    """A masked language model of the most frequent words of a corpus, kept as an artefact.

    Args:
        dim, layers, heads: of the transformer; its inner width is `4 * dim`.
        n_words: size of the vocabulary; other words are the unknown one, and never to be guessed.
        length: words that are read together. batch: stretches of this length per step.
        rate: the largest learning rate, after a rise over a tenth of the steps and before a fall
            to 0.
        hidden_share: of the words that are to be guessed; of these 80 % are masked, 10 % replaced
            by others and 10 % left, as in BERT.
        seed: of weights, stretches and hidden places. A twentieth of the documents is held out.

    Raises:
        ValueError: for settings out of range, or a corpus that is too short for one stretch on
            either side.
        FloatingPointError: the loss is no longer finite.
    """
    import pandas

    settings = Settings(dim, layers, heads, n_words, length, batch, steps, rate, hidden_share, seed)
    _check(settings)
    key = asdict(settings) | {"version": VERSION, "corpus": corpus.content_id}
    folder = artefacts.build(
        "tiny_encoder", key, lambda folder: _train(corpus, settings, folder, progress)
    )
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return TinyEncoder(
        folder, pandas.DataFrame(record["history"]), record["unigram_loss"], asdict(settings)
    )


def _check(s: Settings) -> None:
    at_least_1 = ("heads", "layers", "batch", "steps")
    for name, holds, expected in (
        *((name, getattr(s, name) >= 1, "at least 1") for name in at_least_1),
        ("dim", s.heads >= 1 and s.dim >= 1 and s.dim % s.heads == 0, "a multiple of heads"),
        ("n_words", s.n_words >= 2, "at least 2"),
        ("length", s.length >= 2, "at least 2"),
        ("rate", s.rate > 0, "above 0"),
        ("hidden_share", 0 < s.hidden_share < 1, "between 0 and 1"),
    ):
        if not holds:
            raise ValueError(f"{name}={getattr(s, name)!r}: expected {expected}; change {name}")


def _train(corpus: Corpus, settings: Settings, folder: Path, progress: bool) -> None:
    """Train and write the model, its tokenizer and training.json."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = _model(settings, n_pieces=len(SPECIAL) + min(settings.n_words, corpus.n_words))
        record = _fit(model, corpus, settings, progress)
    model.save_pretrained(folder)
    _tokenizer(corpus.words[: settings.n_words], settings.length).save_pretrained(folder)
    (folder / "training.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _model(s: Settings, n_pieces: int):
    import transformers

    config = transformers.BertConfig(
        vocab_size=n_pieces, hidden_size=s.dim, num_hidden_layers=s.layers,
        num_attention_heads=s.heads, intermediate_size=4 * s.dim,
        max_position_embeddings=s.length + 2, type_vocab_size=1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, pad_token_id=0,
    )  # fmt: skip
    return transformers.BertForMaskedLM(config)


def _tokenizer(words: list[str], length: int):
    """Whole words, white space and punctuation apart, lower-cased."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = {piece: number for number, piece in enumerate((*SPECIAL, *words))}
    made = Tokenizer(models.WordLevel(pieces, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, pieces[name]) for name in SPECIAL[2:4]]
    )
    names = {f"{name.strip('[]').lower()}_token": name for name in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=length + 2, **names)


class _Text:
    """Stretches of a corpus's documents as pieces, some words hidden.

    Args:
        documents: which of them to draw from.
    """

    def __init__(self, corpus: Corpus, documents: np.ndarray, settings: Settings):
        self.settings = settings
        self.pieces = np.asarray(corpus.tokens, np.int64) + len(SPECIAL)
        self.n_pieces = len(SPECIAL) + min(settings.n_words, corpus.n_words)
        self.pieces[self.pieces >= self.n_pieces] = _UNKNOWN
        ends = corpus.offsets[documents + 1] - settings.length
        spans = [
            np.arange(start, end + 1)
            for start, end in zip(corpus.offsets[documents], ends, strict=True)
        ]
        self.starts = np.concatenate([*spans, np.zeros(0, np.int64)])
        self.apart = np.concatenate([*(s[:: settings.length] for s in spans), self.starts[:0]])
        if not len(self.starts):
            raise ValueError(
                f"none of {len(documents)} documents of {corpus.name} has {settings.length} words: "
                "expected one on either side of the split; give more text or lower length"
            )

    def hidden(
        self, starts: np.ndarray, rng: np.random.Generator
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """What the model reads and what it is to guess, both (B, length + 2); -100 where nothing
        is to be guessed."""
        import torch

        s, n_special = self.settings, len(SPECIAL)
        pieces = self.pieces[starts[:, None] + np.arange(s.length)]
        draw = rng.random(pieces.shape)
        is_hidden = (draw < s.hidden_share) & (pieces != _UNKNOWN)
        targets = np.where(is_hidden, pieces, _IGNORED)
        others = rng.integers(n_special, self.n_pieces, pieces.shape)
        read = np.where(draw < 0.9 * s.hidden_share, others, pieces)
        read = np.where(draw < 0.8 * s.hidden_share, _MASK, read)
        read = np.where(is_hidden, read, pieces)
        ends = ((0, 0), (1, 1))
        read = np.pad(read, ends, constant_values=((0, 0), (_CLS, _SEP)))
        return torch.from_numpy(read), torch.from_numpy(
            np.pad(targets, ends, constant_values=_IGNORED)
        )


def _fit(model, corpus: Corpus, settings: Settings, progress: bool) -> dict:
    """Train a model in place; returns its history and the unigram loss."""
    import torch
    from tqdm.auto import tqdm

    s, rng = settings, np.random.default_rng(settings.seed)
    order = rng.permutation(corpus.n_documents)
    n_held_out = max(1, corpus.n_documents // 20)
    text = _Text(corpus, order[n_held_out:], s)
    unseen = _Text(corpus, order[:n_held_out], s)
    held_out = unseen.hidden(unseen.apart[:400], rng)
    optimiser = torch.optim.AdamW(model.parameters(), s.rate, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, s.rate, total_steps=s.steps + 1, pct_start=0.1, cycle_momentum=False
    )
    history, losses, started = [], [], time.perf_counter()
    every = max(1, s.steps // 10)
    for step in tqdm(range(1, s.steps + 1), "training", unit="step", disable=not progress):
        loss = _loss(model, *text.hidden(rng.choice(text.starts, s.batch), rng))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise FloatingPointError(
                f"training diverged at step {step}: the loss is {losses[-1]} at rate={s.rate:g}; "
                "expected a finite number; lower rate"
            )
        if step % every == 0 or step == s.steps:
            row = {"step": step, "loss": float(np.mean(losses))}
            row["held_out_loss"] = _mean_loss(model, *held_out)
            history.append(row | {"seconds": time.perf_counter() - started})
            losses = []
    counts = np.bincount(text.pieces[text.starts], minlength=text.n_pieces)[len(SPECIAL) :] + 1
    targets = held_out[1][held_out[1] != _IGNORED].numpy() - len(SPECIAL)
    unigram_loss = -np.log(counts / counts.sum())[targets].mean()
    return {"history": history, "unigram_loss": float(unigram_loss)}


def _loss(model, read: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """The mean loss of the hidden words, nats; the output layer runs at their places only."""
    import torch

    places = targets != _IGNORED
    states = model.bert(read).last_hidden_state[places]
    return torch.nn.functional.cross_entropy(model.cls(states), targets[places])


def _mean_loss(model, read: "torch.Tensor", targets: "torch.Tensor", batch: int = 64) -> float:
    """The same of many stretches, without gradients."""
    import torch

    total = n_hidden = 0
    with torch.inference_mode():
        for start in range(0, len(read), batch):
            part = targets[start : start + batch]
            n_here = int((part != _IGNORED).sum())
            total += n_here * float(_loss(model, read[start : start + batch], part))
            n_hidden += n_here
    return total / n_hidden
