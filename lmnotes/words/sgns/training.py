"""One training run of skip-gram: its matrices, chunks of text for threads, epochs, resuming."""

import concurrent.futures
import math
import platform
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text.corpus import Corpus
from lmnotes.words.embedding import Embedding
from lmnotes.words.kernels import arithmetic, vectors, walk
from lmnotes.words.sgns import objective

CHUNK = 8192  # tokens that a thread takes at a time
GROUP = 8  # neighbouring centre words that share negatives
HALF_FROM = 200  # dimensions from which the textbook rule keeps context vectors in half precision
HAS_HALF = vectors.FEATURES.get("f16c", platform.machine() in ("arm64", "aarch64"))
LOSS_PAIRS = 10_000, 100_000  # behind an epoch's loss: one for four tokens, within these


class Run:
    """The state of a training run: both matrices and the loss of every finished epoch.

    Args:
        settings: a `skipgram.Settings`.
        workers: above 1, chunks are trained at the same time on the same matrices, without locks.
        begin: an Embedding with both matrices; words that it has begin with its vectors.
    """

    def __init__(self, corpus: Corpus, settings: Any, workers: int, begin: Embedding | None = None):
        n_words = int(np.searchsorted(-corpus.counts, -settings.min_count, side="right"))
        if n_words < 2:
            given = f"{n_words} words occur {settings.min_count} times"
            raise InputError(f"{given}: lower min_count or give more")
        self.settings, self.workers = settings, workers
        self.words, self.counts = corpus.words[:n_words], np.asarray(corpus.counts[:n_words])
        self.tokens, self.offsets = _common_words(corpus, n_words)
        if np.diff(self.offsets).max() < 2:
            raise InputError(f"{corpus.name}: no document has two such words: expected some pairs")
        self.noise = objective.noise_table(self.counts, settings.noise_power)
        self.keep = _keep_thresholds(self.counts, settings.subsample)
        width = -(-settings.dim // arithmetic.PADDING) * arithmetic.PADDING
        # as plain Python, so that numpy allocates them, which asks for huge pages
        self.inputs = arithmetic.aligned_rows.py_func(n_words, width)
        self.is_half = settings.rule == "pairwise" and settings.dim >= HALF_FROM and HAS_HALF
        if self.is_half:
            width = -(-width // (2 * arithmetic.PADDING)) * arithmetic.PADDING  # of two halves
        self._contexts = arithmetic.aligned_rows.py_func(n_words, width)
        start = np.random.default_rng(settings.seed).random((n_words, settings.dim), np.float32)
        self.inputs[:, : settings.dim] = (start - np.float32(0.5)) / np.float32(settings.dim)
        if begin is not None:
            self._take_over(begin)
        self.history: list[dict] = []

    @property
    def contexts(self) -> np.ndarray:
        """Context vectors, with some zeros behind (V, at least D), of float16 or float32."""
        return self._contexts.view(np.float16) if self.is_half else self._contexts

    def _take_over(self, begin) -> None:
        dim = self.settings.dim
        if begin.context is None or begin.dim != dim:
            has = "no context vectors" if begin.context is None else f"dimension {begin.dim}"
            raise InputError(f"start has {has}: expected input and context of dimension {dim}")
        mine = np.array([row for row, word in enumerate(self.words) if word in begin.ids], int)
        theirs = np.array([begin.ids[self.words[row]] for row in mine], int)
        self.inputs[mine, :dim] = begin.input[theirs]
        self.contexts[mine, :dim] = begin.context[theirs]

    def epochs(self, progress: bool) -> Iterator[int]:
        """Train the epochs that are left; yields the number of each when it is done."""
        size, done = len(self.tokens), len(self.history)
        shown = {"desc": "training", "unit": "word", "unit_scale": True, "mininterval": 1}
        shown |= {"total": self.settings.epochs * size, "initial": done * size}
        with tqdm(disable=not progress, **shown) as bar:
            for epoch in range(done, self.settings.epochs):
                started, started_cpu = time.perf_counter(), time.process_time()
                loss, n_pairs = self._train_epoch(epoch, bar)
                if not n_pairs:
                    what = f"subsample={self.settings.subsample} leaves no pair of {size:,} words"
                    raise InputError(f"{what}; expected some: raise it, or give more text")
                seconds = time.perf_counter() - started
                spent = {"seconds": seconds, "cpu_seconds": time.process_time() - started_cpu}
                row = {"epoch": epoch + 1, "loss": self._loss(epoch)}
                row |= {"running_loss": loss / n_pairs, "learning_rate": self._rate(epoch + 1, 0)}
                row |= spent
                self.history.append(row | {"words_per_second": size / seconds})
                bar.set_postfix(loss=f"{row['loss']:.4f}")
                yield epoch + 1

    def _train_epoch(self, epoch: int, bar) -> tuple[float, int]:
        """One pass over the text; returns (summed loss in nats, number of pairs)."""
        stop, results = threading.Event(), []
        starts = range(0, len(self.tokens), CHUNK)

        def work(start: int) -> tuple[float, int]:
            return (0.0, 0) if stop.is_set() else self._train_chunk(epoch, start)

        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            chunks = map(work, starts) if self.workers == 1 else pool.map(work, starts)
            try:
                for start, result in zip(starts, chunks, strict=True):
                    results.append(result)
                    self._check(epoch, result[0])
                    bar.update(min(CHUNK, len(self.tokens) - start))
            finally:
                stop.set()  # after an error or an interrupt, what is queued ends at once
        return math.fsum(loss for loss, _ in results), sum(n_pairs for _, n_pairs in results)

    def _train_chunk(self, epoch: int, start: int) -> tuple[float, int]:
        s, end = self.settings, min(start + CHUNK, len(self.tokens))
        seeds = np.array([_seed(s.seed, epoch, start // CHUNK + 1), _seed(s.seed, epoch)])
        rates = np.array([self._rate(epoch, start), self._rate(epoch, end)])
        text = (self.tokens, self.offsets, start, end, s.window, s.shrink_windows, self.keep)
        contexts = self._contexts.view(np.uint16) if self.is_half else self._contexts
        arguments, nu = (self.inputs, contexts, *text, self.noise), s.negatives
        if s.rule == "pairwise":
            return walk.train_chunk_pairs(*arguments, nu, rates, seeds)
        sizes = (nu, GROUP, n_shared(nu, s.window))
        return walk.train_chunk_groups(*arguments, sizes, rates, seeds)

    def _loss(self, epoch: int) -> float:
        """The mean loss of the vectors as they stand, on a sample of the text as thinned now."""
        s, n = self.settings, len(self.tokens)
        seed = _seed(s.seed, epoch)
        words, documents, _, _ = walk.stretch(self.tokens, self.offsets, 0, n, 0, self.keep, seed)
        matrices = (self.inputs, self.contexts.astype(np.float32, copy=False))
        sizes = (s.negatives, int(np.clip(n // 4, *LOSS_PAIRS)), np.uint64(s.seed))
        windows = (s.window, s.shrink_windows)
        losses = walk.sample_losses(*matrices, words, documents, *windows, self.noise, *sizes)
        return float(losses.mean()) if len(losses) else math.nan

    def _rate(self, epoch: int, position: int) -> float:
        s = self.settings
        done = (epoch + position / len(self.tokens)) / s.epochs
        return s.rate + (s.final_rate - s.rate) * done

    def _check(self, epoch: int, loss: float) -> None:
        if not math.isfinite(loss):
            steadier = " or take rule='pairwise'" if self.settings.rule == "shared" else ""
            what = f"training diverged in epoch {epoch + 1}: the objective is {loss}"
            then = f"expected a finite number; lower rate (now {self.settings.rate:g}){steadier}"
            raise FloatingPointError(f"{what} at learning rate {self._rate(epoch, 0):.4g}; {then}")

    def save(self, path: Path) -> None:
        """Put everything that the next epoch needs into one file, by an atomic rename."""
        history: dict[str, Any]
        history = {name: [row[name] for row in self.history] for name in self.history[0]}
        with store.replacing(path) as partial, open(partial, "wb") as file:
            np.savez(file, inputs=self.inputs, contexts=self.contexts, **history)

    def resume(self, path: Path) -> None:
        """Go on from a file of `save`; one that cannot be read is removed, with a warning."""
        try:
            with np.load(path) as file:
                saved = dict(file)
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            warnings.warn(f"{path} is damaged ({error}); training starts again", stacklevel=2)
            path.unlink()
            return
        self.inputs[:], self.contexts[:] = saved.pop("inputs"), saved.pop("contexts")
        columns = [column.tolist() for column in saved.values()]
        self.history = [dict(zip(saved, row, strict=True)) for row in zip(*columns, strict=True)]


def n_shared(negatives: int, window: int) -> int:
    """How many negatives a group of centre words shares: 0.6 nu h, a multiple of 4.

    Fewer are faster and noisier. At this number the held-out objective equals the textbook rule's
    for a shrinking window of 5 (benchmarks/README.md); for a full window of 10 it was 1.1 and 0.8 %
    above it after 10 and 20 epochs, in one trial of each.
    """
    return min(-(-3 * negatives * window // 20) * 4, 512)  # 2**512 is still a float64


def _seed(*parts: int) -> np.uint64:
    """64 well-mixed bits from some small numbers."""
    return np.random.SeedSequence(parts).generate_state(1, np.uint64)[0]


def _common_words(corpus: Corpus, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and offsets of the text without words of id n_words and above."""
    tokens, offsets = np.asarray(corpus.tokens), np.asarray(corpus.offsets, dtype=np.int64)
    if n_words == corpus.n_words:
        return tokens, offsets
    is_common = tokens < n_words
    return tokens[is_common], np.concatenate([[0], np.cumsum(is_common)])[offsets]


def _keep_thresholds(counts: np.ndarray, subsample: float | None) -> np.ndarray:
    """min(1, sqrt(t/f) + t/f) of every word as a share of 2**32 (V,) uint64; empty for None."""
    if subsample is None:
        return np.zeros(0, np.uint64)
    ratio = subsample * counts.sum() / counts
    return (np.minimum(1, np.sqrt(ratio) + ratio) * 2.0**32).astype(np.uint64)
