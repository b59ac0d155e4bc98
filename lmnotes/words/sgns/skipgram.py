"""Skip-gram with negative sampling: word vectors from a corpus."""

from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import expect_between, expect_one_of, expect_whole
from lmnotes.options import reads_old_words
from lmnotes.text.corpus import Corpus
from lmnotes.words.embedding import Embedding
from lmnotes.words.sgns.training import Run

VERSION = 2  # of the update rules; part of every artefact's id


@dataclass(frozen=True)
class Settings:
    """What defines a training run; `train` documents each value."""

    dim: int
    window: int
    negatives: int
    epochs: int
    rule: str
    shrink_windows: bool
    subsample: float | None
    min_count: int
    rate: float
    final_rate: float
    noise_power: float
    seed: int

    def __post_init__(self):
        highest = {"dim": 100_000, "window": 255, "negatives": 500, "epochs": 10**6}
        for name, high in highest.items():
            expect_whole(name, getattr(self, name), 1, high)
        expect_one_of("rule", self.rule, ("shared", "pairwise"))
        expect_whole("min_count", self.min_count)
        expect_whole("seed", self.seed)
        expect_between("rate", self.rate, low=0, above=True)
        expect_between("final_rate", self.final_rate, 0, self.rate, "rate is the highest")
        if self.subsample is not None:
            expect_between("subsample", self.subsample, 0, then="None keeps every word", above=True)


@reads_old_words
def train(
    corpus: Corpus,
    *,
    dim: int = 100,
    window: int = 10,
    negatives: int = 5,
    epochs: int = 20,
    rule: Literal["shared", "pairwise"] = "shared",
    shrink_windows: bool = False,
    subsample: float | None = None,
    min_count: int = 1,
    rate: float = 0.025,
    final_rate: float = 1e-4,
    noise_power: float = 0.75,
    seed: int = 0,
    start: Embedding | None = None,
    workers: int | None = None,
    checkpoints: bool = False,
    keep: bool = True,
    progress: bool = True,
) -> Embedding:
    """The input and context vectors of every word of a corpus, by skip-gram with negative sampling.

    The defaults are the setting of Oyama et al. 2023, Table 5 (full fixed window, no sub-sampling,
    every word kept) but for `dim` and `epochs`, which the paper has at 300 and 100. The usual
    setting of word2vec is `window=5, shrink_windows=True, subsample=1e-3, min_count=5`.

    Args:
        dim: D, of the vectors.
        window: h, reach on either side.
        negatives: nu, per pair of centre and context.
        rule: "pairwise" draws negatives afresh for every pair, as the textbook has it; "shared"
            draws some for each group of neighbouring centre words, weighted to the same expected
            gradient, which is several times faster.
        shrink_windows: draw the reach of each centre from 1..window.
        subsample: keep a word of relative frequency f with probability sqrt(t/f) + t/f.
        min_count: rarer words are dropped from the text before windows are laid.
        rate, final_rate: learning rate, falling linearly over all epochs.
        noise_power: negatives are drawn in proportion to counts to this power.
        start: begin with the vectors of an earlier run of the same `dim`, for the words that it
            has, as from one year's text to the next; other words begin at random as always. The
            learning rate falls from `rate` again.
        workers: threads; None for `parallel.n_threads`: 1 in a notebook, else all cores. One gives
            bit-identical vectors for the same seed; more update the same matrices without locks,
            and runs differ slightly.
        checkpoints: keep the vectors after every epoch, for `checkpoint`. They are taken on the way
            down the learning-rate schedule: not the same as a run of so many epochs.
        keep: store the result as an artefact; a killed run goes on from its last whole epoch.

    Returns:
        an Embedding, whose history holds for every epoch `loss`, the objective of the vectors as
        they stand after it, on a pair for every four tokens of the training text (10,000 at least,
        100,000 at most), and `running_loss`, the mean over all steps as they were taken, both in
        nats per positive pair with its negatives and summed in float64. The running loss is lower:
        every step has just been prepared by its neighbours' steps.

    Raises:
        InputError: for settings out of range, a corpus with fewer than two words left, or a start
            of another dimension or without context vectors.
        FloatingPointError: when the objective is no longer finite.

    >>> from lmnotes.text import corpus
    >>> text = corpus.from_texts(["a b a b c c " * 50])
    >>> vectors = train(text, dim=8, window=2, epochs=3, keep=False, progress=False)
    >>> vectors.input.shape, vectors.context.shape, len(vectors.history)
    ((3, 8), (3, 8), 3)
    """
    sizes = (dim, window, negatives, epochs, rule, shrink_windows, subsample, min_count)
    settings = Settings(*sizes, rate, final_rate, noise_power, seed)
    workers = parallel.n_threads() if workers is None else workers
    expect_whole("workers", workers, 1)
    if not keep:
        run = Run(corpus, settings, workers, start)
        list(run.epochs(progress))
        return _embedding(run)
    key = asdict(settings) | {"version": VERSION, "corpus": corpus.content_id}
    key |= {"one_thread": workers == 1, "checkpoints": checkpoints}
    if start is not None:
        key["start"] = _content(start)

    def write(folder: Path) -> None:
        run, state = Run(corpus, settings, workers, start), folder / "resume.npz"
        if state.exists():
            run.resume(state)
        for epoch in run.epochs(progress):
            if checkpoints:
                vectors, context = _matrices(run)
                np.savez(folder / _checkpoint_name(epoch), input=vectors, context=context)
            run.save(state)
        _embedding(run).save(folder)
        state.unlink()

    folder = store.build("embedding", key, write)
    vectors = Embedding.open(folder)
    return replace(vectors, settings=vectors.settings | {"folder": str(folder)})


def _matrices(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Copies of both, float32, without the padding of their rows."""
    dim = run.settings.dim
    return np.array(run.inputs[:, :dim], np.float32), np.array(run.contexts[:, :dim], np.float32)


def _embedding(run: Run) -> Embedding:
    history, settings = pd.DataFrame(run.history), asdict(run.settings) | {"workers": run.workers}
    return Embedding(list(run.words), *_matrices(run), run.counts, history, settings)


def _content(embedding: Embedding) -> str:
    content = sha256("\n".join(embedding.words).encode())
    for matrix in (embedding.input, embedding.context):
        content.update(b"none" if matrix is None else np.ascontiguousarray(matrix).data)
    return content.hexdigest()[:16]


def _checkpoint_name(epoch: int) -> str:
    return f"epoch_{epoch:04d}.npz"


def checkpoint(embedding: Embedding, epoch: int) -> Embedding:
    """The embedding as it stood after an epoch, of a run trained with `checkpoints=True`."""
    folder = embedding.settings.get("folder", "")
    path = Path(folder) / _checkpoint_name(epoch)
    if not path.is_file():
        what = f"no vectors after epoch {epoch} in {folder or 'memory'}"
        raise FileNotFoundError(f"{what}: expected a kept run; train with checkpoints=True")
    with np.load(path) as saved:
        settings = embedding.settings | {"epoch": epoch}
        return replace(embedding, **saved, history=None, settings=settings)
